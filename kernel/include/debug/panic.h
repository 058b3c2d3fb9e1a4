/* panic.h - the last words, for those who have a register frame or are told to stop. panic() itself
 * is in assert.h. */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

#include <lib/types.h>
#include <debug/assert.h>
#include <debug/printk.h>

struct pt_regs;

/* Panic on behalf of the code that @regs interrupted. */
void panic_regs(const struct pt_regs *regs, const char *fmt, ...) __printf(2, 3) __noreturn;
/* Stop the machine for what is no fault of the code's: the message only, no registers. */
void panic_plain(const char *fmt, ...) __printf(1, 2) __noreturn;
/* Does not return if another processor is in panic or powers off. For the NMI handler. */
void panic_stop_this_cpu(void);
/* From now on other processors that are asked will stop. */
void panic_begin_stop(void);

#endif
