/* cpu.h - bringing a processor into the state that the kernel runs in. */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <lib/types.h>

struct cpu_local;

/* IST slots of the TSS, as the descriptor table names them. */
#define IST_DOUBLE_FAULT	1
#define IST_NMI			2
#define IST_MACHINE_CHECK	3

/* Each processor, by itself, before anything that may fault: GDT and TSS, and GS to @cpu. */
void cpu_load_tables(struct cpu_local *cpu);
/* Once: fills cpu_features; panics if too little is there. */
void cpu_detect(void);
/* Each processor, by itself, behind the two: MSRs, control registers, FPU. */
void cpu_init(void);
/* Guarded stacks for @cpu's IST slots. After mm_init(). 0 or -ENOMEM. */
int cpu_alloc_ist(struct cpu_local *cpu);

/* Go to another stack for good (switch.asm). fn does not return. */
void __noreturn call_on_stack(void *top, void (*fn)(void));

#endif
