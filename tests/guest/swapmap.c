/* swapmap.c - the calls that change memory, over pages that are out: protection, unmapping, moving,
 * exec and exit; and memory of other kinds that leaves: shared, files of tmpfs, private pages of
 * files. */
#include "swapping.h"

#define PAGES	128
#define OTHERS	6144	/* KiB that other processes may lose under pressure */

static long swap_used(void)
{
	return meminfo_kib("SwapTotal") - meminfo_kib("SwapFree");
}

/* Until the disk has all that is on its way to it. The slot of a page whose last user goes
 * before that comes free only when reclaim meets the page. */
static void written(void)
{
	int i;

	for (i = 0; i < 500 && meminfo_kib("Writeback") > 0; i++)
		sleep_ms(2);
}

/* Some free slots stay with a processor on Linux. */
static bool swap_used_is(long kib)
{
	int i;

	for (i = 0; i < 40 && swap_used() > kib + 512; i++)
		sleep_ms(10);
	if (swap_used() <= kib + 512)
		return true;
	diag("%ld KiB are in use instead of %ld", swap_used(), kib);
	return false;
}

/* @pages new pages named from 1 on, which are out. */
static char *pages_out(size_t pages)
{
	char *p = lone_pages(pages);

	fill(p, pages, 1);
	must(push_out(p, pages) && nr_swapped(p, pages) == pages);
	written();
	return p;
}

static void protect(void)
{
	char *p = pages_out(PAGES);

	is(mprotect(p, PAGES * PAGE, PROT_READ), 0, "mprotect: read-only while out");
	is(nr_swapped(p, PAGES), PAGES, "they are still out");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "a write to a page that is out is refused");
	is(wrong_pages(p, PAGES, 1), 0, "they can be read");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "a write to one that is back is refused, too");
	is(mprotect(p, PAGES * PAGE, RW), 0, "mprotect: writable");
	fill(p, PAGES, 300);
	must(push_out(p, PAGES));
	is(mprotect(p, PAGES * PAGE, PROT_NONE), 0, "mprotect: nothing, while out");
	faults(READ, p + PAGE, SIGSEGV, SEGV_ACCERR, "then they cannot be read");
	is(mprotect(p, PAGES * PAGE, RW), 0, "mprotect: all");
	is(wrong_pages(p, PAGES, 300), 0, "they have their content");
	must(mprotect(p, PAGES * PAGE, PROT_NONE) == 0);
	madvise(p, PAGES * PAGE, MADV_PAGEOUT);
	must(mprotect(p, PAGES * PAGE, RW) == 0);
	is(wrong_pages(p, PAGES, 300), 0, "pages that left while they were PROT_NONE, too");
	munmap(p, PAGES * PAGE);
}

static void unmap(void)
{
	long before = swap_used();
	char *p = pages_out(PAGES);

	is(munmap(p + 32 * PAGE, 64 * PAGE), 0, "munmap of the middle half");
	ok(swap_used_is(before + 64 * 4), "gives its slots back");
	is(wrong_pages(p, 32, 1) + wrong_pages(p + 96 * PAGE, 32, 97), 0, "the rest is whole");
	munmap(p, PAGES * PAGE);
	ok(swap_used_is(before), "without the rest no slot is used");
	p = pages_out(PAGES);
	is(madvise(p, PAGES * PAGE, MADV_DONTNEED), 0, "MADV_DONTNEED");
	ok(swap_used_is(before), "gives slots back");
	is(p[0] | p[77 * PAGE], 0, "and the pages are zero");
	p = map_at(p, PAGES * PAGE, RW);
	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	written();
	p = map_at(p, PAGES * PAGE, RW);
	ok(swap_used_is(before), "so does a new mapping over the old");
	is(p[5 * PAGE], 0, "which is zero");
	munmap(p, PAGES * PAGE);
}

