/* interleave_file_test.c - the same as interleave_test.c with memory of files, which also go,
 * shrink and get holes. */
#include "interleave.h"

/* --- tmpfs --- */

static void a_file_that_is_out(void)
{
	u64 value = FIRST;

	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PAGE_SIZE);
	shim_file_write(file, 0, &value, sizeof(value));
	folio = filemap_get_folio(file_mapping(file), 0); /* its slot's copy from now on */
	reclaim(folio);
	ASSERT(file_mapping(file)->nrswapped && folio_flag(folio, PG_swapcache));
}

static bool while_the_page_is_idle(const struct task_struct *standing)
{
	return without_locks(standing) && !folio_flag(folio, PG_locked);
}

/* Both look for pages in the file: whoever comes second must find what the first has moved. */
static void a_file_may_go_while_its_pages_come_back(void **state)
{
	run(&(struct scenario){
		.before = a_file_that_is_out,
		.operation = close_file,
		.may = while_the_page_is_idle,
		.other = swap_goes,
		.after = end,
	});
}

static bool while_swapoff_is_elsewhere(const struct task_struct *standing)
{
	return while_the_page_is_idle(standing) && !file_mapping(file)->swap_users;
}

static void swapoff_may_find_a_file_that_goes(void **state)
{
	run(&(struct scenario){
		.before = a_file_that_is_out,
		.operation = swap_goes,
		.may = while_swapoff_is_elsewhere,
		.other = close_file,
		.after = end,
	});
}

/* Unlocked, it may be mapped, copied or written anew: nobody may have it in his TLB unless the
 * tables have it, too. */
static void look_for_stale_translations(void)
{
	if (!folio_flag(folio, PG_locked))
		mmu_check_tlbs();
}

static void mapped_file(void)
{
	shared_pages();
	folio = page_folio(page_at(mm, BASE));
}

static void mapped_file_to_look_at(void)
{
	mapped_file();
	always = look_for_stale_translations;
}

/* As when another processor takes the last slot, or swapoff begins. */
static void no_slot_is_left(void)
{
	swap_area_set_writeok(&swap_info[0], false);
}

static void slots_are_back(void)
{
	swap_area_set_writeok(&swap_info[0], true);
	nothing_is_lost();
}

static void a_page_without_a_slot_is_flushed_before_it_is_unlocked(void **state)
{
	run(&(struct scenario){
		.before = mapped_file_to_look_at,
		.operation = reclaim_first,
		.may = without_spinlocks,
		.other = no_slot_is_left,
		.after = slots_are_back,
	});
}

static void a_file_in_two(void)
{
	mapped_file_to_look_at();
	child = shim_mm_new();
	map_file(child, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	read64(3, child, BASE);
}

static void lock_it_there(void)
{
	ASSERT(!do_mlock(child, BASE, PAGES * PAGE_SIZE, false));
}

static void it_stays_there(void)
{
	assert_non_null(page_at(child, BASE));
	shim_mm_exit(child);
	nothing_is_lost();
}

static bool while_it_is_there(const struct task_struct *standing)
{
	return without_spinlocks(standing) && page_at(child, BASE);
}

static void a_page_that_stays_in_one_is_flushed_before_it_is_unlocked(void **state)
{
	run(&(struct scenario){
		.before = a_file_in_two,
		.operation = reclaim_first,
		.may = while_it_is_there,
		.other = lock_it_there,
		.after = it_stays_there,
	});
}

static void write_the_file(void)
{
	u64 value = AFTER;

	ASSERT(!shim_file_write(file, 8, &value, 8));
}

static void reclaim_the_file(void)
{
	struct folio *first = filemap_get_folio(file_mapping(file), 0);

	if (first)
		reclaim(first);
}

static void pages_of_a_file_may_leave_at_any_time(void **state)
{
	static const struct kase cases[] = {
		{ fork_mm, both_see_the_same },	 { protect, nobody_may_write },
		{ move, it_has_moved },		 { unmap, nobody_may_be_there },
		{ punch, it_is_zero },		 { write_first, the_second_word_is_there },
		{ read_first, nothing_is_lost }, { write_the_file, the_second_word_is_there },
		{ swap_goes, nothing_is_lost },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = i % 2 ? shared_pages : shared_pages_out,
			.operation = cases[i / 2].what,
			.may = without_spinlocks,
			.other = reclaim_the_file,
			.after = cases[i / 2].after,
		});
}

