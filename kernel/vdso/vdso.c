/* vdso.c - what time is it, and on which processor: answered in user mode, without a system call.
 * Holds:  this is a shared object of its own, which every process has mapped; C libraries find it
 *         by AT_SYSINFO_EHDR and its functions by Linux's names and version. It has no data but
 *         vvar, the page behind it, which the kernel writes. What it cannot answer it asks the
 *         kernel, so a result is never different from the system call's.
 * Locks:  none: see asm/vdso.h.
 * Read:   kernel/arch/x86_64/timer.c: ktime_get, which computes the same. */
#include <asm/vdso.h>
#include <uapi/time.h>

#define NSEC_PER_SEC	1000000000UL
#define SYS_gettimeofday	96
#define SYS_time		201
#define SYS_clock_gettime	228
#define SYS_clock_getres	229
#define SYS_getcpu		309

#define MONOTONIC_CLOCKS \
	(BIT(CLOCK_MONOTONIC) | BIT(CLOCK_MONOTONIC_RAW) | BIT(CLOCK_MONOTONIC_COARSE) | \
	 BIT(CLOCK_BOOTTIME))
#define REAL_CLOCKS \
	(BIT(CLOCK_REALTIME) | BIT(CLOCK_REALTIME_COARSE) | BIT(CLOCK_TAI))

extern const struct vdso_data vvar __attribute__((visibility("hidden")));

static long ask_kernel(long nr, const volatile void *a, const volatile void *b)
{
	long ret;

	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

/* Nanoseconds since boot. The fence keeps the reading behind all that the program did before. */
static inline u64 now(void)
{
	u32 lo, hi;
	s64 ticks;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	ticks = (lo | (u64)hi << 32) - vvar.boot_tsc;
	return (unsigned __int128)(u64)ticks * vvar.ns_per_tick >> 32;
}

static inline u64 real_now(void)
{
	return now() + READ_ONCE(vvar.wall_offset);
}

int __vdso_clock_gettime(int clock, struct timespec *ts);
int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	u64 bit = (unsigned int)clock < 32 ? BIT(clock) : 0, ns;

	if (unlikely(!(bit & (MONOTONIC_CLOCKS | REAL_CLOCKS)) || !vvar.ns_per_tick))
		return ask_kernel(SYS_clock_gettime, (void *)(long)clock, ts);
	ns = bit & MONOTONIC_CLOCKS ? now() : real_now();
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec *ts);
int __vdso_clock_getres(int clock, struct timespec *ts)
{
	return ask_kernel(SYS_clock_getres, (void *)(long)clock, ts);
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	u64 us;

	if (unlikely(!tv || tz || !vvar.ns_per_tick))
		return ask_kernel(SYS_gettimeofday, tv, tz);
	us = real_now() / 1000;
	tv->tv_sec = us / 1000000;
	tv->tv_usec = us % 1000000;
	return 0;
}

long __vdso_time(long *t);
long __vdso_time(long *t)
{
	long seconds;

	if (unlikely(!vvar.ns_per_tick))
		return ask_kernel(SYS_time, t, NULL);
	seconds = real_now() / NSEC_PER_SEC;
	if (t)
		*t = seconds;
	return seconds;
}

/* TSC_AUX has the processor's number. There is one node. */
long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);
long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	u32 lo, hi, aux;

	if (unlikely(!vvar.rdtscp))
		return ask_kernel(SYS_getcpu, cpu, node);
	asm volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	if (cpu)
		*cpu = aux;
	if (node)
		*node = 0;
	return 0;
}

/* The names without a prefix are for programs that link with the object. */
#define ALIAS(name) \
	extern __typeof__(__vdso_##name) name __attribute__((weak, alias("__vdso_" #name)))

ALIAS(clock_gettime);
ALIAS(clock_getres);
ALIAS(gettimeofday);
ALIAS(time);
ALIAS(getcpu);
