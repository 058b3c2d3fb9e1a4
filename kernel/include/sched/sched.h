/* sched.h - who runs. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include <lib/types.h>
#include <asm/percpu.h>

struct task_struct;

/* task->state */
#define TASK_RUNNING		0u
#define TASK_INTERRUPTIBLE	1u
#define TASK_UNINTERRUPTIBLE	2u
#define TASK_STOPPED		4u
#define TASK_DEAD		16u
#define TASK_WAKEKILL		32u
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

/* before anything else runs; makes the boot thread a task */
void sched_init(void);
void sched_init_cpu(void);		/* on each processor, by itself: its idle task */
void __noreturn cpu_idle_loop(void);	/* what the idle task does */

/* Give the processor up. With state TASK_RUNNING the caller stays runnable. No spinning lock
 * held. */
void schedule(void);
static inline bool need_resched(void)
{
	return this_cpu_field(need_resched);
}

extern bool scheduler_running;	/* current is valid on every processor that runs */

/* Let others run now, whatever the state is: the way back to user mode. No spinning lock held. */
void preempt_schedule(void);
/* The same if it is time: call it in long loops. */
static inline void cond_resched(void)
{
	if (unlikely(need_resched()) && scheduler_running)
		preempt_schedule();
}

void set_current_state(unsigned int state);
/* Make @task runnable if its state is in @states. True if this woke it. Any context. */
bool wake_up_state(struct task_struct *task, unsigned int states);
bool wake_up_process(struct task_struct *task);
void wake_up_new_task(struct task_struct *task);
/* Called by the timer interrupt on each processor, interrupts off, before or after
 * timer_interrupt(). @user: it came from user mode. Does its work once in TICK_NSEC, however often
 * it is called. */
void scheduler_tick(bool user);
#define TICK_NSEC		10000000UL

/* Sleep; returns nanoseconds left when woken early (interruptible only), 0 otherwise. */
u64 schedule_timeout(u64 ns);		/* in the state already set */
void msleep(unsigned int ms);

/* The first thing that a new thread does; @prev ran before it. Enables interrupts. */
void schedule_tail(struct task_struct *prev);
/* sched_yield(2). */
void yield(void);
/* Move to a processor of @mask, if need be. 0, or -EINVAL if none of them is online. */
int set_cpus_allowed(struct task_struct *task, unsigned long mask);
void set_user_nice(struct task_struct *task, int nice);
/* @task, which runs in user mode on another processor, is to look at its flags now. Any context. */
void kick_task(struct task_struct *task);
/* Processor time in ns that @task has had up to now, in user mode and in the kernel as the ticks
 * found it. Neither goes back. Any context. */
void task_cputime(struct task_struct *task, u64 *utime_ns, u64 *stime_ns);

/* For /proc and sysinfo(2). */
struct cpu_usage {		/* ns since boot */
	u64	user, system, idle;
};
void cpu_usage(unsigned int cpu, struct cpu_usage *usage);
unsigned int nr_running(void);			/* runnable threads */
u64 nr_context_switches(void);
void load_average(unsigned long loads[3]);	/* in units of 1 / 65536 */

/* The time of the next tick on this processor, 0 if it has none: for timer_interrupt(). */
u64 sched_next_tick(void);
struct task_struct *idle_task(unsigned int cpu);

#endif
