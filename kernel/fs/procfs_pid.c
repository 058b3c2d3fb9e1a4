/* procfs_pid.c - the directories /proc/PID and /proc/PID/task, and what is small in them.
 * Holds:  proc_inode->task is referenced, so it and its signal_struct stay; but the task may have
 *         exited, and then its mm, files and fs are gone: the get_task_* functions say NULL.
 * Read:   procfs_task.c for stat and status, procfs_maps.c for memory, procfs_fd.c for files. */
#include "procfs_internal.h"

#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/swap.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/stat.h>

#define MAX_PID_NAME		(1u << 22)
#define OOM_SCORE_ADJ_MAX	1000

/* A task that has been waited for is no longer found by its number. */
bool proc_task_alive(struct task_struct *task)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool alive = find_task_by_pid(task->pid) == task;

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return alive;
}

bool proc_may_access(struct task_struct *task)
{
	const struct cred *me = &current->cred, *it = &task->cred;

	if (me->fsuid == 0 || task->signal == current->signal)
		return true;
	return me->fsuid == it->uid && me->fsuid == it->euid && me->fsuid == it->suid &&
	       me->fsgid == it->gid && me->fsgid == it->egid && me->fsgid == it->sgid;
}

int proc_open_mm(struct inode *inode, struct mm_struct **mm)
{
	struct task_struct *task = proc_i(inode)->task;

	if (!proc_may_access(task))
		return -EACCES;
	*mm = get_task_mm(task);
	if (*mm) {
		mmgrab(*mm);
		mmput(*mm);
	}
	return 0;
}

bool proc_has_mounts(struct task_struct *task)
{
	struct fs_struct *fs = get_task_fs(task);

	if (fs)
		fs_put(fs);
	return fs;
}

/* ---- links ---- */

static const char *exe_get_link(struct inode *inode, struct path *jump, char *buf)
{
	struct task_struct *task = proc_i(inode)->task;
	struct mm_struct *mm;
	int ret = -ENOENT;

	if (!proc_may_access(task))
		return ERR_PTR(-EACCES);
	mm = get_task_mm(task);
	if (!mm)
		return ERR_PTR(-ENOENT);
	down_read(&mm->mmap_lock);
	if (mm->exe_file) {
		*jump = mm->exe_file->f_path;
		path_get(jump);
		ret = 0;
	}
	up_read(&mm->mmap_lock);
	mmput(mm);
	return ERR_PTR(ret);
}

static const char *cwd_get_link(struct inode *inode, struct path *jump, char *buf)
{
	struct task_struct *task = proc_i(inode)->task;

	return ERR_PTR(proc_may_access(task) ? get_task_pwd(task, jump) : -EACCES);
}

static const char *root_get_link(struct inode *inode, struct path *jump, char *buf)
{
	struct task_struct *task = proc_i(inode)->task;

	return ERR_PTR(proc_may_access(task) ? get_task_root(task, jump) : -EACCES);
}

static const struct inode_operations exe_iops = {
	.get_link = exe_get_link,
};

static const struct inode_operations cwd_iops = {
	.get_link = cwd_get_link,
};

static const struct inode_operations root_iops = {
	.get_link = root_get_link,
};

/* ---- small files ---- */

static int comm_show(struct proc_text *text, struct inode *inode)
{
	char comm[TASK_COMM_LEN];

	strlcpy(comm, proc_i(inode)->task->comm, sizeof(comm));
	text_printf(text, "%s\n", comm);
	return 0;
}

/* A process may rename its own threads. */
static int comm_store(struct inode *inode, char *line)
{
	struct task_struct *task = proc_i(inode)->task;
	size_t len = strlen(line);

	if (task->signal != current->signal)
		return -EINVAL;
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	strlcpy(task->comm, line, sizeof(task->comm));
	return 0;
}

static int oom_score_adj_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%d\n", READ_ONCE(proc_i(inode)->task->signal->oom_score_adj));
	return 0;
}

