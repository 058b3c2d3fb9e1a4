/* signal.h - system calls about signals. */
#ifndef SYSCALL_SIGNAL_H
#define SYSCALL_SIGNAL_H

#include <lib/types.h>
#include <uapi/signal.h>

struct timespec;

long sys_rt_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *oact,
		      size_t bytes);
long sys_rt_sigprocmask(int how, const sigset_t *set, sigset_t *oset, size_t bytes);
long sys_rt_sigreturn(void);
long sys_rt_sigpending(sigset_t *set, size_t bytes);
long sys_rt_sigtimedwait(const sigset_t *set, void *info, const struct timespec *timeout,
			 size_t bytes);
long sys_rt_sigqueueinfo(int pid, int sig, const void *info);
long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, const void *info);
long sys_pidfd_send_signal(int pidfd, int sig, const void *info, unsigned int flags);
long sys_rt_sigsuspend(const sigset_t *set, size_t bytes);
long sys_sigaltstack(const stack_t *ss, stack_t *old);
long sys_kill(int pid, int sig);
long sys_tkill(int tid, int sig);
long sys_tgkill(int tgid, int tid, int sig);
long sys_pause(void);
long sys_restart_syscall(void);

#endif
