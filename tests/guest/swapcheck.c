/* swapcheck.c - the views that only we have: the verifier sees each kind of damage to what is in
 * swap, and /proc/rmap tells whose entries name a slot; and how smaps counts pages of tmpfs that
 * are out. */
#include "swapping.h"

#define PAGES	64

/* ---- who has a slot ---- */

/* The text of /proc/rmap for the slot of our page at @p; "" if it has none. */
static char *slot_text(const volatile char *p)
{
	uint64_t entry = pagemap(getpid(), p);
	char path[64], *text;

	if (!(entry & PM_SWAP))
		return (char *)"";
	entry &= PM_PFN;
	snprintf(path, sizeof(path), "/proc/rmap/swap:%d:%ld", (int)PM_SWAP_TYPE(entry),
		 (long)PM_SWAP_SLOT(entry));
	text = read_text(path);
	must(text);
	return text;
}

/* @text has a line for @pid at @p. */
static bool held_by(const char *text, pid_t pid, const volatile char *p)
{
	char who[32], where[32];
	const char *line;

	snprintf(who, sizeof(who), " pid %d (", (int)pid);
	snprintf(where, sizeof(where), " at %lx: swap slot ", (unsigned long)p);
	for (line = text; line; line = strchr(line, '\n')) {
		const char *end = strchr(++line, '\n');
		const char *by = strstr(line, who), *at = strstr(line, where);

		if (end && by && at && by < end && at < end)
			return true;
	}
	return false;
}

static void holders(void)
{
	char *p = lone_pages(2), *text;
	pid_t pid;

	fill(p, 2, 1);
	must(push_out(p, 2));
	ok(held_by(slot_text(p), getpid(), p), "the view of a slot names who has it");
	ok(strstr(slot_text(p), " exclusive"), "and that it is his alone");
	pid = sleeper();
	text = slot_text(p);
	ok(held_by(text, getpid(), p) && held_by(text, pid, p), "after fork it names both");
	ok(!strstr(text, " exclusive"), "and it is nobody's alone");
	ok(strstr(text, "found 2 of 2 entries in page tables\n"), "two entries are all");
	is(wrong_pages(p, 2, 1), 0, "the parent reads its pages");
	ok(!*slot_text(p), "and has no slot any more");
	end_child(pid);
	munmap(p, 2 * PAGE);
	ok(!read_text("/proc/rmap/swap:0") && errno == ENOENT, "a name without a slot is none");
	ok(!read_text("/proc/rmap/swap:99:1") && errno == ENOENT, "nor one of no area");
	text = read_text("/proc/rmap/swap:27:1");
	ok(text && strstr(text, ": free\n"), "a slot of an area that is not in use is free");
}

/* ---- damage ---- */

static const struct damage damage[] = {
	{ "slot-high", " entries found" },
	{ "slot-low", " entries found" },
	{ "slot-leak", "count is 1, 0 entries found" },
	{ "slot-free", "count is 0, " },
	{ "slots-used", "slots are in use, counted as" },
	{ "slot-pfn", "is not its copy" },
	{ "swapcache", "is not its copy" },
	{ "swap-writeback", "are being written, counted as" },
	{ "swap-exclusive", "an entry is marked exclusive" },
	{ "swap-bits", "names no slot" },
	{ "swap-offset", "names no slot" },
	{ "swapents", "swapents is" },
	{ "nrswapped", "nrswapped is" },
	{ "swaplist", " entries found" },
};

/* Something of each kind is out: private pages, one's own and shared ones, and a file's; and some
 * are back, and copies of their slots. */
