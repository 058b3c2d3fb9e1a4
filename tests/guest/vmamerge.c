/* vmamerge.c - which neighbours become one VMA when their pages have owners, before and after fork.
 * A VMA whose pages were touched belongs to an anon_vma. Two such VMAs merge only if it is the same
 * one and neither has come from a parent; a VMA that owns nothing yet merges with anyone alike.
 * What the tests ask for is what Linux 7.x does; where 6.1 does otherwise, both stand there.
 * mergecases.c has the rest in one table. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)
#define ROOM	(16 * PAGE)

/* Where a child finds what the parent has set up, and how many pages of what it touches. */
static char *room;

/* ---- new memory beside old ---- */

/* Maps the page at @arg, touches it, and tells how many VMAs there are in the room. */
static int map_beside(void *arg)
{
	char *p = arg;

	map_at(p, PAGE, RW);
	p[0] = 2;
	return vmas_in(room, room + ROOM);
}

static int map_beside_and_check(void *arg)
{
	char *old = room + 4 * PAGE, *p = arg;

	map_beside(arg);
	old[0] = 3;
	return old[0] == 3 && p[0] == 2 && old[PAGE] == 1 ? 0 : 1;
}

static void beside(void)
{
	char *old = room + 4 * PAGE;
	struct vma v;

	map_at(old, 2 * PAGE, RW);
	memset(old, 1, 2 * PAGE);
	is(child(map_beside, old + 2 * PAGE), EXITED(2),
	   "memory mapped above an inherited area that was touched stays apart");
	is(child(map_beside, old - PAGE), EXITED(2), "so does memory mapped below it");
	child_ok(map_beside_and_check, old + 2 * PAGE, "above, each keeps its content");
	child_ok(map_beside_and_check, old - PAGE, "below, too");
	is(map_beside(old + 2 * PAGE), 1,
	   "the process that never was a child gets one area, above");
	is(map_beside(old - PAGE), 1, "and below");
	ok(vma_in(room, room + ROOM, 0, &v) && v.start == (unsigned long)old - PAGE &&
	   v.end == (unsigned long)old + 3 * PAGE, "it has the right ends");
	munmap(room, ROOM);

	map_at(old, 2 * PAGE, RW);
	is(child(map_beside, old + 2 * PAGE), EXITED(1),
	   "memory mapped above an inherited area that was never touched joins it");
	is(child(map_beside, old - PAGE), EXITED(1), "so does memory mapped below it");
	munmap(room, ROOM);
}

/* ---- splits of one area ---- */

