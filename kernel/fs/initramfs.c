/* initramfs.c - from cpio archives to the root file system.
 * What the loader left is a row of them, each as it is or compressed by gzip, perhaps with zeros
 * between them.
 * Holds:  file contents are copied into the page cache, so that the archive's memory can be freed.
 *         Names that have one (device, inode) pair in one archive, and more than one link, become
 *         hard links. An archive that ends early leaves what came before the break.
 * Locks:  none held; it runs before process 1 does.
 * Read:   lib/cpio.h for the format; lib/inflate.h for gzip. */
#include <fs/super.h>

#include <lib/cpio.h>
#include <lib/err.h>
#include <lib/inflate.h>
#include <lib/list.h>
#include <lib/string.h>
#include <debug/printk.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <fs/namei.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

/* The first name of a file that has several. */
struct seen_file {
	struct list_head	node;
	u32			devmajor, devminor, ino;
	char			*path;
};

static LIST_HEAD(seen_files);	/* only while unpacking */

static struct seen_file *find_seen(const struct cpio_entry *e)
{
	struct seen_file *seen;

	list_for_each_entry(seen, &seen_files, node)
		if (seen->ino == e->ino && seen->devmajor == e->devmajor &&
		    seen->devminor == e->devminor)
			return seen;
	return NULL;
}

static int remember(const struct cpio_entry *e, const char *path)
{
	struct seen_file *seen = kmalloc(sizeof(*seen), GFP_KERNEL);
	char *copy = kstrdup(path, GFP_KERNEL);

	if (!seen || !copy) {
		kfree(seen);
		kfree(copy);
		return -ENOMEM;
	}
	seen->devmajor = e->devmajor;
	seen->devminor = e->devminor;
	seen->ino = e->ino;
	seen->path = copy;
	list_add(&seen->node, &seen_files);
	return 0;
}

static void forget_all(void)
{
	struct seen_file *seen, *next;

	list_for_each_entry_safe(seen, next, &seen_files, node) {
		list_del(&seen->node);
		kfree(seen->path);
		kfree(seen);
	}
}

/* Make the directories above @path's last name that are missing. @path is changed only in
 * between. */
static void make_parents(char *path)
{
	char *slash;

	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		do_mkdirat(AT_FDCWD, path, 0755);
		*slash = '/';
	}
}

static int write_all(struct file *file, const char *data, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = kernel_write(file, data + done, bytes - done, done);

		if (n <= 0)
			return n ? n : -EIO;
		done += n;
	}
	return 0;
}

/* Regular files: the data comes with the last name or with the first, so whoever has it writes
 * it. */
static int unpack_file(const struct cpio_entry *e, const char *path)
{
	struct seen_file *seen = e->nlink > 1 ? find_seen(e) : NULL;
	struct file *file;
	int err;

	do_unlinkat(AT_FDCWD, path);
	if (seen) {
		err = do_linkat(AT_FDCWD, seen->path, AT_FDCWD, path, 0);
		if (err || !e->filesize)
			return err;
	}
	file = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, e->mode & S_IALLUGO);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = write_all(file, e->data, e->filesize);
	fput(file);
	if (!err && e->nlink > 1 && !seen)
		err = remember(e, path);
	return err;
}

static int unpack_symlink(const struct cpio_entry *e, const char *path)
{
	char *target;
	int err = -ENAMETOOLONG;

	if (e->filesize >= PATH_MAX)
		return err;
	target = alloc_name();
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->filesize);
	target[e->filesize] = '\0';
	do_unlinkat(AT_FDCWD, path);
	err = *target ? do_symlinkat(target, AT_FDCWD, path) : -EINVAL;
	putname(target);
	return err;
}

static int unpack_dir(const struct cpio_entry *e, const char *path)
{
	int err = do_mkdirat(AT_FDCWD, path, e->mode & S_IALLUGO);

	return err == -EEXIST ? 0 : err;
}

static int unpack_node(const struct cpio_entry *e, const char *path)
{
	do_unlinkat(AT_FDCWD, path);
	return do_mknodat(AT_FDCWD, path, e->mode, MKDEV(e->rdevmajor, e->rdevminor));
}

