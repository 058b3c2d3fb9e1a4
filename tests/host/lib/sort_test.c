/* sort_test.c - heapsort against libc's qsort. */
#include <string.h>

#include <lib/sort.h>

#include "test.h"

struct odd {				/* a size that is no power of two */
	u8	key[3];
	u8	serial;
};

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, 3);
}

static int by_all(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct odd));
}

static void result_is_in_order_and_a_permutation(void **state)
{
	struct odd *mine, *theirs;
	size_t n, i;

	(void)state;
	for (n = 0; n < 300; n++) {
		mine = malloc(n * sizeof(*mine) + 1);
		theirs = malloc(n * sizeof(*theirs) + 1);
		for (i = 0; i < n; i++)
			mine[i] = (struct odd){ { 0, 0, random_below(n & 1 ? 4 : 250) }, i };
		memcpy(theirs, mine, n * sizeof(*mine));
		sort(mine, n, sizeof(*mine), by_key);
		for (i = 1; i < n; i++)
			assert_true(by_key(&mine[i - 1], &mine[i]) <= 0);
		qsort(mine, n, sizeof(*mine), by_all);
		qsort(theirs, n, sizeof(*theirs), by_all);
		assert_memory_equal(mine, theirs, n * sizeof(*mine));
		free(mine);
		free(theirs);
	}
}

static unsigned long comparisons;

static int by_int(const void *a, const void *b)
{
	comparisons++;
	return *(const int *)a - *(const int *)b;
}

static void no_input_is_slow(void **state)
{
	static int a[4096];
	int kind, i;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		for (i = 0; i < 4096; i++)
			a[i] = kind == 0 ? i : kind == 1 ? -i : i % 3;
		comparisons = 0;
		sort(a, 4096, sizeof(a[0]), by_int);
		assert_true(comparisons < 2 * 4096 * 13);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_is_in_order_and_a_permutation),
		cmocka_unit_test(no_input_is_slow),
	};

	return RUN_TESTS(tests);
}
