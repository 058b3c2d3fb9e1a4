/* model.c - the processes as they should be.
 * Holds:  a page that is not mapped is all zeros; object->refs counts the pages that name the
 *         object. What the kernel may choose (where areas end, which private pages of a file exist
 *         after it ran out of memory) is asked from the kernel; no byte is.
 * Read:   ops.c, which changes both sides. */
#include "model.h"

#include <lib/string.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <uapi/mman.h>

#include "../shim/check.h"
#include "../shim/disk.h"
#include "../shim/machine.h"
#include "../shim/mmu.h"
#include "../shim/os.h"

struct proc *procs[MAX_PROCS];
unsigned int nr_procs;
struct object *files[NR_FILES];

/* The windows lie across the boundaries of tables of each level. */
unsigned long addr_of(unsigned int page)
{
	static const unsigned long boundary[NR_WINDOWS] = {
		0x10000000UL, 0x40000000UL + PMD_SIZE, 0x40000000UL + 5 * PUD_SIZE, 3 * PGD_SIZE,
	};

	return boundary[page / WINDOW_PAGES] +
	       ((long)(page % WINDOW_PAGES) - WINDOW_PAGES / 2) * (long)PAGE_SIZE;
}

unsigned int page_of(unsigned long addr)
{
	for (unsigned int w = 0; w < NR_WINDOWS; w++) {
		unsigned long start = addr_of(w * WINDOW_PAGES);

		if (addr >= start && addr < start + WINDOW_PAGES * PAGE_SIZE)
			return w * WINDOW_PAGES + (addr - start) / PAGE_SIZE;
	}
	return NR_PAGES;
}

/* --- objects --- */

struct object *object_new(struct file *file, size_t size)
{
	struct object *object = os_alloc(sizeof(*object));

	object->file = file;
	object->size = size;
	object->refs = 1;
	return object;
}

void object_put(struct object *object)
{
	if (!object || --object->refs)
		return;
	for (unsigned int i = 0; i < WINDOW_PAGES; i++)
		os_free(object->data[i]);
	os_free(object);
}

static unsigned long object_pages(const struct object *object)
{
	return PAGE_ALIGN(object->size) >> PAGE_SHIFT;
}

void model_punch(struct object *object, unsigned long first, unsigned long nr)
{
	for (unsigned long i = first; i < min(first + nr, (unsigned long)WINDOW_PAGES); i++) {
		os_free(object->data[i]);
		object->data[i] = NULL;
	}
}

void model_truncate(struct object *object, size_t size)
{
	unsigned long first = PAGE_ALIGN(size) >> PAGE_SHIFT;

	model_punch(object, first, WINDOW_PAGES);
	if (offset_in_page(size) && object->data[size >> PAGE_SHIFT])
		memset(object->data[size >> PAGE_SHIFT] + offset_in_page(size), 0,
		       PAGE_SIZE - offset_in_page(size));
	object->size = size;
	for (unsigned int p = 0; p < nr_procs; p++)
		for (unsigned int i = 0; i < NR_PAGES; i++) {
			struct mpage *page = &procs[p]->pages[i];

			if (page->object == object && page->index >= first)
				drop_own(page);
		}
}

/* --- pages --- */

void drop_own(struct mpage *page)
{
	os_free(page->own);
	page->own = NULL;
	page->lazy = false;
}

void model_unmap(struct mpage *page)
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

/* The bytes that a read finds, NULL: zeros. */
static const u8 *bytes_of(const struct mpage *page)
{
	if (page->own)
		return page->own;
	return page->object ? page->object->data[page->index] : NULL;
}

vm_fault_t expected_fault(const struct mpage *page, bool write)
{
	if (!page->mapped)
		return VM_FAULT_SIGSEGV_MAPERR;
	if (!page->prot || (write && !(page->prot & PROT_WRITE)))
		return VM_FAULT_SIGSEGV_ACCERR;
	if (!page->own && page->object && page->index >= object_pages(page->object))
		return VM_FAULT_SIGBUS;
	return 0;
}

void model_own(struct mpage *page)
{
	if (!page->own)
		page->own = copy_of(bytes_of(page));
}

u8 *writable_bytes(struct mpage *page)
{
	u8 **data = page->shared ? &page->object->data[page->index] : &page->own;

	if (!*data)
		*data = copy_of(page->shared ? NULL : bytes_of(page));
	return *data;
}

static pte_t pte_at(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	return pmd && !pmd_none(pmd) ? ptep_get(pte_offset(pmd, addr)) : (pte_t){ 0 };
}

