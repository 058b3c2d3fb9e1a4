/* internal.h - what only sched/ may know: the run queues. */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <lib/rbtree.h>
#include <sched/sched.h>
#include <sync/spinlock.h>

struct mm_struct;

/* One for each processor. Its lock is held from the moment at which schedule() begins to choose
 * until the chosen thread has left switch_to(): whoever has the lock sees no thread half way
 * out. */
struct runqueue {
	u32			locked;		/* RANK_RUNQUEUE, interrupts off; see rq_lock() */
	unsigned int		nr_queued;	/* [lock] in the tree: runnable and not running */
	struct rb_root		tree;		/* [lock] by vruntime */
	struct rb_node		*leftmost;	/* [lock] who runs next */
	u64			min_vruntime;	/* [lock] never goes back */
	struct task_struct	*curr, *idle;	/* [lock] */
	/* [lock] borrowed address space to let go of after a switch */
	struct mm_struct	*drop_mm;
	struct task_struct	*push;		/* [lock] left a processor that it may not use */
	u64			next_tick;	/* ktime, 0: none; this processor only */
	bool			works;		/* [this processor] what it runs gets on; psi.c */
	u64			nr_switches;	/* [lock] */
	u64			user_ns, system_ns, idle_ns; /* [lock] */
	unsigned int		balance_countdown;	/* ticks */
} __aligned(64);

extern struct runqueue runqueues[NR_CPUS];
extern unsigned long idle_mask;		/* [atomic] processors that run their idle task */

static inline struct runqueue *this_rq(void)
{
	return &runqueues[smp_processor_id()];
}

/* Plain operations: a run-queue lock is released by another task than took it, which the lists of
 * lock_rank.c cannot follow. Nothing is taken under it but RANK_PSI and RANK_CONSOLE. */
static inline void rq_lock(struct runqueue *rq)
{
	while (unlikely(__atomic_exchange_n(&rq->locked, 1, __ATOMIC_SEQ_CST)))
		while (READ_ONCE(rq->locked))
			cpu_relax();
}

static inline bool rq_trylock(struct runqueue *rq)
{
	return !__atomic_exchange_n(&rq->locked, 1, __ATOMIC_SEQ_CST);
}

static inline void rq_unlock(struct runqueue *rq)
{
	__atomic_store_n(&rq->locked, 0, __ATOMIC_RELEASE);
}

/* core.c */
void rq_enqueue(struct runqueue *rq, struct task_struct *task);	/* into the tree */
void rq_dequeue(struct runqueue *rq, struct task_struct *task);

/* psi.c: this processor runs @next from now on. rq locked. */
void psi_switch(struct runqueue *rq, const struct task_struct *next);

/* balance.c */
unsigned int select_cpu(struct task_struct *task);
bool pull_task(struct runqueue *rq);		/* rq locked; true: it has got one */

#endif
