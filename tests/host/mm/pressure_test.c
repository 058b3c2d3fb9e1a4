/* pressure_test.c - threads on several processors, as host threads, need more than there is, all
 * the time: kswapd and they themselves reclaim, the disks are slow, and processes come and go. No
 * write is lost, everybody gets on, nothing waits for itself. The machine has 4.5 MiB. SMP_MS=n:
 * how long each test goes on. */
#include "swap_test.h"

#define NR_WORKERS 3
#define PAGES	   1300
#define ENOUGH		20		/* accesses that everybody must get done */
#define PATIENCE_NS	20000000000UL
#define HOT	   32 /* pages that are used most of the time */

static struct mm_struct *mm;
static struct file *file;
static bool stop;
static unsigned long done[NR_WORKERS];

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* splitmix64, of a thread's own */
static u64 below(u64 *state, u64 n)
{
	u64 z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return (z ^ z >> 31) % n;
}

static unsigned long word(unsigned int page, unsigned long worker)
{
	return BASE + page * PAGE_SIZE + worker * 8;
}

static unsigned int any_page(u64 *random)
{
	return below(random, below(random, 4) ? HOT : PAGES);
}

/* What was written last must be there, in each page. */
static void count(void *arg)
{
	static u64 all_values[NR_WORKERS][PAGES];
	unsigned long worker = (unsigned long)arg;
	u64 *values = all_values[worker], random = worker;

	memset(values, 0, sizeof(all_values[0]));
	for (; !stopped(); __atomic_fetch_add(&done[worker], 1, __ATOMIC_RELAXED)) {
		unsigned int page = any_page(&random);

		if (read64(1 + worker, mm, word(page, worker)) != values[page])
			panic("a write was lost in page %u", page);
		if (below(&random, 3))
			write64(1 + worker, mm, word(page, worker), ++values[page]);
	}
}

/* However slow the host is: within the patience that it deserves. */
static bool all_got_on(void)
{
	for (unsigned int i = 0; i < NR_WORKERS; i++)
		if (__atomic_load_n(&done[i], __ATOMIC_RELAXED) <= ENOUGH)
			return false;
	return true;
}

static void run(void (*between)(unsigned int n))
{
	const char *ms = os_getenv("SMP_MS");
	u64 until = os_time_ns() + (ms ? strtoul(ms, NULL, 10) : 300) * 1000000UL;
	struct os_thread *threads[NR_WORKERS];

	shim_swap(0, 6 * PAGES, 1);
	shim_swap(1, PAGES, 1);
	shim_disk_mode = DISK_SLOWLY;
	mm = shim_mm_new();
	map_anon(mm, BASE, PAGES * PAGE_SIZE, RW);
	file = shim_file_new(PAGES / 2 * PAGE_SIZE);
	memset(done, 0, sizeof(done));
	__atomic_store_n(&stop, false, __ATOMIC_SEQ_CST);
	for (unsigned long i = 0; i < NR_WORKERS; i++)
		threads[i] = shim_run_on(1 + i, count, (void *)i);
	for (unsigned int n = 0; os_time_ns() < until || n < 2 ||
	     (!all_got_on() && os_time_ns() < until + PATIENCE_NS); n++)
		between(n);
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		os_thread_join(threads[i]);
		assert_true(done[i] > ENOUGH);
	}
	check_all();
	print_message("# %lu %lu %lu operations\n", done[0], done[1], done[2]);
	shim_mm_exit(mm);
	fput(file);
}

static void press(unsigned int n)
{
	struct mm_struct *other = shim_mm_new();

	map_anon(other, BASE, 400 * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < 400; i++)
		write64(0, other, BASE + i * PAGE_SIZE, n + i);
	for (unsigned int i = 0; i < 400; i++)
		if (read64(0, other, BASE + i * PAGE_SIZE) != n + i)
			panic("page %u of another process is wrong", i);
	shim_mm_exit(other);
}

static void everybody_gets_on(void **state)
{
	run(press);
}

static void fork_and_look(unsigned int n)
{
	struct mm_struct *child = shim_mm_fork(mm);
	u64 random = n, seen[40];
	unsigned int pages[40];

	if (IS_ERR(child))
		panic("fork: %ld", PTR_ERR(child));
	for (unsigned int i = 0; i < 40; i++) {
		pages[i] = below(&random, PAGES);
		seen[i] = read64(0, child, word(pages[i], i % NR_WORKERS));
		write64(0, child, word(pages[i], NR_WORKERS + 1), pages[i]);
	}
	try_to_free_pages(GFP_KERNEL, 0);
	for (unsigned int i = 0; i < 40; i++)
		if (read64(0, child, word(pages[i], i % NR_WORKERS)) != seen[i] ||
		    read64(0, child, word(pages[i], NR_WORKERS + 1)) != pages[i])
			panic("page %u of a child changes", pages[i]);
	shim_mm_exit(child);
}

static void children_see_what_they_saw(void **state)
{
	run(fork_and_look);
}

static void use_files(unsigned int n)
{
	static u64 written[PAGES / 2];
	u64 random = n, value;

	if (!n)
		memset(written, 0, sizeof(written));
	for (unsigned int i = 0; i < 60; i++) {
		unsigned int page = below(&random, PAGES / 2);

		if (shim_file_read(file, page * PAGE_SIZE + 40, &value, 8) ||
		    value != written[page])
			panic("page %u of a file: %lu, not %lu", page, value, written[page]);
		value = ++written[page];
		if (shim_file_write(file, page * PAGE_SIZE + 40, &value, 8))
			panic("page %u of a file cannot be written", page);
	}
}

static void files_are_right(void **state)
{
	run(use_files);
}

static void change_areas(unsigned int n)
{
	struct block_device *bdev = blk_nth(1);
	int err = swap_off(bdev);

	if (err && err != -ENOMEM)
		panic("swapoff: %d", err);
	if (!err && swap_on(bdev, "vdb", 0x8000 | 1))
		panic("swapon fails");
	press(n);
}

static void areas_come_and_go(void **state)
{
	shim_quiet = true;
	run(change_areas);
}

static int boot_with_kswapd(void **state)
{
	boot_small_once(state);
	kswapd_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(everybody_gets_on),
		MM_TEST(children_see_what_they_saw),
		MM_TEST(files_are_right),
		MM_TEST(areas_come_and_go),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, boot_with_kswapd, NULL);
}
