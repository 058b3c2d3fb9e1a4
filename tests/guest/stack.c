/* stack.c - stacks that grow on demand: how far, and where they stop. */
#include "tap.h"
#include <sys/resource.h>

#define RW	(PROT_READ | PROT_WRITE)

/* Uses @kib KiB of stack, a page per call; the sum keeps the compiler honest. */
static __attribute__((noinline)) unsigned int dig(unsigned int kib)
{
	volatile unsigned char page[4096];
	unsigned int below;

	page[0] = (unsigned char)kib;
	page[4095] = 1;
	if (kib < 4)
		return page[4095];
	below = dig(kib - 4);
	return below + page[4095] + (page[0] == (unsigned char)kib ? 0 : 100000);
}

static int dig_mib(void *mib)
{
	unsigned int kib = (unsigned int)(uintptr_t)mib * 1024;

	return dig(kib) >= kib / 4 ? 0 : 1;
}

static char alt[16384];

static void overflow_handler(int sig, siginfo_t *info, void *uc)
{
	char *at = info->si_addr, *sp = (char *)((ucontext_t *)uc)->uc_mcontext.gregs[REG_RSP];

	(void)sig;
	_exit(at > sp - 8192 && at < sp + 8192 && info->si_code == SEGV_MAPERR ? 42 : 43);
}

static int overflow(void *arg)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction sa;

	(void)arg;
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = overflow_handler;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	if (sigaltstack(&st, NULL) || sigaction(SIGSEGV, &sa, NULL))
		return 1;
	return (int)dig(1024 * 1024);
}

static int overflow_plain(void *arg)
{
	(void)arg;
	return (int)dig(1024 * 1024);
}

static int with_limit(void *mib)
{
	struct rlimit r = { (uintptr_t)mib * MIB, (uintptr_t)mib * MIB };

	if (setrlimit(RLIMIT_STACK, &r))
		return 1;
	return overflow(NULL);
}

static int far_below(void *arg)
{
	char here;
	volatile char *below = hide((unsigned long)&here - 2 * MIB);

	(void)arg;
	/* Far below the stack pointer but within the limit: it is stack all the same. */
	*below = 1;
	return *below == 1 ? 0 : 1;
}

static void main_stack(void)
{
	struct rlimit r;
	struct vma v;
	char here;

	must(getrlimit(RLIMIT_STACK, &r) == 0);
	is(r.rlim_cur, 8 * MIB, "the stack limit is 8 MiB");
	child_ok(dig_mib, (void *)1, "1 MiB of stack can be used");
	child_ok(dig_mib, (void *)7, "7 MiB of stack can be used");
	child_ok(far_below, NULL, "the stack grows to an access far below it");
	is(child(overflow, NULL), EXITED(42),
	   "beyond the limit it is SEGV_MAPERR, handled on the alternate stack");
	is(child(overflow_plain, NULL) & 0x7f, SIGSEGV, "without a handler it kills");
	is(child(with_limit, (void *)2), EXITED(42), "a lower limit holds at once");
	must(vma_in(&here, &here + 1, 0, &v));
	ok(v.end - v.start < 4 * MIB, "the stack's mapping has only the size that was used");
}

static void grows_down(void)
{
	char *top = free_range(512 * PAGE) + 400 * PAGE, *p;
	struct vma v;

	p = mmap(top - PAGE, PAGE, RW,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	ok(p == top - PAGE, "a MAP_GROWSDOWN mapping can be made");
	p[0] = 1;
	no_fault(WRITE, top - 2 * PAGE, "a touch of the page below makes it grow");
	no_fault(WRITE, top - 10 * PAGE, "a touch further down too");
	ok(vma_in(top - PAGE, top, 0, &v) && v.start == (unsigned long)(top - 10 * PAGE) &&
	   v.end == (unsigned long)top, "it is one mapping with the right ends");
	is(p[0], 1, "its content is kept");
	faults(READ, top, SIGSEGV, SEGV_MAPERR, "it does not grow upwards");
	munmap(top - 512 * PAGE, 600 * PAGE);
}

/* Between a growing stack and what lies below a gap of 256 pages stays free. */
static void guard_gap(void)
{
	char *low = free_range(1024 * PAGE), *top = low + 1000 * PAGE;

	map_at(low, PAGE, RW);
	must(mmap(top - PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1,
		  0) == top - PAGE);
	no_fault(WRITE, low + 300 * PAGE, "it grows to 300 pages above another mapping");
	faults(WRITE, low + 200 * PAGE, SIGSEGV, SEGV_MAPERR,
	       "it does not grow into the guard gap");
	no_fault(WRITE, low, "the mapping below the gap is untouched");
	munmap(low, 1024 * PAGE);

	map_at(low, 100 * PAGE, PROT_NONE);
	must(mmap(low + 101 * PAGE, PAGE, RW,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0) != MAP_FAILED);
	no_fault(WRITE, low + 100 * PAGE, "an inaccessible neighbour needs no gap");
	faults(WRITE, low + 99 * PAGE, SIGSEGV, SEGV_ACCERR, "and stays inaccessible");
	munmap(low, 1024 * PAGE);
}

/* mmap without a place never lands so close below a stack that this could not grow. */
static void no_squatters(void)
{
	struct vma v;
	char here;
	int i, near = 0;
	char *got[200];

	must(vma_in(&here, &here + 1, 0, &v));
	for (i = 0; i < 200; i++) {
		got[i] = map_anon(64 * PAGE, RW);
		near += (unsigned long)got[i] + 64 * PAGE > v.end - 8 * MIB &&
			(unsigned long)got[i] < v.end;
	}
	is(near, 0, "mmap keeps out of the 8 MiB that the stack may grow to");
	for (i = 0; i < 200; i++)
		munmap(got[i], 64 * PAGE);
}

static int child_of_deep(void *arg)
{
	(void)arg;
	dig(512);
	return 0;
}

static void forked(void)
{
	volatile char mine[64 * 1024];
	size_t i;
	int bad = 0;

	for (i = 0; i < sizeof(mine); i++)
		mine[i] = 7;
	child_ok(child_of_deep, NULL, "a child's stack grows on its own");
	for (i = 0; i < sizeof(mine); i++)
		bad += mine[i] != 7;
	is(bad, 0, "the parent's stack is left alone");
}

static void body(void)
{
	main_stack();
	grows_down();
	guard_gap();
	no_squatters();
	forked();
}

int main(void)
{
	return tap_run(body, 10);
}
