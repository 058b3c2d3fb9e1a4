/* posix_timer.c - timers of a process that send signals.
 * A timer that expires while its last signal still waits for the receiver sends no second one: that
 * is an overrun, counted in the signal that waits.
 * Holds:  a timer is in signal->posix_timers from its making to its deletion, which exec and the
 *         end of the process see to for all. Each process numbers its own, upwards.
 * Locks:  signal->lock for all of it. expire() takes it, so the timer itself is only cancelled
 *         without it, when it is in no list any more; as for a timerfd, an expiry that comes late
 *         finds that it is not its time.
 * Read:   itimer.c for the older kind, kernel/fs/timerfd.c for those that are read. */
#include <proc/posix_timer.h>

#include <lib/list.h>
#include <mm/slab.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/timespec.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/time.h>
#include "internal.h"

#define MIN_INTERVAL	(50 * NSEC_PER_USEC)	/* between two interrupts of a timer */

struct posix_timer {
	struct list_head	list;		/* signal->posix_timers */
	struct signal_struct	*signal;	/* [c] whose it is */
	int			id;		/* [c] */
	int			clock;		/* [c] */
	int			notify;		/* [c] SIGEV_* */
	int			tid;		/* [c] of SIGEV_THREAD_ID's thread */
	int			signo;		/* [c] */
	sigval_t		value;		/* [c] */
	struct timer		timer;
	u64			expires;	/* ktime_get() time, 0: not set */
	u64			interval;	/* ns, 0: once */
	int			overrun;	/* of the signal sent last */
};

/* ---- expiry; signal->lock held ---- */

/* Who is to hear of it; NULL: the thread has gone. */
static struct task_struct *receiver(const struct posix_timer *t)
{
	struct task_struct *first = list_first_entry_or_null(&t->signal->threads,
							     struct task_struct, thread_node);
	struct task_struct *task;

	if (!first || !(t->notify & SIGEV_THREAD_ID))
		return first;
	for_each_thread(first, task)
		if (task->pid == t->tid)
			return task;
	return NULL;
}

/* The signal of @t that still waits, or NULL. */
static struct sigqueue *waiting_signal(const struct posix_timer *t, struct sigpending *pending)
{
	struct sigqueue *q;

	list_for_each_entry(q, &pending->list, list)
		if (q->info.si_code == SI_TIMER && q->info.si_tid == t->id &&
		    q->info.si_signo == t->signo)
			return q;
	return NULL;
}

/* It has expired @times. */
static void notify(struct posix_timer *t, u64 times)
{
	struct kernel_siginfo info = { .si_signo = t->signo, .si_code = SI_TIMER };
	bool to_group = !(t->notify & SIGEV_THREAD_ID);
	struct task_struct *task = receiver(t);
	struct sigqueue *waiting;

	if (t->notify == SIGEV_NONE || !task)
		return;
	waiting = waiting_signal(t, to_group ? &t->signal->shared_pending : &task->pending);
	if (waiting) {
		t->overrun = min((u64)t->overrun + times, 0x7fffffffUL);
		waiting->info.si_overrun = t->overrun;
		return;
	}
	t->overrun = min(times - 1, 0x7fffffffUL);
	info.si_tid = t->id;
	info.si_overrun = t->overrun;
	info.si_tvalue = t->value;
	send_signal_locked(t->signo, &info, task, to_group);
}

/* Count what has passed of a periodic timer, and aim it at its next time. How often it expired. */
static u64 advance(struct posix_timer *t, u64 now)
{
	u64 times = 1;

	if (t->interval) {
		times += (now - t->expires) / t->interval;
		t->expires += times * t->interval;
	} else {
		t->expires = 0;
	}
	return times;
}

/* From the timer interrupt. */
static void expire(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	u64 now;

	spin_lock(&t->signal->lock);
	now = ktime_get();
	if (t->expires && now >= t->expires) {
		notify(t, advance(t, now));
		if (t->expires)
			timer_start(&t->timer, max(t->expires, now + MIN_INTERVAL));
	}
	spin_unlock(&t->signal->lock);
}

/* ---- calls ---- */

static struct posix_timer *find_timer(int id)
{
	struct posix_timer *t;

	list_for_each_entry(t, &current->signal->posix_timers, list)
		if (t->id == id)
			return t;
	return NULL;
}

static bool thread_of_current(int tid)
{
	struct task_struct *task;

	for_each_thread(current, task)
		if (task->pid == tid)
			return true;
	return false;
}

static bool valid_event(const struct sigevent *event)
{
	switch (event->sigev_notify) {
	case SIGEV_NONE:
		return true;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		if (!thread_of_current(event->sigev_tid))
			return false;
		/* fallthrough */
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		return event->sigev_signo > 0 && event->sigev_signo <= NSIG;
	}
	return false;
}

