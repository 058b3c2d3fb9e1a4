/* cpu.h - bringing a processor into the state that the kernel runs in. */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <lib/types.h>

struct cpu_local;

/* IST slots of the TSS, as the descriptor table names them. */
#define IST_DOUBLE_FAULT	1
#define IST_NMI			2
#define IST_MACHINE_CHECK	3

/* Once, first: fills cpu_features; panics if too little is there. */
void cpu_detect(void);
/* Each processor, by itself: tables, MSRs, control registers. */
void cpu_init(struct cpu_local *cpu);
/* Guarded stacks for @cpu's IST slots. After mm_init(). 0 or -ENOMEM. */
int cpu_alloc_ist(struct cpu_local *cpu);

/* Go to another stack for good (switch.asm). fn does not return. */
void __noreturn call_on_stack(void *top, void (*fn)(void));

#endif
