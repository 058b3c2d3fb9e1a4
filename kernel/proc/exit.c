/* exit.c - the end of threads and processes.
 * A thread lets go of its parts one by one, then, in exit_notify(), leaves the trees: a thread that
 * is not the leader is gone at once; the leader stays, as a zombie, until it is the last thread and
 * somebody has waited for it (wait.c).
 * Holds:  children belong to the leader of the parent process, whichever thread made them, and go
 *         to process 1 (or a subreaper) when the last thread of that process is gone.
 *         exit_state is EXIT_ZOMBIE from exit_notify() until EXIT_DEAD, which one waiter sets.
 * Locks:  tasklist_lock, then signal->lock.
 * Read:   wait.c; fork.c for the references. */
#include <proc/process.h>

#include <asm/irqflags.h>
#include <debug/panic.h>
#include <drivers/tty.h>
#include <fs/fdtable.h>
#include <lib/list.h>
#include <mm/mm.h>
#include <mm/verify.h>
#include <proc/futex.h>
#include <proc/itimer.h>
#include <proc/pid.h>
#include <proc/posix_timer.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>

/* The address space is left; the tables stay loaded until another thread runs, and are borrowed. */
static void exit_mm(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (!mm)
		return;
	task->signal->maxrss = max(task->signal->maxrss, get_mm_hiwater_rss(mm));
	mmgrab(mm);
	spin_lock(&task->alloc_lock);
	task->mm = NULL;
	spin_unlock(&task->alloc_lock);
	mmput(mm);
}

static void exit_files(struct task_struct *task)
{
	struct files_struct *files = task->files;
	struct fs_struct *fs = task->fs;

	spin_lock(&task->alloc_lock);
	task->files = NULL;
	spin_unlock(&task->alloc_lock);
	if (files)
		files_put(files);
	spin_lock(&task->alloc_lock);
	task->fs = NULL;
	spin_unlock(&task->alloc_lock);
	if (fs)
		fs_put(fs);
}

/* ---- groups without a shell ---- */

bool is_orphaned_pgrp(int pgrp, const struct task_struct *ignored)
{
	struct task_struct *p, *parent;

	for_each_process(p) {
		parent = p->real_parent;
		if (p->signal->pgrp != pgrp || p == ignored || p->exit_state ||
		    parent == init_task_ptr)
			continue;
		if (parent->signal->pgrp != pgrp && parent->signal->session == p->signal->session)
			return false;
	}
	return true;
}

static bool has_stopped_jobs(int pgrp)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp && (p->signal->flags & SIGNAL_STOPPED))
			return true;
	return false;
}

static void signal_pgrp_locked(int pgrp, int sig)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp && !(p->flags & PF_KTHREAD))
			send_signal(sig, NULL, p, true);
}

/* @task loses @parent (or dies itself: @parent NULL). If that leaves its group without anybody who
 * could continue its stopped members, they are told. */
static void kill_orphaned_pgrp(struct task_struct *task, struct task_struct *parent)
{
	int pgrp = task->signal->pgrp;
	struct task_struct *ignored = parent ? NULL : task;

	if (!parent)
		parent = task->real_parent;
	if (parent->signal->pgrp == pgrp || parent->signal->session != task->signal->session)
		return;
	if (!has_stopped_jobs(pgrp) || !is_orphaned_pgrp(pgrp, ignored))
		return;
	signal_pgrp_locked(pgrp, SIGHUP);
	signal_pgrp_locked(pgrp, SIGCONT);
}

/* ---- leaving the trees ---- */

static struct task_struct *find_reaper(struct task_struct *dying)
{
	struct task_struct *p;

	for (p = dying->real_parent; p != p->real_parent && p != init_task_ptr; p = p->real_parent)
		if (p->signal->subreaper && atomic_read(&p->signal->live))
			return p;
	return init_task_ptr;
}

