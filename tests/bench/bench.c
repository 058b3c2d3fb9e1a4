/* bench.c - what memory operations cost, on this kernel and on Linux alike.
 * Prints one row per operation: name, value, unit; lines that begin with # are remarks. Time comes
 * from rdtsc, scaled by a calibration against CLOCK_MONOTONIC, so values are nanoseconds. Under
 * QEMU's "-icount shift=0,sleep=off" a nanosecond of guest time is one guest instruction; then
 * unit=instructions in the environment (on the kernel command line) names the rows so.
 * Each row is the least of several rounds, and each round checks what the operation has done.
 * As process 1 the program mounts what it needs and powers the machine off at the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096UL
#define MIB	(1024UL * 1024)
#define RW	(PROT_READ | PROT_WRITE)
#define ROUNDS	5

static double ns_per_tick;
static const char *unit = "ns";
static const char *only;	/* run just the rows whose name has this in it */

/* What children tell their parent. */
static struct shared {
	volatile unsigned long ticks;
	volatile int wrong;
} *shared;

/* ---- helpers ---- */

static inline unsigned long ticks(void)
{
	unsigned int lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi) :: "memory");
	return (unsigned long)hi << 32 | lo;
}

static unsigned long clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000UL + (unsigned long)t.tv_nsec;
}

static void calibrate(void)
{
	unsigned long ns = clock_ns(), start, begin, end;

	while ((start = clock_ns()) == ns)
		;
	begin = ticks();
	do {
		ns = clock_ns();
		end = ticks();
	} while (ns - start < 50000000);
	ns_per_tick = (double)(ns - start) / (double)(end - begin);
	printf("# one tick of the TSC is %.4f ns\n", ns_per_tick);
}

static __attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...)
{
	va_list ap;

	printf("# bench: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %d)\n", errno);
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(1);
}

