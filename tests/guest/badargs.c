/* badargs.c - every system call with every argument bad in every way: the errno is Linux's.
 * badargs.h lists calls with good arguments. The walk replaces one argument at a time by all bad
 * values of its kind; each argument's values are tried in one child, in a scene that is made anew.
 * What Linux answered stands in badargs_linux.h. Words on the kernel's command line or in the
 * environment: badargs_record=1 prints that file's lines instead of comparing.
 * Read:   badargs.h; record-badargs, which makes the file. */
#include "badargs.h"
#include "badargs_linux.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#define MAX_VALUES	28
#define NR_CALLS	COUNT(calls)

/* Results that are no errno. */
#define NOT_REACHED	999
#define KILLED		900	/* plus the signal */

struct value {
	const char *name;
	long value;
};

static const struct value *const values[NR_KINDS] = {
	[FD] = (const struct value[]){
		{ "-1", -1 }, { "9999", 9999 }, { "2^31-1", 0x7fffffff }, { "-2^31", -0x80000000L },
		{ "a file to read", FILE_R }, { "a file to write", FILE_W },
		{ "O_PATH", FILE_PATH }, { "a directory", DIRECTORY }, { "a pipe to read", PIPE_R },
		{ "a pipe to write", PIPE_W }, { "/dev/zero", ZERO }, { "an eventfd", EVENT },
		{ "a full pipe", FULL_W }, { "upper bits", FILE_RW | 1L << 32 }, { NULL, 0 } },
	[DIRFD] = (const struct value[]){
		{ "-1", -1 }, { "9999", 9999 }, { "2^31-1", 0x7fffffff }, { "-2^31", -0x80000000L },
		{ "a file", FILE_RW }, { "O_PATH", FILE_PATH }, { "a directory", DIRECTORY },
		{ "a pipe", PIPE_R }, { NULL, 0 } },
	[PATH] = (const struct value[]){
		{ "NULL", 0 }, { "unmapped", HOLE }, { "kernel", (long)0xffffffff81000000 },
		{ "not canonical", (long)0x8000000000000000 }, { "-1", -1 },
		{ "no end", EDGE + 4090 }, { "no access", NO_ACCESS }, { "empty", EMPTY },
		{ "new", NEW_NAME }, { "file", FILE_NAME }, { "dir", DIR_NAME },
		{ "link", LINK_NAME }, { "loop", LOOP_NAME }, { "dangling", DANGLING_NAME },
		{ "below a file", BELOW_FILE }, { "below nothing", BELOW_NOTHING },
		{ "new/", DIR_SLASH }, { "file/", FILE_SLASH }, { "dir/.", DOT_NAME },
		{ "dir/..", DOTDOT_NAME }, { "long name", LONG_NAME }, { "long path", LONG_PATH },
		{ "/", ROOT_NAME }, { "a mount point", FULL_DIR }, { "/proc/version", PROC_NAME },
		{ NULL, 0 } },
	[IN] = (const struct value[]){
		{ "NULL", 0 }, { "unmapped", HOLE }, { "kernel", (long)0xffffffff81000000 },
		{ "not canonical", (long)0x8000000000000000 }, { "-1", -1 }, { "-16", -16 },
		{ "last byte", EDGE + 4095 }, { "last 8 bytes", EDGE + 4088 },
		{ "no access", NO_ACCESS }, { NULL, 0 } },
	[OUT] = (const struct value[]){
		{ "NULL", 0 }, { "unmapped", HOLE }, { "kernel", (long)0xffffffff81000000 },
		{ "not canonical", (long)0x8000000000000000 }, { "-1", -1 }, { "-16", -16 },
		{ "last byte", EDGE + 4095 }, { "last 8 bytes", EDGE + 4088 },
		{ "no access", NO_ACCESS }, { "read-only", READ_ONLY }, { "code", CODE },
		{ NULL, 0 } },
	[INT] = (const struct value[]){
		{ "-1", -1 }, { "0", 0 }, { "1", 1 }, { "2", 2 }, { "3", 3 }, { "7", 7 },
		{ "64", 64 }, { "2^16", 1 << 16 }, { "2^31-1", 0x7fffffff },
		{ "2^31", 0x80000000L },
		{ "2^32", 1L << 32 }, { "-2^63", (long)(1UL << 63) }, { NULL, 0 } },
	[LEN] = (const struct value[]){
		{ "-1", -1 }, { "0", 0 }, { "1", 1 }, { "3", 3 }, { "7", 7 }, { "4095", 4095 },
		{ "2^31-1", 0x7fffffff }, { "2^31", 0x80000000L }, { "2^32", 1L << 32 },
		{ "2^56", 1L << 56 }, { "2^63-1", 0x7fffffffffffffff },
		{ "-2^63", (long)(1UL << 63) }, { NULL, 0 } },
	[OFF] = (const struct value[]){
		{ "-1", -1 }, { "0", 0 }, { "1", 1 }, { "4095", 4095 }, { "2^40", 1L << 40 },
		{ "2^63-1", 0x7fffffffffffffff }, { "2^63-4096", 0x7ffffffffffff000 },
		{ "-2^63", (long)(1UL << 63) }, { NULL, 0 } },
	[ID] = (const struct value[]){
		{ "-1", -1 }, { "-2", -2 }, { "1000", 1000 }, { "2^31-1", 0x7fffffff },
		{ "2^32", 1L << 32 }, { NULL, 0 } },
	[PID] = (const struct value[]){
		{ "-1", -1 }, { "0", 0 }, { "1", 1 }, { "99999999", 99999999 },
		{ "2^31-1", 0x7fffffff }, { "-2^31", -0x80000000L }, { "self", SELF },
		{ NULL, 0 } },
	[SIG] = (const struct value[]){
		{ "-1", -1 }, { "0", 0 }, { "SIGKILL", SIGKILL }, { "65", 65 }, { "128", 128 },
		{ "2^31-1", 0x7fffffff }, { NULL, 0 } },
	[ADDR] = (const struct value[]){
		{ "NULL", 0 }, { "1", 1 }, { "unmapped", HOLE }, { "unaligned", AREA + 1 },
		{ "unmapped and unaligned", HOLE + 8 }, { "kernel", (long)0xffffffff81000000 },
		{ "not canonical", (long)0x8000000000000000 }, { "-4096", -4096 }, { NULL, 0 } },
	[PAGES] = (const struct value[]){
		{ "-1", -1 }, { "-4096", -4096 }, { "0", 0 }, { "1", 1 }, { "4095", 4095 },
		{ "3 pages", 12288 }, { "7 pages", 28672 }, { "2^40", 1L << 40 },
		{ "2^56", 1L << 56 }, { "2^63-1", 0x7fffffffffffffff },
		{ "-2^63", (long)(1UL << 63) }, { NULL, 0 } },
};

