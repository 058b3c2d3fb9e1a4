/* swapfile_test.c - slots: which is taken, how many entries name it, which folio is its copy. */
#include "swap_test.h"

#define CLUSTER 256 /* slots that a processor fills on its own */
#define PREFER	0x8000

/* As reclaim has one: locked, uptodate, with our reference. */
static struct folio *new_folio(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	page_init_flags(page, BIT(PG_locked) | BIT(PG_uptodate) | BIT(PG_swapbacked));
	return page_folio(page);
}

static void drop_folio(struct folio *folio)
{
	assert_int_equal(folio_ref_count(folio), 1);
	page_init_flags(folio_page(folio), 0);
	put_page(folio_page(folio));
}

/* A slot with @entries entries whose copy has gone, as after writing; val 0: none is free. */
static swp_entry_t take_slot(unsigned int entries)
{
	struct folio *folio = new_folio();
	swp_entry_t entry = {};

	if (folio_alloc_swap(folio, entries)) {
		entry = folio_swap_entry(folio);
		assert_true(folio_flag(folio, PG_swapcache) && folio_flag(folio, PG_dirty));
		page_clear_flag(folio_page(folio), PG_dirty);
		if (swap_cache_reclaim(folio)) { /* both references have gone */
			atomic_set(&folio->page._refcount, 1);
		}
	}
	drop_folio(folio);
	return entry;
}

static unsigned int nr_seen;
static swp_entry_t seen[8];

static void remember_slot(swp_entry_t entry, unsigned int count, unsigned long pfn)
{
	if (nr_seen < ARRAY_SIZE(seen))
		seen[nr_seen] = entry;
	nr_seen++;
}

static unsigned int slots_in_use(void)
{
	nr_seen = 0;
	walk_swap_slots(remember_slot);
	assert_int_equal(nr_seen, used_slots());
	return nr_seen;
}

/* --- which one --- */

static void what_leaves_in_a_row_lies_in_a_row(void **state)
{
	swp_entry_t first, entry;

	shim_swap(0, SWAP_PAGES, -1);
	first = take_slot(1);
	for (unsigned int i = 1; i < CLUSTER; i++) {
		entry = take_slot(1);
		assert_int_equal(entry.val, first.val + i - !(swp_offset(first) + i < CLUSTER));
		if (swp_offset(entry) % CLUSTER == CLUSTER - 1)
			break;
	}
	assert_int_not_equal(swp_offset(first), 0);
	while (slots_in_use())
		for (unsigned int i = 0; i < min(nr_seen, 8u); i++)
			swap_free(seen[i]);
}

static void processors_fill_clusters_of_their_own(void **state)
{
	swp_entry_t mine[3][20];

	shim_swap(0, 4 * CLUSTER, -1);
	for (unsigned int i = 0; i < 20; i++)
		for (unsigned int cpu = 0; cpu < 3; cpu++) {
			shim_set_cpu(cpu);
			mine[cpu][i] = take_slot(1);
			assert_int_equal(mine[cpu][i].val, mine[cpu][0].val + i);
		}
	shim_set_cpu(0);
	for (unsigned int i = 0; i < 20; i++)
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			swap_free(mine[cpu][i]);
	assert_int_equal(slots_in_use(), 0);
}

/* Take all slots that there are; each once, none twice. */
static unsigned int take_all(swp_entry_t *entries, unsigned int room)
{
	unsigned int nr = 0;

	while (nr <= room) {
		swp_entry_t entry = take_slot(1);

		if (!entry.val)
			return nr;
		assert_true(nr < room && swp_offset(entry));
		entries[nr++] = entry;
	}
	fail_msg("there are more slots than there are");
	return 0;
}

static void free_all(const swp_entry_t *entries, unsigned int nr)
{
	while (nr--)
		swap_free(entries[nr]);
}

