/* fault.h - exceptions of the kernel that were foreseen. */
#ifndef ASM_FAULT_H
#define ASM_FAULT_H

#include <lib/types.h>

struct pt_regs;

/* If the instruction at regs->rip has an entry in the fixup table, continue there. True if so. */
bool fixup_exception(struct pt_regs *regs);
/* @addr is in the unmapped page below the running thread's kernel stack. */
bool is_stack_guard(unsigned long addr);
/* Read a word of the kernel's that may not be mapped. True if *@to has it. uaccess.asm */
bool kernel_read_safe(unsigned long *to, const unsigned long *from);

#endif
