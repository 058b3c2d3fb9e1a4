/* string.c - memory and strings.
 * Holds:  memcpy, memmove and memset also serve the calls that the compiler makes by itself.
 *         (This file needs -fno-tree-loop-distribute-patterns, else the compiler finds a memset
 *         in memset's loop, and calls it.) Nothing outside the given bytes is read or written.
 *         Bulk work goes through the string instructions, eight bytes an iteration: that is
 *         fast on processors and, under an emulator that counts, one instruction a word. What
 *         is left over is done by one word that overlaps the last whole one.
 * Read:   string.h for the contracts.
 *
 * Host programs have a libc with most of these names. They compile this file and printf.c with
 * -include tests/host/lib/libc_names.h, which renames the names of both to lib_memcpy and so on;
 * tests call those, and everything else in a host program uses libc's. */
#include <lib/string.h>
#include <lib/ctype.h>
#include <lib/err.h>

/* For access at any address, whatever is stored there. */
typedef u16 __attribute__((aligned(1), may_alias)) any_u16;
typedef u32 __attribute__((aligned(1), may_alias)) any_u32;
typedef u64 __attribute__((aligned(1), may_alias)) any_u64;

#define LOAD(type, p)		(*(const type *)(p))
#define STORE(type, p, v)	(*(type *)(p) = (v))

/* Copy @n bytes, where sizeof(type) <= @n <= 2 * sizeof(type). All loads come first, so the two
 * places may overlap in any way. */
#define COPY_ENDS(type, d, s, n) do {					\
	type head_ = LOAD(type, s);					\
	type tail_ = LOAD(type, (s) + (n) - sizeof(type));		\
	STORE(type, d, head_);						\
	STORE(type, (d) + (n) - sizeof(type), tail_);			\
} while (0)

/* Copy up to 16 bytes, which may overlap in any way. */
static inline void copy_small(char *d, const char *s, size_t n)
{
	if (n >= 8)
		COPY_ENDS(any_u64, d, s, n);
	else if (n >= 4)
		COPY_ENDS(any_u32, d, s, n);
	else if (n >= 2)
		COPY_ENDS(any_u16, d, s, n);
	else if (n)
		*d = *s;
}

/* Copy at least 8 bytes upwards. Right even if @d is in front of and overlaps @s: the tail is
 * loaded before anything is stored. */
static inline void copy_up(char *d, const char *s, size_t n)
{
	u64 tail = LOAD(any_u64, s + n - 8);
	char *end = d + n;
	size_t words = n / 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
	STORE(any_u64, end - 8, tail);
}

/* Copy at least 8 bytes downwards, for a @d inside of @s's bytes. */
static inline void copy_down(char *d, const char *s, size_t n)
{
	u64 head = LOAD(any_u64, s);

	for (; n >= 8; n -= 8)
		STORE(any_u64, d + n - 8, LOAD(any_u64, s + n - 8));
	STORE(any_u64, d, head);
}

void *memcpy(void *dst, const void *src, size_t n)
{
	if (n <= 16)
		copy_small(dst, src, n);
	else
		copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n <= 16)
		copy_small(dst, src, n);
	else if ((uintptr_t)dst - (uintptr_t)src >= n)	/* unsigned: also if dst is in front */
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

static inline u64 repeat_byte(int c)
{
	return (u8)c * 0x0101010101010101UL;
}

void *memset(void *dst, int c, size_t n)
{
	u64 pattern = repeat_byte(c);
	char *d = dst, *end = d + n;
	size_t words = n / 8;

	if (n >= 8) {
		__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
		STORE(any_u64, end - 8, pattern);
	} else if (n >= 4) {
		STORE(any_u32, d, pattern);
		STORE(any_u32, end - 4, pattern);
	} else {
		while (d < end)
			*d++ = (char)c;
	}
	return dst;
}

/* Which of two words comes first in memory order, that is, by the lowest byte that differs. */
static int compare_words(u64 a, u64 b)
{
	a = __builtin_bswap64(a);
	b = __builtin_bswap64(b);
	return a < b ? -1 : a > b;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;
	size_t words = n / 8;
	bool same;

	if (n >= 8) {
		__asm__ volatile("repe cmpsq" : "+S"(p), "+D"(q), "+c"(words), "=@ccz"(same)
				 : : "memory");
		if (same) {			/* then the last eight bytes decide */
			p = (const u8 *)a + n;
			q = (const u8 *)b + n;
		}
		return compare_words(LOAD(any_u64, p - 8), LOAD(any_u64, q - 8));
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

void *memchr_inv(const void *s, int c, size_t n)
{
	const u8 *p = s, *end = p + n;
	size_t words = n / 8;
	bool same;

	if (words) {
		__asm__ volatile("repe scasq" : "+D"(p), "+c"(words), "=@ccz"(same)
				 : "a"(repeat_byte(c)) : "memory");
		if (!same)
			p -= 8;			/* it is among the eight just passed */
	}
	for (; p < end; p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n); s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strsep(char **s, const char *delims)
{
	char *token = *s, *p;

	if (!token)
		return NULL;
	for (p = token; *p && !strchr(delims, *p); p++)
		;
	*s = *p ? p + 1 : NULL;
	*p = '\0';
	return token;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = min(len, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size), n = min(len, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
	return len == n ? (ssize_t)n : -LIB_E2BIG;
}

char *skip_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return (char *)s;
}

/* Settle the base that 0 stands for, and go past a 0x that is followed by a digit. */
static const char *parse_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* The digits at *@s, which moves past them. Returns false if there are none. */
static bool parse_digits(const char **s, unsigned int base, unsigned long *value, bool *over)
{
	const char *p = parse_prefix(*s, &base), *first = p;
	unsigned int digit;

	for (*value = 0; (digit = digit_value(*p)) < base; p++) {
		*over |= __builtin_mul_overflow(*value, base, value);
		*over |= __builtin_add_overflow(*value, digit, value);
	}
	*s = p;
	return p > first;
}

/* How many bits further left the unit at @s puts a number; 0: it is none. */
static unsigned int unit_shift(char unit)
{
	switch (tolower(unit)) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return 0;
	}
}

static int parse_number(const char *s, unsigned int base, bool units, unsigned long *out)
{
	unsigned long value;
	bool over = false;

	if (!parse_digits(&s, base, &value, &over))
		return -LIB_EINVAL;
	if (units && unit_shift(*s))
		over |= __builtin_mul_overflow(value, 1UL << unit_shift(*s++), &value);
	if (*s == '\n')
		s++;
	if (*s)
		return -LIB_EINVAL;
	if (over)
		return -LIB_ERANGE;
	*out = value;
	return 0;
}

int parse_ulong(const char *s, unsigned int base, unsigned long *out)
{
	return parse_number(s, base, false, out);
}

int parse_bytes(const char *s, unsigned long *out)
{
	return parse_number(s, 0, true, out);
}
