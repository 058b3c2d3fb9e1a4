/* execsig.c - a signal that arrives around exec is never lost: where it is blocked the new program
 * finds it pending, where its action is the default one it ends the process. */
#include "tap.h"

#define SELF	"/proc/self/exe"
#define ROUNDS	300
#define SPIN	40	/* hundreds of instructions: the last round waits longer than exec takes */

extern char **environ;

static void spin(unsigned int turns)
{
	for (volatile unsigned int i = 0; i < turns * 100; i++)
		;
}

/* A child that becomes `execsig MODE`. */
static pid_t become(const char *mode)
{
	char *argv[] = { "execsig", (char *)(uintptr_t)mode, NULL };
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	execve(SELF, argv, environ);
	_exit(99);
}

/* How many of ROUNDS children of this mode end in @status when they are signalled at some moment
 * while they become another program. */
static int rounds(const char *mode, int status)
{
	int good = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		pid_t pid = become(mode);
		int got;

		spin(i * SPIN);
		must(kill(pid, SIGINT) == 0 && waitpid(pid, &got, 0) == pid);
		good += got == status;
	}
	return good;
}

static void body(void)
{
	sigset_t set;

	signal(SIGINT, SIG_DFL);
	is(rounds("sleep", SIGINT), ROUNDS, "SIGINT ends a child before, in and after exec");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	must(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	is(rounds("wait", 7 << 8), ROUNDS, "blocked it waits for the new program");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* SIGINT is blocked: take it. A lost one is a limit's business. */
static int take(void)
{
	struct timespec limit = { 20, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	return sigtimedwait(&set, NULL, &limit) == SIGINT ? 7 : 8;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sleep"))
		return sleep(20) ? 9 : 10;
	if (argc > 1)
		return take();
	return tap_run(body, 120);
}
