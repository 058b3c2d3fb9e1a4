/* race_test.c - host threads as processors do everything at once: they fault, fork, map, unmap,
 * protect, move, truncate, watch, walk the reverse map and reclaim, with two slow disks for swap
 * that come and go, each on an mm of its own and on two that all share. Each thread has a word of
 * its own in every page. What it reads there it has written there itself, in this family of
 * processes, or it is zero: else a frame was used by two, or a translation was stale. In the end
 * all counts must be right. make test-host runs it with ThreadSanitizer, too. RACE_SECONDS=n: how
 * long (else 2); SEED=n: other random numbers. */
#include "../mm/mm_test.h"

#include <asm/atomic.h>
#include <mm/clear_refs.h>
#include <mm/page_idle.h>

#define NR_THREADS	4
#define NR_SHARED	2
#define NR_MMS		(NR_SHARED + NR_THREADS)
#define PAGES		24		/* across the boundary of two tables */
#define START		(BASE + PMD_SIZE - PAGES / 2 * PAGE_SIZE)
#define FILE_PAGES	16

struct thread {
	unsigned int	nr;		/* it runs on processor nr + 1 */
	u64		random;
	unsigned long	ops;
};

static struct mm_struct *mms[NR_MMS];
static struct file *file;
static u64 until;

/* splitmix64 */
static u64 below(struct thread *t, u64 n)
{
	u64 z = t->random += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return (z ^ z >> 31) % n;
}

static unsigned long random_addr(struct thread *t)
{
	return START + below(t, PAGES) * PAGE_SIZE;
}

/* Of @t in the family of mm number @nr; the low bits count. */
static u64 tag(const struct thread *t, unsigned int nr)
{
	return (0x5a00UL + t->nr * 16 + nr) << 32;
}

/* --- accesses --- */

static void look(struct thread *t, unsigned int nr, struct mm_struct *mm, unsigned long addr)
{
	u64 value = 0;

	addr += t->nr * 8;
	if (!below(t, 8))
		access_remote_vm(mm, addr, &value, 8, 0);
	else if (mmu_read(t->nr + 1, mm, addr, &value, 8))
		return;
	if (value && value >> 32 != tag(t, nr) >> 32 && value >> 32 != tag(t, NR_MMS) >> 32)
		panic("thread %u reads %#lx at %#lx of mm %u", t->nr, value, addr, nr);
}

/* The file's pages are seen by all families, so what may go there has a tag that all know. On an mm
 * that others change as well nobody knows what the write will meet. */
static void put(struct thread *t, unsigned int nr, struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool own;
	u64 value;

	down_read(&mm->mmap_lock);
	vma = vma_lookup(mm, addr);
	own = vma && !(vma->vm_flags & VM_SHARED) && nr >= NR_SHARED;
	up_read(&mm->mmap_lock);
	value = tag(t, own ? nr : NR_MMS) + t->ops % 1000;
	mmu_write(t->nr + 1, mm, addr + t->nr * 8, &value, 8);
}

/* --- changes; what they return is not of interest: others may have been there --- */

static void map(struct thread *t, struct mm_struct *mm)
{
	unsigned long addr = random_addr(t), len = (1 + below(t, 6)) * PAGE_SIZE;
	unsigned int kind = below(t, 6);
	unsigned long prot = below(t, 4) ? RW : PROT_READ;

	if (kind == 0)
		do_mmap(mm, file, addr, len, prot, MAP_SHARED | MAP_FIXED,
			below(t, FILE_PAGES / 2));
	else if (kind == 1)
		do_mmap(mm, file, addr, len, prot, MAP_PRIVATE | MAP_FIXED,
			below(t, FILE_PAGES / 2));
	else
		do_mmap(mm, NULL, addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
			(kind == 2 ? MAP_POPULATE : 0), 0);
}

static void move(struct thread *t, struct mm_struct *mm)
{
	unsigned long len = (1 + below(t, 5)) * PAGE_SIZE;

	do_mremap(mm, random_addr(t), len, len,
		  MREMAP_MAYMOVE | MREMAP_FIXED | (below(t, 4) ? 0 : MREMAP_DONTUNMAP),
		  random_addr(t));
}

