/* verify_page.c - page tables against frames, and frames against all that knows them.
 * The tables of every mm are walked by themselves, not by areas, so nothing in them is overlooked;
 * each present entry is counted at its frame. Then every frame of memory is compared with that
 * count.
 * Locks:  none, everything stands still.
 * Read:   verify.c; rmap.c, lru.c, filemap.c and page_alloc.c for what must hold. */
#include "verify_internal.h"

#include <lib/list.h>
#include <lib/string.h>
#include <mm/filemap.h>
#include <mm/memblock.h>
#include <mm/special.h>
#include <mm/slab.h>

/* --- the tables of one mm --- */

struct table_walk {
	struct mm_struct	*mm;
	bool			busy;
	struct vm_area_struct *vma; /* first to end behind the current address; not if busy */
	long			tables, anon, file, shmem, swap;
};

/* The area that has a part of [addr, addr + bytes); addresses only go up. */
static struct vm_area_struct *area_in(struct table_walk *walk, unsigned long addr,
				      unsigned long bytes)
{
	while (walk->vma && walk->vma->vm_end <= addr)
		walk->vma = vma_next(walk->vma);
	return walk->vma && walk->vma->vm_start < addr + bytes ? walk->vma : NULL;
}

/* What the area at @addr has to say about its entry. */
static void check_rights(struct table_walk *walk, pte_t pte, unsigned long addr)
{
	struct vm_area_struct *vma = area_in(walk, addr, PAGE_SIZE);
	struct page *page = pfn_to_page(pte_pfn(pte));

	if (!CHECK(vma, "mm %p: entry %#lx at %#lx, where no area is", walk->mm, pte.val, addr))
		return;
	CHECK(!!(pte.val & _PAGE_PRESENT) == !!(vma->vm_flags & VM_ACCESS_FLAGS) &&
	      pte_exec(pte) == !!(vma->vm_flags & VM_EXEC) &&
	      (!(pte.val & _PAGE_PRESENT) || pte.val & _PAGE_USER),
	      "mm %p: entry %#lx at %#lx, whose area has flags %#lx", walk->mm, pte.val, addr,
	      vma->vm_flags);
	CHECK(!pte_write(pte) || vma->vm_flags & VM_WRITE,
	      "mm %p: writable entry %#lx at %#lx in an area that is not", walk->mm, pte.val, addr);
	if (pte_special(pte)) {
		CHECK(page == (vma_is_special(vma) ? special_page(vma, addr) : zero_page),
		      "mm %p: special entry %#lx at %#lx is neither the zero page nor its area's",
		      walk->mm, pte.val, addr);
		return;
	}
	CHECK(page->index == vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT),
	      "mm %p: the page at %#lx, frame %#lx, has index %lu, should be %lu", walk->mm, addr,
	      pte_pfn(pte), page->index, vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
	if (folio_test_anon(page_folio(page)))
		CHECK(!(vma->vm_flags & VM_SHARED),
		      "mm %p: anonymous page at %#lx in a shared area", walk->mm, addr);
	else
		CHECK(vma->vm_file && page->mapping == file_mapping(vma->vm_file) &&
			      (!pte_write(pte) || vma->vm_flags & VM_SHARED),
		      "mm %p: entry %#lx at %#lx: not its file's, or writable in a private area",
		      walk->mm, pte.val, addr);
}

static void count_rss(struct table_walk *walk, const struct page *page)
{
	if ((unsigned long)page->mapping & PAGE_MAPPING_ANON)
		walk->anon++;
	else if (page_flag(page, PG_swapbacked))
		walk->shmem++;
	else
		walk->file++;
}

