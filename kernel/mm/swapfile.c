/* swapfile.c - slots of swap areas: how many entries name each, which folio is its copy in memory
 * (that is the swap cache), and which is taken next.
 *
 *	free   --(folio_alloc_swap)-->			cached
 *	cached --(swap_cache_reclaim)-->		out
 *	out    --(swap_cache_add, to be read)-->	cached
 *	cached --(no entry: folio_free_swap)-->		free
 *	out    --(the last swap_free)-->		free
 *
 * Holds:  a slot is free, or it counts in area->used. A folio in the cache has PG_swapcache, its
 *         slot's entry in private, and a reference for it; the slot has its frame number.
 *         Slots are taken in clusters, each processor filling one, so that what it reclaims in a
 *         row lies in a row; a cluster is in the list that its nr_free says.
 * Locks:  one per area (RANK_SWAP), inside of pte locks. It stays when the area goes, so that an
 *         entry may be looked up that was read without a lock. The folio lock keeps a folio in, or
 *         out of, the cache.
 * Read:   swap_state.c for reading in; vmscan.c for who writes out. */
#include "swap_internal.h"

#include <lib/string.h>
#include <asm/percpu.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page_alloc.h>
#include <mm/vmalloc.h>
#include <mm/vmstat.h>

/* Where a processor takes its next slot. */
struct slot_cursor {
	unsigned long	next;		/* in the cluster that it fills; 0: it has none */
	unsigned int	type;		/* of the area */
	int		generation;	/* of the areas when it was chosen */
};

struct swap_info_struct swap_info[MAX_SWAPFILES] = {
	[0 ... MAX_SWAPFILES - 1] = { .lock = SPINLOCK_INIT(RANK_SWAP) },
};
unsigned int nr_swapfiles;
static struct slot_cursor cursors[NR_CPUS];	/* [its processor, not in interrupts] */
static atomic_t generation = ATOMIC_INIT(1);	/* changes when areas come and go */
static atomic_long_t turns;			/* the last area->turn given out */

/* --- clusters --- */

static bool slot_is_free(const struct swap_slot *slot)
{
	return !slot->count && !slot->pfn;
}

static struct swap_cluster *cluster_of(struct swap_info_struct *si, unsigned long offset)
{
	return &si->map.clusters[offset / SLOTS_PER_CLUSTER];
}

/* Into the list where it belongs by its nr_free. */
static void sort_cluster(struct swap_info_struct *si, struct swap_cluster *cluster)
{
	list_del_init(&cluster->node);
	if (cluster->nr_free)
		list_add_tail(&cluster->node, cluster->nr_free == cluster->nr_usable
					      ? &si->free_clusters : &si->part_clusters);
}

static void take_slot(struct swap_info_struct *si, unsigned long offset)
{
	struct swap_cluster *cluster = cluster_of(si, offset);

	WRITE_ONCE(si->used, si->used + 1);
	if (cluster->nr_free-- == cluster->nr_usable || !cluster->nr_free)
		sort_cluster(si, cluster);
}

static void release_slot(struct swap_info_struct *si, unsigned long offset)
{
	struct swap_cluster *cluster = cluster_of(si, offset);

	DEBUG_ASSERT(slot_is_free(&si->map.slots[offset]));
	WRITE_ONCE(si->used, si->used - 1);
	if (++cluster->nr_free == cluster->nr_usable || cluster->nr_free == 1)
		sort_cluster(si, cluster);
}

/* The first free slot from @offset on in its cluster; 0: there is none. */
static unsigned long scan_cluster(const struct swap_info_struct *si, unsigned long offset)
{
	unsigned long end = min(ALIGN_UP(offset + 1, SLOTS_PER_CLUSTER), si->map.max);

	for (; offset < end; offset++)
		if (slot_is_free(&si->map.slots[offset]))
			return offset;
	return 0;
}

/* The first free slot of a cluster that is wholly free, or else of the one that has had a free slot
 * for longest; 0: all are taken. Another processor will rather choose another one. */
