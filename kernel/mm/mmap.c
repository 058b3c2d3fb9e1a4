/* mmap.c - what mmap, munmap and brk decide, over vma.c's tree.
 * Locks:  the do_* functions take mmap_lock for write and drop it before pages are brought in.
 * Read:   mprotect.c, mremap.c, madvise.c and mlock.c for the other calls. */
#include <mm/internal.h>

#include <lib/err.h>
#include <asm/tlb.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/vmstat.h>
#include <proc/task.h>
#include <uapi/mman.h>
#include <uapi/resource.h>

#define MAX_MAP_COUNT		65530u

unsigned int max_map_count = MAX_MAP_COUNT;

/* --- limits and counts --- */

static bool counts_as_data(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

bool may_become_data(struct mm_struct *mm, vm_flags_t flags, unsigned long pages)
{
	return !counts_as_data(flags) ||
	       mm->data_vm + pages <= rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

bool may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long pages)
{
	return mm->total_vm + pages <= rlimit(RLIMIT_AS) >> PAGE_SHIFT &&
	       may_become_data(mm, flags, pages);
}

void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, long pages)
{
	mm->total_vm += pages;
	mm->hiwater_vm = max(mm->hiwater_vm, mm->total_vm);
	if (flags & VM_GROWSDOWN)
		mm->stack_vm += pages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += pages;
	else if (counts_as_data(flags))
		mm->data_vm += pages;
	if (flags & VM_LOCKED)
		mm->locked_vm += pages;
}

bool mlock_future_ok(struct mm_struct *mm, vm_flags_t flags, unsigned long bytes)
{
	unsigned long pages = mm->locked_vm + (bytes >> PAGE_SHIFT);

	return !(flags & VM_LOCKED) || pages <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	       !current->cred.euid;
}

/* --- where --- */

unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags)
{
	unsigned long at;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		return addr;
	/* a hint: taken if there is room */
	if (addr && !(flags & MAP_32BIT && addr + len > 1UL << 31)) {
		struct vm_area_struct *vma, *prev;

		addr = max(addr & PAGE_MASK, MMAP_MIN_ADDR);
		vma = find_vma(mm, addr);
		prev = vma_prev_at(mm, addr);
		if (addr <= TASK_SIZE - len && (!vma || addr + len <= vma_start_gap(vma)) &&
		    (!prev || addr >= prev->vm_end))
			return addr;
	}
	if (flags & MAP_32BIT)
		return find_gap(mm, len, 0x40000000, 0x80000000, false);
	at = find_gap(mm, len, MMAP_MIN_ADDR, mm->mmap_base, true);
	return IS_ERR_VALUE(at) ? find_gap(mm, len, mm->mmap_base, TASK_SIZE, false) : at;
}

/* --- mmap --- */

static vm_flags_t prot_to_flags(unsigned long prot)
{
	return prot & VM_ACCESS_FLAGS;	/* the three bits have the same values */
}

/* What the file's open mode allows, or an errno. */
static int file_flags(struct file *file, unsigned long prot, unsigned long flags, vm_flags_t *out)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	if (!(file->f_mode & FMODE_READ) ||
	    (shared && prot & PROT_WRITE && !(file->f_mode & FMODE_WRITE)))
		return -EACCES;
	if (!file->f_op->mmap)
		return -ENODEV;
	*out |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	if (shared)
		*out |= VM_SHARED | VM_MAYSHARE;
	if (shared && !(file->f_mode & FMODE_WRITE))
		*out &= ~VM_MAYWRITE;
	return 0;
}

/* What MAP_SHARED_VALIDATE takes; MAP_FIXED_NOREPLACE is younger and not among it. */
#define VALIDATED_FLAGS							\
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN |	\
	 MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE |	\
	 MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_HUGE_MASK)

bool may_map_at(unsigned long addr)
{
	return addr >= MMAP_MIN_ADDR || !current->cred.euid;
}

static int check_mmap_args(struct file *file, unsigned long addr, unsigned long len,
			   unsigned long flags, unsigned long pgoff)
{
	unsigned long type = flags & MAP_TYPE;

	if (file && len && len <= TASK_SIZE && !file_may_have(file, pgoff, len))
		return -EOVERFLOW;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && (!file || flags & ~VALIDATED_FLAGS))
		return file ? -EOPNOTSUPP : -EINVAL;
	if (flags & MAP_HUGETLB)
		return -EINVAL;
	if (!len || len > TASK_SIZE)
		return len ? -ENOMEM : -EINVAL;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (offset_in_page(addr))
			return -EINVAL;
		if (addr > TASK_SIZE - len)
			return -ENOMEM;
		if (!may_map_at(addr))
			return -EPERM;
	}
	return 0;
}

