/* mremap_test.c - growing, shrinking and moving: the bytes go along, and so do the counts. */
#include "swap_test.h"

#define FIXED	(MREMAP_MAYMOVE | MREMAP_FIXED)
#define THERE	(BASE + 3 * PUD_SIZE - 2 * PAGE_SIZE)	/* over a boundary of tables */

static struct mm_struct *mm;

static void number(unsigned long addr, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		write64(0, mm, addr + i * PAGE_SIZE, i + 1);
}

static void expect_filled(unsigned long addr, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		assert_int_equal(read64(1, mm, addr + i * PAGE_SIZE), i + 1);
}

static void expect_unmapped(unsigned long addr)
{
	u8 byte;

	assert_int_equal(mmu_read(1, mm, addr, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
}

static void a_mapping_shrinks_and_grows_in_place(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	number(BASE, 8);
	assert_int_equal(do_mremap(mm, BASE, 8 * PAGE_SIZE, 3 * PAGE_SIZE, 0, 0), BASE);
	expect_unmapped(BASE + 3 * PAGE_SIZE);
	assert_int_equal(do_mremap(mm, BASE, 3 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), BASE);
	expect_filled(BASE, 3);
	assert_int_equal(read64(0, mm, BASE + 3 * PAGE_SIZE), 0);
	assert_int_equal(mm->map_count, 1);
	check_all();
	shim_mm_exit(mm);
}

static void a_mapping_that_cannot_grow_moves_if_it_may(void **state)
{
	unsigned long to;

	mm = shim_mm_new();
	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	map_anon(mm, BASE + 5 * PAGE_SIZE, PAGE_SIZE, RW);
	number(BASE, 4);
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0), -ENOMEM);
	to = do_mremap(mm, BASE, 4 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	assert_false(IS_ERR_VALUE(to));
	expect_filled(to, 4);
	assert_int_equal(read64(0, mm, to + 5 * PAGE_SIZE), 0);
	expect_unmapped(BASE);
	check_all();
	shim_mm_exit(mm);
}

static void a_move_takes_pages_across_tables(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	map_anon(mm, THERE, 5 * PAGE_SIZE, PROT_READ);
	number(BASE, 8);
	assert_int_equal(do_mremap(mm, BASE, 8 * PAGE_SIZE, 8 * PAGE_SIZE, FIXED, THERE), THERE);
	expect_filled(THERE, 8);
	expect_unmapped(BASE);
	assert_int_equal(get_mm_rss(mm), 8);
	check_all();
	/* The index of each page is still that of its birth, so it can merge back where it was. */
	assert_int_equal(do_mremap(mm, THERE, 8 * PAGE_SIZE, 8 * PAGE_SIZE, FIXED, BASE), BASE);
	expect_filled(BASE, 8);
	check_all();
	shim_mm_exit(mm);
}

static void the_middle_moves_out_and_back_and_all_is_one_again(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	number(BASE, 8);
	assert_int_equal(do_mremap(mm, BASE + 2 * PAGE_SIZE, 3 * PAGE_SIZE, 3 * PAGE_SIZE, FIXED,
				   THERE),
			 THERE);
	assert_int_equal(mm->map_count, 3);
	expect_unmapped(BASE + 2 * PAGE_SIZE);
	assert_int_equal(read64(0, mm, THERE), 3);
	check_all();
	assert_int_equal(do_mremap(mm, THERE, 3 * PAGE_SIZE, 3 * PAGE_SIZE, FIXED,
				   BASE + 2 * PAGE_SIZE),
			 BASE + 2 * PAGE_SIZE);
	assert_int_equal(mm->map_count, 1);
	expect_filled(BASE, 8);
	check_all();
	shim_mm_exit(mm);
}

static void dontunmap_leaves_an_empty_mapping(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	number(BASE, 4);
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 4 * PAGE_SIZE, FIXED | MREMAP_DONTUNMAP,
				   THERE),
			 THERE);
	expect_filled(THERE, 4);
	assert_int_equal(read64(0, mm, BASE), 0);
	check_all();
	shim_mm_exit(mm);
}

static struct page *table_at(unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	return pmd && !pmd_none(pmd) ? phys_to_page(pmd->val & PTE_PFN_MASK) : NULL;
}

