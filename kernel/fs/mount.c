/* mount.c - the kinds of file systems, their instances, and where those hang in the tree.
 * Holds:  an attached mount is on mount_list with one reference for being there, holds one on its
 *         parent and its mountpoint, and the mountpoint has DENTRY_MOUNTED. So a mount whose only
 *         references are the list's and the caller's is not in use. A super block lives as long as
 *         its mounts.
 * Locks:  dcache_lock guards the mount tree along with the names. fs_types_lock the list of kinds.
 * Read:   namei.c: step_down and step_up, which cross mounts. */
#include <fs/super.h>

#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/mount.h>

struct mount *root_mount;

static DEFINE_SPINLOCK(fs_types_lock, RANK_MOUNT);
static LIST_HEAD(fs_types);			/* [fs_types_lock] entries stay for ever */
static LIST_HEAD(mount_list);			/* [dcache_lock] */
static unsigned int next_anon_dev = 1;		/* [atomic] */
static unsigned int next_mnt_id = 1;		/* [atomic] */
/* Keeps two first mounts of a FS_SINGLE kind apart. Nothing is taken under it but what fill_super
 * takes for a tree that nobody sees yet. */
static DEFINE_MUTEX(single_mutex, RANK_RENAME);

int register_filesystem(struct file_system_type *type)
{
	struct file_system_type *other;
	int err = 0;

	spin_lock(&fs_types_lock);
	list_for_each_entry(other, &fs_types, list)
		if (!strcmp(other->name, type->name))
			err = -EEXIST;
	if (!err)
		list_add_tail(&type->list, &fs_types);
	spin_unlock(&fs_types_lock);
	return err;
}

struct file_system_type *next_filesystem(struct file_system_type *type)
{
	struct list_head *next;

	spin_lock(&fs_types_lock);
	next = type ? type->list.next : fs_types.next;
	spin_unlock(&fs_types_lock);
	return next == &fs_types ? NULL : list_entry(next, struct file_system_type, list);
}

static struct file_system_type *find_filesystem(const char *name)
{
	struct file_system_type *type = NULL;

	while ((type = next_filesystem(type)))
		if (!(type->fs_flags & FS_KERNEL) && !strcmp(type->name, name))
			return type;
	return NULL;
}

static struct super_block *sb_alloc(const struct file_system_type *type)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

	if (!sb)
		return NULL;
	sb->s_dev = MKDEV(0, __atomic_fetch_add(&next_anon_dev, 1, __ATOMIC_RELAXED));
	sb->s_type = type;
	atomic_set(&sb->s_count, 1);
	mutex_init(&sb->s_rename_mutex, RANK_RENAME);
	return sb;
}

static void sb_put(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->s_count))
		return;
	if (sb->s_root) {
		d_genocide(sb->s_root);
		dput(sb->s_root);
	}
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
	kfree(sb);
}

