/* sysfuzz.c - random system calls with random arguments: whatever they answer, the kernel stands.
 * Workers make the calls, each in a scene of files, pipes and memory; one that dies, hangs or has
 * made its share is replaced. Words on the kernel's command line: sysfuzz_calls=N (how many in
 * all), sysfuzz_seed=N. The numbers of a worker that the kernel fell over stand in the log. */
#include "tap.h"
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/time.h>

#define WORKERS		4
#define SHARE		400	/* calls of one worker */
#define LAST_CALL	452	/* a few beyond those that Linux 6.1 has */
#define ARENA		0x20000000UL
#define ARENA_PAGES	64

struct worker {
	pid_t pid;
	unsigned long seed;
	volatile unsigned long *done;	/* written by the worker, and all that it shares */
	unsigned long seen;		/* *done, when it was last looked at */
	unsigned long since;		/* ms */
};

static struct worker workers[WORKERS];
static unsigned long state;

static unsigned long rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dUL >> 11;
}

static unsigned long pick(unsigned long n)
{
	return rnd() % n;
}

/* ---- what is never called, or only at oneself ---- */

static bool forbidden(long nr)
{
	static const short list[] = {
		SYS_exit, SYS_exit_group, SYS_reboot, SYS_mount, SYS_umount2, SYS_swapon,
		SYS_swapoff, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
		SYS_sethostname, SYS_setdomainname, SYS_vhangup, SYS_pivot_root, SYS_acct,
		SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_syslog,
		SYS_quotactl, SYS_iopl, SYS_ioperm, SYS_ptrace, SYS_seccomp, SYS_bpf,
		SYS_perf_event_open, SYS_add_key, SYS_keyctl, SYS_request_key, SYS_execve,
		SYS_execveat, SYS_rt_sigreturn, SYS_setsid, SYS_unshare, SYS_setns,
	};
	size_t i;

	for (i = 0; i < COUNT(list); i++)
		if (list[i] == nr)
			return true;
	return false;
}

/* The first argument says whom it hits: the caller. */
static bool hits_somebody(long nr)
{
	static const short list[] = {
		SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
		SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam,
		SYS_sched_setattr, SYS_prlimit64, SYS_process_vm_writev, SYS_process_madvise,
		SYS_setpgid, SYS_migrate_pages, SYS_move_pages, SYS_pidfd_open,
	};
	size_t i;

	for (i = 0; i < COUNT(list); i++)
		if (list[i] == nr)
			return true;
	return nr == SYS_setpriority || nr == SYS_ioprio_set;
}

/* ---- arguments ---- */

static unsigned long number(void)
{
	static const unsigned long edges[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 100, 127, 255, 1024, 4095, 4096, 4097, 65536,
		0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32, 1UL << 40, 1UL << 47, 1UL << 63,
		~0UL, ~0UL - 4095, ~0UL >> 1,
	};

	switch (pick(4)) {
	case 0:
		return 1UL << pick(64);
	case 1:
		return pick(4096);
	case 2:
		return rnd() << pick(40);
	default:
		return edges[pick(COUNT(edges))];
	}
}

static unsigned long pointer(void)
{
	unsigned long page = ARENA + pick(ARENA_PAGES + 2) * PAGE;

	switch (pick(8)) {
	case 0:
		return 0;
	case 1:
		return 0xffffffff80000000UL + rnd() % (1UL << 31);
	case 2:
		return rnd() << 12;
	case 3:
		return page + PAGE - pick(64);
	case 4:
		return page;
	default:
		return page + pick(PAGE / 8) * 8;
	}
}

static unsigned long argument(void)
{
	switch (pick(8)) {
	case 0:
	case 1:
		return pick(40);	/* most likely a descriptor */
	case 2:
	case 3:
		return number();
	case 4:
		return (unsigned long)AT_FDCWD;
	default:
		return pointer();
	}
}

/* ---- a worker ---- */

static void fill_arena(void)
{
	static const char *const names[] = { "file", "dir", "dir/x", ".", "..", "/proc/self/maps",
					     "new", "link", "/dev/zero", "fifo", "/proc/self/mem" };
	unsigned long *word = (void *)ARENA;
	size_t i;

	map_at((char *)ARENA, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < ARENA_PAGES * PAGE / sizeof(*word); i++)
		word[i] = argument();
	for (i = 0; i < ARENA_PAGES; i++)
		strcpy((char *)ARENA + i * PAGE, names[pick(COUNT(names))]);
	mprotect((char *)ARENA + 10 * PAGE, 4 * PAGE, PROT_READ);
	munmap((char *)ARENA + 30 * PAGE, 2 * PAGE);
}

static void open_files(void)
{
	int ends[2], fd;

	for (fd = 0; fd < 64; fd++)
		close(fd);
	open("/dev/null", O_RDWR);	/* what is written there goes nowhere */
	dup(dup(0));
	must(chdir("/tmp/sysfuzz") == 0);
	mkdir("dir", 0777);
	mkfifo("fifo", 0666);
	if (symlink("file", "link") < 0)
		(void)errno;
	open("file", O_RDWR | O_CREAT, 0666);
	open("dir", O_RDONLY | O_DIRECTORY);
	open("file", O_PATH);
	open("/dev/zero", O_RDWR);
	open("/proc/self/status", O_RDONLY);
	eventfd(0, EFD_NONBLOCK);
	syscall(SYS_memfd_create, "fuzz", 2);
	if (pipe2(ends, O_NONBLOCK) < 0 || pipe(ends) < 0)
		_exit(1);
}

