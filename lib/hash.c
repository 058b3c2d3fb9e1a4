/* hash.c - hashing memory eight bytes at a time.
 * Holds:  each step maps the state one to one for a given word, so two inputs of one length that
 *         differ in one word never collide before the final mix, which is one to one itself. */
#include <lib/hash.h>

/* Loads from any address, whatever was stored there. */
typedef u64 __attribute__((aligned(1), may_alias)) any_u64;

#define MULTIPLIER	0x9fb21c651e98df25UL	/* odd, about half of its bits set, at random */

/* A multiplication carries a difference upwards only; the rotation brings it down again for the
 * next one. */
static inline u64 add_word(u64 h, u64 word)
{
	h = (h ^ word) * MULTIPLIER;
	return h << 29 | h >> 35;
}

u64 hash_mem(const void *data, size_t n, u64 seed)
{
	const u8 *p = data, *end = p + n;
	u64 h = seed ^ n * MULTIPLIER, tail = 0;

	for (; end - p >= 32; p += 32) {	/* unrolled: ksm hashes pages with this */
		const any_u64 *w = (const any_u64 *)p;

		h = add_word(h, w[0]);
		h = add_word(h, w[1]);
		h = add_word(h, w[2]);
		h = add_word(h, w[3]);
	}
	for (; end - p >= 8; p += 8)
		h = add_word(h, *(const any_u64 *)p);
	if (p < end) {
		while (p < end)
			tail = tail << 8 | *p++;
		h = add_word(h, tail);
	}
	return hash_u64(h);
}
