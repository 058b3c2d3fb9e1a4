/* vma_test.c - areas against a model with one byte a page; the search for room against brute
 * force. */
#include "mm_test.h"

#define PAGES	96

#define ACCOUNT	16		/* VM_ACCOUNT, which stays when the right to write goes */

static u8 model[PAGES];		/* 0: unmapped, else 1 + prot, and perhaps ACCOUNT */

static u8 accounted(u8 prot)
{
	return 1 + prot + (prot & PROT_WRITE ? ACCOUNT : 0);
}

/* Areas are as few as can be: anonymous neighbours with the same rights are one. */
static unsigned int runs(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < PAGES; i++)
		nr += model[i] && (!i || model[i] != model[i - 1]);
	return nr;
}

static void compare(struct mm_struct *mm)
{
	assert_int_equal(mm->map_count, runs());
	for (unsigned int i = 0; i < PAGES; i++) {
		struct vm_area_struct *vma = vma_lookup(mm, BASE + i * PAGE_SIZE);

		assert_int_equal(vma ? 1 + (vma->vm_flags & VM_ACCESS_FLAGS) : 0,
				 model[i] % ACCOUNT);
	}
	check_all();
}

static void random_areas_are_what_a_page_model_says(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	memset(model, 0, sizeof(model));
	for (unsigned int n = 0; n < 3000; n++) {
		unsigned int first = random_below(PAGES),
			     nr = 1 + random_below(min(PAGES - first, 12u));
		unsigned long addr = BASE + first * PAGE_SIZE, len = nr * PAGE_SIZE;
		unsigned int prot = random_below(4);

		switch (random_below(3)) {
		case 0:
			map_anon(mm, addr, len, prot);
			memset(model + first, accounted(prot), nr);
			break;
		case 1:
			assert_int_equal(do_munmap(mm, addr, len), 0);
			memset(model + first, 0, nr);
			break;
		default:
			do_mprotect(mm, addr, len, prot);
			for (unsigned int i = first; i < first + nr && model[i]; i++)
				model[i] = accounted(prot) | (model[i] & ACCOUNT);
		}
		compare(mm);
	}
	shim_mm_exit(mm);
}

/* --- room --- */

static unsigned long brute_force(struct mm_struct *mm, unsigned long len, unsigned long low,
				 unsigned long high, bool topdown)
{
	unsigned long from = 0, best = -ENOMEM;
	struct vm_area_struct *vma = find_vma(mm, 0);

	for (;; vma = vma_next(vma)) {
		unsigned long to = vma ? vma_start_gap(vma) : TASK_SIZE;
		unsigned long first = max(from, low), last = min(to, high);

		if (first < last && last - first >= len) {
			if (!topdown)
				return first;
			best = last - len;
		}
		if (!vma)
			return best;
		from = vma->vm_end;
	}
}

static void room_is_found_where_brute_force_finds_it(void **state)
{
	struct mm_struct *mm = shim_mm_new();

	for (unsigned int i = 0; i < 150; i++) {
		unsigned long addr = BASE + random_below(2000) * PAGE_SIZE;
		unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

		flags |= random_below(8) ? 0 : MAP_GROWSDOWN;
		assert_int_equal(do_mmap(mm, NULL, addr, (1 + random_below(9)) * PAGE_SIZE, RW,
					 flags, 0),
				 addr);
	}
	check_all();
	down_read(&mm->mmap_lock);
	for (unsigned int n = 0; n < 5000; n++) {
		unsigned long low = BASE + random_below(2000) * PAGE_SIZE;
		unsigned long high = low + random_below(2500) * PAGE_SIZE;
		unsigned long len = (1 + random_below(random_below(2) ? 40 : 400)) * PAGE_SIZE;
		bool topdown = random_below(2);

		if (!random_below(10))
			low = 0;
		if (!random_below(10))
			high = TASK_SIZE;
		assert_int_equal(find_gap(mm, len, low, high, topdown),
				 brute_force(mm, len, low, high, topdown));
	}
	up_read(&mm->mmap_lock);
	shim_mm_exit(mm);
}

