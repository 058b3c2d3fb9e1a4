/* timerfd.c - timers that are read. */
#include "tap.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define MS	1000000L

static int new_timer(int clock, int flags)
{
	int fd = timerfd_create(clock, flags);

	must(fd >= 0);
	return fd;
}

static int set(int fd, int flags, long first_ms, long then_ms)
{
	struct itimerspec value = {
		.it_value = { first_ms / 1000, first_ms % 1000 * MS },
		.it_interval = { then_ms / 1000, then_ms % 1000 * MS },
	};

	return timerfd_settime(fd, flags, &value, NULL);
}

/* What a read tells, or -errno. */
static long ticks(int fd)
{
	uint64_t value;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? (long)value : -errno;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void once(int clock, const char *name)
{
	int fd = new_timer(clock, 0);
	unsigned long begin = now_ms();

	must(set(fd, 0, 150, 0) == 0);
	ok(!readable(fd), "%s: a timer that runs cannot be read at once", name);
	is(ticks(fd), 1, "%s: the read ends when it expires, once", name);
	ok(now_ms() - begin >= 149, "%s: not before its time", name);
	ok(!readable(fd), "%s: and then it is quiet", name);
	close(fd);
}

static void periodic(void)
{
	int fd = new_timer(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec left;
	unsigned long begin;
	long n, sum;

	is(ticks(fd), -EAGAIN, "one that is not set and does not block has nothing to read");
	begin = now_ms();
	must(set(fd, 0, 10, 10) == 0);
	sleep_ms(105);
	ok(readable(fd), "a periodic one is readable when it has expired");
	sum = ticks(fd);
	ok(sum >= 10, "it counts every time that nobody read");
	while ((n = ticks(fd)) > 0)	/* it may expire between the reads */
		sum += n;
	ok(n == -EAGAIN && sum * 10 <= (long)(now_ms() - begin) + 1, "once each");
	must(timerfd_gettime(fd, &left) == 0);
	ok(left.it_interval.tv_nsec == 10 * MS && left.it_value.tv_nsec <= 10 * MS,
	   "gettime tells its interval and what is left");
	sleep_ms(30);
	n = ticks(fd);
	ok(n >= 2, "it goes on after a read");
	must(set(fd, 0, 0, 10) == 0);
	sleep_ms(20);
	is(ticks(fd), -EAGAIN, "a first time of 0 stops it");
	must(timerfd_gettime(fd, &left) == 0);
	is(left.it_value.tv_sec | left.it_value.tv_nsec, 0, "nothing is left then");
	must(set(fd, 0, 1, 0) == 0);
	sleep_ms(10);
	must(set(fd, 0, 1000, 0) == 0);
	is(ticks(fd), -EAGAIN, "setting it forgets what was not read");
	close(fd);
}

static void absolute(int clock, const char *name)
{
	int fd = new_timer(clock, 0);
	struct itimerspec value = { 0 }, old;
	struct timespec now;

	clock_gettime(clock, &now);
	value.it_value = now;
	value.it_value.tv_sec += 1000;
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, NULL) == 0);
	value.it_value = now;
	is(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, &old), 0, "%s: a time may be past", name);
	ok(old.it_value.tv_sec >= 990 && old.it_value.tv_sec <= 1000,
	   "%s: what was left of the one before is told", name);
	is(ticks(fd), 1, "%s: it expires at once", name);
	close(fd);
}

static void errors(void)
{
	struct itimerspec bad = { .it_value = { 0, 1000000000 } }, some = { .it_value = { 1, 0 } };
	int fd = new_timer(CLOCK_MONOTONIC, 0), p[2];
	uint64_t value;

	must(pipe(p) == 0);
	fails(timerfd_create(77, 0), EINVAL, "there is no such clock");
	fails(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL, "nor a timer of processor time");
	fails(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL, "nor such a flag");
	fails(timerfd_settime(fd, 8, &some, NULL), EINVAL, "nor for setting");
	fails(timerfd_settime(fd, 0, &bad, NULL), EINVAL, "a second has 10^9 nanoseconds");
	fails(timerfd_settime(fd, 0, (void *)KERNEL_ADDR, NULL), EFAULT, "the value is memory");
	fails(timerfd_settime(p[0], 0, &some, NULL), EINVAL, "a pipe is no timer");
	fails(timerfd_gettime(999, &some), EBADF, "nor is nothing");
	fails(read(fd, &value, 7), EINVAL, "a read takes 8 bytes");
	fails(write(fd, &value, 8), EINVAL, "a timer cannot be written");
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void waits(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = new_timer(CLOCK_MONOTONIC, 0), ep = epoll_create1(0), i, n = 0;
	char path[64], buf[512];
	ssize_t len;

	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0 && set(fd, 0, 10, 10) == 0);
	for (i = 0; i < 5; i++) {
		n += epoll_wait(ep, &event, 1, 5000) == 1;
		n += ticks(fd) > 0;
	}
	is(n, 10, "an epoll tells each time that it expires");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	i = open(path, O_RDONLY);
	len = read(i, buf, sizeof(buf) - 1);
	buf[len > 0 ? len : 0] = 0;
	close(i);
	ok(strstr(buf, "clockid: 1\n") && strstr(buf, "it_interval: (0, 10000000)\n"),
	   "fdinfo tells of it");
	must(set(fd, 0, 5000, 0) == 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	is(ticks(fd), -EINTR, "a signal ends a read");
	setitimer(ITIMER_REAL, &never, NULL);
	close(ep);
	close(fd);
	fd = new_timer(CLOCK_MONOTONIC, 0);
	must(set(fd, 0, 1, 1) == 0);
	close(fd);
	sleep_ms(10);
	ok(true, "one that runs can be closed");
}

static void body(void)
{
	once(CLOCK_MONOTONIC, "monotonic");
	once(CLOCK_REALTIME, "real");
	once(CLOCK_BOOTTIME, "since boot");
	periodic();
	absolute(CLOCK_MONOTONIC, "monotonic");
	absolute(CLOCK_REALTIME, "real");
	errors();
	waits();
}

int main(void)
{
	return tap_run(body, 30);
}
