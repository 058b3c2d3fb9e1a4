/* forced.c - /proc/PID/mem: a debugger reads what the process itself may not read, and writes what
 * it may not write, into a page that only that process sees. */
#include "pages.h"
#include <pthread.h>
#include <sys/uio.h>

#define FILE_NAME	"/tmp/forced"

static int mem = -1;	/* of the process that is looked into */

static ssize_t poke(volatile char *at, const char *text)
{
	return pwrite(mem, text, strlen(text), (off_t)at);
}

/* What is at @at through the file, as far as @text goes, is @text. */
static bool peek(volatile char *at, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	return pread(mem, buf, len, (off_t)at) == (ssize_t)len && memcmp(buf, text, len) == 0;
}

static bool holds(volatile char *at, const char *text)
{
	return memcmp((char *)at, text, strlen(text)) == 0;
}

static bool unwritable(volatile char *p)
{
	struct fault f = fault_of(WRITE, p);

	return f.sig == SIGSEGV && f.code == SEGV_ACCERR;
}

static void *map_file(int fd, int prot, int flags)
{
	char *p = mmap(NULL, 2 * PAGE, prot, flags, fd, 0);

	must(p != MAP_FAILED);
	return p;
}

/* ---- private memory ---- */

static void anonymous(void)
{
	char *p = map_anon(4 * PAGE, RW);

	strcpy(p, "before");
	(void)*(volatile char *)(p + PAGE);
	must(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	is(poke(p + 2, "FO"), 2, "a page that was written and then protected can be written");
	ok(holds(p, "beFOre") && peek(p, "beFOre"), "only those bytes of it change");
	is(poke(p + PAGE, "one"), 3, "so can the zero page");
	is(poke(p + 2 * PAGE, "two"), 3, "and a page that was never touched");
	ok(holds(p + PAGE, "one") && holds(p + 2 * PAGE, "two"), "the process sees it");
	ok(unwritable(p) && unwritable(p + PAGE) && unwritable(p + 2 * PAGE),
	   "and still cannot write to any of them");
	is(poke(p + 3 * PAGE - 2, "over"), 4, "over the end of a page");
	ok(holds(p + 3 * PAGE - 2, "over"), "that is in both");
	must(mprotect(p, 4 * PAGE, RW) == 0);
	p[0] = 'B';
	ok(holds(p, "BeFOre"), "with the right to write again it writes to that page");
	munmap(p, 4 * PAGE);

	p = map_anon(2 * PAGE, RW);
	strcpy(p, "secret");
	must(mprotect(p, 2 * PAGE, PROT_NONE) == 0);
	ok(peek(p, "secret"), "memory without any right can be read");
	is(pread(mem, p - 1, 0, (off_t)p), 0, "a read of nothing is 0");
	is(poke(p, "S"), 1, "it can be written");
	is(poke(p + PAGE, "x"), 1, "also where nothing was yet");
	is(fault_of(READ, p).sig, SIGSEGV, "the process cannot read it still");
	must(mprotect(p, 2 * PAGE, PROT_READ) == 0);
	ok(holds(p, "Secret") && holds(p + PAGE, "x"), "until it may");
	munmap(p, 2 * PAGE);
	fails(poke(p, "x"), EIO, "where nothing is mapped it is EIO");
}

static void soft_dirty(void)
{
	char *p = map_anon(2 * PAGE, RW);

	memset(p, 1, 2 * PAGE);
	must(mprotect(p, 2 * PAGE, PROT_READ) == 0);
	if (!clear_refs(4) || pagemap(getpid(), p) & PM_SOFT_DIRTY) {
		skip("there is no soft-dirty", "a forced write is seen as a write");
	} else {
		must(poke(p, "x") == 1);
		ok(pagemap(getpid(), p) & PM_SOFT_DIRTY, "a forced write is seen as a write");
		ok(!(pagemap(getpid(), p + PAGE) & PM_SOFT_DIRTY), "of that page alone");
	}
	munmap(p, 2 * PAGE);
}

static void private_file(void)
{
	int fd = make_file(FILE_NAME, 2), ro = open(FILE_NAME, O_RDONLY);
	char *p = map_file(ro, PROT_READ | PROT_EXEC, MAP_PRIVATE), c;
	char *other = map_file(fd, PROT_READ, MAP_SHARED);

	is(*(volatile char *)p, 'a', "a page of a file that may only be read and executed");
	is(poke(p, "\xcc"), 1, "takes a breakpoint");
	ok(p[0] == '\xcc' && p[1] == 'a', "which the process sees");
	ok(other[0] == 'a' && pread(fd, &c, 1, 0) == 1 && c == 'a', "the file does not");
	ok(unwritable(p), "the page is not writable");
	is(pwrite(fd, "z", 1, 1), 1, "what is written to the file now");
	is(p[1], 'a', "does not reach the copy");
	is(poke(p + PAGE, "\xcc"), 1, "a page of the file that was not touched takes one, too");
	ok(p[PAGE] == '\xcc' && p[PAGE + 1] == 'b' && other[PAGE] == 'b', "in a copy");
	must(ftruncate(fd, PAGE) == 0);
	fails(poke(p + PAGE, "x"), EIO, "behind the end of the file it is EIO");
	munmap(p, 2 * PAGE);
	munmap(other, 2 * PAGE);
	close(fd);
	close(ro);
}

static void shared(void)
{
	int fd = make_file(FILE_NAME, 2), ro = open(FILE_NAME, O_RDONLY);
	char *p = map_file(fd, PROT_READ, MAP_SHARED);
	char *readonly = map_file(ro, PROT_READ, MAP_SHARED);
	char *none = map_file(fd, PROT_NONE, MAP_SHARED);
	char *anon = map_shared(PAGE);

	fails(poke(p, "x"), EIO, "shared memory of a file that may only be read is not written");
	fails(poke(readonly, "x"), EIO, "nor if the file was opened for reading");
	ok(peek(none, "aaa"), "shared memory without any right can be read");
	fails(poke(none, "x"), EIO, "and not be written");
	strcpy(anon, "shared");
	must(mprotect(anon, PAGE, PROT_NONE) == 0);
	ok(peek(anon, "shared"), "shared anonymous memory without any right can be read");
	fails(poke(anon, "x"), EIO, "and not be written");
	must(mprotect(anon, PAGE, RW) == 0);
	is(poke(anon, "S"), 1, "what may be written is");
	ok(holds(anon, "Shared"), "and there it is");
	munmap(p, 2 * PAGE);
	munmap(readonly, 2 * PAGE);
	munmap(none, 2 * PAGE);
	munmap(anon, PAGE);
	close(fd);
	close(ro);
}

static void never_forced(void)
{
	char *p = map_anon(PAGE, RW), buf[4] = "abc";
	struct iovec local = { buf, 3 }, remote = { p, 3 };
	static const int without_read[] = { PROT_NONE, PROT_WRITE, PROT_EXEC };
	size_t i;

	p[0] = 1;
	for (i = 0; i < COUNT(without_read); i++) {
		must(mprotect(p, PAGE, without_read[i]) == 0);
		fails(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), EFAULT,
		      "process_vm_readv does not read memory of rights %d", without_read[i]);
	}
	must(mprotect(p, PAGE, PROT_READ) == 0);
	fails(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT,
	      "process_vm_writev does not write memory that may only be read");
	munmap(p, PAGE);
}

