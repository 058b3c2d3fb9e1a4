/* smaps.c - what /proc/PID/smaps and smaps_rollup count, area by area, and clear_refs. */
#include "pages.h"

#include <sys/prctl.h>

static struct steps *steps;

/* The text of the area at @addr of @pid from its first line on, cut off where the next begins. */
static char *area_text(pid_t pid, const void *addr)
{
	unsigned long start, end;
	char *text = read_proc(pid, "smaps"), *next;

	for (; *text; text = next) {
		if (sscanf(text, "%lx-%lx", &start, &end) != 2)
			bail("smaps has no area where one should begin");
		next = strstr(text, "VmFlags:");
		must(next);
		next = strchr(next, '\n') + 1;
		if ((unsigned long)addr >= start && (unsigned long)addr < end) {
			*next = 0;
			return text;
		}
	}
	bail("smaps has no area at %p", addr);
}

/* A field in KiB; the whole of several names when they are joined by '+'. */
static long field(char *text, const char *names)
{
	char name[32];
	long sum = 0;

	while (*names) {
		size_t len = strcspn(names, "+");
		char *at;

		snprintf(name, sizeof(name), "\n%.*s:", (int)len, names);
		at = strstr(text, name);
		must(at);
		sum += strtol(at + strlen(name), NULL, 10);
		names += len + (names[len] == '+');
	}
	return sum;
}

static long kib(pid_t pid, const void *addr, const char *names)
{
	return field(area_text(pid, addr), names);
}

static bool has_flag(const void *addr, const char *code)
{
	char *flags = strstr(area_text(getpid(), addr), "VmFlags:");
	char word[8];

	snprintf(word, sizeof(word), " %s ", code);
	return strstr(flags, word) != NULL;
}

#define area_is(pid, addr, names, want, ...) is(kib(pid, addr, names), want, __VA_ARGS__)
#define SHARED	"Shared_Clean+Shared_Dirty"
#define PRIVATE	"Private_Clean+Private_Dirty"

/* ---- the text ---- */

static void layout(void)
{
	static const char *const names[] = {
		"Size:           ", "KernelPageSize: ", "MMUPageSize:    ", "Rss:            ",
		"Pss:            ", "Pss_Dirty:      ", "Shared_Clean:   ", "Shared_Dirty:   ",
		"Private_Clean:  ", "Private_Dirty:  ", "Referenced:     ", "Anonymous:      ",
		"LazyFree:       ", "AnonHugePages:  ", "ShmemPmdMapped: ", "FilePmdMapped:  ",
		"Shared_Hugetlb: ", "Private_Hugetlb:", "Swap:           ", "SwapPss:        ",
		"Locked:         ", "THPeligible:    ", "VmFlags:",
	};
	char *p = lone_pages(3), want[160], *line;
	struct vma v;
	size_t i;
	int bad = 0;

	must(vma_in(p, p + 1, 0, &v));
	line = area_text(getpid(), p);
	snprintf(want, sizeof(want), "%lx-%lx rw-p 00000000 00:00 0 \n", v.start, v.end);
	ok(strncmp(line, want, strlen(want)) == 0, "an area begins with its line of maps");
	for (i = 0; i < COUNT(names); i++) {
		line = strchr(line, '\n') + 1;
		if (strncmp(line, "ProtectionKey:", 14) == 0)
			line = strchr(line, '\n') + 1;
		bad += strncmp(line, names[i], strlen(names[i])) != 0;
		if (strstr(line, " kB") == line + 24)
			continue;
		bad += i + 2 < COUNT(names);
	}
	is(bad, 0, "all fields are there, in their order and columns");
	munmap(p, 3 * PAGE);
}

static void write_two(int n, void *arg)
{
	if (n == 1)
		touch(arg, 2);
}

