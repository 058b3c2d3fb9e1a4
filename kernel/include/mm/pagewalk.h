/* pagewalk.h - the entries of an area, in the order of their addresses. */
#ifndef MM_PAGEWALK_H
#define MM_PAGEWALK_H

#include <mm/mm_types.h>

struct mm_walk {
	struct vm_area_struct	*vma;
	/* For each place in a table that exists, whether something is mapped there or not. The
	 * table's lock is held: do not sleep. */
	void			(*pte_entry)(pte_t *ptep, unsigned long addr, struct mm_walk *walk);
	void			*arg;		/* the caller's */
};

/* Visit [start, end), bytes, which lies in walk->vma. mmap_lock held at least for read. Sleeps. */
void walk_page_range(struct mm_walk *walk, unsigned long start, unsigned long end);
/* The first address of [start, end), bytes, that has a table: before it there is nothing for a walk
 * to visit. @end: none has. mmap_lock held at least for read. */
unsigned long skip_no_tables(struct mm_struct *mm, unsigned long start, unsigned long end);

/* How many pages of @vma's file behind [start, end), bytes, have left for swap: tmpfs alone has
 * such. mmap_lock held at least for read; a pte lock may be. */
unsigned long vma_swapped_pages(const struct vm_area_struct *vma, unsigned long start,
				unsigned long end);

#endif
