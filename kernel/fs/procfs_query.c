/* procfs_query.c - PROCMAP_QUERY, the ioctl of /proc/PID/maps: one area as a structure.
 * Locks:  mmap_lock for reading while the answer is made in kernel memory; none while it is copied.
 * Where Linux differs: build IDs of program files are not looked for, as if none had one.
 * Read:   procfs_maps.c. */
#include "procfs_internal.h"

#include <asm/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/super.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <uapi/errno.h>
#include <uapi/procfs.h>

#define SMALLEST	offsetof(struct procmap_query, vma_start)
#define FLAGS		0x3full
#define PERMISSIONS	0x0full

/* Copy a structure of the size that it says: one that is larger than ours must end in zeros. */
static int get_query(struct procmap_query *q, const char *user)
{
	u64 size, more;

	if (copy_from_user(&size, user, sizeof(size)))
		return -EFAULT;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < SMALLEST)
		return -EINVAL;
	memset(q, 0, sizeof(*q));
	if (copy_from_user(q, user, min(size, sizeof(*q))))
		return -EFAULT;
	for (u64 at = sizeof(*q), n; at < size; at += n) {
		n = min(size - at, sizeof(more));
		more = 0;
		if (copy_from_user(&more, user + at, n))
			return -EFAULT;
		if (more)
			return -E2BIG;
	}
	if (q->query_flags & ~FLAGS || !q->vma_name_size != !q->vma_name_addr ||
	    !q->build_id_size != !q->build_id_addr)
		return -EINVAL;
	return 0;
}

static u64 permissions(const struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;

	return (flags & VM_READ ? PROCMAP_QUERY_VMA_READABLE : 0) |
	       (flags & VM_WRITE ? PROCMAP_QUERY_VMA_WRITABLE : 0) |
	       (flags & VM_EXEC ? PROCMAP_QUERY_VMA_EXECUTABLE : 0) |
	       (flags & VM_MAYSHARE ? PROCMAP_QUERY_VMA_SHARED : 0);
}

/* The area that is asked for, or NULL. mmap_lock held. */
static struct vm_area_struct *find_queried(struct mm_struct *mm, const struct procmap_query *q)
{
	bool next = q->query_flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA;
	bool of_file = q->query_flags & PROCMAP_QUERY_FILE_BACKED_VMA;
	u64 wanted = q->query_flags & PERMISSIONS;
	struct vm_area_struct *vma = find_vma(mm, q->query_addr);

	for (; vma; vma = vma_next(vma)) {
		if (!next && vma->vm_start > q->query_addr)
			return NULL;
		if ((!of_file || vma->vm_file) && (permissions(vma) & wanted) == wanted)
			return vma;
		if (!next)
			return NULL;
	}
	return NULL;
}

/* Fill in what is known of @vma; *name, if asked for, is its name in @buf, of PATH_MAX bytes. */
static int answer(struct vm_area_struct *vma, struct procmap_query *q, char *buf, const char **name)
{
	const struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;
	size_t bytes;

	q->vma_start = vma->vm_start;
	q->vma_end = vma->vm_end;
	q->vma_flags = permissions(vma);
	q->vma_page_size = PAGE_SIZE;
	q->vma_offset = inode ? vma->vm_pgoff << PAGE_SHIFT : 0;
	q->inode = inode ? inode->i_ino : 0;
	q->dev_major = inode ? MAJOR(inode->i_sb->s_dev) : 0;
	q->dev_minor = inode ? MINOR(inode->i_sb->s_dev) : 0;
	q->build_id_size = 0;
	if (!q->vma_name_size)
		return 0;
	*name = proc_area_name(vma, buf);
	if (IS_ERR(*name))
		return PTR_ERR(*name);
	bytes = *name ? strlen(*name) + 1 : 0;
	if (bytes > q->vma_name_size)
		return -ENAMETOOLONG;
	q->vma_name_size = bytes;
	return 0;
}

static int query(struct mm_struct *mm, struct procmap_query *q, char *buf, const char **name)
{
	struct vm_area_struct *vma;
	int ret = down_read_killable(&mm->mmap_lock);

	if (ret)
		return ret;
	vma = find_queried(mm, q);
	ret = vma ? answer(vma, q, buf, name) : -ENOENT;
	up_read(&mm->mmap_lock);
	return ret;
}

long proc_maps_query(struct mm_struct *mm, void *user)
{
	struct procmap_query q;
	const char *name = NULL;
	char *buf;
	int ret = get_query(&q, user);

	if (ret)
		return ret;
	if (!mm || !atomic_inc_not_zero(&mm->mm_users))
		return -ESRCH;
	buf = get_free_page(GFP_KERNEL);
	ret = buf ? query(mm, &q, buf, &name) : -ENOMEM;
	mmput(mm);
	if (!ret && name && copy_to_user((void *)q.vma_name_addr, name, q.vma_name_size))
		ret = -EFAULT;
	if (!ret && copy_to_user(user, &q, min(q.size, sizeof(q))))
		ret = -EFAULT;
	if (buf)
		free_page(buf);
	return ret;
}
