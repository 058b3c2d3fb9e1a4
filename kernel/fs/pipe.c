/* pipe.c - pipes and FIFOs: a ring of pages between writers and readers.
 * Holds:  slots [tail, head) are in use, head - tail <= ring_size, which is a power of two. Only
 *         the newest slot may have room left that a small write fills up; only the oldest is
 *         partly read. A FIFO's inode has its pipe while somebody has it open.
 * Locks:  pipe->mutex guards the ring and the counts. poll looks at head, tail and the counts
 *         without it: each is one word, and whoever changes one wakes pollers afterwards.
 *         A slot that splice is writing out stays where it is while the mutex is dropped, and
 *         pipe->busy keeps other readers off.
 *         pipe_open_lock guards inode->i_pipe and users. The mutex is held while user memory is
 *         copied, and never while sleeping for data or room.
 * Read:   wait.h; splice.c for the other ways in and out. A reader wakes a writer only when the
 *         ring was full, a writer a reader only when it was empty; whoever is woken and leaves
 *         something over wakes the next. */
#include <fs/pipe.h>

#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/iov_iter.h>
#include <fs/internal.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <asm/uaccess.h>
#include <proc/cred.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/filio.h>

#include "pipe_internal.h"

#define PIPE_DEF_SLOTS	16u		/* 64 KiB */

static DEFINE_SPINLOCK(pipe_open_lock, RANK_DCACHE);
static struct kmem_cache *pipe_cache;		/* [c] */
static struct mount *pipe_mount;		/* [c] where unnamed pipes live */

static struct pipe *pipe_alloc(void)
{
	struct pipe *pipe = kmem_cache_alloc(pipe_cache, GFP_KERNEL | __GFP_ZERO);

	if (!pipe)
		return NULL;
	pipe->slots = kcalloc(PIPE_DEF_SLOTS, sizeof(*pipe->slots), GFP_KERNEL);
	if (!pipe->slots) {
		kmem_cache_free(pipe_cache, pipe);
		return NULL;
	}
	pipe->ring_size = PIPE_DEF_SLOTS;
	mutex_init(&pipe->mutex, RANK_PIPE);
	init_waitqueue_head(&pipe->rd_wait);
	init_waitqueue_head(&pipe->wr_wait);
	return pipe;
}

static void pipe_free(struct pipe *pipe)
{
	for (; pipe->tail != pipe->head; pipe->tail++)
		free_page(slot_at(pipe, pipe->tail)->page);
	if (pipe->spare_page)
		free_page(pipe->spare_page);
	kfree(pipe->slots);
	kmem_cache_free(pipe_cache, pipe);
}

void pipe_drop_slot(struct pipe *pipe, struct pipe_slot *slot)
{
	if (pipe->spare_page)
		free_page(slot->page);
	else
		pipe->spare_page = slot->page;
	slot->page = NULL;
	WRITE_ONCE(pipe->tail, pipe->tail + 1);
}

/* Move what is there to @to. Bytes, or -EFAULT if user memory stopped the first of them. */
static ssize_t pipe_drain(struct pipe *pipe, struct iov_iter *to)
{
	size_t done = 0;

	while (!pipe_empty(pipe) && iov_iter_count(to)) {
		struct pipe_slot *slot = slot_at(pipe, pipe->tail);
		size_t bytes = min((size_t)slot->len, iov_iter_count(to));
		size_t moved = copy_to_iter((char *)slot->page + slot->offset, bytes, to);
		bool packet = slot->packet;

		slot->offset += moved;
		slot->len -= moved;
		done += moved;
		if (moved < bytes)
			return done ? (ssize_t)done : -EFAULT;
		if (!slot->len || packet)
			pipe_drop_slot(pipe, slot);
		if (packet)
			break;
	}
	return done;
}

/* Wake without touching the queue's lock when nobody is there. The caller has just released the
 * mutex, a full barrier: a sleeper queues itself, and then looks at the ring again. */
void pipe_wake(struct wait_queue_head *wq)
{
	if (!list_empty(&wq->head))
		wake_up(wq);
}

