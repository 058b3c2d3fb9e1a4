/* trap.c - the interrupt descriptor table, and what each vector means.
 * Holds:  an exception of user mode becomes a signal with Linux's number and code; one of the
 *         kernel continues at its fixup if the instruction has one, and is a panic otherwise.
 * Locks:  none here. Exception handlers of user mode run with interrupts enabled, interrupts
 *         without.
 * Read:   entry.asm for the way here; fault.c for page faults; apic.c for devices' interrupts. */
#include <asm/irq.h>

#include <asm/apic.h>
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/fault.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/ptregs.h>
#include <asm/segment.h>
#include <asm/thread.h>
#include <asm/tlb.h>
#include <asm/umip.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/panic.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <uapi/errno.h>

enum exception {
	EXC_DIVIDE = 0, EXC_DEBUG = 1, EXC_NMI = 2, EXC_BREAKPOINT = 3, EXC_OVERFLOW = 4,
	EXC_INVALID_OPCODE = 6, EXC_DOUBLE_FAULT = 8, EXC_SEGMENT_NOT_PRESENT = 11,
	EXC_STACK = 12, EXC_PROTECTION = 13, EXC_X87 = 16, EXC_ALIGNMENT = 17,
	EXC_MACHINE_CHECK = 18, EXC_SIMD = 19,
};

struct idt_gate {
	u16	offset_low;
	u16	selector;
	u8	ist;
	u8	type;
	u16	offset_middle;
	u32	offset_high;
	u32	reserved;
} __packed;

#define GATE_INTERRUPT		0x8e	/* present, ring 0, interrupts off */
#define GATE_FROM_USER		0x60	/* or'ed in: INT n may be used in user mode */
#define IRQ_STUB_BYTES		16
#define FIRST_IRQ_VECTOR	32
#define HLT_BYTES		1

extern const unsigned long exception_entries[FIRST_IRQ_VECTOR];
extern const char irq_stubs[];
extern const char safe_halt_hlt[];

static struct idt_gate idt[256];
static struct {
	void		(*fn)(void *arg);
	void		*arg;
	const char	*chip;
} device_handlers[NR_DEVICE_VECTORS];	/* written before the vector is in use */

/* How often each vector came, devices' first. */
enum { SLOT_TIMER = NR_DEVICE_VECTORS, SLOT_RESCHEDULE, SLOT_TLB, SLOT_SPURIOUS, NR_SLOTS };
static struct {
	unsigned long	nr[NR_SLOTS];	/* [this processor, interrupts off] */
} __aligned(64) irq_counts[NR_CPUS];

static const char *const exception_names[FIRST_IRQ_VECTOR] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun", "invalid TSS",
	"segment not present", "stack fault", "general protection fault", "page fault", "reserved",
	"x87 error", "alignment check", "machine check", "SIMD error", "virtualization",
	"control protection",
};

static void set_gate(unsigned int vector, unsigned long entry)
{
	idt[vector] = (struct idt_gate){
		.offset_low = entry, .offset_middle = entry >> 16, .offset_high = entry >> 32,
		.selector = KERNEL_CS, .type = GATE_INTERRUPT,
	};
}

void trap_init(void)
{
	for (unsigned int i = 0; i < FIRST_IRQ_VECTOR; i++)
		set_gate(i, exception_entries[i]);
	for (unsigned int i = FIRST_IRQ_VECTOR; i < ARRAY_SIZE(idt); i++)
		set_gate(i, (unsigned long)irq_stubs + (i - FIRST_IRQ_VECTOR) * IRQ_STUB_BYTES);
	idt[EXC_BREAKPOINT].type |= GATE_FROM_USER;
	idt[EXC_OVERFLOW].type |= GATE_FROM_USER;
	idt[EXC_DOUBLE_FAULT].ist = IST_DOUBLE_FAULT;
	idt[EXC_NMI].ist = IST_NMI;
	idt[EXC_MACHINE_CHECK].ist = IST_MACHINE_CHECK;
	trap_load();
}

void trap_load(void)
{
	struct __packed {
		u16	limit;
		u64	base;
	} pointer = { sizeof(idt) - 1, (unsigned long)idt };

	asm volatile("lidt %0" : : "m"(pointer));
}

