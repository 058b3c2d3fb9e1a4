/* swap_test.c - pages leave and come back, mapped by one process or by many: nothing is lost, and
 * what comes back belongs to whom it belonged to. */
#include "swap_test.h"

#include <asm/atomic.h>

#define NR 8

static struct mm_struct *mm;

static void prepare(unsigned int pages)
{
	shim_swap(0, SWAP_PAGES, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, pages * PAGE_SIZE, RW);
	fill(mm, BASE, pages, 100);
}

/* --- one process --- */

static void a_page_leaves_and_comes_back_exclusive(void **state)
{
	unsigned long frames;

	prepare(NR);
	shim_drain_all();
	frames = nr_free_pages();
	pages_out(mm, BASE, NR);
	check_all();
	assert_int_equal(used_slots(), NR);
	assert_int_equal(get_mm_rss(mm), 0);
	assert_int_equal(atomic_read(&mm->swapents), NR);
	for (unsigned int i = 0; i < NR; i++)
		assert_true(pte_swp_exclusive(pte_at(mm, BASE + i * PAGE_SIZE)));
	shim_drain_all();
	assert_int_equal(nr_free_pages(), frames + NR);
	expect(0, mm, BASE, NR, 100);
	check_all();
	for (unsigned int i = 0; i < NR; i++)
		assert_true(page_flag(page_at(mm, BASE + i * PAGE_SIZE), PG_anon_exclusive));
	fill(mm, BASE, NR, 200);
	check_all();
	expect(1, mm, BASE, NR, 200);
	shim_mm_exit(mm);
	check_all();
	assert_int_equal(used_slots(), 0);
}

static void a_page_that_was_only_read_leaves_again_without_being_written(void **state)
{
	struct block_device *bdev;
	unsigned long written;

	prepare(NR);
	bdev = blk_nth(0);
	pages_out(mm, BASE, NR);
	written = shim_disk_stats(bdev)->pages[BIO_WRITE];
	assert_int_equal(written, NR);
	expect(0, mm, BASE, NR, 100);
	pages_out(mm, BASE, NR);
	assert_int_equal(shim_disk_stats(bdev)->pages[BIO_WRITE], written);
	expect(0, mm, BASE, NR, 100);
	write64(0, mm, BASE, 1);
	pages_out(mm, BASE, NR);
	assert_int_equal(shim_disk_stats(bdev)->pages[BIO_WRITE], written + 1);
	assert_int_equal(read64(0, mm, BASE), 1);
	shim_mm_exit(mm);
}

static void a_write_fault_on_a_page_that_is_out_brings_it_back_writable(void **state)
{
	prepare(NR);
	pages_out(mm, BASE, NR);
	fill(mm, BASE, NR, 300); /* a word of each: the rest comes from the disk */
	for (unsigned int i = 0; i < NR; i++)
		write64(0, mm, BASE + i * PAGE_SIZE + 8, 400 + i);
	pages_out(mm, BASE, NR);
	expect(0, mm, BASE, NR, 300);
	expect(0, mm, BASE + 8, NR, 400);
	check_all();
	shim_mm_exit(mm);
}

/* All bytes, not only those that other tests look at. */
static void every_byte_comes_back(void **state)
{
	static u8 bytes[4 * PAGE_SIZE], found[4 * PAGE_SIZE];

	prepare(4);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = random_u64();
	assert_int_equal(mmu_write(0, mm, BASE, bytes, sizeof(bytes)), 0);
	pages_out(mm, BASE, 4);
	assert_int_equal(mmu_read(1, mm, BASE, found, sizeof(found)), 0);
	assert_memory_equal(bytes, found, sizeof(bytes));
	shim_mm_exit(mm);
}

