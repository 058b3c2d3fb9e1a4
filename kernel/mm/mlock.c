/* mlock.c - memory that must stay: an area's flag, its pages brought in, and a limit. Also mincore
 * and msync, which only look.
 * Holds:  VM_LOCKED of an area that maps a page is what keeps it; reclaim asks every one. A page's
 *         PG_mlocked, set here and where such an area gets a page, spares it the asking, and makes
 *         the page count as locked. It is set after VM_LOCKED, so that no page is forgotten.
 * Locks:  mmap_lock for write while flags change; for read while pages come in. */
#include <mm/mlock.h>

#include <lib/err.h>
#include <lib/string.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/pagewalk.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/mman.h>
#include <uapi/resource.h>

#define LOCK_FLAGS	(VM_LOCKED | VM_LOCKONFAULT)

static struct folio *mapped_folio(pte_t pte)
{
	if (!pte_present(pte) || pte_special(pte))
		return NULL;
	return page_folio(pfn_to_page(pte_pfn(pte)));
}

static void mark_locked(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	struct folio *folio = mapped_folio(ptep_get(ptep));

	if (folio)
		folio_mlock(folio);
}

static void mark_unlocked(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	struct folio *folio = mapped_folio(ptep_get(ptep));

	if (folio)
		folio_munlock(folio);
}

/* The pages that are there, after @vma's flags have changed. */
static void mark_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mm_walk walk = {
		.vma = vma,
		.pte_entry = vma->vm_flags & VM_LOCKED ? mark_locked : mark_unlocked,
	};

	walk_page_range(&walk, start, end);
}

/* Give @vma's part [start, end) the lock flags @lock. The area that has it now, or ERR_PTR. */
static struct vm_area_struct *mlock_area(struct vm_area_struct *vma, unsigned long start,
					 unsigned long end, vm_flags_t lock)
{
	vm_flags_t flags = (vma->vm_flags & ~LOCK_FLAGS) | lock;
	bool changes = (flags ^ vma->vm_flags) & VM_LOCKED;
	long pages = (end - start) >> PAGE_SHIFT;

	if (flags == vma->vm_flags || vma->vm_flags & VM_PFNMAP)
		return vma;
	vma = vma_isolate(vma, start, end);
	if (IS_ERR(vma))
		return vma;
	vm_stat_account(vma->vm_mm, vma->vm_flags, -pages);
	WRITE_ONCE(vma->vm_flags, flags);
	vm_stat_account(vma->vm_mm, flags, pages);
	vma = vma_merge_changed(vma);
	if (changes)
		mark_pages(vma, start, end);
	return vma;
}

/* mmap_lock held for write. A hole is -ENOMEM; areas before it have changed. */
static int mlock_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		       vm_flags_t lock)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	while (start < end) {
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		vma = mlock_area(vma, start, min(end, vma->vm_end), lock);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = min(end, vma->vm_end);
		vma = vma_next(vma);
	}
	return 0;
}

/* Pages of [start, end) that are locked already. */
static unsigned long locked_pages(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long bytes = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if (vma->vm_flags & VM_LOCKED)
			bytes += min(end, vma->vm_end) - max(start, vma->vm_start);
	return bytes >> PAGE_SHIFT;
}

static bool may_lock(void)
{
	return rlimit(RLIMIT_MEMLOCK) || !current->cred.euid;
}

static bool within_limit(unsigned long pages)
{
	return pages <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT || !current->cred.euid;
}

/* Page-aligned [*start, *end) around the bytes; false if it wraps. */
static bool page_range(unsigned long addr, unsigned long len, unsigned long *start,
		       unsigned long *end)
{
	*start = addr & PAGE_MASK;
	*end = *start + PAGE_ALIGN(len + offset_in_page(addr));
	return *end >= *start && PAGE_ALIGN(len + offset_in_page(addr)) >= len;
}

