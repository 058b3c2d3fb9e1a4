/* virtio_blk.c - the disks of a virtual machine: virtio 1 over PCI, one queue each.
 *
 * The queue is three arrays in our memory. A request is a chain of descriptors: the header, the
 * pieces of memory, a byte for the outcome. Its first descriptor's number goes into the ring avail;
 * the device does requests in any order and puts the number into the ring used, then interrupts.
 *
 *	pending --(descriptors are free)--> avail --(device)--> used --(interrupt)--> end_io
 *
 * Holds:  a descriptor is in the free chain or in exactly one request, from the ring's filling to
 *         the interrupt. pending is not empty only while its first request lacks descriptors.
 * Locks:  disk->lock (RANK_DISK, interrupts off) for the queue; end_io is called without it.
 * Read:   blk.c for what a request is; the virtio 1.0 specification, 2.4, 4.1 and 5.2. */
#include <drivers/blk.h>

#include <asm/atomic.h>
#include <asm/io.h>
#include <debug/printk.h>
#include <drivers/pci.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define VIRTIO_VENDOR		0x1af4
#define VIRTIO_BLK		0x1042
#define VIRTIO_BLK_TRANSITIONAL	0x1001
#define VIRTBLK_MAJOR		254
#define MAX_DISKS		26	/* vda to vdz */
#define MAX_QUEUE_SIZE		256

/* The vendor capability that says where a part of the device is. */
#define CAP_TYPE		3
#define CAP_BAR			4
#define CAP_OFFSET		8
#define CAP_BYTES		12
#define CAP_NOTIFY_MULTIPLIER	16

enum cap_type { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_DEVICE = 4 };

/* Registers in the common part. */
#define COMMON_DEVICE_FEATURE_SELECT	0x00
#define COMMON_DEVICE_FEATURE		0x04
#define COMMON_DRIVER_FEATURE_SELECT	0x08
#define COMMON_DRIVER_FEATURE		0x0c
#define COMMON_MSIX_CONFIG		0x10
#define COMMON_STATUS			0x14
#define COMMON_QUEUE_SELECT		0x16
#define COMMON_QUEUE_SIZE		0x18
#define COMMON_QUEUE_MSIX		0x1a
#define COMMON_QUEUE_ENABLE		0x1c
#define COMMON_QUEUE_NOTIFY_OFF		0x1e
#define COMMON_QUEUE_DESC		0x20
#define COMMON_QUEUE_AVAIL		0x28
#define COMMON_QUEUE_USED		0x30
#define COMMON_REGISTERS_BYTES		0x38

/* And in the disk's own. */
#define DEVICE_CAPACITY			0
#define DEVICE_SEG_MAX			12
#define DEVICE_BLK_SIZE			20
#define DEVICE_REGISTERS_BYTES		24

#define STATUS_ACKNOWLEDGE	1
#define STATUS_DRIVER		2
#define STATUS_DRIVER_OK	4
#define STATUS_FEATURES_OK	8
#define STATUS_FAILED		128
#define RESET_PATIENCE		1000000

#define FEATURE_SEG_MAX		BIT(2)
#define FEATURE_RO		BIT(5)
#define FEATURE_BLK_SIZE	BIT(6)
#define FEATURE_FLUSH		BIT(9)
#define FEATURE_VERSION_1	BIT(32)
#define WANTED_FEATURES		(FEATURE_SEG_MAX | FEATURE_RO | FEATURE_BLK_SIZE | FEATURE_FLUSH | \
				 FEATURE_VERSION_1)

#define DESC_NEXT		1
#define DESC_DEVICE_WRITES	2
#define USED_NO_NOTIFY		1
#define NO_VECTOR		0xffff

#define REQUEST_IN		0
#define REQUEST_OUT		1
#define REQUEST_FLUSH		4
#define REQUEST_OK		0

struct virtq_desc {
	u64	addr;
	u32	bytes;
	u16	flags;
	u16	next;		/* also chains the free ones */
};

