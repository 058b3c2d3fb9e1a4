/* verify_plant.c - damages one structure of each kind, so that a test sees the verifier find it.
 * Everything stands still from before the damage until after the repair, so nobody else meets it.
 * Locks:  none of its own.
 * Read:   verify.c: verify_around(). */
#include "verify_internal.h"

#include <lib/list.h>
#include <lib/string.h>
#include <uapi/errno.h>
#include <mm/anon_vma.h>
#include <mm/filemap.h>
#include <mm/memblock.h>
#include <mm/slab.h>
#include "swap_internal.h"

/* Where damage is done. The same for doing it and for its repair. */
struct target {
	const struct plant	*plant;
	struct mm_struct	*mm;
	struct vm_area_struct	*vma;
	pte_t			*ptep;
	struct page		*page;	/* of a present entry, or the frame */
	swp_entry_t		entry;	/* of a swap entry, or the frame's */
	struct anon_vma_chain	*avc;	/* of vma, its own */
	struct address_space	*mapping; /* a file with pages in swap */
	struct anon_vma_chain	extra;
	struct swap_slot	*slot, saved;
};

struct plant {
	const char	*name;
	/* What a target must be: an entry; a frame; or, both NULL, a file with pages in swap. */
	bool		(*wants)(const struct target *target);
	bool		(*wants_frame)(const struct page *page);
	/* @by: 1 to damage, -1 to repair. */
	void		(*change)(struct target *target, int by);
};

/* --- targets --- */

static bool anon_entry(const struct target *target)
{
	return target->page && folio_test_anon(page_folio(target->page)) &&
	       target->vma->anon_vma;
}

static bool writable_anon_entry(const struct target *target)
{
	return anon_entry(target) && pte_write(*target->ptep);
}

static bool read_only_private_entry(const struct target *target)
{
	return target->page && !pte_write(*target->ptep) && !(target->vma->vm_flags & VM_SHARED);
}

static bool file_entry(const struct target *target)
{
	return target->page && target->vma->vm_file &&
	       !folio_test_anon(page_folio(target->page));
}

static bool swap_entry(const struct target *target)
{
	return !target->page;
}

static bool shared_swap_entry(const struct target *target)
{
	return !target->page && verify_slot(target->entry)->count > 1;
}

static bool cached_slot(const struct page *page)
{
	return page_flag(page, PG_swapcache);
}

static bool partial_slab(const struct page *page)
{
	return page_flag(page, PG_slab) && page->slab_free;
}

static bool free_block(const struct page *page)
{
	return page_flag(page, PG_buddy);
}

/* --- damage --- */

static void change_mapcount(struct target *target, int by)
{
	atomic_add(&target->page->_mapcount, by);
}

/* One too few: one too many may be somebody's who sleeps. */
static void change_refcount(struct target *target, int by)
{
	atomic_sub(&target->page->_refcount, by);
}

static void change_rss(struct target *target, int by)
{
	atomic_add(&target->mm->rss_anon, by);
}

static void change_tables(struct target *target, int by)
{
	atomic_add(&target->mm->nr_ptes, by);
}

static void change_total_vm(struct target *target, int by)
{
	target->mm->total_vm += by;
}

static void change_locked_vm(struct target *target, int by)
{
	target->mm->locked_vm += by;
}

static void change_map_count(struct target *target, int by)
{
	target->mm->map_count += by;
}

static void change_exclusive(struct target *target, int by)
{
	target->page->flags ^= BIT(PG_anon_exclusive);
}

static void change_avc_missing(struct target *target, int by)
{
	if (by > 0)
		interval_tree_remove(&target->avc->rb, &target->avc->anon_vma->rb_root);
	else
		interval_tree_insert(&target->avc->rb, &target->avc->anon_vma->rb_root);
}

static void change_avc_extra(struct target *target, int by)
{
	if (by > 0) {
		target->extra = *target->avc;
		interval_tree_insert(&target->extra.rb, &target->avc->anon_vma->rb_root);
	} else {
		interval_tree_remove(&target->extra.rb, &target->avc->anon_vma->rb_root);
	}
}

static void change_active_vmas(struct target *target, int by)
{
	target->vma->anon_vma->num_active_vmas += by;
}

static void change_children(struct target *target, int by)
{
	target->vma->anon_vma->num_children += by;
}

static void change_anon_refcount(struct target *target, int by)
{
	atomic_sub(&target->vma->anon_vma->refcount, by);
}

static void change_gap(struct target *target, int by)
{
	target->vma->rb_subtree_gap += by * PAGE_SIZE;
}

static void change_lru(struct target *target, int by)
{
	target->page->flags ^= BIT(PG_lru);
}

