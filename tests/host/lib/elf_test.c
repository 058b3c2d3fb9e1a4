/* elf_test.c - lib/elf.h read against this very program and its auxiliary vector. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lib/elf.h>

#include "test.h"

/* libc's; its header includes libc's own <elf.h>, whose names are lib's too. */
unsigned long getauxval(unsigned long type);

static const u8 *image;
static const struct elf64_ehdr *ehdr;

static int map_this_program(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct stat st;

	(void)state;
	if (fd < 0 || fstat(fd, &st))
		return -1;
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ehdr = (const struct elf64_ehdr *)image;
	close(fd);
	return image == MAP_FAILED;
}

static void header_describes_this_program(void **state)
{
	(void)state;
	assert_memory_equal(ehdr->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(ehdr->e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(ehdr->e_ident[EI_DATA], ELFDATA2LSB);
	assert_int_equal(ehdr->e_ident[EI_VERSION], EV_CURRENT);
	assert_true(ehdr->e_type == ET_EXEC || ehdr->e_type == ET_DYN);
	assert_int_equal(ehdr->e_machine, EM_X86_64);
	assert_int_equal(ehdr->e_ehsize, sizeof(struct elf64_ehdr));
	assert_int_equal(ehdr->e_phentsize, sizeof(struct elf64_phdr));
	assert_int_equal(ehdr->e_shentsize, sizeof(struct elf64_shdr));
	assert_int_equal(ehdr->e_phnum, getauxval(AT_PHNUM));
}

static void segments_are_where_the_kernel_put_them(void **state)
{
	const struct elf64_phdr *ph = (const void *)(image + ehdr->e_phoff);
	unsigned long base = 0;
	int i, entries = 0, stacks = 0;

	(void)state;
	for (i = 0; i < ehdr->e_phnum; i++) {
		if (ph[i].p_type == PT_PHDR)
			base = getauxval(AT_PHDR) - ph[i].p_vaddr;
		if (ph[i].p_type == PT_LOAD && ph[i].p_flags == (PF_R | PF_X))
			entries += ehdr->e_entry - ph[i].p_vaddr < ph[i].p_filesz;
		stacks += ph[i].p_type == PT_GNU_STACK && !(ph[i].p_flags & PF_X);
	}
	assert_int_equal(entries, 1);
	assert_int_equal(stacks, 1);
	assert_true(getauxval(AT_ENTRY) == base + ehdr->e_entry);
}

int main(void);

static void symbol_table_knows_main(void **state)
{
	const struct elf64_shdr *sh = (const void *)(image + ehdr->e_shoff);
	unsigned long base = getauxval(AT_ENTRY) - ehdr->e_entry;
	const struct elf64_sym *sym;
	const char *names;
	int i, found = 0;
	u64 n;

	(void)state;
	for (i = 0; i < ehdr->e_shnum; i++) {
		if (sh[i].sh_type != SHT_SYMTAB)
			continue;
		assert_int_equal(sh[i].sh_entsize, sizeof(*sym));
		sym = (const void *)(image + sh[i].sh_offset);
		names = (const char *)image + sh[sh[i].sh_link].sh_offset;
		for (n = 0; n < sh[i].sh_size / sizeof(*sym); n++) {
			if (strcmp(names + sym[n].st_name, "main"))
				continue;
			found++;
			assert_int_equal(ELF64_ST_TYPE(sym[n].st_info), STT_FUNC);
			assert_int_equal(ELF64_ST_BIND(sym[n].st_info), STB_GLOBAL);
			assert_true(base + sym[n].st_value == (unsigned long)main);
		}
	}
	assert_int_equal(found, 1);
}

static void auxiliary_vector_has_what_its_names_say(void **state)
{
	(void)state;
	assert_non_null((void *)getauxval(AT_RANDOM));
	assert_non_null(strstr((const char *)getauxval(AT_EXECFN), "elf_test"));
	assert_int_equal(getauxval(AT_PAGESZ), 4096);
	assert_int_equal(getauxval(AT_PHENT), sizeof(struct elf64_phdr));
	assert_int_equal(getauxval(AT_CLKTCK), sysconf(_SC_CLK_TCK));
	assert_int_equal(getauxval(AT_UID), getuid());
	assert_int_equal(getauxval(AT_EGID), getegid());
	assert_int_equal(getauxval(AT_SECURE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_describes_this_program),
		cmocka_unit_test(segments_are_where_the_kernel_put_them),
		cmocka_unit_test(symbol_table_knows_main),
		cmocka_unit_test(auxiliary_vector_has_what_its_names_say),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, map_this_program, NULL);
}
