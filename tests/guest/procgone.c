/* procgone.c - what each file of /proc/PID says of a process that lives, is a zombie, or is gone.
 * A row of the table has what one file gives at five moments:
 *	while the process lives
 *	when it is a zombie, to who has opened the file before and to who opens it now
 *	when it has been waited for, to who has opened it in either state
 * DATA is also the success of a write, END an end of file at once. The directory of the process
 * and that of its only thread answer alike. So does that of a second thread, which goes without
 * having been a zombie; but its memory lives on with the process. */
#include "tap.h"

#include <dirent.h>
#include <pthread.h>

enum how { TEXT, WRITE_1, LINK, LIST, MEMORY, PAGES };

enum { LIVE, ZOMBIE_OLD, ZOMBIE_NEW, GONE_OLD, GONE_ZOMBIE, NR_MOMENTS };
static const char *const moments[NR_MOMENTS] = {
	"lives",
	"becomes a zombie after open",
	"is a zombie before open",
	"is gone, opened alive",
	"is gone, opened as a zombie",
};

#define DATA  1000
#define END   1001
#define NO_MM 1002 /* END; since Linux 6.13 or so ESRCH */

static const struct row {
	const char *name;
	enum how how;
	int want[NR_MOMENTS];
} rows[] = {
	{ "stat", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "status", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "statm", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "comm", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "limits", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "wchan", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "syscall", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "oom_score", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "oom_score_adj", TEXT, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "cmdline", TEXT, { DATA, END, END, ESRCH, ESRCH } },
	{ "maps", TEXT, { DATA, END, END, ESRCH, ESRCH } },
	{ "smaps", TEXT, { DATA, END, END, ESRCH, ESRCH } },
	{ "smaps_rollup", TEXT, { DATA, ESRCH, ESRCH, ESRCH, ESRCH } },
	{ "environ", TEXT, { DATA, END, NO_MM, END, NO_MM } },
	{ "auxv", TEXT, { DATA, DATA, NO_MM, DATA, NO_MM } },
	{ "pagemap", PAGES, { DATA, END, NO_MM, END, NO_MM } },
	{ "mem", MEMORY, { DATA, END, NO_MM, END, NO_MM } },
	{ "mounts", TEXT, { DATA, DATA, EINVAL, DATA, EINVAL } },
	{ "mountinfo", TEXT, { DATA, DATA, EINVAL, DATA, EINVAL } },
	{ "clear_refs", WRITE_1, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "oom_score_adj", WRITE_1, { DATA, DATA, DATA, ESRCH, ESRCH } },
	{ "comm", WRITE_1, { EINVAL, EINVAL, EINVAL, ESRCH, ESRCH } },
	{ "fd", LIST, { DATA, DATA, DATA, ENOENT, ENOENT } },
	{ "fdinfo", LIST, { DATA, DATA, DATA, ENOENT, ENOENT } },
	{ "task", LIST, { DATA, DATA, DATA, ENOENT, ENOENT } },
	{ "map_files", LIST, { DATA, DATA, DATA, ENOENT, ENOENT } },
	{ ".", LIST, { DATA, DATA, DATA, ENOENT, ENOENT } },
	{ "fdinfo/0", TEXT, { DATA, ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "fd/0", LINK, { DATA, ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "exe", LINK, { DATA, ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "cwd", LINK, { DATA, ENOENT, ENOENT, ENOENT, ENOENT } },
	{ "root", LINK, { DATA, ENOENT, ENOENT, ENOENT, ENOENT } },
};

static char target[PAGE]; /* is mapped in every process here */

static int opened(int dir, const struct row *row)
{
	int flags = row->how == WRITE_1 ? O_WRONLY
		    : row->how == LINK	? O_PATH | O_NOFOLLOW
					: O_RDONLY;
	int fd = openat(dir, row->name, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int listed(int fd)
{
	static char buf[8192];
	long n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return errno;
	n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	return n < 0 ? errno : n ? DATA : END;
}

/* What the use of @fd gives; a negative @fd is the errno of its open. */
static int used(int fd, enum how how)
{
	static char buf[PAGE];
	off_t at = how == MEMORY ? (off_t)(long)target : how == PAGES ? (long)target / 4096 * 8 : 0;
	ssize_t n;

	if (fd < 0)
		return -fd;
	if (how == LIST)
		return listed(fd);
	if (how == LINK)
		n = readlinkat(fd, "", buf, sizeof(buf));
	else
		n = how == WRITE_1 ? write(fd, "1", 1) : pread(fd, buf, sizeof(buf), at);
	return n < 0 ? errno : n ? DATA : END;
}

struct results {
	int got[COUNT(rows)][NR_MOMENTS];
	int alive[COUNT(rows)], zombie[COUNT(rows)]; /* descriptors */
};

static void look_alive(struct results *r, int dir)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		r->alive[i] = opened(dir, &rows[i]);
		r->got[i][LIVE] = used(r->alive[i], rows[i].how);
	}
}

static void look_zombie(struct results *r, int dir)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		r->got[i][ZOMBIE_OLD] = used(r->alive[i], rows[i].how);
		r->zombie[i] = opened(dir, &rows[i]);
		r->got[i][ZOMBIE_NEW] = used(r->zombie[i], rows[i].how);
	}
}

static void look_gone(struct results *r)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		r->got[i][GONE_OLD] = used(r->alive[i], rows[i].how);
		r->got[i][GONE_ZOMBIE] = used(r->zombie[i], rows[i].how);
		if (r->alive[i] >= 0)
			close(r->alive[i]);
		if (r->zombie[i] >= 0)
			close(r->zombie[i]);
	}
}

