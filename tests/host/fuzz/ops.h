/* ops.h - bytes to operations on the processes of model.h. */
#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

#include <lib/types.h>

/* One run: start from a single empty process, do what the bytes say, compare all that can be read,
 * end everything, and see that nothing is left. Panics where kernel and model differ. */
void run_bytes(const u8 *bytes, size_t nr);
/* The operations of the run that is under way, a line each. */
void print_operations(void);

extern bool trace;			/* print each operation as it begins */
extern unsigned int check_every; /* check_all() after so many operations; 0: the input says it */

#endif
