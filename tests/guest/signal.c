/* signal.c - sending, blocking and handling signals: flags, siginfo, masks, and errors of kill. */
#include "tap.h"
#include <sys/time.h>

static volatile sig_atomic_t count, last, order[8], nr_order;
static siginfo_t last_info;
static sigset_t mask_inside;

static void count_it(int sig)
{
	count++;
	last = sig;
}

static void note(int sig, siginfo_t *info, void *uc)
{
	(void)uc;
	last = sig;
	last_info = *info;
	if (nr_order < 8)
		order[nr_order++] = sig;
	sigprocmask(SIG_BLOCK, NULL, &mask_inside);
}

static void handle(int sig, int flags, void (*fn)(int, siginfo_t *, void *), int also_blocked)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = fn;
	sa.sa_flags = flags | SA_SIGINFO;
	if (also_blocked)
		sigaddset(&sa.sa_mask, also_blocked);
	must(sigaction(sig, &sa, NULL) == 0);
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(sigprocmask(how, &set, NULL) == 0);
}

static bool pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

static void handlers(void)
{
	struct sigaction sa;

	count = 0;
	ok(signal(SIGUSR1, count_it) == SIG_DFL, "a handler can be installed");
	raise(SIGUSR1);
	ok(count == 1 && last == SIGUSR1, "it runs with the number of its signal");
	raise(SIGUSR1);
	is(count, 2, "it stays installed");
	must(sigaction(SIGUSR1, NULL, &sa) == 0);
	ok(sa.sa_handler == count_it, "sigaction tells the handler");
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	is(count, 2, "an ignored signal does nothing");
	signal(SIGUSR1, SIG_DFL);

	handle(SIGUSR1, SA_RESETHAND, note, 0);
	raise(SIGUSR1);
	must(sigaction(SIGUSR1, NULL, &sa) == 0);
	ok(sa.sa_handler == SIG_DFL, "SA_RESETHAND resets the handler after one signal");
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL, "SIGKILL cannot be handled");
	fails(sigaction(SIGSTOP, &sa, NULL), EINVAL, "SIGSTOP cannot be handled");
	fails(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL, "signal 65 is EINVAL");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL,
	      "a signal set of another size is EINVAL");
}

static void info(void)
{
	union sigval v = { .sival_int = 4711 };
	struct itimerval once = { { 0, 0 }, { 0, 1000 } };
	pid_t pid;
	int i;

	handle(SIGUSR1, 0, note, 0);
	kill(getpid(), SIGUSR1);
	ok(last_info.si_signo == SIGUSR1 && last_info.si_code == SI_USER &&
	   last_info.si_pid == getpid() && last_info.si_uid == getuid(),
	   "kill tells SI_USER, pid and uid");
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGUSR1);
	ok(last_info.si_code == SI_TKILL && last_info.si_pid == getpid(),
	   "tgkill tells SI_TKILL");
	sigqueue(getpid(), SIGUSR1, v);
	ok(last_info.si_code == SI_QUEUE && last_info.si_value.sival_int == 4711,
	   "sigqueue tells SI_QUEUE and its value");
	handle(SIGCHLD, 0, note, 0);
	pid = fork();
	if (pid == 0)
		_exit(7);
	wait_for(pid);
	ok(last == SIGCHLD && last_info.si_code == CLD_EXITED && last_info.si_pid == pid &&
	   last_info.si_status == 7, "SIGCHLD tells who ended and how");
	pid = fork();
	if (pid == 0)
		hang(NULL);
	kill(pid, SIGTERM);
	wait_for(pid);
	ok(last_info.si_code == CLD_KILLED && last_info.si_status == SIGTERM,
	   "SIGCHLD tells of death by a signal");
	pid = fork();
	if (pid == 0)
		hang(NULL);
	kill(pid, SIGSTOP);
	must(waitpid(pid, NULL, WUNTRACED) == pid);
	ok(last_info.si_code == CLD_STOPPED && last_info.si_status == SIGSTOP,
	   "SIGCHLD tells that a child has stopped");
	kill(pid, SIGCONT);
	must(waitpid(pid, NULL, WCONTINUED) == pid);
	for (i = 0; i < 1000 && last_info.si_code != CLD_CONTINUED; i++)
		sleep_ms(1);
	ok(last_info.si_code == CLD_CONTINUED && last_info.si_status == SIGCONT,
	   "SIGCHLD tells that a child goes on");
	kill(pid, SIGKILL);
	wait_for(pid);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);

	handle(SIGVTALRM, 0, note, 0);
	handle(SIGALRM, 0, note, 0);
	last = 0;
	alarm(0);
	setitimer(ITIMER_REAL, &once, NULL);
	while (last != SIGALRM)
		sleep_ms(1);
	is(last, SIGALRM, "a timer sends SIGALRM");
	signal(SIGALRM, SIG_DFL);
	alarm(10);
}

