/* random.c - thousands of random mapping operations, compared with a simple model of memory.
 * The model knows, for each page of a window, whether it is mapped, its protection and its content.
 * The sequence depends on a seed alone, which a failure tells; several processes run at once. */
#include "tap.h"

#define PAGES	96
#define RW	(PROT_READ | PROT_WRITE)

struct page {
	bool mapped;
	int prot;
	unsigned char value;
};

static struct page model[PAGES];
static char *window;
static unsigned long state;
static int file;

static unsigned long rnd(unsigned long below)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (state >> 33) % below;
}

static char *at(size_t page)
{
	return window + page * PAGE;
}

/* A random range of pages [*a, *b). */
static void range(size_t *a, size_t *b)
{
	size_t len = 1 + rnd(rnd(3) ? 8 : 40);

	*a = rnd(PAGES);
	*b = *a + len > PAGES ? PAGES : *a + len;
}

static int some_prot(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW };

	return prots[rnd(COUNT(prots))];
}

static bool all_mapped(size_t a, size_t b)
{
	for (; a < b; a++)
		if (!model[a].mapped)
			return false;
	return true;
}

static void set_range(size_t a, size_t b, struct page p)
{
	for (; a < b; a++)
		model[a] = p;
}

/* ---- operations: each does the same to memory and model; false when they differ ---- */

static bool do_map(void)
{
	size_t a, b;
	int prot = some_prot();

	range(&a, &b);
	set_range(a, b, (struct page){ true, prot, 0 });
	return mmap(at(a), (b - a) * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	       at(a);
}

static bool do_map_file(void)
{
	size_t a, b, i, first = rnd(4);
	int prot = some_prot();

	range(&a, &b);
	if (b - a > 4)
		b = a + 4;
	if (mmap(at(a), (b - a) * PAGE, prot, MAP_PRIVATE | MAP_FIXED, file,
		 (off_t)(first * PAGE)) != at(a))
		return false;
	for (i = a; i < b; i++)
		model[i] = (struct page){ true, prot, (unsigned char)('a' + first + i - a) };
	return true;
}

static bool do_unmap(void)
{
	size_t a, b;

	range(&a, &b);
	set_range(a, b, (struct page){ false, 0, 0 });
	return munmap(at(a), (b - a) * PAGE) == 0;
}

static bool do_protect(void)
{
	size_t a, b, i;
	int prot = some_prot(), ret;

	range(&a, &b);
	ret = mprotect(at(a), (b - a) * PAGE, prot);
	for (i = a; i < b && model[i].mapped; i++)
		model[i].prot = prot;
	return i == b ? ret == 0 : ret == -1 && errno == ENOMEM;
}

static bool is_file(size_t page)
{
	struct vma v;

	return vma_in(at(page), at(page) + 1, 0, &v) && v.name[0] == '/';
}

static bool do_dontneed(void)
{
	size_t a = rnd(PAGES), b = a + 1 + rnd(4), i;

	if (b > PAGES)
		b = PAGES;
	for (i = a; i < b; i++)
		if (is_file(i))
			return true;
	for (i = a; i < b; i++)
		model[i].value = 0;
	return (madvise(at(a), (b - a) * PAGE, MADV_DONTNEED) == 0) == all_mapped(a, b);
}

/* Moves a part of one mapping to another place of the window. */
static bool do_move(void)
{
	struct page old[PAGES];
	size_t a, b, to, len;
	struct vma v;

	range(&a, &b);
	len = b - a;
	to = rnd(PAGES - len + 1);
	if ((to < b && a < to + len) || vmas_in(at(a), at(b)) != 1 ||
	    !vma_in(at(a), at(b), 0, &v) || v.start > (unsigned long)at(a) ||
	    v.end < (unsigned long)at(b))
		return true;
	memcpy(old, model, sizeof(old));
	set_range(a, b, (struct page){ false, 0, 0 });
	memcpy(&model[to], &old[a], len * sizeof(old[0]));
	return mremap(at(a), len * PAGE, len * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)) ==
	       at(to);
}

static bool do_write(void)
{
	size_t i, n;

	for (n = 0; n < 8; n++) {
		i = rnd(PAGES);
		if (!model[i].mapped || model[i].prot != RW)
			continue;
		model[i].value = (unsigned char)(1 + rnd(255));
		memset(at(i), model[i].value, PAGE);
	}
	return true;
}

