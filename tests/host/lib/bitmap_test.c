/* bitmap_test.c - bitmaps against arrays of bool, at every size around a word's edges. */
#include <string.h>

#include <lib/bitmap.h>

#include "test.h"

#define MAX_BITS	200

static bool model[MAX_BITS];
static unsigned long *map;		/* exactly as long as needed, for the address sanitizer */
static size_t size;

static size_t model_next(size_t start, bool value)
{
	while (start < size && model[start] != value)
		start++;
	return min(start, size);
}

static void check(void)
{
	size_t i, bit, weight = 0;

	for (i = 0; i < size; i++) {
		assert_int_equal(bitmap_test(map, i), model[i]);
		weight += model[i];
	}
	assert_int_equal(bitmap_weight(map, size), weight);
	for (i = 0; i <= size + 2; i++) {
		assert_int_equal(bitmap_find_next_set(map, size, i), model_next(i, true));
		assert_int_equal(bitmap_find_next_zero(map, size, i), model_next(i, false));
	}
	assert_int_equal(bitmap_find_first_set(map, size), model_next(0, true));
	assert_int_equal(bitmap_find_first_zero(map, size), model_next(0, false));
	for_each_set_bit(bit, map, size) {
		assert_true(model[bit]);
		weight--;
	}
	assert_int_equal(weight, 0);
}

static void change(void)
{
	size_t start = random_below(size), nr = random_below(size - start + 1);
	bool value = random_below(2);

	if (random_below(2)) {
		(value ? bitmap_set : bitmap_clear)(map, start);
		model[start] = value;
	} else {
		(value ? bitmap_set_range : bitmap_clear_range)(map, start, nr);
		memset(&model[start], value, nr);
	}
}

static void bitmaps_agree_with_bools(void **state)
{
	static const size_t sizes[] = { 1, 2, 63, 64, 65, 127, 128, 129, MAX_BITS };
	size_t i;
	int step;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		map = calloc(BITMAP_LONGS(size), sizeof(long));
		memset(model, false, sizeof(model));
		for (step = 0; step < 300; step++) {
			check();
			change();
		}
		free(map);
	}
}

static void bits_beyond_the_size_are_ignored(void **state)
{
	unsigned long word = ~0UL << 12;

	(void)state;
	assert_int_equal(bitmap_find_first_set(&word, 10), 10);
	assert_int_equal(bitmap_weight(&word, 12), 0);
	assert_int_equal(bitmap_weight(&word, 14), 2);
	word = ~word;
	assert_int_equal(bitmap_find_first_zero(&word, 10), 10);
	assert_int_equal(bitmap_find_first_set(&word, 0), 0);
	assert_int_equal(bitmap_weight(&word, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitmaps_agree_with_bools),
		cmocka_unit_test(bits_beyond_the_size_are_ignored),
	};

	return RUN_TESTS(tests);
}
