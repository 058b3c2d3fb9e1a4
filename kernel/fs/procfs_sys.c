/* procfs_sys.c - /proc/sys: the few tunables that mean something here.
 * What cannot be tuned is read-only; what has no meaning here is absent. */
#include "procfs_internal.h"
#include "pipe_internal.h"

#include <debug/printk.h>
#include <fs/fdtable.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/swap.h>
#include <proc/pid.h>
#include <proc/process.h>
#include <proc/random.h>
#include <proc/task.h>
#include <proc/utsname.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/shm.h>
#include <uapi/stat.h>
#include <uapi/system.h>

#define RW_MODE		(S_IFREG | 0644)
#define MAX_SWAPPINESS	200
#define MAX_PAGE_CLUSTER 31
#define MAX_MAP_COUNT_LIMIT	0x7fffffffUL

/* ---- kernel ---- */

enum uts_field { SYSNAME, RELEASE, VERSION, NODENAME, DOMAINNAME };

static int show_uts(struct proc_text *text, enum uts_field field)
{
	struct new_utsname uts;
	const char *const values[] = {
		[SYSNAME] = uts.sysname, [RELEASE] = uts.release, [VERSION] = uts.version,
		[NODENAME] = uts.nodename, [DOMAINNAME] = uts.domainname,
	};

	get_utsname(&uts);
	text_printf(text, "%s\n", values[field]);
	return 0;
}

static int ostype_show(struct proc_text *text, struct inode *inode)
{
	return show_uts(text, SYSNAME);
}

static int osrelease_show(struct proc_text *text, struct inode *inode)
{
	return show_uts(text, RELEASE);
}

static int version_show(struct proc_text *text, struct inode *inode)
{
	return show_uts(text, VERSION);
}

static int hostname_show(struct proc_text *text, struct inode *inode)
{
	return show_uts(text, NODENAME);
}

static int domainname_show(struct proc_text *text, struct inode *inode)
{
	return show_uts(text, DOMAINNAME);
}

/* The line up to its newline is the name. */
static size_t line_length(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? (size_t)(end - line) : strlen(line);
}

static int hostname_store(struct inode *inode, char *line)
{
	return set_nodename(line, line_length(line));
}

static int domainname_store(struct inode *inode, char *line)
{
	return set_domainname(line, line_length(line));
}

static int pid_max_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%d\n", PID_MAX);
	return 0;
}

static int threads_max_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", max_threads);
	return 0;
}

static int ngroups_max_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", (unsigned int)ARRAY_SIZE(current->cred.groups));
	return 0;
}

static int cap_last_cap_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%d\n", CAP_LAST_CAP);
	return 0;
}

/* The console's level, and Linux's words for the defaults. */
static int printk_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\t%u\t%u\t%u\n", console_level(), LEVEL_WARN, CONSOLE_LEVEL_MIN,
		    CONSOLE_LEVEL_DEFAULT);
	return 0;
}

/* The first number counts; the others have no meaning here. */
static int printk_store(struct inode *inode, char *line)
{
	return parse_console_level(skip_spaces(line));
}

/* A random UUID (version 4, variant 1) in its usual form. */
static void show_uuid(struct proc_text *text, const u8 *id)
{
	for (unsigned int i = 0; i < 16; i++) {
		u8 byte = id[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		text_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", byte);
	}
	text_printf(text, "\n");
}

static int uuid_show(struct proc_text *text, struct inode *inode)
{
	u8 id[16];

	get_random_bytes(id, sizeof(id));
	show_uuid(text, id);
	return 0;
}

/* The same until the machine is started again. */
static int boot_id_show(struct proc_text *text, struct inode *inode)
{
	static DEFINE_SPINLOCK(lock, RANK_NONE);
	static u8 id[16];	/* [lock] */
	static bool made;	/* [lock] */

	spin_lock(&lock);
	if (!made)
		get_random_bytes(id, sizeof(id));
	made = true;
	spin_unlock(&lock);
	show_uuid(text, id);
	return 0;
}

/* In bits, of which there are always enough. */
static int pool_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "256\n");
	return 0;
}

/* Programs and their areas lie where they always lie. */
static int randomize_va_space_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "0\n");
	return 0;
}

static int shmmax_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", SHMMAX);
	return 0;
}

static int shmall_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", SHMMAX);
	return 0;
}

static int shmmni_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", SHMMNI);
	return 0;
}

static const struct proc_entry random_table[] = {
	PROC_TEXT("boot_id", boot_id_show),
	PROC_TEXT("entropy_avail", pool_show),
	PROC_TEXT("poolsize", pool_show),
	PROC_TEXT("uuid", uuid_show),
	{ .name = NULL },
};

