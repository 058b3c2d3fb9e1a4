/* fuzz.c - the entry that libFuzzer calls, and what is printed when a run fails.
 * FUZZ_CHECK=n in the environment: verify everything after each n operations. FUZZ_TRACE=1: print
 * each. */
#include <lib/types.h>

#include "../shim/machine.h"
#include "../shim/os.h"
#include "ops.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *bytes, size_t nr);
/* The sanitizers call these before their reports. */
void __asan_on_error(void);
void __ubsan_on_report(void);

unsigned long strtoul(const char *s, char **end, int base);

static void report(void)
{
	os_print("The operations so far (process@processor); FUZZ_CHECK=1 verifies after each:\n");
	print_operations();
}

void __asan_on_error(void)
{
	report();
}

void __ubsan_on_report(void)
{
	report();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *every = os_getenv("FUZZ_CHECK");

	(void)argc;
	(void)argv;
	check_every = every ? strtoul(every, NULL, 10) : 0;
	trace = os_getenv("FUZZ_TRACE");
	shim_on_panic = report;
	shim_boot();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t nr)
{
	run_bytes(bytes, nr);
	return 0;
}
