/* swap_race_test.c - pages leave and come back while threads on other processors, as host threads,
 * use them, fork, exit, unmap and protect, and while the disk is slow: no write is lost, none shows
 * up where it should not, none happens after it was forbidden. SMP_MS=n: how long each test goes
 * on. */
#include "swap_test.h"

#define PAGES 12
#include "workers.h"

static void prepare(void)
{
	shim_swap(0, SWAP_PAGES, -1);
	shim_disk_mode = DISK_SLOWLY;
	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
}

/* --- what threads do --- */

/* The folio behind @addr of @space, in memory; NULL: none. With a reference. */
static struct folio *folio_of(struct mm_struct *space, unsigned long addr)
{
	struct folio *folio = NULL;
	pmd_t *pmd;

	down_read(&space->mmap_lock);
	pmd = mm_find_pmd(space, addr);
	if (pmd && !pmd_none(pmd)) {
		pte_t pte;

		spin_lock(pte_lockptr(pmd));
		pte = ptep_get(pte_offset(pmd, addr));
		if (is_swap_pte(pte)) {
			folio = swap_cache_get_folio(pte_to_swp_entry(pte));
		} else if (pte_present(pte) && !pte_special(pte)) {
			folio = page_folio(pfn_to_page(pte_pfn(pte)));
			folio_get(folio);
		}
		spin_unlock(pte_lockptr(pmd));
	}
	up_read(&space->mmap_lock);
	return folio;
}

/* All pages of @space that can, leave. */
static void reclaim_pages(struct mm_struct *space, unsigned int nr)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int isolated = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct folio *folio = folio_of(space, BASE + i * PAGE_SIZE);

		if (!folio)
			continue;
		if (isolated < SWAP_CLUSTER_MAX && folio_isolate_lru(folio))
			folios[isolated++] = folio;
		folio_put(folio);
	}
	reclaim_folios(folios, isolated);
}

static void reclaim_all_the_time(void *arg)
{
	for (unsigned int n = 0; !stopped(); n++)
		if (n % 4)
			reclaim_pages(mm, PAGES);
		else
			try_to_free_pages(GFP_KERNEL, 0);
}

/* --- the tests --- */

static void no_write_is_lost_while_pages_leave(void **state)
{
	void (*const workers[])(void *) = { count, count, reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];

	prepare();
	start(workers, threads);
	while (!time_is_up())
		reclaim_pages(mm, PAGES);
	join(threads);
	shim_mm_exit(mm);
}

static void fork_while_pages_are_being_written_loses_nothing(void **state)
{
	void (*const workers[])(void *) = { count, count, reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];

	prepare();
	start(workers, threads);
	for (unsigned int nr = 0; !time_is_up() || nr < 3; nr++) {
		struct mm_struct *child = shim_mm_fork(mm);
		u64 seen[PAGES][2];

		for (unsigned int turn = 0; turn < 3; turn++) {
			for (unsigned int page = 0; page < PAGES; page++)
				for (unsigned int w = 0; w < 2; w++) {
					u64 value = read64(0, child, word(page, w));

					if (turn && value != seen[page][w])
						panic("page %u of a child changes", page);
					seen[page][w] = value;
				}
			if (nr % 3 < 2)
				reclaim_pages(child, PAGES);
		}
		write64(0, child, word(nr % PAGES, 0), 12345);
		reclaim_pages(child, PAGES);
		shim_mm_exit(child);
	}
	join(threads);
	shim_mm_exit(mm);
}

/* Its own words, where pages are sometimes read-only or absent: a refused write did not happen, and
 * an allowed one is there as long as the page is. */
static void count_if_allowed(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	u64 values[PAGES] = {};

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = (n * 5 + worker) % PAGES;
		u64 value;

		if (mmu_read(1 + worker, mm, word(page, worker), &value, 8))
			continue;
		if (value != values[page])
			panic("page %u: %lu, not %lu", page, value, values[page]);
		value++;
		if (!mmu_write(1 + worker, mm, word(page, worker), &value, 8))
			values[page] = value;
	}
}

/* While this is odd nobody may be able to write to page 0. */
static unsigned long forbidden;

