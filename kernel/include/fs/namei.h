/* namei.h - from names to files. All may sleep. */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include <fs/path.h>
#include <fs/types.h>

struct dentry;
struct file;
struct inode;

#define LOOKUP_FOLLOW		1u	/* a symlink in the last place is followed */
#define LOOKUP_DIRECTORY	2u	/* -ENOTDIR unless it ends at a directory */
#define LOOKUP_EMPTY		4u	/* "" means dfd itself */
#define LOOKUP_NO_SYMLINKS	8u

/* Copy a path from user memory. ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT if empty and not
 * @empty_ok). Give it back with putname. */
char *getname(const char *user, bool empty_ok);
void putname(char *name);

/* Kernel string @name, from @dfd (a descriptor or AT_FDCWD) if relative. 0 and a reference in
 * *path. */
int filename_lookup(int dfd, const char *name, unsigned int flags, struct path *path);
int user_path_at(int dfd, const char *user, unsigned int flags, struct path *path);

static inline int kern_path(const char *name, unsigned int flags, struct path *path)
{
	return filename_lookup(-100 /* AT_FDCWD */, name, flags, path);
}

/* The work of the system calls, with kernel strings. */
struct file *do_open(int dfd, const char *name, int flags, umode_t mode);	/* ERR_PTR */
/* For execve: a regular file that current may execute; nobody may write it while the file is
 * open. */
struct file *open_exec(int dfd, const char *name, bool nofollow); /* ERR_PTR; "": dfd itself */
int do_mknodat(int dfd, const char *name, umode_t mode, dev_t dev);
int do_mkdirat(int dfd, const char *name, umode_t mode);
int do_symlinkat(const char *target, int dfd, const char *name);
int do_linkat(int olddfd, const char *old, int newdfd, const char *name, int flags);
int do_unlinkat(int dfd, const char *name);
int do_rmdir(int dfd, const char *name);
int do_renameat2(int olddfd, const char *old, int newdfd, const char *name, unsigned int flags);
int vfs_readlink(const struct path *path, char *user_buf, int size);	/* bytes or errno */

#endif
