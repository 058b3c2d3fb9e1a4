/* fdtable.h - descriptor tables and the root and working directory, as fork, exec and exit use
 * them. */
#ifndef FS_FDTABLE_H
#define FS_FDTABLE_H

#include <lib/types.h>
#include <asm/atomic.h>
#include <fs/path.h>
#include <sync/spinlock.h>

struct file;
struct task_struct;

#define NR_OPEN_DEFAULT	64	/* descriptors that need no array of their own */
#define NR_OPEN_MAX	(1u << 20)

struct files_struct {
	atomic_t	refs;
	spinlock_t	lock;		/* RANK_FILES */
	unsigned int	max_fds;	/* [lock] size of the arrays, a multiple of 64 */
	unsigned int	next_fd;	/* [lock] no free descriptor below it */
	struct file	**fd;		/* [lock] NULL: free, or reserved */
	unsigned long	*open_fds;	/* [lock] bit: in use or reserved */
	unsigned long	*cloexec;	/* [lock] */
	struct file	*fd_inline[NR_OPEN_DEFAULT];
	unsigned long	open_inline[1], cloexec_inline[1];
};

struct fs_struct {
	atomic_t	refs;
	spinlock_t	lock;		/* RANK_FS */
	struct path	root, pwd;	/* [lock] references */
	unsigned int	umask;		/* [lock] read without */
};

/* References on current's. */
void get_fs_root(struct path *path);
void get_fs_pwd(struct path *path);

/* Another task's (for /proc/PID/{fd,cwd,root}). fget_task: a reference or NULL. next_fd_of: the
 * first open descriptor >= @fd, or -1. get_task_*: 0 or -ENOENT when it has none any more. */
struct file *fget_task(struct task_struct *task, int fd);
int next_fd_of(struct task_struct *task, int fd);
int get_task_root(struct task_struct *task, struct path *path);
int get_task_pwd(struct task_struct *task, struct path *path);

struct files_struct *files_alloc(void);				/* empty; NULL: no memory */
struct files_struct *files_copy(struct files_struct *old);	/* for fork; ERR_PTR */
void files_get(struct files_struct *files);			/* CLONE_FILES */
void files_put(struct files_struct *files);			/* the last one closes all */
void files_close_on_exec(struct files_struct *files);

struct fs_struct *fs_copy(struct fs_struct *old);		/* ERR_PTR */
void fs_get(struct fs_struct *fs);
void fs_put(struct fs_struct *fs);
/* Root and working directory at the root file system, for process 1 and kernel threads. */
struct fs_struct *fs_init_task(void);

#endif
