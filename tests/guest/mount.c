/* mount.c - mounting and unmounting tmpfs and proc, and a file system that is full. */
#include "tap.h"
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#define TOP	"/tmp/mount"

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static char buf[8192];

static void read_list(const char *path)
{
	ssize_t n;
	int fd = open(path, O_RDONLY);

	must(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
}

static bool listed(const char *text)
{
	read_list("/proc/mounts");
	return strstr(buf, text) != NULL;
}

static void mounting(void)
{
	struct stat outer, inner;
	char buf[64];
	int fd;

	must(mkdir(TOP, 0755) == 0);
	close(open(TOP "/below", O_CREAT | O_WRONLY, 0600));
	must(stat(TOP, &outer) == 0);
	is(mount("tmpfs", TOP, "tmpfs", 0, NULL), 0, "a tmpfs can be mounted");
	ok(!exists(TOP "/below"), "it covers what was there");
	ok(stat(TOP, &inner) == 0 && inner.st_dev != outer.st_dev, "it is another device");
	ok(listed(" " TOP " tmpfs "), "/proc/mounts lists it");
	is(inner.st_size, 40, "an empty directory counts . and .. in its size");
	fd = open(TOP "/file", O_CREAT | O_RDWR, 0600);
	must(write(fd, "inside", 6) == 6);
	fails(umount(TOP), EBUSY, "with a file open it is busy");
	fails(rename(TOP "/file", "/tmp/mount-file"), EXDEV, "rename to another device is EXDEV");
	fails(link(TOP "/file", "/tmp/mount-file"), EXDEV, "so is link");
	fails(rmdir(TOP), EBUSY, "a mount point cannot be removed");
	close(fd);
	must(chdir(TOP) == 0);
	ok(getcwd(buf, sizeof(buf)) && strcmp(buf, TOP) == 0, "getcwd works inside");
	must(chdir("..") == 0);
	ok(getcwd(buf, sizeof(buf)) && strcmp(buf, "/tmp") == 0, ".. leads out of it");
	must(chdir("/") == 0);
	is(umount(TOP), 0, "it can be unmounted");
	ok(exists(TOP "/below") && !exists(TOP "/file"), "what was covered is there again");
	ok(!listed(" " TOP " tmpfs "), "/proc/mounts no longer lists it");
}

static void refused(void)
{
	fails(umount(TOP), EINVAL, "unmounting what is no mount point is EINVAL");
	fails(mount("x", TOP, "no-such-fs", 0, NULL), ENODEV, "an unknown file system is ENODEV");
	fails(mount("x", TOP "/nowhere", "tmpfs", 0, NULL), ENOENT, "a missing place is ENOENT");
	fails(mount("x", TOP "/below", "tmpfs", 0, NULL), ENOTDIR, "a file is ENOTDIR");
	fails(mount("x", hide(8), "tmpfs", 0, NULL), EFAULT, "a bad pointer is EFAULT");
	is(mount("proc", TOP, "proc", 0, NULL), 0, "proc can be mounted a second time");
	ok(exists(TOP "/self"), "and works there");
	is(umount(TOP), 0, "and be unmounted");
}

static int as_user(void *arg)
{
	if (setgid(1000) || setuid(1000))
		return 1;
	if (mount("x", TOP, "tmpfs", 0, NULL) != -1 || errno != EPERM)
		return 2;
	return umount("/tmp") == -1 && errno == EPERM ? 0 : arg == NULL ? 3 : 4;
}

/* Fills the file system of @path until it takes no more; the errno of the refusal. */
static int fill(const char *path, size_t most)
{
	static char block[65536];
	size_t done;
	int err = 0, fd = open(path, O_CREAT | O_WRONLY, 0600);

	must(fd >= 0);
	for (done = 0; done < most && !err; done += sizeof(block))
		if (write(fd, block, sizeof(block)) < 0)
			err = errno;
	close(fd);
	return err;
}

static void full(void)
{
	long before = meminfo_kib("MemFree");
	struct statfs fs;

	must(mount("tmpfs", TOP, "tmpfs", 0, "size=4m") == 0);
	ok(statfs(TOP, &fs) == 0 && fs.f_blocks * (unsigned long)fs.f_bsize == 4 * MIB,
	   "size=4m makes a tmpfs of 4 MiB");
	is(fill(TOP "/file", 16 * MIB), ENOSPC, "more is ENOSPC");
	ok(statfs(TOP, &fs) == 0 && fs.f_bfree == 0, "statfs tells that it is full");
	must(unlink(TOP "/file") == 0);
	ok(statfs(TOP, &fs) == 0 && fs.f_bfree > 1000, "removing the file makes room");
	is(fill(TOP "/file", 3 * MIB), 0, "which can be used again");
	must(umount(TOP) == 0);
	ok(before - meminfo_kib("MemFree") < 1024, "unmounting gives the memory back");
	must(mount("tmpfs", TOP, "tmpfs", 0, NULL) == 0);
	is(fill(TOP "/file", 1024 * MIB), ENOSPC,
	   "a tmpfs without a size ends before the memory does");
	must(umount(TOP) == 0);
}

static unsigned long size_of_top(void)
{
	struct statfs fs;

	must(statfs(TOP, &fs) == 0);
	return fs.f_blocks * (unsigned long)fs.f_bsize;
}

static void remounting(void)
{
	struct statfs fs;

	must(mount("tmpfs", TOP, "tmpfs", 0, "size=1m,nr_inodes=3,mode=700") == 0);
	ok(listed("size=1024k") && listed("nr_inodes=3"), "/proc/mounts shows both limits");
	is(fill(TOP "/file", 4 * MIB), ENOSPC, "a megabyte is soon full");
	is(mount("x", TOP, NULL, MS_REMOUNT, "size=2m"), 0, "a remount can make it larger");
	ok(size_of_top() == 2 * MIB, "statfs says so");
	is(fill(TOP "/file", 2 * MIB), 0, "and there is room for more");
	ok(statfs(TOP, &fs) == 0 && fs.f_files == 3, "the limit that was not named is kept");
	fails(mount("x", TOP, NULL, MS_REMOUNT, "size=1m"), EINVAL, "less than is used is EINVAL");
	fails(mount("x", TOP, NULL, MS_REMOUNT, "size=8m,nonsense=1"), EINVAL,
	      "so is an option that it does not know");
	is(mount("x", TOP, NULL, MS_REMOUNT | MS_BIND, "size=8m"), 0, "a remount of one place");
	ok(size_of_top() == 2 * MIB, "does not look at them");
	must(umount(TOP) == 0);
}

/* The line of mountinfo about @where, and the ids at its start. */
static const char *info(const char *where, int *id, int *parent)
{
	char place[64];
	char *at;

	read_list("/proc/self/mountinfo");
	snprintf(place, sizeof(place), " %s ", where);
	at = strstr(buf, place);
	if (!at)
		return "";
	while (at > buf && at[-1] != '\n')
		at--;
	at[strcspn(at, "\n")] = 0;
	return sscanf(at, "%d %d", id, parent) == 2 ? at : "";
}

static void information(void)
{
	int id = 0, parent = 0, bind_id = 0, bind_parent = 0;
	char device[32];
	const char *line;
	struct stat st;

	must(mount("from", TOP, "tmpfs", 0, "size=1m") == 0);
	must(mkdir(TOP "/part", 0755) == 0 && mkdir(TOP "/place", 0755) == 0);
	must(mount(TOP "/part", TOP "/place", NULL, MS_BIND, NULL) == 0);
	must(stat(TOP, &st) == 0);
	snprintf(device, sizeof(device), " %u:%u / ", major(st.st_dev), minor(st.st_dev));
	line = info(TOP, &id, &parent);
	ok(strstr(line, device) && strstr(line, " - tmpfs from rw,size=1024k"),
	   "mountinfo tells device, kind, source and options: %s", line);
	line = info(TOP "/place", &bind_id, &bind_parent);
	ok(strstr(line, " /part " TOP "/place "), "and which part a bind mount shows: %s", line);
	ok(id && bind_id && bind_id != id && bind_parent == id && parent != id,
	   "and what hangs on what");
	must(umount(TOP "/place") == 0 && umount(TOP) == 0);
}

static void body(void)
{
	mounting();
	refused();
	child_ok(as_user, NULL, "a user may neither mount nor unmount");
	if (meminfo_kib("MemTotal") < 1024 * 1024)
		full();
	remounting();
	information();
	rmdir(TOP);
	unlink(TOP "/below");
	rmdir(TOP);
}

int main(void)
{
	return tap_run(body, 15);
}
