/* futex.c - waiting on words of user memory.
 * Holds:  a waiter hangs in the bucket of its key, and is off it exactly when it was woken. A key
 *         is the word's place in the object that is mapped shared there, or its address in an mm.
 *         The waiter compares the word and joins the bucket under the bucket's lock; the waker
 *         changes the word first and takes that lock then: either the comparison fails or the waker
 *         finds the waiter.
 * Locks:  bucket->lock (RANK_FUTEX, interrupts off); two of them by address. User memory is read
 *         under it: with interrupts off a missing page makes the copy fail, and it is brought in
 *         without the lock.
 * Read:   uapi/futex.h; syscall/proc.c for the decoding. */
#include <proc/futex.h>

#include <asm/irqflags.h>
#include <asm/uaccess.h>
#include <fs/file.h>
#include <lib/hash.h>
#include <lib/list.h>
#include <mm/mm.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <sched/sched.h>
#include <sync/spinlock.h>
#include <uapi/futex.h>
#include <uapi/time.h>

#define NR_BUCKETS	256

struct futex_key {
	const void	*object;	/* struct address_space or mm_struct */
	u64		offset;		/* bytes in it */
};

struct futex_bucket {
	spinlock_t		lock;
	struct list_head	waiters;	/* [lock] */
};

struct futex_waiter {
	struct list_head	list;		/* [bucket->lock] */
	struct task_struct	*task;
	struct futex_bucket	*bucket;	/* [bucket->lock] changed by requeue; NULL: woken */
	struct futex_key	key;		/* [bucket->lock] */
	u32			bitset;
};

static struct futex_bucket buckets[NR_BUCKETS];

void futex_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock, RANK_FUTEX);
		INIT_LIST_HEAD(&buckets[i].waiters);
	}
}

static struct futex_bucket *key_bucket(const struct futex_key *key)
{
	return &buckets[hash_u64((u64)key->object ^ hash_u64(key->offset)) % NR_BUCKETS];
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

/* The key of the word at @uaddr. The object of a shared mapping stays alive while somebody waits,
 * since the waiter's own mapping holds it; a waker only compares. A @shared word in memory that is
 * ours alone and that we cannot write is nothing to wait for: -EFAULT. */
static int get_key(u32 *uaddr, bool shared, struct futex_key *key)
{
	unsigned long addr = (unsigned long)uaddr;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int err = 0;

	if (addr % sizeof(u32))
		return -EINVAL;
	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ mm, addr };
	if (!shared)
		return 0;
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (!vma || vma->vm_start > addr || !(vma->vm_flags & VM_READ)) {
		err = -EFAULT;
	} else if (vma->vm_file && (vma->vm_flags & (VM_SHARED | VM_WRITE)) != VM_WRITE) {
		key->object = vma->vm_file->f_mapping;
		key->offset = addr - vma->vm_start + (vma->vm_pgoff << PAGE_SHIFT);
	} else if (!(vma->vm_flags & VM_WRITE)) {
		err = -EFAULT;
	}
	up_read(&mm->mmap_lock);
	return err;
}

/* Read a word with the bucket locked. -EFAULT also if its page is only not there now. */
static int read_locked(u32 *value, u32 *uaddr)
{
	return get_user(*value, uaddr);
}

/* Bring the page in. -EFAULT if that cannot be. */
static int fault_in(u32 *uaddr)
{
	u32 value;

	return get_user(value, uaddr);
}

/* ---- waking ---- */

/* @waiter is on its way: nothing of it is touched after its bucket is cleared. Bucket locked. */
static void wake_waiter(struct futex_waiter *waiter)
{
	struct task_struct *task = waiter->task;

	get_task(task);
	list_del(&waiter->list);
	smp_store_release(&waiter->bucket, NULL);
	wake_up_state(task, TASK_NORMAL);
	put_task(task);
}

static int wake_matching(struct futex_bucket *bucket, const struct futex_key *key, int nr,
			 u32 bitset)
{
	struct futex_waiter *waiter, *next;
	int woken = 0;

	list_for_each_entry_safe(waiter, next, &bucket->waiters, list) {
		if (!key_equal(&waiter->key, key) || !(waiter->bitset & bitset))
			continue;
		wake_waiter(waiter);
		if (++woken >= nr)
			break;
	}
	return woken;
}

int futex_wake(u32 *uaddr, bool shared, int nr, u32 bitset)
{
	struct futex_bucket *bucket;
	struct futex_key key;
	int woken, err;

	if (!bitset)
		return -EINVAL;
	err = get_key(uaddr, shared, &key);
	if (err)
		return err;
	bucket = key_bucket(&key);
	spin_lock_irq(&bucket->lock);
	woken = wake_matching(bucket, &key, nr, bitset);
	spin_unlock_irq(&bucket->lock);
	return woken;
}