static const struct proc_entry kernel_table[] = {
	PROC_TEXT("ostype", ostype_show),
	PROC_TEXT("osrelease", osrelease_show),
	PROC_TEXT("version", version_show),
	{ .name = "hostname", .mode = RW_MODE, .show = hostname_show, .store = hostname_store },
	{ .name = "domainname", .mode = RW_MODE, .show = domainname_show,
	  .store = domainname_store },
	PROC_TEXT("pid_max", pid_max_show),
	PROC_TEXT("threads-max", threads_max_show),
	PROC_TEXT("ngroups_max", ngroups_max_show),
	PROC_TEXT("cap_last_cap", cap_last_cap_show),
	{ .name = "printk", .mode = RW_MODE, .show = printk_show, .store = printk_store },
	PROC_DIR("random", random_table),
	PROC_TEXT("randomize_va_space", randomize_va_space_show),
	PROC_TEXT("shmall", shmall_show),
	PROC_TEXT("shmmax", shmmax_show),
	PROC_TEXT("shmmni", shmmni_show),
	{ .name = NULL },
};

/* ---- vm ---- */

/* What a line says, 0 to @max: 0, or an errno and *value is as it was. */
static int parse_up_to(char *line, unsigned long max, unsigned int *value)
{
	unsigned long number;
	int ret;

	line[line_length(line)] = '\0';
	ret = parse_ulong(skip_spaces(line), 0, &number);
	if (ret)
		return ret;
	if (number > max)
		return -EINVAL;
	WRITE_ONCE(*value, number);
	return 0;
}

static int overcommit_memory_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", READ_ONCE(vm_overcommit_memory));
	return 0;
}

static int overcommit_memory_store(struct inode *inode, char *line)
{
	return parse_up_to(line, OVERCOMMIT_ALWAYS, &vm_overcommit_memory);
}

static int max_map_count_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", READ_ONCE(max_map_count));
	return 0;
}

static int max_map_count_store(struct inode *inode, char *line)
{
	return parse_up_to(line, MAX_MAP_COUNT_LIMIT, &max_map_count);
}

static int swappiness_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", READ_ONCE(vm_swappiness));
	return 0;
}

static int swappiness_store(struct inode *inode, char *line)
{
	return parse_up_to(line, MAX_SWAPPINESS, &vm_swappiness);
}

static int page_cluster_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", READ_ONCE(vm_page_cluster));
	return 0;
}

static int page_cluster_store(struct inode *inode, char *line)
{
	return parse_up_to(line, MAX_PAGE_CLUSTER, &vm_page_cluster);
}

static int drop_caches_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "0\n");
	return 0;
}

/* Files live in memory and stay; what goes is what each processor keeps in reserve. */
static int drop_caches_store(struct inode *inode, char *line)
{
	unsigned long allowed = current->cpus_allowed, value;
	int err;

	line[line_length(line)] = '\0';
	err = parse_ulong(skip_spaces(line), 0, &value);
	if (err || value < 1 || value > 4)
		return -EINVAL;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		if (!set_cpus_allowed(current, BIT(cpu)))
			drain_local_caches();
	set_cpus_allowed(current, allowed);
	return 0;
}

static int mmap_min_addr_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", MMAP_MIN_ADDR);
	return 0;
}

static int min_free_kbytes_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", watermarks.min * (PAGE_SIZE / 1024));
	return 0;
}

static const struct proc_entry vm_table[] = {
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .show = drop_caches_show,
	  .store = drop_caches_store },
	{ .name = "overcommit_memory", .mode = RW_MODE, .show = overcommit_memory_show,
	  .store = overcommit_memory_store },
	{ .name = "page-cluster", .mode = RW_MODE, .show = page_cluster_show,
	  .store = page_cluster_store },
	{ .name = "swappiness", .mode = RW_MODE, .show = swappiness_show,
	  .store = swappiness_store },
	{ .name = "max_map_count", .mode = RW_MODE, .show = max_map_count_show,
	  .store = max_map_count_store },
	PROC_TEXT("min_free_kbytes", min_free_kbytes_show),
	PROC_TEXT("mmap_min_addr", mmap_min_addr_show),
	{ .name = NULL },
};

/* ---- fs ---- */

static int nr_open_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", NR_OPEN_MAX);
	return 0;
}

static int pipe_max_size_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", PIPE_MAX_SLOTS * PAGE_SIZE);
	return 0;
}

static const struct proc_entry fs_table[] = {
	PROC_TEXT("nr_open", nr_open_show),
	PROC_TEXT("pipe-max-size", pipe_max_size_show),
	{ .name = NULL },
};

const struct proc_entry proc_sys_table[] = {
	PROC_DIR("kernel", kernel_table),
	PROC_DIR("vm", vm_table),
	PROC_DIR("fs", fs_table),
	{ .name = NULL },
};
