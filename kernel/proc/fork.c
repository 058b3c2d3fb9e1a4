/* fork.c - making threads and processes.
 * do_clone() makes everything that can fail first (copy_*), each part with its undo; then, under
 * tasklist_lock and signal->lock, it links the new thread into the trees in one step, or finds that
 * a signal came meanwhile and undoes it all.
 * Holds:  task->refs is one for being in the pid table, until release_task(), and one for the
 *         processor, until the thread has left it for good (finish_switch() in sched/core.c).
 *         nr_threads counts task_structs that are made; it never exceeds max_threads.
 * Locks:  tasklist_lock, then signal->lock.
 * Read:   exit.c for the other end; mm's fork_mm.c for the copy of the address space. */
#include <proc/process.h>

#include <asm/thread.h>
#include <asm/uaccess.h>
#include <debug/assert.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/pidfd.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <proc/futex.h>
#include <proc/itimer.h>
#include <proc/pid.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>
#include <uapi/sched.h>

static struct kmem_cache *task_cache, *signal_cache;
static atomic_t nr_threads;
static u64 forks;			/* [tasklist] */

unsigned int max_threads;
struct task_struct *init_task_ptr;
LIST_HEAD(all_tasks);

void fork_init(void)
{
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 64);
	signal_cache = kmem_cache_create("signal_struct", sizeof(struct signal_struct), 64);
	/* A thread for each 128 KiB of memory: its stack, tables and structures are less. */
	max_threads = min(totalram_pages / 32, (unsigned long)PID_MAX - 1000);
}

unsigned int nr_threads_total(void)
{
	return atomic_read(&nr_threads);
}

u64 nr_forks(void)
{
	return READ_ONCE(forks);
}

/* ---- references ---- */

void get_task(struct task_struct *task)
{
	atomic_inc(&task->refs);
}

void signal_get(struct signal_struct *signal)
{
	atomic_inc(&signal->refs);
}

void signal_put(struct signal_struct *signal)
{
	if (atomic_dec_and_test(&signal->refs)) {
		flush_sigpending(&signal->shared_pending);
		kmem_cache_free(signal_cache, signal);
	}
}

/* Also called with interrupts off, and for a thread that was never quite made. */
void put_task(struct task_struct *task)
{
	if (!atomic_dec_and_test(&task->refs))
		return;
	DEBUG_ASSERT(!task->on_cpu && !task->mm);
	flush_sigpending(&task->pending);
	signal_put(task->signal);
	thread_free(task);
	free_thread_stack(task->stack);
	kmem_cache_free(task_cache, task);
	atomic_dec(&nr_threads);
}

struct task_struct *get_process(struct signal_struct *signal)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *leader = NULL;

	if (!list_empty(&signal->threads)) {
		leader = list_first_entry(&signal->threads, struct task_struct, thread_node);
		leader = leader->group_leader;
		get_task(leader);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return leader;
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	spin_lock(&task->alloc_lock);
	mm = task->mm;
	if (mm)
		mmget(mm);
	spin_unlock(&task->alloc_lock);
	return mm;
}

struct files_struct *get_task_files(struct task_struct *task)
{
	struct files_struct *files;

	spin_lock(&task->alloc_lock);
	files = task->files;
	if (files)
		files_get(files);
	spin_unlock(&task->alloc_lock);
	return files;
}

struct fs_struct *get_task_fs(struct task_struct *task)
{
	struct fs_struct *fs;

	spin_lock(&task->alloc_lock);
	fs = task->fs;
	if (fs)
		fs_get(fs);
	spin_unlock(&task->alloc_lock);
	return fs;
}

/* ---- the parts of a copy ---- */

static void signal_init_fields(struct signal_struct *signal)
{
	atomic_set(&signal->refs, 1);
	atomic_set(&signal->live, 1);
	spin_lock_init(&signal->lock, RANK_SIGHAND);
	sigpending_init(&signal->shared_pending);
	INIT_LIST_HEAD(&signal->threads);
	init_waitqueue_head(&signal->pidfd_wait);
	init_waitqueue_head(&signal->wait_chldexit);
	timer_init(&signal->real_timer, real_timer_expired);
	INIT_LIST_HEAD(&signal->posix_timers);
	signal->dumpable = 1;
}

