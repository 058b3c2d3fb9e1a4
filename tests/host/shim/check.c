/* check.c - the verifier of the host tests.
 * What it proves, for all mms of shim_mms and all files of shim_inodes:
 *	areas	in order, apart, tree and list alike, gaps right, page counts right, in i_mmap
 *	chains	each in its anon_vma's tree at its area's place, all of one root; the counts of
 *		each anon_vma
 *	tables	each covers an area, is marked as a table of its mm, and is counted
 *	entries	inside an area, with no right that the area does not give; writable only if the
 *		page is shared or exclusively ours; an anonymous page's tree leads to the area;
 *		those of swap are well formed, where private memory is
 *	slots	count is the number of entries, in tables and files; an exclusive one is alone; a
 *		copy in memory knows its slot, and if it is clean the disk has the same bytes
 *	frames	map count is the number of entries, references are entries and caches; exclusive
 *		ones have one entry and no swap entry; rmap_walk finds exactly the entries there
 *		are
 *	lists	each frame on the one that its flags say, and none on two
 *	sums	rss, swapents, vmstat, LRU sizes, objects out; every frame is accounted for
 *	TLBs	no processor has a translation that the tables do not give any more
 * Locks:  none; nobody else may run. */
#include "check.h"

#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/string.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <mm/anon_vma.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/memblock.h>
#include <mm/page.h>
#include <mm/rmap.h>
#include <mm/slab.h>
#include <mm/verify.h>
#include <mm/vmalloc.h>
#include <mm/vmstat.h>
#include <uapi/mman.h>

#include "disk.h"
#include "file.h"
#include "machine.h"
#include "mmu.h"
#include "os.h"

