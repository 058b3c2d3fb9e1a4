/* fs_fd.c - system calls that make, copy, close and control descriptors.
 * Read:   kernel/fs/open.c, fdtable.c. */
#include <syscall/fs.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/dentry.h>
#include <fs/eventfd.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <fs/pipe.h>
#include <proc/cred.h>
#include <proc/pid.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/filio.h>
#include <uapi/resource.h>
#include <uapi/signal.h>

/* What F_SETFL may change. */
#define SETFL_MASK	(O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)
#define MEMFD_NAME_MAX	249	/* bytes of the user's part of the name */

/* A descriptor for @file, whose reference is taken over; @file may be an ERR_PTR. */
long new_fd(struct file *file, int flags)
{
	int fd;

	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd(flags & O_CLOEXEC);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

long sys_openat(int dfd, const char *path, int flags, umode_t mode)
{
	char *name = getname(path, false);
	struct file *file;
	long fd;

	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd(flags & O_CLOEXEC);
	if (fd >= 0) {
		file = do_open(dfd, name, flags, mode);
		if (IS_ERR(file)) {
			put_unused_fd(fd);
			fd = PTR_ERR(file);
		} else {
			fd_install(fd, file);
		}
	}
	putname(name);
	return fd;
}

long sys_open(const char *path, int flags, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char *path, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_close(unsigned int fd)
{
	return close_fd(fd);
}

int unshare_files(void)
{
	struct files_struct *old = current->files, *new;

	if (atomic_read(&old->refs) == 1)
		return 0;
	new = files_copy(old);
	if (IS_ERR(new))
		return PTR_ERR(new);
	spin_lock(&current->alloc_lock);		/* against get_task_files */
	current->files = new;
	spin_unlock(&current->alloc_lock);
	files_put(old);
	return 0;
}

long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	int err = 0;

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		err = unshare_files();
	return err ? err : close_fd_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

static long dup_from(unsigned int fd, unsigned int from, unsigned int flags)
{
	struct file *file = fget_raw(fd);
	long new;

	if (!file)
		return -EBADF;
	new = get_unused_fd_from(from, flags);
	if (new < 0)
		fput(file);
	else
		fd_install(new, file);
	return new;
}

long sys_dup(unsigned int fd)
{
	return dup_from(fd, 0, 0);
}

long sys_dup3(unsigned int oldfd, unsigned int newfd, int flags)
{
	struct file *file;
	long ret;

	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	file = fget_raw(oldfd);
	if (!file)
		return -EBADF;
	ret = replace_fd(newfd, file, flags);
	fput(file);
	return ret;
}

long sys_dup2(unsigned int oldfd, unsigned int newfd)
{
	if (oldfd == newfd)
		return fd_cloexec(oldfd, -1) < 0 ? -EBADF : (long)newfd;
	return sys_dup3(oldfd, newfd, 0);
}

/* f_flags has no lock: changing two bits at once from two threads is theirs to avoid. */
static void change_flags(struct file *file, unsigned int mask, unsigned int flags)
{
	WRITE_ONCE(file->f_flags, (file->f_flags & ~mask) | (flags & mask));
}

/* Reading and writing around the page cache is for pipes (packets) and disks. */
static long set_status_flags(struct file *file, unsigned long flags)
{
	umode_t mode = file->f_inode->i_mode;

	if ((flags & O_DIRECT) && !S_ISFIFO(mode) && !S_ISBLK(mode))
		return -EINVAL;
	change_flags(file, SETFL_MASK, flags);
	return 0;
}

/* Who is to hear of input: a process, or a group if negative; 0: nobody. It is only remembered. */
static long set_owner(struct file *file, int owner)
{
	long err = 0;

	if (owner == (int)(1u << 31))
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	if (owner && !find_task_by_pid(owner < 0 ? -owner : owner))
		err = -ESRCH;
	spin_unlock_irq(&tasklist_lock);
	if (!err)
		file->f_owner = owner;
	return err;
}

static long add_seals(struct file *file, unsigned long seals)
{
	if (seals >> 32)
		return -EINVAL;
	return (file->f_mode & FMODE_WRITE) ? memfd_add_seals(file, seals) : -EPERM;
}

static long file_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_SETFL:
		return set_status_flags(file, arg);
	case F_GETLK: case F_SETLK: case F_SETLKW:
	case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return fcntl_lock(file, cmd, (struct flock *)arg);
	case F_GETOWN:
		return file->f_owner;
	case F_SETOWN:
		return set_owner(file, arg);
	case F_GETSIG:
		return file->f_signal;
	case F_SETSIG:
		if (arg > NSIG)
			return -EINVAL;
		file->f_signal = arg;
		return 0;
	case F_SETPIPE_SZ: case F_GETPIPE_SZ:
		return pipe_fcntl(file, cmd, arg);
	case F_ADD_SEALS:
		return add_seals(file, arg);
	case F_GET_SEALS:
		return memfd_get_seals(file);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file;
	long ret;

	switch (cmd) {
	case F_DUPFD: case F_DUPFD_CLOEXEC:
		if (fd_cloexec(fd, -1) < 0)
			return -EBADF;
		if ((unsigned int)arg >= rlimit(RLIMIT_NOFILE))
			return -EINVAL;
		return dup_from(fd, arg, cmd == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0);
	case F_GETFD:
		return fd_cloexec(fd, -1);
	case F_SETFD:
		ret = fd_cloexec(fd, arg & FD_CLOEXEC);
		return ret < 0 ? ret : 0;
	default:
		break;
	}
	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	if (cmd == F_GETFL)
		ret = file->f_flags;
	else if (file->f_mode & FMODE_PATH)
		ret = -EBADF;
	else
		ret = file_fcntl(file, cmd, arg);
	fput(file);
	return ret;
}

long sys_flock(unsigned int fd, unsigned int cmd)
{
	struct file *file = fget(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = do_flock(file, cmd);
	fput(file);
	return ret;
}

static long set_flag_ioctl(struct file *file, unsigned int flag, const int *user)
{
	int on;

	if (copy_from_user(&on, user, sizeof(on)))
		return -EFAULT;
	change_flags(file, flag, on ? flag : 0);
	return 0;
}

/* How much of a file in the page cache is left to read. */
static long bytes_left(struct file *file, int *user)
{
	loff_t left = READ_ONCE(file->f_inode->i_size) - file->f_pos;

	return put_user((int)left, user);
}

static long file_ioctl(struct file *file, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case FIOCLEX: case FIONCLEX:
		fd_cloexec(fd, cmd == FIOCLEX ? FD_CLOEXEC : 0);
		return 0;
	case FIONBIO:
		return set_flag_ioctl(file, O_NONBLOCK, (const int *)arg);
	case FIOASYNC:
		return set_flag_ioctl(file, O_ASYNC, (const int *)arg);
	case FIGETBSZ:
		return put_user((int)PAGE_SIZE, (int *)arg);
	default:
		break;
	}
	if (file->f_op->ioctl)
		return file->f_op->ioctl(file, cmd, arg);
	if (!S_ISREG(file->f_inode->i_mode))
		return -ENOTTY;
	switch (cmd) {
	case FIBMAP:
		return capable() ? -EINVAL : -EPERM;	/* there are no blocks to number */
	case FIONREAD:
		return bytes_left(file, (int *)arg);
	default:
		return -ENOTTY;
	}
}

long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget(fd);
	long ret;

	if (!f.file)
		return -EBADF;
	ret = file_ioctl(f.file, fd, cmd, arg);
	fdput(f);
	return ret;
}