/* Only root may make a process less likely to be killed. */
static int oom_score_adj_store(struct inode *inode, char *line)
{
	struct task_struct *task = proc_i(inode)->task;
	long value;
	int ret = proc_parse_long(line, 0, OOM_SCORE_ADJ_MAX, &value);

	if (ret)
		return ret;
	if (value < READ_ONCE(task->signal->oom_score_adj) && current->cred.euid != 0)
		return -EACCES;
	WRITE_ONCE(task->signal->oom_score_adj, value);
	return 0;
}

/* 0 to 2000: 667 for a small process without adjustment, more the more memory it has. */
static int oom_score_show(struct proc_text *text, struct inode *inode)
{
	struct task_struct *task = proc_i(inode)->task;
	struct mm_struct *mm = get_task_mm(task);
	long score = 0;

	if (mm) {
		long pages = get_mm_rss(mm) + atomic_read(&mm->swapents) +
			     atomic_read(&mm->nr_ptes);

		mmput(mm);
		score = 1000 + pages * 1000 / (long)(totalram_pages + nr_swap_slots()) +
			READ_ONCE(task->signal->oom_score_adj);
		score = READ_ONCE(task->signal->oom_score_adj) == -OOM_SCORE_ADJ_MAX ? 0 :
			max(score * 2 / 3, 0L);
	}
	text_printf(text, "%ld\n", score);
	return 0;
}

static const struct {
	const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", NULL },
	[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void show_limit(struct proc_text *text, unsigned long value)
{
	if (value == RLIM_INFINITY)
		text_printf(text, "%-20s ", "unlimited");
	else
		text_printf(text, "%-20lu ", value);
}

static int limits_show(struct proc_text *text, struct inode *inode)
{
	struct signal_struct *signal = proc_i(inode)->task->signal;
	struct rlimit rlim[RLIM_NLIMITS];
	unsigned long flags = spin_lock_irqsave(&signal->lock);

	memcpy(rlim, signal->rlim, sizeof(rlim));
	spin_unlock_irqrestore(&signal->lock, flags);
	text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit",
		    "Units");
	for (unsigned int i = 0; i < RLIM_NLIMITS; i++) {
		text_printf(text, "%-25s ", limit_names[i].name);
		show_limit(text, rlim[i].rlim_cur);
		show_limit(text, rlim[i].rlim_max);
		if (limit_names[i].unit)
			text_printf(text, "%-10s", limit_names[i].unit);
		text_printf(text, "\n");
	}
	return 0;
}

/* ---- /proc/PID/task ---- */

static const struct proc_entry thread_entry;

static int task_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	struct task_struct *leader = proc_i(dir)->task, *thread;
	int tid = proc_parse_id(dentry, MAX_PID_NAME), ret = -ENOENT;

	if (tid < 0)
		return tid;
	thread = find_get_task(tid);
	if (!thread)
		return -ENOENT;
	if (thread->signal == leader->signal)
		ret = proc_instantiate(dir, dentry, &thread_entry, thread, 0, true);
	put_task(thread);
	return ret;
}

static int task_dir_iterate(struct file *file, struct dir_context *ctx)
{
	struct task_struct *leader = proc_i(file->f_inode)->task;
	int tids[32];
	unsigned int nr;

	if (!proc_task_alive(leader))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	do {
		nr = proc_collect_pids(leader, ctx->pos - 2, tids, ARRAY_SIZE(tids));
		for (unsigned int i = 0; i < nr; i++) {
			char name[12];
			int len = snprintf(name, sizeof(name), "%d", tids[i]);

			ctx->pos = tids[i] + 2;
			if (!dir_emit(ctx, name, len, proc_ino(&thread_entry, tids[i], 0, true),
				      DT_DIR))
				return 0;
			ctx->pos++;
		}
	} while (nr);
	return 0;
}

static const struct inode_operations task_dir_iops = {
	.lookup = task_dir_lookup, .revalidate = proc_revalidate,
};