#define CHECK(cond, fmt, ...) \
	(likely(cond) ? (void)0 : panic("%s:%d: not true: %s: " fmt, __FILE__, __LINE__, #cond, \
					##__VA_ARGS__))
#define MAX_CACHES	64
#define FAMILY_SLOTS	16384
#define SWAP_SLOTS	65536

struct frame_use {
	unsigned int	entries;	/* page-table entries that name it */
	unsigned int	cached;		/* places in page caches */
	unsigned int	swapped;	/* slots that it is the copy of */
	bool		dirty;		/* an entry says so */
};

static struct frame_use *frames;	/* by frame number */
static unsigned long nr_frames;

/* What the areas' chains say of an anon_vma. */
static struct family {
	struct anon_vma	*anon_vma;
	unsigned long	chains, active;
} families[FAMILY_SLOTS];		/* hashed by address, NULL: free */

/* What tables and files say of a slot. */
static struct slot_use {
	unsigned long	key;		/* 1 + entry.val; 0: free */
	unsigned int	entries, exclusive;
	bool		seen;		/* the slot's own count has been compared */
} slots[SWAP_SLOTS];			/* hashed by entry */

static unsigned int slots_used[SWAP_SLOTS / 2], nr_slots_used;	/* places in it */

static struct sums {
	unsigned long	file_areas, areas, chains, anon_vmas;
	unsigned long	tables;			/* below the top level */
	unsigned long	anon, file_mapped, cached, shmem;	/* frames */
	unsigned long	swapped, only_swapped;	/* frames in swap caches; and mapped nowhere */
	unsigned long	radix_swapped;		/* swap entries of files */
	unsigned long	on_lists;
} sums;

static struct baseline {
	unsigned long	total, free;
	unsigned long	active[MAX_CACHES];
} baseline;

/* --- areas --- */

static struct vm_area_struct *area_of(struct rb_node *node)
{
	return rb_entry(node, struct vm_area_struct, vm_rb);
}

/* Returns the largest gap of the subtree; areas come in order from *@last on. */
static unsigned long check_subtree(struct rb_node *node, struct vm_area_struct **last)
{
	struct vm_area_struct *vma, *prev;
	unsigned long gap = 0, below, from;

	if (!node)
		return 0;
	vma = area_of(node);
	below = check_subtree(node->rb_left, last);
	prev = *last;
	from = prev ? prev->vm_end : 0;
	CHECK(vma->vm_start < vma->vm_end, "%#lx", vma->vm_start);
	CHECK(from <= vma->vm_start, "%#lx and %#lx overlap", from, vma->vm_start);
	CHECK(vma_prev(vma) == prev, "tree and list differ at %#lx", vma->vm_start);
	if (vma_start_gap(vma) > from)
		gap = vma_start_gap(vma) - from;
	gap = max(gap, below);
	*last = vma;
	gap = max(gap, check_subtree(node->rb_right, last));
	CHECK(vma->rb_subtree_gap == gap, "area %#lx: %#lx, not %#lx", vma->vm_start,
	      vma->rb_subtree_gap, gap);
	return gap;
}

static bool linked_in_file(struct vm_area_struct *vma)
{
	struct interval_tree_node *node;

	interval_tree_for_each(node, &file_mapping(vma->vm_file)->i_mmap, vma->vm_pgoff,
			       vma->vm_pgoff)
		if (node == &vma->shared)
			return true;
	return false;
}

static struct family *family_of(struct anon_vma *anon_vma)
{
	unsigned long slot = (unsigned long)anon_vma / 64 % FAMILY_SLOTS;

	while (families[slot].anon_vma && families[slot].anon_vma != anon_vma)
		slot = (slot + 1) % FAMILY_SLOTS;
	if (!families[slot].anon_vma) {
		CHECK(++sums.anon_vmas < FAMILY_SLOTS, " ");
		families[slot] = (struct family){ .anon_vma = anon_vma };
	}
	return &families[slot];
}

/* @vma is in @anon_vma's tree where its page @index is looked for. */
static bool in_tree(struct anon_vma *anon_vma, struct vm_area_struct *vma, pgoff_t index)
{
	struct interval_tree_node *node;
	struct anon_vma_chain *avc;

	anon_vma_for_each(avc, node, anon_vma, index, index)
		if (avc->vma == vma)
			return true;
	return false;
}

static void check_chains(struct vm_area_struct *vma)
{
	pgoff_t last = vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
	struct anon_vma_chain *avc;
	bool own = !vma->anon_vma;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma) {
		CHECK(avc->vma == vma, "%#lx", vma->vm_start);
		CHECK(avc->rb.start == vma->vm_pgoff && avc->rb.last == last, "%#lx",
		      vma->vm_start);
		CHECK(vma->anon_vma && avc->anon_vma->root == vma->anon_vma->root, "%#lx",
		      vma->vm_start);
		CHECK(in_tree(avc->anon_vma, vma, last), "%#lx", vma->vm_start);
		own |= avc->anon_vma == vma->anon_vma;
		family_of(avc->anon_vma)->chains++;
		sums.chains++;
	}
	CHECK(own, "area %#lx has no chain to its own anon_vma", vma->vm_start);
	if (vma->anon_vma)
		family_of(vma->anon_vma)->active++;
}

static void check_family(const struct family *family)
{
	struct anon_vma *anon_vma = family->anon_vma;
	struct interval_tree_node *node;
	unsigned long nr = 0;

	interval_tree_for_each(node, &anon_vma->rb_root, 0, ~0UL)
		nr++;
	CHECK(nr == family->chains, "%lu, not %lu", nr, family->chains);
	CHECK(anon_vma->num_active_vmas == family->active, "%lu, not %lu",
	      anon_vma->num_active_vmas, family->active);
	CHECK(atomic_read(&anon_vma->refcount) > 0 && !rwsem_is_locked(&anon_vma->rwsem), "%p",
	      (void *)anon_vma);
}

static void check_area(struct mm_struct *mm, struct vm_area_struct *vma)
{
	unsigned long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	CHECK(vma->vm_mm == mm, "%#lx", vma->vm_start);
	CHECK(!offset_in_page(vma->vm_start | vma->vm_end) && vma->vm_end <= TASK_SIZE, "%#lx",
	      vma->vm_start);
	CHECK(vma->vm_page_prot.val == vm_get_page_prot(vma->vm_flags).val, "%#lx", vma->vm_start);
	CHECK(!(vma->vm_flags & VM_SHARED) || vma->vm_file, "%#lx", vma->vm_start);
	sums.areas++;
	check_chains(vma);
	if (!vma->vm_file)
		return;
	sums.file_areas++;
	CHECK(vma->shared.start == vma->vm_pgoff && vma->shared.last == vma->vm_pgoff + pages - 1,
	      "%#lx", vma->vm_start);
	CHECK(linked_in_file(vma), "%#lx", vma->vm_start);
}

static void check_areas(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *last = NULL;
	struct mm_struct want = {};
	unsigned int nr = 0;
	bool cached = !mm->vma_cache;

	check_subtree(mm->mm_rb.rb_node, &last);
	list_for_each_entry(vma, &mm->mmap_list, vm_list) {
		check_area(mm, vma);
		vm_stat_account(&want, vma->vm_flags, (vma->vm_end - vma->vm_start) >> PAGE_SHIFT);
		cached |= mm->vma_cache == vma;
		nr++;
	}
	CHECK(!last || !vma_next(last), "the list is longer than the tree");
	CHECK(nr == mm->map_count, "%u areas, not %u", nr, mm->map_count);
	CHECK(cached, "vma_cache is no area");
	CHECK(want.total_vm == mm->total_vm, "%lu %lu", want.total_vm, mm->total_vm);
	CHECK(want.data_vm == mm->data_vm, "%lu %lu", want.data_vm, mm->data_vm);
	CHECK(want.stack_vm == mm->stack_vm, "%lu %lu", want.stack_vm, mm->stack_vm);
	CHECK(want.exec_vm == mm->exec_vm, "%lu %lu", want.exec_vm, mm->exec_vm);
	CHECK(want.locked_vm == mm->locked_vm, "%lu %lu", want.locked_vm, mm->locked_vm);
}

/* --- tables and entries --- */

struct walk {
	struct mm_struct	*mm;
	unsigned long		tables;
	long			anon, file, shmem, swapents;
};

static struct slot_use *slot_of(swp_entry_t entry)
{
	unsigned long at = entry.val * 0x9e3779b97f4a7c15UL >> 48;

	while (slots[at].key && slots[at].key != entry.val + 1)
		at = (at + 1) % SWAP_SLOTS;
	if (!slots[at].key) {
		CHECK(nr_slots_used < ARRAY_SIZE(slots_used), " ");
		slots_used[nr_slots_used++] = at;
		slots[at] = (struct slot_use){ .key = entry.val + 1 };
	}
	return &slots[at];
}

static void check_swap_entry(struct walk *walk, struct vm_area_struct *vma, pte_t pte,
			     unsigned long addr)
{
	swp_entry_t entry = pte_to_swp_entry(pte);
	struct slot_use *use = slot_of(entry);

	CHECK(is_swap_pte(pte) && swp_type(entry) < MAX_SWAPFILES && swp_offset(entry), "%#lx",
	      addr);
	CHECK(pte_same(pte_swp_clear_soft_dirty(pte_swp_clear_exclusive(pte)),
		       swp_entry_to_pte(entry)),
	      "%#lx: %#lx", addr, pte.val);
	CHECK(!(vma->vm_flags & VM_SHARED) && vma->anon_vma, "%#lx", addr);
	walk->swapents++;
	use->entries++;
	use->exclusive += pte_swp_exclusive(pte);
}

static void check_entry(struct walk *walk, pte_t pte, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(walk->mm, addr);
	struct page *page;
	struct folio *folio;

	CHECK(vma, "an entry at %#lx, where no area is", addr);
	if (!pte_present(pte)) {
		check_swap_entry(walk, vma, pte, addr);
		return;
	}
	page = pfn_to_page(pte_pfn(pte));
	folio = page_folio(page);
	CHECK(!!(pte.val & _PAGE_PRESENT) == !!(vma->vm_flags & VM_ACCESS_FLAGS), "%#lx", addr);
	CHECK(!(pte.val & _PAGE_PRESENT) || pte.val & _PAGE_USER, "%#lx", addr);
	CHECK(pte_exec(pte) == !!(vma->vm_flags & VM_EXEC), "%#lx", addr);
	CHECK(!pte_write(pte) || vma->vm_flags & VM_WRITE, "%#lx", addr);
	if (pte_special(pte)) {
		CHECK(page == zero_page && !pte_write(pte) && !vma->vm_file, "%#lx", addr);
		return;
	}
	CHECK(pte_pfn(pte) < nr_frames && page != zero_page, "%#lx", addr);
	frames[pte_pfn(pte)].entries++;
	frames[pte_pfn(pte)].dirty |= pte_dirty(pte);
	if (folio_test_anon(folio)) {
		walk->anon++;
		CHECK(!(vma->vm_flags & VM_SHARED), "%#lx", addr);
		CHECK(!pte_write(pte) || page_flag(page, PG_anon_exclusive), "%#lx", addr);
		CHECK(page->index == vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT), "%#lx",
		      addr);
		CHECK(in_tree((void *)((unsigned long)page->mapping - PAGE_MAPPING_ANON), vma,
			      page->index),
		      "the page at %#lx cannot be found from its anon_vma", addr);
		return;
	}
	CHECK(vma->vm_file && page->mapping == file_mapping(vma->vm_file), "%#lx", addr);
	CHECK(page->index == vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT), "%#lx", addr);
	CHECK(!pte_write(pte) || vma->vm_flags & VM_SHARED, "%#lx", addr);
	if (page_flag(page, PG_swapbacked))
		walk->shmem++;
	else
		walk->file++;
}

