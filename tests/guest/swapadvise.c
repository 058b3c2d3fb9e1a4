/* swapadvise.c - what a program says about its memory, and what becomes of it under pressure:
 * locked pages stay, free ones go without being written, cold ones go first, needed ones come
 * early. */
#include "swapping.h"
#include <sys/shm.h>

#define PAGES	256

static void locked(void)
{
	char *p = lone_pages(PAGES), *q = lone_pages(PAGES);

	fill(p, PAGES, 1);
	fill(q, PAGES, 500);
	must(push_out(q, PAGES));
	is(mlock(p, PAGES * PAGE), 0, "mlock of pages in memory");
	is(mlock(q, PAGES * PAGE), 0, "mlock of pages that are out");
	is(nr_swapped(q, PAGES), 0, "brings them in");
	ok(meminfo_kib("Mlocked") >= (long)(2 * PAGES * 4), "Mlocked counts both");
	fails(madvise(p, PAGES * PAGE, MADV_PAGEOUT), EINVAL, "MADV_PAGEOUT of them is EINVAL");
	fails(madvise(p, PAGES * PAGE, MADV_COLD), EINVAL, "MADV_COLD, too");
	fails(madvise(p, PAGES * PAGE, MADV_DONTNEED), EINVAL, "MADV_DONTNEED, too");
	squeeze(24 * 1024);
	is(nr_swapped(p, PAGES) + nr_swapped(q, PAGES), 0, "under pressure they stay");
	is(wrong_pages(p, PAGES, 1) + wrong_pages(q, PAGES, 500), 0, "with their content");
	is(munlock(p, PAGES * PAGE), 0, "munlock");
	ok(push_out(p, PAGES), "lets them leave");
	is(nr_swapped(q, PAGES), 0, "the others stay");
	is(wrong_pages(p, PAGES, 1), 0, "and come back");
	munmap(p, PAGES * PAGE);
	munmap(q, PAGES * PAGE);
}

static int locks_all(void *arg)
{
	char *p = lone_pages(PAGES), *q;

	(void)arg;
	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		return 1;
	q = lone_pages(PAGES);
	squeeze(24 * 1024);
	return nr_swapped(p, PAGES) || nr_swapped(q, PAGES) || wrong_pages(p, PAGES, 1);
}

/* Pages of @p that are in memory. */
static size_t resident(char *p)
{
	unsigned char there[PAGES];
	size_t i, n = 0;

	must(mincore(p, PAGES * PAGE, there) == 0);
	for (i = 0; i < PAGES; i++)
		n += there[i] & 1;
	return n;
}

/* Half of it is touched before it is locked, half after. */
static void locked_segment(void)
{
	int id = shmget(IPC_PRIVATE, PAGES * PAGE, 0600);
	char *p = shmat(id, NULL, 0);
	int round;

	must(id >= 0 && p != (void *)-1);
	fill(p, PAGES / 2, 1);
	is(shmctl(id, SHM_LOCK, NULL), 0, "SHM_LOCK");
	fill(p + PAGES / 2 * PAGE, PAGES / 2, 1 + PAGES / 2);
	squeeze(meminfo_kib("MemFree") + 8192);
	madvise(p, PAGES * PAGE, MADV_PAGEOUT);
	is(resident(p), PAGES, "under pressure a locked segment stays in memory");
	must(shmdt(p) == 0);
	squeeze(meminfo_kib("MemFree") + 8192);
	p = shmat(id, NULL, 0);
	is(resident(p), PAGES, "also while nobody has it attached");
	is(wrong_pages(p, PAGES, 1), 0, "with its content");
	is(shmctl(id, SHM_UNLOCK, NULL), 0, "SHM_UNLOCK");
	for (round = 0; round < 4 && resident(p) == PAGES; round++) {
		madvise(p, PAGES * PAGE, MADV_PAGEOUT);
		squeeze(meminfo_kib("MemFree") + 8192);
	}
	ok(resident(p) < PAGES, "lets it leave");
	is(wrong_pages(p, PAGES, 1), 0, "and come back");
	shmdt(p);
	shmctl(id, IPC_RMID, NULL);
}

/* ---- MADV_FREE ---- */

static bool is_zero(const char *page)
{
	return page[0] == 0 && !memcmp(page, page + 1, PAGE - 1);
}

static void free_pages(void)
{
	char *p = lone_pages(PAGES);
	size_t i, zero = 0, odd = 0;
	long out;

	fill(p, PAGES, 1);
	is(madvise(p, PAGES * PAGE, MADV_FREE), 0, "MADV_FREE");
	/* kswapd may still be at work for what was before, and take some at once. */
	for (i = 0; i < 8; i++)
		odd += !page_is(p + i * PAGE, 1 + i) && !is_zero(p + i * PAGE);
	is(odd, 0, "what was there is still there, or zero");
	for (i = 0; i < PAGES; i += 4)
		fill_page(p + i * PAGE, 5000 + i);
	out = vm_event("pswpout");
	squeeze(24 * 1024);
	ok(vm_event("pswpout") > out, "there was pressure");
	for (i = 0; i < PAGES; i++) {
		char *page = p + i * PAGE;

		if (i % 4 == 0)
			odd += !page_is(page, 5000 + i);
		else if (is_zero(page))
			zero++;
		else
			odd += !page_is(page, 1 + i);
	}
	is(odd, 0, "each page is zero, or as it was; those written since are what was written");
	ok(zero > PAGES / 4, "many are zero");
	for (out = 0, i = 0; i < PAGES; i++)
		out += i % 4 ? nr_swapped(p + i * PAGE, 1) : 0;
	is(out, 0, "none of them is out; those written since may be");
	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	is(madvise(p, PAGES * PAGE, MADV_FREE), 0, "MADV_FREE of pages that are out");
	is(p[0] | p[9 * PAGE], 0, "they are zero");
	munmap(p, PAGES * PAGE);
}

