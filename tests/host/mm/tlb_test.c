/* tlb_test.c - the test of the tests: without flushes the simulated processors read wrong bytes,
 * and check_all() finds the stale translations. With them neither happens. */
#include "mm_test.h"

static struct mm_struct *mm, *child;

static void prepare(void)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	write64(1, mm, BASE, 1);
}

static void finish(void)
{
	mmu_ignore_flushes = false;
	shim_mm_exit(mm);
	if (child)
		shim_mm_exit(child);
	child = NULL;
}

static void cow_without_a_flush_gives_the_child_the_parents_write(void **state)
{
	for (unsigned int ignore = 0; ignore < 2; ignore++) {
		prepare();
		mmu_ignore_flushes = ignore;
		child = shim_mm_fork(mm);
		write64(1, mm, BASE, 2);	/* by an entry that was writable before fork */
		assert_int_equal(read64(2, child, BASE), ignore ? 2 : 1);
		finish();
	}
}

static void munmap_without_a_flush_leaves_the_old_page_readable(void **state)
{
	u64 value;

	for (unsigned int ignore = 0; ignore < 2; ignore++) {
		prepare();
		mmu_ignore_flushes = ignore;
		do_munmap(mm, BASE, PAGE_SIZE);
		assert_int_equal(mmu_read(1, mm, BASE, &value, 8),
				 ignore ? 0 : VM_FAULT_SIGSEGV_MAPERR);
		finish();
	}
}

static void mprotect_without_a_flush_leaves_the_page_writable(void **state)
{
	u64 value = 3;

	for (unsigned int ignore = 0; ignore < 2; ignore++) {
		prepare();
		mmu_ignore_flushes = ignore;
		do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
		assert_int_equal(mmu_write(1, mm, BASE, &value, 8),
				 ignore ? 0 : VM_FAULT_SIGSEGV_ACCERR);
		finish();
	}
}

static void mremap_without_a_flush_leaves_the_page_at_its_old_place(void **state)
{
	u64 value;

	for (unsigned int ignore = 0; ignore < 2; ignore++) {
		prepare();
		mmu_ignore_flushes = ignore;
		do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  BASE + PUD_SIZE);
		assert_int_equal(mmu_read(1, mm, BASE, &value, 8),
				 ignore ? 0 : VM_FAULT_SIGSEGV_MAPERR);
		finish();
	}
}

static void unmap_and_verify(void *arg)
{
	prepare();
	mmu_ignore_flushes = arg;
	do_munmap(mm, BASE, PAGE_SIZE);
	check_all();
}

static void fork_and_verify(void *arg)
{
	prepare();
	mmu_ignore_flushes = arg;
	shim_mm_fork(mm);
	check_all();
}

static void check_all_finds_a_forgotten_flush(void **state)
{
	assert_true(shim_panics(unmap_and_verify, &mmu_ignore_flushes, "stale"));
	assert_true(shim_panics(fork_and_verify, &mmu_ignore_flushes, "stale"));
	assert_true(shim_survives(unmap_and_verify, NULL));
	assert_true(shim_survives(fork_and_verify, NULL));
}

/* --- no more flushes than needed --- */

static void only_processors_that_run_the_mm_are_asked(void **state)
{
	unsigned long before;

	prepare();
	read64(5, mm, BASE);
	mmu_leave(mm);
	read64(1, mm, BASE);
	before = mmu_stats.flush_targets;
	do_munmap(mm, BASE, PAGE_SIZE);
	assert_in_range(mmu_stats.flush_targets - before, 1, 2);	/* entries; tables */
	finish();
}

static void what_becomes_more_permissive_needs_no_flush(void **state)
{
	unsigned long before;

	prepare();
	do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
	assert_int_equal(read64(1, mm, BASE), 1);
	before = mmu_stats.flushes;
	do_mprotect(mm, BASE, PAGE_SIZE, RW);
	assert_int_equal(mmu_stats.flushes, before);
	write64(1, mm, BASE, 2);	/* by the old translation first: one more fault */
	write64(0, mm, BASE, 3);
	assert_int_equal(read64(1, mm, BASE), 3);
	check_all();
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(cow_without_a_flush_gives_the_child_the_parents_write),
		MM_TEST(munmap_without_a_flush_leaves_the_old_page_readable),
		MM_TEST(mprotect_without_a_flush_leaves_the_page_writable),
		MM_TEST(mremap_without_a_flush_leaves_the_page_at_its_old_place),
		MM_TEST(check_all_finds_a_forgotten_flush),
		MM_TEST(only_processors_that_run_the_mm_are_asked),
		MM_TEST(what_becomes_more_permissive_needs_no_flush),
	};

	return RUN_MM_TESTS(tests);
}
