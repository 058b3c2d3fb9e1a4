/* mem.c - the devices that are no device: nothing, zeroes, a full disk, chance, and the log.
 * random and urandom are the same: the generator never blocks, and takes no advice from writers.
 * Locks:  none. Long transfers go in pieces: others get the processor, and a signal ends them. */
#include <drivers/mem.h>

#include <debug/printk.h>
#include <fs/chrdev.h>
#include <fs/file.h>
#include <mm/filemap.h>
#include <proc/random.h>
#include <proc/signal.h>
#include <sched/sched.h>
#include <uapi/errno.h>

#define MEM_MAJOR	1
#define PIECE_BYTES	65536UL		/* of zeroes */
#define RANDOM_BYTES	256UL		/* on the stack */
#define KMSG_BYTES	512UL

static ssize_t null_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return 0;
}

static ssize_t null_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t bytes = iov_iter_count(from);

	iov_iter_advance(from, bytes);
	return bytes;
}

static ssize_t full_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return -ENOSPC;
}

static ssize_t zero_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	size_t done = 0;

	while (iov_iter_count(to)) {
		size_t want = min(PIECE_BYTES, iov_iter_count(to));
		size_t got = iov_iter_zero(want, to);

		done += got;
		if (got < want)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

static ssize_t random_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	size_t done = 0;

	while (iov_iter_count(to)) {
		u8 buf[RANDOM_BYTES];
		size_t want = min(RANDOM_BYTES, iov_iter_count(to)), got;

		get_random_bytes(buf, want);
		got = copy_to_iter(buf, want, to);
		done += got;
		if (got < want)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* One write is one message; a level such as <6> in front of it is dropped. */
static ssize_t kmsg_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	char buf[KMSG_BYTES + 1];
	size_t bytes = iov_iter_count(from), n = min(KMSG_BYTES, bytes);
	char *text = buf;

	if (copy_from_iter(buf, n, from) < n)
		return -EFAULT;
	iov_iter_advance(from, bytes - n);
	while (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	if (buf[0] == '<') {
		char *end = buf + 1;

		while (*end >= '0' && *end <= '9')
			end++;
		if (*end == '>')
			text = end + 1;
	}
	printk("%s\n", text);
	return bytes;
}

static const struct file_operations null_fops = {
	.read = null_read, .write = null_write, .llseek = noop_llseek, .splice_write = true,
};

static const struct file_operations zero_fops = {
	.read = zero_read, .write = null_write, .llseek = noop_llseek, .mmap = zero_mmap,
};

static const struct file_operations full_fops = {
	.read = zero_read, .write = full_write, .llseek = noop_llseek,
};

static const struct file_operations random_fops = {
	.read = random_read, .write = null_write, .llseek = noop_llseek,
	.splice_read = true, .splice_write = true,
};

static const struct file_operations kmsg_fops = {
	.read = null_read, .write = kmsg_write, .llseek = noop_llseek,
};

void mem_devices_init(void)
{
	register_chrdev(MKDEV(MEM_MAJOR, 3), "null", 0666, &null_fops);
	register_chrdev(MKDEV(MEM_MAJOR, 5), "zero", 0666, &zero_fops);
	register_chrdev(MKDEV(MEM_MAJOR, 7), "full", 0666, &full_fops);
	register_chrdev(MKDEV(MEM_MAJOR, 8), "random", 0666, &random_fops);
	register_chrdev(MKDEV(MEM_MAJOR, 9), "urandom", 0666, &random_fops);
	register_chrdev(MKDEV(MEM_MAJOR, 11), "kmsg", 0644, &kmsg_fops);
}