/* Where an answer may be another one here, and why. */
static const struct difference {
	const char *call;
	int arg;
	const char *value;
	const char *why;
} differences[] = {
	{ "pwrite64", 3, "2^63-4096", "files end a page before 2^63" },
	{ "pwritev", 3, "2^63-4096", "files end a page before 2^63" },
	{ "pwritev2", 3, "2^63-4096", "files end a page before 2^63" },
	{ "lseek", 1, "2^63-1", "files end a page before 2^63" },
	{ "truncate", 1, "2^63-1", "files end a page before 2^63" },
	{ "ftruncate", 1, "2^63-1", "files end a page before 2^63" },
	{ "fallocate", 3, "2^63-1", "files end a page before 2^63" },
	{ "fallocate/hole", 3, "2^63-1", "files end a page before 2^63" },
	{ "memfd_create", 1, "7", "there are no huge pages" },
	{ "chmod", 0, "/proc/version", "procfs keeps its modes and owners" },
	{ "fchmodat", 1, "/proc/version", "procfs keeps its modes and owners" },
	{ "chown", 0, "/proc/version", "procfs keeps its modes and owners" },
	{ "lchown", 0, "/proc/version", "procfs keeps its modes and owners" },
	{ "fchownat", 1, "/proc/version", "procfs keeps its modes and owners" },
	{ "mmap/fixed", 0, "NULL", "nobody may map the first page, root neither" },
	{ "mremap/fixed", 4, "NULL", "nobody may map the first page, root neither" },
	{ "mremap/fixed", 4, "1", "the area has not moved to the first page" },
	{ "mremap/fixed", 4, "unmapped", "the area has not moved to the first page" },
	{ "mremap", 2, "2^56", "the length is looked at before the area" },
	{ "mremap", 2, "2^63-1", "the length is looked at before the area" },
	{ "mremap", 2, "-2^63", "the length is looked at before the area" },
	{ "futex/op", 1, "7", "futexes do not inherit priority" },
	{ "setgroups", 0, "64", "a process has 32 groups at most" },
	{ "setgroups", 0, "2^16", "a process has 32 groups at most" },
	{ "clock_nanosleep", 0, "2", "the call itself uses some of the time that it waits for" },
	{ "timer_create", 0, "2", "there are no timers of processor time" },
	{ "timer_create", 0, "3", "there are no timers of processor time" },
};