/* Two tables and a page: touched, read only, shared with a child, and out. The tables are the same
 * ones after the move, and whoever looks for a page by its reverse map finds it. */
static void whole_tables_move_with_all_they_map(void **state)
{
	const unsigned long len = 2 * PMD_SIZE + PAGE_SIZE, to = BASE + PGD_SIZE;
	struct mm_struct *child;
	struct page *table;
	long nr_ptes;

	shim_swap(0, SWAP_PAGES, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, len, RW);
	fill(mm, BASE, 4, 100);	/* shared, two of them out */
	child = shim_mm_fork(mm);
	fill(mm, BASE + PMD_SIZE - 4 * PAGE_SIZE, 8, 200);	/* some of these out */
	read64(1, mm, BASE + 9 * PAGE_SIZE);	/* the zero page */
	fill(mm, BASE + 2 * PMD_SIZE, 1, 300);	/* in a table that stays */
	pages_out(mm, BASE, 2);
	pages_out(mm, BASE + PMD_SIZE - 2 * PAGE_SIZE, 4);
	expect(1, mm, BASE + 2 * PAGE_SIZE, 2, 102);
	table = table_at(BASE);
	assert_int_equal(do_mremap(mm, BASE, len, len, FIXED, to), to);
	assert_ptr_equal(table_at(to), table);
	assert_null(table_at(BASE));
	expect_unmapped(BASE + 2 * PAGE_SIZE);
	check_all();
	pages_out(mm, to + 2 * PAGE_SIZE, 2);	/* from the child as well */
	assert_true(is_out(child, BASE + 2 * PAGE_SIZE));
	write64(1, mm, to, 99);
	expect(1, mm, to + PAGE_SIZE, 3, 101);
	expect(1, mm, to + PMD_SIZE - 4 * PAGE_SIZE, 8, 200);
	expect(1, mm, to + 2 * PMD_SIZE, 1, 300);
	assert_int_equal(read64(1, mm, to + 9 * PAGE_SIZE), 0);
	expect(2, child, BASE, 4, 100);
	check_all();
	nr_ptes = atomic_read(&mm->nr_ptes);
	assert_int_equal(do_mremap(mm, to, len, len, FIXED, BASE), BASE);
	assert_int_equal(atomic_read(&mm->nr_ptes), nr_ptes);
	expect(1, mm, BASE + PMD_SIZE - 4 * PAGE_SIZE, 8, 200);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

#define MANY	64UL	/* tables: so long a move that walks come in the midst of it */

static struct folio *walked;
static bool stop;
static unsigned long nr_walks;

/* A step of a walk that takes long: the page is at this place all the time or not at all. */
static bool look_long(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
		      void *unused)
{
	bool there = page_at(vma->vm_mm, addr) == folio_page(folio);

	for (unsigned int i = 0; i < 20; i++)
		os_yield();
	if (there != (page_at(vma->vm_mm, addr) == folio_page(folio)))
		panic("a page has moved under a walk");
	return true;
}

static void walk_all_the_time(void *unused)
{
	struct rmap_walk_control rwc = { .rmap_one = look_long };

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		folio_lock(walked);
		rmap_walk(walked, &rwc);
		folio_unlock(walked);
		__atomic_fetch_add(&nr_walks, 1, __ATOMIC_SEQ_CST);
	}
}

static void a_table_does_not_move_under_a_walk_of_the_reverse_map(void **state)
{
	for (unsigned int shared = 0; shared < 2; shared++) {
		const unsigned long places[] = { BASE, BASE + PUD_SIZE };
		const unsigned long len = MANY * PMD_SIZE, last = len - PMD_SIZE;
		struct os_thread *thread;
		unsigned int at = 0;

		mm = shim_mm_new();
		ASSERT(do_mmap(mm, NULL, BASE, len, RW,
			       MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE |
				       (shared ? MAP_SHARED : MAP_PRIVATE),
			       0) == BASE);
		for (unsigned long table = 0; table < MANY; table++)
			number(BASE + table * PMD_SIZE, 1);
		walked = page_folio(page_at(mm, BASE + last));
		folio_get(walked);
		stop = false;
		nr_walks = 0;
		thread = shim_run_on(1, walk_all_the_time, NULL);
		for (unsigned int n = 0;
		     n < 10 || __atomic_load_n(&nr_walks, __ATOMIC_SEQ_CST) < 100; n++) {
			assert_int_equal(do_mremap(mm, places[at], len, len, FIXED, places[!at]),
					 places[!at]);
			at = !at;
		}
		__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
		os_thread_join(thread);
		expect_filled(places[at] + last, 1);
		folio_put(walked);
		check_all();
		shim_mm_exit(mm);
	}
}

