/* cow.c - copy-on-write after fork: both sides, reuse, generations, and the kernel as writer. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

static volatile int *gate;	/* shared steps between processes */

static void wait_gate(int step)
{
	while (*gate < step)
		sleep_ms(1);
}

static int bytes_not(const char *p, size_t pages, char want)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < pages * PAGE; i += 64)
		bad += p[i] != want;
	return bad;
}

static int sees_and_writes(void *arg)
{
	char *p = arg;

	if (bytes_not(p, 16, 'P'))
		return 1;
	memset(p, 'C', 16 * PAGE);
	return bytes_not(p, 16, 'C') ? 2 : 0;
}

static void child_writes(char *p)
{
	memset(p, 'P', 16 * PAGE);
	child_ok(sees_and_writes, p, "a child sees the parent's memory and can overwrite it");
	is(bytes_not(p, 16, 'P'), 0, "the parent keeps its own");
	memset(p, 'Q', 16 * PAGE);
	is(bytes_not(p, 16, 'Q'), 0, "the parent can write after the child's end");
}

static void parent_writes(char *p)
{
	pid_t pid;

	memset(p, 'P', 16 * PAGE);
	*gate = 0;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		wait_gate(1);
		_exit(bytes_not(p, 16, 'P') ? 1 : 0);
	}
	memset(p, 'N', 16 * PAGE);
	*gate = 1;
	is(wait_for(pid), 0, "a child sees the memory of the moment of the fork");
	is(bytes_not(p, 16, 'N'), 0, "the parent sees what it wrote since");
}

static int grandchild(void *arg)
{
	char *p = arg;

	if (p[0] != 'C' || p[PAGE] != 'P')
		return 1;
	p[0] = 'G';
	p[PAGE] = 'G';
	return 0;
}

static int middle(void *arg)
{
	char *p = arg;

	p[0] = 'C';
	if (child(grandchild, p) != 0)
		return 1;
	return p[0] == 'C' && p[PAGE] == 'P' ? 0 : 2;
}

static void generations(char *p)
{
	p[0] = p[PAGE] = 'P';
	child_ok(middle, p, "a grandchild sees its parent's and grandparent's pages, and copies");
	ok(p[0] == 'P' && p[PAGE] == 'P', "the grandparent keeps its own");
}

/* Each of 100 generations adds one to a counter in memory and forks the next. */
static void deep_chain(char *p)
{
	int depth, status;

	*(int *)p = 0;
	for (depth = 0; depth < 100; depth++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid > 0) {
			status = wait_for(pid);
			if (depth)
				_exit(status == 0 && *(int *)p == depth ? 0 : 1);
			is(status, 0, "in a chain of 100 generations each has its own counter");
			is(*(int *)p, 0, "the first one's is unchanged");
			return;
		}
		++*(int *)p;
	}
	_exit(*(int *)p == 100 ? 0 : 1);
}

/* Parent dies, child forks, again and again: no page may be lost or freed too early. */
static void relay_race(char *p)
{
	int fds[2], round;
	char c = 0;
	pid_t pid;

	must(pipe(fds) == 0);
	memset(p, 'R', 16 * PAGE);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		for (round = 0; round < 300; round++) {
			pid_t next = fork();

			if (next < 0)
				_exit(1);
			if (next > 0)
				_exit(0);
			p[(round % 16) * (int)PAGE + 1] = (char)round;
		}
		c = bytes_not(p, 16, 'R') ? 'x' : 'y';
		_exit(write(fds[1], &c, 1) == 1 ? 0 : 1);
	}
	close(fds[1]);
	wait_for(pid);
	must(read(fds[0], &c, 1) == 1);
	close(fds[0]);
	is(c, 'y', "300 generations whose parents exit at once keep the memory");
	is(bytes_not(p, 16, 'R'), 0, "the first parent's memory is as it was");
}

