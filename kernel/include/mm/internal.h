/* internal.h - what only the files of kernel/mm may call of each other. */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <asm/pgtable.h>
#include <mm/anon_vma.h>
#include <mm/mm.h>
#include <mm/mm_types.h>
#include <mm/overcommit.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/rmap.h>
#include <mm/swap.h>

/* The lock of the leaf table that *pmd points to. */
static inline spinlock_t *pte_lockptr(const pmd_t *pmd)
{
	return &phys_to_page(READ_ONCE(pmd->val) & PTE_PFN_MASK)->pt_lock;
}

/* --- oom_kill.c --- */
/* Called by the allocator, which may sleep, when nothing is left. True: somebody was killed or is
 * still dying, or memory came back meanwhile: try again. False: give up. */
bool out_of_memory(unsigned int order);

/* --- slab.c, vmalloc.c: spare objects of the running processor back to the frames --- */
void kmem_cache_drain_local(void);
void drain_stack_cache(void);
unsigned long nr_cached_stack_pages(void);
void slab_init(void);
/* Verification, everything stopped: compare each cache's counts with its lists. */
void slab_verify(void);

/* --- mm_struct.c --- */
extern struct list_head mm_list;	/* by mm_node: every mm but init_mm */
/* The first mm after @prev (NULL: of all) that has users, with mm_users raised; that of @prev goes.
 * NULL: there is no further one. New ones come at the end. Sleeps. */
struct mm_struct *next_mm(struct mm_struct *prev);

/* --- page_alloc.c --- */
/* Verification, everything stopped: call fn for each free block; @stacked: it is a frame of a
 * processor's stack. Counts of the zone are compared on the way. */
void walk_free_blocks(void (*fn)(struct page *page, unsigned int order, bool stacked));

/* --- vma.c: the tree; mmap_lock held for write unless said otherwise --- */
void vma_cache_init(void);
struct vm_area_struct *vma_alloc(struct mm_struct *mm);		/* zeroed; NULL: no memory */
/* unlinked; takes references */
struct vm_area_struct *vma_dup(const struct vm_area_struct *old);
/* unlinked already; drops references */
void vma_free(struct vm_area_struct *vma);
/* The area that holds @addr, or NULL. Read lock is enough. */
struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr);
/* First area overlapping [start, end), or NULL. Read lock is enough. */
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end);
struct vm_area_struct *vma_prev(struct vm_area_struct *vma);
/* last ending <= addr */
struct vm_area_struct *vma_prev_at(struct mm_struct *mm, unsigned long addr);
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
/* The same where it is known to lie above all others. */
void vma_link_last(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_unlink(struct vm_area_struct *vma);
/* Only out of the reverse map: no walk finds its pages any more. Part of vma_unlink. */
void vma_leave_rmap(struct vm_area_struct *vma);
/* Move bounds without changing neighbours' order; @pgoff is the new vm_pgoff. Cannot fail. */
void vma_set_bounds(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		    pgoff_t pgoff);
/* Cut @vma in two at @addr; it keeps [start, addr). The upper part, or ERR_PTR(-ENOMEM), or -EINVAL
 * for one that stays whole (special.c). */
struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr);
/* Make [start, end) a separate area by splitting @vma as needed; the area, or ERR_PTR, and then
 * @vma is whole. */
struct vm_area_struct *vma_isolate(struct vm_area_struct *vma, unsigned long start,
				   unsigned long end);
/* A mapping [start, end) with these properties is about to appear, or has just changed in place:
 * extend the neighbours over it if they are alike. Returns the area that now covers it, or NULL.
 * The range itself is unmapped when @vma is NULL; otherwise @vma is the area that has just got
 * @flags. */
struct vm_area_struct *vma_merge_new(struct mm_struct *mm, unsigned long start, unsigned long end,
				     vm_flags_t flags, struct file *file, pgoff_t pgoff);
