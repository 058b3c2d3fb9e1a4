/* procfs_scan.c - PAGEMAP_SCAN, the ioctl of /proc/PID/pagemap: which pages are of some kind.
 * A page has categories, PAGE_IS_*. Pages that match and lie side by side with the same categories
 * are one region.
 * No memory here has write protection by userfaultfd, so every page counts as written, a scan that
 * asks for that protection passes all areas by, and one that insists on it is EPERM. There are no
 * guard pages and no huge ones.
 * Locks:  mmap_lock for reading while a page of regions is made in kernel memory; none while it is
 *         copied to the caller.
 * Read:   procfs_pagemap.c; mm/pagewalk.c. */
#include "procfs_internal.h"

#include <asm/pgtable.h>
#include <asm/uaccess.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/pagewalk.h>
#include <mm/swap.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/procfs.h>

#define CHUNK		512u	/* pages whose categories are found at a time */
#define BUF_REGIONS	(PAGE_SIZE / sizeof(struct page_region))

struct scan {
	struct pm_scan_arg	arg;
	struct page_region	*out;		/* BUF_REGIONS, found and not copied yet */
	unsigned int		nr;		/* in out */
	u64			copied;		/* regions that the caller has */
	u64			pages_left;
	unsigned long		at;		/* how far it has come */
	u16			kinds[CHUNK];	/* categories of the pages from first on */
	unsigned long		first;
};

static u16 kind_of(pte_t pte)
{
	u16 kind = PAGE_IS_WRITTEN;

	if (pte_none(pte))
		return 0;
	if (is_swap_pte(pte))
		return kind | PAGE_IS_SWAPPED | (pte_swp_soft_dirty(pte) ? PAGE_IS_SOFT_DIRTY : 0);
	kind |= PAGE_IS_PRESENT | (pte_soft_dirty(pte) ? PAGE_IS_SOFT_DIRTY : 0);
	if (pte_special(pte))
		return kind | (pte_pfn(pte) == page_to_pfn(zero_page) ? PAGE_IS_PFNZERO : 0);
	if (!folio_test_anon(page_folio(pfn_to_page(pte_pfn(pte)))))
		kind |= PAGE_IS_FILE;
	return kind;
}

static void note_kind(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	struct scan *s = walk->arg;

	s->kinds[(addr - s->first) >> PAGE_SHIFT] = kind_of(ptep_get(ptep));
}

static bool matches(const struct pm_scan_arg *arg, u64 kind)
{
	kind ^= arg->category_inverted;
	return (kind & arg->category_mask) == arg->category_mask &&
	       (!arg->category_anyof_mask || kind & arg->category_anyof_mask);
}

/* Note that the pages from s->at up to @end are of @kind, if that is asked for, and go there.
 * False: there is no room for the one at s->at. */
static bool add_pages(struct scan *s, unsigned long end, u64 kind)
{
	struct page_region *last = s->nr ? &s->out[s->nr - 1] : NULL;
	u64 pages = min((end - s->at) >> PAGE_SHIFT, s->pages_left);
	unsigned long to = s->at + (pages << PAGE_SHIFT);

	if (!matches(&s->arg, kind)) {
		s->at = end;
		return true;
	}
	kind &= s->arg.return_mask;
	if (!pages)
		return false;
	if (s->arg.vec && last && last->end == s->at && last->categories == kind) {
		last->end = to;
	} else if (s->arg.vec) {
		if (s->nr == BUF_REGIONS || s->copied + s->nr == s->arg.vec_len)
			return false;
		s->out[s->nr++] = (struct page_region){ s->at, to, kind };
	}
	s->pages_left -= pages;
	s->at = to;
	return to == end;
}

/* Pages from s->at up to @to of @vma: those that have no table, or CHUNK at most. False: there is
 * no more room. */
static bool scan_chunk(struct scan *s, struct vm_area_struct *vma, unsigned long to)
{
	struct mm_walk walk = { .vma = vma, .pte_entry = note_kind, .arg = s };
	u64 all = vma->vm_flags & VM_SOFTDIRTY ? PAGE_IS_SOFT_DIRTY : 0;
	unsigned long table = skip_no_tables(vma->vm_mm, s->at, to);

	if (table > s->at)
		return add_pages(s, table, all);
	to = min(to, s->at + CHUNK * PAGE_SIZE);
	s->first = s->at;
	memset(s->kinds, 0, sizeof(s->kinds));
	walk_page_range(&walk, s->at, to);
	while (s->at < to)
		if (!add_pages(s, s->at + PAGE_SIZE,
			       s->kinds[(s->at - s->first) >> PAGE_SHIFT] | all))
			return false;
	return true;
}

