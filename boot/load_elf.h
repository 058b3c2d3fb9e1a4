/* load_elf.h - the kernel's ELF file as the loader sees it (load_elf.c). */
#ifndef BOOT_LOAD_ELF_H
#define BOOT_LOAD_ELF_H

#include <efi.h>

/* What must be known of a kernel file before memory can be found for it. */
struct kernel_image {
	const UINT8	*file;
	UINT64		file_size;	/* bytes */
	UINT64		lma_start;	/* lowest link-time physical address, a multiple of 2 MiB */
	UINT64		size;		/* bytes from there to the end of .bss */
	UINT64		entry;		/* virtual */
};

/* Check @file and fill in @image. Calls no firmware.
 * Returns: NULL, or what is wrong with the file. */
const CHAR16 *kernel_image_parse(struct kernel_image *image, const void *file, UINT64 file_size);

/* Copy the segments of a parsed @image to the image->size bytes at @dest and zero the rest. */
void kernel_image_place(const struct kernel_image *image, UINT8 *dest);

#endif
