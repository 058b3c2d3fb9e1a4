/* memory.c - page faults: one function for each case.
 *
 *	entry			access	area		function
 *	none			read	anonymous	do_anonymous_page: the zero page
 *	none			write	anonymous	do_anonymous_page: a fresh page
 *	none			read	file		do_read_fault: the cached page and its
 *							neighbours
 *	none			write	file, private	do_cow_fault: a copy of it
 *	none			write	file, shared	do_shared_fault: the page, dirty
 *	swap entry		any	any		do_swap_page: the page comes back
 *	present, read-only	write	any		do_wp_page: see there
 *	present, allows it	any	any		another processor was faster
 *
 * Holds:  whatever can fail (frames, tables, reading a file) happens before the pte lock is taken;
 *         under it the entry is compared with what was seen before, and if it differs somebody
 *         else's fault did the work and the processor simply tries again.
 * Locks:  mmap_lock for read (threads fault in parallel), then the table's pte lock.
 * Read:   rmap.c for the counts; fork_mm.c, which makes entries read-only; zap.c, which removes
 *         them. */
#include <mm/internal.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/pagewalk.h>
#include <mm/special.h>
#include <mm/vmstat.h>
#include <proc/signal.h>
#include <sched/sched.h>

struct page *zero_page;

#define FAULT_AROUND_PAGES	16	/* a power of two, at most a table's entries */

/* One fault on its way through the functions below. */
struct vm_fault {
	struct vm_area_struct	*vma;
	unsigned long		address;	/* page aligned */
	unsigned int		flags;		/* FAULT_FLAG_* */
	pmd_t			*pmd;
	pte_t			*ptep;
	spinlock_t		*ptl;
	pte_t			orig_pte;	/* as seen without the lock */
};

/* Take the pte lock; false if the entry is no longer what was seen, and then it is not held. */
static bool lock_same_pte(struct vm_fault *vmf)
{
	spin_lock(vmf->ptl);
	if (likely(pte_same(ptep_get(vmf->ptep), vmf->orig_pte)))
		return true;
	spin_unlock(vmf->ptl);
	return false;
}

/* @pte for a write that is allowed now. In an area that may not be written it is forced (a
 * debugger's): the entry keeps the process out, and since nothing is written through it, it is not
 * dirty. access_remote_vm, which writes, marks the folio. */
static pte_t maybe_mkwrite(pte_t pte, const struct vm_area_struct *vma)
{
	return likely(vma->vm_flags & VM_WRITE) ? pte_mkdirty(pte_mkwrite(pte))
						: pte_mksoft_dirty(pte);
}

/* The entry for @folio with the area's rights; @write: by a write that is allowed now. */
static pte_t make_pte(const struct vm_fault *vmf, struct folio *folio, bool write)
{
	pte_t pte = pte_mkyoung(pfn_pte(page_to_pfn(folio_page(folio)), vmf->vma->vm_page_prot));

	return write ? maybe_mkwrite(pte, vmf->vma) : pte;
}

/* --- anonymous memory --- */

/* Map a page that nobody else has seen in the place of orig_pte, for a write. The pte lock is
 * held. */
static void map_new_anon(struct vm_fault *vmf, struct folio *folio)
{
	folio_add_new_anon_rmap(folio, vmf->vma, vmf->address);
	folio_add_new_anon_lru(folio);
	if (unlikely(vmf->vma->vm_flags & VM_LOCKED))
		folio_mlock(folio);
	set_pte(vmf->ptep, make_pte(vmf, folio, true));
	atomic_inc(&vmf->vma->vm_mm->rss_anon);
}

/* @page belongs to nobody: the zero page, or one of a special mapping. */
static vm_fault_t map_special_page(struct vm_fault *vmf, struct page *page)
{
	pte_t pte = pfn_pte(page_to_pfn(page), vmf->vma->vm_page_prot);

	if (lock_same_pte(vmf)) {
		set_pte(vmf->ptep, pte_mkyoung(pte_mkspecial(pte)));
		spin_unlock(vmf->ptl);
	}
	return 0;
}

