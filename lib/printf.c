/* printf.c - formatted output.
 * Holds:  the text goes out in pieces as it is made; only a number's digits are ever stored.
 * Read:   format_one for what a conversion does; the spec it fills for what a conversion is. */
#include <lib/printf.h>
#include <lib/ctype.h>
#include <lib/string.h>

#define INT_LIMIT	0x7fffffff

/* Where output goes. */
struct out {
	printf_sink_fn	put;
	void		*ctx;
	size_t		total;		/* bytes so far */
};

/* One conversion: % flags width .precision length letter. */
struct spec {
	bool	minus, plus, space, alt, zero;
	int	width;
	int	precision;		/* -1 if not given */
	int	size;			/* of the integer argument, in bytes */
	char	letter;
};

/* The text of one conversion: padding, prefix, zeros, body, in that order unless `minus`. */
struct field {
	const char	*prefix;	/* a sign or 0x, up to two bytes */
	int		zeros;
	const char	*body;
	size_t		len;
};

static void put_text(struct out *out, const char *s, size_t n)
{
	if (!n)
		return;
	out->put(out->ctx, s, n);
	out->total += n;
}

/* @n copies of a blank or a zero; none if @n is negative. */
static void put_fill(struct out *out, char c, long n)
{
	static const char blanks[] = "                ", zeros[] = "0000000000000000";
	const long chunk = sizeof(blanks) - 1;

	for (; n > 0; n -= chunk)
		put_text(out, c == '0' ? zeros : blanks, (size_t)min(n, chunk));
}

static void put_field(struct out *out, const struct spec *spec, const struct field *field)
{
	size_t prefix_len = strlen(field->prefix);
	long pad = spec->width - (long)prefix_len - field->zeros - (long)field->len;

	if (!spec->minus)
		put_fill(out, ' ', pad);
	put_text(out, field->prefix, prefix_len);
	put_fill(out, '0', field->zeros);
	put_text(out, field->body, field->len);
	if (spec->minus)
		put_fill(out, ' ', pad);
}

/* The zeros that a number of @len digits after @prefix_len other bytes needs. */
static int zeros_wanted(const struct spec *spec, int len, int prefix_len)
{
	if (spec->precision >= 0)
		return max(spec->precision - len, 0);
	if (spec->zero && !spec->minus)
		return max(spec->width - prefix_len - len, 0);
	return 0;
}

static void put_number(struct out *out, const struct spec *spec, u64 value, unsigned int base,
		       const char *prefix)
{
	const char *digits = spec->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[22];				/* 64 bits in octal */
	char *end = buf + sizeof(buf), *p = end;
	struct field field = { .prefix = prefix };

	for (; value; value /= base)
		*--p = digits[value % base];
	if (p == end && spec->precision != 0)
		*--p = '0';
	field.zeros = zeros_wanted(spec, (int)(end - p), (int)strlen(prefix));
	if (spec->letter == 'o' && spec->alt && !field.zeros && (p == end || *p != '0'))
		field.zeros = 1;
	field.body = p;
	field.len = (size_t)(end - p);
	put_field(out, spec, &field);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	struct field field = { .prefix = "", .body = s ? s : "(null)" };

	field.len = spec->precision < 0 ? strlen(field.body)
					: strnlen(field.body, (size_t)spec->precision);
	put_field(out, spec, &field);
}

static void put_char(struct out *out, const struct spec *spec, char c)
{
	struct field field = { .prefix = "", .body = &c, .len = 1 };

	put_field(out, spec, &field);
}

static s64 signed_arg(int size, va_list *ap)
{
	switch (size) {
	case 1:
		return (s8)va_arg(*ap, int);
	case 2:
		return (s16)va_arg(*ap, int);
	case 4:
		return va_arg(*ap, int);
	default:
		return va_arg(*ap, long);
	}
}

static u64 unsigned_arg(int size, va_list *ap)
{
	u64 value = (u64)signed_arg(size, ap);

	return size == 8 ? value : value & (BIT(size * 8) - 1);
}

static void put_signed(struct out *out, const struct spec *spec, s64 value)
{
	const char *prefix = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, value < 0 ? -(u64)value : (u64)value, 10, prefix);
}

static void put_hex(struct out *out, const struct spec *spec, u64 value)
{
	const char *prefix = spec->letter == 'X' ? "0X" : "0x";

	put_number(out, spec, value, 16, spec->alt && value ? prefix : "");
}

