/* timer.c - the clock (TSC) and the alarm (APIC timer) of each processor.
 * Both are measured once, against the ACPI power management timer, or the PIT where there is none,
 * or what CPUID says of the TSC. Without any of them there is no clock, and the kernel stops.
 * Holds:  ktime_get() is (TSC + this processor's offset - TSC at boot), scaled. TSCs run at one
 *         rate, and the offsets make them agree, so it never goes back, not even from one to
 *         another. Before timekeeping_init() it is 0.
 * Locks:  none: the factors are written once before there is a second processor; *wall_offset is
 *         one word, in the page that user mode reads.
 * Read:   kernel/sched/clock.c for timers and who programs the alarm. */
#include <asm/timer.h>

#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/vdso.h>
#include <debug/panic.h>
#include <debug/printk.h>
#include <sched/clock.h>

#define PM_TIMER_HZ	3579545UL
#define PIT_HZ		1193182UL
#define CALIBRATE_MS	10
#define APIC_TIMER_MAX	0xffffffffu

/* What processors tell each other through sync_value; 0 is nothing. */
#define SYNC_ASK	1
#define SYNC_DONE	2
#define SYNC_ANSWER	4	/* or'ed into a TSC value, so that it is none of the above */
#define SYNC_ROUNDS	20

#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_RATE_0	0x34	/* channel 0, both bytes, mode 2: round after round */
#define PIT_LATCH_0	0x00

#define PIT_TRIES	20
#define STUCK		1000	/* samples in which a running counter changes */
#define TSC_MIN_MHZ	100
#define TSC_MAX_MHZ	20000

static u64 boot_tsc;
static u64 ns_per_tick;		/* nanoseconds of a TSC tick, times 2^32; 0: not measured yet */
static u64 ticks_per_ns;	/* APIC timer ticks in a nanosecond, times 2^32 */
static u64 early_offset;
static u64 *wall_offset = &early_offset; /* [atomic] ktime_get_real() - ktime_get() */
static u64 sync_value;		/* [atomic] SYNC_*, or an answer */

void timekeeping_early_init(void)
{
	boot_tsc = rdtsc();
}

static u64 mul_shift32(u64 a, u64 b)
{
	return (unsigned __int128)a * b >> 32;
}

u64 ktime_get(void)
{
	s64 ticks = rdtsc() + this_cpu_field(tsc_offset) - boot_tsc;

	return ticks > 0 ? mul_shift32(ticks, ns_per_tick) : 0;
}

u64 ktime_get_real(void)
{
	return ktime_get() + READ_ONCE(*wall_offset);
}

void ktime_set_real(u64 now)
{
	WRITE_ONCE(*wall_offset, now - ktime_get());
}

void timekeeping_export(struct vdso_data *data)
{
	bool differ = false;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		differ |= cpu_locals[cpu].tsc_offset != 0;
	data->boot_tsc = boot_tsc;
	data->ns_per_tick = differ ? 0 : ns_per_tick;
	data->wall_offset = early_offset;
	wall_offset = &data->wall_offset;
}

void clock_event_program(u64 when)
{
	u64 now = ktime_get(), count = 1;

	if (when > now)
		count = mul_shift32(min(when - now, NSEC_PER_SEC * 60), ticks_per_ns);
	apic_timer_start(clamp(count, 1UL, (u64)APIC_TIMER_MAX));
}

void udelay(unsigned int microseconds)
{
	u64 end = ktime_get() + microseconds * NSEC_PER_USEC;

	while (ktime_get() < end)
		cpu_relax();
}

/* A counter of known speed, read as counting up. It stands still if its port leads nowhere. */
struct reference {
	u32	(*read)(void);
	u32	mask;		/* the bits that it has */
	u32	hz;
};

static u32 read_pm_timer(void)
{
	return inl(acpi.pm_timer_port);
}

/* Channel 0 of the PIT, which counts down; latched, so that its two bytes belong together. Unlike
 * channel 2 it needs no gate, which machines without a speaker do not have. */
static u32 read_pit(void)
{
	u32 low;

	outb(PIT_COMMAND, PIT_LATCH_0);
	low = inb(PIT_CHANNEL0);
	return -(low | inb(PIT_CHANNEL0) << 8);
}

