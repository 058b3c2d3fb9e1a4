/* core.c - run queues, and the choice of who runs.
 * Each processor has a tree of its runnable threads, sorted by the processor time that they have
 * had, weighted by nice: the one that had least runs next, until its time slice is over while
 * others wait, or until one wakes up that is clearly behind it.
 * Holds:  a thread is running (on_cpu, not in the tree), queued (on_rq, in the tree) or asleep
 *         (neither). task->state says what wakes it; state and on_rq change under the run-queue
 *         lock of task->cpu, except that a running thread sets its own state.
 *         vruntime is absolute in its queue while on_rq, and relative to min_vruntime while asleep
 *         or on the way to another queue.
 * Sleep:  the sleeper sets its state (a full barrier), looks at its condition, and calls
 *         schedule(). The waker changes the condition and then calls wake_up_*(), whose lock is a
 *         full barrier: either the sleeper sees the condition, or the waker sees the state.
 * Locks:  rq->locked (RANK_RUNQUEUE), see internal.h.
 * Read:   balance.c for which processor; idle.c for none; switch.asm for the switch itself. */
#include <sched/sched.h>

#include <asm/irqflags.h>
#include <asm/smp.h>
#include <asm/thread.h>
#include <debug/assert.h>
#include <mm/mm.h>
#include <proc/itimer.h>
#include <proc/process.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/stop.h>
#include "internal.h"

#define SLEEPER_CREDIT	(5 * NSEC_PER_MSEC)	/* how far a sleeper may fall behind */
#define MAX_DEBT	(10 * NSEC_PER_MSEC)	/* how far ahead it may stay */
#define WAKEUP_GRAN	(1 * NSEC_PER_MSEC)	/* who is behind by more preempts */

struct runqueue runqueues[NR_CPUS];
unsigned long idle_mask;
bool scheduler_running;

/* Weight of nice -20 .. 19: a step is a factor of 1.25, nice 0 is 1024. */
static const unsigned int nice_weight[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137,
	110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};

static u64 weighted(const struct task_struct *task, u64 ns)
{
	return likely(!task->nice) ? ns : ns * 1024 / nice_weight[task->nice + 20];
}

static struct task_struct *node_task(struct rb_node *node)
{
	return rb_entry(node, struct task_struct, run_node);
}

void rq_enqueue(struct runqueue *rq, struct task_struct *task)
{
	struct rb_node **link = &rq->tree.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if ((s64)(task->vruntime - node_task(parent)->vruntime) < 0) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	if (first)
		rq->leftmost = &task->run_node;
	rb_link_node(&task->run_node, parent, link);
	rb_insert_color(&task->run_node, &rq->tree);
	rq->nr_queued++;
}

void rq_dequeue(struct runqueue *rq, struct task_struct *task)
{
	if (rq->leftmost == &task->run_node)
		rq->leftmost = rq->nr_queued > 1 ? rb_next(&task->run_node) : NULL;
	if (rq->nr_queued == 1)
		rq->tree.rb_node = NULL;
	else
		rb_erase(&task->run_node, &rq->tree);
	rq->nr_queued--;
}

/* Charge the running thread for the time since it was last charged. Locked. */
static void update_curr(struct runqueue *rq, u64 now)
{
	struct task_struct *curr = rq->curr;
	s64 delta = now - curr->exec_start;

	if (delta <= 0)
		return;
	curr->exec_start = now;
	if (curr == rq->idle) {
		rq->idle_ns += delta;
		return;
	}
	curr->vruntime += weighted(curr, delta);
	if (curr->tick_user) {
		curr->utime_ns += delta;
		rq->user_ns += delta;
	} else {
		curr->stime_ns += delta;
		rq->system_ns += delta;
	}
}

/* The floor of all vruntimes here, where newcomers start. Locked. */
static void update_min_vruntime(struct runqueue *rq, u64 floor)
{
	if ((s64)(floor - rq->min_vruntime) > 0)
		rq->min_vruntime = floor;
}

/* Have @rq's processor call schedule() soon. Locked. */
static void resched_rq(struct runqueue *rq)
{
	unsigned int cpu = rq - runqueues;

	if (cpu == smp_processor_id()) {
		this_cpu()->need_resched = 1;
	} else if (!__atomic_exchange_n(&cpu_locals[cpu].need_resched, 1, __ATOMIC_SEQ_CST)) {
		arch_send_reschedule(cpu);
	}
}

