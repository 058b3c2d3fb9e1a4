/* file.c - struct file: its birth, its last reference, and reading and writing from the kernel.
 * Holds:  a file has a reference on its path, and through that on its inode. What open did is
 *         undone once, by the last fput.
 * Locks:  f_pos_lock for f_pos. Nothing here holds another lock while it calls the operations.
 * Read:   fdtable.c for descriptors, open.c for open(2). */
#include <fs/file.h>

#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/epoll.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

static struct kmem_cache *file_cache;		/* [c] */
static struct mount *anon_mount;		/* [c] where files without a place live */

/* What fcntl(F_GETFL) does not show. */
#define OPEN_ONLY_FLAGS	(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static unsigned int mode_of_flags(int flags)
{
	static const unsigned int modes[] = {
		FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, 0,
	};

	if (flags & O_PATH)
		return FMODE_PATH;
	return modes[flags & O_ACCMODE] | (flags & O_EXCL ? FMODE_EXCL : 0);
}

struct file *alloc_file(const struct path *path, int flags, const struct file_operations *fops)
{
	struct file *file = kmem_cache_alloc(file_cache, GFP_KERNEL | __GFP_ZERO);

	if (!file)
		return ERR_PTR(-ENOMEM);
	atomic_set(&file->f_count, 1);
	file->f_flags = flags & ~OPEN_ONLY_FLAGS;
	file->f_mode = mode_of_flags(flags);
	file->f_op = fops;
	file->f_path = *path;
	path_get(path);
	file->f_inode = path->dentry->d_inode;
	file->f_mapping = &file->f_inode->i_data;
	mutex_init(&file->f_pos_lock, RANK_FILE_POS);
	return file;
}

static void file_free(struct file *file)
{
	struct inode *inode = file->f_inode;

	if (file->f_epitems.next)
		epoll_forget_file(file);
	if (file->f_mode & FMODE_OPENED) {
		if (file->f_op->release)
			file->f_op->release(inode, file);
	}
	release_flock(file);
	if (file->f_mode & FMODE_WRITER)
		put_write_access(inode);
	if (file->f_mode & FMODE_EXEC)
		allow_write_access(inode);
	path_put(&file->f_path);
	kmem_cache_free(file_cache, file);
}

void fput(struct file *file)
{
	if (atomic_dec_and_test(&file->f_count))
		file_free(file);
}

int stream_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_STREAM;
	return 0;
}

loff_t noop_llseek(struct file *file, loff_t off, int whence)
{
	return file->f_pos;
}

loff_t default_llseek(struct file *file, loff_t off, int whence)
{
	loff_t size = READ_ONCE(file->f_inode->i_size);

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		off += file->f_pos;
		break;
	case SEEK_END:
		off += size;
		break;
	case SEEK_DATA:
		if (off < 0 || off >= size)
			return -ENXIO;
		break;
	case SEEK_HOLE:
		if (off < 0 || off >= size)
			return -ENXIO;
		off = size;
		break;
	default:
		return -EINVAL;
	}
	if (off < 0 || off > MAX_FILE_BYTES)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

ssize_t kernel_read(struct file *file, void *buf, size_t bytes, loff_t pos)
{
	struct iov_iter iter;

	if (!file->f_op->read)
		return -EINVAL;
	iov_iter_kernel(&iter, buf, bytes);
	return file->f_op->read(file, &iter, &pos);
}

ssize_t kernel_write(struct file *file, const void *buf, size_t bytes, loff_t pos)
{
	struct iov_iter iter;

	if (!file->f_op->write)
		return -EINVAL;
	iov_iter_kernel(&iter, (void *)buf, bytes);
	return file->f_op->write(file, &iter, &pos);
}

static int anon_dname(struct dentry *dentry, char *buf, int size)
{
	return snprintf(buf, size, "anon_inode:%s", dentry->d_name);
}

static const struct super_operations anon_sops = {
	.dname = anon_dname,
};

static int anon_fill_super(struct super_block *sb, const char *data)
{
	struct inode *inode;

	sb->s_magic = ANON_INODE_MAGIC;
	sb->s_op = &anon_sops;
	inode = new_inode(sb, S_IFDIR | 0600, 0);
	if (!inode)
		return -ENOMEM;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct file_system_type anon_fs_type = {
	.name		= "anon_inodefs",
	.fs_flags	= FS_KERNEL | FS_NODEV,
	.fill_super	= anon_fill_super,
};

struct file *anon_file(const char *name, const struct file_operations *fops, void *private_data,
		       int flags)
{
	struct path path = { .mnt = anon_mount };
	struct file *file;

	path.dentry = d_alloc(anon_mount->mnt_root, name, strlen(name));
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	path.dentry->d_inode = new_inode(anon_mount->mnt_sb, 0600, 0);
	if (!path.dentry->d_inode) {
		dput(path.dentry);
		return ERR_PTR(-ENOMEM);
	}
	file = alloc_file(&path, flags, fops);
	dput(path.dentry);
	if (!IS_ERR(file)) {
		file->private_data = private_data;
		file->f_mode |= FMODE_OPENED;
	}
	return file;
}

void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 8);
	anon_mount = kern_mount(&anon_fs_type, NULL);
	ASSERT(!IS_ERR(anon_mount));
}
