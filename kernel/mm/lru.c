/* lru.c - the lists that reclaim looks through: anonymous and file folios, inactive and active;
 * and one of those that it leaves alone.
 *
 *	                 new                      used twice (vmscan.c, folio_mark_accessed)
 *	                  |                      +----------------+
 *	                  v                      |                v
 *	freed <--- oldest inactive newest -------+        oldest active newest
 *	              ^          ^                             |
 *	  written -----          +-----------------------------+  too many (vmscan.c), MADV_COLD
 *
 * Holds:  PG_lru means on a list, and PG_unevictable, PG_swapbacked and PG_active say which one. A
 *         list holds no reference: whoever drops the last one takes the folio off. A folio without
 *         PG_lru and with references is new, or isolated: somebody has taken it off, has a
 *         reference of his own, and will put it back.
 *         PG_mlocked folios, and only they, are on LRU_UNEVICTABLE; NR_MLOCK is their number.
 * Locks:  lru_lock for lists, sizes and these flags, of folios that are on a list; of one that is
 *         not, whoever isolated it may change PG_active and PG_swapbacked. The disk's interrupt
 *         takes it too.
 * Where Linux differs: its per-processor batches in front of the lists hold references, which makes
 * the owner of the last reference hard to see; ours are the gather batches of zap.c alone. */
#include <mm/internal.h>

#include <lib/list.h>
#include <debug/assert.h>
#include <mm/vmstat.h>

static DEFINE_SPINLOCK(lru_lock, RANK_LRU);
static struct list_head lists[NR_LRU_LISTS] = {	/* [lru_lock] the newest first */
	LIST_HEAD_INIT(lists[0]), LIST_HEAD_INIT(lists[1]), LIST_HEAD_INIT(lists[2]),
	LIST_HEAD_INIT(lists[3]), LIST_HEAD_INIT(lists[4]),
};
static unsigned long sizes[NR_LRU_LISTS];	/* [lru_lock] */

/* --- one folio; lru_lock held --- */

static enum lru_list flags_lru(unsigned long flags)
{
	if (flags & BIT(PG_unevictable))
		return LRU_UNEVICTABLE;
	return (flags & BIT(PG_swapbacked) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) +
	       !!(flags & BIT(PG_active));
}

static enum lru_list folio_lru(const struct folio *folio)
{
	return flags_lru(READ_ONCE(folio->page.flags));
}

/* It is on no list. PG_mlocked decides about PG_unevictable. */
static enum lru_list lru_add(struct folio *folio)
{
	enum lru_list lru;

	DEBUG_ASSERT(!folio_flag(folio, PG_lru));
	if (unlikely(folio_flag(folio, PG_mlocked))) {
		page_set_flag(&folio->page, PG_unevictable);
		page_clear_flag(&folio->page, PG_active);
	} else if (unlikely(folio_flag(folio, PG_unevictable))) {
		page_clear_flag(&folio->page, PG_unevictable);
	}
	lru = folio_lru(folio);
	page_set_flag(&folio->page, PG_lru);
	list_add(&folio->page.lru, &lists[lru]);
	WRITE_ONCE(sizes[lru], sizes[lru] + 1);
	return lru;
}

static void lru_del(struct folio *folio)
{
	enum lru_list lru = folio_lru(folio);

	WRITE_ONCE(sizes[lru], sizes[lru] - 1);
	list_del(&folio->page.lru);
	page_clear_flag(&folio->page, PG_lru);
}

/* Of one on a list: to the new end of the list that its flags, with @set and without @clear (masks
 * of PG_*), say. */
static void lru_move(struct folio *folio, unsigned long set, unsigned long clear)
{
	lru_del(folio);
	__atomic_fetch_or(&folio->page.flags, set, __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&folio->page.flags, ~clear, __ATOMIC_SEQ_CST);
	lru_add(folio);
}

static bool on_reclaim_list(const struct folio *folio)
{
	return folio_flag(folio, PG_lru) && !folio_flag(folio, PG_unevictable);
}

/* A reference is the first thing that isolation needs. One whose last has gone stays: its owner is
 * waiting for our lock to take it off. */
static bool lru_isolate(struct folio *folio)
{
	if (!folio_flag(folio, PG_lru) || !atomic_inc_not_zero(&folio->page._refcount))
		return false;
	lru_del(folio);
	return true;
}

