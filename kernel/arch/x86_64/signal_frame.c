/* signal_frame.c - what a signal handler finds on its stack, and the way back from it.
 * The layout is Linux's, since unwinders and handlers read it:
 *
 *	high	interrupted stack, red zone of 128 bytes
 *		FPU image, 64-byte aligned
 *	low	struct rt_sigframe; rsp at the handler's first instruction points to it and is
 *		8 less than a multiple of 16, as after a call
 *
 * Holds:  nothing that comes back from the frame is trusted: flags are filtered, segments are
 *         ours, and a bad rip or stack only hurts the program (entry.asm goes back by IRETQ, whose
 *         fault is a SIGSEGV).
 * Read:   proc/signal_deliver.c, which decides; fpu.c for the image. */
#include <proc/signal.h>

#include <asm/fpu.h>
#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/ptregs.h>
#include <asm/segment.h>
#include <asm/thread.h>
#include <asm/uaccess.h>
#include <lib/string.h>
#include <syscall/signal.h>

#define RED_ZONE	128

struct rt_sigframe {
	u64		pretcode;	/* where the handler returns to: SA_RESTORER's function */
	struct ucontext	uc;
	u8		info[SI_MAX_SIZE];
};

BUILD_ASSERT(sizeof(struct rt_sigframe) == 440);

/* The lowest address of the FPU image, and below it the frame. 0: it does not fit. */
static unsigned long frame_address(const struct pt_regs *regs, const struct ksignal *ksig,
				   unsigned long *fpstate)
{
	struct task_struct *task = current;
	unsigned long sp = regs->rsp - RED_ZONE;
	bool on_alt = on_sig_stack(regs->rsp);

	if ((ksig->ka.sa_flags & SA_ONSTACK) && !on_alt && task->sas_size) {
		sp = task->sas_sp + task->sas_size;
		on_alt = true;
	}
	*fpstate = ALIGN_DOWN(sp - fpu_frame_size(), 64UL);
	sp = ALIGN_DOWN(*fpstate - sizeof(struct rt_sigframe), 16UL) - 8;
	/* Growing past the end of the alternate stack would write to what is no stack at all. */
	if (on_alt && task->sas_size && (sp < task->sas_sp || sp >= task->sas_sp + task->sas_size))
		return 0;
	return sp;
}

static void save_context(struct sigcontext *sc, const struct pt_regs *regs)
{
	sc->r8 = regs->r8;
	sc->r9 = regs->r9;
	sc->r10 = regs->r10;
	sc->r11 = regs->r11;
	sc->r12 = regs->r12;
	sc->r13 = regs->r13;
	sc->r14 = regs->r14;
	sc->r15 = regs->r15;
	sc->rdi = regs->rdi;
	sc->rsi = regs->rsi;
	sc->rbp = regs->rbp;
	sc->rbx = regs->rbx;
	sc->rdx = regs->rdx;
	sc->rax = regs->rax;
	sc->rcx = regs->rcx;
	sc->rsp = regs->rsp;
	sc->rip = regs->rip;
	sc->rflags = regs->rflags;
	sc->cs = regs->cs;
	sc->ss = regs->ss;
	sc->trapno = current->trap_nr;
	sc->err = current->trap_error;
	sc->cr2 = current->trap_addr;
}

static void restore_context(struct pt_regs *regs, const struct ucontext *uc)
{
	const struct sigcontext *sc = &uc->uc_mcontext;

	regs->r8 = sc->r8;
	regs->r9 = sc->r9;
	regs->r10 = sc->r10;
	regs->r11 = sc->r11;
	regs->r12 = sc->r12;
	regs->r13 = sc->r13;
	regs->r14 = sc->r14;
	regs->r15 = sc->r15;
	regs->rdi = sc->rdi;
	regs->rsi = sc->rsi;
	regs->rbp = sc->rbp;
	regs->rbx = sc->rbx;
	regs->rdx = sc->rdx;
	regs->rax = sc->rax;
	regs->rcx = sc->rcx;
	regs->rsp = sc->rsp;
	regs->rip = sc->rip;
	regs->rflags = (sc->rflags & X86_EFLAGS_USER) | (regs->rflags & ~X86_EFLAGS_USER) |
		       X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	/* Of ring 3 in any case; IRET judges the rest. */
	regs->cs = sc->cs | 3;
	regs->ss = uc->uc_flags & UC_STRICT_RESTORE_SS ? sc->ss | 3 : USER_DS;
	regs->orig_rax = -1;		/* no system call to restart */
}

/* The frame but for the FPU image, built here and copied in one piece. */
static void fill_frame(struct rt_sigframe *frame, const struct pt_regs *regs,
		       const struct ksignal *ksig, sigset_t oldmask, unsigned long fpstate)
{
	struct task_struct *task = current;

	memset(frame, 0, sizeof(*frame));
	frame->pretcode = ksig->ka.sa_restorer;
	frame->uc.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame->uc.uc_stack.ss_sp = task->sas_sp;
	frame->uc.uc_stack.ss_size = task->sas_size;
	frame->uc.uc_stack.ss_flags = task->sas_size ? (int)task->sas_flags : SS_DISABLE;
	frame->uc.uc_sigmask = oldmask;
	save_context(&frame->uc.uc_mcontext, regs);
	frame->uc.uc_mcontext.oldmask = oldmask;
	frame->uc.uc_mcontext.fpstate = fpstate;
	memcpy(frame->info, &ksig->info, sizeof(ksig->info));
}

int setup_signal_frame(struct pt_regs *regs, const struct ksignal *ksig, sigset_t oldmask)
{
	struct rt_sigframe frame;
	unsigned long fpstate, sp;

	/* Without a restorer the handler would have nowhere to return to. */
	if (!(ksig->ka.sa_flags & SA_RESTORER))
		return -EFAULT;
	sp = frame_address(regs, ksig, &fpstate);
	if (!sp)
		return -EFAULT;
	fill_frame(&frame, regs, ksig, oldmask, fpstate);
	if (fpu_save_user((void *)fpstate) || copy_to_user((void *)sp, &frame, sizeof(frame)))
		return -EFAULT;
	if (current->sas_flags & SS_AUTODISARM) {
		current->sas_sp = current->sas_size = 0;
		current->sas_flags = SS_DISABLE;
	}
	regs->rdi = ksig->sig;
	regs->rsi = sp + offsetof(struct rt_sigframe, info);
	regs->rdx = sp + offsetof(struct rt_sigframe, uc);
	regs->rax = 0;
	regs->rip = ksig->ka.sa_handler;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->rflags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
	return 0;
}

long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	const struct rt_sigframe *frame = (void *)(regs->rsp - 8);
	struct ucontext uc;

	if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
		goto bad;
	set_current_blocked(uc.uc_sigmask);
	current->restart.fn = NULL;	/* of a call that the handler came into */
	restore_context(regs, &uc);
	/* A handler of the SIGSEGV may go on from where the first handler came. */
	if (fpu_restore_user((void *)uc.uc_mcontext.fpstate)) {
		fpu_reset_current();
		goto bad;
	}
	do_sigaltstack(&uc.uc_stack, NULL, regs->rsp, MINSIGSTKSZ);
	return regs->rax;
bad:
	force_sig(SIGSEGV);
	return 0;
}
