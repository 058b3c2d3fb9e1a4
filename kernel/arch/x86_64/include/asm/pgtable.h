/* pgtable.h - reading, making and changing entries; walking the four levels.
 * A processor sets accessed and dirty bits behind our back, so an entry that was ever present is
 * changed only by the atomic ptep_* functions, under its pte lock. */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include <asm/pgtable_types.h>

struct list_head;
struct mm_struct;
struct page;

/* --- one entry, by value --- */
static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return (pte_t){ ((u64)pfn << PAGE_SHIFT) | prot.val };
}

static inline unsigned long pte_pfn(pte_t pte)
{
	return (pte.val & PTE_PFN_MASK) >> PAGE_SHIFT;
}

static inline bool pte_none(pte_t pte)
{
	return !pte.val;
}

static inline bool pte_present(pte_t pte)
{
	return pte.val & (_PAGE_PRESENT | _PAGE_PROTNONE);
}

/* Present to us alone: PROT_NONE. */
static inline bool pte_hidden(pte_t pte)
{
	return (pte.val & (_PAGE_PRESENT | _PAGE_PROTNONE)) == _PAGE_PROTNONE;
}

static inline bool pte_write(pte_t pte)
{
	return pte.val & _PAGE_RW;
}

static inline bool pte_exec(pte_t pte)
{
	return !(pte.val & _PAGE_NX);
}

static inline bool pte_dirty(pte_t pte)
{
	return pte.val & _PAGE_DIRTY;
}

static inline bool pte_young(pte_t pte)
{
	return pte.val & _PAGE_ACCESSED;
}

static inline bool pte_special(pte_t pte)
{
	return pte.val & _PAGE_SPECIAL;
}

static inline bool pte_soft_dirty(pte_t pte)
{
	return pte.val & _PAGE_SOFT_DIRTY;
}

/* --- one swap entry, by value: neither none nor present --- */
static inline pte_t pte_mkswap(unsigned int type, unsigned long offset)
{
	return (pte_t){ (u64)type << SWP_PTE_TYPE_SHIFT |
			(~(u64)offset & ((1UL << SWP_PTE_OFFSET_BITS) - 1)) << PAGE_SHIFT };
}

static inline unsigned int pte_swp_type(pte_t pte)
{
	return pte.val >> SWP_PTE_TYPE_SHIFT & ((1u << SWP_PTE_TYPE_BITS) - 1);
}

static inline unsigned long pte_swp_offset(pte_t pte)
{
	return ~(pte.val >> PAGE_SHIFT) & ((1UL << SWP_PTE_OFFSET_BITS) - 1);
}

static inline bool pte_swp_exclusive(pte_t pte)
{
	return pte.val & _PAGE_SWP_EXCLUSIVE;
}

static inline pte_t pte_swp_mkexclusive(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_SWP_EXCLUSIVE };
}

static inline pte_t pte_swp_clear_exclusive(pte_t pte)
{
	return (pte_t){ pte.val & ~_PAGE_SWP_EXCLUSIVE };
}

static inline bool pte_swp_soft_dirty(pte_t pte)
{
	return pte.val & _PAGE_SWP_SOFT_DIRTY;
}

static inline pte_t pte_swp_mksoft_dirty(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_SWP_SOFT_DIRTY };
}

static inline pte_t pte_swp_clear_soft_dirty(pte_t pte)
{
	return (pte_t){ pte.val & ~_PAGE_SWP_SOFT_DIRTY };
}

static inline bool pte_same(pte_t a, pte_t b)
{
	return a.val == b.val;
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_RW };
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return (pte_t){ pte.val & ~_PAGE_RW };
}

static inline pte_t pte_mkdirty(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_DIRTY | _PAGE_SOFT_DIRTY };
}

static inline pte_t pte_mksoft_dirty(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_SOFT_DIRTY };
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return (pte_t){ pte.val & ~_PAGE_DIRTY };
}

static inline pte_t pte_mkyoung(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_ACCESSED };
}

static inline pte_t pte_mkold(pte_t pte)
{
	return (pte_t){ pte.val & ~_PAGE_ACCESSED };
}

static inline pte_t pte_mkspecial(pte_t pte)
{
	return (pte_t){ pte.val | _PAGE_SPECIAL };
}

/* The same frame and history with the rights of @prot. */
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	const u64 keep = PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL |
			 _PAGE_SOFT_DIRTY;

	return (pte_t){ (pte.val & keep) | (prot.val & ~PTE_PFN_MASK) };
}

/* --- one entry, in memory --- */
static inline pte_t ptep_get(const pte_t *ptep)
{
	return (pte_t){ READ_ONCE(ptep->val) };
}

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->val, pte.val);
}

static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	return (pte_t){ __atomic_exchange_n(&ptep->val, 0, __ATOMIC_SEQ_CST) };
}

/* From *@old to @new: true. False: a processor has set a bit meanwhile (accessed, dirty), which
 * *@old has now. So an entry changes without being none in between, when walks would miss it. */
