/* pidfd.c - system calls on processes that are named by a descriptor. pidfd_send_signal is with
 * the other signals, in signal.c.
 * Read:   kernel/fs/pidfd.c. */
#include <syscall/proc.h>

#include <asm/uaccess.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/pidfd.h>
#include <lib/err.h>
#include <mm/mm.h>
#include <proc/cred.h>
#include <proc/process_vm.h>
#include <proc/task.h>
#include <syscall/fs.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>

#include "user_vec.h"

long sys_pidfd_open(int pid, unsigned int flags)
{
	struct task_struct *task;
	long fd;

	if (flags & ~O_NONBLOCK || pid <= 0)
		return -EINVAL;
	task = find_get_task(pid);
	if (!task)
		return -ESRCH;
	fd = thread_group_leader(task) ? new_fd(pidfd_file(task->signal, flags), O_CLOEXEC)
				       : -EINVAL;
	put_task(task);
	return fd;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	struct task_struct *task;
	struct file *file = ERR_PTR(-EPERM);

	if (flags)
		return -EINVAL;
	task = pidfd_get_task(pidfd);
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (may_access(task)) {
		file = fget_task(task, fd);
		if (!file)
			file = ERR_PTR(-EBADF);
	}
	put_task(task);
	return new_fd(file, O_CLOEXEC);
}

static bool remote_advice(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* Bytes advised, or the error of the first range. */
static ssize_t advise_ranges(struct mm_struct *mm, const struct user_vec *ranges, int advice)
{
	size_t left = ranges->iter.count, done = 0, part;
	const struct iovec *range = ranges->vec;
	int err = 0;

	for (; left; left -= part, range++) {
		part = range->iov_len;
		err = do_madvise(mm, (unsigned long)range->iov_base, part, advice);
		if (err)
			break;
		done += part;
	}
	return done ? (ssize_t)done : err;
}

static long madvise_process(int pidfd, const struct user_vec *ranges, int advice)
{
	struct task_struct *task = pidfd_get_task(pidfd);
	struct mm_struct *mm;
	long ret = -EPERM;

	if (IS_ERR(task))
		return PTR_ERR(task);
	mm = remote_advice(advice) ? mm_access(task) : ERR_PTR(-EINVAL);
	put_task(task);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	if (capable())
		ret = advise_ranges(mm, ranges, advice);
	mmput(mm);
	return ret;
}

long sys_process_madvise(int pidfd, const struct iovec *vec, size_t nr, int advice,
			 unsigned int flags)
{
	struct user_vec ranges;
	long ret;

	if (flags)
		return -EINVAL;
	ret = get_user_vec(&ranges, vec, nr);
	if (ret)
		return ret;
	ret = madvise_process(pidfd, &ranges, advice);
	put_user_vec(&ranges);
	return ret;
}

long sys_process_mrelease(int pidfd, unsigned int flags)
{
	struct task_struct *task;
	int err;

	if (flags)
		return -EINVAL;
	task = pidfd_get_task(pidfd);
	if (IS_ERR(task))
		return PTR_ERR(task);
	err = reap_process(task);
	put_task(task);
	return err;
}
