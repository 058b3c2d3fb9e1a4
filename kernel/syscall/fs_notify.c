/* fs_notify.c - system calls for files that tell of timers and signals.
 * Read:   kernel/fs/timerfd.c and signalfd.c for the work. */
#include <syscall/fs.h>

#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/signalfd.h>
#include <fs/timerfd.h>
#include <proc/cred.h>
#include <sched/timespec.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/time.h>

/* A machine that sleeps would be woken by an ALARM clock; this one never sleeps, and has no time
 * while it does not run. */
long sys_timerfd_create(int clock, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	switch (clock) {
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable())
			return -EPERM;
		clock = clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_BOOTTIME;
		break;
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	default:
		return -EINVAL;
	}
	return new_fd(timerfd_file(clock, flags), flags);
}

/* A borrowed timerfd: 0, -EBADF or -EINVAL. */
static int get_timerfd(int fd, struct fd *f)
{
	*f = fdget(fd);
	if (!f->file)
		return -EBADF;
	if (is_timerfd_file(f->file))
		return 0;
	fdput(*f);
	return -EINVAL;
}

long sys_timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	struct itimerspec kvalue, kold;
	struct fd f;
	int err;

	if (copy_from_user(&kvalue, value, sizeof(kvalue)))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
	    !timespec_valid(&kvalue.it_value) || !timespec_valid(&kvalue.it_interval))
		return -EINVAL;
	err = get_timerfd(fd, &f);
	if (err)
		return err;
	timerfd_set(f.file, flags, &kvalue, &kold);
	fdput(f);
	return old && copy_to_user(old, &kold, sizeof(kold)) ? -EFAULT : 0;
}

long sys_timerfd_gettime(int fd, struct itimerspec *value)
{
	struct itimerspec kvalue;
	struct fd f;
	int err = get_timerfd(fd, &f);

	if (err)
		return err;
	timerfd_get(f.file, &kvalue);
	fdput(f);
	return copy_to_user(value, &kvalue, sizeof(kvalue)) ? -EFAULT : 0;
}

static long change_mask(int fd, sigset_t mask)
{
	struct fd f = fdget(fd);
	long ret = fd;

	if (!f.file)
		return -EBADF;
	if (is_signalfd_file(f.file))
		signalfd_set_mask(f.file, mask);
	else
		ret = -EINVAL;
	fdput(f);
	return ret;
}

long sys_signalfd4(int fd, const sigset_t *mask, size_t bytes, int flags)
{
	sigset_t kmask;

	if (bytes != sizeof(kmask))
		return -EINVAL;
	if (get_user(kmask, mask))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	return fd == -1 ? new_fd(signalfd_file(kmask, flags), flags) : change_mask(fd, kmask);
}

long sys_signalfd(int fd, const sigset_t *mask, size_t bytes)
{
	return sys_signalfd4(fd, mask, bytes, 0);
}
