/* wait.c - wait queues.
 * Holds:  an entry that a wake-up has woken is off its queue, so that a second wake-up goes to the
 *         next exclusive waiter; prepare_to_wait() puts it back. Entries with a function stay.
 * Locks:  wq->lock (RANK_WAITQ, interrupts off). finish_wait() always takes it: when it returns, no
 *         waker touches the entry or the queue on its behalf any more.
 * Read:   wait.h for wait_event, core.c for why no wake-up is lost. */
#include <sched/wait.h>

#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>

void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock, RANK_WAITQ);
	INIT_LIST_HEAD(&wq->head);
}

/* True if this woke somebody. */
static bool wake_entry(struct wait_queue_entry *wait)
{
	if (unlikely(wait->fn))
		return wait->fn(wait);
	if (!wake_up_state(wait->task, TASK_NORMAL))
		return false;
	list_del_init(&wait->entry);
	return true;
}

/* wq->lock held. True if this woke somebody. */
static bool wake_some(struct wait_queue_head *wq, int nr_exclusive)
{
	struct wait_queue_entry *wait, *next;
	bool woken = false;

	list_for_each_entry_safe(wait, next, &wq->head, entry) {
		bool exclusive = wait->exclusive;

		if (!wake_entry(wait))
			continue;
		woken = true;
		if (exclusive && --nr_exclusive == 0)
			break;
	}
	return woken;
}

void wake_up(struct wait_queue_head *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	wake_some(wq, 1);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up_all(struct wait_queue_head *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	wake_some(wq, 0);
	spin_unlock_irqrestore(&wq->lock, flags);
}

bool wake_up_locked(struct wait_queue_head *wq)
{
	return wake_some(wq, 1);
}

void wake_up_nested(struct wait_queue_head *wq)
{
	spin_lock_nested(&wq->lock);
	wake_some(wq, 1);
	spin_unlock(&wq->lock);
}

void init_wait_entry(struct wait_queue_entry *wait, bool exclusive)
{
	INIT_LIST_HEAD(&wait->entry);
	wait->task = current;
	wait->fn = NULL;
	wait->exclusive = exclusive;
}

void init_wait_func(struct wait_queue_entry *wait, bool (*fn)(struct wait_queue_entry *wait),
		    bool exclusive)
{
	INIT_LIST_HEAD(&wait->entry);
	wait->task = NULL;
	wait->fn = fn;
	wait->exclusive = exclusive;
}

/* wq->lock held. */
static void enqueue(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	if (wait->exclusive)
		list_add_tail(&wait->entry, &wq->head);
	else
		list_add(&wait->entry, &wq->head);
}

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	enqueue(wq, wait);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait, unsigned int state)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (list_empty(&wait->entry))
		enqueue(wq, wait);
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_del_init(&wait->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	set_current_state(TASK_RUNNING);
	remove_wait_queue(wq, wait);
}

int wait_once(unsigned int state, u64 *timeout_ns)
{
	if ((state & TASK_INTERRUPTIBLE) && signal_pending(current))
		return -ERESTARTSYS;
	if ((state & TASK_WAKEKILL) && fatal_signal_pending(current))
		return -ERESTARTSYS;
	if (*timeout_ns == WAIT_FOREVER) {
		schedule();
		return 0;
	}
	if (!*timeout_ns)
		return -ETIME;
	*timeout_ns = schedule_timeout(*timeout_ns);
	return 0;
}