static unsigned long scan_next_cluster(struct swap_info_struct *si)
{
	struct list_head *list = &si->free_clusters;
	struct swap_cluster *cluster;

	if (list_empty(list))
		list = &si->part_clusters;
	if (list_empty(list))
		return 0;
	cluster = list_first_entry(list, struct swap_cluster, node);
	list_move_tail(&cluster->node, list);
	return scan_cluster(si, (cluster - si->map.clusters) * SLOTS_PER_CLUSTER);
}

/* --- choosing a slot --- */

/* The area of highest priority that has a free slot; equal ones take turns. NULL: none has. Nothing
 * is locked: the caller looks again. */
static struct swap_info_struct *choose_area(void)
{
	struct swap_info_struct *best = NULL;

	for (unsigned int type = 0; type < READ_ONCE(nr_swapfiles); type++) {
		struct swap_info_struct *si = &swap_info[type];

		if (!(READ_ONCE(si->flags) & SWP_WRITEOK) ||
		    READ_ONCE(si->used) >= READ_ONCE(si->map.pages))
			continue;
		if (!best || READ_ONCE(si->prio) > READ_ONCE(best->prio) ||
		    (READ_ONCE(si->prio) == READ_ONCE(best->prio) &&
		     READ_ONCE(si->turn) < READ_ONCE(best->turn)))
			best = si;
	}
	if (best)
		WRITE_ONCE(best->turn, atomic_inc_return(&turns));
	return best;
}

/* A free slot of @si, locked, for the processor whose @cursor this is; 0: none. */
static unsigned long find_slot(struct swap_info_struct *si, const struct slot_cursor *cursor)
{
	if (!(si->flags & SWP_WRITEOK))
		return 0;
	return cursor->next ? scan_cluster(si, cursor->next) : scan_next_cluster(si);
}

/* Take a slot: its offset, and *area, locked; 0, and nothing is locked: all are taken. */
static unsigned long alloc_slot(struct swap_info_struct **area)
{
	struct slot_cursor *cursor = &cursors[smp_processor_id()];
	int now = atomic_read(&generation);

	if (cursor->generation != now)
		*cursor = (struct slot_cursor){ .generation = now };
	for (;;) {
		struct swap_info_struct *si = cursor->next ? &swap_info[cursor->type]
							   : choose_area();
		unsigned long offset;

		if (!si)
			return 0;
		spin_lock(&si->lock);
		offset = find_slot(si, cursor);
		cursor->next = offset && (offset + 1) % SLOTS_PER_CLUSTER ? offset + 1 : 0;
		cursor->type = si - swap_info;
		if (offset) {
			take_slot(si, offset);
			*area = si;
			return offset;
		}
		spin_unlock(&si->lock);
	}
}

/* --- counts --- */

/* The area that @entry names a slot of, locked; NULL, and nothing is locked: there is none. */
static struct swap_info_struct *lock_area_of(swp_entry_t entry)
{
	struct swap_info_struct *si;

	if (swp_type(entry) >= MAX_SWAPFILES)
		return NULL;
	si = &swap_info[swp_type(entry)];
	spin_lock(&si->lock);
	if (swp_offset(entry) < si->map.max &&
	    si->map.slots[swp_offset(entry)].count != SWAP_SLOT_BAD)
		return si;
	spin_unlock(&si->lock);
	return NULL;
}

/* Add @delta to the entries of @entry's slot. One that is not in use cannot lose any: then an entry
 * was lost count of, and it is left alone. True: no entry is left, and a copy in memory is. */
static bool change_count(swp_entry_t entry, int delta)
{
	struct swap_info_struct *si = lock_area_of(entry);
	struct swap_slot *slot = si ? &si->map.slots[swp_offset(entry)] : NULL;
	bool in_use = si && (delta < 0 ? slot->count >= (u32)-delta : !slot_is_free(slot));
	bool only_copy = false;

	DEBUG_ASSERT(in_use);
	if (!WARN_ONCE(!in_use)) {
		slot->count += delta;
		only_copy = !slot->count && slot->pfn;
		if (slot_is_free(slot))
			release_slot(si, swp_offset(entry));
	}
	if (si)
		spin_unlock(&si->lock);
	return only_copy;
}

