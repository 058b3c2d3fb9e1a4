/* splice.c - data between pipes and files without a user buffer: splice, tee, vmsplice.
 * Holds:  whole slots change from pipe to pipe; everything else is copied page by page. What leaves
 *         a pipe has been written: of a write that comes short, the rest is still the pipe's oldest
 *         data.
 * Locks:  a pipe's mutex only to look at its ring, as files take other locks to read and write;
 *         pipe->busy stands in for it while the oldest slot is written out. Two pipes: mutexes by
 *         address.
 * Read:   pipe.c; kernel/syscall/fs_splice.c for what is checked before. */
#include <fs/splice.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/iov_iter.h>
#include <fs/pipe.h>
#include <lib/string.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include "pipe_internal.h"

bool is_pipe(const struct file *file)
{
	return file->f_op == &pipe_fops;
}

bool can_splice_read(const struct file *file)
{
	umode_t mode = file->f_inode->i_mode;

	return file->f_op->read && (S_ISREG(mode) || S_ISBLK(mode) || file->f_op->splice_read);
}

bool can_splice_write(const struct file *file)
{
	umode_t mode = file->f_inode->i_mode;

	return file->f_op->write && (S_ISREG(mode) || S_ISBLK(mode) || file->f_op->splice_write);
}

/* ---- a pipe and a file ---- */

/* The oldest slot as it is now, and other readers kept off it; 0 and errno as pipe_need_data. */
static int borrow_slot(struct pipe *pipe, bool nonblock, struct pipe_slot *slot)
{
	int ready;

	mutex_lock(&pipe->mutex);
	ready = pipe_need_data(pipe, nonblock);
	if (ready > 0) {
		*slot = *slot_at(pipe, pipe->tail);
		pipe->busy = true;
	}
	mutex_unlock(&pipe->mutex);
	return ready;
}

/* @used bytes of the borrowed slot have gone. Writers may have added to it meanwhile. */
static void return_slot(struct pipe *pipe, size_t used)
{
	struct pipe_slot *slot;
	bool was_full;

	mutex_lock(&pipe->mutex);
	slot = slot_at(pipe, pipe->tail);
	was_full = pipe_full(pipe);
	slot->offset += used;
	slot->len -= used;
	if (!slot->len)
		pipe_drop_slot(pipe, slot);
	WRITE_ONCE(pipe->busy, false);
	was_full = was_full && !pipe_full(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_full)
		pipe_wake(&pipe->wr_wait);
	pipe_wake(&pipe->rd_wait);
}

static ssize_t pipe_to_file(struct pipe *pipe, struct file *out, loff_t *pos, size_t len,
			    bool nonblock)
{
	struct pipe_slot slot;
	struct iov_iter iter;
	size_t done = 0, bytes;
	ssize_t ret;

	while (done < len) {
		ret = borrow_slot(pipe, nonblock || done, &slot);
		if (ret <= 0)
			break;
		bytes = min((size_t)slot.len, len - done);
		iov_iter_kernel(&iter, (char *)slot.page + slot.offset, bytes);
		ret = out->f_op->write(out, &iter, pos);
		return_slot(pipe, ret > 0 ? ret : 0);
		if (ret <= 0)
			break;
		done += ret;
		if ((size_t)ret < bytes || signal_pending(current))
			break;
		cond_resched();
	}
	return done || !len ? (ssize_t)done : ret;
}

/* Fill @page from the file and put it in. Bytes; 0 at the end; errno. The page is the pipe's if
 * there were bytes. A stream cannot be read twice, so the mutex is held while it is read: there
 * must be room for what comes. */
static ssize_t read_to_slot(struct file *in, loff_t *pos, struct pipe *pipe, void *page,
			    size_t bytes, bool nonblock)
{
	bool stream = in->f_mode & FMODE_STREAM;
	struct iov_iter iter;
	loff_t end = *pos;
	ssize_t got, err;

	iov_iter_kernel(&iter, page, bytes);
	mutex_lock(&pipe->mutex);
	err = pipe_need_room(pipe, nonblock);
	if (!stream)
		mutex_unlock(&pipe->mutex);
	got = err ? err : in->f_op->read(in, &iter, &end);
	if (!stream) {
		mutex_lock(&pipe->mutex);
		if (got > 0)
			err = pipe_need_room(pipe, nonblock);	/* somebody may have filled it */
	}
	if (got > 0 && !err)
		pipe_add_page(pipe, page, got);
	mutex_unlock(&pipe->mutex);
	if (err)
		return err;
	if (got > 0) {
		*pos = end;
		pipe_wake(&pipe->rd_wait);
	}
	return got;
}

static ssize_t file_to_pipe(struct file *in, loff_t *pos, struct pipe *pipe, size_t len,
			    bool nonblock)
{
	size_t done = 0, bytes;
	ssize_t ret = 0;
	void *page;

	while (done < len) {
		page = get_free_page(GFP_USER);
		if (!page) {
			ret = -ENOMEM;
			break;
		}
		bytes = min(PAGE_SIZE, len - done);
		ret = read_to_slot(in, pos, pipe, page, bytes, nonblock || done);
		if (ret <= 0) {
			free_page(page);
			break;
		}
		done += ret;
		if ((size_t)ret < bytes || signal_pending(current))
			break;
		cond_resched();
	}
	return done ? (ssize_t)done : ret;
}

