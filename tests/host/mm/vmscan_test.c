/* vmscan_test.c - memory a quarter of what is used: who leaves, who stays, and that whoever needs a
 * frame gets one, with and without kswapd. The machine has 4.5 MiB. */
#include "swap_test.h"

#include <lib/list.h>
#include <mm/verify.h>

#define MANY 4096 /* pages: four times what there is */

static struct mm_struct *mm;

static void prepare(unsigned int pages)
{
	shim_swap(0, 3 * MANY, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, pages * PAGE_SIZE, RW);
}

static u64 value_of(unsigned int page, unsigned int round)
{
	return (u64)round << 32 | (page + 1);
}

static void write_all(struct mm_struct *space, unsigned int pages, unsigned int round)
{
	for (unsigned int i = 0; i < pages; i++)
		write64(i % 3, space, BASE + i * PAGE_SIZE + i % 512 * 8, value_of(i, round));
}

static void verify_all(struct mm_struct *space, unsigned int pages, unsigned int round)
{
	for (unsigned int i = 0; i < pages; i++)
		if (read64(i % 2, space, BASE + i * PAGE_SIZE + i % 512 * 8) != value_of(i, round))
			panic("page %u is wrong in round %u", i, round);
}

/* --- more than there is --- */

static void four_times_memory_is_written_and_read_again(void **state)
{
	const enum disk_mode modes[] = { DISK_AT_ONCE, DISK_SLOWLY, DISK_LAST_MINUTE };

	prepare(MANY);
	for (unsigned int round = 0; round < ARRAY_SIZE(modes); round++) {
		shim_disk_mode = modes[round];
		write_all(mm, MANY, round);
		check_all();
		verify_all(mm, MANY, round);
	}
	check_all();
	assert_true(vm_event_sum(PSWPOUT) > MANY && vm_event_sum(PSWPIN) > MANY / 2);
	shim_mm_exit(mm);
}

static void kswapd_keeps_enough_free(void **state)
{
	unsigned long stalls = vm_event_sum(ALLOCSTALL), direct = vm_event_sum(PGSCAN_DIRECT);

	prepare(MANY);
	kswapd_start();
	shim_disk_mode = DISK_SLOWLY;
	write_all(mm, MANY / 4, 1);
	for (unsigned int i = 0; i < 1000 && nr_free_pages() < watermarks.low; i++)
		os_yield();
	shim_settle();
	write_all(mm, MANY, 1);
	verify_all(mm, MANY, 1);
	shim_settle();
	check_all();
	print_message("# %lu pages scanned by kswapd, %lu by others, %lu stalls\n",
		      vm_event_sum(PGSCAN_KSWAPD), vm_event_sum(PGSCAN_DIRECT) - direct,
		      vm_event_sum(ALLOCSTALL) - stalls);
	assert_true(vm_event_sum(PGSCAN_KSWAPD));
	shim_mm_exit(mm);
}

static void children_share_and_write_while_pages_leave(void **state)
{
	struct mm_struct *children[8];

	prepare(1200);
	write_all(mm, 1200, 1);
	for (unsigned int c = 0; c < 8; c++) {
		children[c] = shim_mm_fork(mm);
		for (unsigned int i = c; i < 1200; i += 5)
			write64(c % 8, children[c], BASE + i * PAGE_SIZE + i % 512 * 8,
				value_of(i, 10 + c));
	}
	check_all();
	for (unsigned int c = 0; c < 8; c++)
		for (unsigned int i = 0; i < 1200; i++)
			assert_int_equal(read64(c % 8, children[c],
						BASE + i * PAGE_SIZE + i % 512 * 8),
					 value_of(i, i >= c && (i - c) % 5 == 0 ? 10 + c : 1));
	verify_all(mm, 1200, 1);
	check_all();
	for (unsigned int c = 0; c < 8; c++)
		shim_mm_exit(children[c]);
	verify_all(mm, 1200, 1);
	shim_mm_exit(mm);
	check_all();
}