static vm_fault_t do_anonymous_page(struct vm_fault *vmf)
{
	struct page *page;

	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return map_special_page(vmf, vma_is_special(vmf->vma)
						     ? special_page(vmf->vma, vmf->address)
						     : zero_page);
	if (anon_vma_prepare(vmf->vma))
		return VM_FAULT_OOM;
	page = alloc_pages(GFP_USER | __GFP_ZERO, 0);
	if (!page)
		return VM_FAULT_OOM;
	if (!lock_same_pte(vmf)) {
		put_page(page);
		return 0;
	}
	map_new_anon(vmf, page_folio(page));
	spin_unlock(vmf->ptl);
	return 0;
}

/* --- write to a present, read-only entry --- */

/* Let the page be written: it is ours. The pte lock is held; released. No other processor
 * needs to hear of it: at worst it faults once more and finds the entry writable. */
static vm_fault_t wp_page_reuse(struct vm_fault *vmf)
{
	set_pte(vmf->ptep, maybe_mkwrite(pte_mkyoung(vmf->orig_pte), vmf->vma));
	spin_unlock(vmf->ptl);
	flush_tlb_page_local(vmf->address);
	count_vm_event(COW_REUSE);
	return 0;
}

/* The entry that mapped @old is gone, and so are its counts. The pte lock is held; whoever holds it
 * has a reference of his own. */
static void unmap_old(struct vm_area_struct *vma, struct folio *old)
{
	struct mm_struct *mm = vma->vm_mm;

	if (folio_test_anon(old))
		atomic_dec(&mm->rss_anon);
	else
		atomic_dec(folio_flag(old, PG_swapbacked) ? &mm->rss_shmem : &mm->rss_file);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		folio_munlock(old);
	folio_remove_rmap(old);
	atomic_dec(&old->page._refcount);
}

/* Replace what orig_pte maps (@old, or NULL for the zero page) by a copy. The caller has a
 * reference on @old for us, which goes. No locks held. */
static __noinline vm_fault_t wp_page_copy(struct vm_fault *vmf, struct folio *old)
{
	struct page *page = NULL;

	if (!anon_vma_prepare(vmf->vma))
		page = alloc_pages(GFP_USER | (old ? 0 : __GFP_ZERO), 0);
	if (!page) {
		if (old)
			folio_put(old);
		return VM_FAULT_OOM;
	}
	if (old)
		copy_page(page_address(page), folio_address(old));
	if (lock_same_pte(vmf)) {
		/* Other threads may read through the old entry until every processor has forgotten
		 * it; only then may the new page be written. */
		ptep_get_and_clear(vmf->ptep);
		flush_tlb_page(vmf->vma->vm_mm, vmf->address);
		map_new_anon(vmf, page_folio(page));
		if (old)
			unmap_old(vmf->vma, old);
		spin_unlock(vmf->ptl);
		count_vm_event(COW_COPY);
	} else {
		put_page(page);
	}
	if (old && unlikely(folio_flag(old, PG_swapcache)))
		folios_put_and_swap(&old, 1);
	else if (old)
		folio_put(old);
	return 0;
}

/* The only entry left is ours, and so is the only reference but that of the swap cache, where
 * nobody names its slot: nobody can come to share it, since that takes fork of this mm (mmap_lock)
 * or an entry to copy from. The pte lock is held. */
static bool became_exclusive(struct folio *folio, struct vm_area_struct *vma)
{
	bool alone;

	if (folio_ref_count(folio) > 1 + folio_flag(folio, PG_swapcache) || !folio_trylock(folio))
		return false;
	if (folio_flag(folio, PG_swapcache))
		folio_free_swap(folio);
	/* Whoever dropped the last other reference has looked at the folio's owner for the last
	 * time. */
	alone = atomic_read_acquire(&folio->page._refcount) == 1;
	if (alone) {
		page_set_flag(&folio->page, PG_anon_exclusive);
		folio_move_anon_rmap(folio, vma);
	}
	folio_unlock(folio);
	return alone;
}

/*	the page is			shared area	private area
 *	the zero page			-		copy (a fresh page)
 *	anonymous and exclusive		-		reuse
 *	anonymous, only ours left	-		make exclusive, reuse
 *	anonymous, others have it	-		copy
 *	in the page cache		reuse		copy
 * The pte lock is held in, and released. */
static vm_fault_t do_wp_page(struct vm_fault *vmf)
{
	struct folio *folio = NULL;

	if (!pte_special(vmf->orig_pte))
		folio = page_folio(pfn_to_page(pte_pfn(vmf->orig_pte)));
	if (vmf->vma->vm_flags & VM_SHARED) {
		file_update_time(vmf->vma->vm_file);
		return wp_page_reuse(vmf);
	}
	if (folio && folio_test_anon(folio) &&
	    (folio_flag(folio, PG_anon_exclusive) || became_exclusive(folio, vmf->vma)))
		return wp_page_reuse(vmf);
	if (folio)
		folio_get(folio);
	spin_unlock(vmf->ptl);
	return wp_page_copy(vmf, folio);
}

