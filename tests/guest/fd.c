/* fd.c - descriptors: dup, fcntl, close-on-exec, limits, readv and writev. */
#include "tap.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

static void dups(void)
{
	int fd = make_file("/tmp/fd", 1), other, third;
	char c;

	other = dup(fd);
	ok(other > fd, "dup gives another descriptor");
	must(lseek(fd, 100, SEEK_SET) == 100);
	is(lseek(other, 0, SEEK_CUR), 100, "it has the same offset");
	third = open("/dev/null", O_RDWR);
	is(dup2(fd, third), third, "dup2 replaces a descriptor");
	is(lseek(third, 0, SEEK_CUR), 100, "by the same open file");
	is(dup2(fd, fd), fd, "dup2 onto itself does nothing");
	fails(dup3(fd, fd, 0), EINVAL, "dup3 onto itself is EINVAL");
	fails(dup2(fd, -1), EBADF, "dup2 to a negative number is EBADF");
	fails(dup2(fd, 1 << 20), EBADF, "dup2 beyond the limit is EBADF");
	fails(dup(999), EBADF, "dup of a closed one is EBADF");
	is(dup3(fd, 50, O_CLOEXEC), 50, "dup3 takes the number it is told");
	is(fcntl(50, F_GETFD), FD_CLOEXEC, "and sets O_CLOEXEC");
	is(fcntl(other, F_GETFD), 0, "dup clears it");
	is(fcntl(fd, F_DUPFD, 60), 60, "F_DUPFD gives the first free one from a number on");
	is(fcntl(fd, F_DUPFD_CLOEXEC, 60), 61, "F_DUPFD_CLOEXEC the next");
	fails(fcntl(fd, F_DUPFD, 1 << 20), EINVAL, "F_DUPFD beyond the limit is EINVAL");
	close(other);
	is(open("/dev/null", O_RDONLY), other, "open gives the lowest free descriptor");
	close(fd);
	is(read(third, &c, 1), 1, "a copy stays open when the first is closed");
	close(other), close(third), close(50), close(60), close(61);
	fails(close(50), EBADF, "closing twice is EBADF");
	unlink("/tmp/fd");
}

static void flags(void)
{
	int fd = open("/tmp/fd", O_RDWR | O_CREAT | O_APPEND, 0600), other;

	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND,
	   "F_GETFL tells the mode");
	is(fcntl(fd, F_SETFL, O_NONBLOCK), 0, "F_SETFL changes flags");
	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_NONBLOCK,
	   "but not the access mode");
	other = dup(fd);
	fcntl(fd, F_SETFL, O_APPEND);
	ok(fcntl(other, F_GETFL) & O_APPEND, "flags belong to the open file");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ok(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(other, F_GETFD) == 0,
	   "close-on-exec belongs to the descriptor");
	fails(fcntl(fd, 9999, 0), EINVAL, "an unknown command is EINVAL");
	fails(fcntl(999, F_GETFL), EBADF, "a closed descriptor is EBADF");
	fails(ioctl(fd, TIOCGWINSZ, &(struct winsize){ 0 }), ENOTTY,
	      "a terminal's ioctl on a file is ENOTTY");
	close(fd), close(other);
	unlink("/tmp/fd");
}

static void limits(void)
{
	struct rlimit old, few;
	int fds[64], n = 0, i;

	must(getrlimit(RLIMIT_NOFILE, &old) == 0);
	ok(old.rlim_cur >= 256, "at least 256 descriptors may be open");
	few = old;
	few.rlim_cur = 32;
	must(setrlimit(RLIMIT_NOFILE, &few) == 0);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	is(errno, EMFILE, "beyond RLIMIT_NOFILE it is EMFILE");
	ok(n > 0 && fds[n - 1] == 31, "the last descriptor is one below the limit");
	for (i = 0; i < n; i++)
		close(fds[i]);
	must(setrlimit(RLIMIT_NOFILE, &old) == 0);
	for (n = 0; n < 64; n++)
		fds[n] = fcntl(1, F_DUPFD, 100);
	is(fds[63], 163, "64 more descriptors come in their order");
	for (i = 0; i < n; i++)
		close(fds[i]);
}

static void vectors(void)
{
	char a[4] = "", b[8] = "", c[4] = "";
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
	struct iovec in[3] = { { a, 2 }, { b, 5 }, { c, 4 } };
	struct iovec bad[2] = { { "abc", 3 }, { hide(8), 5 } };
	int fd = open("/tmp/fd", O_RDWR | O_CREAT | O_TRUNC, 0600);

	is(writev(fd, out, 3), 8, "writev writes all parts");
	lseek(fd, 0, SEEK_SET);
	is(readv(fd, in, 3), 8, "readv fills part after part");
	ok(!memcmp(a, "ab", 2) && !memcmp(b, "cdefg", 5) && c[0] == 'h', "with the right bytes");
	is(lseek(fd, 0, SEEK_SET), 0, "back to the start");
	is(writev(fd, bad, 2), 3, "writev stops at a bad part with what is written");
	fails(writev(fd, out, -1), EINVAL, "a negative count is EINVAL");
	fails(writev(fd, out, 1025), EINVAL, "more than 1024 parts are EINVAL");
	fails(writev(fd, (struct iovec *)hide(8), 1), EFAULT, "a bad vector is EFAULT");
	is(pread(fd, a, 2, 6), 2, "pread reads at an offset");
	is(pwrite(fd, "ZZ", 2, 10), 2, "pwrite writes at an offset");
	is(lseek(fd, 0, SEEK_CUR), 3, "neither moves the file offset");
	fails(pread(fd, a, 2, -1), EINVAL, "a negative offset is EINVAL");
	close(fd);
	unlink("/tmp/fd");
}

static void bad_ones(void)
{
	char c;

	fails(read(999, &c, 1), EBADF, "read of a closed descriptor is EBADF");
	fails(write(-1, &c, 1), EBADF, "write to -1 is EBADF");
	fails(lseek(999, 0, SEEK_SET), EBADF, "lseek is EBADF");
	fails(ftruncate(999, 0), EBADF, "ftruncate is EBADF");
	fails(fsync(999), EBADF, "fsync is EBADF");
	fails(fchdir(999), EBADF, "fchdir is EBADF");
}

static void body(void)
{
	dups();
	flags();
	limits();
	vectors();
	bad_ones();
}

int main(void)
{
	return tap_run(body, 10);
}
