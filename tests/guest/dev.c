/* dev.c - the device files null, zero, full, random and urandom, and getrandom. */
#include "tap.h"
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void null_device(void)
{
	int fd = open("/dev/null", O_RDWR);
	char c;
	struct stat st;

	ok(fd >= 0, "/dev/null opens");
	is(write(fd, "gone", 4), 4, "it takes what is written");
	is(read(fd, &c, 1), 0, "it reads as empty");
	ok(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == 1 &&
	   minor(st.st_rdev) == 3, "it is character device 1:3");
	close(fd);
}

static void zero_device(void)
{
	static char buf[20000];
	int i, bad = 0, fd = open("/dev/zero", O_RDWR);
	char *p;

	memset(buf, 1, sizeof(buf));
	is(read(fd, buf, sizeof(buf)), sizeof(buf), "/dev/zero fills the buffer");
	for (i = 0; i < (int)sizeof(buf); i++)
		bad += buf[i] != 0;
	is(bad, 0, "with zeros");
	is(write(fd, "gone", 4), 4, "it takes what is written");
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (p != MAP_FAILED) {
		p[PAGE] = 1;
		ok(p[0] == 0 && p[PAGE] == 1, "mapped privately it is anonymous memory");
		munmap(p, 2 * PAGE);
	} else {
		is(errno, ENODEV, "mapping it is ENODEV where it is not supported");
	}
	close(fd);
}

static void full_device(void)
{
	int fd = open("/dev/full", O_RDWR);
	char c = 1;

	fails(write(fd, "x", 1), ENOSPC, "a write to /dev/full is ENOSPC");
	ok(read(fd, &c, 1) == 1 && c == 0, "it reads as zero");
	close(fd);
}

static int bits(const unsigned char *p, int n)
{
	int i, sum = 0;

	for (i = 0; i < n; i++)
		sum += __builtin_popcount(p[i]);
	return sum;
}

static void random_device(const char *path)
{
	unsigned char a[256], b[256];
	int fd = open(path, O_RDONLY);

	is(read(fd, a, sizeof(a)), sizeof(a), "%s fills the buffer", path);
	must(read(fd, b, sizeof(b)) == sizeof(b));
	ok(memcmp(a, b, sizeof(a)) != 0, "%s is different each time", path);
	ok(bits(a, 256) > 850 && bits(a, 256) < 1200, "%s has about as many ones as zeros", path);
	close(fd);
}

static void by_call(void)
{
	unsigned char a[256] = { 0 }, b[256] = { 0 };

	is(getrandom(a, sizeof(a), 0), sizeof(a), "getrandom fills the buffer");
	must(getrandom(b, sizeof(b), GRND_NONBLOCK) == sizeof(b));
	ok(memcmp(a, b, sizeof(a)) != 0, "getrandom is different each time");
	fails(getrandom(a, 10, 0x1000), EINVAL, "unknown flags are EINVAL");
	fails(getrandom(hide(8), 10, 0), EFAULT, "a bad buffer is EFAULT");
}

static void nodes(void)
{
	struct stat st;

	ok(stat("/dev/console", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 1),
	   "/dev/console is character device 5:1");
	ok(stat("/dev/tty", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 0),
	   "/dev/tty is character device 5:0");
	ok(stat("/dev/ttyS0", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(4, 64),
	   "/dev/ttyS0 is character device 4:64");
	fails(open("/dev/no-such-device", O_RDONLY), ENOENT, "a missing device is ENOENT");
}

static void body(void)
{
	null_device();
	zero_device();
	full_device();
	random_device("/dev/random");
	random_device("/dev/urandom");
	by_call();
	nodes();
}

int main(void)
{
	return tap_run(body, 10);
}
