/* procfs_wait.c - /proc/PID/wchan and syscall: what a thread is waiting in.
 * Locks:  none. The thread may wake up and run meanwhile: what is read is then wrong, and harmless.
 * Read:   kernel/debug/backtrace.c. */
#include "procfs_internal.h"

#include <asm/thread.h>
#include <debug/backtrace.h>
#include <fs/inode.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>

static bool is_waiting(const struct task_struct *task)
{
	return task != current && READ_ONCE(task->state) != TASK_RUNNING && !task->exit_state;
}

/* The function that went to sleep, or 0. */
int proc_pid_wchan_show(struct proc_text *text, struct inode *inode)
{
	struct task_struct *task = proc_i(inode)->task;
	char name[64];

	if (proc_may_access(task) && is_waiting(task) &&
	    waiting_function(name, sizeof(name), READ_ONCE(task->thread.sp)))
		text_printf(text, "%s", name);
	else
		text_printf(text, "0");
	return 0;
}

/* The system call with its arguments, stack pointer and instruction; -1 outside of one. The reader
 * itself is in one. */
int proc_pid_syscall_show(struct proc_text *text, struct inode *inode)
{
	struct task_struct *task = proc_i(inode)->task;
	struct pt_regs regs;

	if (!proc_may_access(task))
		return -EPERM;
	if ((task != current && !is_waiting(task)) || (task->flags & PF_KTHREAD)) {
		text_printf(text, "running\n");
		return 0;
	}
	regs = *task_pt_regs(task);
	if ((long)regs.orig_rax >= 0)
		text_printf(text, "%ld 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n",
			    (long)regs.orig_rax, regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8,
			    regs.r9, regs.rsp, regs.rip);
	else
		text_printf(text, "-1 0x%lx 0x%lx\n", regs.rsp, regs.rip);
	return 0;
}
