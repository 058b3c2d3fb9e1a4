/* procfs.c - the file system /proc: inodes made on demand from tables, and its root directory.
 * Holds:  inode->i_private is a struct proc_inode for every inode of procfs and of sysfs.
 *         No inode outlives its users, so a number that comes to another process later gets a
 *         fresh inode; a directory that is held open or worked in keeps answering for the old one.
 * Locks:  the VFS holds the directory's i_rwsem in lookup and iterate; tables are constant.
 * Read:   procfs_internal.h, procfs_text.c for files, procfs_pid.c for /proc/PID. */
#include <fs/procfs.h>

#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/super.h>
#include <lib/ctype.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

#include "procfs_internal.h"

#define MAX_PID_NAME		(1u << 22)
#define FIRST_PID_POS		256	/* directory positions from here on are process ids */

struct proc_inode *proc_i(const struct inode *inode)
{
	return inode->i_private;
}

/* Rows of tables are told apart by where they lie in the kernel's image. */
u64 proc_ino(const struct proc_entry *entry, int pid, unsigned int id, bool thread)
{
	u64 low = id ? id : ((unsigned long)entry & (BIT(29) - 1));

	return (u64)pid << 32 | (thread ? BIT(31) : 0) | low;
}

/* ---- inodes ---- */

static struct inode *make_inode(struct super_block *sb, const struct proc_entry *entry,
				struct task_struct *task, unsigned int id, bool thread,
				unsigned long area)
{
	struct proc_inode *pi = kmalloc(sizeof(*pi), GFP_KERNEL);
	struct inode *inode;

	if (!pi)
		return NULL;
	inode = new_inode(sb, entry->mode, proc_ino(entry, task ? task->pid : 0, id, thread));
	if (!inode) {
		kfree(pi);
		return NULL;
	}
	*pi = (struct proc_inode){ .entry = entry, .task = task, .id = id, .thread = thread,
				   .area = area };
	if (task)
		get_task(task);
	inode->i_private = pi;
	inode->i_uid = task ? task->cred.euid : 0;
	inode->i_gid = task ? task->cred.egid : 0;
	inode->i_op = S_ISDIR(entry->mode) ? &proc_dir_iops : &proc_file_iops;
	inode->i_fop = S_ISDIR(entry->mode) ? &proc_dir_fops : &proc_text_fops;
	if (entry->i_op)
		inode->i_op = entry->i_op;
	if (entry->f_op)
		inode->i_fop = entry->f_op;
	if (S_ISDIR(entry->mode))
		inode->i_nlink = 2;
	return inode;
}

int proc_instantiate(struct inode *dir, struct dentry *dentry, const struct proc_entry *entry,
		     struct task_struct *task, unsigned int id, bool thread)
{
	struct inode *inode = make_inode(dir->i_sb, entry, task, id, thread, 0);

	if (!inode)
		return -ENOMEM;
	d_add(dentry, inode);
	return 0;
}

int proc_instantiate_area(struct inode *dir, struct dentry *dentry, const struct proc_entry *entry,
			  struct task_struct *task, unsigned int id, unsigned long area)
{
	struct inode *inode = make_inode(dir->i_sb, entry, task, id, false, area);

	if (!inode)
		return -ENOMEM;
	d_add(dentry, inode);
	return 0;
}

static void proc_evict_inode(struct inode *inode)
{
	struct proc_inode *pi = proc_i(inode);

	if (!pi)
		return;
	if (pi->task)
		put_task(pi->task);
	kfree(pi);
	inode->i_private = NULL;
}