static void start_pit(void)
{
	outb(PIT_COMMAND, PIT_RATE_0);
	outb(PIT_CHANNEL0, 0);		/* 65536 ticks a round, 55 ms */
	outb(PIT_CHANNEL0, 0);
}

/* One moment on all clocks. */
struct clock_sample {
	u64	tsc;
	u32	apic;		/* counts down */
	u32	reference;
};

/* The tightest of a few readings, since the host may interrupt any of them. */
static struct clock_sample take_sample(const struct reference *ref)
{
	struct clock_sample best = { 0 };
	u64 best_width = ~0UL;

	for (unsigned int i = 0; i < 8; i++) {
		u64 before = rdtsc(), width;
		u32 reference = ref->read();
		u32 apic = apic_timer_left();

		width = rdtsc() - before;
		if (width >= best_width)
			continue;
		best_width = width;
		best = (struct clock_sample){ before + width / 2, apic, reference };
	}
	return best;
}

/* Returns the nanoseconds between *@from and *@to by @ref; 0 if it does not run, or if what it says
 * of the TSC cannot be. */
static u64 measure(const struct reference *ref, struct clock_sample *from, struct clock_sample *to)
{
	const u32 wanted = (u64)ref->hz * CALIBRATE_MS / 1000;
	unsigned int stuck = 0;
	u32 ticks = 0;
	u64 ns;

	*from = take_sample(ref);
	while (ticks < wanted) {
		*to = take_sample(ref);
		if (((to->reference - from->reference) & ref->mask) == ticks && ++stuck > STUCK)
			return 0;
		ticks = (to->reference - from->reference) & ref->mask;
	}
	ns = ticks * NSEC_PER_SEC / ref->hz;
	if ((to->tsc - from->tsc) * 1000 / ns < TSC_MIN_MHZ ||
	    (to->tsc - from->tsc) * 1000 / ns > TSC_MAX_MHZ)
		return 0;
	return ns;
}

/* What the processor itself says of its TSC in Hz; 0: nothing. */
static u64 tsc_hz_by_cpuid(void)
{
	u32 leaves = cpuid(0, 0).eax;
	struct cpuid_regs crystal = { 0 };

	if (leaves >= 0x15)
		crystal = cpuid(0x15, 0);
	if (crystal.eax && crystal.ebx && crystal.ecx)
		return (u64)crystal.ecx * crystal.ebx / crystal.eax;
	return leaves >= 0x16 ? (cpuid(0x16, 0).eax & 0xffff) * 1000000UL : 0;
}

/* The TSC itself as the reference, for the APIC timer's sake. */
static u64 measure_by_cpuid(struct clock_sample *from, struct clock_sample *to)
{
	u64 hz = tsc_hz_by_cpuid();

	if (!hz)
		return 0;
	*from = (struct clock_sample){ rdtsc(), apic_timer_left(), 0 };
	do {
		*to = (struct clock_sample){ rdtsc(), apic_timer_left(), 0 };
	} while (to->tsc - from->tsc < hz * CALIBRATE_MS / 1000);
	return (to->tsc - from->tsc) * NSEC_PER_SEC / hz;
}

/* A round of the PIT is short, and the host may keep us away for longer: two must agree. */
static u64 measure_pit(struct clock_sample *from, struct clock_sample *to)
{
	static const struct reference pit = { read_pit, 0xffff, PIT_HZ };
	u64 last = 0, khz, ns;

	start_pit();
	for (unsigned int i = 0; i < PIT_TRIES; i++) {
		ns = measure(&pit, from, to);
		if (!ns)
			return 0;
		khz = (to->tsc - from->tsc) * 1000000 / ns;
		if (last && max(khz, last) - min(khz, last) < last / 64)
			return ns;
		last = khz;
	}
	return 0;
}

static u64 measure_somehow(struct clock_sample *from, struct clock_sample *to)
{
	const struct reference pm = { read_pm_timer, acpi.pm_timer_32bit ? 0xffffffff : 0xffffff,
				      PM_TIMER_HZ };
	u64 ns = acpi.pm_timer_port ? measure(&pm, from, to) : 0;

	if (!ns)
		ns = measure_pit(from, to);
	return ns ?: measure_by_cpuid(from, to);
}

