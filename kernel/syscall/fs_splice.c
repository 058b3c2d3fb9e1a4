/* fs_splice.c - sendfile, splice, tee, vmsplice, copy_file_range: data between two descriptors.
 * Locks:  none is held while data moves. The files may be one, or used by two calls the other way
 *         round at a time; so a file's position is read before and written after.
 * Read:   kernel/fs/splice.c for what has a pipe at one end. */
#include <syscall/fs.h>

#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/iov_iter.h>
#include <fs/pipe.h>
#include <fs/splice.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include "user_vec.h"

#define SPLICE_FLAGS	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

/* ---- positions ---- */

static loff_t read_pos(struct file *file)
{
	loff_t pos;

	mutex_lock(&file->f_pos_lock);
	pos = file->f_pos;
	mutex_unlock(&file->f_pos_lock);
	return pos;
}

static void write_pos(struct file *file, loff_t pos)
{
	mutex_lock(&file->f_pos_lock);
	file->f_pos = pos;
	mutex_unlock(&file->f_pos_lock);
}

/* Where a copy begins: at the user's offset, or at the file's position. */
static int start_pos(struct file *file, loff_t *user, loff_t *pos)
{
	if (!user) {
		*pos = (file->f_mode & FMODE_STREAM) ? 0 : read_pos(file);
		return 0;
	}
	if (file->f_mode & FMODE_STREAM)
		return -ESPIPE;
	if (copy_from_user(pos, user, sizeof(*pos)))
		return -EFAULT;
	return 0;
}

/* [@pos, @pos + @count) can be in a file. */
static int check_range(loff_t pos, size_t count)
{
	return pos < 0 || (loff_t)count < 0 || (loff_t)(pos + count) < 0 ? -EINVAL : 0;
}

static int end_pos(struct file *file, loff_t *user, loff_t pos)
{
	if (user)
		return copy_to_user(user, &pos, sizeof(pos)) ? -EFAULT : 0;
	if (!(file->f_mode & FMODE_STREAM))
		write_pos(file, pos);
	return 0;
}

/* ---- between files ---- */

