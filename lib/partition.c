/* partition.c - reads the two tables that divide a disk.
 *
 * MBR: block 0 has four entries. One of them may be an extended partition, in which a chain of
 * blocks like block 0 lies: the first entry of each is a logical partition, numbered from 5 on,
 * the second leads to the next block.
 * GPT: block 1 has a header, which leads to an array of entries; both have a checksum. The last
 * block has another header, with an array of its own, for when the first is damaged.
 *
 * Holds:  whatever the disk holds, nothing is read or reported that is not on the disk, and every
 *         loop ends. Numbers on the disk are little-endian and stand at any address. */
#include <lib/partition.h>

#include <lib/crc32.h>
#include <lib/string.h>

#define MBR_ENTRIES		446
#define MBR_ENTRY_BYTES		16
#define NR_MBR_ENTRIES		4
#define MBR_MAGIC		510
#define FIRST_LOGICAL		5
#define EXTENDED_SHOWN		1024	/* bytes of an extended partition that have a name */

#define TYPE_EXTENDED		0x05
#define TYPE_EXTENDED_LBA	0x0f
#define TYPE_EXTENDED_LINUX	0x85
#define TYPE_GPT		0xee

#define GPT_MAGIC		0x5452415020494645UL	/* "EFI PART" */
#define GPT_HEADER_BYTES	92
#define GPT_ENTRY_BYTES		128
#define GPT_MAX_ENTRIES		16384u
#define FIRST_GPT_BLOCK		2	/* behind the MBR and the header */

struct mbr_entry {
	u8	status, type;
	u32	first, blocks;
};

struct gpt {
	u64	entries;	/* block where the array begins */
	u32	nr, bytes;	/* of entries, and of each */
	u32	crc;		/* of the array */
};

static u32 le32_at(const void *block, size_t offset)
{
	u32 value;

	memcpy(&value, (const char *)block + offset, sizeof(value));
	return value;
}

static u64 le64_at(const void *block, size_t offset)
{
	return le32_at(block, offset) | (u64)le32_at(block, offset + 4) << 32;
}

/* Report partition @nr, as far as it is on the disk. */
static void report(struct partitioned_disk *disk, unsigned int nr, u64 first, u64 blocks)
{
	if (nr > PARTITION_MAX) {
		disk->complain(disk, nr, "is one too many; left out");
	} else if (first >= disk->nr_blocks) {
		disk->complain(disk, nr, "begins behind the end of the disk; left out");
	} else {
		if (blocks > disk->nr_blocks - first) {
			disk->complain(disk, nr, "reaches beyond the end of the disk; cut short");
			blocks = disk->nr_blocks - first;
		}
		disk->found(disk, nr, first, blocks);
	}
}

/* --- MBR --- */

/* Take the table out of the block that was read. False: there is none. A file system's first block
 * may have the same last two bytes; where a table has a status it has code or text. */
static bool take_mbr(const struct partitioned_disk *disk, struct mbr_entry *table)
{
	const u8 *block = disk->block;

	if (block[MBR_MAGIC] != 0x55 || block[MBR_MAGIC + 1] != 0xaa)
		return false;
	for (unsigned int i = 0; i < NR_MBR_ENTRIES; i++) {
		size_t at = MBR_ENTRIES + i * MBR_ENTRY_BYTES;

		table[i] = (struct mbr_entry){
			.status = block[at], .type = block[at + 4],
			.first = le32_at(block, at + 8), .blocks = le32_at(block, at + 12),
		};
		if (table[i].status & 0x7f)
			return false;
	}
	return true;
}

static bool is_extended(const struct mbr_entry *entry)
{
	return entry->blocks && (entry->type == TYPE_EXTENDED || entry->type == TYPE_EXTENDED_LBA ||
				 entry->type == TYPE_EXTENDED_LINUX);
}

/* The logical partitions in @extended, numbered from @nr on. Returns the next number. A chain that
 * leads back into itself ends after as many links as there may be partitions. */
static unsigned int read_logical(struct partitioned_disk *disk, const struct mbr_entry *extended,
				 unsigned int nr)
{
	struct mbr_entry table[NR_MBR_ENTRIES];
	u64 at = extended->first;

	for (unsigned int links = 0; links < PARTITION_MAX; links++) {
		if (at >= disk->nr_blocks || !disk->read(disk, at) || !take_mbr(disk, table)) {
			disk->complain(disk, 0, "has a broken chain of logical partitions");
			break;
		}
		if (table[0].blocks && table[0].type)
			report(disk, nr++, at + table[0].first, table[0].blocks);
		if (!is_extended(&table[1]))
			break;
		at = (u64)extended->first + table[1].first;
	}
	return nr;
}

