/* zap.c - unmapping ranges: clear the entries, flush every processor, then free.
 * Holds:  a frame whose entry was cleared is in a gather until the flush is done, so that no
 *         processor can reach a frame that somebody else has got meanwhile.
 * Locks:  mmap_lock at least for read; each table's pte lock while its entries are cleared.
 * Read:   rmap.c for the counts, asm/tlb.h for the flush. */
#include <mm/internal.h>

#include <lib/list.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <sched/sched.h>

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb->mm = mm;
	tlb->start = TASK_SIZE;
	tlb->end = 0;
	INIT_LIST_HEAD(&tlb->tables);
	tlb->whole_mm = false;
	tlb->keep_anon = false;
	tlb->nr_batches = 0;
	tlb->batches = NULL;
	tlb->slot = tlb->folios;
	tlb->limit = tlb->folios + GATHER_PAGES;
	update_hiwater_rss(mm);
}

static void put_folios(struct folio **folios, struct folio **end)
{
	for (; folios < end; folios += GATHER_PAGES)
		folios_put_and_swap(folios, min(end - folios, (long)GATHER_PAGES));
}

/* The frames of all batches; only the first is left, empty. */
static void put_batches(struct mmu_gather *tlb)
{
	struct gather_batch *batch;

	while ((batch = tlb->batches)) {
		put_folios(batch->folios, tlb->slot);
		tlb->batches = batch->next;
		tlb->limit = batch->next ? batch->next->folios + ARRAY_SIZE(batch->folios)
					 : tlb->folios + GATHER_PAGES;
		tlb->slot = tlb->limit;		/* all but the newest are full */
		free_page(batch);
	}
	put_folios(tlb->folios, tlb->slot);
	tlb->slot = tlb->folios;
	tlb->nr_batches = 0;
}

static void tlb_flush(struct mmu_gather *tlb)
{
	if (tlb->start >= tlb->end)
		return;
	if (!tlb->whole_mm)
		flush_tlb_mm_range(tlb->mm, tlb->start, tlb->end, false);
	tlb->start = TASK_SIZE;
	tlb->end = 0;
	put_batches(tlb);
}

/* The newest batch is full. Another one costs less than a flush for which other processors have to
 * be asked; when memory is short it must be the flush. The pte lock is held. */
static __noinline void tlb_next_batch(struct mmu_gather *tlb)
{
	struct gather_batch *batch = tlb->whole_mm ? NULL : get_free_page(GFP_NOWAIT);

	BUILD_ASSERT(sizeof(*batch) <= PAGE_SIZE);
	if (!batch) {
		tlb_flush(tlb);
		return;
	}
	batch->next = tlb->batches;
	tlb->batches = batch;
	tlb->nr_batches++;
	tlb->slot = batch->folios;
	tlb->limit = batch->folios + ARRAY_SIZE(batch->folios);
}

void tlb_finish_mmu(struct mmu_gather *tlb)
{
	struct page *table, *next;

	if (!list_empty(&tlb->tables)) {
		flush_tlb_mm_range(tlb->mm, 0, TASK_SIZE, true);
		tlb->whole_mm = true;		/* nobody knows the entries either */
	}
	tlb_flush(tlb);
	list_for_each_entry_safe(table, next, &tlb->tables, pt_node)
		free_table(table);
}

/* The entry at @addr was cleared: it was present as @pte. */
static void tlb_remove(struct mmu_gather *tlb, pte_t pte, unsigned long addr)
{
	if (unlikely(addr < tlb->start))
		tlb->start = addr;
	tlb->end = addr + PAGE_SIZE;
	if (pte_special(pte))
		return;
	*tlb->slot++ = page_folio(pfn_to_page(pte_pfn(pte)));
	if (unlikely(tlb->slot == tlb->limit))
		tlb_next_batch(tlb);
}

/* What a table's entries change of counters that have other users. */
struct rss_delta {
	long	anon, file, shmem, swap;	/* of the mm */
	long	anon_mapped, file_mapped;	/* folios that no entry maps any more */
};

static inline void unmap_folio(struct folio *folio, pte_t pte, struct rss_delta *rss)
{
	if (folio_test_anon(folio)) {
		rss->anon--;
		rss->anon_mapped -= folio_dec_mapcount(folio);
		return;
	}
	if (pte_dirty(pte))
		folio_mark_dirty(folio);
	if (folio_flag(folio, PG_swapbacked))
		rss->shmem--;
	else
		rss->file--;
	rss->file_mapped -= folio_dec_mapcount(folio);
}

