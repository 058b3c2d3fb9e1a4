/* bench.c - what memory operations cost, on this kernel and on Linux alike.
 * Prints one row per operation: name, value, unit, and how far the rounds lie apart; lines that
 * begin with # are remarks. Time comes from rdtsc, scaled by a calibration against CLOCK_MONOTONIC,
 * so values are nanoseconds. Under QEMU's "-icount shift=0,sleep=off" a nanosecond of guest time is
 * one guest instruction; then unit=instructions in the environment (on the kernel command line)
 * names the rows so. disk=/dev/vda there asks for the rows of swapping, and for no others.
 * Each row is the least of several rounds, and each round checks what the operation has done.
 * As process 1 the program mounts what it needs and powers the machine off at the end. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared *shared;
double ns_per_tick;
bool counting;
unsigned int cpus;

static const char *only;	/* run just the rows whose name has one of these, apart by commas */

/* ---- helpers ---- */

static unsigned long clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000UL + (unsigned long)t.tv_nsec;
}

static void calibrate(void)
{
	unsigned long ns = clock_ns(), start, begin, end;

	while ((start = clock_ns()) == ns)
		;
	begin = ticks();
	do {
		ns = clock_ns();
		end = ticks();
	} while (ns - start < 50000000);
	ns_per_tick = (double)(ns - start) / (double)(end - begin);
	printf("# one tick of the TSC is %.4f ns\n", ns_per_tick);
}

void die(const char *fmt, ...)
{
	va_list ap;

	printf("# bench: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %d)\n", errno);
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(1);
}

void wait_well(pid_t pid)
{
	int status = -1;

	must(waitpid(pid, &status, 0) == pid);
	must(status == 0);
}

char *map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

void touch(char *p, size_t pages, char value)
{
	size_t i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = value;
}

int not_equal(char *p, size_t pages, char value)
{
	size_t i;
	int n = 0;

	for (i = 0; i < pages; i++)
		n += p[i * PAGE] != value;
	return n;
}

/* @vmas touched pages that are an area each, as every other one is read-only. */
char *map_split(size_t vmas, char value)
{
	char *p = map(vmas);
	size_t i;

	touch(p, vmas, value);
	for (i = 1; i < vmas; i += 2)
		must(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	return p;
}

/* The number behind @field (with the blank or colon that ends it) in a file of /proc, or -1. */
long number_in(const char *path, const char *field)
{
	static char text[16384];
	size_t len = strlen(field);
	int fd = open(path, O_RDONLY);
	ssize_t n = 0, got;
	char *line;

	if (fd < 0)
		return -1;
	while ((got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	close(fd);
	text[n] = '\0';
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, field, len) == 0)
			return strtol(line + len, NULL, 10);
	}
	return -1;
}

/* ---- one row ---- */

bool wanted(const char *name)
{
	char words[256], *word, *rest;

	if (!only)
		return true;
	snprintf(words, sizeof(words), "%s", only);
	for (word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		if (strstr(name, word))
			return true;
	return false;
}

/* Keeps them sorted; more than ROUNDS are not kept. */
void add_sample(struct samples *s, double value)
{
	size_t i;

	if (s->n == ROUNDS)
		return;
	for (i = s->n++; i > 0 && s->value[i - 1] > value; i--)
		s->value[i] = s->value[i - 1];
	s->value[i] = value;
}

/* The first, the middle and the last value: for sorted ones the least, the median, the greatest. */
void show(const char *name, const struct samples *s, const char *what, const char *per)
{
	if (!s->n)
		return;
	printf("%-28s %12.1f %s/%s %.1f %.1f\n", name, s->value[0], what, per, s->value[s->n / 2],
	       s->value[s->n - 1]);
	fflush(stdout);
}

void show_cost(const char *name, const struct samples *s, const char *per)
{
	show(name, s, counting ? "instructions" : "ns", per);
}

/* MiB/s: the greatest comes first. */
void show_rate(const char *name, const struct samples *s)
{
	struct samples turned = { .n = s->n };
	size_t i;

	for (i = 0; i < s->n; i++)
		turned.value[i] = s->value[s->n - 1 - i];
	show(name, &turned, "MiB", "s");
}

void show_one(const char *name, double value, const char *what, const char *per)
{
	struct samples s = { .n = 1, .value = { value } };

	show(name, &s, what, per);
}

void row(const char *name, round_fn fn, size_t n, const char *per)
{
	struct samples s = { 0 };
	int i;

	if (!wanted(name))
		return;
	for (i = 0; i < ROUNDS; i++)
		add_sample(&s, (double)fn(n) * ns_per_tick / (double)n);
	show_cost(name, &s, per);
}

/* ---- all of it ---- */

/* Linux has the driver of its disk as modules: /modules/1.ko and so on. */
static void load_modules(void)
{
	char path[32];
	int fd, i;

	for (i = 1;; i++) {
		snprintf(path, sizeof(path), "/modules/%d.ko", i);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		must(syscall(SYS_finit_module, fd, "", 0) == 0);
		close(fd);
	}
}

static void set_scene(void)
{
	struct utsname u;

	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	/* Pages of 4 KiB only, so that all kernels are asked for the same. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	uname(&u);
	printf("# %s %s, %u processors, %ld KiB free\n", u.sysname, u.release, cpus,
	       number_in("/proc/meminfo", "MemFree:"));
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
}

static void run_all(const char *disk)
{
	if (disk) {
		swap_rows(disk);
		return;
	}
	memory_rows();
	look_rows();
	fork_rows();
	process_rows();
	rmap_rows();
}

int main(int argc, char **argv)
{
	const char *unit = getenv("unit");

	if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
		return 42;
	setvbuf(stdout, NULL, _IOLBF, 0);
	only = argc > 1 && getpid() != 1 ? argv[1] : getenv("only");
	counting = unit && strcmp(unit, "instructions") == 0;
	set_scene();
	if (getpid() == 1)
		load_modules();
	calibrate();
	run_all(getenv("disk"));
	printf("# bench: done\n");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
