/* shm.h - System V shared memory: numbers and layouts of the user ABI. */
#ifndef UAPI_SHM_H
#define UAPI_SHM_H

#include <lib/types.h>

#define IPC_PRIVATE	0

#define IPC_CREAT	01000
#define IPC_EXCL	02000
#define SHM_HUGETLB	04000
#define SHM_NORESERVE	010000

#define IPC_RMID	0
#define IPC_SET		1
#define IPC_STAT	2
#define IPC_INFO	3
#define SHM_LOCK	11
#define SHM_UNLOCK	12
#define SHM_STAT	13
#define SHM_INFO	14
#define SHM_STAT_ANY	15

#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000
#define SHM_EXEC	0100000

#define SHM_DEST	01000	/* in mode: gone with the last one who has it attached */
#define SHM_LOCKED	02000	/* in mode: its pages stay in memory */

#define SHMMNI		4096			/* segments */
#define SHMMIN		1
#define SHMMAX		(~0UL - (1UL << 24))	/* bytes of one */

struct ipc64_perm {
	int		key;
	u32		uid, gid, cuid, cgid;
	u32		mode;
	u16		seq;
	u16		pad;
	unsigned long	unused[2];
};

struct shmid64_ds {
	struct ipc64_perm	shm_perm;
	unsigned long		shm_segsz;
	long			shm_atime, shm_dtime, shm_ctime;
	int			shm_cpid, shm_lpid;
	unsigned long		shm_nattch;
	unsigned long		unused[2];
};

struct shminfo64 {
	unsigned long	shmmax, shmmin, shmmni, shmseg, shmall;
	unsigned long	unused[4];
};

struct shm_info {
	int		used_ids;
	unsigned long	shm_tot, shm_rss, shm_swp;	/* pages */
	unsigned long	swap_attempts, swap_successes;
};

#endif
