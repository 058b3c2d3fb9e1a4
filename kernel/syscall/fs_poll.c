/* fs_poll.c - poll(2) and select(2): the user's arrays around kernel/fs/poll.c.
 * Read:   kernel/fs/poll.h for the protocol with files. */
#include <syscall/fs.h>

#include <lib/err.h>
#include <lib/string.h>
#include <asm/uaccess.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <mm/slab.h>
#include <proc/signal.h>
#include <proc/task.h>
#include <sched/clock.h>
#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/time.h>

#define INLINE_FDS	16
#define MAX_SECONDS	(1L << 32)	/* longer waits are for ever */

/* What a wait looks at: pollfds, or the three sets of select, turned into pollfds. */
struct poll_set {
	struct pollfd	*fds;
	unsigned int	nr;
	int		ready;		/* how many have revents */
};

/* The bits of one entry; @table: for the first look. */
static unsigned int poll_one(struct pollfd *pfd, struct poll_table *table)
{
	unsigned int mask;
	struct fd f;

	if (pfd->fd < 0)
		return 0;
	f = fdget(pfd->fd);
	if (!f.file)
		return POLLNVAL;
	mask = poll_file(f.file, table);
	fdput(f);
	return mask & ((unsigned short)pfd->events | POLLERR | POLLHUP);
}

static bool look_again(struct poll_set *set, struct poll_table *table)
{
	unsigned int i;

	set->ready = 0;
	for (i = 0; i < set->nr; i++) {
		/* Once one is ready there will be no sleep, so the queues are not needed. */
		set->fds[i].revents = poll_one(&set->fds[i], set->ready ? NULL : table);
		set->ready += !!set->fds[i].revents;
	}
	return set->ready;
}

static bool set_is_ready(void *arg)
{
	return look_again(arg, NULL);
}

/* Fill in all revents, sleeping until there are some or the time is over. The number of entries
 * with revents, -ENOMEM, or -ERESTARTNOHAND. *@timeout_ns becomes what is left. */
static int wait_for_set(struct poll_set *set, u64 *timeout_ns)
{
	struct poll_table table;
	int err = 0;

	poll_table_init(&table);
	if (!look_again(set, *timeout_ns ? &table : NULL)) {
		err = table.error;
		if (!err && *timeout_ns)
			err = poll_sleep(&table, set_is_ready, set, timeout_ns);
	}
	poll_table_free(&table);
	if (set->ready || err == -ETIME)
		return set->ready;
	return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
}

static int put_revents(struct pollfd *user, const struct poll_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (put_user(set->fds[i].revents, &user[i].revents))
			return -EFAULT;
	return 0;
}

