/* string_test.c - lib's string functions against libc's, next to pages that cannot be touched. */
#include <string.h>
#include <sys/mman.h>

#include "libc_names.h"
#include <lib/err.h>
#include <lib/string.h>

#include "test.h"

DECLARE_LIBC(memcpy);
DECLARE_LIBC(memmove);
DECLARE_LIBC(memset);
DECLARE_LIBC(memcmp);
DECLARE_LIBC(memchr);
DECLARE_LIBC(strlen);
DECLARE_LIBC(strnlen);
DECLARE_LIBC(strcmp);
DECLARE_LIBC(strncmp);
DECLARE_LIBC(strchr);
DECLARE_LIBC(strrchr);
DECLARE_LIBC(strstr);
DECLARE_LIBC(strsep);

#define PAGE		4096

/* Two places of a page each, with unmapped pages before, between and behind them. */
static u8 *place_a, *place_b;

static int make_places(void **state)
{
	u8 *p = mmap(NULL, 5 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	place_a = p + PAGE;
	place_b = p + 3 * PAGE;
	return p == MAP_FAILED || mprotect(place_a, PAGE, PROT_READ | PROT_WRITE) ||
	       mprotect(place_b, PAGE, PROT_READ | PROT_WRITE);
}

static void fill(u8 *p, size_t n, u64 kinds)
{
	while (n--)
		*p++ = (u8)('a' + random_below(kinds));
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

/* @n bytes in @place: at its end, at its start, or anywhere. */
static u8 *somewhere(u8 *place, size_t n)
{
	switch (random_below(4)) {
	case 0:
		return place;
	case 1:
		return place + random_below(PAGE - n + 1);
	default:
		return place + PAGE - n;
	}
}

/* Mostly short, sometimes up to a page. */
static size_t random_length(void)
{
	return random_below(random_below(8) ? 40 : PAGE + 1);
}

static void copies_agree_with_libc(void **state)
{
	static u8 expected[PAGE];
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t n = random_length();
		u8 *dst = somewhere(place_a, n), *src = somewhere(place_b, n);

		fill(place_b, 64, 26);
		fill(src, n, 26);
		fill(place_a, PAGE, 1);
		libc_memcpy(expected, place_a, PAGE);
		libc_memcpy(expected + (dst - place_a), src, n);
		assert_ptr_equal((round & 1 ? memcpy : memmove)(dst, src, n), dst);
		assert_int_equal(libc_memcmp(expected, place_a, PAGE), 0);
	}
}

static void overlapping_moves_agree_with_libc(void **state)
{
	static u8 expected[PAGE];
	size_t span, n, from, to;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		n = random_length();
		span = min_t(size_t, PAGE, n + 20);
		from = PAGE - span + random_below(span - n + 1);
		to = PAGE - span + random_below(span - n + 1);
		fill(place_a, PAGE, 26);
		libc_memcpy(expected, place_a, PAGE);
		libc_memmove(expected + to, expected + from, n);
		assert_ptr_equal(memmove(place_a + to, place_a + from, n), place_a + to);
		assert_int_equal(libc_memcmp(expected, place_a, PAGE), 0);
	}
}

static void memset_agrees_with_libc(void **state)
{
	static u8 expected[PAGE];
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t n = random_length();
		u8 *dst = somewhere(place_a, n);
		int c = (int)random_u64();

		fill(place_a, PAGE, 2);
		libc_memcpy(expected, place_a, PAGE);
		libc_memset(expected + (dst - place_a), c, n);
		assert_ptr_equal(memset(dst, c, n), dst);
		assert_int_equal(libc_memcmp(expected, place_a, PAGE), 0);
	}
}

