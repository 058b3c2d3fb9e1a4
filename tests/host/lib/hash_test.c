/* hash_test.c - how well the hashes spread, and that they read what they should and no more. */
#include <string.h>

#include <lib/hash.h>

#include "test.h"

static int by_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void same_bytes_same_hash_wherever_they_lie(void **state)
{
	size_t n, shift;

	(void)state;
	for (n = 0; n < 100; n++) {
		u8 *a = malloc(n + 1), *b;
		size_t i;

		for (i = 0; i < n; i++)
			a[i] = (u8)random_u64();
		for (shift = 0; shift < 8; shift++) {
			b = malloc(n + shift + !(n + shift));	/* ends where the bytes end */
			memcpy(b + shift, a, n);
			assert_true(hash_mem(a, n, 7) == hash_mem(b + shift, n, 7));
			free(b);
		}
		free(a);
	}
}

/* Flipping any bit of the input flips each bit of the result about every other time. */
static void each_bit_moves_half_of_the_others(void **state)
{
	enum { LEN = 45, ROUNDS = 60 };
	u8 data[LEN];
	int bit, round, i;

	(void)state;
	for (bit = 0; bit < LEN * 8; bit++) {
		int flipped = 0;

		for (round = 0; round < ROUNDS; round++) {
			u64 before;

			for (i = 0; i < LEN; i++)
				data[i] = (u8)random_u64();
			before = hash_mem(data, LEN, 0);
			data[bit / 8] ^= (u8)(1 << bit % 8);
			flipped += __builtin_popcountl(before ^ hash_mem(data, LEN, 0));
		}
		assert_in_range(flipped, ROUNDS * 28, ROUNDS * 36);
	}
}

/* Zero pages but for one bit, or for the top bits of two words, which a multiplication alone would
 * let cancel each other: no two collide. */
static void sparse_pages_do_not_collide(void **state)
{
	enum { WORDS = 512, SINGLES = WORDS * 16, PAIRS = 8000 };
	static u64 page[WORDS], hashes[SINGLES + PAIRS];
	size_t n = 0, i;

	(void)state;
	for (i = 0; i < SINGLES; i++) {
		page[i / 16] = 1UL << i % 16 * 4;
		hashes[n++] = hash_mem(page, sizeof(page), 0);
		page[i / 16] = 0;
	}
	for (i = 0; i < PAIRS; i++) {
		size_t a = i % 256, b = a + 1 + i / 256;

		page[a] = page[b] = 1UL << 63;
		hashes[n++] = hash_mem(page, sizeof(page), 0);
		page[a] = page[b] = 0;
	}
	qsort(hashes, n, sizeof(hashes[0]), by_u64);
	for (i = 1; i < n; i++)
		assert_true(hashes[i - 1] != hashes[i]);
}

static void length_and_seed_count(void **state)
{
	u8 zeros[64] = { 0 };
	u64 hashes[2 * 65];
	size_t n;

	(void)state;
	for (n = 0; n <= 64; n++) {
		hashes[2 * n] = hash_mem(zeros, n, 0);
		hashes[2 * n + 1] = hash_mem(zeros, n, 1);
	}
	qsort(hashes, ARRAY_SIZE(hashes), sizeof(hashes[0]), by_u64);
	for (n = 1; n < ARRAY_SIZE(hashes); n++)
		assert_true(hashes[n - 1] != hashes[n]);
}

/* Addresses of objects in rows fill the buckets of a table evenly, by high bits or low. */
static void pointers_spread_over_buckets(void **state)
{
	static const size_t strides[] = { 8, 64, 192, 4096, 1UL << 21 };
	size_t s, i;

	(void)state;
	for (s = 0; s < ARRAY_SIZE(strides); s++) {
		unsigned int low[64] = { 0 }, high[64] = { 0 };

		for (i = 0; i < 6400; i++) {
			u64 h = hash_ptr((void *)(0xffff888000000000UL + i * strides[s]));

			low[h & 63]++;
			high[h >> 58]++;
		}
		for (i = 0; i < 64; i++) {
			assert_in_range(low[i], 50, 150);
			assert_in_range(high[i], 50, 150);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_same_hash_wherever_they_lie),
		cmocka_unit_test(each_bit_moves_half_of_the_others),
		cmocka_unit_test(sparse_pages_do_not_collide),
		cmocka_unit_test(length_and_seed_count),
		cmocka_unit_test(pointers_spread_over_buckets),
	};

	return RUN_TESTS(tests);
}
