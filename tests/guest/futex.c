/* futex.c - waiting and waking on words of memory, between threads and between processes. */
#include "tap.h"
#include <pthread.h>
#include <stdatomic.h>

#define WAIT		0
#define WAKE		1
#define REQUEUE		3
#define CMP_REQUEUE	4
#define WAIT_BITSET	9
#define WAKE_BITSET	10
#define PRIVATE		128
#define REALTIME	256

static atomic_int word, other, woken, waiting;

static long futex(void *w, int op, int val, const void *timeout, void *w2, int val3)
{
	return syscall(SYS_futex, w, op, val, timeout, w2, val3);
}

static void refused(void)
{
	struct timespec soon = { 0, 20000000 }, bad = { 0, 2000000000 };
	unsigned long begin = now_ms();
	char *readonly = map_anon(PAGE, PROT_READ);

	word = 1;
	fails(futex(&word, WAIT, 0, NULL, NULL, 0), EAGAIN, "another value is EAGAIN");
	fails(futex(&word, WAIT, 1, &soon, NULL, 0), ETIMEDOUT, "a wait ends with its time");
	ok(now_ms() - begin >= 20, "and not before");
	fails(futex(&word, WAIT, 1, &bad, NULL, 0), EINVAL, "an impossible time is EINVAL");
	fails(futex((char *)&word + 1, WAIT, 1, NULL, NULL, 0), EINVAL, "an odd address is EINVAL");
	fails(futex(hide(16), WAIT, 0, NULL, NULL, 0), EFAULT, "an unmapped word is EFAULT");
	fails(futex(KERNEL_ADDR, WAIT, 0, NULL, NULL, 0), EFAULT, "a kernel word is EFAULT");
	fails(futex(&word, 77, 0, NULL, NULL, 0), ENOSYS, "an unknown operation is ENOSYS");
	fails(futex(readonly, WAIT | PRIVATE, 5, NULL, NULL, 0), EAGAIN,
	      "a read-only word can be waited on");
	is(futex(&word, WAKE, 10, NULL, NULL, 0), 0, "waking nobody tells 0");
	munmap(readonly, PAGE);
}

static void *waiter(void *op)
{
	atomic_fetch_add(&waiting, 1);
	while (word == 0)
		futex(&word, (int)(intptr_t)op, 0, NULL, NULL, -1);
	atomic_fetch_add(&woken, 1);
	return NULL;
}

static void wake_threads(int wait_op, int wake_op, const char *name)
{
	pthread_t t[4];
	long n = 0;
	int i;

	word = waiting = woken = 0;
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, waiter, (void *)(intptr_t)wait_op) == 0);
	while (waiting < 4)
		sleep_ms(1);
	sleep_ms(20);
	n = futex(&word, wake_op, 2, NULL, NULL, -1);
	is(n, 2, "%s: a wake of two tells two", name);
	word = 1;
	futex(&word, wake_op, 100, NULL, NULL, -1);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	is(woken, 4, "%s: all waiters go on", name);
}

static void *wait_once(void *arg)
{
	(void)arg;
	atomic_fetch_add(&waiting, 1);
	if (futex(&word, WAIT | PRIVATE, 0, NULL, NULL, 0) == 0)
		atomic_fetch_add(&woken, 1);
	return NULL;
}

static void requeue(void)
{
	pthread_t t[4];
	int i;

	word = other = waiting = woken = 0;
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, wait_once, NULL) == 0);
	while (waiting < 4)
		sleep_ms(1);
	sleep_ms(20);
	fails(futex(&word, CMP_REQUEUE | PRIVATE, 1, (void *)10, &other, 5), EAGAIN,
	      "CMP_REQUEUE with another value is EAGAIN");
	is(futex(&word, CMP_REQUEUE | PRIVATE, 1, (void *)10, &other, 0), 4,
	   "CMP_REQUEUE wakes one and moves three");
	is(futex(&word, WAKE | PRIVATE, 10, NULL, NULL, 0), 0, "the old word has no waiter left");
	is(futex(&other, WAKE | PRIVATE, 10, NULL, NULL, 0), 3, "the new one has three");
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	is(woken, 4, "all of them have been woken");
}

static void *bit_waiter(void *bits)
{
	atomic_fetch_add(&waiting, 1);
	futex(&word, WAIT_BITSET | PRIVATE, 0, NULL, NULL, (int)(intptr_t)bits);
	atomic_fetch_or(&woken, (int)(intptr_t)bits);
	return NULL;
}

static void bitsets(void)
{
	struct timespec past = { 1, 0 };
	pthread_t a, b;

	word = waiting = woken = 0;
	must(pthread_create(&a, NULL, bit_waiter, (void *)1) == 0);
	must(pthread_create(&b, NULL, bit_waiter, (void *)2) == 0);
	while (waiting < 2)
		sleep_ms(1);
	sleep_ms(20);
	is(futex(&word, WAKE_BITSET | PRIVATE, 10, NULL, NULL, 2), 1, "WAKE_BITSET wakes by bits");
	pthread_join(b, NULL);
	is(woken, 2, "only the one that is meant");
	futex(&word, WAKE_BITSET | PRIVATE, 10, NULL, NULL, -1);
	pthread_join(a, NULL);
	fails(futex(&word, WAIT_BITSET | PRIVATE | REALTIME, 0, &past, NULL, -1), ETIMEDOUT,
	      "WAIT_BITSET takes a point in time");
	fails(futex(&word, WAIT_BITSET | PRIVATE, 0, NULL, NULL, 0), EINVAL, "no bits are EINVAL");
}

static void between_processes(void)
{
	atomic_int *shared = map_shared(PAGE);
	struct timespec limit = { 5, 0 };
	pid_t pid = fork();

	if (pid == 0) {
		while (shared[0] == 0)
			if (futex(shared, WAIT, 0, &limit, NULL, 0) < 0 && errno == ETIMEDOUT)
				_exit(1);
		_exit(0);
	}
	sleep_ms(20);
	shared[0] = 1;
	futex(shared, WAKE, 1, NULL, NULL, 0);
	is(wait_for(pid), 0, "a futex in shared memory wakes another process");
	munmap(shared, PAGE);
}

static int sleeper_is_killed(void *arg)
{
	(void)arg;
	word = 0;
	futex(&word, WAIT | PRIVATE, 0, NULL, NULL, 0);
	return 1;
}

static void handler(int sig)
{
	(void)sig;
}

static int interrupted(void *arg)
{
	struct sigaction sa = { .sa_handler = handler };
	pid_t parent = getpid();

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	if (fork() == 0) {
		sleep_ms(20);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	word = 0;
	if (futex(&word, WAIT | PRIVATE, 0, NULL, NULL, 0) != -1 || errno != EINTR)
		return 1;
	wait_for(-1);
	return 0;
}

static void signals(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(sleeper_is_killed(NULL));
	sleep_ms(10);
	kill(pid, SIGKILL);
	is(wait_for(pid), SIGKILL, "a waiter can be killed");
	child_ok(interrupted, NULL, "a signal ends a wait with EINTR");
}

static void body(void)
{
	refused();
	wake_threads(WAIT | PRIVATE, WAKE | PRIVATE, "private");
	wake_threads(WAIT, WAKE, "shared");
	wake_threads(WAIT_BITSET | PRIVATE, WAKE | PRIVATE, "bitset");
	requeue();
	bitsets();
	between_processes();
	signals();
}

int main(void)
{
	return tap_run(body, 10);
}
