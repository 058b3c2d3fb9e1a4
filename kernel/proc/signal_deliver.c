/* signal_deliver.c - what a thread does about its signals on the way to user mode.
 * do_signal() takes one signal after the other: it runs a handler (by changing the registers that
 * user mode will go on with), stops, dies, or drops it. It also decides whether an interrupted
 * system call is done again.
 * Stops: a stop signal sets stop_wanted in every thread and stop_count to their number; each stops
 *        by itself when it comes here, and the last one sets SIGNAL_STOPPED and tells the parent.
 *        SIGCONT (prepare_signal() in signal.c) undoes all that at any time.
 * Locks:  signal->lock, dropped before anything that sleeps or takes tasklist_lock.
 * Read:   signal.c; arch's signal_frame.c. */
#include <proc/signal.h>

#include <asm/ptregs.h>
#include <asm/thread.h>
#include <asm/uaccess.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <proc/process.h>
#include <sched/sched.h>
#include <uapi/unistd.h>
#include "internal.h"

#define SYSCALL_INSN_BYTES	2

#define SIG_UNMASKABLE		(sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIG_SYNCHRONOUS		(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | \
				 sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))

void recalc_sigpending(void)
{
	struct task_struct *task = current;
	struct signal_struct *signal = task->signal;

	WRITE_ONCE(task->sigpending,
		   ((task->pending.signal | signal->shared_pending.signal) & ~task->blocked) ||
		   task->stop_wanted ||
		   (signal->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)));
}

/* ---- masks ---- */

void set_current_blocked(sigset_t mask)
{
	struct task_struct *task = current, *t;
	struct signal_struct *signal = task->signal;
	sigset_t orphaned;

	mask &= ~SIG_UNMASKABLE;
	if (task->blocked == mask)
		return;
	spin_lock_irq(&signal->lock);
	/* What we were to take for the process is now for a thread that does not block it. */
	orphaned = signal->shared_pending.signal & mask & ~task->blocked;
	if (orphaned && signal->nr_threads > 1)
		for_each_thread(task, t)
			if (t != task && !(t->flags & PF_EXITING) && (orphaned & ~t->blocked)) {
				WRITE_ONCE(t->sigpending, true);
				wake_up_state(t, TASK_INTERRUPTIBLE);
				kick_task(t);
			}
	task->blocked = mask;
	recalc_sigpending();
	spin_unlock_irq(&signal->lock);
}

int set_user_sigmask(const sigset_t *umask, size_t bytes)
{
	sigset_t mask;

	if (!umask)
		return 0;
	if (bytes != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, umask))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	current->restore_sigmask = true;
	set_current_blocked(mask);
	return 0;
}

void restore_saved_sigmask_unless(bool interrupted)
{
	if (!current->restore_sigmask)
		return;
	/* Interrupted: do_signal() runs handlers under the temporary mask first. */
	if (interrupted && signal_pending(current))
		return;
	current->restore_sigmask = false;
	set_current_blocked(current->saved_sigmask);
}

/* ---- taking one ---- */

static int next_signal(const struct sigpending *pending, sigset_t mask)
{
	sigset_t set = pending->signal & ~mask;

	if (!set)
		return 0;
	if (set & sigmask(SIGKILL))
		return SIGKILL;
	if (set & SIG_SYNCHRONOUS)
		set &= SIG_SYNCHRONOUS;
	return __builtin_ctzl(set) + 1;
}

int dequeue_signal(sigset_t mask, struct kernel_siginfo *info)
{
	struct sigpending *pending = &current->pending;
	int sig = next_signal(pending, mask);

	if (!sig) {
		pending = &current->signal->shared_pending;
		sig = next_signal(pending, mask);
	}
	if (sig)
		sigpending_take(pending, sig, info);
	recalc_sigpending();
	return sig;
}

/* ---- stopping ---- */

void report_stop_or_continue(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	unsigned int flags;

	spin_lock_irq(&tasklist_lock);
	spin_lock(&signal->lock);
	flags = signal->flags;
	signal->flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
	spin_unlock(&signal->lock);
	if (flags & SIGNAL_CLD_CONTINUED)
		notify_parent_stopped(task, CLD_CONTINUED);
	if (flags & SIGNAL_CLD_STOPPED)
		notify_parent_stopped(task, CLD_STOPPED);
	spin_unlock_irq(&tasklist_lock);
}

