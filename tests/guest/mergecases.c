/* mergecases.c - one table of what merges: a page M comes to lie between L and R, or changes there.
 * L and R are not there, untouched or touched. A row is a way in which M comes, its nine digits are
 * the numbers of VMAs at the end: for L in turn absent, untouched, touched, and within each for R
 * the same. Linux 6.1 and 7.x differ in some; Avocet answers as 7.x, but for two that follow no
 * rule of 7.x's own: moved pages of files, and inherited memory that grows. */
#include "tap.h"

#define RW	(PROT_READ | PROT_WRITE)

enum state { ABSENT, UNTOUCHED, TOUCHED };

static char *place;	/* of L; M and R follow */
static char *elsewhere;
static enum state left, right;
static int file = -1;

static void touch(char *p)
{
	*(volatile char *)p = 1;
}

/* A page at @p, private: of nothing, or page @index of the file. */
static void make(char *p, enum state state, bool of_file, int index)
{
	if (state == ABSENT)
		return;
	must(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_FIXED | (of_file ? 0 : MAP_ANONYMOUS),
		  of_file ? file : -1, of_file ? index * (off_t)PAGE : 0) == p);
	if (state == TOUCHED)
		touch(p);
}

/* L and R, each with its own anon_vma if it is touched: nothing is between them yet. */
static void make_sides(bool of_file)
{
	make(place, left, of_file, 0);
	make(place + 2 * PAGE, right, of_file, 2);
}

static char *middle(void)
{
	return place + PAGE;
}

