/* elf.c - program files made by hand: the smallest good ones, and every way to be corrupt.
 * A corrupt file must be refused with ENOEXEC (or another errno) or kill its own process alone. */
#include "tap.h"
#include "elfimage.h"
#include <sys/stat.h>

#define NAME	"/tmp/elf"
#define BASE	0x10000000UL

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	unsigned char text[512];
};

static struct image im;

/* A good static program: one segment with the headers and the code. */
static void good(void)
{
	memset(&im, 0, sizeof(im));
	im.eh = elf_header(BASE + offsetof(struct image, text), offsetof(struct image, ph), 1);
	im.ph[0].p_type = PT_LOAD;
	im.ph[0].p_flags = PF_R | PF_X;
	im.ph[0].p_vaddr = BASE;
	im.ph[0].p_filesz = sizeof(im);
	im.ph[0].p_memsz = sizeof(im);
	im.ph[0].p_align = PAGE;
	memcpy(im.text, exit_42, sizeof(exit_42));
}

static void write_image(size_t size)
{
	int fd = open(NAME, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	must(fd >= 0);
	must(write(fd, &im, size) == (ssize_t)size);
	close(fd);
}

/* Wait status of the program; EXITED(100 + errno) when exec itself fails. */
static int run(size_t size)
{
	char *argv[] = { NAME, NULL }, *envp[] = { NULL };
	pid_t pid;

	write_image(size);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		execve(NAME, argv, envp);
		_exit(100 + (errno < 100 ? errno : 100));
	}
	return wait_for(pid);
}

static bool refused(int status)
{
	return status == EXITED(100 + ENOEXEC);
}

/* Refused with any error, or killed by a signal after the point of no return. */
static bool harmless(int status)
{
	return (status & 0x7f) != 0 || (status >> 8) > 100;
}

static void good_ones(void)
{
	good();
	is(run(sizeof(im)), EXITED(42), "the smallest static program runs");
	good();
	im.eh.e_type = ET_DYN;
	im.eh.e_entry = offsetof(struct image, text);
	im.ph[0].p_vaddr = 0;
	is(run(sizeof(im)), EXITED(42), "a position-independent one runs");
	good();
	im.eh.e_phnum = 2;
	im.ph[1].p_type = 0x6474e551;	/* PT_GNU_STACK */
	im.ph[1].p_flags = PF_R | PF_W;
	is(run(sizeof(im)), EXITED(42), "segments that are not PT_LOAD are passed over");
	good();
	im.eh.e_ident[EI_OSABI] = 77;
	is(run(sizeof(im)), EXITED(42), "the OS ABI byte is not looked at");
	good();
	im.eh.e_shoff = 0xffffffffffUL;
	im.eh.e_shnum = 1000;
	is(run(sizeof(im)), EXITED(42), "section headers are not looked at");
}

/* mov al, [BASE + 0x2000 + n]; the byte becomes the exit status. */
static void load_byte(unsigned int at)
{
	static const unsigned char tail[] = { 0x0f, 0xb6, 0x3f, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };

	im.text[0] = 0xbf;		/* mov edi, imm32 */
	memcpy(im.text + 1, &at, 4);
	memcpy(im.text + 5, tail, sizeof(tail));	/* movzx edi, byte [rdi]; exit */
}

static void bss(void)
{
	good();
	im.eh.e_phnum = 2;
	im.ph[1] = im.ph[0];
	im.ph[1].p_flags = PF_R | PF_W;
	im.ph[1].p_vaddr = BASE + 0x2000;
	im.ph[1].p_filesz = 0x40;
	im.ph[1].p_memsz = 0x3000;
	load_byte(BASE + 0x2000 + 1);
	is(run(sizeof(im)), EXITED('E'), "a data segment holds the file's bytes");
	load_byte(BASE + 0x2000 + 0x40);
	is(run(sizeof(im)), 0, "the bytes after them in the same page are zero");
	load_byte(BASE + 0x2000 + 0x2fff);
	is(run(sizeof(im)), 0, "whole pages of bss are zero");
	load_byte(BASE + 0x2000 + 0x3000);
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "beyond the segment there is nothing");
	load_byte(BASE + 0x1000);
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "between the segments there is nothing");
}

static void protection(void)
{
	good();
	im.ph[0].p_flags = PF_R;
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "a segment without PF_X is not executable");
	good();
	/* mov byte [BASE + 0x180], 1 */
	memcpy(im.text, "\xc6\x04\x25\x80\x01\x00\x10\x01", 8);
	memcpy(im.text + 8, exit_42, sizeof(exit_42));
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "a segment without PF_W is not writable");
	im.ph[0].p_flags = PF_R | PF_W | PF_X;
	is(run(sizeof(im)), EXITED(42), "a segment with PF_W is");
}

