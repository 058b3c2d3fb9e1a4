/* machine.c - memory, processors and tasks, and what kernel/mm needs of the rest of the kernel.
 * Holds:  frame n lies at shim_direct_map + n * PAGE_SIZE, its struct page at shim_vmemmap[n];
 *         holes between the ranges cannot be touched. A host thread has one task for all its life.
 * Read:   mmu.c for the processors' translation, check.c for what must hold. */
#include "machine.h"

#include <stdarg.h>

#include <lib/err.h>
#include <lib/list.h>
#include <lib/string.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <proc/signal.h>
#include <sched/psi.h>
#include <sched/kthread.h>
#include <sched/sched.h>

#include "check.h"
#include "disk.h"
#include "mmu.h"
#include "os.h"

#define MAX_KTHREADS	2
#define MAX_SLEEP_NS	1000000UL	/* that schedule_timeout() takes, if others run meanwhile */

unsigned long shim_direct_map, shim_vmemmap;
phys_addr_t phys_base;
struct cpu_features cpu_features;
unsigned long shim_cr3;

struct cpu_local cpu_locals[NR_CPUS];
unsigned int nr_cpus = NR_CPUS;
unsigned long cpu_online_mask = BIT(NR_CPUS) - 1;
__thread struct cpu_local *shim_this_cpu = &cpu_locals[0];

static struct signal_struct shared_signal;
static struct task_struct first_task = { .signal = &shared_signal, .pid = 100, .tgid = 100,
					 .comm = "host", .on_rq = true };
__thread struct task_struct *shim_task = &first_task;
static unsigned int nr_threads = 1;	/* host threads that run kernel code [os_lock] */
static unsigned int nr_asleep;		/* of these, in schedule() until they are woken [os_lock] */

spinlock_t tasklist_lock = SPINLOCK_INIT(RANK_TASKLIST);
struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
static struct task_struct process_one = { .pid = 1, .tgid = 1, .comm = "init" };
struct task_struct *init_task_ptr = &process_one;

bool scheduler_running = true;

struct mm_struct *shim_mms[MAX_SHIM_MMS];
unsigned int nr_shim_mms;
void (*shim_on_resched)(void);
void (*shim_on_sleep)(void);
void (*shim_on_signal)(int sig, struct task_struct *task);
void (*shim_on_panic)(void);
void (*shim_on_point)(void);
bool shim_quiet;
char shim_context[256];

/* The sections of an image, for paging_init. */
asm(".pushsection .bss\n"
    ".balign 4096\n"
    ".globl __text_start, __text_end, __rodata_start, __rodata_end\n"
    ".globl __image_data_start, __kernel_end\n"
    "__text_start: .skip 8192\n"
    "__text_end:\n"
    "__rodata_start: .skip 4096\n"
    "__rodata_end:\n"
    "__image_data_start: .skip 12288\n"
    "__kernel_end:\n"
    ".popsection\n");

/* --- memory --- */

void shim_machine_init(const struct mem_range *ranges, unsigned int nr)
{
	const unsigned long chunk = sizeof(struct page) << MAX_ORDER;
	unsigned long end = ALIGN_UP(ranges[nr - 1].end, PAGE_SIZE << MAX_ORDER);

	shim_direct_map = (unsigned long)os_reserve(end);
	shim_vmemmap = ALIGN_UP(
		(unsigned long)os_reserve(end / PAGE_SIZE * sizeof(struct page) + chunk), chunk);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long first =
			ALIGN_DOWN((unsigned long)phys_to_page(ranges[i].start), chunk);
		unsigned long last = ALIGN_UP((unsigned long)phys_to_page(ranges[i].end), chunk);

		os_commit(phys_to_virt(ranges[i].start), ranges[i].end - ranges[i].start);
		os_commit((void *)first, last - first);
	}
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		cpu_locals[cpu] = (struct cpu_local){ .id = cpu, .need_resched = 1 };
	for (unsigned int i = 0; i < RLIM_NLIMITS; i++)
		shared_signal.rlim[i] = (struct rlimit){ ~0UL, ~0UL };
	lock_debug_start();
}

static void boot(const struct mem_range *ranges, unsigned int nr)
{
	shim_machine_init(ranges, nr);
	for (unsigned int i = 0; i < nr; i++)
		memblock_add(ranges[i].start, ranges[i].end - ranges[i].start);
	init_mm.pgd = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	mm_init();
	check_take_baseline();
}

void shim_boot(void)
{
	static const struct mem_range ranges[] = {
		{ 0, 0x9f000 }, { 0x100000, 0x900000 }, { 0xc03000, 0x1403000 },
	};

	boot(ranges, ARRAY_SIZE(ranges));
}

