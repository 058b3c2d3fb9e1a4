/* filemap.c - the page cache: the pages of a file by index, and the areas that map the file.
 * Holds:  a folio in i_pages has one reference from there, and its mapping and index say where it
 *         is. A tmpfs page that has left for swap has its entry there instead. Every area of a file
 *         is in i_mmap by the file pages that it covers.
 * Locks:  pages_lock for i_pages; the folio lock to keep a folio where it is (truncation takes it);
 *         i_mmap_rwsem for i_mmap.
 * Read:   memory.c: do_fault; zap.c: unmap_mapping_range. */
#include <mm/filemap.h>

#include <lib/err.h>
#include <lib/hash.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/internal.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include <sched/sched.h>
#include <sched/wait.h>

#define NR_FOLIO_WAITS	16
#define MAX_NEW_NODES	(64 / RADIX_BITS + 2)	/* that one insertion can need */

static struct kmem_cache *node_cache;
static struct wait_queue_head folio_waits[NR_FOLIO_WAITS];	/* by hash of the folio */

/* Called under pages_lock, so it must not sleep: see add_folio. */
static void *node_alloc(void)
{
	return kmem_cache_alloc(node_cache, GFP_NOWAIT);
}

static void node_free(void *node)
{
	kmem_cache_free(node_cache, node);
}

static const struct radix_ops node_ops = { node_alloc, node_free };

void filemap_init(void)
{
	node_cache = kmem_cache_create("radix_node", RADIX_NODE_SIZE, 8);
	for (unsigned int i = 0; i < NR_FOLIO_WAITS; i++)
		init_waitqueue_head(&folio_waits[i]);
}

void address_space_init(struct address_space *mapping, struct inode *host)
{
	*mapping = (struct address_space){ .host = host, .i_mmap = RB_ROOT };
	radix_init(&mapping->i_pages, &node_ops);
	spin_lock_init(&mapping->pages_lock, RANK_I_PAGES);
	init_rwsem(&mapping->i_mmap_rwsem, RANK_I_MMAP);
	INIT_LIST_HEAD(&mapping->swaplist);
}

/* --- the folio lock --- */

static struct wait_queue_head *folio_wait(struct folio *folio)
{
	return &folio_waits[hash_ptr(folio) % NR_FOLIO_WAITS];
}

bool folio_trylock(struct folio *folio)
{
	return !test_and_set_bit_atomic(PG_locked, &folio->page.flags);
}

void folio_lock(struct folio *folio)
{
	if (!folio_trylock(folio))
		wait_event(folio_wait(folio), folio_trylock(folio));
}

void folio_unlock(struct folio *folio)
{
	DEBUG_ASSERT(folio_flag(folio, PG_locked));
	page_clear_flag(&folio->page, PG_locked);
	folio_wake(folio);
}

void folio_wake(struct folio *folio)
{
	if (!list_empty(&folio_wait(folio)->head))
		wake_up_all(folio_wait(folio));
}

void folio_wait_writeback(struct folio *folio)
{
	if (folio_flag(folio, PG_writeback))
		wait_event(folio_wait(folio), !folio_flag(folio, PG_writeback));
}

/* --- pages --- */

void folio_mark_dirty(struct folio *folio)
{
	if (!folio_flag(folio, PG_dirty))
		page_set_flag(&folio->page, PG_dirty);
}

void *filemap_get_entry(struct address_space *mapping, pgoff_t index)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	void *entry = radix_lookup(&mapping->i_pages, index);

	if (entry && !is_swap_radix_entry(entry))
		folio_get(entry);
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return entry;
}

struct folio *filemap_get_folio(struct address_space *mapping, pgoff_t index)
{
	void *entry = filemap_get_entry(mapping, index);

	return is_swap_radix_entry(entry) ? NULL : entry;
}

/* True: @folio is locked now and may be mapped; truncation will find it so. pages_lock held. */
static bool lock_mappable(struct address_space *mapping, struct folio *folio)
{
	if (!folio_flag(folio, PG_uptodate) || !folio_trylock(folio))
		return false;
	/* Out of i_pages it cannot go while we have pages_lock. */
	DEBUG_ASSERT(folio->page.mapping == mapping);
	folio_get(folio);
	return true;
}

unsigned int filemap_lock_present(struct address_space *mapping, pgoff_t index, unsigned long nr,
				  struct folio **folios)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	pgoff_t end = min(index + nr, mapping_pages(mapping));
	unsigned int locked = 0;

	for (; index < end; index++) {
		void *entry = radix_lookup(&mapping->i_pages, index);

		if (entry && !is_swap_radix_entry(entry) && lock_mappable(mapping, entry))
			folios[locked++] = entry;
	}
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return locked;
}

struct folio *filemap_read_folio(struct address_space *mapping, pgoff_t index)
{
	for (;;) {
		void *entry = filemap_get_entry(mapping, index);

		if (is_swap_radix_entry(entry))
			entry = shmem_swapin_folio(mapping, index, radix_to_swp_entry(entry),
						   GFP_USER);
		else if (!entry)
			return NULL;
		if (entry)
			return entry;
	}
}

