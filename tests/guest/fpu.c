/* fpu.c - floating-point, SSE and AVX registers belong to their thread: over context switches,
 * fork, signals, system calls and faults. */
#include "tap.h"
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define RW	(PROT_READ | PROT_WRITE)

static bool avx;

static bool have_avx(void)
{
	unsigned int a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)) || !(c & (1u << 28)))
		return false;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (lo & 6) == 6;
}

/* The upper halves of the 16 AVX registers, or all zero without AVX; the lower halves. */
struct vectors {
	unsigned long lo[16][2];
	unsigned long hi[16][2];
	unsigned int mxcsr;
	unsigned short cw;
};

#define EACH(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static __attribute__((noinline)) void load(const struct vectors *v)
{
#define LOAD(n) __asm__ volatile("movups %0, %%xmm" #n :: "m"(v->lo[n]));
#define LOAD_HI(n) __asm__ volatile("vinsertf128 $1, %0, %%ymm" #n ", %%ymm" #n :: "m"(v->hi[n]));
	EACH(LOAD)
	if (avx) {
		EACH(LOAD_HI)
	}
	__asm__ volatile("ldmxcsr %0; fldcw %1" :: "m"(v->mxcsr), "m"(v->cw));
}

static __attribute__((noinline)) void store(struct vectors *v)
{
#define STORE(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(v->lo[n]));
#define STORE_HI(n) __asm__ volatile("vextractf128 $1, %%ymm" #n ", %0" : "=m"(v->hi[n]));
	EACH(STORE)
	if (avx) {
		EACH(STORE_HI)
	}
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(v->mxcsr), "=m"(v->cw));
}

static void make(struct vectors *v, unsigned long seed)
{
	int i, j;

	memset(v, 0, sizeof(*v));
	for (i = 0; i < 16; i++)
		for (j = 0; j < 2; j++) {
			v->lo[i][j] = seed * 1000003 + (unsigned long)(i * 2 + j);
			v->hi[i][j] = avx ? ~v->lo[i][j] : 0;
		}
	v->mxcsr = 0x1f80 | (unsigned int)(seed & 3) << 13;
	v->cw = (unsigned short)(0x37f ^ ((seed & 1) << 8));
}

static void plain_state(void)
{
	unsigned int mxcsr = 0x1f80;
	unsigned short cw = 0x37f;

	__asm__ volatile("ldmxcsr %0; fldcw %1" :: "m"(mxcsr), "m"(cw));
}

/* The C library must not run between load and store; so the call in between is made by hand. */
#define raw_call(nr, a, b) ({ \
	long ret_; \
	__asm__ volatile("syscall" : "=a"(ret_) : "0"((long)(nr)), "D"((long)(a)), "S"((long)(b)) \
			 : "rcx", "r11", "memory"); \
	ret_; })

/* @rounds of: load registers, give the processor away, look whether they are the same. */
static int keeps(unsigned long seed, int rounds)
{
	struct vectors want, got;
	volatile unsigned int spin;
	int i, bad = 0;

	for (i = 0; i < rounds; i++) {
		make(&want, seed + (unsigned long)i);
		memset(&got, 0, sizeof(got));
		load(&want);
		raw_call(SYS_sched_yield, 0, 0);
		for (spin = 0; spin < 200; spin++)
			;
		store(&got);
		plain_state();
		bad += memcmp(&want, &got, sizeof(got)) != 0;
	}
	return bad;
}

static int keeps_in_child(void *arg)
{
	return keeps((unsigned long)arg, 300) != 0;
}

static void switching(void)
{
	enum { N = 4 };
	pid_t pid[N];
	long i;
	int bad = 0;

	for (i = 0; i < N; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(keeps_in_child((void *)(i * 5000)));
	}
	for (i = 0; i < N; i++)
		bad += wait_for(pid[i]) != 0;
	is(bad, 0, "four processes each keep their vector registers");
}

static void *keeps_in_thread(void *arg)
{
	return (void *)(long)keeps((unsigned long)arg, 300);
}

static void threads(void)
{
	pthread_t t[4];
	void *ret;
	long i, bad = 0;

	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, keeps_in_thread, (void *)(i * 7000)) == 0);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		bad += (long)ret;
	}
	is(bad, 0, "four threads each keep their vector registers");
}

