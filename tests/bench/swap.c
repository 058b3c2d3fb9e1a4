/* swap.c - rows: what it takes for pages to leave for a disk and to come back.
 * Memory is filled until pages leave, or taken away from those who have it by locking other memory.
 * What a page costs while none leaves yet is measured first, and is not part of the rows. Each
 * round compares all data, and looks at /proc/vmstat for how many pages have left and come.
 * While this program waits for the disk the processor is idle, and under -icount the clock then
 * jumps to the next timer. So a process of the lowest priority runs all the time and sums up what
 * it takes, which is left out: the rest is instructions, of the kernel and of this program. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK		(128UL * 1024)	/* of a transfer by the program itself */
#define RAW_BYTES	(384 * MIB)
#define STEP		256UL		/* pages that are touched at a time */
#define MANY		(300 * MIB / PAGE)	/* more than there is memory, if that is 256 MiB */
#define SOME		(96 * MIB / PAGE)
#define SWAP_ROUNDS	3
#define MAX_GAP		60UL		/* ticks between two looks at the clock; more: others ran */
#define HELPERS		8

/* ---- time without idle time ---- */

struct span {
	unsigned long ticks, idle;
};

/* The process that runs when nobody else does. */
static pid_t idler;

static void idle(void)
{
	struct sched_param param = { 0 };
	unsigned long last, now;

	if (sched_setscheduler(0, SCHED_IDLE, &param) != 0)
		setpriority(PRIO_PROCESS, 0, 19);
	must(mlockall(MCL_CURRENT) == 0);
	for (last = ticks();; last = now) {
		now = ticks();
		if (now - last < MAX_GAP)
			shared->idle += now - last;
	}
}

static void idler_start(void)
{
	if (!counting)
		return;
	idler = fork();
	must(idler >= 0);
	if (idler == 0)
		idle();
}

static void idler_end(void)
{
	if (!idler)
		return;
	kill(idler, SIGKILL);
	must(waitpid(idler, NULL, 0) == idler);
	idler = 0;
}

static struct span span_begin(void)
{
	return (struct span){ ticks(), shared->idle };
}

/* Nanoseconds since @from in which somebody had work. */
static double span_ns(struct span from)
{
	unsigned long busy = ticks() - from.ticks - (shared->idle - from.idle);

	return (double)busy * ns_per_tick;
}

static double mib_per_s(double bytes, double ns)
{
	return bytes / (double)MIB / (ns / 1e9);
}

/* ---- the disk ---- */

/* Reads or writes the first RAW_BYTES of it. Returns nanoseconds. */
static double raw_pass(int fd, bool writing, char *block)
{
	struct span from = span_begin();
	size_t at;
	ssize_t n;

	for (at = 0; at < RAW_BYTES; at += BLOCK) {
		if (writing)
			n = pwrite(fd, block, BLOCK, (off_t)at);
		else
			n = pread(fd, block, BLOCK, (off_t)at);
		must(n == (ssize_t)BLOCK);
	}
	return span_ns(from);
}

struct rates {
	double write, read;
};

/* What the disk does when asked for it block by block; also makes its image's file real. */
static struct rates raw_rates(const char *disk)
{
	int fd = open(disk, O_RDWR | O_DIRECT);
	char *block = map(BLOCK / PAGE);
	struct rates r;

	must(fd >= 0);
	memset(block, 0x5a, BLOCK);
	r.write = mib_per_s(RAW_BYTES, raw_pass(fd, true, block));
	memset(block, 0, BLOCK);
	r.read = mib_per_s(RAW_BYTES, raw_pass(fd, false, block));
	must(block[0] == 0x5a && block[BLOCK - 1] == 0x5a);
	close(fd);
	munmap(block, BLOCK);
	return r;
}

