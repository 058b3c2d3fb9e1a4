/* interleave_test.c - one processor stops in the middle of an operation while another one does
 * something, and goes on. Each operation is done again and again, and stops a little later every
 * time: before and after each single load (../shim/point.h), until it ends before the other came.
 * So the narrowest window between two looks is met, and met each time. Who comes in between takes
 * no lock that the one who stands still may have: `may` says when it can come. */
#include "swap_test.h"

#include <mm/clear_refs.h>

#include "../../../kernel/mm/swap_internal.h"

#define PAGES	   3
#define AREA_PAGES 16
#define FIRST	   1 /* written before, */
#define LATER	   2 /* by the other one, */
#define AFTER	   3 /* and when both are done */

struct scenario {
	void (*before)(void);
	void (*operation)(void);
	bool (*may)(const struct task_struct *standing);
	void (*other)(void);
	void (*after)(void);
};

static const struct scenario *scenario;
static unsigned int place, wanted; /* that were passed; after which it comes */
static unsigned int nr_places; /* of all runs of a test */
static bool has_come;
static void (*always)(void); /* at each place */

static struct mm_struct *mm, *child;
static struct file *file;
static struct folio *folio;
static bool wrote; /* the other one has written LATER */

/* --- standing still --- */

static bool anywhere(const struct task_struct *standing)
{
	return true;
}

static bool without_spinlocks(const struct task_struct *standing)
{
	return !standing->nr_spin_held && !irqs_disabled();
}

static bool without_locks(const struct task_struct *standing)
{
	return !standing->nr_held && !irqs_disabled();
}

/* Another task on another processor. */
static void let_other_come(void)
{
	struct task_struct other = { .signal = current->signal, .comm = "other", .on_rq = true };
	struct task_struct *standing = shim_task;
	struct cpu_local *cpu = shim_this_cpu;

	has_come = true;
	shim_task = &other;
	shim_this_cpu = &cpu_locals[2];
	scenario->other();
	ASSERT(!other.nr_held);
	shim_task = standing;
	shim_this_cpu = cpu;
}

static void stop_here(void)
{
	shim_on_point = NULL;
	if (!has_come && scenario->may(current) && place++ == wanted)
		let_other_come();
	if (always)
		always();
	shim_on_point = stop_here;
}

/* At last the other one comes when the operation has ended. */
static void run(const struct scenario *s)
{
	bool ended = false;

	if (!CONFIG_DEBUG)
		skip(); /* who has which lock is not known */
	scenario = s;
	for (wanted = 0; !ended; wanted++) {
		has_come = wrote = false;
		place = 0;
		s->before();
		shim_on_point = stop_here;
		s->operation();
		shim_on_point = NULL;
		always = NULL;
		ended = !has_come;
		if (ended)
			let_other_come();
		s->after();
	}
	nr_places += wanted - 1;
}

static int there_were_places(void **state)
{
	int err = nothing_left(state);

	print_message("# stopped at %u places\n", nr_places);
	err = CONFIG_DEBUG && nr_places < 10 ? -1 : err;
	nr_places = 0;
	return err;
}

#define INTERLEAVED(fn) cmocka_unit_test_teardown(fn, there_were_places)

/* --- before --- */

static void private_pages(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	fill(mm, BASE, PAGES, FIRST);
	write64(1, mm, BASE, FIRST); /* processor 1 knows the translation */
}

/* Writable and clean, with its content in a slot as well. */
static void private_pages_back_from_swap(void)
{
	private_pages();
	pages_out(mm, BASE, PAGES);
	ASSERT(read64(1, mm, BASE) == FIRST);
	ASSERT(pte_write(pte_at(mm, BASE)) && !pte_dirty(pte_at(mm, BASE)));
}

static void private_pages_out(void)
{
	private_pages();
	pages_out(mm, BASE, PAGES);
}

static void shared_pages(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PAGES * PAGE_SIZE);
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, BASE, PAGES, FIRST);
	write64(1, mm, BASE, FIRST);
}

