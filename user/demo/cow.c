/* cow.c - copy-on-write, watched: one page of a parent, a child and a grandchild, step by step.
 * After each step it shows which frame each process has (/proc/PID/pagemap), how often that is
 * mapped (/proc/kpagecount) and who maps it (/proc/rmap, which only Avocet has). Run as root:
 * frame numbers are for nobody else. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define PFN	((1ULL << 55) - 1)	/* of a word of pagemap */
#define PRESENT	(1ULL << 63)

/* A process that shows its page. Its orders are letters: w writes to the page, f forks, q ends. */
struct actor {
	const char *name;
	pid_t pid;	/* 0: not there */
	int order[2];	/* pipes: to it, and its answer */
	int answer[2];
};

static struct actor parent = { .name = "parent" }, child = { .name = "child" },
		    grandchild = { .name = "grandchild" };
static struct actor *const actors[] = { &parent, &child, &grandchild };
static volatile char *page;

static void die(const char *what)
{
	fprintf(stderr, "cow: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what the kernel says ---- */

static uint64_t word_at(const char *path, unsigned long index)
{
	uint64_t word;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) < 0)
		die(path);
	close(fd);
	return word;
}

/* The frame behind the page of @a; 0: none, or it is not for us to know. */
static unsigned long frame_of(const struct actor *a)
{
	char path[64];
	uint64_t word;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", a->pid);
	word = word_at(path, (unsigned long)page / PAGE);
	return word & PRESENT ? word & PFN : 0;
}

static void show_walk(unsigned long pfn)
{
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/rmap/%#lx", pfn);
	f = fopen(path, "r");
	if (!f)
		return;
	printf("  $ cat %s\n", path);
	while (fgets(line, sizeof(line), f))
		printf("    %s", line);
	fclose(f);
}

static void show_frames(void)
{
	unsigned long frames[3] = { 0 };

	for (int i = 0; i < 3; i++) {
		if (!actors[i]->pid)
			continue;
		frames[i] = frame_of(actors[i]);
		if (frames[i])
			printf("  %-10s pid %-5d has frame %#lx\n", actors[i]->name, actors[i]->pid,
			       frames[i]);
		else
			printf("  %-10s pid %-5d has no frame\n", actors[i]->name, actors[i]->pid);
	}
	for (int i = 0; i < 3; i++) {
		if (!frames[i] || (i > 0 && frames[i] == frames[i - 1]) ||
		    (i > 1 && frames[i] == frames[0]))
			continue;
		printf("  kpagecount of frame %#lx: %lu\n", frames[i],
		       (unsigned long)word_at("/proc/kpagecount", frames[i]));
		show_walk(frames[i]);
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
	show_frames();
	fflush(stdout);
}

/* ---- actors ---- */

static void make_pipes(struct actor *a)
{
	if (pipe(a->order) < 0 || pipe(a->answer) < 0)
		die("pipe");
}

static void act(struct actor *a);

static pid_t start(struct actor *a)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		act(a);
		_exit(0);
	}
	return pid;
}

/* Do what is asked until told to end. The answer is the pid of a new process, or 0. */
static void act(struct actor *a)
{
	char order;

	while (read(a->order[0], &order, 1) == 1 && order != 'q') {
		pid_t answer = 0;

		if (order == 'w')
			*page = *a->name;
		else if (order == 'f')
			answer = start(&grandchild);
		if (write(a->answer[1], &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
}

static pid_t ask(struct actor *a, char order)
{
	pid_t answer;

	if (write(a->order[1], &order, 1) != 1 ||
	    read(a->answer[0], &answer, sizeof(answer)) != sizeof(answer))
		die(a->name);
	return answer;
}

int main(void)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		die("mmap");
	make_pipes(&child);
	make_pipes(&grandchild);
	parent.pid = getpid();
	printf("One page at %p, from a first touch to three processes.\n", (void *)page);

	step("The parent has mapped it and not touched it yet.");
	*page = 'p';
	step("The parent has written to it: a fresh frame, its alone.");
	child.pid = start(&child);
	step("It has forked. Both have the same frame, and neither may write to it.");
	ask(&child, 'w');
	step("The child has written: it got a copy. Walking from the old frame asks it in vain.");
	*page = 'P';
	step("The parent has written, too. The frame was left to it, and is its alone again.");
	grandchild.pid = ask(&child, 'f');
	step("The child has forked. Its own frame is looked for in it and below only.");
	ask(&grandchild, 'w');
	step("The grandchild has written: three processes, three frames.");
	if (write(child.order[1], "q", 1) != 1 || waitpid(child.pid, NULL, 0) < 0)
		die("child");
	child.pid = 0;
	step("The child has ended, and its frame is gone with it.");
	if (write(grandchild.order[1], "q", 1) != 1)
		die("grandchild");
	return 0;
}
