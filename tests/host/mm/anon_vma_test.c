/* anon_vma_test.c - families of areas over fork, split, merge and exit. check_all() walks the
 * reverse map of every page and compares it with all page tables. */
#include "mm_test.h"

#define PROCS	4

static unsigned long objects(const char *name)
{
	struct slab_stats stats;

	for (unsigned int i = 0; slab_stats(i, &stats); i++)
		if (!strcmp(stats.name, name))
			return stats.active_objs;
	fail();
	return 0;
}

static void generations_of_fork_and_exit_leave_few_anon_vmas(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	write64(0, mm, BASE, 7);
	for (unsigned int g = 0; g < 5000; g++) {
		struct mm_struct *child = shim_mm_fork(mm);

		write64(0, child, BASE + PAGE_SIZE + g % 2 * PAGE_SIZE, g);
		shim_mm_exit(mm);
		mm = child;
		assert_in_range(objects("anon_vma"), 1, 6);
		assert_in_range(objects("anon_vma_chain"), 1, 6);
		if (g % 500 == 0)
			check_all();
	}
	assert_int_equal(read64(0, mm, BASE), 7);
	check_all();
	shim_mm_exit(mm);
}

static void a_new_mapping_does_not_merge_with_an_inherited_one(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;

	for (unsigned int below = 0; below < 2; below++) {
		unsigned long at = BASE + below * PUD_SIZE + PMD_SIZE;
		unsigned long beside = below ? at - 2 * PAGE_SIZE : at + 2 * PAGE_SIZE;
		unsigned int areas;

		map_anon(parent, at, 2 * PAGE_SIZE, RW);
		write8(0, parent, at, 1);
		child = shim_mm_fork(parent);
		areas = child->map_count;
		map_anon(child, beside, 2 * PAGE_SIZE, RW);
		write8(1, child, beside, 2);
		assert_int_equal(child->map_count, areas + 1);
		assert_ptr_not_equal(vma_lookup(child, at)->anon_vma,
				     vma_lookup(child, beside)->anon_vma);
		check_all();
		shim_mm_exit(child);
		areas = parent->map_count;
		map_anon(parent, beside, 2 * PAGE_SIZE, RW);
		write8(0, parent, beside, 3);
		assert_int_equal(parent->map_count, areas);
		check_all();
	}
	shim_mm_exit(parent);
}

/* Parent, child and two grandchildren; the child unmaps first, areas are split and merged; they
 * exit in the order that @order says. */
static void run_family(unsigned int order)
{
	struct mm_struct *mm[PROCS];
	unsigned int left = PROCS;

	mm[0] = shim_mm_new();
	map_anon(mm[0], BASE, 6 * PAGE_SIZE, RW);
	write64(0, mm[0], BASE, 1);
	write64(0, mm[0], BASE + 4 * PAGE_SIZE, 1);
	mm[1] = shim_mm_fork(mm[0]);
	write64(1, mm[1], BASE + PAGE_SIZE, 2);
	do_munmap(mm[1], BASE + 4 * PAGE_SIZE, PAGE_SIZE);
	mm[2] = shim_mm_fork(mm[1]);
	write64(2, mm[2], BASE + 2 * PAGE_SIZE, 3);
	do_munmap(mm[1], BASE, PAGE_SIZE);
	mm[3] = shim_mm_fork(mm[1]);
	write64(3, mm[3], BASE + PAGE_SIZE, 4);
	check_all();
	do_mprotect(mm[2], BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ);
	check_all();
	do_mprotect(mm[2], BASE + PAGE_SIZE, PAGE_SIZE, RW);
	check_all();
	while (left) {
		unsigned int who = order % left;

		order /= left;
		shim_mm_exit(mm[who]);
		mm[who] = mm[--left];
		check_all();
		for (unsigned int i = 0; i < left; i++)
			write64(5, mm[i], BASE + 2 * PAGE_SIZE, i);
		check_all();
	}
	check_nothing_left();
}

static void a_family_may_end_in_any_order(void **state)
{
	for (unsigned int order = 0; order < 4 * 3 * 2; order++)
		run_family(order);
}

static void a_page_shared_by_many_is_found_in_all_of_them(void **state)
{
	struct mm_struct *parent = shim_mm_new();

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	for (unsigned int i = 0; i < 60; i++)
		shim_mm_fork(parent);
	assert_int_equal(folio_mapcount(page_folio(page_at(parent, BASE))), 61);
	check_all();
	while (nr_shim_mms) {
		shim_mm_exit(shim_mms[random_below(nr_shim_mms)]);
		check_all();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(generations_of_fork_and_exit_leave_few_anon_vmas),
		MM_TEST(a_new_mapping_does_not_merge_with_an_inherited_one),
		MM_TEST(a_family_may_end_in_any_order),
		MM_TEST(a_page_shared_by_many_is_found_in_all_of_them),
	};

	return RUN_MM_TESTS(tests);
}
