/* clone.c - the system call under threads: what is shared with which flag, and thread ids. */
#include "tap.h"
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define RW		(PROT_READ | PROT_WRITE)
#define STACK_SIZE	(16 * PAGE)
#define THREAD		(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
			 CLONE_SYSVSEM)

#ifndef FUTEX_WAIT
#define FUTEX_WAIT	0
#endif

static atomic_int started, result;
static atomic_int tid_word;
static int parent_tid;

/* The system call itself, since a C library's clone() may refuse flags that it has no use for. A
 * child calls @fn with @arg on @stack; what that returns is its exit status. */
static pid_t spawn(int (*fn)(void *), void *arg, char *stack, int flags, int *ptid, void *tls,
		   int *ctid)
{
	void **top = (void **)(stack + STACK_SIZE) - 2;
	register int *r10 __asm__("r10") = ctid;
	register void *r8 __asm__("r8") = tls;
	long ret;

	top[0] = (void *)fn;
	top[1] = arg;
	__asm__ volatile("syscall\n\t"
			 "test	%%rax, %%rax\n\t"
			 "jnz	1f\n\t"
			 "pop	%%rax\n\t"
			 "pop	%%rdi\n\t"
			 "call	*%%rax\n\t"
			 "mov	%%eax, %%edi\n\t"
			 "mov	%[exit], %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(SYS_clone), "D"((long)flags), "S"(top), "d"(ptid), "r"(r10), "r"(r8),
			   [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* Waits until the kernel clears a thread-id word and wakes its futex. */
static bool joined(atomic_int *word)
{
	struct timespec limit = { 5, 0 };
	int v;

	while ((v = atomic_load(word)) != 0)
		if (syscall(SYS_futex, word, FUTEX_WAIT, v, &limit, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			return false;
	return true;
}

static int store_ids(void *arg)
{
	int *ids = arg;

	ids[0] = (int)syscall(SYS_getpid);
	ids[1] = (int)syscall(SYS_gettid);
	ids[2] = (int)syscall(SYS_getppid);
	return 0;
}

static void a_thread(char *stack)
{
	int ids[3] = { 0 }, flags = THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID |
				   CLONE_CHILD_SETTID;
	pid_t tid;

	atomic_store(&tid_word, -1);
	tid = spawn(store_ids, ids, stack, flags, &parent_tid, NULL, (int *)&tid_word);
	ok(tid > 0, "clone makes a thread");
	ok(joined(&tid_word), "CLONE_CHILD_CLEARTID clears the word and wakes its futex");
	is(ids[0], getpid(), "the thread's pid is the process's");
	is(ids[1], tid, "its thread id is what clone returned");
	is(ids[2], getppid(), "its parent is the process's parent");
	is(parent_tid, tid, "CLONE_PARENT_SETTID stores the id");
	fails(waitpid(tid, NULL, 0), ECHILD, "a thread is no child to wait for");
	fails(waitpid(-1, NULL, __WALL), ECHILD, "even with __WALL");
}

static int set_result(void *arg)
{
	atomic_store(&result, (int)(intptr_t)arg);
	return 3;
}

static void shared_memory(char *stack)
{
	pid_t pid;

	atomic_store(&result, 0);
	pid = spawn(set_result, (void *)11, stack, CLONE_VM | SIGCHLD, NULL, NULL, NULL);
	is(wait_for(pid), EXITED(3), "CLONE_VM alone makes a process that can be waited for");
	is(result, 11, "it shares the memory");
	pid = spawn(set_result, (void *)12, stack, SIGCHLD, NULL, NULL, NULL);
	is(wait_for(pid), EXITED(3), "clone without CLONE_VM makes a process");
	is(result, 11, "it does not share the memory");
	pid = spawn(set_result, (void *)13, stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL,
		    NULL);
	is(result, 13, "CLONE_VFORK lets the parent wait for its end");
	wait_for(pid);
}

static int map_for_parent(void *arg)
{
	char **p = arg;

	*p = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*p == MAP_FAILED)
		return 1;
	**p = 66;
	return 0;
}

static void outlives(char *stack)
{
	char *p = NULL;
	pid_t pid = spawn(map_for_parent, &p, stack, CLONE_VM | SIGCHLD, NULL, NULL, NULL);

	is(wait_for(pid), 0, "a process with shared memory can map");
	is(*p, 66, "the mapping is there after its end");
	munmap(p, PAGE);
}

static int close_and_move(void *arg)
{
	int *fd = arg;

	close(*fd);
	return chdir("/tmp");
}

static void files_and_place(char *stack)
{
	int fd = dup(1);
	char buf[64];
	pid_t pid;

	must(chdir("/") == 0);
	pid = spawn(close_and_move, &fd, stack, SIGCHLD, NULL, NULL, NULL);
	is(wait_for(pid), 0, "a child without CLONE_FILES and CLONE_FS closes and moves");
	ok(fcntl(fd, F_GETFD) >= 0, "the parent's descriptor stays open");
	ok(getcwd(buf, sizeof(buf)) && strcmp(buf, "/") == 0, "the parent's directory stays");
	pid = spawn(close_and_move, &fd, stack, CLONE_FILES | CLONE_FS | SIGCHLD, NULL, NULL, NULL);
	is(wait_for(pid), 0, "a child with CLONE_FILES and CLONE_FS closes and moves");
	fails(fcntl(fd, F_GETFD), EBADF, "the descriptor is closed for both");
	ok(getcwd(buf, sizeof(buf)) && strcmp(buf, "/tmp") == 0,
	   "the directory has changed for both");
	must(chdir("/") == 0);
}

static int read_tls(void *arg)
{
	unsigned long v;

	(void)arg;
	__asm__ volatile("mov %%fs:0, %0" : "=r"(v));
	atomic_store(&result, v == 0x1234567 ? 1 : 2);
	return 0;
}

static void thread_storage(char *stack)
{
	unsigned long tls[2] = { 0x1234567, 0 };

	atomic_store(&tid_word, -1);
	atomic_store(&result, 0);
	must(spawn(read_tls, NULL, stack, THREAD | CLONE_SETTLS | CLONE_CHILD_CLEARTID, NULL, tls,
		   (int *)&tid_word) > 0);
	must(joined(&tid_word));
	is(result, 1, "CLONE_SETTLS sets the base of fs");
}

static int thread_exits_group(void *arg)
{
	(void)arg;
	syscall(SYS_exit_group, 33);
	return 0;
}

static int thread_exits(void *arg)
{
	(void)arg;
	atomic_store(&started, 1);
	syscall(SYS_exit, 44);
	return 0;
}

static int thread_stays(void *arg)
{
	(void)arg;
	sleep_ms(30);
	syscall(SYS_exit_group, 55);
	return 0;
}

static int group_ended_by_thread(void *stack)
{
	spawn(thread_exits_group, NULL, stack, THREAD, NULL, NULL, NULL);
	return hang(NULL);
}

static int thread_ends_alone(void *stack)
{
	spawn(thread_exits, NULL, stack, THREAD, NULL, NULL, NULL);
	while (!atomic_load(&started))
		sleep_ms(1);
	sleep_ms(10);
	return 22;
}

static int leader_leaves_first(void *stack)
{
	spawn(thread_stays, NULL, stack, THREAD, NULL, NULL, NULL);
	syscall(SYS_exit, 1);
	return 0;
}

static int thread_crashes(void *arg)
{
	(void)arg;
	*(volatile char *)hide(16) = 1;
	return 0;
}

static int group_crashed(void *stack)
{
	spawn(thread_crashes, NULL, stack, THREAD, NULL, NULL, NULL);
	return hang(NULL);
}

static void ends(char *stack)
{
	is(child(group_ended_by_thread, stack), EXITED(33),
	   "exit_group of a thread ends the process");
	is(child(thread_ends_alone, stack), EXITED(22), "exit of a thread ends only the thread");
	is(child(leader_leaves_first, stack), EXITED(55),
	   "when the first thread exits the others go on, and the last one's status counts");
	is(child(group_crashed, stack) & 0x7f, SIGSEGV, "a fault of one thread ends the process");
}

static void refused(void)
{
	fails(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL,
	      "CLONE_SIGHAND without CLONE_VM is EINVAL");
	fails(syscall(SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0), EINVAL,
	      "CLONE_THREAD without CLONE_SIGHAND is EINVAL");
}

static int exec_from_thread(void *arg)
{
	char *argv[] = { "/proc/self/exe", "exec", NULL };

	(void)arg;
	execv(argv[0], argv);
	_exit(1);
}

static int group_execs(void *stack)
{
	spawn(exec_from_thread, NULL, stack, THREAD, NULL, NULL, NULL);
	return hang(NULL);
}

static void execs(char *stack)
{
	is(child(group_execs, stack), EXITED(77), "exec in a thread replaces the whole process");
}

static void body(void)
{
	char *stack = map_anon(STACK_SIZE, RW);

	a_thread(stack);
	shared_memory(stack);
	outlives(stack);
	files_and_place(stack);
	thread_storage(stack);
	ends(stack);
	refused();
	execs(stack);
	munmap(stack, STACK_SIZE);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "exec") == 0)
		return getpid() == (pid_t)syscall(SYS_gettid) ? 77 : 78;
	return tap_run(body, 10);
}
