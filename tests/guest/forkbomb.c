/* forkbomb.c - processes without end: fork fails with EAGAIN or ENOMEM, and all recovers. */
#include "tap.h"
#include <sys/resource.h>

static int *forked;	/* shared: how many forks have succeeded in all */
static int *refusal;	/* shared: the errno of the last one that failed */

static void be_nobody(void)
{
	must(setgid(1000) == 0 && setuid(1000) == 0);
}

/* Forks children that wait until there can be no more. */
static int to_the_limit(void *limit)
{
	struct rlimit r = { (rlim_t)(uintptr_t)limit, (rlim_t)(uintptr_t)limit };
	static pid_t pid[1000];
	int n, i, err;

	be_nobody();
	if (setrlimit(RLIMIT_NPROC, &r))
		return 1;
	for (n = 0; n < 1000; n++) {
		pid[n] = fork();
		if (pid[n] < 0)
			break;
		if (pid[n] == 0)
			hang(NULL);
	}
	err = errno;
	for (i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (i = 0; i < n; i++)
		if (wait_for(pid[i]) != SIGKILL)
			return 2;
	if (err != EAGAIN)
		return 3;
	return n == (int)(uintptr_t)limit - 1 ? 0 : 4;
}

/* Every process forks as often as it can: the classic. Bounded by a count for safety. */
static int bomb(void *max)
{
	setpgid(0, 0);
	be_nobody();
	while (__atomic_load_n(forked, __ATOMIC_SEQ_CST) < (int)(uintptr_t)max) {
		pid_t pid = fork();

		if (pid < 0) {
			*refusal = errno;
			break;
		}
		if (pid > 0)
			__atomic_fetch_add(forked, 1, __ATOMIC_SEQ_CST);
	}
	hang(NULL);
	return 0;
}

static void limited(void)
{
	struct rlimit r;

	is(getrlimit(RLIMIT_NPROC, &r), 0, "there is a limit of processes");
	child_ok(to_the_limit, (void *)20, "at RLIMIT_NPROC fork is EAGAIN");
	child_ok(to_the_limit, (void *)60, "the limit counts all processes of a user");
}

static int bomb_with_limit(void *limit)
{
	struct rlimit r = { (rlim_t)(uintptr_t)limit, (rlim_t)(uintptr_t)limit };

	if (setrlimit(RLIMIT_NPROC, &r))
		return 1;
	return bomb((void *)5000);
}

static void bombing(void)
{
	/* Fewer where there is less memory: the machine's own limit must not come first. */
	uintptr_t limit = meminfo_kib("MemTotal") > 200 * 1024 ? 300 : 100;
	pid_t pid = fork(), one;
	int i, last = -1;

	must(pid >= 0);
	if (pid == 0)
		_exit(bomb_with_limit((void *)limit));
	/* Wait until it stands still. */
	for (i = 0; i < 200 && !(*refusal && *forked == last); i++) {
		last = *forked;
		sleep_ms(20);
	}
	ok(*refusal == EAGAIN || *refusal == ENOMEM, "a fork bomb ends in EAGAIN or ENOMEM");
	ok(*forked >= (int)limit - 50, "after some hundred processes");
	diag("%d forks", *forked);
	one = fork();
	if (one == 0)
		_exit(3);
	is(one > 0 ? wait_for(one) : -1, EXITED(3), "root can still fork");
	is(kill(-pid, SIGKILL), 0, "one kill reaches all of them");
	wait_for(pid);
	for (i = 0; i < 200 && kill(-pid, 0) == 0; i++)
		sleep_ms(10);
	fails(kill(-pid, 0), ESRCH, "soon none is left");
	for (i = 0; i < 50; i++) {
		one = fork();
		if (one == 0)
			_exit(0);
		if (one < 0 || wait_for(one) != 0)
			break;
	}
	is(i, 50, "forking works as before");
}

static void body(void)
{
	forked = map_shared(PAGE);
	refusal = forked + 1;
	limited();
	bombing();
}

int main(void)
{
	return tap_run(body, 20);
}
