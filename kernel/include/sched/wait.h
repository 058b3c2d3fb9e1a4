/* wait.h - sleeping until somebody says that something changed. */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include <lib/list.h>
#include <sched/sched.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

struct task_struct;

struct wait_queue_head {
	spinlock_t		lock;	/* RANK_WAITQ, interrupts off */
	struct list_head	head;	/* [lock] struct wait_queue_entry */
};

struct wait_queue_entry {
	struct list_head	entry;
	struct task_struct	*task;		/* who sleeps; NULL: @fn is called instead */
	/* Under the queue's lock; the entry stays. True: somebody has been woken. */
	bool			(*fn)(struct wait_queue_entry *wait);
	bool			exclusive;	/* wake_up stops after one of these */
};

#define WAIT_QUEUE_HEAD_INIT(name) \
	{ .lock = SPINLOCK_INIT(RANK_WAITQ), .head = LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = WAIT_QUEUE_HEAD_INIT(name)

void init_waitqueue_head(struct wait_queue_head *wq);
/* Any context. wake_up wakes all non-exclusive waiters and one exclusive one; wake_up_all all. */
void wake_up(struct wait_queue_head *wq);
void wake_up_all(struct wait_queue_head *wq);

/* With wq->lock held: true if this woke a task. */
bool wake_up_locked(struct wait_queue_head *wq);
/* wake_up in an entry's function, so with another queue locked and interrupts off: the caller says
 * why the queues are never locked the other way round. */
void wake_up_nested(struct wait_queue_head *wq);

/* An entry that calls @fn at each wake-up, from add to remove. On return from remove @fn is not
 * running. */
void init_wait_func(struct wait_queue_entry *wait, bool (*fn)(struct wait_queue_entry *wait),
		    bool exclusive);
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait);
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait);

/* The pieces of wait_event: queue current and set its state; take it off again. */
void init_wait_entry(struct wait_queue_entry *wait, bool exclusive);
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait, unsigned int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait);

/* Sleep once in the state set by prepare_to_wait. @timeout_ns: time left, or WAIT_FOREVER; updated.
 * Returns 0, -ERESTARTSYS when the state is interruptible (or killable) and such a signal is
 * pending, or -ETIME when no time is left. */
#define WAIT_FOREVER	(~0UL)
int wait_once(unsigned int state, u64 *timeout_ns);

/* Sleep until @cond holds. @cond is evaluated in the caller's context, repeatedly.
 * Value: 0 when it holds, else as wait_once. */
#define __wait_event(wq, cond, state, excl, timeout_ns) ({ \
	struct wait_queue_entry __wait; \
	u64 __left = (timeout_ns); \
	int __ret = 0; \
	if (!(cond)) { \
		init_wait_entry(&__wait, excl); \
		for (;;) { \
			prepare_to_wait((wq), &__wait, (state)); \
			if (cond) { __ret = 0; break; } \
			if (__ret) break; \
			__ret = wait_once((state), &__left); \
		} \
		finish_wait((wq), &__wait); \
	} \
	__ret; })

#define wait_event(wq, cond) \
	((void)__wait_event(wq, cond, TASK_UNINTERRUPTIBLE, false, WAIT_FOREVER))
#define wait_event_interruptible(wq, cond) \
	__wait_event(wq, cond, TASK_INTERRUPTIBLE, false, WAIT_FOREVER)
#define wait_event_killable(wq, cond) \
	__wait_event(wq, cond, TASK_KILLABLE, false, WAIT_FOREVER)
#define wait_event_interruptible_timeout(wq, cond, ns) \
	__wait_event(wq, cond, TASK_INTERRUPTIBLE, false, ns)
#define wait_event_timeout(wq, cond, ns) \
	__wait_event(wq, cond, TASK_UNINTERRUPTIBLE, false, ns)

#endif