/* Each of the two sleeps once, the mutex dropped meanwhile. 0 or -ERESTARTSYS. */
static int wait_for_data(struct pipe *pipe)
{
	int err;

	mutex_unlock(&pipe->mutex);
	err = __wait_event(&pipe->rd_wait,
			   !READ_ONCE(pipe->busy) &&
				   (!pipe_empty(pipe) || !READ_ONCE(pipe->writers)),
			   TASK_INTERRUPTIBLE, true, WAIT_FOREVER);
	mutex_lock(&pipe->mutex);
	return err;
}

static int wait_for_room(struct pipe *pipe)
{
	int err;

	mutex_unlock(&pipe->mutex);
	err = __wait_event(&pipe->wr_wait, !pipe_full(pipe) || !READ_ONCE(pipe->readers),
			   TASK_INTERRUPTIBLE, true, WAIT_FOREVER);
	mutex_lock(&pipe->mutex);
	return err;
}

struct pipe *pipe_of(const struct file *file)
{
	return file->f_inode->i_pipe;		/* stays while the file is open */
}

int pipe_need_data(struct pipe *pipe, bool nonblock)
{
	int err;

	for (;;) {
		if (!pipe->busy && !pipe_empty(pipe))
			return 1;
		if (!pipe->busy && !pipe->writers)
			return 0;
		err = nonblock ? -EAGAIN : wait_for_data(pipe);
		if (err)
			return err;
	}
}

int pipe_need_room(struct pipe *pipe, bool nonblock)
{
	int err;

	for (;;) {
		if (!pipe->readers) {
			send_signal(SIGPIPE, NULL, current, false);
			return -EPIPE;
		}
		if (!pipe_full(pipe))
			return 0;
		err = nonblock ? -EAGAIN : wait_for_room(pipe);
		if (err)
			return err;
	}
}

void pipe_add_page(struct pipe *pipe, void *page, size_t bytes)
{
	*slot_at(pipe, pipe->head) = (struct pipe_slot){ .page = page, .len = bytes };
	WRITE_ONCE(pipe->head, pipe->head + 1);
}

ssize_t pipe_read_flags(struct file *file, struct iov_iter *to, unsigned int flags)
{
	struct pipe *pipe = pipe_of(file);
	bool was_full, more;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	mutex_lock(&pipe->mutex);
	for (;;) {
		was_full = pipe_full(pipe);
		ret = pipe->busy ? 0 : pipe_drain(pipe, to);
		if (ret || (!pipe->busy && !pipe->writers))
			break;
		ret = (flags & O_NONBLOCK) ? -EAGAIN : wait_for_data(pipe);
		if (ret)
			break;
	}
	more = !pipe_empty(pipe);
	was_full = was_full && !pipe_full(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_full)
		pipe_wake(&pipe->wr_wait);
	if (more)
		pipe_wake(&pipe->rd_wait);
	return ret;
}

static ssize_t pipe_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return pipe_read_flags(file, to, file->f_flags);
}

/* The odd bytes of a write go behind the newest slot's if they fit. Bytes moved. */
static size_t append_odd(struct pipe *pipe, struct iov_iter *from)
{
	size_t odd = iov_iter_count(from) & ~PAGE_MASK, moved;
	struct pipe_slot *slot;

	if (!odd || pipe_empty(pipe))
		return 0;
	slot = slot_at(pipe, pipe->head - 1);
	if (slot->packet || slot->offset + slot->len + odd > PAGE_SIZE)
		return 0;
	moved = copy_from_iter((char *)slot->page + slot->offset + slot->len, odd, from);
	slot->len += moved;
	return moved;
}

/* One new slot. Bytes moved, or -ENOMEM, -EFAULT. */
static ssize_t add_slot(struct pipe *pipe, struct iov_iter *from, bool packet)
{
	struct pipe_slot *slot = slot_at(pipe, pipe->head);
	size_t bytes = min(PAGE_SIZE, iov_iter_count(from));
	void *page = pipe->spare_page;

	pipe->spare_page = NULL;
	if (!page)
		page = get_free_page(GFP_USER);
	if (!page)
		return -ENOMEM;
	bytes = copy_from_iter(page, bytes, from);
	if (!bytes) {
		pipe->spare_page = page;
		return -EFAULT;
	}
	*slot = (struct pipe_slot){ .page = page, .len = bytes, .packet = packet };
	WRITE_ONCE(pipe->head, pipe->head + 1);
	return bytes;
}

