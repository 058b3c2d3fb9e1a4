/* hash.h - 64-bit hashes. Not secret and not stable: never put one on a disk or trust it against
 * an attacker.
 * Read:   hash.c. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <lib/types.h>

/* Spread @x so that each of its bits flips about half of the result's. One to one. */
static inline u64 hash_u64(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93UL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93UL;
	x ^= x >> 32;
	return x;
}

static inline u64 hash_ptr(const void *ptr)
{
	return hash_u64((u64)ptr);
}

/* The hash of @n bytes, any alignment. Another @seed gives another hash function. */
u64 hash_mem(const void *data, size_t n, u64 seed);

#endif
