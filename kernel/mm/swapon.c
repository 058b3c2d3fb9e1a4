/* swapon.c - a disk becomes a swap area, and stops being one.
 * Holds:  an area's disk is claimed by it. The disk's first page is what mkswap(8) has written:
 *
 *	byte 0	       1024	 1028	     1032	       1536	        4086	      4096
 *	     | (boot)  | version | last_page | nr_badpages ... | badpages ...   | "SWAPSPACE2" |
 *
 * Locks:  swapon_mutex for which areas there are. It is not held while swapoff empties one: that
 *         the area is used and not to be written says so to everybody else.
 * Read:   swapfile.c for the slots; memory.c: unuse_mm; shmem.c: shmem_unuse. */
#include "swap_internal.h"

#include <lib/string.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <drivers/blk.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <sync/mutex.h>
#include <uapi/swap.h>

#define MAX_BADPAGES	637
#define MAX_FRUITLESS	8		/* passes of swapoff that bring nothing back */
#define SWAP_MAGIC	"SWAPSPACE2"

struct swap_header {
	u8	boot[1024];
	u32	version;
	u32	last_page;		/* the number of slots - 1, this page being slot 0 */
	u32	nr_badpages;
	u8	uuid[16], label[16];
	u32	padding[117];
	u32	badpages[MAX_BADPAGES];
	u8	padding2[2];
	char	magic[10];
};

BUILD_ASSERT(sizeof(struct swap_header) == PAGE_SIZE);
BUILD_ASSERT(offsetof(struct swap_header, badpages) == 1536);

static DEFINE_MUTEX(swapon_mutex, RANK_SWAPON);
/* [swapon_mutex] the lowest priority ever given to an area that asked for none, and still in use */
static int least_priority = -1;

/* --- swapon --- */

/* NULL, or what is wrong. */
static const char *check_header(const struct swap_header *header, const struct block_device *bdev)
{
	if (memcmp(header->magic, SWAP_MAGIC, sizeof(header->magic)))
		return "no swap signature";
	if (header->version != 1)
		return "unknown version of the swap header";
	if (!header->last_page)
		return "an empty swap area";
	if (header->last_page >= bdev->nr_sectors >> (PAGE_SHIFT - SECTOR_SHIFT))
		return "the disk is smaller than its swap header says";
	if (header->nr_badpages > MAX_BADPAGES)
		return "more bad pages than a swap header has room for";
	return NULL;
}

/* What the header says, as a map. 0, -EINVAL, -EIO, -ENOMEM. */
static int read_header(struct block_device *bdev, struct swap_map *map)
{
	struct swap_header *header = get_free_page(GFP_KERNEL);
	const char *wrong = NULL;
	int err;

	if (!header)
		return -ENOMEM;
	if (bdev->nr_sectors < PAGE_SIZE >> SECTOR_SHIFT) {
		wrong = "smaller than a page";
		err = -EINVAL;
	} else {
		err = blk_rw_sync(bdev, BIO_READ, 0, header, PAGE_SIZE);
	}
	if (!err && (wrong = check_header(header, bdev)))
		err = -EINVAL;
	if (!err) {
		err = swap_map_alloc(map, header->last_page + 1ul, header->badpages,
				     header->nr_badpages);
		if (err == -EINVAL)
			wrong = "bad pages that are none of its, or nothing but bad pages";
	}
	if (wrong)
		pr_warn("swap: %s: %s\n", bdev->name, wrong);
	free_page(header);
	return err;
}

static struct swap_info_struct *unused_area(void)
{
	for (unsigned int type = 0; type < MAX_SWAPFILES; type++)
		if (!swap_info[type].flags)
			return &swap_info[type];
	return NULL;
}

/* swapon_mutex held. 0 or -EPERM. */
static int add_area(struct block_device *bdev, const char *path, int flags,
		    const struct swap_map *map)
{
	struct swap_info_struct *si = unused_area();

	if (!si)
		return -EPERM;
	si->bdev = bdev;
	WRITE_ONCE(si->prio, flags & SWAP_FLAG_PREFER ? flags & SWAP_FLAG_PRIO_MASK
						      : --least_priority);
	strlcpy(si->path, path, sizeof(si->path));
	swap_area_start(si, map);
	WRITE_ONCE(nr_swapfiles, max(nr_swapfiles, (unsigned int)(si - swap_info) + 1));
	printk("Adding %luk swap on %s.  Priority:%d\n", map->pages << (PAGE_SHIFT - 10), si->path,
	       si->prio);
	return 0;
}

/* write(2) to the disk is over, and stays so; or may begin again. */
static void keep_writers_out(struct block_device *bdev, bool out)
{
	down_write(&bdev->disk->edge_rwsem);
	bdev->swap = out;
	up_write(&bdev->disk->edge_rwsem);
}

int swap_on(struct block_device *bdev, const char *path, int flags)
{
	struct swap_map map;
	int err;

	if (bdev->read_only)
		return -EROFS;
	if (!blk_claim(bdev))
		return -EBUSY;
	keep_writers_out(bdev, true);
	err = read_header(bdev, &map);
	if (!err) {
		mutex_lock(&swapon_mutex);
		err = add_area(bdev, path, flags, &map);
		mutex_unlock(&swapon_mutex);
		if (err)
			swap_map_free(&map);
	}
	if (err) {
		keep_writers_out(bdev, false);
		blk_unclaim(bdev);
	}
	return err;
}

