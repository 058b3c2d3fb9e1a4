/* open.c - from a path and flags to an open file.
 * Holds:  a file that is open for writing is counted in i_writecount, one that is being executed
 *         counts there the other way, so that the two exclude each other.
 * Locks:  a directory's i_rwsem while a name is made in it (O_CREAT).
 * Read:   namei.c for the walk, file.c for struct file. */
#include <fs/namei.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>

/* One open(2) on its way. */
struct opening {
	int		flags;		/* O_* */
	umode_t		mode;		/* of a new file, umask applied */
	int		acc_mode;	/* MAY_* */
	bool		created;
};

static const struct file_operations path_fops;	/* O_PATH: nothing can be done with it */

static int check_flags(struct opening *op)
{
	static const int acc_of[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
				      MAY_READ | MAY_WRITE };

	if (op->flags & O_PATH)
		op->flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	else
		op->flags |= O_LARGEFILE;	/* every program here is a 64-bit one */
	if ((op->flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	op->acc_mode = acc_of[op->flags & O_ACCMODE];
	if (op->flags & __O_TMPFILE) {
		if ((op->flags & O_TMPFILE) != O_TMPFILE || !(op->acc_mode & MAY_WRITE))
			return -EINVAL;
	}
	if (op->flags & O_TRUNC)
		op->acc_mode |= MAY_WRITE;
	if (op->flags & O_PATH)
		op->acc_mode = 0;
	return 0;
}

/* What open for these rights asks of @inode. */
static int may_open(const struct path *path, struct opening *op)
{
	struct inode *inode = path->dentry->d_inode;
	umode_t mode = inode->i_mode;

	if (S_ISLNK(mode) && !(op->flags & O_PATH))
		return -ELOOP;
	if (S_ISDIR(mode) && ((op->acc_mode & MAY_WRITE) || (op->flags & O_CREAT)))
		return -EISDIR;
	if ((op->flags & O_DIRECTORY) && !S_ISDIR(mode))
		return -ENOTDIR;
	if (op->flags & O_PATH)
		return 0;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && (path->mnt->mnt_flags & MS_NODEV))
		return -EACCES;
	if (S_ISSOCK(mode))
		return -ENXIO;
	if (op->created)
		return 0;			/* whoever makes a file has all rights to it now */
	if ((op->acc_mode & MAY_WRITE) && (S_ISREG(mode) || S_ISDIR(mode)) && mnt_want_write(path))
		return -EROFS;
	if ((op->flags & O_NOATIME) && !inode_owner_or_root(inode))
		return -EPERM;
	return inode_permission(inode, op->acc_mode);
}

/* A walk has ended at @path: make a file of it. ERR_PTR. */
static struct file *open_path(const struct path *path, struct opening *op)
{
	struct inode *inode = path->dentry->d_inode;
	bool writer = false;
	struct file *file;
	int err = may_open(path, op);

	if (err)
		return ERR_PTR(err);
	if ((op->acc_mode & MAY_WRITE) && S_ISREG(inode->i_mode)) {
		err = get_write_access(inode);
		if (err)
			return ERR_PTR(err);
		writer = true;
	}
	file = alloc_file(path, op->flags, (op->flags & O_PATH) ? &path_fops : inode->i_fop);
	if (IS_ERR(file)) {
		if (writer)
			put_write_access(inode);
		return file;
	}
	if (writer)
		file->f_mode |= FMODE_WRITER;
	err = 0;
	if (file->f_op->open)
		err = file->f_op->open(inode, file);
	if (!err)
		file->f_mode |= FMODE_OPENED;
	if (!err && (op->flags & O_TRUNC) && S_ISREG(inode->i_mode) && !op->created)
		err = vfs_truncate(inode, 0);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

/* The final name for O_CREAT, its directory locked: what is there, or a new file. ERR_PTR. */
static struct dentry *find_or_create(struct nameidata *nd, struct opening *op)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *dentry = lookup_child_locked(nd->path.dentry, nd->last, nd->last_len);
	int err;

	if (!IS_ERR(dentry) || PTR_ERR(dentry) != -ENOENT)
		return dentry;
	err = mnt_want_write(&nd->path);
	if (!err)
		err = may_create(dir);
	if (!err && !dir->i_op->create)
		err = -EACCES;
	if (err)
		return ERR_PTR(err);
	dentry = d_alloc(nd->path.dentry, nd->last, nd->last_len);
	if (!dentry)
		return ERR_PTR(-ENOMEM);
	err = dir->i_op->create(dir, dentry, S_IFREG | op->mode, 0);
	if (err) {
		dput(dentry);
		return ERR_PTR(err);
	}
	op->created = true;
	return dentry;
}

/* walk_last for open with O_CREAT. */
static int walk_last_create(struct nameidata *nd, struct opening *op, const char **body)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *dentry;

	*body = NULL;
	if (nd->last_type != LAST_NORM && (op->flags & O_EXCL))
		return -EEXIST;
	if (nd->last_type != LAST_NORM || nd->want_dir)
		return -EISDIR;
	dentry = lookup_child(nd->path.dentry, nd->last, nd->last_len);
	if (IS_ERR(dentry) && PTR_ERR(dentry) == -ENOENT) {
		down_write(&dir->i_rwsem);
		dentry = find_or_create(nd, op);
		up_write(&dir->i_rwsem);
	}
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if ((op->flags & O_EXCL) && !op->created) {
		dput(dentry);
		return -EEXIST;
	}
	return walk_last_dentry(nd, dentry, body);
}

