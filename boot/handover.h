/* handover.h - the block of memory that the kernel starts from (handover.c). */
#ifndef BOOT_HANDOVER_H
#define BOOT_HANDOVER_H

#include <efi.h>
#include <boot/bootinfo.h>

#define HANDOVER_STACK_BYTES	16384

/* The loader block, cut into its parts. All of it is below 4 GiB where that is possible. */
struct handover {
	UINT64			start;		/* physical, page-aligned */
	UINT64			size;
	struct boot_info	*info;
	CHAR8			*cmdline;
	struct boot_mem_range	*ranges;
	UINT64			stack_top;
	UINT64			tables;		/* where the page tables begin: the top level */
	BOOLEAN			huge_pages;	/* the processor has 1 GiB pages */
	UINT64			mapped_end;	/* physical memory below this is identity mapped */
};

/* Set the sizes in @h for a block with a command line of @cmdline_bytes (terminator included),
 * @nr_ranges ranges and an identity map up to @memory_end; h->size says how much to allocate. */
void handover_measure(struct handover *h, UINTN cmdline_bytes, UINTN nr_ranges, UINT64 memory_end);

/* Cut the h->size bytes at @start into their parts. Numbers as for handover_measure(). */
void handover_layout(struct handover *h, UINT64 start, UINTN cmdline_bytes, UINTN nr_ranges);

/* Make the page tables: the identity map, and @image_size bytes of kernel at their high address. */
void handover_build_tables(struct handover *h, UINT64 image_start, UINT64 image_size);

/* Leave for good: load the tables and the stack and jump to @entry with the record in RDI.
 * Boot services are gone and interrupts are off. */
void handover_jump(const struct handover *h, UINT64 entry) __attribute__((noreturn));

#endif