/* A child shares what the parent declares free: it keeps its content. */
static int keeps(void *p)
{
	squeeze(16 * 1024);
	return wrong_pages(p, PAGES, 1) != 0;
}

static void free_shared(void)
{
	char *p = lone_pages(PAGES);
	int status;
	pid_t pid;

	fill(p, PAGES, 1);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		sleep_ms(50);
		_exit(keeps(p));
	}
	is(madvise(p, PAGES * PAGE, MADV_FREE), 0, "MADV_FREE of pages that a child shares");
	status = wait_for(pid);
	is(status, 0, "the child keeps their content");
	munmap(p, PAGES * PAGE);
}

/* ---- COLD, PAGEOUT, WILLNEED ---- */

static void cold(void)
{
	char *p = lone_pages(PAGES), *q = lone_pages(PAGES);
	size_t cold, used;

	fill(p, PAGES, 1);
	fill(q, PAGES, 500);
	is(madvise(p, PAGES * PAGE, MADV_COLD), 0, "MADV_COLD");
	is(nr_swapped(p, PAGES), 0, "does not make pages leave");
	/* kswapd may have looked at those of q already: then only a use tells them from p's. */
	is(wrong_pages(q, PAGES, 500), 0, "the others are used once more");
	squeeze(meminfo_kib("MemFree") + 1024);
	used = nr_swapped(q, PAGES);	/* first, since more may be leaving */
	cold = nr_swapped(p, PAGES);
	ok(cold >= used, "under pressure they leave first: %zu of them, %zu of others", cold, used);
	is(wrong_pages(p, PAGES, 1) + wrong_pages(q, PAGES, 500), 0, "all have their content");
	munmap(p, PAGES * PAGE);
	munmap(q, PAGES * PAGE);
}

static void pageout(void)
{
	char *p = lone_pages(3 * PAGES);

	fill(p, 3 * PAGES, 1);
	is(madvise(p + PAGES * PAGE, PAGES * PAGE, MADV_PAGEOUT), 0, "MADV_PAGEOUT");
	is(nr_swapped(p + PAGES * PAGE, PAGES), PAGES, "makes its pages leave");
	is(nr_swapped(p, PAGES) + nr_swapped(p + 2 * PAGES * PAGE, PAGES), 0, "and no other");
	ok(push_out(p, 3 * PAGES), "MADV_PAGEOUT of all");
	is(nr_swapped(p, 3 * PAGES), 3 * PAGES, "all are out");
	is(wrong_pages(p, 3 * PAGES, 1), 0, "all come back");
	ok(push_out(p, 3 * PAGES), "clean ones leave once more");
	is(nr_swapped(p, 3 * PAGES), 3 * PAGES, "all of them");
	is(wrong_pages(p, 3 * PAGES, 1), 0, "all come back again");
	must(munmap(p + PAGES * PAGE, PAGES * PAGE) == 0);
	fails(madvise(p, 3 * PAGES * PAGE, MADV_PAGEOUT), ENOMEM, "over a hole it is ENOMEM");
	munmap(p, 3 * PAGES * PAGE);
}

static size_t in_core(char *p, size_t pages)
{
	static unsigned char vec[PAGES];
	size_t i, n = 0;

	must(mincore(p, pages * PAGE, vec) == 0);
	for (i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

static void willneed(void)
{
	char *p = lone_pages(PAGES);
	long majflt;
	int i;

	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	squeeze(24 * 1024);
	squeeze(24 * 1024);
	is(in_core(p, PAGES), 0, "mincore knows of pages that are out");
	is(madvise(p, PAGES * PAGE, MADV_WILLNEED), 0, "MADV_WILLNEED");
	/* As far as there are frames at hand: kswapd may still be making some. */
	for (i = 0; i < 200 && in_core(p, PAGES) < PAGES; i++) {
		sleep_ms(5);
		must(madvise(p, PAGES * PAGE, MADV_WILLNEED) == 0);
	}
	is(in_core(p, PAGES), PAGES, "brings them into memory");
	ok(nr_swapped(p, PAGES) > PAGES / 2, "though not into the tables");
	ok(meminfo_kib("SwapCached") >= (long)PAGES * 2, "SwapCached counts them");
	majflt = major_faults();
	is(wrong_pages(p, PAGES, 1), 0, "they have their content");
	ok(major_faults() - majflt <= 8, "no disk was needed");
	munmap(p, PAGES * PAGE);
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	weight = balloon(12 * 1024);
	locked();
	child_ok(locks_all, NULL, "mlockall brings in what is out, and all stays");
	free_pages();
	free_shared();
	cold();
	pageout();
	willneed();
	end_child(weight);
	locked_segment();
	stop_swap();
}

int main(void)
{
	return tap_run(body, 25 + (unsigned int)(meminfo_kib("MemTotal") >> 16));
}
