/* special.c - areas that show frames of the kernel's: shared by all, owned by none.
 * Holds:  the frames outlive every area. An entry that maps one is marked special, as that of the
 *         zero page is: it holds no reference and is counted nowhere, the frame is on no list, and
 *         no walk of the reverse map, no reclaim and no swap ever looks for it. VM_PFNMAP and
 *         VM_DONTEXPAND keep such an area from merging, growing, and being locked or advised away.
 *         Nor is one ever cut in two (vma_split), so it always shows all of its frames.
 *         There is no VM_MAYWRITE, so no entry is ever writable, and none is copied. fork copies
 *         the area alone; the child's entries come by its own faults.
 * Locks:  mmap_lock.
 * Read:   memory.c: map_special_page. */
#include <mm/special.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <mm/internal.h>

#define SPECIAL_FLAGS	(VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYEXEC | VM_PFNMAP | VM_DONTEXPAND)

/* mmap_lock held for write. */
static int link_special(struct mm_struct *mm, const struct special_mapping *special,
			unsigned long addr)
{
	struct vm_area_struct *vma = vma_alloc(mm);

	if (!vma)
		return -ENOMEM;
	vma->vm_start = addr;
	vma->vm_end = addr + ((unsigned long)special->nr << PAGE_SHIFT);
	vma->vm_flags = SPECIAL_FLAGS;
	vma->vm_special = special;
	vma_set_page_prot(vma);
	vma_link(mm, vma);
	vm_stat_account(mm, vma->vm_flags, special->nr);
	return 0;
}

unsigned long map_special(struct mm_struct *mm, const struct special_mapping *special)
{
	unsigned long addr;
	int err;

	down_write(&mm->mmap_lock);
	addr = get_unmapped_area(mm, 0, (unsigned long)special->nr << PAGE_SHIFT, 0);
	err = IS_ERR_VALUE(addr) ? (int)addr : link_special(mm, special, addr);
	up_write(&mm->mmap_lock);
	return err ? (unsigned long)err : addr;
}

bool vma_is_special(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_PFNMAP && !vma->vm_file;
}

struct page *special_page(const struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long index = (addr - vma->vm_start) >> PAGE_SHIFT;

	DEBUG_ASSERT(vma_is_special(vma) && index < vma->vm_special->nr);
	return vma->vm_special->pages[index];
}
