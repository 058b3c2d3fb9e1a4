/* mutex.c - a sleeping lock for one.
 * Holds:  owner is the holder's address, or 0; its bit 0 is set exactly while there are waiters,
 *         and then the holder hands the mutex to the first of them when it unlocks.
 * Locks:  wait_lock (RANK_WAITQ, interrupts off) for the list and for setting bit 0.
 * Read:   rwsem.c, which works alike. */
#include <sync/mutex.h>

#include <asm/percpu.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>

#define MUTEX_WAITERS	1UL

struct mutex_waiter {
	struct list_head	list;
	struct task_struct	*task;
};

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
	mutex->owner = 0;
	spin_lock_init(&mutex->wait_lock, RANK_WAITQ);
	INIT_LIST_HEAD(&mutex->waiters);
	mutex->rank = rank;
}

static bool owner_cmpxchg(struct mutex *mutex, unsigned long *expected, unsigned long new)
{
	return __atomic_compare_exchange_n(&mutex->owner, expected, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return (READ_ONCE(mutex->owner) & ~MUTEX_WAITERS) == (unsigned long)current;
}

/* Take the mutex if it is free, else mark that somebody waits. wait_lock held. */
static bool lock_or_mark(struct mutex *mutex)
{
	unsigned long owner = READ_ONCE(mutex->owner);

	for (;;) {
		if (!owner) {
			if (owner_cmpxchg(mutex, &owner, (unsigned long)current))
				return true;
		} else if (owner & MUTEX_WAITERS ||
			   owner_cmpxchg(mutex, &owner, owner | MUTEX_WAITERS)) {
			return false;
		}
	}
}

/* @waiter gives up. wait_lock held, and it does not own the mutex. */
static void stop_waiting(struct mutex *mutex, struct mutex_waiter *waiter)
{
	list_del(&waiter->list);
	if (list_empty(&mutex->waiters))
		__atomic_fetch_and(&mutex->owner, ~MUTEX_WAITERS, __ATOMIC_SEQ_CST);
}

static int mutex_lock_slow(struct mutex *mutex, unsigned int state)
{
	struct mutex_waiter waiter = { .task = current };
	unsigned long flags = spin_lock_irqsave(&mutex->wait_lock);
	int err = 0;

	if (lock_or_mark(mutex)) {
		spin_unlock_irqrestore(&mutex->wait_lock, flags);
		return 0;
	}
	list_add_tail(&waiter.list, &mutex->waiters);
	for (;;) {
		/* Woken means that unlock made us the owner, or that a signal came. */
		set_current_state(state);
		if (mutex_is_held(mutex))
			break;
		if (state == TASK_INTERRUPTIBLE && signal_pending(current)) {
			stop_waiting(mutex, &waiter);
			err = -EINTR;
			break;
		}
		spin_unlock_irqrestore(&mutex->wait_lock, flags);
		schedule();
		flags = spin_lock_irqsave(&mutex->wait_lock);
	}
	spin_unlock_irqrestore(&mutex->wait_lock, flags);
	set_current_state(TASK_RUNNING);
	return err;
}

static int mutex_lock_state(struct mutex *mutex, unsigned int state, bool nested)
{
	unsigned long free = 0;
	int err = 0;

	if (CONFIG_DEBUG)
		might_sleep();
	if (unlikely(!owner_cmpxchg(mutex, &free, (unsigned long)current)))
		err = mutex_lock_slow(mutex, state);
	if (CONFIG_DEBUG && !err)
		lock_acquired(mutex, mutex->rank, nested);
	return err;
}

void mutex_lock(struct mutex *mutex)
{
	mutex_lock_state(mutex, TASK_UNINTERRUPTIBLE, false);
}

void mutex_lock_nested(struct mutex *mutex)
{
	mutex_lock_state(mutex, TASK_UNINTERRUPTIBLE, true);
}

int mutex_lock_interruptible(struct mutex *mutex)
{
	return mutex_lock_state(mutex, TASK_INTERRUPTIBLE, false);
}

bool mutex_trylock(struct mutex *mutex)
{
	unsigned long free = 0;

	if (!owner_cmpxchg(mutex, &free, (unsigned long)current))
		return false;
	if (CONFIG_DEBUG)
		lock_acquired(mutex, mutex->rank, true);
	return true;
}

/* Make the first waiter the owner. */
static void hand_over(struct mutex *mutex)
{
	unsigned long flags = spin_lock_irqsave(&mutex->wait_lock);
	struct mutex_waiter *first = list_first_entry_or_null(&mutex->waiters, struct mutex_waiter,
							      list);
	unsigned long owner = 0;

	if (first) {
		list_del(&first->list);
		owner = (unsigned long)first->task;
		if (!list_empty(&mutex->waiters))
			owner |= MUTEX_WAITERS;
	}
	__atomic_store_n(&mutex->owner, owner, __ATOMIC_SEQ_CST);
	/* Under wait_lock the new owner cannot have left mutex_lock_slow() yet. */
	if (first)
		wake_up_process(first->task);
	spin_unlock_irqrestore(&mutex->wait_lock, flags);
}

void mutex_unlock(struct mutex *mutex)
{
	unsigned long owner = (unsigned long)current;

	DEBUG_ASSERT(mutex_is_held(mutex));
	if (CONFIG_DEBUG)
		lock_released(mutex);
	if (unlikely(!owner_cmpxchg(mutex, &owner, 0)))
		hand_over(mutex);
}
