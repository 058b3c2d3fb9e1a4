/* interval_tree.c - which intervals touch a given one, found through subtree_last.
 * Holds:  a subtree whose subtree_last is below the start asked for holds nothing of interest, and
 *         a node whose start is above the last asked for has nothing of interest to its right.
 *         These two rules prune the search to the results and the ways to them.
 * Locks:  the caller's.
 * Read:   rbtree.h on augmented trees first. */
#include <lib/interval_tree.h>

static inline struct interval_tree_node *node_of(struct rb_node *rb)
{
	return rb_entry(rb, struct interval_tree_node, rb);
}

static unsigned long compute_subtree_last(struct interval_tree_node *node)
{
	unsigned long last = node->last;

	if (node->rb.rb_left)
		last = max(last, node_of(node->rb.rb_left)->subtree_last);
	if (node->rb.rb_right)
		last = max(last, node_of(node->rb.rb_right)->subtree_last);
	return last;
}

static void propagate(struct rb_node *rb, struct rb_node *stop)
{
	for (; rb != stop; rb = rb_parent(rb)) {
		struct interval_tree_node *node = node_of(rb);
		unsigned long last = compute_subtree_last(node);

		if (node->subtree_last == last)
			return;
		node->subtree_last = last;
	}
}

static void copy(struct rb_node *old, struct rb_node *new)
{
	node_of(new)->subtree_last = node_of(old)->subtree_last;
}

static void rotate(struct rb_node *old, struct rb_node *new)
{
	copy(old, new);
	node_of(old)->subtree_last = compute_subtree_last(node_of(old));
}

static const struct rb_augment_callbacks augment = {
	.propagate	= propagate,
	.copy		= copy,
	.rotate		= rotate,
};

void interval_tree_insert(struct interval_tree_node *node, struct rb_root *root)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = node->start < node_of(parent)->start ? &parent->rb_left : &parent->rb_right;
	}
	node->subtree_last = node->last;
	rb_link_node(&node->rb, parent, link);
	rb_insert_augmented(&node->rb, root, &augment);
}

void interval_tree_remove(struct interval_tree_node *node, struct rb_root *root)
{
	rb_erase_augmented(&node->rb, root, &augment);
}

/* The first node at or below @rb that touches [@start, @last]. Descends without ever turning back:
 * if the left subtree reaches @start but does not hold the answer, then the interval that reaches
 * @start begins above @last, and so does all that follows it. */
static struct interval_tree_node *first_below(struct rb_node *rb, unsigned long start,
					      unsigned long last)
{
	while (rb && node_of(rb)->subtree_last >= start) {
		struct interval_tree_node *node = node_of(rb);

		if (rb->rb_left && node_of(rb->rb_left)->subtree_last >= start) {
			rb = rb->rb_left;
			continue;
		}
		if (node->start > last)
			return NULL;
		if (node->last >= start)
			return node;
		rb = rb->rb_right;
	}
	return NULL;
}

struct interval_tree_node *interval_tree_iter_first(const struct rb_root *root,
						    unsigned long start, unsigned long last)
{
	return first_below(root->rb_node, start, last);
}

/* In order after a node come its right subtree, then the ancestor it is left of, and so on. */
struct interval_tree_node *interval_tree_iter_next(struct interval_tree_node *node,
						   unsigned long start, unsigned long last)
{
	struct rb_node *rb = &node->rb, *child;
	struct interval_tree_node *found;

	for (;;) {
		found = first_below(rb->rb_right, start, last);
		if (found)
			return found;
		do {
			child = rb;
			rb = rb_parent(rb);
			if (!rb)
				return NULL;
		} while (rb->rb_right == child);
		if (node_of(rb)->start > last)
			return NULL;
		if (node_of(rb)->last >= start)
			return node_of(rb);
	}
}
