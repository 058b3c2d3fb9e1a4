/* swap.c - more memory than there is: written, read again, shared by a parent and eight children,
 * and written by them while pages leave. In the short form a balloon takes most of the memory away;
 * with the word whole=1 on the kernel command line all of it is used. */
#include "swapping.h"

#define CHILDREN	8

/* Four times the memory, one process. */
static void four_times(long kib)
{
	size_t pages = (size_t)kib, i, wrong = 0;
	char *p = map_anon(pages * PAGE, RW);
	long out = vm_event("pswpout"), in = vm_event("pswpin"), majflt = major_faults();
	unsigned long begin = now_ms();

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	fill(p, pages, 1);
	diag("%zu MiB written in %lu ms", pages / 256, now_ms() - begin);
	if (!ok(nr_swapped(p, pages) >= pages / 2, "most of it is on the disk"))
		diag("%zu of %zu pages", nr_swapped(p, pages), pages);
	ok(vm_event("pswpout") - out >= (long)pages / 2, "pswpout counts them");
	begin = now_ms();
	is(wrong_pages(p, pages, 1), 0, "read again, every page is as it was written");
	diag("and read in %lu ms", now_ms() - begin);
	ok(vm_event("pswpin") - in >= (long)pages / 2, "pswpin counts what came back");
	ok(major_faults() > majflt, "there were major faults");
	for (i = 0; i < pages; i += 16)
		fill_page(p + i * PAGE, 1000000 + i);
	for (i = 0; i < pages; i++)
		if (i % 16 == 0 || i % 16 == 5)
			wrong += !page_is(p + i * PAGE, i % 16 ? 1 + i : 1000000 + i);
	is(wrong, 0, "every 16th page written once more, and looked at with one beside it");
	munmap(p, pages * PAGE);
}

/* ---- nine processes ---- */

static char *shared;
static size_t nr_shared;

static int reader(int nr)
{
	(void)nr;
	return wrong_pages(shared, nr_shared, 5) != 0;
}

/* Every eighth page becomes the child's own, while all the others leave and come. */
static int writer(int nr)
{
	uint64_t mine = 1000000 * (uint64_t)(nr + 1);
	size_t i, wrong = 0;
	int round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < nr_shared; i++)
			if (i % CHILDREN == (size_t)nr)
				fill_page(shared + i * PAGE, mine + i + (size_t)round);
		for (i = 0; i < nr_shared; i++)
			wrong += !page_is(shared + i * PAGE, i % CHILDREN == (size_t)nr ?
					  mine + i + (size_t)round : 5 + i);
	}
	return wrong != 0;
}

static void children(int (*what)(int), const char *name)
{
	long begin = (long)now_ms(), out = vm_event("pswpout"), in = vm_event("pswpin");
	pid_t pid[CHILDREN];
	int i, bad = 0;

	for (i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(what(i));
	}
	for (i = 0; i < CHILDREN; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "%s", name);
	diag("in %ld ms, %ld pages out, %ld in", (long)now_ms() - begin,
	     vm_event("pswpout") - out, vm_event("pswpin") - in);
}

/* Twice the memory that is free; with what the children write it is four times. */
static void sharing(void)
{
	nr_shared = 12 * MIB / PAGE;
	shared = map_anon(nr_shared * PAGE, RW);
	madvise(shared, nr_shared * PAGE, MADV_NOHUGEPAGE);
	fill(shared, nr_shared, 5);
	children(reader, "eight children read what the parent has written");
	children(writer, "eight children write every eighth page while pages leave");
	is(wrong_pages(shared, nr_shared, 5), 0, "the parent's pages are as they were");
	munmap(shared, nr_shared * PAGE);
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	if (getenv("whole"))
		four_times(meminfo_kib("MemTotal"));
	weight = balloon(16 * 1024);
	if (!getenv("whole"))
		four_times(16 * 1024);
	end_child(weight);
	weight = balloon(6 * 1024);
	sharing();
	end_child(weight);
	is(meminfo_kib("SwapTotal") - meminfo_kib("SwapFree") <= 8192, 1,
	   "what is gone has left no slots in use");
	stop_swap();
}

int main(void)
{
	return tap_run(body, getenv("whole") ? 100 : 28);
}
