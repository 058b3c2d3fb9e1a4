/* madvise.c - advice about a range: some of it changes flags of areas, some acts on pages at once,
 * the rest is accepted and changes nothing.
 * Locks:  mmap_lock for write where areas change, for read otherwise; a table's pte lock while its
 *         entries are looked at. What sleeps is done after that, with what was collected.
 * Where Linux differs: anybody may ask for pages of a file that he maps to leave (MADV_PAGEOUT),
 * also one that he may not write.
 * Read:   vma.c, zap.c, memory.c: populate_range; lru.c, vmscan.c: reclaim_folios, swap_state.c for
 *         pages that leave and come. */
#include <mm/internal.h>

#include <lib/err.h>
#include <asm/tlb.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/special.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/mman.h>

/* --- advice that is a flag --- */

/* Set *flags as @advice says for @vma; 0, or -EINVAL where it makes no sense. */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	const vm_flags_t order = VM_RAND_READ | VM_SEQ_READ;
	bool plain = !(vma->vm_flags & VM_PFNMAP);

	*flags = vma->vm_flags;
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~order;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~order) | VM_RAND_READ;
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~order) | VM_SEQ_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return plain ? 0 : -EINVAL;
	case MADV_WIPEONFORK:
		*flags |= VM_WIPEONFORK;
		return vma->vm_file || vma->vm_flags & VM_SHARED ? -EINVAL : 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		*flags &= ~VM_DONTDUMP;
		return plain ? 0 : -EINVAL;
	case MADV_MERGEABLE:
		if (!(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
			*flags |= VM_MERGEABLE;
		return 0;
	case MADV_UNMERGEABLE:
		*flags &= ~VM_MERGEABLE;
		return 0;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return 0;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return 0;
	}
	return -EINVAL;
}

/* @vma's part [start, end). The area that has it now, or ERR_PTR. */
static struct vm_area_struct *advise_flags(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end, int advice)
{
	vm_flags_t flags;
	int err = advised_flags(vma, advice, &flags);

	if (err)
		return ERR_PTR(err);
	if (flags == vma->vm_flags)
		return vma;
	vma = vma_isolate(vma, start, end);
	if (IS_ERR(vma))
		return ERR_PTR(-EAGAIN);	/* as Linux has it for want of memory here */
	WRITE_ONCE(vma->vm_flags, flags);
	return vma_merge_changed(vma);
}

/* --- advice about pages that are mapped or in swap --- */

struct advice_walk {
	struct vm_area_struct	*vma;
	/* Of an entry that is not none; the pte lock is held. It may collect one thing. */
	void			(*entry)(struct advice_walk *walk, pte_t *ptep, unsigned long addr);
	/* What is done with the things collected, without that lock; NULL: none ever is. */
	void			(*act)(struct advice_walk *walk);
	unsigned int		nr;		/* things collected: */
	struct folio		*folios[SWAP_CLUSTER_MAX];	/* isolated */
	swp_entry_t		swap[SWAP_CLUSTER_MAX];
	unsigned long		flush_start, flush_end;	/* where bits were cleared */
	bool			isolates;
};

static void note_flush(struct advice_walk *walk, unsigned long addr)
{
	if (walk->flush_start == walk->flush_end)
		walk->flush_start = addr;
	walk->flush_end = addr + PAGE_SIZE;
}

/* One table's entries from @addr to @end or until no more can be collected. Where it stopped. */
static unsigned long walk_entries(struct advice_walk *walk, pmd_t *pmd, unsigned long addr,
				  unsigned long end)
{
	pte_t *ptep = pte_offset(pmd, addr);
	spinlock_t *ptl = pte_lockptr(pmd);

	spin_lock(ptl);
	flush_tlb_batched_pending(walk->vma->vm_mm);
	for (; addr < end && walk->nr < SWAP_CLUSTER_MAX; addr += PAGE_SIZE, ptep++)
		if (!pte_none(ptep_get(ptep)))
			walk->entry(walk, ptep, addr);
	spin_unlock(ptl);
	return addr;
}

