/* page_alloc.c - frames in power-of-two blocks (Knowlton's buddy system), with a stack of single
 * frames per processor in front.
 * Holds:  a free block's head has PG_buddy and its order, and is on that order's list; its other
 *         frames have flags 0. Two free buddies are always merged. A frame outside has refcount >
 *         0, is inside a bigger allocation, or is on a processor's stack.
 * Locks:  zone.lock for lists and counts. A processor's stack belongs to it alone, since the kernel
 *         is not preempted; interrupts go straight to the zone.
 *
 * Watermarks are compared with the frames in the lists (those on stacks are as good as taken):
 *
 *	high	kswapd sleeps
 *	low	kswapd is woken: others need not notice, if it is fast enough
 *	min	ordinary allocations free memory by themselves (alloc_slow), or fail if they must
 *		not sleep
 *	min/2	GFP_ATOMIC fails
 *	0	__GFP_MEMALLOC fails: those that free memory (PF_MEMALLOC), and victims of the OOM
 *		killer
 *
 * Read:   slab.c for small objects; vmscan.c for how memory is freed; oom_kill.c for what happens
 *         when nothing is left. */
#include <mm/page_alloc.h>

#include <lib/list.h>
#include <lib/string.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/internal.h>
#include <mm/memblock.h>
#include <mm/page.h>
#include <mm/verify.h>
#include <mm/vmalloc.h>
#include <mm/vmstat.h>
#include <proc/signal.h>

#define PCP_MAX		64	/* frames on one processor's stack */
#define PCP_ORDER	4	/* refilled by a block of this order, drained by as many frames */
#define PCP_BATCH	(1u << PCP_ORDER)
#define POISON_FREE	0xaa
/* Rounds of reclaim in a row in which nobody has freed a frame, before somebody is killed: when all
 * that can be known is known, while the disk may still have something to say, and while others
 * have locks without which not all pages could be looked at. */
#define MAX_FRUITLESS		16
#define MAX_FRUITLESS_WRITING	32
#define MAX_FRUITLESS_CONTENDED	64
#define MAX_BLOCK_ROUNDS	8	/* that freed frames, but no block of the order wanted */
#define COSTLY_ORDER		3	/* nobody is killed for larger blocks */

bool page_alloc_ready;
unsigned long totalram_pages;
struct watermarks watermarks;

static struct {
	spinlock_t		lock;			/* RANK_ZONE */
	struct list_head	free[MAX_ORDER + 1];	/* [lock] */
	unsigned long		nr_blocks[MAX_ORDER + 1]; /* [lock] */
	unsigned long		nr_free;		/* [lock] frames */
} zone = { .lock = SPINLOCK_INIT(RANK_ZONE) };

static struct pcp {
	unsigned int	nr;
	struct page	*pages[PCP_MAX];
} __aligned(64) pcps[NR_CPUS];		/* [this processor, not in interrupts] */

/* --- poison: debug builds find who writes to free memory --- */

static void poison_frame(struct page *page)
{
	memset(page_address(page), POISON_FREE, PAGE_SIZE);
	page_init_flags(page, BIT(PG_poisoned));
}

static void check_poison(struct page *page)
{
	const u8 *bad;

	if (!(page->flags & BIT(PG_poisoned)))
		return;
	bad = memchr_inv(page_address(page), POISON_FREE, PAGE_SIZE);
	if (bad)
		panic("free frame %#lx was written at offset %#lx: %02x", page_to_pfn(page),
		      offset_in_page(bad), *bad);
}

/* --- the buddy system; zone.lock held --- */

static void add_block(struct page *page, unsigned int order)
{
	page->flags |= BIT(PG_buddy);
	page->order = order;
	list_add(&page->buddy_node, &zone.free[order]);
	zone.nr_blocks[order]++;
}

static void remove_block(struct page *page)
{
	list_del(&page->buddy_node);
	page->flags &= ~BIT(PG_buddy);
	zone.nr_blocks[page->order]--;
}

