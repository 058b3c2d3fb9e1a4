/* ops_use.c - operations on what is mapped: fork and exit, accesses, files, the reverse map.
 * Read:   ops.c for the input, model.h for the other side. */
#include "ops_internal.h"

#include <lib/err.h>
#include <lib/string.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

#include "../shim/file.h"
#include "../shim/machine.h"
#include "../shim/mmu.h"

/* --- processes --- */

void op_fork(struct proc *proc)
{
	struct mm_struct *mm;

	if (nr_procs == MAX_PROCS)
		return;
	say("fork");
	mm = (void *)TRY(shim_mm_fork(proc->mm));
	if (fails && PTR_ERR(mm) == -ENOMEM)
		return;
	ASSERT(!IS_ERR(mm));
	model_fork(proc, mm);
}

void end_process(struct proc *proc)
{
	struct mm_struct *mm = proc->mm;

	model_exit(proc);
	shim_mm_exit(mm);
}

void op_exit(struct proc *proc)
{
	if (nr_procs == 1)
		return;
	say("exit");
	arm();
	end_process(proc);
	disarm();
}

/* --- accesses --- */

void op_write(struct proc *proc)
{
	unsigned int i = take_below(NR_PAGES), at = take() * 16, nr = 1 + take_below(6);

	for (; nr && i < NR_PAGES; nr--, i++) {
		struct mpage *page = &proc->pages[i];
		u64 value = ++serial * 0x9e3779b97f4a7c15UL;
		vm_fault_t want, got;
		bool bad;

		say("write page %u.%u", i, at);
		model_touch(proc, i);
		want = expected_fault(page, true);
		bad = slot_is_bad(proc, i);
		got = TRY(mmu_write(cpu, proc->mm, addr_of(i) + at, &value, 8));
		if ((fails && got == VM_FAULT_OOM) || (bad && got == VM_FAULT_SIGBUS))
			continue;
		expect(got, want);
		if (!want)
			model_write(proc, i, at, &value, 8);
	}
}

void op_read(struct proc *proc)
{
	unsigned int i = take_below(NR_PAGES), nr = 1 + take_below(8);

	say("read page %u+%u", i, nr);
	for (; nr && i < NR_PAGES; nr--, i++)
		check_page(proc, cpu, i);
}

void op_exec(struct proc *proc)
{
	unsigned int i = take_below(NR_PAGES);
	struct mpage *page = &proc->pages[i];
	vm_fault_t want, got;

	say("fetch page %u", i);
	model_touch(proc, i);
	want = expected_fault(page, false);
	if (page->mapped && !(page->prot & PROT_EXEC))
		want = VM_FAULT_SIGSEGV_ACCERR;
	got = TRY(mmu_exec(cpu, proc->mm, addr_of(i)));
	if (!fails || got != VM_FAULT_OOM)
		expect(got, want);
}

/* Is the page @i to be had from outside? FOLL_FORCE needs no rights, but to write to shared
 * memory. */
static bool may_follow(const struct proc *proc, unsigned int i, unsigned int gup_flags)
{
	struct mpage page = proc->pages[i];
	bool write = gup_flags & FOLL_WRITE;
	u8 need = write ? PROT_WRITE : PROT_READ;

	if (gup_flags & FOLL_FORCE && !(write && page.shared))
		page.prot |= need;
	return page.prot & need && !expected_fault(&page, write);
}

void op_remote(struct proc *proc)
{
	unsigned int i = take_below(NR_PAGES), gup_flags = take_below(4);
	bool write = gup_flags & FOLL_WRITE;
	bool ok = may_follow(proc, i, gup_flags), bad = slot_is_bad(proc, i);
	u8 bytes[PAGE_SIZE];
	size_t at = write ? 50 : 0, nr = write ? 100 : PAGE_SIZE;
	long got;

	say("remote %s page %u%s", write ? "write" : "read", i,
	    gup_flags & FOLL_FORCE ? ", forced" : "");
	memset(bytes, ++serial, sizeof(bytes));
	got = TRY(access_remote_vm(proc->mm, addr_of(i) + at, bytes, nr, gup_flags));
	if ((fails || bad) && !got)
		return;
	expect(got, ok ? nr : 0);
	if (ok && write)
		model_write(proc, i, at, bytes, nr);
	else if (ok)
		check_bytes(proc, i, bytes);
}

