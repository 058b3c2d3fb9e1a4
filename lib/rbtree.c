/* rbtree.c - keeping a red-black tree balanced through insertion and removal.
 * Holds:  rbtree.h's rules, except inside the two fixups, where exactly one of them is broken at
 *         exactly one place, which moves up until it can be mended.
 * Locks:  the caller's.
 * Read:   rotate_up, of which everything else is made; then interval_tree.c.
 *
 * Left and right cases are one code: `right` says on which side of its parent a node hangs, and
 * child(n, right) is the link on that side, child(n, !right) the other. The functions that take
 * callbacks are inlined into both of their callers, so that a plain tree pays nothing for them. */
#include <lib/rbtree.h>

#define ALWAYS_INLINE	inline __attribute__((always_inline))

static inline struct rb_node **child(struct rb_node *node, bool right)
{
	return right ? &node->rb_right : &node->rb_left;
}

static inline bool is_red(const struct rb_node *node)
{
	return node && !rb_is_black(node);		/* an empty link counts as black */
}

static inline void set_red(struct rb_node *node)
{
	node->parent_color &= ~1UL;
}

static inline void set_black(struct rb_node *node)
{
	node->parent_color |= 1;
}

static inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->parent_color = (unsigned long)parent | (node->parent_color & 1);
}

static inline void set_color_of(struct rb_node *node, const struct rb_node *model)
{
	node->parent_color = (node->parent_color & ~1UL) | (model->parent_color & 1);
}

/* Make the link that leads from @parent (NULL: from the root) to @old lead to @new. */
static inline void relink(struct rb_node *old, struct rb_node *new, struct rb_node *parent,
			  struct rb_root *root)
{
	if (!parent)
		root->rb_node = new;
	else
		*child(parent, parent->rb_right == old) = new;
}

/* @node and its parent change places; the order of the tree stays. Colours stay with the nodes.
 *
 *	    parent                node
 *	    /    \               /    \
 *	  node    c    ==>      a    parent       (or mirrored)
 *	  /  \                        /  \
 *	 a    b                      b    c
 */
static ALWAYS_INLINE void rotate_up(struct rb_node *node, struct rb_root *root,
				    const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent = rb_parent(node), *above = rb_parent(parent);
	bool right = parent->rb_right == node;
	struct rb_node *inner = *child(node, !right);

	*child(parent, right) = inner;
	if (inner)
		set_parent(inner, parent);
	*child(node, !right) = parent;
	set_parent(parent, node);
	set_parent(node, above);
	relink(parent, node, above, root);
	if (augment)
		augment->rotate(parent, node);
}

/* @node is red; all is well but that its parent may be red too. */
static ALWAYS_INLINE void fix_red(struct rb_node *node, struct rb_root *root,
				  const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent, *grand, *uncle;
	bool right;

	while (is_red(parent = rb_parent(node))) {
		grand = rb_parent(parent);		/* exists: a root is black */
		right = grand->rb_right == parent;
		uncle = *child(grand, !right);
		set_red(grand);
		if (is_red(uncle)) {			/* push grand's black down, look above it */
			set_black(parent);
			set_black(uncle);
			node = grand;
			continue;
		}
		if (*child(parent, !right) == node) {	/* bring node to the outer side */
			rotate_up(node, root, augment);
			parent = node;
		}
		set_black(parent);
		rotate_up(parent, root, augment);
		return;
	}
	if (!parent)
		set_black(node);
}

/* Every way through @node (NULL: an empty link), a child of @parent, is one black node short. */
static ALWAYS_INLINE void fix_black(struct rb_node *node, struct rb_node *parent,
				    struct rb_root *root,
				    const struct rb_augment_callbacks *augment)
{
	struct rb_node *sibling, *inner, *outer;
	bool right;

	while (parent && !is_red(node)) {
		right = parent->rb_right == node;
		sibling = *child(parent, !right);	/* exists: its side has a black to spare */
		if (is_red(sibling)) {			/* get a black sibling instead */
			set_black(sibling);
			set_red(parent);
			rotate_up(sibling, root, augment);
			sibling = *child(parent, !right);
		}
		inner = *child(sibling, right);
		outer = *child(sibling, !right);
		if (!is_red(inner) && !is_red(outer)) {	/* make its side as short, look above */
			set_red(sibling);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(outer)) {			/* bring the red one to the outer side */
			rotate_up(inner, root, augment);
			outer = sibling;
			sibling = inner;
		}
		set_color_of(sibling, parent);
		set_black(parent);
		set_black(outer);
		rotate_up(sibling, root, augment);
		return;
	}
	if (node)
		set_black(node);
}

/* Take @node, which has at most one child, out. What the tree lacks then is in the results: if
 * @node was black, ways through *@hole below *@parent are one black short. */
static inline void splice_out(struct rb_node *node, struct rb_root *root,
			      struct rb_node **hole, struct rb_node **parent)
{
	*hole = node->rb_left ? node->rb_left : node->rb_right;
	*parent = rb_parent(node);
	if (*hole)
		set_parent(*hole, *parent);
	relink(node, *hole, *parent, root);
}

/* Put @new in the place of @old, colour and children included. */
static inline void take_place(struct rb_node *old, struct rb_node *new, struct rb_root *root)
{
	*new = *old;
	relink(old, new, rb_parent(old), root);
	if (new->rb_left)
		set_parent(new->rb_left, new);
	if (new->rb_right)
		set_parent(new->rb_right, new);
}

static ALWAYS_INLINE void erase(struct rb_node *node, struct rb_root *root,
				const struct rb_augment_callbacks *augment)
{
	struct rb_node *next, *hole, *parent;
	bool black;

	if (!node->rb_left || !node->rb_right) {
		black = rb_is_black(node);
		splice_out(node, root, &hole, &parent);
		if (augment && parent)
			augment->propagate(parent, NULL);
	} else {
		/* Two children: the next node in order, which has no left child, comes out of its
		 * place below and fills this one. */
		next = rb_next(node);
		black = rb_is_black(next);
		splice_out(next, root, &hole, &parent);
		take_place(node, next, root);
		if (parent == node)
			parent = next;
		if (augment) {
			augment->copy(node, next);
			augment->propagate(parent, next);
			augment->propagate(next, NULL);
		}
	}
	if (black)
		fix_black(hole, parent, root, augment);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	fix_red(node, root, NULL);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	erase(node, root, NULL);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	if (rb_parent(node))
		augment->propagate(rb_parent(node), NULL);
	fix_red(node, root, augment);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	erase(node, root, augment);
}

void rb_replace_node(struct rb_node *old, struct rb_node *new, struct rb_root *root)
{
	take_place(old, new, root);
}

/* The last node on @side at or below @node. */
static struct rb_node *outermost(struct rb_node *node, bool side)
{
	while (node && *child(node, side))
		node = *child(node, side);
	return node;
}

/* @node's neighbour in order on @side: the nearest one below on that side, or else the first
 * ancestor that has @node on its other side. */
static struct rb_node *neighbour(const struct rb_node *node, bool side)
{
	struct rb_node *n = (struct rb_node *)node, *parent;

	if (*child(n, side))
		return outermost(*child(n, side), !side);
	while ((parent = rb_parent(n)) && *child(parent, side) == n)
		n = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, false);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, true);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, true);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, false);
}