/* ---- families ---- */

static int reads(void *arg)
{
	return memcmp(arg, "before", 6) == 0 ? 0 : 1;
}

static char *common;

static void child_step(int n, void *arg)
{
	(void)n;
	*(int *)arg = common[0];
}

static void family(void)
{
	struct steps *s = map_shared(PAGE);
	int *seen = (int *)(s + 1);
	char path[32];
	pid_t pid;
	int self = mem;

	common = map_anon(PAGE, RW);
	strcpy(common, "before");
	must(mprotect(common, PAGE, PROT_READ) == 0);
	pid = stepper(s, child_step, seen);
	next_step(s);
	is(*seen, 'b', "a child has its parent's page");
	must(poke(common, "P") == 1);
	next_step(s);
	is(*seen, 'b', "a write into the parent is not seen by the child");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	must(mem >= 0);
	is(poke(common, "C"), 1, "a parent writes into a child");
	next_step(s);
	is(*seen, 'C', "who sees it");
	is(common[0], 'P', "and the parent does not");
	end_child(pid);
	is(poke(common, "D"), 0, "a process that is gone takes nothing");
	close(mem);
	mem = self;
	must(poke(common, "b") == 1);
	child_ok(reads, common, "a child that comes later has what was written");
	must(poke(common, "X") == 1);
	ok(holds(common, "Xefore"), "with the child gone it is written again");
	munmap(common, PAGE);
	munmap(s, PAGE);
}

