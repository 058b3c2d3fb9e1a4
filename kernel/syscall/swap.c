/* swap.c - system calls that begin and end swap areas. */
#include <syscall/mm.h>

#include <drivers/blk.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/namei.h>
#include <lib/err.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <proc/cred.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/swap.h>

/* The file that root names, open as somebody who is going to write to it. ERR_PTR. */
static struct file *open_area(const char *upath)
{
	char *path = getname(upath, false);
	struct file *file;

	if (IS_ERR(path))
		return ERR_PTR(PTR_ERR(path));
	file = do_open(AT_FDCWD, path, O_RDWR, 0);
	putname(path);
	return file;
}

/* NULL: swap is on whole disks only. */
static struct block_device *disk_of(const struct file *file)
{
	return S_ISBLK(file->f_inode->i_mode) ? blk_find(file->f_inode->i_rdev) : NULL;
}

static long start_area(struct file *file, int flags)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	const char *path;
	long err = -EINVAL;

	if (!buf)
		return -ENOMEM;
	path = d_path(&file->f_path, buf, PATH_MAX);
	if (IS_ERR(path))
		err = PTR_ERR(path);
	else if (disk_of(file))
		err = swap_on(disk_of(file), path, flags);
	kfree(buf);
	return err;
}

long sys_swapon(const char *path, int flags)
{
	struct file *file;
	long err;

	if (flags & ~SWAP_FLAGS_VALID)
		return -EINVAL;
	if (!capable())
		return -EPERM;
	file = open_area(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = start_area(file, flags);
	fput(file);
	return err;
}

long sys_swapoff(const char *path)
{
	struct file *file;
	long err;

	if (!capable())
		return -EPERM;
	file = open_area(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = disk_of(file) ? swap_off(disk_of(file)) : -EINVAL;
	fput(file);
	return err;
}
