/* smp.c - starting the other processors, and stopping them.
 * One at a time: INIT, STARTUP, and then both sides talk through `stage`:
 *
 *	boot processor			new processor (ap_trampoline.asm, then ap_main)
 *	stage = WAITING
 *	sends INIT and STARTUP
 *					stage = ALIVE, does nothing else until
 *	stage = GO
 *	timer_sync_source()		timer_sync_target()
 *					stage = ONLINE, and becomes its idle task
 *
 * A processor that is slow to appear gets STARTUP again, and in the end INIT again; since it waits
 * for GO before it touches anything, a late reset does no harm. One that appears when it has been
 * given up is reset again, or finds another's number in the trampoline and halts.
 * Holds:  cpu_online_mask has a bit for each processor that answers interrupts.
 * Locks:  none; only one processor starts at a time.
 * Read:   cpu.c for what each sets up. */
#include <asm/smp.h>

#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/early_map.h>
#include <asm/irq.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/timer.h>
#include <debug/panic.h>
#include <init/cmdline.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/vmalloc.h>
#include <sched/clock.h>
#include <sched/sched.h>

/* The end of ap_trampoline.asm. */
struct ap_fields {
	u32	gdt_base;
	u32	cr3;
	u32	efer;
	u32	far_offset;
	u16	far_selector;
	u16	padding;
	u32	apic_id;
	u64	stack_top;
	u64	cpu;
	u64	entry;
} __packed;

#define EFER_LME	BIT(8)
#define NOBODY		0xffffffff	/* no processor's number */

enum { WAITING, ALIVE, GO, ONLINE };

extern char ap_trampoline_begin[], ap_trampoline_end[], ap_fields[];
extern u64 boot_pdpt_low[];

static phys_addr_t trampoline;
static unsigned int stage;	/* [atomic] */

void smp_set_trampoline(phys_addr_t phys)
{
	trampoline = phys;
}

