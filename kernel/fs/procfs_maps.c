/* procfs_maps.c - /proc/PID/maps, mem, cmdline, environ, auxv: the memory of a process.
 * Locks:  maps and smaps hold mmap_lock for reading while they print BATCH areas, so that a process
 *         with very many can go on meanwhile; the next batch begins where the last one ended,
 *         whatever has become of it. The text goes to kernel memory, so no user memory is touched
 *         under the lock. The others read user memory with access_remote_vm, which takes the lock
 *         itself, and hold mm_users so that the areas stay.
 * Holds:  an open mem file keeps the mm that the process had then, through mm_count: it reads as
 *         empty once the process has exited or called exec. */
#include "procfs_internal.h"

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/super.h>
#include <lib/elf.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/special.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/procfs.h>

/* ---- maps ---- */

#define BATCH		64	/* areas for which mmap_lock is held at a time */
#define NAME_COLUMN	73	/* where the name of an area begins */
#define AREA_MAX	128	/* bytes before it, at the most */

/* What an area without a file is for; NULL: nothing special. */
static const char *area_name(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma_is_special(vma))
		return vma->vm_special->name;
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

const char *proc_area_name(struct vm_area_struct *vma, char *buf)
{
	struct file *file = vma_named_file(vma);

	return file ? d_path(&file->f_path, buf, PATH_MAX) : area_name(vma);
}

/* Offset, device and inode of the file. */
static char *format_origin(char *p, const struct vm_area_struct *vma)
{
	static const char none[] = "00000000 00:00 0";
	const struct file *file = vma_named_file(vma);
	const struct inode *inode;
	dev_t dev;

	if (!file)
		return memcpy(p, none, sizeof(none) - 1) + sizeof(none) - 1;
	inode = file->f_inode;
	dev = inode->i_sb->s_dev;
	p = format_hex(p, vma->vm_pgoff << PAGE_SHIFT, 8);
	*p++ = ' ';
	p = format_hex(p, MAJOR(dev), 2);
	*p++ = ':';
	p = format_hex(p, MINOR(dev), 2);
	*p++ = ' ';
	return format_dec(p, inode->i_ino);
}

/* The line but for the name, and the blanks before one if there is one. Returns its end. */
static char *format_area(char *p, const struct vm_area_struct *vma, bool named)
{
	vm_flags_t flags = vma->vm_flags;
	const char *start = p;

	p = format_hex(p, vma->vm_start, 8);
	*p++ = '-';
	p = format_hex(p, vma->vm_end, 8);
	*p++ = ' ';
	*p++ = flags & VM_READ ? 'r' : '-';
	*p++ = flags & VM_WRITE ? 'w' : '-';
	*p++ = flags & VM_EXEC ? 'x' : '-';
	*p++ = flags & VM_MAYSHARE ? 's' : 'p';
	*p++ = ' ';
	p = format_origin(p, vma);
	do
		*p++ = ' ';
	while (named && p - start < NAME_COLUMN);
	return p;
}

void proc_show_area(struct proc_text *text, struct vm_area_struct *vma, char *buf)
{
	const char *name = proc_area_name(vma, buf);
	bool named = name && !IS_ERR(name);
	char *p = text_room(text, AREA_MAX);

	if (!p)
		return;
	p = format_area(p, vma, named);
	if (!named)
		*p++ = '\n';
	text_added(text, p);
	if (named) {
		text_escaped(text, name, "\n");
		text_write(text, "\n", 1);
	}
}

/* The next areas of @mm. False: there are no more. */
static bool visit_batch(struct proc_text *text, struct mm_struct *mm, proc_visit_fn visit,
			char *buf, void *arg)
{
	struct vm_area_struct *vma = find_vma(mm, text->next);

	text_mark(text);
	for (unsigned int i = 0; vma && i < BATCH && !text_enough(text); i++) {
		visit(text, vma, buf, arg);
		text_mark(text);
		text->next = vma->vm_end;
		vma = vma_next(vma);
	}
	return vma;
}

static int visit_areas(struct proc_text *text, struct mm_struct *mm, proc_visit_fn visit, void *arg)
{
	char *buf = get_free_page(GFP_KERNEL);
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	do {
		ret = down_read_killable(&mm->mmap_lock);
		if (ret)
			break;
		text->more = visit_batch(text, mm, visit, buf, arg);
		up_read(&mm->mmap_lock);
		cond_resched();
	} while (text->more && !text_enough(text));
	free_page(buf);
	return ret;
}

int proc_visit_areas(struct proc_text *text, proc_visit_fn visit, void *arg)
{
	int ret;

	if (!text->mm || !atomic_inc_not_zero(&text->mm->mm_users))
		return -ESRCH;
	ret = visit_areas(text, text->mm, visit, arg);
	mmput(text->mm);
	return ret;
}

static void visit_maps(struct proc_text *text, struct vm_area_struct *vma, char *buf, void *arg)
{
	proc_show_area(text, vma, buf);
}

int proc_pid_maps_show(struct proc_text *text, struct inode *inode)
{
	int ret = proc_visit_areas(text, visit_maps, NULL);

	return ret == -ESRCH ? 0 : ret;
}

long proc_pid_maps_ioctl(struct mm_struct *mm, unsigned int cmd, void *user)
{
	return cmd == PROCMAP_QUERY ? proc_maps_query(mm, user) : -ENOTTY;
}

/* ---- arguments, environment, auxiliary vector ---- */

