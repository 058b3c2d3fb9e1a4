/* signal_types.h - sets of signals, and signals on their way. */
#ifndef PROC_SIGNAL_TYPES_H
#define PROC_SIGNAL_TYPES_H

#include <lib/list.h>
#include <uapi/signal.h>

/* One signal that waits for its receiver. A signal may be pending without one, when there was no
 * memory: it then arrives with an empty siginfo. */
struct sigqueue {
	struct list_head	list;
	struct kernel_siginfo	info;
};

struct sigpending {
	struct list_head	list;		/* struct sigqueue, in order of arrival */
	/* every signal in the list, and those without an entry */
	sigset_t		signal;
};

#define sigmask(sig)	(1UL << ((sig) - 1))

static inline bool sigismember(sigset_t set, int sig)
{
	return set & sigmask(sig);
}

static inline void sigpending_init(struct sigpending *pending)
{
	INIT_LIST_HEAD(&pending->list);
	pending->signal = 0;
}

#endif
