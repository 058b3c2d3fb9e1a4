/* blkio.h - ioctls of disks. */
#ifndef UAPI_BLKIO_H
#define UAPI_BLKIO_H

#define BLKROGET	0x125e		/* int: cannot be written */
#define BLKGETSIZE	0x1260		/* unsigned long: sectors of 512 bytes */
#define BLKFLSBUF	0x1261
#define BLKSSZGET	0x1268		/* int: bytes of a block */
#define BLKPBSZGET	0x127b		/* unsigned int: the same inside the disk */
#define BLKBSZGET	0x80081270	/* int: bytes that are best moved at a time */
#define BLKGETSIZE64	0x80081272	/* u64: bytes */

#endif