/* @leader's process is over: its children get another parent. */
static void forget_children(struct task_struct *leader)
{
	struct task_struct *child, *next, *reaper;

	if (list_empty(&leader->children))
		return;
	reaper = find_reaper(leader);
	list_for_each_entry_safe(child, next, &leader->children, sibling) {
		child->real_parent = reaper;
		list_move_tail(&child->sibling, &reaper->children);
		if (child->pdeath_signal)
			send_signal(child->pdeath_signal, NULL, child, true);
		child->exit_signal = SIGCHLD;
		if (child->exit_state == EXIT_ZOMBIE && child->signal->nr_threads == 1 &&
		    do_notify_parent(child, SIGCHLD)) {
			child->exit_state = EXIT_DEAD;
			release_task(child);
			continue;
		}
		kill_orphaned_pgrp(child, leader);
	}
}

/* What the process used, for getrusage(2) and the parent. */
static void account_dead_thread(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	u64 utime, stime;

	task_cputime(task, &utime, &stime);
	signal->utime_ns += utime;
	signal->stime_ns += stime;
	signal->min_flt += task->min_flt;
	signal->maj_flt += task->maj_flt;
	signal->nvcsw += task->nvcsw;
	signal->nivcsw += task->nivcsw;
}

static void wake_exec(struct signal_struct *signal)
{
	if (signal->exec_task)
		wake_up_all(&signal->wait_chldexit);
}

void release_task(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;

	spin_lock(&signal->lock);
	account_dead_thread(task);
	list_del_init(&task->thread_node);
	signal->nr_threads--;
	spin_unlock(&signal->lock);
	if (task == task->group_leader) {
		list_del_init(&task->sibling);
		list_del_init(&task->tasks);
		pid_put(signal->pgrp);
		pid_put(signal->session);
	}
	pid_free(task->pid);
	task->exit_state = EXIT_DEAD;
	/* Whoever still has a reference must not follow these to tasks that are no more. */
	task->group_leader = task;
	task->real_parent = idle_task(0);
	put_task(task);
}

/* The last thread of @leader's process has gone; @leader may have been a zombie for long. */
static void process_is_over(struct task_struct *leader)
{
	struct signal_struct *signal = leader->signal;
	int sig = leader->exit_signal;

	WRITE_ONCE(signal->over, true);
	wake_up_all(&signal->pidfd_wait);
	if (do_notify_parent(leader, sig))
		release_task(leader);
}

static void exit_notify(struct task_struct *task, bool group_dead)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *leader = task->group_leader;

	spin_lock_irq(&tasklist_lock);
	if (group_dead) {
		forget_children(leader);
		kill_orphaned_pgrp(leader, NULL);
	}
	task->exit_state = EXIT_ZOMBIE;
	if (task != leader)
		release_task(task);
	wake_exec(signal);
	if (leader->exit_state == EXIT_ZOMBIE && signal->nr_threads == 1)
		process_is_over(leader);
	spin_unlock_irq(&tasklist_lock);
}

/* There is nothing to run any more. No registers: it was not the kernel that went wrong. */
static void __noreturn init_is_dead(int code)
{
	if (code & 0x7f)
		panic_plain("Attempted to kill init! exitcode=0x%08x: process 1 was killed by "
			    "signal %d", code, code & 0x7f);
	panic_plain("Attempted to kill init! exitcode=0x%08x: process 1 has exited with status %d; "
		    "to end the machine it calls reboot(RB_POWER_OFF)", code, code >> 8 & 0xff);
}

/* The last thread begins to go; the code is what the parent will see. */
static void group_is_dead(struct task_struct *task, int code)
{
	struct signal_struct *signal = task->signal;

	if (task->group_leader == init_task_ptr)
		init_is_dead((signal->flags & SIGNAL_GROUP_EXIT) ? signal->group_exit_code : code);
	itimers_exit(signal);
	posix_timers_exit(signal);
	if (signal->leader)
		disassociate_ctty(task);
}

