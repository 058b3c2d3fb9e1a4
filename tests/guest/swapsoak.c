/* swapsoak.c - a tree of processes does random things to four times the memory that there is,
 * each page with a content that nobody else may have; all is verified, again and again. After
 * each round the kernel verifies its memory, and neither memory nor slots may be missing. The
 * word soak=SECONDS on the kernel command line makes it long (make soak-swap); otherwise it is
 * one short round. */
#include "swapping.h"
#include <sched.h>

#define PROCESSES	12
#define MAX_COMMON	(20 * MIB / PAGE)	/* a tmpfs has room for half of the memory */
#define FREED		0x80000000u	/* in a version: MADV_FREE, so it may be zero by now */
#define SHARED_FILE	"/tmp/swapsoak"

struct lock_and_version {
	int locked;
	uint32_t version;
};

/* What all processes share. */
static struct {
	volatile int stop;
	int wrong, processes, forks;
	long operations;
	uint32_t version;	/* the last given out: each is written once */
	struct lock_and_version page[];
} *all;

/* What each has of its own, and a child inherits. */
static char *area;
static uint32_t *version;	/* of each page of it; 0: it is zero */
static size_t pages;
static char *common;		/* the file, mapped by all */
static int common_fd;
static size_t nr_common;
static unsigned int seed;
static pid_t children[PROCESSES];

static size_t below(size_t n)
{
	return (size_t)rand_r(&seed) % n;
}

static void wrong(const char *what, size_t page, const volatile void *p)
{
	if (__atomic_add_fetch(&all->wrong, 1, __ATOMIC_RELAXED) > 20)
		return;
	fprintf(stderr, "# process %d: %s: page %zu of %p holds %#lx %#lx, pagemap %#lx\n",
		getpid(), what, page, (void *)area, *(unsigned long *)p,
		((unsigned long *)p)[1], (unsigned long)pagemap(getpid(), p));
}

static uint64_t name_of(uint32_t v, size_t page)
{
	return (uint64_t)v << 24 | page;
}

static bool is_zero(const char *page)
{
	return page[0] == 0 && !memcmp(page, page + 1, PAGE - 1);
}

/* ---- one's own pages ---- */

static void write_own(size_t at, size_t n)
{
	for (; n--; at++) {
		version[at] = __atomic_add_fetch(&all->version, 1, __ATOMIC_RELAXED);
		fill_page(area + at * PAGE, name_of(version[at], at));
	}
}

static void verify_own(size_t at, size_t n, const char *when)
{
	for (; n--; at++) {
		char *page = area + at * PAGE;
		uint32_t v = version[at] & ~FREED;

		if (v && page_is(page, name_of(v, at)))
			continue;
		if ((!v || version[at] & FREED) && is_zero(page))
			version[at] = 0;
		else
			wrong(when, at, page);
	}
}

static void forget(size_t at, size_t n)
{
	memset(version + at, 0, n * sizeof(version[0]));
}

static void free_own(size_t at, size_t n)
{
	madvise(area + at * PAGE, n * PAGE, MADV_FREE);
	for (; n--; at++)
		if (version[at])
			version[at] |= FREED;
}

