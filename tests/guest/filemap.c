/* filemap.c - private file mappings: filled from the file, copied on write, ended by SIGBUS. */
#include "pages.h"
#include <sys/stat.h>

#define RW	(PROT_READ | PROT_WRITE)
#define NAME	"/tmp/filemap"

static char file_byte(int fd, off_t at)
{
	char c = 0;

	must(pread(fd, &c, 1, at) == 1);
	return c;
}

static void content(void)
{
	int fd = make_file(NAME, 8);
	char *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	int i, bad = 0;

	ok(p != MAP_FAILED, "a file can be mapped privately");
	for (i = 0; i < (int)(8 * PAGE); i++)
		bad += p[i] != 'a' + i / (int)PAGE;
	is(bad, 0, "it shows the file's bytes");
	faults(WRITE, p, SIGSEGV, SEGV_ACCERR, "mapped for reading it cannot be written");
	must(pwrite(fd, "Z", 1, 5) == 1);
	is(p[5], 'Z', "a write to the file shows in pages that were not copied");
	munmap(p, 8 * PAGE);
	close(fd);
	unlink(NAME);
}

static void isolation(void)
{
	int fd = make_file(NAME, 4);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char *q = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	is(p[PAGE], 'b', "a page is read first");
	p[PAGE] = 'X';
	p[2 * PAGE] = 'Y';
	ok(p[PAGE] == 'X' && p[PAGE + 1] == 'b', "a write after a read keeps the rest of the page");
	ok(p[2 * PAGE] == 'Y' && p[2 * PAGE + 1] == 'c', "so does a write without a read before");
	is(file_byte(fd, PAGE), 'b', "the file does not see the write");
	is(q[PAGE], 'b', "another private mapping does not see it");
	q[PAGE] = 'Q';
	is(p[PAGE], 'X', "nor does this one see the other's write");
	must(pwrite(fd, "FF", 2, PAGE) == 2);
	is(p[PAGE + 1], 'b', "a copied page no longer follows the file");
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
	p = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ok(p[PAGE] == 'F' && p[2 * PAGE] == 'c', "a new mapping shows the file alone");
	munmap(p, 4 * PAGE);
	close(fd);
	unlink(NAME);
}

static void end_of_file(void)
{
	int fd = make_file(NAME, 1);
	char *p;

	must(ftruncate(fd, PAGE + 100) == 0);
	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	is(p[PAGE + 99], 0, "a file made longer reads as zero there");
	is(p[2 * PAGE - 1], 0, "the rest of the last page is zero");
	no_fault(WRITE, p + 2 * PAGE - 1, "and can be written");
	faults(READ, p + 2 * PAGE, SIGBUS, BUS_ADRERR, "a read past the last page is SIGBUS");
	faults(WRITE, p + 3 * PAGE + 5, SIGBUS, BUS_ADRERR,
	       "so is a write, with its exact address");
	must(ftruncate(fd, 4 * PAGE) == 0);
	no_fault(READ, p + 2 * PAGE, "after the file has grown the page is there");
	munmap(p, 4 * PAGE);
	close(fd);
	unlink(NAME);
}

static void truncation(void)
{
	int fd = make_file(NAME, 4);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	is(p[3 * PAGE], 'd', "a page is mapped");
	p[2 * PAGE] = 'X';
	must(ftruncate(fd, PAGE) == 0);
	faults(READ, p + 3 * PAGE, SIGBUS, BUS_ADRERR, "truncation takes a mapped page away");
	faults(READ, p + 2 * PAGE, SIGBUS, BUS_ADRERR, "and a page that was copied");
	is(p[0], 'a', "what is still in the file stays");
	munmap(p, 4 * PAGE);
	must(ftruncate(fd, 3 * PAGE) == 0);
	is(file_byte(fd, 2 * PAGE), 0, "grown again the file is zero there");
	close(fd);
	unlink(NAME);
}

static void execution(void)
{
	static const unsigned char code[] = { 0xb8, 0x2a, 0, 0, 0, 0xc3 };	/* return 42 */
	int fd = make_file(NAME, 1);
	int (*fn)(void);
	void *p;

	must(pwrite(fd, code, sizeof(code), 0) == sizeof(code));
	p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	must(p != MAP_FAILED);
	memcpy(&fn, &p, sizeof(fn));
	is(fn(), 42, "code in a file mapping runs");
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	faults(EXEC, p, SIGSEGV, SEGV_ACCERR, "without PROT_EXEC it does not");
	munmap(p, PAGE);
	close(fd);
	unlink(NAME);
}

