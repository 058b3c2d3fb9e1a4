/* printk.h - messages for the log and the console. */
#ifndef DEBUG_PRINTK_H
#define DEBUG_PRINTK_H

#include <stdarg.h>

#include <lib/types.h>

/* Print one message; works from any context, under any lock. A line starts with `[seconds]`. */
int printk(const char *fmt, ...) __printf(1, 2);
int vprintk(const char *fmt, va_list ap) __printf(1, 0);
#define pr_info(fmt, ...)	printk(fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk("warning: " fmt, ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk("error: " fmt, ##__VA_ARGS__)

/* Send bytes to the console as they are, not mixed with messages of other processors. Any
 * context. */
void console_write(const char *s, size_t bytes);
/* For panic: from now on nobody waits for the console, and a new line begins. */
void printk_break_lock(void);
/* The log as lines, each with its time in front; a place in it, and how many lines came before. */
struct log_cursor {
	u64	position, line;
};

#define LOG_BYTES	16384	/* what is kept; a power of two */
#define LOG_LINE_BYTES	1024	/* longer lines are cut */

void log_rewind(struct log_cursor *cursor);	/* to the oldest line that is left */
/* The next line, NUL-terminated and without its newline. Its length; 0: there is none yet; -EPIPE:
 * it is lost, and the cursor stands before the oldest one. */
int log_next_line(struct log_cursor *cursor, char *buf, size_t size);

#endif