static void dontunmap_leaves_an_empty_mapping_where_a_table_was(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, PMD_SIZE, RW);
	number(BASE, 4);
	assert_int_equal(do_mremap(mm, BASE, PMD_SIZE, PMD_SIZE, FIXED | MREMAP_DONTUNMAP,
				   BASE + PUD_SIZE),
			 BASE + PUD_SIZE);
	expect_filled(BASE + PUD_SIZE, 4);
	assert_int_equal(read64(0, mm, BASE), 0);
	assert_int_equal(read64(1, mm, BASE + PAGE_SIZE), 0);
	check_all();
	shim_mm_exit(mm);
}

/* The whole old area loses its lock, though only part of it moved. */
static void dontunmap_of_part_of_a_locked_area_keeps_the_count(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	assert_int_equal(do_mlock(mm, BASE, 8 * PAGE_SIZE, false), 0);
	assert_int_equal(do_mremap(mm, BASE + PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
				   FIXED | MREMAP_DONTUNMAP, THERE), THERE);
	assert_int_equal(mm->locked_vm, 2);
	check_all();
	shim_mm_exit(mm);
}

static void length_zero_makes_a_second_view_of_shared_memory(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE + 8 * PAGE_SIZE, PAGE_SIZE, RW);
	assert_int_equal(do_mremap(mm, BASE + 8 * PAGE_SIZE, 0, PAGE_SIZE, FIXED, THERE), -EINVAL);
	assert_int_equal(do_mmap(mm, NULL, BASE, 4 * PAGE_SIZE, RW,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0), BASE);
	number(BASE, 4);
	assert_int_equal(do_mremap(mm, BASE + PAGE_SIZE, 0, 2 * PAGE_SIZE, FIXED, THERE), THERE);
	assert_int_equal(read64(1, mm, THERE), 2);
	write64(1, mm, THERE + PAGE_SIZE, 33);
	assert_int_equal(read64(0, mm, BASE + 2 * PAGE_SIZE), 33);
	check_all();
	shim_mm_exit(mm);
}

static void a_moved_file_mapping_is_truncated_where_it_is_now(void **state)
{
	struct file *file = shim_file_new(8 * PAGE_SIZE);
	u8 byte;

	mm = shim_mm_new();
	map_file(mm, file, BASE, 8 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	number(BASE, 8);
	assert_int_equal(do_mremap(mm, BASE + 2 * PAGE_SIZE, 4 * PAGE_SIZE, 4 * PAGE_SIZE, FIXED,
				   THERE),
			 THERE);
	shim_file_truncate(file, 4 * PAGE_SIZE);
	check_all();
	assert_int_equal(read64(0, mm, THERE + PAGE_SIZE), 4);
	assert_int_equal(mmu_read(0, mm, THERE + 2 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGBUS);
	assert_int_equal(mmu_read(0, mm, BASE + 6 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGBUS);
	shim_mm_exit(mm);
	fput(file);
}

static void mremap_refuses_what_linux_refuses(void **state)
{
	mm = shim_mm_new();
	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	map_anon(mm, BASE + 4 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_READ);
	assert_int_equal(do_mremap(mm, BASE + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, 0, 0, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, 8, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, THERE), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_DONTUNMAP, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, FIXED, THERE + 1), -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, 2 * PAGE_SIZE, PAGE_SIZE, FIXED, BASE + PAGE_SIZE),
			 -EINVAL);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, FIXED, TASK_SIZE), -EINVAL);
	assert_int_equal(do_mremap(mm, THERE, PAGE_SIZE, PAGE_SIZE, 0, 0), -EFAULT);
	assert_int_equal(do_mremap(mm, BASE, 6 * PAGE_SIZE, 7 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
			 -EFAULT);
	check_all();
	shim_mm_exit(mm);
}

