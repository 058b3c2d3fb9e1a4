/* timer.h - the processor's clocks. The rest of the kernel uses <sched/clock.h>. */
#ifndef ASM_TIMER_H
#define ASM_TIMER_H

#include <lib/types.h>

void timekeeping_early_init(void);	/* first thing: the moment that counts as boot */
void timekeeping_init(void);		/* once: measure both, read the time of day */
void timekeeping_init_cpu(void);	/* each processor: its timer may interrupt from here on */
/* Both processors at once, while one is being started: makes the new one's clock agree. */
void timer_sync_source(void);	/* on the running one */
void timer_sync_target(void);	/* on the new one */
void udelay(unsigned int microseconds);

#endif
