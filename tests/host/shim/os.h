/* os.h - what the machine double asks of the host. os.c alone includes the host's headers, whose
 * types have names that the kernel's have too. */
#ifndef SHIM_OS_H
#define SHIM_OS_H

#include <lib/types.h>

void *os_reserve(size_t bytes);			/* address space without access */
void os_commit(void *addr, size_t bytes);	/* zeroed memory there */
void os_zero(void *addr, size_t bytes);		/* all of it zeros again */
void *os_alloc(size_t bytes);			/* zeroed, from the host's heap */
void os_free(void *mem);

void os_print(const char *s);			/* to stderr */
void os_abort(void) __noreturn;
const char *os_getenv(const char *name);
u64 os_time_ns(void);

/* Run fn(arg) in a copy of this process whose stderr goes to @output. True if fn returned
 * there within 20 seconds. */
bool os_run_child(void (*fn)(void *), void *arg, char *output, size_t size);

struct os_thread;
struct os_thread *os_thread_start(void (*fn)(void *), void *arg);
void os_thread_join(struct os_thread *thread);
void os_yield(void);
void os_sleep_ns(u64 ns);

/* One lock for all that sleeps and wakes. */
void os_lock(void);
void os_unlock(void);
void os_wait(void);		/* with the lock: until anybody calls os_wake_all() */
void os_wake_all(void);		/* with the lock */

#endif
