/* mprotect.c - permission changes, down to the entries.
 * Locks:  mmap_lock for write; each table's pte lock. All processors are flushed before it is
 *         released.
 * Read:   vma.c for splitting and merging; memory.c for how a page becomes writable again. */
#include <mm/internal.h>

#include <lib/err.h>
#include <asm/tlb.h>
#include <mm/filemap.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/mman.h>

/* The entry with the area's new rights. A private page that is ours alone may be written at once
 * when the area may be; anything else has its first write looked at by do_wp_page. */
static pte_t new_pte(const struct vm_area_struct *vma, pte_t pte)
{
	pte_t changed = pte_modify(pte, vma->vm_page_prot);
	struct page *page;

	if (!(vma->vm_flags & VM_WRITE) || vma->vm_flags & VM_SHARED || pte_special(pte))
		return changed;
	page = pfn_to_page(pte_pfn(pte));
	/* One that is not soft-dirty has its next write noticed, too: see clear_refs.c. */
	return page_flag(page, PG_anon_exclusive) && pte_dirty(pte) && pte_soft_dirty(pte) ?
		       pte_mkwrite(changed) : changed;
}

/* The first and last entry that became less permissive, as addresses; first > last: none. */
struct tightened {
	unsigned long first, last;
};

static void change_pte_range(struct vm_area_struct *vma, pmd_t *pmd, unsigned long addr,
			     unsigned long end, struct tightened *tight)
{
	pte_t *ptep = pte_offset(pmd, addr);
	spinlock_t *ptl = pte_lockptr(pmd);

	spin_lock(ptl);
	flush_tlb_batched_pending(vma->vm_mm);
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep), changed;

		if (!pte_present(pte))
			continue;	/* in swap: it gets the area's rights when it returns */
		do
			changed = new_pte(vma, pte);
		while (!ptep_try_change(ptep, &pte, changed));
		if (pte.val & ~changed.val & (_PAGE_PRESENT | _PAGE_RW) ||
		    changed.val & ~pte.val & _PAGE_NX) {
			tight->first = min(tight->first, addr);
			tight->last = addr;
		}
	}
	spin_unlock(ptl);
}

/* Give every entry of [start, end) the rights of @vma. */
static void change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct tightened tight = { TASK_SIZE, 0 };
	unsigned long addr, next;

	for (addr = start; addr < end; addr = next) {
		pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);

		if (!pmd) {
			next = pud_addr_end(addr, end);
			continue;
		}
		next = pmd_addr_end(addr, end);
		if (pmd_none(pmd))
			continue;
		change_pte_range(vma, pmd, addr, next, &tight);
		cond_resched();
	}
	if (tight.first <= tight.last)
		flush_tlb_mm_range(vma->vm_mm, tight.first, tight.last + PAGE_SIZE, false);
}

/* One area's part [start, end) gets @flags. The area that has it now, or ERR_PTR. */
static struct vm_area_struct *mprotect_area(struct vm_area_struct *vma, unsigned long start,
					    unsigned long end, vm_flags_t flags)
{
	struct mm_struct *mm = vma->vm_mm;
	long pages = (end - start) >> PAGE_SHIFT, promised = 0;

	if (flags == vma->vm_flags)
		return vma;
	/* Linux keeps VM_ACCOUNT when the right to write goes again, and so the areas stay
	 * apart. */
	if (flags & VM_WRITE &&
	    !(vma->vm_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE))) {
		if (!may_become_data(mm, flags, pages) || vm_acct_memory(pages))
			return ERR_PTR(-ENOMEM);
		promised = pages;
		flags |= VM_ACCOUNT;
	}
	vma = vma_isolate(vma, start, end);
	if (IS_ERR(vma)) {
		vm_unacct_memory(promised);
		return vma;
	}
	vm_stat_account(mm, vma->vm_flags, -pages);
	WRITE_ONCE(vma->vm_flags, flags);
	vma_set_page_prot(vma);
	vm_stat_account(mm, flags, pages);
	change_protection(vma, start, end);
	return vma_merge_changed(vma);
}

/* mmap_lock held for write. Areas before the one that failed keep their new rights, as on Linux. */
static int mprotect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			   unsigned long prot)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	if (vma && prot & PROT_GROWSDOWN) {
		if (vma->vm_start >= end || !(vma->vm_flags & VM_GROWSDOWN))
			return vma->vm_start >= end ? -ENOMEM : -EINVAL;
		start = vma->vm_start;
	}
	if (!vma || vma->vm_start > start)
		return -ENOMEM;
	while (start < end) {
		vm_flags_t flags;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;	/* a hole */
		flags = (vma->vm_flags & ~VM_ACCESS_FLAGS) | (prot & VM_ACCESS_FLAGS);
		/* VM_MAYx is four bits above VM_x. */
		if (flags & ~(flags >> 4) & VM_ACCESS_FLAGS)
			return -EACCES;
		vma = mprotect_area(vma, start, min(end, vma->vm_end), flags);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = min(end, vma->vm_end);
		vma = vma_next(vma);
	}
	return 0;
}

int do_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot)
{
	const unsigned long known = VM_ACCESS_FLAGS | PROT_GROWSDOWN | PROT_GROWSUP | 0x8;
	unsigned long end;
	int err;

	if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (offset_in_page(addr))
		return -EINVAL;
	if (!len)
		return 0;
	end = addr + PAGE_ALIGN(len);
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~known || prot & PROT_GROWSUP)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	err = mprotect_locked(mm, addr, end, prot);
	up_write(&mm->mmap_lock);
	return err;
}