/* What mkswap writes. */
static void make_swap(const char *disk)
{
	char *page = map(1);
	unsigned int *words = (unsigned int *)(page + 1024);
	int fd = open(disk, O_RDWR);
	off_t size;

	must(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	must(size > (off_t)RAW_BYTES);
	words[0] = 1;					/* version */
	words[1] = (unsigned int)(size / (off_t)PAGE) - 1;	/* the last page; no bad ones */
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	must(pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE);
	must(fsync(fd) == 0);
	close(fd);
	munmap(page, PAGE);
}

static bool swap_begin(const char *disk)
{
	make_swap(disk);
	if (swapon(disk, 0) != 0)
		return false;
	idler_start();
	return true;
}

static void swap_end(const char *disk)
{
	idler_end();
	must(swapoff(disk) == 0);
}

/* ---- memory with known contents ---- */

static unsigned long pattern(size_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15UL;
}

static void fill(char *p, size_t first, size_t n)
{
	size_t i;

	for (i = first; i < first + n; i++) {
		*(volatile unsigned long *)(p + i * PAGE) = pattern(i);
		*(volatile unsigned long *)(p + i * PAGE + PAGE - 8) = ~pattern(i);
	}
}

static size_t wrong(char *p, size_t first, size_t n)
{
	size_t i, bad = 0;

	for (i = first; i < first + n; i++) {
		bad += *(volatile unsigned long *)(p + i * PAGE) != pattern(i);
		bad += *(volatile unsigned long *)(p + i * PAGE + PAGE - 8) != ~pattern(i);
	}
	return bad;
}

/* What a look at a page that is there takes this program. */
static double look_ns(void)
{
	char *p = map(STEP);
	double best = 1e18, ns;
	struct span from;
	int i;

	fill(p, 0, STEP);
	for (i = 0; i < ROUNDS; i++) {
		from = span_begin();
		must(wrong(p, 0, STEP) == 0);
		ns = span_ns(from) / STEP;
		best = ns < best ? ns : best;
	}
	munmap(p, STEP * PAGE);
	return best;
}

static void lock(char *p, size_t first, size_t n)
{
	must(mlock(p + first * PAGE, n * PAGE) == 0);
}

static size_t pages_out(void)
{
	return (size_t)number_in("/proc/vmstat", "pswpout ");
}

static size_t pages_in(void)
{
	return (size_t)number_in("/proc/vmstat", "pswpin ");
}

/* How many of the pages are not in this process's table, but on the disk. */
static size_t swapped(const char *p, size_t pages)
{
	static unsigned long words[512];
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t i, n = 0, at, bytes;

	must(fd >= 0);
	for (at = 0; at < pages; at += 512) {
		bytes = (pages - at < 512 ? pages - at : 512) * 8;
		must(pread(fd, words, bytes, (off_t)(((unsigned long)p / PAGE + at) * 8)) ==
		     (ssize_t)bytes);
		for (i = 0; i < bytes / 8; i++)
			n += words[i] >> 62 & 1;
	}
	close(fd);
	return n;
}

/* ---- pressure ---- */

struct pressure {
	double base;		/* nanoseconds for a page while none leaves */
	double ns;		/* from when the first one leaves */
	size_t pages, out;	/* touched, and gone, in that time */
};

static double out_cost(const struct pressure *pr)
{
	return (pr->ns - (double)pr->pages * pr->base) / (double)pr->out;
}

/* What a look at how many have left takes this kernel. */
static double reading_ns(void)
{
	double best = 1e18, ns;
	struct span from;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		from = span_begin();
		(void)pages_out();
		ns = span_ns(from);
		best = ns < best ? ns : best;
	}
	return best;
}

/* Takes memory in steps: all @pages of @p, or until @enough have left. */
static struct pressure press(char *p, size_t pages, void (*take)(char *, size_t, size_t),
			     size_t enough)
{
	double reading = reading_ns(), calm = 0, last = 0;
	struct pressure pr = { 0 };
	size_t before = pages_out(), at = 0;
	struct span from;

	do {
		calm += last;
		from = span_begin();
		take(p, at, STEP);
		last = span_ns(from);
		at += STEP;
		pr.out = pages_out() - before;
	} while (at < pages && !pr.out);
	must(at > STEP && pr.out > 0);
	pr.base = calm / (double)(at - STEP);
	for (pr.pages = STEP; at < pages && pr.out < enough; at += STEP, pr.pages += STEP) {
		take(p, at, STEP);
		pr.out = pages_out() - before;
	}
	pr.ns = span_ns(from) - reading * (double)(pr.pages / STEP);
	return pr;
}

/* ---- rows: one process's pages, on request ---- */

/* Until no write is under way. */
static void wait_for_writes(void)
{
	while (number_in("/proc/vmstat", "nr_writeback ") > 0)
		sched_yield();
}

/* All of @p goes by MADV_PAGEOUT, and nothing else happens. Returns nanoseconds for a page. */
static double pageout_ns(void)
{
	char *p = map(SOME);
	struct span from;
	size_t out;
	double ns;

	fill(p, 0, SOME);
	out = pages_out();
	from = span_begin();
	must(madvise(p, SOME * PAGE, MADV_PAGEOUT) == 0);
	wait_for_writes();
	ns = span_ns(from);
	out = pages_out() - out;
	printf("# paged out %zu of %zu pages\n", out, (size_t)SOME);
	must(out >= SOME * 9 / 10);
	must(wrong(p, 0, SOME) == 0);
	munmap(p, SOME * PAGE);
	return ns / (double)out;
}

