/* file.c - files of tmpfs: open modes, reading and writing, offsets, truncation, attributes. */
#include "tap.h"
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define NAME	"/tmp/file"

static void opening(void)
{
	struct stat st;
	int fd;
	char c;
	mode_t old = umask(022);

	fails(open(NAME, O_RDONLY), ENOENT, "a file that does not exist is ENOENT");
	fd = open(NAME, O_RDWR | O_CREAT, 0666);
	ok(fd >= 0, "O_CREAT makes it");
	ok(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0644,
	   "with the mode less the umask");
	ok(st.st_size == 0 && st.st_nlink == 1 && st.st_uid == geteuid(), "empty, one link, ours");
	close(fd);
	fails(open(NAME, O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST,
	      "with O_EXCL a file that exists is EEXIST");
	fd = open(NAME, O_WRONLY);
	must(write(fd, "hello", 5) == 5);
	fails(read(fd, &c, 1), EBADF, "O_WRONLY cannot read");
	close(fd);
	fd = open(NAME, O_RDONLY);
	fails(write(fd, "x", 1), EBADF, "O_RDONLY cannot write");
	close(fd);
	fd = open(NAME, O_RDWR | O_TRUNC);
	ok(fstat(fd, &st) == 0 && st.st_size == 0, "O_TRUNC empties the file");
	close(fd);
	fails(open("/tmp", O_WRONLY), EISDIR, "a directory cannot be written");
	fails(open(NAME, O_RDONLY | O_DIRECTORY), ENOTDIR, "with O_DIRECTORY a file is ENOTDIR");
	fails(open(NAME "/x", O_RDONLY), ENOTDIR, "a path through a file is ENOTDIR");
	fails(open("", O_RDONLY), ENOENT, "an empty path is ENOENT");
	fails(open((char *)hide(8), O_RDONLY), EFAULT, "a bad path is EFAULT");
	fd = open(NAME, O_RDONLY | O_CLOEXEC);
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC sets close-on-exec");
	close(fd);
	unlink(NAME);
	umask(old);
}

static void offsets(void)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char buf[16];
	struct stat st;

	must(write(fd, "0123456789", 10) == 10);
	is(lseek(fd, 0, SEEK_CUR), 10, "writing moves the offset");
	is(lseek(fd, 2, SEEK_SET), 2, "SEEK_SET sets it");
	is(lseek(fd, 3, SEEK_CUR), 5, "SEEK_CUR adds to it");
	is(lseek(fd, -1, SEEK_END), 9, "SEEK_END counts from the end");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "a negative offset is EINVAL");
	fails(lseek(fd, 0, 99), EINVAL, "an unknown way is EINVAL");
	is(read(fd, buf, 16), 1, "a read at the end takes what is left");
	is(read(fd, buf, 16), 0, "and then nothing");
	is(lseek(fd, 100000, SEEK_SET), 100000, "the offset may lie past the end");
	is(read(fd, buf, 1), 0, "there is nothing to read there");
	is(write(fd, "x", 1), 1, "but a write makes a hole");
	is(pread(fd, buf, 2, 50000), 2, "the hole can be read");
	ok(buf[0] == 0 && buf[1] == 0, "and is zero");
	ok(fstat(fd, &st) == 0 && st.st_size == 100001, "the size counts it");
	ok(st.st_blocks < 100, "the blocks do not");
	close(fd);
	unlink(NAME);
}

