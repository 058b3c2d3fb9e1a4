/* disk.c - disks in memory, and the interrupts that end their requests.
 * Holds:  a request is under way from submit() until its end_io, which runs with the processor in
 *         an interrupt unless the disk works at once. The memory of a request is used all that
 *         time: part of a write is taken at the beginning and part at the end, a read makes its
 *         memory garbage first and right in the end. So whoever frees, changes or believes
 *         it too early is found out.
 * Locks:  disks_lock, inside all kernel locks; nothing of the kernel is called under it. */
#include "disk.h"

#include <lib/list.h>
#include <lib/string.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <debug/assert.h>
#include <fs/chrdev.h>
#include <fs/file.h>
#include <mm/page.h>

#include "../../../kernel/mm/swap_internal.h"
#include "machine.h"
#include "os.h"

#define MAX_FAULTS    8
#define HEADER_AT     1024 /* of the swap header in the first page */
#define HEADER_BAD_AT 1536
#define MAX_BYTES     (1UL << 40)

struct fault {
	enum bio_op op;
	u64 first, end; /* sectors */
};

struct disk {
	struct block_device bdev;
	bool registered;
	u8 *data;
	size_t room; /* bytes at data */
	struct fault faults[MAX_FAULTS];
	unsigned int nr_faults;
	struct disk_stats stats;
};

/* A request on its way; from the host's heap, so that the kernel's is not asked. */
struct request {
	struct list_head node;
	struct bio *bio;
	bool last_minute;
};

static struct disk disks[MAX_SHIM_DISKS];
static struct list_head pending = LIST_HEAD_INIT(pending); /* [disks_lock] */
static bool disks_lock; /* [atomic] */
enum disk_mode shim_disk_mode;
u64 shim_disk_random;
unsigned long shim_disk_pending; /* [atomic] */

const struct file_operations blk_fops;

void register_blkdev(dev_t rdev, const char *name, umode_t mode, const struct file_operations *fops)
{
	(void)rdev;
	(void)name;
	(void)mode;
	(void)fops;
}

static void lock_disks(void)
{
	while (__atomic_exchange_n(&disks_lock, true, __ATOMIC_ACQUIRE))
		os_yield();
}

static void unlock_disks(void)
{
	__atomic_store_n(&disks_lock, false, __ATOMIC_RELEASE);
}

