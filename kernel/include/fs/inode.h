/* inode.h - a file, directory, link or device itself, apart from its names. */
#ifndef FS_INODE_H
#define FS_INODE_H

#include <lib/list.h>
#include <asm/atomic.h>
#include <fs/path.h>
#include <fs/types.h>
#include <mm/filemap.h>
#include <sync/rwsem.h>
#include <uapi/stat.h>

struct file;
struct file_operations;
struct inode;
struct iattr;
struct kstat;
struct pipe;
struct super_block;

/* What a file system does with the inodes of a kind. A NULL entry: the operation is not allowed, or
 * where a default is named, that. @dir's i_rwsem is held for writing in all that change it and in
 * lookup; the names have been checked, the permissions too. */
struct inode_operations {
	/* Find @dentry's name in @dir: d_add it and return 0, or -ENOENT or another errno. NULL:
	 * what is not in the dentry tree does not exist. */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	/* A cached dentry is still right. NULL: yes. Must not sleep long; no locks held. */
	bool (*revalidate)(struct dentry *dentry);
	/* The link's target. Either a string, which lives as long as @inode or in @buf (PATH_MAX
	 * bytes); or NULL, and *jump is a referenced path where the walk goes on
	 * (/proc/self/exe); or ERR_PTR. */
	const char *(*get_link)(struct inode *inode, struct path *jump, char *buf);
	int (*create)(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct inode *inode, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry); /* also an empty directory */
	/* @old moves to the place and name of @fresh, an unhashed dentry without inode. @target
	 * is what has that name now, or NULL; it is replaced, or with RENAME_EXCHANGE takes
	 * @old's place. */
	int (*rename)(struct dentry *old, struct dentry *fresh, struct dentry *target,
		      unsigned int flags);
	int (*tmpfile)(struct inode *dir, struct dentry *dentry, umode_t mode);
	/* Checked attributes: see fs/attr.h. NULL: simple_setattr. i_rwsem held for writing. */
	int (*setattr)(struct inode *inode, const struct iattr *attr);
	/* Amend what generic_fillattr filled. NULL: nothing to amend. */
	int (*getattr)(struct inode *inode, struct kstat *stat);
	/* NULL: generic_permission by mode bits. @mask: MAY_*. */
	int (*permission)(struct inode *inode, int mask);
	int (*fallocate)(struct inode *inode, int mode, loff_t start, loff_t bytes);
};

struct inode {
	umode_t				i_mode;		/* [i_rwsem] the type part [c] */
	u32				i_uid, i_gid;	/* [i_rwsem] */
	u32				i_nlink;	/* [i_rwsem] 0: dies with i_count */
	u64				i_ino;		/* [c] */
	dev_t				i_rdev;		/* [c] device nodes */
	unsigned int			i_flags;	/* [i_rwsem] S_* */
	loff_t				i_size;		/* [i_rwsem] bytes; one word to read */
	s64				i_atime, i_mtime, i_ctime, i_btime; /* ns since 1970 */
	struct super_block		*i_sb;		/* [c] */
	const struct inode_operations	*i_op;		/* [c] */
	const struct file_operations	*i_fop;		/* [c] */
	struct address_space		i_data;		/* page cache */
	struct rw_semaphore		i_rwsem;	/* RANK_INODE */
	atomic_t			i_count;	/* dentries and other holders */
	atomic_t			i_writecount;	/* > 0: open for writing, < 0: executed */
	struct pipe			*i_pipe;	/* [pipe_open_lock] FIFOs */
	char				*i_link;	/* [c] link target; NULL: get_link */
	struct list_head		i_flock;	/* [flock_lock] file locks */
	u64				i_dir_next;	/* [i_rwsem] next d_off of a directory */
	unsigned int			i_seals;	/* [i_rwsem] memfd: F_SEAL_* */
	void				*i_private;	/* the file system's */
};

#define S_DEAD		1u	/* a removed directory: nothing can be made in it */
#define S_IMMUTABLE	2u	/* nobody may write, truncate or unlink */
#define S_NOATIME	4u
#define S_LINKABLE	8u	/* made by O_TMPFILE: link(2) may give it its first name */

/* What notify/permission masks mean. */
#define MAY_EXEC	1
#define MAY_WRITE	2
#define MAY_READ	4

/* What setattr is asked to change. */
#define ATTR_MODE	1u
#define ATTR_UID	2u
#define ATTR_GID	4u
#define ATTR_SIZE	8u
#define ATTR_ATIME	16u
#define ATTR_MTIME	32u
#define ATTR_CTIME	64u

struct iattr {
	unsigned int	ia_valid;	/* ATTR_* */
	umode_t		ia_mode;	/* permission bits */
	u32		ia_uid, ia_gid;
	loff_t		ia_size;
	s64		ia_atime, ia_mtime, ia_ctime;
};

struct kstat {
	u64		ino, size, blocks;	/* blocks of 512 bytes */
	dev_t		dev, rdev;
	umode_t		mode;
	u32		nlink, uid, gid, blksize;
	s64		atime, mtime, ctime, btime;
};

/* A fresh inode of @sb: mode and owner (current's fsuid and fsgid), times now, one reference,
 * nlink 1, a new number (ino 0: one is chosen). NULL: no memory. */
struct inode *new_inode(struct super_block *sb, umode_t mode, u64 ino);
void iput(struct inode *inode);	/* may sleep; the last one frees the pages. NULL is allowed */

static inline struct inode *igrab(struct inode *inode)
{
	atomic_inc(&inode->i_count);
	return inode;
}

/* 0, or -EACCES. @mask of MAY_*, for current's fsuid, fsgid and groups. */
int inode_permission(struct inode *inode, int mask);
/* current may act as @inode's owner (or is root). */
bool inode_owner_or_root(const struct inode *inode);
void generic_fillattr(struct inode *inode, struct kstat *stat);
int simple_setattr(struct inode *inode, const struct iattr *attr);
void inode_update_time(struct inode *inode);	/* mtime and ctime are now */
void inode_set_dev(struct inode *inode, dev_t rdev); /* i_rdev, i_fop of device nodes, FIFOs */

void inode_init(void);

#endif
