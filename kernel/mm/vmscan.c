/* vmscan.c - who leaves when memory is short, and the thread that sees to it.
 *
 * Each kind of memory, that which leaves for swap (anonymous, and of tmpfs) and that which needs no
 * slot for it (MADV_FREE; on Linux mostly of files, which all live in tmpfs here), has two lists
 * (lru.c). Folios are born inactive. From the old end of the inactive list 32 at a time are
 * taken:
 *
 *	mapped by a locked area, or
 *	of a locked segment		to the unevictable list
 *	used by two entries, or also	to the active list
 *	when last looked at
 *	used				once more round the inactive list: the use that brought it
 *					in has set the accessed bit, so one says little
 *	being written			stays, and comes to the old end when it has been
 *	not used			leaves
 *
 * When the inactive list is the shorter one, folios from the old end of the active list go to it,
 * used or not, with their accessed bits cleared.
 *
 * Leaving, for a batch: all are unmapped, which leaves swap entries behind, tmpfs pages also leave
 * the page cache for the swap cache. Then one flush for all: no processor can change them any more.
 * Then those with a copy on the disk, or that nobody wants, are freed; the others begin to be
 * written, and are freed by a later scan. They stay locked from the unmapping to that
 * point.
 *
 * Holds:  a folio in a batch is isolated and has a reference from us. One that is freed was found
 *         clean, mapped nowhere, and with no reference but ours and its cache's, by whoever takes
 *         it out of that cache, under the lock that is needed to find it there.
 * Locks:  only tries folio locks and the locks of the reverse map; takes lru_lock, pages_lock, the
 *         areas' locks and pte locks; waits for nothing but the disk, and before it has anything
 *         isolated for others who reclaim. So it can run under any sleeping lock.
 * Where Linux differs: no refault distances, so how to divide the work between anonymous and file
 * memory is swappiness alone; what is in flight to the disk counts as half free, and is waited for
 * before more is sent.
 * Read:   rmap.c: folio_referenced, try_to_unmap; page_alloc.c: alloc_slow, which calls; README.md.
 *         */
#include <mm/internal.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/kthread.h>
#include <sched/psi.h>
#include <sched/wait.h>

#define DEF_PRIORITY	12	/* a scan looks at 1 / 2^priority of a list */
#define MAX_RECLAIMERS	8	/* at a time, so that not all folios are in somebody's hands */
#define MAX_IN_FLIGHT	256u	/* pages being written at which more have to wait */
#define MAX_WAITS	32	/* of WRITE_PATIENCE, no page freed, before looking at more */
#define MIN_BACKOFF	(20 * NSEC_PER_MSEC)
#define MAX_BACKOFF	NSEC_PER_SEC

struct scan_control {
	unsigned long		nr_to_reclaim;	/* enough */
	unsigned long		nr_reclaimed;	/* freed so far */
	unsigned int		nr_writeback;	/* of the last batch, found being written */
	unsigned long		nr_contended;	/* kept because somebody had a lock */
	int			priority;
	bool			force;		/* used folios leave as well */
	bool			may_kill;	/* somebody, when nothing is freed */
	bool			kswapd;
	struct swap_plug	plug;		/* what will be written with one request */
};

unsigned int vm_swappiness = 60;

static atomic_long_t total_reclaimed, total_contended;
static atomic_t nr_reclaimers;
static DECLARE_WAIT_QUEUE_HEAD(reclaimers_wait);

static DECLARE_WAIT_QUEUE_HEAD(kswapd_wait);
static bool kswapd_wanted;		/* set by anybody, cleared by kswapd */
static u64 kswapd_backoff;		/* [kswapd] ns; 0: the last run freed something */
static u64 kswapd_resume;		/* [kswapd writes] it is not woken before */

/* --- one folio, locked and isolated --- */

enum verdict { KEEP, ACTIVATE, LEAVE, CONTENDED };

static enum verdict judge_use(struct folio *folio, const struct scan_control *sc)
{
	vm_flags_t vm_flags;
	int used;