#define must(cond) \
	do { \
		if (!(cond)) \
			die("%d: %s", __LINE__, #cond); \
	} while (0)

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

static void touch(char *p, size_t pages, char value)
{
	size_t i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = value;
}

static int not_equal(char *p, size_t pages, char value)
{
	size_t i;
	int n = 0;

	for (i = 0; i < pages; i++)
		n += p[i * PAGE] != value;
	return n;
}

/* Waits for a child and requires that it ended well. */
static void wait_well(pid_t pid)
{
	int status = -1;

	must(waitpid(pid, &status, 0) == pid);
	must(status == 0);
}

static long meminfo_kib(const char *field)
{
	char line[128];
	long v = -1;
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			v = strtol(line + strlen(field) + 1, NULL, 10);
	fclose(f);
	return v;
}

/* ---- one row ---- */

/* A round: does @n operations, returns the ticks that they took. */
typedef unsigned long (*round_fn)(size_t n);

static bool wanted(const char *name)
{
	return !only || strstr(name, only);
}

static void show(const char *name, double value, const char *what, const char *per)
{
	printf("%-28s %12.1f %s/%s\n", name, value, what, per);
	fflush(stdout);
}

static void row(const char *name, round_fn fn, size_t n, const char *per)
{
	unsigned long best = -1UL, took;
	int i;

	if (!wanted(name))
		return;
	for (i = 0; i < ROUNDS; i++) {
		took = fn(n);
		if (took < best)
			best = took;
	}
	show(name, (double)best * ns_per_tick / (double)n, unit, per);
}

/* ---- system calls ---- */

static unsigned long null_syscall(size_t n)
{
	unsigned long begin;
	long pid = getpid();
	size_t i, bad = 0;

	begin = ticks();
	for (i = 0; i < n; i++)
		bad += (size_t)(syscall(SYS_getpid) != pid);
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

static unsigned long yield(size_t n)
{
	unsigned long begin = ticks();
	size_t i, bad = 0;

	for (i = 0; i < n; i++)
		bad += (size_t)(sched_yield() != 0);
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

/* ---- faults ---- */

static unsigned long first_touch(size_t pages)
{
	char *p = map(pages);
	unsigned long begin = ticks();

	touch(p, pages, 1);
	begin = ticks() - begin;
	must(not_equal(p, pages, 1) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long zero_read(size_t pages)
{
	char *p = map(pages);
	unsigned long begin = ticks();
	int bad = not_equal((char *)p, pages, 0);

	begin = ticks() - begin;
	must(bad == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long write_after_read(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;

	must(not_equal(p, pages, 0) == 0);
	begin = ticks();
	touch(p, pages, 2);
	begin = ticks() - begin;
	must(not_equal(p, pages, 2) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long cow_copy(size_t pages)
{
	char *p = map(pages);
	pid_t pid;

	touch(p, pages, 3);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		unsigned long begin = ticks();

		touch(p, pages, 4);
		shared->ticks = ticks() - begin;
		_exit(not_equal(p, pages, 4) != 0);
	}
	wait_well(pid);
	must(not_equal(p, pages, 3) == 0);
	munmap(p, pages * PAGE);
	return shared->ticks;
}

static unsigned long cow_reuse(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;
	pid_t pid;

	touch(p, pages, 5);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	wait_well(pid);
	begin = ticks();
	touch(p, pages, 6);
	begin = ticks() - begin;
	must(not_equal(p, pages, 6) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* ---- mappings ---- */

static unsigned long map_unmap(size_t n)
{
	unsigned long begin = ticks();
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		char *p = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		bad += (size_t)(p == MAP_FAILED) + (size_t)(munmap(p, 16 * PAGE) != 0);
	}
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

static unsigned long unmap_touched(size_t pages)
{
	char *p = map(pages);
	unsigned char vec;
	unsigned long begin;

	touch(p, pages, 7);
	begin = ticks();
	must(munmap(p, pages * PAGE) == 0);
	begin = ticks() - begin;
	must(mincore(p, PAGE, &vec) == -1 && errno == ENOMEM);
	return begin;
}

static unsigned long dontneed(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;

	touch(p, pages, 8);
	begin = ticks();
	must(madvise(p, pages * PAGE, MADV_DONTNEED) == 0);
	begin = ticks() - begin;
	must(not_equal(p, pages, 0) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* Two changes a toggle: the row is for one page and one change. */
static unsigned long protect(size_t changes)
{
	size_t pages = 512, i;
	char *p = map(pages);
	unsigned long begin;

	touch(p, pages, 9);
	begin = ticks();
	for (i = 0; i < changes / pages; i++)
		must(mprotect(p, pages * PAGE, i % 2 ? RW : PROT_READ) == 0);
	begin = ticks() - begin;
	must(mprotect(p, pages * PAGE, RW) == 0);
	touch(p, pages, 10);
	must(not_equal(p, pages, 10) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* ---- fork ---- */

static unsigned long fork_nothing(size_t n)
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

static unsigned long fork_many_vmas(size_t vmas)
{
	char *p = map(2 * vmas);
	unsigned long begin, took;
	size_t i;
	int bad = 0;
	pid_t pid;

	for (i = 0; i < vmas; i++) {
		must(munmap(p + (2 * i + 1) * PAGE, PAGE) == 0);
		p[2 * i * PAGE] = 13;
	}
	begin = ticks();
	pid = fork();
	took = ticks() - begin;
	must(pid >= 0);
	if (pid == 0) {
		for (i = 0; i < vmas; i++)
			bad += p[2 * i * PAGE] != 13;
		_exit(bad != 0);
	}
	wait_well(pid);
	munmap(p, 2 * vmas * PAGE);
	return took;
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

/* @vmas touched pages that are an area each, as every other one is read-only. */
static char *map_split(size_t vmas, char value)
{
	char *p = map(vmas);
	size_t i;

	touch(p, vmas, value);
	for (i = 1; i < vmas; i += 2)
		must(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	return p;
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
		show(name, (double)walk_cost(fd, page, n, ROUNDS) * ns_per_tick / (double)n, unit,
		     "mapping");
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

static void rmap_rows(void)
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
		show(name, (double)size, "bytes", "object");
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
		show(name, (double)(after - before) / (double)vmas, "bytes", "vma");
	}
	munmap(p, vmas * PAGE);
}

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

/* ---- all of it ---- */

static void set_scene(void)
{
	struct utsname u;

	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	/* Pages of 4 KiB only, so that all kernels are asked for the same. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	uname(&u);
	printf("# %s %s, %ld KiB free\n", u.sysname, u.release, meminfo_kib("MemFree:"));
}

/* Pages for the rows over much memory: as many MiB as are there, with room to spare. */
static size_t large(void)
{
	long kib = meminfo_kib("MemFree:");
	size_t mib = kib > 320 * 1024 ? 256 : kib > 84 * 1024 ? 64 : 16;

	printf("# fork rows: %zu MiB touched\n", mib);
	return mib * MIB / PAGE;
}

static void run_all(void)
{
	size_t many = large();

	row("null_syscall", null_syscall, 20000, "call");
	row("sched_yield", yield, 10000, "call");
	row("anon_first_touch", first_touch, 4096, "page");
	row("zero_page_read", zero_read, 4096, "page");
	row("write_after_read", write_after_read, 4096, "page");
	row("cow_copy_in_child", cow_copy, 4096, "page");
	row("cow_reuse", cow_reuse, 4096, "page");
	row("mmap_munmap_untouched", map_unmap, 5000, "pair");
	row("munmap_touched", unmap_touched, 4096, "page");
	row("madv_dontneed", dontneed, 4096, "page");
	row("mprotect_toggle", protect, 512 * 64, "page");
	row("fork_exit_wait_nothing", fork_nothing, 200, "fork");
	row("fork_call_touched", fork_call, many, "page");
	row("fork_exit_wait_touched", fork_exit_wait, many, "page");
	row("fork_200_vmas", fork_many_vmas, 200, "page");
	row("fork_chain_32", fork_chain, 32UL * 32, "page");
	row("exit_64_children_16M", exit_crowd, 64UL * 4096, "mapping");
	row("pipe_ping_pong", ping_pong, 5000, "round-trip");
	row("fork_exec_exit_wait", fork_exec, 100, "exec");
	row("fork_exit_wait_1_vma", fork_split, 1, "vma");
	row("fork_exit_wait_100_vmas", fork_split, 100, "vma");
	row("fork_exit_wait_10000_vmas", fork_split, 10000, "vma");
	rmap_rows();
	object_row("anon_vma_chain_size", "anon_vma_chain");
	object_row("anon_vma_size", "anon_vma");
	forked_vma_row("objects_per_forked_vma", 10000);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
		return 42;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && getpid() != 1)
		only = argv[1];
	if (getenv("unit"))
		unit = getenv("unit");
	if (getenv("only"))
		only = getenv("only");
	set_scene();
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	calibrate();
	run_all();
	printf("# bench: done\n");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
