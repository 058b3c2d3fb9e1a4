/* init.c - process 1 of the default image: sets the machine up and gives the console a shell.
 * Mounts the usual file systems, makes the console its shell's controlling terminal, waits for
 * orphans, and powers the machine off when the shell ends. A mount that the kernel cannot do is
 * no reason to stop: the shell works without. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void mount_file_systems(void)
{
	static const struct {
		const char *type, *dir;
	} mounts[] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "tmpfs", "/tmp" },
		{ "tmpfs", "/dev/shm" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].dir, 0755);
		mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, NULL);
	}
	chmod("/tmp", 01777);
}

/* Leaves descriptors 0, 1 and 2 on @first, or else on @second; those that the kernel gave may lead
 * elsewhere. */
static void open_console(const char *first, const char *second)
{
	int fd = open(first, O_RDWR);

	if (fd < 0)
		fd = open(second, O_RDWR);
	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void welcome(void)
{
	struct utsname uts;

	if (uname(&uts) < 0)
		return;
	printf("\nWelcome to Avocet %s on %s.\n", uts.release, uts.machine);
	printf("Try: ps, free, cat /proc/self/maps, ls /bin. "
	       "To leave: poweroff (or Ctrl-A X in QEMU).\n\n");
	fflush(stdout);
}

/* The shell's process: leader of a session that owns the terminal. It has the terminal by its own
 * name: /dev/console does not stop jobs in the background that read. Returns only on failure. */
static void run_shell(void)
{
	static char *const environment[] = {
		"HOME=/root", "TERM=linux", "USER=root", "LOGNAME=root",
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin", NULL,
	};
	static char *const arguments[] = { "-sh", NULL };

	setsid();
	open_console("/dev/ttyS0", "/dev/console");
	ioctl(0, TIOCSCTTY, 1);
	tcsetpgrp(0, getpid());
	if (chdir("/root") < 0 && chdir("/") < 0)
		return;
	execve("/bin/sh", arguments, environment);
	printf("init: cannot run /bin/sh: %s\n", strerror(errno));
	fflush(stdout);
}

static void leave(int how)
{
	sync();
	reboot(how);
	for (;;)
		pause();
}

/* What busybox's halt, poweroff and reboot send to process 1. */
static void on_request(int signal_number)
{
	leave(signal_number == SIGTERM ? RB_AUTOBOOT : RB_POWER_OFF);
}

/* Bury the dead until @shell is among them. */
static void wait_for(pid_t shell)
{
	pid_t dead;

	do {
		dead = wait(NULL);
	} while (dead != shell && (dead > 0 || errno == EINTR));
}

int main(void)
{
	pid_t shell;

	mount_file_systems();
	open_console("/dev/console", "/dev/ttyS0");
	sethostname("avocet", 6);
	signal(SIGUSR1, on_request);
	signal(SIGUSR2, on_request);
	signal(SIGTERM, on_request);
	welcome();

	shell = fork();
	if (shell == 0) {
		run_shell();
		_exit(127);
	}
	if (shell < 0)
		printf("init: cannot fork: %s\n", strerror(errno));
	else
		wait_for(shell);
	printf("init: the shell has ended, powering off\n");
	fflush(stdout);
	leave(RB_POWER_OFF);
	return 0;
}
