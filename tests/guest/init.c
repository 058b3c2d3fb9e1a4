/* init.c - process 1 of a test run: runs the programs of /tests one after another, then powers
 * off. Words of the kernel command line: test=NAME,NAME (default: all, in order of name),
 * limit=N is the time limit of a program in seconds, scale=N multiplies every time limit. Each
 * run is framed by "# test NAME" and "# result NAME exit=N signal=N"; what a program prints is
 * relayed line by line in between. A last line "# summary" counts. What is wrong with a run (no
 * plan, a failed test, too slow, cannot start) is said in a line "# wrong NAME why";
 * tap-from-console makes failures of them on the host. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_DIR	"/tests"
#define MAX_TESTS	256
#define SECONDS		30	/* usual time limit of one program; its own is shorter */

/* What the relayed output of one program has shown. */
struct seen {
	char line[2048];
	size_t len;
	long plan;		/* N of "1..N", or -1 */
	long ran;
	long failed;
	bool bailed;
};

static char cmdline[4096];
static int scale = 1, limit = SECONDS;

static __attribute__((format(printf, 1, 2))) void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	if (write(1, line, (size_t)len) < 0)
		return;
}

/* ---- the machine ---- */

static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) < 0 && errno != EBUSY && errno != ENODEV &&
	    errno != ENOSYS)
		say("# init: cannot mount %s on %s: %s", type, where, strerror(errno));
}

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev");
	mount_one("proc", "/proc");
	mount_one("tmpfs", "/tmp");
	mount_one("tmpfs", "/dev/shm");
	chmod("/tmp", 01777);
}

/* Where disks are modules of the kernel (Debian's Linux): /modules/1.ko, 2.ko... in that order. */
static void load_modules(void)
{
	char path[32];
	int nr, fd;

	for (nr = 1;; nr++) {
		snprintf(path, sizeof(path), "/modules/%d.ko", nr);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			say("# init: cannot load %s: %s", path, strerror(errno));
		close(fd);
	}
}

/* /dev/console as 0, 1 and 2, should the kernel have left them closed. */
static void open_console(void)
{
	int fd;

	while ((fd = open("/dev/console", O_RDWR)) >= 0 && fd <= 2)
		;
	if (fd > 2)
		close(fd);
}

static void read_cmdline(void)
{
	ssize_t n = 0;
	int fd = open("/proc/cmdline", O_RDONLY);

	if (fd >= 0) {
		n = read(fd, cmdline, sizeof(cmdline) - 1);
		close(fd);
	}
	cmdline[n > 0 ? n : 0] = 0;
}

/* The value of the word name=value on the command line, or in the environment, or NULL. */
static const char *word(const char *name, char *value, size_t size)
{
	size_t len = strlen(name);
	const char *at = cmdline;

	while ((at = strstr(at, name)) != NULL) {
		if ((at == cmdline || strchr(" \n", at[-1])) && at[len] == '=') {
			size_t n = strcspn(at + len + 1, " \n");

			snprintf(value, size, "%.*s", (int)n, at + len + 1);
			return value;
		}
		at += len;
	}
	return getenv(name);
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	say("# init: the machine does not power off: %s", strerror(errno));
	for (;;)
		pause();
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* MemFree of /proc/meminfo, for a look at what a whole run loses. */
static long free_kib(void)
{
	char buf[1024], *at;
	ssize_t n = 0;
	int fd = open("/proc/meminfo", O_RDONLY);

	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	at = strstr(buf, "MemFree:");
	return at ? strtol(at + 8, NULL, 10) : -1;
}

/* ---- one test ---- */

static void look_at_line(struct seen *seen)
{
	const char *line = seen->line;

	if (strncmp(line, "1..", 3) == 0)
		seen->plan = strtol(line + 3, NULL, 10);
	else if (strncmp(line, "ok ", 3) == 0)
		seen->ran++;
	else if (strncmp(line, "not ok ", 7) == 0)
		seen->ran++, seen->failed++;
	else if (strncmp(line, "Bail out!", 9) == 0)
		seen->bailed = true;
}

static void flush_line(struct seen *seen)
{
	seen->line[seen->len] = 0;
	look_at_line(seen);
	say("%s", seen->line);
	seen->len = 0;
}

/* Copies what is in the pipe to the console, whole lines at a time; false at end of file. */
static bool relay(int fd, struct seen *seen)
{
	char buf[1024];
	ssize_t i, n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n' || seen->len == 500)
			flush_line(seen);
		if (buf[i] != '\n')
			seen->line[seen->len++] = buf[i];
	}
	return true;
}