struct virtq_avail {
	u16	flags;
	u16	idx;
	u16	ring[MAX_QUEUE_SIZE];
};

struct virtq_used {
	u16	flags;
	u16	idx;
	struct {
		u32	id;
		u32	bytes;
	} ring[MAX_QUEUE_SIZE];
};

/* What the device reads and writes besides the data; one for each descriptor that may be first. */
struct request {
	u32		type;
	u32		reserved;
	u64		sector;
	struct bio	*bio;		/* [lock] NULL: not in the device's hands */
	u8		status;
	u8		padding[7];	/* so that none crosses a page */
};

#define REQUEST_HEADER_BYTES	16

struct virtio_disk {
	struct block_device	bdev;
	struct pci_dev		*pci;		/* [c] */
	char			*common;	/* [c] registers */
	char			*device;	/* [c] registers */
	char			*notify;	/* [c] register of the queue */
	u64			features;	/* [c] FEATURE_* that both know */
	spinlock_t		lock;		/* RANK_DISK */
	struct virtq_desc	*desc;		/* [lock] or the device's */
	struct virtq_avail	*avail;		/* [lock] */
	struct virtq_used	*used;		/* the device's */
	struct request		*requests;	/* [lock] by first descriptor, or the device's */
	u16			size;		/* [c] descriptors */
	u16			nr_free;	/* [lock] */
	u16			free_head;	/* [lock] */
	u16			used_seen;	/* [lock] used->idx when we last looked */
	struct list_head	pending;	/* [lock] requests that wait for descriptors */
};

BUILD_ASSERT(PAGE_SIZE % sizeof(struct request) == 0);
BUILD_ASSERT(MAX_QUEUE_SIZE * sizeof(struct virtq_desc) <= PAGE_SIZE);
BUILD_ASSERT(sizeof(struct virtq_used) <= PAGE_SIZE && BIO_MAX_VECS + 2 <= MAX_QUEUE_SIZE);

static unsigned int nr_disks;			/* start-up only */

/* --- requests --- */

static u16 take_desc(struct virtio_disk *disk)
{
	u16 id = disk->free_head;

	disk->free_head = disk->desc[id].next;
	disk->nr_free--;
	return id;
}

/* Describe @bytes at @phys in descriptor @id, and go on in another one unless this is the @last.
 * Returns that other one. */
static u16 fill_desc(struct virtio_disk *disk, u16 id, phys_addr_t phys, u32 bytes, u16 flags,
		     bool last)
{
	u16 next = last ? 0 : take_desc(disk);

	disk->desc[id].addr = phys;
	disk->desc[id].bytes = bytes;
	disk->desc[id].flags = flags | (last ? 0 : DESC_NEXT);
	disk->desc[id].next = next;
	return next;
}

/* Put @bio into the ring. There are descriptors. */
static void start_bio(struct virtio_disk *disk, struct bio *bio)
{
	static const u32 types[] = {
		[BIO_READ] = REQUEST_IN, [BIO_WRITE] = REQUEST_OUT, [BIO_FLUSH] = REQUEST_FLUSH,
	};
	u16 head = take_desc(disk), id, flags = bio->op == BIO_READ ? DESC_DEVICE_WRITES : 0;
	struct request *request = &disk->requests[head];

	request->type = types[bio->op];
	request->sector = bio->op == BIO_FLUSH ? 0 : bio->bdev->start + bio->sector;
	request->status = 0xff;
	request->bio = bio;
	id = fill_desc(disk, head, virt_to_phys(request), REQUEST_HEADER_BYTES, 0, false);
	for (unsigned int i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *vec = &bio->vecs[i];

		id = fill_desc(disk, id, page_to_phys(vec->page) + vec->offset, vec->bytes, flags,
			       false);
	}
	fill_desc(disk, id, virt_to_phys(&request->status), 1, DESC_DEVICE_WRITES, true);
	disk->avail->ring[disk->avail->idx % disk->size] = head;
	smp_store_release(&disk->avail->idx, disk->avail->idx + 1);
}

