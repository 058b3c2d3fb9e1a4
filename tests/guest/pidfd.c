/* pidfd.c - processes named by a descriptor: opened, waited for, signalled, advised, released. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#ifndef P_PIDFD
#define P_PIDFD			3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD		0x1000
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease	448
#endif
#define NONBLOCKING	O_NONBLOCK

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static int pidfd_open(pid_t pid, unsigned int flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int pidfd_kill(int fd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

/* A child that does nothing. */
static pid_t idle_child(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		hang(NULL);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
}

/* A field of /proc/self/fdinfo. */
static long fdinfo(int fd, const char *field)
{
	char path[64], line[128];
	long value = -99;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)))
			value = atol(line + strlen(field));
	if (f)
		fclose(f);
	return value;
}

/* ---- opening ---- */

static void *a_thread(void *tid)
{
	*(pid_t *)tid = (pid_t)syscall(SYS_gettid);
	while (*(volatile pid_t *)tid)
		usleep(1000);
	return NULL;
}

static void of_a_thread(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	must(pthread_create(&thread, NULL, a_thread, (void *)&tid) == 0);
	while (!tid)
		usleep(1000);
	fails(pidfd_open(tid, 0), EINVAL, "a thread that is no process cannot be opened");
	tid = 0;
	pthread_join(thread, NULL);
}

static void opening(void)
{
	char link[64] = "", path[64], byte = 0;
	pid_t pid = idle_child();
	int fd = pidfd_open(pid, 0);

	ok(fd >= 0, "a child can be opened");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "its descriptor is closed by exec");
	is(fdinfo(fd, "Pid:"), pid, "fdinfo tells its number");
	is(fdinfo(fd, "NSpid:"), pid, "twice");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(readlink(path, link, sizeof(link) - 1) > 0);
	ok(!strcmp(link, "anon_inode:[pidfd]"), "it is an anonymous inode (%s)", link);
	fails(read(fd, &byte, 1), EINVAL, "it cannot be read");
	fails(write(fd, &byte, 1), EINVAL, "or written");
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "it has no position");
	fails(pidfd_open(0, 0), EINVAL, "0 is no process");
	fails(pidfd_open(-1, 0), EINVAL, "nor is -1");
	fails(pidfd_open(pid, 1), EINVAL, "an unknown flag is refused");
	of_a_thread();
	end(pid);
	fails(pidfd_open(pid, 0), ESRCH, "who was waited for cannot be opened");
	is(fdinfo(fd, "Pid:"), -1, "and has no number in fdinfo");
	close(fd);
}

/* ---- the end ---- */

static void polling(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	pid_t pid = idle_child();
	int fd = pidfd_open(pid, 0), ep = epoll_create1(0), dead;

	must(fd >= 0 && ep >= 0);
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0);
	ok(!readable(fd, 0), "the descriptor of a process that runs is not readable");
	is(epoll_wait(ep, &event, 1, 0), 0, "nor is an epoll of it");
	must(kill(pid, SIGKILL) == 0);
	ok(readable(fd, 10000), "it is when the process ends");
	is(epoll_wait(ep, &event, 1, 10000), 1, "and the epoll tells so");
	dead = pidfd_open(pid, 0);
	ok(dead >= 0 && readable(dead, 0), "a zombie can be opened and is readable");
	must(waitpid(pid, NULL, 0) == pid);
	ok(readable(fd, 0), "it stays so when somebody has waited");
	close(dead);
	close(ep);
	close(fd);
}

static void *lasting_thread(void *arg)
{
	char byte;

	must(read(*(int *)arg, &byte, 1) == 1);
	_exit(3);
}

/* The leader goes, another thread stays until something comes through the pipe. */
static void leader_first(int *ends)
{
	pthread_t thread;

	close(ends[1]);
	must(pthread_create(&thread, NULL, lasting_thread, &ends[0]) == 0);
	syscall(SYS_exit, 0);
}

