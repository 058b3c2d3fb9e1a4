/* fork.c - fork and vfork: what a child inherits, what it does not, and many of them. */
#include "tap.h"
#include <sys/resource.h>
#include <sys/stat.h>

#define RW	(PROT_READ | PROT_WRITE)

static int data = 1;
static int zeroed;

static int inherited_memory(void *arg)
{
	int *heap = arg;

	if (data != 10 || zeroed != 20 || *heap != 30)
		return 1;
	data = zeroed = *heap = 99;
	return 0;
}

static void memory(void)
{
	int *heap = malloc(sizeof(int));

	data = 10, zeroed = 20, *heap = 30;
	child_ok(inherited_memory, heap, "a child has the parent's data, bss and heap");
	ok(data == 10 && zeroed == 20 && *heap == 30, "what it writes stays its own");
	free(heap);
}

static int check_ids(void *arg)
{
	pid_t *ids = arg;

	if (getpid() == ids[0] || getppid() != ids[0])
		return 1;
	if (getpgrp() != ids[1] || getsid(0) != ids[2])
		return 2;
	return getpid() == (pid_t)syscall(SYS_gettid) ? 0 : 3;
}

static void identity(void)
{
	pid_t ids[3] = { getpid(), getpgrp(), getsid(0) };
	pid_t pid, ret;

	child_ok(check_ids, ids,
		 "a child has a pid of its own, and the parent's group and session");
	pid = fork();
	if (pid == 0)
		_exit(7);
	ret = waitpid(pid, NULL, 0);
	ok(pid > 0 && ret == pid, "fork returns the pid that wait then reports");
}

static int check_signals(void *arg)
{
	struct sigaction sa;
	sigset_t set;

	(void)arg;
	sigaction(SIGUSR1, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		return 1;
	sigprocmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGUSR2))
		return 2;
	sigpending(&set);
	if (sigismember(&set, SIGUSR2))
		return 3;
	return alarm(0) == 0 ? 0 : 4;
}

static void signals(void)
{
	sigset_t set, old;
	unsigned int left;

	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR2);
	left = alarm(100);
	child_ok(check_signals, NULL,
		 "a child inherits handlers and mask, not pending signals, no alarm");
	alarm(left);
	signal(SIGUSR2, SIG_IGN);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}

static int use_fds(void *arg)
{
	int *fd = arg;
	char c;

	if (read(fd[0], &c, 1) != 1 || c != 'a')
		return 1;
	close(fd[0]);
	return 0;
}

static void descriptors(void)
{
	int fd = make_file("/tmp/fork", 1);
	char c = 0;

	lseek(fd, 0, SEEK_SET);
	child_ok(use_fds, &fd, "a child can use the parent's descriptors");
	is(lseek(fd, 0, SEEK_CUR), 1, "their offset is shared");
	is(pread(fd, &c, 1, 0), 1, "closing them in the child leaves the parent's open");
	close(fd);
	unlink("/tmp/fork");
}

static int check_place(void *arg)
{
	char buf[64];
	struct rlimit r;

	(void)arg;
	if (!getcwd(buf, sizeof(buf)) || strcmp(buf, "/tmp"))
		return 1;
	if (umask(0) != 027)
		return 2;
	if (getrlimit(RLIMIT_CORE, &r) || r.rlim_cur != 0)
		return 3;
	if (chdir("/"))
		return 4;
	return 0;
}

static void place(void)
{
	struct rlimit r = { 0, 0 };
	char buf[64];
	mode_t old = umask(027);

	must(chdir("/tmp") == 0);
	getrlimit(RLIMIT_CORE, &r);
	r.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &r);
	child_ok(check_place, NULL, "a child has the parent's directory, umask and limits");
	ok(getcwd(buf, sizeof(buf)) && strcmp(buf, "/tmp") == 0,
	   "a child's chdir does not move the parent");
	is(umask(old), 027, "a child's umask does not change the parent's");
	must(chdir("/") == 0);
}

