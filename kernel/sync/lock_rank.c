/* lock_rank.c - holds a debug build to the lock order.
 * Holds:  each task lists the locks that it has, in the order in which it took them; interrupts
 *         have a list of their own for each processor, since they come between any two locks of a
 *         task. Run-queue locks are not listed: they change hands in the middle of a switch.
 * Locks:  none; a list is touched by its task, or by interrupts on its processor.
 * Read:   lock_rank.h for the order; spinlock.c and rwsem.h for the callers. */
#include <sync/lock_rank.h>

#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <debug/assert.h>
#include <proc/task.h>

#define MAX_HELD	ARRAY_SIZE(((struct task_struct *)0)->held_locks)

struct held_list {
	const void	*locks[MAX_HELD];
	unsigned char	ranks[MAX_HELD];
	unsigned int	nr, nr_spin;
};

static struct held_list irq_held[NR_CPUS];
static bool checking;		/* the scheduler is up; never cleared */

void lock_debug_start(void)
{
	checking = true;
}

/* A rank whose holder may not sleep. */
static bool rank_spins(unsigned int rank)
{
	return rank >= RANK_MOUNT;
}

/* The running context's list, as pointers into the task or the interrupt list. */
struct held_view {
	const void	**locks;
	unsigned char	*ranks;
	unsigned int	*nr, *nr_spin;
};

static bool held_view(struct held_view *view)
{
	struct task_struct *task;
	struct held_list *irq;

	if (!checking)
		return false;
	if (in_interrupt()) {
		irq = &irq_held[smp_processor_id()];
		*view = (struct held_view){ irq->locks, irq->ranks, &irq->nr, &irq->nr_spin };
		return true;
	}
	task = current;
	if (!task)
		return false;
	*view = (struct held_view){ task->held_locks, task->held_ranks, &task->nr_held,
				    &task->nr_spin_held };
	return true;
}

static void check_order(const struct held_view *view, const void *lock, unsigned int rank)
{
	unsigned int i;

	for (i = 0; i < *view->nr; i++) {
		if (view->locks[i] == lock)
			panic("lock %p of rank %u is taken twice", lock, rank);
		if (view->ranks[i] >= rank && rank != RANK_NONE)
			panic("lock order: rank %u is taken while rank %u (lock %p) is held", rank,
			      view->ranks[i], view->locks[i]);
	}
}

void lock_acquired(const void *lock, enum lock_rank rank, bool nested)
{
	unsigned long flags = local_irq_save();
	struct held_view view;

	if (held_view(&view)) {
		if (!nested)
			check_order(&view, lock, rank);
		ASSERT(*view.nr < MAX_HELD);
		view.locks[*view.nr] = lock;
		view.ranks[(*view.nr)++] = rank;
		*view.nr_spin += rank_spins(rank);
	}
	local_irq_restore(flags);
}

void lock_released(const void *lock)
{
	unsigned long flags = local_irq_save();
	struct held_view view;
	unsigned int i;

	if (held_view(&view)) {
		for (i = *view.nr; i > 0 && view.locks[i - 1] != lock; i--)
			;
		/* What was taken before checking began is in no list. */
		if (i > 0) {
			*view.nr_spin -= rank_spins(view.ranks[i - 1]);
			for (; i < *view.nr; i++) {
				view.locks[i - 1] = view.locks[i];
				view.ranks[i - 1] = view.ranks[i];
			}
			(*view.nr)--;
		}
	}
	local_irq_restore(flags);
}

/* Only meaningful in debug builds; says yes where it cannot know. */
bool lock_is_held(const void *lock)
{
	unsigned long flags = local_irq_save();
	struct held_view view;
	bool held = true;
	unsigned int i;

	if (CONFIG_DEBUG && held_view(&view)) {
		for (i = *view.nr; i > 0 && view.locks[i - 1] != lock; i--)
			;
		held = i > 0;
	}
	local_irq_restore(flags);
	return held;
}

void might_sleep(void)
{
	struct held_view view;

	if (!CONFIG_DEBUG || !checking || !current)
		return;
	if (in_interrupt() || irqs_disabled())
		panic("sleeping function called with interrupts off or in an interrupt");
	if (held_view(&view) && *view.nr_spin)
		panic("sleeping function called under a spinning lock (rank %u)",
		      view.ranks[*view.nr - 1]);
}
