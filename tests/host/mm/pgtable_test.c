/* pgtable_test.c - the tables of user mms: made where needed, and exactly the unused ones freed. */
#include "mm_test.h"

#define NR_AREAS	6

static struct page *leaf_table(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	return pmd && !pmd_none(pmd) ? phys_to_page(pmd->val & PTE_PFN_MASK) : NULL;
}

static void make_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	for (unsigned long addr = start; addr < end; addr = pmd_addr_end(addr, end)) {
		pmd_t *pmd = mm_alloc_pmd(mm, addr);

		assert_non_null(pmd);
		assert_int_equal(pte_alloc(mm, pmd), 0);
	}
}

static unsigned long free_dead(struct list_head *dead)
{
	struct page *page, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(page, next, dead, pt_node) {
		free_table(page);
		nr++;
	}
	INIT_LIST_HEAD(dead);
	return nr;
}

static void map_in_the_kernel_half(void *arg)
{
	struct mm_struct *mm;

	(void)arg;
	ASSERT(!map_kernel_page(VMALLOC_START, 0x5000, PAGE_KERNEL));
	mm = shim_mm_new();
	ASSERT(mm->pgd[pgd_index(VMALLOC_START)].val == init_mm.pgd[pgd_index(VMALLOC_START)].val);
	ASSERT(!memchr_inv(mm->pgd, 0, PAGE_SIZE / 2));
	ASSERT(unmap_kernel_page(VMALLOC_START) == 0x5000);
	ASSERT(!unmap_kernel_page(VMALLOC_START));
}

static void a_new_mm_has_the_kernel_half_and_nothing_else(void **state)
{
	assert_true(shim_survives(map_in_the_kernel_half, NULL)); /* its tables are never freed */
}

static void tables_appear_once(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	LIST_HEAD(dead);

	assert_null(mm_find_pmd(mm, BASE));
	make_tables(mm, BASE, BASE + PAGE_SIZE);
	assert_int_equal(atomic_read(&mm->nr_ptes), 3);
	assert_int_equal(nr_table_pages(), 3);
	make_tables(mm, BASE, BASE + PAGE_SIZE);
	make_tables(mm, BASE + PMD_SIZE, BASE + PMD_SIZE + PAGE_SIZE);
	assert_int_equal(atomic_read(&mm->nr_ptes), 4);
	make_tables(mm, BASE + PUD_SIZE, BASE + PUD_SIZE + PAGE_SIZE);
	assert_int_equal(atomic_read(&mm->nr_ptes), 6);
	unlink_page_tables(mm, BASE, BASE + PUD_SIZE + PAGE_SIZE, 0, TASK_SIZE + PAGE_SIZE, &dead);
	assert_int_equal(free_dead(&dead), 6);
	assert_int_equal(atomic_read(&mm->nr_ptes), 0);
	shim_mm_exit(mm);
}

static void a_neighbour_keeps_the_tables_that_it_needs(void **state)
{
	const unsigned long start = BASE + PMD_SIZE, end = start + PAGE_SIZE;
	static const struct {
		unsigned long	floor, ceiling;
		unsigned int	freed;
	} cases[] = {
		{ 0, TASK_SIZE + PAGE_SIZE, 3 },
		{ BASE + PMD_SIZE + 1, TASK_SIZE + PAGE_SIZE,
		  0 }, /* below, in the same leaf table */
		{ BASE + PMD_SIZE, TASK_SIZE + PAGE_SIZE, 1 }, /* in the same middle table */
		{ 0, BASE + 2 * PMD_SIZE, 1 },
		{ 0, BASE + 2 * PMD_SIZE - 1, 0 },
		{ BASE, TASK_SIZE + PAGE_SIZE, 2 }, /* in the same upper table */
		{ 0, BASE + PUD_SIZE, 2 },
		{ 0, BASE + PUD_SIZE - 1, 1 },
		{ 0, PGD_SIZE, 3 },
	};
	struct mm_struct *mm = shim_mm_new();

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		LIST_HEAD(dead);

		make_tables(mm, start, end);
		unlink_page_tables(mm, start, end, cases[i].floor, cases[i].ceiling, &dead);
		assert_int_equal(free_dead(&dead), cases[i].freed);
		unlink_page_tables(mm, start, end, 0, TASK_SIZE + PAGE_SIZE, &dead);
		assert_int_equal(free_dead(&dead), 3 - cases[i].freed);
	}
	shim_mm_exit(mm);
}

/* Areas come and go one at a time, as munmap does it. check_all() sees to it that each table covers
 * an area, and that each table of an area is there. */
static void random_areas_leave_no_table_behind(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	for (unsigned int n = 0; n < 600; n++) {
		unsigned long shift = 12 + random_below(28);
		unsigned long addr = BASE + (random_below(8) << shift);
		unsigned long pages = 1 + random_below(3) * random_below(600);

		if (random_below(3)) {
			map_anon(mm, addr, pages * PAGE_SIZE, RW);
			write8(0, mm, addr, 1);
			write8(0, mm, addr + pages * PAGE_SIZE - 1, 1);
			assert_non_null(leaf_table(mm, addr));
		} else {
			do_munmap(mm, addr, random_below(4) ? pages * PAGE_SIZE : PGD_SIZE);
		}
		check_all();
	}
	do_munmap(mm, PAGE_SIZE, TASK_SIZE - PAGE_SIZE);
	assert_int_equal(atomic_read(&mm->nr_ptes), 0);
	shim_mm_exit(mm);
}

/* One call takes areas away that have leaf tables of their own below one middle table. */
static void munmap_of_several_areas_frees_all_their_tables(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	for (unsigned int i = 0; i < NR_AREAS; i++) {
		map_anon(mm, BASE + i * PMD_SIZE, PAGE_SIZE, RW);
		write8(0, mm, BASE + i * PMD_SIZE, 1);
		map_anon(mm, BASE + PGD_SIZE + i * PUD_SIZE, PAGE_SIZE, RW);
		write8(0, mm, BASE + PGD_SIZE + i * PUD_SIZE, 1);
	}
	assert_int_equal(do_munmap(mm, BASE, NR_AREAS * PMD_SIZE), 0);
	check_all();
	assert_int_equal(do_munmap(mm, BASE + PGD_SIZE, NR_AREAS * PUD_SIZE), 0);
	check_all();
	assert_int_equal(atomic_read(&mm->nr_ptes), 0);
	shim_mm_exit(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_new_mm_has_the_kernel_half_and_nothing_else),
		MM_TEST(tables_appear_once),
		MM_TEST(a_neighbour_keeps_the_tables_that_it_needs),
		MM_TEST(random_areas_leave_no_table_behind),
		MM_TEST(munmap_of_several_areas_frees_all_their_tables),
	};

	return RUN_MM_TESTS(tests);
}
