/* psi.h - pressure: how long threads could not go on for want of memory. */
#ifndef SCHED_PSI_H
#define SCHED_PSI_H

#include <lib/types.h>

/* The running thread waits for memory, or works to get some, from enter to leave; pairs may nest.
 * *nested is the caller's, for leave. Any lock may be held but a run queue's; not in interrupts. */
void psi_memstall_enter(bool *nested);
void psi_memstall_leave(const bool *nested);

enum psi_kind { PSI_SOME, PSI_FULL, NR_PSI_KINDS };

struct psi_stats {
	u64		total_ns;	/* since boot */
	unsigned long	avg[3];		/* of 10, 60 and 300 seconds, percent in 1 / 65536 */
};

void psi_memory(struct psi_stats stats[NR_PSI_KINDS]);

#endif
