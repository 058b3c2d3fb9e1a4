/* cred.c - system calls about identities. Each thread has its own; root (effective user 0) may do
 * everything, and capabilities are just a way of saying so.
 * Holds:  only the thread itself changes its cred; others read single words of it. */
#include <syscall/proc.h>

#include <asm/uaccess.h>
#include <lib/string.h>
#include <proc/cred.h>
#include <uapi/errno.h>
#include <uapi/system.h>

#define UNCHANGED	(~0u)

long sys_getuid(void)
{
	return current->cred.uid;
}

long sys_geteuid(void)
{
	return current->cred.euid;
}

long sys_getgid(void)
{
	return current->cred.gid;
}

long sys_getegid(void)
{
	return current->cred.egid;
}

/* @id is one of the three that a user may always take. */
static bool own_uid(u32 id)
{
	const struct cred *cred = &current->cred;

	return id == cred->uid || id == cred->euid || id == cred->suid;
}

static bool own_gid(u32 id)
{
	const struct cred *cred = &current->cred;

	return id == cred->gid || id == cred->egid || id == cred->sgid;
}

long sys_setuid(u32 uid)
{
	struct cred *cred = &current->cred;

	if (uid == UNCHANGED)
		return -EINVAL;
	if (capable())
		cred->uid = cred->suid = uid;
	else if (uid != cred->uid && uid != cred->suid)
		return -EPERM;
	cred->euid = cred->fsuid = uid;
	return 0;
}

long sys_setgid(u32 gid)
{
	struct cred *cred = &current->cred;

	if (gid == UNCHANGED)
		return -EINVAL;
	if (capable())
		cred->gid = cred->sgid = gid;
	else if (gid != cred->gid && gid != cred->sgid)
		return -EPERM;
	cred->egid = cred->fsgid = gid;
	return 0;
}

long sys_setreuid(u32 ruid, u32 euid)
{
	struct cred *cred = &current->cred;
	u32 old = cred->uid;

	if (ruid != UNCHANGED && !capable() && ruid != cred->uid && ruid != cred->euid)
		return -EPERM;
	if (euid != UNCHANGED && !capable() && !own_uid(euid))
		return -EPERM;
	if (ruid != UNCHANGED)
		cred->uid = ruid;
	if (euid != UNCHANGED)
		cred->euid = euid;
	if (ruid != UNCHANGED || (euid != UNCHANGED && euid != old))
		cred->suid = cred->euid;
	cred->fsuid = cred->euid;
	return 0;
}

long sys_setregid(u32 rgid, u32 egid)
{
	struct cred *cred = &current->cred;
	u32 old = cred->gid;

	if (rgid != UNCHANGED && !capable() && rgid != cred->gid && rgid != cred->egid)
		return -EPERM;
	if (egid != UNCHANGED && !capable() && !own_gid(egid))
		return -EPERM;
	if (rgid != UNCHANGED)
		cred->gid = rgid;
	if (egid != UNCHANGED)
		cred->egid = egid;
	if (rgid != UNCHANGED || (egid != UNCHANGED && egid != old))
		cred->sgid = cred->egid;
	cred->fsgid = cred->egid;
	return 0;
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	struct cred *cred = &current->cred;

	if (!capable() && ((ruid != UNCHANGED && !own_uid(ruid)) ||
			   (euid != UNCHANGED && !own_uid(euid)) ||
			   (suid != UNCHANGED && !own_uid(suid))))
		return -EPERM;
	if (ruid != UNCHANGED)
		cred->uid = ruid;
	if (suid != UNCHANGED)
		cred->suid = suid;
	if (euid != UNCHANGED)
		cred->euid = euid;
	cred->fsuid = cred->euid;
	return 0;
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	struct cred *cred = &current->cred;

	if (!capable() && ((rgid != UNCHANGED && !own_gid(rgid)) ||
			   (egid != UNCHANGED && !own_gid(egid)) ||
			   (sgid != UNCHANGED && !own_gid(sgid))))
		return -EPERM;
	if (rgid != UNCHANGED)
		cred->gid = rgid;
	if (sgid != UNCHANGED)
		cred->sgid = sgid;
	if (egid != UNCHANGED)
		cred->egid = egid;
	cred->fsgid = cred->egid;
	return 0;
}

