/* rbtree.h - red-black trees whose nodes live inside the sorted structures.
 * Holds:  the root is black, a red node's children are black, and every way from the root down to
 *         an empty link passes equally many black nodes; so n nodes are at most 2*log2(n+1) deep.
 * Locks:  the caller's.
 * Read:   rbtree.c; interval_tree.c for an augmented tree.
 *
 * The caller owns the order, so it searches by itself, and inserts in three steps:
 *
 *	struct rb_node **link = &root->rb_node, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = new->key < thing_of(parent)->key ? &parent->rb_left : &parent->rb_right;
 *	}
 *	rb_link_node(&new->rb, parent, link);
 *	rb_insert_color(&new->rb, root);
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include <lib/types.h>

struct rb_node {
	unsigned long	parent_color;	/* the parent's address; bit 0 set in a black node */
	struct rb_node	*rb_left, *rb_right;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node	*rb_node;
};

/* An augmented tree keeps in each node a value computed from its whole subtree. */
struct rb_augment_callbacks {
	/* Recompute @node's value, then its parent's, and so on up to but without @stop (NULL: up
	 * to and with the root). May return early where a value comes out as it was. */
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	/* @new has taken the place of @old: give it @old's value. */
	void (*copy)(struct rb_node *old, struct rb_node *new);
	/* @new was a child of @old and is now its parent: @new's subtree is what @old's was, so it
	 * gets @old's value, and @old's is recomputed from its present children. */
	void (*rotate)(struct rb_node *old, struct rb_node *new);
};

#define RB_ROOT				((struct rb_root) { NULL })
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~1UL);
}

static inline bool rb_is_black(const struct rb_node *node)
{
	return node->parent_color & 1;
}

static inline bool rb_empty(const struct rb_root *root)
{
	return !root->rb_node;
}

/* Hang the new @node, red, into the empty @link of @parent (NULL: @link is the root's). An
 * rb_insert_* call must follow. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->parent_color = (unsigned long)parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

/* Rebalance after rb_link_node. */
void rb_insert_color(struct rb_node *node, struct rb_root *root);

/* Take @node out of @root. Its own fields are stale afterwards. */
void rb_erase(struct rb_node *node, struct rb_root *root);

/* In-order neighbours; NULL at the ends. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Put @new, which sorts as @old does, in @old's place. An augmented value is not copied. */
void rb_replace_node(struct rb_node *old, struct rb_node *new, struct rb_root *root);

/* The same for augmented trees. Before the insertion the caller gives @node the value that it has
 * as a leaf; all its ancestors are brought up to date here. Every other value must be right when
 * these are called. So where the change alters another node's own part too (the gap in front of
 * the next area, say), propagate that node before an insertion and after an erasure. */
void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);

#endif
