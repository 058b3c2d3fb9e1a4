/* early_map.c - the temporary page tables, made by the first C that runs.
 * They map physical memory at its own address and at DIRECT_MAP_BASE: the first 512 GiB where there
 * are 1 GiB pages, otherwise the first 4 GiB; and 1 GiB from phys_base at KERNEL_BASE.
 * Holds:  all rights for everything; nothing but start-up code runs on them.
 * Read:   head.asm, which calls this; pgtable.c for the tables that replace them. */
#include <asm/early_map.h>

#include <asm/pgtable_types.h>
#include <asm/processor.h>

#define TABLE_RW	(_PAGE_PRESENT | _PAGE_RW)
#define LARGE_RW	(_PAGE_PRESENT | _PAGE_RW | _PAGE_PSE)

extern u64 boot_pml4[], boot_pdpt_low[], boot_pdpt_image[], boot_pd_image[], boot_pd_low[];

phys_addr_t phys_base;		/* set by head.asm; in .bss, which is zero before that */
phys_addr_t early_map_end;

static bool has_1g_pages(void)
{
	return cpuid(0x80000000, 0).eax >= 0x80000001 && cpuid(0x80000001, 0).edx & BIT(26);
}

static void map_low(void)
{
	unsigned int i;

	if (has_1g_pages()) {
		early_map_end = PGD_SIZE;
		for (i = 0; i < PTRS_PER_TABLE; i++)
			boot_pdpt_low[i] = i * PUD_SIZE | LARGE_RW;
		return;
	}
	early_map_end = 4 * PUD_SIZE;
	for (i = 0; i < 4 * PTRS_PER_TABLE; i++)
		boot_pd_low[i] = i * PMD_SIZE | LARGE_RW;
	for (i = 0; i < 4; i++)
		boot_pdpt_low[i] = image_to_phys(boot_pd_low + i * PTRS_PER_TABLE) | TABLE_RW;
}

unsigned long early_map(void)
{
	unsigned int i;

	map_low();
	for (i = 0; i < PTRS_PER_TABLE; i++)
		boot_pd_image[i] = (phys_base + i * PMD_SIZE) | LARGE_RW;
	boot_pdpt_image[(KERNEL_BASE >> PUD_SHIFT) % PTRS_PER_TABLE] =
		image_to_phys(boot_pd_image) | TABLE_RW;
	boot_pml4[0] = image_to_phys(boot_pdpt_low) | TABLE_RW;
	boot_pml4[(DIRECT_MAP_BASE >> PGD_SHIFT) % PTRS_PER_TABLE] = boot_pml4[0];
	boot_pml4[(KERNEL_BASE >> PGD_SHIFT) % PTRS_PER_TABLE] =
		image_to_phys(boot_pdpt_image) | TABLE_RW;
	return image_to_phys(boot_pml4);
}
