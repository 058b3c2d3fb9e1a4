/* efault.c - system calls with bad pointers: EFAULT, nothing changed, nobody hurt. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* Stand-ins in the argument lists below. */
#define BAD	0x7a7a7a7a00000001UL	/* the bad pointer */
#define FILE_	0x7a7a7a7a00000002UL	/* a descriptor of a file of two pages, at its start */
#define PIPE_R	0x7a7a7a7a00000003UL	/* a pipe with bytes in it */
#define PIPE_W	0x7a7a7a7a00000004UL
#define DIR_	0x7a7a7a7a00000005UL	/* a directory */
#define ZERO	0x7a7a7a7a00000006UL	/* /dev/zero */
#define RANDOM	0x7a7a7a7a00000007UL	/* /dev/urandom */
#define GOOD	0x7a7a7a7a00000008UL	/* a page that may be read and written, zero */
#define PATH	0x7a7a7a7a00000009UL	/* the path of the file */
#define EXE	0x7a7a7a7a0000000aUL	/* the path of a program */

struct test {
	const char *name;
	long nr;
	unsigned long arg[6];
};

/* The kernel reads through the pointer. */
static const struct test in[] = {
	{ "open", SYS_open, { BAD, O_RDONLY } },
	{ "openat", SYS_openat, { (unsigned long)AT_FDCWD, BAD, O_RDONLY } },
	{ "stat's path", SYS_stat, { BAD, GOOD } },
	{ "lstat's path", SYS_lstat, { BAD, GOOD } },
	{ "newfstatat's path", SYS_newfstatat, { (unsigned long)AT_FDCWD, BAD, GOOD, 0 } },
	{ "access", SYS_access, { BAD, 0 } },
	{ "chdir", SYS_chdir, { BAD } },
	{ "mkdir", SYS_mkdir, { BAD, 0755 } },
	{ "rmdir", SYS_rmdir, { BAD } },
	{ "unlink", SYS_unlink, { BAD } },
	{ "rename's old path", SYS_rename, { BAD, PATH } },
	{ "rename's new path", SYS_rename, { PATH, BAD } },
	{ "link's old path", SYS_link, { BAD, PATH } },
	{ "symlink's target", SYS_symlink, { BAD, PATH } },
	{ "readlink's path", SYS_readlink, { BAD, GOOD, 100 } },
	{ "chmod", SYS_chmod, { BAD, 0600 } },
	{ "chown", SYS_chown, { BAD, 0, 0 } },
	{ "truncate", SYS_truncate, { BAD, 0 } },
	{ "statfs's path", SYS_statfs, { BAD, GOOD } },
	{ "execve's path", SYS_execve, { BAD, GOOD, GOOD } },
	{ "execve's arguments", SYS_execve, { EXE, BAD, GOOD } },
	{ "write to a file", SYS_write, { FILE_, BAD, 16 } },
	{ "write to a pipe", SYS_write, { PIPE_W, BAD, 16 } },
	{ "pwrite64", SYS_pwrite64, { FILE_, BAD, 16, 0 } },
	{ "writev", SYS_writev, { FILE_, BAD, 2 } },
	{ "readv's vector", SYS_readv, { ZERO, BAD, 2 } },
	{ "nanosleep", SYS_nanosleep, { BAD, 0 } },
	{ "rt_sigaction's action", SYS_rt_sigaction, { SIGUSR1, BAD, 0, 8 } },
	{ "rt_sigprocmask's set", SYS_rt_sigprocmask, { SIG_BLOCK, BAD, 0, 8 } },
	{ "rt_sigsuspend", SYS_rt_sigsuspend, { BAD, 8 } },
	{ "sigaltstack's stack", SYS_sigaltstack, { BAD, 0 } },
	{ "setrlimit", SYS_setrlimit, { 4, BAD } },
	{ "futex", SYS_futex, { BAD & ~3UL, 0, 0, 0, 0, 0 } },
	{ "poll", SYS_poll, { BAD, 1, 0 } },
	{ "utimensat's times", SYS_utimensat, { (unsigned long)AT_FDCWD, PATH, BAD, 0 } },
	{ "prctl's name", SYS_prctl, { 15, BAD } },
	{ "clock_nanosleep", SYS_clock_nanosleep, { 1, 0, BAD, 0 } },
};

