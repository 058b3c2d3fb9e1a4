/* stop.h - stopping every other processor at a point where it is in the middle of nothing. */
#ifndef SCHED_STOP_H
#define SCHED_STOP_H

#include <lib/types.h>

/* Returns with interrupts off, when every other processor stands in schedule(), interrupts off too:
 * no spinning lock is held anywhere, and no interrupt comes. What tasks hold while they sleep or
 * wait for a processor (sleeping locks, references) they hold on. Interrupts on before; one caller
 * at a time. */
void stop_others(void);
void resume_others(void);	/* they go on; interrupts on again */

/* For schedule() alone. */
extern bool stop_requested;	/* [atomic] */
void stop_here(void);		/* interrupts off before and after, on in between */

#endif