static void registers(void)
{
	unsigned long b = 0x1111, c = 0x2222, d = 0x3333, e = 0x4444;
	long ret;
	int status;

	/* The raw system call, so that callee-saved registers are seen on both sides. */
	__asm__ volatile("mov $0x1111, %%rbx; mov $0x2222, %%r12; mov $0x3333, %%r13;"
			 "mov $0x4444, %%r14; syscall;"
			 "mov %%rbx, %1; mov %%r12, %2; mov %%r13, %3; mov %%r14, %4"
			 : "=&a"(ret), "=m"(b), "=m"(c), "=m"(d), "=m"(e)
			 : "0"((long)SYS_fork)
			 : "rcx", "r11", "rbx", "r12", "r13", "r14", "memory");
	if (ret == 0)
		_exit(b == 0x1111 && c == 0x2222 && d == 0x3333 && e == 0x4444 ? 5 : 6);
	must(ret > 0);
	status = wait_for((pid_t)ret);
	is(status, EXITED(5), "registers survive the fork in the child");
	ok(b == 0x1111 && c == 0x2222 && d == 0x3333 && e == 0x4444, "and in the parent");
}

static void by_vfork(void)
{
	volatile int shared = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 42;
		sleep_ms(20);
		shared = 43;
		_exit(9);
	}
	is(shared, 43, "vfork shares the memory and lets the parent wait");
	status = wait_for(pid);
	is(status, EXITED(9), "a vfork child's status is told as any other's");
}

static void vfork_ends(void)
{
	char *argv[] = { "fork", "nothing", NULL }, *envp[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	is(wait_for(pid), EXITED(31), "a vfork child can exec");
	pid = vfork();
	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	is(wait_for(pid), SIGKILL, "when a vfork child is killed its parent goes on");
}

static void in_numbers(void)
{
	enum { N = 100 };
	pid_t pid[N];
	int i, bad = 0, same = 0, j;

	for (i = 0; i < 500; i++) {
		pid_t p = fork();

		if (p == 0)
			_exit(i & 0x7f);
		bad += p < 0 || wait_for(p) != EXITED(i & 0x7f);
	}
	is(bad, 0, "500 children, one after another, all tell their status");
	for (i = 0; i < N; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(i);
		bad += pid[i] < 0;
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < i; j++)
			same += pid[i] == pid[j];
	is(same, 0, "100 children at once have different pids");
	for (i = N - 1; i >= 0; i--)
		bad += wait_for(pid[i]) != EXITED(i);
	is(bad, 0, "each can be waited for by its pid");
}

static int fork_tree(int depth)
{
	int i, sum = 1;

	if (depth == 0)
		return 1;
	for (i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 0;
		if (pid == 0)
			_exit(fork_tree(depth - 1));
		sum += wait_for(pid) >> 8;
	}
	return sum;
}

static int check_layout(void *arg)
{
	struct vma v;
	char *p = arg;

	return vma_in(p, p + PAGE, 0, &v) && vmas_in(p, p + 5 * PAGE) == 3 &&
	       strcmp(v.perm, "rw-p") == 0 && vma_in(p, p + 5 * PAGE, 1, &v) &&
	       strcmp(v.perm, "r--p") == 0 && vma_in(p, p + 5 * PAGE, 2, &v) &&
	       strcmp(v.perm, "rw-s") == 0 ? 0 : 1;
}

static void address_space(void)
{
	char *p = free_range(5 * PAGE);

	map_at(p, PAGE, RW);
	map_at(p + 2 * PAGE, PAGE, PROT_READ);
	must(mmap(p + 4 * PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	     MAP_FAILED);
	child_ok(check_layout, p, "a child has the same mappings");
	munmap(p, 5 * PAGE);
	is(fork_tree(3), 40, "a tree of 40 processes, three children each, counts itself");
}

/* More than check_memory() forgives, if the table of numbers kept a page for each 256. */
static int one_number(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid > 0 ? wait_for(pid) : -1;
}

static void many_numbers(void)
{
	int i, bad = 0;

	for (i = 0; i < 12000; i++)
		bad += one_number() != 0;
	is(bad, 0, "12,000 numbers are given out and back");
}

static void body(void)
{
	memory();
	identity();
	signals();
	descriptors();
	place();
	registers();
	by_vfork();
	vfork_ends();
	in_numbers();
	many_numbers();
	address_space();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 31;
	return tap_run(body, 15);
}
