/* anonchain.c - families of processes that share anonymous memory and touch, split, unmap and leave
 * it in every order. Each member is a process that does as it is told through pipes; a model in
 * shared memory says what every page of every member must hold and how many members share it. The
 * names of the members follow the history of this mechanism: A > B > C is a chain of forks. */
#include "mmview.h"
#include <sched.h>

#define MEMBERS	5
#define PAGES	6UL

enum { A, B, C, D, E };

enum op { FORK, WRITE_PAGE, UNMAP, SPLIT, JOIN, MOVE, LOOK, EXIT };

struct request {
	enum op op;
	int arg;	/* FORK: who; else the first page */
	int nr;		/* pages */
	int value;
};

static struct model {
	struct {
		pid_t pid;	/* 0: not alive */
		struct {
			int value;	/* 0: not mapped */
			int frame;	/* equal when two members share the page */
		} page[PAGES];
	} member[MEMBERS];
	int frames;
	int focus; /* two pages whose mappings are looked at: this one, and another each time */
	int other;
	long shared_by[MEMBERS][PAGES];
} *model;

static int to[MEMBERS][2], from[MEMBERS][2];
static char *area, *aside;
static int failures;
static char story[512];

/* ---- a member ---- */

/* False when the kernel knows another number of mappings of the page than there are, or when
 * its walk does not come here. */
static bool mappings_right(int me, size_t page)
{
	const char *p = area + page * PAGE;
	long want = model->shared_by[me][page], count = mappers_of(p), entries;
	bool found;

	if (count != want) {
		diag("%c, page %zu: mapped %ld times, should be %ld", 'A' + me, page, count, want);
		return false;
	}
	if (walk_from(pfn_of(getpid(), p), getpid(), p, &entries, &found) &&
	    (entries != want || !found)) {
		diag("%c, page %zu: a walk finds %ld entries of %ld, ours %s", 'A' + me, page,
		     entries, want, found ? "too" : "not");
		return false;
	}
	return true;
}

/* How many pages are not as the model says. */
static int mismatches(int me)
{
	unsigned char vec;
	size_t i;
	int bad = 0;

	for (i = 0; i < PAGES; i++) {
		char *p = area + i * PAGE;
		int want = model->member[me].page[i].value;

		if (!want)
			bad += mincore(p, PAGE, &vec) == 0;
		else
			bad += *(int *)p != want || *(int *)(p + PAGE - sizeof(int)) != want ||
			       (((int)i == model->focus || (int)i == model->other) &&
				!mappings_right(me, i));
	}
	return bad;
}

static void write_page(char *p, int value)
{
	*(int *)p = value;
	*(int *)(p + PAGE - sizeof(int)) = value;
}

static void member(int me);

static long obey(int me, const struct request *r)
{
	char *p = area + (size_t)r->arg * PAGE;
	size_t len = (size_t)r->nr * PAGE;
	pid_t pid;

	switch (r->op) {
	case FORK:
		pid = fork();
		if (pid == 0)
			member(r->arg);
		return pid;
	case WRITE_PAGE:
		write_page(p, r->value);
		return 0;
	case UNMAP:
		return munmap(p, len);
	case SPLIT:
		return mprotect(p, len, PROT_READ);
	case JOIN:
		return mprotect(p, len, RW);
	case MOVE:
		if (mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, aside) != aside)
			return -1;
		return mremap(aside, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p ? 0 : -1;
	case LOOK:
		return mismatches(me);
	case EXIT:
		break;
	}
	_exit(0);
}

