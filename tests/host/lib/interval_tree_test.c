/* interval_tree_test.c - every search against a look at every interval. */
#include <lib/interval_tree.h>

#include "test.h"

#define NR_NODES	100
#define RANGE		60

static struct interval_tree_node nodes[NR_NODES];
static bool in_tree[NR_NODES];
static struct rb_root root;

/* Now and then an end of the number line, else a small number, so that intervals collide. */
static unsigned long random_point(void)
{
	switch (random_below(20)) {
	case 0:
		return 0;
	case 1:
		return ~0UL - random_below(2);
	default:
		return random_below(RANGE);
	}
}

static void random_interval(unsigned long *start, unsigned long *last)
{
	unsigned long a = random_point(), b = random_point();

	if (random_below(3))
		b = a + random_below(4);	/* short, but long where it wraps */
	*start = min(a, b);
	*last = max(a, b);
}

static void check_search(unsigned long start, unsigned long last)
{
	bool found[NR_NODES] = { false };
	struct interval_tree_node *node, *before = NULL;
	int i;

	interval_tree_for_each(node, &root, start, last) {
		assert_false(found[node - nodes]);
		found[node - nodes] = true;
		assert_true(!before || before->start <= node->start);
		before = node;
	}
	for (i = 0; i < NR_NODES; i++)
		assert_int_equal(found[i], in_tree[i] && nodes[i].start <= last &&
					   nodes[i].last >= start);
}

static void searches_find_what_brute_force_finds(void **state)
{
	unsigned long start, last;
	int step, i;

	(void)state;
	for (step = 0; step < 20000; step++) {
		i = (int)random_below(NR_NODES);
		if (in_tree[i]) {
			interval_tree_remove(&nodes[i], &root);
		} else {
			random_interval(&nodes[i].start, &nodes[i].last);
			interval_tree_insert(&nodes[i], &root);
		}
		in_tree[i] = !in_tree[i];
		random_interval(&start, &last);
		check_search(start, last);
	}
	check_search(0, ~0UL);
	for (i = 0; i < NR_NODES; i++)
		if (in_tree[i])
			interval_tree_remove(&nodes[i], &root);
	assert_true(rb_empty(&root));
}

static void empty_tree_has_nothing(void **state)
{
	struct rb_root empty = RB_ROOT;

	(void)state;
	assert_null(interval_tree_iter_first(&empty, 0, ~0UL));
}

static void equal_starts_come_in_order_of_insertion(void **state)
{
	struct interval_tree_node n[20], *node;
	struct rb_root r = RB_ROOT;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		n[i].start = 5;
		n[i].last = 5 + random_below(10);
		interval_tree_insert(&n[i], &r);
	}
	i = 0;
	interval_tree_for_each(node, &r, 0, 5)
		assert_ptr_equal(node, &n[i++]);
	assert_int_equal(i, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_nothing),
		cmocka_unit_test(equal_starts_come_in_order_of_insertion),
		cmocka_unit_test(searches_find_what_brute_force_finds),
	};

	return RUN_TESTS(tests);
}