static void shared_pages_out(void)
{
	shared_pages();
	for (unsigned int i = 0; i < PAGES; i++)
		reclaim(filemap_get_folio(file_mapping(file), i));
	ASSERT(file_mapping(file)->nrswapped == PAGES);
}

/* --- operations --- */

static void fork_mm(void)
{
	child = shim_mm_fork(mm);
}

static void protect(void)
{
	do_mprotect(mm, BASE, PAGES * PAGE_SIZE, PROT_READ);
}

static void move(void)
{
	ASSERT(do_mremap(mm, BASE, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
			 MREMAP_MAYMOVE | MREMAP_FIXED, BASE + PUD_SIZE) == BASE + PUD_SIZE);
}

static void unmap(void)
{
	do_munmap(mm, BASE, PAGES * PAGE_SIZE);
}

static void forget(void)
{
	do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED);
}

static void forget_lazily(void)
{
	do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_FREE);
}

static void reclaim_first(void)
{
	struct page *page = page_at(mm, BASE);

	if (!page)
		return;
	folio_get(page_folio(page));
	reclaim(page_folio(page));
}

static void read_first(void)
{
	u64 value;

	ASSERT(!mmu_read(0, mm, BASE, &value, 8) && value == FIRST);
}

static void write_first(void)
{
	write64(0, mm, BASE + 8, AFTER);
}

static void lock(void)
{
	ASSERT(!do_mlock(mm, BASE, PAGES * PAGE_SIZE, false));
}

static void unlock(void)
{
	ASSERT(!do_munlock(mm, BASE, PAGES * PAGE_SIZE));
}

static void forget_what_was_written(void)
{
	mm_clear_refs(mm, CLEAR_REFS_SOFT_DIRTY);
}

static void lose_patience(void)
{
	current->sigpending = true;
}

/* It may have to wait for the one who stands still: not for ever. */
static void swap_goes(void)
{
	int err;

	shim_on_sleep = lose_patience;
	err = swap_off(blk_nth(0));
	shim_on_sleep = NULL;
	ASSERT(!err || err == -EINTR);
	current->sigpending = false;
}

static void close_file(void)
{
	fput(file);
	file = NULL;
}

static void punch(void)
{
	shim_file_punch(file, 0, PAGE_SIZE);
}

static void write_from_outside(void)
{
	u64 value = AFTER;

	ASSERT(access_remote_vm(mm, BASE + 8, &value, 8, true) == 8);
}

/* --- the other one --- */

/* Through what processor 1 remembers, or what the tables say now. */
static void write_without_a_fault(void)
{
	u64 value = LATER;

	wrote = mmu_try_write(1, mm, BASE, &value, 8);
}

/* The end of a write from outside, which had a reference all the time. */
static void write_through_a_reference(void)
{
	*(u64 *)folio_address(folio) = LATER;
	folio_mark_dirty(folio);
	folio_put(folio);
	wrote = true;
}

static void reclaim_pages(void)
{
	page_out(mm, BASE);
}

/* --- after --- */

static u64 value_now(void)
{
	return wrote ? LATER : FIRST;
}

static void all_is_there_at(unsigned long addr)
{
	check_all();
	assert_int_equal(read64(1, mm, addr), value_now());
	page_out(mm, addr);
	assert_int_equal(read64(1, mm, addr), value_now());
	assert_int_equal(read64(0, mm, addr + PAGE_SIZE), FIRST + 1);
}

static void end(void)
{
	check_all();
	shim_mm_exit(mm);
	if (file)
		fput(file);
	file = NULL;
	shim_swapoff_all();
}

static void nothing_is_lost(void)
{
	all_is_there_at(BASE);
	end();
}

static void it_has_moved(void)
{
	u64 value = AFTER;

	assert_false(mmu_try_write(1, mm, BASE, &value, 8));
	all_is_there_at(BASE + PUD_SIZE);
	end();
}

