/* segment.h - selectors of the global descriptor table. SYSCALL and SYSRET fix the order: kernel
 * code, kernel data; then a slot that stays empty (32-bit user code), user data, user code. */
#ifndef ASM_SEGMENT_H
#define ASM_SEGMENT_H

#define KERNEL_CS	0x10
#define KERNEL_DS	0x18
#define USER_DS		0x2b
#define USER_CS		0x33
#define TSS_SELECTOR	0x38
#define GDT_ENTRIES	9	/* the TSS takes two */
#define SYSRET_BASE	0x23	/* + 8: user data, + 16: user code */

#endif
