/* sigframe.c - the signal frame: alternate stack, saved registers, and sigreturn with a frame
 * that a program has damaged, which may hurt only that program. */
#include "tap.h"
#include <ucontext.h>

static char alt[32768];
static char *seen_sp;
static volatile int seen_on_stack;
static volatile long seen[4];

static void look_at_stack(int sig)
{
	stack_t st;
	char here;

	(void)sig;
	seen_sp = hide((unsigned long)&here);
	sigaltstack(NULL, &st);
	seen_on_stack = st.ss_flags;
}

static void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = fn;
	sa.sa_flags = SA_SIGINFO | flags;
	must(sigaction(sig, &sa, NULL) == 0);
}

static void alternate(void)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;
	stack_t tiny = { .ss_sp = alt, .ss_size = 100 }, bad = { .ss_sp = alt, .ss_flags = 99 };
	stack_t off = { .ss_flags = SS_DISABLE };
	struct sigaction sa;

	is(sigaltstack(&st, &old), 0, "an alternate stack can be set");
	ok(old.ss_flags & SS_DISABLE, "before that there was none");
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = look_at_stack;
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	ok(seen_sp > alt && seen_sp < alt + sizeof(alt), "SA_ONSTACK runs the handler on it");
	is(seen_on_stack, SS_ONSTACK, "sigaltstack says so inside the handler");
	sa.sa_flags = 0;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	ok(seen_sp < alt || seen_sp > alt + sizeof(alt), "without SA_ONSTACK it does not");
	fails(sigaltstack(&tiny, NULL), ENOMEM, "a stack of 100 bytes is ENOMEM");
	fails(syscall(SYS_sigaltstack, &bad, NULL), EINVAL, "unknown flags are EINVAL");
	is(sigaltstack(&off, NULL), 0, "it can be taken away");
	signal(SIGUSR1, SIG_DFL);
}

static void keep(int sig, siginfo_t *info, void *ptr)
{
	ucontext_t *uc = ptr;

	(void)sig, (void)info;
	seen[0] = uc->uc_mcontext.gregs[REG_RBX];
	seen[1] = uc->uc_mcontext.gregs[REG_R12];
	seen[2] = uc->uc_mcontext.gregs[REG_R15];
	uc->uc_mcontext.gregs[REG_R13] = 0x7777;
}

static void registers(void)
{
	static unsigned long rbx, r12, r13, r15;

	install(SIGUSR1, keep, 0);
	__asm__ volatile("mov $0xb0b, %%rbx; mov $0x1212, %%r12; mov $0x1313, %%r13;"
			 "mov $0x1515, %%r15; mov $62, %%eax; syscall;"
			 "mov %%rbx, %0; mov %%r12, %1; mov %%r13, %2; mov %%r15, %3"
			 : "=m"(rbx), "=m"(r12), "=m"(r13), "=m"(r15)
			 : "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rax", "rcx", "r11", "rbx", "r12", "r13", "r15", "memory", "cc");
	ok(seen[0] == 0xb0b && seen[1] == 0x1212 && seen[2] == 0x1515,
	   "the frame holds the registers of the moment");
	ok(rbx == 0xb0b && r12 == 0x1212 && r15 == 0x1515, "they are restored afterwards");
	is(r13, 0x7777, "a register changed in the frame is changed afterwards");
	signal(SIGUSR1, SIG_DFL);
}

static void skip_instruction(int sig, siginfo_t *info, void *ptr)
{
	ucontext_t *uc = ptr;

	(void)sig;
	seen[0] = uc->uc_mcontext.gregs[REG_RIP];
	seen[1] = (long)info->si_addr;
	seen[2] = info->si_code;
	seen[3] = sig;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static void resuming(void)
{
	long at = 0;

	install(SIGILL, skip_instruction, 0);
	__asm__ volatile("lea 1f(%%rip), %0; 1: ud2" : "=r"(at) : : "memory");
	is(seen[0], at, "the frame tells where an invalid instruction is");
	is(seen[1], at, "so does si_addr");
	ok(seen[2] == ILL_ILLOPN, "si_code is ILL_ILLOPN");
	ok(true, "a handler can step over it");
	signal(SIGILL, SIG_DFL);
	install(SIGFPE, skip_instruction, 0);
	__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx"
			 ::: "rax", "rcx", "rdx", "cc", "memory");
	is(seen[2], FPE_INTDIV, "a division by zero tells FPE_INTDIV");
	signal(SIGFPE, SIG_DFL);
	install(SIGTRAP, skip_instruction, 0);
	__asm__ volatile("int3; nop; nop" ::: "memory");
	is(seen[3], SIGTRAP, "a breakpoint is SIGTRAP");
	signal(SIGTRAP, SIG_DFL);
}

/* ---- damaged frames: each in a child; where the child ends, the test looks at how ---- */

static unsigned long evil;
static int evil_register;

static void damage(int sig, siginfo_t *info, void *ptr)
{
	ucontext_t *uc = ptr;

	(void)sig, (void)info;
	uc->uc_mcontext.gregs[evil_register] = (greg_t)evil;
}

static int damaged(void *arg)
{
	(void)arg;
	install(SIGUSR1, damage, 0);
	raise(SIGUSR1);
	return 0;
}

static int with_register(int which, unsigned long value)
{
	evil_register = which;
	evil = value;
	return child(damaged, NULL);
}

