/* fs.c - system calls on names, directories and mounts.
 * Read:   kernel/fs/namei.c, dirops.c, mount.c. */
#include <syscall/fs.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

long sys_mkdirat(int dfd, const char *path, umode_t mode)
{
	char *name = getname(path, false);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = do_mkdirat(dfd, name, mode);
	putname(name);
	return err;
}

long sys_mkdir(const char *path, umode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dfd, const char *path, umode_t mode, unsigned int dev)
{
	char *name = getname(path, false);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = do_mknodat(dfd, name, mode, new_decode_dev(dev));
	putname(name);
	return err;
}

long sys_mknod(const char *path, umode_t mode, unsigned int dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

/* Two names in kernel memory. 0 or errno; put_names gives them back. */
struct two_names {
	char	*old, *new;
};

static int get_names(struct two_names *names, const char *old, const char *new, bool old_empty_ok)
{
	names->old = getname(old, old_empty_ok);
	if (IS_ERR(names->old))
		return PTR_ERR(names->old);
	names->new = getname(new, false);
	if (IS_ERR(names->new)) {
		putname(names->old);
		return PTR_ERR(names->new);
	}
	return 0;
}

static void put_names(struct two_names *names)
{
	putname(names->old);
	putname(names->new);
}

long sys_linkat(int olddfd, const char *oldname, int newdfd, const char *newname, int flags)
{
	struct two_names names = { NULL, NULL };
	long err = get_names(&names, oldname, newname, flags & AT_EMPTY_PATH);

	if (err)
		return err;
	err = do_linkat(olddfd, names.old, newdfd, names.new, flags);
	put_names(&names);
	return err;
}

long sys_link(const char *oldname, const char *newname)
{
	return sys_linkat(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

long sys_symlinkat(const char *target, int newdfd, const char *path)
{
	struct two_names names = { NULL, NULL };
	long err = get_names(&names, target, path, false);

	if (err)
		return err;
	err = do_symlinkat(names.old, newdfd, names.new);
	put_names(&names);
	return err;
}

long sys_symlink(const char *target, const char *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_unlinkat(int dfd, const char *path, int flag)
{
	char *name;
	long err;

	if (flag & ~AT_REMOVEDIR)
		return -EINVAL;
	name = getname(path, false);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = flag ? do_rmdir(dfd, name) : do_unlinkat(dfd, name);
	putname(name);
	return err;
}

long sys_unlink(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_renameat2(int olddfd, const char *oldname, int newdfd, const char *newname,
		   unsigned int flags)
{
	struct two_names names = { NULL, NULL };
	long err = get_names(&names, oldname, newname, false);

	if (err)
		return err;
	err = do_renameat2(olddfd, names.old, newdfd, names.new, flags);
	put_names(&names);
	return err;
}

long sys_renameat(int olddfd, const char *oldname, int newdfd, const char *newname)
{
	return sys_renameat2(olddfd, oldname, newdfd, newname, 0);
}

long sys_rename(const char *oldname, const char *newname)
{
	return sys_renameat2(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

long sys_readlinkat(int dfd, const char *name, char *buf, int bufsiz)
{
	struct path path;
	long ret;

	if (bufsiz <= 0)
		return -EINVAL;
	char first;

	ret = user_path_at(dfd, name, LOOKUP_EMPTY, &path);
	if (ret)
		return ret;
	ret = vfs_readlink(&path, buf, bufsiz);
	/* No name at all means the descriptor, which should be a link's. */
	if (ret == -EINVAL && !get_user(first, name) && !first)
		ret = -ENOENT;
	path_put(&path);
	return ret;
}

long sys_readlink(const char *path, char *buf, int bufsiz)
{
	return sys_readlinkat(AT_FDCWD, path, buf, bufsiz);
}

/* @path is a directory that current may search. */
static int check_dir(const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;

	return S_ISDIR(inode->i_mode) ? inode_permission(inode, MAY_EXEC) : -ENOTDIR;
}

long sys_chdir(const char *name)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = check_dir(&path);
	if (!err)
		set_fs_pwd(&path);
	path_put(&path);
	return err;
}

long sys_fchdir(unsigned int fd)
{
	struct fd f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = check_dir(&f.file->f_path);
	if (!err)
		set_fs_pwd(&f.file->f_path);
	fdput(f);
	return err;
}

long sys_chroot(const char *name)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = check_dir(&path);
	if (!err && current->cred.euid != 0)
		err = -EPERM;
	if (!err)
		set_fs_root(&path);
	path_put(&path);
	return err;
}

/* The working directory into the end of @buf: where it starts, or ERR_PTR. */
static char *cwd_name(char *buf)
{
	static const char unreachable[] = "(unreachable)";
	const size_t len = sizeof(unreachable) - 1;
	struct path root, pwd;
	bool outside = false;
	char *name;

	get_fs_root(&root);
	get_fs_pwd(&pwd);
	name = ERR_PTR(-ENOENT);
	if (!d_unhashed(pwd.dentry) || pwd.dentry == pwd.dentry->d_parent)
		name = path_from(&pwd, &root, buf, PATH_MAX, &outside);
	if (!IS_ERR(name) && outside) {
		name = name - buf >= (long)len ? name - len : ERR_PTR(-ENAMETOOLONG);
		if (!IS_ERR(name))
			memcpy(name, unreachable, len);
	}
	path_put(&pwd);
	path_put(&root);
	return name;
}

long sys_getcwd(char *buf, unsigned long size)
{
	char *page = alloc_name(), *name;
	long ret;

	if (!page)
		return -ENOMEM;
	name = cwd_name(page);
	if (IS_ERR(name)) {
		ret = PTR_ERR(name);
	} else {
		ret = strlen(name) + 1;
		if ((unsigned long)ret > size)
			ret = -ERANGE;
		else if (copy_to_user(buf, name, ret))
			ret = -EFAULT;
	}
	putname(page);
	return ret;
}

long sys_umask(int mask)
{
	struct fs_struct *fs = current->fs;
	unsigned int old;

	spin_lock(&fs->lock);
	old = fs->umask;
	WRITE_ONCE(fs->umask, mask & S_IRWXUGO);
	spin_unlock(&fs->lock);
	return old;
}

/* A string argument that may be NULL, and then stays so. */
static int get_optional(char **copy, const char *user)
{
	long err;

	*copy = NULL;
	if (!user)
		return 0;
	*copy = getname(user, true);
	if (!IS_ERR(*copy))
		return 0;
	err = PTR_ERR(*copy);
	return err == -ENAMETOOLONG ? -EINVAL : err;
}

static void put_optional(char *name)
{
	if (name)
		putname(name);
}

/* With the strings in kernel memory, or NULL. */
static int mount_on(char *dir, const char *dev, const char *type, unsigned long flags,
		    const char *data)
{
	struct path path;
	int err = user_path_at(AT_FDCWD, dir, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = do_mount(dev, &path, type, flags, data);
	path_put(&path);
	return err;
}

long sys_mount(char *udev, char *dir, char *utype, unsigned long flags, void *udata)
{
	char *dev, *type, *data;
	long err;

	if (current->cred.euid != 0)
		return -EPERM;
	err = get_optional(&type, utype);
	if (err)
		return err;
	err = get_optional(&dev, udev);
	if (err)
		goto put_type;
	err = get_optional(&data, udata);
	if (err)
		goto put_dev;
	err = mount_on(dir, dev, type, flags, data);
	put_optional(data);
put_dev:
	put_optional(dev);
put_type:
	put_optional(type);
	return err;
}

long sys_umount2(char *name, int flags)
{
	struct path path;
	long err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (current->cred.euid != 0)
		return -EPERM;
	err = user_path_at(AT_FDCWD, name, (flags & UMOUNT_NOFOLLOW) ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = do_umount(&path, flags);
	path_put(&path);
	return err;
}

/* A listing on its way to user memory. */
struct getdents {
	struct dir_context	ctx;
	char			*buf;		/* user: where the next record goes */
	size_t			left;
	void			*previous;	/* user: the last record, d_off still open */
	bool			old_layout;	/* getdents(2): the type comes last */
	int			error;
};

#define OLD_NAME_OFFSET	18	/* ino, off, reclen; then the name, NUL, and the type in the end */

static int put_record(struct getdents *gd, const char *name, int len, u64 ino, unsigned int type,
		      size_t reclen)
{
	struct linux_dirent64 head = { .d_ino = ino, .d_reclen = reclen, .d_type = type };
	size_t name_offset = gd->old_layout ? OLD_NAME_OFFSET :
					      offsetof(struct linux_dirent64, d_name);
	char tail[8 + 1] = { 0 };	/* NUL and padding; in the old layout the type ends it */
	size_t tail_bytes = reclen - name_offset - len;

	if (gd->old_layout)
		tail[tail_bytes - 1] = type;
	if (copy_to_user(gd->buf, &head, name_offset) ||
	    copy_to_user(gd->buf + name_offset, name, len) ||
	    copy_to_user(gd->buf + name_offset + len, tail, tail_bytes))
		return -EFAULT;
	return 0;
}

/* The record before now knows where the next one starts. */
static int put_offset(struct getdents *gd, loff_t pos)
{
	struct linux_dirent64 *previous = gd->previous;

	return previous ? put_user((s64)pos, &previous->d_off) : 0;
}

static bool getdents_actor(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
			   unsigned int type)
{
	struct getdents *gd = container_of(ctx, struct getdents, ctx);
	size_t fixed = gd->old_layout ? OLD_NAME_OFFSET + 2 :
					offsetof(struct linux_dirent64, d_name) + 1;
	size_t reclen = ALIGN_UP(fixed + len, sizeof(long));

	if (reclen > gd->left) {
		gd->error = -EINVAL;		/* unless something has been taken before */
		return false;
	}
	gd->error = put_offset(gd, pos);
	if (!gd->error)
		gd->error = put_record(gd, name, len, ino, type, reclen);
	if (gd->error)
		return false;
	gd->previous = gd->buf;
	gd->buf += reclen;
	gd->left -= reclen;
	return true;
}

static long list_directory(struct file *file, struct getdents *gd, size_t count)
{
	int err;

	mutex_lock(&file->f_pos_lock);
	gd->ctx.pos = file->f_pos;
	err = iterate_dir(file, &gd->ctx);
	if (!err)
		file->f_pos = gd->ctx.pos;
	mutex_unlock(&file->f_pos_lock);
	if (err)
		return err;
	if (!gd->previous)
		return gd->error;
	return put_offset(gd, gd->ctx.pos) ? -EFAULT : (long)(count - gd->left);
}

static long do_getdents(unsigned int fd, void *buf, size_t count, bool old_layout)
{
	struct getdents gd = {
		.ctx = { .actor = getdents_actor }, .buf = buf, .left = max((int)count, 0),
		.old_layout = old_layout,
	};
	struct fd f = fdget(fd);
	long ret;

	if (!f.file)
		return -EBADF;
	ret = list_directory(f.file, &gd, gd.left);
	fdput(f);
	return ret;
}

long sys_getdents64(unsigned int fd, struct linux_dirent64 *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, false);
}

long sys_getdents(unsigned int fd, void *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, true);
}
