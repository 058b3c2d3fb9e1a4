/* swapon.c - swap areas: good and damaged headers, who may, which errno; priorities, several areas,
 * and what /proc/swaps, meminfo and sysinfo say of them. */
#include "swapping.h"

static union swap_header head;

static void plain(void)
{
	unsigned long pages = disk_pages(DISK);
	struct sysinfo si;

	is(meminfo_kib("SwapTotal"), 0, "there is no swap to begin with");
	make_header(&head, pages);
	put_header(DISK, &head);
	is(swapon(DISK, 0), 0, "swapon of a disk with a good header");
	is(meminfo_kib("SwapTotal"), (pages - 1) * 4, "SwapTotal is the disk less its header");
	is(meminfo_kib("SwapFree"), (pages - 1) * 4, "all of it is free");
	must(sysinfo(&si) == 0);
	is(si.totalswap * si.mem_unit, (pages - 1) * PAGE, "sysinfo: totalswap");
	is(si.freeswap * si.mem_unit, (pages - 1) * PAGE, "sysinfo: freeswap");
	is(area_info(DISK, "Size"), (pages - 1) * 4, "/proc/swaps tells its size");
	is(area_info(DISK, "Used"), 0, "and that none of it is used");
	ok(area_info(DISK, "Priority") < 0, "and a priority below 0");
	ok(strstr(read_text("/proc/swaps"), DISK) && strstr(read_text("/proc/swaps"), "partition"),
	   "and that it is a partition");
	fails(swapon(DISK, 0), EBUSY, "swapon again is EBUSY");
	fails(open(DISK, O_RDWR | O_EXCL), EBUSY, "to open it for oneself alone is EBUSY");
	is(swapoff(DISK), 0, "swapoff");
	is(meminfo_kib("SwapTotal"), 0, "SwapTotal is 0");
	ok(!strstr(read_text("/proc/swaps"), DISK), "/proc/swaps does not name it");
	fails(swapoff(DISK), EINVAL, "swapoff again is EINVAL");
	is(swapon(DISK, 0), 0, "swapon once more");
	is(swapoff(DISK), 0, "and swapoff");
}

/* ---- damaged headers ---- */

/* The header as it is in @head now is refused. */
static void refused(const char *what)
{
	long ret;

	put_header(SMALL_DISK, &head);
	ret = swapon(SMALL_DISK, 0);
	fails(ret, EINVAL, "%s: EINVAL", what);
	if (ret == 0)
		swapoff(SMALL_DISK);
	make_header(&head, disk_pages(SMALL_DISK));
}

static void damaged(void)
{
	unsigned long pages = disk_pages(SMALL_DISK);
	unsigned int i;

	memset(&head, 0, sizeof(head));
	refused("an empty page");
	head.magic[0] = 's';
	refused("a wrong first letter of the magic");
	head.magic[9] = '3';
	refused("a wrong last letter of the magic");
	memcpy(head.magic, "SWAP-SPACE", 10);
	refused("the magic of the old format");
	head.version = 0;
	refused("version 0");
	head.version = 2;
	refused("version 2");
	head.last_page = 0;
	refused("no pages");
	head.last_page = (uint32_t)pages;
	refused("a page more than the disk has");
	head.last_page = 0x7fffffff;
	refused("2^31 pages");
	head.last_page = 0xffffffff;
	refused("2^32 pages");
	head.nr_badpages = MAX_BAD_PAGES + 1;
	refused("a bad page too many");
	head.nr_badpages = 0xffffffff;
	refused("2^32 - 1 bad pages");
	head.nr_badpages = 1;
	refused("bad page 0");
	head.nr_badpages = 2;
	head.badpages[0] = 1;
	head.badpages[1] = (uint32_t)pages;
	refused("a bad page behind the last");
	head.last_page = head.nr_badpages = 5;
	for (i = 0; i < 5; i++)
		head.badpages[i] = i + 1;
	refused("all pages bad");
	make_header(&head, pages);
	put_header(SMALL_DISK, &head);
	is(swapon(SMALL_DISK, 0), 0, "whole again it is accepted");
	is(swapoff(SMALL_DISK), 0, "and given up");
}

/* Random bytes over a good header: any answer but trouble. */
static void fuzzed(void)
{
	unsigned int seed = 4, round, i, odd = 0;

	for (round = 0; round < 100; round++) {
		make_header(&head, disk_pages(SMALL_DISK));
		for (i = rand_r(&seed) % 4 + 1; i; i--)
			((unsigned char *)&head)[1024 + rand_r(&seed) % (round % 2 ? 16 : 3072)] =
				(unsigned char)rand_r(&seed);
		put_header(SMALL_DISK, &head);
		if (swapon(SMALL_DISK, 0) == 0)
			odd += swapoff(SMALL_DISK) != 0;
		else
			odd += errno != EINVAL;
	}
	is(odd, 0, "100 damaged headers: accepted and given up again, or EINVAL");
	is(meminfo_kib("SwapTotal"), 0, "nothing is left of them");
}

