/* signalfd.c - signals that are read. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static sigset_t set_of(int one, int other)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, one);
	sigaddset(&set, other);
	return set;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

static int take(int fd, struct signalfd_siginfo *si)
{
	memset(si, 0, sizeof(*si));
	return read(fd, si, sizeof(*si)) == sizeof(*si) ? (int)si->ssi_signo : -errno;
}

static void reading(void)
{
	sigset_t set = set_of(SIGUSR1, SIGRTMIN), wider = set_of(SIGUSR2, SIGCHLD);
	struct signalfd_siginfo si, two[2];
	int fd;
	pid_t pid;

	sigprocmask(SIG_BLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &wider, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	must(fd >= 0);
	is(take(fd, &si), -EAGAIN, "without a signal there is nothing to read");
	ok(!readable(fd), "nor is it readable");
	kill(getpid(), SIGUSR1);
	ok(readable(fd), "a signal makes it readable");
	is(take(fd, &si), SIGUSR1, "it can be read");
	ok(si.ssi_code == SI_USER && (pid_t)si.ssi_pid == getpid() && si.ssi_uid == getuid(),
	   "with its sender");
	is(take(fd, &si), -EAGAIN, "and is gone");
	kill(getpid(), SIGUSR2);
	is(take(fd, &si), -EAGAIN, "a signal of another set is not read");
	is(signalfd(fd, &wider, 0), fd, "the set can be changed");
	is(take(fd, &si), SIGUSR2, "then it is");
	signalfd(fd, &set, 0);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 7 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 8 });
	is(read(fd, two, sizeof(two)), sizeof(two), "several are read at once");
	ok(two[0].ssi_int == 7 && two[1].ssi_int == 8 && two[0].ssi_code == SI_QUEUE,
	   "in their order, with their values");
	signalfd(fd, &wider, 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(5);
	wait_for(pid);
	ok(take(fd, &si) == SIGCHLD && (pid_t)si.ssi_pid == pid && si.ssi_status == 5 &&
		   si.ssi_code == CLD_EXITED, "a child's end comes with its status");
	signalfd(fd, &set, 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		kill(getppid(), SIGUSR1);
		sleep_ms(20);
		_exit(readable(fd) || take(fd, &si) != -EAGAIN);
	}
	is(wait_for(pid), 0, "a child reads none of its parent's signals");
	is(take(fd, &si), SIGUSR1, "they are the parent's to read");
	close(fd);
}

static void *send_late(void *arg)
{
	(void)arg;
	sleep_ms(30);
	kill(getpid(), SIGUSR1);
	return NULL;
}

static void waiting(void)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2);
	struct epoll_event event = { .events = EPOLLIN };
	int fd = signalfd(-1, &set, 0), ep = epoll_create1(0);
	struct signalfd_siginfo si;
	pthread_t thread;
	int i, n = 0;
	pid_t pid;

	must(pthread_create(&thread, NULL, send_late, NULL) == 0);
	is(take(fd, &si), SIGUSR1, "a read waits for a signal");
	pthread_join(thread, NULL);
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0);
	must(pthread_create(&thread, NULL, send_late, NULL) == 0);
	is(epoll_wait(ep, &event, 1, 5000), 1, "an epoll tells when one comes");
	pthread_join(thread, NULL);
	is(take(fd, &si), SIGUSR1, "it is there");
	is(epoll_wait(ep, &event, 1, 0), 0, "read, it is told no more");
	for (i = 0; i < 200; i++) {
		kill(getpid(), SIGUSR2);
		n += epoll_wait(ep, &event, 1, 5000) == 1 && take(fd, &si) == SIGUSR2;
	}
	is(n, 200, "so do two hundred, one by one");
	close(fd);
	/* It is watched by a process that ends, and used by one that goes on. */
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		fd = signalfd(-1, &set, 0);
		event.events = EPOLLIN;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event))
			_exit(1);
		if (fork() == 0) {
			sleep_ms(30);
			kill(getpid(), SIGUSR1);
			_exit(epoll_wait(ep, &event, 1, 0) < 0);
		}
		_exit(0);
	}
	is(wait_for(pid), 0, "an epoll outlives the process that added a signalfd");
	sleep_ms(100);
	is(epoll_wait(ep, &event, 1, 0), 0, "and the one that used it");
	close(ep);
}

static void errors(void)
{
	sigset_t set = set_of(SIGUSR1, SIGKILL);
	struct signalfd_siginfo si;
	int fd = signalfd(-1, &set, SFD_NONBLOCK);

	ok(fd >= 0, "SIGKILL may stand in the set");
	fails(read(fd, &si, sizeof(si) - 1), EINVAL, "a read takes a whole signal");
	fails(signalfd(0, &set, 0), EINVAL, "another file is no signalfd");
	fails(signalfd(999, &set, 0), EBADF, "nor is nothing");
	fails(signalfd(-1, &set, 1), EINVAL, "there is no such flag");
	fails(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL, "a set has 8 bytes");
	fails(syscall(SYS_signalfd4, -1, NULL, 8, 0), EFAULT, "which are memory");
	close(fd);
}

static void body(void)
{
	reading();
	waiting();
	errors();
}

int main(void)
{
	return tap_run(body, 30);
}