pgoff_t mapping_pages(struct address_space *mapping)
{
	return (pgoff_t)PAGE_ALIGN(mapping_size(mapping)) >> PAGE_SHIFT;
}

/* Truncation sets the size before it takes pages_lock: what it comes too early to find, finds that
 * it is too late. */
static int insert_folio(struct address_space *mapping, pgoff_t index, struct folio *folio,
			bool extend)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	int err = -EFBIG;

	if (extend || index < mapping_pages(mapping))
		err = radix_insert(&mapping->i_pages, index, folio);
	if (!err)
		mapping->nrpages++;
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return err;
}

/* Leave at least @nr tree nodes in this processor's magazine. 0 or -ENOMEM. */
static int stock_nodes(unsigned int nr)
{
	void *nodes[MAX_NEW_NODES];
	unsigned int have = 0;

	while (have < nr && (nodes[have] = kmem_cache_alloc(node_cache, GFP_USER)))
		have++;
	for (unsigned int i = 0; i < have; i++)
		kmem_cache_free(node_cache, nodes[i]);
	return have == nr ? 0 : -ENOMEM;
}

/* Insert, which may need tree nodes that can be had only without the lock: leave some in this
 * processor's magazine, one more each time, and try again at once. */
static int add_folio(struct address_space *mapping, pgoff_t index, struct folio *folio, bool extend)
{
	for (unsigned int nr = 1;; nr++) {
		int err = insert_folio(mapping, index, folio, extend);

		if (err != -ENOMEM || nr > MAX_NEW_NODES)
			return err;
		if (stock_nodes(nr))
			return -ENOMEM;
	}
}

static void account_folio(struct address_space *mapping, long delta)
{
	mod_page_state(NR_FILE_PAGES, delta);
	if (mapping->shmem)
		mod_page_state(NR_SHMEM, delta);
}

/* A fresh @page becomes the folio at @index, with two references, the caller's and the cache's: 0;
 * or an error, and it is as fresh as before. */
static int add_new_folio(struct address_space *mapping, pgoff_t index, struct page *page,
			 bool extend)
{
	struct folio *folio = page_folio(page);
	unsigned long fresh = page->flags;
	int err;

	page->mapping = mapping;
	page->index = index;
	page_init_flags(page, page->flags | BIT(PG_uptodate) |
			      (mapping->shmem ? BIT(PG_swapbacked) : 0));
	folio_get(folio);
	err = add_folio(mapping, index, folio, extend);
	if (err) {
		page->mapping = NULL;
		page_init_flags(page, fresh);
		atomic_set(&page->_refcount, 1);
		return err;
	}
	folio_add_lru(folio);
	account_folio(mapping, 1);
	return 0;
}

/* A page of tmpfs that no promise was made for when its file was made. */
static bool promised_singly(const struct address_space *mapping)
{
	return mapping->shmem && !mapping->reserved;
}

static void uncharge(struct address_space *mapping)
{
	if (promised_singly(mapping))
		vm_unacct_memory(1);
	if (mapping->a_ops && mapping->a_ops->uncharge)
		mapping->a_ops->uncharge(mapping, 1);
}

/* One page more: 0 or -ENOSPC. */
static int charge(struct address_space *mapping)
{
	bool limited = mapping->a_ops && mapping->a_ops->charge;
	int err = limited ? mapping->a_ops->charge(mapping) : 0;

	if (!err && promised_singly(mapping) && vm_acct_memory(1)) {
		if (limited)
			mapping->a_ops->uncharge(mapping, 1);
		err = -ENOSPC;
	}
	return err;
}

int filemap_add_page(struct address_space *mapping, pgoff_t index, struct page *page, bool extend)
{
	int err = charge(mapping);

	if (err)
		return err;
	err = add_new_folio(mapping, index, page, extend);
	if (err)
		uncharge(mapping);
	return err;
}

static struct folio *add_zeroed_page(struct address_space *mapping, pgoff_t index, bool extend)
{
	struct page *page = alloc_pages(GFP_USER | __GFP_ZERO, 0);
	int err = page ? filemap_add_page(mapping, index, page, extend) : -ENOMEM;

	if (!err)
		return page_folio(page);
	if (page)
		put_page(page);
	return ERR_PTR(err);
}

struct folio *filemap_grab_folio(struct address_space *mapping, pgoff_t index, bool extend)
{
	for (;;) {
		void *entry = filemap_get_entry(mapping, index);

		if (is_swap_radix_entry(entry))
			entry = shmem_swapin_folio(mapping, index, radix_to_swp_entry(entry),
						   GFP_USER);
		else if (!entry)
			entry = add_zeroed_page(mapping, index, extend);
		if (entry && PTR_ERR(entry) != -EEXIST)
			return entry;
	}
}

/* --- truncation --- */