/* ---- waiting ---- */

/* Join the bucket if the word is still @val. 0; -EAGAIN; -EFAULT. */
static int enqueue(struct futex_waiter *waiter, u32 *uaddr, u32 val)
{
	struct futex_bucket *bucket = key_bucket(&waiter->key);
	u32 now;
	int err;

	for (;;) {
		spin_lock_irq(&bucket->lock);
		err = read_locked(&now, uaddr);
		if (!err)
			break;
		spin_unlock_irq(&bucket->lock);
		if (fault_in(uaddr))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	if (now == val) {
		waiter->bucket = bucket;
		list_add_tail(&waiter->list, &bucket->waiters);
	}
	spin_unlock_irq(&bucket->lock);
	return now == val ? 0 : -EAGAIN;
}

/* Leave the bucket, whichever it is by now. False: somebody has woken us. */
static bool dequeue(struct futex_waiter *waiter)
{
	struct futex_bucket *bucket;

	while ((bucket = smp_load_acquire(&waiter->bucket)) != NULL) {
		spin_lock_irq(&bucket->lock);
		if (waiter->bucket == bucket) {
			list_del(&waiter->list);
			spin_unlock_irq(&bucket->lock);
			return true;
		}
		spin_unlock_irq(&bucket->lock);	/* requeued or woken in between */
	}
	return false;
}

static u64 clock_now(int clock)
{
	return clock == CLOCK_REALTIME ? ktime_get_real() : ktime_get();
}

/* Sleep until woken, a signal, or the time is over. */
static int sleep_on(struct futex_waiter *waiter, u64 expires, int clock)
{
	int err = 0;
	u64 now;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!smp_load_acquire(&waiter->bucket))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (!expires) {
			schedule();
			continue;
		}
		now = clock_now(clock);
		if (now >= expires) {
			err = -ETIMEDOUT;
			break;
		}
		schedule_timeout(expires - now);
	}
	set_current_state(TASK_RUNNING);
	return err;
}

static long restart_futex_wait(struct restart_block *restart)
{
	restart->fn = NULL;
	return futex_wait(restart->uaddr, restart->flags, restart->val, restart->expires,
			  restart->clock, restart->bitset, true);
}

int futex_wait(u32 *uaddr, bool shared, u32 val, u64 expires, int clock, u32 bitset,
	       bool restartable)
{
	struct futex_waiter waiter = { .task = current, .bitset = bitset };
	struct restart_block *restart = &current->restart;
	int err;

	if (!bitset)
		return -EINVAL;
	err = get_key(uaddr, shared, &waiter.key);
	if (!err)
		err = enqueue(&waiter, uaddr, val);
	if (err)
		return err;
	err = sleep_on(&waiter, expires, clock);
	if (!dequeue(&waiter))
		return 0;			/* woken, whatever else happened */
	if (err != -ERESTARTSYS || !expires)
		return err;
	if (!restartable)
		return -ERESTARTNOHAND;
	/* A relative time must not start anew. */
	restart->fn = restart_futex_wait;
	restart->uaddr = uaddr;
	restart->flags = shared;
	restart->val = val;
	restart->bitset = bitset;
	restart->expires = expires;
	restart->clock = clock;
	return -ERESTART_RESTARTBLOCK;
}

/* ---- two words ---- */

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *t = a;

		a = b;
		b = t;
	}
	local_irq_disable();
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock);	/* by address, so nobody takes them the other way */
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
	local_irq_enable();
}

static int move_waiters(struct futex_bucket *from, struct futex_bucket *to,
			const struct futex_key *from_key, const struct futex_key *to_key, int nr)
{
	struct futex_waiter *waiter, *next;
	LIST_HEAD(moved);
	int done = 0;

	list_for_each_entry_safe(waiter, next, &from->waiters, list) {
		if (done >= nr)
			break;
		if (!key_equal(&waiter->key, from_key))
			continue;
		list_move_tail(&waiter->list, &moved);
		waiter->key = *to_key;
		smp_store_release(&waiter->bucket, to);
		done++;
	}
	list_splice_tail_init(&moved, &to->waiters);
	return done;
}

int futex_requeue(u32 *from, u32 *to, bool shared, int nr_wake, int nr_requeue, const u32 *cmp)
{
	struct futex_key from_key, to_key;
	struct futex_bucket *a, *b;
	int err, woken;
	u32 now;

	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
	err = get_key(from, shared, &from_key);
	if (!err)
		err = get_key(to, shared, &to_key);
	if (err)
		return err;
	a = key_bucket(&from_key);
	b = key_bucket(&to_key);
	for (;;) {
		lock_two(a, b);
		if (!cmp || !read_locked(&now, from))
			break;
		unlock_two(a, b);
		if (fault_in(from))
			return -EFAULT;
		cond_resched();
	}
	if (cmp && now != *cmp) {
		unlock_two(a, b);
		return -EAGAIN;
	}
	woken = nr_wake ? wake_matching(a, &from_key, nr_wake, FUTEX_BITSET_MATCH_ANY) : 0;
	woken += move_waiters(a, b, &from_key, &to_key, nr_requeue);
	unlock_two(a, b);
	return woken;
}

