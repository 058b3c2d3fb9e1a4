/* thread.h - what the processor's side of a thread is, and how to make and switch threads.
 * Holds:  a kernel stack is THREAD_SIZE bytes; its top holds the pt_regs of the last entry from
 *         user mode, so task_pt_regs() is a constant place. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

#include <lib/types.h>
#include <asm/ptregs.h>

struct task_struct;
struct fpu_state;
struct mm_struct;

/* A user's data segments. In 64-bit mode they mean nothing, but that a null GS or FS is loaded with
 * base 0; a program may still look at them. */
struct user_segments {
	u16	ds, es, fs, gs;
};

/* First member of task_struct. Everything is written by the thread itself, or before it runs. */
struct thread_struct {
	unsigned long		sp;		/* kernel stack pointer while not running */
	unsigned long		stack_top;	/* first byte after the kernel stack */
	unsigned long		fs_base;	/* user's, while not running */
	unsigned long		gs_base;
	struct user_segments	segments;	/* user's, while not running */
	struct fpu_state	*fpu;		/* user's registers; NULL: never was in user mode */
};

/* The registers that @task had in user mode. */
#define task_pt_regs(task) ((struct pt_regs *)(task)->thread.stack_top - 1)

/* Make or free the FPU area of a thread that goes to user mode. thread_alloc may sleep: 0 or
 * -ENOMEM, and does nothing if there is one. thread_free(task without one) does nothing. */
int thread_alloc(struct task_struct *task);
void thread_free(struct task_struct *task);

/* @task->stack is set. The thread runs schedule_tail(prev), then fn(arg), then do_exit(0). */
void thread_setup_kernel(struct task_struct *task, void (*fn)(void *), void *arg);

/* @task->stack is set and thread_alloc() was done. The thread runs schedule_tail(prev) and returns
 * to user mode with @parent's registers, except: rax is 0, rsp is @new_sp unless that is 0, the FS
 * base is @tls if @set_tls. FPU state, segments, FS and GS base are those of current. */
void thread_setup_fork(struct task_struct *task, const struct pt_regs *parent, unsigned long new_sp,
		       bool set_tls, unsigned long tls);

/* Fill in @task->thread and @task->stack for the thread that is running on this processor's
 * start-up stack: it becomes the processor's idle task, and current. */
void thread_setup_idle(struct task_struct *task);

/* Leave prev and run next. Interrupts off. Returns, when prev runs again, the task that ran
 * before. */
struct task_struct *switch_to(struct task_struct *prev, struct task_struct *next);

/* Load @next's page tables and keep both cpu_masks right (tlb.c). @prev may be NULL. */
void switch_mm(struct mm_struct *prev, struct mm_struct *next);

/* exec: user registers as a new program finds them. FPU in its initial state, segments, FS and GS
 * base 0.
 * current has an FPU area (thread_alloc). */
void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp);

/* Go to user mode with @regs, which must be task_pt_regs(current). For the first program, which did
 * not come from there. */
void __noreturn enter_user_mode(struct pt_regs *regs);

/* arch_prctl(2): 0 or -EINVAL, -EPERM, -EFAULT. */
long do_arch_prctl(int code, unsigned long addr);

#endif
