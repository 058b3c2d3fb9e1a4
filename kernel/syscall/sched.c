/* sched.c - system calls about scheduling, limits and usage.
 * All policies are accepted and remembered, and scheduled as SCHED_OTHER by their nice value. */
#include <syscall/proc.h>

#include <asm/uaccess.h>
#include <lib/types.h>
#include <proc/cred.h>
#include <proc/rusage.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/sched.h>
#include <uapi/time.h>

#define NR_OPEN	(1UL << 20)

/* @pid's thread with a reference, current for 0; NULL if there is none. */
static struct task_struct *get_thread(int pid)
{
	if (pid)
		return find_get_task(pid);
	get_task(current);
	return current;
}

long sys_sched_yield(void)
{
	yield();
	return 0;
}

/* ---- processors ---- */

long sys_sched_setaffinity(int pid, unsigned int len, const unsigned long *umask)
{
	unsigned long mask = 0;
	struct task_struct *task;
	int err;

	if (copy_from_user(&mask, umask, min_t(size_t, len, sizeof(mask))))
		return -EFAULT;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	if (!capable() && !same_user(task))
		err = -EPERM;
	else
		err = task->flags & PF_KTHREAD ? -EINVAL : set_cpus_allowed(task, mask);
	put_task(task);
	return err;
}

long sys_sched_getaffinity(int pid, unsigned int len, unsigned long *umask)
{
	struct task_struct *task;
	unsigned long mask;

	if (len * 8 < nr_cpus || len % sizeof(long))
		return -EINVAL;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	mask = task->cpus_allowed & cpu_online_mask;
	put_task(task);
	return copy_to_user(umask, &mask, sizeof(mask)) ? -EFAULT : (long)sizeof(mask);
}

long sys_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	if (cpu && put_user(smp_processor_id(), cpu))
		return -EFAULT;
	return node && put_user(0u, node) ? -EFAULT : 0;
}

/* ---- policies ---- */

static bool realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool valid_policy(int policy, int priority)
{
	if (realtime(policy))
		return priority >= 1 && priority <= 99;
	return (policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE) &&
	       !priority;
}

/* @policy -1: as it is. */
static long set_policy(int pid, int policy, const struct sched_param *uparam)
{
	struct sched_param param;
	struct task_struct *task;
	long err = 0;

	if (!uparam || pid < 0)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	if (policy < 0)
		policy = task->policy;
	if (!valid_policy(policy, param.sched_priority))
		err = -EINVAL;
	else if (!capable() && (!same_user(task) || realtime(policy)))
		err = -EPERM;
	if (!err) {
		task->policy = policy;
		task->rt_priority = param.sched_priority;
	}
	put_task(task);
	return err;
}

long sys_sched_setscheduler(int pid, int policy, const struct sched_param *param)
{
	if (policy < 0)
		return -EINVAL;
	return set_policy(pid, policy & ~SCHED_RESET_ON_FORK, param);
}

long sys_sched_setparam(int pid, const struct sched_param *param)
{
	return set_policy(pid, -1, param);
}

long sys_sched_getscheduler(int pid)
{
	struct task_struct *task;
	long policy;

	if (pid < 0)
		return -EINVAL;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	policy = task->policy;
	put_task(task);
	return policy;
}

long sys_sched_getparam(int pid, struct sched_param *uparam)
{
	struct sched_param param;
	struct task_struct *task;

	if (!uparam || pid < 0)
		return -EINVAL;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	param.sched_priority = task->rt_priority;
	put_task(task);
	return copy_to_user(uparam, &param, sizeof(param)) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
	return realtime(policy) ? 99 : valid_policy(policy, 0) ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	return realtime(policy) ? 1 : valid_policy(policy, 0) ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int pid, struct timespec *interval)
{
	struct timespec slice = { 0, TICK_NSEC };
	struct task_struct *task;

	if (pid < 0)
		return -EINVAL;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	put_task(task);
	return copy_to_user(interval, &slice, sizeof(slice)) ? -EFAULT : 0;
}