static void check_table(struct walk *walk, u64 entry, unsigned long addr, unsigned int shift)
{
	struct page *page = phys_to_page(entry & PTE_PFN_MASK);
	u64 *table = phys_to_virt(entry & PTE_PFN_MASK);
	unsigned int nr = shift == PGD_SHIFT ? PTRS_PER_TABLE / 2 : PTRS_PER_TABLE;

	if (shift != PGD_SHIFT) {
		walk->tables++;
		CHECK((entry & PTE_FLAGS_MASK) == _PAGE_TABLE, "%#lx", addr);
		CHECK(page_flag(page, PG_table) && page->pt_mm == walk->mm, "%#lx", addr);
		CHECK(atomic_read(&page->_refcount) == 1, "%#lx", addr);
		CHECK(!spin_is_locked(&page->pt_lock), "%#lx", addr);
		CHECK(find_vma_intersection(walk->mm, addr, addr + (PTRS_PER_TABLE * 1UL << shift)),
		      "a table for %#lx, where no area is", addr);
	}
	for (unsigned int i = 0; i < nr; i++, addr += 1UL << shift) {
		if (!table[i])
			continue;
		if (shift == PAGE_SHIFT)
			check_entry(walk, (pte_t){ table[i] }, addr);
		else
			check_table(walk, table[i], addr, shift - 9);
	}
}

