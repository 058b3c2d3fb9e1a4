/* exec_elf.c - an ELF64 file into an address space.
 * Everything in the file is checked before it is used, and everything is mapped into a new mm that
 * no thread runs in yet: a bad file costs an errno and nothing else.
 * Programs (ET_EXEC) go where they say, position-independent ones (ET_DYN) to ELF_ET_DYN_BASE, an
 * interpreter (PT_INTERP) into the mmap area. What has no place of its own is moved by a multiple
 * of the largest alignment of its segments. Segments are file mappings; only the page in which a
 * segment's file part ends is written to, to zero its rest.
 * Read:   exec.c; lib/elf.h for the format. */
#include "exec.h"

#include <asm/page.h>
#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/namei.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <proc/task.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>

#define ELF_ET_DYN_BASE	(TASK_SIZE / 3 * 2 & PAGE_MASK)
#define MAX_PHDR_BYTES	65536

/* One ELF file that is being mapped. */
struct elf_file {
	struct file		*file;
	struct elf64_ehdr	ehdr;
	struct elf64_phdr	*phdrs;
	unsigned long		bias;		/* added to every address in the file */
	/* of all segments, bytes, without bias; page aligned */
	unsigned long		low, high;
	unsigned long		align;		/* bias is a multiple of it */
};

static int check_ehdr(const struct elf64_ehdr *ehdr)
{
	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) || ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (ehdr->e_machine != EM_X86_64 || (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN))
		return -ENOEXEC;
	if (ehdr->e_phentsize != sizeof(struct elf64_phdr) || !ehdr->e_phnum ||
	    ehdr->e_phnum * sizeof(struct elf64_phdr) > MAX_PHDR_BYTES)
		return -ENOEXEC;
	return 0;
}

/* One PT_LOAD: sane by itself, and above the one before it, which ends at *@end. */
static int check_segment(const struct elf64_phdr *ph, unsigned long *end)
{
	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > TASK_SIZE || ph->p_vaddr > TASK_SIZE ||
	    ph->p_vaddr + ph->p_memsz > TASK_SIZE)
		return -ENOEXEC;
	if (offset_in_page(ph->p_vaddr) != offset_in_page(ph->p_offset) ||
	    ph->p_offset + ph->p_filesz < ph->p_offset || (s64)(ph->p_offset + ph->p_filesz) < 0)
		return -ENOEXEC;
	if (ph->p_vaddr < *end)
		return -ENOEXEC;
	*end = ph->p_vaddr + ph->p_memsz;
	return 0;
}

static int check_segments(struct elf_file *elf)
{
	unsigned long end = 0;
	unsigned int i;
	int err;

	elf->low = ~0UL;
	elf->align = PAGE_SIZE;
	for (i = 0; i < elf->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &elf->phdrs[i];

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = check_segment(ph, &end);
		if (err)
			return err;
		if (elf->low == ~0UL)
			elf->low = ph->p_vaddr & PAGE_MASK;
		if (!(ph->p_align & (ph->p_align - 1)))	/* what is no power of two means nothing */
			elf->align = max(elf->align, ph->p_align);
	}
	elf->high = PAGE_ALIGN(end);
	return elf->low == ~0UL ? -ENOEXEC : 0;
}

/* Read and check the headers of elf->file, whose ELF header is in place. */
static int read_headers(struct elf_file *elf)
{
	size_t bytes;
	ssize_t n;
	int err = check_ehdr(&elf->ehdr);

	if (err)
		return err;
	if (elf->ehdr.e_phoff > MAX_FILE_BYTES)
		return -ENOEXEC;
	bytes = elf->ehdr.e_phnum * sizeof(struct elf64_phdr);
	elf->phdrs = kmalloc(bytes, GFP_KERNEL);
	if (!elf->phdrs)
		return -ENOMEM;
	n = kernel_read(elf->file, elf->phdrs, bytes, elf->ehdr.e_phoff);
	if (n < 0)
		return n;
	if ((size_t)n != bytes)
		return -ENOEXEC;
	return check_segments(elf);
}

