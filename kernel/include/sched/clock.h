/* clock.h - time, and being called at a time. All times are nanoseconds. */
#ifndef SCHED_CLOCK_H
#define SCHED_CLOCK_H

#include <lib/rbtree.h>
#include <lib/types.h>

#define NSEC_PER_SEC	1000000000UL
#define NSEC_PER_MSEC	1000000UL
#define NSEC_PER_USEC	1000UL

u64 ktime_get(void);		/* since boot, monotonic on all processors */
u64 ktime_get_real(void);	/* since 1970 */
void ktime_set_real(u64 now);

/* Calls fn from the timer interrupt, interrupts off, at or soon after the time. */
struct timer {
	struct rb_node	node;
	u64		expires;	/* ktime_get() time */
	void		(*fn)(struct timer *timer);
	int		cpu;		/* whose tree it is or was in last, -1: none yet */
	bool		queued;		/* [that tree's lock] it is in it */
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));
void timer_start(struct timer *timer, u64 expires);	/* again moves it; callers take turns */
/* True if it was pending. On return fn is not running on any processor (do not call under a lock fn
 * takes). */
bool timer_cancel(struct timer *timer);
/* before the first timer; sched_init() calls it */
void clock_init(void);
/* Arm this processor's next interrupt anew: the scheduler's tick has changed. Interrupts off. */
void clock_rearm(void);

/* The arch calls this from its timer interrupt; it runs what is due and arms the next event. */
void timer_interrupt(void);
/* Supplied by the arch: next interrupt on this processor at @when (0: as soon as possible). */
void clock_event_program(u64 when);

#endif
