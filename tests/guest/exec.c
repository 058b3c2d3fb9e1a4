/* exec.c - execve: arguments, environment, auxiliary vector, what is kept and what is reset,
 * scripts, and what is refused. The program executes itself under other first arguments. */
#include "tap.h"
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#define SELF	"/proc/self/exe"

extern char **environ;
extern char __ehdr_start[], etext[];

static int exec_status(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		execve(path, argv, envp);
		_exit(100 + (errno < 100 ? errno : 100));
	}
	return wait_for(pid);
}

static int exec_self(const char *mode, const char *arg)
{
	char *argv[] = { "exec", (char *)(uintptr_t)mode, (char *)(uintptr_t)arg, NULL };

	return exec_status(SELF, argv, environ);
}

#define exec_ok(mode, arg, ...)	is(exec_self(mode, arg), 0, __VA_ARGS__)

/* ---- what the new program looks at ---- */

static int mode_args(int argc, char **argv)
{
	return argc == 6 && !strcmp(argv[0], "zero") && !strcmp(argv[2], "") &&
	       !strcmp(argv[3], "two words") && !strcmp(argv[4], "\xff\x01") && argv[5][0] == 'x' &&
	       argv[6] == NULL ? 0 : 1;
}

static int mode_env(void)
{
	return environ[0] && !strcmp(environ[0], "A=1") && !strcmp(environ[1], "EMPTY=") &&
	       !strcmp(environ[2], "no equals sign") && !environ[3] &&
	       !strcmp(getenv("A"), "1") ? 0 : 1;
}

static int mode_auxv(void)
{
	unsigned long *random = (unsigned long *)getauxval(AT_RANDOM);
	Elf64_Phdr *ph = (Elf64_Phdr *)getauxval(AT_PHDR);
	size_t i, n = getauxval(AT_PHNUM);
	int loads = 0;

	if (getauxval(AT_PAGESZ) != PAGE)
		return 1;
	if (!ph || getauxval(AT_PHENT) != sizeof(*ph) || n < 2 || n > 32)
		return 2;
	for (i = 0; i < n; i++)
		loads += ph[i].p_type == PT_LOAD;
	if (loads < 2)
		return 3;
	if (getauxval(AT_ENTRY) < (unsigned long)__ehdr_start ||
	    getauxval(AT_ENTRY) >= (unsigned long)etext)
		return 4;
	if (!random || (random[0] == 0 && random[1] == 0))
		return 5;
	if (getauxval(AT_SECURE) != 0 || getauxval(AT_UID) != getuid() ||
	    getauxval(AT_EUID) != geteuid() || getauxval(AT_GID) != getgid())
		return 6;
	if (strcmp((char *)getauxval(AT_EXECFN), SELF))
		return 7;
	if (getauxval(AT_CLKTCK) != 100)
		return 8;
	if (getauxval(AT_BASE) != 0)
		return 9;
	if (getauxval(AT_HWCAP) == 0)
		return 10;
	return 0;
}

/* The stack pointer at entry must be a multiple of 16; main sees that through an aligned local. */
static int mode_align(void)
{
	typedef float vec __attribute__((vector_size(16)));
	volatile vec v = { 1, 2, 3, 4 };

	return ((unsigned long)&v & 15) == 0 && v[2] == 3 ? 0 : 1;
}

static int mode_fds(const char *arg)
{
	int kept = atoi(arg), closed = kept + 1;

	if (fcntl(kept, F_GETFD) != 0)
		return 1;
	return fcntl(closed, F_GETFD) == -1 && errno == EBADF ? 0 : 2;
}

static int mode_signals(void)
{
	struct sigaction sa;
	sigset_t set;
	stack_t st;

	sigaction(SIGUSR1, NULL, &sa);
	if (sa.sa_handler != SIG_DFL)
		return 1;
	sigaction(SIGUSR2, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		return 2;
	sigprocmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGHUP) || sigismember(&set, SIGINT))
		return 3;
	sigpending(&set);
	if (!sigismember(&set, SIGHUP) || !sigismember(&set, SIGALRM))
		return 4;
	if (sigismember(&set, SIGRTMIN))
		return 6;
	sigaltstack(NULL, &st);
	return st.ss_flags & SS_DISABLE ? 0 : 5;
}

