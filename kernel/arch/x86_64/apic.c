/* apic.c - the interrupt controllers.
 * The local APIC is used as the firmware left it: by MMIO (xAPIC), or by MSRs if it is in x2APIC
 * mode. The legacy 8259 pair is masked for good, its vectors moved away from the exceptions.
 * Holds:  every I/O APIC line is masked until irq_connect_isa() gives it a handler on the boot
 *         processor.
 * Locks:  none: a processor uses only its own local APIC, with interrupts off where one command
 *         takes two writes; I/O APICs are set up by the boot processor at start.
 * Read:   trap.c for what happens on a vector; timer.c for the timer; acpi.c for where things
 *          are. */
#include <asm/apic.h>

#include <asm/acpi.h>
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

/* Registers, as MMIO offsets; in x2APIC mode register r is MSR_X2APIC + r / 16. */
#define APIC_ID			0x020
#define APIC_TPR		0x080
#define APIC_EOI		0x0b0
#define APIC_SVR		0x0f0
#define APIC_ICR		0x300
#define APIC_ICR_HIGH		0x310
#define APIC_LVT_TIMER		0x320
#define APIC_LVT_LINT0		0x350
#define APIC_LVT_LINT1		0x360
#define APIC_LVT_ERROR		0x370
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_CURRENT	0x390
#define APIC_TIMER_DIVIDE	0x3e0

#define SVR_ENABLE		BIT(8)
#define LVT_MASKED		BIT(16)
#define ICR_NMI			0x400
#define ICR_INIT		0x500
#define ICR_STARTUP		0x600
#define ICR_ASSERT		0x4000
#define ICR_PENDING		BIT(12)
#define TIMER_DIVIDE_16		3

#define IOAPIC_SELECT		0x00
#define IOAPIC_WINDOW		0x10
#define IOAPIC_VERSION		1
#define IOAPIC_ENTRY(pin)	(0x10 + 2 * (pin))
#define IOAPIC_MASKED		BIT(16)
#define IOAPIC_LEVEL		BIT(15)
#define IOAPIC_ACTIVE_LOW	BIT(13)

#define PIC1_COMMAND		0x20
#define PIC1_DATA		0x21
#define PIC2_COMMAND		0xa0
#define PIC2_DATA		0xa1
#define PIC_VECTORS		0xe0	/* where a stray one would arrive, unheard */

static char *lapic;		/* NULL: x2APIC mode, or not yet set up */
static bool x2apic;
static char *ioapics[MAX_IOAPICS];

static u32 apic_read(unsigned int reg)
{
	return x2apic ? rdmsr(MSR_X2APIC + reg / 16) : readl(lapic + reg);
}

static void apic_write(unsigned int reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		writel(lapic + reg, value);
}

static void disable_pic(void)
{
	static const struct { u16 port; u8 value; } sequence[] = {
		{ PIC1_COMMAND, 0x11 }, { PIC2_COMMAND, 0x11 },
		{ PIC1_DATA, PIC_VECTORS }, { PIC2_DATA, PIC_VECTORS + 8 },
		{ PIC1_DATA, 4 }, { PIC2_DATA, 2 }, { PIC1_DATA, 1 }, { PIC2_DATA, 1 },
		{ PIC1_DATA, 0xff }, { PIC2_DATA, 0xff },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sequence); i++)
		outb(sequence[i].port, sequence[i].value);
}

static u32 ioapic_read(char *ioapic, unsigned int reg)
{
	writel(ioapic + IOAPIC_SELECT, reg);
	return readl(ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(char *ioapic, unsigned int reg, u32 value)
{
	writel(ioapic + IOAPIC_SELECT, reg);
	writel(ioapic + IOAPIC_WINDOW, value);
}

static unsigned int ioapic_pins(char *ioapic)
{
	return (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

static void init_ioapics(void)
{
	for (unsigned int i = 0; i < acpi.nr_ioapics; i++) {
		ioapics[i] = vmap_phys(acpi.ioapics[i].base, PAGE_SIZE, PAGE_KERNEL_IO);
		if (!ioapics[i])
			continue;
		for (unsigned int pin = 0; pin < ioapic_pins(ioapics[i]); pin++)
			ioapic_write(ioapics[i], IOAPIC_ENTRY(pin), IOAPIC_MASKED);
	}
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	disable_pic();
	x2apic = base & APIC_BASE_X2APIC;
	if (!x2apic) {
		lapic = vmap_phys(base & PTE_PFN_MASK, PAGE_SIZE, PAGE_KERNEL_IO);
		if (!lapic)
			panic("no memory to map the local APIC");
	}
	init_ioapics();
	apic_init_cpu();
}

void apic_init_cpu(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE |
			     (x2apic ? APIC_BASE_X2APIC : 0));
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_16);
	this_cpu()->apic_id = apic_id();
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

static void send_command(u32 apic_id, u32 command)
{
	unsigned long flags;

	if (x2apic) {
		/* This write orders nothing before it; what the other is to see must be out
		 * first. */
		asm volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (u64)apic_id << 32 | command);
		return;
	}
	if (!lapic)
		return;
	flags = local_irq_save();
	while (apic_read(APIC_ICR) & ICR_PENDING)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, command);
	local_irq_restore(flags);
}

void apic_send_ipi(u32 apic_id, unsigned int vector)
{
	send_command(apic_id, ICR_ASSERT | vector);
}

void apic_send_nmi(u32 apic_id)
{
	send_command(apic_id, ICR_ASSERT | ICR_NMI);
}

void apic_send_init(u32 apic_id)
{
	send_command(apic_id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(u32 apic_id, unsigned int page)
{
	send_command(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_timer_start(u32 count)
{
	apic_write(APIC_TIMER_INITIAL, count);
}

u32 apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_arm_vector(bool on)
{
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (on ? 0 : LVT_MASKED));
}

/* The I/O APIC that has @gsi, and which of its pins that is; NULL: none. */
static char *find_ioapic(u32 gsi, unsigned int *pin)
{
	for (unsigned int i = 0; i < acpi.nr_ioapics; i++) {
		*pin = gsi - acpi.ioapics[i].first_gsi;
		if (ioapics[i] && gsi >= acpi.ioapics[i].first_gsi &&
		    *pin < ioapic_pins(ioapics[i]))
			return ioapics[i];
	}
	return NULL;
}

int irq_connect_isa(unsigned int irq, void (*fn)(void *arg), void *arg)
{
	unsigned int pin;
	char *ioapic = find_ioapic(acpi.isa_irqs[irq].gsi, &pin);
	int vector;
	u32 low;

	if (!ioapic)
		return -ENODEV;
	vector = irq_alloc_vector("IO-APIC", fn, arg);
	if (vector < 0)
		return vector;
	low = vector;
	if (acpi.isa_irqs[irq].level)
		low |= IOAPIC_LEVEL;
	if (acpi.isa_irqs[irq].active_low)
		low |= IOAPIC_ACTIVE_LOW;
	ioapic_write(ioapic, IOAPIC_ENTRY(pin) + 1, cpu_locals[0].apic_id << 24);
	ioapic_write(ioapic, IOAPIC_ENTRY(pin), low);
	return 0;
}
