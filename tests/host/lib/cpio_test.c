/* cpio_test.c - archives made here, whole, cut short and damaged. Each is read from a buffer of
 * exactly its size, so that the address sanitizer sees a byte read too far. */
#include <stdio.h>
#include <string.h>

#include <lib/cpio.h>
#include <lib/err.h>

#include "test.h"

struct archive {
	char	bytes[8192];
	size_t	size;
};

static void add_padding(struct archive *a, size_t align)
{
	while (a->size % align)
		a->bytes[a->size++] = '\0';
}

static void add_entry(struct archive *a, const char *name, u32 mode, const char *data, size_t size)
{
	a->size += (size_t)sprintf(a->bytes + a->size,
				   "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
				   11, mode, 12, 13, 14, 15, size, 16, 17, 18, 19,
				   strlen(name) + 1, 0);
	strcpy(a->bytes + a->size, name);
	a->size += strlen(name) + 1;
	add_padding(a, 4);
	memcpy(a->bytes + a->size, data, size);
	a->size += size;
	add_padding(a, 4);
}

static void make_archive(struct archive *a)
{
	add_entry(a, "dir", 040755, "", 0);
	add_entry(a, "dir/file", 0100644, "hello", 5);
	add_entry(a, "link", 0120777, "dir/file", 8);
	add_entry(a, "TRAILER!!!", 0, "", 0);
}

/* Read an exact copy of the first @size bytes. Returns the number of entries, or -EINVAL. */
static int read_all(const void *bytes, size_t size, struct cpio_iter *it)
{
	char *copy = malloc(size + !size);
	struct cpio_entry e;
	int ret, n = 0, touched = 0;

	memcpy(copy, bytes, size);
	cpio_init(it, copy, size);
	while ((ret = cpio_next(it, &e)) == 1) {
		assert_int_equal(strlen(e.name), e.namelen);
		for (u32 i = 0; i < e.filesize; i++)
			touched += ((const char *)e.data)[i];
		n++;
	}
	if (ret < 0) {
		assert_int_equal(ret, -LIB_EINVAL);
		assert_non_null(it->error);
		assert_true(it->error_offset <= size);
		assert_int_equal(cpio_next(it, &e), -LIB_EINVAL);
	} else {
		assert_null(it->error);
	}
	free(copy);
	(void)touched;
	return ret < 0 ? ret : n;
}

static void expect(const struct archive *a, int entries, const char *error)
{
	struct cpio_iter it;

	assert_int_equal(read_all(a->bytes, a->size, &it), error ? -LIB_EINVAL : entries);
	if (error)
		assert_string_equal(it.error, error);
}

static void entries_carry_all_fields(void **state)
{
	struct archive a = { .size = 0 };
	struct cpio_iter it;
	struct cpio_entry e;

	(void)state;
	make_archive(&a);
	cpio_init(&it, a.bytes, a.size);
	assert_int_equal(cpio_next(&it, &e), 1);
	assert_string_equal(e.name, "dir");
	assert_true(e.mode == 040755 && e.filesize == 0);
	assert_int_equal(cpio_next(&it, &e), 1);
	assert_string_equal(e.name, "dir/file");
	assert_int_equal(e.namelen, 8);
	assert_true(e.filesize == 5 && !memcmp(e.data, "hello", 5));
	assert_true(e.ino == 11 && e.mode == 0100644 && e.uid == 12 && e.gid == 13);
	assert_true(e.nlink == 14 && e.mtime == 15 && e.devmajor == 16 && e.devminor == 17);
	assert_true(e.rdevmajor == 18 && e.rdevminor == 19);
	assert_int_equal(cpio_next(&it, &e), 1);
	assert_true(e.mode == 0120777 && !memcmp(e.data, "dir/file", 8));
	assert_int_equal(cpio_next(&it, &e), 0);
	assert_int_equal(cpio_next(&it, &e), 0);
}

static void archives_may_follow_each_other(void **state)
{
	struct archive a = { .size = 0 };

	(void)state;
	make_archive(&a);
	make_archive(&a);			/* directly */
	add_padding(&a, 512);
	make_archive(&a);			/* after zeros */
	add_padding(&a, 1024);
	expect(&a, 9, NULL);
}

/* The sum of "hello" is 532. */
static void checksums_are_verified(void **state)
{
	struct archive a = { .size = 0 };
	char *sum, *data;

	(void)state;
	add_entry(&a, "file", 0100644, "hello", 5);
	add_entry(&a, "link", 0120777, "file", 4);	/* only files have one */
	add_entry(&a, "TRAILER!!!", 0, "", 0);
	for (size_t i = 0; i + 6 < a.size; i++)
		if (!memcmp(a.bytes + i, "070701", 6))
			a.bytes[i + 5] = '2';
	sum = a.bytes + 6 + 12 * 8;
	data = a.bytes + 116;		/* behind the header and "file" */
	assert_memory_equal(data, "hello", 5);
	expect(&a, 0, "a file's data does not match its checksum");
	memcpy(sum, "00000214", 8);
	expect(&a, 2, NULL);
	data[4]++;
	expect(&a, 0, "a file's data does not match its checksum");
}