static void read_mbr(struct partitioned_disk *disk, const struct mbr_entry *table)
{
	unsigned int next = FIRST_LOGICAL;

	for (unsigned int i = 0; i < NR_MBR_ENTRIES; i++) {
		u64 blocks = table[i].blocks;

		if (!blocks || !table[i].type)
			continue;
		if (is_extended(&table[i]))
			blocks = min(blocks, (u64)max(EXTENDED_SHOWN / disk->block_bytes, 1u));
		report(disk, i + 1, table[i].first, blocks);
	}
	for (unsigned int i = 0; i < NR_MBR_ENTRIES; i++)
		if (is_extended(&table[i]))
			next = read_logical(disk, &table[i], next);
}

/* --- GPT --- */

/* The header in block @at. False: it is damaged, or none. */
static bool take_gpt(struct partitioned_disk *disk, u64 at, struct gpt *gpt)
{
	char *block = disk->block;
	u32 bytes, crc;
	u64 blocks;

	if (at >= disk->nr_blocks || !disk->read(disk, at) || le64_at(block, 0) != GPT_MAGIC)
		return false;
	bytes = le32_at(block, 12);
	crc = le32_at(block, 16);
	if (bytes < GPT_HEADER_BYTES || bytes > disk->block_bytes)
		return false;
	memset(block + 16, 0, sizeof(crc));
	if (crc32(0, block, bytes) != crc || le64_at(block, 24) != at)
		return false;
	*gpt = (struct gpt){
		.entries = le64_at(block, 72), .nr = le32_at(block, 80),
		.bytes = le32_at(block, 84), .crc = le32_at(block, 88),
	};
	if (gpt->bytes < GPT_ENTRY_BYTES || gpt->bytes > disk->block_bytes ||
	    (gpt->bytes & (gpt->bytes - 1)) || gpt->nr > GPT_MAX_ENTRIES)
		return false;
	blocks = ((u64)gpt->nr * gpt->bytes + disk->block_bytes - 1) / disk->block_bytes;
	return gpt->entries < disk->nr_blocks && blocks <= disk->nr_blocks - gpt->entries;
}

static bool array_is_whole(struct partitioned_disk *disk, const struct gpt *gpt)
{
	u64 left = (u64)gpt->nr * gpt->bytes;
	u32 crc = 0;

	for (u64 at = gpt->entries; left; at++) {
		u64 bytes = min(left, (u64)disk->block_bytes);

		if (!disk->read(disk, at))
			return false;
		crc = crc32(crc, disk->block, bytes);
		left -= bytes;
	}
	return crc == gpt->crc;
}

static void report_gpt_entry(struct partitioned_disk *disk, unsigned int nr, const char *entry)
{
	u64 first = le64_at(entry, 32), last = le64_at(entry, 40);

	if (!le64_at(entry, 0) && !le64_at(entry, 8))
		return;				/* unused: it has no type */
	if (last < first)
		disk->complain(disk, nr, "ends before it begins; left out");
	else if (first < FIRST_GPT_BLOCK)
		disk->complain(disk, nr, "lies where the table is; left out");
	else
		report(disk, nr, first, last - first + 1);
}

static void report_gpt(struct partitioned_disk *disk, const struct gpt *gpt)
{
	u32 per_block = disk->block_bytes / gpt->bytes;

	for (u32 i = 0; i < gpt->nr; i++) {
		if (i % per_block == 0 && !disk->read(disk, gpt->entries + i / per_block))
			return;
		report_gpt_entry(disk, i + 1, (char *)disk->block + i % per_block * gpt->bytes);
	}
}

static void read_gpt(struct partitioned_disk *disk)
{
	struct gpt gpt;

	if (take_gpt(disk, 1, &gpt) && array_is_whole(disk, &gpt)) {
		report_gpt(disk, &gpt);
	} else if (take_gpt(disk, disk->nr_blocks - 1, &gpt) && array_is_whole(disk, &gpt)) {
		disk->complain(disk, 0, "has a damaged GPT; the copy at its end is used");
		report_gpt(disk, &gpt);
	} else {
		disk->complain(disk, 0, "has a damaged GPT, and so has the copy at its end");
	}
}

void read_partitions(struct partitioned_disk *disk)
{
	struct mbr_entry table[NR_MBR_ENTRIES];

	if (!disk->nr_blocks || !disk->read(disk, 0) || !take_mbr(disk, table))
		return;
	for (unsigned int i = 0; i < NR_MBR_ENTRIES; i++)
		if (table[i].type == TYPE_GPT) {
			read_gpt(disk);
			return;
		}
	read_mbr(disk, table);
}
