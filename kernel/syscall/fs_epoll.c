/* fs_epoll.c - system calls about epoll.
 * Read:   kernel/fs/epoll.c for the work. */
#include <syscall/fs.h>

#include <asm/uaccess.h>
#include <fs/epoll.h>
#include <fs/file.h>
#include <proc/signal.h>
#include <sched/clock.h>
#include <sched/wait.h>
#include <uapi/epoll.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/poll.h>

#define MAX_EVENTS (0x7fffffff / (int)sizeof(struct epoll_event))

/* What may stand beside EPOLLEXCLUSIVE. */
#define EXCLUSIVE_BITS \
	(POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

long sys_epoll_create1(int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	return new_fd(epoll_file(), flags);
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

static int check_control(const struct file *ep, int op, const struct file *target,
			 const struct epoll_event *event)
{
	if (!target->f_op->poll)
		return -EPERM;
	if (ep == target || !is_epoll_file(ep))
		return -EINVAL;
	if (op == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || is_epoll_file(target) || (event->events & ~EXCLUSIVE_BITS))
		return -EINVAL;
	return 0;
}

long sys_epoll_ctl(int epfd, int op, int fd, const struct epoll_event *user)
{
	struct epoll_event event = { 0 };
	struct fd ep, target;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	ep = fdget(epfd);
	if (!ep.file)
		return -EBADF;
	target = fdget(fd);
	if (target.file) {
		err = check_control(ep.file, op, target.file, &event);
		if (!err)
			err = epoll_control(ep.file, op, target.file, fd, &event);
		fdput(target);
	}
	fdput(ep);
	return err;
}

static long do_wait(int epfd, struct epoll_event *events, int max, u64 timeout_ns)
{
	struct fd ep;
	long ret;

	if (max <= 0 || max > MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(events, max * sizeof(*events)))
		return -EFAULT;
	ep = fdget(epfd);
	if (!ep.file)
		return -EBADF;
	ret = is_epoll_file(ep.file) ? epoll_wait(ep.file, events, max, timeout_ns) : -EINVAL;
	fdput(ep);
	return ret;
}

static u64 ms_to_ns(int ms)
{
	return ms < 0 ? WAIT_FOREVER : (u64)ms * NSEC_PER_MSEC;
}

long sys_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	return do_wait(epfd, events, max, ms_to_ns(timeout));
}

static long wait_masked(int epfd, struct epoll_event *events, int max, u64 timeout_ns,
			const void *mask, size_t bytes)
{
	long ret = set_user_sigmask(mask, bytes);

	if (ret)
		return ret;
	ret = do_wait(epfd, events, max, timeout_ns);
	restore_saved_sigmask_unless(ret == -EINTR);
	return ret;
}

long sys_epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout, const void *mask,
		     size_t bytes)
{
	return wait_masked(epfd, events, max, ms_to_ns(timeout), mask, bytes);
}

long sys_epoll_pwait2(int epfd, struct epoll_event *events, int max, const void *timeout,
		      const void *mask, size_t bytes)
{
	u64 ns;
	long ret = get_timeout(&ns, timeout, false);

	return ret ? ret : wait_masked(epfd, events, max, ns, mask, bytes);
}
