/* session.c - process groups, sessions, and children whose parent ends first. */
#include "tap.h"
#include <sys/prctl.h>

static pid_t start(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		_exit(fn(arg));
	return pid;
}

static int own_group(void *arg)
{
	(void)arg;
	if (setpgid(0, 0) || getpgrp() != getpid() || getpgid(0) != getpid())
		return 1;
	return getsid(0) != getpid() ? 0 : 2;
}

static void groups(void)
{
	pid_t a, b;

	child_ok(own_group, NULL, "setpgid(0, 0) makes the caller the leader of a group");
	a = start(hang, NULL);
	b = start(hang, NULL);
	is(setpgid(a, a), 0, "a parent can put a child into a group of its own");
	is(getpgid(a), a, "getpgid tells it");
	is(setpgid(b, a), 0, "and another child into the same group");
	is(getpgid(b), a, "getpgid tells that too");
	is(kill(-a, SIGTERM), 0, "kill with a negative pid signals the group");
	is(wait_for(a), SIGTERM, "the first member got it");
	is(wait_for(b), SIGTERM, "the second member got it");
	fails(kill(-a, SIGTERM), ESRCH, "a group without members is ESRCH");
	fails(setpgid(1, 0), ESRCH, "setpgid of a process that is no child is ESRCH");
	fails(setpgid(0, -1), EINVAL, "a negative group is EINVAL");
	fails(getpgid(99999999), ESRCH, "getpgid of nobody is ESRCH");
	fails(getsid(99999999), ESRCH, "getsid of nobody is ESRCH");
	a = start(hang, NULL);
	fails(setpgid(a, 99999999), EPERM, "a group that does not exist is EPERM");
	kill(a, SIGKILL);
	wait_for(a);
}

static int own_session(void *arg)
{
	pid_t sid = setsid();

	(void)arg;
	if (sid != getpid() || getsid(0) != sid || getpgrp() != sid)
		return 1;
	if (setsid() != -1 || errno != EPERM)
		return 2;
	if (setpgid(0, 0) != -1 || errno != EPERM)
		return 3;
	if (open("/dev/tty", O_RDWR) >= 0)
		return 4;
	return errno == ENXIO ? 0 : 5;
}

static int leader_of_group(void *arg)
{
	(void)arg;
	setpgid(0, 0);
	return setsid() == -1 && errno == EPERM ? 0 : 1;
}

static void sessions(void)
{
	child_ok(own_session, NULL, "setsid makes a new session and group without a terminal");
	child_ok(leader_of_group, NULL, "setsid of a group's leader is EPERM");
}

/* A child starts a grandchild and ends; the grandchild tells its new parent through a pipe. */
static int orphan_parent(bool subreaper)
{
	int fds[2], parent = -1;
	pid_t pid;

	must(pipe(fds) == 0);
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -1;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		pid_t mine = getpid();

		if (fork() == 0) {
			int i;

			for (i = 0; i < 1000 && getppid() == mine; i++)
				sleep_ms(1);
			parent = getppid();
			_exit(write(fds[1], &parent, sizeof(parent)) < 0);
		}
		_exit(0);
	}
	close(fds[1]);
	wait_for(pid);
	must(read(fds[0], &parent, sizeof(parent)) == sizeof(parent));
	close(fds[0]);
	return parent;
}

static int has_no_children(void *arg)
{
	(void)arg;
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : 1;
}

static int ends_with_zombies(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 20; i++)
		if (fork() == 0)
			_exit(i);
	sleep_ms(10);
	return 0;
}

static int killed_by_parent(void *arg)
{
	int *fds = arg;
	pid_t pid = fork();

	if (pid == 0) {
		char c = 'x';

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(fds[1], &c, 1) < 0)
			return 1;
		for (;;)
			pause();
	}
	return read(fds[2], &(char){ 0 }, 1) < 0;
}

static void parent_death_signal(void)
{
	int fds[4];
	char c;
	pid_t pid;

	must(pipe(fds) == 0);
	must(pipe(fds + 2) == 0);
	pid = start(killed_by_parent, fds);
	close(fds[1]);
	close(fds[2]);
	must(read(fds[0], &c, 1) == 1);
	must(write(fds[3], &c, 1) == 1);
	wait_for(pid);
	is(read(fds[0], &c, 1), 0, "PR_SET_PDEATHSIG kills a child when its parent ends");
	close(fds[0]);
	close(fds[3]);
}

static void orphans(void)
{
	is(orphan_parent(false), 1, "an orphan becomes a child of process 1");
	child_ok(has_no_children, NULL, "a new process has no children");
	child_ok(ends_with_zombies, NULL, "a process can end with 20 children not waited for");
	fails(waitpid(-1, NULL, WNOHANG), ECHILD, "they are not handed to the grandparent");
	parent_death_signal();
}

/* The controlling process of an orphaned group that is stopped gets SIGHUP and SIGCONT. */
static void orphaned_group(void)
{
	int fds[2];
	char c = 0;
	pid_t pid;

	must(pipe(fds) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		pid_t inner;

		setsid();
		inner = fork();
		if (inner == 0) {
			setpgid(0, 0);
			raise(SIGSTOP);
			_exit(write(fds[1], "c", 1) < 0);
		}
		waitpid(inner, NULL, WUNTRACED);
		_exit(0);
	}
	close(fds[1]);
	wait_for(pid);
	is(read(fds[0], &c, 1), 0, "a stopped group that becomes orphaned is ended by SIGHUP");
	close(fds[0]);
}

static void body(void)
{
	groups();
	sessions();
	orphans();
	orphaned_group();
}

int main(void)
{
	return tap_run(body, 10);
}