static pid_t start(const char *name, int out[2])
{
	char path[300], *argv[] = { path, NULL };
	pid_t pid;

	snprintf(path, sizeof(path), TEST_DIR "/%s", name);
	if (pipe(out) < 0)
		return -1;
	pid = fork();
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	dup2(out[1], 1);
	dup2(out[1], 2);
	close(out[0]);
	close(out[1]);
	execv(path, argv);
	printf("cannot execute %s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(127);
}

/* Reaps everything that has ended; true and @status when @pid was among it. */
static bool reap(pid_t pid, int *status)
{
	bool found = false;
	int st;
	pid_t got;

	while ((got = waitpid(-1, &st, WNOHANG)) > 0)
		if (got == pid) {
			*status = st;
			found = true;
		}
	return found;
}

/* Relays and waits until @pid has ended; kills its group when the time is over. */
static bool attend(pid_t pid, int fd, struct seen *seen, int *status)
{
	long end = now_ms() + limit * 1000L * scale;
	struct pollfd p = { fd, POLLIN, 0 };
	bool eof = false, late = false;

	for (;;) {
		bool gone = reap(pid, status);
		int ready;

		if (!eof) {
			ready = poll(&p, 1, gone ? 0 : 10);
			if (ready > 0 || (ready < 0 && errno == ENOSYS))
				eof = !relay(fd, seen);
			else if (gone)
				return late;
		} else if (gone) {
			return late;
		} else {
			usleep(1000);
		}
		if (gone) {
			while (!eof && poll(&p, 1, 0) > 0)
				eof = !relay(fd, seen);
			return late;
		}
		if (!late && now_ms() > end) {
			late = true;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
	}
}

static bool judge(const char *name, const struct seen *seen, bool late, int status)
{
	const char *why = NULL;

	if (late)
		why = "took too long and was killed";
	else if (WIFSIGNALED(status))
		why = "was killed by a signal";
	else if (seen->bailed)
		why = "bailed out";
	else if (seen->plan < 0)
		why = "printed no plan";
	else if (seen->plan != seen->ran)
		why = "ran another number of tests than planned";
	else if (seen->failed)
		why = "has failed tests";
	else if (WEXITSTATUS(status))
		why = "exited with an error";
	if (why)
		say("# wrong %s %s", name, why);
	return !why;
}

static bool run(const char *name)
{
	static struct seen seen;
	int out[2], status = 0;
	bool late;
	long begin;
	pid_t pid;

	memset(&seen, 0, sizeof(seen));
	seen.plan = -1;
	say("# test %s", name);
	begin = now_ms();
	pid = start(name, out);
	if (pid < 0) {
		say("# wrong %s cannot be started: %s", name, strerror(errno));
		say("# result %s exit=127 signal=0", name);
		return false;
	}
	close(out[1]);
	late = attend(pid, out[0], &seen, &status);
	if (seen.len)
		flush_line(&seen);
	close(out[0]);
	if (kill(-pid, SIGKILL) == 0)
		say("# %s left processes behind", name);
	usleep(1000);
	reap(pid, &(int){ 0 });
	say("# time %s %ld ms, then %ld KiB are free", name, now_ms() - begin, free_kib());
	late = judge(name, &seen, late, status);
	say("# result %s exit=%d signal=%d", name, WIFSIGNALED(status) ? 0 : WEXITSTATUS(status),
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return late;
}

/* ---- all tests ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_of_folder(char **names)
{
	DIR *dir = opendir(TEST_DIR);
	struct dirent *d;
	int n = 0;

	if (!dir) {
		say("# init: cannot read " TEST_DIR ": %s", strerror(errno));
		return 0;
	}
	while (n < MAX_TESTS && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			names[n++] = strdup(d->d_name);
	closedir(dir);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	return n;
}

static int names_of_list(char *list, char **names)
{
	char *name;
	int n = 0;

	for (name = strtok(list, ","); name && n < MAX_TESTS; name = strtok(NULL, ","))
		names[n++] = name;
	return n;
}

int main(void)
{
	static char list[4096], number[32];
	static char *names[MAX_TESTS];
	const char *value;
	int i, n, wrong = 0;

	mount_all();
	open_console();
	load_modules();
	read_cmdline();
	value = word("scale", number, sizeof(number));
	if (value && atoi(value) > 0) {
		scale = atoi(value);
		setenv("TIMEOUT_SCALE", value, 1);
	}
	value = word("limit", number, sizeof(number));
	if (value && atoi(value) > 0)
		limit = atoi(value);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	value = word("test", list, sizeof(list));
	if (value && value != list)
		snprintf(list, sizeof(list), "%s", value);
	n = value && *value ? names_of_list(list, names) : names_of_folder(names);
	say("# run of %d programs", n);
	for (i = 0; i < n; i++)
		wrong += !run(names[i]);
	say("# summary programs=%d wrong=%d", n, wrong);
	power_off();
	return 0;
}
