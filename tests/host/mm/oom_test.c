/* oom_test.c - memory is used up: who is killed, and that it helps. Each test runs in a process of
 * its own, since the killer remembers its last victim. */
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
		spin_lock_init(&tasks[i].alloc_lock, RANK_NONE);
		INIT_LIST_HEAD(&signals[i].threads);
		list_add_tail(&tasks[i].thread_node, &signals[i].threads);
		list_add_tail(&tasks[i].tasks, &all_tasks);
		map_anon(tasks[i].mm, BASE, 4000 * PAGE_SIZE, RW);
	}
}

static void remember_victim(int sig, struct task_struct *task)
{
	ASSERT(sig == SIGKILL && !killed);
	killed = task;
}

/* The victim runs, and ends. */
static void let_victim_exit(void)
{
	struct task_struct *waiting = shim_task;

	if (!killed || !killed->mm)
		return;
	shim_task = killed;
	shim_mm_exit(killed->mm);
	killed->mm = NULL;
	shim_task = waiting;
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

static void fill_up(void *arg)
{
	start();
	touch(0, 500);
	touch(1, 1500);
	touch(2, 1950);
	touch(0, 1500);
	ASSERT(killed == &tasks[2]);
	ASSERT(get_mm_rss(tasks[0].mm) == 1500);
}

static void fill_up_with_scores(void *arg)
{
	start();
	signals[2].oom_score_adj = -1000;
	signals[0].oom_score_adj = 900;
	touch(2, 1500);
	touch(0, 800);
	touch(1, 2300);
	ASSERT(killed == &tasks[0]);
}

static void allocate_as_victim(void *arg)
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
	ASSERT(!killed);
	current->mm = NULL;
	while (nr--)
		put_page(pages[nr]);
}

static void use_everything(void *arg)
{
	struct mm_struct *mm = shim_mm_new();

	map_anon(mm, BASE, 2500 * PAGE_SIZE, RW);
	map_anon(mm, BASE + 2500 * PAGE_SIZE, 2500 * PAGE_SIZE, RW);
	for (unsigned int i = 0; i < 5000; i++)
		write8(0, mm, BASE + i * PAGE_SIZE, 1);
}

static void the_largest_is_killed_and_the_fault_goes_on(void **state)
{
	assert_true(shim_survives(fill_up, NULL));
}

static void the_score_of_a_process_counts(void **state)
{
	assert_true(shim_survives(fill_up_with_scores, NULL));
}

static void a_victim_may_use_the_reserve(void **state)
{
	assert_true(shim_survives(allocate_as_victim, NULL));
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
