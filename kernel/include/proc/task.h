/* task.h - a thread, and what the threads of one process share. */
#ifndef PROC_TASK_H
#define PROC_TASK_H

#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/types.h>
#include <asm/atomic.h>
#include <asm/percpu.h>
/* struct thread_struct: kernel sp, FS and GS base, FPU area (arch) */
#include <asm/thread.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <sched/wait.h>
#include <sync/spinlock.h>
#include <proc/signal_types.h>	/* sigset_t, siginfo, k_sigaction, sigpending (proc) */

struct mm_struct;
struct file;
struct files_struct;
struct fs_struct;
struct tty_struct;

#define TASK_COMM_LEN	16
#define RLIM_NLIMITS	16

struct rlimit {
	unsigned long	rlim_cur, rlim_max;
};

/* Credentials are per thread and small. */
struct cred {
	u32	uid, euid, suid, fsuid;
	u32	gid, egid, sgid, fsgid;
	u32	ngroups;
	u32	groups[32];
};

/* An interval timer on processor time: looked at by the tick. */
struct cpu_itimer {
	u64	expires_ns;	/* when the process will have used so much; 0: not armed */
	u64	interval_ns;
};

/* What all threads of a process share (Linux: signal_struct and sighand_struct in one).
 * A reference is held by each of its task_structs, until that is freed: task->signal never
 * dangles. */
struct signal_struct {
	atomic_t		refs;
	spinlock_t		lock;		/* RANK_SIGHAND, interrupts off */
	struct k_sigaction	action[NSIG];	/* [lock] */
	struct sigpending	shared_pending;	/* [lock] */
	/* [tasklist and lock; either to read] task->thread_node */
	struct list_head	threads;
	unsigned int nr_threads; /* [tasklist and lock] members of it: the leader, until
						 * it is reaped, and every other one that lives */
	atomic_t		live;		/* threads that have not begun to exit */
	unsigned int		flags;		/* [lock] SIGNAL_* */
	int			group_exit_code; /* [lock] exit or stop code */
	unsigned int		stop_count;	/* [lock] threads that are still to stop */
	/* [lock] the thread that kills all others to exec */
	struct task_struct	*exec_task;
	struct wait_queue_head	pidfd_wait;	/* who polls a pidfd: woken when it is over */
	bool			over;		/* [tasklist] a zombie without other threads */
	struct wait_queue_head	wait_chldexit;	/* parents in wait4 or vfork, de-threading execs */
	int			pgrp, session;	/* [tasklist] ids */
	struct tty_struct	*tty;		/* [tasklist] controlling terminal */
	bool			leader;		/* [tasklist] of a session */
	bool			subreaper;	/* [tasklist] orphans below come here */
	bool			has_execed;	/* setpgid by the parent is over */
	unsigned char		dumpable;
	short			oom_score_adj;
	struct rlimit		rlim[RLIM_NLIMITS]; /* [lock] */
	struct timer		real_timer;	/* ITIMER_REAL */
	u64			real_interval;	/* [lock] ns */
	struct list_head	posix_timers;	/* [lock] struct posix_timer */
	unsigned int		nr_posix_timers;	/* [lock] */
	int			next_posix_timer;	/* [lock] the next one's number */
	struct cpu_itimer	virt_timer, prof_timer; /* [lock] */
	u64			cpu_limit_warned; /* [lock] seconds at the last SIGXCPU */
	u64			utime_ns, stime_ns;	/* [tasklist] of dead threads */
	u64			cutime_ns, cstime_ns;	/* [tasklist] of waited-for children */
	unsigned long		min_flt, maj_flt, cmin_flt, cmaj_flt;	/* [tasklist] the same */
	unsigned long		nvcsw, nivcsw, cnvcsw, cnivcsw;		/* [tasklist] */
	unsigned long		maxrss, cmaxrss;	/* [tasklist] pages */
};

/* signal->flags */
#define SIGNAL_STOPPED		1u	/* all threads are stopped; group_exit_code is the signal */
#define SIGNAL_CONTINUED	2u	/* SIGCONT came since the last wait told so */
#define SIGNAL_GROUP_EXIT	4u	/* the process dies with group_exit_code */
#define SIGNAL_UNKILLABLE	8u	/* process 1: deaf to signals that it does not catch */
#define SIGNAL_CLD_STOPPED	16u	/* the parent is still to be told */
#define SIGNAL_CLD_CONTINUED	32u

/* How restart_syscall(2) goes on with an interrupted call. */
struct restart_block {
	long	(*fn)(struct restart_block *restart);
	u64	expires;		/* ns on the clock meant */
	int	clock;
	u32	val, bitset, flags;	/* futex */
	void	*uaddr;			/* futex word, or where the remainder goes */
};