/* Append user bytes [start, end) of @mm to @text, as many as can be read. */
static void copy_range(struct proc_text *text, struct mm_struct *mm, unsigned long start,
		       unsigned long end, char *buf)
{
	while (start < end && !text->failed) {
		size_t want = min(end - start, PAGE_SIZE);
		size_t got = access_remote_vm(mm, start, buf, want, 0);

		text_write(text, buf, got);
		if (got < want)
			break;
		start += got;
	}
}

/* What a program has written over its arguments, and perhaps the environment behind them, up to
 * the first NUL and with it; a page at most. */
static void copy_title(struct proc_text *text, struct mm_struct *mm, char *buf)
{
	size_t bytes = access_remote_vm(mm, mm->arg_start, buf, PAGE_SIZE, 0);
	size_t length = strnlen(buf, bytes);

	text_write(text, buf, min(length + 1, bytes));
}

/* A NUL ends the last argument: without one they have become a title. */
static bool is_title(struct mm_struct *mm)
{
	char last = '\0';

	access_remote_vm(mm, mm->arg_end - 1, &last, 1, 0);
	return last != '\0';
}

/* Call @show with @mm, whose users may be gone or which is NULL, and a page to work in. */
static int with_page(struct proc_text *text, struct mm_struct *mm,
		     void (*show)(struct proc_text *text, struct mm_struct *mm, char *buf))
{
	char *buf;

	if (!mm)
		return 0;
	buf = get_free_page(GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	show(text, mm, buf);
	free_page(buf);
	return 0;
}

static void show_cmdline(struct proc_text *text, struct mm_struct *mm, char *buf)
{
	if (mm->arg_start >= mm->arg_end)
		return;
	if (is_title(mm))
		copy_title(text, mm, buf);
	else
		copy_range(text, mm, mm->arg_start, mm->arg_end, buf);
}

static void show_environ(struct proc_text *text, struct mm_struct *mm, char *buf)
{
	copy_range(text, mm, mm->env_start, mm->env_end, buf);
}

/* Up to and including the pair that ends it. */
static void show_auxv(struct proc_text *text, const struct mm_struct *mm)
{
	unsigned int nr = 0;

	while (nr + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[nr] != AT_NULL)
		nr += 2;
	text_write(text, mm->saved_auxv, (nr + 2) * sizeof(mm->saved_auxv[0]));
}

/* Of the memory that the process has now: after execve a new one. */
int proc_pid_cmdline_show(struct proc_text *text, struct inode *inode)
{
	struct mm_struct *mm = get_task_mm(proc_i(inode)->task);
	int ret = with_page(text, mm, show_cmdline);

	if (mm)
		mmput(mm);
	return ret;
}

int proc_pid_environ_show(struct proc_text *text, struct inode *inode)
{
	int ret;

	if (!text->mm || !atomic_inc_not_zero(&text->mm->mm_users))
		return 0;
	ret = with_page(text, text->mm, show_environ);
	mmput(text->mm);
	return ret;
}

/* The vector was saved in the mm itself, and outlives the memory. */
int proc_pid_auxv_show(struct proc_text *text, struct inode *inode)
{
	if (text->mm)
		show_auxv(text, text->mm);
	return 0;
}

/* ---- mem ---- */

static int mem_open(struct inode *inode, struct file *file)
{
	struct task_struct *task = proc_i(inode)->task;
	struct mm_struct *mm;

	if (!proc_may_access(task))
		return -EACCES;
	mm = get_task_mm(task);
	if (mm) {
		mmgrab(mm);
		mmput(mm);
	}
	file->private_data = mm;
	file->f_mode |= FMODE_UNSIGNED_OFFSET;
	return 0;
}

static void mem_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		mmdrop(file->private_data);
}

/* To any address, also one of the upper half. */
static loff_t mem_llseek(struct file *file, loff_t off, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	file->f_pos = whence == SEEK_SET ? off : (loff_t)((u64)file->f_pos + off);
	return file->f_pos;
}

/* Move a page at a time between @mm at *pos and @iter, whatever rights the process has there.
 * Bytes; -EIO if there is nothing at *pos. */
static ssize_t mem_move(struct mm_struct *mm, struct iov_iter *iter, loff_t *pos, bool write,
			char *buf)
{
	ssize_t done = 0;
	int err = 0;

	while (iov_iter_count(iter)) {
		size_t want = min(iov_iter_count(iter), PAGE_SIZE), got, moved;

		err = -EFAULT;
		if (write)
			want = copy_from_iter(buf, want, iter);
		if (!want)
			break;
		err = -EIO;
		got = access_remote_vm(mm, *pos, buf, want, FOLL_FORCE | (write ? FOLL_WRITE : 0));
		if (!got)
			break;
		err = -EFAULT;
		moved = write ? got : copy_to_iter(buf, got, iter);
		*pos += moved;
		done += moved;
		if (moved < want)
			break;
		cond_resched();
	}
	return done ? done : err;
}

static ssize_t mem_read_write(struct file *file, struct iov_iter *iter, loff_t *pos, bool write)
{
	struct mm_struct *mm = file->private_data;
	ssize_t ret = -ENOMEM;
	char *buf;

	if (!mm || !iov_iter_count(iter) || !atomic_inc_not_zero(&mm->mm_users))
		return 0;
	buf = get_free_page(GFP_KERNEL);
	if (buf) {
		ret = mem_move(mm, iter, pos, write, buf);
		free_page(buf);
	}
	mmput(mm);
	return ret;
}

static ssize_t mem_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return mem_read_write(file, to, pos, false);
}

static ssize_t mem_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return mem_read_write(file, from, pos, true);
}

const struct file_operations proc_mem_fops = {
	.read = mem_read,
	.write = mem_write,
	.llseek = mem_llseek,
	.open = mem_open,
	.release = mem_release,
};
