/* list_test.c - lists against arrays that hold the same members in the same order. */
#include <string.h>

#include <lib/list.h>

#include "test.h"

#define NR_ITEMS	12

struct item {
	int			value;
	struct list_head	link;
};

/* A list and what it should hold. */
struct model {
	struct list_head	head;
	struct item		*items[NR_ITEMS];
	int			nr;
};

static void check(struct model *m)
{
	struct item *pos;
	int i = 0;

	list_for_each_entry(pos, &m->head, link)
		assert_ptr_equal(pos, m->items[i++]);
	assert_int_equal(i, m->nr);
	list_for_each_entry_reverse(pos, &m->head, link)
		assert_ptr_equal(pos, m->items[--i]);
	assert_int_equal(i, 0);
	assert_int_equal(list_empty(&m->head), m->nr == 0);
	assert_int_equal(list_is_singular(&m->head), m->nr == 1);
	if (m->nr) {
		assert_ptr_equal(list_first_entry(&m->head, struct item, link), m->items[0]);
		assert_ptr_equal(list_last_entry(&m->head, struct item, link), m->items[m->nr - 1]);
	} else {
		assert_null(list_first_entry_or_null(&m->head, struct item, link));
	}
}

static void model_insert(struct model *m, int at, struct item *item)
{
	memmove(&m->items[at + 1], &m->items[at], (m->nr - at) * sizeof(m->items[0]));
	m->items[at] = item;
	m->nr++;
}

static struct item *model_remove(struct model *m, int at)
{
	struct item *item = m->items[at];

	m->nr--;
	memmove(&m->items[at], &m->items[at + 1], (m->nr - at) * sizeof(m->items[0]));
	return item;
}

/* Move all of @from into @to's array, at its start or its end. */
static void model_splice(struct model *from, struct model *to, bool tail)
{
	int i, at = tail ? to->nr : 0;

	for (i = 0; i < from->nr; i++)
		model_insert(to, at + i, from->items[i]);
	from->nr = 0;
}

static void splice_some_way(struct model *from, struct model *to)
{
	switch (random_below(3)) {
	case 0:
		list_splice(&from->head, &to->head);
		INIT_LIST_HEAD(&from->head);
		model_splice(from, to, false);
		break;
	case 1:
		list_splice_init(&from->head, &to->head);
		model_splice(from, to, false);
		break;
	default:
		list_splice_tail_init(&from->head, &to->head);
		model_splice(from, to, true);
	}
}

/* Take a random member of @from to an end of @to, which may be the same list. */
static void move_some_way(struct model *from, struct model *to)
{
	struct item *item;
	bool tail = random_below(2);

	if (!from->nr)
		return;
	item = model_remove(from, (int)random_below(from->nr));
	if (random_below(2)) {
		list_del(&item->link);
		(tail ? list_add_tail : list_add)(&item->link, &to->head);
	} else {
		(tail ? list_move_tail : list_move)(&item->link, &to->head);
	}
	model_insert(to, tail ? to->nr : 0, item);
}

static void lists_agree_with_arrays(void **state)
{
	struct item items[NR_ITEMS];
	struct model m[2] = { 0 };
	int i;

	(void)state;
	INIT_LIST_HEAD(&m[0].head);
	INIT_LIST_HEAD(&m[1].head);
	for (i = 0; i < NR_ITEMS; i++) {
		list_add_tail(&items[i].link, &m[0].head);
		model_insert(&m[0], i, &items[i]);
	}
	for (i = 0; i < 20000; i++) {
		if (random_below(16))
			move_some_way(&m[random_below(2)], &m[random_below(2)]);
		else
			splice_some_way(&m[i & 1], &m[!(i & 1)]);
		check(&m[0]);
		check(&m[1]);
	}
}

static void deleted_member_is_poisoned(void **state)
{
	struct item item;
	LIST_HEAD(head);

	(void)state;
	list_add(&item.link, &head);
	list_del(&item.link);
	assert_ptr_equal(item.link.next, LIST_POISON_NEXT);
	assert_ptr_equal(item.link.prev, LIST_POISON_PREV);
	assert_true(list_empty(&head));

	list_add(&item.link, &head);
	list_del_init(&item.link);
	assert_true(list_empty(&item.link) && list_empty(&head));
}

static void safe_loops_allow_freeing(void **state)
{
	struct item *pos, *other;
	LIST_HEAD(head);
	int i, visited = 0;

	(void)state;
	for (i = 0; i < 10; i++) {
		pos = malloc(sizeof(*pos));
		pos->value = i;
		list_add_tail(&pos->link, &head);
	}
	list_for_each_entry_safe(pos, other, &head, link) {
		assert_int_equal(pos->value, visited++);
		if (pos->value & 1) {
			list_del(&pos->link);
			free(pos);
		}
	}
	assert_int_equal(visited, 10);
	visited = 0;
	list_for_each_entry_safe(pos, other, &head, link) {
		assert_int_equal(pos->value, visited);
		visited += 2;
		list_del(&pos->link);
		free(pos);
	}
	assert_true(visited == 10 && list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_agree_with_arrays),
		cmocka_unit_test(deleted_member_is_poisoned),
		cmocka_unit_test(safe_loops_allow_freeing),
	};

	return RUN_TESTS(tests);
}