static struct super_block *sb_make(struct file_system_type *type, const char *data)
{
	struct super_block *sb = sb_alloc(type);
	int err;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	err = type->fill_super(sb, data);
	if (err) {
		sb_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

/* An instance of @type with a reference for the caller. */
static struct super_block *sb_get(struct file_system_type *type, const char *data)
{
	struct super_block *sb;

	if (!(type->fs_flags & FS_SINGLE))
		return sb_make(type, data);
	mutex_lock(&single_mutex);
	sb = type->single;
	if (!sb) {
		sb = sb_make(type, data);
		if (!IS_ERR(sb))
			type->single = sb;	/* the kind keeps a reference for ever */
	}
	if (!IS_ERR(sb))
		atomic_inc(&sb->s_count);
	mutex_unlock(&single_mutex);
	return sb;
}

/* A detached mount of @root, one reference. Takes over the reference on @sb, also when it fails. */
static struct mount *mnt_alloc(struct super_block *sb, struct dentry *root, const char *dev)
{
	struct mount *mnt = kzalloc(sizeof(*mnt), GFP_KERNEL);
	char *name = kstrdup(dev, GFP_KERNEL);

	if (!mnt || !name) {
		kfree(mnt);
		kfree(name);
		sb_put(sb);
		return NULL;
	}
	mnt->mnt_sb = sb;
	mnt->mnt_root = dget(root);
	mnt->mnt_devname = name;
	mnt->mnt_id = __atomic_fetch_add(&next_mnt_id, 1, __ATOMIC_RELAXED);
	atomic_set(&mnt->mnt_count, 1);
	INIT_LIST_HEAD(&mnt->mnt_list);
	return mnt;
}

static struct mount *mnt_new(struct file_system_type *type, const char *dev, const char *data)
{
	struct super_block *sb = sb_get(type, data);
	struct mount *mnt;

	if (IS_ERR(sb))
		return ERR_PTR(PTR_ERR(sb));
	mnt = mnt_alloc(sb, sb->s_root, dev);
	return mnt ? mnt : ERR_PTR(-ENOMEM);
}

struct mount *kern_mount(struct file_system_type *type, const char *data)
{
	return mnt_new(type, type->name, data);
}

void mntget(struct mount *mnt)
{
	atomic_inc(&mnt->mnt_count);
}

void mntput(struct mount *mnt)
{
	if (!mnt || !atomic_dec_and_test(&mnt->mnt_count))
		return;
	DEBUG_ASSERT(list_empty(&mnt->mnt_list));
	dput(mnt->mnt_root);
	sb_put(mnt->mnt_sb);
	kfree(mnt->mnt_devname);
	kfree(mnt);
}

void path_get(const struct path *path)
{
	mntget(path->mnt);
	dget(path->dentry);
}

void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

struct mount *lookup_mount_locked(struct mount *mnt, struct dentry *dentry)
{
	struct mount *child;

	assert_spin_held(&dcache_lock);
	list_for_each_entry(child, &mount_list, mnt_list)
		if (child->mnt_parent == mnt && child->mnt_mountpoint == dentry)
			return child;
	return NULL;
}

int mnt_want_write(const struct path *path)
{
	return (READ_ONCE(path->mnt->mnt_flags) & MS_RDONLY) ? -EROFS : 0;
}

/* Hang the detached @mnt on @where; the tree takes over the caller's reference. 0, or -ENOENT if
 * the place was removed meanwhile. */
static int attach_mount(struct mount *mnt, const struct path *where)
{
	int err = -ENOENT;

	spin_lock(&dcache_lock);
	if (!d_unhashed(where->dentry) || where->dentry == where->dentry->d_parent) {
		path_get(where);
		mnt->mnt_parent = where->mnt;
		mnt->mnt_mountpoint = where->dentry;
		where->dentry->d_flags |= DENTRY_MOUNTED;
		list_add_tail(&mnt->mnt_list, &mount_list);
		err = 0;
	}
	spin_unlock(&dcache_lock);
	return err;
}

/* The opposite. dcache_lock held. The place's references go to *where, for path_put afterwards. */
static void detach_mount_locked(struct mount *mnt, struct path *where)
{
	struct mount *other;

	where->mnt = mnt->mnt_parent;
	where->dentry = mnt->mnt_mountpoint;
	mnt->mnt_parent = NULL;
	mnt->mnt_mountpoint = NULL;
	list_del_init(&mnt->mnt_list);
	list_for_each_entry(other, &mount_list, mnt_list)
		if (other->mnt_mountpoint == where->dentry)
			return;
	where->dentry->d_flags &= ~DENTRY_MOUNTED;
}

void mount_root(struct mount *mnt)
{
	spin_lock(&dcache_lock);
	list_add(&mnt->mnt_list, &mount_list);
	root_mount = mnt;
	spin_unlock(&dcache_lock);
}

/* What a mount remembers of mount(2)'s flags. */
#define MNT_KEPT_FLAGS	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | \
			 MS_NODIRATIME | MS_RELATIME | MS_SYNCHRONOUS)

static int attach_new(struct mount *mnt, const struct path *where, unsigned long flags)
{
	int err = -ENOTDIR;

	mnt->mnt_flags = flags & MNT_KEPT_FLAGS;
	if (S_ISDIR(mnt->mnt_root->d_inode->i_mode) == S_ISDIR(where->dentry->d_inode->i_mode))
		err = attach_mount(mnt, where);
	if (err)
		mntput(mnt);
	return err;
}

static int do_bind(const char *dev, const struct path *where, unsigned long flags)
{
	struct path from;
	struct mount *mnt;
	int err = dev ? kern_path(dev, LOOKUP_FOLLOW, &from) : -EINVAL;

	if (err)
		return err;
	atomic_inc(&from.mnt->mnt_sb->s_count);
	mnt = mnt_alloc(from.mnt->mnt_sb, from.dentry, from.mnt->mnt_devname);
	err = -ENOMEM;
	if (mnt)
		err = attach_new(mnt, where, from.mnt->mnt_flags | flags);
	path_put(&from);
	return err;
}

/* @mnt is @child or one of the mounts it hangs on. dcache_lock held. */
static bool is_mount_above(const struct mount *mnt, const struct mount *child)
{
	for (; child; child = child->mnt_parent)
		if (child == mnt)
			return true;
	return false;
}

static int do_move(const char *dev, const struct path *where)
{
	struct path from, old_place;
	int err = dev ? kern_path(dev, LOOKUP_FOLLOW, &from) : -EINVAL;

	if (err)
		return err;
	spin_lock(&dcache_lock);
	err = -EINVAL;
	if (from.dentry == from.mnt->mnt_root && from.mnt->mnt_parent)
		err = is_mount_above(from.mnt, where->mnt) ? -ELOOP : 0;
	if (!err)
		detach_mount_locked(from.mnt, &old_place);
	spin_unlock(&dcache_lock);
	if (!err) {
		path_put(&old_place);
		/* If the new place has just been removed, the mount stays detached and is let
		 * go. */
		err = attach_mount(from.mnt, where);
		if (err)
			mntput(from.mnt);
	}
	path_put(&from);
	return err;
}

/* With MS_BIND only this mount's flags change, else the file system's options, too. */
static int do_remount(const struct path *where, unsigned long flags, const char *data)
{
	struct super_block *sb = where->mnt->mnt_sb;
	int err = 0;

	if (where->dentry != where->mnt->mnt_root)
		return -EINVAL;
	if (!(flags & MS_BIND) && sb->s_op && sb->s_op->remount)
		err = sb->s_op->remount(sb, data);
	if (err)
		return err;
	spin_lock(&dcache_lock);
	where->mnt->mnt_flags = flags & MNT_KEPT_FLAGS;
	spin_unlock(&dcache_lock);
	return 0;
}

int do_mount(const char *dev, const struct path *where, const char *type, unsigned long flags,
	     const char *data)
{
	struct file_system_type *fs;
	struct mount *mnt;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (flags & MS_REMOUNT)
		return do_remount(where, flags, data);
	if ((flags & (MS_BIND | MS_MOVE)) && !(dev && *dev))
		return -EINVAL;
	if (flags & MS_BIND)
		return do_bind(dev, where, flags);
	if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		return 0;			/* there is one name space, so nothing propagates */
	if (flags & MS_MOVE)
		return do_move(dev, where);
	if (!type)
		return -EINVAL;
	fs = find_filesystem(type);
	if (!fs)
		return -ENODEV;
	mnt = mnt_new(fs, dev && *dev ? dev : "none", data);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	return attach_new(mnt, where, flags);
}

/* An attached mount at or below @mnt that has nothing mounted on it. dcache_lock held. */
static struct mount *topmost_mount(struct mount *mnt)
{
	struct mount *child, *found;

