/* vfs.c - starting the file systems.
 * Read:   README.md for the way through this folder. */
#include <fs/super.h>

#include <debug/assert.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <fs/pipe.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

/* What an initramfs may rely on even if it does not bring it along. */
static void populate_root(void)
{
	if (do_mkdirat(AT_FDCWD, "/dev", 0755) || do_mkdirat(AT_FDCWD, "/root", 0700) ||
	    do_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, MKDEV(5, 1)))
		panic("vfs: no memory for the root file system");
}

int mount_at(const char *dev, const char *where, const char *type, unsigned long flags)
{
	struct path path;
	int err = kern_path(where, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = do_mount(dev, &path, type, flags, NULL);
	path_put(&path);
	return err;
}

void vfs_init(void)
{
	dcache_init();
	inode_init();
	namei_init();
	fdtable_init();
	file_init();
	pipe_init();
	tmpfs_init();
	devtmpfs_init();
	if (!current->fs)
		current->fs = fs_init_task();
	ASSERT(current->fs);
	populate_root();
}
