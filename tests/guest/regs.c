/* regs.c - registers over system calls: only rax, rcx and r11 may change; flags, segment bases. */
#include "tap.h"
#include <sched.h>
#include <sys/auxv.h>

#define NR_REGS	13

/* rbx rdx rsi rdi rbp r8 r9 r10 r12 r13 r14 r15 and, last, the flags. */
unsigned long in[NR_REGS], out[NR_REGS];
unsigned long out_rcx, out_r11, out_rax, call_nr;

/* Loads in[], makes the system call, stores out[]. The arguments are part of in[]. */
void call(void);

__asm__(".text\n"
	"call:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov in+0(%rip), %rbx; mov in+8(%rip), %rdx; mov in+16(%rip), %rsi\n"
	"mov in+24(%rip), %rdi; mov in+32(%rip), %rbp; mov in+40(%rip), %r8\n"
	"mov in+48(%rip), %r9; mov in+56(%rip), %r10; mov in+64(%rip), %r12\n"
	"mov in+72(%rip), %r13; mov in+80(%rip), %r14; mov in+88(%rip), %r15\n"
	"mov call_nr(%rip), %rax\n"
	"pushq in+96(%rip); popf\n"
	"syscall\n"
	"pushf; popq out+96(%rip); cld\n"
	"mov %rax, out_rax(%rip); mov %rcx, out_rcx(%rip); mov %r11, out_r11(%rip)\n"
	"mov %rbx, out+0(%rip); mov %rdx, out+8(%rip); mov %rsi, out+16(%rip)\n"
	"mov %rdi, out+24(%rip); mov %rbp, out+32(%rip); mov %r8, out+40(%rip)\n"
	"mov %r9, out+48(%rip); mov %r10, out+56(%rip); mov %r12, out+64(%rip)\n"
	"mov %r13, out+72(%rip); mov %r14, out+80(%rip); mov %r15, out+88(%rip)\n"
	/* Alignment checking would trap the C code that follows. */
	"pushq $0x202; popf\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n");

static void set(long nr, unsigned long a, unsigned long b, unsigned long c)
{
	int i;

	for (i = 0; i < NR_REGS - 1; i++)
		in[i] = 0x1111111111111111UL * (unsigned long)(i + 1);
	in[NR_REGS - 1] = 0x202;
	in[3] = a;
	in[2] = b;
	in[1] = c;
	call_nr = (unsigned long)nr;
}

static bool preserved(void)
{
	int i;

	for (i = 0; i < NR_REGS - 1; i++)
		if (in[i] != out[i]) {
			diag("register %d was %#lx and is %#lx", i, in[i], out[i]);
			return false;
		}
	return true;
}

static bool in_user_half(unsigned long v)
{
	return v < 1UL << 56;
}