static void default_limits(struct rlimit *rlim)
{
	unsigned int i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		rlim[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	rlim[RLIMIT_STACK].rlim_cur = 8UL << 20;
	rlim[RLIMIT_CORE].rlim_cur = 0;
	rlim[RLIMIT_NOFILE] = (struct rlimit){ 1024, 4096 };
	rlim[RLIMIT_NPROC] = (struct rlimit){ max_threads / 2, max_threads / 2 };
	rlim[RLIMIT_MEMLOCK] = (struct rlimit){ 8UL << 20, 8UL << 20 };
	rlim[RLIMIT_SIGPENDING] = rlim[RLIMIT_NPROC];
	rlim[RLIMIT_MSGQUEUE] = (struct rlimit){ 819200, 819200 };
	rlim[RLIMIT_NICE] = rlim[RLIMIT_RTPRIO] = (struct rlimit){ 0, 0 };
}

struct signal_struct *signal_alloc(void)
{
	struct signal_struct *signal = kmem_cache_alloc(signal_cache, GFP_KERNEL | __GFP_ZERO);

	if (signal) {
		signal_init_fields(signal);
		default_limits(signal->rlim);
	}
	return signal;
}

/* What a child process has from its parent: actions, limits, group and session. */
static struct signal_struct *signal_copy(const struct clone_request *req)
{
	struct signal_struct *old = current->signal, *new;
	unsigned long flags;

	new = kmem_cache_alloc(signal_cache, GFP_KERNEL);
	if (!new)
		return NULL;
	memset((char *)new + sizeof(new->action) + offsetof(struct signal_struct, action), 0,
	       sizeof(*new) - sizeof(new->action) - offsetof(struct signal_struct, action));
	new->flags = 0;
	signal_init_fields(new);
	flags = spin_lock_irqsave(&old->lock);
	memcpy(new->action, old->action, sizeof(new->action));
	memcpy(new->rlim, old->rlim, sizeof(new->rlim));
	spin_unlock_irqrestore(&old->lock, flags);
	new->oom_score_adj = old->oom_score_adj;
	new->dumpable = old->dumpable;
	if (req->flags & CLONE_CLEAR_SIGHAND) {
		unsigned int i;

		for (i = 0; i < NSIG; i++)
			if (new->action[i].sa_handler != SIG_IGN)
				memset(&new->action[i], 0, sizeof(new->action[i]));
	}
	return new;
}

/* The thread's own fields as they are at birth. What is not named here is as the parent's. */
static void task_reset_fields(struct task_struct *task)
{
	task->state = TASK_RUNNING;
	task->flags &= ~(PF_EXITING | PF_MEMALLOC);
	atomic_set(&task->refs, 2);
	task->on_rq = false;
	task->on_cpu = false;
	task->tick_user = true;
	task->utime_ns = task->stime_ns = 0;
	task->nvcsw = task->nivcsw = task->min_flt = task->maj_flt = 0;
	spin_lock_init(&task->alloc_lock, RANK_NONE);
	task->mm = NULL;
	task->active_mm = NULL;
	task->files = NULL;
	task->fs = NULL;
	task->signal = NULL;
	task->pid = task->tgid = 0;
	task->exit_state = task->exit_code = 0;
	task->pdeath_signal = 0;
	INIT_LIST_HEAD(&task->children);
	INIT_LIST_HEAD(&task->sibling);
	INIT_LIST_HEAD(&task->thread_node);
	INIT_LIST_HEAD(&task->tasks);
	sigpending_init(&task->pending);
	task->sigpending = false;
	task->stop_wanted = false;
	task->restore_sigmask = false;
	task->restart.fn = NULL;
	task->set_child_tid = task->clear_child_tid = NULL;
	task->robust_list = NULL;
	task->vfork_parent = NULL;
	task->vfork_done = false;
	task->nr_held = task->nr_spin_held = 0;
	task->start_time = ktime_get();
}

/* A task_struct with a stack and, for user threads, an FPU area: all else is to come. */
static struct task_struct *task_alloc(const struct clone_request *req)
{
	struct task_struct *task;

	if ((unsigned int)atomic_inc_return(&nr_threads) > max_threads)
		goto dec;
	task = kmem_cache_alloc(task_cache, GFP_KERNEL);
	if (!task)
		goto dec;
	memcpy(task, current, sizeof(*task));
	memset(&task->thread, 0, sizeof(task->thread));
	task_reset_fields(task);
	task->stack = alloc_thread_stack();
	if (!task->stack)
		goto free_task;
	if (!req->fn && thread_alloc(task))
		goto free_stack;
	return task;
free_stack:
	free_thread_stack(task->stack);
free_task:
	kmem_cache_free(task_cache, task);
dec:
	atomic_dec(&nr_threads);
	return NULL;
}

static int copy_signal(const struct clone_request *req, struct task_struct *task)
{
	if (req->flags & CLONE_THREAD) {
		signal_get(current->signal);
		task->signal = current->signal;
		return 0;
	}
	task->signal = req->fn ? signal_alloc() : signal_copy(req);
	return task->signal ? 0 : -ENOMEM;
}

static int copy_files(const struct clone_request *req, struct task_struct *task)
{
	struct files_struct *files = current->files;

	if (req->fn || !files)
		return 0;
	if (req->flags & CLONE_FILES) {
		files_get(files);
	} else {
		files = files_copy(files);
		if (IS_ERR(files))
			return PTR_ERR(files);
	}
	task->files = files;
	return 0;
}

static int copy_fs(const struct clone_request *req, struct task_struct *task)
{
	struct fs_struct *fs = current->fs;

	if (req->fn || !fs)
		return 0;
	if (req->flags & CLONE_FS) {
		fs_get(fs);
	} else {
		fs = fs_copy(fs);
		if (IS_ERR(fs))
			return PTR_ERR(fs);
	}
	task->fs = fs;
	return 0;
}

static int copy_mm(const struct clone_request *req, struct task_struct *task)
{
	struct mm_struct *mm = current->mm;

	if (req->fn || !mm)
		return 0;
	if (req->flags & CLONE_VM) {
		mmget(mm);
	} else {
		mm = dup_mm(mm);
		if (IS_ERR(mm))
			return PTR_ERR(mm);
	}
	task->mm = mm;
	task->active_mm = mm;
	return 0;
}

static void drop_mm(struct task_struct *task)
{
	if (task->mm)
		mmput(task->mm);
	task->mm = NULL;
}

static void setup_thread(const struct clone_request *req, struct task_struct *task)
{
	if (req->fn) {
		task->flags |= PF_KTHREAD;
		task->nice = 0;
		task->cpus_allowed = ~0UL;
		task->blocked = ~0UL;
		memset(&task->cred, 0, sizeof(task->cred));
		strlcpy(task->comm, req->name, sizeof(task->comm));
		thread_setup_kernel(task, req->fn, req->arg);
		return;
	}
	thread_setup_fork(task, task_pt_regs(current), req->stack, req->flags & CLONE_SETTLS,
			  req->tls);
	if (req->flags & CLONE_CHILD_SETTID)
		task->set_child_tid = req->child_tid;
	if (req->flags & CLONE_CHILD_CLEARTID)
		task->clear_child_tid = req->child_tid;
	if ((req->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) {
		task->sas_sp = task->sas_size = 0;
		task->sas_flags = SS_DISABLE;
	}
}

/* ---- joining the others ---- */

static void link_thread(struct task_struct *task)
{
	struct signal_struct *signal = current->signal;

	task->group_leader = current->group_leader;
	task->real_parent = current->group_leader->real_parent;
	task->exit_signal = -1;
	list_add_tail(&task->thread_node, &signal->threads);
	signal->nr_threads++;
	atomic_inc(&signal->live);
	task->tgid = current->tgid;
}

static void link_process(const struct clone_request *req, struct task_struct *task)
{
	struct task_struct *parent = current->group_leader;

	if (req->flags & CLONE_PARENT) {
		task->exit_signal = parent->exit_signal;
		parent = parent->real_parent;
	} else {
		task->exit_signal = req->exit_signal;
	}
	task->group_leader = task;
	task->real_parent = req->fn ? idle_task(0) : parent;
	if (!req->fn) {
		list_add_tail(&task->sibling, &parent->children);
		task->signal->pgrp = current->signal->pgrp;
		task->signal->session = current->signal->session;
		task->signal->tty = current->signal->tty;
		pid_get(task->signal->pgrp);
		pid_get(task->signal->session);
	}
	list_add_tail(&task->thread_node, &task->signal->threads);
	task->signal->nr_threads = 1;
	list_add_tail(&task->tasks, &all_tasks);
	task->tgid = task->pid;
}

/* The step after which everybody sees @task. A signal sent to the parent's group or process must
 * not miss the child: with one pending the whole call is done again after it. */
static int link_task(const struct clone_request *req, struct task_struct *task)
{
	struct signal_struct *signal = current->signal;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int err = 0;

	spin_lock(&signal->lock);
	if (!req->fn)
		recalc_sigpending();
	if (!req->fn && signal_pending(current)) {
		err = -ERESTARTNOINTR;
	} else if (req->flags & CLONE_THREAD) {
		link_thread(task);
	} else {
		link_process(req, task);
	}
	forks += !err;
	spin_unlock(&signal->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

/* May this user have one process more? Root may. */
static int check_nproc(const struct clone_request *req)
{
	unsigned long limit = rlimit(RLIMIT_NPROC), nr = 0, flags;
	struct task_struct *p;

	if (req->fn || !current->cred.uid || limit == RLIM_INFINITY)
		return 0;
	flags = spin_lock_irqsave(&tasklist_lock);
	for_each_process(p)
		if (p->cred.uid == current->cred.uid)
			nr += p->signal->nr_threads;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return nr >= limit ? -EAGAIN : 0;
}

static int check_flags(u64 flags)
{
	if (flags & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET | CLONE_INTO_CGROUP))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && (current->signal->flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	return 0;
}

/* CLONE_PIDFD: a descriptor of @task's process, its number written where it was asked for, and the
 * file that is still to be installed. The descriptor or an errno. */
static int prepare_pidfd(const struct clone_request *req, struct task_struct *task,
			 struct file **file)
{
	int fd = get_unused_fd(O_CLOEXEC);

	if (fd < 0)
		return fd;
	*file = pidfd_file(task->signal, 0);
	if (IS_ERR(*file)) {
		put_unused_fd(fd);
		return PTR_ERR(*file);
	}
	if (put_user(fd, req->pidfd)) {
		put_unused_fd(fd);
		fput(*file);
		return -EFAULT;
	}
	return fd;
}

/* A new thread, ready to be linked; ERR_PTR, and then nothing is left. */
static struct task_struct *copy_process(const struct clone_request *req)
{
	struct file *pidfile = NULL;
	struct task_struct *task;
	int pidfd = -1, err = check_flags(req->flags);

	if (!err)
		err = check_nproc(req);
	if (err)
		return ERR_PTR(err);
	task = task_alloc(req);
	if (!task)
		return ERR_PTR((unsigned int)atomic_read(&nr_threads) >= max_threads ? -EAGAIN
										     : -ENOMEM);
	err = copy_signal(req, task);
	if (err)
		goto free_task;
	err = copy_files(req, task);
	if (err)
		goto free_signal;
	err = copy_fs(req, task);
	if (err)
		goto free_files;
	err = copy_mm(req, task);
	if (err)
		goto free_fs;
	setup_thread(req, task);
	err = pid_alloc(task);
	if (err < 0)
		goto free_mm;
	task->pid = err;
	if (req->flags & CLONE_PIDFD) {
		err = pidfd = prepare_pidfd(req, task, &pidfile);
		if (err < 0)
			goto free_pid;
	}
	err = link_task(req, task);
	if (err)
		goto free_pidfd;
	if (pidfile)
		fd_install(pidfd, pidfile);
	return task;
free_pidfd:
	if (pidfile) {
		put_unused_fd(pidfd);
		fput(pidfile);
	}
free_pid:
	spin_lock_irq(&tasklist_lock);
	pid_free(task->pid);
	spin_unlock_irq(&tasklist_lock);
free_mm:
	drop_mm(task);
free_fs:
	if (task->fs)
		fs_put(task->fs);
free_files:
	if (task->files)
		files_put(task->files);
free_signal:
	signal_put(task->signal);
free_task:
	thread_free(task);
	free_thread_stack(task->stack);
	kmem_cache_free(task_cache, task);
	atomic_dec(&nr_threads);
	return ERR_PTR(err);
}

/* ---- vfork ---- */

/* The child has let go of our address space, or we are to die. */
static void wait_for_vfork(struct task_struct *child)
{
	if (wait_event_killable(&current->signal->wait_chldexit, READ_ONCE(child->vfork_done))) {
		struct task_struct *parent;

		spin_lock(&child->alloc_lock);
		parent = child->vfork_parent;
		child->vfork_parent = NULL;
		spin_unlock(&child->alloc_lock);
		if (parent)
			put_task(parent);
	}
	put_task(child);
}

static void vfork_complete(struct task_struct *task)
{
	struct task_struct *parent;

	if (!READ_ONCE(task->vfork_parent))
		return;
	spin_lock(&task->alloc_lock);
	parent = task->vfork_parent;
	task->vfork_parent = NULL;
	spin_unlock(&task->alloc_lock);
	if (!parent)
		return;
	WRITE_ONCE(task->vfork_done, true);
	wake_up_all(&parent->signal->wait_chldexit);
	put_task(parent);
}

/* Nobody reads the word if this is the last user of the address space, and after a fatal signal its
 * pages may be hard to get: the write is done only for others. */
void mm_release(struct task_struct *task)
{
	if (task->clear_child_tid) {
		if (task->mm && atomic_read(&task->mm->mm_users) > 1) {
			put_user(0, task->clear_child_tid);
			futex_wake((u32 *)task->clear_child_tid, true, 1, ~0u);
		}
		task->clear_child_tid = NULL;
	}
	vfork_complete(task);
}

void write_child_tid(void)
{
	put_user(current->pid, current->set_child_tid);
}

long do_clone(const struct clone_request *req)
{
	struct task_struct *task = copy_process(req);
	long pid;

	if (IS_ERR(task))
		return PTR_ERR(task);
	pid = task->pid;
	if (req->flags & CLONE_PARENT_SETTID)
		put_user((int)pid, req->parent_tid);
	if (req->flags & CLONE_VFORK) {
		get_task(task);
		get_task(current);
		task->vfork_parent = current;
	}
	wake_up_new_task(task);
	if (req->flags & CLONE_VFORK)
		wait_for_vfork(task);
	return pid;
}
