/* panic.c - the last words: why, where, and then nothing more from any processor.
 * Holds:  the first processor to panic speaks; others that panic meanwhile halt in silence. It
 *         works from the first line of C on, before there are tables, locks or a clock.
 * Locks:  none; it breaks the console's.
 * Read:   backtrace.c for the names; arch/x86_64/machine.c for the way out of QEMU. */
#include <debug/panic.h>

#include <asm/atomic.h>
#include <asm/irqflags.h>
#include <asm/machine.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/ptregs.h>
#include <asm/smp.h>
#include <debug/backtrace.h>
#include <proc/task.h>

static int panic_cpu = -1;	/* [atomic] who speaks */
static bool stopping;		/* [atomic] a panic or power off is on */

void panic_begin_stop(void)
{
	smp_store_release(&stopping, true);
}

void panic_stop_this_cpu(void)
{
	if (!smp_load_acquire(&stopping))
		return;
	clear_bit_atomic(smp_processor_id(), &cpu_online_mask);
	halt_forever();
}

/* Returns only to the first caller. A second panic on the same processor, while it reports the
 * first, ends the machine at once. */
static void begin_panic(void)
{
	int nobody = -1, me = smp_processor_id();

	local_irq_disable();
	if (!__atomic_compare_exchange_n(&panic_cpu, &nobody, me, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (nobody == me)
			debug_exit(DEBUG_EXIT_PANIC);
		halt_forever();
	}
	smp_stop_others();
	printk_break_lock();
}

static void show_context(void)
{
	struct task_struct *task = current;

	printk("CPU: %u", smp_processor_id());
	if (task)
		printk(" PID: %d Comm: %.16s", task->pid, task->comm);
	printk("\n");
}

static void __noreturn end_panic(const struct pt_regs *regs)
{
	show_context();
	show_regs(regs);
	show_backtrace(regs->rip, regs->rbp);
	printk("---[ end Kernel panic ]---\n");
	debug_exit(DEBUG_EXIT_PANIC);
	halt_forever();
}

static void say_reason(const char *fmt, va_list ap)
{
	printk("Kernel panic - not syncing: ");
	vprintk(fmt, ap);
	printk("\n");
}

void panic_regs(const struct pt_regs *regs, const char *fmt, ...)
{
	va_list ap;

	begin_panic();
	va_start(ap, fmt);
	say_reason(fmt, ap);
	va_end(ap);
	end_panic(regs);
}

void panic_plain(const char *fmt, ...)
{
	va_list ap;

	begin_panic();
	va_start(ap, fmt);
	say_reason(fmt, ap);
	va_end(ap);
	debug_exit(DEBUG_EXIT_PANIC);
	halt_forever();
}

/* The registers as they are here; those that a caller may use freely say little. */
#define CAPTURE(regs, field, reg) \
	asm volatile("mov %%" reg ", %0" : "=m"((regs)->field))

static inline __attribute__((always_inline)) void capture_regs(struct pt_regs *regs)
{
	CAPTURE(regs, rax, "rax");
	CAPTURE(regs, rbx, "rbx");
	CAPTURE(regs, rcx, "rcx");
	CAPTURE(regs, rdx, "rdx");
	CAPTURE(regs, rsi, "rsi");
	CAPTURE(regs, rdi, "rdi");
	CAPTURE(regs, r8, "r8");
	CAPTURE(regs, r9, "r9");
	CAPTURE(regs, r10, "r10");
	CAPTURE(regs, r11, "r11");
	CAPTURE(regs, r12, "r12");
	CAPTURE(regs, r13, "r13");
	CAPTURE(regs, r14, "r14");
	CAPTURE(regs, r15, "r15");
	CAPTURE(regs, rsp, "rsp");
	CAPTURE(regs, cs, "cs");
	CAPTURE(regs, ss, "ss");
	regs->rflags = local_save_flags();
	CAPTURE(regs, rbp, "rbp");
	asm volatile("lea 0(%%rip), %0" : "=r"(regs->rip));
}

void panic(const char *fmt, ...)
{
	struct pt_regs regs = { 0 };
	va_list ap;

	capture_regs(&regs);
	begin_panic();
	va_start(ap, fmt);
	say_reason(fmt, ap);
	va_end(ap);
	end_panic(&regs);
}

void assert_failed(const char *expr, const char *file, int line)
{
	panic("assertion failed: %s (%s:%d)", expr, file, line);
}

void warn_once(const char *expr, const char *file, int line)
{
	pr_warn("%s (%s:%d)\n", expr, file, line);
	show_context();
	show_backtrace((unsigned long)__builtin_return_address(0),
		       *(unsigned long *)__builtin_frame_address(0));
}
