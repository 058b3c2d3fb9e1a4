/* rmap.c - from a folio to every page-table entry that maps it.
 * Holds:  _mapcount is the number of present entries naming the frame; each has one reference.
 *         An anonymous folio's mapping points to an anon_vma (bit 0 set), in whose tree every area
 *         that maps the folio is; its index is the same in all of them: (address - vm_start) +
 *         vm_pgoff. A cached folio's areas are all in mapping->i_mmap.
 *         PG_anon_exclusive: one mm alone maps the folio, and no other will without clearing the
 *         flag.
 * Locks:  the folio lock keeps the owner still; then i_mmap_rwsem or the anon_vma family's rwsem,
 *         which keeps the areas in their trees and their page tables in place; then the entry's pte
 *         lock. Never mmap_lock, since reclaim comes through here.
 * Read:   anon_vma.c for how areas get into the trees; README.md for a walk, step by step. */
#include <mm/rmap.h>

#include <lib/err.h>
#include <asm/irqflags.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <mm/anon_vma.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/vmstat.h>
#include <proc/task.h>

/* --- counts --- */

static void set_anon_owner(struct folio *folio, struct anon_vma *anon_vma)
{
	void *mapping = (void *)anon_vma + PAGE_MAPPING_ANON;

	/* A walker without a lock reads it whole: see folio_get_anon_vma. */
	WRITE_ONCE(folio->page.mapping, mapping);
}

static pgoff_t linear_page_index(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

void folio_add_new_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = folio_page(folio);

	DEBUG_ASSERT(!page->mapping && vma->anon_vma);
	DEBUG_ASSERT(addr >= vma->vm_start && addr < vma->vm_end);
	page_init_flags(page, page->flags | BIT(PG_uptodate) | BIT(PG_swapbacked) |
			      BIT(PG_anon_exclusive));
	page->index = linear_page_index(vma, addr);
	set_anon_owner(folio, vma->anon_vma);
	atomic_set(&page->_mapcount, 1);
	mod_page_state(NR_ANON_MAPPED, 1);
}

void folio_add_anon_rmap_pte(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			     bool exclusive)
{
	struct page *page = folio_page(folio);

	if (!folio_test_anon(folio)) {
		/* Just read from swap. Who else has an entry of its slot is of the same family, but
		 * may be an ancestor: only the root's tree has them all. */
		page->index = linear_page_index(vma, addr);
		set_anon_owner(folio, exclusive ? vma->anon_vma : vma->anon_vma->root);
	}
	DEBUG_ASSERT(page->index == linear_page_index(vma, addr));
	if (exclusive)
		page_set_flag(page, PG_anon_exclusive);
	if (atomic_inc_return(&page->_mapcount) == 1)
		mod_page_state(NR_ANON_MAPPED, 1);
}

void folio_add_file_rmap(struct folio *folio)
{
	if (atomic_inc_return(&folio->page._mapcount) == 1)
		mod_page_state(NR_FILE_MAPPED, 1);
}

