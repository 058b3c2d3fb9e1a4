/* shm.c - shmget, shmat, shmdt and the commands of shmctl.
 * Read:   kernel/fs/shm.c. */
#include <syscall/mm.h>

#include <asm/uaccess.h>
#include <fs/shm.h>
#include <uapi/errno.h>
#include <uapi/shm.h>

long sys_shmget(int key, size_t bytes, int flags)
{
	return shm_get(key, bytes, flags);
}

long sys_shmat(int id, unsigned long addr, int flags)
{
	return shm_attach(id, addr, flags);
}

long sys_shmdt(unsigned long addr)
{
	return shm_detach(addr);
}

static long stat_to_user(int id, int cmd, void *user)
{
	struct shmid64_ds ds;
	int ret = shm_stat(id, cmd != IPC_STAT, cmd == SHM_STAT_ANY, &ds);

	if (ret < 0)
		return ret;
	return copy_to_user(user, &ds, sizeof(ds)) ? -EFAULT : ret;
}

static long set_from_user(int id, const void *user)
{
	struct shmid64_ds ds;

	if (copy_from_user(&ds, user, sizeof(ds)))
		return -EFAULT;
	return shm_set(id, ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode);
}

long sys_shmctl(int id, int cmd, void *user)
{
	struct shminfo64 limits;
	struct shm_info totals;
	int highest;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		highest = shm_limits(&limits);
		return copy_to_user(user, &limits, sizeof(limits)) ? -EFAULT : highest;
	case SHM_INFO:
		highest = shm_totals(&totals);
		return copy_to_user(user, &totals, sizeof(totals)) ? -EFAULT : highest;
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat_to_user(id, cmd, user);
	case IPC_SET:
		return set_from_user(id, user);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shm_set_locked(id, cmd == SHM_LOCK);
	case IPC_RMID:
		return shm_remove(id);
	default:
		return -EINVAL;
	}
}