/* Beside what the disk itself does, in turns, as nobody knows what else our host is doing. False:
 * this kernel does not swap. */
static bool pageout_rows(const char *disk)
{
	struct samples cost = { 0 }, rate = { 0 }, write = { 0 }, read = { 0 };
	struct rates raw = { 1, 1 };
	double ns;
	int i;

	if (!wanted("swap_out_pageout") && !wanted("swap_out_of_disk_write") &&
	    !wanted("disk_write") && !wanted("disk_read"))
		return true;
	for (i = 0; i < SWAP_ROUNDS; i++) {
		if (!counting)
			raw = raw_rates(disk);
		if (!swap_begin(disk))
			return false;
		ns = pageout_ns();
		swap_end(disk);
		add_sample(&cost, ns);
		add_sample(&rate, mib_per_s(PAGE, ns));
		add_sample(&write, raw.write);
		add_sample(&read, raw.read);
	}
	if (counting) {
		show_cost("swap_out_pageout", &cost, "page");
		return true;
	}
	show_rate("disk_write", &write);
	show_rate("disk_read", &read);
	show_rate("swap_out_pageout", &rate);
	show_one("swap_out_of_disk_write", 100 * rate.value[i - 1] / write.value[i - 1], "percent",
		 "disk_write");
	return true;
}

/* ---- rows: one process with more memory than there is ---- */

static struct {
	struct samples touch, touch_rate, reread, reread_rate;
} alone;

static void one_alone(double look)
{
	char *p = map(MANY);
	struct pressure pr = press(p, MANY, fill, MANY);
	size_t in = pages_in(), out = pages_out();
	struct span from;
	double ns;

	add_sample(&alone.touch, out_cost(&pr));
	add_sample(&alone.touch_rate, mib_per_s((double)(pr.out * PAGE), pr.ns));
	printf("# filled %zu pages, %zu of them as %zu left; %.0f for a page while none left\n",
	       (size_t)MANY, pr.pages, pr.out, pr.base);
	from = span_begin();
	must(wrong(p, 0, MANY) == 0);
	ns = span_ns(from);
	in = pages_in() - in;
	out = pages_out() - out;
	must(in >= pr.out);
	printf("# read %zu pages, %zu came and %zu left\n", (size_t)MANY, in, out);
	add_sample(&alone.reread, (ns - look * MANY) / (double)in);
	add_sample(&alone.reread_rate, mib_per_s((double)(in * PAGE), ns));
	munmap(p, MANY * PAGE);
}

static void alone_rows(void)
{
	double look = look_ns();
	int i;

	if (!wanted("swap_out_touch") && !wanted("swap_reread"))
		return;
	for (i = 0; i < SWAP_ROUNDS; i++)
		one_alone(look);
	if (counting) {
		show_cost("swap_out_touch", &alone.touch, "page");
		show_cost("swap_reread", &alone.reread, "page");
	} else {
		show_rate("swap_out_touch", &alone.touch_rate);
		show_rate("swap_reread", &alone.reread_rate);
	}
}

/* ---- rows: pages of several processes, all of which leave and come back ---- */

struct helper {
	pid_t pid;
	int ask, answer;
};

/* What a helper tells. */
struct look {
	size_t missing;		/* pages that its table did not have */
	double ns;
};

static struct look look_at(char *p, double look)
{
	struct look l = { .missing = swapped(p, SOME) };
	struct span from = span_begin();

	must(wrong(p, 0, SOME) == 0);
	l.ns = span_ns(from) - look * SOME;
	return l;
}

/* A process that looks at @p whenever it is asked to. */
static struct helper helper_start(char *p, double look)
{
	int ask[2], answer[2];
	struct helper h;
	struct look l;
	char c;

	must(pipe(ask) == 0 && pipe(answer) == 0);
	h.pid = fork();
	must(h.pid >= 0);
	if (h.pid == 0) {
		while (read(ask[0], &c, 1) == 1 && c) {
			l = look_at(p, look);
			must(write(answer[1], &l, sizeof(l)) == sizeof(l));
		}
		_exit(0);
	}
	close(ask[0]);
	close(answer[1]);
	h.ask = ask[1];
	h.answer = answer[0];
	return h;
}

static struct look helper_looks(const struct helper *h)
{
	struct look l;

