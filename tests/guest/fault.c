/* fault.c - what an access does: pages that appear, and the signals for those that may not. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

static long minor_faults(void)
{
	static char buf[1024];
	char *at;
	ssize_t n;
	int field, fd = open("/proc/self/stat", O_RDONLY);

	must(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	must(n > 0);
	buf[n] = 0;
	at = strrchr(buf, ')');
	for (field = 2; field < 10 && at; field++)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : -1;
}

static void reading(void)
{
	enum { PAGES = 1024 };
	char *p = map_anon(PAGES * PAGE, RW);
	long before, after;
	int i, bad = 0;

	before = meminfo_kib("MemFree");
	for (i = 0; i < PAGES; i++)
		bad += ((volatile char *)p)[(unsigned int)i * PAGE + 17] != 0;
	after = meminfo_kib("MemFree");
	is(bad, 0, "untouched pages read as zero");
	ok(before - after < 2048, "reading 4 MiB of them takes no 4 MiB of memory");
	for (i = 0; i < PAGES; i++)
		p[(unsigned int)i * PAGE] = (char)i;
	for (i = 0; i < PAGES; i++)
		bad += p[(unsigned int)i * PAGE] != (char)i || p[(unsigned int)i * PAGE + 1] != 0;
	is(bad, 0, "a write after a read gives each page its own memory");
	munmap(p, PAGES * PAGE);
	p = map_anon(4 * PAGE, RW);
	for (i = 0; i < (int)(4 * PAGE); i++)
		bad += p[i] != 0;
	is(bad, 0, "the zero page is still zero after that");
	munmap(p, 4 * PAGE);
}

static void writing(void)
{
	enum { PAGES = 256 };
	char *p = map_anon(PAGES * PAGE, RW);
	long before, after;
	int i, bad = 0;

	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	before = minor_faults();
	for (i = 0; i < PAGES; i++)
		p[(unsigned int)i * PAGE] = 1;
	after = minor_faults();
	ok(after - before >= PAGES && after - before < PAGES + 16,
	   "the first write to each page is one fault, counted in /proc/self/stat");
	before = minor_faults();
	for (i = 0; i < PAGES; i++)
		p[(unsigned int)i * PAGE] = 2;
	after = minor_faults();
	ok(after - before < 8, "further writes are none");
	for (i = 0; i < PAGES; i++)
		bad += p[(unsigned int)i * PAGE + 4095] != 0;
	is(bad, 0, "the rest of a written page is zero");
	munmap(p, PAGES * PAGE);
}

static void unmapped(void)
{
	char *p = free_range(2 * PAGE);

	faults(READ, p + 123, SIGSEGV, SEGV_MAPERR, "a read of nothing is SEGV_MAPERR");
	faults(WRITE, p + 4567, SIGSEGV, SEGV_MAPERR, "a write to nothing is SEGV_MAPERR");
	faults(EXEC, p, SIGSEGV, SEGV_MAPERR, "a jump to nothing is SEGV_MAPERR");
	faults(READ, (void *)8, SIGSEGV, SEGV_MAPERR, "a NULL pointer is SEGV_MAPERR");
	faults(WRITE, (void *)0xfffUL, SIGSEGV, SEGV_MAPERR, "so is the last byte of page 0");
	is(fault_last.trapno, 14, "the signal frame tells trap 14");
	is(fault_last.err & 0x6, 0x6, "and the error code of a user's write");
}

static void not_allowed(void)
{
	unsigned char *p = (unsigned char *)map_anon(PAGE, PROT_READ);
	unsigned char *text = (unsigned char *)(uintptr_t)not_allowed;
	static const char constant[] = "constant";

	faults(WRITE, p + 99, SIGSEGV, SEGV_ACCERR, "a write to read-only memory is SEGV_ACCERR");
	faults(EXEC, p, SIGSEGV, SEGV_ACCERR, "a jump to data is SEGV_ACCERR");
	must(mprotect(p, PAGE, PROT_NONE) == 0);
	faults(READ, p, SIGSEGV, SEGV_ACCERR, "a read of PROT_NONE memory is SEGV_ACCERR");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "a write to it too");
	faults(WRITE, text, SIGSEGV, SEGV_ACCERR, "a write to program text is SEGV_ACCERR");
	faults(WRITE, constant, SIGSEGV, SEGV_ACCERR, "a write to a constant is SEGV_ACCERR");
	munmap(p, PAGE);
}

static unsigned char on_data[16] = { 0xc3 };

static void no_execute(void)
{
	unsigned char on_stack[16] = { 0xc3 };

	faults(EXEC, on_stack, SIGSEGV, SEGV_ACCERR, "the stack cannot be executed");
	faults(EXEC, on_data, SIGSEGV, SEGV_ACCERR, "static data cannot be executed");
}

static void outside(void)
{
	struct fault f;

	faults(READ, KERNEL_ADDR, SIGSEGV, SEGV_MAPERR, "a read of kernel text is SEGV_MAPERR");
	faults(WRITE, KERNEL_ADDR, SIGSEGV, SEGV_MAPERR, "a write to kernel text is SEGV_MAPERR");
	faults(EXEC, KERNEL_ADDR, SIGSEGV, SEGV_MAPERR, "a jump to kernel text is SEGV_MAPERR");
	faults(READ, (void *)-8UL, SIGSEGV, SEGV_MAPERR, "a read of the last bytes is SEGV_MAPERR");
	faults(READ, (void *)0xffff888000000000UL, SIGSEGV, SEGV_MAPERR,
	       "a read of the direct map is SEGV_MAPERR");
	is(fault_last.err & 1, 1, "the error code does not tell whether kernel memory is there");
	f = fault_of(READ, NON_CANONICAL);
	ok(f.sig == SIGSEGV && f.code == SI_KERNEL && f.addr == 0,
	   "a read of a non-canonical address is SI_KERNEL without an address");
	is(f.trapno, 13, "it tells trap 13");
	f = fault_of(WRITE, NON_CANONICAL + 0x1234567);
	ok(f.sig == SIGSEGV && f.code == SI_KERNEL, "so is a write to one");
	f = fault_of(EXEC, NON_CANONICAL);
	ok(f.sig == SIGSEGV && f.code == SI_KERNEL, "so is a jump to one");
}

static int touch_null(void *arg)
{
	(void)arg;
	*(volatile char *)hide(8) = 1;
	return 0;
}

static int touch_kernel(void *arg)
{
	(void)arg;
	return *(volatile char *)hide((unsigned long)KERNEL_ADDR);
}

static int blocked_segv(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return touch_null(arg);
}

static int ignored_segv(void *arg)
{
	signal(SIGSEGV, SIG_IGN);
	return touch_null(arg);
}

static int run_ud2(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
	return 0;
}

static int divide(void *arg)
{
	(void)arg;
	__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::: "rax",
			 "rcx", "rdx");
	return 0;
}

static int run_hlt(void *arg)
{
	(void)arg;
	__asm__ volatile("hlt");
	return 0;
}

static int run_int3(void *arg)
{
	(void)arg;
	__asm__ volatile("int3");
	return 0;
}

static int run_int80_like(void *arg)
{
	(void)arg;
	__asm__ volatile("int $0x20");
	return 0;
}

static int run_io(void *arg)
{
	(void)arg;
	__asm__ volatile("outb %%al, $0x80" :: "a"(0));
	return 0;
}

/* Other doors into a kernel. Whatever they do to their process, nobody else may notice. */
static int old_call(void *arg)
{
	(void)arg;
	__asm__ volatile("mov $1, %%eax; xor %%ebx, %%ebx; int $0x80" ::: "rax", "rbx", "memory");
	return 0;
}

