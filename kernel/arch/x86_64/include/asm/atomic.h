/* atomic.h - counters that many processors change; every read-modify-write is a full barrier. */
#ifndef ASM_ATOMIC_H
#define ASM_ATOMIC_H

#include <lib/types.h>

typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;

#define ATOMIC_INIT(n)	{ (n) }

#define atomic_read(v)		__atomic_load_n(&(v)->counter, __ATOMIC_RELAXED)
#define atomic_read_acquire(v)	__atomic_load_n(&(v)->counter, __ATOMIC_ACQUIRE)
#define atomic_set(v, n)	__atomic_store_n(&(v)->counter, (n), __ATOMIC_RELAXED)
#define atomic_set_release(v, n) __atomic_store_n(&(v)->counter, (n), __ATOMIC_RELEASE)
#define atomic_add(v, n)	((void)__atomic_fetch_add(&(v)->counter, (n), __ATOMIC_SEQ_CST))
#define atomic_sub(v, n)	((void)__atomic_fetch_sub(&(v)->counter, (n), __ATOMIC_SEQ_CST))
#define atomic_inc(v)		atomic_add(v, 1)
#define atomic_dec(v)		atomic_sub(v, 1)
#define atomic_add_return(v, n)	__atomic_add_fetch(&(v)->counter, (n), __ATOMIC_SEQ_CST)
#define atomic_sub_return(v, n)	__atomic_sub_fetch(&(v)->counter, (n), __ATOMIC_SEQ_CST)
#define atomic_inc_return(v)	atomic_add_return(v, 1)
#define atomic_dec_return(v)	atomic_sub_return(v, 1)
/* True when the count has become zero. */
#define atomic_dec_and_test(v)	(atomic_sub_return(v, 1) == 0)
#define atomic_xchg(v, n)	__atomic_exchange_n(&(v)->counter, (n), __ATOMIC_SEQ_CST)

/* Store @new if *v is *expected; otherwise *expected becomes what was there. True on success. */
#define atomic_try_cmpxchg(v, expected, new) \
	__atomic_compare_exchange_n(&(v)->counter, (expected), (new), false, \
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Add one unless the count is zero; true if it was added. */
static inline bool atomic_inc_not_zero(atomic_t *v)
{
	int old = atomic_read(v);

	while (old)
		if (atomic_try_cmpxchg(v, &old, old + 1))
			return true;
	return false;
}

/* Bits of one unsigned long shared between processors. */
static inline void set_bit_atomic(unsigned int bit, unsigned long *word)
{
	__atomic_fetch_or(word, 1UL << bit, __ATOMIC_SEQ_CST);
}

static inline void clear_bit_atomic(unsigned int bit, unsigned long *word)
{
	__atomic_fetch_and(word, ~(1UL << bit), __ATOMIC_SEQ_CST);
}

/* True if the bit was set before. */
static inline bool test_and_set_bit_atomic(unsigned int bit, unsigned long *word)
{
	return __atomic_fetch_or(word, 1UL << bit, __ATOMIC_SEQ_CST) & (1UL << bit);
}

static inline bool test_and_clear_bit_atomic(unsigned int bit, unsigned long *word)
{
	return __atomic_fetch_and(word, ~(1UL << bit), __ATOMIC_SEQ_CST) & (1UL << bit);
}

#define xchg(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define smp_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
