/* page.h - page size, the kernel's fixed virtual layout, and physical to virtual translation.
 *
 *   0x0000000000000000 - 0x00007fffffffefff   user
 *   0xffff888000000000   direct map: all physical memory, never executable
 *   0xffffc90000000000   vmalloc: guarded kernel stacks, device registers
 *   0xffffea0000000000   vmemmap: the struct page array, mapped only where there is memory
 *   0xffffffff80000000   kernel image, at its physical address less phys_base
 */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include <lib/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)	(((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(x) ((unsigned long)(x) & ~PAGE_MASK)

#define TASK_SIZE	0x00007ffffffff000UL	/* first address user space may not have */
#define DIRECT_MAP_BASE	0xffff888000000000UL
#define VMALLOC_START	0xffffc90000000000UL
#define VMALLOC_END	0xffffc98000000000UL	/* one top-level entry: 512 GiB */
#define VMEMMAP_BASE	0xffffea0000000000UL
#define KERNEL_BASE	0xffffffff80000000UL

typedef u64 phys_addr_t;	/* bytes */

/* Physical address of the image less its link-time one; set before any C runs. */
extern phys_addr_t phys_base;

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(phys + DIRECT_MAP_BASE);
}

/* @addr lies in the direct map. */
static inline phys_addr_t virt_to_phys(const void *addr)
{
	return (unsigned long)addr - DIRECT_MAP_BASE;
}

/* @addr lies in the kernel image. */
static inline phys_addr_t image_to_phys(const void *addr)
{
	return (unsigned long)addr - KERNEL_BASE + phys_base;
}

/* Zero @nr pages in a row, or copy one, through the direct map. */
static inline void clear_pages(void *pages, unsigned long nr)
{
	unsigned long count = nr * (PAGE_SIZE / 8);

	asm volatile("rep stosq" : "+D"(pages), "+c"(count) : "a"(0UL) : "memory");
}

static inline void copy_page(void *to, const void *from)
{
	unsigned long count = PAGE_SIZE / 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

#endif
