/* model.h - what processes should see: a few processes of a few pages each, and the files and
 * shared memory behind them, in plain arrays. */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <mm/mm.h>

#define NR_WINDOWS	4 /* places where things are mapped; brk is in the first one */
#define WINDOW_PAGES	16
#define NR_PAGES	(NR_WINDOWS * WINDOW_PAGES)
#define NR_FILES	3
#define FILE_PAGES	12		/* of WINDOW_PAGES that an object may have */
#define MAX_PROCS	6

/* What a shared mapping or a file holds. */
struct object {
	struct file *file, *read_only; /* NULL: shared anonymous memory, the kernel's own file */
	unsigned int	refs;		/* model pages that name it; named files have one more */
	size_t		size;		/* bytes */
	u8		*data[WINDOW_PAGES];	/* NULL: zeros */
};

/* One page of a process. */
struct mpage {
	bool		mapped, shared, down, dontfork, wipe;
	bool		never_write;	/* a shared page of a file that is open for reading only */
	bool		locked, on_fault;	/* on_fault: locked, but not brought in for that */
	bool		lazy;		/* MADV_FREE: own may have become zeros */
	u8		prot;
	struct object	*object;	/* NULL: anonymous and private */
	unsigned long	index;		/* in the object */
	u8		*own;		/* private copy, NULL: none */
};

struct proc {
	struct mm_struct	*mm;
	unsigned int slot; /* its two threads run on processors 2 * slot and 2 * slot + 1 */
	unsigned long		brk;
	struct mpage		pages[NR_PAGES];
};

/* Pages [first, first + nr) of the model, all in one window. */
struct range {
	unsigned int first, nr;
};

extern struct proc *procs[MAX_PROCS];
extern unsigned int nr_procs;
extern struct object *files[NR_FILES];

unsigned long addr_of(unsigned int page);
/* The model page at @addr, or NR_PAGES. */
unsigned int page_of(unsigned long addr);

struct object *object_new(struct file *file, size_t size);
void object_put(struct object *object);

/* 0 or the VM_FAULT_* bit that an access ends with. */
vm_fault_t expected_fault(const struct mpage *page, bool write);
/* Where a write goes, made if need be. */
u8 *writable_bytes(struct mpage *page);
/* @bytes have been written to page @i, @at bytes from its start. */
void model_write(struct proc *proc, unsigned int i, unsigned int at, const void *bytes, size_t nr);
/* Is page @i out, in a slot that no disk can read just now? */
bool slot_is_bad(struct proc *proc, unsigned int i);
/* What private copy a page of the kernel's must be: the same bytes, not those of its file any
 * more. */
void model_own(struct mpage *page);
void drop_own(struct mpage *page);
void model_unmap(struct mpage *page);
/* A touch of page @i makes the stack above it grow, if there is one that may. */
void model_touch(struct proc *proc, unsigned int i);
/* What bringing pages in changes: private writable ones no longer follow their file. What cannot be
 * had ends it for its area, not for the next ones. False: there was such a page. */
bool model_populate(struct proc *proc, struct range r);
/* Pages of @r go to those from @to on. @keep: the old ones stay, without their own copies. */
void model_move(struct proc *proc, struct range r, unsigned int to, bool keep);
/* Page @to becomes one more place for what is @offset pages behind page @from. */
void model_map_again(struct proc *proc, unsigned int from, unsigned int to, unsigned int offset);
/* The pages of @r lie behind a mapping that grew: as the one before. */
void model_grow(struct proc *proc, struct range r);
/* The area that page @i is in is not locked any more. */
void model_unlock_area(struct proc *proc, unsigned int i);
void model_truncate(struct object *object, size_t size);
void model_punch(struct object *object, unsigned long first, unsigned long nr);
struct proc *model_fork(struct proc *parent, struct mm_struct *mm);
void model_exit(struct proc *proc);

/* An operation failed for want of memory, and what it had done by then may stay: in the two ranges
 * pages that have gone, and rights and flags as the areas have them; private copies anywhere. */
void model_adopt(struct proc *proc, struct range a, struct range b);

/* The bytes of page @i have been read, as @found. Panics if they differ. */
void check_bytes(struct proc *proc, unsigned int i, const u8 *found);
/* Read a page, or all of all processes, and compare. Panics. What no disk can read now is left
 * out. */
void check_page(struct proc *proc, unsigned int cpu, unsigned int i);
void check_processes(void);

#endif