static void bad_headers(void)
{
	good();
	ok(refused(run(0)), "an empty file is ENOEXEC");
	ok(refused(run(4)), "a file of only the magic number is ENOEXEC");
	ok(refused(run(63)), "a header cut short is ENOEXEC");
	im.eh.e_ident[1] = 'e';
	ok(refused(run(sizeof(im))), "a wrong magic number is ENOEXEC");
	good();
	im.eh.e_machine = EM_AARCH64;
	ok(refused(run(sizeof(im))), "another machine is ENOEXEC");
	good();
	im.eh.e_machine = EM_386;
	im.eh.e_ident[EI_CLASS] = ELFCLASS32;
	ok(harmless(run(sizeof(im))), "a 32-bit header around 64-bit content does not run");
	good();
	im.eh.e_type = ET_REL;
	ok(refused(run(sizeof(im))), "an object file is ENOEXEC");
	good();
	im.eh.e_type = ET_CORE;
	ok(refused(run(sizeof(im))), "a core file is ENOEXEC");
	good();
	im.eh.e_phentsize = 55;
	ok(refused(run(sizeof(im))), "a wrong size of program headers is ENOEXEC");
	good();
	im.eh.e_phnum = 0;
	ok(refused(run(sizeof(im))), "no program headers are ENOEXEC");
	good();
	im.eh.e_phnum = 0xffff;
	ok(refused(run(sizeof(im))), "65535 program headers are ENOEXEC");
	good();
	im.eh.e_phnum = 60;
	ok(harmless(run(sizeof(im.eh) + sizeof(im.ph))), "program headers past the end do not run");
	good();
	im.eh.e_phoff = 0x7fffffffffffffffUL;
	ok(harmless(run(sizeof(im))), "a far offset of program headers does not run");
	good();
	im.eh.e_phoff = -8UL;
	ok(harmless(run(sizeof(im))), "a negative offset of program headers does not run");
}

static void bad_segments(void)
{
	good();
	im.ph[0].p_type = PT_NULL;
	ok(harmless(run(sizeof(im))), "no PT_LOAD does not run");
	good();
	im.ph[0].p_filesz = im.ph[0].p_memsz + 1;
	ok(harmless(run(sizeof(im))), "a file size above the memory size does not run");
	good();
	im.ph[0].p_offset = 1;
	ok(harmless(run(sizeof(im))), "offset and address that differ within the page do not run");
	good();
	im.ph[0].p_vaddr = 0xffffffff80000000UL;
	im.eh.e_entry = im.ph[0].p_vaddr + offsetof(struct image, text);
	ok(harmless(run(sizeof(im))), "a segment in the kernel half does not run");
	good();
	im.ph[0].p_vaddr = 1UL << 63;
	ok(harmless(run(sizeof(im))), "a segment at a non-canonical address does not run");
	good();
	im.ph[0].p_memsz = -PAGE;
	ok(harmless(run(sizeof(im))), "a memory size that wraps does not run");
	good();
	im.ph[0].p_filesz = im.ph[0].p_memsz = -1UL;
	ok(harmless(run(sizeof(im))), "an endless segment does not run");
	good();
	im.ph[0].p_memsz = 1UL << 57;
	ok(harmless(run(sizeof(im))), "a segment larger than the address space does not run");
	good();
	im.ph[0].p_offset = 1UL << 40;
	ok(harmless(run(sizeof(im))), "an offset far past the end of the file does not run");
	good();
	im.ph[0].p_offset = -PAGE;
	ok(harmless(run(sizeof(im))), "a negative offset does not run");
	good();
	im.eh.e_phnum = 2;
	im.ph[1] = im.ph[0];
	im.ph[1].p_vaddr = user_top() - PAGE;
	im.ph[1].p_memsz = 0x10000;
	ok(harmless(run(sizeof(im))), "a segment over the top of the user half does not run");
}

static void bad_entry(void)
{
	good();
	im.eh.e_entry = 0;
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "an entry at 0 kills by SIGSEGV");
	good();
	im.eh.e_entry = (unsigned long)KERNEL_ADDR;
	ok(harmless(run(sizeof(im))), "an entry in the kernel does not run");
	good();
	im.eh.e_entry = 1UL << 63;
	ok(harmless(run(sizeof(im))), "a non-canonical entry does not run");
	good();
	im.eh.e_entry = BASE + 0x1000000;
	is(run(sizeof(im)) & 0x7f, SIGSEGV, "an entry outside of all segments kills by SIGSEGV");
}

