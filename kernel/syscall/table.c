/* table.c - the Linux system calls, by number, and the way in.
 * Whatever is not here answers -ENOSYS, and says so once in the log. README.md lists what each supports.
 * Locks:  none held in or out; interrupts on. */
#include <syscall/table.h>

#include <asm/ptregs.h>
#include <asm/thread.h>
#include <debug/printk.h>
#include <proc/task.h>
#include <syscall/fs.h>
#include <syscall/mm.h>
#include <syscall/proc.h>
#include <syscall/signal.h>
#include <syscall/time.h>
#include <uapi/errno.h>
#include <uapi/unistd.h>

#define NR_SYSCALLS	(__NR_set_mempolicy_home_node + 1)

typedef long (*syscall_fn)(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long,
			   unsigned long);

/* The functions have typed arguments, each passed in one register, as the caller filled it. */
#define ENTRY(name)	[__NR_##name] = (syscall_fn)(void (*)(void))sys_##name

static const syscall_fn syscall_table[NR_SYSCALLS] = {
	/* fs.h */
	ENTRY(read),
	ENTRY(write),
	ENTRY(open),
	ENTRY(close),
	ENTRY(stat),
	ENTRY(fstat),
	ENTRY(lstat),
	ENTRY(poll),
	ENTRY(lseek),
	ENTRY(ioctl),
	ENTRY(pread64),
	ENTRY(pwrite64),
	ENTRY(readv),
	ENTRY(writev),
	ENTRY(access),
	ENTRY(pipe),
	ENTRY(select),
	ENTRY(dup),
	ENTRY(dup2),
	ENTRY(sendfile),
	ENTRY(fcntl),
	ENTRY(flock),
	ENTRY(fsync),
	ENTRY(fdatasync),
	ENTRY(truncate),
	ENTRY(ftruncate),
	ENTRY(getdents),
	ENTRY(getcwd),
	ENTRY(chdir),
	ENTRY(fchdir),
	ENTRY(rename),
	ENTRY(mkdir),
	ENTRY(rmdir),
	ENTRY(creat),
	ENTRY(link),
	ENTRY(unlink),
	ENTRY(symlink),
	ENTRY(readlink),
	ENTRY(chmod),
	ENTRY(fchmod),
	ENTRY(chown),
	ENTRY(fchown),
	ENTRY(lchown),
	ENTRY(umask),
	ENTRY(utime),
	ENTRY(mknod),
	ENTRY(statfs),
	ENTRY(fstatfs),
	ENTRY(chroot),
	ENTRY(sync),
	ENTRY(mount),
	ENTRY(umount2),
	ENTRY(readahead),
	ENTRY(getdents64),
	ENTRY(fadvise64),
	ENTRY(utimes),
	ENTRY(openat),
	ENTRY(mkdirat),
	ENTRY(mknodat),
	ENTRY(fchownat),
	ENTRY(futimesat),
	ENTRY(newfstatat),
	ENTRY(unlinkat),
	ENTRY(renameat),
	ENTRY(linkat),
	ENTRY(symlinkat),
	ENTRY(readlinkat),
	ENTRY(fchmodat),
	ENTRY(faccessat),
	ENTRY(pselect6),
	ENTRY(ppoll),
	ENTRY(sync_file_range),
	ENTRY(utimensat),
	ENTRY(eventfd),
	ENTRY(fallocate),
	ENTRY(eventfd2),
	ENTRY(dup3),
	ENTRY(pipe2),
	ENTRY(preadv),
	ENTRY(pwritev),
	ENTRY(syncfs),
	ENTRY(renameat2),
	ENTRY(memfd_create),
	ENTRY(copy_file_range),
	ENTRY(preadv2),
	ENTRY(pwritev2),
	ENTRY(statx),
	ENTRY(close_range),
	ENTRY(faccessat2),

	/* mm.h */
	ENTRY(mmap),
	ENTRY(mprotect),
	ENTRY(munmap),
	ENTRY(brk),
	ENTRY(mremap),
	ENTRY(msync),
	ENTRY(mincore),
	ENTRY(madvise),
	ENTRY(mlock),
	ENTRY(munlock),
	ENTRY(mlockall),
	ENTRY(munlockall),
	ENTRY(mlock2),

	/* proc.h */
	ENTRY(sched_yield),
	ENTRY(getpid),
	ENTRY(clone),
	ENTRY(fork),
	ENTRY(vfork),
	ENTRY(execve),
	ENTRY(exit),
	ENTRY(wait4),
	ENTRY(uname),
	ENTRY(getrlimit),
	ENTRY(getrusage),
	ENTRY(sysinfo),
	ENTRY(getuid),
	ENTRY(getgid),
	ENTRY(setuid),
	ENTRY(setgid),
	ENTRY(geteuid),
	ENTRY(getegid),
	ENTRY(setpgid),
	ENTRY(getppid),
	ENTRY(getpgrp),
	ENTRY(setsid),
	ENTRY(setreuid),
	ENTRY(setregid),
	ENTRY(getgroups),
	ENTRY(setgroups),
	ENTRY(setresuid),
	ENTRY(getresuid),
	ENTRY(setresgid),
	ENTRY(getresgid),
	ENTRY(getpgid),
	ENTRY(setfsuid),
	ENTRY(setfsgid),
	ENTRY(getsid),
	ENTRY(capget),
	ENTRY(capset),
	ENTRY(personality),
	ENTRY(getpriority),
	ENTRY(setpriority),
	ENTRY(sched_setparam),
	ENTRY(sched_getparam),
	ENTRY(sched_setscheduler),
	ENTRY(sched_getscheduler),
	ENTRY(sched_get_priority_max),
	ENTRY(sched_get_priority_min),
	ENTRY(sched_rr_get_interval),
	ENTRY(prctl),
	ENTRY(arch_prctl),
	ENTRY(setrlimit),
	ENTRY(reboot),
	ENTRY(sethostname),
	ENTRY(setdomainname),
	ENTRY(gettid),
	ENTRY(futex),
	ENTRY(sched_setaffinity),
	ENTRY(sched_getaffinity),
	ENTRY(set_tid_address),
	ENTRY(exit_group),
	ENTRY(waitid),
	ENTRY(unshare),
	ENTRY(set_robust_list),
	ENTRY(get_robust_list),
	ENTRY(prlimit64),
	ENTRY(getcpu),
	ENTRY(getrandom),
	ENTRY(execveat),
	ENTRY(membarrier),
	ENTRY(clone3),

	/* signal.h */
	ENTRY(rt_sigaction),
	ENTRY(rt_sigprocmask),
	ENTRY(rt_sigreturn),
	ENTRY(pause),
	ENTRY(kill),
	ENTRY(rt_sigpending),
	ENTRY(rt_sigtimedwait),
	ENTRY(rt_sigqueueinfo),
	ENTRY(rt_sigsuspend),
	ENTRY(sigaltstack),
	ENTRY(tkill),
	ENTRY(restart_syscall),
	ENTRY(tgkill),
	ENTRY(rt_tgsigqueueinfo),

	/* time.h */
	ENTRY(nanosleep),
	ENTRY(getitimer),
	ENTRY(alarm),
	ENTRY(setitimer),
	ENTRY(gettimeofday),
	ENTRY(times),
	ENTRY(settimeofday),
	ENTRY(time),
	ENTRY(clock_settime),
	ENTRY(clock_gettime),
	ENTRY(clock_getres),
	ENTRY(clock_nanosleep),
};

static unsigned long said[(NR_SYSCALLS + 63) / 64];	/* [atomic bits] in the log already */

static long unknown_syscall(unsigned long nr)
{
	if (nr < NR_SYSCALLS && !test_and_set_bit_atomic(nr % 64, &said[nr / 64]))
		pr_info("%s[%d]: system call %lu is not implemented\n", current->comm, current->pid, nr);
	return -ENOSYS;
}

void do_syscall(struct pt_regs *regs)
{
	unsigned long nr = (u32)regs->orig_rax;

	if (likely(nr < NR_SYSCALLS && syscall_table[nr]))
		regs->rax = syscall_table[nr](regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
					      regs->r9);
	else
		regs->rax = unknown_syscall(nr);
}
