/* mremap.c - growing, shrinking and moving a mapping, its pages with it.
 * Holds:  a page's index stays what it was, because the new area's vm_pgoff moves with it. While
 *         entries move, the family's or file's lock is held for write, so that no walk misses one
 *         on its way.
 *         What one table maps moves with the table, where old and new place allow it.
 * Locks:  mmap_lock for write; the pte locks of both tables, the lower address's table first, or
 *         page_table_lock where a table moves.
 * Read:   vma.c, zap.c. */
#include <mm/internal.h>

#include <lib/err.h>
#include <asm/tlb.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/mman.h>

/* --- moving entries --- */

static void lock_both(spinlock_t *a, spinlock_t *b)
{
	spin_lock(a < b ? a : b);
	if (a != b)
		spin_lock_nested(a < b ? b : a);	/* ordered by address */
}

static void unlock_both(spinlock_t *a, spinlock_t *b)
{
	spin_unlock(a);
	if (a != b)
		spin_unlock(b);
}

/* Keep every walk of the reverse map out of @vma's pages: one that comes between would find a page
 * neither at its old nor at its new place. */
static void take_rmap_locks(struct vm_area_struct *vma)
{
	if (vma->vm_file)
		down_write(&file_mapping(vma->vm_file)->i_mmap_rwsem);
	if (vma->anon_vma)
		down_write(&vma->anon_vma->root->rwsem);
}

static void drop_rmap_locks(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		up_write(&vma->anon_vma->root->rwsem);
	if (vma->vm_file)
		up_write(&file_mapping(vma->vm_file)->i_mmap_rwsem);
}

/* What moves counts as written: it was not at its new place before. What is not there does not. */
static pte_t move_soft_dirty(pte_t pte)
{
	return is_swap_pte(pte) ? pte_swp_mksoft_dirty(pte) : pte_mksoft_dirty(pte);
}

static void mark_table(pmd_t *pmd)
{
	pte_t *ptep = pte_offset(pmd, 0);

	spin_lock(pte_lockptr(pmd));
	for (unsigned int i = 0; i < PTRS_PER_TABLE; i++, ptep++) {
		pte_t pte = ptep_get(ptep);

		while (!pte_none(pte) && !ptep_try_change(ptep, &pte, move_soft_dirty(pte)))
			;
	}
	spin_unlock(pte_lockptr(pmd));
}

/* Entries of one table to another, [from, end). Flushed before the locks go, since another thread
 * may write through a translation of the old place, and reclaim must see that in the new entry. */
static void move_ptes(struct vm_area_struct *vma, pmd_t *old_pmd, unsigned long from,
		      unsigned long end, pmd_t *new_pmd, unsigned long to)
{
	pte_t *old = pte_offset(old_pmd, from), *new = pte_offset(new_pmd, to);
	spinlock_t *old_ptl = pte_lockptr(old_pmd), *new_ptl = pte_lockptr(new_pmd);
	bool moved = false;

	take_rmap_locks(vma);
	lock_both(old_ptl, new_ptl);
	flush_tlb_batched_pending(vma->vm_mm);
	for (unsigned long addr = from; addr < end; addr += PAGE_SIZE, old++, new++) {
		if (pte_none(ptep_get(old)))
			continue;
		set_pte(new, move_soft_dirty(ptep_get_and_clear(old)));
		moved = true;
	}
	if (moved)
		flush_tlb_mm_range(vma->vm_mm, from, end, false);
	unlock_both(old_ptl, new_ptl);
	drop_rmap_locks(vma);
}

/* All that the table at @from maps, with the table. No pte lock is needed: to find the table takes
 * mmap_lock or one of the locks taken here. Flushed before these go, as above, and with it the
 * processors' memory of which table was there. */
static void move_whole_table(struct vm_area_struct *vma, pmd_t *old_pmd, unsigned long from,
			     pmd_t *new_pmd)
{
	take_rmap_locks(vma);
	if (!(vma->vm_flags & VM_SOFTDIRTY))	/* or all of it counts as written anyway */
		mark_table(old_pmd);
	move_table(vma->vm_mm, old_pmd, new_pmd);
	flush_tlb_mm_range(vma->vm_mm, from, from + PMD_SIZE, true);
	drop_rmap_locks(vma);
}

static bool maps_nothing(pmd_t *pmd, unsigned long addr, unsigned long end)
{
	pte_t *ptep = pte_offset(pmd, addr);

	while (addr < end && pte_none(ptep_get(ptep)))
		addr += PAGE_SIZE, ptep++;
	return addr == end;
}

/* Move what is mapped in [from, from + len) to @to. Returns the bytes done: fewer when no table
 * could be had for the rest. That cannot be when the same range moves back: what is mapped finds
 * the table that it left, or brings one along. */
