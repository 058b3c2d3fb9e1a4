/* string.h - memory and strings. What has a C library's name behaves as it does there.
 * Read:   string.c, which also says how host programs live with two functions of one name. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <lib/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);

/* The first of @n bytes that is not @c; NULL if all are. */
void *memchr_inv(const void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
char *strsep(char **s, const char *delims);

/* Copy as much of @src as fits @size bytes, NUL included. @size is not zero. strlcpy returns
 * strlen(@src), however long; strscpy the length copied, or -E2BIG if @src was cut. */
size_t strlcpy(char *dst, const char *src, size_t size);
ssize_t strscpy(char *dst, const char *src, size_t size);

/* Past the blanks at @s. */
char *skip_spaces(const char *s);

/* The whole of @s as a number to @base: 2 to 36, or 0 to go by a leading 0x or 0 as C does; 16
 * allows a 0x too. No sign, no blanks; one newline may end it.
 * Returns: 0; -EINVAL; -ERANGE if it exceeds 64 bits. *@out is written only on success. */
int parse_ulong(const char *s, unsigned int base, unsigned long *out);

/* The same for a size in bytes, which K, M, G or T may end, small or large. */
int parse_bytes(const char *s, unsigned long *out);

#endif
