/* blk_partition.c - /dev/vda1: the partitions of a disk, as devices of their own.
 * A partition is a copy of its disk's block_device with another name, start and size; a request to
 * it is checked against its own bounds and begins ->start sectors further on.
 * Holds:  a partition lies on its disk. They may overlap, as the table has them.
 * Locks:  none; start-up only.
 * Read:   lib/partition.c for the tables; blk.c for requests. */
#include <drivers/blk.h>

#include <debug/printk.h>
#include <lib/partition.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>

/* Numbers for partitions that their disk has none for, handed out one by one. */
#define BLKEXT_MAJOR	259

struct partition_reader {
	struct partitioned_disk	table;
	struct block_device	*disk;
};

static struct block_device *disk_of(struct partitioned_disk *table)
{
	return container_of(table, struct partition_reader, table)->disk;
}

static bool read_block(struct partitioned_disk *table, u64 nr)
{
	return !blk_rw_sync(disk_of(table), BIO_READ, nr * (table->block_bytes >> SECTOR_SHIFT),
			    table->block, table->block_bytes);
}

static dev_t number_of(const struct block_device *disk, unsigned int nr)
{
	static unsigned int next_minor;

	if (nr < BLK_MINORS_PER_DISK)
		return disk->rdev + nr;
	return MKDEV(BLKEXT_MAJOR, next_minor++);
}

static void add_partition(struct partitioned_disk *table, unsigned int nr, u64 first, u64 blocks)
{
	struct block_device *disk = disk_of(table), *part = kzalloc(sizeof(*part), GFP_KERNEL);
	unsigned int block_sectors = table->block_bytes >> SECTOR_SHIFT;

	if (!part) {
		pr_warn("%s: no memory for partition %u\n", disk->name, nr);
		return;
	}
	part->disk = disk;
	part->rdev = number_of(disk, nr);
	part->start = first * block_sectors;
	part->nr_sectors = blocks * block_sectors;
	part->block_bytes = disk->block_bytes;
	part->max_vecs = disk->max_vecs;
	part->read_only = disk->read_only;
	part->submit = disk->submit;
	part->driver_data = disk->driver_data;
	snprintf(part->name, sizeof(part->name), "%s%u", disk->name, nr);
	register_disk(part);
	pr_info("%s: %lu KiB at %lu KiB\n", part->name, part->nr_sectors >> 1, part->start >> 1);
}

static void complain(struct partitioned_disk *table, unsigned int nr, const char *what)
{
	if (nr)
		pr_warn("%s: partition %u %s\n", disk_of(table)->name, nr, what);
	else
		pr_warn("%s: the disk %s\n", disk_of(table)->name, what);
}

void register_partitions(struct block_device *disk)
{
	struct partition_reader reader = {
		.table = {
			.block_bytes = disk->block_bytes,
			.nr_blocks = disk->nr_sectors / (disk->block_bytes >> SECTOR_SHIFT),
			.block = get_free_page(GFP_KERNEL),
			.read = read_block, .found = add_partition, .complain = complain,
		},
		.disk = disk,
	};

	if (!reader.table.block) {
		pr_warn("%s: no memory to look for partitions\n", disk->name);
		return;
	}
	read_partitions(&reader.table);
	free_page(reader.table.block);
}