static void shared_memory_may_be_more_than_there_is(void **state)
{
	struct file *file;
	u64 value;

	prepare(1);
	file = shim_file_new(2 * MANY * PAGE_SIZE);
	map_file(mm, file, BASE, MANY / 2 * PAGE_SIZE, RW, MAP_SHARED, 0);
	write_all(mm, MANY / 2, 3);
	check_all();
	verify_all(mm, MANY / 2, 3);
	for (unsigned int i = 0; i < MANY / 2; i += 7) {
		shim_file_read(file, i * PAGE_SIZE + i % 512 * 8, &value, 8);
		assert_int_equal(value, value_of(i, 3));
		value++;
		assert_int_equal(shim_file_write(file, i * PAGE_SIZE + i % 512 * 8, &value, 8), 0);
	}
	for (unsigned int i = 0; i < MANY / 2; i += 7)
		assert_int_equal(read64(0, mm, BASE + i * PAGE_SIZE + i % 512 * 8),
				 value_of(i, 3) + 1);
	shim_file_truncate(file, 100 * PAGE_SIZE);
	check_all();
	assert_in_range(used_slots(), 0, 100);
	shim_mm_exit(mm);
	fput(file);
}

/* --- who --- */

/* Use @pages other pages once, so that so many have to leave. */
static void press(unsigned int pages)
{
	struct mm_struct *other = shim_mm_new();

	map_anon(other, BASE, pages * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < pages; i++)
		write64(4, other, BASE + i * PAGE_SIZE, i);
	shim_mm_exit(other);
}

static unsigned int nr_out(unsigned long addr, unsigned int pages)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < pages; i++)
		nr += is_out(mm, addr + i * PAGE_SIZE);
	return nr;
}

static void locked_pages_stay(void **state)
{
	prepare(300);
	assert_int_equal(do_mlock(mm, BASE, 200 * PAGE_SIZE, false), 0);
	write_all(mm, 300, 1);
	check_all();
	press(2000);
	assert_int_equal(nr_out(BASE, 200), 0);
	assert_int_equal(nr_out(BASE + 200 * PAGE_SIZE, 100), 100);
	check_all();
	do_munlock(mm, BASE, 200 * PAGE_SIZE);
	check_all();
	press(2000);
	assert_in_range(nr_out(BASE, 200), 180, 200);
	verify_all(mm, 300, 1);
	shim_mm_exit(mm);
}

/* A page that the area shares with one that is not locked: VM_LOCKED of one is enough. */
static void a_page_that_one_of_two_has_locked_stays(void **state)
{
	struct mm_struct *child;

	prepare(50);
	write_all(mm, 50, 1);
	child = shim_mm_fork(mm);
	do_mlock(child, BASE, 50 * PAGE_SIZE, true); /* on fault: what is there is locked */
	press(2000);
	for (unsigned int i = 0; i < 50; i++)
		if (is_out(child, BASE + i * PAGE_SIZE))
			panic("page %u of a locked area left", i);
	check_all();
	shim_mm_exit(child);
	press(2000);
	assert_in_range(nr_out(BASE, 50), 45, 50);
	verify_all(mm, 50, 1);
	shim_mm_exit(mm);
}

static void what_is_used_again_and_again_stays_longer(void **state)
{
	unsigned int used, unused;

	prepare(400);
	write_all(mm, 400, 1);
	for (unsigned int turn = 0; turn < 9; turn++) {
		mmu_leave(mm); /* a use is seen where no translation is */
		for (unsigned int i = 0; i < 50; i++)
			read64(0, mm, BASE + i * PAGE_SIZE);
		try_to_free_pages(GFP_KERNEL, 0);
	}
	used = nr_out(BASE, 50);
	unused = nr_out(BASE + 50 * PAGE_SIZE, 350);
	print_message("# %u of 50 used pages left, %u of 350 unused ones\n", used, unused);
	assert_in_range(unused, 200, 350);
	assert_in_range(used, 0, 5);
	verify_all(mm, 400, 1);
	shim_mm_exit(mm);
}

