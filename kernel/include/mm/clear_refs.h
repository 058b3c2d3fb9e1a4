/* clear_refs.h - forgetting which pages a process has used or written, to see which it does from
 * now on. */
#ifndef MM_CLEAR_REFS_H
#define MM_CLEAR_REFS_H

struct mm_struct;

/* What /proc/PID/clear_refs takes; the numbers are Linux's. */
enum clear_refs {
	CLEAR_REFS_ALL = 1,	/* accessed bits of all areas */
	CLEAR_REFS_ANON,	/* of those without a file */
	CLEAR_REFS_MAPPED,	/* of those with one */
	CLEAR_REFS_SOFT_DIRTY,	/* soft-dirty bits */
	CLEAR_REFS_MM_HIWATER_RSS, /* the peak of resident pages */
};

/* Takes mmap_lock. 0 or -EINTR, and then nothing has changed. Sleeps. */
int mm_clear_refs(struct mm_struct *mm, enum clear_refs what);

#endif
