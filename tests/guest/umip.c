/* umip.c - SGDT, SIDT, SLDT, STR and SMSW in user mode give constants that tell nothing, to
 * registers and through every way of addressing; where they cannot write they are page faults. */
#include "tap.h"
#include <cpuid.h>
#include <sys/ucontext.h>

#define GDT_BASE	0xfffffffffffe0000UL
#define IDT_BASE	0xffffffffffff0000UL
#define MSW		0x80050033UL
#define TSS		0x40UL

struct __attribute__((packed)) table {
	uint16_t limit;
	uint64_t base;
	uint8_t behind;
};

static struct table table;
static unsigned char words[16];

static void reset(void)
{
	memset(&table, 0x5a, sizeof(table));
	memset(words, 0x5a, sizeof(words));
}

static bool is_table(uint64_t base)
{
	bool good = table.limit == 0 && table.base == base && table.behind == 0x5a;

	if (!good)
		diag("limit %#x base %#lx behind %#x", table.limit, (unsigned long)table.base,
		     table.behind);
	return good;
}

static void tables(void)
{
	unsigned long middle = (unsigned long)&table;
	unsigned long index = 3;

	reset();
	__asm__ volatile("sgdt %0" : "=m"(table));
	ok(is_table(GDT_BASE), "sgdt: a constant, and ten bytes of it");
	reset();
	__asm__ volatile("sidt (%0)" : : "r"(middle) : "memory");
	ok(is_table(IDT_BASE), "sidt at a register");
	reset();
	__asm__ volatile("sgdt -16(%0,%1,8)" : : "r"(middle - 8), "r"(index) : "memory");
	ok(is_table(GDT_BASE), "sgdt at base, scaled index and a short displacement");
	reset();
	__asm__ volatile("mov %0, %%r13; sidt 0x1000(%%r13)" : : "r"(middle - 0x1000)
			 : "r13", "memory");
	ok(is_table(IDT_BASE), "sidt at r13 and a long displacement");
	reset();
	__asm__ volatile("sgdt table(%%rip)" : : : "memory");
	ok(is_table(GDT_BASE), "sgdt at rip and a displacement");
	reset();
	__asm__ volatile("lea -3(%0), %%r12; sidt 3(%%r12)" : : "r"(middle) : "r12", "memory");
	ok(is_table(IDT_BASE), "sidt at r12, which needs a SIB byte");
	reset();
	__asm__ volatile("sgdt (%k0)" : : "r"(middle) : "memory");
	ok(is_table(GDT_BASE), "sgdt at an address of 32 bits");
}

static void stack_and_segment(void)
{
	unsigned long self, first;
	unsigned short last;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	__asm__ volatile("sub $256, %%rsp; sidt 64(%%rsp); mov 64(%%rsp), %0; mov 72(%%rsp), %1\n\t"
			 "add $256, %%rsp" : "=r"(first), "=r"(last) : : "memory");
	ok(first == IDT_BASE << 16 && last == 0xffff, "sidt on the stack");
	reset();
	__asm__ volatile("sgdt %%fs:(%0)" : : "r"((unsigned long)&table - self) : "memory");
	ok(is_table(GDT_BASE), "sgdt relative to fs");
}

static void values(void)
{
	unsigned long value;

	__asm__ volatile("smsw %k0" : "=r"(value) : "0"(0UL));
	is(value, MSW, "smsw into 32 bits");
	__asm__ volatile("smsw %w0" : "=r"(value) : "0"(0x1111111111111111UL));
	is(value, 0x1111111111110033UL, "smsw into 16 bits leaves the others");
	__asm__ volatile("xor %%r9d, %%r9d; str %%r9d; mov %%r9, %0" : "=r"(value) : : "r9");
	is(value, TSS, "str into r9d");
	__asm__ volatile("sldt %w0" : "=r"(value) : "0"(0x2222222222222222UL));
	is(value, 0x2222222222220000UL, "sldt into 16 bits: there is none");
	reset();
	__asm__ volatile("smsw %0" : "=m"(words[4]) : : "memory");
	ok(words[3] == 0x5a && words[4] == 0x33 && words[5] == 0 && words[6] == 0x5a,
	   "smsw into memory: two bytes");
	__asm__ volatile("str %0" : "=m"(words[8]) : : "memory");
	ok(words[8] == 0x40 && words[9] == 0 && words[10] == 0x5a, "str into memory: two bytes");
}

static sigjmp_buf back;
static volatile struct {
	int sig, code;
	long trap, error;
	void *addr;
	unsigned long rip;
} seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	seen.sig = sig;
	seen.code = info->si_code;
	seen.addr = info->si_addr;
	seen.trap = uc->uc_mcontext.gregs[REG_TRAPNO];
	seen.error = uc->uc_mcontext.gregs[REG_ERR];
	seen.rip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	siglongjmp(back, 1);
}

static unsigned long place;	/* of an instruction */

static void refusals(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *nothing = free_range(PAGE);

	must(sigaction(SIGSEGV, &act, NULL) == 0);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; 1: sidt (%1)"
				 : "=m"(place) : "r"(nothing) : "rax", "memory");
	ok(seen.code == SEGV_MAPERR && seen.addr == nothing && seen.trap == 14 && seen.error == 6,
	   "sidt into nothing is a page fault there");
	ok(seen.rip == place, "and of that instruction");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("lgdt %0" : : "m"(table));
	ok(seen.code == SI_KERNEL && seen.trap == 13, "lgdt is a general-protection fault");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("lmsw %w0" : : "r"(0));
	ok(seen.code == SI_KERNEL && seen.trap == 13, "so is lmsw");
}

static void body(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & 1 << 2)) {
		skip("this processor has no UMIP", "SGDT and the like in user mode");
		return;
	}
	tables();
	stack_and_segment();
	values();
	refusals();
}

int main(void)
{
	return tap_run(body, 60);
}
