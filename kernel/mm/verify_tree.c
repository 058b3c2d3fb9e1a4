/* verify_tree.c - areas of an mm, and the trees of the reverse map that they hang in.
 * Each anon_vma and each file's tree is checked when the area is met that comes first in it.
 * A tree's other members may belong to an mm that is busy, and then its counts may be on their way.
 * That an anon_vma's descendants are all found through its own tree follows from cloning: a copy
 * of an area hangs in every tree that the area hangs in.
 * Locks:  none, everything stands still.
 * Read:   verify.c; vma.c and anon_vma.c for what must hold. */
#include "verify_internal.h"

#include <lib/interval_tree.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <mm/anon_vma.h>
#include <mm/filemap.h>
#include <mm/slab.h>

#define MAX_DEPTH	64	/* of a red-black tree with 2^32 nodes */

static struct vm_area_struct *area_of(const struct rb_node *node)
{
	return rb_entry((struct rb_node *)node, struct vm_area_struct, vm_rb);
}

/* Going up from @node leads to the root, and each step down again would lead back. */
bool rb_is_in(const struct rb_node *node, const struct rb_root *root)
{
	for (unsigned int depth = 0; depth < MAX_DEPTH; depth++) {
		const struct rb_node *parent = rb_parent(node);

		if (!parent)
			return root->rb_node == node;
		if (!is_object(parent) || (parent->rb_left != node && parent->rb_right != node))
			return false;
		node = parent;
	}
	return false;
}

/* --- the areas of one mm --- */

struct area_walk {
	struct mm_struct	*mm;
	struct vm_area_struct	*prev;	/* in order of addresses */
	unsigned int		depth, nr;
};

static void check_order(struct area_walk *walk, struct vm_area_struct *vma)
{
	unsigned long from = walk->prev ? walk->prev->vm_end : 0;

	CHECK(vma->vm_start < vma->vm_end && from <= vma->vm_start && vma->vm_end <= TASK_SIZE,
	      "area %#lx-%#lx of mm %p: empty, or over the one before, which ends at %#lx",
	      vma->vm_start, vma->vm_end, walk->mm, from);
	CHECK(!offset_in_page(vma->vm_start | vma->vm_end), "area %#lx-%#lx: not of whole pages",
	      vma->vm_start, vma->vm_end);
	CHECK(vma_prev(vma) == walk->prev, "area %#lx of mm %p: tree and list differ",
	      vma->vm_start, walk->mm);
	CHECK(vma->vm_mm == walk->mm, "area %#lx of mm %p says it is of %p", vma->vm_start,
	      walk->mm, vma->vm_mm);
}

static bool red_is_alone(const struct rb_node *node)
{
	return rb_is_black(node) || ((!node->rb_left || rb_is_black(node->rb_left)) &&
				     (!node->rb_right || rb_is_black(node->rb_right)));
}

/* Returns the largest gap below any area of the subtree. */
static unsigned long check_subtree(struct area_walk *walk, struct rb_node *node)
{
	struct vm_area_struct *vma;
	unsigned long gap, from, start_gap;

	if (!node || walk->depth == MAX_DEPTH)
		return 0;
	vma = area_of(node);
	if (!CHECK(is_object(vma), "mm %p: something in the tree is no area", walk->mm)) {
		verify.damaged = true;
		return 0;
	}
	walk->depth++;
	gap = check_subtree(walk, node->rb_left);
	check_order(walk, vma);
	CHECK(red_is_alone(node), "area %#lx of mm %p: red below red", vma->vm_start, walk->mm);
	from = walk->prev ? walk->prev->vm_end : 0;
	start_gap = vma_start_gap(vma);
	if (start_gap > from)
		gap = max(gap, start_gap - from);
	walk->prev = vma;
	walk->nr++;
	gap = max(gap, check_subtree(walk, node->rb_right));
	walk->depth--;
	CHECK(vma->rb_subtree_gap == gap, "area %#lx of mm %p: gap is %#lx, should be %#lx",
	      vma->vm_start, walk->mm, vma->rb_subtree_gap, gap);
	return gap;
}

static void check_count(struct mm_struct *mm, const char *name, unsigned long is,
			unsigned long want)
{
	CHECK(is == want, "mm %p: %s is %lu, should be %lu", mm, name, is, want);
}

static unsigned long area_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

static void check_counts(struct mm_struct *mm, const struct area_walk *walk)
{
	struct vm_area_struct *vma;
	struct mm_struct want = {};
	bool cached = !mm->vma_cache;

	for (vma = walk->prev; vma; vma = vma_prev(vma)) {
		vm_stat_account(&want, vma->vm_flags, area_pages(vma));
		verify.committed += vma_promised(vma);
		cached |= mm->vma_cache == vma;
	}
	check_count(mm, "map_count", mm->map_count, walk->nr);
	check_count(mm, "total_vm", mm->total_vm, want.total_vm);
	check_count(mm, "data_vm", mm->data_vm, want.data_vm);
	check_count(mm, "stack_vm", mm->stack_vm, want.stack_vm);
	check_count(mm, "exec_vm", mm->exec_vm, want.exec_vm);
	check_count(mm, "locked_vm", mm->locked_vm, want.locked_vm);
	CHECK(cached, "mm %p: vma_cache is none of its areas", mm);
	CHECK(walk->prev ? !vma_next(walk->prev) : list_empty(&mm->mmap_list),
	      "mm %p: the list of areas is longer than the tree", mm);
}

