/* eventfd.c - a counter that can be waited for.
 * Locks:  ctx->lock guards count. Waiters look at it without the lock first, and are woken after
 *         each change that could let one go on.
 * Read:   pipe.c, which does the same for bytes. */
#include <fs/eventfd.h>

#include <lib/err.h>
#include <fs/file.h>
#include <fs/iov_iter.h>
#include <fs/poll.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#define EVENTFD_MAX	(~0UL - 1)

struct eventfd {
	spinlock_t		lock;		/* RANK_FILES */
	u64			count;		/* [lock] */
	bool			semaphore;	/* [c] a read takes 1, not all */
	struct wait_queue_head	rd_wait, wr_wait;
};

/* Take a value, if there is one. */
static bool take(struct eventfd *ctx, u64 *value)
{
	spin_lock(&ctx->lock);
	*value = ctx->semaphore && ctx->count ? 1 : ctx->count;
	ctx->count -= *value;
	spin_unlock(&ctx->lock);
	return *value;
}

static bool give(struct eventfd *ctx, u64 value)
{
	bool fits;

	spin_lock(&ctx->lock);
	fits = value <= EVENTFD_MAX - ctx->count;
	if (fits)
		ctx->count += value;
	spin_unlock(&ctx->lock);
	return fits;
}

static ssize_t eventfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct eventfd *ctx = file->private_data;
	u64 value;
	int err = 0;

	if (iov_iter_count(to) < sizeof(value))
		return -EINVAL;
	if (!take(ctx, &value)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&ctx->rd_wait, take(ctx, &value));
	}
	if (err)
		return err;
	wake_up_all(&ctx->wr_wait);
	return copy_to_iter(&value, sizeof(value), to) == sizeof(value) ? (ssize_t)sizeof(value) :
									 -EFAULT;
}

static ssize_t eventfd_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct eventfd *ctx = file->private_data;
	u64 value;
	int err = 0;

	if (iov_iter_count(from) < sizeof(value))
		return -EINVAL;
	if (copy_from_iter(&value, sizeof(value), from) != sizeof(value))
		return -EFAULT;
	if (value > EVENTFD_MAX)
		return -EINVAL;
	if (!give(ctx, value)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&ctx->wr_wait, give(ctx, value));
	}
	if (err)
		return err;
	wake_up_all(&ctx->rd_wait);
	return sizeof(value);
}

static unsigned int eventfd_poll(struct file *file, struct poll_table *table)
{
	struct eventfd *ctx = file->private_data;
	u64 count;

	poll_wait(file, &ctx->rd_wait, table);
	poll_wait(file, &ctx->wr_wait, table);
	count = READ_ONCE(ctx->count);
	return (count ? POLLIN | POLLRDNORM : 0) | (count < EVENTFD_MAX ? POLLOUT | POLLWRNORM : 0);
}

static void eventfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
}

static const struct file_operations eventfd_fops = {
	.read		= eventfd_read,
	.write		= eventfd_write,
	.poll		= eventfd_poll,
	.release	= eventfd_release,
	.llseek		= noop_llseek,
};

struct file *eventfd_file(unsigned int count, int flags)
{
	struct eventfd *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	struct file *file;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&ctx->lock, RANK_FILES);
	ctx->count = count;
	ctx->semaphore = flags & EFD_SEMAPHORE;
	init_waitqueue_head(&ctx->rd_wait);
	init_waitqueue_head(&ctx->wr_wait);
	file = anon_file("[eventfd]", &eventfd_fops, ctx, O_RDWR | (flags & O_NONBLOCK));
	if (IS_ERR(file))
		kfree(ctx);
	else
		file->f_mode |= FMODE_STREAM;
	return file;
}