void __noreturn do_exit(int code)
{
	struct task_struct *task = current;
	bool group_dead;

	if (in_interrupt())
		panic("Fatal exception in interrupt");
	if (task == idle_task(smp_processor_id()))
		panic("Attempted to kill the idle task!");
	if (task->flags & PF_EXITING)
		panic("%s[%d] died while it was dying", task->comm, task->pid);
	local_irq_enable();
	spin_lock_irq(&task->signal->lock);
	task->flags |= PF_EXITING;		/* no signal is directed here any more */
	spin_unlock_irq(&task->signal->lock);
	task->exit_code = code;
	group_dead = atomic_dec_and_test(&task->signal->live);
	if (group_dead && !(task->flags & PF_KTHREAD))
		group_is_dead(task, code);
	signals_exit_thread(task);
	exit_robust_list(task);
	mm_release(task);
	exit_mm(task);
	exit_files(task);
	if (CONFIG_DEBUG && group_dead)
		verify_at_exit();
	exit_notify(task, group_dead);
	/* Off this processor for ever; finish_switch() drops the last reference. */
	WRITE_ONCE(task->state, TASK_DEAD);
	schedule();
	panic("A dead thread ran again");
}

void __noreturn do_group_exit(int code)
{
	struct signal_struct *signal = current->signal;

	spin_lock_irq(&signal->lock);
	if (signal->flags & SIGNAL_GROUP_EXIT) {
		code = signal->group_exit_code;		/* another thread was first */
	} else if (signal->exec_task) {
		code = 0;				/* the new program has another end */
	} else {
		signal->flags |= SIGNAL_GROUP_EXIT;
		signal->group_exit_code = code;
		zap_other_threads();
	}
	spin_unlock_irq(&signal->lock);
	do_exit(code);
}

/* ---- exec: one thread takes over ---- */

/* current, not the leader, becomes the leader: number, place among the processes, and children. The
 * old leader is a zombie that nobody has been told of. tasklist_lock held. */
static void become_leader(struct task_struct *task, struct task_struct *leader)
{
	struct task_struct *child;

	list_for_each_entry(child, &leader->children, sibling)
		child->real_parent = task;
	list_splice_tail_init(&leader->children, &task->children);
	list_add(&task->sibling, &leader->sibling);
	list_del_init(&leader->sibling);
	list_add(&task->tasks, &leader->tasks);
	list_del_init(&leader->tasks);
	task->real_parent = leader->real_parent;
	task->exit_signal = SIGCHLD;
	task->start_time = leader->start_time;
	task->group_leader = task;
	/* Numbers change places, so that release_task() frees the one that is no longer needed. */
	leader->pid = task->pid;
	task->pid = task->tgid;
	pid_set_task(task->pid, task);
	pid_set_task(leader->pid, leader);
	if (leader == init_task_ptr)
		init_task_ptr = task;
	/* release_task() must not take it for a process. */
	leader->group_leader = task;
	release_task(leader);
}

/* current alone is left, but for a leader that is a zombie. */
static bool others_gone(struct task_struct *task)
{
	unsigned int nr = READ_ONCE(task->signal->nr_threads);
	struct task_struct *leader = task->group_leader;

	return nr == 1 || (nr == 2 && leader != task &&
			   READ_ONCE(leader->exit_state) == EXIT_ZOMBIE);
}

int de_thread(void)
{
	struct task_struct *task = current;
	struct signal_struct *signal = task->signal;
	int err;

	spin_lock_irq(&signal->lock);
	if ((signal->flags & SIGNAL_GROUP_EXIT) || signal->exec_task) {
		spin_unlock_irq(&signal->lock);
		return -EAGAIN;			/* we are to die, and then this does not matter */
	}
	signal->exec_task = task;
	zap_other_threads();
	spin_unlock_irq(&signal->lock);
	err = wait_event_killable(&signal->wait_chldexit, others_gone(task));
	spin_lock_irq(&tasklist_lock);
	if (!err && task->group_leader != task)
		become_leader(task, task->group_leader);
	spin_lock(&signal->lock);
	signal->exec_task = NULL;
	spin_unlock(&signal->lock);
	/* Killed while waiting: a zombie leader still waits for its last thread, and that is us. */
	spin_unlock_irq(&tasklist_lock);
	return err ? -EAGAIN : 0;
}
