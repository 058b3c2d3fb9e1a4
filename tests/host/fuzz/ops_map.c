/* ops_map.c - operations that change what is mapped, and how: mmap, munmap, mprotect, brk, madvise
 * and mlock.
 * Read:   ops.c for the input, model.h for the other side. */
#include "ops_internal.h"

#include <lib/string.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <mm/internal.h>
#include <mm/mlock.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

/* --- mapping --- */

struct map_args {
	struct object	*object;
	struct file	*file;
	unsigned long	prot, flags, index;
	bool		shared, read_only;
};

static struct map_args take_map_args(void)
{
	static const u8 prots[] = { RW, RW, RW, PROT_READ, PROT_NONE, RW | PROT_EXEC, PROT_WRITE };
	unsigned int how = take(), more = take();
	struct map_args args = { .prot = prots[take_below(ARRAY_SIZE(prots))], .shared = how & 1 };

	args.flags = args.shared ? MAP_SHARED : MAP_PRIVATE;
	if (how & 2) {
		args.object = files[how / 4 % NR_FILES];
		args.read_only = how & 16;
		args.file = args.read_only ? args.object->read_only : args.object->file;
		args.index = more % FILE_PAGES;
	} else {
		args.flags |= MAP_ANONYMOUS | (how & 4 ? MAP_GROWSDOWN : 0);
	}
	args.flags |= how & 32 ? MAP_POPULATE : 0;
	args.flags |= how & 64 ? MAP_NORESERVE : 0;
	args.flags |= how & 128 && more & 128 ? MAP_LOCKED : 0;
	return args;
}

static long map_result(const struct map_args *args, long addr)
{
	if (args->file && args->read_only && args->shared && args->prot & PROT_WRITE)
		return -EACCES;
	return args->shared && args->flags & MAP_GROWSDOWN ? -EINVAL : addr;
}

static void model_map(struct proc *proc, struct range r, const struct map_args *args)
{
	struct object *object = args->object;

	if (object)
		object->refs++;
	else if (args->shared)
		object = object_new(NULL, r.nr * PAGE_SIZE);
	for (unsigned int i = 0; i < r.nr; i++) {
		model_unmap(&proc->pages[r.first + i]);
		proc->pages[r.first + i] = (struct mpage){
			.mapped = true, .shared = args->shared, .prot = args->prot,
			.never_write = args->shared && args->read_only,
			.down = args->flags & MAP_GROWSDOWN, .locked = args->flags & MAP_LOCKED,
			.object = object, .index = object ? args->index + i : 0,
		};
		if (object)
			object->refs++;
	}
	object_put(object);
	if (args->flags & (MAP_LOCKED | MAP_POPULATE))
		populated(proc, r);
}

static bool any_mapped(struct proc *proc, struct range r)
{
	for (unsigned int i = r.first; i < r.first + r.nr; i++)
		if (proc->pages[i].mapped)
			return true;
	return false;
}

void op_map(struct proc *proc)
{
	struct range r = take_range();
	struct map_args args = take_map_args();
	bool no_replace = !take_below(8);
	long want = map_result(&args, addr_of(r.first));

	if (args.index + r.nr > WINDOW_PAGES)
		r.nr = WINDOW_PAGES - args.index;
	args.flags |= no_replace ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	say("mmap page %u+%u prot %lu flags %#lx file %ld page %lu", r.first, r.nr, args.prot,
	    args.flags, args.object ? args.object->file->f_inode->i_ino : 0, args.index);
	if (want >= 0 && no_replace && any_mapped(proc, r))
		want = -EEXIST;
	if (met(proc,
		TRY(do_mmap(proc->mm, args.file, addr_of(r.first), r.nr * PAGE_SIZE, args.prot,
			    args.flags, args.index)),
		want, r, nothing) &&
	    want >= 0)
		model_map(proc, r, &args);
}

