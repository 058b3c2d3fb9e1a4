/* procfs_fd.c - /proc/PID/fd and fdinfo: the descriptors of a process.
 * A link in fd leads to the open file's own place, whatever is at that path by now.
 * Locks:  fget_task and next_fd_of take what they need; a descriptor may be closed at any time. */
#include "procfs_internal.h"

#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

static int fd_of(const struct inode *inode)
{
	return proc_i(inode)->id & PROC_ID_MASK;
}

static const char *fd_get_link(struct inode *inode, struct path *jump, char *buf)
{
	struct task_struct *task = proc_i(inode)->task;
	struct file *file;

	if (!proc_may_access(task))
		return ERR_PTR(-EACCES);
	file = fget_task(task, fd_of(inode));
	if (!file)
		return ERR_PTR(-ENOENT);
	*jump = file->f_path;
	path_get(jump);
	fput(file);
	return NULL;
}

/* A name is good as long as there is a file with its number. */
static bool fd_revalidate(struct dentry *dentry)
{
	struct file *file = fget_task(proc_i(dentry->d_inode)->task, fd_of(dentry->d_inode));

	if (file)
		fput(file);
	return file;
}

static int fdinfo_show(struct proc_text *text, struct inode *inode)
{
	struct file *file = fget_task(proc_i(inode)->task, fd_of(inode));

	if (!file)
		return -ENOENT;
	text_printf(text, "pos:\t%ld\nflags:\t0%o\nino:\t%lu\n", READ_ONCE(file->f_pos),
		    file->f_flags, file->f_inode->i_ino);
	if (file->f_op->show_fdinfo)
		file->f_op->show_fdinfo(text, file);
	fput(file);
	return 0;
}

static const struct inode_operations fd_link_iops = {
	.get_link = fd_get_link,
};

/* A link's mode tells how its file is open. */
#define FD_LINK(bits)	{ .name = "fd", .mode = S_IFLNK | (bits), .i_op = &fd_link_iops }

static const struct proc_entry fd_links[] = {
	FD_LINK(0), FD_LINK(0500), FD_LINK(0300), FD_LINK(0700),
};

BUILD_ASSERT(FMODE_READ == 1 && FMODE_WRITE == 2);

static const struct proc_entry fdinfo_entry = {
	.name = "fdinfo", .mode = S_IFREG | 0444, .subject = PROC_OF_FD, .show = fdinfo_show,
};

/* The mode of @dentry's open file, or -ENOENT, -EACCES. */
static int lookup_fd(struct inode *dir, struct dentry *dentry, int *fd)
{
	struct task_struct *task = proc_i(dir)->task;
	struct file *file;
	int mode;

	*fd = proc_parse_id(dentry, PROC_ID_MASK);
	if (*fd < 0)
		return *fd;
	file = fget_task(task, *fd);
	if (!file)
		return -ENOENT;
	mode = file->f_mode & (FMODE_READ | FMODE_WRITE);
	fput(file);
	return mode;
}

static int fd_lookup(struct inode *dir, struct dentry *dentry)
{
	int fd, mode = lookup_fd(dir, dentry, &fd);

	if (mode < 0)
		return mode;
	return proc_instantiate(dir, dentry, &fd_links[mode], proc_i(dir)->task, PROC_ID_FD | fd,
				proc_i(dir)->thread);
}

static int fdinfo_lookup(struct inode *dir, struct dentry *dentry)
{
	int fd, mode = lookup_fd(dir, dentry, &fd);

	if (mode < 0)
		return mode;
	return proc_instantiate(dir, dentry, &fdinfo_entry, proc_i(dir)->task, PROC_ID_FDINFO | fd,
				proc_i(dir)->thread);
}

static int iterate_fds(struct file *file, struct dir_context *ctx, unsigned int id,
		       unsigned int type)
{
	struct proc_inode *pi = proc_i(file->f_inode);
	int fd;

	if (!proc_task_alive(pi->task))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	while ((fd = next_fd_of(pi->task, ctx->pos - 2)) >= 0) {
		char name[12];
		int len = snprintf(name, sizeof(name), "%d", fd);
		u64 ino = proc_ino(NULL, pi->task->pid, id | fd, pi->thread);

		ctx->pos = fd + 2;
		if (!dir_emit(ctx, name, len, ino, type))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static int fd_iterate(struct file *file, struct dir_context *ctx)
{
	return iterate_fds(file, ctx, PROC_ID_FD, DT_LNK);
}

static int fdinfo_iterate(struct file *file, struct dir_context *ctx)
{
	return iterate_fds(file, ctx, PROC_ID_FDINFO, DT_REG);
}

/* A process may always look at its own, whoever owns the directory by now (after setuid). */
static int fd_dir_permission(struct inode *inode, int mask)
{
	if (mask & MAY_WRITE)
		return -EACCES;
	return proc_may_access(proc_i(inode)->task) ? 0 : -EACCES;
}

const struct inode_operations proc_fd_dir_iops = {
	.lookup = fd_lookup, .revalidate = fd_revalidate, .permission = fd_dir_permission,
};

const struct inode_operations proc_fdinfo_dir_iops = {
	.lookup = fdinfo_lookup, .revalidate = fd_revalidate, .permission = fd_dir_permission,
};

const struct file_operations proc_fd_dir_fops = {
	.iterate = fd_iterate, .llseek = dir_llseek,
};

const struct file_operations proc_fdinfo_dir_fops = {
	.iterate = fdinfo_iterate, .llseek = dir_llseek,
};
