/* swapfork.c - swapped pages and fork: who touches first, who writes, who exits; a fork while pages
 * are on their way to the disk; and a slot that very many processes share. */
#include "swapping.h"

#define PAGES	256

static char *page_of(char *p, size_t i)
{
	return p + i * PAGE;
}

static int verify(void *p)
{
	return wrong_pages(p, PAGES, 1) != 0;
}

static void child_first(void)
{
	char *p = lone_pages(PAGES);

	fill(p, PAGES, 1);
	ok(push_out(p, PAGES), "pages leave");
	child_ok(verify, p, "a child brings them in, and exits");
	is(wrong_pages(p, PAGES, 1), 0, "the parent finds its own");
	ok(push_out(p, PAGES), "they leave again");
	is(wrong_pages(p, PAGES, 1), 0, "and come again");
	child_ok(verify, p, "a child maps them in memory, and exits");
	ok(push_out(p, PAGES), "they leave for the third time");
	fill(p, PAGES, 77);
	is(wrong_pages(p, PAGES, 77), 0, "and are written at once when they are back");
	munmap(p, PAGES * PAGE);
}

/* Even pages are the child's to write, odd ones the parent's. */
static int write_half(void *p, size_t which, uint64_t name)
{
	size_t i, wrong = 0;
	int round;

	for (i = which; i < PAGES; i += 2)
		fill_page(page_of(p, i), name + i);
	for (round = 0; round < 2; round++)
		for (i = 0; i < PAGES; i++)
			wrong += !page_is(page_of(p, i), i % 2 == which ? name + i : 1 + i);
	return wrong != 0;
}

static void both_write(void)
{
	char *p = lone_pages(PAGES);
	int go[2];
	pid_t pid;
	char c;

	fill(p, PAGES, 1);
	ok(push_out(p, PAGES), "pages leave");
	must(pipe(go) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		must(read(go[0], &c, 1) == 1);
		_exit(write_half(p, 0, 5000));
	}
	must(write(go[1], "x", 1) == 1);
	is(write_half(p, 1, 9000), 0, "after a fork the parent writes every odd page");
	is(wait_for(pid), 0, "and the child every even one");
	is(write_half(p, 1, 11000), 0, "the parent again, alone");
	close(go[0]);
	close(go[1]);
	munmap(p, PAGES * PAGE);
}

/* ---- three generations ---- */

static struct {
	struct steps steps[3];
	size_t wrong[3];
} *family;
static char *heirloom;

/* Each has all pages of the first, but for every third that it has written itself. */
static void generation(int nr)
{
	uint64_t name = 100000 * (uint64_t)(nr + 1);
	bool written = family->steps[nr].done > 0;
	size_t i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		wrong += !page_is(page_of(heirloom, i), written && i % 3 == (size_t)nr ?
				  name + i : 1 + i);
	for (i = (size_t)nr; i < PAGES; i += 3)
		fill_page(page_of(heirloom, i), name + i);
	family->wrong[nr] += wrong;
}

static void serve(int nr)
{
	int n;

	for (n = 1;; n++) {
		while (family->steps[nr].go < n)
			sleep_ms(1);
		generation(nr);
		family->steps[nr].done = n;
	}
}

static void turn(int nr)
{
	if (nr)
		return next_step(&family->steps[nr]);
	generation(0);
	family->steps[0].done++;
}

static void three_generations(int first)
{
	pid_t pid, *grandchild = map_shared(PAGE);
	int i, round;

	memset(family, 0, sizeof(*family));
	heirloom = lone_pages(PAGES);
	fill(heirloom, PAGES, 1);
	must(push_out(heirloom, PAGES));
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		pid = fork();
		must(pid >= 0);
		if (pid == 0)
			serve(2);
		*grandchild = pid;
		serve(1);
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 3; i++)
			turn((first + i) % 3);
		ok(push_out(heirloom, PAGES), "generation %d first, round %d: pages leave",
		   first, round + 1);
	}
	for (i = 0; i < 3; i++)
		turn((first + i) % 3);
	for (i = 0; i < 3; i++)
		is(family->wrong[i], 0, "generation %d first: generation %d sees its own pages",
		   first, i);
	kill(*grandchild, SIGKILL);
	end_child(pid);
	munmap(grandchild, PAGE);
	munmap(heirloom, PAGES * PAGE);
}

/* ---- fork while pages are being written ---- */

static void in_flight(void)
{
	char *p = lone_pages(PAGES);
	int round, bad = 0;

	for (round = 0; round < 40; round++) {
		pid_t pid;

		fill(p, PAGES, 1);
		madvise(p, PAGES * PAGE, MADV_PAGEOUT);
		pid = fork();
		must(pid >= 0);
		if (pid == 0)
			_exit(write_half(p, 0, 3000 + (uint64_t)round));
		bad += write_half(p, 1, 7000 + (uint64_t)round);
		bad += wait_for(pid) != 0;
	}
	is(bad, 0, "40 times fork while pages are on their way, and both write");
	munmap(p, PAGES * PAGE);
}

/* ---- very many owners ---- */

#define OWNERS	400

static int owner(char *p, const int *stop, int nr)
{
	while (!*(volatile const int *)stop)
		sleep_ms(50);
	if (!page_is(p, 42))
		return 1;
	if (nr % 3)
		return 0;
	fill_page(p, 1000 + (uint64_t)nr);
	return !page_is(p, 1000 + (uint64_t)nr);
}

static void many_owners(void)
{
	int *stop = map_shared(PAGE), i, nr, bad = 0;
	char *p = lone_pages(1);
	static pid_t pid[OWNERS];

	fill_page(p, 42);
	ok(push_out(p, 1), "a page leaves");
	for (nr = 0; nr < OWNERS; nr++) {
		pid[nr] = fork();
		if (pid[nr] < 0)
			break;
		if (pid[nr] == 0)
			_exit(owner(p, stop, nr));
	}
	is(nr, OWNERS, "%d children own it, too", OWNERS);
	ok(is_swapped(getpid(), p) && is_swapped(pid[nr - 1], p), "it is still out");
	for (i = 0; i < 100; i++) {
		kill(pid[i], SIGKILL);
		bad += wait_for(pid[i]) != SIGKILL;
	}
	ok(is_swapped(getpid(), p), "100 of them end without having touched it");
	*stop = 1;
	for (; i < nr; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "all others read it, and some write it");
	ok(page_is(p, 42), "the parent's page is as it was");
	munmap(p, PAGE);
	munmap(stop, PAGE);
}

static void body(void)
{
	pid_t weight;
	int first;

	if (!have_disks())
		return;
	start_swap();
	many_owners();
	weight = balloon(12 * 1024);
	family = map_shared(PAGE);
	child_first();
	both_write();
	for (first = 0; first < 3; first++)
		three_generations(first);
	in_flight();
	munmap(family, PAGE);
	end_child(weight);
	stop_swap();
}

int main(void)
{
	return tap_run(body, 28);
}
