/* thread.c - making threads and switching between them.
 * Holds:  while a thread runs, its FPU registers, data segments and FS and GS bases are in the
 *         processor; while it does not, they are in its thread_struct. Kernel threads have none and
 *         leave those of the last user thread alone, which is safe because they never look at
 *         them.
 * Locks:  switch_to() runs with interrupts off. Everything else works on current or on a thread
 *         that does not run yet.
 * Read:   switch.asm for the stack; entry.asm, thread_entry, for a thread's first steps. */
#include <asm/thread.h>

#include <asm/fpu.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <asm/uaccess.h>
#include <lib/string.h>
#include <mm/vmalloc.h>
#include <proc/task.h>

#define ARCH_SET_GS	0x1001
#define ARCH_SET_FS	0x1002
#define ARCH_GET_FS	0x1003
#define ARCH_GET_GS	0x1004

/* What switch_stacks() finds on the stack of a thread that has not run yet. */
struct first_frame {
	unsigned long	r15, r14, r13;
	unsigned long	arg;		/* r12 */
	unsigned long	fn;		/* rbx; 0: go to user mode */
	unsigned long	rbp;
	unsigned long	entry;		/* where it returns to */
	struct pt_regs	regs;
};

struct task_struct *switch_stacks(struct task_struct *prev, struct task_struct *next);
void thread_entry(void);

int thread_alloc(struct task_struct *task)
{
	if (!task->thread.fpu)
		task->thread.fpu = fpu_alloc();
	return task->thread.fpu ? 0 : -ENOMEM;
}

void thread_free(struct task_struct *task)
{
	fpu_free(task->thread.fpu);
	task->thread.fpu = NULL;
}

static struct first_frame *prepare_stack(struct task_struct *task)
{
	struct first_frame *frame;

	task->thread.stack_top = (unsigned long)task->stack + THREAD_SIZE;
	frame = (struct first_frame *)task->thread.stack_top - 1;
	memset(frame, 0, sizeof(*frame));
	frame->entry = (unsigned long)thread_entry;
	task->thread.sp = (unsigned long)frame;
	return frame;
}

void thread_setup_kernel(struct task_struct *task, void (*fn)(void *), void *arg)
{
	struct first_frame *frame = prepare_stack(task);

	frame->fn = (unsigned long)fn;
	frame->arg = (unsigned long)arg;
	task->thread.fs_base = 0;
	task->thread.gs_base = 0;
}

/* The running thread's user bases. GS's is behind SWAPGS, which must not be interrupted; a switch
 * inside would be no harm, but an interrupt handler with the user's GS would. */
static void read_bases(unsigned long *fs, unsigned long *gs)
{
	unsigned long flags;

	if (!cpu_features.fsgsbase) {
		*fs = rdmsr(MSR_FS_BASE);
		*gs = rdmsr(MSR_KERNEL_GS_BASE);
		return;
	}
	flags = local_irq_save();
	asm volatile("rdfsbase %0\n\t"
		     "swapgs\n\t"
		     "rdgsbase %1\n\t"
		     "swapgs" : "=r"(*fs), "=r"(*gs) : : "memory");
	local_irq_restore(flags);
}

static void write_bases(unsigned long fs, unsigned long gs)
{
	unsigned long flags;

	if (!cpu_features.fsgsbase) {
		wrmsr(MSR_FS_BASE, fs);
		wrmsr(MSR_KERNEL_GS_BASE, gs);
		return;
	}
	flags = local_irq_save();
	asm volatile("wrfsbase %0\n\t"
		     "swapgs\n\t"
		     "wrgsbase %1\n\t"
		     "swapgs" : : "r"(fs), "r"(gs) : "memory");
	local_irq_restore(flags);
}

static struct user_segments read_segments(void)
{
	struct user_segments seg;

	asm volatile("mov %%ds, %0\n\t"
		     "mov %%es, %1\n\t"
		     "mov %%fs, %2\n\t"
		     "mov %%gs, %3" : "=m"(seg.ds), "=m"(seg.es), "=m"(seg.fs), "=m"(seg.gs));
	return seg;
}

static bool all_null(struct user_segments seg)
{
	return !(seg.ds | seg.es | seg.fs | seg.gs);
}

/* Only what a program has loaded itself, so the processor does not refuse it. It may change the
 * bases, which the caller writes next. */
static void write_segments(struct user_segments seg)
{
	unsigned long flags;

	if (likely(all_null(seg) && all_null(read_segments())))
		return;
	flags = local_irq_save();
	asm volatile("mov %0, %%ds\n\t"
		     "mov %1, %%es\n\t"
		     "mov %2, %%fs\n\t"
		     "swapgs\n\t"
		     "mov %3, %%gs\n\t"
		     "swapgs" : : "r"(seg.ds), "r"(seg.es), "r"(seg.fs), "r"(seg.gs) : "memory");
	local_irq_restore(flags);
}

void thread_setup_fork(struct task_struct *task, const struct pt_regs *parent, unsigned long new_sp,
		       bool set_tls, unsigned long tls)
{
	struct first_frame *frame = prepare_stack(task);

	frame->regs = *parent;
	frame->regs.rax = 0;
	if (new_sp)
		frame->regs.rsp = new_sp;
	read_bases(&task->thread.fs_base, &task->thread.gs_base);
	task->thread.segments = read_segments();
	if (set_tls)
		task->thread.fs_base = tls;
	fpu_copy_current(task->thread.fpu);
}

void thread_setup_idle(struct task_struct *task)
{
	struct cpu_local *cpu = this_cpu();

	task->thread.stack_top = cpu->kernel_sp;
	task->stack = (void *)(cpu->kernel_sp - THREAD_SIZE);
	cpu->current_task = task;
}

struct task_struct *switch_to(struct task_struct *prev, struct task_struct *next)
{
	struct cpu_local *cpu = this_cpu();

	if (prev->thread.fpu) {
		fpu_save(prev->thread.fpu);
		read_bases(&prev->thread.fs_base, &prev->thread.gs_base);
		prev->thread.segments = read_segments();
	}
	if (next->thread.fpu) {
		fpu_load(next->thread.fpu);
		write_segments(next->thread.segments);
		write_bases(next->thread.fs_base, next->thread.gs_base);
	}
	cpu->current_task = next;
	cpu->kernel_sp = next->thread.stack_top;
	cpu->tss.rsp0 = next->thread.stack_top;
	return switch_stacks(prev, next);
}

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->orig_rax = -1;
	regs->rip = ip;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->rflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	write_segments((struct user_segments){ 0 });
	write_bases(0, 0);
	fpu_reset_current();
}

long do_arch_prctl(int code, unsigned long addr)
{
	unsigned long fs, gs;

	read_bases(&fs, &gs);
	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= TASK_SIZE)
			return -EPERM;
		if (code == ARCH_SET_FS)
			write_bases(addr, gs);
		else
			write_bases(fs, addr);
		return 0;
	case ARCH_GET_FS:
		return put_user(fs, (unsigned long *)addr);
	case ARCH_GET_GS:
		return put_user(gs, (unsigned long *)addr);
	default:
		return -EINVAL;
	}
}