/* Number @t and put it into its list. signal->lock held. */
static int enter(struct posix_timer *t, const struct sigevent *event)
{
	struct signal_struct *signal = t->signal;

	if (event && !valid_event(event))
		return -EINVAL;
	if (signal->nr_posix_timers >= signal->rlim[RLIMIT_SIGPENDING].rlim_cur)
		return -EAGAIN;
	t->id = signal->next_posix_timer;
	signal->next_posix_timer = (t->id + 1) & 0x7fffffff;
	signal->nr_posix_timers++;
	t->notify = event ? event->sigev_notify : SIGEV_SIGNAL;
	t->signo = event ? event->sigev_signo : SIGALRM;
	t->tid = event ? event->sigev_tid : 0;
	if (event)
		t->value = event->sigev_value;
	else
		t->value.sival_int = t->id;
	list_add_tail(&t->list, &signal->posix_timers);
	return t->id;
}

int posix_timer_create(int clock, const struct sigevent *event)
{
	struct posix_timer *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int id;

	if (!t)
		return -EAGAIN;
	t->signal = current->signal;
	t->clock = clock;
	timer_init(&t->timer, expire);
	spin_lock_irq(&t->signal->lock);
	id = enter(t, event);
	spin_unlock_irq(&t->signal->lock);
	if (id < 0)
		kfree(t);
	return id;
}

static void get_locked(const struct posix_timer *t, struct itimerspec *value)
{
	u64 now = ktime_get();

	value->it_interval = ns_timespec(t->interval);
	/* One that is set never shows 0 left. */
	value->it_value = ns_timespec(!t->expires ? 0 : t->expires > now ? t->expires - now : 1);
}

int posix_timer_get(int id, struct itimerspec *value)
{
	struct signal_struct *signal = current->signal;
	struct posix_timer *t;

	spin_lock_irq(&signal->lock);
	t = find_timer(id);
	if (t)
		get_locked(t, value);
	spin_unlock_irq(&signal->lock);
	return t ? 0 : -EINVAL;
}

/* When @ns is, by ktime_get(). */
static u64 expiry(int clock, bool absolute, u64 ns)
{
	bool real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
	u64 now = ktime_get(), clock_now = real ? ktime_get_real() : now;

	if (!absolute)
		return now + ns;
	return ns > clock_now ? now + (ns - clock_now) : now;
}

int posix_timer_set(int id, bool absolute, const struct itimerspec *value, struct itimerspec *old)
{
	struct signal_struct *signal = current->signal;
	u64 ns = timespec_ns(&value->it_value);
	struct posix_timer *t;

	spin_lock_irq(&signal->lock);
	t = find_timer(id);
	if (t) {
		get_locked(t, old);
		t->interval = timespec_ns(&value->it_interval);
		t->expires = ns ? expiry(t->clock, absolute, ns) : 0;
		t->overrun = 0;
		if (ns)
			timer_start(&t->timer, t->expires);
	}
	spin_unlock_irq(&signal->lock);
	return t ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	struct signal_struct *signal = current->signal;
	struct posix_timer *t;
	int overrun = -EINVAL;

	spin_lock_irq(&signal->lock);
	t = find_timer(id);
	if (t)
		overrun = t->overrun;
	spin_unlock_irq(&signal->lock);
	return overrun;
}

/* @t is in no list any more, so nobody starts it but its own function, which is waited for. */
static void free_timer(struct posix_timer *t)
{
	timer_cancel(&t->timer);
	kfree(t);
}

int posix_timer_delete(int id)
{
	struct signal_struct *signal = current->signal;
	struct posix_timer *t;

	spin_lock_irq(&signal->lock);
	t = find_timer(id);
	if (t) {
		list_del(&t->list);
		signal->nr_posix_timers--;
		t->expires = 0;
	}
	spin_unlock_irq(&signal->lock);
	if (!t)
		return -EINVAL;
	free_timer(t);
	return 0;
}

void posix_timers_exit(struct signal_struct *signal)
{
	struct task_struct *task = current;
	struct posix_timer *t, *next;
	LIST_HEAD(all);

	spin_lock_irq(&signal->lock);
	list_splice_init(&signal->posix_timers, &all);
	list_for_each_entry(t, &all, list)
		t->expires = 0;
	signal->nr_posix_timers = 0;
	sigpending_remove_timers(&signal->shared_pending);
	sigpending_remove_timers(&task->pending);
	spin_unlock_irq(&signal->lock);
	list_for_each_entry_safe(t, next, &all, list)
		free_timer(t);
}
