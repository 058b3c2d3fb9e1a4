/* cred.h - who may do what. */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include <proc/task.h>

/* Root may do everything. */
static inline bool capable(void)
{
	return current->cred.euid == 0;
}

/* current may signal @task, or change its limits and scheduling. */
static inline bool same_user(const struct task_struct *task)
{
	const struct cred *me = &current->cred, *it = &task->cred;

	return me->euid == it->uid || me->euid == it->suid || me->uid == it->uid ||
	       me->uid == it->suid;
}

#endif
