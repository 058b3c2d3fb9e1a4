/* pidfd.c - a process as a file: readable once it has ended.
 * Holds:  a reference on signal_struct, which stays the same for the whole life of a process, also
 *         when exec makes another thread its leader.
 * Read:   proc/exit.c for who wakes pidfd_wait. */
#include <fs/pidfd.h>

#include <fs/file.h>
#include <fs/poll.h>
#include <lib/err.h>
#include <proc/process.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include "procfs_internal.h"

static unsigned int pidfd_poll(struct file *file, struct poll_table *table)
{
	struct signal_struct *signal = file->private_data;

	poll_wait(file, &signal->pidfd_wait, table);
	return READ_ONCE(signal->over) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct inode *inode, struct file *file)
{
	signal_put(file->private_data);
}

static void pidfd_fdinfo(struct proc_text *text, struct file *file)
{
	struct task_struct *task = get_process(file->private_data);
	int pid = task ? task->tgid : -1;

	text_printf(text, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
	if (task)
		put_task(task);
}

static const struct file_operations pidfd_fops = {
	.poll		= pidfd_poll,
	.release	= pidfd_release,
	.show_fdinfo	= pidfd_fdinfo,
};

struct file *pidfd_file(struct signal_struct *signal, int flags)
{
	struct file *file = anon_file("[pidfd]", &pidfd_fops, signal,
				      O_RDWR | (flags & O_NONBLOCK));

	if (!IS_ERR(file)) {
		signal_get(signal);
		file->f_mode |= FMODE_STREAM;
	}
	return file;
}

struct signal_struct *pidfd_get_signal(int fd, int *flags)
{
	struct signal_struct *signal = ERR_PTR(-EBADF);
	struct fd f = fdget(fd);

	if (f.file && f.file->f_op == &pidfd_fops) {
		signal = f.file->private_data;
		*flags = f.file->f_flags & O_NONBLOCK;
		signal_get(signal);
	}
	if (f.file)
		fdput(f);
	return signal;
}

struct task_struct *pidfd_get_task(int fd)
{
	int flags;
	struct signal_struct *signal = pidfd_get_signal(fd, &flags);
	struct task_struct *task;

	if (IS_ERR(signal))
		return ERR_PTR(PTR_ERR(signal));
	task = get_process(signal);
	signal_put(signal);
	return task ? task : ERR_PTR(-ESRCH);
}
