/* elfimage.h - what program files made by hand begin with, and the smallest code. */
#ifndef TESTS_GUEST_ELFIMAGE_H
#define TESTS_GUEST_ELFIMAGE_H

#include <elf.h>
#include <string.h>

/* exit(42) */
static const unsigned char exit_42[] = { 0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };

/* Of a program at fixed addresses, with @phnum program headers at @phoff bytes of the file. */
static inline Elf64_Ehdr elf_header(unsigned long entry, unsigned long phoff, unsigned int phnum)
{
	Elf64_Ehdr eh = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			  .e_entry = entry, .e_phoff = phoff, .e_ehsize = sizeof(eh),
			  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (Elf64_Half)phnum };

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	return eh;
}

#endif