/* --- advice --- */

static void pageout_takes_what_is_ours_alone(void **state)
{
	struct mm_struct *child;

	prepare(64);
	write_all(mm, 64, 1);
	assert_int_equal(do_madvise(mm, BASE, 32 * PAGE_SIZE, MADV_PAGEOUT), 0);
	assert_int_equal(nr_out(BASE, 64), 32);
	check_all();
	child = shim_mm_fork(mm);
	assert_int_equal(do_madvise(mm, BASE + 32 * PAGE_SIZE, 32 * PAGE_SIZE, MADV_PAGEOUT), 0);
	assert_int_equal(nr_out(BASE, 64), 32);
	verify_all(mm, 64, 1);
	verify_all(child, 64, 1);
	check_all();
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

static void advise_while_others_reclaim(void *arg)
{
	unsigned long others = (unsigned long)arg;

	prepare(64);
	write_all(mm, 64, 1);
	while (others--)
		reclaim_begin();
	do_madvise(mm, BASE, 64 * PAGE_SIZE, MADV_PAGEOUT);
	ASSERT(nr_out(BASE, 64) == 64);
}

/* However many advise, most folios are on their lists. */
static void pageout_waits_for_its_turn(void **state)
{
	assert_true(shim_survives(advise_while_others_reclaim, (void *)7));
	assert_true(shim_panics(advise_while_others_reclaim, (void *)8,
				"every thread sleeps for good"));
}

static void cold_pages_go_before_others(void **state)
{
	prepare(600);
	write_all(mm, 600, 1);
	assert_int_equal(do_madvise(mm, BASE + 500 * PAGE_SIZE, 100 * PAGE_SIZE, MADV_COLD), 0);
	check_all();
	verify_all(mm, 600, 1);
	shim_mm_exit(mm);
}

static void free_pages_are_dropped_unless_written(void **state)
{
	unsigned int zeros = 0;
	unsigned long written;

	prepare(200);
	write_all(mm, 200, 1);
	assert_int_equal(do_madvise(mm, BASE, 100 * PAGE_SIZE, MADV_FREE), 0);
	check_all();
	verify_all(mm, 10, 1); /* as long as nobody needs them */
	for (unsigned int i = 0; i < 50; i++) /* from another processor, too */
		write64(i % 3, mm, BASE + i * PAGE_SIZE + 4088, 77);
	written = vm_event_sum(PSWPOUT);
	press(1500);
	check_all();
	for (unsigned int i = 0; i < 100; i++) {
		u64 value = read64(1, mm, BASE + i * PAGE_SIZE + i % 512 * 8);

		if (i < 50)
			assert_int_equal(read64(0, mm, BASE + i * PAGE_SIZE + 4088), 77);
		if (i < 50)
			assert_true(value == value_of(i, 1)); /* it was never dropped before */
		else if (value)
			assert_int_equal(value, value_of(i, 1));
		zeros += !value;
	}
	print_message("# %u of 50 pages were dropped, %lu pages written\n", zeros,
		      vm_event_sum(PSWPOUT) - written);
	assert_in_range(zeros, 40, 50);
	for (unsigned int i = 100; i < 200; i++)
		assert_int_equal(read64(1, mm, BASE + i * PAGE_SIZE + i % 512 * 8), value_of(i, 1));
	check_all();
	shim_mm_exit(mm);
}

/* What the folio knew of it is forgotten, too. */
static void a_free_page_that_was_written_from_outside_is_dropped(void **state)
{
	struct folio *folio;
	u64 value = 5;

	prepare(1);
	assert_int_equal(access_remote_vm(mm, BASE, &value, 8, FOLL_WRITE), 8);
	folio = page_folio(page_at(mm, BASE));
	assert_true(folio_flag(folio, PG_dirty));
	assert_int_equal(do_madvise(mm, BASE, PAGE_SIZE, MADV_FREE), 0);
	folio_get(folio);
	reclaim(folio);
	assert_int_equal(read64(1, mm, BASE), 0);
	shim_mm_exit(mm);
}

/* Somebody has a reference and may be about to write. */
static void a_free_page_that_is_in_use_is_not_dropped(void **state)
{
	struct folio *folio;

	prepare(2);
	write_all(mm, 2, 1);
	folio = page_folio(page_at(mm, BASE));
	assert_int_equal(do_madvise(mm, BASE, 2 * PAGE_SIZE, MADV_FREE), 0);
	folio_get(folio);
	folio_get(folio);
	reclaim(folio);
	assert_true(folio_flag(folio, PG_swapbacked));	/* and from now on it needs a slot */
	folio_put(folio);
	verify_all(mm, 1, 1);
	check_all();
	assert_true(page_out(mm, BASE));
	verify_all(mm, 1, 1);
	shim_mm_exit(mm);
}

static void free_of_what_is_out_gives_its_slots_back(void **state)
{
	prepare(64);
	write_all(mm, 64, 1);
	pages_out(mm, BASE, 32);
	for (unsigned int i = 0; i < 8; i++) /* in the cache and mapped */
		read64(0, mm, BASE + i * PAGE_SIZE);
	assert_int_equal(do_madvise(mm, BASE, 64 * PAGE_SIZE, MADV_FREE), 0);
	check_all();
	assert_int_equal(used_slots(), 0);
	assert_int_equal(read64(0, mm, BASE + 20 * PAGE_SIZE + 160), 0);
	shim_mm_exit(mm);
}

/* Back in memory, with its slot kept, and nobody else has either: a write needs no copy. */
static void the_last_owner_of_a_page_keeps_it(void **state)
{
	struct mm_struct *child;
	struct page *page;

	prepare(1);
	write_all(mm, 1, 1);
	child = shim_mm_fork(mm);
	pages_out(mm, BASE, 1);
	verify_all(mm, 1, 1);
	verify_all(child, 1, 1);
	shim_mm_exit(child);
	page = page_at(mm, BASE);
	assert_true(page_flag(page, PG_swapcache));
	write_all(mm, 1, 2);
	assert_ptr_equal(page_at(mm, BASE), page);
	shim_mm_exit(mm);
}

/* --- errors, and no room --- */

static unsigned int nr_copies(unsigned int pages)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < pages; i++)
		nr += in_cache(entry_at(mm, BASE + i * PAGE_SIZE));
	return nr;
}