/* Returns false if the letter is none that we know. */
static bool format_one(struct out *out, const struct spec *spec, va_list *ap)
{
	switch (spec->letter) {
	case 'd':
	case 'i':
		put_signed(out, spec, signed_arg(spec->size, ap));
		return true;
	case 'u':
		put_number(out, spec, unsigned_arg(spec->size, ap), 10, "");
		return true;
	case 'o':
		put_number(out, spec, unsigned_arg(spec->size, ap), 8, "");
		return true;
	case 'x':
	case 'X':
		put_hex(out, spec, unsigned_arg(spec->size, ap));
		return true;
	case 'p':
		put_number(out, spec, (u64)va_arg(*ap, void *), 16, "0x");
		return true;
	case 's':
		put_string(out, spec, va_arg(*ap, const char *));
		return true;
	case 'c':
		put_char(out, spec, (char)va_arg(*ap, int));
		return true;
	case '%':
		put_text(out, "%", 1);
		return true;
	default:
		return false;
	}
}

static const char *parse_flags(const char *p, struct spec *spec)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			spec->minus = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alt = true;
			break;
		case '0':
			spec->zero = true;
			break;
		default:
			return p;
		}
	}
}

/* A width or precision: digits, or * for the next argument. */
static const char *parse_int(const char *p, int *value, va_list *ap)
{
	if (*p == '*') {
		*value = va_arg(*ap, int);
		return p + 1;
	}
	for (*value = 0; isdigit(*p); p++)
		*value = *value > INT_LIMIT / 10 - 1 ? *value : *value * 10 + *p - '0';
	return p;
}

static const char *parse_length(const char *p, int *size)
{
	switch (*p) {
	case 'h':
		*size = p[1] == 'h' ? 1 : 2;
		return p + 3 - *size;
	case 'l':
		*size = 8;
		return p[1] == 'l' ? p + 2 : p + 1;
	case 'z':
	case 't':
	case 'j':
		*size = 8;
		return p + 1;
	default:
		*size = 4;
		return p;
	}
}

/* Parse what follows a %. Returns the position of the letter. */
static const char *parse_spec(const char *p, struct spec *spec, va_list *ap)
{
	*spec = (struct spec){ .precision = -1 };
	p = parse_flags(p, spec);
	p = parse_int(p, &spec->width, ap);
	if (spec->width < 0) {			/* only an argument can be; it means a flag */
		spec->minus = true;
		spec->width = -max(spec->width, -INT_LIMIT);
	}
	if (*p == '.')
		p = parse_int(p + 1, &spec->precision, ap);
	p = parse_length(p, &spec->size);
	spec->letter = *p;
	return p;
}

int vprintf_sink(printf_sink_fn put, void *ctx, const char *fmt, va_list args)
{
	struct out out = { put, ctx, 0 };
	const char *p = fmt, *start;
	struct spec spec;
	va_list ap;

	va_copy(ap, args);	/* a parameter cannot be passed on as va_list *, a local can */
	while (*p) {
		for (start = p; *p && *p != '%'; p++)
			;
		put_text(&out, start, (size_t)(p - start));
		if (!*p)
			break;
		start = p;
		p = parse_spec(p + 1, &spec, &ap);
		if (*p)
			p++;
		if (!format_one(&out, &spec, &ap))
			put_text(&out, start, (size_t)(p - start));
	}
	va_end(ap);
	return (int)out.total;
}

struct buffer {
	char	*buf;
	size_t	size;			/* room for text, without the NUL */
	size_t	len;			/* text in it */
};

static void put_buffer(void *ctx, const char *s, size_t n)
{
	struct buffer *b = ctx;

	n = min(n, b->size - b->len);
	memcpy(b->buf + b->len, s, n);
	b->len += n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { buf, size ? size - 1 : 0, 0 };
	int len = vprintf_sink(put_buffer, &b, fmt, ap);

	if (size)
		buf[b.len] = '\0';
	return len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	int len = vsnprintf(buf, size, fmt, ap);

	if (!size)
		return 0;
	return min_t(size_t, (size_t)len, size - 1);
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

/* How many decimal digits @value has: log10(2) for each of its bits, or one more. */
static unsigned int dec_length(u64 value)
{
	static const u64 powers[] = {
		0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
		10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
		10000000000000000000u,
	};
	unsigned int bits = 64 - (unsigned int)__builtin_clzl(value | 1);
	unsigned int least = bits * 1233 >> 12;

	return least + (value >= powers[least]);
}

/* Two digits at a time: half the divisions. Most numbers in tables are 0. */
char *format_dec(char *p, u64 value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char *end, *at;

	if (value < 10) {
		*p = (char)('0' + value);
		return p + 1;
	}
	at = end = p + dec_length(value);
	for (; value >= 10; value /= 100) {
		*--at = pairs[value % 100 * 2 + 1];
		*--at = pairs[value % 100 * 2];
	}
	if (at > p)
		*p = (char)('0' + value);
	return end;
}

char *format_hex(char *p, u64 value, unsigned int width)
{
	unsigned int digits = 16 - (unsigned int)__builtin_clzl(value | 1) / 4;

	for (digits = max(digits, width); digits--;)
		*p++ = "0123456789abcdef"[value >> digits * 4 & 15];
	return p;
}
