/* fs.h - system calls on files. Arguments as in the manual pages, section 2; user pointers are
 * plain. Values: what the call returns to user space, or a negative errno. */
#ifndef SYSCALL_FS_H
#define SYSCALL_FS_H

#include <fs/types.h>
#include <uapi/signal.h>

struct epoll_event;
struct file;
struct iovec;
struct itimerspec;
struct linux_dirent64;
struct pollfd;
struct stat;
struct statfs;
struct statx;

/* kernel/syscall/fs_rw.c: moving data */
long sys_read(unsigned int fd, void *buf, size_t count);
long sys_write(unsigned int fd, const void *buf, size_t count);
long sys_readv(unsigned int fd, const struct iovec *vec, unsigned long vlen);
long sys_writev(unsigned int fd, const struct iovec *vec, unsigned long vlen);
long sys_pread64(unsigned int fd, void *buf, size_t count, loff_t pos);
long sys_pwrite64(unsigned int fd, const void *buf, size_t count, loff_t pos);
long sys_preadv(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		unsigned long pos_h);
long sys_pwritev(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		 unsigned long pos_h);
long sys_preadv2(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		 unsigned long pos_h, int flags);
long sys_pwritev2(unsigned int fd, const struct iovec *vec, unsigned long vlen, unsigned long pos_l,
		  unsigned long pos_h, int flags);
long sys_lseek(unsigned int fd, loff_t offset, unsigned int whence);
long sys_splice(int fd_in, loff_t *off_in, int fd_out, loff_t *off_out, size_t len,
		unsigned int flags);
long sys_tee(int fd_in, int fd_out, size_t len, unsigned int flags);
long sys_vmsplice(int fd, const struct iovec *vec, unsigned long nr, unsigned int flags);
long sys_sendfile(int out_fd, int in_fd, loff_t *offset, size_t count);
long sys_copy_file_range(int fd_in, loff_t *off_in, int fd_out, loff_t *off_out, size_t len,
			 unsigned int flags);
long sys_fsync(unsigned int fd);
long sys_fdatasync(unsigned int fd);
long sys_sync(void);
long sys_syncfs(int fd);
long sys_sync_file_range(int fd, loff_t offset, loff_t bytes, unsigned int flags);
long sys_fadvise64(int fd, loff_t offset, size_t len, int advice);
long sys_readahead(int fd, loff_t offset, size_t count);
long sys_truncate(const char *path, long length);
long sys_ftruncate(unsigned int fd, unsigned long length);
long sys_fallocate(int fd, int mode, loff_t offset, loff_t len);
long sys_getdents64(unsigned int fd, struct linux_dirent64 *dirent, unsigned int count);
long sys_getdents(unsigned int fd, void *dirent, unsigned int count);

/* kernel/syscall/fs_fd.c: descriptors */
long sys_open(const char *path, int flags, umode_t mode);
long sys_openat(int dfd, const char *path, int flags, umode_t mode);
long sys_creat(const char *path, umode_t mode);
long sys_close(unsigned int fd);
/* A descriptor for @file, whose reference it takes over, or the error that @file is. */
long new_fd(struct file *file, int flags);
int unshare_files(void);	/* current gets a descriptor table of its own: 0 or -ENOMEM */
long sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
long sys_dup(unsigned int fd);
long sys_dup2(unsigned int oldfd, unsigned int newfd);
long sys_dup3(unsigned int oldfd, unsigned int newfd, int flags);
long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg);
long sys_flock(unsigned int fd, unsigned int cmd);
long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg);
long sys_pipe(int *fds);
long sys_pipe2(int *fds, int flags);
long sys_memfd_create(const char *name, unsigned int flags);
long sys_eventfd(unsigned int count);
long sys_eventfd2(unsigned int count, int flags);

/* kernel/syscall/fs_notify.c: timers and signals to read */
long sys_timerfd_create(int clock, int flags);
long sys_timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
long sys_timerfd_gettime(int fd, struct itimerspec *value);
long sys_signalfd(int fd, const sigset_t *mask, size_t bytes);
long sys_signalfd4(int fd, const sigset_t *mask, size_t bytes, int flags);

/* kernel/syscall/fs_poll.c and fs_epoll.c: waiting for files */
/* @user: a struct timespec, or timeval if @usec, or NULL: then *ns is WAIT_FOREVER. 0 or errno. */
int get_timeout(u64 *ns, const void *user, bool usec);
long sys_epoll_create(int size);
long sys_epoll_create1(int flags);
long sys_epoll_ctl(int epfd, int op, int fd, const struct epoll_event *user);
long sys_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
long sys_epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout, const void *mask,
		     size_t bytes);
