/* mapquery.c - PROCMAP_QUERY and PAGEMAP_SCAN: areas and pages as structures, against maps, pagemap
 * and what was done to the pages. Linux has them since 6.11 and 6.7. */
#include "pages.h"

#include <sys/ioctl.h>

enum { READABLE = 1, WRITABLE = 2, EXECUTABLE = 4, SHARED = 8, OR_NEXT = 16, OF_FILE = 32 };

struct query {
	uint64_t size, flags, addr, start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};

#define PROCMAP_QUERY	_IOWR('f', 17, struct query)

enum {
	WPALLOWED = 1, WRITTEN = 2, FILE_PAGE = 4, PRESENT = 8, SWAPPED = 16, PFNZERO = 32,
	SOFT_DIRTY = 128,
};

struct region {
	uint64_t start, end, kinds;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, ret;
};

#define PAGEMAP_SCAN	_IOWR('f', 16, struct scan)

static int maps_fd, pagemap_fd;

/* ---- areas ---- */

static int query(struct query *q, uint64_t flags, const void *addr)
{
	q->size = sizeof(*q);
	q->flags = flags;
	q->addr = (uint64_t)(unsigned long)addr;
	return ioctl(maps_fd, PROCMAP_QUERY, q);
}

/* Every area that one finds by going from end to end is a line of maps. */
static void all_areas(void)
{
	uint64_t at = 0;
	int n = 0, wrong = 0;

	for (;; n++) {
		struct query q = { 0 };
		struct vma v;
		char name[256] = "";

		q.name = (uint64_t)(unsigned long)name;
		q.name_size = sizeof(name);
		if (query(&q, OR_NEXT, (void *)at) < 0)
			break;
		if (!vma_in((void *)q.start, (void *)(q.start + 1), 0, &v) || v.start != q.start ||
		    v.end != q.end || strcmp(name, v.name) != 0 || q.page_size != PAGE ||
		    (v.perm[0] == 'r') != !!(q.vma_flags & READABLE) ||
		    (v.perm[1] == 'w') != !!(q.vma_flags & WRITABLE) ||
		    (v.perm[2] == 'x') != !!(q.vma_flags & EXECUTABLE) ||
		    (v.perm[3] == 's') != !!(q.vma_flags & SHARED) || v.offset != q.offset)
			wrong++;
		at = q.end;
	}
	ok(n > 4, "PROCMAP_QUERY goes through all areas: %d", n);
	is(errno, ENOENT, "until there is none");
	is(wrong, 0, "each is as maps has it");
}

static void one_area(void)
{
	char *p = free_range(8 * PAGE), name[64] = "", *big = map_anon(2 * PAGE, RW);
	struct query q = { 0 };
	int fd = make_file("/tmp/mapquery", 2);

	map_at(p + PAGE, PAGE, PROT_READ);
	must(mmap(p + 4 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE) != MAP_FAILED);
	is(query(&q, 0, p + PAGE + 5), 0, "the area that covers an address");
	ok(q.start == (unsigned long)p + PAGE && q.end == q.start + PAGE, "with its bounds");
	ok(q.vma_flags == READABLE && !q.inode && !q.name_size, "rights, no file and no name");
	fails(query(&q, 0, p), ENOENT, "none covers this one");
	is(query(&q, OR_NEXT, p), 0, "but there is a next");
	ok(q.start == (unsigned long)p + PAGE, "this one");
	fails(query(&q, WRITABLE, p + PAGE), ENOENT, "it may not be written");
	is(query(&q, OR_NEXT | OF_FILE, p), 0, "the next one of a file");
	ok(q.start == (unsigned long)p + 4 * PAGE && q.offset == PAGE && q.inode, "is this");
	is(q.vma_flags, READABLE | SHARED, "which is shared");
	is(query(&q, OR_NEXT | OF_FILE | SHARED, p), 0, "and rights can be asked for, too");
	q.name = (uint64_t)(unsigned long)name;
	q.name_size = sizeof(name);
	is(query(&q, 0, p + 4 * PAGE), 0, "its name");
	ok(strcmp(name, "/tmp/mapquery") == 0 && q.name_size == 14, "is the file's: %s", name);
	q.name_size = 13;
	fails(query(&q, 0, p + 4 * PAGE), ENAMETOOLONG, "if there is room for it");
	q.name = 0;
	fails(query(&q, 0, p + 4 * PAGE), EINVAL, "room is nowhere");
	q.name_size = 0;
	fails(query(&q, 64, p), EINVAL, "an unknown flag");
	q.size = 23;
	q.flags = 0;
	fails(ioctl(maps_fd, PROCMAP_QUERY, &q), EINVAL, "a structure that is too small");
	memset(big, 0, 2 * PAGE);
	memcpy(big, &(struct query){ .size = PAGE, .addr = (unsigned long)p + PAGE }, 24);
	is(ioctl(maps_fd, PROCMAP_QUERY, big), 0, "a larger one of zeros is fine");
	big[200] = 1;
	fails(ioctl(maps_fd, PROCMAP_QUERY, big), E2BIG, "but not with what is not known");
	big[200] = 0;
	*(uint64_t *)big = PAGE + 8;
	fails(ioctl(maps_fd, PROCMAP_QUERY, big), E2BIG, "nor one larger than a page");
	fails(ioctl(maps_fd, PROCMAP_QUERY, 8L), EFAULT, "nor one that is not there");
	munmap(big, 2 * PAGE);
	munmap(p, 8 * PAGE);
	close(fd);
	unlink("/tmp/mapquery");
}

