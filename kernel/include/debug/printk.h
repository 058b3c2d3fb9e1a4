/* printk.h - messages for the log and the console. */
#ifndef DEBUG_PRINTK_H
#define DEBUG_PRINTK_H

#include <stdarg.h>

#include <lib/types.h>

/* How urgent a message is: 0 most. The console shows those below its own level, the log all. */
#define LEVEL_EMERG	0
#define LEVEL_ERR	3
#define LEVEL_WARN	4
#define LEVEL_INFO	6	/* what printk has */

/* Print one message; works from any context, under any lock. A line starts with `[seconds]`. */
int printk(const char *fmt, ...) __printf(1, 2);
int vprintk(const char *fmt, va_list ap) __printf(1, 0);
int printk_at(unsigned int level, const char *fmt, ...) __printf(2, 3);
#define pr_info(fmt, ...)	printk(fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk_at(LEVEL_WARN, "warning: " fmt, ##__VA_ARGS__)

#define CONSOLE_LEVEL_DEFAULT	7u
#define CONSOLE_LEVEL_QUIET	4u
#define CONSOLE_LEVEL_MIN	1u
#define CONSOLE_LEVEL_MAX	8u

unsigned int console_level(void);
void set_console_level(unsigned int level);	/* what is out of bounds goes to the bound */
int parse_console_level(const char *text);	/* as a number begins it; -EINVAL: none does */

/* Send bytes to the console as they are, not mixed with messages of other processors. Any
 * context. */
void console_write(const char *s, size_t bytes);
/* @write gets what the log holds and whatever is printed from now on, as the serial port does. It
 * is called with the console's lock, in any context. */
void console_add_screen(void (*write)(const char *s, size_t bytes));
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
