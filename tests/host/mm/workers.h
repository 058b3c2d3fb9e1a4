/* workers.h - threads on processors 1 to 3 that work on one mm while a test does something to it.
 * Who includes this defines PAGES, of private memory at BASE. SMP_MS=n: how long each test goes
 * on. */
#ifndef TESTS_WORKERS_H
#define TESTS_WORKERS_H

#include "mm_test.h"

#define NR_WORKERS 3

static struct mm_struct *mm;
static bool stop;
static u64 until;

static inline bool time_is_up(void)
{
	return os_time_ns() >= until;
}

static inline bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Each has its number as its argument. */
static inline void start(void (*const workers[NR_WORKERS])(void *), struct os_thread **threads)
{
	const char *ms = os_getenv("SMP_MS");

	until = os_time_ns() + (ms ? strtoul(ms, NULL, 10) : 150) * 1000000UL;
	__atomic_store_n(&stop, false, __ATOMIC_SEQ_CST);
	for (unsigned long i = 0; i < NR_WORKERS; i++)
		threads[i] = shim_run_on(1 + i, workers[i], (void *)i);
}

static inline void start_all(void (*worker)(void *), struct os_thread **threads)
{
	start((void (*const[])(void *)){ worker, worker, worker }, threads);
}

static inline void join(struct os_thread **threads)
{
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < NR_WORKERS; i++)
		os_thread_join(threads[i]);
	check_all();
}

/* A worker's own word in a page. */
static inline unsigned long word(unsigned int page, unsigned long worker)
{
	return BASE + page * PAGE_SIZE + worker * 8;
}

/* Count in the own words of all pages; what was written last must be there. */
static inline void count(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	u64 values[PAGES] = {};

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = (n * 5 + worker) % PAGES;

		if (read64(1 + worker, mm, word(page, worker)) != values[page])
			panic("a write was lost in page %u", page);
		write64(1 + worker, mm, word(page, worker), ++values[page]);
	}
}

#endif