static void rollup(void)
{
	static const char *const names[] = {
		"Rss", "Pss", "Pss_Dirty", "Pss_Anon", "Pss_File", "Pss_Shmem", "Shared_Clean",
		"Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
		"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
		"Private_Hugetlb", "Swap", "SwapPss", "Locked",
	};
	long rss = 0, anon = 0;
	char *p = lone_pages(2), *text, *line;
	pid_t pid = stepper(steps, write_two, p);
	size_t i;
	int bad = 0;

	next_step(steps);	/* from here on it touches nothing new */
	line = text = read_proc(pid, "smaps");
	while ((line = strstr(line, "\nRss:")))
		rss += strtol(line++ + 5, NULL, 10);
	for (line = text; (line = strstr(line, "\nAnonymous:"));)
		anon += strtol(line++ + 11, NULL, 10);
	text = read_proc(pid, "smaps_rollup");
	is(field(text, "Rss"), rss, "smaps_rollup has the sum of all Rss");
	is(field(text, "Anonymous"), anon, "smaps_rollup has the sum of all Anonymous");
	ok(strstr(text, " ---p 00000000 00:00 0 ") && strstr(text, "[rollup]\n") == text + 73,
	   "smaps_rollup begins with a line for all areas");
	for (i = 0, line = text; i < COUNT(names); i++) {
		line = strchr(line, '\n') + 1;
		bad += strncmp(line, names[i], strlen(names[i])) || line[strlen(names[i])] != ':';
	}
	is(bad, 0, "its fields are there, in their order");
	end_child(pid);
	munmap(p, 2 * PAGE);
}

/* ---- anonymous memory ---- */

static void anonymous(void)
{
	char *p = lone_pages(16);
	pid_t me = getpid();

	area_is(me, p, "Size", 64, "an area of 16 pages has a size of 64 KiB");
	area_is(me, p, "Rss+Pss+Anonymous+Referenced", 0, "nothing of it is there before a touch");
	touch(p, 5);
	look(p + 8 * PAGE, 3);
	area_is(me, p, "Rss", 20, "five written pages are there, and the zero page does not count");
	area_is(me, p, "Pss", 20, "they are all its own");
	area_is(me, p, "Pss_Dirty", 20, "and dirty");
	area_is(me, p, "Private_Dirty", 20, "private and dirty, that is");
	area_is(me, p, SHARED "+Private_Clean", 0, "nothing is shared or clean");
	area_is(me, p, "Anonymous", 20, "they are anonymous");
	area_is(me, p, "Referenced", 20, "and have been used");
	mprotect(p, 16 * PAGE, PROT_NONE);
	area_is(me, p, "Rss", 20, "pages without any rights are still there");
	mprotect(p, 16 * PAGE, RW);
	madvise(p, 2 * PAGE, MADV_DONTNEED);
	area_is(me, p, "Rss", 12, "pages given back are not");
	munmap(p, 16 * PAGE);
}

static void forked(void)
{
	char *p = lone_pages(16);
	pid_t me = getpid(), pid;

	touch(p, 5);
	pid = stepper(steps, write_two, p);
	area_is(me, p, "Shared_Dirty", 20, "after fork all pages are shared");
	area_is(me, p, PRIVATE, 0, "none is private");
	area_is(me, p, "Pss", 10, "the parent has half of each");
	area_is(pid, p, "Pss", 10, "so has the child");
	area_is(pid, p, "Anonymous", 20, "they are anonymous for it, too");
	next_step(steps);
	area_is(me, p, "Shared_Dirty", 12, "two that the child writes are no longer shared");
	area_is(me, p, "Private_Dirty", 8, "they are the parent's own");
	area_is(me, p, "Pss", 14, "and counted as such");
	area_is(pid, p, "Private_Dirty", 8, "the child has copies of its own");
	area_is(pid, p, "Rss", 20, "and as much memory as before");
	end_child(pid);
	area_is(me, p, "Private_Dirty", 20, "when the child has ended all is the parent's");
	area_is(me, p, "Pss", 20, "wholly");
	munmap(p, 16 * PAGE);
}