struct task_struct {
	struct thread_struct	thread;		/* arch: first, entry.asm uses offsets */
	unsigned int		state;		/* TASK_*; see sched/core.c */
	unsigned int		flags;		/* PF_* */
	void			*stack;		/* lowest address of the kernel stack */
	int			cpu;		/* [runqueue] runs on, or ran on last */
	bool			on_rq;		/* [runqueue] runnable: running or in the queue */
	bool			on_cpu;		/* [runqueue] running right now */
	bool			in_memstall;	/* [self] waits for memory; sched/psi.c */
	bool			tick_user;	/* the last tick found it in user mode */
	signed char		nice;		/* -20 .. 19 */
	unsigned char		policy, rt_priority; /* as set; all are scheduled fairly */
	struct rb_node		run_node;	/* [runqueue] by vruntime */
	/* [runqueue] weighted ns; asleep: relative to the queue's */
	u64			vruntime;
	u64			slice_start;	/* [runqueue] time at which it was chosen */
	unsigned long		cpus_allowed;	/* [runqueue] */
	u64			utime_ns, stime_ns;	/* [runqueue] */
	u64			start_time;	/* [c] ktime */
	u64			exec_start;	/* [runqueue] accounted up to here */
	unsigned long		nvcsw, nivcsw, min_flt, maj_flt;

	/* mm, files and fs pointers against other readers */
	spinlock_t		alloc_lock;
	struct mm_struct	*mm;		/* [alloc_lock] NULL: kernel thread */
	struct mm_struct	*active_mm;	/* whose tables are loaded */
	struct files_struct	*files;		/* [alloc_lock] */
	struct fs_struct	*fs;		/* [alloc_lock] */
	struct signal_struct	*signal;	/* [c] */
	struct cred		cred;

	int			pid, tgid;
	atomic_t		refs;
	int			exit_state, exit_code, exit_signal; /* [tasklist] */
	int			pdeath_signal;
	struct task_struct	*group_leader;	/* [tasklist] */
	struct task_struct	*real_parent;	/* [tasklist] always a group leader */
	/* [tasklist] sibling of each; leaders only have any */
	struct list_head	children;
	struct list_head	sibling;	/* [tasklist] leaders only */
	struct list_head	thread_node;	/* in signal->threads */
	struct list_head	tasks;		/* [tasklist] all thread-group leaders */
	char			comm[TASK_COMM_LEN];

	sigset_t		blocked;	/* [signal->lock] written by the task itself */
	/* [signal->lock] the mask that sigtimedwait has lifted */
	sigset_t		real_blocked;
	sigset_t		saved_sigmask;
	bool			restore_sigmask;
	bool sigpending; /* something to look at before going to user mode; set by
						 * anybody, cleared by the task itself
						 * [signal->lock] */
	bool			stop_wanted;	/* [signal->lock] to join a group stop */
	bool			no_new_privs;
	unsigned int		personality;	/* ADDR_NO_RANDOMIZE or nothing */
	struct sigpending	pending;	/* [signal->lock] */
	unsigned long		sas_sp, sas_size;
	unsigned int		sas_flags;
	struct restart_block	restart;

	/* of the last fault, for signal frames */
	unsigned long		trap_nr, trap_error, trap_addr;
	int			*set_child_tid, *clear_child_tid;	/* user pointers */
	void			*robust_list;	/* user pointer */
	size_t			robust_list_len;
	struct task_struct	*vfork_parent;	/* [alloc_lock] wakes when we exec or exit */
	bool			vfork_done;
	u64			timer_slack_ns;
	/* mm/rmap.c: processors that may have translations of what this task has unmapped */
	unsigned long		tlb_unmap_mask;

	/* debug builds: locks held, lock_rank.c */
	const void		*held_locks[CONFIG_DEBUG ? 24 : 1];
	unsigned char		held_ranks[CONFIG_DEBUG ? 24 : 1];
	unsigned int		nr_held;
	unsigned int		nr_spin_held;
};

#define PF_KTHREAD	1u
#define PF_EXITING	2u
#define PF_MEMALLOC	4u	/* may dip into the last reserves: it is freeing memory */

/* exit_state */
#define EXIT_ZOMBIE	1
#define EXIT_DEAD	2

extern struct task_struct *init_task_ptr;	/* process 1 */
extern spinlock_t tasklist_lock;

struct task_struct *find_task_by_pid(int pid);	/* any thread; tasklist_lock held */
struct task_struct *find_get_task(int pid);	/* takes it itself; NULL if none */
void get_task(struct task_struct *task);
void put_task(struct task_struct *task);
/* What another task uses, with a reference (mmput, files_put, fs_put); NULL if it has none (any
 * more). */
struct mm_struct *get_task_mm(struct task_struct *task);
struct files_struct *get_task_files(struct task_struct *task);
struct fs_struct *get_task_fs(struct task_struct *task);

/* All processes, tasklist_lock held. */
extern struct list_head all_tasks;
#define for_each_process(p) list_for_each_entry(p, &all_tasks, tasks)
/* All threads of @p's process, @p's signal->lock or tasklist_lock held. */
#define for_each_thread(p, t) list_for_each_entry(t, &(p)->signal->threads, thread_node)

static inline bool thread_group_leader(const struct task_struct *task)
{
	return task->pid == task->tgid;
}

/* The number of the parent process, 0 for process 1 and kernel threads. tasklist_lock held. */
static inline int task_ppid(const struct task_struct *task)
{
	return task->group_leader->real_parent->tgid;
}

/* Processor time of the whole process, dead threads included. tasklist_lock or signal->lock
 * held. */
void process_cputime(struct task_struct *task, u64 *utime_ns, u64 *stime_ns);

static inline unsigned long rlimit(unsigned int which)
{
	return READ_ONCE(current->signal->rlim[which].rlim_cur);
}

#endif
