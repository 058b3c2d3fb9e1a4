/* mm.h - address spaces as the rest of the kernel uses them. */
#ifndef MM_MM_H
#define MM_MM_H

#include <mm/mm_types.h>

#define VM_READ		0x00000001UL
#define VM_WRITE	0x00000002UL
#define VM_EXEC		0x00000004UL
#define VM_SHARED	0x00000008UL
#define VM_MAYREAD	0x00000010UL
#define VM_MAYWRITE	0x00000020UL
#define VM_MAYEXEC	0x00000040UL
#define VM_MAYSHARE	0x00000080UL
#define VM_GROWSDOWN	0x00000100UL
#define VM_PFNMAP	0x00000400UL
#define VM_LOCKED	0x00002000UL
#define VM_SEQ_READ	0x00008000UL
#define VM_RAND_READ	0x00010000UL
#define VM_DONTCOPY	0x00020000UL
#define VM_DONTEXPAND	0x00040000UL
#define VM_LOCKONFAULT	0x00080000UL
#define VM_ACCOUNT	0x00100000UL
#define VM_NORESERVE	0x00200000UL
#define VM_WIPEONFORK	0x02000000UL
#define VM_DONTDUMP	0x04000000UL
#define VM_SOFTDIRTY	0x08000000UL
#define VM_HUGEPAGE	0x20000000UL
#define VM_NOHUGEPAGE	0x40000000UL
#define VM_MERGEABLE	0x80000000UL

#define VM_ACCESS_FLAGS	(VM_READ | VM_WRITE | VM_EXEC)

extern struct mm_struct init_mm;	/* the kernel's own tables */

void mm_init(void);			/* frames, slabs, caches: the whole of mm, in order */

/* Birth and death. mm_alloc: an empty address space with mm_users 1; NULL: no memory. */
struct mm_struct *mm_alloc(void);
/* A copy for fork. ERR_PTR(-ENOMEM or -EINTR), and then nothing is left. Takes both mmap_locks. */
struct mm_struct *dup_mm(struct mm_struct *old);
void mmget(struct mm_struct *mm);
void mmput(struct mm_struct *mm);	/* the last one unmaps everything; may sleep */
void mmgrab(struct mm_struct *mm);	/* keeps only the pgd, for a lazy processor */
void mmdrop(struct mm_struct *mm);	/* does not sleep */

/* Faults: the one call of arch's fault handler. */
#define FAULT_FLAG_WRITE	1u
#define FAULT_FLAG_USER		2u	/* else the kernel touching user memory */
#define FAULT_FLAG_INSTRUCTION	4u
#define FAULT_FLAG_PROT		8u	/* the entry was present */
#define FAULT_FLAG_REMOTE	16u	/* on behalf of another mm: no stack growth */

#define VM_FAULT_OOM		1u
#define VM_FAULT_SIGBUS		2u
#define VM_FAULT_SIGSEGV_MAPERR	4u
#define VM_FAULT_SIGSEGV_ACCERR	8u
#define VM_FAULT_MAJOR		16u
#define VM_FAULT_RETRY		32u	/* look up the area again */
#define VM_FAULT_SIGSEGV	(VM_FAULT_SIGSEGV_MAPERR | VM_FAULT_SIGSEGV_ACCERR)
#define VM_FAULT_ERROR		(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

/* Make @addr of @mm accessible as @flags ask, taking mmap_lock itself. 0 or VM_FAULT_* bits.
 * Sleeps. On VM_FAULT_OOM the OOM killer has already run: the caller returns to user mode and
 * retries, or dies if it was the victim. */
vm_fault_t mm_fault(struct mm_struct *mm, unsigned long addr, unsigned int flags);

/* System calls and exec. All take mmap_lock themselves, addresses and lengths in bytes.
 * do_mmap returns the address or a negative errno; prot and flags as in mmap(2); pgoff in pages. */
unsigned long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr,
		      unsigned long len, unsigned long prot, unsigned long flags,
		      unsigned long pgoff);
int do_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len);
/* Map the file's pages from @pgoff on at [start, start + len), page aligned and not empty, which is
 * in a shared mapping: the areas are split. @flags: MAP_NONBLOCK counts. 0 or -EINVAL or mmap's. */
int do_remap_file_pages(struct mm_struct *mm, unsigned long start, unsigned long len,
			pgoff_t pgoff, unsigned long flags);
int do_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot);
unsigned long do_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			unsigned long new_len, unsigned long flags, unsigned long new_addr);
unsigned long do_brk(struct mm_struct *mm, unsigned long brk);	/* the new or unchanged break */
int do_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len, int advice);

extern unsigned int max_map_count;	/* areas a process may have */
#define MMAP_MIN_ADDR	65536UL		/* nothing below, so that a NULL pointer faults */

/* exec: a writable growing-down area ending at @top (page aligned), with 128 KiB more than the
 * @bytes that are about to be written there, but no more than RLIMIT_STACK allows beyond them.
 * @exec: executable stack. 0 or -ENOMEM. */
int setup_stack_vma(struct mm_struct *mm, unsigned long top, unsigned long bytes, bool exec);

/* How the kernel gets at pages of an address space. */
#define FOLL_WRITE	1u
/* As a debugger does: what the process itself may not read is read; what it may not write is, if
 * the area is private, written in a copy of its own. Shared memory keeps its rights. */
#define FOLL_FORCE	2u
/* Copy from another address space, or to it with FOLL_WRITE, faulting pages in. Bytes copied, short
 * at the first bad page. Takes mmap_lock for read; sleeps. Used for exec's argument strings,
 * /proc/PID/mem, process_vm_*. */
size_t access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, size_t bytes,
			unsigned int gup_flags);

struct task_struct;
/* process_mrelease: @process, which is dying with all who share its memory, gives its private pages
 * back now. 0; -ESRCH: it has done so by itself; -EINVAL: somebody is not dying; -EINTR. Takes
 * mmap_lock. */
int reap_process(struct task_struct *process);

/* Areas, for /proc. mmap_lock held. */
/* first with vm_end > addr */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
/* NULL after the last */
struct vm_area_struct *vma_next(struct vm_area_struct *vma);

/* What was mapped there by name, or NULL. */
static inline struct file *vma_named_file(const struct vm_area_struct *vma)
{
	return vma->vm_file ? vma->vm_file : vma->vm_anon_file;
}

static inline unsigned long get_mm_rss(struct mm_struct *mm)	/* pages */
{
	long rss = atomic_read(&mm->rss_anon) + atomic_read(&mm->rss_file) +
		   atomic_read(&mm->rss_shmem);

	return rss < 0 ? 0 : rss;
}

/* The most there ever were. */
static inline unsigned long get_mm_hiwater_rss(struct mm_struct *mm)	/* pages */
{
	return max(READ_ONCE(mm->hiwater_rss), get_mm_rss(mm));
}

#endif
