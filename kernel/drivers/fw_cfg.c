/* fw_cfg.c - QEMU's fw_cfg, as far as to hand over the note for dumps.
 * It has numbered items; item FILE_DIR lists those that have a name. One request at a time: the
 * address of a record goes to a port, and QEMU reads or writes memory before the second half of
 * that write is over, or at the latest when control has become 0. All in it is big-endian, but
 * what is in etc/vmcoreinfo is not.
 * Locks:  none; called once, before there is a second processor.
 * Read:   debug/vmcoreinfo.h for what is handed over. */
#include <drivers/fw_cfg.h>

#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <debug/vmcoreinfo.h>
#include <lib/string.h>

#define PORT_SELECT	0x510
#define PORT_DATA	0x511
#define PORT_DMA	0x514		/* the upper half of the address; the lower one starts it */

#define ITEM_SIGNATURE	0x00		/* "QEMU" */
#define ITEM_FEATURES	0x01
#define ITEM_FILE_DIR	0x19
#define FEATURE_DMA	0x02

#define DMA_ERROR	0x01
#define DMA_READ	0x02
#define DMA_SELECT	0x08		/* the item whose number is in the upper half */
#define DMA_WRITE	0x10

#define MAX_FILES	1024
#define MAX_POLLS	1000000

struct dma_access {
	u32	control, bytes;
	u64	addr;
};

struct file_entry {
	u32	bytes;
	u16	item, reserved;
	char	name[56];
};

#define FORMAT_ELF	1

struct vmcoreinfo_entry {
	u16	host_format, guest_format;
	u32	bytes;
	u64	paddr;
};

BUILD_ASSERT(sizeof(struct dma_access) == 16);
BUILD_ASSERT(sizeof(struct file_entry) == 64);
BUILD_ASSERT(sizeof(struct vmcoreinfo_entry) == 16);

/* In the image, whose physical address is known; what is on a stack may not lie in one piece. */
static struct dma_access dma;
static struct file_entry file;
static struct vmcoreinfo_entry entry;

static u32 read_item(u16 item)
{
	u32 value = 0;

	outw(PORT_SELECT, item);
	for (unsigned int i = 0; i < sizeof(value); i++)
		value |= (u32)inb(PORT_DATA) << 8 * i;
	return value;
}

/* A machine that is none does not find its ports written to. */
static bool is_there(void)
{
	return cpuid(1, 0).ecx & BIT(31) && read_item(ITEM_SIGNATURE) == 0x554d4551 &&
	       read_item(ITEM_FEATURES) & FEATURE_DMA;
}

/* @data is in the image. False if QEMU does not do it. */
static bool transfer(u32 control, void *data, u32 bytes)
{
	u64 where = image_to_phys(&dma);
	volatile u32 *state = &dma.control;

	dma.control = __builtin_bswap32(control);
	dma.bytes = __builtin_bswap32(bytes);
	dma.addr = __builtin_bswap64(image_to_phys(data));
	outl(PORT_DMA, __builtin_bswap32(where >> 32));
	outl(PORT_DMA + 4, __builtin_bswap32(where));
	for (unsigned int i = 0; i < MAX_POLLS && *state & ~__builtin_bswap32(DMA_ERROR); i++)
		cpu_relax();
	return !*state;
}

/* The number of the item that has that name, or 0. */
static u16 find_file(const char *name)
{
	static u32 nr;

	if (!transfer(ITEM_FILE_DIR << 16 | DMA_SELECT | DMA_READ, &nr, sizeof(nr)))
		return 0;
	for (u32 left = min_t(u32, __builtin_bswap32(nr), MAX_FILES); left; left--) {
		if (!transfer(DMA_READ, &file, sizeof(file)))
			return 0;
		if (!strncmp(file.name, name, sizeof(file.name)))
			return __builtin_bswap16(file.item);
	}
	return 0;
}

void fw_cfg_tell_vmcoreinfo(void)
{
	size_t bytes;
	u16 item;

	if (!is_there())
		return;
	item = find_file("etc/vmcoreinfo");
	if (!item)
		return;
	entry.guest_format = FORMAT_ELF;
	entry.paddr = image_to_phys(vmcoreinfo_note(&bytes));
	entry.bytes = bytes;
	transfer((u32)item << 16 | DMA_SELECT | DMA_WRITE, &entry, sizeof(entry));
}