static int run_sysenter(void *arg)
{
	(void)arg;
	__asm__ volatile("mov $1, %%eax; mov %%rsp, %%rbp; sysenter" ::: "rax", "memory");
	return 0;
}

static int run_in_system_gates(void *vector)
{
	switch ((unsigned long)vector) {
	case 2:
		__asm__ volatile("int $2");
		break;
	case 8:
		__asm__ volatile("int $8");
		break;
	case 14:
		__asm__ volatile("int $14");
		break;
	default:
		__asm__ volatile("int $0xf0");
		break;
	}
	return 0;
}

static void other_doors(void)
{
	ok(child(old_call, NULL) >= 0, "int 0x80 hurts at most its process");
	ok(child(run_sysenter, NULL) >= 0, "sysenter hurts at most its process");
	is(child(run_in_system_gates, (void *)2) & 0x7f, SIGSEGV,
	   "int 2 is no way to the NMI's gate");
	is(child(run_in_system_gates, (void *)8) & 0x7f, SIGSEGV,
	   "int 8 is none to the double fault's");
	is(child(run_in_system_gates, (void *)14) & 0x7f, SIGSEGV,
	   "int 14 is none to the page fault's");
	is(child(run_in_system_gates, (void *)0xf0) & 0x7f, SIGSEGV,
	   "int 0xf0 is none to a device's");
}

static int signal_of(int status)
{
	return status & 0x7f;
}

static void unhandled(void)
{
	is(signal_of(child(touch_null, NULL)), SIGSEGV, "an unhandled fault kills by SIGSEGV");
	is(signal_of(child(touch_kernel, NULL)), SIGSEGV, "so does a touch of kernel memory");
	is(signal_of(child(blocked_segv, NULL)), SIGSEGV, "blocking SIGSEGV does not help");
	is(signal_of(child(ignored_segv, NULL)), SIGSEGV, "nor does ignoring it");
	is(signal_of(child(run_ud2, NULL)), SIGILL, "an invalid instruction kills by SIGILL");
	is(signal_of(child(divide, NULL)), SIGFPE, "a division by zero kills by SIGFPE");
	is(signal_of(child(run_hlt, NULL)), SIGSEGV, "a privileged instruction kills by SIGSEGV");
	is(signal_of(child(run_int3, NULL)), SIGTRAP, "a breakpoint kills by SIGTRAP");
	is(signal_of(child(run_int80_like, NULL)), SIGSEGV,
	   "a software interrupt kills by SIGSEGV");
	is(signal_of(child(run_io, NULL)), SIGSEGV, "port access kills by SIGSEGV");
}

static void body(void)
{
	reading();
	writing();
	unmapped();
	not_allowed();
	no_execute();
	outside();
	unhandled();
	other_doors();
}

int main(void)
{
	return tap_run(body, 10);
}
