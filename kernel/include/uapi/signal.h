/* signal.h - signal numbers, actions, siginfo and the signal frame, as x86-64 programs see them. */
#ifndef UAPI_SIGNAL_H
#define UAPI_SIGNAL_H

#include <lib/types.h>

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGBUS		7
#define SIGFPE		8
#define SIGKILL		9
#define SIGUSR1		10
#define SIGSEGV		11
#define SIGUSR2		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGSTKFLT	16
#define SIGCHLD		17
#define SIGCONT		18
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGURG		23
#define SIGXCPU		24
#define SIGXFSZ		25
#define SIGVTALRM	26
#define SIGPROF		27
#define SIGWINCH	28
#define SIGIO		29
#define SIGPWR		30
#define SIGSYS		31
#define SIGRTMIN	32
#define NSIG		64

/* sa_flags */
#define SA_NOCLDSTOP	0x00000001u
#define SA_NOCLDWAIT	0x00000002u
#define SA_SIGINFO	0x00000004u
#define SA_RESTORER	0x04000000u
#define SA_ONSTACK	0x08000000u
#define SA_RESTART	0x10000000u
#define SA_NODEFER	0x40000000u
#define SA_RESETHAND	0x80000000u

#define SIG_DFL		0UL
#define SIG_IGN		1UL

/* rt_sigprocmask */
#define SIG_BLOCK	0
#define SIG_UNBLOCK	1
#define SIG_SETMASK	2

/* sigaltstack */
#define SS_ONSTACK	1
#define SS_DISABLE	2
#define SS_AUTODISARM	(1u << 31)
#define MINSIGSTKSZ	2048

/* si_code */
#define SI_USER		0
#define SI_KERNEL	0x80
#define SI_QUEUE	(-1)
#define SI_TIMER	(-2)
#define SI_TKILL	(-6)
#define ILL_ILLOPC	1
#define ILL_ILLOPN	2
#define ILL_PRVOPC	5
#define FPE_INTDIV	1
#define FPE_INTOVF	2
#define FPE_FLTDIV	3
#define FPE_FLTOVF	4
#define FPE_FLTUND	5
#define FPE_FLTRES	6
#define FPE_FLTINV	7
#define SEGV_MAPERR	1
#define SEGV_ACCERR	2
#define BUS_ADRALN	1
#define BUS_ADRERR	2
#define BUS_OBJERR	3
#define TRAP_BRKPT	1
#define TRAP_TRACE	2
#define CLD_EXITED	1
#define CLD_KILLED	2
#define CLD_DUMPED	3
#define CLD_TRAPPED	4
#define CLD_STOPPED	5
#define CLD_CONTINUED	6

typedef u64 sigset_t;		/* bit sig - 1 */

/* rt_sigaction's structure. */
struct k_sigaction {
	unsigned long	sa_handler;	/* SIG_DFL, SIG_IGN or a user address */
	unsigned long	sa_flags;
	unsigned long	sa_restorer;
	sigset_t	sa_mask;
};

typedef union sigval {
	int	sival_int;
	void	*sival_ptr;
} sigval_t;

/* How a timer tells that it has expired. */
struct sigevent {
	sigval_t	sigev_value;
	int		sigev_signo;
	int		sigev_notify;	/* SIGEV_* */
	int		sigev_tid;	/* SIGEV_THREAD_ID */
	int		sigev_pad[11];
};

#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2	/* the C library's affair: here a signal */
#define SIGEV_THREAD_ID	4

BUILD_ASSERT(sizeof(struct sigevent) == 64);

/* The part of siginfo_t that carries anything; users see it padded to SI_MAX_SIZE. */
struct kernel_siginfo {
	int	si_signo, si_errno, si_code;
	union {
		struct {		/* kill, sigqueue */
			int		si_pid;
			u32		si_uid;
			sigval_t	si_value;
		};
		struct {		/* timers */
			int		si_tid;
			int		si_overrun;
			sigval_t	si_tvalue;
		};
		struct {		/* SIGCHLD */
			int		si_chld_pid;
			u32		si_chld_uid;
			int		si_status;
			long		si_utime, si_stime;	/* ticks of 10 ms */
		};
		struct {		/* faults */
			unsigned long	si_addr;
			short		si_addr_lsb;
		};
		struct {		/* SIGIO */
			long		si_band;
			int		si_fd;
		};
		u64	si_fields[4];
	};
};

#define SI_MAX_SIZE	128

typedef struct sigaltstack {
	unsigned long	ss_sp;
	int		ss_flags;
	unsigned long	ss_size;
} stack_t;

struct sigcontext {
	u64	r8, r9, r10, r11, r12, r13, r14, r15;
	u64	rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp;
	u64	rip, rflags;
	u16	cs, gs, fs, ss;
	u64	err, trapno, oldmask, cr2;
	u64	fpstate;	/* user address of the FPU image, 0: none */
	u64	reserved[8];
};

struct ucontext {
	u64			uc_flags;
	u64			uc_link;
	stack_t			uc_stack;
	struct sigcontext	uc_mcontext;
	sigset_t		uc_sigmask;
};

#define UC_FP_XSTATE		1
#define UC_SIGCONTEXT_SS	2
#define UC_STRICT_RESTORE_SS	4

BUILD_ASSERT(sizeof(struct kernel_siginfo) == 48);
BUILD_ASSERT(sizeof(struct k_sigaction) == 32);
BUILD_ASSERT(sizeof(stack_t) == 24);
BUILD_ASSERT(sizeof(struct sigcontext) == 256);
BUILD_ASSERT(sizeof(struct ucontext) == 304);

#endif