static int walk_open(struct nameidata *nd, const char *name, struct opening *op)
{
	const char *body = name;
	int err = 0;

	while (!err && body) {
		err = walk_to_last(nd, body);
		if (err)
			break;
		if (op->flags & O_CREAT)
			err = walk_last_create(nd, op, &body);
		else
			err = walk_last(nd, &body);
	}
	if (!err && nd->want_dir && !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		err = -ENOTDIR;
	return err;
}

/* A file without a name in the directory nd->path. */
static struct file *open_tmpfile(struct nameidata *nd, struct opening *op)
{
	struct dentry *dir = nd->path.dentry;
	struct inode *inode = dir->d_inode;
	struct path path = { .mnt = nd->path.mnt };
	struct file *file;
	int err;

	if (!S_ISDIR(inode->i_mode))
		return ERR_PTR(-ENOTDIR);
	err = mnt_want_write(&nd->path);
	if (!err)
		err = inode_permission(inode, MAY_WRITE | MAY_EXEC);
	if (!err && !inode->i_op->tmpfile)
		err = -EOPNOTSUPP;
	if (err)
		return ERR_PTR(err);
	path.dentry = d_alloc(dir, "#tmpfile", 8);
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	err = inode->i_op->tmpfile(inode, path.dentry, S_IFREG | op->mode);
	file = ERR_PTR(err);
	if (!err) {
		if (!(op->flags & O_EXCL))
			path.dentry->d_inode->i_flags |= S_LINKABLE;
		op->flags &= ~(O_TMPFILE | O_CREAT);
		op->created = true;
		file = open_path(&path, op);
	}
	dput(path.dentry);
	return file;
}

struct file *do_open(int dfd, const char *name, int flags, umode_t mode)
{
	struct opening op = { .flags = flags };
	struct nameidata nd;
	struct file *file;
	int err = check_flags(&op);

	if (err)
		return ERR_PTR(err);
	if (op.flags & (O_CREAT | __O_TMPFILE))
		op.mode = mode & S_IALLUGO & ~READ_ONCE(current->fs->umask);
	err = walk_begin(&nd, dfd, name, LOOKUP_FOLLOW);
	if (err)
		return ERR_PTR(err);
	if ((op.flags & O_NOFOLLOW) || (op.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		nd.flags &= ~LOOKUP_FOLLOW;
	err = walk_open(&nd, name, &op);
	if (err)
		file = ERR_PTR(err);
	else if (op.flags & __O_TMPFILE)
		file = open_tmpfile(&nd, &op);
	else
		file = open_path(&nd.path, &op);
	walk_end(&nd);
	return file;
}

struct file *file_open(const char *path, int flags, unsigned int mode)
{
	return do_open(AT_FDCWD, path, flags, mode);
}

static int may_exec(const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;

	if (S_ISLNK(inode->i_mode))
		return -ELOOP;
	if (!S_ISREG(inode->i_mode) || (path->mnt->mnt_flags & MS_NOEXEC))
		return -EACCES;
	return inode_permission(inode, MAY_EXEC);
}

struct file *open_exec(int dfd, const char *name, bool nofollow)
{
	unsigned int flags = LOOKUP_EMPTY | (nofollow ? 0 : LOOKUP_FOLLOW);
	struct inode *inode;
	struct file *file;
	struct path path;
	int err;

	if (!*name && dfd == AT_FDCWD)
		return ERR_PTR(-ENOENT);
	err = filename_lookup(dfd, name, flags, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	err = may_exec(&path);
	if (!err)
		err = deny_write_access(inode);
	file = ERR_PTR(err);
	if (!err) {
		file = alloc_file(&path, O_RDONLY, inode->i_fop);
		if (IS_ERR(file))
			allow_write_access(inode);
		else
			file->f_mode |= FMODE_EXEC;
	}
	path_put(&path);
	return file;
}