/* The kernel writes through the pointer. */
static const struct test out[] = {
	{ "read of a file", SYS_read, { FILE_, BAD, 16 } },
	{ "read of a pipe", SYS_read, { PIPE_R, BAD, 16 } },
	{ "read of /dev/zero", SYS_read, { ZERO, BAD, 16 } },
	{ "read of /dev/urandom", SYS_read, { RANDOM, BAD, 16 } },
	{ "pread64", SYS_pread64, { FILE_, BAD, 16, 0 } },
	{ "stat", SYS_stat, { PATH, BAD } },
	{ "fstat", SYS_fstat, { FILE_, BAD } },
	{ "lstat", SYS_lstat, { PATH, BAD } },
	{ "newfstatat", SYS_newfstatat, { (unsigned long)AT_FDCWD, PATH, BAD, 0 } },
	{ "statfs", SYS_statfs, { PATH, BAD } },
	{ "getdents64", SYS_getdents64, { DIR_, BAD, 4096 } },
	{ "getcwd", SYS_getcwd, { BAD, 100 } },
	{ "pipe", SYS_pipe, { BAD } },
	{ "pipe2", SYS_pipe2, { BAD, 0 } },
	{ "uname", SYS_uname, { BAD } },
	{ "sysinfo", SYS_sysinfo, { BAD } },
	{ "times", SYS_times, { BAD } },
	{ "getrlimit", SYS_getrlimit, { 3, BAD } },
	{ "prlimit64", SYS_prlimit64, { 0, 3, 0, BAD } },
	{ "getrusage", SYS_getrusage, { 0, BAD } },
	{ "gettimeofday", SYS_gettimeofday, { BAD, 0 } },
	{ "clock_gettime", SYS_clock_gettime, { 1, BAD } },
	{ "clock_getres", SYS_clock_getres, { 1, BAD } },
	{ "getitimer", SYS_getitimer, { 0, BAD } },
	{ "rt_sigaction's old action", SYS_rt_sigaction, { SIGUSR1, 0, BAD, 8 } },
	{ "rt_sigprocmask's old set", SYS_rt_sigprocmask, { SIG_BLOCK, 0, BAD, 8 } },
	{ "rt_sigpending", SYS_rt_sigpending, { BAD, 8 } },
	{ "sigaltstack's old stack", SYS_sigaltstack, { 0, BAD } },
	{ "sched_getaffinity", SYS_sched_getaffinity, { 0, 128, BAD } },
	{ "arch_prctl", SYS_arch_prctl, { 0x1003, BAD } },
	{ "prctl's old name", SYS_prctl, { 16, BAD } },
	{ "getrandom", SYS_getrandom, { BAD, 16, 0 } },
	{ "mincore", SYS_mincore, { GOOD, PAGE, BAD } },
	{ "FIONREAD", SYS_ioctl, { PIPE_R, FIONREAD, BAD } },
	{ "time", SYS_time, { BAD } },
	{ "getcpu", SYS_getcpu, { BAD, 0, 0 } },
	{ "getresuid", SYS_getresuid, { BAD, GOOD, GOOD } },
};

static int file, dir, zero, rnd, fds[2];
static char *good;
static const char path[] = "/tmp/efault";

static unsigned long real(unsigned long arg, unsigned long bad)
{
	switch (arg) {
	case BAD:
	case BAD & ~3UL:
		return bad;
	case FILE_:
		return (unsigned long)file;
	case PIPE_R:
		return (unsigned long)fds[0];
	case PIPE_W:
		return (unsigned long)fds[1];
	case DIR_:
		return (unsigned long)dir;
	case ZERO:
		return (unsigned long)zero;
	case RANDOM:
		return (unsigned long)rnd;
	case GOOD:
		return (unsigned long)good;
	case PATH:
		return (unsigned long)path;
	case EXE:
		return (unsigned long)"/proc/self/exe";
	default:
		return arg;
	}
}

/* The first bad pointer of the list with which the call is not EFAULT, or -1. */
static int not_refused(const struct test *t, const unsigned long *bad, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		const unsigned long *a = t->arg;
		long ret;

		lseek(file, 0, SEEK_SET);
		lseek(dir, 0, SEEK_SET);
		errno = 0;
		ret = syscall(t->nr, real(a[0], bad[i]), real(a[1], bad[i]), real(a[2], bad[i]),
			      real(a[3], bad[i]), real(a[4], bad[i]), real(a[5], bad[i]));
		if (ret != -1 || errno != EFAULT) {
			diag("%s with %#lx returned %ld, errno %d", t->name, bad[i], ret, errno);
			return i;
		}
	}
	return -1;
}

