/* swaprace.c - threads and processes on the very pages that leave and come: faults against
 * unmapping, writes against protection and reclaim, and many processes in too little memory,
 * which all get on. */
#include "swapping.h"
#include <pthread.h>

#define PAGES	64

/* ---- two threads fault a page, a third unmaps it ---- */

static struct {
	char *p;
	pthread_barrier_t start;
	int rounds;
	int wrong;
	volatile int stop;
} race;

static __thread sigjmp_buf gone;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(gone, 1);
}

/* A page is as it was, or not there any more. */
static void read_or_fault(size_t at)
{
	if (sigsetjmp(gone, 1) == 0 && !page_is(race.p + at * PAGE, 1 + at))
		__atomic_add_fetch(&race.wrong, 1, __ATOMIC_RELAXED);
}

/* Reads every page of each round. */
static void *reader(void *arg)
{
	bool backwards = arg != NULL;
	int round;
	size_t i;

	for (round = 0; round < race.rounds; round++) {
		pthread_barrier_wait(&race.start);
		for (i = 0; i < PAGES; i++)
			read_or_fault(backwards ? PAGES - 1 - i : i);
		pthread_barrier_wait(&race.start);
	}
	return NULL;
}

static void fault_and_unmap(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old;
	pthread_t a, b;
	int round;

	race.rounds = 60;
	pthread_barrier_init(&race.start, NULL, 3);
	sigaction(SIGSEGV, &sa, &old);
	must(pthread_create(&a, NULL, reader, NULL) == 0);
	must(pthread_create(&b, NULL, reader, (void *)1) == 0);
	race.p = free_range(PAGES * PAGE);	/* after the threads' stacks */
	for (round = 0; round < race.rounds; round++) {
		size_t i;

		map_at(race.p, PAGES * PAGE, RW);
		madvise(race.p, PAGES * PAGE, MADV_NOHUGEPAGE);
		fill(race.p, PAGES, 1);
		madvise(race.p, PAGES * PAGE, MADV_PAGEOUT);
		if (round % 10 == 0)
			squeeze(meminfo_kib("MemFree") + 2048);
		pthread_barrier_wait(&race.start);
		for (i = 0; i < PAGES; i++)
			munmap(race.p + (i * 29 + (size_t)round) % PAGES * PAGE, PAGE);
		pthread_barrier_wait(&race.start);
	}
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	sigaction(SIGSEGV, &old, NULL);
	is(race.wrong, 0, "60 times two threads fault pages that are out and a third unmaps them");
}

/* ---- one thread writes, another makes the pages leave ---- */

static void *pager(void *arg)
{
	(void)arg;
	while (!race.stop)
		madvise(race.p, PAGES * PAGE, MADV_PAGEOUT);
	return NULL;
}

static void write_and_leave(void)
{
	static unsigned long count[PAGES];
	unsigned int seed = 3;
	pthread_t thread;
	unsigned long end;
	int wrong = 0;

	race.stop = 0;
	race.p = lone_pages(PAGES);
	must(pthread_create(&thread, NULL, pager, NULL) == 0);
	for (end = now_ms() + 1000; now_ms() < end;) {
		int n;

		for (n = 0; n < 500; n++) {
			size_t i = rand_r(&seed) % PAGES;
			volatile unsigned long *word = (void *)(race.p + i * PAGE);

			wrong += *word != count[i];
			*word = ++count[i];
		}
	}
	race.stop = 1;
	pthread_join(thread, NULL);
	is(wrong, 0, "no write is lost while pages leave under the writer");
	munmap(race.p, PAGES * PAGE);
}

/* ---- protection and reclaim ---- */

static volatile unsigned long written;

/* Writes rising numbers into each page; where it may not, it tries the next. */
static void *writer(void *arg)
{
	volatile unsigned long n = 0;

	(void)arg;
	while (!race.stop) {
		n++;
		if (sigsetjmp(gone, 1) == 0) {
			*(volatile unsigned long *)(race.p + n % PAGES * PAGE) = n;
			written = n;
		}
	}
	return NULL;
}

