/* signalfd.c - signals that are read.
 * Whoever reads or polls takes, or sees, signals of his own: the file has nothing but a mask.
 * Holds:  all sleep on signal_arrived, which is there for ever: the process by which an epoll came
 *         to watch a signalfd may end before it.
 * Read:   proc/signal_calls.c for taking a signal, proc/signal.c for the wake-up. */
#include <fs/signalfd.h>

#include <fs/file.h>
#include <fs/iov_iter.h>
#include <fs/poll.h>
#include <lib/err.h>
#include <mm/slab.h>
#include <proc/signal.h>
#include <proc/signal_calls.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include "procfs_internal.h"

struct signalfd {
	sigset_t	mask;	/* read and written whole */
};

/* What a program reads of one signal. */
struct signalfd_siginfo {
	u32	ssi_signo;
	int	ssi_errno, ssi_code;
	u32	ssi_pid, ssi_uid;
	int	ssi_fd;
	u32	ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
	int	ssi_status, ssi_int;
	u64	ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
	u16	ssi_addr_lsb, ssi_pad1;
	int	ssi_syscall;
	u64	ssi_call_addr;
	u32	ssi_arch;
	u8	ssi_pad2[28];
};

BUILD_ASSERT(sizeof(struct signalfd_siginfo) == 128);

static bool is_fault(const struct kernel_siginfo *info)
{
	int sig = info->si_signo;

	return info->si_code > 0 && info->si_code != SI_KERNEL &&
	       (sig == SIGILL || sig == SIGFPE || sig == SIGSEGV || sig == SIGBUS ||
		sig == SIGTRAP);
}

/* The fields that a signal of this origin has. */
static void fill(struct signalfd_siginfo *to, const struct kernel_siginfo *info)
{
	*to = (struct signalfd_siginfo){ .ssi_signo = info->si_signo,
					 .ssi_errno = info->si_errno,
					 .ssi_code = info->si_code };
	if (is_fault(info)) {
		to->ssi_addr = info->si_addr;
	} else if (info->si_code == SI_TIMER) {
		to->ssi_tid = info->si_tid;
		to->ssi_overrun = info->si_overrun;
		to->ssi_ptr = (unsigned long)info->si_tvalue.sival_ptr;
		to->ssi_int = info->si_tvalue.sival_int;
	} else {
		to->ssi_pid = info->si_pid;
		to->ssi_uid = info->si_uid;
		if (info->si_signo == SIGCHLD && info->si_code > 0) {
			to->ssi_status = info->si_status;
			to->ssi_utime = info->si_utime;
			to->ssi_stime = info->si_stime;
		} else if (info->si_code < 0) {
			to->ssi_ptr = (unsigned long)info->si_value.sival_ptr;
			to->ssi_int = info->si_value.sival_int;
		}
	}
}

static bool take(const struct signalfd *s, struct kernel_siginfo *info)
{
	return do_sigtimedwait(READ_ONCE(s->mask), info, 0) > 0;
}

static ssize_t signalfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct signalfd *s = file->private_data;
	struct signalfd_siginfo user;
	struct kernel_siginfo info;
	ssize_t done = 0;
	int err = 0;

	if (iov_iter_count(to) < sizeof(user))
		return -EINVAL;
	if (!take(s, &info)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&signal_arrived, take(s, &info));
	}
	if (err)
		return err;
	do {
		fill(&user, &info);
		if (copy_to_iter(&user, sizeof(user), to) != sizeof(user))
			return done ? done : -EFAULT;
		done += sizeof(user);
	} while (iov_iter_count(to) >= sizeof(user) && take(s, &info));
	return done;
}

static unsigned int signalfd_poll(struct file *file, struct poll_table *table)
{
	struct signalfd *s = file->private_data;
	struct signal_struct *signal = current->signal;
	sigset_t pending;

	poll_wait(file, &signal_arrived, table);
	spin_lock_irq(&signal->lock);
	pending = current->pending.signal | signal->shared_pending.signal;
	spin_unlock_irq(&signal->lock);
	return pending & READ_ONCE(s->mask) ? POLLIN : 0;
}

static void signalfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
}

static void signalfd_fdinfo(struct proc_text *text, struct file *file)
{
	struct signalfd *s = file->private_data;

	text_printf(text, "sigmask:\t%016lx\n", READ_ONCE(s->mask));
}

static const struct file_operations signalfd_fops = {
	.read		= signalfd_read,
	.poll		= signalfd_poll,
	.release	= signalfd_release,
	.show_fdinfo	= signalfd_fdinfo,
	.llseek		= noop_llseek,
};

bool is_signalfd_file(const struct file *file)
{
	return file->f_op == &signalfd_fops;
}

static sigset_t can_be_read(sigset_t mask)
{
	return mask & ~(sigmask(SIGKILL) | sigmask(SIGSTOP));
}

void signalfd_set_mask(struct file *file, sigset_t mask)
{
	struct signalfd *s = file->private_data;

	WRITE_ONCE(s->mask, can_be_read(mask));
	wake_up_all(&signal_arrived);
}

struct file *signalfd_file(sigset_t mask, int flags)
{
	struct signalfd *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct file *file;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->mask = can_be_read(mask);
	file = anon_file("[signalfd]", &signalfd_fops, s, O_RDWR | (flags & O_NONBLOCK));
	if (IS_ERR(file))
		kfree(s);
	else
		file->f_mode |= FMODE_STREAM;
	return file;
}
