/* process_vm.c - reading and writing the memory of another process, row of buffers to row of
 * buffers.
 * Holds:  the two rows are walked byte by byte, as if each were one piece; where one ends or is bad
 *         the transfer ends, and what was moved before counts.
 * Locks:  none here; access_remote_vm takes the other's mmap_lock, never with ours held.
 * Read:   kernel/syscall/process_vm.c; mm/mm.h. */
#include <proc/process_vm.h>

#include <fs/iov_iter.h>
#include <lib/err.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <proc/cred.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>

bool may_access(const struct task_struct *task)
{
	const struct cred *me = &current->cred, *it = &task->cred;

	if (capable() || task->signal == current->signal)
		return true;
	return me->uid == it->uid && me->uid == it->euid && me->uid == it->suid &&
	       me->gid == it->gid && me->gid == it->egid && me->gid == it->sgid &&
	       task->signal->dumpable;
}

struct mm_struct *mm_access(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return ERR_PTR(-ESRCH);
	if (!may_access(task)) {
		mmput(mm);
		return ERR_PTR(-EACCES);
	}
	return mm;
}

/* The address space of process or thread @pid, with a reference. ERR_PTR(-ESRCH, -EPERM). */
static struct mm_struct *mm_of(int pid)
{
	struct task_struct *task = find_get_task(pid);
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	mm = mm_access(task);
	put_task(task);
	return PTR_ERR(mm) == -EACCES ? ERR_PTR(-EPERM) : mm;
}

/* One stretch of at most a page through @buf. Bytes moved; fewer than @bytes: bad memory. */
static size_t move_part(struct mm_struct *mm, unsigned long addr, void *buf, size_t bytes,
			struct iov_iter *local, bool write)
{
	size_t got;

	if (write) {
		got = copy_from_iter(buf, bytes, local);
		return access_remote_vm(mm, addr, buf, got, FOLL_WRITE);
	}
	got = access_remote_vm(mm, addr, buf, bytes, 0);
	return copy_to_iter(buf, got, local);
}

/* One buffer of the other process. Bytes moved. */
static size_t move_buffer(struct mm_struct *mm, const struct iovec *remote, void *buf,
			  struct iov_iter *local, bool write)
{
	unsigned long addr = (unsigned long)remote->iov_base;
	size_t done = 0, bytes, moved;

	while (done < remote->iov_len && iov_iter_count(local)) {
		bytes = min(remote->iov_len - done, PAGE_SIZE - offset_in_page(addr + done));
		bytes = min(bytes, iov_iter_count(local));
		moved = move_part(mm, addr + done, buf, bytes, local, write);
		done += moved;
		if (moved < bytes || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

ssize_t process_vm_rw(int pid, struct iov_iter *local, const struct iovec *remote, unsigned int nr,
		      bool write)
{
	void *buf = get_free_page(GFP_KERNEL);
	struct mm_struct *mm;
	size_t done = 0, moved;
	bool bad = false;
	unsigned int i;

	if (!buf)
		return -ENOMEM;
	mm = mm_of(pid);
	if (IS_ERR(mm)) {
		free_page(buf);
		return PTR_ERR(mm);
	}
	for (i = 0; i < nr && iov_iter_count(local) && !bad; i++) {
		size_t want = min(remote[i].iov_len, iov_iter_count(local));

		moved = move_buffer(mm, &remote[i], buf, local, write);
		done += moved;
		bad = moved < want;
	}
	mmput(mm);
	free_page(buf);
	return done || !bad ? (ssize_t)done : -EFAULT;
}
