/* oom.c - memory runs out: the process that used it up is killed, the others live on. */
#include "tap.h"

#define CHUNK	(4 * MIB)

/* Touches memory, chunk by chunk, up to @kib; then exits with 3: it should not come so far. */
static int hog(void *kib)
{
	size_t done, want = (size_t)kib * 1024;

	for (done = 0; done < want; done += CHUNK) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		size_t i;

		if (p == MAP_FAILED)
			return 4;
		for (i = 0; i < CHUNK; i += PAGE)
			p[i] = 1;
	}
	return 3;
}

/* Memory comes back a moment after a killed process was waited for. */
static bool recovered(long before)
{
	int i;

	for (i = 0; i < 100 && before - meminfo_kib("MemFree") > 8192; i++)
		sleep_ms(10);
	return before - meminfo_kib("MemFree") <= 8192;
}

static void one_hog(void)
{
	char *kept = map_anon(MIB, PROT_READ | PROT_WRITE);
	long total = meminfo_kib("MemTotal"), before, round;
	size_t i;
	int bad = 0;

	memset(kept, 'k', MIB);
	before = meminfo_kib("MemFree");
	for (round = 0; round < 2; round++) {
		is(child(hog, (void *)(total + 65536)), SIGKILL,
		   "round %ld: a process that uses up the memory is killed", round + 1);
		ok(recovered(before), "round %ld: its memory is free again", round + 1);
	}
	for (i = 0; i < MIB; i++)
		bad += kept[i] != 'k';
	is(bad, 0, "the parent's memory is as it was");
	munmap(kept, MIB);
}

static int bystander(void *arg)
{
	char *p = map_anon(MIB, PROT_READ | PROT_WRITE);
	size_t i;
	int bad = 0;

	(void)arg;
	memset(p, 'b', MIB);
	sleep_ms(700);
	for (i = 0; i < MIB; i++)
		bad += p[i] != 'b';
	return bad != 0;
}

static void bystanders(void)
{
	long total = meminfo_kib("MemTotal");
	pid_t pid[4];
	int i, bad = 0;

	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(bystander(NULL));
	}
	is(child(hog, (void *)(total + 65536)), SIGKILL,
	   "among small processes the large one is killed");
	for (i = 0; i < 4; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "the small ones live on with their memory");
}

/* The memory is used up by a system call that writes to the process, not by a fault of its own. */
static int hog_by_reading(void *kib)
{
	size_t done, want = (size_t)kib * 1024;
	int fd = open("/dev/zero", O_RDONLY);

	for (done = 0; done < want; done += CHUNK) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		size_t i;

		if (p == MAP_FAILED)
			return 4;
		for (i = 0; i < CHUNK; i += PAGE)
			if (read(fd, p + i, 1) != 1)
				return 5;
	}
	return 3;
}

static void inside_calls(void)
{
	long total = meminfo_kib("MemTotal"), before = meminfo_kib("MemFree");

	is(child(hog_by_reading, (void *)(total + 65536)), SIGKILL,
	   "a process that uses up the memory by system calls is killed");
	ok(recovered(before), "its memory is free again");
}

/* One page in each 2 MiB: most of the memory goes into page tables. */
static int hog_of_tables(void *kib)
{
	size_t done, want = (size_t)kib / 8;
	char *p = mmap(NULL, want * 2 * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 4;
	for (done = 0; done < want; done++)
		p[done * 2 * MIB] = 1;
	return 3;
}

static void in_tables(void)
{
	long total = meminfo_kib("MemTotal"), before = meminfo_kib("MemFree");

	is(child(hog_of_tables, (void *)(total + 65536)), SIGKILL,
	   "a process that uses up the memory by page tables is killed");
	ok(recovered(before), "its page tables are free again");
}

static void body(void)
{
	if (meminfo_kib("MemTotal") > 512 * 1024) {
		skip("more than 512 MiB would take too long", "a hog is killed");
		return;
	}
	one_hog();
	bystanders();
	inside_calls();
	in_tables();
}

int main(void)
{
	return tap_run(body, 25);
}
