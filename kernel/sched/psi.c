/* psi.c - pressure stall information of memory, for /proc/pressure/memory.
 * The model: a thread stalls while it reclaims for its own allocation (mm/vmscan.c:
 * try_to_free_pages) and while it waits for a page that has to come back from swap
 * (mm/swap_state.c: swapin_lock_folio). Reclaim had pushed that page out, so every such wait is one
 * for memory. SOME is the time in which at least one thread stalls; FULL that part of it in which
 * no processor runs a thread that does not. kswapd neither stalls nor counts as work.
 * Averages decay over 10, 60 and 300 seconds in periods of 2 seconds. There is no periodic work:
 * the periods gone by are made up for at each change and when somebody asks.
 * Holds:  totals are right up to `since`; from then on the state is nr_stalled and full.
 * Locks:  psi_lock; a run queue's lock may be held.
 * Where Linux differs: it weighs a state for each processor, and also knows of I/O, processors and
 * cgroups; it calls who polls the file. */
#include <sched/psi.h>

#include <asm/percpu.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sync/spinlock.h>

#include "internal.h"

#define PERIOD		(2 * NSEC_PER_SEC)
#define MAX_PERIODS	1000u		/* after which an average is what it would be */

static unsigned int nr_stalled;	/* [psi_lock] threads */
static DEFINE_SPINLOCK(psi_lock, RANK_PSI);
static bool full;			/* [psi_lock] */
static u64 since, period_end = PERIOD;	/* [psi_lock] ktime */
static u64 in_period[NR_PSI_KINDS];	/* [psi_lock] ns */
static struct psi_stats sums[NR_PSI_KINDS];	/* [psi_lock] */

/* The state has lasted until @until. */
static void add_time(u64 until)
{
	u64 ns = nr_stalled ? until - since : 0;

	in_period[PSI_SOME] += ns;
	sums[PSI_SOME].total_ns += ns;
	if (full) {
		in_period[PSI_FULL] += ns;
		sums[PSI_FULL].total_ns += ns;
	}
	since = until;
}

/* A period more: averages go towards its share by what e^(-2 s / 10, 60, 300 s) leaves. */
static void fold_period(void)
{
	static const unsigned int keep[3] = { 53656, 63388, 65101 };	/* of 65536 */

	for (unsigned int kind = 0; kind < NR_PSI_KINDS; kind++) {
		u64 share = min(in_period[kind], PERIOD) * 100 / (PERIOD >> 16);

		for (unsigned int i = 0; i < 3; i++) {
			unsigned long *avg = &sums[kind].avg[i];

			*avg = (*avg * keep[i] + share * (65536 - keep[i])) >> 16;
		}
		in_period[kind] = 0;
	}
}

/* psi_lock held. */
static void advance(u64 now)
{
	if (now < since)	/* read before another processor's */
		return;
	if (now > period_end + MAX_PERIODS * PERIOD)
		period_end = now - MAX_PERIODS * PERIOD;
	for (; now >= period_end; period_end += PERIOD) {
		add_time(period_end);
		fold_period();
	}
	add_time(now);
}

static bool somebody_works(void)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		if (READ_ONCE(runqueues[cpu].works))
			return true;
	return false;
}

/* So many threads more stall, or this processor runs another thread. */
static void change(int stalled)
{
	unsigned long flags = spin_lock_irqsave(&psi_lock);

	advance(ktime_get());
	nr_stalled += stalled;
	full = nr_stalled && !somebody_works();
	spin_unlock_irqrestore(&psi_lock, flags);
}

static bool works(const struct runqueue *rq, const struct task_struct *task)
{
	return task != rq->idle && !task->in_memstall && !(task->flags & PF_MEMALLOC);
}

void psi_switch(struct runqueue *rq, const struct task_struct *next)
{
	WRITE_ONCE(rq->works, works(rq, next));
	if (unlikely(READ_ONCE(nr_stalled)))
		change(0);
}

/* The kernel is not preempted: this stays the processor that runs current. */
static void set_stalled(bool stalled)
{
	current->in_memstall = stalled;
	WRITE_ONCE(this_rq()->works, works(this_rq(), current));
	change(stalled ? 1 : -1);
}

void psi_memstall_enter(bool *nested)
{
	*nested = current->in_memstall;
	if (!*nested)
		set_stalled(true);
}

void psi_memstall_leave(const bool *nested)
{
	if (!*nested)
		set_stalled(false);
}

void psi_memory(struct psi_stats stats[NR_PSI_KINDS])
{
	unsigned long flags = spin_lock_irqsave(&psi_lock);

	advance(ktime_get());
	for (unsigned int kind = 0; kind < NR_PSI_KINDS; kind++)
		stats[kind] = sums[kind];
	spin_unlock_irqrestore(&psi_lock, flags);
}
