/* fail.h - allocations that fail when a test says so. Counted are calls of alloc_pages,
 * get_free_page, kmem_cache_alloc, kmalloc and vmalloc between files of the kernel. */
#ifndef SHIM_FAIL_H
#define SHIM_FAIL_H

#include <lib/types.h>

/* The @nth allocation from now fails (1: the next one), and with @all those after it too. 0:
 * none. */
void fail_nth(unsigned long nth, bool all);
/* No more failures. True if there was one since fail_nth(). */
bool fail_stop(void);
/* All GFP_NOWAIT allocations of frames fail, as when memory is at its reserve. */
extern bool fail_nowait_frames;

#endif
