/* process.h - the life of a process, as other folders call it. */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <lib/types.h>

struct pt_regs;

void proc_init(void);		/* caches, pid table */
/* Become process 1: open /dev/console as 0, 1, 2 and execute @path. Returns only with a negative
 * errno. */
int run_init(const char *path, char *const argv[], char *const envp[]);
void __noreturn do_exit(int code);		/* this thread; @code in wait4 format */
void __noreturn do_group_exit(int code);	/* the whole process */

/* What clone(2) and clone3(2) ask for. */
struct clone_request {
	u64		flags;		/* CLONE_* without the signal */
	int		exit_signal;
	unsigned long	stack;		/* the new stack pointer, 0: as the parent's */
	unsigned long	tls;
	int		*parent_tid, *child_tid;
	int		*pidfd;		/* CLONE_PIDFD: where its descriptor goes */
	void		(*fn)(void *);	/* kernel threads only */
	void		*arg;
	const char	*name;
};
/* The new thread's pid, or a negative errno. */
long do_clone(const struct clone_request *req);
/* execve: does not return to the old program on success (0); user pointers @argv, @envp. */
int do_execveat(int dfd, const char *path, char *const *argv, char *const *envp, int flags);

extern unsigned int max_threads;
unsigned int nr_threads_total(void);
u64 nr_forks(void);
int last_pid(void);

/* proc/ among itself. */
struct task_struct;
struct signal_struct;
void fork_init(void);
struct signal_struct *signal_alloc(void);	/* empty, refs 1; NULL: no memory */
void signal_get(struct signal_struct *signal);
void signal_put(struct signal_struct *signal);	/* any context, as put_task */
/* The leader of the process that @signal is of, with a reference; NULL: it was waited for. Takes
 * tasklist_lock. */
struct task_struct *get_process(struct signal_struct *signal);
void release_task(struct task_struct *task);	/* dead and waited for; tasklist_lock held */
/* The old image is over: wake a vfork parent, clear the tid word. */
void mm_release(struct task_struct *task);
void write_child_tid(void);			/* CLONE_CHILD_SETTID, by the child itself */
int de_thread(void);				/* current becomes the only thread: 0 or -EAGAIN */
long do_wait4(int pid, int *status, int options, void *rusage);
long do_waitid(int which, int pid, void *info, int options, void *rusage);

#endif
