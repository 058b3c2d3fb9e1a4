/* mmargs.c - limits, odd lengths and odd places given to the memory system calls. */
#include "tap.h"
#include <sys/resource.h>

#define RW	(PROT_READ | PROT_WRITE)
#define GIB	(1024 * MIB)
#define TIB	(1024 * GIB)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_FREE
#define MADV_FREE	8
#endif

/* Lowest address that only root may map, as both kernels are set up here. */
#define MIN_ADDR	65536UL

/* The call itself: the C library has its own opinion on large lengths. */
static char *remap(char *p, size_t old, size_t new, int flags, char *to)
{
	return (char *)syscall(SYS_mremap, p, old, new, flags, to);
}

static char *map_hint(size_t len, int prot, int flags)
{
	return mmap(NULL, len, prot, ANON | flags, -1, 0);
}

/* A field of /proc/self/status in KiB, or -1. */
static long status_kib(const char *field)
{
	static char buf[8192];
	char *at;
	ssize_t n;
	int fd = open("/proc/self/status", O_RDONLY);

	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	at = strstr(buf, field);
	return at ? strtol(at + strlen(field) + 1, NULL, 10) : -1;
}

static int resident(char *p)
{
	unsigned char vec = 0;

	return mincore(p, PAGE, &vec) == 0 && (vec & 1);
}

/* ---- mremap's old length ---- */

static void old_lengths(void)
{
	char *p = map_at(free_range(16 * PAGE), 4 * PAGE, RW);

	memset(p, 7, 4 * PAGE);
	fails(remap(p, 1UL << 62, PAGE, 0, NULL), EINVAL,
	      "mremap from a length beyond the address space is EINVAL");
	ok(vmas_in(p, p + 4 * PAGE) == 1 && p[3 * PAGE] == 7, "and unmaps nothing");
	fails(remap(p, -8192UL, PAGE, 0, NULL), EINVAL,
	      "mremap from a length that wraps is EINVAL");
	ok(vmas_in(p, p + 4 * PAGE) == 1 && p[3 * PAGE] == 7, "and unmaps nothing either");
	ok(remap(p, 10 * PAGE, 10 * PAGE, 0, NULL) == p,
	   "mremap to the same length returns the address, even if the area is shorter");
	is(vmas_in(p + 4 * PAGE, p + 16 * PAGE), 0, "and maps nothing");
	munmap(p, 4 * PAGE);
}

/* ---- the lowest addresses ---- */

static int move_low(void *to)
{
	char *p = map_anon(PAGE, RW);

	must(setgid(1000) == 0 && setuid(1000) == 0);
	p[0] = 7;
	if (remap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
		return 1;
	if (errno != EPERM)
		return 2;
	return p[0] == 7 ? 0 : 3;
}

/* Takes all room of the address space but what lies below MIN_ADDR, then lets an area grow. */
static int move_without_room(void *arg)
{
	char *p = map_at(free_range(4 * PAGE), 2 * PAGE, PROT_NONE), *q;
	size_t len;

	must(setgid(1000) == 0 && setuid(1000) == 0);
	map_at(p + PAGE, PAGE, PROT_READ);
	for (len = 1UL << 46; len >= PAGE; len /= 2)
		while ((q = map_hint(len, PROT_NONE, MAP_NORESERVE)) != MAP_FAILED)
			if ((unsigned long)q < MIN_ADDR)
				return 1;
	q = remap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL);
	return q != MAP_FAILED && (unsigned long)q < MIN_ADDR ? 2 : arg != NULL;
}

static void low_addresses(void)
{
	child_ok(move_low, NULL, "a user's mremap to page 0 is EPERM");
	child_ok(move_low, (void *)(MIN_ADDR - PAGE),
		 "so is one to the last page below mmap_min_addr");
	child_ok(move_without_room, NULL,
		 "a user's mremap that looks for room finds none below mmap_min_addr");
}

/* ---- the largest number of areas ---- */

