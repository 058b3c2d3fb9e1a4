/* pagemap.c - /proc/PID/pagemap, /proc/kpagecount and /proc/kpageflags: which frame is behind an
 * address, how often it is mapped, what it is; and soft-dirty. */
#include "pages.h"

#include <pthread.h>
#include <sys/prctl.h>

static struct steps *steps;

static void words(void)
{
	char *p = lone_pages(8);
	pid_t me = getpid();
	uint64_t a, b;

	is(pagemap(me, p) & ~PM_SOFT_DIRTY, 0, "a page that was never touched is not there");
	look(p, 2);
	a = pagemap(me, p);
	b = pagemap(me, p + PAGE);
	ok(a & PM_PRESENT && a == b, "two pages that were read are the same frame");
	ok(kpageflag(a & PM_PFN, KPF_ZERO_PAGE), "which is the zero page");
	is(a & (PM_EXCLUSIVE | PM_FILE | PM_SWAP), 0, "it is nobody's");
	touch(p, 2);
	a = pagemap(me, p);
	b = pagemap(me, p + PAGE);
	ok(a & PM_PRESENT && b & PM_PRESENT && (a & PM_PFN) != (b & PM_PFN),
	   "two that were written are different frames");
	is(a & (PM_EXCLUSIVE | PM_FILE | PM_SWAP), PM_EXCLUSIVE, "each is mapped here alone");
	must(mprotect(p, PAGE, PROT_NONE) == 0);
	ok(pagemap(me, p) == a, "without rights it is still there");
	munmap(p, 8 * PAGE);
	is(pagemap(me, p), 0, "where nothing is mapped the word is 0");
}

static void write_first(int n, void *arg)
{
	if (n == 1)
		touch(arg, 1);
}

static void forked(void)
{
	char *p = lone_pages(2);
	pid_t me = getpid(), pid;
	unsigned long pfn;

	touch(p, 2);
	pfn = pfn_of(me, p);
	pid = stepper(steps, write_first, p);
	ok(pfn && pfn_of(me, p) == pfn && pfn_of(pid, p) == pfn,
	   "after fork parent and child have the frame of before");
	is(pagemap(me, p) & PM_EXCLUSIVE, 0, "it is no longer the parent's alone");
	is(kpagecount(pfn), 2, "it is mapped twice");
	next_step(steps);
	ok(pfn_of(me, p) == pfn && pfn_of(pid, p) != pfn,
	   "a write gives the child a frame of its own");
	ok(pagemap(pid, p) & PM_EXCLUSIVE && pagemap(me, p) & PM_EXCLUSIVE,
	   "both have theirs alone");
	is(kpagecount(pfn), 1, "each is mapped once");
	is(kpagecount(pfn_of(me, p + PAGE)), 2, "the page beside is still shared");
	end_child(pid);
	touch(p + PAGE, 1);
	is(kpagecount(pfn_of(me, p + PAGE)), 1, "until the child ends");
	munmap(p, 2 * PAGE);
}

/* The number of the grandchild goes where @arg points. */
static void fork_on(int n, void *arg)
{
	volatile pid_t *grandchild = arg;

	if (n == 1)
		*grandchild = sleeper();
}

static void fork_tree(void)
{
	struct steps *more = map_shared(PAGE);
	volatile pid_t *grandchild = map_shared(PAGE);
	char *p = lone_pages(1);
	unsigned long pfn;
	pid_t a, b;

	touch(p, 1);
	pfn = pfn_of(getpid(), p);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	a = stepper(steps, fork_on, (void *)&grandchild[0]);
	b = stepper(more, fork_on, (void *)&grandchild[1]);
	is(kpagecount(pfn), 3, "with two children a frame is mapped three times");
	next_step(steps);
	next_step(more);
	is(kpagecount(pfn), 5, "with two grandchildren five times");
	end_child(a);
	is(kpagecount(pfn), 4, "four times when a child has ended");
	end_child(b);
	is(kpagecount(pfn), 3, "three times without children");
	end_child(grandchild[0]);
	end_child(grandchild[1]);
	is(kpagecount(pfn), 1, "and once when all have ended");
	munmap(more, PAGE);
	munmap((void *)grandchild, PAGE);
	munmap(p, PAGE);
}