long sys_epoll_pwait2(int epfd, struct epoll_event *events, int max, const void *timeout,
		      const void *mask, size_t bytes);
long sys_poll(struct pollfd *fds, unsigned int nfds, int timeout);
long sys_ppoll(struct pollfd *fds, unsigned int nfds, void *tsp, const void *sigmask,
	       size_t sigsetsize);
long sys_select(int n, unsigned long *in, unsigned long *out, unsigned long *ex, void *tvp);
long sys_pselect6(int n, unsigned long *in, unsigned long *out, unsigned long *ex, void *tsp,
		  void *sig);

/* kernel/syscall/fs_stat.c: attributes */
long sys_stat(const char *path, struct stat *st);
long sys_lstat(const char *path, struct stat *st);
long sys_fstat(unsigned int fd, struct stat *st);
long sys_newfstatat(int dfd, const char *path, struct stat *st, int flag);
long sys_statx(int dfd, const char *path, unsigned int flags, unsigned int mask,
	       struct statx *buffer);
long sys_statfs(const char *path, struct statfs *buf);
long sys_fstatfs(unsigned int fd, struct statfs *buf);
long sys_access(const char *path, int mode);
long sys_faccessat(int dfd, const char *path, int mode);
long sys_faccessat2(int dfd, const char *path, int mode, int flags);
long sys_chmod(const char *path, umode_t mode);
long sys_fchmod(unsigned int fd, umode_t mode);
long sys_fchmodat(int dfd, const char *path, umode_t mode);
long sys_chown(const char *path, u32 user, u32 group);
long sys_lchown(const char *path, u32 user, u32 group);
long sys_fchown(unsigned int fd, u32 user, u32 group);
long sys_fchownat(int dfd, const char *path, u32 user, u32 group, int flag);
long sys_utime(const char *path, void *times);
long sys_utimes(const char *path, void *utimes);
long sys_futimesat(int dfd, const char *path, void *utimes);
long sys_utimensat(int dfd, const char *path, void *utimes, int flags);

/* kernel/syscall/xattr.c: extended attributes, of which no file has any */
long sys_setxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long sys_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long sys_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
long sys_getxattr(const char *path, const char *name, void *value, size_t size);
long sys_lgetxattr(const char *path, const char *name, void *value, size_t size);
long sys_fgetxattr(int fd, const char *name, void *value, size_t size);
long sys_listxattr(const char *path, char *list, size_t size);
long sys_llistxattr(const char *path, char *list, size_t size);
long sys_flistxattr(int fd, char *list, size_t size);
long sys_removexattr(const char *path, const char *name);
long sys_lremovexattr(const char *path, const char *name);
long sys_fremovexattr(int fd, const char *name);

/* kernel/syscall/fs.c: names, directories, mounts */
long sys_mkdir(const char *path, umode_t mode);
long sys_mkdirat(int dfd, const char *path, umode_t mode);
long sys_rmdir(const char *path);
long sys_mknod(const char *path, umode_t mode, unsigned int dev);
long sys_mknodat(int dfd, const char *path, umode_t mode, unsigned int dev);
long sys_link(const char *oldname, const char *newname);
long sys_linkat(int olddfd, const char *oldname, int newdfd, const char *newname, int flags);
long sys_symlink(const char *target, const char *path);
long sys_symlinkat(const char *target, int newdfd, const char *path);
long sys_unlink(const char *path);
long sys_unlinkat(int dfd, const char *path, int flag);
long sys_rename(const char *oldname, const char *newname);
long sys_renameat(int olddfd, const char *oldname, int newdfd, const char *newname);
long sys_renameat2(int olddfd, const char *oldname, int newdfd, const char *newname,
		   unsigned int flags);
long sys_readlink(const char *path, char *buf, int bufsiz);
long sys_readlinkat(int dfd, const char *path, char *buf, int bufsiz);
long sys_chdir(const char *path);
long sys_fchdir(unsigned int fd);
long sys_chroot(const char *path);
long sys_getcwd(char *buf, unsigned long size);
long sys_umask(int mask);
long sys_mount(char *dev, char *dir, char *type, unsigned long flags, void *data);
long sys_umount2(char *name, int flags);

/* kernel/syscall/socket.c */
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, int *fds);
long sys_on_socket(int fd);

#endif
