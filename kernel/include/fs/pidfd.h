/* pidfd.h - a process as a file: it stays that process, whoever has its number later. */
#ifndef FS_PIDFD_H
#define FS_PIDFD_H

struct file;
struct signal_struct;
struct task_struct;

/* @flags: O_NONBLOCK, which waitid heeds. Takes a reference on @signal. ERR_PTR. */
struct file *pidfd_file(struct signal_struct *signal, int flags);
/* What descriptor @fd of current is about, with a reference (signal_put), and its O_NONBLOCK.
 * ERR_PTR(-EBADF): it is no pidfd. */
struct signal_struct *pidfd_get_signal(int fd, int *flags);
/* The leader of that process, with a reference (put_task). ERR_PTR(-EBADF, -ESRCH): it was
 * waited for. */
struct task_struct *pidfd_get_task(int fd);

#endif
