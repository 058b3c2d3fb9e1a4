/* lock_rank.h - the order in which locks may be taken, once for the whole kernel.
 *
 * A lock is taken only while every held lock has a smaller rank. A trylock may break this, and so
 * may a *_nested call, which says at the spot why two locks of one rank cannot deadlock. Debug
 * builds check it.
 *
 * Sleeping locks come first: under any spinning lock nobody sleeps, allocates with GFP_KERNEL or
 * touches user memory. Ranks from RANK_IRQ_SAFE on are taken with interrupts disabled.
 */
#ifndef SYNC_LOCK_RANK_H
#define SYNC_LOCK_RANK_H

#include <lib/types.h>

enum lock_rank {
	RANK_NONE,		/* not checked: locks that are taken alone */
	/* sleeping */
	/* file->f_pos_lock: outermost, read and write hold it around all else */
	RANK_FILE_POS,
	RANK_PROC_TEXT,		/* text of an open /proc file, while it is made and read */
	RANK_RENAME,		/* sb-wide rename mutex */
	RANK_INODE,		/* inode->i_rwsem: size, truncation, directory entries */
	RANK_PIPE,		/* pipe->mutex */
	RANK_DISK_EDGE,		/* a disk: blocks written in part */
	RANK_SWAPON,		/* which swap areas there are */
	RANK_TTY_WRITE,		/* tty->write_mutex: one write at a time */
	RANK_TTY,		/* tty->mutex: line discipline */
	RANK_EXEC,		/* one execve or ptrace-like access to a task's mm at a time */
	RANK_VERIFY,		/* one verification of all memory at a time */
	RANK_KSM,		/* ksm_thread_mutex */
	RANK_EPOLL,		/* epoll_mutex: which files are watched by which epolls */
	RANK_MMAP,		/* mm->mmap_lock: VMA tree, vm_flags, chains */
	RANK_FOLIO,		/* folio lock bit: owner, swap-cache membership */
	RANK_I_MMAP,		/* mapping->i_mmap_rwsem: tree of VMAs of a file */
	RANK_ANON_VMA,		/* anon_vma->root->rwsem: trees of chains of a family */
	RANK_VMALLOC,		/* the kernel's own map of guarded ranges */
	/* spinning, interrupts on */
	RANK_MOUNT,		/* mount table */
	RANK_DCACHE,		/* dentry tree and counts */
	RANK_FILES,		/* files_struct: descriptor table */
	RANK_FS,		/* fs_struct: root, cwd */
	RANK_PAGE_TABLE,	/* mm->page_table_lock: upper-level entries */
	RANK_PTE,		/* one per table page: leaf entries, map counts, rss */
	RANK_TLB,		/* the shootdown request; all processors must be able to answer */
	RANK_SWAP,		/* swap_area: slot counts */
	/* spinning, interrupts off */
	RANK_IRQ_SAFE,
	RANK_TASKLIST = RANK_IRQ_SAFE,	/* process tree, pid table, groups and sessions */
	RANK_SIGHAND,		/* sighand_struct: actions, pending signals */
	RANK_TIMERFD,		/* one timerfd: when it expires, how often it has */
	RANK_FUTEX,		/* one per futex hash bucket */
	RANK_I_PAGES,		/* mapping->i_pages: page cache and swap cache trees */
	RANK_LRU,		/* lru_lock: LRU lists, isolation */
	RANK_SLAB,		/* kmem_cache->lock: partial slabs */
	RANK_ZONE,		/* zone->lock: buddy lists, watermarks */
	RANK_TIMER,		/* one per processor: armed timers */
	RANK_DISK,		/* a disk's queue of requests */
	RANK_WAITQ,		/* wait queues, and the wait lists of sleeping locks */
	RANK_RUNQUEUE,		/* one per processor: runnable threads */
	RANK_PSI,		/* how long threads have stalled for memory */
	RANK_CONSOLE,		/* output, so that any path may print */
};

/* Debug builds: remember that the running task (or interrupt) holds @lock, and check the order.
 * @nested skips the order check. */
void lock_acquired(const void *lock, enum lock_rank rank, bool nested);
void lock_released(const void *lock);
bool lock_is_held(const void *lock);
/* Nothing is checked before this: processors have no current task yet. */
void lock_debug_start(void);
/* Debug builds: panic if the caller holds a spinning lock, has interrupts off or is in an
 * interrupt. */
void might_sleep(void);

#endif