struct vm_area_struct *vma_merge_changed(struct vm_area_struct *vma);
void vma_set_page_prot(struct vm_area_struct *vma);
pgprot_t vm_get_page_prot(vm_flags_t flags);
/* Lowest address >= @low (bottom-up) or highest below @high (top-down) with @len free bytes, guard
 * gaps of growing-down areas respected; or -ENOMEM. */
unsigned long find_gap(struct mm_struct *mm, unsigned long len, unsigned long low,
		       unsigned long high, bool topdown);
/* How far below @vma nothing else may be mapped. */
unsigned long vma_start_gap(const struct vm_area_struct *vma);

#define STACK_GUARD_GAP	(256UL << PAGE_SHIFT)

/* --- zap.c --- */
/* Frames that were unmapped and wait for the flush after which they may be freed. The first batch
 * is part of the gather; each further one is a frame. */
#define GATHER_PAGES	120
#define MAX_BATCHES	20	/* further ones, before there is a flush: some 10,000 frames */

struct gather_batch {
	struct gather_batch	*next;
	struct folio		*folios[(PAGE_SIZE - sizeof(void *)) / sizeof(void *)];
};

struct mmu_gather {
	struct mm_struct	*mm;
	unsigned long		start, end;	/* bytes that need a flush; start >= end: none */
	struct list_head	tables;		/* unlinked table frames */
	bool			whole_mm;	/* exit: nobody runs on these tables again */
	bool			keep_anon;	/* private copies stay mapped */
	unsigned int		nr_batches;	/* further ones */
	struct gather_batch	*batches;	/* they, the newest first */
	struct folio		**slot, **limit; /* of the newest: what comes next, its end */
	struct folio		*folios[GATHER_PAGES];	/* the first batch */
};

/* Resident pages of @mm are about to become fewer. */
static inline void update_hiwater_rss(struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm);

	/* Who comes without mmap_lock may lose a raise to another. */
	if (rss > READ_ONCE(mm->hiwater_rss))
		WRITE_ONCE(mm->hiwater_rss, rss);
}

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);
void tlb_finish_mmu(struct mmu_gather *tlb);
/* Unmap [start, end) of @vma; the entries become none. mmap_lock held at least for read. */
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end);
/* The same with its own gather. */
void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* --- mmap.c --- */
/* Unmap [start, start + len), mmap_lock held for write. 0, or an errno and nothing is unmapped. */
int munmap_locked(struct mm_struct *mm, unsigned long start, unsigned long len);

/* A free place for @len bytes as mmap chooses it, @flags as in mmap(2); or -ENOMEM. */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags);
/* Is the caller allowed to map something at @addr? Very low ones, where a NULL pointer leads, are
 * the superuser's. */
bool may_map_at(unsigned long addr);
/* Would @pages more fit in RLIMIT_AS (and RLIMIT_DATA for private writable)? */
bool may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long pages);
/* The same for pages that are mapped already and become private writable: total_vm does not
 * grow. */
bool may_become_data(struct mm_struct *mm, vm_flags_t flags, unsigned long pages);
void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, long pages);
bool mlock_future_ok(struct mm_struct *mm, vm_flags_t flags, unsigned long bytes);
/* Grow a stack area down to @addr, which is below it, and nothing is mapped between. mmap_lock held
 * for write. 0 or -ENOMEM. */
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/* --- overcommit.c --- */
/* Does an area with these flags get VM_ACCOUNT, its pages being promised? */
bool accountable_area(vm_flags_t flags);
/* Of a whole area: its pages if they are promised, or 0. */
static inline unsigned long vma_promised(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_ACCOUNT ? (vma->vm_end - vma->vm_start) >> PAGE_SHIFT : 0;
}

/* --- memory.c --- */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags);
/* Bring [start, end) in. mmap_lock held for read in and out. 0, -EFAULT, -ENOMEM, -EINTR.
 * FOLL_WRITE: break COW. */
