/* eintr.c - system calls that sleep when a signal comes: EINTR, restart, and time left. */
#include "tap.h"
#include <poll.h>
#include <sys/time.h>

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void install(int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	sigaction(SIGUSR1, &sa, NULL);
	handled = 0;
}

/* A child that signals its parent after @ms, then, after as long again, does fn(arg). */
static pid_t poke(unsigned int ms, void (*fn)(int), int arg)
{
	pid_t parent = getpid(), pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		sleep_ms(ms);
		kill(parent, SIGUSR1);
		if (fn) {
			sleep_ms(ms);
			fn(arg);
		}
		_exit(0);
	}
	return pid;
}

static void write_byte(int fd)
{
	if (write(fd, "x", 1) < 0)
		_exit(1);
}

static void read_half(int fd)
{
	char buf[4096];
	int i;

	for (i = 0; i < 8; i++)
		if (read(fd, buf, sizeof(buf)) <= 0)
			break;
}

static void reading(void)
{
	int fds[2];
	pid_t pid;
	char c = 0;

	must(pipe(fds) == 0);
	install(0);
	pid = poke(10, NULL, 0);
	fails(read(fds[0], &c, 1), EINTR, "a signal ends a read that waits with EINTR");
	is(handled, 1, "after its handler has run");
	wait_for(pid);
	install(SA_RESTART);
	pid = poke(10, write_byte, fds[1]);
	is(read(fds[0], &c, 1), 1, "with SA_RESTART the read goes on");
	ok(handled == 1 && c == 'x', "the handler has run and the byte has come");
	wait_for(pid);
	signal(SIGUSR1, SIG_IGN);
	pid = poke(10, write_byte, fds[1]);
	is(read(fds[0], &c, 1), 1, "an ignored signal does not end it");
	wait_for(pid);
	close(fds[0]);
	close(fds[1]);
}

static void writing(void)
{
	static char big[200000];
	int fds[2];
	pid_t pid;
	ssize_t n;

	must(pipe(fds) == 0);
	install(0);
	pid = poke(20, NULL, 0);
	n = write(fds[1], big, sizeof(big));
	ok(n > 0 && n < (ssize_t)sizeof(big),
	   "a signal ends a long write with what has been written");
	wait_for(pid);
	pid = poke(20, NULL, 0);
	fails(write(fds[1], big, sizeof(big)), EINTR, "when nothing was written it is EINTR");
	wait_for(pid);
	install(SA_RESTART);
	pid = poke(20, read_half, fds[0]);
	is(write(fds[1], big, 100), 100, "with SA_RESTART the write goes on");
	wait_for(pid);
	close(fds[0]);
	close(fds[1]);
}

static void waiting(void)
{
	pid_t pid, target;
	int status, fds[2];
	char c;

	install(0);
	target = fork();
	if (target == 0)
		hang(NULL);
	pid = poke(10, NULL, 0);
	fails(waitpid(target, &status, 0), EINTR, "a signal ends waitpid with EINTR");
	wait_for(pid);
	kill(target, SIGKILL);
	wait_for(target);
	install(SA_RESTART);
	must(pipe(fds) == 0);
	target = fork();
	if (target == 0)
		_exit(read(fds[0], &c, 1) == 1 ? 3 : 4);
	pid = poke(10, write_byte, fds[1]);
	is(waitpid(target, &status, 0), target, "with SA_RESTART waitpid goes on");
	ok(handled == 1 && status == EXITED(3), "the handler has run and the status has come");
	wait_for(pid);
	close(fds[0]);
	close(fds[1]);
}

static void sleeping(void)
{
	struct timespec want = { 5, 0 }, left = { 0, 0 };
	unsigned long begin;
	pid_t pid;

	install(SA_RESTART);
	pid = poke(20, NULL, 0);
	fails(nanosleep(&want, &left), EINTR,
	      "a signal ends nanosleep with EINTR, even with SA_RESTART");
	ok(left.tv_sec == 4 && left.tv_nsec > 0, "it tells the time that is left");
	wait_for(pid);
	begin = now_ms();
	want = (struct timespec){ 0, 60000000 };
	pid = fork();
	if (pid == 0)
		hang(NULL);
	kill(pid, SIGSTOP);
	nanosleep(&want, NULL);
	ok(now_ms() - begin >= 60, "signals of others do not shorten it");
	kill(pid, SIGKILL);
	wait_for(pid);
	install(0);
	pid = poke(10, NULL, 0);
	fails(pause(), EINTR, "pause returns EINTR after a handler");
	wait_for(pid);
	pid = poke(10, NULL, 0);
	fails(poll(NULL, 0, 5000), EINTR, "a signal ends poll with EINTR");
	wait_for(pid);
	install(SA_RESTART);
	pid = poke(10, NULL, 0);
	fails(poll(NULL, 0, 5000), EINTR, "even with SA_RESTART");
	wait_for(pid);
}

/* A sleep that is stopped and continued ends at its time. */
static int sleep_a_while(void *arg)
{
	struct timespec t = { 0, 50000000 };
	unsigned long begin = now_ms();

	(void)arg;
	if (nanosleep(&t, NULL))
		return 1;
	return now_ms() - begin >= 50 ? 0 : 2;
}

static void stopped(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(sleep_a_while(NULL));
	sleep_ms(10);
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED) == pid);
	kill(pid, SIGCONT);
	is(wait_for(pid), 0, "nanosleep goes on after stop and continue");
}

static void body(void)
{
	reading();
	writing();
	waiting();
	sleeping();
	stopped();
}

int main(void)
{
	return tap_run(body, 10);
}
