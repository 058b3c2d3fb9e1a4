/* procfs_internal.h - what the files of procfs and sysfs share.
 * Both are trees of tables: a struct proc_entry says how one name looks and behaves. Inodes are
 * made when a name is looked up, and gone with their last user; below /proc/PID each holds a
 * reference on its task, which may be dead by the time somebody asks. */
#ifndef FS_PROCFS_INTERNAL_H
#define FS_PROCFS_INTERNAL_H

#include <lib/list.h>
#include <fs/types.h>

struct dentry;
struct dir_context;
struct file;
struct file_operations;
struct inode;
struct inode_operations;
struct iattr;
struct mm_struct;
struct path;
struct super_block;
struct task_struct;
struct vm_area_struct;

/* Text under construction, in pieces of a page. The first failed allocation ends it. A text that
 * may be long is made in parts: when it has the bytes that are wanted, ->show sets more, keeps in
 * next and mm where it is, and is called again when a reader has come that far. */
struct proc_text {
	struct list_head	chunks;
	size_t			bytes, wanted;
	size_t			whole;	/* a record ends here, within what is wanted */
	bool			failed, more;
	bool			capable;	/* whoever opened the file was */
	unsigned long		next;
	struct mm_struct	*mm;	/* [c] an open file's, PROC_OF_*MM: mm_count, or NULL */
};

void text_write(struct proc_text *text, const void *data, size_t bytes);
void text_printf(struct proc_text *text, const char *fmt, ...) __printf(2, 3);
/* Room for @bytes, at most TEXT_ROOM, to be written in place; NULL: there is no memory. What has
 * been written, up to @end, becomes text by text_added(). */
#define TEXT_ROOM	2048
char *text_room(struct proc_text *text, size_t bytes);
void text_added(struct proc_text *text, const char *end);
/* As text_write for a string, with @special's characters as octal escapes such as \012. */
void text_escaped(struct proc_text *text, const char *s, const char *special);
/* There is no point in making more now. */
bool text_enough(const struct proc_text *text);
/* The number in [-limit, limit] that @line is, with blanks around it and perhaps a sign: 0; -EINVAL
 * or -ERANGE. @base as parse_ulong's. @line is changed. */
int proc_parse_long(char *line, unsigned int base, long limit, long *value);
/* What has been written so far is whole: a read had better end here than later. */
void text_mark(struct proc_text *text);

/* What an open file of text below /proc/PID tells of, and what becomes of it with the process. */
enum proc_subject {
	PROC_OF_TASK,		/* the task: ESRCH once it has been waited for */
	PROC_OF_TASK_MM,	/* the memory that it had at open: the same, and empty before */
	PROC_OF_MM,		/* the memory alone: empty when nobody uses it any more */
	PROC_OF_FD,		/* a descriptor: ENOENT without it */
	PROC_OF_MOUNTS,		/* the mounts that it saw at open: EINVAL when it has left them */
};

struct proc_entry {
	const char	*name;		/* NULL ends a table */
	umode_t		mode;
	enum proc_subject subject;
	/* A file of text: make it; take a written line, NUL-terminated. 0 or errno; may sleep. */
	int		(*show)(struct proc_text *text, struct inode *inode);
	int		(*store)(struct inode *inode, char *line);
	/* Its ioctl, of the memory of open: a result or errno. */
	long		(*ioctl)(struct mm_struct *mm, unsigned int cmd, void *user);
	/* A directory: what is in it. */
	const struct proc_entry *children;
	/* Anything else; NULL: by the above. */
	const struct inode_operations	*i_op;
	const struct file_operations	*f_op;
};

#define PROC_DIR_MODE	0040555		/* S_IFDIR | r-x for all */
#define PROC_LINK_MODE	0120777		/* S_IFLNK */
#define PROC_FILE_MODE	0100444		/* S_IFREG | read for all */

#define PROC_DIR(n, table)	{ .name = (n), .mode = PROC_DIR_MODE, .children = (table) }
#define PROC_TEXT(n, fn)	{ .name = (n), .mode = PROC_FILE_MODE, .show = (fn) }

