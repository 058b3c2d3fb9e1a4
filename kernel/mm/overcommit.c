/* overcommit.c - how much memory is promised, and when to refuse more.
 *
 * Promised is what may come to need a frame or a slot of its own:
 *	areas		all pages of each that has VM_ACCOUNT: private ones that may be written,
 *			or could be once (accountable_area)
 *	shared memory	all pages of a file without a name (shared anonymous memory, SysV)
 *	tmpfs		the pages that there are of every other file
 * MAP_NORESERVE asks for no promise, and gets one all the same where nothing else is given
 * (OVERCOMMIT_NEVER).
 *
 * Holds:  committed is exactly that sum, whatever the mode: verify.c recomputes it. Who makes
 *         something promises first and takes that back if it fails; who ends something takes it
 *         back last.
 * Locks:  none, the sum is atomic. An area's part changes with its mmap_lock held for write.
 * Read:   mmap.c, mremap.c, mprotect.c, fork_mm.c and filemap.c, which promise. */
#include <mm/overcommit.h>

#include <mm/filemap.h>
#include <mm/internal.h>
#include <mm/page_alloc.h>
#include <proc/task.h>

#define DEFAULT_RATIO		50	/* percent */
#define MAX_ADMIN_RESERVE	(8UL << 10)	/* KiB */
#define MAX_USER_RESERVE	(128UL << 10)
#define PAGES_OF_KB(kb)		((kb) >> (PAGE_SHIFT - 10))

unsigned int vm_overcommit_memory = OVERCOMMIT_GUESS;
unsigned int vm_overcommit_ratio = DEFAULT_RATIO;
unsigned long vm_overcommit_kbytes, vm_admin_reserve_kbytes, vm_user_reserve_kbytes;
static atomic_long_t committed;		/* pages */
static atomic_long_t reserved;		/* pages of those: of files that were promised as a whole */

void overcommit_init(void)
{
	unsigned long part = (nr_free_pages() << (PAGE_SHIFT - 10)) / 32;

	vm_admin_reserve_kbytes = min(part, MAX_ADMIN_RESERVE);
	vm_user_reserve_kbytes = min(part, MAX_USER_RESERVE);
}

unsigned long vm_commit_limit(void)
{
	unsigned long kbytes = READ_ONCE(vm_overcommit_kbytes);

	return nr_swap_slots() + (kbytes ? PAGES_OF_KB(kbytes)
					 : totalram_pages * READ_ONCE(vm_overcommit_ratio) / 100);
}

unsigned long vm_committed(void)
{
	return atomic_read(&committed);
}

/* What current may take the sum to. Root gets at the last of it, to help; and a process leaves a
 * part of its own size to others, so that somebody can still log in and end it. */
static long limit_for_current(void)
{
	const struct mm_struct *mm = current->mm;
	long limit = vm_commit_limit();

	if (current->cred.euid)
		limit -= PAGES_OF_KB(READ_ONCE(vm_admin_reserve_kbytes));
	if (mm)
		limit -= min(READ_ONCE(mm->total_vm) / 32,
			     PAGES_OF_KB(READ_ONCE(vm_user_reserve_kbytes)));
	return limit;
}

static bool fits(unsigned long pages, long sum)
{
	switch (READ_ONCE(vm_overcommit_memory)) {
	case OVERCOMMIT_ALWAYS:
		return true;
	case OVERCOMMIT_GUESS:	/* more is a mistake or a probe; anything less may be used */
		return pages <= totalram_pages + nr_swap_slots();
	}
	return sum < limit_for_current();
}

int vm_acct_replacing(unsigned long pages, unsigned long replaced)
{
	long sum = atomic_add_return(&committed, pages) - replaced;

	if (likely(pages <= replaced || fits(pages - replaced, sum)))
		return 0;
	vm_unacct_memory(pages);
	return -ENOMEM;
}

int vm_acct_memory(unsigned long pages)
{
	return vm_acct_replacing(pages, 0);
}

void vm_unacct_memory(unsigned long pages)
{
	atomic_sub(&committed, pages);
}

bool accountable_area(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

int shmem_reserve(struct address_space *mapping, unsigned long bytes)
{
	unsigned long pages = PAGE_ALIGN(bytes) >> PAGE_SHIFT;
	int err = vm_acct_memory(pages);

	if (!err) {
		mapping->reserved = true;
		mapping->nrreserved = pages;
		atomic_add(&reserved, pages);
	}
	return err;
}

void shmem_unreserve(struct address_space *mapping)
{
	atomic_sub(&reserved, mapping->nrreserved);
	vm_unacct_memory(mapping->nrreserved);
	mapping->nrreserved = 0;
}

unsigned long vm_reserved(void)
{
	return atomic_read(&reserved);
}
