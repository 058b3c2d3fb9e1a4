/* vdso.c - the kernel's code in every process: it is found, it agrees with the system calls, and
 * the area that has it can be moved and unmapped, but neither written nor extended. */
#include "tap.h"
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define ROUNDS	20000

typedef int (*gettime_fn)(int clock, struct timespec *ts);
typedef int (*gettimeofday_fn)(struct timeval *tv, void *tz);
typedef long (*time_fn)(long *t);
typedef long (*getcpu_fn)(unsigned int *cpu, unsigned int *node, void *unused);

static const char *base;	/* of the object in this process */

/* What the tables of the object say of @tag, or 0. */
static unsigned long dynamic(long tag)
{
	const Elf64_Ehdr *eh = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	int i;

	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[i].p_vaddr);
	for (; dyn && dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == tag)
			return dyn->d_un.d_val;
	return 0;
}

static void *symbol(const char *name)
{
	const Elf64_Sym *sym = (const void *)(base + dynamic(DT_SYMTAB));
	const char *names = base + dynamic(DT_STRTAB);
	const unsigned int *hash = (const void *)(base + dynamic(DT_HASH));
	unsigned int i;

	for (i = 0; dynamic(DT_HASH) && i < hash[1]; i++)
		if (sym[i].st_shndx != SHN_UNDEF && strcmp(names + sym[i].st_name, name) == 0)
			return (void *)(base + sym[i].st_value);
	return NULL;
}

static long ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long kernel_ns(int clock)
{
	struct timespec t = { 0 };

	must(syscall(SYS_clock_gettime, clock, &t) == 0);
	return ns_of(t);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static void found(void)
{
	static const char *const names[] = { "clock_gettime", "gettimeofday", "time",
	   "clock_getres",
					     "getcpu" };
	const Elf64_Ehdr *eh;
	const Elf64_Phdr *ph;
	bool unwind = false;
	char name[64];
	size_t i;

	base = (const char *)getauxval(AT_SYSINFO_EHDR);
	must(base);
	eh = (const void *)base;
	is(memcmp(eh->e_ident, ELFMAG, SELFMAG), 0, "AT_SYSINFO_EHDR is where an ELF header is");
	is(eh->e_type, ET_DYN, "of a shared object");
	ph = (const void *)(base + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++)
		unwind |= ph[i].p_type == PT_GNU_EH_FRAME;
	ok(unwind, "with tables for unwinding");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "__vdso_%s", names[i]);
		ok(symbol(name) && symbol(names[i]) == symbol(name), "%s is there by both names",
		   names[i]);
	}
	ok(dynamic(DT_VERDEF) && dynamic(DT_VERSYM), "its names have versions");
}

/* In turn by the object and by the system call, on one processor after the other. */
static void goes_on(int clock, const char *name)
{
	gettime_fn gettime = (gettime_fn)symbol("__vdso_clock_gettime");
	int i, back = 0, failed = 0, cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	long last = 0, now;
	struct timespec t;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 500 == 0)
			stay_on(i / 500 % cpus);
		failed += gettime(clock, &t) != 0 || t.tv_nsec < 0 || t.tv_nsec > 999999999;
		now = ns_of(t);
		back += now < last;
		last = now;
		now = kernel_ns(clock);
		back += now < last;
		last = now;
	}
	is(failed, 0, "%s can be read", name);
	is(back, 0, "%s never goes back between object and system call", name);
}

static void clocks(void)
{
	gettime_fn gettime = (gettime_fn)symbol("__vdso_clock_gettime");
	gettime_fn getres = (gettime_fn)symbol("__vdso_clock_getres");
	struct timespec t, res, want;

	goes_on(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	goes_on(CLOCK_REALTIME, "CLOCK_REALTIME");
	goes_on(CLOCK_BOOTTIME, "CLOCK_BOOTTIME");
	is(gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0,
	   "a clock that only the kernel has is read, too");
	is(gettime(77, &t), -EINVAL, "a clock that does not exist is EINVAL");
	is(getres(CLOCK_MONOTONIC, &res), 0, "clock_getres answers");
	must(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &want) == 0);
	is(res.tv_nsec, want.tv_nsec, "as the system call does");
}

