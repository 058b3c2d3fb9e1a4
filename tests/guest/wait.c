/* wait.c - exit and wait4: every form of status, every way to ask. */
#include "tap.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static pid_t start(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		_exit(fn(arg));
	return pid;
}

static int leave(void *arg)
{
	return (int)(intptr_t)arg;
}

static int die_of(void *arg)
{
	kill(getpid(), (int)(intptr_t)arg);
	return 111;
}

static int from_atexit_free_exit(void *arg)
{
	(void)arg;
	syscall(SYS_exit, 0x1234);
	return 1;
}

static void statuses(void)
{
	is(child(leave, (void *)0), 0, "exit(0) is status 0");
	is(child(leave, (void *)255), EXITED(255), "exit(255) is told as 255");
	is(child(leave, (void *)0x1ff), EXITED(255), "exit passes only eight bits");
	is(child(from_atexit_free_exit, NULL), EXITED(0x34), "so does the bare system call");
	is(child(die_of, (void *)SIGKILL), SIGKILL, "death by SIGKILL is told");
	is(child(die_of, (void *)SIGTERM), SIGTERM, "death by SIGTERM is told");
	is(child(die_of, (void *)(intptr_t)SIGRTMIN), SIGRTMIN,
	   "death by a real-time signal is told");
	is(child(die_of, (void *)SIGABRT) & 0x7f, SIGABRT, "death by SIGABRT is told");
	is(child(die_of, (void *)SIGCHLD), EXITED(111), "SIGCHLD kills nobody");
}

static void choosing(void)
{
	pid_t a = start(leave, (void *)1), b = start(leave, (void *)2), got;
	int status = -1;

	is(waitpid(b, &status, 0), b, "one child can be asked for by its pid");
	is(status, EXITED(2), "its status is told");
	is(waitpid(-1, &status, 0), a, "any child can be asked for");
	fails(waitpid(-1, &status, 0), ECHILD, "without children it is ECHILD");
	fails(waitpid(a, &status, 0), ECHILD, "a child that was waited for is ECHILD");
	fails(waitpid(1, &status, 0), ECHILD, "a process that is no child is ECHILD");
	fails(waitpid(getpid(), &status, 0), ECHILD, "so is oneself");
	a = start(leave, (void *)3);
	is(waitpid(0, &status, 0), a, "pid 0 is any child of the own group");
	a = start(hang, NULL);
	setpgid(a, a);
	b = start(leave, (void *)4);
	got = waitpid(-a, &status, WNOHANG);
	is(got, 0, "a negative pid is any child of that group");
	fails(waitpid(-b, &status, WNOHANG), ECHILD, "a group without children is ECHILD");
	is(wait_for(b), EXITED(4), "the other group's child can still be waited for");
	kill(a, SIGKILL);
	is(waitpid(-a, &status, 0), a, "the group's child is told when it ends");
	fails(waitpid(-1, &status, 0x1000), EINVAL, "unknown options are EINVAL");
}

static void not_hanging(void)
{
	pid_t pid = start(hang, NULL);
	int status = 77;

	is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG returns 0 while the child runs");
	is(status, 77, "and leaves the status alone");
	kill(pid, SIGKILL);
	is(waitpid(pid, &status, 0), pid, "then the child is waited for");
	is(status, SIGKILL, "with its status");
	fails(waitpid(-1, &status, WNOHANG), ECHILD, "WNOHANG without children is ECHILD");
}

static void stopping(void)
{
	pid_t pid = start(hang, NULL);
	int status;

	kill(pid, SIGSTOP);
	is(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED tells of a stopped child");
	is(status, SIGSTOP << 8 | 0x7f, "its status names the signal");
	is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "each stop is told once");
	kill(pid, SIGCONT);
	is(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED tells of a continued child");
	is(status, 0xffff, "its status says so");
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED) == pid);
	kill(pid, SIGTERM);
	is(waitpid(pid, &status, WNOHANG), 0, "a stopped child does not die of SIGTERM");
	kill(pid, SIGCONT);
	is(waitpid(pid, &status, 0), pid, "continued it does");
	is(status, SIGTERM, "of that signal");
	pid = start(hang, NULL);
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED) == pid);
	kill(pid, SIGKILL);
	is(wait_for(pid), SIGKILL, "SIGKILL ends a stopped child");
}

static void zombies(void)
{
	pid_t pid = start(leave, (void *)5);
	siginfo_t info;
	int i;

	for (i = 0; i < 200 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
	     info.si_pid != pid; i++)
		sleep_ms(1);
	is(kill(pid, 0), 0, "a child that has ended can be signalled until it is waited for");
	is(wait_for(pid), EXITED(5), "its status waits for the parent");
	fails(kill(pid, 0), ESRCH, "after that it is gone");
}