void folio_remove_rmap(struct folio *folio)
{
	if (folio_dec_mapcount(folio))
		mod_page_state(folio_test_anon(folio) ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
}

void folio_move_anon_rmap(struct folio *folio, struct vm_area_struct *vma)
{
	DEBUG_ASSERT(folio_flag(folio, PG_locked) && folio_test_anon(folio));
	set_anon_owner(folio, vma->anon_vma);
}

/* --- one area --- */

/* Where the page at @index is in @vma. It is there: the tree has the area by the very pages that it
 * covers. */
static __inline_always unsigned long vma_address(const struct vm_area_struct *vma, pgoff_t index)
{
	pgoff_t offset = index - vma->vm_pgoff;

	DEBUG_ASSERT(offset < (vma->vm_end - vma->vm_start) >> PAGE_SHIFT);
	return vma->vm_start + (offset << PAGE_SHIFT);
}

/* Walks come here for each area, so it is part of them. */
static __inline_always bool find_mapping(struct page_vma_mapped_walk *pvmw)
{
	pmd_t *pmd = mm_find_pmd(pvmw->vma->vm_mm, pvmw->address);
	pte_t pte;

	if (!pmd || pmd_none(pmd))
		return false;
	pvmw->pte = pte_offset(pmd, pvmw->address);
	if (!pte_present(ptep_get(pvmw->pte)))
		return false;	/* not even worth the lock: it cannot come to map the folio now */
	pvmw->ptl = pte_lockptr(pmd);
	spin_lock(pvmw->ptl);
	pte = ptep_get(pvmw->pte);
	if (pte_present(pte) && !pte_special(pte) &&
	    pte_pfn(pte) == page_to_pfn(folio_page(pvmw->folio)))
		return true;
	spin_unlock(pvmw->ptl);
	return false;
}

bool page_vma_mapped_walk(struct page_vma_mapped_walk *pvmw)
{
	return find_mapping(pvmw);
}

/* --- from a folio to its anon_vma --- */

/* Nothing is held, so the folio may be unmapped at any time, and its last area and anon_vma may go.
 * With interrupts off the memory stays an anon_vma (SLAB_TYPESAFE); whether it is still ours is
 * known when a reference has been taken and the folio is found mapped after that: a mapped folio's
 * anon_vma has an area in its tree. */
struct anon_vma *folio_get_anon_vma(struct folio *folio)
{
	unsigned long flags = local_irq_save();
	struct anon_vma *anon_vma = NULL;
	unsigned long mapping = (unsigned long)READ_ONCE(folio->page.mapping);

	if (mapping & PAGE_MAPPING_ANON && folio_mapcount(folio)) {
		anon_vma = (struct anon_vma *)(mapping - PAGE_MAPPING_ANON);
		if (!atomic_inc_not_zero(&anon_vma->refcount))
			anon_vma = NULL;
	}
	local_irq_restore(flags);
	if (anon_vma && (!folio_mapcount(folio) ||
			 mapping != (unsigned long)READ_ONCE(folio->page.mapping))) {
		put_anon_vma(anon_vma);
		anon_vma = NULL;
	}
	return anon_vma;
}

struct anon_vma *folio_lock_anon_vma_read(struct folio *folio, struct rmap_walk_control *rwc)
{
	struct anon_vma *anon_vma = folio_get_anon_vma(folio);

	if (!anon_vma)
		return NULL;
	if (!anon_vma_trylock_read(anon_vma)) {
		if (rwc && rwc->try_lock) {
			rwc->contended = true;
			put_anon_vma(anon_vma);
			return NULL;
		}
		anon_vma_lock_read(anon_vma);
	}
	if (!folio_mapcount(folio)) {	/* its areas may have gone while we waited */
		anon_vma_unlock_read(anon_vma);
		put_anon_vma(anon_vma);
		return NULL;
	}
	/* With the lock held and an area in the tree, neither it nor the root can go. */
	put_anon_vma(anon_vma);
	return anon_vma;
}

/* --- all areas --- */

/* One area; true: stop the walk. */
static __inline_always bool walk_one(struct folio *folio, struct vm_area_struct *vma,
				     struct rmap_walk_control *rwc)
{
	unsigned long addr = vma_address(vma, folio->page.index);

	if (rwc->invalid_vma && rwc->invalid_vma(vma, rwc->arg))
		return false;
	return !rwc->rmap_one(folio, vma, addr, rwc->arg) || (rwc->done && rwc->done(folio));
}

static void rmap_walk_anon(struct folio *folio, struct rmap_walk_control *rwc, bool locked)
{
	pgoff_t index = folio->page.index;
	struct interval_tree_node *node;
	struct anon_vma_chain *avc;
	struct anon_vma *anon_vma;

	if (locked)
		anon_vma = (void *)folio->page.mapping - PAGE_MAPPING_ANON;
	else
		anon_vma = rwc->anon_lock ? rwc->anon_lock(folio, rwc)
					  : folio_lock_anon_vma_read(folio, rwc);
	if (!anon_vma)
		return;
	anon_vma_for_each(avc, node, anon_vma, index, index)
		if (walk_one(folio, avc->vma, rwc))
			break;
	if (!locked)
		anon_vma_unlock_read(anon_vma);
}

static void rmap_walk_file(struct folio *folio, struct rmap_walk_control *rwc, bool locked)
{
	struct address_space *mapping = folio->page.mapping;
	pgoff_t index = folio->page.index;
	struct interval_tree_node *node;

	if (!mapping)
		return;
	if (!locked) {
		if (!rwc->try_lock) {
			down_read(&mapping->i_mmap_rwsem);
		} else if (!down_read_trylock(&mapping->i_mmap_rwsem)) {
			rwc->contended = true;
			return;
		}
	}
	interval_tree_for_each(node, &mapping->i_mmap, index, index)
		if (walk_one(folio, container_of(node, struct vm_area_struct, shared), rwc))
			break;
	if (!locked)
		up_read(&mapping->i_mmap_rwsem);
}

void rmap_walk(struct folio *folio, struct rmap_walk_control *rwc)
{
	DEBUG_ASSERT(folio_flag(folio, PG_locked));
	if (folio_test_anon(folio))
		rmap_walk_anon(folio, rwc, false);
	else
		rmap_walk_file(folio, rwc, false);
}

void rmap_walk_locked(struct folio *folio, struct rmap_walk_control *rwc)
{
	DEBUG_ASSERT(folio_flag(folio, PG_locked));
	if (folio_test_anon(folio))
		rmap_walk_anon(folio, rwc, true);
	else
		rmap_walk_file(folio, rwc, true);
}

/* --- client: was it used? --- */

struct referenced_arg {
	int		mapcount;	/* entries not yet looked at */
	int		referenced;
	vm_flags_t	vm_flags;
};

static bool folio_referenced_one(struct folio *folio, struct vm_area_struct *vma,
				 unsigned long addr, void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	struct referenced_arg *ra = arg;

	if (find_mapping(&pvmw)) {
		vm_flags_t vm_flags = READ_ONCE(vma->vm_flags);

		/* The processors keep their copy for now: at worst we miss a use that comes
		 * soon. */
		if (ptep_test_and_clear_young(pvmw.pte)) {
			ra->referenced++;
			ra->vm_flags |= vm_flags;
		}
		/* It stays, used or not. Before the lock goes, or munlock might have been here. */
		if (vm_flags & VM_LOCKED)
			folio_mlock(folio);
		page_vma_mapped_walk_done(&pvmw);
		ra->mapcount--;
		if (vm_flags & VM_LOCKED) {
			ra->vm_flags |= VM_LOCKED;
			return false;
		}
	}
	return ra->mapcount > 0;
}

int folio_referenced(struct folio *folio, vm_flags_t *vm_flags, bool try_lock)
{
	struct referenced_arg ra = { .mapcount = folio_mapcount(folio) };
	struct rmap_walk_control rwc = {
		.arg = &ra, .rmap_one = folio_referenced_one, .try_lock = try_lock,
	};

	*vm_flags = 0;
	if (!ra.mapcount)
		return 0;
	rmap_walk(folio, &rwc);
	if (rwc.contended)
		return -1;
	if (ra.referenced)
		page_clear_flag(folio_page(folio), PG_idle);
	if (folio_flag(folio, PG_young)) {	/* bits that page_idle.c has cleared before us */
		page_clear_flag(folio_page(folio), PG_young);
		ra.referenced++;
	}
	*vm_flags = ra.vm_flags;
	return ra.referenced;
}

/* --- flushes that are put off ---
 * Reclaim clears many entries and flushes once, before it writes or frees a page. Until then a
 * processor may go on using what it remembers; it may write only through an entry that was dirty
 * already, since to set a dirty bit it looks at the table again. The folio is locked so long, so
 * nobody maps it afresh meanwhile. But somebody who unmaps or write-protects the range finds no
 * entry there, and would promise what is not true yet: hence the count of such entries in the mm,
 * which changes under the pte lock and is compared under it. */

static void defer_flush(struct mm_struct *mm)
{
	atomic_inc(&mm->tlb_unmaps);
	current->tlb_unmap_mask |= READ_ONCE(mm->cpu_mask);
}

void try_to_unmap_flush(void)
{
	unsigned long mask = current->tlb_unmap_mask;

	if (!mask)
		return;
	current->tlb_unmap_mask = 0;
	flush_tlb_cpus(mask);
}

void flush_tlb_batched_pending(struct mm_struct *mm)
{
	unsigned long unmaps = atomic_read(&mm->tlb_unmaps);

	if (likely(READ_ONCE(mm->tlb_unmaps_flushed) == unmaps))
		return;
	flush_tlb_mm(mm);
	/* A slower one may put back a smaller number; then it is flushed once more. */
	WRITE_ONCE(mm->tlb_unmaps_flushed, unmaps);
}

/* --- client: unmap it --- */

/* The entry is cleared and @folio as dirty as it was; the flush is done unless it is put off. */
static pte_t clear_mapping(struct folio *folio, struct mm_struct *mm, pte_t *ptep,
			   unsigned long addr, bool defer)
{
	pte_t pte = ptep_get_and_clear(ptep);

	if (defer)
		defer_flush(mm);
	else
		flush_tlb_page(mm, addr);
	if (pte_dirty(pte))
		folio_mark_dirty(folio);
	return pte;
}

/* The entry becomes none: the page is in the page cache, and will be found there. */
static bool unmap_file_entry(struct folio *folio, struct mm_struct *mm, pte_t *ptep,
			     unsigned long addr, unsigned int flags)
{
	clear_mapping(folio, mm, ptep, addr, flags & TTU_BATCH_FLUSH);
	atomic_dec(folio_flag(folio, PG_swapbacked) ? &mm->rss_shmem : &mm->rss_file);
	return true;
}

/* MADV_FREE: nobody will miss the page if it was not written since. Never put off, since the next
 * fault at this place does not come by the folio lock. */
static bool unmap_lazyfree_entry(struct folio *folio, struct mm_struct *mm, pte_t *ptep,
				 unsigned long addr)
{
	pte_t pte = clear_mapping(folio, mm, ptep, addr, false);

	/* References first: who writes through one says so before it goes. */
	if (atomic_read_acquire(&folio->page._refcount) != folio_mapcount(folio) + 1 ||
	    folio_flag(folio, PG_dirty)) {
		set_pte(ptep, pte);
		page_set_flag(folio_page(folio), PG_swapbacked);
		return false;
	}
	page_clear_flag(folio_page(folio), PG_anon_exclusive);
	atomic_dec(&mm->rss_anon);
	return true;
}

struct unmap_arg {
	unsigned int	flags;		/* TTU_* */
	/* Entries that the folio's slot counts already and that are still to be made: all are
	 * counted at once, before the first can be seen. */
	int		counted;
};

/* The entry becomes the page's slot. */
static bool unmap_anon_entry(struct folio *folio, struct mm_struct *mm, pte_t *ptep,
			     unsigned long addr, struct unmap_arg *arg)
{
	swp_entry_t entry = folio_swap_entry(folio);
	pte_t pte, swap = swp_entry_to_pte(entry);

	if (!folio_flag(folio, PG_swapcache))
		return false;
	if (likely(arg->counted))
		arg->counted--;
	else
		swap_add_entries(entry, 1);	/* fork has made another one meanwhile */
	pte = clear_mapping(folio, mm, ptep, addr, arg->flags & TTU_BATCH_FLUSH);
	if (folio_flag(folio, PG_anon_exclusive)) {
		page_clear_flag(folio_page(folio), PG_anon_exclusive);
		swap = pte_swp_mkexclusive(swap);
	}
	if (pte_soft_dirty(pte))
		swap = pte_swp_mksoft_dirty(swap);
	set_pte(ptep, swap);
	atomic_dec(&mm->rss_anon);
	atomic_inc(&mm->swapents);
	return true;
}

static bool try_to_unmap_one(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			     void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	struct mm_struct *mm = vma->vm_mm;
	struct unmap_arg *ua = arg;
	bool gone;

	if (!find_mapping(&pvmw))
		return true;
	update_hiwater_rss(mm);
	if (READ_ONCE(vma->vm_flags) & VM_LOCKED)
		gone = false;
	else if (!folio_test_anon(folio))
		gone = unmap_file_entry(folio, mm, pvmw.pte, addr, ua->flags);
	else if (!folio_flag(folio, PG_swapbacked))
		gone = unmap_lazyfree_entry(folio, mm, pvmw.pte, addr);
	else
		gone = unmap_anon_entry(folio, mm, pvmw.pte, addr, ua);
	if (gone) {
		folio_remove_rmap(folio);
		atomic_dec(&folio->page._refcount);	/* the entry's; the caller has one */
	}
	page_vma_mapped_walk_done(&pvmw);
	return gone && folio_mapcount(folio);
}

bool try_to_unmap(struct folio *folio, unsigned int flags)
{
	struct unmap_arg arg = { .flags = flags };
	struct rmap_walk_control rwc = {
		.arg = &arg, .rmap_one = try_to_unmap_one, .try_lock = true,
	};

	if (!folio_mapcount(folio))
		return true;
	if (folio_test_anon(folio) && folio_flag(folio, PG_swapcache)) {
		arg.counted = folio_mapcount(folio);
		swap_add_entries(folio_swap_entry(folio), arg.counted);
	}
	rmap_walk(folio, &rwc);
	if (unlikely(arg.counted))
		swap_add_entries(folio_swap_entry(folio), -arg.counted);
	return !folio_mapcount(folio);
}

/* --- client: make it clean --- */

static bool folio_mkclean_one(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			      void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	int *cleaned = arg;

	pte_t pte;

	if (!page_vma_mapped_walk(&pvmw))
		return true;
	pte = ptep_get(pvmw.pte);
	if (pte_dirty(pte) || pte_write(pte)) {
		while (!ptep_try_change(pvmw.pte, &pte, pte_mkclean(pte_wrprotect(pte))))
			;
		flush_tlb_page(vma->vm_mm, addr);
		++*cleaned;
	}
	page_vma_mapped_walk_done(&pvmw);
	return true;
}

/* Private areas map the page read-only and never make it dirty. */
static bool not_shared(struct vm_area_struct *vma, void *arg)
{
	return !(READ_ONCE(vma->vm_flags) & VM_SHARED);
}

int folio_mkclean(struct folio *folio)
{
	int cleaned = 0;
	struct rmap_walk_control rwc = {
		.arg = &cleaned, .rmap_one = folio_mkclean_one, .invalid_vma = not_shared,
	};

	if (folio_mapcount(folio) && !folio_test_anon(folio))
		rmap_walk(folio, &rwc);
	return cleaned;
}
