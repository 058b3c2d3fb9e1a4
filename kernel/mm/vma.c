/* vma.c - the areas of an address space: find, link, split, merge, and search for room.
 * Holds:  areas are sorted, never overlap and are never empty. rb_subtree_gap is the largest free
 *         gap directly below any area of a subtree, so that the search for room is logarithmic. Two
 *         areas that touch and are alike in everything are one.
 * Locks:  mmap_lock, for write where something changes.
 * Read:   mmap.c, which decides; memory.c, which fills areas with pages. */
#include <mm/mm.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/slab.h>
#include <mm/special.h>

static struct kmem_cache *vma_cache;

void vma_cache_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 8);
}

struct vm_area_struct *vma_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL | __GFP_ZERO);

	if (!vma)
		return NULL;
	vma->vm_mm = mm;
	INIT_LIST_HEAD(&vma->anon_vma_chain);
	return vma;
}

struct vm_area_struct *vma_dup(const struct vm_area_struct *old)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (!vma)
		return NULL;
	*vma = *old;
	INIT_LIST_HEAD(&vma->anon_vma_chain);
	if (vma->vm_file)
		get_file(vma->vm_file);
	if (vma->vm_anon_file)
		get_file(vma->vm_anon_file);
	return vma;
}

void vma_free(struct vm_area_struct *vma)
{
	DEBUG_ASSERT(list_empty(&vma->anon_vma_chain));
	if (vma->vm_file)
		fput(vma->vm_file);
	if (vma->vm_anon_file)
		fput(vma->vm_anon_file);
	kmem_cache_free(vma_cache, vma);
}

/* --- the tree --- */

static struct vm_area_struct *vma_of(struct rb_node *node)
{
	return rb_entry(node, struct vm_area_struct, vm_rb);
}

struct vm_area_struct *vma_next(struct vm_area_struct *vma)
{
	bool last = vma->vm_list.next == &vma->vm_mm->mmap_list;

	return last ? NULL : list_next_entry(vma, vm_list);
}

struct vm_area_struct *vma_prev(struct vm_area_struct *vma)
{
	bool first = vma->vm_list.prev == &vma->vm_mm->mmap_list;

