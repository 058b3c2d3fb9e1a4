/* signal.c - sending signals.
 * A signal goes to a process (shared_pending) or to one thread (pending). Sending decides at once
 * what cannot wait: a stop signal cancels a pending SIGCONT and the other way round, an ignored
 * signal is dropped, and one that kills is turned into a SIGKILL for every thread, so that they
 * wake up wherever they sleep. The rest happens when the receiver is about to go to user mode:
 * signal_deliver.c.
 * Holds:  pending.signal has the bit of every entry in pending.list. task->sigpending is set
 *         whenever the thread has anything to look at; only the thread itself clears it.
 * Locks:  signal->lock (RANK_SIGHAND, interrupts off) for all of it; tasklist_lock before it to
 *         walk processes, and to tell a parent.
 * Read:   signal_deliver.c, signal_calls.c; arch's signal_frame.c. */
#include <proc/signal.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <proc/cred.h>
#include <proc/itimer.h>
#include <proc/pid.h>
#include <proc/process.h>
#include <sched/sched.h>
#include <uapi/resource.h>
#include <uapi/time.h>
#include <uapi/wait.h>
#include "internal.h"

DECLARE_WAIT_QUEUE_HEAD(signal_arrived);

static struct kmem_cache *sigqueue_cache;

void signal_init(void)
{
	sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 8);
}

bool fatal_signal_pending(struct task_struct *task)
{
	return signal_pending(task) && sigismember(READ_ONCE(task->pending.signal), SIGKILL);
}

/* ---- queues ---- */

void flush_sigpending(struct sigpending *pending)
{
	struct sigqueue *q, *next;

	list_for_each_entry_safe(q, next, &pending->list, list)
		kmem_cache_free(sigqueue_cache, q);
	sigpending_init(pending);
}

/* Drop the pending signals of @set. */
void sigpending_remove(struct sigpending *pending, sigset_t set)
{
	struct sigqueue *q, *next;

	if (!(pending->signal & set))
		return;
	pending->signal &= ~set;
	list_for_each_entry_safe(q, next, &pending->list, list) {
		if (sigismember(set, q->info.si_signo)) {
			list_del(&q->list);
			kmem_cache_free(sigqueue_cache, q);
		}
	}
}

/* Drop what POSIX timers have sent, but for a SIGKILL: the process is dying of it. */
void sigpending_remove_timers(struct sigpending *pending)
{
	sigset_t dropped = 0, others = 0;
	struct sigqueue *q, *next;

	list_for_each_entry_safe(q, next, &pending->list, list) {
		if (q->info.si_code != SI_TIMER || q->info.si_signo == SIGKILL) {
			others |= sigmask(q->info.si_signo);
			continue;
		}
		dropped |= sigmask(q->info.si_signo);
		list_del(&q->list);
		kmem_cache_free(sigqueue_cache, q);
	}
	pending->signal &= ~(dropped & ~others);
}

/* Take the first @sig out of @pending into @info. Its bit stays if there is another. */
void sigpending_take(struct sigpending *pending, int sig, struct kernel_siginfo *info)
{
	struct sigqueue *q, *next, *found = NULL;

	pending->signal &= ~sigmask(sig);
	list_for_each_entry_safe(q, next, &pending->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (found) {
			pending->signal |= sigmask(sig);
			break;
		}
		found = q;
	}
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	if (found) {
		*info = found->info;
		list_del(&found->list);
		kmem_cache_free(sigqueue_cache, found);
	}
}

static unsigned int queue_length(const struct sigpending *pending)
{
	struct sigqueue *q;
	unsigned int nr = 0;

	list_for_each_entry(q, &pending->list, list)
		nr++;
	return nr;
}

/* @info NULL: from the kernel. A real-time signal sent by sigqueue(3) must not be lost silently:
 * -EAGAIN. All others arrive at least without their siginfo. */
