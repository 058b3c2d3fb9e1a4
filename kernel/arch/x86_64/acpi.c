/* acpi.c - the few facts that we need from the firmware's tables: processors, interrupt
 * controllers, the power management timer, and how to power off.
 * Holds:  a table is used only after its length and checksum were found right, and only the part of
 *         it that lies inside its length. All of it is copied; nothing points into the firmware's
 *         memory.
 * Locks:  none; one processor, before paging_init().
 * Read:   smp.c, apic.c, timer.c, machine.c for the users of struct acpi_info. */
#include <asm/acpi.h>

#include <asm/early_map.h>
#include <debug/printk.h>
#include <lib/string.h>

struct rsdp {
	char	signature[8];
	u8	checksum;
	char	oem[6];
	u8	revision;
	u32	rsdt;
	u32	length;		/* from here on: revision 2 */
	u64	xsdt;
	u8	extended_checksum;
	u8	reserved[3];
} __packed;

#define RSDP_V1_BYTES	20

struct acpi_table {
	char	signature[4];
	u32	length;
	u8	revision;
	u8	checksum;
	char	oem_and_creator[26];
} __packed;

struct madt_entry {
	u8	type;
	u8	length;
} __packed;

enum madt_type {
	MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9,
};

#define MADT_ENTRIES_AT		44
#define MADT_CPU_ENABLED	BIT(0)

/* Offsets in the FADT. */
#define FADT_DSDT		40
#define FADT_SMI_COMMAND	48
#define FADT_ACPI_ENABLE	52
#define FADT_PM1A_CONTROL	64
#define FADT_PM1B_CONTROL	68
#define FADT_PM_TIMER		76
#define FADT_FLAGS		112
#define FADT_RESET_REGISTER	116	/* space id, width, offset, access size, u64 address */
#define FADT_RESET_VALUE	128
#define FADT_X_DSDT		140
#define FADT_TIMER_32BIT	BIT(8)
#define FADT_RESET_SUPPORTED	BIT(10)
#define GAS_IO_SPACE		1
#define GAS_ADDRESS		4

struct acpi_info acpi;

/* The table's value at @offset; 0 where it ends before that, as the older revisions do. */
static u64 field(const struct acpi_table *table, unsigned int offset, unsigned int bytes)
{
	u64 value = 0;

	if (offset + bytes <= table->length)
		memcpy(&value, (const char *)table + offset, bytes);
	return value;
}

static bool checksum_ok(const void *start, size_t bytes)
{
	const u8 *byte = start;
	u8 sum = 0;

	while (bytes--)
		sum += *byte++;
	return sum == 0;
}

/* @bytes at @phys are mapped now. */
static bool reachable(phys_addr_t phys, size_t bytes)
{
	return phys && phys < early_map_end && bytes <= early_map_end - phys;
}

static const struct acpi_table *get_table(phys_addr_t phys)
{
	const struct acpi_table *table = phys_to_virt(phys);

	if (!reachable(phys, sizeof(*table)))
		return NULL;
	if (table->length < sizeof(*table) || !reachable(phys, table->length) ||
	    !checksum_ok(table, table->length)) {
		printk("acpi: damaged table at %lx ignored\n", phys);
		return NULL;
	}
	return table;
}

static const struct rsdp *check_rsdp(phys_addr_t phys)
{
	const struct rsdp *rsdp = phys_to_virt(phys);

	if (!reachable(phys, sizeof(*rsdp)) || memcmp(rsdp->signature, "RSD PTR ", 8) ||
	    !checksum_ok(rsdp, RSDP_V1_BYTES))
		return NULL;
	return rsdp;
}

/* In the first KiB of the extended BIOS data area, or in the BIOS's own segment. */
static const struct rsdp *search_rsdp(void)
{
	phys_addr_t ebda = (phys_addr_t)*(const u16 *)phys_to_virt(0x40e) << 4, at;
	const struct rsdp *rsdp;

	for (at = ebda; ebda >= 0x400 && at < ebda + 1024; at += 16)
		if ((rsdp = check_rsdp(at)))
			return rsdp;
	for (at = 0xe0000; at < 0x100000; at += 16)
		if ((rsdp = check_rsdp(at)))
			return rsdp;
	return NULL;
}

static void add_cpu(u32 apic_id, u32 flags)
{
	if (!(flags & MADT_CPU_ENABLED))
		return;
	acpi.nr_cpus_found++;
	if (acpi.nr_apic_ids < NR_CPUS)
		acpi.apic_ids[acpi.nr_apic_ids++] = apic_id;
}

static void add_ioapic(phys_addr_t base, u32 first_gsi)
{
	if (acpi.nr_ioapics == MAX_IOAPICS)
		return;
	acpi.ioapics[acpi.nr_ioapics].base = base;
	acpi.ioapics[acpi.nr_ioapics++].first_gsi = first_gsi;
}

static void add_override(u8 irq, u32 gsi, u16 flags)
{
	if (irq >= NR_ISA_IRQS)
		return;
	acpi.isa_irqs[irq].gsi = gsi;
	acpi.isa_irqs[irq].active_low = (flags & 3) == 3;
	acpi.isa_irqs[irq].level = (flags >> 2 & 3) == 3;
}