/* Where the kernel likes: in a window it stays, elsewhere it goes at once. */
void op_map_anywhere(struct proc *proc)
{
	struct range r = take_range();
	struct map_args args = take_map_args();
	unsigned long hint = take_below(2) ? addr_of(r.first) : 0;
	long got, want;

	if (args.index + r.nr > WINDOW_PAGES)
		r.nr = WINDOW_PAGES - args.index;
	say("mmap anywhere near %#lx, %u pages prot %lu flags %#lx", hint, r.nr, args.prot,
	    args.flags);
	got = TRY(do_mmap(proc->mm, args.file, hint, r.nr * PAGE_SIZE, args.prot, args.flags,
			  args.index));
	want = map_result(&args, got >= 0 ? got : 0);
	if (want == 0)
		want = -ENOMEM;
	if (!met(proc, got, want, nothing, nothing) || got < 0)
		return;
	r.first = page_of(got);
	if (r.first == NR_PAGES || r.first % WINDOW_PAGES + r.nr > WINDOW_PAGES) {
		expect(do_munmap(proc->mm, got, r.nr * PAGE_SIZE), 0);
		return;
	}
	say("    that is page %u", r.first);
	if (any_mapped(proc, r))
		panic("mmap took page %u+%u, where something was", r.first, r.nr);
	model_map(proc, r, &args);
}

void op_unmap(struct proc *proc)
{
	struct range r = take_range();

	if (!take_below(4))	/* all of a window: its tables go */
		r = (struct range){ r.first / WINDOW_PAGES * WINDOW_PAGES, WINDOW_PAGES };
	say("munmap page %u+%u", r.first, r.nr);
	if (!met(proc, TRY(do_munmap(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE)), 0, nothing,
		 nothing))
		return;
	for (unsigned int i = 0; i < r.nr; i++)
		model_unmap(&proc->pages[r.first + i]);
}

void op_protect(struct proc *proc)
{
	static const u8 prots[] = { RW, RW, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC };
	struct range r = take_range();
	u8 prot = prots[take_below(ARRAY_SIZE(prots))];
	long want = 0;

	say("mprotect page %u+%u prot %u", r.first, r.nr, prot);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		struct mpage *page = &proc->pages[r.first + i];

		if (!page->mapped)
			want = -ENOMEM;
		else if (prot & PROT_WRITE && page->never_write)
			want = -EACCES;
		else
			page->prot = prot;
	}
	met(proc, TRY(do_mprotect(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, prot)), want, r,
	    nothing);
}

/* The first page at or above @i in its window that something is mapped at, or the window's end. */
static unsigned int next_mapped(struct proc *proc, unsigned int i)
{
	while (!proc->pages[i].mapped && ++i % WINDOW_PAGES)
		;
	return i;
}

void op_brk(struct proc *proc)
{
	unsigned long brk = addr_of(0) + take_below(WINDOW_PAGES * 16) * (PAGE_SIZE / 16), got;
	unsigned int from = PAGE_ALIGN(proc->brk - addr_of(0)) / PAGE_SIZE;
	unsigned int to = PAGE_ALIGN(brk - addr_of(0)) / PAGE_SIZE, next;
	const struct map_args args = { .prot = RW };
	unsigned long want = brk;

	say("brk %#lx", brk);
	next = from < WINDOW_PAGES ? next_mapped(proc, from) : WINDOW_PAGES;
	if (to > from && next < WINDOW_PAGES && (next <= to || proc->pages[next].down))
		want = proc->brk; /* something is in the way, or a stack above wants its distance */
	got = TRY(do_brk(proc->mm, brk));
	if (fails && got == proc->brk)
		return;
	expect(got, want);
	if (got != brk)
		return;
	proc->brk = brk;
	if (to > from)
		model_map(proc, (struct range){ from, to - from }, &args);
	for (unsigned int i = to; i < from; i++)
		model_unmap(&proc->pages[i]);
}

/* --- advice and locks --- */

