/* fs_rw.c - system calls that move data, and those that change a file's length.
 * Locks:  f_pos_lock while a call uses and moves the file's position; none for the calls that bring
 *         a position along, nor for files that have none.
 * Read:   kernel/fs/tmpfs_file.c, pipe.c for what happens then; fs_splice.c for copies between two
 *         descriptors. */
#include <syscall/fs.h>

#include <lib/err.h>
#include <asm/uaccess.h>
#include <drivers/blk.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/iov_iter.h>
#include <fs/namei.h>
#include <fs/super.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>

#include "user_vec.h"

enum rw { RW_READ, RW_WRITE };

static ssize_t no_operation(const struct file *file)
{
	return S_ISDIR(file->f_inode->i_mode) ? -EISDIR : -EINVAL;
}

/* May @count bytes be moved at @pos? 0 or errno. */
static int check_position(const struct file *file, loff_t pos, size_t count)
{
	if (file->f_mode & FMODE_STREAM)
		return 0;
	if (file->f_mode & FMODE_UNSIGNED_OFFSET)
		return pos < 0 && count >= -(size_t)pos ? -EOVERFLOW : 0;
	return (loff_t)(pos + count) < 0 ? -EINVAL : 0;
}

/* One transfer at *@pos, which moves on. */
static ssize_t do_rw(struct file *file, enum rw rw, struct iov_iter *iter, loff_t *pos)
{
	int err = check_position(file, *pos, iov_iter_count(iter));

	if (!(file->f_mode & (rw == RW_READ ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	if (err)
		return err;
	if (rw == RW_READ)
		return likely(file->f_op->read) ? file->f_op->read(file, iter, pos) :
						  no_operation(file);
	return likely(file->f_op->write) ? file->f_op->write(file, iter, pos) : no_operation(file);
}

/* The same at the file's own position. */
static ssize_t rw_at_pos(struct file *file, enum rw rw, struct iov_iter *iter)
{
	loff_t pos = 0;
	ssize_t ret;

	if (file->f_mode & FMODE_STREAM)
		return do_rw(file, rw, iter, &pos);
	mutex_lock(&file->f_pos_lock);
	pos = file->f_pos;
	ret = do_rw(file, rw, iter, &pos);
	if (ret > 0)
		file->f_pos = pos;
	mutex_unlock(&file->f_pos_lock);
	return ret;
}

static long rw_single(unsigned int fd, enum rw rw, void *buf, size_t count)
{
	struct fd f = fdget(fd);
	struct iov_iter iter;
	ssize_t ret;

	if (!f.file)
		return -EBADF;
	if (!access_ok(buf, count)) {
		fdput(f);
		return -EFAULT;
	}
	iov_iter_user(&iter, buf, min(count, MAX_RW_COUNT));
	ret = rw_at_pos(f.file, rw, &iter);
	fdput(f);
	return ret;
}

long sys_read(unsigned int fd, void *buf, size_t count)
{
	return rw_single(fd, RW_READ, buf, count);
}

long sys_write(unsigned int fd, const void *buf, size_t count)
{
	return rw_single(fd, RW_WRITE, (void *)buf, count);
}

static long rw_position(unsigned int fd, enum rw rw, struct iov_iter *iter, loff_t pos)
{
	struct fd f = fdget(fd);
	ssize_t ret;

	if (!f.file)
		return -EBADF;
	if (pos < 0)
		ret = -EINVAL;
	else if (f.file->f_mode & FMODE_STREAM)
		ret = -ESPIPE;
	else
		ret = do_rw(f.file, rw, iter, &pos);
	fdput(f);
	return ret;
}

long sys_pread64(unsigned int fd, void *buf, size_t count, loff_t pos)
{
	struct iov_iter iter;

	if (!access_ok(buf, count))
		return -EFAULT;
	iov_iter_user(&iter, buf, min(count, MAX_RW_COUNT));
	return rw_position(fd, RW_READ, &iter, pos);
}

long sys_pwrite64(unsigned int fd, const void *buf, size_t count, loff_t pos)
{
	struct iov_iter iter;

	if (!access_ok(buf, count))
		return -EFAULT;
	iov_iter_user(&iter, (void *)buf, min(count, MAX_RW_COUNT));
	return rw_position(fd, RW_WRITE, &iter, pos);
}

static long rw_vec(unsigned int fd, enum rw rw, const struct iovec *vec, unsigned long vlen)
{
	struct fd f = fdget(fd);
	struct user_vec uv;
	long ret;

	if (!f.file)
		return -EBADF;
	ret = get_user_vec(&uv, vec, vlen);
	if (!ret) {
		ret = rw_at_pos(f.file, rw, &uv.iter);
		put_user_vec(&uv);
	}
	fdput(f);
	return ret;
}

long sys_readv(unsigned int fd, const struct iovec *vec, unsigned long vlen)
{
	return rw_vec(fd, RW_READ, vec, vlen);
}

long sys_writev(unsigned int fd, const struct iovec *vec, unsigned long vlen)
{
	return rw_vec(fd, RW_WRITE, vec, vlen);
}

static long rw_vec_position(unsigned int fd, enum rw rw, const struct iovec *vec,
			    unsigned long vlen, loff_t pos)
{
	struct user_vec uv;
	long ret = get_user_vec(&uv, vec, vlen);

	if (ret)
		return ret;
	ret = rw_position(fd, rw, &uv.iter, pos);
	put_user_vec(&uv);
	return ret;
}

/* The position's upper half is an argument of its own for 32-bit programs' sake. */
long sys_preadv(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		unsigned long pos_h)
{
	return rw_vec_position(fd, RW_READ, vec, vlen, pos_l);
}

long sys_pwritev(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		 unsigned long pos_h)
{
	return rw_vec_position(fd, RW_WRITE, vec, vlen, pos_l);
}

static long rw_vec2(unsigned int fd, enum rw rw, const struct iovec *vec, unsigned long vlen,
		    loff_t pos, int flags)
{
	/* What is in memory is as safe as it gets, so the sync flags ask for nothing. */
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return -EOPNOTSUPP;
	if (pos == -1)
		return rw_vec(fd, rw, vec, vlen);
	return rw_vec_position(fd, rw, vec, vlen, pos);
}

long sys_preadv2(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		 unsigned long pos_h, int flags)
{
	return rw_vec2(fd, RW_READ, vec, vlen, pos_l, flags);
}

long sys_pwritev2(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		  unsigned long pos_h, int flags)
{
	return rw_vec2(fd, RW_WRITE, vec, vlen, pos_l, flags);
}

long sys_lseek(unsigned int fd, loff_t offset, unsigned int whence)
{
	struct fd f = fdget(fd);
	loff_t ret;

	if (!f.file)
		return -EBADF;
	if (whence > SEEK_HOLE) {
		ret = -EINVAL;
	} else if ((f.file->f_mode & FMODE_STREAM) && f.file->f_op->llseek != noop_llseek) {
		ret = -ESPIPE;
	} else {
		mutex_lock(&f.file->f_pos_lock);
		ret = f.file->f_op->llseek ? f.file->f_op->llseek(f.file, offset, whence) :
					     default_llseek(f.file, offset, whence);
		mutex_unlock(&f.file->f_pos_lock);
	}
	fdput(f);
	return ret;
}

long sys_fsync(unsigned int fd)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = f.file->f_op->fsync ? f.file->f_op->fsync(f.file) : -EINVAL;
	fdput(f);
	return err;
}

long sys_fdatasync(unsigned int fd)
{
	return sys_fsync(fd);
}

/* File systems here are memory, and disks are written at once: what is left is their own memory. */
long sys_sync(void)
{
	blk_flush_all();
	return 0;
}

/* @fd is open; its kind of file then. -EBADF. */
static long kind_of_fd(int fd)
{
	struct fd f = fdget(fd);
	long kind;

	if (!f.file)
		return -EBADF;
	kind = f.file->f_inode->i_mode & S_IFMT;
	fdput(f);
	return kind;
}

long sys_syncfs(int fd)
{
	return min(kind_of_fd(fd), 0L);
}

long sys_sync_file_range(int fd, loff_t offset, loff_t bytes, unsigned int flags)
{
	long kind;

	if ((flags & ~7u) || offset < 0 || offset + bytes < offset)
		return -EINVAL;
	kind = kind_of_fd(fd);
	if (kind < 0)
		return kind;
	return S_ISREG(kind) || S_ISDIR(kind) || S_ISBLK(kind) ? 0 : -ESPIPE;
}

long sys_fadvise64(int fd, loff_t offset, size_t len, int advice)
{
	long kind;

	if (advice < 0 || advice > 5 || (loff_t)len < 0)
		return -EINVAL;
	kind = kind_of_fd(fd);
	if (kind < 0)
		return kind;
	return S_ISFIFO(kind) ? -ESPIPE : 0;
}

long sys_readahead(int fd, loff_t offset, size_t count)
{
	struct fd f = fdget(fd);
	long err = -EBADF;

	if (!f.file)
		return err;
	if (f.file->f_mode & FMODE_READ)
		err = S_ISREG(f.file->f_inode->i_mode) && (loff_t)count >= 0 ? 0 : -EINVAL;
	fdput(f);
	return err;
}

/* A length that RLIMIT_FSIZE and the largest file allow. 0 or -EFBIG, with SIGXFSZ. */
static int check_length(loff_t length)
{
	if ((unsigned long)length > rlimit(RLIMIT_FSIZE)) {
		send_signal(SIGXFSZ, NULL, current, false);
		return -EFBIG;
	}
	return length > MAX_FILE_BYTES ? -EFBIG : 0;
}

static int truncate_path(const struct path *path, loff_t length)
{
	struct inode *inode = path->dentry->d_inode;
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	err = mnt_want_write(path);
	if (!err)
		err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = check_length(length);
	if (!err)
		err = get_write_access(inode);
	if (err)
		return err;
	err = vfs_truncate(inode, length);
	put_write_access(inode);
	return err;
}

long sys_truncate(const char *name, long length)
{
	struct path path;
	int err;

	if (length < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = truncate_path(&path, length);
	path_put(&path);
	return err;
}

long sys_ftruncate(unsigned int fd, unsigned long length)
{
	struct fd f;
	int err = -EINVAL;

	if ((long)length < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (S_ISREG(f.file->f_inode->i_mode) && (f.file->f_mode & FMODE_WRITE))
		err = check_length(length);
	if (!err)
		err = vfs_truncate(f.file->f_inode, length);
	fdput(f);
	return err;
}

static int file_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file->f_inode;
	int err;

	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && (mode & FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISFIFO(inode->i_mode))
		return -ESPIPE;
	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -ENODEV;
	if (offset > MAX_FILE_BYTES - len)
		return -EFBIG;
	if (!inode->i_op || !inode->i_op->fallocate)
		return -EOPNOTSUPP;
	err = (mode & FALLOC_FL_KEEP_SIZE) ? 0 : check_length(offset + len);
	if (err)
		return err;
	down_write(&inode->i_rwsem);
	err = inode->i_op->fallocate(inode, mode, offset, len);
	up_write(&inode->i_rwsem);
	return err;
}

long sys_fallocate(int fd, int mode, loff_t offset, loff_t len)
{
	struct fd f = fdget(fd);
	int err = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (offset >= 0 && len > 0)
		err = file_fallocate(f.file, mode, offset, len);
	fdput(f);
	return err;
}
