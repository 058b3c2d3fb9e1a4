/* anon_vma.c - the life of anon_vma and anon_vma_chain: prepare, clone, fork, unlink.
 *
 * A page that was first touched in an area may later be mapped by the area's split halves and by
 * the copies that fork makes of them, in children and grandchildren. All of those hang, each by a
 * chain, in the interval tree of the anon_vma that the page points to:
 *
 *	grandparent's area G	parent's area P		child's area C
 *	   |  anon_vma            |  anon_vma             |  anon_vma
 *	   v                      v                       v
 *	  AV_g  <--- parent ---  AV_p  <--- parent ---   AV_c
 *	  root <-------------------+-----------------------+
 *	  tree: G P C            tree: P C               tree: C
 *
 *	chains (same_vma):  G: [AV_g]   P: [AV_p AV_g]   C: [AV_c AV_p AV_g]
 *
 * A page touched in G before the forks is in AV_g's tree, where G, P and C are found. A page that P
 * made by copying is in AV_p's, where G need not be asked. A split makes another area with the same
 * chains.
 *
 * Without more, a chain of n generations of fork and exit would leave n anon_vmas. An anon_vma
 * whose own areas have gone (num_active_vmas 0) and that has at most one child is therefore adopted
 * by the next area that is cloned from below: whoever had pages there has exited or is an ancestor
 * whose pages the adopter may see anyway. With two children it must not be, or a sibling's new
 * pages would be looked for among areas that cannot have them, in ever larger trees.
 *
 * Locks:  root->rwsem for all trees and counts of the family. A chain's place in
 *         vma->anon_vma_chain: mmap_lock for write; or for read and page_table_lock, when two
 *         threads fault at once.
 * Life:   refcount. The memory of an anon_vma stays one until every processor has had its
 *         interrupts on (SLAB_TYPESAFE), so that a walker that comes from a page without holding
 *         anything can look.
 * Read:   rmap.c, which walks. */
#include <mm/anon_vma.h>

#include <lib/err.h>
#include <debug/assert.h>
#include <mm/internal.h>
#include <mm/slab.h>

static struct kmem_cache *anon_vma_cache, *anon_vma_chain_cache;

void anon_vma_init(void)
{
	anon_vma_cache = kmem_cache_create_typesafe("anon_vma", sizeof(struct anon_vma), 8);
	anon_vma_chain_cache = kmem_cache_create("anon_vma_chain",
						 sizeof(struct anon_vma_chain), 8);
}

static struct anon_vma *anon_vma_alloc(void)
{
	struct anon_vma *anon_vma = kmem_cache_alloc(anon_vma_cache, GFP_KERNEL);

	if (!anon_vma)
		return NULL;
	anon_vma->root = anon_vma;
	anon_vma->parent = anon_vma;
	init_rwsem(&anon_vma->rwsem, RANK_ANON_VMA);
	anon_vma->num_children = 0;
	anon_vma->num_active_vmas = 0;
	anon_vma->rb_root = RB_ROOT;
	smp_store_release(&anon_vma->refcount.counter, 1);
	return anon_vma;
}

void anon_vma_free(struct anon_vma *anon_vma)
{
	DEBUG_ASSERT(rb_empty(&anon_vma->rb_root) && !anon_vma->num_active_vmas);
	if (anon_vma->root != anon_vma)
		put_anon_vma(anon_vma->root);
	kmem_cache_free(anon_vma_cache, anon_vma);
}

static struct anon_vma_chain *avc_alloc(gfp_t gfp)
{
	return kmem_cache_alloc(anon_vma_chain_cache, gfp);
}

static void avc_free(struct anon_vma_chain *avc)
{
	kmem_cache_free(anon_vma_chain_cache, avc);
}

/* --- the tree --- */

/* The family's lock is held for write in all of these. */
static void tree_insert(struct anon_vma_chain *avc)
{
	struct vm_area_struct *vma = avc->vma;

	avc->rb.start = vma->vm_pgoff;
	avc->rb.last = vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
	interval_tree_insert(&avc->rb, &avc->anon_vma->rb_root);
}

