/* poll.c - poll, ppoll and select over pipes, files and bad descriptors. */
#include "tap.h"
#include <poll.h>
#include <sys/select.h>

static void on_pipes(void)
{
	int fds[2], none[2];
	struct pollfd p[3];
	char c;
	pid_t pid;
	unsigned long begin;

	must(pipe(fds) == 0 && pipe(none) == 0);
	p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	is(poll(p, 2, 0), 1, "of an empty pipe only the writing end is ready");
	is(p[0].revents, 0, "its reading end is not");
	is(p[1].revents, POLLOUT, "its writing end may be written");
	must(write(fds[1], "x", 1) == 1);
	is(poll(p, 1, -1), 1, "with a byte in it the reading end is ready");
	is(p[0].revents, POLLIN, "it may be read");
	must(read(fds[0], &c, 1) == 1);
	begin = now_ms();
	is(poll(p, 1, 30), 0, "poll ends after its time");
	ok(now_ms() - begin >= 30, "and not before");
	pid = fork();
	if (pid == 0) {
		sleep_ms(20);
		_exit(write(fds[1], "y", 1) != 1);
	}
	p[1] = (struct pollfd){ .fd = none[0], .events = POLLIN };
	is(poll(p, 2, 5000), 1, "poll wakes up when one of two pipes gets a byte");
	ok(p[0].revents == POLLIN && p[1].revents == 0, "and tells which");
	wait_for(pid);
	must(read(fds[0], &c, 1) == 1);
	close(fds[1]);
	is(poll(p, 1, -1), 1, "a pipe without writers is ready");
	is(p[0].revents & POLLHUP, POLLHUP, "it says POLLHUP");
	p[0] = (struct pollfd){ .fd = none[1], .events = POLLOUT };
	close(none[0]);
	is(poll(p, 1, -1), 1, "a pipe without readers is ready");
	is(p[0].revents & POLLERR, POLLERR, "it says POLLERR");
	close(fds[0]);
	close(none[1]);
}

static void others(void)
{
	int fd = make_file("/tmp/poll", 1);
	struct pollfd p[3] = {
		{ .fd = fd, .events = POLLIN | POLLOUT },
		{ .fd = 999, .events = POLLIN },
		{ .fd = -1, .events = POLLIN, .revents = 7 },
	};

	is(poll(p, 3, 1000), 2, "files and bad descriptors are ready at once");
	is(p[0].revents, POLLIN | POLLOUT, "a file may be read and written");
	is(p[1].revents, POLLNVAL, "a closed descriptor says POLLNVAL");
	is(p[2].revents, 0, "a negative descriptor is passed over");
	fails(poll((struct pollfd *)hide(8), 1, 0), EFAULT, "a bad pointer is EFAULT");
	is(poll(NULL, 0, 5), 0, "poll of nothing sleeps");
	close(fd);
	unlink("/tmp/poll");
}

static void selecting(void)
{
	struct timeval soon = { 0, 20000 };
	struct timespec never = { 0, 0 };
	struct pollfd p;
	fd_set in, out;
	int fds[2];

	must(pipe(fds) == 0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	is(select(fds[1] + 1, &in, &out, NULL, NULL), 1, "select finds the writing end ready");
	ok(!FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out), "and only that");
	FD_SET(fds[0], &in);
	is(select(fds[0] + 1, &in, NULL, NULL, &soon), 0, "select ends after its time");
	must(write(fds[1], "x", 1) == 1);
	FD_SET(fds[0], &in);
	is(select(fds[0] + 1, &in, NULL, NULL, NULL), 1, "select finds a byte");
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	is(ppoll(&p, 1, &never, NULL), 1, "ppoll finds it, too");
	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	close(fds[0]);
	fails(select(fds[0] + 1, &in, NULL, NULL, NULL), EBADF, "select of a closed one is EBADF");
	close(fds[1]);
}

static void body(void)
{
	on_pipes();
	others();
	selecting();
}

int main(void)
{
	return tap_run(body, 10);
}