static void zone_free_block(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	WRITE_ONCE(zone.nr_free, zone.nr_free + (1UL << order));
	for (; order < MAX_ORDER; order++) {
		struct page *buddy = pfn_to_page(pfn ^ (1UL << order));

		/* If it is not free, its owner may change other flags meanwhile. */
		if (!page_flag(buddy, PG_buddy) || buddy->order != order)
			break;
		remove_block(buddy);
		pfn &= ~(1UL << order);
	}
	add_block(pfn_to_page(pfn), order);
}

/* A block of 2^order frames, cut from the smallest that is large enough; NULL: none. */
static struct page *zone_take_block(unsigned int order)
{
	struct page *page;
	unsigned int have = order;

	while (have <= MAX_ORDER && list_empty(&zone.free[have]))
		have++;
	if (have > MAX_ORDER)
		return NULL;
	page = list_first_entry(&zone.free[have], struct page, buddy_node);
	remove_block(page);
	while (have-- > order)
		add_block(page + (1UL << have), have);
	WRITE_ONCE(zone.nr_free, zone.nr_free - (1UL << order));
	return page;
}

/* How many frames must stay free after an allocation with @gfp. */
static unsigned long reserve_for(gfp_t gfp)
{
	if (gfp & __GFP_MEMALLOC)
		return 0;
	return gfp & __GFP_HIGH ? watermarks.min / 2 : watermarks.min;
}

static struct page *zone_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	unsigned long flags = spin_lock_irqsave(&zone.lock);
	bool low;

	if (zone.nr_free >= reserve_for(gfp) + (1UL << order))
		page = zone_take_block(order);
	low = zone.nr_free < watermarks.low;
	spin_unlock_irqrestore(&zone.lock, flags);
	if (unlikely(low))
		wakeup_kswapd();
	return page;
}

/* --- single frames --- */

/* The order of the largest block that is the first of @nr frames, in the order of their numbers. */
static unsigned int run_order(struct page **pages, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned int order = 0, i = 1;

	for (; 2u << order <= nr && !(pfn & (1UL << order)); order++)
		for (; i < 2u << order; i++)
			if (pages[i] != pages[0] + i)
				return order;
	return order;
}

/* What was allocated and mapped in order comes back so: then a block costs what a frame does. */
static void zone_free_frames(struct page **pages, unsigned int nr)
{
	unsigned long flags = spin_lock_irqsave(&zone.lock);

	for (unsigned int i = 0, order; i < nr; i += 1u << order) {
		order = run_order(pages + i, nr - i);
		zone_free_block(pages[i], order);
	}
	spin_unlock_irqrestore(&zone.lock, flags);
}

static __noinline void pcp_drain(struct pcp *pcp, unsigned int nr)
{
	pcp->nr -= nr;
	zone_free_frames(pcp->pages + pcp->nr, nr);
}

/* Put a whole block on the empty stack, or single frames when blocks are short; below min only the
 * one that @gfp may have, since whoever comes next may have less. Returns one; NULL: there is
 * none. */
static __noinline struct page *pcp_refill(struct pcp *pcp, gfp_t gfp)
{
	unsigned long flags = spin_lock_irqsave(&zone.lock);
	struct page *page = NULL;
	bool low;

	if (zone.nr_free >= watermarks.min + PCP_BATCH)
		page = zone_take_block(PCP_ORDER);
	for (unsigned int nr = page ? PCP_BATCH : 0; nr--;)
		pcp->pages[pcp->nr++] = page + nr;
	while (pcp->nr < PCP_BATCH &&
	       zone.nr_free > (pcp->nr ? watermarks.min : reserve_for(gfp)))
		pcp->pages[pcp->nr++] = zone_take_block(0);
	low = zone.nr_free < watermarks.low;
	spin_unlock_irqrestore(&zone.lock, flags);
	if (unlikely(low))
		wakeup_kswapd();
	return pcp->nr ? pcp->pages[--pcp->nr] : NULL;
}

static struct page *alloc_frame(gfp_t gfp)
{
	struct pcp *pcp = &pcps[smp_processor_id()];

	if (unlikely(in_interrupt()))
		return zone_alloc(gfp, 0);
	return likely(pcp->nr) ? pcp->pages[--pcp->nr] : pcp_refill(pcp, gfp);
}