static void time_of_day(void)
{
	gettimeofday_fn tod = (gettimeofday_fn)symbol("__vdso_gettimeofday");
	gettime_fn gettime = (gettime_fn)symbol("__vdso_clock_gettime");
	time_fn get_time = (time_fn)symbol("__vdso_time");
	struct timespec later, t;
	struct timeval tv;
	long before = kernel_ns(CLOCK_REALTIME), us, seconds, stored = 0;

	is(tod(&tv, NULL), 0, "gettimeofday answers");
	us = tv.tv_sec * 1000000 + tv.tv_usec;
	ok(us >= before / 1000 && us <= kernel_ns(CLOCK_REALTIME) / 1000,
	   "between two system calls");
	seconds = get_time(&stored);
	ok(seconds >= before / 1000000000 - 1 && seconds <= kernel_ns(CLOCK_REALTIME) / 1000000000,
	   "and so does time");
	is(stored, seconds, "which stores what it returns");

	before = kernel_ns(CLOCK_REALTIME);
	later = (struct timespec){ before / 1000000000 + 5000, 0 };
	must(clock_settime(CLOCK_REALTIME, &later) == 0);
	must(gettime(CLOCK_REALTIME, &t) == 0);
	ok(t.tv_sec >= later.tv_sec && t.tv_sec < later.tv_sec + 1000,
	   "it sees that the clock is set");
	later.tv_sec -= 5000;
	must(clock_settime(CLOCK_REALTIME, &later) == 0);
	must(gettime(CLOCK_REALTIME, &t) == 0);
	ok(t.tv_sec < later.tv_sec + 1000, "and set back");
}

static void processors(void)
{
	getcpu_fn get = (getcpu_fn)symbol("__vdso_getcpu");
	int i, cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int cpu, node, wrong = 0;

	for (i = 0; i < cpus; i++) {
		stay_on(i);
		cpu = node = 99;
		wrong += get(&cpu, &node, NULL) != 0 || (int)cpu != i || node != 0;
	}
	is(wrong, 0, "getcpu knows each processor");
	is(get(NULL, NULL, NULL), 0, "and does not insist on telling");
}

/* Where the area [vdso] ends, or 0. */
static char *end_of_area(const char *begin)
{
	char line[512];
	unsigned long start, end, found = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	must(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start == (unsigned long)begin &&
		    strstr(line, " r-xp ") && strstr(line, "[vdso]\n"))
			found = end;
	fclose(f);
	return (char *)found;
}

static int works_in_child(void *arg)
{
	struct timespec t;

	(void)arg;
	return ((gettime_fn)symbol("__vdso_clock_gettime"))(CLOCK_MONOTONIC, &t);
}

/* It may go; then the system call is what is left. */
static int unmaps(void *arg)
{
	struct timespec t;

	if (munmap((void *)base, (size_t)((char *)arg - base)))
		return 1;
	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t) ? 2 : 0;
}

/* The code finds its data at the new place only if both have moved: Linux keeps them apart. */
static int moves(void *arg)
{
	size_t len = (size_t)((char *)arg - base);
	char *to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to == MAP_FAILED ||
	    mremap((void *)base, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return 1;
	base = to;
	if (end_of_area(base) != base + len)
		return 2;
	return on_avocet() ? works_in_child(NULL) : 0;
}

static void area(void)
{
	char *end = end_of_area(base);
	size_t len = (size_t)(end - base);

	ok(end, "maps has the area as [vdso], r-xp");
	is(fault_of(WRITE, base).sig, SIGSEGV, "it cannot be written");
	fails(mremap((void *)base, len, len + PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, EFAULT,
	      "nor extended");
	fails(mprotect((void *)base, PAGE, PROT_NONE), EINVAL, "nor protected in part");
	fails(munmap((void *)(end - PAGE), PAGE), EINVAL, "nor unmapped in part");
	must(mprotect((void *)base, len, PROT_NONE) == 0);
	is(fault_of(READ, base).sig, SIGSEGV, "PROT_NONE takes it away");
	must(mprotect((void *)base, len, PROT_READ | PROT_EXEC) == 0);
	child_ok(works_in_child, NULL, "a child has it");
	child_ok(unmaps, end, "a child can unmap it");
	child_ok(moves, end, "a child can move it, and it works there");
}

static void body(void)
{
	found();
	clocks();
	time_of_day();
	processors();
	area();
}

int main(void)
{
	return tap_run(body, 20);
}
