/* segments.c - selectors that do not exist: each segment register, loaded by an instruction or
 * by sigreturn. The signal tells trap, error code and SI_KERNEL. There is no LDT. */
#include "tap.h"
#include <sys/ucontext.h>

#define TRAP_PROTECTION	13
#define STRICT_SS	4	/* UC_STRICT_RESTORE_SS: ss as the frame has it */

/* Selectors with RPL 3: of the LDT, of the GDT behind its end, of the kernel's segment 2. */
#define LDT_FIRST	0x07
#define LDT_SECOND	0x0f
#define LDT_LAST	0xffff
#define GDT_LAST	0xfffb
#define KERNELS		0x13

static sigjmp_buf back;
static volatile struct {
	int sig, code;
	long trap, error;
	void *addr;
} seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	seen.sig = sig;
	seen.code = info->si_code;
	seen.addr = info->si_addr;
	seen.trap = uc->uc_mcontext.gregs[REG_TRAPNO];
	seen.error = uc->uc_mcontext.gregs[REG_ERR];
	siglongjmp(back, 1);
}

#define LOAD(reg) \
	static void load_##reg(unsigned int selector) \
	{ \
		__asm__ volatile("mov %w0, %%" #reg : : "r"(selector)); \
	}

LOAD(ds)
LOAD(es)
LOAD(fs)
LOAD(gs)
LOAD(ss)

/* A far return would do, too, but QEMU 7.2 reads its stack with the kernel's rights, and faults. */
static void load_cs(unsigned int selector)
{
	static struct __attribute__((packed)) {
		unsigned int offset;
		unsigned short selector;
	} target;

	target.offset = (unsigned int)(unsigned long)load_cs;
	target.selector = (unsigned short)selector;
	__asm__ volatile("ljmpl *%0" : : "m"(target));
}

enum { REG_CS, REG_SS };

static int frame_reg;
static unsigned int frame_selector;

/* The halves of this word of the frame: cs, gs, fs, ss. */
static void change_frame(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *word = &uc->uc_mcontext.gregs[REG_CSGSFS];
	int shift = frame_reg == REG_CS ? 0 : 48;

	(void)sig;
	(void)info;
	*word = (greg_t)(((unsigned long)*word & ~(0xffffUL << shift)) |
			 (unsigned long)frame_selector << shift);
}

static void by_sigreturn(int reg, unsigned int selector)
{
	frame_reg = reg;
	frame_selector = selector;
	raise(SIGUSR1);
}

static void return_cs(unsigned int selector)
{
	by_sigreturn(REG_CS, selector);
}

static void return_ss(unsigned int selector)
{
	by_sigreturn(REG_SS, selector);
}

/* Linux leaves by another way for an ss of the LDT, and loses the error code there. */
static long expected_error(void (*load)(unsigned int), unsigned int selector)
{
	return load == return_ss && selector & 4 && !on_avocet() ? 0 : (long)(selector & 0xfffc);
}

static void refused(void (*load)(unsigned int), unsigned int selector, const char *name)
{
	long error = expected_error(load, selector);

	memset((void *)&seen, 0, sizeof(seen));
	if (!sigsetjmp(back, 1))
		load(selector);
	ok(seen.sig == SIGSEGV && seen.code == SI_KERNEL && !seen.addr,
	   "%s, selector %#x: SIGSEGV, SI_KERNEL, no address", name, selector);
	ok(seen.trap == TRAP_PROTECTION && seen.error == error,
	   "%s, selector %#x: general protection, with the selector as error code", name, selector);
	if (seen.trap != TRAP_PROTECTION || seen.error != error)
		diag("signal %d code %d addr %p trap %ld error %#lx", seen.sig, seen.code,
		     seen.addr, seen.trap, (unsigned long)seen.error);
}

static void all(void)
{
	static const struct {
		const char *name;
		void (*load)(unsigned int);
	} ways[] = {
		{ "ds", load_ds }, { "es", load_es }, { "fs", load_fs }, { "gs", load_gs },
		{ "ss", load_ss }, { "cs", load_cs },
		{ "cs by sigreturn", return_cs }, { "ss by sigreturn", return_ss },
	};
	static const unsigned int selectors[] = {
		LDT_FIRST, LDT_SECOND, LDT_LAST, GDT_LAST, KERNELS,
	};

	for (size_t w = 0; w < COUNT(ways); w++)
		for (size_t s = 0; s < COUNT(selectors); s++)
			refused(ways[w].load, selectors[s], ways[w].name);
	refused(load_ss, 3, "ss");
	refused(load_cs, 3, "cs");
	refused(return_ss, 0, "ss by sigreturn");
	refused(return_cs, 0, "cs by sigreturn");
}

static void forgive(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_flags &= ~(unsigned long)STRICT_SS;
	change_frame(sig, info, context);
}

/* What works: null in the four that are not used, and a frame that does not insist on its ss. */
static void harmless(void)
{
	struct sigaction act = { .sa_sigaction = forgive, .sa_flags = SA_SIGINFO };

	load_ds(0);
	load_es(3);
	ok(true, "ds and es take a null selector");
	must(sigaction(SIGUSR1, &act, NULL) == 0);
	return_ss(LDT_FIRST);
	ok(true, "without UC_STRICT_RESTORE_SS a bad ss is put right");
}

static int killed(void *arg)
{
	signal(SIGSEGV, SIG_DFL);
	by_sigreturn(*(int *)arg, LDT_FIRST);
	return 1;
}

static void body(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int cs = REG_CS, ss = REG_SS;

	must(sigaction(SIGSEGV, &act, NULL) == 0 && sigaction(SIGBUS, &act, NULL) == 0);
	act.sa_sigaction = change_frame;
	must(sigaction(SIGUSR1, &act, NULL) == 0);
	all();
	is(child(killed, &cs) & 0x7f, SIGSEGV, "a bad cs kills who does not catch it");
	is(child(killed, &ss) & 0x7f, SIGSEGV, "and a bad ss");
	harmless();
}

int main(void)
{
	return tap_run(body, 60);
}
