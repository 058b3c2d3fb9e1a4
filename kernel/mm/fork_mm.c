/* fork_mm.c - a child's address space: the same areas, the same pages, nobody may write to a
 * private one.
 *
 * Each private page that is mapped gets a second entry. Both entries are read-only from then on and
 * PG_anon_exclusive is gone, so that the first write on either side comes to do_wp_page, which
 * copies unless the other side has left meanwhile.
 *
 * Locks:  both mmap_locks for write, parent's first (nobody knows the child's yet); a parent's pte
 *         lock, then the child's for the table at the same place.
 * Read:   memory.c: do_wp_page. */
#include <mm/internal.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <sched/sched.h>

struct copy_counts {
	long	anon, file, shmem, swap;
};

/* One swap entry: one more owner of the slot, and so nobody's alone. Both pte locks are held. */
static void copy_swap_pte(pte_t *dst, pte_t *src, struct copy_counts *counts)
{
	pte_t pte = ptep_get(src);

	swap_add_entries(pte_to_swp_entry(pte), 1);
	if (pte_swp_exclusive(pte)) {
		pte = pte_swp_clear_exclusive(pte);
		set_pte(src, pte);
	}
	set_pte(dst, pte);
	counts->swap++;
}

/* An anonymous page gets a second owner. If it was one mm's alone, its threads may be writing to it
 * until they are flushed, and only that mm's entry would know: so if it is a slot's copy, the child
 * must not take it for a clean one. */
static inline void share_anon_page(struct page *page)
{
	unsigned long flags = READ_ONCE(page->flags);

	if (!(flags & BIT(PG_anon_exclusive)))
		return;
	page_clear_flag(page, PG_anon_exclusive);
	if (unlikely(flags & BIT(PG_swapcache)))
		folio_mark_dirty(page_folio(page));
}

/* One present entry. Both pte locks are held. */
static void copy_present_pte(pte_t *dst, pte_t *src, bool shared, bool has_file,
			     struct copy_counts *counts)
{
	pte_t pte = ptep_get(src);
	struct page *page;

	if (!shared && pte_write(pte)) {
		ptep_set_wrprotect(src);
		pte = pte_wrprotect(pte);
	}
	if (!pte_special(pte)) {
		page = pfn_to_page(pte_pfn(pte));
		if (!has_file || folio_test_anon(page_folio(page))) {
			share_anon_page(page);
			counts->anon++;
		} else if (page_flag(page, PG_swapbacked)) {
			counts->shmem++;
		} else {
			counts->file++;
		}
		atomic_inc(&page->_refcount);
		atomic_inc(&page->_mapcount);
	}
	/* The child has not used the page yet. It is as dirty for the child as it is for us. */
	set_pte(dst, pte_mkold(pte));
}

static void copy_pte_range(struct vm_area_struct *vma, struct mm_struct *dst_mm, pmd_t *dst_pmd,
			   pmd_t *src_pmd, unsigned long addr, unsigned long end)
{
	pte_t *dst = pte_offset(dst_pmd, addr), *src = pte_offset(src_pmd, addr);
	spinlock_t *dst_ptl = pte_lockptr(dst_pmd), *src_ptl = pte_lockptr(src_pmd);
	bool shared = vma->vm_flags & VM_SHARED, has_file = vma->vm_file;
	struct copy_counts counts = {};

	spin_lock(src_ptl);
	spin_lock_nested(dst_ptl);	/* parent first; nobody takes them the other way round */
	for (; addr < end; addr += PAGE_SIZE, src++, dst++) {
		pte_t pte = ptep_get(src);

		if (likely(pte_present(pte)))
			copy_present_pte(dst, src, shared, has_file, &counts);
		else if (!pte_none(pte))
			copy_swap_pte(dst, src, &counts);
	}
	spin_unlock(dst_ptl);
	spin_unlock(src_ptl);
	atomic_add(&dst_mm->rss_anon, counts.anon);
	if (counts.file)
		atomic_add(&dst_mm->rss_file, counts.file);
	if (counts.shmem)
		atomic_add(&dst_mm->rss_shmem, counts.shmem);
	if (counts.swap)
		atomic_add(&dst_mm->swapents, counts.swap);
}

/* Give @dst the entries of @src. 0 or -ENOMEM, and then some have been copied. */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	unsigned long addr = src->vm_start, next;

	for (; addr < src->vm_end; addr = next) {
		pmd_t *src_pmd = mm_find_pmd(src->vm_mm, addr), *dst_pmd;

		if (!src_pmd) {
			next = pud_addr_end(addr, src->vm_end);
			continue;
		}
		next = pmd_addr_end(addr, src->vm_end);
		if (pmd_none(src_pmd))
			continue;
		dst_pmd = mm_alloc_pmd(dst->vm_mm, addr);
		if (!dst_pmd || pte_alloc(dst->vm_mm, dst_pmd))
			return -ENOMEM;
		copy_pte_range(src, dst->vm_mm, dst_pmd, src_pmd, addr, next);
		cond_resched();
	}
	return 0;
}

/* An area without pages of its own (no anon_vma) needs no copying: the child faults a file's pages
 * in from the page cache as it goes. Where there are some, the child's area is in the reverse map
 * before it has the first entry. */
static int dup_vma(struct mm_struct *mm, struct vm_area_struct *old)
{
	unsigned long promised = vma_promised(old);
	struct vm_area_struct *vma;

	if (vm_acct_memory(promised))
		return -ENOMEM;
	vma = vma_dup(old);
	if (!vma)
		goto unacct;
	vma->vm_mm = mm;
	vma->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	vma->anon_vma = NULL;
	if (!(old->vm_flags & VM_WIPEONFORK) && anon_vma_fork(vma, old)) {
		vma_free(vma);
		goto unacct;
	}
	/* Equal intervals sort by arrival: a walk that runs while entries are copied comes to the
	 * parent's area first, and so misses none. */
	vma_link_last(mm, vma);
	return vma->anon_vma ? copy_page_range(vma, old) : 0;
unacct:
	vm_unacct_memory(promised);
	return -ENOMEM;
}

/* The counts are those of all areas; what is left out of the copy is taken off later. */
static void copy_layout(struct mm_struct *mm, struct mm_struct *old)
{
	mm->mmap_base = old->mmap_base;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	mm->total_vm = old->total_vm;
	mm->data_vm = old->data_vm;
	mm->stack_vm = old->stack_vm;
	mm->exec_vm = old->exec_vm;
	mm->membarrier = READ_ONCE(old->membarrier);
	if (old->exe_file)
		mm->exe_file = get_file(old->exe_file);
}

/* Both mmap_locks are held for write. On failure @mm has what was copied so far. */
static int dup_mmap(struct mm_struct *mm, struct mm_struct *old)
{
	struct vm_area_struct *vma;
	int err = 0;

	copy_layout(mm, old);
	list_for_each_entry(vma, &old->mmap_list, vm_list) {
		long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

		if (vma->vm_flags & VM_DONTCOPY)
			vm_stat_account(mm, vma->vm_flags & ~VM_LOCKED, -pages);
		else
			err = dup_vma(mm, vma);
		if (err)
			break;
	}
	mm->hiwater_vm = mm->total_vm;
	/* Whoever runs our threads must not write through what was writable until now. */
	flush_tlb_mm(old);
	return err;
}

struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = mm_alloc();
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	err = down_write_killable(&old->mmap_lock);
	if (!err) {
		down_write_nested(&mm->mmap_lock);	/* nobody else has the child's */
		err = dup_mmap(mm, old);
		up_write(&mm->mmap_lock);
		up_write(&old->mmap_lock);
	}
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	return mm;
}
