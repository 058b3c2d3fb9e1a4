/* test.h - what every host test includes: cmocka, and random numbers that can be had again.
 * A run is the same each time; SEED=n in the environment gives another one. */
#ifndef TESTS_HOST_TEST_H
#define TESTS_HOST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lib/types.h>

static u64 random_state;

static inline u64 random_u64(void)
{
	u64 z;

	if (!random_state) {
		const char *seed = getenv("SEED");

		random_state = seed ? strtoul(seed, NULL, 0) : 1;
		print_message("# SEED=%lu\n", random_state);
	}
	z = random_state += 0x9e3779b97f4a7c15UL;	/* splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* A number below @n. */
static inline u64 random_below(u64 n)
{
	return random_u64() % n;
}

#define RUN_TESTS(tests)	cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

#endif
