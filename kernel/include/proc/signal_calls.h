/* signal_calls.h - what system calls do with signals. */
#ifndef PROC_SIGNAL_CALLS_H
#define PROC_SIGNAL_CALLS_H

#include <uapi/signal.h>

/* @act may be NULL; *old is filled. 0. */
int do_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old);
/* Take a signal of @want, waiting up to @timeout_ns: its number, -EAGAIN, -EINTR. */
int do_sigtimedwait(sigset_t want, struct kernel_siginfo *info, u64 timeout_ns);
/* To thread @tid, which must be of process @tgid unless that is 0. */
int send_to_thread(int tgid, int tid, int sig, const struct kernel_siginfo *info);

#endif
