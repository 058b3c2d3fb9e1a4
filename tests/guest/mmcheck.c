/* mmcheck.c - the kernel verifies all memory while others change it, and sees planted damage. */
#include "mmview.h"
#include <pthread.h>
#include <stdatomic.h>

#define RW	(PROT_READ | PROT_WRITE)
#define CHECK	"/proc/mmcheck"

static char report[16384];

/* Read the verifier's answer into report; true if it finds everything in order. */
static bool mm_ok(void)
{
	size_t len = 0;
	ssize_t n;
	int fd = open(CHECK, O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	while ((n = read(fd, report + len, sizeof(report) - 1 - len)) > 0)
		len += (size_t)n;
	report[len] = 0;
	close(fd);
	return strncmp(report, "mmcheck: ok", 11) == 0;
}

static void show_report(void)
{
	char *line;

	for (line = strtok(report, "\n"); line; line = strtok(NULL, "\n"))
		diag("%s", line);
}

static void expect_ok(const char *when)
{
	if (!ok(mm_ok(), "all is in order %s", when))
		show_report();
}

/* ---- a machine at work ---- */

struct work {
	atomic_int stop, bad;
	char *shared;			/* pages of a shared mapping */
	int file;
};

#define SHARED_PAGES	64

/* Children and grandchildren that share, copy and unmap; each waits for its own. */
static int family(struct work *work, char *private, int depth)
{
	int i, bad = 0;
	char *own = map_anon(16 * PAGE, RW);

	for (i = 0; i < 16; i++)
		own[(size_t)i * PAGE] = private[(size_t)i * PAGE] = (char)depth;
	work->shared[(size_t)depth * PAGE] = 1;
	if (depth < 4) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(family(work, private, depth + 1));
		if (pid > 0 && wait_for(pid))
			bad = 1;
	}
	munmap(own + PAGE, 4 * PAGE);
	bad |= private[3 * PAGE] != (char)depth;
	return bad;
}

static void *fork_families(void *arg)
{
	struct work *work = arg;
	char *private = map_anon(32 * PAGE, RW);

	memset(private, 1, 32 * PAGE);
	while (!atomic_load(&work->stop)) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(family(work, private, 0));
		if (pid < 0 || wait_for(pid))
			atomic_store(&work->bad, 1);
	}
	munmap(private, 32 * PAGE);
	return NULL;
}

/* Areas come, split, merge, move and go. */
static void *change_areas(void *arg)
{
	struct work *work = arg;
	size_t len = 24 * PAGE;

	while (!atomic_load(&work->stop)) {
		char *p = map_anon(len, RW), *q;
		char *f = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, work->file, 0);

		must(f != MAP_FAILED);
		memset(p, 2, len);
		f[PAGE] = f[3 * PAGE];
		mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ);
		munmap(f + 2 * PAGE, PAGE);
		madvise(p + 8 * PAGE, 4 * PAGE, MADV_DONTNEED);
		q = mremap(p + 12 * PAGE, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
		if (q == MAP_FAILED || q[0] != 2 || p[4 * PAGE] != 2)
			atomic_store(&work->bad, 1);
		mprotect(p, 8 * PAGE, RW);
		munmap(p, len);
		munmap(f, 8 * PAGE);
		if (q != MAP_FAILED)
			munmap(q, 8 * PAGE);
	}
	return NULL;
}

/* Rights change over so many tables that somebody looks while the areas are being changed; and what
 * is mapped there is the zero page. */
static void *protect_far_pages(void *arg)
{
	const size_t table = 512 * PAGE, len = 64 * table;
	char *p = map_anon(len, PROT_READ);
	struct work *work = arg;
	size_t i;

	while (!atomic_load(&work->stop)) {
		for (i = 0; i < len; i += table)
			(void)*(volatile char *)(p + i);
		mprotect(p, len, PROT_NONE);
		mprotect(p, len, PROT_READ);
	}
	munmap(p, len);
	return NULL;
}

