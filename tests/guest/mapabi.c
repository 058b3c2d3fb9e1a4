/* mapabi.c - smaller answers of the mapping calls: unknown flags, the lowest addresses, /dev/zero,
 * mincore at a hole, what a move does to soft-dirty, the times of a mapped file, and
 * remap_file_pages. */
#include "pages.h"
#include <sys/stat.h>

#define FILE_NAME	"/tmp/mapabi"

/* ---- flags ---- */

static void validated_flags(void)
{
	static const unsigned int unknown[] = { 0x200, 0x400, 0x80000, 0x100000, 0x200000,
						0x400000, 0x800000, 0x1000000, 0x2000000 };
	static const unsigned int known[] = { 0x40, 0x800, 0x1000, 0x4000, 0x8000, 0x10000,
					      0x20000 };
	int fd = make_file(FILE_NAME, 1);
	size_t i;
	void *p;

	for (i = 0; i < COUNT(unknown); i++) {
		fails(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | unknown[i], fd, 0), EOPNOTSUPP,
		      "MAP_SHARED_VALIDATE with %#x is EOPNOTSUPP", unknown[i]);
	}
	fails(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL,
	      "without a file it is EINVAL");
	for (i = 0; i < COUNT(known); i++) {
		p = mmap(NULL, PAGE, RW, (int)(MAP_SHARED_VALIDATE | known[i]), fd, 0);
		ok(p != MAP_FAILED, "with %#x it maps", known[i]);
		munmap(p, PAGE);
	}
	p = mmap(NULL, PAGE, RW, (int)(MAP_SHARED | 0x200000), fd, 0);
	ok(p != MAP_FAILED, "MAP_SHARED looks at no unknown flags");
	munmap(p, PAGE);
	close(fd);
}

/* ---- page 0 ---- */

static char *low(int flags)
{
	return mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static int user_maps_low(void *arg)
{
	int flags = (int)(long)arg;

	must(setgid(1000) == 0 && setuid(1000) == 0);
	return syscall(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0) == -1 ?
	       errno : 0;
}

static void lowest_addresses(void)
{
	char *p, *from = map_anon(PAGE, RW);

	p = low(MAP_FIXED);
	ok(p == NULL, "the superuser maps page 0");
	p = hide(0);
	p[1] = 7;
	is(p[1], 7, "and uses it");
	is(munmap(p, PAGE), 0, "it goes");
	ok(low(MAP_FIXED_NOREPLACE) == NULL, "also with MAP_FIXED_NOREPLACE");
	faults(READ, PAGE, SIGSEGV, SEGV_MAPERR, "nothing else is there");
	must(munmap(p, PAGE) == 0);
	from[0] = 8;
	ok(mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p && p[0] == 8,
	   "memory moves there");
	fails(read(-1, p, 1), EBADF, "system calls work with it there");
	must(munmap(p, PAGE) == 0);
	ok((unsigned long)low(0) >= 65536, "without MAP_FIXED it is not chosen");
	is(child(user_maps_low, (void *)MAP_FIXED), EXITED(EPERM), "a user gets EPERM");
	is(child(user_maps_low, (void *)MAP_FIXED_NOREPLACE), EXITED(EPERM),
	   "and with MAP_FIXED_NOREPLACE, too");
}

/* ---- /dev/zero ---- */

static void dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	char *p = free_range(4 * PAGE);
	struct vma v;

	must(fd >= 0);
	map_at(p, PAGE, RW);
	must(mmap(p + PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE) == p + PAGE);
	map_at(p + 3 * PAGE, PAGE, RW);
	is(vmas_in(p, p + 4 * PAGE), 3, "/dev/zero does not merge with anonymous memory");
	ok(vma_in(p, p + 4 * PAGE, 1, &v) && strcmp(v.name, "/dev/zero") == 0 &&
	   v.offset == 3 * PAGE, "it has its name and offset");
	ok(vma_in(p, p + 4 * PAGE, 0, &v) && v.name[0] == 0, "its neighbour has none");
	p[2 * PAGE] = 5;
	ok(p[PAGE] == 0 && p[2 * PAGE] == 5, "it is memory");
	is(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0, "it splits");
	is(vmas_in(p, p + 4 * PAGE), 4, "in two");
	is(mprotect(p + 2 * PAGE, PAGE, RW), 0, "and joins");
	is(vmas_in(p, p + 4 * PAGE), 3, "again");
	is(madvise(p + PAGE, 2 * PAGE, MADV_FREE), 0, "MADV_FREE takes it for anonymous");
	must(mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	ok(vma_in(p, p + PAGE, 0, &v) && strcmp(v.name, "/dev/zero") == 0, "its name moves along");
	munmap(p, 4 * PAGE);
	close(fd);
}

/* ---- mincore ---- */

static void mincore_at_a_hole(void)
{
	unsigned char vec[4] = { 9, 9, 9, 9 };
	char *p = map_anon(4 * PAGE, RW);

	p[0] = 1;
	must(munmap(p + 2 * PAGE, 2 * PAGE) == 0);
	fails(mincore(p, 4 * PAGE, vec), ENOMEM, "mincore over a hole is ENOMEM");
	ok(vec[0] == 1 && vec[1] == 0, "it has told of the pages before the hole");
	ok(vec[2] == 9 && vec[3] == 9, "and of none behind");
	munmap(p, 2 * PAGE);
}

/* ---- soft-dirty ---- */

static bool dirty(char *p)
{
	return pagemap(getpid(), p) & PM_SOFT_DIRTY;
}

static void moved_pages(void)
{
	char *room = free_range(16 * MIB), *p, *to;

	p = map_at(room, 4 * PAGE, RW);
	touch(p, 1);
	touch(p + 2 * PAGE, 1);
	if (!clear_refs(4) || dirty(p)) {
		skip("there is no soft-dirty", "what moves is soft-dirty");
		munmap(p, 4 * PAGE);
		return;
	}
	to = room + 8 * PAGE;
	must(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	ok(dirty(to) && dirty(to + 2 * PAGE), "pages that move are soft-dirty");
	ok(!dirty(to + PAGE) && !dirty(to + 3 * PAGE), "what was not there is not");
	munmap(to, 4 * PAGE);
}

/* ---- times ---- */

static struct stat stat_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return st;
}

/* All of them long ago; atime before the others: it is to be noticed. */
static void make_old(int fd)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };

	must(futimens(fd, t) == 0);
}