/* The first entry at or after *index, as filemap_get_entry() has it; *index is where it is. */
static void *next_entry(struct address_space *mapping, pgoff_t *index, pgoff_t last)
{
	unsigned long flags = spin_lock_irqsave(&mapping->pages_lock);
	void *entry = radix_next(&mapping->i_pages, index);

	if (entry && *index > last)
		entry = NULL;
	if (entry && !is_swap_radix_entry(entry))
		folio_get(entry);
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	return entry;
}

bool filemap_next_present(struct address_space *mapping, pgoff_t *index)
{
	void *entry = next_entry(mapping, index, ~0UL);

	if (entry && !is_swap_radix_entry(entry))
		folio_put(entry);
	return entry;
}

/* @folio is locked and in the cache at @index: take it out. A fault may have mapped it since the
 * range was unmapped; now that it is locked, none can. */
static void delete_folio(struct address_space *mapping, struct folio *folio, pgoff_t index,
			 bool even_cows)
{
	unsigned long flags;

	if (folio_mapcount(folio))
		unmap_mapping_range(mapping, index, index, even_cows);
	flags = spin_lock_irqsave(&mapping->pages_lock);
	radix_delete(&mapping->i_pages, index);
	mapping->nrpages--;
	spin_unlock_irqrestore(&mapping->pages_lock, flags);
	/* Whoever has just removed the last entry may still ask whether the folio is anonymous. */
	WRITE_ONCE(folio->page.mapping, NULL);
	account_folio(mapping, -1);
	uncharge(mapping);
}

/* Take what was found at @index out: true. False: reclaim or a fault has moved it between memory
 * and swap meanwhile. Uses up the reference of a folio. */
static bool delete_entry(struct address_space *mapping, pgoff_t index, void *entry, bool even_cows)
{
	struct folio *folio = entry, *refs[2] = { folio, folio };	/* ours and the cache's */
	bool mine;

	if (is_swap_radix_entry(entry)) {
		mine = shmem_free_swap(mapping, index, radix_to_swp_entry(entry));
		if (mine)
			uncharge(mapping);
		return mine;
	}
	folio_lock(folio);
	mine = folio->page.mapping == mapping;
	if (mine)
		delete_folio(mapping, folio, index, even_cows);
	folio_unlock(folio);
	folios_put(refs, mine ? 2 : 1);
	return mine;
}

void truncate_pagecache_range(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	const pgoff_t start = first;
	bool even_cows = last == ~0UL, again = even_cows;
	void *entry;

	unmap_mapping_range(mapping, first, last, even_cows);
	while ((entry = next_entry(mapping, &first, last))) {
		bool gone = delete_entry(mapping, first, entry, even_cows);

		again |= is_swap_radix_entry(entry);
		cond_resched();
		if (gone && first++ == last)
			break;
	}
	/* Copies that faults made meanwhile, of pages that were still there; and what processors
	 * remember of pages that reclaim has unmapped but not flushed yet. */
	if (again)
		unmap_mapping_range(mapping, start, last, even_cows);
}

void truncate_inode_pages_final(struct address_space *mapping)
{
	/* Even if it looks empty: swapoff may be moving a page at this moment. */
	truncate_pagecache_range(mapping, 0, ~0UL);
	shmem_leave_swaplist(mapping);
	shmem_unreserve(mapping);
}

/* --- areas --- */

void mapping_lock_bounds(struct vm_area_struct *vma)
{
	struct address_space *mapping = file_mapping(vma->vm_file);

	down_write(&mapping->i_mmap_rwsem);
	interval_tree_remove(&vma->shared, &mapping->i_mmap);
}

void mapping_unlock_bounds(struct vm_area_struct *vma)
{
	struct address_space *mapping = file_mapping(vma->vm_file);

	vma->shared.start = vma->vm_pgoff;
	vma->shared.last = vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
	interval_tree_insert(&vma->shared, &mapping->i_mmap);
	up_write(&mapping->i_mmap_rwsem);
}

void mapping_link_vma(struct vm_area_struct *vma)
{
	down_write(&file_mapping(vma->vm_file)->i_mmap_rwsem);
	mapping_unlock_bounds(vma);
}

void mapping_unlink_vma(struct vm_area_struct *vma)
{
	mapping_lock_bounds(vma);
	up_write(&file_mapping(vma->vm_file)->i_mmap_rwsem);
}

int generic_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	(void)vma;
	return 0;
}

/* A private mapping of /dev/zero is anonymous memory with a name; a shared one is an unnamed
 * file. */
int zero_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *shmem;

	if (!(vma->vm_flags & VM_SHARED)) {
		vma->vm_anon_file = vma->vm_file;	/* with the reference */
		vma->vm_file = NULL;
		return 0;
	}
	shmem = shmem_file_setup("dev/zero", vma->vm_end - vma->vm_start,
				 !(vma->vm_flags & VM_NORESERVE));
	if (IS_ERR(shmem))
		return PTR_ERR(shmem);
	vma->vm_file = shmem;
	fput(file);
	return 0;
}
