/* mem.c - the devices that are no device: nothing, zeroes, a full disk, chance, and the log.
 * random and urandom are the same: the generator never blocks, and takes no advice from writers.
 * Locks:  a reader's mutex in kmsg, else none. Long transfers go in pieces: others get the
 *         processor, and a signal ends them. */
#include <drivers/mem.h>

#include <debug/printk.h>
#include <fs/chrdev.h>
#include <fs/file.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/filemap.h>
#include <mm/slab.h>
#include <proc/random.h>
#include <proc/signal.h>
#include <sched/sched.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

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

/* The level in front of *@text, such as <6>, which is then left out. */
static unsigned int take_level(char **text)
{
	unsigned int facility_and_level = 0;
	char *end = *text + 1;

	if (**text != '<')
		return LEVEL_WARN;
	for (; *end >= '0' && *end <= '9'; end++)
		facility_and_level = facility_and_level * 10 + (*end - '0');
	if (*end != '>')
		return LEVEL_WARN;
	*text = end + 1;
	return facility_and_level & 7;
}

/* One write is one message. */
static ssize_t kmsg_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	char buf[KMSG_BYTES + 1];
	size_t bytes = iov_iter_count(from), n = min(KMSG_BYTES, bytes);
	unsigned int level;
	char *text = buf;

	if (copy_from_iter(buf, n, from) < n)
		return -EFAULT;
	iov_iter_advance(from, bytes - n);
	while (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	level = take_level(&text);
	printk_at(level, "%s\n", text);
	return bytes;
}

struct kmsg_reader {
	struct mutex		mutex;	/* RANK_PROC_TEXT: one read at a time */
	struct log_cursor	cursor;
	char			line[LOG_LINE_BYTES];
};

/* "level,number,microseconds,-;text", from a line that begins with "[seconds.micros] ". */
static int kmsg_record(const struct kmsg_reader *reader, u64 number, char *buf, size_t size)
{
	const char *at = reader->line;
	u64 parts[2] = { 0, 0 };

	for (int i = 0; i < 2 && *at && *at != ']'; at++) {
		if (*at >= '0' && *at <= '9')
			parts[i] = parts[i] * 10 + (*at - '0');
		i += *at == '.';
	}
	at = strchr(reader->line, ']');
	at = at && at[1] == ' ' ? at + 2 : reader->line;
	return snprintf(buf, size, "6,%lu,%lu,-;%s\n", number, parts[0] * 1000000 + parts[1], at);
}

/* One record; as on Linux, one for which there is no room is passed over. Messages come from any
 * context, where nobody could be woken up: so a reader that waits looks now and then. */
static ssize_t kmsg_read_record(struct kmsg_reader *reader, struct iov_iter *to, bool nonblock)
{
	char *buf;
	int len;

	while (!(len = log_next_line(&reader->cursor, reader->line, sizeof(reader->line)))) {
		if (nonblock)
			return -EAGAIN;
		if (signal_pending(current))
			return -ERESTARTSYS;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(NSEC_PER_SEC / 10);
	}
	if (len < 0)
		return len;
	buf = kmalloc(LOG_LINE_BYTES + 64, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = kmsg_record(reader, reader->cursor.line - 1, buf, LOG_LINE_BYTES + 64);
	if ((size_t)len > iov_iter_count(to))
		len = -EINVAL;
	else if (copy_to_iter(buf, len, to) < (size_t)len)
		len = -EFAULT;
	kfree(buf);
	return len;
}

static ssize_t kmsg_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct kmsg_reader *reader = file->private_data;
	ssize_t ret;

	if (mutex_lock_interruptible(&reader->mutex))
		return -ERESTARTSYS;
	ret = kmsg_read_record(reader, to, file->f_flags & O_NONBLOCK);
	mutex_unlock(&reader->mutex);
	return ret;
}

/* To the first record, or behind the last one. */
static loff_t kmsg_llseek(struct file *file, loff_t off, int whence)
{
	struct kmsg_reader *reader = file->private_data;

	if (off)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_END)
		return -EINVAL;
	mutex_lock(&reader->mutex);
	log_rewind(&reader->cursor);
	while (whence == SEEK_END &&
	       log_next_line(&reader->cursor, reader->line, sizeof(reader->line)))
		;
	mutex_unlock(&reader->mutex);
	return 0;
}

static int kmsg_open(struct inode *inode, struct file *file)
{
	struct kmsg_reader *reader = kmalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->mutex, RANK_PROC_TEXT);
	log_rewind(&reader->cursor);
	file->private_data = reader;
	return 0;
}

static void kmsg_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
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
	.read = kmsg_read, .write = kmsg_write, .llseek = kmsg_llseek,
	.open = kmsg_open, .release = kmsg_release,
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
