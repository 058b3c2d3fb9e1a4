/* tmpfs_file.c - the data of files that live in the page cache.
 * Holds:  what is not in the page cache reads as zeroes. No page lies wholly behind i_size,
 *         except those that fallocate with KEEP_SIZE put there.
 * Locks:  i_rwsem for writing in write, truncate and fallocate, around the copy from user memory
 *         too: a fault there takes mmap_lock and a folio lock, which rank after it. Reading
 *         takes no lock; it may see a write half done, page by page.
 * Read:   kernel/mm/filemap.c for the pages. */
#include <fs/internal.h>

#include <lib/err.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/iov_iter.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>

/* Copy what page @index has from @offset on. Returns the bytes moved, or -ENOMEM or -EIO where it
 * is in swap and cannot be had. */
static ssize_t read_page(struct address_space *mapping, pgoff_t index, size_t offset, size_t bytes,
			struct iov_iter *to)
{
	struct folio *folio = filemap_read_folio(mapping, index);
	size_t moved;

	if (IS_ERR(folio))
		return PTR_ERR(folio);
	if (!folio)
		return iov_iter_zero(bytes, to);
	moved = copy_to_iter((char *)folio_address(folio) + offset, bytes, to);
	folio_mark_accessed(folio);
	folio_put(folio);
	return moved;
}

ssize_t generic_file_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct inode *inode = file->f_inode;
	size_t done = 0;

	while (iov_iter_count(to)) {
		loff_t size = READ_ONCE(inode->i_size);
		size_t offset = *pos & ~PAGE_MASK, bytes;
		ssize_t moved;

		if (*pos >= size)
			break;
		bytes = min(PAGE_SIZE - offset, iov_iter_count(to));
		bytes = min(bytes, (size_t)(size - *pos));
		moved = read_page(file->f_mapping, *pos >> PAGE_SHIFT, offset, bytes, to);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		*pos += moved;
		done += moved;
		if ((size_t)moved < bytes)
			return done ? (ssize_t)done : -EFAULT;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	file_accessed(file);
	return done;
}

/* How much of a write at @pos the limits allow. Bytes, or -EFBIG. */
static ssize_t write_limit(struct inode *inode, loff_t pos, size_t bytes)
{
	unsigned long limit = min(rlimit(RLIMIT_FSIZE), (unsigned long)MAX_FILE_BYTES);

	if (!bytes)
		return 0;
	if ((unsigned long)pos >= limit) {
		if (limit < MAX_FILE_BYTES)
			send_signal(SIGXFSZ, NULL, current, false);
		return -EFBIG;
	}
	return min(bytes, limit - pos);
}