void model_write(struct proc *proc, unsigned int i, unsigned int at, const void *bytes, size_t nr)
{
	struct mpage *page = &proc->pages[i];
	u8 found[PAGE_SIZE], zeros[PAGE_SIZE] = {};

	if (page->lazy) {	/* to what was there, or to zeros? From now on it is known. */
		if (access_remote_vm(proc->mm, addr_of(i), found, PAGE_SIZE, FOLL_FORCE) !=
		    PAGE_SIZE)
			panic("page %u has been written and cannot be read", i);
		memcpy(zeros + at, bytes, nr);
		if (!memcmp(found, zeros, PAGE_SIZE))
			memset(page->own, 0, PAGE_SIZE);
		page->lazy = false;
	}
	memcpy(writable_bytes(page) + at, bytes, nr);
}

bool slot_is_bad(struct proc *proc, unsigned int i)
{
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr_of(i));
	pte_t pte = pte_at(proc->mm, addr_of(i));
	void *entry = NULL;

	if (is_swap_pte(pte))
		return shim_slot_fails(pte_to_swp_entry(pte), BIO_READ);
	if (!pte_none(pte) || !vma || !vma->vm_file)
		return false;
	entry = filemap_get_entry(file_mapping(vma->vm_file),
				  vma->vm_pgoff + ((addr_of(i) - vma->vm_start) >> PAGE_SHIFT));
	if (is_swap_radix_entry(entry))
		return shim_slot_fails(radix_to_swp_entry(entry), BIO_READ);
	if (entry)
		folio_put(entry);
	return false;
}

/* A new page like @like, but for its contents. */
static void map_like(struct mpage *page, const struct mpage *like)
{
	model_unmap(page);
	*page = *like;
	page->own = NULL;
	page->lazy = false;
	if (page->object)
		page->object->refs++;
}

/* --- ranges --- */

