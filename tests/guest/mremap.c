/* mremap.c - growing, shrinking and moving mappings. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

static void number(char *p, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		*(int *)(p + (unsigned int)i * PAGE) = 1000 + i;
}

static int wrong_numbers(char *p, int pages)
{
	int i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += *(int *)(p + (unsigned int)i * PAGE) != 1000 + i;
	return wrong;
}

static void in_place(void)
{
	char *p = map_at(free_range(16 * PAGE), 4 * PAGE, RW);

	number(p, 4);
	ok(mremap(p, 4 * PAGE, 8 * PAGE, 0) == p, "a mapping grows in place where there is room");
	is(wrong_numbers(p, 4), 0, "its content stays");
	is(p[7 * PAGE], 0, "the new part is zero");
	is(vmas_in(p, p + 8 * PAGE), 1, "it is one mapping");
	ok(mremap(p, 8 * PAGE, 2 * PAGE, 0) == p, "a mapping shrinks in place");
	is(wrong_numbers(p, 2), 0, "the rest stays");
	faults(READ, p + 2 * PAGE, SIGSEGV, SEGV_MAPERR, "what was cut off is gone");
	map_at(p + 2 * PAGE, PAGE, PROT_READ);
	fails(mremap(p, 2 * PAGE, 4 * PAGE, 0), ENOMEM, "without room and MAYMOVE it is ENOMEM");
	is(wrong_numbers(p, 2), 0, "and nothing has changed");
	ok(mremap(p, 2 * PAGE, 2 * PAGE, 0) == p, "the same size is no change");
	munmap(p, 16 * PAGE);
}

static void moving(void)
{
	char *p = map_at(free_range(16 * PAGE), 4 * PAGE, RW), *q;

	map_at(p + 4 * PAGE, PAGE, PROT_READ);
	number(p, 4);
	q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p, "without room MAYMOVE moves it");
	is(wrong_numbers(q, 4), 0, "the content has moved with it");
	is(q[7 * PAGE], 0, "the new part is zero");
	faults(READ, p, SIGSEGV, SEGV_MAPERR, "the old place is empty");
	ok((q[0] = 1) && (q[7 * PAGE] = 1), "the new place can be written");
	munmap(q, 8 * PAGE);
	munmap(p, 16 * PAGE);

	/* Over a page-table boundary, so that entries move between table pages. */
	p = map_anon(4 * MIB, RW);
	number(p, 1024);
	map_at(p + 2 * MIB, PAGE, PROT_READ);
	q = mremap(p, 2 * MIB, 6 * MIB, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p, "2 MiB move and become 6 MiB");
	is(wrong_numbers(q, 512), 0, "all 512 pages have moved with their content");
	munmap(q, 6 * MIB);
	munmap(p, 4 * MIB);
}

/* Where both places begin and end with a page table, the table itself moves. */
static void tables(void)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	char *room = free_range(16 * MIB), *p = room + (-(unsigned long)room & (2 * MIB - 1));
	char *q = p + 8 * MIB;
	pid_t pid;

	map_at(p, 4 * MIB, RW);
	number(p, 1024);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		if (mremap(p, 4 * MIB, 4 * MIB, flags, q) != q || wrong_numbers(q, 1024))
			_exit(1);
		memset(q, 0, 4 * MIB);
		if (mremap(q, 4 * MIB, 4 * MIB, flags, p) != p || p[0] || p[4 * MIB - PAGE])
			_exit(2);
		_exit(0);
	}
	is(wait_for(pid), 0, "a child moves 4 MiB it shares, overwrites them and moves them back");
	is(wrong_numbers(p, 1024), 0, "the parent's memory stays as it was");
	ok(mremap(p, 4 * MIB, 4 * MIB, flags, q) == q, "4 MiB of whole page tables move");
	is(wrong_numbers(q, 1024), 0, "all 1024 pages have moved with their content");
	faults(READ, p + 2 * MIB, SIGSEGV, SEGV_MAPERR, "the old place is empty");
	ok(mremap(q, 2 * MIB, 2 * MIB, flags | MREMAP_DONTUNMAP, p) == p,
	   "MREMAP_DONTUNMAP moves a table away from under its mapping");
	is(wrong_numbers(p, 512), 0, "the pages are at the new place");
	is(q[0] | q[PAGE], 0, "and the old one is zero");
	is(*(int *)(q + 2 * MIB), 1512, "what lies behind it stays");
	munmap(p, 12 * MIB);
}