static void all(void)
{
	char *unmapped = free_range(4 * PAGE);
	char *none = map_anon(PAGE, PROT_NONE), *ro = map_anon(PAGE, PROT_READ);
	unsigned long bad[] = {
		8, (unsigned long)unmapped, (unsigned long)none, (unsigned long)KERNEL_ADDR,
		0xffff888000001000UL, (unsigned long)NON_CANONICAL, user_top(), -8UL, -PAGE,
		(unsigned long)ro,	/* last: only for the calls that write */
	};
	int n = (int)COUNT(bad);
	size_t i;

	for (i = 0; i < COUNT(in); i++)
		is(not_refused(&in[i], bad, n - 1), -1, "%s: bad pointers are EFAULT", in[i].name);
	for (i = 0; i < COUNT(out); i++)
		is(not_refused(&out[i], bad, n), -1,
		   "%s: bad pointers and read-only memory are EFAULT", out[i].name);
	munmap(none, PAGE);
	munmap(ro, PAGE);
}

/* Buffers and strings that begin well and run into nothing. */
static void over_the_edge(void)
{
	char *p = map_at(free_range(3 * PAGE), PAGE, PROT_READ | PROT_WRITE);
	char *end = p + PAGE;
	struct stat *st = (struct stat *)(end - 8);
	int nul = open("/dev/null", O_WRONLY);

	memset(p, 'x', PAGE);
	lseek(file, 0, SEEK_SET);
	is(read(file, end - 100, 200), 100, "a read takes what fits before a bad page");
	is(lseek(file, 0, SEEK_CUR), 100, "and moves the offset by that");
	is(pwrite(file, end - 50, 100, 0), 50, "a write gives what is there before a bad page");
	fails(syscall(SYS_fstat, file, st), EFAULT,
	      "a structure that runs into a bad page is EFAULT");
	memset(p, 'x', PAGE);
	fails(open(end - 10, O_RDONLY), EFAULT, "a path that runs into a bad page is EFAULT");
	memcpy(end - 12, "/tmp/efault", 12);
	ok(access(end - 12, F_OK) == 0, "a path that ends with its page is found");
	fails(syscall(SYS_read, file, p, -1UL), EFAULT, "a length of -1 is EFAULT");
	fails(syscall(SYS_read, zero, end - 16, 1UL << 63), EFAULT,
	      "a length that wraps the address space is EFAULT");
	is(write(nul, end - 16, 16), 16, "a buffer that ends with its page is good");
	lseek(file, 0, SEEK_SET);
	fails(read(file, hide(8), 16), EFAULT, "a failed read");
	is(lseek(file, 0, SEEK_CUR), 0, "does not move the offset");
	is(read(file, hide(8), 0), 0, "nothing can be read to a bad address");
	close(nul);
	munmap(p, PAGE);
}

static int half_a_vector(void *arg)
{
	struct iovec v[2] = { { good, 4 }, { hide(8), 4 } };

	(void)arg;
	lseek(file, 0, SEEK_SET);
	if (readv(file, v, 2) != 4)
		return 1;
	v[0].iov_len = -1UL;
	return readv(file, v, 2) == -1 && errno == EINVAL ? 0 : 2;
}

static void changes_nothing(void)
{
	sigset_t before, after;
	int free_before, free_after;

	child_ok(half_a_vector, NULL, "a vector's bad part ends a readv");
	sigprocmask(SIG_BLOCK, NULL, &before);
	free_before = dup(0);
	close(free_before);
	syscall(SYS_pipe, 8);
	free_after = dup(0);
	close(free_after);
	is(free_after, free_before, "a failed pipe leaves no descriptor behind");
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, 0, 8);
	sigprocmask(SIG_BLOCK, NULL, &after);
	ok(memcmp(&before, &after, 8) == 0, "a failed rt_sigprocmask changes nothing");
}