/* A fatal signal ends it. mmap_lock held for read. Sleeps. */
static void walk_advised(struct advice_walk *walk, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = walk->vma->vm_mm;

	while (start < end && !fatal_signal_pending(current)) {
		pmd_t *pmd = mm_find_pmd(mm, start);

		if (!pmd) {
			start = pud_addr_end(start, end);
			continue;
		}
		if (pmd_none(pmd)) {
			start = pmd_addr_end(start, end);
			continue;
		}
		if (walk->isolates)
			reclaim_begin();
		start = walk_entries(walk, pmd, start, pmd_addr_end(start, end));
		if (walk->nr)
			walk->act(walk);
		if (walk->isolates)
			reclaim_end();
		walk->nr = 0;
		cond_resched();
	}
	if (walk->flush_start < walk->flush_end)
		flush_tlb_mm_range(mm, walk->flush_start, walk->flush_end, false);
}

/* What @pte maps if nothing else maps it: with others it is not for one to say who needs it. */
static struct folio *folio_mapped_once(pte_t pte)
{
	struct folio *folio;

	if (!pte_present(pte) || pte_special(pte))
		return NULL;
	folio = page_folio(pfn_to_page(pte_pfn(pte)));
	return folio_mapcount(folio) == 1 ? folio : NULL;
}

/* It was not used. */
static void make_old(struct advice_walk *walk, struct folio *folio, pte_t *ptep, unsigned long addr)
{
	if (ptep_test_and_clear_young(ptep))
		note_flush(walk, addr);
	if (folio_flag(folio, PG_young))
		page_clear_flag(folio_page(folio), PG_young);
}

static void cold_entry(struct advice_walk *walk, pte_t *ptep, unsigned long addr)
{
	struct folio *folio = folio_mapped_once(ptep_get(ptep));

	if (!folio)
		return;
	make_old(walk, folio, ptep, addr);
	folio_deactivate(folio);
}

static void pageout_entry(struct advice_walk *walk, pte_t *ptep, unsigned long addr)
{
	struct folio *folio = folio_mapped_once(ptep_get(ptep));

	if (!folio || folio_flag(folio, PG_unevictable) || !folio_isolate_lru(folio))
		return;
	make_old(walk, folio, ptep, addr);
	walk->folios[walk->nr++] = folio;
}

static void pageout_collected(struct advice_walk *walk)
{
	reclaim_folios(walk->folios, walk->nr);
}

/* Nobody but the entry knows the page, and not even the folio says that it was written: true. */
static bool forget_dirty(struct folio *folio)
{
	bool forgotten;

	if (!folio_trylock(folio))
		return false;
	forgotten = folio_mapcount(folio) == 1 &&
		    (!folio_flag(folio, PG_swapcache) || folio_free_swap(folio));
	if (forgotten)
		page_clear_flag(folio_page(folio), PG_dirty);
	folio_unlock(folio);
	return forgotten;
}

/* The page may be dropped from now on, until it is written again: to see that, its entry must be
 * clean, and no processor may remember that it was dirty. A slot is dropped at once. */
static void free_entry(struct advice_walk *walk, pte_t *ptep, unsigned long addr)
{
	pte_t pte = ptep_get(ptep);
	struct folio *folio;

	if (is_swap_pte(pte)) {
		set_pte(ptep, (pte_t){ 0 });
		atomic_dec(&walk->vma->vm_mm->swapents);
		free_swap_and_cache(pte_to_swp_entry(pte));
		return;
	}
	folio = folio_mapped_once(pte);
	if (!folio || !folio_test_anon(folio) || !forget_dirty(folio))
		return;
	while (!ptep_try_change(ptep, &pte, pte_mkold(pte_mkclean(pte))))
		;
	if (pte_dirty(pte) || pte_young(pte))
		note_flush(walk, addr);
	folio_mark_lazyfree(folio);
}

