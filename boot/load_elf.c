/* load_elf.c - places the kernel's segments.
 * The kernel may lie at any multiple of 2 MiB, so the file is first measured, then copied to the
 * memory that the caller found.
 * Holds:  after kernel_image_parse() every offset in the file's headers has been checked, and
 *         kernel_image_place() cannot fail. */
#include <boot/load_elf.h>
#include <boot/bootinfo.h>

struct elf_header {
	UINT8	ident[16];
	UINT16	type;
	UINT16	machine;
	UINT32	version;
	UINT64	entry;
	UINT64	phoff;
	UINT64	shoff;
	UINT32	flags;
	UINT16	ehsize;
	UINT16	phentsize;
	UINT16	phnum;
	UINT16	shentsize;
	UINT16	shnum;
	UINT16	shstrndx;
};

struct elf_segment {
	UINT32	type;
	UINT32	flags;
	UINT64	offset;
	UINT64	vaddr;
	UINT64	paddr;
	UINT64	filesz;
	UINT64	memsz;
	UINT64	align;
};

#define ELF_IDENT	0x00010102464c457fULL	/* magic, 64 bit, little endian, version 1 */
#define ELF_TYPE_EXEC	2
#define ELF_MACHINE_X86	62
#define ELF_SEGMENT_LOAD 1

/* A file and an image larger than this are a mistake. The kernel's window is 1 GiB. */
#define IMAGE_MAX	(512ULL << 20)

static const struct elf_segment *segment_at(const struct kernel_image *image, UINTN i)
{
	const struct elf_header *elf = (const void *)image->file;

	return (const void *)(image->file + elf->phoff + i * sizeof(struct elf_segment));
}

static UINT64 ident_of(const struct elf_header *elf)
{
	UINT64 ident = 0;
	UINTN i;

	for (i = 0; i < 8; i++)
		ident |= (UINT64)elf->ident[i] << (8 * i);
	return ident & 0x00ffffffffffffffULL;	/* the eighth byte names an ABI */
}

static const CHAR16 *check_header(const struct kernel_image *image)
{
	const struct elf_header *elf = (const void *)image->file;

	if (image->file_size < sizeof(*elf) || ident_of(elf) != ELF_IDENT)
		return L"not a 64-bit ELF file";
	if (elf->type != ELF_TYPE_EXEC || elf->machine != ELF_MACHINE_X86)
		return L"not an x86-64 executable";
	if (elf->phentsize != sizeof(struct elf_segment) || elf->phoff > image->file_size ||
	    elf->phnum * sizeof(struct elf_segment) > image->file_size - elf->phoff)
		return L"truncated program headers";
	return NULL;
}

static const CHAR16 *check_segment(const struct kernel_image *image, const struct elf_segment *seg)
{
	if (seg->offset > image->file_size || seg->filesz > image->file_size - seg->offset)
		return L"truncated segment";
	if (seg->memsz < seg->filesz || seg->memsz > IMAGE_MAX || seg->paddr > IMAGE_MAX)
		return L"segment of impossible size";
	if (seg->paddr < BOOT_KERNEL_LMA || seg->vaddr != BOOT_KERNEL_VMA + seg->paddr)
		return L"segment outside the kernel's window";
	return NULL;
}

const CHAR16 *kernel_image_parse(struct kernel_image *image, const void *file, UINT64 file_size)
{
	const struct elf_header *elf = file;
	const struct elf_segment *seg;
	const CHAR16 *error;
	UINT64 end = 0;
	UINTN i;

	image->file = file;
	image->file_size = file_size;
	error = check_header(image);
	if (error)
		return error;

	for (i = 0; i < elf->phnum; i++) {
		seg = segment_at(image, i);
		if (seg->type != ELF_SEGMENT_LOAD)
			continue;
		error = check_segment(image, seg);
		if (error)
			return error;
		if (seg->paddr + seg->memsz > end)
			end = seg->paddr + seg->memsz;
	}
	image->lma_start = BOOT_KERNEL_LMA;
	if (end <= image->lma_start)
		return L"no loadable segment";
	image->size = end - image->lma_start;
	image->entry = elf->entry;
	if (image->entry < BOOT_KERNEL_VMA + image->lma_start ||
	    image->entry >= BOOT_KERNEL_VMA + end)
		return L"entry point outside the image";
	return NULL;
}

void kernel_image_place(const struct kernel_image *image, UINT8 *dest)
{
	const struct elf_header *elf = (const void *)image->file;
	const struct elf_segment *seg;
	UINT64 at;
	UINTN i;

	for (at = 0; at < image->size; at++)
		dest[at] = 0;
	for (i = 0; i < elf->phnum; i++) {
		seg = segment_at(image, i);
		if (seg->type != ELF_SEGMENT_LOAD)
			continue;
		for (at = 0; at < seg->filesz; at++)
			dest[seg->paddr - image->lma_start + at] = image->file[seg->offset + at];
	}
}
