/* failure_test.c - every operation with its first, second, third ... allocation failing, alone and
 * with all that follow: what is reported is true, everything is consistent, nothing is lost, and
 * what failed can be done again. */
#include "swap_test.h"

#define ANON_PAGES	16
#define ANON		(BASE + PMD_SIZE - 8 * PAGE_SIZE)	/* over a table's end */
#define PRIVATE		(BASE + 4 * PMD_SIZE)
#define SHARED		(BASE + 6 * PMD_SIZE)
#define FILE_PAGES	8
#define EMPTY		(BASE + PGD_SIZE)			/* mapped, never touched */
#define FREE		(BASE + 2 * PGD_SIZE)			/* nothing mapped, no tables */
#define OUT		(BASE + 8 * PMD_SIZE)			/* in swap */
#define OUT_PAGES	8
#define OUT_SHARED	(BASE + 9 * PMD_SIZE)			/* shared, in swap */
#define WHOLE		(BASE + 16 * PMD_SIZE)			/* all of two tables */

struct operation {
	const char	*name;
	long		(*run)(struct mm_struct *mm);	/* 0, or what failed */
	bool		may_stop_halfway;		/* areas may have changed on failure */
};

static struct file *file, *out_file;
static struct mm_struct *child;
static struct block_device *disk;

static struct mm_struct *prepare(void)
{
	struct mm_struct *mm = shim_mm_new();
	u64 value;

