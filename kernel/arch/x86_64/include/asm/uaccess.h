/* uaccess.h - the only way to user memory. A bad address makes the copy stop short, through the
 * fixup table; it never faults the kernel. May sleep (the page may have to be brought in), so no
 * spinning lock may be held, and neither mmap_lock. */
#ifndef ASM_UACCESS_H
#define ASM_UACCESS_H

#include <lib/types.h>
#include <asm/page.h>
#include <uapi/errno.h>

/* The range lies in user space and does not wrap. */
static inline bool access_ok(const void *addr, size_t bytes)
{
	return bytes <= TASK_SIZE && (unsigned long)addr <= TASK_SIZE - bytes;
}

/* Both return how many bytes at the end were NOT copied: 0 is success. They check access_ok. */
size_t copy_from_user(void *to, const void *from, size_t bytes);
size_t copy_to_user(void *to, const void *from, size_t bytes);
/* Zero user memory; returns the bytes not cleared. */
size_t clear_user(void *to, size_t bytes);
/* Copy a string with its NUL, at most @size bytes. Returns its length without the NUL, @size if no
 * NUL came in @size bytes (then @to is not terminated), or -EFAULT. */
ssize_t strncpy_from_user(char *to, const char *from, size_t size);

/* One value of 1, 2, 4 or 8 bytes: 0 or -EFAULT. uaccess.asm; called through the macros below. */
int get_user_1(void *to, const void *from);
int get_user_2(void *to, const void *from);
int get_user_4(void *to, const void *from);
int get_user_8(void *to, const void *from);
int put_user_1(unsigned long value, void *to);
int put_user_2(unsigned long value, void *to);
int put_user_4(unsigned long value, void *to);
int put_user_8(unsigned long value, void *to);

/* One object of @var's type, of any size: 0 or -EFAULT, and then @var is unchanged or partly
 * written. */
#define get_user(var, ptr) ({ \
	const __typeof__(*(ptr)) *__gu = (ptr); \
	BUILD_ASSERT(sizeof(var) == sizeof(*(ptr))); \
	sizeof(var) == 8 ? get_user_8(&(var), __gu) : \
	sizeof(var) == 4 ? get_user_4(&(var), __gu) : \
	sizeof(var) == 2 ? get_user_2(&(var), __gu) : \
	sizeof(var) == 1 ? get_user_1(&(var), __gu) : \
	copy_from_user(&(var), __gu, sizeof(var)) ? -EFAULT : 0; })

/* The value's bits as a number, for put_user; objects of other sizes never come here. */
#define __put_user_bits(obj) ({ \
	unsigned long __bits = 0; \
	__builtin_memcpy(&__bits, &(obj), sizeof(obj) <= 8 ? sizeof(obj) : 8); \
	__bits; })

#define put_user(val, ptr) ({ \
	__typeof__(*(ptr)) *__pp = (ptr); \
	__typeof__(*(ptr)) __pu = (val); \
	sizeof(__pu) == 8 ? put_user_8(__put_user_bits(__pu), __pp) : \
	sizeof(__pu) == 4 ? put_user_4(__put_user_bits(__pu), __pp) : \
	sizeof(__pu) == 2 ? put_user_2(__put_user_bits(__pu), __pp) : \
	sizeof(__pu) == 1 ? put_user_1(__put_user_bits(__pu), __pp) : \
	copy_to_user(__pp, &__pu, sizeof(__pu)) ? -EFAULT : 0; })

/* Atomic 32-bit access for futexes: 0 or -EFAULT; on success *old is the value found, and the store
 * was done if it equalled @expected. May fault pages in. */
int cmpxchg_user_u32(u32 *addr, u32 *old, u32 expected, u32 new);

#endif
