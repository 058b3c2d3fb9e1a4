/* proc.c - procfs: what ps, free, top and curious programs read. */
#include "tap.h"
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char buf[32768];

/* Reads a whole file, in pieces of @piece bytes; its length, or -1. */
static ssize_t slurp(const char *path, size_t piece)
{
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	while (len + piece < sizeof(buf) && (n = read(fd, buf + len, piece)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	return n < 0 ? -1 : (ssize_t)len;
}

/* The field of /proc/PID/stat by its number in the manual (1 is the pid). */
static long stat_field(pid_t pid, int field)
{
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (slurp(path, 4096) <= 0)
		return -1;
	if (field == 1)
		return strtol(buf, NULL, 10);
	at = strrchr(buf, ')');
	if (field == 3)
		return at[2];
	for (field -= 2; field > 0 && at; field--)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : -1;
}

static long status_field(const char *name)
{
	char *at;

	if (slurp("/proc/self/status", 4096) <= 0)
		return -1;
	at = strstr(buf, name);
	return at ? strtol(at + strlen(name) + 1, NULL, 0) : -1;
}

static void meminfo(void)
{
	long total = meminfo_kib("MemTotal"), is_free = meminfo_kib("MemFree"), less;
	char *p;

	ok(total > 32 * 1024, "/proc/meminfo tells MemTotal");
	ok(is_free > 0 && is_free < total, "and MemFree below it");
	ok(meminfo_kib("MemAvailable") > 0, "and MemAvailable");
	ok(meminfo_kib("Buffers") >= 0 && meminfo_kib("Cached") >= 0 &&
	   meminfo_kib("SwapTotal") >= 0 && meminfo_kib("SwapFree") >= 0,
	   "and Buffers, Cached, SwapTotal and SwapFree");
	is_free = meminfo_kib("MemFree");
	p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	less = meminfo_kib("MemFree");
	ok(is_free - less > 14 * 1024 && is_free - less < 18 * 1024,
	   "16 MiB in use are missing from MemFree");
	munmap(p, 16 * MIB);
}

static void stat_file(void)
{
	long before;
	char *p;
	pid_t pid;

	is(stat_field(getpid(), 1), getpid(), "/proc/PID/stat tells the pid");
	is(stat_field(getpid(), 4), getppid(), "and the parent");
	is(stat_field(getpid(), 5), getpgrp(), "and the group");
	is(stat_field(getpid(), 6), getsid(0), "and the session");
	is(stat_field(getpid(), 3), 'R', "who reads it is running");
	must(slurp("/proc/self/stat", 4096) > 0);
	ok(strstr(buf, "(proc)") != NULL, "and the name");
	before = stat_field(getpid(), 23);
	p = map_anon(8 * MIB, PROT_NONE);
	is(stat_field(getpid(), 23) - before, 8 * MIB, "vsize grows by what is mapped");
	munmap(p, 8 * MIB);
	before = stat_field(getpid(), 24);
	p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	before = stat_field(getpid(), 24) - before;
	ok(before >= 900 && before <= 1200, "rss grows by what is touched");
	munmap(p, 4 * MIB);
	pid = fork();
	if (pid == 0)
		hang(NULL);
	sleep_ms(20);
	is(stat_field(pid, 3), 'S', "a process that waits is sleeping");
	kill(pid, SIGSTOP);
	must(waitpid(pid, NULL, WUNTRACED) == pid);
	is(stat_field(pid, 3), 'T', "a stopped one is stopped");
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	is(stat_field(pid, 3), 'Z', "one that has ended is a zombie");
	wait_for(pid);
	is(stat_field(pid, 3), -1, "and gone when it was waited for");
}

/* The SigQ line counts what waits for all processes of the user. */
static void queued(void)
{
	union sigval value = { 0 };
	unsigned long limit = 0;
	unsigned int before = 0, after = 0;
	struct rlimit rl;
	sigset_t set, old;
	char *line;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	must(getrlimit(RLIMIT_SIGPENDING, &rl) == 0);
	must(slurp("/proc/self/status", 4096) > 0 && (line = strstr(buf, "\nSigQ:\t")));
	is(sscanf(line + 7, "%u/%lu", &before, &limit), 2, "status has a SigQ line");
	ok(limit == rl.rlim_cur, "with the limit");
	for (i = 0; i < 3; i++)
		must(sigqueue(getpid(), SIGRTMIN, value) == 0);
	must(slurp("/proc/self/status", 4096) > 0 && (line = strstr(buf, "\nSigQ:\t")));
	sscanf(line + 7, "%u", &after);
	is(after, before + 3, "three queued signals are counted");
	for (i = 0; i < 3; i++)
		must(sigwaitinfo(&set, NULL) == SIGRTMIN);
	must(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void status(void)
{
	is(status_field("Pid:"), getpid(), "/proc/self/status tells the pid");
	is(status_field("PPid:"), getppid(), "and the parent");
	is(status_field("Uid:"), getuid(), "and the user");
	is(status_field("Threads:"), 1, "and the number of threads");
	ok(status_field("VmRSS:") > 0 && status_field("VmSize:") >= status_field("VmRSS:"),
	   "VmRSS is not above VmSize");
	prctl(PR_SET_NAME, "another");
	must(slurp("/proc/self/status", 4096) > 0);
	ok(strncmp(buf, "Name:\tanother\n", 14) == 0, "PR_SET_NAME changes the name");
	prctl(PR_SET_NAME, "proc");
}

static void maps(void)
{
	struct vma v;
	unsigned long last = 0;
	int i, bad = 0, code = 0, stack = 0;

	for (i = 0; vma_in(NULL, (void *)-1UL, i, &v); i++) {
		bad += v.start < last || v.start >= v.end || v.start % PAGE || v.end % PAGE;
		last = v.end;
		code += strcmp(v.perm, "r-xp") == 0 && v.name[0] == '/';
		stack += strcmp(v.name, "[stack]") == 0;
	}
	ok(i >= 4, "/proc/self/maps lists the mappings");
	is(bad, 0, "in order, apart, and page by page");
	ok(code == 1 && stack == 1, "with the program's code and the stack");
	for (i = 0; i < 200; i++)
		map_at(map_anon(PAGE, PROT_READ), PAGE, i % 2 ? PROT_READ : PROT_NONE);
	must(slurp("/proc/self/maps", 4096) > 0);
	for (bad = 0, i = 0; buf[i]; i++)
		bad += buf[i] == '\n';
	ok(bad >= 100, "it can be longer than a page");
}

static void links(void)
{
	char path[256], want[256];
	ssize_t n = readlink("/proc/self", path, sizeof(path) - 1);
	int fd = make_file("/tmp/proc", 1);
	struct stat a, b;

	path[n > 0 ? n : 0] = 0;
	is(atoi(path), getpid(), "/proc/self leads to the own process");
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	ok(strcmp(strrchr(path, '/') ? strrchr(path, '/') : "", "/proc") == 0,
	   "/proc/self/exe leads to the program");
	ok(stat("/proc/self/exe", &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino,
	   "and can be followed");
	must(chdir("/tmp") == 0);
	n = readlink("/proc/self/cwd", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	ok(strcmp(path, "/tmp") == 0, "/proc/self/cwd leads to the current directory");
	must(chdir("/") == 0);
	snprintf(want, sizeof(want), "/proc/self/fd/%d", fd);
	n = readlink(want, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	ok(strcmp(path, "/tmp/proc") == 0, "/proc/self/fd leads to open files");
	close(fd);
	unlink("/tmp/proc");
}

static void general(void)
{
	double up = 0, idle;

	ok(slurp("/proc/uptime", 64) > 0 && sscanf(buf, "%lf %lf", &up, &idle) == 2 && up > 0,
	   "/proc/uptime tells the time since boot");
	ok(slurp("/proc/stat", 4096) > 0 && strncmp(buf, "cpu ", 4) == 0 &&
	   strstr(buf, "\ncpu0 "), "/proc/stat tells processor times");
	ok(strstr(buf, "\nctxt ") && strstr(buf, "\nprocesses ") && strstr(buf, "\nbtime "),
	   "and counters");
	ok(slurp("/proc/loadavg", 64) > 0 && strchr(buf, '/'), "/proc/loadavg tells the load");
	ok(slurp("/proc/mounts", 4096) > 0 && strstr(buf, " /proc proc "),
	   "/proc/mounts tells of /proc");
	ok(slurp("/proc/cmdline", 4096) > 0 && strstr(buf, "console="),
	   "/proc/cmdline tells the kernel's command line");
	ok(slurp("/proc/version", 4096) > 0, "/proc/version is there");
	ok(slurp("/proc/cpuinfo", 4096) > 0 && strstr(buf, "processor"), "/proc/cpuinfo is there");
	is(slurp("/proc/no-such-file", 64), -1, "a missing file is not there");
}

static void pieces(void)
{
	static char whole[32768];
	ssize_t len = slurp("/proc/self/maps", 16384);

	must(len > 0);
	memcpy(whole, buf, (size_t)len + 1);
	is(slurp("/proc/self/maps", 7), len, "a file read in pieces of 7 bytes has its length");
	ok(memcmp(whole, buf, (size_t)len) == 0, "and the same text");
}

static void processes(void)
{
	struct dirent *d;
	DIR *dir = opendir("/proc");
	pid_t pid = fork();
	int self = 0, child_seen = 0, init = 0;

	if (pid == 0)
		hang(NULL);
	must(dir);
	while ((d = readdir(dir)) != NULL) {
		self += atoi(d->d_name) == getpid();
		child_seen += atoi(d->d_name) == pid;
		init += atoi(d->d_name) == 1;
	}
	closedir(dir);
	ok(self == 1 && init == 1, "/proc lists process 1 and this one");
	is(child_seen, 1, "and a child");
	kill(pid, SIGKILL);
	wait_for(pid);
}

/* Write @title over the arguments, blanks up to their end, and then @rest: is that shown as
 * @length bytes? */
static int titled(const char *title, size_t length, const char *rest)
{
	unsigned long start, end;
	const char *field;

	if (slurp("/proc/self/stat", 4096) <= 0)
		return 1;
	field = strrchr(buf, ')') + 1;
	for (int i = 2; i < 48; i++)
		field = strchr(field, ' ') + 1;
	if (sscanf(field, "%lu %lu", &start, &end) != 2 || end - start <= strlen(title))
		return 2;
	memset((char *)start, ' ', end - start);
	memcpy((char *)start, title, strlen(title) + (rest == NULL));
	if (rest)
		strcpy((char *)end, rest);
	else
		rest = "";
	if (!length)
		length = end - start + strlen(rest) + 1;
	return slurp("/proc/self/cmdline", 4096) != (ssize_t)length ||
	       strncmp(buf, title, strlen(title)) ||
	       strcmp(buf + length - 1 - strlen(rest), rest);
}

static int short_title(void *arg)
{
	(void)arg;
	return titled("name", 5, NULL);
}

static int long_title(void *arg)
{
	(void)arg;
	return titled("name", 0, "and more");
}

static void command_line(void)
{
	char path[64];
	pid_t pid;

	must(slurp("/proc/self/cmdline", 4096) > 0);
	ok(strcmp(strrchr(buf, '/') ? strrchr(buf, '/') : buf, "/proc") == 0,
	   "/proc/self/cmdline tells the arguments");
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "/bin/busybox", "sleep", "10", NULL };

		execv(argv[0], argv);
		hang(NULL);
	}
	sleep_ms(50);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (access("/bin/busybox", X_OK) == 0)
		ok(slurp(path, 64) == 22 && !memcmp(buf, "/bin/busybox\0sleep\00010\0", 22),
		   "another process's can be read");
	else
		skip("no busybox", "another process's can be read");
	kill(pid, SIGKILL);
	wait_for(pid);
	child_ok(short_title, NULL, "a title that ends in blanks is shown up to its NUL");
	child_ok(long_title, NULL, "one that is longer than the arguments, whole");
}

/* What @path says after @text was written to it; -1: that is refused. */
static long after_writing(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char buf[32] = "";
	long value = -1;

	must(fd >= 0);
	if (write(fd, text, strlen(text)) == (ssize_t)strlen(text)) {
		must(pread(fd, buf, sizeof(buf) - 1, 0) > 0);
		value = strtol(buf, NULL, 10);
	}
	close(fd);
	return value;
}

/* The number in @path; -1: there is none. */
static long read_number(const char *path)
{
	return slurp(path, 4096) > 0 ? strtol(buf, NULL, 10) : -1;
}

static void tunables(void)
{
	static const char swappiness[] = "/proc/sys/vm/swappiness";
	static const char cluster[] = "/proc/sys/vm/page-cluster";
	long was[2] = { read_number(swappiness), read_number(cluster) };
	char text[32];
	struct stat st;

	ok(was[0] >= 0 && was[0] <= 200, "vm.swappiness is between 0 and 200");
	is(after_writing(swappiness, "200\n"), 200, "it can be 200");
	is(after_writing(swappiness, "0"), 0, "or 0");
	is(after_writing(swappiness, "201\n"), -1, "not more");
	is(after_writing(swappiness, "-1\n"), -1, "nor less");
	is(read_number("/proc/sys/vm/mmap_min_addr"), 65536, "vm.mmap_min_addr can be read");
	ok(lstat("/proc/sys/vm/mmap_min_addr", &st) == 0 && S_ISREG(st.st_mode), "as a file");
	ok(read_number("/proc/sys/vm/min_free_kbytes") > 0, "so can vm.min_free_kbytes");
	is(read_number("/proc/sys/fs/pipe-max-size"), 1048576, "and fs.pipe-max-size");
	is(read_number("/proc/sys/kernel/shmmni"), 4096, "and kernel.shmmni");
	is(read_number("/proc/sys/kernel/random/entropy_avail"), 256,
	   "and that there is randomness");
	is(after_writing(swappiness, "much\n"), -1, "nor a word");
	is(read_number(swappiness), 0, "which leaves it as it was");
	is(after_writing(cluster, "0\n"), 0, "vm.page-cluster can be 0");
	snprintf(text, sizeof(text), "%ld\n", was[0]);
	is(after_writing(swappiness, text), was[0], "vm.swappiness is back");
	snprintf(text, sizeof(text), "%ld\n", was[1]);
	is(after_writing(cluster, text), was[1], "so is vm.page-cluster");
}

/* What is written to a file that takes a number. */
static bool takes(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool taken;

	must(fd >= 0);
	taken = write(fd, text, strlen(text)) >= 0;	/* perhaps only the first number */
	close(fd);
	return taken;
}

static void blanks(void)
{
	static const struct {
		const char *text;
		bool tunable, clear_refs;	/* which of them take it */
	} row[] = {
		{ "1", true, true }, { " 1", true, true }, { "1 ", true, true },
		{ "1\n", true, true }, { "\t1 \n\n", true, true }, { "01", true, true },
		{ "1 2", true, false }, { "1 x", true, false }, { "", true, true },
		{ "+1", false, true }, { "1x", false, false }, { " ", false, false },
		{ "-1", false, false }, { "x", false, false },
	};
	static const char *const tunable[] = {
		"/proc/sys/vm/swappiness", "/proc/sys/vm/page-cluster", "/proc/sys/vm/drop_caches",
	};
	long was[2] = { read_number(tunable[0]), read_number(tunable[1]) };
	char text[32];
	size_t i, j;

	for (i = 0; i < COUNT(row); i++) {
		for (j = 0; j < COUNT(tunable); j++)
			is(takes(tunable[j], row[i].text), row[i].tunable, "%s and the text '%s'",
			   strrchr(tunable[j], '/') + 1, row[i].text);
		if (*row[i].text)
			is(takes("/proc/self/clear_refs", row[i].text), row[i].clear_refs,
			   "clear_refs and the text '%s'", row[i].text);
	}
	for (i = 0; i < COUNT(was); i++) {
		snprintf(text, sizeof(text), "%ld", was[i]);
		is(after_writing(tunable[i], text), was[i], "as it was");
	}
}

/* Root may do with a tunable what its mode says, and no more. */
static void modes(void)
{
	static const struct {
		const char *path;
		int read, write;	/* 0 or the errno of open */
	} row[] = {
		{ "/proc/sys/vm/drop_caches", EACCES, 0 },
		{ "/proc/sys/vm/swappiness", 0, 0 },
		{ "/proc/sys/kernel/ostype", 0, EACCES },
		{ "/proc/sys/kernel/random/uuid", 0, EACCES },
		{ "/proc/sys/kernel/tainted", 0, -1 },
		{ "/proc/sys/kernel/core_pattern", 0, 0 },
		{ "/proc/sys/fs/pipe-user-pages-soft", 0, -1 },
		{ "/proc/sys/fs/pipe-user-pages-hard", 0, -1 },
	};
	size_t i;
	int fd;

	for (i = 0; i < COUNT(row); i++) {
		fd = open(row[i].path, O_RDONLY);
		is(fd < 0 ? errno : 0, row[i].read, "%s opened to read", row[i].path);
		close(fd);
		if (row[i].write < 0)
			continue;
		fd = open(row[i].path, O_WRONLY);
		is(fd < 0 ? errno : 0, row[i].write, "%s opened to write", row[i].path);
		close(fd);
	}
	is(read_number("/proc/sys/kernel/tainted"), 0, "the kernel is not tainted");
	ok(slurp("/proc/sys/kernel/core_pattern", 4096) > 0 && strncmp(buf, "core", 4) == 0,
	   "the pattern of core files begins with core");
	ok(read_number("/proc/sys/fs/pipe-user-pages-soft") >= 0, "a limit of pipes' pages");
	is(read_number("/proc/sys/vm/page-cluster"), 3, "vm.page-cluster is 3");
}

static void overcommit(void)
{
	static const char name[] = "/proc/sys/vm/overcommit_memory";
	const size_t huge = 1UL << 45;
	long was = read_number(name);
	char text[32], *p;

	is(after_writing(name, "0\n"), 0, "vm.overcommit_memory can be 0");
	p = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p == MAP_FAILED && errno == ENOMEM, "and more than there is is refused");
	is(after_writing(name, "1\n"), 1, "it can be 1");
	p = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p != MAP_FAILED, "and nothing is refused");
	if (p != MAP_FAILED) {
		p[huge - 1] = 1;
		munmap(p, huge);
	}
	is(after_writing(name, "3\n"), -1, "it cannot be 3");
	snprintf(text, sizeof(text), "%ld\n", was);
	is(after_writing(name, text), was, "it is back");
}

static void own_call(void)
{
	int fd = open("/proc/self/syscall", O_RDONLY);
	char want[80], page[256] = "";

	snprintf(want, sizeof(want), "%d 0x%x 0x%lx 0x%x ", SYS_read, (unsigned int)fd,
		 (unsigned long)page, (unsigned int)sizeof(page) - 1);
	must(syscall(SYS_read, fd, page, sizeof(page) - 1) > 0);
	close(fd);
	ok(strncmp(page, want, strlen(want)) == 0, "of its reader, syscall tells the read");
}

static void waiting(void)
{
	unsigned long nr, a0, a1, a2, sp, pc;
	char path[64], page[64];
	int ends[2];
	pid_t pid;

	must(pipe(ends) == 0);
	pid = fork();
	if (pid == 0)
		_exit(read(ends[0], page, sizeof(page)) != 0);
	sleep_ms(50);
	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	must(slurp(path, 512) > 0);
	ok(sscanf(buf, "%lu 0x%lx 0x%lx 0x%lx %*s %*s %*s 0x%lx 0x%lx", &nr, &a0, &a1, &a2, &sp,
		  &pc) == 6 && nr == SYS_read && a0 == (unsigned long)ends[0] &&
	   a1 == (unsigned long)page && a2 == sizeof(page) && sp && pc,
	   "syscall tells what a process sleeps in, and its arguments");
	own_call();
	kill(pid, SIGKILL);
	wait_for(pid);
	close(ends[0]);
	close(ends[1]);
	must(slurp("/proc/self/wchan", 64) > 0);
	ok(strcmp(buf, "0") == 0, "wchan is 0 for who does not sleep");
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (fork() == 0)
			hang(NULL);
		wait(NULL);
		_exit(0);
	}
	sleep_ms(50);
	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	must(slurp(path, 64) > 0);
	ok(strcmp(buf, "do_wait") == 0, "it names the kernel's function where one sleeps");
	kill(-pid, SIGKILL);
	wait_for(pid);
}

static void mapped_files(void)
{
	char path[128], target[128];
	char *p;
	struct stat a, b;
	ssize_t n;
	int fd = make_file("/tmp/proc-map", 3);

	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	must(p != MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)p, (long)p + 2 * PAGE);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	ok(strcmp(target, "/tmp/proc-map") == 0, "map_files has a link for each area of a file");
	unlink("/tmp/proc-map");
	ok(stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_ino == b.st_ino,
	   "which leads to it when its name is gone, too");
	ok(lstat(path, &a) == 0 && (a.st_mode & 0777) == 0600,
	   "its mode tells how the file is open");
	munmap(p, PAGE);
	fails(readlink(path, target, sizeof(target)), ENOENT,
	      "areas that are not there are ENOENT");
	munmap(p + PAGE, PAGE);
	close(fd);
}

/* How many entries below @path are no file, directory or link, or not what they are listed as. */
static int odd_types(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	int odd = 0;

	while (dir && (de = readdir(dir))) {
		char name[512];
		struct stat st;
		bool known;

		if (de->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, de->d_name);
		known = de->d_type == DT_REG || de->d_type == DT_DIR || de->d_type == DT_LNK;
		if (!known || (lstat(name, &st) == 0 && IFTODT(st.st_mode) != de->d_type)) {
			diag("%s is listed as type %d", name, de->d_type);
			odd++;
		}
		if (de->d_type == DT_DIR)
			odd += odd_types(name);
	}
	if (dir)
		closedir(dir);
	return odd;
}

static void types(void)
{
	is(odd_types("/proc/sys"), 0, "what /proc/sys lists has the type that it is listed with");
	is(odd_types("/proc/self"), 0, "those of a process, too");
}

static void body(void)
{
	meminfo();
	stat_file();
	status();
	queued();
	maps();
	pieces();
	links();
	general();
	processes();
	command_line();
	tunables();
	blanks();
	modes();
	overcommit();
	waiting();
	mapped_files();
	types();
}

int main(void)
{
	return tap_run(body, 10);
}