static void a_write_error_keeps_the_page(void **state)
{
	struct block_device *bdev;

	prepare(600);
	bdev = blk_nth(0);
	shim_quiet = true;
	shim_disk_fail(bdev, BIO_WRITE, 0, 3 * MANY);
	write_all(mm, 600, 1);
	do_madvise(mm, BASE, 600 * PAGE_SIZE, MADV_PAGEOUT);
	check_all();
	assert_int_equal(nr_out(BASE, 600), 600);
	assert_int_equal(nr_copies(600), 600);
	assert_true(shim_disk_stats(bdev)->errors[BIO_WRITE]);
	verify_all(mm, 600, 1); /* all of it from the cache */
	assert_int_equal(shim_disk_stats(bdev)->pages[BIO_READ], 0);
	check_all();
	shim_mm_exit(mm);
}

static void a_write_error_keeps_no_other_page(void **state)
{
	struct block_device *bdev;

	prepare(600);
	bdev = blk_nth(0);
	shim_quiet = true;
	shim_disk_fail(bdev, BIO_WRITE, 100, 20);
	write_all(mm, 600, 1);
	do_madvise(mm, BASE, 600 * PAGE_SIZE, MADV_PAGEOUT);
	assert_true(shim_disk_stats(bdev)->longest > 1); /* requests had good and bad ones */
	assert_int_equal(nr_out(BASE, 600), 600);
	for (unsigned int i = 0; i < 600; i++) {
		struct folio *folio = swap_cache_get_folio(entry_at(mm, BASE + i * PAGE_SIZE));

		if (!folio)
			continue;
		assert_int_equal(folio_flag(folio, PG_dirty),
				 shim_slot_fails(folio_swap_entry(folio), BIO_WRITE));
		folio_put(folio);
	}
	try_to_free_pages(GFP_KERNEL, 9);
	check_all();
	assert_int_equal(nr_copies(600), 20);
	verify_all(mm, 600, 1);
	check_all();
	shim_mm_exit(mm);
}

