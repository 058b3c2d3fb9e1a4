/* memmap.c - the firmware's map as sorted ranges.
 * What the firmware or this loader used until now is RAM from here on; what the firmware keeps
 * (runtime services, ACPI) keeps its own type. */
#include <boot/memmap.h>

static const EFI_MEMORY_DESCRIPTOR *descriptor(const struct efi_map *map, UINTN i)
{
	return (const void *)(map->buffer + i * map->desc_size);
}

static UINTN nr_descriptors(const struct efi_map *map)
{
	return map->size / map->desc_size;
}

static UINT32 type_of(const EFI_MEMORY_DESCRIPTOR *desc)
{
	switch (desc->Type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiConventionalMemory:
		return BOOT_MEM_RAM;
	case EfiACPIReclaimMemory:
		return BOOT_MEM_ACPI_RECLAIM;
	case EfiACPIMemoryNVS:
		return BOOT_MEM_ACPI_NVS;
	case EfiUnusableMemory:
		return BOOT_MEM_BAD;
	default:
		return BOOT_MEM_RESERVED;
	}
}

/* Insertion sort: firmware hands the map over nearly sorted, and it has some hundred entries. */
static void sort_ranges(struct boot_mem_range *ranges, UINT32 count)
{
	struct boot_mem_range range;
	UINT32 i, at;

	for (i = 1; i < count; i++) {
		range = ranges[i];
		for (at = i; at > 0 && ranges[at - 1].addr > range.addr; at--)
			ranges[at] = ranges[at - 1];
		ranges[at] = range;
	}
}

static UINT32 join_ranges(struct boot_mem_range *ranges, UINT32 count)
{
	struct boot_mem_range *last = ranges;
	UINT32 i;

	if (!count)
		return 0;
	for (i = 1; i < count; i++) {
		if (ranges[i].type == last->type && ranges[i].addr == last->addr + last->size)
			last->size += ranges[i].size;
		else
			*++last = ranges[i];
	}
	return (UINT32)(last - ranges) + 1;
}

UINT32 memmap_convert(const struct efi_map *map, struct boot_mem_range *ranges)
{
	UINT32 count = 0;
	UINTN i;

	for (i = 0; i < nr_descriptors(map); i++) {
		const EFI_MEMORY_DESCRIPTOR *desc = descriptor(map, i);

		if (!desc->NumberOfPages)
			continue;
		ranges[count].addr = desc->PhysicalStart;
		ranges[count].size = desc->NumberOfPages * EFI_PAGE_SIZE;
		ranges[count].type = type_of(desc);
		ranges[count].reserved = 0;
		count++;
	}
	sort_ranges(ranges, count);
	return join_ranges(ranges, count);
}

UINT64 memmap_end_of_memory(const struct efi_map *map)
{
	UINT64 end = 0, desc_end;
	UINTN i;

	for (i = 0; i < nr_descriptors(map); i++) {
		const EFI_MEMORY_DESCRIPTOR *desc = descriptor(map, i);

		if (type_of(desc) == BOOT_MEM_RESERVED)
			continue;
		desc_end = desc->PhysicalStart + desc->NumberOfPages * EFI_PAGE_SIZE;
		if (desc_end > end)
			end = desc_end;
	}
	return end;
}