static void nobody_may_write(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_ACCERR);
	nothing_is_lost();
}

static void nobody_may_be_there(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_MAPERR);
	end();
}

static void it_is_zero(void)
{
	assert_int_equal(read64(1, mm, BASE), 0);
	end();
}

/* What the child has seen once it sees always, and the parent what it had. */
static void both_have_theirs(void)
{
	u64 seen = read64(2, child, BASE);

	assert_true(seen == FIRST || (wrote && seen == LATER));
	write64(1, mm, BASE, AFTER);
	for (unsigned int i = 0; i < 2; i++) {
		page_out(child, BASE);
		page_out(mm, BASE);
	}
	assert_int_equal(read64(2, child, BASE), seen);
	assert_int_equal(read64(1, mm, BASE), AFTER);
	check_all();
	shim_mm_exit(child);
	end();
}

static void both_see_the_same(void)
{
	write64(1, mm, BASE, AFTER);
	assert_int_equal(read64(2, child, BASE), AFTER);
	shim_mm_exit(child);
	end();
}

static void they_stay(void)
{
	for (unsigned int i = 0; i < PAGES; i++)
		assert_true(!page_out(mm, BASE + i * PAGE_SIZE) &&
			    page_at(mm, BASE + i * PAGE_SIZE));
	nothing_is_lost();
}

static void it_is_old_or_zero(void)
{
	u64 value = read64(1, mm, BASE);

	assert_true(value == FIRST || value == 0 || (wrote && value == LATER));
	end();
}

static void the_second_word_is_there(void)
{
	assert_int_equal(read64(1, mm, BASE + 8), AFTER);
	page_out(mm, BASE);
	assert_int_equal(read64(1, mm, BASE + 8), AFTER);
	nothing_is_lost();
}

static void a_write_is_seen_again(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE + 8, &value, 8), 0);
	assert_true(pte_soft_dirty(pte_at(mm, BASE)));
	the_second_word_is_there();
}

/* Nobody has the lock of a page of @mm or writes it to the disk, so nobody waits for that. */
static bool folios_are_idle(void)
{
	bool busy = false;

	for (unsigned int i = 0; i < PAGES; i++) {
		unsigned long addr = BASE + i * PAGE_SIZE;
		struct page *page = page_at(mm, addr);
		struct folio *each = page ? page_folio(page) : NULL;

		if (is_out(mm, addr) && (each = swap_cache_get_folio(entry_at(mm, addr))))
			folio_put(each);
		busy |= each && (folio_flag(each, PG_locked) || folio_flag(each, PG_writeback));
	}
	return !busy;
}

static bool while_one_may_sleep(const struct task_struct *standing)
{
	return without_locks(standing) && folios_are_idle();
}

/* --- the tests --- */

struct kase {
	void (*what)(void), (*after)(void);
};

static void a_write_is_never_lost_and_never_late(void **state)
{
	static const struct kase cases[] = {
		{ fork_mm, both_have_theirs },	{ protect, nobody_may_write },
		{ move, it_has_moved },		{ unmap, nobody_may_be_there },
		{ forget, it_is_zero },		{ forget_lazily, it_is_old_or_zero },
		{ lock, nothing_is_lost },	{ forget_what_was_written, a_write_is_seen_again },
		{ swap_goes, nothing_is_lost }, { reclaim_first, nothing_is_lost },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = i % 2 ? private_pages_back_from_swap : private_pages,
			.operation = cases[i / 2].what,
			.may = anywhere,
			.other = write_without_a_fault,
			.after = cases[i / 2].after,
		});
}

