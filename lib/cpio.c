/* cpio.c - reading "newc" cpio archives.
 * Holds:  every offset is checked against what is left before it is used. Sums cannot overflow:
 *         they add 32-bit fields in 64 bits.
 * Read:   read_entry.
 *
 * An entry is a header of 110 ASCII bytes (a magic, then thirteen numbers of eight hex digits),
 * the name with its NUL, and the data; header with name, and data, are each padded to four bytes.
 * An archive ends with an entry named TRAILER!!!. */
#include <lib/cpio.h>
#include <lib/ctype.h>
#include <lib/err.h>
#include <lib/string.h>

#define MAGIC		"070701"
#define MAGIC_SUM	"070702"	/* the last field is the sum of a file's bytes */
#define MAGIC_LEN	6
#define FIELD_LEN	8
#define HEADER_LEN	(MAGIC_LEN + NR_FIELDS * FIELD_LEN)
#define TRAILER		"TRAILER!!!"

/* The numbers of a header, in their order. */
enum {
	INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEVMAJOR, DEVMINOR, RDEVMAJOR, RDEVMINOR,
	NAMESIZE, CHECKSUM, NR_FIELDS
};

void cpio_init(struct cpio_iter *it, const void *archive, size_t size)
{
	*it = (struct cpio_iter){ .base = archive, .size = size };
}

static int fail(struct cpio_iter *it, const char *error)
{
	it->error = error;
	it->error_offset = it->pos;
	return -LIB_EINVAL;
}

static bool parse_fields(const char *p, u32 fields[NR_FIELDS])
{
	unsigned int i, n, digit;

	for (i = 0; i < NR_FIELDS; i++) {
		for (fields[i] = 0, n = 0; n < FIELD_LEN; n++) {
			digit = digit_value(*p++);
			if (digit > 15)
				return false;
			fields[i] = fields[i] << 4 | digit;
		}
	}
	return true;
}

static void set_numbers(struct cpio_entry *e, const u32 fields[NR_FIELDS])
{
	e->filesize = fields[FILESIZE];
	e->ino = fields[INO];
	e->mode = fields[MODE];
	e->uid = fields[UID];
	e->gid = fields[GID];
	e->nlink = fields[NLINK];
	e->mtime = fields[MTIME];
	e->devmajor = fields[DEVMAJOR];
	e->devminor = fields[DEVMINOR];
	e->rdevmajor = fields[RDEVMAJOR];
	e->rdevminor = fields[RDEVMINOR];
}

const char *cpio_compression(const void *data, size_t size)
{
	static const struct {
		const char *magic, *name;
	} known[] = {
		{ "\x1f\x8b", "gzip" }, { "\xfd" "7zXZ", "xz" }, { "\x28\xb5\x2f\xfd", "zstd" },
		{ "BZh", "bzip2" }, { "\x89LZO", "lzo" }, { "\x02\x21\x4c\x18", "lz4" },
		{ "\x5d\0\0", "lzma" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t bytes = max(strlen(known[i].magic), (size_t)2);

		if (size > bytes && !memcmp(data, known[i].magic, bytes))
			return known[i].name;
	}
	return NULL;
}

#define S_IFMT		0170000
#define S_IFREG		0100000

static bool sum_matches(const char *header, const u32 fields[NR_FIELDS], const char *data)
{
	u32 sum = 0;

	if (memcmp(header, MAGIC_SUM, MAGIC_LEN) || (fields[MODE] & S_IFMT) != S_IFREG)
		return true;
	for (u32 i = 0; i < fields[FILESIZE]; i++)
		sum += (u8)data[i];
	return sum == fields[CHECKSUM];
}

/* Read the entry at it->pos and step behind it. */
static int read_entry(struct cpio_iter *it, struct cpio_entry *e)
{
	const char *header = it->base + it->pos, *name = header + HEADER_LEN;
	size_t left = it->size - it->pos, data, end;
	u32 fields[NR_FIELDS];

	if (memcmp(header, MAGIC, min_t(size_t, left, MAGIC_LEN)) &&
	    memcmp(header, MAGIC_SUM, min_t(size_t, left, MAGIC_LEN)))
		return fail(it, "no newc header where one should be");
	if (left < HEADER_LEN)
		return fail(it, "the archive ends inside a header");
	if (!parse_fields(header + MAGIC_LEN, fields))
		return fail(it, "a header has something else than hex digits");
	if (fields[NAMESIZE] == 0)
		return fail(it, "an entry has no name");
	if (fields[NAMESIZE] > left - HEADER_LEN)
		return fail(it, "the archive ends inside a name");
	if (name[fields[NAMESIZE] - 1])
		return fail(it, "a name does not end with NUL");
	data = ALIGN_UP(HEADER_LEN + (size_t)fields[NAMESIZE], 4);
	end = data + fields[FILESIZE];
	if (fields[FILESIZE] && end > left)
		return fail(it, "the archive ends inside a file's data");
	if (!sum_matches(header, fields, header + data))
		return fail(it, "a file's data does not match its checksum");

	set_numbers(e, fields);
	e->name = name;
	e->namelen = strnlen(name, fields[NAMESIZE]);
	e->data = header + min(data, left);
	it->pos += min(ALIGN_UP(end, 4), left);	/* the very last padding may be missing */
	return 0;
}

int cpio_next(struct cpio_iter *it, struct cpio_entry *e)
{
	int err;

	if (it->error)
		return -LIB_EINVAL;
	for (;;) {
		while (!it->open && it->pos < it->size && !it->base[it->pos])
			it->pos++;			/* zeros around an archive */
		if (it->pos == it->size)
			return it->open ? fail(it, "the archive ends without a trailer") : 0;
		if (!it->open && cpio_compression(it->base + it->pos, it->size - it->pos))
			return 0;
		err = read_entry(it, e);
		if (err)
			return err;
		if (strcmp(e->name, TRAILER)) {
			it->open = true;
			return 1;
		}
		it->open = false;
		it->nr_archives++;
	}
}
