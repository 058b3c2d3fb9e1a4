/* page_idle.h - pages that nobody has used for a while. page_idle.c says how it is known. */
#ifndef MM_PAGE_IDLE_H
#define MM_PAGE_IDLE_H

#include <lib/types.h>

/* @pfn may be any number; only folios on an LRU list are ever idle. Both sleep on the locks of the
 * reverse map. */
/* From now on the page is idle, until it is used. Nothing happens if it is locked: then somebody
 * is at work on it. */
void page_idle_mark(unsigned long pfn);
/* Was it marked, and not used since? */
bool page_idle_test(unsigned long pfn);

#endif
