/* cpio.h - reading "newc" cpio archives that lie in memory, with checksums or without.
 * Holds:  nothing outside the given bytes is read, whatever they are; nothing is copied.
 * Read:   cpio.c; kernel/fs/initramfs.c, which makes files of the entries. */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <lib/types.h>

struct cpio_entry {
	const char	*name;		/* ends with a NUL */
	size_t		namelen;	/* without it */
	const void	*data;		/* a symlink's target has no NUL */
	u32		filesize;
	u32		ino, mode, uid, gid, nlink, mtime;
	u32		devmajor, devminor, rdevmajor, rdevminor;
};

struct cpio_iter {
	const char	*base;
	size_t		size;
	size_t		pos;		/* where the next header is looked for */
	bool		open;		/* entries were seen, their trailer not yet */
	unsigned int	nr_archives;	/* trailers seen */
	const char	*error;		/* what is wrong; NULL while nothing is */
	size_t		error_offset;	/* and where in the archive */
};

void cpio_init(struct cpio_iter *it, const void *archive, size_t size);

/* Step to the next entry. Archives may follow each other, with zeros between and after them;
 * trailers are not shown.
 * Returns: 1 and *@e; 0 at the end, or where compressed data follows instead of an archive, and
 *          then it->pos is less than it->size; -EINVAL if the archive is damaged, then @it says
 *          how, and every further call fails the same way. */
int cpio_next(struct cpio_iter *it, struct cpio_entry *e);

/* What the data seems to be compressed with, by its first bytes; NULL: nothing that is known. */
const char *cpio_compression(const void *data, size_t size);

#endif
