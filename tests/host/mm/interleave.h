/* interleave.h - what the interleave tests share. One processor stops in the middle of an operation
 * while another one does something, and goes on. Each operation is done again and again, and stops
 * a little later every time: before and after each single load and each flush (../shim/point.h),
 * until it ends before the other came. So the narrowest window between two looks is met, and met
 * each time. Who comes in between takes no lock that the one who stands still may have: `may` says
 * when it can come. */
#ifndef TESTS_INTERLEAVE_H
#define TESTS_INTERLEAVE_H

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

static inline bool anywhere(const struct task_struct *standing)
{
	return true;
}

static inline bool without_spinlocks(const struct task_struct *standing)
{
	return !standing->nr_spin_held && !irqs_disabled();
}

static inline bool without_locks(const struct task_struct *standing)
{
	return !standing->nr_held && !irqs_disabled();
}

/* Another task on another processor. */
static inline void let_other_come(void)
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

static inline void stop_here(void)
{
	shim_on_point = NULL;
	if (!has_come && scenario->may(current) && place++ == wanted)
		let_other_come();
	if (always)
		always();
	shim_on_point = stop_here;
}

/* At last the other one comes when the operation has ended. */
static inline void run(const struct scenario *s)
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

static inline int there_were_places(void **state)
{
	int err = nothing_left(state);

	print_message("# stopped at %u places\n", nr_places);
	err = CONFIG_DEBUG && nr_places < 10 ? -1 : err;
	nr_places = 0;
	return err;
}

#define INTERLEAVED(fn) cmocka_unit_test_teardown(fn, there_were_places)

/* --- before --- */

static inline void private_pages(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	fill(mm, BASE, PAGES, FIRST);
	write64(1, mm, BASE, FIRST); /* processor 1 knows the translation */
}

/* Writable and clean, with its content in a slot as well. */
static inline void private_pages_back_from_swap(void)
{
	private_pages();
	pages_out(mm, BASE, PAGES);
	ASSERT(read64(1, mm, BASE) == FIRST);
	ASSERT(pte_write(pte_at(mm, BASE)) && !pte_dirty(pte_at(mm, BASE)));
}

static inline void private_pages_out(void)
{
	private_pages();
	pages_out(mm, BASE, PAGES);
}

static inline void shared_pages(void)
{
	shim_swap(0, AREA_PAGES, -1);
	mm = shim_mm_new();
	file = shim_file_new(PAGES * PAGE_SIZE);
	map_file(mm, file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, BASE, PAGES, FIRST);
	write64(1, mm, BASE, FIRST);
}

static inline void shared_pages_out(void)
{
	shared_pages();
	for (unsigned int i = 0; i < PAGES; i++)
		reclaim(filemap_get_folio(file_mapping(file), i));
	ASSERT(file_mapping(file)->nrswapped == PAGES);
}

/* --- operations --- */

static inline void fork_mm(void)
{
	child = shim_mm_fork(mm);
}

static inline void protect(void)
{
	do_mprotect(mm, BASE, PAGES * PAGE_SIZE, PROT_READ);
}

static inline void move(void)
{
	ASSERT(do_mremap(mm, BASE, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
			 MREMAP_MAYMOVE | MREMAP_FIXED, BASE + PUD_SIZE) == BASE + PUD_SIZE);
}

static inline void unmap(void)
{
	do_munmap(mm, BASE, PAGES * PAGE_SIZE);
}

static inline void forget(void)
{
	do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED);
}

static inline void forget_lazily(void)
{
	do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_FREE);
}

static inline void reclaim_first(void)
{
	struct page *page = page_at(mm, BASE);

	if (!page)
		return;
	folio_get(page_folio(page));
	reclaim(page_folio(page));
}

static inline void read_first(void)
{
	u64 value;

	ASSERT(!mmu_read(0, mm, BASE, &value, 8) && value == FIRST);
}

static inline void write_first(void)
{
	write64(0, mm, BASE + 8, AFTER);
}

static inline void lock(void)
{
	ASSERT(!do_mlock(mm, BASE, PAGES * PAGE_SIZE, false));
}

static inline void unlock(void)
{
	ASSERT(!do_munlock(mm, BASE, PAGES * PAGE_SIZE));
}

static inline void forget_what_was_written(void)
{
	mm_clear_refs(mm, CLEAR_REFS_SOFT_DIRTY);
}

