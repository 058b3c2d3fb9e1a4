/* iov_iter.c - moving bytes between kernel memory and a row of buffers.
 * Holds:  count is what is left in iov[0..nr_segs) after the first iov_offset bytes.
 * Locks:  none; an iterator belongs to one thread. User memory may fault, so callers hold no
 *         spinning lock.
 * Read:   kernel/syscall/fs_rw.c for where iterators come from. */
#include <fs/iov_iter.h>

#include <lib/string.h>
#include <asm/uaccess.h>

static void iov_iter_single(struct iov_iter *iter, bool user, void *buf, size_t bytes)
{
	iter->user = user;
	iter->nr_segs = 1;
	iter->single.iov_base = buf;
	iter->single.iov_len = bytes;
	iter->iov = &iter->single;
	iter->iov_offset = 0;
	iter->count = bytes;
}

void iov_iter_user(struct iov_iter *iter, void *buf, size_t bytes)
{
	iov_iter_single(iter, true, buf, bytes);
}

void iov_iter_kernel(struct iov_iter *iter, void *buf, size_t bytes)
{
	iov_iter_single(iter, false, buf, bytes);
}

void iov_iter_user_vec(struct iov_iter *iter, const struct iovec *iov, unsigned int nr,
		       size_t bytes)
{
	iter->user = true;
	iter->nr_segs = nr;
	iter->iov = iov;
	iter->iov_offset = 0;
	iter->count = bytes;
}

void iov_iter_truncate(struct iov_iter *iter, size_t bytes)
{
	if (iter->count > bytes)
		iter->count = bytes;
}

void iov_iter_advance(struct iov_iter *iter, size_t bytes)
{
	bytes = min(bytes, iter->count);
	iter->count -= bytes;
	iter->iov_offset += bytes;
	while (iter->nr_segs > 1 && iter->iov_offset >= iter->iov->iov_len) {
		iter->iov_offset -= iter->iov->iov_len;
		iter->iov++;
		iter->nr_segs--;
	}
}

enum iov_op { IOV_PUT, IOV_TAKE, IOV_ZERO };

/* One stretch inside one segment. Returns the bytes moved. */
static size_t move_piece(struct iov_iter *iter, void *kernel, size_t bytes, enum iov_op op)
{
	void *buf = (char *)iter->iov->iov_base + iter->iov_offset;

	if (iter->user) {
		if (op == IOV_PUT)
			return bytes - copy_to_user(buf, kernel, bytes);
		if (op == IOV_TAKE)
			return bytes - copy_from_user(kernel, buf, bytes);
		return bytes - clear_user(buf, bytes);
	}
	if (op == IOV_PUT)
		memcpy(buf, kernel, bytes);
	else if (op == IOV_TAKE)
		memcpy(kernel, buf, bytes);
	else
		memset(buf, 0, bytes);
	return bytes;
}

static size_t iov_iter_move(struct iov_iter *iter, void *kernel, size_t bytes, enum iov_op op)
{
	size_t done = 0;

	bytes = min(bytes, iter->count);
	while (done < bytes) {
		size_t piece = min(bytes - done, iter->iov->iov_len - iter->iov_offset);
		size_t moved = move_piece(iter, kernel ? (char *)kernel + done : NULL, piece, op);

		iov_iter_advance(iter, moved);
		done += moved;
		if (moved < piece)
			break;
	}
	return done;
}

size_t copy_to_iter(const void *from, size_t bytes, struct iov_iter *iter)
{
	return iov_iter_move(iter, (void *)from, bytes, IOV_PUT);
}

size_t copy_from_iter(void *to, size_t bytes, struct iov_iter *iter)
{
	return iov_iter_move(iter, to, bytes, IOV_TAKE);
}

size_t iov_iter_zero(size_t bytes, struct iov_iter *iter)
{
	return iov_iter_move(iter, NULL, bytes, IOV_ZERO);
}
