/* locks.c - advisory file locks: fcntl(2) by process, fcntl(2) OFD and flock(2) by open file.
 * Holds:  the locks of one owner on one file do not overlap, and neighbours of one type are one
 *         lock. flock's and fcntl's locks do not see each other.
 * Locks:  flock_lock guards every inode's list. All waiters share one queue and look again when
 *         any lock goes: such waits are rare. Deadlocks between waiters are not looked for; a
 *         signal ends the wait.
 * Read:   kernel/syscall/fs_fd.c for the way in. */
#include <fs/internal.h>

#include <lib/err.h>
#include <lib/list.h>
#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <sched/wait.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#define LOCK_END	MAX_FILE_BYTES	/* an end that means: whatever the file's size becomes */

struct file_lock {
	struct list_head	node;		/* [flock_lock] inode->i_flock */
	const void		*owner;		/* files_struct, or struct file */
	bool			whole_file;	/* flock(2) */
	bool			ofd;		/* owner is the open file */
	short			type;		/* F_RDLCK, F_WRLCK; in requests F_UNLCK too */
	int			pid;
	loff_t			start, end;	/* bytes, both included */
};

static DEFINE_SPINLOCK(flock_lock, RANK_FILES);
static DECLARE_WAIT_QUEUE_HEAD(flock_wait);

static bool same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->whole_file == b->whole_file;
}

/* A lock that keeps @req from being granted, or NULL. flock_lock held. */
static struct file_lock *find_conflict(struct inode *inode, const struct file_lock *req)
{
	struct file_lock *lock;

	list_for_each_entry(lock, &inode->i_flock, node)
		if (lock->whole_file == req->whole_file && !same_owner(lock, req) &&
		    lock->start <= req->end && req->start <= lock->end &&
		    (lock->type == F_WRLCK || req->type == F_WRLCK))
			return lock;
	return NULL;
}

/* Take [req->start, req->end] out of @lock, of the same owner and another type. What is left
 * behind the range, if something is left before it too, needs *@spare. flock_lock held. True:
 * @lock is gone. */
static bool carve(struct file_lock *lock, const struct file_lock *req, struct file_lock **spare)
{
	if (lock->start < req->start && lock->end > req->end) {
		struct file_lock *behind = *spare;

		*spare = NULL;
		*behind = *lock;
		behind->start = req->end + 1;
		list_add(&behind->node, &lock->node);
		lock->end = req->start - 1;
		return false;
	}
	if (lock->start < req->start) {
		lock->end = req->start - 1;
		return false;
	}
	if (lock->end > req->end) {
		lock->start = req->end + 1;
		return false;
	}
	list_del(&lock->node);
	return true;
}

/* Make the owner's locks on the range what @req says. Nothing conflicts. @req itself joins the list
 * unless it is F_UNLCK; locks that fell away go to @dead. flock_lock held. */
static void apply_lock(struct inode *inode, struct file_lock *req, struct file_lock **spare,
		       struct list_head *dead)
{
	struct file_lock *lock, *next;

	list_for_each_entry_safe(lock, next, &inode->i_flock, node) {
		if (!same_owner(lock, req))
			continue;
		if (lock->type == req->type && lock->start <= req->end + 1 &&
		    req->start <= lock->end + 1) {
			req->start = min(req->start, lock->start);
			req->end = max(req->end, lock->end);
			list_move(&lock->node, dead);
		} else if (lock->start <= req->end && req->start <= lock->end) {
			if (carve(lock, req, spare))
				list_add(&lock->node, dead);
		}
	}
	if (req->type != F_UNLCK)
		list_add_tail(&req->node, &inode->i_flock);
}

static void free_locks(struct list_head *dead)
{
	struct file_lock *lock, *next;

	list_for_each_entry_safe(lock, next, dead, node)
		kfree(lock);
}

static bool try_lock(struct inode *inode, struct file_lock *req, struct file_lock **spare,
		     struct list_head *dead)
{
	bool granted;

	spin_lock(&flock_lock);
	granted = req->type == F_UNLCK || !find_conflict(inode, req);
	if (granted)
		apply_lock(inode, req, spare, dead);
	spin_unlock(&flock_lock);
	return granted;
}