/* A write that happens after it was forbidden is one too many. */
static void write_what_is_not_forbidden(void *arg)
{
	unsigned long worker = (unsigned long)arg;

	for (u64 n = 0; !stopped(); n++) {
		unsigned long before = __atomic_load_n(&forbidden, __ATOMIC_SEQ_CST);
		vm_fault_t fault = mmu_write(1 + worker, mm, word(0, worker), &n, 8);

		if (!fault && before % 2 && __atomic_load_n(&forbidden, __ATOMIC_SEQ_CST) == before)
			panic("a write where it is forbidden");
		os_yield();
	}
}

static void mprotect_and_munmap_hold_at_once_though_reclaim_flushes_later(void **state)
{
	void (*const workers[])(void *) = {
		write_what_is_not_forbidden,
		write_what_is_not_forbidden,
		reclaim_all_the_time,
	};
	struct os_thread *threads[NR_WORKERS];

	prepare();
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		if (n % 2)
			do_munmap(mm, BASE, PAGE_SIZE);
		else
			do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
		__atomic_fetch_add(&forbidden, 1, __ATOMIC_SEQ_CST);
		for (unsigned int i = 0; i < 4; i++)
			os_yield();
		__atomic_fetch_add(&forbidden, 1, __ATOMIC_SEQ_CST);
		if (n % 2)
			map_anon(mm, BASE, PAGE_SIZE, RW);
		else
			do_mprotect(mm, BASE, PAGE_SIZE, RW);
		reclaim_pages(mm, PAGES);
	}
	join(threads);
	shim_mm_exit(mm);
}

static void protection_and_moves_lose_no_write_while_pages_leave(void **state)
{
	void (*const workers[])(void *) = { count_if_allowed, count_if_allowed,
					    reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];

	prepare();
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		unsigned long from = BASE + n % PAGES * PAGE_SIZE, to = BASE + PUD_SIZE;

		if (n % 2) {
			do_mprotect(mm, from, PAGE_SIZE, n % 3 ? PROT_READ : PROT_NONE);
			do_mprotect(mm, from, PAGE_SIZE, RW);
		} else {
			ASSERT(do_mremap(mm, from, PAGE_SIZE, PAGE_SIZE,
					 MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
			ASSERT(do_mremap(mm, to, PAGE_SIZE, PAGE_SIZE,
					 MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
		}
		reclaim_pages(mm, PAGES);
	}
	join(threads);
	shim_mm_exit(mm);
}

/* Whole tables go to and fro while reclaim and a child's walks look for the pages in them. */
static void tables_move_and_lose_no_write_while_pages_leave(void **state)
{
	void (*const workers[])(void *) = { count_if_allowed, count_if_allowed,
					    reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];
	struct mm_struct *child;

	prepare();
	map_anon(mm, BASE + PAGES * PAGE_SIZE, PMD_SIZE - PAGES * PAGE_SIZE, RW);
	for (unsigned int page = 0; page < PAGES; page++)
		write64(0, mm, word(page, 6), 1000 + page);
	child = shim_mm_fork(mm);
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		unsigned long to = BASE + PUD_SIZE;

		ASSERT(do_mremap(mm, BASE, PMD_SIZE, PMD_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
		       to);
		if (n % 2)
			reclaim_pages(child, PAGES);
		for (unsigned int page = 0; page < PAGES; page++)
			if (read64(0, mm, to + page * PAGE_SIZE + 6 * 8) != 1000 + page)
				panic("page %u is wrong where it has moved", page);
		ASSERT(do_mremap(mm, to, PMD_SIZE, PMD_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE) ==
		       BASE);
		reclaim_pages(child, PAGES);
	}
	join(threads);
	for (unsigned int page = 0; page < PAGES; page++)
		assert_int_equal(read64(0, child, word(page, 6)), 1000 + page);
	shim_mm_exit(child);
	shim_mm_exit(mm);
}

/* Two fault on the same pages that are out, a third takes the area away. */
static void touch(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	const u64 mine = 0x1234567800000000UL | worker;

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = n / 4 % PAGES;
		u64 value = mine;

		if (n % 8 == 0)
			mmu_write(1 + worker, mm, word(page, worker), &value, 8);
		if (!mmu_read(1 + worker, mm, word(page, worker), &value, 8) && value &&
		    value != mine)
			panic("page %u has %#lx, which nobody wrote there", page, value);
	}
}

static void faults_and_unmapping_of_one_page_agree(void **state)
{
	void (*const workers[])(void *) = { touch, touch, reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];

	prepare();
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		struct page *page;

		reclaim_pages(mm, PAGES);
		if (n % 3 == 0)
			do_munmap(mm, BASE, PAGES * PAGE_SIZE);
		else
			do_madvise(mm, BASE + n % PAGES * PAGE_SIZE, PAGE_SIZE,
				   n % 3 == 1 ? MADV_DONTNEED : MADV_FREE);
		drain_local_pages();
		page = alloc_pages(GFP_KERNEL, 3);
		memset(page_address(page), 0xee, PAGE_SIZE << 3);
		free_pages(page, 3);
		if (n % 3 == 0)
			map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	}
	join(threads);
	shim_mm_exit(mm);
}

static void fork_and_exit(void *arg)
{
	unsigned int cpu = 1 + (unsigned long)arg;

	while (!stopped()) {
		struct mm_struct *child = dup_mm(mm);

		ASSERT(!IS_ERR(child));
		for (unsigned int page = 0; page < PAGES; page += 3)
			write64(cpu, child, word(page, 5), page);
		for (unsigned int page = 0; page < PAGES; page++)
			if (read64(cpu, child, word(page, 6)) != 1000 + page)
				panic("page %u of a child is wrong", page);
		mmput(child);
		mmu_leave(child);
	}
}

static void swapoff_races_with_fork_exit_and_faults(void **state)
{
	void (*const workers[])(void *) = { fork_and_exit, count, reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];
	struct block_device *first, *second;

	prepare();
	first = blk_nth(0);
	second = shim_swap(1, SWAP_PAGES, -1);
	for (unsigned int page = 0; page < PAGES; page++)
		write64(0, mm, word(page, 6), 1000 + page);
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up() || n < 2; n++) {
		struct block_device *bdev = n % 2 ? first : second;
		int err = swap_off(bdev);

		if (err)
			panic("swapoff: %d", err);
		ASSERT(!swap_on(bdev, "disk", 0));
		for (unsigned int i = 0; i < 20; i++)
			os_yield();
	}
	join(threads);
	for (unsigned int page = 0; page < PAGES; page++)
		assert_int_equal(read64(0, mm, word(page, 6)), 1000 + page);
	shim_mm_exit(mm);
}

