/* itimer.h - interval timers and limits on processor time. */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include <lib/types.h>

struct itimerval;
struct signal_struct;
struct task_struct;
struct timer;

/* @which: ITIMER_*. Either pointer may be NULL. 0 or -EINVAL. */
int do_getitimer(int which, struct itimerval *value);
int do_setitimer(int which, const struct itimerval *value, struct itimerval *old);
/* The scheduler's tick has found @task running; interrupts off. */
void process_tick(struct task_struct *task);
/* signal->real_timer has run out. */
void real_timer_expired(struct timer *timer);
/* The last thread is gone: no more alarms. */
void itimers_exit(struct signal_struct *signal);

#endif
