/* uio.h - buffers of readv and writev. */
#ifndef UAPI_UIO_H
#define UAPI_UIO_H

#include <lib/types.h>

#define UIO_MAXIOV	1024
#define RWF_HIPRI	0x01
#define RWF_DSYNC	0x02
#define RWF_SYNC	0x04
#define RWF_NOWAIT	0x08
#define RWF_APPEND	0x10

struct iovec {
	void	*iov_base;
	size_t	iov_len;
};

#endif