/* Each kind of memory that is there but not touched yet must work as a buffer. */
static void not_yet_there(void)
{
	char *p = map_anon(4 * PAGE, PROT_READ | PROT_WRITE);
	char *f;

	lseek(file, 0, SEEK_SET);
	is(read(file, p, 2 * PAGE), 2 * PAGE, "a read fills memory that was never touched");
	is(p[PAGE], 'b', "with the right bytes");
	is(pwrite(file, p + 2 * PAGE, PAGE, 0), PAGE, "a write gives zeros of such memory");
	f = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	is(read(zero, f + PAGE, 16), 16, "a read into a private file mapping copies its page");
	ok(f[PAGE] == 0 && f[PAGE + 16] == 'b', "and fills only what is asked");
	munmap(f, 2 * PAGE);
	munmap(p, 4 * PAGE);
}

/* ---- memory that goes while a call sleeps ---- */

static int sleeper_fd;
static char *sleeper_buf;
static volatile long sleeper_got;
static volatile int sleeper_errno;

static void *sleeping_reader(void *arg)
{
	sleeper_got = read(sleeper_fd, sleeper_buf, 2 * PAGE);
	sleeper_errno = errno;
	return arg;
}

static void *sleeping_poller(void *arg)
{
	struct pollfd *p = (struct pollfd *)sleeper_buf;

	*p = (struct pollfd){ sleeper_fd, POLLIN, 0 };
	sleeper_got = poll(p, 1, 5000);
	sleeper_errno = errno;
	return arg;
}

static void *sleeping_waiter(void *arg)
{
	sleeper_got = waitpid(-1, (int *)sleeper_buf, 0);
	sleeper_errno = errno;
	return arg;
}

/* Start @fn in a thread, let it fall asleep, and take @bytes of its buffer away. */
static pthread_t asleep(void *(*fn)(void *), char *gone, size_t bytes)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, fn, NULL) == 0);
	sleep_ms(30);
	must(munmap(gone, bytes) == 0);
	return thread;
}

static void taken_away(void)
{
	char page[2 * PAGE];
	pthread_t thread;
	int ends[2];
	pid_t pid;

	must(pipe(ends) == 0);
	sleeper_fd = ends[0];
	memset(page, 'x', sizeof(page));
	sleeper_buf = map_anon(2 * PAGE, PROT_READ | PROT_WRITE);
	thread = asleep(sleeping_reader, sleeper_buf, 2 * PAGE);
	must(write(ends[1], "a", 1) == 1);
	pthread_join(thread, NULL);
	ok(sleeper_got == -1 && sleeper_errno == EFAULT,
	   "a read whose buffer goes while it sleeps is EFAULT");
	must(read(ends[0], page, 1) == 1);
	sleeper_buf = map_anon(2 * PAGE, PROT_READ | PROT_WRITE);
	thread = asleep(sleeping_reader, sleeper_buf + PAGE, PAGE);
	must(write(ends[1], page, PAGE) == PAGE);
	pthread_join(thread, NULL);
	is(sleeper_got, PAGE, "one whose buffer goes in part has what was left");
	munmap(sleeper_buf, PAGE);
	sleeper_buf = map_anon(PAGE, PROT_READ | PROT_WRITE);
	thread = asleep(sleeping_poller, sleeper_buf, PAGE);
	must(write(ends[1], "b", 1) == 1);
	pthread_join(thread, NULL);
	ok(sleeper_got == -1 && sleeper_errno == EFAULT, "poll is EFAULT");
	sleeper_buf = map_anon(PAGE, PROT_READ | PROT_WRITE);
	pid = fork();
	if (pid == 0)
		hang(NULL);
	thread = asleep(sleeping_waiter, sleeper_buf, PAGE);
	kill(pid, SIGKILL);
	pthread_join(thread, NULL);
	ok(sleeper_got == -1 && sleeper_errno == EFAULT, "wait4 is EFAULT, and the child is gone");
	fails(waitpid(pid, NULL, 0), ECHILD, "as one cannot wait for it again");
	close(ends[0]);
	close(ends[1]);
}

static void body(void)
{
	file = make_file(path, 2);
	dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	zero = open("/dev/zero", O_RDONLY);
	rnd = open("/dev/urandom", O_RDONLY);
	good = map_anon(PAGE, PROT_READ | PROT_WRITE);
	must(file >= 0 && dir >= 0 && zero >= 0 && rnd >= 0 && pipe(fds) == 0);
	must(write(fds[1], "0123456789abcdef", 16) == 16);
	all();
	over_the_edge();
	changes_nothing();
	not_yet_there();
	unlink(path);
	taken_away();
}

int main(void)
{
	return tap_run(body, 10);
}
