/* fault_test.c - memory.c and fork_mm.c: first touches, copy-on-write and fork, seen through the
 * page tables by a simulated processor. */
#include "mm_test.h"

/* --- first touches --- */

static void a_read_maps_the_zero_page_and_a_write_replaces_it(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 4 * PAGE_SIZE, RW);
	assert_int_equal(read64(0, mm, BASE), 0);
	assert_ptr_equal(page_at(mm, BASE), zero_page);
	assert_int_equal(get_mm_rss(mm), 0);
	check_all();
	write64(0, mm, BASE + 8, 42);
	assert_ptr_not_equal(page_at(mm, BASE), zero_page);
	assert_int_equal(get_mm_rss(mm), 1);
	assert_int_equal(read64(0, mm, BASE), 0);
	assert_int_equal(read64(0, mm, BASE + 8), 42);
	check_all();
	shim_mm_exit(mm);
}

static void a_fault_without_an_area_or_a_right_is_refused(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	u8 byte = 1;

	map_anon(mm, BASE, PAGE_SIZE, PROT_READ);
	map_anon(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	assert_int_equal(mmu_write(0, mm, BASE, &byte, 1), VM_FAULT_SIGSEGV_ACCERR);
	assert_int_equal(mmu_exec(0, mm, BASE), VM_FAULT_SIGSEGV_ACCERR);
	assert_int_equal(mmu_read(0, mm, BASE + PAGE_SIZE, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	assert_int_equal(mmu_read(0, mm, BASE + 2 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGSEGV_ACCERR);
	assert_int_equal(mmu_read(0, mm, 0, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	assert_int_equal(mmu_read(0, mm, BASE, &byte, 1), 0);
	assert_int_equal(mmu_write(0, mm, BASE, &byte, 1), VM_FAULT_SIGSEGV_ACCERR);
	check_all();
	shim_mm_exit(mm);
}

static void a_stack_grows_to_its_limit_and_keeps_its_distance(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	const unsigned long top = BASE + 64 * PUD_SIZE;
	u8 byte;

	map_anon(mm, top - 8 * PAGE_SIZE, PAGE_SIZE, RW);
	assert_int_equal(setup_stack_vma(mm, top, PAGE_SIZE, false), -ENOMEM);
	assert_int_equal(do_munmap(mm, top - 8 * PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(setup_stack_vma(mm, top, PAGE_SIZE, false), 0);
	write8(0, mm, top - 1, 7);
	write8(0, mm, top - 100 * PAGE_SIZE, 8);
	assert_int_equal(mm->stack_vm, 100);
	current->signal->rlim[RLIMIT_STACK].rlim_cur = 200 * PAGE_SIZE;
	assert_int_equal(mmu_read(0, mm, top - 201 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	write8(0, mm, top - 200 * PAGE_SIZE, 9);
	current->signal->rlim[RLIMIT_STACK].rlim_cur = ~0UL;
	current->signal->rlim[RLIMIT_AS].rlim_cur = 300 * PAGE_SIZE;
	assert_int_equal(mmu_read(0, mm, top - 301 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	current->signal->rlim[RLIMIT_AS].rlim_cur = ~0UL;
	check_all();
	map_anon(mm, top - 1000 * PAGE_SIZE, PAGE_SIZE, RW);
	assert_int_equal(mmu_read(0, mm, top - 800 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	write8(0, mm, top - 700 * PAGE_SIZE, 9);
	assert_int_equal(do_mprotect(mm, top - 1000 * PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	write8(0, mm, top - 800 * PAGE_SIZE, 9);	/* a guard of the program's own */
	assert_int_equal(read8(0, mm, top - 100 * PAGE_SIZE), 8);
	check_all();
	shim_mm_exit(mm);
}

/* --- copy-on-write --- */

static void fork_shares_pages_until_either_side_writes(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	struct page *page;

	map_anon(parent, BASE, 2 * PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	page = page_at(parent, BASE);
	child = shim_mm_fork(parent);
	check_all();
	assert_ptr_equal(page_at(child, BASE), page);
	assert_int_equal(folio_mapcount(page_folio(page)), 2);
	write64(1, child, BASE, 2);
	assert_int_equal(read64(0, parent, BASE), 1);
	assert_int_equal(read64(1, child, BASE), 2);
	check_all();
	write64(0, parent, BASE, 3);	/* the last one takes the page over */
	assert_ptr_equal(page_at(parent, BASE), page);
	assert_int_equal(read64(1, child, BASE), 2);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

static void another_threads_processor_sees_the_copy(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	assert_int_equal(read64(1, parent, BASE), 1);	/* processor 1 has it in its TLB */
	child = shim_mm_fork(parent);
	write64(0, parent, BASE, 2);
	assert_int_equal(read64(1, parent, BASE), 2);
	assert_int_equal(read64(2, child, BASE), 1);
	write64(1, parent, BASE, 3);
	assert_int_equal(read64(0, parent, BASE), 3);
	check_all();
	shim_mm_exit(parent);
	assert_int_equal(read64(2, child, BASE), 1);
	shim_mm_exit(child);
}

static void a_write_after_the_other_side_has_gone_makes_no_copy(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	unsigned long copies = vm_event_sum(COW_COPY);
	struct page *page;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	page = page_at(parent, BASE);
	child = shim_mm_fork(parent);
	shim_mm_exit(parent);
	write64(0, child, BASE, 2);
	assert_ptr_equal(page_at(child, BASE), page);
	assert_int_equal(vm_event_sum(COW_COPY), copies);
	check_all();
	shim_mm_exit(child);
}

static void a_read_only_page_is_shared_by_fork_too(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	do_mprotect(parent, BASE, PAGE_SIZE, PROT_READ);
	child = shim_mm_fork(parent);
	check_all();
	do_mprotect(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 2);
	assert_int_equal(read64(0, child, BASE), 1);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

static void grandchildren_have_what_was_there_when_they_were_born(void **state)
{
	enum { GENERATIONS = 20 };
	struct mm_struct *mm[GENERATIONS];

	mm[0] = shim_mm_new();
	map_anon(mm[0], BASE, GENERATIONS * PAGE_SIZE, RW);
	for (unsigned int g = 0; g < GENERATIONS; g++) {
		if (g)
			mm[g] = shim_mm_fork(mm[g - 1]);
		write64(g % NR_CPUS, mm[g], BASE + g * PAGE_SIZE, g + 1);
		write64(g % NR_CPUS, mm[g], BASE, 100 + g);
	}
	check_all();
	for (unsigned int g = 0; g < GENERATIONS; g++) {
		assert_int_equal(read64(0, mm[g], BASE), 100 + g);
		for (unsigned int i = 1; i < GENERATIONS; i++)
			assert_int_equal(read64(0, mm[g], BASE + i * PAGE_SIZE),
					 i <= g ? i + 1 : 0);
	}
	check_all();
	for (unsigned int g = 0; g < GENERATIONS; g++) {	/* every other one first */
		unsigned int victim = g < GENERATIONS / 2 ? 2 * g : 2 * (g - GENERATIONS / 2) + 1;

		shim_mm_exit(mm[victim]);
		check_all();
	}
}

static void madvise_decides_what_a_child_gets(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	u8 byte;

	map_anon(parent, BASE, 3 * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < 3; i++)
		write8(0, parent, BASE + i * PAGE_SIZE, i + 1);
	assert_int_equal(do_madvise(parent, BASE, PAGE_SIZE, MADV_DONTFORK), 0);
	assert_int_equal(do_madvise(parent, BASE + PAGE_SIZE, PAGE_SIZE, MADV_WIPEONFORK), 0);
	child = shim_mm_fork(parent);
	assert_int_equal(mmu_read(0, child, BASE, &byte, 1), VM_FAULT_SIGSEGV_MAPERR);
	assert_int_equal(read8(0, child, BASE + PAGE_SIZE), 0);
	assert_int_equal(read8(0, child, BASE + 2 * PAGE_SIZE), 3);
	assert_int_equal(read8(0, parent, BASE + PAGE_SIZE), 2);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

static void a_page_somebody_else_holds_is_copied(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	struct page *page;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	page = page_at(parent, BASE);
	child = shim_mm_fork(parent);
	shim_mm_exit(child);
	get_page(page);		/* as a reader through access_remote_vm has it */
	write64(0, parent, BASE, 2);
	assert_ptr_not_equal(page_at(parent, BASE), page);
	assert_int_equal(*(u64 *)page_address(page), 1);
	folio_put(page_folio(page));
	check_all();
	shim_mm_exit(parent);
}

static void a_killed_task_stops_bringing_pages_in(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	current->sigpending = true;
	assert_int_equal(do_madvise(mm, BASE, 8 * PAGE_SIZE, MADV_POPULATE_WRITE), -EINTR);
	current->sigpending = false;
	assert_int_equal(get_mm_rss(mm), 1);
	check_all();
	shim_mm_exit(mm);
}

/* --- on behalf of others --- */

static void remote_access_breaks_cow_and_stops_at_holes(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	u8 bytes[2 * PAGE_SIZE];

	map_anon(parent, BASE, 2 * PAGE_SIZE, RW);
	write8(0, parent, BASE + PAGE_SIZE - 1, 5);
	child = shim_mm_fork(parent);
	memset(bytes, 9, sizeof(bytes));
	assert_int_equal(access_remote_vm(child, BASE + 100, bytes, sizeof(bytes), FOLL_WRITE),
			 2 * PAGE_SIZE - 100);
	assert_int_equal(read8(0, parent, BASE + PAGE_SIZE - 1), 5);
	assert_int_equal(read8(0, child, BASE + PAGE_SIZE - 1), 9);
	assert_int_equal(access_remote_vm(parent, BASE + PAGE_SIZE - 2, bytes, 4, 0), 4);
	assert_int_equal(bytes[1], 5);
	assert_int_equal(access_remote_vm(parent, BASE - 1, bytes, 4, 0), 0);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

/* The entry keeps everybody out who could not write before, and says nothing of dirt. */
static void a_forced_write_leaves_the_entry_read_only_and_clean(void **state)
{
	struct file *file = shim_file_new(2 * PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new();
	u8 byte = 7;

	map_file(mm, file, BASE, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	map_anon(mm, BASE + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ);
	read8(0, mm, BASE);			/* the file's page is mapped */
	read8(0, mm, BASE + 2 * PAGE_SIZE);	/* the zero page is */
	for (unsigned int i = 0; i < 4; i++) {
		unsigned long addr = BASE + i * PAGE_SIZE;

		assert_int_equal(access_remote_vm(mm, addr, &byte, 1, FOLL_WRITE), 0);
		assert_int_equal(access_remote_vm(mm, addr, &byte, 1, FOLL_WRITE | FOLL_FORCE), 1);
		assert_false(pte_write(pte_at(mm, addr)) || pte_dirty(pte_at(mm, addr)));
		assert_true(pte_soft_dirty(pte_at(mm, addr)));
		assert_true(page_flag(page_at(mm, addr), PG_anon_exclusive));
		assert_int_equal(read8(0, mm, addr), 7);
		assert_int_equal(mmu_write(0, mm, addr, &byte, 1), VM_FAULT_SIGSEGV_ACCERR);
	}
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

static void a_forced_write_copies_what_a_child_has_and_keeps_what_is_ours(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;
	struct page *page;
	u8 byte = 9;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write8(0, parent, BASE, 5);
	do_mprotect(parent, BASE, PAGE_SIZE, PROT_READ);
	child = shim_mm_fork(parent);
	page = page_at(child, BASE);
	assert_int_equal(access_remote_vm(parent, BASE, &byte, 1, FOLL_WRITE | FOLL_FORCE), 1);
	assert_int_equal(read8(2, child, BASE), 5);
	assert_int_equal(read8(0, parent, BASE), 9);
	assert_int_equal(access_remote_vm(child, BASE, &byte, 1, FOLL_WRITE | FOLL_FORCE), 1);
	assert_ptr_equal(page_at(child, BASE), page);	/* the parent has left it */
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_read_maps_the_zero_page_and_a_write_replaces_it),
		MM_TEST(a_fault_without_an_area_or_a_right_is_refused),
		MM_TEST(a_stack_grows_to_its_limit_and_keeps_its_distance),
		MM_TEST(fork_shares_pages_until_either_side_writes),
		MM_TEST(another_threads_processor_sees_the_copy),
		MM_TEST(a_write_after_the_other_side_has_gone_makes_no_copy),
		MM_TEST(a_read_only_page_is_shared_by_fork_too),
		MM_TEST(grandchildren_have_what_was_there_when_they_were_born),
		MM_TEST(madvise_decides_what_a_child_gets),
		MM_TEST(a_page_somebody_else_holds_is_copied),
		MM_TEST(a_killed_task_stops_bringing_pages_in),
		MM_TEST(remote_access_breaks_cow_and_stops_at_holes),
		MM_TEST(a_forced_write_leaves_the_entry_read_only_and_clean),
		MM_TEST(a_forced_write_copies_what_a_child_has_and_keeps_what_is_ours),
	};

	return RUN_MM_TESTS(tests);
}