/* Every thread is to stop because of @sig. signal->lock held. */
static void start_group_stop(int sig)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *t;

	signal->group_exit_code = sig;
	signal->stop_count = 0;
	signal->flags &= ~SIGNAL_CONTINUED;
	for_each_thread(current, t) {
		if (t->flags & PF_EXITING)
			continue;
		t->stop_wanted = true;
		signal->stop_count++;
		if (t == current)
			continue;
		WRITE_ONCE(t->sigpending, true);
		wake_up_state(t, TASK_INTERRUPTIBLE);
		kick_task(t);
	}
}

/* Take part in the stop. signal->lock held, and dropped. */
static void do_stop(void)
{
	struct signal_struct *signal = current->signal;
	bool last = false;

	current->stop_wanted = false;
	if (signal->stop_count && --signal->stop_count == 0) {
		signal->flags |= SIGNAL_STOPPED | SIGNAL_CLD_STOPPED;
		last = true;
	}
	/* Set under the lock: whoever continues or kills us from here on finds it. */
	set_current_state(TASK_STOPPED);
	spin_unlock_irq(&signal->lock);
	if (last)
		report_stop_or_continue(current);
	schedule();
}

/* The default action of stop signal @sig, signal->lock held and kept, dropped meanwhile. The
 * terminal's stop signals do nothing in a group that no shell looks after. */
static void handle_stop_signal(int sig)
{
	struct signal_struct *signal = current->signal;
	bool orphaned;

	if (sig != SIGSTOP) {
		current->stop_wanted = true;	/* SIGCONT clears it */
		spin_unlock_irq(&signal->lock);
		spin_lock_irq(&tasklist_lock);
		orphaned = is_orphaned_pgrp(signal->pgrp, NULL);
		spin_unlock_irq(&tasklist_lock);
		spin_lock_irq(&signal->lock);
		if (!current->stop_wanted)
			return;
		current->stop_wanted = false;
		if (orphaned)
			return;
	}
	if (!(signal->flags & SIGNAL_GROUP_EXIT))
		start_group_stop(sig);
}

/* ---- the decision ---- */

/* The next signal that has a handler, with its action; 0: none, go on. Does not return if one
 * kills. */
static int get_signal(struct ksignal *ksig)
{
	struct task_struct *task = current;
	struct signal_struct *signal = task->signal;
	struct k_sigaction *action;
	int sig;

	spin_lock_irq(&signal->lock);
	for (;;) {
		if (signal->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)) {
			spin_unlock_irq(&signal->lock);
			report_stop_or_continue(task);
			spin_lock_irq(&signal->lock);
			continue;
		}
		if (task->stop_wanted && !sigismember(task->pending.signal, SIGKILL)) {
			do_stop();
			spin_lock_irq(&signal->lock);
			continue;
		}
		sig = dequeue_signal(task->blocked, &ksig->info);
		if (!sig)
			break;
		action = &signal->action[sig - 1];
		if (sig != SIGKILL && action->sa_handler == SIG_IGN)
			continue;
		if (sig != SIGKILL && action->sa_handler != SIG_DFL) {
			ksig->ka = *action;
			if (action->sa_flags & SA_RESETHAND)
				action->sa_handler = SIG_DFL;
			break;
		}
		if (default_ignored(sig))
			continue;
		if ((signal->flags & SIGNAL_UNKILLABLE) && !(signal->flags & SIGNAL_GROUP_EXIT))
			continue;
		if (default_stops(sig)) {
			handle_stop_signal(sig);
			continue;
		}
		sig = death_code(signal, sig);
		spin_unlock_irq(&signal->lock);
		do_group_exit(sig);
	}
	spin_unlock_irq(&signal->lock);
	ksig->sig = sig;
	return sig;
}

/* Do the interrupted system call again: the registers are as they were before it, the instruction
 * too. */
static void restart(struct pt_regs *regs, unsigned long number)
{
	regs->rax = number;
	regs->rip -= SYSCALL_INSN_BYTES;
}

