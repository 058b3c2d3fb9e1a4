/* balance.c - which processor a thread runs on.
 * A thread that wakes up goes to an idle processor if there is one, first of all to the one that it
 * ran on last, whose caches may still know it. A processor about to go idle pulls a waiting thread
 * from another; and every fourth tick a busy one does so if another is clearly busier.
 * Locks:  two run queues at a time: the second by trylock only, so their order does not matter.
 * Read:   core.c. */
#include "internal.h"

#include <proc/task.h>

/* Where is @task, which is in no queue, to run? Claims an idle processor, so that the next waker
 * looks for another. */
unsigned int select_cpu(struct task_struct *task)
{
	unsigned long allowed = task->cpus_allowed & READ_ONCE(cpu_online_mask);
	unsigned long idle = READ_ONCE(idle_mask) & allowed;
	unsigned int cpu = task->cpu;

	if (idle) {
		if (!(idle & BIT(cpu)))
			cpu = __builtin_ctzl(idle);
		clear_bit_atomic(cpu, &idle_mask);
		return cpu;
	}
	if (!(allowed & BIT(cpu)) && allowed)
		cpu = __builtin_ctzl(allowed);
	return cpu;
}

/* The processor with most waiting threads but @self's; -1: nobody waits anywhere. */
static int busiest(unsigned int self)
{
	unsigned int cpu, nr, most = 0;
	int found = -1;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		nr = READ_ONCE(runqueues[cpu].nr_queued);
		if (cpu != self && nr > most) {
			most = nr;
			found = cpu;
		}
	}
	return found;
}

/* The last thread in @from's order that may run on @cpu. */
static struct task_struct *movable(struct runqueue *from, unsigned int cpu)
{
	struct rb_node *node;

	for (node = rb_last(&from->tree); node; node = rb_prev(node)) {
		struct task_struct *task = rb_entry(node, struct task_struct, run_node);

		if (task->cpus_allowed & BIT(cpu))
			return task;
	}
	return NULL;
}

bool pull_task(struct runqueue *rq)
{
	unsigned int self = rq - runqueues;
	int cpu = nr_cpus > 1 ? busiest(self) : -1;
	struct task_struct *task;
	struct runqueue *from;

	if (cpu < 0)
		return false;
	from = &runqueues[cpu];
	if (!rq_trylock(from))
		return false;
	task = movable(from, self);
	if (task) {
		rq_dequeue(from, task);
		task->vruntime += rq->min_vruntime - from->min_vruntime;
		task->cpu = self;
		rq_enqueue(rq, task);
	}
	rq_unlock(from);
	return task;
}
