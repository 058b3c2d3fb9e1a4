/* bitmap.h - arrays of bits in unsigned longs, bit 0 the lowest of the first.
 * Locks:  the caller's; nothing here is atomic. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <lib/types.h>

#define BITS_PER_LONG		64
#define BITMAP_LONGS(nbits)	(((nbits) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, nbits)	unsigned long name[BITMAP_LONGS(nbits)]

static inline bool bitmap_test(const unsigned long *map, size_t bit)
{
	return map[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG) & 1;
}

static inline void bitmap_set(unsigned long *map, size_t bit)
{
	map[bit / BITS_PER_LONG] |= BIT(bit % BITS_PER_LONG);
}

static inline void bitmap_clear(unsigned long *map, size_t bit)
{
	map[bit / BITS_PER_LONG] &= ~BIT(bit % BITS_PER_LONG);
}

/* Set or clear @nr bits from @start on. */
void bitmap_set_range(unsigned long *map, size_t start, size_t nr);
void bitmap_clear_range(unsigned long *map, size_t start, size_t nr);

/* The first such bit at or after @start and below @size; @size if there is none. */
size_t bitmap_find_next_set(const unsigned long *map, size_t size, size_t start);
size_t bitmap_find_next_zero(const unsigned long *map, size_t size, size_t start);

static inline size_t bitmap_find_first_set(const unsigned long *map, size_t size)
{
	return bitmap_find_next_set(map, size, 0);
}

static inline size_t bitmap_find_first_zero(const unsigned long *map, size_t size)
{
	return bitmap_find_next_zero(map, size, 0);
}

/* How many of the first @size bits are set. */
size_t bitmap_weight(const unsigned long *map, size_t size);

#define for_each_set_bit(bit, map, size)				\
	for (bit = bitmap_find_next_set(map, size, 0); bit < (size);	\
	     bit = bitmap_find_next_set(map, size, bit + 1))

#endif
