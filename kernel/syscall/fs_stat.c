/* fs_stat.c - system calls on what files are like: attributes, rights, times, space.
 * Locks:  the inode's i_rwsem while attributes are checked and changed.
 * Read:   kernel/fs/inode.c. */
#include <syscall/fs.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <fs/super.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>
#include <uapi/time.h>

#define TIME_MAX_SECONDS	(9223372036L)	/* what fits s64 nanoseconds */

static int vfs_getattr(const struct path *path, struct kstat *stat)
{
	struct inode *inode = path->dentry->d_inode;

	generic_fillattr(inode, stat);
	return inode->i_op && inode->i_op->getattr ? inode->i_op->getattr(inode, stat) : 0;
}

/* Nanoseconds since 1970, perhaps negative, as seconds (rounded down) and the rest. */
static s64 seconds_of(s64 ns)
{
	const s64 second = NSEC_PER_SEC;

	return (ns >= 0 ? ns : ns - (second - 1)) / second;
}

static s64 nanos_of(s64 ns)
{
	return ns - seconds_of(ns) * (s64)NSEC_PER_SEC;
}

static int put_stat(const struct kstat *k, struct stat *user)
{
	struct stat st = {
		.st_dev = new_encode_dev(k->dev), .st_ino = k->ino, .st_nlink = k->nlink,
		.st_mode = k->mode, .st_uid = k->uid, .st_gid = k->gid,
		.st_rdev = new_encode_dev(k->rdev), .st_size = k->size,
		.st_blksize = k->blksize, .st_blocks = k->blocks,
		.st_atime = seconds_of(k->atime), .st_atime_nsec = nanos_of(k->atime),
		.st_mtime = seconds_of(k->mtime), .st_mtime_nsec = nanos_of(k->mtime),
		.st_ctime = seconds_of(k->ctime), .st_ctime_nsec = nanos_of(k->ctime),
	};

	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

static int stat_fd(int fd, struct kstat *stat)
{
	struct fd f = fdget_raw(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = vfs_getattr(&f.file->f_path, stat);
	fdput(f);
	return err;
}

static int stat_at(int dfd, const char *name, int flags, struct kstat *stat)
{
	unsigned int lookup = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int err;

	if (flags & AT_EMPTY_PATH) {
		char first;

		/* The C library's fstat: not worth a walk. */
		if (get_user(first, name))
			return -EFAULT;
		if (!first && dfd != AT_FDCWD)
			return stat_fd(dfd, stat);
		lookup |= LOOKUP_EMPTY;
	}
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	err = vfs_getattr(&path, stat);
	path_put(&path);
	return err;
}

static long stat_to_user(int dfd, const char *name, int flags, struct stat *user)
{
	struct kstat stat;
	int err = stat_at(dfd, name, flags, &stat);

	return err ? err : put_stat(&stat, user);
}

long sys_stat(const char *path, struct stat *st)
{
	return stat_to_user(AT_FDCWD, path, 0, st);
}

long sys_lstat(const char *path, struct stat *st)
{
	return stat_to_user(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, st);
}

long sys_fstat(unsigned int fd, struct stat *st)
{
	struct kstat stat;
	int err = stat_fd(fd, &stat);

	return err ? err : put_stat(&stat, st);
}

long sys_newfstatat(int dfd, const char *path, struct stat *st, int flag)
{
	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_to_user(dfd, path, flag, st);
}

static struct statx_timestamp statx_time(s64 ns)
{
	return (struct statx_timestamp){ .tv_sec = seconds_of(ns), .tv_nsec = nanos_of(ns) };
}

long sys_statx(int dfd, const char *path, unsigned int flags, unsigned int mask,
	       struct statx *buffer)
{
	struct statx sx;
	struct kstat k;
	int err;

	if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	err = stat_at(dfd, path, flags, &k);
	if (err)
		return err;
	sx = (struct statx){
		.stx_mask = STATX_BASIC_STATS | STATX_BTIME, .stx_blksize = k.blksize,
		.stx_nlink = k.nlink, .stx_uid = k.uid, .stx_gid = k.gid, .stx_mode = k.mode,
		.stx_ino = k.ino, .stx_size = k.size, .stx_blocks = k.blocks,
		.stx_atime = statx_time(k.atime), .stx_btime = statx_time(k.btime),
		.stx_ctime = statx_time(k.ctime), .stx_mtime = statx_time(k.mtime),
		.stx_rdev_major = MAJOR(k.rdev), .stx_rdev_minor = MINOR(k.rdev),
		.stx_dev_major = MAJOR(k.dev), .stx_dev_minor = MINOR(k.dev),
	};
	return copy_to_user(buffer, &sx, sizeof(sx)) ? -EFAULT : 0;
}

static long statfs_to_user(const struct path *path, struct statfs *user)
{
	const struct super_block *sb = path->dentry->d_sb;
	struct kstatfs k = { .f_type = sb->s_magic, .f_bsize = PAGE_SIZE, .f_fsid = sb->s_dev };
	struct statfs st;
	int err = 0;

	if (sb->s_op && sb->s_op->statfs)
		err = sb->s_op->statfs(path->dentry->d_sb, &k);
	if (err)
		return err;
	st = (struct statfs){
		.f_type = k.f_type, .f_bsize = k.f_bsize, .f_blocks = k.f_blocks,
		.f_bfree = k.f_bfree, .f_bavail = k.f_bavail, .f_files = k.f_files,
		.f_ffree = k.f_ffree, .f_fsid = { k.f_fsid, 0 }, .f_namelen = NAME_MAX,
		.f_frsize = k.f_bsize,
		.f_flags = ST_VALID | (path->mnt->mnt_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV |
							       MS_NOEXEC | MS_NOATIME)),
	};
	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_statfs(const char *name, struct statfs *buf)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = statfs_to_user(&path, buf);
	path_put(&path);
	return err;
}

long sys_fstatfs(unsigned int fd, struct statfs *buf)
{
	struct fd f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = statfs_to_user(&f.file->f_path, buf);
	fdput(f);
	return err;
}

static int access_path(const struct path *path, int mode)
{
	struct inode *inode = path->dentry->d_inode;
	int err;

	if ((mode & X_OK) && S_ISREG(inode->i_mode) && (path->mnt->mnt_flags & MS_NOEXEC))
		return -EACCES;
	err = inode_permission(inode, mode);
	if (!err && (mode & W_OK) && !S_ISCHR(inode->i_mode) && !S_ISBLK(inode->i_mode) &&
	    !S_ISFIFO(inode->i_mode))
		err = mnt_want_write(path);
	return err;
}

/* With the real user and group in the place of those for files; only current reads those. */
static long do_access(int dfd, const char *name, int mode, int flags)
{
	struct cred *cred = &current->cred;
	u32 fsuid = cred->fsuid, fsgid = cred->fsgid;
	unsigned int lookup = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct path path;
	long err;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS)) {
		cred->fsuid = cred->uid;
		cred->fsgid = cred->gid;
	}
	err = user_path_at(dfd, name, lookup, &path);
	if (!err) {
		err = access_path(&path, mode);
		path_put(&path);
	}
	cred->fsuid = fsuid;
	cred->fsgid = fsgid;
	return err;
}

