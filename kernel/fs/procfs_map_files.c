/* procfs_map_files.c - /proc/PID/map_files: a link for each area of a file, named by its bounds.
 * Locks:  the process's mmap_lock for reading, to look; nothing is emitted under it.
 * Read:   procfs_fd.c, which is much alike. */
#include "procfs_internal.h"

#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <proc/cred.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

struct file_area {
	unsigned long	start, end;
	struct file	*file;		/* a reference */
};

/* The first area of a file that begins at @start or later. False: there is none; otherwise the file
 * is to be put. */
static bool next_area(struct task_struct *task, unsigned long start, struct file_area *area)
{
	struct mm_struct *mm = get_task_mm(task);
	struct vm_area_struct *vma;
	bool found = false;

	if (!mm)
		return false;
	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, start); vma && !found; vma = vma_next(vma)) {
		found = vma_named_file(vma) && vma->vm_start >= start;
		if (found)
			*area = (struct file_area){ vma->vm_start, vma->vm_end,
						    get_file(vma_named_file(vma)) };
	}
	up_read(&mm->mmap_lock);
	mmput(mm);
	return found;
}

static int area_name(const struct file_area *area, char *name, size_t size)
{
	return snprintf(name, size, "%lx-%lx", area->start, area->end);
}

/* The number in hexadecimal at the beginning of [*s, @end), which it steps over. */
static unsigned long parse_hex(const char **s, const char *end)
{
	unsigned long value = 0;

	for (; *s < end; ++*s) {
		char c = **s;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else
			break;
	}
	return value;
}

/* The area that @dentry is named after, if it is there just so. */
static bool find_area(struct task_struct *task, const struct dentry *dentry, struct file_area *area)
{
	const char *s = dentry->d_name;
	char name[40];
	int len;

	if (!next_area(task, parse_hex(&s, s + dentry->d_len), area))
		return false;
	len = area_name(area, name, sizeof(name));
	if ((size_t)len == dentry->d_len && memcmp(name, dentry->d_name, len) == 0)
		return true;
	fput(area->file);
	return false;
}

/* Through such a link one gets at files without a right to any directory on the way. */
static const char *area_get_link(struct inode *inode, struct path *jump, char *buf)
{
	struct file_area area;

	if (!capable())
		return ERR_PTR(-EPERM);
	if (!next_area(proc_i(inode)->task, proc_i(inode)->area, &area))
		return ERR_PTR(-ENOENT);
	if (area.start == proc_i(inode)->area) {
		*jump = area.file->f_path;
		path_get(jump);
	}
	fput(area.file);
	return area.start == proc_i(inode)->area ? NULL : ERR_PTR(-ENOENT);
}

static bool area_revalidate(struct dentry *dentry)
{
	struct file_area area;
	bool there = find_area(proc_i(dentry->d_inode)->task, dentry, &area);

	if (there)
		fput(area.file);
	return there;
}

static const struct inode_operations area_link_iops = {
	.get_link = area_get_link,
};

/* A link's mode tells how the file is open. */
#define AREA_LINK(bits)	{ .name = "map_files", .mode = S_IFLNK | (bits), .i_op = &area_link_iops }

static const struct proc_entry area_links[] = {
	AREA_LINK(0), AREA_LINK(0400), AREA_LINK(0200), AREA_LINK(0600),
};

BUILD_ASSERT(FMODE_READ == 1 && FMODE_WRITE == 2);

static int map_files_lookup(struct inode *dir, struct dentry *dentry)
{
	struct task_struct *task = proc_i(dir)->task;
	struct file_area area;
	unsigned int mode;

	if (!find_area(task, dentry, &area))
		return -ENOENT;
	mode = area.file->f_mode & (FMODE_READ | FMODE_WRITE);
	fput(area.file);
	return proc_instantiate_area(dir, dentry, &area_links[mode], task,
				     PROC_ID_MAP | (area.start >> PAGE_SHIFT & PROC_ID_MASK),
				     area.start);
}

/* A position is the number of a page, behind those of the two dots. */
static int map_files_iterate(struct file *file, struct dir_context *ctx)
{
	struct task_struct *task = proc_i(file->f_inode)->task;
	struct file_area area;

	if (!proc_task_alive(task))
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		return 0;
	while (next_area(task, (ctx->pos - 2) << PAGE_SHIFT, &area)) {
		u64 ino = proc_ino(NULL, task->pid,
				   PROC_ID_MAP | (area.start >> PAGE_SHIFT & PROC_ID_MASK), false);
		char name[40];
		int len = area_name(&area, name, sizeof(name));

		fput(area.file);
		ctx->pos = (area.start >> PAGE_SHIFT) + 2;
		if (!dir_emit(ctx, name, len, ino, DT_LNK))
			return 0;
		ctx->pos = (area.end >> PAGE_SHIFT) + 2;
	}
	return 0;
}

static int map_files_permission(struct inode *inode, int mask)
{
	return (mask & MAY_WRITE) || !proc_may_access(proc_i(inode)->task) ? -EACCES : 0;
}

const struct inode_operations proc_map_files_iops = {
	.lookup = map_files_lookup, .revalidate = area_revalidate,
	.permission = map_files_permission,
};

const struct file_operations proc_map_files_fops = {
	.iterate = map_files_iterate, .llseek = dir_llseek,
};
