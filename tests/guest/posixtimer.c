/* posixtimer.c - timers that send signals, and sleeping by processor time. The calls are made
 * without the C library's wrappers, which make threads of some of them. */
#include "tap.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define MS	1000000L

static int create(int clock, int notify, int sig, int tid, int value)
{
	struct sigevent event;
	int id;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = notify;
	event.sigev_signo = sig;
	event.sigev_value.sival_int = value;
	memcpy((char *)&event + 16, &tid, sizeof(tid));
	return syscall(SYS_timer_create, clock, &event, &id) ? -1 : id;
}

static int set(int id, int flags, long first_ms, long then_ms)
{
	struct itimerspec value = {
		.it_value = { first_ms / 1000, first_ms % 1000 * MS },
		.it_interval = { then_ms / 1000, then_ms % 1000 * MS },
	};

	return (int)syscall(SYS_timer_settime, id, flags, &value, NULL);
}

static int get(int id, struct itimerspec *value)
{
	return (int)syscall(SYS_timer_gettime, id, value);
}

static int overrun(int id)
{
	return (int)syscall(SYS_timer_getoverrun, id);
}

static int drop(int id)
{
	return (int)syscall(SYS_timer_delete, id);
}

static sigset_t block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

/* The next signal of @set within @ms, or -1. */
static int next(sigset_t *set, siginfo_t *info, long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * MS };
	int sig;

	do
		sig = sigtimedwait(set, info, &ts);
	while (sig < 0 && errno == EINTR);
	return sig;
}

static void once(void)
{
	sigset_t signals = block(SIGRTMIN), alarms = block(SIGALRM);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 42), other;
	unsigned long begin;
	siginfo_t info;

	ok(id >= 0, "a timer can be made");
	is(next(&signals, &info, 20), -1, "before it is set it sends nothing");
	begin = now_ms();
	must(set(id, 0, 30, 0) == 0);
	is(next(&signals, &info, 5000), SIGRTMIN, "its signal comes when it expires");
	ok(now_ms() - begin >= 29, "not before");
	ok(info.si_code == SI_TIMER && info.si_value.sival_int == 42 && info.si_overrun == 0,
	   "and says what it is, with its value");
	is(next(&signals, &info, 50), -1, "once");
	is(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &other), 0, "the event may be NULL");
	ok(other != id, "another timer has another number");
	must(set(other, 0, 1, 0) == 0);
	ok(next(&alarms, &info, 5000) == SIGALRM && info.si_value.sival_int == other,
	   "then it sends SIGALRM with its number");
	is(drop(id), 0, "it can be deleted");
	fails(drop(id), EINVAL, "once");
	drop(other);
}

static void periodic(void)
{
	sigset_t signals = block(SIGRTMIN);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 1), i, n = 0;
	struct itimerspec left;
	siginfo_t info;

	must(set(id, 0, 10, 10) == 0);
	for (i = 0; i < 5; i++)
		n += next(&signals, &info, 5000) == SIGRTMIN;
	is(n, 5, "a periodic one goes on");
	must(get(id, &left) == 0);
	ok(left.it_interval.tv_nsec == 10 * MS && left.it_value.tv_nsec <= 10 * MS,
	   "gettime tells its interval and what is left");
	while (next(&signals, &info, 0) > 0)
		;
	sleep_ms(120);
	must(next(&signals, &info, 5000) == SIGRTMIN);
	ok(info.si_overrun >= 8, "one signal stands for all that expire while it waits");
	ok(overrun(id) >= 0, "getoverrun counts them");
	must(set(id, 0, 0, 0) == 0);
	while (next(&signals, &info, 0) > 0)
		;
	is(next(&signals, &info, 50), -1, "setting it to 0 stops it");
	must(get(id, &left) == 0);
	ok(!left.it_value.tv_sec && !left.it_value.tv_nsec, "nothing is left then");
	drop(id);
}

static void absolute(int clock, const char *name)
{
	sigset_t signals = block(SIGRTMIN);
	int id = create(clock, SIGEV_SIGNAL, SIGRTMIN, 0, 1);
	struct itimerspec value = { 0 }, old;
	siginfo_t info;

	clock_gettime(clock, &value.it_value);
	value.it_value.tv_sec += 1000;
	must(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &value, NULL) == 0);
	value.it_value.tv_sec -= 1000;
	must(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &value, &old) == 0);
	ok(old.it_value.tv_sec >= 990 && old.it_value.tv_sec <= 1000, "%s: what was left is told",
	   name);
	is(next(&signals, &info, 5000), SIGRTMIN, "%s: a time that is past expires at once", name);
	drop(id);
}

/* ---- who gets it ---- */

static atomic_int tid;

