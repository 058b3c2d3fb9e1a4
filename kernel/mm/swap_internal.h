/* swap_internal.h - swap areas as their three files see them: swapfile.c has the slots, swapon.c
 * makes and ends areas, page_io.c moves pages. */
#ifndef MM_SWAP_INTERNAL_H
#define MM_SWAP_INTERNAL_H

#include <lib/list.h>
#include <mm/swap.h>
#include <sync/spinlock.h>

struct block_device;

/* Free when both are 0. */
struct swap_slot {
	u32	count;		/* entries that name it; SWAP_SLOT_BAD: never to be used */
	u32	pfn;		/* its copy in memory, which has a reference for this; 0: none */
};

#define SWAP_SLOT_BAD		(~0u)
#define SLOTS_PER_CLUSTER	256ul	/* that one processor fills on its own, if it can be */

struct swap_cluster {
	struct list_head	node;		/* in free_clusters or part_clusters, or in none */
	u16			nr_free;
	u16			nr_usable;	/* [c] all but bad ones */
};

/* What is made for an area before it is one. */
struct swap_map {
	struct swap_slot	*slots;
	struct swap_cluster	*clusters;
	unsigned long		max;		/* slots, the header's and bad ones too */
	unsigned long		pages;		/* that can be used */
};

struct swap_info_struct {
	spinlock_t		lock;		/* RANK_SWAP */
	unsigned int		flags;		/* [lock] SWP_* */
	struct swap_map		map;		/* [lock] all 0 unless SWP_USED */
	unsigned long		used;		/* [lock] slots neither free nor bad */
	struct list_head	free_clusters;	/* [lock] wholly free; the one freed last is last */
	struct list_head	part_clusters;	/* [lock] others with a free slot */
	unsigned long		turn;		/* of those of equal priority the lowest is next */
	/* These change only while the area is not SWP_USED; prio at swapoff of another, too. */
	int			prio;		/* [swapon_mutex] */
	struct block_device	*bdev;		/* [swapon_mutex] */
	char			path[64];	/* [swapon_mutex] */
};

#define SWP_USED	1u	/* it is an area */
#define SWP_WRITEOK	2u	/* slots may be taken: not while swapoff empties it */

/* --- swapfile.c --- */
extern struct swap_info_struct swap_info[MAX_SWAPFILES];
extern unsigned int nr_swapfiles;	/* [swapon_mutex] types from here on were never in use */

/* A map of @max slots, all free but the first and the @nr_bad in @bad. Sleeps. 0; -ENOMEM; -EINVAL:
 * @bad has what is no slot, or leaves none. */
int swap_map_alloc(struct swap_map *map, unsigned long max, const u32 *bad, unsigned int nr_bad);
void swap_map_free(struct swap_map *map);
/* @si, not in use, all [swapon_mutex] fields set, becomes an area with @map. */
void swap_area_start(struct swap_info_struct *si, const struct swap_map *map);
/* From now on slots are taken, or not. */
void swap_area_set_writeok(struct swap_info_struct *si, bool ok);
/* @si, not SWP_WRITEOK, is empty and an area no more; its map, to be freed, goes to *map. False: a
 * slot is in use, and nothing has changed. */
bool swap_area_end(struct swap_info_struct *si, struct swap_map *map);
/* The first slot of @si, which stays an area, from *offset on that has a copy in memory: true, and
 * *offset is its. */
bool swap_next_cached(struct swap_info_struct *si, unsigned long *offset);

static inline swp_entry_t swap_area_entry(const struct swap_info_struct *si, unsigned long offset)
{
	return swp_entry(si - swap_info, offset);
}

#endif
