/* dir.c - names: directories, links, symlinks, rename, getdents64, and the current directory. */
#include "tap.h"
#include <dirent.h>
#include <sys/stat.h>

#define TOP	"/tmp/dir"

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	must(fd >= 0);
	must(write(fd, path, strlen(path)) == (ssize_t)strlen(path));
	close(fd);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static nlink_t links_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_nlink : 0;
}

static void making(void)
{
	struct stat st;

	is(mkdir(TOP, 0755), 0, "a directory can be made");
	ok(stat(TOP, &st) == 0 && S_ISDIR(st.st_mode) && st.st_nlink == 2, "it has two links");
	fails(mkdir(TOP, 0755), EEXIST, "making it again is EEXIST");
	fails(mkdir(TOP "/no/where", 0755), ENOENT, "a missing parent is ENOENT");
	is(mkdir(TOP "/sub/", 0700), 0, "a slash at the end is allowed");
	is(links_of(TOP), 3, "a subdirectory adds a link");
	fails(rmdir(TOP), ENOTEMPTY, "a directory that is not empty stays");
	touch(TOP "/file");
	fails(rmdir(TOP "/file"), ENOTDIR, "rmdir of a file is ENOTDIR");
	fails(unlink(TOP "/sub"), EISDIR, "unlink of a directory is EISDIR");
	fails(rmdir(TOP "/sub/."), EINVAL, "rmdir of . is EINVAL");
	is(rmdir(TOP "/sub"), 0, "an empty one can be removed");
	is(links_of(TOP), 2, "its parent loses the link");
	fails(rmdir(TOP "/sub"), ENOENT, "twice is ENOENT");
	unlink(TOP "/file");
}

static void linking(void)
{
	char buf[16];
	int fd;

	touch(TOP "/a");
	is(link(TOP "/a", TOP "/b"), 0, "a file can have two names");
	is(links_of(TOP "/a"), 2, "its link count is 2");
	fd = open(TOP "/b", O_WRONLY | O_TRUNC);
	must(write(fd, "shared", 6) == 6);
	close(fd);
	fd = open(TOP "/a", O_RDONLY);
	ok(read(fd, buf, 16) == 6 && !memcmp(buf, "shared", 6), "both name the same content");
	close(fd);
	fails(link(TOP "/a", TOP "/b"), EEXIST, "a name that is taken is EEXIST");
	fails(link(TOP, TOP "/c"), EPERM, "a directory is EPERM");
	fails(link(TOP "/no", TOP "/c"), ENOENT, "a missing file is ENOENT");
	unlink(TOP "/a");
	is(links_of(TOP "/b"), 1, "removing one name leaves the other");
	unlink(TOP "/b");
}

