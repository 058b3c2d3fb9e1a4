/* main.c - the boot order, as a list of calls. Each line says what must be up before it.
 * Three stages: start_kernel on the first instructions' stack; start_services on a guarded stack,
 * which becomes the first processor's idle task; and kernel_init, a thread that becomes process 1.
 * Read:   arch/x86_64/head.asm for what comes before; proc/exec.c, run_init, for what comes
 *          after. */
#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/fpu.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/pgtable.h>
#include <asm/setup.h>
#include <asm/smp.h>
#include <asm/timer.h>
#include <asm/vdso.h>
#include <boot/bootinfo.h>
#include <debug/panic.h>
#include <debug/vmcoreinfo.h>
#include <drivers/blk.h>
#include <drivers/fbcon.h>
#include <drivers/fw_cfg.h>
#include <drivers/mem.h>
#include <drivers/pci.h>
#include <drivers/tty.h>
#include <fs/procfs.h>
#include <fs/super.h>
#include <init/cmdline.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/swap.h>
#include <mm/vmalloc.h>
#include <proc/process.h>
#include <sched/clock.h>
#include <sched/kthread.h>
#include <sched/sched.h>

#define MAX_INIT_WORDS	34	/* arguments, and as many variables, NULL included */

/* Deliberate panics, for the tests of the way out. */
static void panic_if_asked(const char *when)
{
	const char *asked = cmdline_get("avocet.panic");

	if (asked && !strcmp(asked, when))
		panic("asked for by avocet.panic=%s", when);
}

/* The same by a fault, before anything but setup_first() has been done about faults. */
static void fault_if_asked(void)
{
	const char *asked = cmdline_get("avocet.panic");

	if (asked && !strcmp(asked, "fault"))
		WRITE_ONCE(*(int *)VMALLOC_START, 0);
}

/* quiet and loglevel=N, of which the second is the more exact. */
static void choose_console_level(void)
{
	const char *level = cmdline_get("loglevel");

	if (cmdline_get("quiet"))
		set_console_level(CONSOLE_LEVEL_QUIET);
	if (level)
		parse_console_level(level);
}

static void unpack_initramfs(void)
{
	int err;

	if (!initramfs_bytes) {
		printk("initramfs: there is none\n");
		return;
	}
	err = initramfs_unpack(phys_to_virt(initramfs_start), initramfs_bytes);
	if (err)
		printk_at(LEVEL_ERR, "initramfs: not all of it was unpacked (error %d)\n", -err);
	free_reserved_area(initramfs_start, initramfs_bytes);
}

static void __noreturn start_init(void)
{
	static char *argv[MAX_INIT_WORDS] = { NULL };
	static char *envp[MAX_INIT_WORDS] = { "HOME=/", "TERM=linux", NULL };
	const char *path = cmdline_get("rdinit");
	int err;

	if (!path)
		path = cmdline_get("init");
	if (!path || !*path)
		path = "/init";
	argv[0] = (char *)path;
	cmdline_for_init(argv, envp, MAX_INIT_WORDS);
	printk("Run %s as init process\n", path);
	err = run_init(path, argv, envp);
	panic_plain("No working init: %s cannot be executed (error %d)%s", path, -err,
		    initramfs_bytes ? "" : "; there is no initramfs");
}

/* Process 1, still in the kernel. Everything may sleep from here on. */
static void kernel_init(void *unused)
{
	kswapd_start();			/* kthreads */
	vfs_init();
	procfs_init();			/* vfs */
	mem_devices_init();		/* vfs */
	tty_init();			/* vfs, kthreads, interrupts */
	pci_init();			/* slab, vmalloc */
	virtio_blk_init();		/* pci, vfs, interrupts */
	unpack_initramfs();		/* vfs */
	devtmpfs_mount();		/* /dev, devices */
	setup_free_boot_memory();	/* smp, initramfs */
	vdso_init();			/* smp */
	panic_if_asked("late");
	start_init();
}

/* On a guarded stack. Interrupts are enabled once there is somebody to answer them. */
static void start_services(void)
{
	struct task_struct *init;

	fpu_init();			/* slab */
	if (cpu_alloc_ist(this_cpu()))	/* vmalloc */
		panic("no memory for the first processor's stacks");
	apic_init();			/* acpi, vmalloc */
	timekeeping_init();		/* acpi, apic */
	sched_init();			/* slab, clock */
	vmcoreinfo_init();		/* paging */
	fw_cfg_tell_vmcoreinfo();	/* vmcoreinfo */
	local_irq_enable();
	smp_init();			/* sched, apic, clock */
	init = kthread_run(kernel_init, NULL, "init");
	if (IS_ERR(init))
		panic("cannot start process 1 (error %ld)", -PTR_ERR(init));
	cpu_idle_loop();
}

/* From head.asm: temporary tables, a small stack, interrupts off, setup_first() done. @info:
 * physical address of the boot record. */
void start_kernel(phys_addr_t info);

void start_kernel(phys_addr_t info)
{
	void *stack;

	timekeeping_early_init();
	setup_boot_info(info);		/* the temporary tables */
	choose_console_level();		/* the command line */
	printk("Avocet 6.1.0-avocet (x86_64)%s\n", CONFIG_DEBUG ? ", debug build" : "");
	printk("Command line: %s\n", saved_command_line);
	if (*boot_error)
		printk_at(LEVEL_ERR, "boot loader: %s\n", boot_error);
	panic_if_asked("early");
	fault_if_asked();
	cpu_detect();			/* a writable image */
	cpu_init();			/* what was detected */
	acpi_init(boot_rsdp);		/* the temporary tables */
	setup_memory();			/* acpi, whose tables may lie in it */
	paging_init();			/* memblock; execute-disable is on */
	this_cpu()->loaded_mm = &init_mm;
	mm_init();			/* paging */
	fbcon_init(boot_framebuffer.base, boot_framebuffer.width, boot_framebuffer.height,
		   boot_framebuffer.stride);	/* vmalloc */
	stack = alloc_thread_stack();	/* vmalloc */
	if (!stack)
		panic("no memory for the first stack");
	this_cpu()->kernel_sp = (unsigned long)stack + THREAD_SIZE;
	this_cpu()->tss.rsp0 = this_cpu()->kernel_sp;
	call_on_stack((void *)this_cpu()->kernel_sp, start_services);
}