/* 0 or what madvise says of this page, which then has not changed, nor have those behind it. */
static long advise_page(struct mpage *page, int advice)
{
	switch (advice) {
	case MADV_PAGEOUT:
	case MADV_COLD:
		return page->locked ? -EINVAL : 0;
	case MADV_DONTNEED:
		if (page->locked)
			return -EINVAL;
		drop_own(page);
		return 0;
	case MADV_DONTNEED_LOCKED:
		drop_own(page);
		return 0;
	case MADV_FREE:
		if (page->locked || page->object)
			return -EINVAL;
		page->lazy = page->own;
		return 0;
	case MADV_DONTFORK:
	case MADV_DOFORK:
		page->dontfork = advice == MADV_DONTFORK;
		return 0;
	case MADV_WIPEONFORK:
		if (page->object)
			return -EINVAL;
		page->wipe = true;
		return 0;
	case MADV_KEEPONFORK:
		page->wipe = false;
		return 0;
	}
	return 0;
}

void op_advise(struct proc *proc)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_RANDOM, MADV_NORMAL, MADV_DONTNEED_LOCKED, MADV_PAGEOUT, MADV_MERGEABLE,
		MADV_SEQUENTIAL, MADV_UNMERGEABLE, MADV_DONTDUMP, MADV_DODUMP, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_COLD, MADV_WILLNEED, MADV_FREE, MADV_FREE, MADV_PAGEOUT,
		MADV_PAGEOUT,
	};
	struct range r = take_range();
	int advice = advices[take_below(ARRAY_SIZE(advices))];
	long want = 0, hole = 0;

	say("madvise page %u+%u advice %d", r.first, r.nr, advice);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		if (proc->pages[r.first + i].mapped)
			want = advise_page(&proc->pages[r.first + i], advice);
		else
			hole = -ENOMEM;
	}
	met(proc, TRY(do_madvise(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, advice)),
	    want ? want : hole, r, nothing);
}

/* What MADV_POPULATE_* returns for a page that cannot be had. It asks for the right to read, too,
 * which a processor does not where it may write. */
static long populate_error(struct mpage *page, bool write)
{
	vm_fault_t fault = expected_fault(page, write);

	if (page->mapped && !(page->prot & (write ? PROT_WRITE : PROT_READ)))
		return -EINVAL;
	if (fault & VM_FAULT_SIGSEGV_MAPERR)
		return -ENOMEM;
	if (fault & VM_FAULT_SIGSEGV_ACCERR)
		return -EINVAL;
	return fault & VM_FAULT_SIGBUS ? -EFAULT : 0;
}

void op_populate(struct proc *proc)
{
	struct range r = take_range();
	bool write = take_below(2);
	unsigned int good = 0;
	long want = 0;

	say("madvise page %u+%u populate for %s", r.first, r.nr, write ? "write" : "read");
	for (; good < r.nr && !want; good++)
		want = populate_error(&proc->pages[r.first + good], write);
	if (!met(proc, TRY(do_madvise(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE,
				      write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ)), want,
		 nothing, nothing))
		return;
	for (unsigned int i = 0; write && i < good - !!want; i++)
		writable_bytes(&proc->pages[r.first + i]);
}

void op_lock(struct proc *proc)
{
	struct range r = take_range();
	unsigned int how = take_below(4);
	bool lock = how < 2, on_fault = how == 1;
	long want = 0, got;

	say("%s page %u+%u%s", lock ? "mlock" : "munlock", r.first, r.nr,
	    on_fault ? " on fault" : "");
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		struct mpage *page = &proc->pages[r.first + i];

		want = page->mapped ? 0 : -ENOMEM;
		if (page->mapped) {
			page->locked = lock;
			page->on_fault = on_fault;
		}
	}
	got = lock ? TRY(do_mlock(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, on_fault))
		   : TRY(do_munlock(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE));
	if (lock && !on_fault && !want && !fails && !model_populate(proc, r))
		want = -ENOMEM;
	met(proc, got, want, r, nothing);
}
