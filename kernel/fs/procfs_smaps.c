/* procfs_smaps.c - /proc/PID/smaps, smaps_rollup and clear_refs: how much of each area is there,
 * and with how many others it is shared.
 * Holds:  the text is Linux's to the letter. What we do not have (huge pages) is there as 0.
 *         Swap counts what the area would have to bring back: its own swap entries, and those pages
 *         of a tmpfs file that are out and not hidden by a copy of its own. Only the former have
 *         owners to share them, so only they are in SwapPss.
 * Locks:  as maps. Counting is done under each table's pte lock.
 * Read:   procfs_maps.c, mm/pagewalk.c. */
#include "procfs_internal.h"

#include <asm/pgtable.h>
#include <fs/inode.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/clear_refs.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/pagewalk.h>
#include <mm/swap.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>

#define NAME_COLUMN	73	/* as in maps */
#define PSS_SHIFT	12	/* shares of a page are kept in 1/4096 bytes */

/* Bytes. */
struct smaps {
	u64	resident, shared_clean, shared_dirty, private_clean, private_dirty;
	u64	referenced, anonymous, lazyfree, swap;
	/* << PSS_SHIFT */
	u64	pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked, swap_pss;
};

/* ---- counting ---- */

/* A page that is mapped @mapcount times is shared by as many; each has its part of it. */
static void count_page(struct smaps *s, const struct page *page, pte_t pte, bool locked)
{
	int mapcount = atomic_read(&page->_mapcount);
	bool dirty = pte_dirty(pte) || page_flag(page, PG_dirty);
	u64 share = (PAGE_SIZE << PSS_SHIFT) / max(mapcount, 1);

	s->resident += PAGE_SIZE;
	if (pte_young(pte) || page_flag(page, PG_young))
		s->referenced += PAGE_SIZE;
	if (mapcount > 1)
		*(dirty ? &s->shared_dirty : &s->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &s->private_dirty : &s->private_clean) += PAGE_SIZE;
	s->pss += share;
	if (dirty)
		s->pss_dirty += share;
	if (locked)
		s->pss_locked += share;
	if ((unsigned long)READ_ONCE(page->mapping) & PAGE_MAPPING_ANON) {
		s->anonymous += PAGE_SIZE;
		s->pss_anon += share;
		if (!page_flag(page, PG_swapbacked) && !dirty)
			s->lazyfree += PAGE_SIZE;
	} else if (page_flag(page, PG_swapbacked)) {
		s->pss_shmem += share;
	} else {
		s->pss_file += share;
	}
}

static void count_swapped(struct smaps *s, swp_entry_t entry)
{
	s->swap += PAGE_SIZE;
	s->swap_pss += (PAGE_SIZE << PSS_SHIFT) / max(swap_count(entry), 1u);
}

struct area_count {
	struct smaps	*s;
	unsigned long	out;		/* of the file's pages, so many have left for swap */
	unsigned long	hidden;		/* of these, so many have a copy in the area */
};

/* The zero page is nobody's. */
static void count_entry(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	pte_t pte = ptep_get(ptep);
	struct area_count *count = walk->arg;

	if (pte_none(pte) || (pte_present(pte) && pte_special(pte)))
		return;
	if (pte_present(pte))
		count_page(count->s, pfn_to_page(pte_pfn(pte)), pte,
			   walk->vma->vm_flags & VM_LOCKED);
	else
		count_swapped(count->s, pte_to_swp_entry(pte));
	if (count->out)
		count->hidden += vma_swapped_pages(walk->vma, addr, addr + PAGE_SIZE);
}

static void count_area(struct vm_area_struct *vma, struct smaps *s)
{
	struct area_count count = { s, vma_swapped_pages(vma, vma->vm_start, vma->vm_end), 0 };
	struct mm_walk walk = { .vma = vma, .pte_entry = count_entry, .arg = &count };

	walk_page_range(&walk, vma->vm_start, vma->vm_end);
	if (count.out > count.hidden)	/* more may have left since they were counted */
		s->swap += (count.out - count.hidden) * PAGE_SIZE;
}

/* ---- text ---- */

static void show_kb(struct proc_text *text, const char *name, u64 bytes)
{
	text_printf(text, "%-16s%8lu kB\n", name, bytes >> 10);
}

static void show_pss(struct proc_text *text, const char *name, u64 share)
{
	show_kb(text, name, share >> PSS_SHIFT);
}

