/* filemap_test.c - mapped files: shared and private views, holes, truncation, no space. */
#include "mm_test.h"

#define PAGES	8

static struct mm_struct *mm;
static struct file *file;

static void prepare(void)
{
	u64 value;

	mm = shim_mm_new();
	file = shim_file_new(PAGES * PAGE_SIZE);
	for (u64 i = 0; i < PAGES; i += 2) {
		value = 10 + i;
		assert_int_equal(shim_file_write(file, i * PAGE_SIZE, &value, 8), 0);
	}
}

static void finish(void)
{
	check_all();
	shim_mm_exit(mm);
	check_all();
	fput(file);
}

static u64 in_file(unsigned int page)
{
	u64 value = 0;

	assert_int_equal(shim_file_read(file, page * PAGE_SIZE, &value, 8), 0);
	return value;
}

static void a_shared_mapping_and_the_file_are_one(void **state)
{
	u64 value = 99;

	prepare();
	map_file(mm, file, BASE, 4 * PAGE_SIZE, RW, MAP_SHARED, 2);
	assert_int_equal(read64(0, mm, BASE), 12);
	assert_int_equal(read64(0, mm, BASE + PAGE_SIZE), 0);
	write64(0, mm, BASE + PAGE_SIZE, 77);
	assert_int_equal(in_file(3), 77);
	shim_file_write(file, 2 * PAGE_SIZE, &value, 8);
	assert_int_equal(read64(1, mm, BASE), 99);
	assert_int_equal(atomic_read(&mm->rss_shmem), 3);
	finish();
}

