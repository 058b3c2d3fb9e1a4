/* tap.h - what every in-guest test shares: TAP lines, children, faults, the memory check.
 * A program's main() returns tap_run(body, seconds). The body runs in a child of its own, so that
 * its memory is gone when the parent compares free memory before and after. The plan comes last:
 * a program that dies on the way prints none, and that is a failure to every TAP reader.
 * Only the body itself calls ok(); children report through their exit status (child_ok). */
#ifndef TESTS_GUEST_TAP_H
#define TESTS_GUEST_TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define MIB		(1024UL * 1024)
#define HELPER		static __attribute__((unused))
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* What the body hands to the parent that outlives it; shared memory. */
struct tap_state {
	int count;
	int failed;
	int finished;
	int skip_all;
};

HELPER struct tap_state tap_private;
HELPER struct tap_state *tap_state = &tap_private;

/* ---- output: one write(2) a line, so that nothing is left in a buffer over fork ---- */

HELPER void tap_vline(const char *before, const char *fmt, va_list ap, const char *after)
{
	char line[1024];
	size_t len, room = sizeof(line) - 80;

	len = (size_t)snprintf(line, 64, "%s", before);
	len += (size_t)vsnprintf(line + len, room, fmt, ap);
	if (len > room)
		len = room;
	len += (size_t)snprintf(line + len, sizeof(line) - len, "%s\n", after);
	if (write(1, line, len) < 0)
		_exit(99);
}

HELPER __attribute__((format(printf, 1, 2))) void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("# ", fmt, ap, "");
	va_end(ap);
}

HELPER __attribute__((format(printf, 4, 5)))
bool tap_ok(bool pass, const char *file, int line, const char *fmt, ...)
{
	char before[64];
	va_list ap;

	snprintf(before, sizeof(before), "%sok %d - ", pass ? "" : "not ", ++tap_state->count);
	va_start(ap, fmt);
	tap_vline(before, fmt, ap, "");
	va_end(ap);
	if (!pass) {
		tap_state->failed++;
		diag("failed at %s:%d", file, line);
	}
	return pass;
}

HELPER __attribute__((format(printf, 5, 6)))
bool tap_is(long got, long want, const char *file, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (tap_ok(got == want, file, line, "%s", text))
		return true;
	diag("got %ld (%#lx), want %ld (%#lx)", got, (unsigned long)got, want,
	     (unsigned long)want);
	return false;
}

HELPER __attribute__((format(printf, 5, 6)))
bool tap_fails(long ret, int want, const char *file, int line, const char *fmt, ...)
{
	int err = errno;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (tap_ok(ret == -1 && err == want, file, line, "%s", text))
		return true;
	diag("returned %ld, errno %d (%s), want -1 and %d (%s)", ret, err, strerror(err), want,
	     strerror(want));
	return false;
}

/* ok(condition, name...): the plain test. */
#define ok(cond, ...)		tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
/* is(got, want, name...): equality of two integers, both shown when they differ. */
#define is(got, want, ...)	tap_is((long)(got), (long)(want), __FILE__, __LINE__, __VA_ARGS__)
/* fails(call, errno, name...): the call returns -1 (or MAP_FAILED) with that errno. */
#define fails(call, err, ...)	tap_fails((long)(call), err, __FILE__, __LINE__, __VA_ARGS__)

HELPER __attribute__((format(printf, 2, 3))) void skip(const char *why, const char *fmt, ...)
{
	char before[64], after[128];
	va_list ap;

	snprintf(before, sizeof(before), "ok %d - ", ++tap_state->count);
	snprintf(after, sizeof(after), " # SKIP %.100s", why);
	va_start(ap, fmt);
	tap_vline(before, fmt, ap, after);
	va_end(ap);
}

/* The test cannot go on: no plan will follow. */
HELPER __attribute__((noreturn, format(printf, 1, 2))) void bail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("Bail out! ", fmt, ap, "");
	va_end(ap);
	_exit(98);
}