static void willneed_entry(struct advice_walk *walk, pte_t *ptep, unsigned long addr)
{
	pte_t pte = ptep_get(ptep);

	if (is_swap_pte(pte))
		walk->swap[walk->nr++] = pte_to_swp_entry(pte);
}

/* Into the swap cache, with its neighbours; there a fault finds it. */
static void read_collected(struct advice_walk *walk)
{
	for (unsigned int i = 0; i < walk->nr; i++) {
		bool major;
		struct folio *folio = swapin_folio(walk->swap[i], walk->vma,
						   GFP_USER | __GFP_NORETRY, &major);

		if (folio && !IS_ERR(folio))
			folio_put(folio);
	}
}

/* --- advice that acts --- */

static int advise_dontneed(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   bool locked_too)
{
	if ((vma->vm_flags & VM_PFNMAP && !vma_is_special(vma)) ||
	    (vma->vm_flags & VM_LOCKED && !locked_too))
		return -EINVAL;
	zap_page_range(vma, start, end);
	return 0;
}

static int advise_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			int advice)
{
	struct advice_walk walk = { .vma = vma };

	if (vma->vm_flags & (VM_LOCKED | VM_PFNMAP) || (advice == MADV_FREE && vma->vm_file))
		return -EINVAL;
	switch (advice) {
	case MADV_FREE:
		walk.entry = free_entry;
		break;
	case MADV_COLD:
		walk.entry = cold_entry;
		break;
	case MADV_PAGEOUT:
		walk.entry = pageout_entry;
		walk.act = pageout_collected;
		walk.isolates = true;
		break;
	}
	walk_advised(&walk, start, end);
	return 0;
}

/* The pages of a file; of tmpfs those that there are. */
static void read_file_ahead(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	loff_t size = mapping_size(mapping);

	if (size <= 0)
		return;
	last = min(last, (pgoff_t)(size - 1) >> PAGE_SHIFT);
	for (; first <= last && !fatal_signal_pending(current); first++) {
		struct folio *folio;

		if (mapping->shmem && (!filemap_next_present(mapping, &first) || first > last))
			return;
		folio = mapping->shmem ? filemap_read_folio(mapping, first)
				       : filemap_grab_folio(mapping, first, false);
		if (IS_ERR(folio))
			return;
		if (folio)
			folio_put(folio);
		cond_resched();
	}
}

/* As far as it goes: what cannot be had is for the fault to say. */
static void advise_willneed(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct advice_walk walk = {
		.vma = vma, .entry = willneed_entry, .act = read_collected,
	};
	pgoff_t first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);

	if (vma->vm_file && !(vma->vm_flags & VM_PFNMAP))
		read_file_ahead(file_mapping(vma->vm_file), first,
				first + ((end - start) >> PAGE_SHIFT) - 1);
	walk_advised(&walk, start, end);
}

static struct vm_area_struct *advise_one(struct vm_area_struct *vma, unsigned long start,
					 unsigned long end, int advice)
{
	int err = 0;

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		err = advise_dontneed(vma, start, end, advice == MADV_DONTNEED_LOCKED);
		break;
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
		err = advise_pages(vma, start, end, advice);
		break;
	case MADV_WILLNEED:
		advise_willneed(vma, start, end);
		break;
	default:
		return advise_flags(vma, start, end, advice);
	}
	return err ? ERR_PTR(err) : vma;
}

/* Every area in [start, end); holes are passed over but remembered as -ENOMEM. mmap_lock is
 * held. */
static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int unmapped = 0;

	while (start < end) {
		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
		}
		vma = advise_one(vma, start, min(end, vma->vm_end), advice);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = min(end, vma->vm_end);
		vma = vma_next(vma);
	}
	return unmapped;
}

