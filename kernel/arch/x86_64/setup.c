/* setup.c - takes over what the boot loader left: the memory map, command line, initramfs.
 * Holds:  after setup_memory nothing points into struct boot_info. Reserved in memblock are:
 *         page 0, the kernel's image, the initramfs, the loader's block (until the end of
 *         start-up), the trampoline. A loader may leave the initramfs in memory that the map calls
 *         reserved; the direct map has it wherever it lies.
 * Read:   boot/bootinfo.h for the record; mm/memblock.c for where the ranges go. */
#include <asm/setup.h>

#include <asm/cpu.h>
#include <asm/early_map.h>
#include <asm/irq.h>
#include <asm/percpu.h>
#include <asm/smp.h>
#include <boot/bootinfo.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <drivers/serial.h>
#include <init/cmdline.h>
#include <lib/string.h>
#include <mm/memblock.h>

#define LOW_MEMORY_END	0xa0000UL	/* real mode reaches RAM below this */

phys_addr_t boot_rsdp;
phys_addr_t initramfs_start;
size_t initramfs_bytes;
const char *boot_error;
struct boot_framebuffer boot_framebuffer;

static char error_text[BOOT_ERROR_MAX];
static const struct boot_info *boot_info;	/* until setup_memory() */
static phys_addr_t loader_start;
static size_t loader_bytes;

/* Mapped now? A loader may have put things anywhere. */
static void *early_pointer(phys_addr_t phys, size_t bytes)
{
	if (!phys || phys >= early_map_end || bytes > early_map_end - phys)
		panic("boot record: %lx is out of reach", phys);
	return phys_to_virt(phys);
}

static void take_ranges(const struct boot_info *info)
{
	const struct boot_mem_range *ranges, *r;

	if (!info->nr_ranges)
		panic("the boot loader gave no memory map: %s", info->error);
	ranges = early_pointer(info->ranges, info->nr_ranges * sizeof(*ranges));
	for (r = ranges; r < ranges + info->nr_ranges; r++)
		if (r->type == BOOT_MEM_RAM)
			memblock_add(r->addr, r->size);
	/* Where ranges overlap, whatever is not RAM wins. */
	for (r = ranges; r < ranges + info->nr_ranges; r++) {
		if (r->type == BOOT_MEM_RAM)
			continue;
		memblock_remove(r->addr, r->size);
		if (r->type == BOOT_MEM_ACPI_RECLAIM || r->type == BOOT_MEM_ACPI_NVS)
			memblock_add_mapped(r->addr, r->size);
	}
}

/* mem=SIZE: no memory beyond that address. */
static void limit_memory(void)
{
	const char *asked = cmdline_get("mem");
	unsigned long end;

	if (!asked)
		return;
	if (parse_bytes(asked, &end) || !end)
		printk_at(LEVEL_WARN, "mem=%s is no size, and ignored\n", asked);
	else if (end < memblock_end())
		memblock_remove(end & PAGE_MASK, memblock_end() - (end & PAGE_MASK));
}

static bool is_reserved(phys_addr_t start, phys_addr_t end)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_reserved(i, &range); i++)
		if (range.start < end && start < range.end)
			return true;
	return false;
}

/* The highest place in low memory for the other processors' first steps. */
static void choose_trampoline(void)
{
	struct mem_range range;
	phys_addr_t best = 0;

	for (unsigned int i = 0; memblock_memory(i, &range); i++) {
		phys_addr_t at = min(range.end, LOW_MEMORY_END) & PAGE_MASK;

		while (at >= range.start + TRAMPOLINE_BYTES && at > best + TRAMPOLINE_BYTES) {
			at -= PAGE_SIZE;
			if (is_reserved(at - PAGE_SIZE, at + PAGE_SIZE))
				continue;
			best = at - PAGE_SIZE;
			break;
		}
	}
	if (!best)
		return;
	memblock_reserve(best, TRAMPOLINE_BYTES);
	smp_set_trampoline(best);
}

void setup_first(void)
{
	serial_init_early();
	cpu_load_tables(&cpu_locals[0]);
	trap_init();
}

void setup_boot_info(phys_addr_t phys)
{
	const struct boot_info *info = early_pointer(phys, sizeof(*info));

	if (info->magic != BOOT_INFO_MAGIC || info->version != BOOT_INFO_VERSION)
		panic("no boot record at %lx, or of another version", phys);
	boot_info = info;
	strscpy(error_text, info->error, sizeof(error_text));
	boot_error = error_text;
	cmdline_set(info->cmdline ? early_pointer(info->cmdline, 1) : NULL);
	boot_rsdp = info->rsdp;
	boot_framebuffer = info->framebuffer;
	initramfs_start = info->initramfs_start;
	initramfs_bytes = info->initramfs_size;
	loader_start = info->loader_start;
	loader_bytes = info->loader_size;
}

void setup_memory(void)
{
	const struct boot_info *info = boot_info;

	/* First what must be kept, since a long map makes memblock allocate. */
	memblock_set_limit(early_map_end);
	memblock_reserve(0, PAGE_SIZE);
	memblock_reserve(info->kernel_start, info->kernel_size);
	memblock_reserve(info->ranges, info->nr_ranges * sizeof(struct boot_mem_range));
	memblock_reserve(loader_start, loader_bytes);
	memblock_reserve(initramfs_start, initramfs_bytes);
	memblock_add_mapped(initramfs_start, initramfs_bytes);
	take_ranges(info);
	limit_memory();
	choose_trampoline();
	boot_info = NULL;
}

void setup_free_boot_memory(void)
{
	if (loader_bytes)
		free_reserved_area(loader_start, loader_bytes);
	free_reserved_area(image_to_phys(boot_pages_begin), boot_pages_end - boot_pages_begin);
}
