/* syscall/mm.c - the edge of mm: check the arguments, one call down. */
#include <syscall/mm.h>

#include <asm/uaccess.h>
#include <fs/file.h>
#include <mm/mlock.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      int fd, unsigned long offset)
{
	struct file *file = NULL;
	long ret;

	if (offset_in_page(offset))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fget(fd);
		if (!file)
			return -EBADF;
	}
	ret = do_mmap(current->mm, file, addr, len, prot, flags, offset >> PAGE_SHIFT);
	if (file)
		fput(file);
	return ret;
}

long sys_remap_file_pages(unsigned long start, unsigned long len, unsigned long prot,
			  unsigned long pgoff, unsigned long flags)
{
	start &= PAGE_MASK;
	len &= PAGE_MASK;
	if (prot || start + len <= start || pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	return do_remap_file_pages(current->mm, start, len, pgoff, flags);
}

long sys_munmap(unsigned long addr, unsigned long len)
{
	return do_munmap(current->mm, addr, len);
}

long sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	return do_mprotect(current->mm, addr, len, prot);
}

long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr)
{
	return do_mremap(current->mm, addr, old_len, new_len, flags, new_addr);
}

long sys_brk(unsigned long brk)
{
	return do_brk(current->mm, brk);
}

long sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	return do_madvise(current->mm, addr, len, advice);
}

/* A page of answers at a time, so that no lock is held while user memory is written. */
long sys_mincore(unsigned long addr, unsigned long len, unsigned char *vec)
{
	unsigned long pages = (len >> PAGE_SHIFT) + !!offset_in_page(len);
	u8 *buf;
	long err = 0;

	if (offset_in_page(addr))
		return -EINVAL;
	if (!access_ok((void *)addr, len))
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	buf = get_free_page(GFP_KERNEL);
	if (!buf)
		return -EAGAIN;
	while (pages && !err) {
		unsigned long part = min(pages, PAGE_SIZE);
		unsigned long got = mincore_pages(current->mm, addr, part, buf);

		if (got < part)
			err = -ENOMEM;
		if (copy_to_user(vec, buf, got))
			err = -EFAULT;
		addr += part << PAGE_SHIFT;
		vec += part;
		pages -= part;
	}
	free_page(buf);
	return err;
}

/* The range is so long that rounding it up to pages leaves nothing, and that is fine on Linux. */
static bool rounds_to_nothing(unsigned long addr, unsigned long len)
{
	return len && !PAGE_ALIGN(len + offset_in_page(addr));
}

long sys_msync(unsigned long addr, unsigned long len, int flags)
{
	if (rounds_to_nothing(addr, len) && !offset_in_page(addr))
		len = 0;
	return do_msync(current->mm, addr, len, flags);
}

long sys_mlock(unsigned long addr, unsigned long len)
{
	return do_mlock(current->mm, addr, rounds_to_nothing(addr, len) ? 0 : len, false);
}

long sys_mlock2(unsigned long addr, unsigned long len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (rounds_to_nothing(addr, len))
		len = 0;
	return do_mlock(current->mm, addr, len, flags & MLOCK_ONFAULT);
}

long sys_munlock(unsigned long addr, unsigned long len)
{
	return do_munlock(current->mm, addr, rounds_to_nothing(addr, len) ? 0 : len);
}

long sys_mlockall(int flags)
{
	return do_mlockall(current->mm, flags);
}

long sys_munlockall(void)
{
	return do_munlockall(current->mm);
}