	do {
		found = NULL;
		list_for_each_entry(child, &mount_list, mnt_list)
			if (child->mnt_parent == mnt)
				found = child;
		mnt = found ? found : mnt;
	} while (found);
	return mnt;
}

/* Take @mnt and all below it out of the tree, top first. Users keep what they hold. */
static void detach_all(struct mount *mnt)
{
	struct mount *victim;
	struct path place;

	do {
		spin_lock(&dcache_lock);
		victim = topmost_mount(mnt);
		if (!victim->mnt_parent) {	/* somebody else was faster */
			spin_unlock(&dcache_lock);
			return;
		}
		detach_mount_locked(victim, &place);
		spin_unlock(&dcache_lock);
		path_put(&place);
		if (victim != mnt)
			mntput(victim);
	} while (victim != mnt);
	mntput(mnt);
}

int do_umount(const struct path *path, int flags)
{
	struct mount *mnt = path->mnt;
	struct path place;
	int err = 0;

	if (path->dentry != mnt->mnt_root)
		return -EINVAL;
	if (mnt == root_mount)
		return -EBUSY;
	if (flags & MNT_DETACH) {
		detach_all(mnt);
		return 0;
	}
	spin_lock(&dcache_lock);
	if (!mnt->mnt_parent)
		err = -EINVAL;
	else if (atomic_read(&mnt->mnt_count) > 2)	/* the tree's and the caller's */
		err = -EBUSY;
	else
		detach_mount_locked(mnt, &place);
	spin_unlock(&dcache_lock);
	if (err)
		return err;
	path_put(&place);
	mntput(mnt);
	return 0;
}

/* The @nth attached mount with a reference, or NULL. */
static struct mount *get_nth_mount(unsigned int nth)
{
	struct mount *mnt;

