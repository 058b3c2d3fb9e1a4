/* memblock.c - physical ranges at boot, before frames have a struct page.
 * Holds:  every array is sorted by start, its ranges are disjoint and do not touch.
 * Locks:  none: one processor, no interrupts. Silent once page_alloc_init has run.
 * Read:   page_alloc.c, which takes what is left. */
#include <mm/memblock.h>

#include <lib/string.h>
#include <debug/assert.h>

#define INIT_RANGES	64

struct range_set {
	struct mem_range	*ranges;
	unsigned int		nr, max;
};

static struct mem_range initial_ranges[3][INIT_RANGES];
static struct range_set memory = { initial_ranges[0], 0, INIT_RANGES };
static struct range_set reserved = { initial_ranges[1], 0, INIT_RANGES };
static struct range_set mapped = { initial_ranges[2], 0, INIT_RANGES };
static phys_addr_t alloc_limit = 1UL << 32;

static void range_set_insert(struct range_set *set, phys_addr_t start, phys_addr_t end);

/* The lowest free range of @bytes at or above 1 MiB and below the limit; 0 if there is none. */
static phys_addr_t find_free(size_t bytes, size_t align)
{
	for (unsigned int i = 0; i < memory.nr; i++) {
		phys_addr_t end = min(memory.ranges[i].end, alloc_limit);
		phys_addr_t at = ALIGN_UP(max(memory.ranges[i].start, (phys_addr_t)1 << 20), align);

		for (unsigned int r = 0; r < reserved.nr && at + bytes <= end; r++)
			if (reserved.ranges[r].start < at + bytes && at < reserved.ranges[r].end)
				at = ALIGN_UP(reserved.ranges[r].end, align);
		if (at + bytes <= end)
			return at;
	}
	return 0;
}

/* Twice the room, before the last place is used: taking the room itself needs a place. */
static void range_set_grow(struct range_set *set)
{
	size_t bytes = 2 * set->max * sizeof(struct mem_range);
	phys_addr_t phys = find_free(bytes, PAGE_SIZE);
	struct mem_range *bigger;

	if (!phys)
		panic("no memory for the memory map (%u ranges)", set->max);
	bigger = phys_to_virt(phys);
	memcpy(bigger, set->ranges, set->nr * sizeof(struct mem_range));
	set->ranges = bigger;
	set->max *= 2;
	range_set_insert(&reserved, phys, PAGE_ALIGN(phys + bytes));
}

static void range_set_insert(struct range_set *set, phys_addr_t start, phys_addr_t end)
{
	struct mem_range *r;
	unsigned int first, last;

	if (start >= end)
		return;
	if (set->nr + 2 >= set->max)
		range_set_grow(set);
	r = set->ranges;
	for (first = 0; first < set->nr && r[first].end < start; first++)
		;
	for (last = first; last < set->nr && r[last].start <= end; last++) {
		start = min(start, r[last].start);
		end = max(end, r[last].end);
	}
	memmove(r + first + 1, r + last, (set->nr - last) * sizeof(*r));
	set->nr = set->nr - (last - first) + 1;
	r[first] = (struct mem_range){ start, end };
}

void memblock_add(phys_addr_t start, phys_addr_t bytes)
{
	range_set_insert(&memory, PAGE_ALIGN(start), (start + bytes) & PAGE_MASK);
}

/* Cut [start, end) out of @set. One range may become two. */
static void range_set_cut(struct range_set *set, phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < set->nr; i++) {
		struct mem_range *r = &set->ranges[i];
		phys_addr_t old_end = r->end;

		if (r->end <= start || r->start >= end)
			continue;
		if (r->start < start) {
			r->end = start;
			if (end < old_end)
				range_set_insert(set, end, old_end);
		} else if (end < old_end) {
			r->start = end;
		} else {
			memmove(r, r + 1, (--set->nr - i) * sizeof(*r));
			i--;
		}
	}
}

void memblock_remove(phys_addr_t start, phys_addr_t bytes)
{
	range_set_cut(&memory, start & PAGE_MASK, PAGE_ALIGN(start + bytes));
}

void memblock_reserve(phys_addr_t start, phys_addr_t bytes)
{
	range_set_insert(&reserved, start & PAGE_MASK, PAGE_ALIGN(start + bytes));
}

void memblock_add_mapped(phys_addr_t start, phys_addr_t bytes)
{
	range_set_insert(&mapped, start & PAGE_MASK, PAGE_ALIGN(start + bytes));
}

void *memblock_alloc(size_t bytes, size_t align)
{
	phys_addr_t phys = find_free(bytes, max(align, (size_t)PAGE_SIZE));

	if (!phys)
		panic("out of memory at boot: no %lu bytes left", bytes);
	memblock_reserve(phys, bytes);
	memset(phys_to_virt(phys), 0, bytes);
	return phys_to_virt(phys);
}

void memblock_set_limit(phys_addr_t limit)
{
	alloc_limit = limit;
}

static bool range_set_get(const struct range_set *set, unsigned int nth, struct mem_range *range)
{
	if (nth >= set->nr)
		return false;
	*range = set->ranges[nth];
	return true;
}

bool memblock_memory(unsigned int nth, struct mem_range *range)
{
	return range_set_get(&memory, nth, range);
}

bool memblock_mapped(unsigned int nth, struct mem_range *range)
{
	return range_set_get(&mapped, nth, range);
}

bool memblock_reserved(unsigned int nth, struct mem_range *range)
{
	return range_set_get(&reserved, nth, range);
}

phys_addr_t memblock_end(void)
{
	return memory.nr ? memory.ranges[memory.nr - 1].end : 0;
}
