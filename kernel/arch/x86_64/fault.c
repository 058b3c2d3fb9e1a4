/* fault.c - page faults: from CR2 and the error code to mm_fault(), and its answer to a retry, a
 * signal, or a fixup.
 * Holds:  the kernel touches user memory only at instructions that are in the fixup table; any
 *         other fault in kernel mode is a bug and stops the machine, and so is a reserved bit in an
 *         entry.
 * Locks:  none; mm_fault() takes mmap_lock and may sleep, so interrupts are on around it.
 * Read:   mm/memory.c for what happens next; uaccess.asm for the instructions with fixups. */
#include <asm/fault.h>

#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/ptregs.h>
#include <asm/thread.h>
#include <debug/panic.h>
#include <mm/mm.h>
#include <mm/vmalloc.h>
#include <proc/signal.h>
#include <proc/task.h>

/* The processor's error code. */
#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RESERVED	BIT(3)
#define PF_INSTRUCTION	BIT(4)

#define TRAP_PAGE_FAULT	14

struct exception_fixup {
	unsigned long	insn, fixup;
};

extern const struct exception_fixup __start___ex_table[], __stop___ex_table[];

static const struct exception_fixup *find_fixup(unsigned long rip)
{
	const struct exception_fixup *entry;

	for (entry = __start___ex_table; entry < __stop___ex_table; entry++)
		if (entry->insn == rip)
			return entry;
	return NULL;
}

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_fixup *entry = find_fixup(regs->rip);

	if (!entry)
		return false;
	regs->rip = entry->fixup;
	return true;
}

bool is_stack_guard(unsigned long addr)
{
	unsigned long bottom = this_cpu()->kernel_sp - THREAD_SIZE;

	return addr < bottom && addr >= bottom - PAGE_SIZE;
}

#define FLAGS(error) \
	(((error) & PF_WRITE ? FAULT_FLAG_WRITE : 0) | ((error) & PF_USER ? FAULT_FLAG_USER : 0) | \
	 ((error) & PF_INSTRUCTION ? FAULT_FLAG_INSTRUCTION : 0) | \
	 ((error) & PF_PRESENT ? FAULT_FLAG_PROT : 0))
#define FLAGS4(e)	FLAGS(e), FLAGS((e) + 1), FLAGS((e) + 2), FLAGS((e) + 3)

/* FAULT_FLAG_* for each error code: a load instead of a chain of tests. */
static const u8 flags_of[32] = {
	FLAGS4(0), FLAGS4(4), FLAGS4(8), FLAGS4(12), FLAGS4(16), FLAGS4(20), FLAGS4(24), FLAGS4(28),
};

static unsigned int fault_flags(unsigned long error)
{
	return flags_of[error % ARRAY_SIZE(flags_of)];
}

/* What the signal frame will say about it. Of a kernel address a program learns nothing: the entry
 * always seems present. */
static void record_fault(unsigned long error, unsigned long addr)
{
	current->trap_nr = TRAP_PAGE_FAULT;
	current->trap_error = addr < TASK_SIZE ? error : error | PF_PRESENT;
	current->trap_addr = addr;
}

static void count_fault(vm_fault_t fault)
{
	if (unlikely(fault & VM_FAULT_MAJOR))
		current->maj_flt++;
	else
		current->min_flt++;
}

/* The bits are in the order in which they matter. VM_FAULT_OOM needs nothing: the thread tries
 * again, or dies if it was chosen. */
static void signal_for_fault(unsigned long addr, vm_fault_t fault)
{
	if (fault & VM_FAULT_SIGSEGV_ACCERR)
		force_sig_fault(SIGSEGV, SEGV_ACCERR, addr);
	else if (fault & VM_FAULT_SIGSEGV_MAPERR)
		force_sig_fault(SIGSEGV, SEGV_MAPERR, addr);
	else if (fault & VM_FAULT_SIGBUS)
		force_sig_fault(SIGBUS, BUS_ADRERR, addr);
}

static void __noreturn bad_kernel_fault(struct pt_regs *regs, unsigned long error,
					unsigned long addr)
{
	const char *what = error & PF_INSTRUCTION ? "execute" : error & PF_WRITE ? "write" : "read";

	if (error & PF_RESERVED)
		panic_regs(regs, "reserved bit set in the page table for %lx (error code %lx)",
			   addr, error);
	panic_regs(regs, "unable to handle page fault: cannot %s %lx (error code %lx)", what, addr,
		   error);
}

/* The kernel touched user memory at a place that may. */
static void uaccess_fault(struct pt_regs *regs, unsigned long error, unsigned long addr,
			  unsigned long fixup)
{
	vm_fault_t fault = VM_FAULT_SIGSEGV_MAPERR;

	/* Whoever has interrupts off cannot wait for a page, and gets a short copy. */
	if (current->mm && regs->rflags & X86_EFLAGS_IF && !in_interrupt()) {
		local_irq_enable();
		fault = mm_fault(current->mm, addr, fault_flags(error));
		count_fault(fault);
	}
	if (fault & VM_FAULT_OOM && !fatal_signal_pending(current))
		return;		/* somebody else was killed: try again */
	if (fault & VM_FAULT_ERROR)
		regs->rip = fixup;
}

/* From entry.asm: a fault in kernel mode. Interrupts off. */
void do_kernel_fault(struct pt_regs *regs, unsigned long error);

void do_kernel_fault(struct pt_regs *regs, unsigned long error)
{
	const struct exception_fixup *entry = find_fixup(regs->rip);
	unsigned long addr = read_cr2();

	if (!entry || error & (PF_INSTRUCTION | PF_RESERVED))
		bad_kernel_fault(regs, error, addr);
	if (entry->insn == (unsigned long)kernel_read_safe)
		regs->rip = entry->fixup;	/* never of the user's */
	else if (addr < TASK_SIZE)
		uaccess_fault(regs, error, addr, entry->fixup);
	else
		bad_kernel_fault(regs, error, addr);
}

/* From entry.asm: a fault in user mode. Interrupts off. */
void do_user_fault(struct pt_regs *regs, unsigned long error);

void do_user_fault(struct pt_regs *regs, unsigned long error)
{
	unsigned long addr = read_cr2();
	vm_fault_t fault;

	if (unlikely(error & PF_RESERVED))
		bad_kernel_fault(regs, error, addr);
	local_irq_enable();
	fault = VM_FAULT_SIGSEGV_MAPERR;
	if (likely(addr < TASK_SIZE))
		fault = mm_fault(current->mm, addr, fault_flags(error));
	count_fault(fault);
	if (unlikely(fault & VM_FAULT_ERROR)) {
		record_fault(error, addr);
		signal_for_fault(addr, fault);
	}
}
