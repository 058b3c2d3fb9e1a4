/* shm.c - System V shared memory: files in memory that have a number and a key instead of a name.
 * Holds:  a segment is in the table until it has been removed and nobody has it attached. Each
 *         shmat opens the segment's memory once more, as a file that only mappings hold: copied
 *         by fork, let go by shmdt, exec and exit like any other; with its last reference the
 *         attachment ends. How many areas there are now is counted in the reverse map.
 * Locks:  shm_lock for the table and the segments' fields. Files are opened, mapped and closed
 *         without it.
 * Read:   tmpfs.c for the memory; kernel/syscall/shm.c for the decoding. */
#include <fs/shm.h>

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/internal.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/filemap.h>
#include <mm/mlock.h>
#include <mm/mm.h>
#include <mm/overcommit.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <proc/cred.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>
#include <uapi/resource.h>
#include <uapi/shm.h>
#include <uapi/time.h>

#define ID_SHIFT	15		/* of the sequence number, above the place in the table */
#define SEQ_MASK	0xffff

struct shm_segment {
	int			id;		/* [c] */
	struct file		*file;		/* [c] its memory; ours */
	unsigned int		users;		/* [shm_lock] attachments, and calls at work */
	bool			removed;	/* [shm_lock] goes with the last user */
	u32			locker;		/* [shm_lock] whose limit SHM_LOCKED counts for */
	struct shmid64_ds	ds;		/* [shm_lock] but for shm_nattch */
};

static DEFINE_SPINLOCK(shm_lock, RANK_FILES);
static struct shm_segment *segments[SHMMNI];	/* [shm_lock] by place */
static unsigned int last_index = SHMMNI - 1;	/* [shm_lock] the place taken last */
static unsigned int sequence = ~0u;		/* [shm_lock] grows when places start anew */

static long now_seconds(void)
{
	return ktime_get_real() / NSEC_PER_SEC;
}

/* ---- rights ---- */

/* current may use @seg as @wanted says, in the place of the owner's bits: 0400 and 0200. */
static int shm_permission(const struct shm_segment *seg, unsigned int wanted)
{
	const struct ipc64_perm *perm = &seg->ds.shm_perm;
	const struct cred *me = &current->cred;
	unsigned int granted = perm->mode, i;

	wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
	if (me->euid == perm->uid || me->euid == perm->cuid) {
		granted >>= 6;
	} else {
		bool member = me->egid == perm->gid || me->egid == perm->cgid;

		for (i = 0; i < me->ngroups; i++)
			member |= me->groups[i] == perm->gid || me->groups[i] == perm->cgid;
		if (member)
			granted >>= 3;
	}
	return (wanted & ~granted) && !capable() ? -EACCES : 0;
}

static bool shm_owner(const struct shm_segment *seg)
{
	u32 me = current->cred.euid;

	return capable() || me == seg->ds.shm_perm.uid || me == seg->ds.shm_perm.cuid;
}

/* ---- the table ---- */

/* shm_lock held. ERR_PTR(-EINVAL: no such id, or its place has another one now). */
static struct shm_segment *find_id(int id)
{
	unsigned int index = id & ((1 << ID_SHIFT) - 1);
	struct shm_segment *seg;

	if (id < 0 || index >= SHMMNI || !segments[index])
		return ERR_PTR(-EINVAL);
	seg = segments[index];
	return seg->id == id ? seg : ERR_PTR(-EINVAL);
}

/* The same for who may change it. ERR_PTR(-EPERM: not the caller). */
static struct shm_segment *find_own(int id)
{
	struct shm_segment *seg = find_id(id);

	return IS_ERR(seg) || shm_owner(seg) ? seg : ERR_PTR(-EPERM);
}

/* The segment with this key, or NULL. Removed ones have none. shm_lock held. */
static struct shm_segment *find_key(int key)
{
	unsigned int i;

	for (i = 0; i < SHMMNI; i++)
		if (segments[i] && !segments[i]->removed && segments[i]->ds.shm_perm.key == key)
			return segments[i];
	return NULL;
}

/* A place and an id for @seg: places are used in turn, so that an id comes back late. shm_lock
 * held. 0 or -ENOSPC. */
static int enter(struct shm_segment *seg)
{
	unsigned int i, index;

	for (i = 1; i <= SHMMNI; i++) {
		index = (last_index + i) % SHMMNI;
		if (segments[index])
			continue;
		if (index <= last_index)
			sequence = (sequence + 1) & SEQ_MASK;
		last_index = index;
		segments[index] = seg;
		seg->ds.shm_perm.seq = sequence;
		seg->id = (int)(sequence << ID_SHIFT | index);
		return 0;
	}
	return -ENOSPC;
}