static void protect_and_leave(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old;
	unsigned long before[PAGES], seen, begin, end;
	pthread_t thread, second;
	int rounds = 0, wrong = 0;
	size_t i;

	race.stop = 0;
	race.p = lone_pages(PAGES);
	sigaction(SIGSEGV, &sa, &old);
	must(pthread_create(&thread, NULL, writer, NULL) == 0);
	must(pthread_create(&second, NULL, pager, NULL) == 0);
	begin = now_ms();
	/* A busy host may take long to run all three threads in turn. */
	for (end = begin + 1500; now_ms() < end || (rounds <= 3 && now_ms() < begin + 15000);
	     rounds++) {
		must(mprotect(race.p, PAGES * PAGE, PROT_READ) == 0);
		for (i = 0; i < PAGES; i++)
			before[i] = *(volatile unsigned long *)(race.p + i * PAGE);
		for (i = 0; i < PAGES; i++)
			wrong += *(volatile unsigned long *)(race.p + i * PAGE) != before[i];
		must(mprotect(race.p, PAGES * PAGE, RW) == 0);
		seen = written;
		while (written == seen && now_ms() < begin + 15000)
			sched_yield();
	}
	race.stop = 1;
	pthread_join(thread, NULL);
	pthread_join(second, NULL);
	sigaction(SIGSEGV, &old, NULL);
	is(wrong, 0, "after mprotect nothing is written, pages leaving or not");
	if (!ok(rounds > 3 && written > 20, "this was tried often enough"))
		diag("%d rounds, %lu writes", rounds, written);
	munmap(race.p, PAGES * PAGE);
}

/* Reads and drops the same pages that another thread makes leave: after MADV_DONTNEED they are
 * zero. */
static void drop_and_leave(void)
{
	unsigned int seed = 9;
	pthread_t thread;
	unsigned long end;
	int wrong = 0;

	race.stop = 0;
	race.p = lone_pages(PAGES);
	must(pthread_create(&thread, NULL, pager, NULL) == 0);
	for (end = now_ms() + 700; now_ms() < end;) {
		size_t i = rand_r(&seed) % PAGES;

		fill_page(race.p + i * PAGE, 40 + i);
		if (rand_r(&seed) % 2)
			sched_yield();
		wrong += !page_is(race.p + i * PAGE, 40 + i);
		must(madvise(race.p + i * PAGE, PAGE, MADV_DONTNEED) == 0);
		wrong += race.p[i * PAGE + 8] != 0;
	}
	race.stop = 1;
	pthread_join(thread, NULL);
	is(wrong, 0, "pages are dropped while they leave");
	munmap(race.p, PAGES * PAGE);
}

/* ---- thrashing ---- */

#define CROWD	6
#define ROUNDS	400

/* @rounds steps of two random pages of 2 MiB each in which it must find what it has left there. */
static int struggle(int nr, int rounds)
{
	static unsigned short version[512];
	char *p = lone_pages(512);
	unsigned int seed = (unsigned int)nr * 77 + 1;
	int wrong = 0;

	fill(p, 512, 0);
	while (rounds--) {
		size_t i = rand_r(&seed) % 512;

		wrong += !page_is(p + i * PAGE, version[i] ? version[i] * 512UL + i : i);
		version[i]++;
		fill_page(p + i * PAGE, version[i] * 512UL + i);
	}
	return wrong != 0;
}

/* Three times as much as there is, all at once. Each has its rounds done within the limit of this
 * program, and so has a process that starts in the midst of it. */
static void thrash(void)
{
	unsigned long begin = now_ms();
	pid_t pid[CROWD];
	int i, bad = 0;

	for (i = 0; i < CROWD; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(struggle(i, ROUNDS));
	}
	sleep_ms(100);
	is(system("true"), 0, "a shell starts among processes that thrash");
	for (i = 0; i < CROWD; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "all %d processes do their %d rounds, and find what they wrote", CROWD, ROUNDS);
	diag("that took %lu ms", now_ms() - begin);
}

static void body(void)
{
	pid_t weight;

	if (!have_disks())
		return;
	start_swap();
	weight = balloon(8 * 1024);
	fault_and_unmap();
	write_and_leave();
	protect_and_leave();
	drop_and_leave();
	end_child(weight);
	weight = balloon(6 * 1024);
	thrash();
	end_child(weight);
	stop_swap();
}

int main(void)
{
	return tap_run(body, 28);
}
