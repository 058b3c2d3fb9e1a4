/* spinlock.h - a lock that is waited for by spinning; its holder never sleeps.
 * Plain spin_lock is for locks that no interrupt handler takes (ranks below RANK_IRQ_SAFE). */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include <lib/types.h>
#include <asm/atomic.h>
#include <asm/irqflags.h>
#include <debug/assert.h>
#include <sync/lock_rank.h>

typedef struct spinlock {
	u32	locked;
	u16	rank;
	u16	owner;	/* debug builds: 1 + the holder's processor, 0 when free */
} spinlock_t;

#define SPINLOCK_INIT(r)	{ .rank = (r) }
#define DEFINE_SPINLOCK(name, r) spinlock_t name = SPINLOCK_INIT(r)

static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT(rank);
}

/* Slow and debug parts, spinlock.c. */
void spin_lock_contended(spinlock_t *lock);
void spin_lock_debug(spinlock_t *lock, bool nested);
void spin_unlock_debug(spinlock_t *lock);

static inline bool spin_trylock(spinlock_t *lock)
{
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	if (CONFIG_DEBUG)
		spin_lock_debug(lock, true);
	return true;
}

static inline void spin_lock(spinlock_t *lock)
{
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		spin_lock_contended(lock);
	if (CONFIG_DEBUG)
		spin_lock_debug(lock, false);
}

/* A second lock of the same rank; the caller says at the spot why the order is safe. */
static inline void spin_lock_nested(spinlock_t *lock)
{
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		spin_lock_contended(lock);
	if (CONFIG_DEBUG)
		spin_lock_debug(lock, true);
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (CONFIG_DEBUG)
		spin_unlock_debug(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	spin_lock(lock);
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	local_irq_enable();
}

/* Returns the flags to give to spin_unlock_irqrestore. */
static inline unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = local_irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->locked);
}

/* Debug builds: the running processor holds @lock. */
static inline void assert_spin_held(const spinlock_t *lock)
{
	DEBUG_ASSERT(lock_is_held(lock));
}

#endif
