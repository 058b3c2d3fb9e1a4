/* err.h - an error number carried in a pointer.
 * Holds:  the top 4095 addresses belong to nobody, so -1 .. -4095 cannot be real pointers. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <lib/types.h>

#define MAX_ERRNO	4095

/* The errors that lib/ itself returns, negated. The values are Linux's, as in uapi/errno.h, which
 * lib/ does not include because it also serves programs that have an <errno.h> of their own. */
enum {
	LIB_E2BIG	= 7,
	LIB_ENOMEM	= 12,
	LIB_EEXIST	= 17,
	LIB_EINVAL	= 22,
	LIB_ERANGE	= 34,
};

/* @err is a negative errno. */
static inline void *ERR_PTR(long err)
{
	return (void *)err;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return unlikely((unsigned long)ptr >= (unsigned long)-MAX_ERRNO);
}

/* An unsigned result that is a negative errno instead of an address. */
static inline bool IS_ERR_VALUE(unsigned long value)
{
	return unlikely(value >= (unsigned long)-MAX_ERRNO);
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return unlikely(!ptr) || IS_ERR(ptr);
}

#endif