static void locked(void)
{
	char *p = lone_pages(8);

	must(mlock(p, 4 * PAGE) == 0);
	area_is(getpid(), p, "Locked", 16, "four locked pages are counted as locked");
	ok(has_flag(p, "lo"), "their area says lo");
	area_is(getpid(), p + 4 * PAGE, "Locked", 0, "those beside are not");
	ok(!has_flag(p + 4 * PAGE, "lo"), "nor does their area");
	munlock(p, 4 * PAGE);
	area_is(getpid(), p, "Locked", 0, "after munlock none is");
	munmap(p, 8 * PAGE);
}

/* ---- files ---- */

static void read_all(int n, void *arg)
{
	if (n == 1)
		look(arg, 8);
}

static void files(void)
{
	int fd = make_file("/tmp/smaps", 8);
	pid_t me = getpid(), pid;
	char *priv = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char *shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);

	must(priv != MAP_FAILED && shared != MAP_FAILED);
	look(shared, 8);
	area_is(me, shared, "Rss", 32, "a mapped file's pages are there once touched");
	area_is(me, shared, PRIVATE, 32, "as private, while nobody else maps them");
	area_is(me, shared, "Anonymous", 0, "and not as anonymous");
	look(priv, 8);
	area_is(me, priv, SHARED, 32, "mapped twice they are shared");
	area_is(me, priv, "Pss", 16, "half for each");
	touch(priv, 3);
	area_is(me, priv, "Anonymous", 12, "private copies are anonymous");
	area_is(me, priv, "Private_Dirty", 12, "and private");
	area_is(me, priv, "Rss", 32, "in place of the file's pages");
	area_is(me, shared, PRIVATE, 12, "which are there once now");
	munmap(priv, 8 * PAGE);
	pid = stepper(steps, read_all, shared);
	next_step(steps);
	area_is(me, shared, SHARED, 32, "a child that maps the file shares its pages");
	area_is(pid, shared, "Pss", 16, "half for each again");
	end_child(pid);
	munmap(shared, 8 * PAGE);
	close(fd);
	unlink("/tmp/smaps");
}

/* ---- flags ---- */

