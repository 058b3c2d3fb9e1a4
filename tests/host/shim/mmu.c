/* mmu.c - the software MMU and its TLBs; asm/tlb.h for the kernel.
 * Holds:  a processor's TLB has only translations of the mm that it has loaded, and its bit is in
 *         that mm's cpu_mask. It holds the mm (mm_count), as a running thread or a lazy one does.
 *         Translations stay until they are flushed or a fault drops them, with no limit on their
 *         number, so that nothing is forgotten by luck. The upper levels are cached as well.
 *         An access happens while its processor's lock is held, so a flush, which takes it, returns
 *         only when no access by an old translation is under way.
 * Locks:  soft_cpu.lock, inside all kernel locks; never held while the kernel runs. */
#include "mmu.h"

#include <lib/string.h>
#include <asm/pgtable.h>
#include <asm/percpu.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <mm/page.h>

#include "machine.h"
#include "os.h"

#define TLB_SLOTS	4096	/* hashed by the low bits of the page number */
#define PDE_SLOTS	64
#define MAX_TRIES	10000	/* faults that change nothing, before it is a hang */

struct tlb_entry {
	unsigned long	page;		/* address, with bit 0 set: valid */
	pte_t		pte;
};

struct pde_entry {
	unsigned long	region;		/* address, with bit 0 set: valid */
	u64		pmd;		/* the entry that names the leaf table */
};

static struct soft_cpu {
	bool			lock;	/* [atomic] */
	struct mm_struct	*mm;	/* loaded, or NULL */
	struct tlb_entry	tlb[TLB_SLOTS];
	struct pde_entry	pde[PDE_SLOTS];
} cpus[NR_CPUS];

struct mmu_stats mmu_stats;
bool mmu_ignore_flushes, mmu_ignore_batched_pending, mmu_batch_is_open;

static void lock_cpu(struct soft_cpu *cpu)
{
	while (__atomic_exchange_n(&cpu->lock, true, __ATOMIC_ACQUIRE))
		os_yield();
}

static void unlock_cpu(struct soft_cpu *cpu)
{
	__atomic_store_n(&cpu->lock, false, __ATOMIC_RELEASE);
}

