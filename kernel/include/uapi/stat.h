/* stat.h - file types and modes, stat(2), statx(2), statfs(2), getdents64(2). */
#ifndef UAPI_STAT_H
#define UAPI_STAT_H

#include <lib/types.h>

#define S_IFMT		0170000
#define S_IFSOCK	0140000
#define S_IFLNK		0120000
#define S_IFREG		0100000
#define S_IFBLK		0060000
#define S_IFDIR		0040000
#define S_IFCHR		0020000
#define S_IFIFO		0010000
#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_ISVTX		0001000
#define S_IXUSR		0000100
#define S_IXGRP		0000010
#define S_IXUGO		0000111
#define S_IRWXUGO	0000777
#define S_IALLUGO	0007777

#define S_ISLNK(m)	(((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)	(((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)	(((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)	(((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)	(((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m)	(((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m)	(((m) & S_IFMT) == S_IFSOCK)

/* d_type of a directory entry: the type bits of the mode, shifted. */
#define DT_UNKNOWN	0
#define DT_FIFO		1
#define DT_CHR		2
#define DT_DIR		4
#define DT_BLK		6
#define DT_REG		8
#define DT_LNK		10
#define DT_SOCK		12
#define IFTODT(mode)	(((mode) & S_IFMT) >> 12)

struct stat {
	u64	st_dev;
	u64	st_ino;
	u64	st_nlink;
	u32	st_mode;
	u32	st_uid;
	u32	st_gid;
	u32	__pad0;
	u64	st_rdev;
	s64	st_size;
	s64	st_blksize;
	s64	st_blocks;
	s64	st_atime, st_atime_nsec;
	s64	st_mtime, st_mtime_nsec;
	s64	st_ctime, st_ctime_nsec;
	s64	__unused[3];
};
BUILD_ASSERT(sizeof(struct stat) == 144);

struct statx_timestamp {
	s64	tv_sec;
	u32	tv_nsec;
	s32	__reserved;
};

struct statx {
	u32	stx_mask;
	u32	stx_blksize;
	u64	stx_attributes;
	u32	stx_nlink;
	u32	stx_uid;
	u32	stx_gid;
	u16	stx_mode;
	u16	__spare0;
	u64	stx_ino;
	u64	stx_size;
	u64	stx_blocks;
	u64	stx_attributes_mask;
	struct statx_timestamp	stx_atime, stx_btime, stx_ctime, stx_mtime;
	u32	stx_rdev_major, stx_rdev_minor;
	u32	stx_dev_major, stx_dev_minor;
	u64	stx_mnt_id;
	u64	__spare2[13];
};
BUILD_ASSERT(sizeof(struct statx) == 256);

#define STATX_BASIC_STATS	0x7ffu
#define STATX_BTIME		0x800u
#define STATX_RESERVED		0x80000000u

struct statfs {
	s64	f_type, f_bsize;
	u64	f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	s32	f_fsid[2];
	s64	f_namelen, f_frsize, f_flags, f_spare[4];
};
BUILD_ASSERT(sizeof(struct statfs) == 120);

struct linux_dirent64 {
	u64	d_ino;
	s64	d_off;
	u16	d_reclen;
	u8	d_type;
	char	d_name[];
};

#define TMPFS_MAGIC	0x01021994
#define RAMFS_MAGIC	0x858458f6
#define PROC_SUPER_MAGIC 0x9fa0
#define SYSFS_MAGIC	0x62656572
#define PIPEFS_MAGIC	0x50495045
#define ANON_INODE_MAGIC 0x09041934

#define UTIME_NOW	0x3fffffffL
#define UTIME_OMIT	0x3ffffffeL

#endif
