/* system.c - system calls about the system as a whole, and small settings of a process. */
#include <syscall/proc.h>

#include <asm/machine.h>
#include <asm/thread.h>
#include <asm/tlb.h>
#include <asm/uaccess.h>
#include <debug/printk.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/vmstat.h>
#include <proc/cred.h>
#include <proc/process.h>
#include <proc/random.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <proc/utsname.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>
#include <uapi/membarrier.h>
#include <uapi/prctl.h>
#include <uapi/system.h>

#define PER_LINUX		0u
#define ADDR_NO_RANDOMIZE	0x0040000u

long sys_uname(struct new_utsname *name)
{
	struct new_utsname uts;

	get_utsname(&uts);
	return copy_to_user(name, &uts, sizeof(uts)) ? -EFAULT : 0;
}

static long set_name(int (*set)(const char *name, size_t bytes), const char *name, int len)
{
	char copy[sizeof(((struct new_utsname *)0)->nodename)];

	if (!capable())
		return -EPERM;
	if (len < 0 || len >= (int)sizeof(copy))
		return -EINVAL;
	if (copy_from_user(copy, name, len))
		return -EFAULT;
	return set(copy, len);
}

long sys_sethostname(const char *name, int len)
{
	return set_name(set_nodename, name, len);
}

long sys_setdomainname(const char *name, int len)
{
	return set_name(set_domainname, name, len);
}

long sys_sysinfo(struct sysinfo *uinfo)
{
	struct sysinfo info = { 0 };
	struct mem_stats stats;

	mem_stats(&stats);
	info.uptime = ktime_get() / NSEC_PER_SEC;
	load_average(info.loads);
	info.totalram = stats.total * PAGE_SIZE;
	info.freeram = stats.free * PAGE_SIZE;
	info.sharedram = stats.shmem * PAGE_SIZE;
	info.totalswap = stats.swap_total * PAGE_SIZE;
	info.freeswap = stats.swap_free * PAGE_SIZE;
	info.procs = min(nr_threads_total(), 65535u);
	info.mem_unit = 1;
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}

long sys_reboot(u32 magic1, u32 magic2, u32 cmd, void *arg)
{
	if (!capable())
		return -EPERM;
	if (magic1 != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		printk_at(LEVEL_EMERG, "reboot: Restarting system\n");
		machine_restart();
	case LINUX_REBOOT_CMD_HALT:
		printk_at(LEVEL_EMERG, "reboot: System halted\n");
		machine_halt();
	case LINUX_REBOOT_CMD_POWER_OFF:
		printk_at(LEVEL_EMERG, "reboot: Power down\n");
		machine_power_off();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	}
	return -EINVAL;
}

long sys_getrandom(void *buf, size_t bytes, unsigned int flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	bytes = min(bytes, 0x7ffff000UL);
	while (done < bytes) {
		size_t part = min(bytes - done, sizeof(chunk));

		get_random_bytes(chunk, part);
		part -= copy_to_user((char *)buf + done, chunk, part);
		if (!part)
			return done ? (long)done : -EFAULT;
		done += part;
		if (signal_pending(current) && done < bytes)
			break;
		cond_resched();
	}
	return done;
}

/* A private barrier works for those alone who asked for it beforehand by @registration. */
static long private_membarrier(struct mm_struct *mm, unsigned long registration)
{
	if (!(READ_ONCE(mm->membarrier) & registration))
		return -EPERM;
	membarrier_mm(mm);
	return 0;
}

#define MEMBARRIER_CMDS	0x7f	/* what the query answers: all but those for rseq */

/* A global barrier interrupts every processor, so nobody's registration for it matters. */
long sys_membarrier(int cmd, unsigned int flags, int cpu)
{
	struct mm_struct *mm = current->mm;

	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_CMDS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		synchronize_processors();
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return private_membarrier(mm, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return private_membarrier(mm, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		set_bit_atomic(__builtin_ctz(cmd), &mm->membarrier);
		return 0;
	}
	return -EINVAL;
}

/* ---- settings ---- */

static long set_task_name(const char *uname)
{
	char name[TASK_COMM_LEN] = "";
	ssize_t len = strncpy_from_user(name, uname, sizeof(name) - 1);

	if (len < 0)
		return len;
	strlcpy(current->comm, name, sizeof(current->comm));
	return 0;
}

static long get_task_name(char *uname)
{
	char name[TASK_COMM_LEN] = "";

	strlcpy(name, current->comm, sizeof(name));
	return copy_to_user(uname, name, sizeof(name)) ? -EFAULT : 0;
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	struct task_struct *task = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (arg2 > NSIG)
			return -EINVAL;
		task->group_leader->pdeath_signal = arg2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user(task->group_leader->pdeath_signal, (int *)arg2);
	case PR_GET_DUMPABLE:
		return task->signal->dumpable;
	case PR_SET_DUMPABLE:
		if (arg2 > 1)
			return -EINVAL;
		task->signal->dumpable = arg2;
		return 0;
	case PR_SET_NAME:
		return set_task_name((const char *)arg2);
	case PR_GET_NAME:
		return get_task_name((char *)arg2);
	case PR_GET_KEEPCAPS:
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
	case PR_GET_THP_DISABLE:
		return 0;
	case PR_SET_KEEPCAPS:
		return arg2 > 1 ? -EINVAL : 0;
	case PR_SET_THP_DISABLE:
		return arg3 || arg4 || arg5 ? -EINVAL : 0;
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST_CAP ? -EINVAL : 1;
	case PR_CAPBSET_DROP:
		return !capable() ? -EPERM : arg2 > CAP_LAST_CAP ? -EINVAL : 0;
	case PR_GET_TSC:
		return put_user(1, (int *)arg2);	/* PR_TSC_ENABLE */
	case PR_SET_TIMERSLACK:
		task->timer_slack_ns = arg2 ? arg2 : 50000;
		return 0;
	case PR_GET_TIMERSLACK:
		return task->timer_slack_ns ? task->timer_slack_ns : 50000;
	case PR_SET_CHILD_SUBREAPER:
		task->signal->subreaper = arg2;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)task->signal->subreaper, (int *)arg2);
	case PR_SET_NO_NEW_PRIVS:
		if (arg2 != 1 || arg3 || arg4 || arg5)
			return -EINVAL;
		task->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : task->no_new_privs;
	case PR_GET_TID_ADDRESS:
		return put_user(task->clear_child_tid, (int **)arg2);
	}
	return -EINVAL;
}

long sys_arch_prctl(int code, unsigned long addr)
{
	return do_arch_prctl(code, addr);
}

/* One personality only, and one flag of it, which asks for what is so anyhow: nothing is placed at
 * random here. It is remembered, as debuggers and sanitizers look whether they have set it. */
long sys_personality(unsigned int persona)
{
	unsigned int old = current->personality;

	if (persona != 0xffffffffu) {
		if ((persona & ~ADDR_NO_RANDOMIZE) != PER_LINUX)
			return -EINVAL;
		current->personality = persona;
	}
	return old;
}