	return first ? NULL : list_prev_entry(vma, vm_list);
}

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *found = READ_ONCE(mm->vma_cache);
	struct rb_node *node = mm->mm_rb.rb_node;

	if (likely(found && found->vm_start <= addr && addr < found->vm_end))
		return found;
	found = NULL;
	while (node) {
		struct vm_area_struct *vma = vma_of(node);

		if (vma->vm_end > addr) {
			found = vma;
			if (vma->vm_start <= addr)
				break;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	if (found)
		WRITE_ONCE(mm->vma_cache, found);
	return found;
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

struct vm_area_struct *vma_prev_at(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (vma)
		return vma_prev(vma);
	return list_empty(&mm->mmap_list)
		       ? NULL : list_last_entry(&mm->mmap_list, struct vm_area_struct, vm_list);
}

/* --- gaps --- */

unsigned long vma_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	return vma->vm_start > STACK_GUARD_GAP ? vma->vm_start - STACK_GUARD_GAP : 0;
}

static unsigned long prev_end(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_prev(vma);

	return prev ? prev->vm_end : 0;
}

static unsigned long gap_below(struct vm_area_struct *vma)
{
	unsigned long from = prev_end(vma), to = vma_start_gap(vma);

	return to > from ? to - from : 0;
}

static unsigned long compute_subtree_gap(struct vm_area_struct *vma)
{
	unsigned long gap = gap_below(vma);

	if (vma->vm_rb.rb_left)
		gap = max(gap, vma_of(vma->vm_rb.rb_left)->rb_subtree_gap);
	if (vma->vm_rb.rb_right)
		gap = max(gap, vma_of(vma->vm_rb.rb_right)->rb_subtree_gap);
	return gap;
}

static void gap_propagate(struct rb_node *node, struct rb_node *stop)
{
	for (; node != stop; node = rb_parent(node)) {
		unsigned long gap = compute_subtree_gap(vma_of(node));

		if (vma_of(node)->rb_subtree_gap == gap)
			break;
		vma_of(node)->rb_subtree_gap = gap;
	}
}

static void gap_copy(struct rb_node *old, struct rb_node *new)
{
	vma_of(new)->rb_subtree_gap = vma_of(old)->rb_subtree_gap;
}

static void gap_rotate(struct rb_node *old, struct rb_node *new)
{
	gap_copy(old, new);
	vma_of(old)->rb_subtree_gap = compute_subtree_gap(vma_of(old));
}

static const struct rb_augment_callbacks gap_callbacks = { gap_propagate, gap_copy, gap_rotate };

/* The gap below @vma has changed. */
static void gap_update(struct vm_area_struct *vma)
{
	if (vma)
		gap_propagate(&vma->vm_rb, NULL);
}

#define NO_GAP	((unsigned long)-ENOMEM)

/* The lowest place in one gap, or NO_GAP. */
static unsigned long fit_low(unsigned long from, unsigned long to, unsigned long len,
			     unsigned long low, unsigned long high)
{
	from = max(from, low);
	to = min(to, high);
	return from < to && to - from >= len ? from : NO_GAP;
}

static unsigned long fit_high(unsigned long from, unsigned long to, unsigned long len,
			      unsigned long low, unsigned long high)
{
	unsigned long at = fit_low(from, to, len, low, high);

	return at == NO_GAP ? NO_GAP : min(to, high) - len;
}

/* Lowest room below the areas of a subtree. Its depth bounds the recursion: 2 *
 * log2(max_map_count). */
static unsigned long gap_bottom_up(struct rb_node *node, unsigned long len, unsigned long low,
				   unsigned long high)
{
	struct vm_area_struct *vma = node ? vma_of(node) : NULL;
	unsigned long at = NO_GAP;

	if (!vma || vma->rb_subtree_gap < len)
		return NO_GAP;
	if (vma->vm_start > low)
		at = gap_bottom_up(node->rb_left, len, low, high);
	if (at == NO_GAP)
		at = fit_low(prev_end(vma), vma_start_gap(vma), len, low, high);
	if (at == NO_GAP && vma->vm_end < high)
		at = gap_bottom_up(node->rb_right, len, low, high);
	return at;
}

static unsigned long gap_top_down(struct rb_node *node, unsigned long len, unsigned long low,
				  unsigned long high)
{
	struct vm_area_struct *vma = node ? vma_of(node) : NULL;
	unsigned long at = NO_GAP;

	if (!vma || vma->rb_subtree_gap < len)
		return NO_GAP;
	if (vma->vm_end < high)
		at = gap_top_down(node->rb_right, len, low, high);
	if (at == NO_GAP)
		at = fit_high(prev_end(vma), vma_start_gap(vma), len, low, high);
	if (at == NO_GAP && vma->vm_start > low)
		at = gap_top_down(node->rb_left, len, low, high);
	return at;
}

unsigned long find_gap(struct mm_struct *mm, unsigned long len, unsigned long low,
		       unsigned long high, bool topdown)
{
	struct vm_area_struct *last = NULL;
	unsigned long end, at;

	if (!list_empty(&mm->mmap_list))
		last = list_last_entry(&mm->mmap_list, struct vm_area_struct, vm_list);
	end = last ? last->vm_end : 0;
	if (topdown) {
		at = fit_high(end, TASK_SIZE, len, low, high);
		return at == NO_GAP ? gap_top_down(mm->mm_rb.rb_node, len, low, high) : at;
	}
	at = gap_bottom_up(mm->mm_rb.rb_node, len, low, high);
	return at == NO_GAP ? fit_low(end, TASK_SIZE, len, low, high) : at;
}

/* --- link and unlink --- */

/* Hang @vma into the empty @link of @parent, behind @before in the list. */
static void tree_insert(struct mm_struct *mm, struct vm_area_struct *vma, struct rb_node *parent,
			struct rb_node **link, struct list_head *before)
{
	list_add(&vma->vm_list, before);
	gap_update(vma_next(vma));	/* before a rotation can copy its old value upwards */
	rb_link_node(&vma->vm_rb, parent, link);
	vma->rb_subtree_gap = gap_below(vma);
	rb_insert_augmented(&vma->vm_rb, &mm->mm_rb, &gap_callbacks);
	mm->map_count++;
}

static void tree_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct rb_node **link = &mm->mm_rb.rb_node, *parent = NULL;
	struct list_head *before = &mm->mmap_list;

	assert_rwsem_write_held(&mm->mmap_lock);
	while (*link) {
		struct vm_area_struct *at = vma_of(*link);

		parent = *link;
		if (vma->vm_start < at->vm_start) {
			DEBUG_ASSERT(vma->vm_end <= at->vm_start);
			link = &parent->rb_left;
		} else {
			DEBUG_ASSERT(at->vm_end <= vma->vm_start);
			link = &parent->rb_right;
			before = &at->vm_list;
		}
	}
	tree_insert(mm, vma, parent, link, before);
}

