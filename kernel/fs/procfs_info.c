/* procfs_info.c - files about the machine as a whole: memory, processors, load, and what there is.
 * Locks:  none of its own; each number is right by itself, but two may be of different moments. */
#include "procfs_internal.h"

#include <asm/cpuinfo.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <drivers/blk.h>
#include <fs/chrdev.h>
#include <fs/super.h>
#include <init/cmdline.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include <proc/process.h>
#include <proc/task.h>
#include <proc/utsname.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

#define NSEC_PER_TICK	(NSEC_PER_SEC / 100)

/* ---- memory ---- */

static void show_kb(struct proc_text *text, const char *name, unsigned long pages)
{
	text_printf(text, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

/* There is no swap yet, and tmpfs pages count as cached, as they do in Linux. */
int proc_meminfo_show(struct proc_text *text, struct inode *inode)
{
	struct mem_stats m;

	mem_stats(&m);
	show_kb(text, "MemTotal:", m.total);
	show_kb(text, "MemFree:", m.free);
	show_kb(text, "MemAvailable:", m.available);
	show_kb(text, "Buffers:", 0);
	show_kb(text, "Cached:", m.file);
	show_kb(text, "SwapCached:", 0);
	show_kb(text, "Active:", m.active_anon + m.active_file);
	show_kb(text, "Inactive:", m.inactive_anon + m.inactive_file);
	show_kb(text, "Active(anon):", m.active_anon);
	show_kb(text, "Inactive(anon):", m.inactive_anon);
	show_kb(text, "Active(file):", m.active_file);
	show_kb(text, "Inactive(file):", m.inactive_file);
	show_kb(text, "Unevictable:", 0);
	show_kb(text, "Mlocked:", m.mlocked);
	show_kb(text, "SwapTotal:", 0);
	show_kb(text, "SwapFree:", 0);
	show_kb(text, "Dirty:", 0);
	show_kb(text, "Writeback:", 0);
	show_kb(text, "AnonPages:", m.anon);
	show_kb(text, "Mapped:", m.mapped);
	show_kb(text, "Shmem:", m.shmem);
	show_kb(text, "KReclaimable:", 0);
	show_kb(text, "Slab:", m.slab);
	show_kb(text, "SReclaimable:", 0);
	show_kb(text, "SUnreclaim:", m.slab);
	show_kb(text, "KernelStack:", m.kernel_stack);
	show_kb(text, "PageTables:", m.page_tables);
	text_printf(text, "HugePages_Total:       0\nHugePages_Free:        0\n"
		    "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	show_kb(text, "Hugepagesize:", 512);
	return 0;
}

int proc_vmstat_show(struct proc_text *text, struct inode *inode)
{
	static const char *const event_names[] = {
		[PGFAULT] = "pgfault", [PGMAJFAULT] = "pgmajfault", [PGALLOC] = "pgalloc_normal",
		[PGFREE] = "pgfree", [COW_COPY] = "cow_copy", [COW_REUSE] = "cow_reuse",
		[OOM_KILL] = "oom_kill",
	};
	struct mem_stats m;

	mem_stats(&m);
	text_printf(text, "nr_free_pages %lu\nnr_inactive_anon %lu\nnr_active_anon %lu\n"
		    "nr_inactive_file %lu\nnr_active_file %lu\nnr_mlock %lu\nnr_anon_pages %lu\n"
		    "nr_mapped %lu\nnr_file_pages %lu\nnr_shmem %lu\nnr_slab_unreclaimable %lu\n"
		    "nr_page_table_pages %lu\nnr_kernel_stack %lu\n", m.free, m.inactive_anon,
		    m.active_anon, m.inactive_file, m.active_file, m.mlocked, m.anon, m.mapped,
		    m.file, m.shmem, m.slab, m.page_tables, m.kernel_stack << (PAGE_SHIFT - 10));
	for (unsigned int i = 0; i < ARRAY_SIZE(event_names); i++)
		if (event_names[i])
			text_printf(text, "%s %lu\n", event_names[i], vm_event_sum(i));
	return 0;
}

int proc_buddyinfo_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "Node %d, zone %8s ", 0, "Normal");
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		text_printf(text, "%6lu ", nr_free_blocks(order));
	text_printf(text, "\n");
	return 0;
}

int proc_slabinfo_show(struct proc_text *text, struct inode *inode)
{
	struct slab_stats s;

	text_printf(text, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> <objperslab>"
		    " <pagesperslab>"
		    " : tunables <limit> <batchcount> <sharedfactor>"
		    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned int n = 0; slab_stats(n, &s); n++) {
		unsigned long slabs = s.pages_per_slab ? s.pages / s.pages_per_slab : 0;

		text_printf(text, "%-17s %6lu %6lu %6u %4u %4d : tunables %4u %4u %4u"
			    " : slabdata %6lu %6lu %6lu\n", s.name, s.active_objs, s.total_objs,
			    s.object_bytes, s.objs_per_slab, s.pages_per_slab, 0, 0, 0, slabs,
			    slabs, 0UL);
	}
	return 0;
}

int proc_swaps_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* ---- processors and load ---- */

int proc_cpuinfo_show(struct proc_text *text, struct inode *inode)
{
	char buf[1024];

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		int len = cpuinfo_describe(cpu, buf, sizeof(buf));

		text_write(text, buf, len);
		text_printf(text, "\n");
	}
	return 0;
}

