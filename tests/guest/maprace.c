/* maprace.c - faults, and changes of mappings, that race with the truncation of the mapped file in
 * another process, and with one another in sibling threads. Every race is run for a while and then
 * looked at in peace; on one processor they hardly meet, and the tests are as true. */
#include "tap.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	16UL
#define LEN	(PAGES * PAGE)
#define RUN_MS	300

/* What the two processes of a race tell each other. */
struct shared {
	atomic_int stop;
	/* every page of the file held at least this, or zero, since it was set */
	atomic_int gen;
	atomic_int phase;
	/* accesses by the mapping process; a race without them shows nothing */
	atomic_long faults;
};

static struct shared *s;
static int fd;

/* ---- accesses that may fault ---- */

static sigjmp_buf bus_env;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus_env, 1);
}

static void catch_bus(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_bus;
	sa.sa_flags = SA_NODEFER;
	must(sigaction(SIGBUS, &sa, NULL) == 0);
}

/* The word at @p, or 0 when there is no page of the file any more. */
static int peek(volatile int *p)
{
	int value = 0;

	if (sigsetjmp(bus_env, 0) == 0)
		value = *p;
	return value;
}

static bool poke(volatile int *p, int value)
{
	if (sigsetjmp(bus_env, 0))
		return false;
	*p = value;
	return true;
}

/* ---- the two sides ---- */

/* What a page holds in generation @gen: one byte, since a longer write may be seen half done. */
static unsigned char mark(int gen)
{
	return (unsigned char)(1 + gen % 255);
}

/* True for the mark of a generation from @least to @most; and when these are too far apart, as the
 * marks come round. */
static bool is_fresh(unsigned char value, int least, int most)
{
	return most - least >= 255 || (value - mark(least) + 255) % 255 <= most - least;
}

/* Cuts the file off and makes it longer again, each time with a new mark in every page. */
static void truncator(void)
{
	unsigned long end = now_ms() + RUN_MS;
	int gen = 0;
	unsigned char byte;
	size_t i;

	while (now_ms() < end && !atomic_load(&s->stop)) {
		byte = mark(++gen);
		must(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)LEN) == 0);
		for (i = 0; i < PAGES; i++)
			must(pwrite(fd, &byte, 1, (off_t)(i * PAGE)) == 1);
		atomic_store(&s->gen, gen);
		if (gen % 4 == 0)
			sched_yield();
	}
	atomic_store(&s->stop, 1);
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)LEN) == 0);
}

/* Looks at every page of @map; true when one shows what was cut off before the look began. */
static bool sees_stale(char *map)
{
	size_t i;

	for (i = 0; i < PAGES; i++) {
		int least = atomic_load(&s->gen);
		int value = peek((volatile int *)(map + i * PAGE));

		/* The pages of the next generation are there before it is told. */
		if (value && !is_fresh((unsigned char)value, least, atomic_load(&s->gen) + 1)) {
			diag("page %zu shows %#x after generation %d, %#x", i, (unsigned int)value,
			     least, mark(least));
			return true;
		}
	}
	return false;
}

static bool all_zero(char *map)
{
	size_t i;
	int sum = 0;

	for (i = 0; i < PAGES; i++)
		sum |= peek((volatile int *)(map + i * PAGE));
	return !sum;
}

static char *map_file(char *where, int prot, int flags)
{
	char *p = mmap(where, LEN, prot, flags | (where ? MAP_FIXED : 0), fd, 0);

	must(p != MAP_FAILED);
	return p;
}

/* One step of what the mapping process does to its mapping between two looks. */
typedef void step_fn(char *map, unsigned int round);

static void drop_pages(char *map, unsigned int round)
{
	(void)round;
	madvise(map, LEN, MADV_DONTNEED);
}

static void protect_parts(char *map, unsigned int round)
{
	char *part = map + (1 + round % (PAGES - 4)) * PAGE;

	mprotect(part, 3 * PAGE, PROT_READ);
	peek((volatile int *)(part + PAGE));
	if (round % 2)
		mprotect(part, 3 * PAGE, RW);
	else
		mprotect(map, LEN, RW);
}

static void unmap_parts(char *map, unsigned int round)
{
	char *part = map + (1 + round % (PAGES - 4)) * PAGE;

	munmap(part, 3 * PAGE);
	mmap(part, 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, part - map);
}

/* Moves the middle away and back. */
static void move_parts(char *map, unsigned int round)
{
	char *part = map + (1 + round % (PAGES - 4)) * PAGE, *away;

	away = mremap(part, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map + 4 * LEN);
	if (away == map + 4 * LEN)
		mremap(away, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, part);
}

/* 0: no page behind the end of the file ever stayed mapped. */
static int mapper(step_fn *step, int prot)
{
	char *room = free_range(8 * LEN), *map = map_file(room, prot, MAP_SHARED);
	unsigned int round = 0;

	catch_bus();
	while (!atomic_load(&s->stop)) {
		if (sees_stale(map))
			return 1;
		step(map, round++);
		atomic_fetch_add(&s->faults, 1);
	}
	while (atomic_load(&s->phase) == 0)
		sched_yield();
	return all_zero(map) ? 0 : 2;
}

