/* tlb.c - flush and shootdown, the only sender of that interrupt, and the loading of CR3.
 * Holds:  a processor that may have translations of a user mm in its TLB has its bit in
 *         mm->cpu_mask: the bit is set before CR3 is loaded and cleared after another CR3 is.
 *         cpu_local.loaded_mm is the mm that CR3 belongs to.
 *         A lazy processor (a kernel thread runs on a borrowed mm) answers a flush by going to the
 *         kernel's own tables and leaving the mask, so it is asked once at most.
 * Order:  the caller has changed the entries; the locked instruction that takes tlb_lock, or the
 *         fence, comes before the look at cpu_mask. switch_mm() sets its bit by a locked
 *         instruction before it loads CR3. So either we see the bit or it sees the new entries.
 * Locks:  tlb_lock (RANK_TLB) guards the one request. It is taken with interrupts on, so a
 *         processor that waits for it, or for the others' answers, still answers itself: two
 *         processors that flush each other cannot deadlock.
 * Read:   asm/tlb.h for the contracts. */
#include <asm/tlb.h>

#include <asm/apic.h>
#include <asm/atomic.h>
#include <asm/irq.h>
#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/thread.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <sync/spinlock.h>

#define MAX_SINGLE_FLUSHES	32	/* pages; above that everything goes */

static DEFINE_SPINLOCK(tlb_lock, RANK_TLB);
static struct {
	struct mm_struct	*mm;		/* NULL: kernel addresses; &init_mm: any mm's */
	unsigned long		start, end;
	unsigned long		waiting;	/* [atomic] processors that have not answered */
} request;					/* [tlb_lock] */

static bool is_large(unsigned long start, unsigned long end)
{
	return end - start > MAX_SINGLE_FLUSHES * PAGE_SIZE;
}

static void flush_pages_here(unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		invlpg(start);
}

/* Nothing that the kernel has for all. The interrupt of another flush may have a lazy processor
 * load other tables: not between the two. */
static void flush_all_user_here(void)
{
	unsigned long flags = local_irq_save();

	write_cr3(read_cr3());
	local_irq_restore(flags);
}

static void flush_user_here(unsigned long start, unsigned long end)
{
	if (is_large(start, end))
		flush_all_user_here();
	else
		flush_pages_here(start, end);
}

/* Global entries go when CR4.PGE changes, all others at any load of CR3. */
static void flush_kernel_here(unsigned long start, unsigned long end)
{
	unsigned long flags, cr4;

	if (!is_large(start, end)) {
		flush_pages_here(start, end);
		return;
	}
	flags = local_irq_save();
	cr4 = read_cr4();
	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
	local_irq_restore(flags);
}

/* Interrupts off. */
static void load_mm(struct cpu_local *cpu, struct mm_struct *next)
{
	struct mm_struct *old = cpu->loaded_mm;

	set_bit_atomic(cpu->id, &next->cpu_mask);
	cpu->loaded_mm = next;
	write_cr3(virt_to_phys(next->pgd));
	if (old)
		clear_bit_atomic(cpu->id, &old->cpu_mask);
}

void switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
	struct cpu_local *cpu = this_cpu();
	unsigned long flags;

	if (cpu->loaded_mm == next)
		return;
	flags = local_irq_save();
	/* An answer to a flush may have come in between; then loaded_mm is the kernel's. */
	if (cpu->loaded_mm != next)
		load_mm(cpu, next);
	local_irq_restore(flags);
}

void tlb_answer(void)
{
	struct cpu_local *cpu = this_cpu();

	if (!(READ_ONCE(request.waiting) & BIT(cpu->id)))
		return;
	if (!request.mm)
		flush_kernel_here(request.start, request.end);
	else if (cpu->loaded_mm == &init_mm ||
		 (request.mm != &init_mm && cpu->loaded_mm != request.mm))
		;	/* left it since */
	else if (!cpu->current_task->mm)
		load_mm(cpu, &init_mm);
	else
		flush_user_here(request.start, request.end);
	clear_bit_atomic(cpu->id, &request.waiting);
}

/* Have the processors in @mask flush, and wait for them. Interrupts on. */
static void shoot_down(struct mm_struct *mm, unsigned long start, unsigned long end,
		       unsigned long mask)
{
	DEBUG_ASSERT(!irqs_disabled());
	spin_lock(&tlb_lock);
	request.mm = mm;
	request.start = start;
	request.end = end;
	smp_store_release(&request.waiting, mask);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		if (mask & BIT(cpu))
			apic_send_ipi(cpu_locals[cpu].apic_id, VECTOR_TLB);
	while (READ_ONCE(request.waiting))
		cpu_relax();
	spin_unlock(&tlb_lock);
}

void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			bool freed_tables)
{
	struct cpu_local *cpu = this_cpu();
	unsigned long others;

	/* INVLPG drops the paging-structure caches too, so freed tables need nothing more. */
	if (cpu->loaded_mm == mm)
		flush_user_here(start, end);
	smp_mb();
	others = READ_ONCE(mm->cpu_mask) & ~BIT(cpu->id);
	if (unlikely(others))
		shoot_down(mm, start, end, others);
}

void flush_tlb_mm(struct mm_struct *mm)
{
	flush_tlb_mm_range(mm, 0, TASK_SIZE, true);
}

void flush_tlb_cpus(unsigned long mask)
{
	unsigned long self = BIT(smp_processor_id());

	if (mask & self)
		flush_all_user_here();
	if (mask & ~self)
		shoot_down(&init_mm, 0, TASK_SIZE, mask & ~self);
}

void flush_tlb_page_local(unsigned long addr)
{
	invlpg(addr);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	unsigned long others;

	flush_kernel_here(start, end);
	smp_mb();
	others = READ_ONCE(cpu_online_mask) & ~BIT(smp_processor_id());
	if (others)
		shoot_down(NULL, start, end, others);
}

/* A flush of the first page, where nothing is ever mapped: what counts is that all have answered.
 * INVLPG serializes here; there the interrupt's return does, and the answer is a full barrier. A
 * processor outside cpu_mask left the mm, or will come to it, by the locked instructions and the
 * load of CR3 in load_mm(): see Order above. */
void membarrier_mm(struct mm_struct *mm)
{
	flush_tlb_page(mm, 0);
}

/* A flush of nothing: what counts is that all have answered. */
void synchronize_processors(void)
{
	flush_tlb_kernel_range(VMALLOC_START, VMALLOC_START);
}
