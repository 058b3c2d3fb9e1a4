/* memmap.h - the firmware's memory map in the kernel's terms (memmap.c). */
#ifndef BOOT_MEMMAP_H
#define BOOT_MEMMAP_H

#include <efi.h>
#include <boot/bootinfo.h>

/* The firmware's answer to GetMemoryMap; descriptors are desc_size bytes apart. */
struct efi_map {
	UINT8	*buffer;
	UINTN	size;		/* bytes used of the buffer */
	UINTN	key;		/* what ExitBootServices wants to see */
	UINTN	desc_size;
};

/* Write @map's ranges to @ranges, which has room for one per descriptor, sorted by address, with
 * neighbours of one type joined. Calls no firmware.
 * Returns: how many there are. */
UINT32 memmap_convert(const struct efi_map *map, struct boot_mem_range *ranges);

/* The first byte behind all memory (not: devices) in @map. */
UINT64 memmap_end_of_memory(const struct efi_map *map);

#endif
