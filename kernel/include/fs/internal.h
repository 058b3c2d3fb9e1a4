/* internal.h - what only files in kernel/fs call of each other. */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H

#include <fs/fdtable.h>
#include <fs/path.h>
#include <fs/types.h>

struct address_space;
struct dentry;
struct file;
struct file_operations;
struct file_system_type;
struct flock;
struct iattr;
struct inode;
struct kstatfs;
struct mount;
struct super_block;

/* dcache.c: as d_path from @root; *@outside: @path is not below it. */
char *path_from(const struct path *path, const struct path *root, char *buf, int size,
		bool *outside);

/* inode.c */
bool current_in_group(u32 gid);			/* fsgid or a supplementary group */
/* Change attributes that have been checked. i_rwsem held for writing. */
int notify_change_locked(struct inode *inode, struct iattr *attr);
umode_t without_suid(umode_t mode);		/* what is left when a stranger changes the file */
int vfs_truncate(struct inode *inode, loff_t bytes);	/* takes i_rwsem */
/* Writers and executors of a file exclude each other. 0 or -ETXTBSY; each pair is balanced. */
int get_write_access(struct inode *inode);
void put_write_access(struct inode *inode);
int deny_write_access(struct inode *inode);
void allow_write_access(struct inode *inode);

/* namei.c: a walk along a path. */
#define MAX_LINKS	40		/* symbolic links followed in one walk */

/* A symbolic link whose text the walk is still using. */
struct held_link {
	const char	*rest;		/* of the text that the link stood in */
	struct inode	*inode;		/* keeps the text; a reference or NULL */
	char		*buf;		/* the text, where the file system made it up; or NULL */
};

enum last_type { LAST_NORM, LAST_DOT, LAST_DOTDOT, LAST_SELF };

struct nameidata {
	struct path		path;		/* where the walk is: a reference */
	struct path		root;		/* current's, once it was needed: a reference */
	const char		*last;		/* the final component, not looked up yet ... */
	unsigned int		last_len;
	enum last_type		last_type;	/* ... LAST_SELF: there is none, path is the end */
	bool			want_dir;	/* slashes follow it */
	unsigned int		flags;		/* LOOKUP_* */
	unsigned int		links;		/* followed so far */
	unsigned int		depth;		/* of stack: links inside which the walk is */
	struct held_link	tail;		/* the link whose text @last is in */
	struct held_link	stack[MAX_LINKS];
};

void namei_init(void);
char *alloc_name(void);		/* PATH_MAX bytes, for putname; NULL: no memory */
/* Start at @dfd or the root. On error there is nothing to end. */
int walk_begin(struct nameidata *nd, int dfd, const char *name, unsigned int flags);
void walk_end(struct nameidata *nd);
/* Walk up to the final component of @name, which is left in nd->last: nd->path is its directory. */
int walk_to_last(struct nameidata *nd, const char *name);
/* Step to the final component. 0, and *body NULL: nd->path is it; *body a link's text:
 * walk_to_last it. */
int walk_last(struct nameidata *nd, const char **body);
/* The same with @dentry, whose reference is taken over, found already. */
int walk_last_dentry(struct nameidata *nd, struct dentry *dentry, const char **body);
/* From walk_begin's state to the end of @name. */
int walk_whole(struct nameidata *nd, const char *name);
/* @dir's child, a reference or ERR_PTR(-ENOENT...). The second: its i_rwsem is held for writing. */
struct dentry *lookup_child(struct dentry *dir, const char *name, unsigned int len);
struct dentry *lookup_child_locked(struct dentry *dir, const char *name, unsigned int len);
/* Search permission and directory-ness of nd->path. */
int may_search(const struct nameidata *nd);
/* dirops.c: something new may be made in @dir (locked for writing). */
int may_create(struct inode *dir);

/* fdtable.c */
/* As get_unused_fd, the first one >= @from. -EINVAL if that is out of range. */
int get_unused_fd_from(unsigned int from, unsigned int flags);
int close_fd(unsigned int fd);			/* 0 or -EBADF */
int close_fd_range(unsigned int first, unsigned int last, bool only_mark);	/* 0 */
int replace_fd(unsigned int fd, struct file *file, unsigned int flags);	/* dup2: @fd or errno */
int fd_cloexec(unsigned int fd, int set);	/* set -1: only ask. 0, FD_CLOEXEC or -EBADF */
void set_fs_root(const struct path *path);	/* current's; takes references */
void set_fs_pwd(const struct path *path);
void fdtable_init(void);

/* locks.c */
void release_flock(struct file *file);		/* the open file's flock and OFD locks */
void release_posix_locks(struct file *file, struct files_struct *owner); /* a close by @owner */
int fcntl_lock(struct file *file, unsigned int cmd, struct flock *user); /* F_GETLK ... */
int do_flock(struct file *file, unsigned int op);

/* tmpfs.c, tmpfs_file.c: also the base of devtmpfs */
extern const struct file_operations tmpfs_file_fops;
int tmpfs_fill_super(struct super_block *sb, const char *options);
int tmpfs_setattr(struct inode *inode, const struct iattr *attr);
int tmpfs_fallocate(struct inode *inode, int mode, loff_t start, loff_t bytes);
/* A node in the tmpfs directory @dir, whose i_rwsem is held for writing. 0 or errno. */
int tmpfs_make_node(struct dentry *dir, const char *name, umode_t mode, dev_t rdev);
struct file *memfd_file(const char *name, unsigned int seals);	/* ERR_PTR */
int memfd_add_seals(struct file *file, unsigned int seals);
int memfd_get_seals(struct file *file);
void tmpfs_init(void);
void devtmpfs_init(void);

/* mount.c */
/* The mount on @path, or NULL. dcache_lock held; no reference is taken. */
struct mount *lookup_mount_locked(struct mount *mnt, struct dentry *dentry);
int mount_at(const char *dev, const char *where, const char *type, unsigned long flags);
void mount_root(struct mount *mnt);		/* takes over the reference */
int do_umount(const struct path *path, int flags);	/* MNT_DETACH, or -EBUSY while it is used */
extern struct mount *root_mount;	/* [c] after vfs_init */

#endif
