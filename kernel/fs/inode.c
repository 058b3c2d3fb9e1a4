/* inode.c - birth and death of inodes, their attributes, and who may do what with them.
 * Holds:  an inode lives while i_count > 0; each dentry and each holder by igrab has one. With the
 *         last one its pages go, and, in a memory file system, the file itself.
 * Locks:  i_rwsem as inode.h says. Mode, owner and times are read without it: each is one word.
 * Read:   inode.h; tmpfs.c for a file system's use of this. */
#include <fs/inode.h>

#include <lib/err.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/chrdev.h>
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/pipe.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

static struct kmem_cache *inode_cache;		/* [c] */

void inode_init(void)
{
	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 8);
}

struct inode *new_inode(struct super_block *sb, umode_t mode, u64 ino)
{
	struct inode *inode = kmem_cache_alloc(inode_cache, GFP_KERNEL | __GFP_ZERO);

	if (!inode)
		return NULL;
	inode->i_mode = mode;
	inode->i_uid = current->cred.fsuid;
	inode->i_gid = current->cred.fsgid;
	inode->i_nlink = 1;
	inode->i_ino = ino ? ino : __atomic_add_fetch(&sb->s_next_ino, 1, __ATOMIC_RELAXED);
	inode->i_atime = inode->i_mtime = inode->i_ctime = inode->i_btime = ktime_get_real();
	inode->i_sb = sb;
	inode->i_dir_next = 2;			/* 0 and 1 are . and .. */
	init_rwsem(&inode->i_rwsem, RANK_INODE);
	atomic_set(&inode->i_count, 1);
	INIT_LIST_HEAD(&inode->i_flock);
	address_space_init(&inode->i_data, inode);
	return inode;
}

/* Nobody has @inode any more. */
static void evict(struct inode *inode)
{
	const struct super_operations *s_op = inode->i_sb->s_op;

	DEBUG_ASSERT(list_empty(&inode->i_flock));
	if (inode->i_data.nrpages || !list_empty(&inode->i_data.swaplist) ||
	    inode->i_data.nrreserved) {
		/* Nobody competes; the lock is for the page cache's contract. A trylock, because
		 * the last holder may be an area that is unmapped under mmap_lock. */
		ASSERT(down_write_trylock(&inode->i_rwsem));
		inode->i_size = 0;
		truncate_inode_pages_final(&inode->i_data);
		up_write(&inode->i_rwsem);
	}
	if (s_op && s_op->evict_inode)
		s_op->evict_inode(inode);
	free_inode_pipe(inode);
	kfree(inode->i_link);
	kmem_cache_free(inode_cache, inode);
}

void iput(struct inode *inode)
{
	if (inode && atomic_dec_and_test(&inode->i_count))
		evict(inode);
}

static int no_device_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_operations no_device_fops = {
	.open = no_device_open,
};

void inode_set_dev(struct inode *inode, dev_t rdev)
{
	const struct file_operations *fops = &no_device_fops;

	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode)) {
		inode->i_rdev = rdev;
		fops = device_fops(inode->i_mode & S_IFMT, rdev) ?: &no_device_fops;
	} else if (S_ISFIFO(inode->i_mode)) {
		fops = &pipe_fops;
	}
	inode->i_fop = fops;
}

