/* proc.c - system calls about the life of processes, their groups and sessions, and futexes.
 * Read:   proc/ for the work; cred.c, sched.c and system.c beside this file for the rest of
 *         proc.h. */
#include <syscall/proc.h>

#include <asm/thread.h>
#include <asm/uaccess.h>
#include <fs/fdtable.h>
#include <fs/namei.h>
#include <lib/err.h>
#include <mm/mm.h>
#include <proc/cred.h>
#include <proc/futex.h>
#include <proc/pid.h>
#include <proc/process.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <syscall/fs.h>
#include <uapi/fcntl.h>
#include <uapi/futex.h>
#include <uapi/sched.h>
#include <uapi/time.h>

/* ---- birth ---- */

long sys_clone(unsigned long flags, unsigned long stack, int *parent_tid, int *child_tid,
	       unsigned long tls)
{
	struct clone_request req = {
		.flags = (u32)flags & ~CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.stack = stack,
		.tls = tls,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.pidfd = parent_tid,	/* so both cannot be had */
	};

	if ((req.flags & CLONE_PIDFD) && (req.flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	if ((req.flags & CLONE_SETTLS) && tls >= TASK_SIZE)
		return -EPERM;
	return do_clone(&req);
}

static int check_clone_args(const struct clone_args *args)
{
	if (args->flags & (CLONE_DETACHED | CSIGNAL))
		return -EINVAL;
	if (args->exit_signal > NSIG || !args->stack != !args->stack_size)
		return -EINVAL;
	if (args->stack && !access_ok((void *)args->stack, args->stack_size))
		return -EINVAL;
	if ((args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
		return -EINVAL;
	if (args->set_tid || args->set_tid_size)
		return -EINVAL;
	if ((args->flags & CLONE_PIDFD) && (args->flags & CLONE_PARENT_SETTID) &&
	    args->pidfd == args->parent_tid)
		return -EINVAL;
	return (args->flags & CLONE_SETTLS) && args->tls >= TASK_SIZE ? -EPERM : 0;
}

long sys_clone3(const struct clone_args *uargs, size_t size)
{
	struct clone_args args = { 0 };
	struct clone_request req = { 0 };
	size_t i;
	u8 byte;
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	/* What we do not know must not be asked for. */
	for (i = sizeof(args); i < size; i++) {
		if (get_user(byte, (const u8 *)uargs + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	if (copy_from_user(&args, uargs, min(size, sizeof(args))))
		return -EFAULT;
	err = check_clone_args(&args);
	if (err)
		return err;
	req.flags = args.flags;
	req.exit_signal = args.exit_signal;
	req.stack = args.stack + args.stack_size;
	req.tls = args.tls;
	req.parent_tid = (int *)args.parent_tid;
	req.child_tid = (int *)args.child_tid;
	req.pidfd = (int *)args.pidfd;
	return do_clone(&req);
}

long sys_fork(void)
{
	struct clone_request req = { .exit_signal = SIGCHLD };

	return do_clone(&req);
}

long sys_vfork(void)
{
	struct clone_request req = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };

	return do_clone(&req);
}

/* Not supported, and each C library asks for it: it has an entry so that the log stays quiet. */
long sys_rseq(void *area, u32 len, int flags, u32 sig)
{
	return -ENOSYS;
}

/* There is nothing to unshare but what threads share, and namespaces are not there. */
long sys_unshare(unsigned long flags)
{
	const unsigned long shared = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	struct task_struct *task = current;
	struct fs_struct *fs;
	int err;

	if (flags & ~(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | shared))
		return -EINVAL;
	/* What cannot be undone is only granted where it changes nothing. */
	if ((flags & shared) && READ_ONCE(task->signal->nr_threads) > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && atomic_read(&task->mm->mm_users) > 1)
		return -EINVAL;
	err = (flags & CLONE_FILES) ? unshare_files() : 0;
	if (err)
		return err;
	if ((flags & CLONE_FS) && atomic_read(&task->fs->refs) > 1) {
		struct fs_struct *old = task->fs;

		fs = fs_copy(old);
		if (IS_ERR(fs))
			return PTR_ERR(fs);
		spin_lock(&task->alloc_lock);
		task->fs = fs;
		spin_unlock(&task->alloc_lock);
		fs_put(old);
	}
	return 0;
}

/* ---- a new program ---- */

static long execveat(int dfd, const char *upath, char *const *argv, char *const *envp, int flags)
{
	char *path = getname(upath, flags & AT_EMPTY_PATH);
	long ret;

	if (IS_ERR(path))
		return PTR_ERR(path);
	ret = do_execveat(dfd, path, argv, envp, flags);
	putname(path);
	return ret;
}

long sys_execve(const char *path, char *const *argv, char *const *envp)
{
	return execveat(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dfd, const char *path, char *const *argv, char *const *envp, int flags)
{
	return execveat(dfd, path, argv, envp, flags);
}

/* ---- death ---- */

long sys_exit(int code)
{
	do_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
	do_group_exit((code & 0xff) << 8);
}

long sys_wait4(int pid, int *status, int options, struct rusage *rusage)
{
	return do_wait4(pid, status, options, rusage);
}

long sys_waitid(int which, int pid, void *info, int options, struct rusage *rusage)
{
	return do_waitid(which, pid, info, options, rusage);
}

/* ---- numbers ---- */

long sys_getpid(void)
{
	return current->tgid;
}

long sys_gettid(void)
{
	return current->pid;
}

long sys_getppid(void)
{
	int pid;

	spin_lock_irq(&tasklist_lock);
	pid = task_ppid(current);
	spin_unlock_irq(&tasklist_lock);
	return pid;
}

long sys_set_tid_address(int *tidptr)
{
	current->clear_child_tid = tidptr;
	return current->pid;
}

/* @pid's group or session; 0: the caller's. */
static long group_or_session(int pid, bool session)
{
	struct task_struct *task = current;
	long id = -ESRCH;

	spin_lock_irq(&tasklist_lock);
	if (pid)
		task = find_task_by_pid(pid);
	if (task)
		id = session ? task->signal->session : task->signal->pgrp;
	spin_unlock_irq(&tasklist_lock);
	return id;
}

long sys_getpgid(int pid)
{
	return group_or_session(pid, false);
}

long sys_getpgrp(void)
{
	return group_or_session(0, false);
}

long sys_getsid(int pid)
{
	return group_or_session(pid, true);
}

/* Some process of @session is in group @pgrp. tasklist_lock held. */
static bool group_in_session(int pgrp, int session)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp && p->signal->session == session)
			return true;
	return false;
}

/* May current move @task, found by number, into group @pgid? tasklist_lock held. */
static int may_set_pgid(const struct task_struct *task, int pgid)
{
	struct task_struct *me = current->group_leader;

	if (!task || task->pid != task->tgid)
		return task ? -EINVAL : -ESRCH;
	if (task != me && task->real_parent != me)
		return -ESRCH;
	if (task != me && task->signal->session != me->signal->session)
		return -EPERM;
	if (task != me && task->signal->has_execed)
		return -EACCES;
	if (task->signal->leader)
		return -EPERM;
	if (pgid != task->pid && !group_in_session(pgid, me->signal->session))
		return -EPERM;
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	struct task_struct *task;
	int err;

	if (pgid < 0 || (!pgid && pid < 0))
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	task = pid ? find_task_by_pid(pid) : current->group_leader;
	if (!pgid && task)
		pgid = task->pid;
	err = may_set_pgid(task, pgid);
	if (!err && task->signal->pgrp != pgid) {
		pid_get(pgid);
		pid_put(task->signal->pgrp);
		task->signal->pgrp = pgid;
	}
	spin_unlock_irq(&tasklist_lock);
	return err;
}

/* A group of this number exists. tasklist_lock held. */
static bool group_exists(int pgrp)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp)
			return true;
	return false;
}

long sys_setsid(void)
{
	struct signal_struct *signal = current->signal;
	int id = current->tgid;

	spin_lock_irq(&tasklist_lock);
	if (signal->leader || group_exists(id)) {
		id = -EPERM;
	} else {
		pid_get(id);
		pid_get(id);
		pid_put(signal->pgrp);
		pid_put(signal->session);
		signal->pgrp = signal->session = id;
		signal->leader = true;
		signal->tty = NULL;
	}
	spin_unlock_irq(&tasklist_lock);
	return id;
}

/* ---- futexes ---- */

long sys_set_robust_list(void *head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	current->robust_list_len = len;
	return 0;
}

long sys_get_robust_list(int pid, void **head, size_t *len)
{
	struct task_struct *task = pid ? find_get_task(pid) : current;
	bool allowed;
	void *list;

	if (!task)
		return -ESRCH;
	list = task->robust_list;
	allowed = task == current || capable() || same_user(task);
	if (pid)
		put_task(task);
	if (!allowed)
		return -EPERM;
	if (put_user(sizeof(struct robust_list_head), len))
		return -EFAULT;
	return put_user(list, head) ? -EFAULT : 0;
}

/* When a wait is to end, in ns on *@clock; 0: never. */
static int futex_timeout(int op, const struct timespec *timeout, u64 *expires, int *clock)
{
	struct timespec ts;
	u64 ns;

	*expires = 0;
	*clock = CLOCK_MONOTONIC;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (unsigned long)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	ns = min(ts.tv_sec, 9000000000L) * NSEC_PER_SEC + ts.tv_nsec;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		ns += ktime_get();
	else if (op & FUTEX_CLOCK_REALTIME)
		*clock = CLOCK_REALTIME;
	*expires = max(ns, 1UL);
	return 0;
}

long sys_futex(u32 *uaddr, int op, u32 val, const struct timespec *timeout, u32 *uaddr2, u32 val3)
{
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	int cmd = op & FUTEX_CMD_MASK;
	int val2 = (int)(unsigned long)timeout;
	u64 expires;
	int clock, err;

	if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fallthrough */
	case FUTEX_WAIT_BITSET:
		err = futex_timeout(op, timeout, &expires, &clock);
		return err ? err : futex_wait(uaddr, shared, val, expires, clock, val3, true);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fallthrough */
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, shared, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, val, val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, uaddr2, shared, val, val2, val3);
	}
	return -ENOSYS;
}
