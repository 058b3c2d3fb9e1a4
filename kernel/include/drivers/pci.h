/* pci.h - devices on the PCI buses, for their drivers. Start-up only: one thread, no locks. */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <lib/list.h>
#include <lib/types.h>
#include <asm/page.h>

#define PCI_NR_BARS	6
#define PCI_CAP_VENDOR	0x09
#define PCI_CAP_MSIX	0x11

struct pci_bar {
	phys_addr_t	base;		/* 0: not there, or the firmware gave it no place */
	u64		bytes;
	bool		memory;		/* else I/O ports */
};

struct pci_dev {
	struct list_head	list;
	u8			bus, slot, function;
	u16			vendor, device;
	struct pci_bar		bars[PCI_NR_BARS];	/* set by pci_enable */
	bool			enabled;	/* a driver has taken it */
	char			*msix_table;		/* mapped; NULL before pci_msix_enable */
	unsigned int		msix_entries;
};

/* Find every device on bus 0 and behind its bridges. Neither a bus nor devices need be there. */
void pci_init(void);
/* The next one of that kind after @from (NULL: the first). NULL: there is none. */
struct pci_dev *pci_find(u16 vendor, u16 device, struct pci_dev *from);

/* A line in the log for each controller of disks that no driver has taken. After the drivers. */
void pci_report_unused_disks(void);

u8 pci_read8(const struct pci_dev *dev, unsigned int offset);
u16 pci_read16(const struct pci_dev *dev, unsigned int offset);
u32 pci_read32(const struct pci_dev *dev, unsigned int offset);
void pci_write16(const struct pci_dev *dev, unsigned int offset, u16 value);
void pci_write32(const struct pci_dev *dev, unsigned int offset, u32 value);

/* The next capability @id after offset @from (0: the first). Its offset, or 0. */
unsigned int pci_find_capability(const struct pci_dev *dev, u8 id, unsigned int from);
/* Learn where the BARs are and how large, let the device answer there and reach memory, and keep
 * its interrupt line silent. */
void pci_enable(struct pci_dev *dev);
/* Map @bytes at @offset of a memory BAR. NULL: they do not all lie in it, or no memory. */
void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, u64 offset, size_t bytes);
/* Turn MSI-X on, every entry masked. 0, -ENODEV (the device has none) or -ENOMEM. */
int pci_msix_enable(struct pci_dev *dev);
/* Entry @entry calls fn(arg) in interrupt context on the first processor. 0, -EINVAL, -ENOSPC. */
int pci_msix_connect(struct pci_dev *dev, unsigned int entry, void (*fn)(void *arg), void *arg);

#endif