/* Write all of @page's @bytes at *@pos; what was written, or errno if nothing was. */
static ssize_t write_out(struct file *out, void *page, size_t bytes, loff_t *pos)
{
	struct iov_iter iter;
	size_t done = 0;
	ssize_t n;

	while (done < bytes) {
		iov_iter_kernel(&iter, (char *)page + done, bytes - done);
		n = out->f_op->write(out, &iter, pos);
		if (n <= 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

/* Move up to @count bytes through one page. Both positions end behind what was written. Bytes, or
 * errno if there are none. */
static ssize_t copy_between(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			    size_t count)
{
	void *page = get_free_page(GFP_KERNEL);
	ssize_t got, put = 0;
	size_t done = 0;

	if (!page)
		return -ENOMEM;
	while (done < count && put >= 0) {
		struct iov_iter iter;
		loff_t pos = *in_pos;

		iov_iter_kernel(&iter, page, min(PAGE_SIZE, count - done));
		got = in->f_op->read(in, &iter, &pos);
		put = got > 0 ? write_out(out, page, got, out_pos) : got;
		if (put <= 0)
			break;
		*in_pos += put;
		done += put;
		if (put < got || signal_pending(current))
			break;
		cond_resched();
	}
	free_page(page);
	return done ? (ssize_t)done : put;
}

static ssize_t copy_files(struct file *in, loff_t *in_off, loff_t in_pos, struct file *out,
			  loff_t *out_off, loff_t out_pos, size_t count)
{
	ssize_t ret = copy_between(in, &in_pos, out, &out_pos, min(count, MAX_RW_COUNT));
	int err = 0;

	if (ret > 0) {
		err = end_pos(in, in_off, in_pos);
		if (!err)
			err = end_pos(out, out_off, out_pos);
	}
	return err ? err : ret;
}

static ssize_t send_file(struct file *in, loff_t *offset, struct file *out, size_t count)
{
	loff_t in_pos, out_pos;
	int err = start_pos(in, offset, &in_pos);

	if (!err)
		err = start_pos(out, NULL, &out_pos);
	if (!err)
		err = check_range(in_pos, count);
	if (!err)
		err = check_range(out_pos, count);
	if (err)
		return err;
	if (in->f_mode & FMODE_STREAM)
		return -EINVAL;			/* one may wait for others for ever */
	if (!can_splice_read(in) || (out->f_flags & O_APPEND) ||
	    !(can_splice_write(out) || is_pipe(out)))
		return -EINVAL;
	return copy_files(in, offset, in_pos, out, NULL, out_pos, count);
}

long sys_sendfile(int out_fd, int in_fd, loff_t *offset, size_t count)
{
	struct fd in = fdget(in_fd), out = fdget(out_fd);
	ssize_t ret = -EBADF;

	if (in.file && out.file && (in.file->f_mode & FMODE_READ) &&
	    (out.file->f_mode & FMODE_WRITE))
		ret = send_file(in.file, offset, out.file, count);
	if (in.file)
		fdput(in);
	if (out.file)
		fdput(out);
	return ret;
}

static int check_copy_range(struct file *in, struct file *out, unsigned int flags)
{
	if (!in || !out)
		return -EBADF;
	if (flags)
		return -EINVAL;
	if (S_ISDIR(in->f_inode->i_mode) || S_ISDIR(out->f_inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(in->f_inode->i_mode) || !S_ISREG(out->f_inode->i_mode))
		return -EINVAL;
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE) ||
	    (out->f_flags & O_APPEND))
		return -EBADF;
	return in->f_op->read && out->f_op->write ? 0 : -EINVAL;
}

static ssize_t copy_range(struct file *in, loff_t *in_off, struct file *out, loff_t *out_off,
			  size_t count)
{
	loff_t in_pos, out_pos;
	int err = start_pos(in, in_off, &in_pos);

	if (!err)
		err = start_pos(out, out_off, &out_pos);
	if (err)
		return err;
	if (in_pos < 0 || out_pos < 0)
		return -EINVAL;
	if (in->f_inode == out->f_inode && in_pos < out_pos + (loff_t)count &&
	    out_pos < in_pos + (loff_t)count)
		return -EINVAL;
	return copy_files(in, in_off, in_pos, out, out_off, out_pos, count);
}

long sys_copy_file_range(int fd_in, loff_t *off_in, int fd_out, loff_t *off_out, size_t len,
			 unsigned int flags)
{
	struct fd in = fdget(fd_in), out = fdget(fd_out);
	ssize_t ret = check_copy_range(in.file, out.file, flags);

	if (!ret)
		ret = copy_range(in.file, off_in, out.file, off_out, len);
	if (in.file)
		fdput(in);
	if (out.file)
		fdput(out);
	return ret;
}

/* ---- with a pipe ---- */

static ssize_t splice_at(struct file *in, loff_t *in_off, struct file *out, loff_t *out_off,
			 size_t len, unsigned int flags)
{
	loff_t in_pos = 0, out_pos = 0;
	ssize_t ret;
	int err;

	if ((is_pipe(in) && in_off) || (is_pipe(out) && out_off))
		return -ESPIPE;
	err = start_pos(out, out_off, &out_pos);
	if (!err)
		err = start_pos(in, in_off, &in_pos);
	if (err)
		return err == -ESPIPE ? -EINVAL : err;
	/* A pipe takes no more at a time than it has room for. */
	if (is_pipe(out))
		len = min(len, MAX_RW_COUNT);
	err = check_range(is_pipe(in) ? out_pos : in_pos, len);
	if (err && (in->f_mode & FMODE_READ) && (out->f_mode & FMODE_WRITE) &&
	    (is_pipe(in) || is_pipe(out)))
		return err;
	ret = do_splice(in, &in_pos, out, &out_pos, len, flags);
	if (ret <= 0)
		return ret;
	err = is_pipe(in) ? 0 : end_pos(in, in_off, in_pos);
	if (!err && !is_pipe(out))
		err = end_pos(out, out_off, out_pos);
	return err ? err : ret;
}

long sys_splice(int fd_in, loff_t *off_in, int fd_out, loff_t *off_out, size_t len,
		unsigned int flags)
{
	struct fd in, out;
	ssize_t ret = -EBADF;

	if (!len)
		return 0;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	in = fdget(fd_in);
	out = fdget(fd_out);
	if (in.file && out.file)
		ret = splice_at(in.file, off_in, out.file, off_out, len, flags);
	if (in.file)
		fdput(in);
	if (out.file)
		fdput(out);
	return ret;
}

long sys_tee(int fd_in, int fd_out, size_t len, unsigned int flags)
{
	struct fd in, out;
	ssize_t ret = -EBADF;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (!len)
		return 0;
	in = fdget(fd_in);
	out = fdget(fd_out);
	if (in.file && out.file)
		ret = do_tee(in.file, out.file, len, flags);
	if (in.file)
		fdput(in);
	if (out.file)
		fdput(out);
	return ret;
}

/* From memory into a pipe, or, if the descriptor is the reading end, the other way. As on Linux
 * only @flags say whether to wait. */
static ssize_t vmsplice_file(struct file *file, const struct iovec *vec, unsigned long nr,
			     unsigned int flags)
{
	bool in = file->f_mode & FMODE_WRITE;
	unsigned int nonblock = (flags & SPLICE_F_NONBLOCK) ? O_NONBLOCK : 0;
	struct user_vec uv;
	ssize_t ret;

	if (!in && !(file->f_mode & FMODE_READ))
		return -EBADF;
	ret = get_user_vec(&uv, vec, nr);
	if (ret)
		return ret;
	if (!iov_iter_count(&uv.iter))
		ret = 0;
	else if (!is_pipe(file))
		ret = -EBADF;
	else if (in)
		ret = do_vmsplice_in(file, &uv.iter, flags);
	else
		ret = pipe_read_flags(file, &uv.iter, nonblock);
	put_user_vec(&uv);
	return ret;
}

long sys_vmsplice(int fd, const struct iovec *vec, unsigned long nr, unsigned int flags)
{
	struct fd f;
	ssize_t ret;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	ret = vmsplice_file(f.file, vec, nr, flags);
	fdput(f);
	return ret;
}
