/* pipe.c - pipes: order, end of file, SIGPIPE, atomic writes, and not blocking. */
#include "tap.h"
#include <sys/ioctl.h>
#include <sys/stat.h>

#define ATOMIC	4096	/* PIPE_BUF */

static void basic(void)
{
	int fds[2];
	char buf[16];
	struct stat st;

	is(pipe(fds), 0, "a pipe can be made");
	is(write(fds[1], "hello", 5), 5, "its end can be written");
	is(write(fds[1], "world", 5), 5, "again");
	is(read(fds[0], buf, 3), 3, "its beginning can be read in parts");
	is(read(fds[0], buf + 3, 13), 7, "a read takes what is there");
	ok(memcmp(buf, "helloworld", 10) == 0, "bytes come in their order");
	fails(lseek(fds[0], 0, SEEK_SET), ESPIPE, "lseek is ESPIPE");
	fails(write(fds[0], "x", 1), EBADF, "the reading end cannot be written");
	fails(read(fds[1], buf, 1), EBADF, "the writing end cannot be read");
	ok(fstat(fds[0], &st) == 0 && S_ISFIFO(st.st_mode), "fstat says FIFO");
	is(read(fds[0], buf, 0), 0, "reading nothing from an empty pipe does not wait");
	close(fds[1]);
	is(read(fds[0], buf, 1), 0, "without a writer it is end of file");
	close(fds[0]);

	must(pipe(fds) == 0);
	must(write(fds[1], "last", 4) == 4);
	close(fds[1]);
	is(read(fds[0], buf, 16), 4, "what was written before the end can be read");
	is(read(fds[0], buf, 16), 0, "then comes the end");
	close(fds[0]);
}

static volatile int pipes_broken;

static void on_sigpipe(int sig)
{
	(void)sig;
	pipes_broken++;
}

static int write_to_nobody(void *arg)
{
	return write(*(int *)arg, "x", 1) == 1;
}