static void appending(void)
{
	int a = open(NAME, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	int b = open(NAME, O_RDWR);
	char buf[16];

	must(write(a, "one", 3) == 3);
	must(pwrite(b, "TWO", 3, 3) == 3);
	must(write(a, "three", 5) == 5);
	is(read(b, buf, 16), 11, "O_APPEND writes at the end");
	ok(memcmp(buf, "oneTWOthree", 11) == 0, "wherever that has moved to");
	close(a), close(b);
	unlink(NAME);
}

static void truncating(void)
{
	int fd = make_file(NAME, 3);
	char buf[8];
	struct stat st;

	is(ftruncate(fd, PAGE + 10), 0, "a file can be cut inside a page");
	must(ftruncate(fd, 3 * PAGE) == 0);
	must(pread(fd, buf, 8, PAGE + 6) == 8);
	ok(memcmp(buf, "bbbb\0\0\0\0", 8) == 0, "what was cut off is zero when it grows again");
	is(truncate(NAME, 5), 0, "it can be cut by name");
	ok(fstat(fd, &st) == 0 && st.st_size == 5, "to the size that is told");
	fails(ftruncate(fd, -1), EINVAL, "a negative size is EINVAL");
	fails(truncate("/tmp", 0), EISDIR, "a directory is EISDIR");
	close(fd);
	fd = open(NAME, O_RDONLY);
	fails(ftruncate(fd, 0), EINVAL, "a descriptor for reading only is EINVAL");
	close(fd);
	unlink(NAME);
}

static void unlinking(void)
{
	int fd = make_file(NAME, 2);
	struct stat st;
	char c = 0;

	is(unlink(NAME), 0, "an open file can be unlinked");
	fails(stat(NAME, &st), ENOENT, "its name is gone");
	is(pread(fd, &c, 1, PAGE), 1, "it can still be read");
	is(c, 'b', "with its content");
	is(pwrite(fd, "x", 1, 5 * PAGE), 1, "and written");
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0, "it has no links");
	close(fd);
	fails(unlink(NAME), ENOENT, "unlinking nothing is ENOENT");
}

/* Files take memory, and give it back. */
static void memory(void)
{
	static char block[65536];
	long before = meminfo_kib("MemFree"), full, after;
	int i, fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600), bad = 0;

	for (i = 0; i < 256; i++) {
		memset(block, i, sizeof(block));
		must(write(fd, block, sizeof(block)) == (ssize_t)sizeof(block));
	}
	lseek(fd, 0, SEEK_SET);
	for (i = 0; i < 256; i++) {
		must(read(fd, block, sizeof(block)) == (ssize_t)sizeof(block));
		bad += block[0] != (char)i || block[65535] != (char)i;
	}
	is(bad, 0, "16 MiB can be written and read back");
	full = meminfo_kib("MemFree");
	close(fd);
	unlink(NAME);
	after = meminfo_kib("MemFree");
	ok(before - full > 15000, "they take memory");
	ok(before - after < 1024, "which is free again when the file is gone");
}

static void attributes(void)
{
	int fd = make_file(NAME, 1);
	struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };
	struct stat st, same;
	struct statfs fs;

	is(chmod(NAME, 0741), 0, "chmod succeeds");
	ok(stat(NAME, &st) == 0 && (st.st_mode & 07777) == 0741, "the mode is changed");
	is(fchmod(fd, 0600), 0, "fchmod succeeds");
	is(chown(NAME, 12, 34), 0, "root can give a file away");
	ok(stat(NAME, &st) == 0 && st.st_uid == 12 && st.st_gid == 34, "its owner is changed");
	is(utimensat(AT_FDCWD, NAME, times, 0), 0, "utimensat succeeds");
	ok(stat(NAME, &st) == 0 && st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
	   st.st_mtim.tv_nsec == 2, "the times are changed");
	must(pwrite(fd, "x", 1, 0) == 1);
	ok(stat(NAME, &same) == 0 && same.st_mtim.tv_sec > 2000, "a write sets the time again");
	ok(same.st_ino == st.st_ino && same.st_dev == st.st_dev, "the inode number stays");
	ok(st.st_blksize == 4096 && st.st_size == 4096 && st.st_blocks == 8,
	   "size and blocks are right");
	is(access(NAME, R_OK | W_OK), 0, "access says that root may");
	fails(access(NAME ".no", F_OK), ENOENT, "access of nothing is ENOENT");
	is(faccessat(AT_FDCWD, NAME, F_OK, 0), 0, "faccessat finds it");
	ok(statfs(NAME, &fs) == 0 && fs.f_bsize == 4096, "statfs tells the block size");
	is(fsync(fd), 0, "fsync succeeds");
	is(listxattr(NAME, NULL, 0), 0, "a file has no extended attributes");
	fails(setxattr(NAME, "user.tag", "x", 1, 0), EOPNOTSUPP, "and takes none");
	fails(fgetxattr(fd, "user.tag", NULL, 0), EOPNOTSUPP, "so that copying goes on without");
	close(fd);
	unlink(NAME);
}