void vma_link_last(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *last;

	if (list_empty(&mm->mmap_list)) {
		tree_insert(mm, vma, NULL, &mm->mm_rb.rb_node, &mm->mmap_list);
	} else {
		last = list_last_entry(&mm->mmap_list, struct vm_area_struct, vm_list);
		DEBUG_ASSERT(last->vm_end <= vma->vm_start);
		tree_insert(mm, vma, &last->vm_rb, &last->vm_rb.rb_right, &last->vm_list);
	}
	if (vma->vm_file)
		mapping_link_vma(vma);
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	tree_link(mm, vma);
	if (vma->vm_file)
		mapping_link_vma(vma);
}

void vma_leave_rmap(struct vm_area_struct *vma)
{
	if (vma->vm_file)
		mapping_unlink_vma(vma);
	unlink_anon_vmas(vma);
}

void vma_unlink(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *next = vma_next(vma);

	assert_rwsem_write_held(&mm->mmap_lock);
	vma_leave_rmap(vma);
	rb_erase_augmented(&vma->vm_rb, &mm->mm_rb, &gap_callbacks);
	list_del(&vma->vm_list);
	gap_update(next);
	mm->map_count--;
	if (mm->vma_cache == vma)
		mm->vma_cache = NULL;
}

void vma_set_bounds(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		    pgoff_t pgoff)
{
	DEBUG_ASSERT(start < end);
	if (vma->vm_file)
		mapping_lock_bounds(vma);
	anon_vma_lock_bounds(vma);
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_pgoff = pgoff;
	anon_vma_unlock_bounds(vma);
	if (vma->vm_file)
		mapping_unlock_bounds(vma);
	gap_update(vma);
	gap_update(vma_next(vma));
}

/* --- split --- */

/* The upper part joins the reverse map before the lower one leaves that range, so that a walk finds
 * each page in one of the two at any time. */
struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct vm_area_struct *upper;

	ASSERT(vma->vm_start < addr && addr < vma->vm_end);
	if (unlikely(vma_is_special(vma)))
		return ERR_PTR(-EINVAL);
	upper = vma_dup(vma);
	if (!upper)
		return ERR_PTR(-ENOMEM);
	upper->vm_start = addr;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	if (anon_vma_clone(upper, vma)) {
		vma_free(upper);
		return ERR_PTR(-ENOMEM);
	}
	if (upper->vm_file)
		mapping_link_vma(upper);
	vma_set_bounds(vma, vma->vm_start, addr, vma->vm_pgoff);
	tree_link(vma->vm_mm, upper);
	return upper;
}

struct vm_area_struct *vma_isolate(struct vm_area_struct *vma, unsigned long start,
				   unsigned long end)
{
	unsigned int more = (vma->vm_start < start) + (end < vma->vm_end);

	if (more && vma->vm_mm->map_count + more > max_map_count)
		return ERR_PTR(-ENOMEM);
	if (vma->vm_start < start) {
		vma = vma_split(vma, start);
		if (IS_ERR(vma))
			return vma;
	}
	if (end < vma->vm_end) {
		struct vm_area_struct *upper = vma_split(vma, end);

		if (IS_ERR(upper)) {
			vma_merge_changed(vma);
			return upper;
		}
	}
	return vma;
}

/* --- merge ---
 * Two areas that touch become one when they are alike (flags but for soft-dirty, file, the offset
 * goes on) and their anonymous pages can hang in one anon_vma:
 *
 *	pages of the one	of the other
 *	none yet		none yet	yes
 *	own			none yet	yes: the other one joins its anon_vma
 *	inherited		none yet	no: new pages would get into the ancestors' trees
 *	any			any		if it is the same anon_vma
 *
 * That is the rule wherever areas come to touch: new memory beside old, what moves there, what gets
 * the same rights, advice or lock as its neighbours. With three it is asked for each pair. It is
 * Linux's of 7.x, where an inherited area that grows joins an untouched one besides; 6.1 merges
 * less where the one with pages is not the one that was there before. */