static void memory_searches_agree_with_libc(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < 50000; round++) {
		size_t n = random_length(), i;
		u8 *a = somewhere(place_a, n), *b = somewhere(place_b, n);

		libc_memset(a, 'x', n);
		libc_memset(b, 'x', n);
		if (n && round % 8) {
			a[random_below(n)] = (u8)random_u64();
			b[random_below(n)] = (u8)random_u64();
		}
		assert_int_equal(sign(memcmp(a, b, n)), sign(libc_memcmp(a, b, n)));
		assert_ptr_equal(memchr(a, 'y', n), libc_memchr(a, 'y', n));
		assert_ptr_equal(memchr(a, 'x' + 256, n), libc_memchr(a, 'x', n));
		for (i = 0; i < n && a[i] == 'x'; i++)
			;
		assert_ptr_equal(memchr_inv(a, 'x' + 256, n), i < n ? a + i : NULL);
	}
}

/* Put a random string at the end of @place; few letters, so that strings share beginnings. */
static char *random_string(u8 *place, size_t max)
{
	size_t n = random_below(max + 1);
	u8 *s = place + PAGE - n - 1;

	fill(s, n, 1 + random_below(3));
	if (n && random_below(4) == 0)
		s[random_below(n)] = 0xe9;	/* compared as unsigned */
	s[n] = '\0';
	return (char *)s;
}

static void strings_agree_with_libc(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < 50000; round++) {
		char *a = random_string(place_a, 20);
		char *b = random_string(place_b, random_below(2) ? 4 : 20);
		size_t n = random_below(24);
		int c = random_below(8) ? (int)('a' + random_below(4)) : 0;

		assert_int_equal(strlen(a), libc_strlen(a));
		assert_int_equal(strnlen(a, n), libc_strnlen(a, n));
		assert_int_equal(sign(strcmp(a, b)), sign(libc_strcmp(a, b)));
		assert_int_equal(sign(strncmp(a, b, n)), sign(libc_strncmp(a, b, n)));
		assert_ptr_equal(strchr(a, c), libc_strchr(a, c));
		assert_ptr_equal(strrchr(a, c), libc_strrchr(a, c));
		assert_ptr_equal(strstr(a, b), libc_strstr(a, b));
	}
}

static void bounded_reads_stop_at_the_bound(void **state)
{
	u8 *end = place_a + PAGE;

	(void)state;
	libc_memset(place_a, 'a', PAGE);
	libc_memset(place_b, 'a', PAGE);
	assert_int_equal(strnlen((char *)end - 5, 5), 5);
	assert_int_equal(strncmp((char *)end - 5, (char *)place_b + PAGE - 5, 5), 0);
	assert_null(memchr(end - 5, 'b', 5));
	assert_null(memchr_inv(end - 13, 'a', 13));
}

static void strsep_agrees_with_libc(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		char mine[24], theirs[24], *m = mine, *t = theirs, *token;

		strlcpy(mine, random_string(place_a, 20), sizeof(mine));
		libc_memcpy(theirs, mine, sizeof(mine));
		do {
			char *expected = libc_strsep(&t, "bc");

			token = strsep(&m, "bc");
			assert_int_equal(token != NULL, expected != NULL);
			if (token) {
				assert_int_equal(token - mine, expected - theirs);
				assert_int_equal(libc_strcmp(token, expected), 0);
			}
		} while (token);
	}
}

static void bounded_copies_always_end_in_nul(void **state)
{
	size_t size, len;

	(void)state;
	for (size = 1; size < 12; size++) {
		for (len = 0; len < 12; len++) {
			char *src = (char *)place_b + PAGE - len - 1;
			char *dst = (char *)place_a + PAGE - size;
			size_t copied = min(len, size - 1);

			fill((u8 *)src, len, 26);
			src[len] = '\0';
			assert_int_equal(strlcpy(dst, src, size), len);
			assert_true(!libc_memcmp(dst, src, copied) && !dst[copied]);
			libc_memset(dst, 'x', size);
			assert_int_equal(strscpy(dst, src, size),
					 len < size ? (int)len : -LIB_E2BIG);
			assert_true(!libc_memcmp(dst, src, copied) && !dst[copied]);
		}
	}
}

static void strscpy_reads_no_more_than_fits(void **state)
{
	char dst[8];

	(void)state;
	libc_memset(place_a, 'a', PAGE);	/* no NUL before the unmapped page */
	assert_int_equal(strscpy(dst, (char *)place_a + PAGE - 8, 8), -LIB_E2BIG);
	assert_string_equal(dst, "aaaaaaa");
}

