/* inflate_test.c - what gzip packs is unpacked again: all levels, and data of many kinds; cut at
 * every byte and damaged at random it is an error, and no byte too far is read or written (each
 * buffer has exactly its size, so that the address sanitizer sees it). */
#include <stdio.h>
#include <string.h>

#include <lib/err.h>
#include <lib/inflate.h>

#include "test.h"

#define BIG	(3 << 18)

static struct inflate state;

/* @bytes of @data through `gzip @options`. The result is the caller's to free. */
static u8 *pack(const char *options, const u8 *data, size_t bytes, size_t *packed)
{
	char name[] = "/tmp/inflate_test.XXXXXX", command[128];
	int fd = mkstemp(name);
	u8 *out = malloc(2 * bytes + 1024);
	FILE *file = fdopen(fd, "wb"), *pipe;

	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	fclose(file);
	snprintf(command, sizeof(command), "gzip -c %s %s", options, name);
	pipe = popen(command, "r");
	*packed = fread(out, 1, 2 * bytes + 1024, pipe);
	assert_int_equal(pclose(pipe), 0);
	remove(name);
	return realloc(out, *packed);
}

static void unpacks_to(const u8 *packed, size_t bytes, const u8 *data, size_t size)
{
	u8 *out = malloc(size + !size);

	assert_int_equal(gunzip(&state, packed, bytes, NULL, 0), 0);
	assert_int_equal(state.made, size);
	assert_int_equal(gunzip(&state, packed, bytes, out, size), 0);
	assert_int_equal(state.made, size);
	assert_int_equal(state.used, bytes);
	assert_memory_equal(out, data, size);
	if (size) {
		assert_int_equal(gunzip(&state, packed, bytes, out, size - 1), -LIB_EINVAL);
		assert_string_equal(state.error, "there is no room for so much data");
	}
	free(out);
}

static const u8 letters[] = "etaoin shrdlu\n";

/* Noise, text, long runs, short periods, and all of them in turn. */
static void fill(u8 *data, size_t bytes, unsigned int kind)
{
	for (size_t i = 0; i < bytes; i++) {
		switch (kind == 4 ? i >> 12 & 3 : kind) {
		case 0:
			data[i] = (u8)random_u64();
			break;
		case 1:
			data[i] = letters[random_below(14)];
			break;
		case 2:
			data[i] = (u8)(i >> 13);
			break;
		default:
			data[i] = i % 7 ? (u8)(i % 7) : (u8)random_u64();
			break;
		}
	}
}

static void what_gzip_packs_is_unpacked(void **unused)
{
	static const char *const options[] = { "-1", "-6", "-n -9" };
	static const size_t sizes[] = { 0, 1, 300, BIG };
	u8 *data = malloc(BIG);

	(void)unused;
	for (unsigned int kind = 0; kind < 5; kind++) {
		fill(data, BIG, kind);
		for (size_t o = 0; o < ARRAY_SIZE(options); o++)
			for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
				size_t bytes;
				u8 *packed = pack(options[o], data, sizes[i], &bytes);

				unpacks_to(packed, bytes, data, sizes[i]);
				free(packed);
			}
	}
	free(data);
}

/* Header fields that gzip does not write: extra, name, comment and header checksum; a block of the
 * fixed code ("a", "b", and copies of them), and a stored one. */
static void every_header_field_and_block_is_read(void **unused)
{
	static const u8 fixed[] = {
		0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 2, 0, 'x', 'y', 'n', 0, 'c', 0, 1, 2,
		0x4b, 0x4c, 0x4a, 0x84, 0x42, 0x00, 0x9b, 0x7e, 0x9b, 0x98, 10, 0, 0, 0,
	};
	static const u8 stored[] = {
		0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 0, 0xfd, 0xff, 'h', 'i',
		0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0,
	};

	(void)unused;
	unpacks_to(fixed, sizeof(fixed), (const u8 *)"ababababab", 10);
	unpacks_to(stored, sizeof(stored), (const u8 *)"hi", 2);
}

static void what_follows_is_left(void **unused)
{
	size_t bytes;
	u8 data[1000], *packed, *more;

	(void)unused;
	fill(data, sizeof(data), 1);
	packed = pack("", data, sizeof(data), &bytes);
	more = malloc(bytes + 100);
	memcpy(more, packed, bytes);
	memset(more + bytes, 0xff, 100);
	assert_int_equal(gunzip(&state, more, bytes + 100, NULL, 0), 0);
	assert_int_equal(state.used, bytes);
	free(more);
	free(packed);
}

/* Returns an error, or 0 and then it is @data. */
static int unpack_copy(const u8 *packed, size_t bytes, const u8 *data, size_t room)
{
	u8 *copy = malloc(bytes + !bytes), *out = malloc(room);
	int ret;

	memcpy(copy, packed, bytes);
	gunzip(&state, copy, bytes, NULL, 0);
	ret = gunzip(&state, copy, bytes, out, room);
	assert_true(!ret == !state.error);
	if (!ret)
		assert_memory_equal(out, data, room);
	free(copy);
	free(out);
	return ret;
}

static void cut_data_is_an_error(void **unused)
{
	u8 data[3000], *packed;
	size_t bytes;

	(void)unused;
	fill(data, sizeof(data), 3);
	packed = pack("-9", data, sizeof(data), &bytes);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(unpack_copy(packed, i, data, sizeof(data)), -LIB_EINVAL);
	free(packed);
}

/* Behind the header each bit counts, but for those that fill up the last byte of the blocks. */
static void damaged_data_is_an_error(void **unused)
{
	u8 data[3000], *packed;
	unsigned int undetected = 0;
	size_t bytes;

	(void)unused;
	for (unsigned int kind = 0; kind < 4; kind++) {
		fill(data, sizeof(data), kind);
		packed = pack("-n", data, sizeof(data), &bytes);
		for (unsigned int i = 0; i < 1000; i++) {
			u8 *where = packed + 10 + random_below(bytes - 10);
			u8 bit = (u8)(1 << random_below(8));

			*where ^= bit;
			undetected += !unpack_copy(packed, bytes, data, sizeof(data));
			*where ^= bit;
		}
		free(packed);
	}
	assert_true(undetected < 400);
}

static void noise_is_survived(void **unused)
{
	u8 noise[200] = { 0x1f, 0x8b, 8, 0 };

	(void)unused;
	for (unsigned int i = 0; i < 5000; i++) {
		for (size_t n = 10; n < sizeof(noise); n++)
			noise[n] = (u8)random_u64();
		assert_int_equal(unpack_copy(noise, sizeof(noise), NULL, 1000), -LIB_EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_gzip_packs_is_unpacked),
		cmocka_unit_test(every_header_field_and_block_is_read),
		cmocka_unit_test(what_follows_is_left),
		cmocka_unit_test(cut_data_is_an_error),
		cmocka_unit_test(damaged_data_is_an_error),
		cmocka_unit_test(noise_is_survived),
	};

	return RUN_TESTS(tests);
}