static void broken(void)
{
	int fds[2];

	must(pipe(fds) == 0);
	close(fds[0]);
	is(child(write_to_nobody, &fds[1]), SIGPIPE, "a write without a reader kills by SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	fails(write(fds[1], "x", 1), EPIPE, "with SIGPIPE ignored it is EPIPE");
	signal(SIGPIPE, on_sigpipe);
	fails(write(fds[1], "x", 1), EPIPE, "with a handler it is EPIPE, too");
	is(pipes_broken, 1, "and the handler has run");
	signal(SIGPIPE, SIG_DFL);
	close(fds[1]);
}

static void not_blocking(void)
{
	static char block[ATOMIC];
	int fds[2], n = 0, avail = 0;
	char c;

	must(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
	is(fcntl(fds[0], F_GETFD), FD_CLOEXEC, "pipe2 sets O_CLOEXEC");
	ok(fcntl(fds[1], F_GETFL) & O_NONBLOCK, "and O_NONBLOCK");
	fails(read(fds[0], &c, 1), EAGAIN, "a read of an empty pipe is EAGAIN");
	while (write(fds[1], block, sizeof(block)) == (ssize_t)sizeof(block))
		n++;
	is(errno, EAGAIN, "a write to a full pipe is EAGAIN");
	is(n, 16, "a pipe holds 64 KiB");
	is(ioctl(fds[0], FIONREAD, &avail), 0, "FIONREAD works on a pipe");
	is(avail, 65536, "and tells what is in it");
	must(read(fds[0], block, 100) == 100);
	fails(write(fds[1], block, ATOMIC), EAGAIN,
	      "a write of PIPE_BUF bytes is whole or not at all");
	close(fds[0]);
	close(fds[1]);
	fails(pipe2(fds, 0x7), EINVAL, "unknown flags are EINVAL");
	fails(pipe((int *)hide(8)), EFAULT, "a bad pointer is EFAULT");
}

/* Writers of PIPE_BUF-sized records at once: no record is mixed with another. */
static void atomic_writes(void)
{
	enum { WRITERS = 4, RECORDS = 40 };
	static char rec[ATOMIC];
	int fds[2], i, w, bad = 0, n = 0;
	int seen[WRITERS] = { 0 };
	size_t got;

	must(pipe(fds) == 0);
	for (w = 0; w < WRITERS; w++)
		if (fork() == 0) {
			memset(rec, 'A' + w, sizeof(rec));
			for (i = 0; i < RECORDS; i++)
				if (write(fds[1], rec, sizeof(rec)) != (ssize_t)sizeof(rec))
					_exit(1);
			_exit(0);
		}
	close(fds[1]);
	for (;;) {
		for (got = 0; got < sizeof(rec); ) {
			ssize_t r = read(fds[0], rec + got, sizeof(rec) - got);

			if (r <= 0)
				break;
			got += (size_t)r;
		}
		if (got == 0)
			break;
		for (i = 1; i < (int)sizeof(rec); i++)
			bad += rec[i] != rec[0];
		if (rec[0] >= 'A' && rec[0] < 'A' + WRITERS)
			seen[rec[0] - 'A']++;
		n++;
	}
	for (w = 0; w < WRITERS; w++) {
		wait_for(-1);
		bad += seen[w] != RECORDS;
	}
	is(n, WRITERS * RECORDS, "all records of four writers arrive");
	is(bad, 0, "records of PIPE_BUF bytes are never mixed");
	close(fds[0]);
}

/* A long stream through a child that adds one to each byte. */
static void through_child(void)
{
	enum { TOTAL = 1000000 };
	static unsigned char buf[10007];
	int to[2], from[2], bad = 0;
	long sent, got = 0;
	pid_t filter, writer;
	ssize_t n, i;

	must(pipe(to) == 0 && pipe(from) == 0);
	filter = fork();
	if (filter == 0) {
		close(to[1]);
		while ((n = read(to[0], buf, 777)) > 0) {
			for (i = 0; i < n; i++)
				buf[i]++;
			if (write(from[1], buf, (size_t)n) != n)
				_exit(1);
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	writer = fork();
	if (writer == 0) {
		for (sent = 0; sent < TOTAL; sent += n) {
			n = TOTAL - sent < (long)sizeof(buf) ? TOTAL - sent : (ssize_t)sizeof(buf);
			for (i = 0; i < n; i++)
				buf[i] = (unsigned char)((sent + i) * 7);
			if (write(to[1], buf, (size_t)n) != n)
				_exit(1);
		}
		_exit(0);
	}
	close(to[1]);
	while ((n = read(from[0], buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			bad += buf[i] != (unsigned char)((got + i) * 7 + 1);
		got += n;
	}
	is(got, TOTAL, "a million bytes pass through two pipes and a filter");
	is(bad, 0, "and each of them is right");
	is(wait_for(writer) | wait_for(filter), 0, "writer and filter end well");
	close(from[0]);
}

static void partial(void)
{
	static char big[100000];
	int fds[2];
	ssize_t n, total = 0;
	pid_t pid;

	must(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		n = write(fds[1], big, sizeof(big));
		_exit(n == (ssize_t)sizeof(big) ? 0 : 1);
	}
	close(fds[1]);
	while ((n = read(fds[0], big, 3000)) > 0)
		total += n;
	is(total, (long)sizeof(big), "a write larger than the pipe waits for its reader");
	is(wait_for(pid), 0, "and returns its whole size");
	close(fds[0]);
}

static void named(void)
{
	char c = 0;
	pid_t pid;
	int fd;

	if (mkfifo("/tmp/fifo", 0600) < 0) {
		skip("no named pipes here", "a named pipe carries bytes");
		return;
	}
	pid = fork();
	if (pid == 0) {
		fd = open("/tmp/fifo", O_WRONLY);
		_exit(write(fd, "n", 1) != 1);
	}
	fd = open("/tmp/fifo", O_RDONLY);
	ok(read(fd, &c, 1) == 1 && c == 'n', "a named pipe carries bytes");
	wait_for(pid);
	close(fd);
	unlink("/tmp/fifo");
}

static void body(void)
{
	basic();
	broken();
	not_blocking();
	atomic_writes();
	through_child();
	partial();
	named();
}

int main(void)
{
	return tap_run(body, 10);
}
