/* fdtable.c - descriptor tables, and the root, working directory and umask of a process.
 * Holds:  a set bit in open_fds with a NULL in fd[] is a reserved descriptor: its number is taken,
 *         lookups do not see it. cloexec bits mean something only where open_fds is set.
 * Locks:  files->lock. A table that only current uses (refs 1) is read without it: nobody else can
 *         change it, and nobody else can begin to use it but through current's own clone().
 *         Files are put after the lock is dropped, since that may sleep.
 * Read:   file.c for the files, kernel/proc/fork.c and exit.c for the tables' owners. */
#include <fs/fdtable.h>

#include <lib/bitmap.h>
#include <lib/err.h>
#include <lib/string.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>

static struct kmem_cache *files_cache, *fs_cache;	/* [c] */

void fdtable_init(void)
{
	files_cache = kmem_cache_create("files_struct", sizeof(struct files_struct), 8);
	fs_cache = kmem_cache_create("fs_struct", sizeof(struct fs_struct), 8);
}

struct files_struct *files_alloc(void)
{
	struct files_struct *files = kmem_cache_alloc(files_cache, GFP_KERNEL | __GFP_ZERO);

	if (!files)
		return NULL;
	atomic_set(&files->refs, 1);
	spin_lock_init(&files->lock, RANK_FILES);
	files->max_fds = NR_OPEN_DEFAULT;
	files->fd = files->fd_inline;
	files->open_fds = files->open_inline;
	files->cloexec = files->cloexec_inline;
	return files;
}

/* Arrays for a number of descriptors, in one block: files, then both bitmaps. */
struct fd_arrays {
	struct file	**fd;
	unsigned long	*open_fds, *cloexec;
	unsigned int	max_fds;
};

static int arrays_alloc(struct fd_arrays *arrays, unsigned int max_fds)
{
	size_t longs = BITMAP_LONGS(max_fds);

	arrays->fd = kzalloc(max_fds * sizeof(struct file *) + 2 * longs * sizeof(long),
			     GFP_KERNEL);
	if (!arrays->fd)
		return -ENOMEM;
	arrays->open_fds = (unsigned long *)(arrays->fd + max_fds);
	arrays->cloexec = arrays->open_fds + longs;
	arrays->max_fds = max_fds;
	return 0;
}

/* Put @new, which is larger, in the place of @files' arrays. files->lock held.
 * Returns what is to be freed afterwards. */
static struct file **arrays_replace(struct files_struct *files, const struct fd_arrays *new)
{
	struct file **old = files->fd == files->fd_inline ? NULL : files->fd;
	size_t longs = BITMAP_LONGS(files->max_fds);

	memcpy(new->fd, files->fd, files->max_fds * sizeof(struct file *));
	memcpy(new->open_fds, files->open_fds, longs * sizeof(long));
	memcpy(new->cloexec, files->cloexec, longs * sizeof(long));
	files->fd = new->fd;
	files->open_fds = new->open_fds;
	files->cloexec = new->cloexec;
	files->max_fds = new->max_fds;
	return old;
}

/* Make room for descriptor @fd. Called and returns without the lock; 0, -EMFILE or -ENOMEM. */
static int expand_files(struct files_struct *files, unsigned int fd)
{
	unsigned int max_fds = NR_OPEN_DEFAULT;
	struct fd_arrays arrays;
	void *unneeded;

	if (fd >= NR_OPEN_MAX)
		return -EMFILE;
	while (max_fds <= fd)
		max_fds *= 2;
	/* 4 MiB, the largest block, holds fewer than NR_OPEN_MAX: that is -ENOMEM. */
	if (arrays_alloc(&arrays, max_fds))
		return -ENOMEM;
	spin_lock(&files->lock);
	if (max_fds > files->max_fds)
		unneeded = arrays_replace(files, &arrays);
	else
		unneeded = arrays.fd;		/* another thread was faster */
	spin_unlock(&files->lock);
	kfree(unneeded);
	return 0;
}

