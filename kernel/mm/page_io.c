/* page_io.c - pages between memory and the slots of swap areas.
 * Pages of consecutive slots go in one request. Requests come from two fixed pools, so that memory
 * can be written out when there is none left, and so that no read waits for a write to be given up.
 *
 *	swap_plug --(full, or the next slot is elsewhere, or flushed)--> disk --(interrupt)--> end
 *
 * Holds:  a folio in a request is in the swap cache, whose reference keeps it: until PG_writeback
 *         or, being read, PG_locked is cleared, nobody takes it out.
 *         A request of several pages that fails is done again page by page, so that only those that
 *         the disk cannot do are lost.
 * Locks:  none: a request in a pool is taken and given back by its bit. The ends run in interrupts.
 * Read:   drivers/blk.c for requests to disks; vmscan.c and swap_state.c for who begins these. */
#include "swap_internal.h"

#include <asm/atomic.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <drivers/blk.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <mm/vmstat.h>
#include <sched/clock.h>
#include <sched/wait.h>

#define POOL_IOS		16u
#define LOG_PAUSE		NSEC_PER_SEC	/* between two lines about errors */
#define SECTORS_PER_PAGE	(PAGE_SIZE >> SECTOR_SHIFT)

struct io_pool {
	enum bio_op		op;		/* [c] */
	unsigned long		taken;		/* [atomic bits] which of ios */
	struct wait_queue_head	wait;		/* those that wait for one */
	struct swap_io		*ios;		/* [c] POOL_IOS of them */
};

struct swap_io {
	struct bio	bio;
	struct bio_vec	vecs[BIO_MAX_VECS];	/* fewer than pages if frames lie in a row */
	struct folio	*folios[SWAP_IO_PAGES];
	unsigned int	nr;			/* folios, of consecutive slots from first on */
	unsigned int	next;			/* page by page: the first that is not done */
	bool		one_by_one;		/* after an error of the whole */
	swp_entry_t	first;
	struct io_pool	*pool;			/* [c] once taken */
};

static struct swap_io write_ios[POOL_IOS], read_ios[POOL_IOS];
static struct io_pool writes = {
	.op = BIO_WRITE, .wait = WAIT_QUEUE_HEAD_INIT(writes.wait), .ios = write_ios,
};
static struct io_pool reads = {
	.op = BIO_READ, .wait = WAIT_QUEUE_HEAD_INIT(reads.wait), .ios = read_ios,
};

static atomic_t nr_writeback;			/* pages */
static atomic_t writes_ended;			/* requests, for waiters to see one more */
static DECLARE_WAIT_QUEUE_HEAD(writeback_wait);
static u64 log_after;				/* when an error may be told of again */
static atomic_t nr_untold;			/* errors since the last line */

BUILD_ASSERT(SWAP_IO_PAGES <= BIO_MAX_VECS);

/* --- requests --- */

static struct swap_io *try_get_io(struct io_pool *pool)
{
	for (unsigned int i = 0; i < POOL_IOS; i++)
		if (!(READ_ONCE(pool->taken) & BIT(i)) &&
		    !test_and_set_bit_atomic(i, &pool->taken))
			return &pool->ios[i];
	return NULL;
}

/* An empty request, sooner or later: all are with disks, or with those who fill them and wait for
 * nothing but disks. */
static struct swap_io *get_io(struct io_pool *pool)
{
	struct swap_io *io;

	wait_event(&pool->wait, (io = try_get_io(pool)));
	io->pool = pool;
	io->bio.nr_vecs = io->nr = 0;
	io->one_by_one = false;
	return io;
}

static void put_io(struct swap_io *io)
{
	struct io_pool *pool = io->pool;

	clear_bit_atomic(io - pool->ios, &pool->taken);
	wake_up_all(&pool->wait);
}

/* --- ends, in interrupts as a rule --- */

/* One line in LOG_PAUSE; two processors may say one each. */
static void log_error(const struct bio *bio)
{
	u64 now = ktime_get();
	int untold;

	if (now < READ_ONCE(log_after)) {
		atomic_inc(&nr_untold);
		return;
	}
	WRITE_ONCE(log_after, now + LOG_PAUSE);
	untold = atomic_xchg(&nr_untold, 0);
	printk_at(LEVEL_ERR, "swap: %s error on %s, sector %lu (%s)\n",
	       bio->op == BIO_READ ? "read" : "write",
	       bio->bdev->name, bio->sector, bio->op == BIO_READ
	       ? "whoever touches the page gets SIGBUS" : "the page stays in memory");
	if (untold)
		printk_at(LEVEL_ERR, "swap: %d more errors since the last line\n", untold);
}

/* After PG_writeback is clear @folio may be gone. */
static void end_write(struct folio *folio, int error)
{
	struct page *page = folio_page(folio);

	if (error)
		folio_mark_dirty(folio);
	if (folio_flag(folio, PG_reclaim)) {
		page_clear_flag(page, PG_reclaim);
		if (!error)
			folio_rotate_reclaimable(folio);
	}
	page_clear_flag(page, PG_writeback);
	folio_wake(folio);
	atomic_dec(&nr_writeback);
}

