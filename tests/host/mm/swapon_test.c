/* swapon_test.c - areas come and go: what is accepted as one, whatever mkswap or a damaged disk has
 * written there, and what swapoff leaves. */
#include "swap_test.h"

#include "../../../kernel/mm/swap_internal.h"

#define AREA_PAGES   300
#define VERSION_AT   1024 /* in the header: u32 each */
#define LAST_PAGE_AT 1028
#define NR_BAD_AT    1032
#define BAD_AT	     1536
#define MAX_BAD	     ((4096 - BAD_AT - 10) / 4)

static struct block_device *disk(void)
{
	struct block_device *bdev = shim_disk(0, AREA_PAGES);

	shim_mkswap(bdev, AREA_PAGES, NULL, 0);
	return bdev;
}

static int try(struct block_device *bdev)
{
	shim_quiet = true;
	return swap_on(bdev, "/dev/vda", 0);
}

static int try_with(unsigned int at, u32 value)
{
	struct block_device *bdev = disk();

	memcpy((u8 *)shim_disk_page(bdev, 0) + at, &value, sizeof(value));
	return try(bdev);
}

static void an_area_says_what_it_is(void **state)
{
	struct block_device *bdev = disk();
	struct swap_stats stats;

	assert_false(swap_stats(0, &stats));
	assert_int_equal(swap_on(bdev, "/dev/vda", 0x8000 | 7), 0);
	assert_true(swap_stats(0, &stats));
	assert_string_equal(stats.path, "/dev/vda");
	assert_int_equal(stats.pages, AREA_PAGES - 1);
	assert_int_equal(stats.used, 0);
	assert_int_equal(stats.prio, 7);
	assert_false(swap_stats(1, &stats));
	assert_int_equal(swap_off(bdev), 0);
	assert_false(swap_stats(0, &stats));
	assert_int_equal(nr_swap_slots(), 0);
}

static void areas_without_a_priority_get_falling_ones(void **state)
{
	struct swap_stats first, second, third;

	shim_swap(0, AREA_PAGES, -1);
	shim_swap(1, AREA_PAGES, 3);
	shim_swap(2, AREA_PAGES, -1);
	assert_true(swap_stats(0, &first) && swap_stats(1, &second) && swap_stats(2, &third));
	assert_true(first.prio < 0 && third.prio < first.prio);
	assert_int_equal(second.prio, 3);
}

static void an_area_is_taken_once(void **state)
{
	struct block_device *bdev = disk();

	assert_int_equal(try(bdev), 0);
	assert_int_equal(try(bdev), -EBUSY);
	assert_int_equal(swap_off(bdev), 0);
	assert_int_equal(swap_off(bdev), -EINVAL);
	assert_int_equal(try(bdev), 0);
}

static void a_damaged_header_is_refused(void **state)
{
	assert_int_equal(try_with(VERSION_AT, 0), -EINVAL);
	assert_int_equal(try_with(VERSION_AT, 2), -EINVAL);
	assert_int_equal(try_with(VERSION_AT, 0x01000000), -EINVAL); /* the other byte order */
	assert_int_equal(try_with(LAST_PAGE_AT, 0), -EINVAL);
	assert_int_equal(try_with(NR_BAD_AT, MAX_BAD + 1), -EINVAL);
	assert_int_equal(try_with(NR_BAD_AT, ~0u), -EINVAL);
	assert_int_equal(try_with(NR_BAD_AT, 1), -EINVAL); /* slot 0 is bad? */
	assert_int_equal(try_with(4096 - 10, 0x50415754), -EINVAL); /* TWAPSPACE2 */
	assert_int_equal(try_with(4096 - 4, 0), -EINVAL);
	assert_int_equal(nr_swap_slots(), 0);
}