static bool do_bad_write(void)
{
	size_t i = rnd(PAGES);
	struct fault f;

	if (model[i].mapped && model[i].prot == RW)
		return true;
	f = fault_of(WRITE, at(i) + rnd(PAGE));
	return f.sig == SIGSEGV && f.code == (model[i].mapped ? SEGV_ACCERR : SEGV_MAPERR);
}

/* ---- comparing ---- */

static bool page_is_right(size_t i)
{
	volatile unsigned char *p = (unsigned char *)at(i);

	if (!model[i].mapped || model[i].prot == PROT_NONE)
		return true;
	return p[0] == model[i].value && p[PAGE - 1] == model[i].value &&
	       p[2048] == model[i].value;
}

static bool contents_are_right(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		if (!page_is_right(i)) {
			diag("page %zu holds %#x, model %#x", i, *(unsigned char *)at(i),
			     model[i].value);
			return false;
		}
	return true;
}

/* /proc/self/maps tells of exactly the mapped pages, with their protection. */
static bool maps_are_right(void)
{
	static struct vma v;
	size_t page = 0, end;
	int n;

	for (n = 0; vma_in(window, window + PAGES * PAGE, n, &v); n++) {
		size_t from = (v.start - (unsigned long)window) / PAGE;

		end = (v.end - (unsigned long)window) / PAGE;
		for (; page < from; page++)
			if (model[page].mapped)
				return false;
		for (; page < end; page++)
			if (!model[page].mapped ||
			    (v.perm[0] == 'r') != !!(model[page].prot & PROT_READ) ||
			    (v.perm[1] == 'w') != !!(model[page].prot & PROT_WRITE))
				return false;
	}
	for (; page < PAGES; page++)
		if (model[page].mapped)
			return false;
	return true;
}

/* A child sees the same memory, writes to it and goes; the parent must not see that. */
static bool do_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		int i;

		if (!contents_are_right())
			_exit(1);
		for (i = 0; i < 10; i++) {
			do_write();
			do_protect();
			do_unmap();
		}
		_exit(contents_are_right() ? 0 : 2);
	}
	status = wait_for(pid);
	return status == 0 && contents_are_right();
}

static const struct {
	const char *name;
	bool (*fn)(void);
	int weight;
} ops[] = {
	{ "map", do_map, 20 }, { "map file", do_map_file, 6 }, { "unmap", do_unmap, 10 },
	{ "protect", do_protect, 20 }, { "dontneed", do_dontneed, 6 }, { "move", do_move, 10 },
	{ "write", do_write, 30 }, { "bad write", do_bad_write, 5 }, { "fork", do_fork, 2 },
};

static bool one_step(int step, unsigned long seed)
{
	int pick, total = 0;
	size_t i;

	for (i = 0; i < COUNT(ops); i++)
		total += ops[i].weight;
	pick = (int)rnd((unsigned long)total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	if (!ops[i].fn()) {
		diag("seed %lu, step %d: %s went wrong", seed, step, ops[i].name);
		return false;
	}
	return true;
}

static int walk(void *arg)
{
	unsigned long seed = (unsigned long)arg;
	int step;

	state = seed * 7919 + 1;
	window = free_range(PAGES * PAGE);
	memset(model, 0, sizeof(model));
	for (step = 0; step < 1500; step++) {
		if (!one_step(step, seed))
			return 1;
		if (step % 10 == 0 && !contents_are_right()) {
			diag("seed %lu, step %d: wrong content", seed, step);
			return 2;
		}
		if (step % 25 == 0 && !maps_are_right()) {
			diag("seed %lu, step %d: wrong /proc/self/maps", seed, step);
			return 3;
		}
	}
	munmap(window, PAGES * PAGE);
	return 0;
}

static void body(void)
{
	enum { AT_ONCE = 3 };
	unsigned long seed, i;

	file = make_file("/tmp/random", 8);
	child_ok(walk, (void *)1, "1500 random operations leave memory as the model says");
	for (seed = 10; seed < 13; seed += AT_ONCE) {
		pid_t pid[AT_ONCE];
		int bad = 0;

		for (i = 0; i < AT_ONCE; i++) {
			pid[i] = fork();
			must(pid[i] >= 0);
			if (pid[i] == 0)
				_exit(walk((void *)(seed + i)));
		}
		for (i = 0; i < AT_ONCE; i++)
			bad += wait_for(pid[i]) != 0;
		is(bad, 0, "so do three processes at once, seeds from %lu on", seed);
	}
	close(file);
	unlink("/tmp/random");
}

int main(void)
{
	return tap_run(body, 20);
}
