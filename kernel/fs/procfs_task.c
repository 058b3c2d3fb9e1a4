/* procfs_task.c - /proc/PID/stat, status and statm: what a task is and has used.
 * What belongs to the process tree is copied under tasklist_lock first and printed after, because
 * printing may sleep. Counters that others update meanwhile are read as they are.
 * In /proc/PID times and faults are the whole process's, in /proc/PID/task/TID one thread's. */
#include "procfs_internal.h"

#include <asm/percpu.h>
#include <drivers/tty.h>
#include <fs/fdtable.h>
#include <fs/inode.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/system.h>

#define NSEC_PER_TICK	(NSEC_PER_SEC / 100)	/* the unit of times in these files */
#define STAT_MAX	(TASK_COMM_LEN + 52 * (FORMAT_MAX + 2))	/* bytes of stat, at the most */

/* Linux's task flags, as far as we have them too. */
#define STAT_PF_EXITING		0x00000004u
#define STAT_PF_MEMALLOC	0x00000800u
#define STAT_PF_KTHREAD		0x00200000u

struct task_facts {
	char		comm[TASK_COMM_LEN];
	char		state;
	int		pid, tgid, ppid, pgrp, session, exit_signal, exit_code, cpu, nice;
	unsigned int	flags, tty, nr_threads, policy, rt_priority;
	int		tty_pgrp;
	struct cred	cred;
	u64		utime, stime, cutime, cstime, start_time;
	unsigned long	min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw;
	unsigned long	rss_limit, queue_limit, cpus_allowed;
	sigset_t	pending, shared_pending, blocked, ignored, caught;
	bool		no_new_privs;
};

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "X (dead)";
	}
}

static char state_letter(const struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->state);

	if (task->exit_state == EXIT_ZOMBIE)
		return 'Z';
	if (task->exit_state == EXIT_DEAD || state == TASK_DEAD)
		return 'X';
	if (state & TASK_STOPPED)
		return 'T';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	return state & TASK_UNINTERRUPTIBLE ? 'D' : 'R';
}

/* What all threads of the process have used, dead ones included. tasklist_lock held. */
static void group_usage(struct task_struct *task, struct task_facts *f)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *t;

	process_cputime(task, &f->utime, &f->stime);
	f->min_flt = signal->min_flt;
	f->maj_flt = signal->maj_flt;
	for_each_thread(task, t) {
		f->min_flt += t->min_flt;
		f->maj_flt += t->maj_flt;
	}
}

/* tasklist_lock held. */
static void tree_facts(struct task_struct *task, bool group, struct task_facts *f)
{
	struct signal_struct *signal = task->signal;

	f->state = state_letter(task);
	f->ppid = task_ppid(task);
	f->pgrp = signal->pgrp;
	f->session = signal->session;
	f->tty = tty_device_number(signal->tty);
	f->tty_pgrp = tty_foreground_pgrp(signal->tty);
	f->nr_threads = signal->nr_threads;
	f->exit_signal = task->exit_signal;
	f->exit_code = task->exit_code;
	f->cutime = signal->cutime_ns;
	f->cstime = signal->cstime_ns;
	f->cmin_flt = signal->cmin_flt;
	f->cmaj_flt = signal->cmaj_flt;
	if (group) {
		group_usage(task, f);
		return;
	}
	task_cputime(task, &f->utime, &f->stime);
	f->min_flt = task->min_flt;
	f->maj_flt = task->maj_flt;
}

static void signal_facts(struct task_struct *task, struct task_facts *f)
{
	unsigned long flags;

	signal_sets(task, &f->ignored, &f->caught);
	flags = spin_lock_irqsave(&task->signal->lock);
	f->pending = task->pending.signal;
	f->shared_pending = task->signal->shared_pending.signal;
	f->blocked = task->blocked;
	f->queue_limit = task->signal->rlim[RLIMIT_SIGPENDING].rlim_cur;
	f->rss_limit = task->signal->rlim[RLIMIT_RSS].rlim_cur;
	spin_unlock_irqrestore(&task->signal->lock, flags);
}

/* 0, or -ESRCH if the task has been waited for meanwhile. */
static int gather(struct inode *inode, struct task_facts *f)
{
	struct task_struct *task = proc_i(inode)->task;
	unsigned long flags;
	bool there;

	memset(f, 0, sizeof(*f));
	flags = spin_lock_irqsave(&tasklist_lock);
	there = find_task_by_pid(task->pid) == task;
	if (there)
		tree_facts(task, !proc_i(inode)->thread, f);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!there)
		return -ESRCH;
	signal_facts(task, f);
	strlcpy(f->comm, task->comm, sizeof(f->comm));
	f->pid = task->pid;
	f->tgid = task->tgid;
	f->flags = (task->flags & PF_EXITING ? STAT_PF_EXITING : 0) |
		   (task->flags & PF_MEMALLOC ? STAT_PF_MEMALLOC : 0) |
		   (task->flags & PF_KTHREAD ? STAT_PF_KTHREAD : 0);
	f->cred = task->cred;
	f->cpu = task->cpu;
	f->nice = task->nice;
	f->policy = task->policy;
	f->rt_priority = task->rt_priority;
	f->start_time = task->start_time;
	f->nvcsw = task->nvcsw;
	f->nivcsw = task->nivcsw;
	f->cpus_allowed = task->cpus_allowed;
	f->no_new_privs = task->no_new_privs;
	return 0;
}

