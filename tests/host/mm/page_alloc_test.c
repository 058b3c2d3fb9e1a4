/* page_alloc_test.c - blocks of frames: split, merge, run out, come back; the poison of free
 * frames. */
#include "mm_test.h"

#define MAX_BLOCKS	400

static bool in_memory(unsigned long pfn)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++)
		if (pfn >= range.start >> PAGE_SHIFT && pfn < range.end >> PAGE_SHIFT)
			return true;
	return false;
}

static void every_order_gives_aligned_blocks_that_merge_again(void **state)
{
	unsigned long before[MAX_ORDER + 1];

	shim_drain_all();
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		before[order] = nr_free_blocks(order);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		assert_non_null(page);
		assert_int_equal(page_to_pfn(page) % (1UL << order), 0);
		assert_int_equal(atomic_read(&page->_refcount), 1);
		memset(page_address(page), 1, PAGE_SIZE << order);
		free_pages(page, order);
	}
	shim_drain_all();
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		assert_int_equal(nr_free_blocks(order), before[order]);
}

struct block {
	struct page	*page;
	unsigned int	order;
};

static u8 owner[1 << 16];		/* by frame number: 1 if a block has it */

static void own(const struct block *block, bool yes)
{
	unsigned long pfn = page_to_pfn(block->page);

	for (unsigned long i = pfn; i < pfn + (1UL << block->order); i++) {
		assert_true(in_memory(i));
		assert_int_equal(owner[i], !yes);
		owner[i] = yes;
	}
}

static void random_blocks_never_overlap(void **state)
{
	struct block blocks[MAX_BLOCKS] = {};

	for (unsigned int n = 0; n < 20000; n++) {
		struct block *block = &blocks[random_below(MAX_BLOCKS)];

		shim_set_cpu(random_below(3));
		if (block->page) {
			own(block, false);
			free_pages(block->page, block->order);
			block->page = NULL;
			continue;
		}
		block->order = random_below(4) ? 0 : random_below(7);
		block->page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | (n % 2 ? __GFP_ZERO : 0),
					  block->order);
		if (!block->page)
			continue;
		own(block, true);
		if (n % 2)
			assert_null(memchr_inv(page_address(block->page), 0,
					       PAGE_SIZE << block->order));
		memset(page_address(block->page), n, 64);
	}
	for (unsigned int i = 0; i < MAX_BLOCKS; i++) {
		if (!blocks[i].page)
			continue;
		own(&blocks[i], false);
		free_pages(blocks[i].page, blocks[i].order);
	}
	shim_set_cpu(0);
}

static LIST_HEAD(taken);

static unsigned long take_all(gfp_t gfp)
{
	struct page *page;
	unsigned long nr = 0;

	while ((page = alloc_pages(gfp, 0))) {
		list_add(&page->lru, &taken);
		nr++;
	}
	return nr;
}

static void give_all_back(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken, lru)
		put_page(page);
	INIT_LIST_HEAD(&taken);
}

static void the_reserve_is_for_those_who_may_use_it(void **state)
{
	unsigned long free, got;

	shim_drain_all();
	free = nr_free_pages();
	got = take_all(GFP_KERNEL | __GFP_NORETRY);
	assert_int_equal(got, free - watermarks.min);
	assert_null(alloc_pages(GFP_NOWAIT, 0));
	got = take_all(GFP_ATOMIC);
	assert_in_range(got, watermarks.min / 2 - 1, watermarks.min / 2 + 1);
	got += take_all(__GFP_MEMALLOC);
	assert_int_equal(got, watermarks.min);
	assert_int_equal(nr_free_pages(), 0);
	give_all_back();
}

static void the_spare_frames_of_this_processor_are_found_before_giving_up(void **state)
{
	struct page *block;

	take_all(GFP_KERNEL | __GFP_NORETRY);
	give_all_back();	/* many now lie on the stack as single frames */
	for (unsigned int order = 0; order <= 3; order++) {
		block = alloc_pages(GFP_KERNEL | __GFP_NORETRY, order);
		assert_non_null(block);
		free_pages(block, order);
	}
}

static void no_block_is_larger_than_memory_allows(void **state)
{
	struct page *blocks[16];
	unsigned int nr = 0;

	while ((blocks[nr] = alloc_pages(GFP_KERNEL | __GFP_NORETRY, MAX_ORDER)))
		nr++;
	assert_in_range(nr, 1, 3);
	while (nr--)
		free_pages(blocks[nr], MAX_ORDER);
}

/* --- misuse --- */

static void write_to_free_frame(void *arg)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	put_page(page);
	((u8 *)page_address(page))[100] = 1;
	alloc_pages(GFP_KERNEL, 0);
}

static void free_twice(void *arg)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	free_pages(page, 2);
	free_pages(page, 2);
}

static void put_twice(void *arg)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	put_page(page);
	put_page(page);
}

static void free_mapped(void *arg)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, PAGE_SIZE, RW);
	write8(0, mm, BASE, 1);
	put_page(page_at(mm, BASE));
}

static void misuse_of_frames_panics(void **state)
{
	if (!CONFIG_DEBUG)
		skip();
	assert_true(shim_panics(write_to_free_frame, NULL, "was written at offset 0x64"));
	assert_true(shim_panics(free_twice, NULL, "panic"));
	assert_true(shim_panics(put_twice, NULL, "panic"));
	assert_true(shim_panics(free_mapped, NULL, "freed while in use"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(every_order_gives_aligned_blocks_that_merge_again),
		MM_TEST(random_blocks_never_overlap),
		MM_TEST(the_reserve_is_for_those_who_may_use_it),
		MM_TEST(the_spare_frames_of_this_processor_are_found_before_giving_up),
		MM_TEST(no_block_is_larger_than_memory_allows),
		MM_TEST(misuse_of_frames_panics),
	};

	return RUN_MM_TESTS(tests);
}