	if (!folio_mapcount(folio))
		return LEAVE;
	used = folio_referenced(folio, &vm_flags, true);
	if (vm_flags & VM_LOCKED)
		return KEEP;
	if (used < 0)
		return CONTENDED;
	if (!used || sc->force)
		return LEAVE;
	if (used > 1 || folio_flag(folio, PG_referenced))
		return ACTIVATE;
	page_set_flag(folio_page(folio), PG_referenced);
	return KEEP;
}

/* In the page cache of a tmpfs file. */
static bool is_shmem(const struct folio *folio)
{
	return folio_flag(folio, PG_swapbacked) && !folio_flag(folio, PG_swapcache) &&
	       !folio_test_anon(folio) && folio->page.mapping;
}

/* The pages of a locked segment are as good as locked ones. The lock may go at this moment: then
 * either mapping_make_evictable() finds the page marked, or we see that it has gone. */
static void mark_unevictable(struct folio *folio)
{
	struct address_space *mapping = folio->page.mapping;

	if (!is_shmem(folio) || likely(!READ_ONCE(mapping->unevictable)))
		return;
	folio_mlock(folio);
	if (!READ_ONCE(mapping->unevictable))
		folio_munlock(folio);
}

/* Its slot is of an area that swapoff empties, and others who share it have still to come back from
 * there. Otherwise it gives the slot up, and goes to another area. */
static bool holds_leaving_slot(struct folio *folio)
{
	return folio_flag(folio, PG_swapcache) && swap_area_leaving(folio_swap_entry(folio)) &&
	       !folio_free_swap(folio);
}

/* It would need a slot, and there is none; or swapoff has brought it back, and would be busy for
 * ever if it left again: it does so only where somebody would be killed instead. */
static bool nowhere_to_go(struct folio *folio, const struct scan_control *sc)
{
	if (!folio_flag(folio, PG_swapbacked))
		return false;
	if (holds_leaving_slot(folio))
		return !sc->force || !sc->may_kill;
	return !folio_flag(folio, PG_swapcache) && nr_free_swap_slots() <= 0;
}

/* No entry is left; flushes may be put off. */
static bool unmap_folio(struct folio *folio)
{
	if (folio_test_anon(folio) && folio_flag(folio, PG_swapbacked) &&
	    !folio_flag(folio, PG_swapcache) && !folio_alloc_swap(folio, 0))
		return false;
	if (try_to_unmap(folio, TTU_BATCH_FLUSH))
		return true;
	try_to_unmap_flush();		/* before it is unlocked */
	folio_free_swap(folio);		/* if no entry was changed */
	return false;
}

/* The first half: if it is to leave, unmap it. */
static enum verdict begin_to_leave(struct folio *folio, struct scan_control *sc)
{
	enum verdict verdict;

	if (folio_flag(folio, PG_writeback)) {
		sc->nr_writeback++;
		return KEEP;
	}
	mark_unevictable(folio);
	if (folio_flag(folio, PG_mlocked) || (folio_mapcount(folio) && nowhere_to_go(folio, sc)))
		return KEEP;
	verdict = judge_use(folio, sc);
	if (verdict != LEAVE)
		return verdict;
	if (folio_mapcount(folio)) {
		if (!unmap_folio(folio))
			return CONTENDED;
	}
	if (is_shmem(folio) && !shmem_move_to_swap(folio)) {
		try_to_unmap_flush();		/* before it is unlocked */
		return KEEP;
	}
	return LEAVE;
}

/* Out of where it can be found, with all references gone: true. */
static bool remove_folio(struct folio *folio)
{
	int ours = 1;

	if (folio_flag(folio, PG_swapcache))
		return swap_cache_reclaim(folio);
	/* MADV_FREE, or the owner has gone while we had it: nobody can find it. */
	return atomic_try_cmpxchg(&folio->page._refcount, &ours, 0);
}

/* The second half, after the flush. True: it is free, but for giving back the frame; otherwise it
 * is unlocked. */
