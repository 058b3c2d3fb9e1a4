/* epoll.h - epoll_create1(2), epoll_ctl(2) and epoll_wait(2). */
#ifndef UAPI_EPOLL_H
#define UAPI_EPOLL_H

#include <lib/types.h>

#define EPOLL_CTL_ADD	1
#define EPOLL_CTL_DEL	2
#define EPOLL_CTL_MOD	3

/* The events are those of poll(2), and: */
#define EPOLLEXCLUSIVE	(1u << 28)	/* wake one of the epolls that wait for the file */
#define EPOLLWAKEUP	(1u << 29)	/* for machines that sleep: ignored */
#define EPOLLONESHOT	(1u << 30)	/* tell once, until EPOLL_CTL_MOD */
#define EPOLLET		(1u << 31)	/* tell when something happens, not while it holds */

struct epoll_event {
	u32	events;
	u64	data;
} __packed;

BUILD_ASSERT(sizeof(struct epoll_event) == 12);

#endif
