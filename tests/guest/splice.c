/* splice.c - splice, tee, vmsplice and sendfile: what moves, what stays, and when they wait. */
#include "tap.h"
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

static int r, w, r2, w2;

static void new_pipes(void)
{
	int ends[2];

	must(pipe(ends) == 0);
	r = ends[0];
	w = ends[1];
	must(pipe(ends) == 0);
	r2 = ends[0];
	w2 = ends[1];
}

static void close_pipes(void)
{
	close(r);
	close(w);
	close(r2);
	close(w2);
}

/* The pipe's end @fd gives exactly @text next. */
static bool reads(int fd, const char *text)
{
	char buf[256];
	ssize_t n = read(fd, buf, strlen(text));

	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static int text_file(const char *text)
{
	int fd = open("/tmp/splice", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void files(void)
{
	loff_t off = 2;
	int fd = text_file("0123456789");

	new_pipes();
	is(splice(fd, NULL, w, NULL, 4, 0), 4, "splice moves bytes of a file into a pipe");
	is(lseek(fd, 0, SEEK_CUR), 4, "and the file's position");
	is(splice(fd, &off, w, NULL, 3, 0), 3, "with an offset it begins there");
	ok(off == 5 && lseek(fd, 0, SEEK_CUR) == 4, "and moves that on, not the position");
	ok(reads(r, "0123234"), "the bytes come in order");
	lseek(fd, 0, SEEK_SET);
	is(splice(fd, NULL, w, NULL, 100, 0), 10, "the end of the file ends it");
	is(splice(fd, NULL, w, NULL, 100, 0), 0, "and then it is 0");
	off = 20;
	is(splice(r, NULL, fd, &off, 100, 0), 10, "splice moves what a pipe has into a file");
	is(off, 30, "and its offset on");
	is(lseek(fd, 0, SEEK_END), 30, "the file has grown");
	fails(splice(r, NULL, fd, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN,
	      "an empty pipe and SPLICE_F_NONBLOCK are EAGAIN");
	must(write(w, "abcdef", 6) == 6);
	lseek(fd, 0, SEEK_SET);
	is(splice(r, NULL, fd, NULL, 2, 0), 2, "a part of what the pipe has");
	ok(reads(r, "cdef"), "leaves the rest");
	close(w);
	is(splice(r, NULL, fd, NULL, 2, 0), 0, "a pipe without writers is at its end");
	close(fd);
	close_pipes();
}

static void pipes(void)
{
	char page[PAGE];
	int i;

	new_pipes();
	must(write(w, "hello world", 11) == 11);
	is(tee(r, w2, 5, 0), 5, "tee copies from pipe to pipe");
	ok(reads(r2, "hello"), "the copy has them");
	is(splice(r, NULL, w2, NULL, 6, 0), 6, "splice moves from pipe to pipe");
	ok(reads(r2, "hello "), "there they are");
	ok(reads(r, "world"), "and here is the rest");
	fails(splice(r, NULL, w, NULL, 1, 0), EINVAL, "a pipe to itself is EINVAL");
	fails(tee(r, w, 1, 0), EINVAL, "for tee, too");
	memset(page, 'x', sizeof(page));
	for (i = 0; i < 16; i++)
		must(write(w2, page, PAGE) == PAGE);
	must(write(w, "a", 1) == 1);
	fails(splice(r, NULL, w2, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN, "a full pipe is EAGAIN");
	fails(tee(r, w2, 1, SPLICE_F_NONBLOCK), EAGAIN, "for tee, too");
	close(r2);
	signal(SIGPIPE, SIG_IGN);
	fails(splice(r, NULL, w2, NULL, 1, 0), EPIPE, "one without readers is EPIPE");
	signal(SIGPIPE, SIG_DFL);
	close_pipes();
}

static void memory(void)
{
	char a[] = "first", b[] = "second", to[16] = "";
	struct iovec vec[2] = { { a, 5 }, { b, 6 } }, out = { to, sizeof(to) };

	new_pipes();
	is(vmsplice(w, vec, 2, 0), 11, "vmsplice gathers memory into a pipe");
	is(vmsplice(r, &out, 1, 0), 11, "and scatters a pipe into memory");
	ok(memcmp(to, "firstsecond", 11) == 0, "all of it arrives");
	fails(vmsplice(r, &out, 1, SPLICE_F_NONBLOCK), EAGAIN, "an empty pipe is EAGAIN");
	out.iov_len = 0;
	is(vmsplice(r, &out, 1, 0), 0, "nothing to move is 0");
	close_pipes();
}

static void *late_writer(void *arg)
{
	sleep_ms(20);
	must(write(w, "late", 4) == 4);
	return arg;
}

static void waiting(void)
{
	pthread_t thread;
	int fd = text_file("");

	new_pipes();
	must(pthread_create(&thread, NULL, late_writer, NULL) == 0);
	is(splice(r, NULL, fd, NULL, 100, 0), 4, "splice waits for the first bytes, and no longer");
	pthread_join(thread, NULL);
	close(fd);
	close_pipes();
}

/* A pipe's data survive a write that fails. */
static void nothing_lost(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), null = open("/dev/null", O_WRONLY);
	int ro = open("/proc/version", O_RDONLY | O_CLOEXEC);

	new_pipes();
	must(write(w, "precious", 8) == 8);
	fails(splice(r, NULL, full, NULL, 8, 0), EINVAL,
	      "a device that does not take part is EINVAL");
	fails(splice(r, NULL, ro, NULL, 8, 0), EBADF, "a file that cannot be written is EBADF");
	ok(reads(r, "precious"), "and nothing is lost");
	must(write(w, "precious", 8) == 8);
	is(splice(r, NULL, null, NULL, 8, 0), 8, "/dev/null takes everything");
	close(full);
	close(null);
	close(ro);
	close_pipes();
}

static void send_files(void)
{
	int in = text_file("0123456789"), out;
	off_t off = 3;

	out = open("/tmp/splice2", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	is(sendfile(out, in, NULL, 4), 4, "sendfile copies");
	is(sendfile(out, in, &off, 100), 7, "from an offset to the end");
	ok(off == 10 && lseek(in, 0, SEEK_CUR) == 4 && lseek(out, 0, SEEK_CUR) == 11,
	   "offset and positions are where they should be");
	new_pipes();
	lseek(in, 0, SEEK_SET);
	is(sendfile(w, in, NULL, 5), 5, "it writes to pipes");
	ok(reads(r, "01234"), "which have it then");
	fails(sendfile(out, r, NULL, 1), EINVAL, "it does not read what has no position");
	close_pipes();
	fcntl(out, F_SETFL, O_APPEND);
	fails(sendfile(out, in, NULL, 1), EINVAL, "it does not append");
	close(in);
	close(out);
	unlink("/tmp/splice2");
}

#define HEAP	(1 << 20)

static void *feeder(void *arg)
{
	size_t done = 0;

	while (done < HEAP) {
		unsigned char buf[1000];
		size_t i, n = HEAP - done < sizeof(buf) ? HEAP - done : sizeof(buf);

		for (i = 0; i < n; i++)
			buf[i] = (unsigned char)((done + i) * 7 >> 3);
		must(write(w, buf, n) == (ssize_t)n);
		done += n;
	}
	close(w);
	return arg;
}

/* Pipe to pipe to file while a thread feeds odd pieces. */
static void *mover(void *arg)
{
	while (splice(r, NULL, w2, NULL, 5000, 0) > 0)
		;
	close(w2);
	return arg;
}

static void heap(void)
{
	int fd = text_file("");
	unsigned char *map;
	pthread_t a, b;
	size_t i, done = 0;
	ssize_t n;

	new_pipes();
	must(pthread_create(&a, NULL, feeder, NULL) == 0);
	must(pthread_create(&b, NULL, mover, NULL) == 0);
	while ((n = splice(r2, NULL, fd, NULL, 3333, 0)) > 0)
		done += (size_t)n;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is(done, HEAP, "a megabyte goes through two pipes into a file");
	map = mmap(NULL, HEAP, PROT_READ, MAP_PRIVATE, fd, 0);
	for (i = 0; i < HEAP && map[i] == (unsigned char)(i * 7 >> 3); i++)
		;
	is(i, HEAP, "every byte in its place");
	munmap(map, HEAP);
	close(fd);
	close(r);
	close(r2);
	unlink("/tmp/splice");
}

static void body(void)
{
	files();
	pipes();
	memory();
	waiting();
	nothing_lost();
	send_files();
	heap();
}

int main(void)
{
	return tap_run(body, 10);
}
