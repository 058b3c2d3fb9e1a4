/* posix_timer.h - timers of a process that send signals: timer_create(2) and its like. */
#ifndef PROC_POSIX_TIMER_H
#define PROC_POSIX_TIMER_H

#include <lib/types.h>

struct itimerspec;
struct sigevent;
struct signal_struct;

/* For current's process. @event NULL: SIGALRM with the timer's number. All return a number or 0;
 * -EINVAL (no such timer, clock, signal or thread), -EAGAIN (too many). */
int posix_timer_create(int clock, const struct sigevent *event);
int posix_timer_set(int id, bool absolute, const struct itimerspec *value, struct itimerspec *old);
int posix_timer_get(int id, struct itimerspec *value);
int posix_timer_overrun(int id);
int posix_timer_delete(int id);
/* exec, or the end, of current: all of them go, and what signals of timers wait. */
void posix_timers_exit(struct signal_struct *signal);

#endif
