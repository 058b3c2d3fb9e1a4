/* file.h - an open file, and descriptors. Extended by fs as it needs. */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <lib/list.h>
#include <lib/types.h>
#include <fs/iov_iter.h>	/* struct iov_iter: user or kernel segments (fs) */
#include <asm/atomic.h>
#include <fs/path.h>		/* struct path { mnt, dentry } (fs) */
#include <fs/types.h>
#include <sync/mutex.h>

struct address_space;
struct inode;
struct vm_area_struct;
struct poll_table;
struct dir_context;
struct proc_text;

struct file;

struct file_operations {
	/* Bytes moved or a negative errno; @pos is read and advanced. Buffers are user pointers,
	 * except in kernel_read/kernel_write, where they are kernel ones: see fs/file.c iov
	 * helpers. */
	ssize_t (*read)(struct file *file, struct iov_iter *to, loff_t *pos);
	ssize_t (*write)(struct file *file, struct iov_iter *from, loff_t *pos);
	/* Set f_pos (f_pos_lock is held) and return it, or errno. NULL: default_llseek. */
	loff_t (*llseek)(struct file *file, loff_t off, int whence);
	int (*iterate)(struct file *file, struct dir_context *ctx);
	unsigned int (*poll)(struct file *file, struct poll_table *table);
	long (*ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	/* Check and prepare @vma (vm_file is set, not yet linked): 0 or errno. NULL: cannot be
	 * mapped. */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	int (*open)(struct inode *inode, struct file *file);
	void (*release)(struct inode *inode, struct file *file);
	int (*fsync)(struct file *file);
	/* Devices only: splice and sendfile may read and write it. Other files allow it. */
	bool splice_read, splice_write;
	/* A descriptor is being closed (the file may live on in others). */
	void (*flush)(struct file *file);
	/* More lines for /proc/PID/fdinfo; may sleep. */
	void (*show_fdinfo)(struct proc_text *text, struct file *file);
};

struct file {
	atomic_t			f_count;
	unsigned int			f_flags;	/* O_* */
	unsigned int			f_mode;		/* FMODE_* */
	const struct file_operations	*f_op;		/* [c] */
	struct path			f_path;		/* [c] */
	struct inode			*f_inode;	/* [c] */
	struct address_space		*f_mapping;	/* [c] page cache */
	struct mutex			f_pos_lock;	/* RANK_FILE_POS */
	loff_t				f_pos;		/* [f_pos_lock] */
	int				f_owner;	/* F_SETOWN, only remembered */
	int				f_signal;	/* F_SETSIG, likewise */
	void				*private_data;	/* the opener's */
	/* [epoll_mutex] epolls' items for it; next is NULL until the first, and never again */
	struct list_head		f_epitems;
};

#define FMODE_READ	1u
#define FMODE_WRITE	2u
#define FMODE_EXEC	4u	/* opened by execve: denies writing while it lives */
#define FMODE_STREAM	8u	/* has no position: pipes, terminals; lseek is -ESPIPE */
#define FMODE_PATH	16u	/* O_PATH: names a place, cannot be read or written */
#define FMODE_NOPREAD	32u	/* set by open: pread and pwrite are refused */
#define FMODE_OPENED	64u	/* f_op->open has succeeded, so release is called */
#define FMODE_WRITER	128u	/* counted in i_writecount */
#define FMODE_EXCL	256u	/* O_EXCL: of a disk, the only one that asks so */
#define FMODE_UNSIGNED_OFFSET 512u	/* positions are addresses: a negative one is high */

static inline struct file *get_file(struct file *file)
{
	atomic_inc(&file->f_count);
	return file;
}

void fput(struct file *file);	/* may sleep; the last one closes */

/* May there be @len bytes (up to TASK_SIZE) from page @pgoff on? Files and disks end somewhere; for
 * other devices offsets are just numbers. */
bool file_may_have(const struct file *file, unsigned long pgoff, unsigned long len);
/* It was read, or mapped: atime. It was written through a mapping: mtime and ctime. Neither
 * sleeps. */
void file_accessed(struct file *file);
void file_update_time(struct file *file);

/* From a kernel path. ERR_PTR on error. */
struct file *file_open(const char *path, int flags, unsigned int mode);
/* Kernel buffer. Bytes, or a negative errno. */
ssize_t kernel_read(struct file *file, void *buf, size_t bytes, loff_t pos);
ssize_t kernel_write(struct file *file, const void *buf, size_t bytes, loff_t pos);

/* For f_op->open of devices without a position. */
int stream_open(struct inode *inode, struct file *file);
/* Ready-made llseeks. noop_llseek: always stays at 0 and succeeds (tty-like devices give -ESPIPE
 * through FMODE_STREAM). NULL in file_operations is default_llseek: SET, CUR and END by i_size. */
loff_t noop_llseek(struct file *file, loff_t off, int whence);
loff_t default_llseek(struct file *file, loff_t off, int whence);
loff_t dir_llseek(struct file *file, loff_t off, int whence);	/* directories: SET and CUR */
/* Files in the page cache (tmpfs). */
ssize_t generic_file_read(struct file *file, struct iov_iter *to, loff_t *pos);

/* A file over an inode of its own without a name, such as "[eventfd]". ERR_PTR. */
struct file *anon_file(const char *name, const struct file_operations *fops, void *private_data,
		       int flags);
/* An open file of @path with @fops; takes a reference on @path. Does not call f_op->open.
 * ERR_PTR. */
struct file *alloc_file(const struct path *path, int flags, const struct file_operations *fops);
void file_init(void);

/* Descriptors of current. fget returns a reference or NULL (-EBADF). */
struct file *fget(int fd);
int get_unused_fd(unsigned int flags);		/* O_CLOEXEC or 0; fd or -EMFILE/-ENOMEM */
void fd_install(int fd, struct file *file);	/* the table takes over the reference */
void put_unused_fd(int fd);

/* As fget, but files opened with O_PATH too. */
struct file *fget_raw(int fd);

/* A borrowed file: while only current uses its descriptor table, no reference is taken. */
struct fd {
	struct file	*file;		/* NULL: -EBADF */
	bool		put;
};

struct fd fdget(int fd);		/* not O_PATH */
struct fd fdget_raw(int fd);

static inline void fdput(struct fd fd)
{
	if (fd.put)
		fput(fd.file);
}

#endif