static long do_poll(struct pollfd *user, unsigned int nr, u64 *timeout_ns)
{
	struct pollfd inline_fds[INLINE_FDS];
	struct poll_set set = { .fds = inline_fds, .nr = nr };
	long ret = -EFAULT;

	if (nr > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (nr > INLINE_FDS) {
		set.fds = kmalloc(nr * sizeof(*user), GFP_KERNEL);
		if (!set.fds)
			return -ENOMEM;
	}
	if (!copy_from_user(set.fds, user, nr * sizeof(*user))) {
		ret = wait_for_set(&set, timeout_ns);
		if (ret >= 0 && put_revents(user, &set))
			ret = -EFAULT;
	}
	if (set.fds != inline_fds)
		kfree(set.fds);
	return ret;
}

long sys_poll(struct pollfd *fds, unsigned int nfds, int timeout)
{
	u64 ns = timeout < 0 ? WAIT_FOREVER : (u64)timeout * NSEC_PER_MSEC;

	return do_poll(fds, nfds, &ns);
}

int get_timeout(u64 *ns, const void *user, bool usec)
{
	struct timespec ts;

	*ns = WAIT_FOREVER;
	if (!user)
		return 0;
	if (copy_from_user(&ts, user, sizeof(ts)))
		return -EFAULT;
	if (usec) {
		if (ts.tv_sec < 0 || ts.tv_nsec < 0)
			return -EINVAL;
		ts.tv_sec += ts.tv_nsec / 1000000;
		ts.tv_nsec = ts.tv_nsec % 1000000 * 1000;
	}
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	if (ts.tv_sec < MAX_SECONDS)
		*ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

/* Tell what is left. A program whose timeout lies in memory it cannot write gets its result
 * anyway. */
static void put_timeout(u64 ns, void *user, bool usec)
{
	struct timespec ts = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	if (!user || ns == WAIT_FOREVER)
		return;
	if (usec)
		ts.tv_nsec /= 1000;
	if (copy_to_user(user, &ts, sizeof(ts)))
		return;
}

long sys_ppoll(struct pollfd *fds, unsigned int nfds, void *tsp, const void *sigmask,
	       size_t sigsetsize)
{
	u64 ns;
	long ret = get_timeout(&ns, tsp, false);

	if (!ret)
		ret = set_user_sigmask(sigmask, sigsetsize);
	if (ret)
		return ret;
	ret = do_poll(fds, nfds, &ns);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	put_timeout(ns, tsp, false);
	return ret;
}

/* select's three questions, as poll asks them. */
#define SELECT_IN	(POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT	(POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX	POLLPRI

struct fd_sets {
	unsigned int	words;		/* of each set */
	unsigned long	*sets[3];	/* in, out, exceptional; in one block */
	unsigned long	*user[3];
};

static const unsigned int select_bits[3] = { SELECT_IN, SELECT_OUT, SELECT_EX };

static int get_sets(struct fd_sets *fs)
{
	unsigned int i;

	fs->sets[0] = kcalloc(3 * fs->words + 1, sizeof(long), GFP_KERNEL);
	if (!fs->sets[0])
		return -ENOMEM;
	for (i = 0; i < 3; i++) {
		fs->sets[i] = fs->sets[0] + i * fs->words;
		if (fs->user[i] &&
		    copy_from_user(fs->sets[i], fs->user[i], fs->words * sizeof(long))) {
			kfree(fs->sets[0]);
			return -EFAULT;
		}
	}
	return 0;
}

static bool in_set(const struct fd_sets *fs, unsigned int which, unsigned int fd)
{
	return fs->sets[which][fd / 64] >> (fd % 64) & 1;
}

static short wanted_events(const struct fd_sets *fs, unsigned int fd)
{
	unsigned int events = 0, i;

	for (i = 0; i < 3; i++)
		if (in_set(fs, i, fd))
			events |= select_bits[i];
	return events;
}

/* One pollfd for each descriptor < @n in any set. 0 or -ENOMEM. */
static int sets_to_pollfds(const struct fd_sets *fs, unsigned int n, struct poll_set *set)
{
	unsigned int fd, nr = 0;

	for (fd = 0; fd < n; fd++)
		nr += !!wanted_events(fs, fd);
	set->fds = kmalloc((nr + 1) * sizeof(*set->fds), GFP_KERNEL);
	if (!set->fds)
		return -ENOMEM;
	set->nr = 0;
	for (fd = 0; fd < n; fd++) {
		short events = wanted_events(fs, fd);

		if (events)
			set->fds[set->nr++] = (struct pollfd){ .fd = fd, .events = events };
	}
	return 0;
}

/* Leave in the sets what holds. The number of bits, or -EBADF. */
static int pollfds_to_sets(struct fd_sets *fs, const struct poll_set *set)
{
	struct fd_sets old = *fs;
	unsigned int i, j;
	int bits = 0;

	for (i = 0; i < set->nr; i++) {
		const struct pollfd *pfd = &set->fds[i];
		unsigned long bit = 1UL << (pfd->fd % 64);

		if (pfd->revents & POLLNVAL)
			return -EBADF;
		for (j = 0; j < 3; j++) {
			if (!in_set(&old, j, pfd->fd))
				continue;
			if (pfd->revents & select_bits[j])
				bits++;
			else
				fs->sets[j][pfd->fd / 64] &= ~bit;
		}
	}
	return bits;
}

static int put_sets(const struct fd_sets *fs)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (fs->user[i] && copy_to_user(fs->user[i], fs->sets[i], fs->words * sizeof(long)))
			return -EFAULT;
	return 0;
}

static long select_sets(struct fd_sets *fs, unsigned int n, u64 *timeout_ns)
{
	struct poll_set set;
	long ret = sets_to_pollfds(fs, n, &set);

	if (ret)
		return ret;
	ret = wait_for_set(&set, timeout_ns);
	if (ret >= 0)
		ret = pollfds_to_sets(fs, &set);
	if (ret >= 0 && put_sets(fs))
		ret = -EFAULT;
	kfree(set.fds);
	return ret;
}

static long do_select(int n, unsigned long *in, unsigned long *out, unsigned long *ex,
		      u64 *timeout_ns)
{
	struct fd_sets fs = { .user = { in, out, ex } };
	unsigned int max_fds = READ_ONCE(current->files->max_fds);
	long ret;

	if (n < 0)
		return -EINVAL;
	n = min((unsigned int)n, max_fds);
	fs.words = (n + 63) / 64;
	ret = get_sets(&fs);
	if (ret)
		return ret;
	ret = select_sets(&fs, n, timeout_ns);
	kfree(fs.sets[0]);
	return ret;
}

long sys_select(int n, unsigned long *in, unsigned long *out, unsigned long *ex, void *tvp)
{
	u64 ns;
	long ret = get_timeout(&ns, tvp, true);

	if (ret)
		return ret;
	ret = do_select(n, in, out, ex, &ns);
	put_timeout(ns, tvp, true);
	return ret;
}

long sys_pselect6(int n, unsigned long *in, unsigned long *out, unsigned long *ex, void *tsp,
		  void *sig)
{
	struct {
		const void	*mask;
		size_t		bytes;
	} arg = { NULL, 0 };
	u64 ns;
	long ret;

	if (sig && copy_from_user(&arg, sig, sizeof(arg)))
		return -EFAULT;
	ret = get_timeout(&ns, tsp, false);
	if (!ret)
		ret = set_user_sigmask(arg.mask, arg.bytes);
	if (ret)
		return ret;
	ret = do_select(n, in, out, ex, &ns);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	put_timeout(ns, tsp, false);
	return ret;
}
