/* vmstat.c - counters that users see, summed over processors when somebody asks. */
#include <mm/vmstat.h>

#include <asm/pgtable.h>
#include <mm/internal.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

struct vm_counters vm_counters[NR_CPUS] __aligned(64);

unsigned long vm_event_sum(enum vm_event_item item)
{
	unsigned long sum = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(vm_counters[cpu].event[item]);
	return sum;
}

unsigned long page_state_sum(enum page_state_item item)
{
	long sum = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(vm_counters[cpu].state[item]);
	return max(sum, 0L);
}

/* What programs can still have without anything going to swap: what is free above the reserve, and
 * most of what can be dropped (files' own pages and MADV_FREE; tmpfs is on the anonymous lists). */
static unsigned long available_pages(const struct mem_stats *stats)
{
	unsigned long droppable = stats->active_file + stats->inactive_file;
	unsigned long spared = min(droppable / 2, watermarks.low);
	unsigned long free = stats->free > watermarks.high ? stats->free - watermarks.high : 0;

	return free + droppable - spared;
}

/* Spare tables and stacks count as free: they come back as soon as frames are short. */
void mem_stats(struct mem_stats *stats)
{
	unsigned long spare = nr_cached_tables() + nr_cached_stack_pages();

	*stats = (struct mem_stats){
		.total = totalram_pages,
		.free = nr_free_pages() + spare,
		.anon = page_state_sum(NR_ANON_MAPPED),
		.file = page_state_sum(NR_FILE_PAGES),
		.shmem = page_state_sum(NR_SHMEM),
		.mapped = page_state_sum(NR_FILE_MAPPED),
		.slab = slab_total_pages(),
		.page_tables = nr_table_pages(),
		.kernel_stack = nr_thread_stack_pages(),
		.active_anon = lru_size(LRU_ACTIVE_ANON),
		.inactive_anon = lru_size(LRU_INACTIVE_ANON),
		.active_file = lru_size(LRU_ACTIVE_FILE),
		.inactive_file = lru_size(LRU_INACTIVE_FILE),
		.mlocked = page_state_sum(NR_MLOCK),
		.unevictable = lru_size(LRU_UNEVICTABLE),
		.swap_cached = page_state_sum(NR_SWAPCACHE),
		.writeback = nr_writeback_pages(),
		.swap_total = nr_swap_slots(),
		.swap_free = max(nr_free_swap_slots(), 0L),
	};
	stats->available = available_pages(stats);
}