static void calls(void)
{
	static const struct {
		const char *name;
		long nr;
		unsigned long a, b, c;
	} t[] = {
		{ "getpid", SYS_getpid, 0, 0, 0 },
		{ "sched_yield", SYS_sched_yield, 0, 0, 0 },
		{ "write", SYS_write, 999, 0, 0 },
		{ "brk", SYS_brk, 0, 0, 0 },
		{ "an unknown call", 100000, 7, 7, 7 },
		{ "call -1", -1, 1, 2, 3 },
		{ "call 2^31", 1L << 31, 1, 2, 3 },
		{ "kill with a handler", SYS_kill, 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		set(t[i].nr, t[i].a, t[i].b, t[i].c);
		call();
		ok(preserved(), "%s: no register but rax, rcx and r11 changes", t[i].name);
		ok(in_user_half(out_rcx) && in_user_half(out_r11),
		   "%s: rcx and r11 hold nothing of the kernel", t[i].name);
		if (t[i].nr >= 1000 || t[i].nr < 0)
			is(out_rax, -ENOSYS, "%s: it is ENOSYS", t[i].name);
	}
}

static void upper_half_of_number(void)
{
	/* The number is the low 32 bits: a program may leave rubbish above them. */
	set(SYS_getpid, 0, 0, 0);
	call_nr |= 1UL << 40;
	call();
	is(out_rax, getpid(), "rubbish in the upper half of the number is not looked at");
}

static void on_signal(int sig)
{
	(void)sig;
}

static void over_signals(void)
{
	signal(SIGUSR1, on_signal);
	set(SYS_kill, (unsigned long)getpid(), SIGUSR1, 0x55);
	call();
	ok(preserved(), "a handler that runs at the end of the call changes none");
	is(out_rax, 0, "nor the result");
	signal(SIGUSR1, SIG_DFL);
}

static void flags(void)
{
	set(SYS_getpid, 0, 0, 0);
	in[NR_REGS - 1] = 0x202 | 0x400 | 0x1 | 0x40 | 0x800;	/* DF CF ZF OF */
	call();
	is(out[NR_REGS - 1] & 0xcd5, 0x400 | 0x1 | 0x40 | 0x800,
	   "direction, carry, zero and overflow flags survive a call");
	ok(out[NR_REGS - 1] & 0x200, "interrupts are enabled after it");
	set(SYS_getpid, 0, 0, 0);
	in[NR_REGS - 1] = 0x202 | 1 << 18 | 1 << 21;	/* AC ID */
	call();
	is(out[NR_REGS - 1] & (1 << 18 | 1 << 21), 1 << 18 | 1 << 21,
	   "so do the alignment and identification flags");
	set(SYS_getpid, 0, 0, 0);
	in[NR_REGS - 1] = 0x202 | 1 << 14;	/* NT */
	call();
	is(out_rax, getpid(), "the nested-task flag does no harm");
}

static int single_step(void *arg)
{
	(void)arg;
	set(SYS_getpid, 0, 0, 0);
	in[NR_REGS - 1] = 0x302;
	call();
	return 1;
}

static volatile int steps;

static void count_step(int sig)
{
	(void)sig;
	steps++;
}

static void trap_flag(void)
{
	is(child(single_step, NULL) & 0x7f, SIGTRAP, "the trap flag over a call kills by SIGTRAP");
	signal(SIGTRAP, count_step);
	__asm__ volatile("pushf; orq $0x100, (%%rsp); popf; nop; nop; nop;"
			 "pushf; andq $~0x100, (%%rsp); popf" ::: "memory", "cc");
	ok(steps >= 5 && steps <= 8, "with a handler a program steps instruction by instruction");
	signal(SIGTRAP, SIG_DFL);
}

static unsigned long read_gs0(void)
{
	unsigned long v;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(v));
	return v;
}

static int own_gs(void *arg)
{
	static unsigned long here;
	int i;

	here = (unsigned long)arg;
	if (syscall(SYS_arch_prctl, 0x1001, &here))
		return 1;
	for (i = 0; i < 200; i++) {
		sched_yield();
		if (read_gs0() != (unsigned long)arg)
			return 2;
	}
	return 0;
}

static void bases(void)
{
	unsigned long word = 0xfeed, got = 0;
	pid_t pid[4];
	long i;
	int bad = 0;

	is(syscall(SYS_arch_prctl, 0x1001, &word), 0, "ARCH_SET_GS sets the base of gs");
	is(read_gs0(), 0xfeed, "memory is reached through it");
	must(syscall(SYS_arch_prctl, 0x1004, &got) == 0);
	is(got, (unsigned long)&word, "ARCH_GET_GS tells it");
	must(syscall(SYS_arch_prctl, 0x1003, &got) == 0);
	ok(got != 0, "ARCH_GET_FS tells the base of fs");
	sleep_ms(5);
	is(read_gs0(), 0xfeed, "it survives sleeping");
	fails(syscall(SYS_arch_prctl, 0x1001, KERNEL_ADDR), EPERM, "a kernel address is EPERM");
	fails(syscall(SYS_arch_prctl, 0x1001, NON_CANONICAL), EPERM, "a non-canonical one, too");
	fails(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL, "an unknown request is EINVAL");
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(own_gs((void *)(i + 1)));
	}
	for (i = 0; i < 4; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "each process has its own base of gs");
}

static int odd_selectors(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" :: "r"(0));
	sched_yield();
	sleep_ms(2);
	return 0;
}

static int bad_selector(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%ds" :: "r"(0x8));
	return 1;
}

#define USER_DATA	0x2b

static unsigned int data_segments(void)
{
	unsigned int ds, es, gs;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%gs, %2" : "=r"(ds), "=r"(es), "=r"(gs));
	return ds << 16 ^ es << 8 ^ gs;
}

static void set_data_segments(unsigned int to)
{
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" :: "r"(to));
}

/* Two processes in turns on one processor: each has its own segments, and a forked one its
 * parent's. */
static int own_segments(void *arg)
{
	unsigned int want = USER_DATA << 16 ^ USER_DATA << 8 ^ USER_DATA, seen;
	unsigned long mask = 1;
	pid_t pid;
	int i;

	(void)arg;
	must(syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask) == 0);
	set_data_segments(USER_DATA);
	pid = fork();
	seen = data_segments();
	if (pid == 0) {
		set_data_segments(0);
		want = 0;
	}
	for (i = 0; i < 50; i++) {
		sched_yield();
		if (data_segments() != want)
			return 1;
	}
	return pid ? seen != want || wait_for(pid) != 0
		   : seen != (USER_DATA << 16 ^ USER_DATA << 8 ^ USER_DATA);
}