int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned int gup_flags);
/* After a mapping with VM_LOCKED or MAP_POPULATE: takes mmap_lock itself. An area that cannot be
 * brought in is passed over; the first error is returned. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len);

/* --- fork_mm.c --- */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);

/* --- lru.c --- */
enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

/* Put @folio, which is on no list, on the one that its flags say. */
void folio_add_lru(struct folio *folio);
/* The same of an anonymous page that nobody else has seen yet: its flags need no atomic changes. */
void folio_add_new_anon_lru(struct folio *folio);
/* Take @folio off its list, with a reference of our own: true. False: it is on none (somebody else
 * has it), or is being freed. PG_active and PG_unevictable stay and say where it goes back to. */
bool folio_isolate_lru(struct folio *folio);
/* The end of isolation: put each on the list that its flags say now, and drop our references. */
void folios_putback(struct folio **folios, unsigned int nr);
/* Up to @nr of the oldest of @lru, isolated as above, into @folios. Returns how many. */
unsigned int isolate_lru_folios(enum lru_list lru, unsigned int nr, struct folio **folios);
/* Of one on a list, any context: to the old end of the inactive list, so that it goes next. */
void folio_rotate_reclaimable(struct folio *folio);
/* MADV_COLD: an active one becomes inactive. MADV_FREE: to the inactive file list, without
 * PG_swapbacked. Both of one on a list; otherwise nothing happens. */
void folio_deactivate(struct folio *folio);
void folio_mark_lazyfree(struct folio *folio);
/* A page of a VM_LOCKED area, mapped there: off reclaim's lists, counted as locked. It is a hint
 * that saves reclaim from looking; what keeps a page in memory is VM_LOCKED itself. Undone when
 * such an area lets go of it; if it is in another one, reclaim will notice. May be called under a
 * pte lock. */
void folio_mlock(struct folio *folio);
void folio_munlock(struct folio *folio);
/* Drop one reference of each, of GATHER_PAGES at most; those whose last it was leave the LRU and
 * are freed. Does not sleep. */
void folios_put(struct folio **folios, unsigned int nr);
/* Free @nr, isolated, unlocked, whose last reference is gone. */
void free_isolated_folios(struct folio **folios, unsigned int nr);
unsigned long lru_size(enum lru_list lru);	/* pages */
const struct list_head *lru_head(enum lru_list lru);	/* for verification, everything stopped */

/* --- filemap.c --- */
void mapping_link_vma(struct vm_area_struct *vma);
void mapping_unlink_vma(struct vm_area_struct *vma);
/* Around a change of bounds or vm_pgoff: between the two no walk of the file's areas runs. */
void mapping_lock_bounds(struct vm_area_struct *vma);
void mapping_unlock_bounds(struct vm_area_struct *vma);
/* Clear the entries of all areas of @mapping for pages [first, last]. Private copies stay unless
 * @even_cows. Sleeps; no mmap_lock held. */
void unmap_mapping_range(struct address_space *mapping, pgoff_t first, pgoff_t last,
			 bool even_cows);
bool folio_trylock(struct folio *folio);
/* Those that wait for the folio lock or for the end of writeback look again. Any context. */
void folio_wake(struct folio *folio);
/* Until PG_writeback is clear. Sleeps. */
void folio_wait_writeback(struct folio *folio);

/* --- shmem.c: tmpfs pages leave for swap and come back --- */
extern struct list_head shmem_swaplist;	/* by swaplist: every mapping that has a page in swap */
/* An entry that was found at @index of @mapping goes for good: true. False: it has changed. */
bool shmem_free_swap(struct address_space *mapping, pgoff_t index, swp_entry_t entry);
/* Nobody looks at @mapping, which has no page in swap any more, when this returns. Sleeps. */
void shmem_leave_swaplist(struct address_space *mapping);
/* @folio is locked, of a tmpfs file, mapped nowhere: move it from the page cache to the swap cache,
 * leaving the entry of its slot in i_pages; it is dirty then. Does not sleep or allocate. False: no
 * slot, and it is where it was. */
