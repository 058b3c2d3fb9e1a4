/* verify_swap.c - slots of swap against the entries that name them, and the folios that are their
 * copies.
 *
 *	table's entry	names a slot of an area, with no stray bits; in a private area; marked
 *			exclusive only if nothing else has the page
 *	file's entry	the same, in a tmpfs file that swapoff would find
 *	slot		counts the entries; its frame is the folio that says it is the copy
 *	area		slots in use, free ones in each cluster, the clusters in its lists
 *
 * A slot has a word here for what was found of it. Entries are counted first, as tables and files
 * are walked; then every slot is compared.
 * Locks:  none, everything stands still; words are allocated before that.
 * Read:   verify.c; swapfile.c, shmem.c and rmap.c for what must hold. */
#include "verify_internal.h"

#include <lib/list.h>
#include <mm/filemap.h>
#include <mm/slab.h>
#include "swap_internal.h"

/* A word: the entries that name the slot, and these two. */
#define SLOT_EXCLUSIVE		BIT(31)		/* one of them is marked exclusive */
#define SLOT_ENTRIES		(SLOT_EXCLUSIVE - 1)
#define WORDS_PER_PAGE		(PAGE_SIZE / sizeof(u32))
#define SWAP_PTE_BITS		((BIT(SWP_PTE_TYPE_BITS) - 1) << SWP_PTE_TYPE_SHIFT | \
				 (BIT(SWP_PTE_OFFSET_BITS) - 1) << PAGE_SHIFT | \
				 _PAGE_SWP_EXCLUSIVE | _PAGE_SWP_SOFT_DIRTY)

/* The words of all areas in a row. [verify_mutex; the words while everything stands still] */
static struct {
	u32		**chunks;		/* pages of words */
	unsigned long	nr_chunks;
	unsigned long	first[MAX_SWAPFILES];	/* word of the area's slot 0 */
	unsigned long	nr[MAX_SWAPFILES];
} words;

/* --- a word for each slot --- */

void verify_swap_free(void)
{
	for (unsigned long i = 0; i < words.nr_chunks; i++)
		if (words.chunks[i])
			free_page(words.chunks[i]);
	kfree(words.chunks);
	words.chunks = NULL;
	words.nr_chunks = 0;
}

int verify_swap_alloc(void)
{
	unsigned long total = 0, pages;

	for (unsigned int type = 0; type < MAX_SWAPFILES; type++) {
		words.first[type] = total;
		words.nr[type] = READ_ONCE(swap_info[type].map.max);
		total += words.nr[type];
	}
	if (!total)
		return 0;
	pages = (total + WORDS_PER_PAGE - 1) / WORDS_PER_PAGE;
	words.chunks = kmalloc(pages * sizeof(*words.chunks), GFP_KERNEL | __GFP_NORETRY);
	if (!words.chunks)
		return -ENOMEM;
	for (; words.nr_chunks < pages; words.nr_chunks++) {
		words.chunks[words.nr_chunks] = get_free_page(GFP_KERNEL | __GFP_NORETRY);
		if (!words.chunks[words.nr_chunks]) {
			verify_swap_free();
			return -ENOMEM;
		}
	}
	return 0;
}

bool verify_swap_begin(void)
{
	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		if (words.nr[type] != swap_info[type].map.max)
			return false;
	for (unsigned long i = 0; i < words.nr_chunks; i++)
		clear_pages(words.chunks[i], 1);
	return true;
}

static u32 *word_at(unsigned int type, unsigned long offset)
{
	unsigned long nr = words.first[type] + offset;

	return &words.chunks[nr / WORDS_PER_PAGE][nr % WORDS_PER_PAGE];
}

struct swap_slot *verify_slot(swp_entry_t entry)
{
	struct swap_slot *slot;

	if (swp_type(entry) >= MAX_SWAPFILES || swp_offset(entry) >= words.nr[swp_type(entry)])
		return NULL;
	slot = &swap_info[swp_type(entry)].map.slots[swp_offset(entry)];
	return slot->count == SWAP_SLOT_BAD ? NULL : slot;
}

unsigned int verify_slot_entries(swp_entry_t entry)
{
	return verify_slot(entry) ? *word_at(swp_type(entry), swp_offset(entry)) & SLOT_ENTRIES : 0;
}

/* --- entries of tables --- */

