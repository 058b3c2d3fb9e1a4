/* path.h - a place in the tree of mounted file systems: a mount, and a dentry below it. */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <lib/types.h>

struct mount;
struct dentry;

struct path {
	struct mount	*mnt;
	struct dentry	*dentry;
};

/* A reference more or less on both parts. path_put may sleep. */
void path_get(const struct path *path);
void path_put(const struct path *path);

static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

/* The absolute name of @path as seen from current's root, written into the end of @buf.
 * Returns:  where it starts in @buf, or ERR_PTR(-ENAMETOOLONG). An unlinked one ends in
 *           " (deleted)"; a pipe or the like is "pipe:[ino]". */
char *d_path(const struct path *path, char *buf, int size);

#endif
