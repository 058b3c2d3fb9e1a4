/* pci.c - what is on the PCI buses: by the two configuration ports, which every PC has.
 * The firmware has numbered the buses and placed the BARs; we only read what it did.
 * Locks:  none; start-up only, in one thread.
 * Read:   virtio_blk.c for a driver; arch/x86_64/trap.c for vectors. */
#include <drivers/pci.h>

#include <asm/io.h>
#include <asm/irq.h>
#include <asm/percpu.h>
#include <debug/printk.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define CONFIG_ADDRESS		0xcf8
#define CONFIG_DATA		0xcfc
#define CONFIG_ENABLE		BIT(31)

/* Configuration space. */
#define PCI_VENDOR		0x00
#define PCI_DEVICE		0x02
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_CLASS		0x0a	/* subclass and class */
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR0		0x10
#define PCI_SECONDARY_BUS	0x19	/* bridges */
#define PCI_CAPABILITIES	0x34

#define COMMAND_IO		BIT(0)
#define COMMAND_MEMORY		BIT(1)
#define COMMAND_MASTER		BIT(2)
#define COMMAND_NO_INTX		BIT(10)
#define STATUS_CAPABILITIES	BIT(4)
#define HEADER_MULTIFUNCTION	0x80
#define HEADER_BRIDGE		1
#define CLASS_PCI_BRIDGE	0x0604
#define BASE_CLASS_STORAGE	0x01

#define BAR_IO			BIT(0)
#define BAR_64			BIT(2)
#define BAR_IO_FLAGS		0x3u
#define BAR_MEMORY_FLAGS	0xfu

#define MSIX_CONTROL		2	/* offsets in the capability */
#define MSIX_TABLE		4
#define MSIX_ENABLE		BIT(15)
#define MSIX_MASK_ALL		BIT(14)
#define MSIX_SIZE_MASK		0x7ffu
#define MSIX_ENTRY_BYTES	16
#define MSIX_ADDRESS		0	/* offsets in an entry */
#define MSIX_ADDRESS_HIGH	4
#define MSIX_DATA		8
#define MSIX_VECTOR_CONTROL	12
#define MSIX_ENTRY_MASKED	1
#define MSI_BASE		0xfee00000u	/* a local APIC, its id in bits 12 to 19 */

#define NR_BUSES		256
#define NR_SLOTS		32
#define NR_FUNCTIONS		8
#define MAX_CAPABILITIES	48	/* as many as fit: a longer list is a ring */

static LIST_HEAD(pci_devices);			/* [c] after pci_init */
static bool bus_seen[NR_BUSES];

static void select_register(const struct pci_dev *dev, unsigned int offset)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (u32)dev->bus << 16 | (u32)dev->slot << 11 |
			     (u32)dev->function << 8 | (offset & 0xfc));
}

u32 pci_read32(const struct pci_dev *dev, unsigned int offset)
{
	select_register(dev, offset);
	return inl(CONFIG_DATA);
}

u16 pci_read16(const struct pci_dev *dev, unsigned int offset)
{
	select_register(dev, offset);
	return inw(CONFIG_DATA + (offset & 2));
}

u8 pci_read8(const struct pci_dev *dev, unsigned int offset)
{
	select_register(dev, offset);
	return inb(CONFIG_DATA + (offset & 3));
}

void pci_write32(const struct pci_dev *dev, unsigned int offset, u32 value)
{
	select_register(dev, offset);
	outl(CONFIG_DATA, value);
}

void pci_write16(const struct pci_dev *dev, unsigned int offset, u16 value)
{
	select_register(dev, offset);
	outw(CONFIG_DATA + (offset & 2), value);
}

/* --- finding devices --- */

static void scan_bus(unsigned int bus);

static void add_device(const struct pci_dev *found)
{
	struct pci_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return;
	*dev = *found;
	list_add_tail(&dev->list, &pci_devices);
	if (pci_read16(dev, PCI_CLASS) == CLASS_PCI_BRIDGE &&
	    (pci_read8(dev, PCI_HEADER_TYPE) & ~HEADER_MULTIFUNCTION) == HEADER_BRIDGE)
		scan_bus(pci_read8(dev, PCI_SECONDARY_BUS));
}

static void scan_slot(unsigned int bus, unsigned int slot)
{
	struct pci_dev dev = { .bus = bus, .slot = slot };
	unsigned int functions = 1;

	for (; dev.function < functions; dev.function++) {
		dev.vendor = pci_read16(&dev, PCI_VENDOR);
		if (dev.vendor == 0xffff)
			continue;
		dev.device = pci_read16(&dev, PCI_DEVICE);
		if (!dev.function && (pci_read8(&dev, PCI_HEADER_TYPE) & HEADER_MULTIFUNCTION))
			functions = NR_FUNCTIONS;
		add_device(&dev);
	}
}

/* A bus is scanned once, so a bridge that the firmware left at bus 0 leads nowhere, and bridges
 * that form a ring end too. */
static void scan_bus(unsigned int bus)
{
	if (bus_seen[bus])
		return;
	bus_seen[bus] = true;
	for (unsigned int slot = 0; slot < NR_SLOTS; slot++)
		scan_slot(bus, slot);
}

void pci_init(void)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE);
	if (inl(CONFIG_ADDRESS) == CONFIG_ENABLE)
		scan_bus(0);
}

struct pci_dev *pci_find(u16 vendor, u16 device, struct pci_dev *from)
{
	struct list_head *at = from ? from->list.next : pci_devices.next;

	for (; at != &pci_devices; at = at->next) {
		struct pci_dev *dev = container_of(at, struct pci_dev, list);

		if (dev->vendor == vendor && dev->device == device)
			return dev;
	}
	return NULL;
}

