/* mlock_test.c - locked memory, what is in memory, msync's and madvise's answers. */
#include "mm_test.h"

#define PAGES	8

static struct mm_struct *mm;

static void prepare(void)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
}

/* How many of the pages at @addr are in memory. */
static unsigned int resident(unsigned long addr, unsigned int pages)
{
	u8 vec[64];
	unsigned int nr = 0;

	assert_int_equal(mincore_pages(mm, addr, pages, vec), pages);
	for (unsigned int i = 0; i < pages; i++)
		nr += vec[i];
	return nr;
}

static void mlock_brings_pages_in_and_counts_them(void **state)
{
	prepare();
	assert_int_equal(do_mlock(mm, BASE + PAGE_SIZE + 5, 2 * PAGE_SIZE, false), 0);
	assert_int_equal(mm->locked_vm, 3);
	assert_int_equal(resident(BASE, PAGES), 3);
	assert_int_equal(get_mm_rss(mm), 3);
	check_all();
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED_LOCKED), 0);
	assert_int_equal(do_munlock(mm, BASE, PAGES * PAGE_SIZE), 0);
	assert_int_equal(mm->locked_vm, 0);
	check_all();
	shim_mm_exit(mm);
}

static void on_fault_brings_nothing_in(void **state)
{
	prepare();
	assert_int_equal(do_mlock(mm, BASE, 4 * PAGE_SIZE, true), 0);
	assert_int_equal(resident(BASE, PAGES), 0);
	assert_int_equal(mm->locked_vm, 4);
	check_all();
	shim_mm_exit(mm);
}

static void future_mappings_are_locked_and_brought_in(void **state)
{
	prepare();
	assert_int_equal(do_mlockall(mm, MCL_FUTURE), 0);
	map_anon(mm, BASE + PUD_SIZE, PAGES * PAGE_SIZE, RW);
	assert_int_equal(resident(BASE + PUD_SIZE, PAGES), PAGES);
	assert_int_equal(resident(BASE, PAGES), 0);
	assert_int_equal(do_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(mm->locked_vm, 2 * PAGES);
	assert_int_equal(resident(BASE, PAGES), PAGES);
	assert_int_equal(do_munlockall(mm), 0);
	assert_int_equal(mm->locked_vm, 0);
	check_all();
	shim_mm_exit(mm);
}

static void future_mappings_with_onfault_are_not_brought_in(void **state)
{
	prepare();
	assert_int_equal(do_mlockall(mm, MCL_FUTURE | MCL_ONFAULT), 0);
	map_anon(mm, BASE + PUD_SIZE, PAGES * PAGE_SIZE, RW);
	assert_int_equal(resident(BASE + PUD_SIZE, PAGES), 0);
	assert_int_equal(do_brk(mm, mm->start_brk + PAGE_SIZE), mm->start_brk + PAGE_SIZE);
	assert_int_equal(resident(mm->start_brk, 1), 0);
	assert_int_equal(mm->locked_vm, PAGES + 1);
	check_all();
	shim_mm_exit(mm);
}

static void the_limit_holds_for_those_who_are_not_root(void **state)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];

	prepare();
	current->cred.euid = 1000;
	limit->rlim_cur = 4 * PAGE_SIZE;
	assert_int_equal(do_mlock(mm, BASE, 5 * PAGE_SIZE, false), -ENOMEM);
	assert_int_equal(do_mlock(mm, BASE, 3 * PAGE_SIZE, false), 0);
	assert_int_equal(do_mlock(mm, BASE + PAGE_SIZE, 3 * PAGE_SIZE, false), 0); /* two again */
	assert_int_equal(do_mlock(mm, BASE + 4 * PAGE_SIZE, PAGE_SIZE, false), -ENOMEM);
	assert_int_equal(do_mmap(mm, NULL, 0, PAGE_SIZE, RW,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, 0),
			 -EAGAIN);
	assert_int_equal(do_mlockall(mm, MCL_CURRENT), -ENOMEM);
	limit->rlim_cur = 0;
	assert_int_equal(do_mlock(mm, BASE, PAGE_SIZE, false), -EPERM);
	assert_int_equal(do_mlockall(mm, MCL_CURRENT), -EPERM);
	limit->rlim_cur = ~0UL;
	current->cred.euid = 0;
	check_all();
	shim_mm_exit(mm);
}

