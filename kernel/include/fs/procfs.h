/* procfs.h - /proc and /sys. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

/* "proc" and "sysfs" can be mounted from here on. After vfs_init(). */
void procfs_init(void);

#endif
