/* procfs_info.c - files about the machine as a whole: memory, processors, load, and what there is.
 * Locks:  none of its own; each number is right by itself, but two may be of different moments. */
#include "procfs_internal.h"

#include <asm/cpuinfo.h>
#include <asm/irq.h>
#include <asm/page.h>
#include <asm/percpu.h>
#include <debug/backtrace.h>
#include <debug/kallsyms.h>
#include <drivers/blk.h>
#include <fs/chrdev.h>
#include <fs/super.h>
#include <init/cmdline.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/overcommit.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <mm/vmalloc.h>
#include <mm/vmstat.h>
#include <proc/process.h>
#include <proc/task.h>
#include <proc/utsname.h>
#include <sched/clock.h>
#include <sched/psi.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

#define NSEC_PER_TICK	(NSEC_PER_SEC / 100)

/* ---- memory ---- */

static void show_kb(struct proc_text *text, const char *name, unsigned long pages)
{
	text_printf(text, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

/* tmpfs pages count as cached, as they do in Linux. */
int proc_meminfo_show(struct proc_text *text, struct inode *inode)
{
	struct mem_stats m;

	mem_stats(&m);
	show_kb(text, "MemTotal:", m.total);
	show_kb(text, "MemFree:", m.free);
	show_kb(text, "MemAvailable:", m.available);
	show_kb(text, "Buffers:", 0);
	show_kb(text, "Cached:", m.file);
	show_kb(text, "SwapCached:", m.swap_cached);
	show_kb(text, "Active:", m.active_anon + m.active_file);
	show_kb(text, "Inactive:", m.inactive_anon + m.inactive_file);
	show_kb(text, "Active(anon):", m.active_anon);
	show_kb(text, "Inactive(anon):", m.inactive_anon);
	show_kb(text, "Active(file):", m.active_file);
	show_kb(text, "Inactive(file):", m.inactive_file);
	show_kb(text, "Unevictable:", m.unevictable);
	show_kb(text, "Mlocked:", m.mlocked);
	show_kb(text, "SwapTotal:", m.swap_total);
	show_kb(text, "SwapFree:", m.swap_free);
	show_kb(text, "Dirty:", 0);
	show_kb(text, "Writeback:", m.writeback);
	show_kb(text, "AnonPages:", m.anon);
	show_kb(text, "Mapped:", m.mapped);
	show_kb(text, "Shmem:", m.shmem);
	show_kb(text, "KReclaimable:", 0);
	show_kb(text, "Slab:", m.slab);
	show_kb(text, "SReclaimable:", 0);
	show_kb(text, "SUnreclaim:", m.slab);
	show_kb(text, "KernelStack:", m.kernel_stack);
	show_kb(text, "PageTables:", m.page_tables);
	show_kb(text, "CommitLimit:", vm_commit_limit());
	show_kb(text, "Committed_AS:", vm_committed());
	text_printf(text, "HugePages_Total:       0\nHugePages_Free:        0\n"
		    "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	show_kb(text, "Hugepagesize:", 512);
	return 0;
}

/* A line for each count, which @before begins. Linux counts the swap cache as pages of a file, and
 * stacks in KiB. */
static void show_states(struct proc_text *text, const char *before)
{
	struct mem_stats m;
	const struct {
		const char		*name;
		const unsigned long	*value;
	} states[] = {
		{ "nr_free_pages", &m.free }, { "nr_inactive_anon", &m.inactive_anon },
		{ "nr_active_anon", &m.active_anon }, { "nr_inactive_file", &m.inactive_file },
		{ "nr_active_file", &m.active_file }, { "nr_unevictable", &m.unevictable },
		{ "nr_mlock", &m.mlocked }, { "nr_slab_unreclaimable", &m.slab },
		{ "nr_anon_pages", &m.anon }, { "nr_mapped", &m.mapped },
		{ "nr_file_pages", &m.file }, { "nr_writeback", &m.writeback },
		{ "nr_shmem", &m.shmem }, { "nr_kernel_stack", &m.kernel_stack },
		{ "nr_page_table_pages", &m.page_tables }, { "nr_swapcached", &m.swap_cached },
	};

	mem_stats(&m);
	m.file += m.swap_cached;
	m.kernel_stack <<= PAGE_SHIFT - 10;
	for (unsigned int i = 0; i < ARRAY_SIZE(states); i++)
		text_printf(text, "%s%s %lu\n", before, states[i].name, *states[i].value);
}

/* Linux's names and order, and two of our own: cow_copy and cow_reuse. */
int proc_vmstat_show(struct proc_text *text, struct inode *inode)
{
	static const struct {
		enum vm_event_item	item;
		const char		*name;
	} events[] = {
		{ PSWPIN, "pswpin" }, { PSWPOUT, "pswpout" },
		{ ALLOCSTALL, "allocstall_normal" },
		{ PGACTIVATE, "pgactivate" }, { PGDEACTIVATE, "pgdeactivate" },
		{ PGLAZYFREE, "pglazyfree" }, { PGFAULT, "pgfault" }, { PGMAJFAULT, "pgmajfault" },
		{ PGLAZYFREED, "pglazyfreed" }, { PGREFILL, "pgrefill" },
		{ PGSTEAL_KSWAPD, "pgsteal_kswapd" }, { PGSTEAL_DIRECT, "pgsteal_direct" },
		{ PGSCAN_KSWAPD, "pgscan_kswapd" }, { PGSCAN_DIRECT, "pgscan_direct" },
		{ PGSCAN_ANON, "pgscan_anon" }, { PGSCAN_FILE, "pgscan_file" },
		{ PGSTEAL_ANON, "pgsteal_anon" }, { PGSTEAL_FILE, "pgsteal_file" },
		{ PAGEOUTRUN, "pageoutrun" }, { PGROTATED, "pgrotated" }, { OOM_KILL, "oom_kill" },
		{ SWAP_RA, "swap_ra" }, { SWAP_RA_HIT, "swap_ra_hit" },
		{ COW_COPY, "cow_copy" }, { COW_REUSE, "cow_reuse" },
	};

	show_states(text, "");
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++)
		text_printf(text, "%s %lu\n", events[i].name, vm_event_sum(events[i].item));
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

/* The one zone, from the first frame to the last. */
static void show_zone(struct proc_text *text)
{
	unsigned long end = memblock_end() >> PAGE_SHIFT, present = 0;
	struct mem_range range, first = {};

	memblock_memory(0, &first);
	for (unsigned int i = 0; memblock_memory(i, &range); i++)
		present += (range.end - range.start) >> PAGE_SHIFT;
	text_printf(text, "  pages free     %lu\n        boost    0\n        min      %lu\n"
		    "        low      %lu\n        high     %lu\n        spanned  %lu\n"
		    "        present  %lu\n        managed  %lu\n        cma      0\n"
		    "        protection: (0, 0)", nr_buddy_pages(), watermarks.min, watermarks.low,
		    watermarks.high, end - (first.start >> PAGE_SHIFT), present, totalram_pages);
	text_printf(text, "\n      nr_free_pages %lu\n  pagesets", nr_buddy_pages());
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		unsigned int high, batch, count = pcp_pages(cpu, &high, &batch);

		text_printf(text, "\n    cpu: %u\n              count: %u\n              high:  %u"
			    "\n              batch: %u", cpu, count, high, batch);
	}
	text_printf(text, "\n  node_unreclaimable:  0\n  start_pfn:           %lu\n",
		    first.start >> PAGE_SHIFT);
}

int proc_zoneinfo_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "Node %d, zone %8s\n  per-node stats\n", 0, "Normal");
	show_states(text, "      ");
	show_zone(text);
	return 0;
}