static void fork_and_look(struct thread *t, unsigned int nr)
{
	struct mm_struct *child = dup_mm(mms[nr]), *grandchild;

	ASSERT(!IS_ERR(child));
	for (unsigned int i = 0; i < 6; i++) {
		look(t, nr, child, random_addr(t));
		put(t, nr, child, random_addr(t));
	}
	if (below(t, 2)) {
		grandchild = dup_mm(child);
		ASSERT(!IS_ERR(grandchild));
		do_munmap(child, START, below(t, PAGES + 1) * PAGE_SIZE + PAGE_SIZE);
		look(t, nr, grandchild, random_addr(t));
		put(t, nr, grandchild, random_addr(t));
		mmput(grandchild);
		mmu_leave(grandchild);
	}
	mmput(child);
	mmu_leave(child);
}

/* --- the reverse map --- */

/* The frame that is mapped at @addr, with a reference; NULL: none. */
static struct folio *folio_at(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = NULL;
	pmd_t *pmd;
	pte_t pte;

	down_read(&mm->mmap_lock);
	pmd = mm_find_pmd(mm, addr);
	if (pmd && !pmd_none(pmd)) {
		spin_lock(pte_lockptr(pmd));
		pte = ptep_get(pte_offset(pmd, addr));
		if (pte_present(pte) && !pte_special(pte)) {
			folio = page_folio(pfn_to_page(pte_pfn(pte)));
			folio_get(folio);
		}
		spin_unlock(pte_lockptr(pmd));
	}
	up_read(&mm->mmap_lock);
	return folio;
}

static bool count_entry(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
			void *arg)
{
	struct page_vma_mapped_walk walk = { .folio = folio, .vma = vma, .address = addr };
	unsigned int *nr = arg;

	if (page_vma_mapped_walk(&walk)) {
		(*nr)++;
		page_vma_mapped_walk_done(&walk);
	}
	return true;
}

/* An anonymous page that is mapped all the time is found, however it moves and whoever forks. (Once
 * its last entry has gone it never has one again.) An entry is gone a little before it is no longer
 * counted: whoever finds nothing looks again until he sees what he has missed, or none is counted.
 */
static void walk_and_find(struct folio *folio, struct rmap_walk_control *rwc)
{
	unsigned int *nr = rwc->arg, tries = 0;

	rmap_walk(folio, rwc);
	while (!*nr && folio_test_anon(folio) && !rwc->contended && folio_mapcount(folio)) {
		if (tries++ > 10000)
			panic("walks miss all of %d entries", folio_mapcount(folio));
		os_yield();
		rwc->try_lock = false;
		rmap_walk(folio, rwc);
		if (*nr)
			panic("a walk misses an entry that the next one finds");
	}
}

static void walk(struct thread *t, struct mm_struct *mm)
{
	struct folio *folio = folio_at(mm, random_addr(t));
	unsigned int nr = 0;
	struct rmap_walk_control rwc = { .arg = &nr,
					 .rmap_one = count_entry,
					 .try_lock = below(t, 2) };
	bool isolated = false;
	vm_flags_t vm_flags;

	if (!folio)
		return;
	folio_lock(folio);
	switch (below(t, 5)) {
	case 0:
		folio_referenced(folio, &vm_flags, below(t, 2));
		break;
	case 1:
		folio_mkclean(folio);
		break;
	case 2:			/* of one on a list, the flags that say on which might change */
		isolated = folio_isolate_lru(folio);
		if (isolated)
			try_to_unmap(folio, 0);
		break;
	default:
		walk_and_find(folio, &rwc);
	}
	folio_unlock(folio);
	folio_put(folio);
	if (isolated)
		folios_putback(&folio, 1);
}

/* --- reclaim --- */

static void reclaim(struct thread *t, struct mm_struct *mm)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < 8; i++) {
		struct folio *folio = folio_at(mm, random_addr(t));

		if (!folio)
			continue;
		if (folio_isolate_lru(folio))
			folios[nr++] = folio;
		folio_put(folio);
	}
	reclaim_folios(folios, nr);
}

/* One of them is always there. */
static void change_swap(struct thread *t)
{
	struct block_device *bdev = blk_nth(1);
	int err;

	if (t->nr)
		return;
	err = swap_off(bdev);
	if (err)
		panic("swapoff fails: %d", err);
	if (swap_on(bdev, "vdb", 0x8000 | 7))
		panic("swapon fails");
	__atomic_store_n(&shim_disk_mode, below(t, 3), __ATOMIC_RELAXED);
}