/* Make and link the area; its place is free, its pages are promised if it has VM_ACCOUNT.
 * mmap_lock held for write. 0; or an errno, and the promise is taken back. */
static int map_new_area(struct mm_struct *mm, struct file *file, unsigned long addr,
			unsigned long len, vm_flags_t flags, pgoff_t pgoff)
{
	struct vm_area_struct *vma;
	int err = -ENOMEM;

	flags |= VM_SOFTDIRTY;	/* all that was here before is gone: see clear_refs.c */
	if (!file && vma_merge_new(mm, addr, addr + len, flags, NULL, pgoff))
		return 0;
	vma = vma_alloc(mm);
	if (!vma)
		goto unacct;
	vma->vm_start = addr;
	vma->vm_end = addr + len;
	vma->vm_flags = flags;
	vma->vm_pgoff = pgoff;
	vma_set_page_prot(vma);
	if (file) {
		vma->vm_file = get_file(file);
		err = file->f_op->mmap(file, vma);
		if (err)
			goto free_vma;
	}
	vma_link(mm, vma);
	vma_merge_changed(vma);
	return 0;
free_vma:
	vma_free(vma);
unacct:
	if (flags & VM_ACCOUNT)
		vm_unacct_memory(len >> PAGE_SHIFT);
	return err;
}

/* Pages of [start, end) that are in some area; of one that has @flags, if any are given. */
static unsigned long mapped_pages(struct mm_struct *mm, unsigned long start, unsigned long end,
				  vm_flags_t flags)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long bytes = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if ((vma->vm_flags & flags) == flags)
			bytes += min(end, vma->vm_end) - max(start, vma->vm_start);
	return bytes >> PAGE_SHIFT;
}