void model_touch(struct proc *proc, unsigned int i)
{
	unsigned int start = i / WINDOW_PAGES * WINDOW_PAGES, above = i, below = i;

	if (proc->pages[i].mapped)
		return;
	while (above < start + WINDOW_PAGES && !proc->pages[above].mapped)
		above++;
	if (above == start + WINDOW_PAGES || !proc->pages[above].down)
		return;
	while (below > start && !proc->pages[below].mapped)
		below--;
	/* All that is below in the window is too near, but for another stack or a guard. */
	if (proc->pages[below].mapped && !proc->pages[below].down && proc->pages[below].prot)
		return;
	for (; i < above; i++)
		map_like(&proc->pages[i], &proc->pages[above]);
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

bool model_populate(struct proc *proc, struct range r)
{
	bool all = true;

	for (unsigned int i = r.first; i < r.first + r.nr;) {
		struct mpage *page = &proc->pages[i];

		if (page->mapped && !page->on_fault && expected_fault(page, false)) {
			all = false;
			i = end_of_area(proc, i);
			continue;
		}
		if (page->mapped && !page->on_fault && page->prot & PROT_WRITE && !page->shared)
			model_own(page);
		i++;
	}
	return all;
}

void model_move(struct proc *proc, struct range r, unsigned int to, bool keep)
{
	for (unsigned int i = 0; i < r.nr; i++) {
		struct mpage *old = &proc->pages[r.first + i], *new = &proc->pages[to + i];

		map_like(new, old);
		new->own = old->own;
		new->lazy = old->lazy;
		old->own = NULL;
		old->lazy = false;
		if (!keep)
			model_unmap(old);
	}
}

void model_map_again(struct proc *proc, unsigned int from, unsigned int to, unsigned int offset)
{
	map_like(&proc->pages[to], &proc->pages[from]);
	proc->pages[to].index += offset;
}

void model_grow(struct proc *proc, struct range r)
{
	for (unsigned int i = r.first; i < r.first + r.nr; i++) {
		map_like(&proc->pages[i], &proc->pages[i - 1]);
		proc->pages[i].index++;
	}
	if (proc->pages[r.first].locked)
		model_populate(proc, r);
}

void model_unlock_area(struct proc *proc, unsigned int page)
{
	struct vm_area_struct *vma = vma_lookup(proc->mm, addr_of(page));

	for (unsigned int i = 0; i < NR_PAGES; i++)
		if (addr_of(i) >= vma->vm_start && addr_of(i) < vma->vm_end)
			proc->pages[i].locked = proc->pages[i].on_fault = false;
}

/* --- processes --- */

static unsigned int free_slot(void)
{
	unsigned int used = 0, slot = 0;

	for (unsigned int i = 0; i < nr_procs; i++)
		used |= BIT(procs[i]->slot);
	while (used & BIT(slot))
		slot++;
	return slot;
}

struct proc *model_fork(struct proc *parent, struct mm_struct *mm)
{
	struct proc *child = os_alloc(sizeof(*child));

	child->mm = mm;
	child->slot = free_slot();
	child->brk = parent ? parent->brk : mm->brk;
	for (unsigned int i = 0; parent && i < NR_PAGES; i++) {
		const struct mpage *old = &parent->pages[i];
		struct mpage *page = &child->pages[i];

		if (!old->mapped || old->dontfork)
			continue;
		map_like(page, old);
		page->locked = page->on_fault = false;
		if (old->own && !old->wipe) {
			page->own = copy_of(old->own);
			page->lazy = old->lazy;
		}
	}
	procs[nr_procs++] = child;
	return child;
}

void model_exit(struct proc *proc)
{
	unsigned int nr = 0;

	while (procs[nr] != proc)
		nr++;
	procs[nr] = procs[--nr_procs];
	for (unsigned int i = 0; i < NR_PAGES; i++)
		model_unmap(&proc->pages[i]);
	os_free(proc);
}

/* --- after a failure --- */

static bool is_private_copy(struct mm_struct *mm, unsigned long addr)
{
	pte_t pte = pte_at(mm, addr);

	return is_swap_pte(pte) || (pte_present(pte) && !pte_special(pte) &&
				    folio_test_anon(page_folio(pfn_to_page(pte_pfn(pte)))));
}

static bool in_range(unsigned int i, struct range r)
{
	return i >= r.first && i < r.first + r.nr;
}

void model_adopt(struct proc *proc, struct range a, struct range b)
{
	for (unsigned int i = 0; i < NR_PAGES; i++) {
		struct vm_area_struct *vma = vma_lookup(proc->mm, addr_of(i));
		struct mpage *page = &proc->pages[i];
		bool inside = in_range(i, a) || in_range(i, b);

		if (!vma != !page->mapped && (vma || !inside))
			panic("page %u is %smapped after a failure", i, vma ? "" : "not ");
		if (!vma) {
			model_unmap(page);
			continue;
		}
		if (inside) {
			page->prot = vma->vm_flags & VM_ACCESS_FLAGS;
			page->dontfork = vma->vm_flags & VM_DONTCOPY;
			page->wipe = vma->vm_flags & VM_WIPEONFORK;
			page->locked = vma->vm_flags & VM_LOCKED;
			page->on_fault = vma->vm_flags & VM_LOCKONFAULT;
		}
		if (is_private_copy(proc->mm, addr_of(i)))
			model_own(page);
	}
}

/* --- checking --- */

void check_bytes(struct proc *proc, unsigned int i, const u8 *found)
{
	static const u8 zeros[PAGE_SIZE];
	struct mpage *page = &proc->pages[i];
	const u8 *bytes = bytes_of(page) ? bytes_of(page) : zeros;

	if (page->lazy && memcmp(found, bytes, PAGE_SIZE)) {
		drop_own(page);
		bytes = zeros;
	}
	for (unsigned int at = 0; memcmp(found, bytes, PAGE_SIZE) && at < PAGE_SIZE; at++)
		if (found[at] != bytes[at])
			panic("page %u of process %u, byte %u: %02x, not %02x", i, proc->slot, at,
			      found[at], bytes[at]);
}

void check_page(struct proc *proc, unsigned int cpu, unsigned int i)
{
	struct mpage *page = &proc->pages[i];
	u8 found[PAGE_SIZE];
	vm_fault_t want, got;
	bool bad;

	model_touch(proc, i);
	want = expected_fault(page, false);
	bad = !want && slot_is_bad(proc, i);
	got = mmu_read(cpu, proc->mm, addr_of(i), found, PAGE_SIZE);
	if (bad && got == VM_FAULT_SIGBUS)
		return;
	if (got != want)
		panic("page %u of process %u: a read ends with %u, not %u", i, proc->slot, got,
		      want);
	if (got)
		return;
	check_bytes(proc, i, found);
}

void check_processes(void)
{
	for (unsigned int p = 0; p < nr_procs; p++) {
		ASSERT(procs[p]->mm->brk == procs[p]->brk);
		for (unsigned int i = 0; i < NR_PAGES; i++)
			check_page(procs[p], (2 * procs[p]->slot + i % 2) % NR_CPUS, i);
	}
}
