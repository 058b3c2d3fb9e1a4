/* handover.c - the loader block: record, command line, memory map, stack and page tables.
 * One allocation holds all that the kernel needs until it runs on its own tables:
 *
 *	| boot_info | memory map | command line | stack | level 4 | level 3 low | level 3 high |
 *	| level 2 high | level 2 low (one per GiB, unless the processor has 1 GiB pages) |
 *
 * Holds:  the tables map all memory at its own address, and the kernel at BOOT_KERNEL_VMA +
 *         BOOT_KERNEL_LMA, wherever it was loaded. Nothing here calls the firmware. */
#include <boot/handover.h>

#define PAGE_BYTES	4096ULL
#define MIB2		(2ULL << 20)
#define GIB		(1ULL << 30)
#define ENTRIES		512

#define ENTRY_PRESENT	0x01ULL
#define ENTRY_WRITE	0x02ULL
#define ENTRY_LARGE	0x80ULL

#define TABLE		(ENTRY_PRESENT | ENTRY_WRITE)
#define LEAF		(ENTRY_PRESENT | ENTRY_WRITE | ENTRY_LARGE)

/* Tables that are always there: level 4, level 3 for the kernel, level 2 for the kernel. */
#define FIXED_TABLES	3

static UINT64 page_up(UINT64 bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

static BOOLEAN has_huge_pages(void)
{
	UINT32 eax = 0x80000000, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (eax < 0x80000001)
		return FALSE;
	eax = 0x80000001;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return (edx >> 26) & 1;
}

static UINT64 low_level3_tables(const struct handover *h)
{
	return (h->mapped_end + ENTRIES * GIB - 1) / (ENTRIES * GIB);
}

static UINT64 table_bytes(const struct handover *h)
{
	UINT64 tables = FIXED_TABLES + low_level3_tables(h);

	if (!h->huge_pages)
		tables += h->mapped_end / GIB;
	return tables * PAGE_BYTES;
}

static UINT64 text_bytes(UINTN cmdline_bytes, UINTN nr_ranges)
{
	return page_up(sizeof(struct boot_info) + nr_ranges * sizeof(struct boot_mem_range) +
		       cmdline_bytes);
}

void handover_measure(struct handover *h, UINTN cmdline_bytes, UINTN nr_ranges, UINT64 memory_end)
{
	/* The first 4 GiB always: ACPI and the devices' registers lie there too. */
	h->mapped_end = memory_end < 4 * GIB ? 4 * GIB : (memory_end + GIB - 1) & ~(GIB - 1);
	h->huge_pages = has_huge_pages();
	h->size = text_bytes(cmdline_bytes, nr_ranges) + HANDOVER_STACK_BYTES + table_bytes(h);
}

void handover_layout(struct handover *h, UINT64 start, UINTN cmdline_bytes, UINTN nr_ranges)
{
	UINT8 *byte = (UINT8 *)start;
	UINT64 i;

	for (i = 0; i < h->size; i++)
		byte[i] = 0;
	h->start = start;
	h->info = (void *)start;
	h->ranges = (void *)(start + sizeof(struct boot_info));
	h->cmdline = (void *)(h->ranges + nr_ranges);
	h->stack_top = start + text_bytes(cmdline_bytes, nr_ranges) + HANDOVER_STACK_BYTES;
	h->tables = h->stack_top;
}

static void map_low(struct handover *h, UINT64 *level4, UINT64 next)
{
	UINT64 *level3 = (UINT64 *)next, *level2;
	UINT64 gib, i;

	next += low_level3_tables(h) * PAGE_BYTES;
	for (i = 0; i < low_level3_tables(h); i++)
		level4[i] = ((UINT64)level3 + i * PAGE_BYTES) | TABLE;
	for (gib = 0; gib < h->mapped_end / GIB; gib++) {
		if (h->huge_pages) {
			level3[gib] = gib * GIB | LEAF;
			continue;
		}
		level2 = (UINT64 *)next;
		next += PAGE_BYTES;
		level3[gib] = (UINT64)level2 | TABLE;
		for (i = 0; i < ENTRIES; i++)
			level2[i] = (gib * GIB + i * MIB2) | LEAF;
	}
}

void handover_build_tables(struct handover *h, UINT64 image_start, UINT64 image_size)
{
	UINT64 *level4 = (UINT64 *)h->tables;
	UINT64 *level3 = level4 + ENTRIES;
	UINT64 *level2 = level3 + ENTRIES;
	UINT64 virt, at;

	for (at = 0; at < image_size; at += MIB2) {
		virt = BOOT_KERNEL_VMA + BOOT_KERNEL_LMA + at;
		level4[(virt >> 39) % ENTRIES] = (UINT64)level3 | TABLE;
		level3[(virt >> 30) % ENTRIES] = (UINT64)level2 | TABLE;
		level2[(virt >> 21) % ENTRIES] = (image_start + at) | LEAF;
	}
	map_low(h, level4, h->tables + FIXED_TABLES * PAGE_BYTES);
}

void handover_jump(const struct handover *h, UINT64 entry)
{
	__asm__ volatile("cli\n\t"
			 "cld\n\t"
			 "mov %0, %%cr3\n\t"
			 "mov %1, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "jmp *%2"
			 :
			 : "r"(h->tables), "r"(h->stack_top), "r"(entry), "D"(h->info)
			 : "memory");
	__builtin_unreachable();
}
