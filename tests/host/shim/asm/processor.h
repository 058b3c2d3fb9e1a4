/* processor.h - the kernel's header of this name for a host program: as much as pgtable.c needs. */
#ifndef ASM_PROCESSOR_H
#define ASM_PROCESSOR_H

#include <lib/types.h>

struct cpu_features {
	bool	huge_1g;
};

extern struct cpu_features cpu_features;
extern unsigned long shim_cr3;		/* the last value loaded */

static inline void write_cr3(unsigned long v)
{
	shim_cr3 = v;
}

#endif
