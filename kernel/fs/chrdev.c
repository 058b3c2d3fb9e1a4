/* chrdev.c - which operations a device number stands for, and the file system that shows them all.
 * Holds:  a device once registered stays. devtmpfs has one instance, with a node for each device,
 *         whichever of the two came first; besides, programs may change it as any tmpfs.
 * Locks:  device_lock for the table; devtmpfs's root directory by its i_rwsem.
 * Read:   inode.c: inode_set_dev. */
#include <fs/chrdev.h>

#include <lib/err.h>
#include <lib/string.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/super.h>
#include <init/cmdline.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/mount.h>

struct device {
	struct list_head		list;
	dev_t				rdev;
	const char			*name;
	umode_t				mode;		/* S_IFCHR or S_IFBLK too */
	const struct file_operations	*fops;
};

static DEFINE_SPINLOCK(device_lock, RANK_MOUNT);
static LIST_HEAD(devices);				/* [device_lock] only grows */
static struct super_block *devtmpfs_sb;			/* [c] once the first mount was made */

static void make_device_node(const struct device *dev)
{
	struct dentry *root = devtmpfs_sb->s_root;

	down_write(&root->d_inode->i_rwsem);
	if (tmpfs_make_node(root, dev->name, dev->mode, dev->rdev))
		pr_warn("devtmpfs: no node for %s\n", dev->name);
	up_write(&root->d_inode->i_rwsem);
}

static void register_device(dev_t rdev, const char *name, umode_t mode,
			    const struct file_operations *fops)
{
	struct device *dev = kmalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev) {
		pr_warn("devtmpfs: no memory for %s\n", name);
		return;
	}
	*dev = (struct device){ .rdev = rdev, .name = name, .mode = mode, .fops = fops };
	spin_lock(&device_lock);
	list_add_tail(&dev->list, &devices);
	spin_unlock(&device_lock);
	if (devtmpfs_sb)
		make_device_node(dev);
}

void register_chrdev(dev_t rdev, const char *name, umode_t mode, const struct file_operations *fops)
{
	register_device(rdev, name, S_IFCHR | mode, fops);
}

void register_blkdev(dev_t rdev, const char *name, umode_t mode, const struct file_operations *fops)
{
	register_device(rdev, name, S_IFBLK | mode, fops);
}

const struct file_operations *device_fops(umode_t type, dev_t rdev)
{
	const struct file_operations *fops = NULL;
	const struct device *dev;

	spin_lock(&device_lock);
	list_for_each_entry(dev, &devices, list)
		if (dev->rdev == rdev && (dev->mode & S_IFMT) == type) {
			fops = dev->fops;
			break;
		}
	spin_unlock(&device_lock);
	return fops;
}

bool device_nth(unsigned int nth, umode_t *type, dev_t *rdev, const char **name)
{
	const struct device *dev;
	bool there = false;

	spin_lock(&device_lock);
	list_for_each_entry(dev, &devices, list) {
		there = !nth--;
		if (!there)
			continue;
		*type = dev->mode & S_IFMT;
		*rdev = dev->rdev;
		*name = dev->name;
		break;
	}
	spin_unlock(&device_lock);
	return there;
}

static int devtmpfs_fill_super(struct super_block *sb, const char *data)
{
	return tmpfs_fill_super(sb, "mode=755");
}

static struct file_system_type devtmpfs_type = {
	.name		= "devtmpfs",
	.fs_flags	= FS_SINGLE | FS_NODEV,
	.fill_super	= devtmpfs_fill_super,
};

void devtmpfs_init(void)
{
	struct mount *mnt = kern_mount(&devtmpfs_type, NULL);
	const struct device *dev;

	ASSERT(!IS_ERR(mnt));
	devtmpfs_sb = mnt->mnt_sb;		/* the kind keeps it; this mount goes */
	mntput(mnt);
	list_for_each_entry(dev, &devices, list)
		make_device_node(dev);
	register_filesystem(&devtmpfs_type);
}

void devtmpfs_mount(void)
{
	const char *option = cmdline_get("devtmpfs.mount");
	int err;

	if (option && !strcmp(option, "0"))
		return;
	err = mount_at("devtmpfs", "/dev", "devtmpfs", 0);
	if (err)
		pr_warn("devtmpfs: not mounted on /dev (error %d)\n", -err);
}
