/* pgtable.c - makes, walks and frees the four levels, and the kernel's own half of them.
 * Holds:  every mm's top-level table has the same 256 kernel entries, all made before the second
 *         mm, so they never have to be propagated. A table that is freed is all zero, so that it
 *         can be used again as it is (the per-processor cache).
 * Locks:  mm->page_table_lock guards upper-level entries of a user mm; kernel entries change only
 *         under vmalloc's mutex. Reading an upper-level entry needs no lock: it goes from none to a
 *         table once and back only under mmap_lock held for write, when no walk of the reverse map
 *         can come there.
 * Read:   mm/memory.c, which fills leaf entries; mm/zap.c, which empties them. */
#include <asm/pgtable.h>

#include <asm/percpu.h>
#include <asm/processor.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>

#define TABLE_CACHE_SIZE	16

static struct table_cache {
	unsigned int	nr;
	struct page	*tables[TABLE_CACHE_SIZE];
} __aligned(64) table_caches[NR_CPUS];	/* one per processor; not used in interrupts */

static atomic_long_t nr_tables;		/* of all user mms, top levels not counted */

static struct page *table_alloc(struct mm_struct *mm)
{
	struct table_cache *cache = &table_caches[smp_processor_id()];
	struct page *page;

	if (cache->nr)
		page = cache->tables[--cache->nr];
	else
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);
	if (!page)
		return NULL;
	page_init_flags(page, page->flags | BIT(PG_table));
	page->pt_mm = mm;
	spin_lock_init(&page->pt_lock, RANK_PTE);
	atomic_inc(&mm->nr_ptes);
	atomic_inc(&nr_tables);
	return page;
}

/* @page is all zero, and no processor can reach it any more. */
void free_table(struct page *page)
{
	struct table_cache *cache = &table_caches[smp_processor_id()];

	DEBUG_ASSERT(!memchr_inv(page_address(page), 0, PAGE_SIZE));
	atomic_dec(&page->pt_mm->nr_ptes);
	atomic_dec(&nr_tables);
	page->pt_mm = NULL;
	page_init_flags(page, page->flags & ~BIT(PG_table));
	if (cache->nr < TABLE_CACHE_SIZE)
		cache->tables[cache->nr++] = page;
	else
		put_page(page);
}

void drain_table_cache(void)
{
	struct table_cache *cache = &table_caches[smp_processor_id()];

	while (cache->nr)
		put_page(cache->tables[--cache->nr]);
}

unsigned long nr_cached_tables(void)
{
	unsigned long nr = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		nr += table_caches[cpu].nr;
	return nr;
}

unsigned long nr_table_pages(void)
{
	return atomic_read(&nr_tables);
}

/* Let *entry point to a fresh table unless somebody else was faster. */
static int populate(struct mm_struct *mm, u64 *entry)
{
	struct page *page = table_alloc(mm);

	if (!page)
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (!*entry) {
		smp_store_release(entry, page_to_phys(page) | _PAGE_TABLE);
		page = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (page)
		free_table(page);
	return 0;
}

/* Each entry is read once. */
static inline pmd_t *find_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t pgd = { READ_ONCE(mm->pgd[pgd_index(addr)].val) };
	pud_t pud;

	if (unlikely(!pgd.val))
		return NULL;
	pud.val = READ_ONCE(pud_offset(&pgd, addr)->val);
	return likely(pud.val) ? pmd_offset(&pud, addr) : NULL;
}

pmd_t *mm_find_pmd(struct mm_struct *mm, unsigned long addr)
{
	return find_pmd(mm, addr);
}

static __noinline pmd_t *make_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = mm->pgd + pgd_index(addr);
	pud_t *pud;

	if (pgd_none(pgd) && populate(mm, &pgd->val))
		return NULL;
	pud = pud_offset(pgd, addr);
	if (pud_none(pud) && populate(mm, &pud->val))
		return NULL;
	return pmd_offset(pud, addr);
}

pmd_t *mm_alloc_pmd(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = find_pmd(mm, addr);

	return likely(pmd) ? pmd : make_pmd(mm, addr);
}

int pte_alloc_slow(struct mm_struct *mm, pmd_t *pmd)
{
	return populate(mm, &pmd->val);
}

