/* verify.c - walks all of memory and compares everything that must agree.
 *
 *	areas		sorted, apart, tree and list alike, gaps, page counts (verify_tree.c)
 *	chains		each in its tree, none too many; anon_vma's counts, root, references
 *	i_mmap		exactly the areas of the file
 *	tables		counted, marked, over an area; the kernel half the same (verify_page.c)
 *	entries		inside an area, with no right that it does not give;
 *			writable only if shared or exclusive
 *	swap		entries name slots; slots count them and know their copies; exclusive
 *			markers; tmpfs files; areas' counts (verify_swap.c)
 *	frames		in one state; map count = entries = what rmap_walk finds;
 *			references = entries + page cache + swap cache; LRU; page cache
 *	lists		buddy blocks, processors' stacks, LRU, slabs, and their counts
 *	sums		rss, vmstat, objects handed out, memory promised (overcommit.c)
 *
 * All other processors are in schedule() meanwhile (sched/stop.h), so no spinning lock is held and
 * what changes under one is whole. What changes under a sleeping lock may not be:
 *	- an mm whose mmap_lock is held for write is busy. Its areas are not looked at. Its
 *	  entries are, for they and their counts change together under a pte lock; only
 *	  rmap_walk need not find them.
 *	- sleeping tasks hold references and objects that nothing here knows. So there may be
 *	  more of those than was found, never fewer; but not for long: if there are still more
 *	  after many looks, something has leaked. Under load some frame is always in somebody's
 *	  hands (reclaim takes them off their lists and waits for the disk): so a frame counts
 *	  only if it has too many references at every look.
 *
 * Holds:  nothing is allocated, and nobody sleeps, while the others stand still.
 * Locks:  verify_mutex (RANK_VERIFY) for all state here.
 * Read:   verify_tree.c, verify_page.c, verify_swap.c; verify_plant.c, which proves that damage is
 *         seen. */
#include <mm/verify.h>

#include <stdarg.h>

#include <lib/list.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/memblock.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <sched/stop.h>
#include <sync/mutex.h>
#include "verify_internal.h"

#define MAX_LINES	10
#define SEEN_PER_PAGE	(PAGE_SIZE / sizeof(struct frame_seen))
#define MAX_LOOKS	100	/* before a surplus is a difference */
#define LOOK_AGAIN_NS	10000000UL
#define EXIT_SHARE	20	/* of the time at most 1 in so many goes to verify_at_exit() */

static DEFINE_MUTEX(verify_mutex, RANK_VERIFY);
struct verify verify;			/* [verify_mutex] */
static u64 next_at_exit;		/* [verify_mutex] time */

/* --- the report --- */

static void add_line(const char *fmt, va_list ap)
{
	struct verify_report *report = verify.report;
	unsigned int lines = report->differences ? report->differences : report->surplus;
	size_t room = sizeof(report->text) - report->used;

	if (lines > MAX_LINES || room < 2)
		return;
	report->used += vscnprintf(report->text + report->used, room - 1, fmt, ap);
	report->text[report->used++] = '\n';
	report->text[report->used] = '\0';
}

void verify_fail(const char *fmt, ...)
{
	va_list ap;

	if (!verify.report->differences++)
		verify.report->used = 0;	/* what a surplus had to say matters less */
	va_start(ap, fmt);
	add_line(fmt, ap);
	va_end(ap);
}

void verify_surplus(const char *fmt, ...)
{
	va_list ap;

	verify.report->surplus++;
	if (verify.report->differences)
		return;
	va_start(ap, fmt);
	add_line(fmt, ap);
	va_end(ap);
}

/* --- what was seen of each frame --- */

struct frame_seen *frame_seen(unsigned long pfn)
{
	unsigned long chunk = pfn / SEEN_PER_PAGE;

	if (chunk >= verify.nr_chunks || !verify.seen[chunk])
		return NULL;
	return &verify.seen[chunk][pfn % SEEN_PER_PAGE];
}

static void free_seen(void)
{
	for (unsigned long i = 0; verify.seen && i < verify.nr_chunks; i++)
		if (verify.seen[i])
			free_page(verify.seen[i]);
	kfree(verify.seen);
	verify.seen = NULL;
}

