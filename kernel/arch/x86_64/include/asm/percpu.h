/* percpu.h - what a processor finds through GS: who it is, what it runs, its stacks.
 * Per-processor data elsewhere is an array indexed by smp_processor_id(); since the kernel is not
 * preempted in kernel mode, only interrupts can come between. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <lib/types.h>

#define NR_CPUS	8

struct mm_struct;
struct task_struct;

/* The processor's task state segment: the stacks for entries from user mode (rsp0) and for the
 * faults that cannot trust the current stack (ist). */
struct tss {
	u32	reserved0;
	u64	rsp0, rsp1, rsp2;
	u64	reserved1;
	u64	ist[7];
	u64	reserved2;
	u16	reserved3;
	u16	io_map_base;
} __packed;

/* asm_offsets.c tells the assembler where the fields are. Aligned so that no TSS crosses a page. */
struct cpu_local {
	struct cpu_local	*self;
	struct task_struct	*current_task;
	unsigned long		kernel_sp;		/* top of current's stack */
	unsigned long		user_sp;		/* scratch of the SYSCALL entry */
	unsigned int		id;			/* index, 0 is the boot processor */
	unsigned int		apic_id;		/* of its local APIC */
	unsigned int		irq_depth;		/* nesting of interrupts */
	unsigned int		need_resched;		/* tested on exit to user */
	struct mm_struct	*loaded_mm;		/* whose tables CR3 has; tlb.c */
	u64			tsc_offset;		/* to add to its TSC; timer.c */
	u64			gdt[9];
	struct tss		tss;
} __aligned(256);

extern struct cpu_local cpu_locals[NR_CPUS];
extern unsigned int nr_cpus;		/* processors found; set before any but the first starts */
extern unsigned long cpu_online_mask;	/* bit per running processor [atomic] */

#define this_cpu_field(field) ({ \
	__typeof__(((struct cpu_local *)0)->field) __v; \
	asm volatile("mov %%gs:%c1, %0" : "=r"(__v) \
		     : "i"(__builtin_offsetof(struct cpu_local, field))); \
	__v; })

static inline unsigned int smp_processor_id(void)
{
	return this_cpu_field(id);
}

static inline struct cpu_local *this_cpu(void)
{
	return this_cpu_field(self);
}

static inline struct task_struct *get_current(void)
{
	return this_cpu_field(current_task);
}

#define current get_current()

static inline bool in_interrupt(void)
{
	return this_cpu_field(irq_depth) != 0;
}

#endif