int do_mlock(struct mm_struct *mm, unsigned long addr, unsigned long len, bool on_fault)
{
	unsigned long start, end, pages;
	int err = -ENOMEM;

	if (!may_lock())
		return -EPERM;
	if (!page_range(addr, len, &start, &end))
		return -EINVAL;
	if (start == end)
		return 0;
	down_write(&mm->mmap_lock);
	pages = mm->locked_vm + ((end - start) >> PAGE_SHIFT);
	if (within_limit(pages) || within_limit(pages - locked_pages(mm, start, end)))
		err = mlock_range(mm, start, end, on_fault ? LOCK_FLAGS : VM_LOCKED);
	up_write(&mm->mmap_lock);
	if (err || on_fault)
		return err;
	err = mm_populate(mm, start, end - start);
	return err == -EFAULT ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

int do_munlock(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	unsigned long start, end;
	int err;

	if (!page_range(addr, len, &start, &end))
		return -EINVAL;
	if (start == end)
		return 0;
	down_write(&mm->mmap_lock);
	err = mlock_range(mm, start, end, 0);
	up_write(&mm->mmap_lock);
	return err;
}

/* All areas get @lock; errors are ignored, as on Linux. mmap_lock held for write. */
static void mlock_all_areas(struct mm_struct *mm, vm_flags_t lock)
{
	struct vm_area_struct *vma = find_vma(mm, 0);

	while (vma) {
		struct vm_area_struct *changed = mlock_area(vma, vma->vm_start, vma->vm_end, lock);

		vma = vma_next(IS_ERR(changed) ? vma : changed);
	}
}

int do_mlockall(struct mm_struct *mm, int flags)
{
	vm_flags_t lock = flags & MCL_ONFAULT ? LOCK_FLAGS : VM_LOCKED;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!may_lock())
		return -EPERM;
	down_write(&mm->mmap_lock);
	if (flags & MCL_CURRENT && !within_limit(mm->total_vm)) {
		up_write(&mm->mmap_lock);
		return -ENOMEM;
	}
	mm->def_flags = flags & MCL_FUTURE ? lock : 0;
	if (flags & MCL_CURRENT)
		mlock_all_areas(mm, lock);
	up_write(&mm->mmap_lock);
	if (flags & MCL_CURRENT && !(flags & MCL_ONFAULT))
		mm_populate(mm, 0, TASK_SIZE);
	return 0;
}

int do_munlockall(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
	mm->def_flags = 0;
	mlock_all_areas(mm, 0);
	up_write(&mm->mmap_lock);
	return 0;
}

/* --- files that stay --- */

void mapping_make_evictable(struct address_space *mapping)
{
	pgoff_t index = 0;

	smp_mb();			/* see vmscan.c: mark_unevictable */
	while (filemap_next_present(mapping, &index)) {
		struct folio *folio = filemap_get_folio(mapping, index);

		/* If a locked area maps it, reclaim will find that and mark it anew. */
		if (folio) {
			folio_munlock(folio);
			folio_put(folio);
		}
		cond_resched();
		if (!++index)
			break;
	}
}

/* --- mincore --- */

/* @folio, a reference or NULL, has its content. */
static bool folio_resident(struct folio *folio)
{
	bool resident = folio && folio_flag(folio, PG_uptodate);

	if (folio)
		folio_put(folio);
	return resident;
}

/* A page in swap counts if there is a copy in memory. */
static bool swapped_resident(swp_entry_t entry)
{
	return folio_resident(swap_cache_get_folio(entry));
}

static bool cached_resident(struct address_space *mapping, pgoff_t index)
{
	void *entry = filemap_get_entry(mapping, index);

	return is_swap_radix_entry(entry) ? swapped_resident(radix_to_swp_entry(entry))
					  : folio_resident(entry);
}

/* Page @nr of @vma, whose entry is @pte and not present. */
static __noinline bool absent_resident(struct vm_area_struct *vma, unsigned long nr, pte_t pte)
{
	if (!pte_none(pte))
		return swapped_resident(pte_to_swp_entry(pte));
	return vma->vm_file && cached_resident(file_mapping(vma->vm_file), vma->vm_pgoff + nr);
}

/* @nr pages from @addr on, of one table at most. A table that is not there is like one of zeros. */
static void mincore_table(struct vm_area_struct *vma, unsigned long addr, unsigned long nr, u8 *vec)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	pte_t *ptep = pmd && !pmd_none(pmd) ? pte_offset(pmd, addr) : page_address(zero_page);
	unsigned long first = (addr - vma->vm_start) >> PAGE_SHIFT;

	memset(vec, true, nr);
	for (unsigned long i = 0; i < nr; i++) {
		pte_t pte = ptep_get(ptep + i);

		if (!pte_present(pte))
			vec[i] = absent_resident(vma, first + i, pte);
	}
}

unsigned long mincore_pages(struct mm_struct *mm, unsigned long addr, unsigned long pages, u8 *vec)
{
	unsigned long next, at, end = addr + (pages << PAGE_SHIFT);
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	for (at = addr; at < end; vec += (next - at) >> PAGE_SHIFT, at = next) {
		vma = vma_lookup(mm, at);
		if (!vma)
			break;
		next = pmd_addr_end(at, min(end, vma->vm_end));
		mincore_table(vma, at, (next - at) >> PAGE_SHIFT, vec);
	}
	up_read(&mm->mmap_lock);
	return (at - addr) >> PAGE_SHIFT;
}

/* --- msync: files live in memory, so there is nothing to write, only arguments to check --- */

int do_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags)
{
	unsigned long end = start + PAGE_ALIGN(len);
	struct vm_area_struct *vma;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || offset_in_page(start) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < start || PAGE_ALIGN(len) < len)
		return -ENOMEM;
	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, start); start < end; vma = vma_next(vma)) {
		if (!vma || vma->vm_start > start)
			err = -ENOMEM;
		if (!vma)
			break;
		if (flags & MS_INVALIDATE && vma->vm_flags & VM_LOCKED && vma->vm_start < end) {
			err = -EBUSY;
			break;
		}
		start = vma->vm_end;
	}
	up_read(&mm->mmap_lock);
	return err;
}
