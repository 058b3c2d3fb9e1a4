/* rmap.c - /proc/rmap/FRAME and /proc/PID/anon_vma: a walk of the reverse map finds exactly the
 * entries that map a page, whoever forks, writes, unmaps and ends. On Avocet only. */
#include "pages.h"

#include <sys/prctl.h>

static struct steps *steps, *more;

static const char *frame_text(unsigned long pfn)
{
	char path[64];
	const char *text;

	snprintf(path, sizeof(path), "/proc/rmap/%#lx", pfn);
	text = read_text(path);
	must(text);
	return text;
}

/* How many lines say that @pid, or with 0 anybody, maps the frame ("maps") or was asked in vain. */
static int visits(const char *text, const char *kind, pid_t pid)
{
	char want[64];

	if (pid)
		snprintf(want, sizeof(want), "\n  %-7s pid %d (", kind, pid);
	else
		snprintf(want, sizeof(want), "\n  %s ", kind);
	return occurs(text, want);
}

/* The frame is mapped by exactly these processes (0: none), and the walk asked @areas areas. */
static bool mapped_by(unsigned long pfn, pid_t a, pid_t b, pid_t c, int areas)
{
	const char *text = frame_text(pfn);
	int want = !!a + !!b + !!c;
	char sum[64];

	snprintf(sum, sizeof(sum), "\nfound %d of %d in %d areas: all\n", want, want, areas);
	if (visits(text, "maps", 0) == want && (!a || visits(text, "maps", a) == 1) &&
	    (!b || visits(text, "maps", b) == 1) && (!c || visits(text, "maps", c) == 1) &&
	    visits(text, "in vain", 0) == areas - want && strstr(text, sum))
		return true;
	diag("want pids %d %d %d in %d areas, got:", a, b, c, areas);
	diag("%s", text);
	return false;
}

static void write_or_unmap(int n, void *arg)
{
	if (n == 1)
		touch(arg, 1);
	else
		munmap(arg, PAGE);
}

static void anonymous(void)
{
	char *p = lone_pages(2), want[64];
	pid_t me = getpid(), a, b;
	unsigned long pfn, copy;
	const char *text;

	touch(p, 1);
	pfn = pfn_of(me, p);
	ok(mapped_by(pfn, me, 0, 0, 1), "a page is mapped by who touched it");
	text = frame_text(pfn);
	snprintf(want, sizeof(want), "frame %#lx: anonymous, anon_vma ", pfn);
	ok(strncmp(text, want, strlen(want)) == 0, "its frame is anonymous");
	ok(strstr(text, " anon-exclusive"), "and its alone");
	snprintf(want, sizeof(want), "%lx-%lx at %lx: present writable", (unsigned long)p,
		 (unsigned long)p + 2 * PAGE, (unsigned long)p);
	ok(strstr(text, want), "area, address and rights are told");
	a = stepper(steps, write_or_unmap, p);
	b = stepper(more, write_or_unmap, p);
	ok(mapped_by(pfn, me, a, b, 3), "after two forks three map it");
	text = frame_text(pfn);
	ok(occurs(text, ": present read-only") == 3 && !strstr(text, "anon-exclusive"),
	   "all read-only, and nobody alone");
	next_step(more);
	copy = pfn_of(b, p);
	ok(mapped_by(pfn, me, a, 0, 3), "one that writes no longer maps it");
	snprintf(want, sizeof(want), ": frame %#lx is mapped there", copy);
	ok(strstr(frame_text(pfn), want), "and is asked in vain, since another frame is there");
	ok(mapped_by(copy, b, 0, 0, 1), "its copy is mapped by it, and nobody else need be asked");
	end_child(a);
	ok(mapped_by(pfn, me, 0, 0, 2), "one that has ended is not even asked");
	next_step(more);
	ok(mapped_by(pfn, me, 0, 0, 1), "nor one that has unmapped it");
	end_child(b);
	ok(mapped_by(pfn, me, 0, 0, 1), "in the end it is as it was");
	munmap(p, 2 * PAGE);
}

/* ---- three generations ---- */

struct family {
	char *p;
	volatile pid_t grandchild;
};