static void an_area_that_ends_behind_the_disk_or_has_only_bad_slots_is_refused(void **state)
{
	struct block_device *bdev;
	const u32 bad[] = { 1, 2, 3, 4 };

	assert_int_not_equal(try_with(LAST_PAGE_AT, AREA_PAGES), 0);
	assert_int_not_equal(try_with(LAST_PAGE_AT, ~0u), 0);
	assert_int_equal(try_with(LAST_PAGE_AT, AREA_PAGES - 1), 0);
	shim_swapoff_all();
	assert_int_equal(try_with(LAST_PAGE_AT, 1), 0); /* less than there is: one slot */
	assert_int_equal(nr_swap_slots(), 1);
	shim_swapoff_all();
	bdev = disk();
	shim_mkswap(bdev, 5, bad, 4);
	assert_int_equal(try(bdev), -EINVAL);
	shim_mkswap(bdev, 5, bad, 3);
	assert_int_equal(try(bdev), 0);
	assert_int_equal(nr_swap_slots(), 1);
}

static void a_bad_slot_that_is_none_is_refused(void **state)
{
	struct block_device *bdev = disk();
	const u32 behind = AREA_PAGES, header = 0, huge = ~0u;

	shim_mkswap(bdev, AREA_PAGES, &behind, 1);
	assert_int_equal(try(bdev), -EINVAL);
	shim_mkswap(bdev, AREA_PAGES, &header, 1);
	assert_int_equal(try(bdev), -EINVAL);
	shim_mkswap(bdev, AREA_PAGES, &huge, 1);
	assert_int_equal(try(bdev), -EINVAL);
}

static void a_disk_that_is_too_small_read_only_or_broken_is_refused(void **state)
{
	struct block_device *bdev = shim_disk(0, 1);

	shim_mkswap(bdev, 1, NULL, 0);
	assert_int_equal(try(bdev), -EINVAL);
	bdev = disk();
	bdev->read_only = true;
	assert_int_equal(try(bdev), -EROFS);
	bdev = disk();
	shim_disk_fail(bdev, BIO_READ, 0, 1);
	assert_int_equal(try(bdev), -EIO);
	bdev = disk();
	assert_int_equal(try(bdev), 0);
}

/* Nothing that a header says may lead anywhere but to a refusal, or to an area of that disk. */
static void a_header_of_random_bytes_does_no_harm(void **state)
{
	unsigned int accepted = 0;

	for (unsigned int n = 0; n < 3000; n++) {
		struct block_device *bdev = disk();
		u8 *page = shim_disk_page(bdev, 0);

		for (unsigned int i = 1 + random_below(4); i; i--) {
			static const u16 fields[] = { VERSION_AT, LAST_PAGE_AT, NR_BAD_AT, BAD_AT };
			unsigned int at = fields[random_below(4)] + random_below(12);

			page[at] = random_below(2) ? random_below(256) : random_below(3);
		}
		if (try(bdev))
			continue;
		accepted++;
		assert_in_range(nr_swap_slots(), 1, AREA_PAGES - 1);
		assert_int_equal(nr_free_swap_slots(), nr_swap_slots());
		assert_int_equal(swap_off(bdev), 0);
	}
	assert_in_range(accepted, 1, 2999);
}

static void swapon_without_memory_changes_nothing(void **state)
{
	struct block_device *bdev = disk();
	unsigned int nth = 1;
	int err;

	do {
		fail_nth(nth++, false);
		err = try(bdev);
		if (fail_stop())
			assert_int_equal(err, -ENOMEM);
		else
			assert_int_equal(err, 0);
		assert_int_equal(nr_swap_slots(), err ? 0 : AREA_PAGES - 1);
	} while (err);
	assert_in_range(nth, 2, 20);
}

static void there_are_so_many_areas_and_no_more(void **state)
{
	struct block_device *bdev = disk();

	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		swap_info[type].flags = SWP_USED;
	assert_int_equal(try(bdev), -EPERM);
	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		swap_info[type].flags = 0;
	assert_int_equal(try(bdev), 0);
}

static void a_disk_without_a_whole_page_is_refused(void **state)
{
	struct block_device *bdev = disk();

	bdev->nr_sectors = PAGE_SECTORS - 1;
	assert_int_equal(try(bdev), -EINVAL);
}

/* --- swapoff --- */