static bool move(char *from, size_t bytes, char *to)
{
	return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

/* At once, or page by page where it is no longer one area. */
static void move_own(void)
{
	char *to = map_anon(pages * PAGE, PROT_NONE);
	size_t i;

	if (!move(area, pages * PAGE, to))
		for (i = 0; i < pages; i++)
			must(move(area + i * PAGE, PAGE, to + i * PAGE));
	area = to;
}

static void protect_own(size_t at, size_t n)
{
	must(mprotect(area + at * PAGE, n * PAGE, PROT_READ) == 0);
	verify_own(at, n, "read-only");
	must(mprotect(area + at * PAGE, n * PAGE, below(4) ? RW : PROT_NONE) == 0);
	must(mprotect(area + at * PAGE, n * PAGE, RW) == 0);
}

static void map_own_again(size_t at, size_t n)
{
	must(munmap(area + at * PAGE, n * PAGE) == 0);
	map_at(area + at * PAGE, n * PAGE, RW);
	forget(at, n);
}

static void lock_own(size_t at, size_t n)
{
	n = n < 16 ? n : 16;
	if (mlock(area + at * PAGE, n * PAGE) < 0)
		return;
	verify_own(at, n, "locked");
	munlock(area + at * PAGE, n * PAGE);
}

/* ---- the pages that all share ---- */

static void use_common(void)
{
	size_t at = below(nr_common);
	struct lock_and_version *slot = &all->page[at];
	static char page[PAGE];
	char *mapped = common + at * PAGE;
	bool by_call = below(2);

	while (__atomic_exchange_n(&slot->locked, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	if (by_call)
		must(pread(common_fd, page, PAGE, (off_t)(at * PAGE)) == (ssize_t)PAGE);
	if (!page_is(by_call ? page : mapped, name_of(slot->version, at)))
		wrong(by_call ? "the file, read" : "the file, mapped", at, by_call ? page : mapped);
	slot->version = __atomic_add_fetch(&all->version, 1, __ATOMIC_RELAXED);
	by_call = below(2);
	fill_page(by_call ? page : mapped, name_of(slot->version, at));
	if (by_call)
		must(pwrite(common_fd, page, PAGE, (off_t)(at * PAGE)) == (ssize_t)PAGE);
	__atomic_store_n(&slot->locked, 0, __ATOMIC_RELEASE);
}

/* ---- the tree ---- */

static void live(void);

static void reap(bool wait)
{
	size_t i;
	int status;

	for (i = 0; i < PROCESSES; i++) {
		if (!children[i] || waitpid(children[i], &status, wait ? 0 : WNOHANG) <= 0)
			continue;
		if (status)
			fprintf(stderr, "# a child has ended with wait status %#x\n", status);
		if (status)
			__atomic_add_fetch(&all->wrong, 1, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&all->processes, 1, __ATOMIC_RELAXED);
		children[i] = 0;
	}
}

/* A child that goes on with what it has inherited, or becomes another program. */
static void branch(void)
{
	size_t i;

	for (i = 0; i < PROCESSES && children[i]; i++)
		;
	if (i == PROCESSES)
		return;
	if (__atomic_add_fetch(&all->processes, 1, __ATOMIC_RELAXED) > PROCESSES) {
		__atomic_sub_fetch(&all->processes, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_add_fetch(&all->forks, 1, __ATOMIC_RELAXED);
	children[i] = fork();
	must(children[i] >= 0);
	if (children[i])
		return;
	seed = seed * 31 + (unsigned int)getpid();
	memset(children, 0, sizeof(children));
	if (below(8) == 0)
		execl("/bin/busybox", "true", (char *)NULL);
	live();
}

static void anything(void)
{
	size_t at = below(pages), n = 1 + below(below(16) ? 24 : pages / 4);

	if (n > pages - at)
		n = pages - at;
	switch (below(32)) {
	case 0 ... 6:
		return write_own(at, n);
	case 7 ... 14:
		return verify_own(at, n, "in passing");
	case 15 ... 19:
		return use_common();
	case 20:
		must(madvise(area + at * PAGE, n * PAGE, MADV_DONTNEED) == 0);
		return forget(at, n);
	case 21:
		return free_own(at, n);
	case 22:
		madvise(area + at * PAGE, n * PAGE, MADV_PAGEOUT);
		return;
	case 23:
		madvise(area + at * PAGE, n * PAGE, below(2) ? MADV_COLD : MADV_WILLNEED);
		return;
	case 24:
		return protect_own(at, n);
	case 25:
		return map_own_again(at, n);
	case 26:
		return lock_own(at, n);
	case 27:
		return below(8) ? reap(false) : move_own();
	case 28:
		madvise(common + below(nr_common) * PAGE, PAGE,
			below(2) ? MADV_DONTNEED : MADV_PAGEOUT);
		return;
	default:
		return branch();
	}
}

/* Until the round is over, or at most so many steps; then what it has is verified. */
static void live(void)
{
	size_t steps = 20 + below(400);

	while (!all->stop && steps--) {
		anything();
		__atomic_add_fetch(&all->operations, 1, __ATOMIC_RELAXED);
	}
	verify_own(0, pages, "at the end");
	reap(true);
	_exit(0);
}

/* ---- rounds ---- */

/* Four times @kib, as pages: a quarter for the file, the rest for the processes. */
static void set_up(long kib)
{
	nr_common = (size_t)kib / 4 < MAX_COMMON ? (size_t)kib / 4 : MAX_COMMON;
	pages = ((size_t)kib - nr_common) / PROCESSES;
	all = map_shared(sizeof(*all) + nr_common * sizeof(all->page[0]));
	common_fd = open(SHARED_FILE, O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(common_fd >= 0 && ftruncate(common_fd, (off_t)(nr_common * PAGE)) == 0);
	common = mmap(NULL, nr_common * PAGE, RW, MAP_SHARED, common_fd, 0);
	must(common != MAP_FAILED);
	fill(common, nr_common, 0);
	area = lone_pages(pages);
	version = (void *)map_anon(pages * sizeof(version[0]), RW);
}

static void tear_down(void)
{
	munmap(area, pages * PAGE);
	munmap(version, pages * sizeof(version[0]));
	munmap(common, nr_common * PAGE);
	munmap(all, sizeof(*all) + nr_common * sizeof(all->page[0]));
	close(common_fd);
	unlink(SHARED_FILE);
}

static size_t wrong_common(void)
{
	size_t i, n = 0;

	for (i = 0; i < nr_common; i++)
		n += !page_is(common + i * PAGE, name_of(all->page[i].version, i));
	return n;
}

static struct {
	long rounds, operations, forks;
} total;

static pid_t first_process(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	seed++;
	if (pid == 0)
		live();
	return pid;
}

/* @seconds with about @kib of memory, which are a quarter of what is used; false: something is
 * wrong. */
static bool one_round(long kib, long seconds)
{
	unsigned long end = now_ms() + (unsigned long)seconds * 1000;
	bool sound = true, good = true;
	int steps, status;
	pid_t pid;

	set_up(kib);
	seed = (unsigned int)(now_ms() + (unsigned long)total.rounds * 7919 + 1);
	all->processes = 1;
	pid = first_process();
	for (steps = 1; now_ms() < end; steps++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			good &= status == 0;
			pid = first_process();
		}
		sleep_ms(100);
		if (steps % 16 == 0)
			sound &= memory_is_sound();
	}
	all->stop = 1;
	good &= wait_for(pid) == 0;
	good &= wrong_common() == 0;
	sound &= memory_is_sound();
	total.rounds++;
	total.operations += all->operations;
	total.forks += all->forks;
	if (!good || !sound || all->wrong)
		diag("round %ld: %d pages or processes are wrong", total.rounds, all->wrong);
	good &= all->wrong == 0;
	tear_down();
	return good && sound;
}

static bool slots_are_free(void)
{
	int i;

	for (i = 0; i < 50 && meminfo_kib("SwapTotal") - meminfo_kib("SwapFree") > 12288; i++)
		sleep_ms(20);
	if (i < 50)
		return true;
	diag("%ld KiB of swap are in use", meminfo_kib("SwapTotal") - meminfo_kib("SwapFree"));
	return false;
}

static long soak_seconds(void)
{
	const char *value = getenv("soak");

	return value ? atol(value) : 0;
}

/* Every other round has a balloon, so that more happens to fewer pages. */
static void body(void)
{
	long seconds = soak_seconds(), out, in;
	unsigned long begin = now_ms();
	bool good = true, empty = true;

	if (!have_disks())
		return;
	start_swap();
	out = vm_event("pswpout");
	in = vm_event("pswpin");
	do {
		pid_t weight = total.rounds % 2 ? 0 : balloon(14 * 1024);

		good &= one_round(weight ? 12 * 1024 : meminfo_kib("MemFree") * 9 / 10,
				  seconds ? 15 : 6);
		if (weight)
			end_child(weight);
		empty &= slots_are_free();
		if (seconds)
			diag("%lu s: %ld rounds, %ld operations, %ld forks, %ld KiB free",
			     (now_ms() - begin) / 1000, total.rounds, total.operations,
			     total.forks, meminfo_kib("MemFree"));
	} while (good && (long)(now_ms() - begin) / 1000 < seconds);
	ok(good, "every page was always what its process had made of it");
	ok(empty, "after each round the slots were free again");
	if (!ok(total.operations > 100 && total.forks > 4, "much was done"))
		diag("%ld operations, %ld forks", total.operations, total.forks);
	stop_swap();
	diag("soak: %lu s, %ld rounds, %ld operations, %ld forks, %ld pages out, %ld pages in: %s",
	     (now_ms() - begin) / 1000, total.rounds, total.operations, total.forks,
	     vm_event("pswpout") - out, vm_event("pswpin") - in,
	     good && empty ? "all data verified" : "FAILED");
}

int main(void)
{
	return tap_run(body, 28 + (unsigned int)soak_seconds() * 2);
}