static void nothing(int sig)
{
	(void)sig;
}

static void set_scene(void)
{
	struct rlimit memory = { 128UL << 20, 128UL << 20 }, size = { 1 << 20, 1 << 20 };
	struct rlimit procs = { 64, 64 }, core = { 0, 0 };
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = nothing };

	open_files();
	fill_arena();
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &size);
	setrlimit(RLIMIT_NPROC, &procs);
	setrlimit(RLIMIT_CORE, &core);
	if (pick(2) && (setgid(1000) || setuid(1000)))
		_exit(1);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* A call that comes back a second time, in a new process, ends that: it may have no stack. */
static void call6(long nr, const unsigned long *a)
{
	register unsigned long r10 __asm__("r10") = a[3];
	register unsigned long r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	bool forks = nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork || nr == SYS_clone3;
	unsigned long first = a[0];
	long ret;

	__asm__ volatile("syscall\n\t"
			 "testb %b1, %b1\n\tjz 1f\n\t"
			 "testq %%rax, %%rax\n\tjnz 1f\n\t"
			 "movl $60, %%eax\n\txorl %%edi, %%edi\n\tsyscall\n"
			 "1:"
			 : "=a"(ret), "+b"(forks), "+D"(first)
			 : "a"(nr), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
}

static void one_call(void)
{
	unsigned long a[6];
	long nr = (long)pick(LAST_CALL);
	int i;

	for (i = 0; i < 6; i++)
		a[i] = argument();
	if (forbidden(nr))
		return;
	if (hits_somebody(nr))
		a[0] = (unsigned long)getpid();
	if (nr == SYS_setpriority || nr == SYS_ioprio_set) {
		a[0] = nr == SYS_ioprio_set;
		a[1] = 0;
	}
	/* No new process without an end, and none that is somebody else's child. */
	if (nr == SYS_clone)
		a[0] &= ~0x8000UL;
	if (nr == SYS_clone3)
		return;
	/* Locked memory, huge tables and stopped groups would keep the others waiting. */
	if (nr == SYS_ioctl)
		a[0] = 3 + pick(12);
	call6(nr, a);
}

static int work(struct worker *worker)
{
	state = worker->seed;
	set_scene();
	while (*worker->done < SHARE) {
		one_call();
		++*worker->done;
	}
	return 0;
}

/* ---- the overseer ---- */

static void start(struct worker *worker, unsigned long seed)
{
	worker->seed = seed | 1;
	*worker->done = worker->seen = 0;
	worker->since = now_ms();
	worker->pid = fork();
	must(worker->pid >= 0);
	if (worker->pid == 0) {
		setpgid(0, 0);
		_exit(work(worker));
	}
}

/* True when the worker is over. */
static bool look_after(struct worker *worker)
{
	int status;

	if (waitpid(worker->pid, &status, WNOHANG) == worker->pid)
		return true;
	if (*worker->done != worker->seen) {
		worker->seen = *worker->done;
		worker->since = now_ms();
	} else if (now_ms() - worker->since > 200) {
		kill(-worker->pid, SIGKILL);
		kill(worker->pid, SIGKILL);
		wait_for(worker->pid);
		return true;
	}
	return false;
}

/* The number of a word name=N of the kernel's command line. */
static unsigned long word(const char *name, unsigned long otherwise)
{
	char line[1024] = "", *at;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, line, sizeof(line) - 1) < 0)
		line[0] = 0;
	close(fd);
	at = strstr(line, name);
	return at ? strtoul(at + strlen(name), NULL, 0) : otherwise;
}

static void remove_segments(void)
{
	struct shmid_ds ds;
	int i, id;

	for (i = 0; i < 4096; i++) {
		id = shmctl(i, SHM_STAT, &ds);
		if (id >= 0)
			shmctl(id, IPC_RMID, NULL);
	}
}

static void body(void)
{
	unsigned long calls = word("sysfuzz_calls=", 20000), seed = word("sysfuzz_seed=", 1);
	unsigned long made = 0, shown = 0;
	int i;

	for (i = 0; i < WORKERS; i++)
		workers[i].done = map_shared(PAGE);
	mkdir("/tmp/sysfuzz", 0777);
	must(mount("fuzz", "/tmp/sysfuzz", "tmpfs", 0, "size=4m,nr_inodes=1000,mode=777") == 0);
	for (i = 0; i < WORKERS; i++)
		start(&workers[i], seed++ * 0x9e3779b97f4a7c15UL);
	while (made < calls) {
		for (i = 0; i < WORKERS; i++) {
			if (!look_after(&workers[i]))
				continue;
			made += (*workers[i].done > SHARE ? SHARE : *workers[i].done) + 1;
			remove_segments();
			start(&workers[i], seed++ * 0x9e3779b97f4a7c15UL);
		}
		while (waitpid(0, NULL, WNOHANG) > 0)
			;
		if (made - shown > 100000) {
			shown = made;
			diag("%lu calls, next seed %lu", made, seed);
		}
		alarm(30);
		sleep_ms(2);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(workers[i].pid, SIGKILL);
		wait_for(workers[i].pid);
	}
	remove_segments();
	umount2("/tmp/sysfuzz", MNT_DETACH);
	rmdir("/tmp/sysfuzz");
	ok(made >= calls, "%lu random calls are survived", calls);
}

int main(void)
{
	return tap_run(body, 28);
}
