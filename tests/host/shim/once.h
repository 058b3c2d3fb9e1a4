/* once.h - included before everything else under ThreadSanitizer, which takes volatile accesses for
 * plain ones. The order asked for here is what x86 gives any load and store. */
#ifndef SHIM_ONCE_H
#define SHIM_ONCE_H

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

#endif
