/* rmap.h - from a folio to every page-table entry that maps it. rmap.c says how. */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <debug/assert.h>
#include <mm/mm_types.h>

struct anon_vma;

/* --- counts: an entry comes or goes; its pte lock is held, and nothing sleeps --- */
/* A fresh page gets its first entry: it is @vma's alone. vma->anon_vma is set. */
void folio_add_new_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long addr);
/* An entry for a locked page that comes from swap. Its owner is the one that it had when it was
 * last mapped: whoever has an entry of its slot is in that tree still. @exclusive: it is @vma's
 * alone. */
void folio_add_anon_rmap_pte(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			     bool exclusive);
void folio_add_file_rmap(struct folio *folio);
void folio_remove_rmap(struct folio *folio);
/* The same for who removes many. True: that was the last one, and the caller counts one page less
 * in NR_ANON_MAPPED or NR_FILE_MAPPED. */
static inline bool folio_dec_mapcount(struct folio *folio)
{
	int left = atomic_dec_return(&folio->page._mapcount);

	DEBUG_ASSERT(left >= 0);
	return !left;
}
/* The page, anonymous and @vma's alone, belongs to @vma's own anon_vma from now on, so that walks
 * no longer ask its ancestors. Locked folio. */
void folio_move_anon_rmap(struct folio *folio, struct vm_area_struct *vma);

/* --- one area --- */
/* Finds the entry that maps @folio in @vma at @address. */
struct page_vma_mapped_walk {
	struct folio		*folio;
	struct vm_area_struct	*vma;
	unsigned long		address;
	pte_t			*pte;	/* the entry, with *ptl held */
	spinlock_t		*ptl;
};

/* True: ->pte maps the folio (a folio is one frame, so no other entry of the area does) and its
 * lock is held until page_vma_mapped_walk_done(). False: there is none (any more), nothing is held.
 * The caller keeps the area in its tree (see rmap_walk). */
bool page_vma_mapped_walk(struct page_vma_mapped_walk *pvmw);

static inline void page_vma_mapped_walk_done(struct page_vma_mapped_walk *pvmw)
{
	spin_unlock(pvmw->ptl);
}

/* --- all areas --- */
struct rmap_walk_control {
	void	*arg;
	bool	try_lock;	/* rather miss the walk than wait for the family's or file's lock */
	bool	contended;	/* out: it was missed */
	/* Called for each area that has the folio's offset, with its address there. False: stop. */
	bool	(*rmap_one)(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			    void *arg);
	/* True: enough, do not look at further areas. May be NULL. */
	bool	(*done)(struct folio *folio);
	/* Leave @vma out. May be NULL. */
	bool	(*invalid_vma)(struct vm_area_struct *vma, void *arg);
	/* Find and read-lock the anon_vma in a way of one's own. May be NULL. */
	struct anon_vma *(*anon_lock)(struct folio *folio, struct rmap_walk_control *rwc);
};

/* Folio locked. Sleeps on the family's or file's lock unless try_lock. The _locked one has it
 * already. */
void rmap_walk(struct folio *folio, struct rmap_walk_control *rwc);
void rmap_walk_locked(struct folio *folio, struct rmap_walk_control *rwc);

/* The folio's anon_vma with a reference, or NULL if it is not mapped any more. Needs no lock. */
struct anon_vma *folio_get_anon_vma(struct folio *folio);
/* The same, locked for read instead; it stays while the lock is held. */
struct anon_vma *folio_lock_anon_vma_read(struct folio *folio, struct rmap_walk_control *rwc);

/* --- clients; folio locked --- */
/* How many entries were used since last asked; their accessed bits are cleared. *vm_flags: of all
 * areas that had it used; VM_LOCKED as soon as one that maps it has that, used or not, and then the
 * folio is PG_mlocked. -1: the lock of the family or file was taken, nothing is known (never
 * without @try_lock). */
int folio_referenced(struct folio *folio, vm_flags_t *vm_flags, bool try_lock);

#define TTU_BATCH_FLUSH	1u	/* put the flush off until try_to_unmap_flush() */

/* Unmap @folio everywhere; its dirtiness is kept in the folio. The caller has a reference. Entries
 * of a file's page become none: it will be found in the page cache. Those of an anonymous one in
 * the swap cache become swap entries; without PG_swapbacked (MADV_FREE) they become none if the
 * page is clean and nobody else has a reference, else PG_swapbacked is set again. True if no entry
 * is left. Never waits for the family's or file's lock: a page whose lock is taken keeps its
 * entries. */
bool try_to_unmap(struct folio *folio, unsigned int flags);
/* Make all entries of a shared file page clean and read-only. Returns how many were not. */
int folio_mkclean(struct folio *folio);

#endif
