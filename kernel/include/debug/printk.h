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
/* Copy from the log: up to @bytes from byte *@position of all ever printed, or from the oldest that
 * is left if that is gone. Advances *@position; returns the bytes copied, 0 at the end. */
size_t log_read(u64 *position, char *buf, size_t bytes);

#endif
