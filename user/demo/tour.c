/* tour.c - the program that `make tour` looks at: `tour NAME` does the one thing that the tour of
 * that name is about. gdb stops in tour_mark_word(), which says where the tour is and which page it
 * is about; without gdb nothing is to be seen. It runs as process 1, with nothing beside it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

/* @name: up to eight letters in one word, since a string may not be in memory just now. */
__attribute__((noinline)) void tour_mark_word(uint64_t name, volatile void *where)
{
	asm volatile("" : : "r"(name), "r"(where) : "memory");
}

static void tour_mark(const char *name, volatile void *where)
{
	uint64_t word = 0;

	strncpy((char *)&word, name, sizeof(word));
	tour_mark_word(word, where);
}

static void die(const char *what)
{
	fprintf(stderr, "tour: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A page that touches no other area, so that it has an area, and an anon_vma, of its own. */
static volatile char *map_alone(int flags, int fd)
{
	char *room = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *at = MAP_FAILED;

	if (room != MAP_FAILED)
		at = mmap(room + PAGE, PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static volatile char *map_anonymous(void)
{
	return map_alone(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* What this process touches on its stack and in its data is its own before the tour begins. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

static void wait_for(pid_t pid)
{
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
}

static void tour_touch(void)
{
	volatile char *page = map_anonymous();

	tour_mark("begin", page);
	*page = 1;
	tour_mark("end", page);
}

static void tour_read(void)
{
	volatile char *page = map_anonymous();

	tour_mark("begin", page);
	(void)*page;
	tour_mark("read", page);
	*page = 1;
	tour_mark("end", page);
}

/* The child writes, then tells the parent to do so. */
static void tour_cow(void)
{
	volatile char *page = map_anonymous();
	int pipes[2];
	pid_t child;
	char c = 0;

	*page = 'p';
	if (pipe(pipes) < 0)
		die("pipe");
	child = fork_child();
	if (!child) {
		tour_mark("begin", page);
		*page = 'c';
		tour_mark("copied", page);
		if (write(pipes[1], &c, 1) != 1)
			die("write");
		pause();
	}
	if (read(pipes[0], &c, 1) != 1)
		die("read");
	tour_mark("parent", page);
	*page = 'P';
	tour_mark("end", page);
}

static void tour_fork(void)
{
	volatile char *page = map_anonymous();

	*page = 'p';
	tour_mark("begin", page);
	if (!fork_child()) {
		tour_mark("end", page);
		_exit(0);
	}
	pause();
}

static void tour_file(void)
{
	int fd = open("/tour-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char *page;

	if (fd < 0 || write(fd, "file", 4) != 4)
		die("/tour-file");
	page = map_alone(MAP_PRIVATE, fd);
	tour_mark("begin", page);
	(void)*page;
	tour_mark("read", page);
	*page = 'F';
	tour_mark("end", page);
}

static void tour_stack(void)
{
	volatile char here;
	volatile char *deep = (char *)(((uintptr_t)&here - (1UL << 20)) & ~(PAGE - 1));

	tour_mark("begin", deep);
	*deep = 1;
	tour_mark("end", deep);
}

static void tour_mremap(void)
{
	volatile char *page = map_anonymous();
	void *moved;

	*page = 'm';
	tour_mark("begin", page);
	moved = mremap((void *)page, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		die("mremap");
	tour_mark("end", moved);
}

static void tour_exit(void)
{
	volatile char *page = map_anonymous();
	pid_t child;

	*page = 'p';
	child = fork_child();
	if (!child) {
		tour_mark("begin", page);
		_exit(0);
	}
	wait_for(child);
	tour_mark("end", page);
}

/* What mkswap writes: in the first page, a version, the last page's number, and a signature. */
static void make_swap(const char *disk)
{
	static union {
		uint32_t words[PAGE / 4];
		char bytes[PAGE];
	} header;
	int fd = open(disk, O_RDWR);
	off_t bytes = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (bytes < 16 * (off_t)PAGE)
		die(disk);
	header.words[256] = 1;
	header.words[257] = bytes / PAGE - 1;
	memcpy(header.bytes + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, &header, PAGE, 0) != (ssize_t)PAGE || fsync(fd) < 0 || close(fd) < 0)
		die(disk);
	if (swapon(disk, 0) < 0)
		die("swapon");
}

/* As if the process had not used its memory for a while: its pages are the next to leave. */
static void forget_use(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1 || close(fd) < 0)
		die(path);
}

static int in_memory(volatile char *page)
{
	unsigned char is = 0;

	if (mincore((void *)page, PAGE, &is) < 0)
		die("mincore");
	return is & 1;
}

/* Touch a mebibyte for each byte that comes through the pipe, and answer. */
static void use_memory(volatile char *page, const int *order, const int *answer)
{
	char c;

	munmap((void *)page, PAGE);
	while (read(order[0], &c, 1) == 1) {
		char *more = mmap(NULL, 1UL << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED)
			die("mmap");
		memset(more, 1, 1UL << 20);
		if (write(answer[1], &c, 1) != 1)
			break;
	}
	_exit(1);
}

static void press_out(volatile char *page)
{
	int order[2], answer[2];
	char c = 0;

	if (pipe(order) < 0 || pipe(answer) < 0)
		die("pipe");
	if (!fork_child())
		use_memory(page, order, answer);
	while (in_memory(page))
		if (write(order[1], &c, 1) != 1 || read(answer[0], &c, 1) != 1)
			die("the process that uses memory");
}

static void tour_swap(void)
{
	volatile char *page = map_anonymous();
	pid_t child;

	make_swap("/dev/vda");
	mkdir("/proc", 0555);
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		die("/proc");
	*page = 's';
	child = fork_child();
	if (!child)
		pause();
	sleep(1);		/* the child waits now */
	forget_use(child);
	forget_use(getpid());
	tour_mark("begin", page);
	press_out(page);
	tour_mark("gone", page);
	if (*page != 's')
		die("the page is not what it was");
	tour_mark("end", page);
}

static const struct {
	const char *name;
	void (*go)(void);
} tours[] = {
	{ "touch", tour_touch }, { "read", tour_read },	    { "cow", tour_cow },
	{ "fork", tour_fork },	 { "file", tour_file },	    { "stack", tour_stack },
	{ "exit", tour_exit },	 { "mremap", tour_mremap }, { "swap", tour_swap },
};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; i < sizeof(tours) / sizeof(tours[0]); i++)
		if (argc == 2 && !strcmp(argv[1], tours[i].name))
			tours[i].go();
	pause();
	return 1;
}
