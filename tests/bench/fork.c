/* fork.c - rows: fork, and the end of what it made. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- fork ---- */

unsigned long fork_nothing(size_t n)
{
	unsigned long begin = ticks();
	size_t i;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0)
			_exit(0);
		wait_well(pid);
	}
	return ticks() - begin;
}

static unsigned long fork_call(size_t pages)
{
	char *p = map(pages);
	unsigned long begin, took;
	pid_t pid;

	touch(p, pages, 11);
	begin = ticks();
	pid = fork();
	took = ticks() - begin;
	must(pid >= 0);
	if (pid == 0)
		_exit(not_equal(p, pages, 11) != 0);
	wait_well(pid);
	munmap(p, pages * PAGE);
	return took;
}

static unsigned long fork_exit_wait(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;
	pid_t pid;

	touch(p, pages, 12);
	begin = ticks();
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(p[0] != 12);
	wait_well(pid);
	begin = ticks() - begin;
	must(not_equal(p, pages, 12) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* @vmas mappings of one page each, with a gap behind each. */
static char *map_many(size_t vmas)
{
	char *p = map(2 * vmas);
	size_t i;

	for (i = 0; i < vmas; i++) {
		must(munmap(p + (2 * i + 1) * PAGE, PAGE) == 0);
		p[2 * i * PAGE] = 13;
	}
	return p;
}

static int wrong_in_many(const char *p, size_t vmas)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < vmas; i++)
		bad += p[2 * i * PAGE] != 13;
	return bad;
}

static unsigned long fork_many_vmas(size_t vmas)
{
	char *p = map_many(vmas);
	unsigned long begin, took;
	pid_t pid;

	begin = ticks();
	pid = fork();
	took = ticks() - begin;
	must(pid >= 0);
	if (pid == 0)
		_exit(wrong_in_many(p, vmas) != 0);
	wait_well(pid);
	munmap(p, 2 * vmas * PAGE);
	return took;
}

static unsigned long fork_exit_wait_many_vmas(size_t vmas)
{
	char *p = map_many(vmas);
	unsigned long begin = ticks();
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		_exit(p[0] != 13);
	wait_well(pid);
	begin = ticks() - begin;
	must(wrong_in_many(p, vmas) == 0);
	munmap(p, 2 * vmas * PAGE);
	return begin;
}

/* Children that all map the same pages end one after another. @mappings is children x pages. */
static unsigned long exit_crowd(size_t mappings)
{
	enum { CHILDREN = 64 };
	size_t pages = mappings / CHILDREN;
	char *p = map(pages), c;
	pid_t pid[CHILDREN];
	int go[2], i;
	unsigned long begin;

	touch(p, pages, 14);
	must(pipe(go) == 0);
	for (i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0) {
			close(go[1]);
			_exit(read(go[0], &c, 1) != 0 || p[PAGE] != 14);
		}
	}
	close(go[0]);
	begin = ticks();
	close(go[1]);
	for (i = 0; i < CHILDREN; i++)
		wait_well(pid[i]);
	begin = ticks() - begin;
	must(not_equal(p, pages, 14) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

#define GENERATIONS	32

/* Generation @left and all after it: write our part of @p, fork the next, look, wait. */
static void generation(char *p, size_t pages, int left)
{
	char *part = p + (size_t)(left - 1) * pages * PAGE;
	pid_t pid = 0;

	touch(part, pages, (char)left);
	if (left > 1) {
		pid = fork();
		must(pid >= 0);
		if (pid == 0) {
			generation(p, pages, left - 1);
			_exit(0);
		}
		wait_well(pid);
	}
	must(not_equal(part, pages, (char)left) == 0);
}

/* A chain of generations that are all alive at its end, each writing some pages. */
static unsigned long fork_chain(size_t pages)
{
	char *p = map(pages);
	unsigned long t;

	touch(p, pages, 1);
	t = ticks();
	generation(p, pages / GENERATIONS, GENERATIONS);
	t = ticks() - t;
	munmap(p, pages * PAGE);
	return t;
}

#define BRANCHES	64

/* Children that are all alive each write a part of @p, which is @pages for all of them together. */
static unsigned long fork_fan_out(size_t pages)
{
	size_t part = pages / BRANCHES;
	char *p = map(pages), c;
	pid_t pid[BRANCHES];
	unsigned long t;
	int go[2], i;

	touch(p, pages, 19);
	must(pipe(go) == 0);
	t = ticks();
	for (i = 0; i < BRANCHES; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0) {
			close(go[1]);
			touch(p + (size_t)i * part * PAGE, part, 20);
			must(read(go[0], &c, 1) == 0);
			_exit(not_equal(p + (size_t)i * part * PAGE, part, 20) != 0);
		}
	}
	close(go[1]);
	for (i = 0; i < BRANCHES; i++)
		wait_well(pid[i]);
	t = ticks() - t;
	close(go[0]);
	must(not_equal(p, pages, 19) == 0);
	munmap(p, pages * PAGE);
	return t;
}

/* What fork, exit and wait take more because of them. */
static unsigned long fork_split(size_t vmas)
{
	unsigned long without, with;
	char *p;

	fork_nothing(1);	/* leaves this process's pages as the next one will */
	without = fork_nothing(1);
	p = map_split(vmas, 15);
	with = fork_nothing(1);
	must(not_equal(p, vmas, 15) == 0);
	munmap(p, vmas * PAGE);
	return with > without ? with - without : 0;
}

/* Is there memory for @mib MiB that are touched, with room to spare? */
static bool room_for(size_t mib)
{
	return number_in("/proc/meminfo", "MemFree:") > (long)(mib + mib / 4) * 1024;
}

/* Rows for processes of more and more touched memory. */
static void touched_rows(void)
{
	static const size_t sizes[] = { 1, 16, 64, 256 };
	size_t i, pages;
	char name[64];

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes) && room_for(sizes[i]); i++) {
		pages = sizes[i] * MIB / PAGE;
		snprintf(name, sizeof(name), "fork_call_%zuM", sizes[i]);
		row(name, fork_call, pages, "page");
		snprintf(name, sizeof(name), "fork_exit_wait_%zuM", sizes[i]);
		row(name, fork_exit_wait, pages, "page");
	}
}

void fork_rows(void)
{
	row("fork_exit_wait_nothing", fork_nothing, 200, "fork");
	touched_rows();
	row("fork_200_vmas", fork_many_vmas, 200, "page");
	row("fork_exit_wait_200_vmas", fork_exit_wait_many_vmas, 200, "page");
	row("fork_chain_32", fork_chain, 32UL * 32, "page");
	row("fork_fan_out_64", fork_fan_out, 64UL * 16, "page");
	row("exit_64_children_16M", exit_crowd, 64UL * 4096, "mapping");
	if (counting)	/* else it drowns in noise */
		row("fork_exit_wait_1_vma", fork_split, 1, "vma");
	row("fork_exit_wait_100_vmas", fork_split, 100, "vma");
	row("fork_exit_wait_10000_vmas", fork_split, 10000, "vma");
}
