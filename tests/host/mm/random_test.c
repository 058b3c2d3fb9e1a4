/* random_test.c - a small tree of processes does random things to its memory, on several
 * processors; a model says what every byte must be, and everything is verified after each step.
 * SEED=n gives the first episode's seed, RANDOM_SECONDS=n how long to go on (else 1.5 seconds).
 * A failure prints the seed of its episode and the step; RANDOM_TRACE=1 prints every step. */
#include "mm_test.h"

#define NR_WINDOWS	3
#define WINDOW_PAGES	64
#define NR_PAGES	(NR_WINDOWS * WINDOW_PAGES)
#define NR_FILES	3
#define FILE_PAGES	40
#define MAX_PROCS	(NR_CPUS / 2)
#define EPISODE_STEPS	250

int lib_snprintf(char *buf, size_t size, const char *fmt, ...);

/* What a shared mapping or a file holds. */
struct object {
	struct file	*file;		/* NULL: shared anonymous memory, the kernel's own file */
	unsigned int	refs;		/* model pages that name it; named files have one more */
	size_t		size;		/* bytes */
	u8		*data[WINDOW_PAGES];	/* NULL: zeros */
};

struct mpage {
	bool		mapped, shared, dontfork, wipe;
	bool		locked, on_fault;	/* on_fault: locked, but not brought in for that */
	u8		prot;
	struct object	*object;	/* NULL: anonymous and private */
	unsigned long	index;		/* in the object */
	u8		*own;		/* private copy, NULL: none */
};

/* A process has two threads, on processors of its own. */
struct proc {
	struct mm_struct	*mm;
	unsigned int		slot;	/* processors 2 * slot and 2 * slot + 1 */
	struct mpage		pages[NR_PAGES];
};

static struct proc *procs[MAX_PROCS];
static unsigned int nr_procs;
static struct object *files[NR_FILES];
static unsigned int step_nr;
static bool trace;

/* --- the model --- */

/* The windows lie across the boundaries of tables of each level. */
static unsigned long addr_of(unsigned int page)
{
	static const unsigned long boundary[NR_WINDOWS] = {
		BASE + PMD_SIZE, BASE + 5 * PUD_SIZE, 3 * PGD_SIZE,
	};

	return boundary[page / WINDOW_PAGES] +
	       ((long)(page % WINDOW_PAGES) - WINDOW_PAGES / 2) * (long)PAGE_SIZE;
}

static struct object *object_new(struct file *file, size_t size)
{
	struct object *object = os_alloc(sizeof(*object));

	object->file = file;
	object->size = size;
	object->refs = 1;
	return object;
}

static void object_put(struct object *object)
{
	if (!object || --object->refs)
		return;
	for (unsigned int i = 0; i < WINDOW_PAGES; i++)
		os_free(object->data[i]);
	os_free(object);
}

static unsigned int random_cpu(const struct proc *proc)
{
	return 2 * proc->slot + random_below(2);
}

static void drop_own(struct mpage *page)
{
	os_free(page->own);
	page->own = NULL;
}

static void model_unmap(struct mpage *page)
{
	drop_own(page);
	object_put(page->object);
	*page = (struct mpage){};
}

static u8 *copy_of(const u8 *data)
{
	u8 *copy = os_alloc(PAGE_SIZE);

	return data ? memcpy(copy, data, PAGE_SIZE) : copy;
}

static unsigned long object_pages(const struct object *object)
{
	return PAGE_ALIGN(object->size) >> PAGE_SHIFT;
}

/* The bytes that a read finds, NULL: zeros. */
static const u8 *bytes_of(const struct mpage *page)
{
	if (page->own)
		return page->own;
	return page->object ? page->object->data[page->index] : NULL;
}

/* What an access is to end with. */
static vm_fault_t expected_fault(const struct mpage *page, bool write)
{
	if (!page->mapped)
		return VM_FAULT_SIGSEGV_MAPERR;
	if (!page->prot || (write && !(page->prot & PROT_WRITE)))
		return VM_FAULT_SIGSEGV_ACCERR;
	if (!page->own && page->object && page->index >= object_pages(page->object))
		return VM_FAULT_SIGBUS;
	return 0;
}