void pci_report_unused_disks(void)
{
	static const char *const kinds[] = {
		[0x00] = "SCSI", [0x01] = "IDE", [0x06] = "SATA", [0x08] = "NVMe",
	};
	struct pci_dev *dev;

	list_for_each_entry(dev, &pci_devices, list) {
		u16 class = pci_read16(dev, PCI_CLASS);
		u8 kind = class;

		if (class >> 8 != BASE_CLASS_STORAGE || dev->enabled)
			continue;
		pr_info("pci: the %s controller at %02x:%02x.%u (%04x:%04x) has no driver here: "
			"its disks are left out\n",
			kind < ARRAY_SIZE(kinds) && kinds[kind] ? kinds[kind] : "storage",
			dev->bus, dev->slot, dev->function, dev->vendor, dev->device);
	}
}

unsigned int pci_find_capability(const struct pci_dev *dev, u8 id, unsigned int from)
{
	unsigned int at = PCI_CAPABILITIES, left = MAX_CAPABILITIES;

	if (!(pci_read16(dev, PCI_STATUS) & STATUS_CAPABILITIES))
		return 0;
	if (from)
		at = from + 1;
	for (at = pci_read8(dev, at) & 0xfc; at && left; left--) {
		if (pci_read8(dev, at) == id)
			return at;
		at = pci_read8(dev, at + 1) & 0xfc;
	}
	return 0;
}

/* --- BARs --- */

/* The bits of register @offset that can be set: those say how large the BAR is. */
static u32 probe_bits(const struct pci_dev *dev, unsigned int offset)
{
	u32 kept = pci_read32(dev, offset), bits;

	pci_write32(dev, offset, 0xffffffff);
	bits = pci_read32(dev, offset);
	pci_write32(dev, offset, kept);
	return bits;
}

/* Returns how many registers the BAR takes, 1 or 2. */
static unsigned int read_bar(struct pci_dev *dev, unsigned int nr)
{
	unsigned int offset = PCI_BAR0 + 4 * nr;
	struct pci_bar *bar = &dev->bars[nr];
	u32 low = pci_read32(dev, offset);
	u64 bits = probe_bits(dev, offset) | 0xffffffff00000000UL;
	bool wide = !(low & BAR_IO) && (low & BAR_64) && nr + 1 < PCI_NR_BARS;

	if (!(u32)bits)
		return 1;
	bar->memory = !(low & BAR_IO);
	bar->base = low & ~(bar->memory ? BAR_MEMORY_FLAGS : BAR_IO_FLAGS);
	if (wide) {
		bar->base |= (u64)pci_read32(dev, offset + 4) << 32;
		bits = (u32)bits | (u64)probe_bits(dev, offset + 4) << 32;
	}
	bar->bytes = ~(bits & ~(u64)(bar->memory ? BAR_MEMORY_FLAGS : BAR_IO_FLAGS)) + 1;
	if (!bar->memory)
		bar->bytes &= 0xffff;
	return wide ? 2 : 1;
}

void pci_enable(struct pci_dev *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	dev->enabled = true;
	/* While a BAR is probed the device must not answer at what is only a bit pattern. */
	pci_write16(dev, PCI_COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (unsigned int nr = 0; nr < PCI_NR_BARS;)
		nr += read_bar(dev, nr);
	pci_write16(dev, PCI_COMMAND, command | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, u64 offset, size_t bytes)
{
	const struct pci_bar *b;

	if (bar >= PCI_NR_BARS)
		return NULL;
	b = &dev->bars[bar];
	if (!b->memory || !b->base || !bytes || offset > b->bytes || bytes > b->bytes - offset)
		return NULL;
	return vmap_phys(b->base + offset, bytes, PAGE_KERNEL_IO);
}

/* --- MSI-X --- */

int pci_msix_enable(struct pci_dev *dev)
{
	unsigned int cap = pci_find_capability(dev, PCI_CAP_MSIX, 0);
	u32 table;
	u16 control;

	if (!cap)
		return -ENODEV;
	control = pci_read16(dev, cap + MSIX_CONTROL);
	table = pci_read32(dev, cap + MSIX_TABLE);
	dev->msix_entries = (control & MSIX_SIZE_MASK) + 1;
	dev->msix_table = pci_map_bar(dev, table & 7, table & ~7u,
				      dev->msix_entries * MSIX_ENTRY_BYTES);
	if (!dev->msix_table)
		return -ENOMEM;
	pci_write16(dev, cap + MSIX_CONTROL, control | MSIX_ENABLE | MSIX_MASK_ALL);
	for (unsigned int i = 0; i < dev->msix_entries; i++)
		writel(dev->msix_table + i * MSIX_ENTRY_BYTES + MSIX_VECTOR_CONTROL,
		       MSIX_ENTRY_MASKED);
	pci_write16(dev, cap + MSIX_CONTROL, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
	return 0;
}

int pci_msix_connect(struct pci_dev *dev, unsigned int entry, void (*fn)(void *arg), void *arg)
{
	char *at = dev->msix_table + entry * MSIX_ENTRY_BYTES;
	int vector;

	if (!dev->msix_table || entry >= dev->msix_entries)
		return -EINVAL;
	vector = irq_alloc_vector("PCI-MSIX", fn, arg);
	if (vector < 0)
		return vector;
	writel(at + MSIX_ADDRESS, MSI_BASE | cpu_locals[0].apic_id << 12);
	writel(at + MSIX_ADDRESS_HIGH, 0);
	writel(at + MSIX_DATA, vector);
	writel(at + MSIX_VECTOR_CONTROL, 0);
	return 0;
}
