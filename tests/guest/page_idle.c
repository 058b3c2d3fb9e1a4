/* page_idle.c - /sys/kernel/mm/page_idle/bitmap: a page that was marked is idle until somebody uses
 * it, whichever process that is. Linux has the file only if it was configured so. */
#include "pages.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define BITMAP	"/sys/kernel/mm/page_idle/bitmap"

static struct steps *steps, *more;
static int fd;		/* the bitmap */

static void mark(unsigned long pfn)
{
	uint64_t word = 1ULL << pfn % 64;

	must(pwrite(fd, &word, 8, (off_t)(pfn / 64 * 8)) == 8);
}

static bool idle(unsigned long pfn)
{
	uint64_t word = 0;

	must(pread(fd, &word, 8, (off_t)(pfn / 64 * 8)) == 8);
	return word >> pfn % 64 & 1;
}

/* ---- one process ---- */

static void one_process(void)
{
	char *p = lone_pages(2);
	unsigned long used, unused;
	int i, missed = 0;

	touch(p, 2);
	used = pfn_of(getpid(), p);
	unused = pfn_of(getpid(), p + PAGE);
	ok(!idle(used), "a page that nobody has marked is not idle");
	mark(used);
	mark(unused);
	ok(idle(used) && idle(unused), "marked pages are idle");
	ok(idle(used), "and still are when asked again");
	look(p, 1);
	ok(!idle(used), "a page that is read is not");
	ok(!idle(used), "and does not become so by itself");
	ok(idle(unused), "the one beside it still is");
	mark(used);
	touch(p, 1);
	ok(!idle(used), "nor is one that is written");
	for (i = 0; i < 1000; i++) {
		mark(used);
		look(p, 1);
		missed += idle(used);
	}
	is(missed, 0, "no use is missed in 1000 rounds of marking and reading");
	mark(used);
	munmap(p, PAGE);
	p = lone_pages(1);
	touch(p, 1);
	ok(!idle(pfn_of(getpid(), p)), "a fresh page is not idle, whatever its frame was");
	munmap(p, PAGE);
}

/* ---- several ---- */

static void look_or_write(int n, void *arg)
{
	if (n == 1)
		look(arg, 1);
	else
		touch(arg, 1);
}

/* @p, whose frame is @pfn, is mapped by this process and two steppers. */
static void three_processes(const char *what, char *p)
{
	unsigned long pfn = pfn_of(getpid(), p);
	pid_t a = stepper(steps, look_or_write, p), b = stepper(more, look_or_write, p);

	mark(pfn);
	ok(idle(pfn), "%s of three processes is idle when marked", what);
	look(p, 1);
	ok(!idle(pfn), "%s is not when the first reads it", what);
	mark(pfn);
	next_step(steps);
	ok(!idle(pfn), "%s is not when the second does", what);
	mark(pfn);
	next_step(more);
	ok(!idle(pfn), "%s is not when the third does", what);
	mark(pfn);
	ok(idle(pfn), "%s is idle again when marked again", what);
	end_child(a);
	end_child(b);
	ok(idle(pfn), "%s stays idle when the others end", what);
	look(p, 1);
	ok(!idle(pfn), "%s is not when the last one reads it", what);
}

static void several(void)
{
	char *p = lone_pages(1);
	int file = make_file("/tmp/page_idle", 1);

	touch(p, 1);
	three_processes("a private page", p);
	munmap(p, PAGE);
	p = map_shared(PAGE);
	touch(p, 1);
	three_processes("a shared page", p);
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);
	must(p != MAP_FAILED);
	look(p, 1);
	three_processes("a page of a file", p);
	munmap(p, PAGE);
	close(file);
	unlink("/tmp/page_idle");
}

/* ---- another processor ---- */

/* Reads *s all the time, so that its processor has the entry in its TLB, and counts the rounds. */
static pid_t reader(const char *s, volatile unsigned long *rounds, volatile int *stop)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	while (!*stop) {
		look(s, 1);
		++*rounds;
	}
	_exit(0);
}