static void damage_fpstate(int sig, siginfo_t *info, void *ptr)
{
	ucontext_t *uc = ptr;

	(void)sig, (void)info;
	if (evil == 1)
		uc->uc_mcontext.fpregs = (void *)KERNEL_ADDR;
	else if (evil == 2)
		uc->uc_mcontext.fpregs = (void *)hide(0x1001);
	else if (evil == 4)
		memset(uc->uc_mcontext.fpregs, 0xff, 512 + 64);
	else if (evil == 5)	/* the reserved part of XSAVE's header */
		memset((char *)uc->uc_mcontext.fpregs + 512 + 16, 0xff, 48);
	else
		uc->uc_mcontext.fpregs->mxcsr = 0xffffffff;
}

static int damaged_fpstate(void *arg)
{
	evil = (unsigned long)arg;
	install(SIGUSR1, damage_fpstate, 0);
	raise(SIGUSR1);
	return 0;
}

static volatile int refused;

static void on_refused(int sig, siginfo_t *info, void *ptr)
{
	(void)sig, (void)info, (void)ptr;
	if (++refused > 3)
		_exit(99);
}

/* The processor refuses the state, and the program lives on behind its raise(). */
static int survived_fpstate(void *arg)
{
	evil = (unsigned long)arg;
	install(SIGUSR1, damage_fpstate, 0);
	install(SIGSEGV, on_refused, 0);
	raise(SIGUSR1);
	return refused;
}

static int bare_sigreturn(void *arg)
{
	(void)arg;
	__asm__ volatile("mov $8, %%esp; mov $15, %%eax; syscall" ::: "rax", "rcx", "r11",
			 "memory");
	return 0;
}

static int kernel_stack_pointer(void *arg)
{
	/* A signal whose frame cannot be written kills. */
	signal(SIGUSR1, look_at_stack);
	__asm__ volatile("mov %0, %%rsp; mov $62, %%eax; syscall"
			 :: "r"(KERNEL_ADDR), "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rax", "rcx", "r11", "memory");
	return arg != NULL;
}

static void hostile(void)
{
	int sig;

	is(with_register(REG_RIP, 1UL << 63) & 0x7f, SIGSEGV,
	   "sigreturn to a non-canonical address kills only the process");
	is(with_register(REG_RIP, 0x0000800000000000UL) & 0x7f, SIGSEGV,
	   "so does one to the first address above the user half");
	is(with_register(REG_RIP, (unsigned long)KERNEL_ADDR) & 0x7f, SIGSEGV,
	   "so does one to kernel text");
	is(with_register(REG_RIP, 0) & 0x7f, SIGSEGV, "so does one to 0");
	/* A stack fault is SIGBUS, a general-protection fault SIGSEGV; the processor chooses. */
	sig = with_register(REG_RSP, 1UL << 63) & 0x7f;
	ok(sig == SIGBUS || sig == SIGSEGV, "a non-canonical stack pointer kills only the process");
	is(with_register(REG_RSP, (unsigned long)KERNEL_ADDR) & 0x7f, SIGSEGV,
	   "so does one into the kernel");
	is(with_register(REG_EFL, 0x3202), 0, "flags for port access are filtered");
	is(with_register(REG_EFL, 0x202 | 1 << 14), 0, "so is the nested-task flag");
	is(with_register(REG_EFL, 0), 0, "interrupts stay enabled");
	ok(with_register(REG_CSGSFS, 0x0000000000000010UL) >= 0,
	   "a kernel code segment in the frame is survived");
	ok(with_register(REG_CSGSFS, 0xffffffffffffffffUL) >= 0,
	   "so are impossible segments");
	is(child(damaged_fpstate, (void *)1) & 0x7f, SIGSEGV,
	   "a floating-point state in the kernel kills only the process");
	is(child(damaged_fpstate, (void *)2) & 0x7f, SIGSEGV,
	   "so does one at an unmapped address");
	ok(child(damaged_fpstate, (void *)3) >= 0, "reserved MXCSR bits are survived");
	ok(child(damaged_fpstate, (void *)4) >= 0, "so is a floating-point state of all ones");
	is(child(survived_fpstate, (void *)2), EXITED(1),
	   "a handler of the SIGSEGV for it returns to the interrupted program");
	is(child(survived_fpstate, (void *)5), EXITED(1), "also if the state was impossible");
	is(child(bare_sigreturn, NULL) & 0x7f, SIGSEGV, "sigreturn without a frame kills");
	is(child(kernel_stack_pointer, NULL) & 0x7f, SIGSEGV,
	   "a signal with the stack pointer in the kernel kills");
}

static volatile int depth, deepest;

static void nest(int sig)
{
	(void)sig;
	if (++depth > deepest)
		deepest = depth;
	if (depth < 50)
		raise(SIGUSR1);
	depth--;
}

static void nesting(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = nest;
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	ok(deepest == 50 && depth == 0, "50 handlers nest and all return");
	signal(SIGUSR1, SIG_DFL);
}

static sigjmp_buf out;

static void jump_out(int sig)
{
	siglongjmp(out, sig);
}

static void jumping(void)
{
	volatile int i, jumps = 0;
	sigset_t set;

	signal(SIGUSR1, jump_out);
	for (i = 0; i < 100; i++)
		if (sigsetjmp(out, 1) == 0)
			raise(SIGUSR1);
		else
			jumps++;
	is(jumps, 100, "a handler can be left 100 times by siglongjmp");
	sigprocmask(SIG_BLOCK, NULL, &set);
	ok(!sigismember(&set, SIGUSR1), "the mask is restored by it");
	signal(SIGUSR1, SIG_DFL);
}

static void body(void)
{
	alternate();
	registers();
	resuming();
	hostile();
	nesting();
	jumping();
}

int main(void)
{
	return tap_run(body, 10);
}
