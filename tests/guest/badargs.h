/* badargs.h - the table of badargs.c: system calls with arguments that are good, and what each
 * argument is, so that bad ones can be put in its place one at a time.
 * Read:   badargs.c for the walk; badargs_linux.h for what Linux answers. */
#ifndef TESTS_GUEST_BADARGS_H
#define TESTS_GUEST_BADARGS_H

#include "tap.h"
#include <sys/stat.h>

/* ---- the scene: descriptors and memory at places that never change ---- */

#define FILE_RW		10L	/* /tmp/bad/file, 8192 bytes */
#define FILE_R		11L
#define FILE_W		12L
#define FILE_PATH	13L	/* O_PATH */
#define DIRECTORY	14L	/* /tmp/bad/dir */
#define PIPE_R		15L	/* does not block; 16 bytes are in it */
#define PIPE_W		16L	/* does not block */
#define ZERO		17L	/* /dev/zero */
#define EVENT		18L	/* an eventfd, does not block */
#define OTHER		19L	/* /tmp/bad/other, empty */
#define FULL_W		20L	/* a pipe that is full, does not block */
#define EPOLL		21L	/* an epoll that watches EVENT */
#define TIMERFD		22L	/* not set */
#define SIGNALFD	23L	/* of no signal, does not block */

#define AT(page, offset) (0x10000000L + (page) * 0x1000L + (offset))
#define BUFFER		AT(1, 0)	/* two pages that may be read and written, zero */
#define READ_ONLY	AT(3, 0)
#define NO_ACCESS	AT(4, 0)
#define EDGE		AT(5, 0)	/* full of '@'; nothing is mapped behind it */
#define HOLE		AT(6, 0)
#define AREA		AT(16, 0)	/* four pages for the memory calls */
#define CODE		AT(24, 0)	/* readable and executable */

/* What page 0 holds. */
#define VECTOR		AT(0, 0x000)	/* two struct iovec: 16 bytes each, in BUFFER */
#define SHORT_TIME	AT(0, 0x040)	/* a struct timespec: 1 us */
#define NO_TIMES	AT(0, 0x060)	/* two struct timeval or timespec: zero */
#define SET		AT(0, 0x0a0)	/* an empty signal set */
#define ACTION		AT(0, 0x0c0)	/* a struct kernel sigaction: default */
#define OFFSET		AT(0, 0x0f0)	/* a loff_t: 0 */
#define POLL		AT(0, 0x100)	/* a struct pollfd: FILE_RW, POLLIN */
#define LIMIT		AT(0, 0x120)	/* a struct rlimit: 0 */
#define CLONE_ARGS	AT(0, 0x140)	/* 88 bytes: no flags, SIGCHLD */
#define CAPS		AT(0, 0x1c0)	/* struct __user_cap_header_struct: version 3, self */
#define CAP_SETS	AT(0, 0x1e0)
#define PARAM		AT(0, 0x200)	/* a struct sched_param: 0 */
#define STACK		AT(0, 0x220)	/* a stack_t: in AREA, two pages */
#define LOCK		AT(0, 0x240)	/* a struct flock: a read lock */
#define INFO		AT(0, 0x280)	/* a siginfo_t: SI_QUEUE */
#define FD_BITS		AT(0, 0x300)	/* a bitmap: FILE_RW */
#define MASK_PAIR	AT(0, 0x380)	/* pselect6's pair: SET, 8 */
#define ARGV		AT(0, 0x3a0)	/* a program's name and NULL */
#define ENVP		AT(0, 0x3c0)	/* NULL */
#define REMOTE		AT(0, 0x3e0)	/* a struct iovec: 16 bytes of BUFFER */
#define CPUS		AT(0, 0x400)	/* a mask: processor 0 */
#define WORD		AT(0, 0x480)	/* a futex: 0 */
#define TERMIOS		AT(0, 0x4c0)
#define EPOLL_EVENT	AT(0, 0x500)	/* a struct epoll_event: EPOLLIN */
#define EVENT_NONE	AT(0, 0x540)	/* a struct sigevent: SIGEV_NONE */
#define NAME(n)		AT(0, 0x600 + (n) * 0x40)

#define FILE_NAME	NAME(0)		/* "/tmp/bad/file" */
#define NEW_NAME	NAME(1)		/* "/tmp/bad/new": is not there */
#define DIR_NAME	NAME(2)		/* "/tmp/bad/dir": empty */
#define LINK_NAME	NAME(3)		/* "/tmp/bad/link", to file */
#define LOOP_NAME	NAME(4)		/* "/tmp/bad/loop", to itself */
#define DANGLING_NAME	NAME(5)		/* "/tmp/bad/dangling", to nothing */
#define BELOW_FILE	NAME(6)		/* "/tmp/bad/file/x" */
#define BELOW_NOTHING	NAME(7)		/* "/tmp/bad/none/x" */
#define DIR_SLASH	NAME(8)		/* "/tmp/bad/new/" */
#define FILE_SLASH	NAME(9)		/* "/tmp/bad/file/" */
#define ROOT_NAME	NAME(10)	/* "/" */
#define DOT_NAME	NAME(11)	/* "/tmp/bad/dir/." */
#define DOTDOT_NAME	NAME(12)	/* "/tmp/bad/dir/.." */
#define EMPTY		NAME(13)	/* "" */
#define TMPFS		NAME(14)	/* "tmpfs" */
#define FULL_DIR	NAME(15)	/* "/tmp/bad": not empty, and a mount point */
#define PROC_NAME	NAME(16)	/* "/proc/version" */
#define ATTRIBUTE	NAME(17)	/* "user.tag" */
#define LONG_NAME	AT(7, 0)	/* a component of 256 letters */
#define LONG_PATH	AT(7, 0x200)	/* 4096 bytes of "./" and then file */

