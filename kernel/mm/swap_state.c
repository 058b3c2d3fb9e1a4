/* swap_state.c - bringing pages back from swap: through the swap cache, with their neighbours.
 * Holds:  there is one copy of a slot in memory at most (swapfile.c), so whoever comes while it is
 *         being read finds it locked, and waits for the lock instead of reading again.
 *         A page read ahead has PG_readahead until somebody asks for it.
 * Locks:  the folio lock while a page is read; the interrupt of the disk releases it.
 * Read:   memory.c: do_swap_page; shmem.c; page_io.c for the reading itself. */
#include <mm/internal.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <sched/psi.h>

unsigned int vm_page_cluster = 3;

/* How readahead fares, for all processes together: a guess that several processors may update at
 * once, at worst into a worse guess. */
static atomic_t ra_hits;		/* pages used since the last read */
static unsigned long ra_last_offset;	/* of the last read */
static unsigned int ra_last_pages;	/* in it */

/* How many slots around @offset to read: twice as many when those read last were used, fewer when
 * they were not, one for somebody who jumps about. */
static unsigned int readahead_pages(unsigned long offset, const struct vm_area_struct *vma)
{
	unsigned int most = min(1u << READ_ONCE(vm_page_cluster), SWAP_IO_PAGES);
	unsigned int hits = atomic_xchg(&ra_hits, 0), pages = 1;
	unsigned long last = READ_ONCE(ra_last_offset);

	if (vma && vma->vm_flags & VM_RAND_READ)
		return 1;
	if (vma && vma->vm_flags & VM_SEQ_READ) {
		pages = most;
	} else if (hits || offset - last + 1 <= 2) {
		while (pages < hits + 2)
			pages *= 2;
	}
	pages = clamp(max(pages, READ_ONCE(ra_last_pages) / 2), 1u, most);
	WRITE_ONCE(ra_last_offset, offset);
	WRITE_ONCE(ra_last_pages, pages);
	return pages;
}

/* --- reading --- */

/* A new locked folio in the cache for @entry, with our reference; or ERR_PTR as swap_cache_add(),
 * or -ENOMEM. */
static struct folio *new_swap_folio(swp_entry_t entry, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, 0);
	struct folio *folio;
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	folio = page_folio(page);
	page_init_flags(page, BIT(PG_locked));
	err = swap_cache_add(folio, entry);
	if (err) {
		page_init_flags(page, 0);
		put_page(page);
		return ERR_PTR(err);
	}
	folio_add_lru(folio);
	return folio;
}

/* The read of @nr folios of consecutive slots begins; those that nobody has asked for yet, all but
 * @wanted, are the cache's alone. */
static void read_run(struct folio **folios, unsigned int nr, const struct folio *wanted)
{
	struct folio *ahead[SWAP_IO_PAGES];
	unsigned int nr_ahead = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (folios[i] == wanted)
			continue;
		page_set_flag(folio_page(folios[i]), PG_readahead);
		ahead[nr_ahead++] = folios[i];
	}
	count_vm_events(SWAP_RA, nr_ahead);
	swap_read_folios(folios, nr);
	folios_put(ahead, nr_ahead);
}

/* Read @entry, and with it what is used and not in memory of the aligned @pages slots around. The
 * folio, locked until it is there, with a reference; or ERR_PTR as new_swap_folio(). Neighbours for
 * which there is no frame at hand stay where they are. */
static struct folio *read_around(swp_entry_t entry, unsigned int pages, gfp_t gfp)
{
	unsigned long first = ALIGN_DOWN(swp_offset(entry), pages);
	struct folio *run[SWAP_IO_PAGES], *wanted = new_swap_folio(entry, gfp);
	unsigned int nr = 0;

	if (IS_ERR(wanted))
		return wanted;
	for (unsigned long offset = first; offset < first + pages; offset++) {
		swp_entry_t each = swp_entry(swp_type(entry), offset);
		struct folio *folio = wanted;

		if (each.val != entry.val)
			folio = swap_count(each) ? new_swap_folio(each, GFP_NOWAIT) :
						   ERR_PTR(-ENOENT);
		if (!IS_ERR(folio)) {
			run[nr++] = folio;
			continue;
		}
		if (nr)
			read_run(run, nr, wanted);
		nr = 0;
	}
	if (nr)
		read_run(run, nr, wanted);
	return wanted;
}

struct folio *swapin_folio(swp_entry_t entry, struct vm_area_struct *vma, gfp_t gfp, bool *major)
{
	unsigned int pages = 0;

	for (;;) {
		struct folio *folio = swap_cache_get_folio(entry);

		if (folio) {
			if (folio_flag(folio, PG_readahead)) {
				page_clear_flag(folio_page(folio), PG_readahead);
				atomic_inc(&ra_hits);
				count_vm_event(SWAP_RA_HIT);
			}
			return folio;
		}
		if (!pages)
			pages = readahead_pages(swp_offset(entry), vma);
		folio = read_around(entry, pages, gfp);
		if (!IS_ERR(folio)) {
			*major = true;
			return folio;
		}
		if (PTR_ERR(folio) == -ENOENT)
			return NULL;
		if (PTR_ERR(folio) != -EEXIST)
			return folio;
	}
}

/* @folio is locked and still the copy of @entry. */
static bool is_copy_of(const struct folio *folio, swp_entry_t entry)
{
	return folio_flag(folio, PG_swapcache) && folio_swap_entry(folio).val == entry.val;
}

/* Lock @folio; the wait for its read is one for memory. */
static void folio_lock_read(struct folio *folio)
{
	bool nested;

	if (folio_trylock(folio))
		return;
	psi_memstall_enter(&nested);
	folio_lock(folio);
	psi_memstall_leave(&nested);
}

int swapin_lock_folio(struct folio *folio, swp_entry_t entry)
{
	for (unsigned int tries = 0;; tries++) {
		folio_lock_read(folio);
		if (unlikely(!is_copy_of(folio, entry))) {
			folio_unlock(folio);
			return -ENOENT;
		}
		if (likely(folio_flag(folio, PG_uptodate)))
			return 0;
		if (tries)
			return -EIO;
		/* What failed may have been a neighbour, or the disk may have thought better of
		 * it: once more, alone. */
		swap_read_folios(&folio, 1);
	}
}

/* --- giving slots back --- */

/* The page of a slot that nobody names any more: without the slot it needs no lock to be forgotten.
 * Whoever has the folio lock now, or writes the page, leaves it to reclaim. */
static void try_to_free_swap(struct folio *folio)
{
	if (!folio_trylock(folio))
		return;
	if (folio_flag(folio, PG_swapcache))
		folio_free_swap(folio);
	folio_unlock(folio);
}

void free_swap_and_cache(swp_entry_t entry)
{
	struct folio *folio;

	if (!swap_free(entry))
		return;
	folio = swap_cache_get_folio(entry);
	if (!folio)
		return;
	if (!folio_mapcount(folio))
		try_to_free_swap(folio);
	folio_put(folio);
}

void folios_put_and_swap(struct folio **folios, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (unlikely(folio_flag(folios[i], PG_swapcache)) && !folio_mapcount(folios[i]))
			try_to_free_swap(folios[i]);
	folios_put(folios, nr);
}
