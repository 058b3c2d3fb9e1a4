/* clear_refs_test.c - forgetting what was used and written, and noticing it afterwards. The
 * machine double has a TLB: a write through a translation that should have been dropped is not
 * noticed. */
#include "swap_test.h"

#include <mm/clear_refs.h>
#include <mm/page_idle.h>
#include <mm/pagewalk.h>

static bool soft_dirty(struct mm_struct *mm, unsigned long addr)
{
	return find_vma(mm, addr)->vm_flags & VM_SOFTDIRTY || pte_soft_dirty(pte_at(mm, addr));
}

static void forget(struct mm_struct *mm)
{
	assert_int_equal(mm_clear_refs(mm, CLEAR_REFS_SOFT_DIRTY), 0);
	check_all();
}

static void a_write_after_clearing_is_noticed_on_every_processor(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 2 * PAGE_SIZE, RW);
	for (unsigned int cpu = 0; cpu < 2; cpu++)
		write64(cpu, mm, BASE, 1);
	write64(0, mm, BASE + PAGE_SIZE, 1);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		forget(mm);
		assert_false(soft_dirty(mm, BASE));
		assert_int_equal(read64(cpu, mm, BASE), 1 + cpu);
		assert_false(soft_dirty(mm, BASE));
		write64(cpu, mm, BASE, 2 + cpu);
		assert_true(soft_dirty(mm, BASE));
		assert_false(soft_dirty(mm, BASE + PAGE_SIZE));
	}
	shim_mm_exit(mm);
}

static void mprotect_does_not_let_a_write_pass_unnoticed(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	forget(mm);
	do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
	do_mprotect(mm, BASE, PAGE_SIZE, RW);
	assert_false(soft_dirty(mm, BASE));
	write64(0, mm, BASE, 2);
	assert_true(soft_dirty(mm, BASE));
	shim_mm_exit(mm);
}