/* Start what waits and fits, and tell the device. */
static void start_pending(struct virtio_disk *disk)
{
	bool started = false;

	while (!list_empty(&disk->pending)) {
		struct bio *bio = list_first_entry(&disk->pending, struct bio, list);

		if (bio->nr_vecs + 2 > disk->nr_free)
			break;
		list_del(&bio->list);
		start_bio(disk, bio);
		started = true;
	}
	if (!started)
		return;
	smp_mb();		/* the ring is written before we ask whether the device sleeps */
	if (!(READ_ONCE(disk->used->flags) & USED_NO_NOTIFY))
		writew(disk->notify, 0);
}

static void virtio_blk_submit(struct block_device *bdev, struct bio *bio)
{
	struct virtio_disk *disk = bdev->driver_data;
	unsigned long flags;

	if (bio->op == BIO_FLUSH && !(disk->features & FEATURE_FLUSH)) {
		bio->end_io(bio);		/* nothing is held back: error is 0 already */
		return;
	}
	flags = spin_lock_irqsave(&disk->lock);
	list_add_tail(&bio->list, &disk->pending);
	start_pending(disk);
	spin_unlock_irqrestore(&disk->lock, flags);
}

/* The chain that begins at @id becomes free. */
static void free_chain(struct virtio_disk *disk, u16 id)
{
	u16 last = id;

	disk->nr_free++;
	while (disk->desc[last].flags & DESC_NEXT) {
		last = disk->desc[last].next;
		disk->nr_free++;
	}
	disk->desc[last].next = disk->free_head;
	disk->free_head = id;
}

/* Take what the device has done out of the queue and onto @done. */
static void reap_used(struct virtio_disk *disk, struct list_head *done)
{
	while (disk->used_seen != smp_load_acquire(&disk->used->idx)) {
		u32 id = READ_ONCE(disk->used->ring[disk->used_seen++ % disk->size].id);
		struct bio *bio = id < disk->size ? disk->requests[id].bio : NULL;

		if (!bio)
			continue;	/* the device names a request that it does not have */
		disk->requests[id].bio = NULL;
		bio->error = READ_ONCE(disk->requests[id].status) == REQUEST_OK ? 0 : -EIO;
		free_chain(disk, id);
		list_add_tail(&bio->list, done);
	}
}

static void virtio_blk_interrupt(void *arg)
{
	struct virtio_disk *disk = arg;
	struct bio *bio, *next;
	unsigned long flags;
	LIST_HEAD(done);

	flags = spin_lock_irqsave(&disk->lock);
	reap_used(disk, &done);
	start_pending(disk);
	spin_unlock_irqrestore(&disk->lock, flags);
	list_for_each_entry_safe(bio, next, &done, list)
		bio->end_io(bio);
}

/* --- start-up --- */

static unsigned int find_part(const struct pci_dev *pci, enum cap_type type)
{
	unsigned int cap = 0;

	while ((cap = pci_find_capability(pci, PCI_CAP_VENDOR, cap)))
		if (pci_read8(pci, cap + CAP_TYPE) == type)
			return cap;
	return 0;
}

/* Map @bytes at @offset of a part of the device. NULL: it has no such part. */
static void *map_part(const struct pci_dev *pci, enum cap_type type, u64 offset, size_t bytes)
{
	unsigned int cap = find_part(pci, type);

	if (!cap || offset + bytes > pci_read32(pci, cap + CAP_BYTES))
		return NULL;
	return pci_map_bar(pci, pci_read8(pci, cap + CAP_BAR),
			   pci_read32(pci, cap + CAP_OFFSET) + offset, bytes);
}

static void add_status(struct virtio_disk *disk, u8 bits)
{
	writeb(disk->common + COMMON_STATUS, readb(disk->common + COMMON_STATUS) | bits);
}

/* NULL, or what is wrong. */
static const char *reset(struct virtio_disk *disk)
{
	unsigned int left = RESET_PATIENCE;

	writeb(disk->common + COMMON_STATUS, 0);
	while (readb(disk->common + COMMON_STATUS) && --left)
		cpu_relax();
	if (!left)
		return "does not answer";
	add_status(disk, STATUS_ACKNOWLEDGE);
	add_status(disk, STATUS_DRIVER);
	return NULL;
}