static void a_read_error_is_a_sigbus_for_exactly_those_who_touch(void **state)
{
	struct block_device *bdev;
	struct mm_struct *child;
	unsigned long bad;
	u64 value;

	prepare(32);
	bdev = blk_nth(0);
	write_all(mm, 32, 1);
	child = shim_mm_fork(mm);
	for (unsigned int i = 0; i < 32; i++)
		page_out(mm, BASE + i * PAGE_SIZE);
	bad = swp_offset(entry_at(mm, BASE + 9 * PAGE_SIZE));
	shim_disk_fail(bdev, BIO_READ, bad, 1);
	for (unsigned int turn = 0; turn < 2; turn++)
		for (unsigned int i = 0; i < 32; i++) {
			struct mm_struct *space = turn ? child : mm;
			vm_fault_t fault = mmu_read(turn, space, BASE + i * PAGE_SIZE + i % 512 * 8,
						    &value, 8);

			assert_int_equal(fault, i == 9 ? VM_FAULT_SIGBUS : 0);
			if (!fault)
				assert_int_equal(value, value_of(i, 1));
		}
	check_all();
	value = 1;
	assert_int_equal(mmu_write(0, mm, BASE + 9 * PAGE_SIZE, &value, 8), VM_FAULT_SIGBUS);
	assert_int_equal(access_remote_vm(mm, BASE + 9 * PAGE_SIZE, &value, 8, 0), 0);
	/* Whoever does not touch it lives: fork, move, protect, unmap. */
	write_all(child, 9, 5);
	do_mprotect(child, BASE, 32 * PAGE_SIZE, PROT_READ);
	shim_mm_exit(child);
	check_all();
	shim_disk_fail(bdev, BIO_READ, 0, 0); /* the disk has thought better of it */
	verify_all(mm, 32, 1);
	check_all();
	shim_mm_exit(mm);
}

static void a_read_error_in_shared_memory_is_eio_for_read(void **state)
{
	struct block_device *bdev;
	struct file *file;
	u64 value = 5;

	prepare(1);
	bdev = blk_nth(0);
	file = shim_file_new(4 * PAGE_SIZE);
	map_file(mm, file, BASE, 4 * PAGE_SIZE, RW, MAP_SHARED, 0);
	write_all(mm, 4, 1);
	for (unsigned int i = 0; i < 4; i++)
		reclaim(filemap_get_folio(file_mapping(file), i));
	for (unsigned int i = 0; i < 4; i++) { /* written now: out of the cache as well */
		swp_entry_t entry = radix_to_swp_entry(filemap_get_entry(file_mapping(file), i));
		struct folio *folio = swap_cache_get_folio(entry);

		if (folio)
			reclaim(folio);
		if (i == 2)
			shim_disk_fail(bdev, BIO_READ, swp_offset(entry), 1);
	}
	assert_int_equal(mmu_read(0, mm, BASE + 2 * PAGE_SIZE, &value, 8), VM_FAULT_SIGBUS);
	assert_int_equal(shim_file_read(file, 2 * PAGE_SIZE, &value, 8), -EIO);
	assert_int_equal(shim_file_write(file, 2 * PAGE_SIZE, &value, 8), -EIO);
	assert_int_equal(shim_file_truncate(file, 2 * PAGE_SIZE + 8), -EIO);
	check_all();
	verify_all(mm, 2, 1);
	assert_int_equal(read64(0, mm, BASE + 3 * PAGE_SIZE + 24), value_of(3, 1));
	assert_int_equal(shim_file_truncate(file, 2 * PAGE_SIZE),
			 0); /* it need not be read for that */
	check_all();
	shim_mm_exit(mm);
	fput(file);
}

