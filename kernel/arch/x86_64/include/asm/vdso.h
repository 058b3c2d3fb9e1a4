/* vdso.h - the page that the kernel's code in every process (kernel/vdso) reads, and how both get
 * there. The code is not compiled into the kernel: nothing here may need the kernel. */
#ifndef ASM_VDSO_H
#define ASM_VDSO_H

#include <lib/types.h>

struct special_mapping;

/* A clock is (TSC - boot_tsc) * ns_per_tick / 2^32, and that of the day wall_offset more. All but
 * wall_offset is constant, and that is one word, so a reader needs no lock and never waits. */
struct vdso_data {
	u64	boot_tsc;
	u64	ns_per_tick;	/* 0: the processors' TSCs differ; ask the kernel */
	u64	wall_offset;	/* [atomic] */
	u64	rdtscp;		/* not 0: RDTSCP tells the processor's number */
};

/* Once, when all processors have started: make the frames. Panics without memory. */
void vdso_init(void);
/* What exec maps; it begins with the ELF header. */
extern const struct special_mapping vdso_mapping;

/* timer.c: fill @data's clock; it is where the time of day is kept from then on. */
void timekeeping_export(struct vdso_data *data);

#endif
