/* process_vm.h - the memory of another process. */
#ifndef PROC_PROCESS_VM_H
#define PROC_PROCESS_VM_H

#include <lib/types.h>

struct iovec;
struct iov_iter;

/* Between @local and the @nr buffers @remote of process @pid: from there, or with @write to there.
 * Bytes; or -ESRCH, -EPERM, -ENOMEM, -EFAULT if the first buffer was bad. Sleeps. */
ssize_t process_vm_rw(int pid, struct iov_iter *local, const struct iovec *remote, unsigned int nr,
		      bool write);

#endif