/* ---- two pipes ---- */

static void lock_two(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->mutex : &b->mutex);
	mutex_lock_nested(a < b ? &b->mutex : &a->mutex);	/* by address */
}

static void unlock_two(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->mutex);
	mutex_unlock(&b->mutex);
}

/* Wait until there is something in @in and room in @out. 1, and both are locked; else as
 * pipe_need_data and pipe_need_room, and none is. */
static int lock_ready(struct pipe *in, struct pipe *out, bool nonblock)
{
	int ret;

	for (;;) {
		mutex_lock(&in->mutex);
		ret = pipe_need_data(in, nonblock);
		mutex_unlock(&in->mutex);
		if (ret <= 0)
			return ret;
		mutex_lock(&out->mutex);
		ret = pipe_need_room(out, nonblock);
		mutex_unlock(&out->mutex);
		if (ret)
			return ret;
		lock_two(in, out);
		if (!in->busy && !pipe_empty(in) && !pipe_full(out) && out->readers)
			return 1;
		unlock_two(in, out);
	}
}

/* A copy of @bytes of @slot goes into @out, which has room. 0 or -ENOMEM. */
static int copy_slot(const struct pipe_slot *slot, struct pipe *out, size_t bytes)
{
	void *page = get_free_page(GFP_USER);

	if (!page)
		return -ENOMEM;
	memcpy(page, (char *)slot->page + slot->offset, bytes);
	pipe_add_page(out, page, bytes);
	return 0;
}

/* What fits of up to @len bytes; with @keep they stay in @in, too. Both locked. */
static ssize_t between_rings(struct pipe *in, struct pipe *out, size_t len, bool keep)
{
	unsigned int pos = in->tail;
	size_t done = 0;
	int err = 0;

	while (done < len && pos != in->head && !pipe_full(out)) {
		struct pipe_slot *slot = slot_at(in, pos);
		size_t bytes = min((size_t)slot->len, len - done);

		if (!keep && bytes == slot->len) {
			*slot_at(out, out->head) = *slot;
			WRITE_ONCE(out->head, out->head + 1);
			slot->page = NULL;
			WRITE_ONCE(in->tail, in->tail + 1);
		} else {
			err = copy_slot(slot, out, bytes);
			if (err)
				break;
			if (!keep) {
				slot->offset += bytes;
				slot->len -= bytes;
			}
		}
		done += bytes;
		pos++;
	}
	return done ? (ssize_t)done : err;
}

static ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len, bool nonblock, bool keep)
{
	ssize_t ret = lock_ready(in, out, nonblock);

	if (ret <= 0)
		return ret;
	ret = between_rings(in, out, len, keep);
	unlock_two(in, out);
	pipe_wake(&out->rd_wait);
	pipe_wake(&in->wr_wait);
	pipe_wake(&in->rd_wait);
	return ret;
}

/* ---- for the system calls ---- */

static bool would_not_block(const struct file *in, const struct file *out, unsigned int flags)
{
	return (flags & SPLICE_F_NONBLOCK) || (is_pipe(in) && (in->f_flags & O_NONBLOCK)) ||
	       (is_pipe(out) && (out->f_flags & O_NONBLOCK));
}

ssize_t do_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len,
		  unsigned int flags)
{
	bool nonblock = would_not_block(in, out, flags);

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (is_pipe(in) && is_pipe(out)) {
		if (pipe_of(in) == pipe_of(out))
			return -EINVAL;
		return pipe_to_pipe(pipe_of(in), pipe_of(out), len, nonblock, false);
	}
	if (is_pipe(in)) {
		if ((out->f_flags & O_APPEND) || !can_splice_write(out))
			return -EINVAL;
		return pipe_to_file(pipe_of(in), out, out_pos, len, nonblock);
	}
	if (!is_pipe(out) || !can_splice_read(in))
		return -EINVAL;
	return file_to_pipe(in, in_pos, pipe_of(out), len, nonblock);
}

ssize_t do_tee(struct file *in, struct file *out, size_t len, unsigned int flags)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!is_pipe(in) || !is_pipe(out) || pipe_of(in) == pipe_of(out))
		return -EINVAL;
	return pipe_to_pipe(pipe_of(in), pipe_of(out), len, would_not_block(in, out, flags), true);
}

ssize_t do_vmsplice_in(struct file *file, struct iov_iter *from, unsigned int flags)
{
	struct pipe *pipe = pipe_of(file);
	ssize_t ret;

	mutex_lock(&pipe->mutex);
	ret = pipe_need_room(pipe, flags & SPLICE_F_NONBLOCK);
	if (!ret)
		ret = pipe_fill(pipe, from, false);
	mutex_unlock(&pipe->mutex);
	if (ret > 0)
		pipe_wake(&pipe->rd_wait);
	return ret;
}