static int mode_same(const char *arg)
{
	char cwd[64];

	if (getpid() != atoi(arg))
		return 1;
	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/tmp"))
		return 2;
	return umask(0) == 037 ? 0 : 3;
}

static int mode_fresh(const char *arg)
{
	char *p = (char *)strtoul(arg, NULL, 16);
	unsigned char vec;

	/* What the old program had mapped is gone. */
	return mincore(p, PAGE, &vec) == -1 && errno == ENOMEM ? 0 : 1;
}

static int mode_exe(void)
{
	char path[256];
	ssize_t n = readlink(SELF, path, sizeof(path) - 1);

	if (n <= 0)
		return 1;
	path[n] = 0;
	return path[0] == '/' && strcmp(strrchr(path, '/'), "/exec") == 0 ? 0 : 2;
}

static int mode_big(int argc, char **argv)
{
	int i;

	if (argc != 2002)
		return 1;
	for (i = 2; i < argc; i++)
		if (strlen(argv[i]) != 40 || atoi(argv[i]) != i)
			return 2;
	return 0;
}

static int mode_long(char **argv)
{
	size_t n = strlen(argv[2]);

	return n == 131071 && argv[2][0] == 'L' && argv[2][n - 1] == 'L' ? 0 : 1;
}

static int mode_comm(void)
{
	char name[32];
	ssize_t n;
	int fd = open("/proc/self/comm", O_RDONLY);

	if (fd < 0)
		return 1;
	n = read(fd, name, sizeof(name) - 1);
	if (n <= 0)
		return 2;
	name[n] = 0;
	return strcmp(name, "exe\n") == 0 ? 0 : 3;
}

/* ---- the tests ---- */

static void passing(void)
{
	char *args[] = { "zero", "args", "", "two words", "\xff\x01", "x", NULL };
	char *env[] = { "A=1", "EMPTY=", "no equals sign", NULL };
	char *argv[] = { "exec", "env", NULL }, *nothing[] = { NULL }, *none[] = { "NONE=1", NULL };

	is(exec_status(SELF, args, environ), 0, "arguments arrive as they were given");
	is(exec_status(SELF, argv, env), 0, "the environment arrives as it was given");
	is(exec_status(SELF, nothing, none), EXITED(55), "without arguments there is an empty one");
	exec_ok("auxv", NULL, "the auxiliary vector's values are right");
	exec_ok("align", NULL, "the stack is aligned to 16 bytes");
	exec_ok("exe", NULL, "/proc/self/exe names the program");
	exec_ok("comm", NULL, "the command name is the last part of the path");
}

/* One that has expired, and whose signal waits. */
static void expired_timer(int sig)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig };
	struct itimerspec soon = { .it_value = { 0, 1 } };
	sigset_t set;
	int id;

	must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0);
	must(syscall(SYS_timer_settime, id, 0, &soon, NULL) == 0);
	do {
		sched_yield();
		sigpending(&set);
	} while (!sigismember(&set, sig));
}

static int keep_signals(void *arg)
{
	struct itimerval soon = { .it_value = { 0, 1 } };
	static char alt[16384];
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) };
	char *argv[] = { "exec", "signals", NULL };
	sigset_t set;

	(void)arg;
	signal(SIGUSR1, (void (*)(int))exit);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigaltstack(&st, NULL);
	raise(SIGHUP);
	setitimer(ITIMER_REAL, &soon, NULL);
	do
		sigpending(&set);
	while (!sigismember(&set, SIGALRM));
	expired_timer(SIGRTMIN);
	execve(SELF, argv, environ);
	return 99;
}

static int keep_place(void *arg)
{
	char pid[16], *argv[] = { "exec", "same", pid, NULL };

	(void)arg;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	umask(037);
	if (chdir("/tmp"))
		return 98;
	execve(SELF, argv, environ);
	return 99;
}