static void masks(void)
{
	sigset_t set, old;

	count = 0;
	signal(SIGUSR1, count_it);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	is(count, 0, "a blocked signal waits");
	ok(pending(SIGUSR1), "it is pending");
	block(SIG_UNBLOCK, SIGUSR1);
	is(count, 1, "unblocked it comes, and only once");
	ok(!pending(SIGUSR1), "it is pending no more");
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	ok(!pending(SIGUSR1), "ignoring a signal drops it when it is pending");
	block(SIG_UNBLOCK, SIGUSR1);
	signal(SIGUSR1, SIG_DFL);

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old);
	sigprocmask(SIG_SETMASK, &old, &set);
	ok(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP),
	   "SIGKILL and SIGSTOP cannot be blocked");
	fails(sigprocmask(99, &set, NULL), EINVAL, "an unknown way to change the mask is EINVAL");
}

static void masks_in_handlers(void)
{
	sigset_t now;

	handle(SIGUSR1, 0, note, SIGUSR2);
	raise(SIGUSR1);
	ok(sigismember(&mask_inside, SIGUSR1), "a handler's own signal is blocked inside of it");
	ok(sigismember(&mask_inside, SIGUSR2), "so are the signals of sa_mask");
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2),
	   "after it the mask is as before");
	handle(SIGUSR1, SA_NODEFER, note, 0);
	raise(SIGUSR1);
	ok(!sigismember(&mask_inside, SIGUSR1), "SA_NODEFER leaves its own signal unblocked");
	signal(SIGUSR1, SIG_DFL);
}

static int values[8], nr_values;

static void collect(int sig, siginfo_t *info, void *uc)
{
	(void)sig, (void)uc;
	if (nr_values < 8)
		values[nr_values++] = info->si_value.sival_int;
}