static void a_child_inherits_no_lock(void **state)
{
	struct mm_struct *child;

	prepare();
	do_mlockall(mm, MCL_CURRENT | MCL_FUTURE);
	child = shim_mm_fork(mm);
	assert_int_equal(child->locked_vm, 0);
	assert_int_equal(child->def_flags, 0);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

/* Others may unmap before the pages are brought in. */
static void what_has_gone_meanwhile_is_not_brought_in(void **state)
{
	prepare();
	assert_int_equal(do_munmap(mm, BASE + 2 * PAGE_SIZE, (PAGES - 2) * PAGE_SIZE), 0);
	assert_int_equal(mm_populate(mm, BASE, PAGES * PAGE_SIZE), 0);
	assert_int_equal(get_mm_rss(mm), 2);
	check_all();
	shim_mm_exit(mm);
}

static void mincore_sees_the_page_cache(void **state)
{
	struct file *file = shim_file_new(4 * PAGE_SIZE);
	u8 vec[2], byte = 1;

	prepare();
	shim_file_write(file, PAGE_SIZE, &byte, 1);
	map_file(mm, file, BASE + PUD_SIZE, 4 * PAGE_SIZE, RW, MAP_SHARED, 0);
	assert_int_equal(resident(BASE + PUD_SIZE, 4), 1);
	assert_int_equal(mincore_pages(mm, BASE - PAGE_SIZE, 2, vec), 0);
	assert_int_equal(mincore_pages(mm, BASE + (PAGES - 1) * PAGE_SIZE, 2, vec), 1);
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

static void msync_answers_as_linux_does(void **state)
{
	prepare();
	assert_int_equal(do_msync(mm, BASE, PAGES * PAGE_SIZE, MS_SYNC), 0);
	assert_int_equal(do_msync(mm, BASE + 1, PAGE_SIZE, MS_SYNC), -EINVAL);
	assert_int_equal(do_msync(mm, BASE, PAGE_SIZE, MS_SYNC | MS_ASYNC), -EINVAL);
	assert_int_equal(do_msync(mm, BASE, PAGE_SIZE, 64), -EINVAL);
	assert_int_equal(do_msync(mm, BASE - PAGE_SIZE, 2 * PAGE_SIZE, MS_SYNC), -ENOMEM);
	assert_int_equal(do_msync(mm, BASE, 2 * PAGES * PAGE_SIZE, MS_ASYNC), -ENOMEM);
	assert_int_equal(do_msync(mm, BASE, 0, MS_SYNC), 0);
	do_mlock(mm, BASE, PAGE_SIZE, true);
	assert_int_equal(do_msync(mm, BASE, PAGE_SIZE, MS_INVALIDATE), -EBUSY);
	shim_mm_exit(mm);
}

static void madvise_answers_as_linux_does(void **state)
{
	prepare();
	write64(0, mm, BASE, 1);
	assert_int_equal(do_madvise(mm, BASE + 1, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	assert_int_equal(do_madvise(mm, BASE, PAGE_SIZE, 9999), -EINVAL);
	assert_int_equal(do_madvise(mm, BASE, PAGE_SIZE, MADV_REMOVE), -EINVAL);
	assert_int_equal(do_madvise(mm, BASE, 0, MADV_DONTNEED), 0);
	assert_int_equal(do_madvise(mm, BASE, ~0UL, MADV_DONTNEED), -EINVAL);
	assert_int_equal(do_madvise(mm, BASE - PAGE_SIZE, 2 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	assert_int_equal(read64(0, mm, BASE), 0);	/* what is there was done all the same */
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_POPULATE_READ), 0);
	assert_int_equal(resident(BASE, PAGES), PAGES);
	assert_int_equal(get_mm_rss(mm), 0);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_POPULATE_WRITE), 0);
	assert_int_equal(get_mm_rss(mm), PAGES);
	assert_int_equal(do_madvise(mm, BASE + PAGE_SIZE, PAGE_SIZE, MADV_RANDOM), 0);
	assert_int_equal(mm->map_count, 3);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_NORMAL), 0);
	assert_int_equal(mm->map_count, 1);
	check_all();
	shim_mm_exit(mm);
}

static void a_page_that_is_copied_away_is_locked_no_longer(void **state)
{
	struct file *file = shim_file_new(PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new();
	struct page *page;

	map_file(mm, file, BASE, PAGE_SIZE, RW, MAP_PRIVATE, 0);
	assert_int_equal(do_mlock(mm, BASE, PAGE_SIZE, true), 0);
	read8(0, mm, BASE);
	page = page_at(mm, BASE);
	assert_true(page_flag(page, PG_mlocked));
	write8(0, mm, BASE, 1);
	assert_false(page_flag(page, PG_mlocked));
	assert_true(page_flag(page_at(mm, BASE), PG_mlocked));
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_page_that_is_copied_away_is_locked_no_longer),
		MM_TEST(mlock_brings_pages_in_and_counts_them),
		MM_TEST(on_fault_brings_nothing_in),
		MM_TEST(future_mappings_are_locked_and_brought_in),
		MM_TEST(future_mappings_with_onfault_are_not_brought_in),
		MM_TEST(the_limit_holds_for_those_who_are_not_root),
		MM_TEST(a_child_inherits_no_lock),
		MM_TEST(what_has_gone_meanwhile_is_not_brought_in),
		MM_TEST(mincore_sees_the_page_cache),
		MM_TEST(msync_answers_as_linux_does),
		MM_TEST(madvise_answers_as_linux_does),
	};

	return RUN_MM_TESTS(tests);
}