static void touch_and_fork(int n, void *arg)
{
	struct family *f = arg;

	if (n == 1) {
		touch(f->p, 1);
		f->grandchild = sleeper();
	}
}

struct chain {
	unsigned long anon_vma, root, parent, refs, children, active;
	bool own;
	const char *trees;	/* lines, up to the next chain or area */
	size_t bytes;
};

static bool read_chain(const char *line, struct chain *c)
{
	char kind[16];
	int fields = sscanf(line, "  chain to %lx (%15[a-z]) root %lx parent %lx refs %lu",
			    &c->anon_vma, kind, &c->root, &c->parent, &c->refs);
	const char *counts = strstr(line, " children ");

	if (fields != 5 || !counts ||
	    sscanf(counts, " children %lu active %lu", &c->children, &c->active) != 2)
		return false;
	c->own = strcmp(kind, "own") == 0;
	c->trees = strchr(line, '\n');
	c->bytes = 0;
	return true;
}

/* The chains of @pid's area at @p, as its anon_vma file has them; how many. */
static int chains_of(pid_t pid, const char *p, struct chain *chain, int max)
{
	const char *line = read_proc(pid, "anon_vma");
	char want[32];
	int n = 0;

	snprintf(want, sizeof(want), "%lx-", (unsigned long)p);
	while (line && strncmp(line, want, strlen(want)) != 0) {
		line = strchr(line, '\n');
		line = line && line[1] ? line + 1 : NULL;
	}
	must(line);
	for (line = strchr(line, '\n') + 1; *line == ' '; line = strchr(line, '\n') + 1) {
		if (n < max && read_chain(line, &chain[n]))
			n++;
		else if (n)
			chain[n - 1].bytes = (size_t)(strchr(line, '\n') - chain[n - 1].trees);
	}
	return n;
}

/* The tree that is shown at @c has the areas of exactly these. */
static bool tree_has(const struct chain *c, pid_t a, pid_t b, pid_t d)
{
	char lines[4096], want[64];
	pid_t pids[3] = { a, b, d };
	int i, n = 0;

	must(c->bytes && c->bytes < sizeof(lines));
	memcpy(lines, c->trees, c->bytes);
	lines[c->bytes] = 0;
	for (i = 0; i < 3; i++) {
		snprintf(want, sizeof(want), "\n    tree: pid %d (", pids[i]);
		if (pids[i] && occurs(lines, want) != 1)
			return false;
		n += pids[i] != 0;
	}
	return occurs(lines, "\n    tree: ") == n;
}

static void generations(void)
{
	struct family *f = map_shared(PAGE);
	struct chain c[4], mine;
	pid_t me = getpid(), a, g;
	unsigned long old, fresh;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	f->p = lone_pages(1);
	is(chains_of(me, f->p, c, 4), 0, "an area without pages has no chain");
	touch(f->p, 1);
	is(chains_of(me, f->p, &mine, 1), 1, "the first page gives it one");
	ok(mine.own && mine.root == mine.anon_vma && mine.parent == mine.anon_vma, "to a root");
	old = pfn_of(me, f->p);
	a = stepper(steps, touch_and_fork, f);
	next_step(steps);
	g = f->grandchild;
	fresh = pfn_of(a, f->p);
	ok(mapped_by(old, me, 0, 0, 3), "a grandparent's page is looked for in all generations");
	ok(mapped_by(fresh, a, g, 0, 2), "the child's in itself and the grandchild");
	is(chains_of(a, f->p, c, 4), 2, "the child has two chains");
	is(chains_of(g, f->p, c, 4), 3, "the grandchild has three");
	ok(c[0].own && !c[1].own && !c[2].own, "the first is to its own");
	ok(c[0].parent == c[1].anon_vma && c[1].parent == c[2].anon_vma,
	   "each is above the one before");
	ok(c[2].anon_vma == mine.anon_vma && c[0].root == mine.anon_vma &&
		   c[1].root == mine.anon_vma,
	   "up to the grandparent's, the root of all");
	ok(tree_has(&c[2], me, a, g), "in whose tree are three areas");
	ok(tree_has(&c[1], a, g, 0), "in the child's are two");
	ok(tree_has(&c[0], g, 0, 0), "in the grandchild's is one");
	end_child(a);
	ok(mapped_by(fresh, g, 0, 0, 1), "the child ends, and its page lives on in the grandchild");
	ok(mapped_by(old, me, 0, 0, 2), "which is still asked for the grandparent's");
	is(chains_of(g, f->p, c, 4), 3, "it has its three chains");
	ok(c[1].active == 0 && tree_has(&c[1], g, 0, 0),
	   "the middle one to what nobody owns any more");
	end_child(g);
	ok(mapped_by(old, me, 0, 0, 1), "in the end it is as it was");
	munmap(f->p, PAGE);
	munmap(f, PAGE);
}

