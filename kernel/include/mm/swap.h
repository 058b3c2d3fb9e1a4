/* swap.h - memory that has left for a disk: entries, areas, and what users see of them. */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include <asm/pgtable.h>
#include <mm/mm_types.h>

struct block_device;
struct folio;

/* --- entries: a slot of a swap area --- */
#define MAX_SWAPFILES	28u	/* areas at a time; entry types from here on are not swap */
#define SWP_TYPE_SHIFT	58	/* so that an entry fits a word beside one bit */

typedef struct { unsigned long val; } swp_entry_t;

static inline swp_entry_t swp_entry(unsigned int type, unsigned long offset)
{
	return (swp_entry_t){ (unsigned long)type << SWP_TYPE_SHIFT | offset };
}

static inline unsigned int swp_type(swp_entry_t entry)
{
	return entry.val >> SWP_TYPE_SHIFT;
}

static inline unsigned long swp_offset(swp_entry_t entry)
{
	return entry.val & ((1UL << SWP_TYPE_SHIFT) - 1);
}

/* In a page table. */
static inline bool is_swap_pte(pte_t pte)
{
	return !pte_none(pte) && !pte_present(pte);
}

static inline swp_entry_t pte_to_swp_entry(pte_t pte)
{
	return swp_entry(pte_swp_type(pte), pte_swp_offset(pte));
}

static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return pte_mkswap(swp_type(entry), swp_offset(entry));
}

/* In a file's i_pages, where bit 0 tells it from a folio. */
static inline void *swp_to_radix_entry(swp_entry_t entry)
{
	return (void *)(entry.val << 1 | 1);
}

static inline bool is_swap_radix_entry(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline swp_entry_t radix_to_swp_entry(const void *entry)
{
	return (swp_entry_t){ (unsigned long)entry >> 1 };
}

/* Of a folio in the swap cache. */
static inline swp_entry_t folio_swap_entry(const struct folio *folio)
{
	return (swp_entry_t){ READ_ONCE(folio->page.private) };
}

/* --- areas --- */
/* Use @bdev, whose first page mkswap has written, for swap. @path: for /proc/swaps. @flags as in
 * swapon(2). 0; -EBUSY: it is one, or claimed; -EINVAL: no or a damaged header, or too small;
 * -EPERM: too many areas; -EROFS, -EIO, -ENOMEM. Sleeps. */
int swap_on(struct block_device *bdev, const char *path, int flags);
/* Bring everything on it back into memory and give it up. 0; -EINVAL: it is none; -ENOMEM, -EIO,
 * -EINTR: it is in use as before and nothing is lost. Sleeps. */
int swap_off(struct block_device *bdev);

/* The thread that frees memory ahead of need; from then on it is woken when there is little.
 * Sleeps. */
void kswapd_start(void);
unsigned long nr_swap_slots(void);	/* of all areas that take pages */
extern unsigned int vm_swappiness;	/* 0 to 200: how much rather anonymous than file pages go */
extern unsigned int vm_page_cluster;	/* logarithm of the most pages that are read at a time */

struct swap_stats {		/* of one area */
	char		path[64];
	unsigned long	pages, used;
	int		prio;
};

/* The nth area in use; false past the last. Sleeps. */
bool swap_stats(unsigned int nth, struct swap_stats *stats);
/* How many entries name the slot of @entry. For /proc. */
unsigned int swap_count(swp_entry_t entry);
/* The frame of its copy in memory; 0: there is none. It may go at any time. For /proc. */
unsigned long swap_cache_pfn(swp_entry_t entry);

#endif