long sys_access(const char *path, int mode)
{
	return do_access(AT_FDCWD, path, mode, 0);
}

long sys_faccessat(int dfd, const char *path, int mode)
{
	return do_access(dfd, path, mode, 0);
}

long sys_faccessat2(int dfd, const char *path, int mode, int flags)
{
	return do_access(dfd, path, mode, flags);
}

static int chmod_path(const struct path *path, umode_t mode)
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr attr = { .ia_valid = ATTR_MODE, .ia_mode = mode };
	int err = mnt_want_write(path);

	if (err)
		return err;
	down_write(&inode->i_rwsem);
	err = -EPERM;
	if (inode_owner_or_root(inode)) {
		if (current->cred.fsuid != 0 && !current_in_group(inode->i_gid))
			attr.ia_mode &= ~S_ISGID;
		err = notify_change_locked(inode, &attr);
	}
	up_write(&inode->i_rwsem);
	return err;
}

long sys_fchmodat(int dfd, const char *name, umode_t mode)
{
	struct path path;
	int err = user_path_at(dfd, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = chmod_path(&path, mode);
	path_put(&path);
	return err;
}

long sys_chmod(const char *path, umode_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchmod(unsigned int fd, umode_t mode)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = chmod_path(&f.file->f_path, mode);
	fdput(f);
	return err;
}

/* Root may do all; an owner may give the file to a group that he is in. */
static int may_chown(const struct inode *inode, const struct iattr *attr)
{
	u32 fsuid = current->cred.fsuid;

	if (fsuid == 0)
		return 0;
	if ((attr->ia_valid & ATTR_UID) && (fsuid != inode->i_uid || attr->ia_uid != inode->i_uid))
		return -EPERM;
	if ((attr->ia_valid & ATTR_GID) &&
	    (fsuid != inode->i_uid ||
	     (attr->ia_gid != inode->i_gid && !current_in_group(attr->ia_gid))))
		return -EPERM;
	return 0;
}

static int chown_path(const struct path *path, u32 user, u32 group)
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr attr = { .ia_uid = user, .ia_gid = group };
	int err = mnt_want_write(path);

	if (err)
		return err;
	if (user != ~0u)
		attr.ia_valid |= ATTR_UID;
	if (group != ~0u)
		attr.ia_valid |= ATTR_GID;
	down_write(&inode->i_rwsem);
	if (!S_ISDIR(inode->i_mode)) {
		attr.ia_valid |= ATTR_MODE;
		attr.ia_mode = without_suid(inode->i_mode);
	}
	err = may_chown(inode, &attr);
	if (!err)
		err = notify_change_locked(inode, &attr);
	up_write(&inode->i_rwsem);
	return err;
}