static void times(void)
{
	int fd = make_file(FILE_NAME, 2);
	struct stat before, after;
	char *p;

	make_old(fd);
	before = stat_of(fd);
	sleep_ms(30);
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED);
	after = stat_of(fd);
	ok(after.st_atime > 1000, "to map a file is to read it: atime");
	is(after.st_mtime, 2000, "it changes nothing: mtime");
	p[0] = 1;
	must(msync(p, PAGE, MS_SYNC) == 0);
	after = stat_of(fd);
	ok(after.st_mtime > 2000, "a store and msync: mtime");
	ok(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
	   after.st_ctim.tv_nsec != before.st_ctim.tv_nsec, "and ctime");
	make_old(fd);
	p[PAGE] = 1;
	munmap(p, 2 * PAGE);
	ok(stat_of(fd).st_mtime > 2000, "a store to another page and munmap: mtime");
	make_old(fd);
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	p[0] = 2;
	munmap(p, PAGE);
	is(stat_of(fd).st_mtime, 2000, "a store to a private mapping is not one to the file");
	close(fd);
}

/* ---- remap_file_pages ---- */

static long remap(char *p, size_t pages, int prot, size_t pgoff)
{
	return syscall(SYS_remap_file_pages, p, pages * PAGE, prot, pgoff, 0);
}

static void nonlinear(void)
{
	int fd = make_file(FILE_NAME, 6);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), *q = map_anon(PAGE, RW), c;
	struct vma v;

	must(p != MAP_FAILED);
	is(remap(p + PAGE, 1, 0, 5), 0, "another page of the file in the middle of a mapping");
	ok(p[0] == 'a' && p[PAGE] == 'f' && p[2 * PAGE] == 'c', "it is there");
	is(vmas_in(p, p + 4 * PAGE), 3, "in an area of its own");
	ok(vma_in(p, p + 4 * PAGE, 1, &v) && v.offset == 5 * PAGE, "with that offset");
	p[PAGE] = 'X';
	ok(pread(fd, &c, 1, 5 * PAGE) == 1 && c == 'X', "what is written there comes to the file");
	is(remap(p, 4, 0, 0), 0, "all of it is put in order, over three areas");
	ok(p[PAGE] == 'b' && vmas_in(p, p + 4 * PAGE) == 1, "as it was");
	fails(remap(p, 1, PROT_READ, 0), EINVAL, "rights are EINVAL");
	fails(remap(p, 0, 0, 0), EINVAL, "nothing is EINVAL");
	fails(remap(p, 5, 0, 0), EINVAL, "more than is mapped is EINVAL");
	fails(remap(q, 1, 0, 0), EINVAL, "private memory is EINVAL");
	fails(remap(p, 1, 0, 1UL << 52), EOVERFLOW, "a page that no file can have is EOVERFLOW");
	is(p[0], 'a', "and what was mapped stays");
	must(munmap(p + PAGE, PAGE) == 0);
	fails(remap(p, 3, 0, 0), EINVAL, "a hole is EINVAL");
	munmap(p, 4 * PAGE);
	munmap(q, PAGE);
	close(fd);
}

static void body(void)
{
	validated_flags();
	lowest_addresses();
	dev_zero();
	mincore_at_a_hole();
	moved_pages();
	times();
	nonlinear();
	unlink(FILE_NAME);
}

int main(void)
{
	return tap_run(body, 10);
}
