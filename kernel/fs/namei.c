/* namei.c - walking a path.
 * Holds:  a walk always has a reference on the place where it is, so that nothing it looks at
 *         can go away. The walk stops in front of the final component: whoever called decides
 *         whether that is looked up, made or removed. A symbolic link in the middle puts the
 *         rest of the text on a stack and goes on in the link's; one in the last place is taken
 *         up by the caller.
 * Locks:  dcache_lock inside d_lookup and for steps between mounts; a directory's i_rwsem only
 *         for file systems that make their names on demand.
 * Read:   open.c and dirops.c for what is done with the final component. */
#include <fs/namei.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

static struct kmem_cache *names_cache;		/* [c] buffers of PATH_MAX bytes */

void namei_init(void)
{
	names_cache = kmem_cache_create("names", PATH_MAX, 8);
}

char *alloc_name(void)
{
	return kmem_cache_alloc(names_cache, GFP_KERNEL);
}

char *getname(const char *user, bool empty_ok)
{
	char *name = alloc_name();
	ssize_t len;

	if (!name)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(name, user, PATH_MAX);
	if (len > 0 && len < PATH_MAX)
		return name;
	if (len == 0 && empty_ok)
		return name;
	putname(name);
	return ERR_PTR(len < 0 ? len : len ? -ENAMETOOLONG : -ENOENT);
}

void putname(char *name)
{
	kmem_cache_free(names_cache, name);
}

static void put_link(struct held_link *link)
{
	iput(link->inode);
	if (link->buf)
		putname(link->buf);
	link->inode = NULL;
	link->buf = NULL;
}

static void need_root(struct nameidata *nd)
{
	if (!nd->root.mnt)
		get_fs_root(&nd->root);
}

static void jump_to_root(struct nameidata *nd)
{
	need_root(nd);
	path_get(&nd->root);
	if (nd->path.mnt)
		path_put(&nd->path);
	nd->path = nd->root;
}

static int start_at_fd(struct nameidata *nd, int dfd, bool need_dir)
{
	struct fd fd = fdget_raw(dfd);
	int err = 0;

	if (!fd.file)
		return -EBADF;
	if (need_dir && !S_ISDIR(fd.file->f_inode->i_mode))
		err = -ENOTDIR;
	if (!err) {
		nd->path = fd.file->f_path;
		path_get(&nd->path);
	}
	fdput(fd);
	return err;
}

int walk_begin(struct nameidata *nd, int dfd, const char *name, unsigned int flags)
{
	nd->path.mnt = NULL;
	nd->root.mnt = NULL;
	nd->last_type = LAST_SELF;
	nd->want_dir = false;
	nd->flags = flags;
	nd->links = 0;
	nd->depth = 0;
	nd->tail.inode = NULL;
	nd->tail.buf = NULL;
	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	if (*name == '/') {
		jump_to_root(nd);
		return 0;
	}
	if (dfd != AT_FDCWD)
		return start_at_fd(nd, dfd, *name);
	get_fs_pwd(&nd->path);
	return 0;
}

void walk_end(struct nameidata *nd)
{
	while (nd->depth)
		put_link(&nd->stack[--nd->depth]);
	put_link(&nd->tail);
	path_put(&nd->path);
	if (nd->root.mnt)
		path_put(&nd->root);
}

int may_search(const struct nameidata *nd)
{
	struct inode *inode = nd->path.dentry->d_inode;

	if (!S_ISDIR(inode->i_mode))
		return -ENOTDIR;
	return inode_permission(inode, MAY_EXEC);
}

/* The child of the dentry tree, if its file system still stands by it. */
static struct dentry *lookup_cached(struct dentry *dir, const char *name, unsigned int len)
{
	struct dentry *dentry = d_lookup(dir, name, len);
	const struct inode_operations *i_op = dir->d_inode->i_op;

	if (!dentry || !i_op->revalidate || i_op->revalidate(dentry))
		return dentry;
	d_drop(dentry);
	dput(dentry);
	return NULL;
}

struct dentry *lookup_child_locked(struct dentry *dir, const char *name, unsigned int len)
{
	const struct inode_operations *i_op = dir->d_inode->i_op;
	struct dentry *dentry;
	int err;

	assert_rwsem_write_held(&dir->d_inode->i_rwsem);
	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	dentry = lookup_cached(dir, name, len);
	if (dentry)
		return dentry;
	if (!i_op->lookup || (dir->d_inode->i_flags & S_DEAD))
		return ERR_PTR(-ENOENT);
	dentry = d_alloc(dir, name, len);
	if (!dentry)
		return ERR_PTR(-ENOMEM);
	err = i_op->lookup(dir->d_inode, dentry);
	if (err) {
		dput(dentry);
		return ERR_PTR(err);
	}
	return dentry;
}

