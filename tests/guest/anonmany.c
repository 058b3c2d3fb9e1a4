/* anonmany.c - anonymous memory in large numbers: many areas times many children, one page that a
 * thousand processes share, one process with ten thousand areas. */
#include "mmview.h"

/* How the children of a test and its body meet: pipes, so that nobody spins. */
static int go[2], done[2];

static void open_gates(void)
{
	must(pipe(go) == 0 && pipe(done) == 0);
}

static void close_gates(void)
{
	close(go[0]);
	close(go[1]);
	close(done[0]);
	close(done[1]);
}

/* In a child: says that it has come so far, and waits for the word. */
static void at_gate(bool bad)
{
	char byte = (char)bad;

	if (write(done[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
		_exit(99);
}

/* In the body: @n children have come; how many of them found something wrong. */
static int all_came(int n)
{
	char bytes[256];
	int bad = 0;
	ssize_t got, i;

	while (n > 0) {
		got = read(done[0], bytes, n < 256 ? (size_t)n : 256);
		must(got > 0);
		for (i = 0; i < got; i++)
			bad += bytes[i] != 0;
		n -= (int)got;
	}
	return bad;
}

static void let_go(int n)
{
	char bytes[256] = { 0 };

	while (n > 0) {
		ssize_t put = write(go[1], bytes, n < 256 ? (size_t)n : 256);

		must(put > 0);
		n -= (int)put;
	}
}

/* ---- many areas, many children ---- */

#define AREAS		200UL
#define CHILDREN	64

static char *areas;

static int *word(size_t i)
{
	return (int *)(areas + 2 * i * PAGE);
}

/* Child @n writes to every eighth area; all others are the parent's. */
static bool write_and_look(int n)
{
	size_t i;

	for (i = (size_t)n % 8; i < AREAS; i += 8)
		*word(i) = 1000 * n + (int)i;
	for (i = 0; i < AREAS; i++)
		if (*word(i) != (i % 8 == (size_t)n % 8 ? 1000 * n + (int)i : -(int)i - 1))
			return true;
	return false;
}

static void areas_times_children(void)
{
	pid_t pid[CHILDREN];
	size_t i;
	int n, bad = 0;

	open_gates();
	areas = free_range(2 * AREAS * PAGE);
	for (i = 0; i < AREAS; i++)
		*(int *)map_at((char *)word(i), PAGE, RW) = -(int)i - 1;
	for (n = 0; n < CHILDREN; n++) {
		pid[n] = fork();
		must(pid[n] >= 0);
		if (pid[n] == 0) {
			at_gate(write_and_look(n + 1));
			/* Half of them go without a look back. */
			_exit(n & 1 ? 0 : write_and_look(n + 1));
		}
	}
	is(all_came(CHILDREN), 0, "64 children of a process with 200 areas each see their own");
	ok(memory_is_sound(), "while all are there memory is sound");
	for (i = 0; i < AREAS; i++)
		bad += *word(i) != -(int)i - 1;
	is(bad, 0, "their parent sees its own");
	let_go(CHILDREN);
	for (n = 0, bad = 0; n < CHILDREN; n++)
		bad += wait_for(pid[n]) != 0;
	is(bad, 0, "while some exit the others keep theirs");
	munmap(areas, 2 * AREAS * PAGE);
	close_gates();
}

/* ---- one page, many processes ---- */

static void thousand_sharers(void)
{
	long room = meminfo_kib("MemAvailable") / 130;
	int want = room < 1000 ? (int)room : 1000, n, bad = 0;
	int *p = (int *)map_anon(PAGE, RW);
	static pid_t pid[1000];

	open_gates();
	*p = 7;
	for (n = 0; n < want; n++) {
		pid[n] = fork();
		if (pid[n] < 0)
			break;
		if (pid[n] == 0) {
			at_gate(*p != 7);
			_exit(*p != 7);
		}
	}
	is(n, want, "a process forks %d children that all live", want);
	is(all_came(n), 0, "every one sees the page that they share");
	is(mappers_of((char *)p), n + 1, "all of them map the page");
	*p = 8;
	is(mappers_of((char *)p), 1, "who writes to it has its own");
	let_go(n);
	while (n--)
		bad += wait_for(pid[n]) != 0;
	is(bad, 0, "the children still see the shared one");
	is(*p, 8, "their parent sees what it wrote");
	munmap(p, PAGE);
	close_gates();
}

/* ---- one process, many areas ---- */

static size_t stripes;
static char *striped;

static int stripes_wrong(int step)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < stripes; i++)
		bad += *(int *)(striped + i * PAGE) != (int)i + (i % 20 ? 0 : step);
	return bad;
}

/* How many VMAs the process has. */
static long count_vmas(void)
{
	static char buf[65536];
	long lines = 0;
	ssize_t n, i;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			lines += buf[i] == '\n';
	close(fd);
	return lines;
}

static int look_at_stripes(void *step)
{
	return stripes_wrong((int)(long)step) != 0;
}

static int change_stripes(void)
{
	size_t i;

	if (stripes_wrong(0))
		return 1;
	for (i = 0; i < stripes; i += 20)
		*(int *)(striped + i * PAGE) += 5;
	if (stripes_wrong(5))
		return 2;
	/* Another generation, of which some areas are whole again. */
	if (mprotect(striped, stripes / 4 * PAGE, RW))
		return 3;
	return 0;
}

static int change_and_fork(void *arg)
{
	int status = change_stripes();

	(void)arg;
	if (status)
		return status;
	return child(look_at_stripes, (void *)5L) ? 4 : stripes_wrong(5) != 0;
}

static void ten_thousand_areas(void)
{
	long before, room = meminfo_kib("MemAvailable") / 16;
	size_t i;

	stripes = room < 10000 ? (size_t)room & ~1UL : 10000;
	striped = map_at(free_range(stripes * PAGE), stripes * PAGE, RW);
	for (i = 0; i < stripes; i++)
		*(int *)(striped + i * PAGE) = (int)i;
	before = count_vmas();
	for (i = 1; i < stripes; i += 2)
		must(mprotect(striped + i * PAGE, PAGE, PROT_READ) == 0);
	is(count_vmas() - before, (long)stripes - 1, "every other page read-only makes %zu areas",
	   stripes);
	child_ok(change_and_fork, NULL, "child and grandchild see and change all of them");
	is(stripes_wrong(0), 0, "the parent's are as they were");
	must(mprotect(striped, stripes * PAGE, RW) == 0);
	is(count_vmas(), before, "one mprotect makes one area of them");
	is(stripes_wrong(0), 0, "with its content");
	munmap(striped, stripes * PAGE);
}

static void body(void)
{
	areas_times_children();
	thousand_sharers();
	ten_thousand_areas();
}

int main(void)
{
	return tap_run(body, 20);
}
