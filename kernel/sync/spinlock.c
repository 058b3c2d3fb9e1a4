/* spinlock.c - the slow and the checking side of spinning locks.
 * Holds:  locked is 1 while somebody has the lock. In debug builds owner is 1 + the processor, so a
 *         processor that spins for a lock that it holds itself says so instead of hanging.
 * Read:   spinlock.h for the fast paths, lock_rank.c for the order. */
#include <sync/spinlock.h>

#include <asm/percpu.h>

/* Wait until the lock can be had, reading only, so that the holder's cache line is left alone. */
void spin_lock_contended(spinlock_t *lock)
{
	do {
		if (CONFIG_DEBUG && READ_ONCE(lock->owner) == smp_processor_id() + 1)
			panic("spinning lock %p of rank %u is taken twice", (void *)lock,
			      lock->rank);
		while (READ_ONCE(lock->locked))
			cpu_relax();
	} while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE));
}

void spin_lock_debug(spinlock_t *lock, bool nested)
{
	WRITE_ONCE(lock->owner, smp_processor_id() + 1);
	/* A lock that interrupt handlers take must never be held with them enabled. */
	if (lock->rank >= RANK_IRQ_SAFE && !irqs_disabled())
		panic("lock of rank %u is taken with interrupts on", lock->rank);
	lock_acquired(lock, lock->rank, nested);
}

void spin_unlock_debug(spinlock_t *lock)
{
	if (!READ_ONCE(lock->locked) || lock->owner != smp_processor_id() + 1)
		panic("lock %p of rank %u is released by processor %u but held by %d", (void *)lock,
		      lock->rank, smp_processor_id(), lock->owner - 1);
	WRITE_ONCE(lock->owner, 0);
	lock_released(lock);
}
