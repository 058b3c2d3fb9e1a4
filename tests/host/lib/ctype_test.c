/* ctype_test.c - character classes against libc's, for every byte. */
#include <lib/ctype.h>

#include "test.h"

#define DECLARE(name)	int libc_##name(int c) __asm__(#name)
DECLARE(isdigit);
DECLARE(islower);
DECLARE(isupper);
DECLARE(isalpha);
DECLARE(isalnum);
DECLARE(isspace);
DECLARE(isprint);
DECLARE(iscntrl);
DECLARE(tolower);
DECLARE(toupper);

static void classes_agree_with_libc(void **state)
{
	int c;

	(void)state;
	for (c = -1; c < 256; c++) {
		assert_int_equal(isdigit(c), !!libc_isdigit(c));
		assert_int_equal(islower(c), !!libc_islower(c));
		assert_int_equal(isupper(c), !!libc_isupper(c));
		assert_int_equal(isalpha(c), !!libc_isalpha(c));
		assert_int_equal(isalnum(c), !!libc_isalnum(c));
		assert_int_equal(isspace(c), !!libc_isspace(c));
		assert_int_equal(isprint(c), !!libc_isprint(c));
		assert_int_equal(iscntrl(c), !!libc_iscntrl(c));
		assert_int_equal(tolower(c), libc_tolower(c));
		assert_int_equal(toupper(c), libc_toupper(c));
	}
}

static void digits_have_their_values(void **state)
{
	(void)state;
	assert_int_equal(digit_value('0') * 100 + digit_value('9'), 9);
	assert_int_equal(digit_value('a') + digit_value('A'), 20);
	assert_int_equal(digit_value('z') + digit_value('Z'), 70);
	assert_int_equal(digit_value('@'), 99);
	assert_int_equal(digit_value('\0'), 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_agree_with_libc),
		cmocka_unit_test(digits_have_their_values),
	};

	return RUN_TESTS(tests);
}
