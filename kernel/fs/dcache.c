/* dcache.c - the tree of names, and finding a name in it.
 * Holds:  a hashed dentry has an inode, and its parent's children list has it. A dentry holds a
 *         reference on its parent and on its inode. No two hashed dentries share parent and name.
 *         A count reaches zero only under dcache_lock, in the section that also unhashes.
 * Locks:  dcache_lock for the tree, names and hash. Names in memory file systems change only with
 *         the i_rwsem of the directories held for writing too, so either lock is enough to read.
 * Read:   namei.c for the walk, mount.c for what DENTRY_MOUNTED means. */
#include <fs/dentry.h>

#include <lib/err.h>
#include <lib/hash.h>
#include <lib/string.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define DCACHE_BUCKETS	2048

DEFINE_SPINLOCK(dcache_lock, RANK_DCACHE);

static struct list_head dcache_hash[DCACHE_BUCKETS];	/* [dcache_lock] */
static struct kmem_cache *dentry_cache;			/* [c] */

void dcache_init(void)
{
	unsigned int i;

	for (i = 0; i < DCACHE_BUCKETS; i++)
		INIT_LIST_HEAD(&dcache_hash[i]);
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 8);
}

static unsigned int name_hash(const char *name, size_t len)
{
	u32 hash = 2166136261u;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static struct list_head *bucket_of(const struct dentry *parent, unsigned int hash)
{
	unsigned long mix = ((unsigned long)parent >> 6) + hash;

	return &dcache_hash[(mix ^ mix >> 11) % DCACHE_BUCKETS];
}

struct dentry *d_alloc(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *dentry = kmem_cache_alloc(dentry_cache, GFP_KERNEL);
	char *copy;

	if (!dentry)
		return NULL;
	memset(dentry, 0, offsetof(struct dentry, d_iname));
	copy = dentry->d_iname;
	if (len >= DNAME_INLINE_LEN) {
		copy = kmalloc(len + 1, GFP_KERNEL);
		if (!copy) {
			kmem_cache_free(dentry_cache, dentry);
			return NULL;
		}
	}
	memcpy(copy, name, len);
	copy[len] = '\0';
	atomic_set(&dentry->d_count, 1);
	dentry->d_name = copy;
	dentry->d_len = len;
	dentry->d_hash_value = name_hash(name, len);
	INIT_LIST_HEAD(&dentry->d_hash);
	INIT_LIST_HEAD(&dentry->d_child);
	INIT_LIST_HEAD(&dentry->d_subdirs);
	dentry->d_parent = parent ? dget(parent) : dentry;
	dentry->d_sb = parent ? parent->d_sb : NULL;
	return dentry;
}

struct dentry *d_make_root(struct inode *inode)
{
	struct dentry *root = d_alloc(NULL, "/", 1);

	if (!root) {
		iput(inode);
		return NULL;
	}
	root->d_sb = inode->i_sb;
	root->d_inode = inode;
	return root;
}

static void hash_locked(struct dentry *dentry)
{
	list_add(&dentry->d_hash, bucket_of(dentry->d_parent, dentry->d_hash_value));
	dentry->d_flags |= DENTRY_HASHED;
}

static void unhash_locked(struct dentry *dentry)
{
	if (!(dentry->d_flags & DENTRY_HASHED))
		return;
	list_del_init(&dentry->d_hash);
	list_del_init(&dentry->d_child);
	dentry->d_flags &= ~DENTRY_HASHED;
}

static void add_locked(struct dentry *dentry, struct inode *inode)
{
	dentry->d_inode = inode;
	list_add_tail(&dentry->d_child, &dentry->d_parent->d_subdirs);
	hash_locked(dentry);
}

void d_add(struct dentry *dentry, struct inode *inode)
{
	spin_lock(&dcache_lock);
	add_locked(dentry, inode);
	spin_unlock(&dcache_lock);
}

void d_add_pinned(struct dentry *dentry, struct inode *inode)
{
	assert_rwsem_write_held(&dentry->d_parent->d_inode->i_rwsem);
	dentry->d_off = dentry->d_parent->d_inode->i_dir_next++;
	spin_lock(&dcache_lock);
	dget(dentry);
	dentry->d_flags |= DENTRY_PINNED;
	add_locked(dentry, inode);
	spin_unlock(&dcache_lock);
}

void d_delete(struct dentry *dentry)
{
	bool pinned;

	spin_lock(&dcache_lock);
	unhash_locked(dentry);
	pinned = dentry->d_flags & DENTRY_PINNED;
	dentry->d_flags &= ~DENTRY_PINNED;
	spin_unlock(&dcache_lock);
	if (pinned)
		dput(dentry);
}

void d_drop(struct dentry *dentry)
{
	spin_lock(&dcache_lock);
	unhash_locked(dentry);
	spin_unlock(&dcache_lock);
}

struct dentry *d_lookup(struct dentry *parent, const char *name, size_t len)
{
	unsigned int hash = name_hash(name, len);
	struct list_head *bucket = bucket_of(parent, hash);
	struct dentry *dentry;

	spin_lock(&dcache_lock);
	list_for_each_entry(dentry, bucket, d_hash)
		if (dentry->d_hash_value == hash && dentry->d_parent == parent &&
		    dentry->d_len == len && !memcmp(dentry->d_name, name, len)) {
			dget(dentry);
			spin_unlock(&dcache_lock);
			return dentry;
		}
	spin_unlock(&dcache_lock);
	return NULL;
}

/* Drop one reference without the lock unless it is the last. */
static bool dput_fast(struct dentry *dentry)
{
	int old = atomic_read(&dentry->d_count);

	while (old > 1)
		if (atomic_try_cmpxchg(&dentry->d_count, &old, old - 1))
			return true;
	return false;
}

/* Nobody has @dentry. Returns its parent, whose reference is now the caller's, or NULL. */
static struct dentry *dentry_free(struct dentry *dentry)
{
	struct dentry *parent = dentry->d_parent == dentry ? NULL : dentry->d_parent;

	DEBUG_ASSERT(list_empty(&dentry->d_subdirs));
	iput(dentry->d_inode);
	if (dentry->d_name != dentry->d_iname)
		kfree(dentry->d_name);
	kmem_cache_free(dentry_cache, dentry);
	return parent;
}

void dput(struct dentry *dentry)
{
	while (dentry && !dput_fast(dentry)) {
		spin_lock(&dcache_lock);
		if (!atomic_dec_and_test(&dentry->d_count)) {
			spin_unlock(&dcache_lock);
			return;
		}
		unhash_locked(dentry);
		spin_unlock(&dcache_lock);
		dentry = dentry_free(dentry);
	}
}

struct dentry *dget_parent(struct dentry *dentry)
{
	struct dentry *parent;

	spin_lock(&dcache_lock);
	parent = dget(dentry->d_parent);
	spin_unlock(&dcache_lock);
	return parent;
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	const char *a_name = a->d_name, *b_name = b->d_name;
	unsigned int a_len = a->d_len, a_hash = a->d_hash_value;
	bool a_inline = a_name == a->d_iname, b_inline = b_name == b->d_iname;
	char tmp[DNAME_INLINE_LEN];

	memcpy(tmp, a->d_iname, sizeof(tmp));
	memcpy(a->d_iname, b->d_iname, sizeof(tmp));
	memcpy(b->d_iname, tmp, sizeof(tmp));
	a->d_name = b_inline ? a->d_iname : b_name;
	b->d_name = a_inline ? b->d_iname : a_name;
	a->d_len = b->d_len;
	a->d_hash_value = b->d_hash_value;
	b->d_len = a_len;
	b->d_hash_value = a_hash;
}

static void swap_parents(struct dentry *a, struct dentry *b)
{
	struct dentry *parent = a->d_parent;

	a->d_parent = b->d_parent;
	b->d_parent = parent;
}

void d_move(struct dentry *dentry, struct dentry *fresh)
{
	struct inode *dir = fresh->d_parent->d_inode;

	assert_rwsem_write_held(&dir->i_rwsem);
	dentry->d_off = dir->i_dir_next++;
	spin_lock(&dcache_lock);
	unhash_locked(dentry);
	swap_names(dentry, fresh);
	swap_parents(dentry, fresh);
	list_add_tail(&dentry->d_child, &dentry->d_parent->d_subdirs);
	hash_locked(dentry);
	spin_unlock(&dcache_lock);
}

void d_exchange(struct dentry *a, struct dentry *b)
{
	LIST_HEAD(place);
	u64 off = a->d_off;

	a->d_off = b->d_off;
	b->d_off = off;
	spin_lock(&dcache_lock);
	list_del_init(&a->d_hash);
	list_del_init(&b->d_hash);
	/* Each takes the other's place in the row of children, so that the rows stay sorted. */
	list_add(&place, &a->d_child);
	list_move(&a->d_child, &b->d_child);
	list_move(&b->d_child, &place);
	list_del(&place);
	swap_names(a, b);
	swap_parents(a, b);
	hash_locked(a);
	hash_locked(b);
	spin_unlock(&dcache_lock);
}

bool is_subdir(struct dentry *dir, struct dentry *ancestor)
{
	bool found;

	spin_lock(&dcache_lock);
	while (dir != ancestor && dir != dir->d_parent)
		dir = dir->d_parent;
	found = dir == ancestor;
	spin_unlock(&dcache_lock);
	return found;
}

void d_genocide(struct dentry *root)
{
	struct dentry *dentry = root, *parent;

	/* Nobody can reach these any more, so the tree holds still without the lock. */
	for (;;) {
		if (!list_empty(&dentry->d_subdirs)) {
			dentry = list_first_entry(&dentry->d_subdirs, struct dentry, d_child);
			continue;
		}
		if (dentry == root)
			return;
		parent = dentry->d_parent;
		DEBUG_ASSERT(dentry->d_flags & DENTRY_PINNED);
		d_delete(dentry);
		dentry = parent;
	}
}

/* Put @len bytes of @name in front of what starts at @*end. False: no room above @buf. */
static bool prepend(char *buf, char **end, const char *name, unsigned int len)
{
	if (*end - buf < (long)len)
		return false;
	*end -= len;
	memcpy(*end, name, len);
	return true;
}

/* Write the way from @root to (@mnt, @dentry) in front of *@end. dcache_lock held.
 * Returns 0, -ENAMETOOLONG, or 1 if the way does not lead to @root. */
static int prepend_path(const struct path *path, const struct path *root, char *buf, char **end)
{
	struct mount *mnt = path->mnt;
	struct dentry *dentry = path->dentry;

	while (mnt != root->mnt || dentry != root->dentry) {
		if (dentry == mnt->mnt_root) {
			if (!mnt->mnt_parent)
				return 1;
			dentry = mnt->mnt_mountpoint;
			mnt = mnt->mnt_parent;
			continue;
		}
		if (dentry == dentry->d_parent)
			return 1;
		if (!prepend(buf, end, dentry->d_name, dentry->d_len) ||
		    !prepend(buf, end, "/", 1))
			return -ENAMETOOLONG;
		dentry = dentry->d_parent;
	}
	return 0;
}

/* The name of an object that has no place in the tree. */
static char *dname_path(struct dentry *dentry, char *buf, int size)
{
	int len = dentry->d_sb->s_op->dname(dentry, buf, size);

	return len < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

char *path_from(const struct path *path, const struct path *root, char *buf, int size,
		bool *outside)
{
	char *end = buf + size - 1;
	char *terminator = end;
	int err;

	*end = '\0';
	spin_lock(&dcache_lock);
	if (d_unhashed(path->dentry) && path->dentry != path->dentry->d_parent &&
	    !prepend(buf, &end, " (deleted)", 10)) {
		spin_unlock(&dcache_lock);
		return ERR_PTR(-ENAMETOOLONG);
	}
	terminator = end;
	err = prepend_path(path, root, buf, &end);
	spin_unlock(&dcache_lock);
	*outside = err == 1;
	if (err < 0 || (end == terminator && !prepend(buf, &end, "/", 1)))
		return ERR_PTR(-ENAMETOOLONG);
	return end;
}

char *d_path(const struct path *path, char *buf, int size)
{
	const struct super_block *sb = path->dentry->d_sb;
	bool outside;
	struct path root;
	char *name;

	if (sb->s_op && sb->s_op->dname)
		return dname_path(path->dentry, buf, size);
	get_fs_root(&root);
	name = path_from(path, &root, buf, size, &outside);
	path_put(&root);
	return name;
}