static void a_page_may_leave_at_any_time(void **state)
{
	static void (*const before[])(void) = {
		private_pages,
		private_pages_back_from_swap,
		private_pages_out,
	};
	static const struct kase cases[] = {
		{ fork_mm, both_have_theirs },
		{ protect, nobody_may_write },
		{ move, it_has_moved },
		{ unmap, nobody_may_be_there },
		{ forget, it_is_zero },
		{ forget_lazily, it_is_old_or_zero },
		{ lock, they_stay },
		{ forget_what_was_written, a_write_is_seen_again },
		{ swap_goes, nothing_is_lost },
		{ write_first, the_second_word_is_there },
		{ read_first, nothing_is_lost },
		{ write_from_outside, the_second_word_is_there },
	};

	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = before[i % 3],
			.operation = cases[i / 3].what,
			.may = without_spinlocks,
			.other = reclaim_pages,
			.after = cases[i / 3].after,
		});
}

static void a_leaving_page_may_be_wanted_at_any_time(void **state)
{
	static const struct kase cases[] = {
		{ fork_mm, both_have_theirs },	 { protect, nobody_may_write },
		{ unmap, nobody_may_be_there },	 { forget, it_is_zero },
		{ lock, nothing_is_lost },	 { write_first, nothing_is_lost },
		{ read_first, nothing_is_lost }, { write_from_outside, nothing_is_lost },
		{ swap_goes, nothing_is_lost },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = i % 2 ? private_pages_back_from_swap : private_pages,
			.operation = reclaim_first,
			.may = while_one_may_sleep,
			.other = cases[i / 2].what,
			.after = cases[i / 2].after,
		});
}

static void pages_may_be_used_at_any_time_of_a_swapoff(void **state)
{
	static const struct kase cases[] = {
		{ fork_mm, both_have_theirs },	 { protect, nobody_may_write },
		{ unmap, nobody_may_be_there },	 { forget, it_is_zero },
		{ move, it_has_moved },		 { write_first, nothing_is_lost },
		{ read_first, nothing_is_lost }, { write_from_outside, nothing_is_lost },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = i % 2 ? private_pages_back_from_swap : private_pages_out,
			.operation = swap_goes,
			.may = while_one_may_sleep,
			.other = cases[i / 2].what,
			.after = cases[i / 2].after,
		});
}

/* --- MADV_FREE, and somebody who has a reference and writes --- */

static void a_free_page_with_a_reference(void)
{
	private_pages();
	forget_lazily();
	folio = page_folio(page_at(mm, BASE));
	folio_get(folio);
}

static void a_write_through_a_reference_keeps_a_free_page(void **state)
{
	run(&(struct scenario){
		.before = a_free_page_with_a_reference,
		.operation = reclaim_first,
		.may = anywhere,
		.other = write_through_a_reference,
		.after = nothing_is_lost,
	});
}

/* --- MADV_FREE of a page that another one is about to get back --- */

static void pages_that_a_child_has_in_swap(void)
{
	private_pages();
	child = shim_mm_fork(mm);
	pages_out(mm, BASE, 1);
	read_first();
	ASSERT(is_out(child, BASE));
}

/* The child's tables have a lock of their own. */
static bool while_one_table_is_locked(const struct task_struct *standing)
{
	return standing->nr_spin_held <= 1 && !irqs_disabled() && folios_are_idle();
}

static void the_child_reads(void)
{
	ASSERT(read64(3, child, BASE) == FIRST);
}

static void the_child_has_all(void)
{
	reclaim_first();
	the_child_reads();
	shim_mm_exit(child);
	end();
}

static void a_page_that_becomes_anothers_too_is_not_free(void **state)
{
	run(&(struct scenario){
		.before = pages_that_a_child_has_in_swap,
		.operation = forget_lazily,
		.may = while_one_table_is_locked,
		.other = the_child_reads,
		.after = the_child_has_all,
	});
}

/* --- a page that is locked no longer --- */

/* VM_LOCKED is set, the pages are not marked yet. */
static void half_locked_pages(void)
{
	private_pages();
	lock();
	folio = page_folio(page_at(mm, BASE));
	folio_munlock(folio);
}

static void it_can_leave(void)
{
	assert_false(folio_flag(folio, PG_mlocked));
	assert_true(page_out(mm, BASE));
	nothing_is_lost();
}