static void a_private_mapping_follows_the_file_until_it_is_written(void **state)
{
	u64 value = 99;

	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	write64(0, mm, BASE + 2 * PAGE_SIZE + 8, 1);	/* from none */
	assert_int_equal(read64(0, mm, BASE), 10);
	shim_file_write(file, 0, &value, 8);
	assert_int_equal(read64(0, mm, BASE), 99);
	write64(0, mm, BASE + 8, 1);		/* from the mapped page */
	value = 100;
	shim_file_write(file, 0, &value, 8);
	assert_int_equal(read64(0, mm, BASE), 99);
	assert_int_equal(read64(0, mm, BASE + 2 * PAGE_SIZE), 12);
	assert_int_equal(in_file(0), 100);
	assert_int_equal(atomic_read(&mm->rss_anon), 2);
	assert_int_equal(atomic_read(&mm->rss_shmem), 2);
	/* DONTNEED brings the file's bytes back. */
	assert_int_equal(do_madvise(mm, BASE, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(read64(0, mm, BASE), 100);
	finish();
}

static void behind_the_end_there_is_sigbus(void **state)
{
	u8 byte = 1;

	prepare();
	map_file(mm, file, BASE, 2 * PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(mm, file, BASE + PUD_SIZE, 2 * PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	for (unsigned int i = 0; i < 2; i++) {
		unsigned long end = BASE + i * PUD_SIZE + PAGES * PAGE_SIZE;

		assert_int_equal(mmu_read(0, mm, end - 1, &byte, 1), 0);
		assert_int_equal(mmu_read(0, mm, end, &byte, 1), VM_FAULT_SIGBUS);
		assert_int_equal(mmu_write(0, mm, end, &byte, 1), VM_FAULT_SIGBUS);
	}
	shim_file_write(file, PAGES * PAGE_SIZE, &byte, 1);	/* the file grows */
	assert_int_equal(mmu_read(0, mm, BASE + PAGES * PAGE_SIZE, &byte, 1), 0);
	finish();
}

static void truncation_takes_pages_away_even_private_copies(void **state)
{
	u8 byte;

	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(mm, file, BASE + PUD_SIZE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		write64(0, mm, BASE + i * PAGE_SIZE, i);
		write64(1, mm, BASE + PUD_SIZE + i * PAGE_SIZE, 100 + i);
	}
	shim_file_truncate(file, 2 * PAGE_SIZE + 8);
	check_all();
	assert_int_equal(file->f_mapping->nrpages, 3);
	assert_int_equal(read64(0, mm, BASE + 2 * PAGE_SIZE), 2);
	assert_int_equal(read64(0, mm, BASE + PUD_SIZE + 2 * PAGE_SIZE), 102);
	assert_int_equal(mmu_read(0, mm, BASE + 3 * PAGE_SIZE, &byte, 1), VM_FAULT_SIGBUS);
	assert_int_equal(mmu_read(1, mm, BASE + PUD_SIZE + 3 * PAGE_SIZE, &byte, 1),
			 VM_FAULT_SIGBUS);
	shim_file_truncate(file, PAGES * PAGE_SIZE);
	assert_int_equal(read64(0, mm, BASE + 3 * PAGE_SIZE), 0);
	assert_int_equal(read64(1, mm, BASE + PUD_SIZE + 3 * PAGE_SIZE), 0);
	finish();
}

static void a_hole_leaves_private_copies(void **state)
{
	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	write64(0, mm, BASE + 2 * PAGE_SIZE, 5);
	read64(0, mm, BASE + 4 * PAGE_SIZE);
	shim_file_punch(file, 2 * PAGE_SIZE, 3 * PAGE_SIZE);
	check_all();
	assert_int_equal(read64(0, mm, BASE + 2 * PAGE_SIZE), 5);
	assert_int_equal(read64(0, mm, BASE + 4 * PAGE_SIZE), 0);
	assert_int_equal(in_file(2), 0);
	assert_int_equal(in_file(6), 16);
	finish();
}

static void shared_anonymous_memory_is_shared_with_children(void **state)
{
	struct mm_struct *child;

	prepare();
	assert_int_equal(do_mmap(mm, NULL, BASE, 2 * PAGE_SIZE, RW,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0), BASE);
	write64(0, mm, BASE, 1);
	child = shim_mm_fork(mm);
	write64(1, child, BASE, 2);
	write64(1, child, BASE + PAGE_SIZE, 3);
	assert_int_equal(read64(0, mm, BASE), 2);
	assert_int_equal(read64(0, mm, BASE + PAGE_SIZE), 3);
	check_all();
	shim_mm_exit(child);
	finish();
}

static void a_child_has_the_private_copies_and_shares_the_rest(void **state)
{
	struct mm_struct *child;
	u64 value = 55;

	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	write64(0, mm, BASE, 1);
	read64(0, mm, BASE + 2 * PAGE_SIZE);
	child = shim_mm_fork(mm);
	check_all();
	write64(1, child, BASE, 2);
	shim_file_write(file, 2 * PAGE_SIZE, &value, 8);
	assert_int_equal(read64(0, mm, BASE), 1);
	assert_int_equal(read64(1, child, BASE + 2 * PAGE_SIZE), 55);
	write64(1, child, BASE + 2 * PAGE_SIZE, 3);
	assert_int_equal(in_file(2), 55);
	check_all();
	shim_mm_exit(child);
	finish();
}

static void without_space_a_write_to_a_hole_is_sigbus(void **state)
{
	u8 byte = 1;

	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(mm, file, BASE + PMD_SIZE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	shim_charge_limit = shim_charged;
	assert_int_equal(mmu_write(0, mm, BASE + PAGE_SIZE, &byte, 1), VM_FAULT_SIGBUS);
	assert_int_equal(mmu_write(0, mm, BASE + PMD_SIZE + PAGE_SIZE, &byte, 1), VM_FAULT_SIGBUS);
	assert_int_equal(mmu_write(0, mm, BASE, &byte, 1), 0);
	assert_int_equal(shim_file_write(file, PAGE_SIZE, &byte, 1), -ENOSPC);
	shim_charge_limit = ~0UL;
	assert_int_equal(mmu_write(0, mm, BASE + PAGE_SIZE, &byte, 1), 0);
	finish();
}

static void an_area_holds_its_file(void **state)
{
	prepare();
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	fput(file);
	assert_int_equal(read64(0, mm, BASE), 10);
	do_munmap(mm, BASE + PAGE_SIZE, PAGE_SIZE);
	assert_int_equal(atomic_read(&vma_lookup(mm, BASE)->vm_file->f_count), 2);
	do_munmap(mm, BASE, PAGES * PAGE_SIZE);
	assert_int_equal(shim_nr_files, 0);
	shim_mm_exit(mm);
}

/* Of the first file system, whose pages never leave. */
static void pages_of_a_file_that_is_not_tmpfs_count_as_the_files(void **state)
{
	struct mm_struct *child;

	prepare();
	fput(file);
	file = shim_file_new(PAGES * PAGE_SIZE);
	file_mapping(file)->shmem = false;
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	write64(0, mm, BASE, 1);
	read64(0, mm, BASE + PAGE_SIZE);
	fail_nth(3, true);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_WILLNEED), 0);
	assert_true(fail_stop());
	assert_in_range(file_mapping(file)->nrpages, 2, PAGES - 1);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_WILLNEED), 0);
	assert_int_equal(file_mapping(file)->nrpages, PAGES);
	child = shim_mm_fork(mm);
	check_all();
	assert_int_equal(atomic_read(&child->rss_anon), 1);
	assert_int_equal(atomic_read(&child->rss_file), 1);
	assert_int_equal(atomic_read(&child->rss_shmem), 0);
	write64(1, child, BASE + PAGE_SIZE, 2);
	assert_int_equal(atomic_read(&child->rss_file), 0);
	assert_int_equal(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(atomic_read(&mm->rss_file), 0);
	check_all();
	shim_mm_exit(child);
	finish();
}

static void present_pages_are_found_in_order(void **state)
{
	pgoff_t index = 0;
	unsigned int nr = 0;

	prepare();
	for (; filemap_next_present(file->f_mapping, &index); index++)
		assert_int_equal(index, 2 * nr++);
	assert_int_equal(nr, PAGES / 2);
	finish();
}

/* File pages 1 to 6 are mapped; 2, 4 and 6 are there. */
static void a_read_maps_the_neighbours_that_are_there(void **state)
{
	prepare();
	map_file(mm, file, BASE, 6 * PAGE_SIZE, RW, MAP_PRIVATE, 1);
	write64(0, mm, BASE + PAGE_SIZE, 5);	/* its own copy of page 2 */
	assert_false(pte_present(pte_at(mm, BASE + 3 * PAGE_SIZE)));
	assert_int_equal(read64(0, mm, BASE + 3 * PAGE_SIZE), 14);
	assert_true(pte_present(pte_at(mm, BASE + 5 * PAGE_SIZE)));
	assert_false(pte_young(pte_at(mm, BASE + 5 * PAGE_SIZE)));
	assert_false(pte_write(pte_at(mm, BASE + 5 * PAGE_SIZE)));
	assert_true(pte_none(pte_at(mm, BASE)));	/* a hole of the file stays one */
	assert_true(pte_none(pte_at(mm, BASE + 6 * PAGE_SIZE)));	/* no area */
	assert_int_equal(atomic_read(&mm->rss_shmem), 2);
	assert_int_equal(read64(0, mm, BASE + PAGE_SIZE), 5);
	check_all();
	shim_file_truncate(file, 5 * PAGE_SIZE);
	assert_true(pte_none(pte_at(mm, BASE + 5 * PAGE_SIZE)));
	assert_int_equal(atomic_read(&mm->rss_shmem), 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_shared_mapping_and_the_file_are_one),
		MM_TEST(a_private_mapping_follows_the_file_until_it_is_written),
		MM_TEST(behind_the_end_there_is_sigbus),
		MM_TEST(truncation_takes_pages_away_even_private_copies),
		MM_TEST(a_hole_leaves_private_copies),
		MM_TEST(shared_anonymous_memory_is_shared_with_children),
		MM_TEST(a_child_has_the_private_copies_and_shares_the_rest),
		MM_TEST(without_space_a_write_to_a_hole_is_sigbus),
		MM_TEST(an_area_holds_its_file),
		MM_TEST(pages_of_a_file_that_is_not_tmpfs_count_as_the_files),
		MM_TEST(present_pages_are_found_in_order),
		MM_TEST(a_read_maps_the_neighbours_that_are_there),
	};

	return RUN_MM_TESTS(tests);
}