/* What is shown belongs to the kernel: nobody changes its mode or owner. */
int proc_setattr(struct inode *inode, const struct iattr *attr)
{
	return attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

/* A directory's child, found in the dentry tree, is still who it was. */
bool proc_revalidate(struct dentry *dentry)
{
	struct task_struct *task = proc_i(dentry->d_inode)->task;

	return !task || proc_task_alive(task);
}

/* ---- directories that are a table ---- */

const struct proc_entry *proc_find(const struct proc_entry *table, const struct dentry *dentry)
{
	for (; table->name; table++)
		if (strlen(table->name) == dentry->d_len &&
		    memcmp(table->name, dentry->d_name, dentry->d_len) == 0)
			return table;
	return NULL;
}

int proc_table_lookup(struct inode *dir, struct dentry *dentry)
{
	struct proc_inode *pi = proc_i(dir);
	const struct proc_entry *entry = proc_find(pi->entry->children, dentry);

	if (!entry || (pi->task && !proc_task_alive(pi->task)))
		return -ENOENT;
	return proc_instantiate(dir, dentry, entry, pi->task, 0, pi->thread);
}

bool proc_emit_table(const struct proc_entry *table, struct inode *dir, struct dir_context *ctx)
{
	struct proc_inode *pi = proc_i(dir);

	for (loff_t pos = 2; table->name; table++, pos++) {
		if (pos < ctx->pos)
			continue;
		if (!dir_emit(ctx, table->name, strlen(table->name),
			      proc_ino(table, pi->task ? pi->task->pid : 0, 0, pi->thread),
			      IFTODT(table->mode)))
			return false;
		ctx->pos = pos + 1;
	}
	return true;
}

int proc_table_iterate(struct file *file, struct dir_context *ctx)
{
	struct proc_inode *pi = proc_i(file->f_inode);

	if (pi->task && !proc_task_alive(pi->task))
		return -ENOENT;
	if (dir_emit_dots(file, ctx))
		proc_emit_table(pi->entry->children, file->f_inode, ctx);
	return 0;
}

/* ---- names that are numbers ---- */

int proc_parse_id(const struct dentry *dentry, unsigned int max)
{
	unsigned int n = 0;

	if (!dentry->d_len || (dentry->d_name[0] == '0' && dentry->d_len > 1))
		return -ENOENT;
	for (unsigned int i = 0; i < dentry->d_len; i++) {
		if (!isdigit(dentry->d_name[i]))
			return -ENOENT;
		n = n * 10 + (dentry->d_name[i] - '0');
		if (n > max)
			return -ENOENT;
	}
	return n;
}

/* Insert @pid into the ascending @pids, of which @nr are set. A full one loses its largest. */
static unsigned int insert_sorted(int *pids, unsigned int nr, unsigned int max, int pid)
{
	unsigned int at = nr;

	while (at && pids[at - 1] > pid)
		at--;
	if (at == max)
		return nr;
	if (nr < max)
		nr++;
	memmove(pids + at + 1, pids + at, (nr - 1 - at) * sizeof(*pids));
	pids[at] = pid;
	return nr;
}

unsigned int proc_collect_pids(struct task_struct *group, int first, int *pids, unsigned int max)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;
	unsigned int nr = 0;

	if (group) {
		for_each_thread(group, p)
			if (p->pid >= first)
				nr = insert_sorted(pids, nr, max, p->pid);
	} else {
		for_each_process(p)
			if (p->pid >= first)
				nr = insert_sorted(pids, nr, max, p->pid);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return nr;
}

/* ---- the root directory ---- */

static const char *self_get_link(struct inode *inode, struct path *jump, char *buf)
{
	snprintf(buf, PATH_MAX, "%d", current->tgid);
	return buf;
}

static const char *thread_self_get_link(struct inode *inode, struct path *jump, char *buf)
{
	snprintf(buf, PATH_MAX, "%d/task/%d", current->tgid, current->pid);
	return buf;
}

static const char *mounts_get_link(struct inode *inode, struct path *jump, char *buf)
{
	return "self/mounts";
}

static const struct inode_operations self_iops = {
	.get_link = self_get_link, .setattr = proc_setattr,
};

static const struct inode_operations thread_self_iops = {
	.get_link = thread_self_get_link, .setattr = proc_setattr,
};

static const struct inode_operations mounts_iops = {
	.get_link = mounts_get_link, .setattr = proc_setattr,
};

static const struct proc_entry pressure_table[] = {
	PROC_TEXT("memory", proc_pressure_memory_show),
	{ .name = NULL },
};

static const struct proc_entry root_table[] = {
	{ .name = "self", .mode = PROC_LINK_MODE, .i_op = &self_iops },
	{ .name = "thread-self", .mode = PROC_LINK_MODE, .i_op = &thread_self_iops },
	{ .name = "mounts", .mode = PROC_LINK_MODE, .i_op = &mounts_iops },
	PROC_DIR("sys", proc_sys_table),
	PROC_TEXT("buddyinfo", proc_buddyinfo_show),
	PROC_TEXT("cmdline", proc_cmdline_show),
	PROC_TEXT("cpuinfo", proc_cpuinfo_show),
	PROC_TEXT("devices", proc_devices_show),
	PROC_TEXT("filesystems", proc_filesystems_show),
	PROC_TEXT("interrupts", proc_interrupts_show),
	PROC_TEXT("kallsyms", proc_kallsyms_show),
	{ .name = "kpagecount", .mode = S_IFREG | 0400, .f_op = &proc_kpagecount_fops },
	{ .name = "kpageflags", .mode = S_IFREG | 0400, .f_op = &proc_kpageflags_fops },
	PROC_TEXT("loadavg", proc_loadavg_show),
	PROC_TEXT("meminfo", proc_meminfo_show),
	{ .name = "mmcheck", .mode = S_IFREG | 0600, .show = proc_mmcheck_show,
	  .store = proc_mmcheck_store },
	PROC_TEXT("partitions", proc_partitions_show),
	PROC_DIR("pressure", pressure_table),
	{ .name = "rmap", .mode = S_IFDIR | 0500, .i_op = &proc_rmap_dir_iops,
	  .f_op = &proc_rmap_dir_fops },
	{ .name = "slabinfo", .mode = S_IFREG | 0400, .show = proc_slabinfo_show },
	PROC_TEXT("stat", proc_stat_show),
	PROC_TEXT("swaps", proc_swaps_show),
	PROC_TEXT("uptime", proc_uptime_show),
	PROC_TEXT("version", proc_version_show),
	{ .name = "vmallocinfo", .mode = S_IFREG | 0400, .show = proc_vmallocinfo_show },
	PROC_TEXT("vmstat", proc_vmstat_show),
	PROC_TEXT("zoneinfo", proc_zoneinfo_show),
	{ .name = NULL },
};

BUILD_ASSERT(ARRAY_SIZE(root_table) + 2 < FIRST_PID_POS);

/* Any thread can be found by its number, though only processes are listed. */
static int root_lookup(struct inode *dir, struct dentry *dentry)
{
	const struct proc_entry *entry = proc_find(root_table, dentry);
	struct task_struct *task;
	int pid, ret;

	if (entry)
		return proc_instantiate(dir, dentry, entry, NULL, 0, false);
	pid = proc_parse_id(dentry, MAX_PID_NAME);
	if (pid < 0)
		return pid;
	task = find_get_task(pid);
	if (!task)
		return -ENOENT;
	ret = proc_instantiate(dir, dentry, &proc_pid_entry, task, 0, false);
	put_task(task);
	return ret;
}

static bool emit_pid(struct dir_context *ctx, int pid)
{
	char name[12];
	int len = snprintf(name, sizeof(name), "%d", pid);

	return dir_emit(ctx, name, len, proc_ino(&proc_pid_entry, pid, 0, false), DT_DIR);
}

static int root_iterate(struct file *file, struct dir_context *ctx)
{
	int pids[32];
	unsigned int nr;

	if (!dir_emit_dots(file, ctx) || !proc_emit_table(root_table, file->f_inode, ctx))
		return 0;
	if (ctx->pos < FIRST_PID_POS)
		ctx->pos = FIRST_PID_POS;
	do {
		nr = proc_collect_pids(NULL, ctx->pos - FIRST_PID_POS, pids, ARRAY_SIZE(pids));
		for (unsigned int i = 0; i < nr; i++) {
			ctx->pos = FIRST_PID_POS + pids[i];
			if (!emit_pid(ctx, pids[i]))
				return 0;
			ctx->pos++;
		}
	} while (nr);
	return 0;
}

static const struct inode_operations root_iops = {
	.lookup = root_lookup, .revalidate = proc_revalidate, .setattr = proc_setattr,
};

static const struct file_operations root_fops = {
	.iterate = root_iterate, .llseek = dir_llseek,
};

const struct proc_entry proc_root_entry = {
	.name = "/", .mode = PROC_DIR_MODE, .i_op = &root_iops, .f_op = &root_fops,
};

const struct inode_operations proc_dir_iops = {
	.lookup = proc_table_lookup, .revalidate = proc_revalidate, .setattr = proc_setattr,
};

const struct file_operations proc_dir_fops = {
	.iterate = proc_table_iterate, .llseek = dir_llseek,
};

const struct inode_operations proc_file_iops = {
	.setattr = proc_setattr,
};

/* ---- the file systems ---- */

static const struct super_operations proc_sops = {
	.evict_inode = proc_evict_inode,
};

int proc_fill_tables(struct super_block *sb, unsigned long magic, const struct proc_entry *root)
{
	struct inode *inode;

	sb->s_magic = magic;
	sb->s_op = &proc_sops;
	inode = make_inode(sb, root, NULL, 0, false, 0);
	if (!inode)
		return -ENOMEM;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static int proc_fill_super(struct super_block *sb, const char *data)
{
	return proc_fill_tables(sb, PROC_SUPER_MAGIC, &proc_root_entry);
}

static struct file_system_type proc_type = {
	.name = "proc",
	.fs_flags = FS_SINGLE | FS_NODEV,
	.fill_super = proc_fill_super,
};

void procfs_init(void)
{
	if (register_filesystem(&proc_type))
		panic("cannot register procfs");
	sysfs_init();
}