static int sigpending_add(struct sigpending *pending, int sig, const struct kernel_siginfo *info,
			  const struct task_struct *task)
{
	struct sigqueue *q = NULL;

	/* A full queue is for real-time signals only: one entry is enough for each of the
	 * others. */
	if (sig < SIGRTMIN ||
	    queue_length(pending) < min(task->signal->rlim[RLIMIT_SIGPENDING].rlim_cur, 4096UL))
		q = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC);
	if (q) {
		memset(&q->info, 0, sizeof(q->info));
		if (info)
			q->info = *info;
		else
			q->info.si_code = SI_KERNEL;
		q->info.si_signo = sig;
		list_add_tail(&q->list, &pending->list);
	} else if (sig >= SIGRTMIN && info && info->si_code != SI_USER) {
		return -EAGAIN;
	}
	pending->signal |= sigmask(sig);
	return 0;
}

/* ---- who gets it ---- */

/* Have @task look at its signals: it is awake afterwards if it sleeps in one of @states. */
static void signal_wake_up(struct task_struct *task, unsigned int states)
{
	WRITE_ONCE(task->sigpending, true);
	/* In user mode on another processor it must come into the kernel: wake_up_state() finds
	 * nothing to wake then. */
	if (!wake_up_state(task, states))
		kick_task(task);
}

/* @task is to die whatever it does. */
static void kill_thread(struct task_struct *task)
{
	if (task->flags & PF_EXITING)
		return;
	task->pending.signal |= sigmask(SIGKILL);
	task->stop_wanted = false;
	signal_wake_up(task, TASK_INTERRUPTIBLE | TASK_WAKEKILL | TASK_STOPPED);
}

unsigned int zap_other_threads(void)
{
	struct task_struct *t;
	unsigned int nr = 0;

	current->signal->stop_count = 0;
	for_each_thread(current, t) {
		if (t == current)
			continue;
		nr++;
		kill_thread(t);
	}
	return nr;
}

bool default_ignored(int sig)
{
	return sig == SIGCONT || sig == SIGCHLD || sig == SIGWINCH || sig == SIGURG;
}

bool default_stops(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

char core_pattern[CORE_PATTERN_MAX] = "core";

static bool default_dumps(int sig)
{
	const sigset_t set = sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) |
			     sigmask(SIGABRT) | sigmask(SIGBUS) | sigmask(SIGFPE) |
			     sigmask(SIGSEGV) | sigmask(SIGSYS) | sigmask(SIGXCPU) |
			     sigmask(SIGXFSZ);

	return sigismember(set, sig);
}

int death_code(const struct signal_struct *signal, int sig)
{
	bool dumps = default_dumps(sig) && signal->dumpable && core_pattern[0] &&
		     signal->rlim[RLIMIT_CORE].rlim_cur >= PAGE_SIZE;

	return dumps ? sig | CORE_FLAG : sig;
}

static bool handler_ignores(const struct signal_struct *signal, int sig)
{
	unsigned long handler = signal->action[sig - 1].sa_handler;

	if ((signal->flags & SIGNAL_UNKILLABLE) && handler == SIG_DFL)
		return true;
	return handler == SIG_IGN || (handler == SIG_DFL && default_ignored(sig));
}

/* Nothing would come of it. A blocked signal may yet be unblocked with another action. */
static bool sig_ignored(const struct task_struct *task, int sig)
{
	if (task->flags & PF_KTHREAD)
		return true;
	if (sigismember(task->blocked | task->real_blocked, sig))
		return false;
	return handler_ignores(task->signal, sig);
}

/* Stop signals and SIGCONT undo each other at the moment of sending. True: @sig is to be
 * delivered. */
