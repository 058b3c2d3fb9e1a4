/* mprotect.c - changing what a mapping allows, and what the processor then does. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

static void effect(void)
{
	char *p = map_at(free_range(3 * PAGE), 3 * PAGE, RW);

	memset(p, 0x42, 3 * PAGE);
	is(mprotect(p + PAGE, PAGE, PROT_READ), 0, "written memory can be made read-only");
	faults(WRITE, p + PAGE, SIGSEGV, SEGV_ACCERR, "a write to it is SEGV_ACCERR");
	faults(WRITE, p + 2 * PAGE - 1, SIGSEGV, SEGV_ACCERR,
	       "si_addr is exact in the page's last byte");
	is(p[PAGE], 0x42, "its content is still there");
	ok((p[PAGE - 1] = 1) && (p[2 * PAGE] = 1), "the pages around it can still be written");
	is(mprotect(p + PAGE, PAGE, PROT_NONE), 0, "it can be made inaccessible");
	faults(READ, p + PAGE, SIGSEGV, SEGV_ACCERR, "a read of it is SEGV_ACCERR");
	is(mprotect(p + PAGE, PAGE, RW), 0, "it can be made writable again");
	is(p[PAGE], 0x42, "its content has survived");
	no_fault(WRITE, p + PAGE, "it can be written again");
	munmap(p, 3 * PAGE);

	map_at(p, 2 * PAGE, PROT_NONE);
	faults(READ, p, SIGSEGV, SEGV_ACCERR, "memory mapped PROT_NONE cannot be read");
	must(mprotect(p, PAGE, RW) == 0);
	is(p[0], 0, "made readable it is zero");
	munmap(p, 2 * PAGE);
}

static void untouched(void)
{
	char *p = map_anon(2 * PAGE, PROT_READ);

	is(p[0], 0, "read-only memory reads as zero");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "the zero page behind it cannot be written");
	must(mprotect(p, 2 * PAGE, RW) == 0);
	p[0] = 5;
	is(p[0], 5, "after mprotect it can");
	is(p[PAGE], 0, "and no other page has changed");
	munmap(p, 2 * PAGE);
}

static void execute(void)
{
	unsigned char *p = (unsigned char *)map_anon(PAGE, RW);

	p[0] = 0xc3;
	faults(EXEC, p, SIGSEGV, SEGV_ACCERR, "data cannot be executed");
	must(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
	no_fault(EXEC, p, "after mprotect it can");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "but not be written");
	must(mprotect(p, PAGE, PROT_READ) == 0);
	faults(EXEC, p, SIGSEGV, SEGV_ACCERR, "and it can be taken back");
	must(mprotect(p, PAGE, PROT_EXEC) == 0);
	no_fault(EXEC, p, "memory that may only be executed can be executed");
	munmap(p, PAGE);
}

static void refused(void)
{
	char *p = map_at(free_range(4 * PAGE), 4 * PAGE, RW);
	int fd = make_file("/tmp/mprotect", 1);
	int ro = open("/tmp/mprotect", O_RDONLY);
	char *f;

	fails(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL,
	      "an address inside a page is EINVAL");
	is(mprotect(p, 0, PROT_READ), 0, "a length of 0 does nothing");
	fails(syscall(SYS_mprotect, p, PAGE, 0x1000), EINVAL, "unknown bits are EINVAL");
	fails(syscall(SYS_mprotect, p, -PAGE, PROT_READ), ENOMEM, "a length that wraps is ENOMEM");
	fails(syscall(SYS_mprotect, 0xffff800000000000UL, PAGE, PROT_READ), ENOMEM,
	      "a kernel address is ENOMEM");
	must(munmap(p + 2 * PAGE, PAGE) == 0);
	fails(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM, "a hole in the range is ENOMEM");
	faults(WRITE, p + PAGE, SIGSEGV, SEGV_ACCERR, "what lies before the hole is changed");
	no_fault(WRITE, p + 3 * PAGE, "what lies after it is not");
	munmap(p, 4 * PAGE);
	fails(mprotect(p, PAGE, PROT_READ), ENOMEM, "unmapped memory is ENOMEM");

	f = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	is(mprotect(f, PAGE, RW), 0, "a private mapping of a read-only file can be made writable");
	f[0] = 'X';
	is(f[0], 'X', "and written");
	munmap(f, PAGE);
	close(fd), close(ro);
	unlink("/tmp/mprotect");
}

static int write_it(void *p)
{
	*(volatile char *)p = 9;
	return *(volatile char *)p == 9 ? 0 : 1;
}

/* Making a page writable must not make a page writable that is shared with a child. */
static void with_fork(void)
{
	char *p = map_anon(2 * PAGE, RW);
	int status;
	pid_t pid;

	memset(p, 7, 2 * PAGE);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		mprotect(p, 2 * PAGE, PROT_READ);
		mprotect(p, 2 * PAGE, RW);
		_exit(write_it(p));
	}
	status = wait_for(pid);
	is(status, 0, "a child can write after toggling the protection");
	is(p[0], 7, "the parent does not see what it wrote");
	munmap(p, 2 * PAGE);
}

static void body(void)
{
	effect();
	untouched();
	execute();
	refused();
	with_fork();
}

int main(void)
{
	return tap_run(body, 10);
}
