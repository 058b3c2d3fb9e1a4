/* readdir.c - listing directories.
 * Locks:  the directory's i_rwsem for reading while its file system lists it, so names hold still.
 * Read:   dir.h for the protocol; kernel/syscall/fs_dir.c for getdents64. */
#include <fs/dir.h>

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

bool dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	struct dentry *parent;
	bool room = true;

	if (ctx->pos == 0) {
		if (!dir_emit(ctx, ".", 1, file->f_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		parent = dget_parent(file->f_path.dentry);
		room = dir_emit(ctx, "..", 2, parent->d_inode->i_ino, DT_DIR);
		dput(parent);
		if (room)
			ctx->pos = 2;
	}
	return room;
}

int iterate_dir(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->f_inode;
	int err = -ENOENT;

	if (!file->f_op->iterate)
		return -ENOTDIR;
	down_read(&dir->i_rwsem);
	if (!(dir->i_flags & S_DEAD))
		err = file->f_op->iterate(file, ctx);
	up_read(&dir->i_rwsem);
	return err;
}

loff_t dir_llseek(struct file *file, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	file->f_pos = off;
	return off;
}
