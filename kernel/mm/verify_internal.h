/* verify_internal.h - what the files of the verifier share. */
#ifndef MM_VERIFY_INTERNAL_H
#define MM_VERIFY_INTERNAL_H

#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/verify.h>

struct swap_slot;

/* What was seen of one frame. */
struct frame_seen {
	u32	entries;	/* present entries that name it */
	u32	busy : 27;	/* those of them in an mm that is being changed */
	u32	free : 1;	/* in a free block, or on a processor's stack of frames */
	u32	lru : 1;	/* on an LRU list */
	u32	swapcache : 1;	/* a slot's copy */
	u32	surplus : 1;	/* it has references that nobody is known to have, */
	u32	was_surplus : 1; /* and at each look before */
};

/* One verification. [verify_mutex; its fields while everything stands still] */
struct verify {
	struct verify_report	*report;
	struct frame_seen	**seen;		/* pages of them; NULL where there is no memory */
	unsigned long		nr_chunks;
	unsigned int		looks;		/* before this one */
	bool damaged; /* a tree has something in it that is none: do not walk */
	/* frames */
	unsigned long		tables, cached, shmem, anon, file_mapped, slabs, lru, swapcached,
				mlocked, writeback;
	unsigned long		committed;	/* pages of areas and files with a promise */
};

extern struct verify verify;

/* Something is there that nobody is known to have. Whoever sleeps in the middle of something
 * explains it, unless it stays. */
void verify_surplus(const char *fmt, ...) __printf(1, 2);

/* Note a difference unless @cond; evaluates to it. */
#define CHECK(cond, ...) ({				\
	bool __ok = (cond);				\
	if (unlikely(!__ok))				\
		verify_fail(__VA_ARGS__);		\
	__ok; })

/* NULL: no frame of memory has that number. */
struct frame_seen *frame_seen(unsigned long pfn);
/* @obj may be followed: it lies in a slab. */
bool is_object(const void *obj);
/* Its areas, chains and page counts may be half changed; entries, and their counts, never are. */
bool mm_busy(struct mm_struct *mm);

/* verify_tree.c */
void verify_areas(struct mm_struct *mm);
bool rb_is_in(const struct rb_node *node, const struct rb_root *root);

/* verify_page.c */
void verify_tables(struct mm_struct *mm);
void verify_free(void);
void verify_lru(void);
void verify_frames(void);
/* @folio is of @mapping at @index. False: it cannot be followed. */
bool verify_cached_page(struct address_space *mapping, unsigned long index, struct folio *folio);

/* verify_swap.c */
/* Before everything stands still: room for what will be found of each slot. 0 or -ENOMEM. */
int verify_swap_alloc(void);
void verify_swap_free(void);
/* Nothing has been found yet. False: an area has come or gone since there was room for all. */
bool verify_swap_begin(void);
/* @vma: the first that ends behind @addr; not if @busy. */
void verify_swap_entry(struct mm_struct *mm, struct vm_area_struct *vma, bool busy, pte_t pte,
		       unsigned long addr);
void verify_swapped_files(void);
void verify_slots(void);	/* when all tables and files have been walked */
/* Swap entries found that name @entry's slot. */
unsigned int verify_slot_entries(swp_entry_t entry);
/* NULL: it names no slot that can be used. */
struct swap_slot *verify_slot(swp_entry_t entry);

/* verify.c, for verify_plant.c: as verify_memory(); between stopping and looking, and again before
 * the others go on, fn(arg, false) and fn(arg, true). False from the first: not done, -ENOENT. */
int verify_around(struct verify_report *report, bool (*fn)(void *arg, bool repair), void *arg);

#endif
