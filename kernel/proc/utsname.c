/* utsname.c - the system's names. Programs ask for "Linux", whose ABI this is; our own name is in
 * the version. The release is above 3.2, which static programs insist on.
 * Locks:  uts_lock guards the two names that can be changed. */
#include <proc/utsname.h>

#include <lib/string.h>
#include <proc/cred.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

static DEFINE_SPINLOCK(uts_lock, RANK_NONE);
static struct new_utsname system_names = {	/* [uts_lock] */
	.sysname = "Linux",
	.nodename = "avocet",
	.release = "6.1.0-avocet",
	.version = "#1 SMP Avocet",
	.machine = "x86_64",
	.domainname = "(none)",
};

void get_utsname(struct new_utsname *uts)
{
	spin_lock(&uts_lock);
	*uts = system_names;
	spin_unlock(&uts_lock);
}

static int set_name(char *field, const char *name, size_t bytes)
{
	if (!capable())
		return -EPERM;
	if (bytes >= sizeof(system_names.nodename))
		return -EINVAL;
	spin_lock(&uts_lock);
	memset(field, 0, sizeof(system_names.nodename));
	memcpy(field, name, bytes);
	spin_unlock(&uts_lock);
	return 0;
}

int set_nodename(const char *name, size_t bytes)
{
	return set_name(system_names.nodename, name, bytes);
}

int set_domainname(const char *name, size_t bytes)
{
	return set_name(system_names.domainname, name, bytes);
}
