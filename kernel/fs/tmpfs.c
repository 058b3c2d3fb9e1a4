/* tmpfs.c - file systems that live in memory: tmpfs, ramfs, the root, and shared memory.
 * Holds:  a name is a pinned dentry, a file's data its page cache; there is nothing else. A
 *         directory's link count is 2 and its subdirectories, its size 20 for each name. Children
 *         are in the order of d_off, which grows with every name that a directory ever got: so a
 *         getdents position stays right while names come and go.
 * Locks:  directories by i_rwsem, which the callers hold; the limits are atomic.
 * Read:   tmpfs_file.c for data. */
#include <fs/inode.h>

#include <lib/ctype.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <mm/overcommit.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <sync/mutex.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#define ENTRY_BYTES	20	/* what one name adds to a directory's size */

static DEFINE_MUTEX(remount_mutex, RANK_RENAME);	/* like single_mutex in mount.c */

/* Limits of one instance; 0: none. */
struct tmpfs_sb {
	unsigned long	max_pages, max_inodes;		/* [atomic; remount_mutex writes] */
	atomic_long_t	used_pages, used_inodes;
	umode_t		mode;				/* of the root directory */
	u32		uid, gid;
};

static struct mount *shm_mount;		/* [c] home of memory that has no name */

static struct tmpfs_sb *limits_of(const struct super_block *sb)
{
	return sb->s_private;
}

static int charge_one(atomic_long_t *used, unsigned long max)
{
	if (atomic_add_return(used, 1) <= (long)max || !max)
		return 0;
	atomic_sub(used, 1);
	return -ENOSPC;
}

static int tmpfs_charge(struct address_space *mapping)
{
	struct tmpfs_sb *limits = limits_of(mapping->host->i_sb);

	return charge_one(&limits->used_pages, READ_ONCE(limits->max_pages));
}

static void tmpfs_uncharge(struct address_space *mapping, unsigned long nr)
{
	atomic_sub(&limits_of(mapping->host->i_sb)->used_pages, nr);
}

static int tmpfs_punch_hole(struct address_space *mapping, loff_t start, loff_t bytes)
{
	struct inode *inode = mapping->host;
	int err;

	down_write(&inode->i_rwsem);
	err = tmpfs_fallocate(inode, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, bytes);
	up_write(&inode->i_rwsem);
	return err;
}

static const struct address_space_operations tmpfs_aops = {
	.charge		= tmpfs_charge,
	.uncharge	= tmpfs_uncharge,
	.punch_hole	= tmpfs_punch_hole,
};

static const struct inode_operations tmpfs_dir_iops, tmpfs_file_iops;
static const struct file_operations tmpfs_dir_fops;

/* A new inode of @sb, in @dir if that is not NULL. ERR_PTR(-ENOSPC, -ENOMEM). */
static struct inode *tmpfs_new_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
				     dev_t rdev)
{
	struct tmpfs_sb *limits = limits_of(sb);
	struct inode *inode;
	int err = charge_one(&limits->used_inodes, READ_ONCE(limits->max_inodes));

	if (err)
		return ERR_PTR(err);
	inode = new_inode(sb, mode, 0);
	if (!inode) {
		atomic_sub(&limits->used_inodes, 1);
		return ERR_PTR(-ENOMEM);
	}
	if (dir && (dir->i_mode & S_ISGID)) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			inode->i_mode |= S_ISGID;
	}
	inode->i_op = &tmpfs_file_iops;
	if (S_ISDIR(mode)) {
		inode->i_op = &tmpfs_dir_iops;
		inode->i_fop = &tmpfs_dir_fops;
		inode->i_nlink = 2;
		inode->i_size = 2 * ENTRY_BYTES;	/* . and .. */
	} else if (S_ISREG(mode)) {
		inode->i_fop = &tmpfs_file_fops;
		inode->i_data.a_ops = &tmpfs_aops;
		inode->i_data.shmem = true;
		inode->i_seals = F_SEAL_SEAL;	/* memfd_create sets other ones */
	} else {
		inode_set_dev(inode, rdev);
	}
	return inode;
}

static void tmpfs_evict_inode(struct inode *inode)
{
	atomic_sub(&limits_of(inode->i_sb)->used_inodes, 1);
}

/* @dir has got (1) or lost (-1) a name; @is_dir: of a directory. */
static void count_entry(struct inode *dir, int change, bool is_dir)
{
	dir->i_size += change * ENTRY_BYTES;
	if (is_dir)
		dir->i_nlink += change;
	inode_update_time(dir);
}

