/* swap_test.h - what the tests of swap include: pages leave by hand, and where they are. */
#ifndef TESTS_SWAP_TEST_H
#define TESTS_SWAP_TEST_H

#include "mm_test.h"

#include <mm/rmap.h>
#include <mm/swap.h>

/* The pages of swap areas that are not about their size. */
#define SWAP_PAGES 1024

static inline bool is_out(struct mm_struct *mm, unsigned long addr)
{
	return is_swap_pte(pte_at(mm, addr));
}

static inline swp_entry_t entry_at(struct mm_struct *mm, unsigned long addr)
{
	ASSERT(is_out(mm, addr));
	return pte_to_swp_entry(pte_at(mm, addr));
}

/* Is the slot of @entry in memory as well? */
static inline bool in_cache(swp_entry_t entry)
{
	struct folio *folio = swap_cache_get_folio(entry);

	if (folio)
		folio_put(folio);
	return folio;
}

/* Reclaim, by hand, of a page that somebody has a reference on: ours is used up. */
static inline void reclaim(struct folio *folio)
{
	bool isolated = folio_isolate_lru(folio);

	folio_put(folio);
	if (isolated)
		reclaim_folios(&folio, 1);
	shim_settle();
}

/* The page at @addr leaves memory, and every mm that maps it, for a slot. False: it is still mapped
 * there. What is read ahead, or cannot be written, may still have a copy. */
static inline bool page_out(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = page_at(mm, addr);

	if (page) {
		folio_get(page_folio(page));
		reclaim(page_folio(page));
	}
	if (!is_out(mm, addr))
		return false;
	for (unsigned int tries = 0; tries < 3; tries++) {
		struct folio *folio = swap_cache_get_folio(entry_at(mm, addr));

		if (!folio)
			break;
		reclaim(folio);
	}
	return true;
}

/* All of [addr, addr + nr pages) must be out, with no copies left. */
static inline void pages_out(struct mm_struct *mm, unsigned long addr, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++, addr += PAGE_SIZE)
		if (!page_out(mm, addr) || in_cache(entry_at(mm, addr)))
			panic("page %#lx does not leave", addr);
}

static inline void fill(struct mm_struct *mm, unsigned long addr, unsigned int nr, u64 value)
{
	for (unsigned int i = 0; i < nr; i++)
		write64(0, mm, addr + i * PAGE_SIZE, value + i);
}

static inline void expect(unsigned int cpu, struct mm_struct *mm, unsigned long addr,
			  unsigned int nr, u64 value)
{
	for (unsigned int i = 0; i < nr; i++)
		assert_int_equal(read64(cpu, mm, addr + i * PAGE_SIZE), value + i);
}

static inline unsigned long used_slots(void)
{
	return nr_swap_slots() - nr_free_swap_slots();
}

#endif