static void bad_pages(void)
{
	char *p = lone_pages(64);
	unsigned int i, bad = 0;

	make_header(&head, 601);
	head.nr_badpages = 590;
	for (i = 0; i < 590; i++)
		head.badpages[i] = i < 300 ? i + 1 : i + 11;	/* 301 to 310 are good */
	put_header(SMALL_DISK, &head);
	is(swapon(SMALL_DISK, 0), 0, "an area of 600 pages of which 590 are bad");
	is(meminfo_kib("SwapTotal"), 40, "has 10");
	fill(p, 64, 1);
	madvise(p, 64 * PAGE, MADV_PAGEOUT);
	ok(nr_swapped(p, 64) > 0 && nr_swapped(p, 64) <= 10, "up to 10 pages leave for it");
	for (i = 0; i < 64; i++) {
		uint64_t entry = pagemap(getpid(), p + i * PAGE);

		if (entry & PM_SWAP)
			bad += PM_SWAP_SLOT(entry) < 301 || PM_SWAP_SLOT(entry) > 310;
	}
	is(bad, 0, "none of them for a bad one");
	is(wrong_pages(p, 64, 1), 0, "all have their content");
	is(swapoff(SMALL_DISK), 0, "swapoff");
	munmap(p, 64 * PAGE);
}

/* ---- other errors ---- */

static int as_nobody(void *arg)
{
	int wrong = 0;

	(void)arg;
	if (setuid(65534) < 0)
		return 100;
	wrong += !(swapon(DISK, 0) == -1 && errno == EPERM);
	wrong += !(swapoff(DISK) == -1 && errno == EPERM);
	wrong += !(swapon("/nowhere", 0) == -1 && errno == EPERM);
	return wrong;
}

static void other_errors(void)
{
	char *path = map_anon(2 * PAGE, RW);
	int fd = make_file("/tmp/swapfile", 100);

	make_header(&head, 100);
	must(pwrite(fd, &head, PAGE, 0) == (ssize_t)PAGE);
	close(fd);
	start_swap();
	child_ok(as_nobody, NULL, "swapon and swapoff are EPERM for who is not root");
	stop_swap();
	fails(swapon("/nowhere", 0), ENOENT, "swapon of what is not there is ENOENT");
	fails(swapoff("/nowhere"), ENOENT, "swapoff, too");
	fails(swapon("", 0), ENOENT, "an empty path is ENOENT");
	fails(swapon("/dev/vda/x", 0), ENOTDIR, "a path through a disk is ENOTDIR");
	fails(swapon((char *)8, 0), EFAULT, "a bad address is EFAULT");
	fails(swapoff((char *)8), EFAULT, "for swapoff, too");
	memset(path, 'a', 2 * PAGE - 1);
	fails(swapon(path, 0), ENAMETOOLONG, "a path without end is ENAMETOOLONG");
	fails(swapon(DISK, 0x1000000), EINVAL, "an unknown flag is EINVAL");
	fails(swapon("/tmp", 0), EISDIR, "a directory is EISDIR");
	fails(swapon("/dev/null", 0), EINVAL, "a character device is EINVAL");
	fails(swapon("/tmp/swapfile", 0), EINVAL, "a file of tmpfs is EINVAL");
	fails(swapoff("/tmp"), EISDIR, "swapoff of a directory is EISDIR");
	fails(swapoff(SMALL_DISK), EINVAL, "swapoff of a disk that is no swap is EINVAL");
	unlink("/tmp/swapfile");
	munmap(path, 2 * PAGE);
	fd = open(DISK, O_RDWR | O_EXCL);
	ok(fd >= 0, "a disk that is not in use can be opened for oneself alone");
	fails(swapon(DISK, 0), EBUSY, "it is EBUSY for swapon then");
	close(fd);
}

/* A disk under swap cannot be overwritten by mistake. */
static void protected(void)
{
	static char page[PAGE];
	int fd = open(DISK, O_RDWR);

	start_swap();
	fails(pwrite(fd, page, PAGE, 0), ETXTBSY, "writing to a disk under swap is ETXTBSY");
	is(pread(fd, page, PAGE, 0), PAGE, "it can be read");
	ok(!memcmp(page + PAGE - 10, "SWAPSPACE2", 10), "and has its header");
	stop_swap();
	is(pwrite(fd, page, PAGE, 0), PAGE, "after swapoff it can be written");
	close(fd);
}

/* A write(2) that is under way when the disk becomes swap ends there. (On Linux it goes on, over
 * the slots.) */
