/* rusage.h - what processes have used. */
#ifndef PROC_RUSAGE_H
#define PROC_RUSAGE_H

#include <uapi/resource.h>

struct task_struct;

#define RUSAGE_BOTH	(-2)	/* the process and its children that were waited for */

/* @who: RUSAGE_*; @task any thread of the process. tasklist_lock held. */
void get_rusage(struct task_struct *task, int who, struct rusage *ru);
/* @child has been waited for: what it and its children used becomes @parent's. tasklist_lock
 * held. */
void account_child(struct task_struct *parent, struct task_struct *child);

#endif
