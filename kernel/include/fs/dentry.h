/* dentry.h - a name in a directory, and the inode that it names.
 *
 * Every name that is in use has one dentry, hashed by parent and name. There are no negative ones.
 * A file system that lives in memory keeps each of its names pinned by one extra reference; another
 * one (procfs) makes them in ->lookup, and they go away with their last reference. */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include <lib/list.h>
#include <lib/types.h>
#include <asm/atomic.h>
#include <sync/spinlock.h>

struct inode;
struct super_block;
struct dentry;

#define DNAME_INLINE_LEN	32

#define DENTRY_HASHED		1u	/* can be found by name */
#define DENTRY_PINNED		2u	/* the file system's own reference is there */
#define DENTRY_MOUNTED		4u	/* something is mounted here, in some mount */

struct dentry {
	atomic_t		d_count;
	unsigned int		d_flags;	/* [dcache_lock] DENTRY_* */
	unsigned int		d_len;		/* [dcache_lock] of the name */
	unsigned int		d_hash_value;	/* [dcache_lock] of the name alone */
	const char		*d_name;	/* [dcache_lock] NUL-terminated */
	struct dentry		*d_parent;	/* [dcache_lock] a reference; itself for a root */
	struct inode		*d_inode;	/* [c] once hashed: a reference */
	struct super_block	*d_sb;		/* [c] */
	struct list_head	d_hash;		/* [dcache_lock] */
	struct list_head	d_child;	/* [dcache_lock, i_rwsem] siblings */
	struct list_head	d_subdirs;	/* [dcache_lock, i_rwsem] children */
	u64			d_off;		/* [i_rwsem of the directory] getdents position */
	void			*d_private;	/* the file system's */
	char			d_iname[DNAME_INLINE_LEN]; /* short names live here */
};

extern spinlock_t dcache_lock;	/* RANK_DCACHE: dentry tree, names, hash, mount tree */

/* A dentry for @name in @parent, unhashed, without inode, one reference. NULL: no memory. */
struct dentry *d_alloc(struct dentry *parent, const char *name, size_t len);
/* The root of a file system; takes over the reference on @inode. NULL: no memory (and inode
 * put). */
struct dentry *d_make_root(struct inode *inode);
/* Give @dentry its inode (the reference is taken over) and hash it. For ->lookup. */
void d_add(struct dentry *dentry, struct inode *inode);
/* The same, and pin it: the name stays until d_delete. For file systems in memory; dir locked. */
void d_add_pinned(struct dentry *dentry, struct inode *inode);
/* The name is gone: unhash it, drop the pin. The directory's i_rwsem is held for writing. */
void d_delete(struct dentry *dentry);
/* Lookups no longer find it (stale procfs entry). */
void d_drop(struct dentry *dentry);
/* @dentry gets the parent and the name of @fresh, and stays hashed; @fresh gets what @dentry
 * had. */
void d_move(struct dentry *dentry, struct dentry *fresh);
/* Two names change places. */
void d_exchange(struct dentry *a, struct dentry *b);
/* @dir is @ancestor or below it, in one file system. */
bool is_subdir(struct dentry *dir, struct dentry *ancestor);
/* Free all names below @root, which nobody uses any more. */
void d_genocide(struct dentry *root);
struct dentry *d_lookup(struct dentry *parent, const char *name, size_t len); /* ref or NULL */

static inline struct dentry *dget(struct dentry *dentry)
{
	atomic_inc(&dentry->d_count);
	return dentry;
}

void dput(struct dentry *dentry);	/* may sleep; NULL is allowed */
struct dentry *dget_parent(struct dentry *dentry);

static inline bool d_unhashed(const struct dentry *dentry)
{
	return !(READ_ONCE(dentry->d_flags) & DENTRY_HASHED);
}

void dcache_init(void);

#endif