static void fixed(void)
{
	char *p = map_anon(4 * PAGE, RW), *to = map_at(free_range(8 * PAGE), 8 * PAGE, RW);

	memset(to, 0x33, 8 * PAGE);
	number(p, 4);
	ok(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE,
	   "MREMAP_FIXED moves to the place it is told");
	is(wrong_numbers(to + PAGE, 4), 0, "the content has moved with it");
	ok(to[0] == 0x33 && to[5 * PAGE] == 0x33, "what lies around the new place is kept");
	ok(mremap(to + PAGE, 4 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p,
	   "moving can shrink");
	is(wrong_numbers(p, 2), 0, "the first pages have moved");
	is(vmas_in(to + PAGE, to + 5 * PAGE), 0, "the old place is all empty");
	fails(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_FIXED, to), EINVAL,
	      "MREMAP_FIXED without MAYMOVE is EINVAL");
	fails(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL,
	      "a new place that overlaps the old one is EINVAL");
	fails(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 1), EINVAL,
	      "a new place inside a page is EINVAL");
	is(wrong_numbers(p, 2), 0, "refused moves change nothing");
	munmap(p, 4 * PAGE);
	munmap(to, 8 * PAGE);
}

static void dontunmap(void)
{
	char *p = map_anon(4 * PAGE, RW), *q;

	number(p, 4);
	q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	ok(q != MAP_FAILED && q != p, "MREMAP_DONTUNMAP moves the pages");
	is(wrong_numbers(q, 4), 0, "the content is at the new place");
	is(p[0] | p[3 * PAGE], 0, "the old place stays mapped and is zero");
	p[0] = 3;
	is(*(int *)q, 1000, "the two are separate memory");
	fails(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL), EINVAL,
	      "MREMAP_DONTUNMAP with another size is EINVAL");
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
}

static void refused(void)
{
	char *p = map_at(free_range(8 * PAGE), 4 * PAGE, RW);

	number(p, 4);
	fails(mremap(p + 1, PAGE, PAGE, 0), EINVAL, "an address inside a page is EINVAL");
	fails(mremap(p, PAGE, 0, 0), EINVAL, "a new length of 0 is EINVAL");
	fails(mremap(p, PAGE, PAGE, 0x80), EINVAL, "unknown flags are EINVAL");
	fails(mremap(p + 4 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
	      "an unmapped address is EFAULT");
	fails(mremap(p, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE), EFAULT,
	      "an old range past the mapping is EFAULT");
	fails(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL,
	      "an old length of 0 of private memory is EINVAL");
	ok(syscall(SYS_mremap, p, PAGE, -PAGE, MREMAP_MAYMOVE) == -1 &&
	   (errno == ENOMEM || errno == EINVAL), "an endless new length is refused");
	is(wrong_numbers(p, 4), 0, "refused calls change nothing");
	munmap(p, 4 * PAGE);
}

static int check_moved(void *p)
{
	return wrong_numbers(p, 4);
}

/* A part of a mapping moves; and moved pages still are copied on write. */
static void parts(void)
{
	char *p = map_at(free_range(6 * PAGE), 6 * PAGE, RW), *q;
	pid_t pid;

	number(p, 6);
	q = mremap(p + 2 * PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED, "the middle of a mapping can be moved");
	ok(*(int *)q == 1002 && *(int *)(q + PAGE) == 1003, "it carries its own pages");
	is(wrong_numbers(p, 2), 0, "the part before it stays");
	is(*(int *)(p + 5 * PAGE), 1005, "the part after it stays");
	faults(READ, p + 3 * PAGE, SIGSEGV, SEGV_MAPERR, "a hole is left between");
	munmap(q, 3 * PAGE);
	munmap(p, 6 * PAGE);

	p = map_anon(4 * PAGE, RW);
	number(p, 4);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		q = mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
		if (q == MAP_FAILED || check_moved(q))
			_exit(1);
		memset(q, 0, 4 * PAGE);
		_exit(0);
	}
	is(wait_for(pid), 0, "a child can move and overwrite memory it shares with its parent");
	is(wrong_numbers(p, 4), 0, "the parent's memory stays as it was");
	munmap(p, 4 * PAGE);
}

/* Every page that moves keeps its identity: no copy, no second page. */
static void file(void)
{
	int fd = make_file("/tmp/mremap", 4);
	char *p = mmap(free_range(8 * PAGE), 2 * PAGE, RW, MAP_PRIVATE, fd, PAGE), *q;

	p[0] = 'X';
	q = mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED, "a private file mapping can grow");
	ok(q[0] == 'X' && q[1] == 'b', "its own copy of a page has come along");
	ok(q[PAGE] == 'c' && q[2 * PAGE] == 'd', "the new part shows the next page of the file");
	munmap(q, 3 * PAGE);
	close(fd);
	unlink("/tmp/mremap");
}

static void body(void)
{
	in_place();
	moving();
	tables();
	fixed();
	dontunmap();
	refused();
	parts();
	file();
}

int main(void)
{
	return tap_run(body, 10);
}