static void check_mm(struct mm_struct *mm)
{
	struct walk walk = { .mm = mm };

	CHECK(atomic_read(&mm->mm_users) > 0 && !rwsem_is_locked(&mm->mmap_lock), "mm %p",
	      (void *)mm);
	check_areas(mm);
	check_table(&walk, virt_to_phys(mm->pgd), 0, PGD_SHIFT);
	CHECK(!memcmp(mm->pgd + 256, init_mm.pgd + 256, PAGE_SIZE / 2), "kernel half");
	CHECK(walk.tables == (unsigned long)atomic_read(&mm->nr_ptes), "%lu", walk.tables);
	CHECK(walk.anon == atomic_read(&mm->rss_anon), "%ld %ld", walk.anon,
	      atomic_read(&mm->rss_anon));
	CHECK(walk.file == atomic_read(&mm->rss_file), "%ld %ld", walk.file,
	      atomic_read(&mm->rss_file));
	CHECK(walk.shmem == atomic_read(&mm->rss_shmem), "%ld %ld", walk.shmem,
	      atomic_read(&mm->rss_shmem));
	CHECK(walk.swapents == atomic_read(&mm->swapents), "%ld %ld", walk.swapents,
	      atomic_read(&mm->swapents));
	sums.tables += walk.tables;
}

/* --- files --- */

static void check_mapping(struct address_space *mapping)
{
	struct interval_tree_node *node;
	unsigned long index = 0, nr = 0, nr_swapped = 0, areas = 0;
	struct folio *folio;

	CHECK(!rwsem_is_locked(&mapping->i_mmap_rwsem) && !spin_is_locked(&mapping->pages_lock),
	      " ");
	radix_for_each(&mapping->i_pages, index, folio) {
		if (is_swap_radix_entry(folio)) {
			slot_of(radix_to_swp_entry(folio))->entries++;
			nr_swapped++;
			continue;
		}
		CHECK(folio->page.mapping == mapping && folio->page.index == index, "index %lu",
		      index);
		CHECK(index < (unsigned long)PAGE_ALIGN(mapping_size(mapping)) >> PAGE_SHIFT,
		      "page %lu is behind the end", index);
		frames[page_to_pfn(folio_page(folio))].cached++;
		nr++;
		sums.cached++;
		sums.shmem += mapping->shmem;
	}
	CHECK(nr == mapping->nrpages, "%lu", nr);
	CHECK(nr_swapped == mapping->nrswapped, "%lu", nr_swapped);
	sums.radix_swapped += nr_swapped;
	interval_tree_for_each(node, &mapping->i_mmap, 0, ~0UL)
		areas++;
	CHECK(areas <= sums.file_areas, "an area in i_mmap that no mm has");
	sums.file_areas -= areas;
}

