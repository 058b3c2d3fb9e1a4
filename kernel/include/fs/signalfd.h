/* signalfd.h - signals that are read. */
#ifndef FS_SIGNALFD_H
#define FS_SIGNALFD_H

#include <uapi/signal.h>

struct file;

/* Whoever reads takes his own signals of @mask. @flags: O_NONBLOCK. ERR_PTR. */
struct file *signalfd_file(sigset_t mask, int flags);
bool is_signalfd_file(const struct file *file);
void signalfd_set_mask(struct file *file, sigset_t mask);

#endif