/* @task was put into @rq's tree: is it to run at once? Locked. */
static void check_preempt(struct runqueue *rq, struct task_struct *task, u64 now)
{
	if (rq->curr != rq->idle) {
		update_curr(rq, now);
		if ((s64)(rq->curr->vruntime - task->vruntime) <= (s64)WAKEUP_GRAN)
			return;
	}
	resched_rq(rq);
}

/* The queue of @task's processor, locked; it cannot leave that while the lock is held. */
static struct runqueue *task_rq_lock(struct task_struct *task)
{
	for (;;) {
		int cpu = READ_ONCE(task->cpu);
		struct runqueue *rq = &runqueues[cpu];

		rq_lock(rq);
		if (likely(task->cpu == cpu))
			return rq;
		rq_unlock(rq);
	}
}

void task_cputime(struct task_struct *task, u64 *utime_ns, u64 *stime_ns)
{
	unsigned long flags = local_irq_save();
	struct runqueue *rq = task_rq_lock(task);

	if (rq->curr == task)
		update_curr(rq, ktime_get());
	*utime_ns = task->utime_ns;
	*stime_ns = task->stime_ns;
	rq_unlock(rq);
	local_irq_restore(flags);
}

void set_current_state(unsigned int state)
{
	(void)xchg(&current->state, state);
}

/* Time asleep pays back what a thread had too much, and earns a little credit. */
static void place_sleeper(struct runqueue *rq, struct task_struct *task, u64 now)
{
	s64 lag = (s64)task->vruntime - (s64)(now - task->exec_start);

	lag = clamp(lag, -(s64)SLEEPER_CREDIT, (s64)MAX_DEBT);
	task->vruntime = rq->min_vruntime + lag;
}

bool wake_up_state(struct task_struct *task, unsigned int states)
{
	unsigned long flags = local_irq_save();
	struct runqueue *rq = task_rq_lock(task);
	unsigned int cpu;
	u64 now;

	if (!(task->state & states)) {
		rq_unlock(rq);
		local_irq_restore(flags);
		return false;
	}
	/* From here on other wakers find it awake; it is ours alone until it is in a queue. */
	WRITE_ONCE(task->state, TASK_RUNNING);
	if (!task->on_rq) {
		cpu = select_cpu(task);
		if (cpu != (unsigned int)task->cpu) {
			task->cpu = cpu;
			rq_unlock(rq);
			rq = &runqueues[cpu];
			rq_lock(rq);
		}
		now = ktime_get();
		place_sleeper(rq, task, now);
		task->on_rq = true;
		rq_enqueue(rq, task);
		check_preempt(rq, task, now);
	}
	rq_unlock(rq);
	local_irq_restore(flags);
	return true;
}

bool wake_up_process(struct task_struct *task)
{
	return wake_up_state(task, TASK_NORMAL);
}

void wake_up_new_task(struct task_struct *task)
{
	unsigned long flags = local_irq_save();
	struct runqueue *rq;
	u64 now = ktime_get();

	task->cpu = select_cpu(task);
	rq = &runqueues[task->cpu];
	rq_lock(rq);
	task->exec_start = now;
	task->vruntime = rq->min_vruntime;
	task->on_rq = true;
	rq_enqueue(rq, task);
	/* It does not preempt its parent: that is often about to wait for it. */
	if (rq->curr == rq->idle)
		resched_rq(rq);
	rq_unlock(rq);
	local_irq_restore(flags);
}

/* Take the next thread to run out of @rq's tree; the idle task if there is none. Locked. */
static struct task_struct *pick_next(struct runqueue *rq)
{
	struct task_struct *next;

	if (!rq->nr_queued && !pull_task(rq))
		return rq->idle;
	next = node_task(rq->leftmost);
	rq_dequeue(rq, next);
	update_min_vruntime(rq, next->vruntime);
	return next;
}

/* @prev's address space is left, or borrowed when @next has none. Locked. */
static void switch_address_space(struct runqueue *rq, struct task_struct *prev,
				 struct task_struct *next)
{
	if (next->mm) {
		if (prev->mm != next->mm)
			switch_mm(prev->active_mm, next->mm);
		if (!prev->mm) {
			rq->drop_mm = prev->active_mm;
			prev->active_mm = NULL;
		}
		return;
	}
	next->active_mm = prev->active_mm;
	if (prev->mm)
		mmgrab(prev->active_mm);
	else
		prev->active_mm = NULL;		/* the reference moves on */
}

