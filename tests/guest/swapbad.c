/* swapbad.c - swap on a disk that fails: the kernel command line says how, with bad=read (slot
 * 100 cannot be read), bad=write (slot 100 cannot be written) or bad=readonly (nothing can).
 * The machines for it are those of tests/system/swap.t; without such a word there is nothing to
 * test. */
#include "swapping.h"

#define PAGES		512
#define BAD_SLOT	100

/* The page of @p that went to the bad slot, or NULL. */
static char *bad_page(char *p)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		if (is_swapped(getpid(), p + i * PAGE) &&
		    PM_SWAP_SLOT(pagemap(getpid(), p + i * PAGE)) == BAD_SLOT)
			return p + i * PAGE;
	return NULL;
}

/* ---- a slot that cannot be read ---- */

static char *area, *bad;

static size_t wrong_others(void)
{
	size_t i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		if (area + i * PAGE != bad)
			wrong += !page_is(area + i * PAGE, 1 + i);
	return wrong;
}

static int reads_others(void *arg)
{
	(void)arg;
	return wrong_others() != 0;
}

static int reads_bad(void *arg)
{
	(void)arg;
	return *(volatile char *)bad;
}

static int writes_bad(void *arg)
{
	(void)arg;
	*(volatile char *)bad = 1;
	return 0;
}

/* Linux merges what it reads ahead into one request, and all of that fails with one sector. */
static void no_readahead(void)
{
	int fd = open("/proc/sys/vm/page-cluster", O_WRONLY);

	if (!on_avocet() && fd >= 0)
		must(write(fd, "0", 1) == 1);
	close(fd);
}

/* Nothing of what other programs use is out here, so none of it can be in the bad slot. */
static void cannot_read(void)
{
	int fd;

	no_readahead();
	start_area(DISK, 12288, -1);
	area = lone_pages(PAGES);
	fill(area, PAGES, 1);
	must(push_out(area, PAGES));
	bad = bad_page(area);
	ok(bad, "a page is in the slot that cannot be read");
	squeeze(24 * 1024);
	squeeze(24 * 1024);
	must(bad && is_swapped(getpid(), bad));
	child_ok(reads_others, NULL, "a process that reads all others lives and finds them");
	is(child(reads_bad, NULL), SIGBUS, "one that reads the bad one dies of SIGBUS");
	is(child(writes_bad, NULL), SIGBUS, "so does one that writes it");
	faults(READ, bad, SIGBUS, BUS_ADRERR, "SIGBUS tells the address");
	is(wrong_others(), 0, "its neighbours are as they were");
	fd = open("/tmp/bad", O_RDWR | O_CREAT, 0600);
	fails(write(fd, bad, PAGE), EFAULT, "for a system call it is EFAULT");
	close(fd);
	unlink("/tmp/bad");
	is(madvise(bad, PAGE, MADV_DONTNEED), 0, "the page can be dropped");
	is(bad[0], 0, "and is zero then");
	fill_page(bad, 1 + (uint64_t)(bad - area) / PAGE);
	is(wrong_pages(area, PAGES, 1), 0, "and it can be written");
	is(swapoff(DISK), 0, "swapoff");
	is(wrong_pages(area, PAGES, 1), 0, "all pages are whole without swap");
	munmap(area, PAGES * PAGE);
}

/* A file of tmpfs has a page there, since no other slots come before: the call that reads it
 * fails, and no other. */
static void cannot_read_file(void)
{
	static union swap_header h;
	int fd, i, failed = 0, wrong = 0;
	char page[PAGE], *p;

	make_header(&h, 12288);
	h.nr_badpages = 99;
	for (i = 0; i < 99; i++)
		h.badpages[i] = (uint32_t)i + 1;
	put_header(DISK, &h);
	must(swapon(DISK, 0) == 0);
	fd = make_file("/tmp/bad", PAGES);
	p = mmap(NULL, PAGES * PAGE, RW, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED);
	look(p, PAGES);
	madvise(p, PAGES * PAGE, MADV_PAGEOUT);
	munmap(p, PAGES * PAGE);
	squeeze(24 * 1024);
	squeeze(24 * 1024);
	for (i = 0; i < PAGES; i++) {
		ssize_t n = pread(fd, page, PAGE, (off_t)i * (off_t)PAGE);

		failed += n < 0 && errno == EIO;
		wrong += n >= 0 && (page[0] != 'a' + i % 26 || page[4095] != page[0]);
		wrong += n < 0 && errno != EIO;
	}
	is(failed, 1, "one page of a file of tmpfs gives EIO");
	is(wrong, 0, "all the others can be read");
	close(fd);
	unlink("/tmp/bad");
	is(swapoff(DISK), 0, "swapoff once it is removed");
}

/* ---- a slot that cannot be written ---- */

static void cannot_write(void)
{
	char *p = lone_pages(PAGES);
	int round;

	start_area(DISK, 12288, -1);
	for (round = 0; round < 3; round++) {
		fill(p, PAGES, 1000 * (uint64_t)round);
		madvise(p, PAGES * PAGE, MADV_PAGEOUT);
		ok(nr_swapped(p, PAGES) > 0, "round %d: pages leave", round + 1);
		squeeze(24 * 1024);
		squeeze(16 * 1024);
		is(wrong_pages(p, PAGES, 1000 * (uint64_t)round), 0,
		   "round %d: no page is lost, whether it could be written or not", round + 1);
	}
	is(swapoff(DISK), 0, "swapoff");
	is(wrong_pages(p, PAGES, 2000), 0, "all pages are whole without swap");
	munmap(p, PAGES * PAGE);
}

/* ---- */

static void cannot_anything(void)
{
	if (!on_avocet()) {
		skip("Linux takes it, and keeps all pages in memory", "a read-only disk");
		return;
	}
	fails(swapon(DISK, 0), EROFS, "swapon of a read-only disk is EROFS");
	is(meminfo_kib("SwapTotal"), 0, "there is no swap");
}

static void body(void)
{
	const char *how = getenv("bad");
	pid_t weight;

	if (!how) {
		skip("the disk is a good one", "a bad disk");
		return;
	}
	weight = balloon(12 * 1024);
	if (strcmp(how, "read") == 0) {
		cannot_read();
		cannot_read_file();
	} else if (strcmp(how, "write") == 0) {
		cannot_write();
	} else {
		cannot_anything();
	}
	end_child(weight);
	swapoff(DISK);
}

int main(void)
{
	return tap_run(body, 25);
}
