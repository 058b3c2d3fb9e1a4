/* acpi.h - what the firmware's tables say about the machine. */
#ifndef ASM_ACPI_H
#define ASM_ACPI_H

#include <lib/types.h>
#include <asm/page.h>
#include <asm/percpu.h>

#define MAX_IOAPICS	8
#define NR_ISA_IRQS	16

struct acpi_info {
	unsigned int	nr_cpus_found;		/* usable ones, those beyond NR_CPUS included */
	unsigned int	nr_apic_ids;
	u32		apic_ids[NR_CPUS];	/* in the order of the table */
	phys_addr_t	lapic_base;		/* 0: not said */
	unsigned int	nr_ioapics;
	struct {
		phys_addr_t	base;
		u32		first_gsi;
	} ioapics[MAX_IOAPICS];
	struct {
		u32		gsi;
		bool		level, active_low;
	} isa_irqs[NR_ISA_IRQS];

	u16		pm_timer_port;		/* 0: none */
	bool		pm_timer_32bit;
	u16		pm1a_control, pm1b_control; /* 0: none */
	u16		smi_command;
	u8		acpi_enable;		/* value for smi_command */
	bool		has_s5;
	u8		s5_type_a, s5_type_b;
	u16		reset_port;		/* 0: none */
	u8		reset_value;
};

extern struct acpi_info acpi;

/* Read the tables. @rsdp: physical address of the root pointer, 0: search for it. Before
 * paging_init(), while the first GiBs are mapped as a whole. Damaged tables are left out with a
 * line in the log. */
void acpi_init(phys_addr_t rsdp);

#endif