static bool finish_leaving(struct folio *folio, struct scan_control *sc)
{
	bool lazyfree = folio_test_anon(folio) && !folio_flag(folio, PG_swapbacked);
	bool removed = false;

	/* Dirty, and its content is somebody's. */
	if (folio_flag(folio, PG_swapcache) && folio_flag(folio, PG_dirty) &&
	    !folio_free_swap(folio)) {
		/* Somebody who has a reference will map it again, or write to it. */
		if (folio_ref_count(folio) == 2) {
			swap_write_folio(&sc->plug, folio);
			return false;
		}
	} else {
		removed = remove_folio(folio);
	}
	folio_unlock(folio);
	if (removed && lazyfree)
		count_vm_event(PGLAZYFREED);
	return removed;
}

/* --- a batch --- */

/* Up to SWAP_CLUSTER_MAX isolated folios leave or go back to a list. How many are free now. */
static unsigned int shrink_batch(struct folio **folios, unsigned int nr, struct scan_control *sc)
{
	struct folio *leaving[SWAP_CLUSTER_MAX], *dead[SWAP_CLUSTER_MAX];
	unsigned int nr_leaving = 0, nr_dead = 0, nr_kept = 0, nr_activated = 0;

	sc->nr_writeback = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct folio *folio = folios[i];
		enum verdict verdict = CONTENDED;

		if (folio_trylock(folio)) {
			verdict = begin_to_leave(folio, sc);
			if (verdict != LEAVE)
				folio_unlock(folio);
		}
		if (verdict == LEAVE) {
			leaving[nr_leaving++] = folio;
			continue;
		}
		if (verdict == ACTIVATE) {
			page_set_flag(folio_page(folio), PG_active);
			page_clear_flag(folio_page(folio), PG_referenced);
			nr_activated++;
		}
		sc->nr_contended += verdict == CONTENDED;
		folios[nr_kept++] = folio;
	}
	try_to_unmap_flush();
	for (unsigned int i = 0; i < nr_leaving; i++) {
		if (finish_leaving(leaving[i], sc))
			dead[nr_dead++] = leaving[i];
		else
			folios[nr_kept++] = leaving[i];
	}
	folios_putback(folios, nr_kept);
	free_isolated_folios(dead, nr_dead);
	count_vm_events(PGACTIVATE, nr_activated);
	sc->nr_reclaimed += nr_dead;
	if (nr_dead)
		atomic_add(&total_reclaimed, nr_dead);
	return nr_dead;
}

static bool is_anon_lru(enum lru_list lru)
{
	return lru == LRU_INACTIVE_ANON || lru == LRU_ACTIVE_ANON;
}

static void shrink_inactive_list(enum lru_list lru, unsigned int nr, struct scan_control *sc)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int taken = isolate_lru_folios(lru, nr, folios);
	unsigned int freed = shrink_batch(folios, taken, sc);

	count_vm_events(sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT, taken);
	count_vm_events(is_anon_lru(lru) ? PGSCAN_ANON : PGSCAN_FILE, taken);
	count_vm_events(sc->kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, freed);
	count_vm_events(is_anon_lru(lru) ? PGSTEAL_ANON : PGSTEAL_FILE, freed);
	if (taken && sc->nr_writeback == taken) {
		swap_plug_flush(&sc->plug);
		wait_for_writeback(WRITE_PATIENCE);
	}
}

static void shrink_active_list(enum lru_list lru, unsigned int nr)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int taken = isolate_lru_folios(lru, nr, folios);
	unsigned int nr_deactivated = 0;

	for (unsigned int i = 0; i < taken; i++) {
		vm_flags_t unused;

		if (!folio_trylock(folios[i]))
			continue;
		folio_referenced(folios[i], &unused, true);	/* as if it was never used */
		folio_unlock(folios[i]);
		page_clear_flag(folio_page(folios[i]), PG_active);
		page_clear_flag(folio_page(folios[i]), PG_referenced);
		nr_deactivated++;
	}
	folios_putback(folios, taken);
	count_vm_events(PGREFILL, taken);
	count_vm_events(PGDEACTIVATE, nr_deactivated);
}

/* --- all lists, once --- */

static bool may_swap(void)
{
	return nr_free_swap_slots() > 0 || page_state_sum(NR_SWAPCACHE);
}

