/* umip.h - instructions that UMIP takes from user mode, and old programs use. */
#ifndef ASM_UMIP_H
#define ASM_UMIP_H

#include <lib/types.h>

struct pt_regs;

/* After a general-protection fault of user mode, interrupts on: do what the instruction would, with
 * constants, and step over it. If its operand cannot be written the thread gets a SIGSEGV. Returns
 * false, and nothing has changed, if it is none of those. May sleep. */
bool umip_emulate(struct pt_regs *regs);

#endif
