/* wait.c - waiting for children that died, stopped or went on.
 * Holds:  a zombie is reported to one waiter, who releases it; a stop or continuation to one,
 *         unless WNOWAIT says to leave it for another.
 * Locks:  tasklist_lock for the whole of a look at the children. The waiter queues up in its
 *         process's wait_chldexit before it looks, so that no change is missed.
 * Read:   exit.c for how zombies come to be; do_notify_parent() in signal.c for who wakes us. */
#include <proc/process.h>

#include <asm/uaccess.h>
#include <fs/pidfd.h>
#include <lib/err.h>
#include <lib/string.h>
#include <proc/pid.h>
#include <proc/rusage.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/wait.h>
#include <uapi/fcntl.h>
#include <uapi/wait.h>

struct wait_request {
	int		which;		/* P_* */
	int		id;
	struct signal_struct *process;	/* P_PIDFD: a reference */
	int		options;
	bool		want_rusage;
	/* the answer */
	int		pid;		/* 0: none */
	u32		uid;
	int		cause;		/* CLD_* */
	int		status;		/* wait4's word */
	struct rusage	rusage;
};

static bool eligible(const struct wait_request *req, const struct task_struct *child)
{
	bool clone = child->exit_signal != SIGCHLD;

	if (req->which == P_PID && child->pid != req->id)
		return false;
	if (req->which == P_PGID && child->signal->pgrp != req->id)
		return false;
	if (req->which == P_PIDFD && child->signal != req->process)
		return false;
	return (req->options & __WALL) || clone == !!(req->options & __WCLONE);
}

static void answer(struct wait_request *req, struct task_struct *child, int cause, int status)
{
	req->pid = child->pid;
	req->uid = child->cred.uid;
	req->cause = cause;
	req->status = status;
	if (req->want_rusage)
		get_rusage(child, RUSAGE_BOTH, &req->rusage);
}

static bool look_at_zombie(struct wait_request *req, struct task_struct *child)
{
	struct signal_struct *signal = child->signal;
	int code = (signal->flags & SIGNAL_GROUP_EXIT) ? signal->group_exit_code : child->exit_code;

	if (!(req->options & WEXITED) || child->exit_state != EXIT_ZOMBIE ||
	    signal->nr_threads != 1)
		return false;
	answer(req, child,
	       !(code & 0x7f) ? CLD_EXITED
	       : code & CORE_FLAG ? CLD_DUMPED
			      : CLD_KILLED,
	       code);
	if (!(req->options & WNOWAIT)) {
		account_child(current, child);
		release_task(child);
	}
	return true;
}

static bool look_at_stopped(struct wait_request *req, struct task_struct *child)
{
	struct signal_struct *signal = child->signal;
	bool found = false;

	if (!(req->options & WUNTRACED) || !(READ_ONCE(signal->flags) & SIGNAL_STOPPED))
		return false;
	spin_lock(&signal->lock);
	/* Not before SIGCHLD has told of it: that comes with a wake-up of its own. */
	if ((signal->flags & (SIGNAL_STOPPED | SIGNAL_CLD_STOPPED)) == SIGNAL_STOPPED &&
	    signal->group_exit_code) {
		answer(req, child, CLD_STOPPED, signal->group_exit_code << 8 | 0x7f);
		if (!(req->options & WNOWAIT))
			signal->group_exit_code = 0;
		found = true;
	}
	spin_unlock(&signal->lock);
	return found;
}

static bool look_at_continued(struct wait_request *req, struct task_struct *child)
{
	struct signal_struct *signal = child->signal;
	bool found = false;

	if (!(req->options & WCONTINUED) || !(READ_ONCE(signal->flags) & SIGNAL_CONTINUED))
		return false;
	spin_lock(&signal->lock);
	if ((signal->flags & (SIGNAL_CONTINUED | SIGNAL_CLD_CONTINUED)) == SIGNAL_CONTINUED) {
		answer(req, child, CLD_CONTINUED, 0xffff);
		if (!(req->options & WNOWAIT))
			signal->flags &= ~SIGNAL_CONTINUED;
		found = true;
	}
	spin_unlock(&signal->lock);
	return found;
}

