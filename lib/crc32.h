/* crc32.h - the checksum of GPT, gzip and Ethernet (CRC-32 of ISO 3309, reflected 0xedb88320).
 * Read:   crc32.c. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <lib/types.h>

/* The checksum of what had the checksum @crc (nothing: 0) with the @n bytes at @data behind it. */
u32 crc32(u32 crc, const void *data, size_t n);

#endif
