/* madvremove.c - MADV_REMOVE punches a hole in what is behind a shared mapping. */
#include "tap.h"
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

#define RW	(PROT_READ | PROT_WRITE)
#define FILE_NAME "/tmp/madvremove"

static long blocks(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return (long)st.st_blocks;
}

static bool zeros(const char *p)
{
	return p[0] == 0 && memcmp(p, p + 1, PAGE - 1) == 0;
}

static char *map(int fd, int prot, int flags, off_t at)
{
	char *p = mmap(NULL, 4 * PAGE, prot, flags, fd, at);

	must(p != MAP_FAILED);
	return p;
}

static void file(void)
{
	int fd = make_file(FILE_NAME, 8), ro = open(FILE_NAME, O_RDONLY);
	char *p = map(fd, RW, MAP_SHARED, 2 * PAGE), *other = map(fd, PROT_READ, MAP_PRIVATE, 0);
	char *q = map(ro, PROT_READ, MAP_SHARED, 0);
	long before = blocks(fd);
	char c;

	is(other[3 * PAGE], 'd', "a private mapping sees page 3");
	is(p[PAGE], 'd', "so does a shared one");
	is(madvise(p + PAGE, 2 * PAGE, MADV_REMOVE), 0, "MADV_REMOVE of pages 3 and 4");
	ok(zeros(p + PAGE) && zeros(p + 2 * PAGE), "they are zeros");
	ok(p[0] == 'c' && p[3 * PAGE] == 'f', "those beside them are as they were");
	ok(zeros(other + 3 * PAGE), "the other mapping has lost it, too");
	ok(pread(fd, &c, 1, 4 * PAGE) == 1 && c == 0, "read finds zeros");
	ok(lseek(fd, 0, SEEK_END) == 8 * (off_t)PAGE, "the file is as long as before");
	p[PAGE] = 'x';
	ok(pread(fd, &c, 1, 3 * PAGE) == 1 && c == 'x', "it can be written again");
	is(madvise(p + 2 * PAGE, PAGE, MADV_REMOVE), 0, "a hole can be removed once more");
	is(before - blocks(fd), 8, "the file has fewer blocks");
	fails(madvise(other, PAGE, MADV_REMOVE), EACCES, "a private mapping of a file is EACCES");
	fails(madvise(q, PAGE, MADV_REMOVE), EACCES, "a file that is open for reading is EACCES");
	must(mlock(p, PAGE) == 0);
	fails(madvise(p, 4 * PAGE, MADV_REMOVE), EINVAL, "locked memory is EINVAL");
	is(p[0], 'c', "and stays");
	munlock(p, PAGE);
	must(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	is(madvise(p, PAGE, MADV_REMOVE), 0, "the right to have the right to write is enough");
	must(munmap(p + 2 * PAGE, PAGE) == 0);
	fails(madvise(p + PAGE, 3 * PAGE, MADV_REMOVE), ENOMEM, "a hole in the range is ENOMEM");
	ok(zeros(p + PAGE) && zeros(p + 3 * PAGE), "with what is before and behind it removed");
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
	munmap(other, 4 * PAGE);
	close(ro);
	close(fd);
	unlink(FILE_NAME);
}

static void memory(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, 0600), fd = memfd_create("seal", MFD_ALLOW_SEALING);
	char *p = map_shared(4 * PAGE), *q = map_anon(4 * PAGE, RW), *s = shmat(id, NULL, 0);

	must(id >= 0 && fd >= 0 && s != (char *)-1 && ftruncate(fd, 4 * PAGE) == 0);
	memset(p, 1, 4 * PAGE);
	memset(s, 1, 4 * PAGE);
	is(madvise(p, 2 * PAGE, MADV_REMOVE), 0, "shared anonymous memory");
	ok(zeros(p) && zeros(p + PAGE) && p[2 * PAGE] == 1, "has a hole then");
	is(madvise(s + PAGE, PAGE, MADV_REMOVE), 0, "a segment");
	ok(zeros(s + PAGE) && s[0] == 1, "has one, too");
	fails(madvise(q, PAGE, MADV_REMOVE), EINVAL, "private anonymous memory is EINVAL");
	is(madvise(p, 0, MADV_REMOVE), 0, "nothing is 0");
	fails(madvise(p + 1, PAGE, MADV_REMOVE), EINVAL, "an odd address is EINVAL");
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
	shmdt(s);
	shmctl(id, IPC_RMID, NULL);
	p = map(fd, RW, MAP_SHARED, 0);
	memset(p, 1, 4 * PAGE);
	is(madvise(p, PAGE, MADV_REMOVE), 0, "a memfd");
	is(blocks(fd), 24, "has three pages left of four");
	munmap(p, 4 * PAGE);
	close(fd);
}

/* An area that grows may come to reach beyond the last offset that there is. */
static void last_page(void)
{
	const off_t last = 0x7fffffffffffe000;
	int fd = memfd_create("long", 0);
	char *p, *q;

	must(fd >= 0 && ftruncate(fd, last + PAGE) == 0);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, last);
	must(p != MAP_FAILED);
	memset(p, 1, PAGE);
	q = mremap(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	must(q != MAP_FAILED);
	fails(madvise(q, 3 * PAGE, MADV_REMOVE), EFBIG, "beyond the last offset is EFBIG");
	is(q[0], 1, "and removes nothing");
	is(madvise(q, PAGE, MADV_REMOVE), 0, "the last page can be removed");
	ok(zeros(q), "it is zeros");
	munmap(q, 3 * PAGE);
	close(fd);
}

static void body(void)
{
	file();
	memory();
	last_page();
}

int main(void)
{
	return tap_run(body, 10);
}