typedef void (*proc_visit_fn)(struct proc_text *text, struct vm_area_struct *vma, char *buf,
			      void *arg);

/* inode->i_private. */
struct proc_inode {
	const struct proc_entry	*entry;
	struct task_struct	*task;	/* a reference; NULL outside of /proc/PID */
	unsigned int		id;	/* PROC_ID_* | descriptor or frame, or 0 */
	bool			thread;	/* below /proc/PID/task */
	unsigned long		area;	/* map_files: where the area begins */
};

#define PROC_ID_FD	(1u << 29)
#define PROC_ID_FDINFO	(1u << 30)
#define PROC_ID_RMAP	(3u << 29)	/* | frame number */
#define PROC_ID_SWAP	(7u << 29)	/* | area and slot of swap */
#define PROC_ID_MAP	(1u << 28)	/* | page number, its lower bits */
#define PROC_ID_MASK	0xfffffu

struct proc_inode *proc_i(const struct inode *inode);

/* Give @dentry an inode for @entry: 0 or -ENOMEM. @task may be NULL. For ->lookup. */
int proc_instantiate(struct inode *dir, struct dentry *dentry, const struct proc_entry *entry,
		     struct task_struct *task, unsigned int id, bool thread);
/* The same for the link to what is mapped at @area. */
int proc_instantiate_area(struct inode *dir, struct dentry *dentry, const struct proc_entry *entry,
			  struct task_struct *task, unsigned int id, unsigned long area);
/* ->fill_super of a file system of tables below @root: 0 or -ENOMEM. */
int proc_fill_tables(struct super_block *sb, unsigned long magic, const struct proc_entry *root);
/* @pid 0: outside of /proc/PID. */
u64 proc_ino(const struct proc_entry *entry, int pid, unsigned int id, bool thread);

/* Directories that are a table. */
const struct proc_entry *proc_find(const struct proc_entry *table, const struct dentry *dentry);
/* List @table from position 2 on, of which ctx->pos is past some. False: the buffer is full. */
bool proc_emit_table(const struct proc_entry *table, struct inode *dir, struct dir_context *ctx);
int proc_table_lookup(struct inode *dir, struct dentry *dentry);
int proc_table_iterate(struct file *file, struct dir_context *ctx);
bool proc_revalidate(struct dentry *dentry);
int proc_setattr(struct inode *inode, const struct iattr *attr);
int proc_parse_id(const struct dentry *dentry, unsigned int max);	/* -ENOENT: no number */

extern const struct inode_operations proc_dir_iops, proc_file_iops;
extern const struct file_operations proc_dir_fops, proc_text_fops;

/* A task of /proc/PID. */
bool proc_task_alive(struct task_struct *task);
bool proc_may_access(struct task_struct *task);	/* current may look into its memory and files */
/* The mm of @inode's task, with a reference to mm_count, or NULL if it has none: 0, -EACCES. */
int proc_open_mm(struct inode *inode, struct mm_struct **mm);
bool proc_has_mounts(struct task_struct *task);	/* it has not exited */
/* The @max smallest numbers >= @first of processes, or of @group's threads; returns how many. */
unsigned int proc_collect_pids(struct task_struct *group, int first, int *pids, unsigned int max);

/* Tables and rows that other files define. */
extern const struct proc_entry proc_root_entry, proc_sys_table[], proc_pid_entry;
extern const struct inode_operations proc_fd_dir_iops, proc_fdinfo_dir_iops;
extern const struct file_operations proc_fd_dir_fops, proc_fdinfo_dir_fops, proc_mem_fops;
extern const struct file_operations proc_pagemap_fops, proc_kpagecount_fops, proc_kpageflags_fops;
extern const struct inode_operations proc_rmap_dir_iops, proc_map_files_iops;
extern const struct file_operations proc_rmap_dir_fops, proc_map_files_fops;

/* sysfs.c: register it. */
void sysfs_init(void);