/* --- a hole, and somebody who falls into it --- */

static bool while_a_fault_need_not_wait(const struct task_struct *standing)
{
	return without_spinlocks(standing) && !folio_flag(folio, PG_locked);
}

static void it_is_a_page_of_the_file(void)
{
	u64 value;

	check_all();
	assert_int_equal(shim_file_read(file, 8, &value, 8), 0);
	assert_int_equal(read64(1, mm, BASE + 8), value);
	assert_true(value == 0 || value == AFTER);
	end();
}

static void a_page_that_comes_into_a_hole_is_one_of_the_file(void **state)
{
	run(&(struct scenario){
		.before = mapped_file,
		.operation = punch,
		.may = while_a_fault_need_not_wait,
		.other = write_first,
		.after = it_is_a_page_of_the_file,
	});
}

/* --- a hole, and a page that reclaim is about to send away --- */

static bool half_way; /* it is unmapped and in swap, but not flushed */

static void mapped_file_to_keep(void)
{
	mapped_file();
	folio_get(folio);
	half_way = false;
}

static bool is_in_the_file(void)
{
	return folio->page.mapping == file_mapping(file);
}

/* With the locks of the file and of its areas, while it unmaps: later it waits for the page. */
static bool while_it_unmaps(const struct task_struct *standing)
{
	return standing->nr_held == 2 && without_spinlocks(standing) &&
	       !folio_flag(folio, PG_locked);
}

static void use_it_and_send_it_half_way(void)
{
	if (!is_in_the_file())
		return;
	write64(1, mm, BASE, LATER);
	folio_lock(folio);
	half_way = try_to_unmap(folio, TTU_BATCH_FLUSH) && shmem_move_to_swap(folio);
	ASSERT(half_way);
	mmu_batch_is_open = true;
}

static void nobody_writes_to_it(void)
{
	u64 value = LATER;

	assert_false(mmu_try_write(1, mm, BASE, &value, 8));
	if (half_way) {
		try_to_unmap_flush();
		mmu_batch_is_open = false;
		folio_unlock(folio);
	}
	folio_put(folio);
	it_is_zero();
}

static void a_hole_is_one_for_stale_translations_too(void **state)
{
	run(&(struct scenario){
		.before = mapped_file_to_keep,
		.operation = punch,
		.may = while_it_unmaps,
		.other = use_it_and_send_it_half_way,
		.after = nobody_writes_to_it,
	});
}

/* --- an end that moves, and somebody who copies what was before it --- */

static void private_pages_of_a_file(void)
{
	mm = shim_mm_new();
	file = shim_file_new(PAGES * PAGE_SIZE);
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	read64(1, mm, BASE);
	folio = page_folio(page_at(mm, BASE));
	folio_get(folio);
}

static void truncate_to_nothing(void)
{
	ASSERT(!shim_file_truncate(file, 0));
}

/* A fault that has looked at the size in time, and found the page. */
static void copy_it(void)
{
	loff_t size = file->f_inode->i_size;

	if (!is_in_the_file())
		return;
	file->f_inode->i_size = PAGES * PAGE_SIZE;
	write64(1, mm, BASE, LATER);
	file->f_inode->i_size = size;
}

static void it_is_behind_the_end(void)
{
	u64 value = LATER;

	assert_false(mmu_try_write(1, mm, BASE, &value, 8));
	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), VM_FAULT_SIGBUS);
	folio_put(folio);
	end();
}

static void no_copy_stays_behind_the_end_of_a_file(void **state)
{
	run(&(struct scenario){
		.before = private_pages_of_a_file,
		.operation = truncate_to_nothing,
		.may = while_it_unmaps,
		.other = copy_it,
		.after = it_is_behind_the_end,
	});
}