static void over_fork(void)
{
	struct vectors want, got;
	long pid;

	make(&want, 42);
	memset(&got, 0, sizeof(got));
	load(&want);
	pid = raw_call(SYS_fork, 0, 0);
	store(&got);
	plain_state();
	if (pid == 0)
		_exit(memcmp(&want, &got, sizeof(got)) ? 1 : 0);
	must(pid > 0);
	is(wait_for((pid_t)pid), 0, "a child starts with its parent's registers");
	ok(memcmp(&want, &got, sizeof(got)) == 0, "the parent keeps them");
}

static void destroy(int sig)
{
	struct vectors other;

	(void)sig;
	make(&other, 99999);
	load(&other);
}

static void over_signals(void)
{
	struct vectors want, got;
	int i, bad = 0;

	signal(SIGUSR1, destroy);
	for (i = 0; i < 50; i++) {
		make(&want, (unsigned long)i + 1);
		memset(&got, 0, sizeof(got));
		load(&want);
		raw_call(SYS_kill, getpid(), SIGUSR1);
		store(&got);
		plain_state();
		bad += memcmp(&want, &got, sizeof(got)) != 0;
	}
	is(bad, 0, "a handler that uses the registers does not change them for the program");
	signal(SIGUSR1, SIG_DFL);
}

static unsigned long in_frame;

static void change_frame(int sig, siginfo_t *info, void *ptr)
{
	ucontext_t *uc = ptr;
	unsigned char *xmm = (unsigned char *)uc->uc_mcontext.fpregs + 160;
	unsigned long v = 0xabcdef;

	(void)sig, (void)info;
	memcpy(&in_frame, xmm + 16, sizeof(in_frame));
	memcpy(xmm + 16, &v, sizeof(v));
}

static void frame(void)
{
	struct sigaction sa;
	struct vectors want, got;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = change_frame;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &sa, NULL);
	make(&want, 7);
	load(&want);
	raw_call(SYS_kill, getpid(), SIGUSR1);
	store(&got);
	plain_state();
	is(in_frame, want.lo[1][0], "the signal frame holds xmm1");
	is(got.lo[1][0], 0xabcdef, "a value written there is in xmm1 afterwards");
	ok(got.lo[2][0] == want.lo[2][0] && (!avx || got.hi[2][0] == want.hi[2][0]),
	   "the other registers are as before");
	signal(SIGUSR1, SIG_DFL);
}

static void over_faults(void)
{
	struct vectors want, got;
	char *p = map_anon(64 * PAGE, RW);
	int i;

	make(&want, 11);
	memset(&got, 0, sizeof(got));
	load(&want);
	for (i = 0; i < 64; i++)
		((volatile char *)p)[(unsigned int)i * PAGE] = 1;
	store(&got);
	plain_state();
	ok(memcmp(&want, &got, sizeof(got)) == 0, "page faults keep the vector registers");
	munmap(p, 64 * PAGE);
}

static void fresh(void)
{
	unsigned int mxcsr;
	unsigned short cw;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(cw));
	is(mxcsr & ~0x3fu, 0x1f80, "a program starts with the default MXCSR");
	is(cw, 0x37f, "and the default x87 control word");
}

/* What a program finds in the registers that no C library uses before main. */
static int registers_at_start(void)
{
	unsigned long v[2], hi[2] = { 0, 0 };

	__asm__ volatile("movups %%xmm13, %0" : "=m"(v));
	if (have_avx())
		__asm__ volatile("vextractf128 $1, %%ymm13, %0" : "=m"(hi));
	return (v[0] | v[1] | hi[0] | hi[1]) != 0;
}

static int exec_with_full_registers(void *arg)
{
	static char *argv[] = { "fpu", "start", NULL }, *envp[] = { NULL };
	struct vectors v;

	make(&v, 0x1234567);
	load(&v);
	__asm__ volatile("syscall" :: "a"((long)SYS_execve), "D"("/proc/self/exe"), "S"(argv),
			 "d"(envp) : "rcx", "r11", "memory");
	return arg == NULL;
}

static void after_exec(void)
{
	child_ok(exec_with_full_registers, NULL, "a new program finds nothing of the old one's");
}

static void body(void)
{
	avx = have_avx();
	diag("AVX is %s", avx ? "tested" : "not there");
	fresh();
	switching();
	threads();
	over_fork();
	over_signals();
	frame();
	over_faults();
	after_exec();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "start") == 0)
		return registers_at_start();
	return tap_run(body, 15);
}
