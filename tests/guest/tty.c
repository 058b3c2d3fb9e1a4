/* tty.c - the console as a terminal: modes, window size, sessions, and job control's signals.
 * Types nothing, so it needs nobody at the keyboard; the modes are put back at the end. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#define TTY	"/dev/ttyS0"

static void modes(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);
	struct termios old, raw, now;
	struct winsize ws = { 0 }, set = { 33, 77, 0, 0 };
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	ok(fd >= 0, "/dev/console opens");
	ok(isatty(fd), "it is a terminal");
	must(tcgetattr(fd, &old) == 0);
	ok((old.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG),
	   "it starts with lines, echo and signals");
	ok(old.c_cc[VINTR] == 3 && old.c_cc[VEOF] == 4 && old.c_cc[VSUSP] == 26 &&
	   old.c_cc[VERASE] == 127, "^C, ^D, ^Z and the erase key have their places");
	ok((old.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR), "a new line becomes two characters");
	raw = old;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 1;
	is(tcsetattr(fd, TCSADRAIN, &raw), 0, "its modes can be changed");
	must(tcgetattr(fd, &now) == 0);
	ok(!(now.c_lflag & (ICANON | ECHO)) && now.c_cc[VTIME] == 1, "and are as they were set");
	is(tcflush(fd, TCIFLUSH), 0, "its input can be thrown away");
	is(read(fd, &(char){ 0 }, 1), 0, "in raw mode with a time a read ends without input");
	is(poll(&p, 1, 0), 1, "poll says it is ready");
	is(p.revents, POLLOUT, "for writing only");
	is(tcsetattr(fd, TCSANOW, &old), 0, "its modes can be put back");
	is(ioctl(fd, TIOCGWINSZ, &ws), 0, "its window size can be asked for");
	is(ioctl(fd, TIOCSWINSZ, &set), 0, "and set");
	is(ioctl(fd, TIOCGWINSZ, &set), 0, "and asked for again");
	ok(set.ws_row == 33 && set.ws_col == 77, "it is what was set");
	ioctl(fd, TIOCSWINSZ, &ws);
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "it cannot seek");
	close(fd);
}

static volatile int got;

static void note(int sig)
{
	got = sig;
}

static int wait_stopped(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, WUNTRACED) != pid)
		return -1;
	return WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
}

static pid_t background(int what, int fd)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	if (what == SIGTTIN)
		_exit(read(fd, &(char){ 0 }, 1) < 0);
	_exit(tcsetpgrp(fd, getpid()) < 0);
}

/* In a session of its own with the terminal: returns the number of the step that went wrong. */
static int with_terminal(void *arg)
{
	pid_t pid;
	int fd;

	(void)arg;
	if (setsid() < 0)
		return 1;
	fd = open(TTY, O_RDWR | O_NOCTTY);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 1))
		return 2;
	if (tcgetpgrp(fd) != getpgrp())
		return 3;
	if (tcgetsid(fd) != getsid(0))
		return 4;
	if (open("/dev/tty", O_RDWR) < 0)
		return 5;
	/* A background read stops by SIGTTIN, a background tcsetpgrp by SIGTTOU. */
	pid = background(SIGTTIN, fd);
	if (wait_stopped(pid) != SIGTTIN)
		return 6;
	kill(pid, SIGKILL);
	wait_for(pid);
	pid = background(SIGTTOU, fd);
	if (wait_stopped(pid) != SIGTTOU)
		return 7;
	/* The terminal can be handed to a group and taken back with SIGTTOU ignored. */
	signal(SIGTTOU, SIG_IGN);
	if (tcsetpgrp(fd, pid) || tcgetpgrp(fd) != pid)
		return 8;
	if (tcsetpgrp(fd, getpgrp()) || tcgetpgrp(fd) != getpgrp())
		return 9;
	kill(pid, SIGKILL);
	wait_for(pid);
	if (tcsetpgrp(fd, 99999999) != -1 || errno != ESRCH)
		return 10;
	return 0;
}

/* The leader of a session ends: its foreground group is hung up. */
static int leader_ends(void *arg)
{
	int *fds = arg, fd;
	pid_t pid;

	if (setsid() < 0)
		return 1;
	fd = open(TTY, O_RDWR | O_NOCTTY);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 1))
		return 2;
	pid = fork();
	if (pid == 0) {
		signal(SIGHUP, note);
		close(fds[0]);
		must(write(fds[1], "r", 1) == 1);
		while (!got)
			pause();
		_exit(write(fds[1], "h", 1) < 0);
	}
	return read(fds[0], &(char){ 0 }, 1) != 1;
}

static void sessions(void)
{
	int fds[2];
	char c = 0;

	is(child(with_terminal, NULL), 0, "a session has a terminal with a foreground group");
	must(pipe(fds) == 0);
	is(child(leader_ends, fds), 0, "a session's leader can end");
	close(fds[1]);
	ok(read(fds[0], &c, 1) == 1 && c == 'h', "then its foreground group gets SIGHUP");
	close(fds[0]);
	fails(open("/dev/tty", O_RDWR), ENXIO, "without a terminal /dev/tty is ENXIO");
}

static void body(void)
{
	modes();
	sessions();
}

int main(void)
{
	return tap_run(body, 10);
}