static int check_seals(const struct inode *inode, loff_t pos, size_t bytes)
{
	if (inode->i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if ((inode->i_seals & F_SEAL_GROW) && pos + (loff_t)bytes > inode->i_size)
		return -EPERM;
	return 0;
}

/* Whoever writes to somebody's set-uid program does not keep it one. */
static void drop_suid(struct inode *inode)
{
	if (current->cred.fsuid != 0)
		inode->i_mode = without_suid(inode->i_mode);
}

/* Put @page, the first @bytes of which are data and the rest zeros, into the file at @index. 0 or
 * errno. Uses up the reference. */
static int place_page(struct address_space *mapping, pgoff_t index, struct page *page, size_t bytes)
{
	struct folio *folio = page_folio(page);
	int err = filemap_add_page(mapping, index, page, true);

	if (err == -EEXIST) {	/* a fault has filled the hole meanwhile; or the page is in swap */
		folio = filemap_grab_folio(mapping, index, true);
		err = IS_ERR(folio) ? PTR_ERR(folio) : 0;
		if (!err)
			memcpy(folio_address(folio), page_address(page), bytes);
		put_page(page);
	} else if (err) {
		put_page(page);
	}
	if (err)
		return err;
	folio_mark_dirty(folio);
	folio_put(folio);
	return 0;
}

/* A whole page where there is none. It is filled before anybody can see it, so that it need not be
 * cleared first. Bytes moved, 0: none could be read; or errno. */
static ssize_t write_new_page(struct address_space *mapping, pgoff_t index, struct iov_iter *from)
{
	struct page *page = alloc_pages(GFP_USER, 0);
	size_t moved;
	int err;

	if (!page)
		return -ENOMEM;
	moved = copy_from_iter(page_address(page), PAGE_SIZE, from);
	if (!moved) {
		put_page(page);
		return 0;
	}
	memset((char *)page_address(page) + moved, 0, PAGE_SIZE - moved);
	err = place_page(mapping, index, page, moved);
	return err ? err : (ssize_t)moved;
}

/* Bytes moved, or errno. */
static ssize_t fill_page(struct address_space *mapping, loff_t pos, size_t bytes,
			 struct iov_iter *from)
{
	pgoff_t index = pos >> PAGE_SHIFT;
	struct folio *folio = filemap_get_folio(mapping, index);
	size_t moved;

	if (!folio && bytes == PAGE_SIZE)
		return write_new_page(mapping, index, from);
	if (!folio)
		folio = filemap_grab_folio(mapping, index, true);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	moved = copy_from_iter((char *)folio_address(folio) + (pos & ~PAGE_MASK), bytes, from);
	folio_mark_dirty(folio);
	folio_put(folio);
	return moved;
}

/* Fill one page of the file from @from. Bytes moved, or errno if none was. */
static ssize_t write_page(struct inode *inode, loff_t pos, size_t bytes, struct iov_iter *from)
{
	struct address_space *mapping = &inode->i_data;
	pgoff_t index = pos >> PAGE_SHIFT;
	ssize_t moved = fill_page(mapping, pos, bytes, from);

	if (moved < 0)
		return moved;
	if (moved && pos + (loff_t)moved > inode->i_size)
		WRITE_ONCE(inode->i_size, pos + moved);
	if (!moved && (loff_t)(index << PAGE_SHIFT) >= inode->i_size)
		truncate_pagecache_range(mapping, index, index);
	return moved ? moved : -EFAULT;
}

static ssize_t write_pages(struct inode *inode, struct iov_iter *from, loff_t *pos, size_t bytes)
{
	size_t done = 0;
	ssize_t moved;

	while (done < bytes) {
		size_t piece = min(PAGE_SIZE - (*pos & ~PAGE_MASK), bytes - done);

		moved = write_page(inode, *pos, piece, from);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		*pos += moved;
		done += moved;
		if ((size_t)moved < piece || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static ssize_t tmpfs_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct inode *inode = file->f_inode;
	ssize_t ret;

	down_write(&inode->i_rwsem);
	if (file->f_flags & O_APPEND)
		*pos = inode->i_size;
	ret = write_limit(inode, *pos, iov_iter_count(from));
	if (ret > 0) {
		size_t bytes = ret;

		ret = check_seals(inode, *pos, bytes);
		if (!ret) {
			drop_suid(inode);
			inode_update_time(inode);
			ret = write_pages(inode, from, pos, bytes);
		}
	}
	up_write(&inode->i_rwsem);
	return ret;
}

/* Zero bytes [@from, @to) of one page, if it is there. 0, or -ENOMEM or -EIO where it is in swap
 * and cannot be had. */
static int zero_in_page(struct address_space *mapping, loff_t from, loff_t to)
{
	struct folio *folio;

	if (from >= to)
		return 0;
	folio = filemap_read_folio(mapping, from >> PAGE_SHIFT);
	if (IS_ERR_OR_NULL(folio))
		return PTR_ERR(folio);
	memset((char *)folio_address(folio) + (from & ~PAGE_MASK), 0, to - from);
	folio_mark_dirty(folio);
	folio_put(folio);
	return 0;
}

/* Bytes [@start, @end) become a hole: whole pages go, parts are zeroed. Errors as above. */
static int make_hole(struct inode *inode, loff_t start, loff_t end)
{
	struct address_space *mapping = &inode->i_data;
	loff_t first = PAGE_ALIGN(start), last = end & PAGE_MASK;
	int err;

	if (first > last)			/* inside one page */
		return zero_in_page(mapping, start, end);
	err = zero_in_page(mapping, start, first);
	if (!err)
		err = zero_in_page(mapping, last, end);
	if (!err && first < last)
		truncate_pagecache_range(mapping, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - 1);
	return err;
}

static int set_size(struct inode *inode, loff_t bytes)
{
	loff_t old = inode->i_size;
	int err;

	if ((bytes < old && (inode->i_seals & F_SEAL_SHRINK)) ||
	    (bytes > old && (inode->i_seals & F_SEAL_GROW)))
		return -EPERM;
	/* Nothing stays behind the end, neither what was there nor what fallocate put there. */
	err = zero_in_page(&inode->i_data, bytes, PAGE_ALIGN(bytes));
	if (err)
		return err;
	WRITE_ONCE(inode->i_size, bytes);
	truncate_pagecache_range(&inode->i_data, PAGE_ALIGN(bytes) >> PAGE_SHIFT, ~0UL);
	return 0;
}

int tmpfs_setattr(struct inode *inode, const struct iattr *attr)
{
	if (attr->ia_valid & ATTR_SIZE) {
		int err = S_ISREG(inode->i_mode) ? set_size(inode, attr->ia_size) : -EINVAL;

		if (err)
			return err;
	}
	return simple_setattr(inode, attr);
}

/* Have a page for each of [@start, @end). After -ENOSPC or -ENOMEM none is left behind the
 * file's end. */
static int allocate_pages(struct inode *inode, loff_t start, loff_t end)
{
	pgoff_t index, last = (end - 1) >> PAGE_SHIFT;

	for (index = start >> PAGE_SHIFT; index <= last; index++) {
		struct folio *folio = filemap_grab_folio(&inode->i_data, index, true);
		int err = IS_ERR(folio) ? PTR_ERR(folio) : 0;

		if (!err)
			folio_put(folio);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err) {
			truncate_pagecache_range(&inode->i_data,
						 PAGE_ALIGN(inode->i_size) >> PAGE_SHIFT, ~0UL);
			return err;
		}
		cond_resched();
	}
	return 0;
}

int tmpfs_fallocate(struct inode *inode, int mode, loff_t start, loff_t bytes)
{
	loff_t end = start + bytes;
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (inode->i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
			return -EPERM;
		err = make_hole(inode, start, end);
		if (!err)
			inode_update_time(inode);
		return err;
	}
	if ((inode->i_seals & F_SEAL_GROW) && end > inode->i_size)
		return -EPERM;
	if (mode & FALLOC_FL_ZERO_RANGE) {
		err = make_hole(inode, start, end);
		if (err)
			return err;
	}
	err = allocate_pages(inode, start, end);
	if (err)
		return err;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode->i_size)
		WRITE_ONCE(inode->i_size, end);
	inode_update_time(inode);
	return 0;
}

/* The first byte at or after @pos that is in no page; at the latest the end @size. */
static loff_t next_hole(struct address_space *mapping, loff_t pos, loff_t size)
{
	pgoff_t index = pos >> PAGE_SHIFT, found = index;

	while (filemap_next_present(mapping, &found) && found == index) {
		found = ++index;
		if ((loff_t)(index << PAGE_SHIFT) >= size)
			return size;
		cond_resched();
	}
	return max(pos, (loff_t)(index << PAGE_SHIFT));
}

static loff_t next_data(struct address_space *mapping, loff_t pos, loff_t size)
{
	pgoff_t index = pos >> PAGE_SHIFT;

	if (!filemap_next_present(mapping, &index) || (loff_t)(index << PAGE_SHIFT) >= size)
		return -ENXIO;
	return max(pos, (loff_t)(index << PAGE_SHIFT));
}

static loff_t tmpfs_llseek(struct file *file, loff_t off, int whence)
{
	struct inode *inode = file->f_inode;
	loff_t size = READ_ONCE(inode->i_size);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return default_llseek(file, off, whence);
	if (off < 0 || off >= size)
		return -ENXIO;
	if (whence == SEEK_DATA)
		off = next_data(&inode->i_data, off, size);
	else
		off = next_hole(&inode->i_data, off, size);
	if (off >= 0)
		file->f_pos = off;
	return off;
}

static int tmpfs_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned int seals = file->f_inode->i_seals;

	if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) && (vma->vm_flags & VM_SHARED)) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vma->vm_flags &= ~VM_MAYWRITE;
	}
	file_accessed(file);
	return generic_file_mmap(file, vma);
}

