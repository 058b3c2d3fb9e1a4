/* vmalloc.h - kernel ranges with an unmapped guard page after each. */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <lib/types.h>
#include <asm/pgtable_types.h>

void *vmalloc(size_t bytes);		/* zeroed, may sleep; NULL: no memory */
void vfree(const void *addr);
/* device registers; NULL: no memory */
void *vmap_phys(phys_addr_t phys, size_t bytes, pgprot_t prot);

#define THREAD_SIZE	16384UL
/* A kernel stack of THREAD_SIZE with a guard page below it. May sleep; NULL: no memory. */
void *alloc_thread_stack(void);
void free_thread_stack(void *stack);	/* any context */
unsigned long nr_thread_stack_pages(void);	/* in use */

struct vmalloc_range {
	unsigned long	addr, bytes;	/* the guard page not counted */
	const void	*caller;	/* an address in the function that asked for it */
	bool		owns_frames;	/* or shows a device's registers, at @phys */
	phys_addr_t	phys;
};

/* The lowest range in use, stacks and spare ones too, that begins at or above @from. False: none.
 * May sleep. */
bool vmalloc_next(unsigned long from, struct vmalloc_range *range);

#endif
