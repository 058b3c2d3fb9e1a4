/* madvise.c - advice that has an effect, and advice that is only accepted. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)
#define ADV_POPULATE_READ	22
#define ADV_POPULATE_WRITE	23
#define ADV_WIPEONFORK		18
#define ADV_KEEPONFORK		19

static int resident(char *p, size_t pages)
{
	unsigned char vec[256];
	size_t i;
	int n = 0;

	must(mincore(p, pages * PAGE, vec) == 0);
	for (i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

static void dontneed(void)
{
	char *p = map_at(free_range(8 * PAGE), 8 * PAGE, RW);
	int fd = make_file("/tmp/madvise", 4), *s;
	char *f;

	memset(p, 0x66, 8 * PAGE);
	is(madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTNEED), 0,
	   "DONTNEED on written memory succeeds");
	is(p[2 * PAGE] | p[3 * PAGE] | p[5 * PAGE - 1], 0, "the memory is zero after it");
	ok(p[2 * PAGE - 1] == 0x66 && p[5 * PAGE] == 0x66, "the pages around it are kept");
	p[3 * PAGE] = 1;
	is(p[3 * PAGE], 1, "it can be written again");
	is(vmas_in(p, p + 8 * PAGE), 1, "the mapping is not split by it");
	must(madvise(p, 8 * PAGE, MADV_DONTNEED) == 0);
	is(resident(p, 8), 0, "no page is left");
	munmap(p, 8 * PAGE);

	f = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	f[0] = 'X';
	must(madvise(f, 4 * PAGE, MADV_DONTNEED) == 0);
	is(f[0], 'a', "in a private file mapping the file shows again");
	munmap(f, 4 * PAGE);
	close(fd);
	unlink("/tmp/madvise");

	s = map_shared(PAGE);
	*s = 77;
	must(madvise(s, PAGE, MADV_DONTNEED) == 0);
	is(*s, 77, "shared memory keeps its content");
	munmap(s, PAGE);
}

static void populate(void)
{
	char *p = map_anon(8 * PAGE, RW), *r = map_anon(4 * PAGE, PROT_READ);
	char *w = map_anon(PAGE, PROT_WRITE), *x = map_anon(PAGE, PROT_EXEC);

	is(madvise(p, 4 * PAGE, ADV_POPULATE_WRITE), 0, "POPULATE_WRITE succeeds");
	is(resident(p, 8), 4, "it has filled its four pages and no other");
	is(madvise(p + 4 * PAGE, 4 * PAGE, ADV_POPULATE_READ), 0, "POPULATE_READ succeeds");
	is(p[0] | p[7 * PAGE], 0, "populated pages are zero");
	fails(madvise(r, 4 * PAGE, ADV_POPULATE_WRITE), EINVAL,
	      "POPULATE_WRITE of read-only memory is EINVAL");
	is(madvise(r, 4 * PAGE, ADV_POPULATE_READ), 0, "POPULATE_READ of it succeeds");
	fails(madvise(w, PAGE, ADV_POPULATE_READ), EINVAL,
	      "POPULATE_READ of what may only be written is EINVAL");
	is(madvise(w, PAGE, ADV_POPULATE_WRITE), 0, "POPULATE_WRITE of it succeeds");
	fails(madvise(x, PAGE, ADV_POPULATE_READ), EINVAL,
	      "POPULATE_READ of what may only be executed is EINVAL");
	must(munmap(r + PAGE, PAGE) == 0);
	fails(madvise(r, 4 * PAGE, ADV_POPULATE_READ), ENOMEM, "with a hole it is ENOMEM");
	munmap(r, 4 * PAGE);
	munmap(p, 8 * PAGE);
	munmap(w, PAGE);
	munmap(x, PAGE);
}

static int is_mapped(void *p)
{
	return fault_of(READ, p).sig;
}

static int first_byte(void *p)
{
	return *(unsigned char *)p;
}

static void over_fork(void)
{
	char *p = map_at(free_range(4 * PAGE), 4 * PAGE, RW);

	memset(p, 0x55, 4 * PAGE);
	is(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0, "DONTFORK succeeds");
	is(child(is_mapped, p + PAGE), EXITED(SIGSEGV), "a child does not have that page");
	is(child(is_mapped, p + 2 * PAGE), 0, "it has the one after it");
	is(madvise(p + PAGE, PAGE, MADV_DOFORK), 0, "DOFORK succeeds");
	is(child(first_byte, p + PAGE), EXITED(0x55), "a child has the page then");
	is(vmas_in(p, p + 4 * PAGE), 1, "and the mapping is one again");

	is(madvise(p + PAGE, PAGE, ADV_WIPEONFORK), 0, "WIPEONFORK succeeds");
	is(child(first_byte, p + PAGE), 0, "a child finds zeros there");
	is(child(first_byte, p), EXITED(0x55), "and the content in the page before it");
	is(p[PAGE], 0x55, "the parent keeps its content");
	is(madvise(p + PAGE, PAGE, ADV_KEEPONFORK), 0, "KEEPONFORK succeeds");
	is(child(first_byte, p + PAGE), EXITED(0x55), "a child has the content then");
	munmap(p, 4 * PAGE);

	p = map_shared(PAGE);
	fails(madvise(p, PAGE, ADV_WIPEONFORK), EINVAL, "WIPEONFORK of shared memory is EINVAL");
	munmap(p, PAGE);
}

static void hints(void)
{
	static const int advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED };
	char *p = map_anon(4 * PAGE, RW);
	int i, bad = 0;

	memset(p, 0x44, 4 * PAGE);
	for (i = 0; i < (int)COUNT(advice); i++)
		is(madvise(p, 4 * PAGE, advice[i]), 0, "advice %d is accepted", advice[i]);
	for (i = 0; i < (int)(4 * PAGE); i++)
		bad += p[i] != 0x44;
	is(bad, 0, "hints leave the content alone");
	munmap(p, 4 * PAGE);
}

static void refused(void)
{
	char *p = map_at(free_range(4 * PAGE), 4 * PAGE, RW);

	memset(p, 1, 4 * PAGE);
	fails(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL, "an address inside a page is EINVAL");
	is(madvise(p, 0, MADV_DONTNEED), 0, "a length of 0 does nothing");
	fails(madvise(p, PAGE, 12345), EINVAL, "unknown advice is EINVAL");
	fails(madvise(p, -PAGE, MADV_DONTNEED), EINVAL, "a length that wraps is EINVAL");
	must(munmap(p + PAGE, PAGE) == 0);
	fails(madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM, "a hole in the range is ENOMEM");
	is(p[0] | p[3 * PAGE], 0, "and what is mapped on both sides of it is dropped all the same");
	munmap(p, 4 * PAGE);
}

static void body(void)
{
	dontneed();
	populate();
	over_fork();
	hints();
	refused();
}

int main(void)
{
	return tap_run(body, 10);
}
