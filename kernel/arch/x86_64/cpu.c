/* cpu.c - GDT, TSS, MSRs and control registers of each processor; the per-CPU area.
 * Holds:  all processors are alike: what the first one can do is what cpu_features says.
 *         The 32-bit user code segment does not exist, so no program can leave 64-bit mode, and
 *         nothing can arrive at the SYSCALL entry of compatibility mode.
 * Locks:  none; each processor sets up itself, one after the other.
 * Read:   entry.asm for what runs on these tables; trap.c for the interrupt descriptor table. */
#include <asm/cpu.h>

#include <asm/fpu.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <debug/panic.h>
#include <debug/printk.h>
#include <lib/string.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define GDT_CODE64_KERNEL	0x00af9b000000ffffUL
#define GDT_DATA_KERNEL		0x00cf93000000ffffUL
#define GDT_DATA_USER		0x00cff3000000ffffUL
#define GDT_CODE64_USER		0x00affb000000ffffUL
#define GDT_TSS_TYPE		0x89UL		/* present, available 64-bit TSS */
#define IST_STACK_BYTES		8192
#define CPUID_HYPERVISOR	BIT(31)		/* leaf 1, ecx */

BUILD_ASSERT(ARRAY_SIZE(((struct cpu_local *)0)->gdt) == GDT_ENTRIES);

extern char boot_stack_top[], boot_ist_stack_top[];
void syscall_entry(void);

/* Places of STAC and CLAC, and the last byte of each (entry.inc). */
struct smap_site {
	u64	addr;
	u64	last_byte;
};

extern const struct smap_site entry_smap_sites_begin[], entry_smap_sites_end[];
extern const struct smap_site uaccess_smap_sites_begin[], uaccess_smap_sites_end[];

struct cpu_features cpu_features;
struct cpu_local cpu_locals[NR_CPUS] = {
	[0] = { .self = &cpu_locals[0], .kernel_sp = (unsigned long)boot_stack_top },
};
unsigned int nr_cpus = 1;
unsigned long cpu_online_mask = 1;

static void patch_smap_sites(const struct smap_site *site, const struct smap_site *end)
{
	for (; site < end; site++) {
		u8 *code = (u8 *)site->addr;

		code[0] = 0x0f;
		code[1] = 0x01;
		code[2] = site->last_byte;
	}
}

static bool is_tcg(void)
{
	struct cpuid_regs id = cpuid(0x40000000, 0);

	return !memcmp(&id.ebx, "TCGTCGTCGTCG", 12);
}

/* QEMU's emulated processors take OSXSAVE for a reserved bit of CR4 when none of XSAVE's extensions
 * is there (Opteron_G4 and G5), and instead of a fault they execute the write again for ever. */
static bool xsave_works(const struct cpuid_regs *basic)
{
	if (!(basic->ecx & BIT(26)) || cpuid(0, 0).eax < 0xd)
		return false;
	return cpuid(0xd, 1).eax || !(basic->ecx & CPUID_HYPERVISOR) || !is_tcg();
}

/* Runs while the image is still mapped writable. */
void cpu_detect(void)
{
	struct cpuid_regs basic = cpuid(1, 0), ext = cpuid(0x80000001, 0), structured = { 0 };

	if (cpuid(0, 0).eax >= 7)
		structured = cpuid(7, 0);
	cpu_features = (struct cpu_features){
		.pge		= basic.edx & BIT(13),
		.xsave		= xsave_works(&basic),
		.nx		= ext.edx & BIT(20),
		.huge_1g	= ext.edx & BIT(26),
		.rdtscp		= ext.edx & BIT(27),
		.fsgsbase	= structured.ebx & BIT(0),
		.smep		= structured.ebx & BIT(7),
		.smap		= structured.ebx & BIT(20),
		.umip		= structured.ecx & BIT(2),
	};
	if (cpu_features.xsave)
		cpu_features.xsaveopt = cpuid(0xd, 1).eax & BIT(0);
	if (!cpu_features.nx)
		panic_plain("this processor has no execute-disable bit");
	if (!(basic.edx & BIT(9)))
		panic_plain("this processor has no local APIC");
	if (cpu_features.smap) {
		patch_smap_sites(entry_smap_sites_begin, entry_smap_sites_end);
		patch_smap_sites(uaccess_smap_sites_begin, uaccess_smap_sites_end);
	}
}