	file = shim_file_new(FILE_PAGES * PAGE_SIZE);
	for (unsigned int i = 0; i < FILE_PAGES; i += 2) {
		value = 1000 + i;
		shim_file_write(file, i * PAGE_SIZE, &value, 8);
	}
	map_anon(mm, ANON, ANON_PAGES * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < ANON_PAGES; i++)
		write64(0, mm, ANON + i * PAGE_SIZE, i + 1);
	map_file(mm, file, PRIVATE, FILE_PAGES * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	write64(0, mm, PRIVATE, 5);
	read64(0, mm, PRIVATE + 2 * PAGE_SIZE);
	map_file(mm, file, SHARED, FILE_PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_anon(mm, EMPTY, 4 * PAGE_SIZE, RW);
	map_anon(mm, WHOLE, 2 * PMD_SIZE, RW);
	fill(mm, WHOLE + PMD_SIZE - PAGE_SIZE, 2, 900);
	disk = shim_swap(0, 100, -1);
	map_anon(mm, OUT, OUT_PAGES * PAGE_SIZE, RW);
	fill(mm, OUT, OUT_PAGES, 500);
	pages_out(mm, OUT, OUT_PAGES);
	out_file = shim_file_new(OUT_PAGES * PAGE_SIZE);
	map_file(mm, out_file, OUT_SHARED, OUT_PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, OUT_SHARED, OUT_PAGES, 700);
	for (unsigned int i = 0; i < OUT_PAGES; i++) {
		reclaim(filemap_get_folio(file_mapping(out_file), i));
		reclaim(swap_cache_get_folio(radix_to_swp_entry(
			filemap_get_entry(file_mapping(out_file), i))));
	}
	shim_drain_all();
	return mm;
}

/* What prepare() has made is all there. */
static void verify(struct mm_struct *mm)
{
	for (unsigned int i = 0; i < ANON_PAGES; i++)
		assert_int_equal(read64(1, mm, ANON + i * PAGE_SIZE), i + 1);
	assert_int_equal(read64(1, mm, PRIVATE), 5);
	for (unsigned int i = 1; i < FILE_PAGES; i++)
		assert_int_equal(read64(1, mm, PRIVATE + i * PAGE_SIZE), i % 2 ? 0 : 1000 + i);
	expect(1, mm, WHOLE + PMD_SIZE - PAGE_SIZE, 2, 900);
	expect(1, mm, OUT, OUT_PAGES, 500);
	expect(1, mm, OUT_SHARED, OUT_PAGES, 700);
}

static void finish(struct mm_struct *mm)
{
	if (child)
		shim_mm_exit(child);
	child = NULL;
	shim_mm_exit(mm);
	fput(file);
	fput(out_file);
	shim_swapoff_all();
	check_nothing_left();
}

/* --- operations --- */

static long value_or_error(unsigned long ret)
{
	return IS_ERR_VALUE(ret) ? (long)ret : 0;
}

static long run_fork(struct mm_struct *mm)
{
	child = shim_mm_fork(mm);
	if (IS_ERR(child)) {
		long err = PTR_ERR(child);

		child = NULL;
		return err;
	}
	return 0;
}

static long run_mmap(struct mm_struct *mm)
{
	return value_or_error(do_mmap(mm, NULL, FREE, PAGE_SIZE, RW,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0));
}

static long run_mmap_file(struct mm_struct *mm)
{
	return value_or_error(do_mmap(mm, file, FREE, PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, 0));
}

static long run_mmap_shared(struct mm_struct *mm)
{
	return value_or_error(do_mmap(mm, NULL, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, 0));
}

/* Bringing in may stop short; the mapping is there in any case. */
static long run_mmap_populate(struct mm_struct *mm)
{
	long ret = value_or_error(do_mmap(mm, file, FREE, FILE_PAGES * PAGE_SIZE, RW,
					  MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, 0));

	if (!ret)
		assert_non_null(vma_lookup(mm, FREE));
	return ret;
}

static long run_munmap_middle(struct mm_struct *mm)
{
	return do_munmap(mm, ANON + 2 * PAGE_SIZE, PAGE_SIZE);
}

static long run_munmap_many(struct mm_struct *mm)
{
	return do_munmap(mm, ANON + PAGE_SIZE, SHARED + PAGE_SIZE - (ANON + PAGE_SIZE));
}

static long run_mprotect_middle(struct mm_struct *mm)
{
	return do_mprotect(mm, ANON + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ);
}

static long run_mprotect_whole(struct mm_struct *mm)
{
	return do_mprotect(mm, ANON, ANON_PAGES * PAGE_SIZE, PROT_READ);
}

static long run_madvise_middle(struct mm_struct *mm)
{
	return do_madvise(mm, ANON + 2 * PAGE_SIZE, PAGE_SIZE, MADV_DONTFORK);
}

static long run_mlock_middle(struct mm_struct *mm)
{
	return do_mlock(mm, ANON + 2 * PAGE_SIZE, PAGE_SIZE, false);
}

static long run_move_whole(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, ANON, ANON_PAGES * PAGE_SIZE, ANON_PAGES * PAGE_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED, FREE - PAGE_SIZE));
}

static long run_move_middle(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, ANON + PAGE_SIZE, 12 * PAGE_SIZE, 14 * PAGE_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED, FREE - 3 * PAGE_SIZE));
}

static long run_move_dontunmap(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, ANON, 12 * PAGE_SIZE, 12 * PAGE_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
					FREE - 3 * PAGE_SIZE));
}

/* The second table needs one above it that the first does not. */
static long run_move_tables(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, WHOLE, 2 * PMD_SIZE, 2 * PMD_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED, FREE + PUD_SIZE - PMD_SIZE));
}

static long run_move_file(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, PRIVATE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED, FREE - PAGE_SIZE));
}

static long run_brk(struct mm_struct *mm)
{
	unsigned long want = mm->brk + 10 * PAGE_SIZE;

	return do_brk(mm, want) == want ? 0 : -ENOMEM;
}

static long run_read_fault(struct mm_struct *mm)
{
	u8 byte;

	return mmu_read(0, mm, EMPTY, &byte, 1);
}

static long run_write_fault(struct mm_struct *mm)
{
	u8 byte = 1;

	return mmu_write(0, mm, EMPTY, &byte, 1);
}

static long run_file_read_fault(struct mm_struct *mm)
{
	u8 byte;

	return mmu_read(0, mm, SHARED + 3 * PAGE_SIZE, &byte, 1);
}