bool shmem_move_to_swap(struct folio *folio);
/* Bring what @entry, seen at @index, stands for back into the page cache. The folio, unlocked and
 * with a reference; NULL: it is not there any more, look again; ERR_PTR(-ENOMEM, -EIO). Sleeps. */
struct folio *shmem_swapin_folio(struct address_space *mapping, pgoff_t index, swp_entry_t entry,
				 gfp_t gfp);
/* All entries of swap area @type in all files come back: for swapoff. 0, -ENOMEM, -EIO, -EINTR. */
int shmem_unuse(unsigned int type);

/* --- swapfile.c: slots of swap areas, and the swap cache --- */
/* A slot has the number of entries (in page tables and tmpfs files) that name it, and the folio
 * that is its copy in memory, if there is one: that is the swap cache, and it has one reference. A
 * slot is free when it has neither. All these take the area's lock (RANK_SWAP), may be called under
 * a pte lock, and neither sleep nor allocate. An entry whose area is gone meanwhile names nothing:
 * count 0, no folio. */
/* Give @folio, locked, dirty or about to be, not in the cache, a slot with @entries entries, near
 * the last one that this processor took; it is in the cache then. False: no slot is free. */
bool folio_alloc_swap(struct folio *folio, unsigned int entries);
/* @n more of a slot in use; or -@n less, of one that has a copy, which is locked. */
void swap_add_entries(swp_entry_t entry, int n);
/* One less. True: it was the last, and the copy in memory is left. */
bool swap_free(swp_entry_t entry);
/* The copy, with a reference, or NULL. It may be locked, being read. */
struct folio *swap_cache_get_folio(swp_entry_t entry);
/* Make @folio, new, locked and yet to be read, the copy: 0; -EEXIST: there is one; -ENOENT: no
 * entry names the slot any more. Takes a reference; sets PG_swapcache, PG_swapbacked, private. */
int swap_cache_add(struct folio *folio, swp_entry_t entry);
/* If no entry names its slot, take @folio, locked, out of the cache, dirty, and the slot is free:
 * true. False while it is being written. */
bool folio_free_swap(struct folio *folio);
/* The same though @folio's last entry is still counted: its page goes elsewhere (tmpfs). The
 * cache's reference becomes the caller's. */
void swap_cache_move_out(struct folio *folio);
/* @folio, locked, isolated, mapped nowhere, is clean, and the caller's reference and the cache's
 * are the only ones: take it out with both references gone, for the caller to free: true. */
bool swap_cache_reclaim(struct folio *folio);
/* Slots that can be taken. */
long nr_free_swap_slots(void);
/* Give the slot of @entry back as soon as its page is in memory: more than half of all are in use,
 * or its area is to go. */
bool swap_slot_wanted(swp_entry_t entry);
/* Its area is to go (swapoff): what has come back from there does not leave for there again, or two
 * processes that share more than fits into memory would keep swapoff busy for ever. */
bool swap_area_leaving(swp_entry_t entry);
/* Call fn for each slot that is not free. Verification, everything stopped. */
void walk_swap_slots(void (*fn)(swp_entry_t entry, unsigned int count, unsigned long pfn));

/* --- swapon.c, page_io.c: what they share with swapfile.c is in swap_internal.h --- */
/* Consecutive slots' folios on their way to the disk. */
struct swap_plug {
	struct swap_io	*io;		/* being filled; NULL: none */
};

/* @folio, locked, in the swap cache, dirty, not under writeback, all processors flushed: begin to
 * write it. PG_dirty is cleared, PG_writeback and PG_reclaim are set; unlocked. It goes out with
 * its neighbours at the latest when the plug is flushed. May sleep until a request is free;
 * allocates nothing. A write that fails leaves the page dirty, and says so in the log. */