static void sum_usage(struct cpu_usage *sum)
{
	*sum = (struct cpu_usage){ 0 };
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct cpu_usage one;

		cpu_usage(cpu, &one);
		sum->user += one.user;
		sum->system += one.system;
		sum->idle += one.idle;
	}
}

static void show_seconds(struct proc_text *text, u64 ns, char end)
{
	text_printf(text, "%lu.%02lu%c", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_TICK, end);
}

int proc_uptime_show(struct proc_text *text, struct inode *inode)
{
	struct cpu_usage sum;

	sum_usage(&sum);
	show_seconds(text, ktime_get(), ' ');
	show_seconds(text, sum.idle, '\n');
	return 0;
}

int proc_loadavg_show(struct proc_text *text, struct inode *inode)
{
	unsigned long loads[3];

	load_average(loads);
	for (unsigned int i = 0; i < 3; i++) {
		unsigned long load = loads[i] + 65536 / 200;	/* to the nearest hundredth */

		text_printf(text, "%lu.%02lu ", load >> 16, (load & 0xffff) * 100 >> 16);
	}
	text_printf(text, "%u/%u %d\n", nr_running(), nr_threads_total(), last_pid());
	return 0;
}

/* Interrupts are not counted, nor is time waiting for devices: their columns are 0. */
static void show_usage(struct proc_text *text, const struct cpu_usage *u)
{
	text_printf(text, " %lu 0 %lu %lu 0 0 0 0 0 0\n", u->user / NSEC_PER_TICK,
		    u->system / NSEC_PER_TICK, u->idle / NSEC_PER_TICK);
}

static unsigned int nr_blocked(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p, *t;
	unsigned int nr = 0;

	for_each_process(p)
		for_each_thread(p, t)
			nr += !!(READ_ONCE(t->state) & TASK_UNINTERRUPTIBLE);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return nr;
}

int proc_stat_show(struct proc_text *text, struct inode *inode)
{
	struct cpu_usage usage;

	sum_usage(&usage);
	text_printf(text, "cpu ");
	show_usage(text, &usage);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		cpu_usage(cpu, &usage);
		text_printf(text, "cpu%u", cpu);
		show_usage(text, &usage);
	}
	text_printf(text, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\n"
		    "procs_blocked %u\n", nr_context_switches(),
		    (ktime_get_real() - ktime_get()) / NSEC_PER_SEC, nr_forks(), nr_running(),
		    nr_blocked());
	return 0;
}

/* ---- what there is ---- */

int proc_version_show(struct proc_text *text, struct inode *inode)
{
	struct new_utsname uts;

	get_utsname(&uts);
	text_printf(text, "%s version %s (gcc %s) %s\n", uts.sysname, uts.release, __VERSION__,
		    uts.version);
	return 0;
}

int proc_cmdline_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%s\n", saved_command_line);
	return 0;
}

int proc_filesystems_show(struct proc_text *text, struct inode *inode)
{
	struct file_system_type *type = NULL;

	while ((type = next_filesystem(type)))
		text_printf(text, "%s\t%s\n", type->fs_flags & FS_NODEV ? "nodev" : "", type->name);
	return 0;
}

static void show_devices(struct proc_text *text, umode_t wanted)
{
	const char *name;
	umode_t type;
	dev_t rdev;

	for (unsigned int n = 0; device_nth(n, &type, &rdev, &name); n++)
		if (type == wanted)
			text_printf(text, "%3u %s\n", MAJOR(rdev), name);
}

int proc_devices_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "Character devices:\n");
	show_devices(text, S_IFCHR);
	text_printf(text, "\nBlock devices:\n");
	show_devices(text, S_IFBLK);
	return 0;
}

int proc_partitions_show(struct proc_text *text, struct inode *inode)
{
	const struct block_device *bdev;

	text_printf(text, "major minor  #blocks  name\n\n");
	for (unsigned int n = 0; (bdev = blk_nth(n)); n++)
		text_printf(text, "%4u  %7u %10lu %s\n", MAJOR(bdev->rdev), MINOR(bdev->rdev),
			    bdev->nr_sectors >> 1, bdev->name);
	return 0;
}

int proc_mounts_show(struct proc_text *text, struct inode *inode)
{
	char *line = get_free_page(GFP_KERNEL);
	int len;

	if (!line)
		return -ENOMEM;
	for (unsigned int n = 0; (len = show_mount(n, line, PAGE_SIZE)) > 0; n++)
		text_write(text, line, min_t(size_t, len, PAGE_SIZE - 1));
	free_page(line);
	return 0;
}