static void neighbours_come_in_with_one_request(void **state)
{
	struct disk_stats *stats;
	unsigned long requests;

	prepare(64);
	stats = shim_disk_stats(blk_nth(0));
	pages_out(mm, BASE, 64);
	requests = stats->requests[BIO_READ];
	expect(0, mm, BASE, 64, 100);
	assert_in_range(stats->requests[BIO_READ] - requests, 4, 40);
	assert_true(stats->longest > 1);
	check_all();
	shim_mm_exit(mm);
}

/* Readahead puts pages into memory that nobody maps; they go with their slots. */
static void pages_read_ahead_go_when_their_entries_go(void **state)
{
	for (unsigned int how = 0; how < 3; how++) {
		prepare(32);
		pages_out(mm, BASE, 32);
		for (unsigned int i = 0; i < 12; i++)
			read64(0, mm, BASE + i * PAGE_SIZE);
		check_all();
		if (how == 0)
			do_munmap(mm, BASE, 32 * PAGE_SIZE);
		else if (how == 1)
			do_madvise(mm, BASE, 32 * PAGE_SIZE, MADV_DONTNEED);
		else
			shim_mm_exit(mm);
		check_all();
		assert_int_equal(used_slots(), 0);
		if (how < 2)
			shim_mm_exit(mm);
		shim_swapoff_all();
	}
}

/* --- several processes --- */

static struct mm_struct *family[9];

static void fork_family(unsigned int nr)
{
	family[0] = mm;
	for (unsigned int i = 1; i < nr; i++)
		family[i] = shim_mm_fork(family[i / 2]);
}

static void end_family(unsigned int nr)
{
	while (nr--)
		shim_mm_exit(family[nr]);
	check_all();
	assert_int_equal(used_slots(), 0);
}

static void a_page_of_nine_leaves_all_of_them_and_is_read_once(void **state)
{
	struct disk_stats *stats;

	prepare(NR);
	stats = shim_disk_stats(blk_nth(0));
	fork_family(9);
	for (unsigned int i = 0; i < 9; i++)
		expect(i % 8, family[i], BASE, NR, 100);
	check_all();
	pages_out(family[4], BASE, NR);
	check_all();
	assert_int_equal(stats->pages[BIO_WRITE], NR);
	for (unsigned int i = 0; i < 9; i++) {
		assert_int_equal(atomic_read(&family[i]->swapents), NR);
		assert_int_equal(swap_count(entry_at(family[i], BASE)), 9);
	}
	for (unsigned int i = 0; i < 9; i++) {
		expect(i % 8, family[i], BASE, NR, 100);
		check_all();
	}
	assert_int_equal(stats->pages[BIO_READ], NR);
	for (unsigned int i = 0; i < 9; i++) /* still one page for all of them */
		assert_ptr_equal(page_at(family[i], BASE), page_at(mm, BASE));
	for (unsigned int i = 0; i < 9; i++)
		write64(i % 8, family[i], BASE, i);
	check_all();
	for (unsigned int i = 0; i < 9; i++)
		assert_int_equal(read64(7, family[i], BASE), i);
	end_family(9);
}

static void a_child_that_brings_a_page_in_and_exits_leaves_it_to_its_parent(void **state)
{
	for (unsigned int writes = 0; writes < 2; writes++) {
		struct mm_struct *child;

		prepare(NR);
		child = shim_mm_fork(mm);
		pages_out(mm, BASE, NR);
		expect(1, child, BASE, NR, 100);
		if (writes)
			fill(child, BASE, NR, 500);
		check_all();
		shim_mm_exit(child);
		check_all();
		for (unsigned int i = 0; i < NR; i++) /* mapped nowhere perhaps, but in the cache */
			page_out(mm, BASE + i * PAGE_SIZE);
		check_all();
		expect(0, mm, BASE, NR, 100);
		/* Now it is mapped by the parent, which must be found when it leaves again. */
		pages_out(mm, BASE, NR);
		expect(0, mm, BASE, NR, 100);
		fill(mm, BASE, NR, 600);
		pages_out(mm, BASE, NR);
		expect(0, mm, BASE, NR, 600);
		check_all();
		shim_mm_exit(mm);
		shim_swapoff_all();
	}
}

