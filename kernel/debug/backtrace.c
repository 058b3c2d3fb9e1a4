/* backtrace.c - from frame pointers to function names.
 * Every function pushes rbp and points rbp at it, so [rbp] is the caller's rbp and [rbp + 8] the
 * address that it returns to. The chain ends at 0 (entry.asm), or where it stops going up.
 * Locks:  none. Reads only through kernel_read_safe(), so that a broken chain cannot fault.
 * Read:   kallsyms.h for the table of names. */
#include <debug/backtrace.h>

#include <asm/fault.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/ptregs.h>
#include <debug/kallsyms.h>
#include <debug/printk.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/vmalloc.h>

#define MAX_FRAMES	24

extern char __text_start[], __text_end[], __sched_text_start[], __sched_text_end[];

/* Index of the last symbol at or below @offset, or nr_kallsyms. */
static u32 find_symbol(u32 offset)
{
	u32 low = 0, high = nr_kallsyms;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (kallsyms[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : nr_kallsyms;
}

static bool is_text(unsigned long addr)
{
	return addr >= (unsigned long)__text_start && addr < (unsigned long)__text_end;
}

/* @addr as the function at @inside has it: @inside is @addr, or one byte less for a return address,
 * since a call that does not return may be the last instruction of its function. */
static void name_address(char *buf, size_t size, unsigned long addr, unsigned long inside)
{
	u32 i = is_text(inside) ? find_symbol(inside - KALLSYMS_BASE) : nr_kallsyms;

	if (i + 1 >= nr_kallsyms)
		snprintf(buf, size, "0x%lx", addr);
	else
		snprintf(buf, size, "%s+0x%lx/0x%x", kallsyms_names + kallsyms[i].name,
			 addr - KALLSYMS_BASE - kallsyms[i].offset,
			 kallsyms[i + 1].offset - kallsyms[i].offset);
}

void symbol_name(char *buf, size_t size, unsigned long addr)
{
	name_address(buf, size, addr, addr);
}

static void show_address(unsigned long addr, unsigned long inside)
{
	char name[80];

	name_address(name, sizeof(name), addr, inside);
	printk("  [%016lx] %s\n", addr, name);
}

void show_backtrace(unsigned long rip, unsigned long rbp)
{
	printk("Call trace:\n");
	if (rip)
		show_address(rip, rip);
	for (unsigned int i = 0; i < MAX_FRAMES && rbp >= DIRECT_MAP_BASE && rbp % 8 == 0; i++) {
		unsigned long next, ret;

		if (!kernel_read_safe(&next, (unsigned long *)rbp) ||
		    !kernel_read_safe(&ret, (unsigned long *)rbp + 1) || !is_text(ret))
			break;
		show_address(ret, ret - 1);
		if (next <= rbp || next - rbp > THREAD_SIZE)
			break;
		rbp = next;
	}
}

/* What switch_stacks() leaves on the stack of a thread that does not run. */
struct switched_frame {
	unsigned long r15, r14, r13, r12, rbx, rbp, ret;
};

bool waiting_function(char *buf, size_t size, unsigned long sp)
{
	struct switched_frame frame;
	unsigned long ret, rbp;

	if (!kernel_read_safe(&frame.rbp, &((struct switched_frame *)sp)->rbp))
		return false;
	rbp = frame.rbp;
	for (unsigned int i = 0; i < MAX_FRAMES && rbp >= DIRECT_MAP_BASE && rbp % 8 == 0; i++) {
		u32 symbol;

		if (!kernel_read_safe(&ret, (unsigned long *)rbp + 1) || !is_text(ret) ||
		    !kernel_read_safe(&rbp, (unsigned long *)rbp))
			return false;
		if (ret >= (unsigned long)__sched_text_start &&
		    ret < (unsigned long)__sched_text_end)
			continue;
		symbol = find_symbol(ret - 1 - KALLSYMS_BASE);
		if (symbol + 1 >= nr_kallsyms)
			return false;
		strlcpy(buf, kallsyms_names + kallsyms[symbol].name, size);
		return true;
	}
	return false;
}

void show_regs(const struct pt_regs *regs)
{
	char name[80];

	symbol_name(name, sizeof(name), regs->rip);
	printk("RIP: %04lx:%s\n", regs->cs, name);
	printk("RSP: %04lx:%016lx RFLAGS: %08lx\n", regs->ss, regs->rsp, regs->rflags);
	printk("RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->rax, regs->rbx, regs->rcx);
	printk("RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->rdx, regs->rsi, regs->rdi);
	printk("RBP: %016lx R08: %016lx R09: %016lx\n", regs->rbp, regs->r8, regs->r9);
	printk("R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11, regs->r12);
	printk("R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14, regs->r15);
	printk("CR0: %016lx CR2: %016lx CR3: %016lx CR4: %08lx\n", read_cr0(), read_cr2(),
	       read_cr3(), read_cr4());
}
