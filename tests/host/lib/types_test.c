/* types_test.c - lib/types.h and lib/err.h, in a program that also includes libc's types. */
#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include <lib/err.h>
#include <lib/types.h>

#include "test.h"

static void widths_are_as_named(void **state)
{
	(void)state;
	assert_int_equal(sizeof(u8) + sizeof(u16) + sizeof(u32) + sizeof(u64), 15);
	assert_true((s8)-1 < 0 && (s16)-1 < 0 && (s32)-1 < 0 && (s64)-1 < 0);
	assert_int_equal(sizeof(ssize_t), 8);
}

static void alignment_rounds_the_right_way(void **state)
{
	u64 high = 0xffffffff80000001UL;

	(void)state;
	assert_int_equal(ALIGN_UP(0, 4096), 0);
	assert_int_equal(ALIGN_UP(1, 4096), 4096);
	assert_int_equal(ALIGN_UP(4096, 4096), 4096);
	assert_int_equal(ALIGN_DOWN(8191, 4096), 4096);
	assert_true(ALIGN_DOWN(high, 4096U) == 0xffffffff80000000UL);
	assert_true(ALIGN_UP(0x7fffffffU, 0x100000000UL) == 0x100000000UL);
	assert_true(IS_ALIGNED(high - 1, 4096U) && !IS_ALIGNED(high, 2));
}

static void min_and_max_evaluate_once(void **state)
{
	int i = 1, j = 5;

	(void)state;
	assert_int_equal(min(i++, j++), 1);
	assert_int_equal(max(i++, j++), 6);
	assert_int_equal(i * 10 + j, 37);
	assert_int_equal(min(max(1, min(7, 9)), 8), 7);
	assert_int_equal(clamp(12, 0, 10) + clamp(-3, 0, 10) + clamp(4, 0, 10), 14);
	assert_true(min_t(u8, 0x1ff, 0x200) == 0);
}

static void container_of_goes_back_to_the_start(void **state)
{
	struct { int a; char b; long c; } thing;

	(void)state;
	assert_ptr_equal(container_of(&thing.c, __typeof__(thing), c), &thing);
	assert_int_equal(ARRAY_SIZE(((int[7]){ 0 })), 7);
	assert_true(BIT(63) == 0x8000000000000000UL);
}

static void errors_travel_in_pointers(void **state)
{
	int object;

	(void)state;
	assert_true(IS_ERR(ERR_PTR(-1)) && IS_ERR(ERR_PTR(-MAX_ERRNO)));
	assert_false(IS_ERR(ERR_PTR(-MAX_ERRNO - 1)) || IS_ERR(&object) || IS_ERR(NULL));
	assert_true(IS_ERR_OR_NULL(NULL) && !IS_ERR_OR_NULL(&object));
	assert_int_equal(PTR_ERR(ERR_PTR(-ENOMEM)), -ENOMEM);
}

static void lib_errors_are_linux_ones(void **state)
{
	(void)state;
	assert_int_equal(LIB_E2BIG, E2BIG);
	assert_int_equal(LIB_ENOMEM, ENOMEM);
	assert_int_equal(LIB_EEXIST, EEXIST);
	assert_int_equal(LIB_EINVAL, EINVAL);
	assert_int_equal(LIB_ERANGE, ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_as_named),
		cmocka_unit_test(alignment_rounds_the_right_way),
		cmocka_unit_test(min_and_max_evaluate_once),
		cmocka_unit_test(container_of_goes_back_to_the_start),
		cmocka_unit_test(errors_travel_in_pointers),
		cmocka_unit_test(lib_errors_are_linux_ones),
	};

	return RUN_TESTS(tests);
}