static bool prepare_signal(int sig, struct task_struct *task)
{
	const sigset_t stops = sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) |
			       sigmask(SIGTTOU);
	struct signal_struct *signal = task->signal;
	struct task_struct *t;

	if (signal->flags & SIGNAL_GROUP_EXIT)
		return sig == SIGKILL;
	if (sig == SIGCONT) {
		sigpending_remove(&signal->shared_pending, stops);
		for_each_thread(task, t) {
			sigpending_remove(&t->pending, stops);
			t->stop_wanted = false;
			wake_up_state(t, TASK_STOPPED);
		}
		if (signal->flags & SIGNAL_STOPPED) {
			signal->flags &= ~(SIGNAL_STOPPED | SIGNAL_CLD_STOPPED);
			signal->flags |= SIGNAL_CONTINUED | SIGNAL_CLD_CONTINUED;
			signal->group_exit_code = 0;
			signal->stop_count = 0;
			/* A thread of it will tell the parent, even if SIGCONT is ignored. */
			for_each_thread(task, t)
				WRITE_ONCE(t->sigpending, true);
		} else if (signal->stop_count) {
			signal->stop_count = 0;
			signal->group_exit_code = 0;
		}
	} else if (sigismember(stops, sig)) {
		sigpending_remove(&signal->shared_pending, sigmask(SIGCONT));
		for_each_thread(task, t)
			sigpending_remove(&t->pending, sigmask(SIGCONT));
	}
	return !sig_ignored(task, sig);
}

static bool wants_signal(int sig, const struct task_struct *task)
{
	if ((task->flags & PF_EXITING) || sigismember(task->blocked, sig))
		return false;
	return sig == SIGKILL || task->state != TASK_STOPPED;
}

/* The thread that is to take @sig; NULL: all block it. The main one is the first choice. */
static struct task_struct *choose_thread(int sig, struct task_struct *task, bool to_group)
{
	struct task_struct *t;

	if (wants_signal(sig, task))
		return task;
	if (!to_group)
		return NULL;
	for_each_thread(task, t)
		if (wants_signal(sig, t))
			return t;
	return NULL;
}

static void complete_signal(int sig, struct task_struct *task, bool to_group)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *t = choose_thread(sig, task, to_group);

	if (!t)
		return;
	if (signal->action[sig - 1].sa_handler == SIG_DFL && !default_stops(sig) &&
	    !default_ignored(sig) && !(signal->flags & (SIGNAL_GROUP_EXIT | SIGNAL_UNKILLABLE)) &&
	    (sig == SIGKILL || !sigismember(t->real_blocked, sig))) {
		/* The whole process dies of it, now. */
		signal->flags |= SIGNAL_GROUP_EXIT;
		signal->flags &= ~SIGNAL_STOPPED;
		signal->group_exit_code = death_code(signal, sig);
		signal->stop_count = 0;
		for_each_thread(task, t)
			kill_thread(t);
		return;
	}
	signal_wake_up(t, sig == SIGKILL ? TASK_INTERRUPTIBLE | TASK_WAKEKILL | TASK_STOPPED :
					   TASK_INTERRUPTIBLE);
}

int send_signal_locked(int sig, const struct kernel_siginfo *info, struct task_struct *task,
		       bool to_group)
{
	struct sigpending *pending = to_group ? &task->signal->shared_pending : &task->pending;
	int err;

	if (!prepare_signal(sig, task))
		return 0;
	/* Classic signals do not queue up. */
	if (sig < SIGRTMIN && sigismember(pending->signal, sig))
		return 0;
	err = sigpending_add(pending, sig, info, task);
	if (err)
		return err;
	complete_signal(sig, task, to_group);
	/* Who sleeps there queued himself before he looked, under our lock, for what is pending. */
	if (unlikely(!list_empty(&signal_arrived.head)))
		wake_up_all(&signal_arrived);
	return 0;
}

int send_signal(int sig, const struct kernel_siginfo *info, struct task_struct *task, bool to_group)
{
	unsigned long flags;
	int err;

	if (!sig || (task->flags & PF_KTHREAD))
		return 0;
	flags = spin_lock_irqsave(&task->signal->lock);
	err = send_signal_locked(sig, info, task, to_group);
	spin_unlock_irqrestore(&task->signal->lock, flags);
	return err;
}

/* ---- with permission ---- */

static bool may_signal(int sig, const struct task_struct *task)
{
	if (task->signal == current->signal || capable() || same_user(task))
		return true;
	return sig == SIGCONT && task->signal->session == current->signal->session;
}

int kill_task_checked(int sig, const struct kernel_siginfo *info, struct task_struct *task,
		      bool to_group)
{
	if (!may_signal(sig, task))
		return -EPERM;
	return send_signal(sig, info, task, to_group);
}

