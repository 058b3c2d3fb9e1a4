/* procfs_pagemap.c - /proc/PID/pagemap, /proc/kpagecount and /proc/kpageflags: from an address to a
 * frame, and from a frame to how often it is mapped and what it is. Arrays of 64-bit words, one a
 * page, read at any multiple of 8.
 * Holds:  an open pagemap keeps the mm that the process had then, through mm_count: it ends at once
 *         when the process has exited or called exec. Frame numbers are for whoever was root at
 *         open.
 * Locks:  mmap_lock for reading while a page of words is made in kernel memory; none while it is
 *         copied to the reader. Frames are looked at as they are: a word may be out of date when it
 *         is read.
 * Read:   procfs_rmap.c, which tells who maps a frame. */
#include "procfs_internal.h"

#include <asm/pgtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/pagewalk.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/procfs.h>

#define WORD		sizeof(u64)
#define BUF_WORDS	(PAGE_SIZE / WORD)

/* A word of pagemap. The low bits are a frame number or, with PM_SWAP, the area and above it the
 * slot. */
#define PM_PFN_MASK		(BIT(55) - 1)
#define PM_SWAP_TYPE_BITS	5
#define PM_SOFT_DIRTY		BIT(55)
#define PM_MMAP_EXCLUSIVE	BIT(56)
#define PM_FILE			BIT(61)		/* of a file or shared memory */
#define PM_SWAP			BIT(62)
#define PM_PRESENT		BIT(63)

/* Bits of a word of kpageflags. */
enum {
	KPF_LOCKED = 0, KPF_REFERENCED = 2, KPF_UPTODATE = 3, KPF_DIRTY = 4, KPF_LRU = 5,
	KPF_ACTIVE = 6, KPF_SLAB = 7, KPF_WRITEBACK = 8, KPF_RECLAIM = 9, KPF_BUDDY = 10,
	KPF_MMAP = 11, KPF_ANON = 12, KPF_SWAPCACHE = 13, KPF_SWAPBACKED = 14,
	KPF_UNEVICTABLE = 18, KPF_NOPAGE = 20, KPF_ZERO_PAGE = 24, KPF_IDLE = 25, KPF_PGTABLE = 26,
	KPF_RESERVED = 32, KPF_MLOCKED = 33,
	/* Linux calls these two by the first meaning of their flag: mapped to disk, owner's. */
	KPF_ANON_EXCLUSIVE = 34, KPF_SWAPCACHE_TOO = 37,
};

/* ---- arrays of words ---- */

/* Copy the words from *pos on, up to word number @end, which @fill makes: 0 or errno. */
static ssize_t read_words(struct iov_iter *to, loff_t *pos, unsigned long end,
			  int (*fill)(u64 *words, unsigned long first, unsigned long nr, void *arg),
			  void *arg)
{
	unsigned long word = *pos / WORD;
	ssize_t done = 0;
	int ret = 0;
	u64 *words;

	if (*pos % WORD || iov_iter_count(to) % WORD)
		return -EINVAL;
	words = get_free_page(GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	while (word < end && iov_iter_count(to) && !ret) {
		unsigned long nr = min(BUF_WORDS - word % BUF_WORDS, iov_iter_count(to) / WORD);
		size_t copied;

		nr = min(nr, end - word);
		ret = fill(words, word, nr, arg);
		if (ret)
			break;
		copied = copy_to_iter(words, nr * WORD, to);
		done += copied;
		word += nr;
		if (copied < nr * WORD)
			ret = -EFAULT;
		cond_resched();
	}
	free_page(words);
	if (ret)
		return ret;
	*pos += done;
	return done;
}

/* ---- /proc/PID/pagemap ---- */

struct pagemap_file {
	struct mm_struct	*mm;		/* [c] mm_count; NULL: there was none */
	bool			show_pfn;	/* [c] */
};

struct pagemap_fill {
	u64			*words;
	unsigned long		first;		/* page number of words[0] */
	bool			show_pfn;
};

static u64 swap_word(pte_t pte, bool show_slot)
{
	swp_entry_t entry = pte_to_swp_entry(pte);
	u64 slot = swp_offset(entry) << PM_SWAP_TYPE_BITS | swp_type(entry);

	return PM_SWAP | (pte_swp_soft_dirty(pte) ? PM_SOFT_DIRTY : 0) |
	       (show_slot ? slot & PM_PFN_MASK : 0);
}

static u64 entry_word(const struct vm_area_struct *vma, pte_t pte, bool show_pfn)
{
	u64 word = vma->vm_flags & VM_SOFTDIRTY ? PM_SOFT_DIRTY : 0;
	const struct page *page;

	if (pte_none(pte))
		return word;
	if (is_swap_pte(pte))
		return word | swap_word(pte, show_pfn);
	word |= PM_PRESENT | (show_pfn ? pte_pfn(pte) & PM_PFN_MASK : 0) |
		(pte_soft_dirty(pte) ? PM_SOFT_DIRTY : 0);
	if (pte_special(pte))
		return word;
	page = pfn_to_page(pte_pfn(pte));
	if (!((unsigned long)READ_ONCE(page->mapping) & PAGE_MAPPING_ANON))
		word |= PM_FILE;
	if (atomic_read(&page->_mapcount) == 1)
		word |= PM_MMAP_EXCLUSIVE;
	return word;
}

static void fill_entry(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	struct pagemap_fill *f = walk->arg;

	f->words[(addr >> PAGE_SHIFT) - f->first] =
		entry_word(walk->vma, ptep_get(ptep), f->show_pfn);
}

/* Words of pages [start, end), bytes, as far as areas are there. mmap_lock held. */
static void fill_areas(struct mm_struct *mm, unsigned long start, unsigned long end,
		       struct pagemap_fill *f)
{
	struct mm_walk walk = { .pte_entry = fill_entry, .arg = f };

	for (walk.vma = find_vma(mm, start); walk.vma && walk.vma->vm_start < end;
	     walk.vma = vma_next(walk.vma)) {
		unsigned long from = max(start, walk.vma->vm_start);
		unsigned long to = min(end, walk.vma->vm_end);

		/* Where there is no table, nothing will be visited. */
		for (unsigned long addr = from; addr < to; addr += PAGE_SIZE)
			f->words[(addr >> PAGE_SHIFT) - f->first] =
				entry_word(walk.vma, (pte_t){ 0 }, f->show_pfn);
		walk_page_range(&walk, from, to);
	}
}

static int fill_pagemap(u64 *words, unsigned long first, unsigned long nr, void *arg)
{
	struct pagemap_file *pf = arg;
	struct pagemap_fill f = { words, first, pf->show_pfn };
	int ret = down_read_killable(&pf->mm->mmap_lock);

	if (ret)
		return ret;
	memset(words, 0, nr * WORD);
	fill_areas(pf->mm, first << PAGE_SHIFT, (first + nr) << PAGE_SHIFT, &f);
	up_read(&pf->mm->mmap_lock);
	return 0;
}

static ssize_t pagemap_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct pagemap_file *pf = file->private_data;
	ssize_t ret;

	if (!pf->mm || !atomic_inc_not_zero(&pf->mm->mm_users))
		return 0;
	ret = read_words(to, pos, TASK_SIZE >> PAGE_SHIFT, fill_pagemap, pf);
	mmput(pf->mm);
	return ret;
}

