/* inflate.h - unpacking gzip data that lies in memory (RFC 1952, RFC 1951).
 * Holds:  nothing outside the given bytes is read or written, whatever they hold.
 * Read:   inflate.c; kernel/fs/initramfs.c, the user. */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include <lib/types.h>

#define INFLATE_FAST_BITS	10
#define INFLATE_MAX_BITS	15
#define INFLATE_SYMBOLS		288

/* A prefix code, as lengths in bits define it. */
struct inflate_code {
	u16	fast[1 << INFLATE_FAST_BITS];	/* symbol << 4 | length; 0: longer, or none */
	u16	count[INFLATE_MAX_BITS + 1];	/* codes of each length */
	u16	symbols[INFLATE_SYMBOLS];	/* in the order of their codes */
};

/* Some 6 KiB, the caller's. What is not said to be a result is the functions' own. */
struct inflate {
	const char		*error;		/* what is wrong, if something is */
	size_t			used;		/* bytes of input read, trailer included */
	size_t			made;		/* bytes of output, also if there is no room */
	const u8		*start, *in, *end;
	u8			*out;
	size_t			out_bytes;
	u64			bits;		/* read and not used yet, lowest first */
	unsigned int		nr_bits;
	struct inflate_code	literals, distances;
};

/* Unpack the gzip member that @in begins with into @out. A NULL @out only measures: @s->made is
 * what there will be. The checksum is verified when it is unpacked.
 * Returns: 0; -EINVAL and @s->error. */
int gunzip(struct inflate *s, const void *in, size_t in_bytes, void *out, size_t out_bytes);

#endif
