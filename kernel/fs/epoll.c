/* epoll.c - files that watch other files.
 * Each pair of an epoll and a file (and its descriptor) is an item. The item is on the wait queues
 * that the file names to ->poll, by entries that do not wake a task but call item_woken(): it puts
 * the item on its epoll's ready list, and wakes who sleeps there. epoll_wait() asks the files of
 * that list alone, so its work does not grow with the files that are watched.
 *
 *	file ---- f_epitems ----> item <---- items ---- eventpoll
 *	  wait queue ---- watch ---^  ^---- ready ---------'  `-- wait: epoll_wait()
 *	                                                      `-- pollers: poll(), other epolls
 *
 * Holds:  an item has no reference on its file: it goes with whichever goes first, the epoll or the
 *         file, or by EPOLL_CTL_DEL. Whatever may have happened to a file since it was asked last
 *         has left its item on the ready list; an item there need not be ready, so it is asked.
 *         An epoll may watch another, never itself in a circle, and not more than MAX_CHAIN deep.
 * Locks:  epoll_mutex, one for all, guards items, who watches whom, and the asking: files cannot go
 *         while it is held. It is a leaf but for user memory, which is written under it: no file
 *         that can be polled can be mapped, so no page fault waits for it.
 *         ep->wait.lock guards the ready list. item_woken() takes it, and pollers.lock, inside of
 *         the lock of the file's wait queue, all of rank RANK_WAITQ: always from the watched to the
 *         watching, where there is no circle.
 * Read:   wait.h for entries with a function, poll.c for waiting once. */
#include <fs/epoll.h>

#include <asm/irqflags.h>
#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <lib/err.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <mm/slab.h>
#include <sched/clock.h>
#include <sched/wait.h>
#include <sync/mutex.h>
#include <uapi/epoll.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include "procfs_internal.h"

#define MAX_CHAIN	7	/* epolls that watch each other in a row */
/* What is no event, and stays when EPOLLONESHOT has switched an item off. */
#define MODE_BITS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

struct eventpoll {
	struct file		*file;		/* [c] we are its private_data */
	struct rb_root		items;		/* [epoll_mutex] by descriptor and file */
	struct wait_queue_head	wait;		/* epoll_wait() sleeps here */
	struct wait_queue_head	pollers;	/* who polls or watches us */
	struct list_head	ready;		/* [wait.lock] item->ready */
	u64			round;		/* [epoll_mutex] see chain_below() */
	unsigned int		height;		/* [epoll_mutex] likewise */
};

struct epitem;

struct watch {
	struct wait_queue_entry	wait;
	struct wait_queue_head	*wq;		/* the file's */
	struct epitem		*item;
};

struct epitem {
	struct rb_node		node;
	struct eventpoll	*ep;		/* [c] */
	struct file		*file;		/* [c] */
	int			fd;		/* [c] */
	struct epoll_event	event;		/* [epoll_mutex] events: also read without */
	struct list_head	file_node;	/* [epoll_mutex] file->f_epitems */
	struct list_head	ready;		/* [ep->wait.lock] empty: not on the list */
	unsigned int		nr_watches;	/* [c] */
	struct watch		watches[POLL_MAX_QUEUES];
};

static DEFINE_MUTEX(epoll_mutex, RANK_EPOLL);
static u64 search_round;	/* [epoll_mutex] */

static const struct file_operations epoll_fops;

bool is_epoll_file(const struct file *file)
{
	return file->f_op == &epoll_fops;
}

/* ---- something happened ---- */

/* @item is to be asked. Any context. True if this woke an epoll_wait(). */
static bool make_ready(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags = local_irq_save();
	bool woken;

	spin_lock_nested(&ep->wait.lock);	/* see Locks */
	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
	woken = wake_up_locked(&ep->wait);
	spin_unlock(&ep->wait.lock);
	wake_up_nested(&ep->pollers);
	local_irq_restore(flags);
	return woken;
}

