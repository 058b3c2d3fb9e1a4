/* printf_test.c - random formats through lib's printf and libc's: same bytes, same results. */
#include "libc_names.h"
#include <lib/printf.h>
#include <lib/string.h>

#include "test.h"

DECLARE_LIBC(snprintf);
DECLARE_LIBC(strlen);
DECLARE_LIBC(memset);
DECLARE_LIBC(memcmp);
DECLARE_LIBC(strcmp);
DECLARE_LIBC(memcpy);

/* The formats are made at run time. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

#define BUF_SIZE	160

static char *append(char *p, const char *s)
{
	while (*s)
		*p++ = *s++;
	return p;
}

/* A width or precision behind @before, or nothing. */
static char *append_count(char *p, const char *before)
{
	char digits[8];

	if (random_below(2))
		return p;
	p = append(p, before);
	if (random_below(8) == 0)
		return p;			/* nothing, or a lone '.', which means zero */
	libc_snprintf(digits, sizeof(digits), "%d", 1 + (int)random_below(30));
	return append(p, digits);
}

static char *append_flags(char *p, const char *flags)
{
	for (; *flags; flags++)
		if (random_below(4) == 0)
			*p++ = *flags;
	return p;
}

/* A conversion for an integer of 64 bits, passed where fewer are read too. */
static void make_integer_format(char *p)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "t", "j" };
	char letter = "diuxXo"[random_below(6)];
	/* The flags that C defines for the letter, and no more. */
	const char *flags = letter == 'd' || letter == 'i' ? "-+ 0" : letter == 'u' ? "-0" : "-#0";

	p = append(p, "<%");
	p = append_flags(p, flags);
	p = append_count(p, "");
	p = append_count(p, ".");
	p = append(p, lengths[random_below(ARRAY_SIZE(lengths))]);
	*p++ = letter;
	p = append(p, "> ");
	*p = '\0';
}

/* Values of every magnitude, near zero and near the edges of the types. */
static u64 random_value(void)
{
	u64 value = random_u64() >> random_below(64);

	switch (random_below(6)) {
	case 0:
		return 0;
	case 1:
		return BIT(random_below(64)) - random_below(2);
	case 2:
		return -value;
	default:
		return value;
	}
}

/* Both print @fmt with these arguments, evaluated twice, into a buffer that may be too small; what
 * lies behind it must stay. */
#define COMPARE(fmt, ...) do {							\
	char mine_[BUF_SIZE], theirs_[BUF_SIZE];				\
	size_t size_ = random_below(4) ? BUF_SIZE : random_below(24);		\
	int my_len_, their_len_;						\
										\
	libc_memset(mine_, '#', BUF_SIZE);					\
	libc_memset(theirs_, '#', BUF_SIZE);					\
	my_len_ = snprintf(mine_, size_, fmt, __VA_ARGS__);			\
	their_len_ = libc_snprintf(theirs_, size_, fmt, __VA_ARGS__);		\
	if (my_len_ != their_len_ || libc_memcmp(mine_, theirs_, BUF_SIZE))	\
		fail_msg("'%s': %d '%.150s', libc %d '%.150s'", fmt,		\
			 my_len_, mine_, their_len_, theirs_);			\
} while (0)

static void integers_agree_with_libc(void **state)
{
	char fmt[100];
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		u64 first = random_value(), second = random_value();

		make_integer_format(fmt);
		make_integer_format(fmt + libc_strlen(fmt));
		COMPARE(fmt, first, second);
	}
}

static void widths_from_arguments_agree_with_libc(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		int width = (int)random_below(60) - 30, precision = (int)random_below(40) - 10;
		u64 value = random_value();

		COMPARE("[%*ld]", width, value);
		COMPARE("[%#0*lx]", width, value);
		COMPARE("[%.*lo]", precision, value);
		COMPARE("[%+*.*d]", width, precision, (int)value);
		COMPARE("[%*.*s]", width, precision, "some text");
		COMPARE("[%-*c]", width, 'c');
	}
}

static void strings_agree_with_libc(void **state)
{
	static const char *const texts[] = { "", "a", "word", "a longer text with % signs %d" };
	char fmt[100], *p;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const char *text = texts[random_below(ARRAY_SIZE(texts))];

		p = append_flags(append(fmt, "%"), "-");
		p = append_count(p, "");
		p = append_count(p, ".");
		p = append_flags(append(p, "s|%%|%"), "-");
		p = append_count(p, "");
		p = append(p, "c.");
		*p = '\0';
		COMPARE(fmt, text, 'a' + i % 26);
	}
}