struct dentry *lookup_child(struct dentry *dir, const char *name, unsigned int len)
{
	struct dentry *dentry;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	dentry = lookup_cached(dir, name, len);
	if (dentry)
		return dentry;
	if (!dir->d_inode->i_op->lookup)
		return ERR_PTR(-ENOENT);
	down_write(&dir->d_inode->i_rwsem);
	dentry = lookup_child_locked(dir, name, len);
	up_write(&dir->d_inode->i_rwsem);
	return dentry;
}

/* If something is mounted on nd->path, go to its root; and so on. */
static void cross_mounts(struct nameidata *nd)
{
	struct mount *child;
	struct path below;

	while (unlikely(READ_ONCE(nd->path.dentry->d_flags) & DENTRY_MOUNTED)) {
		spin_lock(&dcache_lock);
		child = lookup_mount_locked(nd->path.mnt, nd->path.dentry);
		if (child) {
			below.mnt = child;
			below.dentry = child->mnt_root;
			path_get(&below);
		}
		spin_unlock(&dcache_lock);
		if (!child)
			return;
		path_put(&nd->path);
		nd->path = below;
	}
}

/* Go to @dentry, a child of where we are. Takes over the reference. */
static void step_down(struct nameidata *nd, struct dentry *dentry)
{
	dput(nd->path.dentry);
	nd->path.dentry = dentry;
	cross_mounts(nd);
}

/* `..`: out of mounts too, but never above current's root. */
static void step_up(struct nameidata *nd)
{
	struct path old = nd->path, up = nd->path;

	need_root(nd);
	spin_lock(&dcache_lock);
	while (!path_equal(&up, &nd->root)) {
		if (up.dentry != up.mnt->mnt_root) {
			up.dentry = up.dentry->d_parent;
			break;
		}
		if (!up.mnt->mnt_parent)
			break;
		up.dentry = up.mnt->mnt_mountpoint;
		up.mnt = up.mnt->mnt_parent;
	}
	path_get(&up);
	spin_unlock(&dcache_lock);
	nd->path = up;
	path_put(&old);
	cross_mounts(nd);
}

/* The text of the link @inode into *body, kept by *held, and if that is absolute nd->path
 * becomes the root; or nd->path jumps to the very target and *body is NULL. */
static int follow_link(struct nameidata *nd, struct inode *inode, struct held_link *held,
		       const char **body)
{
	struct path jump = { NULL, NULL };

	if (++nd->links > MAX_LINKS || (nd->flags & LOOKUP_NO_SYMLINKS))
		return -ELOOP;
	held->inode = igrab(inode);
	held->buf = NULL;
	*body = inode->i_link;
	if (!*body) {
		held->buf = alloc_name();
		if (!held->buf)
			return -ENOMEM;
		*body = inode->i_op->get_link(inode, &jump, held->buf);
	}
	if (IS_ERR(*body))
		return PTR_ERR(*body);
	if (!*body) {
		path_put(&nd->path);
		nd->path = jump;
		return 0;
	}
	if (**body == '/')
		jump_to_root(nd);
	return **body ? 0 : -ENOENT;
}

static enum last_type type_of_component(const char *name, unsigned int len)
{
	if (name[0] != '.' || len > 2)
		return LAST_NORM;
	if (len == 1)
		return LAST_DOT;
	return name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

/* A component that something follows: step to it, or set *body to the text of a link. In that case
 * @held keeps the text; it is to be put in every case. */
static int walk_component(struct nameidata *nd, const char *name, unsigned int len,
			  struct held_link *held, const char **body)
{
	struct dentry *dentry;
	int err = may_search(nd);