static int tmpfs_file_fsync(struct file *file)
{
	return 0;
}

const struct file_operations tmpfs_file_fops = {
	.read		= generic_file_read,
	.write		= tmpfs_write,
	.llseek		= tmpfs_llseek,
	.mmap		= tmpfs_mmap,
	.fsync		= tmpfs_file_fsync,
};

int memfd_get_seals(struct file *file)
{
	if (file->f_op != &tmpfs_file_fops)
		return -EINVAL;
	return READ_ONCE(file->f_inode->i_seals);
}

/* Somebody could write to @inode's pages through a shared mapping. i_rwsem held: a new mapping that
 * looks at the seals comes before or after us, by i_mmap_rwsem. */
static bool mapped_writable(struct inode *inode)
{
	struct address_space *mapping = &inode->i_data;
	struct interval_tree_node *node;
	bool found = false;

	down_read(&mapping->i_mmap_rwsem);
	for (node = interval_tree_iter_first(&mapping->i_mmap, 0, ~0UL); node && !found;
	     node = interval_tree_iter_next(node, 0, ~0UL)) {
		const struct vm_area_struct *vma =
			container_of(node, struct vm_area_struct, shared);

		found = (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
	}
	up_read(&mapping->i_mmap_rwsem);
	return found;
}

int memfd_add_seals(struct file *file, unsigned int seals)
{
	const unsigned int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
				 F_SEAL_FUTURE_WRITE;
	struct inode *inode = file->f_inode;
	int err = 0;

	if (file->f_op != &tmpfs_file_fops || (seals & ~all))
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	down_write(&inode->i_rwsem);
	if (inode->i_seals & F_SEAL_SEAL)
		err = -EPERM;
	else if ((seals & F_SEAL_WRITE) && !(inode->i_seals & F_SEAL_WRITE) &&
		 mapped_writable(inode))
		err = -EBUSY;
	else
		inode->i_seals |= seals;
	up_write(&inode->i_rwsem);
	return err;
}