static void member(int me)
{
	struct request r;
	long answer;

	for (;;) {
		if (read(to[me][0], &r, sizeof(r)) != (ssize_t)sizeof(r))
			_exit(1);
		answer = obey(me, &r);
		if (write(from[me][1], &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			_exit(1);
	}
}

/* ---- the one who tells them ---- */

static long tell(int who, struct request r)
{
	long answer;

	must(write(to[who][1], &r, sizeof(r)) == (ssize_t)sizeof(r));
	must(read(from[who][0], &answer, sizeof(answer)) == (ssize_t)sizeof(answer));
	return answer;
}

static void remember(const char *what, int who, int page)
{
	size_t len = strlen(story);

	snprintf(story + len, sizeof(story) - len, " %c:%s%d", 'A' + who, what, page);
}

/* Everybody who is alive looks at every page; @focus has changed. */
static void look_around(int focus)
{
	int i, j, bad = 0;
	size_t page;

	model->focus = focus;
	model->other = (model->other + 1) % (int)PAGES;
	memset(model->shared_by, 0, sizeof(model->shared_by));
	for (i = 0; i < MEMBERS; i++)
		for (j = 0; j < MEMBERS; j++)
			for (page = 0; page < PAGES; page++)
				model->shared_by[i][page] +=
					model->member[j].pid && model->member[j].page[page].value &&
					model->member[j].page[page].frame ==
					model->member[i].page[page].frame;
	for (i = 0; i < MEMBERS; i++)
		if (model->member[i].pid)
			bad += tell(i, (struct request){ .op = LOOK }) != 0;
	if (bad && !failures++)
		diag("first wrong after%s", story);
}

static void fork_member(int parent, int who)
{
	pid_t pid;

	remember("fork", parent, who);
	pid = (pid_t)tell(parent, (struct request){ .op = FORK, .arg = who });
	must(pid > 0);
	model->member[who] = model->member[parent];
	model->member[who].pid = pid;
	look_around(0);
}

static void write_to(int who, int page)
{
	static int last;

	remember("write", who, page);
	model->member[who].page[page].value = ++last;
	model->member[who].page[page].frame = ++model->frames;
	must(tell(who, (struct request){ .op = WRITE_PAGE, .arg = page, .value = last }) == 0);
	look_around(page);
}

static void unmap(int who, int page, int nr)
{
	remember("unmap", who, page);
	must(tell(who, (struct request){ .op = UNMAP, .arg = page, .nr = nr }) == 0);
	for (; nr--; page++)
		model->member[who].page[page].value = 0;
	look_around(page ? page - 1 : 0);
}

static void split(int who, int page, int nr)
{
	remember("split", who, page);
	must(tell(who, (struct request){ .op = SPLIT, .arg = page, .nr = nr }) == 0);
	look_around(page);
}

static void join(int who, int page, int nr)
{
	remember("join", who, page);
	must(tell(who, (struct request){ .op = JOIN, .arg = page, .nr = nr }) == 0);
	look_around(page);
}

static void move(int who, int page, int nr)
{
	remember("move", who, page);
	must(tell(who, (struct request){ .op = MOVE, .arg = page, .nr = nr }) == 0);
	look_around(page);
}

/* Process 1 reaps those whose parent has gone; a zombie has no memory, and that is enough. */
static bool is_gone(pid_t pid)
{
	char path[64], text[256], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strrchr(text, ')');
	return !at || at[2] == 'Z' || at[2] == 'X';
}

static void leave(int who)
{
	struct request r = { .op = EXIT };

	remember("exit", who, 0);
	must(write(to[who][1], &r, sizeof(r)) == (ssize_t)sizeof(r));
	while (!is_gone(model->member[who].pid))
		sched_yield();
	model->member[who].pid = 0;
	look_around(0);
}

/* A new family: A, with all pages written. */
static void begin(void)
{
	int i;
	pid_t pid;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	memset(model, 0, sizeof(*model));
	story[0] = 0;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		map_at(area, PAGES * PAGE, RW);
		/* A's children go without anybody waiting for them. */
		signal(SIGCHLD, SIG_IGN);
		member(A);
	}
	model->member[A].pid = pid;
	for (i = 0; i < (int)PAGES; i++) {
		model->member[A].page[i].value = 1000 + i;
		model->member[A].page[i].frame = ++model->frames;
		must(tell(A, (struct request){ .op = WRITE_PAGE, .arg = i, .value = 1000 + i }) ==
		     0);
	}
	look_around(0);
}

/* The @n-th order of @count things. */
static void order(int n, int count, int *out)
{
	int left[MEMBERS], i, j;

	for (i = 0; i < count; i++)
		left[i] = i;
	for (i = 0; i < count; i++) {
		int at = n % (count - i);

		n /= count - i;
		out[i] = left[at];
		for (j = at; j < count - i - 1; j++)
			left[j] = left[j + 1];
	}
}

/* ---- the tests ---- */

/* B unmaps, then forks again; C splits and joins; all leave in the order @n. */
static void family(int n)
{
	int out[4], i;

	order(n, 4, out);
	begin();
	fork_member(A, B);
	write_to(B, 1);
	fork_member(B, C);
	write_to(C, 2);
	unmap(B, 4, 2);
	fork_member(B, D);
	split(C, 1, 2);
	write_to(D, 1);
	write_to(A, 0);
	join(C, 1, 2);
	write_to(C, 1);
	if (n % 8 == 0)
		failures += !memory_is_sound();
	for (i = 0; i < 4; i++)
		leave(out[i]);
}

/* B has no memory left, or has exited; the forks of C may use what B's pages hung in. */
static void reuse(int n, bool exits)
{
	int out[4], i;

	order(n, 4, out);
	begin();
	fork_member(A, B);
	write_to(B, 0);
	fork_member(B, C);
	if (exits)
		leave(B);
	else
		unmap(B, 0, (int)PAGES);
	write_to(C, 1);
	fork_member(C, D);
	write_to(D, 0);
	fork_member(C, E);
	write_to(E, 0);
	write_to(C, 0);
	move(D, 2, 2);
	write_to(D, 2);
	if (n % 8 == 0)
		failures += !memory_is_sound();
	for (i = 0; i < 4; i++)
		leave(out[i] == B ? E : out[i]);
	if (!exits)
		leave(B);
}

enum { TURN_TOUCH, TURN_UNMAP, TURN_EXIT, TURNS };

/* Three generations do one thing in the order @n, then leave in the same order. */
static void turns(int what, int n)
{
	int out[3], i;

	order(n, 3, out);
	begin();
	fork_member(A, B);
	write_to(B, 5);
	fork_member(B, C);
	write_to(C, 4);
	for (i = 0; i < 3; i++) {
		if (what == TURN_TOUCH)
			write_to(out[i], 0);
		else if (what == TURN_UNMAP)
			unmap(out[i], 0, 3);
		else
			leave(out[i]);
	}
	for (i = 0; i < 3 && what != TURN_EXIT; i++)
		leave(out[i]);
}

static void result(const char *name)
{
	is(failures, 0, "%s", name);
	failures = 0;
}

static void families(void)
{
	static const char *const what[TURNS] = {
		"three generations touch a page in every order and see their own",
		"three generations unmap in every order and keep the rest",
		"three generations exit in every order and the others keep all",
	};
	cpu_set_t all, one;
	int i, n;

	/* They take turns: on one processor nobody has to be woken on another. */
	must(sched_getaffinity(0, sizeof(all), &all) == 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(sched_setaffinity(0, sizeof(one), &one) == 0);
	for (i = 0; i < MEMBERS; i++)
		must(pipe(to[i]) == 0 && pipe(from[i]) == 0);
	area = free_range(3 * PAGES * PAGE);
	aside = area + 2 * PAGES * PAGE;
	for (n = 0; n < 24; n++)
		family(n);
	result("parent, child and grandchildren leave in every order and the others keep all");
	for (n = 0; n < 24; n += 2)
		reuse(n, n & 2);
	result("so do those who were forked after one in the middle of the chain had gone");
	for (i = 0; i < TURNS; i++) {
		for (n = 0; n < 6; n++)
			turns(i, n);
		result(what[i]);
	}
	must(sched_setaffinity(0, sizeof(all), &all) == 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* ---- generations ---- */

#define EARLY	500	/* the generation that is compared with the last */

static int last_generation;

struct tally {
	int generation;
	int bad;
	long vmas[2], chains[2];	/* objects early and late */
};

/* The dead may fill the machine before whoever reaps them has had his turn. */
static pid_t fork_when_there_is_room(void)
{
	pid_t pid;
	int tries;

	for (tries = 0; (pid = fork()) < 0 && tries < 1000; tries++)
		usleep(10000);
	return pid;
}

/* Forks the next generation and exits. What each wrote the next one must see. */
static void generation(struct tally *t, char *p, int end)
{
	int gen;

	for (gen = 1; gen <= last_generation; gen++) {
		pid_t pid;

		*(int *)p = gen;
		*(int *)(p + (size_t)(1 + gen % 3) * PAGE) = gen;
		if (gen == EARLY || gen == last_generation) {
			t->vmas[gen != EARLY] = slab_objects("anon_vma");
			t->chains[gen != EARLY] = slab_objects("anon_vma_chain");
		}
		pid = fork_when_there_is_room();
		if (pid < 0) {
			t->bad++;
			break;
		}
		if (pid > 0)
			_exit(0);
		t->generation = gen;
		t->bad += *(int *)p != gen || *(int *)(p + (size_t)(1 + gen % 3) * PAGE) != gen;
	}
	close(end);
	_exit(0);
}

static void generations(void)
{
	struct tally *t = map_shared(PAGE);
	char *p = map_anon(4 * PAGE, RW), byte;
	int fd[2];
	pid_t pid;

	/* Linux takes its time, and nothing is counted there. */
	last_generation = on_avocet() ? 5000 : 600;
	memset(p, 0x11, 4 * PAGE);
	must(pipe(fd) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		generation(t, p, fd[1]);
	}
	close(fd[1]);
	wait_for(pid);
	/* The end of the file comes when the last one has closed it. */
	must(read(fd[0], &byte, 1) == 0);
	close(fd[0]);
	is(t->generation, last_generation, "%d generations follow one another", last_generation);
	is(t->bad, 0, "each sees what its parent wrote");
	ok(p[0] == 0x11 && p[4 * PAGE - 1] == 0x11, "the first of all sees what it wrote itself");
	if (on_avocet()) {
		ok(t->vmas[0] >= 0 && t->vmas[1] - t->vmas[0] < 100,
		   "the number of anon_vmas stays bounded");
		ok(t->chains[0] >= 0 && t->chains[1] - t->chains[0] < 300,
		   "the number of chains stays bounded");
		diag("anon_vma %ld then %ld, anon_vma_chain %ld then %ld", t->vmas[0], t->vmas[1],
		     t->chains[0], t->chains[1]);
	} else {
		skip("objects are not counted exactly", "the number of anon_vmas stays bounded");
		skip("objects are not counted exactly", "the number of chains stays bounded");
	}
	munmap(t, PAGE);
	munmap(p, 4 * PAGE);
}

/* ---- rights that come and go ---- */

static int refuses_writes(void *arg)
{
	char *p = arg;
	struct fault f = fault_of(WRITE, p);

	return f.sig == SIGSEGV && f.code == SEGV_ACCERR && p[0] == 1 ? 0 : 1;
}

/* Writable, read-only, writable again: what was written in between stays. */
static int rights_come_and_go(void *arg)
{
	char *p = arg;
	int i;

	for (i = 2; i < 10; i++) {
		if (mprotect(p, 4 * PAGE, RW))
			return 1;
		p[0] = (char)i;
		if (i & 1)
			p[3 * PAGE] = (char)i;
		if (mprotect(p, 4 * PAGE, PROT_READ) || refuses_writes(p) != (p[0] != 1))
			return 2;
		if (p[0] != i || p[PAGE] != 1 || p[3 * PAGE] != (i & 1 ? i : i == 2 ? 1 : i - 1))
			return 3;
	}
	return 0;
}

static void rights(void)
{
	char *p = map_anon(4 * PAGE, RW);
	pid_t pid[4];
	size_t i;
	int bad = 0;

	for (i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	must(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	child_ok(refuses_writes, p, "a child's write to read-only memory is SIGSEGV");
	is(refuses_writes(p), 0, "so is the parent's");
	child_ok(rights_come_and_go, p,
		 "memory that a child makes writable and read-only in turn loses no write");
	is(p[0], 1, "the parent's page is as it was");
	for (i = 0; i < COUNT(pid); i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(rights_come_and_go(p));
	}
	bad += rights_come_and_go(p);
	for (i = 0; i < COUNT(pid); i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "nor when parent and children do so at once");
	munmap(p, 4 * PAGE);
}

static void body(void)
{
	model = map_shared(2 * PAGE);
	families();
	rights();
	generations();
}

/* On Avocet a process number takes a little memory for good when it is first used. Those that this
 * program will need are used before memory is looked at. */
static void use_numbers(int n)
{
	while (n--) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		must(pid > 0 && wait_for(pid) == 0);
	}
}

int main(void)
{
	if (on_avocet())
		use_numbers(5600);
	return tap_run(body, 25);
}
