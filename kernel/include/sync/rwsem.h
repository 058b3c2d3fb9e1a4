/* rwsem.h - a sleeping lock for many readers or one writer. Writers are not starved. */
#ifndef SYNC_RWSEM_H
#define SYNC_RWSEM_H

#include <lib/list.h>
#include <asm/percpu.h>
#include <sync/spinlock.h>

struct rw_semaphore {
	atomic_long_t		count;		/* RWSEM_* */
	spinlock_t		wait_lock;	/* RANK_WAITQ */
	struct list_head	waiters;	/* [wait_lock] first come, first served */
	struct task_struct	*owner;		/* the writer, for debugging */
	enum lock_rank		rank;
};

#define RWSEM_WRITER	1L	/* held for writing */
#define RWSEM_WAITERS	2L	/* waiters is not empty: newcomers queue up behind them */
#define RWSEM_READER	256L	/* one of these for each reader */

void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank);

/* When the fast paths below do not do, rwsem.c. @state: TASK_UNINTERRUPTIBLE or TASK_KILLABLE. */
int rwsem_down_read_slow(struct rw_semaphore *sem, unsigned int state);
int rwsem_down_write_slow(struct rw_semaphore *sem, unsigned int state);
void rwsem_wake(struct rw_semaphore *sem);

static inline int rwsem_down_read(struct rw_semaphore *sem, unsigned int state)
{
	int err = 0;

	if (CONFIG_DEBUG)
		might_sleep();
	if (unlikely(atomic_add_return(&sem->count, RWSEM_READER) & (RWSEM_WRITER | RWSEM_WAITERS)))
		err = rwsem_down_read_slow(sem, state);
	if (CONFIG_DEBUG && !err)
		lock_acquired(sem, sem->rank, false);
	return err;
}

static inline int rwsem_down_write(struct rw_semaphore *sem, unsigned int state, bool nested)
{
	long free = 0;
	int err = 0;

	if (CONFIG_DEBUG)
		might_sleep();
	if (unlikely(!atomic_try_cmpxchg(&sem->count, &free, RWSEM_WRITER)))
		err = rwsem_down_write_slow(sem, state);
	if (CONFIG_DEBUG && !err) {
		sem->owner = get_current();
		lock_acquired(sem, sem->rank, nested);
	}
	return err;
}

/* All may sleep, except the trylocks. The killable ones return 0, or -EINTR on a fatal signal. */
static inline void down_read(struct rw_semaphore *sem)
{
	rwsem_down_read(sem, 2u /* TASK_UNINTERRUPTIBLE */);
}

static inline int down_read_killable(struct rw_semaphore *sem)
{
	return rwsem_down_read(sem, 34u /* TASK_KILLABLE */);
}

bool down_read_trylock(struct rw_semaphore *sem);

static inline void up_read(struct rw_semaphore *sem)
{
	long now;

	if (CONFIG_DEBUG)
		lock_released(sem);
	now = atomic_sub_return(&sem->count, RWSEM_READER);
	if (unlikely(now == RWSEM_WAITERS))
		rwsem_wake(sem);
}

static inline void down_write(struct rw_semaphore *sem)
{
	rwsem_down_write(sem, 2u /* TASK_UNINTERRUPTIBLE */, false);
}

/* A second lock of this rank; say why it is safe. */
static inline void down_write_nested(struct rw_semaphore *sem)
{
	rwsem_down_write(sem, 2u /* TASK_UNINTERRUPTIBLE */, true);
}

static inline int down_write_killable(struct rw_semaphore *sem)
{
	return rwsem_down_write(sem, 34u /* TASK_KILLABLE */, false);
}

bool down_write_trylock(struct rw_semaphore *sem);

static inline void up_write(struct rw_semaphore *sem)
{
	if (CONFIG_DEBUG) {
		sem->owner = NULL;
		lock_released(sem);
	}
	if (unlikely(atomic_sub_return(&sem->count, RWSEM_WRITER) & RWSEM_WAITERS))
		rwsem_wake(sem);
}

/* From writer to reader without letting another writer in between. */
void downgrade_write(struct rw_semaphore *sem);

bool rwsem_is_locked(struct rw_semaphore *sem);
bool rwsem_is_write_locked(struct rw_semaphore *sem);

static inline void assert_rwsem_held(struct rw_semaphore *sem)
{
	DEBUG_ASSERT(rwsem_is_locked(sem));
}

static inline void assert_rwsem_write_held(struct rw_semaphore *sem)
{
	DEBUG_ASSERT(rwsem_is_write_locked(sem));
}

#endif