/* The program that exec_segments executes. */
static int executed(void)
{
	return data_segments() != 0;
}

static int exec_segments(void *arg)
{
	set_data_segments(USER_DATA);
	execl("/proc/self/exe", "regs", "executed", NULL);
	return arg == NULL;
}

static void selectors(void)
{
	child_ok(own_segments, NULL, "each process has its own data segments");
	child_ok(exec_segments, NULL, "a new program begins with none");
	child_ok(odd_selectors, NULL, "null selectors in ds, es and gs do no harm");
	is(child(bad_selector, NULL) & 0x7f, SIGSEGV, "loading a kernel selector kills by SIGSEGV");
}

static volatile unsigned long gs_seen;

static void look_at_gs(int sig)
{
	unsigned long v;

	(void)sig;
	__asm__ volatile("rdgsbase %0" : "=r"(v));
	gs_seen = v;
}

/* The base of gs set by the instruction, to a value that looks like the kernel's own. */
static int kernel_like_gs(void *arg)
{
	unsigned long want = (unsigned long)arg, got;
	char *p = map_anon(16 * PAGE, PROT_READ | PROT_WRITE);
	int i;

	signal(SIGUSR1, look_at_gs);
	__asm__ volatile("wrgsbase %0" :: "r"(want));
	for (i = 0; i < 16; i++)
		p[(unsigned int)i * PAGE] = 1;
	sched_yield();
	sleep_ms(20);
	raise(SIGUSR1);
	__asm__ volatile("rdgsbase %0" : "=r"(got));
	return got == want && gs_seen == want ? 0 : 1;
}

static int forks_with_gs(void *arg)
{
	unsigned long want = 0x123456789000UL, got;
	pid_t pid;

	(void)arg;
	__asm__ volatile("wrgsbase %0" :: "r"(want));
	pid = fork();
	__asm__ volatile("rdgsbase %0" : "=r"(got));
	if (pid == 0)
		_exit(got != want);
	return got != want || wait_for(pid) != 0;
}

static void by_instruction(void)
{
	if (!(getauxval(AT_HWCAP2) & 2)) {
		skip("no FSGSBASE", "gs may look like the kernel's");
		skip("no FSGSBASE", "gs may be zero");
		skip("no FSGSBASE", "a child has its parent's gs");
		return;
	}
	child_ok(kernel_like_gs, (void *)0xffff888000001000UL,
		 "a base of gs like the kernel's survives faults, calls, sleep and signals");
	child_ok(kernel_like_gs, (void *)0, "so does zero");
	child_ok(forks_with_gs, NULL, "a child has its parent's base of gs");
}

/* Where the descriptor table lies is the kernel's affair: refused, or answered with a fixed lie. */
static int ask_for_gdt(void *arg)
{
	struct {
		unsigned short limit;
		unsigned long base;
	} __attribute__((packed)) gdt = { 0, 0 };

	(void)arg;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	return gdt.base == 0xfffffffffffe0000UL ? 42 : 1;
}

static void table_address(void)
{
	int status = child(ask_for_gdt, NULL);

	ok((status & 0x7f) == SIGSEGV || status == EXITED(42),
	   "sgdt does not tell where the kernel's table is");
}

/* SYSCALL as the last instruction below the end of user addresses returns to a bad one. */
static int at_the_edge(void *arg)
{
	unsigned long top = (unsigned long)arg;
	unsigned char *p = mmap((void *)(top - PAGE), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		return errno == ENOMEM || errno == EPERM ? 42 : 1;
	p[PAGE - 2] = 0x0f;
	p[PAGE - 1] = 0x05;
	__asm__ volatile("jmp *%0" :: "r"(p + PAGE - 2), "a"((long)SYS_getpid)
			 : "rcx", "r11", "memory");
	return 2;
}

static void edge(void)
{
	int status = child(at_the_edge, (void *)user_top());

	ok((status & 0x7f) == SIGSEGV,
	   "a call in the last bytes of the user half kills only its process");
	ok(child(at_the_edge, (void *)(user_top() + PAGE)) == EXITED(42),
	   "one page higher nothing can be mapped");
}

static void body(void)
{
	calls();
	upper_half_of_number();
	over_signals();
	flags();
	trap_flag();
	bases();
	selectors();
	by_instruction();
	table_address();
	edge();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "executed") == 0)
		return executed();
	return tap_run(body, 10);
}
