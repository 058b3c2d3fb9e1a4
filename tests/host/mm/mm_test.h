/* mm_test.h - what every test of kernel/mm includes: cmocka, the machine double, and short words
 * for mapping and unmapping. Host headers that define types stay out: the kernel has types of those
 * names. */
#ifndef TESTS_MM_TEST_H
#define TESTS_MM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/mlock.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include <uapi/errno.h>
#include <uapi/mman.h>
#include <uapi/resource.h>

#include "../shim/check.h"
#include "../shim/disk.h"
#include "../shim/fail.h"
#include "../shim/file.h"
#include "../shim/machine.h"
#include "../shim/mmu.h"
#include "../shim/os.h"

#define RW	(PROT_READ | PROT_WRITE)
#define BASE	0x40000000UL		/* where tests map things */

unsigned long strtoul(const char *s, char **end, int base);

static u64 random_state;

/* splitmix64. A run is the same each time; SEED=n in the environment gives another one. */
static inline u64 random_u64(void)
{
	u64 z;

	if (!random_state) {
		const char *seed = os_getenv("SEED");

		random_state = seed ? strtoul(seed, NULL, 0) : 1;
		print_message("# SEED=%lu\n", random_state);
	}
	z = random_state += 0x9e3779b97f4a7c15UL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

static inline u64 random_below(u64 n)
{
	return random_u64() % n;
}

/* Private anonymous memory at @addr; panics if that fails. */
static inline void map_anon(struct mm_struct *mm, unsigned long addr, unsigned long len,
			    unsigned long prot)
{
	ASSERT(do_mmap(mm, NULL, addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0) ==
	       addr);
}

/* @file from page @pgoff on. @flags: MAP_SHARED or MAP_PRIVATE. */
static inline void map_file(struct mm_struct *mm, struct file *file, unsigned long addr,
			    unsigned long len, unsigned long prot, unsigned long flags,
			    unsigned long pgoff)
{
	ASSERT(do_mmap(mm, file, addr, len, prot, flags | MAP_FIXED, pgoff) == addr);
}

static inline pte_t pte_at(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	return pmd && !pmd_none(pmd) ? ptep_get(pte_offset(pmd, addr)) : (pte_t){ 0 };
}

static inline struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t pte = pte_at(mm, addr);

	return pte_present(pte) ? pfn_to_page(pte_pfn(pte)) : NULL;
}

static inline int boot_once(void **state)
{
	(void)state;
	shim_boot();
	return 0;
}

/* After each test: nothing may be left over. */
static inline int nothing_left(void **state)
{
	bool failed = nr_shim_mms || shim_nr_files;	/* the test ended in the middle */

	(void)state;
	fail_stop();
	mmu_ignore_flushes = mmu_ignore_batched_pending = mmu_batch_is_open = false;
	while (nr_shim_mms)
		shim_mm_exit(shim_mms[0]);
	if (!failed) {
		shim_swapoff_all();
		check_nothing_left();
	}
	return failed ? -1 : 0;
}

static inline int boot_small_once(void **state)
{
	(void)state;
	shim_boot_small();
	return 0;
}

#define MM_TEST(fn)		cmocka_unit_test_teardown(fn, nothing_left)
#define RUN_MM_TESTS(tests)	cmocka_run_group_tests_name(__FILE__, tests, boot_once, NULL)
/* The same with 4.5 MiB of memory. */
#define RUN_SMALL_MM_TESTS(tests) \
	cmocka_run_group_tests_name(__FILE__, tests, boot_small_once, NULL)

#endif