static void swapoff_brings_everything_back(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct file *file = shim_file_new(8 * PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new(), *child;

	map_anon(mm, BASE, 64 * PAGE_SIZE, RW);
	map_file(mm, file, BASE + PUD_SIZE, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, BASE, 64, 100);
	fill(mm, BASE + PUD_SIZE, 8, 700);
	child = shim_mm_fork(mm);
	write64(1, child, BASE, 5);
	for (unsigned int i = 0; i < 64; i++)
		page_out(mm, BASE + i * PAGE_SIZE);
	page_out(child, BASE);
	for (unsigned int i = 0; i < 8; i++)
		page_out(mm, BASE + PUD_SIZE + i * PAGE_SIZE);
	assert_int_equal(used_slots(), 64 + 1 + 8);
	check_all();
	assert_int_equal(swap_off(bdev), 0);
	assert_int_equal(atomic_read(&mm->swapents) + atomic_read(&child->swapents), 0);
	check_all();
	expect(0, mm, BASE, 64, 100);
	expect(1, child, BASE + PAGE_SIZE, 63, 101);
	assert_int_equal(read64(1, child, BASE), 5);
	expect(1, child, BASE + PUD_SIZE, 8, 700);
	shim_mm_exit(child);
	shim_mm_exit(mm);
	fput(file);
}

static void swapoff_that_cannot_read_leaves_all_as_it_was(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct mm_struct *mm = shim_mm_new();
	u64 value;

	map_anon(mm, BASE, 64 * PAGE_SIZE, RW);
	fill(mm, BASE, 64, 100);
	pages_out(mm, BASE, 64);
	shim_disk_fail(bdev, BIO_READ, swp_offset(entry_at(mm, BASE + 10 * PAGE_SIZE)), 1);
	assert_int_equal(swap_off(bdev), -EIO);
	check_all();
	assert_int_equal(nr_swap_slots(), SWAP_PAGES - 1);
	for (unsigned int i = 0; i < 64; i++)
		if (i == 10)
			assert_int_equal(mmu_read(0, mm, BASE + i * PAGE_SIZE, &value, 8),
					 VM_FAULT_SIGBUS);
		else
			assert_int_equal(read64(0, mm, BASE + i * PAGE_SIZE), 100 + i);
	shim_disk_fail(bdev, BIO_READ, 0, 0);
	expect(0, mm, BASE, 64, 100);
	assert_int_equal(swap_off(bdev), 0);
	expect(0, mm, BASE, 64, 100);
	shim_mm_exit(mm);
}

static void swapoff_without_memory_leaves_all_as_it_was(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct mm_struct *mm = shim_mm_new();
	unsigned int nth = 1;
	int err = -1;

	map_anon(mm, BASE, 16 * PAGE_SIZE, RW);
	fill(mm, BASE, 16, 100);
	while (err) {
		for (unsigned int i = 0; i < 16; i++)
			page_out(mm, BASE + i * PAGE_SIZE);
		fail_nth(nth, true);
		err = swap_off(bdev);
		if (fail_stop())
			assert_true(!err || err == -ENOMEM);
		else
			assert_int_equal(err, 0);
		check_all();
		nth += 3;
	}
	assert_in_range(nth, 4, 200);
	expect(0, mm, BASE, 16, 100);
	shim_mm_exit(mm);
}

static void swapoff_stops_for_a_signal(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 16 * PAGE_SIZE, RW);
	fill(mm, BASE, 16, 100);
	pages_out(mm, BASE, 16);
	current->sigpending = true;
	assert_int_equal(swap_off(bdev), -EINTR);
	current->sigpending = false;
	check_all();
	assert_int_equal(nr_swap_slots(), SWAP_PAGES - 1);
	expect(0, mm, BASE, 16, 100);
	shim_mm_exit(mm);
}

/* As while swapoff is at work elsewhere. */
static void begin_swapoff(void)
{
	swap_area_set_writeok(&swap_info[0], false);
}

/* Back from an area, and only read: the slot is kept, in case that the page leaves again. */
static struct mm_struct *pages_that_kept_their_slots(unsigned int nr)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, nr * PAGE_SIZE, RW);
	fill(mm, BASE, nr, 100);
	pages_out(mm, BASE, nr);
	expect(0, mm, BASE, nr, 100);
	return mm;
}