/* Put in what fits. Bytes, possibly 0, or errno if the first of them failed. A write of up to a
 * page goes in whole or not at all: it either fits behind the newest or takes a slot of its own. */
ssize_t pipe_fill(struct pipe *pipe, struct iov_iter *from, bool packet)
{
	size_t odd = iov_iter_count(from) & ~PAGE_MASK, done = 0;
	ssize_t moved;

	if (!packet) {
		done = append_odd(pipe, from);
		if (done && done < odd)
			return done;		/* bad user memory */
	}
	while (iov_iter_count(from) && !pipe_full(pipe)) {
		moved = add_slot(pipe, from, packet);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		done += moved;
		if ((size_t)moved < PAGE_SIZE)
			break;			/* the end, or bad user memory */
	}
	return done;
}

/* Readers have gone. */
static ssize_t broken_pipe(void)
{
	send_signal(SIGPIPE, NULL, current, false);
	return -EPIPE;
}

static ssize_t pipe_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct pipe *pipe = pipe_of(file);
	bool packet = file->f_flags & O_DIRECT, was_empty = false, more_room;
	size_t done = 0, wanted;
	ssize_t ret = 0;

	if (!iov_iter_count(from))
		return 0;
	mutex_lock(&pipe->mutex);
	for (;;) {
		if (!pipe->readers) {
			ret = done ? 0 : broken_pipe();
			break;
		}
		was_empty |= pipe_empty(pipe) || READ_ONCE(pipe->watched);
		wanted = iov_iter_count(from);
		ret = pipe_fill(pipe, from, packet);
		if (ret < 0)
			break;
		done += ret;
		if ((size_t)ret == wanted || !pipe_full(pipe))
			break;			/* all of it, or bad user memory stopped it */
		ret = -EAGAIN;
		if (file->f_flags & O_NONBLOCK)
			break;
		if (was_empty)
			pipe_wake(&pipe->rd_wait);
		was_empty = false;
		ret = wait_for_room(pipe);
		if (ret)
			break;
	}
	more_room = !pipe_full(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_empty && done)
		pipe_wake(&pipe->rd_wait);
	if (more_room)
		pipe_wake(&pipe->wr_wait);
	return done ? (ssize_t)done : ret;
}

static unsigned int pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = pipe_of(file);
	unsigned int mask = 0;

	/* An epoll that tells of edges is told of each write, not of the first alone. */
	if (table)
		WRITE_ONCE(pipe->watched, true);
	if (file->f_mode & FMODE_READ) {
		poll_wait(file, &pipe->rd_wait, table);
		if (!pipe_empty(pipe))
			mask |= POLLIN | POLLRDNORM;
		/* A FIFO that no writer has opened since we did has not been hung up. */
		if (!READ_ONCE(pipe->writers) &&
		    (unsigned long)file->private_data != READ_ONCE(pipe->w_counter))
			mask |= POLLHUP;
	}
	if (file->f_mode & FMODE_WRITE) {
		poll_wait(file, &pipe->wr_wait, table);
		if (!pipe_full(pipe))
			mask |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			mask |= POLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe *pipe = pipe_of(file);
	unsigned int pos;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->mutex);
	for (pos = pipe->tail; pos != pipe->head; pos++)
		bytes += slot_at(pipe, pos)->len;
	mutex_unlock(&pipe->mutex);
	return put_user(bytes, (int *)arg);
}

/* One user less. The last one frees the pipe, and a FIFO then has none until it is opened again. */
static void put_pipe(struct inode *inode, struct pipe *pipe)
{
	bool last;

	spin_lock(&pipe_open_lock);
	last = !--pipe->users;
	if (last)
		inode->i_pipe = NULL;
	spin_unlock(&pipe_open_lock);
	if (last)
		pipe_free(pipe);
}

/* The FIFO's pipe with one more user; made if there is none. ERR_PTR(-ENOMEM). */
static struct pipe *get_pipe(struct inode *inode)
{
	struct pipe *fresh = NULL, *pipe;