/* Sign-extend 12 bits. */
static int sign12(u32 x)
{
	return (int)(x << 20) >> 20;
}

/* Do what @op says to *@uaddr; *@old is what was there. */
static int change_word(u32 *uaddr, u32 op, u32 *old)
{
	u32 kind = op >> 28 & 7, arg = sign12(op >> 12 & 0xfff), want, new;
	int err;

	if (op >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	err = get_user(want, uaddr);
	while (!err) {
		switch (kind) {
		case FUTEX_OP_SET:
			new = arg;
			break;
		case FUTEX_OP_ADD:
			new = want + arg;
			break;
		case FUTEX_OP_OR:
			new = want | arg;
			break;
		case FUTEX_OP_ANDN:
			new = want & ~arg;
			break;
		case FUTEX_OP_XOR:
			new = want ^ arg;
			break;
		default:
			return -ENOSYS;
		}
		err = cmpxchg_user_u32(uaddr, old, want, new);
		if (err || *old == want)
			break;
		want = *old;
	}
	return err;
}

static int compare_old(u32 old, u32 op)
{
	int value = old, arg = sign12(op & 0xfff);

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return value == arg;
	case FUTEX_OP_CMP_NE:
		return value != arg;
	case FUTEX_OP_CMP_LT:
		return value < arg;
	case FUTEX_OP_CMP_LE:
		return value <= arg;
	case FUTEX_OP_CMP_GT:
		return value > arg;
	case FUTEX_OP_CMP_GE:
		return value >= arg;
	default:
		return -ENOSYS;
	}
}

/* The change is atomic by itself, and made before either bucket is looked at: waiters compare under
 * the bucket's lock. */
int futex_wake_op(u32 *uaddr1, u32 *uaddr2, bool shared, int nr1, int nr2, u32 op)
{
	struct futex_key key;
	int err = get_key(uaddr1, shared, &key), second, woken;
	u32 old;

	if (!err)
		err = get_key(uaddr2, shared, &key);
	second = compare_old(0, op);
	if (!err && second < 0)
		err = second;
	if (!err)
		err = change_word(uaddr2, op, &old);
	if (err)
		return err;
	woken = futex_wake(uaddr1, shared, nr1, FUTEX_BITSET_MATCH_ANY);
	if (woken >= 0 && compare_old(old, op))
		woken += max(futex_wake(uaddr2, shared, nr2, FUTEX_BITSET_MATCH_ANY), 0);
	return woken;
}

/* ---- robust lists ---- */

/* @task dies: if it owns *@uaddr, say so in the word, and wake one who waits for it. */
static int handle_death(u32 *uaddr, struct task_struct *task, bool pending_op)
{
	u32 word, old, new;

	if ((unsigned long)uaddr % sizeof(u32))
		return -EINVAL;
	if (get_user(word, uaddr))
		return -EFAULT;
	for (;;) {
		if (pending_op && !word) {
			futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
			return 0;
		}
		if ((word & FUTEX_TID_MASK) != (u32)task->pid)
			return 0;
		new = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (cmpxchg_user_u32(uaddr, &old, word, new))
			return -EFAULT;
		if (old == word)
			break;
		word = old;
	}
	if (word & FUTEX_WAITERS)
		futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

/* Entries have bit 0 set for futexes that inherit priority, which there are none of here. */
static struct robust_list *entry_of(struct robust_list *link)
{
	return (struct robust_list *)((unsigned long)link & ~1UL);
}

void exit_robust_list(struct task_struct *task)
{
	struct robust_list_head *head = task->robust_list;
	struct robust_list *entry, *next, *pending;
	unsigned int limit = ROBUST_LIST_LIMIT;
	long offset;

	if (!head || !task->mm)
		return;
	task->robust_list = NULL;
	if (get_user(entry, &head->list.next) || get_user(offset, &head->futex_offset) ||
	    get_user(pending, &head->list_op_pending))
		return;
	while (entry_of(entry) != &head->list && limit--) {
		/* Read the link first: the word may be freed as soon as it is let go of. */
		int err = get_user(next, &entry_of(entry)->next);

		if (entry != pending &&
		    handle_death((u32 *)((char *)entry_of(entry) + offset), task, false))
			return;
		if (err)
			return;
		entry = next;
		cond_resched();
	}
	if (pending)
		handle_death((u32 *)((char *)entry_of(pending) + offset), task, true);
}