static const struct file_operations task_dir_fops = {
	.iterate = task_dir_iterate, .llseek = dir_llseek,
};

/* ---- the tables ---- */

#define PRIVATE_DIR_MODE	(S_IFDIR | 0500)

#define TEXT_OF(n, of, bits, fn) \
	{ .name = (n), .mode = S_IFREG | (bits), .subject = (of), .show = (fn) }

/* What a process and each of its threads have. */
#define COMMON_ENTRIES \
	{ .name = "fd", .mode = PRIVATE_DIR_MODE, .i_op = &proc_fd_dir_iops, \
	  .f_op = &proc_fd_dir_fops }, \
	{ .name = "fdinfo", .mode = PRIVATE_DIR_MODE, .i_op = &proc_fdinfo_dir_iops, \
	  .f_op = &proc_fdinfo_dir_fops }, \
	TEXT_OF("environ", PROC_OF_MM, 0400, proc_pid_environ_show), \
	TEXT_OF("auxv", PROC_OF_MM, 0400, proc_pid_auxv_show), \
	PROC_TEXT("status", proc_pid_status_show), \
	PROC_TEXT("limits", limits_show), \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = comm_show, .store = comm_store }, \
	PROC_TEXT("cmdline", proc_pid_cmdline_show), \
	PROC_TEXT("stat", proc_pid_stat_show), \
	PROC_TEXT("statm", proc_pid_statm_show), \
	{ .name = "maps", .mode = S_IFREG | 0444, .subject = PROC_OF_TASK_MM, \
	  .show = proc_pid_maps_show, .ioctl = proc_pid_maps_ioctl }, \
	TEXT_OF("smaps", PROC_OF_TASK_MM, 0444, proc_pid_smaps_show), \
	TEXT_OF("smaps_rollup", PROC_OF_TASK_MM, 0444, proc_pid_smaps_rollup_show), \
	{ .name = "clear_refs", .mode = S_IFREG | 0200, .store = proc_pid_clear_refs_store }, \
	{ .name = "pagemap", .mode = S_IFREG | 0400, .f_op = &proc_pagemap_fops }, \
	{ .name = "anon_vma", .mode = S_IFREG | 0400, .show = proc_pid_anon_vma_show }, \
	{ .name = "mem", .mode = S_IFREG | 0600, .f_op = &proc_mem_fops }, \
	{ .name = "cwd", .mode = PROC_LINK_MODE, .i_op = &cwd_iops }, \
	{ .name = "root", .mode = PROC_LINK_MODE, .i_op = &root_iops }, \
	{ .name = "exe", .mode = PROC_LINK_MODE, .i_op = &exe_iops }, \
	TEXT_OF("mountinfo", PROC_OF_MOUNTS, 0444, proc_mountinfo_show), \
	TEXT_OF("mounts", PROC_OF_MOUNTS, 0444, proc_mounts_show), \
	PROC_TEXT("wchan", proc_pid_wchan_show), \
	{ .name = "syscall", .mode = S_IFREG | 0400, .show = proc_pid_syscall_show }, \
	PROC_TEXT("oom_score", oom_score_show), \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = oom_score_adj_show, \
	  .store = oom_score_adj_store }, \
	{ .name = NULL }

static const struct proc_entry process_table[] = {
	{ .name = "task", .mode = PROC_DIR_MODE, .i_op = &task_dir_iops, .f_op = &task_dir_fops },
	{ .name = "map_files", .mode = PRIVATE_DIR_MODE, .i_op = &proc_map_files_iops,
	  .f_op = &proc_map_files_fops },
	COMMON_ENTRIES,
};

static const struct proc_entry thread_table[] = {
	COMMON_ENTRIES,
};

const struct proc_entry proc_pid_entry = PROC_DIR("PID", process_table);
static const struct proc_entry thread_entry = PROC_DIR("TID", thread_table);