void swap_write_folio(struct swap_plug *plug, struct folio *folio);
void swap_plug_flush(struct swap_plug *plug);
/* @nr folios of consecutive slots, each locked and new in the swap cache: read them with one
 * request. Each is unlocked when it is there, with PG_uptodate unless the disk failed. Returns at
 * once, or when a request is free; the caller keeps no reference for it. nr <= SWAP_IO_PAGES. */
void swap_read_folios(struct folio **folios, unsigned int nr);
#define SWAP_IO_PAGES	32u
unsigned long nr_writeback_pages(void);
/* Until a write has ended or @ns have gone by. */
void wait_for_writeback(u64 ns);
#define WRITE_PATIENCE	20000000UL	/* ns that reclaim waits for a write at a time */

/* --- swap_state.c --- */
/* Lock @folio, got for @entry, and see to it that it is what it was got for. 0: locked, uptodate;
 * -EIO: locked, and it cannot be read; -ENOENT: not locked, it is no more the copy of that slot.
 * Sleeps. */
int swapin_lock_folio(struct folio *folio, swp_entry_t entry);
/* The folio of @entry, with a reference, from the cache or being read with its neighbours, perhaps
 * still locked for that. *major: it was not in memory. ERR_PTR(-ENOMEM); NULL: no entry names
 * the slot any more. Sleeps. @vma: for its MADV_RANDOM and MADV_SEQUENTIAL; may be NULL. */
struct folio *swapin_folio(swp_entry_t entry, struct vm_area_struct *vma, gfp_t gfp, bool *major);
/* An entry is gone; if it was the last, so is the copy, as soon as it can be. Not in interrupts;
 * a pte lock may be held. */
void free_swap_and_cache(swp_entry_t entry);
/* Like folios_put, for pages that were unmapped: a copy whose slot nobody names any more loses the
 * slot too. */
void folios_put_and_swap(struct folio **folios, unsigned int nr);

/* --- memory.c, for swapoff --- */
/* All entries of swap area @type in @mm become mappings again. 0, -ENOMEM, -EIO, -EINTR. Takes
 * mmap_lock; the caller has a reference. */
int unuse_mm(struct mm_struct *mm, unsigned int type);

/* --- vmscan.c --- */
/* Reclaim for an allocation with @gfp of 2^@order frames that cannot wait: until about
 * SWAP_CLUSTER_MAX frames are free, or all lists have been looked through without that. Frames
 * freed. Takes no lock that an allocating caller may hold: mmap_lock never; folio locks, rmap locks
 * only when they are free. Sleeps, allocates nothing, PF_MEMALLOC is set meanwhile. */
unsigned long try_to_free_pages(gfp_t gfp, unsigned int order);
/* Frames that reclaim has freed since boot: has anybody made progress? */
unsigned long nr_reclaimed_pages(void);
/* The same of pages that those allocating could not look at since others had locks. */
unsigned long nr_contended_pages(void);
/* How many pages reclaim may look at: 0 if nothing can leave. */
unsigned long nr_reclaimable_pages(void);
/* Free memory is below watermarks.low. Any context. */
void wakeup_kswapd(void);
/* Who takes folios off their lists to have them leave does so between these two, as one of a few at
 * a time: most are in nobody's hands. Sleeps, but nobody in there waits for more than the disk. */
void reclaim_begin(void);
void reclaim_end(void);
/* MADV_PAGEOUT: isolated @folios leave now, used or not, or go back to their lists. Those freed. */
unsigned long reclaim_folios(struct folio **folios, unsigned int nr);
#define SWAP_CLUSTER_MAX 32u	/* folios handled at a time */

/* --- rmap.c: flushes that are put off --- */
/* try_to_unmap(TTU_BATCH_FLUSH) has cleared entries of this task whose translations processors may
 * still have. After this none has. Before any such page is written to disk or freed. */
void try_to_unmap_flush(void);
/* The pte lock of a table of @mm is held: what anybody's batch has cleared in that table is flushed
 * when this returns. For whoever changes or removes entries and flushes only what it finds. */
void flush_tlb_batched_pending(struct mm_struct *mm);

#endif