/* Where a write goes, made if need be. */
static u8 *writable_bytes(struct mpage *page)
{
	u8 **data = page->shared ? &page->object->data[page->index] : &page->own;

	if (!*data)
		*data = copy_of(page->shared ? NULL : bytes_of(page));
	return *data;
}

/* The first page of the model behind the area that page @i is in. */
static unsigned int end_of_area(struct proc *proc, unsigned int i)
{
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr_of(i));
	unsigned int end = i + 1;

	while (end % WINDOW_PAGES && addr_of(end) < vma->vm_end)
		end++;
	return end;
}

/* What bringing pages in changes: private writable ones no longer follow their file. What cannot be
 * had ends it for its area, not for the next ones. False: there was such a page. */
static bool model_populate(struct proc *proc, unsigned int first, unsigned int nr)
{
	bool all = true;

	for (unsigned int i = first; i < first + nr;) {
		struct mpage *page = &proc->pages[i];

		if (page->mapped && !page->on_fault && expected_fault(page, false)) {
			all = false;
			i = end_of_area(proc, i);
			continue;
		}
		if (page->mapped && !page->on_fault && page->prot & PROT_WRITE && !page->shared)
			writable_bytes(page);
		i++;
	}
	return all;
}

/* --- checking --- */

static void check_page(struct proc *proc, unsigned int i)
{
	static const u8 zeros[PAGE_SIZE];
	const struct mpage *page = &proc->pages[i];
	vm_fault_t want = expected_fault(page, false), got;
	u8 found[PAGE_SIZE];
	const u8 *bytes;

	got = mmu_read(random_cpu(proc), proc->mm, addr_of(i), found, PAGE_SIZE);
	if (got != want)
		panic("page %u: read ends with %u, not %u", i, got, want);
	if (got)
		return;
	bytes = bytes_of(page) ? bytes_of(page) : zeros;
	for (unsigned int at = 0; at < PAGE_SIZE; at++)
		if (found[at] != bytes[at])
			panic("page %u of process %p, byte %u: %02x, not %02x", i, (void *)proc->mm,
			      at, found[at], bytes[at]);
}

static void check_processes(void)
{
	for (unsigned int p = 0; p < nr_procs; p++)
		for (unsigned int i = 0; i < NR_PAGES; i++)
			check_page(procs[p], i);
	check_all();
}

/* One step, for those who follow. */
#define say(fmt, ...)                                                                          \
	(trace ? print_message("# %u %p: " fmt "\n", step_nr, (void *)proc->mm, ##__VA_ARGS__) \
	       : (void)0)

static void expect(long got, long want, const char *what)
{
	if (got != want)
		panic("%s: %ld (%#lx), not %ld", what, got, got, want);
}

/* --- operations --- */

struct range {
	unsigned int first, nr;
};

static struct range random_range(void)
{
	unsigned int window = random_below(NR_WINDOWS), first = random_below(WINDOW_PAGES);
	unsigned int most = WINDOW_PAGES - first;

	if (random_below(3))
		most = min(most, 10u);
	return (struct range){ window * WINDOW_PAGES + first, 1 + random_below(most) };
}

static void op_map(struct proc *proc)
{
	static const u8 prots[] = { RW, RW, RW, PROT_READ, PROT_NONE, RW | PROT_EXEC, PROT_WRITE };
	struct range r = random_range();
	unsigned long prot = prots[random_below(ARRAY_SIZE(prots))];
	bool shared = random_below(2), locked = !random_below(8);
	struct object *object = random_below(2) ? files[random_below(NR_FILES)] : NULL;
	unsigned long index = object ? random_below(FILE_PAGES - 4) : 0;
	unsigned long flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);

	if (index + r.nr > WINDOW_PAGES)
		r.nr = WINDOW_PAGES - index;
	flags |= object ? 0 : MAP_ANONYMOUS;
	flags |= locked ? MAP_LOCKED : 0;
	flags |= random_below(5) ? 0 : MAP_POPULATE;
	say("map %u+%u prot %lu flags %#lx file %u page %lu", r.first, r.nr, prot, flags, !!object,
	    index);
	expect(do_mmap(proc->mm, object ? object->file : NULL, addr_of(r.first), r.nr * PAGE_SIZE,
		       prot, flags, index), addr_of(r.first), "mmap");
	if (object)
		object->refs++;
	else if (shared)
		object = object_new(NULL, r.nr * PAGE_SIZE);
	for (unsigned int i = 0; i < r.nr; i++) {
		model_unmap(&proc->pages[r.first + i]);
		proc->pages[r.first + i] = (struct mpage){
			.mapped = true, .shared = shared, .locked = locked, .prot = prot,
			.object = object, .index = index + i,
		};
		if (object)
			object->refs++;
	}
	object_put(object);
	if (flags & (MAP_LOCKED | MAP_POPULATE))
		model_populate(proc, r.first, r.nr);
}