void folio_add_lru(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);

	lru_add(folio);
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_add_new_anon_lru(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);

	page_init_flags(&folio->page, folio->page.flags | BIT(PG_lru));
	list_add(&folio->page.lru, &lists[LRU_INACTIVE_ANON]);
	WRITE_ONCE(sizes[LRU_INACTIVE_ANON], sizes[LRU_INACTIVE_ANON] + 1);
	spin_unlock_irqrestore(&lru_lock, flags);
}

/* A frame that is on a list is a folio, and before it can be freed and become something else it
 * leaves the list under the lock. */
struct folio *page_get_folio(struct page *page)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);
	bool got = page_flag(page, PG_lru) && atomic_inc_not_zero(&page->_refcount);

	spin_unlock_irqrestore(&lru_lock, flags);
	return got ? page_folio(page) : NULL;
}

/* --- isolation --- */

bool folio_isolate_lru(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);
	bool isolated = lru_isolate(folio);

	spin_unlock_irqrestore(&lru_lock, flags);
	return isolated;
}

unsigned int isolate_lru_folios(enum lru_list lru, unsigned int nr, struct folio **folios)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);
	struct list_head *at = lists[lru].prev;
	unsigned int taken = 0, looked = 0;

	/* There are at most a few gathers' worth of dying ones, on every processor one. */
	for (; at != &lists[lru] && taken < nr && looked < nr + NR_CPUS * GATHER_PAGES; looked++) {
		struct folio *folio = page_folio(list_entry(at, struct page, lru));

		at = at->prev;
		if (lru_isolate(folio))
			folios[taken++] = folio;
	}
	spin_unlock_irqrestore(&lru_lock, flags);
	return taken;
}

/* A written page that nobody has used meanwhile is what reclaim waits for. While PG_reclaim is set,
 * folio_rotate_reclaimable is still to come, and waits for lru_lock. */
static bool has_been_written(const struct folio *folio)
{
	const unsigned long mask = BIT(PG_swapcache) | BIT(PG_uptodate) | BIT(PG_dirty) |
				   BIT(PG_reclaim) | BIT(PG_active) | BIT(PG_unevictable) |
				   BIT(PG_readahead) | BIT(PG_locked);

	return (READ_ONCE(folio->page.flags) & mask) == (BIT(PG_swapcache) | BIT(PG_uptodate)) &&
	       !folio_mapcount(folio);
}

void folios_putback(struct folio **folios, unsigned int nr)
{
	struct folio *dead[SWAP_CLUSTER_MAX];
	unsigned int nr_dead = 0;
	unsigned long flags;

	ASSERT(nr <= SWAP_CLUSTER_MAX);
	flags = spin_lock_irqsave(&lru_lock);
	for (unsigned int i = 0; i < nr; i++) {
		struct page *page = folio_page(folios[i]);
		enum lru_list lru = lru_add(folios[i]);

		if (has_been_written(folios[i]))
			list_move_tail(&page->lru, &lists[lru]);
		/* On its list before the reference goes: the next to drop the last one must find it
		 * there. */
		if (atomic_dec_and_test(&page->_refcount)) {
			lru_del(folios[i]);
			dead[nr_dead++] = folios[i];
		}
	}
	spin_unlock_irqrestore(&lru_lock, flags);
	if (nr_dead)
		free_isolated_folios(dead, nr_dead);
}

/* --- from list to list --- */

/* lru_lock held. */
static void activate(struct folio *folio)
{
	if (!on_reclaim_list(folio) || folio_flag(folio, PG_active))
		return;
	lru_move(folio, BIT(PG_active), BIT(PG_referenced));
	count_vm_event(PGACTIVATE);
}

