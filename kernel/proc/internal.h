/* internal.h - what the files of proc/ call of each other only. */
#ifndef PROC_INTERNAL_H
#define PROC_INTERNAL_H

#include <proc/signal.h>

/* signal.c; signal->lock held. */
void sigpending_remove(struct sigpending *pending, sigset_t set);
void sigpending_remove_timers(struct sigpending *pending);
void sigpending_take(struct sigpending *pending, int sig, struct kernel_siginfo *info);
int send_signal_locked(int sig, const struct kernel_siginfo *info, struct task_struct *task,
		       bool to_group);
bool default_stops(int sig);
bool default_ignored(int sig);
/* The status of a process of @signal that dies of @sig: with CORE_FLAG where Linux dumps core. No
 * file is written. */
int death_code(const struct signal_struct *signal, int sig);
void notify_parent_stopped(struct task_struct *task, int why);	/* tasklist_lock held instead */

/* signal_deliver.c */
/* Tell the parent what is flagged in signal->flags (SIGNAL_CLD_*). Takes tasklist_lock. */
void report_stop_or_continue(struct task_struct *task);
/* Take the next signal of current that @mask does not hold back; 0: none. signal->lock held. */
int dequeue_signal(sigset_t mask, struct kernel_siginfo *info);

#endif
