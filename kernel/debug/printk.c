/* printk.c - messages for the console and for the ring that keeps the latest of them.
 * Holds:  a line begins with the time since boot. log_ring has the last LOG_BYTES of what was
 *         printed; log_written counts all bytes ever, so log_written - LOG_BYTES is the oldest that
 *         is left.
 * Locks:  console_lock (RANK_CONSOLE, interrupts off), the last in the order, so any path may
 *         print. A panic breaks it: whoever held it may be the one that is broken.
 * Read:   lib/printf.c for the formats; drivers/serial.c for the wire. */
#include <debug/printk.h>

#include <asm/percpu.h>
#include <drivers/serial.h>
#include <lib/ctype.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <sched/clock.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

#define PIECE_BYTES	120

static DEFINE_SPINLOCK(console_lock, RANK_CONSOLE);
static char log_ring[LOG_BYTES];	/* [console_lock] */
static u64 log_written;			/* [console_lock] */
static u64 lines_lost;			/* [console_lock] ends of lines that were overwritten */
static bool lost_at_end = true;		/* [console_lock] the byte lost last ended a line */
static bool at_line_start = true;	/* [console_lock] */
static bool lock_broken;		/* by panic, for ever */
static void (*screen_write)(const char *s, size_t bytes);	/* [console_lock] or NULL */
static unsigned int shown_below = CONSOLE_LEVEL_DEFAULT;	/* [atomic] see console_level() */

/* Output on its way: collected so that the port is not asked for each byte. */
struct piece {
	bool		hidden;		/* only the log gets it */
	unsigned int	nr;
	char		text[PIECE_BYTES];
};

static void write_out(const char *s, size_t bytes)
{
	serial_write(s, bytes);
	if (screen_write)
		screen_write(s, bytes);
}

static void flush_piece(struct piece *piece)
{
	if (!piece->hidden)
		write_out(piece->text, piece->nr);
	piece->nr = 0;
}

static void put_char(struct piece *piece, char c)
{
	if (log_written >= LOG_BYTES) {
		lost_at_end = log_ring[log_written % LOG_BYTES] == '\n';
		lines_lost += lost_at_end;
	}
	log_ring[log_written++ % LOG_BYTES] = c;
	if (piece->nr + 2 > PIECE_BYTES)
		flush_piece(piece);
	if (c == '\n')
		piece->text[piece->nr++] = '\r';
	piece->text[piece->nr++] = c;
}

/* The oldest byte that is left. console_lock held. */
static u64 log_oldest(void)
{
	return log_written > LOG_BYTES ? log_written - LOG_BYTES : 0;
}

static void put_time(struct piece *piece)
{
	u64 us = ktime_get() / NSEC_PER_USEC;
	char text[32];
	int n = snprintf(text, sizeof(text), "[%5lu.%06lu] ", us / 1000000, us % 1000000);

	for (int i = 0; i < n; i++)
		put_char(piece, text[i]);
}

static void put_text(void *ctx, const char *s, size_t n)
{
	struct piece *piece = ctx;

	for (size_t i = 0; i < n; i++) {
		if (at_line_start)
			put_time(piece);
		put_char(piece, s[i]);
		at_line_start = s[i] == '\n';
	}
}

static void console_lock_irqsave(unsigned long *flags)
{
	*flags = local_irq_save();
	if (!READ_ONCE(lock_broken))
		spin_lock(&console_lock);
}

static void console_unlock_irqrestore(unsigned long flags)
{
	if (!READ_ONCE(lock_broken))
		spin_unlock(&console_lock);
	local_irq_restore(flags);
}

/* A panic is always shown. */
static int vprintk_at(unsigned int level, const char *fmt, va_list ap)
{
	struct piece piece = {
		.hidden = level >= READ_ONCE(shown_below) && !READ_ONCE(lock_broken),
	};
	unsigned long flags;
	int n;

	console_lock_irqsave(&flags);
	n = vprintf_sink(put_text, &piece, fmt, ap);
	flush_piece(&piece);
	console_unlock_irqrestore(flags);
	return n;
}

int vprintk(const char *fmt, va_list ap)
{
	return vprintk_at(LEVEL_INFO, fmt, ap);
}

int printk(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintk(fmt, ap);
	va_end(ap);
	return n;
}

int printk_at(unsigned int level, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintk_at(level, fmt, ap);
	va_end(ap);
	return n;
}

unsigned int console_level(void)
{
	return READ_ONCE(shown_below);
}

void set_console_level(unsigned int level)
{
	WRITE_ONCE(shown_below, min(max(level, CONSOLE_LEVEL_MIN), CONSOLE_LEVEL_MAX));
}

int parse_console_level(const char *text)
{
	unsigned int level = 0;

	if (!isdigit(*text))
		return -EINVAL;
	for (; isdigit(*text); text++)
		level = min(level * 10 + (*text - '0'), CONSOLE_LEVEL_MAX);
	set_console_level(level);
	return 0;
}

void console_write(const char *s, size_t bytes)
{
	unsigned long flags;

	console_lock_irqsave(&flags);
	write_out(s, bytes);
	console_unlock_irqrestore(flags);
}

void console_add_screen(void (*write)(const char *s, size_t bytes))
{
	unsigned long flags;

	console_lock_irqsave(&flags);
	for (u64 at = log_oldest(); at < log_written; at++) {
		const char *c = &log_ring[at % LOG_BYTES];

		if (*c == '\n')
			write("\r", 1);
		write(c, 1);
	}
	screen_write = write;
	console_unlock_irqrestore(flags);
}

void printk_break_lock(void)
{
	WRITE_ONCE(lock_broken, true);
	if (!at_line_start)
		printk("\n");
}

/* @cursor stands before the oldest whole line. console_lock held. */
static void cursor_to_oldest(struct log_cursor *cursor)
{
	*cursor = (struct log_cursor){ .position = log_oldest(), .line = lines_lost };
	if (lost_at_end)
		return;
	while (cursor->position < log_written &&
	       log_ring[cursor->position++ % LOG_BYTES] != '\n')
		;
	cursor->line++;
}

void log_rewind(struct log_cursor *cursor)
{
	unsigned long flags;

	console_lock_irqsave(&flags);
	cursor_to_oldest(cursor);
	console_unlock_irqrestore(flags);
}

int log_next_line(struct log_cursor *cursor, char *buf, size_t size)
{
	unsigned long flags;
	size_t n = 0;
	u64 at;
	int ret = 0;

	console_lock_irqsave(&flags);
	if (cursor->position < log_oldest()) {
		cursor_to_oldest(cursor);
		ret = -EPIPE;
		goto unlock;
	}
	for (at = cursor->position; at < log_written; at++) {
		char c = log_ring[at % LOG_BYTES];

		if (c == '\n') {
			cursor->position = at + 1;
			cursor->line++;
			ret = n;
			break;
		}
		if (n + 1 < size)
			buf[n++] = c;
	}
	buf[n] = '\0';
unlock:
	console_unlock_irqrestore(flags);
	return ret;
}
