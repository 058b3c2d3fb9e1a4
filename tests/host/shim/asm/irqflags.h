/* irqflags.h - the kernel's header of this name for a host program: a flag that only
 * the checks, synchronize_processors() and the disks look at. Their interrupts are all there are,
 * and come when a processor lets them. */
#ifndef ASM_IRQFLAGS_H
#define ASM_IRQFLAGS_H

#include <lib/types.h>
#include <asm/percpu.h>

#define X86_EFLAGS_IF	(1UL << 9)

void cpu_relax(void);		/* lets other host threads run */
void shim_disk_maybe(void);
extern unsigned long shim_disk_pending;

static inline unsigned long local_save_flags(void)
{
	return shim_this_cpu->irqs_off ? 0 : X86_EFLAGS_IF;
}

static inline void local_irq_disable(void)
{
	__atomic_store_n(&shim_this_cpu->irqs_off, true, __ATOMIC_SEQ_CST);
}

static inline void local_irq_enable(void)
{
	__atomic_store_n(&shim_this_cpu->irqs_off, false, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&shim_disk_pending, __ATOMIC_RELAXED))
		shim_disk_maybe();
}

static inline bool irqs_disabled(void)
{
	return shim_this_cpu->irqs_off;
}

static inline unsigned long local_irq_save(void)
{
	unsigned long flags = local_save_flags();

	local_irq_disable();
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	if (flags & X86_EFLAGS_IF)
		local_irq_enable();
}

#endif
