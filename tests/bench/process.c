/* process.c - rows: switches between processes, exec, and threads that fault side by side. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- processes ---- */

static unsigned long ping_pong(size_t n)
{
	int to[2], from[2];
	unsigned long begin;
	size_t i, bad = 0;
	char c = 0, d;
	pid_t pid;

	must(pipe(to) == 0 && pipe(from) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1) {
			c++;
			if (write(from[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(to[0]);
	begin = ticks();
	for (i = 0; i < n; i++) {
		c = (char)i;
		bad += (size_t)(write(to[1], &c, 1) != 1) + (size_t)(read(from[0], &d, 1) != 1);
		bad += (size_t)(d != (char)(c + 1));
	}
	begin = ticks() - begin;
	close(to[1]);
	close(from[0]);
	close(from[1]);
	wait_well(pid);
	must(!bad);
	return begin;
}

static unsigned long fork_exec(size_t n)
{
	char *argv[] = { "bench", "--nothing", NULL }, *envp[] = { NULL };
	unsigned long begin = ticks();
	size_t i;

	for (i = 0; i < n; i++) {
		int status = -1;
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0) {
			execve("/proc/self/exe", argv, envp);
			_exit(1);
		}
		must(waitpid(pid, &status, 0) == pid);
		must(status == 42 << 8);
	}
	return ticks() - begin;
}

/* ---- switches ---- */

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static void roam(void)
{
	cpu_set_t set;
	unsigned int i;

	CPU_ZERO(&set);
	for (i = 0; i < cpus; i++)
		CPU_SET(i, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/* Waits for its turn and passes it on, @n times. */
static void take_turns(int mine, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		while (shared->turn != mine)
			sched_yield();
		shared->turn = !mine;
	}
}

/* Two processes on one processor that yield to each other. */
static unsigned long switch_process(size_t n)
{
	unsigned long begin;
	pid_t pid;

	stay_on(0);
	shared->turn = 0;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		take_turns(1, n / 2);
		_exit(0);
	}
	take_turns(0, 1);
	begin = ticks();
	take_turns(0, n / 2 - 1);
	begin = ticks() - begin;
	wait_well(pid);
	must(shared->turn == 0);
	roam();
	return begin;
}

static void *turns_thread(void *n)
{
	stay_on(0);
	take_turns(1, *(size_t *)n / 2);
	return NULL;
}

/* The same with two threads, so that no page table is changed. */
static unsigned long switch_thread(size_t n)
{
	unsigned long begin;
	pthread_t thread;

	stay_on(0);
	shared->turn = 0;
	must(pthread_create(&thread, NULL, turns_thread, &n) == 0);
	take_turns(0, 1);
	begin = ticks();
	take_turns(0, n / 2 - 1);
	begin = ticks() - begin;
	must(pthread_join(thread, NULL) == 0);
	must(shared->turn == 0);
	roam();
	return begin;
}

/* ---- faults side by side ---- */

struct part {
	char *p;
	size_t pages;
};

static void *touch_part(void *arg)
{
	struct part *part = arg;

	touch(part->p, part->pages, 22);
	return NULL;
}

/* Both halves of @p at the same time. */
static void touch_by_two(char *p, size_t pages)
{
	struct part a = { p, pages / 2 }, b = { p + pages / 2 * PAGE, pages - pages / 2 };
	pthread_t thread;

	must(pthread_create(&thread, NULL, touch_part, &b) == 0);
	touch_part(&a);
	must(pthread_join(thread, NULL) == 0);
}

static unsigned long first_touch_by(char *p, size_t pages, int threads)
{
	unsigned long begin = ticks();

	if (threads == 1)
		touch(p, pages, 22);
	else
		touch_by_two(p, pages);
	begin = ticks() - begin;
	must(not_equal(p, pages, 22) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long faults_1_thread(size_t pages)
{
	return first_touch_by(map(pages), pages, 1);
}

/* Threads of one process, so both use one mmap_lock. */
static unsigned long faults_2_threads(size_t pages)
{
	return first_touch_by(map(pages), pages, 2);
}

/* Processes that have nothing in common. */
static unsigned long faults_2_processes(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;
	pid_t pid;
	int go[2];
	char c;

	must(pipe(go) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		must(read(go[0], &c, 1) == 1);
		touch(p, pages / 2, 23);
		_exit(not_equal(p, pages / 2, 23) != 0);
	}
	begin = ticks();
	must(write(go[1], "g", 1) == 1);
	touch(p + pages / 2 * PAGE, pages / 2, 24);
	wait_well(pid);
	begin = ticks() - begin;
	must(not_equal(p, pages / 2, 0) == 0);
	must(not_equal(p + pages / 2 * PAGE, pages / 2, 24) == 0);
	close(go[0]);
	close(go[1]);
	munmap(p, pages * PAGE);
	return begin;
}

static volatile bool stop;

static void *spin(void *arg)
{
	while (!stop)
		;
	return arg;
}

/* A page goes that another processor may have in its TLB. */
static unsigned long dontneed_beside_thread(size_t n)
{
	char *p = map(1);
	unsigned long begin, took = 0;
	pthread_t thread;
	size_t i;

	stop = false;
	must(pthread_create(&thread, NULL, spin, NULL) == 0);
	for (i = 0; i < n; i++) {
		touch(p, 1, 25);
		begin = ticks();
		must(madvise(p, PAGE, MADV_DONTNEED) == 0);
		took += ticks() - begin;
		must(not_equal(p, 1, 0) == 0);
	}
	stop = true;
	must(pthread_join(thread, NULL) == 0);
	munmap(p, PAGE);
	return took;
}

void process_rows(void)
{
	row("pipe_ping_pong", ping_pong, 5000, "round-trip");
	row("fork_exec_exit_wait", fork_exec, 100, "exec");
	row("switch_processes", switch_process, 10000, "switch");
	row("switch_threads", switch_thread, 10000, "switch");
	row("faults_1_thread", faults_1_thread, 8192, "page");
	row("faults_2_threads", faults_2_threads, 8192, "page");
	row("faults_2_processes", faults_2_processes, 8192, "page");
	if (cpus > 1)
		row("dontneed_beside_thread", dontneed_beside_thread, 2000, "call");
}