static void many_children(char *p)
{
	enum { N = 40 };
	pid_t pid[N];
	int i, j, bad = 0;

	memset(p, 'M', 16 * PAGE);
	*gate = 0;
	for (i = 0; i < N; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0) {
			wait_gate(1);
			p[(i % 16) * (int)PAGE] = (char)i;
			sleep_ms(5);
			bad = p[(i % 16) * (int)PAGE] != (char)i;
			for (j = 0; j < 16; j++)
				bad += j != i % 16 && p[j * (int)PAGE] != 'M';
			_exit(bad ? 1 : 0);
		}
	}
	*gate = 1;
	memset(p, 'm', 16 * PAGE);
	for (i = 0; i < N; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "40 children that write at once each have their own pages");
	is(bytes_not(p, 16, 'm'), 0, "and so has the parent");
}

static void by_the_kernel(char *p)
{
	int fds[2];
	pid_t pid;

	must(pipe(fds) == 0);
	memset(p, 'P', 2 * PAGE);
	*gate = 0;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		wait_gate(1);
		_exit(bytes_not(p, 2, 'P'));
	}
	must(write(fds[1], "kernel", 6) == 6);
	is(read(fds[0], p + PAGE - 3, 6), 6, "read(2) into shared pages breaks the sharing");
	ok(memcmp(p + PAGE - 3, "kernel", 6) == 0, "its bytes have arrived");
	*gate = 1;
	is(wait_for(pid), 0, "the other side does not see them");
	close(fds[0]);
	close(fds[1]);
}

/* When the other side has gone, a write takes the page over rather than copying it. */
static void reuse(void)
{
	enum { PAGES = 2048 };
	char *p = map_anon(PAGES * PAGE, RW);
	long before, after;
	size_t i;
	int bad = 0;
	pid_t pid;

	memset(p, 'u', PAGES * PAGE);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	must(wait_for(pid) == 0);
	before = meminfo_kib("MemFree");
	for (i = 0; i < PAGES; i++)
		p[i * PAGE] = 'v';
	after = meminfo_kib("MemFree");
	ok(before - after < 2048, "writing 8 MiB that a dead child shared takes no 8 MiB more");
	for (i = 0; i < PAGES; i++)
		bad += p[i * PAGE] != 'v' || p[i * PAGE + 1] != 'u';
	is(bad, 0, "and the content is right");
	munmap(p, PAGES * PAGE);
}

/* A child that only reads takes no memory for the pages it reads. */
static void sharing(void)
{
	enum { PAGES = 2048 };
	char *p = map_anon(PAGES * PAGE, RW);
	long before, after;
	pid_t pid;

	memset(p, 's', PAGES * PAGE);
	*gate = 0;
	before = meminfo_kib("MemFree");
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		int bad = bytes_not(p, PAGES, 's');

		*gate = 1;
		wait_gate(2);
		_exit(bad != 0);
	}
	wait_gate(1);
	after = meminfo_kib("MemFree");
	*gate = 2;
	is(wait_for(pid), 0, "a child reads 8 MiB of its parent");
	ok(before - after < 4096, "it shares them: no second 8 MiB are used");
	munmap(p, PAGES * PAGE);
}

static int reads_zero_writes(void *arg)
{
	char *p = arg;

	if (p[0] != 0)
		return 1;
	p[0] = 1;
	return 0;
}

static void zero_page(void)
{
	char *p = map_anon(PAGE, RW);

	(void)*(volatile char *)p;
	child_ok(reads_zero_writes, p, "a child can write where only the zero page was");
	is(p[0], 0, "the parent still reads zero there");
	munmap(p, PAGE);
}

static void body(void)
{
	char *p = map_anon(16 * PAGE, RW);

	gate = map_shared(PAGE);
	child_writes(p);
	parent_writes(p);
	generations(p);
	deep_chain(p);
	relay_race(p);
	many_children(p);
	by_the_kernel(p);
	reuse();
	sharing();
	zero_page();
}

int main(void)
{
	return tap_run(body, 15);
}