/* The new processor's first C, on its own stack and the trampoline's tables. */
static void __noreturn ap_main(struct cpu_local *cpu)
{
	unsigned int waiting = WAITING;

	/* Not over GO: a reset that came late may have begun this anew. */
	__atomic_compare_exchange_n(&stage, &waiting, ALIVE, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	while (READ_ONCE(stage) != GO)
		cpu_relax();
	write_cr3(virt_to_phys(init_mm.pgd));
	cpu_load_tables(cpu);
	trap_load();
	cpu_init();
	cpu->loaded_mm = &init_mm;
	apic_init_cpu();
	timer_sync_target();
	sched_init_cpu();
	timekeeping_init_cpu();
	set_bit_atomic(cpu->id, &cpu_online_mask);
	WRITE_ONCE(stage, ONLINE);
	cpu_idle_loop();
}

/* Put the code in place; what differs between processors follows in start_one(). The second page is
 * a top-level table below 4 GiB: the kernel's, and the first page at its own address. */
static struct ap_fields *place_trampoline(void)
{
	char *code = phys_to_virt(trampoline);
	u64 *table = phys_to_virt(trampoline + PAGE_SIZE);
	struct ap_fields *fields = (void *)(code + (ap_fields - ap_trampoline_begin));

	memcpy(code, ap_trampoline_begin, ap_trampoline_end - ap_trampoline_begin);
	memcpy(table, init_mm.pgd, PAGE_SIZE);
	table[0] = image_to_phys(boot_pdpt_low) | _PAGE_PRESENT | _PAGE_RW;
	fields->gdt_base += trampoline;
	fields->cr3 = trampoline + PAGE_SIZE;
	fields->efer = EFER_LME | EFER_NXE;
	fields->far_offset += trampoline;
	fields->entry = (unsigned long)ap_main;
	return fields;
}

static bool wait_for(unsigned int wanted, unsigned int milliseconds)
{
	u64 end = ktime_get() + milliseconds * NSEC_PER_MSEC;

	while (READ_ONCE(stage) != wanted) {
		if (ktime_get() > end)
			return false;
		cpu_relax();
	}
	return true;
}

/* Quick first; then with the pauses that old processors were promised. */
static bool wake_processor(u32 apic_id)
{
	WRITE_ONCE(stage, WAITING);
	apic_send_init(apic_id);
	udelay(10);
	apic_send_startup(apic_id, trampoline >> PAGE_SHIFT);
	if (wait_for(ALIVE, 20))
		return true;
	apic_send_startup(apic_id, trampoline >> PAGE_SHIFT);
	if (wait_for(ALIVE, 200))
		return true;
	apic_send_init(apic_id);
	udelay(10000);
	WRITE_ONCE(stage, WAITING);
	apic_send_startup(apic_id, trampoline >> PAGE_SHIFT);
	return wait_for(ALIVE, 2000);
}

static bool start_one(struct ap_fields *fields, struct cpu_local *cpu, u32 apic_id)
{
	void *stack = alloc_thread_stack();

	if (!stack || cpu_alloc_ist(cpu)) {
		printk("smp: no memory to start processor %u\n", apic_id);
		return false;
	}
	cpu->self = cpu;
	cpu->id = cpu - cpu_locals;
	cpu->apic_id = apic_id;
	cpu->kernel_sp = (unsigned long)stack + THREAD_SIZE;
	fields->stack_top = cpu->kernel_sp;
	fields->cpu = (unsigned long)cpu;
	WRITE_ONCE(fields->apic_id, apic_id & 0xff);	/* as much as every CPUID tells of it */
	if (!wake_processor(apic_id)) {
		WRITE_ONCE(fields->apic_id, NOBODY);
		apic_send_init(apic_id);	/* it may be waiting for GO by now */
		printk_at(LEVEL_ERR, "smp: processor with APIC id %u does not start\n", apic_id);
		return false;
	}
	WRITE_ONCE(stage, GO);
	timer_sync_source();
	while (READ_ONCE(stage) != ONLINE)
		cpu_relax();
	return true;
}

/* The value of @key= if it is less than @limit; no number leaves @limit as it is. */
static unsigned int lower_limit(const char *key, unsigned int limit)
{
	const char *asked = cmdline_get(key);
	unsigned long value;

	if (!asked)
		return limit;
	if (parse_ulong(asked, 0, &value)) {
		printk_at(LEVEL_WARN, "smp: %s=%s is no number, and ignored\n", key, asked);
		return limit;
	}
	return min(value, (unsigned long)limit);
}

/* How many processors may run: maxcpus=, nr_cpus=, nosmp. There is always one. */
static unsigned int allowed_cpus(void)
{
	unsigned int limit = cmdline_get("nosmp") ? 1 : NR_CPUS;

	return max(lower_limit("nr_cpus", lower_limit("maxcpus", limit)), 1U);
}

void smp_init(void)
{
	unsigned int allowed = allowed_cpus();
	struct ap_fields *fields;
	bool all = true;

	if (acpi.nr_cpus_found > allowed)
		printk("smp: %u processors found, only %u are used\n", acpi.nr_cpus_found, allowed);
	if (acpi.nr_apic_ids > 1 && !trampoline)
		printk("smp: no memory below 1 MiB, the other processors stay off\n");
	if (!trampoline || acpi.nr_apic_ids <= 1)
		return;
	fields = place_trampoline();
	for (unsigned int i = 0; i < acpi.nr_apic_ids; i++) {
		if (acpi.apic_ids[i] == cpu_locals[0].apic_id || nr_cpus == allowed)
			continue;
		/* Its number must be known before it is seen to run. */
		nr_cpus++;
		if (!start_one(fields, &cpu_locals[nr_cpus - 1], acpi.apic_ids[i])) {
			nr_cpus--;
			all = false;
		}
	}
	printk("smp: %u processors running\n", nr_cpus);
	if (all)	/* else it stays for those who come late */
		free_reserved_area(trampoline, TRAMPOLINE_BYTES);
}

void smp_stop_others(void)
{
	unsigned long mask = READ_ONCE(cpu_online_mask) & ~BIT(smp_processor_id());

	panic_begin_stop();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		if (mask & BIT(cpu))
			apic_send_nmi(cpu_locals[cpu].apic_id);
	/* They clear their bits on the way to the halt; one that cannot is left behind. */
	for (unsigned int i = 0; i < 1000000 && READ_ONCE(cpu_online_mask) & mask; i++)
		cpu_relax();
}

void arch_send_reschedule(unsigned int cpu)
{
	apic_send_ipi(cpu_locals[cpu].apic_id, VECTOR_RESCHEDULE);
}