static void op_unmap(struct proc *proc)
{
	struct range r = random_range();

	if (!random_below(4))	/* all of a window: its tables go */
		r = (struct range){ r.first / WINDOW_PAGES * WINDOW_PAGES, WINDOW_PAGES };
	say("unmap %u+%u", r.first, r.nr);
	expect(do_munmap(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE), 0, "munmap");
	for (unsigned int i = 0; i < r.nr; i++)
		model_unmap(&proc->pages[r.first + i]);
}

static void op_protect(struct proc *proc)
{
	static const u8 prots[] = { RW, RW, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC };
	struct range r = random_range();
	u8 prot = prots[random_below(ARRAY_SIZE(prots))];
	long want = 0;

	say("protect %u+%u %u", r.first, r.nr, prot);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		if (proc->pages[r.first + i].mapped)
			proc->pages[r.first + i].prot = prot;
		else
			want = -ENOMEM;
	}
	expect(do_mprotect(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, prot), want, "mprotect");
}

/* 0 or what madvise says of this page, which then has not changed, nor have those behind it. */
static long advise_page(struct mpage *page, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		if (page->locked)
			return -EINVAL;
		drop_own(page);
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

static void op_advise(struct proc *proc)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_RANDOM, MADV_NORMAL,
	};
	int advice = advices[random_below(ARRAY_SIZE(advices))];
	struct range r = random_range();
	long want = 0, hole = 0;

	say("advise %u+%u %d", r.first, r.nr, advice);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		if (proc->pages[r.first + i].mapped)
			want = advise_page(&proc->pages[r.first + i], advice);
		else
			hole = -ENOMEM;
	}
	expect(do_madvise(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, advice), want ? want : hole,
	       "madvise");
}

static void op_populate(struct proc *proc)
{
	struct range r = random_range();
	bool write = random_below(2);
	long want = 0;

	say("populate %u+%u write %u", r.first, r.nr, write);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		struct mpage *page = &proc->pages[r.first + i];

		switch (expected_fault(page, write)) {
		case VM_FAULT_SIGSEGV_MAPERR:
			want = -ENOMEM;
			break;
		case VM_FAULT_SIGSEGV_ACCERR:
			want = -EINVAL;
			break;
		case VM_FAULT_SIGBUS:
			want = -EFAULT;
			break;
		default:
			if (write)
				writable_bytes(page);
		}
	}
	expect(do_madvise(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE,
			  write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ), want, "populate");
}

static void op_lock(struct proc *proc)
{
	struct range r = random_range();
	bool lock = random_below(2), on_fault = lock && random_below(2);
	long want = 0, got;

	say("lock %u+%u %u", r.first, r.nr, lock + on_fault);
	for (unsigned int i = 0; i < r.nr && !want; i++) {
		struct mpage *page = &proc->pages[r.first + i];

		want = page->mapped ? 0 : -ENOMEM;
		if (page->mapped) {
			page->locked = lock;
			page->on_fault = on_fault;
		}
	}
	got = lock ? do_mlock(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE, on_fault)
		   : do_munlock(proc->mm, addr_of(r.first), r.nr * PAGE_SIZE);
	if (lock && !on_fault && !want && !model_populate(proc, r.first, r.nr))
		want = -ENOMEM;
	expect(got, want, "mlock");
}

/* Pages [from, from + nr) go to [to, to + nr). @keep: the old ones stay, without their own
 * copies. */