void swap_add_entries(swp_entry_t entry, int n)
{
	change_count(entry, n);
}

bool swap_free(swp_entry_t entry)
{
	return change_count(entry, -1);
}

unsigned int swap_count(swp_entry_t entry)
{
	struct swap_info_struct *si = lock_area_of(entry);
	unsigned int count = 0;

	if (si) {
		count = si->map.slots[swp_offset(entry)].count;
		spin_unlock(&si->lock);
	}
	return count;
}

/* --- the swap cache --- */

/* @folio becomes the copy of the slot at @offset. @si locked. */
static void cache_insert(struct swap_info_struct *si, unsigned long offset, struct folio *folio)
{
	si->map.slots[offset].pfn = page_to_pfn(folio_page(folio));
	folio_get(folio);
	mod_page_state(NR_SWAPCACHE, 1);
}

/* The slot at @offset loses its copy @folio, whose reference the caller has now. @si locked. */
static void cache_remove(struct swap_info_struct *si, unsigned long offset, struct folio *folio)
{
	struct swap_slot *slot = &si->map.slots[offset];

	slot->pfn = 0;
	if (!slot->count)
		release_slot(si, offset);
	page_clear_flag(folio_page(folio), PG_swapcache);
	WRITE_ONCE(folio->page.private, 0);
	mod_page_state(NR_SWAPCACHE, -1);
}

/* The area whose slot @folio, locked, is the copy of, locked. */
static struct swap_info_struct *lock_area_of_folio(const struct folio *folio)
{
	swp_entry_t entry = folio_swap_entry(folio);
	struct swap_info_struct *si = lock_area_of(entry);

	DEBUG_ASSERT(folio_flag(folio, PG_locked) && folio_flag(folio, PG_swapcache));
	ASSERT(si && si->map.slots[swp_offset(entry)].pfn == page_to_pfn(&folio->page));
	return si;
}

bool folio_alloc_swap(struct folio *folio, unsigned int entries)
{
	struct swap_info_struct *si;
	unsigned long offset = alloc_slot(&si);

	DEBUG_ASSERT(folio_flag(folio, PG_locked) && !folio_flag(folio, PG_swapcache));
	if (!offset)
		return false;
	folio_mark_dirty(folio);		/* the slot has none of it */
	WRITE_ONCE(folio->page.private, swap_area_entry(si, offset).val);
	page_set_flag(folio_page(folio), PG_swapcache);
	si->map.slots[offset].count = entries;
	cache_insert(si, offset, folio);
	spin_unlock(&si->lock);
	return true;
}

struct folio *swap_cache_get_folio(swp_entry_t entry)
{
	struct swap_info_struct *si = lock_area_of(entry);
	struct folio *folio = NULL;
	u32 pfn;

	if (!si)
		return NULL;
	pfn = si->map.slots[swp_offset(entry)].pfn;
	if (pfn) {
		folio = page_folio(pfn_to_page(pfn));
		folio_get(folio);
	}
	spin_unlock(&si->lock);
	return folio;
}

int swap_cache_add(struct folio *folio, swp_entry_t entry)
{
	struct swap_info_struct *si = lock_area_of(entry);
	struct page *page = folio_page(folio);
	struct swap_slot *slot;
	int err = 0;

	if (!si)
		return -ENOENT;
	slot = &si->map.slots[swp_offset(entry)];
	if (!slot->count) {
		err = -ENOENT;
	} else if (slot->pfn) {
		err = -EEXIST;
	} else {
		page->private = entry.val;
		page_init_flags(page, page->flags | BIT(PG_swapcache) | BIT(PG_swapbacked));
		cache_insert(si, swp_offset(entry), folio);
	}
	spin_unlock(&si->lock);
	return err;
}

