/* sleep.c - sleeping for a time.
 * Read:   clock.c for the timers, wait.c for sleeping until something happens. */
#include <sched/sched.h>

#include <proc/task.h>
#include <sched/clock.h>

struct sleeper {
	struct timer		timer;
	struct task_struct	*task;
};

static void sleeper_wake(struct timer *timer)
{
	wake_up_process(container_of(timer, struct sleeper, timer)->task);
}

u64 schedule_timeout(u64 ns)
{
	struct sleeper sleeper = { .task = current };
	u64 now = ktime_get(), end = now + ns;

	if (!ns) {
		set_current_state(TASK_RUNNING);
		return 0;
	}
	if (end < now)
		end = ~0UL;
	timer_init(&sleeper.timer, sleeper_wake);
	timer_start(&sleeper.timer, end);
	schedule();
	timer_cancel(&sleeper.timer);
	now = ktime_get();
	return now < end ? end - now : 0;
}

void msleep(unsigned int ms)
{
	u64 left = ms * NSEC_PER_MSEC;

	while (left) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		left = schedule_timeout(left);
	}
}