/* --- slots --- */

/* What is not dirty may go at any time, as the disk has it. */
static void check_clean_copy(swp_entry_t entry, unsigned int count, unsigned long pfn)
{
	const u64 *memory = page_address(pfn_to_page(pfn)), *medium = shim_slot_data(entry);
	unsigned int at = 0;

	while (medium && at < PAGE_SIZE / 8 && memory[at] == medium[at])
		at++;
	CHECK(!medium || at == PAGE_SIZE / 8,
	      "slot %#lx, count %u: frame %#lx, flags %#lx, %u entries, index %lu, is clean, "
	      "but the disk has %#lx at %u, not %#lx",
	      entry.val, count, pfn, pfn_to_page(pfn)->flags, frames[pfn].entries,
	      pfn_to_page(pfn)->index, medium[at], at * 8, memory[at]);
}

static void check_slot(swp_entry_t entry, unsigned int count, unsigned long pfn)
{
	struct slot_use *use = slot_of(entry);
	struct page *page = pfn ? pfn_to_page(pfn) : NULL;

	use->seen = true;
	CHECK(count || page, "slot %#lx is used for nothing", entry.val);
	CHECK(use->entries == count && swap_count(entry) == count, "slot %#lx: %u, not %u",
	      entry.val, count, use->entries);
	CHECK(!use->exclusive || count == 1, "slot %#lx: %u entries, %u exclusive", entry.val,
	      count, use->exclusive);
	if (!page)
		return;
	frames[pfn].swapped++;
	CHECK(page_flag(page, PG_swapcache) && page->private == entry.val, "slot %#lx, frame %#lx",
	      entry.val, pfn);
	if (!count && !frames[pfn].entries)
		return;		/* nobody's any more, whatever it is */
	if (page_flag(page, PG_dirty) || frames[pfn].dirty || !page_flag(page, PG_uptodate))
		return;
	check_clean_copy(entry, count, pfn);
}

static void check_slots(void)
{
	walk_swap_slots(check_slot);
	for (unsigned int i = 0; i < nr_slots_used; i++)
		CHECK(slots[slots_used[i]].seen, "slot %#lx has %u entries and is free",
		      slots[slots_used[i]].key - 1, slots[slots_used[i]].entries);
	CHECK(nr_swap_slots() - nr_free_swap_slots() == nr_slots_used,
	      "%lu of %lu are free, %u not", nr_free_swap_slots(), nr_swap_slots(),
	      nr_slots_used);
}

/* --- lists --- */

static void check_list(enum lru_list lru)
{
	const struct list_head *head = lru_head(lru), *node;
	bool anon = lru == LRU_INACTIVE_ANON || lru == LRU_ACTIVE_ANON;
	bool active = lru == LRU_ACTIVE_ANON || lru == LRU_ACTIVE_FILE;
	unsigned long nr = 0;

	for (node = head->next; node != head; node = node->next, nr++) {
		const struct page *page = list_entry(node, struct page, lru);

		CHECK(page_flag(page, PG_lru), "frame %#lx", page_to_pfn(page));
		CHECK(page_flag(page, PG_unevictable) == (lru == LRU_UNEVICTABLE), "frame %#lx",
		      page_to_pfn(page));
		if (lru == LRU_UNEVICTABLE)
			continue;
		CHECK(page_flag(page, PG_active) == active, "frame %#lx", page_to_pfn(page));
		CHECK(page_flag(page, PG_swapbacked) == anon, "frame %#lx", page_to_pfn(page));
	}
	CHECK(nr == lru_size(lru), "list %u: %lu, not %lu", lru, lru_size(lru), nr);
	sums.on_lists += nr;
}

/* --- frames --- */

static bool count_entries(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			  void *arg)
{
	struct page_vma_mapped_walk walk = { .folio = folio, .vma = vma, .address = addr };
	unsigned int *nr = arg;

	if (page_vma_mapped_walk(&walk)) {
		(*nr)++;
		page_vma_mapped_walk_done(&walk);
	}
	return true;
}

/* Entries that the reverse map leads to. */
static unsigned int rmap_entries(struct folio *folio)
{
	unsigned int nr = 0;
	struct rmap_walk_control rwc = { .arg = &nr, .rmap_one = count_entries };

	folio_lock(folio);
	rmap_walk(folio, &rwc);
	folio_unlock(folio);
	return nr;
}

