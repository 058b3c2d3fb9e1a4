/* iov_iter.h - a row of user or kernel buffers, and how far it has been used up. */
#ifndef FS_IOV_ITER_H
#define FS_IOV_ITER_H

#include <lib/types.h>
#include <uapi/uio.h>

struct iov_iter {
	bool			user;		/* buffers are user memory */
	unsigned int		nr_segs;	/* left, the current one included */
	const struct iovec	*iov;		/* current segment */
	size_t			iov_offset;	/* bytes of it used */
	size_t			count;		/* bytes left in all */
	struct iovec		single;		/* what iov points to when there is just one */
};

/* One buffer. */
void iov_iter_user(struct iov_iter *iter, void *buf, size_t bytes);
void iov_iter_kernel(struct iov_iter *iter, void *buf, size_t bytes);
/* Several user buffers; @bytes is their sum. @iov is kernel memory and must outlive @iter. */
void iov_iter_user_vec(struct iov_iter *iter, const struct iovec *iov, unsigned int nr,
		       size_t bytes);

static inline size_t iov_iter_count(const struct iov_iter *iter)
{
	return iter->count;
}

/* Copy, and step over what was copied. Returns: the bytes moved; fewer than @bytes when the buffers
 * end or user memory is bad. May sleep: no spinning lock may be held. */
size_t copy_to_iter(const void *from, size_t bytes, struct iov_iter *iter);
size_t copy_from_iter(void *to, size_t bytes, struct iov_iter *iter);
size_t iov_iter_zero(size_t bytes, struct iov_iter *iter);
void iov_iter_advance(struct iov_iter *iter, size_t bytes);
/* Do not let more than @bytes move. */
void iov_iter_truncate(struct iov_iter *iter, size_t bytes);

#endif
