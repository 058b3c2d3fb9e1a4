/* rusage.c - adding up what threads and processes have used.
 * Holds:  a process has used what its living threads and its zombie leader have in their
 *         task_struct, and what signal_struct keeps of the threads that are gone; the c... fields
 *         are the sums of children that were waited for.
 * Locks:  tasklist_lock in all of this. */
#include <proc/rusage.h>

#include <lib/string.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <sched/clock.h>

void process_cputime(struct task_struct *task, u64 *utime_ns, u64 *stime_ns)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *t;
	u64 utime, stime;

	*utime_ns = signal->utime_ns;
	*stime_ns = signal->stime_ns;
	for_each_thread(task, t) {
		task_cputime(t, &utime, &stime);
		*utime_ns += utime;
		*stime_ns += stime;
	}
}

static struct timeval ns_timeval(u64 ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };
}

static void add_thread(struct rusage *ru, const struct task_struct *t)
{
	ru->ru_minflt += t->min_flt;
	ru->ru_majflt += t->maj_flt;
	ru->ru_nvcsw += t->nvcsw;
	ru->ru_nivcsw += t->nivcsw;
}

static void add_process(struct rusage *ru, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *t;

	for_each_thread(task, t)
		add_thread(ru, t);
	ru->ru_minflt += signal->min_flt;
	ru->ru_majflt += signal->maj_flt;
	ru->ru_nvcsw += signal->nvcsw;
	ru->ru_nivcsw += signal->nivcsw;
}

static void add_children(struct rusage *ru, const struct signal_struct *signal)
{
	ru->ru_minflt += signal->cmin_flt;
	ru->ru_majflt += signal->cmaj_flt;
	ru->ru_nvcsw += signal->cnvcsw;
	ru->ru_nivcsw += signal->cnivcsw;
}

/* The largest number of pages that the process had. Only current's own address space is looked at:
 * another's may go away meanwhile. */
static unsigned long process_maxrss(struct task_struct *task)
{
	struct mm_struct *mm = task == current ? task->mm : NULL;
	unsigned long pages = task->signal->maxrss;

	if (mm)
		pages = max(pages, get_mm_hiwater_rss(mm));
	return pages;
}

void get_rusage(struct task_struct *task, int who, struct rusage *ru)
{
	struct signal_struct *signal = task->signal;
	u64 utime = 0, stime = 0;
	unsigned long pages = 0;

	memset(ru, 0, sizeof(*ru));
	if (who == RUSAGE_THREAD) {
		task_cputime(task, &utime, &stime);
		add_thread(ru, task);
		pages = process_maxrss(task);
	} else if (who != RUSAGE_CHILDREN) {
		process_cputime(task, &utime, &stime);
		add_process(ru, task);
		pages = process_maxrss(task);
	}
	if (who == RUSAGE_CHILDREN || who == RUSAGE_BOTH) {
		utime += signal->cutime_ns;
		stime += signal->cstime_ns;
		add_children(ru, signal);
		pages = max(pages, signal->cmaxrss);
	}
	ru->ru_utime = ns_timeval(utime);
	ru->ru_stime = ns_timeval(stime);
	ru->ru_maxrss = pages * (PAGE_SIZE / 1024);
}

void account_child(struct task_struct *parent, struct task_struct *child)
{
	struct signal_struct *to = parent->signal, *from = child->signal;
	u64 utime, stime;

	process_cputime(child, &utime, &stime);
	to->cutime_ns += utime + from->cutime_ns;
	to->cstime_ns += stime + from->cstime_ns;
	to->cmin_flt += child->min_flt + from->min_flt + from->cmin_flt;
	to->cmaj_flt += child->maj_flt + from->maj_flt + from->cmaj_flt;
	to->cnvcsw += child->nvcsw + from->nvcsw + from->cnvcsw;
	to->cnivcsw += child->nivcsw + from->nivcsw + from->cnivcsw;
	to->cmaxrss = max(to->cmaxrss, max(from->maxrss, from->cmaxrss));
}
