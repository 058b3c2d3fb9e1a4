/* swapoom.c - swap is full, too: the process that has most is killed, in memory or not, the log
 * says who and why, and the others live on with all they had. */
#include "swapping.h"
#include <sys/klog.h>

#define SWAP_PAGES	4096UL

static struct {
	volatile int ready, stop;
} *shared;

/* Everything that the kernel has logged. */
static const char *kernel_log(void)
{
	static char text[262144];
	int n = klogctl(3, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	return n > 0 ? text : NULL;
}

/* Takes @kib, MiB by MiB: no single one is more than there could be. */
static int hog(void *kib)
{
	size_t mib;

	for (mib = 0; mib < (size_t)kib / 1024; mib++)
		write_much((void *)1024);
	return 0;
}

/* Holds 1 MiB, most of the time without a look at it. */
static int bystander(int nr)
{
	char *p = lone_pages(256);

	fill(p, 256, 1000 * (uint64_t)nr);
	while (!shared->stop)
		sleep_ms(20);
	return wrong_pages(p, 256, 1000 * (uint64_t)nr) != 0;
}

static int last_killed(const char *log)
{
	const char *at, *last = NULL;

	for (at = log; (at = strstr(at, "Killed process ")); at++)
		last = at;
	return last ? atoi(last + 15) : -1;
}

static void told(pid_t victim)
{
	const char *log = kernel_log();

	if (!log) {
		skip("the kernel's log cannot be read here", "the log names the victim");
		skip("the kernel's log cannot be read here", "and says why");
		return;
	}
	is(last_killed(log), victim, "the log names the victim");
	ok(strstr(log, "invoked oom-killer") && strcasestr(log, "swap"), "and says why");
}

static void hog_is_killed(void)
{
	pid_t pid[3], victim;
	int i, bad = 0;

	memset(shared, 0, sizeof(*shared));
	for (i = 0; i < 3; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(bystander(i));
	}
	victim = fork();
	must(victim >= 0);
	if (victim == 0)
		_exit(hog((void *)(120UL * 1024)));
	is(wait_for(victim), SIGKILL, "a process that uses up memory and swap is killed");
	told(victim);
	shared->stop = 1;
	for (i = 0; i < 3; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "small processes live on with all their pages");
}

static int fat(long kib)
{
	char *p = lone_pages((size_t)kib / 4);

	fill(p, (size_t)kib / 4, 1);
	madvise(p, (size_t)kib * 512, MADV_PAGEOUT);
	shared->ready = 1;
	while (!shared->stop)
		sleep_ms(20);
	return 0;
}

/* Of 16 MiB of swap and about 12 of memory one process has 16, and sleeps: it has to go, not
 * the one that asks for a little more. */
static void largest_is_killed(void)
{
	pid_t large, other;

	memset(shared, 0, sizeof(*shared));
	large = fork();
	must(large >= 0);
	if (large == 0)
		_exit(fat(16 * 1024));
	while (!shared->ready)
		sleep_ms(5);
	ok(kib_of(large, "status", "VmSwap") > 4096, "a large process is partly out");
	other = fork();
	must(other >= 0);
	if (other == 0)
		_exit(hog((void *)(15UL * 1024)));
	is(wait_for(other), 0, "a smaller one gets the memory that it asks for");
	shared->stop = 1;
	is(wait_for(large), SIGKILL, "since the large one is killed, though much of it is out");
	told(large);
}

static void recovers(void)
{
	int i;

	for (i = 0; i < 100 && meminfo_kib("SwapFree") < (long)SWAP_PAGES * 5 / 2; i++)
		sleep_ms(10);
	if (!ok(meminfo_kib("SwapFree") >= (long)SWAP_PAGES * 5 / 2, "swap is free again"))
		diag("%ld KiB", meminfo_kib("SwapFree"));
	is(child(hog, (void *)(12UL * 1024)), 0, "there is room for others");
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	shared = map_shared(PAGE);
	start_area(SMALL_DISK, SWAP_PAGES + 1, -1);
	weight = balloon(12 * 1024);
	hog_is_killed();
	recovers();
	largest_is_killed();
	recovers();
	end_child(weight);
	is(swapoff(SMALL_DISK), 0, "swapoff");
}

int main(void)
{
	return tap_run(body, 25);
}
