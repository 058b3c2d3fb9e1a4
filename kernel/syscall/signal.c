/* signal.c - system calls about signals. rt_sigreturn is with the frame it undoes, in arch's
 * signal_frame.c.
 * Read:   proc/signal_calls.c for the work. */
#include <syscall/signal.h>

#include <asm/thread.h>
#include <asm/uaccess.h>
#include <fs/pidfd.h>
#include <lib/err.h>
#include <proc/signal.h>
#include <proc/signal_calls.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/wait.h>
#include <sched/sched.h>
#include <uapi/time.h>

static bool valid_signal(int sig)
{
	return sig >= 1 && sig <= NSIG;
}

long sys_rt_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *oact,
		      size_t bytes)
{
	struct k_sigaction new, old;
	int err;

	if (bytes != sizeof(sigset_t))
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	if (!valid_signal(sig) || (act && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	err = do_sigaction(sig, act ? &new : NULL, &old);
	if (!err && oact && copy_to_user(oact, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

long sys_rt_sigprocmask(int how, const sigset_t *set, sigset_t *oset, size_t bytes)
{
	sigset_t old = current->blocked, new;

	if (bytes != sizeof(sigset_t))
		return -EINVAL;
	if (set) {
		if (get_user(new, set))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			new |= old;
			break;
		case SIG_UNBLOCK:
			new = old & ~new;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		set_current_blocked(new);
	}
	return oset && put_user(old, oset) ? -EFAULT : 0;
}

long sys_rt_sigpending(sigset_t *set, size_t bytes)
{
	struct signal_struct *signal = current->signal;
	sigset_t pending;

	if (bytes > sizeof(sigset_t))
		return -EINVAL;
	spin_lock_irq(&signal->lock);
	pending = (current->pending.signal | signal->shared_pending.signal) & current->blocked;
	spin_unlock_irq(&signal->lock);
	return copy_to_user(set, &pending, bytes) ? -EFAULT : 0;
}

long sys_rt_sigtimedwait(const sigset_t *set, void *info, const struct timespec *timeout,
			 size_t bytes)
{
	struct kernel_siginfo si;
	u64 ns = WAIT_FOREVER;
	struct timespec ts;
	sigset_t want;
	int sig;

	if (bytes != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(want, set))
		return -EFAULT;
	if (timeout) {
		if (copy_from_user(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || (unsigned long)ts.tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
		if (ts.tv_sec < 9000000000L)
			ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	}
	sig = do_sigtimedwait(want, &si, ns);
	if (sig > 0 && info && copy_siginfo_to_user(info, &si))
		return -EFAULT;
	return sig;
}

static int copy_siginfo_from_user(struct kernel_siginfo *si, int sig, const void *info)
{
	if (copy_from_user(si, info, sizeof(*si)))
		return -EFAULT;
	si->si_signo = sig;
	return 0;
}

/* Only to oneself may a signal look as if the kernel or kill(2) had sent it. */
static bool forged(const struct kernel_siginfo *si, int pid)
{
	return (si->si_code >= 0 || si->si_code == SI_TKILL) && pid != current->tgid;
}

long sys_rt_sigqueueinfo(int pid, int sig, const void *info)
{
	struct kernel_siginfo si;

	if (copy_siginfo_from_user(&si, sig, info))
		return -EFAULT;
	if (forged(&si, pid))
		return -EPERM;
	if (pid <= 0)
		return -ESRCH;
	if (sig && !valid_signal(sig))
		return -EINVAL;
	return kill_something(sig, &si, pid);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, const void *info)
{
	struct kernel_siginfo si;

	if (copy_siginfo_from_user(&si, sig, info))
		return -EFAULT;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	if (forged(&si, tgid))
		return -EPERM;
	return send_to_thread(tgid, tid, sig, &si);
}

static void user_siginfo(struct kernel_siginfo *si, int sig, int code)
{
	*si = (struct kernel_siginfo){ .si_signo = sig, .si_code = code };
	si->si_pid = current->tgid;
	si->si_uid = current->cred.uid;
}

long sys_kill(int pid, int sig)
{
	struct kernel_siginfo si;

	if (sig && !valid_signal(sig))
		return -EINVAL;
	user_siginfo(&si, sig, SI_USER);
	return kill_something(sig, &si, pid);
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct kernel_siginfo si;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	user_siginfo(&si, sig, SI_TKILL);
	return send_to_thread(tgid, tid, sig, &si);
}

long sys_tkill(int tid, int sig)
{
	struct kernel_siginfo si;

	if (tid <= 0)
		return -EINVAL;
	user_siginfo(&si, sig, SI_TKILL);
	return send_to_thread(0, tid, sig, &si);
}

/* Without @info as kill(2) sends it. */
static long send_to_process(struct task_struct *task, int sig, const void *info)
{
	struct kernel_siginfo si;
	unsigned long flags;
	int err;

	user_siginfo(&si, sig, SI_USER);
	if (info && copy_from_user(&si, info, sizeof(si)))
		return -EFAULT;
	if (si.si_signo != sig)
		return -EINVAL;
	if (info && forged(&si, task->tgid))
		return -EPERM;
	if (sig && !valid_signal(sig))
		return -EINVAL;
	flags = spin_lock_irqsave(&tasklist_lock);
	err = task->exit_state == EXIT_DEAD ? -ESRCH : kill_task_checked(sig, &si, task, true);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

long sys_pidfd_send_signal(int pidfd, int sig, const void *info, unsigned int flags)
{
	struct task_struct *task;
	long err;

	if (flags)
		return -EINVAL;
	task = pidfd_get_task(pidfd);
	if (IS_ERR(task))
		return PTR_ERR(task);
	err = send_to_process(task, sig, info);
	put_task(task);
	return err;
}

static long wait_for_signal(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}

long sys_pause(void)
{
	return wait_for_signal();
}

long sys_rt_sigsuspend(const sigset_t *set, size_t bytes)
{
	sigset_t mask;

	if (bytes != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(mask, set))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_current_blocked(mask);
	current->restore_sigmask = true;
	return wait_for_signal();
}

long sys_sigaltstack(const stack_t *ss, stack_t *old)
{
	stack_t new, was;
	int err;

	if (ss && copy_from_user(&new, ss, sizeof(new)))
		return -EFAULT;
	err = do_sigaltstack(ss ? &new : NULL, &was, task_pt_regs(current)->rsp, MINSIGSTKSZ);
	if (!err && old && copy_to_user(old, &was, sizeof(was)))
		err = -EFAULT;
	return err;
}

long sys_restart_syscall(void)
{
	struct restart_block *restart = &current->restart;

	return restart->fn ? restart->fn(restart) : -EINTR;
}
