/* partition_test.c - disks divided here, whole and damaged. The disk is a buffer of exactly its
 * size, so that the address sanitizer sees a block read too far. */
#include <stdio.h>
#include <string.h>

#include <lib/crc32.h>
#include <lib/partition.h>

#include "test.h"

#define BLOCKS	256u
#define BYTES	512u

struct test_disk {
	struct partitioned_disk	disk;
	u8			*bytes;
	u64			unreadable;	/* a block, or 0 */
	unsigned int		reads;
	char			said[4096];	/* "1:first+blocks ", "!nr " for a complaint */
};

static struct test_disk *of(struct partitioned_disk *disk)
{
	return container_of(disk, struct test_disk, disk);
}

static bool read_block(struct partitioned_disk *disk, u64 nr)
{
	struct test_disk *t = of(disk);

	assert_true(nr < disk->nr_blocks);
	t->reads++;
	if (t->unreadable && nr == t->unreadable)
		return false;
	memcpy(disk->block, t->bytes + nr * disk->block_bytes, disk->block_bytes);
	return true;
}

static void say(struct test_disk *t, const char *text)
{
	if (strlen(t->said) + strlen(text) < sizeof(t->said))
		strcat(t->said, text);
}

static void found(struct partitioned_disk *disk, unsigned int nr, u64 first, u64 blocks)
{
	char text[64];

	assert_true(nr >= 1 && nr <= PARTITION_MAX);
	assert_true(blocks && first < disk->nr_blocks && blocks <= disk->nr_blocks - first);
	snprintf(text, sizeof(text), "%u:%lu+%lu ", nr, first, blocks);
	say(of(disk), text);
}

static void complain(struct partitioned_disk *disk, unsigned int nr, const char *what)
{
	char text[16];

	assert_true(*what);
	snprintf(text, sizeof(text), "!%u ", nr);
	say(of(disk), text);
}

static void start(struct test_disk *t, u32 block_bytes)
{
	*t = (struct test_disk){
		.disk = {
			.block_bytes = block_bytes, .nr_blocks = BLOCKS,
			.read = read_block, .found = found, .complain = complain,
		},
		.bytes = calloc(BLOCKS, block_bytes),
	};
	t->disk.block = malloc(block_bytes);
}

static void end(struct test_disk *t)
{
	free(t->bytes);
	free(t->disk.block);
}

/* What is found of @t is @wanted. */
static void finds(struct test_disk *t, const char *wanted)
{
	t->said[0] = '\0';
	t->reads = 0;
	read_partitions(&t->disk);
	assert_string_equal(t->said, wanted);
}

static void put32(u8 *at, u32 value)
{
	memcpy(at, &value, sizeof(value));
}

static void put64(u8 *at, u64 value)
{
	memcpy(at, &value, sizeof(value));
}

static void mbr_entry(struct test_disk *t, u64 block, unsigned int i, u8 type, u32 first,
		      u32 blocks)
{
	u8 *at = t->bytes + block * t->disk.block_bytes;

	at[510] = 0x55;
	at[511] = 0xaa;
	at += 446 + 16 * i;
	at[4] = type;
	put32(at + 8, first);
	put32(at + 12, blocks);
}

static void seal_gpt(struct test_disk *t, u64 at, u64 entries)
{
	u8 *block = t->bytes + at * t->disk.block_bytes;

	memcpy(block, "EFI PART", 8);
	put32(block + 12, 92);
	put64(block + 24, at);
	put64(block + 72, entries);
	put32(block + 80, 128);
	put32(block + 84, 128);
	put32(block + 88, crc32(0, t->bytes + entries * t->disk.block_bytes, 128 * 128));
	put32(block + 16, 0);
	put32(block + 16, crc32(0, block, 92));
}

static u64 array_blocks(const struct test_disk *t)
{
	return 128 * 128 / t->disk.block_bytes;
}