/* Two descriptors for the ends; the user learns the numbers before anybody else can use them. */
static long install_pipe(struct file *files[2], int *user, unsigned int flags)
{
	int fds[2];
	int err;

	fds[0] = get_unused_fd(flags);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = get_unused_fd(flags);
	err = fds[1] < 0 ? fds[1] : 0;
	if (!err && copy_to_user(user, fds, sizeof(fds))) {
		put_unused_fd(fds[1]);
		err = -EFAULT;
	}
	if (err) {
		put_unused_fd(fds[0]);
		return err;
	}
	fd_install(fds[0], files[0]);
	fd_install(fds[1], files[1]);
	return 0;
}

long sys_pipe2(int *fds, int flags)
{
	struct file *files[2];
	long err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = create_pipe_files(files, flags);
	if (err)
		return err;
	err = install_pipe(files, fds, flags & O_CLOEXEC);
	if (err) {
		fput(files[0]);
		fput(files[1]);
	}
	return err;
}

long sys_pipe(int *fds)
{
	return sys_pipe2(fds, 0);
}

long sys_memfd_create(const char *uname, unsigned int flags)
{
	static const char prefix[] = "memfd:";
	char name[sizeof(prefix) + MEMFD_NAME_MAX + 1];
	char *rest = name + sizeof(prefix) - 1;
	ssize_t len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	memcpy(name, prefix, sizeof(prefix));
	len = strncpy_from_user(rest, uname, MEMFD_NAME_MAX + 1);
	if (len < 0)
		return len;
	if (len > MEMFD_NAME_MAX)
		return -EINVAL;
	return new_fd(memfd_file(name, (flags & MFD_ALLOW_SEALING) ? 0 : F_SEAL_SEAL),
		      (flags & MFD_CLOEXEC) ? O_CLOEXEC : 0);
}

long sys_eventfd2(unsigned int count, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	return new_fd(eventfd_file(count, flags), flags);
}

long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}
