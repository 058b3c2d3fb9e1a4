/* stop.c - one processor has the machine for itself, for somebody who reads all of memory.
 * The kernel is not preempted inside itself, so a processor that enters schedule() holds no
 * spinning lock and has finished whatever it did to its per-processor data. That is where the
 * others are stopped, in two steps, since one that waits for answers to a TLB flush must get them
 * before it can come:
 *
 *	the one that stops		each other
 *	stop_requested, interrupts	need_resched; comes to schedule()
 *					arrived; waits with interrupts on, so it still answers
 *	all have arrived: hold		interrupts off; held
 *	all are held: interrupts off
 *	...				nothing
 *	!hold, !stop_requested		takes itself off both masks, goes on
 *
 * Locks:  none. The caller of stop_others() keeps others from calling it.
 * Read:   core.c: do_schedule(); mm/verify.c, which uses it. */
#include <sched/stop.h>

#include <asm/atomic.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/smp.h>
#include <debug/assert.h>
#include <sync/lock_rank.h>

bool stop_requested;
static bool hold;			/* [atomic] everybody has arrived */
static unsigned long arrived, held;	/* [atomic] bit per processor */

void stop_here(void)
{
	unsigned int cpu = smp_processor_id();

	local_irq_enable();
	set_bit_atomic(cpu, &arrived);
	while (READ_ONCE(stop_requested) && !READ_ONCE(hold))
		cpu_relax();
	local_irq_disable();
	set_bit_atomic(cpu, &held);
	while (READ_ONCE(stop_requested))
		cpu_relax();
	clear_bit_atomic(cpu, &held);
	clear_bit_atomic(cpu, &arrived);
}

void stop_others(void)
{
	unsigned long others = READ_ONCE(cpu_online_mask) & ~BIT(smp_processor_id());

	might_sleep();
	ASSERT(!irqs_disabled() && !stop_requested);
	WRITE_ONCE(stop_requested, true);
	smp_mb();
	/* A processor that has not seen the request in schedule(), where its interrupts are off,
	 * gets this afterwards and comes again. */
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		if (others & BIT(cpu))
			arch_send_reschedule(cpu);
	while (READ_ONCE(arrived) != others)
		cpu_relax();
	WRITE_ONCE(hold, true);
	while (READ_ONCE(held) != others)
		cpu_relax();
	local_irq_disable();
	smp_mb();
}

void resume_others(void)
{
	smp_mb();
	WRITE_ONCE(hold, false);
	WRITE_ONCE(stop_requested, false);
	while (READ_ONCE(arrived))	/* or the next stop would find them there */
		cpu_relax();
	local_irq_enable();
}
