/* tlb.h - dropping cached translations, here and on every processor that may have them.
 * All of these may be called under a pte lock but never with interrupts disabled: they wait for
 * other processors to answer. On return no processor uses an old translation.
 * Order for whoever frees memory: clear the entry, flush, then free the frame. */
#ifndef ASM_TLB_H
#define ASM_TLB_H

#include <lib/types.h>

struct mm_struct;

/* User range [start, end) of @mm, bytes, page aligned. Large ranges become a full flush.
 * @freed_tables: page-table pages were unlinked too (paging-structure caches must go). */
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			bool freed_tables);
void flush_tlb_mm(struct mm_struct *mm);
static inline void flush_tlb_page(struct mm_struct *mm, unsigned long addr)
{
	flush_tlb_mm_range(mm, addr, addr + 4096, false);
}

/* Drop one translation of the running processor only: enough after an entry became more
 * permissive, where the others at worst take one more fault. */
void flush_tlb_page_local(unsigned long addr);

/* Everything of user memory, whichever mm's, on the processors in @mask: for flushes that were put
 * off. */
void flush_tlb_cpus(unsigned long mask);

/* Kernel range [start, end), all processors. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end);

/* Every thread of @mm that runs anywhere passes a full barrier before this returns, and fetches its
 * next instructions anew; a thread that does not run will, when it comes to a processor. */
void membarrier_mm(struct mm_struct *mm);

/* The shootdown interrupt (trap.c): do what the pending request asks of this processor. */
void tlb_answer(void);

/* Return when every other processor has had its interrupts on: whoever was looking at something
 * with them off is done. Not with interrupts off. */
void synchronize_processors(void);

#endif
