/* timespec.h - seconds and nanoseconds, as programs give times, to nanoseconds and back. */
#ifndef SCHED_TIMESPEC_H
#define SCHED_TIMESPEC_H

#include <lib/types.h>
#include <sched/clock.h>
#include <uapi/time.h>

#define MAX_SECONDS	9000000000L	/* 285 years: what 63 bits of nanoseconds hold */

static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && (unsigned long)ts->tv_nsec < NSEC_PER_SEC;
}

/* Of a valid @ts; at most MAX_SECONDS. */
static inline u64 timespec_ns(const struct timespec *ts)
{
	if (ts->tv_sec > MAX_SECONDS)
		return MAX_SECONDS * NSEC_PER_SEC;
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static inline struct timespec ns_timespec(u64 ns)
{
	return (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

#endif