/* The file or call that sets a scene must work; if it does not, say which and stop. */
#define must(cond) \
	do { \
		if (!(cond)) \
			bail("%s:%d: %s (errno %d)", __FILE__, __LINE__, #cond, errno); \
	} while (0)

/* ---- where we run ---- */

HELPER bool on_avocet(void)
{
	struct utsname u;

	return uname(&u) == 0 && strstr(u.version, "Avocet");
}

/* A field of /proc/meminfo in KiB, or -1. */
HELPER long meminfo_kib(const char *field)
{
	char buf[4096], *at;
	ssize_t n;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = 0;
	at = strstr(buf, field);
	if (!at || (at != buf && at[-1] != '\n') || at[strlen(field)] != ':')
		return -1;
	return strtol(at + strlen(field) + 1, NULL, 10);
}

HELPER unsigned long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000 + (unsigned long)t.tv_nsec / 1000000;
}

HELPER void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- memory for a test ---- */

HELPER char *map_anon(size_t len, int prot)
{
	void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* Memory that parent and children see alike. */
HELPER void *map_shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* @len bytes of address space with nothing mapped on either side of it, itself unmapped:
 * tests place MAP_FIXED mappings here and know every neighbour. One page stays free below it. */
HELPER char *free_range(size_t len)
{
	char *p = map_anon(len + 2 * PAGE, PROT_NONE);

	must(munmap(p, len + 2 * PAGE) == 0);
	return p + PAGE;
}

HELPER char *map_at(char *where, size_t len, int prot)
{
	void *p = mmap(where, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	must(p == where);
	return p;
}

/* The end of the address space that programs may use. It depends on the processor and the kernel:
 * with four levels of page tables it is 2^47 less a page, with five 2^56 less a page. */
HELPER unsigned long user_top(void)
{
	void *five = (void *)(1UL << 47);

	if (mmap(five, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != five)
		return (1UL << 47) - PAGE;
	munmap(five, PAGE);
	return (1UL << 56) - PAGE;
}

/* An address of the kernel half, and one that no x86-64 processor can form. */
#define KERNEL_ADDR	((char *)0xffffffff81000000UL)
#define NON_CANONICAL	((char *)0x8000000000000000UL)

/* @addr as a pointer of which the compiler knows nothing. */
HELPER char *hide(unsigned long addr)
{
	__asm__("" : "+r"(addr));
	return (char *)addr;
}

/* The system call; sbrk of some C libraries does nothing. */
HELPER char *set_brk(void *to)
{
	return (char *)syscall(SYS_brk, to);
}

/* A new file of @pages pages in /tmp whose page n holds the byte 'a' + n % 26; its descriptor. */
HELPER int make_file(const char *path, size_t pages)
{
	char page[PAGE];
	size_t i;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	must(fd >= 0);
	for (i = 0; i < pages; i++) {
		memset(page, 'a' + (int)(i % 26), PAGE);
		must(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

/* ---- children ---- */

/* The status of wait4 for a child that runs fn(arg) and exits with what it returns. */
HELPER int child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		_exit(fn(arg));
	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR);
	return status;
}

#define child_ok(fn, arg, ...) \
	tap_is(child(fn, arg), 0, __FILE__, __LINE__, __VA_ARGS__)

HELPER int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Sleeps until a signal ends the process; fits child(). */
HELPER int hang(void *arg)
{
	for (;;)
		pause();
	return arg != NULL;
}

#define EXITED(n)	((n) << 8)	/* wait status of exit(n); a signal is its bare number */

/* ---- faults ---- */

struct fault {
	int sig;		/* 0: the access went through */
	int code;
	unsigned long addr;
	unsigned long trapno;
	unsigned long err;
};

HELPER sigjmp_buf fault_env;
HELPER struct fault fault_last;

HELPER void fault_handler(int sig, siginfo_t *info, void *uc)
{
	ucontext_t *u = uc;

	fault_last.sig = sig;
	fault_last.code = info->si_code;
	fault_last.addr = (unsigned long)info->si_addr;
	fault_last.err = (unsigned long)u->uc_mcontext.gregs[REG_ERR];
	fault_last.trapno = (unsigned long)u->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(fault_env, 1);
}

enum access { READ, WRITE, EXEC };

/* What one access of one byte at @addr raises. EXEC calls the address; it must hold a ret (c3). */
HELPER struct fault fault_of(enum access how, const volatile void *addr)
{
	struct sigaction sa, old_segv, old_bus;
	volatile unsigned char *p = (volatile unsigned char *)addr;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = fault_handler;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGSEGV, &sa, &old_segv);
	sigaction(SIGBUS, &sa, &old_bus);
	memset(&fault_last, 0, sizeof(fault_last));
	if (sigsetjmp(fault_env, 1) == 0) {
		if (how == READ)
			(void)*p;
		else if (how == WRITE)
			*p = 0x5a;
		else
			__asm__ volatile("call *%0" : : "r"(p) : "memory", "cc");
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return fault_last;
}

/* faults(how, addr, sig, code, name...): that access raises that signal, with si_addr == addr. */
#define faults(how, at, s, c, ...) \
	do { \
		struct fault f_ = fault_of(how, (const void *)(at)); \
		if (!tap_ok(f_.sig == (s) && f_.code == (c) && \
			    f_.addr == (unsigned long)(at), __FILE__, __LINE__, __VA_ARGS__)) \
			diag("got signal %d code %d addr %#lx, want %d %d %#lx", f_.sig, f_.code, \
			     f_.addr, (int)(s), (int)(c), (unsigned long)(at)); \
	} while (0)

#define no_fault(how, at, ...) \
	tap_is(fault_of(how, (const void *)(at)).sig, 0, __FILE__, __LINE__, __VA_ARGS__)

/* ---- /proc/self/maps ---- */

struct vma {
	unsigned long start, end, offset;
	char perm[5];
	char name[64];
};

/* The @n-th line of /proc/self/maps that overlaps [start, end); false when there is none.
 * Reads with plain system calls into a static buffer, so that looking maps nothing. */
HELPER bool vma_in(const void *from, const void *to, int n, struct vma *v)
{
	static char buf[32768];
	size_t len = 0;
	ssize_t got;
	char *line, *next;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	while (len < sizeof(buf) - 1 && (got = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	buf[len] = 0;
	for (line = buf; *line; line = next) {
		int at = 0;

		next = strchr(line, '\n');
		if (!next)
			break;
		*next++ = 0;
		memset(v, 0, sizeof(*v));
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s%n", &v->start, &v->end, v->perm,
			   &v->offset, &at) < 4)
			bail("cannot read the line '%s' of /proc/self/maps", line);
		line += at;
		line += strspn(line, " ");
		snprintf(v->name, sizeof(v->name), "%s", line);
		if (v->start < (unsigned long)to && v->end > (unsigned long)from && n-- == 0)
			return true;
	}
	return false;
}

/* How many VMAs overlap [from, to). */
HELPER int vmas_in(const void *from, const void *to)
{
	struct vma v;
	int n = 0;

	while (vma_in(from, to, n, &v))
		n++;
	return n;
}

/* ---- the program ---- */

/* Free memory may differ by this much, pages of the slab allocator not counted: what processors
 * keep at hand. Slab pages may grow by more, as a page stays while one object on it is in use. */
#define MEMORY_TOLERANCE_KIB	128
#define SLAB_TOLERANCE_KIB	512

/* Any cache of kernel objects may have this many more in use: names that stay cached and such. */
#define SLAB_TOLERANCE	8

struct slab_use {
	char name[32];
	long active;
};

/* What memory looks like from outside: taken before and after a test. */
struct memory {
	long free_kib;
	long slab_kib;
	int nr_caches;
	struct slab_use cache[64];
};

HELPER void read_slabs(struct memory *m)
{
	static char buf[16384];
	size_t len = 0;
	ssize_t n;
	char *line;
	int fd = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);

	m->nr_caches = 0;
	m->slab_kib = meminfo_kib("Slab");
	if (fd < 0)
		return;
	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	for (line = strtok(buf, "\n"); line && m->nr_caches < (int)COUNT(m->cache);
	     line = strtok(NULL, "\n")) {
		struct slab_use *use = &m->cache[m->nr_caches];

		if (sscanf(line, "%31s %ld", use->name, &use->active) == 2)
			m->nr_caches++;
	}
}

/* Spare frames and objects of each processor go back first. */
HELPER void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "3", 1) != 1)
		diag("drop_caches: errno %d", errno);
	close(fd);
}