/* --- file memory --- */

/* The page of the file behind the address, locked and with a reference, in *foliop. */
static vm_fault_t get_file_folio(struct vm_fault *vmf, struct folio **foliop)
{
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *mapping = file_mapping(vma->vm_file);
	pgoff_t index = vma->vm_pgoff + ((vmf->address - vma->vm_start) >> PAGE_SHIFT);

	for (;;) {
		struct folio *folio;

		if (index >= mapping_pages(mapping))
			return VM_FAULT_SIGBUS;
		folio = filemap_grab_folio(mapping, index, false);
		if (IS_ERR(folio))
			return PTR_ERR(folio) == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
		folio_lock(folio);
		/* Truncation sets the size first, then takes this lock. */
		if (likely(folio->page.mapping == mapping && index < mapping_pages(mapping))) {
			*foliop = folio;
			return 0;
		}
		folio_unlock(folio);	/* truncated meanwhile: look again */
		folio_put(folio);
	}
}

static void unlock_put(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

/* *@ptep, which is none, becomes @pte and maps @folio, which is locked: that keeps truncation away.
 * The pte lock is held. Takes over the reference; the caller counts the page as resident. */
static void set_file_pte(struct vm_area_struct *vma, pte_t *ptep, struct folio *folio, pte_t pte)
{
	folio_add_file_rmap(folio);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		folio_mlock(folio);
	set_pte(ptep, pte);
}

static atomic_long_t *file_rss(struct mm_struct *mm, const struct folio *folio)
{
	return folio_flag(folio, PG_swapbacked) ? &mm->rss_shmem : &mm->rss_file;
}

/* The neighbours of a page that is read first, locked and with references: see fault_around. */
struct neighbours {
	struct folio	*folios[FAULT_AROUND_PAGES];
	unsigned int	nr;
};

/* Those that are in the page cache and in the same aligned FAULT_AROUND_PAGES of addresses as the
 * fault, which are in one table, but not outside of the area. Whose lock somebody else has (the
 * page of the fault itself is ours) is left out. */
static void lock_neighbours(struct vm_fault *vmf, struct neighbours *around)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long window = ALIGN_DOWN(vmf->address, FAULT_AROUND_PAGES * PAGE_SIZE);
	unsigned long start = max(window, vma->vm_start);
	unsigned long end = min(window + FAULT_AROUND_PAGES * PAGE_SIZE, vma->vm_end);
	pgoff_t first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);

	around->nr = filemap_lock_present(file_mapping(vma->vm_file), first,
					  (end - start) >> PAGE_SHIFT, around->folios);
}

/* Map @around where nothing is mapped yet, as pages that nobody has used. The pte lock is held. */
static void fault_around(struct vm_fault *vmf, const struct neighbours *around)
{
	struct vm_area_struct *vma = vmf->vma;
	pgoff_t index = vma->vm_pgoff + ((vmf->address - vma->vm_start) >> PAGE_SHIFT);
	long mapped = 0;

	for (unsigned int i = 0; i < around->nr; i++) {
		struct folio *folio = around->folios[i];
		pte_t *ptep = vmf->ptep + (long)(folio->page.index - index);

		if (!pte_none(ptep_get(ptep)))
			continue;
		folio_get(folio);
		set_file_pte(vma, ptep, folio,
			     pfn_pte(page_to_pfn(folio_page(folio)), vma->vm_page_prot));
		mapped++;
	}
	if (mapped)
		atomic_add(file_rss(vma->vm_mm, around->folios[0]), mapped);
}

/* Map the cached @folio itself, which is locked, and its neighbours with it, if there are any.
 * Takes over the reference. */
static vm_fault_t map_file_folio(struct vm_fault *vmf, struct folio *folio, bool write,
				 const struct neighbours *around)
{
	if (!lock_same_pte(vmf)) {
		unlock_put(folio);
		return 0;
	}
	set_file_pte(vmf->vma, vmf->ptep, folio, make_pte(vmf, folio, write));
	atomic_inc(file_rss(vmf->vma->vm_mm, folio));
	if (around)
		fault_around(vmf, around);
	spin_unlock(vmf->ptl);
	folio_unlock(folio);
	return 0;
}

