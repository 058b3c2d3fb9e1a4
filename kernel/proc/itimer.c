/* itimer.c - interval timers, and the limit on processor time.
 * Holds:  ITIMER_REAL is a timer of sched/clock.c; the other two, and RLIMIT_CPU, are looked at by
 *         the tick of whichever thread runs: they end at the first tick after their time.
 * Locks:  signal->lock. real_timer is started under it by whoever sets it, and by its own function.
 * Read:   sched/clock.c, sched/core.c (scheduler_tick). */
#include <proc/itimer.h>

#include <lib/types.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/time.h>
#include "internal.h"

static u64 timeval_ns(const struct timeval *tv)
{
	if (tv->tv_sec > 9000000000L)
		return 9000000000UL * NSEC_PER_SEC;
	return tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
}

static struct timeval ns_timeval(u64 ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };
}

static bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

/* An armed timer never shows 0 left. */
static struct timeval left_timeval(u64 ns)
{
	return ns_timeval(ns && ns < NSEC_PER_USEC ? NSEC_PER_USEC : ns);
}

/* The one of @which, for ITIMER_VIRTUAL and ITIMER_PROF. */
static struct cpu_itimer *cpu_itimer(struct signal_struct *signal, int which)
{
	return which == ITIMER_VIRTUAL ? &signal->virt_timer : &signal->prof_timer;
}

/* What the process has used of that kind of time; signal->lock held. */
static u64 cpu_itimer_now(int which)
{
	u64 utime, stime;

	process_cputime(current, &utime, &stime);
	return which == ITIMER_VIRTUAL ? utime : utime + stime;
}

static u64 cpu_left(struct signal_struct *signal, int which)
{
	u64 expires = cpu_itimer(signal, which)->expires_ns, now = cpu_itimer_now(which);

	if (!expires)
		return 0;
	return expires > now ? expires - now : NSEC_PER_USEC;
}

static u64 real_left(struct signal_struct *signal)
{
	u64 now = ktime_get();

	if (!READ_ONCE(signal->real_timer.queued))
		return 0;
	return signal->real_timer.expires > now ? signal->real_timer.expires - now : NSEC_PER_USEC;
}

static void read_itimer(struct signal_struct *signal, int which, struct itimerval *value)
{
	if (which == ITIMER_REAL) {
		value->it_value = left_timeval(real_left(signal));
		value->it_interval = ns_timeval(signal->real_interval);
	} else {
		value->it_value = left_timeval(cpu_left(signal, which));
		value->it_interval = ns_timeval(cpu_itimer(signal, which)->interval_ns);
	}
}

int do_getitimer(int which, struct itimerval *value)
{
	struct signal_struct *signal = current->signal;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	spin_lock_irq(&signal->lock);
	read_itimer(signal, which, value);
	spin_unlock_irq(&signal->lock);
	return 0;
}

static void set_real(struct signal_struct *signal, const struct itimerval *value)
{
	u64 ns = timeval_ns(&value->it_value);

	signal->real_interval = timeval_ns(&value->it_interval);
	if (ns)
		timer_start(&signal->real_timer, ktime_get() + ns);
}

int do_setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	struct signal_struct *signal = current->signal;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (value && (!timeval_valid(&value->it_value) || !timeval_valid(&value->it_interval)))
		return -EINVAL;
	spin_lock_irq(&signal->lock);
	if (old)
		read_itimer(signal, which, old);
	if (!value) {
		;
	} else if (which == ITIMER_REAL) {
		/* Its function takes the lock, so it cannot be waited for under it. */
		signal->real_interval = 0;
		spin_unlock_irq(&signal->lock);
		timer_cancel(&signal->real_timer);
		spin_lock_irq(&signal->lock);
		set_real(signal, value);
	} else {
		struct cpu_itimer *it = cpu_itimer(signal, which);

		it->expires_ns = timeval_ns(&value->it_value);
		if (it->expires_ns)
			it->expires_ns += cpu_itimer_now(which);
		it->interval_ns = timeval_ns(&value->it_interval);
	}
	spin_unlock_irq(&signal->lock);
	return 0;
}

/* From the timer interrupt. The signal_struct lives until itimers_exit() has cancelled us. */
void real_timer_expired(struct timer *timer)
{
	struct signal_struct *signal = container_of(timer, struct signal_struct, real_timer);
	struct kernel_siginfo info = { .si_signo = SIGALRM, .si_code = SI_KERNEL };
	struct task_struct *task;
	u64 next;

	spin_lock(&signal->lock);
	task = list_first_entry_or_null(&signal->threads, struct task_struct, thread_node);
	if (task)
		send_signal_locked(SIGALRM, &info, task, true);
	if (task && signal->real_interval && !timer->queued) {
		next = timer->expires + signal->real_interval;
		timer_start(timer, max(next, ktime_get() + NSEC_PER_USEC * 50));
	}
	spin_unlock(&signal->lock);
}

void itimers_exit(struct signal_struct *signal)
{
	spin_lock_irq(&signal->lock);
	signal->real_interval = 0;
	spin_unlock_irq(&signal->lock);
	timer_cancel(&signal->real_timer);
}

static void cpu_itimer_tick(struct task_struct *task, struct cpu_itimer *it, u64 now, int sig)
{
	struct kernel_siginfo info = { .si_signo = sig, .si_code = SI_KERNEL };

	if (!it->expires_ns || now < it->expires_ns)
		return;
	it->expires_ns = it->interval_ns ? it->expires_ns + it->interval_ns : 0;
	send_signal_locked(sig, &info, task, true);
}

/* SIGXCPU each second past the soft limit, SIGKILL at the hard one. */
static void check_cpu_limit(struct task_struct *task, struct signal_struct *signal, u64 seconds)
{
	const struct rlimit *limit = &signal->rlim[RLIMIT_CPU];

	if (limit->rlim_max != RLIM_INFINITY && seconds >= limit->rlim_max) {
		send_signal_locked(SIGKILL, NULL, task, true);
	} else if (seconds >= limit->rlim_cur && seconds > signal->cpu_limit_warned) {
		signal->cpu_limit_warned = seconds;
		send_signal_locked(SIGXCPU, NULL, task, true);
	}
}

void process_tick(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	u64 utime, stime;

	if (likely(!signal->virt_timer.expires_ns && !signal->prof_timer.expires_ns &&
		   signal->rlim[RLIMIT_CPU].rlim_cur == RLIM_INFINITY))
		return;
	if (task->flags & (PF_KTHREAD | PF_EXITING))
		return;
	spin_lock(&signal->lock);
	process_cputime(task, &utime, &stime);
	cpu_itimer_tick(task, &signal->virt_timer, utime, SIGVTALRM);
	cpu_itimer_tick(task, &signal->prof_timer, utime + stime, SIGPROF);
	if (signal->rlim[RLIMIT_CPU].rlim_cur != RLIM_INFINITY)
		check_cpu_limit(task, signal, (utime + stime) / NSEC_PER_SEC);
	spin_unlock(&signal->lock);
}