static void count(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static struct tlb_entry *tlb_slot(struct soft_cpu *cpu, unsigned long addr)
{
	return &cpu->tlb[(addr >> PAGE_SHIFT) % TLB_SLOTS];
}

static struct pde_entry *pde_slot(struct soft_cpu *cpu, unsigned long addr)
{
	return &cpu->pde[(addr >> PMD_SHIFT) % PDE_SLOTS];
}

static bool tlb_has(const struct tlb_entry *entry, unsigned long addr)
{
	return entry->page == ((addr & PAGE_MASK) | 1);
}

/* --- loading tables --- */

/* The processor's lock is held. The mm that it had, for mmdrop without the lock. */
static struct mm_struct *load(struct soft_cpu *cpu, struct mm_struct *mm)
{
	unsigned int id = cpu - cpus;
	struct mm_struct *old = cpu->mm;

	if (mm) {
		mmgrab(mm);
		set_bit_atomic(id, &mm->cpu_mask);
	}
	cpu->mm = mm;
	memset(cpu->tlb, 0, sizeof(cpu->tlb));
	memset(cpu->pde, 0, sizeof(cpu->pde));
	if (old)
		clear_bit_atomic(id, &old->cpu_mask);
	return old;
}

void mmu_leave(struct mm_struct *mm)
{
	for (struct soft_cpu *cpu = cpus; cpu < cpus + NR_CPUS; cpu++) {
		struct mm_struct *old = NULL;

		lock_cpu(cpu);
		if (cpu->mm == mm)
			old = load(cpu, NULL);
		unlock_cpu(cpu);
		if (old)
			mmdrop(old);
	}
}

/* --- walking; the processor's lock is held --- */

static u64 table_entry(u64 table, unsigned int index)
{
	u64 *entry = (u64 *)phys_to_virt(table & PTE_PFN_MASK) + index;

	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* The entry that names the leaf table for @addr, from the cache or from memory; 0: none. */
static u64 find_pmd(struct soft_cpu *cpu, unsigned long addr)
{
	struct pde_entry *cached = pde_slot(cpu, addr);
	unsigned long region = (addr & ~(PMD_SIZE - 1)) | 1;
	u64 entry = virt_to_phys(cpu->mm->pgd) | _PAGE_TABLE;

	if (cached->region == region)
		return cached->pmd;
	for (unsigned int shift = PGD_SHIFT; shift >= PMD_SHIFT; shift -= 9) {
		entry = table_entry(entry, (addr >> shift) % PTRS_PER_TABLE);
		if (!(entry & _PAGE_PRESENT))
			return 0;
		ASSERT((entry & _PAGE_USER) && (entry & _PAGE_RW) &&
		       !(entry & (_PAGE_PSE | _PAGE_NX)));
	}
	*cached = (struct pde_entry){ region, entry };
	return entry;
}

static bool allowed(pte_t pte, unsigned int flags)
{
	if (!(pte.val & _PAGE_PRESENT) || !(pte.val & _PAGE_USER))
		return false;
	if (flags & FAULT_FLAG_WRITE && !(pte.val & _PAGE_RW))
		return false;
	return !(flags & FAULT_FLAG_INSTRUCTION && pte.val & _PAGE_NX);
}

/* The leaf entry for @addr with the bits set that the access sets; false: a fault. @pte is what was
 * found in any case. */
static bool walk(struct soft_cpu *cpu, unsigned long addr, unsigned int flags, pte_t *pte)
{
	u64 set = _PAGE_ACCESSED | (flags & FAULT_FLAG_WRITE ? _PAGE_DIRTY : 0);
	u64 pmd = find_pmd(cpu, addr), *ptep;

	*pte = (pte_t){ 0 };
	if (!pmd)
		return false;
	ptep = (u64 *)phys_to_virt(pmd & PTE_PFN_MASK) + pte_index(addr);
	pte->val = __atomic_load_n(ptep, __ATOMIC_ACQUIRE);
	do {
		if (!allowed(*pte, flags))
			return false;
	} while (!__atomic_compare_exchange_n(ptep, &pte->val, pte->val | set, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	pte->val |= set;
	return true;
}

/* The translation to use for this access, or false and in @present what the fault has to say. */
static bool translate(struct soft_cpu *cpu, unsigned long addr, unsigned int flags, pte_t *pte,
		      bool *present)
{
	struct tlb_entry *entry = tlb_slot(cpu, addr);

	if (tlb_has(entry, addr)) {
		*pte = entry->pte;
		/* The first write through an entry goes to memory, to set the dirty bit there. */
		if (allowed(*pte, flags) && (!(flags & FAULT_FLAG_WRITE) || pte_dirty(*pte))) {
			count(&mmu_stats.hits);
			return true;
		}
		entry->page = 0;
		if (!allowed(*pte, flags)) {
			*present = true;
			return false;
		}
	}
	count(&mmu_stats.walks);
	*present = false;
	if (!walk(cpu, addr, flags, pte)) {
		*present = pte->val & _PAGE_PRESENT;
		return false;
	}
	*entry = (struct tlb_entry){ (addr & PAGE_MASK) | 1, *pte };
	return true;
}

/* --- accesses --- */

/* Bytes of one page, one by one and atomically, as several processors may be at it. */
static void move_bytes(u8 *mem, u8 *buf, size_t len, bool write)
{
	if (len == 8 && IS_ALIGNED((unsigned long)mem, 8)) {
		u64 value;

		memcpy(&value, buf, 8);
		if (write)
			__atomic_store_n((u64 *)mem, value, __ATOMIC_RELAXED);
		else
			value = __atomic_load_n((u64 *)mem, __ATOMIC_RELAXED);
		memcpy(buf, &value, 8);
	} else if (len > 64) {
		memcpy(write ? mem : buf, write ? buf : mem, len);
	} else {
		for (size_t i = 0; i < len; i++)
			if (write)
				__atomic_store_n(mem + i, buf[i], __ATOMIC_RELAXED);
			else
				buf[i] = __atomic_load_n(mem + i, __ATOMIC_RELAXED);
	}
}

/* True when the bytes have moved, else *@fault is what to tell the kernel. */
static bool try_access(struct soft_cpu *cpu, struct mm_struct *mm, unsigned long addr, u8 *buf,
		       size_t len, unsigned int flags, unsigned int *fault)
{
	struct mm_struct *old = NULL;
	bool done, present = false;
	pte_t pte;

	lock_cpu(cpu);
	if (cpu->mm != mm)
		old = load(cpu, mm);
	done = translate(cpu, addr, flags, &pte, &present);
	if (done)
		move_bytes((u8 *)phys_to_virt(pte.val & PTE_PFN_MASK) + offset_in_page(addr), buf,
			   len, flags & FAULT_FLAG_WRITE);
	unlock_cpu(cpu);
	if (old)
		mmdrop(old);
	*fault = flags | FAULT_FLAG_USER | (present ? FAULT_FLAG_PROT : 0);
	return done;
}

static vm_fault_t access_page(unsigned int id, struct mm_struct *mm, unsigned long addr, u8 *buf,
			      size_t len, unsigned int flags)
{
	unsigned int before = smp_processor_id(), fault;
	vm_fault_t ret = 0;

	ASSERT(!irqs_disabled());
	shim_this_cpu = &cpu_locals[id];
	shim_disk_maybe();
	for (unsigned int tries = 0; !ret; tries++) {
		if (try_access(&cpus[id], mm, addr, buf, len, flags, &fault))
			break;
		if (tries == MAX_TRIES)
			panic("address %#lx faults for ever", addr);
		count(&mmu_stats.faults);
		ret = mm_fault(mm, addr, fault) & VM_FAULT_ERROR;
	}
	shim_this_cpu = &cpu_locals[before];
	return ret;
}

static vm_fault_t access(unsigned int cpu, struct mm_struct *mm, unsigned long addr, u8 *buf,
			 size_t len, unsigned int flags)
{
	vm_fault_t ret = 0;

	while (len && !ret) {
		size_t part = min(len, PAGE_SIZE - offset_in_page(addr));

		ret = access_page(cpu, mm, addr, buf, part, flags);
		addr += part;
		buf += part;
		len -= part;
	}
	return ret;
}

vm_fault_t mmu_read(unsigned int cpu, struct mm_struct *mm, unsigned long addr, void *buf,
		    size_t len)
{
	return access(cpu, mm, addr, buf, len, 0);
}

vm_fault_t mmu_write(unsigned int cpu, struct mm_struct *mm, unsigned long addr, const void *buf,
		     size_t len)
{
	return access(cpu, mm, addr, (u8 *)buf, len, FAULT_FLAG_WRITE);
}

vm_fault_t mmu_exec(unsigned int cpu, struct mm_struct *mm, unsigned long addr)
{
	u8 byte;

	return access(cpu, mm, addr, &byte, 1, FAULT_FLAG_INSTRUCTION);
}

bool mmu_try_write(unsigned int cpu, struct mm_struct *mm, unsigned long addr, const void *buf,
		   size_t len)
{
	unsigned int fault;

	return try_access(&cpus[cpu], mm, addr, (u8 *)buf, len, FAULT_FLAG_WRITE, &fault);
}

static void must(vm_fault_t ret, const char *what, unsigned long addr)
{
	if (ret)
		panic("%s of %#lx faults: %u", what, addr, ret);
}

u8 read8(unsigned int cpu, struct mm_struct *mm, unsigned long addr)
{
	u8 value = 0;

	must(mmu_read(cpu, mm, addr, &value, 1), "read", addr);
	return value;
}

u64 read64(unsigned int cpu, struct mm_struct *mm, unsigned long addr)
{
	u64 value = 0;

	must(mmu_read(cpu, mm, addr, &value, 8), "read", addr);
	return value;
}

void write8(unsigned int cpu, struct mm_struct *mm, unsigned long addr, u8 value)
{
	must(mmu_write(cpu, mm, addr, &value, 1), "write", addr);
}

void write64(unsigned int cpu, struct mm_struct *mm, unsigned long addr, u64 value)
{
	must(mmu_write(cpu, mm, addr, &value, 8), "write", addr);
}

/* --- what the kernel calls --- */

/* Exactly the range, where a real processor may drop more. Any flush empties the upper levels'
 * cache. */
static void flush_cpu(struct soft_cpu *cpu, unsigned long start, unsigned long end)
{
	memset(cpu->pde, 0, sizeof(cpu->pde));
	for (struct tlb_entry *entry = cpu->tlb; entry < cpu->tlb + TLB_SLOTS; entry++)
		if (entry->page & 1 && entry->page >= start && entry->page < end)
			entry->page = 0;
}

static void stop_around_flush(void)
{
	if (shim_on_point)
		shim_on_point();
}

void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			bool freed_tables)
{
	(void)freed_tables;
	stop_around_flush();
	ASSERT(!irqs_disabled());	/* other processors could not answer us */
	ASSERT(start < end);
	count(&mmu_stats.flushes);
	smp_mb();
	for (unsigned int id = 0; id < NR_CPUS; id++) {
		struct soft_cpu *cpu = &cpus[id];

		if (mmu_ignore_flushes || !(READ_ONCE(mm->cpu_mask) & BIT(id)))
			continue;
		count(&mmu_stats.flush_targets);
		lock_cpu(cpu);
		if (cpu->mm == mm)
			flush_cpu(cpu, start, end);
		unlock_cpu(cpu);
	}
	stop_around_flush();
}

void flush_tlb_mm(struct mm_struct *mm)
{
	flush_tlb_mm_range(mm, 0, TASK_SIZE, true);
}

void flush_tlb_cpus(unsigned long mask)
{
	stop_around_flush();
	ASSERT(!irqs_disabled());
	count(&mmu_stats.flushes);
	smp_mb();
	for (unsigned int id = 0; id < NR_CPUS; id++) {
		if (mmu_ignore_flushes || !(mask & BIT(id)))
			continue;
		count(&mmu_stats.flush_targets);
		lock_cpu(&cpus[id]);
		flush_cpu(&cpus[id], 0, TASK_SIZE);
		unlock_cpu(&cpus[id]);
	}
	stop_around_flush();
}

void __real_flush_tlb_batched_pending(struct mm_struct *mm);
void __wrap_flush_tlb_batched_pending(struct mm_struct *mm);

void __wrap_flush_tlb_batched_pending(struct mm_struct *mm)
{
	if (!mmu_ignore_batched_pending)
		__real_flush_tlb_batched_pending(mm);
}

void flush_tlb_page_local(unsigned long addr)
{
	struct soft_cpu *cpu = &cpus[smp_processor_id()];

	if (mmu_ignore_flushes)
		return;
	lock_cpu(cpu);
	flush_cpu(cpu, addr & PAGE_MASK, (addr & PAGE_MASK) + PAGE_SIZE);
	unlock_cpu(cpu);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	ASSERT(!irqs_disabled());
	ASSERT(start <= end);
}

void synchronize_processors(void)
{
	ASSERT(!irqs_disabled());
	for (unsigned int id = 0; id < NR_CPUS; id++)
		while (__atomic_load_n(&cpu_locals[id].irqs_off, __ATOMIC_SEQ_CST))
			os_yield();
}

/* --- coherence --- */

static bool flush_is_pending(struct mm_struct *mm)
{
	return READ_ONCE(mm->tlb_unmaps_flushed) != (unsigned long)atomic_read(&mm->tlb_unmaps);
}

static void check_entry(struct soft_cpu *cpu, const struct tlb_entry *entry)
{
	unsigned long addr = entry->page & PAGE_MASK;
	pmd_t *pmd = mm_find_pmd(cpu->mm, addr);
	u64 now = pmd && !pmd_none(pmd) ? pte_offset(pmd, addr)->val : 0, had = entry->pte.val;
	const u64 rights = _PAGE_RW | _PAGE_USER;

	/* Reclaim has taken it away, and flushes before it goes on. */
	if (mmu_batch_is_open && !(now & _PAGE_PRESENT) && flush_is_pending(cpu->mm))
		return;
	if (!(now & _PAGE_PRESENT) || (now ^ had) & PTE_PFN_MASK || had & ~now & rights ||
	    now & ~had & _PAGE_NX || (pte_dirty(entry->pte) && !(now & _PAGE_DIRTY)))
		panic("processor %ld has a stale translation of %#lx: %#lx, the tables say %#lx",
		      (long)(cpu - cpus), addr, had, now);
}

void mmu_check_tlbs(void)
{
	for (struct soft_cpu *cpu = cpus; cpu < cpus + NR_CPUS; cpu++) {
		if (!cpu->mm)
			continue;
		/* Its areas are gone: nobody runs there any more, and the last flush may be left
		 * out. */
		if (!atomic_read(&cpu->mm->mm_users))
			continue;
		for (unsigned int i = 0; i < TLB_SLOTS; i++)
			if (cpu->tlb[i].page & 1)
				check_entry(cpu, &cpu->tlb[i]);
		for (unsigned int i = 0; i < PDE_SLOTS; i++) {
			unsigned long addr = cpu->pde[i].region & ~1UL;
			pmd_t *pmd;

			if (!(cpu->pde[i].region & 1))
				continue;
			pmd = mm_find_pmd(cpu->mm, addr);
			if (!pmd || pmd->val != cpu->pde[i].pmd)
				panic("processor %ld has a stale table for %#lx",
				      (long)(cpu - cpus), addr);
		}
	}
}
