/* time.h - system calls about clocks, sleeping and timers. Values: as Linux, or a negative
 * errno. */
#ifndef SYSCALL_TIME_H
#define SYSCALL_TIME_H

#include <lib/types.h>

struct itimerspec;
struct itimerval;
struct sigevent;
struct timespec;
struct timeval;
struct timezone;
struct tms;

long sys_time(long *t);
long sys_gettimeofday(struct timeval *tv, struct timezone *tz);
long sys_settimeofday(const struct timeval *tv, const struct timezone *tz);
long sys_clock_gettime(int clock, struct timespec *ts);
long sys_clock_settime(int clock, const struct timespec *ts);
long sys_clock_getres(int clock, struct timespec *ts);
long sys_nanosleep(const struct timespec *req, struct timespec *rem);
long sys_clock_nanosleep(int clock, int flags, const struct timespec *req, struct timespec *rem);
long sys_alarm(unsigned int seconds);
long sys_getitimer(int which, struct itimerval *value);
long sys_setitimer(int which, const struct itimerval *value, struct itimerval *old);
long sys_timer_create(int clock, const struct sigevent *event, int *id);
long sys_timer_settime(int id, int flags, const struct itimerspec *value, struct itimerspec *old);
long sys_timer_gettime(int id, struct itimerspec *value);
long sys_timer_getoverrun(int id);
long sys_timer_delete(int id);
long sys_times(struct tms *tms);

#endif
