/* interval_tree.h - a set of intervals, and those of them that touch a given one.
 * Holds:  nodes are sorted by start, equal starts in order of insertion; subtree_last is the
 *         largest last of a node and all below it. Both ends belong to an interval: start <= last.
 * Locks:  the caller's.
 * Read:   interval_tree.c; kernel/mm/interval_tree.c, which finds VMAs by page offset with it. */
#ifndef LIB_INTERVAL_TREE_H
#define LIB_INTERVAL_TREE_H

#include <lib/rbtree.h>

struct interval_tree_node {
	struct rb_node	rb;
	unsigned long	start, last;	/* set by the owner before insertion, fixed until removal */
	unsigned long	subtree_last;
};

/* Equal intervals may be in the tree any number of times. */
void interval_tree_insert(struct interval_tree_node *node, struct rb_root *root);
void interval_tree_remove(struct interval_tree_node *node, struct rb_root *root);

/* The first interval, by start, that shares a number with [@start, @last]; NULL if there is none.
 * Takes O(log n). */
struct interval_tree_node *interval_tree_iter_first(const struct rb_root *root,
						    unsigned long start, unsigned long last);

/* The next one after @node that shares a number with [@start, @last]; NULL if there is none. */
struct interval_tree_node *interval_tree_iter_next(struct interval_tree_node *node,
						   unsigned long start, unsigned long last);

/* The body must not change the tree. */
#define interval_tree_for_each(node, root, start, last)			\
	for (node = interval_tree_iter_first(root, start, last); node;	\
	     node = interval_tree_iter_next(node, start, last))

#endif