void shim_boot_small(void)
{
	static const struct mem_range ranges[] = {
		{ 0, 0x9f000 }, { 0x100000, 0x3e0000 }, { 0x603000, 0x703000 },
	};

	boot(ranges, ARRAY_SIZE(ranges));
}

/* --- processors and tasks --- */

void shim_set_cpu(unsigned int cpu)
{
	ASSERT(cpu < NR_CPUS && !shim_task->nr_spin_held && !irqs_disabled());
	shim_this_cpu = &cpu_locals[cpu];
}

struct start {
	unsigned int		cpu;
	void			(*fn)(void *);
	void			*arg;
	struct task_struct	*task;
};

static void thread_main(void *arg)
{
	struct start *start = arg;
	struct task_struct *task = start->task;

	shim_task = task;
	shim_this_cpu = &cpu_locals[start->cpu];
	start->fn(start->arg);
	ASSERT(!task->nr_held);
	os_lock();
	nr_threads--;
	os_wake_all();
	os_unlock();
	os_free(task);
	os_free(start);
}

static struct start *new_task(unsigned int cpu, void (*fn)(void *), void *arg, unsigned int flags)
{
	struct start *start = os_alloc(sizeof(*start));
	struct task_struct *task = os_alloc(sizeof(*task));

	*task = (struct task_struct){ .signal = &shared_signal, .comm = "thread", .flags = flags,
				      .on_rq = true };
	task->pid = task->tgid = 101 + cpu;
	*start = (struct start){ cpu, fn, arg, task };
	os_lock();
	nr_threads++;
	os_unlock();
	return start;
}

struct os_thread *shim_run_on(unsigned int cpu, void (*fn)(void *), void *arg)
{
	return os_thread_start(thread_main, new_task(cpu, fn, arg, 0));
}

/* A thread of the kernel has the last processors to itself, for as long as the program runs. */
static struct task_struct *kthreads[MAX_KTHREADS];
static unsigned int nr_kthreads;
static bool kthreads_held;	/* those that are asleep stay so [os_lock] */

struct task_struct *kthread_run(void (*fn)(void *arg), void *arg, const char *name)
{
	struct start *start = new_task(NR_CPUS - 1 - nr_kthreads, fn, arg, PF_KTHREAD);
	struct task_struct *task = start->task;

	ASSERT(nr_kthreads < MAX_KTHREADS);
	strlcpy(task->comm, name, sizeof(task->comm));
	kthreads[nr_kthreads++] = task;
	os_thread_start(thread_main, start);
	return task;
}

static bool kthread_is_awake(void)
{
	bool awake = false;

	os_lock();
	for (unsigned int i = 0; i < nr_kthreads; i++)
		awake |= kthreads[i]->on_rq;
	os_unlock();
	return awake;
}

void shim_settle(void)
{
	do {
		while (kthread_is_awake())
			os_yield();
		shim_disk_settle();
	} while (kthread_is_awake());
}

void shim_hold_kthreads(bool hold)
{
	os_lock();
	kthreads_held = hold;
	os_wake_all();
	os_unlock();
}

void shim_drain_all(void)
{
	unsigned int here = smp_processor_id();

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		shim_set_cpu(cpu);
		drain_table_cache();
		kmem_cache_drain_local();
		drain_local_pages();
	}
	shim_set_cpu(here);
}

/* --- address spaces --- */

static struct mm_struct *register_mm(struct mm_struct *mm)
{
	ASSERT(nr_shim_mms < MAX_SHIM_MMS);
	shim_mms[nr_shim_mms++] = mm;
	return mm;
}

struct mm_struct *shim_mm_new(void)
{
	struct mm_struct *mm = mm_alloc();

	ASSERT(mm);
	mm->mmap_base = 0x7fff00000000UL;
	mm->start_brk = mm->brk = 0x10000000UL;
	return register_mm(mm);
}

struct mm_struct *shim_mm_fork(struct mm_struct *parent)
{
	struct mm_struct *mm = dup_mm(parent);

	return IS_ERR(mm) ? mm : register_mm(mm);
}

void shim_mm_exit(struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; shim_mms[i] != mm; i++)
		ASSERT(i < nr_shim_mms);
	shim_mms[i] = shim_mms[--nr_shim_mms];
	mmput(mm);
	mmu_leave(mm);
}

/* --- messages and panics --- */

int vprintk(const char *fmt, va_list ap)
{
	int lib_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
	char line[512];
	int len = lib_vsnprintf(line, sizeof(line), fmt, ap);

	if (!shim_quiet)
		os_print(line);
	return len;
}

