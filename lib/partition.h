/* partition.h - the partitions of a disk, as an MBR or a GPT has them.
 * Formats: the MBR as every PC's firmware reads it; GPT as in the UEFI specification, chapter 5.
 * Read:   partition.c. */
#ifndef LIB_PARTITION_H
#define LIB_PARTITION_H

#include <lib/types.h>

#define PARTITION_MAX	255u	/* those with a greater number are left out */

/* A disk as its table's reader sees it. All positions are in blocks. */
struct partitioned_disk {
	u32	block_bytes;	/* 512 or more, a power of two */
	u64	nr_blocks;
	void	*block;		/* room for one block */
	/* Read block @nr, which is on the disk, into ->block. False: it cannot be read. */
	bool	(*read)(struct partitioned_disk *disk, u64 nr);
	/* Partition @nr has the @blocks from @first on. They are on the disk, and @blocks is not 0.
	 * May change neither ->block nor the disk. */
	void	(*found)(struct partitioned_disk *disk, unsigned int nr, u64 first, u64 blocks);
	/* Something is wrong with the table (@nr 0) or with partition @nr: "... @what". */
	void	(*complain)(struct partitioned_disk *disk, unsigned int nr, const char *what);
};

/* Report the partitions of @disk, in the order of its table. A disk without a table has none, and
 * nothing is said of it. */
void read_partitions(struct partitioned_disk *disk);

#endif