static void each_slot_is_given_out_once_and_then_none(void **state)
{
	static swp_entry_t entries[700];
	static bool taken[700];

	shim_swap(0, 601, -1);
	assert_int_equal(nr_swap_slots(), 600);
	assert_int_equal(take_all(entries, 700), 600);
	assert_int_equal(nr_free_swap_slots(), 0);
	assert_int_equal(slots_in_use(), 600);
	memset(taken, 0, sizeof(taken));
	for (unsigned int i = 0; i < 600; i++) {
		assert_false(taken[swp_offset(entries[i])]);
		taken[swp_offset(entries[i])] = true;
	}
	/* One comes back, anywhere, and goes out again. */
	for (unsigned int i = 7; i < 600; i += 97) {
		shim_set_cpu(i % 3);
		swap_free(entries[i]);
		assert_int_equal(nr_free_swap_slots(), 1);
		assert_int_equal(take_slot(1).val, entries[i].val);
		assert_int_equal(take_slot(1).val, 0);
	}
	shim_set_cpu(0);
	free_all(entries, 600);
	assert_int_equal(nr_free_swap_slots(), 600);
}

static void bad_slots_are_not_given_out(void **state)
{
	const u32 bad[] = { 1, 5, 5, 299, 256, 255 };
	struct block_device *bdev = shim_disk(0, 300);
	static swp_entry_t entries[300];

	shim_mkswap(bdev, 300, bad, ARRAY_SIZE(bad));
	assert_int_equal(swap_on(bdev, "vda", 0), 0);
	assert_int_equal(nr_swap_slots(), 299 - 5);
	assert_int_equal(take_all(entries, 300), 299 - 5);
	for (unsigned int i = 0; i < 299 - 5; i++)
		for (unsigned int b = 0; b < ARRAY_SIZE(bad); b++)
			assert_int_not_equal(swp_offset(entries[i]), bad[b]);
	for (unsigned int b = 0; b < ARRAY_SIZE(bad); b++)
		assert_false(swap_cache_get_folio(swp_entry(swp_type(entries[0]), bad[b])));
	free_all(entries, 299 - 5);
}

static void a_preferred_area_is_filled_first_and_equals_take_turns(void **state)
{
	static swp_entry_t entries[300];
	unsigned int type, other = 0, nr;

	shim_swap(0, 61, -1);
	shim_swap(1, 101, 5);
	shim_swap(2, 101, 5);
	for (nr = 0; nr < 200; nr++)
		entries[nr] = take_slot(1);
	type = swp_type(entries[0]);
	for (unsigned int i = 0; i < 200; i++)
		other += swp_type(entries[i]) != type;
	assert_int_equal(other, 100);
	for (; nr < 260; nr++) {
		entries[nr] = take_slot(1);
		assert_int_not_equal(swp_type(entries[nr]), type);
		assert_int_not_equal(swp_type(entries[nr]), swp_type(entries[199]));
	}
	assert_int_equal(take_slot(1).val, 0);
	free_all(entries, nr);
}

static void equal_areas_are_both_used_before_one_is_full(void **state)
{
	static swp_entry_t entries[1200];
	unsigned int used[MAX_SWAPFILES] = {};

	shim_swap(0, 4 * CLUSTER, 1);
	shim_swap(1, 4 * CLUSTER, 1);
	for (unsigned int i = 0; i < 1000; i++) {
		entries[i] = take_slot(1);
		used[swp_type(entries[i])]++;
	}
	for (unsigned int type = 0; type < 2; type++)
		assert_in_range(used[type], 200, 800);
	free_all(entries, 1000);
}

/* --- how many --- */

static void a_slot_counts_more_owners_than_a_short_could(void **state)
{
	swp_entry_t entry;

	shim_swap(0, SWAP_PAGES, -1);
	entry = take_slot(1);
	for (unsigned int i = 2; i <= 100000; i++) {
		swap_add_entries(entry, 1);
		if (i % 9973 == 0)
			assert_int_equal(swap_count(entry), i);
	}
	for (unsigned int i = 100000; i; i--) {
		assert_int_equal(swap_count(entry), i);
		assert_int_equal(used_slots(), 1);
		swap_free(entry);
	}
	assert_int_equal(used_slots(), 0);
}

