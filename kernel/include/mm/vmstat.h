/* vmstat.h - counters that users see. All in pages unless said otherwise. */
#ifndef MM_VMSTAT_H
#define MM_VMSTAT_H

#include <lib/types.h>
#include <asm/percpu.h>

enum vm_event_item {
	PGFAULT, PGMAJFAULT, COW_COPY, COW_REUSE, OOM_KILL,
	PSWPIN, PSWPOUT,		/* pages read from and written to swap areas */
	SWAP_RA, SWAP_RA_HIT,		/* read ahead; and then used */
	PGSCAN_KSWAPD, PGSCAN_DIRECT, PGSCAN_ANON, PGSCAN_FILE,
	PGSTEAL_KSWAPD, PGSTEAL_DIRECT, PGSTEAL_ANON, PGSTEAL_FILE,
	PGACTIVATE, PGDEACTIVATE, PGREFILL, PGROTATED, PGLAZYFREE, PGLAZYFREED,
	PAGEOUTRUN, ALLOCSTALL, NR_VM_EVENT_ITEMS
};

enum page_state_item {
	NR_ANON_MAPPED, NR_FILE_MAPPED, NR_FILE_PAGES, NR_SHMEM, NR_MLOCK, NR_SWAPCACHE,
	NR_PAGE_STATES
};

/* of one processor; sums over all are what counts, one alone may be negative */
struct vm_counters {
	long		state[NR_PAGE_STATES];
	unsigned long	event[NR_VM_EVENT_ITEMS];
} __aligned(64);

extern struct vm_counters vm_counters[NR_CPUS];	/* [this processor, not in interrupts] */

static inline void count_vm_events(enum vm_event_item item, unsigned long n)
{
	vm_counters[smp_processor_id()].event[item] += n;
}

static inline void count_vm_event(enum vm_event_item item)
{
	count_vm_events(item, 1);
}

static inline void mod_page_state(enum page_state_item item, long delta)
{
	vm_counters[smp_processor_id()].state[item] += delta;
}

unsigned long vm_event_sum(enum vm_event_item item);
unsigned long page_state_sum(enum page_state_item item);

struct mem_stats {	/* pages */
	unsigned long	total, free, available, anon, file, shmem, mapped, slab, page_tables,
			kernel_stack, active_anon, inactive_anon, active_file, inactive_file,
			mlocked, kernel_image, unevictable, swap_cached, writeback, swap_total,
			swap_free;
};

void mem_stats(struct mem_stats *stats);

#endif
