/* vmas.c - where VMAs split and merge, as /proc/self/maps shows it. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

static void merging(void)
{
	char *p = free_range(8 * PAGE);
	struct vma v;
	int fd;

	map_at(p, PAGE, RW);
	map_at(p + PAGE, PAGE, RW);
	is(vmas_in(p, p + 8 * PAGE), 1, "a mapping right above an equal one joins it");
	map_at(p + 3 * PAGE, PAGE, RW);
	is(vmas_in(p, p + 8 * PAGE), 2, "a mapping with a gap between does not");
	map_at(p + 2 * PAGE, PAGE, RW);
	is(vmas_in(p, p + 8 * PAGE), 1, "a mapping that fills the gap joins all three");
	ok(vma_in(p, p + 8 * PAGE, 0, &v) && v.start == (unsigned long)p &&
	   v.end == (unsigned long)p + 4 * PAGE, "and the one VMA has the right ends");
	map_at(p + 4 * PAGE, PAGE, PROT_READ);
	is(vmas_in(p, p + 8 * PAGE), 2, "a mapping of another protection stays apart");
	must(mmap(p + 5 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	     MAP_FAILED);
	is(vmas_in(p, p + 8 * PAGE), 3, "a shared mapping stays apart from a private one");
	must(mmap(p + 6 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	     MAP_FAILED);
	is(vmas_in(p, p + 8 * PAGE), 4, "two shared anonymous mappings are two objects");
	munmap(p, 8 * PAGE);

	map_at(p + PAGE, PAGE, RW);
	map_at(p, PAGE, RW);
	is(vmas_in(p, p + 8 * PAGE), 1, "a mapping right below an equal one joins it");
	munmap(p, 8 * PAGE);

	fd = make_file("/tmp/vmas", 8);
	must(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
	must(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE) == p + PAGE);
	is(vmas_in(p, p + 8 * PAGE), 1, "neighbouring parts of a file join");
	must(mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 5 * PAGE) != NULL);
	is(vmas_in(p, p + 8 * PAGE), 2, "parts of a file that do not follow each other stay apart");
	ok(vma_in(p + 2 * PAGE, p + 3 * PAGE, 0, &v) && v.offset == 5 * PAGE,
	   "the offset of a file mapping is shown");
	ok(vma_in(p, p + PAGE, 0, &v) && strcmp(v.name, "/tmp/vmas") == 0,
	   "the name of the file is shown");
	close(fd);
	unlink("/tmp/vmas");
	munmap(p, 8 * PAGE);
}

static void splitting(void)
{
	char *p = map_at(free_range(9 * PAGE), 9 * PAGE, RW);
	struct vma v;

	must(mprotect(p + 4 * PAGE, PAGE, PROT_READ) == 0);
	is(vmas_in(p, p + 9 * PAGE), 3, "mprotect in the middle makes three of one");
	ok(vma_in(p, p + 9 * PAGE, 1, &v) && strcmp(v.perm, "r--p") == 0 &&
	   v.start == (unsigned long)p + 4 * PAGE && v.end == v.start + PAGE,
	   "the middle one is the changed page");
	must(mprotect(p + 4 * PAGE, PAGE, RW) == 0);
	is(vmas_in(p, p + 9 * PAGE), 1, "changing it back makes one of three");
	must(mprotect(p, 3 * PAGE, PROT_READ) == 0);
	is(vmas_in(p, p + 9 * PAGE), 2, "mprotect at the start makes two");
	must(mprotect(p + 3 * PAGE, PAGE, PROT_READ) == 0);
	ok(vmas_in(p, p + 9 * PAGE) == 2 && vma_in(p, p + PAGE, 0, &v) &&
	   v.end == (unsigned long)p + 4 * PAGE, "the next page moves over to the first");
	must(mprotect(p + 8 * PAGE, PAGE, PROT_NONE) == 0);
	is(vmas_in(p, p + 9 * PAGE), 3, "mprotect at the end makes one more");
	must(mprotect(p, 9 * PAGE, RW) == 0);
	is(vmas_in(p, p + 9 * PAGE), 1, "one mprotect over all makes one of them");
	must(munmap(p + 4 * PAGE, PAGE) == 0);
	is(vmas_in(p, p + 9 * PAGE), 2, "munmap in the middle makes two of one");
	munmap(p, 9 * PAGE);
}

/* Pages that were written give their VMA an anon_vma; equal neighbours still merge after that. */
static void written(void)
{
	char *p = map_at(free_range(9 * PAGE), 9 * PAGE, RW);

	memset(p, 1, 9 * PAGE);
	must(mprotect(p + 3 * PAGE, 3 * PAGE, PROT_READ) == 0);
	is(vmas_in(p, p + 9 * PAGE), 3, "a written mapping splits");
	must(mprotect(p + 3 * PAGE, 3 * PAGE, RW) == 0);
	is(vmas_in(p, p + 9 * PAGE), 1, "and merges again");
	munmap(p, 9 * PAGE);

	map_at(p, PAGE, RW);
	p[0] = 1;
	map_at(p + PAGE, PAGE, RW);
	is(vmas_in(p, p + 2 * PAGE), 1, "an untouched mapping joins a written one");
	p[PAGE] = 1;
	munmap(p, 2 * PAGE);
}

static void shown(void)
{
	static const struct {
		int prot;
		const char *perm;
	} t[] = {
		{ PROT_NONE, "---p" }, { PROT_READ, "r--p" }, { RW, "rw-p" },
		{ PROT_READ | PROT_EXEC, "r-xp" }, { RW | PROT_EXEC, "rwxp" },
	};
	char *p = map_anon(PAGE, RW);
	struct vma v;
	int here;
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		must(mprotect(p, PAGE, t[i].prot) == 0);
		ok(vma_in(p, p + PAGE, 0, &v) && strcmp(v.perm, t[i].perm) == 0,
		   "protection %d is shown as %s", t[i].prot, t[i].perm);
	}
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok(vma_in(p, p + PAGE, 0, &v) && strcmp(v.perm, "rw-s") == 0,
	   "a shared mapping shows an s");
	munmap(p, PAGE);
	ok(vma_in(&here, (char *)&here + 1, 0, &v) && strcmp(v.name, "[stack]") == 0,
	   "the stack is named [stack]");
	p = set_brk(NULL);
	must(set_brk(p + PAGE) == p + PAGE);
	ok(vma_in(p, p + 1, 0, &v) && strcmp(v.name, "[heap]") == 0, "the heap is named [heap]");
	ok(vma_in((char *)(uintptr_t)shown, (char *)(uintptr_t)shown + 1, 0, &v) &&
	   strcmp(v.perm, "r-xp") == 0, "program text is mapped r-xp");
	set_brk(p);
}

static void body(void)
{
	merging();
	splitting();
	written();
	shown();
}

int main(void)
{
	return tap_run(body, 10);
}