static void keeping(void)
{
	char number[32], *p = map_anon(PAGE, PROT_READ | PROT_WRITE);
	int kept = fcntl(1, F_DUPFD, 20), closed = fcntl(1, F_DUPFD_CLOEXEC, kept + 1);

	must(closed == kept + 1);
	snprintf(number, sizeof(number), "%d", kept);
	exec_ok("fds", number, "descriptors stay open, but those with O_CLOEXEC close");
	close(kept);
	close(closed);
	child_ok(keep_signals, NULL,
		 "handlers are reset; ignored signals, mask and pending ones kept, not timers'");
	child_ok(keep_place, NULL, "pid, directory and umask are kept");
	snprintf(number, sizeof(number), "%lx", (unsigned long)p);
	exec_ok("fresh", number, "the old memory is gone");
	munmap(p, PAGE);
}

/* ---- a SIGKILL that looks like a timer's comes in the middle ---- */

static int mode_loop(void)
{
	char *argv[] = { "exec", "loop", NULL };

	execve(SELF, argv, environ);
	return 99;
}

/* False: it lives on. */
static int dies(pid_t pid)
{
	int status, tries = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (tries++ == 3000) {
			kill(pid, SIGKILL);
			wait_for(pid);
			return 0;
		}
		usleep(1000);
	}
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void killed_while_it_execs(void)
{
	siginfo_t info = { .si_signo = SIGKILL, .si_code = SI_TIMER };
	int i, dead = 0;

	for (i = 0; i < 60 && dead == i; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0)
			_exit(mode_loop());
		usleep(2000 + i * 137);
		must(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGKILL, &info) == 0);
		dead += dies(pid);
	}
	is(dead, 60, "a SIGKILL is not forgotten by exec, whoever seems to send it");
}

static void big(void)
{
	static char text[2001][41];
	static char *argv[2004];
	char *one, *small[] = { "exec", "long", NULL, NULL };
	int i;

	argv[0] = "exec";
	argv[1] = "big";
	for (i = 2; i < 2002; i++) {
		snprintf(text[i - 2], 41, "%-40d", i);
		argv[i] = text[i - 2];
	}
	argv[2002] = NULL;
	is(exec_status(SELF, argv, environ), 0, "2000 arguments, 82 KB in all, arrive");
	one = map_anon(MIB, PROT_READ | PROT_WRITE);
	memset(one, 'L', 131071);
	small[2] = one;
	is(exec_status(SELF, small, environ), 0, "one argument of 131071 bytes arrives");
	one[131071] = 'L';
	is(exec_status(SELF, small, environ), EXITED(100 + E2BIG), "one more byte is E2BIG");
	for (i = 2; i < 100; i++)
		argv[i] = one + 2;
	argv[100] = NULL;
	is(exec_status(SELF, argv, environ), EXITED(100 + E2BIG),
	   "12 MB of arguments are E2BIG");
	munmap(one, MIB);
}

/* The size of our stack's area. */
static unsigned long stack_bytes(void)
{
	unsigned long start, end, here = (unsigned long)&end, bytes = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];

	while (!bytes && f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start <= here && here < end)
			bytes = end - start;
	if (f)
		fclose(f);
	return bytes;
}

/* How much stack, in pages, do we have beyond the strings? @arg: the limit in KiB. */
static int mode_stack(int argc, char **argv)
{
	unsigned long limit = strtoul(argv[2], NULL, 10) * 1024, bytes = stack_bytes();
	unsigned long strings = 0;
	int i;

	for (i = 3; i < argc; i++)
		strings += strlen(argv[i]) + 1;
	if (!bytes || bytes > limit)
		return 1;
	/* 128 KiB more, and what our own frames needed. */
	return bytes < limit && bytes < strings + (128 << 10) ? 2 : 0;
}

static rlim_t stack_limit;

static int exec_limited(void *argv)
{
	struct rlimit r = { stack_limit, RLIM_INFINITY };
	char *envp[] = { NULL };

	if (setrlimit(RLIMIT_STACK, &r))
		return 99;
	execve(SELF, argv, envp);
	return 100 + (errno < 100 ? errno : 100);
}

