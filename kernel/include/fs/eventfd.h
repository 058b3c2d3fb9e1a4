/* eventfd.h - a counter that can be waited for. */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

struct file;

/* @flags: EFD_SEMAPHORE, O_NONBLOCK. ERR_PTR. */
struct file *eventfd_file(unsigned int count, int flags);

#endif