/* --- trees of the reverse map --- */

/* @vma, found in such a tree, is an area of its mm, or of one that is being changed. */
static bool is_area(struct vm_area_struct *vma, bool *busy)
{
	struct rb_node *node;

	if (!is_object(vma) || !is_object(vma->vm_mm))
		return false;
	if (mm_busy(vma->vm_mm)) {
		*busy = true;
		return true;
	}
	node = vma->vm_mm->mm_rb.rb_node;
	for (unsigned int depth = 0; node && depth < MAX_DEPTH; depth++) {
		if (area_of(node) == vma)
			return true;
		node = vma->vm_start < area_of(node)->vm_start ? node->rb_left : node->rb_right;
	}
	return false;
}

static struct interval_tree_node *interval_of(struct rb_node *node)
{
	return node ? container_of(node, struct interval_tree_node, rb) : NULL;
}

/* Sorted, and subtree_last is right given the two below. */
static void check_interval(struct interval_tree_node *node)
{
	struct interval_tree_node *next = interval_of(rb_next(&node->rb));
	struct interval_tree_node *left = interval_of(node->rb.rb_left);
	struct interval_tree_node *right = interval_of(node->rb.rb_right);
	unsigned long last = node->last;

	if (left)
		last = max(last, left->subtree_last);
	if (right)
		last = max(last, right->subtree_last);
	CHECK(node->start <= node->last && (!next || node->start <= next->start) &&
	      last == node->subtree_last && red_is_alone(&node->rb),
	      "interval tree: %lu-%lu is out of order, or its subtree does not end at %lu",
	      node->start, node->last, node->subtree_last);
}

static void check_bounds(const struct vm_area_struct *vma, const struct interval_tree_node *node,
			 const char *tree)
{
	CHECK(node->start == vma->vm_pgoff && node->last == vma->vm_pgoff + area_pages(vma) - 1,
	      "area %#lx of mm %p: is pages %lu-%lu in %s, should be %lu-%lu", vma->vm_start,
	      vma->vm_mm, node->start, node->last, tree, vma->vm_pgoff,
	      vma->vm_pgoff + area_pages(vma) - 1);
}

static bool is_first(const struct interval_tree_node *node, const struct rb_root *root)
{
	return rb_first(root) == &node->rb;
}

/* --- anon_vmas --- */

/* What an anon_vma's counts should be. */
struct family {
	unsigned long	active, children, members;	/* members: others of whom it is the root */
	bool		busy;
};

static bool in_list_of(struct vm_area_struct *vma, const struct anon_vma_chain *wanted)
{
	struct anon_vma_chain *avc;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		if (avc == wanted)
			return true;
	return false;
}

/* One member of @anon_vma's tree. False: the tree cannot be walked. */
static bool check_member(struct anon_vma *anon_vma, struct anon_vma_chain *avc,
			 struct family *family)
{
	struct vm_area_struct *vma = avc->vma;
	struct anon_vma_chain *other;
	bool busy = false;

	if (!CHECK(is_area(vma, &busy), "anon_vma %p: a chain's area %p is none", anon_vma, vma))
		return false;
	family->busy |= busy;
	CHECK(avc->anon_vma == anon_vma && (busy || in_list_of(vma, avc)),
	      "anon_vma %p: its tree has a chain that area %#lx of mm %p has not", anon_vma,
	      vma->vm_start, vma->vm_mm);
	family->active += vma->anon_vma == anon_vma;
	list_for_each_entry(other, &vma->anon_vma_chain, same_vma) {
		if (other->anon_vma == anon_vma || !is_first(&other->rb, &other->anon_vma->rb_root))
			continue;
		family->children += other->anon_vma->parent == anon_vma;
		family->members += other->anon_vma->root == anon_vma;
	}
	return true;
}

static void check_family(struct anon_vma *anon_vma, const struct family *family)
{
	bool is_root = anon_vma->root == anon_vma;
	unsigned long children = family->children + is_root;	/* it counts itself */
	int refs = 1 + family->members, have = atomic_read(&anon_vma->refcount);

	if (family->busy)
		return;
	CHECK(anon_vma->num_active_vmas == family->active,
	      "anon_vma %p: num_active_vmas is %lu, should be %lu", anon_vma,
	      anon_vma->num_active_vmas, family->active);
	CHECK(anon_vma->num_children == children, "anon_vma %p: num_children is %lu, should be %lu",
	      anon_vma, anon_vma->num_children, children);
	CHECK(have >= refs, "anon_vma %p: reference count is %d, should be %d", anon_vma, have,
	      refs);
	if (have > refs)
		verify_surplus("anon_vma %p: %d references, only %d found", anon_vma, have, refs);
}