/* Sets the limit of areas; it stays as it is where it cannot be set. The limit then. */
static long set_map_count(long count)
{
	char text[32];
	ssize_t n = 0;
	int fd = open("/proc/sys/vm/max_map_count", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return 65530;
	snprintf(text, sizeof(text), "%ld", count);
	if (write(fd, text, strlen(text)) > 0 && lseek(fd, 0, SEEK_SET) == 0)
		n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? atol(text) : 65530;
}

struct attempt {
	long ret;
	int err;
	bool split;
};

/* The calls that split the area of 8 pages at @spare, and what became of it. */
static void try_splits(char *spare, struct attempt a[3])
{
	int i;

	for (i = 0; i < 3; i++) {
		char *page = spare + 3 * PAGE;

		errno = 0;
		a[i].ret = i == 0   ? mlock(page, PAGE)
			   : i == 1 ? madvise(page, PAGE, MADV_DONTFORK)
				    : munmap(page, PAGE);
		a[i].err = errno;
		a[i].split = vmas_in(spare, spare + 8 * PAGE) != 1;
		munmap(spare, 8 * PAGE);
		map_at(spare, 8 * PAGE, RW);
	}
}

/* Splits until there may be no more areas; then tries what splits another, then makes room and
 * tries again. */
static int at_map_count(void *arg)
{
	struct attempt *a = arg;
	/* Below the program, so that it comes first in /proc/self/maps. */
	char *spare = map_at(hide(2 * MIB), 8 * PAGE, RW), *p;
	size_t i, limit = (size_t)set_map_count(1000), pages = limit + 100;

	p = map_hint(pages * PAGE, PROT_READ, MAP_NORESERVE);
	must(p != MAP_FAILED);
	for (i = 1; i < pages; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_NONE))
			break;
	if (i >= pages || errno != ENOMEM || i < limit - 100)
		return 1;
	/* The last split, if two at once were too many. */
	mprotect(p + i * PAGE, (pages - i) * PAGE, PROT_NONE);
	try_splits(spare, a);
	must(munmap(p, 50 * PAGE) == 0);
	try_splits(spare, a + 3);
	return 0;
}

static void map_counts(void)
{
	struct attempt *a = map_shared(PAGE);
	long before = set_map_count(65530);
	int i, bad = 0;

	child_ok(at_map_count, a, "mprotect that would split one area too many is ENOMEM");
	set_map_count(before);
	ok(a[0].ret == -1 && a[0].err == ENOMEM, "mlock that would is ENOMEM");
	ok(a[1].ret == -1 && a[1].err == EAGAIN, "madvise that would is EAGAIN");
	ok(a[2].ret == -1 && a[2].err == ENOMEM, "munmap that would is ENOMEM");
	ok(!a[0].split && !a[1].split && !a[2].split, "none of them has split the area");
	for (i = 3; i < 6; i++)
		bad += a[i].ret != 0 || !a[i].split;
	is(bad, 0, "with fewer areas all three succeed");
	munmap(a, PAGE);
}

/* ---- RLIMIT_AS ---- */

#define BLOCK	(64 * MIB)

static char *limited_block(void)
{
	char *p = map_hint(BLOCK, PROT_READ, MAP_NORESERVE);
	rlim_t most = (rlim_t)status_kib("VmSize:") * 1024 + 4 * MIB;
	struct rlimit r = { most, most };

	must(p != MAP_FAILED && setrlimit(RLIMIT_AS, &r) == 0);
	return p;
}

static int protect_at_limit(void *arg)
{
	char *p = limited_block();

	(void)arg;
	return mprotect(p, BLOCK, RW) == 0 ? 0 : 1;
}

static int replace_at_limit(void *arg)
{
	char *p = limited_block();

	(void)arg;
	return mmap(p, BLOCK, PROT_READ, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0) == p ? 0 : 1;
}

static int keep_at_limit(void *arg)
{
	char *p = limited_block();

	(void)arg;
	if (remap(p, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) != MAP_FAILED)
		return 1;
	return errno == ENOMEM ? 0 : 2;
}

