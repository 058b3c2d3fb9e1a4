/* time.c - system calls about clocks, sleeping and timers.
 * Read:   sched/clock.c and proc/itimer.c for what is behind them. */
#include <syscall/time.h>

#include <asm/percpu.h>
#include <asm/uaccess.h>
#include <proc/cred.h>
#include <proc/itimer.h>
#include <proc/posix_timer.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <sched/timespec.h>
#include <uapi/errno.h>
#include <uapi/time.h>

/* ---- reading and setting ---- */

static u64 process_time(struct task_struct *task)
{
	u64 utime, stime;

	spin_lock_irq(&task->signal->lock);
	process_cputime(task, &utime, &stime);
	spin_unlock_irq(&task->signal->lock);
	return utime + stime;
}

static u64 thread_time(struct task_struct *task)
{
	u64 utime, stime;

	task_cputime(task, &utime, &stime);
	return utime + stime;
}

/* Clocks below 0 name the processor time of a process or thread: ~pid << 3, bit 2 thread. */
static int cputime_of(int clock, u64 *ns)
{
	int pid = ~(clock >> 3);
	struct task_struct *task;

	if ((clock & 3) == 3)
		return -EINVAL;
	task = pid ? find_get_task(pid) : current;
	if (!task)
		return -EINVAL;
	*ns = clock & 4 ? thread_time(task) : process_time(task);
	if (pid)
		put_task(task);
	return 0;
}

static int read_clock(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = ktime_get_real();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = ktime_get();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_time(current);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_time(current);
		return 0;
	}
	return clock < 0 ? cputime_of(clock, ns) : -EINVAL;
}

long sys_clock_gettime(int clock, struct timespec *ts)
{
	struct timespec now;
	u64 ns;
	int err = read_clock(clock, &ns);

	if (err)
		return err;
	now = ns_timespec(ns);
	return copy_to_user(ts, &now, sizeof(now)) ? -EFAULT : 0;
}

long sys_clock_getres(int clock, struct timespec *ts)
{
	bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
	struct timespec res = { 0, coarse ? TICK_NSEC : 1 };
	u64 ns;
	int err = read_clock(clock, &ns);

	if (err)
		return err;
	return ts && copy_to_user(ts, &res, sizeof(res)) ? -EFAULT : 0;
}

static int set_real_time(const struct timespec *ts)
{
	if (!timespec_valid(ts) || ts->tv_sec > MAX_SECONDS)
		return -EINVAL;
	if (!capable())
		return -EPERM;
	/* The machine was not switched on before 1970. */
	if (timespec_ns(ts) < ktime_get())
		return -EINVAL;
	ktime_set_real(timespec_ns(ts));
	return 0;
}

long sys_clock_settime(int clock, const struct timespec *ts)
{
	struct timespec kts;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (copy_from_user(&kts, ts, sizeof(kts)))
		return -EFAULT;
	return set_real_time(&kts);
}

long sys_time(long *t)
{
	long now = ktime_get_real() / NSEC_PER_SEC;

	if (t && put_user(now, t))
		return -EFAULT;
	return now;
}

long sys_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	static const struct timezone utc = { 0, 0 };
	u64 ns = ktime_get_real();
	struct timeval now = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	return tz && copy_to_user(tz, &utc, sizeof(utc)) ? -EFAULT : 0;
}

long sys_settimeofday(const struct timeval *tv, const struct timezone *tz)
{
	struct timezone ktz;
	struct timespec ts = { 0, 0 };
	struct timeval ktv;

	if (tv) {
		if (copy_from_user(&ktv, tv, sizeof(ktv)))
			return -EFAULT;
		if ((unsigned long)ktv.tv_usec >= 1000000)
			return -EINVAL;
		ts = (struct timespec){ ktv.tv_sec, ktv.tv_usec * NSEC_PER_USEC };
	}
	/* There is no time zone here; what is said about it is read and dropped. */
	if (tz && copy_from_user(&ktz, tz, sizeof(ktz)))
		return -EFAULT;
	if (!capable())
		return -EPERM;
	return tv ? set_real_time(&ts) : 0;
}

/* ---- sleeping ---- */

/* Processor time: how fast it comes depends on who runs. */
static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
}

static u64 sleep_clock_now(int clock)
{
	u64 now = 0;

	read_clock(clock, &now);
	return now;
}

/* How long to sleep before looking again: @left of processor time can have passed no sooner, but
 * for the last tick. */
static u64 nap(int clock, u64 left)
{
	return is_cpu_clock(clock) ? max(left / nr_cpus, TICK_NSEC) : left;
}

/* Until @expires on @clock. 0, or nanoseconds left when a signal came. */
static u64 sleep_until(int clock, u64 expires)
{
	u64 now;

	for (;;) {
		now = sleep_clock_now(clock);
		if (now >= expires)
			return 0;
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current)) {
			set_current_state(TASK_RUNNING);
			return expires - now;
		}
		schedule_timeout(nap(clock, expires - now));
	}
}

