/* kthread.c - threads of the kernel itself. Each is a process without an address space, child of
 * nobody, deaf to all signals; it is gone when its function returns.
 * Read:   proc/fork.c, which makes them like any other thread. */
#include <sched/kthread.h>

#include <lib/err.h>
#include <proc/process.h>
#include <proc/task.h>

struct task_struct *kthread_run(void (*fn)(void *arg), void *arg, const char *name)
{
	struct clone_request req = { .fn = fn, .arg = arg, .name = name };
	long pid = do_clone(&req);
	unsigned long flags;
	struct task_struct *task;

	if (pid < 0)
		return ERR_PTR(pid);
	flags = spin_lock_irqsave(&tasklist_lock);
	task = find_task_by_pid(pid);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return task;
}
