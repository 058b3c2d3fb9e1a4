/* asm_offsets.c - tells the assembler where the fields of C structures are.
 * Each line makes an absolute symbol, which the linker puts into the assembly code; so no number is
 * written twice and a structure may change freely. The layout of pt_regs is the exception:
 * entry.inc pushes it, and the checks below hold it to that. */
#include <asm/percpu.h>
#include <asm/ptregs.h>
#include <boot/bootinfo.h>
#include <proc/task.h>
#include <syscall/table.h>

#define SYMBOL(name, value) \
	asm volatile(".globl " #name "\n\t.set " #name ", %c0" : : "i"(value))

BUILD_ASSERT(offsetof(struct pt_regs, rdi) == 14 * 8);
BUILD_ASSERT(offsetof(struct pt_regs, orig_rax) == 15 * 8);
BUILD_ASSERT(sizeof(struct pt_regs) == 21 * 8);
BUILD_ASSERT(sizeof(struct tss) == 104);
BUILD_ASSERT(sizeof(bool) == 1);	/* entry.asm tests sigpending as a byte */

void asm_offsets(void);

void __attribute__((used)) asm_offsets(void)
{
	SYMBOL(CPU_CURRENT, offsetof(struct cpu_local, current_task));
	SYMBOL(CPU_KERNEL_SP, offsetof(struct cpu_local, kernel_sp));
	SYMBOL(CPU_USER_SP, offsetof(struct cpu_local, user_sp));
	SYMBOL(CPU_NEED_RESCHED, offsetof(struct cpu_local, need_resched));
	SYMBOL(TASK_THREAD_SP, offsetof(struct task_struct, thread.sp));
	SYMBOL(TASK_SIGPENDING, offsetof(struct task_struct, sigpending));
	SYMBOL(SYSCALL_LIMIT, NR_SYSCALLS);
	SYMBOL(BOOT_INFO_PHYS_BASE, offsetof(struct boot_info, phys_base));
}