static void threads(void)
{
	int ends[2], fd, status;
	pid_t pid;

	must(pipe(ends) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		leader_first(ends);
	fd = pidfd_open(pid, 0);
	must(fd >= 0);
	ok(!readable(fd, 200), "a process has not ended while any thread lives");
	must(write(ends[1], "x", 1) == 1);
	ok(readable(fd, 10000), "it has when the last one goes");
	must(waitpid(pid, &status, 0) == pid);
	is(status, EXITED(3), "and its status is right");
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

static void *execing_thread(void *arg)
{
	char *argv[] = { "pidfd", "sleep", NULL }, *envp[] = { NULL };

	(void)arg;
	execve("/proc/self/exe", argv, envp);
	_exit(99);
}

/* Another thread takes the leader's place; the process is the same. */
static void after_exec(void)
{
	pid_t pid = fork();
	int fd, status;

	must(pid >= 0);
	if (pid == 0) {
		pthread_t thread;

		must(pthread_create(&thread, NULL, execing_thread, NULL) == 0);
		for (;;)
			pause();
	}
	fd = pidfd_open(pid, 0);
	must(fd >= 0);
	ok(!readable(fd, 300), "exec by another thread is not the end");
	is(fdinfo(fd, "Pid:"), pid, "the process has its number still");
	is(pidfd_kill(fd, SIGTERM), 0, "it is found by its descriptor");
	must(waitpid(pid, &status, 0) == pid);
	is(status, SIGTERM, "and dies of the signal");
	fails(pidfd_kill(fd, SIGTERM), ESRCH, "who was waited for gets none");
	close(fd);
}

static void waiting(void)
{
	pid_t pid = idle_child(), other = idle_child();
	int fd = pidfd_open(pid, 0), lazy = pidfd_open(pid, NONBLOCKING);
	siginfo_t info = { .si_pid = 7 };

	must(fd >= 0 && lazy >= 0);
	is(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG), 0, "WNOHANG finds nobody dead");
	is(info.si_pid, 0, "and says so");
	fails(waitid(P_PIDFD, (id_t)lazy, &info, WEXITED), EAGAIN,
	      "a descriptor that does not block makes waitid EAGAIN");
	kill(other, SIGKILL);
	must(pidfd_kill(fd, SIGUSR1) == 0);
	is(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), 0, "waitid waits for the one process");
	ok(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGUSR1,
	   "and tells how it ended");
	fails(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD, "once");
	fails(waitid(P_PIDFD, 999, &info, WEXITED), EBADF, "a closed descriptor is EBADF");
	fails(waitid(P_PIDFD, 0, &info, WEXITED), EBADF, "and so is one of something else");
	fails(waitid(P_PIDFD, (id_t)-1, &info, WEXITED), EINVAL, "-1 is EINVAL");
	must(waitpid(other, NULL, 0) == other);
	close(fd);
	fd = pidfd_open(getpid(), 0);
	fails(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD, "nobody waits for himself");
	close(fd);
	close(lazy);
}

/* ---- signals ---- */

static int other_user(void *arg)
{
	int fd = (int)(intptr_t)arg;

	if (setgid(1000) || setuid(1000))
		return 1;
	if (pidfd_kill(fd, 0) != -1 || errno != EPERM)
		return 2;
	return syscall(SYS_pidfd_getfd, fd, 0, 0) == -1 && errno == EPERM ? 0 : 3;
}

static void signals(void)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	pid_t pid = idle_child();
	int fd = pidfd_open(pid, 0), status;

	must(fd >= 0);
	is(pidfd_kill(fd, 0), 0, "signal 0 only asks");
	fails(pidfd_kill(fd, 65), EINVAL, "65 is no signal");
	fails(pidfd_kill(0, SIGTERM), EBADF, "who has no pidfd sends none");
	fails(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 1), EINVAL, "there are no flags");
	fails(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0), EINVAL,
	      "the siginfo must be of that signal");
	fails(syscall(SYS_pidfd_send_signal, fd, SIGTERM, (void *)8, 0), EFAULT,
	      "and it must be there");
	info.si_code = SI_USER;
	fails(syscall(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), EPERM,
	      "nobody may look like kill(2)");
	child_ok(other_user, (void *)(intptr_t)fd, "another user may neither signal nor take");
	info.si_code = SI_QUEUE;
	is(syscall(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), 0, "SI_QUEUE may be sent");
	must(waitpid(pid, &status, 0) == pid);
	is(status, SIGTERM, "and is");
	close(fd);
}

/* ---- clone ---- */

static pid_t raw_clone(unsigned long flags, int *pidfd)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, pidfd, NULL, 0);
}

