/* exec.c - a new program in an old process.
 * First the whole new address space is made, beside the old one: the file is found (through
 * scripts), the arguments are collected, the segments mapped, the stack written. Everything that
 * can fail fails there, and the caller goes on with an errno. Only then commit() kills the other
 * threads and takes the old image away; a thread that is killed while it waits for the others is
 * dying anyway.
 * Locks:  none of its own; the new mm is ours alone until the commit.
 * Read:   exec_args.c and exec_elf.c for the parts. */
#include <proc/posix_timer.h>
#include <proc/process.h>

#include <asm/irqflags.h>
#include <asm/thread.h>
#include <asm/uaccess.h>
#include <asm/vdso.h>
#include <debug/assert.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/namei.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/slab.h>
#include <mm/special.h>
#include <proc/pid.h>
#include <proc/futex.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>
#include "exec.h"

#define MAX_SCRIPTS	5		/* a script's interpreter may be a script, and so on */
#define MIN_STACK_GAP	(128UL << 20)

/* Who calls, and with what. */
struct exec_request {
	int		dfd;
	const char	*path;
	char *const	*argv, *const *envp;
	int		flags;
	bool		kernel;		/* the vectors are the kernel's own */
};

static int read_head(struct exec_image *image)
{
	ssize_t n;

	memset(image->head, 0, sizeof(image->head));
	n = kernel_read(image->file, image->head, sizeof(image->head), 0);
	return n < 0 ? n : 0;
}

/* ---- scripts ---- */

