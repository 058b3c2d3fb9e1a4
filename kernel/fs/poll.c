/* poll.c - waiting for several files: the core of poll(2) and select(2).
 * Holds:  each file that was looked at stays referenced until the wait is over, so that its queue
 *         stays; one entry for each queue that a file named.
 * Locks:  none held while ->poll runs. A wake-up takes an entry off its queue; every round puts it
 *         back and sets the state before the files are looked at again, so none is lost.
 * Read:   wait.h; kernel/syscall/fs_poll.c for the user's side. */
#include <fs/poll.h>

#include <lib/list.h>
#include <fs/file.h>
#include <fs/internal.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define INLINE_ENTRIES	POLL_INLINE_ENTRIES

struct poll_chunk {
	struct poll_chunk	*next;
	unsigned int		nr;
	struct poll_entry	entries[62];
};

void poll_table_init(struct poll_table *table)
{
	table->nr_inline = 0;
	table->chunks = NULL;
	table->error = 0;
}

static struct poll_entry *new_entry(struct poll_table *table)
{
	struct poll_chunk *chunk = table->chunks;

	if (table->nr_inline < INLINE_ENTRIES)
		return &table->entries[table->nr_inline++];
	if (!chunk || chunk->nr == ARRAY_SIZE(chunk->entries)) {
		chunk = kmalloc(sizeof(*chunk), GFP_KERNEL);
		if (!chunk)
			return NULL;
		chunk->nr = 0;
		chunk->next = table->chunks;
		table->chunks = chunk;
	}
	return &chunk->entries[chunk->nr++];
}

void poll_wait(struct file *file, struct wait_queue_head *wq, struct poll_table *table)
{
	struct poll_entry *entry;

	if (!table)
		return;
	entry = new_entry(table);
	if (!entry) {
		table->error = -ENOMEM;
		return;
	}
	entry->file = get_file(file);
	entry->wq = wq;
	init_wait_entry(&entry->wait, false);
}

/* Do @fn to every entry. */
static void for_each_entry(struct poll_table *table, void (*fn)(struct poll_entry *))
{
	struct poll_chunk *chunk;
	unsigned int i;

	for (i = 0; i < table->nr_inline; i++)
		fn(&table->entries[i]);
	for (chunk = table->chunks; chunk; chunk = chunk->next)
		for (i = 0; i < chunk->nr; i++)
			fn(&chunk->entries[i]);
}

static void enqueue_entry(struct poll_entry *entry)
{
	prepare_to_wait(entry->wq, &entry->wait, TASK_INTERRUPTIBLE);
}

static void dequeue_entry(struct poll_entry *entry)
{
	finish_wait(entry->wq, &entry->wait);
}

static void put_entry(struct poll_entry *entry)
{
	fput(entry->file);
}

void poll_table_free(struct poll_table *table)
{
	struct poll_chunk *chunk;

	for_each_entry(table, put_entry);
	while ((chunk = table->chunks)) {
		table->chunks = chunk->next;
		kfree(chunk);
	}
}

unsigned int poll_file(struct file *file, struct poll_table *table)
{
	return file->f_op->poll ? file->f_op->poll(file, table) : DEFAULT_POLLMASK;
}

int poll_sleep(struct poll_table *table, bool (*ready)(void *arg), void *arg, u64 *timeout_ns)
{
	int err = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		for_each_entry(table, enqueue_entry);
		if (ready(arg))
			break;
		err = wait_once(TASK_INTERRUPTIBLE, timeout_ns);
		if (err)
			break;
		/* Whatever woke us is looked at before the next sleep; time may be over too. */
	}
	set_current_state(TASK_RUNNING);
	for_each_entry(table, dequeue_entry);
	return err;
}