static void real_time(void)
{
	int i;

	handle(SIGRTMIN, 0, collect, 0);
	block(SIG_BLOCK, SIGRTMIN);
	for (i = 0; i < 4; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
	block(SIG_UNBLOCK, SIGRTMIN);
	is(nr_values, 4, "real-time signals queue");
	ok(values[0] == 0 && values[1] == 1 && values[2] == 2 && values[3] == 3,
	   "and come in their order");
	nr_order = 0;
	handle(SIGRTMIN, 0, note, SIGRTMIN + 1);
	handle(SIGRTMIN + 1, 0, note, SIGRTMIN);
	block(SIG_BLOCK, SIGRTMIN);
	block(SIG_BLOCK, SIGRTMIN + 1);
	raise(SIGRTMIN + 1);
	raise(SIGRTMIN);
	{
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	is(nr_order, 2, "two pending signals are both handled");
	signal(SIGRTMIN, SIG_DFL);
	signal(SIGRTMIN + 1, SIG_DFL);
}

static void suspending(void)
{
	sigset_t none, set;
	siginfo_t got;
	struct timespec soon = { 0, 5000000 };
	pid_t parent = getpid(), pid;

	count = 0;
	signal(SIGUSR1, count_it);
	block(SIG_BLOCK, SIGUSR1);
	pid = fork();
	if (pid == 0) {
		sleep_ms(5);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	sigemptyset(&none);
	fails(sigsuspend(&none), EINTR, "sigsuspend returns EINTR after a handler");
	is(count, 1, "the handler has run");
	sigprocmask(SIG_BLOCK, NULL, &set);
	ok(sigismember(&set, SIGUSR1), "the old mask is back");
	wait_for(pid);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	raise(SIGUSR1);
	is(sigwaitinfo(&set, &got), SIGUSR1, "sigwaitinfo takes a pending signal");
	is(count, 1, "without its handler");
	fails(sigtimedwait(&set, &got, &soon), EAGAIN, "sigtimedwait ends with EAGAIN");
	block(SIG_UNBLOCK, SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
}

static void killing(void)
{
	pid_t pid = fork();

	if (pid == 0)
		hang(NULL);
	fails(kill(99999999, 0), ESRCH, "kill of nobody is ESRCH");
	fails(kill(pid, 65), EINVAL, "kill with signal 65 is EINVAL");
	fails(kill(pid, -1), EINVAL, "kill with a negative signal is EINVAL");
	is(kill(pid, 0), 0, "signal 0 only asks");
	fails(syscall(SYS_tgkill, getpid(), pid, 0), ESRCH,
	      "tgkill of another process's thread is ESRCH");
	fails(syscall(SYS_tgkill, -1, pid, 0), EINVAL, "tgkill of a negative group is EINVAL");
	kill(pid, SIGKILL);
	is(wait_for(pid), SIGKILL, "SIGKILL kills");
}

static int unprivileged(void *arg)
{
	if (setgid(1000) || setuid(1000))
		return 1;
	if (kill((pid_t)(intptr_t)arg, SIGTERM) != -1 || errno != EPERM)
		return 2;
	return kill(1, 0) == -1 && errno == EPERM ? 0 : 3;
}

static void permission(void)
{
	child_ok(unprivileged, (void *)(intptr_t)getpid(), "another user's process is EPERM");
}

static int default_action(void *arg)
{
	raise((int)(intptr_t)arg);
	return 9;
}

static void defaults(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1 };
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };
	size_t i;

	for (i = 0; i < COUNT(deadly); i++)
		is(child(default_action, (void *)(intptr_t)deadly[i]), deadly[i],
		   "signal %d kills by default", deadly[i]);
	for (i = 0; i < COUNT(harmless); i++)
		is(child(default_action, (void *)(intptr_t)harmless[i]), EXITED(9),
		   "signal %d is ignored by default", harmless[i]);
}

static void chld_flags(void)
{
	pid_t pid;
	int status;

	count = 0;
	handle(SIGCHLD, SA_NOCLDSTOP, note, 0);
	nr_order = 0;
	pid = fork();
	if (pid == 0)
		hang(NULL);
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED) == pid);
	is(nr_order, 0, "SA_NOCLDSTOP: no SIGCHLD when a child stops");
	kill(pid, SIGKILL);
	wait_for(pid);
	is(nr_order, 1, "but one when it ends");
	handle(SIGCHLD, SA_NOCLDWAIT, note, 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	fails(waitpid(pid, &status, 0), ECHILD, "SA_NOCLDWAIT: children leave nothing to wait for");
	signal(SIGCHLD, SIG_DFL);
}

static void storm(void)
{
	pid_t parent = getpid(), pid;
	int status;

	count = 0;
	signal(SIGUSR1, count_it);
	pid = fork();
	if (pid == 0) {
		int i;

		for (i = 0; i < 2000; i++)
			if (kill(parent, SIGUSR1))
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR);
	ok(status == 0 && count > 0, "2000 signals from another process are survived");
	signal(SIGUSR1, SIG_DFL);
}

static void body(void)
{
	handlers();
	info();
	masks();
	masks_in_handlers();
	real_time();
	suspending();
	killing();
	permission();
	defaults();
	chld_flags();
	storm();
}

int main(void)
{
	return tap_run(body, 10);
}