static pid_t raw_clone3(struct clone3_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

static int lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void cloning(void)
{
	int fd = -1, tid = 0, before = lowest_free(), status;
	struct clone3_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD,
				   .pidfd = (uintptr_t)&fd };
	pid_t pid = raw_clone(CLONE_PIDFD, &fd);

	if (pid == 0)
		_exit(fcntl(before, F_GETFD) == -1 && errno == EBADF ? 7 : 8);
	ok(pid > 0 && fd == before, "clone gives a descriptor of the child");
	is(fdinfo(fd, "Pid:"), pid, "of this child");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "which exec closes");
	must(waitpid(pid, &status, 0) == pid);
	is(status, EXITED(7), "and which the child does not have");
	close(fd);
	pid = raw_clone3(&args);
	if (pid == 0)
		_exit(0);
	ok(pid > 0 && fdinfo(fd, "Pid:") == pid, "so does clone3");
	ok(readable(fd, 10000), "it becomes readable");
	must(waitpid(pid, NULL, 0) == pid);
	close(fd);
	args.flags |= CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)&tid;
	pid = raw_clone3(&args);
	if (pid == 0)
		_exit(0);
	ok(pid > 0 && tid == pid && fdinfo(fd, "Pid:") == pid, "which writes both number and fd");
	must(waitpid(pid, NULL, 0) == pid);
	close(fd);
	args.parent_tid = args.pidfd;
	fails(raw_clone3(&args), EINVAL, "not to the same place");
	fails(raw_clone(CLONE_PIDFD | CLONE_PARENT_SETTID, &fd), EINVAL, "clone has one place");
	fails(raw_clone(CLONE_PIDFD | 0x00400000, &fd), EINVAL, "CLONE_DETACHED is refused");
	fails(raw_clone(CLONE_PIDFD, (int *)8), EFAULT, "a bad place is EFAULT");
	is(lowest_free(), before, "and then no descriptor is left");
	fails(waitpid(-1, NULL, 0), ECHILD, "nor a child");
}

/* ---- files of another process ---- */

static void getting(void)
{
	int ends[2], sync[2], fd, got;
	char byte = 0;
	pid_t pid;

	must(pipe(ends) == 0 && pipe(sync) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		must(dup2(ends[1], 77) == 77 && write(sync[1], "x", 1) == 1);
		hang(NULL);
	}
	close(ends[1]);
	must(read(sync[0], &byte, 1) == 1);
	fd = pidfd_open(pid, 0);
	got = (int)syscall(SYS_pidfd_getfd, fd, 77, 0);
	ok(got >= 0, "a file of a child can be taken");
	is(fcntl(got, F_GETFD), FD_CLOEXEC, "exec closes it");
	ok(write(got, "y", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'y',
	   "it is the same file");
	fails(syscall(SYS_pidfd_getfd, fd, 78, 0), EBADF, "what the child has not is EBADF");
	fails(syscall(SYS_pidfd_getfd, 0, 77, 0), EBADF, "and so is what is no pidfd");
	fails(syscall(SYS_pidfd_getfd, fd, 77, 1), EINVAL, "there are no flags");
	end(pid);
	fails(syscall(SYS_pidfd_getfd, fd, 77, 0), ESRCH, "a process that is gone has none");
	close(got);
	close(fd);
	close(ends[0]);
	close(sync[0]);
	close(sync[1]);
}

/* ---- advice ---- */

static int advise_unprivileged(void *arg)
{
	struct iovec v = { arg, PAGE };
	int fd = pidfd_open(getppid(), 0), own = pidfd_open(getpid(), 0);

	if (setgid(1000) || setuid(1000))
		return 1;
	if (syscall(SYS_process_madvise, fd, &v, 1, MADV_COLD, 0) != -1 || errno != EACCES)
		return 2;
	return syscall(SYS_process_madvise, own, &v, 1, MADV_COLD, 0) == -1 && errno == EPERM ? 0
											       : 3;
}

static void advising(void)
{
	const size_t len = 16 * PAGE;
	char *area = map_anon(len, PROT_READ | PROT_WRITE);
	struct iovec v[2] = { { area, 4 * PAGE }, { area + 8 * PAGE, 4 * PAGE } };
	int fd;
	pid_t pid;

	memset(area, 'a', len);
	pid = idle_child();
	fd = pidfd_open(pid, 0);
	must(fd >= 0);
	is(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 0), 8 * PAGE, "COLD of two ranges");
	is(syscall(SYS_process_madvise, fd, v, 2, MADV_PAGEOUT, 0), 8 * PAGE, "PAGEOUT");
	is(syscall(SYS_process_madvise, fd, v, 2, MADV_WILLNEED, 0), 8 * PAGE, "WILLNEED");
	is(syscall(SYS_process_madvise, fd, v, 0, MADV_COLD, 0), 0, "no range is nothing");
	fails(syscall(SYS_process_madvise, fd, v, 2, MADV_DONTNEED, 0), EINVAL,
	      "what changes data is refused");
	fails(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 1), EINVAL, "there are no flags");
	fails(syscall(SYS_process_madvise, 0, v, 2, MADV_COLD, 0), EBADF, "0 is no pidfd");
	fails(syscall(SYS_process_madvise, fd, v, 1025, MADV_COLD, 0), EINVAL, "1025 ranges");
	fails(syscall(SYS_process_madvise, fd, (void *)8, 1, MADV_COLD, 0), EFAULT,
	      "ranges must be there");
	munmap(area + 8 * PAGE, 4 * PAGE);	/* here; the child has it */
	is(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 0), 8 * PAGE,
	   "the ranges are the other's");
	end(pid);
	pid = idle_child();
	close(fd);
	fd = pidfd_open(pid, 0);
	is(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 0), 4 * PAGE,
	   "a hole ends it, and what was done counts");
	fails(syscall(SYS_process_madvise, fd, v + 1, 1, MADV_COLD, 0), ENOMEM,
	      "a hole in the first is ENOMEM");
	child_ok(advise_unprivileged, area, "another user may not, nor one without rights");
	end(pid);
	fails(syscall(SYS_process_madvise, fd, v, 1, MADV_COLD, 0), ESRCH,
	      "nor anybody when it is gone");
	close(fd);
	munmap(area, len);
}

