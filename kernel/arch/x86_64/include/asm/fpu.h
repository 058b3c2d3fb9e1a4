/* fpu.h - x87, SSE and AVX registers. The kernel uses none of them, so a thread's values stay in
 * the processor from one switch to the next, and are saved and loaded by every switch. */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <lib/types.h>

struct task_struct;
struct fpu_state;

void fpu_init_cpu(void);	/* each processor: control registers, XCR0 */
void fpu_init(void);		/* once, after mm_init() and fpu_init_cpu(): the slab cache */

/* An area in the initial state, or NULL. Sleeps. */
struct fpu_state *fpu_alloc(void);
void fpu_free(struct fpu_state *fpu);

void fpu_save(struct fpu_state *fpu);		/* for a switch: may leave out what is unused */
void fpu_load(struct fpu_state *fpu);
void fpu_copy_current(struct fpu_state *to);	/* the running thread's registers into @to */
void fpu_reset_current(void);			/* the running thread, to the initial state */

/* The image in a signal frame: Linux's layout, XSAVE or FXSAVE with fpx_sw_bytes. 64-byte
 * aligned. */
size_t fpu_frame_size(void);
int fpu_save_user(void *buf);			/* 0 or -EFAULT */
/* 0, -EFAULT, -EINVAL (a damaged image), -ENOMEM; then the registers are unchanged. @buf NULL:
 * reset. */
int fpu_restore_user(const void *buf);

#endif