/* What is read in one place is soon read beside it, and a fault costs more than a few entries: so
 * the neighbours that need nothing but an entry get theirs now. */
static vm_fault_t do_read_fault(struct vm_fault *vmf)
{
	struct neighbours around;
	struct folio *folio;
	vm_fault_t ret = get_file_folio(vmf, &folio);

	if (ret)
		return ret;
	lock_neighbours(vmf, &around);
	map_file_folio(vmf, folio, false, &around);
	for (unsigned int i = 0; i < around.nr; i++)
		unlock_put(around.folios[i]);
	return 0;
}

static vm_fault_t do_shared_fault(struct vm_fault *vmf)
{
	struct folio *folio;
	vm_fault_t ret = get_file_folio(vmf, &folio);

	if (ret)
		return ret;
	folio_mark_dirty(folio);
	file_update_time(vmf->vma->vm_file);
	return map_file_folio(vmf, folio, true, NULL);
}

static vm_fault_t do_cow_fault(struct vm_fault *vmf)
{
	struct page *page;
	struct folio *cached;
	vm_fault_t ret;

	if (anon_vma_prepare(vmf->vma))
		return VM_FAULT_OOM;
	page = alloc_pages(GFP_USER, 0);
	if (!page)
		return VM_FAULT_OOM;
	ret = get_file_folio(vmf, &cached);
	if (ret) {
		put_page(page);
		return ret;
	}
	copy_page(page_address(page), folio_address(cached));
	/* Locked until the entry is set, so that truncation finds the copy. */
	if (lock_same_pte(vmf)) {
		map_new_anon(vmf, page_folio(page));
		spin_unlock(vmf->ptl);
	} else {
		put_page(page);
	}
	unlock_put(cached);
	return 0;
}

static __noinline vm_fault_t do_fault(struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return do_read_fault(vmf);
	return vmf->vma->vm_flags & VM_SHARED ? do_shared_fault(vmf) : do_cow_fault(vmf);
}

/* --- anonymous memory that has left --- */

/* The folio that the entry stands for, locked and readable, with a reference, in *foliop. 0 and
 * NULL: the entry has changed, or its slot. */
static vm_fault_t get_swap_folio(struct vm_fault *vmf, swp_entry_t entry, struct folio **foliop)
{
	bool major = false;
	struct folio *folio = swapin_folio(entry, vmf->vma, GFP_USER, &major);
	vm_fault_t ret;
	int err;

	*foliop = NULL;
	if (IS_ERR(folio))
		return VM_FAULT_OOM;
	if (!folio)
		return 0;
	ret = major ? VM_FAULT_MAJOR : 0;
	if (major)
		count_vm_event(PGMAJFAULT);
	err = swapin_lock_folio(folio, entry);
	if (!err) {
		*foliop = folio;
		return ret;
	}
	if (err == -EIO) {
		/* Not ours to say if the entry is another by now. */
		if (pte_same(ptep_get(vmf->ptep), vmf->orig_pte))
			ret |= VM_FAULT_SIGBUS;
		folio_unlock(folio);
	}
	folio_put(folio);
	return ret;
}

/* Nobody else can reach the locked @folio, for which we have one reference: no entry maps it, and
 * none names its slot, if it still has one. */
static bool nobody_elses(struct folio *folio, swp_entry_t entry)
{
	bool cached = folio_flag(folio, PG_swapcache);

	return !folio_mapcount(folio) && folio_ref_count(folio) == 1 + cached &&
	       (!cached || !swap_count(entry));
}

/* Map the locked @folio in the place of its swap entry. It may be written at once if it is ours
 * alone: by this write, or by a later one, which the processor notes in the entry; but one that is
 * to be seen as a first write (soft-dirty) must fault. Takes over the reference. The pte lock is
 * held. */