static void flags(void)
{
	char *p = lone_pages(4), *s = map_shared(PAGE);

	ok(has_flag(p, "rd") && has_flag(p, "wr") && has_flag(p, "mr") && has_flag(p, "mw") &&
		   has_flag(p, "me") && has_flag(p, "ac") && !has_flag(p, "ex") &&
		   !has_flag(p, "sh"),
	   "private memory has the flags rd wr mr mw me ac");
	ok(has_flag(s, "sh") && has_flag(s, "ms"), "shared memory has sh and ms");
	ok(has_flag(&p, "gd"), "the stack grows down: gd");
	must(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
	ok(has_flag(p, "ex") && !has_flag(p, "wr"), "mprotect changes them");
	must(madvise(p + PAGE, PAGE, MADV_DONTFORK) == 0);
	ok(has_flag(p + PAGE, "dc"), "MADV_DONTFORK shows as dc");
	must(madvise(p + 2 * PAGE, PAGE, MADV_WIPEONFORK) == 0);
	ok(has_flag(p + 2 * PAGE, "wf"), "MADV_WIPEONFORK shows as wf");
	must(madvise(p + 3 * PAGE, PAGE, MADV_DONTDUMP) == 0);
	ok(has_flag(p + 3 * PAGE, "dd"), "MADV_DONTDUMP shows as dd");
	munmap(p, 4 * PAGE);
	munmap(s, PAGE);
}

/* ---- the rest ---- */

/* How a text is read to its end. */
struct reading {
	size_t		bytes;
	unsigned long	sum;
	int		torn;	/* reads that ended within a line */
};

static struct reading read_through(const char *path, size_t size)
{
	static unsigned char buf[PAGE];
	struct reading r = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t got;

	must(fd >= 0);
	for (; (got = read(fd, buf, size)) > 0; r.bytes += got) {
		for (ssize_t i = 0; i < got; i++)
			r.sum = r.sum * 31 + buf[i];
		r.torn += buf[got - 1] != '\n';
	}
	must(got == 0);
	close(fd);
	return r;
}

static unsigned long ms_of_50_looks(const char *path)
{
	unsigned long start = now_ms();
	char c;

	for (int i = 0; i < 50; i++) {
		int fd = open(path, O_RDONLY);

		must(fd >= 0 && read(fd, &c, 1) == 1 && close(fd) == 0);
	}
	return now_ms() - start;
}

/* The text of a process with many areas is made as far as it is read. */
static void in_pieces(const char *path)
{
	unsigned long start = now_ms(), whole_ms;
	struct reading whole = read_through(path, PAGE), small;
	int tries = 0;

	whole_ms = now_ms() - start;
	small = read_through(path, 100);
	ok(small.bytes == whole.bytes && small.sum == whole.sum,
	   "%s is the same in pieces of 100 bytes and of a page", path);
	is(whole.torn, 0, "a read of a page ends where an area does");
	/* Once is enough: the machine may have other things to do. */
	while (tries < 20 && ms_of_50_looks(path) > whole_ms + 10)
		tries++;
	ok(tries < 20, "50 looks at its beginning cost less than all of it");
}

static void many_areas(void)
{
	const size_t pages = 3000;
	char *p = lone_pages(pages), *line;
	size_t i;
	int n = 0;

	for (i = 0; i < pages; i += 2)
		must(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	line = read_proc(getpid(), "smaps");
	while ((line = strstr(line, "\nVmFlags:"))) {
		line++;
		n++;
	}
	ok(n >= 3000 && n < 3100, "3000 areas are all there");
	in_pieces("/proc/self/maps");
	in_pieces("/proc/self/smaps");
	munmap(p, pages * PAGE);
}

static int cannot_read(void *arg)
{
	char path[64], c;
	int fd;

	must(setgid(1000) == 0 && setuid(1000) == 0);
	snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), (char *)arg);
	fd = open(path, O_RDONLY);
	return (fd < 0 || read(fd, &c, 1) < 0) && errno == EACCES ? 0 : 1;
}

static void clearing(void)
{
	char *p = lone_pages(8);

	touch(p, 8);
	ok(clear_refs(1), "1 can be written to clear_refs");
	area_is(getpid(), p, "Referenced", 0, "then no page has been used");
	area_is(getpid(), p, "Private_Dirty", 32, "they are as dirty as before");
	/* Elsewhere the processor may go on with what it has cached. */
	if (on_avocet()) {
		touch(p, 3);
		area_is(getpid(), p, "Referenced", 12, "and the next uses are noticed");
	} else {
		skip("not promised there", "and the next uses are noticed");
	}
	touch(p, 8);
	ok(clear_refs(3), "3 is for files");
	ok(clear_refs(2), "2 is for what has none");
	area_is(getpid(), p, "Referenced", 0, "2 clears it as well");
	ok(clear_refs(5), "5 resets the peak of resident memory");
	errno = 0;
	ok(!clear_refs(0) && errno == EINVAL, "0 is refused");
	errno = 0;
	ok(!clear_refs(6) && errno == EINVAL, "6 is refused");
	munmap(p, 8 * PAGE);
}

static void body(void)
{
	steps = map_shared(PAGE);
	layout();
	rollup();
	anonymous();
	forked();
	locked();
	files();
	flags();
	many_areas();
	clearing();
	child_ok(cannot_read, "smaps", "another user cannot read smaps");
	child_ok(cannot_read, "smaps_rollup", "nor smaps_rollup");
}

int main(void)
{
	return tap_run(body, 30);
}
