/* backtrace.h - which functions called which. */
#ifndef DEBUG_BACKTRACE_H
#define DEBUG_BACKTRACE_H

#include <lib/types.h>

struct pt_regs;

/* Print the callers of the frame at @rbp, after @rip itself if it is not 0. Any context; @rbp may
 * be garbage. */
void show_backtrace(unsigned long rip, unsigned long rbp);
void show_regs(const struct pt_regs *regs);
/* The name of the function that waits, behind those of the scheduler and of locks, on the stack
 * that was left at @sp. False: there is none to be found; the stack may be in use by now. */
bool waiting_function(char *buf, size_t size, unsigned long sp);
/* Print `function+0xoff/0xsize` into @buf, or the bare address. */
void symbol_name(char *buf, size_t size, unsigned long addr);

#endif