static void map_swap_folio(struct vm_fault *vmf, struct folio *folio, swp_entry_t entry)
{
	struct vm_area_struct *vma = vmf->vma;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	bool exclusive = pte_swp_exclusive(vmf->orig_pte);
	pte_t pte;

	swap_free(entry);
	if (write || vma->vm_flags & VM_LOCKED || swap_slot_wanted(entry))
		folio_free_swap(folio);
	exclusive = exclusive || nobody_elses(folio, entry);
	pte = make_pte(vmf, folio, write && exclusive);
	if (pte_swp_soft_dirty(vmf->orig_pte)) {
		pte = pte_mksoft_dirty(pte);
		if (exclusive && vma->vm_flags & VM_WRITE)
			pte = pte_mkwrite(pte);
	}
	folio_add_anon_rmap_pte(folio, vma, vmf->address, exclusive);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		folio_mlock(folio);
	atomic_inc(&vma->vm_mm->rss_anon);
	atomic_dec(&vma->vm_mm->swapents);
	set_pte(vmf->ptep, pte);
	vmf->orig_pte = pte;
}

static __noinline vm_fault_t do_swap_page(struct vm_fault *vmf)
{
	swp_entry_t entry = pte_to_swp_entry(vmf->orig_pte);
	struct folio *folio;
	vm_fault_t ret = get_swap_folio(vmf, entry, &folio);

	if (!folio)
		return ret;
	if (!lock_same_pte(vmf)) {
		unlock_put(folio);
		return ret;
	}
	map_swap_folio(vmf, folio, entry);
	folio_unlock(folio);
	if (vmf->flags & FAULT_FLAG_WRITE && !pte_write(vmf->orig_pte))
		return ret | do_wp_page(vmf);	/* others have it, too: a copy */
	spin_unlock(vmf->ptl);
	return ret;
}

/* --- dispatch --- */

/* The entry is present: a write to a read-only one, or a fault that another processor has
 * resolved. */
static vm_fault_t do_present_pte(struct vm_fault *vmf)
{
	if (!lock_same_pte(vmf))
		return 0;
	if (vmf->flags & FAULT_FLAG_WRITE && !pte_write(vmf->orig_pte))
		return do_wp_page(vmf);
	spin_unlock(vmf->ptl);
	flush_tlb_page_local(vmf->address);
	return 0;
}

vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags)
{
	struct vm_fault vmf;

	count_vm_event(PGFAULT);
	if (unlikely(vma->vm_mm->reaped))
		return VM_FAULT_SIGBUS;
	vmf.vma = vma;
	vmf.address = addr & PAGE_MASK;
	vmf.flags = flags;
	vmf.pmd = mm_alloc_pmd(vma->vm_mm, addr);
	if (!vmf.pmd || pte_alloc(vma->vm_mm, vmf.pmd))
		return VM_FAULT_OOM;
	vmf.ptep = pte_offset(vmf.pmd, addr);
	vmf.ptl = pte_lockptr(vmf.pmd);
	vmf.orig_pte = ptep_get(vmf.ptep);
	if (pte_none(vmf.orig_pte))
		return vma->vm_file ? do_fault(&vmf) : do_anonymous_page(&vmf);
	if (unlikely(!pte_present(vmf.orig_pte)))
		return do_swap_page(&vmf);
	return do_present_pte(&vmf);
}

/* --- from an address --- */

/* 0, or why the access is not allowed. */
static vm_fault_t check_access(const struct vm_area_struct *vma, unsigned int flags)
{
	vm_flags_t need = flags & FAULT_FLAG_WRITE ? VM_WRITE :
			  flags & FAULT_FLAG_INSTRUCTION ? VM_EXEC : VM_READ | VM_WRITE | VM_EXEC;

	return likely(vma->vm_flags & need) ? 0 : VM_FAULT_SIGSEGV_ACCERR;
}

/* The area right above @addr is a stack: grow it. mmap_lock held for read in and out, dropped
 * between. */
static vm_fault_t grow_stack(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	vm_fault_t ret = 0;

	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (!vma || (vma->vm_start > addr &&
		     (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, addr))))
		ret = VM_FAULT_SIGSEGV_MAPERR;
	downgrade_write(&mm->mmap_lock);
	return ret;
}

/* mmap_lock is held for read. */
static vm_fault_t fault_locked(struct mm_struct *mm, unsigned long addr, unsigned int flags)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	vm_fault_t ret;

	if (unlikely(!vma))
		return VM_FAULT_SIGSEGV_MAPERR;
	if (unlikely(vma->vm_start > addr)) {
		if (!(vma->vm_flags & VM_GROWSDOWN) || flags & FAULT_FLAG_REMOTE)
			return VM_FAULT_SIGSEGV_MAPERR;
		ret = grow_stack(mm, addr);
		if (ret)
			return ret;
		vma = find_vma(mm, addr);
	}
	ret = check_access(vma, flags);
	return ret ? ret : handle_mm_fault(vma, addr, flags);
}

