/* sysfs.c - the file system /sys: just what the C library, OpenMP, busybox and test programs look
 * for, and the bitmap of idle pages. It is built from the same tables as procfs; what is not there
 * does not exist. */
#include <asm/page.h>
#include <asm/percpu.h>
#include <debug/assert.h>
#include <fs/file.h>
#include <fs/iov_iter.h>
#include <fs/super.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/memblock.h>
#include <mm/page_idle.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/stat.h>

#include "procfs_internal.h"

static void show_cpu_list(struct proc_text *text, unsigned int nr)
{
	text_printf(text, nr > 1 ? "0-%u\n" : "%u\n", nr - 1);
}

static int cpus_show(struct proc_text *text, struct inode *inode)
{
	show_cpu_list(text, nr_cpus);
	return 0;
}

static int kernel_max_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", NR_CPUS - 1);
	return 0;
}

static int offline_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "\n");
	return 0;
}

/* The console that /dev/console is, for getty and cttyhack. */
static int console_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "ttyS0\n");
	return 0;
}

/* ---- devices/system/cpu/cpuN/topology: each processor is a core of the one package ---- */

/* The tables below the directory of one processor. [c] since the first mount */
static struct cpu_node {
	char			name[8];	/* cpu0 ... */
	struct proc_entry	files[2];	/* topology */
	struct proc_entry	topology[11];
} cpu_nodes[NR_CPUS];

/* The processor that the file @inode is about: its row lies in that one's tables. */
static unsigned int cpu_of(const struct inode *inode)
{
	const char *entry = (const char *)proc_i(inode)->entry;

	return (entry - (const char *)cpu_nodes) / sizeof(cpu_nodes[0]);
}

static int own_number_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", cpu_of(inode));
	return 0;
}

static int own_mask_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%0*lx\n", (nr_cpus + 3) / 4, BIT(cpu_of(inode)));
	return 0;
}

static int zero_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "0\n");
	return 0;
}

static int all_mask_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lx\n", BIT(nr_cpus) - 1);
	return 0;
}

static const struct proc_entry topology_table[] = {
	PROC_TEXT("core_id", own_number_show),
	PROC_TEXT("physical_package_id", zero_show),
	PROC_TEXT("thread_siblings", own_mask_show),
	PROC_TEXT("thread_siblings_list", own_number_show),
	PROC_TEXT("core_cpus", own_mask_show),
	PROC_TEXT("core_cpus_list", own_number_show),
	PROC_TEXT("core_siblings", all_mask_show),
	PROC_TEXT("core_siblings_list", cpus_show),
	PROC_TEXT("package_cpus", all_mask_show),
	PROC_TEXT("package_cpus_list", cpus_show),
	{ .name = NULL },
};

BUILD_ASSERT(sizeof(topology_table) == sizeof(cpu_nodes[0].topology));

/* Add a directory for each processor to @table, and the row that ends it. */
static void make_cpu_nodes(struct proc_entry *table)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct cpu_node *node = &cpu_nodes[cpu];

		snprintf(node->name, sizeof(node->name), "cpu%u", cpu);
		memcpy(node->topology, topology_table, sizeof(topology_table));
		node->files[0] = (struct proc_entry)PROC_DIR("topology", node->topology);
		*table++ = (struct proc_entry)PROC_DIR(node->name, node->files);
	}
	table->name = NULL;
}

/* ---- kernel/mm/page_idle/bitmap: a bit for each frame, in words of 64 ---- */

#define WORD		sizeof(u64)
#define WORD_BITS	64UL

static unsigned long nr_words(void)
{
	return ((memblock_end() >> PAGE_SHIFT) + WORD_BITS - 1) / WORD_BITS;
}

static u64 idle_word(unsigned long pfn)
{
	u64 word = 0;

	for (unsigned int i = 0; i < WORD_BITS; i++)
		if (page_idle_test(pfn + i))
			word |= BIT(i);
	return word;
}

static void mark_word(unsigned long pfn, u64 word)
{
	for (unsigned int i = 0; i < WORD_BITS; i++)
		if (word & BIT(i))
			page_idle_mark(pfn + i);
}

static ssize_t idle_bitmap_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	unsigned long end = nr_words(), index = *pos / WORD, first = index;

	if (*pos % WORD || iov_iter_count(to) % WORD)
		return -EINVAL;
	for (; index < end && iov_iter_count(to); index++) {
		u64 word = idle_word(index * WORD_BITS);

		if (copy_to_iter(&word, WORD, to) < WORD)
			return -EFAULT;
		cond_resched();
	}
	*pos += (index - first) * WORD;
	return (index - first) * WORD;
}

static ssize_t idle_bitmap_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	unsigned long end = nr_words(), index = *pos / WORD, first = index;

	if (*pos % WORD || iov_iter_count(from) % WORD)
		return -EINVAL;
	if (index >= end)
		return -ENXIO;
	for (; index < end && iov_iter_count(from); index++) {
		u64 word;

		if (copy_from_iter(&word, WORD, from) < WORD)
			return -EFAULT;
		mark_word(index * WORD_BITS, word);
		cond_resched();
	}
	*pos += (index - first) * WORD;
	return (index - first) * WORD;
}

static const struct file_operations idle_bitmap_fops = {
	.read = idle_bitmap_read,
	.write = idle_bitmap_write,
};

/* ---- the tree ---- */

static const struct proc_entry page_idle_table[] = {
	{ .name = "bitmap", .mode = S_IFREG | 0600, .f_op = &idle_bitmap_fops },
	{ .name = NULL },
};

static const struct proc_entry mm_table[] = {
	PROC_DIR("page_idle", page_idle_table),
	{ .name = NULL },
};

static const struct proc_entry kernel_table[] = {
	PROC_DIR("mm", mm_table),
	{ .name = NULL },
};

#define CPU_FILES	5

static struct proc_entry cpu_table[CPU_FILES + NR_CPUS + 1] = {
	PROC_TEXT("online", cpus_show),
	PROC_TEXT("possible", cpus_show),
	PROC_TEXT("present", cpus_show),
	PROC_TEXT("offline", offline_show),
	PROC_TEXT("kernel_max", kernel_max_show),
};

static const struct proc_entry system_table[] = {
	PROC_DIR("cpu", cpu_table),
	{ .name = NULL },
};

static const struct proc_entry devices_table[] = {
	PROC_DIR("system", system_table),
	{ .name = NULL },
};

static const struct proc_entry console_table[] = {
	PROC_TEXT("active", console_show),
	{ .name = NULL },
};

static const struct proc_entry tty_table[] = {
	PROC_DIR("console", console_table),
	{ .name = NULL },
};

static const struct proc_entry class_table[] = {
	PROC_DIR("tty", tty_table),
	{ .name = NULL },
};

static const struct proc_entry root_table[] = {
	PROC_DIR("class", class_table),
	PROC_DIR("devices", devices_table),
	PROC_DIR("kernel", kernel_table),
	{ .name = NULL },
};

static const struct proc_entry root_entry = PROC_DIR("/", root_table);

/* Called once, when all processors that there are have been started. */
static int sysfs_fill_super(struct super_block *sb, const char *data)
{
	make_cpu_nodes(cpu_table + CPU_FILES);
	return proc_fill_tables(sb, SYSFS_MAGIC, &root_entry);
}

static struct file_system_type sysfs_type = {
	.name = "sysfs",
	.fs_flags = FS_SINGLE | FS_NODEV,
	.fill_super = sysfs_fill_super,
};

void sysfs_init(void)
{
	if (register_filesystem(&sysfs_type))
		panic("cannot register sysfs");
}