static void overtaken(void)
{
	const long bytes = 8 * MIB, at = 64 * MIB;
	char *buf = map_anon(bytes, PROT_READ | PROT_WRITE), page[PAGE] = {}, last;
	int fd = open(DISK, O_RDWR);
	pid_t pid;

	make_header(&head, disk_pages(DISK));
	put_header(DISK, &head);
	must(pwrite(fd, page, PAGE, at) == PAGE);
	must(pwrite(fd, page, PAGE, at + bytes - PAGE) == PAGE);
	memset(buf, 'w', bytes);
	pid = fork();
	if (!pid)
		_exit(pwrite(fd, buf, bytes, at) < 0);
	while (page[0] != 'w')
		must(pread(fd, page, PAGE, at) == PAGE);
	is(swapon(DISK, 0), 0, "swapon of a disk that is being written");
	must(pread(fd, page, PAGE, at + bytes - PAGE) == PAGE);
	last = page[0];
	if (last)
		diag("the write was faster");
	must(waitpid(pid, NULL, 0) == pid);
	must(pread(fd, page, PAGE, at + bytes - PAGE) == PAGE);
	is(page[0], last, "nothing is written after that");
	stop_swap();
	close(fd);
	munmap(buf, bytes);
}

/* ---- several ---- */

static void priorities(void)
{
	char *p = lone_pages(1024);

	start_area(DISK, 0, 3);
	start_area(SMALL_DISK, 257, 300);
	is(area_info(DISK, "Priority"), 3, "priority 3");
	is(area_info(SMALL_DISK, "Priority"), 300, "priority 300");
	is(area_info(SMALL_DISK, "Size"), 1024, "an area smaller than its disk");
	is(meminfo_kib("SwapTotal"), (disk_pages(DISK) - 1) * 4 + 1024, "SwapTotal is the sum");
	fill(p, 1024, 7);
	madvise(p, 64 * PAGE, MADV_PAGEOUT);
	ok(area_info(SMALL_DISK, "Used") > 0 && area_info(DISK, "Used") == 0,
	   "the higher priority comes first");
	madvise(p, 1024 * PAGE, MADV_PAGEOUT);
	is(nr_swapped(p, 1024), 1024, "4 MiB leave");
	is(area_info(SMALL_DISK, "Used"), 1024, "the higher priority's 1 MiB is full");
	ok(area_info(DISK, "Used") >= 3072, "the rest is on the lower");
	is(meminfo_kib("SwapTotal") - meminfo_kib("SwapFree"),
	   area_info(DISK, "Used") + area_info(SMALL_DISK, "Used"), "SwapFree knows of both");
	is(swapoff(SMALL_DISK), 0, "swapoff of the one brings its pages back");
	ok(nr_swapped(p, 1024) <= 768, "only those of the other are out");
	is(wrong_pages(p, 1024, 7), 0, "all pages have their content");
	stop_swap();
	munmap(p, 1024 * PAGE);
}

static void in_turn(void)
{
	char *p = lone_pages(1024);
	long used[2];

	start_area(DISK, 0, 7);
	start_area(SMALL_DISK, 0, 7);
	fill(p, 1024, 8);
	must(madvise(p, 1024 * PAGE, MADV_PAGEOUT) == 0);
	used[0] = area_info(DISK, "Used");
	used[1] = area_info(SMALL_DISK, "Used");
	if (!ok(used[0] >= 1024 && used[1] >= 1024, "two areas of one priority are used alike"))
		diag("%ld and %ld KiB", used[0], used[1]);
	is(wrong_pages(p, 1024, 8), 0, "all pages have their content");
	is(swapoff(SMALL_DISK), 0, "swapoff of the second");
	is(wrong_pages(p, 1024, 8), 0, "all pages still have it");
	stop_swap();
	munmap(p, 1024 * PAGE);
}

static void by_default(void)
{
	int first, second;

	start_area(DISK, 0, -1);
	start_area(SMALL_DISK, 0, -1);
	first = (int)area_info(DISK, "Priority");
	second = (int)area_info(SMALL_DISK, "Priority");
	is(first, -2, "the first area has priority -2");
	is(second, -3, "the second -3");
	is(swapoff(SMALL_DISK), 0, "swapoff of the second");
	stop_swap();
}

static void with_busybox(void)
{
	is(system("mkswap -L label " DISK " > /dev/null"), 0, "busybox mkswap");
	is(system("swapon " DISK), 0, "busybox swapon");
	is(area_info(DISK, "Size"), (disk_pages(DISK) - 1) * 4, "has the disk's size");
	is(system("free | awk '/Swap:/ { exit !($2 > 500000 && $3 == 0 && $4 == $2) }'"), 0,
	   "free shows it");
	is(system("swapoff " DISK), 0, "busybox swapoff");
	is(system("mkswap " DISK " 40000 > /dev/null && swapon " DISK), 0, "mkswap of a part");
	is(area_info(DISK, "Size"), 40000 - 4, "is as large as that part");
	is(system("swapoff " DISK), 0, "and swapoff");
	is(meminfo_kib("SwapTotal"), 0, "there is no swap in the end");
}

static void body(void)
{
	if (!have_disks())
		return;
	plain();
	damaged();
	fuzzed();
	bad_pages();
	other_errors();
	protected();
	if (on_avocet())
		overtaken();
	priorities();
	in_turn();
	by_default();
	with_busybox();
}

int main(void)
{
	return tap_run(body, 20);
}