static void spaces_are_skipped(void **state)
{
	(void)state;
	assert_string_equal(skip_spaces(" \t\r\n\v\fx y"), "x y");
	assert_string_equal(skip_spaces(""), "");
}

static void numbers_are_parsed(void **state)
{
	static const struct {
		const char *s;
		unsigned int base;
		int err;
		unsigned long value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "0\n", 10, 0, 0 },
		{ "12345", 0, 0, 12345 },
		{ "0x1fF", 0, 0, 0x1ff },
		{ "0X1fF", 16, 0, 0x1ff },
		{ "1fF", 16, 0, 0x1ff },
		{ "0755", 0, 0, 0755 },
		{ "0755", 10, 0, 755 },
		{ "z", 36, 0, 35 },
		{ "101", 2, 0, 5 },
		{ "18446744073709551615", 10, 0, ~0UL },
		{ "0xffffffffffffffff", 0, 0, ~0UL },
		{ "18446744073709551616", 10, -LIB_ERANGE, 0 },
		{ "99999999999999999999999", 10, -LIB_ERANGE, 0 },
		{ "0x10000000000000000", 0, -LIB_ERANGE, 0 },
		{ "99999999999999999999999x", 10, -LIB_EINVAL, 0 },
		{ "", 10, -LIB_EINVAL, 0 },
		{ "\n", 10, -LIB_EINVAL, 0 },
		{ "1\n\n", 10, -LIB_EINVAL, 0 },
		{ " 1", 10, -LIB_EINVAL, 0 },
		{ "-1", 10, -LIB_EINVAL, 0 },
		{ "+1", 10, -LIB_EINVAL, 0 },
		{ "12a", 10, -LIB_EINVAL, 0 },
		{ "08", 0, -LIB_EINVAL, 0 },
		{ "0x", 0, -LIB_EINVAL, 0 },
		{ "0xg", 16, -LIB_EINVAL, 0 },
		{ "2", 2, -LIB_EINVAL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long out = 77;

		assert_int_equal(parse_ulong(cases[i].s, cases[i].base, &out), cases[i].err);
		assert_true(out == (cases[i].err ? 77 : cases[i].value));
	}
}

static void sizes_are_parsed(void **state)
{
	static const struct {
		const char *s;
		int err;
		unsigned long value;
	} cases[] = {
		{ "4096", 0, 4096 }, { "64k", 0, 65536 }, { "64K\n", 0, 65536 },
		{ "0x10M", 0, 16UL << 20 }, { "3g", 0, 3UL << 30 }, { "2T", 0, 2UL << 40 },
		{ "0", 0, 0 }, { "", -LIB_EINVAL, 0 }, { "M", -LIB_EINVAL, 0 },
		{ "1MB", -LIB_EINVAL, 0 }, { "1kk", -LIB_EINVAL, 0 }, { "-1k", -LIB_EINVAL, 0 },
		{ "8388608T", 0, 1UL << 63 },
		{ "16777216T", -LIB_ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long out = 77;

		assert_int_equal(parse_bytes(cases[i].s, &out), cases[i].err);
		assert_true(out == (cases[i].err ? 77 : cases[i].value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_agree_with_libc),
		cmocka_unit_test(overlapping_moves_agree_with_libc),
		cmocka_unit_test(memset_agrees_with_libc),
		cmocka_unit_test(memory_searches_agree_with_libc),
		cmocka_unit_test(strings_agree_with_libc),
		cmocka_unit_test(bounded_reads_stop_at_the_bound),
		cmocka_unit_test(strsep_agrees_with_libc),
		cmocka_unit_test(bounded_copies_always_end_in_nul),
		cmocka_unit_test(strscpy_reads_no_more_than_fits),
		cmocka_unit_test(spaces_are_skipped),
		cmocka_unit_test(numbers_are_parsed),
		cmocka_unit_test(sizes_are_parsed),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, make_places, NULL);
}
