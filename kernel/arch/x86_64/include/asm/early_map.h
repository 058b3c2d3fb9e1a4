/* early_map.h - the temporary page tables between the first instruction and paging_init(). */
#ifndef ASM_EARLY_MAP_H
#define ASM_EARLY_MAP_H

#include <lib/types.h>
#include <asm/page.h>

/* Physical memory below this is mapped at its own address and at DIRECT_MAP_BASE. */
extern phys_addr_t early_map_end;

/* Everything that only the temporary tables, the first stack and processor start-up need
 * (head.asm). */
extern char boot_pages_begin[], boot_pages_end[];

/* For head.asm: fill in the tables; returns what CR3 shall be. */
unsigned long early_map(void);

#endif