static void pages_with_a_slot_of_a_leaving_area_go_to_another_one(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, 2);
	struct mm_struct *mm;

	shim_swap(1, SWAP_PAGES, 1);
	mm = pages_that_kept_their_slots(16);
	assert_int_equal(used_slots(), 16);
	begin_swapoff();
	pages_out(mm, BASE, 16);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(swp_type(entry_at(mm, BASE + i * PAGE_SIZE)), 1);
	swap_area_set_writeok(&swap_info[0], true);
	assert_int_equal(swap_off(bdev), 0);
	expect(0, mm, BASE, 16, 100);
	shim_mm_exit(mm);
}

/* Pages that a child has still to get back stay where swapoff has brought them, unless somebody
 * would be killed for them. */
static void swapoff_makes_nobody_a_victim(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct mm_struct *mm = shim_mm_new(), *child;

	map_anon(mm, BASE, 16 * PAGE_SIZE, RW);
	fill(mm, BASE, 16, 100);
	child = shim_mm_fork(mm);
	pages_out(mm, BASE, 16);
	expect(0, mm, BASE, 16, 100);
	begin_swapoff();
	for (unsigned int i = 0; i < 16; i++)
		assert_false(page_out(mm, BASE + i * PAGE_SIZE));
	assert_int_equal(try_to_free_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL, 0), 0);
	assert_int_equal(try_to_free_pages(GFP_KERNEL, 0), 16);
	swap_area_set_writeok(&swap_info[0], true);
	check_all();
	assert_int_equal(swap_off(bdev), 0);
	expect(0, mm, BASE, 16, 100);
	expect(1, child, BASE, 16, 100);
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

static swp_entry_t last_entry;
static unsigned int sleeps, looks;

static void give_it_up_at_last(void)
{
	looks = 0;
	if (++sleeps == 20)
		free_swap_and_cache(last_entry);
}

static void not_all_the_time(void)
{
	if (++looks > 100)
		panic("swapoff spins");
}

/* No mm and no file has its entry: it is that of a process which is about to exit. */
static void swapoff_sleeps_until_the_last_slot_is_given_up(void **state)
{
	struct block_device *bdev = shim_swap(0, SWAP_PAGES, -1);
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	fill(mm, BASE, 1, 100);
	folio_get(page_folio(page_at(mm, BASE)));
	reclaim(page_folio(page_at(mm, BASE)));
	last_entry = entry_at(mm, BASE);
	assert_true(in_cache(last_entry));
	swap_add_entries(last_entry, 1);
	shim_mm_exit(mm);
	shim_on_sleep = give_it_up_at_last;
	shim_on_resched = not_all_the_time;
	assert_int_equal(swap_off(bdev), 0);
	shim_on_sleep = shim_on_resched = NULL;
	assert_int_equal(sleeps, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(an_area_says_what_it_is),
		MM_TEST(areas_without_a_priority_get_falling_ones),
		MM_TEST(an_area_is_taken_once),
		MM_TEST(a_damaged_header_is_refused),
		MM_TEST(an_area_that_ends_behind_the_disk_or_has_only_bad_slots_is_refused),
		MM_TEST(a_bad_slot_that_is_none_is_refused),
		MM_TEST(a_disk_that_is_too_small_read_only_or_broken_is_refused),
		MM_TEST(a_header_of_random_bytes_does_no_harm),
		MM_TEST(swapon_without_memory_changes_nothing),
		MM_TEST(there_are_so_many_areas_and_no_more),
		MM_TEST(a_disk_without_a_whole_page_is_refused),
		MM_TEST(swapoff_brings_everything_back),
		MM_TEST(swapoff_that_cannot_read_leaves_all_as_it_was),
		MM_TEST(swapoff_without_memory_leaves_all_as_it_was),
		MM_TEST(swapoff_stops_for_a_signal),
		MM_TEST(pages_with_a_slot_of_a_leaving_area_go_to_another_one),
		MM_TEST(swapoff_makes_nobody_a_victim),
		MM_TEST(swapoff_sleeps_until_the_last_slot_is_given_up),
	};

	return RUN_MM_TESTS(tests);
}
