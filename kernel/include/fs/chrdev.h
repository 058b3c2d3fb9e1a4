/* chrdev.h - character devices: operations by device number, and a node in devtmpfs for each. */
#ifndef FS_CHRDEV_H
#define FS_CHRDEV_H

#include <fs/types.h>

struct file_operations;

/* Opening a node with @rdev gives files with @fops. At start-up; @name appears in /dev with
 * permissions @mode (such as 0666). The strings and @fops stay. */
void register_chrdev(dev_t rdev, const char *name, umode_t mode,
		     const struct file_operations *fops);
const struct file_operations *chrdev_fops(dev_t rdev);	/* NULL: no such device */
/* The @nth one to be registered; false past the last. */
bool chrdev_nth(unsigned int nth, dev_t *rdev, const char **name);

#endif