	if (err)
		return err;
	switch (type_of_component(name, len)) {
	case LAST_DOTDOT:
		step_up(nd);
		return 0;
	case LAST_DOT:
		return 0;
	default:
		break;
	}
	dentry = lookup_child(nd->path.dentry, name, len);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (unlikely(S_ISLNK(dentry->d_inode->i_mode))) {
		err = follow_link(nd, dentry->d_inode, held, body);
		dput(dentry);
		return err;
	}
	step_down(nd, dentry);
	return 0;
}

static const char *skip_slashes(const char *name)
{
	while (*name == '/')
		name++;
	return name;
}

static unsigned int component_len(const char *name)
{
	unsigned int len = 0;

	while (name[len] && name[len] != '/')
		len++;
	return len;
}

/* Step to the component [@name, @len); returns the text where the walk goes on, @rest or a
 * link's. */
static int walk_middle(struct nameidata *nd, const char *name, unsigned int len, const char **rest)
{
	struct held_link held = { .rest = *rest };
	const char *body = NULL;
	int err = walk_component(nd, name, len, &held, &body);

	if (err || !body) {
		put_link(&held);
		return err;
	}
	nd->stack[nd->depth++] = held;		/* at most MAX_LINKS times in a walk */
	*rest = body;
	return 0;
}

int walk_to_last(struct nameidata *nd, const char *name)
{
	const char *rest;
	unsigned int len;
	int err;

	for (;;) {
		name = skip_slashes(name);
		if (!*name && nd->depth) {
			name = nd->stack[--nd->depth].rest;
			put_link(&nd->stack[nd->depth]);
			continue;
		}
		if (!*name) {
			nd->last_type = LAST_SELF;
			return 0;
		}
		len = component_len(name);
		rest = skip_slashes(name + len);
		if (!*rest && !nd->depth) {
			nd->last = name;
			nd->last_len = len;
			nd->last_type = type_of_component(name, len);
			nd->want_dir |= name[len] == '/';
			return may_search(nd);
		}
		err = walk_middle(nd, name, len, &rest);
		if (err)
			return err;
		name = rest;
	}
}

int walk_last_dentry(struct nameidata *nd, struct dentry *dentry, const char **body)
{
	struct held_link held = { .rest = NULL };
	bool follow = (nd->flags & LOOKUP_FOLLOW) || nd->want_dir;
	int err;

	*body = NULL;
	if (likely(!S_ISLNK(dentry->d_inode->i_mode)) || !follow) {
		step_down(nd, dentry);
		return 0;
	}
	err = follow_link(nd, dentry->d_inode, &held, body);
	dput(dentry);
	put_link(&nd->tail);			/* nd->last has been used up */
	nd->tail = held;
	return err;
}

int walk_last(struct nameidata *nd, const char **body)
{
	struct dentry *dentry;

	*body = NULL;
	switch (nd->last_type) {
	case LAST_DOTDOT:
		step_up(nd);
		return 0;
	case LAST_DOT:
	case LAST_SELF:
		return 0;
	default:
		break;
	}
	dentry = lookup_child(nd->path.dentry, nd->last, nd->last_len);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	return walk_last_dentry(nd, dentry, body);
}

int walk_whole(struct nameidata *nd, const char *name)
{
	const char *body = name;
	int err = 0;

	while (!err && body) {
		err = walk_to_last(nd, body);
		if (!err)
			err = walk_last(nd, &body);
	}
	if (!err && (nd->want_dir || (nd->flags & LOOKUP_DIRECTORY)) &&
	    !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		return -ENOTDIR;
	return err;
}

int filename_lookup(int dfd, const char *name, unsigned int flags, struct path *path)
{
	struct nameidata nd;
	int err = walk_begin(&nd, dfd, name, flags);

	if (err)
		return err;
	err = walk_whole(&nd, name);
	if (!err) {
		*path = nd.path;
		path_get(path);
	}
	walk_end(&nd);
	return err;
}

int user_path_at(int dfd, const char *user, unsigned int flags, struct path *path)
{
	char *name = getname(user, flags & LOOKUP_EMPTY);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = filename_lookup(dfd, name, flags, path);
	putname(name);
	return err;
}

/* The text of the link @path into @name (PATH_MAX bytes, end in use): where it starts; ERR_PTR. */
static const char *link_text(const struct path *path, char *name, char *scratch)
{
	struct inode *inode = path->dentry->d_inode;
	struct path jump;
	const char *text;

	if (!S_ISLNK(inode->i_mode))
		return ERR_PTR(-EINVAL);
	if (inode->i_link)
		return inode->i_link;
	text = inode->i_op->get_link(inode, &jump, scratch);
	if (text)
		return text;
	text = d_path(&jump, name, PATH_MAX);
	path_put(&jump);
	return text;
}

int vfs_readlink(const struct path *path, char *user_buf, int size)
{
	char *name = alloc_name(), *scratch = alloc_name();
	const char *text = ERR_PTR(-ENOMEM);
	int len;

	if (name && scratch)
		text = link_text(path, name, scratch);
	if (IS_ERR(text)) {
		len = PTR_ERR(text);
	} else {
		len = min_t(size_t, strlen(text), size);
		if (copy_to_user(user_buf, text, len))
			len = -EFAULT;
	}
	if (name)
		putname(name);
	if (scratch)
		putname(scratch);
	return len;
}
