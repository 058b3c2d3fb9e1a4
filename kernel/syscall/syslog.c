/* syslog.c - syslog(2): the kernel's log for dmesg.
 * Locks:  cleared_lock for the one line number; the log has its own.
 * Read:   kernel/debug/printk.c; kernel/drivers/mem.c for /dev/kmsg. */
#include <syscall/proc.h>

#include <asm/uaccess.h>
#include <debug/printk.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <proc/cred.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

enum syslog_type {
	SYSLOG_CLOSE = 0, SYSLOG_OPEN = 1, SYSLOG_READ_ALL = 3, SYSLOG_READ_CLEAR = 4,
	SYSLOG_CLEAR = 5, SYSLOG_CONSOLE_OFF = 6, SYSLOG_CONSOLE_ON = 7, SYSLOG_CONSOLE_LEVEL = 8,
	SYSLOG_SIZE_BUFFER = 10,
};

#define LEVEL		"<6>"		/* in front of each line */
#define LEVEL_BYTES	3

static DEFINE_SPINLOCK(cleared_lock, RANK_NONE);
static u64 cleared;			/* [cleared_lock] lines before this one are not shown */
static unsigned int level_when_on;	/* [atomic] the console's while it is off, else 0 */

/* The next line that is to be shown, in @line: level, text, newline. Bytes; 0 at the end. */
static size_t next_record(struct log_cursor *cursor, char *line)
{
	u64 from = READ_ONCE(cleared);
	int len;

	do {
		len = log_next_line(cursor, line + LEVEL_BYTES, LOG_LINE_BYTES);
	} while (len < 0 || (len && cursor->line <= from));
	if (!len)
		return 0;
	memcpy(line, LEVEL, LEVEL_BYTES);
	line[LEVEL_BYTES + len] = '\n';
	return LEVEL_BYTES + len + 1;
}

/* The last records that fit into @len bytes. @line: room to work. Bytes or -EFAULT. */
static long copy_last(char *user, size_t len, char *line)
{
	struct log_cursor cursor, start;
	size_t total = 0, done = 0, n;

	log_rewind(&cursor);
	start = cursor;
	while ((n = next_record(&cursor, line)))
		total += n;
	cursor = start;
	while (total > len && (n = next_record(&cursor, line)))
		total -= min(total, n);
	while ((n = next_record(&cursor, line)) && done + n <= len) {
		if (copy_to_user(user + done, line, n))
			return -EFAULT;
		done += n;
	}
	return done;
}

static void clear_log(void)
{
	struct log_cursor cursor;
	char text[2];

	log_rewind(&cursor);
	while (log_next_line(&cursor, text, sizeof(text)))
		;
	spin_lock(&cleared_lock);
	cleared = max(cleared, cursor.line);
	spin_unlock(&cleared_lock);
}

static long read_all(char *user, int len)
{
	char *line;
	long ret;

	if (!user || len < 0)
		return -EINVAL;
	if (!len)
		return 0;
	if (!access_ok(user, len))
		return -EFAULT;
	line = kmalloc(LEVEL_BYTES + LOG_LINE_BYTES + 1, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	ret = copy_last(user, len, line);
	kfree(line);
	return ret;
}

static void console_off(void)
{
	if (!READ_ONCE(level_when_on))
		WRITE_ONCE(level_when_on, console_level());
	set_console_level(CONSOLE_LEVEL_MIN);
}

static void console_on(void)
{
	unsigned int level = READ_ONCE(level_when_on);

	WRITE_ONCE(level_when_on, 0);
	if (level)
		set_console_level(level);
}

static long set_level(int level)
{
	if (level < (int)CONSOLE_LEVEL_MIN || level > (int)CONSOLE_LEVEL_MAX)
		return -EINVAL;
	set_console_level(level);
	WRITE_ONCE(level_when_on, 0);
	return 0;
}

long sys_syslog(int type, char *user, int len)
{
	long ret;

	/* Everybody may look. */
	if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE_BUFFER && !capable())
		return -EPERM;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ_ALL:
		return read_all(user, len);
	case SYSLOG_READ_CLEAR:
		ret = read_all(user, len);
		if (ret >= 0)
			clear_log();
		return ret;
	case SYSLOG_CLEAR:
		clear_log();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		console_off();
		return 0;
	case SYSLOG_CONSOLE_ON:
		console_on();
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		return set_level(len);
	case SYSLOG_SIZE_BUFFER:
		return LOG_BYTES;
	default:
		return -EINVAL;
	}
}
