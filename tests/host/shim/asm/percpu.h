/* percpu.h - the kernel's header of this name for a host program. A host thread is one simulated
 * processor at a time, and always the same task; shim_set_cpu() takes it to another processor. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <lib/types.h>

#define NR_CPUS	8

struct mm_struct;
struct task_struct;

struct cpu_local {
	unsigned int	id;
	unsigned int	irq_depth;
	unsigned int	need_resched;
	bool		irqs_off;	/* [atomic] */
	/* for arch's tlb.c, in shootdown_test.c alone */
	u32		apic_id;
	struct mm_struct *loaded_mm;
	struct task_struct *current_task;
};

extern struct cpu_local cpu_locals[NR_CPUS];
extern unsigned int nr_cpus;
extern unsigned long cpu_online_mask;

extern __thread struct cpu_local *shim_this_cpu;
extern __thread struct task_struct *shim_task;

#define this_cpu_field(field)	(shim_this_cpu->field)

static inline unsigned int smp_processor_id(void)
{
	return shim_this_cpu->id;
}

static inline struct cpu_local *this_cpu(void)
{
	return shim_this_cpu;
}

static inline struct task_struct *get_current(void)
{
	return shim_task;
}

#define current get_current()

static inline bool in_interrupt(void)
{
	return shim_this_cpu->irq_depth != 0;
}

#endif
