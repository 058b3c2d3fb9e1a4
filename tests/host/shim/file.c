/* file.c - the file double.
 * Holds:  each struct file has a reference on its inode; the last one drops the pages. */
#include "file.h"

#include <lib/err.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#include "os.h"

struct list_head shim_inodes = LIST_HEAD_INIT(shim_inodes);
unsigned long shim_nr_files;
unsigned long shim_charged, shim_charge_limit = ~0UL;

static const struct file_operations file_ops = { .mmap = generic_file_mmap };

static int charge(struct address_space *mapping)
{
	(void)mapping;
	if (__atomic_load_n(&shim_charged, __ATOMIC_RELAXED) >= shim_charge_limit)
		return -ENOSPC;
	__atomic_fetch_add(&shim_charged, 1, __ATOMIC_RELAXED);
	return 0;
}

static void uncharge(struct address_space *mapping, unsigned long nr)
{
	(void)mapping;
	ASSERT(__atomic_load_n(&shim_charged, __ATOMIC_RELAXED) >= nr);
	__atomic_fetch_sub(&shim_charged, nr, __ATOMIC_RELAXED);
}

static const struct address_space_operations mapping_ops = { .charge = charge,
							     .uncharge = uncharge };

static struct file *open_inode(struct inode *inode, unsigned int f_mode)
{
	struct file *file = os_alloc(sizeof(*file));

	atomic_set(&file->f_count, 1);
	file->f_mode = f_mode;
	file->f_op = &file_ops;
	file->f_inode = inode;
	file->f_mapping = &inode->i_data;
	atomic_inc(&inode->i_count);
	__atomic_fetch_add(&shim_nr_files, 1, __ATOMIC_RELAXED);
	return file;
}

/* Nobody asks these files for their times. */
/* These files are no regular ones, and so may be mapped anywhere. */
bool file_may_have(const struct file *file, unsigned long pgoff, unsigned long len)
{
	return true;
}

void file_update_time(struct file *file)
{
}

/* Inodes are in the kernel's memory, where its verifier expects them. */
static struct file *new_file(size_t bytes)
{
	struct shim_inode *shim = kmalloc(sizeof(*shim), GFP_KERNEL | __GFP_ZERO);

	if (!shim)
		return ERR_PTR(-ENOMEM);
	address_space_init(&shim->inode.i_data, &shim->inode);
	shim->inode.i_data.a_ops = &mapping_ops;
	shim->inode.i_data.shmem = true;
	shim->inode.i_size = bytes;
	init_rwsem(&shim->inode.i_rwsem, RANK_INODE);
	list_add(&shim->node, &shim_inodes);
	return open_inode(&shim->inode, FMODE_READ | FMODE_WRITE);
}

struct file *shim_file_new(size_t bytes)
{
	struct file *file = new_file(bytes);

	ASSERT(!IS_ERR(file));
	return file;
}

struct file *shim_file_reopen(struct file *file, unsigned int f_mode)
{
	return open_inode(file->f_inode, f_mode);
}

void fput(struct file *file)
{
	struct inode *inode = file->f_inode;

	if (!atomic_dec_and_test(&file->f_count))
		return;
	__atomic_fetch_sub(&shim_nr_files, 1, __ATOMIC_RELAXED);
	os_free(file);
	if (!atomic_dec_and_test(&inode->i_count))
		return;
	ASSERT(rb_empty(&inode->i_data.i_mmap));
	truncate_inode_pages_final(&inode->i_data);
	ASSERT(!inode->i_data.nrpages && !inode->i_data.nrswapped);
	ASSERT(radix_empty(&inode->i_data.i_pages));
	list_del(&container_of(inode, struct shim_inode, inode)->node);
	kfree(container_of(inode, struct shim_inode, inode));
}

struct file *shmem_file_setup(const char *name, loff_t bytes, bool reserve)
{
	struct file *file = new_file(bytes);

	(void)name;
	if (!IS_ERR(file) && reserve && shmem_reserve(file->f_mapping, bytes)) {
		fput(file);
		return ERR_PTR(-ENOMEM);
	}
	return file;
}

loff_t mapping_size(struct address_space *mapping)
{
	return READ_ONCE(mapping->host->i_size);
}

struct address_space *file_mapping(struct file *file)
{
	return file->f_mapping;
}

/* Bytes of one page. */
static int move(struct file *file, size_t pos, void *buf, size_t bytes, bool write)
{
	struct folio *folio = filemap_grab_folio(file->f_mapping, pos >> PAGE_SHIFT, true);
	void *at;

	if (IS_ERR(folio))
		return PTR_ERR(folio);
	at = (char *)folio_address(folio) + offset_in_page(pos);
	memcpy(write ? at : buf, write ? buf : at, bytes);
	if (write)
		folio_mark_dirty(folio);
	folio_mark_accessed(folio);
	folio_put(folio);
	return 0;
}

static int move_all(struct file *file, size_t pos, void *buf, size_t bytes, bool write)
{
	int err = 0;

	while (bytes && !err) {
		size_t part = min(bytes, PAGE_SIZE - offset_in_page(pos));

		err = move(file, pos, buf, part, write);
		pos += part;
		buf = (char *)buf + part;
		bytes -= part;
	}
	return err;
}

int shim_file_write(struct file *file, size_t pos, const void *buf, size_t bytes)
{
	struct inode *inode = file->f_inode;
	int err;

	down_write(&inode->i_rwsem);
	err = move_all(file, pos, (void *)buf, bytes, true);
	if (!err)
		WRITE_ONCE(inode->i_size, max((size_t)inode->i_size, pos + bytes));
	up_write(&inode->i_rwsem);
	return err;
}

int shim_file_read(struct file *file, size_t pos, void *buf, size_t bytes)
{
	int err;

	down_read(&file->f_inode->i_rwsem);
	ASSERT(pos + bytes <= (size_t)file->f_inode->i_size);
	err = move_all(file, pos, buf, bytes, false);
	up_read(&file->f_inode->i_rwsem);
	return err;
}

/* What lies behind @from in its page. */
static int zero_rest(struct address_space *mapping, size_t from)
{
	struct folio *folio;

	if (!offset_in_page(from))
		return 0;
	folio = filemap_read_folio(mapping, from >> PAGE_SHIFT);
	if (IS_ERR_OR_NULL(folio))
		return PTR_ERR(folio);
	memset((char *)folio_address(folio) + offset_in_page(from), 0,
	       PAGE_SIZE - offset_in_page(from));
	folio_mark_dirty(folio);
	folio_put(folio);
	return 0;
}

int shim_file_truncate(struct file *file, size_t bytes)
{
	struct inode *inode = file->f_inode;
	int err;

	down_write(&inode->i_rwsem);
	err = zero_rest(&inode->i_data, bytes);
	if (!err) {
		WRITE_ONCE(inode->i_size, bytes);
		truncate_pagecache_range(&inode->i_data, PAGE_ALIGN(bytes) >> PAGE_SHIFT, ~0UL);
	}
	up_write(&inode->i_rwsem);
	return err;
}

void shim_file_punch(struct file *file, size_t pos, size_t bytes)
{
	struct inode *inode = file->f_inode;

	down_write(&inode->i_rwsem);
	truncate_pagecache_range(&inode->i_data, pos >> PAGE_SHIFT,
				 ((pos + bytes) >> PAGE_SHIFT) - 1);
	up_write(&inode->i_rwsem);
}
