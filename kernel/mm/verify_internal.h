/* verify_internal.h - what the files of the verifier share. */
#ifndef MM_VERIFY_INTERNAL_H
#define MM_VERIFY_INTERNAL_H

#include <mm/internal.h>
#include <mm/verify.h>

/* What was seen of one frame. */
struct frame_seen {
	u32	entries;	/* present entries that name it */
	u32	busy : 30;	/* those of them in an mm that is being changed */
	u32	free : 1;	/* in a free block, or on a processor's stack of frames */
	u32	lru : 1;	/* on an LRU list */
};

/* One verification. [verify_mutex; its fields while everything stands still] */
struct verify {
	struct verify_report	*report;
	struct frame_seen	**seen;		/* pages of them; NULL where there is no memory */
	unsigned long		nr_chunks;
	bool damaged; /* a tree has something in it that is none: do not walk */
	unsigned long		tables, cached, shmem, anon, file_mapped, slabs, lru;	/* frames */
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

/* verify.c, for verify_plant.c: as verify_memory(); between stopping and looking, and again before
 * the others go on, fn(arg, false) and fn(arg, true). False from the first: not done, -ENOENT. */
int verify_around(struct verify_report *report, bool (*fn)(void *arg, bool repair), void *arg);

#endif
