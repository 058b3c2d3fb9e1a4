/* idle.c - the idle tasks, bringing the scheduler up, and what it tells about itself.
 * Holds:  each processor has an idle task: the thread that it started with. It is never in a queue,
 *         never sleeps, and runs when nothing else can.
 * Read:   core.c. */
#include <sched/sched.h>

#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/thread.h>
#include <lib/printf.h>
#include <mm/mm.h>
#include <proc/process.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sync/lock_rank.h>
#include "internal.h"

#define LOAD_SHIFT	16
#define LOAD_PERIOD	(5 * NSEC_PER_SEC)

static struct task_struct idle_tasks[NR_CPUS];
static struct signal_struct *idle_signal;	/* [c] of all idle tasks */
static DEFINE_SPINLOCK(load_lock, RANK_NONE);
static u64 nr_load_updates;		/* [load_lock] periods folded into the averages */
static u64 load_time, load_work;	/* [load_lock] at the last one: ktime, total_work() */
static unsigned long loads[3];		/* [load_lock] fixed point, LOAD_SHIFT bits */

struct task_struct *idle_task(unsigned int cpu)
{
	return &idle_tasks[cpu];
}

/* The thread that runs on this processor's start-up stack becomes its idle task. */
static void make_idle_task(unsigned int cpu)
{
	struct task_struct *idle = &idle_tasks[cpu];
	struct runqueue *rq = &runqueues[cpu];

	idle->flags = PF_KTHREAD;
	idle->cpu = cpu;
	idle->cpus_allowed = BIT(cpu);
	idle->on_cpu = true;
	idle->on_rq = true;
	idle->active_mm = &init_mm;
	mmgrab(&init_mm);
	spin_lock_init(&idle->alloc_lock, RANK_NONE);
	idle->signal = idle_signal;
	idle->group_leader = idle;
	idle->real_parent = idle;
	atomic_set(&idle->refs, 1);
	INIT_LIST_HEAD(&idle->children);
	INIT_LIST_HEAD(&idle->sibling);
	INIT_LIST_HEAD(&idle->thread_node);
	INIT_LIST_HEAD(&idle->tasks);
	sigpending_init(&idle->pending);
	snprintf(idle->comm, sizeof(idle->comm), "swapper/%u", cpu);
	idle->exec_start = ktime_get();
	rq->curr = idle;
	rq->idle = idle;
	thread_setup_idle(idle);
}

void sched_init(void)
{
	clock_init();
	proc_init();
	idle_signal = signal_alloc();
	ASSERT(idle_signal);
	make_idle_task(0);
	scheduler_running = true;
	if (CONFIG_DEBUG)
		lock_debug_start();
}

void sched_init_cpu(void)
{
	if (!idle_tasks[smp_processor_id()].signal)
		make_idle_task(smp_processor_id());
}

void __noreturn cpu_idle_loop(void)
{
	unsigned int cpu = smp_processor_id();

	for (;;) {
		local_irq_disable();
		if (!need_resched())
			set_bit_atomic(cpu, &idle_mask);
		/* A waker that saw the bit sets need_resched and sends an interrupt, which
		 * safe_halt() cannot miss. */
		while (!need_resched()) {
			safe_halt();
			local_irq_disable();
		}
		local_irq_enable();
		schedule();
	}
}

void cpu_usage(unsigned int cpu, struct cpu_usage *usage)
{
	struct runqueue *rq = &runqueues[cpu];
	s64 since;

	usage->user = READ_ONCE(rq->user_ns);
	usage->system = READ_ONCE(rq->system_ns);
	usage->idle = READ_ONCE(rq->idle_ns);
	if (READ_ONCE(rq->curr) == rq->idle && rq->idle) {
		since = ktime_get() - READ_ONCE(rq->idle->exec_start);
		if (since > 0)
			usage->idle += since;
	}
}

unsigned int nr_running(void)
{
	unsigned int cpu, nr = 0;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		nr += READ_ONCE(runqueues[cpu].nr_queued) +
		      (READ_ONCE(runqueues[cpu].curr) != runqueues[cpu].idle);
	return nr;
}

u64 nr_context_switches(void)
{
	unsigned int cpu;
	u64 nr = 0;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		nr += READ_ONCE(runqueues[cpu].nr_switches);
	return nr;
}

/* One period more: avg goes towards @now by the share that e^(-5s/1, 5, 15 min) leaves. */
static void load_fold(unsigned long now)
{
	static const unsigned int keep[3] = { 60295, 64453, 65173 };	/* of 65536 */
	unsigned int i;

	for (i = 0; i < 3; i++)
		loads[i] = (loads[i] * keep[i] + now * (65536 - keep[i])) >> 16;
}

/* ns that all processors together have worked, and how many threads wait for one now. */
static u64 total_work(unsigned int *waiting)
{
	struct cpu_usage usage;
	unsigned int cpu;
	u64 ns = 0;

	*waiting = 0;
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		cpu_usage(cpu, &usage);
		ns += usage.user + usage.system;
		*waiting += READ_ONCE(runqueues[cpu].nr_queued);
	}
	return ns;
}

/* There is no periodic work for this on an idle machine: the periods gone by are made up for here,
 * with the average number of threads that ran in them, and those that wait now. */
void load_average(unsigned long result[3])
{
	u64 now = ktime_get(), periods = now / LOAD_PERIOD, work;
	unsigned int i, waiting;
	unsigned long level;

	spin_lock(&load_lock);
	work = total_work(&waiting);
	if (periods > nr_load_updates) {
		level = (work - load_work) / max((now - load_time) >> LOAD_SHIFT, 1UL) +
			((unsigned long)waiting << LOAD_SHIFT);
		if (periods - nr_load_updates > 1000)
			nr_load_updates = periods - 1000;
		for (; nr_load_updates < periods; nr_load_updates++)
			load_fold(level);
		load_work = work;
		load_time = now;
	}
	for (i = 0; i < 3; i++)
		result[i] = loads[i];
	spin_unlock(&load_lock);
}