static void check_anon_vma(struct anon_vma *anon_vma)
{
	struct family family = {};

	verify.report->anon_vmas++;
	CHECK(is_object(anon_vma->parent) && anon_vma->parent->root == anon_vma->root &&
	      (anon_vma->parent == anon_vma) == (anon_vma->root == anon_vma),
	      "anon_vma %p: parent %p and root %p do not fit", anon_vma, anon_vma->parent,
	      anon_vma->root);
	for (struct rb_node *node = rb_first(&anon_vma->rb_root); node; node = rb_next(node)) {
		struct interval_tree_node *interval = interval_of(node);

		check_interval(interval);
		if (!check_member(anon_vma, container_of(interval, struct anon_vma_chain, rb),
				  &family)) {
			verify.damaged = true;
			return;
		}
	}
	check_family(anon_vma, &family);
}

/* False: the list cannot be followed. */
static bool check_chain(struct vm_area_struct *vma, struct anon_vma_chain *avc)
{
	if (!CHECK(is_object(avc) && is_object(avc->anon_vma) && is_object(avc->anon_vma->root),
		   "area %#lx of mm %p: a chain leads nowhere", vma->vm_start, vma->vm_mm)) {
		verify.damaged = true;
		return false;
	}
	verify.report->chains++;
	CHECK(avc->vma == vma, "area %#lx of mm %p has a chain of area %p", vma->vm_start,
	      vma->vm_mm, avc->vma);
	CHECK(!vma->anon_vma || avc->anon_vma->root == vma->anon_vma->root,
	      "area %#lx of mm %p has chains of two families", vma->vm_start, vma->vm_mm);
	if (!CHECK(rb_is_in(&avc->rb.rb, &avc->anon_vma->rb_root),
		   "area %#lx of mm %p: a chain is not in the tree of its anon_vma %p",
		   vma->vm_start, vma->vm_mm, avc->anon_vma))
		return true;
	check_bounds(vma, &avc->rb, "an anon_vma");
	if (is_first(&avc->rb, &avc->anon_vma->rb_root))
		check_anon_vma(avc->anon_vma);
	return true;
}

static void check_chains(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc;
	bool own = false;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma) {
		if (!check_chain(vma, avc))
			return;
		own |= avc->anon_vma == vma->anon_vma;
	}
	CHECK(own == !!vma->anon_vma && own == !list_empty(&vma->anon_vma_chain),
	      "area %#lx of mm %p: anon_vma %p is in none of its chains", vma->vm_start, vma->vm_mm,
	      vma->anon_vma);
}

/* --- files --- */

static void check_i_mmap(struct address_space *mapping)
{
	verify.report->files++;
	for (struct rb_node *node = rb_first(&mapping->i_mmap); node; node = rb_next(node)) {
		struct interval_tree_node *interval = interval_of(node);
		struct vm_area_struct *vma = container_of(interval, struct vm_area_struct, shared);
		bool busy = false;

		check_interval(interval);
		if (!CHECK(is_area(vma, &busy), "i_mmap of file %p: %p is no area", mapping, vma)) {
			verify.damaged = true;
			return;
		}
		CHECK(vma->vm_file && file_mapping(vma->vm_file) == mapping,
		      "i_mmap of file %p: area %#lx of mm %p maps another", mapping, vma->vm_start,
		      vma->vm_mm);
	}
}

static void check_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = file_mapping(vma->vm_file);

	if (!CHECK(rb_is_in(&vma->shared.rb, &mapping->i_mmap),
		   "area %#lx of mm %p is not in its file's i_mmap", vma->vm_start, vma->vm_mm))
		return;
	check_bounds(vma, &vma->shared, "i_mmap");
	if (is_first(&vma->shared, &mapping->i_mmap))
		check_i_mmap(mapping);
}

/* --- one mm --- */

static void check_area(struct vm_area_struct *vma)
{
	CHECK(vma->vm_page_prot.val == vm_get_page_prot(vma->vm_flags).val,
	      "area %#lx of mm %p: entry bits are %#lx, flags %#lx", vma->vm_start, vma->vm_mm,
	      vma->vm_page_prot.val, vma->vm_flags);
	CHECK(!(vma->vm_flags & VM_SHARED) || vma->vm_file,
	      "area %#lx of mm %p: shared without a file", vma->vm_start, vma->vm_mm);
	check_chains(vma);
	if (vma->vm_file)
		check_file(vma);
}

void verify_areas(struct mm_struct *mm)
{
	struct area_walk walk = { .mm = mm };
	struct vm_area_struct *vma;

	if (!atomic_read(&mm->mm_users))
		return;		/* a lazy processor has its top-level table, all else has gone */
	check_subtree(&walk, mm->mm_rb.rb_node);
	if (verify.damaged)
		return;
	check_counts(mm, &walk);
	for (vma = walk.prev; vma; vma = vma_prev(vma))
		check_area(vma);
	verify.report->areas += walk.nr;
}
