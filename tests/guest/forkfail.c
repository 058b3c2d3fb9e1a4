/* forkfail.c - a fork that fails halfway: the parent is as it was, and nothing stays behind.
 * It fails because of one area that is larger than all memory. Nobody is given that at once, but
 * two halves that lie side by side become one area, and fork asks for it whole. The areas below it
 * have been copied by then. */
#include "mmview.h"
#include <pthread.h>
#include <stdatomic.h>

#define STRIPES	12UL
#define STRIPE	3UL	/* pages */

static size_t big_len, slot_len;
static char *slots;	/* a stripe begins each; the large area lies in the middle of one */
static char *big;
static char *file_map;
static int file;

static int *word(size_t stripe, size_t page)
{
	return (int *)(slots + stripe * slot_len + page * PAGE);
}

static void set_up(void)
{
	size_t i, j, half;

	half = (size_t)(meminfo_kib("MemTotal") + meminfo_kib("SwapTotal")) * 1024 / 5 * 3;
	half &= -PAGE;
	big_len = 2 * half;
	slot_len = (2 * big_len + 4 * MIB) & -(2 * MIB);
	slots = free_range((STRIPES + 1) * slot_len);
	for (i = 0; i < STRIPES; i++) {
		map_at(slots + i * slot_len, STRIPE * PAGE, RW);
		for (j = 0; j < STRIPE; j++)
			*word(i, j) = (int)(100 * i + j);
		must(mprotect(word(i, 1), PAGE, PROT_READ) == 0);
	}
	file = make_file("/tmp/forkfail", 2);
	unlink("/tmp/forkfail");
	file_map = slots + PAGE * STRIPE * 2;
	must(mmap(file_map, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == file_map);
	file_map[0] = 'F';
	big = slots + STRIPES * slot_len + slot_len / 4;
	map_at(big, half, RW);
	map_at(big + half, half, RW);
	must(vmas_in(big, big + big_len) == 1);
}

/* Puts the large area behind the stripe of that number. */
static void place(size_t stripe)
{
	char *where = slots + stripe * slot_len + slot_len / 4;

	if (where == big)
		return;
	must(mremap(big, big_len, big_len, MREMAP_MAYMOVE | MREMAP_FIXED, where) == where);
	big = where;
}

/* True when fork fails as it should. */
static bool fork_fails(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		wait_for(pid);
	return pid < 0 && errno == ENOMEM;
}

static int stripes_wrong(int step)
{
	size_t i, j;
	int bad = 0;

	for (i = 0; i < STRIPES; i++)
		for (j = 0; j < STRIPE; j++)
			bad += *word(i, j) != (int)(100 * i + j) + (j == 1 ? 0 : step);
	return bad;
}

static int see_stripes(void *step)
{
	return stripes_wrong((int)(long)step) != 0;
}

static void failing(void)
{
	size_t i;
	int failed = 0, bad = 0, step = 0;

	for (i = 0; i <= STRIPES; i++) {
		place(i);
		failed += fork_fails();
		bad += stripes_wrong(step) != 0;
	}
	is(failed, (int)STRIPES + 1, "fork is ENOMEM wherever the area lies that is too large");
	is(bad, 0, "the parent's memory stays as it was");
	for (step = 1; step <= 4; step++) {
		place((size_t)step * 3);
		fork_fails();
		for (i = 0; i < STRIPES; i++) {
			++*word(i, 0);
			++*word(i, 2);
		}
		bad += stripes_wrong(step) != 0;
	}
	is(bad, 0, "it can be written between one failure and the next");
	faults(WRITE, word(0, 1), SIGSEGV, SEGV_ACCERR, "what was read-only is so still");
	is(file_map[0], 'F', "a shared mapping of a file is as it was");
	must(ftruncate(file, PAGE) == 0);
	faults(READ, file_map + PAGE, SIGBUS, BUS_ADRERR, "truncating the file still reaches it");
	must(madvise(big, big_len, MADV_DONTFORK) == 0);
	child_ok(see_stripes, (void *)4L,
		 "without that area fork succeeds, and the child sees all");
	must(madvise(big, big_len, MADV_DOFORK) == 0);
}

static void leaking(void)
{
	long vmas, chains;
	int i, failed = 0;

	place(STRIPES);
	fork_fails();
	vmas = slab_objects("anon_vma");
	chains = slab_objects("anon_vma_chain");
	for (i = 0; i < 300; i++)
		failed += fork_fails();
	is(failed, 300, "fork fails 300 times");
	if (on_avocet()) {
		ok(slab_objects("anon_vma") - vmas < 64, "no anon_vmas stay behind");
		ok(slab_objects("anon_vma_chain") - chains < 64, "no chains stay behind");
	}
	is(mappers_of((char *)word(3, 0)), 1, "a page is mapped by its owner alone");
	is(mappers_of(file_map), 1, "a page of a file, too");
	ok(memory_is_sound(), "all memory is sound");
}

/* ---- with threads that write on ---- */

#define WRITERS	2

static atomic_int stop;

static void *count_up(void *arg)
{
	long mine = (long)arg, n = 0;
	size_t i;

	while (!atomic_load(&stop)) {
		for (i = 0; i < STRIPES; i++)
			++((volatile int *)word(i, 2))[1 + mine];
		n++;
	}
	return (void *)n;
}

static void among_writers(void)
{
	unsigned long end = now_ms() + 300;
	pthread_t t[WRITERS];
	size_t i;
	long j, n = 0, forks = 0;
	int bad = 0;
	void *ret;

	for (j = 0; j < WRITERS; j++)
		must(pthread_create(&t[j], NULL, count_up, (void *)j) == 0);
	while (now_ms() < end) {
		bad += !fork_fails();
		forks++;
	}
	is(bad, 0, "fork fails while threads write");
	atomic_store(&stop, 1);
	for (j = 0, bad = 0; j < WRITERS; j++) {
		must(pthread_join(t[j], &ret) == 0);
		for (i = 0; i < STRIPES; i++)
			bad += word(i, 2)[1 + j] != (int)(long)ret;
		n += (long)ret;
	}
	is(bad, 0, "and none of their writes is lost");
	diag("%ld forks, %ld rounds of writing", forks, n);
}

static void body(void)
{
	set_up();
	failing();
	leaking();
	among_writers();
}

int main(void)
{
	return tap_run(body, 15);
}