	if (!READ_ONCE(inode->i_pipe)) {
		fresh = pipe_alloc();
		if (!fresh)
			return ERR_PTR(-ENOMEM);
	}
	spin_lock(&pipe_open_lock);
	pipe = inode->i_pipe;
	if (!pipe && fresh) {
		inode->i_pipe = pipe = fresh;
		fresh = NULL;
	}
	if (pipe)
		pipe->users++;
	spin_unlock(&pipe_open_lock);
	if (fresh)
		pipe_free(fresh);
	return pipe ? pipe : get_pipe(inode);	/* it went just after we had seen it */
}

static void join(struct pipe *pipe, const struct file *file)
{
	if (file->f_mode & FMODE_READ) {
		pipe->readers++;
		pipe->r_counter++;
	}
	if (file->f_mode & FMODE_WRITE) {
		pipe->writers++;
		pipe->w_counter++;
	}
}

static void leave(struct pipe *pipe, const struct file *file)
{
	if (file->f_mode & FMODE_READ)
		pipe->readers--;
	if (file->f_mode & FMODE_WRITE)
		pipe->writers--;
}

static void wake_both(struct pipe *pipe)
{
	wake_up_all(&pipe->rd_wait);
	wake_up_all(&pipe->wr_wait);
}

/* A FIFO's reader waits for a writer and the other way round, even for one that has gone again. The
 * mutex is dropped meanwhile. */
static int wait_for_partner(struct pipe *pipe, struct wait_queue_head *wq, unsigned int *counter)
{
	unsigned int before = *counter;
	int err;

	wake_both(pipe);
	mutex_unlock(&pipe->mutex);
	err = wait_event_interruptible(wq, READ_ONCE(*counter) != before);
	mutex_lock(&pipe->mutex);
	return err;
}

static int open_fifo_locked(struct pipe *pipe, struct file *file)
{
	bool nonblock = file->f_flags & O_NONBLOCK;
	int err = 0;

	switch (file->f_mode & (FMODE_READ | FMODE_WRITE)) {
	case FMODE_READ:
		join(pipe, file);
		if (!pipe->writers && nonblock)
			file->private_data = (void *)(unsigned long)pipe->w_counter;
		else if (!pipe->writers)
			err = wait_for_partner(pipe, &pipe->rd_wait, &pipe->w_counter);
		break;
	case FMODE_WRITE:
		if (nonblock && !pipe->readers)
			return -ENXIO;
		join(pipe, file);
		if (!pipe->readers)
			err = wait_for_partner(pipe, &pipe->wr_wait, &pipe->r_counter);
		break;
	case FMODE_READ | FMODE_WRITE:
		join(pipe, file);
		break;
	default:
		return -EINVAL;
	}
	if (err)
		leave(pipe, file);
	return err;
}

static int pipe_open(struct inode *inode, struct file *file)
{
	bool named = inode->i_sb != pipe_mount->mnt_sb;
	struct pipe *pipe = get_pipe(inode);
	int err = 0;

	if (IS_ERR(pipe))
		return PTR_ERR(pipe);
	file->f_mode |= FMODE_STREAM;
	mutex_lock(&pipe->mutex);
	if (named)
		err = open_fifo_locked(pipe, file);
	else
		join(pipe, file);		/* through /proc/PID/fd */
	mutex_unlock(&pipe->mutex);
	wake_both(pipe);
	if (err)
		put_pipe(inode, pipe);
	return err;
}

static void pipe_release(struct inode *inode, struct file *file)
{
	struct pipe *pipe = inode->i_pipe;

	mutex_lock(&pipe->mutex);
	leave(pipe, file);
	mutex_unlock(&pipe->mutex);
	wake_both(pipe);
	put_pipe(inode, pipe);
}

const struct file_operations pipe_fops = {
	.read		= pipe_read,
	.write		= pipe_write,
	.poll		= pipe_poll,
	.ioctl		= pipe_ioctl,
	.open		= pipe_open,
	.release	= pipe_release,
};