static void copying(void)
{
	int in = make_file(NAME, 3), out = open(NAME "2", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t from = PAGE;
	char c;

	lseek(in, 0, SEEK_SET);
	is(sendfile(out, in, NULL, 2 * PAGE), 2 * PAGE, "sendfile copies between files");
	is(lseek(in, 0, SEEK_CUR), 2 * PAGE, "and moves the offset");
	is(sendfile(out, in, &from, 100 * PAGE), 2 * PAGE, "it stops at the end of the file");
	is(from, 3 * PAGE, "and moves the offset it was given");
	must(pread(out, &c, 1, 3 * PAGE) == 1);
	is(c, 'c', "the bytes are right");
	close(in), close(out);
	unlink(NAME), unlink(NAME "2");
}

static int append_lines(void *arg)
{
	int i, fd = open(NAME, O_WRONLY | O_APPEND);
	char line[8];

	for (i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%c%05d\n", *(char *)arg, i);
		if (write(fd, line, 7) != 7)
			return 1;
	}
	return 0;
}

static void together(void)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600), i, bad = 0, n = 0;
	char who[] = "ABCD", line[8];
	struct stat st;

	for (i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(append_lines(&who[i]));
	for (i = 0; i < 4; i++)
		bad += wait_for(-1) != 0;
	is(bad, 0, "four processes append to one file");
	ok(fstat(fd, &st) == 0 && st.st_size == 800 * 7, "nothing is lost");
	while (read(fd, line, 7) == 7) {
		bad += line[6] != '\n' || !strchr(who, line[0]);
		n++;
	}
	ok(n == 800 && bad == 0, "no line is torn");
	close(fd);
	unlink(NAME);
}

/* Frames full of something are free; then a write of whole pages ends in its first or second. */
static void cut_short(void)
{
	char *full = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	   0);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("short", 0), bad = 0;
	static char back[PAGE], zeros[PAGE];

	must(full != MAP_FAILED && p != MAP_FAILED && fd >= 0);
	must(munmap(p + 2 * PAGE, PAGE) == 0);
	memset(p, 's', 2 * PAGE);
	memset(full, 'x', 256 * PAGE);
	must(munmap(full, 256 * PAGE) == 0);
	is(write(fd, p + 2 * PAGE - 100, PAGE), 100,
	   "a write of a page of which 100 bytes can be read");
	must(ftruncate(fd, PAGE) == 0);
	is(pread(fd, back, PAGE, 0), PAGE, "what it has made is read");
	bad += memcmp(back, p, 100) != 0;
	bad += memcmp(back + 100, zeros, PAGE - 100) != 0;
	is(bad, 0, "it is these bytes, and zeros");
	is(pwrite(fd, p + PAGE, 2 * PAGE, 4 * PAGE), PAGE,
	   "a write of two pages, one of which is there");
	is(lseek(fd, 0, SEEK_END), 5 * PAGE, "ends the file behind that");
	fails(pwrite(fd, p + 2 * PAGE, PAGE, 8 * PAGE), EFAULT, "a write of a page of nothing");
	is(lseek(fd, 0, SEEK_END), 5 * PAGE, "leaves the file as it was");
	is(pwrite(fd, p, 2 * PAGE, PAGE), 2 * PAGE, "whole pages are written into a hole");
	is(pread(fd, back, PAGE, 2 * PAGE), PAGE, "and read back");
	is(memcmp(back, p, PAGE), 0, "as they were");
	munmap(p, 2 * PAGE);
	close(fd);
}

static void body(void)
{
	opening();
	offsets();
	appending();
	truncating();
	unlinking();
	memory();
	attributes();
	copying();
	together();
	cut_short();
}

int main(void)
{
	return tap_run(body, 10);
}
