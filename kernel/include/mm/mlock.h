/* mlock.h - locking memory, and looking whether it is there. Addresses and lengths in bytes; all
 * take mmap_lock themselves and may sleep. Returns are those of the system calls. */
#ifndef MM_MLOCK_H
#define MM_MLOCK_H

#include <mm/mm_types.h>

int do_mlock(struct mm_struct *mm, unsigned long addr, unsigned long len, bool on_fault);
int do_munlock(struct mm_struct *mm, unsigned long addr, unsigned long len);
int do_mlockall(struct mm_struct *mm, int flags);
int do_munlockall(struct mm_struct *mm);
/* vec[i] = 1 where page i from @addr is in memory, else 0. For how many it is set: up to the first
 * page where nothing is mapped. */
unsigned long mincore_pages(struct mm_struct *mm, unsigned long addr, unsigned long pages, u8 *vec);
int do_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags);

/* @mapping's unevictable has been cleared: let go what reclaim has marked because of it. Sleeps. */
void mapping_make_evictable(struct address_space *mapping);

#endif
