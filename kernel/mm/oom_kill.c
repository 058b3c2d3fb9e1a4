/* oom_kill.c - the last resort: end the process whose end frees the most.
 * Holds:  at most one victim is dying at a time, unless it takes longer than VICTIM_PATIENCE.
 * Locks:  oom_lock for the choice; tasklist_lock while looking at processes.
 * Read:   page_alloc.c: alloc_slow, the only caller. */
#include <mm/internal.h>

#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/vmstat.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sync/mutex.h>
#include <uapi/signal.h>

#define VICTIM_PATIENCE	(5 * NSEC_PER_SEC)
#define OOM_SCORE_ADJ_MIN	(-1000)

static DEFINE_MUTEX(oom_lock, RANK_NONE);
/* [oom_lock] a reference (mm_count), NULL: nobody is dying */
static struct mm_struct *victim_mm;
static u64 victim_since;		/* [oom_lock] */

/* A thread of @process that still has its mm, with alloc_lock held so that it keeps it; NULL: none.
 * tasklist_lock held. */
static struct task_struct *lock_thread_with_mm(struct task_struct *process)
{
	struct task_struct *thread;

	list_for_each_entry(thread, &process->signal->threads, thread_node) {
		spin_lock(&thread->alloc_lock);
		if (thread->mm)
			return thread;
		spin_unlock(&thread->alloc_lock);
	}
	return NULL;
}

/* Pages and slots that come back when @process ends, weighted by what its owner says; below 0:
 * never this one. */
static long badness(const struct task_struct *process, struct mm_struct *mm)
{
	short adj = process->signal->oom_score_adj;
	long points;

	if (process->pid == 1 || process->flags & PF_KTHREAD || mm->oom_victim ||
	    mm == READ_ONCE(init_task_ptr->mm) || adj == OOM_SCORE_ADJ_MIN)
		return -1;
	points = get_mm_rss(mm) + atomic_read(&mm->swapents) + atomic_read(&mm->nr_ptes) +
		 adj * (long)(totalram_pages + nr_swap_slots()) / 1000;
	return max(points, 1L);
}

static void report_process(const struct task_struct *process, struct mm_struct *mm)
{
	printk("[%7d] %8lu %8lu %8lu %8lu %6d %s\n", process->pid, mm->total_vm, get_mm_rss(mm),
	       (unsigned long)atomic_read(&mm->nr_ptes),
	       (unsigned long)atomic_read(&mm->swapents), process->signal->oom_score_adj,
	       process->comm);
}

static void report_memory(unsigned int order)
{
	struct mem_stats stats;

	mem_stats(&stats);
	printk("%s invoked oom-killer: order=%u, oom_score_adj=%d\n", current->comm, order,
	       current->signal ? current->signal->oom_score_adj : 0);
	printk("Mem-Info: total:%lukB free:%lukB min:%lukB anon:%lukB file:%lukB shmem:%lukB "
	       "slab:%lukB pagetables:%lukB kernel_stack:%lukB\n", stats.total * 4, stats.free * 4,
	       watermarks.min * 4, stats.anon * 4, stats.file * 4, stats.shmem * 4, stats.slab * 4,
	       stats.page_tables * 4, stats.kernel_stack * 4);
	printk("Swap-Info: cached:%lukB free:%lukB total:%lukB\n",
	       page_state_sum(NR_SWAPCACHE) * 4, max(nr_free_swap_slots(), 0L) * 4,
	       nr_swap_slots() * 4);
	printk("[  pid  ] total_vm      rss  pgtable swapents    adj name (pages)\n");
}

/* Report everybody, and choose. A reference on the victim, or NULL. */
static struct task_struct *select_victim(unsigned int order)
{
	struct task_struct *task, *thread, *chosen = NULL;
	long most = 0, points;
	unsigned long flags;

	report_memory(order);
	flags = spin_lock_irqsave(&tasklist_lock);
	for_each_process(task) {
		thread = lock_thread_with_mm(task);
		if (!thread)
			continue;
		points = badness(task, thread->mm);
		report_process(task, thread->mm);
		spin_unlock(&thread->alloc_lock);
		if (points > most) {
			most = points;
			chosen = task;
		}
	}
	if (chosen)
		get_task(chosen);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return chosen;
}

/* The mm of @process, or NULL. A reference on the structure only: the last user's end must not
 * happen here, in the middle of an allocation, under who knows which locks. */