static unsigned long move_page_tables(struct vm_area_struct *vma, unsigned long from,
				      unsigned long to, unsigned long len)
{
	unsigned long done = 0, step;

	for (; done < len; done += step) {
		pmd_t *old_pmd = mm_find_pmd(vma->vm_mm, from + done), *new_pmd;

		cond_resched();
		if (!old_pmd) {
			step = pud_addr_end(from + done, from + len) - (from + done);
			continue;
		}
		step = pmd_addr_end(from + done, from + len) - (from + done);
		step = min(step, pmd_addr_end(to + done, to + len) - (to + done));
		if (pmd_none(old_pmd))
			continue;
		new_pmd = mm_alloc_pmd(vma->vm_mm, to + done);
		if (!new_pmd)
			break;
		if (step == PMD_SIZE && pmd_none(new_pmd)) {
			move_whole_table(vma, old_pmd, from + done, new_pmd);
			continue;
		}
		if (pmd_none(new_pmd) &&
		    maps_nothing(old_pmd, from + done, from + done + step))
			continue;
		if (pte_alloc(vma->vm_mm, new_pmd))
			break;
		move_ptes(vma, old_pmd, from + done, from + done + step, new_pmd, to + done);
	}
	return min(done, len);
}

/* --- moving an area --- */

/* What mremap was asked for, checked and page aligned. */
struct mremap {
	struct mm_struct	*mm;
	unsigned long		addr, old_len, new_len, flags, new_addr;
};

/* A copy of @vma's part at @to, linked and in the reverse map, its pages promised, of which
 * @replaced take the place of others; NULL: no memory. */
static struct vm_area_struct *copy_vma(struct mremap *m, struct vm_area_struct *vma,
				       unsigned long to, unsigned long replaced)
{
	struct vm_area_struct *fresh = vma_dup(vma);

	if (!fresh)
		return NULL;
	/* Pages keep their index. Where there are none it may as well fit the new neighbours. */
	if (!vma->vm_file && !vma->anon_vma)
		fresh->vm_pgoff = to >> PAGE_SHIFT;
	else
		fresh->vm_pgoff += (m->addr - vma->vm_start) >> PAGE_SHIFT;
	fresh->vm_start = to;
	fresh->vm_end = to + m->new_len;
	if (vm_acct_replacing(vma_promised(fresh), replaced)) {
		vma_free(fresh);
		return NULL;
	}
	if (anon_vma_clone(fresh, vma)) {
		vm_unacct_memory(vma_promised(fresh));
		vma_free(fresh);
		return NULL;
	}
	vma_link(m->mm, fresh);
	return fresh;
}

/* MREMAP_DONTUNMAP: what becomes of the area whose pages have moved away. */
static void leave_empty(struct mremap *m, struct vm_area_struct *vma)
{
	long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	if (m->addr == vma->vm_start && m->addr + m->old_len == vma->vm_end)
		unlink_anon_vmas(vma);	/* it has no pages any more */
	vm_stat_account(m->mm, vma->vm_flags, -pages);
	/* Of all of it, as on Linux. */
	WRITE_ONCE(vma->vm_flags, vma->vm_flags & ~(VM_LOCKED | VM_LOCKONFAULT));
	vm_stat_account(m->mm, vma->vm_flags, pages);
}

/* Move [addr, addr + old_len) of @vma to @to, new_len bytes. The range there is free. */
static unsigned long move_vma(struct mremap *m, struct vm_area_struct *vma, unsigned long to)
{
	bool keep_old = m->flags & MREMAP_DONTUNMAP || !m->old_len;
	struct vm_area_struct *fresh;
	unsigned long done;

	if (m->mm->map_count + 3 >= max_map_count)
		return -ENOMEM;
	if (!keep_old) {	/* so that unmapping it cannot fail */
		vma = vma_isolate(vma, m->addr, m->addr + m->old_len);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
	}
	fresh = copy_vma(m, vma, to, keep_old ? 0 : vma_promised(vma));
	if (!fresh) {
		vma_merge_changed(vma);
		return -ENOMEM;
	}
	vm_stat_account(m->mm, fresh->vm_flags, m->new_len >> PAGE_SHIFT);
	done = move_page_tables(vma, m->addr, to, m->old_len);
	if (done < m->old_len) {	/* back again: a table has stayed there or comes along */
		move_page_tables(vma, to, m->addr, done);
		munmap_locked(m->mm, to, m->new_len);
		vma_merge_changed(vma);
		return -ENOMEM;
	}
	if (!keep_old) {
		munmap_locked(m->mm, m->addr, m->old_len);
	} else if (m->flags & MREMAP_DONTUNMAP) {
		leave_empty(m, vma);
	}
	vma_merge_changed(fresh);
	return to;
}

