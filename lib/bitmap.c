/* bitmap.c - searching and filling arrays of bits a word at a time.
 * Locks:  the caller's. */
#include <lib/bitmap.h>

/* The bits of a word from @first on, and those below @end, which is 1 to 64. */
static inline unsigned long mask_from(size_t first)
{
	return ~0UL << first;
}

static inline unsigned long mask_below(size_t end)
{
	return ~0UL >> (BITS_PER_LONG - end);
}

/* Visit the words of [@start, @start + @nr), each with the mask of its bits that are inside. */
static inline void fill(unsigned long *map, size_t start, size_t nr, bool value)
{
	size_t end = start + nr;

	while (start < end) {
		unsigned long *word = &map[start / BITS_PER_LONG];
		size_t word_start = ALIGN_DOWN(start, BITS_PER_LONG);
		size_t stop = min(end, word_start + BITS_PER_LONG);
		unsigned long mask = mask_from(start - word_start) & mask_below(stop - word_start);

		*word = value ? *word | mask : *word & ~mask;
		start = stop;
	}
}

void bitmap_set_range(unsigned long *map, size_t start, size_t nr)
{
	fill(map, start, nr, true);
}

void bitmap_clear_range(unsigned long *map, size_t start, size_t nr)
{
	fill(map, start, nr, false);
}

/* The next set bit of @map, each word taken exclusive-or @invert. */
static inline size_t find_next(const unsigned long *map, size_t size, size_t start,
			       unsigned long invert)
{
	unsigned long word;
	size_t i;

	if (start >= size)
		return size;
	i = start / BITS_PER_LONG;
	word = (map[i] ^ invert) & mask_from(start % BITS_PER_LONG);
	while (!word) {
		if (++i >= BITMAP_LONGS(size))
			return size;
		word = map[i] ^ invert;
	}
	return min(size, i * BITS_PER_LONG + (size_t)__builtin_ctzl(word));
}

size_t bitmap_find_next_set(const unsigned long *map, size_t size, size_t start)
{
	return find_next(map, size, start, 0);
}

size_t bitmap_find_next_zero(const unsigned long *map, size_t size, size_t start)
{
	return find_next(map, size, start, ~0UL);
}

/* Bits counted in pairs, then nibbles, then bytes; the multiplication adds up the bytes. Written
 * out because the compiler's own is a library call on processors that may lack POPCNT. */
static unsigned int weight_of_word(unsigned long x)
{
	x -= x >> 1 & 0x5555555555555555UL;
	x = (x & 0x3333333333333333UL) + (x >> 2 & 0x3333333333333333UL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return x * 0x0101010101010101UL >> 56;
}

size_t bitmap_weight(const unsigned long *map, size_t size)
{
	size_t i, weight = 0;

	for (i = 0; i < size / BITS_PER_LONG; i++)
		weight += weight_of_word(map[i]);
	if (size % BITS_PER_LONG)
		weight += weight_of_word(map[i] & mask_below(size % BITS_PER_LONG));
	return weight;
}
