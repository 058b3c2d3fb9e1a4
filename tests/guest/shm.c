/* shm.c - System V shared memory: keys, ids, attachments, and when a segment goes. */
#include "tap.h"
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>

#define KEY	0x4156

static long attached(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) ? -1 : (long)ds.shm_nattch;
}

static void keys(void)
{
	int id = shmget(KEY, 3 * PAGE, IPC_CREAT | 0600), other;

	ok(id >= 0, "a segment is made");
	is(shmget(KEY, PAGE, 0600), id, "and found by its key");
	fails(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "IPC_EXCL wants a new one");
	fails(shmget(KEY, 4 * PAGE, 0600), EINVAL, "a larger one than it is is EINVAL");
	fails(shmget(KEY + 1, PAGE, 0600), ENOENT, "another key is ENOENT");
	fails(shmget(KEY + 1, 0, IPC_CREAT | 0600), EINVAL, "a segment of 0 bytes is EINVAL");
	other = shmget(IPC_PRIVATE, PAGE, 0600);
	ok(other >= 0 && other != id, "IPC_PRIVATE is always a new one");
	is(shmctl(other, IPC_RMID, NULL), 0, "a segment is removed");
	fails(shmctl(other, IPC_RMID, NULL), EINVAL, "and its id is not valid any more");
	is(shmctl(id, IPC_RMID, NULL), 0, "the other one, too");
	fails(shmget(KEY, PAGE, 0600), ENOENT, "and its key is free");
}

static int child_writes(void *arg)
{
	char *p = arg;

	if (p[0] != 'p')
		return 1;
	p[PAGE] = 'c';
	return 0;
}

static int child_attaches(void *arg)
{
	char *p = shmat((int)(intptr_t)arg, NULL, SHM_RDONLY);

	return p != (char *)-1 && p[0] == 'p' && fault_of(WRITE, p).sig == SIGSEGV ? 0 : 1;
}

static void attachments(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
	char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, 0);
	struct shmid_ds ds;
	struct vma v;

	ok(p != (char *)-1 && q != (char *)-1 && p != q, "a segment is attached twice");
	is(attached(id), 2, "which is counted");
	p[0] = 'p';
	is(q[0], 'p', "both are the same memory");
	is(p[2 * PAGE], 0, "which is zero at first");
	ok(vma_in(p, p + 1, 0, &v) && strstr(v.name, "SYSV00000000"), "maps has its key");
	child_ok(child_writes, p, "a child inherits it");
	is(p[PAGE], 'c', "and shares it");
	child_ok(child_attaches, (void *)(intptr_t)id, "or attaches it to read only");
	is(attached(id), 2, "what children had is gone with them");
	must(shmctl(id, IPC_STAT, &ds) == 0);
	ok(ds.shm_segsz == 3 * PAGE && ds.shm_cpid == getpid() && ds.shm_perm.mode == 0600 &&
	   ds.shm_atime >= ds.shm_ctime, "IPC_STAT tells size, maker, mode and times");
	is(shmdt(q), 0, "it is detached");
	is(attached(id), 1, "which is counted, too");
	fails(shmdt(q), EINVAL, "once");
	fails(shmdt(p + 1), EINVAL, "not at an odd place");
	must(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	is(vmas_in(p, p + 3 * PAGE), 3, "an attachment in pieces");
	is(shmdt(p), 0, "is detached");
	is(vmas_in(p, p + 3 * PAGE), 0, "as a whole");
	is(attached(id), 0, "nobody has it now");
	p = shmat(id, NULL, 0);
	ok(p[0] == 'p' && p[PAGE] == 'c', "its bytes are still there");
	shmdt(p);
	shmctl(id, IPC_RMID, NULL);
}

static void places(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	char *hole = free_range(4 * PAGE), *p;

	is((long)shmat(id, hole, 0), (long)hole, "it is attached where one wants it");
	fails(shmat(id, hole, 0), EINVAL, "not over something else");
	is((long)shmat(id, hole, SHM_REMAP), (long)hole, "except with SHM_REMAP");
	fails(shmat(id, hole + PAGE + 8, 0), EINVAL, "an address between pages is EINVAL");
	p = shmat(id, hole + PAGE + 8, SHM_RND);
	is((long)p, (long)(hole + PAGE), "SHM_RND rounds it down");
	fails(shmat(id, NULL, SHM_REMAP), EINVAL, "SHM_REMAP of nowhere is EINVAL");
	fails(shmat(-1, NULL, 0), EINVAL, "no id is EINVAL");
	shmdt(hole);
	shmdt(p);
	shmctl(id, IPC_RMID, NULL);
}

static int attach_removed(void *arg)
{
	char *p = shmat((int)(intptr_t)arg, NULL, 0);

	return p != (char *)-1 && p[0] == 'r' ? 0 : 1;
}