/* The way back must not want a table for a part without pages: there is no memory for it. */
static void a_move_that_fails_brings_back_what_lies_behind_a_hole(void **state)
{
	unsigned long from = BASE + PMD_SIZE / 2, to = BASE + PUD_SIZE;
	unsigned long len = 5 * PMD_SIZE / 2, ret = -ENOMEM;
	unsigned int nth = 1;

	while (IS_ERR_VALUE(ret)) {
		mm = shim_mm_new();
		map_anon(mm, from, len, RW);
		number(from, 2);
		number(from + 3 * PMD_SIZE / 2, 3);
		number(from + 2 * PMD_SIZE, 4);
		fail_nth(nth++, true);
		ret = do_mremap(mm, from, len, len, FIXED, to);
		fail_stop();
		if (IS_ERR_VALUE(ret))
			assert_int_equal(ret, -ENOMEM);
		else
			from = to;
		expect_filled(from, 2);
		expect_filled(from + 3 * PMD_SIZE / 2, 3);
		expect_filled(from + 2 * PMD_SIZE, 4);
		check_all();
		shim_mm_exit(mm);
	}
	assert_in_range(nth, 5, 40);
}

static void mremap_without_room_changes_nothing(void **state)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];
	struct file *file = shim_file_new(PAGE_SIZE);
	struct vm_area_struct *vma;

	mm = shim_mm_new();
	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	map_anon(mm, THERE, 4 * PAGE_SIZE, RW);
	number(BASE, 4);
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 1UL << 40, MREMAP_MAYMOVE, 0), -ENOMEM);
	mm->map_count += max_map_count;
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, FIXED, THERE + PMD_SIZE),
			 -ENOMEM);
	assert_int_equal(do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, FIXED, THERE + PAGE_SIZE),
			 -ENOMEM);
	assert_int_equal(do_mremap(mm, BASE, 2 * PAGE_SIZE, PAGE_SIZE, FIXED, THERE + PMD_SIZE),
			 -ENOMEM);	/* what is cut off would leave a hole */
	mm->map_count -= max_map_count;
	current->cred.euid = 1;
	limit->rlim_cur = 4 * PAGE_SIZE;
	assert_int_equal(do_mlock(mm, BASE, 4 * PAGE_SIZE, false), 0);
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0), -EAGAIN);
	limit->rlim_cur = ~0UL;
	current->cred.euid = 0;
	vma = find_vma(mm, BASE);
	vma->vm_flags |= VM_DONTEXPAND;
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0), -EFAULT);
	assert_int_equal(do_mremap(mm, BASE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), -EINVAL);
	vma->vm_flags &= ~VM_DONTEXPAND;
	expect_filled(BASE, 4);
	map_file(mm, file, THERE, PAGE_SIZE, RW, MAP_SHARED, ~0UL - 1);
	assert_int_equal(do_mremap(mm, THERE, PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
			 -EINVAL);
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_mapping_shrinks_and_grows_in_place),
		MM_TEST(a_mapping_that_cannot_grow_moves_if_it_may),
		MM_TEST(a_move_takes_pages_across_tables),
		MM_TEST(the_middle_moves_out_and_back_and_all_is_one_again),
		MM_TEST(dontunmap_leaves_an_empty_mapping),
		MM_TEST(whole_tables_move_with_all_they_map),
		MM_TEST(a_table_does_not_move_under_a_walk_of_the_reverse_map),
		MM_TEST(dontunmap_leaves_an_empty_mapping_where_a_table_was),
		MM_TEST(dontunmap_of_part_of_a_locked_area_keeps_the_count),
		MM_TEST(length_zero_makes_a_second_view_of_shared_memory),
		MM_TEST(a_moved_file_mapping_is_truncated_where_it_is_now),
		MM_TEST(mremap_refuses_what_linux_refuses),
		MM_TEST(a_move_that_fails_brings_back_what_lies_behind_a_hole),
		MM_TEST(mremap_without_room_changes_nothing),
	};

	return RUN_MM_TESTS(tests);
}
