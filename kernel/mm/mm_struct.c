/* mm_struct.c - birth and death of an address space.
 * Holds:  mm_users counts those who use the areas; when it is zero they go. mm_count counts 1 for
 *         all of those and one for each processor that runs a kernel thread on the tables; when it
 *         is zero the top-level table goes.
 *         Every mm but init_mm is in mm_list, so that verify.c finds them all without knowing
 *         processes.
 * Locks:  mm_list_lock, inside of which nothing else is taken.
 * Read:   fork_mm.c for a copy; zap.c for the unmapping. */
#include <mm/mm.h>

#include <lib/list.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/slab.h>

struct mm_struct init_mm = {
	.mmap_list = LIST_HEAD_INIT(init_mm.mmap_list),
	.page_table_lock = SPINLOCK_INIT(RANK_PAGE_TABLE),
	.mm_users = ATOMIC_INIT(1),
	.mm_count = ATOMIC_INIT(1),
};

struct list_head mm_list = LIST_HEAD_INIT(mm_list);	/* [mm_list_lock] */
static DEFINE_SPINLOCK(mm_list_lock, RANK_NONE);
static struct kmem_cache *mm_cache;

static void mm_list_add(struct mm_struct *mm)
{
	spin_lock(&mm_list_lock);
	list_add_tail(&mm->mm_node, &mm_list);
	spin_unlock(&mm_list_lock);
}

static void mm_list_del(struct mm_struct *mm)
{
	spin_lock(&mm_list_lock);
	list_del(&mm->mm_node);
	spin_unlock(&mm_list_lock);
}

struct mm_struct *next_mm(struct mm_struct *prev)
{
	struct mm_struct *mm = NULL;
	struct list_head *at;

	spin_lock(&mm_list_lock);
	for (at = (prev ? &prev->mm_node : &mm_list)->next; at != &mm_list; at = at->next) {
		mm = container_of(at, struct mm_struct, mm_node);
		if (atomic_inc_not_zero(&mm->mm_users))
			break;
		mm = NULL;
	}
	spin_unlock(&mm_list_lock);
	if (prev)
		mmput(prev);
	return mm;
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL | __GFP_ZERO);

	if (!mm)
		return NULL;
	mm->pgd = pgd_alloc();
	if (!mm->pgd) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	INIT_LIST_HEAD(&mm->mmap_list);
	init_rwsem(&mm->mmap_lock, RANK_MMAP);
	spin_lock_init(&mm->page_table_lock, RANK_PAGE_TABLE);
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	mm_list_add(mm);
	return mm;
}

void mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
}

void mmgrab(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_count);
}

/* Everything goes: first the entries, then the tables, then the areas. Nobody else uses @mm, but a
 * processor may still have its tables loaded. */
static void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	struct mmu_gather tlb;

	down_write(&mm->mmap_lock);
	tlb_gather_mmu(&tlb, mm);
	tlb.whole_mm = true;
	list_for_each_entry(vma, &mm->mmap_list, vm_list)
		unmap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
	list_for_each_entry_safe(vma, next, &mm->mmap_list, vm_list) {
		unsigned long start = vma->vm_start, end = vma->vm_end;
		unsigned long ceiling = vma_next(vma) ? vma_next(vma)->vm_start
						      : TASK_SIZE + PAGE_SIZE;

		vm_unacct_memory(vma_promised(vma));
		vma_leave_rmap(vma);	/* the tree of areas goes as a whole */
		vma_free(vma);
		if ((start ^ ceiling) >> PMD_SHIFT)	/* else the next one needs its table too */
			unlink_page_tables(mm, start, end, 0, ceiling, &tlb.tables);
	}
	tlb_finish_mmu(&tlb);
	mm->mm_rb = RB_ROOT;
	INIT_LIST_HEAD(&mm->mmap_list);
	mm->vma_cache = NULL;
	mm->map_count = 0;
	mm->total_vm = mm->data_vm = mm->stack_vm = mm->exec_vm = mm->locked_vm = 0;
	up_write(&mm->mmap_lock);
	DEBUG_ASSERT(!atomic_read(&mm->rss_anon) && !atomic_read(&mm->rss_file) &&
		     !atomic_read(&mm->rss_shmem) && !atomic_read(&mm->swapents) &&
		     !atomic_read(&mm->nr_ptes));
}

void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	exit_mmap(mm);
	if (mm->exe_file)
		fput(mm->exe_file);
	mmdrop(mm);
}

void mmdrop(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_count))
		return;
	ASSERT(mm != &init_mm);
	mm_list_del(mm);
	pgd_free(mm->pgd);
	kmem_cache_free(mm_cache, mm);
}

void mm_init(void)
{
	init_rwsem(&init_mm.mmap_lock, RANK_MMAP);
	page_alloc_init();
	slab_init();
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 64);
	vma_cache_init();
	anon_vma_init();
	filemap_init();
	overcommit_init();
	zero_page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);
	ASSERT(zero_page);
	zero_page->flags |= BIT(PG_reserved);
}