/* ---- stat ---- */

struct mm_facts {
	unsigned long	vsize, rss, start_code, end_code, start_stack, start_data, end_data;
	unsigned long	start_brk, arg_start, arg_end, env_start, env_end;
};

/* All 0 for kernel threads and the dead; addresses only for those who may know them. */
static void gather_mm(struct task_struct *task, struct mm_facts *f)
{
	struct mm_struct *mm = get_task_mm(task);

	memset(f, 0, sizeof(*f));
	if (!mm)
		return;
	f->vsize = READ_ONCE(mm->total_vm) << PAGE_SHIFT;
	f->rss = get_mm_rss(mm);
	if (proc_may_access(task)) {
		f->start_code = mm->start_code;
		f->end_code = mm->end_code;
		f->start_stack = mm->start_stack;
		f->start_data = mm->start_data;
		f->end_data = mm->end_data;
		f->start_brk = mm->start_brk;
		f->arg_start = mm->arg_start;
		f->arg_end = mm->arg_end;
		f->env_start = mm->env_start;
		f->env_end = mm->env_end;
	}
	mmput(mm);
}

/* @nr numbers, each with a blank behind it. Returns where the text goes on. */
static char *format_fields(char *p, const s64 *fields, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		s64 value = fields[i];

		if (value < 0)
			*p++ = '-';
		p = format_dec(p, value < 0 ? -(u64)value : (u64)value);
		*p++ = ' ';
	}
	return p;
}

/* Fields 1 to 3, as they are: a name may have blanks and brackets. */
static char *format_name(char *p, const struct task_facts *f)
{
	size_t len = strlen(f->comm);

	p = format_dec(p, f->pid);
	*p++ = ' ';
	*p++ = '(';
	memcpy(p, f->comm, len);
	p += len;
	*p++ = ')';
	*p++ = ' ';
	*p++ = f->state;
	*p++ = ' ';
	return p;
}

/* Fields 1 to 52 of proc(5); the comments give the number of the first in each row. */
static char *format_stat(char *p, const struct task_facts *f, const struct mm_facts *m,
			 int exit_code)
{
	const s64 before_limit[] = {
		/* 4 */
		f->ppid, f->pgrp, f->session, f->tty, f->tty_pgrp, f->flags,
		/* 10 */
		f->min_flt, f->cmin_flt, f->maj_flt, f->cmaj_flt, f->utime / NSEC_PER_TICK,
		f->stime / NSEC_PER_TICK, f->cutime / NSEC_PER_TICK, f->cstime / NSEC_PER_TICK,
		/* 18 */
		20 + f->nice, f->nice, f->nr_threads, 0, f->start_time / NSEC_PER_TICK,
		m->vsize, m->rss,
	};
	const s64 behind_limit[] = {
		/* 26: code, stack; stack and instruction pointer are nobody's business */
		m->start_code, m->end_code, m->start_stack, 0, 0,
		/* 31: only the 31 old signals fit */
		f->pending & 0x7fffffff, f->blocked & 0x7fffffff, f->ignored & 0x7fffffff,
		f->caught & 0x7fffffff,
		/* 35: wait channel, swaps */
		0, 0, 0, f->exit_signal, f->cpu, f->rt_priority, f->policy,
		/* 42: I/O delay, guest times */
		0, 0, 0, m->start_data, m->end_data, m->start_brk, m->arg_start, m->arg_end,
		m->env_start, m->env_end, exit_code,
	};

	p = format_fields(format_name(p, f), before_limit, ARRAY_SIZE(before_limit));
	p = format_dec(p, f->rss_limit);	/* up to 2^64 - 1 */
	*p++ = ' ';
	return format_fields(p, behind_limit, ARRAY_SIZE(behind_limit));
}

int proc_pid_stat_show(struct proc_text *text, struct inode *inode)
{
	struct task_struct *task = proc_i(inode)->task;
	struct task_facts f;
	struct mm_facts m;
	int ret = gather(inode, &f);
	char *p;

	if (ret)
		return ret;
	gather_mm(task, &m);
	p = text_room(text, STAT_MAX);
	if (!p)
		return 0;
	p = format_stat(p, &f, &m, proc_may_access(task) ? f.exit_code : 0);
	p[-1] = '\n';
	text_added(text, p);
	return 0;
}

/* ---- statm ---- */

static unsigned long text_bytes(const struct mm_struct *mm)
{
	return PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK);
}

int proc_pid_statm_show(struct proc_text *text, struct inode *inode)
{
	struct mm_struct *mm = get_task_mm(proc_i(inode)->task);

	if (!mm) {
		text_printf(text, "0 0 0 0 0 0 0\n");
		return 0;
	}
	text_printf(text, "%lu %lu %ld %lu 0 %lu 0\n", READ_ONCE(mm->total_vm), get_mm_rss(mm),
		    max(atomic_read(&mm->rss_file) + atomic_read(&mm->rss_shmem), 0L),
		    text_bytes(mm) >> PAGE_SHIFT, READ_ONCE(mm->data_vm) + READ_ONCE(mm->stack_vm));
	mmput(mm);
	return 0;
}