/* si_code of a floating-point exception from its status bits: invalid, denormal, zero divide,
 * overflow, underflow, precision. */
static int fpe_code(unsigned int status)
{
	if (status & BIT(0))
		return FPE_FLTINV;
	if (status & BIT(2))
		return FPE_FLTDIV;
	if (status & BIT(3))
		return FPE_FLTOVF;
	if (status & (BIT(4) | BIT(1)))
		return FPE_FLTUND;
	return FPE_FLTRES;
}

static int x87_code(void)
{
	u16 status, control;

	asm volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
	return fpe_code(status & ~control);
}

static int simd_code(void)
{
	u32 mxcsr;

	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpe_code(mxcsr & ~(mxcsr >> 7));
}

/* Which debug event it was; the processor never clears the register itself. */
static int debug_code(void)
{
	unsigned long dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	asm volatile("mov %0, %%dr6" : : "r"(0xffff0ff0UL));
	return dr6 & BIT(14) ? TRAP_TRACE : TRAP_BRKPT;
}

static void user_exception(struct pt_regs *regs, unsigned int vector)
{
	switch (vector) {
	case EXC_DIVIDE:
		return force_sig_fault(SIGFPE, FPE_INTDIV, regs->rip);
	case EXC_DEBUG:
		return force_sig_fault(SIGTRAP, debug_code(), regs->rip);
	case EXC_BREAKPOINT:
		return force_sig(SIGTRAP);
	case EXC_INVALID_OPCODE:
		return force_sig_fault(SIGILL, ILL_ILLOPN, regs->rip);
	case EXC_SEGMENT_NOT_PRESENT:
	case EXC_STACK:
		return force_sig(SIGBUS);
	case EXC_X87:
		return force_sig_fault(SIGFPE, x87_code(), regs->rip);
	case EXC_ALIGNMENT:
		return force_sig_fault(SIGBUS, BUS_ADRALN, 0);
	case EXC_SIMD:
		return force_sig_fault(SIGFPE, simd_code(), regs->rip);
	default:
		return force_sig(SIGSEGV);
	}
}

unsigned long nr_interrupts(void)
{
	unsigned long sum = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		for (unsigned int slot = 0; slot < NR_SLOTS; slot++)
			sum += irq_count(cpu, slot);
	return sum;
}

unsigned long irq_count(unsigned int cpu, unsigned int slot)
{
	return READ_ONCE(irq_counts[cpu].nr[slot]);
}

bool irq_describe(unsigned int n, struct irq_source *source)
{
	static const struct {
		const char	*label, *text;
	} own[] = {
		{ "LOC", "Local timer interrupts" }, { "RES", "Rescheduling interrupts" },
		{ "TLB", "TLB shootdowns" }, { "SPU", "Spurious interrupts" },
	};
	unsigned int slot = 0;

	while (slot < NR_DEVICE_VECTORS && device_handlers[slot].fn && slot < n)
		slot++;
	if (slot == n && slot < NR_DEVICE_VECTORS && device_handlers[slot].fn) {
		*source = (struct irq_source){ .chip = device_handlers[slot].chip, .slot = slot,
					       .fn = device_handlers[slot].fn };
		snprintf(source->label, sizeof(source->label), "%u", IRQ_VECTOR_FIRST + slot);
		return true;
	}
	n -= slot;
	if (n >= ARRAY_SIZE(own))
		return false;
	*source = (struct irq_source){ .chip = own[n].text, .slot = SLOT_TIMER + n };
	strlcpy(source->label, own[n].label, sizeof(source->label));
	return true;
}

/* Which counter is @vector's. */
static unsigned int slot_of(unsigned int vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		return SLOT_TIMER;
	case VECTOR_RESCHEDULE:
		return SLOT_RESCHEDULE;
	case VECTOR_TLB:
		return SLOT_TLB;
	default:
		vector -= IRQ_VECTOR_FIRST;
		return vector < NR_DEVICE_VECTORS && device_handlers[vector].fn ? vector :
										  SLOT_SPURIOUS;
	}
}