/* Grant @template's lock or unlock. 0, -EAGAIN, -ENOLCK, or -ERESTARTSYS while waiting. */
static int set_lock(struct inode *inode, const struct file_lock *template, bool wait)
{
	struct file_lock *req = kmalloc(sizeof(*req), GFP_KERNEL);
	struct file_lock *spare = kmalloc(sizeof(*spare), GFP_KERNEL);
	LIST_HEAD(dead);
	int err = -ENOLCK;
	bool kept = false;

	if (req && spare) {
		*req = *template;
		err = try_lock(inode, req, &spare, &dead) ? 0 : -EAGAIN;
		if (err && wait)
			err = wait_event_interruptible(&flock_wait,
						       try_lock(inode, req, &spare, &dead));
		kept = !err && template->type != F_UNLCK;
		if (!err)
			wake_up_all(&flock_wait);
	}
	free_locks(&dead);
	kfree(spare);
	if (!kept)
		kfree(req);
	return err;
}

/* The range of a struct flock in bytes from the start of the file. 0, -EINVAL or -EOVERFLOW. */
static int range_of_flock(struct file *file, const struct flock *fl, struct file_lock *lock)
{
	loff_t start = fl->l_start;

	if (fl->l_whence == SEEK_CUR)
		start += file->f_pos;
	else if (fl->l_whence == SEEK_END)
		start += READ_ONCE(file->f_inode->i_size);
	else if (fl->l_whence != SEEK_SET)
		return -EINVAL;
	lock->start = start;
	lock->end = LOCK_END;
	if (fl->l_len > 0)
		lock->end = start + fl->l_len - 1;
	if (fl->l_len < 0) {
		lock->end = start - 1;
		lock->start = start + fl->l_len;
	}
	if (lock->start < 0)
		return -EINVAL;
	return lock->end > LOCK_END || lock->end < lock->start ? -EOVERFLOW : 0;
}

static int get_lock(struct file *file, const struct file_lock *req, struct flock *fl)
{
	struct file_lock *lock;

	spin_lock(&flock_lock);
	lock = find_conflict(file->f_inode, req);
	fl->l_type = F_UNLCK;
	if (lock) {
		fl->l_type = lock->type;
		fl->l_whence = SEEK_SET;
		fl->l_start = lock->start;
		fl->l_len = lock->end == LOCK_END ? 0 : lock->end - lock->start + 1;
		fl->l_pid = lock->ofd ? -1 : lock->pid;
	}
	spin_unlock(&flock_lock);
	return 0;
}

int fcntl_lock(struct file *file, unsigned int cmd, struct flock *user)
{
	struct file_lock req = { .owner = current->files, .pid = current->tgid };
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct flock fl;
	int err;

	if (copy_from_user(&fl, user, sizeof(fl)))
		return -EFAULT;
	if (cmd >= F_OFD_GETLK) {
		if (fl.l_pid)
			return -EINVAL;
		req.owner = file;
		req.ofd = true;
	}
	req.type = fl.l_type;
	if (fl.l_type != F_RDLCK && fl.l_type != F_WRLCK && fl.l_type != F_UNLCK)
		return -EINVAL;
	err = range_of_flock(file, &fl, &req);
	if (err)
		return err;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		if (fl.l_type == F_UNLCK)
			return -EINVAL;
		get_lock(file, &req, &fl);
		return copy_to_user(user, &fl, sizeof(fl)) ? -EFAULT : 0;
	}
	if ((fl.l_type == F_RDLCK && !(file->f_mode & FMODE_READ)) ||
	    (fl.l_type == F_WRLCK && !(file->f_mode & FMODE_WRITE)))
		return -EBADF;
	return set_lock(file->f_inode, &req, wait);
}

int do_flock(struct file *file, unsigned int op)
{
	struct file_lock req = { .owner = file, .ofd = true, .whole_file = true, .end = LOCK_END };

	if (op & LOCK_MAND)
		return 0;		/* asks for something that no system has any more */
	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		req.type = F_RDLCK;
		break;
	case LOCK_EX:
		req.type = F_WRLCK;
		break;
	case LOCK_UN:
		req.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	return set_lock(file->f_inode, &req, !(op & LOCK_NB));
}

/* Remove the locks of @owner on @inode that are OFD or flock locks, or those that are not. */
static void release_owned(struct inode *inode, const void *owner, bool ofd)
{
	struct file_lock *lock, *next;
	LIST_HEAD(dead);

	if (list_empty(&inode->i_flock))
		return;
	spin_lock(&flock_lock);
	list_for_each_entry_safe(lock, next, &inode->i_flock, node)
		if (lock->owner == owner && lock->ofd == ofd)
			list_move(&lock->node, &dead);
	spin_unlock(&flock_lock);
	if (!list_empty(&dead))
		wake_up_all(&flock_wait);
	free_locks(&dead);
}

void release_flock(struct file *file)
{
	release_owned(file->f_inode, file, true);
}

void release_posix_locks(struct file *file, struct files_struct *owner)
{
	release_owned(file->f_inode, owner, false);
}