static bool item_woken(struct wait_queue_entry *wait)
{
	struct epitem *item = container_of(wait, struct watch, wait)->item;

	if (!(READ_ONCE(item->event.events) & ~MODE_BITS))
		return false;		/* switched off */
	return make_ready(item);
}

/* ---- asking; epoll_mutex held ---- */

static int ask_ready(struct eventpoll *ep, struct epoll_event *user, int max_events);

/* An epoll's own ->poll, with the mutex. */
static unsigned int poll_epoll(struct file *file, struct poll_table *table)
{
	struct eventpoll *ep = file->private_data;

	poll_wait(file, &ep->pollers, table);
	return ask_ready(ep, NULL, 0) ? POLLIN | POLLRDNORM : 0;
}

static unsigned int item_poll(struct epitem *item, struct poll_table *table)
{
	unsigned int mask = is_epoll_file(item->file) ? poll_epoll(item->file, table) :
							poll_file(item->file, table);

	return mask & item->event.events;
}

/* Take the next item off @batch; NULL at its end. It is off before it is asked: what happens from
 * now on puts it on ep->ready anew. */
static struct epitem *next_ready(struct eventpoll *ep, struct list_head *batch)
{
	struct epitem *item;

	spin_lock_irq(&ep->wait.lock);
	item = list_first_entry_or_null(batch, struct epitem, ready);
	if (item)
		list_del_init(&item->ready);
	spin_unlock_irq(&ep->wait.lock);
	return item;
}

/* @item stays on the list: as the first of @list, or as the last of those that are ready. */
static void put_back(struct eventpoll *ep, struct epitem *item, struct list_head *list)
{
	spin_lock_irq(&ep->wait.lock);
	if (list_empty(&item->ready)) {
		if (list)
			list_add(&item->ready, list);
		else
			list_add_tail(&item->ready, &ep->ready);
	}
	spin_unlock_irq(&ep->wait.lock);
}

/* @item has told its events. Until when is it quiet? */
static void told(struct eventpoll *ep, struct epitem *item)
{
	if (item->event.events & EPOLLONESHOT)
		WRITE_ONCE(item->event.events, item->event.events & MODE_BITS);
	else if (!(item->event.events & EPOLLET))
		put_back(ep, item, NULL);	/* it is asked again next time */
}

/* Ask those that may be ready, until @max_events are, and write their events to @user. How many
 * are; -EFAULT if not even the first could be written. @max_events 0: is there one? It stays where
 * it is. */
static int ask_ready(struct eventpoll *ep, struct epoll_event *user, int max_events)
{
	struct epitem *item;
	LIST_HEAD(batch);
	int n = 0, err = 0;

	spin_lock_irq(&ep->wait.lock);
	list_splice_init(&ep->ready, &batch);
	spin_unlock_irq(&ep->wait.lock);
	while (n < max(max_events, 1) && (item = next_ready(ep, &batch))) {
		struct epoll_event event = { item_poll(item, NULL), item->event.data };

		if (!event.events)
			continue;
		if (!max_events) {
			put_back(ep, item, &batch);
		} else if (copy_to_user(&user[n], &event, sizeof(event))) {
			put_back(ep, item, &batch);
			err = -EFAULT;
			break;
		} else {
			told(ep, item);
		}
		n++;
	}
	spin_lock_irq(&ep->wait.lock);
	list_splice(&batch, &ep->ready);
	/* Another sleeper may have what is left. It may have been woken for it, and gone back to
	 * sleep while the list was empty. */
	if (!list_empty(&ep->ready))
		wake_up_locked(&ep->wait);
	spin_unlock_irq(&ep->wait.lock);
	return n ? n : err;
}

static unsigned int epoll_poll(struct file *file, struct poll_table *table)
{
	unsigned int mask;

	mutex_lock(&epoll_mutex);
	mask = poll_epoll(file, table);
	mutex_unlock(&epoll_mutex);
	return mask;
}

