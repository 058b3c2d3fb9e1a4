/* pipe_internal.h - the ring of a pipe, for pipe.c and splice.c.
 * Locks:  pipe.c's opening comment. */
#ifndef FS_PIPE_INTERNAL_H
#define FS_PIPE_INTERNAL_H

#include <asm/atomic.h>
#include <lib/types.h>
#include <sched/wait.h>
#include <sync/mutex.h>

struct file;
struct iov_iter;

#define PIPE_MAX_SLOTS	256u		/* 1 MiB, for F_SETPIPE_SZ */

struct pipe_slot {
	void		*page;
	unsigned int	offset, len;	/* the unread bytes */
	bool		packet;		/* O_DIRECT: one write, to be read by one read */
};

struct pipe {
	struct mutex		mutex;		/* RANK_PIPE */
	struct wait_queue_head	rd_wait, wr_wait; /* for data; for room */
	unsigned int		head, tail;	/* [mutex] next to fill; next to empty */
	unsigned int		ring_size;	/* [mutex] slots, a power of two */
	bool			busy;		/* [mutex] the oldest slot is being written out */
	bool			watched;	/* somebody may wait for edges; for ever */
	unsigned int		readers, writers; /* [mutex] open files */
	unsigned int		r_counter, w_counter; /* [mutex] opens ever, for FIFOs */
	unsigned int		users;		/* [pipe_open_lock] open files and openers */
	void			*spare_page;	/* [mutex] the page emptied last */
	struct pipe_slot	*slots;		/* [mutex] */
};

static inline struct pipe_slot *slot_at(const struct pipe *pipe, unsigned int pos)
{
	return &pipe->slots[pos & (pipe->ring_size - 1)];
}

static inline bool pipe_empty(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) == READ_ONCE(pipe->tail);
}

static inline bool pipe_full(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) >= READ_ONCE(pipe->ring_size);
}

struct pipe *pipe_of(const struct file *file);
/* The mutex is held for all of these; the two that wait drop it meanwhile.
 * 1: there is something to read; 0: nothing, and nobody will write; -EAGAIN, -ERESTARTSYS. */
int pipe_need_data(struct pipe *pipe, bool nonblock);
/* 0: a slot is free; -EPIPE (SIGPIPE is sent), -EAGAIN, -ERESTARTSYS. */
int pipe_need_room(struct pipe *pipe, bool nonblock);
/* Hand over a page with @bytes from its start. There is room. */
void pipe_add_page(struct pipe *pipe, void *page, size_t bytes);
/* Put in what fits. Bytes, possibly 0, or errno if the first of them failed. */
ssize_t pipe_fill(struct pipe *pipe, struct iov_iter *from, bool packet);
/* Forget the emptied oldest slot; its page waits for the next writer. */
void pipe_drop_slot(struct pipe *pipe, struct pipe_slot *slot);
/* Without the mutex: wake one of those who wait for data or room. */
void pipe_wake(struct wait_queue_head *wq);

#endif
