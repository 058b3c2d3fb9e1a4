/* blk.c - disks as such: the list of them, the check of each request, and waiting for one.
 * Holds:  a driver sees only requests that lie on the disk, in whole blocks, and may be done.
 * Locks:  claim_lock for who has a disk alone. The list is made at start-up and stays.
 * Read:   virtio_blk.c for a driver, blk_file.c for /dev/vda, blk_partition.c for /dev/vda1. */
#include <drivers/blk.h>

#include <asm/atomic.h>
#include <debug/assert.h>
#include <fs/chrdev.h>
#include <mm/page.h>

static LIST_HEAD(disks);			/* [c] after start-up */
static DEFINE_SPINLOCK(claim_lock, RANK_NONE);

void register_disk(struct block_device *bdev)
{
	ASSERT(bdev->block_bytes >= SECTOR_BYTES && bdev->block_bytes <= PAGE_SIZE);
	ASSERT(bdev->max_vecs && bdev->max_vecs <= BIO_MAX_VECS);
	if (!bdev->disk)
		bdev->disk = bdev;
	init_waitqueue_head(&bdev->wait);
	init_rwsem(&bdev->edge_rwsem, RANK_DISK_EDGE);
	list_add_tail(&bdev->list, &disks);
	register_blkdev(bdev->rdev, bdev->name, 0660, &blk_fops);
}

struct block_device *blk_find(dev_t rdev)
{
	struct block_device *bdev;

	list_for_each_entry(bdev, &disks, list)
		if (bdev->rdev == rdev)
			return bdev;
	return NULL;
}

struct block_device *blk_nth(unsigned int nth)
{
	struct block_device *bdev;

	list_for_each_entry(bdev, &disks, list)
		if (!nth--)
			return bdev;
	return NULL;
}

bool blk_claim(struct block_device *bdev)
{
	bool free;

	spin_lock(&claim_lock);
	free = !bdev->claimed && !bdev->claimed_parts && !bdev->disk->claimed;
	if (free)
		bdev->claimed = true;
	if (free && bdev != bdev->disk)
		bdev->disk->claimed_parts++;
	spin_unlock(&claim_lock);
	return free;
}

void blk_unclaim(struct block_device *bdev)
{
	spin_lock(&claim_lock);
	bdev->claimed = false;
	if (bdev != bdev->disk)
		bdev->disk->claimed_parts--;
	spin_unlock(&claim_lock);
}

static int check_bio(const struct bio *bio)
{
	const struct block_device *bdev = bio->bdev;
	unsigned int block_sectors = bdev->block_bytes >> SECTOR_SHIFT;
	u64 bytes = 0;

	ASSERT(bio->nr_vecs <= bdev->max_vecs);
	if (bio->op != BIO_READ && bdev->read_only)
		return bio->op == BIO_FLUSH ? 0 : -EROFS;
	if (bio->op == BIO_FLUSH)
		return 0;
	for (unsigned int i = 0; i < bio->nr_vecs; i++)
		bytes += bio->vecs[i].bytes;
	if (!bytes || bytes % bdev->block_bytes || bio->sector % block_sectors)
		return -EINVAL;
	if (bio->sector > bdev->nr_sectors ||
	    bytes >> SECTOR_SHIFT > bdev->nr_sectors - bio->sector)
		return -EIO;
	return 0;
}

void blk_submit(struct bio *bio)
{
	bio->error = check_bio(bio);
	if (bio->error)
		bio->end_io(bio);
	else
		bio->bdev->submit(bio->bdev, bio);
}

/* The waiter's stack may be gone once it sees the flag; the disk's queue stays. */
static void wake_waiter(struct bio *bio)
{
	struct block_device *bdev = bio->bdev;

	smp_store_release((bool *)bio->private, true);
	wake_up_all(&bdev->wait);
}

int bio_wait(struct bio *bio)
{
	bool done = false;

	bio->end_io = wake_waiter;
	bio->private = &done;
	blk_submit(bio);
	wait_event(&bio->bdev->wait, smp_load_acquire(&done));
	return bio->error;
}

int blk_rw_sync(struct block_device *bdev, enum bio_op op, u64 sector, void *buf, size_t bytes)
{
	struct bio_vec vec = {
		.page = virt_to_page(buf), .offset = offset_in_page(buf), .bytes = bytes,
	};
	struct bio bio = {
		.bdev = bdev, .op = op, .sector = sector, .vecs = &vec, .nr_vecs = 1,
	};

	return bio_wait(&bio);
}

int blk_flush(struct block_device *bdev)
{
	struct bio bio = { .bdev = bdev, .op = BIO_FLUSH };

	return bio_wait(&bio);
}

void blk_flush_all(void)
{
	struct block_device *bdev;

	list_for_each_entry(bdev, &disks, list)
		if (bdev == bdev->disk)
			blk_flush(bdev);
}
