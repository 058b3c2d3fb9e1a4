/* vmalloc.c - kernel ranges made of single frames, each followed by an unmapped page, and the
 * stacks of threads, each preceded by one.
 * Holds:  areas is sorted by address; a stack's slot is 2 * THREAD_SIZE large, the stack in its
 *         upper half. A range is unmapped and flushed on all processors before its frames are
 *         freed.
 * Locks:  vmalloc_mutex for areas and for the kernel's table entries in the whole region. Spare
 *         stacks: stack_lock, interrupts off, since a dead task may be freed from anywhere.
 * Read:   arch pgtable.c for the entries. */
#include <mm/vmalloc.h>

#include <lib/list.h>
#include <lib/string.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <mm/internal.h>
#include <mm/slab.h>
#include <sync/mutex.h>

#define STACK_REGION	(VMALLOC_END - (64UL << 30))	/* slots from here to VMALLOC_END */
#define STACK_SLOT	(2 * THREAD_SIZE)
#define STACK_PAGES	(THREAD_SIZE / PAGE_SIZE)
#define NR_SPARE_STACKS	16	/* mapped stacks kept for the next fork */

struct vm_struct {
	struct list_head	node;
	unsigned long		addr, bytes;	/* the guard page not counted */
	const void		*caller;	/* an address in the function that asked for it */
	bool			owns_frames;
	phys_addr_t		phys;		/* of what else is shown */
};

/* What lies at the low end of a free stack or slot. */
struct spare_stack {
	struct spare_stack	*next;
};

static DEFINE_MUTEX(vmalloc_mutex, RANK_VMALLOC);
static LIST_HEAD(areas);			/* [vmalloc_mutex] */
/* [vmalloc_mutex] never used ones begin here */
static unsigned long next_stack_slot = STACK_REGION;
static unsigned long *free_slots;		/* [vmalloc_mutex] addresses of unmapped slots */
static unsigned int nr_free_slots, max_free_slots;	/* [vmalloc_mutex] */
static DEFINE_SPINLOCK(stack_lock, RANK_SLAB);
static struct spare_stack *spare_stacks;	/* [stack_lock] mapped, unused */
static unsigned int nr_spare_stacks;		/* [stack_lock] */
static atomic_long_t nr_stack_pages;		/* in use or spare */

static void unmap_range(unsigned long addr, unsigned long bytes, bool free_frames)
{
	LIST_HEAD(frames);
	struct page *page, *next;

	for (unsigned long at = addr; at < addr + bytes; at += PAGE_SIZE) {
		phys_addr_t phys = unmap_kernel_page(at);

		if (phys && free_frames)
			list_add(&phys_to_page(phys)->lru, &frames);
	}
	flush_tlb_kernel_range(addr, addr + bytes);
	list_for_each_entry_safe(page, next, &frames, lru) {
		page->mapping = NULL;
		put_page(page);
	}
}

/* Fresh zeroed frames behind [addr, addr + bytes); on failure nothing is mapped. */
static int map_frames(unsigned long addr, unsigned long bytes)
{
	for (unsigned long done = 0; done < bytes; done += PAGE_SIZE) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY, 0);

		if (page && !map_kernel_page(addr + done, page_to_phys(page), PAGE_KERNEL))
			continue;
		if (page)
			put_page(page);
		unmap_range(addr, done, true);
		return -ENOMEM;
	}
	return 0;
}

/* Reserve the lowest hole that is large enough, guard page included. */
static struct vm_struct *reserve_area(unsigned long bytes, bool owns_frames, const void *caller)
{
	struct vm_struct *area = kmalloc(sizeof(*area), GFP_KERNEL | __GFP_NORETRY), *next;
	unsigned long addr = VMALLOC_START;

	if (!area)
		return NULL;
	list_for_each_entry(next, &areas, node) {
		if (next->addr - addr >= bytes + PAGE_SIZE)
			break;
		addr = next->addr + next->bytes + PAGE_SIZE;
	}
	if (addr + bytes + PAGE_SIZE > STACK_REGION) {
		kfree(area);
		return NULL;
	}
	*area = (struct vm_struct){ .addr = addr, .bytes = bytes, .caller = caller,
				    .owns_frames = owns_frames };
	list_add_tail(&area->node, &next->node);
	return area;
}

static void release_area(struct vm_struct *area)
{
	list_del(&area->node);
	kfree(area);
}

void *vmalloc(size_t bytes)
{
	struct vm_struct *area;
	void *addr = NULL;

	if (!bytes || bytes > STACK_REGION - VMALLOC_START)
		return NULL;
	bytes = PAGE_ALIGN(bytes);
	mutex_lock(&vmalloc_mutex);
	area = reserve_area(bytes, true, __builtin_return_address(0));
	if (area && map_frames(area->addr, bytes))
		release_area(area);
	else if (area)
		addr = (void *)area->addr;
	mutex_unlock(&vmalloc_mutex);
	return addr;
}

void vfree(const void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	mutex_lock(&vmalloc_mutex);
	list_for_each_entry(area, &areas, node)
		if (area->addr == (unsigned long)addr)
			break;
	ASSERT(&area->node != &areas);
	unmap_range(area->addr, area->bytes, area->owns_frames);
	release_area(area);
	mutex_unlock(&vmalloc_mutex);
}

