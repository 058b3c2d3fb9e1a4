/* munmap.c - taking mappings away, whole and in parts. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

static void fill(char *p, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		p[(unsigned int)i * PAGE] = (char)(i + 1);
}

static void parts(void)
{
	char *p = map_at(free_range(9 * PAGE), 9 * PAGE, RW);

	fill(p, 9);
	is(munmap(p + 4 * PAGE, PAGE), 0, "a page in the middle can be unmapped");
	faults(READ, p + 4 * PAGE, SIGSEGV, SEGV_MAPERR, "the page in the middle is gone");
	ok(p[3 * PAGE] == 4 && p[5 * PAGE] == 6, "its neighbours keep their content");
	is(vmas_in(p, p + 9 * PAGE), 2, "one mapping has become two");
	is(munmap(p, PAGE), 0, "the first page can be unmapped");
	faults(WRITE, p, SIGSEGV, SEGV_MAPERR, "the first page is gone");
	is(p[PAGE], 2, "the second page is kept");
	is(munmap(p + 8 * PAGE, PAGE), 0, "the last page can be unmapped");
	faults(READ, p + 8 * PAGE, SIGSEGV, SEGV_MAPERR, "the last page is gone");
	is(p[7 * PAGE], 8, "the page before it is kept");
	is(munmap(p + 3 * PAGE, 3 * PAGE), 0, "a range with a hole in it can be unmapped");
	ok(p[2 * PAGE] == 3 && p[6 * PAGE] == 7, "what lies around that range is kept");
	is(vmas_in(p, p + 9 * PAGE), 2, "two mappings are left");
	is(munmap(p, 9 * PAGE), 0, "one call unmaps them both");
	is(vmas_in(p, p + 9 * PAGE), 0, "no mapping is left");
	is(munmap(p, 9 * PAGE), 0, "unmapping nothing succeeds");
}

static void refused(void)
{
	char *p = map_anon(2 * PAGE, RW);

	fails(munmap(p, 0), EINVAL, "a length of 0 is EINVAL");
	fails(munmap(p + 1, PAGE), EINVAL, "an address inside a page is EINVAL");
	fails(munmap((void *)0xffff800000000000UL, PAGE), EINVAL, "a kernel address is EINVAL");
	fails(syscall(SYS_munmap, p, -PAGE), EINVAL, "a length that wraps is EINVAL");
	fails(munmap((void *)(user_top() - PAGE), 2 * PAGE), EINVAL,
	      "a range over the top of the user half is EINVAL");
	is(munmap(p, PAGE + 1), 0, "a length is rounded up to pages");
	faults(READ, p + PAGE, SIGSEGV, SEGV_MAPERR, "so that the second page is gone too");
}

static void fresh(void)
{
	char *p = map_anon(4 * PAGE, RW);

	memset(p, 0x11, 4 * PAGE);
	must(munmap(p, 4 * PAGE) == 0);
	map_at(p, 4 * PAGE, RW);
	is(p[0] | p[PAGE] | p[2 * PAGE] | p[3 * PAGE], 0,
	   "memory mapped again at the same place is zero");
	munmap(p, 4 * PAGE);
}

/* Touches one page in each of many 2 MiB regions: each has a page-table page of its own, and all
 * of them must come back. 200 rounds would otherwise use 400 x 200 pages = 312 MiB. */
static void tables(void)
{
	enum { REGIONS = 400, ROUNDS = 200 };
	size_t len = REGIONS * 2 * MIB;
	long before = meminfo_kib("MemFree"), after;
	int i, round, bad = 0;

	for (round = 0; round < ROUNDS; round++) {
		char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED) {
			bad++;
			break;
		}
		for (i = 0; i < REGIONS; i += round ? 40 : 1)
			p[(unsigned int)i * 2 * MIB] = 1;
		munmap(p, len);
	}
	is(bad, 0, "sparse mappings can be made and unmapped 200 times");
	after = meminfo_kib("MemFree");
	if (on_avocet())
		ok(before - after < 256, "their page tables are free again");
	else
		skip("only where nothing else runs", "their page tables are free again");
}

static void body(void)
{
	parts();
	refused();
	fresh();
	tables();
}

int main(void)
{
	return tap_run(body, 10);
}