static void calibrate(void)
{
	struct clock_sample from, to;
	u64 ns;

	apic_timer_arm_vector(false);
	apic_timer_start(APIC_TIMER_MAX);
	ns = measure_somehow(&from, &to);
	apic_timer_start(0);
	if (!ns)
		panic_plain("no clock: neither an ACPI timer nor a PIT runs here, and CPUID does "
			    "not tell how fast the TSC counts");
	ns_per_tick = (ns << 32) / (to.tsc - from.tsc);
	ticks_per_ns = ((u64)(from.apic - to.apic) << 32) / ns;
	printk("clock: TSC %lu kHz, APIC timer %lu kHz\n", (to.tsc - from.tsc) * 1000000 / ns,
	       (from.apic - to.apic) * 1000000UL / ns);
}

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define CMOS_STATUS_A	0x0a
#define CMOS_STATUS_B	0x0b
#define CMOS_UPDATING	BIT(7)
#define CMOS_BINARY	BIT(2)
#define CMOS_24_HOURS	BIT(1)
#define CMOS_PM		BIT(7)		/* of the hour, in 12-hour mode */

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static unsigned int from_bcd(u8 value, bool binary)
{
	return binary ? value : (value >> 4) * 10 + (value & 15);
}

/* Days from 1970-01-01 to the given day; years begin in March here, so that leap days come last. */
static u64 days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	if (month <= 2) {
		month += 12;
		year--;
	}
	return 365UL * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 +
	       day - 719469;
}

/* The time of day in seconds since 1970, from the battery-backed clock, which is taken to be
 * UTC. */
static u64 read_cmos_clock(void)
{
	static const u8 regs[6] = { 0, 2, 4, 7, 8, 9 };	/* s, min, h, day, month, year */
	u8 now[6], again[6], mode = cmos_read(CMOS_STATUS_B), hour;
	bool binary = mode & CMOS_BINARY;
	unsigned int tries = 0, i;

	/* Two equal readings, none of them while the clock was counting on. */
	do {
		while (cmos_read(CMOS_STATUS_A) & CMOS_UPDATING && tries < 100000)
			tries++;
		for (i = 0; i < 6; i++)
			now[i] = cmos_read(regs[i]);
		for (i = 0; i < 6; i++)
			again[i] = cmos_read(regs[i]);
	} while (__builtin_memcmp(now, again, sizeof(now)) && tries++ < 100000);

	hour = from_bcd(now[2] & ~CMOS_PM, binary);
	if (!(mode & CMOS_24_HOURS))
		hour = hour % 12 + (now[2] & CMOS_PM ? 12 : 0);
	return days_since_1970(2000 + from_bcd(now[5], binary), from_bcd(now[4], binary),
			       from_bcd(now[3], binary)) * 86400 +
	       hour * 3600UL + from_bcd(now[1], binary) * 60 + from_bcd(now[0], binary);
}

void timekeeping_init(void)
{
	calibrate();
	ktime_set_real(read_cmos_clock() * NSEC_PER_SEC);
	timekeeping_init_cpu();
}

void timekeeping_init_cpu(void)
{
	apic_timer_arm_vector(true);
}

/* The new processor asks; the running one answers with its TSC, which therefore lies between two
 * readings of the new one's own, unless the two TSCs differ: by at least what sticks out. Most
 * agree, and one round is enough. */
void timer_sync_source(void)
{
	u64 value;

	while ((value = READ_ONCE(sync_value)) != SYNC_DONE)
		if (value == SYNC_ASK)
			WRITE_ONCE(sync_value, rdtsc() | SYNC_ANSWER);
		else
			cpu_relax();
	WRITE_ONCE(sync_value, 0);
}

void timer_sync_target(void)
{
	s64 behind = 0, ahead = 0;

	for (unsigned int i = 0; i == 0 || ((behind || ahead) && i < SYNC_ROUNDS); i++) {
		u64 asked = rdtsc(), theirs;

		WRITE_ONCE(sync_value, SYNC_ASK);
		while ((theirs = READ_ONCE(sync_value)) == SYNC_ASK)
			cpu_relax();
		behind = max(behind, (s64)(theirs - rdtsc()));
		ahead = max(ahead, (s64)(asked - theirs));
	}
	this_cpu()->tsc_offset = behind ? behind : -ahead;
	WRITE_ONCE(sync_value, SYNC_DONE);
}
