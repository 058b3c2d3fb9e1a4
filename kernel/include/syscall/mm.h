/* syscall/mm.h - the system calls of memory. Returns: as Linux. */
#ifndef SYSCALL_MM_H
#define SYSCALL_MM_H

#include <lib/types.h>

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      int fd, unsigned long offset);
long sys_munmap(unsigned long addr, unsigned long len);
long sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot);
long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr);
long sys_brk(unsigned long brk);
long sys_madvise(unsigned long addr, unsigned long len, int advice);
long sys_mincore(unsigned long addr, unsigned long len, unsigned char *vec);
long sys_remap_file_pages(unsigned long start, unsigned long len, unsigned long prot,
			  unsigned long pgoff, unsigned long flags);
long sys_msync(unsigned long addr, unsigned long len, int flags);
long sys_mlock(unsigned long addr, unsigned long len);
long sys_mlock2(unsigned long addr, unsigned long len, int flags);
long sys_munlock(unsigned long addr, unsigned long len);
long sys_mlockall(int flags);
long sys_munlockall(void);

/* kernel/syscall/swap.c */
long sys_swapon(const char *path, int flags);
long sys_swapoff(const char *path);
/* kernel/syscall/shm.c */
long sys_shmget(int key, size_t bytes, int flags);
long sys_shmat(int id, unsigned long addr, int flags);
long sys_shmdt(unsigned long addr);
long sys_shmctl(int id, int cmd, void *user);

#endif