static void what_no_slot_is_named_by_counts_nothing(void **state)
{
	const swp_entry_t none[] = {
		swp_entry(0, 0),  swp_entry(0, SWAP_PAGES),	   swp_entry(0, ~0UL >> 20),
		swp_entry(1, 1),  swp_entry(MAX_SWAPFILES - 1, 1), swp_entry(MAX_SWAPFILES, 1),
		swp_entry(31, 1),
	};
	struct folio *folio = new_folio();

	shim_swap(0, SWAP_PAGES, -1);
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(swap_count(none[i]), 0);
		assert_null(swap_cache_get_folio(none[i]));
		assert_int_equal(swap_cache_add(folio, none[i]), -ENOENT);
	}
	assert_int_equal(swap_cache_add(folio, swp_entry(0, 7)), -ENOENT); /* free */
	drop_folio(folio);
}

/* --- the copy in memory --- */

static void a_slot_has_one_copy(void **state)
{
	struct folio *folio = new_folio(), *other = new_folio();
	swp_entry_t entry;

	shim_swap(0, SWAP_PAGES, -1);
	assert_true(folio_alloc_swap(folio, 1));
	entry = folio_swap_entry(folio);
	assert_int_equal(folio_ref_count(folio), 2);
	assert_int_equal(swap_cache_add(other, entry), -EEXIST);
	assert_false(folio_flag(other, PG_swapcache));
	assert_ptr_equal(swap_cache_get_folio(entry), folio);
	assert_int_equal(folio_ref_count(folio), 3);
	folio_put(folio);

	page_clear_flag(folio_page(folio), PG_dirty);
	assert_true(swap_cache_reclaim(folio));
	assert_int_equal(folio_ref_count(folio), 0);
	assert_int_equal(used_slots(), 1); /* it is out now */
	assert_null(swap_cache_get_folio(entry));

	assert_int_equal(swap_cache_add(other, entry), 0);
	assert_int_equal(folio_ref_count(other), 2);
	assert_ptr_equal(swap_cache_get_folio(entry), other);
	folio_put(other);
	swap_free(entry);
	assert_int_equal(used_slots(), 1); /* the copy keeps it */
	assert_true(folio_free_swap(other));
	assert_int_equal(used_slots(), 0);
	assert_false(folio_flag(other, PG_swapcache));
	assert_true(folio_flag(other, PG_dirty)); /* nowhere else now */
	drop_folio(other);
	atomic_set(&folio->page._refcount, 1);
	drop_folio(folio);
}

static void a_copy_that_is_wanted_is_not_reclaimed(void **state)
{
	struct folio *folio = new_folio();

	shim_swap(0, SWAP_PAGES, -1);
	assert_true(folio_alloc_swap(folio, 1));
	assert_false(swap_cache_reclaim(folio)); /* dirty */
	page_clear_flag(folio_page(folio), PG_dirty);
	folio_get(folio);
	assert_false(swap_cache_reclaim(folio)); /* used */
	atomic_dec(&folio->page._refcount);
	page_set_flag(folio_page(folio), PG_writeback);
	assert_false(swap_cache_reclaim(folio)); /* on its way */
	swap_free(folio_swap_entry(folio));
	assert_false(folio_free_swap(folio));
	page_clear_flag(folio_page(folio), PG_writeback);
	assert_true(folio_free_swap(folio));
	assert_false(folio_free_swap(folio));
	drop_folio(folio);
}

static void a_copy_whose_slot_is_named_keeps_it(void **state)
{
	struct folio *folio = new_folio();
	swp_entry_t entry;

	shim_swap(0, SWAP_PAGES, -1);
	assert_true(folio_alloc_swap(folio, 0));
	entry = folio_swap_entry(folio);
	swap_add_entries(entry, 1); /* as try_to_unmap does */
	swap_add_entries(entry, 1);
	assert_false(folio_free_swap(folio));
	swap_free(entry);
	assert_false(folio_free_swap(folio));
	swap_free(entry);
	assert_true(folio_free_swap(folio));
	drop_folio(folio);
}