void *vmap_phys(phys_addr_t phys, size_t bytes, pgprot_t prot)
{
	unsigned long offset = offset_in_page(phys);
	struct vm_struct *area;
	void *addr = NULL;

	bytes = PAGE_ALIGN(bytes + offset);
	mutex_lock(&vmalloc_mutex);
	area = reserve_area(bytes, false, __builtin_return_address(0));
	for (unsigned long done = 0; area && done < bytes; done += PAGE_SIZE) {
		if (!map_kernel_page(area->addr + done, phys - offset + done, prot))
			continue;
		unmap_range(area->addr, done, false);
		release_area(area);
		area = NULL;
	}
	if (area) {
		area->phys = phys - offset;
		addr = (void *)(area->addr + offset);
	}
	mutex_unlock(&vmalloc_mutex);
	return addr;
}

/* --- stacks of threads --- */

static void *pop_spare_stack(void)
{
	unsigned long flags = spin_lock_irqsave(&stack_lock);
	struct spare_stack *spare = spare_stacks;

	if (spare) {
		spare_stacks = spare->next;
		nr_spare_stacks--;
	}
	spin_unlock_irqrestore(&stack_lock, flags);
	return spare;
}

/* A slot whose stack was unmapped, or one never used; 0: the region is full. vmalloc_mutex held. */
static unsigned long take_slot(void)
{
	if (nr_free_slots)
		return free_slots[--nr_free_slots];
	if (next_stack_slot >= VMALLOC_END)
		return 0;
	next_stack_slot += STACK_SLOT;
	return next_stack_slot - STACK_SLOT;
}

/* Room to remember one more free slot, made while stacks are made so that freeing cannot fail. */
static bool reserve_free_slot(void)
{
	unsigned int used = (next_stack_slot - STACK_REGION) / STACK_SLOT + 1;
	unsigned long *bigger;

	if (used <= max_free_slots)
		return true;
	bigger = kmalloc(2 * used * sizeof(*bigger), GFP_KERNEL | __GFP_NORETRY);
	if (!bigger)
		return false;
	if (free_slots)
		memcpy(bigger, free_slots, nr_free_slots * sizeof(*bigger));
	kfree(free_slots);
	free_slots = bigger;
	max_free_slots = 2 * used;
	return true;
}

/* Unmap spare stacks until @keep are left. vmalloc_mutex held. */
static void trim_spare_stacks(unsigned int keep)
{
	while (READ_ONCE(nr_spare_stacks) > keep) {
		unsigned long stack = (unsigned long)pop_spare_stack();

		if (!stack)
			break;
		unmap_range(stack, THREAD_SIZE, true);
		free_slots[nr_free_slots++] = stack - THREAD_SIZE;
		atomic_sub(&nr_stack_pages, STACK_PAGES);
	}
}

/* Called by the allocator, which may work for somebody who has the mutex, and must not wait for one
 * who waits for memory. */
void drain_stack_cache(void)
{
	if (mutex_is_held(&vmalloc_mutex) || !mutex_trylock(&vmalloc_mutex))
		return;
	trim_spare_stacks(0);
	mutex_unlock(&vmalloc_mutex);
}

void *alloc_thread_stack(void)
{
	void *stack;
	unsigned long slot = 0;

	stack = pop_spare_stack();
	if (stack && READ_ONCE(nr_spare_stacks) <= NR_SPARE_STACKS)
		return stack;
	mutex_lock(&vmalloc_mutex);
	if (stack) {
		trim_spare_stacks(NR_SPARE_STACKS);
		mutex_unlock(&vmalloc_mutex);
		return stack;
	}
	if (reserve_free_slot())
		slot = take_slot();
	if (slot && map_frames(slot + THREAD_SIZE, THREAD_SIZE)) {
		free_slots[nr_free_slots++] = slot;
		slot = 0;
	}
	mutex_unlock(&vmalloc_mutex);
	if (!slot)
		return NULL;
	atomic_add(&nr_stack_pages, STACK_PAGES);
	return (void *)(slot + THREAD_SIZE);
}

void free_thread_stack(void *stack)
{
	struct spare_stack *spare = stack;
	unsigned long flags = spin_lock_irqsave(&stack_lock);

	spare->next = spare_stacks;
	spare_stacks = spare;
	nr_spare_stacks++;
	spin_unlock_irqrestore(&stack_lock, flags);
}

unsigned long nr_cached_stack_pages(void)
{
	return READ_ONCE(nr_spare_stacks) * STACK_PAGES;
}

unsigned long nr_thread_stack_pages(void)
{
	return atomic_read(&nr_stack_pages) - nr_cached_stack_pages();
}

/* --- for /proc/vmallocinfo --- */

/* vmalloc_mutex held. */
static bool slot_is_free(unsigned long slot)
{
	for (unsigned int i = 0; i < nr_free_slots; i++)
		if (free_slots[i] == slot)
			return true;
	return false;
}

/* The lowest stack at or above @from, as vmalloc_next. vmalloc_mutex held. */
static bool next_stack(unsigned long from, struct vmalloc_range *range)
{
	unsigned long slot = STACK_REGION;

	if (from > STACK_REGION + THREAD_SIZE)
		slot += ALIGN_UP(from - STACK_REGION - THREAD_SIZE, STACK_SLOT);
	while (slot < next_stack_slot && slot_is_free(slot))
		slot += STACK_SLOT;
	*range = (struct vmalloc_range){ slot + THREAD_SIZE, THREAD_SIZE, alloc_thread_stack,
					 true, 0 };
	return slot < next_stack_slot;
}

bool vmalloc_next(unsigned long from, struct vmalloc_range *range)
{
	struct vm_struct *area;
	bool found = false;

	mutex_lock(&vmalloc_mutex);
	list_for_each_entry(area, &areas, node) {
		if (area->addr < from)
			continue;
		*range = (struct vmalloc_range){ area->addr, area->bytes, area->caller,
						 area->owns_frames, area->phys };
		found = true;
		break;
	}
	found = found || next_stack(from, range);
	mutex_unlock(&vmalloc_mutex);
	return found;
}