static void removal(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0600), again;
	char *p = shmat(id, NULL, 0);
	struct shmid_ds ds;

	p[0] = 'r';
	is(shmctl(id, IPC_RMID, NULL), 0, "an attached segment can be removed");
	is(p[0], 'r', "its memory stays");
	must(shmctl(id, IPC_STAT, &ds) == 0);
	ok(ds.shm_perm.mode & 01000, "SHM_DEST says what it waits for");
	child_ok(attach_removed, (void *)(intptr_t)id, "its id can still be attached");
	again = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	ok(again >= 0 && again != id, "its key is free");
	shmctl(again, IPC_RMID, NULL);
	is(shmdt(p), 0, "with the last one who has it");
	fails(shmctl(id, IPC_STAT, &ds), EINVAL, "it is gone");
}

static int others_segment(void *arg)
{
	int id = (int)(intptr_t)arg;
	struct shmid_ds ds;

	if (setgid(1000) || setuid(1000))
		return 1;
	if (shmat(id, NULL, 0) != (void *)-1 || errno != EACCES)
		return 2;
	if (shmctl(id, IPC_RMID, NULL) != -1 || errno != EPERM)
		return 3;
	return shmctl(id, IPC_STAT, &ds) == -1 && errno == EACCES ? 0 : 4;
}

static int allowed_by_now(void *arg)
{
	if (setgid(1000) || setuid(1000))
		return 1;
	return shmat((int)(intptr_t)arg, NULL, 0) != (void *)-1 ? 0 : 2;
}

static void rights(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	struct shmid_ds ds;

	child_ok(others_segment, (void *)(intptr_t)id, "other users may not");
	must(shmctl(id, IPC_STAT, &ds) == 0);
	ds.shm_perm.uid = 1000;
	is(shmctl(id, IPC_SET, &ds), 0, "IPC_SET gives it away");
	child_ok(allowed_by_now, (void *)(intptr_t)id, "its new owner may");
	shmctl(id, IPC_RMID, NULL);
}

/* ---- locking ---- */

static unsigned int mode_of(int id)
{
	struct shmid_ds ds;

	must(shmctl(id, IPC_STAT, &ds) == 0);
	return ds.shm_perm.mode;
}

static bool refused(int id, int cmd, int err)
{
	return shmctl(id, cmd, NULL) == -1 && errno == err;
}

static void limit_locked(size_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	must(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
}

/* As a user with a limit of three pages. */
static int user_locks(void *arg)
{
	int root = *(int *)arg, two, more;

	limit_locked(3 * PAGE);
	if (setgid(1000) || setuid(1000))
		return 1;
	two = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	more = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	if (!refused(root, SHM_LOCK, EPERM) || !refused(root, SHM_UNLOCK, EPERM))
		return 2;
	if (shmctl(two, SHM_LOCK, NULL) || shmctl(two, SHM_LOCK, NULL))
		return 3;
	if (!refused(more, SHM_LOCK, ENOMEM))
		return 4;
	if (shmctl(two, SHM_UNLOCK, NULL) || shmctl(more, SHM_LOCK, NULL))
		return 5;
	limit_locked(0);
	if (!refused(two, SHM_LOCK, EPERM) || shmctl(more, SHM_UNLOCK, NULL))
		return 6;
	return shmctl(two, IPC_RMID, NULL) || shmctl(more, IPC_RMID, NULL);
}

static void locking(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0666);

	is(shmctl(id, SHM_LOCK, NULL), 0, "a segment can be locked in memory");
	is(mode_of(id), 0666 | SHM_LOCKED, "its mode says so");
	is(shmctl(id, SHM_LOCK, NULL), 0, "twice, too");
	is(shmctl(id, SHM_UNLOCK, NULL), 0, "and unlocked");
	is(mode_of(id), 0666, "its mode is as before");
	fails(shmctl(0x7fff0000, SHM_LOCK, NULL), EINVAL, "a segment that is not there cannot");
	child_ok(user_locks, &id, "a user may lock his own, up to his limit");
	shmctl(id, IPC_RMID, NULL);
}

static void totals(void)
{
	struct shminfo limits;
	struct shm_info info;
	int id, highest;

	id = shmget(IPC_PRIVATE, 5 * PAGE, 0600);
	highest = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
	ok(highest >= 0 && info.used_ids == 1 && info.shm_tot == 5,
	   "SHM_INFO counts segments and pages");
	ok(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) == highest && limits.shmmni == 4096,
	   "IPC_INFO tells the limits");
	{
		struct shmid_ds ds;

		is(shmctl(highest, SHM_STAT, &ds), id, "SHM_STAT goes by the place in the table");
	}
	shmctl(id, IPC_RMID, NULL);
}

static void body(void)
{
	keys();
	attachments();
	places();
	removal();
	rights();
	locking();
	totals();
}

int main(void)
{
	return tap_run(body, 10);
}
