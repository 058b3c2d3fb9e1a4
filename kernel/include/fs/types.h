/* types.h - file sizes, modes and device numbers inside the kernel. */
#ifndef FS_TYPES_H
#define FS_TYPES_H

#include <lib/types.h>

typedef long		loff_t;		/* bytes */
typedef unsigned int	umode_t;	/* S_IF* and permission bits */
typedef unsigned int	dev_t;		/* major << 20 | minor */

#define MINORBITS	20
#define MAJOR(dev)	((unsigned int)(dev) >> MINORBITS)
#define MINOR(dev)	((unsigned int)(dev) & ((1u << MINORBITS) - 1))
#define MKDEV(ma, mi)	((dev_t)((ma) << MINORBITS | (mi)))

#define NAME_MAX	255		/* bytes of one name, without NUL */
#define PATH_MAX	4096		/* bytes of a path, with NUL */
#define MAX_FILE_BYTES	0x7ffffffffffff000L

/* A device number as stat(2) and mknod(2) spell it. */
static inline u64 new_encode_dev(dev_t dev)
{
	u64 major = MAJOR(dev), minor = MINOR(dev);

	return (minor & 0xff) | major << 8 | (minor & ~0xffUL) << 12;
}

static inline dev_t new_decode_dev(u32 dev)
{
	return MKDEV((dev & 0xfff00) >> 8, (dev & 0xff) | ((dev >> 12) & 0xfff00));
}

#endif