void move_table(struct mm_struct *mm, pmd_t *from, pmd_t *to)
{
	u64 table = from->val;

	DEBUG_ASSERT(table && pmd_none(to));
	spin_lock(&mm->page_table_lock);
	WRITE_ONCE(from->val, 0);
	WRITE_ONCE(to->val, table);
	spin_unlock(&mm->page_table_lock);
}

/* Take the table out of *entry and put it on @dead. */
static void unlink_table(struct mm_struct *mm, u64 *entry, struct list_head *dead)
{
	struct page *page = phys_to_page(*entry & PTE_PFN_MASK);

	spin_lock(&mm->page_table_lock);
	WRITE_ONCE(*entry, 0);
	spin_unlock(&mm->page_table_lock);
	list_add_tail(&page->pt_node, dead);
}

/* The table that maps @size bytes around @addr may go if all of them lie in [floor, ceiling). */
static bool table_unused(unsigned long addr, unsigned long size, unsigned long floor,
			 unsigned long ceiling)
{
	unsigned long first = addr & ~(size - 1);

	return first >= floor && first + size <= ceiling;
}

static void unlink_leaf_tables(struct mm_struct *mm, pud_t *pud, unsigned long addr,
			       unsigned long end, unsigned long floor, unsigned long ceiling,
			       struct list_head *dead)
{
	unsigned long next;

	for (; addr < end; addr = next) {
		pmd_t *pmd = pmd_offset(pud, addr);

		next = pmd_addr_end(addr, end);
		if (!pmd_none(pmd) && table_unused(addr, PMD_SIZE, floor, ceiling))
			unlink_table(mm, &pmd->val, dead);
	}
}

void unlink_page_tables(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling, struct list_head *dead)
{
	unsigned long addr, next;

	for (addr = start; addr < end; addr = next) {
		pgd_t *pgd = mm->pgd + pgd_index(addr);
		pud_t *pud;

		next = pud_addr_end(addr, end);
		if (pgd_none(pgd))
			continue;
		pud = pud_offset(pgd, addr);
		if (!pud_none(pud)) {
			unlink_leaf_tables(mm, pud, addr, next, floor, ceiling, dead);
			if (table_unused(addr, PUD_SIZE, floor, ceiling))
				unlink_table(mm, &pud->val, dead);
		}
		if ((next == end || pgd_index(next) != pgd_index(addr)) &&
		    table_unused(addr, PGD_SIZE, floor, ceiling))
			unlink_table(mm, &pgd->val, dead);
	}
}

pgd_t *pgd_alloc(void)
{
	pgd_t *pgd = get_free_page(GFP_KERNEL);

	if (!pgd)
		return NULL;
	memset(pgd, 0, PAGE_SIZE / 2);
	memcpy(pgd + PTRS_PER_TABLE / 2, init_mm.pgd + PTRS_PER_TABLE / 2, PAGE_SIZE / 2);
	return pgd;
}

void pgd_free(pgd_t *pgd)
{
	free_page(pgd);
}

/* --- the kernel half --- */

/* A zeroed table for the kernel half, from whichever allocator runs; these are never freed. */
static u64 kernel_table(void)
{
	void *table = page_alloc_ready ? get_zeroed_page(GFP_KERNEL | __GFP_NORETRY)
				       : memblock_alloc(PAGE_SIZE, PAGE_SIZE);

	return table ? virt_to_phys(table) | _KERNPG_TABLE : 0;
}

/* The entry for @addr at the level that maps @size bytes, making the levels above; NULL: no
 * memory. */
static u64 *kernel_entry(unsigned long addr, unsigned long size)
{
	u64 *entry = &init_mm.pgd[pgd_index(addr)].val;

	for (unsigned int shift = PGD_SHIFT; (1UL << shift) > size;) {
		if (!*entry)
			WRITE_ONCE(*entry, kernel_table());
		if (!*entry)
			return NULL;
		shift -= 9;
		entry = (u64 *)table_virt(*entry) + (addr >> shift) % PTRS_PER_TABLE;
	}
	return entry;
}

