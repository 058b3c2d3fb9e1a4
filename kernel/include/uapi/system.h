/* system.h - uname, sysinfo, reboot and capabilities. */
#ifndef UAPI_SYSTEM_H
#define UAPI_SYSTEM_H

#include <lib/types.h>

struct new_utsname {
	char	sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

struct sysinfo {
	long		uptime;		/* seconds */
	unsigned long	loads[3];	/* in units of 1 / 65536 */
	unsigned long	totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	unsigned short	procs, pad;
	unsigned long	totalhigh, freehigh;
	unsigned int	mem_unit;
};

#define LINUX_REBOOT_MAGIC1	0xfee1deadu
#define LINUX_REBOOT_MAGIC2	672274793u
#define LINUX_REBOOT_MAGIC2A	85072278u
#define LINUX_REBOOT_MAGIC2B	369367448u
#define LINUX_REBOOT_MAGIC2C	537993216u
#define LINUX_REBOOT_CMD_RESTART	0x01234567u
#define LINUX_REBOOT_CMD_HALT		0xcdef0123u
#define LINUX_REBOOT_CMD_CAD_ON		0x89abcdefu
#define LINUX_REBOOT_CMD_CAD_OFF	0x00000000u
#define LINUX_REBOOT_CMD_POWER_OFF	0x4321fedcu
#define LINUX_REBOOT_CMD_RESTART2	0xa1b2c3d4u

#define LINUX_CAPABILITY_VERSION_1	0x19980330u
#define LINUX_CAPABILITY_VERSION_2	0x20071026u
#define LINUX_CAPABILITY_VERSION_3	0x20080522u
#define CAP_LAST_CAP			40

struct cap_user_header {
	u32	version;
	int	pid;
};

struct cap_user_data {
	u32	effective, permitted, inheritable;
};

#define GRND_NONBLOCK	1u
#define GRND_RANDOM	2u
#define GRND_INSECURE	4u

BUILD_ASSERT(sizeof(struct sysinfo) == 112);

#endif