static void model_move(struct proc *proc, unsigned int from, unsigned int to, unsigned int nr,
		       bool keep)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct mpage *old = &proc->pages[from + i], *new = &proc->pages[to + i];

		model_unmap(new);
		*new = *old;
		old->own = NULL;
		if (new->object)
			new->object->refs++;
		if (!keep)
			model_unmap(old);
	}
}

/* The whole area that a page is in loses its lock when part of it is moved but stays mapped. */
static void model_unlock_area(struct proc *proc, unsigned int page)
{
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr_of(page));

	for (unsigned int i = 0; i < NR_PAGES; i++)
		if (addr_of(i) >= vma->vm_start && addr_of(i) < vma->vm_end)
			proc->pages[i].locked = proc->pages[i].on_fault = false;
}

/* Pages behind a mapping that grew: as the one before. */
static void model_grow(struct proc *proc, unsigned int first, unsigned int nr)
{
	for (unsigned int i = first; i < first + nr; i++) {
		model_unmap(&proc->pages[i]);
		proc->pages[i] = proc->pages[i - 1];
		proc->pages[i].own = NULL;
		proc->pages[i].index++;
		if (proc->pages[i].object)
			proc->pages[i].object->refs++;
	}
	if (proc->pages[first].locked)
		model_populate(proc, first, nr);
}

static bool grows_past_model(struct proc *proc, unsigned int page, unsigned int new_nr)
{
	struct mpage *first = &proc->pages[page];

	return first->object && first->index + new_nr > WINDOW_PAGES;
}

static void op_move(struct proc *proc)
{
	struct range r = random_range();
	unsigned long addr = addr_of(r.first), len = r.nr * PAGE_SIZE, flags, new_nr = r.nr;
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr);
	unsigned int to = random_range().first;
	bool keep = !random_below(4);
	long want = addr_of(to);

	if (!keep && !random_below(3))
		new_nr = 1 + random_below(r.nr + 4);
	if (to % WINDOW_PAGES + new_nr > WINDOW_PAGES || grows_past_model(proc, r.first, new_nr))
		return;
	say("move %u+%u to %u+%lu keep %u", r.first, r.nr, to, new_nr, keep);
	flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
	if (!vma)
		want = -EFAULT;
	else if (r.first < to + new_nr && to < r.first + r.nr)
		want = -EINVAL;
	/* What is at the destination, and what is too long, has gone even if the rest then
	 * fails. */
	if (want >= 0) {
		for (unsigned int i = 0; i < new_nr; i++)
			model_unmap(&proc->pages[to + i]);
		for (unsigned int i = new_nr; i < r.nr; i++)
			model_unmap(&proc->pages[r.first + i]);
		if (min(len, new_nr * PAGE_SIZE) > vma->vm_end - addr)
			want = -EFAULT;
	}
	expect(do_mremap(proc->mm, addr, len, new_nr * PAGE_SIZE, flags, addr_of(to)), want,
	       "mremap");
	if (want < 0)
		return;
	model_move(proc, r.first, to, min((unsigned long)r.nr, new_nr), keep);
	if (keep)
		model_unlock_area(proc, r.first);
	if (new_nr > r.nr)
		model_grow(proc, to + r.nr, new_nr - r.nr);
}

static void op_resize(struct proc *proc)
{
	struct range r = random_range();
	unsigned long addr = addr_of(r.first), len = r.nr * PAGE_SIZE;
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr), *next;
	unsigned int new_nr = 1 + random_below(r.nr + 4);
	long want = addr;

	if (r.first % WINDOW_PAGES + new_nr > WINDOW_PAGES ||
	    grows_past_model(proc, r.first, new_nr))
		return;
	say("resize %u+%u to %u", r.first, r.nr, new_nr);
	if (!vma)
		want = -EFAULT;
	else if (new_nr > r.nr && len > vma->vm_end - addr)
		want = -EFAULT;
	else if (new_nr > r.nr) {
		next = vma_next(vma);
		if (addr + len != vma->vm_end ||
		    (next && next->vm_start < addr + new_nr * PAGE_SIZE))
			want = -ENOMEM;
	}
	expect(do_mremap(proc->mm, addr, len, new_nr * PAGE_SIZE, 0, 0), want, "mremap in place");
	if (want < 0)
		return;
	for (unsigned int i = new_nr; i < r.nr; i++)
		model_unmap(&proc->pages[r.first + i]);
	if (new_nr > r.nr)
		model_grow(proc, r.first + r.nr, new_nr - r.nr);
}

