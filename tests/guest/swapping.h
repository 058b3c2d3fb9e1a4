/* swapping.h - what the tests of swap share: areas, what has left and where it is, and pressure
 * that makes it leave. Memory is small in such a run; a balloon of locked memory makes it
 * smaller still, so that pressure is a matter of a few MiB. */
#ifndef TESTS_GUEST_SWAPPING_H
#define TESTS_GUEST_SWAPPING_H

#include "mmview.h"
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>

#define DISK		"/dev/vda"	/* 512 MiB */
#define SMALL_DISK	"/dev/vdb"	/* 32 MiB */
#define MAX_BAD_PAGES	637
#define PM_SWAP_TYPE(entry)	((entry) & 31)
#define PM_SWAP_SLOT(entry)	((entry) >> 5 & ((1ULL << 50) - 1))

#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif

/* ---- areas ---- */

union swap_header {
	struct {
		char boot[1024];
		uint32_t version, last_page, nr_badpages;
		unsigned char uuid[16], label[16];
		uint32_t padding[117];
		uint32_t badpages[MAX_BAD_PAGES];
	};
	struct {
		char before[PAGE - 10];
		char magic[10];
	};
};

HELPER void make_header(union swap_header *h, unsigned long pages)
{
	memset(h, 0, sizeof(*h));
	h->version = 1;
	h->last_page = (uint32_t)pages - 1;
	memcpy(h->magic, "SWAPSPACE2", 10);
}

HELPER void put_header(const char *disk, const union swap_header *h)
{
	int fd = open(disk, O_RDWR | O_CLOEXEC);

	must(fd >= 0 && pwrite(fd, h, PAGE, 0) == (ssize_t)PAGE && fsync(fd) == 0);
	close(fd);
}

