/* poll.h - waiting for several files at once. file_operations->poll names, by poll_wait, every
 * wait queue that is woken when its answer changes, POLL_MAX_QUEUES at most, and returns the
 * POLL* bits that hold now. The queues are part of what the file has until its release. It must not
 * sleep: it reads its state without sleeping locks. (An epoll's takes a mutex: whoever sleeps for
 * that finds itself running afterwards, and goes round poll_sleep's loop once more.) @table is NULL
 * when only the bits are wanted; poll_wait then does nothing. */
#ifndef FS_POLL_H
#define FS_POLL_H

#include <sched/wait.h>
#include <uapi/poll.h>

struct file;
struct poll_table;

#define POLL_INLINE_ENTRIES	10
#define POLL_MAX_QUEUES		2	/* that one file names */

/* One queue that a waiter is on. */
struct poll_entry {
	struct file			*file;	/* a reference */
	struct wait_queue_head		*wq;
	struct wait_queue_entry		wait;
};

struct poll_chunk;

/* All queues of one poll or select; lives on its stack. */
struct poll_table {
	unsigned int		nr_inline;
	int			error;		/* -ENOMEM: an entry is missing */
	struct poll_chunk	*chunks;	/* what does not fit below */
	struct poll_entry	entries[POLL_INLINE_ENTRIES];
};

void poll_wait(struct file *file, struct wait_queue_head *wq, struct poll_table *table);

/* What a file without ->poll answers. */
#define DEFAULT_POLLMASK	(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* For poll and select themselves. Between init and free, call poll_file with the table once for
 * each file, then poll_sleep. */
void poll_table_init(struct poll_table *table);
void poll_table_free(struct poll_table *table);
/* The bits that hold now; with @table, its queues are remembered. */
unsigned int poll_file(struct file *file, struct poll_table *table);
/* Sleep until ready(arg), which must not sleep, is true. 0, -ERESTARTSYS or -ETIME; *timeout_ns (or
 * WAIT_FOREVER) becomes what is left. */
int poll_sleep(struct poll_table *table, bool (*ready)(void *arg), void *arg, u64 *timeout_ns);

#endif