/* Wait status of a program that gets @nr strings of @bytes, NUL included, under a stack limit. */
static int exec_with_stack(unsigned int kib, int nr, size_t bytes)
{
	static char *argv[1000], text[131073], number[12];
	int i;

	snprintf(number, sizeof(number), "%u", kib);
	memset(text, 'x', sizeof(text));
	text[bytes - 1] = 0;
	argv[0] = "exec";
	argv[1] = "stack";
	argv[2] = number;
	for (i = 0; i < nr; i++)
		argv[3 + i] = text;
	argv[3 + nr] = NULL;
	stack_limit = kib * 1024UL;
	return child(exec_limited, argv);
}

static void small_stacks(void)
{
	const int too_big = EXITED(100 + E2BIG);

	is(exec_with_stack(64, 0, 1), 0, "under a limit of 64 KiB a program has that much stack");
	is(exec_with_stack(64, 10, 4096), 0, "also with 40 KiB of strings");
	ok(exec_with_stack(64, 15, 4096) != too_big, "60 KiB may be too much for the program");
	is(exec_with_stack(64, 16, 4096), too_big, "strings that fill the limit are too big");
	is(exec_with_stack(120, 24, 4096), 0, "96 KiB of strings fit into 120 KiB");
	is(exec_with_stack(120, 30, 4096), too_big, "120 KiB do not");
	is(exec_with_stack(120, 1, 131072), too_big, "nor does one long string");
	is(exec_with_stack(160, 31, 4096), 0, "a limit of 160 KiB takes 124 KiB of strings");
	is(exec_with_stack(160, 32, 4096), too_big, "and not 128 KiB");
	is(exec_with_stack(1024, 63, 4096), 0, "of a larger limit a quarter is for strings");
	is(exec_with_stack(1024, 64, 4096), too_big, "and no more");
	is(exec_with_stack(8192, 510, 4096), 0, "2 MiB of 8");
	is(exec_with_stack(8192, 512, 4096), too_big, "and no more of these either");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	must(chmod(path, mode) == 0);
}

static void scripts(void)
{
	char *argv[] = { "name", "one", "two", NULL };
	char self[256], text[512];
	ssize_t n = readlink(SELF, self, sizeof(self) - 1);

	must(n > 0);
	self[n] = 0;
	snprintf(text, sizeof(text), "#!%s\n", self);
	write_file("/tmp/exec.sh", text, 0755);
	is(exec_status("/tmp/exec.sh", argv, environ), EXITED(61),
	   "a script runs its interpreter with the script's path and the arguments");
	snprintf(text, sizeof(text), "#! %s  script and args \nmore\n", self);
	write_file("/tmp/exec.sh", text, 0755);
	is(exec_status("/tmp/exec.sh", argv, environ), EXITED(62),
	   "what follows the interpreter is one argument");
	write_file("/tmp/exec.2", "#!/tmp/exec.sh\n", 0755);
	is(exec_status("/tmp/exec.2", argv, environ), EXITED(63),
	   "an interpreter can be a script");
	write_file("/tmp/exec.sh", "#!/tmp/nowhere\n", 0755);
	is(exec_status("/tmp/exec.sh", argv, environ), EXITED(100 + ENOENT),
	   "a missing interpreter is ENOENT");
	write_file("/tmp/exec.sh", "#!\n", 0755);
	is(exec_status("/tmp/exec.sh", argv, environ), EXITED(100 + ENOEXEC),
	   "no interpreter is ENOEXEC");
	write_file("/tmp/exec.sh", "#!/tmp/exec.sh\n", 0755);
	is(exec_status("/tmp/exec.sh", argv, environ), EXITED(100 + ELOOP),
	   "a script that interprets itself is ELOOP");
	unlink("/tmp/exec.sh");
	unlink("/tmp/exec.2");
}

