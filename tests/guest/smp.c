/* smp.c - threads of one process that fault, map and unmap at once, and TLBs that must follow.
 * True on one processor too; only on two or more does it test anything hard. */
#include "tap.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define RW	(PROT_READ | PROT_WRITE)
#define THREADS	4

static atomic_int stop, ready;
static pthread_barrier_t barrier;
static char *area;
static size_t area_pages;

static void run_threads(void *(*fn)(void *), long *sum)
{
	pthread_t t[THREADS];
	void *ret;
	long i;

	*sum = 0;
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, fn, (void *)i) == 0);
	for (i = 0; i < THREADS; i++) {
		must(pthread_join(t[i], &ret) == 0);
		*sum += (long)ret;
	}
}

/* All threads add one to the same word of every page, starting together: one page each must win. */
static void *touch_same(void *arg)
{
	size_t i;

	(void)arg;
	pthread_barrier_wait(&barrier);
	for (i = 0; i < area_pages; i++)
		atomic_fetch_add((atomic_int *)(area + i * PAGE), 1);
	return NULL;
}

static void *touch_own(void *arg)
{
	size_t i, mine = (size_t)arg;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < area_pages; i++)
		area[i * PAGE + mine] = (char)(i + mine);
	return NULL;
}

static void *read_then_write(void *arg)
{
	long i, bad = 0, mine = (long)arg;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < (long)area_pages; i++) {
		int *word = (int *)(area + (size_t)i * PAGE) + mine;

		bad += *(volatile int *)word != 0;
		*word = (int)i + 1;
		bad += *(volatile int *)word != (int)i + 1;
	}
	return (void *)bad;
}

static void parallel_faults(void)
{
	long sum;
	size_t i, j;
	int bad = 0;

	area_pages = 512;
	area = map_anon(area_pages * PAGE, RW);
	run_threads(touch_same, &sum);
	for (i = 0; i < area_pages; i++)
		bad += *(int *)(area + i * PAGE) != THREADS;
	is(bad, 0, "threads that touch the same pages first at the same time lose no write");
	munmap(area, area_pages * PAGE);

	area = map_anon(area_pages * PAGE, RW);
	run_threads(touch_own, &sum);
	for (i = 0, bad = 0; i < area_pages; i++)
		for (j = 0; j < THREADS; j++)
			bad += area[i * PAGE + j] != (char)(i + j);
	is(bad, 0, "threads that touch different bytes of the same pages lose no write");
	munmap(area, area_pages * PAGE);

	area = map_anon(area_pages * PAGE, RW);
	run_threads(read_then_write, &sum);
	is(sum, 0, "threads that read first and then write see their own writes");
	for (i = 0, bad = 0; i < area_pages; i++)
		for (j = 0; j < THREADS; j++)
			bad += ((int *)(area + i * PAGE))[j] != (int)i + 1;
	is(bad, 0, "the writes are all there in the end");
	munmap(area, area_pages * PAGE);
}

/* The parent's threads write while the process forks: the child's view must not change. */
static void *write_on(void *arg)
{
	size_t i, mine = (size_t)arg;
	int round = 0;

	while (!atomic_load(&stop)) {
		round++;
		for (i = 0; i < area_pages; i++)
			((volatile int *)(area + i * PAGE))[mine] = round;
		atomic_fetch_add(&ready, 1);
	}
	return NULL;
}

static int view_is_still(void *arg)
{
	static int before[64 * THREADS];
	size_t i, j;
	int round;

	(void)arg;
	for (i = 0; i < area_pages; i++)
		for (j = 0; j < THREADS; j++)
			before[i * THREADS + j] = ((int *)(area + i * PAGE))[j];
	for (round = 0; round < 4; round++) {
		sched_yield();
		for (i = 0; i < area_pages; i++)
			for (j = 0; j < THREADS; j++)
				if (((volatile int *)(area + i * PAGE))[j] !=
				    before[i * THREADS + j])
					return 1;
	}
	return 0;
}

static void fork_while_writing(void)
{
	pthread_t t[THREADS];
	long i;
	int bad = 0;

	area_pages = 64;
	area = map_anon(area_pages * PAGE, RW);
	atomic_store(&stop, 0);
	atomic_store(&ready, 0);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, write_on, (void *)i) == 0);
	while (atomic_load(&ready) < THREADS)
		sched_yield();
	for (i = 0; i < 12; i++)
		bad += child(view_is_still, NULL) != 0;
	atomic_store(&stop, 1);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	is(bad, 0, "a child's memory stands still while the parent's threads go on writing");
	munmap(area, area_pages * PAGE);
}

/* ---- TLB shootdown ----
 * After mprotect, munmap or DONTNEED returns, no processor may use the old translation. A writer
 * writes all the time; its faults are counted and stepped over by waiting. */

static atomic_long writes, write_faults;
static atomic_int allowed;

static void wait_until_allowed(int sig)
{
	(void)sig;
	atomic_fetch_add(&write_faults, 1);
	while (!atomic_load(&allowed) && !atomic_load(&stop))
		;
}

static void *keep_writing(void *arg)
{
	volatile long *word = arg;
	long n = 0;

	while (!atomic_load(&stop)) {
		*word = ++n;
		atomic_fetch_add(&writes, 1);
	}
	return NULL;
}

