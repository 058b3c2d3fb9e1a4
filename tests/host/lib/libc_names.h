/* libc_names.h - lets lib/string.c and lib/printf.c live in one program with a libc: what both
 * have becomes lib_*. Compiled into those two files and included by their tests; the tests reach
 * libc's own as libc_*. See lib/string.c. */
#ifndef TESTS_LIBC_NAMES_H
#define TESTS_LIBC_NAMES_H

#define memcpy		lib_memcpy
#define memmove		lib_memmove
#define memset		lib_memset
#define memcmp		lib_memcmp
#define memchr		lib_memchr
#define strlen		lib_strlen
#define strnlen		lib_strnlen
#define strcmp		lib_strcmp
#define strncmp		lib_strncmp
#define strchr		lib_strchr
#define strrchr		lib_strrchr
#define strstr		lib_strstr
#define strsep		lib_strsep
#define strlcpy		lib_strlcpy
#define vsnprintf	lib_vsnprintf
#define snprintf	lib_snprintf

/* Declare libc_@name, of the type of lib's own function. */
#define DECLARE_LIBC(name)	extern __typeof__(lib_##name) libc_##name __asm__(#name)

#endif
