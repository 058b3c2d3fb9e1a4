/* radix.c - a map from index to pointer as a tree of 64-way nodes.
 * Holds:  at height h the tree covers the indexes below 64^h; the top node has an entry beyond
 *         slot 0 (else the tree would be lower); every node's count is its slots in use, never 0.
 * Locks:  the caller's.
 * Read:   radix_lookup, then radix_insert, which allocates all that it needs before it changes
 *         anything, so that it can fail without a trace. */
#include <lib/radix.h>
#include <lib/err.h>
#include <lib/string.h>

#define INDEX_BITS	64
#define MAX_HEIGHT	((INDEX_BITS + RADIX_BITS - 1) / RADIX_BITS)

static inline bool covers(unsigned int height, unsigned long index)
{
	return height == MAX_HEIGHT || !(index >> (height * RADIX_BITS));
}

/* The slot for @index in a node at @level; the lowest level is 1. */
static inline unsigned int slot_nr(unsigned long index, unsigned int level)
{
	return index >> ((level - 1) * RADIX_BITS) & (RADIX_SLOTS - 1);
}

static inline void **slot_at(struct radix_node *node, unsigned long index, unsigned int level)
{
	return &node->slots[slot_nr(index, level)];
}

void radix_init(struct radix_tree *tree, const struct radix_ops *ops)
{
	tree->root = NULL;
	tree->height = 0;
	tree->ops = ops;
}

void *radix_lookup(const struct radix_tree *tree, unsigned long index)
{
	unsigned int level = tree->height;
	void *p = tree->root;

	if (!covers(level, index))
		return NULL;
	for (; level && p; level--)
		p = *slot_at(p, index, level);
	return p;
}

/* How many nodes an insertion at @index adds if the tree's height becomes @height. Sets *@taken if
 * there is an entry already. */
static unsigned int nodes_missing(const struct radix_tree *tree, unsigned long index,
				  unsigned int height, bool *taken)
{
	unsigned int level = height;
	void *p = tree->root;

	*taken = false;
	if (p && height > tree->height)		/* new tops, and a new branch below the highest */
		return height - tree->height + height - 1;
	while (level && p)
		p = *slot_at(p, index, level--);
	*taken = p != NULL;
	return p ? 0 : level;
}

static struct radix_node *pop_spare(struct radix_node **spares)
{
	struct radix_node *node = *spares;

	*spares = node->slots[0];
	node->slots[0] = NULL;
	return node;
}

static void free_spares(const struct radix_tree *tree, struct radix_node *spares)
{
	while (spares)
		tree->ops->free(pop_spare(&spares));
}

/* Allocate @nr cleared nodes as a list through their first slots. */
static int alloc_spares(const struct radix_tree *tree, unsigned int nr, struct radix_node **spares)
{
	struct radix_node *node;

	for (*spares = NULL; nr; nr--) {
		node = tree->ops->alloc();
		if (!node) {
			free_spares(tree, *spares);
			return -LIB_ENOMEM;
		}
		memset(node, 0, sizeof(*node));
		node->slots[0] = *spares;
		*spares = node;
	}
	return 0;
}

/* Make the tree @height levels high. An empty one needs no nodes for that. */
static void grow(struct radix_tree *tree, unsigned int height, struct radix_node **spares)
{
	for (; tree->height < height; tree->height++) {
		if (tree->root) {
			struct radix_node *top = pop_spare(spares);

			top->slots[0] = tree->root;
			top->count = 1;
			tree->root = top;
		}
	}
}

int radix_insert(struct radix_tree *tree, unsigned long index, void *entry)
{
	struct radix_node *spares, *node = NULL;
	unsigned int height = tree->height, level, missing;
	void **slot;
	bool taken;

	while (!covers(height, index))
		height++;
	missing = nodes_missing(tree, index, height, &taken);
	if (taken)
		return -LIB_EEXIST;
	if (alloc_spares(tree, missing, &spares))
		return -LIB_ENOMEM;

	grow(tree, height, &spares);		/* nothing can fail from here on */
	slot = &tree->root;
	for (level = height; level; level--) {
		if (!*slot) {
			*slot = pop_spare(&spares);
			if (node)
				node->count++;
		}
		node = *slot;
		slot = slot_at(node, index, level);
	}
	*slot = entry;
	if (node)
		node->count++;
	return 0;
}

/* While only index 0's branch is left below the top, the top is one level too many. */
static void shrink(struct radix_tree *tree)
{
	while (tree->height) {
		struct radix_node *top = tree->root;

		if (top->count > 1 || !top->slots[0])
			return;
		tree->root = top->slots[0];
		tree->height--;
		tree->ops->free(top);
	}
}

void *radix_delete(struct radix_tree *tree, unsigned long index)
{
	void **links[MAX_HEIGHT + 1];		/* links[l]: what points to the node at level l */
	unsigned int level = tree->height;
	struct radix_node *node;
	void *entry;

	if (!covers(level, index))
		return NULL;
	links[level] = &tree->root;
	for (; level && *links[level]; level--)
		links[level - 1] = slot_at(*links[level], index, level);
	entry = *links[level];
	if (!entry)
		return NULL;

	*links[0] = NULL;
	for (level = 1; level <= tree->height; level++) {
		node = *links[level];
		if (--node->count)
			break;
		*links[level] = NULL;
		tree->ops->free(node);
	}
	if (tree->root)
		shrink(tree);
	else
		tree->height = 0;
	return entry;
}

void *radix_replace(struct radix_tree *tree, unsigned long index, void *entry)
{
	unsigned int level = tree->height;
	void **slot = &tree->root, *old;

	if (!covers(level, index))
		return NULL;
	for (; level && *slot; level--)
		slot = slot_at(*slot, index, level);
	old = *slot;
	if (old)
		*slot = entry;
	return old;
}

/* The first entry from *@index on below @p, which is at @level and covers *@index. */
static void *next_below(void *p, unsigned int level, unsigned long *index)
{
	struct radix_node *node = p;
	unsigned long i = *index, slot_last;
	unsigned int nr;
	void *entry;

	if (!level)
		return p;
	slot_last = BIT((level - 1) * RADIX_BITS) - 1;
	for (nr = slot_nr(i, level); nr < RADIX_SLOTS; nr++) {
		if (node->slots[nr]) {
			*index = i;
			entry = next_below(node->slots[nr], level - 1, index);
			if (entry)
				return entry;
		}
		i = (i | slot_last) + 1;	/* where the next slot begins */
	}
	return NULL;
}

void *radix_next(const struct radix_tree *tree, unsigned long *index)
{
	if (!tree->root || !covers(tree->height, *index))
		return NULL;
	return next_below(tree->root, tree->height, index);
}
