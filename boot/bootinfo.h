/* bootinfo.h - the record that whoever boots us hands to the kernel.
 * Two writers: the UEFI loader (efi_main.c) and the PVH hand-over (pvh.c). One reader: the
 * kernel's early boot code, which is entered with the record's physical address.
 * Holds:  every address is physical and identity mapped when the kernel is entered.
 *         The memory map comes in any order; ranges may touch or overlap, and where they overlap
 *         whatever is not RAM wins. RAM in the map includes the kernel, the initramfs,
 *         the command line, the map itself and the loader block: the reader keeps off those by
 *         the fields below, and off the first MiB until it has copied what it wants. */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

/* "AVOCET" and two zero bytes, read as a little-endian number. */
#define BOOT_INFO_MAGIC		0x00005445434f5641ULL
#define BOOT_INFO_VERSION	2

/* Link-time places of the kernel image; linker.ld says the same. */
#define BOOT_KERNEL_VMA		0xffffffff80000000ULL	/* virtual address of physical phys_base */
#define BOOT_KERNEL_LMA		0x200000ULL		/* physical start if phys_base is 0 */
#define BOOT_KERNEL_ALIGN	0x200000ULL		/* phys_base is a multiple of this */

/* Types of memory: the numbers of E820, so that PVH's table is used where it lies. Whatever is
 * not listed here counts as reserved. */
enum boot_mem_type {
	BOOT_MEM_RAM		= 1,
	BOOT_MEM_RESERVED	= 2,
	BOOT_MEM_ACPI_RECLAIM	= 3,	/* ACPI tables; RAM once they have been read */
	BOOT_MEM_ACPI_NVS	= 4,	/* belongs to the firmware for ever */
	BOOT_MEM_BAD		= 5,
};

/* One range. The layout is that of struct hvm_memmap_table_entry of PVH. */
struct boot_mem_range {
	unsigned long long	addr;		/* bytes; any alignment */
	unsigned long long	size;		/* bytes */
	unsigned int		type;		/* enum boot_mem_type */
	unsigned int		reserved;
};

/* The firmware's screen: @height lines of @stride pixels of 32 bits, of which @width are seen. */
struct boot_framebuffer {
	unsigned long long	base;		/* 0: there is none */
	unsigned int		width, height, stride;
	unsigned int		reserved;
};

#define BOOT_ERROR_MAX		120

struct boot_info {
	unsigned long long	magic;		/* BOOT_INFO_MAGIC */
	unsigned int		version;	/* BOOT_INFO_VERSION */
	unsigned int		nr_ranges;	/* entries in the memory map */
	unsigned long long	ranges;		/* -> struct boot_mem_range[nr_ranges] */
	unsigned long long	phys_base;	/* load address - BOOT_KERNEL_LMA; 0 under PVH */
	unsigned long long	kernel_start;	/* first byte of the image, .bss included in size */
	unsigned long long	kernel_size;
	unsigned long long	cmdline;	/* -> NUL-terminated text, or 0 */
	unsigned long long	initramfs_start;	/* 0 if there is none */
	unsigned long long	initramfs_size;
	unsigned long long	rsdp;		/* ACPI root pointer, or 0: search for it */
	/* What the loader still needs while the kernel runs on the loader's page tables and stack
	 * (this record, the memory map and the command line lie in it too). It is ordinary RAM as
	 * soon as the kernel runs on its own and has copied what it wants. Size 0: there is none,
	 * and then the record's parts lie in the kernel's image or below 1 MiB. */
	unsigned long long	loader_start;
	unsigned long long	loader_size;
	struct boot_framebuffer	framebuffer;
	char			error[BOOT_ERROR_MAX];	/* what went wrong on the way, or "" */
};

/* The PVH entry's half of the hand-over (pvh.c): make the record from the hvm_start_info that the
 * virtual machine monitor left at physical address @start_info. Called once, by the entry code,
 * in 64-bit mode at the kernel's high mapping with the first 4 GiB identity mapped.
 * Returns: the record's physical address; its nr_ranges is 0 if @start_info was no such thing. */
unsigned long long pvh_boot_info(unsigned long long start_info);

#endif