/* One user less. The segment is taken out if it was the last of a removed one: true, and the caller
 * frees it without the lock. shm_lock held. */
static bool drop_user(struct shm_segment *seg)
{
	seg->users--;
	if (seg->users || !seg->removed)
		return false;
	segments[seg->id & ((1 << ID_SHIFT) - 1)] = NULL;
	return true;
}

static void free_segment(struct shm_segment *seg)
{
	fput(seg->file);
	kfree(seg);
}

/* The segment, with one user more. @wanted: rights to have. ERR_PTR. */
static struct shm_segment *get_segment(int id, unsigned int wanted)
{
	struct shm_segment *seg;
	int err;

	spin_lock(&shm_lock);
	seg = find_id(id);
	if (!IS_ERR(seg)) {
		err = shm_permission(seg, wanted);
		if (err)
			seg = ERR_PTR(err);
		else
			seg->users++;
	}
	spin_unlock(&shm_lock);
	return seg;
}

static void put_segment(struct shm_segment *seg)
{
	bool last;

	spin_lock(&shm_lock);
	last = drop_user(seg);
	spin_unlock(&shm_lock);
	if (last)
		free_segment(seg);
}

/* ---- shmget ---- */

static struct shm_segment *new_segment(int key, size_t bytes, int flags)
{
	struct shm_segment *seg;
	struct ipc64_perm *perm;
	char name[16];

	if (bytes < SHMMIN || bytes > SHMMAX)
		return ERR_PTR(-EINVAL);
	if ((loff_t)bytes > 0 && bytes >> PAGE_SHIFT > totalram_pages)
		return ERR_PTR(-ENOMEM);
	seg = kzalloc(sizeof(*seg), GFP_KERNEL);
	if (!seg)
		return ERR_PTR(-ENOMEM);
	snprintf(name, sizeof(name), "SYSV%08x", key);
	seg->file = shmem_file_setup(name, bytes,
				     !(flags & SHM_NORESERVE) ||
				     READ_ONCE(vm_overcommit_memory) == OVERCOMMIT_NEVER);
	if (IS_ERR(seg->file)) {
		int err = PTR_ERR(seg->file);

		kfree(seg);
		return ERR_PTR(err);
	}
	perm = &seg->ds.shm_perm;
	perm->key = key;
	perm->uid = perm->cuid = current->cred.euid;
	perm->gid = perm->cgid = current->cred.egid;
	perm->mode = flags & 0777;
	seg->ds.shm_segsz = bytes;
	seg->ds.shm_ctime = now_seconds();
	seg->ds.shm_cpid = current->tgid;
	return seg;
}

/* What shmget says to a segment that is there. shm_lock held. */
static int open_existing(const struct shm_segment *seg, size_t bytes, int flags)
{
	int err;

	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (bytes > seg->ds.shm_segsz)
		return -EINVAL;
	err = shm_permission(seg, flags & 0777);
	return err ? err : seg->id;
}

int shm_get(int key, size_t bytes, int flags)
{
	struct shm_segment *fresh = NULL, *seg = NULL;
	int ret = -ENOENT;

	if (flags & SHM_HUGETLB)
		return -EINVAL;
	/* The new segment is made first: the lock does not allow it later. */
	if (key == IPC_PRIVATE || (flags & IPC_CREAT)) {
		fresh = new_segment(key, bytes, flags);
		ret = PTR_ERR(fresh);
	}
	spin_lock(&shm_lock);
	if (key != IPC_PRIVATE)
		seg = find_key(key);
	if (seg) {
		ret = open_existing(seg, bytes, flags);
	} else if (fresh && !IS_ERR(fresh)) {
		ret = enter(fresh);
		if (!ret) {
			ret = fresh->id;
			fresh = NULL;
		}
	}
	spin_unlock(&shm_lock);
	if (fresh && !IS_ERR(fresh))
		free_segment(fresh);
	return ret;
}

/* ---- attachments ---- */

static int shm_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tmpfs_file_fops.mmap(file, vma);
}

/* The last area of an attachment has gone, or it was never mapped. */
static void shm_file_release(struct inode *inode, struct file *file)
{
	struct shm_segment *seg = file->private_data;

	spin_lock(&shm_lock);
	seg->ds.shm_dtime = now_seconds();
	seg->ds.shm_lpid = current->tgid;
	spin_unlock(&shm_lock);
	put_segment(seg);
}