vm_fault_t mm_fault(struct mm_struct *mm, unsigned long addr, unsigned int flags)
{
	vm_fault_t ret;

	down_read(&mm->mmap_lock);
	ret = fault_locked(mm, addr, flags);
	up_read(&mm->mmap_lock);
	return ret;
}

/* --- on behalf of system calls --- */

/* May the pages of @vma be got at? */
static bool may_follow(const struct vm_area_struct *vma, unsigned int gup_flags)
{
	bool write = gup_flags & FOLL_WRITE;

	if (vma->vm_flags & (write ? VM_WRITE : VM_READ))
		return true;
	if (!(gup_flags & FOLL_FORCE))
		return false;
	return write ? (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE
		     : vma->vm_flags & VM_MAYREAD;
}

/* The page behind @pte may be written. Without VM_WRITE (FOLL_FORCE) an entry never says so; then
 * the page must be exclusive, which it stays as long as fork, or whoever else would share it, is
 * kept out: by mmap_lock or by a reference. */
static bool can_follow_write(const struct vm_area_struct *vma, pte_t pte)
{
	struct page *page = pfn_to_page(pte_pfn(pte));

	return pte_write(pte) || (!(vma->vm_flags & VM_WRITE) && !pte_special(pte) &&
				  folio_test_anon(page_folio(page)) &&
				  page_flag(page, PG_anon_exclusive));
}

/* One page of @vma, unless it is there already as @write needs it. */
static int populate_page(struct vm_area_struct *vma, unsigned long addr, bool write)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	vm_fault_t ret;

	if (pmd && !pmd_none(pmd)) {
		pte_t pte = ptep_get(pte_offset(pmd, addr));

		if (pte_present(pte) && (!write || pte_write(pte)))
			return 0;
	}
	ret = handle_mm_fault(vma, addr, FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0));
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	return ret & VM_FAULT_ERROR ? -EFAULT : 0;
}

int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned int gup_flags)
{
	struct vm_area_struct *vma = NULL;

	for (unsigned long addr = start; addr < end;) {
		int err;

		if (!vma || addr >= vma->vm_end)
			vma = vma_lookup(mm, addr);
		if (!vma)
			return -ENOMEM;
		if (!may_follow(vma, gup_flags))
			return -EFAULT;
		err = populate_page(vma, addr, gup_flags & FOLL_WRITE);
		if (err)
			return err;
		addr += PAGE_SIZE;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (need_resched())
			cond_resched();
	}
	return 0;
}

int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;
	int err, first_err = 0;

	down_read(&mm->mmap_lock);
	while (start < end) {
		struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
		unsigned int gup_flags;
		unsigned long to;

		if (!vma)
			break;
		start = max(start, vma->vm_start);
		to = min(end, vma->vm_end);
		/* Private writable memory gets its pages of its own now; shared pages stay
		 * clean. What may only be executed is brought in, too. */
		gup_flags = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? FOLL_WRITE : 0;
		gup_flags |= vma->vm_flags & VM_ACCESS_FLAGS ? FOLL_FORCE : 0;
		err = vma->vm_flags & VM_LOCKONFAULT ? 0 : populate_range(mm, start, to, gup_flags);
		if (!first_err)
			first_err = err;
		if (err == -EINTR)
			break;
		start = to;
	}
	up_read(&mm->mmap_lock);
	return first_err;
}

/* The page that is mapped at @addr of @vma, if @write allows it, with a reference; or NULL. */
static struct page *follow_page(struct vm_area_struct *vma, unsigned long addr, bool write)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	struct page *page = NULL;
	pte_t pte;

	if (!pmd || pmd_none(pmd))
		return NULL;
	spin_lock(pte_lockptr(pmd));
	pte = ptep_get(pte_offset(pmd, addr));
	if (pte_present(pte) && (!write || can_follow_write(vma, pte))) {
		page = pfn_to_page(pte_pfn(pte));
		get_page(page);
	}
	spin_unlock(pte_lockptr(pmd));
	return page;
}

/* The page at @addr, brought in if necessary, with a reference; NULL: none. */
static struct page *get_user_page(struct mm_struct *mm, unsigned long addr, unsigned int gup_flags)
{
	struct page *page = NULL;