/* Take "#! path [argument]" apart; *@arg is NULL without one. -ENOEXEC if it is no such line. */
static int parse_script(char *head, char **path, char **arg)
{
	char *end, *p;

	head[BINPRM_BYTES - 1] = 0;
	end = strchr(head, '\n');
	if (!end) {
		end = head + strlen(head);
		/* Cut off in the middle of the path it would name something else. */
		for (p = head + 2; *p == ' ' || *p == '\t'; p++)
			;
		if (end == head + BINPRM_BYTES - 1 && !strchr(p, ' ') && !strchr(p, '\t'))
			return -ENOEXEC;
	}
	*end = 0;
	while (end > head && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	for (p = head + 2; *p == ' ' || *p == '\t'; p++)
		;
	if (!*p)
		return -ENOEXEC;
	*path = p;
	while (*p && *p != ' ' && *p != '\t')
		p++;
	*arg = NULL;
	if (*p) {
		*p++ = 0;
		while (*p == ' ' || *p == '\t')
			p++;
		*arg = p;
	}
	return 0;
}

/* Words that scripts put in front of the arguments, the last script's first. */
struct script_words {
	char		*word[2 * MAX_SCRIPTS + 2];
	unsigned int	nr;
};

static void free_words(struct script_words *words)
{
	while (words->nr)
		kfree(words->word[--words->nr]);
}

static int add_word(struct script_words *words, const char *word)
{
	char *copy = kstrdup(word, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	words->word[words->nr++] = copy;
	return 0;
}

/* While image->file is a script, go on to its interpreter. @words is filled in reverse order. */
static int resolve_scripts(struct exec_image *image, struct script_words *words)
{
	unsigned int depth;
	struct file *file;
	char *path, *arg;
	int err;

	for (depth = 0; ; depth++) {
		err = read_head(image);
		if (err)
			return err;
		if (image->head[0] != '#' || image->head[1] != '!')
			return 0;
		if (depth == MAX_SCRIPTS)
			return -ELOOP;
		err = parse_script(image->head, &path, &arg);
		if (err)
			return err;
		/* The script's own name takes the place of argument 0; an interpreter that is a
		 * script itself is there already. */
		if (!depth)
			err = add_word(words, image->name);
		if (!err && arg)
			err = add_word(words, arg);
		if (!err)
			err = add_word(words, path);
		if (err)
			return err;
		file = open_exec(AT_FDCWD, words->word[words->nr - 1], false);
		if (IS_ERR(file))
			return PTR_ERR(file);
		fput(image->file);
		image->file = file;
	}
}

/* ---- preparing ---- */

/* argv, envp and the name, in the order in which they lie on the stack. */
static int collect_strings(struct exec_image *image, const struct exec_request *req)
{
	struct exec_strings *s = &image->strings;
	int err = strings_add_vector(s, req->argv, req->kernel, &s->argc);

	if (!err && !s->argc) {
		err = strings_add(s, "");	/* programs rely on an argv[0] */
		s->argc = 1;
	}
	s->env_at = s->bytes;
	if (!err)
		err = strings_add_vector(s, req->envp, req->kernel, &s->envc);
	s->name_at = s->bytes;
	if (!err)
		err = strings_add(s, image->name);
	return err;
}

/* Put @words, which are in reverse order, in the place of argument 0. */
static int collect_prefix(struct exec_image *image, const struct script_words *words)
{
	struct exec_strings *s = &image->strings;
	unsigned int i;
	int err = 0;

	if (!words->nr)
		return 0;
	s->start = strings_first_length(s);
	s->argc--;
	strings_put_below(&image->prefix, s);
	for (i = words->nr; !err && i > 0; i--, image->prefix.argc++)
		err = strings_add(&image->prefix, words->word[i - 1]);
	return err;
}

/* Set-user-ID files. */
static void choose_ids(struct exec_image *image)
{
	const struct inode *inode = image->file->f_inode;
	const struct cred *cred = &current->cred;

	image->euid = cred->euid;
	image->egid = cred->egid;
	if (!current->no_new_privs) {
		if (inode->i_mode & S_ISUID)
			image->euid = inode->i_uid;
		if ((inode->i_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			image->egid = inode->i_gid;
	}
	image->secure = image->euid != cred->uid || image->egid != cred->gid;
}

static int build_mm(struct exec_image *image)
{
	unsigned long gap = clamp(rlimit(RLIMIT_STACK), MIN_STACK_GAP, TASK_SIZE / 6 * 5);
	bool exec_stack = false;
	int err;

	image->mm = mm_alloc();
	if (!image->mm)
		return -ENOMEM;
	image->mm->mmap_base = PAGE_ALIGN(STACK_TOP - gap - (1UL << 20));
	err = exec_load_elf(image, &exec_stack);
	if (!err) {
		image->vdso = map_special(image->mm, &vdso_mapping);
		err = IS_ERR_VALUE(image->vdso) ? (int)image->vdso : 0;
	}
	if (!err)
		err = exec_build_stack(image, exec_stack);
	if (!err)
		image->mm->exe_file = get_file(image->file);
	return err;
}

/* Everything of the new image, beside the old one. On failure the caller still frees @image's
 * parts. */
static int prepare(struct exec_image *image, const struct exec_request *req)
{
	struct script_words words = { .nr = 0 };
	int err;

	image->file = open_exec(req->dfd, req->path, req->flags & AT_SYMLINK_NOFOLLOW);
	if (IS_ERR(image->file)) {
		err = PTR_ERR(image->file);
		image->file = NULL;
		return err;
	}
	err = resolve_scripts(image, &words);
	if (!err)
		err = collect_prefix(image, &words);
	free_words(&words);
	if (!err) {
		choose_ids(image);
		err = build_mm(image);
	}
	return err;
}

static void free_image(struct exec_image *image)
{
	strings_free(&image->strings);
	strings_free(&image->prefix);
	if (image->mm)
		mmput(image->mm);
	if (image->file)
		fput(image->file);
}

/* ---- committing ---- */

static void use_mm(struct mm_struct *mm)
{
	struct task_struct *task = current;
	struct mm_struct *old = task->mm, *old_active = task->active_mm;

	if (old)
		task->signal->maxrss = max(task->signal->maxrss, get_mm_hiwater_rss(old));
	spin_lock(&task->alloc_lock);
	local_irq_disable();
	task->mm = mm;
	task->active_mm = mm;
	switch_mm(old_active, mm);
	local_irq_enable();
	spin_unlock(&task->alloc_lock);
	if (old)
		mmput(old);
	else
		mmdrop(old_active);	/* a kernel thread that becomes process 1 */
}

/* Threads that shared it with us are gone; another process may share it still. */
static int own_files(void)
{
	struct task_struct *task = current;
	struct files_struct *old = task->files, *new;

	if (atomic_read(&old->refs) == 1)
		return 0;
	new = files_copy(old);
	if (IS_ERR(new))
		return PTR_ERR(new);
	spin_lock(&task->alloc_lock);
	task->files = new;
	spin_unlock(&task->alloc_lock);
	files_put(old);
	return 0;
}

static void set_comm(const char *name)
{
	const char *slash = strrchr(name, '/');

	strlcpy(current->comm, slash ? slash + 1 : name, sizeof(current->comm));
}

static void commit(struct exec_image *image)
{
	struct task_struct *task = current;

	exit_robust_list(task);
	task->robust_list = NULL;
	mm_release(task);
	use_mm(image->mm);
	image->mm = NULL;			/* current's now */
	files_close_on_exec(task->files);
	posix_timers_exit(task->signal);
	flush_signal_handlers(task);
	task->sas_sp = task->sas_size = 0;
	task->sas_flags = SS_DISABLE;
	task->restart.fn = NULL;
	task->set_child_tid = NULL;
	task->cred.euid = task->cred.suid = task->cred.fsuid = image->euid;
	task->cred.egid = task->cred.sgid = task->cred.fsgid = image->egid;
	task->signal->dumpable = !image->secure;
	task->signal->has_execed = true;
	if (image->secure)
		task->pdeath_signal = 0;
	task->exit_signal = SIGCHLD;
	set_comm(image->name);
	start_thread(task_pt_regs(task), image->entry, image->sp);
}

/* The path under which the program and a script's interpreter can find the file. NULL: no
 * memory. */
static const char *name_of(const struct exec_request *req, char **made_up)
{
	size_t size = strlen(req->path) + 24;

	if (req->dfd == AT_FDCWD || req->path[0] == '/')
		return req->path;
	*made_up = kmalloc(size, GFP_KERNEL);
	if (*made_up)
		snprintf(*made_up, size, "/dev/fd/%d%s%s", req->dfd, *req->path ? "/" : "",
			 req->path);
	return *made_up;
}

static int do_exec(const struct exec_request *req)
{
	struct exec_image image = { .file = NULL };
	char *made_up = NULL;
	int err;

	image.name = name_of(req, &made_up);
	if (!image.name)
		return -ENOMEM;
	strings_init(&image.strings);
	strings_init(&image.prefix);
	/* A bad vector is told before anything is said about the file. */
	err = collect_strings(&image, req);
	if (!err)
		err = prepare(&image, req);
	if (!err)
		err = thread_alloc(current);
	if (!err && current->signal->nr_threads > 1)
		err = de_thread();
	if (!err && own_files())
		/* there is no way back: the other threads are gone */
		force_sig(SIGKILL);
	else if (!err)
		commit(&image);
	free_image(&image);
	kfree(made_up);
	return err;
}

int do_execveat(int dfd, const char *path, char *const *argv, char *const *envp, int flags)
{
	struct exec_request req = { dfd, path, argv, envp, flags, false };

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (!*path && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	return do_exec(&req);
}

/* ---- process 1 ---- */

/* /dev/console as 0, 1 and 2; without one they stay closed, as Linux does it. */
static void open_console(void)
{
	struct file *file = file_open("/dev/console", O_RDWR, 0);
	unsigned int i;
	int fd;

	if (IS_ERR(file))
		return;
	for (i = 0; i < 3; i++) {
		fd = get_unused_fd(0);
		if (fd >= 0)
			fd_install(fd, get_file(file));
	}
	fput(file);
}

/* The kernel thread becomes process 1: a process like any other, deaf to what it does not catch. */
static void become_init(void)
{
	struct task_struct *task = current;

	spin_lock_irq(&tasklist_lock);
	pid_free(task->pid);
	task->pid = task->tgid = 1;
	pid_set_task(1, task);
	task->flags &= ~PF_KTHREAD;
	task->blocked = 0;
	/* Until it calls setsid() it is in group and session 0, as on Linux. */
	task->signal->flags |= SIGNAL_UNKILLABLE;
	init_task_ptr = task;
	spin_unlock_irq(&tasklist_lock);
}

int run_init(const char *path, char *const argv[], char *const envp[])
{
	struct exec_request req = { AT_FDCWD, path, argv, envp, 0, true };
	int err;

	if (!init_task_ptr)
		become_init();
	if (!current->files)
		current->files = files_alloc();
	if (!current->fs)
		current->fs = fs_init_task();
	if (!current->files || !current->fs)
		return -ENOMEM;
	open_console();
	err = do_exec(&req);
	if (err)
		return err;
	enter_user_mode(task_pt_regs(current));
}