static const struct file_operations shm_file_fops = {
	.mmap		= shm_file_mmap,
	.release	= shm_file_release,
};

/* One more file over the memory of @seg, whose user reference goes to it. ERR_PTR. */
static struct file *open_attachment(struct shm_segment *seg, int flags)
{
	struct file *file = alloc_file(&seg->file->f_path,
				       (flags & SHM_RDONLY) ? O_RDONLY : O_RDWR, &shm_file_fops);

	if (IS_ERR(file)) {
		put_segment(seg);
		return file;
	}
	file->private_data = seg;
	file->f_mode |= FMODE_OPENED;
	spin_lock(&shm_lock);
	seg->ds.shm_atime = now_seconds();
	seg->ds.shm_lpid = current->tgid;
	spin_unlock(&shm_lock);
	return file;
}

/* Where to, as mmap wants it. 0 or -EINVAL. */
static int attach_address(unsigned long *addr, int flags)
{
	if (!*addr)
		return (flags & SHM_REMAP) ? -EINVAL : 0;
	if (offset_in_page(*addr)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr &= PAGE_MASK;
		if (!*addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	return 0;
}

long shm_attach(int id, unsigned long addr, int flags)
{
	unsigned long prot = PROT_READ, map = MAP_SHARED;
	unsigned int wanted = 0400;
	struct shm_segment *seg;
	struct file *file;
	long ret;

	if (id < 0)
		return -EINVAL;
	ret = attach_address(&addr, flags);
	if (ret)
		return ret;
	if (addr)
		map |= (flags & SHM_REMAP) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (!(flags & SHM_RDONLY)) {
		prot |= PROT_WRITE;
		wanted |= 0200;
	}
	if (flags & SHM_EXEC) {
		prot |= PROT_EXEC;
		wanted |= 0100;
	}
	seg = get_segment(id, wanted);
	if (IS_ERR(seg))
		return PTR_ERR(seg);
	file = open_attachment(seg, flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = do_mmap(current->mm, file, addr, seg->ds.shm_segsz, prot, map, 0);
	fput(file);
	return ret == -EEXIST ? -EINVAL : ret;
}

/* An area that is page (its start - @addr) of an attachment: of @file, or with NULL of any. Its
 * file with a reference and its bounds; NULL: there is none. */
static struct file *find_attached(unsigned long addr, const struct file *file,
				  unsigned long *start, unsigned long *end)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct file *found = NULL;

	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, addr); vma && !found; vma = vma_next(vma)) {
		if (!vma->vm_file || vma->vm_file->f_op != &shm_file_fops ||
		    (file && vma->vm_file != file) ||
		    (vma->vm_start - addr) >> PAGE_SHIFT != vma->vm_pgoff)
			continue;
		found = get_file(vma->vm_file);
		*start = vma->vm_start;
		*end = vma->vm_end;
	}
	up_read(&mm->mmap_lock);
	return found;
}

/* An attachment may have been cut into areas, and some of them unmapped. */
int shm_detach(unsigned long addr)
{
	struct file *file = NULL, *next;
	unsigned long start, end;
	int err = 0;

	if (offset_in_page(addr))
		return -EINVAL;
	while (!err && (next = find_attached(addr, file, &start, &end)) != NULL) {
		if (file)
			fput(file);
		file = next;
		err = do_munmap(current->mm, start, end - start);
	}
	if (!file)
		return -EINVAL;
	fput(file);
	return err;
}

/* Areas that map the segment. */
static unsigned long count_attached(struct shm_segment *seg)
{
	struct address_space *mapping = seg->file->f_mapping;
	struct interval_tree_node *node;
	unsigned long nr = 0;

	down_read(&mapping->i_mmap_rwsem);
	for (node = interval_tree_iter_first(&mapping->i_mmap, 0, ~0UL); node;
	     node = interval_tree_iter_next(node, 0, ~0UL))
		nr++;
	up_read(&mapping->i_mmap_rwsem);
	return nr;
}

/* ---- shmctl ---- */

int shm_remove(int id)
{
	struct shm_segment *seg;
	int err = 0;

	spin_lock(&shm_lock);
	seg = find_own(id);
	if (IS_ERR(seg)) {
		err = PTR_ERR(seg);
	} else {
		seg->users++;
		seg->removed = true;
		seg->ds.shm_perm.mode |= SHM_DEST;
		seg->ds.shm_perm.key = IPC_PRIVATE;
	}
	spin_unlock(&shm_lock);
	if (!err)
		put_segment(seg);
	return err;
}

