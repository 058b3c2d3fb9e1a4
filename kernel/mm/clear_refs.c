/* clear_refs.c - forgetting which pages a process has used or written.
 *
 * The processor has one dirty bit, and that belongs to the kernel. What a user asks for is
 * therefore a bit of our own, soft-dirty, that is set together with it: by pte_mkdirty, when a page
 * is made writable. To forget is to clear it and to take the right to write away, so that the next
 * write faults and sets it again. An area that is new since then has VM_SOFTDIRTY: all of it counts
 * as written, also what was unmapped and mapped afresh.
 *
 * Locks:  mmap_lock for write, since areas' flags change and no fault may set a bit halfway.
 * Read:   pgtable.h: pte_mkdirty; vma.c: vm_get_page_prot; memory.c: do_wp_page. */
#include <mm/clear_refs.h>

#include <asm/tlb.h>
#include <mm/internal.h>
#include <mm/pagewalk.h>

static void clear_accessed(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	pte_t pte = ptep_get(ptep);

	if (!pte_present(pte))
		return;
	ptep_test_and_clear_young(ptep);
	if (!pte_special(pte))
		page_clear_flag(pfn_to_page(pte_pfn(pte)), PG_young);
}

static void clear_soft_dirty(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	pte_t pte = ptep_get(ptep);

	if (pte_present(pte))
		ptep_clear_soft_dirty(ptep);
	else if (is_swap_pte(pte))
		set_pte(ptep, pte_swp_clear_soft_dirty(pte));
}

static bool wanted(const struct vm_area_struct *vma, enum clear_refs what)
{
	if (vma->vm_flags & VM_PFNMAP)
		return false;
	if (what == CLEAR_REFS_ANON)
		return !vma->vm_file;
	return what != CLEAR_REFS_MAPPED || vma->vm_file;
}

static void clear_areas(struct mm_struct *mm, enum clear_refs what)
{
	struct mm_walk walk = {
		.pte_entry = what == CLEAR_REFS_SOFT_DIRTY ? clear_soft_dirty : clear_accessed,
	};

	for (walk.vma = find_vma(mm, 0); walk.vma; walk.vma = vma_next(walk.vma)) {
		if (!wanted(walk.vma, what))
			continue;
		if (what == CLEAR_REFS_SOFT_DIRTY) {
			WRITE_ONCE(walk.vma->vm_flags, walk.vma->vm_flags & ~VM_SOFTDIRTY);
			vma_set_page_prot(walk.vma);
		}
		walk_page_range(&walk, walk.vma->vm_start, walk.vma->vm_end);
	}
	/* Processors remember that they have set a bit, or that they may write, until they are
	 * told. */
	flush_tlb_mm(mm);
}

int mm_clear_refs(struct mm_struct *mm, enum clear_refs what)
{
	int err = down_write_killable(&mm->mmap_lock);

	if (err)
		return err;
	if (what == CLEAR_REFS_MM_HIWATER_RSS)
		mm->hiwater_rss = get_mm_rss(mm);
	else
		clear_areas(mm, what);
	up_write(&mm->mmap_lock);
	return 0;
}
