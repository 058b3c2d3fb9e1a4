/* mmap.c - making mappings: kinds, flags, where they land, and what is refused. */
#include "tap.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	(PROT_READ | PROT_WRITE)

static bool all_zero(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void anonymous(void)
{
	char *p = mmap(NULL, 16 * PAGE, RW, ANON, -1, 0);

	ok(p != MAP_FAILED, "anonymous private memory can be had");
	is((unsigned long)p % PAGE, 0, "its address is a multiple of the page size");
	ok((unsigned long)p < user_top(), "its address is in the user half");
	ok(all_zero(p, 16 * PAGE), "it reads as zeros");
	memset(p, 0x77, 16 * PAGE);
	ok(p[0] == 0x77 && p[16 * PAGE - 1] == 0x77, "it keeps what is written");
	munmap(p, 16 * PAGE);

	p = mmap(free_range(4 * PAGE), 100, RW, ANON, -1, 0);
	p[PAGE - 1] = 1;
	ok(p[PAGE - 1] == 1, "a length of 100 bytes gives a whole page");
	faults(READ, p + PAGE, SIGSEGV, SEGV_MAPERR, "and not one more");
	munmap(p, PAGE);

	p = mmap(NULL, PAGE, RW, ANON, 999, 12 * PAGE);
	ok(p != MAP_FAILED, "an anonymous mapping ignores descriptor and offset");
	munmap(p, PAGE);
}

static void refused(void)
{
	char *p = free_range(4 * PAGE);
	unsigned long top = user_top();
	int fd = make_file("/tmp/mmap.refused", 1);
	int ro = open("/tmp/mmap.refused", O_RDONLY);
	int wo = open("/tmp/mmap.refused", O_WRONLY);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), pipes[2];

	fails(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL, "a length of 0 is EINVAL");
	fails(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL,
	      "neither private nor shared is EINVAL");
	fails(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL,
	      "MAP_FIXED at an odd address is EINVAL");
	fails(syscall(SYS_mmap, NULL, PAGE, RW, MAP_PRIVATE, fd, 100), EINVAL,
	      "a file offset inside a page is EINVAL");
	fails(mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0), EBADF, "a bad descriptor is EBADF");
	fails(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES,
	      "a file open for writing only is EACCES");
	fails(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES,
	      "shared and writable of a file open for reading is EACCES");
	fails(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV, "a directory is ENODEV");
	must(pipe(pipes) == 0);
	fails(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV, "a pipe is ENODEV");
	fails(mmap(NULL, 1UL << 57, RW, ANON | MAP_NORESERVE, -1, 0), ENOMEM,
	      "more than the address space is ENOMEM");
	fails(syscall(SYS_mmap, NULL, -1UL, RW, ANON, -1, 0), ENOMEM,
	      "a length that wraps is ENOMEM");
	fails(mmap((void *)top, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
	      "MAP_FIXED above the user half is ENOMEM");
	fails(mmap((void *)0xffff800000000000UL, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
	      "MAP_FIXED in the kernel half is ENOMEM");
	fails(syscall(SYS_mmap, top - PAGE, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
	      "MAP_FIXED reaching over the top is ENOMEM");
	close(fd), close(ro), close(wo), close(dir), close(pipes[0]), close(pipes[1]);
	unlink("/tmp/mmap.refused");
}

static void fixed(void)
{
	char *p = free_range(8 * PAGE), *q;

	q = mmap(p, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p, "MAP_FIXED lands where it is told");
	memset(p, 1, 8 * PAGE);
	q = mmap(p + 2 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p + 2 * PAGE, "MAP_FIXED replaces what is there");
	ok(all_zero(q, 2 * PAGE), "the replaced pages are new and zero");
	ok(p[2 * PAGE - 1] == 1 && p[4 * PAGE] == 1, "the pages around them are kept");
	fails(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
	      "MAP_FIXED_NOREPLACE on a mapping is EEXIST");
	is(p[PAGE], 1, "and changes nothing");
	fails(mmap(p + 7 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
	      "MAP_FIXED_NOREPLACE over the end of a mapping is EEXIST");
	munmap(p + 3 * PAGE, PAGE);
	q = mmap(p + 3 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	ok(q == p + 3 * PAGE, "MAP_FIXED_NOREPLACE fills a hole exactly");
	munmap(p, 8 * PAGE);
}

static void hints(void)
{
	char *p = free_range(8 * PAGE), *q, *r;

	q = mmap(p, 2 * PAGE, RW, ANON, -1, 0);
	ok(q == p, "a hint to a free place is followed");
	r = mmap(p, PAGE, RW, ANON, -1, 0);
	ok(r != MAP_FAILED && r != p && r != p + PAGE, "a hint to a taken place goes elsewhere");
	munmap(r, PAGE);
	r = mmap(p + 5 * PAGE + 123, PAGE, RW, ANON, -1, 0);
	ok(r == p + 5 * PAGE || r == p + 6 * PAGE, "an odd hint is rounded to a page");
	munmap(r, PAGE);
	r = mmap((void *)0xffff800000000000UL, PAGE, RW, ANON, -1, 0);
	ok(r != MAP_FAILED && (unsigned long)r < user_top(),
	   "a hint in the kernel half is ignored");
	munmap(r, PAGE);
	r = mmap((void *)1, PAGE, RW, ANON, -1, 0);
	ok(r != MAP_FAILED && (unsigned long)r >= 0x1000, "a hint to page 0 does not give page 0");
	munmap(r, PAGE);
	munmap(p, 8 * PAGE);
}

static void gaps(void)
{
	enum { N = 64 };
	char *p = map_anon(N * 4 * PAGE, RW), *q;
	char *got[N];
	int i, j, overlap = 0, reused = 0;

	/* Holes of one page: none of them can take two pages, each of them can take one. */
	for (i = 0; i < N; i++)
		must(munmap(p + (4 * i + 1) * PAGE, PAGE) == 0);
	q = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0);
	ok(q + 2 * PAGE <= p || q >= p + N * 4 * PAGE, "two pages do not land in one-page holes");
	munmap(q, 2 * PAGE);
	for (i = 0; i < N; i++) {
		got[i] = mmap(NULL, PAGE, RW, ANON, -1, 0);
		must(got[i] != MAP_FAILED);
		got[i][0] = (char)i;
		if (got[i] > p && got[i] < p + N * 4 * PAGE)
			reused++;
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < i; j++)
			overlap += got[i] == got[j];
	is(overlap, 0, "no two mappings share an address");
	for (i = 0; i < N; i++)
		overlap += got[i][0] != (char)i;
	is(overlap, 0, "each keeps its own content");
	ok(reused >= N / 2, "one-page holes are found and used");
	for (i = 0; i < N; i++)
		munmap(got[i], PAGE);
	munmap(p, N * 4 * PAGE);
}

static void flags(void)
{
	char *p, vec[4];
	int fd;

	p = mmap(NULL, 1UL << 40, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	ok(p != MAP_FAILED, "1 TiB of address space can be reserved with MAP_NORESERVE");
	ok(mprotect(p + (1UL << 39), PAGE, RW) == 0 && (p[1UL << 39] = 1) == 1,
	   "and one page in its middle be made usable");
	is(munmap(p, 1UL << 40), 0, "and all be given back");

	p = mmap(NULL, 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
	ok(p != MAP_FAILED && mincore(p, 4 * PAGE, (void *)vec) == 0 && (vec[0] & vec[1] & vec[2] &
	   vec[3] & 1), "MAP_POPULATE fills the pages at once");
	munmap(p, 4 * PAGE);
	p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);
	ok(mincore(p, 4 * PAGE, (void *)vec) == 0 && !((vec[0] | vec[1] | vec[2] | vec[3]) & 1),
	   "without it no page is there before its first touch");
	munmap(p, 4 * PAGE);

	p = mmap(NULL, 64 * PAGE, RW, ANON | MAP_STACK, -1, 0);
	ok(p != MAP_FAILED, "MAP_STACK is accepted");
	munmap(p, 64 * PAGE);

	fd = make_file("/tmp/mmap.flags", 2);
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | 0x800 /* MAP_DENYWRITE */, fd, 0);
	ok(p != MAP_FAILED, "MAP_DENYWRITE is accepted and ignored");
	munmap(p, 2 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	ok(p != MAP_FAILED && p[0] == 'b', "a file is mapped from its offset");
	close(fd);
	is(p[PAGE - 1], 'b', "and stays mapped when its descriptor is closed");
	unlink("/tmp/mmap.flags");
	is(p[1], 'b', "and when its last name is gone");
	munmap(p, PAGE);
}

static int write_one(void *p)
{
	*(volatile int *)p = 4711;
	return 0;
}

static void shared(void)
{
	int *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *q;

	ok(p != MAP_FAILED, "anonymous shared memory can be had");
	ok(all_zero((char *)p, 2 * PAGE), "it reads as zeros");
	child_ok(write_one, p, "a child can write to it");
	is(*p, 4711, "the parent sees what the child wrote");
	child_ok(write_one, p + 1024, "a child can be the first to touch a page of it");
	is(p[1024], 4711, "the parent sees that too");
	munmap(p, 2 * PAGE);

	q = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child_ok(write_one, q, "a child can write to private memory");
	is(*(int *)q, 0, "the parent does not see what the child wrote there");
	munmap(q, PAGE);
}

static void many(void)
{
	enum { N = 2000 };
	char *base = free_range(2UL * N * PAGE);
	int i, bad = 0;

	for (i = 0; i < N; i++) {
		char *p = mmap(base + 2UL * (unsigned int)i * PAGE, PAGE, i % 2 ? RW : PROT_READ,
			       ANON | MAP_FIXED, -1, 0);

		bad += p == MAP_FAILED;
	}
	is(bad, 0, "2000 separate mappings can be made");
	for (i = 1; i < N; i += 2)
		*(int *)(base + 2UL * (unsigned int)i * PAGE) = i;
	for (i = 1; i < N; i += 2)
		bad += *(int *)(base + 2UL * (unsigned int)i * PAGE) != i;
	is(bad, 0, "each holds its own content");
	is(munmap(base, 2UL * N * PAGE), 0, "one munmap takes them all away");
	faults(READ, base + 2 * PAGE, SIGSEGV, SEGV_MAPERR, "and they are gone");
}

/* Neighbours of different protection never merge, so that each page is a mapping. */
static void too_many(void)
{
	enum { LIMIT = 65530 };
	size_t n, len = 70000;
	char *p = mmap(free_range(len * PAGE), len * PAGE, PROT_READ,
		       ANON | MAP_NORESERVE, -1, 0);

	must(p != MAP_FAILED);
	for (n = 1; n < len; n += 2)
		if (mprotect(p + n * PAGE, PAGE, PROT_NONE))
			break;
	is(n < len ? errno : 0, ENOMEM, "splitting ends in ENOMEM");
	ok(n > LIMIT - 100 && n <= LIMIT, "at some 65530 mappings");
	is(munmap(p, len * PAGE), 0, "one munmap takes them all away");
	p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	ok(p != MAP_FAILED, "and all is as before");
	munmap(p, PAGE);
}

static void body(void)
{
	anonymous();
	refused();
	fixed();
	hints();
	gaps();
	flags();
	shared();
	many();
	too_many();
}

int main(void)
{
	return tap_run(body, 10);
}
