/* procfs_text.c - files whose content is made when they are read.
 * The text is made by the read at position 0, or, if it may be long, as far as a read has come. It
 * is kept with the open file, so that what is read in pieces fits together; going back to 0 makes
 * it anew. It is made by one function of the entry, which may sleep, but not print while it holds a
 * spinning lock (printing allocates).
 * Locks:  text_file->lock (RANK_PROC_TEXT) guards the text of one open file. */
#include "procfs_internal.h"

#include <stdarg.h>

#include <asm/page.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/ctype.h>
#include <lib/err.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <proc/cred.h>
#include <uapi/errno.h>

struct text_chunk {
	struct list_head	list;
	size_t			used;
	char			data[PAGE_SIZE - sizeof(struct list_head) - sizeof(size_t)];
};

BUILD_ASSERT(sizeof(struct text_chunk) == PAGE_SIZE);

struct text_file {
	struct mutex		lock;
	struct proc_text	text;	/* [lock] */
};

/* ---- making text ---- */

static void text_init(struct proc_text *text)
{
	INIT_LIST_HEAD(&text->chunks);
	text->bytes = 0;
	text->whole = 0;
	text->failed = false;
	text->more = true;
	text->next = 0;
}

static void text_free(struct proc_text *text)
{
	struct text_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &text->chunks, list)
		free_page(chunk);
	text_init(text);
}

/* The last one, or a new one, with room for @bytes; NULL: no memory. */
static struct text_chunk *chunk_with_room(struct proc_text *text, size_t bytes)
{
	struct text_chunk *chunk;

	if (!list_empty(&text->chunks)) {
		chunk = list_last_entry(&text->chunks, struct text_chunk, list);
		if (sizeof(chunk->data) - chunk->used >= bytes)
			return chunk;
	}
	chunk = get_free_page(GFP_KERNEL | __GFP_NORETRY);
	text->failed |= !chunk;
	if (!chunk)
		return NULL;
	chunk->used = 0;
	list_add_tail(&chunk->list, &text->chunks);
	return chunk;
}

void text_write(struct proc_text *text, const void *data, size_t bytes)
{
	const char *from = data;

	while (bytes && !text->failed) {
		struct text_chunk *chunk = chunk_with_room(text, 1);
		size_t n;

		if (!chunk)
			return;
		n = min(bytes, sizeof(chunk->data) - chunk->used);
		memcpy(chunk->data + chunk->used, from, n);
		chunk->used += n;
		text->bytes += n;
		from += n;
		bytes -= n;
	}
}

char *text_room(struct proc_text *text, size_t bytes)
{
	struct text_chunk *chunk = text->failed ? NULL : chunk_with_room(text, bytes);

	BUILD_ASSERT(TEXT_ROOM <= sizeof(chunk->data));
	return chunk ? chunk->data + chunk->used : NULL;
}

void text_added(struct proc_text *text, const char *end)
{
	struct text_chunk *chunk = list_last_entry(&text->chunks, struct text_chunk, list);
	size_t bytes = end - (chunk->data + chunk->used);

	chunk->used += bytes;
	text->bytes += bytes;
}

bool text_enough(const struct proc_text *text)
{
	return text->failed || text->bytes >= text->wanted;
}

void text_mark(struct proc_text *text)
{
	if (text->bytes <= text->wanted)
		text->whole = text->bytes;
}

static void text_sink(void *ctx, const char *s, size_t n)
{
	text_write(ctx, s, n);
}

void text_printf(struct proc_text *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf_sink(text_sink, text, fmt, ap);
	va_end(ap);
}

void text_escaped(struct proc_text *text, const char *s, const char *special)
{
	const char *plain = s;

	for (; *s; s++) {
		if (!strchr(special, *s))
			continue;
		text_write(text, plain, s - plain);
		text_printf(text, "\\%03o", (unsigned char)*s);
		plain = s + 1;
	}
	text_write(text, plain, s - plain);
}

/* ---- reading it ---- */

static bool subject_gone(const struct inode *inode)
{
	const struct proc_inode *pi = proc_i(inode);

	return pi->task && pi->entry->subject <= PROC_OF_TASK_MM && !proc_task_alive(pi->task);
}

/* Make @wanted bytes at least, if there are so many. After an error all has to be made again. */
static int text_make(struct proc_text *text, struct inode *inode, size_t wanted)
{
	int ret = 0;

	text->wanted = wanted;
	while (!ret && text->more && !text_enough(text)) {
		text->more = false;
		ret = proc_i(inode)->entry->show(text, inode);
		if (!ret && text->failed)
			ret = -ENOMEM;
	}
	if (ret)
		text_free(text);
	return ret;
}