static int alloc_chunks(unsigned long first, unsigned long last)
{
	for (unsigned long i = first; i <= last; i++) {
		if (!verify.seen[i])
			verify.seen[i] = get_free_page(GFP_KERNEL | __GFP_NORETRY);
		if (!verify.seen[i])
			return -ENOMEM;
	}
	return 0;
}

static int alloc_seen(void)
{
	struct mem_range range;
	int err = 0;

	verify.nr_chunks = (memblock_end() >> PAGE_SHIFT) / SEEN_PER_PAGE + 1;
	verify.seen = kmalloc(verify.nr_chunks * sizeof(*verify.seen),
			      GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY);
	if (!verify.seen)
		return -ENOMEM;
	for (unsigned int i = 0; !err && memblock_memory(i, &range); i++)
		err = alloc_chunks((range.start >> PAGE_SHIFT) / SEEN_PER_PAGE,
				   ((range.end - 1) >> PAGE_SHIFT) / SEEN_PER_PAGE);
	if (err)
		free_seen();
	return err;
}

/* Only what was surplus at every look up to now can still be so. */
static void clear_seen(void)
{
	for (unsigned long i = 0; i < verify.nr_chunks; i++)
		for (unsigned int n = 0; verify.seen[i] && n < SEEN_PER_PAGE; n++) {
			struct frame_seen *seen = &verify.seen[i][n];

			*seen = (struct frame_seen){
				.was_surplus = !verify.looks || seen->surplus,
			};
		}
}

/* --- what may be looked at --- */

bool is_object(const void *obj)
{
	unsigned long pfn = ((unsigned long)obj - DIRECT_MAP_BASE) >> PAGE_SHIFT;

	return !((unsigned long)obj % sizeof(long)) && (unsigned long)obj >= DIRECT_MAP_BASE &&
	       frame_seen(pfn) && page_flag(pfn_to_page(pfn), PG_slab);
}

bool mm_busy(struct mm_struct *mm)
{
	return rwsem_is_write_locked(&mm->mmap_lock) ||
	       (!atomic_read(&mm->mm_users) && !list_empty(&mm->mmap_list));
}

/* --- sums --- */

static unsigned long objects_out(const char *name)
{
	struct slab_stats stats;

	for (unsigned int i = 0; slab_stats(i, &stats); i++)
		if (!strcmp(stats.name, name))
			return stats.active_objs;
	return 0;
}

/* More than found are out while somebody is making or freeing one. */
static void check_objects(const char *name, unsigned long found)
{
	unsigned long out = objects_out(name);

	if (out < found)
		verify_fail("slab %s: %lu objects are out, %lu found", name, out, found);
	else if (out > found)
		verify_surplus("slab %s: %lu objects are out, only %lu found", name, out, found);
}

static void check_state(const char *name, enum page_state_item item, unsigned long found)
{
	CHECK(page_state_sum(item) == found, "vmstat: %s is %lu, %lu found", name,
	      page_state_sum(item), found);
}

/* More than found is promised while somebody is making or unmapping something. */
static void check_committed(bool busy)
{
	unsigned long found = verify.committed + vm_reserved(), promised = vm_committed();

	if (promised < found)
		verify_fail("%lu pages are promised, %lu found", promised, found);
	else if (promised > found && !busy)
		verify_surplus("%lu pages are promised, only %lu found", promised, found);
}

static void verify_sums(void)
{
	const struct verify_report *report = verify.report;

	check_state("NR_ANON_MAPPED", NR_ANON_MAPPED, verify.anon);
	check_state("NR_FILE_MAPPED", NR_FILE_MAPPED, verify.file_mapped);
	check_state("NR_FILE_PAGES", NR_FILE_PAGES, verify.cached);
	check_state("NR_SHMEM", NR_SHMEM, verify.shmem);
	check_state("NR_SWAPCACHE", NR_SWAPCACHE, verify.swapcached);
	check_state("NR_MLOCK", NR_MLOCK, verify.mlocked);
	CHECK(verify.writeback == nr_writeback_pages(),
	      "%lu frames are being written, counted as %lu", verify.writeback,
	      nr_writeback_pages());
	CHECK(verify.tables == nr_table_pages(), "%lu frames are page tables, counted as %lu",
	      verify.tables, nr_table_pages());
	CHECK(verify.slabs == slab_total_pages(), "%lu frames are slabs, counted as %lu",
	      verify.slabs, slab_total_pages());
	check_objects("mm_struct", report->mms);
	check_committed(report->busy_mms);
	if (report->busy_mms)
		return;		/* their areas and chains were not counted */
	check_objects("vm_area_struct", report->areas);
	check_objects("anon_vma_chain", report->chains);
	check_objects("anon_vma", report->anon_vmas);
}

