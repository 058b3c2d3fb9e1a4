/* proc.c - bringing this folder up. Called by sched_init(), when slabs exist. */
#include <proc/process.h>

#include <proc/futex.h>
#include <proc/signal.h>

void proc_init(void)
{
	fork_init();
	signal_init();
	futex_init();
}
