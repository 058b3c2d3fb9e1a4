/* mlock.c - mincore, msync and the mlock family. */
#include "tap.h"
#include <sys/resource.h>

#define RW	(PROT_READ | PROT_WRITE)
#define LOCK_ONFAULT	1	/* mlock2's flag */

static int resident(char *p, size_t pages)
{
	unsigned char vec[64];
	size_t i;
	int n = 0;

	must(mincore(p, pages * PAGE, vec) == 0);
	for (i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

/* A field of /proc/self/status in KiB, or -1. */
static long status_kib(const char *field)
{
	static char buf[8192];
	char *at;
	ssize_t n;
	int fd = open("/proc/self/status", O_RDONLY);

	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	at = strstr(buf, field);
	return at ? strtol(at + strlen(field) + 1, NULL, 10) : -1;
}

static void mincore_tests(void)
{
	char *p = map_at(free_range(8 * PAGE), 8 * PAGE, RW);
	unsigned char vec[8];

	memset(vec, 0xff, sizeof(vec));
	is(mincore(p, 8 * PAGE, vec), 0, "mincore of untouched memory succeeds");
	is(vec[0] & 1, 0, "an untouched page is not resident");
	p[3 * PAGE] = 1;
	must(mincore(p, 8 * PAGE, vec) == 0);
	is(vec[3] & 1, 1, "a written page is resident");
	is(vec[2] & 1, 0, "the one before it is not");
	fails(mincore(p + 1, PAGE, vec), EINVAL, "an address inside a page is EINVAL");
	fails(mincore(p, PAGE, (void *)8), EFAULT, "a bad vector is EFAULT");
	must(munmap(p + 7 * PAGE, PAGE) == 0);
	fails(mincore(p, 8 * PAGE, vec), ENOMEM, "a range with a hole is ENOMEM");
	munmap(p, 7 * PAGE);
}

static void msync_tests(void)
{
	char *p = map_shared(4 * PAGE);

	p[0] = 9;
	is(msync(p, 4 * PAGE, MS_SYNC), 0, "MS_SYNC succeeds");
	is(msync(p, 4 * PAGE, MS_ASYNC), 0, "MS_ASYNC succeeds");
	is(msync(p, 4 * PAGE, MS_INVALIDATE), 0, "MS_INVALIDATE succeeds");
	is(p[0], 9, "the content is still there");
	fails(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "MS_SYNC with MS_ASYNC is EINVAL");
	fails(msync(p, PAGE, 0x80), EINVAL, "unknown flags are EINVAL");
	fails(msync(p + 1, PAGE, MS_SYNC), EINVAL, "an address inside a page is EINVAL");
	must(munmap(p + PAGE, PAGE) == 0);
	fails(msync(p, 4 * PAGE, MS_SYNC), ENOMEM, "a range with a hole is ENOMEM");
	munmap(p, 4 * PAGE);
}

static void locking(void)
{
	char *p = map_at(free_range(8 * PAGE), 8 * PAGE, RW);
	long before = status_kib("VmLck:");

	is(mlock(p + 2 * PAGE, 2 * PAGE), 0, "mlock succeeds");
	is(resident(p, 8), 2, "it has filled its two pages and no other");
	is(vmas_in(p, p + 8 * PAGE), 3, "the mapping is split around them");
	is(status_kib("VmLck:") - before, 8, "VmLck counts them");
	is(munlock(p, 8 * PAGE), 0, "munlock succeeds");
	is(status_kib("VmLck:") - before, 0, "VmLck is back");
	is(mlock(p + 5 * PAGE + 10, 1), 0, "mlock takes an address inside a page");
	is(resident(p + 5 * PAGE, 1), 1, "and locks that page");
	munlock(p, 8 * PAGE);
	fails(mlock(p + 8 * PAGE, PAGE), ENOMEM, "mlock of unmapped memory is ENOMEM");
	fails(munlock(p + 8 * PAGE, PAGE), ENOMEM, "munlock of it too");
	is(syscall(SYS_mlock2, p, 2 * PAGE, LOCK_ONFAULT), 0, "mlock2 with MLOCK_ONFAULT succeeds");
	fails(syscall(SYS_mlock2, p, PAGE, 0x80), EINVAL, "mlock2 with unknown flags is EINVAL");
	munmap(p, 8 * PAGE);

	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	ok(p != MAP_FAILED && resident(p, 4) == 4, "MAP_LOCKED memory is there at once");
	is(munmap(p, 4 * PAGE), 0, "locked memory can be unmapped");
	is(status_kib("VmLck:") - before, 0, "and is no longer counted");
}

static int lock_in_child(void *p)
{
	return (int)status_kib("VmLck:") || *(char *)p != 5;
}

static void lock_all(void)
{
	char *p;

	is(mlockall(MCL_FUTURE), 0, "mlockall(MCL_FUTURE) succeeds");
	p = map_anon(4 * PAGE, RW);
	is(resident(p, 4), 4, "a new mapping is there at once");
	p[0] = 5;
	child_ok(lock_in_child, p, "a child inherits no lock");
	is(munlockall(), 0, "munlockall succeeds");
	is(status_kib("VmLck:"), 0, "nothing is locked after it");
	munmap(p, 4 * PAGE);
	is(mlockall(MCL_CURRENT), 0, "mlockall(MCL_CURRENT) succeeds");
	ok(status_kib("VmLck:") > 0, "the program's memory is counted");
	munlockall();
	fails(mlockall(0), EINVAL, "mlockall(0) is EINVAL");
	fails(mlockall(0x80), EINVAL, "mlockall with unknown flags is EINVAL");
}

/* A user's limit: exit status 0, or the number of the step that went wrong. */
static int limited(void *arg)
{
	struct rlimit r = { 64 * 1024, 64 * 1024 };
	char *p = map_anon(32 * PAGE, RW);

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &r) || setgid(1000) || setuid(1000))
		return 1;
	if (mlock(p, 16 * PAGE))
		return 2;
	if (mlock(p, 17 * PAGE) != -1 || errno != ENOMEM)
		return 3;
	if (munlock(p, 16 * PAGE) || mlock(p + 8 * PAGE, 16 * PAGE))
		return 4;
	r.rlim_cur = 0;
	if (munlock(p, 32 * PAGE) || setrlimit(RLIMIT_MEMLOCK, &r))
		return 5;
	return mlock(p, PAGE) == -1 && errno == EPERM ? 0 : 6;
}

static void limits(void)
{
	child_ok(limited, NULL, "a user can lock as much as RLIMIT_MEMLOCK allows");
}

static void body(void)
{
	limits();
	mincore_tests();
	msync_tests();
	locking();
	lock_all();
}

int main(void)
{
	return tap_run(body, 10);
}
