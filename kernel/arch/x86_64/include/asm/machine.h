/* machine.h - the end: power off, reset, and telling QEMU how it went. */
#ifndef ASM_MACHINE_H
#define ASM_MACHINE_H

#include <lib/types.h>

/* Values for QEMU's isa-debug-exit device: its exit status is 2 * value + 1. */
#define DEBUG_EXIT_COMPLETED	16	/* 33 */
#define DEBUG_EXIT_PANIC	17	/* 35 */

void debug_exit(u8 value);		/* returns where there is no such device */
void __noreturn machine_power_off(void);
void __noreturn machine_restart(void);
void __noreturn machine_halt(void);

#endif
