/* crc32_test.c - against the check value that the standard's catalogues give, and bit by bit. */
#include <string.h>

#include <lib/crc32.h>

#include "test.h"

static u32 bit_by_bit(const u8 *data, size_t n)
{
	u32 crc = ~0u;

	for (size_t i = 0; i < n * 8; i++) {
		u32 bit = (crc ^ data[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void known_values(void **state)
{
	(void)state;
	assert_int_equal(crc32(0, "", 0), 0);
	assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926u);
}

static void random_pieces_agree(void **state)
{
	u8 data[300];

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		size_t n = random_below(sizeof(data)), cut = random_below(n + 1);

		for (size_t i = 0; i < n; i++)
			data[i] = random_u64();
		assert_int_equal(crc32(0, data, n), bit_by_bit(data, n));
		assert_int_equal(crc32(crc32(0, data, cut), data + cut, n - cut),
				 bit_by_bit(data, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(random_pieces_agree),
	};

	return RUN_TESTS(tests);
}
