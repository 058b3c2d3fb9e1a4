/* cpuinfo.h - a processor in words, for /proc/cpuinfo. */
#ifndef ASM_CPUINFO_H
#define ASM_CPUINFO_H

#include <lib/types.h>

/* Lines of `name : value` about processor @cpu into @buf. All are taken to be like the running one.
 * Returns the length, always less than @size. */
int cpuinfo_describe(unsigned int cpu, char *buf, size_t size);

#endif
