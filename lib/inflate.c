/* inflate.c - unpacking gzip data.
 * A member is a header, a stream of blocks, and a trailer with checksum and length. A block is
 * stored, or a series of symbols: literal bytes, and copies of what came before (length and
 * distance), in prefix codes that are fixed or come first in the block, as code lengths.
 * Holds:  no more bits are used than the input has; every copy is checked against what was made.
 *         A code is accepted only if it is complete, or has one symbol of one bit, or none at all.
 * Read:   gunzip, inflate_blocks, then symbols. */
#include <lib/inflate.h>

#include <lib/err.h>
#include <lib/string.h>

#define END_OF_BLOCK	256
#define NR_LENGTHS	29
#define NR_DISTANCES	30
#define NR_LITERALS	286		/* that a block may define */
#define NR_CODE_LENGTHS	19
#define NO_SYMBOL	0xffffu

#define GZIP_HEADER	10
#define GZIP_TRAILER	8
#define GZIP_DEFLATE	8
#define FLAG_HEADER_CRC	0x02
#define FLAG_EXTRA	0x04
#define FLAG_NAME	0x08
#define FLAG_COMMENT	0x10
#define FLAGS_RESERVED	0xe0

static int fail(struct inflate *s, const char *error)
{
	if (!s->error)
		s->error = error;
	return -LIB_EINVAL;
}

static int cut_short(struct inflate *s)
{
	return fail(s, "the compressed data ends early");
}

/* ---- bits ---- */

static void refill(struct inflate *s)
{
	while (s->nr_bits <= 56 && s->in < s->end) {
		s->bits |= (u64)*s->in++ << s->nr_bits;
		s->nr_bits += 8;
	}
}

static void drop(struct inflate *s, unsigned int n)
{
	s->bits >>= n;
	s->nr_bits -= n;
}

/* The next @n bits, at most 16, into *@value. */
static int take(struct inflate *s, unsigned int n, unsigned int *value)
{
	refill(s);
	if (s->nr_bits < n)
		return cut_short(s);
	*value = s->bits & ((1U << n) - 1);
	drop(s, n);
	return 0;
}

/* Give back the whole bytes that were read ahead; the rest of a begun byte is skipped. */
static void align_to_byte(struct inflate *s)
{
	s->in -= s->nr_bits / 8;
	s->bits = 0;
	s->nr_bits = 0;
}

/* ---- prefix codes ---- */