static short (*result)[6][MAX_VALUES];		/* of all calls; children write it */

/* ---- the scene ---- */

static void put_string(long at, const char *text)
{
	strcpy((char *)at, text);
}

static void put_names(void)
{
	static const char *const names[] = {
		"/tmp/bad/file", "/tmp/bad/new", "/tmp/bad/dir", "/tmp/bad/link", "/tmp/bad/loop",
		"/tmp/bad/dangling", "/tmp/bad/file/x", "/tmp/bad/none/x", "/tmp/bad/new/",
		"/tmp/bad/file/", "/", "/tmp/bad/dir/.", "/tmp/bad/dir/..", "", "tmpfs", "/tmp/bad",
		"/proc/version", "user.tag",
	};
	char *path = (char *)LONG_PATH;
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		put_string(NAME(i), names[i]);
	put_string(LONG_NAME, "/tmp/bad/");
	memset((char *)LONG_NAME + 9, 'n', 256);
	for (i = 0; i < 2048; i++)
		memcpy(path + 2 * i, "./", 2);
	strcpy(path + 4096, "file");
}

static void put_structs(void)
{
	struct iovec two[2] = { { (void *)BUFFER, 16 }, { (void *)(BUFFER + 64), 16 } };
	struct iovec remote = { (void *)(BUFFER + 128), 16 };
	struct timespec micro = { 0, 1000 };
	struct pollfd pfd = { FILE_RW, POLLIN, 0 };
	unsigned long clone_args[11] = { [4] = SIGCHLD };
	unsigned int caps[2] = { 0x20080522, 0 };
	stack_t stack = { (void *)AREA, 0, 8192 };
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct epoll_event event = { .events = EPOLLIN };
	struct flock lock = { F_RDLCK, SEEK_SET, 0, 0, 0 };
	siginfo_t info = { .si_code = SI_QUEUE };
	unsigned long pair[2] = { SET, 8 }, argv[2] = { FILE_NAME, 0 };

	memcpy((void *)VECTOR, two, sizeof(two));
	memcpy((void *)REMOTE, &remote, sizeof(remote));
	memcpy((void *)SHORT_TIME, &micro, sizeof(micro));
	memcpy((void *)POLL, &pfd, sizeof(pfd));
	memcpy((void *)CLONE_ARGS, clone_args, sizeof(clone_args));
	memcpy((void *)CAPS, caps, sizeof(caps));
	memcpy((void *)STACK, &stack, sizeof(stack));
	memcpy((void *)EVENT_NONE, &none, sizeof(none));
	memcpy((void *)EPOLL_EVENT, &event, sizeof(event));
	memcpy((void *)LOCK, &lock, sizeof(lock));
	memcpy((void *)INFO, &info, sizeof(info));
	memcpy((void *)MASK_PAIR, pair, sizeof(pair));
	memcpy((void *)ARGV, argv, sizeof(argv));
	*(unsigned long *)FD_BITS = 1UL << FILE_RW;
	*(unsigned long *)CPUS = 1;
}

static void put_memory(void)
{
	map_at((char *)AT(0, 0), 6 * PAGE, PROT_READ | PROT_WRITE);
	map_at((char *)AT(7, 0), 2 * PAGE, PROT_READ | PROT_WRITE);
	map_at((char *)AREA, 4 * PAGE, PROT_READ | PROT_WRITE);
	map_at((char *)CODE, PAGE, PROT_READ | PROT_EXEC);
	memset((char *)EDGE, '@', PAGE);
	put_names();
	put_structs();
	must(mprotect((char *)READ_ONLY, PAGE, PROT_READ) == 0);
	must(mprotect((char *)NO_ACCESS, PAGE, PROT_NONE) == 0);
}

static void put_fd(int fd, long at)
{
	must(fd >= 0 && dup2(fd, (int)at) == at);
	if (fd != at)
		close(fd);
}