int proc_vmallocinfo_show(struct proc_text *text, struct inode *inode)
{
	struct vmalloc_range r;
	char caller[96];

	for (unsigned long at = 0; vmalloc_next(at, &r) && !text->failed; at = r.addr + 1) {
		unsigned long bytes = r.bytes + PAGE_SIZE;	/* with the guard page */

		symbol_name(caller, sizeof(caller), (unsigned long)r.caller);
		text_printf(text, "0x%016lx-0x%016lx %7lu %s", r.addr, r.addr + bytes, bytes,
			    caller);
		if (r.owns_frames)
			text_printf(text, " pages=%lu vmalloc N0=%lu\n", r.bytes >> PAGE_SHIFT,
				    r.bytes >> PAGE_SHIFT);
		else
			text_printf(text, " phys=0x%016lx ioremap\n", r.phys);
	}
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
	struct swap_stats s;

	text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	for (unsigned int n = 0; swap_stats(n, &s); n++) {
		unsigned long size = s.pages << (PAGE_SHIFT - 10);
		unsigned long used = s.used << (PAGE_SHIFT - 10);
		size_t before = text->bytes;

		text_escaped(text, s.path, " \t\n\\");
		text_printf(text, "%*spartition\t%lu\t%s%lu\t%s%d\n",
			    max(40 - (int)(text->bytes - before), 1), " ",
			    size, size < 10000000 ? "\t" : "", used, used < 10000000 ? "\t" : "",
			    s.prio);
	}
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

/* The name of the function that answers a device takes the place of the device's. */
int proc_interrupts_show(struct proc_text *text, struct inode *inode)
{
	struct irq_source source;
	char name[64];

	text_printf(text, "%5s", "");
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		text_printf(text, "CPU%-8u", cpu);
	text_printf(text, "\n");
	for (unsigned int n = 0; irq_describe(n, &source); n++) {
		text_printf(text, "%3s: ", source.label);
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			text_printf(text, "%10lu ", irq_count(cpu, source.slot));
		text_printf(text, "  %s", source.chip);
		if (source.fn) {
			symbol_name(name, sizeof(name), (unsigned long)source.fn);
			if (strchr(name, '+'))
				*strchr(name, '+') = '\0';
			text_printf(text, "  %s-edge  %s", source.label, name);
		}
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

int proc_pressure_memory_show(struct proc_text *text, struct inode *inode)
{
	static const char *const names[NR_PSI_KINDS] = { "some", "full" };
	static const char *const spans[] = { "10", "60", "300" };
	struct psi_stats stats[NR_PSI_KINDS];

	psi_memory(stats);
	for (unsigned int kind = 0; kind < NR_PSI_KINDS; kind++) {
		text_printf(text, "%s ", names[kind]);
		for (unsigned int i = 0; i < 3; i++) {
			unsigned long avg = stats[kind].avg[i];

			text_printf(text, "avg%s=%lu.%02lu ", spans[i], avg >> 16,
				    (avg & 0xffff) * 100 >> 16);
		}
		text_printf(text, "total=%lu\n", stats[kind].total_ns / NSEC_PER_USEC);
	}
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

/* Time in interrupts and waiting for devices is not counted: their columns are 0. */
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
	text_printf(text, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\n"
		    "procs_blocked %u\n", nr_interrupts(), nr_context_switches(),
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

/* Addresses are for those who were root when they opened the file, as in Linux by default. */
int proc_kallsyms_show(struct proc_text *text, struct inode *inode)
{
	for (u32 i = text->next; i < nr_kallsyms; i++) {
		unsigned long addr = text->capable ? KALLSYMS_BASE + kallsyms[i].offset : 0;

		if (text_enough(text)) {
			text->next = i;
			text->more = true;
			break;
		}
		text_printf(text, "%016lx %c %s\n", addr, kallsyms_types[i],
			    kallsyms_names + kallsyms[i].name);
		text_mark(text);
	}
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

static int show_mounts(struct proc_text *text, bool info)
{
	char *line = get_free_page(GFP_KERNEL);
	int len;

	if (!line)
		return -ENOMEM;
	for (unsigned int n = 0; (len = show_mount(n, info, line, PAGE_SIZE)) > 0; n++)
		text_write(text, line, min_t(size_t, len, PAGE_SIZE - 1));
	free_page(line);
	return 0;
}

int proc_mounts_show(struct proc_text *text, struct inode *inode)
{
	return show_mounts(text, false);
}

int proc_mountinfo_show(struct proc_text *text, struct inode *inode)
{
	return show_mounts(text, true);
}