static void check_frame(unsigned long pfn)
{
	const struct frame_use *use = &frames[pfn];
	struct page *page = pfn_to_page(pfn);
	struct folio *folio = page_folio(page);
	bool anon = use->entries && folio_test_anon(folio);

	if (!use->entries && !use->cached && !use->swapped) {
		CHECK(!page_flag(page, PG_lru), "frame %#lx", pfn);
		return;
	}
	CHECK(!(page->flags & (BIT(PG_buddy) | BIT(PG_slab) | BIT(PG_table) | BIT(PG_reserved) |
			       BIT(PG_locked) | BIT(PG_poisoned) | BIT(PG_writeback))),
	      "frame %#lx %#lx", pfn, page->flags);
	if (use->entries)
		CHECK(use->cached == !anon && use->swapped <= anon, "frame %#lx", pfn);
	else
		CHECK(use->cached + use->swapped == 1, "frame %#lx", pfn);
	CHECK(page_flag(page, PG_swapcache) == use->swapped, "frame %#lx", pfn);
	CHECK(!use->swapped || page_flag(page, PG_swapbacked), "frame %#lx", pfn);
	CHECK(folio_mapcount(folio) == (int)use->entries, "frame %#lx: %d, not %u", pfn,
	      folio_mapcount(folio), use->entries);
	CHECK(folio_ref_count(folio) == (int)(use->entries + use->cached + use->swapped),
	      "frame %#lx: %d, not %u + %u + %u", pfn, folio_ref_count(folio), use->entries,
	      use->cached, use->swapped);
	/* Its owner may have gone while it was being written: then nobody has it at all. */
	CHECK(!page_flag(page, PG_anon_exclusive) || (anon && use->entries == 1) ||
	      (use->swapped && !use->entries), "frame %#lx", pfn);
	CHECK(!page_flag(page, PG_anon_exclusive) || !use->swapped ||
	      !swap_count(folio_swap_entry(folio)), "frame %#lx", pfn);
	CHECK(rmap_entries(folio) == use->entries, "frame %#lx: a walk finds %u entries of %u", pfn,
	      rmap_entries(folio), use->entries);
	CHECK(page_flag(page, PG_lru), "frame %#lx", pfn);
	CHECK(page_flag(page, PG_uptodate) || (use->swapped && !use->entries), "frame %#lx", pfn);
	sums.anon += anon;
	sums.swapped += use->swapped;
	sums.only_swapped += use->swapped && !use->entries;
	sums.file_mapped += !anon && use->entries;
}

static void check_frames(void)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++)
		for (phys_addr_t at = range.start; at < range.end; at += PAGE_SIZE)
			check_frame(at >> PAGE_SHIFT);
}

/* --- sums --- */

static unsigned long active_objects(const char *name)
{
	struct slab_stats stats;

	for (unsigned int i = 0; slab_stats(i, &stats); i++)
		if (!strcmp(stats.name, name))
			return stats.active_objs;
	panic("no cache has the name %s", name);
}

/* Every frame that the allocator ever had. */
static unsigned long frames_accounted_for(void)
{
	return nr_free_pages() + slab_total_pages() + nr_table_pages() + nr_cached_tables() +
	       nr_shim_mms + sums.anon + sums.cached + sums.only_swapped;
}