static void move(void)
{
	char *p = pages_out(PAGES), *to = free_range(4 * PAGES * PAGE), *q;

	q = mremap(p, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ok(q == to, "mremap moves pages that are out, and makes the area larger");
	is(nr_swapped(q, PAGES), PAGES, "they are still out");
	is(wrong_pages(q, PAGES, 1), 0, "they have their content");
	is(q[PAGES * PAGE], 0, "what is new is zero");
	faults(READ, p, SIGSEGV, SEGV_MAPERR, "nothing is where they were");
	must(push_out(q, PAGES));
	q = mremap(q, 2 * PAGES * PAGE, 16 * PAGE, 0);
	ok(q == to, "mremap makes it smaller");
	is(wrong_pages(q, 16, 1), 0, "what is left has its content");
	munmap(q, 16 * PAGE);
}

static int exec_over(void *arg)
{
	char *p = pages_out(PAGES);

	(void)arg;
	if (nr_swapped(p, PAGES) != PAGES)
		return 1;
	execl("/bin/busybox", "true", (char *)NULL);
	return 2;
}

static int exit_over(void *arg)
{
	(void)arg;
	return nr_swapped(pages_out(PAGES), PAGES) != PAGES;
}

static void ends(void)
{
	long before = swap_used();

	child_ok(exec_over, NULL, "exec over pages that are out");
	ok(swap_used_is(before), "leaves none of their slots");
	child_ok(exit_over, NULL, "exit over pages that are out");
	ok(swap_used_is(before), "neither");
}

/* ---- shared memory ---- */

static char *shared;
static size_t nr_shared;

static int read_shared(void *arg)
{
	(void)arg;
	return wrong_pages(shared, nr_shared, 900) != 0;
}

static int write_shared(void *arg)
{
	(void)arg;
	fill(shared, nr_shared, 7000);
	return 0;
}

static void shared_memory(void)
{
	long before = swap_used();

	nr_shared = 16 * MIB / PAGE;
	shared = map_shared(nr_shared * PAGE);
	fill(shared, nr_shared, 900);
	madvise(shared, nr_shared * PAGE, MADV_PAGEOUT);
	squeeze(8 * 1024);
	ok(swap_used() >= before + 4 * 1024, "shared memory leaves");
	child_ok(read_shared, NULL, "a child reads it");
	is(wrong_pages(shared, nr_shared, 900), 0, "so does the parent");
	squeeze(16 * 1024);
	child_ok(write_shared, NULL, "a child writes it");
	squeeze(16 * 1024);
	is(wrong_pages(shared, nr_shared, 7000), 0, "the parent sees that");
	munmap(shared, nr_shared * PAGE);
	ok(swap_used_is(before + OTHERS), "unmapped it uses no slot");
}

/* Sum over a file of 'a' + n % 26 pages, through read(2). */
static int wrong_bytes(int fd, size_t pages)
{
	static char page[PAGE];
	int wrong = 0;
	size_t i;

	for (i = 0; i < pages; i++) {
		must(pread(fd, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE);
		wrong += page[0] != 'a' + (int)(i % 26) || memcmp(page, page + 1, PAGE - 1) != 0;
	}
	return wrong;
}

static void tmpfs_file(void)
{
	size_t pages = 12 * MIB / PAGE;
	long before = swap_used();
	int fd = make_file("/tmp/swapmap", pages);
	char x;

	squeeze(20 * 1024);
	ok(swap_used() >= before + 4 * 1024, "a file of tmpfs leaves");
	is(wrong_bytes(fd, pages), 0, "read(2) brings it back");
	squeeze(20 * 1024);
	is(pwrite(fd, "X", 1, 100), 1, "one byte is written into a page that is out");
	is(pread(fd, &x, 1, 101), 1, "the next");
	is(x, 'a', "is what it was");
	is(pwrite(fd, "a", 1, 100), 1, "put back");
	is(ftruncate(fd, (off_t)(pages / 2 * PAGE)), 0, "cut in half while out");
	is(ftruncate(fd, (off_t)(pages * PAGE)), 0, "and made long again");
	is(wrong_bytes(fd, pages / 2), 0, "the first half is whole");
	is(pread(fd, &x, 1, (off_t)((pages / 2 + 3) * PAGE)), 1, "the second");
	is(x, 0, "is zero");
	squeeze(16 * 1024);
	close(fd);
	unlink("/tmp/swapmap");
	ok(swap_used_is(before + OTHERS), "removed it uses no slot");
}

static void private_file(void)
{
	int fd = make_file("/tmp/swapmap", 2 * PAGES);
	char *p = mmap(NULL, 2 * PAGES * PAGE, RW, MAP_PRIVATE, fd, 0);
	size_t i, wrong = 0;

	must(p != MAP_FAILED);
	for (i = 0; i < PAGES; i++)
		fill_page(p + 2 * i * PAGE, 60 + i);
	madvise(p, 2 * PAGES * PAGE, MADV_PAGEOUT);
	ok(nr_swapped(p, 2 * PAGES) >= PAGES / 2, "private pages of a file leave");
	squeeze(16 * 1024);
	for (i = 0; i < PAGES; i++) {
		wrong += !page_is(p + 2 * i * PAGE, 60 + i);
		wrong += p[(2 * i + 1) * PAGE] != 'a' + (int)((2 * i + 1) % 26);
	}
	is(wrong, 0, "they have their content, and those between them the file's");
	is(wrong_bytes(fd, 2 * PAGES), 0, "the file has its own");
	must(madvise(p, 2 * PAGES * PAGE, MADV_PAGEOUT) == 0);
	must(madvise(p, 2 * PAGES * PAGE, MADV_DONTNEED) == 0);
	ok(p[0] == 'a' && p[2 * PAGE] == 'c', "dropped, they show the file again");
	munmap(p, 2 * PAGES * PAGE);
	close(fd);
	unlink("/tmp/swapmap");
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	protect();
	unmap();
	move();
	ends();
	weight = balloon(10 * 1024);
	shared_memory();
	tmpfs_file();
	private_file();
	end_child(weight);
	stop_swap();
}

int main(void)
{
	return tap_run(body, 28);
}