/* splitmix64; disks_lock is held */
static u64 random(void)
{
	u64 z = shim_disk_random += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* --- the medium; disks_lock is held --- */

/* Word by word, as somebody may map and change a page that is being written. */
static void move_words(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		__atomic_store_n((u64 *)to + i,
				 __atomic_load_n((const u64 *)from + i, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

static void scribble(void *to, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		__atomic_store_n((u64 *)to + i, 0xdeadbeefdeadbeefUL, __ATOMIC_RELAXED);
}

enum phase { BEGIN, END, END_BADLY };

static void move_piece(enum bio_op op, enum phase phase, u8 *memory, u8 *medium, size_t bytes)
{
	size_t half = phase == BEGIN ? bytes / 2 : bytes;

	if (op == BIO_WRITE && phase == END_BADLY)
		scribble(medium, bytes);
	else if (op == BIO_WRITE)
		move_words(medium, memory, half);
	else if (phase == END)
		move_words(memory, medium, bytes);
	else
		scribble(memory, bytes);
}

static u64 bio_bytes(const struct bio *bio)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < bio->nr_vecs; i++)
		bytes += bio->vecs[i].bytes;
	return bytes;
}

static void move_all(struct disk *disk, struct bio *bio, enum phase phase)
{
	u8 *medium = disk->data + (bio->sector << SECTOR_SHIFT);

	for (unsigned int i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *vec = &bio->vecs[i];

		move_piece(bio->op, phase, (u8 *)page_address(vec->page) + vec->offset, medium,
			   vec->bytes);
		medium += vec->bytes;
	}
}

static bool fails(const struct disk *disk, const struct bio *bio)
{
	u64 end = bio->sector + (bio_bytes(bio) >> SECTOR_SHIFT);

	for (unsigned int i = 0; i < disk->nr_faults; i++) {
		const struct fault *fault = &disk->faults[i];

		if (fault->op == bio->op && bio->sector < fault->end && end > fault->first)
			return true;
	}
	return false;
}

bool shim_slot_fails(swp_entry_t entry, enum bio_op op)
{
	struct block_device *bdev = swap_info[swp_type(entry)].bdev;
	const struct bio_vec vec = { .bytes = PAGE_SIZE };
	const struct bio bio = {
		.op = op,
		.nr_vecs = 1,
		.vecs = &vec,
		.sector = swp_offset(entry) * PAGE_SECTORS,
	};

	return bdev && fails(container_of(bdev, struct disk, bdev), &bio);
}

/* --- requests --- */

static struct disk *disk_of(struct block_device *bdev)
{
	return container_of(bdev, struct disk, bdev);
}

static void begin(struct disk *disk, struct bio *bio)
{
	struct disk_stats *stats = &disk->stats;
	unsigned long pages = bio_bytes(bio) >> PAGE_SHIFT;

	stats->requests[bio->op]++;
	stats->pages[bio->op] += pages;
	stats->longest = max(stats->longest, pages);
	stats->most_pending = max(stats->most_pending, ++stats->pending);
	move_all(disk, bio, BEGIN);
}

static void finish(struct disk *disk, struct bio *bio)
{
	bool bad = fails(disk, bio);

	move_all(disk, bio, bad ? END_BADLY : END);
	bio->error = bad ? -EIO : 0;
	disk->stats.errors[bio->op] += bad;
	disk->stats.pending--;
}

static void submit(struct block_device *bdev, struct bio *bio)
{
	enum disk_mode mode = __atomic_load_n(&shim_disk_mode, __ATOMIC_RELAXED);
	struct disk *disk = disk_of(bdev);
	struct request *request;

	lock_disks();
	begin(disk, bio);
	if (mode == DISK_AT_ONCE) {
		finish(disk, bio);
		unlock_disks();
		bio->end_io(bio);
		return;
	}
	request = os_alloc(sizeof(*request));
	*request = (struct request){ .bio = bio, .last_minute = mode == DISK_LAST_MINUTE };
	list_add_tail(&request->node, &pending);
	__atomic_fetch_add(&shim_disk_pending, 1, __ATOMIC_SEQ_CST);
	unlock_disks();
	os_lock(); /* sleepers take interrupts */
	os_wake_all();
	os_unlock();
}

/* Any of those that wait, finished; NULL: none. @asleep: those that wait for that, too. */
static struct bio *end_one(bool asleep)
{
	struct request *request, *chosen = NULL;
	struct bio *bio = NULL;
	unsigned int nr = 0;

	lock_disks();
	list_for_each_entry(request, &pending, node)
		if ((asleep || !request->last_minute) && !(random() % ++nr))
			chosen = request;
	if (chosen) {
		bio = chosen->bio;
		list_del(&chosen->node);
		__atomic_fetch_sub(&shim_disk_pending, 1, __ATOMIC_SEQ_CST);
		finish(disk_of(bio->bdev), bio);
	}
	unlock_disks();
	os_free(chosen);
	return bio;
}

static bool interrupt(bool asleep)
{
	struct cpu_local *cpu = shim_this_cpu;
	struct bio *bio;

	if (!__atomic_load_n(&shim_disk_pending, __ATOMIC_SEQ_CST) || irqs_disabled() ||
	    cpu->irq_depth)
		return false;
	bio = end_one(asleep);
	if (!bio)
		return false;
	cpu->irq_depth++;
	local_irq_disable();
	bio->end_io(bio);
	/* Not local_irq_enable(), which may be where we come from. */
	__atomic_store_n(&cpu->irqs_off, false, __ATOMIC_SEQ_CST);
	cpu->irq_depth--;
	return true;
}

bool shim_disk_interrupt(void)
{
	return interrupt(true);
}

void shim_disk_maybe(void)
{
	u64 n;

	if (!__atomic_load_n(&shim_disk_pending, __ATOMIC_RELAXED))
		return;
	lock_disks();
	n = random();
	unlock_disks();
	if (!(n % 64))
		interrupt(false);
}

void shim_disk_settle(void)
{
	while (shim_disk_interrupt())
		;
	ASSERT(!shim_disk_pending);
}

/* --- making them --- */

struct block_device *shim_disk(unsigned int nth, unsigned long pages)
{
	struct disk *disk = &disks[nth];
	size_t bytes = pages << PAGE_SHIFT;

	ASSERT(nth < MAX_SHIM_DISKS && bytes <= MAX_BYTES && !disk->stats.pending);
	if (bytes > disk->room) {
		disk->room = bytes;
		disk->data = os_reserve(bytes);
		os_commit(disk->data, bytes);
	} else {
		os_zero(disk->data, disk->room);
	}
	disk->nr_faults = 0;
	disk->stats = (struct disk_stats){};
	disk->bdev.nr_sectors = bytes >> SECTOR_SHIFT;
	disk->bdev.read_only = false;
	disk->bdev.block_bytes = SECTOR_BYTES;
	disk->bdev.max_vecs = BIO_MAX_VECS;
	if (disk->registered)
		return &disk->bdev;
	disk->registered = true;
	memcpy(disk->bdev.name, "vda", 4);
	disk->bdev.name[2] += nth;
	disk->bdev.rdev = 0xfe00 + nth * 16;
	disk->bdev.submit = submit;
	register_disk(&disk->bdev);
	return &disk->bdev;
}

void *shim_disk_page(struct block_device *bdev, unsigned long page)
{
	ASSERT(page << PAGE_SHIFT < disk_of(bdev)->room);
	return disk_of(bdev)->data + (page << PAGE_SHIFT);
}

void shim_disk_fail(struct block_device *bdev, enum bio_op op, unsigned long first,
		    unsigned long nr)
{
	struct disk *disk = disk_of(bdev);
	unsigned int kept = 0;

	lock_disks();
	for (unsigned int i = 0; !nr && i < disk->nr_faults; i++)
		if (disk->faults[i].op != op)
			disk->faults[kept++] = disk->faults[i];
	if (!nr)
		disk->nr_faults = kept;
	else if (disk->nr_faults < MAX_FAULTS)
		disk->faults[disk->nr_faults++] = (struct fault){
			op,
			first * PAGE_SECTORS,
			(first + nr) * PAGE_SECTORS,
		};
	unlock_disks();
}

struct disk_stats *shim_disk_stats(struct block_device *bdev)
{
	return &disk_of(bdev)->stats;
}

/* --- swap --- */

void shim_mkswap(struct block_device *bdev, unsigned long pages, const u32 *bad, u32 nr_bad)
{
	u8 *page = shim_disk_page(bdev, 0);
	const u32 header[3] = { 1, pages - 1, nr_bad };

	memset(page, 0, PAGE_SIZE);
	memcpy(page + HEADER_AT, header, sizeof(header));
	if (nr_bad)
		memcpy(page + HEADER_BAD_AT, bad, nr_bad * sizeof(*bad));
	memcpy(page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
}

struct block_device *shim_swap(unsigned int nth, unsigned long pages, int prio)
{
	struct block_device *bdev = shim_disk(nth, pages);
	bool quiet = shim_quiet;
	int err;

	shim_mkswap(bdev, pages, NULL, 0);
	shim_quiet = true;
	err = swap_on(bdev, bdev->name, prio < 0 ? 0 : 0x8000 | prio);
	shim_quiet = quiet;
	if (err)
		panic("swapon: %d", err);
	*shim_disk_stats(bdev) = (struct disk_stats){};
	return bdev;
}

void shim_swapoff_all(void)
{
	shim_settle();
	shim_disk_mode = DISK_AT_ONCE;
	for (struct disk *disk = disks; disk < disks + MAX_SHIM_DISKS; disk++) {
		int err;

		disk->nr_faults = 0;
		if (!disk->registered)
			continue;
		err = swap_off(&disk->bdev);
		if (err && err != -EINVAL)
			panic("swapoff: %d", err);
	}
}

const void *shim_slot_data(swp_entry_t entry)
{
	struct block_device *bdev = swap_info[swp_type(entry)].bdev;

	return bdev ? shim_disk_page(bdev, swp_offset(entry)) : NULL;
}