static unsigned int free_slot(void)
{
	unsigned int used = 0, slot = 0;

	for (unsigned int i = 0; i < nr_procs; i++)
		used |= BIT(procs[i]->slot);
	while (used & BIT(slot))
		slot++;
	return slot;
}

static void op_fork(struct proc *proc)
{
	struct proc *child;

	if (nr_procs == MAX_PROCS)
		return;
	child = os_alloc(sizeof(*child));
	child->mm = shim_mm_fork(proc->mm);
	ASSERT(!IS_ERR(child->mm));
	say("fork %p", (void *)child->mm);
	for (unsigned int i = 0; i < NR_PAGES; i++) {
		struct mpage *page = &child->pages[i];

		*page = proc->pages[i];
		if (page->dontfork) {
			*page = (struct mpage){};
			continue;
		}
		page->locked = page->on_fault = false;
		page->own = page->own && !page->wipe ? copy_of(page->own) : NULL;
		if (page->object)
			page->object->refs++;
	}
	child->slot = free_slot();
	procs[nr_procs++] = child;
}

static void proc_exit(unsigned int nr)
{
	struct proc *proc = procs[nr];

	say("exit");
	procs[nr] = procs[--nr_procs];
	for (unsigned int i = 0; i < NR_PAGES; i++)
		model_unmap(&proc->pages[i]);
	shim_mm_exit(proc->mm);
	os_free(proc);
}

static void op_exit(void)
{
	if (nr_procs > 1)
		proc_exit(random_below(nr_procs));
}

static void op_write(struct proc *proc)
{
	for (unsigned int n = 0; n < 12; n++) {
		unsigned int i = random_below(NR_PAGES), at = random_below(PAGE_SIZE);
		size_t len = 1 + random_below(min(PAGE_SIZE - at, 40UL));
		struct mpage *page = &proc->pages[i];
		vm_fault_t want = expected_fault(page, true);
		u8 bytes[40];

		for (size_t b = 0; b < len; b++)
			bytes[b] = random_u64();
		say("write %u.%u+%lu", i, at, len);
		expect(mmu_write(random_cpu(proc), proc->mm, addr_of(i) + at, bytes, len), want,
		       "write");
		if (!want)
			memcpy(writable_bytes(page) + at, bytes, len);
	}
}

static void op_read(struct proc *proc)
{
	for (unsigned int n = 0; n < 12; n++)
		check_page(proc, random_below(NR_PAGES));
}

static void op_remote(struct proc *proc)
{
	unsigned int i = random_below(NR_PAGES);
	struct mpage *page = &proc->pages[i];
	bool write = random_below(2);
	bool ok = !expected_fault(page, write);
	u8 bytes[100];

	say("remote %u write %u", i, write);
	memset(bytes, random_u64(), sizeof(bytes));
	expect(access_remote_vm(proc->mm, addr_of(i) + 50, bytes, sizeof(bytes), write),
	       ok ? sizeof(bytes) : 0, "access_remote_vm");
	if (ok && write)
		memcpy(writable_bytes(page) + 50, bytes, sizeof(bytes));
}

/* --- files --- */

static void model_truncate(struct object *object, size_t size)
{
	unsigned long first = PAGE_ALIGN(size) >> PAGE_SHIFT;

	for (unsigned long i = first; i < WINDOW_PAGES; i++) {
		os_free(object->data[i]);
		object->data[i] = NULL;
	}
	if (offset_in_page(size) && object->data[size >> PAGE_SHIFT])
		memset(object->data[size >> PAGE_SHIFT] + offset_in_page(size), 0,
		       PAGE_SIZE - offset_in_page(size));
	object->size = size;
	for (unsigned int p = 0; p < nr_procs; p++)
		for (unsigned int i = 0; i < NR_PAGES; i++)
			if (procs[p]->pages[i].object == object &&
			    procs[p]->pages[i].index >= first)
				drop_own(&procs[p]->pages[i]);
}