static void check_entry(struct table_walk *walk, pte_t pte, unsigned long addr)
{
	struct frame_seen *seen = frame_seen(pte_pfn(pte));
	struct page *page = pfn_to_page(pte_pfn(pte));

	if (is_swap_pte(pte)) {
		if (!walk->busy)
			area_in(walk, addr, PAGE_SIZE);
		verify_swap_entry(walk->mm, walk->vma, walk->busy, pte, addr);
		walk->swap++;
		return;
	}
	if (!CHECK(seen, "mm %p: entry %#lx at %#lx names no frame", walk->mm,
		   pte.val, addr))
		return;
	verify.report->entries++;
	if (!walk->busy)
		check_rights(walk, pte, addr);
	if (pte_special(pte)) {
		CHECK(!pte_write(pte), "mm %p: special entry %#lx at %#lx is writable", walk->mm,
		      pte.val, addr);
		return;
	}
	seen->entries++;
	seen->busy += walk->busy;
	count_rss(walk, page);
	if (pte_write(pte) && folio_test_anon(page_folio(page)))
		CHECK(page_flag(page, PG_anon_exclusive),
		      "mm %p: writable entry at %#lx for frame %#lx, which is not exclusive",
		      walk->mm, addr, pte_pfn(pte));
}

/* False: it cannot be followed. */
static bool check_table(struct table_walk *walk, u64 entry, unsigned long addr,
			unsigned long covers)
{
	struct page *page = phys_to_page(entry & PTE_PFN_MASK);

	if (!CHECK((entry & PTE_FLAGS_MASK) == _PAGE_TABLE && frame_seen(page_to_pfn(page)) &&
		   page_flag(page, PG_table) && page->pt_mm == walk->mm,
		   "mm %p: %#lx over %#lx is no table of its own", walk->mm, entry, addr))
		return false;
	walk->tables++;
	CHECK(!spin_is_locked(&page->pt_lock), "mm %p: the table over %#lx is locked", walk->mm,
	      addr);
	CHECK(walk->busy || area_in(walk, addr, covers),
	      "mm %p: a table over %#lx, where no area is", walk->mm, addr);
	return true;
}

/* A table whose entries cover 1 << @shift bytes each. Recursion is four deep. */
static void walk_table(struct table_walk *walk, const u64 *table, unsigned int nr,
		       unsigned long addr, unsigned int shift)
{
	for (unsigned int i = 0; i < nr; i++, addr += 1UL << shift) {
		if (!table[i])
			continue;
		if (shift == PAGE_SHIFT)
			check_entry(walk, (pte_t){ table[i] }, addr);
		else if (check_table(walk, table[i], addr, 1UL << shift))
			walk_table(walk, table_virt(table[i]), PTRS_PER_TABLE, addr, shift - 9);
	}
}

static void check_rss(struct mm_struct *mm, const char *name, const atomic_long_t *rss, long found)
{
	long is = atomic_read(rss);

	CHECK(is == found, "mm %p: %s is %ld, %ld entries found", mm, name, is, found);
}

void verify_tables(struct mm_struct *mm)
{
	struct table_walk walk = { .mm = mm, .busy = mm_busy(mm) };
	long tables = atomic_read(&mm->nr_ptes);

	if (!walk.busy && !list_empty(&mm->mmap_list))
		walk.vma = list_first_entry(&mm->mmap_list, struct vm_area_struct, vm_list);
	walk_table(&walk, (const u64 *)mm->pgd, PTRS_PER_TABLE / 2, 0, PGD_SHIFT);
	CHECK(!memcmp(mm->pgd + PTRS_PER_TABLE / 2, init_mm.pgd + PTRS_PER_TABLE / 2,
		      PAGE_SIZE / 2),
	      "mm %p: its kernel half differs", mm);
	check_rss(mm, "rss_anon", &mm->rss_anon, walk.anon);
	check_rss(mm, "rss_file", &mm->rss_file, walk.file);
	check_rss(mm, "rss_shmem", &mm->rss_shmem, walk.shmem);
	check_rss(mm, "swapents", &mm->swapents, walk.swap);
	/* Unmapping counts a table until its flush. */
	CHECK(walk.busy ? tables >= walk.tables : tables == walk.tables,
	      "mm %p: nr_ptes is %ld, %ld tables found", mm, tables, walk.tables);
}

/* --- lists of frames --- */