static int pagemap_open(struct inode *inode, struct file *file)
{
	struct pagemap_file *pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	int ret;

	if (!pf)
		return -ENOMEM;
	pf->show_pfn = !current->cred.euid;
	ret = proc_open_mm(inode, &pf->mm);
	if (ret)
		kfree(pf);
	else
		file->private_data = pf;
	return ret;
}

static void pagemap_release(struct inode *inode, struct file *file)
{
	struct pagemap_file *pf = file->private_data;

	if (pf->mm)
		mmdrop(pf->mm);
	kfree(pf);
}

static long pagemap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pagemap_file *pf = file->private_data;

	return cmd == PAGEMAP_SCAN ? proc_pagemap_scan(pf->mm, (void *)arg) : -ENOTTY;
}

const struct file_operations proc_pagemap_fops = {
	.ioctl = pagemap_ioctl,
	.read = pagemap_read,
	.open = pagemap_open,
	.release = pagemap_release,
};

/* ---- frames ---- */

static u64 frame_count(unsigned long pfn)
{
	const struct page *page = pfn_to_online_page(pfn);

	return page ? atomic_read(&page->_mapcount) : 0;
}

static const struct {
	enum pageflags	ours;
	unsigned int	theirs;
} kpf_bits[] = {
	{ PG_locked, KPF_LOCKED }, { PG_uptodate, KPF_UPTODATE }, { PG_dirty, KPF_DIRTY },
	{ PG_lru, KPF_LRU }, { PG_active, KPF_ACTIVE }, { PG_slab, KPF_SLAB },
	{ PG_swapbacked, KPF_SWAPBACKED }, { PG_table, KPF_PGTABLE },
	{ PG_reserved, KPF_RESERVED }, { PG_mlocked, KPF_MLOCKED }, { PG_idle, KPF_IDLE },
	{ PG_referenced, KPF_REFERENCED }, { PG_unevictable, KPF_UNEVICTABLE },
	{ PG_swapcache, KPF_SWAPCACHE }, { PG_writeback, KPF_WRITEBACK },
	{ PG_reclaim, KPF_RECLAIM }, { PG_anon_exclusive, KPF_ANON_EXCLUSIVE },
	{ PG_swapcache, KPF_SWAPCACHE_TOO },
};

static u64 frame_flags(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	u64 flags = 0;

	if (!page)
		return BIT(KPF_NOPAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(kpf_bits); i++)
		if (page_flag(page, kpf_bits[i].ours))
			flags |= BIT(kpf_bits[i].theirs);
	if (page == zero_page)
		flags |= BIT(KPF_ZERO_PAGE);
	if (atomic_read(&page->_mapcount))
		flags |= BIT(KPF_MMAP);
	/* A frame's mapping means something only while it is a folio. */
	if ((page_flag(page, PG_lru) || page_flag(page, PG_swapcache)) &&
	    folio_test_anon(page_folio(page)))
		flags |= BIT(KPF_ANON);
	if (!atomic_read(&page->_refcount) && page_is_free_buddy(page))
		flags |= BIT(KPF_BUDDY);
	return flags;
}

static int fill_frames(u64 *words, unsigned long first, unsigned long nr, void *arg)
{
	u64 (*word)(unsigned long pfn) = arg;

	for (unsigned long i = 0; i < nr; i++)
		words[i] = word(first + i);
	return 0;
}

static ssize_t kpagecount_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return read_words(to, pos, memblock_end() >> PAGE_SHIFT, fill_frames, frame_count);
}

static ssize_t kpageflags_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return read_words(to, pos, memblock_end() >> PAGE_SHIFT, fill_frames, frame_flags);
}

const struct file_operations proc_kpagecount_fops = {
	.read = kpagecount_read,
};

const struct file_operations proc_kpageflags_fops = {
	.read = kpageflags_read,
};
