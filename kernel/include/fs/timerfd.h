/* timerfd.h - timers that are read. */
#ifndef FS_TIMERFD_H
#define FS_TIMERFD_H

#include <lib/types.h>

struct file;
struct itimerspec;

/* @clock: CLOCK_REALTIME, MONOTONIC or BOOTTIME. @flags: O_NONBLOCK. ERR_PTR. */
struct file *timerfd_file(int clock, int flags);
bool is_timerfd_file(const struct file *file);
/* @flags: TFD_TIMER_*; *value has been checked. *old: what was set. */
void timerfd_set(struct file *file, int flags, const struct itimerspec *value,
		 struct itimerspec *old);
void timerfd_get(struct file *file, struct itimerspec *value);

#endif
