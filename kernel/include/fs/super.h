/* super.h - file systems, and where they are mounted. */
#ifndef FS_SUPER_H
#define FS_SUPER_H

#include <lib/list.h>
#include <asm/atomic.h>
#include <fs/path.h>
#include <fs/types.h>
#include <sync/mutex.h>

struct dentry;
struct inode;
struct kstatfs;
struct super_block;

struct file_system_type {
	const char		*name;
	unsigned int		fs_flags;	/* FS_* */
	/* Fill a new @sb: s_root, s_magic, s_op. @data: the option string, or NULL. 0 or errno. */
	int (*fill_super)(struct super_block *sb, const char *data);
	struct list_head	list;		/* [fs_types_lock] */
	struct super_block	*single;	/* FS_SINGLE: the one instance */
};

#define FS_SINGLE	1u	/* all mounts show one instance (proc, sysfs, devtmpfs) */
#define FS_NODEV	2u	/* no disk below it: /proc/filesystems says nodev */
#define FS_KERNEL	4u	/* not for user space: pipes, shared memory */

struct super_operations {
	int (*statfs)(struct super_block *sb, struct kstatfs *st);	/* NULL: zeroes */
	/* The last name or file of @inode is gone; its pages are dropped afterwards. */
	void (*evict_inode)(struct inode *inode);
	void (*put_super)(struct super_block *sb);
	/* d_path of objects without a place in the tree: into buf, as snprintf. */
	int (*dname)(struct dentry *dentry, char *buf, int size);
	/* Take new options, or NULL for none: 0 or errno, and then nothing has changed. NULL: there
	 * are none to take. */
	int (*remount)(struct super_block *sb, const char *data);
	/* Option text for /proc/mounts, such as ",size=1024k", as snprintf. */
	int (*show_options)(struct super_block *sb, char *buf, int size);
};

struct super_block {
	dev_t				s_dev;		/* [c] what st_dev says: 0:n */
	unsigned long			s_magic;	/* [c] */
	const struct file_system_type	*s_type;	/* [c] */
	const struct super_operations	*s_op;		/* [c] may be NULL */
	struct dentry			*s_root;	/* [c] a reference */
	atomic_t			s_count;	/* mounts and holders */
	bool				s_noatime;	/* [c] */
	struct mutex			s_rename_mutex;	/* RANK_RENAME: the tree's shape */
	u64				s_next_ino;	/* [atomic] */
	void				*s_private;	/* the file system's */
};

struct mount {
	struct super_block	*mnt_sb;	/* [c] a reference */
	struct dentry		*mnt_root;	/* [c] a reference */
	struct mount		*mnt_parent;	/* [dcache_lock] a reference, or NULL */
	struct dentry		*mnt_mountpoint; /* [dcache_lock] a reference, in mnt_parent */
	atomic_t		mnt_count;
	unsigned long		mnt_flags;	/* [dcache_lock] MS_RDONLY, MS_NOSUID ... */
	struct list_head	mnt_list;	/* [dcache_lock] all attached ones */
	char			*mnt_devname;	/* [c] first field of /proc/mounts */
	unsigned int		mnt_id;		/* [c] never given twice */
};

struct kstatfs {
	unsigned long	f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_fsid;
};

int register_filesystem(struct file_system_type *type);	/* 0 or -EEXIST */
/* Step through the registered ones, in order: NULL gives the first; NULL after the last. */
struct file_system_type *next_filesystem(struct file_system_type *type);
/* An instance that is not attached anywhere. ERR_PTR. */
struct mount *kern_mount(struct file_system_type *type, const char *data);

void mntget(struct mount *mnt);
void mntput(struct mount *mnt);		/* may sleep: the last one frees the file system */

/* One line of /proc/mounts, or with @info of /proc/PID/mountinfo, for the @nth mount below
 * current's root into @buf (as snprintf; the length), or 0 past the last. */
int show_mount(unsigned int nth, bool info, char *buf, int size);

int do_mount(const char *dev, const struct path *where, const char *type, unsigned long flags,
	     const char *data);
/* -EROFS if @path's mount is read-only. */
int mnt_want_write(const struct path *path);

/* Everything of kernel/fs but procfs, and the root file system with /dev, /dev/console and
 * /root, as current's root if current has none. After this other file systems may be registered. */
void vfs_init(void);
/* Mount devtmpfs on /dev, unless the command line has devtmpfs.mount=0. After initramfs_unpack. */
void devtmpfs_mount(void);
/* 0; after an error, what was read so far stays. */
int initramfs_unpack(const void *start, size_t bytes);

#endif
