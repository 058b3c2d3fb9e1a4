/* irq.h - interrupt vectors and who answers them. */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#include <lib/types.h>

struct pt_regs;

#define IRQ_VECTOR_FIRST	0x20	/* devices */
#define NR_DEVICE_VECTORS	32
#define VECTOR_RESCHEDULE	0xf1
#define VECTOR_TLB		0xf2
#define VECTOR_TIMER		0xf3
#define VECTOR_SPURIOUS		0xff

/* Take a free device vector: fn(arg) runs in interrupt context, interrupts off. Returns the vector
 * or -ENOSPC. @chip is kept: what sends it, for /proc/interrupts. Start-up only. */
int irq_alloc_vector(const char *chip, void (*fn)(void *arg), void *arg);
/* Connect an ISA interrupt line (0..15) to fn. 0, -ENOSPC or -ENODEV (no I/O APIC has it). */
int irq_connect_isa(unsigned int irq, void (*fn)(void *arg), void *arg);

unsigned long nr_interrupts(void);	/* ever, of all processors */

/* Something that interrupts: a device that has a vector, or what processors tell themselves. */
struct irq_source {
	char		label[4];	/* the vector's number, or a word */
	const char	*chip;		/* what it is or, for a device, what sends it */
	void		(*fn)(void *arg);	/* a device's handler; NULL: no device */
	unsigned int	slot;		/* for irq_count */
};

/* The @n-th source; false: there are no more. Devices come first. */
bool irq_describe(unsigned int n, struct irq_source *source);
unsigned long irq_count(unsigned int cpu, unsigned int slot);	/* ever, of one processor */

void trap_init(void);			/* once: the interrupt descriptor table */
void trap_load(void);			/* each processor */

#endif
