/* signal_calls.c - actions, waiting for signals, and signals to one thread: the work of system
 * calls.
 * Locks:  signal->lock.
 * Read:   signal.c, signal_deliver.c. */
#include <proc/signal_calls.h>

#include <lib/string.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <sched/wait.h>
#include "internal.h"

#define SA_KNOWN	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | \
			 SA_RESTART | SA_NODEFER | SA_RESETHAND)

/* @sig has just become ignored: what waits of it is dropped, in the process and in every thread. */
static void drop_ignored(int sig)
{
	struct task_struct *t;

	sigpending_remove(&current->signal->shared_pending, sigmask(sig));
	for_each_thread(current, t)
		sigpending_remove(&t->pending, sigmask(sig));
}

int do_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old)
{
	struct signal_struct *signal = current->signal;
	struct k_sigaction *action = &signal->action[sig - 1];

	spin_lock_irq(&signal->lock);
	*old = *action;
	if (act) {
		*action = *act;
		action->sa_flags &= SA_KNOWN;
		action->sa_mask &= ~(sigmask(SIGKILL) | sigmask(SIGSTOP));
		if (act->sa_handler == SIG_IGN ||
		    (act->sa_handler == SIG_DFL && default_ignored(sig)))
			drop_ignored(sig);
	}
	spin_unlock_irq(&signal->lock);
	return 0;
}

/* exec: what was caught has no handler any more; what was ignored still is. */
void flush_signal_handlers(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	unsigned int i;

	spin_lock_irq(&signal->lock);
	for (i = 0; i < NSIG; i++) {
		unsigned long handler = signal->action[i].sa_handler;

		memset(&signal->action[i], 0, sizeof(signal->action[i]));
		if (handler == SIG_IGN)
			signal->action[i].sa_handler = SIG_IGN;
	}
	spin_unlock_irq(&signal->lock);
}

int do_sigtimedwait(sigset_t want, struct kernel_siginfo *info, u64 timeout_ns)
{
	struct task_struct *task = current;
	struct signal_struct *signal = task->signal;
	int sig;

	want &= ~(sigmask(SIGKILL) | sigmask(SIGSTOP));
	spin_lock_irq(&signal->lock);
	sig = dequeue_signal(~want, info);
	if (!sig && timeout_ns) {
		/* While we sleep these signals wake us, though they stay blocked for their
		 * actions. */
		task->real_blocked = task->blocked;
		task->blocked &= ~want;
		recalc_sigpending();
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock_irq(&signal->lock);
		if (timeout_ns == WAIT_FOREVER)
			schedule();
		else
			timeout_ns = schedule_timeout(timeout_ns);
		spin_lock_irq(&signal->lock);
		task->blocked = task->real_blocked;
		task->real_blocked = 0;
		sig = dequeue_signal(~want, info);
		recalc_sigpending();
		spin_unlock_irq(&signal->lock);
		if (sig)
			return sig;
		return timeout_ns ? -EINTR : -EAGAIN;
	}
	spin_unlock_irq(&signal->lock);
	return sig ? sig : -EAGAIN;
}

int send_to_thread(int tgid, int tid, int sig, const struct kernel_siginfo *info)
{
	struct task_struct *task;
	unsigned long flags;
	int err = -ESRCH;

	flags = spin_lock_irqsave(&tasklist_lock);
	task = find_task_by_pid(tid);
	if (task && (!tgid || task->tgid == tgid)) {
		if (sig < 0 || sig > NSIG)
			err = -EINVAL;
		else
			err = kill_task_checked(sig, info, task, false);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}