int epoll_wait(struct file *file, struct epoll_event *user, int max, u64 timeout_ns)
{
	struct eventpoll *ep = file->private_data;
	u64 begin = ktime_get(), left = timeout_ns, passed;
	int n, err;

	for (;;) {
		mutex_lock(&epoll_mutex);
		n = ask_ready(ep, user, max);
		mutex_unlock(&epoll_mutex);
		if (n || !left)
			return n;
		/* Whoever is woken is the only one, so it looks before anything else can end it. */
		err = __wait_event(&ep->wait, !list_empty(&ep->ready), TASK_INTERRUPTIBLE, true,
				   left);
		if (err)
			return err == -ETIME ? 0 : -EINTR;
		passed = ktime_get() - begin;
		if (timeout_ns != WAIT_FOREVER)
			left = passed < timeout_ns ? timeout_ns - passed : 0;
	}
}

/* ---- circles ---- */

/* The length of the longest chain of epolls from @ep down to what it watches, or more than
 * MAX_CHAIN when @top is among them. Each is looked at once a round. */
static unsigned int chain_below(struct eventpoll *ep, const struct eventpoll *top)
{
	struct rb_node *node;

	if (ep == top)
		return MAX_CHAIN + 1;
	if (ep->round == search_round)
		return ep->height;
	ep->round = search_round;
	ep->height = 1;
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epitem *item = rb_entry(node, struct epitem, node);

		if (is_epoll_file(item->file))
			ep->height = max(ep->height,
					 1 + chain_below(item->file->private_data, top));
	}
	return ep->height;
}

static bool watched(const struct file *file)
{
	return file->f_epitems.next && !list_empty(&file->f_epitems);
}

/* The same from @ep up through those that watch it. */
static unsigned int chain_above(struct eventpoll *ep)
{
	struct epitem *item;

	if (ep->round == search_round)
		return ep->height;
	ep->round = search_round;
	ep->height = 1;
	if (watched(ep->file))
		list_for_each_entry(item, &ep->file->f_epitems, file_node)
			ep->height = max(ep->height, 1 + chain_above(item->ep));
	return ep->height;
}

/* May @ep watch @file? */
static bool makes_loop(struct eventpoll *ep, struct file *file)
{
	unsigned int below;

	if (!is_epoll_file(file))
		return false;
	search_round++;
	below = chain_below(file->private_data, ep);
	search_round++;
	return below + chain_above(ep) > MAX_CHAIN;
}

/* ---- items; epoll_mutex held ---- */

static int compare(const struct epitem *item, int fd, const struct file *file)
{
	if (item->fd != fd)
		return item->fd < fd ? -1 : 1;
	return item->file == file ? 0 : item->file < file ? -1 : 1;
}

static struct epitem *find_item(struct eventpoll *ep, int fd, const struct file *file)
{
	struct rb_node *node = ep->items.rb_node;

	while (node) {
		struct epitem *item = rb_entry(node, struct epitem, node);
		int order = compare(item, fd, file);

		if (!order)
			return item;
		node = order < 0 ? node->rb_right : node->rb_left;
	}
	return NULL;
}

static void link_item(struct epitem *item)
{
	struct rb_node **link = &item->ep->items.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(rb_entry(parent, struct epitem, node), item->fd, item->file) < 0 ?
			       &parent->rb_right :
			       &parent->rb_left;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &item->ep->items);
	if (!item->file->f_epitems.next)
		INIT_LIST_HEAD(&item->file->f_epitems);
	list_add_tail(&item->file_node, &item->file->f_epitems);
}

/* Put @item on the queues that its file names. What the file says before that means nothing yet. */
static void watch_queues(struct epitem *item)
{
	struct poll_table table;
	unsigned int i;

	poll_table_init(&table);
	item_poll(item, &table);
	DEBUG_ASSERT(table.nr_inline <= POLL_MAX_QUEUES);
	item->nr_watches = table.nr_inline;
	for (i = 0; i < item->nr_watches; i++) {
		struct watch *watch = &item->watches[i];

		watch->item = item;
		watch->wq = table.entries[i].wq;
		init_wait_func(&watch->wait, item_woken,
			       item->event.events & EPOLLEXCLUSIVE);
		add_wait_queue(watch->wq, &watch->wait);
	}
	smp_mb();	/* on the queue before the file is asked: see pipe_wake() */
	poll_table_free(&table);
}

