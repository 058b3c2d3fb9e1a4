/* pie.c - a static position-independent program: loaded anywhere, relocated by itself. */
#include "tap.h"
#include <elf.h>
#include <sys/auxv.h>

extern char __ehdr_start[], etext[], end[];

static int value = 17;
static int *pointer = &value;
static int (*const functions[])(void *) = { hang, NULL };
static const char *const words[] = { "first", "second" };

static void relocated(void)
{
	ok(pointer == &value && *pointer == 17, "a pointer to data is relocated");
	ok(functions[0] == hang && functions[1] == NULL, "a table of functions is relocated");
	ok(strcmp(words[1], "second") == 0, "a table of strings is relocated");
}

static void placed(void)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)__ehdr_start;
	unsigned long base = (unsigned long)__ehdr_start;
	struct vma v;

	is(eh->e_type, ET_DYN, "the program is position-independent");
	ok(base % PAGE == 0 && base > 0x10000, "it is loaded at a page, away from address 0");
	is(getauxval(AT_PHDR), base + eh->e_phoff, "AT_PHDR is where its headers are");
	is(getauxval(AT_ENTRY), base + eh->e_entry, "AT_ENTRY is where it begins");
	ok(vma_in(__ehdr_start, __ehdr_start + 1, 0, &v) && v.start == base && v.offset == 0,
	   "/proc/self/maps shows it there");
	ok(vma_in(&value, &value + 1, 0, &v) && strcmp(v.perm, "rw-p") == 0,
	   "its data can be written");
	ok(vma_in((void *)functions, functions + 1, 0, &v) && strcmp(v.perm, "r--p") == 0,
	   "its relocated constants cannot");
	ok(set_brk(NULL) > end || set_brk(NULL) < __ehdr_start, "the heap does not lie in it");
}

static int exec_again(void *arg)
{
	char *argv[] = { "pie", "again", NULL }, *envp[] = { NULL };

	execve("/proc/self/exe", argv, envp);
	return arg != NULL;
}

static void body(void)
{
	relocated();
	placed();
	is(child(exec_again, NULL), EXITED(23), "it can be executed again");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		return pointer == &value ? 23 : 24;
	return tap_run(body, 10);
}
