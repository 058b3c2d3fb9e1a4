/* pagewalk.c - the entries of an area for those who only look, or change nothing but an entry's
 * history.
 * Locks:  mmap_lock at least for read, which keeps the tables; each table's pte lock while its
 *         entries are visited, so that what is mapped stays mapped for as long.
 * Read:   zap.c and mprotect.c, which have walks of their own because they flush in their own
 *         way. */
#include <mm/pagewalk.h>

#include <debug/assert.h>
#include <mm/internal.h>
#include <sched/sched.h>

static void walk_table(struct mm_walk *walk, pmd_t *pmd, unsigned long addr, unsigned long end)
{
	pte_t *ptep = pte_offset(pmd, addr);
	spinlock_t *ptl = pte_lockptr(pmd);

	spin_lock(ptl);
	for (; addr < end; addr += PAGE_SIZE, ptep++)
		walk->pte_entry(ptep, addr, walk);
	spin_unlock(ptl);
}

void walk_page_range(struct mm_walk *walk, unsigned long start, unsigned long end)
{
	unsigned long next;

	DEBUG_ASSERT(start >= walk->vma->vm_start && end <= walk->vma->vm_end);
	for (; start < end; start = next) {
		pmd_t *pmd = mm_find_pmd(walk->vma->vm_mm, start);

		if (!pmd) {
			next = pud_addr_end(start, end);
			continue;
		}
		next = pmd_addr_end(start, end);
		if (pmd_none(pmd))
			continue;
		walk_table(walk, pmd, start, next);
		cond_resched();
	}
}
