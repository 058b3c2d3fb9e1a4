/* rwsem.c - the slow paths of a sleeping lock for many readers or one writer.
 * Holds:  count is RWSEM_WRITER or any number of RWSEM_READER, plus RWSEM_WAITERS exactly while the
 *         list of waiters is not empty (both change under wait_lock). While that bit is set nobody
 *         gets the lock but by grant(), which hands it out in order of arrival: a writer is not
 *         starved by readers, nor they by writers.
 *         A reader that finds the lock taken has already added itself. It takes that back and then
 *         calls grant(), for it may have kept a grant from happening in between.
 * Locks:  wait_lock (RANK_WAITQ, interrupts off).
 * Read:   rwsem.h for the fast paths. */
#include <sync/rwsem.h>

#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>

struct rwsem_waiter {
	struct list_head	list;
	struct task_struct	*task;
	bool			writer;
	/* [wait_lock] the lock is ours, and we are off the list */
	bool			granted;
};

void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank)
{
	atomic_set(&sem->count, 0L);
	spin_lock_init(&sem->wait_lock, RANK_WAITQ);
	INIT_LIST_HEAD(&sem->waiters);
	sem->owner = NULL;
	sem->rank = rank;
}

/* Hand the lock to @waiter, whose share is in count already. The waiter looks at granted under
 * wait_lock, so it cannot be gone before we let go of it. */
static void grant_one(struct rwsem_waiter *waiter)
{
	list_del(&waiter->list);
	waiter->granted = true;
	wake_up_process(waiter->task);
}

/* The first waiter is a writer: it gets the lock if nobody has it. */
static bool grant_writer(struct rw_semaphore *sem, struct rwsem_waiter *first)
{
	long count = RWSEM_WAITERS;

	if (!atomic_try_cmpxchg(&sem->count, &count, RWSEM_WAITERS | RWSEM_WRITER))
		return false;
	grant_one(first);
	return true;
}

/* Give the lock to whoever may have it now, from the head of the list. wait_lock held. */
static void grant(struct rw_semaphore *sem)
{
	struct rwsem_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &sem->waiters, list) {
		if (waiter->writer) {
			grant_writer(sem, waiter);
			break;
		}
		/* No writer can come in while RWSEM_WAITERS is set, so looking first is safe. */
		if (atomic_read(&sem->count) & RWSEM_WRITER)
			break;
		atomic_add(&sem->count, RWSEM_READER);
		grant_one(waiter);
	}
	if (list_empty(&sem->waiters))
		atomic_sub(&sem->count, RWSEM_WAITERS);
}

/* A holder has gone and there are, or just were, waiters. */
void rwsem_wake(struct rw_semaphore *sem)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);

	if (!list_empty(&sem->waiters))
		grant(sem);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}

static void enqueue(struct rw_semaphore *sem, struct rwsem_waiter *waiter)
{
	if (list_empty(&sem->waiters))
		atomic_add(&sem->count, RWSEM_WAITERS);
	list_add_tail(&waiter->list, &sem->waiters);
	grant(sem);
}

/* Sleep until granted. 0, or -EINTR and off the list. */
static int wait_for_grant(struct rw_semaphore *sem, struct rwsem_waiter *waiter, unsigned int state)
{
	unsigned long flags;
	bool granted, killed;

	for (;;) {
		set_current_state(state);
		flags = spin_lock_irqsave(&sem->wait_lock);
		granted = waiter->granted;
		killed = !granted && (state & TASK_WAKEKILL) && fatal_signal_pending(current);
		if (killed) {
			list_del(&waiter->list);
			if (list_empty(&sem->waiters))
				atomic_sub(&sem->count, RWSEM_WAITERS);
			else
				grant(sem);	/* those behind us may have waited for us only */
		}
		spin_unlock_irqrestore(&sem->wait_lock, flags);
		if (granted || killed)
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return killed ? -EINTR : 0;
}

static int rwsem_wait(struct rw_semaphore *sem, bool writer, unsigned int state)
{
	struct rwsem_waiter waiter = { .task = current, .writer = writer };
	unsigned long flags = spin_lock_irqsave(&sem->wait_lock);

	enqueue(sem, &waiter);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
	return wait_for_grant(sem, &waiter, state);
}

/* The caller's RWSEM_READER is in count but does not count. */
int rwsem_down_read_slow(struct rw_semaphore *sem, unsigned int state)
{
	atomic_sub(&sem->count, RWSEM_READER);
	return rwsem_wait(sem, false, state);
}

int rwsem_down_write_slow(struct rw_semaphore *sem, unsigned int state)
{
	return rwsem_wait(sem, true, state);
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	long count = atomic_read(&sem->count);

	while (!(count & (RWSEM_WRITER | RWSEM_WAITERS))) {
		if (atomic_try_cmpxchg(&sem->count, &count, count + RWSEM_READER)) {
			if (CONFIG_DEBUG)
				lock_acquired(sem, sem->rank, true);
			return true;
		}
	}
	return false;
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	long free = 0;

	if (!atomic_try_cmpxchg(&sem->count, &free, RWSEM_WRITER))
		return false;
	if (CONFIG_DEBUG) {
		sem->owner = current;
		lock_acquired(sem, sem->rank, true);
	}
	return true;
}

void downgrade_write(struct rw_semaphore *sem)
{
	if (CONFIG_DEBUG)
		sem->owner = NULL;
	if (atomic_add_return(&sem->count, RWSEM_READER - RWSEM_WRITER) & RWSEM_WAITERS)
		rwsem_wake(sem);
}

bool rwsem_is_locked(struct rw_semaphore *sem)
{
	return atomic_read(&sem->count) & ~RWSEM_WAITERS;
}

bool rwsem_is_write_locked(struct rw_semaphore *sem)
{
	return atomic_read(&sem->count) & RWSEM_WRITER;
}
