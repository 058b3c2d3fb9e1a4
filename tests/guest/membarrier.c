/* membarrier.c - membarrier(2): who may, and that the other side of a pair of barriers needs none.
 * The races mean something on two processors or more only. */
#include "tap.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
	QUERY = 0, GLOBAL = 1, GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL = 4, PRIVATE = 8,
	REGISTER_PRIVATE = 16, SYNC_CORE = 32, REGISTER_SYNC_CORE = 64,
};

#define FAST_SIDE	1
#define SLOW_SIDE	2

static int membarrier(int cmd)
{
	return (int)syscall(SYS_membarrier, cmd, 0, 0);
}

/* ---- who may ---- */

/* It is executed anew with an argument, to see what exec leaves. */
static int after_exec(void)
{
	return membarrier(PRIVATE) == -1 && errno == EPERM ? 0 : 1;
}

static int child_may(void *arg)
{
	(void)arg;
	if (membarrier(PRIVATE))
		return 1;
	execl("/proc/self/exe", "membarrier", "after-exec", NULL);
	return 2;
}

static void rights(void)
{
	int all = GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL | PRIVATE | REGISTER_PRIVATE |
		  SYNC_CORE | REGISTER_SYNC_CORE;

	is(membarrier(QUERY) & all, all, "the query names all commands");
	fails(membarrier(PRIVATE), EPERM, "a private barrier must be registered for");
	fails(membarrier(SYNC_CORE), EPERM, "so must one for code");
	is(membarrier(REGISTER_SYNC_CORE), 0, "registering for code works");
	is(membarrier(SYNC_CORE), 0, "then a barrier for code does");
	fails(membarrier(PRIVATE), EPERM, "each kind is registered for by itself");
	is(membarrier(REGISTER_PRIVATE), 0, "registering works");
	is(membarrier(REGISTER_PRIVATE), 0, "twice, too");
	is(membarrier(PRIVATE), 0, "then a private barrier does");
	child_ok(child_may, NULL, "a child inherits the registration, exec drops it");
	is(membarrier(GLOBAL), 0, "a global barrier needs no registration");
	is(membarrier(GLOBAL_EXPEDITED), 0, "nor does a quick one");
	is(membarrier(REGISTER_GLOBAL), 0, "one may register to be met by it");
	fails(syscall(SYS_membarrier, PRIVATE, 1, 0), EINVAL, "flags are refused");
	fails(syscall(SYS_membarrier, QUERY, 1, 0), EINVAL, "with the query as well");
	fails(membarrier(PRIVATE | GLOBAL), EINVAL, "so are two commands at once");
	fails(membarrier(1 << 20), EINVAL, "and one that nobody knows");
}

/* ---- a lock whose quick side has no barrier ---- */

/* Each in a cache line of its own, so that a store to one may be slow while the other is read. */
static volatile int fast_wants __attribute__((aligned(64)));
static volatile int slow_wants __attribute__((aligned(64)));
static volatile int owner __attribute__((aligned(64)));
static atomic_int stop;
static long bad;

static void own(int side)
{
	int i;

	owner = side;
	for (i = 0; i < 100; i++)
		if (owner != side)
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
}

static void *fast_side(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		fast_wants = 1;
		__asm__ volatile("" : : : "memory");	/* the processor may still swap */
		if (!slow_wants)
			own(FAST_SIDE);
		__asm__ volatile("" : : : "memory");
		fast_wants = 0;
	}
	return NULL;
}

/* Of two that store and then load, one sees the other's store: @cmd gives both the barrier. */
static void asymmetric(int cmd, const char *name)
{
	unsigned long end = now_ms() + 700;
	pthread_t thread;
	int i;

	bad = 0;
	atomic_store(&stop, 0);
	must(pthread_create(&thread, NULL, fast_side, NULL) == 0);
	for (i = 0; i % 64 || now_ms() < end; i++) {
		slow_wants = 1;
		must(membarrier(cmd) == 0);
		while (fast_wants)
			;
		own(SLOW_SIDE);
		__asm__ volatile("" : : : "memory");
		slow_wants = 0;
	}
	atomic_store(&stop, 1);
	must(pthread_join(thread, NULL) == 0);
	is(bad, 0, "%s: two sides never own a lock whose quick side has no barrier", name);
}

/* ---- code that changes ---- */

#define SLOTS	200
#define SLOT	16UL

static unsigned char *slots;		/* of one function each */
static volatile int ready, published;

static int call(int slot)
{
	return ((int (*)(void))(slots + (unsigned long)slot * SLOT))();
}

/* Has run all of the old code; then runs what has been published, which is new. */
static void *caller(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < SLOTS; i++)
		call(i);
	for (ready = 1; !atomic_load_explicit(&stop, memory_order_relaxed);) {
		i = published;
		if (call(i) != i)
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Nobody runs a slot while it is written: what the processor would do then is its own affair. */
static void code(void)
{
	static const unsigned char return_0[] = { 0x90, 0x90, 0x90, 0xb8, 0, 0, 0, 0, 0xc3 };
	pthread_t thread;
	int i;

	slots = (unsigned char *)map_anon(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	for (i = 0; i < SLOTS; i++)
		memcpy(slots + (unsigned long)i * SLOT, return_0, sizeof(return_0));
	bad = 0;
	atomic_store(&stop, 0);
	must(pthread_create(&thread, NULL, caller, NULL) == 0);
	while (!ready)
		sched_yield();
	for (i = 1; i < SLOTS; i++) {
		*(volatile int *)(slots + (unsigned long)i * SLOT + 4) = i;
		must(membarrier(SYNC_CORE) == 0);
		published = i;
	}
	atomic_store(&stop, 1);
	must(pthread_join(thread, NULL) == 0);
	is(bad, 0, "no thread runs old code after the barrier");
	munmap(slots, PAGE);
}

/* Processes come and go on the processors while barriers are asked for. */
static void while_others_switch(void)
{
	pid_t pid[4];
	int i, n;

	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		for (n = 0; pid[i] == 0; n++) {
			if (n == 300)
				_exit(0);
			if (membarrier(n & 1 ? PRIVATE : GLOBAL))
				_exit(1);
			sched_yield();
		}
	}
	for (i = n = 0; i < 4; i++)
		n += wait_for(pid[i]) != 0;
	is(n, 0, "four processes ask for barriers while they switch");
}

static void body(void)
{
	rights();
	asymmetric(PRIVATE, "private");
	asymmetric(GLOBAL_EXPEDITED, "global");
	code();
	while_others_switch();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "after-exec"))
		return after_exec();
	return tap_run(body, 60);
}