/* procfs_info.c */
int proc_meminfo_show(struct proc_text *text, struct inode *inode);
int proc_vmstat_show(struct proc_text *text, struct inode *inode);
int proc_buddyinfo_show(struct proc_text *text, struct inode *inode);
int proc_zoneinfo_show(struct proc_text *text, struct inode *inode);
int proc_vmallocinfo_show(struct proc_text *text, struct inode *inode);
int proc_interrupts_show(struct proc_text *text, struct inode *inode);
int proc_slabinfo_show(struct proc_text *text, struct inode *inode);
int proc_kallsyms_show(struct proc_text *text, struct inode *inode);
int proc_swaps_show(struct proc_text *text, struct inode *inode);
int proc_cpuinfo_show(struct proc_text *text, struct inode *inode);
int proc_uptime_show(struct proc_text *text, struct inode *inode);
int proc_pressure_memory_show(struct proc_text *text, struct inode *inode);
int proc_loadavg_show(struct proc_text *text, struct inode *inode);
int proc_stat_show(struct proc_text *text, struct inode *inode);
int proc_version_show(struct proc_text *text, struct inode *inode);
int proc_cmdline_show(struct proc_text *text, struct inode *inode);
int proc_filesystems_show(struct proc_text *text, struct inode *inode);
int proc_devices_show(struct proc_text *text, struct inode *inode);
int proc_partitions_show(struct proc_text *text, struct inode *inode);
int proc_mounts_show(struct proc_text *text, struct inode *inode);
int proc_mountinfo_show(struct proc_text *text, struct inode *inode);

/* procfs_task.c */
int proc_pid_stat_show(struct proc_text *text, struct inode *inode);
int proc_pid_status_show(struct proc_text *text, struct inode *inode);
int proc_pid_statm_show(struct proc_text *text, struct inode *inode);

/* procfs_wait.c */
int proc_pid_wchan_show(struct proc_text *text, struct inode *inode);
int proc_pid_syscall_show(struct proc_text *text, struct inode *inode);

/* procfs_maps.c */
int proc_pid_maps_show(struct proc_text *text, struct inode *inode);
long proc_pid_maps_ioctl(struct mm_struct *mm, unsigned int cmd, void *user);
int proc_pid_cmdline_show(struct proc_text *text, struct inode *inode);
int proc_pid_environ_show(struct proc_text *text, struct inode *inode);
int proc_pid_auxv_show(struct proc_text *text, struct inode *inode);
/* One line of maps. @buf: PATH_MAX bytes to work in. mmap_lock held. */
void proc_show_area(struct proc_text *text, struct vm_area_struct *vma, char *buf);
/* Call @visit, under mmap_lock for reading, with the areas of @text's mm from where @text is, until
 * that is enough, and with PATH_MAX bytes to work in. 0; -ENOMEM, -EINTR; -ESRCH: nobody uses that
 * mm any more. */
int proc_visit_areas(struct proc_text *text, proc_visit_fn visit, void *arg);

/* The name of @vma in maps, perhaps in @buf of PATH_MAX bytes; NULL: it has none. ERR_PTR.
 * mmap_lock held. */
const char *proc_area_name(struct vm_area_struct *vma, char *buf);

/* procfs_query.c, procfs_scan.c: PROCMAP_QUERY and PAGEMAP_SCAN of @mm, which may be NULL or
 * without users, with the argument at @user. Sleep. */
long proc_maps_query(struct mm_struct *mm, void *user);
long proc_pagemap_scan(struct mm_struct *mm, void *user);

/* procfs_smaps.c, procfs_pagemap.c, procfs_rmap.c */
int proc_pid_smaps_show(struct proc_text *text, struct inode *inode);
int proc_pid_smaps_rollup_show(struct proc_text *text, struct inode *inode);
int proc_pid_clear_refs_store(struct inode *inode, char *line);
int proc_pid_anon_vma_show(struct proc_text *text, struct inode *inode);

/* procfs_mm.c */
int proc_mmcheck_show(struct proc_text *text, struct inode *inode);
int proc_mmcheck_store(struct inode *inode, char *line);

#endif
