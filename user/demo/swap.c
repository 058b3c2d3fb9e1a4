/* swap.c - one page of a parent and two children leaves for swap and comes back, watched.
 * After each step it shows where each process has the page (/proc/PID/pagemap), and who has it by
 * the kernel's own account (/proc/rmap, which only Avocet has): a walk of the reverse map from the
 * frame while it is in memory, the entries that name its slot while it is out. What makes it leave
 * is a fourth process that touches memory until it has. Run as root: frames and slots are for
 * nobody else. `swap DISK` makes DISK a swap area first, and what was on it is lost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define CHUNK	(1UL << 20)		/* that the fourth process touches at a time */
#define LOW	((1ULL << 55) - 1)	/* of a word of pagemap: frame, or area and slot */
#define SWAPPED	(1ULL << 62)
#define PRESENT	(1ULL << 63)

/* A process that has the page. A letter through its pipe is an order: r reads it, q ends. */
struct actor {
	const char *name;
	pid_t pid;
	int order[2], answer[2];
};

static struct actor actors[] = {
	{ .name = "parent" }, { .name = "first child" }, { .name = "second child" },
};

#define ACTORS	(sizeof(actors) / sizeof(actors[0]))

static volatile char *page;

static void die(const char *what)
{
	fprintf(stderr, "swap: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what the kernel says ---- */

static uint64_t word_of(const struct actor *a)
{
	char path[64];
	uint64_t word;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", a->pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, &word, sizeof(word), (off_t)((unsigned long)page / PAGE * 8)) != 8)
		die(path);
	close(fd);
	return word;
}

/* The name that what @word says has in /proc/rmap; false: the page is nowhere. */
static bool place_of(uint64_t word, char *name, size_t room)
{
	if (word & PRESENT)
		snprintf(name, room, "%#lx", (unsigned long)(word & LOW));
	else if (word & SWAPPED)
		snprintf(name, room, "swap:%u:%lu", (unsigned int)(word & 31),
			 (unsigned long)((word & LOW) >> 5));
	return word & (PRESENT | SWAPPED);
}

static void show_rmap(const char *name)
{
	char path[96], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/rmap/%s", name);
	f = fopen(path, "r");
	if (!f)
		return;
	printf("  $ cat %s\n", path);
	while (fgets(line, sizeof(line), f))
		printf("    %s", line);
	fclose(f);
}

/* Each place once, and who has the page there. */
static void show_places(void)
{
	uint64_t word[ACTORS];
	char name[64];

	for (size_t i = 0; i < ACTORS; i++)
		word[i] = word_of(&actors[i]) & (PRESENT | SWAPPED | LOW);
	for (size_t i = 0; i < ACTORS; i++) {
		size_t first = 0;

		while (word[first] != word[i])
			first++;
		if (first < i)
			continue;
		printf("  %s:", word[i] & PRESENT ? "in memory" : "in swap");
		for (size_t n = i; n < ACTORS; n++)
			if (word[n] == word[i])
				printf(" %s (pid %d)", actors[n].name, actors[n].pid);
		printf("\n");
		if (place_of(word[i], name, sizeof(name)))
			show_rmap(name);
	}
}

__attribute__((format(printf, 1, 2))) static void step(const char *fmt, ...)
{
	static int number;
	va_list ap;

	printf("\n%d. ", ++number);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	show_places();
	fflush(stdout);
}

/* ---- the page is made to leave ---- */

/* A number from a file of "NAME: number" lines, in bytes where that is in kB. */
static unsigned long meminfo(const char *name)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kib = strtoul(line + strlen(name), NULL, 10);
	fclose(f);
	return kib << 10;
}

/* No process has it in memory, and neither has the kernel (where it says so). */
static bool is_out(void)
{
	char name[64], path[96], line[128] = "";
	uint64_t word = word_of(&actors[0]);
	FILE *f;

	for (size_t i = 0; i < ACTORS; i++)
		if (word_of(&actors[i]) & PRESENT)
			return false;
	if (!place_of(word, name, sizeof(name)))
		return false;
	snprintf(path, sizeof(path), "/proc/rmap/%s", name);
	f = fopen(path, "r");
	if (!f)
		return true;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return strstr(line, "on the disk alone");
}

/* Touch @bytes of memory, or less when the page is out before. Does not return. */
static void touch_memory(unsigned long bytes)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	unsigned long done = 0;

	if (fd >= 0 && write(fd, "1000", 4) == 4)
		close(fd);		/* rather us than anybody else */
	for (; done < bytes && !is_out(); done += CHUNK) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED)
			break;
		memset(p, 'x', CHUNK);
	}
	_exit(is_out() ? 0 : 1);
}

static void push_out(void)
{
	unsigned long most = meminfo("MemTotal:") + meminfo("SwapFree:") / 4 * 3;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		touch_memory(most);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (status)
		printf("   (It did not leave: is there enough swap?)\n");
}

/* ---- actors ---- */

static void act(struct actor *a)
{
	char order;

	while (read(a->order[0], &order, 1) == 1 && order != 'q') {
		char seen = *page;

		if (write(a->answer[1], &seen, 1) != 1)
			break;
	}
	_exit(0);
}

static void start(struct actor *a)
{
	if (pipe(a->order) < 0 || pipe(a->answer) < 0)
		die("pipe");
	a->pid = fork();
	if (a->pid < 0)
		die("fork");
	if (a->pid == 0)
		act(a);
}

/* It reads the page: what it has found there. */
static char ask(struct actor *a)
{
	char answer;

	if (write(a->order[1], "r", 1) != 1 || read(a->answer[0], &answer, 1) != 1)
		die(a->name);
	return answer;
}

/* ---- swap ---- */

static bool have_swap(void)
{
	return meminfo("SwapTotal:") > 0;
}

static void make_swap(const char *disk)
{
	char command[256];

	snprintf(command, sizeof(command), "mkswap '%s'", disk);
	if (system(command))
		exit(1);
	if (swapon(disk, 0) < 0)
		die(disk);
}

/* An area by itself, written, and not soft-dirty, which nobody asks about here. */
static void make_page(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (p == MAP_FAILED || mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) < 0)
		die("mmap");
	page = p + PAGE;
	*page = '!';
	if (fd < 0 || write(fd, "4", 1) != 1)
		die("/proc/self/clear_refs");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		make_swap(argv[1]);
	if (!have_swap()) {
		fprintf(stderr, "swap: there is no swap area. Start with a disk (make run "
			"DISK=FILE), and say `swap /dev/vda`:\nthat makes it one, and what is on "
			"it is lost.\n");
		return 1;
	}
	make_page();
	actors[0].pid = getpid();
	for (size_t i = 1; i < ACTORS; i++)
		start(&actors[i]);
	printf("One page at %p, which holds a '%c', of a parent and two children.\n", (void *)page,
	       *page);

	step("The parent wrote to it before it forked: all three map the same frame.");
	push_out();
	step("A fourth process needed memory: the page has left, and each has its slot instead.");
	printf("   ... the first child reads the page, and finds '%c'.\n", ask(&actors[1]));
	step("It has a frame again; the others' entries name the slot still.");
	printf("   ... the second child finds '%c', the parent '%c'.\n", ask(&actors[2]), *page);
	step("Nothing had to be read: all share the frame again, and no entry names the slot.");
	for (size_t i = 1; i < ACTORS; i++)
		if (write(actors[i].order[1], "q", 1) != 1 || waitpid(actors[i].pid, NULL, 0) < 0)
			die(actors[i].name);
	return 0;
}
