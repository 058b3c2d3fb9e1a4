/* kthread.h - threads of the kernel itself. */
#ifndef SCHED_KTHREAD_H
#define SCHED_KTHREAD_H

struct task_struct;

/* Start a kernel thread running fn(arg). Returns it, or ERR_PTR(-ENOMEM). It ends when fn
 * returns. */
struct task_struct *kthread_run(void (*fn)(void *arg), void *arg, const char *name);

#endif