static struct mm_struct *grab_process_mm(struct task_struct *process)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *thread = lock_thread_with_mm(process);
	struct mm_struct *mm = NULL;

	if (thread) {
		mm = thread->mm;
		mmgrab(mm);
		spin_unlock(&thread->alloc_lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return mm;
}

/* Every process that uses @mm has to go, or nothing comes back. */
static void kill_users(struct mm_struct *mm)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *process;

	for_each_process(process) {
		struct task_struct *thread = lock_thread_with_mm(process);
		bool uses = thread && thread->mm == mm;

		if (thread)
			spin_unlock(&thread->alloc_lock);
		if (uses)
			send_signal(SIGKILL, NULL, process, true);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

static void kill_victim(struct task_struct *task)
{
	struct mm_struct *mm = grab_process_mm(task);

	if (!mm)
		return;		/* it has just gone by itself */
	printk_at(LEVEL_ERR,
	       "Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
	       "file-rss:%lukB, shmem-rss:%lukB, swap:%lukB, UID:%u pgtables:%lukB "
	       "oom_score_adj:%d\n",
	       task->pid, task->comm, mm->total_vm * 4, atomic_read(&mm->rss_anon) * 4,
	       atomic_read(&mm->rss_file) * 4, atomic_read(&mm->rss_shmem) * 4,
	       atomic_read(&mm->swapents) * 4, task->cred.uid, atomic_read(&mm->nr_ptes) * 4,
	       task->signal->oom_score_adj);
	count_vm_event(OOM_KILL);
	mm->oom_victim = true;
	victim_mm = mm;
	victim_since = ktime_get();
	kill_users(mm);
}

/* The victim's memory has come back, or it takes too long. oom_lock held. */
static bool victim_gone(void)
{
	if (!victim_mm)
		return true;
	if ((atomic_read(&victim_mm->mm_users) || !list_empty(&victim_mm->mmap_list)) &&
	    ktime_get() - victim_since < VICTIM_PATIENCE)
		return false;
	mmdrop(victim_mm);
	victim_mm = NULL;
	return true;
}

/* Others may have freed what we found missing. */
static bool memory_is_back(unsigned int order)
{
	return !order && nr_buddy_pages() > watermarks.min;
}

bool out_of_memory(unsigned int order)
{
	struct task_struct *task;

	/* Whoever is dying already gets what it needs for that, and nobody else has to go. */
	if (current->mm && fatal_signal_pending(current))
		current->mm->oom_victim = true;
	if (current->mm && current->mm->oom_victim)
		return true;
	if (mutex_trylock(&oom_lock)) {
		if (victim_gone() && !memory_is_back(order)) {
			task = select_victim(order);
			if (!task)
				panic("Out of memory and no killable processes");
			kill_victim(task);
			put_task(task);
		}
		mutex_unlock(&oom_lock);
	}
	/* Let it run: it may need the locks that we do not hold, and this processor. */
	if (!(current->mm && current->mm->oom_victim)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(10 * NSEC_PER_MSEC);
	}
	return true;
}

/* --- a process that is dying lets go of its memory before it has ended --- */

/* tasklist_lock held. */
static bool is_dying(const struct task_struct *process)
{
	const struct signal_struct *signal = process->signal;

	return READ_ONCE(signal->flags) & SIGNAL_GROUP_EXIT ||
	       (signal->nr_threads == 1 && READ_ONCE(process->flags) & PF_EXITING);
}

/* Is everybody who uses @mm about to end? */
static bool all_users_dying(struct mm_struct *mm)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *process;
	bool dying = true;

	for_each_process(process) {
		struct task_struct *thread = lock_thread_with_mm(process);

		if (!thread)
			continue;
		dying = dying && (thread->mm != mm || is_dying(process));
		spin_unlock(&thread->alloc_lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return dying;
}

/* A thread in the kernel may still read or write its memory: it must not find zeros where it had
 * data, and so finds nothing. Shared memory is not its alone. mmap_lock held for write. */
static void reap_private_pages(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mm->reaped = true;
	list_for_each_entry(vma, &mm->mmap_list, vm_list)
		if (!(vma->vm_flags & (VM_SHARED | VM_PFNMAP)))
			zap_page_range(vma, vma->vm_start, vma->vm_end);
}

int reap_process(struct task_struct *process)
{
	struct mm_struct *mm = grab_process_mm(process);
	int err = -ESRCH;

	if (!mm)
		return -ESRCH;
	if (atomic_inc_not_zero(&mm->mm_users)) {
		err = -EINVAL;
		if (mm->reaped || all_users_dying(mm))
			err = down_write_killable(&mm->mmap_lock);
		if (!err) {
			reap_private_pages(mm);
			up_write(&mm->mmap_lock);
		}
		mmput(mm);
	}
	mmdrop(mm);
	return err;
}