/* ---- files ---- */

static void look_or_unmap(int n, void *arg)
{
	if (n == 1)
		look(arg, 1);
	else
		munmap(arg, 2 * PAGE);
}

static void files(void)
{
	int fd = make_file("/tmp/rmap", 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	pid_t me = getpid(), a, b;
	unsigned long pfn;

	must(p != MAP_FAILED);
	a = stepper(steps, look_or_unmap, p);
	b = stepper(more, look_or_unmap, p);
	look(p, 1);
	pfn = pfn_of(me, p);
	ok(mapped_by(pfn, me, 0, 0, 3), "a file's page is mapped by who touched it");
	ok(strstr(frame_text(pfn), ": file "), "its frame is a file's");
	next_step(steps);
	next_step(more);
	ok(mapped_by(pfn, me, a, b, 3), "and by all three when they have");
	next_step(more);
	ok(mapped_by(pfn, me, a, 0, 2), "one that unmaps the file is no longer asked");
	end_child(a);
	ok(mapped_by(pfn, me, 0, 0, 1), "nor one that ends");
	end_child(b);
	munmap(p, 2 * PAGE);
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	must(p != MAP_FAILED);
	look(p, 1);
	ok(pfn_of(me, p) == pfn && mapped_by(pfn, me, 0, 0, 1),
	   "a private mapping reads the same frame");
	touch(p, 1);
	ok(mapped_by(pfn, 0, 0, 0, 1), "after a write it is asked in vain");
	ok(mapped_by(pfn_of(me, p), me, 0, 0, 1), "and has an anonymous page of its own");
	munmap(p, PAGE);
	close(fd);
	unlink("/tmp/rmap");
}

static void shared_memory(void)
{
	char *s = map_shared(PAGE);
	pid_t a;

	touch(s, 1);
	a = stepper(steps, look_or_unmap, s);
	next_step(steps);
	ok(mapped_by(pfn_of(getpid(), s), getpid(), a, 0, 2),
	   "shared anonymous memory is mapped by both");
	end_child(a);
	munmap(s, PAGE);
}

/* ---- many ---- */

static void many_processes(void)
{
	enum { N = 150 };
	char *p = lone_pages(1), want[64];
	pid_t pids[N];
	unsigned long pfn;
	int i;

	touch(p, 1);
	pfn = pfn_of(getpid(), p);
	for (i = 0; i < N; i++)
		pids[i] = sleeper();
	snprintf(want, sizeof(want), "\nfound %d of %d in %d areas: all\n", N + 1, N + 1, N + 1);
	ok(strstr(frame_text(pfn), want), "151 processes that map a page are all found");
	for (i = 0; i < N; i++)
		end_child(pids[i]);
	ok(mapped_by(pfn, getpid(), 0, 0, 1), "and none when they have ended");
	munmap(p, PAGE);
}

static void many_areas(void)
{
	const size_t pages = 2000;
	char *p = lone_pages(pages);
	const char *text;
	size_t i;

	touch(p, pages);
	for (i = 0; i < pages; i += 2)
		must(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	text = read_proc(getpid(), "anon_vma");
	ok(occurs(text, "\n  chain to ") >= 2000, "the chains of 2000 areas are shown");
	ok(occurs(text, "\n    tree: pid ") < 2200, "and their common tree once");
	ok(mapped_by(pfn_of(getpid(), p + 1000 * PAGE), getpid(), 0, 0, 1),
	   "a walk asks the one that has the page");
	munmap(p, pages * PAGE);
}

/* ---- names, rights, and frames that are no page of anybody ---- */

static int cannot_open(void *arg)
{
	must(setgid(1000) == 0 && setuid(1000) == 0);
	return open(arg, O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static void names(void)
{
	char *p = lone_pages(1), path[64], hex[64];

	touch(p, 1);
	snprintf(path, sizeof(path), "/proc/rmap/%lu", pfn_of(getpid(), p));
	snprintf(hex, sizeof(hex), "frame %#lx: anonymous", pfn_of(getpid(), p));
	ok(strncmp(read_text(path), hex, strlen(hex)) == 0, "a frame has a decimal name, too");
	child_ok(cannot_open, path, "it is for root only");
	snprintf(path, sizeof(path), "/proc/%d/anon_vma", getpid());
	child_ok(cannot_open, path, "so is anon_vma");
	fails(open("/proc/rmap/x", O_RDONLY), ENOENT, "x is no frame");
	fails(open("/proc/rmap/-1", O_RDONLY), ENOENT, "nor is -1");
	fails(open("/proc/rmap/0x", O_RDONLY), ENOENT, "nor 0x");
	fails(open("/proc/rmap/99999999999999999999", O_RDONLY), ENOENT, "nor what is none");
	fails(open("/proc/rmap/0x100000000", O_RDONLY), ENOENT, "nor what is past all memory");
	fails(open("/proc/rmap/0xa0", O_RDONLY), ENOENT, "nor a frame of the hole below 1 MiB");
	ok(kpageflag(0xa0, KPF_NOPAGE), "which is no page");
	madvise(p, PAGE, MADV_DONTNEED);
	look(p, 1);
	ok(strstr(frame_text(pfn_of(getpid(), p)), ": the zero page\n"), "the zero page is known");
	munmap(p, PAGE);
}

/* Whatever a frame is or becomes meanwhile, its text can be read. */
static void any_frame(void)
{
	unsigned long pfn, first, read = 0, kinds[4] = { 0 };
	unsigned long frames = (unsigned long)meminfo_kib("MemTotal") / 4;
	char *p = map_anon(PAGE, RW);
	pid_t pid = fork();

	must(pid >= 0);
	/* Those around a page of ours: in a large machine memory is used in one place. */
	touch(p, 1);
	first = pfn_of(getpid(), p) / 65536 * 65536;
	frames = frames < 65536 ? frames : 65536;
	while (pid == 0) {
		pid_t child = fork();

		if (child == 0) {
			touch(map_anon(100 * PAGE, RW), 100);
			_exit(0);
		}
		wait_for(child);
		pid = 0;
	}
	for (pfn = first; pfn < first + 65536; pfn += 23) {
		char path[64];
		const char *text;

		snprintf(path, sizeof(path), "/proc/rmap/%lu", pfn);
		text = read_text(path);
		if (!text)
			continue;
		read++;
		kinds[0] += strstr(text, ": free\n") != NULL;
		kinds[1] += strstr(text, ": slab\n") != NULL;
		kinds[2] += strstr(text, ": kernel\n") != NULL;
		kinds[3] += strstr(text, ": anonymous") || strstr(text, ": file");
	}
	end_child(pid);
	munmap(p, PAGE);
	ok(read > frames / 23 * 3 / 4, "any frame can be asked for while processes come and go");
	ok(kinds[0] && kinds[1] && kinds[2] && kinds[3],
	   "free ones, slabs, the kernel's and pages");
}

static void body(void)
{
	if (!on_avocet()) {
		tap_state->skip_all = 1;
		if (write(1, "1..0 # SKIP only on Avocet\n", 27) != 27)
			_exit(99);
		return;
	}
	steps = map_shared(PAGE);
	more = map_shared(PAGE);
	anonymous();
	generations();
	files();
	shared_memory();
	many_processes();
	many_areas();
	names();
	any_frame();
}

int main(void)
{
	return tap_run(body, 60);
}