	must(write(h->ask, "l", 1) == 1);
	must(read(h->answer, &l, sizeof(l)) == sizeof(l));
	return l;
}

static void helper_end(const struct helper *h)
{
	must(write(h->ask, "", 1) == 1);
	close(h->ask);
	close(h->answer);
	wait_well(h->pid);
}

struct crowd_samples {
	struct samples out, out_rate, in, in_rate, cached;
};

/* Nobody has used this process's memory for a long time. */
static void forget_use(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	must(fd >= 0 && write(fd, "1", 1) == 1);
	close(fd);
}

/* They come back: to this process, then to each helper. */
static void crowd_returns(char *p, const struct helper *h, size_t helpers, struct crowd_samples *s,
			  double look)
{
	struct look first, one, all = { 0 };
	size_t in = pages_in(), i;

	first = look_at(p, look);
	in = pages_in() - in;
	for (i = 0; i < helpers; i++) {
		one = helper_looks(&h[i]);
		all.missing += one.missing;
		all.ns += one.ns;
	}
	printf("# %zu were missing, %zu came, then %zu were found\n", first.missing, in,
	       all.missing);
	must(first.missing >= SOME / 2 && in >= first.missing / 2);
	add_sample(&s->in, first.ns / (double)in);
	add_sample(&s->in_rate, mib_per_s((double)(in * PAGE), first.ns));
	if (helpers) {
		must(all.missing >= first.missing / 2 * helpers);
		add_sample(&s->cached, all.ns / (double)all.missing);
	}
}

/* The pages of this process and of @helpers more leave, and come back to one after another. @used:
 * they all have accessed them, so that reclaim meets every page more than once. */
static void one_crowd(size_t helpers, bool used, struct crowd_samples *s, double look)
{
	char *p = map(SOME), *taken = map(2 * MANY);
	struct helper h[HELPERS];
	struct pressure pr;
	size_t i;

	fill(p, 0, SOME);
	for (i = 0; i < helpers; i++) {
		h[i] = helper_start(p, look);
		must(!used || helper_looks(&h[i]).missing == 0);
	}
	if (!used)
		forget_use();
	pr = press(taken, 2 * MANY, lock, SOME * 2 / 3);
	munmap(taken, 2 * MANY * PAGE);
	printf("# %zu processes: locked %zu pages as %zu left, %.0f for one while none left\n",
	       helpers + 1, pr.pages, pr.out, pr.base);
	add_sample(&s->out, out_cost(&pr));
	add_sample(&s->out_rate, mib_per_s((double)(pr.out * PAGE), pr.ns));
	crowd_returns(p, h, helpers, s, look);
	for (i = 0; i < helpers; i++)
		helper_end(&h[i]);
	munmap(p, SOME * PAGE);
}

static void crowd_rows(void)
{
	struct crowd_samples one = { 0 }, nine = { 0 }, used = { 0 };
	double look = look_ns();
	int i;

	for (i = 0; i < SWAP_ROUNDS; i++) {
		if (wanted("swap_out_1") || wanted("swap_in_1"))
			one_crowd(0, false, &one, look);
		if (wanted("swap_out_9") || wanted("swap_in_first_of_9"))
			one_crowd(HELPERS, false, &nine, look);
		if (wanted("swap_out_9_used"))
			one_crowd(HELPERS, true, &used, look);
	}
	if (!counting) {
		show_rate("swap_out_1", &one.out_rate);
		show_rate("swap_out_9", &nine.out_rate);
		show_rate("swap_out_9_used", &used.out_rate);
		show_rate("swap_in_1", &one.in_rate);
		show_rate("swap_in_first_of_9", &nine.in_rate);
		return;
	}
	show_cost("swap_out_1", &one.out, "page");
	show_cost("swap_out_9", &nine.out, "page");
	show_cost("swap_out_9_used", &used.out, "page");
	if (one.out.n && nine.out.n)
		show_one("swap_out_further", (nine.out.value[0] - one.out.value[0]) / HELPERS,
			 "instructions", "mapping");
	show_cost("swap_in_1", &one.in, "page");
	show_cost("swap_in_first_of_9", &nine.in, "page");
	show_cost("swap_in_further", &nine.cached, "page");
}

void swap_rows(const char *disk)
{
	int i;

	for (i = 0; i < 200 && access(disk, F_OK) != 0; i++)
		usleep(10000);
	if (!pageout_rows(disk) || !swap_begin(disk)) {
		printf("# swap: this kernel does not swap\n");
		return;
	}
	alone_rows();
	crowd_rows();
	swap_end(disk);
}