static void mark_open(struct files_struct *files, unsigned int fd, unsigned int flags)
{
	bitmap_set(files->open_fds, fd);
	if (flags & O_CLOEXEC)
		bitmap_set(files->cloexec, fd);
	else
		bitmap_clear(files->cloexec, fd);
}

int get_unused_fd_from(unsigned int from, unsigned int flags)
{
	struct files_struct *files = current->files;
	unsigned long limit = min(rlimit(RLIMIT_NOFILE), (unsigned long)NR_OPEN_MAX);
	unsigned int fd;
	int err;

	for (;;) {
		spin_lock(&files->lock);
		fd = bitmap_find_next_zero(files->open_fds, files->max_fds,
					   min(max(from, files->next_fd), files->max_fds));
		fd = max(fd, from);
		if (fd >= limit) {
			spin_unlock(&files->lock);
			return -EMFILE;
		}
		if (fd < files->max_fds) {
			mark_open(files, fd, flags);
			if (from <= files->next_fd)
				files->next_fd = fd + 1;
			spin_unlock(&files->lock);
			return fd;
		}
		spin_unlock(&files->lock);
		err = expand_files(files, fd);
		if (err)
			return err;
	}
}

int get_unused_fd(unsigned int flags)
{
	return get_unused_fd_from(0, flags);
}

void fd_install(int fd, struct file *file)
{
	struct files_struct *files = current->files;

	spin_lock(&files->lock);
	DEBUG_ASSERT(bitmap_test(files->open_fds, fd) && !files->fd[fd]);
	files->fd[fd] = file;
	spin_unlock(&files->lock);
}

static void free_fd_locked(struct files_struct *files, unsigned int fd)
{
	files->fd[fd] = NULL;
	bitmap_clear(files->open_fds, fd);
	files->next_fd = min(files->next_fd, fd);
}

void put_unused_fd(int fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->lock);
	free_fd_locked(files, fd);
	spin_unlock(&files->lock);
}

static struct file *file_at(const struct files_struct *files, unsigned int fd)
{
	return fd < files->max_fds ? files->fd[fd] : NULL;
}

struct file *fget_raw(int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->lock);
	file = file_at(files, fd);
	if (file)
		get_file(file);
	spin_unlock(&files->lock);
	return file;
}

struct file *fget(int fd)
{
	struct file *file = fget_raw(fd);

	if (file && (file->f_mode & FMODE_PATH)) {
		fput(file);
		return NULL;
	}
	return file;
}

struct fd fdget_raw(int fd)
{
	struct files_struct *files = current->files;

	if (likely(atomic_read(&files->refs) == 1))
		return (struct fd){ .file = file_at(files, fd), .put = false };
	return (struct fd){ .file = fget_raw(fd), .put = true };
}

struct fd fdget(int fd)
{
	struct fd f = fdget_raw(fd);

	if (!f.file)
		f.put = false;
	else if (unlikely(f.file->f_mode & FMODE_PATH)) {
		fdput(f);
		f = (struct fd){ .file = NULL, .put = false };
	}
	return f;
}

/* A descriptor of @files has gone; its reference is the caller's and is given up here. */
static void close_file(struct file *file, struct files_struct *files)
{
	if (file->f_op->flush && !(file->f_mode & FMODE_PATH))
		file->f_op->flush(file);
	release_posix_locks(file, files);
	fput(file);
}

int close_fd(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->lock);
	file = file_at(files, fd);
	if (file)
		free_fd_locked(files, fd);
	spin_unlock(&files->lock);
	if (!file)
		return -EBADF;
	close_file(file, files);
	return 0;
}

