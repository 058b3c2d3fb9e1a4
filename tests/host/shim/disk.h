/* disk.h - disks in memory behind <drivers/blk.h>: what is asked of them is done at once or some
 * time later, in any order, and fails where a test says so. */
#ifndef SHIM_DISK_H
#define SHIM_DISK_H

#include <drivers/blk.h>
#include <mm/swap.h>

#define MAX_SHIM_DISKS 4
#define PAGE_SECTORS   (PAGE_SIZE / SECTOR_BYTES)

/* Disk @nth, made anew: @pages of zeros, working, idle, its counts 0. Nobody may use it. */
struct block_device *shim_disk(unsigned int nth, unsigned long pages);
/* Its medium, at page @page. */
void *shim_disk_page(struct block_device *bdev, unsigned long page);

/* When requests end. A simulated interrupt may come whenever a processor enables interrupts, asks
 * whether it is time to give way, spins, or sleeps; those that a sleeper waits for always come. */
enum disk_mode {
	DISK_AT_ONCE, /* before blk_submit() returns */
	DISK_SLOWLY, /* in one of the next interrupts, any of those that wait */
	DISK_LAST_MINUTE, /* only when somebody sleeps, or the test calls shim_disk_settle() */
};

extern enum disk_mode shim_disk_mode; /* for new requests; DISK_AT_ONCE after start-up */
extern u64 shim_disk_random; /* what is random comes from here, so that a run repeats */
/* End all that is under way, as interrupts of this processor. */
void shim_disk_settle(void);
/* One interrupt, if there is something to end and interrupts are on. True: there was. */
bool shim_disk_interrupt(void);
/* The same if luck says so; for places where an interrupt could come. */
void shim_disk_maybe(void);
/* Something waits for its end: looked at wherever an interrupt could come. */
extern unsigned long shim_disk_pending;

/* From now on @op on any sector of pages [first, first + nr) ends with -EIO. nr 0: no such op
 * fails. Of a read that fails the memory is garbage, of a write the medium. */
void shim_disk_fail(struct block_device *bdev, enum bio_op op, unsigned long first,
		    unsigned long nr);

/* Would @op on the slot of @entry fail now? */
bool shim_slot_fails(swp_entry_t entry, enum bio_op op);

struct disk_stats {
	unsigned long requests[3], pages[3], errors[3]; /* by enum bio_op */
	unsigned long longest; /* pages in one request */
	unsigned long pending, most_pending; /* requests at a time */
};

struct disk_stats *shim_disk_stats(struct block_device *bdev);

/* A swap header as mkswap writes it, for @pages pages; @bad: slots that may not be used. */
void shim_mkswap(struct block_device *bdev, unsigned long pages, const u32 *bad, u32 nr_bad);
/* Disk @nth with @pages pages in use as swap, at priority @prio (-1: none given). */
struct block_device *shim_swap(unsigned int nth, unsigned long pages, int prio);
/* No disk fails or waits any more; none is in use as swap. Whatever was there must have gone. */
void shim_swapoff_all(void);
/* What the medium has in the slot of @entry; NULL: the area is not one of ours. */
const void *shim_slot_data(swp_entry_t entry);

#endif
