/* stop.c - "all other processors stand still": here the caller sees to it that no other host thread
 * runs kernel code while it verifies. */
#include <sched/stop.h>

#include <asm/irqflags.h>
#include <debug/assert.h>

void stop_others(void)
{
	ASSERT(!irqs_disabled());
	local_irq_disable();
}

void resume_others(void)
{
	local_irq_enable();
}
