/* sysfs.c - the file system /sys: just what the C library, busybox and test programs look for.
 * It is built from the same tables as procfs; what is not there does not exist. */
#include <asm/percpu.h>
#include <debug/assert.h>
#include <fs/super.h>
#include <lib/types.h>
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

static const struct proc_entry cpu_table[] = {
	PROC_TEXT("online", cpus_show),
	PROC_TEXT("possible", cpus_show),
	PROC_TEXT("present", cpus_show),
	PROC_TEXT("offline", offline_show),
	PROC_TEXT("kernel_max", kernel_max_show),
	{ .name = NULL },
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
	{ .name = NULL },
};

static const struct proc_entry root_entry = PROC_DIR("/", root_table);

static int sysfs_fill_super(struct super_block *sb, const char *data)
{
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
