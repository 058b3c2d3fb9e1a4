/* internal.h - what only the files of kernel/mm may call of each other. */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <asm/pgtable.h>
#include <mm/anon_vma.h>
#include <mm/mm.h>
#include <mm/mm_types.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/rmap.h>

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
/* Cut @vma in two at @addr; it keeps [start, addr). The upper part, or ERR_PTR(-ENOMEM). */
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
/* Frames that were unmapped and wait for the flush after which they may be freed. */
#define GATHER_PAGES	120

struct mmu_gather {
	struct mm_struct	*mm;
	unsigned long		start, end;	/* bytes that need a flush; start >= end: none */
	struct list_head	tables;		/* unlinked table frames */
	unsigned int		nr;
	bool			whole_mm;	/* exit: nobody runs on these tables again */
	bool			keep_anon;	/* private copies stay mapped */
	struct folio		*folios[GATHER_PAGES];
};

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
#define MMAP_MIN_ADDR	65536UL		/* nothing below, so that a NULL pointer faults */

/* A free place for @len bytes as mmap chooses it, @flags as in mmap(2); or -ENOMEM. */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags);
/* Would @pages more fit in RLIMIT_AS (and RLIMIT_DATA for private writable)? */
bool may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long pages);
/* The same for pages that are mapped already and become private writable: total_vm does not
 * grow. */
bool may_become_data(struct mm_struct *mm, vm_flags_t flags, unsigned long pages);
void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, long pages);
bool mlock_future_ok(struct mm_struct *mm, vm_flags_t flags, unsigned long bytes);
/* Grow a stack area down to @addr. mmap_lock held for write. 0 or -ENOMEM. */
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/* Overcommit heuristics: could this much ever be backed? */
bool vm_enough_memory(unsigned long pages);

/* --- memory.c --- */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags);
/* Bring [start, end) in. mmap_lock held for read in and out. 0, -EFAULT, -ENOMEM, -EINTR. @write:
 * break COW. */
int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool write);
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
	NR_LRU_LISTS
};

void folio_add_lru(struct folio *folio);
/* Drop one reference of each; those whose last it was leave the LRU and are freed. Does not
 * sleep. */
void folios_put(struct folio **folios, unsigned int nr);
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

#endif