/* ---- releasing ---- */

/* A child with 4 MiB of its own that yields this processor to us. */
static pid_t fat_child(void)
{
	int ends[2];
	pid_t pid;
	char byte;

	must(pipe(ends) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		memset(map_anon(4 * MIB, PROT_READ | PROT_WRITE), 1, 4 * MIB);
		must(nice(19) == 19 && write(ends[1], "x", 1) == 1);
		hang(NULL);
	}
	must(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* Kill it and take its memory at once. 0 or errno. */
static int kill_and_release(void)
{
	pid_t pid = fat_child();
	int fd = pidfd_open(pid, 0), err, status;

	must(fd >= 0 && pidfd_kill(fd, SIGKILL) == 0);
	err = syscall(SYS_process_mrelease, fd, 0) ? errno : 0;
	must(waitpid(pid, &status, 0) == pid);
	must(status == SIGKILL);
	close(fd);
	return err;
}

static void releasing(void)
{
	cpu_set_t all, one;
	pid_t pid = idle_child();
	int fd = pidfd_open(pid, 0), i, err, released = 0, other = 0;

	must(fd >= 0 && sched_getaffinity(0, sizeof(all), &all) == 0);
	fails(syscall(SYS_process_mrelease, fd, 0), EINVAL, "who is not dying keeps his memory");
	fails(syscall(SYS_process_mrelease, fd, 1), EINVAL, "there are no flags");
	fails(syscall(SYS_process_mrelease, 0, 0), EBADF, "what is no pidfd is EBADF");
	end(pid);
	fails(syscall(SYS_process_mrelease, fd, 0), ESRCH, "who is gone has none");
	close(fd);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(sched_setaffinity(0, sizeof(one), &one) == 0);
	for (i = 0; i < 20; i++) {
		err = kill_and_release();
		released += err == 0;
		other += err && err != ESRCH;
	}
	must(sched_setaffinity(0, sizeof(all), &all) == 0);
	ok(released > 0, "the memory of processes that are dying is released (%d of 20)", released);
	is(other, 0, "or they were faster");
}

static void body(void)
{
	opening();
	polling();
	threads();
	after_exec();
	waiting();
	signals();
	cloning();
	getting();
	advising();
	releasing();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sleep"))
		for (;;)
			pause();
	return tap_run(body, 20);
}