bool folio_free_swap(struct folio *folio)
{
	unsigned long offset = swp_offset(folio_swap_entry(folio));
	struct swap_info_struct *si;
	bool unnamed;

	if (!folio_flag(folio, PG_swapcache) || folio_flag(folio, PG_writeback))
		return false;
	si = lock_area_of_folio(folio);
	unnamed = !si->map.slots[offset].count;
	if (unnamed) {
		folio_mark_dirty(folio);	/* before anybody takes it for a clean copy */
		cache_remove(si, offset, folio);
		atomic_dec(&folio->page._refcount);	/* the caller has another one */
	}
	spin_unlock(&si->lock);
	return unnamed;
}

void swap_cache_move_out(struct folio *folio)
{
	unsigned long offset = swp_offset(folio_swap_entry(folio));
	struct swap_info_struct *si = lock_area_of_folio(folio);

	ASSERT(!folio_flag(folio, PG_writeback) && si->map.slots[offset].count == 1);
	folio_mark_dirty(folio);
	si->map.slots[offset].count = 0;
	cache_remove(si, offset, folio);
	spin_unlock(&si->lock);
}

/* With the count at 0 nobody gets a reference any more: frame numbers lead nowhere then, and the
 * slot is locked. So if there is no trace now of somebody having written, there will be none. */
static bool freeze_clean(struct folio *folio)
{
	int refs = 2;

	if (!atomic_try_cmpxchg(&folio->page._refcount, &refs, 0))
		return false;
	if (!folio_flag(folio, PG_dirty))
		return true;
	atomic_set_release(&folio->page._refcount, 2);
	return false;
}

bool swap_cache_reclaim(struct folio *folio)
{
	unsigned long offset = swp_offset(folio_swap_entry(folio));
	struct swap_info_struct *si = lock_area_of_folio(folio);
	bool frozen = !folio_flag(folio, PG_writeback) && freeze_clean(folio);

	if (frozen)
		cache_remove(si, offset, folio);
	spin_unlock(&si->lock);
	return frozen;
}

/* --- how many --- */

/* Slots of all areas that slots may be taken of; @free: those not taken. */
static long sum_slots(bool free)
{
	long sum = 0;

	for (unsigned int type = 0; type < READ_ONCE(nr_swapfiles); type++) {
		struct swap_info_struct *si = &swap_info[type];

		if (READ_ONCE(si->flags) & SWP_WRITEOK)
			sum += READ_ONCE(si->map.pages) - (free ? READ_ONCE(si->used) : 0);
	}
	return sum;
}

long nr_free_swap_slots(void)
{
	return sum_slots(true);
}

unsigned long nr_swap_slots(void)
{
	return sum_slots(false);
}

bool swap_area_leaving(swp_entry_t entry)
{
	return !(READ_ONCE(swap_info[swp_type(entry)].flags) & SWP_WRITEOK);
}

bool swap_slot_wanted(swp_entry_t entry)
{
	return swap_area_leaving(entry) || 2 * nr_free_swap_slots() < (long)nr_swap_slots();
}

void walk_swap_slots(void (*fn)(swp_entry_t entry, unsigned int count, unsigned long pfn))
{
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];
		const struct swap_slot *slot = si->map.slots;

		for (unsigned long offset = 0; offset < si->map.max; offset++, slot++)
			if (!slot_is_free(slot) && slot->count != SWAP_SLOT_BAD)
				fn(swp_entry(type, offset), slot->count, slot->pfn);
	}
}

/* --- areas come and go --- */

void swap_map_free(struct swap_map *map)
{
	vfree(map->slots);
	vfree(map->clusters);
	*map = (struct swap_map){ 0 };
}

static int mark_bad(struct swap_map *map, u32 offset)
{
	if (offset >= map->max || !offset)
		return -EINVAL;
	if (map->slots[offset].count != SWAP_SLOT_BAD) {
		map->slots[offset].count = SWAP_SLOT_BAD;
		map->clusters[offset / SLOTS_PER_CLUSTER].nr_usable--;
		map->pages--;
	}
	return 0;
}

