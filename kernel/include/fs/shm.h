/* shm.h - System V shared memory. */
#ifndef FS_SHM_H
#define FS_SHM_H

#include <lib/types.h>

struct shmid64_ds;
struct shminfo64;
struct shm_info;

/* All take current's rights into account; ids and addresses, or errno as on Linux. */
int shm_get(int key, size_t bytes, int flags);
long shm_attach(int id, unsigned long addr, int flags);
int shm_detach(unsigned long addr);

int shm_remove(int id);
int shm_set(int id, u32 uid, u32 gid, u32 mode);
/* Its pages stay in memory, or may leave again: 0, -EINVAL, -EPERM, -ENOMEM. */
int shm_set_locked(int id, bool lock);
/* @by_index: @id is a place in the table, as ipcs counts through it; the segment's id is returned.
 * @any: without asking for the right to read. */
int shm_stat(int id, bool by_index, bool any, struct shmid64_ds *ds);
/* Returns the highest place in the table that is taken. */
int shm_limits(struct shminfo64 *info);
int shm_totals(struct shm_info *info);

#endif
