/* mm_types.h - frames, address spaces and areas.
 *
 * A frame (struct page) is in exactly one state, told by its flags:
 *   free        PG_buddy (head of a free block), or inside one, or on a per-CPU list; refcount 0
 *   slab        PG_slab: owned by a kmem_cache
 *   table       PG_table: a page table of some mm; pt_lock is its leaf lock
 *   folio       refcount > 0 and mapping set: anonymous (mapping's bit 0) or page cache
 *   kernel      refcount > 0, none of the above: stacks, the image, boot memory
 *   reserved    PG_reserved: never was free (holes, image, firmware, the zero page)
 */
#ifndef MM_MM_TYPES_H
#define MM_MM_TYPES_H

#include <lib/interval_tree.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/types.h>
#include <asm/atomic.h>
#include <asm/page.h>
#include <asm/pgtable_types.h>
#include <sync/rwsem.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

struct anon_vma;
struct file;
struct kmem_cache;
struct address_space;

typedef unsigned long pgoff_t;		/* index of a page in a file or linear address space */
typedef unsigned int gfp_t;
typedef unsigned int vm_fault_t;
typedef unsigned long vm_flags_t;

enum pageflags {
	PG_locked,		/* folio lock */
	PG_uptodate,		/* content is valid */
	PG_dirty,
	PG_lru,			/* on an LRU list [lru_lock] */
	PG_active,		/* on the active one [lru_lock] */
	PG_swapbacked,		/* anonymous or tmpfs: leaves for swap, not for a file. Anonymous
				 * without it: MADV_FREE, leaves for nowhere while it is clean */
	PG_anon_exclusive,	/* anonymous, and one mm alone has it: the only licence to reuse */
	PG_buddy,
	PG_slab,
	PG_table,
	PG_reserved,
	PG_mlocked,
	PG_poisoned,		/* free, and filled with a pattern (debug builds) */
	PG_referenced,		/* used once through a system call since it came to its list */
	PG_unevictable,		/* on the list of those that reclaim leaves alone [lru_lock] */
	PG_swapcache,		/* a slot's copy; private is its entry [folio lock, area lock] */
	PG_writeback,		/* on its way to the disk; cleared from its interrupt */
	PG_reclaim,		/* free it as soon as it has been written [with PG_writeback] */
	PG_readahead,		/* read because it lay beside what was asked for, not used yet */
	PG_idle,		/* marked by page_idle.c and not seen used since [folio lock] */
	PG_young,		/* page_idle.c took accessed bits that reclaim wants [folio lock] */
};

struct page {
	unsigned long		flags;		/* [atomic bits] enum pageflags */
	union {
		struct {	/* folio */
			struct list_head	lru;
			struct address_space	*mapping;	/* bit 0 set: anonymous */
			pgoff_t			index;
			unsigned long		private;	/* PG_swapcache: swp_entry_t */
		};
		struct {	/* free: head of a block of 2^order frames [zone->lock] */
			struct list_head	buddy_node;
			unsigned int		order;
		};
		struct {	/* slab [cache->lock] */
			struct list_head	slab_node;
			struct kmem_cache	*slab_cache;	/* [c] */
			void			*slab_free;	/* first free object */
			/* objects out, magazines included */
			unsigned int		slab_inuse;
		};
		struct {	/* page table */
			struct list_head	pt_node;	/* on its way out */
			struct mm_struct	*pt_mm;
			spinlock_t		pt_lock;	/* RANK_PTE */
		};
	};
	atomic_t		_mapcount;	/* present entries that map it */
	atomic_t		_refcount;
} __aligned(64);

/* A frame that has an owner. Only single-frame folios exist; the type says which calls make
 * sense. */
struct folio {
	struct page page;
};

/* One range of an address space with one set of rights and one object behind it. */
struct vm_area_struct {
	unsigned long		vm_start;	/* [mmap_lock] bytes, first */
	unsigned long		vm_end;		/* [mmap_lock] first after it */
	struct mm_struct	*vm_mm;		/* [c] */
	vm_flags_t		vm_flags;	/* [mmap_lock] VM_* */
	/* [mmap_lock] entry bits, write right withheld if COW */
	pgprot_t		vm_page_prot;
	struct rb_node		vm_rb;		/* [mmap_lock] mm->mm_rb */
	/* [mmap_lock] largest gap before any VMA of the subtree */
	unsigned long		rb_subtree_gap;
	struct list_head	vm_list;	/* [mmap_lock] mm->mmap_list, by address */
	/* of vm_start, in pages; anonymous: vm_start >> 12 at birth */
	pgoff_t			vm_pgoff;
	struct file		*vm_file;	/* [c] a reference, or NULL */
	/* [c] a reference, or NULL: what was mapped to get anonymous memory (/dev/zero); a name */
	struct file		*vm_anon_file;
	/* [page_table_lock and mmap_lock] where new pages go */
	struct anon_vma		*anon_vma;
	/* [the same] struct anon_vma_chain, our own first */
	struct list_head	anon_vma_chain;
	union {
		/* [i_mmap_rwsem] in the file's i_mmap, by page offset */
		struct interval_tree_node shared;
		/* [c] VM_PFNMAP without a file: what is mapped */
		const struct special_mapping *vm_special;
	};
};

struct mm_struct {
	struct rb_root		mm_rb;		/* [mmap_lock] areas by address */
	struct list_head	mmap_list;	/* [mmap_lock] the same, in a row */
	struct vm_area_struct	*vma_cache;	/* last one found; any reader may replace it */
	pgd_t			*pgd;		/* [c] */
	/* [atomic] processors that may have our translations */
	unsigned long		cpu_mask;
	/* [a pte lock] entries cleared by reclaim, which flushes them later (rmap.c) ... */
	atomic_long_t		tlb_unmaps;
	/* ... of which so many are known to be flushed: see flush_tlb_batched_pending() */
	unsigned long		tlb_unmaps_flushed;
	struct rw_semaphore	mmap_lock;	/* RANK_MMAP */
	spinlock_t		page_table_lock; /* RANK_PAGE_TABLE */
	atomic_t		mm_users;	/* tasks and borrowers: the areas live */
	/* 1 for all users, + lazy processors: the pgd lives */
	atomic_t		mm_count;
	unsigned int		map_count;	/* [mmap_lock] number of areas */

	atomic_long_t		rss_anon, rss_file, rss_shmem;	/* pages */
	atomic_long_t		swapents;	/* swap entries in the tables */
	atomic_long_t		nr_ptes;	/* table pages of all levels */
	unsigned long		total_vm, data_vm, stack_vm, exec_vm;	/* [mmap_lock] pages */
	unsigned long		locked_vm;	/* [mmap_lock] pages */
	unsigned long		hiwater_rss, hiwater_vm;	/* pages */
	vm_flags_t		def_flags;	/* [mmap_lock] mlockall(MCL_FUTURE) */

	unsigned long		mmap_base;	/* top of the top-down mmap area */
	unsigned long		start_code, end_code, start_data, end_data;
	unsigned long		start_brk, brk, start_stack;
	unsigned long		arg_start, arg_end, env_start, env_end;
	unsigned long		saved_auxv[48];
	struct file		*exe_file;	/* [mmap_lock] a reference */
	bool			oom_victim;
	/* [mmap_lock] its private pages were taken while it was dying: nothing is mapped again */
	bool			reaped;
	/* [atomic] MEMBARRIER_CMD_REGISTER_* that were asked for; fork hands them on */
	unsigned long		membarrier;
	/* [mm_list_lock] in mm_list, from birth to the last mmdrop */
	struct list_head	mm_node;
};

#endif
