/* family.c - a family of processes that stands still, to be looked at: `family &`, then ask gdb
 * (`av rmap`, `av graph`) or /proc/rmap. A parent and two children have one anonymous page, of
 * which the second child has made a copy, and one page of a file. On SIGUSR1 each reads the page
 * (which may have left for swap), on SIGTERM all end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static volatile char *page, *file;
static pid_t children[2];

static void die(const char *what)
{
	fprintf(stderr, "family: %s: %s\n", what, strerror(errno));
	exit(1);
}

static volatile char *map(int flags, int fd)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static volatile char *map_file(void)
{
	int fd = open("/tmp/family", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		die("/tmp/family");
	return map(MAP_SHARED, fd);
}

static void obey(int sig)
{
	if (sig != SIGUSR1)
		_exit(0);
	(void)*page;
}

static void stand_still(const sigset_t *orders)
{
	int sig;

	for (;;) {
		if (sigwait(orders, &sig))
			die("sigwait");
		for (int i = 0; i < 2; i++)
			if (children[i])
				kill(children[i], sig);
		obey(sig);
	}
}

static pid_t start(const sigset_t *orders, int ready, int copies)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	children[0] = 0;
	(void)*file;
	if (copies)
		*page = 'c';
	else
		(void)*page;
	if (write(ready, "r", 1) != 1)
		die("write");
	stand_still(orders);
	return 0;
}

int main(void)
{
	int ready[2];
	sigset_t orders;
	char c;

	sigemptyset(&orders);
	sigaddset(&orders, SIGUSR1);
	sigaddset(&orders, SIGTERM);
	sigprocmask(SIG_BLOCK, &orders, NULL);
	page = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	file = map_file();
	*page = 'p';
	*file = 'f';
	if (pipe(ready) < 0)
		die("pipe");
	for (int i = 0; i < 2; i++)
		children[i] = start(&orders, ready[1], i);
	for (int i = 0; i < 2; i++)
		if (read(ready[0], &c, 1) != 1)
			die("read");
	printf("family: parent %d child %d copier %d page %p file %p\n", getpid(), children[0],
	       children[1], (void *)page, (void *)file);
	fflush(stdout);
	stand_still(&orders);
	return 0;
}
