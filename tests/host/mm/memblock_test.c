/* memblock_test.c - ranges at boot, and the kernel's tables that are built from them. Each test
 * runs in a process of its own, since memblock and the kernel's tables begin only once. */
#include "mm_test.h"

#include <asm/processor.h>

#define MIB	(1UL << 20)

static const struct mem_range machine[] = { { 0, 0x9f000 },
					    { MIB, 24 * MIB },
					    { 64 * MIB, 72 * MIB } };

static void init(void)
{
	shim_machine_init(machine, ARRAY_SIZE(machine));
}

static void expect_range(bool (*get)(unsigned int, struct mem_range *), unsigned int nth, u64 start,
			 u64 end)
{
	struct mem_range range = {};
	bool there = get(nth, &range);

	if (there != (start < end) || (there && (range.start != start || range.end != end)))
		panic("range %u is [%#lx, %#lx), not [%#lx, %#lx)", nth, range.start, range.end,
		      start, end);
}

static void add_and_cut(void *arg)
{
	init();
	memblock_add(10 * MIB, MIB);
	memblock_add(12 * MIB, MIB);
	memblock_add(11 * MIB, MIB);			/* joins both */
	expect_range(memblock_memory, 0, 10 * MIB, 13 * MIB);
	expect_range(memblock_memory, 1, 0, 0);
	memblock_add(9 * MIB + 1, 100);			/* no whole page */
	memblock_add(5 * MIB + 1, 3 * PAGE_SIZE);	/* two whole pages */
	expect_range(memblock_memory, 0, 5 * MIB + PAGE_SIZE, 5 * MIB + 3 * PAGE_SIZE);
	memblock_add(4 * MIB, 20 * MIB);		/* over everything */
	expect_range(memblock_memory, 0, 4 * MIB, 24 * MIB);
	memblock_remove(8 * MIB + 5, 10);		/* a page in the middle */
	expect_range(memblock_memory, 0, 4 * MIB, 8 * MIB);
	expect_range(memblock_memory, 1, 8 * MIB + PAGE_SIZE, 24 * MIB);
	memblock_remove(7 * MIB, 2 * MIB);
	expect_range(memblock_memory, 0, 4 * MIB, 7 * MIB);
	expect_range(memblock_memory, 1, 9 * MIB, 24 * MIB);
	memblock_remove(0, 100 * MIB);
	expect_range(memblock_memory, 0, 0, 0);
	memblock_reserve(MIB + 5, 1);
	expect_range(memblock_reserved, 0, MIB, MIB + PAGE_SIZE);
}

static void random_ranges(void *arg)
{
	enum { PAGES = 2000 };
	static u8 model[PAGES + 1];

	init();
	memblock_add(MIB, 23 * MIB);	/* so that the array can grow */
	memset(model + 256, 1, PAGES - 256);
	for (unsigned int n = 0; n < 3000; n++) {
		unsigned long first = 256 + random_below(PAGES - 256), nr = 1 + random_below(6);
		bool add = random_below(2);

		nr = min(nr, PAGES - first);
		if (add)
			memblock_add(first * PAGE_SIZE, nr * PAGE_SIZE);
		else
			memblock_remove(first * PAGE_SIZE, nr * PAGE_SIZE);
		memset(model + first, add, nr);
	}
	memblock_remove(PAGES * PAGE_SIZE, 100 * MIB);
	for (unsigned int page = 0, nth = 0; page < PAGES;) {
		unsigned int end;

		if (!model[page]) {
			page++;
			continue;
		}
		for (end = page; model[end]; end++)
			;
		expect_range(memblock_memory, nth++, page * PAGE_SIZE, end * PAGE_SIZE);
		page = end;
	}
}

static void allocate(void *arg)
{
	void *first, *second;

	init();
	memblock_add(0, 0x9f000);
	memblock_add(MIB, 23 * MIB);
	memblock_add(64 * MIB, 8 * MIB);
	memblock_reserve(MIB, MIB);
	first = memblock_alloc(100, 64);
	ASSERT(virt_to_phys(first) == 2 * MIB);
	second = memblock_alloc(MIB, MIB);
	ASSERT(virt_to_phys(second) == 3 * MIB);
	ASSERT(virt_to_phys(memblock_alloc(1, 1)) == 2 * MIB + PAGE_SIZE);
	memblock_set_limit(4 * MIB);
	memblock_alloc(5 * MIB, PAGE_SIZE);		/* panics */
}

static void many_ranges(void *arg)
{
	init();
	memblock_add(MIB, 23 * MIB);
	for (unsigned int i = 0; i < 1000; i++)
		memblock_reserve(64 * MIB + i * 2 * PAGE_SIZE, PAGE_SIZE);
	for (unsigned int i = 0; i < 300; i++)
		memblock_add(128 * MIB + i * 2 * PAGE_SIZE, PAGE_SIZE);
	expect_range(memblock_memory, 0, MIB, 24 * MIB);
	for (unsigned int i = 0; i < 300; i++)
		expect_range(memblock_memory, 1 + i, 128 * MIB + i * 2 * PAGE_SIZE,
			     128 * MIB + (i * 2 + 1) * PAGE_SIZE);
	ASSERT(memblock_end() == 128 * MIB + 599 * PAGE_SIZE);
}

static void ranges_join_and_are_cut(void **state)
{
	assert_true(shim_survives(add_and_cut, NULL));
	assert_true(shim_survives(many_ranges, NULL));
}

static void random_ranges_are_what_a_page_model_says(void **state)
{
	assert_true(shim_survives(random_ranges, NULL));
}

static void allocations_avoid_what_is_reserved_and_the_limit(void **state)
{
	assert_true(shim_panics(allocate, NULL, "no 5242880 bytes left"));
}

