/* verify_test.c - the kernel's own verifier sees each kind of damage, and nothing where there is
 * none. */
#include "mm_test.h"

#include <mm/verify.h>

static void each_kind_of_damage_is_seen(void **state)
{
	static struct verify_report report;
	struct file *file = shim_file_new(8 * PAGE_SIZE);
	struct mm_struct *mm = shim_mm_new(), *child;
	const char *kind;
	unsigned int seen = 0;

	map_anon(mm, BASE, 8 * PAGE_SIZE, RW);
	map_anon(mm, BASE + PUD_SIZE, 8 * PAGE_SIZE, RW);
	map_file(mm, file, BASE + PMD_SIZE, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	map_file(mm, file, BASE + 2 * PMD_SIZE, 8 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	for (unsigned int i = 0; i < 8; i++) {
		write8(0, mm, BASE + i * PAGE_SIZE, i);
		write8(0, mm, BASE + PMD_SIZE + i * PAGE_SIZE, i);
		write8(0, mm, BASE + 2 * PMD_SIZE + i * PAGE_SIZE, i);
	}
	child = shim_mm_fork(mm);
	write8(1, child, BASE, 1);
	write8(1, child, BASE + PUD_SIZE, 1);
	read8(1, child, BASE + PMD_SIZE);
	for (unsigned int i = 0; (kind = verify_plant_name(i)); i++) {
		int err = verify_planted(kind, &report);

		if (err)
			print_message("# %s: %d\n", kind, err);
		if (!err && !report.differences)
			fail_msg("%s is not seen", kind);
		seen += !err;
		check_all();
	}
	assert_in_range(seen, 10, 1000);
	assert_int_equal(verify_planted("no such kind", &report), -EINVAL);
	shim_mm_exit(child);
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(each_kind_of_damage_is_seen),
	};

	return RUN_MM_TESTS(tests);
}