static void a_page_that_goes_elsewhere_takes_the_caches_reference_along(void **state)
{
	struct folio *folio = new_folio();

	shim_swap(0, SWAP_PAGES, -1);
	assert_true(folio_alloc_swap(folio, 1));
	page_clear_flag(folio_page(folio), PG_dirty);
	swap_cache_move_out(folio);
	assert_int_equal(folio_ref_count(folio), 2);
	assert_true(folio_flag(folio, PG_dirty));
	assert_int_equal(used_slots(), 0);
	folio_put(folio);
	drop_folio(folio);
}

/* --- at random --- */

#define NR_MODEL 200

static void random_uses_leave_the_counts_right(void **state)
{
	static struct {
		swp_entry_t entry;
		unsigned int count;
		struct folio *copy;
	} model[NR_MODEL];
	unsigned int nr = 0;

	memset(model, 0, sizeof(model));
	shim_swap(0, 100, -1);
	shim_swap(1, 60, 3);
	for (unsigned int n = 0; n < 20000; n++) {
		unsigned int i = random_below(NR_MODEL), used = 0;

		shim_set_cpu(random_below(3));
		if (!model[i].count && !model[i].copy) {
			struct folio *folio = new_folio();

			if (folio_alloc_swap(folio, 1)) {
				model[i].entry = folio_swap_entry(folio);
				model[i].count = 1;
				model[i].copy = folio;
				nr++;
			} else {
				assert_int_equal(nr, 99 + 59);
				drop_folio(folio);
			}
		} else if (random_below(3) == 0) {
			swap_add_entries(model[i].entry, 1);
			model[i].count++;
		} else if (random_below(2) && model[i].copy) {
			page_clear_flag(folio_page(model[i].copy), PG_dirty);
			if (!model[i].count) {
				assert_true(folio_free_swap(model[i].copy));
				nr--;
			} else {
				assert_true(swap_cache_reclaim(model[i].copy));
				atomic_set(&model[i].copy->page._refcount, 1);
			}
			drop_folio(model[i].copy);
			model[i].copy = NULL;
		} else if (model[i].count) {
			swap_free(model[i].entry);
			nr -= !--model[i].count && !model[i].copy;
		}
		if (model[i].count)
			assert_int_equal(swap_count(model[i].entry), model[i].count);
		for (unsigned int m = 0; n % 64 == 0 && m < NR_MODEL; m++)
			used += model[m].count || model[m].copy;
		if (n % 64 == 0)
			assert_int_equal(slots_in_use(), used);
		assert_int_equal(used_slots(), nr);
	}
	shim_set_cpu(0);
	for (unsigned int i = 0; i < NR_MODEL; i++) {
		while (model[i].count && model[i].count--)
			swap_free(model[i].entry);
		if (model[i].copy) {
			assert_true(folio_free_swap(model[i].copy));
			drop_folio(model[i].copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(what_leaves_in_a_row_lies_in_a_row),
		MM_TEST(processors_fill_clusters_of_their_own),
		MM_TEST(each_slot_is_given_out_once_and_then_none),
		MM_TEST(bad_slots_are_not_given_out),
		MM_TEST(a_preferred_area_is_filled_first_and_equals_take_turns),
		MM_TEST(equal_areas_are_both_used_before_one_is_full),
		MM_TEST(a_slot_counts_more_owners_than_a_short_could),
		MM_TEST(what_no_slot_is_named_by_counts_nothing),
		MM_TEST(a_slot_has_one_copy),
		MM_TEST(a_copy_that_is_wanted_is_not_reclaimed),
		MM_TEST(a_copy_whose_slot_is_named_keeps_it),
		MM_TEST(a_page_that_goes_elsewhere_takes_the_caches_reference_along),
		MM_TEST(random_uses_leave_the_counts_right),
	};

	return RUN_MM_TESTS(tests);
}