/* --- MADV_REMOVE: the file loses its pages, for everybody --- */

/* May it be asked of @vma? 0 or errno. */
static int may_remove(const struct vm_area_struct *vma)
{
	const vm_flags_t need = VM_SHARED | VM_MAYWRITE;

	if (vma->vm_flags & VM_LOCKED || !vma->vm_file)
		return -EINVAL;
	return (vma->vm_flags & need) == need ? 0 : -EACCES;
}

/* The file, with a reference, of the first area in [start, end), and which bytes of it are mapped
 * from where. ERR_PTR. mmap_lock is held. */
static struct file *file_to_punch(struct mm_struct *mm, unsigned long *start, unsigned long *end,
				  loff_t *offset)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, *start, *end);
	int err = vma ? may_remove(vma) : -ENOMEM;

	if (err)
		return ERR_PTR(err);
	*start = max(*start, vma->vm_start);
	*end = min(*end, vma->vm_end);
	*offset = (loff_t)(vma->vm_pgoff << PAGE_SHIFT) + (*start - vma->vm_start);
	return get_file(vma->vm_file);
}

static int punch_hole(struct file *file, loff_t start, unsigned long bytes)
{
	struct address_space *mapping = file_mapping(file);

	/* mremap lets an area grow beyond what a file can be. */
	if (start < 0 || (loff_t)bytes > MAX_FILE_BYTES - start)
		return -EFBIG;
	return mapping->a_ops && mapping->a_ops->punch_hole
		       ? mapping->a_ops->punch_hole(mapping, start, bytes) : -EOPNOTSUPP;
}

/* A hole is punched with the file locked, which comes before mmap_lock: that is taken for each
 * area anew, to see what is there. Not held in or out. */
static int advise_remove(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	int err = 0, unmapped = 0;

	while (start < end && !err) {
		unsigned long from = start, to = end;
		struct file *file;
		loff_t offset = 0;

		down_read(&mm->mmap_lock);
		file = file_to_punch(mm, &from, &to, &offset);
		up_read(&mm->mmap_lock);
		if (IS_ERR(file))
			return PTR_ERR(file);
		if (from > start)
			unmapped = -ENOMEM;
		err = punch_hole(file, offset, to - from);
		fput(file);
		start = to;
	}
	return err ? err : unmapped;
}

static int advise_populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	while (start < end) {
		struct vm_area_struct *vma = vma_lookup(mm, start);
		unsigned long to;
		int err;

		if (!vma)
			return -ENOMEM;
		if (vma->vm_flags & VM_PFNMAP ||
		    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
			return -EINVAL;
		to = min(end, vma->vm_end);
		err = populate_range(mm, start, to, write ? FOLL_WRITE : 0);
		if (err)
			return err;
		start = to;
	}
	return 0;
}

static bool advice_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_REMOVE:
	case MADV_DONTFORK ... MADV_DONTNEED_LOCKED:
		return true;
	}
	return false;
}

static bool advice_needs_write_lock(int advice)
{
	switch (advice) {
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return false;
	}
	return true;
}

int do_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len, int advice)
{
	unsigned long end = addr + PAGE_ALIGN(len);
	int err;

	if (!advice_known(advice) || offset_in_page(addr) || PAGE_ALIGN(len) < len || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_REMOVE) {
		err = advise_remove(mm, addr, end);
	} else if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
		down_read(&mm->mmap_lock);
		err = advise_populate(mm, addr, end, advice == MADV_POPULATE_WRITE);
		up_read(&mm->mmap_lock);
	} else if (advice_needs_write_lock(advice)) {
		down_write(&mm->mmap_lock);
		err = advise_range(mm, addr, end, advice);
		up_write(&mm->mmap_lock);
	} else {
		down_read(&mm->mmap_lock);
		err = advise_range(mm, addr, end, advice);
		up_read(&mm->mmap_lock);
	}
	return err;
}