static void free_frame(struct page *page)
{
	struct pcp *pcp = &pcps[smp_processor_id()];

	if (unlikely(in_interrupt())) {
		zone_free_frames(&page, 1);
		return;
	}
	if (unlikely(pcp->nr == PCP_MAX))
		pcp_drain(pcp, PCP_BATCH);
	pcp->pages[pcp->nr++] = page;
}

void drain_local_pages(void)
{
	struct pcp *pcp = &pcps[smp_processor_id()];

	pcp_drain(pcp, pcp->nr);
}

/* --- allocation --- */

static struct page *try_alloc(gfp_t gfp, unsigned int order)
{
	return order ? zone_alloc(gfp, order) : alloc_frame(gfp);
}

void drain_local_caches(void)
{
	drain_table_cache();
	drain_stack_cache();
	kmem_cache_drain_local();
	drain_local_pages();
}

/* The running task is being killed for its memory: let it finish with the last of it. */
static bool oom_victim(void)
{
	return current->mm && current->mm->oom_victim;
}

/* With what this processor keeps in reserve. */
static struct page *drain_and_alloc(gfp_t gfp, unsigned int order)
{
	drain_local_caches();
	return try_alloc(gfp, order);
}

/* How an allocation that reclaims for itself gets on. */
struct reclaim_state {
	unsigned int	rounds;		/* since the first one, or since somebody was killed */
	unsigned int	fruitless;	/* in a row, in which no frame was freed by anybody */
	bool		contended;	/* the last one met locks that others had */
};

/* Free memory for @gfp, and try. */
static struct page *reclaim_and_alloc(gfp_t gfp, unsigned int order, struct reclaim_state *state)
{
	unsigned long reclaimed = nr_reclaimed_pages(), contended = nr_contended_pages();
	struct page *page = NULL;

	/* What we free is on this processor's stack, and so ours unless we sleep. */
	if (try_to_free_pages(gfp, order))
		page = try_alloc(gfp, order);
	if (!page)
		page = drain_and_alloc(gfp, order);
	state->rounds++;
	state->fruitless = nr_reclaimed_pages() == reclaimed ? state->fruitless + 1 : 0;
	state->contended = nr_contended_pages() != contended;
	return page;
}

/* Is there hope without killing anybody? Waits for what may bring it, longer each time: who has the
 * locks that were met may have to wait for a processor first. */
static bool should_retry_reclaim(unsigned int order, const struct reclaim_state *state)
{
	bool writing = nr_writeback_pages();
	unsigned int most = state->contended ? MAX_FRUITLESS_CONTENDED :
			    writing ? MAX_FRUITLESS_WRITING : MAX_FRUITLESS;

	if (order && state->rounds >= MAX_BLOCK_ROUNDS)
		return false;
	if (!nr_reclaimable_pages() || state->fruitless >= most)
		return false;
	if (!state->fruitless) {
		cond_resched();
	} else if (writing) {
		wait_for_writeback(WRITE_PATIENCE);
	} else {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(state->fruitless * NSEC_PER_MSEC);
	}
	return true;
}

/* There is enough, but no such block: a death need not bring one. */
static bool only_in_pieces(unsigned int order)
{
	return order && nr_buddy_pages() > watermarks.high + (1UL << order);
}

/* The stack is empty and the zone is at its watermark. */
static __noinline struct page *alloc_slow(gfp_t gfp, unsigned int order)
{
	struct reclaim_state state = {};

	if (!(gfp & __GFP_RECLAIM))
		return NULL;
	for (;;) {
		struct page *page;

		if (current->flags & PF_MEMALLOC || oom_victim())
			return drain_and_alloc(gfp | __GFP_MEMALLOC, order);
		page = reclaim_and_alloc(gfp, order, &state);
		if (page || gfp & __GFP_NORETRY)
			return page;
		if (should_retry_reclaim(order, &state))
			continue;
		if (order > COSTLY_ORDER || gfp & __GFP_RETRY_MAYFAIL || only_in_pieces(order) ||
		    !out_of_memory(order))
			return NULL;
		state = (struct reclaim_state){};
	}
}