static void a_page_that_is_unlocked_while_reclaim_looks_can_leave(void **state)
{
	run(&(struct scenario){
		.before = half_locked_pages,
		.operation = reclaim_first,
		.may = without_spinlocks,
		.other = unlock,
		.after = it_can_leave,
	});
}

static bool while_it_is_mapped(const struct task_struct *standing)
{
	return without_spinlocks(standing) && page_at(mm, BASE);
}

static void a_page_that_is_locked_in_time_stays(void **state)
{
	run(&(struct scenario){
		.before = private_pages,
		.operation = reclaim_first,
		.may = while_it_is_mapped,
		.other = lock,
		.after = they_stay,
	});
}

/* --- tmpfs --- */

static void a_file_that_is_out(void)
{
	u64 value = FIRST;

	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PAGE_SIZE);
	shim_file_write(file, 0, &value, sizeof(value));
	folio = filemap_get_folio(file_mapping(file), 0); /* its slot's copy from now on */
	reclaim(folio);
	ASSERT(file_mapping(file)->nrswapped && folio_flag(folio, PG_swapcache));
}

static bool while_the_page_is_idle(const struct task_struct *standing)
{
	return without_locks(standing) && !folio_flag(folio, PG_locked);
}

/* Both look for pages in the file: whoever comes second must find what the first has moved. */
static void a_file_may_go_while_its_pages_come_back(void **state)
{
	run(&(struct scenario){
		.before = a_file_that_is_out,
		.operation = close_file,
		.may = while_the_page_is_idle,
		.other = swap_goes,
		.after = end,
	});
}

static bool while_swapoff_is_elsewhere(const struct task_struct *standing)
{
	return while_the_page_is_idle(standing) && !file_mapping(file)->swap_users;
}

static void swapoff_may_find_a_file_that_goes(void **state)
{
	run(&(struct scenario){
		.before = a_file_that_is_out,
		.operation = swap_goes,
		.may = while_swapoff_is_elsewhere,
		.other = close_file,
		.after = end,
	});
}

/* Unlocked, it may be mapped, copied or written anew: nobody may have it in his TLB unless the
 * tables have it, too. */
static void look_for_stale_translations(void)
{
	if (!folio_flag(folio, PG_locked))
		mmu_check_tlbs();
}

static void mapped_file(void)
{
	shared_pages();
	folio = page_folio(page_at(mm, BASE));
}

static void mapped_file_to_look_at(void)
{
	mapped_file();
	always = look_for_stale_translations;
}

/* As when another processor takes the last slot, or swapoff begins. */
static void no_slot_is_left(void)
{
	swap_area_set_writeok(&swap_info[0], false);
}

static void slots_are_back(void)
{
	swap_area_set_writeok(&swap_info[0], true);
	nothing_is_lost();
}

static void a_page_without_a_slot_is_flushed_before_it_is_unlocked(void **state)
{
	run(&(struct scenario){
		.before = mapped_file_to_look_at,
		.operation = reclaim_first,
		.may = without_spinlocks,
		.other = no_slot_is_left,
		.after = slots_are_back,
	});
}