unsigned long nr_reclaimable_pages(void)
{
	unsigned long nr = lru_size(LRU_INACTIVE_FILE) + lru_size(LRU_ACTIVE_FILE) +
			   nr_writeback_pages();

	if (may_swap())
		nr += lru_size(LRU_INACTIVE_ANON) + lru_size(LRU_ACTIVE_ANON);
	return nr;
}

unsigned long nr_reclaimed_pages(void)
{
	return atomic_read(&total_reclaimed);
}

unsigned long nr_contended_pages(void)
{
	return atomic_read(&total_contended);
}

/* How many of each list this scan looks at. */
static void set_scan_counts(const struct scan_control *sc, unsigned long nr[LRU_UNEVICTABLE])
{
	bool any_file = lru_size(LRU_INACTIVE_FILE) || lru_size(LRU_ACTIVE_FILE);
	unsigned long swappiness = min(READ_ONCE(vm_swappiness), 200u);

	for (enum lru_list lru = 0; lru < LRU_UNEVICTABLE; lru++) {
		unsigned long size = lru_size(lru), share = 100;

		if (is_anon_lru(lru) && !may_swap())
			size = 0;
		/* Before giving up everything is looked at, wanted or not. */
		if (any_file && sc->priority)
			share = is_anon_lru(lru) ? swappiness : 200 - swappiness;
		nr[lru] = max(size >> sc->priority, (unsigned long)SWAP_CLUSTER_MAX) * share / 100;
		nr[lru] = min(nr[lru], size);
	}
}

/* Enough is free, or on its way to the disk. */
static bool enough(const struct scan_control *sc)
{
	return sc->nr_reclaimed >= sc->nr_to_reclaim || nr_writeback_pages() >= MAX_IN_FLIGHT;
}

static void shrink_list(enum lru_list lru, unsigned int nr, struct scan_control *sc)
{
	bool active = lru == LRU_ACTIVE_ANON || lru == LRU_ACTIVE_FILE;

	if (!active)
		shrink_inactive_list(lru, nr, sc);
	else if (lru_size(lru) > lru_size(lru - 1))
		shrink_active_list(lru, nr);
}

static bool try_reclaim_begin(void)
{
	int nr = atomic_read(&nr_reclaimers);

	while (nr < MAX_RECLAIMERS)
		if (atomic_try_cmpxchg(&nr_reclaimers, &nr, nr + 1))
			return true;
	return false;
}

void reclaim_begin(void)
{
	(void)__wait_event(&reclaimers_wait, try_reclaim_begin(), TASK_UNINTERRUPTIBLE, true,
			   WAIT_FOREVER);
}

void reclaim_end(void)
{
	atomic_dec(&nr_reclaimers);
	if (!list_empty(&reclaimers_wait.head))
		wake_up(&reclaimers_wait);
}

static void shrink_lists(struct scan_control *sc)
{
	unsigned long nr[LRU_UNEVICTABLE];
	bool more = true;

	set_scan_counts(sc, nr);
	while (more) {
		more = false;
		for (enum lru_list lru = 0; lru < LRU_UNEVICTABLE; lru++) {
			unsigned long part = min(nr[lru], (unsigned long)SWAP_CLUSTER_MAX);

			if (!part)
				continue;
			nr[lru] -= part;
			shrink_list(lru, part, sc);
			more = true;
		}
		if (enough(sc))
			break;
		cond_resched();
	}
	swap_plug_flush(&sc->plug);
}

/* --- until there is enough --- */

/* What was sent to the disk so far should do: wait for it, not for ever. */
static bool wait_for_pages_in_flight(const struct scan_control *sc, unsigned int *waits)
{
	unsigned long missing = sc->nr_to_reclaim - sc->nr_reclaimed;

	if (nr_writeback_pages() < min(missing, (unsigned long)SWAP_CLUSTER_MAX) ||
	    ++*waits > MAX_WAITS)
		return false;
	wait_for_writeback(WRITE_PATIENCE);
	return true;
}

static void scan_once(struct scan_control *sc)
{
	if (sc->kswapd) {
		shrink_lists(sc);
		return;
	}
	reclaim_begin();
	shrink_lists(sc);
	reclaim_end();
}

/* Look at more and more of the lists until enough are free; at last, for somebody who would have to
 * kill otherwise, without regard to use. PF_MEMALLOC is set. */