static int add_item(struct eventpoll *ep, struct file *file, int fd,
		    const struct epoll_event *event)
{
	struct epitem *item;

	if (makes_loop(ep, file))
		return -ELOOP;
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return -ENOMEM;
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->event = *event;
	INIT_LIST_HEAD(&item->ready);
	link_item(item);
	watch_queues(item);
	if (item_poll(item, NULL))
		make_ready(item);
	return 0;
}

static void modify_item(struct epitem *item, const struct epoll_event *event)
{
	item->event.data = event->data;
	WRITE_ONCE(item->event.events, event->events);
	/* Either we see what happens to the file, or item_woken() sees the new events. */
	smp_mb();
	if (item_poll(item, NULL))
		make_ready(item);
}

static void remove_item(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned int i;

	for (i = 0; i < item->nr_watches; i++)
		remove_wait_queue(item->watches[i].wq, &item->watches[i].wait);
	/* From here on nobody puts it on the ready list. */
	spin_lock_irq(&ep->wait.lock);
	list_del(&item->ready);
	spin_unlock_irq(&ep->wait.lock);
	list_del(&item->file_node);
	rb_erase(&item->node, &ep->items);
	kfree(item);
}

/* EPOLL_CTL_MOD neither makes nor changes an exclusive item. */
static int control(struct eventpoll *ep, int op, struct file *file, int fd,
		   const struct epoll_event *event)
{
	struct epitem *item = find_item(ep, fd, file);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : add_item(ep, file, fd, event);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		remove_item(item);
		return 0;
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if (item->event.events & EPOLLEXCLUSIVE)
			return -EINVAL;
		modify_item(item, event);
		return 0;
	}
	return -EINVAL;
}

int epoll_control(struct file *file, int op, struct file *target, int fd,
		  const struct epoll_event *event)
{
	struct epoll_event wanted = *event;
	int err;

	wanted.events |= POLLERR | POLLHUP;	/* whether one likes it or not */
	mutex_lock(&epoll_mutex);
	err = control(file->private_data, op, target, fd, &wanted);
	mutex_unlock(&epoll_mutex);
	return err;
}

/* ---- birth and death ---- */

void epoll_forget_file(struct file *file)
{
	struct epitem *item, *next;

	mutex_lock(&epoll_mutex);
	list_for_each_entry_safe(item, next, &file->f_epitems, file_node)
		remove_item(item);
	mutex_unlock(&epoll_mutex);
}

static void epoll_release(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *node;

	mutex_lock(&epoll_mutex);
	while ((node = rb_first(&ep->items)))
		remove_item(rb_entry(node, struct epitem, node));
	mutex_unlock(&epoll_mutex);
	kfree(ep);
}

static void epoll_fdinfo(struct proc_text *text, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *node;

	mutex_lock(&epoll_mutex);
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epitem *item = rb_entry(node, struct epitem, node);

		text_printf(text, "tfd: %8d events: %8x data: %16lx  pos:%ld ino:%lx sdev:%x\n",
			    item->fd, item->event.events, item->event.data,
			    READ_ONCE(item->file->f_pos), item->file->f_inode->i_ino,
			    (unsigned int)item->file->f_inode->i_sb->s_dev);
	}
	mutex_unlock(&epoll_mutex);
}

static const struct file_operations epoll_fops = {
	.poll		= epoll_poll,
	.release	= epoll_release,
	.show_fdinfo	= epoll_fdinfo,
	.llseek		= noop_llseek,
};

struct file *epoll_file(void)
{
	struct eventpoll *ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	struct file *file;

	if (!ep)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&ep->wait);
	init_waitqueue_head(&ep->pollers);
	INIT_LIST_HEAD(&ep->ready);
	file = anon_file("[eventpoll]", &epoll_fops, ep, O_RDWR);
	if (IS_ERR(file))
		kfree(ep);
	else
		ep->file = file;
	return file;
}
