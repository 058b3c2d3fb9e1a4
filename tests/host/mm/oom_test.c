/* oom_test.c - memory is used up: who is killed, and that it helps. */
#include "mm_test.h"

#include <lib/list.h>
#include <proc/task.h>

#define NR_TASKS	3

static struct signal_struct signals[NR_TASKS];
static struct task_struct tasks[NR_TASKS];
static struct task_struct *killed;

static void add_tasks(void)
{
	killed = NULL;
	for (unsigned int i = 0; i < NR_TASKS; i++) {
		signals[i] = (struct signal_struct){};
		tasks[i] = (struct task_struct){ .pid = 200 + i, .tgid = 200 + i, .comm = "victim",
						 .signal = &signals[i], .mm = shim_mm_new() };
		list_add_tail(&tasks[i].tasks, &all_tasks);
		map_anon(tasks[i].mm, BASE, 2000 * PAGE_SIZE, RW);
	}
}

static void remove_tasks(void)
{
	for (unsigned int i = 0; i < NR_TASKS; i++) {
		list_del(&tasks[i].tasks);
		if (tasks[i].mm)
			shim_mm_exit(tasks[i].mm);
	}
	shim_on_signal = NULL;
	shim_on_sleep = NULL;
}

static void remember_victim(int sig, struct task_struct *task)
{
	assert_int_equal(sig, SIGKILL);
	assert_null(killed);
	killed = task;
}

/* The victim runs, and ends. */
static void let_victim_exit(void)
{
	if (!killed || !killed->mm)
		return;
	shim_mm_exit(killed->mm);
	killed->mm = NULL;
}

static void touch(unsigned int task, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		write8(0, tasks[task].mm, BASE + i * PAGE_SIZE, 1);
}

static void start(void)
{
	shim_quiet = true;
	add_tasks();
	shim_on_signal = remember_victim;
	shim_on_sleep = let_victim_exit;
}

static void the_largest_is_killed_and_the_fault_goes_on(void **state)
{
	start();
	touch(0, 500);
	touch(1, 1500);
	touch(2, 1950);
	touch(0, 1500);
	assert_ptr_equal(killed, &tasks[2]);
	assert_int_equal(get_mm_rss(tasks[0].mm), 1500);
	check_all();
	remove_tasks();
}

static void the_score_of_a_process_counts(void **state)
{
	start();
	signals[2].oom_score_adj = -1000;
	signals[0].oom_score_adj = 900;
	touch(2, 1950);
	touch(1, 1500);
	touch(0, 100);
	touch(1, 1950);
	assert_ptr_equal(killed, &tasks[0]);
	check_all();
	remove_tasks();
}

static void a_victim_may_use_the_reserve(void **state)
{
	struct page *pages[200];
	unsigned int nr = 0;

	start();
	touch(0, 1500);
	touch(1, 1500);
	tasks[1].mm->oom_victim = true;
	current->mm = tasks[1].mm;
	while (nr_free_pages() > watermarks.min / 4 && nr < ARRAY_SIZE(pages) - 1)
		if (nr_free_pages() > watermarks.min + 60)
			write8(0, tasks[0].mm, BASE + get_mm_rss(tasks[0].mm) * PAGE_SIZE, 1);
		else
			pages[nr++] = alloc_pages(GFP_KERNEL, 0);
	assert_null(killed);
	current->mm = NULL;
	while (nr--)
		put_page(pages[nr]);
	check_all();
	remove_tasks();
}

static void use_everything(void *arg)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 4096 * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < 4096; i++)
		write8(0, mm, BASE + i * PAGE_SIZE, 1);
}

static void with_nobody_to_kill_there_is_a_panic(void **state)
{
	assert_true(shim_panics(use_everything, NULL, "no killable processes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(the_largest_is_killed_and_the_fault_goes_on),
		MM_TEST(the_score_of_a_process_counts),
		MM_TEST(a_victim_may_use_the_reserve),
		MM_TEST(with_nobody_to_kill_there_is_a_panic),
	};

	return RUN_MM_TESTS(tests);
}
