/* look.c - rows: looking at memory, at the clock and at /proc, and pages of files. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define AREAS	200

/* ---- what is there, and what time it is ---- */

static unsigned long mincore_touched(size_t pages)
{
	static unsigned char vec[4096];
	char *p = map(pages);
	unsigned long begin;
	size_t i, there = 0;

	must(pages <= sizeof(vec));
	touch(p, pages, 31);
	memset(vec, 0, pages);
	begin = ticks();
	must(mincore(p, pages * PAGE, vec) == 0);
	begin = ticks() - begin;
	for (i = 0; i < pages; i++)
		there += vec[i] & 1;
	must(there == pages);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long gettime(size_t n)
{
	struct timespec t, before = { 0 };
	size_t i, bad = 0;
	unsigned long begin = ticks();

	for (i = 0; i < n; i++) {
		bad += (size_t)(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
		bad += t.tv_sec < before.tv_sec;
		before = t;
	}
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

/* ---- /proc ---- */

/* All of @path, opened before; the bytes that came, and the time in *spent. */
static size_t read_all(const char *path, char *buf, size_t size, unsigned long *spent)
{
	int fd = open(path, O_RDONLY);
	size_t done = 0;
	ssize_t got;

	must(fd >= 0);
	*spent = ticks();
	while ((got = read(fd, buf + done, size - 1 - done)) > 0)
		done += (size_t)got;
	*spent = ticks() - *spent;
	must(got == 0 && done > 0);
	buf[done] = '\0';
	close(fd);
	return done;
}

static unsigned long read_maps(size_t areas)
{
	static char buf[64 * 1024];
	char *p = map_split(areas, 32), *at;
	unsigned long spent;
	size_t lines = 0;

	read_all("/proc/self/maps", buf, sizeof(buf), &spent);
	for (at = buf; (at = strchr(at, '\n')); at++)
		lines++;
	must(lines > areas && lines < areas + 30);
	munmap(p, areas * PAGE);
	return spent;
}

static unsigned long read_stat(size_t n)
{
	static char buf[1024];
	unsigned long spent, sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		must(read_all("/proc/self/stat", buf, sizeof(buf), &spent) > 100);
		sum += spent;
	}
	must(atoi(buf) == getpid());
	return sum;
}

/* ---- files ---- */

static int file_of(size_t pages, char value)
{
	char page[PAGE];
	int fd = memfd_create("bench", 0);
	size_t i;

	must(fd >= 0);
	memset(page, value, sizeof(page));
	for (i = 0; i < pages; i++)
		must(write(fd, page, PAGE) == (ssize_t)PAGE);
	return fd;
}

static unsigned long file_read_fault(size_t pages)
{
	int fd = file_of(pages, 33);
	char *p = mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned long begin;
	int bad;

	must(p != MAP_FAILED);
	begin = ticks();
	bad = not_equal(p, pages, 33);
	begin = ticks() - begin;
	must(!bad);
	munmap(p, pages * PAGE);
	close(fd);
	return begin;
}

static unsigned long write_new_pages(size_t pages)
{
	char *from = map(pages), *p;
	int fd = memfd_create("bench", 0);
	unsigned long begin;

	must(fd >= 0);
	touch(from, pages, 34);
	begin = ticks();
	must(write(fd, from, pages * PAGE) == (ssize_t)(pages * PAGE));
	begin = ticks() - begin;
	p = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED && memcmp(p, from, pages * PAGE) == 0);
	munmap(p, pages * PAGE);
	munmap(from, pages * PAGE);
	close(fd);
	return begin;
}

/* ---- unmapping what another processor may have translations of ---- */

static volatile bool stop, runs;

static void *spin(void *arg)
{
	runs = true;
	while (!stop)
		;
	return arg;
}

/* What @measure says of an munmap of @pages beside a thread. */
static unsigned long beside_thread(size_t pages, unsigned long (*measure)(void))
{
	char *p = map(pages);
	unsigned long begin;
	pthread_t thread;

	touch(p, pages, 35);
	stop = runs = false;
	must(pthread_create(&thread, NULL, spin, NULL) == 0);
	while (!runs)
		;
	begin = measure();
	must(munmap(p, pages * PAGE) == 0);
	begin = measure() - begin;
	stop = true;
	must(pthread_join(thread, NULL) == 0);
	return begin;
}

static unsigned long unmap_beside_thread(size_t pages)
{
	return beside_thread(pages, ticks);
}

/* Of all processors; a timer's may be among them. */
static unsigned long interrupts(void)
{
	return (unsigned long)number_in("/proc/stat", "intr ");
}

static void show_interrupts(size_t pages)
{
	struct samples s = { 0 };
	int i;

	if (!wanted("munmap_interrupts"))
		return;
	for (i = 0; i < ROUNDS; i++)
		add_sample(&s, (double)beside_thread(pages, interrupts));
	show("munmap_interrupts", &s, "interrupts", "call");
}

void look_rows(void)
{
	row("mincore", mincore_touched, 4096, "page");
	row("clock_gettime", gettime, 10000, "call");
	row("read_proc_maps", read_maps, AREAS, "area");
	row("read_proc_stat", read_stat, 200, "read");
	row("file_read_fault", file_read_fault, 4096, "page");
	row("tmpfs_write_new_page", write_new_pages, 256, "page");
	if (cpus > 1) {
		row("munmap_beside_thread", unmap_beside_thread, 4096, "page");
		show_interrupts(4096);
	}
}
