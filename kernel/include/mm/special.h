/* special.h - mappings of frames that belong to the kernel. */
#ifndef MM_SPECIAL_H
#define MM_SPECIAL_H

#include <lib/types.h>

struct mm_struct;
struct page;
struct vm_area_struct;

struct special_mapping {
	const char	*name;		/* in /proc/PID/maps */
	struct page	**pages;
	unsigned int	nr;
};

/* Map all of @special into @mm, readable and executable, where mmap would. Takes mmap_lock. The
 * address, or a negative errno and nothing is mapped. */
unsigned long map_special(struct mm_struct *mm, const struct special_mapping *special);
bool vma_is_special(const struct vm_area_struct *vma);
/* What @addr of @vma, which is special, maps. */
struct page *special_page(const struct vm_area_struct *vma, unsigned long addr);

#endif
