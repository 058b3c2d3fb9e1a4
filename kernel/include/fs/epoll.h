/* epoll.h - files that watch other files. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include <lib/types.h>

struct epoll_event;
struct file;

struct file *epoll_file(void);			/* ERR_PTR */
bool is_epoll_file(const struct file *file);

/* EPOLL_CTL_*. @ep is an epoll file, @file may be polled and is not @ep; @fd is the number by which
 * the caller knows it. 0, -EEXIST, -ENOENT, -ELOOP, -ENOMEM, -EINVAL. */
int epoll_control(struct file *ep, int op, struct file *file, int fd,
		  const struct epoll_event *event);
/* Sleep until there are events, write up to @max of them to user memory: how many; 0 when the time
 * is over; -EINTR, -EFAULT. @timeout_ns may be WAIT_FOREVER. */
int epoll_wait(struct file *ep, struct epoll_event *user, int max, u64 timeout_ns);
/* The last reference of @file has gone: no epoll watches it any more. For fput. */
void epoll_forget_file(struct file *file);

#endif
