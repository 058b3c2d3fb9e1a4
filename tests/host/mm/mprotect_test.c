/* mprotect_test.c - rights that change: no write is lost, none slips through. */
#include "mm_test.h"

static void a_page_keeps_its_bytes_through_every_change(void **state)
{
	static const unsigned int prots[] = { PROT_NONE, PROT_READ, RW, PROT_EXEC, RW | PROT_EXEC };
	struct mm_struct *mm = shim_mm_new();
	u64 value = 1;

	map_anon(mm, BASE, 3 * PAGE_SIZE, RW);
	write64(0, mm, BASE + PAGE_SIZE, 1);
	for (unsigned int n = 0; n < 100; n++) {
		unsigned int prot = prots[random_below(ARRAY_SIZE(prots))];
		const unsigned long addr = BASE + PAGE_SIZE;

		assert_int_equal(do_mprotect(mm, addr, PAGE_SIZE, prot), 0);
		check_all();
		assert_int_equal(mmu_read(0, mm, addr, &value, 8),
				 prot ? 0 : VM_FAULT_SIGSEGV_ACCERR);
		assert_int_equal(value, 1 + n);
		value++;
		assert_int_equal(mmu_write(1, mm, addr, &value, 8),
				 prot & PROT_WRITE ? 0 : VM_FAULT_SIGSEGV_ACCERR);
		assert_int_equal(mmu_exec(1, mm, addr),
				 prot & PROT_EXEC ? 0 : VM_FAULT_SIGSEGV_ACCERR);
		do_mprotect(mm, addr, PAGE_SIZE, RW);
		write64(0, mm, addr, value);
	}
	assert_int_equal(mm->map_count, 1);
	shim_mm_exit(mm);
}

static void a_shared_page_never_becomes_writable_by_mprotect_alone(void **state)
{
	struct mm_struct *parent = shim_mm_new(), *child;

	map_anon(parent, BASE, PAGE_SIZE, RW);
	write64(0, parent, BASE, 1);
	child = shim_mm_fork(parent);
	do_mprotect(child, BASE, PAGE_SIZE, PROT_READ);
	do_mprotect(child, BASE, PAGE_SIZE, RW);
	check_all();
	write64(1, child, BASE, 2);
	assert_int_equal(read64(0, parent, BASE), 1);
	shim_mm_exit(child);
	shim_mm_exit(parent);
}

static void an_exclusive_dirty_page_becomes_writable_at_once(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	unsigned long faults;

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 1);
	do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
	do_mprotect(mm, BASE, PAGE_SIZE, RW);
	faults = mmu_stats.faults;
	write64(0, mm, BASE, 2);
	assert_int_equal(mmu_stats.faults, faults);
	shim_mm_exit(mm);
}

static void the_zero_page_stays_read_only(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, PROT_READ);
	assert_int_equal(read64(0, mm, BASE), 0);
	do_mprotect(mm, BASE, PAGE_SIZE, RW);
	check_all();
	write64(0, mm, BASE, 1);
	assert_null(memchr_inv(page_address(zero_page), 0, PAGE_SIZE));
	check_all();
	shim_mm_exit(mm);
}

static void a_cached_page_is_copied_after_a_private_mapping_becomes_writable(void **state)
{
	struct file *file = shim_file_new(PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new();
	u64 value;

	map_file(mm, file, BASE, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	read64(0, mm, BASE);
	do_mprotect(mm, BASE, PAGE_SIZE, RW);
	write64(0, mm, BASE, 5);
	shim_file_read(file, 0, &value, 8);
	assert_int_equal(value, 0);
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

static void mprotect_refuses_what_linux_refuses(void **state)
{
	struct file *file = shim_file_new(PAGE_SIZE), *ro = shim_file_reopen(file, FMODE_READ);
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 2 * PAGE_SIZE, RW);
	assert_int_equal(do_mprotect(mm, BASE + 1, PAGE_SIZE, RW), -EINVAL);
	assert_int_equal(do_mprotect(mm, BASE, 0, PROT_READ), 0);
	assert_int_equal(do_mprotect(mm, BASE - PAGE_SIZE, PAGE_SIZE, RW), -ENOMEM);
	assert_int_equal(do_mprotect(mm, BASE, PAGE_SIZE, 0x100), -EINVAL);
	assert_int_equal(do_mprotect(mm, BASE, ~0UL, RW), -ENOMEM);
	assert_int_equal(do_mprotect(mm, BASE, 3 * PAGE_SIZE, PROT_READ), -ENOMEM);
	assert_int_equal(find_vma(mm, BASE)->vm_flags & VM_ACCESS_FLAGS,
			 VM_READ); /* up to the hole */
	map_file(mm, ro, BASE, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	assert_int_equal(do_mprotect(mm, BASE, PAGE_SIZE, RW), -EACCES);
	map_file(mm, ro, BASE, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	assert_int_equal(do_mprotect(mm, BASE, PAGE_SIZE, RW), 0);
	check_all();
	shim_mm_exit(mm);
	fput(ro);
	fput(file);
}

static void growsdown_reaches_to_the_start_of_a_stack_only(void **state)
{
	const unsigned long read = PROT_READ | PROT_GROWSDOWN;
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	assert_int_equal(do_mmap(mm, NULL, BASE + PMD_SIZE, 4 * PAGE_SIZE, RW,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, 0),
			 BASE + PMD_SIZE);
	assert_int_equal(do_mprotect(mm, BASE, PAGE_SIZE, read), -EINVAL);
	assert_int_equal(do_mprotect(mm, BASE + PAGE_SIZE, PAGE_SIZE, read), -ENOMEM);
	assert_int_equal(do_mprotect(mm, BASE + PMD_SIZE + 2 * PAGE_SIZE, PAGE_SIZE, read), 0);
	assert_int_equal(find_vma(mm, BASE + PMD_SIZE)->vm_end, BASE + PMD_SIZE + 3 * PAGE_SIZE);
	check_all();
	shim_mm_exit(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_page_keeps_its_bytes_through_every_change),
		MM_TEST(a_shared_page_never_becomes_writable_by_mprotect_alone),
		MM_TEST(an_exclusive_dirty_page_becomes_writable_at_once),
		MM_TEST(the_zero_page_stays_read_only),
		MM_TEST(a_cached_page_is_copied_after_a_private_mapping_becomes_writable),
		MM_TEST(mprotect_refuses_what_linux_refuses),
		MM_TEST(growsdown_reaches_to_the_start_of_a_stack_only),
	};

	return RUN_MM_TESTS(tests);
}
