/* chrdev.h - devices: operations by device number, and a node in devtmpfs for each. */
#ifndef FS_CHRDEV_H
#define FS_CHRDEV_H

#include <fs/types.h>

struct file_operations;

/* Opening a node with @rdev gives files with @fops. At start-up; @name appears in /dev with
 * permissions @mode (such as 0666). The strings and @fops stay. */
void register_chrdev(dev_t rdev, const char *name, umode_t mode,
		     const struct file_operations *fops);
/* The same for a block device. */
void register_blkdev(dev_t rdev, const char *name, umode_t mode,
		     const struct file_operations *fops);
/* @type: S_IFCHR or S_IFBLK. NULL: no such device. */
const struct file_operations *device_fops(umode_t type, dev_t rdev);
/* The @nth one to be registered, its name and S_IFCHR or S_IFBLK; false past the last. */
bool device_nth(unsigned int nth, umode_t *type, dev_t *rdev, const char **name);

#endif
