/* fpu.c - x87, SSE and AVX registers: saved and loaded by XSAVE, or by FXSAVE on processors without
 * it.
 * Holds:  an area has the standard (not compacted) XSAVE format for the components in xfeatures.
 *         XSAVEOPT is used for switches only; images for users are made by XSAVE, which leaves out
 *         nothing.
 * Locks:  none; an area belongs to its thread, and is touched with the thread running or not yet
 *         started. Where a switch must not come between, interrupts are off.
 * Read:   thread.c for switches; signal_frame.c for the user's image. */
#include <asm/fpu.h>

#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/processor.h>
#include <asm/uaccess.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <proc/task.h>

#define XFEATURE_X87	BIT(0)
#define XFEATURE_SSE	BIT(1)
#define XFEATURE_AVX	BIT(2)
#define XFEATURE_AVX512	(BIT(5) | BIT(6) | BIT(7))
#define FXSAVE_BYTES	512
#define XSAVE_HEADER_BYTES 64

#define INITIAL_FCW	0x37f
#define INITIAL_MXCSR	0x1f80

/* The words that tell a user, and us on return, what a signal frame's image holds. */
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u

struct fpx_sw_bytes {
	u32	magic1;
	u32	extended_size;	/* whole image, magic2 included */
	u64	xfeatures;
	u32	xstate_size;	/* without magic2 */
	u32	padding[7];
};

struct fpu_state {
	u16			fcw, fsw;
	u8			ftw, reserved1;
	u16			fop;
	u64			fip, fdp;
	u32			mxcsr, mxcsr_mask;
	u8			registers[432];		/* x87 and XMM */
	struct fpx_sw_bytes	sw;			/* unused by the processor */
	u64			xstate_bv, xcomp_bv;	/* XSAVE header */
	u64			header_reserved[6];
	u8			extended[];
} __aligned(64);

BUILD_ASSERT(offsetof(struct fpu_state, sw) == 464);
BUILD_ASSERT(offsetof(struct fpu_state, xstate_bv) == FXSAVE_BYTES);

static u64 xfeatures;		/* components that we keep; 0: FXSAVE */
static size_t state_bytes;	/* of an area */
static u32 mxcsr_mask;		/* bits that may be set without a fault */
static struct kmem_cache *fpu_cache;

/* uaccess.asm: false if the processor refuses the image. */
bool fpu_xrstor_safe(const struct fpu_state *fpu, u32 mask_low, u32 mask_high);
bool fpu_fxrstor_safe(const struct fpu_state *fpu);

static u64 wanted_features(void)
{
	u64 there = cpuid(0xd, 0).eax, wanted = XFEATURE_X87 | XFEATURE_SSE;

	wanted |= there & XFEATURE_AVX;
	if (wanted & XFEATURE_AVX && (there & XFEATURE_AVX512) == XFEATURE_AVX512)
		wanted |= XFEATURE_AVX512;
	return wanted;
}

void fpu_init_cpu(void)
{
	asm volatile("fninit");
	if (!cpu_features.xsave) {
		state_bytes = FXSAVE_BYTES + XSAVE_HEADER_BYTES;
		return;
	}
	xfeatures = wanted_features();
	asm volatile("xsetbv" : : "c"(0), "a"((u32)xfeatures), "d"((u32)(xfeatures >> 32)));
	state_bytes = cpuid(0xd, 0).ebx;	/* for what XCR0 now enables */
}

static void save_all(struct fpu_state *fpu)
{
	if (xfeatures)
		asm volatile("xsave64 %0" : "+m"(*fpu)
			     : "a"((u32)xfeatures), "d"((u32)(xfeatures >> 32)) : "memory");
	else
		asm volatile("fxsave64 %0" : "=m"(*fpu) : : "memory");
}

void fpu_save(struct fpu_state *fpu)
{
	if (cpu_features.xsaveopt)
		asm volatile("xsaveopt64 %0" : "+m"(*fpu)
			     : "a"((u32)xfeatures), "d"((u32)(xfeatures >> 32)) : "memory");
	else
		save_all(fpu);
}

void fpu_load(struct fpu_state *fpu)
{
	if (xfeatures)
		asm volatile("xrstor64 %0" : : "m"(*fpu), "a"((u32)xfeatures),
			     "d"((u32)(xfeatures >> 32)) : "memory");
	else
		asm volatile("fxrstor64 %0" : : "m"(*fpu) : "memory");
}

static void set_initial(struct fpu_state *fpu)
{
	memset(fpu, 0, state_bytes);
	fpu->fcw = INITIAL_FCW;
	fpu->mxcsr = INITIAL_MXCSR;
}