/* --- swapoff --- */

/* All entries in page tables. An mm that appears meanwhile is behind those that it has its entries
 * from. */
static int unuse_all_mms(unsigned int type)
{
	struct mm_struct *mm = NULL;
	int err = 0;

	while (!err && (mm = next_mm(mm))) {
		err = signal_pending(current) ? -EINTR : unuse_mm(mm, type);
		cond_resched();
	}
	if (mm)
		mmput(mm);
	return err;
}

/* Copies in memory of slots that nobody names any more. */
static void drop_cached(struct swap_info_struct *si)
{
	for (unsigned long offset = 0; swap_next_cached(si, &offset); offset++) {
		swp_entry_t entry = swap_area_entry(si, offset);
		struct folio *folio = swap_cache_get_folio(entry);

		if (!folio)
			continue;
		folio_lock(folio);
		if (folio_flag(folio, PG_swapcache) && folio_swap_entry(folio).val == entry.val) {
			folio_wait_writeback(folio);
			folio_free_swap(folio);
		}
		folio_unlock(folio);
		folio_put(folio);
		cond_resched();
	}
}

static int empty_once(struct swap_info_struct *si)
{
	unsigned int type = si - swap_info;
	int err = unuse_all_mms(type);

	if (!err)
		err = shmem_unuse(type);
	if (!err)
		drop_cached(si);
	return err;
}

/* Until no slot of @si is in use: what is left after a pass belongs to somebody who is about to
 * give it up (an exiting process). Where memory is short, others have to leave for other areas
 * first, which takes time: it is hopeless when nothing has come back in several passes. */
static int empty_area(struct swap_info_struct *si)
{
	unsigned int fruitless = 0;

	for (;;) {
		unsigned long before = READ_ONCE(si->used);
		int err = empty_once(si);

		if (!err && !READ_ONCE(si->used))
			return 0;
		if (signal_pending(current))
			return -EINTR;
		fruitless = READ_ONCE(si->used) < before ? 0 : fruitless + 1;
		if (err && (err != -ENOMEM || fruitless >= MAX_FRUITLESS))
			return err;
		if (err || fruitless) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_timeout(WRITE_PATIENCE);
		}
	}
}

/* The area on @bdev that is not on its way out yet. swapon_mutex held. */
static struct swap_info_struct *find_area(const struct block_device *bdev)
{
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];

		if (si->flags & SWP_WRITEOK && si->bdev == bdev)
			return si;
	}
	return NULL;
}

/* No slot of the area on @bdev is taken any more. NULL: there is none. */
static struct swap_info_struct *stop_area(const struct block_device *bdev)
{
	struct swap_info_struct *si;

	mutex_lock(&swapon_mutex);
	si = find_area(bdev);
	if (si)
		swap_area_set_writeok(si, false);
	mutex_unlock(&swapon_mutex);
	return si;
}

/* Priorities that were not asked for stay -2, -3 and so on. swapon_mutex held. */
static void close_ranks(int prio)
{
	if (prio >= 0)
		return;
	for (unsigned int type = 0; type < nr_swapfiles; type++) {
		struct swap_info_struct *si = &swap_info[type];

		if (si->flags && si->prio < prio)
			WRITE_ONCE(si->prio, si->prio + 1);
	}
	least_priority++;
}

/* False: a slot has come into use again. */
static bool remove_area(struct swap_info_struct *si)
{
	struct swap_map map;
	bool ended;

	mutex_lock(&swapon_mutex);
	ended = swap_area_end(si, &map);
	if (ended)
		close_ranks(si->prio);
	mutex_unlock(&swapon_mutex);
	if (ended)
		swap_map_free(&map);
	return ended;
}

/* Could all that is on @si be anywhere else at all? */
static bool has_room_for(const struct swap_info_struct *si)
{
	return READ_ONCE(si->used) <= totalram_pages + nr_free_swap_slots();
}

int swap_off(struct block_device *bdev)
{
	struct swap_info_struct *si = stop_area(bdev);
	int err;

	if (!si)
		return -EINVAL;
	do
		err = has_room_for(si) ? empty_area(si) : -ENOMEM;
	while (!err && !remove_area(si));
	if (err) {
		swap_area_set_writeok(si, true);
		return err;
	}
	keep_writers_out(bdev, false);
	blk_unclaim(bdev);
	return 0;
}

bool swap_stats(unsigned int nth, struct swap_stats *stats)
{
	bool found = false;

	mutex_lock(&swapon_mutex);
	for (unsigned int type = 0; type < nr_swapfiles && !found; type++) {
		const struct swap_info_struct *si = &swap_info[type];

		found = si->flags && !nth--;
		if (found) {
			*stats = (struct swap_stats){
				.pages = si->map.pages, .used = si->used, .prio = si->prio,
			};
			strlcpy(stats->path, si->path, sizeof(stats->path));
		}
	}
	mutex_unlock(&swapon_mutex);
	return found;
}
