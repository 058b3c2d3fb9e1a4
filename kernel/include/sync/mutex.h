/* mutex.h - a sleeping lock for one. */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include <lib/list.h>
#include <sync/spinlock.h>

struct mutex {
	/* [atomic] the owner's address, bit 0: there are waiters */
	unsigned long		owner;
	spinlock_t		wait_lock;	/* RANK_WAITQ */
	struct list_head	waiters;	/* [wait_lock] */
	enum lock_rank		rank;
};

#define DEFINE_MUTEX(name, r) \
	struct mutex name = { .wait_lock = SPINLOCK_INIT(RANK_WAITQ), \
			      .waiters = LIST_HEAD_INIT((name).waiters), .rank = (r) }

void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_lock(struct mutex *mutex);
void mutex_lock_nested(struct mutex *mutex);	/* a second lock of this rank; say why it is safe */
int mutex_lock_interruptible(struct mutex *mutex);	/* 0 or -EINTR */
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_is_held(const struct mutex *mutex);	/* by the running task */

#endif
