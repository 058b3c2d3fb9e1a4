/* brk.c - the heap's end. Uses the system call; C libraries are kept off the heap. */
#include "tap.h"
#include <sys/resource.h>

static void growing(char *start)
{
	ok(start != NULL && set_brk(NULL) == start, "brk(0) tells the end of the heap");
	ok(set_brk(start + 3 * PAGE) == start + 3 * PAGE, "the heap grows");
	is(start[0] | start[3 * PAGE - 1], 0, "new heap is zero");
	memset(start, 0x21, 3 * PAGE);
	ok(set_brk(start + PAGE) == start + PAGE, "the heap shrinks");
	is(start[PAGE - 1], 0x21, "what is left keeps its content");
	faults(READ, (char *)(((unsigned long)start + 2 * PAGE - 1) & -PAGE), SIGSEGV, SEGV_MAPERR,
	       "what was given back is gone");
	set_brk(start + 3 * PAGE);
	is(start[2 * PAGE + 8], 0, "grown again it is zero, not what was there");
	set_brk(start);
}

static void odd_sizes(char *start)
{
	char *odd = start + 5;
	int i, bad = 0;

	ok(set_brk(odd) == odd, "the end need not be a multiple of the page size");
	odd[-1] = 1;
	is(odd[-1], 1, "the last byte below it can be used");
	for (i = 1; i <= 300; i++)
		bad += set_brk(start + i * 123) != start + i * 123;
	is(bad, 0, "it can grow in 300 odd steps");
	for (i = 0; i < 300 * 123; i++)
		start[i] = (char)i;
	for (i = 0; i < 300 * 123; i++)
		bad += start[i] != (char)i;
	is(bad, 0, "all of it holds what is written");
	set_brk(start);
	is(vmas_in(start + PAGE, start + 16 * PAGE), 0, "given back in one step it is unmapped");
}

static void refused(char *start)
{
	struct rlimit old, few;
	char *p;

	ok(set_brk((void *)1) == start, "an end below the start changes nothing");
	ok(set_brk((void *)0xffff800000000000UL) == start,
	   "an end in the kernel half changes nothing");
	p = (char *)((((unsigned long)start + PAGE - 1) & -PAGE) + 64 * PAGE);
	if (vmas_in(p - PAGE, p + PAGE) == 0) {
		map_at(p, PAGE, PROT_READ);
		ok(set_brk(p + 2 * PAGE) == start, "an end beyond another mapping changes nothing");
		munmap(p, PAGE);
	} else {
		skip("no room above the heap", "an end beyond another mapping changes nothing");
	}
	getrlimit(RLIMIT_DATA, &old);
	few = old;
	few.rlim_cur = 8 * MIB;
	must(setrlimit(RLIMIT_DATA, &few) == 0);
	ok(set_brk(start + 16 * MIB) == start, "an end beyond RLIMIT_DATA changes nothing");
	ok(set_brk(start + MIB) == start + MIB, "below the limit it grows");
	setrlimit(RLIMIT_DATA, &old);
	set_brk(start);
}

static int child_heap(void *start)
{
	char *p = start;

	p[0] = 2;
	if (set_brk(p + 8 * PAGE) != p + 8 * PAGE)
		return 1;
	p[8 * PAGE - 1] = 2;
	return 0;
}

static void inherited(char *start)
{
	set_brk(start + PAGE);
	start[0] = 1;
	child_ok(child_heap, start, "a child has a heap of its own");
	is(start[0], 1, "what it writes stays its own");
	ok(set_brk(NULL) == start + PAGE, "its end stays its own");
	set_brk(start);
}

static void body(void)
{
	char *start = set_brk(NULL);

	growing(start);
	odd_sizes(start);
	refused(start);
	inherited(start);
}

int main(void)
{
	return tap_run(body, 10);
}