static void put_files(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	static char page[PAGE];
	sigset_t none;
	int ends[2];

	sigemptyset(&none);
	must(mount("bad", "/tmp/bad", "tmpfs", 0, "size=4m") == 0);
	put_fd(open("/tmp/bad/file", O_RDWR | O_CREAT, 0755), FILE_RW);
	must(write(FILE_RW, page, PAGE) == PAGE && write(FILE_RW, page, PAGE) == PAGE);
	must(mkdir("/tmp/bad/dir", 0755) == 0 && symlink("file", "/tmp/bad/link") == 0);
	must(symlink("loop", "/tmp/bad/loop") == 0 && symlink("gone", "/tmp/bad/dangling") == 0);
	lseek(FILE_RW, 0, SEEK_SET);
	put_fd(open("/tmp/bad/file", O_RDONLY), FILE_R);
	put_fd(open("/tmp/bad/file", O_WRONLY), FILE_W);
	put_fd(open("/tmp/bad/file", O_PATH), FILE_PATH);
	put_fd(open("/tmp/bad/dir", O_RDONLY), DIRECTORY);
	put_fd(open("/dev/zero", O_RDWR), ZERO);
	put_fd(eventfd(1, EFD_NONBLOCK), EVENT);
	put_fd(open("/tmp/bad/other", O_RDWR | O_CREAT, 0600), OTHER);
	must(pipe2(ends, O_NONBLOCK) == 0);
	must(write(ends[1], page, 16) == 16);
	put_fd(ends[0], PIPE_R);
	put_fd(ends[1], PIPE_W);
	must(pipe2(ends, O_NONBLOCK) == 0);
	while (write(ends[1], page, PAGE) > 0)
		;
	put_fd(ends[1], FULL_W);
	put_fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), TIMERFD);
	put_fd(signalfd(-1, &none, SFD_NONBLOCK), SIGNALFD);
	put_fd(epoll_create1(0), EPOLL);
	must(epoll_ctl(EPOLL, EPOLL_CTL_ADD, EVENT, &event) == 0);
}

static void nothing(int sig)
{
	(void)sig;
}

static void set_scene(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	int fd;

	for (fd = 3; fd < 64; fd++)
		close(fd);
	put_files();
	put_memory();
	sigaction(SIGALRM, &sa, NULL);
	must(syscall(SYS_timer_create, CLOCK_MONOTONIC, EVENT_NONE, BUFFER) == 0);
	setsid();
}

/* ---- one call ---- */

static long call6(long nr, const long *a)
{
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]),
			 "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return ret;
}

static long real_value(long value)
{
	return value == SELF ? getpid() : value;
}

static int scale = 1;	/* of time: how slow the machine may be */

/* What the call answers with its argument @arg as @value. A sleeping one is woken after a while. */
static short answer(const struct call *call, int arg, long value)
{
	struct itimerval soon = { { 0, 300000 }, { 0, 20000 * scale } }, never = { 0 };
	long a[6], ret;
	int i;

	for (i = 0; i < 6; i++)
		a[i] = real_value(i == arg ? value : call->arg[i].good);
	setitimer(ITIMER_REAL, &soon, NULL);
	ret = call6(call->nr, a);
	if (ret == 0 && (call->nr == SYS_clone || call->nr == SYS_clone3))
		_exit(0);
	setitimer(ITIMER_REAL, &never, NULL);
	return ret < 0 && ret > -4096 ? (short)-ret : 0;
}

/* Calls that would do harm beyond the child. */
static bool too_much(const struct call *call, int arg, long value)
{
	if (call->nr == SYS_mount || call->nr == SYS_umount2)
		return value == ROOT_NAME || value == FULL_DIR || value == PROC_NAME ||
		       value == DOTDOT_NAME;
	if (value == SIGKILL && call->arg[arg].kind == SIG)
		return call->nr != SYS_rt_sigaction;
	if (call->nr == SYS_madvise && value >= 1L << 56)
		return true;		/* all of its own memory */
	if ((call->nr == SYS_setrlimit || call->nr == SYS_prlimit64) && (int)value == RLIMIT_CPU)
		return call->arg[arg].kind == INT;
	return call->nr == SYS_sched_setaffinity && value == 1;
}

static int try_values(int c, int arg)
{
	const struct value *v = values[calls[c].arg[arg].kind];
	int i;

	set_scene();
	for (i = 0; v[i].name; i++)
		if (!too_much(&calls[c], arg, v[i].value))
			result[c][arg][i] = answer(&calls[c], arg, v[i].value);
		else
			result[c][arg][i] = 0;
	return 0;
}

/* All of one argument, in a child of its own. */
static void walk_argument(int c, int arg)
{
	int status, i;
	pid_t pid;

	for (i = 0; i < MAX_VALUES; i++)
		result[c][arg][i] = NOT_REACHED;
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		_exit(try_values(c, arg));
	status = wait_for(pid);
	umount2("/tmp/bad", MNT_DETACH);
	for (i = 0; WIFSIGNALED(status) && i < MAX_VALUES; i++) {
		if (result[c][arg][i] == NOT_REACHED) {
			result[c][arg][i] = (short)(KILLED + WTERMSIG(status));
			break;
		}
	}
}

