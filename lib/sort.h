/* sort.h - sorting an array in place, without memory and never slower than n log n. */
#ifndef LIB_SORT_H
#define LIB_SORT_H

#include <lib/types.h>

/* Sort @n elements of @size bytes; @cmp returns <0, 0 or >0. Equal ones come in any order. */
void sort(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b));

#endif