/* Owner, mode and time as the archive has them. */
static void set_attributes(const struct cpio_entry *e, const char *path)
{
	s64 mtime = (s64)e->mtime * 1000000000L;
	struct iattr attr = {
		.ia_valid = ATTR_UID | ATTR_GID | ATTR_MTIME | ATTR_ATIME |
			    (S_ISLNK(e->mode) ? 0 : ATTR_MODE),
		.ia_mode = e->mode, .ia_uid = e->uid, .ia_gid = e->gid,
		.ia_atime = mtime, .ia_mtime = mtime,
	};
	struct inode *inode;
	struct path where;

	if (kern_path(path, 0, &where))
		return;
	inode = where.dentry->d_inode;
	down_write(&inode->i_rwsem);
	notify_change_locked(inode, &attr);
	up_write(&inode->i_rwsem);
	path_put(&where);
}

static int unpack_entry(const struct cpio_entry *e, char *path)
{
	int err;

	switch (e->mode & S_IFMT) {
	case S_IFREG:
		err = unpack_file(e, path);
		break;
	case S_IFDIR:
		err = unpack_dir(e, path);
		break;
	case S_IFLNK:
		err = unpack_symlink(e, path);
		break;
	case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		err = unpack_node(e, path);
		break;
	default:
		return -EINVAL;
	}
	if (!err)
		set_attributes(e, path);
	return err;
}

/* The entry's name as an absolute path into @path (PATH_MAX bytes). */
static int absolute_name(const struct cpio_entry *e, char *path)
{
	const char *name = e->name;

	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	if (strlen(name) + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	path[0] = '/';
	strlcpy(path + 1, strcmp(name, ".") ? name : "", PATH_MAX - 1);
	return 0;
}

static int unpack_all(struct cpio_iter *it, char *path)
{
	unsigned int archive = it->nr_archives;
	struct cpio_entry e;
	int more, err;

	while ((more = cpio_next(it, &e)) > 0) {
		if (archive != it->nr_archives)
			forget_all();
		archive = it->nr_archives;
		err = absolute_name(&e, path);
		if (!err) {
			make_parents(path);
			err = unpack_entry(&e, path);
		}
		if (!err)
			continue;
		printk_at(LEVEL_ERR, "initramfs: %s: cannot be made (error %d)\n", e.name, -err);
		if (err == -ENOSPC || err == -ENOMEM) {
			more = err;
			break;
		}
	}
	forget_all();
	if (it->error)
		printk_at(LEVEL_ERR, "initramfs: damaged archive: %s at byte %lu of %lu\n",
			  it->error, it->error_offset, it->size);
	return more;
}

/* What compressed data holds is archives, and nothing that is compressed again. */
static int unpack_buffer(const char *data, size_t bytes, char *path)
{
	struct cpio_iter it;
	int err;

	cpio_init(&it, data, bytes);
	err = unpack_all(&it, path);
	if (err || it.pos == bytes)
		return err;
	printk_at(LEVEL_ERR, "initramfs: compressed data inside of compressed data\n");
	return -EINVAL;
}

/* A gzip member: once to learn its size, then into memory of that size, which is given back. */
static int unpack_member(struct inflate *s, const void *start, size_t bytes, char *path)
{
	char *data;
	int err = gunzip(s, start, bytes, NULL, 0);

	if (err)
		return err;
	data = vmalloc(max(s->made, 1UL));
	if (!data)
		return -ENOMEM;
	err = gunzip(s, start, bytes, data, s->made) ?: unpack_buffer(data, s->made, path);
	vfree(data);
	return err;
}

static int unpack_gzip(const void *start, size_t bytes, char *path, size_t *used)
{
	struct inflate *s = kmalloc(sizeof(*s), GFP_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	err = unpack_member(s, start, bytes, path);
	if (err == -ENOMEM)
		printk_at(LEVEL_ERR, "initramfs: no memory to unpack %lu bytes\n", s->made);
	else if (s->error)
		printk_at(LEVEL_ERR, "initramfs: damaged gzip data: %s\n", s->error);
	*used = s->used;
	kfree(s);
	return err;
}

static int unpack_compressed(const char *start, size_t bytes, char *path, size_t *used)
{
	const char *format = cpio_compression(start, bytes);

	if (!strcmp(format, "gzip"))
		return unpack_gzip(start, bytes, path, used);
	printk_at(LEVEL_ERR, "initramfs: %s data cannot be unpacked here, only gzip data can\n",
		  format);
	return -EINVAL;
}

int initramfs_unpack(const void *start, size_t bytes)
{
	char *path = alloc_name();
	struct cpio_iter it;
	size_t used = 0;
	int err;

	if (!path)
		return -ENOMEM;
	cpio_init(&it, start, bytes);
	while (!(err = unpack_all(&it, path)) && it.pos < bytes) {
		err = unpack_compressed(start + it.pos, bytes - it.pos, path, &used);
		if (err)
			break;
		it.pos += used;
	}
	putname(path);
	return err;
}
