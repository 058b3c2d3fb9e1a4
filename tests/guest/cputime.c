/* cputime.c - clocks of processor time, and the timers that run on them. */
#include "tap.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

static long ns(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	must(syscall(SYS_clock_gettime, clock, &t) == 0);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* How often @clock goes back in @ms of reading it. */
static int goes_back(clockid_t clock, unsigned long ms)
{
	unsigned long end = now_ms() + ms;
	long last = ns(clock), now;
	int i, back = 0;

	while (now_ms() < end)
		for (i = 0; i < 1000; i++, last = now) {
			now = ns(clock);
			back += now < last;
		}
	return back;
}

static long us(struct timeval tv)
{
	return tv.tv_sec * 1000000L + tv.tv_usec;
}

/* The same for the sums of user and of system time; work is done in both modes in turns. */
static int usage_goes_back(unsigned long ms)
{
	unsigned long end = now_ms() + ms;
	struct rusage last, now;
	volatile int work;
	int i, back = 0;

	getrusage(RUSAGE_SELF, &last);
	while (now_ms() < end) {
		for (work = 0; work < 20000; work++)
			;
		for (i = 0; i < 50; i++) {
			getrusage(RUSAGE_SELF, &now);
			back += us(now.ru_utime) < us(last.ru_utime);
			back += us(now.ru_stime) < us(last.ru_stime);
			last = now;
		}
	}
	return back;
}

static volatile bool stop;

static void *spin(void *arg)
{
	while (!stop)
		;
	return arg;
}

static void *spin_a_little(void *arg)
{
	unsigned long end = now_ms() + 9;

	while (now_ms() < end)
		;
	return arg;
}

/* A thread that ends takes nothing of the process's time with it. */
static int lost_at_exit(void)
{
	long before, after;
	pthread_t thread;
	int i, back = 0;

	for (i = 0; i < 20; i++) {
		must(pthread_create(&thread, NULL, spin_a_little, NULL) == 0);
		sleep_ms(6);
		before = ns(CLOCK_PROCESS_CPUTIME_ID);
		pthread_join(thread, NULL);
		after = ns(CLOCK_PROCESS_CPUTIME_ID);
		back += after < before;
	}
	return back;
}

static void clocks(void)
{
	pthread_t thread;

	is(goes_back(CLOCK_THREAD_CPUTIME_ID, 800), 0, "a thread's time never goes back");
	must(pthread_create(&thread, NULL, spin, NULL) == 0);
	is(goes_back(CLOCK_PROCESS_CPUTIME_ID, 800), 0,
	   "nor does a process's, of which another thread runs");
	stop = true;
	pthread_join(thread, NULL);
	is(usage_goes_back(800), 0, "nor user and system time");
	is(lost_at_exit(), 0, "nor does a process's when a thread ends");
}

static volatile int rang;

static void ring(int sig)
{
	rang = sig;
}

/* Work of one millisecond and sleep of four in turns, until it rings or 500 ms are used. The time
 * used, in ms. */
static long until_ring(void)
{
	long begin = ns(CLOCK_PROCESS_CPUTIME_ID), until;

	while (!rang && ns(CLOCK_PROCESS_CPUTIME_ID) - begin < 500000000) {
		until = ns(CLOCK_THREAD_CPUTIME_ID) + 1000000;
		while (ns(CLOCK_THREAD_CPUTIME_ID) < until)
			;
		sleep_ms(4);
	}
	return (ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1000000;
}

static void timer(void)
{
	struct itimerval once = { { 0, 0 }, { 0, 100000 } }, left;
	long used;

	signal(SIGPROF, ring);
	must(setitimer(ITIMER_PROF, &once, NULL) == 0);
	used = until_ring();
	diag("after %ld ms of 100", used); /* Linux counts ticks, and may be far off */
	ok(rang && used >= 50, "ITIMER_PROF runs on what is used in short pieces, too");
	must(getitimer(ITIMER_PROF, &left) == 0);
	is(us(left.it_value), 0, "and is off after it has rung");
}

static void body(void)
{
	clocks();
	timer();
}

int main(void)
{
	return tap_run(body, 20);
}