HELPER void read_memory(struct memory *m)
{
	if (on_avocet())
		drop_caches();
	m->free_kib = meminfo_kib("MemFree");
	read_slabs(m);
}

/* The cache that has grown, or NULL. Caches are listed in one order, new ones last. */
HELPER const struct slab_use *grown_slab(const struct memory *before, const struct memory *after)
{
	int i;

	for (i = 0; i < before->nr_caches && i < after->nr_caches; i++)
		if (after->cache[i].active - before->cache[i].active > SLAB_TOLERANCE)
			return &after->cache[i];
	return NULL;
}

/* Exited children give their last pages back a moment after wait4; so look more than once. */
HELPER void check_memory(const struct memory *before)
{
	static struct memory after;
	const struct slab_use *grown = NULL;
	long missing = 0, slab = 0;
	int i;

	if (!on_avocet()) {
		skip("only where nothing else runs", "free memory is back where it was");
		skip("only where nothing else runs", "kernel objects are back where they were");
		return;
	}
	for (i = 0; i < 40; i++) {
		read_memory(&after);
		slab = after.slab_kib - before->slab_kib;
		missing = before->free_kib - after.free_kib - slab;
		grown = grown_slab(before, &after);
		if (missing <= MEMORY_TOLERANCE_KIB && slab <= SLAB_TOLERANCE_KIB && !grown)
			break;
		sleep_ms(25);
	}
	if (!ok(before->free_kib > 0 && missing <= MEMORY_TOLERANCE_KIB &&
		slab <= SLAB_TOLERANCE_KIB, "free memory is back where it was"))
		diag("MemFree was %ld KiB and is %ld KiB, slab pages have grown by %ld KiB",
		     before->free_kib, after.free_kib, slab);
	if (!ok(!grown, "kernel objects are back where they were"))
		diag("%s: %ld are in use, %ld before", grown->name, grown->active,
		     before->cache[grown - after.cache].active);
}

