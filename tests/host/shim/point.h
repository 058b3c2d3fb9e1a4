/* point.h - included before everything else of kernel/mm: before and after each single load or
 * changed bit of what others change, a test may stop this processor and let another one go on
 * (tests/host/mm/interleave.h). Nothing else is seen of the others. Before and after a flush it may
 * as well (mmu.c), which changes what others see. */
#ifndef SHIM_POINT_H
#define SHIM_POINT_H

extern void (*shim_on_point)(void);	/* NULL unless a test sets it */

#define SHIM_POINT()	(__builtin_expect(!!shim_on_point, 0) ? shim_on_point() : (void)0)

#define READ_ONCE(x) ({							\
	SHIM_POINT();							\
	__typeof__(x) once_ = *(const volatile __typeof__(x) *)&(x);	\
	SHIM_POINT();							\
	once_; })
/* atomic_read() and its kin. */
#define __atomic_load_n(p, order) ({					\
	SHIM_POINT();							\
	__typeof__(*(p)) load_ = __atomic_load_n(p, order);		\
	SHIM_POINT();							\
	load_; })
/* Flags of pages, and entries. */
#define __atomic_fetch_and(p, v, order) ({				\
	SHIM_POINT();							\
	__typeof__(*(p)) and_ = __atomic_fetch_and(p, v, order);	\
	SHIM_POINT();							\
	and_; })
#define __atomic_fetch_or(p, v, order) ({				\
	SHIM_POINT();							\
	__typeof__(*(p)) or_ = __atomic_fetch_or(p, v, order);		\
	SHIM_POINT();							\
	or_; })

#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#endif