/* The area that holds the old range, if it may become what is asked; or ERR_PTR. */
static struct vm_area_struct *vma_to_resize(struct mremap *m)
{
	struct vm_area_struct *vma = vma_lookup(m->mm, m->addr);
	unsigned long grow = m->new_len > m->old_len ? m->new_len - m->old_len : 0;

	if (!vma)
		return ERR_PTR(-EFAULT);
	if (!m->old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if (m->flags & MREMAP_DONTUNMAP && vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EINVAL);
	if (m->old_len > vma->vm_end - m->addr)
		return ERR_PTR(-EFAULT);
	if (m->flags & MREMAP_DONTUNMAP &&
	    !may_expand_vm(m->mm, vma->vm_flags, m->old_len >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	if (!grow)
		return vma;
	if (vma->vm_pgoff + ((m->addr - vma->vm_start + m->new_len) >> PAGE_SHIFT) < vma->vm_pgoff)
		return ERR_PTR(-EINVAL);
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EFAULT);
	if (!mlock_future_ok(m->mm, vma->vm_flags, grow))
		return ERR_PTR(-EAGAIN);
	return may_expand_vm(m->mm, vma->vm_flags, grow >> PAGE_SHIFT) ? vma : ERR_PTR(-ENOMEM);
}

static unsigned long mremap_to(struct mremap *m)
{
	struct vm_area_struct *vma;
	unsigned long to = m->new_addr;
	int err;

	if (m->flags & MREMAP_FIXED) {
		if (offset_in_page(to) || m->new_len > TASK_SIZE || to > TASK_SIZE - m->new_len)
			return -EINVAL;
		if (m->addr + m->old_len > to && to + m->new_len > m->addr)
			return -EINVAL;
		if (!may_map_at(to))
			return -EPERM;
		err = munmap_locked(m->mm, to, m->new_len);
		if (err)
			return err;
	}
	if (m->old_len > m->new_len) {
		err = munmap_locked(m->mm, m->addr + m->new_len, m->old_len - m->new_len);
		if (err)
			return err;
		m->old_len = m->new_len;
	}
	vma = vma_to_resize(m);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (!(m->flags & MREMAP_FIXED))
		to = get_unmapped_area(m->mm, 0, m->new_len, 0);
	return IS_ERR_VALUE(to) ? to : move_vma(m, vma, to);
}

/* Nothing is in the way of growing where it is. */
static bool can_grow_in_place(struct mremap *m, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma);

	if (m->addr + m->old_len != vma->vm_end || m->addr + m->new_len < m->addr ||
	    m->addr + m->new_len > TASK_SIZE)
		return false;
	return !next || m->addr + m->new_len <= vma_start_gap(next);
}

static unsigned long mremap_locked(struct mremap *m)
{
	struct vm_area_struct *vma;
	unsigned long to;
	int err;

	if (!vma_lookup(m->mm, m->addr))
		return -EFAULT;
	if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return mremap_to(m);
	if (m->old_len >= m->new_len) {
		if (m->old_len == m->new_len)
			return m->addr;
		err = munmap_locked(m->mm, m->addr + m->new_len, m->old_len - m->new_len);
		return err ? (unsigned long)err : m->addr;
	}
	vma = vma_to_resize(m);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (m->old_len && can_grow_in_place(m, vma)) {
		if (vma->vm_flags & VM_ACCOUNT &&
		    vm_acct_memory((m->new_len - m->old_len) >> PAGE_SHIFT))
			return -ENOMEM;
		vm_stat_account(m->mm, vma->vm_flags, (m->new_len - m->old_len) >> PAGE_SHIFT);
		vma_set_bounds(vma, vma->vm_start, m->addr + m->new_len, vma->vm_pgoff);
		vma_merge_changed(vma);
		return m->addr;
	}
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = get_unmapped_area(m->mm, 0, m->new_len, 0);
	return IS_ERR_VALUE(to) ? to : move_vma(m, vma, to);
}

unsigned long do_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
	struct mremap m = { mm, addr, PAGE_ALIGN(old_len), PAGE_ALIGN(new_len), flags, new_addr };
	bool populate = false;
	unsigned long ret;

	if (flags & ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && (!(flags & MREMAP_MAYMOVE) || old_len != new_len))
		return -EINVAL;
	if (offset_in_page(addr) || !m.new_len || m.old_len < old_len)
		return -EINVAL;
	if (m.new_len > TASK_SIZE)
		return flags & MREMAP_FIXED ? -EINVAL : -ENOMEM;
	down_write(&mm->mmap_lock);
	ret = mremap_locked(&m);
	if (!IS_ERR_VALUE(ret) && m.new_len > m.old_len) {
		struct vm_area_struct *vma = vma_lookup(mm, ret);

		populate = vma && vma->vm_flags & VM_LOCKED;
	}
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(mm, ret + m.old_len, m.new_len - m.old_len);
	return ret;
}