static int write_pages(void *arg)
{
	char *p = arg;

	if (p[0] != 'X' || p[PAGE] != 'b')
		return 1;
	p[0] = 'C';
	p[PAGE] = 'C';
	return p[0] == 'C' && p[PAGE] == 'C' ? 0 : 2;
}

static void forked(void)
{
	int fd = make_file(NAME, 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	p[0] = 'X';
	child_ok(write_pages, p, "a child sees the parent's copy and writes its own");
	is(p[0], 'X', "the parent's copy is untouched");
	is(p[PAGE], 'b', "the page that the child copied is the file's to the parent");
	ok(file_byte(fd, 0) == 'a' && file_byte(fd, PAGE) == 'b', "the file is untouched");
	munmap(p, 2 * PAGE);
	close(fd);
	unlink(NAME);
}

/* read(2) and write(2) with buffers inside mappings of the same file. */
static void through_calls(void)
{
	int fd = make_file(NAME, 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	is(pread(fd, p + PAGE, PAGE, 0), PAGE, "a file can be read into its own mapping");
	is(p[PAGE + 77], 'a', "the mapping then holds what was read");
	is(file_byte(fd, PAGE + 77), 'b', "the file does not");
	is(pwrite(fd, p + PAGE, 10, 0), 10, "a file can be written from its own mapping");
	must(ftruncate(fd, 0) == 0);
	fails(pwrite(fd, p, 1, 0), EFAULT, "a buffer past the end of its file is EFAULT");
	munmap(p, 2 * PAGE);
	close(fd);
	unlink(NAME);
}

static void shared(void)
{
	int fd = make_file(NAME, 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), *q;

	if (p == MAP_FAILED) {
		skip("no shared file mappings here", "a shared mapping writes to the file");
		skip("no shared file mappings here", "two shared mappings show the same page");
		close(fd);
		unlink(NAME);
		return;
	}
	p[0] = 'S';
	is(file_byte(fd, 0), 'S', "a shared mapping writes to the file");
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	p[1] = 'T';
	is(q[1], 'T', "two shared mappings show the same page");
	munmap(q, PAGE);
	munmap(p, 2 * PAGE);
	close(fd);
	unlink(NAME);
}

/* Of the entries of the @n pages at @p: a bit for each that is present. */
static unsigned long present(const char *p, unsigned int n)
{
	unsigned long mask = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		mask |= (pagemap(getpid(), p + i * PAGE) >> 63) << i;
	return mask;
}

/* Every kernel that maps neighbours maps no more than there are, and none that is not there. */
static void neighbours(void)
{
	int fd = memfd_create("neighbours", 0);
	char *room = mmap(NULL, 96 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;
	char page[PAGE];
	unsigned int i;

	must(fd >= 0 && room != MAP_FAILED);
	memset(page, 'n', sizeof(page));
	for (i = 0; i < 48; i++)
		must(pwrite(fd, page, PAGE, i * PAGE) == PAGE);
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20 * PAGE, PAGE) == 0);
	/* At a multiple of 64 KiB, the area's first page being the file's second. */
	p = (char *)(((unsigned long)room + 0xffff) & ~0xffffUL);
	must(mmap(p, 40 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE) == p);
	is(p[18 * PAGE], 'n', "a page of a mapped file is read");
	is(present(p, 40), 0xfff7UL << 16, "its 64 KiB are mapped with it, but for a hole");
	is(present(p + 40 * PAGE, 8), 0, "and nothing behind the mapping is");
	is(p[19 * PAGE], 0, "the hole reads as zeros");
	is(p[36 * PAGE], 'n', "a page near the end of the mapping is read");
	is(present(p + 32 * PAGE, 16), 0xff, "what is mapped with it ends with the mapping");
	must(ftruncate(fd, 19 * PAGE) == 0);
	is(present(p, 40), 3UL << 16, "truncation unmaps what nobody has touched, too");
	munmap(room, 96 * PAGE);
	close(fd);
}

static void body(void)
{
	content();
	isolation();
	end_of_file();
	truncation();
	execution();
	forked();
	through_calls();
	shared();
	neighbours();
}

int main(void)
{
	return tap_run(body, 10);
}