static long run_file_write_fault(struct mm_struct *mm)
{
	u8 byte = 1;

	return mmu_write(0, mm, SHARED + 5 * PAGE_SIZE + 100, &byte, 1);
}

static long run_file_cow_fault(struct mm_struct *mm)
{
	u8 byte = 1;

	return mmu_write(0, mm, PRIVATE + 3 * PAGE_SIZE + 100, &byte, 1);
}

static long run_fork_and_cow(struct mm_struct *mm)
{
	u64 value = 77;
	long ret = run_fork(mm);

	return ret ? ret : (long)mmu_write(2, child, ANON, &value, 8);
}

static long run_file_write(struct mm_struct *mm)
{
	u64 value = 1;

	(void)mm;
	return shim_file_write(file, 100000 * PAGE_SIZE, &value, 8);	/* three levels of nodes */
}

static long run_remote_write(struct mm_struct *mm)
{
	u8 bytes[2 * PAGE_SIZE] = {};

	return access_remote_vm(mm, EMPTY, bytes, sizeof(bytes), FOLL_WRITE) == sizeof(bytes) ? 0
											: -EFAULT;
}

static long run_stack(struct mm_struct *mm)
{
	return setup_stack_vma(mm, FREE, PAGE_SIZE, false);
}

/* --- what is out comes back --- */

static long run_swapin_read(struct mm_struct *mm)
{
	u8 byte;

	return mmu_read(0, mm, OUT + PAGE_SIZE, &byte, 1);
}

static long run_swapin_write(struct mm_struct *mm)
{
	u64 value = 501;

	return mmu_write(0, mm, OUT + PAGE_SIZE, &value, 8);
}

static long run_swapin_and_copy(struct mm_struct *mm)
{
	u64 value = 77;
	long ret = run_fork(mm);

	return ret ? ret : (long)mmu_write(2, child, OUT, &value, 8);
}

static long run_swapin_shared(struct mm_struct *mm)
{
	u8 byte;

	return mmu_read(0, mm, OUT_SHARED + 2 * PAGE_SIZE, &byte, 1);
}

static long run_swapin_file(struct mm_struct *mm)
{
	u64 value;

	(void)mm;
	return shim_file_read(out_file, 3 * PAGE_SIZE, &value, 8);
}

static long run_swapin_truncate(struct mm_struct *mm)
{
	(void)mm;
	return shim_file_truncate(out_file, OUT_PAGES * PAGE_SIZE - 100);
}

static long run_swapin_locked(struct mm_struct *mm)
{
	return do_mlock(mm, OUT, OUT_PAGES * PAGE_SIZE, false);
}

static long run_swapin_populate(struct mm_struct *mm)
{
	return do_madvise(mm, OUT, OUT_PAGES * PAGE_SIZE, MADV_POPULATE_WRITE);
}

static long run_swapin_remote(struct mm_struct *mm)
{
	u8 bytes[2 * PAGE_SIZE];

	return access_remote_vm(mm, OUT, bytes, sizeof(bytes), 0) == sizeof(bytes) ? 0
										       : -EFAULT;
}

static long run_move_out(struct mm_struct *mm)
{
	return value_or_error(do_mremap(mm, OUT + PAGE_SIZE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
					MREMAP_MAYMOVE | MREMAP_FIXED, FREE - PAGE_SIZE));
}

static long run_pageout(struct mm_struct *mm)
{
	long ret = do_madvise(mm, ANON, ANON_PAGES * PAGE_SIZE, MADV_PAGEOUT);

	assert_true(is_out(mm, ANON));
	return ret;
}

static long run_reclaim(struct mm_struct *mm)
{
	(void)mm;
	return !try_to_free_pages(GFP_KERNEL, 0);
}

static long run_swapoff(struct mm_struct *mm)
{
	(void)mm;
	return swap_off(disk);
}

/* --- the sweep --- */