static void tree_remove(struct anon_vma_chain *avc)
{
	interval_tree_remove(&avc->rb, &avc->anon_vma->rb_root);
}

static void anon_vma_chain_link(struct vm_area_struct *vma, struct anon_vma_chain *avc,
				struct anon_vma *anon_vma)
{
	avc->vma = vma;
	avc->anon_vma = anon_vma;
	list_add(&avc->same_vma, &vma->anon_vma_chain);
	tree_insert(avc);
}

void anon_vma_lock_bounds(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc;

	if (!vma->anon_vma)
		return;
	down_write(&vma->anon_vma->root->rwsem);
	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		tree_remove(avc);
}

void anon_vma_unlock_bounds(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc;

	if (!vma->anon_vma)
		return;
	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		tree_insert(avc);
	up_write(&vma->anon_vma->root->rwsem);
}

/* --- the first page --- */

/* What fork has made of a parent's area is in its ancestors' trees as well. */
static bool inherited(const struct vm_area_struct *vma)
{
	return vma->anon_vma && !list_is_singular(&vma->anon_vma_chain);
}

bool anon_vmas_compatible(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	if (b && a->anon_vma && b->anon_vma)
		return a->anon_vma == b->anon_vma;
	return !inherited(a) && !(b && inherited(b));
}

/* @a directly below @b, and a page's index in one could be in the other: only rights differ, which
 * mprotect may change so that they become one. */
static bool could_merge(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	const vm_flags_t may_differ = VM_ACCESS_FLAGS | VM_SOFTDIRTY;

	return a->vm_end == b->vm_start && a->vm_file == b->vm_file &&
	       !((a->vm_flags ^ b->vm_flags) & ~may_differ) &&
	       b->vm_pgoff == a->vm_pgoff + ((b->vm_start - a->vm_start) >> PAGE_SHIFT);
}

/* @near's anon_vma, if it serves @vma as well. Another thread may be giving @near one right now. */
static struct anon_vma *reusable_anon_vma(const struct vm_area_struct *near)
{
	struct anon_vma *anon_vma = smp_load_acquire(&near->anon_vma);

	return anon_vma && list_is_singular(&near->anon_vma_chain) ? anon_vma : NULL;
}

/* A neighbour's anon_vma, so that the areas can be merged later. */
static struct anon_vma *find_mergeable_anon_vma(struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma), *prev = vma_prev(vma);
	struct anon_vma *anon_vma = NULL;

	if (next && could_merge(vma, next))
		anon_vma = reusable_anon_vma(next);
	if (!anon_vma && prev && could_merge(prev, vma))
		anon_vma = reusable_anon_vma(prev);
	return anon_vma;
}