static void see_free(struct page *page, unsigned int order, bool stacked)
{
	unsigned long pfn = page_to_pfn(page);

	CHECK(stacked || (page_flag(page, PG_buddy) && page->order == order &&
			  IS_ALIGNED(pfn, 1UL << order)),
	      "frame %#lx is in the list of free blocks of order %u: flags %#lx, order %u", pfn,
	      order, page->flags, page->order);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		struct frame_seen *seen = frame_seen(pfn + i);

		if (!CHECK(seen && !seen->free, "frame %#lx is free twice, or none of memory",
			   pfn + i))
			return;
		seen->free = 1;
		CHECK(!i || !page_flag(page + i, PG_buddy),
		      "frame %#lx is a free block inside another", pfn + i);
		verify.report->free_frames++;
	}
}

void verify_free(void)
{
	walk_free_blocks(see_free);
}

/* The list on which @page should be. */
static enum lru_list wanted_lru(const struct page *page)
{
	if (page_flag(page, PG_unevictable))
		return LRU_UNEVICTABLE;
	return (page_flag(page, PG_swapbacked) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) +
	       page_flag(page, PG_active);
}

static void see_lru(enum lru_list lru)
{
	unsigned long nr = 0;
	struct page *page;

	list_for_each_entry(page, lru_head(lru), lru) {
		struct frame_seen *seen = frame_seen(page_to_pfn(page));

		if (!CHECK(seen && !seen->lru, "LRU list %u is damaged at frame %#lx", lru,
			   page_to_pfn(page)))
			break;
		seen->lru = 1;
		CHECK(lru == wanted_lru(page) &&
			      page_flag(page, PG_unevictable) == page_flag(page, PG_mlocked),
		      "frame %#lx, flags %#lx, is on the wrong LRU list, %u",
		      page_to_pfn(page), page->flags, lru);
		nr++;
	}
	CHECK(nr == lru_size(lru), "LRU list %u has %lu frames, counted as %lu", lru, nr,
	      lru_size(lru));
	verify.lru += nr;
}

void verify_lru(void)
{
	for (enum lru_list lru = 0; lru < NR_LRU_LISTS; lru++)
		see_lru(lru);
}

/* --- the reverse map of one folio --- */

struct rmap_hits {
	unsigned int	quiet, busy;	/* by state of the mm */
};

static bool count_hit(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
		      void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	struct rmap_hits *hits = arg;

	if (page_vma_mapped_walk(&pvmw)) {
		hits->busy += mm_busy(vma->vm_mm);
		hits->quiet += !mm_busy(vma->vm_mm);
		page_vma_mapped_walk_done(&pvmw);
	}
	return true;
}

/* Each hit is a present entry at its own address of an area, and areas are apart: so equal
 * numbers mean the same entries. In a busy mm two areas may both have a range for a moment, while
 * they are split or joined (vma.c), and then an entry is met twice. */
static void check_rmap(struct folio *folio, const struct frame_seen *seen)
{
	struct rmap_hits hits = {};
	struct rmap_walk_control rwc = { .arg = &hits, .rmap_one = count_hit };
	unsigned long pfn = page_to_pfn(folio_page(folio));
	bool locked = folio_trylock(folio);

	rmap_walk_locked(folio, &rwc);
	if (locked)
		page_clear_flag(folio_page(folio), PG_locked);
	CHECK(hits.quiet == seen->entries - seen->busy && hits.busy <= 2 * seen->busy,
	      "frame %#lx: rmap_walk finds %u of its %u entries (and %u of %u in busy mms)", pfn,
	      hits.quiet, seen->entries - seen->busy, hits.busy, seen->busy);
}

/* False: the walk would lead nowhere. */
static bool check_anon_owner(struct folio *folio)
{
	struct anon_vma *anon_vma = (void *)folio->page.mapping - PAGE_MAPPING_ANON;

	return CHECK(is_object(anon_vma) && is_object(anon_vma->root) &&
			     atomic_read(&anon_vma->refcount) > 0,
		     "frame %#lx: mapped, and its anon_vma %p is none",
		     page_to_pfn(folio_page(folio)), anon_vma);
}

