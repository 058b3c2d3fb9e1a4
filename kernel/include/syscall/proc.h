/* proc.h - system calls about processes, identities, scheduling, and the system as a whole.
 * Arguments as in the manual pages, section 2; user pointers are plain. Values: as Linux, or a
 * negative errno. */
#ifndef SYSCALL_PROC_H
#define SYSCALL_PROC_H

#include <lib/types.h>

struct cap_user_data;
struct cap_user_header;
struct clone_args;
struct new_utsname;
struct rlimit;
struct rusage;
struct sched_param;
struct sysinfo;
struct timespec;

/* kernel/syscall/proc.c: birth, death, groups, futexes */
long sys_clone(unsigned long flags, unsigned long stack, int *parent_tid, int *child_tid,
	       unsigned long tls);
long sys_clone3(const struct clone_args *args, size_t size);
long sys_fork(void);
long sys_vfork(void);
long sys_execve(const char *path, char *const *argv, char *const *envp);
long sys_execveat(int dfd, const char *path, char *const *argv, char *const *envp, int flags);
long sys_exit(int code);
long sys_exit_group(int code);
long sys_wait4(int pid, int *status, int options, struct rusage *rusage);
long sys_waitid(int which, int pid, void *info, int options, struct rusage *rusage);
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_setpgid(int pid, int pgid);
long sys_getpgid(int pid);
long sys_getpgrp(void);
long sys_setsid(void);
long sys_getsid(int pid);
long sys_set_tid_address(int *tidptr);
long sys_set_robust_list(void *head, size_t len);
long sys_get_robust_list(int pid, void **head, size_t *len);
long sys_futex(u32 *uaddr, int op, u32 val, const struct timespec *timeout, u32 *uaddr2, u32 val3);
struct iovec;
long sys_process_vm_readv(int pid, const struct iovec *lvec, unsigned long nr_local,
			  const struct iovec *rvec, unsigned long nr_remote, unsigned long flags);
long sys_process_vm_writev(int pid, const struct iovec *lvec, unsigned long nr_local,
			   const struct iovec *rvec, unsigned long nr_remote, unsigned long flags);
/* kernel/syscall/pidfd.c */
long sys_pidfd_open(int pid, unsigned int flags);
long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags);
long sys_process_madvise(int pidfd, const struct iovec *vec, size_t nr, int advice,
			 unsigned int flags);
long sys_process_mrelease(int pidfd, unsigned int flags);
long sys_syslog(int type, char *buf, int len);
long sys_rseq(void *area, u32 len, int flags, u32 sig);
long sys_unshare(unsigned long flags);

/* kernel/syscall/cred.c: identities and capabilities */
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(u32 uid);
long sys_setgid(u32 gid);
long sys_setreuid(u32 ruid, u32 euid);
long sys_setregid(u32 rgid, u32 egid);
long sys_setresuid(u32 ruid, u32 euid, u32 suid);
long sys_setresgid(u32 rgid, u32 egid, u32 sgid);
long sys_getresuid(u32 *ruid, u32 *euid, u32 *suid);
long sys_getresgid(u32 *rgid, u32 *egid, u32 *sgid);
long sys_setfsuid(u32 uid);
long sys_setfsgid(u32 gid);
long sys_getgroups(int size, u32 *list);
long sys_setgroups(int size, const u32 *list);
long sys_capget(struct cap_user_header *header, struct cap_user_data *data);
long sys_capset(struct cap_user_header *header, const struct cap_user_data *data);

/* kernel/syscall/sched.c: scheduling, limits, usage */
long sys_sched_yield(void);
long sys_sched_setaffinity(int pid, unsigned int len, const unsigned long *mask);
long sys_sched_getaffinity(int pid, unsigned int len, unsigned long *mask);
long sys_sched_setscheduler(int pid, int policy, const struct sched_param *param);
long sys_sched_getscheduler(int pid);
long sys_sched_setparam(int pid, const struct sched_param *param);
long sys_sched_getparam(int pid, struct sched_param *param);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(int pid, struct timespec *interval);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_getcpu(unsigned int *cpu, unsigned int *node, void *unused);
long sys_getrlimit(unsigned int resource, struct rlimit *rlim);
long sys_setrlimit(unsigned int resource, const struct rlimit *rlim);
long sys_prlimit64(int pid, unsigned int resource, const struct rlimit *new, struct rlimit *old);
long sys_getrusage(int who, struct rusage *ru);

/* kernel/syscall/system.c: the system, and settings of a process */
long sys_uname(struct new_utsname *name);
long sys_sethostname(const char *name, int len);
long sys_setdomainname(const char *name, int len);
long sys_sysinfo(struct sysinfo *info);
long sys_reboot(u32 magic1, u32 magic2, u32 cmd, void *arg);
long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5);
long sys_arch_prctl(int code, unsigned long addr);
long sys_personality(unsigned int persona);
long sys_getrandom(void *buf, size_t bytes, unsigned int flags);
long sys_membarrier(int cmd, unsigned int flags, int cpu);

#endif
