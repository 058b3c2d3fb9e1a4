/* utsname.h - the system's names, as uname(2) and /proc/sys/kernel tell them. */
#ifndef PROC_UTSNAME_H
#define PROC_UTSNAME_H

#include <lib/types.h>
#include <uapi/system.h>

void get_utsname(struct new_utsname *uts);
/* Change one: 0, -EPERM unless current is root, -EINVAL beyond 64 bytes. @name: kernel memory,
 * @bytes without a NUL. */
int set_nodename(const char *name, size_t bytes);
int set_domainname(const char *name, size_t bytes);

#endif