/* ---- status ---- */

static void show_kb(struct proc_text *text, const char *name, unsigned long bytes)
{
	text_printf(text, "%s:\t%8lu kB\n", name, bytes >> 10);
}

static void show_pages(struct proc_text *text, const char *name, long pages)
{
	show_kb(text, name, max(pages, 0L) << PAGE_SHIFT);
}

static void show_memory(struct proc_text *text, struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm), code = text_bytes(mm);
	unsigned long exec = READ_ONCE(mm->exec_vm) << PAGE_SHIFT;

	show_pages(text, "VmPeak", max(mm->hiwater_vm, mm->total_vm));
	show_pages(text, "VmSize", mm->total_vm);
	show_pages(text, "VmLck", mm->locked_vm);
	show_pages(text, "VmPin", 0);
	show_pages(text, "VmHWM", max(mm->hiwater_rss, rss));
	show_pages(text, "VmRSS", rss);
	show_pages(text, "RssAnon", atomic_read(&mm->rss_anon));
	show_pages(text, "RssFile", atomic_read(&mm->rss_file));
	show_pages(text, "RssShmem", atomic_read(&mm->rss_shmem));
	show_pages(text, "VmData", mm->data_vm);
	show_pages(text, "VmStk", mm->stack_vm);
	show_kb(text, "VmExe", min(code, exec));
	show_kb(text, "VmLib", exec > code ? exec - code : 0);
	show_pages(text, "VmPTE", atomic_read(&mm->nr_ptes));
	show_pages(text, "VmSwap", atomic_read(&mm->swapents));
}

static void show_identity(struct proc_text *text, struct task_struct *task,
			  const struct task_facts *f)
{
	const struct cred *c = &f->cred;
	struct files_struct *files = get_task_files(task);
	struct fs_struct *fs = get_task_fs(task);

	text_printf(text, "Name:\t");
	text_escaped(text, f->comm, "\n\\");
	text_printf(text, "\n");
	if (fs) {
		text_printf(text, "Umask:\t%04o\n", READ_ONCE(fs->umask));
		fs_put(fs);
	}
	text_printf(text, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		    state_name(f->state), f->tgid, f->pid, f->ppid);
	text_printf(text, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid);
	text_printf(text, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid, c->fsgid);
	text_printf(text, "FDSize:\t%u\nGroups:\t", files ? READ_ONCE(files->max_fds) : 0);
	if (files)
		files_put(files);
	for (unsigned int i = 0; i < c->ngroups; i++)
		text_printf(text, "%u ", c->groups[i]);
	text_printf(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", f->tgid, f->pid,
		    f->pgrp, f->session);
}

static void show_signals(struct proc_text *text, const struct task_facts *f)
{
	text_printf(text, "SigQ:\t%u/%lu\n", nr_queued_signals(f->cred.uid), f->queue_limit);
	text_printf(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\n"
		    "SigCgt:\t%016lx\n", f->pending, f->shared_pending, f->blocked, f->ignored,
		    f->caught);
}

/* There are no capabilities but root's: all of them. */
static void show_capabilities(struct proc_text *text, const struct task_facts *f)
{
	const u64 all = BIT(CAP_LAST_CAP + 1) - 1;
	bool permitted = !f->cred.uid || !f->cred.euid || !f->cred.suid;

	text_printf(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n"
		    "CapAmb:\t%016lx\nNoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", 0UL,
		    permitted ? all : 0UL, f->cred.euid ? 0UL : all, all, 0UL, f->no_new_privs);
}

static void show_cpus(struct proc_text *text, unsigned long mask)
{
	const char *comma = "";

	mask &= BIT(nr_cpus) - 1;
	text_printf(text, "Cpus_allowed:\t%0*lx\nCpus_allowed_list:\t", (int)(nr_cpus + 3) / 4,
		    mask);
	for (unsigned int first = 0, last; first < nr_cpus; first = last + 1) {
		last = first;
		if (!(mask & BIT(first)))
			continue;
		while (mask & BIT(last + 1))
			last++;
		text_printf(text, first == last ? "%s%u" : "%s%u-%u", comma, first, last);
		comma = ",";
	}
	text_printf(text, "\n");
}

int proc_pid_status_show(struct proc_text *text, struct inode *inode)
{
	struct task_struct *task = proc_i(inode)->task;
	struct mm_struct *mm;
	struct task_facts f;
	int ret = gather(inode, &f);

	if (ret)
		return ret;
	show_identity(text, task, &f);
	mm = get_task_mm(task);
	if (mm) {
		show_memory(text, mm);
		mmput(mm);
	}
	text_printf(text, "Threads:\t%u\n", f.nr_threads);
	show_signals(text, &f);
	show_capabilities(text, &f);
	show_cpus(text, f.cpus_allowed);
	text_printf(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		    f.nvcsw, f.nivcsw);
	return 0;
}