static void use_more_than_memory_and_swap(void *arg)
{
	shim_swap(0, 300, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, 1000 * PAGE_SIZE, RW);
	map_anon(mm, BASE + 1000 * PAGE_SIZE, 1000 * PAGE_SIZE, RW);
	write_all(mm, 2000, 1);
}

static void full_swap_ends_in_the_oom_killer(void **state)
{
	assert_true(shim_panics(use_more_than_memory_and_swap, NULL, "no killable processes"));
}

/* Reclaim that finds no frame for itself needs none. */
static void reclaim_allocates_nothing(void **state)
{
	prepare(300);
	write_all(mm, 300, 1);
	fail_nth(1, true);
	assert_true(try_to_free_pages(GFP_KERNEL, 6) > 0);
	shim_settle();
	try_to_free_pages(GFP_KERNEL, 6);
	assert_false(fail_stop());
	check_all();
	verify_all(mm, 300, 1);
	shim_mm_exit(mm);
}

static void the_kernels_verifier_sees_damage_to_swap(void **state)
{
	static struct verify_report report;
	unsigned int seen = 0;
	struct file *file;
	const char *kind;

	prepare(16);
	file = shim_file_new(4 * PAGE_SIZE);
	map_file(mm, file, BASE + PUD_SIZE, 4 * PAGE_SIZE, RW, MAP_SHARED, 0);
	write_all(mm, 16, 1);
	fill(mm, BASE + PUD_SIZE, 4, 1);
	pages_out(mm, BASE, 8);
	read64(0, mm, BASE); /* in the cache and mapped */
	for (unsigned int i = 0; i < 2; i++)
		reclaim(filemap_get_folio(file_mapping(file), i));
	check_all();
	for (unsigned int i = 0; (kind = verify_plant_name(i)); i++) {
		int err = verify_planted(kind, &report);

		if (!strncmp(kind, "s", 1) && err)
			print_message("# %s: %d\n", kind, err);
		if (!err && !report.differences)
			fail_msg("%s is not seen", kind);
		seen += !err;
		check_all();
	}
	assert_in_range(seen, 20, 1000);
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(four_times_memory_is_written_and_read_again),
		MM_TEST(children_share_and_write_while_pages_leave),
		MM_TEST(shared_memory_may_be_more_than_there_is),
		MM_TEST(locked_pages_stay),
		MM_TEST(a_page_that_one_of_two_has_locked_stays),
		MM_TEST(what_is_used_again_and_again_stays_longer),
		MM_TEST(pageout_takes_what_is_ours_alone),
		MM_TEST(pageout_waits_for_its_turn),
		MM_TEST(cold_pages_go_before_others),
		MM_TEST(free_pages_are_dropped_unless_written),
		MM_TEST(a_free_page_that_was_written_from_outside_is_dropped),
		MM_TEST(a_free_page_that_is_in_use_is_not_dropped),
		MM_TEST(free_of_what_is_out_gives_its_slots_back),
		MM_TEST(the_last_owner_of_a_page_keeps_it),
		MM_TEST(a_write_error_keeps_the_page),
		MM_TEST(a_write_error_keeps_no_other_page),
		MM_TEST(a_read_error_is_a_sigbus_for_exactly_those_who_touch),
		MM_TEST(a_read_error_in_shared_memory_is_eio_for_read),
		MM_TEST(full_swap_ends_in_the_oom_killer),
		MM_TEST(reclaim_allocates_nothing),
		MM_TEST(the_kernels_verifier_sees_damage_to_swap),
		MM_TEST(kswapd_keeps_enough_free),
	};

	return RUN_SMALL_MM_TESTS(tests);
}
