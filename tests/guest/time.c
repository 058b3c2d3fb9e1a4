/* time.c - clocks, sleeping, and timers. */
#include "tap.h"
#include <sys/time.h>
#include <sys/times.h>

static long ns(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	must(syscall(SYS_clock_gettime, clock, &t) == 0);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void clocks(void)
{
	struct timespec t;
	struct timeval tv;
	long last, now, back = 0, a, b;
	int i;

	for (i = 0, last = ns(CLOCK_MONOTONIC); i < 2000; i++, last = now) {
		now = ns(CLOCK_MONOTONIC);
		back += now < last;
	}
	is(back, 0, "the monotonic clock never goes back");
	a = ns(CLOCK_MONOTONIC);
	sleep_ms(20);
	b = ns(CLOCK_MONOTONIC);
	ok(b - a >= 20000000 && b - a < 2000000000, "it advances with time");
	is(clock_getres(CLOCK_MONOTONIC, &t), 0, "clock_getres works");
	ok(t.tv_sec == 0 && t.tv_nsec > 0 && t.tv_nsec <= 10000000, "and tells a fine resolution");
	ok(ns(CLOCK_REALTIME) > 0, "there is a time of day");
	must(gettimeofday(&tv, NULL) == 0);
	a = ns(CLOCK_REALTIME) / 1000 - (tv.tv_sec * 1000000L + tv.tv_usec);
	ok(a >= 0 && a < 1000000, "gettimeofday tells the same");
	ok(labs((long)time(NULL) - tv.tv_sec) <= 1, "so does time");
	ok(labs(ns(CLOCK_BOOTTIME) - ns(CLOCK_MONOTONIC)) < 5000000000L,
	   "the boot clock agrees with the monotonic one");
	ok(ns(CLOCK_MONOTONIC_COARSE) <= ns(CLOCK_MONOTONIC), "the coarse clock is not ahead");
	fails(syscall(SYS_clock_gettime, 77, &t), EINVAL, "an unknown clock is EINVAL");
	fails(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, hide(8)), EFAULT,
	      "a bad pointer is EFAULT");
}

static void processor_time(void)
{
	unsigned long end = now_ms() + 50;
	long a = ns(CLOCK_PROCESS_CPUTIME_ID), b;
	struct tms tms;

	while (now_ms() < end)
		;
	b = ns(CLOCK_PROCESS_CPUTIME_ID);
	ok(b - a > 10000000, "working takes processor time");
	a = ns(CLOCK_THREAD_CPUTIME_ID);
	sleep_ms(50);
	b = ns(CLOCK_THREAD_CPUTIME_ID);
	ok(b - a < 40000000, "sleeping does not");
	ok(times(&tms) != (clock_t)-1 && tms.tms_utime + tms.tms_stime >= 0, "times works");
}

static void sleeping(void)
{
	struct timespec t = { 0, 30000000 }, bad = { 0, 1000000000 }, past = { 0, 1 };
	unsigned long begin = now_ms();
	struct timespec later;

	is(nanosleep(&t, NULL), 0, "nanosleep succeeds");
	ok(now_ms() - begin >= 30, "and sleeps at least its time");
	fails(nanosleep(&bad, NULL), EINVAL, "1000000000 nanoseconds are EINVAL");
	bad = (struct timespec){ -1, 0 };
	fails(nanosleep(&bad, NULL), EINVAL, "negative seconds are EINVAL");
	fails(nanosleep((void *)hide(8), NULL), EFAULT, "a bad pointer is EFAULT");
	clock_gettime(CLOCK_MONOTONIC, &later);
	begin = now_ms();
	later.tv_nsec += 40000000;
	if (later.tv_nsec >= 1000000000)
		later.tv_sec++, later.tv_nsec -= 1000000000;
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &later, NULL), 0,
	   "clock_nanosleep to a point in time succeeds");
	ok(now_ms() - begin >= 39, "and waits until then");
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL), 0,
	   "a point in the past returns at once");
}

static volatile int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void timers(void)
{
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } }, off = { { 0, 0 }, { 0, 0 } }, old;
	unsigned long begin = now_ms();

	signal(SIGALRM, tick);
	is(setitimer(ITIMER_REAL, &every, NULL), 0, "an interval timer can be set");
	while (ticks < 5 && now_ms() - begin < 4000)
		pause();
	ok(ticks >= 5, "it ticks again and again");
	ok(now_ms() - begin >= 50, "not faster than it should");
	is(getitimer(ITIMER_REAL, &old), 0, "getitimer works");
	ok(old.it_interval.tv_usec == 10000 && old.it_value.tv_usec <= 10000,
	   "and tells interval and time left");
	setitimer(ITIMER_REAL, &off, &old);
	ticks = 0;
	sleep_ms(30);
	is(ticks, 0, "it can be stopped");
	is(alarm(100), 0, "alarm tells that none was set");
	is(alarm(0), 100, "and how much was left");
	signal(SIGALRM, SIG_DFL);
	alarm(10);
}

static void many_sleepers(void)
{
	enum { N = 30 };
	unsigned long begin = now_ms();
	int i, bad = 0;

	for (i = 0; i < N; i++)
		if (fork() == 0) {
			unsigned long start = now_ms();
			unsigned int mine = 10 + (unsigned int)(i * 7 % 40);

			sleep_ms(mine);
			_exit(now_ms() - start < mine);
		}
	for (i = 0; i < N; i++)
		bad += wait_for(-1) != 0;
	is(bad, 0, "30 sleepers each sleep their own time");
	ok(now_ms() - begin < 3000, "at the same time");
}

static void body(void)
{
	clocks();
	processor_time();
	sleeping();
	timers();
	many_sleepers();
}

int main(void)
{
	return tap_run(body, 10);
}
