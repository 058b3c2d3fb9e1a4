/* page_idle.c - which pages nobody has used since they were marked: a client of rmap_walk.
 *
 * The processor sets the accessed bit of an entry that it uses. To mark a page is to clear the bit
 * in all entries that map it and to set PG_idle; to ask is to look whether a processor has set one
 * again. Both take the bits away from reclaim, which judges by them, too: PG_young remembers that
 * there was one.
 *
 * Holds:  PG_idle is on a folio only from page_idle_mark to the first use that is seen.
 * Locks:  the folio lock, tried only, around the walk and the change of flags: so a use found by
 *         one reader cannot be undone by another's mark. A folio that is locked counts as in use.
 * Where Linux differs: it does not flush (see clear_young_one). There a read or write of the file
 * is a use, too; here only what goes through an entry that still maps the page.
 * Read:   rmap.c for the walk; fs/sysfs.c for the bitmap that is the way in. */
#include <mm/page_idle.h>

#include <asm/pgtable.h>
#include <asm/tlb.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page_alloc.h>
#include <mm/rmap.h>

static bool clear_young_one(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			    void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	bool *used = arg;

	if (!page_vma_mapped_walk(&pvmw))
		return true;
	if (ptep_test_and_clear_young(pvmw.pte)) {
		/* A processor that has the entry in its TLB would not set the bit again, and the
		 * page would look idle while it is used. That makes the answer exact, and costs
		 * nothing for an entry that was not used. */
		flush_tlb_page(vma->vm_mm, addr);
		*used = true;
	}
	page_vma_mapped_walk_done(&pvmw);
	return true;
}

/* The folio that the frame is, with a reference, if users can have it; NULL otherwise. */
static struct folio *get_folio(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	/* Most frames are not on a list: they need not take its lock to be left out. */
	return page && page_flag(page, PG_lru) ? page_get_folio(page) : NULL;
}

/* Clear the accessed bits of all entries; a use makes the folio young, and no longer idle. */
static void collect_young(struct folio *folio)
{
	bool used = false;
	struct rmap_walk_control rwc = { .arg = &used, .rmap_one = clear_young_one };

	rmap_walk(folio, &rwc);
	if (!used)
		return;
	page_clear_flag(folio_page(folio), PG_idle);
	page_set_flag(folio_page(folio), PG_young);
}

void page_idle_mark(unsigned long pfn)
{
	struct folio *folio = get_folio(pfn);

	if (!folio)
		return;
	if (folio_trylock(folio)) {
		collect_young(folio);
		page_set_flag(folio_page(folio), PG_idle);
		folio_unlock(folio);
	}
	folio_put(folio);
}

bool page_idle_test(unsigned long pfn)
{
	struct folio *folio = get_folio(pfn);
	bool idle = false;

	if (!folio)
		return false;
	if (folio_flag(folio, PG_idle) && folio_trylock(folio)) {
		collect_young(folio);
		idle = folio_flag(folio, PG_idle);
		folio_unlock(folio);
	}
	folio_put(folio);
	return idle;
}
