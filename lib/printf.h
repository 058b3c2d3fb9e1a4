/* printf.h - formatted output into a buffer or a function.
 * Holds:  %d %i %u %x %X %o %c %s %p %% with the flags - + space # 0, width, precision, *, and
 *         hh h l ll z t j mean what they do in C99. %p is 0x and the address in hex. There is no
 *         floating point and no %n; an unknown conversion comes out as it was written.
 * Read:   printf.c. */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

#include <lib/types.h>

/* Called with successive pieces, @n > 0 bytes each, not NUL-terminated. */
typedef void (*printf_sink_fn)(void *ctx, const char *s, size_t n);

/* Returns the number of bytes that went to @put. */
int vprintf_sink(printf_sink_fn put, void *ctx, const char *fmt, va_list ap) __printf(3, 0);

/* Write at most @size bytes, a NUL included if @size is not 0. Return the length that the whole
 * text has, so that a result >= @size means it was cut. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* The same, but return the length that is in the buffer: what a run of appends wants. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* One number without the ways of a format, for texts that are made of many: in decimal, or in hex
 * with at least @width digits, which are up to 16. Both return where the text goes on; there is no
 * NUL. */
#define FORMAT_MAX	20	/* bytes that the longest one needs */
char *format_dec(char *p, u64 value);
char *format_hex(char *p, u64 value, unsigned int width);

#endif