/* Put @task, awake but in no queue, into one where it may run. Interrupts off, nothing locked:
 * nobody else finds it. */
static void enqueue_elsewhere(struct task_struct *task)
{
	struct runqueue *rq;

	task->cpu = select_cpu(task);
	rq = &runqueues[task->cpu];
	rq_lock(rq);
	task->vruntime += rq->min_vruntime;
	task->on_rq = true;
	rq_enqueue(rq, task);
	check_preempt(rq, task, ktime_get());
	rq_unlock(rq);
}

/* @prev is off the processor. Called by the thread that runs instead, with the lock that @prev
 * took. */
static void finish_switch(struct task_struct *prev)
{
	struct runqueue *rq = this_rq();
	struct mm_struct *mm = rq->drop_mm;
	struct task_struct *push = rq->push;
	bool dead = prev->state == TASK_DEAD;

	rq->drop_mm = NULL;
	rq->push = NULL;
	prev->on_cpu = false;
	rq_unlock(rq);
	if (unlikely(push))
		enqueue_elsewhere(push);
	local_irq_enable();
	if (unlikely(mm))
		mmdrop(mm);
	if (unlikely(dead))
		put_task(prev);
}

void schedule_tail(struct task_struct *prev)
{
	finish_switch(prev);
	if (current->set_child_tid)
		write_child_tid();
}

static void context_switch(struct runqueue *rq, struct task_struct *prev, struct task_struct *next,
			   u64 now)
{
	rq->curr = next;
	rq->nr_switches++;
	next->exec_start = now;
	next->slice_start = now;
	next->on_cpu = true;
	psi_switch(rq, next);
	if (unlikely(next == rq->idle)) {
		set_bit_atomic(rq - runqueues, &idle_mask);
	} else {
		if (unlikely(prev == rq->idle))
			clear_bit_atomic(rq - runqueues, &idle_mask);
		if (unlikely(!rq->next_tick)) {
			/* Not a whole tick from now: short work would never meet one. */
			rq->next_tick = now - now % TICK_NSEC + TICK_NSEC;
			clock_rearm();
		}
	}
	switch_address_space(rq, prev, next);
	finish_switch(switch_to(prev, next));
}

/* A thread in @state has a signal that keeps it from sleeping. */
static bool signal_wakes(const struct task_struct *task, unsigned int state)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(task))
		return false;
	return (state & TASK_INTERRUPTIBLE) || sigismember(task->pending.signal, SIGKILL);
}

enum schedule_mode {
	SCHED_BLOCK,		/* sleep if the state says so */
	SCHED_PREEMPT,		/* go on later whatever the state is */
	SCHED_YIELD,		/* let the next one run even if it had more time */
};

/* current stops running here; what becomes of it? True if it goes on at once. Locked. */
static bool put_prev(struct runqueue *rq, struct task_struct *prev, enum schedule_mode mode)
{
	unsigned int state = prev->state;
	struct task_struct *left;

	if (unlikely(prev == rq->idle)) {
		prev->state = TASK_RUNNING;
		return false;
	}
	if (state != TASK_RUNNING && mode == SCHED_BLOCK) {
		if (!signal_wakes(prev, state)) {
			prev->on_rq = false;
			prev->vruntime -= rq->min_vruntime;
			prev->nvcsw++;
			return false;
		}
		prev->state = TASK_RUNNING;
	}
	if (unlikely(!(prev->cpus_allowed & BIT(prev->cpu)))) {
		prev->on_rq = false;
		prev->vruntime -= rq->min_vruntime;
		rq->push = prev;
		return false;
	}
	if (!rq->leftmost)
		return true;
	left = node_task(rq->leftmost);
	if (mode == SCHED_YIELD && (s64)(left->vruntime - prev->vruntime) > 0)
		prev->vruntime = left->vruntime;	/* equal ones: first in, first out */
	if ((s64)(prev->vruntime - left->vruntime) < 0)
		return true;
	prev->nivcsw += mode == SCHED_PREEMPT;
	prev->nvcsw += mode != SCHED_PREEMPT;
	rq_enqueue(rq, prev);
	return false;
}

