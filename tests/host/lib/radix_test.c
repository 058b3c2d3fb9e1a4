/* radix_test.c - the radix tree against an array of pairs, with memory running out at will. */
#include <string.h>

#include <lib/err.h>
#include <lib/radix.h>

#include "test.h"

#define NR_PAIRS	64

static int nodes_out;			/* allocated and not freed */
static int allocs_left = -1;		/* until the next failure; -1: never */

static void *alloc_node(void)
{
	void *node;

	if (allocs_left == 0)
		return NULL;
	if (allocs_left > 0)
		allocs_left--;
	nodes_out++;
	node = malloc(RADIX_NODE_SIZE);
	memset(node, 0xa5, RADIX_NODE_SIZE);
	return node;
}

static void free_node(void *node)
{
	nodes_out--;
	free(node);
}

static const struct radix_ops ops = { alloc_node, free_node };

/* What the tree should hold. */
static struct {
	unsigned long	index;
	void		*entry;
} pairs[NR_PAIRS];
static int nr_pairs;

static int find_pair(unsigned long index)
{
	int i;

	for (i = 0; i < nr_pairs; i++)
		if (pairs[i].index == index)
			return i;
	return -1;
}

static void *entry_of(unsigned long index)
{
	int i = find_pair(index);

	return i < 0 ? NULL : pairs[i].entry;
}

/* The pair with the smallest index from @index on, or -1. */
static int find_next(unsigned long index)
{
	int i, best = -1;

	for (i = 0; i < nr_pairs; i++)
		if (pairs[i].index >= index && (best < 0 || pairs[i].index < pairs[best].index))
			best = i;
	return best;
}

/* Indexes of every magnitude, close to each other and at the edges of nodes. */
static unsigned long random_index(void)
{
	unsigned long base = random_below(4) ? 0 : BIT(random_below(12) * 6 % 64);

	switch (random_below(8)) {
	case 0:
		return ~0UL - random_below(3);
	case 1:
		return base - random_below(3);
	case 2:
		return nr_pairs ? pairs[random_below(nr_pairs)].index : 0;
	default:
		return base + random_below(130);
	}
}

/* Check that no node is empty and counts are right; returns the number of nodes. */
static int check_node(const struct radix_node *node, unsigned int level)
{
	unsigned int i, used = 0;
	int nodes = 1;

	for (i = 0; i < RADIX_SLOTS; i++) {
		if (!node->slots[i])
			continue;
		used++;
		if (level > 1)
			nodes += check_node(node->slots[i], level - 1);
	}
	assert_true(used > 0);
	assert_int_equal(used, node->count);
	return nodes;
}

static void check_shape(const struct radix_tree *tree)
{
	const struct radix_node *top = tree->root;
	int nodes = 0;

	if (tree->height) {
		nodes = check_node(top, tree->height);
		assert_true(top->count > 1 || !top->slots[0]);
	}
	assert_int_equal(nodes, nodes_out);
	assert_int_equal(radix_empty(tree), nr_pairs == 0);
}

static void check_content(const struct radix_tree *tree)
{
	unsigned long index = 0;
	void *entry;
	int n = 0;

	radix_for_each(tree, index, entry) {
		assert_ptr_equal(entry, entry_of(index));
		n++;
	}
	assert_int_equal(n, nr_pairs);
}

static void check_next(const struct radix_tree *tree, unsigned long from)
{
	unsigned long index = from;
	void *entry = radix_next(tree, &index);
	int i = find_next(from);

	if (i < 0) {
		assert_null(entry);
	} else {
		assert_ptr_equal(entry, pairs[i].entry);
		assert_true(index == pairs[i].index);
	}
}

static void try_insert(struct radix_tree *tree, unsigned long index, void *entry)
{
	int nodes_before = nodes_out, err;

	if (nr_pairs == NR_PAIRS)
		return;
	allocs_left = random_below(2) ? (int)random_below(12) : -1;
	err = radix_insert(tree, index, entry);
	if (entry_of(index)) {
		assert_int_equal(err, -LIB_EEXIST);
	} else if (err) {
		assert_int_equal(err, -LIB_ENOMEM);
		assert_int_equal(allocs_left, 0);
		assert_int_equal(nodes_out, nodes_before);
	} else {
		pairs[nr_pairs].index = index;
		pairs[nr_pairs++].entry = entry;
	}
	allocs_left = -1;
}

static void try_delete(struct radix_tree *tree, unsigned long index)
{
	int i = find_pair(index);

	assert_ptr_equal(radix_delete(tree, index), entry_of(index));
	if (i >= 0)
		pairs[i] = pairs[--nr_pairs];
}

static void try_replace(struct radix_tree *tree, unsigned long index, void *entry)
{
	int i = find_pair(index);

	assert_ptr_equal(radix_replace(tree, index, entry), entry_of(index));
	if (i >= 0)
		pairs[i].entry = entry;
}

static void tree_agrees_with_pairs(void **state)
{
	struct radix_tree tree;
	int step;

	(void)state;
	radix_init(&tree, &ops);
	for (step = 0; step < 20000; step++) {
		unsigned long index = random_index();
		void *entry = (void *)(random_u64() | 1);
		bool growing = step / 500 % 2 == 0;

		switch (random_below(4)) {
		case 0:
			try_replace(&tree, index, entry);
			break;
		case 1:
			try_delete(&tree, index);
			break;
		default:
			if (growing)
				try_insert(&tree, index, entry);
			else if (nr_pairs)
				try_delete(&tree, pairs[random_below(nr_pairs)].index);
		}
		assert_ptr_equal(radix_lookup(&tree, index), entry_of(index));
		check_next(&tree, random_index());
		check_shape(&tree);
		if (step % 16 == 0)
			check_content(&tree);
	}
	while (nr_pairs)
		try_delete(&tree, pairs[0].index);
	check_shape(&tree);
}

static void index_zero_alone_needs_no_node(void **state)
{
	struct radix_tree tree;

	(void)state;
	radix_init(&tree, &ops);
	allocs_left = 0;
	assert_int_equal(radix_insert(&tree, 0, &tree), 0);
	assert_int_equal(radix_insert(&tree, 0, &tree), -LIB_EEXIST);
	assert_ptr_equal(radix_lookup(&tree, 0), &tree);
	assert_null(radix_lookup(&tree, 1));
	assert_int_equal(radix_insert(&tree, 1, &tree), -LIB_ENOMEM);
	assert_ptr_equal(radix_delete(&tree, 0), &tree);
	assert_true(radix_empty(&tree));
	allocs_left = -1;
}

static void walk_may_delete_what_it_visits(void **state)
{
	struct radix_tree tree;
	unsigned long index = 0;
	void *entry;
	int n = 0;

	(void)state;
	radix_init(&tree, &ops);
	for (index = 0; index < 1000; index++)
		assert_int_equal(radix_insert(&tree, index * index * index, &tree), 0);
	assert_int_equal(radix_insert(&tree, ~0UL, &tree), 0);
	index = 0;
	radix_for_each(&tree, index, entry) {
		assert_ptr_equal(radix_delete(&tree, index), entry);
		n++;
	}
	assert_int_equal(n, 1001);
	assert_true(radix_empty(&tree));
	assert_int_equal(nodes_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_zero_alone_needs_no_node),
		cmocka_unit_test(walk_may_delete_what_it_visits),
		cmocka_unit_test(tree_agrees_with_pairs),
	};

	return RUN_TESTS(tests);
}
