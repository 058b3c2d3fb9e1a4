/* interleave_test.c - operations on anonymous memory stop at each place where they look at what
 * others change, and another one comes: interleave.h. */
#include "interleave.h"

/* --- the tests --- */

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

/* --- walks, which look without a lock first --- */

static void look_for_the_entry(void)
{
	ASSERT(pte_present(pte_at(mm, BASE)));
}

static void private_pages_to_look_for(void)
{
	private_pages();
	always = look_for_the_entry;
}

static void forbid(void)
{
	do_mprotect(mm, BASE, PAGES * PAGE_SIZE, PROT_NONE);
}

static void allow(void)
{
	do_mprotect(mm, BASE, PAGES * PAGE_SIZE, RW);
}

static void forbidden_pages_to_look_for(void)
{
	private_pages();
	forbid();
	always = look_for_the_entry;
}

static void nothing(void)
{
}

static void an_entry_that_changes_is_there_all_the_time(void **state)
{
	static void (*const operations[])(void) = {
		protect, forbid, forget_lazily, lock, forget_what_was_written,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++)
		run(&(struct scenario){
			.before = private_pages_to_look_for,
			.operation = operations[i],
			.may = anywhere,
			.other = nothing,
			.after = end,
		});
	run(&(struct scenario){
		.before = forbidden_pages_to_look_for,
		.operation = allow,
		.may = anywhere,
		.other = nothing,
		.after = end,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTERLEAVED(a_write_is_never_lost_and_never_late),
		INTERLEAVED(a_page_may_leave_at_any_time),
		INTERLEAVED(a_leaving_page_may_be_wanted_at_any_time),
		INTERLEAVED(pages_may_be_used_at_any_time_of_a_swapoff),
		INTERLEAVED(an_entry_that_changes_is_there_all_the_time),
		INTERLEAVED(a_write_through_a_reference_keeps_a_free_page),
		INTERLEAVED(a_page_that_becomes_anothers_too_is_not_free),
		INTERLEAVED(a_page_that_is_unlocked_while_reclaim_looks_can_leave),
		INTERLEAVED(a_page_that_is_locked_in_time_stays),
	};

	return RUN_MM_TESTS(tests);
}
