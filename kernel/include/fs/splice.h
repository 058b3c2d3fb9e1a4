/* splice.h - moving data between pipes and files without a user buffer. */
#ifndef FS_SPLICE_H
#define FS_SPLICE_H

#include <fs/types.h>

struct file;
struct iov_iter;

/* What splice and sendfile may read from and write to, pipes aside. */
bool can_splice_read(const struct file *file);
bool can_splice_write(const struct file *file);
bool is_pipe(const struct file *file);

/* Each returns the bytes moved, 0 at the end of the input, or errno if there were none. @flags:
 * SPLICE_F_*. Positions are those of files that are no pipes; they move on. */
ssize_t do_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len,
		  unsigned int flags);
ssize_t do_tee(struct file *in, struct file *out, size_t len, unsigned int flags);
/* Put the bytes of @from into the pipe that @file writes to. */
ssize_t do_vmsplice_in(struct file *file, struct iov_iter *from, unsigned int flags);

#endif