/* ---- mapping ---- */

static unsigned long segment_prot(const struct elf64_phdr *ph)
{
	return ((ph->p_flags & PF_R) ? PROT_READ : 0) | ((ph->p_flags & PF_W) ? PROT_WRITE : 0) |
	       ((ph->p_flags & PF_X) ? PROT_EXEC : 0);
}

/* Zero [addr, end of its page) in the copy that @mm gets of it. */
static int zero_page_rest(struct mm_struct *mm, unsigned long addr)
{
	size_t bytes = PAGE_ALIGN(addr) - addr;
	void *zeros;
	int err;

	if (!bytes)
		return 0;
	zeros = kzalloc(bytes, GFP_KERNEL);
	if (!zeros)
		return -ENOMEM;
	err = access_remote_vm(mm, addr, zeros, bytes, FOLL_WRITE) == bytes ? 0 : -ENOEXEC;
	kfree(zeros);
	return err;
}

static int map_fixed(struct mm_struct *mm, struct file *file, unsigned long start,
		     unsigned long end, unsigned long prot, unsigned long pgoff)
{
	unsigned long flags = MAP_PRIVATE | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
	unsigned long addr;

	if (start >= end)
		return 0;
	addr = do_mmap(mm, file, start, end - start, prot, flags, pgoff);
	if (IS_ERR((void *)addr))
		return PTR_ERR((void *)addr);
	return addr == start ? 0 : -ENOMEM;
}

static int map_segment(struct mm_struct *mm, const struct elf_file *elf,
		       const struct elf64_phdr *ph)
{
	unsigned long start = ph->p_vaddr + elf->bias, prot = segment_prot(ph);
	unsigned long file_end = start + ph->p_filesz, end = start + ph->p_memsz;
	unsigned long anon = start & PAGE_MASK;
	int err;

	if (ph->p_filesz) {
		anon = PAGE_ALIGN(file_end);
		err = map_fixed(mm, elf->file, start & PAGE_MASK, anon, prot,
				ph->p_offset >> PAGE_SHIFT);
		/* The rest of the last page: bss. A segment without the right to write has none. */
		if (!err && end > file_end && (prot & PROT_WRITE))
			err = zero_page_rest(mm, file_end);
		if (err)
			return err;
	}
	return map_fixed(mm, NULL, anon, PAGE_ALIGN(end), prot, 0);
}

static int map_segments(struct mm_struct *mm, const struct elf_file *elf)
{
	unsigned int i;
	int err;

	for (i = 0; i < elf->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &elf->phdrs[i];

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = map_segment(mm, elf, ph);
		if (err)
			return err;
	}
	return 0;
}

/* The places that /proc/PID/stat tells, and where the heap begins. */
static void note_ranges(struct mm_struct *mm, const struct elf_file *elf)
{
	unsigned int i;

	mm->start_code = ~0UL;
	for (i = 0; i < elf->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &elf->phdrs[i];
		unsigned long start = ph->p_vaddr + elf->bias;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		if (start < mm->start_code)
			mm->start_code = start;
		if (ph->p_flags & PF_X)
			mm->end_code = start + ph->p_filesz;
		mm->start_data = start;
		mm->end_data = start + ph->p_filesz;
	}
	mm->start_brk = mm->brk = elf->high + elf->bias;
}

/* Where the program's headers are in memory: in the segment that holds that part of the file. */
static unsigned long phdr_address(const struct elf_file *elf)
{
	unsigned long off = elf->ehdr.e_phoff;
	unsigned int i;

	for (i = 0; i < elf->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &elf->phdrs[i];

		if (ph->p_type == PT_LOAD && off >= ph->p_offset &&
		    off - ph->p_offset < ph->p_filesz)
			return off - ph->p_offset + ph->p_vaddr + elf->bias;
	}
	return 0;
}

/* ---- the interpreter ---- */