static long restart_sleep(struct restart_block *restart)
{
	struct timespec left;
	u64 ns = sleep_until(restart->clock, restart->expires);

	if (!ns)
		return 0;
	left = ns_timespec(ns);
	if (restart->uaddr && copy_to_user(restart->uaddr, &left, sizeof(left)))
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long do_nanosleep(int clock, bool absolute, const struct timespec *req, struct timespec *rem)
{
	u64 expires = timespec_ns(req);
	struct timespec left;
	u64 ns;

	if (!absolute)
		expires += sleep_clock_now(clock);
	ns = sleep_until(clock, expires);
	if (!ns)
		return 0;
	if (absolute)
		return -ERESTARTNOHAND;
	left = ns_timespec(ns);
	if (rem && copy_to_user(rem, &left, sizeof(left)))
		return -EFAULT;
	current->restart.fn = restart_sleep;
	current->restart.clock = clock;
	current->restart.expires = expires;
	current->restart.uaddr = rem;
	return -ERESTART_RESTARTBLOCK;
}

long sys_nanosleep(const struct timespec *req, struct timespec *rem)
{
	struct timespec kreq;

	if (copy_from_user(&kreq, req, sizeof(kreq)))
		return -EFAULT;
	if (!timespec_valid(&kreq))
		return -EINVAL;
	return do_nanosleep(CLOCK_MONOTONIC, false, &kreq, rem);
}

/* Nobody waits for the processor time of the thread that waits. */
static int check_cpu_clock(int clock)
{
	int pid = ~(clock >> 3);
	u64 now;

	if ((clock & 4) && (!pid || pid == current->pid))
		return -EINVAL;
	return read_clock(clock, &now);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec *req, struct timespec *rem)
{
	struct timespec kreq;

	switch (clock) {
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		break;
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		if (clock >= 0 || check_cpu_clock(clock))
			return -EINVAL;
	}
	if (copy_from_user(&kreq, req, sizeof(kreq)))
		return -EFAULT;
	if (!timespec_valid(&kreq))
		return -EINVAL;
	/* Setting the clock does not shorten a relative sleep. */
	if (!(flags & TIMER_ABSTIME) && !is_cpu_clock(clock))
		clock = CLOCK_MONOTONIC;
	return do_nanosleep(clock, flags & TIMER_ABSTIME, &kreq, rem);
}

/* ---- timers ---- */

long sys_alarm(unsigned int seconds)
{
	struct itimerval value = { .it_value.tv_sec = seconds }, old;

	do_setitimer(ITIMER_REAL, &value, &old);
	/* An armed alarm never looks disarmed. */
	if (!old.it_value.tv_sec && old.it_value.tv_usec)
		return 1;
	return old.it_value.tv_sec + (old.it_value.tv_usec >= 500000);
}

long sys_getitimer(int which, struct itimerval *value)
{
	struct itimerval kvalue;
	int err = do_getitimer(which, &kvalue);

	if (err)
		return err;
	return copy_to_user(value, &kvalue, sizeof(kvalue)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	struct itimerval kvalue = { 0 }, kold;
	int err;

	if (value && copy_from_user(&kvalue, value, sizeof(kvalue)))
		return -EFAULT;
	err = do_setitimer(which, &kvalue, &kold);
	if (err)
		return err;
	return old && copy_to_user(old, &kold, sizeof(kold)) ? -EFAULT : 0;
}

/* Timers of processor time are not there. */
static int timer_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return clock;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable())
			return -EPERM;
		return clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_BOOTTIME;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

long sys_timer_create(int clock, const struct sigevent *event, int *id)
{
	struct sigevent kevent;
	int new;

	if (event && copy_from_user(&kevent, event, sizeof(kevent)))
		return -EFAULT;
	clock = timer_clock(clock);
	if (clock < 0)
		return clock;
	new = posix_timer_create(clock, event ? &kevent : NULL);
	if (new >= 0 && put_user(new, id)) {
		posix_timer_delete(new);
		return -EFAULT;
	}
	return min(new, 0);
}

long sys_timer_settime(int id, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	struct itimerspec kvalue, kold;
	int err;

	if (!value)
		return -EINVAL;
	if (copy_from_user(&kvalue, value, sizeof(kvalue)))
		return -EFAULT;
	if (!timespec_valid(&kvalue.it_value) || !timespec_valid(&kvalue.it_interval))
		return -EINVAL;
	err = posix_timer_set(id, flags & TIMER_ABSTIME, &kvalue, &kold);
	if (err)
		return err;
	return old && copy_to_user(old, &kold, sizeof(kold)) ? -EFAULT : 0;
}

long sys_timer_gettime(int id, struct itimerspec *value)
{
	struct itimerspec kvalue;
	int err = posix_timer_get(id, &kvalue);

	if (err)
		return err;
	return copy_to_user(value, &kvalue, sizeof(kvalue)) ? -EFAULT : 0;
}

long sys_timer_getoverrun(int id)
{
	return posix_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return posix_timer_delete(id);
}

static long ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

long sys_times(struct tms *tms)
{
	struct signal_struct *signal = current->signal;
	u64 utime, stime;
	struct tms t;

	if (tms) {
		spin_lock_irq(&tasklist_lock);
		process_cputime(current, &utime, &stime);
		t = (struct tms){ ticks(utime), ticks(stime), ticks(signal->cutime_ns),
				  ticks(signal->cstime_ns) };
		spin_unlock_irq(&tasklist_lock);
		if (copy_to_user(tms, &t, sizeof(t)))
			return -EFAULT;
	}
	return ticks(ktime_get());
}
