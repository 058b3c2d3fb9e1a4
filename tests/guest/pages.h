/* pages.h - what the tests of pages share: /proc/PID/pagemap and smaps, /proc/kpagecount and
 * kpageflags, /proc/rmap, and children that do things step by step. */
#ifndef TESTS_GUEST_PAGES_H
#define TESTS_GUEST_PAGES_H

#include "tap.h"

#define RW		(PROT_READ | PROT_WRITE)

#define PM_PFN		((1ULL << 55) - 1)
#define PM_SOFT_DIRTY	(1ULL << 55)
#define PM_EXCLUSIVE	(1ULL << 56)
#define PM_FILE		(1ULL << 61)
#define PM_SWAP		(1ULL << 62)
#define PM_PRESENT	(1ULL << 63)

enum {
	KPF_UPTODATE = 3, KPF_LRU = 5, KPF_SLAB = 7, KPF_BUDDY = 10, KPF_MMAP = 11, KPF_ANON = 12,
	KPF_SWAPCACHE = 13, KPF_SWAPBACKED = 14, KPF_NOPAGE = 20, KPF_ZERO_PAGE = 24,
	KPF_PGTABLE = 26, KPF_ANON_EXCLUSIVE = 34, KPF_SWAPCACHE_TOO = 37,
};

/* ---- words ---- */

HELPER uint64_t word_at(const char *path, unsigned long index)
{
	uint64_t word = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	must(pread(fd, &word, 8, (off_t)index * 8) == 8);
	close(fd);
	return word;
}

HELPER uint64_t pagemap(pid_t pid, const volatile void *addr)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	return word_at(path, (unsigned long)addr / PAGE);
}

HELPER unsigned long pfn_of(pid_t pid, const volatile void *addr)
{
	return pagemap(pid, addr) & PM_PFN;
}

HELPER unsigned long kpagecount(unsigned long pfn)
{
	return word_at("/proc/kpagecount", pfn);
}

HELPER bool kpageflag(unsigned long pfn, int bit)
{
	return word_at("/proc/kpageflags", pfn) >> bit & 1;
}

HELPER bool clear_refs(int what)
{
	char text[16];
	ssize_t len = snprintf(text, sizeof(text), "%d", what);
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool written;

	must(fd >= 0);
	written = write(fd, text, (size_t)len) == len;
	close(fd);
	return written;
}

/* ---- text ---- */

/* The whole of @path, NUL-terminated, in a buffer that is mapped anew as it needs to grow; it
 * stays until the next call. NULL with errno set: it cannot be read. */
HELPER char *read_text(const char *path)
{
	static char *buf;
	static size_t room;
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	for (;;) {
		if (len + 65536 > room) {
			char *more = map_anon(room + 4 * MIB, RW);

			if (buf) {
				memcpy(more, buf, len);
				munmap(buf, room);
			}
			buf = more;
			room += 4 * MIB;
		}
		n = read(fd, buf + len, 65536 - 1);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	buf[len] = 0;
	return n < 0 ? NULL : buf;
}

HELPER char *read_proc(pid_t pid, const char *name)
{
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	text = read_text(path);
	must(text);
	return text;
}

/* How often @what is in @text. */
HELPER int occurs(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* ---- children that wait for their next step ---- */

struct steps {
	volatile int go;	/* the parent's: do step number so-and-so */
	volatile int done;	/* the child's: it is done */
};

/* A child that runs step(n, arg) for n = 1, 2... as the parent asks; it never ends by itself. */
HELPER pid_t stepper(struct steps *s, void (*step)(int n, void *arg), void *arg)
{
	pid_t pid;
	int n;

	s->go = s->done = 0;
	pid = fork();
	must(pid >= 0);
	if (pid)
		return pid;
	for (n = 1;; n++) {
		while (s->go < n)
			sleep_ms(1);
		step(n, arg);
		s->done = n;
	}
}

HELPER void next_step(struct steps *s)
{
	int n = s->go + 1;

	s->go = n;
	while (s->done < n)
		sleep_ms(1);
}

/* A child that does nothing until it is ended. */
HELPER pid_t sleeper(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		hang(NULL);
	return pid;
}

HELPER void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	must(wait_for(pid) == SIGKILL);
}

/* @pages fresh pages of private memory with nothing beside them, and never a huge page. */
HELPER char *lone_pages(size_t pages)
{
	char *p = map_at(free_range(pages * PAGE), pages * PAGE, RW);

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

HELPER void touch(volatile char *p, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = (char)(i + 1);
}

HELPER void look(const volatile char *p, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		(void)p[i * PAGE];
}

#endif
