/* syscall/table.h - what entry.asm calls for SYSCALL. */
#ifndef SYSCALL_TABLE_H
#define SYSCALL_TABLE_H

#include <uapi/unistd.h>

#define NR_SYSCALLS	(__NR_set_mempolicy_home_node + 1)

typedef long (*syscall_fn)(unsigned long, unsigned long, unsigned long, unsigned long,
			   unsigned long, unsigned long);

/* By number; what does not exist answers -ENOSYS. Called with the six arguments as the user passed
 * them. */
extern const syscall_fn syscall_table[NR_SYSCALLS];

#endif