static void compressed_data_behind_an_archive_is_the_callers(void **state)
{
	static const struct {
		const char *magic, *name;
	} known[] = {
		{ "\x1f\x8b\x08", "gzip" }, { "\xfd" "7zXZ", "xz" }, { "\x28\xb5\x2f\xfd", "zstd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct archive a = { .size = 0 };
		struct cpio_iter it;
		size_t end;

		make_archive(&a);
		add_padding(&a, 512);
		end = a.size;
		memcpy(a.bytes + a.size, known[i].magic, strlen(known[i].magic) + 1);
		a.size += strlen(known[i].magic) + 1;
		assert_int_equal(read_all(a.bytes, a.size, &it), 3);
		assert_int_equal(it.pos, end);
		assert_string_equal(cpio_compression(a.bytes + end, a.size - end), known[i].name);
		assert_null(cpio_compression(a.bytes, a.size));
	}
}

static void nothing_and_zeros_are_empty_archives(void **state)
{
	struct archive a = { .size = 0 };

	(void)state;
	expect(&a, 0, NULL);
	a.size = 512;
	expect(&a, 0, NULL);
}

static void every_cut_is_noticed(void **state)
{
	struct archive a = { .size = 0 };
	struct cpio_iter it;
	size_t size, whole;

	(void)state;
	make_archive(&a);
	whole = a.size - 3;			/* without the very last padding */
	for (size = 1; size < whole; size++)
		assert_int_equal(read_all(a.bytes, size, &it), -LIB_EINVAL);
	assert_int_equal(read_all(a.bytes, whole, &it), 3);
}

static void each_damage_has_its_words(void **state)
{
	struct archive good = { .size = 0 }, a;

	(void)state;
	make_archive(&good);

	a = good;
	a.bytes[5] = '7';
	expect(&a, 0, "no newc header where one should be");
	a = good;
	a.bytes[20] = 'g';
	expect(&a, 0, "a header has something else than hex digits");
	a = good;
	memcpy(a.bytes + 6 + 11 * 8, "00000000", 8);
	expect(&a, 0, "an entry has no name");
	a = good;
	memcpy(a.bytes + 6 + 11 * 8, "ffffffff", 8);
	expect(&a, 0, "the archive ends inside a name");
	a = good;
	a.bytes[113] = 'x';			/* the NUL of "dir" */
	expect(&a, 0, "a name does not end with NUL");
	a = good;
	memcpy(a.bytes + 6 + 6 * 8, "ffffffff", 8);
	expect(&a, 0, "the archive ends inside a file's data");
	a = good;
	memcpy(a.bytes + a.size, "rubbish", 7);
	a.size += 7;
	expect(&a, 0, "no newc header where one should be");
	a = good;
	a.size = 116 + 120 + 8;			/* two whole entries */
	expect(&a, 0, "the archive ends without a trailer");
}

static void error_tells_where(void **state)
{
	struct archive a = { .size = 0 };
	struct cpio_iter it;

	(void)state;
	make_archive(&a);
	a.bytes[116] = 'x';			/* the second header */
	assert_int_equal(read_all(a.bytes, a.size, &it), -LIB_EINVAL);
	assert_int_equal(it.error_offset, 116);
}

/* Most mutations leave digits digits, so that they get past the first checks. */
static void mutate(struct archive *a)
{
	size_t at = random_below(a->size), n;

	switch (random_below(5)) {
	case 0:
		a->bytes[at] = (char)random_u64();
		break;
	case 1:
		a->bytes[at] = "0123456789abcdefABCDEF"[random_below(22)];
		break;
	case 2:
		n = random_below(min_t(size_t, a->size - at, 16)) + 1;
		memset(a->bytes + at, random_below(2) ? 'f' : '\0', n);
		break;
	case 3:
		n = random_below(a->size - at);
		memmove(a->bytes + at, a->bytes + at + n, a->size - at - n);
		a->size -= n;
		break;
	default:
		a->size = random_below(8) ? a->size : random_below(a->size) + 1;
	}
}

static void damaged_archives_are_read_safely(void **state)
{
	struct archive good = { .size = 0 }, a;
	struct cpio_iter it;
	int round, i, damaged = 0;

	(void)state;
	make_archive(&good);
	add_padding(&good, 512);
	make_archive(&good);
	for (round = 0; round < 50000; round++) {
		memcpy(a.bytes, good.bytes, good.size);
		a.size = good.size;
		for (i = (int)random_below(4); i >= 0; i--)
			mutate(&a);
		damaged += read_all(a.bytes, a.size, &it) < 0;
	}
	assert_in_range(damaged, round / 4, round - round / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_carry_all_fields),
		cmocka_unit_test(archives_may_follow_each_other),
		cmocka_unit_test(checksums_are_verified),
		cmocka_unit_test(compressed_data_behind_an_archive_is_the_callers),
		cmocka_unit_test(nothing_and_zeros_are_empty_archives),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(each_damage_has_its_words),
		cmocka_unit_test(error_tells_where),
		cmocka_unit_test(damaged_archives_are_read_safely),
	};

	return RUN_TESTS(tests);
}