/* ---- pages ---- */

static struct region found[16];

static struct scan scan_of(const void *p, size_t pages, uint64_t mask)
{
	return (struct scan){ .size = sizeof(struct scan), .start = (unsigned long)p,
			      .end = (unsigned long)p + pages * PAGE, .mask = mask,
			      .vec = (unsigned long)found, .vec_len = COUNT(found),
			      .ret = PRESENT | FILE_PAGE | SWAPPED | PFNZERO };
}

static int scan(struct scan *s)
{
	return ioctl(pagemap_fd, PAGEMAP_SCAN, s);
}

static bool region_is(int n, const char *p, size_t first, size_t end, uint64_t kinds)
{
	if (found[n].start == (unsigned long)p + first * PAGE &&
	    found[n].end == (unsigned long)p + end * PAGE && found[n].kinds == kinds)
		return true;
	diag("region %d: %lx-%lx %lx, from %p", n, (long)found[n].start, (long)found[n].end,
	     (long)found[n].kinds, (void *)p);
	return false;
}

/* Pages 1 to 3 are written, 5 is read, 8 is of a file. */
static void kinds(void)
{
	char *p = lone_pages(10);
	int fd = make_file("/tmp/mapquery", 1);
	struct scan s;

	must(mmap(p + 8 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	touch(p + PAGE, 3);
	look(p + 5 * PAGE, 1);
	look(p + 8 * PAGE, 1);
	s = scan_of(p, 10, PRESENT);
	is(scan(&s), 3, "PAGEMAP_SCAN finds three regions that are present");
	ok(region_is(0, p, 1, 4, PRESENT), "written ones");
	ok(region_is(1, p, 5, 6, PRESENT | PFNZERO), "the zero page");
	ok(region_is(2, p, 8, 9, PRESENT | FILE_PAGE), "that of a file");
	ok(s.walk_end == s.end, "and has seen all");
	s = scan_of(p, 10, 0);
	is(scan(&s), 7, "without a condition all pages of areas");
	ok(region_is(0, p, 0, 1, 0) && region_is(6, p, 9, 10, 0), "from the first to the last");
	s = scan_of(p, 10, PRESENT);
	s.inverted = PRESENT;
	is(scan(&s), 4, "those that are not present");
	ok(region_is(1, p, 4, 5, 0) && region_is(2, p, 6, 8, 0), "lie between");
	s = scan_of(p, 10, 0);
	s.anyof = PFNZERO | FILE_PAGE;
	is(scan(&s), 2, "any of two kinds");
	s = scan_of(p, 10, PRESENT);
	s.ret = 0;
	is(scan(&s), 3, "nothing need be told");
	ok(region_is(0, p, 1, 4, 0), "but where it is");
	s = scan_of(p, 10, SWAPPED);
	is(scan(&s), 0, "nothing has left for swap");
	munmap(p + 3 * PAGE, PAGE);
	s = scan_of(p, 10, 0);
	s.ret = 0;
	is(scan(&s), 2, "a hole belongs to no region");
	munmap(p, 10 * PAGE);
	close(fd);
	unlink("/tmp/mapquery");
}

static void limits(void)
{
	char *p = lone_pages(10);
	struct scan s;

	touch(p, 3);
	touch(p + 4 * PAGE, 3);
	touch(p + 9 * PAGE, 1);
	s = scan_of(p, 10, PRESENT);
	s.vec_len = 2;
	is(scan(&s), 2, "no more regions than there is room for");
	ok(s.walk_end == (unsigned long)p + 9 * PAGE, "and where the next one is");
	s = scan_of(p, 10, PRESENT);
	s.max_pages = 4;
	is(scan(&s), 2, "no more pages than asked for");
	ok(region_is(0, p, 0, 3, PRESENT) && region_is(1, p, 4, 5, PRESENT), "cut there");
	ok(s.walk_end == (unsigned long)p + 5 * PAGE, "where it goes on");
	s = scan_of(p, 10, PRESENT);
	s.vec = s.vec_len = 0;
	is(scan(&s), 0, "no regions, no answer");
	munmap(p, 10 * PAGE);
}

/* More regions than fit into a page of them. */
static void many(void)
{
	const size_t pages = 2048;
	struct region *all = (struct region *)map_anon(pages * sizeof(*all), RW);
	char *p = lone_pages(pages);
	struct scan s = scan_of(p, pages, PRESENT);
	size_t i, wrong = 0;

	for (i = 0; i < pages; i += 2)
		p[i * PAGE] = 1;
	s.vec = (unsigned long)all;
	s.vec_len = pages;
	is(scan(&s), pages / 2, "a thousand regions");
	for (i = 0; i < pages / 2; i++)
		wrong += all[i].start != (unsigned long)p + 2 * i * PAGE ||
			 all[i].end != all[i].start + PAGE;
	is(wrong, 0, "each where it should be");
	for (i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	s.walk_end = 0;
	is(scan(&s), 1, "one when all are there");
	ok(all[0].start == s.start && all[0].end == s.end, "from end to end");
	munmap(p, pages * PAGE);
	munmap(all, pages * sizeof(*all));
}

/* What has never been touched costs next to nothing, however much it is. */
static void large(void)
{
	const size_t pages = 1UL << 33, one = pages / 3;
	char *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct scan s = scan_of(p, pages, 0);

	must(p != MAP_FAILED);
	touch(p + one * PAGE, 1);
	s.ret = PRESENT;
	is(scan(&s), 3, "32 TiB with a page in it are three regions");
	ok(region_is(0, p, 0, one, 0) && region_is(1, p, one, one + 1, PRESENT) &&
	   region_is(2, p, one + 1, pages, 0), "before, it, and behind");
	s.max_pages = one - 5;
	is(scan(&s), 1, "with a limit it is one");
	ok(region_is(0, p, 0, one - 5, 0) && s.walk_end == (unsigned long)p + (one - 5) * PAGE,
	   "up to that");
	munmap(p, pages * PAGE);
}

static void bad_scans(void)
{
	char *p = lone_pages(2);
	struct scan s = scan_of(p, 2, 0);

	s.size--;
	fails(scan(&s), EINVAL, "a scan of another size");
	s = scan_of(p, 2, 0);
	s.flags = 4;
	fails(scan(&s), EINVAL, "of another flag");
	s = scan_of(p, 2, 1 << 12);
	fails(scan(&s), EINVAL, "of another kind");
	s = scan_of(p + 8, 1, 0);
	fails(scan(&s), EINVAL, "from within a page");
	s = scan_of(p, 2, 0);
	s.end = s.start - PAGE;
	fails(scan(&s), EFAULT, "backwards");
	s = scan_of(p, 2, 0);
	s.vec = 0;
	fails(scan(&s), EINVAL, "into nowhere");
	s = scan_of(p, 2, 0);
	s.vec = 8;
	touch(p, 1);
	fails(scan(&s), EFAULT, "into what is not there");
	fails(ioctl(pagemap_fd, PAGEMAP_SCAN, 8L), EFAULT, "without an argument");
	s = scan_of(p, 2, 0);
	s.flags = 2;
	fails(scan(&s), EPERM, "no write protection can be insisted on");
	s = scan_of(p, 2, 0);
	s.flags = 1;
	is(scan(&s), 0, "and without it no page is protected");
	munmap(p, 2 * PAGE);
}

static void body(void)
{
	struct query q = { 0 };
	struct scan s = scan_of(found, 1, 0);

	maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	must(maps_fd >= 0 && pagemap_fd >= 0);
	if (query(&q, 0, found) < 0 && errno == ENOTTY && !on_avocet()) {
		skip("Linux has it since 6.11", "PROCMAP_QUERY");
	} else {
		all_areas();
		one_area();
	}
	s.start &= ~(PAGE - 1);
	if (scan(&s) < 0 && errno == ENOTTY && !on_avocet()) {
		skip("Linux has it since 6.7", "PAGEMAP_SCAN");
	} else {
		kinds();
		limits();
		many();
		large();
		bad_scans();
	}
}

int main(void)
{
	return tap_run(body, 25);
}