void fpu_init(void)
{
	struct fpu_state *probe;

	fpu_cache = kmem_cache_create("fpu_state", state_bytes, 64);
	probe = fpu_alloc();
	if (!probe)
		panic("no memory for the FPU area");
	asm volatile("fxsave64 %0" : "=m"(*probe) : : "memory");
	mxcsr_mask = probe->mxcsr_mask ?: 0xffbf;	/* 0 means this, says the manual */
	fpu_free(probe);
}

struct fpu_state *fpu_alloc(void)
{
	struct fpu_state *fpu = kmem_cache_alloc(fpu_cache, GFP_KERNEL);

	if (fpu)
		set_initial(fpu);
	return fpu;
}

void fpu_free(struct fpu_state *fpu)
{
	if (fpu)
		kmem_cache_free(fpu_cache, fpu);
}

void fpu_copy_current(struct fpu_state *to)
{
	unsigned long flags;

	if (!current->thread.fpu)
		return;		/* a kernel thread: the new thread starts from the initial state */
	flags = local_irq_save();
	save_all(current->thread.fpu);
	memcpy(to, current->thread.fpu, state_bytes);
	local_irq_restore(flags);
}

void fpu_reset_current(void)
{
	unsigned long flags = local_irq_save();

	set_initial(current->thread.fpu);
	fpu_load(current->thread.fpu);
	local_irq_restore(flags);
}

size_t fpu_frame_size(void)
{
	return xfeatures ? state_bytes + sizeof(u32) : FXSAVE_BYTES;
}

int fpu_save_user(void *buf)
{
	struct fpu_state *fpu = current->thread.fpu;
	static const u32 magic2 = FP_XSTATE_MAGIC2;
	struct fpx_sw_bytes sw = { 0 };

	save_all(fpu);
	if (!xfeatures)
		return copy_to_user(buf, fpu, FXSAVE_BYTES) ? -EFAULT : 0;
	sw.magic1 = FP_XSTATE_MAGIC1;
	sw.extended_size = state_bytes + sizeof(magic2);
	sw.xfeatures = xfeatures;
	sw.xstate_size = state_bytes;
	fpu->sw = sw;
	/* If the copy sleeps, a switch saves the same values to the same place. */
	if (copy_to_user(buf, fpu, state_bytes) ||
	    copy_to_user((char *)buf + state_bytes, &magic2, sizeof(magic2)))
		return -EFAULT;
	return 0;
}

/* What in @image would make the processor refuse it, or is no business of a user's. */
static int check_image(struct fpu_state *image, const void *buf)
{
	u32 magic2;

	if (image->mxcsr & ~mxcsr_mask)
		return -EINVAL;
	if (!xfeatures)
		return 0;
	/* An image without the magic is a plain FXSAVE one: the rest goes to its initial state. */
	if (image->sw.magic1 != FP_XSTATE_MAGIC1 || image->sw.xstate_size != state_bytes ||
	    image->sw.extended_size != state_bytes + sizeof(magic2) ||
	    copy_from_user(&magic2, (const char *)buf + state_bytes, sizeof(magic2)) ||
	    magic2 != FP_XSTATE_MAGIC2) {
		memset(&image->xstate_bv, 0, state_bytes - FXSAVE_BYTES);
		image->xstate_bv = XFEATURE_X87 | XFEATURE_SSE;
		return 0;
	}
	if (image->xstate_bv & ~xfeatures || image->xcomp_bv ||
	    memchr_inv(image->header_reserved, 0, sizeof(image->header_reserved)))
		return -EINVAL;
	return 0;
}

static bool load_checked(struct fpu_state *fpu)
{
	if (xfeatures)
		return fpu_xrstor_safe(fpu, xfeatures, xfeatures >> 32);
	return fpu_fxrstor_safe(fpu);
}

int fpu_restore_user(const void *buf)
{
	struct fpu_state *image;
	unsigned long flags;
	int err;

	if (!buf) {
		fpu_reset_current();
		return 0;
	}
	image = fpu_alloc();
	if (!image)
		return -ENOMEM;
	err = -EFAULT;
	if (copy_from_user(image, buf, FXSAVE_BYTES))
		goto free_image;
	/* The extended part may be missing: it counts only if the magic says that it is there. */
	if (xfeatures && image->sw.magic1 == FP_XSTATE_MAGIC1 &&
	    copy_from_user(&image->xstate_bv, (const char *)buf + FXSAVE_BYTES,
			   state_bytes - FXSAVE_BYTES))
		goto free_image;
	err = check_image(image, buf);
	if (err)
		goto free_image;

	/* Into the thread's own area, from which XSAVEOPT expects the registers to have come. */
	flags = local_irq_save();
	memcpy(current->thread.fpu, image, state_bytes);
	if (!load_checked(current->thread.fpu)) {
		set_initial(current->thread.fpu);
		fpu_load(current->thread.fpu);
		err = -EINVAL;
	}
	local_irq_restore(flags);
free_image:
	fpu_free(image);
	return err;
}
