/* machine.c - the end: power off, reset, halt, and telling QEMU's debug-exit device how it went.
 * Locks:  none; whoever gets here is the last to run.
 * Read:   acpi.c for where the registers are; kernel/syscall's reboot(2) for the usual caller. */
#include <asm/machine.h>

#include <asm/acpi.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/timer.h>
#include <debug/printk.h>

#define DEBUG_EXIT_PORT		0xf4
#define PM1_SCI_ENABLE		BIT(0)
#define PM1_SLEEP_ENABLE	BIT(13)
#define PM1_SLEEP_TYPE(t)	((t) << 10)
#define RESET_CONTROL_PORT	0xcf9
#define RESET_CONTROL_FULL	0x06
#define KEYBOARD_COMMAND	0x64
#define KEYBOARD_RESET		0xfe

void debug_exit(u8 value)
{
	outb(DEBUG_EXIT_PORT, value);
}

/* Some firmware hands the power registers over only when asked. */
static void enable_acpi(void)
{
	if (inw(acpi.pm1a_control) & PM1_SCI_ENABLE || !acpi.smi_command || !acpi.acpi_enable)
		return;
	outb(acpi.smi_command, acpi.acpi_enable);
	for (unsigned int i = 0; i < 100000 && !(inw(acpi.pm1a_control) & PM1_SCI_ENABLE); i++)
		cpu_relax();
}

void machine_power_off(void)
{
	local_irq_disable();
	smp_stop_others();
	debug_exit(DEBUG_EXIT_COMPLETED);
	if (acpi.has_s5 && acpi.pm1a_control) {
		enable_acpi();
		outw(acpi.pm1a_control, PM1_SLEEP_TYPE(acpi.s5_type_a) | PM1_SLEEP_ENABLE);
		if (acpi.pm1b_control)
			outw(acpi.pm1b_control,
			     PM1_SLEEP_TYPE(acpi.s5_type_b) | PM1_SLEEP_ENABLE);
		udelay(1000000);	/* it need not happen at once */
	}
	printk_at(LEVEL_EMERG, "This machine cannot power itself off: it is safe to do so now.\n");
	halt_forever();
}

/* An exception without a table to look it up in resets the processor. */
static void triple_fault(void)
{
	struct __packed {
		u16	limit;
		u64	base;
	} nothing = { 0, 0 };

	asm volatile("lidt %0; int3" : : "m"(nothing));
}

void machine_restart(void)
{
	local_irq_disable();
	smp_stop_others();
	debug_exit(DEBUG_EXIT_COMPLETED);
	if (acpi.reset_port)
		outb(acpi.reset_port, acpi.reset_value);
	outb(RESET_CONTROL_PORT, RESET_CONTROL_FULL);
	outb(KEYBOARD_COMMAND, KEYBOARD_RESET);
	triple_fault();
	halt_forever();
}

void machine_halt(void)
{
	local_irq_disable();
	smp_stop_others();
	debug_exit(DEBUG_EXIT_COMPLETED);
	halt_forever();
}
