/* assert.h - what only our own mistake can break. ASSERT is on in every build; DEBUG_ASSERT is for
 * checks on hot paths. Neither may be used for what a user, a disk or a full machine can cause. */
#ifndef DEBUG_ASSERT_H
#define DEBUG_ASSERT_H

#include <lib/types.h>

/* Print the reason, registers, a backtrace, stop all processors. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
void assert_failed(const char *expr, const char *file, int line) __noreturn;
void warn_once(const char *expr, const char *file, int line);

#define ASSERT(cond) \
	(likely(cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__))
#define DEBUG_ASSERT(cond) \
	(CONFIG_DEBUG && !(cond) ? assert_failed(#cond, __FILE__, __LINE__) : (void)0)
/* Report the first time only, and go on. Evaluates to the condition. */
#define WARN_ONCE(cond) ({ \
	static bool __warned; \
	bool __c = (cond); \
	if (unlikely(__c) && !__warned) { \
		__warned = true; \
		warn_once(#cond, __FILE__, __LINE__); \
	} \
	__c; })

#endif
