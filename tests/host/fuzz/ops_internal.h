/* ops_internal.h - what the files of operations share: the input, and how a result is looked at. */
#ifndef FUZZ_OPS_INTERNAL_H
#define FUZZ_OPS_INTERNAL_H

#include "model.h"

#define RW	(PROT_READ | PROT_WRITE)

int lib_snprintf(char *buf, size_t size, const char *fmt, ...);

extern unsigned int cpu;		/* that the operation runs on */
extern u64 serial;			/* of writes, so that each writes something else */
extern bool fails;			/* an allocation of the last call did */
extern const struct range nothing;

/* The next byte, or two if need be; zeros when there are no more. */
unsigned int take(void);
unsigned int take_below(unsigned int n);
struct range take_range(void);

/* A line for those who want to know what went before. */
void remember(const char *line);

#define say(fmt, ...)									\
	do {										\
		char line_[200];							\
											\
		lib_snprintf(line_, sizeof(line_), "  %u@%u " fmt "\n",			\
			     proc->slot, cpu, ##__VA_ARGS__);				\
		remember(line_);							\
	} while (0)

/* Around what is to have the failures that were asked for. */
void arm(void);
void disarm(void);

/* The call with the failures that were asked for. */
#define TRY(call)			\
	({				\
		long ret_;		\
					\
		arm();			\
		ret_ = (long)(call);	\
		disarm();		\
		ret_;			\
	})

/* Panics if they differ. */
void expect(long got, long want);
/* False: it was stopped by want of memory, and the model has what became of @a and @b. */
bool met(struct proc *proc, long got, long want, struct range a, struct range b);
/* Pages were brought in as far as there was memory. */
bool populated(struct proc *proc, struct range r);

void op_map(struct proc *proc);
void op_map_anywhere(struct proc *proc);
void op_unmap(struct proc *proc);
void op_protect(struct proc *proc);
void op_brk(struct proc *proc);
void op_advise(struct proc *proc);
void op_populate(struct proc *proc);
void op_lock(struct proc *proc);
void op_move(struct proc *proc);
void op_duplicate(struct proc *proc);
void op_resize(struct proc *proc);
void op_resize_anywhere(struct proc *proc);
void op_fork(struct proc *proc);
void op_exit(struct proc *proc);
void op_write(struct proc *proc);
void op_read(struct proc *proc);
void op_exec(struct proc *proc);
void op_remote(struct proc *proc);
void op_truncate(struct proc *proc);
void op_punch(struct proc *proc);
void op_file_write(struct proc *proc);
void op_rmap(struct proc *proc);
void op_reclaim(struct proc *proc);
void op_reclaim_any(struct proc *proc);
void op_disk(struct proc *proc);
void op_bad_disk(struct proc *proc);
void op_swapoff(struct proc *proc);
void begin_swap(void);
void end_swap(void);		/* disks work again; what is out stays out */
void end_process(struct proc *proc);

#endif
