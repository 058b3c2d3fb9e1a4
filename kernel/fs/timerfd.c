/* timerfd.c - timers that are read: how often have they expired since the last time?
 * Holds:  an expired timer is not set again by its interrupt but by whoever looks next, who counts
 *         what has been missed; so a short interval that nobody reads costs nothing.
 * Locks:  t->lock. expire() looks whether it is the timer's time at all, since it may come late,
 *         when the timer has been set anew; so nobody need wait for it but the release.
 * Read:   sched/clock.c for timers, eventfd.c for a simpler thing to read. */
#include <fs/timerfd.h>

#include <fs/file.h>
#include <fs/iov_iter.h>
#include <fs/poll.h>
#include <lib/err.h>
#include <mm/slab.h>
#include <sched/clock.h>
#include <sched/timespec.h>
#include <sched/wait.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/time.h>
#include "procfs_internal.h"

struct timerfd {
	spinlock_t		lock;		/* RANK_TIMERFD, interrupts off */
	struct timer		timer;
	struct wait_queue_head	wait;
	int			clock;		/* [c] */
	int			flags;		/* [lock] TFD_TIMER_* as it was set */
	u64			expires;	/* [lock] ktime_get() time, 0: not set */
	u64			interval;	/* [lock] ns, 0: once */
	bool			expired;	/* [lock] and not set again since */
	u64			ticks;		/* [lock] what the next read tells */
};

/* From the timer interrupt. */
static void expire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	spin_lock(&t->lock);
	if (t->expires && !t->expired && ktime_get() >= t->expires) {
		t->expired = true;
		t->ticks++;
		wake_up_all(&t->wait);
	}
	spin_unlock(&t->lock);
}

/* Set a periodic timer that has expired for its next time, and count those missed. Locked. */
static void catch_up(struct timerfd *t)
{
	u64 missed;

	if (!t->expired || !t->interval)
		return;
	missed = (ktime_get() - t->expires) / t->interval;
	t->ticks += missed;
	t->expires += (missed + 1) * t->interval;
	t->expired = false;
	timer_start(&t->timer, t->expires);
}

static void get_locked(struct timerfd *t, struct itimerspec *value)
{
	u64 now = ktime_get();

	catch_up(t);
	value->it_interval = ns_timespec(t->interval);
	value->it_value = ns_timespec(!t->expired && t->expires > now ? t->expires - now : 0);
}

void timerfd_get(struct file *file, struct itimerspec *value)
{
	struct timerfd *t = file->private_data;

	spin_lock_irq(&t->lock);
	get_locked(t, value);
	spin_unlock_irq(&t->lock);
}

/* When @ns is, by ktime_get(). */
static u64 expiry(int clock, bool absolute, u64 ns)
{
	u64 now = ktime_get(), clock_now = clock == CLOCK_REALTIME ? ktime_get_real() : now;

	if (!absolute)
		return now + ns;
	return ns > clock_now ? now + (ns - clock_now) : now;
}

void timerfd_set(struct file *file, int flags, const struct itimerspec *value,
		 struct itimerspec *old)
{
	struct timerfd *t = file->private_data;
	u64 ns = timespec_ns(&value->it_value);

	spin_lock_irq(&t->lock);
	get_locked(t, old);
	t->flags = flags;
	t->interval = timespec_ns(&value->it_interval);
	t->expires = ns ? expiry(t->clock, flags & TFD_TIMER_ABSTIME, ns) : 0;
	t->expired = false;
	t->ticks = 0;
	if (ns)
		timer_start(&t->timer, t->expires);
	spin_unlock_irq(&t->lock);
}

static bool take(struct timerfd *t, u64 *ticks)
{
	spin_lock_irq(&t->lock);
	if (t->ticks)
		catch_up(t);
	*ticks = t->ticks;
	t->ticks = 0;
	spin_unlock_irq(&t->lock);
	return *ticks;
}

static ssize_t timerfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct timerfd *t = file->private_data;
	u64 ticks;
	int err = 0;

	if (iov_iter_count(to) < sizeof(ticks))
		return -EINVAL;
	if (!take(t, &ticks)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&t->wait, take(t, &ticks));
	}
	if (err)
		return err;
	return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ? (ssize_t)sizeof(ticks) :
									 -EFAULT;
}

static unsigned int timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timerfd *t = file->private_data;

	poll_wait(file, &t->wait, table);
	return READ_ONCE(t->ticks) ? POLLIN : 0;
}

static void timerfd_release(struct inode *inode, struct file *file)
{
	struct timerfd *t = file->private_data;

	timer_cancel(&t->timer);
	kfree(t);
}

static void timerfd_fdinfo(struct proc_text *text, struct file *file)
{
	struct timerfd *t = file->private_data;
	struct itimerspec left;

	timerfd_get(file, &left);
	text_printf(text, "clockid: %d\nticks: %lu\nsettime flags: 0%o\n", t->clock,
		    READ_ONCE(t->ticks), READ_ONCE(t->flags));
	text_printf(text, "it_value: (%ld, %ld)\nit_interval: (%ld, %ld)\n", left.it_value.tv_sec,
		    left.it_value.tv_nsec, left.it_interval.tv_sec, left.it_interval.tv_nsec);
}

static const struct file_operations timerfd_fops = {
	.read		= timerfd_read,
	.poll		= timerfd_poll,
	.release	= timerfd_release,
	.show_fdinfo	= timerfd_fdinfo,
	.llseek		= noop_llseek,
};

bool is_timerfd_file(const struct file *file)
{
	return file->f_op == &timerfd_fops;
}

struct file *timerfd_file(int clock, int flags)
{
	struct timerfd *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct file *file;

	if (!t)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&t->lock, RANK_TIMERFD);
	timer_init(&t->timer, expire);
	init_waitqueue_head(&t->wait);
	t->clock = clock;
	file = anon_file("[timerfd]", &timerfd_fops, t, O_RDWR | (flags & O_NONBLOCK));
	if (IS_ERR(file))
		kfree(t);
	else
		file->f_mode |= FMODE_STREAM;
	return file;
}