long sys_fchownat(int dfd, const char *name, u32 user, u32 group, int flag)
{
	unsigned int lookup = (flag & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int err;

	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flag & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	err = chown_path(&path, user, group);
	path_put(&path);
	return err;
}

long sys_chown(const char *path, u32 user, u32 group)
{
	return sys_fchownat(AT_FDCWD, path, user, group, 0);
}

long sys_lchown(const char *path, u32 user, u32 group)
{
	return sys_fchownat(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(unsigned int fd, u32 user, u32 group)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = chown_path(&f.file->f_path, user, group);
	fdput(f);
	return err;
}

/* Access and modification time as asked: both NULL means now. */
struct new_times {
	bool		now;		/* no times were given */
	struct timespec	ts[2];		/* tv_nsec may be UTIME_NOW or UTIME_OMIT */
};

static s64 ns_of(const struct timespec *ts)
{
	s64 seconds = clamp((s64)ts->tv_sec, -TIME_MAX_SECONDS, TIME_MAX_SECONDS - 1);

	return seconds * (s64)NSEC_PER_SEC + ts->tv_nsec;
}

static bool is_plain_time(const struct timespec *ts)
{
	return ts->tv_nsec != UTIME_NOW && ts->tv_nsec != UTIME_OMIT;
}

static int check_times(const struct new_times *times)
{
	unsigned int i;

	for (i = 0; i < 2 && !times->now; i++)
		if (is_plain_time(&times->ts[i]) &&
		    (times->ts[i].tv_nsec < 0 || times->ts[i].tv_nsec >= (long)NSEC_PER_SEC))
			return -EINVAL;
	return 0;
}

static s64 chosen_time(const struct new_times *times, unsigned int which, s64 now)
{
	if (times->now || times->ts[which].tv_nsec == UTIME_NOW)
		return now;
	return ns_of(&times->ts[which]);
}

/* "Now" may be set by whoever may write; anything else by the owner. */
static int may_set_times(struct inode *inode, const struct new_times *times)
{
	if (inode_owner_or_root(inode))
		return 0;
	if (times->now || (times->ts[0].tv_nsec == UTIME_NOW && times->ts[1].tv_nsec == UTIME_NOW))
		return inode_permission(inode, MAY_WRITE);
	return -EPERM;
}

static int set_times(const struct path *path, const struct new_times *times)
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr attr = { .ia_valid = ATTR_ATIME | ATTR_MTIME };
	s64 now = ktime_get_real();
	int err = mnt_want_write(path);

	if (err)
		return err;
	if (!times->now && times->ts[0].tv_nsec == UTIME_OMIT)
		attr.ia_valid &= ~ATTR_ATIME;
	if (!times->now && times->ts[1].tv_nsec == UTIME_OMIT)
		attr.ia_valid &= ~ATTR_MTIME;
	if (!attr.ia_valid)
		return 0;
	attr.ia_atime = chosen_time(times, 0, now);
	attr.ia_mtime = chosen_time(times, 1, now);
	down_write(&inode->i_rwsem);
	err = may_set_times(inode, times);
	if (!err)
		err = notify_change_locked(inode, &attr);
	up_write(&inode->i_rwsem);
	return err;
}

static long set_fd_times(int fd, const struct new_times *times)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = set_times(&f.file->f_path, times);
	fdput(f);
	return err;
}

static long do_utimes(int dfd, const char *name, const struct new_times *times, int flags)
{
	unsigned int lookup = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int err = check_times(times);

	if (err)
		return err;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && dfd != AT_FDCWD)
		return flags ? -EINVAL : set_fd_times(dfd, times);
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	err = set_times(&path, times);
	path_put(&path);
	return err;
}

long sys_utimensat(int dfd, const char *path, void *utimes, int flags)
{
	struct new_times times = { .now = !utimes };

	if (utimes && copy_from_user(times.ts, utimes, sizeof(times.ts)))
		return -EFAULT;
	return do_utimes(dfd, path, &times, flags);
}

long sys_futimesat(int dfd, const char *path, void *utimes)
{
	struct new_times times = { .now = !utimes };
	unsigned int i;

	if (utimes && copy_from_user(times.ts, utimes, sizeof(times.ts)))
		return -EFAULT;
	for (i = 0; i < 2 && utimes; i++) {
		if (times.ts[i].tv_nsec < 0 || times.ts[i].tv_nsec >= 1000000)
			return -EINVAL;
		times.ts[i].tv_nsec *= 1000;
	}
	return do_utimes(dfd, path, &times, 0);
}

long sys_utimes(const char *path, void *utimes)
{
	return sys_futimesat(AT_FDCWD, path, utimes);
}

long sys_utime(const char *path, void *user)
{
	struct new_times times = { .now = !user };
	long seconds[2] = { 0, 0 };

	if (user && copy_from_user(seconds, user, sizeof(seconds)))
		return -EFAULT;
	times.ts[0].tv_sec = seconds[0];
	times.ts[1].tv_sec = seconds[1];
	return do_utimes(AT_FDCWD, path, &times, 0);
}
