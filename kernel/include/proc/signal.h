/* signal.h - sending and delivering. */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include <proc/task.h>
#include <sched/sched.h>

struct pt_regs;

static inline bool signal_pending(const struct task_struct *task)
{
	return READ_ONCE(task->sigpending);
}

#define CORE_PATTERN_MAX	128
extern char core_pattern[CORE_PATTERN_MAX];	/* empty: nothing dumps core */

bool fatal_signal_pending(struct task_struct *task);

/* Woken by each signal to anybody, under the receiver's signal->lock: for signalfd. */
extern struct wait_queue_head signal_arrived;

/* Any context that may take RANK_TASKLIST/RANK_SIGHAND. @info NULL: from the kernel. */
int send_signal(int sig, const struct kernel_siginfo *info, struct task_struct *task,
		bool to_group);
int kill_pgrp(int pgrp, int sig);	/* takes tasklist_lock */
int kill_session(int session, int sig);
/* A fault of the running thread: if it blocks or ignores @sig, the default action is taken. */
void force_sig_fault(int sig, int code, unsigned long addr);
void force_sig(int sig);

/* A signal that @info describes to a process, or to one thread, with kill(2)'s permission check.
 * @sig 0: check only. tasklist_lock held, or a reference on @task. 0, -EPERM, -EAGAIN. */
int kill_task_checked(int sig, const struct kernel_siginfo *info, struct task_struct *task,
		      bool to_group);
/* kill(2): @pid > 0, 0, -1 and < -1. */
int kill_something(int sig, const struct kernel_siginfo *info, int pid);

/* @task's ignored and caught signals, for /proc. Takes signal->lock. */
void signal_sets(struct task_struct *task, sigset_t *ignored, sigset_t *caught);
/* Signals that wait with their siginfo for threads of user @uid, for /proc. Takes
 * tasklist_lock. */
unsigned int nr_queued_signals(unsigned int uid);
/* current does not act on @sig: it is blocked, or ignored by handler. */
bool signal_is_ignored_or_blocked(int sig);
/* @pgrp has no member with a parent in another group of its session. tasklist_lock held. @ignored:
 * a process taken for gone, or NULL. */
bool is_orphaned_pgrp(int pgrp, const struct task_struct *ignored);

/* Set current's mask. Takes signal->lock. */
void set_current_blocked(sigset_t mask);
/* ppoll, pselect6: block *umask (user pointer, may be NULL) for the time of the call. 0, -EINVAL,
 * -EFAULT. At the end of the call: the old mask comes back now, or after the handlers if
 * @interrupted. */
int set_user_sigmask(const sigset_t *umask, size_t bytes);
void restore_saved_sigmask_unless(bool interrupted);

/* For fork, exec and exit (proc/). */
void signal_init(void);
void flush_sigpending(struct sigpending *pending);
void flush_signal_handlers(struct task_struct *task);	/* caught ones become default */
void recalc_sigpending(void);			/* current; signal->lock held */
/* Every thread but current is to die. signal->lock held. Returns how many there are. */
unsigned int zap_other_threads(void);
/* @task, which is current, exits: what was sent to the process is for the others. */
void signals_exit_thread(struct task_struct *task);
/* Tell @task's parent that it died. tasklist_lock held. True: nobody will wait for it. */
bool do_notify_parent(struct task_struct *task, int sig);

/* The pieces of delivery that arch's frame code uses. */
struct ksignal {
	struct k_sigaction	ka;
	struct kernel_siginfo	info;
	int			sig;
};
/* kernel/arch/x86_64/signal_frame.c. Push a frame for @ksig whose sigreturn restores @oldmask, and
 * aim @regs at the handler: 0 or -EFAULT. */
int setup_signal_frame(struct pt_regs *regs, const struct ksignal *ksig, sigset_t oldmask);
/* 128 bytes; 0 or -EFAULT */
int copy_siginfo_to_user(void *to, const struct kernel_siginfo *info);
/* sigaltstack(2) with kernel copies; either may be NULL. @sp: the user's stack pointer now. */
int do_sigaltstack(const stack_t *ss, stack_t *old, unsigned long sp, size_t min_size);
static inline bool on_sig_stack(unsigned long sp)
{
	return !(current->sas_flags & SS_AUTODISARM) && sp > current->sas_sp &&
	       sp - current->sas_sp <= current->sas_size;
}

/* Called by entry code with interrupts on before each return to user mode with work to do. */
void do_signal_or_resched(struct pt_regs *regs);

#endif