/* --- all frames but the reserved ones become free --- */

static void boot_with_holes(void *arg)
{
	unsigned long frames = 0, free;
	struct mem_range memory;

	init();
	memblock_add(0, 0x9f000);
	memblock_add(MIB, 23 * MIB);
	memblock_add(64 * MIB, 8 * MIB);
	memblock_reserve(5 * MIB, 3 * MIB);
	memblock_reserve(23 * MIB, 42 * MIB);		/* over the hole */
	init_mm.pgd = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	for (unsigned int i = 0; memblock_memory(i, &memory); i++)
		frames += (memory.end - memory.start) >> PAGE_SHIFT;
	mm_init();
	/* Less what was reserved, frame 0 and the table; some have become slabs. */
	if (totalram_pages != frames - (5 * MIB >> PAGE_SHIFT) - 2)
		panic("%lu of %lu frames", totalram_pages, frames);
	shim_drain_all();
	free = nr_free_pages();
	ASSERT(free + slab_total_pages() + 1 == totalram_pages);
	free_reserved_area(5 * MIB, 3 * MIB);
	free_reserved_area(23 * MIB, 42 * MIB);		/* of which two are memory */
	free += 3 * MIB >> PAGE_SHIFT;
	ASSERT(nr_free_pages() == free + (2 * MIB >> PAGE_SHIFT));
	while (alloc_pages(__GFP_MEMALLOC, 0)) /* each exists, or touching it would fault */
		free--;
}

static void every_frame_of_memory_becomes_free(void **state)
{
	assert_true(shim_survives(boot_with_holes, NULL));
}

/* --- paging_init --- */

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __kernel_end[];

/* The entry that maps @addr in the kernel's tables, and how much it maps; 0: nothing. */
static u64 lookup(unsigned long addr, unsigned long *size)
{
	u64 *table = (u64 *)init_mm.pgd;

	for (unsigned int shift = PGD_SHIFT;; shift -= 9) {
		u64 entry = table[(addr >> shift) % PTRS_PER_TABLE];

		*size = 1UL << shift;
		if (!(entry & _PAGE_PRESENT) || shift == PAGE_SHIFT || entry & _PAGE_PSE)
			return entry;
		table = phys_to_virt(entry & PTE_PFN_MASK);
	}
}

static void expect_mapped(unsigned long addr, phys_addr_t phys, pgprot_t prot)
{
	unsigned long size;
	u64 entry = lookup(addr, &size);
	u64 base = entry & PTE_PFN_MASK & ~(size - 1);

	if (!(entry & _PAGE_PRESENT) || base + (addr & (size - 1)) != phys ||
	    (entry & PTE_FLAGS_MASK & ~_PAGE_PSE) != prot.val)
		panic("%#lx is mapped by %#lx of %lu bytes", addr, entry, size);
}

static void build_tables(void *arg)
{
	unsigned long size;

	init();
	cpu_features.huge_1g = arg;
	for (unsigned int i = 0; i < ARRAY_SIZE(machine); i++)
		memblock_add(machine[i].start, machine[i].end - machine[i].start);
	memblock_add_mapped(0x9f000, 0x1000);
	memblock_add_mapped(20 * MIB, 6 * MIB);	/* some of it is memory */
	phys_base = KERNEL_BASE - (unsigned long)__text_start + 4 * MIB;
	paging_init();
	ASSERT(shim_cr3 == kernel_pgd_phys());
	for (unsigned int i = 0; i < ARRAY_SIZE(machine); i++)
		for (u64 at = machine[i].start; at < machine[i].end; at += PAGE_SIZE)
			expect_mapped(DIRECT_MAP_BASE + at, at, PAGE_KERNEL);
	expect_mapped(DIRECT_MAP_BASE + 0x9f000, 0x9f000, PAGE_KERNEL);
	expect_mapped(DIRECT_MAP_BASE + 26 * MIB - 1, 26 * MIB - 1, PAGE_KERNEL);
	ASSERT(!lookup(DIRECT_MAP_BASE + 26 * MIB, &size));
	ASSERT(!lookup(DIRECT_MAP_BASE + 0xa0000, &size));
	expect_mapped((unsigned long)__text_end - 1, 4 * MIB + (__text_end - __text_start) - 1,
		      PAGE_KERNEL_RX);
	expect_mapped((unsigned long)__rodata_start, 4 * MIB + (__rodata_start - __text_start),
		      PAGE_KERNEL_RO);
	expect_mapped((unsigned long)__kernel_end - 1, 4 * MIB + (__kernel_end - __text_start) - 1,
		      PAGE_KERNEL);
	ASSERT(init_mm.pgd[pgd_index(VMALLOC_START)].val);
	/* Every frame's struct page, and those of its whole largest block. */
	for (unsigned int i = 0; i < ARRAY_SIZE(machine); i++)
		for (u64 at = machine[i].start; at < machine[i].end; at += PAGE_SIZE)
			ASSERT(lookup((unsigned long)phys_to_page(at), &size) & _PAGE_PRESENT);
	ASSERT(lookup((unsigned long)pfn_to_page(0x9f), &size) & _PAGE_PRESENT);
}

static void paging_init_maps_memory_image_and_frames(void **state)
{
	assert_true(shim_survives(build_tables, NULL));
	assert_true(shim_survives(build_tables, &cpu_features));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_join_and_are_cut),
		cmocka_unit_test(random_ranges_are_what_a_page_model_says),
		cmocka_unit_test(allocations_avoid_what_is_reserved_and_the_limit),
		cmocka_unit_test(every_frame_of_memory_becomes_free),
		cmocka_unit_test(paging_init_maps_memory_image_and_frames),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
