/* vmcoreinfo.h - an ELF note in memory that says to tools for dumps where things are.
 * Its text is Linux's VMCOREINFO, lines of NAME=VALUE: those that are true here. */
#ifndef DEBUG_VMCOREINFO_H
#define DEBUG_VMCOREINFO_H

#include <lib/types.h>

/* Make the note. Needs the kernel's page tables and phys_base; called once. */
void vmcoreinfo_init(void);
/* The note, which lies in the kernel's image, and its length. */
const void *vmcoreinfo_note(size_t *bytes);

#endif
