/* lru.c - the lists that reclaim looks through: anonymous and file folios, inactive and active.
 * Holds:  PG_lru means on a list, PG_active on an active one. A list holds no reference: whoever
 *         drops the last one takes the folio off.
 * Locks:  lru_lock for lists, sizes and the two flags.
 * Where Linux differs: its per-processor batches in front of the lists hold references, which makes
 * the owner of the last reference hard to see; ours are the gather batches of zap.c alone. */
#include <mm/internal.h>

#include <lib/list.h>
#include <debug/assert.h>
#include <mm/vmstat.h>

static DEFINE_SPINLOCK(lru_lock, RANK_LRU);
static struct list_head lists[NR_LRU_LISTS] = {	/* [lru_lock] the newest first */
	LIST_HEAD_INIT(lists[0]), LIST_HEAD_INIT(lists[1]),
	LIST_HEAD_INIT(lists[2]), LIST_HEAD_INIT(lists[3]),
};
static unsigned long sizes[NR_LRU_LISTS];	/* [lru_lock] */

static enum lru_list folio_lru(const struct folio *folio)
{
	return (folio_flag(folio, PG_swapbacked) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) +
	       folio_flag(folio, PG_active);
}

void folio_add_lru(struct folio *folio)
{
	unsigned long flags = spin_lock_irqsave(&lru_lock);
	enum lru_list lru = folio_lru(folio);

	DEBUG_ASSERT(!folio_flag(folio, PG_lru));
	page_set_flag(&folio->page, PG_lru);
	list_add(&folio->page.lru, &lists[lru]);
	sizes[lru]++;
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

/* lru_lock held; nobody else has a reference. */
static void lru_del(struct folio *folio)
{
	sizes[folio_lru(folio)]--;
	list_del(&folio->page.lru);
	page_init_flags(&folio->page, folio->page.flags & ~(BIT(PG_lru) | BIT(PG_active)));
}

void folios_put(struct folio **folios, unsigned int nr)
{
	struct page *dead[GATHER_PAGES];
	unsigned int nr_dead = 0;
	unsigned long flags;

	ASSERT(nr <= GATHER_PAGES);
	for (unsigned int i = 0; i < nr; i++)
		if (atomic_dec_and_test(&folios[i]->page._refcount))
			dead[nr_dead++] = folio_page(folios[i]);
	if (!nr_dead)
		return;
	flags = spin_lock_irqsave(&lru_lock);
	for (unsigned int i = 0; i < nr_dead; i++)
		if (page_flag(dead[i], PG_lru))
			lru_del(page_folio(dead[i]));
	spin_unlock_irqrestore(&lru_lock, flags);
	free_frames(dead, nr_dead);
}

void folio_put(struct folio *folio)
{
	folios_put(&folio, 1);
}

unsigned long lru_size(enum lru_list lru)
{
	return READ_ONCE(sizes[lru]);
}

const struct list_head *lru_head(enum lru_list lru)
{
	return &lists[lru];
}