/* From entry.asm: every exception but page faults and those on IST stacks. */
void do_trap(struct pt_regs *regs, unsigned long error, unsigned int vector);

void do_trap(struct pt_regs *regs, unsigned long error, unsigned int vector)
{
	if (user_mode(regs)) {
		local_irq_enable();
		current->trap_nr = vector;
		current->trap_error = error;
		if (vector != EXC_PROTECTION || !umip_emulate(regs))
			user_exception(regs, vector);
		return;
	}
	/* A user's single step, taken one instruction into the kernel. */
	if (vector == EXC_DEBUG) {
		debug_code();
		regs->rflags &= ~X86_EFLAGS_TF;
		return;
	}
	if (fixup_exception(regs))
		return;
	panic_regs(regs, "%s in the kernel, error code %lx", exception_names[vector], error);
}

/* From entry.asm: IRETQ to user mode faulted. @fault holds the user's registers except those that
 * IRETQ was to load, which are still where they were. Makes the user's pt_regs whole again; the
 * program gets the signal as if its own instruction had faulted. */
struct pt_regs *iret_fault(struct pt_regs *fault, unsigned int vector);

struct pt_regs *iret_fault(struct pt_regs *fault, unsigned int vector)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct pt_regs saved = *fault;		/* the two overlap */
	unsigned long error = fault->orig_rax;

	saved.rip = regs->rip;
	saved.cs = regs->cs;
	saved.rflags = regs->rflags;
	saved.rsp = regs->rsp;
	saved.ss = regs->ss;
	saved.orig_rax = -1;
	*regs = saved;
	current->trap_nr = vector;
	current->trap_error = error;
	user_exception(regs, vector);
	return regs;
}

/* From entry.asm: the vectors with a stack of their own. GS is right whatever was interrupted. */
void do_paranoid_trap(struct pt_regs *regs, unsigned long error, unsigned int vector);

void do_paranoid_trap(struct pt_regs *regs, unsigned long error, unsigned int vector)
{
	unsigned long cr2 = read_cr2();

	/* Any other NMI is ignored. Not even a message: we may have interrupted one. */
	if (vector == EXC_NMI) {
		panic_stop_this_cpu();
		if (regs->rip == (unsigned long)safe_halt_hlt)
			regs->rip += HLT_BYTES;
		return;
	}
	if (vector == EXC_DOUBLE_FAULT && is_stack_guard(cr2))
		panic_regs(regs, "kernel stack overflow at %lx", cr2);
	panic_regs(regs, "%s, error code %lx, cr2 %lx", exception_names[vector], error, cr2);
}

/* From entry.asm: vectors from 32 on. */
void do_irq(struct pt_regs *regs);

void do_irq(struct pt_regs *regs)
{
	unsigned int vector = ~regs->orig_rax;
	unsigned int device = vector - IRQ_VECTOR_FIRST;

	this_cpu()->irq_depth++;
	irq_counts[smp_processor_id()].nr[slot_of(vector)]++;
	switch (vector) {
	case VECTOR_TIMER:
		apic_eoi();
		scheduler_tick(user_mode(regs));
		timer_interrupt();	/* last: it arms the next one, for the next tick too */
		break;
	case VECTOR_RESCHEDULE:
		apic_eoi();
		this_cpu()->need_resched = 1;
		break;
	case VECTOR_TLB:
		apic_eoi();
		tlb_answer();
		break;
	default:
		if (device < NR_DEVICE_VECTORS && device_handlers[device].fn) {
			device_handlers[device].fn(device_handlers[device].arg);
			apic_eoi();
		}
		break;		/* spurious: neither a handler nor an end-of-interrupt */
	}
	this_cpu()->irq_depth--;
}

int irq_alloc_vector(const char *chip, void (*fn)(void *arg), void *arg)
{
	for (unsigned int i = 0; i < NR_DEVICE_VECTORS; i++) {
		if (device_handlers[i].fn)
			continue;
		device_handlers[i].arg = arg;
		device_handlers[i].chip = chip;
		smp_store_release(&device_handlers[i].fn, fn);
		return IRQ_VECTOR_FIRST + i;
	}
	return -ENOSPC;
}