	spin_lock(&dcache_lock);
	list_for_each_entry(mnt, &mount_list, mnt_list)
		if (!nth--) {
			mntget(mnt);
			spin_unlock(&dcache_lock);
			return mnt;
		}
	spin_unlock(&dcache_lock);
	return NULL;
}

/* @text with blanks and backslashes as \ooo, at @buf + @len. The length then. */
static int show_escaped(char *buf, int size, int len, const char *text)
{
	for (; *text; text++)
		if (strchr(" \t\n\\", *text))
			len += scnprintf(buf + len, size - len, "\\%03o", *text);
		else
			len += scnprintf(buf + len, size - len, "%c", *text);
	return len;
}

static int show_flags(const struct mount *mnt, char *buf, int size)
{
	static const struct {
		unsigned long flag;
		const char *text;
	} names[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" },
		{ MS_NOATIME, ",noatime" }, { MS_RELATIME, ",relatime" },
	};
	int len = scnprintf(buf, size, (mnt->mnt_flags & MS_RDONLY) ? "ro" : "rw");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (mnt->mnt_flags & names[i].flag)
			len += scnprintf(buf + len, size - len, "%s", names[i].text);
	return len;
}

static int show_fs_options(struct super_block *sb, char *buf, int size)
{
	return sb->s_op && sb->s_op->show_options ? sb->s_op->show_options(sb, buf, size) : 0;
}

/* Device, place, kind, options and two numbers without a meaning. */
static int mounts_line(const struct mount *mnt, const char *where, char *buf, int size)
{
	int len = show_escaped(buf, size, 0, mnt->mnt_devname);

	len += scnprintf(buf + len, size - len, " ");
	len = show_escaped(buf, size, len, where);
	len += scnprintf(buf + len, size - len, " %s ", mnt->mnt_sb->s_type->name);
	len += show_flags(mnt, buf + len, size - len);
	len += show_fs_options(mnt->mnt_sb, buf + len, size - len);
	len += scnprintf(buf + len, size - len, " 0 0\n");
	return len;
}

static unsigned int parent_id(const struct mount *mnt)
{
	unsigned int id;

	spin_lock(&dcache_lock);
	id = mnt->mnt_parent ? mnt->mnt_parent->mnt_id : mnt->mnt_id;
	spin_unlock(&dcache_lock);
	return id;
}

/* The directory of its file system that @mnt shows, in @buf; ERR_PTR. */
static char *shown_part(const struct mount *mnt, char *buf, int size)
{
	struct super_block *sb = mnt->mnt_sb;
	struct mount whole = { .mnt_sb = sb, .mnt_root = sb->s_root };
	struct path root = { .mnt = &whole, .dentry = sb->s_root };
	struct path top = { .mnt = &whole, .dentry = mnt->mnt_root };
	bool outside;

	return path_from(&top, &root, buf, size, &outside);
}

/* The ids of @mnt and of what it hangs on, device number, shown part, place and the mount's own
 * flags; then kind, device and options of the file system. */
static int mountinfo_line(const struct mount *mnt, const char *where, char *buf, int size)
{
	struct super_block *sb = mnt->mnt_sb;
	char *name = kmalloc(PATH_MAX, GFP_KERNEL), *part;
	int len;

	part = name ? shown_part(mnt, name, PATH_MAX) : ERR_PTR(-ENOMEM);
	len = scnprintf(buf, size, "%u %u %u:%u ", mnt->mnt_id, parent_id(mnt), MAJOR(sb->s_dev),
			MINOR(sb->s_dev));
	len = show_escaped(buf, size, len, IS_ERR(part) ? "/" : part);
	kfree(name);
	len += scnprintf(buf + len, size - len, " ");
	len = show_escaped(buf, size, len, where);
	len += scnprintf(buf + len, size - len, " ");
	len += show_flags(mnt, buf + len, size - len);
	len += scnprintf(buf + len, size - len, " - %s ", sb->s_type->name);
	len = show_escaped(buf, size, len, mnt->mnt_devname);
	len += scnprintf(buf + len, size - len, " rw");
	len += show_fs_options(sb, buf + len, size - len);
	len += scnprintf(buf + len, size - len, "\n");
	return len;
}

/* The line of @mnt, or 0 if current's root does not contain it. */
static int show_one_mount(struct mount *mnt, const struct path *root, bool info, char *name,
			  char *buf, int size)
{
	struct path path = { .mnt = mnt, .dentry = mnt->mnt_root };
	bool outside;
	char *where = path_from(&path, root, name, PATH_MAX, &outside);
	int len;

	if (IS_ERR(where) || outside)
		return 0;
	len = info ? mountinfo_line(mnt, where, buf, size) : mounts_line(mnt, where, buf, size);
	if (len)
		buf[len - 1] = '\n';	/* even if it is too long */
	return len;
}

int show_mount(unsigned int nth, bool info, char *buf, int size)
{
	char *name = kmalloc(PATH_MAX, GFP_KERNEL);
	unsigned int i, seen = 0;
	struct mount *mnt;
	struct path root;
	int len = 0;

	if (!name)
		return 0;
	get_fs_root(&root);
	for (i = 0; (mnt = get_nth_mount(i)); i++) {
		len = show_one_mount(mnt, &root, info, name, buf, size);
		mntput(mnt);
		if (len && seen++ == nth)
			break;
		len = 0;
	}
	path_put(&root);
	kfree(name);
	return len;
}
