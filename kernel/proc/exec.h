/* exec.h - a new image while it is being put together; shared by exec.c, exec_args.c,
 * exec_elf.c. */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include <lib/elf.h>
#include <lib/types.h>

#define BINPRM_BYTES	256		/* of the file's head that decide what it is */
#define STACK_TOP	0x7ffffffff000UL

/* Strings, one behind the other, each with its NUL, in pages of the kernel's. */
struct exec_strings {
	void		**pages;
	unsigned int	nr_pages, max_pages;
	size_t		bytes;		/* in all strings */
	size_t		limit;		/* what strings and pointers together may need */
	size_t		stack_limit;	/* what the stack that they come to may have */
	size_t		above;		/* of the stack, taken by what lies above the strings */
	unsigned int	argc, envc;
	/* offsets of the first environment string, and execfn */
	size_t		env_at, name_at;
	/* what lies before it is left out: argument 0 of a script */
	size_t		start;
};

struct exec_image {
	struct file		*file;		/* the ELF file, after scripts are resolved */
	const char		*name;		/* as given to execve */
	char			head[BINPRM_BYTES];
	struct mm_struct	*mm;		/* new, nobody else's */
	struct exec_strings	strings;	/* arguments, environment, execfn */
	struct exec_strings	prefix;		/* what scripts put in front of the arguments */
	u32			euid, egid;
	bool			secure;		/* the program has more rights than who calls it */
	/* exec_elf.c */
	unsigned long		entry;		/* where the thread begins */
	unsigned long		prog_entry;	/* AT_ENTRY */
	unsigned long		phdr, phnum;	/* AT_PHDR, AT_PHNUM */
	unsigned long		base;		/* AT_BASE: of the interpreter, or 0 */
	unsigned long		vdso;		/* AT_SYSINFO_EHDR */
	unsigned long		sp;
};

/* exec_args.c */
void strings_init(struct exec_strings *s);
void strings_free(struct exec_strings *s);
int strings_add(struct exec_strings *s, const char *string);		/* -E2BIG, -ENOMEM */
/* @prefix, still empty, is to lie below @s: what it may need is what that leaves. */
void strings_put_below(struct exec_strings *prefix, const struct exec_strings *s);
/* All strings of the vector @ptrs; *count grows by their number. @kernel: it is the kernel's own.
 * -EFAULT too. */
int strings_add_vector(struct exec_strings *s, char *const *ptrs, bool kernel, unsigned int *count);
size_t strings_first_length(const struct exec_strings *s);		/* with its NUL */
/* Write the initial stack of @image->mm: strings, vectors, auxv. Sets image->sp. */
int exec_build_stack(struct exec_image *image, bool exec_stack);

/* exec_elf.c: map what image->file says into image->mm. -ENOEXEC, -ENOMEM ... */
int exec_load_elf(struct exec_image *image, bool *exec_stack);

#endif
