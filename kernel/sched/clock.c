/* clock.c - timers: being called at a time.
 * Holds:  each processor has a tree of timers by time of expiry, and an interrupt armed for the
 *         first of them or the scheduler's tick, whichever is earlier. A processor without either
 *         gets none. timer->cpu says whose tree; running is the timer whose function runs there
 *         now.
 * Locks:  base->lock (RANK_TIMER, interrupts off). Functions run without it, so that they may start
 *         timers and wake threads.
 * Read:   clock.h; arch's timer.c for the clock itself. */
#include <sched/clock.h>

#include <asm/percpu.h>
#include <sched/sched.h>
#include <sync/spinlock.h>

struct timer_base {
	spinlock_t	lock;
	struct rb_root	tree;		/* [lock] */
	struct rb_node	*first;		/* [lock] the earliest */
	struct timer	*running;	/* [lock] */
} __aligned(64);

static struct timer_base bases[NR_CPUS];

void clock_init(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		spin_lock_init(&bases[cpu].lock, RANK_TIMER);
}

static struct timer *node_timer(struct rb_node *node)
{
	return rb_entry(node, struct timer, node);
}

/* Arm the next interrupt of this processor, whose @base is locked: a timer or the scheduler's @tick
 * (0: none). */
static void arm(struct timer_base *base, u64 tick)
{
	u64 when = tick;

	if (base->first && (!when || node_timer(base->first)->expires < when))
		when = node_timer(base->first)->expires;
	if (when)
		clock_event_program(when);
}

void clock_rearm(void)
{
	struct timer_base *base = &bases[smp_processor_id()];

	spin_lock(&base->lock);
	arm(base, sched_next_tick());
	spin_unlock(&base->lock);
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->fn = fn;
	timer->cpu = -1;
	timer->queued = false;
}

static void timer_insert(struct timer_base *base, struct timer *timer)
{
	struct rb_node **link = &base->tree.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (timer->expires < node_timer(parent)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	if (first)
		base->first = &timer->node;
	rb_link_node(&timer->node, parent, link);
	rb_insert_color(&timer->node, &base->tree);
	timer->queued = true;
}

static void timer_remove(struct timer_base *base, struct timer *timer)
{
	if (base->first == &timer->node)
		base->first = rb_next(&timer->node);
	rb_erase(&timer->node, &base->tree);
	timer->queued = false;
}

/* The tree that @timer is in, or was in last, locked; NULL if it never was in one. */
static struct timer_base *timer_base_lock(struct timer *timer)
{
	for (;;) {
		int cpu = READ_ONCE(timer->cpu);
		struct timer_base *base = &bases[cpu];

		if (cpu < 0)
			return NULL;
		spin_lock(&base->lock);
		if (timer->cpu == cpu)
			return base;
		spin_unlock(&base->lock);
	}
}

void timer_start(struct timer *timer, u64 expires)
{
	unsigned long flags = local_irq_save();
	struct timer_base *here = &bases[smp_processor_id()];
	struct timer_base *base = timer_base_lock(timer);

	if (base) {
		if (timer->queued)
			timer_remove(base, timer);
		/* While its function runs, timer_cancel() must find it there. */
		if (base->running == timer)
			here = base;
		if (base != here)
			spin_unlock(&base->lock);
	}
	if (base != here)
		spin_lock(&here->lock);
	timer->expires = expires;
	timer->cpu = here - bases;
	timer_insert(here, timer);
	if (here->first == &timer->node && here == &bases[smp_processor_id()])
		arm(here, sched_next_tick());
	spin_unlock(&here->lock);
	local_irq_restore(flags);
}

bool timer_cancel(struct timer *timer)
{
	for (;;) {
		unsigned long flags = local_irq_save();
		struct timer_base *base = timer_base_lock(timer);
		bool was_queued = false, runs = false;

		if (base) {
			was_queued = timer->queued;
			if (was_queued)
				timer_remove(base, timer);
			/* Called from its own function it does not wait for itself. */
			runs = base->running == timer && base != &bases[smp_processor_id()];
			spin_unlock(&base->lock);
		}
		local_irq_restore(flags);
		if (!runs)
			return was_queued;
		cpu_relax();
	}
}

void timer_interrupt(void)
{
	struct timer_base *base = &bases[smp_processor_id()];
	struct timer *timer;

	spin_lock(&base->lock);
	while (base->first && node_timer(base->first)->expires <= ktime_get()) {
		timer = node_timer(base->first);
		timer_remove(base, timer);
		base->running = timer;
		spin_unlock(&base->lock);
		timer->fn(timer);
		spin_lock(&base->lock);
		base->running = NULL;
	}
	/* A tick that has come due since scheduler_tick() looked gets its interrupt at once: nobody
	 * else would arm it again. */
	arm(base, sched_next_tick());
	spin_unlock(&base->lock);
}
