/* blk_file.c - /dev/vda: a disk as a row of bytes.
 * Nothing is cached: a read comes from the disk and a write has reached it on return, O_DIRECT or
 * not, through pages of our own, so that user memory may be anywhere and of any length.
 * Holds:  a block of which only a part is written is read, changed and written back whole; nobody
 *         else writes to the disk in between.
 * Locks:  the disk's edge_rwsem, also for its partitions: read to write whole blocks, write to
 *         write parts. User memory is touched before it is taken. f_pos_lock ranks above it.
 * Read:   blk.c for requests. */
#include <drivers/blk.h>

#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/blkio.h>
#include <uapi/fcntl.h>

/* One request's memory: whole blocks, the first byte at the start of the first page. */
struct bounce {
	struct bio_vec	vecs[BIO_MAX_VECS];
	unsigned int	nr;
	size_t		bytes;
};

static loff_t disk_bytes(const struct block_device *bdev)
{
	return bdev->nr_sectors << SECTOR_SHIFT;
}

static void bounce_put(struct bounce *b)
{
	while (b->nr)
		put_page(b->vecs[--b->nr].page);
}

/* The vectors cover @bytes, of which there is memory for all. */
static void bounce_resize(struct bounce *b, size_t bytes)
{
	unsigned int last = (bytes - 1) >> PAGE_SHIFT;

	while (b->nr > last + 1)
		put_page(b->vecs[--b->nr].page);
	b->vecs[last].bytes = bytes - (last << PAGE_SHIFT);
	b->bytes = bytes;
}

/* Memory for @bytes, or for as much as one request takes, or as there is. 0 or -ENOMEM. */
static int bounce_get(struct bounce *b, const struct block_device *bdev, size_t bytes)
{
	bytes = min(bytes, bdev->max_vecs * PAGE_SIZE);
	for (b->nr = 0; b->nr << PAGE_SHIFT < bytes; b->nr++) {
		gfp_t gfp = b->nr ? GFP_KERNEL | __GFP_NORETRY : GFP_KERNEL;
		struct page *page = alloc_pages(gfp, 0);

		if (!page)
			break;
		b->vecs[b->nr] = (struct bio_vec){ .page = page, .bytes = PAGE_SIZE };
	}
	if (!b->nr)
		return -ENOMEM;
	bounce_resize(b, min(bytes, (size_t)b->nr << PAGE_SHIFT));
	return 0;
}

static void *bounce_at(const struct bounce *b, size_t offset)
{
	return (char *)page_address(b->vecs[offset >> PAGE_SHIFT].page) + offset_in_page(offset);
}

/* Copy @bytes between @iter and @b from @offset on. Returns the bytes moved. */
static size_t bounce_copy(const struct bounce *b, size_t offset, size_t bytes,
			  struct iov_iter *iter, bool to_iter)
{
	size_t done = 0;

	while (done < bytes) {
		void *at = bounce_at(b, offset + done);
		size_t piece = min(PAGE_SIZE - offset_in_page(offset + done), bytes - done), moved;

		moved = to_iter ? copy_to_iter(at, piece, iter) : copy_from_iter(at, piece, iter);
		done += moved;
		if (moved < piece)
			break;
	}
	return done;
}

/* Move all of @b from or to @start; edge_rwsem is held to write. Returns how many bytes, from the
 * first on, could be moved, or errno if none (-ETXTBSY: swap lives here): a request that failed is
 * done again block by block to find out. */
static ssize_t transfer(struct block_device *bdev, enum bio_op op, loff_t start,
			const struct bounce *b)
{
	struct bio bio = {
		.bdev = bdev, .op = op, .sector = start >> SECTOR_SHIFT,
		.vecs = b->vecs, .nr_vecs = b->nr,
	};
	size_t done = 0;
	int err;

	if (op == BIO_WRITE && bdev->swap)
		return -ETXTBSY;
	err = bio_wait(&bio);
	if (!err)
		return b->bytes;
	while (done < b->bytes) {
		err = blk_rw_sync(bdev, op, (start + done) >> SECTOR_SHIFT, bounce_at(b, done),
				  bdev->block_bytes);
		if (err)
			break;
		done += bdev->block_bytes;
	}
	return done ? (ssize_t)done : err;
}

/* What a transfer of @good bytes (or an errno) means to one who wanted the @wanted bytes from @head
 * on. */
static ssize_t usable(ssize_t good, size_t head, size_t wanted)
{
	if (good < 0)
		return good;
	if ((size_t)good <= head)
		return -EIO;
	return min((size_t)good - head, wanted);
}

/* One request's worth of a read. Bytes or errno. */
static ssize_t read_piece(struct block_device *bdev, struct iov_iter *to, loff_t pos, size_t bytes)
{
	size_t head = pos & (bdev->block_bytes - 1);
	struct bounce b;
	ssize_t ret = bounce_get(&b, bdev, ALIGN_UP(head + bytes, (size_t)bdev->block_bytes));

	if (ret)
		return ret;
	bytes = min(bytes, b.bytes - head);
	ret = usable(transfer(bdev, BIO_READ, pos - head, &b), head, bytes);
	if (ret > 0)
		ret = bounce_copy(&b, head, ret, to, true) ?: (size_t)-EFAULT;
	bounce_put(&b);
	return ret;
}