/* --- the page cache --- */

bool verify_cached_page(struct address_space *mapping, unsigned long index, struct folio *folio)
{
	unsigned long pfn = page_to_pfn(folio_page(folio));

	return CHECK(frame_seen(pfn) && folio->page.mapping == mapping &&
			     folio->page.index == index,
		     "file %p: page %lu is frame %#lx, which says it is another", mapping, index,
		     pfn);
}

/* The number of pages, and that each knows where it is. A file that had a page in swap once is in
 * verify_swap.c's list instead. */
static void check_cache(struct address_space *mapping)
{
	unsigned long index = 0, nr = 0;
	struct folio *folio;

	CHECK(!mapping->nrswapped, "file %p: nrswapped is %lu, and swapoff would not find it",
	      mapping, mapping->nrswapped);
	radix_for_each(&mapping->i_pages, index, folio) {
		if (!verify_cached_page(mapping, index, folio))
			break;
		nr++;
	}
	CHECK(nr == mapping->nrpages, "file %p: %lu pages in the index, nrpages is %lu", mapping,
	      nr, mapping->nrpages);
}

/* The folio, no anonymous one, is in the page cache. */
static bool check_cached(struct folio *folio, const struct frame_seen *seen)
{
	struct address_space *mapping = folio->page.mapping;
	pgoff_t first = 0, index = folio->page.index;
	bool there;

	if (!mapping)
		return false;	/* truncated, and somebody has it still */
	there = is_object(&mapping->host) && radix_lookup(&mapping->i_pages, index) == folio;
	if (!there && !seen->entries && !seen->lru)
		return false;	/* new, about to be added */
	if (!CHECK(there, "frame %#lx is not page %lu of its file %p",
		   page_to_pfn(folio_page(folio)), index, mapping))
		return false;
	verify.cached++;
	verify.shmem += mapping->shmem;
	verify.committed += mapping->shmem && !mapping->reserved;
	if (list_empty(&mapping->swaplist) && radix_next(&mapping->i_pages, &first) == folio)
		check_cache(mapping);
	return true;
}

/* --- every frame --- */

static void check_refs(struct folio *folio, struct frame_seen *seen, int found)
{
	unsigned long pfn = page_to_pfn(folio_page(folio));
	int refs = folio_ref_count(folio);
	bool dying = !refs && !found && !seen->lru;	/* reclaim frees a batch at a time */

	CHECK(dying || (refs && refs >= found), "frame %#lx: reference count is %d, should be %d",
	      pfn, refs, found);
	seen->surplus = (dying || refs > found) && seen->was_surplus;
	if (seen->surplus)
		verify_surplus("frame %#lx: %d references, only %d found", pfn, refs, found);
}

/* On the list that lru.c says; or new or isolated, and then somebody has a reference. */
static void check_listed(const struct folio *folio, const struct frame_seen *seen, int found)
{
	CHECK(folio_flag(folio, PG_lru) == seen->lru &&
		      (seen->lru || !found || folio_ref_count(folio) > found),
	      "frame %#lx: flags %#lx, but is %son an LRU list", page_to_pfn(&folio->page),
	      folio->page.flags, seen->lru ? "" : "not ");
}

/* @slot: entries of its slot. */
static void check_flags(const struct folio *folio, const struct frame_seen *seen,
			unsigned int slot)
{
	unsigned long flags = folio->page.flags, pfn = page_to_pfn(&folio->page);
	bool anon = folio_test_anon(folio), swapcache = flags & BIT(PG_swapcache);

	CHECK(swapcache == seen->swapcache, "frame %#lx: flags %#lx, but is %sa slot's copy", pfn,
	      flags, seen->swapcache ? "" : "not ");
	CHECK(!(flags & BIT(PG_anon_exclusive)) || (anon && seen->entries + slot <= 1),
	      "frame %#lx: exclusive, with %u entries and %u swap entries", pfn, seen->entries,
	      slot);
	/* Without PG_swapbacked an anonymous one is lazyfree, and needs no slot. */
	CHECK((flags & BIT(PG_uptodate) || (swapcache && !seen->entries)) &&
		      (flags & BIT(PG_swapbacked) || !swapcache) &&
		      (swapcache || !(flags & BIT(PG_writeback))),
	      "frame %#lx: flags %#lx do not go together", pfn, flags);
}