void free_inode_pipe(struct inode *inode)
{
	if (inode->i_pipe)
		pipe_free(inode->i_pipe);
}

/* A FIFO inode without a name, with its pipe. NULL: no memory. */
static struct inode *new_pipe_inode(void)
{
	struct inode *inode = new_inode(pipe_mount->mnt_sb, S_IFIFO | 0600, 0);

	if (!inode)
		return NULL;
	inode->i_fop = &pipe_fops;
	inode->i_pipe = pipe_alloc();
	if (!inode->i_pipe) {
		iput(inode);
		return NULL;
	}
	return inode;
}

static struct file *pipe_end(const struct path *path, int flags)
{
	struct file *file = alloc_file(path, flags, &pipe_fops);

	if (IS_ERR(file))
		return file;
	file->f_mode |= FMODE_STREAM | FMODE_OPENED;
	join(path->dentry->d_inode->i_pipe, file);
	path->dentry->d_inode->i_pipe->users++;	/* nobody else knows the pipe yet */
	return file;
}

int create_pipe_files(struct file *files[2], int flags)
{
	struct path path = { .mnt = pipe_mount };
	int err = 0;

	path.dentry = d_alloc(pipe_mount->mnt_root, "", 0);
	if (!path.dentry)
		return -ENOMEM;
	path.dentry->d_inode = new_pipe_inode();
	if (!path.dentry->d_inode) {
		dput(path.dentry);
		return -ENOMEM;
	}
	files[0] = pipe_end(&path, O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(files[0])) {
		err = PTR_ERR(files[0]);
	} else {
		files[1] = pipe_end(&path, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
		if (IS_ERR(files[1])) {
			err = PTR_ERR(files[1]);
			fput(files[0]);
		}
	}
	dput(path.dentry);
	return err;
}

/* Put what is in the ring into a ring of @nr slots. The mutex is held. 0 or errno. */
static int resize_ring(struct pipe *pipe, unsigned int nr)
{
	unsigned int used = pipe->head - pipe->tail, i;
	struct pipe_slot *slots;

	if (nr < used)
		return -EBUSY;
	slots = kcalloc(nr, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < used; i++)
		slots[i] = *slot_at(pipe, pipe->tail + i);
	kfree(pipe->slots);
	pipe->slots = slots;
	pipe->ring_size = nr;
	pipe->tail = 0;
	pipe->head = used;
	return 0;
}

static long set_pipe_size(struct pipe *pipe, unsigned long bytes)
{
	unsigned int nr = 1;
	int err;

	if (bytes > 1UL << 31)
		return -EINVAL;
	while (nr * PAGE_SIZE < bytes)
		nr *= 2;
	if (nr > PIPE_MAX_SLOTS)
		return capable() ? -ENOMEM : -EPERM;
	mutex_lock(&pipe->mutex);
	err = resize_ring(pipe, nr);
	mutex_unlock(&pipe->mutex);
	pipe_wake(&pipe->wr_wait);
	return err ? err : (long)(nr * PAGE_SIZE);
}

long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (file->f_op != &pipe_fops)
		return -EBADF;
	if (cmd == F_SETPIPE_SZ)
		return set_pipe_size(pipe_of(file), arg);
	return READ_ONCE(pipe_of(file)->ring_size) * PAGE_SIZE;
}

static int pipe_dname(struct dentry *dentry, char *buf, int size)
{
	return snprintf(buf, size, "pipe:[%lu]", dentry->d_inode->i_ino);
}

static const struct super_operations pipe_sops = {
	.dname = pipe_dname,
};

static int pipe_fill_super(struct super_block *sb, const char *data)
{
	struct inode *inode = new_inode(sb, S_IFDIR | 0600, 0);

	if (!inode)
		return -ENOMEM;
	sb->s_magic = PIPEFS_MAGIC;
	sb->s_op = &pipe_sops;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct file_system_type pipe_fs_type = {
	.name		= "pipefs",
	.fs_flags	= FS_KERNEL | FS_NODEV,
	.fill_super	= pipe_fill_super,
};

void pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 8);
	pipe_mount = kern_mount(&pipe_fs_type, NULL);
	ASSERT(!IS_ERR(pipe_mount));
}
