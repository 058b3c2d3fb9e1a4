/* pipe.h - pipes and FIFOs. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <lib/types.h>

struct file;
struct inode;
struct iov_iter;
struct file_operations;

/* Also of FIFOs: open joins the readers or writers. */
extern const struct file_operations pipe_fops;

/* files[0] to read, files[1] to write; @flags: O_NONBLOCK, O_DIRECT. 0 or errno. */
int create_pipe_files(struct file *files[2], int flags);
/* read(2) with these O_* flags instead of the file's own. */
ssize_t pipe_read_flags(struct file *file, struct iov_iter *to, unsigned int flags);
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg); /* F_[SG]ETPIPE_SZ */
void free_inode_pipe(struct inode *inode);	/* the last reference is going */
void pipe_init(void);

#endif