static void read_madt(const struct acpi_table *madt)
{
	unsigned int at = MADT_ENTRIES_AT;

	acpi.lapic_base = field(madt, 36, 4);
	while (at + sizeof(struct madt_entry) <= madt->length) {
		unsigned int type = field(madt, at, 1), length = field(madt, at + 1, 1);

		if (length < sizeof(struct madt_entry) || at + length > madt->length)
			break;
		if (type == MADT_LAPIC && length >= 8)
			add_cpu(field(madt, at + 3, 1), field(madt, at + 4, 4));
		else if (type == MADT_X2APIC && length >= 16)
			add_cpu(field(madt, at + 4, 4), field(madt, at + 8, 4));
		else if (type == MADT_IOAPIC && length >= 12)
			add_ioapic(field(madt, at + 4, 4), field(madt, at + 8, 4));
		else if (type == MADT_OVERRIDE && length >= 10)
			add_override(field(madt, at + 3, 1), field(madt, at + 4, 4),
				     field(madt, at + 8, 2));
		else if (type == MADT_LAPIC_ADDRESS && length >= 12)
			acpi.lapic_base = field(madt, at + 4, 8);
		at += length;
	}
}

/* An integer constant of AML at *@at. */
static bool aml_byte(const struct acpi_table *dsdt, unsigned int *at, u8 *value)
{
	u8 op = field(dsdt, (*at)++, 1);

	if (op == 0x00 || op == 0x01)		/* Zero, One */
		*value = op;
	else if (op == 0x0a)			/* byte */
		*value = field(dsdt, (*at)++, 1);
	else
		return false;
	return true;
}

/* Look for Name(_S5_, Package() { type a, type b, ... }): what to write to sleep for good. */
static void read_dsdt(const struct acpi_table *dsdt)
{
	unsigned int at;

	for (at = sizeof(*dsdt); at + 12 <= dsdt->length; at++) {
		unsigned int p = at + 4;

		if (memcmp((const char *)dsdt + at, "_S5_", 4) || field(dsdt, p++, 1) != 0x12)
			continue;
		p += 1 + (field(dsdt, p, 1) >> 6);	/* package length: 1 to 4 bytes */
		p++;					/* number of elements */
		acpi.has_s5 = aml_byte(dsdt, &p, &acpi.s5_type_a) &&
			      aml_byte(dsdt, &p, &acpi.s5_type_b);
		return;
	}
}

static void read_fadt(const struct acpi_table *fadt)
{
	u32 flags = field(fadt, FADT_FLAGS, 4);
	const struct acpi_table *dsdt;

	acpi.smi_command = field(fadt, FADT_SMI_COMMAND, 4);
	acpi.acpi_enable = field(fadt, FADT_ACPI_ENABLE, 1);
	acpi.pm1a_control = field(fadt, FADT_PM1A_CONTROL, 4);
	acpi.pm1b_control = field(fadt, FADT_PM1B_CONTROL, 4);
	acpi.pm_timer_port = field(fadt, FADT_PM_TIMER, 4);
	acpi.pm_timer_32bit = flags & FADT_TIMER_32BIT;
	if (flags & FADT_RESET_SUPPORTED && field(fadt, FADT_RESET_REGISTER, 1) == GAS_IO_SPACE) {
		acpi.reset_port = field(fadt, FADT_RESET_REGISTER + GAS_ADDRESS, 8);
		acpi.reset_value = field(fadt, FADT_RESET_VALUE, 1);
	}
	dsdt = get_table(field(fadt, FADT_X_DSDT, 8) ?: field(fadt, FADT_DSDT, 4));
	if (dsdt && !memcmp(dsdt->signature, "DSDT", 4))
		read_dsdt(dsdt);
}

static void read_root(const struct acpi_table *root, unsigned int entry_bytes)
{
	unsigned int at;

	for (at = sizeof(*root); at + entry_bytes <= root->length; at += entry_bytes) {
		const struct acpi_table *table = get_table(field(root, at, entry_bytes));

		if (table && !memcmp(table->signature, "APIC", 4))
			read_madt(table);
		else if (table && !memcmp(table->signature, "FACP", 4))
			read_fadt(table);
	}
}

void acpi_init(phys_addr_t rsdp_phys)
{
	const struct rsdp *rsdp = rsdp_phys ? check_rsdp(rsdp_phys) : search_rsdp();
	const struct acpi_table *root = NULL;
	unsigned int i;

	for (i = 0; i < NR_ISA_IRQS; i++)
		acpi.isa_irqs[i].gsi = i;
	if (!rsdp) {
		printk("acpi: no tables; one processor, no power off\n");
		return;
	}
	if (rsdp->revision >= 2 && rsdp->xsdt)
		root = get_table(rsdp->xsdt);
	if (root)
		read_root(root, 8);
	else if ((root = get_table(rsdp->rsdt)))
		read_root(root, 4);
	printk("acpi: %u processors, %u I/O APICs\n", acpi.nr_cpus_found, acpi.nr_ioapics);
}