static void a_new_mapping_goes_below_the_last_one(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	unsigned long first = do_mmap(mm, NULL, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	unsigned long second =
		do_mmap(mm, NULL, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 0);

	assert_int_equal(first, mm->mmap_base - PAGE_SIZE);
	assert_int_equal(second, first - PAGE_SIZE);
	/* A hint is taken when there is room, else not. */
	assert_int_equal(do_mmap(mm, NULL, BASE + 5, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0),
			 BASE);
	assert_int_equal(do_mmap(mm, NULL, BASE, PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0),
			 second - PAGE_SIZE);
	assert_int_equal(do_mmap(mm, NULL, 0, PAGE_SIZE, RW,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, 0),
			 BASE + PAGE_SIZE);
	check_all();
	shim_mm_exit(mm);
}

/* --- what mmap refuses --- */

static long map_error(struct mm_struct *mm, struct file *file, unsigned long addr,
		      unsigned long len, unsigned long flags, unsigned long pgoff)
{
	return do_mmap(mm, file, addr, len, RW, flags, pgoff);
}

static void mmap_refuses_what_linux_refuses(void **state)
{
	const unsigned long anon = MAP_PRIVATE | MAP_ANONYMOUS;
	struct mm_struct *mm = shim_mm_new();
	struct file *file = shim_file_new(PAGE_SIZE);
	struct file *ro = shim_file_reopen(file, FMODE_READ),
		    *wo = shim_file_reopen(file, FMODE_WRITE);

	assert_int_equal(map_error(mm, NULL, 0, 0, anon, 0), -EINVAL);
	assert_int_equal(map_error(mm, NULL, 0, PAGE_SIZE, MAP_ANONYMOUS, 0), -EINVAL);
	assert_int_equal(map_error(mm, NULL, 0, ~0UL, anon, 0), -ENOMEM);
	assert_int_equal(map_error(mm, NULL, 0, TASK_SIZE + 1, anon, 0), -ENOMEM);
	assert_int_equal(map_error(mm, NULL, BASE + 1, PAGE_SIZE, anon | MAP_FIXED, 0), -EINVAL);
	assert_int_equal(map_error(mm, NULL, TASK_SIZE, PAGE_SIZE, anon | MAP_FIXED, 0), -ENOMEM);
	current->cred.euid = 1000;
	assert_int_equal(map_error(mm, NULL, 0, PAGE_SIZE, anon | MAP_FIXED, 0), -EPERM);
	current->cred.euid = 0;
	assert_int_equal(map_error(mm, file, 0, 2 * PAGE_SIZE, MAP_SHARED, ~0UL), -EOVERFLOW);
	assert_int_equal(map_error(mm, ro, 0, PAGE_SIZE, MAP_SHARED, 0), -EACCES);
	assert_int_equal(map_error(mm, wo, 0, PAGE_SIZE, MAP_PRIVATE, 0), -EACCES);
	map_anon(mm, BASE, PAGE_SIZE, RW);
	assert_int_equal(map_error(mm, NULL, BASE, PAGE_SIZE, anon | MAP_FIXED_NOREPLACE, 0),
			 -EEXIST);
	assert_int_equal(do_munmap(mm, BASE + 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(do_munmap(mm, BASE, 0), -EINVAL);
	assert_int_equal(do_munmap(mm, BASE, TASK_SIZE), -EINVAL);
	assert_int_equal(do_munmap(mm, BASE + PGD_SIZE, PAGE_SIZE), 0);
	fput(ro);
	fput(wo);
	fput(file);
	check_all();
	shim_mm_exit(mm);
}

static int refuse(struct file *file, struct vm_area_struct *vma)
{
	return -EPERM;
}

static void a_file_may_refuse_to_be_mapped(void **state)
{
	static const struct file_operations refusing = { .mmap = refuse }, without = {};
	struct mm_struct *mm = shim_mm_new();
	struct file *file = shim_file_new(PAGE_SIZE);

	assert_int_equal(map_error(mm, file, 0, PAGE_SIZE, MAP_SHARED_VALIDATE | MAP_SYNC, 0),
			 -EOPNOTSUPP);
	file->f_op = &refusing;
	assert_int_equal(map_error(mm, file, 0, PAGE_SIZE, MAP_SHARED, 0), -EPERM);
	file->f_op = &without;
	assert_int_equal(map_error(mm, file, 0, PAGE_SIZE, MAP_SHARED, 0), -ENODEV);
	assert_int_equal(mm->map_count, 0);
	fput(file);
	check_all();
	shim_mm_exit(mm);
}

static void what_can_never_be_had_is_refused(void **state)
{
	const unsigned long anon = MAP_PRIVATE | MAP_ANONYMOUS;
	struct mm_struct *mm = shim_mm_new();

	assert_int_equal(map_error(mm, NULL, 0, PAGE_SIZE, anon | MAP_HUGETLB, 0), -EINVAL);
	assert_int_equal(map_error(mm, NULL, 0, TASK_SIZE, anon | MAP_NORESERVE, 0), -ENOMEM);
	assert_int_equal(map_error(mm, NULL, 0, 1UL << 40, anon, 0), -ENOMEM);
	assert_int_equal(do_brk(mm, mm->start_brk + (1UL << 40)), mm->start_brk);
	mm->map_count += max_map_count + 1;
	assert_int_equal(map_error(mm, NULL, 0, PAGE_SIZE, anon, 0), -ENOMEM);
	mm->map_count -= max_map_count + 1;
	check_all();
	shim_mm_exit(mm);
}

static void limits_are_kept(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	struct rlimit *rlim = current->signal->rlim;

	rlim[RLIMIT_AS].rlim_cur = 10 * PAGE_SIZE;
	map_anon(mm, BASE, 10 * PAGE_SIZE, RW);
	assert_int_equal(map_error(mm, NULL, 0, PAGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, 0),
			 -ENOMEM);
	rlim[RLIMIT_AS].rlim_cur = ~0UL;
	rlim[RLIMIT_DATA].rlim_cur = 12 * PAGE_SIZE;
	assert_int_equal(map_error(mm, NULL, 0, 3 * PAGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, 0),
			 -ENOMEM);
	assert_int_equal(do_mmap(mm, NULL, BASE + PUD_SIZE, 3 * PAGE_SIZE, PROT_READ,
				 MAP_PRIVATE | MAP_ANONYMOUS, 0), BASE + PUD_SIZE);
	assert_int_equal(do_mprotect(mm, BASE + PUD_SIZE, 3 * PAGE_SIZE, RW), -ENOMEM);
	rlim[RLIMIT_DATA].rlim_cur = ~0UL;
	max_map_count = mm->map_count;
	assert_int_equal(do_munmap(mm, BASE + PAGE_SIZE, PAGE_SIZE), -ENOMEM);
	assert_int_equal(do_munmap(mm, BASE, PAGE_SIZE), 0);
	assert_int_equal(do_mprotect(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), -ENOMEM);
	max_map_count = 65530;
	check_all();
	shim_mm_exit(mm);
}

static void brk_moves_the_end_of_the_heap(void **state)
{
	struct mm_struct *mm = shim_mm_new();
	unsigned long start = mm->start_brk;

	assert_int_equal(do_brk(mm, 0), start);
	assert_int_equal(do_brk(mm, start + 5000), start + 5000);
	assert_int_equal(do_brk(mm, start + 100000), start + 100000);
	assert_int_equal(mm->map_count, 1);
	write8(0, mm, start + 99999, 1);
	assert_int_equal(do_brk(mm, start + 10), start + 10);
	assert_int_equal(mm->total_vm, 1);
	assert_int_equal(do_brk(mm, start + 100000), start + 100000);
	assert_int_equal(read8(0, mm, start + 99999), 0);
	map_anon(mm, start + 40 * PAGE_SIZE, PAGE_SIZE, RW);
	assert_int_equal(do_brk(mm, start + 41 * PAGE_SIZE), start + 100000);
	assert_int_equal(do_brk(mm, start + 39 * PAGE_SIZE), start + 39 * PAGE_SIZE);
	check_all();
	shim_mm_exit(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(random_areas_are_what_a_page_model_says),
		MM_TEST(room_is_found_where_brute_force_finds_it),
		MM_TEST(a_new_mapping_goes_below_the_last_one),
		MM_TEST(mmap_refuses_what_linux_refuses),
		MM_TEST(a_file_may_refuse_to_be_mapped),
		MM_TEST(what_can_never_be_had_is_refused),
		MM_TEST(limits_are_kept),
		MM_TEST(brk_moves_the_end_of_the_heap),
	};

	return RUN_MM_TESTS(tests);
}