static void change_index(struct target *target, int by)
{
	target->page->index += by;
}

static void change_i_mmap(struct target *target, int by)
{
	struct rb_root *tree = &file_mapping(target->vma->vm_file)->i_mmap;

	if (by > 0)
		interval_tree_remove(&target->vma->shared, tree);
	else
		interval_tree_insert(&target->vma->shared, tree);
}

static void change_nrpages(struct target *target, int by)
{
	target->page->mapping->nrpages += by;
}

static void change_free_flag(struct target *target, int by)
{
	target->page->flags ^= BIT(PG_buddy);
}

static void change_writable(struct target *target, int by)
{
	target->ptep->val ^= _PAGE_RW;
}

static void change_slab(struct target *target, int by)
{
	target->page->slab_inuse += by;
}

static void change_order(struct target *target, int by)
{
	target->page->order += by;
}

/* --- damage to what is in swap --- */

static void change_slot_count(struct target *target, int by)
{
	verify_slot(target->entry)->count += by;
}

static void change_slot_count_down(struct target *target, int by)
{
	verify_slot(target->entry)->count -= by;
}

static void change_slot_pfn(struct target *target, int by)
{
	verify_slot(target->entry)->pfn += by;
}

static void change_swap_flag(struct target *target, int by)
{
	target->page->flags ^= BIT(PG_swapcache);
}

static void change_writeback(struct target *target, int by)
{
	target->page->flags ^= BIT(PG_writeback);
}

static void change_swap_marker(struct target *target, int by)
{
	target->ptep->val ^= _PAGE_SWP_EXCLUSIVE;
}

static void change_swap_bits(struct target *target, int by)
{
	target->ptep->val ^= _PAGE_DIRTY;
}

static void change_swap_offset(struct target *target, int by)
{
	pte_t old = *target->ptep;

	*target->ptep = swp_entry_to_pte(by > 0 ? swp_entry(swp_type(target->entry), 0)
						: target->entry);
	target->ptep->val |= old.val & (_PAGE_SWP_EXCLUSIVE | _PAGE_SWP_SOFT_DIRTY);
}

static void change_swapents(struct target *target, int by)
{
	atomic_add(&target->mm->swapents, by);
}

static void change_nrswapped(struct target *target, int by)
{
	target->mapping->nrswapped += by;
}

static void change_swaplist(struct target *target, int by)
{
	if (by > 0)
		list_del_init(&target->mapping->swaplist);
	else
		list_add_tail(&target->mapping->swaplist, &shmem_swaplist);
}

static void change_area_used(struct target *target, int by)
{
	swap_info[swp_type(target->entry)].used += by;
}

/* In use, and nobody names it. */
static void change_slot_leak(struct target *target, int by)
{
	const struct swap_map *map = &swap_info[swp_type(target->entry)].map;

	if (by > 0)
		for (target->slot = map->slots; target->slot < map->slots + map->max - 1 &&
		     (target->slot->count || target->slot->pfn);)
			target->slot++;
	target->slot->count += by;
}

/* The other way round: named, and free. */
static void change_slot_free(struct target *target, int by)
{
	struct swap_slot *slot = verify_slot(target->entry);

	if (by > 0) {
		target->saved = *slot;
		*slot = (struct swap_slot){ 0 };
	} else {
		*slot = target->saved;
	}
}