static void add_entry(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	d_add_pinned(dentry, inode);
	count_entry(dir, 1, S_ISDIR(inode->i_mode));
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t rdev)
{
	struct inode *inode = tmpfs_new_inode(dir->i_sb, dir, mode, rdev);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	add_entry(dir, dentry, inode);
	return 0;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct inode *inode = tmpfs_new_inode(dir->i_sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_link = kstrdup(target, GFP_KERNEL);
	if (!inode->i_link) {
		iput(inode);
		return -ENOMEM;
	}
	inode->i_size = strlen(target);
	add_entry(dir, dentry, inode);
	return 0;
}

static int tmpfs_link(struct inode *inode, struct inode *dir, struct dentry *dentry)
{
	inode->i_nlink++;
	inode->i_ctime = ktime_get_real();
	add_entry(dir, dentry, igrab(inode));
	return 0;
}

/* O_TMPFILE: an inode without a name. */
static int tmpfs_tmpfile(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode = tmpfs_new_inode(dir->i_sb, dir, mode, 0);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_nlink = 0;
	dentry->d_inode = inode;
	return 0;
}

/* The inode of @victim, whose lock is held, loses that name. */
static void drop_link(struct dentry *victim)
{
	struct inode *inode = victim->d_inode;

	inode->i_nlink -= S_ISDIR(inode->i_mode) ? 2 : 1;
	inode->i_ctime = ktime_get_real();
	d_delete(victim);
}

static int tmpfs_unlink(struct inode *dir, struct dentry *victim)
{
	bool is_dir = S_ISDIR(victim->d_inode->i_mode);

	if (is_dir && !list_empty(&victim->d_subdirs))
		return -ENOTEMPTY;
	drop_link(victim);
	count_entry(dir, -1, is_dir);
	return 0;
}

static int tmpfs_exchange(struct dentry *old, struct dentry *target)
{
	struct inode *old_dir = old->d_parent->d_inode, *new_dir = target->d_parent->d_inode;
	int more = S_ISDIR(old->d_inode->i_mode) - S_ISDIR(target->d_inode->i_mode);

	d_exchange(old, target);
	new_dir->i_nlink += more;
	old_dir->i_nlink -= more;
	old->d_inode->i_ctime = target->d_inode->i_ctime = ktime_get_real();
	inode_update_time(old_dir);
	inode_update_time(new_dir);
	return 0;
}

static int tmpfs_rename(struct dentry *old, struct dentry *fresh, struct dentry *target,
			unsigned int flags)
{
	struct inode *old_dir = old->d_parent->d_inode, *new_dir = fresh->d_parent->d_inode;
	bool is_dir = S_ISDIR(old->d_inode->i_mode);

	if (flags & RENAME_EXCHANGE)
		return tmpfs_exchange(old, target);
	if (target) {
		int err = tmpfs_unlink(new_dir, target);

		if (err)
			return err;
	}
	d_move(old, fresh);
	count_entry(old_dir, -1, is_dir);
	count_entry(new_dir, 1, is_dir);
	old->d_inode->i_ctime = ktime_get_real();
	return 0;
}

static const struct inode_operations tmpfs_dir_iops = {
	.create		= tmpfs_create,
	.symlink	= tmpfs_symlink,
	.link		= tmpfs_link,
	.unlink		= tmpfs_unlink,
	.rename		= tmpfs_rename,
	.tmpfile	= tmpfs_tmpfile,
};

static const struct inode_operations tmpfs_file_iops = {
	.setattr	= tmpfs_setattr,
	.fallocate	= tmpfs_fallocate,
};

static int tmpfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct dentry *child;

	if (!dir_emit_dots(file, ctx))
		return 0;
	list_for_each_entry(child, &file->f_path.dentry->d_subdirs, d_child) {
		const struct inode *inode = child->d_inode;

		if (child->d_off < (u64)ctx->pos)
			continue;
		ctx->pos = child->d_off;
		if (!dir_emit(ctx, child->d_name, child->d_len, inode->i_ino,
			      IFTODT(inode->i_mode)))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static int tmpfs_fsync(struct file *file)
{
	return 0;
}

static const struct file_operations tmpfs_dir_fops = {
	.iterate	= tmpfs_iterate,
	.llseek		= dir_llseek,
	.fsync		= tmpfs_fsync,
};

static int tmpfs_statfs(struct super_block *sb, struct kstatfs *st)
{
	const struct tmpfs_sb *limits = limits_of(sb);
	unsigned long used = atomic_read(&limits->used_pages);
	unsigned long inodes = atomic_read(&limits->used_inodes);
	unsigned long max_pages = READ_ONCE(limits->max_pages);
	unsigned long max_inodes = READ_ONCE(limits->max_inodes);

	st->f_blocks = max_pages;
	st->f_bfree = max_pages > used ? max_pages - used : 0;
	st->f_bavail = st->f_bfree;
	st->f_files = max_inodes;
	st->f_ffree = max_inodes > inodes ? max_inodes - inodes : 0;
	return 0;
}

/* Of pages, and of inodes, if no option says otherwise. */
static unsigned long default_limit(void)
{
	return totalram_pages / 2;
}

static void tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->s_private);
}

