/* swapoff.c - swapoff brings everything back: for every kind of memory, while processes fork,
 * exit and fault, from one area to another; or it fails where there is no memory, and nothing
 * is lost. */
#include "swapping.h"

#define PAGES	512

static struct {
	int stop;
	int wrong;
	int rounds;
	int generations;
} *race;

static int verify(void *p)
{
	return wrong_pages(p, PAGES, 1) != 0;
}

static void all_kinds(void)
{
	char *own = lone_pages(PAGES), *shared = map_shared(PAGES * PAGE);
	int fd = make_file("/tmp/swapoff", PAGES), wrong = 0;
	char page[PAGE];
	size_t i;
	pid_t pid;

	fill(own, PAGES, 1);
	fill(shared, PAGES, 9000);
	must(push_out(own, PAGES));
	madvise(shared, PAGES * PAGE, MADV_PAGEOUT);
	squeeze(20 * 1024);
	pid = sleeper();
	ok(area_info(DISK, "Used") >= 2048, "memory of several kinds is out");
	is(swapoff(DISK), 0, "swapoff");
	is(meminfo_kib("SwapTotal"), 0, "there is no swap");
	is(nr_swapped(own, PAGES), 0, "nothing is out");
	is(kib_of(pid, "status", "VmSwap"), 0, "nor in a child that shares it");
	end_child(pid);
	is(wrong_pages(own, PAGES, 1), 0, "private memory is as it was");
	is(wrong_pages(shared, PAGES, 9000), 0, "shared memory is as it was");
	for (i = 0; i < PAGES; i++) {
		must(pread(fd, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE);
		wrong += page[0] != 'a' + (int)(i % 26) || page[4095] != page[0];
	}
	is(wrong, 0, "a file of tmpfs is as it was");
	close(fd);
	unlink("/tmp/swapoff");
	munmap(own, PAGES * PAGE);
	munmap(shared, PAGES * PAGE);
}

/* PROT_NONE, read-only and locked-later memory comes back, too, and stays what it is. */
static void odd_areas(void)
{
	char *p = lone_pages(PAGES);

	start_swap();
	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	must(mprotect(p, PAGES / 2 * PAGE, PROT_NONE) == 0);
	must(mprotect(p + PAGES / 2 * PAGE, PAGES / 4 * PAGE, PROT_READ) == 0);
	is(swapoff(DISK), 0, "swapoff over areas that cannot be written or read");
	is(nr_swapped(p, PAGES), 0, "nothing is out");
	faults(READ, p, SIGSEGV, SEGV_ACCERR, "what could not be read cannot be");
	faults(WRITE, p + PAGES / 2 * PAGE, SIGSEGV, SEGV_ACCERR, "nor be written what could not");
	must(mprotect(p, PAGES * PAGE, RW) == 0);
	is(wrong_pages(p, PAGES, 1), 0, "all have their content");
	munmap(p, PAGES * PAGE);
}

static void from_one_to_another(void)
{
	char *p = lone_pages(4096);
	pid_t weight = balloon(12 * 1024);

	start_area(SMALL_DISK, 0, 10);
	start_area(DISK, 0, 1);
	fill(p, 4096, 1);
	must(push_out(p, 4096));
	ok(area_info(SMALL_DISK, "Used") >= 12 * 1024, "16 MiB are out on the first of two areas");
	if (!is(swapoff(SMALL_DISK), 0, "swapoff of that one, into less memory than it needs"))
		diag("errno %d", errno);
	ok(area_info(DISK, "Used") >= 2 * 1024, "some of them are on the second now");
	is(wrong_pages(p, 4096, 1), 0, "all have their content");
	end_child(weight);
	stop_swap();
	is(wrong_pages(p, 4096, 1), 0, "all have it without swap");
	munmap(p, 4096 * PAGE);
}

/* ---- while others work ---- */

/* Children that verify what they inherit, generation after generation. */
static int forker(char *p)
{
	while (!race->stop) {
		if (child(verify, p) != 0)
			__atomic_add_fetch(&race->wrong, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&race->generations, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* Reads, writes, throws away; what it has is named 1 + n, or is zero. */
static int toucher(unsigned int seed)
{
	char *p = lone_pages(PAGES);

	fill(p, PAGES, 1);
	while (!race->stop) {
		size_t i = rand_r(&seed) % PAGES;

		switch (rand_r(&seed) % 4) {
		case 0:
			madvise(p + i * PAGE, PAGE, MADV_DONTNEED);
			if (p[i * PAGE + 5])
				__atomic_add_fetch(&race->wrong, 1, __ATOMIC_RELAXED);
			fill_page(p + i * PAGE, 1 + i);
			break;
		case 1:
			madvise(p + i * PAGE, (PAGES - i) * PAGE, MADV_PAGEOUT);
			break;
		default:
			if (!page_is(p + i * PAGE, 1 + i))
				__atomic_add_fetch(&race->wrong, 1, __ATOMIC_RELAXED);
		}
		__atomic_add_fetch(&race->rounds, 1, __ATOMIC_RELAXED);
	}
	return wrong_pages(p, PAGES, 1) != 0;
}

static void races(void)
{
	char *p = lone_pages(PAGES);
	int i, bad = 0, failed = 0;
	pid_t pid[4];

	race = map_shared(PAGE);
	fill(p, PAGES, 1);
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(i < 2 ? forker(p) : toucher((unsigned int)i));
	}
	for (i = 0; i < 6; i++) {
		start_swap();
		madvise(p, PAGES * PAGE, MADV_PAGEOUT);
		if (i % 3 == 0)
			squeeze(10 * 1024);
		sleep_ms(30);
		failed += swapoff(DISK) != 0;
		if (failed)
			swapoff(DISK);
	}
	race->stop = 1;
	for (i = 0; i < 4; i++)
		bad += wait_for(pid[i]) != 0;
	is(failed, 0, "6 times swapoff while processes fork, exit and fault");
	is(bad, 0, "they all end well");
	is(race->wrong, 0, "none has seen a wrong page");
	is(wrong_pages(p, PAGES, 1), 0, "all pages have their content");
	ok(race->generations > 5 && race->rounds > 100, "they have really worked");
	munmap(p, PAGES * PAGE);
	munmap(race, PAGE);
}

/* ---- without the memory for it ---- */

static int try_swapoff(void *arg)
{
	(void)arg;
	return swapoff(DISK) == 0 ? 0 : errno;
}

/* Linux kills whoever asks for it instead. */
static void too_little_memory(void)
{
	pid_t weight = balloon(10 * 1024);
	char *p = lone_pages(24 * MIB / PAGE);
	int status;

	start_swap();
	fill(p, 24 * MIB / PAGE, 1);
	must(push_out(p, 24 * MIB / PAGE));
	status = child(try_swapoff, NULL);
	ok(status == EXITED(ENOMEM) || (!on_avocet() && status == SIGKILL),
	   "swapoff without memory for it fails");
	ok(area_info(DISK, "Used") > 0, "the area is in use as before");
	is(wrong_pages(p, 24 * MIB / PAGE, 1), 0, "nothing is lost");
	fill(p, 24 * MIB / PAGE, 50000);
	is(wrong_pages(p, 24 * MIB / PAGE, 50000), 0, "and it goes on being used");
	end_child(weight);
	stop_swap();
	is(wrong_pages(p, 24 * MIB / PAGE, 50000), 0, "with memory for it all comes back");
	munmap(p, 24 * MIB / PAGE * PAGE);
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	weight = balloon(16 * 1024);
	start_swap();
	all_kinds();
	odd_areas();
	end_child(weight);
	weight = balloon(14 * 1024);
	races();
	end_child(weight);
	too_little_memory();
	from_one_to_another();
}

int main(void)
{
	return tap_run(body, 28);
}
