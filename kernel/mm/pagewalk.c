/* pagewalk.c - the entries of an area for those who only look, or change nothing but an entry's
 * history.
 * Locks:  mmap_lock at least for read, which keeps the tables; each table's pte lock while its
 *         entries are visited, so that what is mapped stays mapped for as long; pages_lock while a
 *         file's pages are looked at.
 * Read:   zap.c and mprotect.c, which have walks of their own because they flush in their own
 *         way. */
#include <mm/pagewalk.h>

#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <sched/sched.h>

#define PAGES_AT_ONCE	64	/* for which the lock of a file's pages is held */

static void walk_table(struct mm_walk *walk, pmd_t *pmd, unsigned long addr, unsigned long end)
{
	pte_t *ptep = pte_offset(pmd, addr);
	spinlock_t *ptl = pte_lockptr(pmd);

	spin_lock(ptl);
	for (; addr < end; addr += PAGE_SIZE, ptep++)
		walk->pte_entry(ptep, addr, walk);
	spin_unlock(ptl);
}

/* The first table that maps something of [*start, end), and in *start the first address of these
 * that it maps; NULL: there is none, and *start is @end. */
static pmd_t *next_table(struct mm_struct *mm, unsigned long *start, unsigned long end)
{
	while (*start < end) {
		pmd_t *pmd = mm_find_pmd(mm, *start);

		if (pmd && !pmd_none(pmd))
			return pmd;
		*start = pmd ? pmd_addr_end(*start, end) : pud_addr_end(*start, end);
	}
	return NULL;
}

unsigned long skip_no_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	next_table(mm, &start, end);
	return start;
}

void walk_page_range(struct mm_walk *walk, unsigned long start, unsigned long end)
{
	unsigned long next;
	pmd_t *pmd;

	DEBUG_ASSERT(start >= walk->vma->vm_start && end <= walk->vma->vm_end);
	for (; (pmd = next_table(walk->vma->vm_mm, &start, end)); start = next) {
		next = pmd_addr_end(start, end);
		walk_table(walk, pmd, start, next);
		cond_resched();
	}
}

/* --- what is behind entries that are not present, and behind none --- */

unsigned long swap_cache_pfn(swp_entry_t entry)
{
	struct folio *folio = swap_cache_get_folio(entry);
	unsigned long pfn = 0;

	if (folio) {
		pfn = page_to_pfn(folio_page(folio));
		folio_put(folio);
	}
	return pfn;
}

/* Of the next pages from *index on, up to @last. False: those were all. */
static bool count_swapped(struct address_space *mapping, pgoff_t *index, pgoff_t last,
			  unsigned long *swapped)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	bool more = true;

	for (unsigned int i = 0; more && i < PAGES_AT_ONCE; i++) {
		void *entry = radix_next(&mapping->i_pages, index);

		more = entry && *index <= last;
		if (more)
			*swapped += is_swap_radix_entry(entry);
		more = more && (*index)++ != last;
	}
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return more;
}

unsigned long vma_swapped_pages(const struct vm_area_struct *vma, unsigned long start,
				unsigned long end)
{
	struct address_space *mapping = vma->vm_file ? file_mapping(vma->vm_file) : NULL;
	pgoff_t index = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	pgoff_t last = index + ((end - start) >> PAGE_SHIFT) - 1;
	unsigned long swapped = 0;

	while (mapping && READ_ONCE(mapping->nrswapped) &&
	       count_swapped(mapping, &index, last, &swapped))
		;
	return swapped;
}