/* mmap_lock held for write; @file is NULL for private anonymous memory. The address or an errno. */
static unsigned long mmap_locked(struct mm_struct *mm, struct file *file, unsigned long addr,
				 unsigned long len, unsigned long flags, vm_flags_t vm_flags,
				 pgoff_t pgoff)
{
	unsigned long pages = len >> PAGE_SHIFT;
	int err;

	addr = get_unmapped_area(mm, addr, len, flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (flags & MAP_FIXED_NOREPLACE && find_vma_intersection(mm, addr, addr + len))
		return -EEXIST;
	if (!mlock_future_ok(mm, vm_flags, len))
		return -EAGAIN;
	/* What MAP_FIXED replaces makes room for it. */
	if (!may_expand_vm(mm, vm_flags, pages) &&
	    !(flags & MAP_FIXED &&
	      may_expand_vm(mm, vm_flags, pages - mapped_pages(mm, addr, addr + len, 0))))
		return -ENOMEM;
	if (mm->map_count > max_map_count)
		return -ENOMEM;
	if (accountable_area(vm_flags)) {
		err = vm_acct_replacing(pages, mapped_pages(mm, addr, addr + len, VM_ACCOUNT));
		if (err)
			return err;
		vm_flags |= VM_ACCOUNT;
	}
	if (flags & MAP_FIXED) {
		err = munmap_locked(mm, addr, len);
		if (err) {
			if (vm_flags & VM_ACCOUNT)
				vm_unacct_memory(pages);
			return err;
		}
	}
	if (!file)
		pgoff = addr >> PAGE_SHIFT;
	err = map_new_area(mm, file, addr, len, vm_flags, pgoff);
	if (err)
		return err;
	vm_stat_account(mm, vm_flags, pages);
	return addr;
}

static vm_flags_t map_to_flags(unsigned long flags)
{
	return (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) | (flags & MAP_LOCKED ? VM_LOCKED : 0) |
	       (flags & MAP_NORESERVE &&
		READ_ONCE(vm_overcommit_memory) != OVERCOMMIT_NEVER ? VM_NORESERVE : 0);
}

unsigned long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr,
		      unsigned long len, unsigned long prot, unsigned long flags,
		      unsigned long pgoff)
{
	vm_flags_t vm_flags = prot_to_flags(prot) | map_to_flags(flags) | mm->def_flags;
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	struct file *shmem = NULL;
	unsigned long ret;
	int err;

	len = PAGE_ALIGN(len) < len ? ~0UL : PAGE_ALIGN(len);
	err = check_mmap_args(file, addr, len, flags, pgoff);
	if (err)
		return err;
	if (vm_flags & VM_LOCKED && !rlimit(RLIMIT_MEMLOCK) && current->cred.euid)
		return -EPERM;
	if (file) {
		err = file_flags(file, prot, flags, &vm_flags);
	} else {
		vm_flags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
		if (shared) {
			vm_flags |= VM_SHARED | VM_MAYSHARE;
			file = shmem = shmem_file_setup("dev/zero", len,
							!(vm_flags & VM_NORESERVE));
			pgoff = 0;
			err = IS_ERR(shmem) ? PTR_ERR(shmem) : 0;
		}
	}
	if (err)
		return err;
	if (file && vm_flags & VM_GROWSDOWN) {
		ret = -EINVAL;
	} else {
		down_write(&mm->mmap_lock);
		ret = mmap_locked(mm, file, addr, len, flags, vm_flags, pgoff);
		up_write(&mm->mmap_lock);
	}
	if (shmem)
		fput(shmem);	/* the area has its own reference */
	if (!IS_ERR_VALUE(ret) && (vm_flags & VM_LOCKED ||
				   (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		mm_populate(mm, ret, len);
	return ret;
}

/* --- remap_file_pages --- */

/* [start, start + len) lies in areas of one file with the same rights, without a hole. */
static bool alike_up_to(struct vm_area_struct *vma, unsigned long end)
{
	struct vm_area_struct *next = vma;

	while (next->vm_end < end) {
		unsigned long at = next->vm_end;

		next = vma_next(next);
		if (!next || next->vm_start != at || next->vm_file != vma->vm_file ||
		    next->vm_flags != vma->vm_flags)
			return false;
	}
	return true;
}

int do_remap_file_pages(struct mm_struct *mm, unsigned long start, unsigned long len,
			pgoff_t pgoff, unsigned long flags)
{
	struct vm_area_struct *vma;
	struct file *file = NULL;
	unsigned long prot = 0, ret;

	down_read(&mm->mmap_lock);
	vma = vma_lookup(mm, start);
	if (vma && vma->vm_flags & VM_SHARED && alike_up_to(vma, start + len)) {
		file = get_file(vma->vm_file);
		prot = vma->vm_flags & VM_ACCESS_FLAGS;
		flags = (flags & MAP_NONBLOCK) | MAP_SHARED | MAP_FIXED | MAP_POPULATE |
			(vma->vm_flags & VM_LOCKED ? MAP_LOCKED : 0);
	}
	up_read(&mm->mmap_lock);
	if (!file)
		return -EINVAL;
	ret = do_mmap(mm, file, start, len, prot, flags, pgoff);
	fput(file);
	return IS_ERR_VALUE(ret) ? (int)ret : 0;
}

/* --- munmap --- */

/* Split whatever crosses @start or @end, so that areas lie wholly inside or outside. 0 or errno. */
static int split_at_edges(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end), *last, *cut = NULL;

	if (!vma)
		return 0;
	last = vma_lookup(mm, end - 1);
	if (vma->vm_start < start && last == vma && end < vma->vm_end &&
	    mm->map_count >= max_map_count)
		return -ENOMEM;	/* a hole in the middle makes one more */
	if (vma->vm_start < start) {
		struct vm_area_struct *upper = vma_split(vma, start);

		if (IS_ERR(upper))
			return PTR_ERR(upper);
		cut = upper;
		last = vma_lookup(mm, end - 1);
	}
	if (last && end < last->vm_end) {
		struct vm_area_struct *upper = vma_split(last, end);

		if (IS_ERR(upper)) {
			if (cut)
				vma_merge_changed(cut);
			return PTR_ERR(upper);
		}
	}
	return 0;
}

/* Nothing can fail from here. */
static void unmap_areas(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end), *next;
	struct vm_area_struct *prev = vma ? vma_prev(vma) : NULL;
	unsigned long floor = prev ? prev->vm_end : 0, top;
	struct mmu_gather tlb;
	LIST_HEAD(gone);

	tlb_gather_mmu(&tlb, mm);
	for (; vma && vma->vm_start < end; vma = next) {
		next = vma_next(vma);
		unmap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
		vma_unlink(vma);
		list_add_tail(&vma->vm_list, &gone);
	}
	top = vma ? vma->vm_start : TASK_SIZE + PAGE_SIZE;
	list_for_each_entry_safe(vma, next, &gone, vm_list) {
		/* A table that the next one needs too goes with that, when it is empty. */
		unsigned long ceiling = &next->vm_list == &gone ? top : next->vm_start;

		unlink_page_tables(mm, vma->vm_start, vma->vm_end, floor, ceiling, &tlb.tables);
		vm_stat_account(mm, vma->vm_flags,
				-(long)((vma->vm_end - vma->vm_start) >> PAGE_SHIFT));
		vm_unacct_memory(vma_promised(vma));
		vma_free(vma);
	}
	tlb_finish_mmu(&tlb);
}

int munmap_locked(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	int err;

	if (start > TASK_SIZE || len > TASK_SIZE - start)
		return -EINVAL;
	err = split_at_edges(mm, start, start + len);

	if (!err)
		unmap_areas(mm, start, start + len);
	return err;
}

int do_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	int err;

	if (offset_in_page(addr) || addr > TASK_SIZE || len > TASK_SIZE - addr || !len)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	err = munmap_locked(mm, addr, PAGE_ALIGN(len));
	up_write(&mm->mmap_lock);
	return err;
}