static void prepare_frames(struct page *page, gfp_t gfp, unsigned int order)
{
	for (unsigned long i = 0; CONFIG_DEBUG && i < 1UL << order; i++)
		check_poison(page + i);
	if (gfp & __GFP_ZERO)
		clear_pages(page_address(page), 1UL << order);
	DEBUG_ASSERT(!atomic_read(&page->_refcount) && !atomic_read(&page->_mapcount));
	page_init_flags(page, 0);
	page->mapping = NULL;
	atomic_set(&page->_refcount, 1);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = try_alloc(gfp, order);

	if (CONFIG_DEBUG && gfp & __GFP_RECLAIM)
		might_sleep();
	if (unlikely(!page))
		page = alloc_slow(gfp, order);
	if (likely(page))
		prepare_frames(page, gfp, order);
	return page;
}

/* Nothing may point at a frame that becomes free. */
static void check_free(struct page *page, unsigned int order)
{
	const unsigned long owned = BIT(PG_buddy) | BIT(PG_slab) | BIT(PG_table) |
				    BIT(PG_reserved) | BIT(PG_lru) | BIT(PG_locked) |
				    BIT(PG_swapcache) | BIT(PG_writeback) | BIT(PG_poisoned);

	if (page->flags & owned || atomic_read(&page->_mapcount) || atomic_read(&page->_refcount))
		panic("frame %#lx freed while in use: flags %#lx mapcount %d refcount %d",
		      page_to_pfn(page), page->flags, atomic_read(&page->_mapcount),
		      atomic_read(&page->_refcount));
	for (unsigned long i = 0; i < 1UL << order; i++)
		poison_frame(page + i);
}

/* The last reference of an order-0 frame is gone. */
static void retire_frame(struct page *page)
{
	if (CONFIG_DEBUG)
		check_free(page, 0);
	else
		page_init_flags(page, 0);
}

static void release_frame(struct page *page)
{
	retire_frame(page);
	free_frame(page);
}

/* What the processor's stack has no room for goes to the zone, a stack's worth under the lock at a
 * time. */
void free_frames(struct page **pages, unsigned int nr)
{
	unsigned int i = 0;

	while (i < nr && pcps[smp_processor_id()].nr < PCP_MAX)
		release_frame(pages[i++]);
	for (unsigned int part; i < nr; i += part) {
		part = min(nr - i, (unsigned int)PCP_MAX);
		for (unsigned int j = i; j < i + part; j++)
			retire_frame(pages[j]);
		zone_free_frames(pages + i, part);
	}
}

void put_page(struct page *page)
{
	DEBUG_ASSERT(atomic_read(&page->_refcount) > 0);
	if (atomic_dec_and_test(&page->_refcount))
		release_frame(page);
}

void free_pages(struct page *page, unsigned int order)
{
	unsigned long flags;

	if (!order) {
		put_page(page);
		return;
	}
	ASSERT(atomic_dec_and_test(&page->_refcount));
	if (CONFIG_DEBUG)
		check_free(page, order);
	else
		page_init_flags(page, 0);
	flags = spin_lock_irqsave(&zone.lock);
	zone_free_block(page, order);
	spin_unlock_irqrestore(&zone.lock, flags);
}

void *get_free_page(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, 0);

	return page ? page_address(page) : NULL;
}

void *get_zeroed_page(gfp_t gfp)
{
	return get_free_page(gfp | __GFP_ZERO);
}

void free_page(void *addr)
{
	put_page(virt_to_page(addr));
}

unsigned long nr_free_pages(void)
{
	unsigned long nr = READ_ONCE(zone.nr_free);

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		nr += READ_ONCE(pcps[cpu].nr);
	return nr;
}

unsigned long nr_buddy_pages(void)
{
	return READ_ONCE(zone.nr_free);
}

unsigned int pcp_pages(unsigned int cpu, unsigned int *high, unsigned int *batch)
{
	*high = PCP_MAX;
	*batch = PCP_BATCH;
	return READ_ONCE(pcps[cpu].nr);
}

unsigned long nr_free_blocks(unsigned int order)
{
	return READ_ONCE(zone.nr_blocks[order]);
}

/* --- verification --- */