/* @regs come from a system call, and not from a fault or an interrupt. */
static bool from_syscall(const struct pt_regs *regs)
{
	return (long)regs->orig_rax >= 0;
}

static void restart_before_handler(struct pt_regs *regs, const struct k_sigaction *ka)
{
	switch ((long)regs->rax) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		regs->rax = -EINTR;
		break;
	case -ERESTARTSYS:
		if (!(ka->sa_flags & SA_RESTART)) {
			regs->rax = -EINTR;
			break;
		}
		restart(regs, regs->orig_rax);
		break;
	case -ERESTARTNOINTR:
		restart(regs, regs->orig_rax);
		break;
	}
}

static void restart_without_handler(struct pt_regs *regs)
{
	switch ((long)regs->rax) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		restart(regs, regs->orig_rax);
		break;
	case -ERESTART_RESTARTBLOCK:
		restart(regs, __NR_restart_syscall);
		break;
	}
}

/* No frame could be pushed: a handler for SIGSEGV cannot run either. */
static void frame_failed(int sig)
{
	if (sig == SIGSEGV) {
		spin_lock_irq(&current->signal->lock);
		current->signal->action[SIGSEGV - 1].sa_handler = SIG_DFL;
		spin_unlock_irq(&current->signal->lock);
	}
	force_sig(SIGSEGV);
}

static void handle_signal(struct pt_regs *regs, const struct ksignal *ksig)
{
	struct task_struct *task = current;
	sigset_t oldmask = task->restore_sigmask ? task->saved_sigmask : task->blocked;
	sigset_t mask;

	if (from_syscall(regs))
		restart_before_handler(regs, &ksig->ka);
	if (setup_signal_frame(regs, ksig, oldmask)) {
		frame_failed(ksig->sig);
		return;
	}
	task->restore_sigmask = false;
	regs->orig_rax = -1;		/* a second handler must not restart it again */
	mask = task->blocked | ksig->ka.sa_mask;
	if (!(ksig->ka.sa_flags & SA_NODEFER))
		mask |= sigmask(ksig->sig);
	set_current_blocked(mask);
}

static void do_signal(struct pt_regs *regs)
{
	struct ksignal ksig;

	if (get_signal(&ksig)) {
		handle_signal(regs, &ksig);
		return;
	}
	if (from_syscall(regs)) {
		restart_without_handler(regs);
		regs->orig_rax = -1;
	}
	if (current->restore_sigmask) {
		current->restore_sigmask = false;
		set_current_blocked(current->saved_sigmask);
	}
}

void do_signal_or_resched(struct pt_regs *regs)
{
	do {
		if (need_resched())
			preempt_schedule();
		if (signal_pending(current))
			do_signal(regs);
	} while (need_resched() || signal_pending(current));
}

/* ---- user structures ---- */

int copy_siginfo_to_user(void *to, const struct kernel_siginfo *info)
{
	if (copy_to_user(to, info, sizeof(*info)) ||
	    clear_user((char *)to + sizeof(*info), SI_MAX_SIZE - sizeof(*info)))
		return -EFAULT;
	return 0;
}

static int altstack_state(unsigned long sp)
{
	if (!current->sas_size)
		return SS_DISABLE;
	return on_sig_stack(sp) ? SS_ONSTACK : 0;
}

int do_sigaltstack(const stack_t *ss, stack_t *old, unsigned long sp, size_t min_size)
{
	struct task_struct *task = current;
	unsigned int mode;

	if (old) {
		memset(old, 0, sizeof(*old));
		old->ss_sp = task->sas_sp;
		old->ss_size = task->sas_size;
		old->ss_flags = altstack_state(sp) | (task->sas_flags & SS_AUTODISARM);
	}
	if (!ss)
		return 0;
	if (on_sig_stack(sp))
		return -EPERM;
	mode = ss->ss_flags & ~SS_AUTODISARM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && ss->ss_size < min_size)
		return -ENOMEM;
	task->sas_sp = mode == SS_DISABLE ? 0 : ss->ss_sp;
	task->sas_size = mode == SS_DISABLE ? 0 : ss->ss_size;
	task->sas_flags = ss->ss_flags;
	return 0;
}
