/* page_alloc.h - frames in blocks of 2^order. */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include <mm/mm_types.h>

#define MAX_ORDER	10	/* largest block: 4 MiB */

/* What an allocation may do to get memory. */
#define GFP_NOWAIT	0u		/* neither sleep nor reclaim: under locks, in interrupts */
#define __GFP_RECLAIM	1u		/* may sleep, reclaim, and in the end kill */
#define __GFP_ZERO	2u
#define __GFP_HIGH	4u		/* may use half of the reserve */
#define __GFP_MEMALLOC	8u		/* may use all of it: it will free memory */
#define __GFP_NOFAIL	16u
#define __GFP_NORETRY	32u		/* give up after one round of reclaim */
#define __GFP_RETRY_MAYFAIL 64u		/* try as hard as others, but kill nobody */
#define GFP_KERNEL	__GFP_RECLAIM
#define GFP_USER	__GFP_RECLAIM
#define GFP_ATOMIC	__GFP_HIGH

/* 2^order frames with refcount 1, naturally aligned; NULL: no memory. */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
void free_pages(struct page *page, unsigned int order);
/* One frame through its direct-map address. */
void *get_free_page(gfp_t gfp);
void *get_zeroed_page(gfp_t gfp);
void free_page(void *addr);

/* Drop a reference of an order-0 frame and free it when it was the last. */
void put_page(struct page *page);
/* Free @nr frames whose last reference is gone. */
void free_frames(struct page **pages, unsigned int nr);

unsigned long nr_free_pages(void);	/* frames, per-CPU lists included */
/* Free blocks of 2^order frames, for /proc/buddyinfo. */
unsigned long nr_free_blocks(unsigned int order);
/* Free frames that are in nobody's stack: what watermarks are compared with. */
unsigned long nr_buddy_pages(void);
/* Frames on @cpu's stack, of at most *high; *batch are moved at a time. */
unsigned int pcp_pages(unsigned int cpu, unsigned int *high, unsigned int *batch);
/* The struct page of a frame number that may be anything: NULL if there is no memory, and then none
 * exists. */
struct page *pfn_to_online_page(unsigned long pfn);
/* Does the frame lie in a free block? Nothing is locked: it is a guess unless the caller knows
 * more. */
bool page_is_free_buddy(struct page *page);
extern bool page_alloc_ready;		/* memblock is over */
extern unsigned long totalram_pages;	/* frames ever given to the allocator */
/* Give the per-CPU lists of the running processor back. */
void drain_local_pages(void);
/* The same for everything that it keeps in reserve: tables, stacks, small objects. May sleep. */
void drain_local_caches(void);

/* Below low kswapd is woken, and works until high is free; below min allocations reclaim by
 * themselves. What is left then is for those that free memory. */
struct watermarks {
	unsigned long min, low, high;	/* free frames */
};

extern struct watermarks watermarks;

/* Boot: everything that memblock has and did not give away becomes free. */
void page_alloc_init(void);

#endif