static void advise(struct thread *t, struct mm_struct *mm)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, MADV_PAGEOUT, MADV_COLD, MADV_WILLNEED,
	};

	do_madvise(mm, random_addr(t), (1 + below(t, 8)) * PAGE_SIZE,
		   advices[below(t, ARRAY_SIZE(advices))]);
}

/* What tools ask: which pages were used, or written? */
static void observe(struct thread *t, struct mm_struct *mm)
{
	struct folio *folio = folio_at(mm, random_addr(t));

	if (folio) {
		if (below(t, 2))
			page_idle_mark(page_to_pfn(folio_page(folio)));
		else
			page_idle_test(page_to_pfn(folio_page(folio)));
		folio_put(folio);
	}
	if (!below(t, 4))
		mm_clear_refs(mm, CLEAR_REFS_ALL + below(t, 4));
}

/* --- threads --- */

static void change(struct thread *t, unsigned int nr)
{
	struct mm_struct *mm = mms[nr];
	unsigned long len = (1 + below(t, 5)) * PAGE_SIZE;

	switch (below(t, 16)) {
	case 0:
	case 1:
		map(t, mm);
		break;
	case 2:
		do_munmap(mm, random_addr(t), len);
		break;
	case 3:
		do_mprotect(mm, random_addr(t), len, below(t, 2) ? PROT_READ : PROT_NONE);
		break;
	case 4:
		do_mprotect(mm, START, PAGES * PAGE_SIZE, RW);
		break;
	case 5:
		move(t, mm);
		break;
	case 6:
		advise(t, mm);
		break;
	case 7:
		fork_and_look(t, nr);
		break;
	case 8:
		shim_file_truncate(file, below(t, FILE_PAGES + 1) * PAGE_SIZE);
		break;
	case 9:
	case 10:
		reclaim(t, mms[below(t, NR_MMS)]);
		break;
	case 11:
		try_to_free_pages(GFP_KERNEL, 0);
		break;
	case 12:
		if (below(t, 8) == 0)
			change_swap(t);
		break;
	case 13:
		if (below(t, 2))
			do_mlock(mm, random_addr(t), len, below(t, 2));
		else
			do_munlock(mm, START, PAGES * PAGE_SIZE);
		break;
	case 14:
		observe(t, mm);
		break;
	default:
		shim_file_punch(file, below(t, FILE_PAGES) * PAGE_SIZE, len);
		shim_file_truncate(file, FILE_PAGES * PAGE_SIZE);
	}
}

static void run(void *arg)
{
	struct thread *t = arg;

	for (; os_time_ns() < until || t->ops < 500; t->ops++) {
		unsigned int nr = below(t, 2) ? below(t, NR_SHARED) : NR_SHARED + t->nr;
		unsigned int op = below(t, 16);

		if (op < 5)
			put(t, nr, mms[nr], random_addr(t));
		else if (op < 9)
			look(t, nr, mms[nr], random_addr(t));
		else if (op < 12)
			walk(t, mms[below(t, NR_MMS)]);
		else
			change(t, nr);
	}
}

static void everything_at_once_leaves_all_in_order(void **state)
{
	const char *seconds = os_getenv("RACE_SECONDS");
	struct thread threads[NR_THREADS];
	struct os_thread *running[NR_THREADS];
	unsigned long ops = 0;

	(void)state;
	shim_quiet = true;
	shim_swap(0, 2000, 5);
	shim_swap(1, 500, 7);
	file = shim_file_new(FILE_PAGES * PAGE_SIZE);
	for (unsigned int i = 0; i < NR_MMS; i++) {
		mms[i] = i && i < NR_SHARED ? shim_mm_fork(mms[0]) : shim_mm_new();
		map_anon(mms[i], START, PAGES * PAGE_SIZE, RW);
	}
	until = os_time_ns() + (seconds ? strtoul(seconds, NULL, 10) : 2) * 1000000000UL;
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		threads[i] = (struct thread){ .nr = i, .random = random_u64() };
		running[i] = shim_run_on(i + 1, run, &threads[i]);
	}
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		os_thread_join(running[i]);
		ops += threads[i].ops;
	}
	check_all();
	for (unsigned int i = 0; i < NR_MMS; i++)
		shim_mm_exit(mms[i]);
	fput(file);
	print_message("# %lu operations\n", ops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(everything_at_once_leaves_all_in_order),
	};

	return RUN_MM_TESTS(tests);
}