static bool in_group(const struct cred *cred, u32 gid)
{
	u32 i;

	if (cred->fsgid == gid)
		return true;
	for (i = 0; i < cred->ngroups; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

bool current_in_group(u32 gid)
{
	return in_group(&current->cred, gid);
}

int inode_permission(struct inode *inode, int mask)
{
	const struct cred *cred = &current->cred;
	umode_t mode = READ_ONCE(inode->i_mode), bits = mode;

	if (inode->i_op && inode->i_op->permission)
		return inode->i_op->permission(inode, mask);
	if (cred->fsuid == 0) {
		/* Root is stopped only from executing a file that nobody may execute. */
		if (!(mask & MAY_EXEC) || S_ISDIR(mode) || (mode & S_IXUGO))
			return 0;
		return -EACCES;
	}
	if (cred->fsuid == inode->i_uid)
		bits >>= 6;
	else if (in_group(cred, inode->i_gid))
		bits >>= 3;
	return (mask & ~bits & (MAY_READ | MAY_WRITE | MAY_EXEC)) ? -EACCES : 0;
}

bool inode_owner_or_root(const struct inode *inode)
{
	return current->cred.fsuid == 0 || current->cred.fsuid == inode->i_uid;
}

void generic_fillattr(struct inode *inode, struct kstat *stat)
{
	stat->ino = inode->i_ino;
	stat->dev = inode->i_sb->s_dev;
	stat->rdev = inode->i_rdev;
	stat->mode = READ_ONCE(inode->i_mode);
	stat->nlink = READ_ONCE(inode->i_nlink);
	stat->uid = inode->i_uid;
	stat->gid = inode->i_gid;
	stat->size = READ_ONCE(inode->i_size);
	stat->blocks = (READ_ONCE(inode->i_data.nrpages) + READ_ONCE(inode->i_data.nrswapped)) *
		       (PAGE_SIZE / 512);
	stat->blksize = PAGE_SIZE;
	stat->atime = READ_ONCE(inode->i_atime);
	stat->mtime = READ_ONCE(inode->i_mtime);
	stat->ctime = READ_ONCE(inode->i_ctime);
	stat->btime = inode->i_btime;
}

int simple_setattr(struct inode *inode, const struct iattr *attr)
{
	assert_rwsem_write_held(&inode->i_rwsem);
	if (attr->ia_valid & ATTR_MODE)
		WRITE_ONCE(inode->i_mode, (inode->i_mode & S_IFMT) | (attr->ia_mode & S_IALLUGO));
	if (attr->ia_valid & ATTR_UID)
		inode->i_uid = attr->ia_uid;
	if (attr->ia_valid & ATTR_GID)
		inode->i_gid = attr->ia_gid;
	if (attr->ia_valid & ATTR_ATIME)
		inode->i_atime = attr->ia_atime;
	if (attr->ia_valid & ATTR_MTIME)
		inode->i_mtime = attr->ia_mtime;
	if (attr->ia_valid & ATTR_CTIME)
		inode->i_ctime = attr->ia_ctime;
	return 0;
}

bool file_may_have(const struct file *file, unsigned long pgoff, unsigned long len)
{
	umode_t mode = file->f_inode->i_mode;

	return !(S_ISREG(mode) || S_ISBLK(mode)) || pgoff <= (MAX_FILE_BYTES - len) >> PAGE_SHIFT;
}

void file_update_time(struct file *file)
{
	inode_update_time(file->f_inode);
}

/* As of a mount with relatime: only if somebody could miss it. */
void file_accessed(struct file *file)
{
	struct inode *inode = file->f_inode;

	if (!(file->f_flags & O_NOATIME) && inode->i_atime <= inode->i_mtime)
		inode->i_atime = ktime_get_real();
}

void inode_update_time(struct inode *inode)
{
	inode->i_mtime = inode->i_ctime = ktime_get_real();
}

/* Change attributes that have been checked. Takes i_rwsem. */
int notify_change_locked(struct inode *inode, struct iattr *attr)
{
	assert_rwsem_write_held(&inode->i_rwsem);
	if (!(attr->ia_valid & ATTR_CTIME)) {
		attr->ia_valid |= ATTR_CTIME;
		attr->ia_ctime = ktime_get_real();
	}
	if (inode->i_op && inode->i_op->setattr)
		return inode->i_op->setattr(inode, attr);
	if (attr->ia_valid & ATTR_SIZE)
		return -EINVAL;
	return simple_setattr(inode, attr);
}

umode_t without_suid(umode_t mode)
{
	return mode & ~(S_ISUID | ((mode & S_IXGRP) ? S_ISGID : 0));
}

int vfs_truncate(struct inode *inode, loff_t bytes)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE | ATTR_MTIME, .ia_size = bytes };
	int err;

	down_write(&inode->i_rwsem);
	attr.ia_mtime = ktime_get_real();
	if (current->cred.fsuid != 0) {
		attr.ia_valid |= ATTR_MODE;
		attr.ia_mode = without_suid(inode->i_mode);
	}
	err = notify_change_locked(inode, &attr);
	up_write(&inode->i_rwsem);
	return err;
}

int get_write_access(struct inode *inode)
{
	int old = atomic_read(&inode->i_writecount);

	do {
		if (old < 0)
			return -ETXTBSY;
	} while (!atomic_try_cmpxchg(&inode->i_writecount, &old, old + 1));
	return 0;
}

int deny_write_access(struct inode *inode)
{
	int old = atomic_read(&inode->i_writecount);

	do {
		if (old > 0)
			return -ETXTBSY;
	} while (!atomic_try_cmpxchg(&inode->i_writecount, &old, old - 1));
	return 0;
}

void put_write_access(struct inode *inode)
{
	atomic_dec(&inode->i_writecount);
}

void allow_write_access(struct inode *inode)
{
	atomic_inc(&inode->i_writecount);
}

loff_t mapping_size(struct address_space *mapping)
{
	return READ_ONCE(mapping->host->i_size);
}

struct address_space *file_mapping(struct file *file)
{
	return file->f_mapping;
}