int anon_vma_prepare_slow(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc = avc_alloc(GFP_KERNEL);
	struct anon_vma *anon_vma, *fresh = NULL;

	if (!avc)
		return -ENOMEM;
	anon_vma = find_mergeable_anon_vma(vma);
	if (!anon_vma) {
		anon_vma = fresh = anon_vma_alloc();
		if (!fresh) {
			avc_free(avc);
			return -ENOMEM;
		}
		/* a root counts itself, so it is not adopted for want of any */
		fresh->num_children++;
	}
	down_write(&anon_vma->root->rwsem);
	/* against threads that fault in the same area */
	spin_lock(&vma->vm_mm->page_table_lock);
	if (likely(!vma->anon_vma)) {
		anon_vma_chain_link(vma, avc, anon_vma);
		anon_vma->num_active_vmas++;
		smp_store_release(&vma->anon_vma, anon_vma);
		fresh = NULL;
		avc = NULL;
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
	up_write(&anon_vma->root->rwsem);
	if (fresh)
		put_anon_vma(fresh);
	if (avc)
		avc_free(avc);
	return 0;
}

/* --- copies of areas --- */

/* All anon_vmas of one area have one root: take its lock at the first chain, keep it for the
 * others. */
static struct anon_vma *lock_root(struct anon_vma *locked, struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	if (root != locked) {
		ASSERT(!locked);
		down_write(&root->rwsem);
	}
	return root;
}

static void unlock_root(struct anon_vma *locked)
{
	if (locked)
		up_write(&locked->rwsem);
}

/* Nobody's own any more, and at most one other below: see the top of this file. */
static bool may_adopt(const struct anon_vma *anon_vma)
{
	return anon_vma->num_children < 2 && !anon_vma->num_active_vmas;
}

int anon_vma_clone(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct anon_vma *root = NULL;
	struct anon_vma_chain *avc, *from;
	bool adopted = false;

	/* Backwards, so that list_add leaves the order as it is: the area's own comes first. */
	list_for_each_entry_reverse(from, &src->anon_vma_chain, same_vma) {
		avc = avc_alloc(GFP_NOWAIT);
		if (unlikely(!avc)) {	/* reclaim may walk this family: not with its lock held */
			unlock_root(root);
			root = NULL;
			avc = avc_alloc(GFP_KERNEL);
			if (!avc)
				goto unlink;
		}
		root = lock_root(root, from->anon_vma);
		anon_vma_chain_link(dst, avc, from->anon_vma);
		if (!dst->anon_vma && src->anon_vma && may_adopt(from->anon_vma)) {
			dst->anon_vma = from->anon_vma;
			dst->anon_vma->num_active_vmas++;	/* nobody else may adopt it now */
			adopted = true;
		}
	}
	if (dst->anon_vma && !adopted)
		dst->anon_vma->num_active_vmas++;
	unlock_root(root);
	return 0;

unlink:
	if (!adopted)
		dst->anon_vma = NULL;	/* its count was not raised yet: it must not be lowered */
	unlink_anon_vmas(dst);
	return -ENOMEM;
}

int anon_vma_fork(struct vm_area_struct *vma, struct vm_area_struct *parent)
{
	struct anon_vma *anon_vma, *above = parent->anon_vma;
	struct anon_vma_chain *avc;

	if (!above)
		return 0;
	vma->anon_vma = NULL;
	if (anon_vma_clone(vma, parent))
		return -ENOMEM;
	if (vma->anon_vma)
		return 0;	/* it has adopted one */
	anon_vma = anon_vma_alloc();
	if (!anon_vma)
		goto unlink;
	avc = avc_alloc(GFP_KERNEL);
	if (!avc)
		goto put;
	anon_vma->root = above->root;
	anon_vma->parent = above;
	get_anon_vma(anon_vma->root);
	down_write(&anon_vma->root->rwsem);
	anon_vma_chain_link(vma, avc, anon_vma);
	anon_vma->num_active_vmas++;
	above->num_children++;
	vma->anon_vma = anon_vma;
	up_write(&anon_vma->root->rwsem);
	return 0;

put:
	put_anon_vma(anon_vma);
unlink:
	unlink_anon_vmas(vma);
	return -ENOMEM;
}

void unlink_anon_vmas(struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc, *next;
	struct anon_vma *root;

	if (list_empty(&vma->anon_vma_chain))
		return;
	root = list_first_entry(&vma->anon_vma_chain, struct anon_vma_chain, same_vma)
		       ->anon_vma->root;
	get_anon_vma(root);	/* it may lose its last area here, or to whom we pass its lock */
	down_write(&root->rwsem);
	list_for_each_entry_safe(avc, next, &vma->anon_vma_chain, same_vma) {
		struct anon_vma *anon_vma = avc->anon_vma;

		DEBUG_ASSERT(anon_vma->root == root);
		tree_remove(avc);
		if (rb_empty(&anon_vma->rb_root)) {
			anon_vma->parent->num_children--;
			continue;	/* it goes below, when nobody needs the root's lock */
		}
		list_del(&avc->same_vma);
		avc_free(avc);
	}
	if (vma->anon_vma) {
		vma->anon_vma->num_active_vmas--;
		vma->anon_vma = NULL;	/* whoever finds the area now makes a new one */
	}
	up_write(&root->rwsem);
	list_for_each_entry_safe(avc, next, &vma->anon_vma_chain, same_vma) {
		list_del(&avc->same_vma);
		put_anon_vma(avc->anon_vma);
		avc_free(avc);
	}
	put_anon_vma(root);
}