static int split_and_join(void *arg)
{
	char *p = room;

	(void)arg;
	must(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
	if (vmas_in(room, room + ROOM) != 3)
		return 100;
	must(mprotect(p + 2 * PAGE, 2 * PAGE, RW) == 0);
	return vmas_in(room, room + ROOM);
}

static int split_write_and_join(void *arg)
{
	char *p = room;
	size_t i;

	(void)arg;
	must(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
	for (i = 0; i < 6; i++)
		if (i < 2 || i > 3)
			p[i * PAGE] = (char)(10 + i);
	must(mprotect(p + 2 * PAGE, 2 * PAGE, RW) == 0);
	p[2 * PAGE] = 12;
	p[3 * PAGE] = 13;
	for (i = 0; i < 6; i++)
		if (p[i * PAGE] != (char)(10 + i) || p[i * PAGE + 1] != 1)
			return 100;
	return vmas_in(room, room + ROOM);
}

/* The middle goes away and comes home, between the parts that it was one area with. */
static int move_middle(void *arg)
{
	char *p = room + 2 * PAGE, *away = room + 12 * PAGE;

	(void)arg;
	must(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away);
	if (vmas_in(room, room + ROOM) != 3)
		return 100;
	away[0] = 5;
	must(mremap(away, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	if (p[0] != 5 || p[1] != 1 || p[-1] != 1 || p[PAGE] != 1)
		return 101;
	return vmas_in(room, room + ROOM);
}

static void splits(void)
{
	map_at(room, 6 * PAGE, RW);
	memset(room, 1, 6 * PAGE);
	is(child(split_and_join, NULL), EXITED(1),
	   "a child splits an inherited area by mprotect and puts it together again");
	is(child(split_write_and_join, NULL), EXITED(1),
	   "also when it has written to the parts");
	is(child(move_middle, NULL), EXITED(1),
	   "a child moves the middle out of an inherited area and back into it");
	is(split_and_join(NULL), 1, "the parent splits and joins it as well");
	is(move_middle(NULL), 1, "and moves its middle out and back");
	munmap(room, ROOM);
}

/* ---- mremap beside neighbours ---- */

enum { PREV = 1, NEXT = 2, TOUCHED_PREV = 4, TOUCHED_NEXT = 8 };

/* The two pages at room + 12 move to room + 4, between what @arg has there. */
static int move_between(void *arg)
{
	long how = (long)arg;
	char *from = room + 12 * PAGE, *to = room + 4 * PAGE;

	if (how & PREV)
		map_at(to - 2 * PAGE, 2 * PAGE, RW);
	if (how & NEXT)
		map_at(to + 2 * PAGE, 2 * PAGE, RW);
	if (how & TOUCHED_PREV)
		to[-1] = 7;
	if (how & TOUCHED_NEXT)
		to[2 * PAGE] = 8;
	must(mremap(from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	if (to[0] != 1 || to[2 * PAGE - 1] != 1)
		return 100;
	to[0] = 2;
	to[PAGE] = 3;
	if (how & PREV && to[-1] != (how & TOUCHED_PREV ? 7 : 0))
		return 101;
	if (how & NEXT && to[2 * PAGE] != (how & TOUCHED_NEXT ? 8 : 0))
		return 102;
	if (how & PREV)
		to[-2 * (long)PAGE] = 4;
	if (how & NEXT)
		to[3 * PAGE] = 5;
	if (to[0] != 2 || to[1] != 1 || to[PAGE] != 3 || (how & PREV && to[-2 * (long)PAGE] != 4) ||
	    (how & NEXT && to[3 * PAGE] != 5))
		return 103;
	return vmas_in(room, room + ROOM);
}

/* Two touched pages at room + 12. With @home they were touched at room + 4: their place in the
 * trees is that of there, and when they go back they fit to neighbours. */
static void make_touched(bool home)
{
	char *from = room + 12 * PAGE, *first = home ? room + 4 * PAGE : from;

	map_at(first, 2 * PAGE, RW);
	memset(first, 1, 2 * PAGE);
	if (home)
		must(mremap(first, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from) ==
		     from);
}

static int move_own(void *arg)
{
	make_touched(false);
	return move_between(arg);
}

static int move_own_home(void *arg)
{
	make_touched(true);
	return move_between(arg);
}

static int move_grandchild(void *arg)
{
	return child(move_between, arg) >> 8;
}

static const struct {
	int how;
	const char *beside;
	int areas;		/* that there are then: none of them joins */
	int home;		/* own memory comes home on 7.x: it joins what was never touched */
} moves[] = {
	{ 0, "nothing", 1, 1 },
	{ PREV, "an untouched area below", 2, 1 },
	{ NEXT, "an untouched area above", 2, 1 },
	{ PREV | NEXT, "untouched areas on both sides", 3, 1 },
	{ PREV | TOUCHED_PREV, "a touched area below", 2, 2 },
	{ NEXT | TOUCHED_NEXT, "a touched area above", 2, 2 },
	{ PREV | NEXT | TOUCHED_PREV, "a touched area below, an untouched one above", 3, 2 },
	{ PREV | NEXT | TOUCHED_NEXT, "an untouched area below, a touched one above", 3, 2 },
	{ PREV | NEXT | TOUCHED_PREV | TOUCHED_NEXT, "touched areas on both sides", 3, 3 },
};

/* Linux 7.x, or what answers like it. */
static bool newer(void)
{
	struct utsname u;

	must(uname(&u) == 0);
	return on_avocet() || atoi(u.release) >= 7;
}

static void moving(void)
{
	size_t i;

	for (i = 0; i < COUNT(moves); i++) {
		void *how = (void *)(long)moves[i].how;

		is(child(move_own, how), EXITED(moves[i].areas), "touched memory moves beside %s",
		   moves[i].beside);
		is(child(move_own_home, how), EXITED(newer() ? moves[i].home : moves[i].areas),
		   "touched memory comes home beside %s", moves[i].beside);
	}
	make_touched(false);
	for (i = 0; i < COUNT(moves); i++)
		is(child(move_between, (void *)(long)moves[i].how), EXITED(moves[i].areas),
		   "inherited memory moves beside %s", moves[i].beside);
	munmap(room, ROOM);

	make_touched(true);
	for (i = 0; i < COUNT(moves); i++) {
		void *how = (void *)(long)moves[i].how;

		is(child(move_between, how), EXITED(moves[i].areas),
		   "inherited memory comes home beside %s", moves[i].beside);
		is(child(move_grandchild, how), EXITED(moves[i].areas),
		   "a grandparent's memory comes home beside %s", moves[i].beside);
	}
	is(room[12 * PAGE], 1, "the memory of the one who forked is as it was");
	munmap(room, ROOM);
}

/* ---- areas that got their pages while they were apart ---- */

static char *at;	/* first page of the two or three areas of a test below */

/* The second has other rights when it is touched, and the same afterwards. */
static int touch_as_executable(void *arg)
{
	(void)arg;
	must(mmap(at + PAGE, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) == at + PAGE);
	at[PAGE] = 2;
	must(vmas_in(room, room + ROOM) == 2);
	must(mprotect(at + PAGE, PAGE, RW) == 0);
	return at[0] == 1 && at[PAGE] == 2 ? vmas_in(room, room + ROOM) : 100;
}

/* The second is touched elsewhere, with nothing beside it, and then moved. */
static int touch_apart(void *arg)
{
	(void)arg;
	map_at(at + 4 * PAGE, PAGE, RW)[0] = 2;
	must(mremap(at + 4 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE) ==
	     at + PAGE);
	return at[0] == 1 && at[PAGE] == 2 ? vmas_in(room, room + ROOM) : 100;
}

/* The third is touched while there is a hole between; the hole is filled then. */
static int fill_hole(void *arg)
{
	(void)arg;
	map_at(at + 2 * PAGE, PAGE, RW)[0] = 3;
	map_at(at + PAGE, PAGE, RW);
	at[PAGE] = 2;
	return at[0] == 1 && at[PAGE] == 2 && at[2 * PAGE] == 3 ? vmas_in(room, room + ROOM) : 100;
}

/* The same with a third that nobody has touched. */
static int fill_quietly(void *arg)
{
	(void)arg;
	map_at(at + 2 * PAGE, PAGE, RW);
	map_at(at + PAGE, PAGE, RW);
	at[2 * PAGE] = 3;
	return at[0] == 1 && at[PAGE] == 0 && at[2 * PAGE] == 3 ? vmas_in(room, room + ROOM) : 100;
}

static int grow_in_place(void *arg)
{
	(void)arg;
	must(mremap(at, PAGE, 3 * PAGE, 0) == at);
	at[2 * PAGE] = 3;
	return at[0] == 1 && at[2 * PAGE] == 3 ? vmas_in(room, room + ROOM) : 100;
}

/* Moves away and back again, into the place it was cut out of. */
static int there_and_back(void *arg)
{
	char *p = room + 12 * PAGE;

	(void)arg;
	must(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	p[1] = 9;
	must(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at);
	return at[0] == 1 && at[1] == 9 ? vmas_in(room, room + ROOM) : 100;
}

/* How many VMAs the heap has after it was made longer. */
static int grow_heap(void *arg)
{
	char *end = set_brk(NULL);
	int n;

	(void)arg;
	must(set_brk(end + 4 * PAGE) == end + 4 * PAGE);
	end[0] = end[3 * PAGE] = 1;
	n = vmas_in(end - PAGE, end + 4 * PAGE);
	must(set_brk(end) == end);
	return n;
}

static const struct {
	int (*fn)(void *);
	const char *name;
	int own, forked;
} apart[] = {
	{ touch_as_executable, "an area touched beside it with other rights", 1, 2 },
	{ touch_apart, "an area touched elsewhere and moved there", 2, 2 },
	{ fill_hole, "a touched area beyond a hole that is filled", 2, 2 },
	{ fill_quietly, "an untouched area beyond a hole that is filled", 1, 2 },
	{ grow_in_place, "what it grows by", 1, 1 },
	{ there_and_back, "nothing, moved there and back", 1, 1 },
};

static int own_first(void *arg)
{
	map_at(at, PAGE, RW)[0] = 1;
	return apart[(long)arg].fn(NULL);
}

static int inherited_first(void *arg)
{
	return apart[(long)arg].fn(NULL);
}

static void touched_apart(void)
{
	size_t i;
	char *end;

	at = room + 4 * PAGE;
	for (i = 0; i < COUNT(apart); i++)
		is(child(own_first, (void *)i), EXITED(apart[i].own), "a touched area and %s",
		   apart[i].name);
	map_at(at, PAGE, RW)[0] = 1;
	for (i = 0; i < COUNT(apart); i++)
		is(child(inherited_first, (void *)i), EXITED(apart[i].forked),
		   "an inherited area and %s", apart[i].name);
	munmap(room, ROOM);

	end = set_brk(NULL);
	must(set_brk(end + PAGE) == end + PAGE);
	end[0] = 1;
	is(grow_heap(NULL), 1, "the heap grows as one area");
	is(child(grow_heap, NULL), EXITED(2), "the heap of a child grows by another one");
	must(set_brk(end) == end);
}

/* ---- parents that are gone ---- */

/* In a grandchild whose parent has exited: who else knows the pages makes no difference. */
static int orphan(void *arg)
{
	struct { pid_t pid; int vmas; } told;
	int fd[2], i;
	pid_t pid;

	(void)arg;
	must(pipe(fd) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		pid_t parent = getpid(), grandchild = fork();

		if (grandchild)
			_exit(0);
		while (getppid() == parent)
			sleep_ms(1);
		told.pid = getpid();
		told.vmas = map_beside(room + 6 * PAGE);
		must(write(fd[1], &told, sizeof(told)) == (ssize_t)sizeof(told));
		_exit(0);
	}
	close(fd[1]);
	wait_for(pid);
	if (read(fd[0], &told, sizeof(told)) != (ssize_t)sizeof(told))
		return 100;
	for (i = 0; i < 200 && kill(told.pid, 0) == 0; i++)
		sleep_ms(10);
	return told.vmas;
}

static void orphans(void)
{
	char *old = room + 4 * PAGE;

	map_at(old, 2 * PAGE, RW);
	memset(old, 1, 2 * PAGE);
	is(child(orphan, NULL), EXITED(2),
	   "memory mapped beside an inherited area stays apart when the parent has exited");
	is(map_beside(old + 2 * PAGE), 1, "the parent of them all still gets one area");
	munmap(room, ROOM);
}

static void body(void)
{
	room = free_range(ROOM);
	beside();
	splits();
	moving();
	touched_apart();
	orphans();
}

int main(void)
{
	return tap_run(body, 15);
}