static int move_at_limit(void *arg)
{
	char *p = limited_block(), *q;

	(void)arg;
	q = remap(p, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, p - 1024 * MIB);
	return q == p - 1024 * MIB ? 0 : 1;
}

static void address_space_limit(void)
{
	child_ok(protect_at_limit, NULL, "mprotect to writable takes nothing of RLIMIT_AS");
	child_ok(replace_at_limit, NULL, "MAP_FIXED over an area of that size needs no more of it");
	child_ok(move_at_limit, NULL, "nor does moving it");
	child_ok(keep_at_limit, NULL, "MREMAP_DONTUNMAP does");
}

/* ---- what is promised to be there ---- */

static void accounting(void)
{
	char *p = map_at(free_range(4 * PAGE), 3 * PAGE, PROT_READ);

	must(mprotect(p + PAGE, PAGE, RW) == 0 && mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	is(vmas_in(p, p + 3 * PAGE), 3, "a page that once was writable stays accounted and apart");
	munmap(p, 3 * PAGE);

	fails(mmap(NULL, 4 * TIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM,
	      "shared memory of 4 TiB is ENOMEM");
	p = map_hint(4 * TIB, PROT_NONE, 0);
	ok(p != MAP_FAILED, "4 TiB without rights can be had");
	fails(mprotect(p, 4 * TIB, RW), ENOMEM, "making them writable is ENOMEM");
	is(mprotect(p, 16 * PAGE, RW), 0, "making some of them writable is fine");
	munmap(p, 4 * TIB);

	p = map_hint(GIB, PROT_NONE, 0);
	must(p != MAP_FAILED);
	p = remap(p, GIB, 2 * TIB, MREMAP_MAYMOVE, NULL);
	if (ok(p != MAP_FAILED, "an area without rights grows beyond the size of memory"))
		munmap(p, 2 * TIB);
}

/* ---- moves ---- */

static void moves(void)
{
	char *p = map_at(free_range(8 * PAGE), PAGE, RW), *q = map_anon(PAGE, RW), *to;
	unsigned long begin;

	must(remap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE) == p + PAGE);
	is(vmas_in(p, p + 2 * PAGE), 1, "an untouched area that is moved joins its new neighbour");
	munmap(p, 2 * PAGE);

	p = map_hint(16 * TIB, PROT_NONE, MAP_NORESERVE);
	must(p != MAP_FAILED);
	to = hide(0x100000000000UL);
	begin = now_ms();
	q = remap(p, 16 * TIB, 16 * TIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (ok(q == to, "16 TiB without rights move"))
		ok(now_ms() - begin < 5000, "within five seconds");
	munmap(q == to ? to : p, 16 * TIB);

	p = map_hint(16 * TIB, RW, MAP_NORESERVE);
	must(p != MAP_FAILED);
	p[0] = 1;
	p[5 * TIB + 3 * PAGE] = 2;
	p[16 * TIB - 1] = 3;
	begin = now_ms();
	q = remap(p, 16 * TIB, 16 * TIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (ok(q == to && q[0] == 1 && q[5 * TIB + 3 * PAGE] == 2 && q[16 * TIB - 1] == 3,
	       "16 TiB with three pages move with them"))
		ok(now_ms() - begin < 5000, "within five seconds, too");
	munmap(q == to ? to : p, 16 * TIB);
}

/* ---- locked memory ---- */

static int lock_all(void *arg)
{
	char *p = map_at(free_range(4 * PAGE), PAGE, RW);
	int fd = make_file("/tmp/mmargs", 1);

	(void)arg;
	map_at(p + PAGE, PAGE, PROT_NONE);
	must(mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 4 * PAGE) !=
	     MAP_FAILED);
	map_at(p + 3 * PAGE, PAGE, RW);
	unlink("/tmp/mmargs");
	if (mlockall(MCL_CURRENT))
		return 1;
	return resident(p) && resident(p + 3 * PAGE) ? 0 : 2;
}

static int lock_nothing(void *arg)
{
	struct rlimit none = { 0, 0 };

	(void)arg;
	must(setrlimit(RLIMIT_MEMLOCK, &none) == 0 && setgid(1000) == 0 && setuid(1000) == 0);
	if (map_hint(PAGE, RW, MAP_LOCKED) != MAP_FAILED)
		return 1;
	return errno == EPERM || errno == ENOMEM ? 0 : 2;
}

/* The errno of the call itself: a C library may make ENOMEM of EPERM. */
static int lock_fixed(void *arg)
{
	struct rlimit none = { 0, 0 };
	char *p = map_anon(PAGE, RW);

	(void)arg;
	must(setrlimit(RLIMIT_MEMLOCK, &none) == 0 && setgid(1000) == 0 && setuid(1000) == 0);
	if (mmap(p, PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1, 0) != MAP_FAILED)
		return 1;
	return errno == EPERM ? 0 : 2;
}

static void locked(void)
{
	char *p = map_anon(PAGE, PROT_NONE);

	fails(mlock(p, PAGE), ENOMEM, "mlock of memory without rights is ENOMEM");
	munmap(p, PAGE);
	p = map_anon(PAGE, RW);
	must(mlock(p, PAGE) == 0);
	fails(madvise(p, PAGE, MADV_FREE), EINVAL, "MADV_FREE of locked memory is EINVAL");
	munmap(p, PAGE);
	child_ok(lock_all, NULL, "mlockall fills the areas after one that cannot be filled");
	child_ok(lock_nothing, NULL, "MAP_LOCKED with nothing allowed is refused to a user");
	child_ok(lock_fixed, NULL, "with EPERM");
}

/* ---- the rest ---- */

static void places(void)
{
	char *p = mmap((void *)0x33000000000, PAGE, PROT_READ, ANON | MAP_32BIT, -1, 0);
	int round, bad = 0;

	ok((unsigned long)p < 2 * GIB, "MAP_32BIT is below 2 GiB whatever the hint");
	munmap(p, PAGE);

	p = map_at(free_range(8 * PAGE) + 2 * PAGE, 4 * PAGE, RW) - 2 * PAGE;
	memset(p + 2 * PAGE, 5, 4 * PAGE);
	is(munmap(p, 4 * PAGE), 0, "munmap begins in a hole and ends inside an area");
	faults(READ, p + 3 * PAGE, SIGSEGV, SEGV_MAPERR, "what it covers of the area is gone");
	is(p[4 * PAGE], 5, "the rest is as it was");
	munmap(p + 4 * PAGE, 2 * PAGE);

	/* Two areas meet where one page table ends and the next begins. */
	p = hide(0x20000000000UL);
	for (round = 0; round < 3; round++) {
		map_at(p, 4 * MIB, RW);
		must(mprotect(p, 2 * MIB, RW | PROT_EXEC) == 0);
		bad += p[0] || p[2 * MIB];
		p[0] = p[2 * MIB] = 1;
		bad += munmap(p, 4 * MIB) != 0;
	}
	is(bad, 0, "one munmap of two touched areas frees the page tables of both");
}

static int peak(void *arg)
{
	struct rusage use;
	char *p = map_anon(32 * MIB, RW);

	memset(p, 1, 32 * MIB);
	munmap(p, 32 * MIB);
	must(getrusage(RUSAGE_SELF, &use) == 0);
	return (arg ? use.ru_maxrss : status_kib("VmHWM:")) >= 32 * 1024 ? 0 : 1;
}

static void peaks(void)
{
	struct rusage use;
	pid_t pid;

	child_ok(peak, (void *)0, "VmHWM keeps the peak after munmap");
	child_ok(peak, (void *)1, "so does ru_maxrss");
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(peak(NULL) > 1);
	memset(&use, 0, sizeof(use));
	must(wait4(pid, NULL, 0, &use) == pid);
	ok(use.ru_maxrss >= 32 * 1024, "and what wait4 tells of a child");
}

static void body(void)
{
	old_lengths();
	low_addresses();
	map_counts();
	address_space_limit();
	accounting();
	moves();
	locked();
	places();
	peaks();
}

int main(void)
{
	return tap_run(body, 20);
}