static void pages_that_are_out_are_forked_and_then_written_by_both(void **state)
{
	struct mm_struct *child;

	prepare(NR);
	pages_out(mm, BASE, NR);
	child = shim_mm_fork(mm);
	check_all();
	for (unsigned int i = 0; i < NR; i++) {
		assert_false(pte_swp_exclusive(pte_at(mm, BASE + i * PAGE_SIZE)));
		assert_false(pte_swp_exclusive(pte_at(child, BASE + i * PAGE_SIZE)));
	}
	for (unsigned int i = 0; i < NR; i++) {
		bool child_first = i & 1, read_first = i & 2;

		if (read_first)
			read64(0, i & 4 ? mm : child, BASE + i * PAGE_SIZE);
		write64(0, child_first ? child : mm, BASE + i * PAGE_SIZE,
			child_first ? 2000 + i : i);
		check_all();
		assert_int_equal(read64(1, child_first ? mm : child, BASE + i * PAGE_SIZE),
				 100 + i);
		write64(2, child_first ? mm : child, BASE + i * PAGE_SIZE,
			child_first ? i : 2000 + i);
		check_all();
	}
	expect(3, mm, BASE, NR, 0);
	expect(3, child, BASE, NR, 2000);
	shim_mm_exit(mm);
	shim_mm_exit(child);
	assert_int_equal(used_slots(), 0);
}

/* Parent, child and grandchild, each in turn the first to touch; and each way of touching. */
static void three_generations_each_in_turn_the_first_to_touch(void **state)
{
	for (unsigned int turn = 0; turn < 12; turn++) {
		bool write = turn >= 6, exits = turn % 2;
		unsigned int first = turn / 2 % 3;

		prepare(NR);
		family[0] = mm;
		family[1] = shim_mm_fork(mm);
		write64(0, family[1], BASE, 1100); /* its own page, and its child's */
		family[2] = shim_mm_fork(family[1]);
		write64(0, family[2], BASE + PAGE_SIZE, 2101);
		page_out(family[0], BASE);
		page_out(family[0], BASE + PAGE_SIZE);
		pages_out(family[1], BASE, NR);
		page_out(family[2], BASE + PAGE_SIZE);
		check_all();
		for (unsigned int i = 2; i < NR; i++) {
			if (write)
				write64(3, family[first], BASE + i * PAGE_SIZE, 9000 + i);
			else
				assert_int_equal(read64(3, family[first], BASE + i * PAGE_SIZE),
						 100 + i);
		}
		check_all();
		if (exits) {
			for (unsigned int i = 2; i < NR; i++)
				page_out(family[first], BASE + i * PAGE_SIZE);
			shim_mm_exit(family[first]);
			check_all();
		}
		for (unsigned int g = 0; g < 3; g++) {
			if (g == first && exits)
				continue;
			expect(g, family[g], BASE + 2 * PAGE_SIZE, NR - 2,
			       g == first && write ? 9002 : 102);
			assert_int_equal(read64(g, family[g], BASE), g ? 1100 : 100);
			assert_int_equal(read64(g, family[g], BASE + PAGE_SIZE),
					 g == 2 ? 2101 : 101);
			for (unsigned int i = 0; i < NR;
			     i++) /* whoever brought it in: all are found */
				page_out(family[g], BASE + i * PAGE_SIZE);
			check_all();
		}
		for (unsigned int g = 0; g < 3; g++)
			if (g != first || !exits)
				shim_mm_exit(family[g]);
		check_all();
		assert_int_equal(used_slots(), 0);
		shim_swapoff_all();
	}
}

