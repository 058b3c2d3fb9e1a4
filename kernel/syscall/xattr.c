/* xattr.c - extended attributes, as on a file system that has none.
 * Programs that copy files ask for them and go on without when the answer is "not supported" or an
 * empty list; -ENOSYS is no such answer. What is checked before is checked as on Linux.
 * Locks:  none held in or out. */
#include <syscall/fs.h>

#include <lib/string.h>
#include <lib/types.h>
#include <asm/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/namei.h>
#include <fs/super.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>
#include <uapi/xattr.h>

/* What a call wants of the attribute; one of them for each family of calls. */
struct request {
	int		mask;		/* MAY_READ or MAY_WRITE */
	int		flags;		/* of setxattr */
	const char	*name;		/* in user memory, as is value */
	const char	*value;		/* of setxattr; @size is 0 for the others */
	size_t		size;
};

/* 0, or -ERANGE, -EFAULT. @name has room for XATTR_NAME_MAX + 1 bytes. */
static int get_name(char *name, const char *user)
{
	ssize_t len = strncpy_from_user(name, user, XATTR_NAME_MAX + 1);

	if (len < 0)
		return len;
	return len && len <= XATTR_NAME_MAX ? 0 : -ERANGE;
}

/* 0 if all of the new value can be read. */
static int check_value(const struct request *r)
{
	char part[64];
	size_t at, n;

	if (r->size > XATTR_SIZE_MAX)
		return -E2BIG;
	for (at = 0; at < r->size; at += n) {
		n = min(sizeof(part), r->size - at);
		if (copy_from_user(part, r->value + at, n))
			return -EFAULT;
	}
	return 0;
}

/* Who may ask: a user's attributes are for files and directories, by their modes; trusted ones for
 * root alone. */
static int check_access(struct inode *inode, const char *name, int mask)
{
	int never = mask == MAY_WRITE ? -EPERM : -ENODATA;

	if (!strncmp(name, "trusted.", 8))
		return current->cred.euid ? never : 0;
	if (strncmp(name, "user.", 5))
		return 0;
	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return never;
	return inode_permission(inode, mask);
}

static int ask(const struct path *path, const struct request *r)
{
	char name[XATTR_NAME_MAX + 2];
	int err = 0;

	if (r->mask == MAY_WRITE)
		err = mnt_want_write(path);
	if (!err && (r->flags & ~(XATTR_CREATE | XATTR_REPLACE)))
		err = -EINVAL;
	if (!err)
		err = get_name(name, r->name);
	if (!err)
		err = check_value(r);
	if (!err)
		err = check_access(path->dentry->d_inode, name, r->mask);
	return err ? err : -EOPNOTSUPP;
}

static long ask_path(const char *name, unsigned int lookup, const struct request *r)
{
	struct path path;
	int err = user_path_at(AT_FDCWD, name, lookup, &path);

	if (err)
		return err;
	err = r ? ask(&path, r) : 0;
	path_put(&path);
	return err;
}

static long ask_fd(int fd, const struct request *r)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = r ? ask(&f.file->f_path, r) : 0;
	fdput(f);
	return err;
}

#define TO_SET		(&(struct request){ MAY_WRITE, flags, name, value, size })
#define TO_GET		(&(struct request){ MAY_READ, 0, name, NULL, 0 })
#define TO_REMOVE	(&(struct request){ MAY_WRITE, 0, name, NULL, 0 })
#define TO_LIST		NULL	/* an empty list needs no room */

long sys_setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	return ask_path(path, LOOKUP_FOLLOW, TO_SET);
}

long sys_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	return ask_path(path, 0, TO_SET);
}

long sys_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	return ask_fd(fd, TO_SET);
}

long sys_getxattr(const char *path, const char *name, void *value, size_t size)
{
	return ask_path(path, LOOKUP_FOLLOW, TO_GET);
}

long sys_lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	return ask_path(path, 0, TO_GET);
}

long sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return ask_fd(fd, TO_GET);
}

long sys_listxattr(const char *path, char *list, size_t size)
{
	return ask_path(path, LOOKUP_FOLLOW, TO_LIST);
}

long sys_llistxattr(const char *path, char *list, size_t size)
{
	return ask_path(path, 0, TO_LIST);
}

long sys_flistxattr(int fd, char *list, size_t size)
{
	return ask_fd(fd, TO_LIST);
}

long sys_removexattr(const char *path, const char *name)
{
	return ask_path(path, LOOKUP_FOLLOW, TO_REMOVE);
}

long sys_lremovexattr(const char *path, const char *name)
{
	return ask_path(path, 0, TO_REMOVE);
}

long sys_fremovexattr(int fd, const char *name)
{
	return ask_fd(fd, TO_REMOVE);
}