static int tmpfs_show_options(struct super_block *sb, char *buf, int size)
{
	const struct tmpfs_sb *limits = limits_of(sb);
	unsigned long max_pages = READ_ONCE(limits->max_pages);
	unsigned long max_inodes = READ_ONCE(limits->max_inodes);
	int len = 0;

	if (max_pages && max_pages != default_limit())
		len += scnprintf(buf, size, ",size=%luk", max_pages * (PAGE_SIZE / 1024));
	if (max_inodes != default_limit() && sb->s_magic == TMPFS_MAGIC)
		len += scnprintf(buf + len, size - len, ",nr_inodes=%lu", max_inodes);
	if (limits->mode != 01777)
		len += scnprintf(buf + len, size - len, ",mode=%o", limits->mode);
	return len;
}

/* A number with k, m, g or, for shares of all memory, %. In bytes; -EINVAL. */
static int parse_size(const char *text, unsigned int base, unsigned long *value)
{
	unsigned long n = 0;

	if (!isdigit(*text))
		return -EINVAL;
	for (; digit_value(*text) < base; text++)
		n = n * base + digit_value(*text);
	switch (tolower(*text)) {
	case 'g':
		n <<= 10;
		/* fallthrough */
	case 'm':
		n <<= 10;
		/* fallthrough */
	case 'k':
		n <<= 10;
		text++;
		break;
	case '%':
		n = n * (totalram_pages / 100) * PAGE_SIZE;
		text++;
		break;
	default:
		break;
	}
	*value = n;
	return *text ? -EINVAL : 0;
}

static int parse_option(struct tmpfs_sb *limits, char *option)
{
	char *value = strchr(option, '=');
	unsigned long n = 0;
	int err;

	if (!value)
		return *option && strcmp(option, "inode64") ? -EINVAL : 0;
	*value++ = '\0';
	err = parse_size(value, strcmp(option, "mode") ? 10 : 8, &n);
	if (err)
		return err;
	if (!strcmp(option, "size"))
		limits->max_pages = (n + PAGE_SIZE - 1) / PAGE_SIZE;
	else if (!strcmp(option, "nr_blocks"))
		limits->max_pages = n;
	else if (!strcmp(option, "nr_inodes"))
		limits->max_inodes = n;
	else if (!strcmp(option, "mode"))
		limits->mode = n & S_IALLUGO;
	else if (!strcmp(option, "uid"))
		limits->uid = n;
	else if (!strcmp(option, "gid"))
		limits->gid = n;
	else
		return -EINVAL;
	return 0;
}

static int parse_options(struct tmpfs_sb *limits, const char *options)
{
	char *copy = kstrdup(options, GFP_KERNEL), *rest = copy, *option;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (option = strsep(&rest, ",")))
		err = parse_option(limits, option);
	kfree(copy);
	return err;
}

/* A limit may come down to what is used, or be lifted; what had none does not get one. */
static int check_limit(unsigned long old, unsigned long wanted, const atomic_long_t *used)
{
	if (wanted == old || !wanted)
		return 0;
	return old && (unsigned long)atomic_read(used) <= wanted ? 0 : -EINVAL;
}

/* The root directory keeps its mode and owner, whatever the options say. A charge on another
 * processor may pass under the old limit; then the file system is a little fuller than the new.
 * remount_mutex held. */
static int change_limits(struct tmpfs_sb *limits, const char *options)
{
	struct tmpfs_sb wanted = { .max_pages = READ_ONCE(limits->max_pages),
				   .max_inodes = READ_ONCE(limits->max_inodes) };
	int err = options ? parse_options(&wanted, options) : 0;

	if (!err)
		err = check_limit(limits->max_pages, wanted.max_pages, &limits->used_pages);
	if (!err)
		err = check_limit(limits->max_inodes, wanted.max_inodes, &limits->used_inodes);
	if (err)
		return err;
	WRITE_ONCE(limits->max_pages, wanted.max_pages);
	WRITE_ONCE(limits->max_inodes, wanted.max_inodes);
	return 0;
}

static int tmpfs_remount(struct super_block *sb, const char *options)
{
	int err;

	if (sb->s_magic != TMPFS_MAGIC)
		return 0;	/* ramfs has no options */
	mutex_lock(&remount_mutex);
	err = change_limits(limits_of(sb), options);
	mutex_unlock(&remount_mutex);
	return err;
}

