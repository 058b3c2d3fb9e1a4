/* pvh.c - makes the boot record when a virtual machine monitor enters us directly.
 * The PVH entry hands over a struct hvm_start_info; its memory map has the very layout of our
 * record's, so the record points at it where it lies and no limit on its length arises.
 * Read:   bootinfo.h for the record; kernel/arch/x86_64/head.asm for the caller. */
#include <boot/bootinfo.h>

#define HVM_START_MAGIC		0x336ec578u

struct hvm_start_info {
	unsigned int		magic;
	unsigned int		version;	/* the memory map exists from version 1 on */
	unsigned int		flags;
	unsigned int		nr_modules;
	unsigned long long	modules;	/* -> struct hvm_module[nr_modules] */
	unsigned long long	cmdline;
	unsigned long long	rsdp;
	unsigned long long	memmap;		/* -> struct boot_mem_range[memmap_entries] */
	unsigned int		memmap_entries;
	unsigned int		reserved;
};

struct hvm_module {
	unsigned long long	addr;
	unsigned long long	size;
	unsigned long long	cmdline;
	unsigned long long	reserved;
};

_Static_assert(sizeof(struct hvm_start_info) == 56, "hvm_start_info is fixed by PVH");
_Static_assert(sizeof(struct boot_mem_range) == 24, "hvm_memmap_table_entry is fixed by PVH");

extern char __kernel_start[], __kernel_end[];

static struct boot_info pvh_info;	/* written once, before there is a second CPU */

static unsigned long long image_to_phys(const void *in_image)
{
	return (unsigned long long)in_image - BOOT_KERNEL_VMA;
}

/* A physical address below 4 GiB as a pointer; the entry code's identity map makes it true. */
static const void *low_pointer(unsigned long long phys)
{
	return (const void *)phys;
}

static void set_error(struct boot_info *info, const char *text)
{
	unsigned int i;

	for (i = 0; text[i] && i < BOOT_ERROR_MAX - 1; i++)
		info->error[i] = text[i];
	info->error[i] = '\0';
}

static void take_initramfs(struct boot_info *info, const struct hvm_start_info *start)
{
	const struct hvm_module *module;

	if (!start->nr_modules || !start->modules)
		return;
	module = low_pointer(start->modules);
	info->initramfs_start = module->addr;
	info->initramfs_size = module->size;
}

unsigned long long pvh_boot_info(unsigned long long start_info)
{
	const struct hvm_start_info *start = low_pointer(start_info);
	struct boot_info *info = &pvh_info;

	info->magic = BOOT_INFO_MAGIC;
	info->version = BOOT_INFO_VERSION;
	info->kernel_start = image_to_phys(__kernel_start);
	info->kernel_size = (unsigned long long)(__kernel_end - __kernel_start);

	if (!start || start->magic != HVM_START_MAGIC) {
		set_error(info, "PVH entry without a valid hvm_start_info");
		return image_to_phys(info);
	}
	info->cmdline = start->cmdline;
	info->rsdp = start->rsdp;
	take_initramfs(info, start);
	if (start->version < 1) {
		set_error(info, "PVH start info has no memory map (version 0)");
		return image_to_phys(info);
	}
	info->ranges = start->memmap;
	info->nr_ranges = start->memmap_entries;
	return image_to_phys(info);
}