static void move(char *from, char *to)
{
	must(mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

/* ---- ways: in two steps, so that a child may do the second ---- */

static void sides(void)
{
	make_sides(false);
}

static void fill(void)
{
	make(middle(), UNTOUCHED, false, 0);
}

static void file_sides(void)
{
	make_sides(true);
}

static void fill_with_file(void)
{
	make(middle(), UNTOUCHED, true, 1);
}

/* M is elsewhere, and its pages, if any, belong where it comes from. */
static void sides_and_stranger(void)
{
	make(elsewhere, TOUCHED, false, 0);
	make_sides(false);
}

static void sides_and_untouched_stranger(void)
{
	make(elsewhere, UNTOUCHED, false, 0);
	make_sides(false);
}

/* M is touched in the middle and then taken away: it may come home. */
static void sides_and_traveller(void)
{
	make(middle(), TOUCHED, false, 0);
	move(middle(), elsewhere);
	make_sides(false);
}

static void file_sides_and_untouched(void)
{
	make(elsewhere, UNTOUCHED, true, 1);
	make_sides(true);
}

static void file_sides_and_touched(void)
{
	make(elsewhere, TOUCHED, true, 1);
	make_sides(true);
}

static void come(void)
{
	move(elsewhere, middle());
}

/* M lies there already, with other rights. */
static void different_untouched(void)
{
	make(middle(), UNTOUCHED, false, 0);
	must(mprotect(middle(), PAGE, PROT_READ) == 0);
	make_sides(false);
}

static void different_touched(void)
{
	make(middle(), TOUCHED, false, 0);
	must(mprotect(middle(), PAGE, PROT_READ) == 0);
	make_sides(false);
}

static void become_alike(void)
{
	must(mprotect(middle(), PAGE, RW) == 0);
}

/* M is locked, as nothing beside it is. */
static void locked_untouched(void)
{
	make(middle(), UNTOUCHED, false, 0);
	must(syscall(SYS_mlock2, middle(), PAGE, MLOCK_ONFAULT) == 0);
	make_sides(false);
}

static void locked_touched(void)
{
	make(middle(), TOUCHED, false, 0);
	must(mlock(middle(), PAGE) == 0);
	make_sides(false);
}

static void unlock(void)
{
	must(munlock(middle(), PAGE) == 0);
}

/* One area of three pages, whole; its middle is locked and unlocked again. What L and R are says
 * which pages of it are touched. */
static void whole(void)
{
	must(mmap(place, 3 * PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == place);
	if (left == TOUCHED)
		touch(place);
	if (right == TOUCHED)
		touch(place + 2 * PAGE);
}

static void lock(void)
{
	must(mlock(middle(), PAGE) == 0);
}

static void lock_and_unlock(void)
{
	lock();
	unlock();
}

static void advise_and_back(void)
{
	must(madvise(middle(), PAGE, MADV_RANDOM) == 0);
	must(madvise(middle(), PAGE, MADV_NORMAL) == 0);
}

/* L grows over the middle to R. */
static void grow(void)
{
	if (left != ABSENT)
		must(mremap(place, PAGE, 2 * PAGE, 0) == place);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*before)(void), (*then)(void);
	/* On Linux 6.1; on 7.x, NULL: the same; on Avocet, NULL: as on 7.x. */
	const char *own[3], *forked[3];
} row[] = {
	{ "new memory fills a hole", sides, fill,
	  { "111112112", "111111112" }, { "112112223" } },
	{ "a file's page fills a hole", file_sides, fill_with_file,
	  { "111112112", "111111112" }, { "112112223" } },
	{ "untouched memory moves in", sides_and_untouched_stranger, come,
	  { "111111112" }, { "112112223" } },
	{ "touched memory moves in", sides_and_stranger, come,
	  { "122233233" }, { "122233233" } },
	{ "touched memory comes home", sides_and_traveller, come,
	  { "122233233", "112112223" }, { "122233233" } },
	{ "an untouched page of a file moves in", file_sides_and_untouched, come,
	  { "111111112" }, { "112112223" } },
	{ "a touched page of a file moves in", file_sides_and_touched, come,
	  { "122233233", "122233233", "112112223" }, { "122233233" } },
	{ "untouched memory gets its neighbours' rights", different_untouched, become_alike,
	  { "111111112" }, { "112112223" } },
	{ "touched memory gets its neighbours' rights", different_touched, become_alike,
	  { "121232121", "111111111" }, { "122233233" } },
	{ "untouched memory is unlocked", locked_untouched, unlock,
	  { "111111112" }, { "122233233" } },
	{ "touched memory is unlocked", locked_touched, unlock,
	  { "122233233", "112112223" }, { "122233233" } },
	{ "the middle of an area is locked", whole, lock,
	  { "333333333" }, { "333333333" } },
	{ "the middle of an area is locked and unlocked", whole, lock_and_unlock,
	  { "331331111", "111111111" }, { "331331111", "111111111" } },
	{ "the middle of an area is advised and back", whole, advise_and_back,
	  { "111111111" }, { "111111111" } },
	{ "an area grows in place", sides, grow,
	  { "011111122", "011111112" }, { "011112122", "011112112", "011112122" } },
};

/* ---- running it ---- */

/* The answers that this kernel should give. */
static const char *wanted(const char *const want[3])
{
	struct utsname u;

	if (on_avocet() && want[2])
		return want[2];
	must(uname(&u) == 0);
	return want[1] && (on_avocet() || atoi(u.release) >= 7) ? want[1] : want[0];
}

static int second_step(void *arg)
{
	((void (*)(void))arg)();
	return vmas_in(place, place + 3 * PAGE);
}

static int both_steps(void *arg)
{
	size_t i = (size_t)arg;

	row[i].before();
	return second_step((void *)row[i].then);
}

static int in_grandchild(void *arg)
{
	size_t i = (size_t)arg;

	row[i].before();
	return child(second_step, (void *)row[i].then) >> 8;
}

/* The nine answers, as digits. */
static void ask(size_t i, int (*how)(void *), char *answers)
{
	int n = 0;

	for (left = ABSENT; left <= TOUCHED; left++)
		for (right = ABSENT; right <= TOUCHED; right++)
			answers[n++] = (char)('0' + (child(how, (void *)i) >> 8) % 10);
	answers[n] = 0;
}

static void compare(size_t i, int (*how)(void *), const char *const want[3], const char *who)
{
	char got[10];

	ask(i, how, got);
	if (!ok(strcmp(got, wanted(want)) == 0, "%s%s: %s", row[i].name, who, wanted(want)))
		diag("got %s", got);
}

static void body(void)
{
	size_t i;

	place = free_range(6 * PAGE);
	elsewhere = place + 5 * PAGE;
	file = make_file("/tmp/mergecases", 3);
	for (i = 0; i < COUNT(row); i++) {
		compare(i, both_steps, row[i].own, "");
		compare(i, in_grandchild, row[i].forked, ", in a child");
	}
	close(file);
	unlink("/tmp/mergecases");
}

int main(void)
{
	return tap_run(body, 20);
}
