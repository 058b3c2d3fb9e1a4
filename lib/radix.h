/* radix.h - a map from an unsigned long to a pointer, or to any word but NULL.
 * Holds:  a tree of 64-way nodes, six bits of the index a level, no taller than its largest index
 *         asks for and with no empty node. A map of index 0 alone has no node at all.
 * Locks:  the caller's; the alloc and free functions are called under them.
 * Read:   radix.c. */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include <lib/types.h>

#define RADIX_BITS		6
#define RADIX_SLOTS		(1U << RADIX_BITS)

struct radix_node {
	unsigned long	count;			/* slots in use */
	void		*slots[RADIX_SLOTS];	/* nodes, or entries at the lowest level */
};

#define RADIX_NODE_SIZE		sizeof(struct radix_node)

/* Where nodes come from. alloc returns RADIX_NODE_SIZE bytes, any content, or NULL. */
struct radix_ops {
	void *(*alloc)(void);
	void (*free)(void *node);
};

struct radix_tree {
	void			*root;		/* height 0: the entry of index 0 */
	unsigned int		height;		/* levels of nodes */
	const struct radix_ops	*ops;
};

void radix_init(struct radix_tree *tree, const struct radix_ops *ops);

static inline bool radix_empty(const struct radix_tree *tree)
{
	return !tree->root;
}

/* Returns 0; -EEXIST if @index is taken; -ENOMEM. After an error nothing has changed. */
int radix_insert(struct radix_tree *tree, unsigned long index, void *entry);

/* The entry at @index, or NULL. */
void *radix_lookup(const struct radix_tree *tree, unsigned long index);

/* Take out and return the entry at @index; NULL if there was none. Never allocates. */
void *radix_delete(struct radix_tree *tree, unsigned long index);

/* Put @entry in the place of what is at @index, and return that; NULL if there was nothing, and
 * then nothing has changed. Never allocates. */
void *radix_replace(struct radix_tree *tree, unsigned long index, void *entry);

/* The entry with the smallest index >= *@index, which is set to it; NULL if there is none. */
void *radix_next(const struct radix_tree *tree, unsigned long *index);

/* Visit all entries from *@index on, in order. The body may insert and delete at will. The
 * largest index, ULONG_MAX, ends the walk when it has been visited. */
#define radix_for_each(tree, index, entry)				\
	for (entry = radix_next(tree, &(index)); entry;			\
	     entry = ++(index) ? radix_next(tree, &(index)) : NULL)

#endif