static void walk_call(int c)
{
	int arg;

	for (arg = 0; arg < 6; arg++)
		if (calls[c].arg[arg].kind != FIXED)
			walk_argument(c, arg);
}

/* ---- the verdict ---- */

/* The recording's line for a call: the answers of each walked argument, and "/" behind each. */
static const char *recorded(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(on_linux); i++)
		if (strcmp(on_linux[i].call, name) == 0)
			return on_linux[i].answers;
	return NULL;
}

static const char *expected_difference(const char *call, int arg, const char *value)
{
	size_t i;

	for (i = 0; i < COUNT(differences); i++)
		if (strcmp(differences[i].call, call) == 0 && differences[i].arg == arg &&
		    strcmp(differences[i].value, value) == 0)
			return differences[i].why;
	return NULL;
}

static int compare_argument(const struct call *call, const short *got, int arg, const char **text)
{
	const struct value *v = values[call->arg[arg].kind];
	int wrong = 0, i;

	for (i = 0; v[i].name; i++) {
		char *end;
		long want = strtol(*text, &end, 10);

		if (end == *text)
			want = NOT_REACHED;
		*text = end;
		if (got[i] == want || (on_avocet() &&
				       expected_difference(call->name, arg, v[i].name)))
			continue;
		wrong++;
		diag("%s, argument %d is %s: got %d (%s), Linux %ld (%s)", call->name, arg + 1,
		     v[i].name, got[i], strerror(got[i]), want, strerror((int)want));
	}
	*text += strspn(*text, " /");
	return wrong;
}

/* Some of what Linux has answered goes for machines of the recording's size. */
static bool of_a_smaller_machine(const struct call *call)
{
	return (call->nr == SYS_sched_setaffinity && sysconf(_SC_NPROCESSORS_ONLN) > 4) ||
	       (call->nr == SYS_shmget && meminfo_kib("MemTotal") > 1024 * 1024);
}

static void compare_call(int c)
{
	const char *text = recorded(calls[c].name);
	int wrong = 0, arg;

	if (!text) {
		ok(false, "%s is recorded", calls[c].name);
		return;
	}
	if (of_a_smaller_machine(&calls[c])) {
		skip("its answers are of a smaller machine", "%s", calls[c].name);
		return;
	}
	for (arg = 0; arg < 6; arg++)
		if (calls[c].arg[arg].kind != FIXED)
			wrong += compare_argument(&calls[c], result[c][arg], arg, &text);
	is(wrong, 0, "%s", calls[c].name);
}

static void record_call(int c)
{
	char line[1500];
	int arg, i, len = 0;

	for (arg = 0; arg < 6; arg++) {
		if (calls[c].arg[arg].kind == FIXED)
			continue;
		for (i = 0; values[calls[c].arg[arg].kind][i].name; i++)
			len += sprintf(line + len, "%d ", result[c][arg][i]);
		len += sprintf(line + len, "/ ");
	}
	line[len - 1] = 0;
	diag("record %s: %s", calls[c].name, line);
}

/* The segments that shmget made in all scenes: their numbers are arguments meanwhile. */
static void remove_segments(void)
{
	char ds[128];
	int i, id;

	for (i = 0; i < 256; i++) {
		id = (int)syscall(SYS_shmctl, i, 13 /* SHM_STAT */, ds);
		if (id >= 0)
			syscall(SYS_shmctl, id, 0 /* IPC_RMID */, NULL);
	}
}

static void body(void)
{
	bool record = getenv("badargs_record") != NULL;
	struct utsname names;
	size_t c;

	must(uname(&names) == 0);
	if (getenv("TIMEOUT_SCALE"))
		scale = atoi(getenv("TIMEOUT_SCALE"));
	result = map_shared(NR_CALLS * sizeof(*result));
	mkdir("/tmp/bad", 0755);
	for (c = 0; c < NR_CALLS; c++) {
		walk_call((int)c);
		if (record)
			record_call((int)c);
		else
			compare_call((int)c);
	}
	remove_segments();
	rmdir("/tmp/bad");
	/* What the calls have done to things that stay. */
	must(chmod("/", 0755) == 0 && chown("/", 0, 0) == 0);
	must(sethostname(names.nodename, strlen(names.nodename)) == 0);
}

int main(void)
{
	return tap_run(body, 28);
}