static void race(step_fn *step, int prot, const char *name)
{
	int status;
	pid_t pid;

	memset(s, 0, sizeof(*s));
	must(ftruncate(fd, 0) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		status = mapper(step, prot);
		atomic_store(&s->stop, 1);
		_exit(status);
	}
	truncator();
	atomic_store(&s->phase, 1);
	is(wait_for(pid), 0, "%s", name);
	diag("%d truncations, %ld rounds", atomic_load(&s->gen), atomic_load(&s->faults));
}

/* ---- writers: what they write must be in the file, or be cut off with it ---- */

static int writer(void)
{
	char *map = map_file(NULL, RW, MAP_SHARED);
	int round = 0, value;
	size_t i;

	catch_bus();
	while (!atomic_load(&s->stop)) {
		round++;
		for (i = 0; i < PAGES; i++)
			poke((volatile int *)(map + i * PAGE), round);
		if (round % 4 == 0)
			madvise(map, LEN, MADV_DONTNEED);
	}
	while (atomic_load(&s->phase) == 0)
		sched_yield();
	for (i = 0; i < PAGES; i++)
		if (!poke((volatile int *)(map + i * PAGE), -(int)i - 1))
			return 1;
	for (i = 0; i < PAGES; i++)
		if (pread(fd, &value, sizeof(value), (off_t)(i * PAGE)) != sizeof(value) ||
		    value != -(int)i - 1)
			return 2;
	return 0;
}

static void writing(void)
{
	int round, bad = 0;
	unsigned long end = now_ms() + RUN_MS;

	for (round = 0; round < 40 && now_ms() < end; round++) {
		unsigned long until = now_ms() + 15;
		pid_t pid;

		memset(s, 0, sizeof(*s));
		must(ftruncate(fd, (off_t)LEN) == 0);
		pid = fork();
		must(pid >= 0);
		if (pid == 0)
			_exit(writer());
		while (now_ms() < until)
			must(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)LEN) == 0);
		atomic_store(&s->stop, 1);
		atomic_store(&s->phase, 1);
		bad += wait_for(pid) != 0;
	}
	is(bad, 0, "after a race with truncation what is written to the mapping is in the file");
}

/* ---- private copies ---- */

/* Copies pages until the file has been cut off; then every access must be SIGBUS. */
static int copier(void)
{
	char *map = map_file(NULL, RW, MAP_PRIVATE);
	size_t i;
	int round = 0;

	catch_bus();
	while (!atomic_load(&s->stop)) {
		for (i = 0; i < PAGES; i++) {
			if (round % 2)
				peek((volatile int *)(map + i * PAGE));
			poke((volatile int *)(map + i * PAGE), 77);
		}
		/* With its copies in place it waits for the end now and then. */
		if (++round % 3)
			madvise(map, LEN, MADV_DONTNEED);
		atomic_fetch_add(&s->faults, 1);
	}
	while (atomic_load(&s->phase) == 0)
		sched_yield();
	for (i = 0; i < PAGES; i++)
		if (poke((volatile int *)(map + i * PAGE), 1))
			return 1;
	return 0;
}

static void copying(void)
{
	int round, bad = 0;
	unsigned long end = now_ms() + RUN_MS;

	for (round = 0; round < 60 && now_ms() < end; round++) {
		pid_t pid;

		memset(s, 0, sizeof(*s));
		must(ftruncate(fd, (off_t)LEN) == 0);
		pid = fork();
		must(pid >= 0);
		if (pid == 0)
			_exit(copier());
		while (atomic_load(&s->faults) < 3)
			sched_yield();
		must(ftruncate(fd, 0) == 0);
		atomic_store(&s->stop, 1);
		atomic_store(&s->phase, 1);
		bad += wait_for(pid) != 0;
	}
	is(bad, 0,
	   "truncation that races with copy on write leaves no private copy behind the end");
}

/* In peace: a copied page and a read one, both cut off. */
static void at_rest(void)
{
	char *map;

	must(ftruncate(fd, (off_t)LEN) == 0);
	map = map_file(NULL, RW, MAP_PRIVATE);
	map[3 * PAGE] = 1;
	must(map[2 * PAGE] == 0);
	must(ftruncate(fd, PAGE) == 0);
	faults(READ, map + 3 * PAGE, SIGBUS, BUS_ADRERR, "a private copy behind the end is gone");
	must(ftruncate(fd, (off_t)LEN) == 0);
	is(map[3 * PAGE], 0, "when the file grows again its zeros show");
	munmap(map, LEN);
}

/* ---- sibling threads ---- */

#define AREA	64UL	/* pages */

