/* madvise.c - advice about a range: some of it changes flags of areas, some acts on pages at once,
 * the rest is accepted and changes nothing.
 * Locks:  mmap_lock for write where areas change, for read otherwise.
 * Read:   vma.c, zap.c, memory.c: populate_range. */
#include <mm/internal.h>

#include <lib/err.h>
#include <mm/filemap.h>
#include <proc/task.h>
#include <uapi/mman.h>

/* --- advice that is a flag --- */

/* Set *flags as @advice says for @vma; 0, or -EINVAL where it makes no sense. */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	const vm_flags_t order = VM_RAND_READ | VM_SEQ_READ;
	bool plain = !(vma->vm_flags & VM_PFNMAP);

	*flags = vma->vm_flags;
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~order;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~order) | VM_RAND_READ;
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~order) | VM_SEQ_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return plain ? 0 : -EINVAL;
	case MADV_WIPEONFORK:
		*flags |= VM_WIPEONFORK;
		return vma->vm_file || vma->vm_flags & VM_SHARED ? -EINVAL : 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		*flags &= ~VM_DONTDUMP;
		return plain ? 0 : -EINVAL;
	case MADV_MERGEABLE:
		if (!(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
			*flags |= VM_MERGEABLE;
		return 0;
	case MADV_UNMERGEABLE:
		*flags &= ~VM_MERGEABLE;
		return 0;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return 0;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return 0;
	}
	return -EINVAL;
}

/* @vma's part [start, end). The area that has it now, or ERR_PTR. */
static struct vm_area_struct *advise_flags(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end, int advice)
{
	vm_flags_t flags;
	int err = advised_flags(vma, advice, &flags);

	if (err)
		return ERR_PTR(err);
	if (flags == vma->vm_flags)
		return vma;
	vma = vma_isolate(vma, start, end);
	if (IS_ERR(vma))
		return ERR_PTR(-EAGAIN);	/* as Linux has it for want of memory here */
	WRITE_ONCE(vma->vm_flags, flags);
	return vma_merge_changed(vma);
}

/* --- advice that acts --- */

static int advise_dontneed(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   bool locked_too)
{
	if (vma->vm_flags & VM_PFNMAP || (vma->vm_flags & VM_LOCKED && !locked_too))
		return -EINVAL;
	zap_page_range(vma, start, end);
	return 0;
}

static struct vm_area_struct *advise_one(struct vm_area_struct *vma, unsigned long start,
					 unsigned long end, int advice)
{
	int err = 0;

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		err = advise_dontneed(vma, start, end, advice == MADV_DONTNEED_LOCKED);
		break;
	case MADV_FREE:		/* the pages may be kept as well */
		err = vma->vm_file || vma->vm_flags & VM_LOCKED ? -EINVAL : 0;
		break;
	case MADV_COLD:
	case MADV_PAGEOUT:
		err = vma->vm_flags & (VM_LOCKED | VM_PFNMAP) ? -EINVAL : 0;
		break;
	case MADV_WILLNEED:
		break;
	default:
		return advise_flags(vma, start, end, advice);
	}
	return err ? ERR_PTR(err) : vma;
}

/* Every area in [start, end); holes are passed over but remembered as -ENOMEM. mmap_lock is
 * held. */
static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int unmapped = 0;

	while (start < end) {
		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
		}
		vma = advise_one(vma, start, min(end, vma->vm_end), advice);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = min(end, vma->vm_end);
		vma = vma_next(vma);
	}
	return unmapped;
}

static int advise_populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	while (start < end) {
		struct vm_area_struct *vma = vma_lookup(mm, start);
		unsigned long to;
		int err;

		if (!vma)
			return -ENOMEM;
		if (vma->vm_flags & VM_PFNMAP ||
		    !(vma->vm_flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)))
			return -EINVAL;
		to = min(end, vma->vm_end);
		err = populate_range(mm, start, to, write);
		if (err)
			return err;
		start = to;
	}
	return 0;
}

static bool advice_known(int advice)
{
	switch (advice) {
	case MADV_REMOVE:
		return false;
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DONTFORK ... MADV_DONTNEED_LOCKED:
		return true;
	}
	return false;
}

static bool advice_needs_write_lock(int advice)
{
	switch (advice) {
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return false;
	}
	return true;
}

int do_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len, int advice)
{
	unsigned long end = addr + PAGE_ALIGN(len);
	int err;

	if (!advice_known(advice) || offset_in_page(addr) || PAGE_ALIGN(len) < len || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
		down_read(&mm->mmap_lock);
		err = advise_populate(mm, addr, end, advice == MADV_POPULATE_WRITE);
		up_read(&mm->mmap_lock);
	} else if (advice_needs_write_lock(advice)) {
		down_write(&mm->mmap_lock);
		err = advise_range(mm, addr, end, advice);
		up_write(&mm->mmap_lock);
	} else {
		down_read(&mm->mmap_lock);
		err = advise_range(mm, addr, end, advice);
		up_read(&mm->mmap_lock);
	}
	return err;
}
