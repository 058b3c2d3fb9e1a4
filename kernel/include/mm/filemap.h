/* filemap.h - the page cache: pages of a file by index, and faults on them. */
#ifndef MM_FILEMAP_H
#define MM_FILEMAP_H

#include <fs/types.h>
#include <lib/radix.h>
#include <mm/mm_types.h>

struct inode;

struct address_space_operations {
	/* A page is about to be added: 0, or -ENOSPC and it is not. NULL: no limit, as with
	 * uncharge. */
	int (*charge)(struct address_space *mapping);
	/* @nr pages have gone (or were not added after all). */
	void (*uncharge)(struct address_space *mapping, unsigned long nr);
	/* Bytes [start, start + bytes) become a hole. 0 or errno. Takes the file's lock; sleeps.
	 * NULL: cannot be done. */
	int (*punch_hole)(struct address_space *mapping, loff_t start, loff_t bytes);
};

/* The cached pages of one inode; embedded in struct inode as i_data. */
struct address_space {
	struct inode		*host;		/* [c] */
	struct radix_tree	i_pages;	/* [pages_lock] index to folio or swap entry */
	spinlock_t		pages_lock;	/* RANK_I_PAGES */
	unsigned long		nrpages;	/* [pages_lock] folios */
	unsigned long		nrswapped;	/* [pages_lock] swap entries (tmpfs) */
	struct rb_root		i_mmap;		/* [i_mmap_rwsem] areas that map it (reverse map) */
	struct rw_semaphore	i_mmap_rwsem;	/* RANK_I_MMAP */
	const struct address_space_operations *a_ops;	/* [c] may be NULL */
	bool			shmem;		/* [c] tmpfs: counted as shared memory */
	/* [c] a promise was made for the whole file (overcommit.c): of so many pages */
	bool			reserved;
	unsigned long		nrreserved;
	bool			unevictable;	/* [shm_lock] reclaim leaves its pages alone */
	/* [shmem_swaplist_lock] in shmem_swaplist, once it had a page in swap */
	struct list_head	swaplist;
	unsigned int		swap_users;	/* [shmem_swaplist_lock] swapoff looks at it */
};

void filemap_init(void);

void address_space_init(struct address_space *mapping, struct inode *host);
/* The folio at @index with a reference, or NULL: nothing is there, or it is in swap. */
struct folio *filemap_get_folio(struct address_space *mapping, pgoff_t index);
/* The same, brought back from swap if it is there. NULL: nothing;
 * ERR_PTR(-ENOMEM, -EIO). Sleeps. */
struct folio *filemap_read_folio(struct address_space *mapping, pgoff_t index);
/* What i_pages has at @index: a folio with a reference, a swap entry (mm/swap.h), or NULL. */
void *filemap_get_entry(struct address_space *mapping, pgoff_t index);
/* Of the @nr pages from @index on, those that are in memory, below the end of the file, and not
 * locked by anybody: locked now, with a reference, in @folios. Returns how many. Does not sleep. */
unsigned int filemap_lock_present(struct address_space *mapping, pgoff_t index, unsigned long nr,
				  struct folio **folios);
/* The same, made if absent. @extend: even behind the end of the file, i_rwsem being held for write;
 * without it nothing is made there, however truncation comes in between. ERR_PTR(-ENOMEM, -EIO,
 * -EFBIG behind the end, or what charge said). Sleeps. */
struct folio *filemap_grab_folio(struct address_space *mapping, pgoff_t index, bool extend);
/* Make @page, of alloc_pages and with all its content, the one at @index: nobody sees it before. 0,
 * and the cache has a reference of its own; -EEXIST: there is one, perhaps in swap; otherwise as
 * above. */
int filemap_add_page(struct address_space *mapping, pgoff_t index, struct page *page, bool extend);
/* Up to the end of the file; it may change at any time unless i_rwsem is held. */
pgoff_t mapping_pages(struct address_space *mapping);
void folio_put(struct folio *folio);
/* The folio that @page is now, with a reference; NULL if it is none, or not one that others can
 * find. @page may be any frame of memory: see pfn_to_online_page. */
struct folio *page_get_folio(struct page *page);
/* The folio lock keeps a folio's mapping and index as they are. Sleeps. folio_address is in
 * mm/page.h. */
void folio_lock(struct folio *folio);
void folio_unlock(struct folio *folio);
/* Who writes to a folio's memory by its address, and not through an entry, says so when that is
 * done and before the reference goes: reclaim may have written it to swap meanwhile. */
void folio_mark_dirty(struct folio *folio);
/* Used by a system call: the second time (PG_referenced) it becomes active. */
void folio_mark_accessed(struct folio *folio);
/* Drop the pages [first, last] and unmap them everywhere. @last ~0UL: the file becomes shorter, and
 * private copies behind its end go too; otherwise a hole is made, and they stay. The file system
 * zeroes the parts of pages at the ends, and has changed the size before. i_rwsem held for write.
 * Sleeps. */
void truncate_pagecache_range(struct address_space *mapping, pgoff_t first, pgoff_t last);
/* The inode goes, and all its pages with it: as above, and nobody else looks at @mapping after. */
void truncate_inode_pages_final(struct address_space *mapping);
/* Lowest index >= *index that is present, in memory or in swap; false: none (SEEK_DATA, du). */
bool filemap_next_present(struct address_space *mapping, pgoff_t *index);

/* file_operations->mmap for files in the page cache. */
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);
int zero_mmap(struct file *file, struct vm_area_struct *vma);	/* /dev/zero */

/* Supplied by fs (tmpfs): an unlinked file of @bytes for shared anonymous memory; ERR_PTR. */
struct file *shmem_file_setup(const char *name, loff_t bytes, bool reserve);
/* Supplied by fs: size in bytes now. */
loff_t mapping_size(struct address_space *mapping);
struct address_space *file_mapping(struct file *file);

#endif
