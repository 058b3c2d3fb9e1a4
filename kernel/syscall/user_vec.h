/* user_vec.h - a copy of a program's row of buffers. */
#ifndef SYSCALL_USER_VEC_H
#define SYSCALL_USER_VEC_H

#include <asm/page.h>
#include <fs/iov_iter.h>

#define MAX_RW_COUNT	(0x7fffffffUL & PAGE_MASK)	/* bytes that one call may move */
#define INLINE_IOVS	8

/* The row, and an iterator over what it describes. */
struct user_vec {
	struct iovec	inline_vec[INLINE_IOVS];
	struct iovec	*vec;
	struct iov_iter	iter;
};

/* 0, and put_user_vec is due; -EINVAL, -EFAULT, -ENOMEM. As on Linux, the upper half of the number
 * that a program gives does not count. */
int get_user_vec(struct user_vec *uv, const struct iovec *user, unsigned int nr);
void put_user_vec(struct user_vec *uv);

#endif