static void a_file_in_two(void)
{
	mapped_file_to_look_at();
	child = shim_mm_new();
	map_file(child, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	read64(3, child, BASE);
}

static void lock_it_there(void)
{
	ASSERT(!do_mlock(child, BASE, PAGES * PAGE_SIZE, false));
}

static void it_stays_there(void)
{
	assert_non_null(page_at(child, BASE));
	shim_mm_exit(child);
	nothing_is_lost();
}

static bool while_it_is_there(const struct task_struct *standing)
{
	return without_spinlocks(standing) && page_at(child, BASE);
}

static void a_page_that_stays_in_one_is_flushed_before_it_is_unlocked(void **state)
{
	run(&(struct scenario){
		.before = a_file_in_two,
		.operation = reclaim_first,
		.may = while_it_is_there,
		.other = lock_it_there,
		.after = it_stays_there,
	});
}

static void write_the_file(void)
{
	u64 value = AFTER;

	ASSERT(!shim_file_write(file, 8, &value, 8));
}

static void reclaim_the_file(void)
{
	struct folio *first = filemap_get_folio(file_mapping(file), 0);

	if (first)
		reclaim(first);
}

static void pages_of_a_file_may_leave_at_any_time(void **state)
{
	static const struct kase cases[] = {
		{ fork_mm, both_see_the_same },	 { protect, nobody_may_write },
		{ move, it_has_moved },		 { unmap, nobody_may_be_there },
		{ punch, it_is_zero },		 { write_first, the_second_word_is_there },
		{ read_first, nothing_is_lost }, { write_the_file, the_second_word_is_there },
		{ swap_goes, nothing_is_lost },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cases); i++)
		run(&(struct scenario){
			.before = i % 2 ? shared_pages : shared_pages_out,
			.operation = cases[i / 2].what,
			.may = without_spinlocks,
			.other = reclaim_the_file,
			.after = cases[i / 2].after,
		});
}

/* --- a hole, and somebody who falls into it --- */

static bool while_a_fault_need_not_wait(const struct task_struct *standing)
{
	return without_spinlocks(standing) && !folio_flag(folio, PG_locked);
}

static void it_is_a_page_of_the_file(void)
{
	u64 value;

	check_all();
	assert_int_equal(shim_file_read(file, 8, &value, 8), 0);
	assert_int_equal(read64(1, mm, BASE + 8), value);
	assert_true(value == 0 || value == AFTER);
	end();
}

static void a_page_that_comes_into_a_hole_is_one_of_the_file(void **state)
{
	run(&(struct scenario){
		.before = mapped_file,
		.operation = punch,
		.may = while_a_fault_need_not_wait,
		.other = write_first,
		.after = it_is_a_page_of_the_file,
	});
}

/* --- a page that moves, and goes meanwhile --- */

static bool with_no_lock_but_mmap_lock(const struct task_struct *standing)
{
	return standing->nr_held <= 1 && without_spinlocks(standing);
}

/* Nobody may know the frame any more, wherever the page was. */
static void punch_for_all(void)
{
	u64 value = LATER;

	punch();
	ASSERT(!mmu_try_write(1, mm, BASE, &value, 8));
}

static void zero_has_moved(void)
{
	assert_int_equal(read64(1, mm, BASE + PUD_SIZE), 0);
	end();
}

static void a_page_that_moves_can_be_punched_out(void **state)
{
	run(&(struct scenario){
		.before = mapped_file,
		.operation = move,
		.may = with_no_lock_but_mmap_lock,
		.other = punch_for_all,
		.after = zero_has_moved,
	});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTERLEAVED(a_write_is_never_lost_and_never_late),
		INTERLEAVED(a_page_may_leave_at_any_time),
		INTERLEAVED(a_leaving_page_may_be_wanted_at_any_time),
		INTERLEAVED(pages_may_be_used_at_any_time_of_a_swapoff),
		INTERLEAVED(a_write_through_a_reference_keeps_a_free_page),
		INTERLEAVED(a_page_that_becomes_anothers_too_is_not_free),
		INTERLEAVED(a_page_that_is_unlocked_while_reclaim_looks_can_leave),
		INTERLEAVED(a_page_that_is_locked_in_time_stays),
		INTERLEAVED(a_file_may_go_while_its_pages_come_back),
		INTERLEAVED(swapoff_may_find_a_file_that_goes),
		INTERLEAVED(a_page_without_a_slot_is_flushed_before_it_is_unlocked),
		INTERLEAVED(a_page_that_stays_in_one_is_flushed_before_it_is_unlocked),
		INTERLEAVED(pages_of_a_file_may_leave_at_any_time),
		INTERLEAVED(a_page_that_comes_into_a_hole_is_one_of_the_file),
		INTERLEAVED(a_page_that_moves_can_be_punched_out),
	};

	return RUN_MM_TESTS(tests);
}
