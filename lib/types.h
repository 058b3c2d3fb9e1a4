/* types.h - the words every other file is written in: sizes, bounds, attributes.
 * Holds:  the names agree with the ABI's own, so this header also compiles in a hosted program
 *         next to <stdint.h>, <stdlib.h> or <sys/types.h>.
 * Read:   list.h for what container_of is good for. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>		/* these two are the compiler's, present without a libc */
#include <stddef.h>

typedef unsigned char	u8;
typedef unsigned short	u16;
typedef unsigned int	u32;
typedef unsigned long	u64;
typedef signed char	s8;
typedef signed short	s16;
typedef signed int	s32;
typedef signed long	s64;

typedef long		ssize_t;
typedef unsigned long	uintptr_t;

#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __noreturn	__attribute__((noreturn))
#define __printf(a, b)	__attribute__((format(printf, a, b)))

#ifndef __inline_always		/* a host program may have libc's */
#define __inline_always inline __attribute__((always_inline))
#endif
/* Out of line, so that who calls it once in a while need not save registers for it each time. */
#define __noinline __attribute__((noinline))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define BUILD_ASSERT(cond)	_Static_assert(cond, #cond)

#define BIT(n)			(1UL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

/* @a is a power of two. The result has @x's type or @a's, whichever is wider. */
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__((x) + (a)))(a) - 1))
#define ALIGN_UP(x, a)		ALIGN_DOWN((x) + ((__typeof__((x) + (a)))(a) - 1), a)
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__((x) + (a)))(a) - 1)) == 0)

/* The structure of @type whose @member @ptr points to. */
#define container_of(ptr, type, member) ({				\
	const __typeof__(((type *)0)->member) *member_ = (ptr);		\
	(type *)((uintptr_t)member_ - offsetof(type, member)); })

/* Each argument is evaluated once. */
#define min(a, b) ({							\
	__auto_type min_a_ = (a);					\
	__auto_type min_b_ = (b);					\
	min_a_ < min_b_ ? min_a_ : min_b_; })
#define max(a, b) ({							\
	__auto_type max_a_ = (a);					\
	__auto_type max_b_ = (b);					\
	max_a_ > max_b_ ? max_a_ : max_b_; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define clamp(x, lo, hi)	min(max(x, lo), hi)

/* The compiler neither keeps memory in registers nor moves an access across this. */
#define barrier()		__asm__ __volatile__("" ::: "memory")

/* One access, of the object's own size, that the compiler may not repeat, split or invent. */
#ifndef READ_ONCE
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#endif

BUILD_ASSERT(sizeof(u64) == 8 && sizeof(void *) == 8);

#endif