static const char *negotiate(struct virtio_disk *disk)
{
	for (u32 half = 0; half < 2; half++) {
		writel(disk->common + COMMON_DEVICE_FEATURE_SELECT, half);
		disk->features |= (u64)readl(disk->common + COMMON_DEVICE_FEATURE) << 32 * half;
	}
	disk->features &= WANTED_FEATURES;
	if (!(disk->features & FEATURE_VERSION_1))
		return "is older than virtio 1.0";
	for (u32 half = 0; half < 2; half++) {
		writel(disk->common + COMMON_DRIVER_FEATURE_SELECT, half);
		writel(disk->common + COMMON_DRIVER_FEATURE, disk->features >> 32 * half);
	}
	add_status(disk, STATUS_FEATURES_OK);
	if (!(readb(disk->common + COMMON_STATUS) & STATUS_FEATURES_OK))
		return "wants features that we do not have";
	return NULL;
}

static void write_address(char *reg, const void *addr)
{
	writel(reg, virt_to_phys(addr));
	writel(reg + 4, virt_to_phys(addr) >> 32);
}

static const char *alloc_queue(struct virtio_disk *disk)
{
	disk->desc = get_zeroed_page(GFP_KERNEL);
	disk->avail = get_zeroed_page(GFP_KERNEL);
	disk->used = get_zeroed_page(GFP_KERNEL);
	disk->requests = kcalloc(MAX_QUEUE_SIZE, sizeof(*disk->requests), GFP_KERNEL);
	if (!disk->desc || !disk->avail || !disk->used || !disk->requests)
		return "finds no memory";
	for (unsigned int i = 0; i < disk->size; i++)
		disk->desc[i].next = i + 1;
	disk->nr_free = disk->size;
	return NULL;
}

static const char *set_up_queue(struct virtio_disk *disk)
{
	unsigned int cap = find_part(disk->pci, CAP_NOTIFY);
	const char *wrong;
	u64 at;

	writew(disk->common + COMMON_QUEUE_SELECT, 0);
	disk->size = min_t(u16, readw(disk->common + COMMON_QUEUE_SIZE), MAX_QUEUE_SIZE);
	if (disk->size < 4 || (disk->size & (disk->size - 1)))
		return "has no usable queue";
	at = (u64)readw(disk->common + COMMON_QUEUE_NOTIFY_OFF) *
	     (cap ? pci_read32(disk->pci, cap + CAP_NOTIFY_MULTIPLIER) : 0);
	disk->notify = map_part(disk->pci, CAP_NOTIFY, at, sizeof(u16));
	if (!disk->notify)
		return "has no register to notify it";
	wrong = alloc_queue(disk);
	if (wrong)
		return wrong;
	writew(disk->common + COMMON_QUEUE_SIZE, disk->size);
	write_address(disk->common + COMMON_QUEUE_DESC, disk->desc);
	write_address(disk->common + COMMON_QUEUE_AVAIL, disk->avail);
	write_address(disk->common + COMMON_QUEUE_USED, disk->used);
	writew(disk->common + COMMON_MSIX_CONFIG, NO_VECTOR);
	writew(disk->common + COMMON_QUEUE_MSIX, 0);
	if (readw(disk->common + COMMON_QUEUE_MSIX) != 0)
		return "refuses its interrupt";
	writew(disk->common + COMMON_QUEUE_ENABLE, 1);
	return NULL;
}

