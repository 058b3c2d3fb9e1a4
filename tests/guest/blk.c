/* blk.c - the first disk, /dev/vda: any offset and length, its end, its ioctls. What the test
 * overwrites it puts back. */
#include "tap.h"
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define AREA	(256 * 1024)

static unsigned char kept[AREA], image[AREA], seen[AREA];

static bool disk_is_image(int fd)
{
	return pread(fd, seen, AREA, 0) == AREA && !memcmp(seen, image, AREA);
}

static void what_it_is(int fd, off_t size)
{
	unsigned long sectors = 0;
	unsigned long long bytes = 0;
	int block = 0, read_only = -1;
	struct stat st;

	ok(fstat(fd, &st) == 0 && S_ISBLK(st.st_mode), "it is a block device");
	ok(major(st.st_rdev) && minor(st.st_rdev) == 0, "with minor number 0");
	ok(size > 0 && size % 512 == 0, "its end is a whole number of sectors away");
	is(ioctl(fd, BLKGETSIZE64, &bytes), 0, "BLKGETSIZE64");
	is(bytes, size, "is its size in bytes");
	is(ioctl(fd, BLKGETSIZE, &sectors), 0, "BLKGETSIZE");
	is(sectors, size / 512, "is its size in sectors");
	is(ioctl(fd, BLKSSZGET, &block), 0, "BLKSSZGET");
	ok(block >= 512 && block <= 4096 && !(block & (block - 1)), "is a power of two");
	is(ioctl(fd, BLKROGET, &read_only), 0, "BLKROGET");
	is(read_only, 0, "says that it can be written");
	is(ioctl(fd, BLKFLSBUF, 0), 0, "BLKFLSBUF");
	fails(ioctl(fd, BLKGETSIZE64, (void *)8), EFAULT, "a bad address is EFAULT");
}

static void any_place(int fd)
{
	unsigned int seed = 1;
	int i, bad = 0;

	for (i = 0; i < AREA; i++)
		image[i] = (unsigned char)(i * 7 + (i >> 8));
	is(pwrite(fd, image, AREA, 0), AREA, "a large write");
	ok(disk_is_image(fd), "is read back");
	for (i = 0; i < 200; i++) {
		size_t at = rand_r(&seed) % AREA;
		size_t bytes = rand_r(&seed) % (i % 4 ? 700 : 20000);
		size_t j;

		if (bytes > AREA - at)
			bytes = AREA - at;
		for (j = 0; j < bytes; j++)
			image[at + j] = (unsigned char)rand_r(&seed);
		bad += pwrite(fd, image + at, bytes, (off_t)at) != (ssize_t)bytes;
		at = rand_r(&seed) % AREA;
		bytes = rand_r(&seed) % 5000;
		if (bytes > AREA - at)
			bytes = AREA - at;
		bad += pread(fd, seen, bytes, (off_t)at) != (ssize_t)bytes;
		bad += memcmp(seen, image + at, bytes) != 0;
	}
	is(bad, 0, "writes and reads of any length at any offset");
	ok(disk_is_image(fd), "and nothing else has changed");
	is(fsync(fd), 0, "fsync");
}

static void the_end(int fd, off_t size)
{
	unsigned char last[4];

	is(pread(fd, last, 4, size - 2), 2, "a read stops at the end");
	is(pread(fd, seen, 4, size), 0, "there is nothing behind it");
	is(pread(fd, seen, 4, size + 100000), 0, "nor further on");
	is(pwrite(fd, last, 4, size - 2), 2, "a write stops there, too");
	fails(pwrite(fd, last, 1, size), ENOSPC, "a write behind it is ENOSPC");
	fails(lseek(fd, size + 1, SEEK_SET), EINVAL, "a seek beyond the end is EINVAL");
	is(lseek(fd, -1, SEEK_END), size - 1, "a seek from the end");
}

static void bad_memory(int fd)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p + PAGE, PAGE);
	fails(pread(fd, (void *)8, 512, 0), EFAULT, "a read to nowhere is EFAULT");
	fails(pwrite(fd, (void *)8, 512, 0), EFAULT, "a write from nowhere is EFAULT");
	ok(disk_is_image(fd), "and changes nothing");
	is(pread(fd, p + PAGE - 600, 2048, 0), 600, "a read stops where memory ends");
	ok(!memcmp(p + PAGE - 600, image, 600), "with the right bytes before");
	munmap(p, PAGE);
}

static int write_stripes(int nr)
{
	int fd = open("/dev/vda", O_RDWR), round, i;
	unsigned char mine[100];

	memset(mine, 'a' + nr, sizeof(mine));
	for (round = 0; round < 5; round++)
		for (i = nr; i < 400; i += 4)
			if (pwrite(fd, mine, sizeof(mine), i * 100) != sizeof(mine))
				return 1;
	return 0;
}

static void many_writers(int fd)
{
	pid_t pids[4];
	int i, bad = 0;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(write_stripes(i));
	}
	for (i = 0; i < 4; i++)
		is(wait_for(pids[i]), 0, "a writer of every fourth stripe");
	is(pread(fd, seen, 40000, 0), 40000, "all stripes");
	for (i = 0; i < 40000; i++)
		bad += seen[i] != 'a' + i / 100 % 4;
	is(bad, 0, "are there: blocks that two writers share keep what both wrote");
}

static void blk(void)
{
	int fd = open("/dev/vda", O_RDWR);
	off_t size;

	if (fd < 0) {
		skip("there is no disk", "/dev/vda");
		return;
	}
	size = lseek(fd, 0, SEEK_END);
	if (size < AREA || pread(fd, kept, AREA, 0) != AREA) {
		skip("there is no disk that is large enough", "/dev/vda");
		return;
	}
	what_it_is(fd, size);
	any_place(fd);
	the_end(fd, size);
	bad_memory(fd);
	many_writers(fd);
	is(pwrite(fd, kept, AREA, 0), AREA, "what was there is back");
	fd = open("/dev/vda", O_RDONLY | O_DIRECT);
	ok(fd >= 0, "O_DIRECT is accepted");
	fails(write(fd, kept, 512), EBADF, "a file opened for reading is not written");
}

int main(void)
{
	return tap_run(blk, 60);
}