static void by_waitid(void)
{
	pid_t pid = start(leave, (void *)9);
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	is(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0, "waitid with WNOWAIT looks");
	ok(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 9 &&
	   info.si_signo == SIGCHLD, "it tells pid, code and status");
	is(waitid(P_ALL, 0, &info, WEXITED), 0, "the child is still there to be waited for");
	fails(waitid(P_ALL, 0, &info, WEXITED), ECHILD, "then it is gone");
	fails(waitid(P_ALL, 0, &info, 0), EINVAL, "waitid for nothing is EINVAL");
}

static void ignored(void)
{
	pid_t pid;
	int status;

	signal(SIGCHLD, SIG_IGN);
	pid = start(leave, (void *)5);
	fails(waitpid(pid, &status, 0), ECHILD,
	      "with SIGCHLD ignored children leave nothing behind");
	signal(SIGCHLD, SIG_DFL);
}

struct death {
	int sig;
	rlim_t limit;
	int dumpable;
};

static int die(void *arg)
{
	const struct death *death = arg;
	struct rlimit r = { death->limit, RLIM_INFINITY };

	if (chdir("/tmp") || setrlimit(RLIMIT_CORE, &r) ||
	    prctl(PR_SET_DUMPABLE, death->dumpable))
		return 1;
	signal(death->sig, SIG_DFL);
	raise(death->sig);
	return 2;
}

static int died(int sig, rlim_t limit, int dumpable)
{
	struct death death = { sig, limit, dumpable };

	return child(die, &death);
}

static void set_core_pattern(const char *text)
{
	int fd = open("/proc/sys/kernel/core_pattern", O_WRONLY);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* The bit of a status that says that a core file was written. */
static void core_bit(void)
{
	const int dumping[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
				SIGXCPU, SIGXFSZ };
	const int others[] = { SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM, SIGUSR1, SIGALRM };
	siginfo_t info;
	size_t i, with = 0, without = 0;
	pid_t pid;

	for (i = 0; i < COUNT(dumping); i++)
		with += died(dumping[i], RLIM_INFINITY, 1) == (dumping[i] | 0x80);
	for (i = 0; i < COUNT(others); i++)
		without += died(others[i], RLIM_INFINITY, 1) == others[i];
	is(with, COUNT(dumping), "signals that dump core say so in the status");
	is(without, COUNT(others), "the others do not");
	is(died(SIGABRT, 0, 1), SIGABRT, "nor where the limit is 0");
	is(died(SIGABRT, PAGE - 1, 1), SIGABRT, "or below a page");
	is(died(SIGABRT, RLIM_INFINITY, 0), SIGABRT, "or where the process may not be dumped");
	pid = start(die, &(struct death){ SIGSEGV, RLIM_INFINITY, 1 });
	must(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
	ok(info.si_code == CLD_DUMPED && info.si_status == SIGSEGV, "waitid says CLD_DUMPED");
	unlink("/tmp/core");
	set_core_pattern("\n");
	is(died(SIGABRT, RLIM_INFINITY, 1), SIGABRT, "an empty pattern dumps nothing");
	set_core_pattern("core\n");
	is(died(SIGABRT, RLIM_INFINITY, 1), SIGABRT | 0x80, "and core does again");
	unlink("/tmp/core");
}

static int burn(void *arg)
{
	unsigned long end = now_ms() + 60;

	(void)arg;
	while (now_ms() < end)
		;
	return 0;
}

static void usage(void)
{
	pid_t pid = start(burn, NULL);
	struct rusage ru;
	int status;

	memset(&ru, 0, sizeof(ru));
	is(wait4(pid, &status, 0, &ru), pid, "wait4 fills the resource usage");
	ok(ru.ru_utime.tv_sec * 1000000L + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000L +
	   ru.ru_stime.tv_usec > 0, "which counts processor time");
	pid = start(leave, NULL);
	fails(wait4(pid, (int *)8, 0, NULL), EFAULT, "a bad status pointer is EFAULT");
	waitpid(pid, NULL, WNOHANG);
}

static void many(void)
{
	enum { N = 60 };
	bool seen[N] = { false };
	pid_t pid[N], got;
	int i, status, bad = 0, n = 0;

	for (i = 0; i < N; i++)
		pid[i] = start(leave, (void *)(intptr_t)i);
	while ((got = waitpid(-1, &status, 0)) > 0) {
		for (i = 0; i < N && pid[i] != got; i++)
			;
		bad += i == N || seen[i] || status != EXITED(i);
		if (i < N)
			seen[i] = true;
		n++;
	}
	is(n, N, "60 children are told once each");
	is(bad, 0, "each with its own status");
}

static void body(void)
{
	statuses();
	choosing();
	not_hanging();
	stopping();
	zombies();
	by_waitid();
	ignored();
	core_bit();
	usage();
	many();
}

int main(void)
{
	return tap_run(body, 10);
}