void folio_mark_accessed(struct folio *folio)
{
	unsigned long flags;

	if (folio_flag(folio, PG_idle))
		page_clear_flag(&folio->page, PG_idle);
	if (!folio_flag(folio, PG_referenced)) {
		page_set_flag(&folio->page, PG_referenced);
		return;
	}
	if (folio_flag(folio, PG_active) || !on_reclaim_list(folio))
		return;
	flags = spin_lock_irqsave(&lru_lock);
	activate(folio);
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_rotate_reclaimable(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);

	if (on_reclaim_list(folio) && !folio_flag(folio, PG_active)) {
		list_move_tail(&folio->page.lru, &lists[folio_lru(folio)]);
		/* Counted nowhere else, so that no interrupt comes in between. */
		count_vm_event(PGROTATED);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_deactivate(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);

	if (on_reclaim_list(folio)) {
		if (folio_flag(folio, PG_active)) {
			lru_move(folio, 0, BIT(PG_active));
			count_vm_event(PGDEACTIVATE);
		}
		page_clear_flag(&folio->page, PG_referenced);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_mark_lazyfree(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);

	if (on_reclaim_list(folio) && folio_flag(folio, PG_swapbacked)) {
		DEBUG_ASSERT(folio_test_anon(folio) && !folio_flag(folio, PG_swapcache));
		lru_move(folio, 0, BIT(PG_swapbacked) | BIT(PG_active) | BIT(PG_referenced));
		count_vm_event(PGLAZYFREE);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

/* --- locked pages --- */

void folio_mlock(struct folio *folio)
{
	unsigned long flags;

	if (folio_flag(folio, PG_mlocked))
		return;
	flags = spin_lock_irqsave(&lru_lock);
	if (!test_and_set_bit_atomic(PG_mlocked, &folio->page.flags)) {
		mod_page_state(NR_MLOCK, 1);
		if (folio_flag(folio, PG_lru))	/* else when it is put (back) on a list */
			lru_move(folio, BIT(PG_unevictable), BIT(PG_active));
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_munlock(struct folio *folio)
{
	unsigned long flags;

	if (!folio_flag(folio, PG_mlocked))
		return;
	flags = spin_lock_irqsave(&lru_lock);
	if (test_and_clear_bit_atomic(PG_mlocked, &folio->page.flags)) {
		mod_page_state(NR_MLOCK, -1);
		if (folio_flag(folio, PG_lru))
			lru_move(folio, 0, BIT(PG_unevictable));
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

/* --- the end --- */

static void free_folios(struct folio **folios, unsigned int nr)
{
	BUILD_ASSERT(!offsetof(struct folio, page));
	free_frames((struct page **)folios, nr);
}

/* The flags of a folio whose last reference is gone: what it was counted as ends here. */
static __inline_always unsigned long last_flags(const struct folio *folio)
{
	unsigned long flags = READ_ONCE(folio->page.flags);

	DEBUG_ASSERT(!(flags & (BIT(PG_swapcache) | BIT(PG_writeback))));
	if (unlikely(flags & BIT(PG_mlocked)))
		mod_page_state(NR_MLOCK, -1);
	return flags;
}

void free_isolated_folios(struct folio **folios, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		last_flags(folios[i]);
	free_folios(folios, nr);
}

/* Off its list, if it is on one, for good: nobody else has a reference. lru_lock held. */
static __inline_always void leave_lists(struct folio *folio)
{
	unsigned long flags = last_flags(folio);
	enum lru_list lru = flags_lru(flags);

	if (!(flags & BIT(PG_lru)))
		return;
	WRITE_ONCE(sizes[lru], sizes[lru] - 1);
	list_del(&folio->page.lru);
	page_init_flags(&folio->page, flags & ~BIT(PG_lru));
}

void folios_put(struct folio **folios, unsigned int nr)
{
	struct folio *dead[GATHER_PAGES];
	unsigned int nr_dead = 0;
	unsigned long flags;

	ASSERT(nr <= GATHER_PAGES);
	for (unsigned int i = 0; i < nr; i++)
		if (atomic_dec_and_test(&folios[i]->page._refcount))
			dead[nr_dead++] = folios[i];
	if (!nr_dead)
		return;
	flags = spin_lock_irqsave(&lru_lock);
	for (unsigned int i = 0; i < nr_dead; i++)
		leave_lists(dead[i]);
	spin_unlock_irqrestore(&lru_lock, flags);
	free_folios(dead, nr_dead);
}

/* The last reference is gone. */
static __noinline void free_folio(struct folio *folio)
{
	if (folio_flag(folio, PG_lru)) {
		unsigned long flags = spin_lock_irqsave(&lru_lock);

		leave_lists(folio);
		spin_unlock_irqrestore(&lru_lock, flags);
		free_folios(&folio, 1);
	} else {
		free_isolated_folios(&folio, 1);
	}
}

void folio_put(struct folio *folio)
{
	if (atomic_dec_and_test(&folio->page._refcount))
		free_folio(folio);
}

unsigned long lru_size(enum lru_list lru)
{
	return READ_ONCE(sizes[lru]);
}

const struct list_head *lru_head(enum lru_list lru)
{
	return &lists[lru];
}