static bool has_chain_to(struct vm_area_struct *vma, const struct anon_vma *anon_vma)
{
	struct anon_vma_chain *avc;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma) {
		if (!is_object(avc))
			return true;	/* verify_tree.c has told */
		if (avc->anon_vma == anon_vma)
			return true;
	}
	return false;
}

/* A mapped copy: when the entry becomes a mapping again, a walk from the folio has to find it. */
static void check_will_be_found(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	pgoff_t index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);

	if (!frame_seen(pfn) || !folio_mapcount(page_folio(page)) ||
	    !folio_test_anon(page_folio(page)))
		return;
	CHECK(page->index == index,
	      "mm %p: swap entry at %#lx is of page %lu, its copy in frame %#lx of page %lu",
	      vma->vm_mm, addr, index, pfn, page->index);
	CHECK(has_chain_to(vma, (void *)page->mapping - PAGE_MAPPING_ANON),
	      "mm %p: swap entry at %#lx: the anon_vma of its copy, frame %#lx, lacks the area",
	      vma->vm_mm, addr, pfn);
}

void verify_swap_entry(struct mm_struct *mm, struct vm_area_struct *vma, bool busy, pte_t pte,
		       unsigned long addr)
{
	swp_entry_t entry = pte_to_swp_entry(pte);
	const struct swap_slot *slot = verify_slot(entry);
	u32 *word;

	verify.report->swap_entries++;
	if (!CHECK(!(pte.val & ~SWAP_PTE_BITS) && slot, "mm %p: entry %#lx at %#lx names no slot",
		   mm, pte.val, addr))
		return;
	word = word_at(swp_type(entry), swp_offset(entry));
	++*word;
	if (pte_swp_exclusive(pte))
		*word |= SLOT_EXCLUSIVE;
	if (busy)
		return;
	if (CHECK(vma && vma->vm_start <= addr && vma->anon_vma && !(vma->vm_flags & VM_SHARED),
		  "mm %p: swap entry %#lx at %#lx, where no area can have it", mm, pte.val, addr) &&
	    slot->pfn)
		check_will_be_found(vma, addr, slot->pfn);
}

/* --- entries of files --- */

/* False: a page of the file is none. */
static bool check_file_entry(struct address_space *mapping, unsigned long index, void *p)
{
	swp_entry_t entry = radix_to_swp_entry(p);

	if (!is_swap_radix_entry(p))
		return verify_cached_page(mapping, index, p);
	verify.report->swap_entries++;
	if (CHECK(verify_slot(entry), "file %p: page %lu is %#lx, which names no slot", mapping,
		  index,
		  (unsigned long)p))
		++*word_at(swp_type(entry), swp_offset(entry));
	return true;
}

static void check_swapped_file(struct address_space *mapping)
{
	unsigned long index = 0, pages = 0, swapped = 0;
	void *p;

	CHECK(mapping->shmem, "file %p is in the list of swapped ones, and no tmpfs one", mapping);
	radix_for_each(&mapping->i_pages, index, p) {
		if (!check_file_entry(mapping, index, p))
			break;
		pages += !is_swap_radix_entry(p);
		swapped += is_swap_radix_entry(p);
	}
	CHECK(pages == mapping->nrpages, "file %p: %lu pages in the index, nrpages is %lu", mapping,
	      pages, mapping->nrpages);
	CHECK(swapped == mapping->nrswapped,
	      "file %p: %lu swap entries in the index, nrswapped is %lu", mapping, swapped,
	      mapping->nrswapped);
}

void verify_swapped_files(void)
{
	struct address_space *mapping;

	list_for_each_entry(mapping, &shmem_swaplist, swaplist) {
		if (!CHECK(is_object(&mapping->host), "the list of swapped files leads to %p",
			   mapping))
			return;
		check_swapped_file(mapping);
		verify.committed += mapping->reserved ? 0 : mapping->nrswapped;
	}
}

/* --- slots --- */

/* An entry that is marked exclusive is the only one, in swap or present, that the page has. */
static void check_exclusive(swp_entry_t entry, const struct swap_slot *slot, u32 word)
{
	const struct frame_seen *seen = slot->pfn ? frame_seen(slot->pfn) : NULL;
	unsigned long present = seen ? seen->entries : 0;

	CHECK(!(word & SLOT_EXCLUSIVE) || ((word & SLOT_ENTRIES) + present == 1),
	      "slot %u:%lu: an entry is marked exclusive: %lu swap entries, %lu mappings found",
	      swp_type(entry), swp_offset(entry), word & SLOT_ENTRIES, present);
}