static inline bool ptep_try_change(pte_t *ptep, pte_t *old, pte_t new)
{
	return __atomic_compare_exchange_n(&ptep->val, &old->val, new.val, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void ptep_set_wrprotect(pte_t *ptep)
{
	__atomic_fetch_and(&ptep->val, ~_PAGE_RW, __ATOMIC_SEQ_CST);
}

static inline bool ptep_test_and_clear_young(pte_t *ptep)
{
	return __atomic_fetch_and(&ptep->val, ~_PAGE_ACCESSED, __ATOMIC_SEQ_CST) &
	       _PAGE_ACCESSED;
}

/* The next write faults, and sets it again. The caller flushes. */
static inline void ptep_clear_soft_dirty(pte_t *ptep)
{
	__atomic_fetch_and(&ptep->val, ~(_PAGE_RW | _PAGE_SOFT_DIRTY), __ATOMIC_SEQ_CST);
}

/* --- upper levels: an entry is none or points to a table --- */
static inline unsigned int pgd_index(unsigned long addr)
{
	return (addr >> PGD_SHIFT) % PTRS_PER_TABLE;
}

static inline unsigned int pud_index(unsigned long addr)
{
	return (addr >> PUD_SHIFT) % PTRS_PER_TABLE;
}

static inline unsigned int pmd_index(unsigned long addr)
{
	return (addr >> PMD_SHIFT) % PTRS_PER_TABLE;
}

static inline unsigned int pte_index(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) % PTRS_PER_TABLE;
}

/* @addr rounded up to the next boundary of @size, or @end if that comes first. */
static inline unsigned long table_addr_end(unsigned long addr, unsigned long end,
					   unsigned long size)
{
	unsigned long boundary = (addr + size) & ~(size - 1);

	return boundary - 1 < end - 1 ? boundary : end;
}

#define pgd_addr_end(addr, end)	table_addr_end(addr, end, PGD_SIZE)
#define pud_addr_end(addr, end)	table_addr_end(addr, end, PUD_SIZE)
#define pmd_addr_end(addr, end)	table_addr_end(addr, end, PMD_SIZE)

static inline void *table_virt(u64 entry)
{
	return phys_to_virt(entry & PTE_PFN_MASK);
}

static inline pud_t *pud_offset(const pgd_t *pgd, unsigned long addr)
{
	return (pud_t *)table_virt(READ_ONCE(pgd->val)) + pud_index(addr);
}

static inline pmd_t *pmd_offset(const pud_t *pud, unsigned long addr)
{
	return (pmd_t *)table_virt(READ_ONCE(pud->val)) + pmd_index(addr);
}

static inline pte_t *pte_offset(const pmd_t *pmd, unsigned long addr)
{
	return (pte_t *)table_virt(READ_ONCE(pmd->val)) + pte_index(addr);
}

static inline bool pgd_none(const pgd_t *pgd)
{
	return !READ_ONCE(pgd->val);
}

static inline bool pud_none(const pud_t *pud)
{
	return !READ_ONCE(pud->val);
}

static inline bool pmd_none(const pmd_t *pmd)
{
	return !READ_ONCE(pmd->val);
}

/* --- pgtable.c --- */
/* Tables of user mms. A new pgd already has the kernel half; NULL: no memory. */
pgd_t *pgd_alloc(void);
void pgd_free(pgd_t *pgd);

/* The pmd entry that covers @addr, NULL if an upper level is missing. */
pmd_t *mm_find_pmd(struct mm_struct *mm, unsigned long addr);
/* The same, making upper levels. NULL: no memory. May sleep. mmap_lock held at least for read. */
pmd_t *mm_alloc_pmd(struct mm_struct *mm, unsigned long addr);
/* Make *pmd point to an empty leaf table unless it has one already. 0 or -ENOMEM. May sleep. */
int pte_alloc_slow(struct mm_struct *mm, pmd_t *pmd);
static inline int pte_alloc(struct mm_struct *mm, pmd_t *pmd)
{
	return likely(!pmd_none(pmd)) ? 0 : pte_alloc_slow(mm, pmd);
}

/* Let *to, which is none, have the table of *from. mmap_lock held for write; no rmap walk can come
 * to either place. The caller flushes all processors, upper levels included, before one can. */
void move_table(struct mm_struct *mm, pmd_t *from, pmd_t *to);
/* Unlink the tables over [start, end) that map nothing below @floor and nothing from @ceiling on,
 * and put their frames on @dead. All leaf entries in the range are none. mmap_lock held for write;
 * no rmap walk can find the range any more. The caller flushes all processors, then gives each to
 * free_table(). */
void unlink_page_tables(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling, struct list_head *dead);
void free_table(struct page *page);
/* Give back the spare zeroed table frames of the running processor. */
void drain_table_cache(void);
unsigned long nr_cached_tables(void);	/* on all processors */
unsigned long nr_table_pages(void);	/* in use by user mms */

/* Kernel half: map [addr, addr + bytes) to frames. 0 or -ENOMEM, and then nothing is mapped. */
int map_kernel_page(unsigned long addr, phys_addr_t phys, pgprot_t prot);
/* Clear one page's entry; the caller flushes. Returns what was mapped, 0 if nothing. */
phys_addr_t unmap_kernel_page(unsigned long addr);

/* Build the final kernel tables from memblock and load them: direct map, image by section rights,
 * vmemmap for all memory. Called once, on the boot processor. */
void paging_init(void);
/* Physical address of the kernel's own top-level table. */
phys_addr_t kernel_pgd_phys(void);

#endif
