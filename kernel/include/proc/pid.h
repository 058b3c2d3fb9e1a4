/* pid.h - from numbers to threads. A number stays taken while a thread has it or while it names a
 * process group or a session. */
#ifndef PROC_PID_H
#define PROC_PID_H

#include <lib/types.h>

#define PID_MAX		32768

struct task_struct;

/* A free number, from now on @task's; or -EAGAIN, -ENOMEM. Sleeps. */
int pid_alloc(struct task_struct *task);
/* All with tasklist_lock held. */
void pid_free(int pid);				/* its thread is gone */
void pid_set_task(int pid, struct task_struct *task);	/* another thread takes it over */
void pid_get(int pid);				/* a process has it as group or session */
void pid_put(int pid);
bool pid_in_use(int pid);

#endif
