/* ops_swap.c - operations on swap: pages leave, areas come and go, disks are slow or fail. None of
 * them may be seen by anybody, but for reads that fail while they fail.
 * Read:   ops.c for the input, model.h for the other side. */
#include "ops_internal.h"

#include <lib/list.h>
#include <lib/string.h>
#include <asm/pgtable.h>
#include <debug/assert.h>
#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page.h>
#include <uapi/errno.h>

#include "../shim/disk.h"
#include "../shim/machine.h"
#include "../shim/mmu.h"

#define NR_AREAS 2

static struct block_device *disks[NR_AREAS];
static const unsigned long area_pages[NR_AREAS] = { 260, 24 };
static bool is_area[NR_AREAS];

static void start_area(unsigned int nr)
{
	disks[nr] = shim_swap(nr, area_pages[nr], nr ? 2 : 1);
	is_area[nr] = true;
}

void begin_swap(void)
{
	shim_quiet = true;
	shim_disk_random = 1;
	shim_disk_mode = take_below(3);
	for (unsigned int nr = 0; nr < NR_AREAS; nr++)
		start_area(nr);
}

void end_swap(void)
{
	for (unsigned int nr = 0; nr < NR_AREAS; nr++) {
		shim_disk_fail(disks[nr], BIO_READ, 0, 0);
		shim_disk_fail(disks[nr], BIO_WRITE, 0, 0);
	}
}

/* --- pages leave --- */

/* The copy of what is at @addr, in an entry or in the swap cache, with a reference; NULL: none. */
static struct folio *folio_at(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	pte_t pte = pmd && !pmd_none(pmd) ? ptep_get(pte_offset(pmd, addr)) : (pte_t){ 0 };
	struct folio *folio;

	if (is_swap_pte(pte))
		return swap_cache_get_folio(pte_to_swp_entry(pte));
	if (!pte_present(pte) || pte_special(pte))
		return NULL;
	folio = page_folio(pfn_to_page(pte_pfn(pte)));
	folio_get(folio);
	return folio;
}

void op_reclaim(struct proc *proc)
{
	struct range r = take_range();
	unsigned int times = 1 + take_below(2);
	struct folio *folios[WINDOW_PAGES];
	unsigned int nr;

	say("reclaim page %u+%u, %u times", r.first, r.nr, times);
	arm();
	while (times--) {
		nr = 0;
		for (unsigned int i = r.first; i < r.first + r.nr; i++) {
			struct folio *folio = folio_at(proc->mm, addr_of(i));

			if (!folio)
				continue;
			if (folio_isolate_lru(folio))
				folios[nr++] = folio;
			folio_put(folio);
		}
		reclaim_folios(folios, nr);
	}
	disarm();
}

void op_reclaim_any(struct proc *proc)
{
	unsigned int how = take_below(3);

	say("reclaim whatever is oldest, order %u", how);
	arm();
	try_to_free_pages(GFP_KERNEL, how);
	disarm();
}

/* --- disks --- */

void op_disk(struct proc *proc)
{
	unsigned int how = take_below(6), nr = take_below(NR_AREAS);
	unsigned long first = take_below(area_pages[nr]), pages = 1 + take_below(area_pages[nr]);

	switch (how) {
	case 0:
	case 1:
	case 2:
		say("disks work in mode %u", how);
		shim_disk_mode = how;
		break;
	case 3:
		say("disks end all that they have begun");
		shim_disk_settle();
		break;
	case 4:
		say("writes to disk %u fail, slot %lu+%lu", nr, first, pages);
		shim_disk_fail(disks[nr], BIO_WRITE, first, pages);
		break;
	default: say("writes to disk %u succeed", nr); shim_disk_fail(disks[nr], BIO_WRITE, 0, 0);
	}
}

/* Some accesses while reads fail. */
void op_bad_disk(struct proc *proc)
{
	unsigned int nr = take_below(NR_AREAS), how = take_below(4);
	unsigned long first = take_below(area_pages[nr]), pages = 1 + take_below(16);
	int err;

	shim_disk_settle();
	say("reads from disk %u fail, slot %lu+%lu:", nr, first, pages);
	shim_disk_fail(disks[nr], BIO_READ, first, pages);
	if (how == 0)
		op_read(proc);
	else if (how == 1)
		op_write(proc);
	else if (is_area[nr]) {
		say("    swapoff %u", nr);
		err = swap_off(disks[nr]);
		is_area[nr] = err;
		ASSERT(!err || err == -EIO);
	}
	shim_disk_settle();
	shim_disk_fail(disks[nr], BIO_READ, 0, 0);
}

void op_swapoff(struct proc *proc)
{
	unsigned int nr = take_below(NR_AREAS);
	long err;

	if (!is_area[nr]) {
		say("swapon %u", nr);
		shim_disk_settle();
		start_area(nr);
		return;
	}
	say("swapoff %u", nr);
	err = TRY(swap_off(disks[nr]));
	if (!fails || err != -ENOMEM)
		expect(err, 0);
	is_area[nr] = err;
}
