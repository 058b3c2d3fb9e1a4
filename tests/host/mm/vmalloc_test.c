/* vmalloc_test.c - ranges of the kernel's own. They exist in its tables only: nobody goes there. */
#include "mm_test.h"

#include <mm/vmalloc.h>

void *__real_vmalloc(size_t bytes);	/* others get the host's memory: see shim/fail.c */
void __real_vfree(const void *addr);

/* The tables above stay, and stacks, which nobody can give back from here: so many that the list of
 * free ones need not grow. */
static int boot_with_tables(void **state)
{
	shim_boot();
	__real_vfree(__real_vmalloc(3 * PAGE_SIZE));
	for (unsigned int i = 0; i < 3; i++)
		alloc_thread_stack();
	check_take_baseline();
	return 0;
}

/* @make fails for want of each frame and object in turn, and in the end gives what @drop takes. */
static void sweep(void *(*make)(void), void (*drop)(const void *))
{
	void *made = NULL;
	unsigned int nth;

	for (nth = 1; !made; nth++) {
		fail_nth(nth, false);
		made = make();
		assert_int_equal(fail_stop(), !made);
	}
	assert_true(nth > 2);
	drop(made);
}

static void *make_range(void)
{
	return __real_vmalloc(3 * PAGE_SIZE);
}

static void *make_window(void)
{
	return vmap_phys(0xfe000010, 2 * PAGE_SIZE, PAGE_KERNEL);
}

static void drop_window(const void *addr)
{
	__real_vfree((const void *)((unsigned long)addr & PAGE_MASK));
}

static void a_range_without_memory_leaves_nothing(void **state)
{
	sweep(make_range, __real_vfree);
	sweep(make_window, drop_window);
}

static void a_range_that_is_too_long_is_refused(void **state)
{
	assert_null(__real_vmalloc(0));
	assert_null(__real_vmalloc(VMALLOC_END - VMALLOC_START));
	assert_null(__real_vmalloc(VMALLOC_END - VMALLOC_START - (64UL << 30)));
}

static void a_stack_without_memory_is_none(void **state)
{
	for (unsigned int nth = 1; nth < 4; nth++) {
		fail_nth(nth, true);
		assert_null(alloc_thread_stack());
		assert_true(fail_stop());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_range_without_memory_leaves_nothing),
		MM_TEST(a_range_that_is_too_long_is_refused),
		MM_TEST(a_stack_without_memory_is_none),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, boot_with_tables, NULL);
}