static void end_read(struct folio *folio, int error)
{
	if (!error)
		page_set_flag(folio_page(folio), PG_uptodate);
	folio_unlock(folio);
}

static void end_page(struct swap_io *io, struct folio *folio, int error)
{
	if (io->pool == &writes)
		end_write(folio, error);
	else
		end_read(folio, error);
}

static void end_io(struct swap_io *io)
{
	bool write = io->pool == &writes;

	put_io(io);
	if (!write)
		return;
	atomic_inc(&writes_ended);
	wake_up_all(&writeback_wait);
}

/* Do the next page by itself. A disk that answers before it returns makes this call itself, once
 * for each page. */
static void submit_next_page(struct swap_io *io)
{
	io->vecs[0] = (struct bio_vec){
		.page = folio_page(io->folios[io->next]), .bytes = PAGE_SIZE,
	};
	io->bio.nr_vecs = 1;
	io->bio.sector = (swp_offset(io->first) + io->next) * SECTORS_PER_PAGE;
	blk_submit(&io->bio);
}

static void io_ended(struct bio *bio)
{
	struct swap_io *io = container_of(bio, struct swap_io, bio);

	if (bio->error && io->nr > 1 && !io->one_by_one) {
		io->one_by_one = true;
		io->next = 0;
		submit_next_page(io);
		return;
	}
	if (bio->error)
		log_error(bio);
	if (!io->one_by_one) {
		for (unsigned int i = 0; i < io->nr; i++)
			end_page(io, io->folios[i], bio->error);
	} else {
		end_page(io, io->folios[io->next++], bio->error);
		if (io->next < io->nr) {
			submit_next_page(io);
			return;
		}
	}
	end_io(io);
}

/* --- beginnings --- */

/* Does @page follow the last piece of memory in the request? */
static bool adjoins(const struct swap_io *io, const struct page *page)
{
	const struct bio_vec *last = &io->vecs[io->bio.nr_vecs - 1];

	return last->page + last->bytes / PAGE_SIZE == page;
}

static bool fits(const struct swap_io *io, const struct folio *folio)
{
	return folio_swap_entry(folio).val == io->first.val + io->nr && io->nr < SWAP_IO_PAGES &&
	       (io->bio.nr_vecs < io->bio.bdev->max_vecs || adjoins(io, &folio->page));
}

static void start_io(struct swap_plug *plug, const struct io_pool *pool, struct folio *folio)
{
	struct swap_io *io = plug->io;

	io->first = folio_swap_entry(folio);
	io->bio.op = pool->op;
	io->bio.bdev = swap_info[swp_type(io->first)].bdev;
	io->bio.sector = swp_offset(io->first) * SECTORS_PER_PAGE;
	io->bio.vecs = io->vecs;
	io->bio.end_io = io_ended;
}

/* @folio's turn, in the request that is being filled or in a new one. */
static void add_folio(struct swap_plug *plug, struct io_pool *pool, struct folio *folio)
{
	struct page *page = folio_page(folio);
	struct swap_io *io;

	if (plug->io && !fits(plug->io, folio))
		swap_plug_flush(plug);
	if (!plug->io) {
		plug->io = get_io(pool);
		start_io(plug, pool, folio);
	}
	io = plug->io;
	if (io->nr && adjoins(io, page))
		io->vecs[io->bio.nr_vecs - 1].bytes += PAGE_SIZE;
	else
		io->vecs[io->bio.nr_vecs++] = (struct bio_vec){ .page = page, .bytes = PAGE_SIZE };
	io->folios[io->nr++] = folio;
}

void swap_plug_flush(struct swap_plug *plug)
{
	struct swap_io *io = plug->io;

	if (!io)
		return;
	plug->io = NULL;
	count_vm_events(io->pool == &writes ? PSWPOUT : PSWPIN, io->nr);
	blk_submit(&io->bio);
}

void swap_write_folio(struct swap_plug *plug, struct folio *folio)
{
	struct page *page = folio_page(folio);

	DEBUG_ASSERT(folio_flag(folio, PG_locked) && folio_flag(folio, PG_swapcache) &&
		     !folio_flag(folio, PG_writeback));
	/* Whoever writes to the page from now on makes it dirty again, and it stays. */
	page_clear_flag(page, PG_dirty);
	page_set_flag(page, PG_reclaim);
	page_set_flag(page, PG_writeback);
	atomic_inc(&nr_writeback);
	folio_unlock(folio);
	add_folio(plug, &writes, folio);
}

void swap_read_folios(struct folio **folios, unsigned int nr)
{
	struct swap_plug plug = { NULL };

	for (unsigned int i = 0; i < nr; i++) {
		DEBUG_ASSERT(folio_flag(folios[i], PG_locked));
		add_folio(&plug, &reads, folios[i]);
	}
	swap_plug_flush(&plug);
}

/* --- waiting --- */

unsigned long nr_writeback_pages(void)
{
	return atomic_read(&nr_writeback);
}

void wait_for_writeback(u64 ns)
{
	int seen = atomic_read(&writes_ended);

	(void)wait_event_timeout(&writeback_wait, atomic_read(&writes_ended) != seen ||
				 !atomic_read(&nr_writeback), ns);
}