static unsigned long walk_order(unsigned int order,
				void (*fn)(struct page *page, unsigned int order, bool stacked))
{
	unsigned long nr = 0;
	struct page *page;

	list_for_each_entry(page, &zone.free[order], buddy_node) {
		fn(page, order, false);
		if (++nr > zone.nr_blocks[order])
			break;		/* more than there are: perhaps a circle */
	}
	if (nr != zone.nr_blocks[order])
		verify_fail("buddy: %lu free blocks of order %u, counted as %lu", nr, order,
			    zone.nr_blocks[order]);
	return nr << order;
}

void walk_free_blocks(void (*fn)(struct page *page, unsigned int order, bool stacked))
{
	unsigned long nr = 0;

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		nr += walk_order(order, fn);
	if (nr != zone.nr_free)
		verify_fail("buddy: %lu free frames, counted as %lu", nr, zone.nr_free);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		for (unsigned int i = 0; i < pcps[cpu].nr; i++)
			fn(pcps[cpu].pages[i], 0, true);
}

/* --- frames by number --- */

struct page *pfn_to_online_page(unsigned long pfn)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++)
		if (pfn >= range.start >> PAGE_SHIFT && pfn < range.end >> PAGE_SHIFT)
			return pfn_to_page(pfn);
	return NULL;
}

bool page_is_free_buddy(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	/* Struct pages exist for whole blocks of the largest order, so every head can be looked
	 * at. */
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		const struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (page_flag(head, PG_buddy) && READ_ONCE(head->order) >= order)
			return true;
	}
	return false;
}

/* --- boot --- */

/* Free frames [pfn, end) in the largest aligned blocks. */
static void free_range(unsigned long pfn, unsigned long end)
{
	unsigned long flags = spin_lock_irqsave(&zone.lock);

	totalram_pages += end - pfn;
	while (pfn < end) {
		unsigned int order = MAX_ORDER;

		while (!IS_ALIGNED(pfn, 1UL << order) || pfn + (1UL << order) > end)
			order--;
		zone_free_block(pfn_to_page(pfn), order);
		pfn += 1UL << order;
	}
	spin_unlock_irqrestore(&zone.lock, flags);
}

void free_reserved_area(phys_addr_t start, phys_addr_t bytes)
{
	unsigned long first = PAGE_ALIGN(start) >> PAGE_SHIFT;
	unsigned long last = (start + bytes) >> PAGE_SHIFT;
	struct mem_range memory;

	for (unsigned int i = 0; memblock_memory(i, &memory); i++) {
		unsigned long pfn = max(first, memory.start >> PAGE_SHIFT);
		unsigned long end = min(last, memory.end >> PAGE_SHIFT);

		if (pfn < end)
			free_range(pfn, end);
	}
}

static unsigned long int_sqrt(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

/* Four times the root of the memory in KiB, in KiB: large machines need a smaller part in
 * reserve. */
static void set_watermarks(void)
{
	unsigned long kib = totalram_pages << (PAGE_SHIFT - 10);
	unsigned long min_kib = clamp(4 * int_sqrt(kib), 128UL, 65536UL);

	watermarks.min = min_kib >> (PAGE_SHIFT - 10);
	watermarks.low = watermarks.min * 5 / 4;
	watermarks.high = watermarks.min * 3 / 2;
}

void page_alloc_init(void)
{
	struct mem_range memory, taken;

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		INIT_LIST_HEAD(&zone.free[order]);
	memblock_reserve(0, PAGE_SIZE);		/* frame 0 stays out: its number means "none" */
	for (unsigned int i = 0; memblock_memory(i, &memory); i++) {
		for (unsigned int r = 0; memblock_reserved(r, &taken); r++) {
			if (taken.end <= memory.start || taken.start >= memory.end)
				continue;
			if (memory.start < taken.start)
				free_range(memory.start >> PAGE_SHIFT, taken.start >> PAGE_SHIFT);
			memory.start = min(taken.end, memory.end);
		}
		if (memory.start < memory.end)
			free_range(memory.start >> PAGE_SHIFT, memory.end >> PAGE_SHIFT);
	}
	page_alloc_ready = true;
	set_watermarks();
}