/* ---- positions ---- */

static void positions(void)
{
	char c, *p = map_anon(PAGE, RW);

	p[3] = 'q';
	is(lseek(mem, (off_t)p + 3, SEEK_SET), (off_t)p + 3, "lseek to an address");
	ok(read(mem, &c, 1) == 1 && c == 'q', "read from there");
	is(lseek(mem, -1, SEEK_CUR), (off_t)p + 3, "and back");
	fails(lseek(mem, 0, SEEK_END), EINVAL, "there is no end");
	is(syscall(SYS_lseek, mem, (long)KERNEL_ADDR, SEEK_SET), (long)KERNEL_ADDR,
	   "lseek to an address of the kernel");
	fails(read(mem, &c, 1), EIO, "which cannot be read");
	fails(write(mem, &c, 1), EIO, "nor written");
	is(syscall(SYS_lseek, mem, -8192L, SEEK_SET), -8192L, "lseek to the last pages");
	fails(read(mem, &c, 1), EIO, "which cannot be read either");
	is(syscall(SYS_lseek, mem, -4096L, SEEK_CUR), -12288L, "and back from there");
	fails(read(mem, p, 12288), EOVERFLOW, "a read over the end of all addresses");
	is(lseek(mem, 0x7fffffffffffffffL, SEEK_SET), 0x7fffffffffffffffL, "the largest offset");
	fails(read(mem, &c, 1), EIO, "is as far from all memory");
	fails(pread(mem, &c, 1, -8192), EINVAL, "pread takes no negative offset");
	munmap(p, PAGE);
}

/* ---- a race: forced writes while the area changes its rights, and the process forks ---- */

static void *flip(void *arg)
{
	char *p = common;
	volatile int *stop = arg;

	while (!*stop) {
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, RW);
		p[PAGE / 2]++;
	}
	return NULL;
}

static int same(void *arg)
{
	char now = common[0];

	sleep_ms(1);
	return arg == NULL && common[0] == now ? 0 : 1;
}

static void racing(void)
{
	volatile int *stop = map_shared(PAGE);
	char text[2] = "";
	int i, lost = 0, leaked = 0;
	pthread_t t;

	common = map_anon(PAGE, RW);
	must(pthread_create(&t, NULL, flip, (void *)stop) == 0);
	for (i = 0; i < 2000; i++) {
		text[0] = (char)(1 + i % 100);
		lost += poke(common, text) != 1 || common[0] != text[0];
		if (i % 100 == 0)
			leaked += child(same, NULL) != 0;
	}
	*stop = 1;
	pthread_join(t, NULL);
	is(lost, 0, "no forced write is lost while the rights change");
	is(leaked, 0, "and none comes to a child");
	munmap(common, PAGE);
	munmap((void *)stop, PAGE);
}

static void body(void)
{
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	must(mem >= 0);
	anonymous();
	soft_dirty();
	private_file();
	shared();
	never_forced();
	family();
	positions();
	racing();
	unlink(FILE_NAME);
	close(mem);
}

int main(void)
{
	return tap_run(body, 30);
}
