/* pgtable_types.h - every bit of a page-table entry; nobody else shifts one.
 *
 * A leaf entry (pte_t) is one of
 *   none       all bits zero
 *   present    bit 0 set: the hardware layout of Intel SDM vol. 3, table 4-20; or bit 0 clear and
 *   bit 8
 *              set: a frame that PROT_NONE hides, present to us and absent to the processor
 *   otherwise  a swap entry (or, by its type, another that is not present):
 *
 *	63	62..58	57..12		11..9	8  7	6..4	3	2	1	0
 *	0	type	~offset		0	0  0	0	excl	0	sdirty	0
 *
 *   type	which swap area, 0 to 31
 *   offset	slot in it, in pages, upside down: the frame that a processor may speculate on
 * though
 *		the entry is absent (L1 terminal fault) is then beyond all memory
 *   excl	the page was exclusive (PG_anon_exclusive) when it left, and comes back so
 *   sdirty	_PAGE_SOFT_DIRTY of the entry that it was
 */
#ifndef ASM_PGTABLE_TYPES_H
#define ASM_PGTABLE_TYPES_H

#include <lib/types.h>
#include <asm/page.h>

typedef struct { u64 val; } pte_t;
typedef struct { u64 val; } pmd_t;
typedef struct { u64 val; } pud_t;
typedef struct { u64 val; } pgd_t;
typedef struct { u64 val; } pgprot_t;

#define PTRS_PER_TABLE	512

#define PMD_SHIFT	21
#define PUD_SHIFT	30
#define PGD_SHIFT	39
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PUD_SIZE	(1UL << PUD_SHIFT)
#define PGD_SIZE	(1UL << PGD_SHIFT)

#define _PAGE_PRESENT	(1UL << 0)
#define _PAGE_RW	(1UL << 1)
#define _PAGE_USER	(1UL << 2)
#define _PAGE_PWT	(1UL << 3)
#define _PAGE_PCD	(1UL << 4)
#define _PAGE_ACCESSED	(1UL << 5)
#define _PAGE_DIRTY	(1UL << 6)
#define _PAGE_PSE	(1UL << 7)	/* in pmd and pud: maps 2 MiB or 1 GiB */
#define _PAGE_GLOBAL	(1UL << 8)
#define _PAGE_PROTNONE	(1UL << 8)	/* software, in entries without _PAGE_PRESENT */
#define _PAGE_SPECIAL	(1UL << 9)	/* software: no struct page is counted (zero page) */
#define _PAGE_SOFT_DIRTY (1UL << 11)	/* software: written since clear_refs */
#define _PAGE_NX	(1UL << 63)

#define _PAGE_SWP_SOFT_DIRTY (1UL << 1)	/* in swap entries */
#define _PAGE_SWP_EXCLUSIVE (1UL << 3)
#define SWP_PTE_TYPE_SHIFT	58
#define SWP_PTE_TYPE_BITS	5
#define SWP_PTE_OFFSET_BITS	46

#define PTE_PFN_MASK	0x000ffffffffff000UL
#define PTE_FLAGS_MASK	(~PTE_PFN_MASK)

#define _PAGE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _KERNPG_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)

#define PAGE_KERNEL	((pgprot_t){ _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | \
				     _PAGE_GLOBAL | _PAGE_NX })
#define PAGE_KERNEL_RO	((pgprot_t){ _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | \
				     _PAGE_GLOBAL | _PAGE_NX })
#define PAGE_KERNEL_RX	((pgprot_t){ _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | \
				     _PAGE_GLOBAL })
#define PAGE_KERNEL_IO	((pgprot_t){ _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | \
				     _PAGE_GLOBAL | _PAGE_NX | _PAGE_PCD | _PAGE_PWT })

#endif