/* To every process that @match selects. 0 if one got it; the last error; -ESRCH if none matched. */
static int kill_matching(int sig, const struct kernel_siginfo *info, int pgrp)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;
	bool done = false;
	int err = -ESRCH, e;

	for_each_process(p) {
		if (pgrp == -1 ? (p->tgid <= 1 || p->signal == current->signal ||
				  (p->flags & PF_KTHREAD)) : p->signal->pgrp != pgrp)
			continue;
		e = kill_task_checked(sig, info, p, true);
		done |= !e;
		/* Linux's kill(-1) succeeds if there was anybody at all. */
		if (e != -EPERM || pgrp != -1 || err == -ESRCH)
			err = e;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return done ? 0 : err;
}

int kill_something(int sig, const struct kernel_siginfo *info, int pid)
{
	struct task_struct *task;
	unsigned long flags;
	int err = -ESRCH;

	if (pid == (int)(1u << 31))
		return -ESRCH;
	if (pid <= 0)
		return kill_matching(sig, info,
				     pid == -1 ? -1
				     : pid     ? -pid
					       : current->signal->pgrp);
	flags = spin_lock_irqsave(&tasklist_lock);
	task = find_task_by_pid(pid);
	if (task)
		err = kill_task_checked(sig, info, task, true);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

int kill_pgrp(int pgrp, int sig)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;
	int err = -ESRCH;

	for_each_process(p) {
		if (pgrp > 0 && p->signal->pgrp == pgrp) {
			send_signal(sig, NULL, p, true);
			err = 0;
		}
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

int kill_session(int session, int sig)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;
	int err = -ESRCH;

	for_each_process(p) {
		if (session > 0 && p->signal->session == session) {
			send_signal(sig, NULL, p, true);
			err = 0;
		}
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

/* ---- from faults ---- */

/* current cannot go on without taking @sig: if it does not want to, it dies of it. */
static void force_sig_info(int sig, const struct kernel_siginfo *info)
{
	struct task_struct *task = current;
	struct signal_struct *signal = task->signal;
	unsigned long flags = spin_lock_irqsave(&signal->lock);
	struct k_sigaction *action = &signal->action[sig - 1];

	if (action->sa_handler == SIG_IGN || sigismember(task->blocked, sig)) {
		action->sa_handler = SIG_DFL;
		task->blocked &= ~sigmask(sig);
	}
	if (action->sa_handler == SIG_DFL)
		signal->flags &= ~SIGNAL_UNKILLABLE;	/* process 1 too */
	sigpending_remove(&task->pending, sigmask(sig));
	send_signal_locked(sig, info, task, false);
	recalc_sigpending();
	spin_unlock_irqrestore(&signal->lock, flags);
}

void force_sig_fault(int sig, int code, unsigned long addr)
{
	struct kernel_siginfo info = { .si_signo = sig, .si_code = code };

	info.si_addr = addr;
	force_sig_info(sig, &info);
}

void force_sig(int sig)
{
	force_sig_info(sig, NULL);
}

/* ---- telling the parent ---- */

static void fill_chld_info(struct kernel_siginfo *info, struct task_struct *task, int sig)
{
	u64 utime, stime;

	memset(info, 0, sizeof(*info));
	process_cputime(task, &utime, &stime);
	info->si_signo = sig;
	info->si_chld_pid = task->tgid;
	info->si_chld_uid = task->cred.uid;
	info->si_utime = utime / (NSEC_PER_SEC / USER_HZ);
	info->si_stime = stime / (NSEC_PER_SEC / USER_HZ);
}

bool do_notify_parent(struct task_struct *task, int sig)
{
	struct task_struct *parent = task->real_parent;
	struct signal_struct *to = parent->signal;
	int code = (task->signal->flags & SIGNAL_GROUP_EXIT) ? task->signal->group_exit_code :
							       task->exit_code;
	struct kernel_siginfo info;
	bool reap = false, ignored = false;
	unsigned long flags;

	if (task->flags & PF_KTHREAD || parent->flags & PF_KTHREAD)
		return true;
	fill_chld_info(&info, task, sig);
	info.si_code = !(code & 0x7f) ? CLD_EXITED : code & CORE_FLAG ? CLD_DUMPED : CLD_KILLED;
	info.si_status = (code & 0x7f) ? code & 0x7f : code >> 8 & 0xff;
	flags = spin_lock_irqsave(&to->lock);
	if (sig == SIGCHLD) {
		ignored = to->action[SIGCHLD - 1].sa_handler == SIG_IGN;
		reap = ignored || (to->action[SIGCHLD - 1].sa_flags & SA_NOCLDWAIT);
	}
	if (sig > 0 && !ignored)
		send_signal_locked(sig, &info, parent, true);
	spin_unlock_irqrestore(&to->lock, flags);
	wake_up_all(&to->wait_chldexit);
	return reap;
}

/* @task's process has stopped or gone on. tasklist_lock held. */
void notify_parent_stopped(struct task_struct *task, int why)
{
	struct task_struct *leader = task->group_leader;
	struct task_struct *parent = leader->real_parent;
	struct signal_struct *to = parent->signal;
	struct kernel_siginfo info;
	unsigned long flags;

	fill_chld_info(&info, leader, SIGCHLD);
	info.si_code = why;
	info.si_status = why == CLD_CONTINUED ? SIGCONT : task->signal->group_exit_code & 0x7f;
	flags = spin_lock_irqsave(&to->lock);
	if (to->action[SIGCHLD - 1].sa_handler != SIG_IGN &&
	    !(to->action[SIGCHLD - 1].sa_flags & SA_NOCLDSTOP))
		send_signal_locked(SIGCHLD, &info, parent, true);
	spin_unlock_irqrestore(&to->lock, flags);
	wake_up_all(&to->wait_chldexit);
}

/* ---- a thread goes ---- */

void signals_exit_thread(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *t;
	bool last_to_stop = false;

	spin_lock_irq(&signal->lock);
	/* The others have to look at what we were to take for the process. */
	if (signal->shared_pending.signal)
		for_each_thread(task, t)
			if (t != task && !(t->flags & PF_EXITING) &&
			    (signal->shared_pending.signal & ~t->blocked))
				signal_wake_up(t, TASK_INTERRUPTIBLE);
	if (task->stop_wanted) {
		task->stop_wanted = false;
		last_to_stop = signal->stop_count && --signal->stop_count == 0;
		if (last_to_stop)
			signal->flags |= SIGNAL_STOPPED | SIGNAL_CLD_STOPPED;
	}
	spin_unlock_irq(&signal->lock);
	if (last_to_stop)
		report_stop_or_continue(task);
}

/* ---- what /proc and the terminal ask ---- */

static unsigned int nr_queued_for(struct task_struct *process, unsigned int uid)
{
	struct signal_struct *signal = process->signal;
	unsigned int nr = process->cred.uid == uid ? queue_length(&signal->shared_pending) : 0;
	struct task_struct *t;

	for_each_thread(process, t)
		if (t->cred.uid == uid)
			nr += queue_length(&t->pending);
	return nr;
}

unsigned int nr_queued_signals(unsigned int uid)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;
	unsigned int nr = 0;

	for_each_process(p) {
		spin_lock(&p->signal->lock);
		nr += nr_queued_for(p, uid);
		spin_unlock(&p->signal->lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return nr;
}

void signal_sets(struct task_struct *task, sigset_t *ignored, sigset_t *caught)
{
	struct signal_struct *signal = task->signal;
	unsigned long flags = spin_lock_irqsave(&signal->lock);
	unsigned int i;

	*ignored = *caught = 0;
	for (i = 0; i < NSIG; i++) {
		if (signal->action[i].sa_handler == SIG_IGN)
			*ignored |= BIT(i);
		else if (signal->action[i].sa_handler != SIG_DFL)
			*caught |= BIT(i);
	}
	spin_unlock_irqrestore(&signal->lock, flags);
}

bool signal_is_ignored_or_blocked(int sig)
{
	return sigismember(current->blocked, sig) ||
	       READ_ONCE(current->signal->action[sig - 1].sa_handler) == SIG_IGN;
}