static void op_file(struct proc *proc)
{
	struct object *object = files[random_below(NR_FILES)];
	u8 bytes[300];

	switch (random_below(4)) {
	case 0: {
		size_t size = random_below(FILE_PAGES * PAGE_SIZE);

		say("truncate %lu", size);
		shim_file_truncate(object->file, size);
		model_truncate(object, size);
		break;
	}
	case 1: {
		unsigned long first = random_below(FILE_PAGES), nr = 1 + random_below(8);

		say("punch %lu+%lu", first, nr);
		shim_file_punch(object->file, first * PAGE_SIZE, nr * PAGE_SIZE);
		for (unsigned long i = first; i < min(first + nr, (unsigned long)WINDOW_PAGES);
		     i++) {
			os_free(object->data[i]);
			object->data[i] = NULL;
		}
		break;
	}
	default: {
		size_t pos = random_below(FILE_PAGES * PAGE_SIZE - sizeof(bytes));

		say("file write at %lu", pos);
		memset(bytes, random_u64(), sizeof(bytes));
		expect(shim_file_write(object->file, pos, bytes, sizeof(bytes)), 0, "file write");
		for (unsigned int b = 0; b < sizeof(bytes); b++) {
			u8 **data = &object->data[(pos + b) >> PAGE_SHIFT];

			if (!*data)
				*data = copy_of(NULL);
			(*data)[offset_in_page(pos + b)] = bytes[b];
		}
		object->size = max(object->size, pos + sizeof(bytes));
	}
	}
}

/* --- episodes --- */

static void step(void)
{
	struct proc *proc = procs[random_below(nr_procs)];
	unsigned int op = random_below(100);

	shim_set_cpu(random_cpu(proc));
	if (op < 14)
		op_map(proc);
	else if (op < 22)
		op_unmap(proc);
	else if (op < 32)
		op_protect(proc);
	else if (op < 40)
		op_advise(proc);
	else if (op < 42)
		op_populate(proc);
	else if (op < 45)
		op_lock(proc);
	else if (op < 52)
		op_move(proc);
	else if (op < 56)
		op_resize(proc);
	else if (op < 62)
		op_fork(proc);
	else if (op < 65)
		op_exit();
	else if (op < 72)
		op_file(proc);
	else if (op < 75)
		op_remote(proc);
	else if (op < 85)
		op_read(proc);
	else
		op_write(proc);
}

static void episode(u64 seed)
{
	random_state = seed;
	for (unsigned int i = 0; i < NR_FILES; i++) {
		size_t size = random_below(FILE_PAGES * PAGE_SIZE);

		files[i] = object_new(shim_file_new(size), size);
	}
	procs[nr_procs++] = os_alloc(sizeof(struct proc));
	procs[0]->mm = shim_mm_new();
	for (step_nr = 0; step_nr < EPISODE_STEPS; step_nr++) {
		lib_snprintf(shim_context, sizeof(shim_context),
			     "in step %u of the episode of SEED=%lu", step_nr, seed);
		step();
		check_all();
		if (step_nr % 32 == 31)
			check_processes();
	}
	check_processes();
	while (nr_procs)
		proc_exit(nr_procs - 1);
	for (unsigned int i = 0; i < NR_FILES; i++) {
		fput(files[i]->file);
		object_put(files[i]);
	}
	shim_set_cpu(0);
	check_nothing_left();
	shim_context[0] = '\0';
}

static void random_operations_do_what_the_model_says(void **state)
{
	const char *seconds = os_getenv("RANDOM_SECONDS"), *seed = os_getenv("SEED");
	u64 until =
		os_time_ns() + (seconds ? strtoul(seconds, NULL, 10) * 1000000000UL : 1500000000UL);
	u64 next = seed ? strtoul(seed, NULL, 0) : 1;
	unsigned int nr = 0;

	(void)state;
	trace = os_getenv("RANDOM_TRACE");
	do {
		episode(next++);
		nr++;
	} while (os_time_ns() < until);
	print_message("# %u episodes, %lu TLB hits, %lu faults, %lu flushes\n", nr, mmu_stats.hits,
		      mmu_stats.faults, mmu_stats.flushes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(random_operations_do_what_the_model_says),
	};

	return RUN_MM_TESTS(tests);
}
