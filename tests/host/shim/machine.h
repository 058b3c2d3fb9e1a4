/* machine.h - a machine for kernel/mm to run on inside a host program: memory, processors,
 * tasks. */
#ifndef SHIM_MACHINE_H
#define SHIM_MACHINE_H

#include <lib/types.h>
#include <asm/page.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <proc/task.h>

/* Make frames and struct pages for @ranges (bytes, page aligned, ascending) accessible, with
 * nothing told to memblock. */
void shim_machine_init(const struct mem_range *ranges, unsigned int nr);
/* The same for the usual 16 MiB in three pieces, then memblock, the kernel's top-level table,
 * mm_init. Takes the baseline for check_nothing_left(). */
void shim_boot(void);
/* The same with 4.5 MiB, for tests that need more than there is. */
void shim_boot_small(void);

/* The calling thread goes on as processor @cpu. */
void shim_set_cpu(unsigned int cpu);
/* Run fn(arg) on processor @cpu in a host thread and task of its own. */
struct os_thread *shim_run_on(unsigned int cpu, void (*fn)(void *), void *arg);

/* Wait until the kernel's own threads sleep, and nothing is under way to or from a disk. */
void shim_settle(void);
/* They do not begin anything until they are let go. */
void shim_hold_kthreads(bool hold);

/* All of every processor's spare frames, tables and objects back to where they came from. */
void shim_drain_all(void);

/* Address spaces that check_all() knows. */
#define MAX_SHIM_MMS	64
extern struct mm_struct *shim_mms[MAX_SHIM_MMS];
extern unsigned int nr_shim_mms;
struct mm_struct *shim_mm_new(void);
struct mm_struct *shim_mm_fork(struct mm_struct *parent);	/* ERR_PTR */
void shim_mm_exit(struct mm_struct *mm);	/* every processor leaves it; then mmput */

/* True if fn(arg) panics with a message that has @text in it. It runs in a copy of the process. */
bool shim_panics(void (*fn)(void *), void *arg, const char *text);
/* True if fn(arg) runs to its end in a copy of the process; prints what it says otherwise. */
bool shim_survives(void (*fn)(void *), void *arg);

/* Hooks, NULL unless a test sets them. */
extern void (*shim_on_resched)(void);		/* in each cond_resched(): it is always time */
extern void (*shim_on_sleep)(void);		/* in schedule_timeout() */
extern void (*shim_on_signal)(int sig, struct task_struct *task);
extern void (*shim_on_panic)(void);		/* after the message */
extern void (*shim_on_point)(void);		/* in each single load of kernel/mm: point.h */
extern bool shim_quiet;				/* printk says nothing */
extern char shim_context[256];			/* what a panic adds: where in a random run */

#endif