/* ---- nice ---- */

/* getpriority's result is 1 .. 40, so that it cannot look like an errno. */
static long read_nice(const struct task_struct *task, long best)
{
	return max(best, 20L - task->nice);
}

static long set_nice(struct task_struct *task, int nice, long err)
{
	if (!capable() && !same_user(task))
		return -EPERM;
	if (nice < task->nice && !capable() &&
	    20 - nice > (long)task->signal->rlim[RLIMIT_NICE].rlim_cur)
		return -EACCES;
	set_user_nice(task, nice);
	return err == -ESRCH ? 0 : err;
}

/* Both calls: for each thread that @which and @who name. @set: to @nice. */
static long each_priority(int which, int who, bool set, int nice)
{
	struct task_struct *p, *t;
	long result = -ESRCH;
	int id = who;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	if (which == PRIO_PROCESS) {
		t = who ? find_task_by_pid(who) : current;
		if (t)
			result = set ? set_nice(t, nice, result) : read_nice(t, result);
	} else {
		if (!id)
			id = which == PRIO_PGRP ? current->signal->pgrp : (int)current->cred.uid;
		for_each_process(p) {
			if (p->flags & PF_KTHREAD ||
			    (which == PRIO_PGRP ? p->signal->pgrp : (int)p->cred.uid) != id)
				continue;
			for_each_thread(p, t)
				result = set ? set_nice(t, nice, result) : read_nice(t, result);
		}
	}
	spin_unlock_irq(&tasklist_lock);
	return result;
}

long sys_getpriority(int which, int who)
{
	return each_priority(which, who, false, 0);
}

long sys_setpriority(int which, int who, int nice)
{
	return each_priority(which, who, true, clamp(nice, -20, 19));
}

/* ---- limits and usage ---- */

static int change_limit(struct task_struct *task, unsigned int resource, const struct rlimit *new,
			struct rlimit *old)
{
	struct signal_struct *signal = task->signal;
	struct rlimit *limit = &signal->rlim[resource];
	int err = 0;

	spin_lock_irq(&signal->lock);
	if (old)
		*old = *limit;
	if (new) {
		if (new->rlim_cur > new->rlim_max)
			err = -EINVAL;
		else if (new->rlim_max > limit->rlim_max && !capable())
			err = -EPERM;
		else if (resource == RLIMIT_NOFILE && new->rlim_max > NR_OPEN)
			err = -EPERM;
		else
			*limit = *new;
	}
	spin_unlock_irq(&signal->lock);
	return err;
}

long sys_prlimit64(int pid, unsigned int resource, const struct rlimit *unew, struct rlimit *uold)
{
	struct rlimit new, old;
	struct task_struct *task;
	int err;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	task = get_thread(pid);
	if (!task)
		return -ESRCH;
	if (task->signal != current->signal && !capable() &&
	    !(same_user(task) && current->cred.uid == task->cred.euid))
		err = -EPERM;
	else
		err = change_limit(task, resource, unew ? &new : NULL, &old);
	put_task(task);
	if (!err && uold && copy_to_user(uold, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

long sys_getrlimit(unsigned int resource, struct rlimit *rlim)
{
	struct rlimit old;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	change_limit(current, resource, NULL, &old);
	return copy_to_user(rlim, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_setrlimit(unsigned int resource, const struct rlimit *rlim)
{
	struct rlimit new;

	if (copy_from_user(&new, rlim, sizeof(new)))
		return -EFAULT;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return change_limit(current, resource, &new, NULL);
}

long sys_getrusage(int who, struct rusage *uru)
{
	struct rusage ru;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	get_rusage(current, who, &ru);
	spin_unlock_irq(&tasklist_lock);
	return copy_to_user(uru, &ru, sizeof(ru)) ? -EFAULT : 0;
}
