/* vmcoreinfo.c - what drgn, crash and makedumpfile must know before they read anything else of
 * a dump: where the page tables are, where the image lies, how struct page looks.
 * Locks:  none; made once, before there is a second processor.
 * Read:   drivers/fw_cfg.c, which tells QEMU of it; kernel/gdb/README.md for what the tools make of
 *         it. */
#include <debug/vmcoreinfo.h>

#include <stdarg.h>

#include <asm/page.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <proc/utsname.h>

#define NOTE_NAME	"VMCOREINFO"

static struct {
	u32	name_bytes;
	u32	text_bytes;
	u32	type;		/* 0 */
	char	name[ALIGN_UP(sizeof(NOTE_NAME), 4)];
	char	text[2048];
} __aligned(4) note;

extern char __text_start[];

static __printf(1, 2) void add(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note.text_bytes += vsnprintf(note.text + note.text_bytes,
				     sizeof(note.text) - note.text_bytes, fmt, args);
	va_end(args);
}

#define ADD_SIZE(type)		add("SIZE(%s)=%lu\n", #type, sizeof(struct type))
#define ADD_OFFSET(type, field)	add("OFFSET(%s.%s)=%lu\n", #type, #field, \
				    offsetof(struct type, field))

static void add_structures(void)
{
	ADD_SIZE(page);
	ADD_OFFSET(page, flags);
	ADD_OFFSET(page, _refcount);
	ADD_OFFSET(page, mapping);
	ADD_OFFSET(page, _mapcount);
	ADD_SIZE(list_head);
	ADD_OFFSET(list_head, next);
	ADD_OFFSET(list_head, prev);
}

void vmcoreinfo_init(void)
{
	struct new_utsname uts;

	get_utsname(&uts);
	note.name_bytes = sizeof(NOTE_NAME);
	memcpy(note.name, NOTE_NAME, sizeof(NOTE_NAME));
	add("OSRELEASE=%s\nPAGESIZE=%lu\n", uts.release, PAGE_SIZE);
	add("SYMBOL(swapper_pg_dir)=%lx\n", (unsigned long)init_mm.pgd);
	add("SYMBOL(_stext)=%lx\n", (unsigned long)__text_start);
	add("NUMBER(phys_base)=%ld\nNUMBER(pgtable_l5_enabled)=0\n", phys_base);
	add("KERNELOFFSET=0\n");	/* what debug info says of the image holds at run time */
	add_structures();
}

const void *vmcoreinfo_note(size_t *bytes)
{
	*bytes = offsetof(typeof(note), text) + ALIGN_UP(note.text_bytes, 4);
	return &note;
}
