/* rmap.c - rows: walks of the reverse map, and what its objects take. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the reverse map ---- */

#define IDLE_BITMAP	"/sys/kernel/mm/page_idle/bitmap"
#define KPF_LRU		(1UL << 5)
#define KPF_NOPAGE	(1UL << 20)
#define CROWD		1000

/* Processes that map the same pages until they are told to go. */
static struct crowd {
	size_t n;
	pid_t pid[CROWD];
	int go[2];	/* closed: all end */
	int ready[2];	/* a byte from each */
} crowd;

static void crowd_start(void)
{
	crowd.n = 0;
	must(pipe(crowd.go) == 0 && pipe(crowd.ready) == 0);
}

/* Make them @n; @use: each reads @page before it waits. False: there is no memory for so many. */
static bool crowd_grow(size_t n, volatile char *page, bool use)
{
	char c = 0;

	while (crowd.n < n) {
		pid_t pid = fork();

		if (pid < 0)
			return false;
		if (pid == 0) {
			close(crowd.go[1]);
			if (use)
				c = *page;
			if (write(crowd.ready[1], &c, 1) != 1)
				_exit(1);
			_exit(read(crowd.go[0], &c, 1) != 0);
		}
		crowd.pid[crowd.n++] = pid;
		must(read(crowd.ready[0], &c, 1) == 1);
	}
	return true;
}

static void crowd_end(void)
{
	size_t i;

	close(crowd.go[1]);
	for (i = 0; i < crowd.n; i++)
		wait_well(crowd.pid[i]);
	close(crowd.go[0]);
	close(crowd.ready[0]);
	close(crowd.ready[1]);
}

static unsigned long word_of(const char *path, unsigned long index)
{
	unsigned long word = 0;
	int fd = open(path, O_RDONLY);

	must(fd >= 0);
	must(pread(fd, &word, 8, (off_t)(index * 8)) == 8);
	close(fd);
	return word;
}

static unsigned long frame_of(const void *p)
{
	return word_of("/proc/self/pagemap", (unsigned long)p / PAGE) & ((1UL << 55) - 1);
}

/* A frame that is memory, and no page of any user. */
static unsigned long kernel_frame(void)
{
	unsigned long pfn = 0;

	while (word_of("/proc/kpageflags", pfn) & (KPF_LRU | KPF_NOPAGE))
		pfn++;
	return pfn;
}

/* What it takes to mark one frame as idle. */
static unsigned long mark_idle(int fd, unsigned long pfn)
{
	unsigned long word = 1UL << pfn % 64, begin = ticks();
	ssize_t n = pwrite(fd, &word, 8, (off_t)(pfn / 64 * 8));

	begin = ticks() - begin;
	must(n == 8);
	return begin;
}

static bool is_idle(unsigned long pfn)
{
	return word_of(IDLE_BITMAP, pfn / 64) >> pfn % 64 & 1;
}

/* The least of several marks of @page's frame, without what marking any frame takes. */
static unsigned long walk_cost(int fd, volatile char *page, size_t mappings, int rounds)
{
	unsigned long best = -1UL, base = -1UL, took, pfn = frame_of((void *)page);
	unsigned long other = kernel_frame();
	int i;

	must(word_of("/proc/kpagecount", pfn) == mappings);
	for (i = 0; i < ROUNDS; i++) {
		took = mark_idle(fd, other);
		base = took < base ? took : base;
	}
	for (i = 0; i < rounds; i++) {
		took = mark_idle(fd, pfn);
		best = took < best ? took : best;
	}
	must(is_idle(pfn) && !is_idle(other));
	(void)*page;
	must(!is_idle(pfn));
	return best > base ? best - base : 0;
}

/* Rows for a page that is mapped by more and more processes; @beside: so many areas of this process
 * alone share its anon_vma. */
static void walk_rows(int fd, size_t beside)
{
	static const size_t sizes[] = { 1, 10, 100, CROWD };
	char *p = map_split(beside + 1, 16), *page = p + beside / 2 * PAGE, name[64];
	size_t i, n;

	if (beside) {
		must(madvise(p, (size_t)(page - p), MADV_DONTFORK) == 0);
		must(madvise(page + PAGE, beside / 2 * PAGE, MADV_DONTFORK) == 0);
	}
	crowd_start();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		n = sizes[i];
		snprintf(name, sizeof(name), beside ? "rmap_walk_%zu_beside_%zu" : "rmap_walk_%zu",
			 n, beside);
		if (!wanted(name))
			continue;
		if (!crowd_grow(n - 1, page, false)) {
			printf("# %s: no memory for so many processes\n", name);
			break;
		}
		show_one(name, (double)walk_cost(fd, page, n, ROUNDS) * ns_per_tick / (double)n,
			 counting ? "instructions" : "ns", "mapping");
	}
	crowd_end();
	munmap(p, (beside + 1) * PAGE);
}

/* All of them have used the page, so that their accessed bits must be cleared. */
static unsigned long walk_used(size_t mappings)
{
	char *p = map(1);
	int fd = open(IDLE_BITMAP, O_RDWR);
	unsigned long cost;

	must(fd >= 0);
	touch(p, 1, 17);
	crowd_start();
	must(crowd_grow(mappings - 1, p, true));
	cost = walk_cost(fd, p, mappings, 1);
	crowd_end();
	close(fd);
	munmap(p, PAGE);
	return cost;
}

static void walk_all(void)
{
	int fd = open(IDLE_BITMAP, O_RDWR);

	if (fd < 0) {
		printf("# rmap_walk: this kernel has no idle page tracking\n");
		return;
	}
	walk_rows(fd, 0);
	walk_rows(fd, 1000);
	close(fd);
	row("rmap_walk_100_used", walk_used, 100, "mapping");
}

/* ---- kernel objects ---- */

/* /proc/slabinfo: the size of @cache's objects, or -1; NULL: the bytes of all objects in use. */
static long slab_bytes(const char *cache)
{
	char line[512], name[64];
	long active, total, size, sum = cache ? -1 : 0;
	FILE *f = fopen("/proc/slabinfo", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld %ld %ld", name, &active, &total, &size) != 4)
			continue;
		if (!cache)
			sum += active * size;
		else if (strcmp(name, cache) == 0)
			sum = size;
	}
	fclose(f);
	return sum;
}

static void object_row(const char *name, const char *cache)
{
	long size = slab_bytes(cache);

	if (wanted(name) && size > 0)
		show_one(name, (double)size, "bytes", "object");
}

/* What the kernel's objects for a process of @vmas areas take when it is forked. */
static void forked_vma_row(const char *name, size_t vmas)
{
	char *p = map_split(vmas, 18);
	long before, after;

	if (wanted(name) && slab_bytes(NULL) > 0) {
		crowd_start();
		before = slab_bytes(NULL);
		must(crowd_grow(1, p, false));
		after = slab_bytes(NULL);
		crowd_end();
		show_one(name, (double)(after - before) / (double)vmas, "bytes", "vma");
	}
	munmap(p, vmas * PAGE);
}

void rmap_rows(void)
{
	walk_all();
	object_row("anon_vma_chain_size", "anon_vma_chain");
	object_row("anon_vma_size", "anon_vma");
	forked_vma_row("objects_per_forked_vma", 10000);
}
