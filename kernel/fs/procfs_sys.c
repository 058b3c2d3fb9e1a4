/* procfs_sys.c - /proc/sys: the few tunables that mean something here.
 * What cannot be tuned is read-only; what has no meaning here is absent. */
#include "procfs_internal.h"
#include "pipe_internal.h"

#include <debug/printk.h>
#include <fs/fdtable.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <lib/ctype.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/overcommit.h>
#include <mm/page_alloc.h>
#include <mm/swap.h>
#include <proc/pid.h>
#include <proc/process.h>
#include <proc/signal.h>
#include <proc/random.h>
#include <proc/task.h>
#include <proc/utsname.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/shm.h>
#include <uapi/stat.h>
#include <uapi/system.h>

#define MAX_SWAPPINESS	200
#define MAX_PAGE_CLUSTER 31
#define MAX_MAP_COUNT_LIMIT	0x7fffffffUL

/* Only the mode says who may do what: root may not either, where it has no such bit. */
static int sys_permission(struct inode *inode, int mask)
{
	umode_t mode = inode->i_mode;

	if (current->cred.fsuid == 0)
		mode >>= 6;
	else if (current_in_group(0))
		mode >>= 3;
	return mask & ~mode & (MAY_READ | MAY_WRITE | MAY_EXEC) ? -EACCES : 0;
}

static const struct inode_operations sys_file_iops = {
	.permission = sys_permission, .setattr = proc_setattr,
};

#define SYS_FILE(n, bits, fn, store_fn) \
	{ .name = (n), .mode = S_IFREG | (bits), .show = (fn), .store = (store_fn), \
	  .i_op = &sys_file_iops }
#define SYS_RO(n, fn)		SYS_FILE(n, 0444, fn, NULL)
#define SYS_RW(n, name)		SYS_FILE(n, 0644, name##_show, name##_store)

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

/* Nothing is loaded into this kernel, and nothing overrides it. */
static int tainted_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "0\n");
	return 0;
}

/* Linux's default. It cannot be changed, since no core file is written. */
static int core_pattern_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%s\n", core_pattern);
	return 0;
}

/* Cut to what fits. Its last byte is always NUL, so that a reader meanwhile finds an end. */
static int core_pattern_store(struct inode *inode, char *line)
{
	line[min(line_length(line), sizeof(core_pattern) - 1)] = '\0';
	strscpy(core_pattern, line, sizeof(core_pattern));
	return 0;
}

static const struct proc_entry random_table[] = {
	SYS_RO("boot_id", boot_id_show),
	SYS_RO("entropy_avail", pool_show),
	SYS_RO("poolsize", pool_show),
	SYS_RO("uuid", uuid_show),
	{ .name = NULL },
};

static const struct proc_entry kernel_table[] = {
	SYS_RO("ostype", ostype_show),
	SYS_RO("osrelease", osrelease_show),
	SYS_RO("version", version_show),
	SYS_RW("hostname", hostname),
	SYS_RW("domainname", domainname),
	SYS_RW("core_pattern", core_pattern),
	SYS_RO("pid_max", pid_max_show),
	SYS_RO("threads-max", threads_max_show),
	SYS_RO("ngroups_max", ngroups_max_show),
	SYS_RO("cap_last_cap", cap_last_cap_show),
	SYS_RW("printk", printk),
	PROC_DIR("random", random_table),
	SYS_RO("randomize_va_space", randomize_va_space_show),
	SYS_RO("shmall", shmall_show),
	SYS_RO("shmmax", shmmax_show),
	SYS_RO("shmmni", shmmni_show),
	SYS_RO("tainted", tainted_show),
	{ .name = NULL },
};

/* ---- vm ---- */

/* The first word of @line, cut off. */
static char *first_word(char *line)
{
	char *word = skip_spaces(line), *end = word;

	while (*end && !isspace(*end))
		end++;
	*end = '\0';
	return word;
}