static void damaged(void)
{
	char *own = lone_pages(PAGES), *both = lone_pages(PAGES), *back = lone_pages(PAGES);
	char *file = map_shared(PAGES * PAGE);
	pid_t pid;

	fill(own, PAGES, 1);
	fill(both, PAGES, 2);
	fill(back, PAGES, 3);
	fill(file, PAGES, 4);
	must(push_out(both, PAGES) && push_out(back, PAGES));
	madvise(file, PAGES * PAGE, MADV_PAGEOUT);
	squeeze(20 * 1024);
	pid = sleeper();
	must(push_out(own, PAGES));
	look(back, PAGES / 2);
	ok(memory_is_sound(), "with pages of all kinds in swap all is in order");
	damage_is_found(damage, COUNT(damage));
	ok(memory_is_sound(), "and after all repairs");
	end_child(pid);
	is(wrong_pages(own, PAGES, 1) + wrong_pages(both, PAGES, 2) + wrong_pages(back, PAGES, 3) +
	   wrong_pages(file, PAGES, 4), 0, "and no page is lost");
	munmap(own, PAGES * PAGE);
	munmap(both, PAGES * PAGE);
	munmap(back, PAGES * PAGE);
	munmap(file, PAGES * PAGE);
}

/* ---- flags ---- */

static void flags_of_a_copy(void)
{
	char *p = lone_pages(2);
	unsigned long pfn;

	fill(p, 2, 1);
	must(push_out(p, 2));
	look(p, 2);
	pfn = pfn_of(getpid(), p);
	ok(kpageflag(pfn, KPF_SWAPCACHE) && kpageflag(pfn, KPF_SWAPBACKED) &&
		   kpageflag(pfn, KPF_ANON),
	   "a page that was read back is still its slot's copy");
	ok(kpageflag(pfn, KPF_SWAPCACHE_TOO), "bit 37 says so, too");
	must(push_out(p, 2));
	touch(p, 1);
	pfn = pfn_of(getpid(), p);
	ok(!kpageflag(pfn, KPF_SWAPCACHE) && !kpageflag(pfn, KPF_SWAPCACHE_TOO),
	   "one that a write has read back is not");
	munmap(p, 2 * PAGE);
}

/* ---- pages of tmpfs ---- */

static long smaps_swap(const void *p)
{
	char *text = read_proc(getpid(), "smaps"), key[32], *at;

	snprintf(key, sizeof(key), "\n%lx-", (unsigned long)p);
	at = strstr(text, key);
	must(at);
	at = strstr(at, "\nSwap:");
	must(at);
	return strtol(at + 6, NULL, 10);
}

static void of_a_file(void)
{
	int fd = make_file("/tmp/swapcheck", PAGES);
	char *s = mmap(NULL, PAGES * PAGE, RW, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0);
	int tries;

	must(s != MAP_FAILED && p != MAP_FAILED);
	fill(s, PAGES, 1);
	touch(p, 8);			/* copies, which hide the file's */
	must(mlock(p, 8 * PAGE) == 0);	/* and are an area by themselves */
	for (tries = 0; tries < 10 && smaps_swap(s) < PAGES * 4; tries++) {
		madvise(s, PAGES * PAGE, MADV_PAGEOUT);
		squeeze(meminfo_kib("MemFree") + 4096);
	}
	is(smaps_swap(s), PAGES * 4, "smaps: a shared mapping's Swap counts the file's pages");
	is(smaps_swap(p), 0, "a private one's does not count those that it has copies of");
	is(smaps_swap(p + 8 * PAGE), (PAGES - 8) * 4, "but the others");
	is(wrong_pages(s, PAGES, 1), 0, "they come back");
	ok(smaps_swap(s) < PAGES * 2, "and are not counted then");
	munmap(s, PAGES * PAGE);
	munmap(p, PAGES * PAGE);
	close(fd);
	unlink("/tmp/swapcheck");
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	weight = balloon(12 * 1024);
	if (on_avocet()) {
		holders();
		damaged();
	} else {
		skip("Linux has no such files", "/proc/mmcheck and /proc/rmap");
	}
	flags_of_a_copy();
	of_a_file();
	end_child(weight);
	stop_swap();
}

int main(void)
{
	return tap_run(body, 30);
}