/* Not every libc has it. */
size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t lib_strlcpy(char *dst, const char *src, size_t size);

	return lib_strlcpy(dst, src, size);
}

int printk(const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vprintk(fmt, ap);
	va_end(ap);
	return len;
}

int printk_at(unsigned int level, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vprintk(fmt, ap);
	va_end(ap);
	return len;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	shim_quiet = false;
	va_start(ap, fmt);
	printk("Kernel panic - not syncing: ");
	vprintk(fmt, ap);
	printk("\n%s\n", shim_context);
	va_end(ap);
	if (shim_on_panic)
		shim_on_panic();
	os_abort();
}

void assert_failed(const char *expr, const char *file, int line)
{
	panic("assertion failed: %s at %s:%d", expr, file, line);
}

bool shim_panics(void (*fn)(void *), void *arg, const char *text)
{
	static char output[65536];

	if (!os_run_child(fn, arg, output, sizeof(output)) && strstr(output, text))
		return true;
	os_print(output);
	return false;
}

bool shim_survives(void (*fn)(void *), void *arg)
{
	static char output[65536];

	if (os_run_child(fn, arg, output, sizeof(output)))
		return true;
	os_print(output);
	return false;
}

/* --- sleeping and waking --- */

void cpu_relax(void)
{
	shim_disk_maybe();
	os_yield();
}

void set_current_state(unsigned int state)
{
	__atomic_store_n(&current->state, state, __ATOMIC_SEQ_CST);
}

static bool sleeping(struct task_struct *task)
{
	if (kthreads_held && task->flags & PF_KTHREAD)
		return true;
	return __atomic_load_n(&task->state, __ATOMIC_SEQ_CST) != TASK_RUNNING;
}

/* os_lock is held. */
static void count_asleep(struct task_struct *task, bool asleep)
{
	if (task->on_rq == asleep)
		nr_asleep += asleep ? 1 : -1;
	task->on_rq = !asleep;
}

/* Whoever sleeps takes the disks' interrupts. */
void schedule(void)
{
	might_sleep();
	os_lock();
	while (sleeping(current)) {
		if (__atomic_load_n(&shim_disk_pending, __ATOMIC_SEQ_CST)) {
			count_asleep(current, false);
			os_unlock();
			shim_disk_interrupt();
			os_lock();
			continue;
		}
		count_asleep(current, true);
		if (nr_asleep == nr_threads)
			panic("every thread sleeps for good");
		os_wait();
	}
	count_asleep(current, false);	/* if nobody woke it: it was held */
	os_unlock();
}

bool wake_up_state(struct task_struct *task, unsigned int states)
{
	bool woken;

	os_lock();
	woken = __atomic_load_n(&task->state, __ATOMIC_SEQ_CST) & states;
	if (woken)
		__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	if (woken)
		count_asleep(task, false);
	os_wake_all();
	os_unlock();
	return woken;
}

bool wake_up_process(struct task_struct *task)
{
	return wake_up_state(task, ~0u);
}

void preempt_schedule(void)
{
	might_sleep();
	shim_disk_maybe();
	if (shim_on_resched)
		shim_on_resched();
}

u64 schedule_timeout(u64 ns)
{
	bool alone;

	might_sleep();
	set_current_state(TASK_RUNNING);
	shim_disk_interrupt();
	if (shim_on_sleep)
		shim_on_sleep();
	os_lock();
	alone = nr_threads - nr_asleep <= 1;
	os_unlock();
	if (!alone)
		os_sleep_ns(min(ns, MAX_SLEEP_NS));
	return 0;
}

void msleep(unsigned int ms)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(ms * NSEC_PER_MSEC);
}

/* Pressure is not measured here. */
void psi_memstall_enter(bool *nested)
{
	*nested = false;
}

void psi_memstall_leave(const bool *nested)
{
}

u64 ktime_get(void)
{
	return os_time_ns();
}

/* --- processes, for the OOM killer --- */

bool fatal_signal_pending(struct task_struct *task)
{
	return READ_ONCE(task->sigpending);
}

int send_signal(int sig, const struct kernel_siginfo *info, struct task_struct *task, bool to_group)
{
	(void)info;
	(void)to_group;
	ASSERT(shim_on_signal);
	shim_on_signal(sig, task);
	return 0;
}

void get_task(struct task_struct *task)
{
	atomic_inc(&task->refs);
}

void put_task(struct task_struct *task)
{
	atomic_dec(&task->refs);
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	if (task->mm)
		mmget(task->mm);
	return task->mm;
}