/* --- brk --- */

static int brk_grow(struct mm_struct *mm, unsigned long from, unsigned long to)
{
	const vm_flags_t flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
				 VM_ACCOUNT | mm->def_flags;
	unsigned long pages = (to - from) >> PAGE_SHIFT;
	struct vm_area_struct *next = find_vma(mm, from);
	int err;

	if (next && vma_start_gap(next) < to + PAGE_SIZE)
		return -ENOMEM;
	if (!may_expand_vm(mm, flags, pages) || !mlock_future_ok(mm, flags, to - from) ||
	    mm->map_count > max_map_count || vm_acct_memory(pages))
		return -ENOMEM;
	err = map_new_area(mm, NULL, from, to - from, flags, from >> PAGE_SHIFT);
	if (!err)
		vm_stat_account(mm, flags, pages);
	return err;
}

unsigned long do_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long from, to, populate = 0;
	int err = 0;

	down_write(&mm->mmap_lock);
	from = PAGE_ALIGN(mm->brk);
	to = PAGE_ALIGN(brk);
	if (brk < mm->start_brk || brk > TASK_SIZE ||
	    brk - mm->start_brk > rlimit(RLIMIT_DATA))
		err = -ENOMEM;
	else if (to > from)
		err = brk_grow(mm, from, to);
	else if (to < from)
		err = munmap_locked(mm, to, from - to);
	if (!err) {
		mm->brk = brk;
		populate = to > from && mm->def_flags & VM_LOCKED ? to - from : 0;
	}
	brk = mm->brk;
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(mm, from, populate);
	return brk;
}

/* --- the stack --- */

#define STACK_HEADROOM	(128UL << 10)	/* as Linux has it when a program starts */

int setup_stack_vma(struct mm_struct *mm, unsigned long top, unsigned long bytes, bool exec)
{
	const vm_flags_t flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
				 VM_GROWSDOWN | VM_ACCOUNT | (exec ? VM_EXEC : 0);
	unsigned long needed = PAGE_ALIGN(bytes);
	unsigned long size = min(rlimit(RLIMIT_STACK) & PAGE_MASK, needed + STACK_HEADROOM);
	unsigned long start = top - max(size, needed);
	int err;

	down_write(&mm->mmap_lock);
	if (find_vma_intersection(mm, start, top) ||	/* the program put something there */
	    vm_acct_memory((top - start) >> PAGE_SHIFT))
		err = -ENOMEM;
	else
		err = map_new_area(mm, NULL, start, top - start, flags, start >> PAGE_SHIFT);
	if (!err)
		vm_stat_account(mm, flags, (top - start) >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	return err;
}

int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma_prev(vma);
	unsigned long pages;

	addr &= PAGE_MASK;
	DEBUG_ASSERT(addr < vma->vm_start && (!prev || prev->vm_end <= addr));
	if (addr < MMAP_MIN_ADDR || vma->vm_end - addr > rlimit(RLIMIT_STACK))
		return -ENOMEM;
	/* A neighbour that is no stack itself keeps its distance, unless it is a guard of the
	 * program. */
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && prev->vm_flags & VM_ACCESS_FLAGS &&
	    addr < prev->vm_end + STACK_GUARD_GAP)
		return -ENOMEM;
	pages = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (pages > vma->vm_pgoff || !may_expand_vm(mm, vma->vm_flags, pages) ||
	    !mlock_future_ok(mm, vma->vm_flags, pages << PAGE_SHIFT))
		return -ENOMEM;
	if (vma->vm_flags & VM_ACCOUNT && vm_acct_memory(pages))
		return -ENOMEM;
	vma_set_bounds(vma, addr, vma->vm_end, vma->vm_pgoff - pages);
	vm_stat_account(mm, vma->vm_flags, pages);
	return 0;
}