/* The kernel's own verdict on all of memory: its first line, and a few differences. */
HELPER void check_mm(void)
{
	char buf[2048], *line;
	ssize_t n;
	int fd;

	if (!on_avocet()) {
		skip("Linux has no mmcheck", "the kernel finds its memory in order");
		return;
	}
	fd = open("/proc/mmcheck", O_RDONLY | O_CLOEXEC);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	if (ok(strncmp(buf, "mmcheck: ok", 11) == 0, "the kernel finds its memory in order"))
		return;
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		diag("%s", line);
}

/* Runs @body in a child, at most @seconds long; the exit status for main(). */
HELPER int tap_run(void (*body)(void), unsigned int seconds)
{
	const char *scale = getenv("TIMEOUT_SCALE");
	static struct memory before;
	void *shared;
	int status;
	pid_t pid;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail("no shared memory (errno %d)", errno);
	tap_state = shared;
	if (scale && atoi(scale) > 0)
		seconds *= (unsigned int)atoi(scale);
	read_memory(&before);
	read_memory(&before);
	pid = fork();
	if (pid < 0)
		bail("cannot fork (errno %d)", errno);
	if (pid == 0) {
		alarm(seconds);
		body();
		tap_state->finished = 1;
		_exit(0);
	}
	status = wait_for(pid);
	if (!tap_state->finished) {
		diag("the body ended early with wait status %#x", status);
		return 2;
	}
	if (!tap_state->skip_all) {
		check_memory(&before);
		check_mm();
	}
	diag("%d tests, %d failed", tap_state->count, tap_state->failed);
	if (!tap_state->skip_all)
		printf("1..%d\n", tap_state->count);
	fflush(stdout);
	return tap_state->failed ? 1 : 0;
}

#endif