/* One run with the @nth allocation failing. False: there was no such allocation. */
static bool run_failing(const struct operation *op, unsigned int nth, bool all)
{
	struct mm_struct *mm = prepare();
	unsigned int areas = mm->map_count;
	unsigned long total = mm->total_vm;
	bool hit;
	long ret;

	fail_nth(nth, all);
	ret = op->run(mm);
	hit = fail_stop();
	check_all();
	if (!hit)
		assert_int_equal(ret, 0);
	if (ret) {
		assert_int_equal(mm->map_count, areas);
		if (!op->may_stop_halfway)
			assert_int_equal(mm->total_vm, total);
		verify(mm);
		if (child) {
			shim_mm_exit(child);
			child = NULL;
		}
		assert_int_equal(op->run(mm), 0);	/* and again, with memory */
		check_all();
	}
	finish(mm);
	return hit;
}

static void sweep(void **state)
{
	const struct operation *op = *state;

	for (unsigned int all = 0; all < 2; all++) {
		unsigned int nth = 1;

		while (run_failing(op, nth, all))
			nth++;
		assert_in_range(nth, 1, 500);
	}
}

#define OPERATION(fn)	{ .name = #fn, .run = fn }

static struct operation operations[] = {
	OPERATION(run_fork),
	OPERATION(run_mmap),
	OPERATION(run_mmap_file),
	OPERATION(run_mmap_shared),
	OPERATION(run_mmap_populate),
	OPERATION(run_munmap_middle),
	OPERATION(run_munmap_many),
	OPERATION(run_mprotect_middle),
	OPERATION(run_mprotect_whole),
	OPERATION(run_madvise_middle),
	OPERATION(run_mlock_middle),
	OPERATION(run_move_whole),
	OPERATION(run_move_middle),
	OPERATION(run_move_dontunmap),
	OPERATION(run_move_tables),
	OPERATION(run_move_file),
	OPERATION(run_brk),
	OPERATION(run_read_fault),
	OPERATION(run_write_fault),
	OPERATION(run_file_read_fault),
	OPERATION(run_file_write_fault),
	OPERATION(run_file_cow_fault),
	OPERATION(run_fork_and_cow),
	OPERATION(run_file_write),
	OPERATION(run_remote_write),
	OPERATION(run_stack),
	OPERATION(run_swapin_read),
	OPERATION(run_swapin_write),
	OPERATION(run_swapin_and_copy),
	OPERATION(run_swapin_shared),
	OPERATION(run_swapin_file),
	OPERATION(run_swapin_truncate),
	OPERATION(run_swapin_locked),
	OPERATION(run_swapin_populate),
	OPERATION(run_swapin_remote),
	OPERATION(run_move_out),
	OPERATION(run_pageout),
	OPERATION(run_reclaim),
	OPERATION(run_swapoff),
};

/* --- memory at its reserve --- */

static void write_with_no_frames_for_the_lock(void *arg)
{
	struct mm_struct *mm = prepare();

	(void)arg;
	fail_nowait_frames = true;	/* nodes under pages_lock come from magazines alone */
	for (unsigned long i = 1; i < 40; i++) {	/* two or three nodes each */
		u64 value = i;

		ASSERT(!shim_file_write(file, (i << 12) * PAGE_SIZE, &value, 8));
	}
	fail_nowait_frames = false;
	check_all();
	finish(mm);
}

static void a_page_goes_into_the_cache_though_nothing_can_be_had_under_its_lock(void **state)
{
	assert_true(shim_survives(write_with_no_frames_for_the_lock, NULL));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(operations) + 1];

	for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++) {
		tests[i] = (struct CMUnitTest)MM_TEST(sweep);
		tests[i].name = operations[i].name;
		tests[i].initial_state = &operations[i];
	}
	tests[ARRAY_SIZE(operations)] = (struct CMUnitTest)
		MM_TEST(a_page_goes_into_the_cache_though_nothing_can_be_had_under_its_lock);
	return RUN_MM_TESTS(tests);
}