int close_fd_range(unsigned int first, unsigned int last, bool only_mark)
{
	struct files_struct *files = current->files;
	unsigned int fd;

	last = min(last, READ_ONCE(files->max_fds) - 1);
	for (fd = first; fd <= last; fd++) {
		if (only_mark)
			fd_cloexec(fd, FD_CLOEXEC);
		else
			close_fd(fd);
	}
	return 0;
}

int replace_fd(unsigned int fd, struct file *file, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct file *old;
	int err;

	if (fd >= rlimit(RLIMIT_NOFILE))
		return -EBADF;
	if (fd >= READ_ONCE(files->max_fds)) {
		err = expand_files(files, fd);
		if (err)
			return err == -EMFILE ? -EBADF : err;
	}
	spin_lock(&files->lock);
	old = files->fd[fd];
	if (!old && bitmap_test(files->open_fds, fd)) {
		spin_unlock(&files->lock);	/* an open() that is still under way has it */
		return -EBUSY;
	}
	files->fd[fd] = get_file(file);
	mark_open(files, fd, flags);
	spin_unlock(&files->lock);
	if (old)
		close_file(old, files);
	return fd;
}

int fd_cloexec(unsigned int fd, int set)
{
	struct files_struct *files = current->files;
	int ret = -EBADF;

	spin_lock(&files->lock);
	if (file_at(files, fd)) {
		if (set == FD_CLOEXEC)
			bitmap_set(files->cloexec, fd);
		else if (!set)
			bitmap_clear(files->cloexec, fd);
		ret = bitmap_test(files->cloexec, fd) ? FD_CLOEXEC : 0;
	}
	spin_unlock(&files->lock);
	return ret;
}

/* How many descriptors a copy of @files needs room for. files->lock held. */
static unsigned int room_needed(const struct files_struct *files)
{
	unsigned int fd = files->max_fds, room = NR_OPEN_DEFAULT;

	while (fd > NR_OPEN_DEFAULT && !files->open_fds[fd / BITS_PER_LONG - 1])
		fd -= BITS_PER_LONG;
	while (room < fd)
		room *= 2;
	return room;
}

/* Give the empty @new arrays for what @old has. On success old->lock is held. */
static int lock_with_room(struct files_struct *old, struct files_struct *new)
{
	unsigned int room;
	int err;

	spin_lock(&old->lock);
	while ((room = room_needed(old)) > new->max_fds) {
		spin_unlock(&old->lock);
		err = expand_files(new, room - 1);
		if (err)
			return err;
		spin_lock(&old->lock);
	}
	return 0;
}

struct files_struct *files_copy(struct files_struct *old)
{
	struct files_struct *new = files_alloc();
	size_t fd, end;

	if (!new)
		return ERR_PTR(-ENOMEM);
	if (lock_with_room(old, new)) {
		files_put(new);
		return ERR_PTR(-ENOMEM);
	}
	end = min(old->max_fds, new->max_fds);
	for_each_set_bit(fd, old->open_fds, end) {
		if (!old->fd[fd])
			continue;		/* reserved: the other thread's business */
		new->fd[fd] = get_file(old->fd[fd]);
		mark_open(new, fd, bitmap_test(old->cloexec, fd) ? O_CLOEXEC : 0);
	}
	new->next_fd = 0;
	spin_unlock(&old->lock);
	return new;
}

void files_get(struct files_struct *files)
{
	atomic_inc(&files->refs);
}

void files_put(struct files_struct *files)
{
	size_t fd;

	if (!files || !atomic_dec_and_test(&files->refs))
		return;
	for_each_set_bit(fd, files->open_fds, files->max_fds)
		if (files->fd[fd])
			close_file(files->fd[fd], files);
	if (files->fd != files->fd_inline)
		kfree(files->fd);
	kmem_cache_free(files_cache, files);
}