/* From s->at on. 0: all has been looked at, or there is no more room; -EPERM, -EINTR. mmap_lock
 * held. */
static int scan_areas(struct scan *s, struct mm_struct *mm)
{
	struct vm_area_struct *vma = find_vma(mm, s->at);

	for (; vma && vma->vm_start < s->arg.end; vma = vma_next(vma)) {
		unsigned long to = min(vma->vm_end, s->arg.end);

		if (s->arg.flags & PM_SCAN_CHECK_WPASYNC)
			return -EPERM;
		if (s->arg.flags & PM_SCAN_WP_MATCHING || vma->vm_flags & VM_PFNMAP)
			continue;
		s->at = max(s->at, vma->vm_start);
		while (s->at < to) {
			if (fatal_signal_pending(current))
				return -EINTR;
			if (!scan_chunk(s, vma, to))
				return 0;
		}
	}
	s->at = s->arg.end;
	return 0;
}

/* Give the caller what was found. The last region may grow: it is kept unless @all. */
static int copy_regions(struct scan *s, bool all)
{
	unsigned int nr = all || !s->nr ? s->nr : s->nr - 1;
	struct page_region *to = (struct page_region *)s->arg.vec + s->copied;

	if (nr && copy_to_user(to, s->out, nr * sizeof(*to)))
		return -EFAULT;
	if (nr < s->nr)
		s->out[0] = s->out[nr];
	s->nr -= nr;
	s->copied += nr;
	return 0;
}

static int scan_all(struct scan *s, struct mm_struct *mm)
{
	bool full;
	int ret;

	do {
		ret = down_read_killable(&mm->mmap_lock);
		if (ret)
			return ret;
		ret = scan_areas(s, mm);
		up_read(&mm->mmap_lock);
		if (ret)
			return ret;
		full = s->at < s->arg.end && s->nr == BUF_REGIONS && s->pages_left &&
		       s->copied + s->nr < s->arg.vec_len;
		ret = copy_regions(s, !full);
		cond_resched();
	} while (!ret && full);
	return ret;
}

/* 0, -EINVAL or -EFAULT. */
static int check_arg(struct pm_scan_arg *arg)
{
	u64 categories = arg->category_inverted | arg->category_mask | arg->category_anyof_mask |
			 arg->return_mask;

	if (arg->size != sizeof(*arg) || categories & ~(u64)PM_SCAN_CATEGORIES ||
	    arg->flags & ~(u64)(PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC))
		return -EINVAL;
	if (offset_in_page(arg->start))
		return -EINVAL;
	if (arg->end < arg->start || arg->end > TASK_SIZE)
		return -EFAULT;
	if (!arg->vec && arg->vec_len)
		return -EINVAL;
	if (arg->vec && !arg->vec_len)
		return -EINVAL;
	arg->end = PAGE_ALIGN(arg->end);
	return 0;
}

long proc_pagemap_scan(struct mm_struct *mm, void *user)
{
	struct scan *s = get_zeroed_page(GFP_KERNEL);
	long ret = -ENOMEM;

	BUILD_ASSERT(sizeof(*s) <= PAGE_SIZE);
	if (!s)
		return -ENOMEM;
	s->out = get_free_page(GFP_KERNEL);
	if (s->out)
		ret = copy_from_user(&s->arg, user, sizeof(s->arg)) ? -EFAULT : check_arg(&s->arg);
	if (!ret) {
		s->at = s->arg.start;
		s->pages_left = s->arg.max_pages ?: ~0UL;
		if (mm && atomic_inc_not_zero(&mm->mm_users)) {
			ret = scan_all(s, mm);
			mmput(mm);
		} else {
			s->at = s->arg.end;
		}
		s->arg.walk_end = s->at;
		if (copy_to_user(&((struct pm_scan_arg *)user)->walk_end, &s->arg.walk_end,
				 sizeof(s->arg.walk_end)))
			ret = -EFAULT;
	}
	if (!ret)
		ret = s->copied;
	if (s->out)
		free_page(s->out);
	free_page(s);
	return ret;
}