/* Shared memory: through the file, through two mappings, out and back, cut and grown. */
static struct file *file;

static void write_shared(void *arg)
{
	unsigned long worker = (unsigned long)arg;
	u64 values[PAGES] = {};

	for (unsigned int n = 0; !stopped(); n++) {
		unsigned int page = (n * 5 + worker) % PAGES;

		if (read64(1 + worker, mm, word(page, worker)) != values[page])
			panic("a write was lost in shared page %u", page);
		values[page]++;
		if (n % 3)
			write64(1 + worker, mm, word(page, worker), values[page]);
		else if (shim_file_write(file, page * PAGE_SIZE + worker * 8, &values[page], 8))
			panic("a file cannot be written");
	}
}

static void shared_pages_lose_no_write(void **state)
{
	void (*const workers[])(void *) = { write_shared, write_shared, reclaim_all_the_time };
	struct os_thread *threads[NR_WORKERS];

	prepare();
	file = shim_file_new(2 * PAGES * PAGE_SIZE);
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	start(workers, threads);
	for (unsigned int n = 0; !time_is_up(); n++) {
		u64 value = n;

		for (unsigned int i = 0; i < 2 * PAGES; i++) {
			struct folio *folio = filemap_get_folio(file_mapping(file), i);

			if (!folio)
				continue;
			if (folio_isolate_lru(folio)) {
				folio_put(folio);
				reclaim_folios(&folio, 1);
			} else {
				folio_put(folio);
			}
		}
		shim_file_write(file, (PAGES + n % PAGES) * PAGE_SIZE, &value, 8);
		if (n % 4 == 0)
			shim_file_truncate(file, (PAGES + n % PAGES) * PAGE_SIZE);
	}
	join(threads);
	shim_mm_exit(mm);
	fput(file);
}

/* --- one processor at a time: the flush that is put off, step by step --- */

/* As reclaim does it: the page at BASE has a slot, its entry is a swap entry, and processor 1 still
 * has the translation that it wrote through. */