static const struct super_operations tmpfs_sops = {
	.statfs		= tmpfs_statfs,
	.evict_inode	= tmpfs_evict_inode,
	.put_super	= tmpfs_put_super,
	.remount	= tmpfs_remount,
	.show_options	= tmpfs_show_options,
};

static int fill_with_limits(struct super_block *sb, struct tmpfs_sb *limits)
{
	struct inode *inode;

	sb->s_private = limits;
	sb->s_op = &tmpfs_sops;
	inode = tmpfs_new_inode(sb, NULL, S_IFDIR | limits->mode, 0);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_uid = limits->uid;
	inode->i_gid = limits->gid;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct tmpfs_sb *new_limits(unsigned long max_pages, umode_t mode)
{
	struct tmpfs_sb *limits = kzalloc(sizeof(*limits), GFP_KERNEL);

	if (limits) {
		limits->max_pages = limits->max_inodes = max_pages;
		limits->mode = mode;
		limits->uid = current->cred.fsuid;
		limits->gid = current->cred.fsgid;
	}
	return limits;
}

int tmpfs_fill_super(struct super_block *sb, const char *options)
{
	struct tmpfs_sb *limits = new_limits(default_limit(), 01777);
	int err = 0;

	if (!limits)
		return -ENOMEM;
	if (options && *options)
		err = parse_options(limits, options);
	if (err) {
		kfree(limits);
		return err;
	}
	sb->s_magic = TMPFS_MAGIC;
	return fill_with_limits(sb, limits);
}

static int unlimited_fill_super(struct super_block *sb, unsigned long magic, umode_t mode)
{
	struct tmpfs_sb *limits = new_limits(0, mode);

	sb->s_magic = magic;
	return limits ? fill_with_limits(sb, limits) : -ENOMEM;
}

static int ramfs_fill_super(struct super_block *sb, const char *options)
{
	return unlimited_fill_super(sb, RAMFS_MAGIC, 0755);
}

static int shm_fill_super(struct super_block *sb, const char *options)
{
	return unlimited_fill_super(sb, TMPFS_MAGIC, 01777);
}

static struct file_system_type tmpfs_type = {
	.name = "tmpfs", .fs_flags = FS_NODEV, .fill_super = tmpfs_fill_super,
};

static struct file_system_type ramfs_type = {
	.name = "ramfs", .fs_flags = FS_NODEV, .fill_super = ramfs_fill_super,
};

static struct file_system_type rootfs_type = {
	.name = "rootfs", .fs_flags = FS_NODEV | FS_KERNEL, .fill_super = tmpfs_fill_super,
};

static struct file_system_type shm_type = {
	.name = "shm", .fs_flags = FS_NODEV | FS_KERNEL, .fill_super = shm_fill_super,
};

int tmpfs_make_node(struct dentry *dir, const char *name, umode_t mode, dev_t rdev)
{
	struct dentry *dentry = d_alloc(dir, name, strlen(name));
	int err;

	if (!dentry)
		return -ENOMEM;
	err = tmpfs_create(dir->d_inode, dentry, mode, rdev);
	dput(dentry);
	return err;
}

/* A file of @bytes without a name in any directory. ERR_PTR. */
static struct file *unnamed_file(const char *name, loff_t bytes)
{
	struct path path = { .mnt = shm_mount };
	struct file *file;
	int err;

	path.dentry = d_alloc(shm_mount->mnt_root, name, strlen(name));
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	err = tmpfs_tmpfile(shm_mount->mnt_root->d_inode, path.dentry, S_IFREG | 0777);
	if (err) {
		dput(path.dentry);
		return ERR_PTR(err);
	}
	path.dentry->d_inode->i_size = bytes;
	file = alloc_file(&path, O_RDWR, &tmpfs_file_fops);
	dput(path.dentry);
	return file;
}

struct file *shmem_file_setup(const char *name, loff_t bytes, bool reserve)
{
	struct file *file;
	int err;

	if (bytes < 0 || bytes > MAX_FILE_BYTES)
		return ERR_PTR(-EINVAL);
	file = unnamed_file(name, bytes);
	if (IS_ERR(file))
		return file;
	err = reserve ? shmem_reserve(file->f_mapping, bytes) : 0;
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

struct file *memfd_file(const char *name, unsigned int seals)
{
	struct file *file = unnamed_file(name, 0);

	if (!IS_ERR(file))
		file->f_inode->i_seals = seals;
	return file;
}

void tmpfs_init(void)
{
	struct mount *root = kern_mount(&rootfs_type, "mode=755");

	ASSERT(!IS_ERR(root));
	mount_root(root);
	register_filesystem(&rootfs_type);
	register_filesystem(&tmpfs_type);
	register_filesystem(&ramfs_type);
	shm_mount = kern_mount(&shm_type, NULL);
	ASSERT(!IS_ERR(shm_mount));
}