static void reclaim(struct scan_control *sc)
{
	unsigned int waits = 0;

	sc->priority = DEF_PRIORITY;
	for (;;) {
		unsigned long before = sc->nr_reclaimed;

		scan_once(sc);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			return;
		if (sc->nr_reclaimed > before)
			waits = 0;
		if (wait_for_pages_in_flight(sc, &waits))
			continue;
		if (sc->priority)
			sc->priority--;
		else if (sc->kswapd || sc->nr_reclaimed || sc->force)
			return;
		else
			sc->force = true;
	}
}

/* Nothing that reclaim calls may reclaim, and it may have the last frames. What to restore. */
static unsigned int memalloc_save(void)
{
	unsigned int was = current->flags & PF_MEMALLOC;

	current->flags |= PF_MEMALLOC;
	return was;
}

static void memalloc_restore(unsigned int was)
{
	current->flags = (current->flags & ~PF_MEMALLOC) | was;
}

unsigned long try_to_free_pages(gfp_t gfp, unsigned int order)
{
	struct scan_control sc = {
		.nr_to_reclaim = max(SWAP_CLUSTER_MAX, 2u << order),
		.may_kill = !(gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL)),
	};
	unsigned int was = memalloc_save();
	bool nested;

	DEBUG_ASSERT(gfp & __GFP_RECLAIM && !was);
	count_vm_event(ALLOCSTALL);
	psi_memstall_enter(&nested);
	reclaim(&sc);
	memalloc_restore(was);
	psi_memstall_leave(&nested);
	if (sc.nr_contended)
		atomic_add(&total_contended, sc.nr_contended);
	return sc.nr_reclaimed;
}

unsigned long reclaim_folios(struct folio **folios, unsigned int nr)
{
	struct scan_control sc = { .force = true };
	unsigned int was = memalloc_save();

	for (unsigned int done = 0; done < nr; done += SWAP_CLUSTER_MAX)
		shrink_batch(folios + done, min(nr - done, SWAP_CLUSTER_MAX), &sc);
	swap_plug_flush(&sc.plug);
	memalloc_restore(was);
	return sc.nr_reclaimed;
}

/* --- kswapd --- */

static unsigned long missing_frames(void)
{
	unsigned long free = nr_buddy_pages();

	return free < watermarks.high ? watermarks.high - free : 0;
}

/* Until watermarks.high is met, or a look at everything frees nothing. True: some were freed. */
static bool balance_memory(void)
{
	unsigned long freed = 0, missing;

	count_vm_event(PAGEOUTRUN);
	while ((missing = missing_frames())) {
		struct scan_control sc = { .kswapd = true, .nr_to_reclaim = missing };

		reclaim(&sc);
		drain_local_pages();
		freed += sc.nr_reclaimed;
		if (!sc.nr_reclaimed)
			break;
		cond_resched();
	}
	return freed || !missing;
}

static void kswapd(void *unused)
{
	current->flags |= PF_MEMALLOC;
	for (;;) {
		wait_event_interruptible(&kswapd_wait, READ_ONCE(kswapd_wanted));
		WRITE_ONCE(kswapd_wanted, false);
		if (balance_memory()) {
			kswapd_backoff = 0;
			continue;
		}
		/* The machine is full. Those who need memory look for themselves, and kill at last;
		 * we look again from time to time. */
		kswapd_backoff = clamp(2 * kswapd_backoff, MIN_BACKOFF, MAX_BACKOFF);
		WRITE_ONCE(kswapd_resume, ktime_get() + kswapd_backoff);
	}
}

void wakeup_kswapd(void)
{
	if (READ_ONCE(kswapd_wanted) ||
	    (READ_ONCE(kswapd_resume) && ktime_get() < READ_ONCE(kswapd_resume)))
		return;
	WRITE_ONCE(kswapd_wanted, true);
	wake_up(&kswapd_wait);
}

void kswapd_start(void)
{
	struct task_struct *task = kthread_run(kswapd, NULL, "kswapd0");

	if (IS_ERR(task))
		panic("cannot start kswapd (error %ld)", -PTR_ERR(task));
}
