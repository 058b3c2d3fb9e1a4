/* process_vm.c - process_vm_readv and process_vm_writev: decode the two rows of buffers. */
#include <syscall/proc.h>

#include <asm/uaccess.h>
#include <lib/err.h>
#include <mm/slab.h>
#include <proc/process_vm.h>
#include <uapi/errno.h>
#include <uapi/uio.h>

#include "user_vec.h"

/* The other process's row; its addresses are not looked at. Free with kfree. ERR_PTR. */
static struct iovec *get_remote_vec(const struct iovec *user, unsigned long nr)
{
	struct iovec *vec;
	unsigned long i;

	if (nr > UIO_MAXIOV)
		return ERR_PTR(-EINVAL);
	vec = kmalloc(max(nr, 1UL) * sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(vec, user, nr * sizeof(*vec))) {
		kfree(vec);
		return ERR_PTR(-EFAULT);
	}
	for (i = 0; i < nr; i++) {
		if ((ssize_t)vec[i].iov_len < 0) {
			kfree(vec);
			return ERR_PTR(-EINVAL);
		}
	}
	return vec;
}

/* Nothing is moved if there is nothing on one side, and then nobody asks who @pid is. */
static long transfer(int pid, struct user_vec *local, const struct iovec *uremote,
		     unsigned long nr, bool write)
{
	struct iovec *remote;
	size_t bytes = 0;
	unsigned long i;
	long ret = 0;

	if (!iov_iter_count(&local->iter))
		return 0;
	remote = get_remote_vec(uremote, nr);
	if (IS_ERR(remote))
		return PTR_ERR(remote);
	for (i = 0; i < nr; i++)
		bytes |= remote[i].iov_len;
	if (bytes)
		ret = process_vm_rw(pid, &local->iter, remote, nr, write);
	kfree(remote);
	return ret;
}

static long process_vm(int pid, const struct iovec *lvec, unsigned long nr_local,
		       const struct iovec *rvec, unsigned long nr_remote, unsigned long flags,
		       bool write)
{
	struct user_vec local;
	long ret;

	if (flags)
		return -EINVAL;
	ret = get_user_vec(&local, lvec, nr_local);
	if (ret)
		return ret;
	ret = transfer(pid, &local, rvec, nr_remote, write);
	put_user_vec(&local);
	return ret;
}

long sys_process_vm_readv(int pid, const struct iovec *lvec, unsigned long nr_local,
			  const struct iovec *rvec, unsigned long nr_remote, unsigned long flags)
{
	return process_vm(pid, lvec, nr_local, rvec, nr_remote, flags, false);
}

long sys_process_vm_writev(int pid, const struct iovec *lvec, unsigned long nr_local,
			   const struct iovec *rvec, unsigned long nr_remote, unsigned long flags)
{
	return process_vm(pid, lvec, nr_local, rvec, nr_remote, flags, true);
}