/* Look at all children once. 0: req->pid says whether there was one; -ECHILD: there is none to wait
 * for. */
static int look_at_children(struct wait_request *req)
{
	struct task_struct *child;
	int err = -ECHILD;

	req->pid = 0;
	spin_lock_irq(&tasklist_lock);
	list_for_each_entry(child, &current->group_leader->children, sibling) {
		if (!eligible(req, child))
			continue;
		err = 0;
		if (look_at_zombie(req, child) || look_at_stopped(req, child) ||
		    look_at_continued(req, child))
			break;
	}
	spin_unlock_irq(&tasklist_lock);
	return err;
}

/* 0 and req->pid (0 with WNOHANG if nothing has happened), -ECHILD, -ERESTARTSYS. */
static int do_wait(struct wait_request *req)
{
	struct wait_queue_entry wait;
	int err = look_at_children(req);

	if (err || req->pid || (req->options & WNOHANG))
		return err;
	init_wait_entry(&wait, false);
	for (;;) {
		prepare_to_wait(&current->signal->wait_chldexit, &wait, TASK_INTERRUPTIBLE);
		err = look_at_children(req);
		if (err || req->pid)
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(&current->signal->wait_chldexit, &wait);
	return err;
}

long do_wait4(int pid, int *status, int options, void *rusage)
{
	struct wait_request req = { .options = options | WEXITED, .want_rusage = rusage };
	int err;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == (int)(1u << 31))
		return -ESRCH;
	req.which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	req.id = pid > 0 ? pid : pid == 0 ? current->signal->pgrp : -pid;
	err = do_wait(&req);
	if (err || !req.pid)
		return err;
	if (status && put_user(req.status, status))
		return -EFAULT;
	if (rusage && copy_to_user(rusage, &req.rusage, sizeof(req.rusage)))
		return -EFAULT;
	return req.pid;
}

/* The part of wait4's status word that siginfo carries. */
static int siginfo_status(const struct wait_request *req)
{
	switch (req->cause) {
	case CLD_EXITED:
	case CLD_STOPPED:
		return req->status >> 8 & 0xff;
	case CLD_CONTINUED:
		return SIGCONT;
	default:
		return req->status & 0x7f;
	}
}

/* waitid's checks, and the wait itself. */
static int check_and_wait(struct wait_request *req)
{
	int options = req->options, pid = req->id, fd_flags = 0, err;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (req->which) {
	case P_ALL:
		break;
	case P_PID:
		if (pid <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if (pid < 0)
			return -EINVAL;
		if (!pid)
			req->id = current->signal->pgrp;
		break;
	case P_PIDFD:
		if (pid < 0)
			return -EINVAL;
		req->process = pidfd_get_signal(pid, &fd_flags);
		if (IS_ERR(req->process))
			return PTR_ERR(req->process);
		break;
	default:
		return -EINVAL;
	}
	if (fd_flags & O_NONBLOCK)
		req->options |= WNOHANG;
	err = do_wait(req);
	if (req->process)
		signal_put(req->process);
	/* A descriptor that does not block says so itself; WNOHANG is silent. */
	return !err && !req->pid && (fd_flags & O_NONBLOCK) && !(options & WNOHANG) ? -EAGAIN : err;
}

long do_waitid(int which, int pid, void *info, int options, void *rusage)
{
	struct wait_request req = { .which = which, .id = pid, .options = options,
				    .want_rusage = rusage };
	struct kernel_siginfo si = { 0 };
	int err = check_and_wait(&req);

	if (!err && req.pid) {
		si.si_signo = SIGCHLD;
		si.si_code = req.cause;
		si.si_chld_pid = req.pid;
		si.si_chld_uid = req.uid;
		si.si_status = siginfo_status(&req);
		if (rusage && copy_to_user(rusage, &req.rusage, sizeof(req.rusage)))
			return -EFAULT;
	}
	/* Only the fields of SIGCHLD are written, as far as si_status: 28 bytes. All zero when
	 * there is nothing to tell, be it for an error. */
	if (info && copy_to_user(info, &si, 28))
		return -EFAULT;
	return err;
}
