/* list.h - doubly linked circular lists whose links live inside the listed structures.
 * Holds:  a head and its members form one ring; an empty head points to itself both ways.
 *         A member that list_del took out points nowhere that can be read.
 * Locks:  the caller's. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <lib/types.h>

struct list_head {
	struct list_head *next, *prev;
};

/* Non-canonical, so that following a deleted member's links faults at once, and two values, so
 * that the fault says which link it was. */
#define LIST_POISON_NEXT	((struct list_head *)0xdead000000000100UL)
#define LIST_POISON_PREV	((struct list_head *)0xdead000000000200UL)

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_join(struct list_head *left, struct list_head *right)
{
	WRITE_ONCE(left->next, right);	/* list_empty() may look without a lock */
	right->prev = left;
}

/* Put @entry right behind @head: the first member from now on. */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_join(entry, head->next);
	list_join(head, entry);
}

/* Put @entry right before @head: the last member from now on. */
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_join(head->prev, entry);
	list_join(entry, head);
}

static inline void list_del(struct list_head *entry)
{
	list_join(entry->prev, entry->next);
	entry->next = LIST_POISON_NEXT;
	entry->prev = LIST_POISON_PREV;
}

/* Take @entry out and leave it as an empty head, so that list_empty(entry) tells it is out. */
static inline void list_del_init(struct list_head *entry)
{
	list_join(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_join(entry->prev, entry->next);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	list_join(entry->prev, entry->next);
	list_add_tail(entry, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

/* Move all members of @list to the front of @head. @list's own links are stale afterwards. */
static inline void list_splice(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list_join(list->prev, head->next);
	list_join(head, list->next);
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

/* Move all members of @list to the end of @head, and leave @list empty. */
static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_init(list, head->prev);
}

#define list_entry(ptr, type, member)		container_of(ptr, type, member)

/* The list must not be empty for the first two. */
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))

#define list_next_entry(pos, member)					\
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)					\
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/* @pos visits each member. The body must not take @pos out; see the _safe loops for that. */
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, __typeof__(*pos), member);	\
	     &pos->member != (head);					\
	     pos = list_next_entry(pos, member))

#define list_for_each_entry_reverse(pos, head, member)			\
	for (pos = list_last_entry(head, __typeof__(*pos), member);	\
	     &pos->member != (head);					\
	     pos = list_prev_entry(pos, member))

/* The body may take @pos out and free it, but not @next. */
#define list_for_each_entry_safe(pos, next, head, member)		\
	for (pos = list_first_entry(head, __typeof__(*pos), member),	\
	     next = list_next_entry(pos, member);			\
	     &pos->member != (head);					\
	     pos = next, next = list_next_entry(next, member))

#endif