static const char *read_geometry(struct virtio_disk *disk)
{
	struct block_device *bdev = &disk->bdev;
	u32 max_vecs = disk->size - 2;

	bdev->nr_sectors = readl(disk->device + DEVICE_CAPACITY) |
			   (u64)readl(disk->device + DEVICE_CAPACITY + 4) << 32;
	bdev->block_bytes = SECTOR_BYTES;
	if (disk->features & FEATURE_BLK_SIZE)
		bdev->block_bytes = readl(disk->device + DEVICE_BLK_SIZE);
	if (bdev->block_bytes < SECTOR_BYTES || bdev->block_bytes > PAGE_SIZE ||
	    (bdev->block_bytes & (bdev->block_bytes - 1)))
		return "has blocks of a size that we cannot use";
	if (bdev->nr_sectors >> (63 - SECTOR_SHIFT))
		return "is too large";
	bdev->nr_sectors &= ~(u64)((bdev->block_bytes >> SECTOR_SHIFT) - 1);
	if (disk->features & FEATURE_SEG_MAX)
		max_vecs = min(max_vecs, readl(disk->device + DEVICE_SEG_MAX));
	bdev->max_vecs = clamp(max_vecs, 1u, BIO_MAX_VECS);
	bdev->read_only = disk->features & FEATURE_RO;
	return NULL;
}

/* All steps that can fail. NULL, or what is wrong; then the disk is not in use. */
static const char *start_disk(struct virtio_disk *disk)
{
	const char *wrong;

	pci_enable(disk->pci);
	if (!find_part(disk->pci, CAP_COMMON))
		return "is older than virtio 1.0 (QEMU: disable-modern=off)";
	disk->common = map_part(disk->pci, CAP_COMMON, 0, COMMON_REGISTERS_BYTES);
	disk->device = map_part(disk->pci, CAP_DEVICE, 0, DEVICE_REGISTERS_BYTES);
	if (!disk->common || !disk->device)
		return "has no registers in memory";
	if (pci_msix_enable(disk->pci))
		return "has no MSI-X interrupts";
	if ((wrong = reset(disk)) || (wrong = negotiate(disk)) || (wrong = set_up_queue(disk)) ||
	    (wrong = read_geometry(disk)))
		return wrong;
	if (pci_msix_connect(disk->pci, 0, virtio_blk_interrupt, disk))
		return "finds no free interrupt vector";
	add_status(disk, STATUS_DRIVER_OK);
	return NULL;
}

static void give_up(struct virtio_disk *disk)
{
	if (disk->common)
		reset(disk);
	if (disk->common)
		add_status(disk, STATUS_FAILED);
	if (disk->desc)
		free_page(disk->desc);
	if (disk->avail)
		free_page(disk->avail);
	if (disk->used)
		free_page(disk->used);
	kfree(disk->requests);
	kfree(disk);
}

static void add_disk(struct pci_dev *pci)
{
	struct virtio_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	struct block_device *bdev = &disk->bdev;
	const char *wrong;

	if (!disk)
		return;
	disk->pci = pci;
	spin_lock_init(&disk->lock, RANK_DISK);
	INIT_LIST_HEAD(&disk->pending);
	wrong = nr_disks < MAX_DISKS ? start_disk(disk) : "is one too many";
	if (wrong) {
		pr_warn("virtio-blk: the disk at %02x:%02x.%u %s; left out\n", pci->bus, pci->slot,
			pci->function, wrong);
		give_up(disk);
		return;
	}
	memcpy(bdev->name, "vda", 4);
	bdev->name[2] += nr_disks;
	bdev->rdev = MKDEV(VIRTBLK_MAJOR, BLK_MINORS_PER_DISK * nr_disks++);
	bdev->driver_data = disk;
	bdev->submit = virtio_blk_submit;
	register_disk(bdev);
	pr_info("%s: %lu KiB in blocks of %u bytes%s\n", bdev->name, bdev->nr_sectors >> 1,
		bdev->block_bytes, bdev->read_only ? ", read-only" : "");
	register_partitions(bdev);
}

void virtio_blk_init(void)
{
	static const u16 kinds[] = { VIRTIO_BLK, VIRTIO_BLK_TRANSITIONAL };

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct pci_dev *pci = NULL;

		while ((pci = pci_find(VIRTIO_VENDOR, kinds[i], pci)))
			add_disk(pci);
	}
	pci_report_unused_disks();
}