static void fill_gdt(struct cpu_local *cpu)
{
	u64 base = (unsigned long)&cpu->tss;

	cpu->gdt[KERNEL_CS / 8] = GDT_CODE64_KERNEL;
	cpu->gdt[KERNEL_DS / 8] = GDT_DATA_KERNEL;
	cpu->gdt[USER_DS / 8] = GDT_DATA_USER;
	cpu->gdt[USER_CS / 8] = GDT_CODE64_USER;
	cpu->gdt[TSS_SELECTOR / 8] = (sizeof(cpu->tss) - 1) | (base & 0xffffff) << 16 |
				     GDT_TSS_TYPE << 40 | (base >> 24 & 0xff) << 56;
	cpu->gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
}

/* An IST stack begins below one word that says whose it is (entry.asm, paranoid_common). */
static void set_ist(struct cpu_local *cpu, unsigned int slot, unsigned long stack_top)
{
	unsigned long *owner = (unsigned long *)(stack_top - 16);

	*owner = (unsigned long)cpu;
	cpu->tss.ist[slot - 1] = (unsigned long)owner;
}

int cpu_alloc_ist(struct cpu_local *cpu)
{
	for (unsigned int slot = IST_DOUBLE_FAULT; slot <= IST_MACHINE_CHECK; slot++) {
		char *stack = vmalloc(IST_STACK_BYTES);

		if (!stack)
			return -ENOMEM;
		set_ist(cpu, slot, (unsigned long)stack + IST_STACK_BYTES);
	}
	return 0;
}

static void load_gdt(struct cpu_local *cpu)
{
	struct __packed {
		u16	limit;
		u64	base;
	} pointer = { sizeof(cpu->gdt) - 1, (unsigned long)cpu->gdt };

	asm volatile("lgdt %0\n\t"
		     "pushq %1\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\n\t"
		     "movl %2, %%ss\n\t"
		     "movl %3, %%ds\n\t"
		     "movl %3, %%es\n\t"
		     "movl %3, %%fs\n\t"
		     "movl %3, %%gs\n\t"
		     "lldt %w3\n\t"	/* none: what a reset or the firmware left is not ours */
		     "ltr %w4"
		     : : "m"(pointer), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(0), "r"(TSS_SELECTOR)
		     : "rax", "memory");
	/* Loading GS cleared its base. */
	wrmsr(MSR_GS_BASE, (unsigned long)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, cpu->id);	/* for the vDSO's getcpu */
}

static void set_syscall_msrs(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (u64)SYSRET_BASE << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (unsigned long)syscall_entry);
	wrmsr(MSR_SFMASK, X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |
			  X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF |
			  X86_EFLAGS_OF | X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF |
			  X86_EFLAGS_AC | X86_EFLAGS_ID);
}

static void set_control_registers(void)
{
	unsigned long cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	write_cr0((read_cr0() | CR0_MP | CR0_NE | CR0_WP | CR0_AM) &
		  ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD));
	if (cpu_features.pge)
		cr4 |= CR4_PGE;
	if (cpu_features.umip)
		cr4 |= CR4_UMIP;
	if (cpu_features.fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (cpu_features.smep)
		cr4 |= CR4_SMEP;
	if (cpu_features.smap)
		cr4 |= CR4_SMAP;
	if (cpu_features.xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
}

void cpu_load_tables(struct cpu_local *cpu)
{
	cpu->self = cpu;
	cpu->id = cpu - cpu_locals;
	cpu->tss.io_map_base = sizeof(cpu->tss);	/* none: user mode has no ports */
	cpu->tss.rsp0 = cpu->kernel_sp;
	if (cpu->id == 0)
		for (unsigned int slot = IST_DOUBLE_FAULT; slot <= IST_MACHINE_CHECK; slot++)
			set_ist(cpu, slot, (unsigned long)boot_ist_stack_top);
	fill_gdt(cpu);
	load_gdt(cpu);
}

void cpu_init(void)
{
	set_syscall_msrs();
	set_control_registers();
	fpu_init_cpu();
}
