/* shmem.c - tmpfs pages in swap. A page of tmpfs has no other place to leave for than anonymous
 * memory has: its index in the file then leads to the entry of its slot, and the folio, for as long
 * as it is in memory, is the slot's copy in the swap cache. Holds:  a folio is in i_pages or in the
 * swap cache, never in both: it moves with its reference, its
 *         lock held. Every mapping with an entry in i_pages is in shmem_swaplist, for swapoff; it
 *         leaves with its inode.
 * Locks:  the folio lock; then pages_lock. shmem_swaplist_lock is taken alone.
 * Read:   filemap.c for who finds the entries; swap_state.c for the reading. */
#include <mm/internal.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <proc/signal.h>
#include <sched/sched.h>
#include <sched/wait.h>

struct list_head shmem_swaplist = LIST_HEAD_INIT(shmem_swaplist);
static DEFINE_SPINLOCK(shmem_swaplist_lock, RANK_NONE);
static DECLARE_WAIT_QUEUE_HEAD(swap_users_wait);

static void join_swaplist(struct address_space *mapping)
{
	spin_lock(&shmem_swaplist_lock);
	if (list_empty(&mapping->swaplist))
		list_add_tail(&mapping->swaplist, &shmem_swaplist);
	spin_unlock(&shmem_swaplist_lock);
}

static bool leave_swaplist(struct address_space *mapping)
{
	bool left;

	spin_lock(&shmem_swaplist_lock);
	left = !mapping->swap_users;
	if (left)
		list_del_init(&mapping->swaplist);
	spin_unlock(&shmem_swaplist_lock);
	return left;
}

void shmem_leave_swaplist(struct address_space *mapping)
{
	DEBUG_ASSERT(!mapping->nrswapped);
	if (!list_empty(&mapping->swaplist))
		wait_event(&swap_users_wait, leave_swaplist(mapping));
}

/* --- out --- */

bool shmem_move_to_swap(struct folio *folio)
{
	struct address_space *mapping = folio->page.mapping;
	unsigned long flags;
	void *old;

	DEBUG_ASSERT(folio_flag(folio, PG_locked) && !folio_mapcount(folio));
	if (!folio_alloc_swap(folio, 1))
		return false;
	if (list_empty(&mapping->swaplist))
		join_swaplist(mapping);
	flags = spin_lock_irqsave(&mapping->pages_lock);
	old = radix_replace(&mapping->i_pages, folio->page.index,
			    swp_to_radix_entry(folio_swap_entry(folio)));
	mapping->nrpages--;
	WRITE_ONCE(mapping->nrswapped, mapping->nrswapped + 1);
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	ASSERT(old == folio);
	WRITE_ONCE(folio->page.mapping, NULL);
	mod_page_state(NR_FILE_PAGES, -1);
	mod_page_state(NR_SHMEM, -1);
	atomic_dec(&folio->page._refcount);	/* the page cache's; the swap cache has one */
	return true;
}

bool shmem_free_swap(struct address_space *mapping, pgoff_t index, swp_entry_t entry)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	bool there = radix_lookup(&mapping->i_pages, index) == swp_to_radix_entry(entry);

	if (there) {
		radix_delete(&mapping->i_pages, index);
		WRITE_ONCE(mapping->nrswapped, mapping->nrswapped - 1);
	}
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	if (there)
		free_swap_and_cache(entry);
	return there;
}

/* --- and back --- */

/* The locked @folio, of the swap cache, takes the place of its entry in i_pages: true. False: that
 * is no longer there. */
static bool move_to_page_cache(struct address_space *mapping, pgoff_t index, struct folio *folio)
{
	void *entry = swp_to_radix_entry(folio_swap_entry(folio));
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	bool there = radix_lookup(&mapping->i_pages, index) == entry;

	if (there) {
		folio->page.index = index;
		WRITE_ONCE(folio->page.mapping, mapping);
		folio_get(folio);
		radix_replace(&mapping->i_pages, index, folio);
		WRITE_ONCE(mapping->nrswapped, mapping->nrswapped - 1);
		mapping->nrpages++;
	}
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return there;
}

struct folio *shmem_swapin_folio(struct address_space *mapping, pgoff_t index, swp_entry_t entry,
				 gfp_t gfp)
{
	bool major = false;
	struct folio *folio = swapin_folio(entry, NULL, gfp, &major);
	int err;

	if (IS_ERR_OR_NULL(folio))
		return folio;
	if (major)
		count_vm_event(PGMAJFAULT);
	err = swapin_lock_folio(folio, entry);
	if (err == -ENOENT) {
		folio_put(folio);
		return NULL;
	}
	if (!err) {
		folio_wait_writeback(folio);
		if (move_to_page_cache(mapping, index, folio)) {
			swap_cache_move_out(folio);
			mod_page_state(NR_FILE_PAGES, 1);
			mod_page_state(NR_SHMEM, 1);
			folio_unlock(folio);
			folio_put(folio);	/* the swap cache's */
			return folio;
		}
	}
	folio_unlock(folio);
	folio_put(folio);
	return err ? ERR_PTR(err) : NULL;
}

/* --- swapoff --- */

/* It was not truncated meanwhile. */
static bool entry_is_there(struct address_space *mapping, pgoff_t index, void *entry)
{
	void *now = filemap_get_entry(mapping, index);

	if (now && !is_swap_radix_entry(now))
		folio_put(now);
	return now == entry;
}

/* All of @mapping's entries of area @type. */
static int unuse_mapping(struct address_space *mapping, unsigned int type)
{
	pgoff_t index = 0;
	int err = 0;

	while (!err && READ_ONCE(mapping->nrswapped)) {
		unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
		void *entry = radix_next(&mapping->i_pages, &index);

		spin_unlock_irqrestore(&mapping->pages_lock, flags);
		if (!entry)
			break;
		if (is_swap_radix_entry(entry) && swp_type(radix_to_swp_entry(entry)) == type) {
			struct folio *folio = shmem_swapin_folio(mapping, index,
								 radix_to_swp_entry(entry),
								 GFP_KERNEL | __GFP_RETRY_MAYFAIL);

			if (!IS_ERR_OR_NULL(folio))
				folio_put(folio);
			else if (PTR_ERR(folio) != -EIO || entry_is_there(mapping, index, entry))
				err = PTR_ERR(folio);
		}
		if (signal_pending(current))
			err = -EINTR;
		cond_resched();
		if (!++index)
			break;
	}
	return err;
}

/* The first mapping after @prev (NULL: of all) with pages in swap, kept from leaving; @prev is let
 * go. NULL: there is no further one. */
static struct address_space *next_swapped(struct address_space *prev)
{
	struct address_space *mapping = NULL, *each;
	bool past = !prev;

	spin_lock(&shmem_swaplist_lock);
	list_for_each_entry(each, &shmem_swaplist, swaplist) {
		if (past && READ_ONCE(each->nrswapped)) {
			mapping = each;
			mapping->swap_users++;
			break;
		}
		past = past || each == prev;
	}
	if (prev)
		prev->swap_users--;
	spin_unlock(&shmem_swaplist_lock);
	if (prev)
		wake_up_all(&swap_users_wait);
	return mapping;
}

int shmem_unuse(unsigned int type)
{
	struct address_space *mapping = NULL;
	int err = 0;

	while ((mapping = next_swapped(mapping))) {
		int this_err = err ? 0 : unuse_mapping(mapping, type);

		err = err ? err : this_err;
	}
	return err;
}
