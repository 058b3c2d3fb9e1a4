/* procinfo.c - /proc/zoneinfo, vmallocinfo and interrupts: Linux's format, and numbers that agree
 * with what else the kernel says. */
#include "pages.h"

#include <sched.h>

static long number_behind(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* ---- zoneinfo ---- */

/* The part of zone Normal, or of the only large zone of a small Linux. */
static char *zone(void)
{
	char *text = read_text("/proc/zoneinfo"), *at;

	must(text);
	at = strstr(text, "zone   Normal");
	if (!at || number_behind(at, "managed ") < 1000)
		at = strstr(text, "zone    DMA32");
	must(at);
	return at;
}

static void zoneinfo(void)
{
	char *z = zone();
	long free = number_behind(z, "pages free "), managed = number_behind(z, "managed ");
	long min = number_behind(z, "min "), low = number_behind(z, "low ");
	long high = number_behind(z, "high "), present = number_behind(z, "present ");
	long before = number_behind(z, "nr_free_pages ");
	char *p;

	ok(strncmp(read_text("/proc/zoneinfo"), "Node 0, zone ", 13) == 0, "zoneinfo has zones");
	ok(min > 0 && low > min && high > low, "with watermarks in order");
	z = zone();
	ok(number_behind(z, "spanned ") >= present && present >= managed && managed > free,
	   "and sizes: spanned, present, managed, free");
	ok(managed * 4 <= meminfo_kib("MemTotal") && managed * 8 > meminfo_kib("MemTotal"),
	   "what is managed is most of MemTotal");
	is(occurs(z, "    cpu: "), sysconf(_SC_NPROCESSORS_ONLN), "a pageset for each processor");
	ok(strstr(z, "start_pfn: ") && strstr(z, "protection: ("), "and its end");
	p = map_anon(16 * MIB, RW);
	touch(p, 16 * MIB / PAGE);
	free = number_behind(zone(), "nr_free_pages ");
	ok(before - free > 3000, "16 MiB that are touched are not free: %ld, %ld", before, free);
	munmap(p, 16 * MIB);
	ok(number_behind(zone(), "nr_free_pages ") - free > 3000, "later they are");
}

/* ---- vmallocinfo ---- */

struct ranges {
	unsigned long lines, bytes, odd, stacks;
};

static struct ranges vmallocinfo(void)
{
	char *line = read_text("/proc/vmallocinfo"), *next;
	struct ranges r = { 0 };

	must(line);
	for (; (next = strchr(line, '\n')); line = next + 1) {
		unsigned long start, end, size;
		char caller[128], *pages;

		*next = 0;
		r.lines++;
		if (sscanf(line, "0x%lx-0x%lx %lu %127s", &start, &end, &size, caller) != 4 ||
		    (on_avocet() && end - start != size) || size % PAGE || !size)
			r.odd++;
		pages = strstr(line, " pages=");
		if (pages && strtoul(pages + 7, NULL, 10) > size / PAGE)
			r.odd++;
		r.bytes += size;
		r.stacks += pages && strtoul(pages + 7, NULL, 10) == 4;
	}
	return r;
}

static int cannot_read(void *arg)
{
	(void)arg;
	must(setuid(1000) == 0);
	return open("/proc/vmallocinfo", O_RDONLY) >= 0 || errno != EACCES;
}

static void kernel_ranges(void)
{
	struct ranges before = vmallocinfo(), after;
	pid_t pid[40];
	size_t i;

	ok(before.lines > 5, "vmallocinfo has ranges");
	is(before.odd, 0, "each as Linux shows it");
	for (i = 0; i < COUNT(pid); i++)
		pid[i] = sleeper();
	after = vmallocinfo();
	ok(after.stacks >= before.stacks + COUNT(pid) / 2, "stacks of threads, too: %lu, then %lu",
	   before.stacks, after.stacks);
	for (i = 0; i < COUNT(pid); i++)
		end_child(pid[i]);
	child_ok(cannot_read, NULL, "they are for root");
}

/* ---- interrupts ---- */

/* The sum of all processors' counts in the line that begins with @label; -1: there is none. */
static long interrupts_of(const char *label)
{
	char *line = read_text("/proc/interrupts"), *at;
	long sum = 0, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	must(line);
	for (line = strchr(line, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		at = line + 1 + strspn(line + 1, " ");
		if (strncmp(at, label, strlen(label)) != 0)
			continue;
		for (at += strlen(label); cpus--;)
			sum += strtol(at, &at, 10);
		return sum;
	}
	return -1;
}

/* Of all lines. */
static long all_interrupts(void)
{
	char *line = read_text("/proc/interrupts"), *at;
	long sum = 0, cpus;

	for (line = strchr(line, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		at = strchr(line + 1, ':');
		must(at);
		for (at++, cpus = sysconf(_SC_NPROCESSORS_ONLN); cpus--;)
			sum += strtol(at, &at, 10);
	}
	return sum;
}

static void spin(unsigned int ms)
{
	unsigned long end = now_ms() + ms;

	while (now_ms() < end)
		;
}

static void interrupts(void)
{
	char *text = read_text("/proc/interrupts");
	long timer, stat;

	must(text);
	is(strspn(text, " 0123456789CPU\n") > 8, 1, "interrupts has a heading");
	text[strcspn(text, "\n")] = 0;
	is(occurs(text, "CPU"), sysconf(_SC_NPROCESSORS_ONLN), "with a column for each processor");
	timer = interrupts_of("LOC:");
	ok(timer > 0, "the local timers have interrupted");
	spin(200);
	ok(interrupts_of("LOC:") > timer, "they go on doing so");
	ok(interrupts_of("RES:") >= 0 && interrupts_of("TLB:") >= 0,
	   "processors interrupt each other");
	ok(strstr(read_text("/proc/interrupts"), "IO-APIC"), "a device has a line");
	stat = number_behind(read_text("/proc/stat"), "intr ");
	if (on_avocet())
		ok(all_interrupts() >= stat, "all together are those of /proc/stat: %ld", stat);
}

static void body(void)
{
	zoneinfo();
	kernel_ranges();
	interrupts();
}

int main(void)
{
	return tap_run(body, 25);
}