/* An area whose map alone would leave too little memory to work with is refused at once. */
static int alloc_arrays(struct swap_map *map)
{
	unsigned long nr_clusters = (map->max + SLOTS_PER_CLUSTER - 1) / SLOTS_PER_CLUSTER;
	unsigned long slots_bytes = map->max * sizeof(*map->slots);
	unsigned long clusters_bytes = nr_clusters * sizeof(*map->clusters);

	if ((slots_bytes + clusters_bytes) >> PAGE_SHIFT > totalram_pages / 2)
		return -ENOMEM;
	map->slots = vmalloc(slots_bytes);
	map->clusters = vmalloc(clusters_bytes);
	return map->slots && map->clusters ? 0 : -ENOMEM;
}

int swap_map_alloc(struct swap_map *map, unsigned long max, const u32 *bad, unsigned int nr_bad)
{
	int err;

	*map = (struct swap_map){ .max = max, .pages = max - 1 };
	err = alloc_arrays(map);
	for (unsigned long offset = 0; !err && offset < max; offset += SLOTS_PER_CLUSTER)
		map->clusters[offset / SLOTS_PER_CLUSTER].nr_usable =
			min(max - offset, SLOTS_PER_CLUSTER);
	if (!err) {
		map->slots[0].count = SWAP_SLOT_BAD;
		map->clusters[0].nr_usable--;
	}
	for (unsigned int i = 0; !err && i < nr_bad; i++)
		err = mark_bad(map, bad[i]);
	if (!err && !map->pages)
		err = -EINVAL;
	if (err)
		swap_map_free(map);
	return err;
}

/* Others look at the sizes without the lock. */
static void set_map(struct swap_info_struct *si, const struct swap_map *map)
{
	si->map.slots = map->slots;
	si->map.clusters = map->clusters;
	WRITE_ONCE(si->map.max, map->max);
	WRITE_ONCE(si->map.pages, map->pages);
}

void swap_area_start(struct swap_info_struct *si, const struct swap_map *map)
{
	unsigned long nr_clusters = (map->max + SLOTS_PER_CLUSTER - 1) / SLOTS_PER_CLUSTER;

	spin_lock(&si->lock);
	DEBUG_ASSERT(!si->flags && !si->used);
	set_map(si, map);
	INIT_LIST_HEAD(&si->free_clusters);
	INIT_LIST_HEAD(&si->part_clusters);
	for (unsigned long i = 0; i < nr_clusters; i++) {
		INIT_LIST_HEAD(&map->clusters[i].node);
		map->clusters[i].nr_free = map->clusters[i].nr_usable;
		sort_cluster(si, &map->clusters[i]);
	}
	WRITE_ONCE(si->flags, SWP_USED | SWP_WRITEOK);
	spin_unlock(&si->lock);
	atomic_inc(&generation);
}

void swap_area_set_writeok(struct swap_info_struct *si, bool ok)
{
	spin_lock(&si->lock);
	WRITE_ONCE(si->flags, SWP_USED | (ok ? SWP_WRITEOK : 0));
	spin_unlock(&si->lock);
	atomic_inc(&generation);
}

bool swap_area_end(struct swap_info_struct *si, struct swap_map *map)
{
	const struct swap_map none = { 0 };
	bool empty;

	spin_lock(&si->lock);
	DEBUG_ASSERT(si->flags == SWP_USED);
	empty = !si->used;
	if (empty) {
		*map = si->map;
		set_map(si, &none);
		WRITE_ONCE(si->flags, 0);
	}
	spin_unlock(&si->lock);
	return empty;
}

/* The first slot of [@from, @end) with a copy in memory, or @end. */
static unsigned long scan_cached(struct swap_info_struct *si, unsigned long from, unsigned long end)
{
	spin_lock(&si->lock);
	if (cluster_of(si, from)->nr_free == cluster_of(si, from)->nr_usable)
		from = end;
	while (from < end && !si->map.slots[from].pfn)
		from++;
	spin_unlock(&si->lock);
	return from;
}

bool swap_next_cached(struct swap_info_struct *si, unsigned long *offset)
{
	while (*offset < si->map.max) {
		unsigned long end = min(ALIGN_UP(*offset + 1, SLOTS_PER_CLUSTER), si->map.max);

		*offset = scan_cached(si, *offset, end);
		if (*offset < end)
			return true;
	}
	return false;
}
