/* rbtree_test.c - red-black trees: after every step the rules, the order and the augmented sums. */
#include <lib/rbtree.h>

#include "test.h"

#define NR_ITEMS	200

struct item {
	struct rb_node	rb;
	int		key;
	int		size;		/* items at and below this one */
	bool		in_tree;
};

static struct item items[NR_ITEMS];
static struct rb_root root;
static int nr_in_tree;

static struct item *item_of(struct rb_node *rb)
{
	return rb_entry(rb, struct item, rb);
}

static int size_of(struct rb_node *rb)
{
	return rb ? item_of(rb)->size : 0;
}

static void propagate(struct rb_node *rb, struct rb_node *stop)
{
	for (; rb != stop; rb = rb_parent(rb)) {
		int size = 1 + size_of(rb->rb_left) + size_of(rb->rb_right);

		if (item_of(rb)->size == size)
			return;
		item_of(rb)->size = size;
	}
}

static void copy(struct rb_node *old, struct rb_node *new)
{
	item_of(new)->size = item_of(old)->size;
}

static void rotate(struct rb_node *old, struct rb_node *new)
{
	copy(old, new);
	item_of(old)->size = 1 + size_of(old->rb_left) + size_of(old->rb_right);
}

static const struct rb_augment_callbacks augment = { propagate, copy, rotate };

/* Check all rules at and below @rb; returns its number of black levels. */
static int check_subtree(struct rb_node *rb, struct rb_node *parent, bool augmented)
{
	int left, right;

	if (!rb)
		return 0;
	assert_ptr_equal(rb_parent(rb), parent);
	assert_true(rb_is_black(rb) || (parent && rb_is_black(parent)));
	left = check_subtree(rb->rb_left, rb, augmented);
	right = check_subtree(rb->rb_right, rb, augmented);
	assert_int_equal(left, right);
	if (augmented)
		assert_int_equal(item_of(rb)->size,
				 1 + size_of(rb->rb_left) + size_of(rb->rb_right));
	return left + rb_is_black(rb);
}

static void check_order(void)
{
	struct rb_node *rb, *before = NULL;
	int n = 0;

	for (rb = rb_first(&root); rb; before = rb, rb = rb_next(rb), n++) {
		assert_true(item_of(rb)->in_tree);
		assert_ptr_equal(rb_prev(rb), before);
		if (before)
			assert_true(item_of(before)->key <= item_of(rb)->key);
	}
	assert_ptr_equal(rb_last(&root), before);
	assert_int_equal(n, nr_in_tree);
	assert_int_equal(rb_empty(&root), n == 0);
}

static void check(bool augmented)
{
	check_subtree(root.rb_node, NULL, augmented);
	check_order();
}

static void insert(struct item *item, bool augmented)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < item_of(parent)->key ? &parent->rb_left : &parent->rb_right;
	}
	item->size = 1;
	rb_link_node(&item->rb, parent, link);
	if (augmented)
		rb_insert_augmented(&item->rb, &root, &augment);
	else
		rb_insert_color(&item->rb, &root);
	item->in_tree = true;
	nr_in_tree++;
}

static void erase(struct item *item, bool augmented)
{
	if (augmented)
		rb_erase_augmented(&item->rb, &root, &augment);
	else
		rb_erase(&item->rb, &root);
	item->in_tree = false;
	nr_in_tree--;
}

static void start(void)
{
	int i;

	root = RB_ROOT;
	nr_in_tree = 0;
	for (i = 0; i < NR_ITEMS; i++)
		items[i].in_tree = false;
}

/* Toggle random items; most keys occur more than once. */
static void toggle_randomly(bool augmented)
{
	int i;

	start();
	for (i = 0; i < 8000; i++) {
		struct item *item = &items[random_below(i & 1024 ? NR_ITEMS : NR_ITEMS / 10)];

		if (item->in_tree) {
			erase(item, augmented);
		} else {
			item->key = (int)random_below(NR_ITEMS / 2);
			insert(item, augmented);
		}
		check(augmented);
	}
	for (i = 0; i < NR_ITEMS; i++) {
		if (items[i].in_tree) {
			erase(&items[i], augmented);
			check(augmented);
		}
	}
}

static void random_plain_tree_keeps_the_rules(void **state)
{
	(void)state;
	toggle_randomly(false);
}

static void random_augmented_tree_keeps_its_sums(void **state)
{
	(void)state;
	toggle_randomly(true);
}

static void ordered_insertion_and_removal_stay_balanced(void **state)
{
	int i;

	(void)state;
	start();
	for (i = 0; i < NR_ITEMS; i++) {
		items[i].key = i;
		insert(&items[i], false);
		check(false);
	}
	for (i = 0; i < NR_ITEMS; i++) {
		erase(&items[i], false);
		check(false);
	}
}

/* All shapes of up to seven nodes: each way to insert, then each node as the first to go. */
static void every_small_tree_erases_well(void **state)
{
	int order[7], code, i, j, nr, victim, rest;

	(void)state;
	for (code = 0; code < 5040; code++) {
		for (nr = 7, rest = code, i = 0; i < nr; i++)
			order[i] = i;
		for (i = nr - 1; i > 0; i--) {
			int other = rest % (i + 1), tmp = order[i];

			rest /= i + 1;
			order[i] = order[other];
			order[other] = tmp;
		}
		victim = code % nr;
		start();
		for (i = 0; i < nr; i++) {
			items[i].key = order[i];
			insert(&items[i], true);
		}
		for (j = 0; j < nr; j++) {
			erase(&items[(victim + j * 3) % nr], true);
			check(true);
		}
	}
}

static void replaced_node_is_out_and_the_new_one_in(void **state)
{
	struct item other;
	int i;

	(void)state;
	start();
	for (i = 0; i < 50; i++) {
		items[i].key = i;
		insert(&items[i], true);
	}
	for (i = 0; i < 50; i++) {
		other = items[i];
		rb_replace_node(&items[i].rb, &other.rb, &root);
		items[i].in_tree = false;
		items[i].rb = (struct rb_node){ 0 };
		check(true);
		rb_replace_node(&other.rb, &items[i].rb, &root);
		items[i].in_tree = true;
	}
	check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_plain_tree_keeps_the_rules),
		cmocka_unit_test(random_augmented_tree_keeps_its_sums),
		cmocka_unit_test(ordered_insertion_and_removal_stay_balanced),
		cmocka_unit_test(every_small_tree_erases_well),
		cmocka_unit_test(replaced_node_is_out_and_the_new_one_in),
	};

	return RUN_TESTS(tests);
}