static void bad_interpreter(void)
{
	good();
	im.eh.e_phnum = 2;
	im.ph[1].p_type = PT_INTERP;
	im.ph[1].p_offset = offsetof(struct image, text) + 100;
	strcpy((char *)im.text + 100, "/tmp/no-such-loader");
	im.ph[1].p_filesz = 20;
	ok(harmless(run(sizeof(im))), "an interpreter that does not exist does not run");
	im.ph[1].p_filesz = 19;
	ok(harmless(run(sizeof(im))), "an interpreter's name without an end does not run");
	im.ph[1].p_filesz = 1UL << 40;
	ok(harmless(run(sizeof(im))), "an endless interpreter's name does not run");
}

/* Every byte of the headers takes some other value: nothing may hurt anyone else. */
static void damaged(void)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	size_t at, i;
	int survived = 0;

	for (at = 0; at < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); at++) {
		i = at % sizeof(values);
		good();
		((unsigned char *)&im)[at] = values[i];
		run(sizeof(im));
		survived++;
	}
	is(survived, (long)(sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)),
	   "with any one byte of the headers damaged only the process itself suffers");
	good();
	is(run(sizeof(im)), EXITED(42), "after all that a good program still runs");
}

/* ---- alignment ---- */

#define INTERP	"/tmp/elf-interpreter"

static const unsigned char pause_for_ever[] = { 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7 };

/* A position-independent program of one segment that does nothing for ever. Linux zeroes the rest
 * of an interpreter's last page, which must be writable. */
static void position_independent(unsigned long align)
{
	good();
	im.eh.e_type = ET_DYN;
	im.eh.e_entry = offsetof(struct image, text);
	im.ph[0].p_flags |= PF_W;
	im.ph[0].p_vaddr = 0;
	im.ph[0].p_align = align;
	memcpy(im.text, pause_for_ever, sizeof(pause_for_ever));
}

/* Where @path begins in @pid, once it is there; 0: it never is. */
static unsigned long place_of(pid_t pid, const char *path)
{
	unsigned long at = 0, start;
	char line[256], maps[64];
	int tries;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	for (tries = 0; !at && tries < 500; tries++) {
		FILE *f = fopen(maps, "r");

		while (!at && f && fgets(line, sizeof(line), f))
			if (sscanf(line, "%lx-", &start) == 1 && strstr(line, path) &&
			    line[strlen(line) - 2] == path[strlen(path) - 1])
				at = start;
		if (f)
			fclose(f);
		if (!at)
			usleep(10000);
	}
	return at;
}

/* Run the image, and find the file @path in it. */
static unsigned long placed(const char *path)
{
	char *argv[] = { NAME, NULL }, *envp[] = { NULL };
	unsigned long at;
	pid_t pid;

	write_image(sizeof(im));
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		execve(NAME, argv, envp);
		_exit(100);
	}
	at = place_of(pid, path);
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
	return at;
}

static void with_interpreter(unsigned long align)
{
	position_independent(align);
	im.eh.e_phnum = 2;
	im.ph[1].p_type = PT_INTERP;
	im.ph[1].p_offset = offsetof(struct image, text) + 100;
	im.ph[1].p_filesz = sizeof(INTERP);
	strcpy((char *)im.text + 100, INTERP);
}

static void aligned(void)
{
	const unsigned long aligns[] = { 64 << 10, 2 << 20, 1 << 30, 3 << 20, 0 };
	const char *names[] = { "64 KiB", "2 MiB", "1 GiB", "no power of two", "0" };
	unsigned long at, mask;
	size_t i;

	for (i = 0; i < COUNT(aligns); i++) {
		mask = i < 3 ? aligns[i] - 1 : PAGE - 1;
		position_independent(PAGE);
		write_image(sizeof(im));
		must(rename(NAME, INTERP) == 0);
		with_interpreter(aligns[i]);
		at = placed(NAME);
		ok(at && !(at & mask), "a program aligned to %s has a place (%lx)", names[i], at);
		if (!on_avocet()) {
			skip("6.1 does not align these", "the two that Linux 6.1 does not align");
			continue;
		}
		position_independent(aligns[i]);
		at = placed(NAME);
		ok(at && !(at & mask), "without an interpreter too (%lx)", at);
		write_image(sizeof(im));
		must(rename(NAME, INTERP) == 0);
		with_interpreter(PAGE);
		at = placed(INTERP);
		ok(at && !(at & mask), "so has an interpreter (%lx)", at);
	}
	unlink(INTERP);
}

static void body(void)
{
	good_ones();
	bss();
	protection();
	bad_headers();
	bad_segments();
	bad_entry();
	bad_interpreter();
	damaged();
	aligned();
	unlink(NAME);
}

int main(void)
{
	return tap_run(body, 20);
}
