/* swapinfo.c - the numbers that tell of swap: status, smaps, pagemap, stat, vmstat, meminfo,
 * rusage; and what they show of how it works: neighbours lie beside each other, and come back
 * together. */
#include "swapping.h"

#define PAGES	256

/* The sum of a field over the areas of smaps that overlap the page at @p of @pid. */
static long smaps_of(pid_t pid, const void *p, const char *field)
{
	char *text = read_proc(pid, "smaps"), *line, *next, name[32];
	unsigned long start = 0, end = 0, from, to;
	long sum = 0;

	snprintf(name, sizeof(name), "%s:", field);
	for (line = text; (next = strchr(line, '\n')); line = next + 1) {
		*next = 0;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			start = from;
			end = to;
		}
		if ((unsigned long)p >= start && (unsigned long)p < end &&
		    strncmp(line, name, strlen(name)) == 0)
			sum += strtol(line + strlen(name), NULL, 10);
	}
	return sum;
}

/* Field 12 of /proc/self/stat. */
static long stat_majflt(void)
{
	char *at = strrchr(read_proc(getpid(), "stat"), ')');
	long value = -1;

	must(sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %ld", &value) == 1);
	return value;
}

static void of_a_process(void)
{
	char *p = lone_pages(PAGES);
	long rss, swapped, free;
	pid_t pid;

	fill(p, PAGES, 1);
	rss = kib_of(getpid(), "status", "VmRSS");
	swapped = kib_of(getpid(), "status", "VmSwap");
	free = meminfo_kib("SwapFree");
	must(push_out(p, PAGES));
	ok(kib_of(getpid(), "status", "VmSwap") - swapped >= PAGES * 4, "status: VmSwap grows");
	ok(rss - kib_of(getpid(), "status", "VmRSS") >= PAGES * 4 - 256, "VmRSS shrinks");
	ok(free - meminfo_kib("SwapFree") >= PAGES * 4, "meminfo: so does SwapFree");
	is(smaps_of(getpid(), p, "Swap"), PAGES * 4, "smaps: Swap");
	is(smaps_of(getpid(), p, "SwapPss"), PAGES * 4, "smaps: SwapPss of what is not shared");
	is(smaps_of(getpid(), p, "Rss"), 0, "smaps: Rss is 0");
	ok(kib_of(getpid(), "smaps_rollup", "Swap") >= PAGES * 4, "smaps_rollup: Swap");
	pid = sleeper();
	is(smaps_of(pid, p, "Swap"), PAGES * 4, "a child has as much Swap");
	is(smaps_of(pid, p, "SwapPss"), PAGES * 2, "and half as SwapPss");
	is(smaps_of(getpid(), p, "SwapPss"), PAGES * 2, "as the parent has then");
	ok(kib_of(pid, "status", "VmSwap") >= PAGES * 4, "and VmSwap");
	end_child(pid);
	is(smaps_of(getpid(), p, "SwapPss"), PAGES * 4, "without the child all is the parent's");
	is(wrong_pages(p, PAGES, 1), 0, "the pages come back");
	is(smaps_of(getpid(), p, "Swap"), 0, "smaps: no Swap");
	is(smaps_of(getpid(), p, "Rss"), PAGES * 4, "but Rss");
	ok(kib_of(getpid(), "status", "VmSwap") < swapped + PAGES * 4, "status: VmSwap shrinks");
	munmap(p, PAGES * PAGE);
}

static void of_a_page(void)
{
	uint64_t entry, last = 0, area = disk_pages(DISK);
	size_t i, beside = 0, odd = 0;
	char *p = lone_pages(PAGES);

	fill(p, PAGES, 1);
	must(clear_refs(4));
	must(push_out(p, PAGES));
	for (i = 0; i < PAGES; i++) {
		entry = pagemap(getpid(), p + i * PAGE);
		odd += !(entry & PM_SWAP) || entry & PM_PRESENT || PM_SWAP_TYPE(entry) != 0;
		odd += PM_SWAP_SLOT(entry) == 0 || PM_SWAP_SLOT(entry) >= area;
		odd += !!(entry & PM_SOFT_DIRTY);
		beside += PM_SWAP_SLOT(entry) == PM_SWAP_SLOT(last) + 1;
		last = entry;
	}
	is(odd, 0, "pagemap: swapped, not present, area 0, a slot of it, not soft-dirty");
	if (!ok(beside >= PAGES * 3 / 4, "neighbours in memory are neighbours on the disk"))
		diag("%zu of %lu", beside, PAGES - 1UL);
	p[0] = 1;
	ok(pagemap(getpid(), p) & PM_SOFT_DIRTY, "written when it is back it is soft-dirty");
	look(p, 2);
	ok(!(pagemap(getpid(), p + PAGE) & PM_SOFT_DIRTY), "read it is not");
	must(push_out(p, 1));
	ok(pagemap(getpid(), p) & PM_SOFT_DIRTY, "soft-dirty it stays when it is out again");
	must(clear_refs(4));
	ok(!(pagemap(getpid(), p) & PM_SOFT_DIRTY), "unless that is cleared");
	ok(!(pagemap(getpid(), p) & PM_PRESENT), "which does not bring it back");
	munmap(p, PAGES * PAGE);
}

/* A number before and after, and the least that it has to grow by. */
struct counter {
	const char *name;
	long before, growth;
};

static void grown(const struct counter *c)
{
	long now = vm_event(c->name);

	if (!ok(c->before >= 0 && now - c->before >= c->growth, "vmstat: %s", c->name))
		diag("was %ld and is %ld; it should have grown by %ld", c->before, now, c->growth);
}

static void of_the_machine(void)
{
	struct counter counter[] = {
		{ "pswpout", 0, PAGES }, { "pswpin", 0, PAGES }, { "pgmajfault", 0, 2 },
		{ "pgfault", 0, 2 }, { "pgscan_kswapd", 0, 0 }, { "pgscan_direct", 0, 0 },
		{ "pgsteal_kswapd", 0, 0 }, { "pgsteal_direct", 0, 0 }, { "pgscan_anon", 0, 1 },
		{ "pgsteal_anon", 0, 1 }, { "pgscan_file", 0, 0 }, { "pgsteal_file", 0, 0 },
		{ "pgdeactivate", 0, 0 }, { "pgactivate", 0, 0 }, { "allocstall_normal", 0, 0 },
	};
	long majflt, stat, scanned, stolen, fault_free;
	char *p = lone_pages(PAGES);
	size_t i;

	for (i = 0; i < COUNT(counter); i++)
		counter[i].before = vm_event(counter[i].name);
	scanned = vm_event("pgscan_kswapd") + vm_event("pgscan_direct");
	stolen = vm_event("pgsteal_kswapd") + vm_event("pgsteal_direct");
	fill(p, PAGES, 1);
	must(push_out(p, PAGES));
	squeeze(24 * 1024);
	squeeze(24 * 1024);
	majflt = major_faults();
	stat = stat_majflt();
	ok(labs(majflt - stat) < 10, "rusage and stat agree on major faults");
	is(wrong_pages(p, PAGES, 1), 0, "pages leave, and come back");
	stat = stat_majflt() - stat;
	majflt = major_faults() - majflt;
	ok(labs(majflt - stat) < 10, "they still agree");
	if (!ok(majflt >= 2 && majflt <= PAGES / 2, "one read brings several neighbours in"))
		diag("%ld major faults for %d pages", majflt, PAGES);
	fault_free = major_faults();
	look(p, PAGES);
	/* Linux may have gone on to take a page or two. */
	ok(major_faults() - fault_free <= 2, "pages that are there need no disk");
	for (i = 0; i < COUNT(counter); i++)
		grown(&counter[i]);
	ok(vm_event("pgscan_kswapd") + vm_event("pgscan_direct") - scanned > PAGES,
	   "reclaim has scanned");
	ok(vm_event("pgsteal_kswapd") + vm_event("pgsteal_direct") - stolen > PAGES,
	   "and taken pages");
	munmap(p, PAGES * PAGE);
}

static void for_tools(void)
{
	char *p = lone_pages(1024);

	fill(p, 1024, 1);
	must(push_out(p, 1024));
	is(system("free | awk '/Swap:/ { exit !($3 >= 4096 && $3 + $4 == $2) }'"), 0,
	   "free shows what is used");
	is(system("awk 'NR == 2 && $1 == \"" DISK "\" { exit !($4 >= 4096) }' /proc/swaps"), 0,
	   "so does /proc/swaps");
	ok(meminfo_kib("SwapCached") >= 0, "meminfo has SwapCached");
	ok(meminfo_kib("MemAvailable") > 0, "and MemAvailable");
	munmap(p, 1024 * PAGE);
}

/* ---- pressure ---- */

/* A total of /proc/pressure/memory in us; -1: it is not as it should be. */
static long pressure(const char *kind)
{
	char *line = read_text("/proc/pressure/memory");
	unsigned int whole[3], part[3];
	long total;

	must(line);
	line = strstr(line, kind);
	if (!line || sscanf(line + 4, " avg10=%u.%2u avg60=%u.%2u avg300=%u.%2u total=%ld", whole,
			    part, whole + 1, part + 1, whole + 2, part + 2, &total) != 7 ||
	    whole[0] > 100)
		return -1;
	return total;
}

static void stalls(void)
{
	long some = pressure("some"), full = pressure("full");
	char *p = lone_pages(64);

	ok(some >= 0 && full >= 0 && full <= some, "/proc/pressure/memory has some and full");
	sleep_ms(50);
	ok(pressure("some") - some < 50000, "a machine at rest stalls little");
	fill(p, 64, 1);
	some = pressure("some");
	must(push_out(p, 64));
	squeeze(meminfo_kib("MemFree") + 8192);
	is(wrong_pages(p, 64, 1), 0, "pages leave and come back");
	ok(pressure("some") > some, "that takes time: %ld us", pressure("some") - some);
	ok(pressure("full") <= pressure("some"), "not all of it with nobody at work");
	munmap(p, 64 * PAGE);
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	weight = balloon(12 * 1024);
	of_a_process();
	of_a_page();
	of_the_machine();
	for_tools();
	stalls();
	end_child(weight);
	stop_swap();
}

int main(void)
{
	return tap_run(body, 20);
}
