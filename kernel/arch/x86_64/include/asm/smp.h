/* smp.h - the other processors. */
#ifndef ASM_SMP_H
#define ASM_SMP_H

#include <lib/types.h>
#include <asm/page.h>

#define TRAMPOLINE_BYTES	(2 * PAGE_SIZE)	/* start-up code, and a top-level table for it */

/* The others will start in the TRAMPOLINE_BYTES at @phys, which are below 1 MiB and nobody
 * else's. */
void smp_set_trampoline(phys_addr_t phys);
/* Start them, one after the other; returns when all are running. Sets nr_cpus. */
void smp_init(void);
void smp_stop_others(void);	/* for panic and power off: by NMI, waits a little */

/* Make @cpu look at its need_resched on its way to user mode, or leave its idle sleep. Any
 * context. */
void arch_send_reschedule(unsigned int cpu);

#endif