static char *area;
static atomic_int done;
static atomic_long touches, moved;
static __thread sigjmp_buf thread_env;

static void on_thread_fault(int sig)
{
	(void)sig;
	siglongjmp(thread_env, 1);
}

/* Writes to the pages of the area and reads them back as long as it may: a page that it could
 * write holds what it wrote, or zero if it was replaced in between. */
static void *toucher(void *arg)
{
	long mine = (long)arg;
	volatile long bad = 0;
	volatile int round = 0;

	while (!atomic_load(&done)) {
		volatile size_t i;

		round = round + 1;
		for (i = 0; i < AREA; i++) {
			volatile int *word = (volatile int *)(area + i * PAGE) + mine;

			if (sigsetjmp(thread_env, 0) == 0) {
				int seen;

				*word = round;
				seen = *word;
				bad = bad + (seen != round && seen != 0);
			}
		}
		atomic_fetch_add(&touches, 1);
	}
	return (void *)bad;
}

/* A look at 8 pages that nobody may write now. A thread that still can, through a translation
 * that its processor has kept, gives itself away. */
static void must_stand_still(char *part)
{
	int seen[8][3], i, j, look;

	for (look = 0; look < 4; look++)
		for (i = 0; i < 8; i++)
			for (j = 0; j < 3; j++) {
				int now = ((volatile int *)(part + (size_t)i * PAGE))[j];

				if (look && now != seen[i][j])
					atomic_fetch_add(&moved, 1);
				seen[i][j] = now;
			}
}

static void sibling_protect(unsigned int round)
{
	char *part = area + round * 7 % (AREA - 8) * PAGE;

	mprotect(part, 8 * PAGE, PROT_READ);
	must_stand_still(part);
	mprotect(part + PAGE, 2 * PAGE, PROT_NONE);
	mprotect(part, 8 * PAGE, RW);
}

static void sibling_unmap(unsigned int round)
{
	char *part = area + round * 7 % (AREA - 8) * PAGE;

	munmap(part, 8 * PAGE);
	map_at(part, 8 * PAGE, RW);
}

/* There and back. */
static void sibling_move(unsigned int round)
{
	char *part = area + round * 7 % (AREA - 8) * PAGE, *away = area + 2 * AREA * PAGE;

	must(mremap(part, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away);
	must_stand_still(away);
	must(mremap(away, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, part) == part);
}

static void sibling_fork(unsigned int round)
{
	pid_t pid = round % 8 ? 0 : fork();

	if (round % 8) {
		sibling_protect(round);
		return;
	}
	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	must(wait_for(pid) == 0);
}

static void among_siblings(void (*step)(unsigned int), const char *name)
{
	unsigned long end = now_ms() + RUN_MS;
	struct sigaction sa;
	unsigned int round = 0;
	pthread_t t[3];
	long i, bad = 0;
	void *ret;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_thread_fault;
	sa.sa_flags = SA_NODEFER;
	must(sigaction(SIGSEGV, &sa, NULL) == 0);
	area = map_at(free_range(4 * AREA * PAGE), AREA * PAGE, RW);
	memset(area, 0, AREA * PAGE);	/* what is moved untouched may not merge again */
	atomic_store(&done, 0);
	atomic_store(&touches, 0);
	atomic_store(&moved, 0);
	for (i = 0; i < (long)COUNT(t); i++)
		must(pthread_create(&t[i], NULL, toucher, (void *)i) == 0);
	while (now_ms() < end)
		step(round++);
	atomic_store(&done, 1);
	for (i = 0; i < (long)COUNT(t); i++) {
		must(pthread_join(t[i], &ret) == 0);
		bad += (long)ret;
	}
	is(bad, 0, "%s", name);
	is(atomic_load(&moved), 0, "and write nothing that is read-only or elsewhere");
	diag("%u changes, %ld rounds of touching", round, atomic_load(&touches));
	signal(SIGSEGV, SIG_DFL);
	munmap(area, AREA * PAGE);
}

static void body(void)
{
	s = map_shared(PAGE);
	fd = open("/tmp/maprace", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && unlink("/tmp/maprace") == 0);
	at_rest();
	race(drop_pages, PROT_READ, "a read fault that races with truncation maps no page cut off");
	race(drop_pages, RW, "nor does one in a writable mapping");
	race(protect_parts, RW, "while parts are protected truncation reaches all of the mapping");
	race(unmap_parts, RW, "while parts are unmapped and mapped it does");
	race(move_parts, RW, "while parts are moved it does");
	writing();
	copying();
	among_siblings(sibling_protect,
		       "threads touch what another one protects, and see their writes");
	among_siblings(sibling_unmap, "threads touch what another one unmaps, and see no old page");
	among_siblings(sibling_move, "threads touch what another one moves, and see their writes");
	among_siblings(sibling_fork, "threads touch what another one forks, and see their writes");
	close(fd);
}

int main(void)
{
	return tap_run(body, 20);
}
