/* random.h - unpredictable bytes. */
#ifndef PROC_RANDOM_H
#define PROC_RANDOM_H

#include <lib/types.h>

/* Any context. */
void get_random_bytes(void *buf, size_t bytes);

#endif