HELPER unsigned long disk_pages(const char *disk)
{
	int fd = open(disk, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	close(fd);
	return (unsigned long)size / PAGE;
}

/* False, with one skipped test, on a machine without the disks. What a program before this one has
 * left in use, because it ended early, is no longer. */
HELPER bool have_disks(void)
{
	swapoff(DISK);
	swapoff(SMALL_DISK);
	if (disk_pages(DISK) >= 60000 && disk_pages(SMALL_DISK) >= 4096)
		return true;
	skip("there are no disks for it", "swap");
	return false;
}

/* The first @pages pages of @disk (0: all) are swap from now on. @prio: -1 for the default. */
HELPER void start_area(const char *disk, unsigned long pages, int prio)
{
	static union swap_header h;

	make_header(&h, pages ? pages : disk_pages(disk));
	put_header(disk, &h);
	must(swapon(disk, prio < 0 ? 0 : SWAP_FLAG_PREFER | prio) == 0);
}

HELPER void start_swap(void)
{
	start_area(DISK, 0, -1);
}

HELPER void stop_swap(void)
{
	is(swapoff(DISK), 0, "swapoff");
	is(meminfo_kib("SwapTotal"), 0, "no swap is left");
}

/* The column @what ("Size", "Used", "Priority") of @disk in /proc/swaps; LONG_MIN: not listed. */
HELPER long area_info(const char *disk, const char *what)
{
	char *text = read_text("/proc/swaps"), *line, path[128], type[32];
	long size, used, prio;

	must(text);
	for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
		if (sscanf(line + 1, "%127s %31s %ld %ld %ld", path, type, &size, &used,
			   &prio) == 5 && strcmp(path, disk) == 0)
			return *what == 'S' ? size : *what == 'U' ? used : prio;
	return -0x7fffffffffffffffL;
}

/* ---- numbers ---- */

HELPER long vm_event(const char *name)
{
	char *at = read_text("/proc/vmstat"), key[64];

	must(at);
	snprintf(key, sizeof(key), "\n%s ", name);
	at = strstr(at, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* A field of /proc/PID/status or smaps_rollup, in KiB. */
HELPER long kib_of(pid_t pid, const char *file, const char *field)
{
	char key[64], *at;

	snprintf(key, sizeof(key), "\n%s:", field);
	at = strstr(read_proc(pid, file), key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

HELPER long major_faults(void)
{
	struct rusage ru;

	must(getrusage(RUSAGE_SELF, &ru) == 0);
	return ru.ru_majflt;
}

/* ---- what has left ---- */

HELPER bool is_swapped(pid_t pid, const volatile void *p)
{
	return pagemap(pid, p) & PM_SWAP;
}

/* How many of @pages pages at @p have a swap entry in our tables. */
HELPER size_t nr_swapped(const volatile char *p, size_t pages)
{
	static uint64_t word[512];
	size_t at, i, n, found = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	for (at = 0; at < pages; at += n) {
		n = pages - at < COUNT(word) ? pages - at : COUNT(word);
		must(pread(fd, word, n * 8, (off_t)((unsigned long)p / PAGE + at) * 8) ==
		     (ssize_t)(n * 8));
		for (i = 0; i < n; i++)
			found += !!(word[i] & PM_SWAP);
	}
	close(fd);
	return found;
}

/* ---- content: a page knows its name ---- */

HELPER void fill_page(volatile void *page, uint64_t name)
{
	volatile uint64_t *word = page;
	uint64_t x = name * 0x9e3779b97f4a7c15ULL + 1;
	size_t i;

	for (i = 0; i < PAGE / 8; i += 4) {
		word[i] = x;
		word[i + 1] = x + i;
		word[i + 2] = ~x;
		word[i + 3] = x ^ i;
	}
}

HELPER bool page_is(const volatile void *page, uint64_t name)
{
	const volatile uint64_t *word = page;
	uint64_t x = name * 0x9e3779b97f4a7c15ULL + 1;
	size_t i;

	for (i = 0; i < PAGE / 8; i += 4)
		if (word[i] != x || word[i + 1] != x + i || word[i + 2] != ~x ||
		    word[i + 3] != (x ^ i))
			return false;
	return true;
}

/* Page n of @p is named @name + n. */
HELPER void fill(volatile char *p, size_t pages, uint64_t name)
{
	size_t i;

	for (i = 0; i < pages; i++)
		fill_page(p + i * PAGE, name + i);
}

HELPER size_t wrong_pages(const volatile char *p, size_t pages, uint64_t name)
{
	size_t i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += !page_is(p + i * PAGE, name + i);
	return wrong;
}

/* ---- pressure ---- */

HELPER void never_kill_me(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "-1000", 5) == 5);
	close(fd);
}

/* A process that holds locked memory until about @leave_kib are free; end_child() ends it. */
HELPER pid_t balloon(long leave_kib)
{
	volatile int *ready = map_shared(PAGE);
	long mib = meminfo_kib("MemTotal") / 1024;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		never_kill_me();
		for (; mib-- && meminfo_kib("MemFree") > leave_kib + 1024; *ready = 1)
			if (mlock(map_anon(MIB, RW), MIB) < 0)
				break;
		*ready = 2;
		hang(NULL);
	}
	while (*ready < 2 && kill(pid, 0) == 0)
		sleep_ms(1);
	munmap((void *)ready, PAGE);
	return pid;
}

HELPER int write_much(void *kib)
{
	size_t at, bytes = (size_t)kib * 1024;
	char *p = map_anon(bytes, RW);

	for (at = 0; at < bytes; at += PAGE)
		p[at] = 1;
	return 0;
}

/* A child takes @kib of memory, writes it and exits: whatever lies about unused leaves. */
HELPER void squeeze(long kib)
{
	int status = child(write_much, (void *)kib);

	if (status)
		bail("a child that takes %ld KiB ended with wait status %#x", kib, status);
}

/* A child locks ever more memory, so that in the end even pages that are used again and again
 * have to leave; until those at @p have, which are its own as well, or half of what others have
 * in memory. */
HELPER void press(volatile char *p, size_t pages)
{
	long kib = meminfo_kib("MemFree") + (meminfo_kib("Active(anon)") +
					     meminfo_kib("Inactive(anon)")) / 2;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (; kib > 0 && nr_swapped(p, pages) < pages; kib -= 64)
			mlock(map_anon(16 * PAGE, RW), 16 * PAGE);
		_exit(0);
	}
	wait_for(pid);
}

/* Makes the @pages pages at @p leave memory: false if they do not. Those that only we map leave
 * when they are told to, those that several processes map only under pressure. */
HELPER bool push_out(volatile char *p, size_t pages)
{
	int round;

	for (round = 0; round < 4 && nr_swapped(p, pages) < pages; round++)
		madvise((void *)p, pages * PAGE, MADV_PAGEOUT);
	if (nr_swapped(p, pages) < pages)
		squeeze(meminfo_kib("MemFree") + 4096);
	for (round = 0; round < 4 && nr_swapped(p, pages) < pages; round++)
		press(p, pages);
	if (nr_swapped(p, pages) >= (on_avocet() ? pages : pages * 3 / 4))
		return true;
	diag("%zu of %zu pages have left", nr_swapped(p, pages), pages);
	return false;
}

#endif