static struct folio *unmap_but_do_not_flush(void)
{
	struct folio *folio;

	prepare();
	write64(0, mm, BASE, 1);
	write64(1, mm, BASE, 1);
	folio = page_folio(page_at(mm, BASE));
	folio_get(folio);
	folio_lock(folio);
	ASSERT(folio_alloc_swap(folio, 0));
	ASSERT(try_to_unmap(folio, TTU_BATCH_FLUSH));
	ASSERT(is_out(mm, BASE));
	mmu_batch_is_open = true;
	return folio;
}

static void finish_unmapping(struct folio *folio)
{
	try_to_unmap_flush();
	mmu_batch_is_open = false;
	mmu_check_tlbs();
	folio_free_swap(folio);
	folio_unlock(folio);
	folio_put(folio);
	shim_mm_exit(mm);
	shim_swapoff_all();
}

static void a_flush_that_is_put_off_is_known_and_comes_in_the_end(void **state)
{
	struct folio *folio = unmap_but_do_not_flush();
	u64 value = 2;

	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), 0); /* still there, and still right */
	mmu_check_tlbs();
	try_to_unmap_flush();
	mmu_batch_is_open = false;
	mmu_check_tlbs();
	assert_int_equal(*(u64 *)folio_address(folio), 2);
	finish_unmapping(folio);
}

static long protect(void)
{
	return do_mprotect(mm, BASE, PAGE_SIZE, PROT_READ);
}

static long protect_none(void)
{
	return do_mprotect(mm, BASE, PAGE_SIZE, PROT_NONE);
}

static long unmap(void)
{
	return do_munmap(mm, BASE, PAGE_SIZE);
}

static long move(void)
{
	return do_mremap(mm, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 BASE + PUD_SIZE) != BASE + PUD_SIZE;
}

static long forget(void)
{
	return do_madvise(mm, BASE, PAGE_SIZE, MADV_DONTNEED);
}

static long forget_lazily(void)
{
	return do_madvise(mm, BASE, PAGE_SIZE, MADV_FREE);
}

/* What is promised when the call returns holds for processor 1 too, and would not without a look at
 * the flushes that are still to come. */
static void no_write_survives_through_a_stale_translation(void **state)
{
	static const struct {
		long (*change)(void);
		vm_fault_t fault; /* of a write then; 0: it meets another page */
		bool anyway; /* it flushes whatever it finds */
	} cases[] = {
		{ protect, VM_FAULT_SIGSEGV_ACCERR, false },
		{ protect_none, VM_FAULT_SIGSEGV_ACCERR, false },
		{ unmap, VM_FAULT_SIGSEGV_MAPERR, false },
		{ move, VM_FAULT_SIGSEGV_MAPERR, true },
		{ forget, 0, false },
		{ forget_lazily, 0, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned int ignore = 0; ignore < 2; ignore++) {
			struct folio *folio = unmap_but_do_not_flush();
			bool stale = ignore && !cases[i].anyway;
			u64 value = 2;

			mmu_ignore_batched_pending = ignore;
			shim_set_cpu(2);
			assert_int_equal(cases[i].change(), 0);
			shim_set_cpu(0);
			mmu_ignore_batched_pending = false;
			assert_int_equal(mmu_write(1, mm, BASE, &value, 8),
					 stale ? 0 : cases[i].fault);
			assert_int_equal(*(u64 *)folio_address(folio), stale ? 2 : 1);
			finish_unmapping(folio);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_flush_that_is_put_off_is_known_and_comes_in_the_end),
		MM_TEST(no_write_survives_through_a_stale_translation),
		MM_TEST(no_write_is_lost_while_pages_leave),
		MM_TEST(fork_while_pages_are_being_written_loses_nothing),
		MM_TEST(mprotect_and_munmap_hold_at_once_though_reclaim_flushes_later),
		MM_TEST(protection_and_moves_lose_no_write_while_pages_leave),
		MM_TEST(tables_move_and_lose_no_write_while_pages_leave),
		MM_TEST(faults_and_unmapping_of_one_page_agree),
		MM_TEST(swapoff_races_with_fork_exit_and_faults),
		MM_TEST(shared_pages_lose_no_write),
	};

	return RUN_MM_TESTS(tests);
}