/* Partition @nr from @first to @last, in both arrays; then both headers. */
static void gpt_entry(struct test_disk *t, unsigned int nr, u64 first, u64 last)
{
	u64 arrays[2] = { 2, BLOCKS - 1 - array_blocks(t) };

	mbr_entry(t, 0, 0, 0xee, 1, BLOCKS - 1);
	for (unsigned int i = 0; i < 2; i++) {
		u8 *entry = t->bytes + arrays[i] * t->disk.block_bytes + (nr - 1) * 128;

		entry[0] = 1;
		put64(entry + 32, first);
		put64(entry + 40, last);
	}
	seal_gpt(t, 1, arrays[0]);
	seal_gpt(t, BLOCKS - 1, arrays[1]);
}

static void no_table(void **state)
{
	struct test_disk t;

	(void)state;
	start(&t, BYTES);
	finds(&t, "");
	mbr_entry(&t, 0, 0, 0, 0, 0);
	finds(&t, "");
	/* A file system's first block: text where a table has a status. */
	mbr_entry(&t, 0, 1, 'r', 3, 4);
	t.bytes[446] = 'e';
	finds(&t, "");
	t.disk.nr_blocks = 0;
	finds(&t, "");
	end(&t);
}

static void four_of_an_mbr(void **state)
{
	struct test_disk t;

	(void)state;
	start(&t, BYTES);
	mbr_entry(&t, 0, 0, 0x83, 1, 10);
	mbr_entry(&t, 0, 2, 0x82, 20, 30);
	t.bytes[446] = 0x80;
	finds(&t, "1:1+10 3:20+30 ");
	/* Up to the end, beyond it, and behind it. */
	mbr_entry(&t, 0, 1, 0x83, 250, 6);
	finds(&t, "1:1+10 2:250+6 3:20+30 ");
	mbr_entry(&t, 0, 1, 0x83, 250, 7);
	finds(&t, "1:1+10 !2 2:250+6 3:20+30 ");
	mbr_entry(&t, 0, 1, 0x83, 250, ~0u);
	finds(&t, "1:1+10 !2 2:250+6 3:20+30 ");
	mbr_entry(&t, 0, 1, 0x83, BLOCKS, 1);
	finds(&t, "1:1+10 !2 3:20+30 ");
	end(&t);
}

static void a_chain_of_logical_ones(void **state)
{
	struct test_disk t;

	(void)state;
	start(&t, BYTES);
	mbr_entry(&t, 0, 0, 0x83, 1, 9);
	mbr_entry(&t, 0, 1, 0x05, 100, 100);
	mbr_entry(&t, 100, 0, 0x83, 1, 9);
	mbr_entry(&t, 100, 1, 0x0f, 20, 80);
	mbr_entry(&t, 120, 0, 0x83, 2, 8);
	finds(&t, "1:1+9 2:100+2 5:101+9 6:122+8 ");
	/* A link without a partition takes no number. */
	mbr_entry(&t, 100, 0, 0, 0, 0);
	finds(&t, "1:1+9 2:100+2 5:122+8 ");
	/* The chain leads off the disk; to a block without a table; to one that cannot be read. */
	mbr_entry(&t, 100, 1, 0x05, 1000, 80);
	finds(&t, "1:1+9 2:100+2 !0 ");
	mbr_entry(&t, 100, 1, 0x05, 30, 80);
	finds(&t, "1:1+9 2:100+2 !0 ");
	t.unreadable = 100;
	finds(&t, "1:1+9 2:100+2 !0 ");
	end(&t);
}

static void a_ring_ends(void **state)
{
	struct test_disk t;

	(void)state;
	start(&t, BYTES);
	mbr_entry(&t, 0, 0, 0x05, 100, 100);
	mbr_entry(&t, 100, 1, 0x05, 20, 80);
	mbr_entry(&t, 120, 1, 0x05, 0, 80);
	finds(&t, "1:100+2 ");
	assert_true(t.reads < 300);
	mbr_entry(&t, 120, 0, 0x83, 1, 1);
	read_partitions(&t.disk);
	assert_true(t.reads < 600);
	end(&t);
}

