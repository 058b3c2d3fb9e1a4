/* entropy.h - what the processor knows that nobody can guess. */
#ifndef ASM_ENTROPY_H
#define ASM_ENTROPY_H

#include <asm/processor.h>

/* A word from RDRAND, or from the cycle counter where there is none. */
static inline u64 hardware_random(void)
{
	unsigned int tries;
	u64 word;
	bool ok;

	if (cpuid(1, 0).ecx & BIT(30)) {
		for (tries = 0; tries < 10; tries++) {
			asm volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(ok) : : "cc");
			if (ok)
				return word;
		}
	}
	return rdtsc();
}

#endif