static void refused(void)
{
	char *argv[] = { "exec", "args", NULL };
	char *bad[] = { "exec", hide(8), NULL };
	int fd;

	is(exec_status("/tmp/nowhere", argv, environ), EXITED(100 + ENOENT), "no file is ENOENT");
	is(exec_status("", argv, environ), EXITED(100 + ENOENT), "an empty name is ENOENT");
	is(exec_status("/tmp", argv, environ), EXITED(100 + EACCES), "a directory is EACCES");
	write_file("/tmp/exec.x", "echo hello\n", 0644);
	is(exec_status("/tmp/exec.x", argv, environ), EXITED(100 + EACCES),
	   "a file that is not executable is EACCES");
	is(exec_status("/tmp/exec.x/y", argv, environ), EXITED(100 + ENOTDIR),
	   "a path through a file is ENOTDIR");
	must(chmod("/tmp/exec.x", 0755) == 0);
	is(exec_status("/tmp/exec.x", argv, environ), EXITED(100 + ENOEXEC),
	   "a text without #! is ENOEXEC");
	write_file("/tmp/exec.x", "", 0755);
	is(exec_status("/tmp/exec.x", argv, environ), EXITED(100 + ENOEXEC),
	   "an empty file is ENOEXEC");
	is(exec_status(hide(8), argv, environ), EXITED(100 + EFAULT), "a bad path is EFAULT");
	is(exec_status(SELF, (char **)hide(8), environ), EXITED(100 + EFAULT),
	   "a bad argv is EFAULT");
	is(exec_status(SELF, bad, environ), EXITED(100 + EFAULT),
	   "a bad pointer in argv is EFAULT");
	is(exec_status(SELF, argv, (char **)KERNEL_ADDR), EXITED(100 + EFAULT),
	   "a kernel address as environment is EFAULT");
	unlink("/tmp/exec.x");
	fd = open("/tmp/exec.x", O_WRONLY | O_CREAT, 0755);
	close(fd);
	unlink("/tmp/exec.x");
}

static int again_and_again(void *arg)
{
	char *argv[] = { "exec", "again", "100", NULL };

	(void)arg;
	execve(SELF, argv, environ);
	return 99;
}

static int mode_again(const char *arg)
{
	char left[16], *argv[] = { "exec", "again", left, NULL };
	int n = atoi(arg);

	if (n == 0)
		return 0;
	snprintf(left, sizeof(left), "%d", n - 1);
	execve(SELF, argv, environ);
	return 99;
}

static void body(void)
{
	passing();
	keeping();
	killed_while_it_execs();
	big();
	small_stacks();
	scripts();
	refused();
	child_ok(again_and_again, NULL, "a process can exec 100 times");
}

static int script_mode(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "/tmp/exec.sh"))
		return argc == 4 && !strcmp(argv[2], "one") && !strcmp(argv[3], "two") ? 61 : 60;
	if (argc == 5 && !strcmp(argv[1], "script and args") && !strcmp(argv[2], "/tmp/exec.sh"))
		return !strcmp(argv[3], "one") ? 62 : 60;
	if (argc == 6 && !strcmp(argv[1], "script and args") && !strcmp(argv[3], "/tmp/exec.2"))
		return !strcmp(argv[4], "one") ? 63 : 60;
	return -1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";
	int ret = script_mode(argc, argv);

	if (ret >= 0)
		return ret;
	if (getenv("NONE"))
		return argc == 1 && argv[0][0] == 0 && !argv[1] ? 55 : 56;
	if (!strcmp(mode, "args"))
		return mode_args(argc, argv);
	if (!strcmp(mode, "env"))
		return mode_env();
	if (!strcmp(mode, "auxv"))
		return mode_auxv();
	if (!strcmp(mode, "align"))
		return mode_align();
	if (!strcmp(mode, "stack"))
		return mode_stack(argc, argv);
	if (!strcmp(mode, "exe"))
		return mode_exe();
	if (!strcmp(mode, "comm"))
		return mode_comm();
	if (!strcmp(mode, "fds"))
		return mode_fds(arg);
	if (!strcmp(mode, "signals"))
		return mode_signals();
	if (!strcmp(mode, "same"))
		return mode_same(arg);
	if (!strcmp(mode, "fresh"))
		return mode_fresh(arg);
	if (!strcmp(mode, "big"))
		return mode_big(argc, argv);
	if (!strcmp(mode, "long"))
		return mode_long(argv);
	if (!strcmp(mode, "loop"))
		return mode_loop();
	if (!strcmp(mode, "again"))
		return mode_again(arg);
	return tap_run(body, 20);
}
