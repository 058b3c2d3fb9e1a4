/* thread.c - POSIX threads as the C library makes them: join, mutexes, storage, signals. */
#include "tap.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;
static __thread long mine = 5;

static void *give_back(void *arg)
{
	return (char *)arg + 1;
}

static void *add_many(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 5000; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *use_storage(void *arg)
{
	long bad = mine != 5;
	int i;

	for (i = 0; i < 1000; i++) {
		mine = (long)arg * 1000 + i;
		if (i % 100 == 0)
			sched_yield();
		bad += mine != (long)arg * 1000 + i;
	}
	return (void *)bad;
}

static void basics(void)
{
	pthread_t t[8];
	void *ret;
	long i, bad = 0;

	must(pthread_create(&t[0], NULL, give_back, (void *)41) == 0);
	must(pthread_join(t[0], &ret) == 0);
	is(ret, 42, "a thread returns its value to who joins it");
	for (i = 0; i < 8; i++)
		must(pthread_create(&t[i], NULL, add_many, NULL) == 0);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	is(counter, 40000, "a mutex guards a counter among eight threads");
	mine = 77;
	for (i = 0; i < 8; i++)
		must(pthread_create(&t[i], NULL, use_storage, (void *)i) == 0);
	for (i = 0; i < 8; i++) {
		pthread_join(t[i], &ret);
		bad += (long)ret;
	}
	is(bad, 0, "each thread has its own thread-local storage");
	is(mine, 77, "and so has the first");
}

static int turn;

static void *player(void *arg)
{
	int me = (int)(intptr_t)arg, i;

	for (i = 0; i < 500; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 != me)
			pthread_cond_wait(&cond, &lock);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void conditions(void)
{
	struct timespec t;
	pthread_t a, b;
	int ret;

	must(pthread_create(&a, NULL, player, (void *)0) == 0);
	must(pthread_create(&b, NULL, player, (void *)1) == 0);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is(turn, 1000, "two threads take 1000 turns by a condition variable");
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 20000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	pthread_mutex_lock(&lock);
	ret = pthread_cond_timedwait(&cond, &lock, &t);
	pthread_mutex_unlock(&lock);
	is(ret, ETIMEDOUT, "a timed wait ends with its time");
}

static atomic_int handled_by, go_on;

static void handler(int sig)
{
	(void)sig;
	handled_by = (int)syscall(SYS_gettid);
}

static void *take_signal(void *arg)
{
	sigset_t set;

	*(int *)arg = (int)syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!go_on)
		sleep_ms(1);
	return NULL;
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = handler };
	int tid = 0, i;
	pthread_t t;
	sigset_t set;

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	must(pthread_create(&t, NULL, take_signal, &tid) == 0);
	sleep_ms(20);
	kill(getpid(), SIGUSR1);
	for (i = 0; i < 1000 && !handled_by; i++)
		sleep_ms(1);
	ok(handled_by == tid && tid != 0, "a signal to the process goes to a thread that takes it");
	handled_by = 0;
	pthread_kill(t, SIGUSR1);
	for (i = 0; i < 1000 && !handled_by; i++)
		sleep_ms(1);
	is(handled_by, tid, "a signal to a thread goes to that thread");
	handled_by = 0;
	pthread_kill(pthread_self(), SIGUSR1);
	is(handled_by, 0, "a thread that blocks it does not take it");
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	is(handled_by, getpid(), "until it no longer does");
	go_on = 1;
	pthread_join(t, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static void *sleep_long(void *arg)
{
	(void)arg;
	sleep_ms(60000);
	return NULL;
}

static int exit_with_threads(void *arg)
{
	pthread_t t;
	int i;

	(void)arg;
	for (i = 0; i < 5; i++)
		if (pthread_create(&t, NULL, sleep_long, NULL))
			return 1;
	return 17;
}

static int killed_with_threads(void *arg)
{
	exit_with_threads(arg);
	kill(getpid(), SIGKILL);
	return 1;
}

static int fork_in_thread_group(void *arg)
{
	pthread_t t;
	pid_t pid;

	(void)arg;
	if (pthread_create(&t, NULL, sleep_long, NULL))
		return 1;
	pid = fork();
	if (pid == 0) {
		/* Only this thread lives on in the child. */
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/task/%d", (int)getpid());
		_exit(access(path, F_OK) == 0 || errno == ENOENT ? 5 : 6);
	}
	return wait_for(pid) == EXITED(5) ? 0 : 2;
}

static void endings(void)
{
	pthread_t t;
	void *ret;

	is(child(exit_with_threads, NULL), EXITED(17), "exit ends all threads of a process");
	is(child(killed_with_threads, NULL), SIGKILL, "SIGKILL ends all threads of a process");
	child_ok(fork_in_thread_group, NULL, "a process with threads can fork");
	must(pthread_create(&t, NULL, sleep_long, NULL) == 0);
	must(pthread_cancel(t) == 0);
	must(pthread_join(t, &ret) == 0);
	ok(ret == PTHREAD_CANCELED, "a sleeping thread can be cancelled");
}

static pthread_mutex_t robust;

static void *die_with_lock(void *arg)
{
	pthread_mutex_lock(&robust);
	return arg;
}

static void robust_locks(void)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	must(pthread_create(&t, NULL, die_with_lock, NULL) == 0);
	pthread_join(t, NULL);
	is(pthread_mutex_lock(&robust), EOWNERDEAD, "a robust mutex tells that its owner is dead");
	is(pthread_mutex_consistent(&robust), 0, "it can be repaired");
	pthread_mutex_unlock(&robust);
}

/* A robust mutex in shared memory whose owner is a process that is killed. */
static void robust_between_processes(void)
{
	pthread_mutex_t *m = map_shared(PAGE);
	pthread_mutexattr_t attr;
	pid_t pid;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &attr);
	pid = fork();
	if (pid == 0) {
		pthread_mutex_lock(m);
		kill(getpid(), SIGKILL);
	}
	wait_for(pid);
	is(pthread_mutex_lock(m), EOWNERDEAD, "so does one whose owner was a killed process");
	munmap(m, PAGE);
}

static sem_t ping, pong;

static void *answer(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return arg;
}

static void semaphores(void)
{
	pthread_t t;
	int i;

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	must(pthread_create(&t, NULL, answer, NULL) == 0);
	for (i = 0; i < 1000; i++) {
		sem_post(&ping);
		sem_wait(&pong);
	}
	pthread_join(t, NULL);
	is(i, 1000, "1000 semaphore round trips between two threads");
}

static void body(void)
{
	basics();
	conditions();
	signals();
	endings();
	robust_locks();
	robust_between_processes();
	semaphores();
}

int main(void)
{
	return tap_run(body, 15);
}