static ssize_t blk_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct block_device *bdev = file->private_data;
	size_t done = 0;

	while (iov_iter_count(to) && *pos < disk_bytes(bdev)) {
		size_t bytes = min(iov_iter_count(to), (size_t)(disk_bytes(bdev) - *pos));
		ssize_t moved = read_piece(bdev, to, *pos, bytes);

		if (moved < 0)
			return done ? (ssize_t)done : moved;
		*pos += moved;
		done += moved;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* Read the @bytes at @at, which lie in one block, into @to. @block: room for the whole block. */
static int fill_from_disk(struct block_device *bdev, loff_t at, size_t bytes, void *to, void *block)
{
	size_t inside = at & (bdev->block_bytes - 1);
	int err = bytes ? blk_rw_sync(bdev, BIO_READ, (at - inside) >> SECTOR_SHIFT, block,
				      bdev->block_bytes) : 0;

	if (!err && bytes)
		memcpy(to, (char *)block + inside, bytes);
	return err;
}

/* Write @b, of which the bytes before @head and from @tail on are still to be found out. */
static ssize_t write_edges(struct block_device *bdev, loff_t start, const struct bounce *b,
			   size_t head, size_t tail)
{
	void *block = get_free_page(GFP_KERNEL);
	ssize_t ret;

	if (!block)
		return -ENOMEM;
	down_write(&bdev->disk->edge_rwsem);
	ret = fill_from_disk(bdev, start, head, bounce_at(b, 0), block);
	if (!ret && tail < b->bytes)
		ret = fill_from_disk(bdev, start + tail, b->bytes - tail, bounce_at(b, tail),
				     block);
	if (!ret)
		ret = transfer(bdev, BIO_WRITE, start, b);
	up_write(&bdev->disk->edge_rwsem);
	free_page(block);
	return ret;
}

/* One request's worth of a write. Bytes or errno. */
static ssize_t write_piece(struct block_device *bdev, struct iov_iter *from, loff_t pos,
			   size_t bytes)
{
	size_t head = pos & (bdev->block_bytes - 1);
	struct bounce b;
	ssize_t ret = bounce_get(&b, bdev, ALIGN_UP(head + bytes, (size_t)bdev->block_bytes));

	if (ret)
		return ret;
	bytes = bounce_copy(&b, head, min(bytes, b.bytes - head), from, false);
	if (!bytes) {
		bounce_put(&b);
		return -EFAULT;
	}
	bounce_resize(&b, ALIGN_UP(head + bytes, (size_t)bdev->block_bytes));
	if (head || head + bytes < b.bytes) {
		ret = write_edges(bdev, pos - head, &b, head, head + bytes);
	} else {
		down_read(&bdev->disk->edge_rwsem);
		ret = transfer(bdev, BIO_WRITE, pos, &b);
		up_read(&bdev->disk->edge_rwsem);
	}
	bounce_put(&b);
	return usable(ret, head, bytes);
}

static ssize_t write_pieces(struct block_device *bdev, struct iov_iter *from, loff_t *pos)
{
	size_t done = 0;

	while (iov_iter_count(from) && *pos < disk_bytes(bdev)) {
		size_t left = iov_iter_count(from);
		ssize_t moved = write_piece(bdev, from, *pos,
					    min(left, (size_t)(disk_bytes(bdev) - *pos)));

		if (moved < 0)
			return done ? (ssize_t)done : moved;
		*pos += moved;
		done += moved;
		/* Of what was taken from user memory not all was written: an error's place. */
		if ((size_t)moved < left - iov_iter_count(from) || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static ssize_t blk_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct block_device *bdev = file->private_data;
	ssize_t ret;
	int err;

	if (bdev->read_only)
		return -EPERM;
	if (!iov_iter_count(from))
		return 0;
	if (file->f_flags & O_APPEND)
		*pos = disk_bytes(bdev);
	if (*pos >= disk_bytes(bdev))
		return -ENOSPC;
	ret = write_pieces(bdev, from, pos);
	err = ret > 0 && (file->f_flags & O_DSYNC) ? blk_flush(bdev) : 0;
	return err ? err : ret;
}

static loff_t blk_llseek(struct file *file, loff_t off, int whence)
{
	loff_t size = disk_bytes(file->private_data);

	if (whence == SEEK_CUR)
		off += file->f_pos;
	else if (whence == SEEK_END)
		off += size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0 || off > size)
		return -EINVAL;
	file->f_pos = off;
	return off;
}

static int blk_fsync(struct file *file)
{
	return blk_flush(file->private_data);
}

static long blk_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct block_device *bdev = file->private_data;

	switch (cmd) {
	case BLKROGET:
		return put_user(bdev->read_only, (int *)arg);
	case BLKGETSIZE:
		return put_user(bdev->nr_sectors, (unsigned long *)arg);
	case BLKGETSIZE64:
		return put_user((u64)disk_bytes(bdev), (u64 *)arg);
	case BLKSSZGET:
	case BLKPBSZGET:
		return put_user(bdev->block_bytes, (unsigned int *)arg);
	case BLKBSZGET:
		return put_user(PAGE_SIZE, (int *)arg);
	case BLKFLSBUF:
		return blk_flush(bdev);
	default:
		return -ENOTTY;
	}
}

static int blk_open(struct inode *inode, struct file *file)
{
	struct block_device *bdev = blk_find(inode->i_rdev);

	if (!bdev)
		return -ENXIO;
	if (file->f_mode & FMODE_EXCL && !blk_claim(bdev))
		return -EBUSY;
	file->private_data = bdev;
	return 0;
}

static void blk_release(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_EXCL)
		blk_unclaim(file->private_data);
}

const struct file_operations blk_fops = {
	.open		= blk_open,
	.release	= blk_release,
	.read		= blk_read,
	.write		= blk_write,
	.llseek		= blk_llseek,
	.fsync		= blk_fsync,
	.ioctl		= blk_ioctl,
};