static void another_processor(void)
{
	struct { volatile unsigned long rounds; volatile int stop; } *r = map_shared(PAGE);
	char *s = map_shared(PAGE);
	unsigned long pfn, seen;
	int i, missed = 0;
	pid_t pid;

	touch(s, 1);
	pfn = pfn_of(getpid(), s);
	pid = reader(s, &r->rounds, &r->stop);
	for (i = 0; i < 100; i++) {
		mark(pfn);
		seen = r->rounds;
		while (r->rounds < seen + 2)	/* the second began after the mark */
			sched_yield();
		missed += idle(pfn);
	}
	is(missed, 0, "a page that another process reads all the time is not idle");
	r->stop = 1;
	is(wait_for(pid), 0, "that process ends well");
	munmap(s, PAGE);
	munmap(r, PAGE);
}

/* ---- the file ---- */

static unsigned long slab_frame(void)
{
	unsigned long pfn = 0;

	while (pfn < 65536 && !kpageflag(pfn, KPF_SLAB))
		pfn++;
	return pfn;
}

static void other_frames(void)
{
	unsigned long slab = slab_frame(), kernel = 0x1000000 / PAGE;
	char *p = lone_pages(1);

	mark(slab);
	ok(!idle(slab), "a frame of kernel objects is never idle");
	mark(kernel);
	ok(!idle(kernel), "nor one of the kernel's own");
	mark(0xa0);
	ok(!idle(0xa0), "nor one that is no memory");
	look(p, 1);
	mark(pfn_of(getpid(), p));
	ok(!idle(pfn_of(getpid(), p)), "nor the zero page");
	munmap(p, PAGE);
}

static int cannot_open(void *arg)
{
	must(setgid(1000) == 0 && setuid(1000) == 0);
	return open(arg, O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static void arguments(void)
{
	uint64_t words[2] = { 0, 0 };
	struct stat st;

	must(fstat(fd, &st) == 0);
	is(st.st_mode & 07777, 0600, "its mode is 0600");
	child_ok(cannot_open, (void *)BITMAP, "it is for root only");
	fails(pread(fd, words, 8, 4), EINVAL, "reading at an offset of 4 is refused");
	fails(pread(fd, words, 7, 0), EINVAL, "reading 7 bytes is refused");
	fails(pwrite(fd, words, 8, 1), EINVAL, "writing at an offset of 1 is refused");
	fails(pwrite(fd, words, 12, 0), EINVAL, "writing 12 bytes is refused");
	is(pread(fd, words, 16, 0), 16, "two words can be read");
	is(pread(fd, words, 8, 1L << 40), 0, "past the last frame is the end");
	fails(pwrite(fd, words, 8, 1L << 40), ENXIO, "where nothing can be written");
	fails(pread(fd, KERNEL_ADDR, 8, 0), EFAULT, "a bad buffer is refused");
	is(pwrite(fd, words, 16, 0), 16, "writing zeros marks nothing");
}

/* Frames come and go while all of them are marked and asked for. */
static void all_frames(void)
{
	static uint64_t words[512];
	pid_t pid = fork();
	int i, n = 0;

	must(pid >= 0);
	while (pid == 0) {
		pid_t child = fork();

		if (child == 0) {
			touch(map_anon(100 * PAGE, RW), 100);
			_exit(0);
		}
		wait_for(child);
		pid = 0;
	}
	for (i = 0; i < 5; i++) {
		memset(words, 0xff, sizeof(words));
		must(pwrite(fd, words, sizeof(words), 0) > 0);
		must(pread(fd, words, sizeof(words), 0) > 0);
	}
	for (i = 0; i < (int)COUNT(words); i++)
		n += __builtin_popcountll(words[i]);
	end_child(pid);
	ok(n > 0, "all frames can be marked while processes come and go, and some stay idle");
}

static void body(void)
{
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	fd = open(BITMAP, O_RDWR | O_CLOEXEC);
	if (fd < 0 && !on_avocet()) {
		tap_state->skip_all = 1;
		if (write(1, "1..0 # SKIP no idle page tracking\n", 34) != 34)
			_exit(99);
		return;
	}
	must(fd >= 0);
	steps = map_shared(PAGE);
	more = map_shared(PAGE);
	one_process();
	several();
	another_processor();
	other_frames();
	arguments();
	all_frames();
	close(fd);
	umount("/sys");
}

int main(void)
{
	return tap_run(body, 60);
}
