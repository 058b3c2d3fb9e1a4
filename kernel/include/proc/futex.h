/* futex.h - waiting on words of user memory. */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include <lib/types.h>

struct task_struct;

void futex_init(void);
/* Wake up to @nr waiters of *uaddr whose bitset meets @bitset. How many, or a negative errno. */
int futex_wake(u32 *uaddr, bool shared, int nr, u32 bitset);
/* Wait while *uaddr is @val. @expires: ns on @clock, 0 for ever. 0, -EAGAIN, -ETIMEDOUT,
 * -ERESTART*. */
int futex_wait(u32 *uaddr, bool shared, u32 val, u64 expires, int clock, u32 bitset,
	       bool restartable);
/* Move waiters of *from to *to, after waking @nr_wake. @cmp NULL or the value *from must have. */
int futex_requeue(u32 *from, u32 *to, bool shared, int nr_wake, int nr_requeue, const u32 *cmp);
int futex_wake_op(u32 *uaddr1, u32 *uaddr2, bool shared, int nr1, int nr2, u32 op);
/* A thread dies: let go of the robust futexes that it holds. */
void exit_robust_list(struct task_struct *task);

#endif