static void shootdown_mprotect(void)
{
	volatile long *word = (long *)map_anon(PAGE, RW);
	struct sigaction sa = { .sa_handler = wait_until_allowed }, old;
	pthread_t t;
	int round, late = 0;

	sigaction(SIGSEGV, &sa, &old);
	atomic_store(&stop, 0);
	atomic_store(&allowed, 1);
	must(pthread_create(&t, NULL, keep_writing, (void *)word) == 0);
	for (round = 0; round < 50; round++) {
		long seen, i, w = atomic_load(&writes);

		for (i = 0; i < 200 && atomic_load(&writes) == w; i++)
			sched_yield();
		atomic_store(&allowed, 0);
		must(mprotect((void *)word, PAGE, PROT_READ) == 0);
		seen = *word;
		for (i = 0; i < 2000; i++)
			late += *word != seen;
		for (i = 0; i < 1000 && atomic_load(&write_faults) == 0; i++)
			sleep_ms(1);
		late += *word != seen;
		must(mprotect((void *)word, PAGE, RW) == 0);
		atomic_store(&allowed, 1);
	}
	atomic_store(&stop, 1);
	pthread_join(t, NULL);
	sigaction(SIGSEGV, &old, NULL);
	is(late, 0, "after mprotect to read-only no other thread's write gets through");
	ok(atomic_load(&write_faults) > 0, "the other thread has met the protection");
	munmap((void *)word, PAGE);
}

/* The page is replaced by MAP_FIXED with a new one; a stale translation would write to the old. */
static void *keep_adding(void *arg)
{
	atomic_long *word = arg;

	while (!atomic_load(&stop)) {
		atomic_fetch_add(word, 1);
		atomic_fetch_add(&writes, 1);
	}
	return NULL;
}

static void shootdown_replace(void)
{
	char *p = map_anon(PAGE, RW);
	pthread_t t;
	int round, stuck = 0;

	atomic_store(&stop, 0);
	must(pthread_create(&t, NULL, keep_adding, p) == 0);
	for (round = 0; round < 200; round++) {
		unsigned long end = now_ms() + 2000;

		if (round % 2)
			map_at(p, PAGE, RW);
		else
			must(madvise(p, PAGE, MADV_DONTNEED) == 0);
		while (*(volatile long *)p == 0 && now_ms() < end)
			sched_yield();
		if (*(volatile long *)p == 0) {
			stuck++;
			break;
		}
	}
	atomic_store(&stop, 1);
	pthread_join(t, NULL);
	is(stuck, 0, "after a page is replaced other threads write to the new one");
	munmap(p, PAGE);
}

/* After fork the parent's other thread must fault on its next write, however warm its TLB is. */
static void shootdown_fork(void)
{
	volatile long *word = (long *)map_anon(PAGE, RW);
	long *copy = map_shared(PAGE);
	pthread_t t;
	int round, bad = 0;

	atomic_store(&stop, 0);
	must(pthread_create(&t, NULL, keep_writing, (void *)word) == 0);
	for (round = 0; round < 50; round++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0) {
			long i, first = *word;

			for (i = 0; i < 5000; i++)
				if (*word != first)
					_exit(1);
			_exit(0);
		}
		bad += wait_for(pid) != 0;
	}
	atomic_store(&stop, 1);
	pthread_join(t, NULL);
	is(bad, 0, "after fork a thread of the parent never writes into the child's page");
	munmap(copy, PAGE);
	munmap((void *)word, PAGE);
}

/* ---- address-space changes from many threads ---- */

static void *map_and_unmap(void *arg)
{
	long bad = 0;
	int i;

	for (i = 0; i < 300; i++) {
		size_t len = (size_t)(1 + i % 7) * PAGE;
		char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return (void *)1000;
		bad += p[0] != 0 || p[len - 1] != 0;
		p[0] = p[len - 1] = (char)((long)arg + 1);
		if (i % 3 == 0)
			mprotect(p, PAGE, PROT_READ);
		bad += p[0] != (char)((long)arg + 1);
		bad += munmap(p, len) != 0;
	}
	return (void *)bad;
}

static void churn(void)
{
	long sum;

	run_threads(map_and_unmap, &sum);
	is(sum, 0, "threads that map, touch and unmap at once never see each other's pages");
}

static void *stacks(void *arg)
{
	volatile char big[32 * 1024];
	size_t i;

	for (i = 0; i < sizeof(big); i += 512)
		big[i] = (char)(size_t)arg;
	for (i = 0; i < sizeof(big); i += 512)
		if (big[i] != (char)(size_t)arg)
			return (void *)1;
	return NULL;
}

static void many_threads(void)
{
	long sum, total = 0;
	int i;

	for (i = 0; i < 25; i++) {
		run_threads(stacks, &sum);
		total += sum;
	}
	is(total, 0, "100 threads come and go, each with its own stack");
}

static void *spin(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop))
		;
	return NULL;
}

static void preempted(void)
{
	pthread_t t[THREADS];
	unsigned long begin = now_ms();
	int i;

	atomic_store(&stop, 0);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, spin, NULL) == 0);
	for (i = 0; i < 5; i++)
		sleep_ms(10);
	atomic_store(&stop, 1);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(now_ms() - begin < 5000, "a sleeper wakes up among threads that never yield");
}

static void body(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	parallel_faults();
	fork_while_writing();
	shootdown_mprotect();
	shootdown_replace();
	shootdown_fork();
	churn();
	many_threads();
	preempted();
}

int main(void)
{
	return tap_run(body, 25);
}
