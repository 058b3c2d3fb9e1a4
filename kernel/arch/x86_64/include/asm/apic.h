/* apic.h - the interrupt controllers: one local APIC per processor, and the I/O APICs. */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include <lib/types.h>

/* Once: legacy controller off, registers mapped, I/O APIC lines masked. */
void apic_init(void);
void apic_init_cpu(void);	/* each processor, by itself */
u32 apic_id(void);		/* of this processor */
void apic_eoi(void);

/* Send @vector to the processor with local APIC @apic_id. Any context. */
void apic_send_ipi(u32 apic_id, unsigned int vector);
void apic_send_nmi(u32 apic_id);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, unsigned int page);	/* begin at physical page << 12 */

/* The local timer, one shot; @count in its own ticks, 0 stops it. */
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
void apic_timer_arm_vector(bool on);	/* deliver VECTOR_TIMER, or stay silent (for calibration) */

#endif
