/* rmap.c - counts of the page-table entries that map a folio.
 * Holds:  _mapcount is the number of present entries naming the frame; each has one reference.
 *         An anonymous folio's mapping has bit 0 set and its index is the linear page index in the area
 *         that first mapped it. PG_anon_exclusive: exactly one mm maps it, and no other ever will
 *         without clearing the flag first.
 * Locks:  the pte lock of the entry that comes or goes.
 * Read:   memory.c, where folios are mapped; zap.c, where they are unmapped. */
#include <mm/internal.h>

#include <debug/assert.h>
#include <mm/vmstat.h>

void folio_add_new_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = folio_page(folio);

	DEBUG_ASSERT(!page->mapping && addr >= vma->vm_start && addr < vma->vm_end);
	page->flags |= BIT(PG_uptodate) | BIT(PG_swapbacked) | BIT(PG_anon_exclusive);
	page->mapping = (struct address_space *)PAGE_MAPPING_ANON;
	page->index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	atomic_set(&page->_mapcount, 1);
	mod_page_state(NR_ANON_MAPPED, 1);
}

void folio_add_file_rmap(struct folio *folio)
{
	if (atomic_inc_return(&folio->page._mapcount) == 1)
		mod_page_state(NR_FILE_MAPPED, 1);
}

void folio_remove_rmap(struct folio *folio)
{
	int left = atomic_dec_return(&folio->page._mapcount);

	DEBUG_ASSERT(left >= 0);
	if (!left)
		mod_page_state(folio_test_anon(folio) ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
}