static bool vma_alike(const struct vm_area_struct *vma, vm_flags_t flags, const struct file *file)
{
	return !((vma->vm_flags ^ flags) & ~VM_SOFTDIRTY) && vma_named_file(vma) == file &&
	       !(flags & VM_PFNMAP);
}

static pgoff_t vma_end_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT);
}

/* @vma takes in memory that counts as written (clear_refs.c) if @flags say so; then it does too. */
static void inherit_soft_dirty(struct vm_area_struct *vma, vm_flags_t flags)
{
	WRITE_ONCE(vma->vm_flags, vma->vm_flags | (flags & VM_SOFTDIRTY));
	vma_set_page_prot(vma);
}

/* One area of the two: @lower grows over @upper, which goes. It grows first, so that a walk finds
 * each page in one of them at any time. False: no memory for chains, and nothing has changed. */
static bool join(struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	if (upper->anon_vma && !lower->anon_vma) {
		lower->anon_vma = upper->anon_vma;
		if (anon_vma_clone(lower, upper))
			return false;
	}
	vma_set_bounds(lower, lower->vm_start, upper->vm_end, lower->vm_pgoff);
	inherit_soft_dirty(lower, upper->vm_flags);
	vma_unlink(upper);
	vma_free(upper);
	return true;
}

struct vm_area_struct *vma_merge_new(struct mm_struct *mm, unsigned long start, unsigned long end,
				     vm_flags_t flags, struct file *file, pgoff_t pgoff)
{
	struct vm_area_struct *prev = vma_prev_at(mm, start);
	struct vm_area_struct *next = prev ? vma_next(prev) : find_vma(mm, start);
	pgoff_t end_pgoff = pgoff + ((end - start) >> PAGE_SHIFT);

	if (prev && (prev->vm_end != start || !vma_alike(prev, flags, file) ||
		     vma_end_pgoff(prev) != pgoff || !anon_vmas_compatible(prev, NULL)))
		prev = NULL;
	if (next && (next->vm_start != end || !vma_alike(next, flags, file) ||
		     next->vm_pgoff != end_pgoff || !anon_vmas_compatible(next, NULL)))
		next = NULL;
	if (prev) {
		vma_set_bounds(prev, prev->vm_start, end, prev->vm_pgoff);
		inherit_soft_dirty(prev, flags);
		if (next && anon_vmas_compatible(prev, next))
			join(prev, next);
		return prev;
	}
	if (next) {
		vma_set_bounds(next, start, next->vm_end, pgoff);
		inherit_soft_dirty(next, flags);
	}
	return next;
}

/* @upper follows @lower without a gap and is alike. */
static bool can_join(struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	return lower && upper && lower->vm_end == upper->vm_start &&
	       vma_alike(lower, upper->vm_flags, vma_named_file(upper)) &&
	       vma_end_pgoff(lower) == upper->vm_pgoff &&
	       anon_vmas_compatible(lower, upper);
}

struct vm_area_struct *vma_merge_changed(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_prev(vma), *next = vma_next(vma);

	if (can_join(prev, vma) && join(prev, vma))
		vma = prev;
	if (can_join(vma, next))
		join(vma, next);
	return vma;
}

/* --- rights --- */

/* The entry bits for an area. A private writable one gets no write bit: its first write to each
 * page faults, and do_wp_page decides. Nor does one whose writes are to be noticed: see
 * clear_refs.c. */
pgprot_t vm_get_page_prot(vm_flags_t flags)
{
	const vm_flags_t writable = VM_WRITE | VM_SHARED | VM_SOFTDIRTY;
	u64 prot = flags & VM_ACCESS_FLAGS ? _PAGE_PRESENT | _PAGE_USER : _PAGE_PROTNONE;

	if ((flags & writable) == writable)
		prot |= _PAGE_RW;
	if (!(flags & VM_EXEC))
		prot |= _PAGE_NX;
	return (pgprot_t){ prot };
}

void vma_set_page_prot(struct vm_area_struct *vma)
{
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
}