static void check_folio(struct folio *folio, struct frame_seen *seen)
{
	struct page *page = folio_page(folio);
	unsigned long pfn = page_to_pfn(page);
	bool anon = folio_test_anon(folio);
	bool cached = !anon && check_cached(folio, seen);
	bool owned = seen->entries ? !anon || check_anon_owner(folio) : false;
	unsigned int slot = seen->swapcache ? verify_slot_entries(folio_swap_entry(folio)) : 0;
	int found = seen->entries + cached + seen->swapcache;

	verify.report->folios++;
	CHECK(folio_mapcount(folio) == (int)seen->entries,
	      "frame %#lx: map count is %d, should be %u", pfn, folio_mapcount(folio),
	      seen->entries);
	check_refs(folio, seen, found);
	CHECK(!seen->entries || anon || cached, "frame %#lx: mapped, but nobody's", pfn);
	check_listed(folio, seen, found);
	check_flags(folio, seen, slot);
	verify.mlocked += page_flag(page, PG_mlocked);
	verify.writeback += page_flag(page, PG_writeback);
	verify.anon += anon && seen->entries;
	verify.file_mapped += !anon && seen->entries;
	if (owned && !verify.damaged)
		check_rmap(folio, seen);
}

static void check_free(const struct page *page, const struct frame_seen *seen)
{
	CHECK(!(page->flags & ~(BIT(PG_buddy) | BIT(PG_poisoned))) &&
		      !atomic_read(&page->_refcount) && !atomic_read(&page->_mapcount) &&
		      !seen->entries && !seen->lru,
	      "frame %#lx is free: flags %#lx, map count %d, reference count %d, %u entries",
	      page_to_pfn(page), page->flags, atomic_read(&page->_mapcount),
	      atomic_read(&page->_refcount), seen->entries);
}

static void check_frame(unsigned long pfn)
{
	const unsigned long states = BIT(PG_buddy) | BIT(PG_slab) | BIT(PG_table) |
				     BIT(PG_reserved) | BIT(PG_lru);
	/* Reclaim takes folios off their lists, and out of all entries. */
	const unsigned long folio = BIT(PG_lru) | BIT(PG_swapcache) | BIT(PG_swapbacked) |
				    BIT(PG_uptodate);
	struct frame_seen *seen = frame_seen(pfn);
	struct page *page = pfn_to_page(pfn);
	unsigned long state = page->flags & states;

	if (seen->free) {
		check_free(page, seen);
		return;
	}
	CHECK(!(state & (state - 1)) && !(state & BIT(PG_buddy)),
	      "frame %#lx: flags %#lx are of two states, or of a free one that is in no list", pfn,
	      page->flags);
	if (seen->entries || seen->lru || seen->swapcache || page->flags & folio) {
		check_folio(page_folio(page), seen);
		return;
	}
	if (!(state & (BIT(PG_slab) | BIT(PG_table))))
		return;		/* the kernel's, or never free */
	CHECK(atomic_read(&page->_refcount) == 1 && !atomic_read(&page->_mapcount),
	      "frame %#lx, a slab or table: flags %#lx, map count %d, reference count %d", pfn,
	      page->flags, atomic_read(&page->_mapcount), atomic_read(&page->_refcount));
	verify.slabs += page_flag(page, PG_slab);
	verify.tables += page_flag(page, PG_table);
}

void verify_frames(void)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++) {
		unsigned long end = range.end >> PAGE_SHIFT;

		for (unsigned long pfn = range.start >> PAGE_SHIFT; pfn < end; pfn++)
			check_frame(pfn);
		verify.report->frames += end - (range.start >> PAGE_SHIFT);
	}
}
