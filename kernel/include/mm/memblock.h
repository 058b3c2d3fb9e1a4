/* memblock.h - which physical ranges are memory, and who took what before the buddy allocator
 * runs. */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <asm/page.h>

struct mem_range {
	phys_addr_t	start, end;	/* bytes, end exclusive */
};

/* Ranges may overlap and come in any order; whole pages inside are used (add) or covered
 * (reserve). */
void memblock_add(phys_addr_t start, phys_addr_t bytes);
/* No memory after all, whatever memblock_add said: firmware maps may overlap. */
void memblock_remove(phys_addr_t start, phys_addr_t bytes);
void memblock_reserve(phys_addr_t start, phys_addr_t bytes);
/* To be seen through the direct map, memory or not: what the firmware and the loader left us. */
void memblock_add_mapped(phys_addr_t start, phys_addr_t bytes);

/* Zeroed memory that is never given back, as a direct-map address. Panics when there is none. */
void *memblock_alloc(size_t bytes, size_t align);

/* Until paging_init has mapped everything, allocations come from below this physical address. */
void memblock_set_limit(phys_addr_t limit);

/* The nth range; false past the last. Sorted, disjoint. */
bool memblock_memory(unsigned int nth, struct mem_range *range);
bool memblock_mapped(unsigned int nth, struct mem_range *range);
bool memblock_reserved(unsigned int nth, struct mem_range *range);
phys_addr_t memblock_end(void);		/* end of the highest memory */

/* After mm_init: give the whole pages inside a once reserved range, those that are memory, to the
 * page allocator. */
void free_reserved_area(phys_addr_t start, phys_addr_t bytes);

#endif
