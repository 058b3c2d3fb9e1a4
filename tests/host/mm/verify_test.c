/* verify_test.c - the kernel's own verifier sees each kind of damage, and nothing where there is
 * none. */
#include "swap_test.h"

#include <mm/verify.h>

/* There is a target for it only when something is in swap. */
static bool about_swap(const char *kind)
{
	return !strncmp(kind, "s", 1) ? strcmp(kind, "slab") : !strcmp(kind, "nrswapped");
}

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

		if (err && !about_swap(kind))
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

/* Its pages leave: the only reference on them is their file's. */
static void file_out(struct mm_struct *mm, unsigned long addr, unsigned int nr)
{
	for (; nr--; addr += PAGE_SIZE) {
		struct page *page = page_at(mm, addr);

		folio_get(page_folio(page));
		reclaim(page_folio(page));
		assert_false(page_at(mm, addr));
	}
}

/* Private pages and a file's are out, shared ones and exclusive ones; some are back, and still the
 * copies of their slots. */
static void each_kind_of_damage_to_what_is_in_swap_is_seen(void **state)
{
	static struct verify_report report;
	struct mm_struct *mm = shim_mm_new(), *child;
	struct file *file = shim_file_new(8 * PAGE_SIZE);
	const char *kind;
	unsigned int seen = 0;

	shim_swap(0, SWAP_PAGES, -1);
	map_anon(mm, BASE, 16 * PAGE_SIZE, RW);
	map_anon(mm, BASE + PUD_SIZE, 8 * PAGE_SIZE, RW);
	map_file(mm, file, BASE + PMD_SIZE, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	fill(mm, BASE, 16, 100);
	fill(mm, BASE + PMD_SIZE, 8, 200);
	fill(mm, BASE + PUD_SIZE, 8, 300);
	pages_out(mm, BASE, 16);
	file_out(mm, BASE + PMD_SIZE, 8);
	child = shim_mm_fork(mm);
	expect(0, child, BASE, 8, 100);
	pages_out(mm, BASE + PUD_SIZE, 8);
	check_all();
	for (unsigned int i = 0; (kind = verify_plant_name(i)); i++) {
		int err = verify_planted(kind, &report);

		if (err && about_swap(kind))
			fail_msg("%s: %d", kind, err);
		if (!err && !report.differences)
			fail_msg("%s is not seen", kind);
		seen += !err && about_swap(kind);
		check_all();
	}
	assert_in_range(seen, 10, 1000);
	expect(1, mm, BASE, 16, 100);
	expect(1, child, BASE, 16, 100);
	expect(1, mm, BASE + PMD_SIZE, 8, 200);
	shim_mm_exit(child);
	shim_mm_exit(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(each_kind_of_damage_is_seen),
		MM_TEST(each_kind_of_damage_to_what_is_in_swap_is_seen),
	};

	return RUN_MM_TESTS(tests);
}