/* The copy in the cache is shared with entries that are still out; then they go. */
static void the_last_owner_of_a_copy_may_reuse_it(void **state)
{
	struct mm_struct *child;
	struct page *page;

	prepare(1);
	child = shim_mm_fork(mm);
	pages_out(mm, BASE, 1);
	assert_int_equal(read64(0, mm, BASE), 100);
	page = page_at(mm, BASE);
	assert_false(page_flag(page, PG_anon_exclusive));
	write64(0, mm, BASE, 7); /* the child's entry still needs it */
	assert_ptr_not_equal(page_at(mm, BASE), page);
	assert_int_equal(read64(1, child, BASE), 100);
	check_all();
	pages_out(mm, BASE, 1);
	page_out(child, BASE);
	assert_int_equal(read64(1, child, BASE), 100);
	shim_mm_exit(mm);
	page = page_at(child, BASE);
	write64(1, child, BASE, 8); /* nobody else has it now */
	assert_ptr_equal(page_at(child, BASE), page);
	check_all();
	shim_mm_exit(child);
}

static void a_slot_with_40000_owners(void **state)
{
	enum { CHILDREN = 40, SHARE = 1000 };
	static struct mm_struct *children[CHILDREN];
	swp_entry_t entry;

	prepare(1);
	entry.val = 0;
	for (unsigned int i = 0; i < CHILDREN; i++)
		children[i] = shim_mm_fork(mm);
	page_out(mm, BASE);
	entry = entry_at(mm, BASE);
	/* As if each had so many children that hold the entry and do nothing. */
	for (unsigned int i = 0; i < CHILDREN * SHARE; i++)
		swap_add_entries(entry, 1);
	assert_int_equal(swap_count(entry), CHILDREN * SHARE + CHILDREN + 1);
	for (unsigned int i = 0; i < CHILDREN; i++) {
		assert_int_equal(read64(i % 8, children[i], BASE), 100);
		write64(i % 8, children[i], BASE, i);
		shim_mm_exit(children[i]);
	}
	assert_int_equal(swap_count(entry), CHILDREN * SHARE + 1);
	for (unsigned int i = 0; i < CHILDREN * SHARE; i++)
		swap_free(entry);
	check_all();
	pages_out(mm, BASE, 1);
	expect(0, mm, BASE, 1, 100);
	shim_mm_exit(mm);
}

/* --- operations on what is out --- */