/* The folio that @slot says is its copy. */
static void check_copy(swp_entry_t entry, unsigned long pfn)
{
	struct frame_seen *seen = frame_seen(pfn);
	struct page *page = pfn_to_page(pfn);

	if (!CHECK(seen && !seen->free && !seen->swapcache && page_flag(page, PG_swapcache) &&
			   page->private == entry.val,
		   "slot %u:%lu: frame %#lx is not its copy", swp_type(entry), swp_offset(entry),
		   pfn))
		return;
	seen->swapcache = 1;
	verify.swapcached++;
}

/* True: it is in use. */
static bool check_slot(swp_entry_t entry, const struct swap_slot *slot)
{
	u32 word = *word_at(swp_type(entry), swp_offset(entry));

	CHECK(slot->count == (word & SLOT_ENTRIES), "slot %u:%lu: count is %u, %lu entries found",
	      swp_type(entry), swp_offset(entry), slot->count, word & SLOT_ENTRIES);
	check_exclusive(entry, slot, word);
	if (slot->pfn)
		check_copy(entry, slot->pfn);
	return slot->count || slot->pfn;
}

static bool check_cluster_list(const struct swap_info_struct *si, const struct list_head *list,
			       bool whole, unsigned long *nr)
{
	const struct swap_cluster *cluster;
	unsigned long all = (si->map.max + SLOTS_PER_CLUSTER - 1) / SLOTS_PER_CLUSTER;

	list_for_each_entry(cluster, list, node) {
		unsigned long i = cluster - si->map.clusters;

		if (!CHECK(i < all && cluster->nr_free &&
				   (cluster->nr_free == cluster->nr_usable) == whole,
			   "swap area %lu: cluster %lu is in the wrong list",
			   (unsigned long)(si - swap_info), i))
			return false;
		++*nr;
	}
	return true;
}

/* @with_free: clusters that have a free slot. */
static void check_lists(const struct swap_info_struct *si, unsigned long with_free)
{
	unsigned long nr = 0;

	if (check_cluster_list(si, &si->free_clusters, true, &nr) &&
	    check_cluster_list(si, &si->part_clusters, false, &nr))
		CHECK(nr == with_free, "swap area %lu: %lu clusters in its lists, should be %lu",
		      (unsigned long)(si - swap_info), nr, with_free);
}

/* The slots [first, end) of @si are one cluster: how many of them are in use. */
static unsigned long check_cluster(const struct swap_info_struct *si, unsigned long first,
				   unsigned long end)
{
	const struct swap_cluster *cluster = &si->map.clusters[first / SLOTS_PER_CLUSTER];
	unsigned long used = 0, usable = 0;

	for (unsigned long offset = first; offset < end; offset++) {
		const struct swap_slot *slot = &si->map.slots[offset];

		if (slot->count == SWAP_SLOT_BAD)
			continue;
		usable++;
		used += check_slot(swap_area_entry(si, offset), slot);
	}
	CHECK(cluster->nr_usable == usable && cluster->nr_free == usable - used,
	      "swap area %lu, cluster of slot %lu: %u of %u are free, should be %lu of %lu",
	      (unsigned long)(si - swap_info), first, cluster->nr_free, cluster->nr_usable,
	      usable - used, usable);
	return used;
}

static void check_area(const struct swap_info_struct *si)
{
	unsigned long used = 0, with_free = 0;

	for (unsigned long first = 0; first < si->map.max; first += SLOTS_PER_CLUSTER) {
		used += check_cluster(si, first, min(first + SLOTS_PER_CLUSTER, si->map.max));
		with_free += si->map.clusters[first / SLOTS_PER_CLUSTER].nr_free > 0;
	}
	CHECK(si->used == used, "swap area %lu: %lu slots are in use, counted as %lu",
	      (unsigned long)(si - swap_info), used, si->used);
	check_lists(si, with_free);
	verify.report->slots += used;
}

void verify_slots(void)
{
	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		if (swap_info[type].map.max)
			check_area(&swap_info[type]);
}