static void pointers_are_hex(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(snprintf(buf, 64, "%p|%p", (void *)0xffffffff80001000UL, NULL), 22);
	assert_string_equal(buf, "0xffffffff80001000|0x0");
	assert_int_equal(snprintf(buf, 64, "%8p|%-8p|", (void *)0x1234, (void *)0x1234), 18);
	assert_string_equal(buf, "  0x1234|0x1234  |");
}

static void null_string_and_unknown_letters_do_no_harm(void **state)
{
	char buf[64];
	const char *volatile null = NULL, *volatile odd = "%y %5.2lQ 100%";

	(void)state;
	snprintf(buf, sizeof(buf), "%s", null);
	assert_string_equal(buf, "(null)");
	assert_int_equal(snprintf(buf, sizeof(buf), odd), 14);
	assert_string_equal(buf, "%y %5.2lQ 100%");
}

static void precision_bounds_what_is_read(void **state)
{
	char *s = malloc(4), buf[16];		/* no NUL: reading on would be seen */

	(void)state;
	libc_memcpy(s, "abcd", 4);
	assert_int_equal(snprintf(buf, sizeof(buf), "%.4s", s), 4);
	assert_string_equal(buf, "abcd");
	free(s);
}

static void scnprintf_returns_what_is_there(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(scnprintf(buf, 8, "%s", "123"), 3);
	assert_int_equal(scnprintf(buf, 8, "%s", "1234567"), 7);
	assert_int_equal(scnprintf(buf, 8, "%s", "12345678"), 7);
	assert_string_equal(buf, "1234567");
	assert_int_equal(scnprintf(buf, 1, "%s", "1"), 0);
	assert_int_equal(scnprintf(NULL, 0, "%s", "1"), 0);
}

struct collected {
	char	text[BUF_SIZE];
	size_t	len;
	int	calls;
};

static void collect(void *ctx, const char *s, size_t n)
{
	struct collected *c = ctx;

	assert_true(n > 0);
	libc_memcpy(c->text + c->len, s, n);
	c->len += n;
	c->calls++;
}

static int print_to(struct collected *c, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vprintf_sink(collect, c, fmt, ap);
	va_end(ap);
	return len;
}

static void sink_gets_all_pieces(void **state)
{
	struct collected c = { .len = 0 };

	(void)state;
	assert_int_equal(print_to(&c, "cpu%d: %-6s|%05x|\n", 3, "idle", 0xbeef), 20);
	assert_int_equal(c.len, 20);
	assert_int_equal(libc_strcmp(c.text, "cpu3: idle  |0beef|\n"), 0);

	c = (struct collected){ .len = 0 };
	assert_int_equal(print_to(&c, "plain text"), 10);
	assert_int_equal(c.calls, 1);
	assert_int_equal(print_to(&c, "%s", ""), 0);
	assert_int_equal(c.calls, 1);
}

/* Every length of number, and those beside its ends. */
static void numbers_alone_agree_with_libc(void **state)
{
	char ours[64], theirs[64];
	u64 value = 1;

	(void)state;
	for (int i = 0; i < 200; i++) {
		unsigned int width = (unsigned int)i % 17;

		*format_dec(ours, value) = '\0';
		libc_snprintf(theirs, sizeof(theirs), "%lu", (unsigned long)value);
		assert_string_equal(ours, theirs);
		*format_hex(ours, value, width) = '\0';
		libc_snprintf(theirs, sizeof(theirs), "%0*lx", (int)width, (unsigned long)value);
		assert_string_equal(ours, theirs);
		value = i % 3 == 0 ? value - 1 : i % 3 == 1 ? value + 1 : value * (i % 2 ? 10 : 16);
		if (i == 120)
			value = ~0UL;
	}
	assert_ptr_equal(format_dec(ours, ~0UL), ours + FORMAT_MAX);
	assert_ptr_equal(format_hex(ours, 0, 0), ours + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_agree_with_libc),
		cmocka_unit_test(widths_from_arguments_agree_with_libc),
		cmocka_unit_test(strings_agree_with_libc),
		cmocka_unit_test(pointers_are_hex),
		cmocka_unit_test(null_string_and_unknown_letters_do_no_harm),
		cmocka_unit_test(precision_bounds_what_is_read),
		cmocka_unit_test(scnprintf_returns_what_is_there),
		cmocka_unit_test(sink_gets_all_pieces),
		cmocka_unit_test(numbers_alone_agree_with_libc),
	};

	return RUN_TESTS(tests);
}