/* --- files --- */

void op_truncate(struct proc *proc)
{
	struct object *object = files[take_below(NR_FILES)];
	size_t size = take_below(FILE_PAGES * 16) * (PAGE_SIZE / 16);
	long err;

	say("truncate file %lu to %#lx", object->file->f_inode->i_ino, size);
	err = TRY(shim_file_truncate(object->file, size));
	if (fails && err == -ENOMEM)
		return;
	expect(err, 0);
	model_truncate(object, size);
}

void op_punch(struct proc *proc)
{
	struct object *object = files[take_below(NR_FILES)];
	unsigned long first = take_below(FILE_PAGES), nr = 1 + take_below(8);

	say("punch file %lu page %lu+%lu", object->file->f_inode->i_ino, first, nr);
	arm();
	shim_file_punch(object->file, first * PAGE_SIZE, nr * PAGE_SIZE);
	disarm();
	model_punch(object, first, nr);
}

void op_file_write(struct proc *proc)
{
	struct object *object = files[take_below(NR_FILES)];
	size_t pos = take_below(FILE_PAGES * 16 - 1) * (PAGE_SIZE / 16);
	struct mpage page = { .shared = true, .object = object };
	u8 bytes[300];

	say("write file %lu at %#lx", object->file->f_inode->i_ino, pos);
	memset(bytes, ++serial, sizeof(bytes));
	expect(shim_file_write(object->file, pos, bytes, sizeof(bytes)), 0);
	for (size_t b = 0; b < sizeof(bytes); b++) {
		page.index = (pos + b) >> PAGE_SHIFT;
		writable_bytes(&page)[offset_in_page(pos + b)] = bytes[b];
	}
	object->size = max(object->size, pos + sizeof(bytes));
}

/* --- the reverse map --- */

static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	pte_t pte = {};

	if (pmd && !pmd_none(pmd))
		pte = ptep_get(pte_offset(pmd, addr));
	return pte_present(pte) && !pte_special(pte) ? pfn_to_page(pte_pfn(pte)) : NULL;
}

static bool count_place(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			void *arg)
{
	unsigned int *nr = arg;

	*nr += page_at(vma->vm_mm, addr) == folio_page(folio);
	return true;
}

/* What reclaim does to a frame must not be seen by anybody. */
void op_rmap(struct proc *proc)
{
	unsigned int i = take_below(NR_PAGES), how = take_below(5), nr = 0;
	struct rmap_walk_control rwc = { .arg = &nr, .rmap_one = count_place };
	struct page *page = page_at(proc->mm, addr_of(i));
	vm_flags_t vm_flags;
	struct folio *folio;

	if (!page)
		return;
	say("rmap page %u: %u", i, how);
	folio = page_folio(page);
	if (!folio_isolate_lru(folio))
		panic("the page at %#lx is on no list", addr_of(i));
	folio_lock(folio);
	arm();
	switch (how) {
	case 0:
		ASSERT(folio_referenced(folio, &vm_flags, false) <= folio_mapcount(folio) + 1);
		break;
	case 1:
		folio_mkclean(folio);
		break;
	case 2:
	case 3:
		if (try_to_unmap(folio, 0))
			ASSERT(!folio_mapcount(folio));
		if (proc->pages[i].locked && page_at(proc->mm, addr_of(i)) != page)
			panic("the page at %#lx is locked, and was unmapped", addr_of(i));
		break;
	default:
		rmap_walk(folio, &rwc);
		expect(nr, folio_mapcount(folio));
	}
	disarm();
	folio_unlock(folio);
	folios_putback(&folio, 1);
}