static bool in_process_only(const struct row *row)
{
	return strcmp(row->name, "task") == 0 || strcmp(row->name, "map_files") == 0;
}

/* What the row @r says, in the words of a thread whose process lives on where @shared. */
static int wanted(const struct row *r, int moment, int got, bool shared)
{
	int want = r->want[moment];

	if (shared && (r->how == MEMORY || r->how == PAGES || strcmp(r->name, "environ") == 0))
		return DATA;
	if (shared && r->how == WRITE_1 && moment == LIVE)
		return DATA;
	if (want == NO_MM)
		return !on_avocet() && got == ESRCH ? ESRCH : END;
	return want;
}

static void compare(const struct results *r, const char *what, bool process, bool zombie)
{
	const struct row *row;
	int m, got;

	for (row = rows; row < rows + COUNT(rows); row++) {
		if (!process && in_process_only(row))
			continue;
		for (m = 0; m < NR_MOMENTS; m++) {
			if (!zombie && m != LIVE && m != GONE_OLD)
				continue;
			got = r->got[row - rows][m];
			is(got, wanted(row, m, got, !zombie), "%s: %s%s when it %s", what,
			   row->name, row->how == WRITE_1 ? " (write)" : "", moments[m]);
		}
	}
}

static int open_dir(const char *fmt, pid_t pid, pid_t tid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), fmt, pid, tid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static void of_process(void)
{
	static struct results process, thread;
	pid_t pid = fork();
	int dir, task;

	if (pid == 0)
		hang(NULL);
	sleep_ms(20);
	dir = open_dir("/proc/%d", pid, 0);
	task = open_dir("/proc/%d/task/%d", pid, pid);
	look_alive(&process, dir);
	look_alive(&thread, task);
	kill(pid, SIGKILL);
	must(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
	look_zombie(&process, dir);
	look_zombie(&thread, task);
	wait_for(pid);
	look_gone(&process);
	look_gone(&thread);
	compare(&process, "process", true, true);
	compare(&thread, "its thread", false, true);
	ok(openat(dir, "stat", O_RDONLY) < 0 && (errno == ENOENT || errno == ESRCH),
	   "the directory of a gone process has no files");
	fails(openat(task, "stat", O_RDONLY), ENOENT, "nor has that of its thread");
	close(dir);
	close(task);
}

static volatile pid_t thread_id;

static void *thread_body(void *arg)
{
	thread_id = (pid_t)syscall(SYS_gettid);
	while (*(volatile int *)arg == 0)
		sleep_ms(5);
	return NULL;
}

static void of_thread(void)
{
	static struct results thread;
	volatile int stop = 0;
	pthread_t handle;
	size_t i;
	int dir;

	must(pthread_create(&handle, NULL, thread_body, (void *)&stop) == 0);
	while (!thread_id)
		sleep_ms(1);
	dir = open_dir("/proc/%d/task/%d", getpid(), thread_id);
	for (i = 0; i < COUNT(rows); i++)
		thread.zombie[i] = -EBADF;
	look_alive(&thread, dir);
	stop = 1;
	must(pthread_join(handle, NULL) == 0);
	while (faccessat(dir, "stat", F_OK, 0) == 0)
		sleep_ms(1);
	look_gone(&thread);
	compare(&thread, "second thread", false, false);
	close(dir);
}

static void body(void)
{
	target[0] = 1;
	of_process();
	of_thread();
}

int main(void)
{
	return tap_run(body, 25);
}