static void symlinks(void)
{
	char buf[64];
	struct stat st;
	int fd, i;

	touch(TOP "/target");
	is(symlink("target", TOP "/link"), 0, "a symbolic link can be made");
	is(readlink(TOP "/link", buf, sizeof(buf)), 6, "readlink tells where it points");
	is(readlink(TOP "/link", buf, 3), 3, "in a short buffer what fits");
	ok(lstat(TOP "/link", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 6,
	   "lstat sees the link");
	ok(stat(TOP "/link", &st) == 0 && S_ISREG(st.st_mode), "stat sees the target");
	fd = open(TOP "/link", O_RDONLY);
	ok(fd >= 0, "open follows it");
	close(fd);
	fails(open(TOP "/link", O_RDONLY | O_NOFOLLOW), ELOOP, "with O_NOFOLLOW it is ELOOP");
	fails(readlink(TOP "/target", buf, 64), EINVAL, "readlink of a file is EINVAL");
	unlink(TOP "/target");
	fails(open(TOP "/link", O_RDONLY), ENOENT, "a link to nothing is ENOENT");
	fd = open(TOP "/link", O_WRONLY | O_CREAT, 0600);
	ok(fd >= 0 && exists(TOP "/target"), "O_CREAT through it makes the target");
	close(fd);
	fails(open(TOP "/link", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST,
	      "with O_EXCL the link itself counts");
	unlink(TOP "/link");
	ok(exists(TOP "/target"), "unlink removes the link only");
	must(symlink("loop2", TOP "/loop1") == 0 && symlink("loop1", TOP "/loop2") == 0);
	fails(open(TOP "/loop1", O_RDONLY), ELOOP, "links in a circle are ELOOP");
	must(symlink(TOP, TOP "/up") == 0);
	ok(stat(TOP "/up/up/up/target", &st) == 0, "links to directories are followed on the way");
	for (i = 0; i < 3; i++)
		unlink(i == 0 ? TOP "/loop1" : i == 1 ? TOP "/loop2" : TOP "/up");
	unlink(TOP "/target");
}

static void renaming(void)
{
	struct stat a, b;

	touch(TOP "/a");
	touch(TOP "/b");
	must(stat(TOP "/a", &a) == 0);
	is(rename(TOP "/a", TOP "/c"), 0, "a file can be renamed");
	ok(!exists(TOP "/a") && stat(TOP "/c", &b) == 0 && a.st_ino == b.st_ino,
	   "it is the same file");
	is(rename(TOP "/c", TOP "/b"), 0, "it can replace another");
	ok(!exists(TOP "/c") && stat(TOP "/b", &b) == 0 && a.st_ino == b.st_ino, "which is gone");
	is(rename(TOP "/b", TOP "/b"), 0, "renaming to the same name does nothing");
	fails(rename(TOP "/no", TOP "/x"), ENOENT, "a missing file is ENOENT");
	must(mkdir(TOP "/d1", 0755) == 0 && mkdir(TOP "/d2", 0755) == 0);
	fails(rename(TOP "/b", TOP "/d1"), EISDIR, "a file cannot replace a directory");
	fails(rename(TOP "/d1", TOP "/b"), ENOTDIR, "a directory cannot replace a file");
	is(rename(TOP "/b", TOP "/d1/b"), 0, "a file can move to another directory");
	fails(rename(TOP "/d2", TOP "/d1"), ENOTEMPTY, "a directory in use cannot be replaced");
	fails(rename(TOP "/d1", TOP "/d1/x"), EINVAL, "a directory cannot move into itself");
	is(rename(TOP "/d1", TOP "/d2"), 0, "an empty directory can be replaced");
	ok(exists(TOP "/d2/b") && !exists(TOP "/d1"), "its content has moved");
	is(links_of(TOP), 3, "the parent's links are right");
	unlink(TOP "/d2/b");
	rmdir(TOP "/d2");
}

static void listing(void)
{
	enum { N = 300 };
	static bool seen[N];
	char path[64];
	struct dirent *d;
	int i, dots = 0, strange = 0, count = 0, types = 0;
	DIR *dir;

	for (i = 0; i < N; i++) {
		snprintf(path, sizeof(path), TOP "/entry-%03d", i);
		touch(path);
	}
	dir = opendir(TOP);
	must(dir);
	while ((d = readdir(dir)) != NULL) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			dots += d->d_type == DT_DIR;
		else if (sscanf(d->d_name, "entry-%d", &i) == 1 && i >= 0 && i < N && !seen[i])
			seen[i] = true, count++, types += d->d_type == DT_REG;
		else
			strange++;
	}
	is(count, N, "getdents64 lists 300 files, each once");
	is(dots, 2, "and . and ..");
	is(strange, 0, "and nothing else");
	is(types, N, "it knows that they are files");
	rewinddir(dir);
	for (i = 0; i < N; i++) {
		d = readdir(dir);
		must(d);
		if (d->d_name[0] != '.') {
			snprintf(path, sizeof(path), TOP "/%.40s", d->d_name);
			unlink(path);
		}
	}
	closedir(dir);
	dir = opendir(TOP);
	for (count = 0; (d = readdir(dir)) != NULL; )
		if (d->d_name[0] != '.') {
			snprintf(path, sizeof(path), TOP "/%.40s", d->d_name);
			unlink(path);
			count++;
		}
	closedir(dir);
	is(count, 2, "files can be removed while a directory is read");
	is(rmdir(TOP), 0, "then it is empty");
	must(mkdir(TOP, 0755) == 0);
	fails(syscall(SYS_getdents64, 1, path, sizeof(path)), ENOTDIR,
	      "getdents64 of something else is ENOTDIR");
}

static void current(void)
{
	char buf[128];
	int fd, at;

	must(mkdir(TOP "/here", 0755) == 0);
	is(chdir(TOP "/here"), 0, "chdir succeeds");
	ok(getcwd(buf, sizeof(buf)) && !strcmp(buf, TOP "/here"), "getcwd tells it");
	fails(syscall(SYS_getcwd, buf, 3), ERANGE, "a short buffer is ERANGE");
	touch("local");
	ok(exists(TOP "/here/local"), "relative paths start there");
	ok(exists("../here/./local") && exists("..//here//local"), ". and .. and // work in paths");
	is(chdir(".."), 0, "chdir .. goes up");
	ok(getcwd(buf, sizeof(buf)) && !strcmp(buf, TOP), "getcwd tells that");
	fails(chdir("here/local"), ENOTDIR, "chdir to a file is ENOTDIR");
	fails(chdir("nowhere"), ENOENT, "chdir to nothing is ENOENT");
	fd = open("here", O_RDONLY | O_DIRECTORY);
	is(fchdir(fd), 0, "fchdir succeeds");
	ok(getcwd(buf, sizeof(buf)) && !strcmp(buf, TOP "/here"), "getcwd tells that, too");
	must(chdir("/") == 0);
	at = openat(fd, "local", O_RDONLY);
	ok(at >= 0, "openat starts at its directory");
	close(at);
	is(unlinkat(fd, "local", 0), 0, "so does unlinkat");
	is(mkdirat(fd, "sub", 0755), 0, "so does mkdirat");
	is(unlinkat(fd, "sub", AT_REMOVEDIR), 0, "unlinkat removes directories");
	close(fd);
	must(chdir(TOP "/here") == 0);
	is(rmdir(TOP "/here"), 0, "the current directory can be removed");
	fails(syscall(SYS_getcwd, buf, sizeof(buf)), ENOENT, "getcwd is ENOENT then");
	fails(open("x", O_WRONLY | O_CREAT, 0600), ENOENT, "and nothing can be made in it");
	is(chdir("/"), 0, "it can be left");
	ok(exists("/.."), "the root is its own parent");
}

static void long_names(void)
{
	static char path[5000];

	snprintf(path, sizeof(path), TOP "/%0255d", 1);
	touch(path);
	ok(exists(path), "a name of 255 bytes can be used");
	unlink(path);
	snprintf(path, sizeof(path), TOP "/%0256d", 1);
	fails(open(path, O_WRONLY | O_CREAT, 0600), ENAMETOOLONG, "256 bytes are ENAMETOOLONG");
	memset(path, '/', 4999);
	fails(open(path, O_RDONLY), ENAMETOOLONG, "a path of 4999 bytes is ENAMETOOLONG");
}

static void body(void)
{
	making();
	linking();
	symlinks();
	renaming();
	listing();
	current();
	long_names();
	rmdir(TOP);
}

int main(void)
{
	return tap_run(body, 10);
}