/* --- all of it --- */

static void verify_mms(void)
{
	struct mm_struct *mm;

	list_for_each_entry(mm, &mm_list, mm_node) {
		verify.report->mms++;
		if (mm_busy(mm))
			verify.report->busy_mms++;
		else
			verify_areas(mm);
		verify_tables(mm);
	}
}

/* Everything stands still. */
static void look(void)
{
	struct verify_report *report = verify.report;

	*report = (struct verify_report){};
	verify = (struct verify){ .report = report, .seen = verify.seen,
				  .nr_chunks = verify.nr_chunks, .looks = verify.looks };
	clear_seen();
	verify_free();
	verify_lru();
	verify_mms();
	verify_swapped_files();
	verify_slots();
	verify_frames();
	slab_verify();
	verify_sums();
}

/* Stop the machine and look once; fn as in verify_around(). -EAGAIN: a swap area has come or
 * gone. */
static int stop_and_look(bool (*fn)(void *arg, bool repair), void *arg)
{
	int err = 0;
	u64 start;

	stop_others();
	start = ktime_get();
	if (!verify_swap_begin()) {
		err = -EAGAIN;
	} else if (fn && !fn(arg, false)) {
		err = -ENOENT;
	} else {
		look();
		if (fn)
			fn(arg, true);
	}
	verify.report->ns = ktime_get() - start;
	resume_others();
	return err;
}

/* The same with room for the slots of the areas that there are. 0, -ENOENT or -ENOMEM. */
static int look_with_swap(bool (*fn)(void *arg, bool repair), void *arg)
{
	int err;

	do {
		err = verify_swap_alloc();
		if (!err)
			err = stop_and_look(fn, arg);
		verify_swap_free();
	} while (err == -EAGAIN);
	return err;
}

/* verify_mutex held. Up to @looks times, until no surplus is seen. */
static int verify_locked(struct verify_report *report, unsigned int looks,
			 bool (*fn)(void *arg, bool repair), void *arg)
{
	int err;

	*report = (struct verify_report){};
	verify.report = report;
	err = alloc_seen();
	if (err)
		return err;
	for (verify.looks = 0; !err && verify.looks < looks; verify.looks++) {
		if (verify.looks) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_timeout(LOOK_AGAIN_NS);
		}
		err = look_with_swap(fn, arg);
		if (report->differences || !report->surplus)
			break;
	}
	free_seen();
	return err;
}

int verify_around(struct verify_report *report, bool (*fn)(void *arg, bool repair), void *arg)
{
	int err;

	mutex_lock(&verify_mutex);
	err = verify_locked(report, fn ? 1 : MAX_LOOKS, fn, arg);
	mutex_unlock(&verify_mutex);
	return err;
}

int verify_memory(struct verify_report *report)
{
	int err = verify_around(report, NULL, NULL);

	if (!err) {
		report->differences += report->surplus;
		report->surplus = 0;
	}
	return err;
}

void verify_at_exit(void)
{
	static struct verify_report report;	/* [verify_mutex] too large for a stack */
	u64 start = ktime_get(), end;

	if (start < READ_ONCE(next_at_exit) || !mutex_trylock(&verify_mutex))
		return;
	if (!verify_locked(&report, 1, NULL, NULL) && report.differences)
		panic("mmcheck: %u differences\n%s", report.differences, report.text);
	end = ktime_get();
	WRITE_ONCE(next_at_exit, end + EXIT_SHARE * (end - start));
	mutex_unlock(&verify_mutex);
}