static void shared_and_files(void)
{
	int fd = make_file("/tmp/pagemap", 2);
	char *s = map_shared(PAGE);
	char *f = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char *g = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	pid_t me = getpid(), pid;
	uint64_t word;

	must(f != MAP_FAILED && g != MAP_FAILED);
	touch(s, 1);
	ok(pagemap(me, s) & PM_FILE, "shared anonymous memory is a file's");
	pid = stepper(steps, write_first, s);
	next_step(steps);
	ok(pfn_of(me, s) == pfn_of(pid, s), "a child's write leaves it shared");
	is(kpagecount(pfn_of(me, s)), 2, "mapped twice");
	end_child(pid);
	look(f, 1);
	look(g, 1);
	word = pagemap(me, f);
	ok(word & PM_FILE && word & PM_PRESENT, "so is a private mapping's page before a write");
	ok((word & PM_PFN) == pfn_of(me, g), "and it is the file's own frame");
	ok(kpageflag(word & PM_PFN, KPF_MMAP) && !kpageflag(word & PM_PFN, KPF_ANON),
	   "which is mapped, and not anonymous");
	touch(f, 1);
	ok(!(pagemap(me, f) & PM_FILE) && pfn_of(me, f) != pfn_of(me, g),
	   "after a write it is not");
	ok(kpageflag(pfn_of(me, f), KPF_ANON), "but anonymous");
	munmap(f, 2 * PAGE);
	munmap(g, 2 * PAGE);
	munmap(s, PAGE);
	close(fd);
	unlink("/tmp/pagemap");
}

/* ---- reading ---- */

static void positions(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY), kfd = open("/proc/kpagecount", O_RDONLY);
	uint64_t w[4];

	must(fd >= 0 && kfd >= 0);
	fails(pread(fd, w, 8, 4), EINVAL, "pagemap: a position must be a multiple of 8");
	fails(pread(fd, w, 4, 0), EINVAL, "so must a length");
	fails(pread(fd, w, 12, 8), EINVAL, "also one above 8");
	is(pread(fd, w, 0, 8), 0, "0 bytes are fine");
	is(pread(fd, w, 32, 8), 32, "and four words");
	is(lseek(fd, 800, SEEK_SET), 800, "one can seek");
	is(read(fd, w, 16), 16, "and read from there");
	is(lseek(fd, 0, SEEK_CUR), 816, "which moves on");
	is(pread(fd, w, 8, (off_t)(1UL << 60)), 0, "there is an end");
	fails(pread(fd, (void *)8, 8, 0), EFAULT, "a bad buffer is found");
	fails(pread(kfd, w, 8, 4), EINVAL, "kpagecount: a position must be a multiple of 8");
	fails(pread(kfd, w, 4, 0), EINVAL, "so must a length");
	is(pread(kfd, w, 8, (off_t)(1UL << 50)), 0, "there is an end");
	fails(write(fd, w, 8), EBADF, "nothing can be written");
	close(fd);
	close(kfd);
}

/* Many tables at once, with holes, against one word at a time. */
static void long_read(void)
{
	const size_t pages = 5 * 512;
	uint64_t *all = (uint64_t *)map_anon(pages * 8, RW);
	char *p = lone_pages(pages);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t i;
	int bad = 0;

	must(fd >= 0);
	for (i = 0; i < pages; i += 97)
		touch(p + i * PAGE, 1);
	munmap(p + 600 * PAGE, 100 * PAGE);
	munmap(p + 1024 * PAGE, 512 * PAGE);
	must(pread(fd, all, pages * 8, (off_t)((unsigned long)p / PAGE * 8)) == (ssize_t)pages * 8);
	for (i = 0; i < pages; i++) {
		bool gone = (i >= 600 && i < 700) || (i >= 1024 && i < 1536);

		bad += !!(all[i] & PM_PRESENT) != (i % 97 == 0 && !gone);
		if (i % 50 == 0 || i % 97 == 0)
			bad += all[i] != pagemap(getpid(), p + i * PAGE);
	}
	is(bad, 0, "a long read has the same words as many short ones");
	close(fd);
	munmap(p, pages * PAGE);
	munmap(all, pages * 8);
}