int map_kernel_page(unsigned long addr, phys_addr_t phys, pgprot_t prot)
{
	u64 *entry = kernel_entry(addr, PAGE_SIZE);

	if (!entry)
		return -ENOMEM;
	ASSERT(!*entry);
	WRITE_ONCE(*entry, phys | prot.val);
	return 0;
}

phys_addr_t unmap_kernel_page(unsigned long addr)
{
	u64 *entry = kernel_entry(addr, PAGE_SIZE);
	u64 old = *entry;

	WRITE_ONCE(*entry, 0);
	return old & PTE_PFN_MASK;
}

/* The largest of 1 GiB, 2 MiB and 4 KiB that maps @addr to @phys without going past @bytes. */
static unsigned long largest_step(unsigned long addr, phys_addr_t phys, u64 bytes)
{
	if (IS_ALIGNED(addr | phys, PUD_SIZE) && bytes >= PUD_SIZE && cpu_features.huge_1g)
		return PUD_SIZE;
	if (IS_ALIGNED(addr | phys, PMD_SIZE) && bytes >= PMD_SIZE)
		return PMD_SIZE;
	return PAGE_SIZE;
}

static void map_range(unsigned long addr, phys_addr_t phys, u64 bytes, pgprot_t prot)
{
	while (bytes) {
		unsigned long step = largest_step(addr, phys, bytes);
		u64 *entry = kernel_entry(addr, step);

		*entry = phys | prot.val | (step > PAGE_SIZE ? _PAGE_PSE : 0);
		addr += step;
		phys += step;
		bytes -= step;
	}
}

static void map_direct(phys_addr_t start, phys_addr_t end)
{
	map_range(DIRECT_MAP_BASE + start, start, end - start, PAGE_KERNEL);
}

/* Memory, and what the firmware and the loader left where there is no memory of ours. */
static void map_all_memory(void)
{
	struct mem_range range, memory;

	for (unsigned int i = 0; memblock_memory(i, &memory); i++)
		map_direct(memory.start, memory.end);
	for (unsigned int i = 0; memblock_mapped(i, &range); i++) {
		for (unsigned int m = 0; memblock_memory(m, &memory); m++) {
			if (memory.end <= range.start || memory.start >= range.end)
				continue;
			if (range.start < memory.start)
				map_direct(range.start, memory.start);
			range.start = min(range.end, memory.end);
		}
		if (range.start < range.end)
			map_direct(range.start, range.end);
	}
}

static void map_image(const char *start, const char *end, pgprot_t prot)
{
	map_range((unsigned long)start, image_to_phys(start), PAGE_ALIGN(end - start), prot);
}

/* The struct pages of one block of the largest order: all exist if one does, so that the buddy of
 * any frame can be looked at. */
#define VMEMMAP_CHUNK	(sizeof(struct page) << MAX_ORDER)

/* struct page for every frame of memory, in the smallest pages that cover it. */
static void map_vmemmap(void)
{
	unsigned long mapped = VMEMMAP_BASE;
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++) {
		unsigned long addr = ALIGN_DOWN((unsigned long)phys_to_page(range.start),
						VMEMMAP_CHUNK);
		unsigned long end = ALIGN_UP((unsigned long)phys_to_page(range.end), VMEMMAP_CHUNK);

		for (addr = max(addr, mapped); addr < end;) {
			unsigned long step = largest_step(addr, 0, end - addr);

			step = min(step, PMD_SIZE);
			map_range(addr, virt_to_phys(memblock_alloc(step, step)), step,
				  PAGE_KERNEL);
			addr += step;
		}
		mapped = max(mapped, end);
	}
}

void paging_init(void)
{
	extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
	extern char __data_start[], __kernel_end[];

	init_mm.pgd = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	map_all_memory();
	map_image(__text_start, __text_end, PAGE_KERNEL_RX);
	map_image(__rodata_start, __rodata_end, PAGE_KERNEL_RO);
	map_image(__data_start, __kernel_end, PAGE_KERNEL);
	kernel_entry(VMALLOC_START, PUD_SIZE);
	write_cr3(kernel_pgd_phys());
	memblock_set_limit(~0UL);
	map_vmemmap();
}

phys_addr_t kernel_pgd_phys(void)
{
	return virt_to_phys(init_mm.pgd);
}
