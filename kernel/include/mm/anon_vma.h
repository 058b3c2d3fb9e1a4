/* anon_vma.h - which areas may map an anonymous page: families of areas, made by fork, split and
 * merge. anon_vma.c draws how they hang together. */
#ifndef MM_ANON_VMA_H
#define MM_ANON_VMA_H

#include <lib/interval_tree.h>
#include <lib/list.h>
#include <asm/atomic.h>
#include <mm/mm_types.h>
#include <sync/rwsem.h>

/* The areas that may map the pages first touched in one area (and in those split from it). */
struct anon_vma {
	struct anon_vma		*root;		/* [c] of the family; its rwsem is everybody's */
	/* [c] of the area that was forked; the root's is itself */
	struct anon_vma		*parent;
	struct rw_semaphore	rwsem;		/* RANK_ANON_VMA; used in the root only */
	/* tree not empty: 1; each child of the root, walkers */
	atomic_t		refcount;
	/* [root->rwsem] whose parent we are; the root counts itself */
	unsigned long		num_children;
	/* [root->rwsem] areas whose vma->anon_vma we are */
	unsigned long		num_active_vmas;
	/* [root->rwsem] chains, by page offset of their areas */
	struct rb_root		rb_root;
};

/* One area in one anon_vma's tree. */
struct anon_vma_chain {
	struct vm_area_struct	*vma;		/* [c] */
	struct anon_vma		*anon_vma;	/* [c] */
	/* [mmap_lock, page_table_lock] in vma->anon_vma_chain */
	struct list_head	same_vma;
	struct interval_tree_node rb;		/* [root->rwsem] in anon_vma->rb_root */
};

void anon_vma_init(void);

/* Give @vma an anon_vma, for its first anonymous page. mmap_lock held (read is enough). Sleeps.
 * 0 or -ENOMEM, and then nothing has changed. */
int anon_vma_prepare_slow(struct vm_area_struct *vma);

static inline int anon_vma_prepare(struct vm_area_struct *vma)
{
	return likely(smp_load_acquire(&vma->anon_vma)) ? 0 : anon_vma_prepare_slow(vma);
}

/* Hang @dst, which has no chain, into every tree that @src is in. @dst->anon_vma is NULL (then an
 * abandoned anon_vma may be adopted) or @src's. mmap_lock of both held for write. Sleeps.
 * 0 or -ENOMEM, and then @dst is in no tree and has no anon_vma. */
int anon_vma_clone(struct vm_area_struct *dst, struct vm_area_struct *src);

/* The same for @vma, a child's copy of @parent, and an anon_vma of its own for its new pages. */
int anon_vma_fork(struct vm_area_struct *vma, struct vm_area_struct *parent);

/* Take @vma out of all trees. Entries that it mapped are gone already. mmap_lock held for write. */
void unlink_anon_vmas(struct vm_area_struct *vma);

/* Around a change of @vma's bounds or vm_pgoff: between the two no walk runs in the family. */
void anon_vma_lock_bounds(struct vm_area_struct *vma);
void anon_vma_unlock_bounds(struct vm_area_struct *vma);

/* May the anonymous pages of @a and of @b (NULL: a range without any) be in one area? mmap_lock
 * held for write. See vma.c: merge. */
bool anon_vmas_compatible(const struct vm_area_struct *a, const struct vm_area_struct *b);

static inline void get_anon_vma(struct anon_vma *anon_vma)
{
	atomic_inc(&anon_vma->refcount);
}

void anon_vma_free(struct anon_vma *anon_vma);

/* Does not sleep, but may free. */
static inline void put_anon_vma(struct anon_vma *anon_vma)
{
	if (atomic_dec_and_test(&anon_vma->refcount))
		anon_vma_free(anon_vma);
}

static inline void anon_vma_lock_read(struct anon_vma *anon_vma)
{
	down_read(&anon_vma->root->rwsem);
}

static inline bool anon_vma_trylock_read(struct anon_vma *anon_vma)
{
	return down_read_trylock(&anon_vma->root->rwsem);
}

static inline void anon_vma_unlock_read(struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	get_anon_vma(root);	/* whom up_read lets in may unlink the last area */
	up_read(&root->rwsem);
	put_anon_vma(root);
}

#define anon_vma_for_each(avc, node, anon_vma, first, last)				\
	for (node = interval_tree_iter_first(&(anon_vma)->rb_root, first, last);	\
	     node && ((avc) = container_of(node, struct anon_vma_chain, rb), true);	\
	     node = interval_tree_iter_next(node, first, last))

#endif
