/* syscall/table.h - what entry.asm calls for SYSCALL. */
#ifndef SYSCALL_TABLE_H
#define SYSCALL_TABLE_H

struct pt_regs;

/* Run the call that orig_rax names with the arguments in the other registers; the result is in rax. */
void do_syscall(struct pt_regs *regs);

#endif