static int unprivileged(void *arg)
{
	uint64_t word;

	must(setgid(1000) == 0 && setuid(1000) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	touch(arg, 1);
	word = pagemap(getpid(), arg);
	if (!(word & PM_PRESENT))
		return 1;
	return word & PM_PFN ? 2 : 0;
}

static int cannot_open(void *arg)
{
	must(setgid(1000) == 0 && setuid(1000) == 0);
	return open(arg, O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static void rights(void)
{
	char *p = lone_pages(1), path[64];

	child_ok(unprivileged, p, "who is not root sees what is there, but not in which frame");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", getpid());
	child_ok(cannot_open, path, "another user's pagemap cannot be opened");
	child_ok(cannot_open, (char *)"/proc/kpagecount", "nor kpagecount");
	child_ok(cannot_open, (char *)"/proc/kpageflags", "nor kpageflags");
	munmap(p, PAGE);
}

/* ---- frames ---- */

static void flags(void)
{
	char *p = lone_pages(64);
	unsigned long pfn;

	touch(p, 64);
	pfn = pfn_of(getpid(), p);
	ok(kpageflag(pfn, KPF_ANON) && kpageflag(pfn, KPF_MMAP) && kpageflag(pfn, KPF_SWAPBACKED) &&
		   kpageflag(pfn, KPF_UPTODATE),
	   "an anonymous page's frame is anon, mapped, swap-backed and up to date");
	ok(kpageflag(pfn, KPF_LRU), "and on an LRU list");
	ok(!kpageflag(pfn, KPF_SLAB) && !kpageflag(pfn, KPF_BUDDY) && !kpageflag(pfn, KPF_NOPAGE) &&
		   !kpageflag(pfn, KPF_SWAPCACHE) && !kpageflag(pfn, KPF_SWAPCACHE_TOO),
	   "and nothing else");
	munmap(p, 64 * PAGE);
}

/* Bit 34: one process alone has the page, and may write it. */
static void exclusive(void)
{
	char *p = lone_pages(3), *s = map_shared(PAGE);
	pid_t pid;

	touch(p, 2);
	look(p + 2 * PAGE, 1);
	touch(s, 1);
	ok(kpageflag(pfn_of(getpid(), p), KPF_ANON_EXCLUSIVE), "a fresh page is exclusive");
	ok(!kpageflag(pfn_of(getpid(), p + 2 * PAGE), KPF_ANON_EXCLUSIVE), "not the zero page");
	ok(!kpageflag(pfn_of(getpid(), s), KPF_ANON_EXCLUSIVE), "nor one of shared memory");
	pid = sleeper();
	ok(!kpageflag(pfn_of(getpid(), p), KPF_ANON_EXCLUSIVE), "nor one that fork has shared");
	touch(p, 1);
	ok(kpageflag(pfn_of(getpid(), p), KPF_ANON_EXCLUSIVE), "the copy is");
	ok(!kpageflag(pfn_of(pid, p), KPF_ANON_EXCLUSIVE), "the child's is not: it cannot know");
	end_child(pid);
	munmap(p, 3 * PAGE);
	munmap(s, PAGE);
}

/* All frames: there are some of each kind, and all agree with the counts. */
static void all_frames(void)
{
	static uint64_t flags[512], counts[512];
	unsigned long anon = 0, slab = 0, buddy = 0, tables = 0, odd = 0, frames = 0;
	int ffd = open("/proc/kpageflags", O_RDONLY), cfd = open("/proc/kpagecount", O_RDONLY);
	ssize_t n, i;

	must(ffd >= 0 && cfd >= 0);
	while ((n = read(ffd, flags, sizeof(flags))) > 0) {
		must(read(cfd, counts, sizeof(counts)) == n);
		for (i = 0; i < n / 8; i++) {
			anon += flags[i] >> KPF_ANON & 1;
			slab += flags[i] >> KPF_SLAB & 1;
			buddy += flags[i] >> KPF_BUDDY & 1;
			tables += flags[i] >> KPF_PGTABLE & 1;
			odd += flags[i] >> KPF_BUDDY & 1 && counts[i];
			odd += flags[i] >> KPF_NOPAGE & 1 && flags[i] != 1UL << KPF_NOPAGE;
			frames++;
		}
	}
	close(ffd);
	close(cfd);
	ok(frames >= (unsigned long)meminfo_kib("MemTotal") / 4,
	   "there is a word for every frame of memory");
	ok(anon && slab && tables, "some are anonymous, some slab, some page tables");
	ok(buddy > anon, "and most are free");
	is(odd, 0, "no free frame is mapped, and none that is no memory is anything");
}

/* ---- soft-dirty ---- */

static bool soft_dirty(const volatile void *addr)
{
	return pagemap(getpid(), addr) & PM_SOFT_DIRTY;
}

static void noticed(char *p)
{
	ok(soft_dirty(p) && soft_dirty(p + 3 * PAGE), "new memory is soft-dirty, touched or not");
	touch(p, 2);
	must(clear_refs(4));
	ok(!soft_dirty(p) && !soft_dirty(p + PAGE) && !soft_dirty(p + 3 * PAGE),
	   "4 to clear_refs clears it everywhere");
	ok(p[0] == 1 && p[PAGE] == 2 && !soft_dirty(p), "reading does not set it");
	p[0] = 9;
	ok(soft_dirty(p) && !soft_dirty(p + PAGE), "a write does, for its page alone");
	p[3 * PAGE] = 1;
	ok(soft_dirty(p + 3 * PAGE) && !soft_dirty(p + 2 * PAGE), "so does a first one");
	must(mprotect(p, 4 * PAGE, PROT_READ) == 0 && mprotect(p, 4 * PAGE, RW) == 0);
	ok(!soft_dirty(p + PAGE), "mprotect does not");
	p[PAGE] = 1;
	ok(soft_dirty(p + PAGE), "and the write after it does");
	ok(p[0] == 9 && p[PAGE] == 1 && p[3 * PAGE] == 1, "no write was lost");
}

static void remapped(char *p)
{
	must(clear_refs(4));
	must(munmap(p + 2 * PAGE, PAGE) == 0);
	map_at(p + 2 * PAGE, PAGE, RW);
	ok(soft_dirty(p + 2 * PAGE), "memory mapped since then is soft-dirty");
}

static void shared_writes(void)
{
	char *s = map_shared(2 * PAGE);

	touch(s, 2);
	must(clear_refs(4));
	ok(!soft_dirty(s), "shared memory can be cleared");
	s[0] = 7;
	ok(soft_dirty(s), "and its next write is noticed");
	must(clear_refs(4) && madvise(s, 2 * PAGE, MADV_DONTNEED) == 0);
	look(s, 2);
	ok(!soft_dirty(s), "a page that comes back by a read is clean");
	s[0] = 8;
	ok(soft_dirty(s) && !soft_dirty(s + PAGE), "until it is written");
	munmap(s, 2 * PAGE);
}

static volatile int stop;

static void *writer(void *arg)
{
	volatile char *p = arg;

	while (!stop)
		p[0]++;
	return NULL;
}

/* The writer's processor has the right to write in its TLB; it must ask again after the
 * clearing. */
static void other_processor(char *p)
{
	unsigned long until = now_ms() + 3000;
	pthread_t thread;
	int i, seen = 0;

	stop = 0;
	must(pthread_create(&thread, NULL, writer, p) == 0);
	for (i = 0; i < 20; i++) {
		must(clear_refs(4));
		while (!soft_dirty(p) && now_ms() < until)
			sleep_ms(1);
		seen += soft_dirty(p);
	}
	stop = 1;
	pthread_join(thread, NULL);
	is(seen, 20, "writes of a thread that never stops writing are noticed each time");
}

static void soft(void)
{
	char *p = lone_pages(4);

	if (!soft_dirty(p)) {
		skip("this kernel does not have it", "soft-dirty");
	} else {
		noticed(p);
		remapped(p);
		shared_writes();
		other_processor(p);
	}
	munmap(p, 4 * PAGE);
}

static void body(void)
{
	steps = map_shared(PAGE);
	words();
	forked();
	fork_tree();
	shared_and_files();
	positions();
	long_read();
	rights();
	flags();
	exclusive();
	all_frames();
	soft();
}

int main(void)
{
	return tap_run(body, 30);
}
