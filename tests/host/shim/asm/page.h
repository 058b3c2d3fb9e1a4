/* page.h - the kernel's header of this name for a host program: physical memory is an arena that
 * the machine double maps, so the direct map and the struct page array begin where the host put
 * them. Frames that no memblock range holds are not accessible, and neither are their struct
 * pages. */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include <lib/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)	(((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(x) ((unsigned long)(x) & ~PAGE_MASK)

#define TASK_SIZE	0x00007ffffffff000UL
#define DIRECT_MAP_BASE	shim_direct_map
/* only entries are made for these, nobody goes there */
#define VMALLOC_START	  0xffffc90000000000UL
#define VMALLOC_END	0xffffc98000000000UL
#define VMEMMAP_BASE	shim_vmemmap
#define KERNEL_BASE	0xffffffff80000000UL

typedef u64 phys_addr_t;

/* Set by shim_machine_init(). */
extern unsigned long shim_direct_map, shim_vmemmap;
extern phys_addr_t phys_base;

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(phys + DIRECT_MAP_BASE);
}

static inline phys_addr_t virt_to_phys(const void *addr)
{
	return (unsigned long)addr - DIRECT_MAP_BASE;
}

static inline phys_addr_t image_to_phys(const void *addr)
{
	return (unsigned long)addr - KERNEL_BASE + phys_base;
}

static inline void clear_pages(void *pages, unsigned long nr)
{
	__builtin_memset(pages, 0, nr * PAGE_SIZE);
}

/* Whoever maps a file's page shared may write it while it is copied for somebody else. */
static inline void copy_page(void *to, const void *from)
{
	for (unsigned long i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		((u64 *)to)[i] = __atomic_load_n((const u64 *)from + i, __ATOMIC_RELAXED);
}

#endif
