/* smp_test.c - threads of one process fault, write and read on several processors at once, as host
 * threads, while another forks, protects, unmaps, moves and truncates: no write is lost, none shows
 * up where it should not, and all counts are right in the end. SMP_MS=n: how long each test goes
 * on. */
#include "mm_test.h"

#define PAGES 8
#include "workers.h"

static void fork_loses_no_write_of_other_threads(void **state)
{
	struct os_thread *threads[NR_WORKERS];
	unsigned int nr = 0;

	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	start_all(count, threads);
	for (; !time_is_up() || nr < 3; nr++) {
		struct mm_struct *child = shim_mm_fork(mm);
		u64 seen[PAGES][NR_WORKERS];

		for (unsigned int turn = 0; turn < 3; turn++)
			for (unsigned int page = 0; page < PAGES; page++)
				for (unsigned int w = 0; w < NR_WORKERS; w++) {
					u64 value = read64(0, child, word(page, w));

					if (turn)
						assert_int_equal(value, seen[page][w]);
					seen[page][w] = value;
				}
		write64(0, child, word(nr % PAGES, 0), 12345);
		shim_mm_exit(child);
	}
	join(threads);
	shim_mm_exit(mm);
}

/* The same where pages are sometimes read-only, or absent. A refused write did not happen. */
static void count_if_allowed(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	u64 values[PAGES] = {};

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = (n * 5 + worker) % PAGES;
		u64 value;

		if (mmu_read(1 + worker, mm, word(page, worker), &value, 8))
			continue;
		if (value != values[page])
			panic("page %u: %lu, not %lu", page, value, values[page]);
		value++;
		if (!mmu_write(1 + worker, mm, word(page, worker), &value, 8))
			values[page] = value;
	}
}

static void mprotect_loses_no_write(void **state)
{
	struct os_thread *threads[NR_WORKERS];
	unsigned int n = 0;

	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	start_all(count_if_allowed, threads);
	for (; !time_is_up(); n++) {
		unsigned int page = n % PAGES;

		do_mprotect(mm, BASE + page * PAGE_SIZE, PAGE_SIZE, n % 3 ? PROT_READ : PROT_NONE);
		do_mprotect(mm, BASE + page * PAGE_SIZE, PAGE_SIZE, RW);
	}
	join(threads);
	shim_mm_exit(mm);
}

/* mremap there and back: the words go along, and nobody sees them at the wrong place or time. */
static void mremap_loses_no_write(void **state)
{
	struct os_thread *threads[NR_WORKERS];
	unsigned int n = 0;

	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	start_all(count_if_allowed, threads);
	for (; !time_is_up(); n++) {
		unsigned long from = BASE + n % PAGES * PAGE_SIZE, to = BASE + PUD_SIZE;

		ASSERT(do_mremap(mm, from, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
				 to) == to);
		ASSERT(do_mremap(mm, to, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
				 from) == from);
	}
	join(threads);
	shim_mm_exit(mm);
}

/* Whatever is read was written by this worker or is zero. */
static void write_anywhere(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	const u64 mine = 0x1234567800000000UL | worker;

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = (n * 3 + worker) % (2 * PAGES);
		u64 value = mine;

		mmu_write(1 + worker, mm, word(page, worker), &value, 8);
		if (!mmu_read(1 + worker, mm, word(page, worker), &value, 8) && value &&
		    value != mine)
			panic("page %u has %#lx, which nobody wrote there", page, value);
	}
}

static void unmapped_frames_are_out_of_everybodys_reach(void **state)
{
	struct os_thread *threads[NR_WORKERS];
	unsigned int n = 0;

	mm = shim_mm_new();
	start_all(write_anywhere, threads);
	for (; !time_is_up(); n++) {
		struct page *page;

		map_anon(mm, BASE, 2 * PAGES * PAGE_SIZE, RW);
		os_yield();
		if (n % 2)
			do_munmap(mm, BASE, 2 * PAGES * PAGE_SIZE);
		else
			do_madvise(mm, BASE, 2 * PAGES * PAGE_SIZE, MADV_DONTNEED);
		/* Frames that come back are poisoned, and looked at when they go out again. */
		drain_local_pages();
		page = alloc_pages(GFP_KERNEL, 4);
		memset(page_address(page), 0xee, PAGE_SIZE << 4);
		free_pages(page, 4);
	}
	join(threads);
	shim_mm_exit(mm);
}

static void truncation_and_faults_agree(void **state)
{
	struct os_thread *threads[NR_WORKERS];
	struct file *file = shim_file_new(2 * PAGES * PAGE_SIZE);

	mm = shim_mm_new();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(mm, file, BASE + PAGES * PAGE_SIZE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	start_all(write_anywhere, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		shim_file_truncate(file, n % PAGES * PAGE_SIZE);
		shim_file_truncate(file, 2 * PAGES * PAGE_SIZE);
		shim_file_punch(file, n % PAGES * PAGE_SIZE, PAGE_SIZE);
	}
	join(threads);
	shim_mm_exit(mm);
	fput(file);
}

/* --- the locks themselves --- */

static struct rw_semaphore sem;
static struct mutex mutex;
static unsigned long guarded[2];	/* equal whenever nobody writes */

static void take_turns(void *arg)
{
	unsigned long worker = (unsigned long)arg;

	for (unsigned int n = 0; !stopped(); n++) {
		mutex_lock(&mutex);
		if ((n + worker) % 4) {
			down_read(&sem);
			ASSERT(READ_ONCE(guarded[0]) == READ_ONCE(guarded[1]));
			up_read(&sem);
		} else {
			down_write(&sem);
			guarded[0]++;
			os_yield();
			guarded[1]++;
			downgrade_write(&sem);
			ASSERT(guarded[0] == guarded[1]);
			up_read(&sem);
		}
		mutex_unlock(&mutex);
	}
}

static void sleeping_locks_exclude(void **state)
{
	struct os_thread *threads[NR_WORKERS];

	init_rwsem(&sem, RANK_MMAP);
	mutex_init(&mutex, RANK_RENAME);
	start_all(take_turns, threads);
	while (!time_is_up()) {
		down_read(&sem);
		ASSERT(READ_ONCE(guarded[0]) == READ_ONCE(guarded[1]));
		os_yield();
		up_read(&sem);
	}
	join(threads);
	assert_int_equal(atomic_read(&sem.count), 0);
}

static void lock_backwards(void *arg)
{
	DEFINE_SPINLOCK(pte, RANK_PTE);
	DEFINE_SPINLOCK(table, RANK_PAGE_TABLE);

	spin_lock(&pte);
	spin_lock(&table);
}

static void sleep_under_spinlock(void *arg)
{
	DEFINE_SPINLOCK(pte, RANK_PTE);

	spin_lock(&pte);
	alloc_pages(GFP_KERNEL, 0);
}

static void the_order_of_locks_is_checked(void **state)
{
	if (!CONFIG_DEBUG)
		skip();
	assert_true(shim_panics(lock_backwards, NULL, "lock order"));
	assert_true(shim_panics(sleep_under_spinlock, NULL, "sleeping function"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(fork_loses_no_write_of_other_threads),
		MM_TEST(mprotect_loses_no_write),
		MM_TEST(mremap_loses_no_write),
		MM_TEST(unmapped_frames_are_out_of_everybodys_reach),
		MM_TEST(truncation_and_faults_agree),
		MM_TEST(sleeping_locks_exclude),
		MM_TEST(the_order_of_locks_is_checked),
	};

	return RUN_MM_TESTS(tests);
}
