/* pid.c - from numbers to threads.
 * Holds:  the entry of a number has its thread, and counts the processes whose group or session the
 *         number is. A number is given out again only when both are gone. Numbers go round: the
 *         next one is looked for behind the last one given. 1 is kept for process 1, which takes it
 *         over in run_init(). The table has pages for numbers in use, and for the last one given.
 * Locks:  everything under tasklist_lock. */
#include <proc/pid.h>

#include <debug/assert.h>
#include <mm/page_alloc.h>
#include <proc/process.h>
#include <proc/task.h>

struct pid_entry {
	struct task_struct	*task;
	unsigned int		users;	/* processes in this group or session, one for each */
};

#define PER_PAGE	((int)(PAGE_SIZE / sizeof(struct pid_entry)))

static struct pid_entry *pid_pages[PID_MAX / (PAGE_SIZE / sizeof(struct pid_entry))];
static unsigned int nr_used[ARRAY_SIZE(pid_pages)];	/* numbers of each page that are in use */
static int last = 1;

DEFINE_SPINLOCK(tasklist_lock, RANK_TASKLIST);

/* @pid's entry, or NULL if its page was never needed. */
static struct pid_entry *pid_entry(int pid)
{
	struct pid_entry *page;

	if (pid <= 0 || pid >= PID_MAX)
		return NULL;
	page = pid_pages[pid / PER_PAGE];
	return page ? page + pid % PER_PAGE : NULL;
}

static bool is_used(const struct pid_entry *entry)
{
	return entry->task || entry->users;
}

/* Give a page without numbers in use back. The next number may be on the last one's page, too. */
static void drop_if_empty(int page)
{
	if (nr_used[page] || page == last / PER_PAGE || !pid_pages[page])
		return;
	free_page(pid_pages[page]);
	pid_pages[page] = NULL;
}

/* @pid's thread is gone, or the last process of its group or session. */
static void put_number(int pid)
{
	if (is_used(pid_entry(pid)))
		return;
	nr_used[pid / PER_PAGE]--;
	drop_if_empty(pid / PER_PAGE);
}

/* The next free number, whose page may be missing; -EAGAIN if there is none. */
static int next_free(void)
{
	int pid = last, tries;

	for (tries = 0; tries < PID_MAX; tries++) {
		struct pid_entry *entry;

		if (++pid >= PID_MAX)
			pid = 300;	/* the low ones belong to whoever starts early */
		entry = pid_entry(pid);
		if (!entry || !is_used(entry))
			return pid;
	}
	return -EAGAIN;
}

int pid_alloc(struct task_struct *task)
{
	struct pid_entry *page = NULL;
	unsigned long flags;
	int pid;

	for (;;) {
		flags = spin_lock_irqsave(&tasklist_lock);
		pid = next_free();
		if (pid > 0 && !pid_pages[pid / PER_PAGE]) {
			pid_pages[pid / PER_PAGE] = page;
			page = NULL;
		}
		if (pid < 0 || pid_pages[pid / PER_PAGE])
			break;
		spin_unlock_irqrestore(&tasklist_lock, flags);
		page = get_zeroed_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
	}
	if (pid > 0) {
		int before = last;

		pid_entry(pid)->task = task;
		nr_used[pid / PER_PAGE]++;
		last = pid;
		drop_if_empty(before / PER_PAGE);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (page)
		free_page(page);
	return pid;
}

void pid_free(int pid)
{
	pid_entry(pid)->task = NULL;
	put_number(pid);
}

void pid_set_task(int pid, struct task_struct *task)
{
	struct pid_entry *entry = pid_entry(pid);

	if (!is_used(entry))
		nr_used[pid / PER_PAGE]++;
	entry->task = task;
}

void pid_get(int pid)
{
	struct pid_entry *entry = pid_entry(pid);

	if (entry)		/* 0 is the group and session of kernel threads */
		entry->users++;
}

void pid_put(int pid)
{
	struct pid_entry *entry = pid_entry(pid);

	if (!entry)
		return;
	entry->users--;
	put_number(pid);
}

bool pid_in_use(int pid)
{
	struct pid_entry *entry = pid_entry(pid);

	return entry && is_used(entry);
}

int last_pid(void)
{
	return READ_ONCE(last);
}

/* A thread that is being made has a number, but is not found before its tgid is set. */
struct task_struct *find_task_by_pid(int pid)
{
	struct pid_entry *entry = pid_entry(pid);
	struct task_struct *task = entry ? entry->task : NULL;

	return task && task->tgid ? task : NULL;
}

struct task_struct *find_get_task(int pid)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *task = find_task_by_pid(pid);

	if (task)
		get_task(task);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return task;
}