static void a_gpt(void **state)
{
	static const u32 sizes[] = { 512, 1024, 4096 };
	struct test_disk t;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		start(&t, sizes[i]);
		gpt_entry(&t, 1, 50, 59);
		gpt_entry(&t, 128, 60, 60);
		gpt_entry(&t, 9, 40, 255);
		finds(&t, "1:50+10 9:40+216 128:60+1 ");
		gpt_entry(&t, 2, 40, 256);
		gpt_entry(&t, 3, 256, ~0UL);
		gpt_entry(&t, 4, 60, 59);
		gpt_entry(&t, 5, 1, ~0UL);
		finds(&t, "1:50+10 !2 2:40+216 !3 !4 !5 9:40+216 128:60+1 ");
		end(&t);
	}
}

static void a_damaged_gpt(void **state)
{
	struct test_disk t;

	(void)state;
	start(&t, BYTES);
	gpt_entry(&t, 1, 50, 59);
	t.bytes[BYTES + 60]++;			/* the first header */
	finds(&t, "!0 1:50+10 ");
	t.bytes[BYTES + 60]--;
	t.bytes[2 * BYTES + 70]++;		/* its array */
	finds(&t, "!0 1:50+10 ");
	t.unreadable = BLOCKS - 1;
	finds(&t, "!0 ");
	t.unreadable = 0;
	t.bytes[(BLOCKS - 1) * BYTES + 60]++;
	finds(&t, "!0 ");
	end(&t);
}

/* Headers with valid checksums that lie about everything else. */
static void headers_that_lie(void **state)
{
	static const struct { unsigned int at; u32 value; } lies[] = {
		{ 12, 91 }, { 12, 513 }, { 12, ~0u }, { 24, 2 }, { 72, BLOCKS },
		{ 72, BLOCKS - 31 }, { 76, 1 }, { 80, ~0u }, { 80, 16385 }, { 80, 1024 },
		{ 84, 0 }, { 84, 64 }, { 84, 129 }, { 84, 192 }, { 84, 1024 }, { 84, ~0u },
	};
	struct test_disk t;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		u8 *header;

		start(&t, BYTES);
		gpt_entry(&t, 1, 50, 59);
		t.unreadable = BLOCKS - 1;
		header = t.bytes + BYTES;
		put32(header + lies[i].at, lies[i].value);
		put32(header + 16, 0);
		put32(header + 16, crc32(0, header, lies[i].at == 12 ? 91 : 92));
		finds(&t, "!0 ");
		end(&t);
	}
}

static void random_tables(void **state)
{
	struct test_disk t;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		start(&t, BYTES);
		if (random_below(2))
			gpt_entry(&t, 1 + random_below(128), random_below(300), random_below(300));
		for (unsigned int n = random_below(12); n; n--)
			mbr_entry(&t, random_below(4), random_below(4),
				  random_below(2) ? 5 : random_u64(), random_below(8),
				  random_below(300));
		for (unsigned int n = random_below(8); n; n--)
			t.bytes[random_below(4) * BYTES + random_below(BYTES)] = random_u64();
		if (random_below(2))
			seal_gpt(&t, 1, 2);
		read_partitions(&t.disk);
		assert_true(t.reads < 2000);
		end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_table),
		cmocka_unit_test(four_of_an_mbr),
		cmocka_unit_test(a_chain_of_logical_ones),
		cmocka_unit_test(a_ring_ends),
		cmocka_unit_test(a_gpt),
		cmocka_unit_test(a_damaged_gpt),
		cmocka_unit_test(headers_that_lie),
		cmocka_unit_test(random_tables),
	};

	return RUN_TESTS(tests);
}
