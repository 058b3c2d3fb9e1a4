/* fuzz_test.c - the fuzzer's operations without its guidance: the files of corpus/ once each, then
 * random bytes, always the same. FUZZ_SECONDS=n: how long (else 2); SEED=n: the first seed. A
 * failure names its file or seed and lists the operations. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_BYTES 600

/* The kernel's types have names that the host's have too, so no header of its side comes in
 * here. */
void run_bytes(const unsigned char *bytes, size_t nr);
void print_operations(void);
void shim_boot(void);
extern void (*shim_on_panic)(void);
extern char shim_context[256];	/* a failure prints it */
void __asan_on_error(void);

static void report(void)
{
	fprintf(stderr, "%s\nThe operations so far (process@processor):\n", shim_context);
	print_operations();
}

void __asan_on_error(void)
{
	report();
}

static void run_file(const char *folder, const char *name)
{
	static unsigned char bytes[65536];
	char path[300];
	ssize_t nr;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(shim_context, 256, "in the run of %.200s", path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	nr = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(nr >= 0);
	run_bytes(bytes, nr);
}

static void what_was_found_once_stays_right(void **state)
{
	const char *folder = getenv("FUZZ_CORPUS");
	struct dirent **names;
	int nr;

	(void)state;
	if (!folder || !*folder)
		folder = "tests/host/fuzz/corpus";
	nr = scandir(folder, &names, NULL, alphasort);
	assert_true(nr > 2);
	for (int i = 0; i < nr; i++) {
		if (!strchr(names[i]->d_name, '.'))
			run_file(folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

/* splitmix64 */
static uint64_t random_u64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

static void random_operations_do_what_the_model_says(void **state)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *first = getenv("SEED");
	uint64_t seed = first ? strtoul(first, NULL, 0) : 1, random;
	time_t until = time(NULL) + (seconds ? strtol(seconds, NULL, 10) : 2);
	unsigned char bytes[MAX_BYTES];
	unsigned int nr = 0;

	(void)state;
	for (; time(NULL) < until || nr < 100; nr++, seed++) {
		random = seed;
		snprintf(shim_context, sizeof(shim_context), "in the run of SEED=%lu", seed);
		for (unsigned int i = 0; i < MAX_BYTES; i++)
			bytes[i] = random_u64(&random) >> 32;
		run_bytes(bytes, MAX_BYTES);
	}
	print_message("# %u runs of %u bytes\n", nr, MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_once_stays_right),
		cmocka_unit_test(random_operations_do_what_the_model_says),
	};

	shim_on_panic = report;
	shim_boot();
	return cmocka_run_group_tests_name("fuzz_test", tests, NULL, NULL);
}
