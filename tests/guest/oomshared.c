/* oomshared.c - memory runs out where two processes share one address space: killing only one of
 * them frees nothing, so both must go, and nobody else. Linux has the same rule, but its choice
 * depends on more than is known here; so this runs on Avocet alone. */
#include "tap.h"
#include <sched.h>

#define CHUNK	MIB

static char stack[65536] __attribute__((aligned(16)));

static int sleeper(void *arg)
{
	return hang(arg);
}

/* Shares its memory with a process of its own group, then takes all there is. */
static int hog(pid_t *partner)
{
	pid_t pid = clone(sleeper, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	if (pid < 0)
		return 5;
	*partner = pid;
	for (;;) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return 4;
		memset(p, 1, CHUNK);
	}
}

/* Holds @bytes and goes on looking at them until it is told to stop. */
static int bystander(size_t bytes, volatile int *stop)
{
	char *p = map_anon(bytes, PROT_READ | PROT_WRITE);
	size_t i;

	memset(p, 'b', bytes);
	while (!*stop) {
		for (i = 0; i < bytes; i += PAGE)
			if (p[i] != 'b')
				return 1;
		sleep_ms(10);
	}
	return 0;
}

static bool is_gone(pid_t pid)
{
	int i;

	for (i = 0; i < 200 && kill(pid, 0) == 0; i++)
		sleep_ms(10);
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static void shared_hog(void)
{
	struct { pid_t partner; int stop; } *s = map_shared(PAGE);
	size_t keep = (size_t)meminfo_kib("MemFree") / 6 / 4 * PAGE;
	long before = meminfo_kib("MemFree");
	pid_t innocent = fork(), pid;
	int i;

	must(innocent >= 0);
	if (innocent == 0)
		_exit(bystander(keep, &s->stop));
	sleep_ms(200);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(hog(&s->partner));
	is(wait_for(pid), SIGKILL, "a process that uses up the memory is killed");
	ok(s->partner > 0 && is_gone(s->partner), "with the process that shares its memory");
	/* Should it have been left, the rest is tested all the same. */
	if (s->partner > 0)
		kill(s->partner, SIGKILL);
	s->stop = 1;
	is(wait_for(innocent), 0, "a large bystander lives on");
	ok(kill(1, 0) == 0, "so does process 1");
	for (i = 0; i < 200 && before - meminfo_kib("MemFree") > 8192; i++)
		sleep_ms(10);
	ok(before - meminfo_kib("MemFree") <= 8192, "the memory is free again");
	munmap(s, PAGE);
}

static void body(void)
{
	if (!on_avocet() || meminfo_kib("MemTotal") > 512 * 1024) {
		skip("not on Avocet, or with too much memory",
		     "both processes that share the memory are killed");
		return;
	}
	shared_hog();
	shared_hog();
}

int main(void)
{
	return tap_run(body, 20);
}