static void munmap_and_dontneed_give_slots_back(void **state)
{
	prepare(NR);
	pages_out(mm, BASE, NR);
	do_munmap(mm, BASE, 2 * PAGE_SIZE);
	assert_int_equal(used_slots(), NR - 2);
	assert_int_equal(do_madvise(mm, BASE + 2 * PAGE_SIZE, 2 * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(used_slots(), NR - 4);
	check_all();
	assert_int_equal(read64(0, mm, BASE + 2 * PAGE_SIZE), 0);
	assert_int_equal(read64(0, mm, BASE + 3 * PAGE_SIZE), 0);
	expect(0, mm, BASE + 4 * PAGE_SIZE, NR - 4, 104);
	shim_mm_exit(mm);
	assert_int_equal(used_slots(), 0);
}

static void mremap_takes_entries_along(void **state)
{
	unsigned long to = BASE + PUD_SIZE;

	prepare(NR);
	pages_out(mm, BASE, NR);
	assert_int_equal(do_mremap(mm, BASE, NR * PAGE_SIZE, NR * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 to);
	check_all();
	assert_true(is_out(mm, to));
	expect(0, mm, to, NR, 100);
	check_all();
	pages_out(mm, to, NR);
	expect(0, mm, to, NR, 100);
	fill(mm, to, NR, 300);
	pages_out(mm, to, NR);
	assert_int_equal(do_mremap(mm, to, NR * PAGE_SIZE, NR / 2 * PAGE_SIZE, 0, 0), to);
	assert_int_equal(used_slots(), NR / 2);
	expect(0, mm, to, NR / 2, 300);
	shim_mm_exit(mm);
}

static void mprotect_holds_for_what_comes_back(void **state)
{
	u64 value = 1;

	prepare(NR);
	pages_out(mm, BASE, NR);
	do_mprotect(mm, BASE, NR * PAGE_SIZE, PROT_READ);
	assert_int_equal(mmu_write(0, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_ACCERR);
	expect(0, mm, BASE, NR / 2, 100);
	assert_int_equal(mmu_write(0, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_ACCERR);
	check_all();
	do_mprotect(mm, BASE, NR * PAGE_SIZE, PROT_NONE);
	assert_int_equal(mmu_read(0, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_ACCERR);
	for (unsigned int i = 0; i < NR; i++)
		page_out(mm, BASE + i * PAGE_SIZE);
	check_all();
	do_mprotect(mm, BASE, NR * PAGE_SIZE, RW);
	expect(0, mm, BASE, NR, 100);
	fill(mm, BASE, NR, 200);
	expect(1, mm, BASE, NR, 200);
	check_all();
	shim_mm_exit(mm);
}

/* Nothing in an entry says that the page was written: not on its way out for the first time, nor
 * when its slot has an older content, nor after MADV_FREE. */
static void what_was_written_by_force_survives_reclaim(void **state)
{
	u64 value = 55;

	prepare(3);
	pages_out(mm, BASE, 1);
	do_mprotect(mm, BASE, 3 * PAGE_SIZE, PROT_READ);
	assert_int_equal(read64(0, mm, BASE), 100);	/* clean, with a slot */
	do_madvise(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE, MADV_FREE);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(access_remote_vm(mm, BASE + i * PAGE_SIZE, &value, 8,
						  FOLL_WRITE | FOLL_FORCE), 8);
	check_all();
	for (unsigned int i = 0; i < 2; i++)		/* the first pass finds what was free */
		page_out(mm, BASE + 2 * PAGE_SIZE);
	pages_out(mm, BASE, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(read64(0, mm, BASE + i * PAGE_SIZE), 55);
	check_all();
	shim_mm_exit(mm);
}

static void remote_access_and_populate_bring_pages_in(void **state)
{
	u64 value = 0;

	prepare(NR);
	pages_out(mm, BASE, NR);
	assert_int_equal(access_remote_vm(mm, BASE, &value, 8, 0), 8);
	assert_int_equal(value, 100);
	value = 55;
	assert_int_equal(access_remote_vm(mm, BASE + PAGE_SIZE, &value, 8, FOLL_WRITE), 8);
	page_out(mm, BASE + PAGE_SIZE);
	assert_int_equal(read64(0, mm, BASE + PAGE_SIZE), 55);
	pages_out(mm, BASE, NR);
	assert_int_equal(do_madvise(mm, BASE, NR * PAGE_SIZE, MADV_POPULATE_WRITE), 0);
	assert_int_equal(atomic_read(&mm->swapents), 0);
	pages_out(mm, BASE, NR);
	assert_int_equal(do_mlock(mm, BASE, NR * PAGE_SIZE, false), 0);
	assert_int_equal(atomic_read(&mm->swapents), 0);
	check_all();
	assert_false(page_out(mm, BASE)); /* locked */
	expect(0, mm, BASE + 2 * PAGE_SIZE, NR - 2, 102);
	do_munlock(mm, BASE, NR * PAGE_SIZE);
	assert_true(page_out(mm, BASE));
	shim_mm_exit(mm);
}

/* Changed on one processor while another's translation is there. */
static void no_write_is_lost_when_pages_leave_between(void **state)
{
	prepare(2);
	for (unsigned int i = 0; i < 200; i++) {
		write64(i % 3, mm, BASE, i);
		write64((i + 1) % 3, mm, BASE + 8, i);
		if (i % 3 == 0)
			page_out(mm, BASE);
		assert_int_equal(read64((i + 2) % 3, mm, BASE), i);
		assert_int_equal(read64(i % 5, mm, BASE + 8), i);
	}
	shim_mm_exit(mm);
}

/* --- while the disk works --- */

/* Between the write's beginning and its end: touched, written, forked, unmapped. */
static void a_page_may_be_used_while_it_is_written(void **state)
{
	for (unsigned int how = 0; how < 7; how++) {
		struct mm_struct *child = NULL;
		struct folio *folio;

		prepare(2);
		shim_disk_mode = DISK_LAST_MINUTE;
		folio = page_folio(page_at(mm, BASE));
		assert_true(folio_isolate_lru(folio));
		reclaim_folios(&folio, 1);
		assert_true(is_out(mm, BASE) && shim_disk_pending);
		if (how == 0)
			assert_int_equal(read64(1, mm, BASE), 100);
		else if (how == 1)
			write64(1, mm, BASE, 7);
		else if (how == 2)
			child = shim_mm_fork(mm);
		else if (how == 3)
			do_munmap(mm, BASE, PAGE_SIZE);
		else if (how == 4)
			do_madvise(mm, BASE, PAGE_SIZE, MADV_DONTNEED);
		else if (how == 5)
			shim_mm_exit(mm);
		if (how == 2)
			write64(2, child, BASE, 7);
		shim_disk_settle();
		check_all();
		if (how == 1) {
			assert_int_equal(read64(1, mm, BASE), 7);
			page_out(mm, BASE);
			assert_int_equal(read64(1, mm, BASE), 7);
		}
		if (how == 2)
			assert_int_equal(read64(1, child, BASE), 7);
		if (how == 0 || how == 2 || how == 6)
			assert_int_equal(read64(1, mm, BASE), 100);
		if (child)
			shim_mm_exit(child);
		if (how != 5)
			shim_mm_exit(mm);
		shim_drain_all();
		/* A copy that was written for nobody goes by itself, or by the next reclaim. */
		while (used_slots())
			assert_true(try_to_free_pages(GFP_KERNEL, 0));
		shim_swapoff_all();
		check_nothing_left();
	}
}

/* --- shared memory and files --- */

static void shared_pages_leave_by_their_file(void **state)
{
	struct file *file;
	struct mm_struct *other;

	prepare(1);
	file = shim_file_new(NR * PAGE_SIZE);
	other = shim_mm_new();
	map_file(mm, file, BASE + PUD_SIZE, NR * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(other, file, BASE, NR * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, BASE + PUD_SIZE, NR, 700);
	expect(1, other, BASE, NR, 700);
	for (unsigned int i = 0; i < NR; i++) {
		struct folio *folio = page_folio(page_at(other, BASE + i * PAGE_SIZE));

		folio_get(folio);
		reclaim(folio);
	}
	check_all();
	assert_int_equal(file_mapping(file)->nrswapped, NR);
	assert_int_equal(file_mapping(file)->nrpages, 0);
	assert_true(pte_none(pte_at(mm, BASE + PUD_SIZE)) && pte_none(pte_at(other, BASE)));
	expect(1, other, BASE, NR / 2, 700);
	check_all();
	write64(2, other, BASE, 1);
	assert_int_equal(read64(0, mm, BASE + PUD_SIZE), 1);
	expect(0, mm, BASE + PUD_SIZE + PAGE_SIZE, NR - 1, 701);
	check_all();
	shim_mm_exit(other);
	shim_mm_exit(mm);
	fput(file);
	assert_int_equal(used_slots(), 0);
}

static void files_are_read_written_and_cut_where_they_are_out(void **state)
{
	struct file *file;
	u64 value;

	prepare(1);
	file = shim_file_new(NR * PAGE_SIZE);
	for (unsigned int i = 0; i < NR; i++) {
		value = 700 + i;
		assert_int_equal(shim_file_write(file, i * PAGE_SIZE + 16, &value, 8), 0);
	}
	for (unsigned int i = 0; i < NR; i++)
		reclaim(filemap_get_folio(file_mapping(file), i));
	assert_int_equal(file_mapping(file)->nrswapped, NR);
	check_all();
	shim_file_read(file, 16, &value, 8);
	assert_int_equal(value, 700);
	value = 5;
	shim_file_write(file, PAGE_SIZE + 24, &value, 8);
	shim_file_read(file, PAGE_SIZE + 16, &value, 8);
	assert_int_equal(value, 701);
	check_all();
	for (unsigned int i = 0; i < NR; i++) {
		struct folio *folio = filemap_get_folio(file_mapping(file), i);

		if (folio)
			reclaim(folio);
	}
	shim_file_punch(file, 2 * PAGE_SIZE, 2 * PAGE_SIZE);
	check_all();
	assert_int_equal(shim_file_truncate(file, 5 * PAGE_SIZE + 20), 0);
	check_all();
	assert_int_equal(shim_file_truncate(file, NR * PAGE_SIZE), 0);
	shim_file_read(file, 2 * PAGE_SIZE + 16, &value, 8);
	assert_int_equal(value, 0);
	shim_file_read(file, 5 * PAGE_SIZE + 16, &value, 8);
	assert_int_equal(value, 705 & 0xffffffffUL); /* four of its bytes, the rest was cut */
	shim_file_read(file, 6 * PAGE_SIZE + 16, &value, 8);
	assert_int_equal(value, 0);
	shim_file_read(file, PAGE_SIZE + 24, &value, 8);
	assert_int_equal(value, 5);
	check_all();
	shim_mm_exit(mm);
	fput(file);
	assert_int_equal(used_slots(), 0);
}

static void private_copies_of_a_files_pages_leave_like_anonymous_ones(void **state)
{
	struct file *file;

	prepare(1);
	file = shim_file_new(NR * PAGE_SIZE);
	map_file(mm, file, BASE + PUD_SIZE, NR * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	fill(mm, BASE + PUD_SIZE, NR / 2, 700);
	pages_out(mm, BASE + PUD_SIZE, NR / 2);
	check_all();
	assert_int_equal(shim_file_truncate(file, 2 * PAGE_SIZE), 0); /* copies behind it go, too */
	check_all();
	assert_int_equal(used_slots(), 2);
	expect(0, mm, BASE + PUD_SIZE, 2, 700);
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_page_leaves_and_comes_back_exclusive),
		MM_TEST(a_page_that_was_only_read_leaves_again_without_being_written),
		MM_TEST(a_write_fault_on_a_page_that_is_out_brings_it_back_writable),
		MM_TEST(every_byte_comes_back),
		MM_TEST(neighbours_come_in_with_one_request),
		MM_TEST(pages_read_ahead_go_when_their_entries_go),
		MM_TEST(a_page_of_nine_leaves_all_of_them_and_is_read_once),
		MM_TEST(a_child_that_brings_a_page_in_and_exits_leaves_it_to_its_parent),
		MM_TEST(pages_that_are_out_are_forked_and_then_written_by_both),
		MM_TEST(three_generations_each_in_turn_the_first_to_touch),
		MM_TEST(the_last_owner_of_a_copy_may_reuse_it),
		MM_TEST(a_slot_with_40000_owners),
		MM_TEST(munmap_and_dontneed_give_slots_back),
		MM_TEST(mremap_takes_entries_along),
		MM_TEST(mprotect_holds_for_what_comes_back),
		MM_TEST(what_was_written_by_force_survives_reclaim),
		MM_TEST(remote_access_and_populate_bring_pages_in),
		MM_TEST(no_write_is_lost_when_pages_leave_between),
		MM_TEST(a_page_may_be_used_while_it_is_written),
		MM_TEST(shared_pages_leave_by_their_file),
		MM_TEST(files_are_read_written_and_cut_where_they_are_out),
		MM_TEST(private_copies_of_a_files_pages_leave_like_anonymous_ones),
	};

	return RUN_MM_TESTS(tests);
}