static void *waits(void *arg)
{
	sigset_t signals = block(SIGRTMIN);
	siginfo_t info;

	(void)arg;
	atomic_store(&tid, (int)syscall(SYS_gettid));
	return (void *)(long)(next(&signals, &info, 5000) == SIGRTMIN && info.si_code == SI_TIMER);
}

static int no_timers(void *id)
{
	struct itimerspec left;

	return get(*(int *)id, &left) == 0;
}

/* Goes with timers of all kinds that run. */
static int leaves_some(void *arg)
{
	int i;

	(void)arg;
	block(SIGRTMIN);
	for (i = 0; i < 20; i++)
		if (set(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, i), 0, 1, i % 3))
			return 1;
	sleep_ms(5);
	return 0;
}

static int too_many(void *arg)
{
	struct rlimit none = { 0, 0 };

	(void)arg;
	setrlimit(RLIMIT_SIGPENDING, &none);
	return create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 1) != -1 || errno != EAGAIN;
}

static void receivers(void)
{
	sigset_t signals = block(SIGRTMIN);
	struct itimerspec left;
	pthread_t thread;
	siginfo_t info;
	void *ret;
	int id;

	must(pthread_create(&thread, NULL, waits, NULL) == 0);
	while (!atomic_load(&tid))
		sleep_ms(1);
	id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL | 4, SIGRTMIN, atomic_load(&tid), 1);
	ok(id >= 0 && set(id, 0, 20, 0) == 0, "a timer may be for one thread");
	pthread_join(thread, &ret);
	is((long)ret, 1, "which gets its signal");
	is(next(&signals, &info, 0), -1, "and no other");
	is(set(id, 0, 1, 1), 0, "it runs on when the thread has gone");
	is(next(&signals, &info, 20), -1, "and nobody hears of it");
	drop(id);
	fails(create(CLOCK_MONOTONIC, SIGEV_SIGNAL | 4, SIGRTMIN, atomic_load(&tid), 1), EINVAL,
	      "a thread that has gone gets no timer");
	id = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
	must(id >= 0 && set(id, 0, 1000, 0) == 0 && get(id, &left) == 0);
	ok(left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 500 * MS, "one may tell nobody");
	child_ok(no_timers, &id, "a child has none of them");
	drop(id);
	child_ok(leaves_some, NULL, "a process may end with timers that run");
	child_ok(too_many, NULL, "they count as waiting signals do");
}

static void errors(void)
{
	struct itimerspec bad = { .it_value = { 0, 1000000000 } }, left;
	int id = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);

	fails(create(77, SIGEV_NONE, 0, 0, 0), EINVAL, "there is no such clock");
	fails(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, 0, 0), EINVAL, "nor signal 0");
	fails(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0, 0), EINVAL, "nor signal 65");
	fails(create(CLOCK_MONOTONIC, 77, SIGUSR1, 0, 0), EINVAL, "nor such a way to tell");
	fails(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL, "nor such a time");
	fails(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL, "nor none");
	fails(set(id + 1, 0, 1, 0), EINVAL, "nor such a timer");
	fails(get(id + 1, &left), EINVAL, "to look at");
	fails(overrun(id + 1), EINVAL, "or to count");
	drop(id);
}

/* ---- sleeping by processor time ---- */

static atomic_int stop;

static void *burn(void *arg)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		;
	return arg;
}

static long cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / MS;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void cpu_sleep(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	/* Again and again: the first may come before the sleep begins. */
	struct itimerval soon = { { 0, 30000 }, { 0, 30000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct timespec some = { 0, 100 * MS }, much = { 100, 0 }, left = { 0, 0 };
	sigset_t signals;
	pthread_t thread;
	long begin;

	sigemptyset(&signals);
	sigaddset(&signals, SIGALRM);
	must(pthread_create(&thread, NULL, burn, NULL) == 0);
	begin = cpu_ms();
	is(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &some, NULL), 0,
	   "one can sleep until the process has used some time");
	ok(cpu_ms() - begin >= 99, "it has");
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	is(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &much, &left), EINTR,
	   "a signal ends it, since nobody uses any");
	setitimer(ITIMER_REAL, &never, NULL);
	ok(left.tv_sec >= 99 && left.tv_sec <= 100, "what is left is told");
	fails(syscall(SYS_clock_nanosleep, -2, 0, &some, NULL), EINVAL,
	      "nobody waits for the time of the thread that waits");
}

static void body(void)
{
	once();
	periodic();
	absolute(CLOCK_MONOTONIC, "monotonic");
	absolute(CLOCK_REALTIME, "real");
	receivers();
	errors();
	cpu_sleep();
}

int main(void)
{
	return tap_run(body, 60);
}