static unsigned int reverse(unsigned int code, unsigned int length)
{
	unsigned int reversed = 0;

	for (; length; length--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/* Codes come with their first bit first, so a short one stands wherever its reversed bits are the
 * low ones. */
static void fill_fast(struct inflate_code *code, unsigned int bits, unsigned int length,
		      unsigned int symbol)
{
	for (unsigned int i = reverse(bits, length); i < ARRAY_SIZE(code->fast); i += 1U << length)
		code->fast[i] = symbol << 4 | length;
}

/* Are these counts a code? What is left over of the tree must be nothing. */
static bool is_complete(const struct inflate_code *code, unsigned int used)
{
	int left = 1;

	for (unsigned int length = 1; length <= INFLATE_MAX_BITS; length++) {
		left = left * 2 - code->count[length];
		if (left < 0)
			return false;
	}
	return !left || !used || (used == 1 && code->count[1] == 1);
}

/* The code in which symbol i has lengths[i] bits, 0: it does not occur. Codes of one length are
 * consecutive numbers in the order of their symbols, and follow those of the shorter ones. */
static bool make_code(struct inflate_code *code, const u8 *lengths, unsigned int nr)
{
	unsigned int next = 0, used = 0;

	memset(code, 0, sizeof(*code));
	for (unsigned int i = 0; i < nr; i++)
		code->count[lengths[i]]++;
	code->count[0] = 0;
	for (unsigned int length = 1; length <= INFLATE_MAX_BITS; length++, next <<= 1) {
		for (unsigned int i = 0; i < nr; i++) {
			if (lengths[i] != length)
				continue;
			if (length <= INFLATE_FAST_BITS)
				fill_fast(code, next, length, i);
			code->symbols[used++] = i;
			next++;
		}
	}
	return is_complete(code, used);
}

/* A code longer than the table: bit by bit, with the numbers of each length's codes in mind. */
static unsigned int long_symbol(struct inflate *s, const struct inflate_code *code)
{
	unsigned int bits = 0, first = 0, index = 0;

	for (unsigned int length = 1; length <= min(s->nr_bits, INFLATE_MAX_BITS + 0U); length++) {
		bits = bits << 1 | (s->bits >> (length - 1) & 1);
		if (bits - first < code->count[length]) {
			drop(s, length);
			return code->symbols[index + bits - first];
		}
		index += code->count[length];
		first = (first + code->count[length]) << 1;
	}
	if (s->nr_bits < INFLATE_MAX_BITS)
		cut_short(s);
	else
		fail(s, "a code that stands for nothing");
	return NO_SYMBOL;
}

/* The next symbol; NO_SYMBOL after an error. */
static unsigned int next_symbol(struct inflate *s, const struct inflate_code *code)
{
	unsigned int entry;

	refill(s);
	entry = code->fast[s->bits % ARRAY_SIZE(code->fast)];
	if (!entry || (entry & 15) > s->nr_bits)
		return long_symbol(s, code);
	drop(s, entry & 15);
	return entry >> 4;
}

/* ---- output ---- */

static int put(struct inflate *s, u8 byte)
{
	if (s->out && s->made >= s->out_bytes)
		return fail(s, "there is no room for so much data");
	if (s->out)
		s->out[s->made] = byte;
	s->made++;
	return 0;
}

/* Byte by byte, since what is copied may be what this copy makes. */
static int put_copy(struct inflate *s, unsigned int length, unsigned int distance)
{
	if (distance > s->made)
		return fail(s, "a copy is from before the beginning");
	for (; length; length--)
		if (put(s, s->out ? s->out[s->made - distance] : 0))
			return -LIB_EINVAL;
	return 0;
}

/* ---- blocks ---- */

/* Where each step of lengths and distances begins, and how many bits say where in it. */
struct step {
	u16	base;
	u8	bits;
};

static const struct step length_steps[NR_LENGTHS] = {
	{ 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 },
	{ 11, 1 }, { 13, 1 }, { 15, 1 }, { 17, 1 }, { 19, 2 }, { 23, 2 }, { 27, 2 }, { 31, 2 },
	{ 35, 3 }, { 43, 3 }, { 51, 3 }, { 59, 3 }, { 67, 4 }, { 83, 4 }, { 99, 4 }, { 115, 4 },
	{ 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 }, { 258, 0 },
};

/* 1, 2, 3, 4, then two steps of each width. */
static struct step distance_step(unsigned int symbol)
{
	unsigned int bits = symbol < 4 ? 0 : symbol / 2 - 1;

	return (struct step){ (symbol < 4 ? symbol : (2 + symbol % 2) << bits) + 1, bits };
}

static int take_step(struct inflate *s, struct step step, unsigned int *value)
{
	unsigned int more;

	if (take(s, step.bits, &more))
		return -LIB_EINVAL;
	*value = step.base + more;
	return 0;
}

static int copy(struct inflate *s, unsigned int symbol)
{
	unsigned int length, distance;

	if (symbol >= NR_LENGTHS)
		return fail(s, "a length that does not exist");
	if (take_step(s, length_steps[symbol], &length))
		return -LIB_EINVAL;
	symbol = next_symbol(s, &s->distances);
	if (symbol >= NR_DISTANCES)
		return fail(s, "a distance that does not exist");
	if (take_step(s, distance_step(symbol), &distance))
		return -LIB_EINVAL;
	return put_copy(s, length, distance);
}

static int symbols(struct inflate *s)
{
	for (;;) {
		unsigned int symbol = next_symbol(s, &s->literals);
		int err;

		if (symbol == END_OF_BLOCK)
			return 0;
		if (symbol == NO_SYMBOL)
			return -LIB_EINVAL;
		err = symbol < END_OF_BLOCK ? put(s, symbol) : copy(s, symbol - END_OF_BLOCK - 1);
		if (err)
			return err;
	}
}

static int stored_block(struct inflate *s)
{
	unsigned int bytes, inverted;

	align_to_byte(s);
	if (take(s, 16, &bytes) || take(s, 16, &inverted))
		return -LIB_EINVAL;
	if (bytes != (~inverted & 0xffff))
		return fail(s, "a block's length is damaged");
	align_to_byte(s);
	if ((size_t)(s->end - s->in) < bytes)
		return cut_short(s);
	while (bytes--)
		if (put(s, *s->in++))
			return -LIB_EINVAL;
	return 0;
}

static int fixed_block(struct inflate *s)
{
	u8 lengths[INFLATE_SYMBOLS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 256 - 144);
	memset(lengths + 256, 7, 280 - 256);
	memset(lengths + 280, 8, INFLATE_SYMBOLS - 280);
	make_code(&s->literals, lengths, INFLATE_SYMBOLS);
	memset(lengths, 5, 32);
	make_code(&s->distances, lengths, 32);
	return symbols(s);
}

/* The code in which the lengths of the other two come: three bits each, the likely ones first. */
static int read_length_code(struct inflate *s, unsigned int nr)
{
	static const u8 order[NR_CODE_LENGTHS] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	u8 lengths[NR_CODE_LENGTHS] = { 0 };
	unsigned int length;

	for (unsigned int i = 0; i < nr; i++) {
		if (take(s, 3, &length))
			return -LIB_EINVAL;
		lengths[order[i]] = length;
	}
	if (!make_code(&s->literals, lengths, NR_CODE_LENGTHS))
		return fail(s, "lengths that make no code");
	return 0;
}

/* @nr lengths. Symbols up to 15 are one; 16 repeats the last one, 17 and 18 are zeros. */
static int read_lengths(struct inflate *s, u8 *lengths, unsigned int nr)
{
	static const struct step repeats[] = { { 3, 2 }, { 3, 3 }, { 11, 7 } };
	unsigned int at = 0, symbol, times;

	while (at < nr) {
		u8 length;

		symbol = next_symbol(s, &s->literals);
		if (symbol == NO_SYMBOL)
			return -LIB_EINVAL;
		times = 1;
		length = symbol < 16 ? symbol : 0;
		if (symbol == 16 && !at)
			return fail(s, "a repetition of nothing");
		if (symbol == 16)
			length = lengths[at - 1];
		if (symbol >= 16 && take_step(s, repeats[symbol - 16], &times))
			return -LIB_EINVAL;
		if (times > nr - at)
			return fail(s, "more lengths than there are symbols");
		memset(lengths + at, length, times);
		at += times;
	}
	return 0;
}

static int dynamic_block(struct inflate *s)
{
	u8 lengths[NR_LITERALS + NR_DISTANCES];
	unsigned int literals, distances, nr;

	if (take(s, 5, &literals) || take(s, 5, &distances) || take(s, 4, &nr))
		return -LIB_EINVAL;
	literals += 257;
	distances += 1;
	if (literals > NR_LITERALS || distances > NR_DISTANCES)
		return fail(s, "more symbols than exist");
	if (read_length_code(s, nr + 4) || read_lengths(s, lengths, literals + distances))
		return -LIB_EINVAL;
	if (!lengths[END_OF_BLOCK])
		return fail(s, "a block without an end");
	if (!make_code(&s->literals, lengths, literals) ||
	    !make_code(&s->distances, lengths + literals, distances))
		return fail(s, "lengths that make no code");
	return symbols(s);
}

static int inflate_blocks(struct inflate *s)
{
	static int (*const blocks[])(struct inflate *s) = {
		stored_block, fixed_block, dynamic_block,
	};
	unsigned int last = 0, type;
	int err;

	while (!last) {
		if (take(s, 1, &last) || take(s, 2, &type))
			return -LIB_EINVAL;
		if (type >= ARRAY_SIZE(blocks))
			return fail(s, "a block of no known kind");
		err = blocks[type](s);
		if (err)
			return err;
	}
	align_to_byte(s);
	return 0;
}

/* ---- gzip around it ---- */

static u32 crc32(const u8 *data, size_t bytes)
{
	u32 table[256], crc = ~0U;

	for (u32 i = 0; i < ARRAY_SIZE(table); i++) {
		table[i] = i;
		for (unsigned int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	while (bytes--)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
	return ~crc;
}

static u32 little_endian(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

static int skip_bytes(struct inflate *s, size_t bytes)
{
	if ((size_t)(s->end - s->in) < bytes)
		return cut_short(s);
	s->in += bytes;
	return 0;
}

static int skip_text(struct inflate *s)
{
	size_t length = strnlen((const char *)s->in, s->end - s->in);

	return skip_bytes(s, length + 1);
}

static int skip_header(struct inflate *s)
{
	const u8 *header = s->in;
	unsigned int flags;

	if (skip_bytes(s, GZIP_HEADER))
		return -LIB_EINVAL;
	flags = header[3];
	if (header[0] != 0x1f || header[1] != 0x8b)
		return fail(s, "this is no gzip data");
	if (header[2] != GZIP_DEFLATE || flags & FLAGS_RESERVED)
		return fail(s, "gzip data of an unknown kind");
	if (flags & FLAG_EXTRA) {
		const u8 *bytes = s->in;

		if (skip_bytes(s, 2) || skip_bytes(s, bytes[0] | bytes[1] << 8))
			return -LIB_EINVAL;
	}
	if ((flags & FLAG_NAME && skip_text(s)) || (flags & FLAG_COMMENT && skip_text(s)))
		return -LIB_EINVAL;
	return flags & FLAG_HEADER_CRC ? skip_bytes(s, 2) : 0;
}

static int check_trailer(struct inflate *s)
{
	const u8 *trailer = s->in;

	if (skip_bytes(s, GZIP_TRAILER))
		return -LIB_EINVAL;
	if (little_endian(trailer + 4) != (u32)s->made)
		return fail(s, "the unpacked data has not the length it should have");
	if (s->out && little_endian(trailer) != crc32(s->out, s->made))
		return fail(s, "the unpacked data does not match its checksum");
	return 0;
}

int gunzip(struct inflate *s, const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	s->error = NULL;
	s->made = 0;
	s->start = s->in = in;
	s->end = s->in + in_bytes;
	s->out = out;
	s->out_bytes = out_bytes;
	s->bits = 0;
	s->nr_bits = 0;
	if (skip_header(s) || inflate_blocks(s) || check_trailer(s))
		return -LIB_EINVAL;
	s->used = s->in - s->start;
	return 0;
}
