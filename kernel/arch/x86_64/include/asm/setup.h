/* setup.h - what the boot loader told us. */
#ifndef ASM_SETUP_H
#define ASM_SETUP_H

#include <lib/types.h>
#include <asm/page.h>

struct boot_framebuffer;

/* From head.asm, before any other C but early_map(): from here on a fault is a panic with its
 * registers on the serial line. */
void setup_first(void);
/* Read struct boot_info at @info: command line, and what follows. Panics if the record is none. */
void setup_boot_info(phys_addr_t info);
/* Take its memory map into memblock. Whatever else the record points at, but for the initramfs, has
 * been read before, since memory may be allocated from here on. Panics if there is no map. */
void setup_memory(void);
/* After mm_init() and smp_init(): give back what only the start needed. */
void setup_free_boot_memory(void);

extern struct boot_framebuffer boot_framebuffer;	/* base 0: there is none */
extern phys_addr_t boot_rsdp;			/* 0: search for it */
extern phys_addr_t initramfs_start;		/* size 0: there is none */
extern size_t initramfs_bytes;
extern const char *boot_error;			/* what went wrong in the loader, "" if nothing */

#endif