static void show_counts(struct proc_text *text, const struct smaps *s, bool rollup)
{
	show_kb(text, "Rss:", s->resident);
	show_pss(text, "Pss:", s->pss);
	show_pss(text, "Pss_Dirty:", s->pss_dirty);
	if (rollup) {
		show_pss(text, "Pss_Anon:", s->pss_anon);
		show_pss(text, "Pss_File:", s->pss_file);
		show_pss(text, "Pss_Shmem:", s->pss_shmem);
	}
	show_kb(text, "Shared_Clean:", s->shared_clean);
	show_kb(text, "Shared_Dirty:", s->shared_dirty);
	show_kb(text, "Private_Clean:", s->private_clean);
	show_kb(text, "Private_Dirty:", s->private_dirty);
	show_kb(text, "Referenced:", s->referenced);
	show_kb(text, "Anonymous:", s->anonymous);
	show_kb(text, "LazyFree:", s->lazyfree);
	show_kb(text, "AnonHugePages:", 0);
	show_kb(text, "ShmemPmdMapped:", 0);
	show_kb(text, "FilePmdMapped:", 0);
	show_kb(text, "Shared_Hugetlb:", 0);
	text_printf(text, "Private_Hugetlb: %7u kB\n", 0);
	show_kb(text, "Swap:", s->swap);
	show_pss(text, "SwapPss:", s->swap_pss);
	show_pss(text, "Locked:", s->pss_locked);
}

/* In the order of the bits. */
static const struct {
	vm_flags_t	flag;
	char		code[4];
} flag_codes[] = {
	{ VM_READ, "rd " }, { VM_WRITE, "wr " }, { VM_EXEC, "ex " }, { VM_SHARED, "sh " },
	{ VM_MAYREAD, "mr " }, { VM_MAYWRITE, "mw " }, { VM_MAYEXEC, "me " },
	{ VM_MAYSHARE, "ms " }, { VM_GROWSDOWN, "gd " }, { VM_PFNMAP, "pf " },
	{ VM_LOCKED, "lo " }, { VM_SEQ_READ, "sr " }, { VM_RAND_READ, "rr " },
	{ VM_DONTCOPY, "dc " }, { VM_DONTEXPAND, "de " }, { VM_LOCKONFAULT, "lf " },
	{ VM_ACCOUNT, "ac " }, { VM_NORESERVE, "nr " }, { VM_WIPEONFORK, "wf " },
	{ VM_DONTDUMP, "dd " }, { VM_SOFTDIRTY, "sd " }, { VM_HUGEPAGE, "hg " },
	{ VM_NOHUGEPAGE, "nh " }, { VM_MERGEABLE, "mg " },
};

static void show_flags(struct proc_text *text, vm_flags_t flags)
{
	text_printf(text, "VmFlags: ");
	for (unsigned int i = 0; i < ARRAY_SIZE(flag_codes); i++)
		if (flags & flag_codes[i].flag)
			text_write(text, flag_codes[i].code, 3);
	text_write(text, "\n", 1);
}

/* ---- all areas ---- */

static void visit_smaps(struct proc_text *text, struct vm_area_struct *vma, char *buf, void *arg)
{
	struct smaps s = {};

	count_area(vma, &s);
	proc_show_area(text, vma, buf);
	show_kb(text, "Size:", vma->vm_end - vma->vm_start);
	show_kb(text, "KernelPageSize:", PAGE_SIZE);
	show_kb(text, "MMUPageSize:", PAGE_SIZE);
	show_counts(text, &s, false);
	text_printf(text, "THPeligible:    %d\n", 0);
	show_flags(text, vma->vm_flags);
}

int proc_pid_smaps_show(struct proc_text *text, struct inode *inode)
{
	int ret = proc_visit_areas(text, visit_smaps, NULL);

	return ret == -ESRCH ? 0 : ret;
}

struct rollup {
	struct smaps	sum;
	unsigned long	first, last;	/* addresses */
};

static void visit_rollup(struct proc_text *text, struct vm_area_struct *vma, char *buf, void *arg)
{
	struct rollup *rollup = arg;

	if (!rollup->last)
		rollup->first = vma->vm_start;
	rollup->last = vma->vm_end;
	count_area(vma, &rollup->sum);
}

/* There is no text before all areas have been visited, so there is never enough of it earlier. */
int proc_pid_smaps_rollup_show(struct proc_text *text, struct inode *inode)
{
	struct rollup rollup = {};
	char head[NAME_COLUMN];
	int ret, len;

	ret = proc_visit_areas(text, visit_rollup, &rollup);
	if (ret)
		return ret;
	len = snprintf(head, sizeof(head), "%08lx-%08lx ---p 00000000 00:00 0 ", rollup.first,
		       rollup.last);
	text_printf(text, "%s%*s[rollup]\n", head, NAME_COLUMN - len, "");
	show_counts(text, &rollup.sum, true);
	return 0;
}

/* ---- clear_refs ---- */

int proc_pid_clear_refs_store(struct inode *inode, char *line)
{
	struct mm_struct *mm;
	long what;
	int ret = proc_parse_long(line, 10, CLEAR_REFS_MM_HIWATER_RSS, &what);

	if (ret)
		return ret;
	if (what < CLEAR_REFS_ALL)
		return -EINVAL;
	mm = get_task_mm(proc_i(inode)->task);
	if (!mm)
		return 0;
	ret = mm_clear_refs(mm, what);
	mmput(mm);
	return ret;
}
