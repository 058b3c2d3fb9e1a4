/* kallsyms.h - the names of the kernel's functions, for backtraces and /proc/kallsyms.
 * The kernel is linked twice: first with an empty table, then with the table that
 * kernel/debug/kallsyms.awk makes from the first link's symbols. The table lies behind everything
 * that it names, so the second link moves no function.
 * Holds:  kallsyms[] is sorted by offset; a function ends where the next one begins, and the last
 *         entry is __text_end. Constant data, no locks. */
#ifndef DEBUG_KALLSYMS_H
#define DEBUG_KALLSYMS_H

#include <lib/types.h>

#define KALLSYMS_BASE	0xffffffff80000000UL

struct ksym {
	u32	offset;		/* address - KALLSYMS_BASE, as linked */
	u32	name;		/* where the name begins in kallsyms_names[] */
};

extern const struct ksym kallsyms[];
extern const u32 nr_kallsyms;
extern const char kallsyms_types[];	/* nm's letter for each: T if it is global, else t */
extern const char kallsyms_names[];	/* NUL-terminated strings, one behind the other */

#endif