/* The first number of @line, 0 to @max; what stands behind it and a blank has no meaning. 0, also
 * if nothing was written, or an errno; *value is as it was then. */
static int parse_up_to(char *line, unsigned long max, unsigned int *value)
{
	unsigned long number;
	int ret;

	if (!*line)
		return 0;
	ret = parse_ulong(first_word(line), 0, &number);
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
	return parse_up_to(line, OVERCOMMIT_NEVER, &vm_overcommit_memory);
}

static int overcommit_ratio_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%u\n", READ_ONCE(vm_overcommit_ratio));
	return 0;
}

/* Of ratio and kbytes the one that was written last counts, and the other reads 0. */
static int overcommit_ratio_store(struct inode *inode, char *line)
{
	int err = parse_up_to(line, 0x7fffffff, &vm_overcommit_ratio);

	if (!err)
		WRITE_ONCE(vm_overcommit_kbytes, 0);
	return err;
}

static int store_kbytes(char *line, unsigned long *value)
{
	unsigned long number;
	int err;

	line[line_length(line)] = '\0';
	err = parse_ulong(skip_spaces(line), 0, &number);
	if (!err)
		WRITE_ONCE(*value, number);
	return err;
}

static int overcommit_kbytes_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", READ_ONCE(vm_overcommit_kbytes));
	return 0;
}

static int overcommit_kbytes_store(struct inode *inode, char *line)
{
	int err = store_kbytes(line, &vm_overcommit_kbytes);

	if (!err)
		WRITE_ONCE(vm_overcommit_ratio, 0);
	return err;
}

static int admin_reserve_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", READ_ONCE(vm_admin_reserve_kbytes));
	return 0;
}

static int admin_reserve_store(struct inode *inode, char *line)
{
	return store_kbytes(line, &vm_admin_reserve_kbytes);
}

static int user_reserve_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "%lu\n", READ_ONCE(vm_user_reserve_kbytes));
	return 0;
}

static int user_reserve_store(struct inode *inode, char *line)
{
	return store_kbytes(line, &vm_user_reserve_kbytes);
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

/* Files live in memory and stay; what goes is what each processor keeps in reserve. */
static int drop_caches_store(struct inode *inode, char *line)
{
	unsigned long allowed = current->cpus_allowed;
	unsigned int value = 1;
	int err = parse_up_to(line, 4, &value);

	if (err || !value)
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
	SYS_FILE("drop_caches", 0200, NULL, drop_caches_store),
	SYS_RW("overcommit_memory", overcommit_memory),
	SYS_RW("overcommit_ratio", overcommit_ratio),
	SYS_RW("overcommit_kbytes", overcommit_kbytes),
	SYS_RW("admin_reserve_kbytes", admin_reserve),
	SYS_RW("user_reserve_kbytes", user_reserve),
	SYS_RW("page-cluster", page_cluster),
	SYS_RW("swappiness", swappiness),
	SYS_RW("max_map_count", max_map_count),
	SYS_RO("min_free_kbytes", min_free_kbytes_show),
	SYS_RO("mmap_min_addr", mmap_min_addr_show),
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

/* 0: the pages of a user's pipes are not limited. */
static int pipe_user_pages_show(struct proc_text *text, struct inode *inode)
{
	text_printf(text, "0\n");
	return 0;
}

static const struct proc_entry fs_table[] = {
	SYS_RO("nr_open", nr_open_show),
	SYS_RO("pipe-max-size", pipe_max_size_show),
	SYS_RO("pipe-user-pages-hard", pipe_user_pages_show),
	SYS_RO("pipe-user-pages-soft", pipe_user_pages_show),
	{ .name = NULL },
};

const struct proc_entry proc_sys_table[] = {
	PROC_DIR("kernel", kernel_table),
	PROC_DIR("vm", vm_table),
	PROC_DIR("fs", fs_table),
	{ .name = NULL },
};