/* A file that changes its size under those who map it. */
static void *truncate_file(void *arg)
{
	struct work *work = arg;
	char page[PAGE];

	memset(page, 'x', PAGE);
	while (!atomic_load(&work->stop)) {
		must(ftruncate(work->file, 20 * PAGE) == 0);
		must(pwrite(work->file, page, PAGE, 12 * PAGE) == (ssize_t)PAGE);
		must(ftruncate(work->file, 10 * PAGE) == 0);
		work->shared[(SHARED_PAGES - 1) * PAGE]++;
		madvise(work->shared, SHARED_PAGES * PAGE, MADV_DONTNEED);
	}
	return NULL;
}

static void busy_machine(void)
{
	static void *(*const jobs[])(void *) = { fork_families, change_areas, truncate_file,
						 change_areas, protect_far_pages };
	struct work *work = map_shared(PAGE);
	pthread_t thread[COUNT(jobs)];
	size_t i;
	int failed = 0;

	work->shared = map_shared(SHARED_PAGES * PAGE);
	work->file = make_file("/tmp/mmcheck", 10);
	for (i = 0; i < COUNT(jobs); i++)
		must(pthread_create(&thread[i], NULL, jobs[i], work) == 0);
	for (i = 0; i < 40 && !failed; i++) {
		failed = !mm_ok();
		sleep_ms(i % 4 * 10);
	}
	if (!ok(!failed, "all is in order again and again while others fork, map and fault"))
		show_report();
	atomic_store(&work->stop, 1);
	for (i = 0; i < COUNT(jobs); i++)
		must(pthread_join(thread[i], NULL) == 0);
	is(atomic_load(&work->bad), 0, "and they do not notice");
	close(work->file);
	unlink("/tmp/mmcheck");
	munmap(work->shared, SHARED_PAGES * PAGE);
	munmap(work, PAGE);
}

/* ---- children that wait ---- */

static void with_children(void)
{
	char *p = map_anon(64 * PAGE, RW);
	pid_t pid[12];
	size_t i;

	memset(p, 1, 64 * PAGE);
	for (i = 0; i < COUNT(pid); i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0) {
			memset(p + i * PAGE, 2, 4 * PAGE);
			mprotect(p + i * PAGE, PAGE, PROT_READ);
			_exit(hang(NULL));
		}
		p[i * PAGE] = 3;
	}
	sleep_ms(50);
	expect_ok("with a dozen children");
	for (i = 0; i < COUNT(pid); i++) {
		kill(pid[i], SIGKILL);
		wait_for(pid[i]);
	}
	expect_ok("when they have gone");
	munmap(p, 64 * PAGE);
}

/* ---- damage ---- */

static const struct damage damage[] = {
	{ "mapcount", "map count is" },
	{ "refcount", "reference count is" },
	{ "rss", "rss_anon is" },
	{ "nr-ptes", "nr_ptes is" },
	{ "total-vm", "total_vm is" },
	{ "locked-vm", "locked_vm is" },
	{ "map-count", "map_count is" },
	{ "exclusive", "which is not exclusive" },
	{ "avc-missing", "a chain is not in the tree" },
	{ "avc-extra", "its tree has a chain that area" },
	{ "active-vmas", "num_active_vmas is" },
	{ "children", "num_children is" },
	{ "anon-refcount", "reference count is" },
	{ "gap", "gap is" },
	{ "lru", "on an LRU list" },
	{ "index", "has index" },
	{ "i_mmap", "is not in its file's i_mmap" },
	{ "nrpages", "nrpages is" },
	{ "file-mapcount", "map count is" },
	{ "free-flag", "of two states" },
	{ "writable-pte", "writable entry" },
	{ "slab", "objects and" },
	{ "order", "list of free blocks" },
};

static void planted_damage(void)
{
	int err;

	damage_is_found(damage, COUNT(damage));
	err = plant("nonsense");
	ok(err == EINVAL || err == EPERM, "an unknown kind of damage is refused");
	expect_ok("after all repairs");
}

static void body(void)
{
	if (!on_avocet()) {
		skip("Linux has no such file", "all of memory is in order");
		return;
	}
	expect_ok("at rest");
	with_children();
	planted_damage();
	busy_machine();
	expect_ok("at the end");
}

int main(void)
{
	return tap_run(body, 60);
}
