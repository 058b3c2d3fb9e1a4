/* ptregs.h - the registers that entry.asm saves on every way into the kernel. */
#ifndef ASM_PTREGS_H
#define ASM_PTREGS_H

#include <lib/types.h>

struct pt_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx;
	unsigned long r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	unsigned long orig_rax;		/* system-call number, error code, or -1 */
	unsigned long rip, cs, rflags, rsp, ss;
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}

#endif
