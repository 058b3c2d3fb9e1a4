/* blk.h - disks: requests to them, and their device nodes.
 *
 * A transfer is a struct bio: a run of sectors on one side, pieces of memory on the other. It may
 * be submitted in any context; the driver holds it until the device has done it, and then calls
 * end_io from its interrupt. Nothing is allocated on the way, so memory can be written out when
 * there is none left. */
#ifndef DRIVERS_BLK_H
#define DRIVERS_BLK_H

#include <lib/list.h>
#include <lib/types.h>
#include <fs/types.h>
#include <mm/mm_types.h>
#include <sched/wait.h>
#include <sync/rwsem.h>

#define SECTOR_SHIFT	9
#define SECTOR_BYTES	512u		/* the unit of positions, whatever the disk's blocks are */
#define BLK_MINORS_PER_DISK 16u		/* the disk's own, and those of 15 partitions */
#define BIO_MAX_VECS	32u		/* no disk takes more pieces in one request */

enum bio_op { BIO_READ, BIO_WRITE, BIO_FLUSH };

struct bio_vec {
	struct page	*page;
	u32		offset, bytes;	/* may run on into the frames after @page */
};

struct bio {
	struct block_device	*bdev;		/* these by the submitter */
	enum bio_op		op;
	unsigned int		nr_vecs;	/* BIO_FLUSH: 0 */
	u64			sector;
	const struct bio_vec	*vecs;		/* stay until end_io */
	void			(*end_io)(struct bio *bio);
	void			*private;

	int			error;		/* valid in end_io: 0 or negative */
	struct list_head	list;		/* the driver's, until end_io */
};

/* A disk or a partition of one, which has its disk's submit and driver_data. */
struct block_device {
	char			name[8];	/* [c] */
	dev_t			rdev;		/* [c] */
	struct block_device	*disk;		/* [c] the whole one; of a disk itself */
	u64			start;		/* [c] sector of the disk where it begins */
	u64			nr_sectors;	/* [c] */
	unsigned int		block_bytes;	/* [c] smallest unit, 512 to PAGE_SIZE */
	unsigned int		max_vecs;	/* [c] pieces of a request, 1 to BIO_MAX_VECS */
	bool			read_only;	/* [c] */
	/* [c] Begin a checked @bio, ->start sectors further on. Any context. */
	void			(*submit)(struct block_device *bdev, struct bio *bio);
	void			*driver_data;	/* [c] */
	struct wait_queue_head	wait;		/* those in bio_wait */
	struct rw_semaphore	edge_rwsem;	/* RANK_DISK_EDGE, the disk's: see blk_file.c */
	bool			claimed;	/* [claim_lock] see blk_claim */
	unsigned int		claimed_parts;	/* [claim_lock] of a disk */
	bool			swap;		/* [disk->edge_rwsem] write(2) is -ETXTBSY */
	struct list_head	list;		/* [c] all disks and partitions */
};

/* @bdev has all its [c] fields but list: it can be found and opened from now on, and stays.
 * Start-up only. */
void register_disk(struct block_device *bdev);
/* Read the table of @disk, a registered one, and register its partitions. Start-up only; sleeps.
 * A table that is damaged is a line in the log. */
void register_partitions(struct block_device *disk);
/* The disk or partition with that number, or the @nth; NULL: there is none. */
struct block_device *blk_find(dev_t rdev);
struct block_device *blk_nth(unsigned int nth);

/* For one user only: an open with O_EXCL, or a swap area. False: there is one already; a disk is
 * not to be had while one of its partitions is claimed, nor a partition while its disk is. It keeps
 * nobody from opening the device who does not ask for that. */
bool blk_claim(struct block_device *bdev);
void blk_unclaim(struct block_device *bdev);

/* Begin @bio; end_io is called once, possibly before this returns (in the caller's context) and
 * otherwise in interrupt context. error: 0; -EIO: the disk says so, or the place is not there;
 * -EINVAL: not whole blocks; -EROFS. Any context. */
void blk_submit(struct bio *bio);
/* Submit @bio, whose end_io and private are not used, and sleep until it is done. Its error. */
int bio_wait(struct bio *bio);
/* Move @bytes between @sector and @buf, memory of the direct map. Sleeps. 0 or bio's error. */
int blk_rw_sync(struct block_device *bdev, enum bio_op op, u64 sector, void *buf, size_t bytes);
/* All that was written is on the medium when this returns 0. Sleeps. */
int blk_flush(struct block_device *bdev);
void blk_flush_all(void);

extern const struct file_operations blk_fops;	/* blk_file.c */

/* Find virtio disks and register them as vda, vdb and so on. After pci_init. */
void virtio_blk_init(void);

#endif