/* --- a file that ends before the fault does --- */

static void file_with_a_hole(void)
{
	mapped_file();
	punch();
}

static void touch_first(void)
{
	u64 value = AFTER;

	mmu_write(0, mm, BASE, &value, 8);
}

static bool while_truncation_need_not_wait(const struct task_struct *standing)
{
	struct folio *first;
	bool locked;

	if (!without_spinlocks(standing))
		return false;
	first = filemap_get_folio(file_mapping(file), 0);
	locked = first && folio_flag(first, PG_locked);
	if (first)
		folio_put(first);
	return !locked;
}

static void the_file_has_no_page(void)
{
	assert_int_equal(file_mapping(file)->nrpages, 0);
	assert_int_equal(shim_charged, 0);
	end();
}

static void no_page_comes_behind_the_end(void **state)
{
	run(&(struct scenario){
		.before = file_with_a_hole,
		.operation = touch_first,
		.may = while_truncation_need_not_wait,
		.other = truncate_to_nothing,
		.after = the_file_has_no_page,
	});
}

/* --- a file that ends before swapoff has a copy of its page --- */

static void private_copies_out(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PAGES * PAGE_SIZE);
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	fill(mm, BASE, PAGES, FIRST);
	pages_out(mm, BASE, PAGES);
	shim_disk_mode = DISK_LAST_MINUTE;
}

static void a_page_that_nobody_wants_is_no_error_of_the_disk(void **state)
{
	run(&(struct scenario){
		.before = private_copies_out,
		.operation = swap_goes,
		.may = without_spinlocks,
		.other = truncate_to_nothing,
		.after = end,
	});
}

/* --- a page that moves, and goes meanwhile --- */

static bool with_no_lock_but_mmap_lock(const struct task_struct *standing)
{
	return standing->nr_held <= 1 && without_spinlocks(standing);
}

/* Nobody may know the frame any more, wherever the page was. */
static void punch_for_all(void)
{
	u64 value = LATER;

	punch();
	ASSERT(!mmu_try_write(1, mm, BASE, &value, 8));
}

static void zero_has_moved(void)
{
	assert_int_equal(read64(1, mm, BASE + PUD_SIZE), 0);
	end();
}

static void mapped_file_with_a_table(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PMD_SIZE);
	map_file(mm, file, BASE, PMD_SIZE, RW, MAP_SHARED, 0);
	write64(1, mm, BASE, FIRST);
}

static void move_with_the_table(void)
{
	ASSERT(do_mremap(mm, BASE, PMD_SIZE, PMD_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 BASE + PUD_SIZE) == BASE + PUD_SIZE);
}

static void a_page_that_moves_can_be_punched_out(void **state)
{
	for (unsigned int i = 0; i < 2; i++)
		run(&(struct scenario){
			.before = i ? mapped_file_with_a_table : mapped_file,
			.operation = i ? move_with_the_table : move,
			.may = with_no_lock_but_mmap_lock,
			.other = punch_for_all,
			.after = zero_has_moved,
		});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTERLEAVED(a_file_may_go_while_its_pages_come_back),
		INTERLEAVED(swapoff_may_find_a_file_that_goes),
		INTERLEAVED(a_page_without_a_slot_is_flushed_before_it_is_unlocked),
		INTERLEAVED(a_page_that_stays_in_one_is_flushed_before_it_is_unlocked),
		INTERLEAVED(pages_of_a_file_may_leave_at_any_time),
		INTERLEAVED(a_page_that_comes_into_a_hole_is_one_of_the_file),
		INTERLEAVED(a_hole_is_one_for_stale_translations_too),
		INTERLEAVED(no_copy_stays_behind_the_end_of_a_file),
		INTERLEAVED(no_page_comes_behind_the_end),
		INTERLEAVED(a_page_that_nobody_wants_is_no_error_of_the_disk),
		INTERLEAVED(a_page_that_moves_can_be_punched_out),
	};

	return RUN_MM_TESTS(tests);
}