/* Interrupts are on before and after. */
static void do_schedule(enum schedule_mode mode)
{
	struct task_struct *prev = current, *next;
	struct runqueue *rq;
	u64 now;

	if (CONFIG_DEBUG && scheduler_running)
		might_sleep();
	local_irq_disable();
	while (unlikely(READ_ONCE(stop_requested)))
		stop_here();
	rq = this_rq();
	rq_lock(rq);
	this_cpu()->need_resched = 0;
	now = ktime_get();
	update_curr(rq, now);
	if (!put_prev(rq, prev, mode)) {
		next = pick_next(rq);
		if (likely(next != prev)) {
			context_switch(rq, prev, next, now);
			return;
		}
	}
	rq_unlock(rq);
	local_irq_enable();
}

void schedule(void)
{
	do_schedule(SCHED_BLOCK);
}

void preempt_schedule(void)
{
	do_schedule(SCHED_PREEMPT);
}

void yield(void)
{
	if (READ_ONCE(this_rq()->nr_queued))
		do_schedule(SCHED_YIELD);
}

/* More work for this processor in the middle of its turn: take a thread from one that has
 * several. */
static void periodic_balance(struct runqueue *rq)
{
	unsigned long idle = READ_ONCE(idle_mask);
	unsigned int cpu, few = rq->nr_queued + 1;
	bool worth = false;

	if (rq->nr_queued && idle)		/* it missed its chance when it went to sleep */
		resched_rq(&runqueues[__builtin_ctzl(idle)]);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		worth |= READ_ONCE(runqueues[cpu].nr_queued) > few;
	if (worth)
		pull_task(rq);
}

void scheduler_tick(bool user)
{
	struct runqueue *rq = this_rq();
	struct task_struct *curr = current;
	u64 now;

	if (!scheduler_running)
		return;
	now = ktime_get();
	if (!rq->next_tick || now < rq->next_tick)
		return;
	rq_lock(rq);
	update_curr(rq, now);		/* by what the tick before saw: neither sum goes back */
	curr->tick_user = user;
	if (curr == rq->idle) {
		rq->next_tick = 0;	/* until somebody runs */
		rq_unlock(rq);
		return;
	}
	rq->next_tick = now + TICK_NSEC;
	if (!rq->nr_queued)
		update_min_vruntime(rq, curr->vruntime);
	else if ((s64)(node_task(rq->leftmost)->vruntime - curr->vruntime) < 0)
		this_cpu()->need_resched = 1;
	if (rq->balance_countdown-- == 0) {
		rq->balance_countdown = 3;
		periodic_balance(rq);
	}
	rq_unlock(rq);
	clock_rearm();
	process_tick(curr);
}

u64 sched_next_tick(void)
{
	return this_rq()->next_tick;
}

int set_cpus_allowed(struct task_struct *task, unsigned long mask)
{
	unsigned long flags;
	struct runqueue *rq;
	bool queued = false;

	mask &= cpu_online_mask;
	if (!mask)
		return -EINVAL;
	flags = local_irq_save();
	rq = task_rq_lock(task);
	task->cpus_allowed = mask;
	if (task->on_rq && !(mask & BIT(task->cpu))) {
		queued = !task->on_cpu;
		if (queued) {
			rq_dequeue(rq, task);
			task->on_rq = false;
			task->vruntime -= rq->min_vruntime;
		} else {
			resched_rq(rq);		/* it moves when it leaves the processor */
		}
	}
	rq_unlock(rq);
	if (queued)
		enqueue_elsewhere(task);
	local_irq_restore(flags);
	if (task == current && need_resched())
		schedule();
	return 0;
}

void set_user_nice(struct task_struct *task, int nice)
{
	unsigned long flags = local_irq_save();
	struct runqueue *rq = task_rq_lock(task);

	if (rq->curr == task)
		update_curr(rq, ktime_get());
	task->nice = clamp(nice, -20, 19);
	rq_unlock(rq);
	local_irq_restore(flags);
}

void kick_task(struct task_struct *task)
{
	unsigned long flags = local_irq_save();
	struct runqueue *rq = task_rq_lock(task);

	if (rq->curr == task && task != current)
		arch_send_reschedule(task->cpu);
	rq_unlock(rq);
	local_irq_restore(flags);
}
