/* process_vm.h - the memory of another process. */
#ifndef PROC_PROCESS_VM_H
#define PROC_PROCESS_VM_H

#include <lib/types.h>

struct iovec;
struct iov_iter;
struct mm_struct;
struct task_struct;

/* current may look into @task and change it: all its identities are current's own. */
bool may_access(const struct task_struct *task);
/* The address space of @task, with a reference (mmput). ERR_PTR(-ESRCH): it has none any more;
 * ERR_PTR(-EACCES). */
struct mm_struct *mm_access(struct task_struct *task);

/* Between @local and the @nr buffers @remote of process @pid: from there, or with @write to there.
 * Bytes; or -ESRCH, -EPERM, -ENOMEM, -EFAULT if the first buffer was bad. Sleeps. */
ssize_t process_vm_rw(int pid, struct iov_iter *local, const struct iovec *remote, unsigned int nr,
		      bool write);

#endif