static void add_rss(struct mm_struct *mm, const struct rss_delta *rss)
{
	if (rss->anon)
		atomic_add(&mm->rss_anon, rss->anon);
	if (rss->file)
		atomic_add(&mm->rss_file, rss->file);
	if (rss->shmem)
		atomic_add(&mm->rss_shmem, rss->shmem);
	if (rss->swap)
		atomic_add(&mm->swapents, rss->swap);
	mod_page_state(NR_ANON_MAPPED, rss->anon_mapped);
	mod_page_state(NR_FILE_MAPPED, rss->file_mapped);
}

/* Of the area's own, not of its file: also what has left for swap. */
static bool pte_is_anon(pte_t pte)
{
	if (!pte_present(pte))
		return !pte_none(pte);
	return !pte_special(pte) && folio_test_anon(page_folio(pfn_to_page(pte_pfn(pte))));
}

/* A present entry. @locked: of an area that is. */
static inline void zap_present_pte(struct mmu_gather *tlb, pte_t *ptep, unsigned long addr,
				   bool locked, struct rss_delta *rss)
{
	pte_t pte;

	/* With nobody else on these tables no processor sets bits behind our back. */
	if (tlb->whole_mm) {
		pte = ptep_get(ptep);
		set_pte(ptep, (pte_t){ 0 });
	} else {
		pte = ptep_get_and_clear(ptep);
	}
	if (!pte_special(pte)) {
		struct folio *folio = page_folio(pfn_to_page(pte_pfn(pte)));

		if (unlikely(locked))
			folio_munlock(folio);
		unmap_folio(folio, pte, rss);
	}
	tlb_remove(tlb, pte, addr);
}

static void zap_pte_range(struct mmu_gather *tlb, struct vm_area_struct *vma, pmd_t *pmd,
			  unsigned long addr, unsigned long end)
{
	/* Truncation comes here without mmap_lock. */
	bool locked = READ_ONCE(vma->vm_flags) & VM_LOCKED;
	spinlock_t *ptl = pte_lockptr(pmd);
	pte_t *ptep = pte_offset(pmd, addr);
	struct rss_delta rss = {};

	spin_lock(ptl);
	if (!tlb->whole_mm)
		flush_tlb_batched_pending(tlb->mm);
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);

		if (unlikely(tlb->keep_anon) && pte_is_anon(pte))
			continue;
		if (likely(pte_present(pte))) {
			zap_present_pte(tlb, ptep, addr, locked, &rss);
		} else if (!pte_none(pte)) {
			set_pte(ptep, (pte_t){ 0 });
			rss.swap--;
			free_swap_and_cache(pte_to_swp_entry(pte));
		}
	}
	spin_unlock(ptl);
	add_rss(tlb->mm, &rss);
}

void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	unsigned long next;

	DEBUG_ASSERT(start >= vma->vm_start && end <= vma->vm_end && start < end);
	for (; start < end; start = next) {
		pmd_t *pmd = mm_find_pmd(vma->vm_mm, start);

		if (!pmd) {
			next = pud_addr_end(start, end);
			continue;
		}
		next = pmd_addr_end(start, end);
		if (pmd_none(pmd))
			continue;
		zap_pte_range(tlb, vma, pmd, start, next);
		if (tlb->nr_batches >= MAX_BATCHES)
			tlb_flush(tlb);
		cond_resched();
	}
}

void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, vma->vm_mm);
	unmap_page_range(&tlb, vma, start, end);
	tlb_finish_mmu(&tlb);
}

/* A table stays while an area in i_mmap covers it: areas leave i_mmap before their tables go. */
void unmap_mapping_range(struct address_space *mapping, pgoff_t first, pgoff_t last, bool even_cows)
{
	struct interval_tree_node *node;
	struct mmu_gather tlb;

	down_read(&mapping->i_mmap_rwsem);
	interval_tree_for_each(node, &mapping->i_mmap, first, last) {
		struct vm_area_struct *vma = container_of(node, struct vm_area_struct, shared);
		pgoff_t from = max(first, node->start), to = min(last, node->last);

		tlb_gather_mmu(&tlb, vma->vm_mm);
		tlb.keep_anon = !even_cows;
		unmap_page_range(&tlb, vma, vma->vm_start + ((from - node->start) << PAGE_SHIFT),
				 vma->vm_start + ((to - node->start + 1) << PAGE_SHIFT));
		tlb_finish_mmu(&tlb);
	}
	up_read(&mapping->i_mmap_rwsem);
}