static int read_interp_name(const struct elf_file *elf, const struct elf64_phdr *ph, char **name)
{
	ssize_t n;
	char *buf;

	if (ph->p_filesz < 2 || ph->p_filesz > PATH_MAX)
		return -ENOEXEC;
	buf = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	n = kernel_read(elf->file, buf, ph->p_filesz, ph->p_offset);
	if (n != (ssize_t)ph->p_filesz || buf[n - 1]) {
		kfree(buf);
		return n < 0 ? n : -ENOEXEC;
	}
	*name = buf;
	return 0;
}

/* Choose a place for the whole of @elf by mapping it as one piece, as high in there as its
 * alignment allows; the segments then replace that. */
static int reserve(struct mm_struct *mm, struct elf_file *elf)
{
	unsigned long room = elf->high - elf->low + elf->align - PAGE_SIZE;
	unsigned long addr = do_mmap(mm, NULL, 0, room, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);

	if (IS_ERR((void *)addr))
		return PTR_ERR((void *)addr);
	elf->bias = ALIGN_DOWN(addr + room - elf->high, elf->align);
	return do_munmap(mm, addr, room);
}

static int load_interp(struct exec_image *image, const char *name)
{
	struct elf_file elf = { .file = open_exec(AT_FDCWD, name, false) };
	ssize_t n;
	int err;

	if (IS_ERR(elf.file))
		return PTR_ERR(elf.file);
	n = kernel_read(elf.file, &elf.ehdr, sizeof(elf.ehdr), 0);
	err = n == sizeof(elf.ehdr) ? read_headers(&elf) : n < 0 ? n : -ELIBBAD;
	if (err == -ENOEXEC)
		err = -ELIBBAD;
	if (!err && elf.ehdr.e_type == ET_DYN)
		err = reserve(image->mm, &elf);
	if (!err)
		err = map_segments(image->mm, &elf);
	if (!err) {
		image->base = elf.bias;
		image->entry = elf.ehdr.e_entry + elf.bias;
	}
	kfree(elf.phdrs);
	fput(elf.file);
	return err;
}

/* ---- all of it ---- */

/* The program headers that are not segments. */
static int look_at_others(const struct elf_file *elf, char **interp, bool *exec_stack)
{
	unsigned int i;
	int err = 0;

	*exec_stack = false;		/* Linux on x86-64: only if the file asks for it */
	for (i = 0; !err && i < elf->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &elf->phdrs[i];

		if (ph->p_type == PT_INTERP && !*interp)
			err = read_interp_name(elf, ph, interp);
		else if (ph->p_type == PT_GNU_STACK)
			*exec_stack = ph->p_flags & PF_X;
	}
	return err;
}

static int place_program(struct elf_file *elf)
{
	const unsigned long top = STACK_TOP - (1UL << 20);
	unsigned long start;

	if (elf->ehdr.e_type == ET_DYN)
		elf->bias = ALIGN_DOWN(ELF_ET_DYN_BASE - elf->low, elf->align);
	start = elf->low + elf->bias;
	return start < MMAP_MIN_ADDR || start > top || elf->high - elf->low > top - start
		       ? -ENOEXEC : 0;
}

int exec_load_elf(struct exec_image *image, bool *exec_stack)
{
	struct elf_file elf = { .file = image->file };
	char *interp = NULL;
	int err;

	memcpy(&elf.ehdr, image->head, sizeof(elf.ehdr));
	err = read_headers(&elf);
	if (!err)
		err = look_at_others(&elf, &interp, exec_stack);
	if (!err)
		err = place_program(&elf);
	if (!err)
		err = map_segments(image->mm, &elf);
	if (!err) {
		note_ranges(image->mm, &elf);
		image->prog_entry = image->entry = elf.ehdr.e_entry + elf.bias;
		image->phdr = phdr_address(&elf);
		image->phnum = elf.ehdr.e_phnum;
		if (interp)
			err = load_interp(image, interp);
	}
	if (!err && image->entry >= TASK_SIZE)
		err = -ENOEXEC;
	kfree(interp);
	kfree(elf.phdrs);
	return err;
}
