/* dirops.c - making, linking, renaming and removing names.
 * Holds:  whatever changes a directory has its i_rwsem for writing, and has checked, under it, that
 *         the directory is not dead, that the names are there or not there, and the rights.
 * Locks:  sb->s_rename_mutex when two directories are involved, then i_rwsem: directories from the
 *         top of the tree down (s_rename_mutex keeps the tree's shape still), unrelated ones by
 *         address, then the one object that loses or gains a name.
 * Read:   namei.c for how the directory is found, tmpfs.c for what a file system does then. */
#include <fs/namei.h>

#include <lib/err.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

int may_create(struct inode *dir)
{
	assert_rwsem_write_held(&dir->i_rwsem);
	if (dir->i_flags & S_DEAD)
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* @victim's name may be taken out of @dir, which is locked for writing. */
static int may_delete(struct inode *dir, struct dentry *victim, bool want_dir)
{
	const struct cred *cred = &current->cred;
	int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if ((dir->i_mode & S_ISVTX) && cred->fsuid != 0 && cred->fsuid != dir->i_uid &&
	    cred->fsuid != victim->d_inode->i_uid)
		return -EPERM;
	if (want_dir && !S_ISDIR(victim->d_inode->i_mode))
		return -ENOTDIR;
	if (!want_dir && S_ISDIR(victim->d_inode->i_mode))
		return -EISDIR;
	if (victim->d_flags & DENTRY_MOUNTED)
		return -EBUSY;
	return 0;
}

static umode_t masked(umode_t mode)
{
	return (mode & S_IALLUGO) & ~READ_ONCE(current->fs->umask);
}

/* Between start_create and end_create: the directory is locked and the name is free. */
struct creation {
	struct nameidata	nd;
	struct dentry		*dentry;	/* fresh */
	struct inode		*dir;
};

/* What start_create checks once the directory is locked. */
static struct dentry *prepare_create(struct nameidata *nd, bool is_dir)
{
	struct dentry *dir = nd->path.dentry;
	struct dentry *old = lookup_child_locked(dir, nd->last, nd->last_len);
	struct dentry *fresh;
	int err;

	if (!IS_ERR(old)) {
		dput(old);
		return ERR_PTR(-EEXIST);
	}
	if (PTR_ERR(old) != -ENOENT)
		return old;
	if (nd->want_dir && !is_dir)
		return ERR_PTR(-ENOENT);
	err = mnt_want_write(&nd->path);
	if (!err)
		err = may_create(dir->d_inode);
	if (err)
		return ERR_PTR(err);
	fresh = d_alloc(dir, nd->last, nd->last_len);
	return fresh ? fresh : ERR_PTR(-ENOMEM);
}

/* On success end_create must follow; on error there is nothing to undo. */
static int start_create(struct creation *c, int dfd, const char *name, bool is_dir)
{
	int err = walk_begin(&c->nd, dfd, name, 0);

	if (err)
		return err;
	err = walk_to_last(&c->nd, name);
	if (!err && c->nd.last_type != LAST_NORM)
		err = -EEXIST;
	if (err) {
		walk_end(&c->nd);
		return err;
	}
	c->dir = c->nd.path.dentry->d_inode;
	down_write(&c->dir->i_rwsem);
	c->dentry = prepare_create(&c->nd, is_dir);
	if (IS_ERR(c->dentry)) {
		up_write(&c->dir->i_rwsem);
		walk_end(&c->nd);
		return PTR_ERR(c->dentry);
	}
	return 0;
}

static void end_create(struct creation *c)
{
	up_write(&c->dir->i_rwsem);
	dput(c->dentry);
	walk_end(&c->nd);
}

static int vfs_create(struct creation *c, umode_t mode, dev_t dev)
{
	if (!c->dir->i_op->create)
		return -EPERM;
	return c->dir->i_op->create(c->dir, c->dentry, mode, dev);
}

int do_mknodat(int dfd, const char *name, umode_t mode, dev_t dev)
{
	struct creation c;
	int err;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	switch (mode & S_IFMT) {
	case S_IFREG: case S_IFIFO: case S_IFSOCK:
		break;
	case S_IFCHR: case S_IFBLK:
		if (current->cred.euid != 0)
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	err = start_create(&c, dfd, name, false);
	if (err)
		return err;
	err = vfs_create(&c, (mode & S_IFMT) | masked(mode), dev);
	end_create(&c);
	return err;
}

int do_mkdirat(int dfd, const char *name, umode_t mode)
{
	struct creation c;
	int err = start_create(&c, dfd, name, true);

	if (err)
		return err;
	err = vfs_create(&c, S_IFDIR | (masked(mode) & (S_IRWXUGO | S_ISVTX)), 0);
	end_create(&c);
	return err;
}

int do_symlinkat(const char *target, int dfd, const char *name)
{
	struct creation c;
	int err = start_create(&c, dfd, name, false);

	if (err)
		return err;
	err = -EPERM;
	if (c.dir->i_op->symlink)
		err = c.dir->i_op->symlink(c.dir, c.dentry, target);
	end_create(&c);
	return err;
}

/* Nobody pins down another's file by a name of his own, unless he could have copied it: so a
 * set-uid program does not outlive its removal in a stranger's directory. */
static bool may_hardlink(struct inode *inode)
{
	umode_t mode = inode->i_mode;

	if (inode_owner_or_root(inode))
		return true;
	if (!S_ISREG(mode) || (mode & S_ISUID) || ((mode & S_ISGID) && (mode & S_IXGRP)))
		return false;
	return !inode_permission(inode, MAY_READ | MAY_WRITE);
}

static int vfs_link(struct creation *c, const struct path *old)
{
	struct inode *inode = old->dentry->d_inode;
	int err = -ENOENT;

	if (old->mnt != c->nd.path.mnt)
		return -EXDEV;
	if (S_ISDIR(inode->i_mode) || !c->dir->i_op->link || !may_hardlink(inode))
		return -EPERM;
	/* A file's lock comes after every directory's. */
	down_write_nested(&inode->i_rwsem);
	if (inode->i_nlink || (inode->i_flags & S_LINKABLE))
		err = c->dir->i_op->link(inode, c->dir, c->dentry);
	if (!err)
		inode->i_flags &= ~S_LINKABLE;
	up_write(&inode->i_rwsem);
	return err;
}

int do_linkat(int olddfd, const char *old, int newdfd, const char *name, int flags)
{
	unsigned int lookup = (flags & AT_SYMLINK_FOLLOW) ? LOOKUP_FOLLOW : 0;
	struct creation c;
	struct path path;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = filename_lookup(olddfd, old, lookup, &path);
	if (err)
		return err;
	err = start_create(&c, newdfd, name, false);
	if (!err) {
		err = vfs_link(&c, &path);
		end_create(&c);
	}
	path_put(&path);
	return err;
}

/* The victim's own lock keeps a directory empty and a link count still. Returns what i_op says. */
static int vfs_unlink(struct inode *dir, struct dentry *victim)
{
	struct inode *inode = victim->d_inode;
	int err;

	if (!dir->i_op->unlink)
		return -EPERM;
	down_write_nested(&inode->i_rwsem);	/* a child, after its directory */
	err = dir->i_op->unlink(dir, victim);
	if (!err && S_ISDIR(inode->i_mode))
		inode->i_flags |= S_DEAD;
	up_write(&inode->i_rwsem);
	return err;
}

static int remove_last(struct nameidata *nd, bool is_dir, struct dentry **victim)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *dentry = lookup_child_locked(nd->path.dentry, nd->last, nd->last_len);
	int err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	*victim = dentry;
	if (nd->want_dir && !is_dir)
		return S_ISDIR(dentry->d_inode->i_mode) ? -EISDIR : -ENOTDIR;
	err = mnt_want_write(&nd->path);
	if (!err)
		err = may_delete(dir, dentry, is_dir);
	if (!err)
		err = vfs_unlink(dir, dentry);
	return err;
}

static int remove_name(int dfd, const char *name, bool is_dir)
{
	/* What rmdir and unlink say of a path that ends in no name. */
	static const int rmdir_err[] = { 0, -EINVAL, -ENOTEMPTY, -EBUSY };
	struct dentry *victim = NULL;
	struct nameidata nd;
	struct inode *dir;
	int err = walk_begin(&nd, dfd, name, 0);

	if (err)
		return err;
	err = walk_to_last(&nd, name);
	if (!err && nd.last_type != LAST_NORM)
		err = is_dir ? rmdir_err[nd.last_type] : -EISDIR;
	if (!err) {
		dir = nd.path.dentry->d_inode;
		down_write(&dir->i_rwsem);
		err = remove_last(&nd, is_dir, &victim);
		up_write(&dir->i_rwsem);
	}
	dput(victim);				/* perhaps the file's end: with no lock held */
	walk_end(&nd);
	return err;
}

int do_unlinkat(int dfd, const char *name)
{
	return remove_name(dfd, name, false);
}

int do_rmdir(int dfd, const char *name)
{
	return remove_name(dfd, name, true);
}

/* A rename on its way. */
struct renaming {
	struct nameidata	old_nd, new_nd;
	struct dentry		*old, *target, *fresh;	/* references, or NULL */
	unsigned int		flags;			/* RENAME_* */
};

/* Lock both directories. Two of one sort: the higher one in the tree first, else by address. */
static void lock_dirs(struct dentry *a, struct dentry *b)
{
	struct dentry *swap = a;

	if (a == b) {
		down_write(&a->d_inode->i_rwsem);
		return;
	}
	mutex_lock(&a->d_sb->s_rename_mutex);
	if (is_subdir(a, b) || (!is_subdir(b, a) && a > b)) {
		a = b;
		b = swap;
	}
	down_write(&a->d_inode->i_rwsem);
	down_write_nested(&b->d_inode->i_rwsem);
}

static void unlock_dirs(struct dentry *a, struct dentry *b)
{
	up_write(&a->d_inode->i_rwsem);
	if (a == b)
		return;
	up_write(&b->d_inode->i_rwsem);
	mutex_unlock(&a->d_sb->s_rename_mutex);
}

/* Find what the two names mean. Directories locked. */
static int rename_lookup(struct renaming *r)
{
	struct dentry *target;

	r->old = lookup_child_locked(r->old_nd.path.dentry, r->old_nd.last, r->old_nd.last_len);
	if (IS_ERR(r->old)) {
		int err = PTR_ERR(r->old);

		r->old = NULL;
		return err;
	}
	target = lookup_child_locked(r->new_nd.path.dentry, r->new_nd.last, r->new_nd.last_len);
	if (!IS_ERR(target))
		r->target = target;
	else if (PTR_ERR(target) != -ENOENT)
		return PTR_ERR(target);
	if ((r->flags & RENAME_NOREPLACE) && r->target)
		return -EEXIST;
	if ((r->flags & RENAME_EXCHANGE) && !r->target)
		return -ENOENT;
	return 0;
}

/* Neither may become its own ancestor; slashes are for directories. */
static int rename_check_shape(struct renaming *r)
{
	bool exchange = r->flags & RENAME_EXCHANGE;
	bool old_is_dir = S_ISDIR(r->old->d_inode->i_mode);

	if (!old_is_dir) {
		if (r->old_nd.want_dir || (!exchange && r->new_nd.want_dir))
			return -ENOTDIR;
	}
	if (exchange && r->new_nd.want_dir && !S_ISDIR(r->target->d_inode->i_mode))
		return -ENOTDIR;
	if (is_subdir(r->new_nd.path.dentry, r->old))
		return -EINVAL;
	if (r->target && is_subdir(r->old_nd.path.dentry, r->target))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_check_rights(struct renaming *r)
{
	struct inode *old_dir = r->old_nd.path.dentry->d_inode;
	struct inode *new_dir = r->new_nd.path.dentry->d_inode;
	bool exchange = r->flags & RENAME_EXCHANGE;
	bool old_is_dir = S_ISDIR(r->old->d_inode->i_mode);
	int err = mnt_want_write(&r->old_nd.path);

	if (!err)
		err = may_delete(old_dir, r->old, old_is_dir);
	if (!err && !r->target)
		err = may_create(new_dir);
	if (!err && r->target)
		err = may_delete(new_dir, r->target,
				 exchange ? S_ISDIR(r->target->d_inode->i_mode) : old_is_dir);
	/* A directory that moves has its `..` rewritten. */
	if (!err && old_is_dir && old_dir != new_dir)
		err = inode_permission(r->old->d_inode, MAY_WRITE);
	if (!err && !old_dir->i_op->rename)
		err = -EPERM;
	return err;
}

static int rename_commit(struct renaming *r)
{
	struct inode *dir = r->old_nd.path.dentry->d_inode;
	struct inode *target = r->target ? r->target->d_inode : NULL;
	int err;

	if (target)
		down_write_nested(&target->i_rwsem);	/* a child of the directories held */
	err = dir->i_op->rename(r->old, r->fresh, r->target, r->flags);
	if (target) {
		if (!err && S_ISDIR(target->i_mode) && !(r->flags & RENAME_EXCHANGE))
			target->i_flags |= S_DEAD;
		up_write(&target->i_rwsem);
	}
	return err;
}

static int rename_locked(struct renaming *r)
{
	int err = rename_lookup(r);

	if (!err)
		err = rename_check_shape(r);
	if (err)
		return err;
	if (r->target && r->target->d_inode == r->old->d_inode)
		return 0;			/* two names of one file: nothing happens */
	err = rename_check_rights(r);
	if (err)
		return err;
	r->fresh = d_alloc(r->new_nd.path.dentry, r->new_nd.last, r->new_nd.last_len);
	if (!r->fresh)
		return -ENOMEM;
	return rename_commit(r);
}

static int rename_walked(struct renaming *r)
{
	struct dentry *old_dir = r->old_nd.path.dentry, *new_dir = r->new_nd.path.dentry;
	int err;

	if (r->old_nd.path.mnt != r->new_nd.path.mnt)
		return -EXDEV;
	if (r->old_nd.last_type != LAST_NORM)
		return -EBUSY;
	if (r->new_nd.last_type != LAST_NORM)
		return (r->flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	lock_dirs(old_dir, new_dir);
	err = rename_locked(r);
	unlock_dirs(old_dir, new_dir);
	dput(r->old);
	dput(r->fresh);
	dput(r->target);
	return err;
}

int do_renameat2(int olddfd, const char *old, int newdfd, const char *name, unsigned int flags)
{
	struct renaming r = { .old = NULL, .target = NULL, .fresh = NULL, .flags = flags };
	int err;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_begin(&r.old_nd, olddfd, old, 0);
	if (err)
		return err;
	err = walk_to_last(&r.old_nd, old);
	if (err)
		goto end_old;
	err = walk_begin(&r.new_nd, newdfd, name, 0);
	if (err)
		goto end_old;
	err = walk_to_last(&r.new_nd, name);
	if (!err)
		err = rename_walked(&r);
	walk_end(&r.new_nd);
end_old:
	walk_end(&r.old_nd);
	return err;
}
