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

#endif