/* ---- arguments ---- */

enum kind {
	FIXED,		/* is not walked */
	FD,		/* a descriptor */
	DIRFD,		/* one that a path may start at */
	PATH,
	IN,		/* memory that the kernel reads */
	OUT,		/* memory that it writes */
	INT,		/* flags, modes, commands */
	LEN,		/* a number of bytes or entries */
	OFF,		/* a position in a file */
	ID,		/* a user or group */
	PID,
	SIG,
	ADDR,		/* a page-aligned address of an area */
	PAGES,		/* a length in memory */
	NR_KINDS,
};

struct argument {
	enum kind kind;
	long good;
};

struct call {
	const char *name;
	long nr;
	struct argument arg[6];
};

#define SELF	0x7a7a0001L	/* stands for the caller's process id */

#define CHILD_FLAGS	0x01200000L	/* CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID */

/* Arguments that are left out are zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct call calls[] = {
	/* data */
	{ "read", SYS_read, { { FD, FILE_RW }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "write", SYS_write, { { FD, FILE_RW }, { IN, BUFFER }, { LEN, 100 } } },
	{ "pread64", SYS_pread64,
	  { { FD, FILE_RW }, { OUT, BUFFER }, { LEN, 100 }, { OFF, 0 } } },
	{ "pwrite64", SYS_pwrite64,
	  { { FD, FILE_RW }, { IN, BUFFER }, { LEN, 100 }, { OFF, 0 } } },
	{ "readv", SYS_readv, { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 } } },
	{ "writev", SYS_writev, { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 } } },
	{ "preadv", SYS_preadv,
	  { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 }, { OFF, 0 }, { FIXED, 0 } } },
	{ "pwritev", SYS_pwritev,
	  { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 }, { OFF, 0 }, { FIXED, 0 } } },
	{ "preadv2", SYS_preadv2,
	  { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 }, { OFF, 0 }, { FIXED, 0 },
	    { INT, 0 } } },
	{ "pwritev2", SYS_pwritev2,
	  { { FD, FILE_RW }, { IN, VECTOR }, { LEN, 2 }, { OFF, 0 }, { FIXED, 0 },
	    { INT, 0 } } },
	{ "lseek", SYS_lseek, { { FD, FILE_RW }, { OFF, 0 }, { INT, 0 } } },
	{ "lseek/data", SYS_lseek, { { FD, FILE_RW }, { OFF, 0 }, { FIXED, 3 } } },
	{ "lseek/dir", SYS_lseek, { { FIXED, DIRECTORY }, { OFF, 0 }, { INT, 0 } } },
	{ "sendfile", SYS_sendfile,
	  { { FD, OTHER }, { FD, FILE_RW }, { IN, OFFSET }, { LEN, 100 } } },
	{ "copy_file_range", SYS_copy_file_range,
	  { { FD, FILE_RW }, { IN, OFFSET }, { FD, OTHER }, { FIXED, 0 }, { LEN, 100 },
	    { INT, 0 } } },
	{ "splice", SYS_splice,
	  { { FD, PIPE_R }, { FIXED, 0 }, { FD, OTHER }, { IN, OFFSET }, { LEN, 10 },
	    { INT, 2 } } },
	{ "splice/in", SYS_splice,
	  { { FD, FILE_RW }, { IN, OFFSET }, { FD, PIPE_W }, { FIXED, 0 }, { LEN, 10 },
	    { INT, 2 } } },
	{ "tee", SYS_tee, { { FD, PIPE_R }, { FD, FULL_W }, { LEN, 10 }, { INT, 2 } } },
	{ "vmsplice", SYS_vmsplice, { { FD, PIPE_W }, { IN, VECTOR }, { LEN, 2 }, { INT, 2 } } },
	{ "vmsplice/out", SYS_vmsplice,
	  { { FD, PIPE_R }, { IN, VECTOR }, { LEN, 2 }, { INT, 2 } } },
	{ "process_vm_readv", SYS_process_vm_readv,
	  { { PID, SELF }, { IN, VECTOR }, { LEN, 1 }, { IN, REMOTE }, { LEN, 1 },
	    { INT, 0 } } },
	{ "process_vm_writev", SYS_process_vm_writev,
	  { { PID, SELF }, { IN, VECTOR }, { LEN, 1 }, { IN, REMOTE }, { LEN, 1 },
	    { INT, 0 } } },
	{ "fsync", SYS_fsync, { { FD, FILE_RW } } },
	{ "fdatasync", SYS_fdatasync, { { FD, FILE_RW } } },
	{ "syncfs", SYS_syncfs, { { FD, FILE_RW } } },
	{ "sync_file_range", SYS_sync_file_range,
	  { { FD, FILE_RW }, { OFF, 0 }, { OFF, 0 }, { INT, 0 } } },
	{ "readahead", SYS_readahead, { { FD, FILE_RW }, { OFF, 0 }, { LEN, 100 } } },
	{ "fadvise64", SYS_fadvise64, { { FD, FILE_RW }, { OFF, 0 }, { LEN, 0 }, { INT, 0 } } },
	{ "truncate", SYS_truncate, { { PATH, FILE_NAME }, { OFF, 4096 } } },
	{ "ftruncate", SYS_ftruncate, { { FD, FILE_RW }, { OFF, 4096 } } },
	{ "fallocate", SYS_fallocate,
	  { { FD, FILE_RW }, { INT, 0 }, { OFF, 0 }, { OFF, 4096 } } },
	{ "fallocate/hole", SYS_fallocate,
	  { { FD, FILE_RW }, { FIXED, 3 }, { OFF, 0 }, { OFF, 4096 } } },

	/* descriptors */
	{ "open", SYS_open, { { PATH, FILE_NAME }, { INT, O_RDWR }, { INT, 0 } } },
	{ "open/create", SYS_open, { { PATH, NEW_NAME }, { INT, O_RDWR | O_CREAT }, { INT, 0 } } },
	{ "open/excl", SYS_open,
	  { { PATH, NEW_NAME }, { FIXED, O_RDWR | O_CREAT | O_EXCL }, { INT, 0 } } },
	{ "open/directory", SYS_open,
	  { { PATH, DIR_NAME }, { FIXED, O_DIRECTORY }, { FIXED, 0 } } },
	{ "open/nofollow", SYS_open, { { PATH, LINK_NAME }, { FIXED, O_NOFOLLOW }, { FIXED, 0 } } },
	{ "open/path", SYS_open, { { PATH, FILE_NAME }, { FIXED, O_PATH }, { FIXED, 0 } } },
	{ "open/tmpfile", SYS_open,
	  { { PATH, DIR_NAME }, { FIXED, O_TMPFILE | O_RDWR }, { INT, 0600 } } },
	{ "openat", SYS_openat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, O_RDONLY }, { INT, 0 } } },
	{ "openat/relative", SYS_openat,
	  { { DIRFD, DIRECTORY }, { FIXED, TMPFS }, { FIXED, O_RDWR | O_CREAT }, { INT, 0600 } } },
	{ "creat", SYS_creat, { { PATH, NEW_NAME }, { INT, 0600 } } },
	{ "close", SYS_close, { { FD, FILE_RW } } },
	{ "close_range", SYS_close_range, { { FIXED, 30 }, { INT, 40 }, { INT, 0 } } },
	{ "dup", SYS_dup, { { FD, FILE_RW } } },
	{ "dup2", SYS_dup2, { { FD, FILE_RW }, { FD, 30 } } },
	{ "dup3", SYS_dup3, { { FD, FILE_RW }, { FD, 30 }, { INT, 0 } } },
	{ "fcntl", SYS_fcntl, { { FD, FILE_RW }, { INT, F_GETFL }, { FIXED, 0 } } },
	{ "fcntl/dupfd", SYS_fcntl, { { FD, FILE_RW }, { FIXED, F_DUPFD }, { INT, 0 } } },
	{ "fcntl/setfl", SYS_fcntl, { { FD, FILE_RW }, { FIXED, F_SETFL }, { INT, 0 } } },
	{ "fcntl/getlk", SYS_fcntl, { { FD, FILE_RW }, { FIXED, F_GETLK }, { OUT, LOCK } } },
	{ "fcntl/setlk", SYS_fcntl, { { FD, FILE_RW }, { FIXED, F_SETLK }, { IN, LOCK } } },
	{ "fcntl/ofd", SYS_fcntl, { { FD, FILE_RW }, { FIXED, 37 }, { IN, LOCK } } },
	{ "fcntl/seals", SYS_fcntl, { { FD, FILE_RW }, { FIXED, 1033 }, { INT, 0 } } },
	{ "fcntl/pipe size", SYS_fcntl, { { FD, PIPE_W }, { FIXED, 1031 }, { INT, 4096 } } },
	{ "fcntl/owner", SYS_fcntl, { { FD, FILE_RW }, { FIXED, F_SETOWN }, { PID, SELF } } },
	{ "fcntl/setsig", SYS_fcntl, { { FD, FILE_RW }, { FIXED, 10 }, { SIG, 0 } } },
	{ "flock", SYS_flock, { { FD, FILE_RW }, { INT, 1 } } },
	{ "ioctl/FIONREAD", SYS_ioctl, { { FD, PIPE_R }, { FIXED, 0x541b }, { OUT, BUFFER } } },
	{ "ioctl/FIONBIO", SYS_ioctl, { { FD, PIPE_R }, { FIXED, 0x5421 }, { IN, WORD } } },
	{ "ioctl/FIOCLEX", SYS_ioctl, { { FD, FILE_RW }, { FIXED, 0x5451 }, { FIXED, 0 } } },
	{ "ioctl/TCGETS", SYS_ioctl, { { FD, FILE_RW }, { INT, 0x5401 }, { OUT, TERMIOS } } },
	{ "pipe", SYS_pipe, { { OUT, BUFFER } } },
	{ "pipe2", SYS_pipe2, { { OUT, BUFFER }, { INT, 0 } } },
	{ "memfd_create", SYS_memfd_create, { { PATH, TMPFS }, { INT, 0 } } },
	{ "eventfd2", SYS_eventfd2, { { INT, 0 }, { INT, 0 } } },
	{ "poll", SYS_poll, { { OUT, POLL }, { LEN, 1 }, { FIXED, 0 } } },
	{ "ppoll", SYS_ppoll,
	  { { OUT, POLL }, { LEN, 1 }, { IN, SHORT_TIME }, { IN, SET }, { LEN, 8 } } },
	{ "epoll_create", SYS_epoll_create, { { INT, 1 } } },
	{ "epoll_create1", SYS_epoll_create1, { { INT, 0 } } },
	{ "epoll_ctl/add", SYS_epoll_ctl,
	  { { FD, EPOLL }, { INT, 1 }, { FD, PIPE_R }, { IN, EPOLL_EVENT } } },
	{ "epoll_ctl/mod", SYS_epoll_ctl,
	  { { FD, EPOLL }, { FIXED, 3 }, { FD, EVENT }, { IN, EPOLL_EVENT } } },
	{ "epoll_ctl/del", SYS_epoll_ctl,
	  { { FD, EPOLL }, { FIXED, 2 }, { FD, EVENT }, { IN, EPOLL_EVENT } } },
	{ "epoll_wait", SYS_epoll_wait,
	  { { FD, EPOLL }, { OUT, BUFFER }, { INT, 1 }, { FIXED, 0 } } },
	{ "epoll_pwait", SYS_epoll_pwait,
	  { { FD, EPOLL }, { OUT, BUFFER }, { INT, 1 }, { INT, 0 }, { IN, SET }, { LEN, 8 } } },
	{ "epoll_pwait2", SYS_epoll_pwait2,
	  { { FD, EPOLL }, { OUT, BUFFER }, { INT, 1 }, { IN, SHORT_TIME }, { IN, SET },
	    { LEN, 8 } } },
	{ "timerfd_create", SYS_timerfd_create, { { INT, 1 }, { INT, 0 } } },
	{ "timerfd_settime", SYS_timerfd_settime,
	  { { FD, TIMERFD }, { INT, 0 }, { IN, NO_TIMES }, { OUT, BUFFER } } },
	{ "timerfd_gettime", SYS_timerfd_gettime, { { FD, TIMERFD }, { OUT, BUFFER } } },
	{ "signalfd", SYS_signalfd, { { FD, -1 }, { IN, SET }, { LEN, 8 } } },
	{ "signalfd4", SYS_signalfd4, { { FD, SIGNALFD }, { IN, SET }, { LEN, 8 }, { INT, 0 } } },
	{ "read/signalfd", SYS_read, { { FIXED, SIGNALFD }, { OUT, BUFFER }, { LEN, 128 } } },
	{ "select", SYS_select,
	  { { INT, 16 }, { OUT, FD_BITS }, { OUT, BUFFER }, { OUT, BUFFER }, { IN, NO_TIMES } } },
	{ "pselect6", SYS_pselect6,
	  { { INT, 16 }, { OUT, FD_BITS }, { OUT, BUFFER }, { OUT, BUFFER }, { IN, SHORT_TIME },
	    { IN, MASK_PAIR } } },

	/* names */
	{ "stat", SYS_stat, { { PATH, FILE_NAME }, { OUT, BUFFER } } },
	{ "lstat", SYS_lstat, { { PATH, LINK_NAME }, { OUT, BUFFER } } },
	{ "fstat", SYS_fstat, { { FD, FILE_RW }, { OUT, BUFFER } } },
	{ "newfstatat", SYS_newfstatat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { OUT, BUFFER }, { INT, 0 } } },
	{ "newfstatat/empty", SYS_newfstatat,
	  { { DIRFD, FILE_RW }, { FIXED, EMPTY }, { OUT, BUFFER }, { INT, AT_EMPTY_PATH } } },
	{ "statx", SYS_statx,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, 0 }, { INT, 0x7ff },
	    { OUT, BUFFER } } },
	{ "access", SYS_access, { { PATH, FILE_NAME }, { INT, 0 } } },
	{ "faccessat", SYS_faccessat, { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, 0 } } },
	{ "faccessat2", SYS_faccessat2,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, 0 }, { INT, 0 } } },
	{ "statfs", SYS_statfs, { { PATH, FILE_NAME }, { OUT, BUFFER } } },
	{ "fstatfs", SYS_fstatfs, { { FD, FILE_RW }, { OUT, BUFFER } } },
	{ "getdents", SYS_getdents, { { FD, DIRECTORY }, { OUT, BUFFER }, { LEN, 4096 } } },
	{ "getdents64", SYS_getdents64, { { FD, DIRECTORY }, { OUT, BUFFER }, { LEN, 4096 } } },
	{ "getcwd", SYS_getcwd, { { OUT, BUFFER }, { LEN, 100 } } },
	{ "chdir", SYS_chdir, { { PATH, DIR_NAME } } },
	{ "fchdir", SYS_fchdir, { { FD, DIRECTORY } } },
	{ "chroot", SYS_chroot, { { PATH, ROOT_NAME } } },
	{ "mkdir", SYS_mkdir, { { PATH, NEW_NAME }, { INT, 0700 } } },
	{ "mkdirat", SYS_mkdirat, { { DIRFD, AT_FDCWD }, { PATH, NEW_NAME }, { INT, 0700 } } },
	{ "rmdir", SYS_rmdir, { { PATH, DIR_NAME } } },
	{ "unlink", SYS_unlink, { { PATH, FILE_NAME } } },
	{ "unlinkat", SYS_unlinkat, { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, 0 } } },
	{ "unlinkat/dir", SYS_unlinkat,
	  { { DIRFD, AT_FDCWD }, { PATH, DIR_NAME }, { FIXED, AT_REMOVEDIR } } },
	{ "rename", SYS_rename, { { PATH, FILE_NAME }, { PATH, NEW_NAME } } },
	{ "rename/dir", SYS_rename, { { PATH, DIR_NAME }, { PATH, NEW_NAME } } },
	{ "renameat", SYS_renameat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { DIRFD, AT_FDCWD }, { PATH, NEW_NAME } } },
	{ "renameat2", SYS_renameat2,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { DIRFD, AT_FDCWD }, { PATH, NEW_NAME },
	    { INT, 0 } } },
	{ "renameat2/exchange", SYS_renameat2,
	  { { FIXED, AT_FDCWD }, { PATH, FILE_NAME }, { FIXED, AT_FDCWD }, { PATH, DIR_NAME },
	    { FIXED, 2 } } },
	{ "link", SYS_link, { { PATH, FILE_NAME }, { PATH, NEW_NAME } } },
	{ "linkat", SYS_linkat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { DIRFD, AT_FDCWD }, { PATH, NEW_NAME },
	    { INT, 0 } } },
	{ "symlink", SYS_symlink, { { PATH, FILE_NAME }, { PATH, NEW_NAME } } },
	{ "symlinkat", SYS_symlinkat,
	  { { PATH, FILE_NAME }, { DIRFD, AT_FDCWD }, { PATH, NEW_NAME } } },
	{ "readlink", SYS_readlink, { { PATH, LINK_NAME }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "readlinkat", SYS_readlinkat,
	  { { DIRFD, AT_FDCWD }, { PATH, LINK_NAME }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "chmod", SYS_chmod, { { PATH, FILE_NAME }, { INT, 0600 } } },
	{ "fchmod", SYS_fchmod, { { FD, FILE_RW }, { INT, 0600 } } },
	{ "fchmodat", SYS_fchmodat, { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { INT, 0600 } } },
	{ "chown", SYS_chown, { { PATH, FILE_NAME }, { ID, 0 }, { ID, 0 } } },
	{ "lchown", SYS_lchown, { { PATH, LINK_NAME }, { ID, 0 }, { ID, 0 } } },
	{ "fchown", SYS_fchown, { { FD, FILE_RW }, { ID, 0 }, { ID, 0 } } },
	{ "fchownat", SYS_fchownat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { ID, 0 }, { ID, 0 }, { INT, 0 } } },
	{ "umask", SYS_umask, { { INT, 022 } } },
	{ "utime", SYS_utime, { { PATH, FILE_NAME }, { IN, NO_TIMES } } },
	{ "utimes", SYS_utimes, { { PATH, FILE_NAME }, { IN, NO_TIMES } } },
	{ "futimesat", SYS_futimesat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { IN, NO_TIMES } } },
	{ "utimensat", SYS_utimensat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { IN, NO_TIMES }, { INT, 0 } } },
	{ "utimensat/fd", SYS_utimensat,
	  { { DIRFD, FILE_RW }, { FIXED, 0 }, { IN, NO_TIMES }, { INT, 0 } } },
	{ "setxattr", SYS_setxattr,
	  { { PATH, FILE_NAME }, { PATH, ATTRIBUTE }, { IN, BUFFER }, { LEN, 5 }, { INT, 0 } } },
	{ "lsetxattr", SYS_lsetxattr,
	  { { PATH, LINK_NAME }, { FIXED, ATTRIBUTE }, { FIXED, BUFFER }, { FIXED, 5 },
	    { FIXED, 0 } } },
	{ "fsetxattr", SYS_fsetxattr,
	  { { FD, FILE_RW }, { PATH, ATTRIBUTE }, { IN, BUFFER }, { LEN, 5 }, { INT, 0 } } },
	{ "getxattr", SYS_getxattr,
	  { { PATH, FILE_NAME }, { PATH, ATTRIBUTE }, { OUT, BUFFER }, { LEN, 5 } } },
	{ "lgetxattr", SYS_lgetxattr,
	  { { PATH, LINK_NAME }, { FIXED, ATTRIBUTE }, { FIXED, BUFFER }, { FIXED, 5 } } },
	{ "fgetxattr", SYS_fgetxattr,
	  { { FD, FILE_RW }, { PATH, ATTRIBUTE }, { OUT, BUFFER }, { LEN, 5 } } },
	{ "listxattr", SYS_listxattr, { { PATH, FILE_NAME }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "llistxattr", SYS_llistxattr, { { PATH, LINK_NAME }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "flistxattr", SYS_flistxattr, { { FD, FILE_RW }, { OUT, BUFFER }, { LEN, 100 } } },
	{ "removexattr", SYS_removexattr, { { PATH, FILE_NAME }, { PATH, ATTRIBUTE } } },
	{ "lremovexattr", SYS_lremovexattr, { { PATH, LINK_NAME }, { FIXED, ATTRIBUTE } } },
	{ "fremovexattr", SYS_fremovexattr, { { FD, FILE_RW }, { PATH, ATTRIBUTE } } },
	{ "mknod", SYS_mknod, { { PATH, NEW_NAME }, { INT, S_IFIFO | 0600 }, { INT, 0 } } },
	{ "mknod/device", SYS_mknod,
	  { { PATH, NEW_NAME }, { FIXED, S_IFCHR | 0600 }, { INT, 0x103 } } },
	{ "mknodat", SYS_mknodat,
	  { { DIRFD, AT_FDCWD }, { PATH, NEW_NAME }, { INT, S_IFREG | 0600 }, { INT, 0 } } },
	{ "mount", SYS_mount,
	  { { PATH, TMPFS }, { PATH, DIR_NAME }, { PATH, TMPFS }, { FIXED, 0 }, { FIXED, 0 } } },
	{ "mount/bind", SYS_mount,
	  { { PATH, FILE_NAME }, { PATH, FILE_NAME }, { FIXED, 0 }, { FIXED, 4096 },
	    { FIXED, 0 } } },
	{ "umount2", SYS_umount2, { { PATH, DIR_NAME }, { INT, 0 } } },

	/* memory */
	{ "mmap", SYS_mmap,
	  { { ADDR, 0 }, { PAGES, 4096 }, { INT, 3 }, { INT, 0x22 }, { FD, -1 }, { OFF, 0 } } },
	{ "mmap/file", SYS_mmap,
	  { { ADDR, 0 }, { PAGES, 4096 }, { INT, 3 }, { INT, 1 }, { FD, FILE_RW }, { OFF, 0 } } },
	{ "mmap/private", SYS_mmap,
	  { { FIXED, 0 }, { FIXED, 4096 }, { INT, 3 }, { INT, 2 }, { FD, FILE_R }, { OFF, 0 } } },
	{ "mmap/fixed", SYS_mmap,
	  { { ADDR, AREA }, { FIXED, 4096 }, { FIXED, 3 }, { FIXED, 0x32 }, { FIXED, -1 },
	    { FIXED, 0 } } },
	{ "mprotect", SYS_mprotect, { { ADDR, AREA }, { PAGES, 4096 }, { INT, 1 } } },
	{ "munmap", SYS_munmap, { { ADDR, AREA }, { PAGES, 4096 } } },
	{ "mremap", SYS_mremap,
	  { { ADDR, AREA }, { PAGES, 4096 }, { PAGES, 8192 }, { INT, 1 }, { FIXED, 0 } } },
	{ "mremap/fixed", SYS_mremap,
	  { { ADDR, AREA }, { FIXED, 4096 }, { FIXED, 4096 }, { FIXED, 3 }, { ADDR, HOLE } } },
	{ "madvise", SYS_madvise, { { ADDR, AREA }, { PAGES, 4096 }, { INT, 0 } } },
	{ "madvise/dontneed", SYS_madvise, { { ADDR, AREA }, { PAGES, 4096 }, { FIXED, 4 } } },
	{ "mincore", SYS_mincore, { { ADDR, AREA }, { PAGES, 4096 }, { OUT, BUFFER } } },
	{ "msync", SYS_msync, { { ADDR, AREA }, { PAGES, 4096 }, { INT, 4 } } },
	{ "mlock", SYS_mlock, { { ADDR, AREA }, { PAGES, 4096 } } },
	{ "mlock2", SYS_mlock2, { { ADDR, AREA }, { PAGES, 4096 }, { INT, 0 } } },
	{ "munlock", SYS_munlock, { { ADDR, AREA }, { PAGES, 4096 } } },
	{ "mlockall", SYS_mlockall, { { INT, 1 } } },
	{ "shmget", SYS_shmget, { { INT, 0 }, { LEN, 4096 }, { INT, 0600 } } },
	{ "shmget/key", SYS_shmget, { { FIXED, 77 }, { FIXED, 4096 }, { INT, 0600 | 01000 } } },
	{ "shmat", SYS_shmat, { { INT, -1 }, { ADDR, 0 }, { INT, 0 } } },
	{ "shmdt", SYS_shmdt, { { ADDR, AREA } } },
	{ "shmctl", SYS_shmctl, { { INT, -1 }, { INT, 2 }, { OUT, BUFFER } } },
	{ "shmctl/lock", SYS_shmctl, { { INT, -1 }, { FIXED, 11 }, { FIXED, 0 } } },
	{ "shmctl/info", SYS_shmctl, { { FIXED, 0 }, { FIXED, 3 }, { OUT, BUFFER } } },

	/* processes */
	{ "clone", SYS_clone,
	  { { FIXED, SIGCHLD | CHILD_FLAGS }, { FIXED, 0 }, { OUT, BUFFER }, { OUT, BUFFER },
	    { FIXED, 0 } } },
	{ "clone3", SYS_clone3, { { IN, CLONE_ARGS }, { LEN, 88 } } },
	{ "execve", SYS_execve, { { PATH, FILE_NAME }, { IN, ARGV }, { IN, ENVP } } },
	{ "execveat", SYS_execveat,
	  { { DIRFD, AT_FDCWD }, { PATH, FILE_NAME }, { IN, ARGV }, { IN, ENVP }, { INT, 0 } } },
	{ "wait4", SYS_wait4, { { PID, -1 }, { OUT, BUFFER }, { INT, 1 }, { OUT, BUFFER } } },
	{ "waitid", SYS_waitid,
	  { { INT, 0 }, { PID, 0 }, { OUT, BUFFER }, { INT, 5 }, { OUT, BUFFER } } },
	{ "waitid/pid", SYS_waitid,
	  { { FIXED, 1 }, { PID, SELF }, { OUT, BUFFER }, { FIXED, 5 }, { FIXED, 0 } } },
	{ "getpgid", SYS_getpgid, { { PID, SELF } } },
	{ "setpgid", SYS_setpgid, { { PID, SELF }, { PID, 0 } } },
	{ "getsid", SYS_getsid, { { PID, SELF } } },
	{ "unshare", SYS_unshare, { { INT, 0 } } },
	{ "futex/wait", SYS_futex,
	  { { OUT, WORD }, { FIXED, 0 }, { INT, 1 }, { IN, SHORT_TIME }, { FIXED, 0 },
	    { FIXED, 0 } } },
	{ "futex/time", SYS_futex,
	  { { FIXED, WORD }, { FIXED, 0 }, { FIXED, 0 }, { IN, SHORT_TIME }, { FIXED, 0 },
	    { FIXED, 0 } } },
	{ "futex/wake", SYS_futex, { { OUT, WORD }, { FIXED, 1 }, { INT, 1 } } },
	{ "futex/op", SYS_futex,
	  { { FIXED, WORD }, { INT, 1 }, { FIXED, 1 }, { FIXED, 0 }, { OUT, WORD },
	    { FIXED, 0 } } },
	{ "futex/requeue", SYS_futex,
	  { { OUT, WORD }, { FIXED, 3 }, { INT, 1 }, { INT, 1 }, { OUT, BUFFER }, { FIXED, 0 } } },
	{ "futex/cmp requeue", SYS_futex,
	  { { OUT, WORD }, { FIXED, 4 }, { INT, 1 }, { INT, 1 }, { OUT, BUFFER }, { INT, 0 } } },
	{ "futex/wait bitset", SYS_futex,
	  { { OUT, WORD }, { FIXED, 9 }, { FIXED, 1 }, { IN, SHORT_TIME }, { FIXED, 0 },
	    { INT, 1 } } },
	{ "futex/wake bitset", SYS_futex,
	  { { OUT, WORD }, { FIXED, 10 }, { INT, 1 }, { FIXED, 0 }, { FIXED, 0 }, { INT, 1 } } },
	{ "futex/wake op", SYS_futex,
	  { { OUT, WORD }, { FIXED, 5 }, { INT, 1 }, { INT, 1 }, { OUT, BUFFER }, { INT, 0 } } },
	{ "set_robust_list", SYS_set_robust_list, { { IN, BUFFER }, { LEN, 24 } } },
	{ "get_robust_list", SYS_get_robust_list,
	  { { PID, 0 }, { OUT, BUFFER }, { OUT, BUFFER } } },
	{ "set_tid_address", SYS_set_tid_address, { { OUT, BUFFER } } },

	/* signals */
	{ "kill", SYS_kill, { { FIXED, SELF }, { SIG, 0 } } },
	{ "kill/0", SYS_kill, { { PID, SELF }, { FIXED, 0 } } },
	{ "tkill", SYS_tkill, { { PID, SELF }, { SIG, 0 } } },
	{ "tgkill", SYS_tgkill, { { PID, SELF }, { PID, SELF }, { SIG, 0 } } },
	{ "rt_sigaction", SYS_rt_sigaction,
	  { { SIG, SIGUSR1 }, { IN, ACTION }, { OUT, BUFFER }, { LEN, 8 } } },
	{ "rt_sigprocmask", SYS_rt_sigprocmask,
	  { { INT, 0 }, { IN, SET }, { OUT, BUFFER }, { LEN, 8 } } },
	{ "rt_sigpending", SYS_rt_sigpending, { { OUT, BUFFER }, { LEN, 8 } } },
	{ "rt_sigsuspend", SYS_rt_sigsuspend, { { IN, SET }, { LEN, 8 } } },
	{ "rt_sigtimedwait", SYS_rt_sigtimedwait,
	  { { IN, SET }, { OUT, BUFFER }, { IN, SHORT_TIME }, { LEN, 8 } } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { { PID, SELF }, { SIG, 0 }, { IN, INFO } } },
	{ "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo,
	  { { PID, SELF }, { PID, SELF }, { SIG, 0 }, { IN, INFO } } },
	{ "sigaltstack", SYS_sigaltstack, { { IN, STACK }, { OUT, BUFFER } } },

	/* identities */
	{ "setuid", SYS_setuid, { { ID, 0 } } },
	{ "setgid", SYS_setgid, { { ID, 0 } } },
	{ "setreuid", SYS_setreuid, { { ID, 0 }, { ID, 0 } } },
	{ "setregid", SYS_setregid, { { ID, 0 }, { ID, 0 } } },
	{ "setresuid", SYS_setresuid, { { ID, 0 }, { ID, 0 }, { ID, 0 } } },
	{ "setresgid", SYS_setresgid, { { ID, 0 }, { ID, 0 }, { ID, 0 } } },
	{ "getresuid", SYS_getresuid, { { OUT, BUFFER }, { OUT, BUFFER }, { OUT, BUFFER } } },
	{ "getresgid", SYS_getresgid, { { OUT, BUFFER }, { OUT, BUFFER }, { OUT, BUFFER } } },
	{ "getgroups", SYS_getgroups, { { INT, 16 }, { OUT, BUFFER } } },
	{ "setgroups", SYS_setgroups, { { INT, 1 }, { IN, BUFFER } } },
	{ "capget", SYS_capget, { { OUT, CAPS }, { OUT, CAP_SETS } } },
	{ "capset", SYS_capset, { { OUT, CAPS }, { IN, CAP_SETS } } },

	/* scheduling and limits */
	{ "sched_setparam", SYS_sched_setparam, { { PID, 0 }, { IN, PARAM } } },
	{ "sched_getparam", SYS_sched_getparam, { { PID, 0 }, { OUT, PARAM } } },
	{ "sched_setscheduler", SYS_sched_setscheduler, { { PID, 0 }, { INT, 0 }, { IN, PARAM } } },
	{ "sched_getscheduler", SYS_sched_getscheduler, { { PID, 0 } } },
	{ "sched_get_priority_max", SYS_sched_get_priority_max, { { INT, 0 } } },
	{ "sched_get_priority_min", SYS_sched_get_priority_min, { { INT, 0 } } },
	{ "sched_rr_get_interval", SYS_sched_rr_get_interval, { { PID, 0 }, { OUT, BUFFER } } },
	{ "sched_setaffinity", SYS_sched_setaffinity, { { PID, 0 }, { LEN, 8 }, { IN, CPUS } } },
	{ "sched_getaffinity", SYS_sched_getaffinity,
	  { { PID, 0 }, { LEN, 128 }, { OUT, BUFFER } } },
	{ "getpriority", SYS_getpriority, { { INT, 0 }, { PID, 0 } } },
	{ "setpriority", SYS_setpriority, { { INT, 0 }, { PID, 0 }, { INT, 0 } } },
	{ "getrlimit", SYS_getrlimit, { { INT, 4 }, { OUT, BUFFER } } },
	{ "setrlimit", SYS_setrlimit, { { INT, 4 }, { IN, LIMIT } } },
	{ "prlimit64", SYS_prlimit64, { { PID, 0 }, { INT, 4 }, { IN, LIMIT }, { OUT, BUFFER } } },
	{ "getrusage", SYS_getrusage, { { INT, 0 }, { OUT, BUFFER } } },
	{ "getcpu", SYS_getcpu, { { OUT, BUFFER }, { OUT, BUFFER }, { FIXED, 0 } } },
	{ "membarrier", SYS_membarrier, { { INT, 0 }, { INT, 0 }, { FIXED, 0 } } },

	/* time */
	{ "timer_create", SYS_timer_create, { { INT, 1 }, { IN, EVENT_NONE }, { OUT, BUFFER } } },
	{ "timer_settime", SYS_timer_settime,
	  { { INT, 0 }, { INT, 0 }, { IN, NO_TIMES }, { OUT, BUFFER } } },
	{ "timer_gettime", SYS_timer_gettime, { { INT, 0 }, { OUT, BUFFER } } },
	{ "timer_getoverrun", SYS_timer_getoverrun, { { INT, 0 } } },
	{ "timer_delete", SYS_timer_delete, { { INT, 0 } } },
	{ "nanosleep", SYS_nanosleep, { { IN, SHORT_TIME }, { OUT, BUFFER } } },
	{ "clock_nanosleep", SYS_clock_nanosleep,
	  { { INT, 1 }, { INT, 0 }, { IN, SHORT_TIME }, { OUT, BUFFER } } },
	{ "clock_gettime", SYS_clock_gettime, { { INT, 1 }, { OUT, BUFFER } } },
	{ "clock_getres", SYS_clock_getres, { { INT, 1 }, { OUT, BUFFER } } },
	{ "clock_settime", SYS_clock_settime, { { INT, 1 }, { IN, SHORT_TIME } } },
	{ "gettimeofday", SYS_gettimeofday, { { OUT, BUFFER }, { OUT, BUFFER } } },
	{ "time", SYS_time, { { OUT, BUFFER } } },
	{ "times", SYS_times, { { OUT, BUFFER } } },
	{ "getitimer", SYS_getitimer, { { INT, 0 }, { OUT, BUFFER } } },
	{ "setitimer", SYS_setitimer, { { INT, 1 }, { IN, NO_TIMES }, { OUT, BUFFER } } },

	/* the system */
	{ "uname", SYS_uname, { { OUT, BUFFER } } },
	{ "sysinfo", SYS_sysinfo, { { OUT, BUFFER } } },
	{ "sethostname", SYS_sethostname, { { IN, TMPFS }, { LEN, 5 } } },
	{ "setdomainname", SYS_setdomainname, { { IN, TMPFS }, { LEN, 5 } } },
	{ "getrandom", SYS_getrandom, { { OUT, BUFFER }, { LEN, 16 }, { INT, 0 } } },
	{ "reboot", SYS_reboot, { { INT, 0 }, { INT, 0 }, { FIXED, 0 }, { FIXED, 0 } } },
	{ "personality", SYS_personality, { { FIXED, 0xffffffff } } },
	{ "prctl", SYS_prctl, { { INT, 0 }, { FIXED, 0 }, { FIXED, 0 }, { FIXED, 0 } } },
	{ "prctl/name", SYS_prctl, { { FIXED, 15 }, { PATH, TMPFS } } },
	{ "prctl/get name", SYS_prctl, { { FIXED, 16 }, { OUT, BUFFER } } },
	{ "prctl/death signal", SYS_prctl, { { FIXED, 1 }, { SIG, 0 } } },
	{ "prctl/get death signal", SYS_prctl, { { FIXED, 2 }, { OUT, BUFFER } } },
	{ "prctl/dumpable", SYS_prctl, { { FIXED, 4 }, { INT, 1 } } },
	{ "arch_prctl", SYS_arch_prctl, { { INT, 0x1003 }, { OUT, BUFFER } } },
	{ "arch_prctl/gs", SYS_arch_prctl, { { FIXED, 0x1001 }, { ADDR, AREA } } },
};

#endif
