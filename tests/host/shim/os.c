/* os.c - the host, as the machine double sees it.
 * Locks:  one pthread mutex and one condition serve everything that sleeps. */
#define _GNU_SOURCE
#include "os.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_SECONDS	20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool in_child;		/* of os_run_child(), which is meant to die */

void *os_reserve(size_t bytes)
{
	void *addr =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (addr == MAP_FAILED) {
		perror("mmap");
		abort();
	}
	return addr;
}

void os_commit(void *addr, size_t bytes)
{
	if (mprotect(addr, bytes, PROT_READ | PROT_WRITE)) {
		perror("mprotect");
		abort();
	}
}

void os_zero(void *addr, size_t bytes)
{
	if (madvise(addr, bytes, MADV_DONTNEED))
		abort();
}

void *os_alloc(size_t bytes)
{
	void *mem = calloc(1, bytes);

	if (!mem)
		abort();
	return mem;
}

void os_free(void *mem)
{
	free(mem);
}

void os_print(const char *s)
{
	fputs(s, stderr);
}

/* There in a build that measures coverage, which is otherwise written on a normal exit only. */
int __llvm_profile_write_file(void) __attribute__((weak));

static void write_coverage(void)
{
	if (__llvm_profile_write_file)
		__llvm_profile_write_file();
}

/* There in a build with a sanitizer. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

void os_abort(void)
{
	write_coverage();
	if (__sanitizer_print_stack_trace && !in_child)
		__sanitizer_print_stack_trace();
	abort();
}

/* What was printed before a death is not lost in a buffer: seeds, and which tests passed. */
static __attribute__((constructor)) void buffer_lines(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

const char *os_getenv(const char *name)
{
	return getenv(name);
}

u64 os_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000UL + now.tv_nsec;
}

bool os_run_child(void (*fn)(void *), void *arg, char *output, size_t size)
{
	size_t have = 0;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds))
		abort();
	pid = fork();
	if (!pid) {
		dup2(fds[1], 2);
		close(fds[0]);
		alarm(CHILD_SECONDS);
		in_child = true;
		signal(SIGSEGV, SIG_DFL);	/* the parent's test runner catches these */
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		fn(arg);
		write_coverage();
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], output + have, size - 1 - have)) > 0)
		have += got;
	output[have] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

struct os_thread {
	pthread_t	id;
	void		(*fn)(void *);
	void		*arg;
};

static void *thread_main(void *arg)
{
	struct os_thread *thread = arg;

	thread->fn(thread->arg);
	return NULL;
}

struct os_thread *os_thread_start(void (*fn)(void *), void *arg)
{
	struct os_thread *thread = os_alloc(sizeof(*thread));

	thread->fn = fn;
	thread->arg = arg;
	if (pthread_create(&thread->id, NULL, thread_main, thread))
		abort();
	return thread;
}

void os_thread_join(struct os_thread *thread)
{
	pthread_join(thread->id, NULL);
	free(thread);
}

void os_yield(void)
{
	sched_yield();
}

void os_sleep_ns(u64 ns)
{
	const struct timespec time = { .tv_nsec = ns };

	nanosleep(&time, NULL);
}

void os_lock(void)
{
	pthread_mutex_lock(&lock);
}

void os_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void os_wait(void)
{
	pthread_cond_wait(&changed, &lock);
}

void os_wake_all(void)
{
	pthread_cond_broadcast(&changed);
}
