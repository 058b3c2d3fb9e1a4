/* memory.c - rows: system calls, page faults, and changes of mappings. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- system calls ---- */

static unsigned long null_syscall(size_t n)
{
	unsigned long begin;
	long pid = getpid();
	size_t i, bad = 0;

	begin = ticks();
	for (i = 0; i < n; i++)
		bad += (size_t)(syscall(SYS_getpid) != pid);
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

static unsigned long yield(size_t n)
{
	unsigned long begin = ticks();
	size_t i, bad = 0;

	for (i = 0; i < n; i++)
		bad += (size_t)(sched_yield() != 0);
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

/* ---- faults ---- */

static unsigned long first_touch(size_t pages)
{
	char *p = map(pages);
	unsigned long begin = ticks();

	touch(p, pages, 1);
	begin = ticks() - begin;
	must(not_equal(p, pages, 1) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long zero_read(size_t pages)
{
	char *p = map(pages);
	unsigned long begin = ticks();
	int bad = not_equal((char *)p, pages, 0);

	begin = ticks() - begin;
	must(bad == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long write_after_read(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;

	must(not_equal(p, pages, 0) == 0);
	begin = ticks();
	touch(p, pages, 2);
	begin = ticks() - begin;
	must(not_equal(p, pages, 2) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

static unsigned long cow_copy(size_t pages)
{
	char *p = map(pages);
	pid_t pid;

	touch(p, pages, 3);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		unsigned long begin = ticks();

		touch(p, pages, 4);
		shared->ticks = ticks() - begin;
		_exit(not_equal(p, pages, 4) != 0);
	}
	wait_well(pid);
	must(not_equal(p, pages, 3) == 0);
	munmap(p, pages * PAGE);
	return shared->ticks;
}

static unsigned long cow_reuse(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;
	pid_t pid;

	touch(p, pages, 5);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	wait_well(pid);
	begin = ticks();
	touch(p, pages, 6);
	begin = ticks() - begin;
	must(not_equal(p, pages, 6) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* ---- mappings ---- */

static unsigned long map_unmap(size_t n)
{
	unsigned long begin = ticks();
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		char *p = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		bad += (size_t)(p == MAP_FAILED) + (size_t)(munmap(p, 16 * PAGE) != 0);
	}
	begin = ticks() - begin;
	must(!bad);
	return begin;
}

static unsigned long unmap_touched(size_t pages)
{
	char *p = map(pages);
	unsigned char vec;
	unsigned long begin;

	touch(p, pages, 7);
	begin = ticks();
	must(munmap(p, pages * PAGE) == 0);
	begin = ticks() - begin;
	must(mincore(p, PAGE, &vec) == -1 && errno == ENOMEM);
	return begin;
}

static unsigned long dontneed(size_t pages)
{
	char *p = map(pages);
	unsigned long begin;

	touch(p, pages, 8);
	begin = ticks();
	must(madvise(p, pages * PAGE, MADV_DONTNEED) == 0);
	begin = ticks() - begin;
	must(not_equal(p, pages, 0) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* Two changes a toggle: the row is for one page and one change. */
static unsigned long protect(size_t changes)
{
	size_t pages = 512, i;
	char *p = map(pages);
	unsigned long begin;

	touch(p, pages, 9);
	begin = ticks();
	for (i = 0; i < changes / pages; i++)
		must(mprotect(p, pages * PAGE, i % 2 ? RW : PROT_READ) == 0);
	begin = ticks() - begin;
	must(mprotect(p, pages * PAGE, RW) == 0);
	touch(p, pages, 10);
	must(not_equal(p, pages, 10) == 0);
	munmap(p, pages * PAGE);
	return begin;
}

/* Moves @pages to an address whose offset in its 2 MiB is @shift pages more than the old one's, and
 * back: two moves for each page. */
static unsigned long move(size_t pages, size_t shift)
{
	size_t table = 512 * PAGE;
	char *room = map(2 * pages + 4 * 512), *from, *to;
	unsigned long begin;

	from = (char *)(((unsigned long)room + table - 1) & ~(table - 1));
	to = from + pages * PAGE + table + shift * PAGE;
	touch(from, pages, 21);
	begin = ticks();
	must(mremap(from, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	must(mremap(to, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
	begin = ticks() - begin;
	must(not_equal(from, pages, 21) == 0);
	munmap(room, (2 * pages + 4 * 512) * PAGE);
	return begin / 2;
}

/* Entry by entry. */
static unsigned long move_pages(size_t pages)
{
	return move(pages, 1);
}

/* Whole page tables, by a kernel that knows how. */
static unsigned long move_tables(size_t pages)
{
	return move(pages, 0);
}

void memory_rows(void)
{
	row("null_syscall", null_syscall, 20000, "call");
	row("sched_yield", yield, 10000, "call");
	row("anon_first_touch", first_touch, 4096, "page");
	row("zero_page_read", zero_read, 4096, "page");
	row("write_after_read", write_after_read, 4096, "page");
	row("cow_copy_in_child", cow_copy, 4096, "page");
	row("cow_reuse", cow_reuse, 4096, "page");
	row("mmap_munmap_untouched", map_unmap, 5000, "pair");
	row("munmap_touched", unmap_touched, 4096, "page");
	row("madv_dontneed", dontneed, 4096, "page");
	row("mprotect_toggle", protect, 512 * 64, "page");
	row("mremap", move_pages, 4096, "page");
	row("mremap_aligned", move_tables, 4096, "page");
}
