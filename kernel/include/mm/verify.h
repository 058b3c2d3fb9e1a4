/* verify.h - walks all of memory and proves that it fits together. verify.c says what is proved. */
#ifndef MM_VERIFY_H
#define MM_VERIFY_H

#include <lib/types.h>

struct verify_report {
	unsigned int	differences;
	/* differences that a task in the middle of something explains */
	unsigned int	surplus;
	size_t		used;
	/* a line for each of the first differences, each with newline */
	char		text[2048];
	/* What was walked. */
	unsigned long	mms, busy_mms, areas, chains, anon_vmas, entries, swap_entries, folios,
			files, slots, frames, free_frames;
	u64		ns;		/* for which everything stood still */
};

/* Verify everything. All other processors stand still meanwhile. Sleeps, takes RANK_VERIFY.
 * 0: see @report (whatever is held for good in excess of what is known is a difference);
 * -ENOMEM: not done. */
int verify_memory(struct verify_report *report);

/* A process has ended: verify if the last time was long enough ago, and panic at a difference.
 * Debug builds only; no lock of RANK_VERIFY or above held. */
void verify_at_exit(void);

/* Debug builds, for tests of the verifier: damage one structure as @kind says, verify into @report,
 * repair. 0, -EINVAL (no such kind), -ENOENT (nothing of that kind is there to be damaged) or
 * -ENOMEM. */
int verify_planted(const char *kind, struct verify_report *report);
/* The nth kind; NULL past the last. */
const char *verify_plant_name(unsigned int nth);

/* For what is verified in the file that owns it: note a difference. */
void verify_fail(const char *fmt, ...) __printf(1, 2);

#endif