static inline void lose_patience(void)
{
	current->sigpending = true;
}

/* It may have to wait for the one who stands still: not for ever. */
static inline void swap_goes(void)
{
	int err;

	shim_on_sleep = lose_patience;
	err = swap_off(blk_nth(0));
	shim_on_sleep = NULL;
	ASSERT(!err || err == -EINTR);
	current->sigpending = false;
}

static inline void close_file(void)
{
	fput(file);
	file = NULL;
}

static inline void punch(void)
{
	shim_file_punch(file, 0, PAGE_SIZE);
}

static inline void write_from_outside(void)
{
	u64 value = AFTER;

	ASSERT(access_remote_vm(mm, BASE + 8, &value, 8, FOLL_WRITE) == 8);
}

/* --- the other one --- */

/* Through what processor 1 remembers, or what the tables say now. */
static inline void write_without_a_fault(void)
{
	u64 value = LATER;

	wrote = mmu_try_write(1, mm, BASE, &value, 8);
}

/* The end of a write from outside, which had a reference all the time. */
static inline void write_through_a_reference(void)
{
	*(u64 *)folio_address(folio) = LATER;
	folio_mark_dirty(folio);
	folio_put(folio);
	wrote = true;
}

static inline void reclaim_pages(void)
{
	page_out(mm, BASE);
}

/* --- after --- */

static inline u64 value_now(void)
{
	return wrote ? LATER : FIRST;
}

static inline void all_is_there_at(unsigned long addr)
{
	check_all();
	assert_int_equal(read64(1, mm, addr), value_now());
	page_out(mm, addr);
	assert_int_equal(read64(1, mm, addr), value_now());
	assert_int_equal(read64(0, mm, addr + PAGE_SIZE), FIRST + 1);
}

static inline void end(void)
{
	check_all();
	shim_mm_exit(mm);
	if (file)
		fput(file);
	file = NULL;
	shim_swapoff_all();
}

static inline void nothing_is_lost(void)
{
	all_is_there_at(BASE);
	end();
}

static inline void it_has_moved(void)
{
	u64 value = AFTER;

	assert_false(mmu_try_write(1, mm, BASE, &value, 8));
	all_is_there_at(BASE + PUD_SIZE);
	end();
}

static inline void nobody_may_write(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_ACCERR);
	nothing_is_lost();
}

static inline void nobody_may_be_there(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE, &value, 8), VM_FAULT_SIGSEGV_MAPERR);
	end();
}

static inline void it_is_zero(void)
{
	assert_int_equal(read64(1, mm, BASE), 0);
	end();
}

/* What the child has seen once it sees always, and the parent what it had. */
static inline void both_have_theirs(void)
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

static inline void both_see_the_same(void)
{
	write64(1, mm, BASE, AFTER);
	assert_int_equal(read64(2, child, BASE), AFTER);
	shim_mm_exit(child);
	end();
}

static inline void they_stay(void)
{
	for (unsigned int i = 0; i < PAGES; i++)
		assert_true(!page_out(mm, BASE + i * PAGE_SIZE) &&
			    page_at(mm, BASE + i * PAGE_SIZE));
	nothing_is_lost();
}

static inline void it_is_old_or_zero(void)
{
	u64 value = read64(1, mm, BASE);

	assert_true(value == FIRST || value == 0 || (wrote && value == LATER));
	end();
}

static inline void the_second_word_is_there(void)
{
	assert_int_equal(read64(1, mm, BASE + 8), AFTER);
	page_out(mm, BASE);
	assert_int_equal(read64(1, mm, BASE + 8), AFTER);
	nothing_is_lost();
}

static inline void a_write_is_seen_again(void)
{
	u64 value = AFTER;

	assert_int_equal(mmu_write(1, mm, BASE + 8, &value, 8), 0);
	assert_true(pte_soft_dirty(pte_at(mm, BASE)));
	the_second_word_is_there();
}

/* Nobody has the lock of a page of @mm or writes it to the disk, so nobody waits for that. */
static inline bool folios_are_idle(void)
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

static inline bool while_one_may_sleep(const struct task_struct *standing)
{
	return without_locks(standing) && folios_are_idle();
}

/* What one does, and what must hold then. */
struct kase {
	void (*what)(void), (*after)(void);
};

#endif