/* Bytes from @pos on, or -EFAULT. Ends between records if that is possible. */
static ssize_t text_copy(struct proc_text *text, size_t pos, struct iov_iter *to)
{
	size_t left = text->more && text->whole > pos ? text->whole - pos : text->bytes;
	struct text_chunk *chunk;
	ssize_t done = 0;

	list_for_each_entry(chunk, &text->chunks, list) {
		size_t want, got;

		if (pos >= chunk->used) {
			pos -= chunk->used;
			continue;
		}
		want = min(min(chunk->used - pos, iov_iter_count(to)), left);
		got = copy_to_iter(chunk->data + pos, want, to);
		done += got;
		if (got < want)
			return done ? done : -EFAULT;
		left -= want;
		if (!left || !iov_iter_count(to))
			break;
		pos = 0;
	}
	return done;
}

static ssize_t text_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct text_file *tf = file->private_data;
	ssize_t ret;

	if (!proc_i(file->f_inode)->entry->show)
		return -EIO;
	if (subject_gone(file->f_inode))
		return -ESRCH;
	mutex_lock(&tf->lock);
	if (*pos == 0)
		text_free(&tf->text);
	ret = text_make(&tf->text, file->f_inode, *pos + iov_iter_count(to));
	if (!ret)
		ret = text_copy(&tf->text, *pos, to);
	mutex_unlock(&tf->lock);
	if (ret > 0)
		*pos += ret;
	return ret;
}

static ssize_t text_file_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	const struct proc_entry *entry = proc_i(file->f_inode)->entry;
	size_t bytes = iov_iter_count(from);
	char *line;
	int ret;

	if (!entry->store)
		return -EIO;
	if (subject_gone(file->f_inode))
		return -ESRCH;
	if (bytes >= PAGE_SIZE)
		return -EINVAL;
	line = get_zeroed_page(GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	ret = -EFAULT;
	if (copy_from_iter(line, bytes, from) == bytes)
		ret = entry->store(file->f_inode, line);
	free_page(line);
	if (ret)
		return ret;
	*pos += bytes;
	return bytes;
}

/* Keep of the subject what the file needs of it later. */
static int open_subject(struct proc_text *text, struct inode *inode)
{
	switch (proc_i(inode)->entry->subject) {
	case PROC_OF_TASK_MM:
	case PROC_OF_MM:
		return proc_open_mm(inode, &text->mm);
	case PROC_OF_MOUNTS:
		return proc_has_mounts(proc_i(inode)->task) ? 0 : -EINVAL;
	default:
		return 0;
	}
}

int proc_parse_long(char *line, unsigned int base, long limit, long *value)
{
	char *s = skip_spaces(line), *end;
	bool negative = *s == '-';
	unsigned long magnitude;
	int ret;

	if (*s == '-' || *s == '+')
		s++;
	for (end = s + strlen(s); end > s && isspace(end[-1]); end--)
		end[-1] = '\0';
	ret = parse_ulong(s, base, &magnitude);
	if (ret)
		return ret;
	if (magnitude > (unsigned long)limit)
		return -EINVAL;
	*value = negative ? -(long)magnitude : (long)magnitude;
	return 0;
}

static int text_open(struct inode *inode, struct file *file)
{
	struct text_file *tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	int ret;

	if (!tf)
		return -ENOMEM;
	mutex_init(&tf->lock, RANK_PROC_TEXT);
	text_init(&tf->text);
	tf->text.capable = capable();
	ret = open_subject(&tf->text, inode);
	if (ret) {
		kfree(tf);
		return ret;
	}
	file->private_data = tf;
	return 0;
}

static void text_release(struct inode *inode, struct file *file)
{
	struct text_file *tf = file->private_data;

	text_free(&tf->text);
	if (tf->text.mm)
		mmdrop(tf->text.mm);
	kfree(tf);
}

static long text_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct proc_entry *entry = proc_i(file->f_inode)->entry;
	struct text_file *tf = file->private_data;

	return entry->ioctl ? entry->ioctl(tf->text.mm, cmd, (void *)arg) : -ENOTTY;
}

const struct file_operations proc_text_fops = {
	.ioctl = text_ioctl,
	.read = text_read,
	.write = text_file_write,
	.open = text_open,
	.release = text_release,
};
