/* user_vec.c - rows of buffers that a program describes: readv, process_vm_readv and their like.
 * Locks:  none. */
#include "user_vec.h"

#include <asm/uaccess.h>
#include <mm/slab.h>
#include <uapi/errno.h>

void put_user_vec(struct user_vec *uv)
{
	if (uv->vec != uv->inline_vec)
		kfree(uv->vec);
}

/* Bytes described, cut to what one call may move; errno if a segment cannot be right. */
static ssize_t check_vec(struct iovec *vec, unsigned long nr)
{
	size_t total = 0;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if ((ssize_t)vec[i].iov_len < 0)
			return -EINVAL;
		if (!access_ok(vec[i].iov_base, vec[i].iov_len))
			return -EFAULT;
		vec[i].iov_len = min(vec[i].iov_len, MAX_RW_COUNT - total);
		total += vec[i].iov_len;
	}
	return total;
}

int get_user_vec(struct user_vec *uv, const struct iovec *user, unsigned int nr)
{
	ssize_t total = -EFAULT;

	if (nr > UIO_MAXIOV)
		return -EINVAL;
	uv->vec = uv->inline_vec;
	if (nr > INLINE_IOVS) {
		uv->vec = kmalloc(nr * sizeof(*user), GFP_KERNEL);
		if (!uv->vec)
			return -ENOMEM;
	}
	if (!copy_from_user(uv->vec, user, nr * sizeof(*user)))
		total = check_vec(uv->vec, nr);
	if (total < 0) {
		put_user_vec(uv);
		return total;
	}
	iov_iter_user_vec(&uv->iter, uv->vec, nr, total);
	return 0;
}
