/* overcommit.c - memory that is promised: Committed_AS is exact, and vm.overcommit_memory 2 refuses
 * what is beyond CommitLimit. Nothing else may run meanwhile. */
#include "tap.h"
#include <sys/shm.h>

#define VM	"/proc/sys/vm/"
#define N	100UL		/* pages */
#define LEN	(N * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

static long promised(void)	/* pages */
{
	return meminfo_kib("Committed_AS") / 4;
}

static bool set(const char *path, long value)
{
	char text[24];
	int fd = open(path, O_WRONLY), len = snprintf(text, sizeof(text), "%ld\n", value);
	bool done = fd >= 0 && write(fd, text, (size_t)len) == len;

	close(fd);
	return done;
}

static long get(const char *path)
{
	char text[24] = "";
	int fd = open(path, O_RDONLY);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

static char *map(size_t len, int prot, int flags, int fd)
{
	return mmap(NULL, len, prot, flags, fd, 0);
}

static char *map_ok(size_t len, int prot, int flags, int fd)
{
	char *p = map(len, prot, flags, fd);

	must(p != MAP_FAILED);
	return p;
}

/* ---- the sum ---- */

static long base;

#define adds(pages, ...)	is(promised() - base, pages, __VA_ARGS__)

static void private_memory(void)
{
	char *p = map_ok(LEN, RW, ANON, -1);

	adds(N, "private writable memory is promised as a whole");
	memset(p, 1, LEN);
	adds(N, "touching it promises nothing more");
	munmap(p + 10 * PAGE, 10 * PAGE);
	adds(N - 10, "a hole is given back");
	must(mmap(p + 5 * PAGE, 10 * PAGE, RW, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	adds(N - 5, "MAP_FIXED gives back what it replaces");
	must(mmap(p, 10 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	adds(N - 15, "also by what needs no promise");
	munmap(p, LEN);
	adds(0, "unmapped, all is given back");
	p = map_ok(LEN, PROT_READ, ANON, -1);
	adds(0, "what cannot be written is not promised");
	must(mprotect(p + 10 * PAGE, 20 * PAGE, RW) == 0);
	adds(20, "until it can");
	must(mprotect(p + 10 * PAGE, 10 * PAGE, PROT_NONE) == 0);
	adds(20, "and then it stays so");
	must(mprotect(p, LEN, RW) == 0);
	adds(N, "nothing is promised twice");
	must(mprotect(p, LEN, PROT_READ) == 0 && munmap(p, LEN) == 0);
	adds(0, "all is given back");
	p = map_ok(LEN, RW, ANON | MAP_NORESERVE, -1);
	adds(0, "MAP_NORESERVE is no promise");
	must(mprotect(p, LEN, PROT_READ) == 0 && mprotect(p, LEN, RW) == 0);
	adds(0, "whatever its rights");
	munmap(p, LEN);
}

static void moving(void)
{
	char *p = map_ok(LEN, RW, ANON, -1), *q;

	memset(p, 1, LEN);
	munmap(p + LEN / 2, LEN / 2);
	q = mremap(p, LEN / 2, LEN, 0);
	adds(q == MAP_FAILED ? N / 2 : N, "growing in place promises more");
	q = mremap(p, q == MAP_FAILED ? LEN / 2 : LEN, 2 * LEN, MREMAP_MAYMOVE);
	must(q != MAP_FAILED);
	adds(2 * N, "and so does growing elsewhere");
	p = mremap(q, 2 * LEN, LEN, MREMAP_MAYMOVE);
	must(p != MAP_FAILED);
	adds(N, "shrinking gives back");
	q = mremap(p, LEN, LEN, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	must(q != MAP_FAILED);
	adds(2 * N, "both ends of MREMAP_DONTUNMAP are promised");
	must(mremap(q, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	adds(N, "MREMAP_FIXED gives back what it replaces");
	munmap(p, LEN);
	adds(0, "and nothing is left");
}

static void heap(void)
{
	char *end = sbrk(0);

	must(syscall(SYS_brk, end + LEN) == (long)(end + LEN));
	adds(N, "the heap is promised");
	must(syscall(SYS_brk, end) == (long)end);
	adds(0, "and given back");
}

static int memfd(void)
{
	int fd = (int)syscall(SYS_memfd_create, "overcommit", 0);

	must(fd >= 0);
	return fd;
}

static void files(void)
{
	int fd = memfd();
	char page[PAGE] = "x", *p, *q;
	int i;

	must(ftruncate(fd, LEN) == 0);
	adds(0, "the size of a memfd is no promise");
	for (i = 0; i < 10; i++)
		must(write(fd, page, PAGE) == PAGE);
	adds(10, "its pages are");
	p = map_ok(LEN, RW, MAP_SHARED, fd);
	adds(10, "mapped shared it promises nothing");
	p[20 * PAGE] = 1;
	adds(11, "but the pages that come");
	q = map_ok(LEN, PROT_READ, MAP_PRIVATE, fd);
	adds(11, "nor mapped private to be read");
	must(mprotect(q, LEN, RW) == 0);
	adds(11 + N, "a private mapping that may be written is promised");
	must(mprotect(q, LEN, PROT_READ) == 0);
	munmap(q, LEN);
	adds(11, "until it goes");
	must(ftruncate(fd, 5 * PAGE) == 0);
	adds(5, "truncated pages are given back");
	munmap(p, LEN);
	close(fd);
	adds(0, "and so is a file");
}

static void shared_memory(void)
{
	char *p = map_ok(LEN, RW, MAP_SHARED | MAP_ANONYMOUS, -1), *q;
	int id;

	adds(N, "shared anonymous memory is promised as a whole");
	p[0] = p[PAGE] = 1;
	adds(N, "its pages are not promised again");
	q = mremap(p, 0, LEN, MREMAP_MAYMOVE);
	must(q != MAP_FAILED);
	adds(N, "nor is a second mapping");
	munmap(p, LEN);
	adds(N, "it stays while any mapping does");
	munmap(q, LEN);
	adds(0, "and not longer");
	p = map_ok(LEN, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	adds(0, "with MAP_NORESERVE nothing is promised");
	p[0] = p[PAGE] = p[2 * PAGE] = 1;
	adds(3, "but the pages that come");
	munmap(p, LEN);
	adds(0, "until they go");
	id = shmget(IPC_PRIVATE, LEN, IPC_CREAT | 0600);
	must(id >= 0);
	adds(N, "a SysV segment is promised");
	must(shmctl(id, IPC_RMID, NULL) == 0);
	adds(0, "until it is removed");
	id = shmget(IPC_PRIVATE, LEN, IPC_CREAT | SHM_NORESERVE | 0600);
	must(id >= 0);
	adds(0, "or not at all with SHM_NORESERVE");
	must(shmctl(id, IPC_RMID, NULL) == 0);
}

static volatile long *in_child;		/* pages promised, as a child sees it */

static int look(void *arg)
{
	(void)arg;
	in_child[0] = promised();
	return 0;
}

static int look_changed(void *arg)
{
	munmap(arg, LEN / 2);
	return look(NULL);
}

static int deep(int pages)
{
	volatile char room[PAGE];

	room[0] = 1;
	return pages ? deep(pages - 1) + room[0] : 0;
}

static int look_deep(void *arg)
{
	(void)arg;
	in_child[1] = promised();
	deep(100);
	return look(NULL);
}

static void forking(void)
{
	long alone;
	char *p, *q;

	child_ok(look, NULL, "a child looks");
	adds(0, "what a child had is given back");
	alone = in_child[0] - base;
	p = map_ok(LEN, RW, ANON, -1);
	q = map_ok(LEN, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	child_ok(look, NULL, "another child looks");
	is(in_child[0] - base, 3 * N + alone, "fork promises private memory twice, shared once");
	must(madvise(p, LEN, MADV_DONTFORK) == 0);
	child_ok(look, NULL, "a third one looks");
	is(in_child[0] - base, 2 * N + alone, "but not what is not inherited");
	must(madvise(p, LEN, MADV_DOFORK) == 0);
	child_ok(look_changed, p, "a fourth one looks");
	is(in_child[0] - base, 3 * N + alone - N / 2, "each has its own");
	child_ok(look_deep, NULL, "a fifth one looks");
	ok(in_child[0] - in_child[1] >= 50, "a stack that grows is promised");
	adds(2 * N, "all that is given back");
	munmap(p, LEN);
	munmap(q, LEN);
	adds(0, "nothing is left");
}

/* ---- the limit ---- */

static void limit(void)
{
	long pages = meminfo_kib("MemTotal") / 4, swap = meminfo_kib("SwapTotal") / 4;

	is(get(VM "overcommit_ratio"), 50, "the ratio is 50");
	is(get(VM "overcommit_kbytes"), 0, "there is no absolute limit");
	ok(get(VM "admin_reserve_kbytes") > 0 && get(VM "user_reserve_kbytes") > 0,
	   "there are reserves");
	is(meminfo_kib("CommitLimit") / 4, pages * 50 / 100 + swap,
	   "CommitLimit is half of memory, and swap");
	must(set(VM "overcommit_ratio", 80));
	is(meminfo_kib("CommitLimit") / 4, pages * 80 / 100 + swap, "or another part");
	must(set(VM "overcommit_kbytes", 40000));
	is(meminfo_kib("CommitLimit"), 40000 + 4 * swap, "or as much as is said");
	is(get(VM "overcommit_ratio"), 0, "the ratio means nothing then");
	must(set(VM "overcommit_ratio", 50));
	is(get(VM "overcommit_kbytes"), 0, "and the other way round");
	ok(!set(VM "overcommit_memory", 3), "there is no mode 3");
	is(get(VM "overcommit_memory"), 0, "and the mode stays 0");
}

/* 0 or errno. */
static int fork_now(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid(pid, NULL, 0);
	return 0;
}

static int map_unprivileged(void *arg)
{
	if (setgid(1000) || setuid(1000))
		return 1;
	return map((size_t)arg, RW, ANON, -1) == MAP_FAILED && errno == ENOMEM ? 0 : 2;
}

/* @room is what is left of the limit. */
static void private_refusals(size_t room)
{
	char *p, *end = sbrk(0);

	p = map(room / 2, RW, ANON, -1);
	ok(p != MAP_FAILED, "half of what is left can be had");
	munmap(p, room / 2);
	fails((long)map(2 * room, RW, ANON, -1), ENOMEM, "twice as much cannot");
	fails((long)map(2 * room, RW, ANON | MAP_NORESERVE, -1), ENOMEM,
	      "nor with MAP_NORESERVE");
	p = map_ok(2 * room, PROT_READ, ANON, -1);
	fails(mprotect(p, 2 * room, RW), ENOMEM, "memory to be read can, but not be written");
	must(mprotect(p, PAGE, RW) == 0);
	munmap(p, 2 * room);
	p = map_ok(room / 2, RW, ANON, -1);
	fails((long)mremap(p, room / 2, 2 * room, MREMAP_MAYMOVE), ENOMEM, "nor grow");
	munmap(p, room / 2);
	ok(syscall(SYS_brk, end + 2 * room) == (long)end, "nor does the heap");
	p = map_ok(room / 4 * 3, RW, ANON, -1);
	memset(p, 1, PAGE);
	is(fork_now(), ENOMEM, "a child that would need it is not forked");
	ok(mmap(p, room / 4 * 3, RW, ANON | MAP_FIXED, -1, 0) == p,
	   "replacing memory needs no more of it");
	ok(mremap(p, room / 4 * 3, room / 4 * 3 + PAGE, MREMAP_MAYMOVE) != MAP_FAILED,
	   "nor does moving it");
}

static void shared_refusals(size_t room)
{
	char page[PAGE] = "x";
	int fd = memfd(), i, written = 0;

	fails((long)map(2 * room, RW, MAP_SHARED | MAP_ANONYMOUS, -1), ENOMEM,
	      "shared memory beyond the limit is refused");
	fails(shmget(IPC_PRIVATE, 2 * room, IPC_CREAT | SHM_NORESERVE | 0600), ENOMEM,
	      "and a SysV segment");
	must(ftruncate(fd, (off_t)(2 * room)) == 0);
	for (i = 0; i < (int)(2 * room / PAGE); i++)
		written += write(fd, page, PAGE) == PAGE;
	ok(written > (int)(room / PAGE / 2) && written < (int)(2 * room / PAGE),
	   "a file takes what is left");
	fails(write(fd, page, PAGE), ENOSPC, "and then it is full");
	close(fd);
}

static void strict(void)
{
	const size_t room = 8 * MIB;
	long reserve = get(VM "admin_reserve_kbytes");

	must(set(VM "overcommit_kbytes", promised() * 4 + (long)(room >> 10)));
	must(set(VM "overcommit_memory", 2));
	shared_refusals(room);
	must(set(VM "admin_reserve_kbytes", 6 * 1024));
	child_ok(map_unprivileged, (void *)(room / 2), "the last of it is for root");
	must(set(VM "admin_reserve_kbytes", reserve));
	private_refusals(room);
	must(set(VM "overcommit_memory", 0));
	must(set(VM "overcommit_ratio", 50));
}

static void body(void)
{
	in_child = (void *)map_ok(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	promised();
	base = promised();
	private_memory();
	moving();
	heap();
	files();
	shared_memory();
	forking();
	limit();
	strict();
}

int main(void)
{
	return tap_run(body, 30);
}