	addr &= PAGE_MASK;
	/* It may leave again in between. */
	for (unsigned int tries = 0; !page && tries < 4; tries++) {
		if (populate_range(mm, addr, addr + PAGE_SIZE, gup_flags))
			return NULL;
		page = follow_page(vma_lookup(mm, addr), addr, gup_flags & FOLL_WRITE);
	}
	return page;
}

size_t access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, size_t bytes,
			unsigned int gup_flags)
{
	bool write = gup_flags & FOLL_WRITE;
	size_t done = 0;

	down_read(&mm->mmap_lock);
	while (done < bytes && addr < TASK_SIZE) {
		size_t part = min(bytes - done, PAGE_SIZE - offset_in_page(addr));
		struct page *page = get_user_page(mm, addr, gup_flags);
		void *at;

		if (!page)
			break;
		at = page_address(page) + offset_in_page(addr);
		if (write) {
			memcpy(at, buf + done, part);
			/* The entry may be gone by now, and with it what it knew. */
			folio_mark_dirty(page_folio(page));
		} else {
			memcpy(buf + done, at, part);
		}
		folio_put(page_folio(page));
		done += part;
		addr += part;
	}
	up_read(&mm->mmap_lock);
	return done;
}

/* --- for swapoff --- */

struct unuse_walk {
	unsigned int	type;
	unsigned long	addr;		/* of the first entry found */
	swp_entry_t	entry;		/* 0: none yet */
};

static void find_swap_entry(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	struct unuse_walk *found = walk->arg;
	pte_t pte = ptep_get(ptep);

	if (found->entry.val || !is_swap_pte(pte) || pte_swp_type(pte) != found->type)
		return;
	found->addr = addr;
	found->entry = pte_to_swp_entry(pte);
}

/* The read of @folio is over, and has failed; and somebody still wants what @entry names. */
static bool cannot_be_read(struct folio *folio, swp_entry_t entry)
{
	bool failed;

	folio_lock(folio);
	failed = !folio_flag(folio, PG_uptodate) && swap_count(entry);
	folio_unlock(folio);
	return failed;
}

/* One entry at @addr of @vma becomes a mapping. The frame is had first, since the fault would kill
 * somebody for it. A fault that fails for another reason (the entry was one of a file that has
 * become shorter) is as good as one that was not needed. */
static int unuse_entry(struct vm_area_struct *vma, unsigned long addr, swp_entry_t entry)
{
	bool major;
	struct folio *folio = swapin_folio(entry, vma, GFP_KERNEL | __GFP_RETRY_MAYFAIL, &major);
	vm_fault_t ret;
	int err = 0;

	if (IS_ERR_OR_NULL(folio))
		return PTR_ERR(folio);	/* NULL: somebody was faster */
	ret = handle_mm_fault(vma, addr, FAULT_FLAG_REMOTE);
	if (ret & VM_FAULT_OOM)
		err = -ENOMEM;
	else if (ret & VM_FAULT_SIGBUS && cannot_be_read(folio, entry))
		err = -EIO;
	folio_put(folio);
	return err;
}

/* A table's worth at a time, so that nothing is looked at twice in vain. */
static int unuse_vma(struct vm_area_struct *vma, unsigned int type)
{
	struct unuse_walk found = { .type = type };
	struct mm_walk walk = { .vma = vma, .pte_entry = find_swap_entry, .arg = &found };
	unsigned long addr = vma->vm_start;
	int err = 0;

	/* Who is being killed for its memory is not to get more, and gives its slots up. */
	while (addr < vma->vm_end && !err && !READ_ONCE(vma->vm_mm->oom_victim)) {
		unsigned long end = pmd_addr_end(addr, vma->vm_end);

		found.entry.val = 0;
		walk_page_range(&walk, addr, end);
		if (found.entry.val)
			err = unuse_entry(vma, found.addr, found.entry);
		addr = found.entry.val ? found.addr + PAGE_SIZE : end;
		if (signal_pending(current))
			err = -EINTR;
	}
	return err;
}

int unuse_mm(struct mm_struct *mm, unsigned int type)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (!atomic_read(&mm->swapents))
		return 0;
	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, 0); vma && !err; vma = vma_next(vma))
		if (READ_ONCE(vma->anon_vma))
			err = unuse_vma(vma, type);
	up_read(&mm->mmap_lock);
	return err;
}
