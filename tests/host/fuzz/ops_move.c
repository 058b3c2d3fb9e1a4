/* ops_move.c - mremap with all its flags.
 * Read:   ops.c for the input, model.h for the other side. */
#include "ops_internal.h"

#include <mm/internal.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

static bool too_long(struct proc *proc, unsigned int page, unsigned int nr)
{
	struct mpage *first = &proc->pages[page];

	return first->object && first->index + nr > WINDOW_PAGES;
}

/* What mremap drops before it looks further: what is at the destination, what is too much. */
static void drop_for_move(struct proc *proc, struct range r, struct range to)
{
	for (unsigned int i = 0; i < to.nr; i++)
		model_unmap(&proc->pages[to.first + i]);
	for (unsigned int i = to.nr; i < r.nr; i++)
		model_unmap(&proc->pages[r.first + i]);
}

void op_move(struct proc *proc)
{
	struct range r = take_range(), to = { take_below(NR_PAGES), r.nr };
	unsigned int how = take();
	unsigned long addr = addr_of(r.first), flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr);
	bool keep = how % 4 == 3;
	long want = addr_of(to.first), got;

	if (how % 4 == 2)
		to.nr = 1 + how / 4 % (r.nr + 4);
	if (to.first % WINDOW_PAGES + to.nr > WINDOW_PAGES || too_long(proc, r.first, to.nr))
		return;
	say("mremap page %u+%u to %u+%u%s", r.first, r.nr, to.first, to.nr,
	    keep ? " dontunmap" : "");
	flags |= keep ? MREMAP_DONTUNMAP : 0;
	if (!vma)
		want = -EFAULT;
	else if (r.first < to.first + to.nr && to.first < r.first + r.nr)
		want = -EINVAL;
	else if (min(r.nr, to.nr) * PAGE_SIZE > vma->vm_end - addr)
		want = -EFAULT;
	got = TRY(do_mremap(proc->mm, addr, r.nr * PAGE_SIZE, to.nr * PAGE_SIZE, flags,
			    addr_of(to.first)));
	if (!met(proc, got, want, r, to))
		return;
	if (vma && want != -EINVAL)
		drop_for_move(proc, r, to);
	if (want < 0)
		return;
	model_move(proc, (struct range){ r.first, min(r.nr, to.nr) }, to.first, keep);
	if (keep)
		model_unlock_area(proc, r.first);
	if (to.nr > r.nr)
		model_grow(proc, (struct range){ to.first + r.nr, to.nr - r.nr });
	if (fails)
		model_adopt(proc, nothing, nothing);
}

/* An old length of 0: a shared mapping is mapped once more. */
void op_duplicate(struct proc *proc)
{
	struct range to = take_range();
	unsigned int from = take_below(NR_PAGES);
	long want = addr_of(to.first), got;

	if (too_long(proc, from, to.nr))
		return;
	say("mremap page %u+0 to %u+%u", from, to.first, to.nr);
	if (!proc->pages[from].mapped)
		want = -EFAULT;
	else if (from > to.first && from < to.first + to.nr)
		want = -EINVAL;
	else if (from == to.first)
		want = -EFAULT;		/* it has just been unmapped itself */
	else if (!proc->pages[from].shared)
		want = -EINVAL;
	got = TRY(do_mremap(proc->mm, addr_of(from), 0, to.nr * PAGE_SIZE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, addr_of(to.first)));
	if (!met(proc, got, want, to, nothing))
		return;
	if (proc->pages[from].mapped && !(from > to.first && from < to.first + to.nr))
		drop_for_move(proc, nothing, to);
	if (want < 0)
		return;
	for (unsigned int i = 0; i < to.nr; i++)
		model_map_again(proc, from, to.first + i, i);
	if (proc->pages[to.first].locked)
		populated(proc, to);
}

/* Grow or shrink where it is; @anywhere: if there is no room, it goes where there is, and is then
 * brought back as it was. */
static void resize(struct proc *proc, bool anywhere)
{
	struct range r = take_range(), tail = { 0, 0 };
	unsigned long addr = addr_of(r.first), len = r.nr * PAGE_SIZE;
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr), *next;
	unsigned int nr = 1 + take_below(r.nr + 8);
	long want = addr, got;

	if (r.first % WINDOW_PAGES + nr > WINDOW_PAGES || too_long(proc, r.first, nr))
		return;
	say("mremap page %u+%u to %u pages%s", r.first, r.nr, nr, anywhere ? " anywhere" : "");
	if (!vma)
		want = -EFAULT;
	else if (nr > r.nr && len > vma->vm_end - addr)
		want = -EFAULT;
	else if (nr > r.nr) {
		next = vma_next(vma);
		if (addr + len != vma->vm_end ||
		    (next && vma_start_gap(next) < addr + nr * PAGE_SIZE))
			want = -ENOMEM;
	} else {
		tail = (struct range){ r.first + nr, r.nr - nr };
	}
	got = TRY(do_mremap(proc->mm, addr, len, nr * PAGE_SIZE, anywhere ? MREMAP_MAYMOVE : 0, 0));
	if (anywhere && want == -ENOMEM && got >= 0) {
		expect(do_mremap(proc->mm, got, nr * PAGE_SIZE, len, MREMAP_MAYMOVE | MREMAP_FIXED,
				 addr),
		       addr);
		return;
	}
	if (!met(proc, got, want, nothing, nothing) || want < 0)
		return;
	for (unsigned int i = 0; i < tail.nr; i++)
		model_unmap(&proc->pages[tail.first + i]);
	if (nr > r.nr)
		model_grow(proc, (struct range){ r.first + r.nr, nr - r.nr });
	if (fails)
		model_adopt(proc, nothing, nothing);
}

void op_resize(struct proc *proc)
{
	resize(proc, false);
}

void op_resize_anywhere(struct proc *proc)
{
	resize(proc, true);
}
