/* mmu.h - the simulated processors' address translation: reads and writes of user memory through
 * the tables that the kernel built, with a TLB for each processor. */
#ifndef SHIM_MMU_H
#define SHIM_MMU_H

#include <mm/mm.h>

/* Access @len bytes of @mm at @addr from processor @cpu, which loads @mm's tables if it has others.
 * Faults go to mm_fault(). Returns 0 or the VM_FAULT_* bits of the first page that failed. */
vm_fault_t mmu_read(unsigned int cpu, struct mm_struct *mm, unsigned long addr, void *buf,
		    size_t len);
vm_fault_t mmu_write(unsigned int cpu, struct mm_struct *mm, unsigned long addr, const void *buf,
		     size_t len);
vm_fault_t mmu_exec(unsigned int cpu, struct mm_struct *mm, unsigned long addr); /* fetch a byte */

/* Write to one page. False: it would fault, and nothing has happened. Takes no kernel lock. */
bool mmu_try_write(unsigned int cpu, struct mm_struct *mm, unsigned long addr, const void *buf,
		   size_t len);

/* One value, where no fault may fail: panics then. */
u8 read8(unsigned int cpu, struct mm_struct *mm, unsigned long addr);
u64 read64(unsigned int cpu, struct mm_struct *mm, unsigned long addr);
void write8(unsigned int cpu, struct mm_struct *mm, unsigned long addr, u8 value);
void write64(unsigned int cpu, struct mm_struct *mm, unsigned long addr, u64 value);

/* Every processor that has @mm's tables loaded leaves them, and gives back its hold on @mm. */
void mmu_leave(struct mm_struct *mm);

/* What each processor's TLB has is at most what the tables of now say, but for accessed and dirty
 * bits: panics otherwise. A forgotten flush is found here even before anybody reads something
 * wrong. */
void mmu_check_tlbs(void);

struct mmu_stats {
	unsigned long	hits, walks, faults;	/* of accesses */
	unsigned long	flushes;		/* flush_tlb_* calls for user ranges */
	unsigned long	flush_targets;		/* processors that they reached */
};

extern struct mmu_stats mmu_stats;
extern bool mmu_ignore_flushes;		/* what if the kernel forgot every flush */
extern bool mmu_ignore_batched_pending;	/* or to ask for those that others have put off */
/* The test is between try_to_unmap(TTU_BATCH_FLUSH) and try_to_unmap_flush(): translations of what
 * that has cleared may be left. */
extern bool mmu_batch_is_open;

#endif