static const struct plant plants[] = {
	{ "mapcount", anon_entry, NULL, change_mapcount },
	{ "refcount", anon_entry, NULL, change_refcount },
	{ "rss", anon_entry, NULL, change_rss },
	{ "nr-ptes", anon_entry, NULL, change_tables },
	{ "total-vm", anon_entry, NULL, change_total_vm },
	{ "locked-vm", anon_entry, NULL, change_locked_vm },
	{ "map-count", anon_entry, NULL, change_map_count },
	{ "exclusive", writable_anon_entry, NULL, change_exclusive },
	{ "avc-missing", anon_entry, NULL, change_avc_missing },
	{ "avc-extra", anon_entry, NULL, change_avc_extra },
	{ "active-vmas", anon_entry, NULL, change_active_vmas },
	{ "children", anon_entry, NULL, change_children },
	{ "anon-refcount", anon_entry, NULL, change_anon_refcount },
	{ "gap", anon_entry, NULL, change_gap },
	{ "lru", anon_entry, NULL, change_lru },
	{ "index", anon_entry, NULL, change_index },
	{ "i_mmap", file_entry, NULL, change_i_mmap },
	{ "nrpages", file_entry, NULL, change_nrpages },
	{ "file-mapcount", file_entry, NULL, change_mapcount },
	{ "free-flag", anon_entry, NULL, change_free_flag },
	{ "writable-pte", read_only_private_entry, NULL, change_writable },
	{ "slab", NULL, partial_slab, change_slab },
	{ "order", NULL, free_block, change_order },
	{ "slot-high", swap_entry, NULL, change_slot_count },
	{ "slot-low", swap_entry, NULL, change_slot_count_down },
	{ "slot-leak", swap_entry, NULL, change_slot_leak },
	{ "slot-free", swap_entry, NULL, change_slot_free },
	{ "slots-used", swap_entry, NULL, change_area_used },
	{ "slot-pfn", NULL, cached_slot, change_slot_pfn },
	{ "swapcache", NULL, cached_slot, change_swap_flag },
	{ "swap-writeback", NULL, cached_slot, change_writeback },
	{ "swap-exclusive", shared_swap_entry, NULL, change_swap_marker },
	{ "swap-bits", swap_entry, NULL, change_swap_bits },
	{ "swap-offset", swap_entry, NULL, change_swap_offset },
	{ "swapents", swap_entry, NULL, change_swapents },
	{ "nrswapped", NULL, NULL, change_nrswapped },
	{ "swaplist", NULL, NULL, change_swaplist },
};

const char *verify_plant_name(unsigned int nth)
{
	return nth < ARRAY_SIZE(plants) ? plants[nth].name : NULL;
}

/* --- finding a target --- */

static struct anon_vma_chain *own_chain(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		if (avc->anon_vma == vma->anon_vma)
			return avc;
	return NULL;
}

/* The entry at @addr will do. */
static bool is_target(struct target *target, pmd_t *pmd, unsigned long addr)
{
	target->ptep = pte_offset(pmd, addr);
	if (pte_none(*target->ptep) || pte_special(*target->ptep))
		return false;
	target->page = NULL;
	if (pte_present(*target->ptep))
		target->page = pfn_to_page(pte_pfn(*target->ptep));
	else
		target->entry = pte_to_swp_entry(*target->ptep);
	return target->plant->wants(target);
}

static bool find_in_area(struct target *target, unsigned long addr, unsigned long end)
{
	while (addr < end) {
		pmd_t *pmd = mm_find_pmd(target->mm, addr);
		unsigned long next = pmd_addr_end(addr, end);

		if (!pmd || pmd_none(pmd))
			addr = next;
		for (; addr < next; addr += PAGE_SIZE)
			if (is_target(target, pmd, addr))
				return true;
	}
	return false;
}

static bool find_in_mm(struct target *target)
{
	list_for_each_entry(target->vma, &target->mm->mmap_list, vm_list) {
		target->avc = own_chain(target->vma);
		if (find_in_area(target, target->vma->vm_start, target->vma->vm_end))
			return true;
	}
	return false;
}

/* The newest mms first: a test's own. */
static bool find_entry(struct target *target)
{
	list_for_each_entry_reverse(target->mm, &mm_list, mm_node)
		if (!mm_busy(target->mm) && find_in_mm(target))
			return true;
	return false;
}

static bool find_frame(struct target *target)
{
	struct mem_range range;

	for (unsigned int i = 0; memblock_memory(i, &range); i++)
		for (phys_addr_t at = range.start; at < range.end; at += PAGE_SIZE) {
			target->page = phys_to_page(at);
			target->entry = folio_swap_entry(page_folio(target->page));
			if (target->plant->wants_frame(target->page))
				return true;
		}
	return false;
}

static bool find_file(struct target *target)
{
	list_for_each_entry(target->mapping, &shmem_swaplist, swaplist)
		if (target->mapping->nrswapped)
			return true;
	return false;
}

static bool find_target(struct target *target)
{
	if (target->plant->wants)
		return find_entry(target);
	return target->plant->wants_frame ? find_frame(target) : find_file(target);
}

static bool plant(void *arg, bool repair)
{
	struct target *target = arg;

	if (!repair && !find_target(target))
		return false;
	target->plant->change(target, repair ? -1 : 1);
	return true;
}

int verify_planted(const char *kind, struct verify_report *report)
{
	struct target *target;
	unsigned int i = 0;
	int err;

	while (i < ARRAY_SIZE(plants) && strcmp(plants[i].name, kind))
		i++;
	if (i == ARRAY_SIZE(plants))
		return -EINVAL;
	target = kzalloc(sizeof(*target), GFP_KERNEL);	/* an object, as chains are */
	if (!target)
		return -ENOMEM;
	target->plant = &plants[i];
	err = verify_around(report, plant, target);
	kfree(target);
	return err;
}