void files_close_on_exec(struct files_struct *files)
{
	struct file *file;
	size_t fd;

	for (fd = 0; fd < READ_ONCE(files->max_fds); fd++) {
		file = NULL;
		spin_lock(&files->lock);
		fd = bitmap_find_next_set(files->cloexec, files->max_fds, fd);
		if (fd < files->max_fds && bitmap_test(files->open_fds, fd)) {
			file = files->fd[fd];
			if (file)
				free_fd_locked(files, fd);
		}
		spin_unlock(&files->lock);
		if (file)
			close_file(file, files);
	}
}

struct file *fget_task(struct task_struct *task, int fd)
{
	struct files_struct *files = get_task_files(task);
	struct file *file;

	if (!files)
		return NULL;
	spin_lock(&files->lock);
	file = file_at(files, fd);
	if (file)
		get_file(file);
	spin_unlock(&files->lock);
	files_put(files);
	return file;
}

int next_fd_of(struct task_struct *task, int fd)
{
	struct files_struct *files = get_task_files(task);
	int found = -1;
	size_t i;

	if (!files)
		return -1;
	spin_lock(&files->lock);
	for (i = fd; i < files->max_fds; i++)
		if (files->fd[i]) {
			found = i;
			break;
		}
	spin_unlock(&files->lock);
	files_put(files);
	return found;
}

static struct fs_struct *fs_alloc(void)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL | __GFP_ZERO);

	if (!fs)
		return NULL;
	atomic_set(&fs->refs, 1);
	spin_lock_init(&fs->lock, RANK_FS);
	return fs;
}

struct fs_struct *fs_copy(struct fs_struct *old)
{
	struct fs_struct *fs = fs_alloc();

	if (!fs)
		return ERR_PTR(-ENOMEM);
	spin_lock(&old->lock);
	fs->root = old->root;
	fs->pwd = old->pwd;
	fs->umask = old->umask;
	path_get(&fs->root);
	path_get(&fs->pwd);
	spin_unlock(&old->lock);
	return fs;
}

void fs_get(struct fs_struct *fs)
{
	atomic_inc(&fs->refs);
}

void fs_put(struct fs_struct *fs)
{
	if (!fs || !atomic_dec_and_test(&fs->refs))
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	kmem_cache_free(fs_cache, fs);
}

struct fs_struct *fs_init_task(void)
{
	struct fs_struct *fs = fs_alloc();

	if (!fs)
		return NULL;
	fs->root.mnt = root_mount;
	fs->root.dentry = root_mount->mnt_root;
	fs->pwd = fs->root;
	path_get(&fs->root);
	path_get(&fs->pwd);
	fs->umask = 022;
	return fs;
}

static void get_path_of(struct fs_struct *fs, const struct path *which, struct path *path)
{
	spin_lock(&fs->lock);
	*path = *which;
	path_get(path);
	spin_unlock(&fs->lock);
}

void get_fs_root(struct path *path)
{
	get_path_of(current->fs, &current->fs->root, path);
}

void get_fs_pwd(struct path *path)
{
	get_path_of(current->fs, &current->fs->pwd, path);
}

static void set_path_of(struct fs_struct *fs, struct path *which, const struct path *path)
{
	struct path old;

	path_get(path);
	spin_lock(&fs->lock);
	old = *which;
	*which = *path;
	spin_unlock(&fs->lock);
	path_put(&old);
}

void set_fs_root(const struct path *path)
{
	set_path_of(current->fs, &current->fs->root, path);
}

void set_fs_pwd(const struct path *path)
{
	set_path_of(current->fs, &current->fs->pwd, path);
}

int get_task_root(struct task_struct *task, struct path *path)
{
	struct fs_struct *fs = get_task_fs(task);

	if (!fs)
		return -ENOENT;
	get_path_of(fs, &fs->root, path);
	fs_put(fs);
	return 0;
}

int get_task_pwd(struct task_struct *task, struct path *path)
{
	struct fs_struct *fs = get_task_fs(task);

	if (!fs)
		return -ENOENT;
	get_path_of(fs, &fs->pwd, path);
	fs_put(fs);
	return 0;
}