static void a_shared_page_that_was_read_is_written_with_a_fault(void **state)
{
	struct file *file = shim_file_new(PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new();

	map_file(mm, file, BASE, PAGE_SIZE, RW, MAP_SHARED, 0);
	write64(0, mm, BASE, 1);
	forget(mm);
	assert_int_equal(do_madvise(mm, BASE, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(read64(0, mm, BASE), 1);
	assert_false(soft_dirty(mm, BASE));
	write64(0, mm, BASE, 2);
	assert_true(soft_dirty(mm, BASE));
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

static void what_is_mapped_beside_makes_a_merged_area_soft_dirty(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	forget(mm);
	map_anon(mm, BASE + PAGE_SIZE, PAGE_SIZE, RW);
	assert_int_equal(mm->map_count, 1);
	assert_true(find_vma(mm, BASE)->vm_flags & VM_SOFTDIRTY);
	check_all();
	shim_mm_exit(mm);
}

static void the_child_of_a_cleared_parent_notices_its_own_writes(void **state)
{
	struct mm_struct *mm = shim_mm_new(), *child;

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	forget(mm);
	child = shim_mm_fork(mm);
	write64(1, child, BASE, 2);
	assert_true(soft_dirty(child, BASE));
	assert_false(soft_dirty(mm, BASE));
	assert_int_equal(read64(0, mm, BASE), 1);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

static void accessed_bits_are_cleared_and_set_again_by_the_next_use(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	assert_int_equal(mm_clear_refs(mm, CLEAR_REFS_MAPPED), 0);
	assert_true(pte_young(pte_at(mm, BASE)));
	assert_int_equal(mm_clear_refs(mm, CLEAR_REFS_ANON), 0);
	assert_false(pte_young(pte_at(mm, BASE)));
	read64(0, mm, BASE);
	assert_true(pte_young(pte_at(mm, BASE)));
	check_all();
	shim_mm_exit(mm);
}

static void what_is_out_has_no_accessed_bit_and_is_left_alone(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	pte_t out;

	shim_swap(0, SWAP_PAGES, -1);
	map_anon(mm, BASE, 2 * PAGE_SIZE, RW);
	fill(mm, BASE, 2, 1);
	pages_out(mm, BASE, 1);
	out = pte_at(mm, BASE);
	assert_int_equal(mm_clear_refs(mm, CLEAR_REFS_ANON), 0);
	assert_int_equal(pte_at(mm, BASE).val, out.val);
	assert_false(pte_young(pte_at(mm, BASE + PAGE_SIZE)));
	expect(0, mm, BASE, 2, 1);
	check_all();
	shim_mm_exit(mm);
}

static int referenced(struct folio *folio)
{
	vm_flags_t unused;
	int nr;

	folio_lock(folio);
	nr = folio_referenced(folio, &unused, false);
	folio_unlock(folio);
	return nr;
}

static void a_use_that_the_idle_bits_have_seen_is_not_lost_for_reclaim(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	struct page *page;

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	page = page_at(mm, BASE);
	shim_settle();
	page_idle_mark(page_to_pfn(page));
	assert_true(page_idle_test(page_to_pfn(page)));
	assert_false(pte_young(pte_at(mm, BASE)));
	assert_int_equal(referenced(page_folio(page)), 1);
	assert_int_equal(referenced(page_folio(page)), 0);
	assert_true(page_idle_test(page_to_pfn(page)));
	read64(0, mm, BASE);	/* though the processor had a translation */
	assert_false(page_idle_test(page_to_pfn(page)));
	assert_int_equal(referenced(page_folio(page)), 1);
	check_all();
	shim_mm_exit(mm);
}

/* ---- walking, and frames by number ---- */

static void count(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	unsigned int *seen = walk->arg;

	seen[pte_none(ptep_get(ptep))]++;
}

static void a_walk_visits_each_place_of_the_tables_that_exist(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	unsigned int seen[2] = {};
	struct mm_walk walk = { .pte_entry = count, .arg = seen };

	map_anon(mm, BASE, 4 * PMD_SIZE, RW);
	write64(0, mm, BASE + PAGE_SIZE, 1);
	write64(0, mm, BASE + 2 * PMD_SIZE, 1);
	walk.vma = find_vma(mm, BASE);
	walk_page_range(&walk, BASE, BASE + 4 * PMD_SIZE);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 2 * PTRS_PER_TABLE - 2);
	seen[0] = seen[1] = 0;
	walk_page_range(&walk, BASE + PAGE_SIZE, BASE + 3 * PAGE_SIZE);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
	shim_mm_exit(mm);
}

static void only_a_folio_can_be_had_by_its_number(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	struct page *page, *free;
	struct folio *folio;

	assert_null(pfn_to_online_page(~0UL >> PAGE_SHIFT));
	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	page = page_at(mm, BASE);
	assert_ptr_equal(pfn_to_online_page(page_to_pfn(page)), page);
	folio = page_get_folio(page);
	assert_ptr_equal(folio, page_folio(page));
	assert_int_equal(folio_ref_count(folio), 2);
	folio_put(folio);
	assert_null(page_get_folio(phys_to_page(virt_to_phys(mm->pgd))));
	free = alloc_pages(GFP_KERNEL, 0);
	assert_null(page_get_folio(free));
	put_page(free);
	assert_null(page_get_folio(free));
	shim_mm_exit(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_write_after_clearing_is_noticed_on_every_processor),
		MM_TEST(mprotect_does_not_let_a_write_pass_unnoticed),
		MM_TEST(a_shared_page_that_was_read_is_written_with_a_fault),
		MM_TEST(what_is_mapped_beside_makes_a_merged_area_soft_dirty),
		MM_TEST(the_child_of_a_cleared_parent_notices_its_own_writes),
		MM_TEST(accessed_bits_are_cleared_and_set_again_by_the_next_use),
		MM_TEST(what_is_out_has_no_accessed_bit_and_is_left_alone),
		MM_TEST(a_use_that_the_idle_bits_have_seen_is_not_lost_for_reclaim),
		MM_TEST(a_walk_visits_each_place_of_the_tables_that_exist),
		MM_TEST(only_a_folio_can_be_had_by_its_number),
	};

	return RUN_MM_TESTS(tests);
}
