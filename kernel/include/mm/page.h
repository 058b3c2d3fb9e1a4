/* page.h - between frame number, struct page, folio and addresses; flags; references. */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <asm/page.h>
#include <mm/mm_types.h>

#define vmemmap	((struct page *)VMEMMAP_BASE)

extern struct page *zero_page;	/* what reads of untouched memory find; counted nowhere */

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return vmemmap + pfn;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return page - vmemmap;
}

static inline struct page *phys_to_page(phys_addr_t phys)
{
	return pfn_to_page(phys >> PAGE_SHIFT);
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return page_to_pfn(page) << PAGE_SHIFT;
}

/* Through the direct map. */
static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static inline struct page *virt_to_page(const void *addr)
{
	return phys_to_page(virt_to_phys(addr));
}

/* The only way across: the frame has, or had, an owner. */
static inline struct folio *page_folio(struct page *page)
{
	return (struct folio *)page;
}

static inline struct page *folio_page(struct folio *folio)
{
	return &folio->page;
}

static inline void *folio_address(struct folio *folio)
{
	return page_address(&folio->page);
}

static inline bool page_flag(const struct page *page, enum pageflags flag)
{
	return READ_ONCE(page->flags) & BIT(flag);
}

/* While nobody else may change them; the allocator may look at them for a frame beside. */
static inline void page_init_flags(struct page *page, unsigned long flags)
{
	WRITE_ONCE(page->flags, flags);
}

static inline void page_set_flag(struct page *page, enum pageflags flag)
{
	set_bit_atomic(flag, &page->flags);
}

static inline void page_clear_flag(struct page *page, enum pageflags flag)
{
	clear_bit_atomic(flag, &page->flags);
}

static inline bool folio_flag(const struct folio *folio, enum pageflags flag)
{
	return page_flag(&folio->page, flag);
}

/* Bit 0 of mapping: the owner is anonymous memory. */
#define PAGE_MAPPING_ANON	1UL

static inline bool folio_test_anon(const struct folio *folio)
{
	return (unsigned long)READ_ONCE(folio->page.mapping) & PAGE_MAPPING_ANON;
}

static inline void get_page(struct page *page)
{
	DEBUG_ASSERT(atomic_read(&page->_refcount) > 0);
	atomic_inc(&page->_refcount);
}

static inline void folio_get(struct folio *folio)
{
	get_page(&folio->page);
}

static inline int folio_ref_count(const struct folio *folio)
{
	return atomic_read(&folio->page._refcount);
}

static inline int folio_mapcount(const struct folio *folio)
{
	return atomic_read(&folio->page._mapcount);
}

#endif