long sys_getresuid(u32 *ruid, u32 *euid, u32 *suid)
{
	const struct cred *cred = &current->cred;

	return put_user(cred->uid, ruid) || put_user(cred->euid, euid) || put_user(cred->suid, suid)
		       ? -EFAULT
		       : 0;
}

long sys_getresgid(u32 *rgid, u32 *egid, u32 *sgid)
{
	const struct cred *cred = &current->cred;

	return put_user(cred->gid, rgid) || put_user(cred->egid, egid) || put_user(cred->sgid, sgid)
		       ? -EFAULT
		       : 0;
}

/* These two answer the old value, whether or not they changed it. */
long sys_setfsuid(u32 uid)
{
	struct cred *cred = &current->cred;
	u32 old = cred->fsuid;

	if (uid != UNCHANGED && (capable() || own_uid(uid) || uid == old))
		cred->fsuid = uid;
	return old;
}

long sys_setfsgid(u32 gid)
{
	struct cred *cred = &current->cred;
	u32 old = cred->fsgid;

	if (gid != UNCHANGED && (capable() || own_gid(gid) || gid == old))
		cred->fsgid = gid;
	return old;
}

long sys_getgroups(int size, u32 *list)
{
	const struct cred *cred = &current->cred;

	if (size < 0)
		return -EINVAL;
	if (size) {
		if ((u32)size < cred->ngroups)
			return -EINVAL;
		if (copy_to_user(list, cred->groups, cred->ngroups * sizeof(u32)))
			return -EFAULT;
	}
	return cred->ngroups;
}

long sys_setgroups(int size, const u32 *list)
{
	struct cred *cred = &current->cred;
	u32 groups[ARRAY_SIZE(cred->groups)];

	if (!capable())
		return -EPERM;
	if ((unsigned int)size > ARRAY_SIZE(groups))
		return -EINVAL;
	if (copy_from_user(groups, list, size * sizeof(u32)))
		return -EFAULT;
	memcpy(cred->groups, groups, size * sizeof(u32));
	cred->ngroups = size;
	return 0;
}

/* ---- capabilities ---- */

/* How many structures the header's version means; -EINVAL with the version that we like best. */
static int cap_structs(struct cap_user_header *header, int *pid)
{
	struct cap_user_header h;

	if (copy_from_user(&h, header, sizeof(h)))
		return -EFAULT;
	*pid = h.pid;
	switch (h.version) {
	case LINUX_CAPABILITY_VERSION_1:
		return 1;
	case LINUX_CAPABILITY_VERSION_2:
	case LINUX_CAPABILITY_VERSION_3:
		return 2;
	}
	return put_user(LINUX_CAPABILITY_VERSION_3, &header->version) ? -EFAULT : -EINVAL;
}

static u64 caps_of(const struct task_struct *task)
{
	return task->cred.euid ? 0 : BIT(CAP_LAST_CAP + 1) - 1;
}

long sys_capget(struct cap_user_header *header, struct cap_user_data *data)
{
	struct cap_user_data out[2] = { 0 };
	struct task_struct *task = current;
	int pid, n = cap_structs(header, &pid), i;
	u64 caps;

	/* Asking for the version only. */
	if (n == -EINVAL && !data)
		return 0;
	if (n < 0)
		return n;
	if (pid < 0)
		return -EINVAL;
	if (pid)
		task = find_get_task(pid);
	if (!task)
		return -ESRCH;
	caps = caps_of(task);
	if (pid)
		put_task(task);
	for (i = 0; i < n; i++, caps >>= 32)
		out[i].effective = out[i].permitted = (u32)caps;
	if (!data)
		return 0;
	return copy_to_user(data, out, n * sizeof(out[0])) ? -EFAULT : 0;
}

/* Rights go with the user here: giving some up is accepted, and changes nothing. */
long sys_capset(struct cap_user_header *header, const struct cap_user_data *data)
{
	struct cap_user_data in[2] = { 0 };
	int pid, n = cap_structs(header, &pid);
	u64 want, have = caps_of(current);

	if (n < 0)
		return n;
	if (pid && pid != current->pid)
		return -EPERM;
	if (copy_from_user(in, data, n * sizeof(in[0])))
		return -EFAULT;
	want = in[0].permitted | (u64)in[1].permitted << 32;
	want &= BIT(CAP_LAST_CAP + 1) - 1;
	return want & ~have ? -EPERM : 0;
}