int shm_set(int id, u32 uid, u32 gid, u32 mode)
{
	struct shm_segment *seg;
	struct ipc64_perm *perm;
	int err = 0;

	spin_lock(&shm_lock);
	seg = find_own(id);
	if (IS_ERR(seg)) {
		err = PTR_ERR(seg);
	} else if (uid == (u32)-1 || gid == (u32)-1) {
		err = -EINVAL;
	} else {
		perm = &seg->ds.shm_perm;
		perm->uid = uid;
		perm->gid = gid;
		perm->mode = (perm->mode & ~0777u) | (mode & 0777);
		seg->ds.shm_ctime = now_seconds();
	}
	spin_unlock(&shm_lock);
	return err;
}

static unsigned long segment_pages(const struct shm_segment *seg)
{
	return PAGE_ALIGN(seg->ds.shm_segsz) >> PAGE_SHIFT;
}

/* current may lock @seg, too, in memory. shm_lock held. 0, -EPERM or -ENOMEM. */
static int may_lock(const struct shm_segment *seg)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT, pages = segment_pages(seg);
	unsigned int i;

	if (capable())
		return 0;
	if (!rlimit(RLIMIT_MEMLOCK))
		return -EPERM;
	for (i = 0; i < SHMMNI; i++)
		if (segments[i] && (segments[i]->ds.shm_perm.mode & SHM_LOCKED) &&
		    segments[i]->locker == current->cred.uid)
			pages += segment_pages(segments[i]);
	return pages <= limit ? 0 : -ENOMEM;
}

int shm_set_locked(int id, bool lock)
{
	struct shm_segment *seg;
	bool changes = false;
	int err = 0;

	spin_lock(&shm_lock);
	seg = find_own(id);
	if (IS_ERR(seg)) {
		err = PTR_ERR(seg);
	} else if (!(seg->ds.shm_perm.mode & SHM_LOCKED) == lock) {
		err = lock ? may_lock(seg) : 0;
		changes = !err;
	}
	if (changes) {
		seg->ds.shm_perm.mode ^= SHM_LOCKED;
		seg->locker = current->cred.uid;
		WRITE_ONCE(seg->file->f_mapping->unevictable, lock);
		seg->users++;
	}
	spin_unlock(&shm_lock);
	if (changes) {
		if (!lock)
			mapping_make_evictable(seg->file->f_mapping);
		put_segment(seg);
	}
	return err;
}

int shm_stat(int id, bool by_index, bool any, struct shmid64_ds *ds)
{
	struct shm_segment *seg;

	if (by_index) {
		spin_lock(&shm_lock);
		id = id >= 0 && id < SHMMNI && segments[id] ? segments[id]->id : -1;
		spin_unlock(&shm_lock);
	}
	seg = get_segment(id, any ? 0 : 0400);
	if (IS_ERR(seg))
		return PTR_ERR(seg);
	spin_lock(&shm_lock);
	*ds = seg->ds;
	spin_unlock(&shm_lock);
	ds->shm_nattch = count_attached(seg);
	put_segment(seg);
	return by_index ? id : 0;
}

/* The highest place taken; 0 if there is none. shm_lock held. */
static int highest_index(void)
{
	int i = SHMMNI - 1;

	while (i > 0 && !segments[i])
		i--;
	return i;
}

int shm_limits(struct shminfo64 *info)
{
	int highest;

	*info = (struct shminfo64){ .shmmax = SHMMAX, .shmmin = SHMMIN, .shmmni = SHMMNI,
				    .shmseg = SHMMNI, .shmall = SHMMAX };
	spin_lock(&shm_lock);
	highest = highest_index();
	spin_unlock(&shm_lock);
	return highest;
}

int shm_totals(struct shm_info *info)
{
	int highest, i;

	memset(info, 0, sizeof(*info));
	spin_lock(&shm_lock);
	for (i = 0; i < SHMMNI; i++) {
		if (!segments[i])
			continue;
		info->used_ids++;
		info->shm_tot += segment_pages(segments[i]);
		info->shm_rss += READ_ONCE(segments[i]->file->f_mapping->nrpages);
	}
	highest = highest_index();
	spin_unlock(&shm_lock);
	return highest;
}