static void check_sums(void)
{
	for (unsigned int i = 0; i < NR_LRU_LISTS; i++)
		check_list(i);
	CHECK(!sums.file_areas, "%lu areas in no i_mmap", sums.file_areas);
	CHECK(sums.tables == nr_table_pages(), "%lu, not %lu", nr_table_pages(), sums.tables);
	CHECK(sums.on_lists == sums.anon + sums.cached + sums.only_swapped,
	      "%lu, not %lu + %lu + %lu", sums.on_lists, sums.anon, sums.cached,
	      sums.only_swapped);
	CHECK(page_state_sum(NR_SWAPCACHE) == sums.swapped, "%lu, not %lu",
	      page_state_sum(NR_SWAPCACHE), sums.swapped);
	CHECK(page_state_sum(NR_ANON_MAPPED) == sums.anon, "%lu, not %lu",
	      page_state_sum(NR_ANON_MAPPED), sums.anon);
	CHECK(page_state_sum(NR_FILE_MAPPED) == sums.file_mapped, "%lu, not %lu",
	      page_state_sum(NR_FILE_MAPPED), sums.file_mapped);
	CHECK(page_state_sum(NR_FILE_PAGES) == sums.cached, "%lu", sums.cached);
	CHECK(page_state_sum(NR_SHMEM) == sums.shmem, "%lu", sums.shmem);
	CHECK(shim_charged == sums.cached + sums.radix_swapped, "%lu, not %lu + %lu", shim_charged,
	      sums.cached, sums.radix_swapped);
	CHECK(active_objects("vm_area_struct") == sums.areas, "%lu, not %lu",
	      active_objects("vm_area_struct"), sums.areas);
	CHECK(active_objects("anon_vma_chain") == sums.chains, "%lu, not %lu",
	      active_objects("anon_vma_chain"), sums.chains);
	CHECK(active_objects("anon_vma") >= sums.anon_vmas, "%lu, not %lu",
	      active_objects("anon_vma"), sums.anon_vmas);
	CHECK(active_objects("mm_struct") == nr_shim_mms, "%lu", active_objects("mm_struct"));
	CHECK(frames_accounted_for() == baseline.total, "%ld frames are lost",
	      (long)(baseline.total - frames_accounted_for()));
	CHECK(!current->nr_held && !irqs_disabled(), "a lock is held");
}

/* The kernel's own verifier has to come to the same result, by its own ways. It runs first, as it
 * needs memory, and may reclaim some. */
static struct verify_report report;

static void run_verifier(void)
{
	unsigned long reclaimed;

	do {
		reclaimed = nr_reclaimed_pages();
		CHECK(!verify_memory(&report), " ");
		shim_settle();
	} while (nr_reclaimed_pages() != reclaimed);
}

static void check_verifier(void)
{
	CHECK(!report.differences, "%s", report.text);
	CHECK(report.mms == nr_shim_mms && !report.busy_mms, "%lu mms, not %u", report.mms,
	      nr_shim_mms);
	CHECK(report.areas == sums.areas && report.chains == sums.chains, "%lu areas, not %lu",
	      report.areas, sums.areas);
	CHECK(report.folios == sums.anon + sums.cached + sums.only_swapped, "%lu folios, not %lu",
	      report.folios, sums.anon + sums.cached + sums.only_swapped);
}

void check_all(void)
{
	struct shim_inode *shim;

	shim_settle();		/* first: one that is held cannot finish what it has begun */
	shim_hold_kthreads(true);
	run_verifier();
	while (nr_slots_used)
		slots[slots_used[--nr_slots_used]].key = 0;
	memset(frames, 0, nr_frames * sizeof(*frames));
	memset(families, 0, sizeof(families));
	sums = (struct sums){};
	for (unsigned int i = 0; i < nr_shim_mms; i++)
		check_mm(shim_mms[i]);
	for (unsigned int i = 0; i < FAMILY_SLOTS; i++)
		if (families[i].anon_vma)
			check_family(&families[i]);
	list_for_each_entry(shim, &shim_inodes, node)
		check_mapping(&shim->inode.i_data);
	check_slots();
	check_frames();
	check_sums();
	mmu_check_tlbs();
	check_verifier();
	shim_hold_kthreads(false);
}

void check_take_baseline(void)
{
	struct slab_stats stats;

	nr_frames = memblock_end() >> PAGE_SHIFT;
	os_free(frames);
	frames = os_alloc(nr_frames * sizeof(*frames));
	shim_drain_all();
	baseline.total = frames_accounted_for();
	baseline.free = nr_free_pages();
	for (unsigned int i = 0; slab_stats(i, &stats); i++) {
		ASSERT(i < MAX_CACHES);
		baseline.active[i] = stats.active_objs;
	}
}

void check_nothing_left(void)
{
	struct slab_stats stats;

	CHECK(!nr_shim_mms && !shim_nr_files && list_empty(&shim_inodes) && !shim_charged, "%u %lu",
	      nr_shim_mms, shim_nr_files);
	check_all();
	shim_drain_all();
	for (unsigned int i = 0; slab_stats(i, &stats); i++)
		CHECK(stats.active_objs == baseline.active[i], "%lu objects of %s are out",
		      stats.active_objs, stats.name);
	CHECK(nr_free_pages() == baseline.free, "%lu free, not %lu", nr_free_pages(),
	      baseline.free);
}
