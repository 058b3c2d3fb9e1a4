/* file.h - files without a file system: an inode with a page cache, opened any number of times. */
#ifndef SHIM_FILE_H
#define SHIM_FILE_H

#include <fs/file.h>
#include <fs/inode.h>
#include <lib/list.h>

/* A new file of @bytes zeros, open for reading and writing. It lives as long as a struct file
 * does. */
struct file *shim_file_new(size_t bytes);
struct file *shim_file_reopen(struct file *file, unsigned int f_mode);
/* As write(2), read(2) and ftruncate(2) do. write makes the file longer. 0 or a negative errno. */
int shim_file_write(struct file *file, size_t pos, const void *buf, size_t bytes);
int shim_file_read(struct file *file, size_t pos, void *buf, size_t bytes);
int shim_file_truncate(struct file *file, size_t bytes);
/* FALLOC_FL_PUNCH_HOLE of whole pages. */
void shim_file_punch(struct file *file, size_t pos, size_t bytes);

/* An inode of this kind, found again from its list. */
struct shim_inode {
	struct inode		inode;
	struct list_head	node;
};

extern struct list_head shim_inodes;	/* all that live, for check_all() */
extern unsigned long shim_nr_files;	/* struct files that live */
extern unsigned long shim_charged, shim_charge_limit;	/* pages of all files */

#endif
